"""The real NVML bindings of the built wheel against a driver library that is made here.

``libnvidia-ml.so.1`` is compiled from the few lines below and found through LD_LIBRARY_PATH, as a
real one is found; what it answers is set by environment variables.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from pip_variants.providers import nvml
from pip_variants.providers.nvml import Answer

COMPILER = next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="LD_LIBRARY_PATH is Linux's"),
    pytest.mark.skipif(COMPILER is None, reason="no C compiler to make a driver library with"),
]

# FAKE_GPUS has one letter or number a GPU: `890` is 8.9, `x` fails with FAKE_GPU_ERROR.
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
const char *nvmlErrorString(int code) { return code == 77 ? "Made up" : "Other"; }
"""

Settings = Mapping[str, str]
NO_SETTINGS: Settings = MappingProxyType({})

NO_DRIVER = Answer(problem="no NVIDIA driver found")
EVERYTHING = ["init", "cuda v2", "count", "shutdown"]


@pytest.fixture(scope="session")
def vendored(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the bindings that the built wheel carries."""
    folder = tmp_path_factory.mktemp("bindings")
    with zipfile.ZipFile(wheel) as file:
        (folder / "pynvml.py").write_bytes(file.read("pip_variants/_vendor/pynvml.py"))
    return folder


def _compile(folder: Path, *options: str) -> Path:
    """Return ``folder`` with a driver library in it."""
    assert COMPILER is not None
    source = folder / "nvml.c"
    source.write_text(SOURCE, encoding="utf-8")
    library = folder / "libnvidia-ml.so.1"
    command = [COMPILER, "-shared", "-fPIC", *options, "-o", str(library), str(source)]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a driver library of today."""
    return _compile(tmp_path_factory.mktemp("driver"))


@pytest.fixture(scope="session")
def old_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a driver library that lacks the second version of a call."""
    return _compile(tmp_path_factory.mktemp("old-driver"), "-DOLD")


class Machine:
    """A machine whose driver library lies in ``folder`` and behaves as ``settings`` say."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, log: Path) -> None:
        self._monkeypatch = monkeypatch
        self._log = log

    def query(
        self, folder: Path, settings: Settings = NO_SETTINGS, time_limit: float = nvml.TIME_LIMIT
    ) -> Answer:
        """Return what NVML says there, by default of CUDA 12.9 and one GPU of 8.9."""
        for name, value in {"CUDA": "12090", "GPUS": "890", **settings}.items():
            self._monkeypatch.setenv(f"FAKE_{name}", value)
        self._monkeypatch.setenv("FAKE_LOG", str(self._log))
        self._monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))
        return nvml.query(time_limit)

    def calls(self) -> list[str]:
        """Return the calls that the library got, in order."""
        return self._log.read_text("utf-8").splitlines() if self._log.exists() else []


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, vendored: Path) -> Machine:
    """Return a machine whose engine has the bindings of the built wheel."""
    monkeypatch.setattr(nvml, "_VENDORED", vendored)
    return Machine(monkeypatch, tmp_path / "calls")


@pytest.mark.parametrize(
    ("settings", "answer"),
    [
        pytest.param({}, Answer((12, 9), ((8, 9),)), id="one GPU"),
        pytest.param({"CUDA": "13000"}, Answer((13, 0), ((8, 9),)), id="13.0"),
        pytest.param({"CUDA": "11080"}, Answer((11, 8), ((8, 9),)), id="11.8"),
        pytest.param({"CUDA": "12105"}, Answer((12, 10), ((8, 9),)), id="12.10, patched"),
        pytest.param(
            {"GPUS": "890 1200 750"},
            Answer((12, 9), ((8, 9), (12, 0), (7, 5))),
            id="three GPUs",
        ),
        pytest.param(
            {"GPUS": "890 x 750", "GPU_ERROR": "15"},
            Answer((12, 9), ((8, 9), (7, 5))),
            id="one of three is lost: it is skipped",
        ),
        pytest.param(
            {"GPUS": "h 750", "GPU_ERROR": "4"},
            Answer((12, 9), ((7, 5),)),
            id="one of two has no handle: it is skipped",
        ),
        pytest.param({"GPUS": ""}, Answer((12, 9)), id="no GPU"),
        pytest.param(
            {"GPUS": "x x", "GPU_ERROR": "15"},
            Answer((12, 9), problem="GPU 1 cannot be read: GPU is lost"),
            id="no GPU can be read",
        ),
        pytest.param(
            {"COUNT_ERROR": "999"},
            Answer((12, 9), problem="NVML: Unknown Error"),
            id="GPUs cannot be counted",
        ),
        pytest.param({"SHUTDOWN_ERROR": "1"}, Answer((12, 9), ((8, 9),)), id="shutdown fails"),
    ],
)
def test_what_a_driver_answers(
    machine: Machine, library: Path, settings: Settings, answer: Answer
) -> None:
    """The answer is read through the real bindings, and NVML is shut down in any case."""
    assert machine.query(library, settings) == answer
    assert machine.calls() == EVERYTHING


@pytest.mark.parametrize(
    ("settings", "answer", "calls"),
    [
        pytest.param(
            {"V2_ERROR": "13"},
            Answer((12, 9), ((8, 9),)),
            ["init", "cuda v2", "cuda v1", "count", "shutdown"],
            id="only the first version of the call works",
        ),
        pytest.param(
            {"V2_ERROR": "3", "V1_ERROR": "3"},
            Answer(problem="NVML: Not Supported"),
            ["init", "cuda v2", "cuda v1", "shutdown"],
            id="neither works",
        ),
    ],
)
def test_two_ways_to_the_cuda_version(
    machine: Machine, library: Path, settings: Settings, answer: Answer, calls: list[str]
) -> None:
    """If the newer call fails the older one is tried; without a version there is a problem."""
    assert machine.query(library, settings) == answer
    assert machine.calls() == calls


def test_a_library_without_the_newer_call(machine: Machine, old_library: Path) -> None:
    """An old driver has only the first version of the call."""
    assert machine.query(old_library, {"CUDA": "11020"}) == Answer((11, 2), ((8, 9),))
    assert machine.calls() == ["init", "cuda v1", "count", "shutdown"]


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        pytest.param("9", "the NVIDIA driver is not loaded", id="driver not loaded"),
        pytest.param(
            "18",
            "the NVIDIA driver and its library differ in version; a restart usually mends that",
            id="an upgrade without a restart",
        ),
        pytest.param("4", "no permission to talk to the NVIDIA driver", id="no permission"),
        pytest.param("12", "no NVIDIA driver found", id="library not found"),
        pytest.param("28", "no NVIDIA GPU found", id="GPU not found"),
        pytest.param("999", "NVML: Unknown Error", id="unknown"),
        pytest.param("77", "NVML: Made up", id="a code that the bindings do not know"),
    ],
)
def test_a_driver_that_cannot_be_initialised(
    machine: Machine, library: Path, code: str, problem: str
) -> None:
    """An error of NVML is a problem in the words of the machine, and nothing more is asked."""
    assert machine.query(library, {"INIT_ERROR": code}) == Answer(problem=problem)
    assert machine.calls() == ["init"]


@pytest.mark.parametrize("call", EVERYTHING)
def test_a_library_that_crashes(machine: Machine, library: Path, call: str) -> None:
    """A crash takes the child process along and is a problem, wherever it happens."""
    answer = machine.query(library, {"CRASH": call})
    assert answer == Answer(problem="the NVIDIA driver's library failed (exit status -6)")
    assert machine.calls() == EVERYTHING[: EVERYTHING.index(call) + 1]


@pytest.mark.parametrize("call", ["init", "count"])
def test_a_driver_that_hangs(machine: Machine, library: Path, call: str) -> None:
    """A driver that does not answer is given up after the time limit."""
    start = time.monotonic()
    answer = machine.query(library, {"HANG": call}, time_limit=1.5)
    assert answer == Answer(problem="the NVIDIA driver did not answer within 1.5 s")
    assert time.monotonic() - start < 10
    assert machine.calls()[-1] == call


@pytest.mark.parametrize("content", [b"", b"no library", b"\x7fELF\x02\x01\x01" + bytes(200)])
def test_a_library_that_is_none(machine: Machine, tmp_path: Path, content: bytes) -> None:
    """A file in the library's place that cannot be loaded is as good as no library."""
    if _finds_a_driver(tmp_path):
        pytest.skip("this machine has a driver of its own")
    (tmp_path / "libnvidia-ml.so.1").write_bytes(content)
    assert machine.query(tmp_path) == NO_DRIVER


def test_no_library(machine: Machine, tmp_path: Path) -> None:
    """A machine without a driver has no library, and says so."""
    if _finds_a_driver(tmp_path):
        pytest.skip("this machine has a driver of its own")
    assert machine.query(tmp_path) == NO_DRIVER


def _finds_a_driver(folder: Path) -> bool:
    """Return whether a real driver library is found, here or where WSL2 keeps it."""
    code = "import ctypes; ctypes.CDLL('libnvidia-ml.so.1')"
    env = {**os.environ, "LD_LIBRARY_PATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=False)
    return done.returncode == 0 or Path("/usr/lib/wsl/lib/libnvidia-ml.so.1").exists()


def test_missing_bindings(
    monkeypatch: pytest.MonkeyPatch, machine: Machine, library: Path, tmp_path: Path
) -> None:
    """A half-uninstalled engine says what is missing."""
    monkeypatch.setattr(nvml, "_VENDORED", tmp_path)
    expected = Answer(problem="NVML's bindings are missing: No module named 'pynvml'")
    assert machine.query(library) == expected


def test_an_interpreter_that_cannot_be_started(
    monkeypatch: pytest.MonkeyPatch, machine: Machine, library: Path, tmp_path: Path
) -> None:
    """Where no child process can be started NVML cannot be asked."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    expected = Answer(problem="NVML could not be asked: No such file or directory")
    assert machine.query(library) == expected


def test_nothing_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, machine: Machine, library: Path, tmp_path: Path
) -> None:
    """The folder for the answer is removed, also after a crash."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert machine.query(library) == Answer((12, 9), ((8, 9),))
    assert machine.query(library, {"CRASH": "count"}).problem is not None
    assert [*folder.iterdir()] == []
