"""What both CPU providers share: which machine this is, and where its CPU can be asked.

A *flag* is the name of an instruction set as the published providers, and mostly Linux, spell it.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pip_variants.properties import Features

CPUINFO = Path("/proc/cpuinfo")

_OTHER_NAMES = {"amd64": "x86_64", "arm64": "aarch64", "win32": "x86"}
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Facts:
    """The architecture, and the flags that CPU *and* operating system enable.

    ``problem`` is a short sentence if the flags could not be read.
    """

    machine: str
    flags: frozenset[str] = frozenset()
    problem: str | None = None

    def why_not(self, architecture: str) -> str | None:
        """Return why nothing can be said of ``architecture``, or None if something can."""
        if self.machine != architecture:
            return f"this is {_with_article(self.machine)} machine"
        return self.problem


def read_facts(architecture: str, readers: Mapping[str, Callable[[], frozenset[str]]]) -> Facts:
    """Return the facts of this machine; it is asked only if it is of ``architecture``.

    ``readers`` has one function for each ``sys.platform``. Nothing is raised.
    """
    found = machine()
    if found != architecture:
        return Facts(found)
    # Its wheels are those of another architecture (i686, armv7l), which has no such levels.
    if sys.maxsize < 2**32:
        return Facts(found, problem=f"this is a 32-bit Python on {_with_article(found)} machine")
    reader = readers.get(sys.platform)
    if reader is None:
        return Facts(found, problem=f"how to ask the CPU is not known on {sys.platform}")
    try:
        flags = reader()
    # A Python without ctypes, or a system library without the function, is an answer as well.
    except (OSError, ImportError, AttributeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Facts(found, problem=f"the CPU could not be asked: {why}")
    if not flags:
        problem = f"the operating system tells of no {architecture} CPU"
        return Facts(found, problem=problem)
    return Facts(found, flags)


def machine() -> str:
    """Return the architecture that this interpreter runs as, emulated or not, as Linux names it."""
    windows = os.name == "nt"
    name = sysconfig.get_platform().rpartition("-")[2] if windows else os.uname().machine
    return _OTHER_NAMES.get(name.lower(), name.lower())


def cpuinfo(*, first_only: bool) -> str:
    """Return ``/proc/cpuinfo``, or little more of it than its first record; raise OSError.

    On machines with hundreds of x86 cores the kernel needs long for the whole of it.
    """
    with CPUINFO.open("rb", buffering=0) as file:
        data = b"" if first_only else file.read()
        while first_only and b"\n\n" not in data and (part := file.read(_BLOCK)):
            data += part
    return data.decode("ascii", "replace")


def lists(text: str, key: str) -> list[frozenset[str]]:
    """Return the words of each line ``key: words``, of lines that are the same only once."""
    lines = dict.fromkeys(line for line in text.splitlines() if line.startswith(key))
    parts = (line.partition(":") for line in lines)
    return [frozenset(found.split()) for name, _, found in parts if name.strip() == key]


def words(text: str) -> tuple[str, ...]:
    """Return the words of a long list."""
    return tuple(text.split())


def switched_on(order: tuple[str, ...], flags: frozenset[str]) -> Features:
    """Return a feature with the single value ``on`` for each of ``flags``, in this order."""
    return tuple((name, ("on",)) for name in order if name in flags)


def reached(
    steps: tuple[tuple[str, frozenset[str]], ...], flags: frozenset[str]
) -> tuple[str, ...]:
    """Return the names of the steps, highest first, up to the first that needs more flags."""
    names: list[str] = []
    for name, needed in steps:
        if not needed <= flags:
            break
        names.insert(0, name)
    return tuple(names)


def _with_article(name: str) -> str:
    return f"{'an' if name.startswith(('a', 'i', 'x', 's3')) else 'a'} {name}"
