"""What NVML said, remembered on disk for as long as it cannot have changed.

Starting a process to ask the driver takes long beside a run of pip, and a driver that hangs takes
until the time limit. What is remembered is the driver's own answer, without the variables by which
a user forces another one: they are laid over it each time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from pip_variants.storing import replace_file

from . import nvml
from .nvml import Answer

FAILURE_LASTS = 3600.0
"""Seconds for which a driver that gave no answer, or half of one, is not asked again."""

_LARGEST = 1 << 16
_LIBRARIES = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/lib/wsl/lib",
)
_STATED = ("/etc/ld.so.cache", "/dev/dxg")
_READ = (
    "/proc/sys/kernel/random/boot_id",
    "/etc/machine-id",
    "/proc/driver/nvidia/version",
    "/sys/module/nvidia/version",
)
_LISTED = (("/dev", "nvidia*"), ("/proc/driver/nvidia/gpus", "*"))


def ask(folder: Path | None) -> Answer:
    """Return what NVML says, from ``folder`` if it still holds; None: nothing is remembered."""
    if folder is None or sys.platform not in ("linux", "win32"):
        return nvml.query()
    path = folder / f"nvml-{_digest(_machine())}.json"
    known = _read(path, _digest(fingerprint()))
    if known is not None:
        return known
    found = nvml.query()
    # Asking can load the driver and make its devices, so only now is the machine as it will be.
    _write(path, _digest(fingerprint()), found)
    return found


def fingerprint() -> tuple[str, ...]:
    """Return what NVML's answer depends on: boot, driver, devices, libraries, user, and us."""
    # An upgrade of this engine can read more than the one before it.
    reader = map(_state, nvml.READERS)
    return (*_machine(), *reader, *(_windows() if sys.platform == "win32" else _linux()))


def _machine() -> tuple[str, ...]:
    return (platform.node(), platform.machine(), str(sys.maxsize))


def _linux() -> Iterator[str]:
    yield str(os.getuid())
    yield os.environ.get("NVIDIA_VISIBLE_DEVICES", "")
    for name in _READ:
        yield _content(name)
    # A container has the boot of its host, but its own devices and libraries.
    with contextlib.suppress(OSError):
        yield str(Path("/proc/self/ns/mnt").readlink())
    for folder, pattern in _LISTED:
        yield " ".join(sorted(path.name for path in Path(folder).glob(pattern)))
    searched = os.environ.get("LD_LIBRARY_PATH", "")
    yield searched
    for folder in (*_LIBRARIES, *filter(None, searched.split(":"))):
        yield _state(Path(folder, "libnvidia-ml.so.1"))
    for name in _STATED:
        yield _state(Path(name))


def _windows() -> Iterator[str]:
    if sys.platform != "win32":
        return
    import ctypes  # some Pythons have none, and only here it is needed

    milliseconds = ctypes.windll.kernel32.GetTickCount64
    milliseconds.restype = ctypes.c_uint64
    # To the minute: the two clocks drift. A boundary now and then costs one more question.
    yield str(int((time.time() - milliseconds() / 1000) // 60))
    system, programs = os.environ.get("WINDIR", ""), os.environ.get("PROGRAMFILES", "")
    yield _state(Path(system, "System32", "nvml.dll"))
    yield _state(Path(programs, "NVIDIA Corporation", "NVSMI", "nvml.dll"))


def _content(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _state(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns} {found.st_size} {found.st_ino}"


def _digest(facts: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(facts).encode(errors="replace")).hexdigest()


def _read(path: Path, digest: str) -> Answer | None:
    """Return what the file remembers, or None if it is missing, of another state, or not ours."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_LARGEST))
        if found["fingerprint"] != digest:
            return None
        until = found["until"]
        if until is not None and not 0 <= until - time.time() <= FAILURE_LASTS:
            return None
        return nvml.answer(found["answer"])
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
        return None


def _write(path: Path, digest: str, found: Answer) -> None:
    """Remember an answer; a cache that cannot be written is none."""
    whole = found.cuda is not None and found.problem is None
    until = None if whole else time.time() + FAILURE_LASTS
    text = json.dumps({"fingerprint": digest, "until": until, "answer": asdict(found)})
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text.encode())
