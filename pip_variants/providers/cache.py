"""Results of NVML, cached on disk for as long as they cannot have changed.

Starting a process to query the driver is slow compared with a run of pip, and a driver that hangs
takes until the time limit. The cached result is the driver's own; variables that force other facts
are applied to it each time.
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

from pip_variants.system.atomic_file import replace_file

from . import nvml
from .nvml import DriverFacts

FAILURE_LASTS = 3600.0
"""Seconds after which a driver that failed, in whole or in part, is queried again."""

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


def driver_facts(folder: Path | None) -> DriverFacts:
    """Return what NVML reports, from the cache in ``folder`` if that is still valid.

    Without a folder nothing is cached.
    """
    if folder is None or sys.platform not in ("linux", "win32"):
        return nvml.query()
    path = folder / f"nvml-{_digest(_machine())}.json"
    known = _read(path, _digest(fingerprint()))
    if known is not None:
        return known
    found = nvml.query()
    # The query can load the driver and create its devices, which are part of the fingerprint.
    _write(path, _digest(fingerprint()), found)
    return found


def fingerprint() -> tuple[str, ...]:
    """Return what the result depends on: boot, driver, devices, libraries, user and this code."""
    # A newer engine can read more than the one before.
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
    import ctypes  # not every Python has it, and only Windows needs it here

    milliseconds = ctypes.windll.kernel32.GetTickCount64
    milliseconds.restype = ctypes.c_uint64
    # To the minute, because the two clocks drift; a boundary costs one more query.
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


def _read(path: Path, digest: str) -> DriverFacts | None:
    """Return the cached facts, or None if the file is missing, invalid or outdated."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_LARGEST))
        if found["fingerprint"] != digest:
            return None
        until = found["until"]
        if until is not None and not 0 <= until - time.time() <= FAILURE_LASTS:
            return None
        return nvml.parse_facts(found["facts"])
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
        return None


def _write(path: Path, digest: str, found: DriverFacts) -> None:
    """Cache the facts; do nothing if the folder cannot be written."""
    whole = found.cuda is not None and found.problem is None
    until = None if whole else time.time() + FAILURE_LASTS
    text = json.dumps({"fingerprint": digest, "until": until, "facts": asdict(found)})
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text.encode())
