"""What NVML said is remembered for as long as it cannot have changed, and never otherwise."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pip_variants.providers import nvml, nvml_cache
from pip_variants.providers.nvml import Answer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the facts are those of Linux")

GPU = Answer((12, 9), ((8, 9), (7, 5)))


class Driver:
    """A driver that counts how often it is asked; ``answer`` is what it says."""

    def __init__(self) -> None:
        self.answer = GPU
        self.asked = 0

    def query(self) -> Answer:
        """Return the answer."""
        self.asked += 1
        return self.answer


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    """Return a driver that stands in for that of this machine."""
    found = Driver()
    monkeypatch.setattr(nvml, "query", found.query)
    return found


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a folder with all files that say what the machine is, in place of the real ones."""
    root = tmp_path / "machine"

    def moved(name: str) -> str:
        return f"{root}{name}"

    for attribute in ("_READ", "_STATED", "_LIBRARIES"):
        names = getattr(nvml_cache, attribute)
        monkeypatch.setattr(nvml_cache, attribute, tuple(map(moved, names)))
    listed = tuple((moved(folder), pattern) for folder, pattern in nvml_cache._LISTED)
    monkeypatch.setattr(nvml_cache, "_LISTED", listed)
    for name in nvml_cache._READ:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("1\n")
    for folder, _ in listed:
        Path(folder).mkdir(parents=True, exist_ok=True)
    library = Path(nvml_cache._LIBRARIES[0], "libnvidia-ml.so.1")
    library.parent.mkdir(parents=True)
    library.touch()
    return root


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Return a folder that need not exist."""
    return tmp_path / "cache" / "variants"


def _file(cache: Path) -> Path:
    (file,) = cache.iterdir()
    return file


def test_asked_once(driver: Driver, cache: Path) -> None:
    """The second question is answered from the folder; nothing else is left in it."""
    assert [nvml_cache.ask(cache) for _ in range(3)] == [GPU] * 3
    assert driver.asked == 1
    assert [file.name[:5] for file in cache.iterdir()] == ["nvml-"]


def test_without_a_folder(driver: Driver) -> None:
    """Who remembers nothing asks each time."""
    assert [nvml_cache.ask(None) for _ in range(2)] == [GPU] * 2
    assert driver.asked == 2


def test_warm_is_fast_and_starts_nothing(
    monkeypatch: pytest.MonkeyPatch, driver: Driver, cache: Path
) -> None:
    """What is remembered costs no process, and hardly any time."""
    nvml_cache.ask(cache)

    def popen(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setattr(os, "fork", popen)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        assert nvml_cache.ask(cache) == GPU
        times.append(time.perf_counter() - start)
    assert driver.asked == 1
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


def _environ(name: str) -> Callable[[pytest.MonkeyPatch, Path], None]:
    def change(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
        monkeypatch.setenv(name, str(root))

    return change


def _older(_: pytest.MonkeyPatch, root: Path) -> None:
    os.utime(root / "usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1", (1, 1))


def _gone(_: pytest.MonkeyPatch, root: Path) -> None:
    (root / "usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1").unlink()


CHANGES = {
    "another boot": _write("proc/sys/kernel/random/boot_id"),
    "another machine": _write("etc/machine-id"),
    "another driver": _write("proc/driver/nvidia/version"),
    "another version of the module": _write("sys/module/nvidia/version"),
    "a device more": _write("dev/nvidia7"),
    "a GPU more": _write("proc/driver/nvidia/gpus/0000:01:00.0"),
    "WSL's device": _write("dev/dxg"),
    "another library": _older,
    "no library": _gone,
    "a library elsewhere": _write("usr/lib/wsl/lib/libnvidia-ml.so.1"),
    "the linker's cache": _write("etc/ld.so.cache"),
    "another search path": _environ("LD_LIBRARY_PATH"),
    "other visible devices": _environ("NVIDIA_VISIBLE_DEVICES"),
    "another user": _patch(os, "getuid", lambda: 12345),
    "another host": _patch(platform, "node", lambda: "elsewhere"),
    "another architecture": _patch(platform, "machine", lambda: "riscv64"),
    "another engine": _patch(nvml, "READERS", (Path(__file__),)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changes_the_answer(
    monkeypatch: pytest.MonkeyPatch,
    driver: Driver,
    root: Path,
    cache: Path,
    change: Callable[[pytest.MonkeyPatch, Path], None],
) -> None:
    """Whatever can change the answer makes that it is asked for again, once."""
    for _ in range(2):
        assert nvml_cache.ask(cache) == GPU
    assert driver.asked == 1
    change(monkeypatch, root)
    driver.answer = Answer((13, 0), ((12, 0),))
    for _ in range(2):
        assert nvml_cache.ask(cache) == driver.answer
    assert driver.asked == 2


def test_a_device_that_asking_made(
    monkeypatch: pytest.MonkeyPatch, driver: Driver, root: Path, cache: Path
) -> None:
    """Asking can load the driver: the machine is remembered as it is afterwards."""

    def wake() -> Answer:
        (root / "dev/nvidia0").touch()
        return driver.query()

    monkeypatch.setattr(nvml, "query", wake)
    assert [nvml_cache.ask(cache) for _ in range(2)] == [GPU] * 2
    assert driver.asked == 1


def test_a_file_of_another_machine(
    monkeypatch: pytest.MonkeyPatch, driver: Driver, root: Path, cache: Path
) -> None:
    """A file that was copied, even to the name that it would have here, is not believed."""
    nvml_cache.ask(cache)
    copied = _file(cache).read_bytes()
    (root / "etc/machine-id").write_text("mine\n")
    monkeypatch.setattr(platform, "node", lambda: "mine")
    driver.answer = Answer(problem="no NVIDIA driver found")
    nvml_cache.ask(cache)
    for file in cache.iterdir():
        file.write_bytes(copied)
    assert nvml_cache.ask(cache) == driver.answer
    assert driver.asked == 3


@pytest.mark.parametrize(
    "answer",
    [
        Answer(problem="the NVIDIA driver did not answer within 15 s"),
        Answer((12, 9), problem="GPU 0 cannot be read: GPU is lost"),
    ],
    ids=["no answer", "half an answer"],
)
def test_failures_expire(
    monkeypatch: pytest.MonkeyPatch, driver: Driver, cache: Path, answer: Answer
) -> None:
    """What may be better later is remembered for an hour, by a clock that may jump."""
    driver.answer = answer
    now = time.time()
    for _ in range(2):
        assert nvml_cache.ask(cache) == answer
    assert driver.asked == 1
    monkeypatch.setattr(time, "time", lambda: now + nvml_cache.FAILURE_LASTS + 1)
    nvml_cache.ask(cache)
    assert driver.asked == 2
    monkeypatch.setattr(time, "time", lambda: now - 10)
    nvml_cache.ask(cache)
    assert driver.asked == 3


def test_an_answer_does_not_expire(
    monkeypatch: pytest.MonkeyPatch, driver: Driver, cache: Path
) -> None:
    """A driver that answered does so until the machine changes."""
    nvml_cache.ask(cache)
    monkeypatch.setattr(time, "time", lambda: 4e9)
    assert nvml_cache.ask(cache) == GPU
    assert driver.asked == 1


# What is written into the place of one key of the file, or in place of all of it.
HOSTILE: dict[str, tuple[str | None, object]] = {
    "empty": (None, b""),
    "binary": (None, bytes(range(256))),
    "another type": (None, b"[1, 2]"),
    "a text": (None, b'"x"'),
    "nothing": (None, b"null"),
    "nested deeply": (None, b"[" * 100_000),
    "a long number": (None, b"1" * 50_000),
    "huge": (None, b'{"fingerprint": "' + b"x" * (1 << 24)),
    "no answer": ("answer", None),
    "an answer that is a list": ("answer", []),
    "an answer without keys": ("answer", {}),
    "versions that are none": ("cuda", "12.9"),
    "a version of three": ("cuda", [12, 9, 1]),
    "texts for numbers": ("cuda", ["12", "9"]),
    "fractions": ("cuda", [12.5, 9.0]),
    "infinity": ("cuda", [float("inf"), 0]),
    "not a number": ("cuda", [float("nan"), 0]),
    "a negative version": ("cuda", [12, -9]),
    "a version that would fill the memory": ("cuda", [12, 10**12]),
    "a capability that would": ("capabilities", [[10**12, 10**12]]),
    "capabilities that are none": ("capabilities", 5),
    "a time that is none": ("until", "tomorrow"),
    "a time of hundreds of digits": ("until", 10**400),
    "an infinite time": ("until", float("inf")),
    "no time": ("until", float("nan")),
    "a time too far away": ("until", 4e9),
}


@pytest.mark.parametrize(("key", "value"), HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_is_broken(driver: Driver, cache: Path, key: str | None, value: object) -> None:
    """A file of any content is at worst a question more, and is right again afterwards."""
    nvml_cache.ask(cache)
    file = _file(cache)
    if isinstance(value, bytes):
        file.write_bytes(value)
    else:
        whole = json.loads(file.read_text())
        (whole if key in whole else whole["answer"])[key] = value
        file.write_text(json.dumps(whole))
    start = time.monotonic()
    assert [nvml_cache.ask(cache) for _ in range(2)] == [GPU] * 2
    assert driver.asked == 2
    assert time.monotonic() - start < 2


def test_a_problem_is_printable(driver: Driver, cache: Path) -> None:
    """A problem out of a file that somebody else wrote cannot steer a terminal, or flood it."""
    driver.answer = Answer(problem="x")
    nvml_cache.ask(cache)
    file = _file(cache)
    file.write_text(file.read_text().replace('"x"', r'"\u001b[31m\n' + "y" * 9999 + '"'))
    problem = nvml_cache.ask(cache).problem
    assert problem == rf"'\x1b[31m\n{'y' * 69}...'"
    assert driver.asked == 1


def _file_above(folder: Path) -> None:
    folder.parent.rmdir()
    folder.parent.touch()


def _folder_for_file(folder: Path) -> None:
    (folder / f"nvml-{nvml_cache._digest(nvml_cache._machine())}.json" / "x").mkdir(parents=True)


BLOCKED: dict[str, Callable[[Path], object]] = {
    "a file in the place of the folder": Path.touch,
    "a file above it": _file_above,
    "a link to nowhere": lambda folder: folder.symlink_to("/nowhere/at/all"),
    "a folder in the place of the file": _folder_for_file,
}


@pytest.mark.parametrize("block", BLOCKED.values(), ids=BLOCKED)
def test_a_folder_that_cannot_be_written(
    driver: Driver, cache: Path, block: Callable[[Path], object]
) -> None:
    """Where nothing can be remembered the driver is asked each time, and nothing is raised."""
    cache.parent.mkdir()
    block(cache)
    assert [nvml_cache.ask(cache) for _ in range(2)] == [GPU] * 2
    assert driver.asked == 2
    if cache.is_dir():
        assert [file.name for file in cache.iterdir() if file.name.startswith(".")] == []


def test_two_that_ask_at_once(cache: Path) -> None:
    """Many processes that write at once leave one whole file."""
    code = (
        "import sys; from pathlib import Path\n"
        "from pip_variants.providers import nvml, nvml_cache\n"
        "nvml.query = lambda: nvml.Answer((12, 9), ((8, 9),) * 500)\n"
        "for _ in range(30):\n"
        "    nvml_cache._write(Path(sys.argv[1], 'nvml.json'), 'x', nvml.query())\n"
        "    assert nvml_cache._read(Path(sys.argv[1], 'nvml.json'), 'x') == nvml.query()\n"
    )
    command = [sys.executable, "-c", code, str(cache)]
    running = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert [file.name for file in cache.iterdir()] == ["nvml.json"]
