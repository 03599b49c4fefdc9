"""What both CPU providers share: the architecture of this machine and its CPU flags.

A *flag* is the name of an instruction set as the published providers, and mostly Linux, spell it.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pip_variants.core.errors import printable, shortened
from pip_variants.core.properties import OrderedFeatures, ordered_features

from . import _cpu_name
from .result import ProviderResult

_OTHER_NAMES = {"amd64": "x86_64", "arm64": "aarch64", "win32": "x86"}


@dataclass(frozen=True, slots=True)
class CpuFacts:
    """The architecture, and the flags that both CPU and operating system enable.

    ``problem`` is a short sentence if the flags could not be read.
    """

    machine: str
    flags: frozenset[str] = frozenset()
    problem: str | None = None

    def unsupported_reason(self, architecture: str) -> str | None:
        """Return why nothing of ``architecture`` is supported, or None if something is."""
        if self.machine != architecture:
            return f"this is {_with_article(self.machine)} machine"
        return self.problem


def read_facts(architecture: str, readers: Mapping[str, Callable[[], frozenset[str]]]) -> CpuFacts:
    """Return the facts of this machine; its flags are read only if it is of ``architecture``.

    ``readers`` has one function for each ``sys.platform``. Nothing is raised.
    """
    found = machine()
    if found != architecture:
        return CpuFacts(found)
    # Its wheels are those of another architecture (i686, armv7l), which has no such levels.
    if sys.maxsize < 2**32:
        return CpuFacts(found, problem=f"this is a 32-bit Python on {_with_article(found)} machine")
    reader = readers.get(sys.platform)
    if reader is None:
        return CpuFacts(found, problem=f"reading the CPU flags is not supported on {sys.platform}")
    try:
        flags = reader()
    # A Python without ctypes, or a system library without the function.
    except (OSError, ImportError, AttributeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return CpuFacts(found, problem=f"the CPU flags could not be read: {why}")
    if not flags:
        problem = f"the operating system reports no {architecture} CPU flags"
        return CpuFacts(found, problem=problem)
    return CpuFacts(found, flags)


def with_hardware(result: ProviderResult) -> ProviderResult:
    """Return ``result`` with a line about the CPU, if it is one of this provider's architecture."""
    for level, values in result.features[:1]:
        name = " ".join(_cpu_name.read(machine()).split()) or "CPU of unknown name"
        line = f"{shortened(printable(name))}, {level} {values[0]}"
        return replace(result, hardware=(line,))
    return result


def machine() -> str:
    """Return the architecture that this interpreter runs as, emulated or not, as Linux names it."""
    windows = os.name == "nt"
    name = sysconfig.get_platform().rpartition("-")[2] if windows else os.uname().machine
    return _OTHER_NAMES.get(name.lower(), name.lower())


def words(text: str) -> tuple[str, ...]:
    """Return the words of a long literal."""
    return tuple(text.split())


def enabled_features(order: tuple[str, ...], flags: frozenset[str]) -> OrderedFeatures:
    """Return a feature with the single value ``on`` for each of ``flags``, in this order."""
    return ordered_features((name, ("on",)) for name in order if name in flags)


def reached_levels(
    levels: tuple[tuple[str, frozenset[str]], ...], flags: frozenset[str]
) -> tuple[str, ...]:
    """Return the names of the levels, highest first, below the first that needs more flags."""
    names: list[str] = []
    for name, needed in levels:
        if not needed <= flags:
            break
        names.insert(0, name)
    return tuple(names)


def facts_of_level(
    machine: str, levels: tuple[tuple[str, frozenset[str]], ...], level: str
) -> CpuFacts:
    """Return the facts of a CPU that has just what a level needs."""
    names = [name for name, _ in levels]
    needed = (flags for _, flags in levels[: names.index(level) + 1])
    return CpuFacts(machine, frozenset().union(*needed))


def known_features(
    name: str, levels: tuple[tuple[str, frozenset[str]], ...], order: tuple[str, ...]
) -> OrderedFeatures:
    """Return all that a CPU with every flag has: its levels as the feature ``name``, its flags."""
    reached = [level for level, _ in reversed(levels)]
    return (*ordered_features([(name, reached)]), *enabled_features(order, frozenset(order)))


def _with_article(name: str) -> str:
    return f"{'an' if name.startswith(('a', 'i', 'x', 's3')) else 'a'} {name}"
