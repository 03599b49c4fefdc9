"""The environment markers of a target that options describe, as a table."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pip_variants.core.target_markers import (
    marker_holds,
    parse_requirement,
    requirement_applies,
    target_markers,
)

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
def test_platform_tag_fixes_system_and_machine(
    platforms: Sequence[str], expected: dict[str, str]
) -> None:
    """A platform tag determines system and machine of the target; the first tag counts."""
    assert target_markers(platforms, None, None) == expected


@pytest.mark.parametrize(
    ("version", "python", "full"),
    [((3,), "3", "3.0.0"), ((3, 12), "3.12", "3.12.0"), ((3, 12, 4), "3.12", "3.12.4")],
)
def test_python_version_is_completed_with_zeros(
    version: Sequence[int], python: str, full: str
) -> None:
    """A version of Python fixes both markers, completed by zeros."""
    expected = {"python_version": python, "python_full_version": full}
    assert target_markers([], version, None) == expected


@pytest.mark.parametrize(("tag", "expected"), [("cp", CPYTHON), ("pp", PYPY), ("py", {})])
def test_implementation_tag_fixes_its_two_names(tag: str, expected: dict[str, str]) -> None:
    """The tag of an implementation stands for its name; that of any Python fixes nothing."""
    assert target_markers([], None, tag) == expected


@pytest.mark.parametrize(
    ("marker", "holds"),
    [
        ("platform_system == 'Linux' and platform_machine == 'aarch64'", True),
        ("platform_machine == 'x86_64'", False),
        ('sys_platform == "linux" or os_name == "nt"', True),
    ],
)
def test_marker_is_evaluated_for_the_target(marker: str, *, holds: bool) -> None:
    """The values of the target replace those of this interpreter."""
    target = target_markers(["manylinux_2_28_aarch64"], None, None)
    assert marker_holds(marker, target) is holds
    assert requirement_applies(f"provider>=1; {marker}", target) is holds


def test_requirement_without_marker_applies_everywhere() -> None:
    """A requirement that has no marker applies to any target."""
    assert requirement_applies("provider>=1", {})


BAD_MARKERS = [
    pytest.param("", "Expected a marker variable", id="empty"),
    pytest.param("os_name", "Expected marker operator", id="no comparison"),
    pytest.param("os_name ~ 'nt'", "Expected marker operator", id="no operator"),
    pytest.param(
        "variant_label == 'a'", "Expected a marker variable", id="a name that does not exist here"
    ),
    pytest.param(
        f"python_version < '{'9' * 10_000}'",
        "more than 4,096 characters",
        id="a number of 10,000 digits",
    ),
    pytest.param(
        f"{'(' * 2_000}os_name == 'nt'{')' * 2_000}",
        "maximum recursion depth",
        id="nested 2,000 deep",
    ),
    pytest.param(r"os_name == '\'", "unterminated string", id="no string in Python"),
]


@pytest.mark.parametrize(("marker", "reason"), BAD_MARKERS)
def test_invalid_marker_is_a_value_error(marker: str, reason: str) -> None:
    """Every error of the marker parser and of the evaluation is a ValueError."""
    with pytest.raises(ValueError, match=reason):
        marker_holds(marker, {})
    with pytest.raises(ValueError, match=reason):
        requirement_applies(f"provider; {marker}", {})


def test_invalid_requirement_is_a_value_error() -> None:
    """A text that is no requirement is a ValueError with the parser's reason."""
    with pytest.raises(ValueError, match="Expected"):
        parse_requirement("provider;;")
