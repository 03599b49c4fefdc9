"""Environment markers of the target: their values for a cross target, and whether one holds.

Wheel tags determine fewer values than markers have; the others are those of this interpreter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pip._vendor.packaging.markers import Marker
from pip._vendor.packaging.requirements import Requirement

from . import limits

# Everything that a hostile marker raises when it is parsed or evaluated: it is invalid, compares
# what cannot be compared, is nested too deeply, has a number of thousands of digits, or a string
# that is none in Python.
_BAD_MARKER = (ValueError, KeyError, AssertionError, TypeError, RecursionError, SyntaxError)

_LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
_SYSTEMS = {
    "win": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
    "macosx_": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "manylinux": _LINUX,
    "musllinux": _LINUX,
    "linux_": _LINUX,
}
_WINDOWS_MACHINES = {"win32": "x86", "win_amd64": "AMD64", "win_arm64": "ARM64"}
_MACHINES = ("x86_64", "i686", "aarch64", "arm64", "armv7l", "ppc64le", "s390x", "riscv64")
_IMPLEMENTATIONS = {"cp": ("CPython", "cpython"), "pp": ("PyPy", "pypy")}


def target_markers(
    platforms: Sequence[str], version: Sequence[int] | None, implementation: str | None
) -> dict[str, str]:
    """Return the markers that ``--platform``, ``--python-version`` and ``--implementation`` fix.

    Of several platforms the first counts, which is the one that pip prefers.
    """
    found: dict[str, str] = {}
    for platform in platforms[:1]:
        for prefix, system in _SYSTEMS.items():
            if platform.startswith(prefix):
                found.update(system)
        machine = next((name for name in _MACHINES if platform.endswith(f"_{name}")), None)
        machine = _WINDOWS_MACHINES.get(platform, machine)
        if machine is not None:
            found["platform_machine"] = machine
    if version is not None:
        found["python_version"] = ".".join(map(str, version[:2]))
        found["python_full_version"] = ".".join(map(str, (*version, 0, 0)[:3]))
    if implementation in _IMPLEMENTATIONS:
        name, short = _IMPLEMENTATIONS[implementation]
        found["platform_python_implementation"] = name
        found["implementation_name"] = short
    return found


def marker_holds(text: str, target: Mapping[str, str]) -> bool:
    """Return whether an environment marker holds on the target; ValueError: it is invalid."""
    _check_length(text)
    try:
        return Marker(text).evaluate(dict(target))
    except _BAD_MARKER as error:
        raise ValueError(str(error)) from None


def parse_requirement(text: str) -> Requirement:
    """Return a parsed requirement; raise ValueError if it is invalid."""
    _check_length(text)
    try:
        found = Requirement(text)
        # Newer releases of packaging parse the versions only when they are compared.
        found.specifier.contains("0")
    except _BAD_MARKER as error:
        raise ValueError(str(error)) from None
    return found


def _check_length(text: str) -> None:
    """Raise ValueError for a text that would take long to parse."""
    if len(text) > limits.TEXT_LENGTH:
        raise ValueError(limits.too_many(limits.TEXT_LENGTH, "characters"))


def requirement_applies(text: str, target: Mapping[str, str]) -> bool:
    """Return whether a requirement's marker holds on the target; ValueError: it is invalid."""
    marker = parse_requirement(text).marker
    return marker is None or marker_holds(str(marker), target)
