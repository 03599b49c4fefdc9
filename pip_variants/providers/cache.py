"""What providers found, kept on disk for as long as it holds.

Starting a process to query a driver is slow compared with a run of pip, and one that sleeps takes
seconds. Facts are those of the machine; variables that force others are applied each time. There is
one rule for all providers: facts hold while their key is the same, and for a time that the provider
gives them. The key has what decides about them: boot, host, user, control group, devices with
whether they may be opened, libraries, variables, and the code that reads them. A job that sees
other devices on the same machine has another key.

What takes no time to read, as the flags of a CPU, is not kept. Neither is the result of a plugin:
only its authors know what it depends on. On macOS there is no driver whose query takes long.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pip_variants.system.atomic_file import replace_file
from pip_variants.system.owned import make_folder, read_own

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

WHOLE_LASTS = 3600.0
"""Seconds for which complete facts hold; not everything that can change them is in the key."""

NOTHING_LASTS = 120.0
"""Seconds for which a failure, or that nothing was found, holds."""

NOT_KEPT = 0.0
"""For what is no fact of the machine, such as a time limit that was reached."""

_LARGEST = 1 << 16
_FOLDERS = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
)
_SEARCHED = ("LD_LIBRARY_PATH", "LD_PRELOAD")
_READ = (
    "/proc/sys/kernel/random/boot_id",
    "/etc/machine-id",
    # Slurm and others let the control group of a job open only its own devices.
    "/proc/self/cgroup",
)
_STATED = ("/etc/ld.so.cache",)
# What selects devices or changes what a vendor's library reports of them, and the numbers of jobs:
# a container may hide its control group.
_selects_devices = re.compile(
    "CUDA|GPU|NVIDIA|VISIBLE|AFFINITY_MASK|DEVICE_(?:SELECTOR|FILTER|HIERARCHY)"
    "|^(?:HIP|HSA|ROCM|ROCR|ONEAPI|SYCL|TPU|ZE|ZEL|ZES)_|JOB_?ID|STEP_?ID"
)

_Facts = TypeVar("_Facts", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What the facts of one provider depend on, beside what all depend on.

    ``code`` are the files that read them, ``read`` files whose content counts, ``stated`` those
    of which time and size do. ``devices`` are folders and patterns. ``libraries`` are names, looked
    for where the linker does and in ``folders``.
    """

    code: tuple[Path, ...]
    read: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()
    devices: tuple[tuple[str, str], ...] = ()
    libraries: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source(Generic[_Facts]):
    """Facts that one provider reads, a dataclass, and how they are kept.

    ``lasts`` are the seconds for which they hold; ``parse`` makes them of their JSON form and
    raises ValueError, LookupError or TypeError.
    """

    name: str
    depends: Dependencies
    query: Callable[[], _Facts]
    lasts: Callable[[_Facts], float]
    parse: Callable[[Mapping[str, Any]], _Facts]


@dataclass(frozen=True, slots=True)
class Found(Generic[_Facts]):
    """Facts, and the seconds since they were read; None: they were read now."""

    facts: _Facts
    age: float | None = None


def facts_of(source: Source[_Facts], folder: Path | None) -> Found[_Facts]:
    """Return the facts from the cache in ``folder`` if they still hold, else query for them.

    Without a folder nothing is kept.
    """
    if folder is None or sys.platform not in ("linux", "win32"):
        return Found(source.query())
    path = folder / f"{source.name}-{_digest(_machine())}.json"
    known = _read(source, path, _digest(key(source.depends)))
    if known is not None:
        return known
    facts = source.query()
    if source.lasts(facts) > 0:
        # The query can load the driver and create its devices, which are part of the key.
        _write(path, _digest(key(source.depends)), facts)
    return Found(facts)


def forget(folder: Path) -> None:
    """Remove all facts that ``folder`` has of this machine; raise OSError if one cannot be."""
    for path in folder.glob(f"*-{_digest(_machine())}.json"):
        path.unlink(missing_ok=True)


def key(depends: Dependencies) -> tuple[str, ...]:
    """Return all that must be the same for facts to hold."""
    # A newer engine can read more than the one before.
    code = map(_state, depends.code)
    stated = map(_state, map(Path, depends.stated))
    system = _windows() if sys.platform == "win32" else _linux(depends)
    return (*_machine(), *code, *stated, *_variables(), *system)


def _machine() -> tuple[str, ...]:
    # A home folder can be shared by many hosts.
    return (platform.node(), platform.machine(), str(sys.maxsize))


def _variables() -> Iterator[str]:
    for name in sorted(os.environ):
        if name in _SEARCHED or _selects_devices.search(name):
            yield f"{name}={os.environ[name]}"


def _linux(depends: Dependencies) -> Iterator[str]:
    yield str(os.getuid())
    for file in (*_READ, *depends.read):
        yield _content(file)
    # A container has the boot of its host, but its own devices and libraries.
    with contextlib.suppress(OSError):
        yield str(Path("/proc/self/ns/mnt").readlink())
    for folder, pattern in depends.devices:
        yield " ".join(sorted(map(_device, Path(folder).glob(pattern))))
    searched = filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":"))
    for folder in (*_FOLDERS, *depends.folders, *searched):
        for library in depends.libraries:
            yield _state(Path(folder, library))
    yield from map(_state, map(Path, _STATED))


def _windows() -> Iterator[str]:
    if sys.platform != "win32":
        return
    import ctypes  # not every Python has it, and only Windows needs it here

    milliseconds = ctypes.windll.kernel32.GetTickCount64
    milliseconds.restype = ctypes.c_uint64
    # To the minute, because the two clocks drift; a boundary costs one more query.
    yield str(int((time.time() - milliseconds() / 1000) // 60))


def _content(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _device(path: Path) -> str:
    """Return a device and whether it may be opened, which the kernel reports without opening it."""
    return f"{path.name} {os.access(path, os.R_OK | os.W_OK)}"


def _state(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns} {found.st_size} {found.st_ino}"


def _digest(facts: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(facts).encode(errors="replace")).hexdigest()


def _read(source: Source[_Facts], path: Path, digest: str) -> Found[_Facts] | None:
    """Return the cached facts, or None if the file is missing, invalid, outdated or another's."""
    text = read_own(path, _LARGEST)
    if text is None:
        return None
    try:
        found = json.loads(text)
        if found["key"] != digest:
            return None
        facts = source.parse(found["facts"])
        age = time.time() - found["since"]
        return Found(facts, age) if 0 <= age < source.lasts(facts) else None
    except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
        return None


def _write(path: Path, digest: str, found: DataclassInstance) -> None:
    """Cache the facts; do nothing if the folder cannot be written."""
    text = json.dumps({"key": digest, "since": time.time(), "facts": asdict(found)})
    with contextlib.suppress(OSError):
        make_folder(path.parent)
        replace_file(path, text.encode())
