"""The child that queries Level Zero, with a fake loader.

``libze_loader.so.1`` is compiled from the lines below, by the declarations of the specification,
and found through LD_LIBRARY_PATH, as a real one is found; environment variables set what it
returns.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType

import pytest

from pip_variants.providers import level_zero, probe
from pip_variants.providers.level_zero import Gpu, LevelZeroFacts, parse_facts
from tests.support.libraries import compile_library, needs_compiler
from tests.support.waiting import within

pytestmark = needs_compiler

# FAKE_GPUS has one word for each GPU: vendor, type, flags and device IP in hexadecimal, and a name;
# `x` fails with FAKE_GPU_ERROR. FAKE_OTHER has those of a second driver, which fails without.
SOURCE = r"""
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint32_t setting(const char *name) {
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 0) : 0;
}
static void called(const char *name) {
    FILE *log = fopen(getenv("FAKE_LOG"), "a");
    fprintf(log, "%s\n", name);
    fclose(log);
    printf("noise on stdout from %s\n", name);
    fflush(stdout);
    const char *crash = getenv("FAKE_CRASH"), *hang = getenv("FAKE_HANG");
    if (crash && !strcmp(crash, name)) abort();
    if (hang && !strcmp(hang, name)) for (;;) pause();
}
static void list(uint32_t number, uintptr_t first, uint32_t *count, void **handles) {
    if (handles)
        for (uint32_t i = 0; i < number && i < *count; i++) handles[i] = (void *)(first + i);
    *count = number;
}
// Handles do not fit 32 bits.
#define DRIVER 0x710000000001
#define DEVICE 0x720000000001
static uint32_t drivers(void) { return getenv("FAKE_OTHER") ? 2 : setting("FAKE_DRIVERS"); }

#ifndef OLD
typedef struct { int stype; const void *next; uint32_t flags; } which_t;
uint32_t zeInitDrivers(uint32_t *count, void **handles, which_t *which) {
    called("init drivers");
    if (which->stype != 0x20021 || which->next || which->flags != 1) return 0x78000004;
    list(drivers(), DRIVER, count, handles);
    return setting("FAKE_INIT_DRIVERS_ERROR");
}
#endif
#ifndef BROKEN
uint32_t zeInit(uint32_t flags) {
    called("init");
    return flags == 1 ? setting("FAKE_INIT_ERROR") : 0x78000004;
}
#endif
uint32_t zeDriverGet(uint32_t *count, void **handles) {
    called("drivers");
    list(drivers(), DRIVER, count, handles);
    return 0;
}
static char *gpus(void *driver) {
    return getenv((uintptr_t)driver == DRIVER ? "FAKE_GPUS" : "FAKE_OTHER");
}
static char *word(char *from, int index) {
    static char text[999];
    strcpy(text, from);
    char *found = strtok(text, " ");
    while (found && index--) found = strtok(NULL, " ");
    return found;
}
uint32_t zeDeviceGet(void *driver, uint32_t *count, void **handles) {
    called("devices");
    uint32_t number = 0;
    while (word(gpus(driver), number)) number++;
    list(number, DEVICE + ((uintptr_t)driver - DRIVER) * 100, count, handles);
    return (uintptr_t)driver == DRIVER ? 0 : setting("FAKE_OTHER_ERROR");
}
typedef struct { int stype; const void *next; uint32_t ip; } ip_t;
typedef struct {
    int stype;
    void *next;
    int type;
    uint32_t vendor, device, flags, subdevice, clock;
    uint64_t largest;
    uint32_t contexts, priority, threads, simd, eus, subslices, slices;
    uint64_t timer;
    uint32_t valid, kernel_valid;
    uint8_t uuid[16];
    char name[256];
} properties_t;
uint32_t zeDeviceGetProperties(void *device, properties_t *found) {
    called("properties");
    uintptr_t number = (uintptr_t)device - DEVICE;
    char *text = word(getenv(number < 100 ? "FAKE_GPUS" : "FAKE_OTHER"), number % 100);
    if (*text == 'x') return setting("FAKE_GPU_ERROR");
    ip_t *extension = found->next;
    if (found->stype != 3 || extension->stype != 0x1000f || extension->next) return 0x78000004;
    uint32_t ip;
    sscanf(text, "%x:%x:%x:%x:%255s", &found->vendor, &found->type, &found->flags, &ip,
           found->name);
    if (!getenv("FAKE_NO_IP")) extension->ip = ip;
    return 0;
}
#ifndef OLD
typedef struct { int stype; void *next; uint8_t uuid[16]; uint32_t version; } driver_t;
uint32_t zeDriverGetProperties(void *driver, driver_t *found) {
    found->version = 0x1069de3;
    return found->stype == 1 && !found->next ? setting("FAKE_VERSION_ERROR") : 0x78000004;
}
#endif
"""

Settings = Mapping[str, str]
NO_SETTINGS: Settings = MappingProxyType({})

LOADER, DRIVER = level_zero._LOADER, level_zero._DRIVER
A770, MAX, IRIS = "8086:1:0:30dc008:Arc_A770", "8086:1:2:30f0007:Max_1550", "8086:1:1:3000000:Iris"
ARC = Gpu("Arc_A770", (12, 55, 8), "1.6.40419")
PONTE_VECCHIO = Gpu("Max_1550", (12, 60, 7), "1.6.40419")
TIGER_LAKE = Gpu("Iris", (12, 0, 0), "1.6.40419", integrated=True)

NEW_CALLS = ["init drivers"] * 2 + ["devices"] * 2 + ["properties"]
OLD_CALLS = ["init", *["drivers"] * 2, *["devices"] * 2, "properties"]


@pytest.fixture(scope="session")
def loader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a current loader."""
    return compile_library(tmp_path_factory.mktemp("loader"), LOADER, SOURCE)


@pytest.fixture(scope="session")
def old_loader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a loader without newer calls."""
    return compile_library(tmp_path_factory.mktemp("old"), LOADER, SOURCE, "-DOLD")


class Machine:
    """A machine with a fake loader, which logs its calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, log: Path) -> None:
        self._monkeypatch = monkeypatch
        self._log = log

    def query(
        self, folder: Path, settings: Settings = NO_SETTINGS, time_limit: float = probe.TIME_LIMIT
    ) -> LevelZeroFacts:
        """Return what Level Zero reports with these settings, by default one Arc A770."""
        for name, value in {"DRIVERS": "1", "GPUS": A770, **settings}.items():
            self._monkeypatch.setenv(f"FAKE_{name}", value)
        self._monkeypatch.setenv("FAKE_LOG", str(self._log))
        self._monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))
        return level_zero.query(time_limit)

    def calls(self) -> list[str]:
        """Return the calls of the loader, in order."""
        return self._log.read_text("utf-8").splitlines() if self._log.exists() else []


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    """Return a machine that logs calls of the loader."""
    return Machine(monkeypatch, tmp_path / "calls")


LISTED: Mapping[str, tuple[Settings, LevelZeroFacts]] = {
    "one GPU": ({}, LevelZeroFacts((ARC,))),
    "integrated and discrete": (
        {"GPUS": f"{A770} {IRIS}"},
        LevelZeroFacts((ARC, TIGER_LAKE)),
    ),
    "two parts of one GPU": ({"GPUS": f"{MAX} {MAX}"}, LevelZeroFacts((PONTE_VECCHIO,) * 2)),
    "two drivers": ({"OTHER": IRIS}, LevelZeroFacts((ARC, TIGER_LAKE))),
    "another vendor": ({"GPUS": f"10de:1:0:1:Other {A770}"}, LevelZeroFacts((ARC,))),
    "an NPU": ({"GPUS": f"8086:5:0:1:Npu {A770}"}, LevelZeroFacts((ARC,))),
    "no GPU": ({"GPUS": ""}, LevelZeroFacts()),
    "no driver": ({"DRIVERS": "0"}, LevelZeroFacts()),
    "no version": (
        {"VERSION_ERROR": "1"},
        LevelZeroFacts((Gpu("Arc_A770", (12, 55, 8)),)),
    ),
    "device IP not reported": (
        {"NO_IP": "1"},
        LevelZeroFacts((Gpu("Arc_A770", None, "1.6.40419"),)),
    ),
    "one of two lost": (
        {"GPUS": f"x {A770}", "GPU_ERROR": "0x70000001"},
        LevelZeroFacts((ARC,), "GPU 0 cannot be read: the GPU was lost"),
    ),
    "second driver fails": (
        {"OTHER": IRIS, "OTHER_ERROR": "0x70000002"},
        LevelZeroFacts((ARC,), "not enough memory"),
    ),
}


@pytest.mark.parametrize(("settings", "facts"), LISTED.values(), ids=LISTED)
def test_query_returns_the_gpus_of_intel(
    machine: Machine, loader: Path, settings: Settings, facts: LevelZeroFacts
) -> None:
    """Each GPU with its device IP; what cannot be read does not hide the others."""
    assert machine.query(loader, settings) == facts


def test_current_loader_is_called_as_specified(machine: Machine, loader: Path) -> None:
    """By the newer call alone, for GPUs alone, and each list is requested twice."""
    assert machine.query(loader) == LevelZeroFacts((ARC,))
    assert machine.calls() == NEW_CALLS


def test_old_loader_is_called_by_the_older_calls(machine: Machine, old_loader: Path) -> None:
    """A loader before 1.10 has no newer call; the version is not needed."""
    assert machine.query(old_loader) == LevelZeroFacts((Gpu("Arc_A770", (12, 55, 8)),))
    assert machine.calls() == OLD_CALLS


def test_old_driver_under_a_current_loader_is_found(machine: Machine, loader: Path) -> None:
    """Such a loader has the newer call, which finds no driver: the older ones do."""
    facts = machine.query(loader, {"INIT_DRIVERS_ERROR": "0x78000001"})
    assert facts == LevelZeroFacts((ARC,))
    assert machine.calls() == ["init drivers", *OLD_CALLS]


def _has(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


no_driver = pytest.mark.skipif(_has(DRIVER), reason="this machine has a driver of its own")
no_loader = pytest.mark.skipif(_has(LOADER), reason="this machine has a loader of its own")

# Codes of both calls, and the problem.
FAILURES = {
    "no permission": ("0x70010000", "0x78000001", "no permission to use the GPU"),
    "dependency": ("0x70020000", "0x70020000", "a library that the driver needs is missing"),
    "lost": ("0x70000001", "0x70000001", "the GPU was lost"),
    "the second alone": ("0x78000001", "0x70000006", "the GPU needs a reset"),
    "firmware": ("0x78000020", "0x78000020", "the GPU needs other firmware"),
    "unknown": ("0x7ffffffe", "0x7ffffffe", "Level Zero: error 0x7ffffffe"),
}


@pytest.mark.parametrize(("first", "second", "problem"), FAILURES.values(), ids=FAILURES)
def test_failing_initialisation_is_a_problem(
    machine: Machine, loader: Path, first: str, second: str, problem: str
) -> None:
    """An error is a problem in plain words; that of the call which knows more counts."""
    facts = machine.query(loader, {"INIT_DRIVERS_ERROR": first, "INIT_ERROR": second})
    assert facts == LevelZeroFacts(problem=problem)
    assert machine.calls() == ["init drivers", "init"]


NOT_INITIALISED = {"INIT_DRIVERS_ERROR": "0x78000001", "INIT_ERROR": "0x78000001"}


@no_driver
def test_missing_driver_is_named(machine: Machine, loader: Path) -> None:
    """The loader is often installed without a driver, and gives the same code as for no GPU."""
    facts = machine.query(loader, NOT_INITIALISED)
    assert facts.problem == "Level Zero has no driver libze_intel_gpu.so.1"


def test_driver_that_finds_nothing_is_distinguished(machine: Machine, tmp_path: Path) -> None:
    """With a driver it is the GPU that is missing, or a driver that cannot be loaded."""
    compile_library(tmp_path, LOADER, SOURCE)
    compile_library(tmp_path, DRIVER, "")
    facts = machine.query(tmp_path, NOT_INITIALISED)
    assert facts.problem == "the driver of Level Zero finds no GPU that it can use"
    (tmp_path / DRIVER).write_bytes(b"no library")
    problem = machine.query(tmp_path, NOT_INITIALISED).problem
    assert problem is not None
    assert problem.startswith(f"the driver of Level Zero cannot be loaded: {tmp_path}/{DRIVER}: ")


@no_loader
def test_missing_or_broken_loader_is_a_problem(machine: Machine, tmp_path: Path) -> None:
    """A loader that cannot be loaded is not the same as none."""
    assert machine.query(tmp_path) == LevelZeroFacts(problem="Level Zero is not installed")
    (tmp_path / LOADER).write_bytes(b"no library")
    problem = machine.query(tmp_path).problem
    assert problem is not None
    assert problem.startswith(f"the loader of Level Zero cannot be loaded: {tmp_path}/{LOADER}: ")


def test_loader_in_a_folder_that_the_linker_ignores_is_found(
    monkeypatch: pytest.MonkeyPatch, machine: Machine, loader: Path, tmp_path: Path
) -> None:
    """On NixOS programs find it only by LD_LIBRARY_PATH."""
    monkeypatch.setattr(level_zero, "_AFTER", (str(tmp_path / "none"), str(loader)))
    assert machine.query(tmp_path).gpus != ()
    libraries = level_zero._libraries()
    assert libraries[0] == LOADER


def test_loader_without_a_call_is_a_problem(machine: Machine, tmp_path: Path) -> None:
    """A symbol that is missing is named."""
    compile_library(tmp_path, LOADER, SOURCE, "-DOLD", "-DBROKEN")
    problem = machine.query(tmp_path).problem
    assert problem is not None
    assert problem.startswith("the loader of Level Zero is too old: ")
    assert "zeInit" in problem


@pytest.mark.parametrize("call", ["init drivers", "devices", "properties"])
def test_crash_of_the_library_is_a_problem(machine: Machine, loader: Path, call: str) -> None:
    """A crash ends the child process only."""
    facts = machine.query(loader, {"CRASH": call})
    problem = "the Intel GPU driver's library failed (exit status -6)"
    assert facts == LevelZeroFacts(problem=problem)
    assert machine.calls()[-1] == call


@pytest.mark.parametrize("call", ["init drivers", "properties"])
def test_hanging_driver_is_killed_after_the_time_limit(
    machine: Machine, loader: Path, call: str
) -> None:
    """A driver that does not respond is a problem, and no fact of the machine."""
    with within(20):
        facts = machine.query(loader, {"HANG": call}, 1.5)
    problem = "the Intel GPU driver did not respond within 1.5 s"
    assert facts == LevelZeroFacts(problem=problem, answered=False)
    assert machine.calls()[-1] == call


CACHED = {
    "whole": (LevelZeroFacts((ARC, TIGER_LAKE)), 3600),
    "not all of it": (LevelZeroFacts((ARC,), "the GPU was lost"), 120),
    "nothing": (LevelZeroFacts(problem="no"), 120),
    "no answer": (LevelZeroFacts(problem="no", answered=False), 0),
}


@pytest.mark.parametrize(("facts", "seconds"), CACHED.values(), ids=CACHED)
def test_facts_hold_by_how_complete_they_are(facts: LevelZeroFacts, seconds: float) -> None:
    """Those that are cached are read back as they were."""
    assert level_zero._lasts(facts) == seconds
    assert parse_facts(asdict(facts)) == LevelZeroFacts(facts.gpus, facts.problem)


GOOD = {"name": "x", "ip": [1, 2, 3], "driver": None, "integrated": False}
INVALID = {
    "no gpus": {"problem": None},
    "no problem": {"gpus": []},
    "two parts": {"gpus": [{**GOOD, "ip": [1, 2]}], "problem": None},
    "large part": {"gpus": [{**GOOD, "ip": [1, 2, 1024]}], "problem": None},
    "text": {"gpus": [{**GOOD, "ip": ["1", 2, 3]}], "problem": None},
    "no GPU": {"gpus": [None], "problem": None},
}


@pytest.mark.parametrize("found", INVALID.values(), ids=INVALID)
def test_invalid_facts_are_refused(found: Mapping[str, object]) -> None:
    """Neither a cache nor a child is trusted to be right."""
    with pytest.raises((ValueError, LookupError, TypeError)):
        parse_facts(found)


def test_names_of_gpus_are_made_safe() -> None:
    """What a driver calls a GPU reaches a terminal."""
    gpu = {**GOOD, "name": "\x1b[2J" + "x" * 300, "driver": "1\n"}
    (found,) = parse_facts({"gpus": [gpu], "problem": None}).gpus
    assert found.name.isprintable()
    assert len(found.name) < 210
    assert found.driver == "'1\\n'"


def test_windows_loader_is_that_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its path: a file of that name beside the program is not loaded."""
    monkeypatch.setattr(level_zero.sys, "platform", "win32")  # type: ignore[attr-defined]
    monkeypatch.setenv("WINDIR", "/windows")
    assert level_zero._libraries() == ("/windows/System32/ze_loader.dll",)
    assert level_zero._dependencies().stated == level_zero._libraries()
