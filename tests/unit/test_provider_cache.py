"""What providers found is kept for as long as it holds: by its key, and for its time."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from pip_variants.providers import cache, nvml
from pip_variants.providers.nvml import DriverFacts
from pip_variants.providers.runner import ProviderRunner
from tests.support.owners import GiveAway, give_away
from tests.support.waiting import within

__all__ = ["give_away"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the key is that of Linux")

GPU = DriverFacts((12, 9), ((8, 9), (7, 5)))


class Driver:
    """A driver that counts its queries; ``facts`` is what it reports."""

    def __init__(self) -> None:
        self.facts = GPU
        self.queries = 0

    def query(self) -> DriverFacts:
        """Return the facts."""
        self.queries += 1
        return self.facts


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    """Return a fake driver in place of that of this machine."""
    found = Driver()
    monkeypatch.setattr(nvml, "query", found.query)
    return found


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a root folder with the files of the key, in place of the real ones."""
    root = tmp_path / "machine"

    def moved(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(f"{root}{name}" for name in names)

    for attribute in ("_READ", "_STATED", "_FOLDERS"):
        monkeypatch.setattr(cache, attribute, moved(getattr(cache, attribute)))
    real = nvml._dependencies()
    depends = replace(
        real,
        read=moved(real.read),
        stated=moved(real.stated),
        devices=tuple((f"{root}{name}", pattern) for name, pattern in real.devices),
        folders=moved(real.folders),
    )
    monkeypatch.setattr(
        nvml, "_dependencies", lambda: replace(depends, code=(nvml._PROBE, *depends.code))
    )
    for name in (*cache._READ, *depends.read):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("1\n")
    for name, _ in depends.devices:
        Path(name).mkdir(parents=True, exist_ok=True)
    for name in depends.libraries:
        library = Path(cache._FOLDERS[0], name)
        library.parent.mkdir(parents=True, exist_ok=True)
        library.touch()
    (root / "dev/nvidia0").touch()
    return root


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a cache folder that does not exist yet."""
    return tmp_path / "cache" / "variants"


def _file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_second_query_is_served_from_the_cache(driver: Driver, folder: Path) -> None:
    """The driver is queried once, and the folder has one file."""
    assert [nvml.driver_facts(folder).facts for _ in range(3)] == [GPU] * 3
    assert driver.queries == 1
    assert [file.name[:5] for file in folder.iterdir()] == ["nvml-"]


def test_without_a_folder_nothing_is_cached(driver: Driver) -> None:
    """Without a folder the driver is queried each time."""
    assert [nvml.driver_facts(None).facts for _ in range(2)] == [GPU] * 2
    assert driver.queries == 2


def test_cached_result_starts_no_process(
    monkeypatch: pytest.MonkeyPatch, driver: Driver, folder: Path
) -> None:
    """A cached result needs no process and hardly any time."""
    nvml.driver_facts(folder)

    def popen(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setattr(os, "fork", popen)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        assert nvml.driver_facts(folder).facts == GPU
        times.append(time.perf_counter() - start)
    assert driver.queries == 1
    assert statistics.median(times) < 0.02


def _write(name: str) -> Callable[[pytest.MonkeyPatch, Path], None]:
    def change(_: pytest.MonkeyPatch, root: Path) -> None:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("2\n")

    return change


def _patch(owner: object, name: str, value: object) -> Callable[[pytest.MonkeyPatch, Path], None]:
    def change(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
        monkeypatch.setattr(owner, name, value)

    return change


def _closed(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    """Let the control group forbid a device, whose file stays as it was."""
    device = root / "dev/nvidia0"
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != device and real(path, mode))


def _environ(name: str) -> Callable[[pytest.MonkeyPatch, Path], None]:
    def change(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
        monkeypatch.setenv(name, str(root))

    return change


def _older(_: pytest.MonkeyPatch, root: Path) -> None:
    os.utime(root / "usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1", (1, 1))


def _gone(_: pytest.MonkeyPatch, root: Path) -> None:
    (root / "usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1").unlink()


CHANGES = {
    "new boot": _write("proc/sys/kernel/random/boot_id"),
    "other machine": _write("etc/machine-id"),
    "other driver": _write("proc/driver/nvidia/version"),
    "other kernel module": _write("sys/module/nvidia/version"),
    "additional device": _write("dev/nvidia7"),
    "additional GPU": _write("proc/driver/nvidia/gpus/0000:01:00.0"),
    "device of WSL": _write("dev/dxg"),
    "other library": _older,
    "removed library": _gone,
    "library in another folder": _write("usr/lib/wsl/lib/libnvidia-ml.so.1"),
    "library on GKE": _write("usr/local/nvidia/lib64/libnvidia-ml.so.1"),
    "library on NixOS": _write("run/opengl-driver/lib/libnvidia-ml.so.1"),
    "other CUDA library": _write("usr/lib/x86_64-linux-gnu/libcuda.so.1"),
    "CUDA library in another folder": _write("usr/lib64/libcuda.so.1"),
    "other control group": _write("proc/self/cgroup"),
    "device that may not be opened": _closed,
    "other part of a GPU": _write("dev/nvidia-caps/nvidia-cap1"),
    "cache of the linker": _write("etc/ld.so.cache"),
    "other search path": _environ("LD_LIBRARY_PATH"),
    "preloaded library": _environ("LD_PRELOAD"),
    "other visible devices": _environ("NVIDIA_VISIBLE_DEVICES"),
    "other visible GPUs": _environ("CUDA_VISIBLE_DEVICES"),
    "other order of Level Zero": _environ("ZE_ENABLE_PCI_ID_DEVICE_ORDER"),
    "GPUs of a job": _environ("SLURM_JOB_GPUS"),
    "visible GPUs of ROCm": _environ("ROCR_VISIBLE_DEVICES"),
    "visible GPUs of HIP": _environ("HIP_VISIBLE_DEVICES"),
    "version of a GPU of ROCm": _environ("HSA_OVERRIDE_GFX_VERSION"),
    "place of ROCm": _environ("ROCM_PATH"),
    "GPUs of Level Zero": _environ("ZE_AFFINITY_MASK"),
    "tiles of Level Zero": _environ("ZE_FLAT_DEVICE_HIERARCHY"),
    "GPUs of oneAPI": _environ("ONEAPI_DEVICE_SELECTOR"),
    "GPUs of SYCL": _environ("SYCL_DEVICE_FILTER"),
    "visible TPUs": _environ("TPU_VISIBLE_CHIPS"),
    "ordinals of GPUs": _environ("GPU_DEVICE_ORDINAL"),
    "other job of Slurm": _environ("SLURM_JOB_ID"),
    "other job of PBS": _environ("PBS_JOBID"),
    "other user": _patch(os, "getuid", lambda: 12345),
    "other host": _patch(platform, "node", lambda: "elsewhere"),
    "other architecture": _patch(platform, "machine", lambda: "riscv64"),
    "other engine": _patch(nvml, "_PROBE", Path(__file__)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_change_of_the_machine_queries_again(
    monkeypatch: pytest.MonkeyPatch,
    driver: Driver,
    root: Path,
    folder: Path,
    change: Callable[[pytest.MonkeyPatch, Path], None],
) -> None:
    """After each change that can affect the result the driver is queried again, once."""
    for _ in range(2):
        assert nvml.driver_facts(folder).facts == GPU
    assert driver.queries == 1
    change(monkeypatch, root)
    driver.facts = DriverFacts((13, 0), ((12, 0),))
    for _ in range(2):
        assert nvml.driver_facts(folder).facts == driver.facts
    assert driver.queries == 2


def test_device_created_by_the_query_is_expected(
    monkeypatch: pytest.MonkeyPatch, driver: Driver, root: Path, folder: Path
) -> None:
    """A query can load the driver, so the key is that of the machine afterwards."""

    def loading_query() -> DriverFacts:
        (root / "dev/nvidia0").touch()
        return driver.query()

    monkeypatch.setattr(nvml, "query", loading_query)
    assert [nvml.driver_facts(folder).facts for _ in range(2)] == [GPU] * 2
    assert driver.queries == 1


def test_cache_file_of_another_machine_is_ignored(
    monkeypatch: pytest.MonkeyPatch, driver: Driver, root: Path, folder: Path
) -> None:
    """A file that was copied from another machine is not used, even under the right name."""
    nvml.driver_facts(folder)
    copied = _file(folder).read_bytes()
    (root / "etc/machine-id").write_text("mine\n")
    monkeypatch.setattr(platform, "node", lambda: "mine")
    driver.facts = DriverFacts(problem="no NVIDIA driver found")
    nvml.driver_facts(folder)
    for file in folder.iterdir():
        file.write_bytes(copied)
    assert nvml.driver_facts(folder).facts == driver.facts
    assert driver.queries == 3


# What the driver reports, and for how many seconds that holds.
LASTING = {
    "whole": (GPU, cache.WHOLE_LASTS),
    "no GPU": (DriverFacts((12, 9)), cache.NOTHING_LASTS),
    "no driver": (DriverFacts(problem="no NVIDIA driver found"), cache.NOTHING_LASTS),
    "one GPU of two": (replace(GPU, unread=("GPU 1 is lost",)), cache.NOTHING_LASTS),
    "lost GPU": (DriverFacts((12, 9), problem="GPU is lost"), cache.NOTHING_LASTS),
}


@pytest.mark.parametrize(("facts", "seconds"), LASTING.values(), ids=LASTING)
def test_facts_hold_for_their_time(
    monkeypatch: pytest.MonkeyPatch,
    driver: Driver,
    folder: Path,
    facts: DriverFacts,
    seconds: float,
) -> None:
    """Facts are used again until their time is over, and not if the clock has been set back."""
    driver.facts = facts
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    nvml.driver_facts(folder)
    monkeypatch.setattr(time, "time", lambda: now + seconds - 1)
    assert nvml.driver_facts(folder).facts == facts
    assert driver.queries == 1
    monkeypatch.setattr(time, "time", lambda: now + seconds + 1)
    nvml.driver_facts(folder)
    assert driver.queries == 2
    monkeypatch.setattr(time, "time", lambda: now - 10)
    nvml.driver_facts(folder)
    assert driver.queries == 3


def test_failures_hold_for_minutes_at_most() -> None:
    """A job that sees nothing must not decide for the next one."""
    assert 0 < cache.NOTHING_LASTS <= 300
    assert cache.NOTHING_LASTS < cache.WHOLE_LASTS <= 3600


def test_time_limit_that_was_reached_is_not_kept(driver: Driver, folder: Path) -> None:
    """A driver that sleeps needs long once, and an interpreter is not the machine."""
    driver.facts = DriverFacts(problem="no response within 30 s", answered=False)
    for _ in range(2):
        assert nvml.driver_facts(folder).facts == driver.facts
    assert driver.queries == 2
    assert not folder.exists()


def test_facts_of_another_user_are_not_used(
    monkeypatch: pytest.MonkeyPatch, driver: Driver, folder: Path
) -> None:
    """In a shared cache another user could have written anything."""
    nvml.driver_facts(folder)
    owner = _file(folder).stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert nvml.driver_facts(folder).facts == GPU
    assert driver.queries == 2


@pytest.mark.parametrize("depth", [0, 1], ids=["file", "folder"])
def test_facts_that_another_user_could_replace_are_not_used(
    driver: Driver, folder: Path, give_away: GiveAway, depth: int
) -> None:
    """Who owns the folder of a file of ours can put another there."""
    nvml.driver_facts(folder)
    give_away([_file(folder), folder][depth])
    assert nvml.driver_facts(folder).facts == GPU
    assert driver.queries == 2


def test_fifo_in_place_of_facts_is_replaced(driver: Driver, folder: Path) -> None:
    """It is not waited for."""
    nvml.driver_facts(folder)
    path = _file(folder)
    path.unlink()
    os.mkfifo(path)
    for _ in range(2):
        assert nvml.driver_facts(folder).facts == GPU
    assert driver.queries == 2


# The key of the cache file and the value that replaces its own; None: the whole content.
INVALID_FILES: dict[str, tuple[str | None, object]] = {
    "empty": (None, b""),
    "binary": (None, bytes(range(256))),
    "list": (None, b"[1, 2]"),
    "string": (None, b'"x"'),
    "null": (None, b"null"),
    "nested deeply": (None, b"[" * 100_000),
    "long number": (None, b"1" * 50_000),
    "huge": (None, b'{"key": "' + b"x" * (1 << 24)),
    "no facts": ("facts", None),
    "facts that are a list": ("facts", []),
    "facts without keys": ("facts", {}),
    "version that is a string": ("cuda", "12.9"),
    "version of three parts": ("cuda", [12, 9, 1]),
    "strings in place of numbers": ("cuda", ["12", "9"]),
    "fractions": ("cuda", [12.5, 9.0]),
    "infinity": ("cuda", [float("inf"), 0]),
    "not a number": ("cuda", [float("nan"), 0]),
    "negative version": ("cuda", [12, -9]),
    "version that would exhaust memory": ("cuda", [12, 10**12]),
    "capability that would exhaust memory": ("capabilities", [[10**12, 10**12]]),
    "capabilities that are a number": ("capabilities", 5),
    "names that are a number": ("names", 5),
    "unread GPUs that are nothing": ("unread", None),
    "time that is a word": ("since", "today"),
    "time of hundreds of digits": ("since", 10**400),
    "infinite time": ("since", float("inf")),
    "time before all times": ("since", float("-inf")),
    "time that is not a number": ("since", float("nan")),
    "time in the future": ("since", 4e9),
}


@pytest.mark.parametrize(("key", "value"), INVALID_FILES.values(), ids=INVALID_FILES)
def test_invalid_cache_file_is_replaced(
    driver: Driver, folder: Path, key: str | None, value: object
) -> None:
    """Invalid content costs one more query, which replaces the file."""
    nvml.driver_facts(folder)
    file = _file(folder)
    if isinstance(value, bytes):
        file.write_bytes(value)
    else:
        whole = json.loads(file.read_text())
        (whole if key in whole else whole["facts"])[key] = value
        file.write_text(json.dumps(whole))
    with within(10):
        assert [nvml.driver_facts(folder).facts for _ in range(2)] == [GPU] * 2
    assert driver.queries == 2


def test_cached_problem_is_made_printable(driver: Driver, folder: Path) -> None:
    """A problem from a manipulated file is quoted and shortened."""
    driver.facts = DriverFacts(problem="x")
    nvml.driver_facts(folder)
    file = _file(folder)
    file.write_text(file.read_text().replace('"x"', r'"\u001b[31m\n' + "y" * 9999 + '"'))
    problem = nvml.driver_facts(folder).facts.problem
    assert problem == rf"'\x1b[31m\n{'y' * 69}...'"
    assert driver.queries == 1


def test_names_are_kept_and_made_printable(driver: Driver, folder: Path) -> None:
    """They come from the same query; what a manipulated file has of them is quoted."""
    driver.facts = DriverFacts((12, 9), ((8, 9), (7, 5)), driver="575.1", names=("RTX", ""))
    nvml.driver_facts(folder)
    file = _file(folder)
    file.write_text(file.read_text().replace('"RTX"', r'"\u001b[31m\n' + "y" * 9999 + '"'))
    found = nvml.driver_facts(folder).facts
    assert (found.driver, found.names) == ("575.1", (rf"'\x1b[31m\n{'y' * 69}...'", ""))
    assert driver.queries == 1


def test_file_of_an_engine_without_names_is_ignored(driver: Driver, folder: Path) -> None:
    """Even if its key were the same."""
    nvml.driver_facts(folder)
    file = _file(folder)
    whole = json.loads(file.read_text())
    for name in ("driver", "names", "unread"):
        del whole["facts"][name]
    file.write_text(json.dumps(whole))
    assert nvml.driver_facts(folder) == cache.Found(GPU)
    assert driver.queries == 2


@pytest.mark.usefixtures("driver")
def test_kept_facts_have_their_age(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """In seconds; what was read now has none."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    ages = [nvml.driver_facts(folder).age]
    monkeypatch.setattr(time, "time", lambda: now + 30)
    ages.append(nvml.driver_facts(folder).age)
    assert ages == [None, 30.0]


def test_forgotten_facts_are_read_anew(
    monkeypatch: pytest.MonkeyPatch, driver: Driver, folder: Path
) -> None:
    """Only those of this machine; other hosts may share the folder, and other things lie in it."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(platform, "node", lambda: "elsewhere")
        nvml.driver_facts(folder)
    others = [folder / "metadata", _file(folder)]
    others[0].mkdir()
    nvml.driver_facts(folder)
    runner = ProviderRunner({}, folder)
    runner.forget()
    assert sorted(folder.iterdir()) == sorted(others)
    assert runner.cache == folder
    nvml.driver_facts(folder)
    assert len([*folder.iterdir()]) == 3
    assert driver.queries == 3


@pytest.mark.usefixtures("driver")
def test_facts_that_cannot_be_forgotten_are_not_used(folder: Path) -> None:
    """In a cache that is read-only the query is repeated all the same."""
    nvml.driver_facts(folder)
    file = _file(folder)
    file.unlink()
    file.mkdir()  # nobody can unlink a folder
    runner = ProviderRunner({}, folder)
    runner.forget()
    assert runner.cache is None


def test_forgetting_nothing_is_no_error(folder: Path) -> None:
    """The first command of a user has no cache, or wants none."""
    for cache_folder in (folder, None):
        runner = ProviderRunner({}, cache_folder)
        runner.forget()
        assert runner.cache == cache_folder
    assert not folder.exists()


def _file_above(folder: Path) -> None:
    folder.parent.rmdir()
    folder.parent.touch()


def _folder_for_file(folder: Path) -> None:
    (folder / f"nvml-{cache._digest(cache._machine())}.json" / "x").mkdir(parents=True)


UNWRITABLE: dict[str, Callable[[Path], object]] = {
    "file in place of the folder": Path.touch,
    "file in place of its parent": _file_above,
    "broken link": lambda folder: folder.symlink_to("/nowhere/at/all"),
    "folder in place of the file": _folder_for_file,
}


@pytest.mark.parametrize("block", UNWRITABLE.values(), ids=UNWRITABLE)
def test_unwritable_folder_caches_nothing(
    driver: Driver, folder: Path, block: Callable[[Path], object]
) -> None:
    """If the folder cannot be written, the driver is queried each time and nothing is raised."""
    folder.parent.mkdir()
    block(folder)
    assert [nvml.driver_facts(folder).facts for _ in range(2)] == [GPU] * 2
    assert driver.queries == 2
    if folder.is_dir():
        assert [file.name for file in folder.iterdir() if file.name.startswith(".")] == []


def test_concurrent_writers_leave_one_valid_file(folder: Path) -> None:
    """Processes that write at the same time leave one complete file."""
    code = (
        "import sys; from pathlib import Path\n"
        "from pip_variants.providers import cache, nvml\n"
        "file = Path(sys.argv[1], 'nvml.json')\n"
        "facts = nvml.DriverFacts((12, 9), ((8, 9),) * 500)\n"
        "depends = cache.Dependencies(())\n"
        "source = cache.Source('x', depends, None, lambda _: 9.0, nvml.parse_facts)\n"
        "for _ in range(30):\n"
        "    cache._write(file, 'x', facts)\n"
        "    assert cache._read(source, file, 'x').facts == facts\n"
    )
    command = [sys.executable, "-c", code, str(folder)]
    running = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert [file.name for file in folder.iterdir()] == ["nvml.json"]
