"""The markers of a target that options describe, as a table."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pip_variants import targets

LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
WINDOWS = {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"}
MAC = {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"}
CPYTHON = {"platform_python_implementation": "CPython", "implementation_name": "cpython"}
PYPY = {"platform_python_implementation": "PyPy", "implementation_name": "pypy"}


@pytest.mark.parametrize(
    ("platforms", "expected"),
    [
        ([], {}),
        (["manylinux_2_28_x86_64"], {**LINUX, "platform_machine": "x86_64"}),
        (["manylinux2014_aarch64"], {**LINUX, "platform_machine": "aarch64"}),
        (["musllinux_1_2_armv7l"], {**LINUX, "platform_machine": "armv7l"}),
        (["linux_riscv64"], {**LINUX, "platform_machine": "riscv64"}),
        (["macosx_11_0_arm64"], {**MAC, "platform_machine": "arm64"}),
        (["macosx_10_9_x86_64"], {**MAC, "platform_machine": "x86_64"}),
        (["macosx_10_9_universal2"], MAC),
        (["win_amd64"], {**WINDOWS, "platform_machine": "AMD64"}),
        (["win_arm64"], {**WINDOWS, "platform_machine": "ARM64"}),
        (["win32"], {**WINDOWS, "platform_machine": "x86"}),
        (["win_amd64", "manylinux_2_28_x86_64"], {**WINDOWS, "platform_machine": "AMD64"}),
        (["any"], {}),
    ],
)
def test_a_platform_fixes_system_and_machine(
    platforms: Sequence[str], expected: dict[str, str]
) -> None:
    """A platform tag says which system and which machine the target is; the first one counts."""
    assert targets.markers(platforms, None, None) == expected


@pytest.mark.parametrize(
    ("version", "python", "full"),
    [((3,), "3", "3.0.0"), ((3, 12), "3.12", "3.12.0"), ((3, 12, 4), "3.12", "3.12.4")],
)
def test_a_version_fixes_both_versions(version: Sequence[int], python: str, full: str) -> None:
    """A version of Python is completed by zeros, as an interpreter would say it."""
    expected = {"python_version": python, "python_full_version": full}
    assert targets.markers([], version, None) == expected


@pytest.mark.parametrize(("tag", "expected"), [("cp", CPYTHON), ("pp", PYPY), ("py", {})])
def test_an_implementation_fixes_its_names(tag: str, expected: dict[str, str]) -> None:
    """The tag of an implementation stands for its name; that of any Python says nothing."""
    assert targets.markers([], None, tag) == expected
