"""A machine for which wheels are published: the tags that it accepts and its environment markers.

Values only: this machine is not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from pip._vendor.packaging import tags
from pip._vendor.packaging.tags import Tag

from .target_markers import target_markers

Python = tuple[int, int]
"""A minor version of CPython, ``(3, 13)``."""

_GLIBC_OF_OLD_NAMES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_OLDEST_GLIBC = {"x86_64": 5}
_OLDEST_ELSEWHERE = 17


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine by the ``name`` that users type; ``summary`` describes it in a few words.

    ``platforms`` are the platform tags that it accepts, best first.
    """

    name: str
    summary: str
    platforms: tuple[str, ...]

    def tags(self, python: Python) -> frozenset[Tag]:
        """Return the tags that this CPython accepts here."""
        return _tags(python, self.platforms)

    def markers(self, python: Python) -> Mapping[str, str]:
        """Return the environment markers that the tags determine."""
        return target_markers(self.platforms, python, "cp")


def linux(architecture: str, glibc: int) -> tuple[str, ...]:
    """Return the platform tags of a Linux with glibc 2.``glibc`` (PEP 600), best first."""
    oldest = _OLDEST_GLIBC.get(architecture, _OLDEST_ELSEWHERE)
    found = []
    for minor in range(glibc, oldest - 1, -1):
        found.append(f"manylinux_2_{minor}_{architecture}")
        if minor in _GLIBC_OF_OLD_NAMES:
            found.append(f"{_GLIBC_OF_OLD_NAMES[minor]}_{architecture}")
    return (*found, f"linux_{architecture}")


def macos(major: int, architecture: str) -> tuple[str, ...]:
    """Return the platform tags of a Mac, best first."""
    return tuple(tags.mac_platforms((major, 0), architecture))


@lru_cache(maxsize=256)
def _tags(python: Python, platforms: tuple[str, ...]) -> frozenset[Tag]:
    interpreter = "cp{}{}".format(*python)
    own = tags.cpython_tags(python, abis=[interpreter], platforms=platforms)
    return frozenset([*own, *tags.compatible_tags(python, interpreter, platforms)])
