"""The platforms of wheels according to their tags (PEP 425, PEP 600, PEP 656)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pip_variants.core.errors import FilenameError, quoted
from pip_variants.core.filenames import split_label
from pip_variants.core.target_markers import target_markers

_macos = re.compile(
    r"macosx_([0-9]{1,9})_([0-9]{1,9})_"
    r"(x86_64|arm64|i386|ppc|ppc64|intel|fat|fat3|fat32|fat64|universal|universal2)"
).fullmatch
_PC = ("x86_64", "i686")
_MACHINES = "x86_64|i686|aarch64|armv7l|ppc64|ppc64le|s390x|riscv64|loongarch64"
_manylinux = re.compile(rf"manylinux_2_([0-9]{{1,2}})_({_MACHINES})").fullmatch
_musllinux = re.compile(rf"musllinux_1_[0-9]{{1,2}}_({_MACHINES}|armv6l)").fullmatch
_old_linux = re.compile(
    rf"manylinux(1|2010)_({'|'.join(_PC)})|manylinux2014_({_MACHINES})|linux_[a-z0-9_]+"
).fullmatch
_WINDOWS = ("win32", "win_amd64", "win_arm64", "win_arm32", "win_ia64")
_other_system = re.compile(
    r"ios_[0-9]+_[0-9]+_(arm64|x86_64)_(iphoneos|iphonesimulator)"
    r"|android_[0-9]+_(arm64_v8a|armeabi_v7a|x86_64|x86)"
    r"|(aix|cygwin|dragonfly|emscripten|freebsd|haiku|hurd|mingw|msys|netbsd|openbsd|pyemscripten"
    r"|pyodide|solaris|sunos|wasi|wasm)[a-z0-9_]*"
).fullmatch
_SYSTEMS = ("win", "macos", "manylinux", "musllinux", "linux", "ios", "android", "darwin")
_with_level = re.compile(r"[a-z0-9_]*_(?:x86_64|amd64)_?(v[1-9])").fullmatch

_any_python = re.compile(r"py[0-9]+").fullmatch
_other_python = re.compile(r"(?:pp|ip|jy|graalpy|rustpython)[0-9_]+").fullmatch
_cpython = re.compile(r"cp([0-9][0-9]+)-(?:none|cp\1[dmut]*)|cp3[0-9]+-abi3t?").fullmatch

_python = re.compile(r"cp([0-9])([0-9]{1,3})").fullmatch
_NUMBERS_OF_PARTS = (5, 6)
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


def compressed_tags(filename: str) -> tuple[str, str, str] | None:
    """Return Python, ABI and platform in the name of a wheel, in lower case; None: no such name."""
    try:
        parts = split_label(filename.removesuffix(".whl"))[0].lower().split("-")
    except FilenameError:
        return None
    if len(parts) not in _NUMBERS_OF_PARTS:
        return None
    return parts[-3], parts[-2], parts[-1]


def platform_tags(filename: str) -> tuple[str, ...]:
    """Return the platform tags in the name of a wheel, or none if the name is invalid."""
    tags = compressed_tags(filename)
    return tuple(tags[2].split(".")) if tags else ()


def targets(filename: str) -> Mapping[Platform, Mapping[str, str]]:
    """Return the platforms of a wheel, each with the environment markers that it fixes.

    A wheel for any platform, or for an unknown one, has none.
    """
    tags = compressed_tags(filename)
    python = _python(tags[0]) if tags else None
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


def tag_problem(tag: str) -> str | None:
    """Return why no machine has a platform tag, or None if one can have it."""
    if tag == "any" or _other_system(tag) or _is_linux(tag) or tag in _WINDOWS:
        return None
    if tag.startswith("macosx_") and _level(tag) is None:
        return None if _is_macos(tag) else f"no Mac matches the tag {quoted(tag)}"
    problem = f"{quoted(tag)} is a tag no machine has"
    level = _level(tag)
    if level is not None:
        return f"{problem}; use x86_64 :: level :: {level}"
    if not tag.startswith(_SYSTEMS):
        return f"{problem}; a label is separated by a hyphen"
    return problem


def python_problem(filename: str) -> str | None:
    """Return why no Python has the Python and ABI tags of a wheel, or None if one can have them."""
    tags = compressed_tags(filename)
    if tags is None:
        return None
    python, abi, _ = tags
    if any(_is_python(first, second) for first in python.split(".") for second in abi.split(".")):
        return None
    return f"no Python has the tags {quoted(f'{python}-{abi}')}"


def _is_python(python: str, abi: str) -> bool:
    if _any_python(python):
        return abi == "none"
    if python.startswith("cp"):
        return _cpython(f"{python}-{abi}") is not None
    return _other_python(python) is not None


def _is_macos(tag: str) -> bool:
    """Return whether there is this macOS.

    Valid are 10.0 to 10.16, and later versions with minor version 0 (as packaging implements it).
    """
    match = _macos(tag)
    if match is None:
        return False
    major, minor = int(match[1]), int(match[2])
    if major == _OLD_MACOS:
        return minor <= _OLD_RELEASES
    return _OLD_MACOS < major <= _LAST_MACOS and minor == 0


def _is_linux(tag: str) -> bool:
    """Return whether there is this Linux: any machine, or a standard for it (PEP 600, PEP 656)."""
    if match := _manylinux(tag):
        on_pc = match[2] in _PC
        # Before glibc 2.17 there is none but for the PC (as packaging implements it).
        return int(match[1]) >= (5 if on_pc else 17)
    level = _level(tag)
    return level is None and (_old_linux(tag) or _musllinux(tag)) is not None


def _level(tag: str) -> str | None:
    """Return the level of x86-64 with which people extend a tag, or None."""
    match = _with_level(tag)
    return match[1] if match else None
