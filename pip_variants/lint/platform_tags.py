"""The platforms of wheels according to their tags (PEP 425, PEP 600, PEP 656)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pip_variants.core.errors import FilenameError
from pip_variants.core.filenames import split_label
from pip_variants.core.target_markers import target_markers

_macos = re.compile(
    r"macosx_([0-9]{1,9})_([0-9]{1,9})_"
    r"(x86_64|arm64|i386|ppc|ppc64|intel|fat|fat3|fat32|fat64|universal|universal2)"
).fullmatch
_python = re.compile(r"cp([0-9])([0-9]{1,3})").fullmatch
_UNIVERSAL = "_universal2"
_OLD_MACOS, _OLD_RELEASES = 10, 16
_LAST_MACOS = 99


@dataclass(frozen=True, slots=True)
class Platform:
    """An operating system and a machine, by the names that environment markers have for them."""

    system: str
    machine: str

    def __str__(self) -> str:
        return f"{'macOS' if self.system == 'Darwin' else self.system} {self.machine}"


def platform_tags(filename: str) -> tuple[str, ...]:
    """Return the platform tags in the name of a wheel, or none if the name is invalid."""
    try:
        stem = split_label(filename.removesuffix(".whl"))[0]
    except FilenameError:
        return ()
    return tuple(stem.rpartition("-")[2].split("."))


def targets(filename: str) -> Mapping[Platform, Mapping[str, str]]:
    """Return the platforms of a wheel, each with the environment markers that it fixes.

    A wheel for any platform, or for an unknown one, has none.
    """
    try:
        parts = split_label(filename.removesuffix(".whl"))[0].split("-")
    except FilenameError:
        return {}
    python = _python(parts[-3]) if len(parts) > 2 else None  # noqa: PLR2004 - python, abi, platform
    version = (int(python[1]), int(python[2])) if python else None
    found = {}
    for tag in platform_tags(filename):
        for single in _single(tag):
            values = target_markers((single,), version, None)
            if "platform_system" in values and "platform_machine" in values:
                found[Platform(values["platform_system"], values["platform_machine"])] = values
    return found


def _single(tag: str) -> tuple[str, ...]:
    """Return a tag for several machines as one tag for each."""
    if tag.endswith(_UNIVERSAL):
        start = tag.removesuffix(_UNIVERSAL)
        return f"{start}_arm64", f"{start}_x86_64"
    return (tag,)


def matches_no_machine(tag: str) -> bool:
    """Return whether a platform tag is for a macOS version that does not exist.

    Valid are 10.0 to 10.16, and later versions with minor version 0 (as packaging implements it).
    """
    if not tag.startswith("macosx_"):
        return False
    match = _macos(tag)
    if match is None:
        return True
    major, minor = int(match[1]), int(match[2])
    if major == _OLD_MACOS:
        return minor > _OLD_RELEASES
    return not (_OLD_MACOS < major <= _LAST_MACOS and minor == 0)
