"""The platforms of wheels according to their tags."""

from __future__ import annotations

import pytest
from pip._vendor.packaging.tags import compatible_tags, cpython_tags

from pip_variants.lint.platform_tags import python_problem, tag_problem, targets

LEVEL = "is a tag no machine has; use x86_64 :: level ::"
TAGS = {
    "any": None,
    "macosx_10_9_x86_64": None,
    "macosx_10_16_intel": None,
    "macosx_11_0_arm64": None,
    "macosx_26_0_universal2": None,
    "macosx_10_17_x86_64": "no Mac matches the tag 'macosx_10_17_x86_64'",
    "macosx_12_3_arm64": "no Mac matches the tag 'macosx_12_3_arm64'",
    "macosx_110_0_arm64": "no Mac matches the tag 'macosx_110_0_arm64'",
    "macosx_9_0_ppc": "no Mac matches the tag 'macosx_9_0_ppc'",
    "macosx_11_0": "no Mac matches the tag 'macosx_11_0'",
    "macosx_11_0_aarch64": "no Mac matches the tag 'macosx_11_0_aarch64'",
    "macosx_11_0_x86_64_v3": f"'macosx_11_0_x86_64_v3' {LEVEL} v3",
    "macos_11_0_arm64": "'macos_11_0_arm64' is a tag no machine has",
    "win_amd64": None,
    "win32": None,
    "win_arm64": None,
    "win_amd65": "'win_amd65' is a tag no machine has",
    "win64": "'win64' is a tag no machine has",
    "windows_amd64": "'windows_amd64' is a tag no machine has",
    "linux_x86_64": None,
    "linux_armv6l": None,
    "linux_x86_64_v3": f"'linux_x86_64_v3' {LEVEL} v3",
    "manylinux1_i686": None,
    "manylinux2010_x86_64": None,
    "manylinux2014_s390x": None,
    "manylinux_2_5_x86_64": None,
    "manylinux_2_17_aarch64": None,
    "manylinux_2_28_x86_64": None,
    "manylinux_2_39_riscv64": None,
    "manylinux1_aarch64": "'manylinux1_aarch64' is a tag no machine has",
    "manylinux2017_x86_64": "'manylinux2017_x86_64' is a tag no machine has",
    "manylinux2_17": "'manylinux2_17' is a tag no machine has",
    "manylinux_2_17": "'manylinux_2_17' is a tag no machine has",
    "manylinux_2_4_x86_64": "'manylinux_2_4_x86_64' is a tag no machine has",
    "manylinux_2_12_aarch64": "'manylinux_2_12_aarch64' is a tag no machine has",
    "manylinux_2_28_amd64": "'manylinux_2_28_amd64' is a tag no machine has",
    "manylinux_3_0_x86_64": "'manylinux_3_0_x86_64' is a tag no machine has",
    "manylinux_2_28_x86_64_v4": f"'manylinux_2_28_x86_64_v4' {LEVEL} v4",
    "manylinux_2_28_x86_64v2": f"'manylinux_2_28_x86_64v2' {LEVEL} v2",
    "musllinux_1_2_x86_64": None,
    "musllinux_1_1_armv7l": None,
    "musllinux_2_0_x86_64": "'musllinux_2_0_x86_64' is a tag no machine has",
    "ios_13_0_arm64_iphoneos": None,
    "android_21_arm64_v8a": None,
    "freebsd_14_1_release_amd64": None,
    "pyodide_2024_0_wasm32": None,
    "cu129": "'cu129' is a tag no machine has; a label is separated by a hyphen",
    "any_cu129": "'any_cu129' is a tag no machine has; a label is separated by a hyphen",
}


@pytest.mark.parametrize("tag", TAGS)
def test_platform_tag_is_one_that_a_machine_has(tag: str) -> None:
    """What is left is what people make up, join by a dot or mistype (T2)."""
    assert tag_problem(tag) == TAGS[tag]


@pytest.mark.parametrize(
    ("tags", "exists"),
    [
        ("py3-none", True),
        ("py2.py3-none", True),
        ("cp311-cp311", True),
        ("cp313-cp313t", True),
        ("cp27-cp27mu", True),
        ("cp39-abi3", True),
        ("cp315-abi3.abi3t", True),
        ("cp311-none", True),
        ("cp310.cp311-cp310.cp311", True),
        ("pp310-pypy310_pp73", True),
        ("graalpy311-graalpy242_311_native", True),
        ("cp311-cp310", False),
        ("py3-abi3", False),
        ("py3-cp311", False),
        ("cp3-none", False),
        ("cp27-abi3", False),
        ("python3-none", False),
    ],
)
def test_python_and_abi_are_a_pair_that_a_python_has(tags: str, *, exists: bool) -> None:
    """Of several pairs one is enough."""
    problem = None if exists else f"no Python has the tags '{tags}'"
    assert python_problem(f"x-1.0-{tags}-any-a.whl") == problem
    assert python_problem("x-1.0-py4.whl") is None


@pytest.mark.parametrize("python", [(3, 10), (3, 13)])
@pytest.mark.parametrize("platform", ["manylinux_2_39_x86_64", "macosx_14_0_arm64", "win_amd64"])
def test_tags_that_packaging_knows_are_all_tags_of_machines(
    python: tuple[int, int], platform: str
) -> None:
    """What installers look for has no problem."""
    generated = [*cpython_tags(python, platforms=[platform]), *compatible_tags(python, "cp313")]
    for tag in generated:
        assert python_problem(f"x-1.0-{tag}.whl") is None
        assert tag_problem(tag.platform) is None


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
