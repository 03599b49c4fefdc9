"""The platforms of wheels according to their tags."""

from __future__ import annotations

import pytest

from pip_variants.lint.platform_tags import matches_no_machine, targets


@pytest.mark.parametrize(
    ("tag", "none"),
    [
        ("macosx_10_9_x86_64", False),
        ("macosx_10_16_intel", False),
        ("macosx_10_17_x86_64", True),
        ("macosx_11_0_arm64", False),
        ("macosx_26_0_universal2", False),
        ("macosx_12_3_arm64", True),
        ("macosx_110_0_arm64", True),
        ("macosx_9_0_ppc", True),
        ("macosx_11_0", True),
        ("macosx_11_0_aarch64", True),
        ("win_amd64", False),
        ("any", False),
    ],
)
def test_tag_of_no_macos_release_matches_no_machine(tag: str, none: bool) -> None:
    """There are macOS 10.0 to 10.16, and versions with minor version 0 after that (T2)."""
    assert matches_no_machine(tag) is none


@pytest.mark.parametrize(
    ("filename", "platforms"),
    [
        ("x-1.0-cp311-cp311-manylinux_2_28_x86_64.manylinux2014_x86_64-a.whl", ["Linux x86_64"]),
        ("x-1.0-1-cp311-cp311-macosx_11_0_universal2.whl", ["macOS arm64", "macOS x86_64"]),
        ("x-1.0-py3-none-win32-a.whl", ["Windows x86"]),
        ("x-1.0-py3-none-musllinux_1_2_aarch64-a.whl", ["Linux aarch64"]),
        ("x-1.0-py3-none-any-a.whl", []),
        ("x-1.0-py3-none-any-A.whl", []),
        ("x.whl", []),
    ],
)
def test_platforms_of_a_wheel_come_from_its_tags(filename: str, platforms: list[str]) -> None:
    """Each tag is a system and a machine, as findings show them."""
    assert sorted(map(str, targets(filename))) == platforms
