"""The real NVML bindings of the built wheel with a fake driver library.

``libnvidia-ml.so.1`` is compiled from the few lines below and found through LD_LIBRARY_PATH, as a
real one is found; environment variables set what it returns.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import pytest

from pip_variants.core.errors import quoted
from pip_variants.providers import _nvml_probe, _probe, nvml, probe
from pip_variants.providers.nvml import DriverFacts
from pip_variants.system import interpreter
from tests.support.libraries import compile_library, needs_compiler
from tests.support.waiting import within

pytestmark = needs_compiler

# FAKE_GPUS has one word for each GPU: `890` is 8.9, `h` and `x` fail with FAKE_GPU_ERROR.
SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int setting(const char *name) {
    const char *text = getenv(name);
    return text ? atoi(text) : 0;
}
static int called(const char *name) {
    FILE *log = fopen(getenv("FAKE_LOG"), "a");
    fprintf(log, "%s\n", name);
    fclose(log);
    printf("noise on stdout from %s\n", name);
    fflush(stdout);
    const char *crash = getenv("FAKE_CRASH"), *hang = getenv("FAKE_HANG");
    if (crash && !strcmp(crash, name)) abort();
    if (hang && !strcmp(hang, name)) for (;;) pause();
    return 0;
}
int nvmlInitWithFlags(unsigned flags) {
    called(flags ? "init with flags" : "init");
    return setting("FAKE_INIT_ERROR");
}
int nvmlShutdown(void) { called("shutdown"); return setting("FAKE_SHUTDOWN_ERROR"); }
#ifndef OLD
int nvmlSystemGetCudaDriverVersion_v2(int *version) {
    called("cuda v2");
    *version = setting("FAKE_CUDA");
    return setting("FAKE_V2_ERROR");
}
#endif
int nvmlSystemGetCudaDriverVersion(int *version) {
    called("cuda v1");
    *version = setting("FAKE_CUDA");
    return setting("FAKE_V1_ERROR");
}
static char *gpu(unsigned index) {
    static char list[200];
    strcpy(list, getenv("FAKE_GPUS"));
    char *word = strtok(list, " ");
    while (word && index--) word = strtok(NULL, " ");
    return word;
}
int nvmlDeviceGetCount_v2(unsigned *count) {
    called("count");
    for (*count = 0; gpu(*count); ++*count);
    return setting("FAKE_COUNT_ERROR");
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
    *handle = (void *)(size_t)(index + 1);
    return !strcmp(gpu(index), "h") ? setting("FAKE_GPU_ERROR") : 0;
}
int nvmlDeviceGetCudaComputeCapability(void *handle, int *major, int *minor) {
    char *word = gpu((size_t)handle - 1);
    *major = atoi(word) / 100;
    *minor = atoi(word) % 100 / 10;
    return !strcmp(word, "x") ? setting("FAKE_GPU_ERROR") : 0;
}
#ifndef OLD
int nvmlSystemGetDriverVersion(char *text, unsigned size) {
    snprintf(text, size, "%s", getenv("FAKE_DRIVER"));
    return setting("FAKE_DRIVER_ERROR");
}
int nvmlDeviceGetName(void *handle, char *text, unsigned size) {
    snprintf(text, size, "%s of %s", getenv("FAKE_NAME"), gpu((size_t)handle - 1));
    return setting("FAKE_NAME_ERROR");
}
#endif
const char *nvmlErrorString(int code) { return code == 77 ? "Made up" : "Other"; }
"""

Settings = Mapping[str, str]
NO_SETTINGS: Settings = MappingProxyType({})

NO_DRIVER = DriverFacts(problem="no NVIDIA driver found")
NO_LIBRARY = "the NVIDIA driver's library cannot be loaded: "
ALL_CALLS = ["init", "cuda v2", "count", "shutdown"]


@pytest.fixture(scope="session")
def vendored(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the bindings that the built wheel contains."""
    folder = tmp_path_factory.mktemp("bindings")
    with zipfile.ZipFile(wheel) as file:
        (folder / "pynvml.py").write_bytes(file.read("pip_variants/_vendor/pynvml.py"))
    return folder


def _compile(folder: Path, *options: str) -> Path:
    """Return ``folder`` with a driver library in it."""
    return compile_library(folder, "libnvidia-ml.so.1", SOURCE, *options)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a current driver library."""
    return _compile(tmp_path_factory.mktemp("driver"))


@pytest.fixture(scope="session")
def old_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a driver library that has only the first version of a call."""
    return _compile(tmp_path_factory.mktemp("old-driver"), "-DOLD")


def unanswered(problem: str) -> DriverFacts:
    """Return what is no fact of the machine."""
    return DriverFacts(problem=problem, answered=False)


class Machine:
    """A machine with a fake driver library, which logs its calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, log: Path) -> None:
        self._monkeypatch = monkeypatch
        self._log = log

    def query(
        self, folder: Path, settings: Settings = NO_SETTINGS, time_limit: float = probe.TIME_LIMIT
    ) -> DriverFacts:
        """Return what NVML reports with these settings, by default CUDA 12.9 and one GPU of 8.9."""
        defaults = {"CUDA": "12090", "GPUS": "890", "DRIVER": "575.57", "NAME": "RTX"}
        for name, value in {**defaults, **settings}.items():
            self._monkeypatch.setenv(f"FAKE_{name}", value)
        self._monkeypatch.setenv("FAKE_LOG", str(self._log))
        self._monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))
        return nvml.query(time_limit)

    def calls(self) -> list[str]:
        """Return the calls of the library, in order."""
        return self._log.read_text("utf-8").splitlines() if self._log.exists() else []


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, vendored: Path) -> Machine:
    """Return a machine with the bindings of the built wheel."""
    monkeypatch.setattr(nvml, "_VENDORED", vendored)
    return Machine(monkeypatch, tmp_path / "calls")


@pytest.mark.parametrize(
    ("settings", "facts"),
    [
        pytest.param({}, DriverFacts((12, 9), ((8, 9),)), id="one GPU"),
        pytest.param({"CUDA": "13000"}, DriverFacts((13, 0), ((8, 9),)), id="13.0"),
        pytest.param({"CUDA": "11080"}, DriverFacts((11, 8), ((8, 9),)), id="11.8"),
        pytest.param({"CUDA": "12105"}, DriverFacts((12, 10), ((8, 9),)), id="12.10, patched"),
        pytest.param(
            {"GPUS": "890 1200 750"},
            DriverFacts((12, 9), ((8, 9), (12, 0), (7, 5))),
            id="three GPUs",
        ),
        pytest.param(
            {"GPUS": "890 x 750", "GPU_ERROR": "15"},
            DriverFacts((12, 9), ((8, 9), (7, 5))),
            id="one of three is lost and skipped",
        ),
        pytest.param(
            {"GPUS": "h 750", "GPU_ERROR": "4"},
            DriverFacts((12, 9), ((7, 5),)),
            id="one of two has no handle and is skipped",
        ),
        pytest.param({"GPUS": ""}, DriverFacts((12, 9)), id="no GPU"),
        pytest.param(
            {"GPUS": "x x", "GPU_ERROR": "15"},
            DriverFacts((12, 9), problem="GPU 1 cannot be read: GPU is lost"),
            id="no readable GPU",
        ),
        pytest.param(
            {"COUNT_ERROR": "999"},
            DriverFacts((12, 9), problem="NVML: Unknown Error"),
            id="failing count",
        ),
        pytest.param(
            {"SHUTDOWN_ERROR": "1"}, DriverFacts((12, 9), ((8, 9),)), id="failing shutdown"
        ),
    ],
)
def test_query_returns_version_and_capabilities(
    machine: Machine, library: Path, settings: Settings, facts: DriverFacts
) -> None:
    """The facts are read through the real bindings, and NVML is shut down in any case."""
    assert machine.query(library, settings) == facts
    assert machine.calls() == ALL_CALLS


# What the library does, and driver, names and unread GPUs.
FOR_PEOPLE: dict[str, tuple[Settings, tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    "all": ({"GPUS": "890 750"}, ("575.57", ("RTX of 890", "RTX of 750"), ())),
    "one lost": (
        {"GPUS": "890 x 750", "GPU_ERROR": "15"},
        (
            "575.57",
            ("RTX of 890", "RTX of 750"),
            ("GPU 1 cannot be read: GPU is lost",),
        ),
    ),
    "no version": ({"DRIVER_ERROR": "999"}, ("", ("RTX of 890",), ())),
    "no names": ({"NAME_ERROR": "3", "GPUS": "890 750"}, ("575.57", ("", ""), ())),
    "not UTF-8": ({"NAME": "\udcff", "DRIVER": "\udcff"}, ("", ("",), ())),
    "hostile": (
        {"NAME": "\x1b[2J", "DRIVER": "1\n2"},
        (r"'1\n2'", (r"'\x1b[2J of 890'",), ()),
    ),
}


@pytest.mark.parametrize(("settings", "found"), FOR_PEOPLE.values(), ids=FOR_PEOPLE)
def test_names_cost_nothing_if_they_cannot_be_read(
    machine: Machine,
    library: Path,
    settings: Settings,
    found: tuple[str, tuple[str, ...], tuple[str, ...]],
) -> None:
    """Version and capabilities are the same with and without them."""
    facts = machine.query(library, settings)
    assert (facts.driver, facts.names, facts.unread) == found
    readable = settings.get("GPUS", "890").split()
    capabilities = {"890": (8, 9), "750": (7, 5)}
    assert facts == DriverFacts((12, 9), tuple(capabilities[gpu] for gpu in readable if gpu != "x"))


@pytest.mark.parametrize(
    ("settings", "facts", "calls"),
    [
        pytest.param(
            {"V2_ERROR": "13"},
            DriverFacts((12, 9), ((8, 9),)),
            ["init", "cuda v2", "cuda v1", "count", "shutdown"],
            id="only the first version works",
        ),
        pytest.param(
            {"V2_ERROR": "3", "V1_ERROR": "3"},
            DriverFacts(problem="NVML: Not Supported"),
            ["init", "cuda v2", "cuda v1", "shutdown"],
            id="neither version works",
        ),
    ],
)
def test_failing_version_call_falls_back_to_older_one(
    machine: Machine, library: Path, settings: Settings, facts: DriverFacts, calls: list[str]
) -> None:
    """If the newer call fails the older one is tried; if both fail there is a problem."""
    assert machine.query(library, settings) == facts
    assert machine.calls() == calls


def test_old_library_has_only_the_older_call(machine: Machine, old_library: Path) -> None:
    """Of a driver library without the newer call the older one is used."""
    facts = machine.query(old_library, {"CUDA": "11020"})
    assert facts == DriverFacts((11, 2), ((8, 9),))
    assert (facts.driver, facts.names) == ("", ("",))
    assert machine.calls() == ["init", "cuda v1", "count", "shutdown"]


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        pytest.param("9", "the NVIDIA driver is not loaded", id="driver not loaded"),
        pytest.param(
            "18",
            "the NVIDIA driver and its library differ in version; a restart usually fixes this",
            id="upgraded without a restart",
        ),
        pytest.param("4", "no permission to use the NVIDIA driver", id="no permission"),
        pytest.param("12", "no NVIDIA driver found", id="library not found"),
        pytest.param("28", "no NVIDIA GPU found", id="GPU not found"),
        pytest.param("999", "NVML: Unknown Error", id="unknown"),
        pytest.param("77", "NVML: Made up", id="code unknown to the bindings"),
    ],
)
def test_failing_initialisation_is_a_problem(
    machine: Machine, library: Path, code: str, problem: str
) -> None:
    """An error of NVML's initialisation is a problem in plain words, and no other call follows."""
    assert machine.query(library, {"INIT_ERROR": code}) == DriverFacts(problem=problem)
    assert machine.calls() == ["init"]


@pytest.mark.parametrize("call", ALL_CALLS)
def test_crash_of_the_library_is_a_problem(machine: Machine, library: Path, call: str) -> None:
    """A crash ends the child process only and is a problem, in whichever call it happens."""
    facts = machine.query(library, {"CRASH": call})
    assert facts == DriverFacts(problem="the NVIDIA driver's library failed (exit status -6)")
    assert machine.calls() == ALL_CALLS[: ALL_CALLS.index(call) + 1]


@pytest.mark.parametrize("call", ["init", "count"])
def test_hanging_driver_is_killed_after_the_time_limit(
    machine: Machine, library: Path, call: str
) -> None:
    """A driver that does not respond within the time limit is a problem."""
    with within(20):
        facts = machine.query(library, {"HANG": call}, time_limit=1.5)
    assert facts == unanswered("the NVIDIA driver did not respond within 1.5 s")
    assert machine.calls()[-1] == call


@pytest.mark.parametrize("content", [b"", b"no library", b"\x7fELF\x02\x01\x01" + bytes(200)])
def test_invalid_library_is_named(machine: Machine, tmp_path: Path, content: bytes) -> None:
    """A library that cannot be loaded is not the same as none."""
    if _has_real_driver(tmp_path):
        pytest.skip("this machine has a driver of its own")
    (tmp_path / "libnvidia-ml.so.1").write_bytes(content)
    problem = machine.query(tmp_path).problem
    assert problem is not None
    assert problem.startswith(f"{NO_LIBRARY}{tmp_path}/libnvidia-ml.so.1: ")


def test_library_that_needs_a_missing_one_is_named(machine: Machine, tmp_path: Path) -> None:
    """What is missing is not the driver but a library that its own library needs."""
    if _has_real_driver(tmp_path):
        pytest.skip("this machine has a driver of its own")
    needed = compile_library(tmp_path, "libneeded.so", "") / "libneeded.so"
    _compile(tmp_path, "-Wl,--no-as-needed", f"-L{tmp_path}", "-lneeded")
    needed.unlink()
    problem = machine.query(tmp_path).problem
    assert problem is not None
    assert problem.startswith(f"{NO_LIBRARY}libneeded.so: ")


@pytest.mark.parametrize("attribute", ["_BEFORE", "_AFTER"])
def test_library_in_a_folder_that_the_linker_ignores_is_found(
    monkeypatch: pytest.MonkeyPatch,
    machine: Machine,
    library: Path,
    tmp_path: Path,
    attribute: str,
) -> None:
    """On WSL2, GKE and NixOS programs find the driver only by LD_LIBRARY_PATH."""
    if attribute == "_AFTER" and _has_real_driver(tmp_path):
        pytest.skip("this machine has a driver of its own")
    monkeypatch.setattr(nvml, attribute, (str(tmp_path / "none"), str(library)))
    assert machine.query(tmp_path) == DriverFacts((12, 9), ((8, 9),))
    assert machine.calls() == ALL_CALLS


def test_documented_folders_are_searched() -> None:
    """The folder of WSL2 comes before the linker's, the others behind them."""
    libraries = nvml._libraries()
    name = libraries.index("libnvidia-ml.so.1")
    assert libraries[:name] == ("/usr/lib/wsl/lib/libnvidia-ml.so.1",)
    assert libraries[name + 1] == "/usr/local/nvidia/lib64/libnvidia-ml.so.1"
    assert "/run/opengl-driver/lib/libnvidia-ml.so.1" in libraries[name + 1 :]


@pytest.mark.parametrize("is_loaded", [False, True])
def test_driver_without_its_library_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, is_loaded: bool
) -> None:
    """A container can have the devices of a driver, but not all of its libraries."""
    device = tmp_path / "nvidiactl"
    monkeypatch.setattr(_nvml_probe, "_DRIVER", (str(device),))
    if is_loaded:
        device.touch()
    problem = _nvml_probe._load(SimpleNamespace(), (str(tmp_path / "libx.so.1"), "libx.so.1"))
    there = "there is an NVIDIA driver, but not its library libx.so.1"
    assert problem == (there if is_loaded else "no NVIDIA driver found")


MUSL = "Error loading shared library {}: No such file or directory (needed by /x/libx.so.1)"
# What the linker of glibc or musl says about the library libx.so.1, and whether it is that one.
LINKER = {
    "glibc": ("libx.so.1: cannot open shared object file: No such file or directory", True),
    "glibc, needed": ("libz.so: cannot open shared object file: No such file or directory", False),
    "glibc, content": ("libx.so.1: file too short", False),
    "musl": ("Error loading shared library libx.so.1: No such file or directory", True),
    "musl, needed": (MUSL.format("libz.so"), False),
}


@pytest.mark.parametrize(("error", "is_missing"), LINKER.values(), ids=LINKER)
def test_missing_library_is_distinguished_from_a_broken_one(
    error: str, *, is_missing: bool
) -> None:
    """By the words of the linker; there is no code."""
    assert _probe._is_missing("libx.so.1", error) == is_missing


def test_missing_library_is_no_driver(machine: Machine, tmp_path: Path) -> None:
    """Without the library the problem is that there is no driver."""
    if _has_real_driver(tmp_path):
        pytest.skip("this machine has a driver of its own")
    assert machine.query(tmp_path) == NO_DRIVER


def _has_real_driver(folder: Path) -> bool:
    """Return whether a real driver library is found, by its name or in the folder of WSL2."""
    code = "import ctypes; ctypes.CDLL('libnvidia-ml.so.1')"
    env = {**os.environ, "LD_LIBRARY_PATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=False)
    return done.returncode == 0 or Path("/usr/lib/wsl/lib/libnvidia-ml.so.1").exists()


def test_missing_bindings_are_a_problem(
    monkeypatch: pytest.MonkeyPatch, machine: Machine, library: Path, tmp_path: Path
) -> None:
    """If the vendored bindings are gone, the problem names them."""
    monkeypatch.setattr(nvml, "_VENDORED", tmp_path)
    expected = DriverFacts(problem="NVML's bindings are missing: No module named 'pynvml'")
    assert machine.query(library) == expected


def _script(folder: Path, text: str) -> str:
    """Return a program that is no Python but has its name."""
    program = folder / "python3"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return str(program)


# What an interpreter does in place of running the script, and the problem.
INTERPRETERS = {
    "ends": ("exit 3", "NVML was not queried: {} did not start (exit status 3)"),
    "hangs": ("sleep 60", "NVML was not queried: {} did not start within 1.5 s"),
}


@pytest.mark.parametrize(("text", "problem"), INTERPRETERS.values(), ids=INTERPRETERS)
def test_failing_interpreter_is_not_blamed_on_the_driver(
    monkeypatch: pytest.MonkeyPatch,
    machine: Machine,
    library: Path,
    tmp_path: Path,
    text: str,
    problem: str,
) -> None:
    """If the script never ran, neither the driver nor its library is what failed."""
    program = _script(tmp_path, text)
    monkeypatch.setattr(interpreter, "command", lambda *arguments: [program, *arguments])
    expected = unanswered(problem.format(quoted(program)))
    assert machine.query(library, time_limit=1.5) == expected


def test_result_that_is_nested_too_deeply_is_not_readable(
    monkeypatch: pytest.MonkeyPatch, machine: Machine, library: Path, tmp_path: Path
) -> None:
    """A driver's library runs in the child and can write to any descriptor."""
    program = _script(tmp_path, "printf '\\n%0100000d' 0 | tr 0 '['")
    monkeypatch.setattr(interpreter, "command", lambda *arguments: [program, *arguments[1:]])
    problem = "the NVIDIA driver's library returned no readable result"
    assert machine.query(library) == DriverFacts(problem=problem)


def test_interpreter_that_cannot_be_run_is_named(
    monkeypatch: pytest.MonkeyPatch, machine: Machine, library: Path, tmp_path: Path
) -> None:
    """If no child process can be started, NVML is not queried."""
    program = str(tmp_path / "python")
    monkeypatch.setattr(interpreter, "command", lambda *arguments: [program, *arguments])
    problem = f"NVML was not queried: {quoted(program)}: No such file or directory"
    assert machine.query(library) == unanswered(problem)


def test_without_an_interpreter_nothing_is_queried(
    monkeypatch: pytest.MonkeyPatch, machine: Machine, library: Path
) -> None:
    """An application that embeds Python is not started a second time."""
    monkeypatch.setattr(interpreter, "_running", lambda: "/opt/editor/editor")
    monkeypatch.setattr(sys, "executable", "/opt/editor/editor")
    monkeypatch.setattr(sys, "_base_executable", "/opt/editor/editor", raising=False)
    problem = (
        "NVML was not queried: there is no Python interpreter to start: '/opt/editor/editor' is not"
        " this Python"
    )
    assert machine.query(library) == unanswered(problem)
    assert machine.calls() == []


def test_nothing_temporary_is_left_of_a_query(
    monkeypatch: pytest.MonkeyPatch, machine: Machine, library: Path, tmp_path: Path
) -> None:
    """The result is in a file without a name."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert machine.query(library) == DriverFacts((12, 9), ((8, 9),))
    assert machine.query(library, {"CRASH": "count"}).problem is not None
    assert [*folder.iterdir()] == []
