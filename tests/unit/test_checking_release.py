"""What `check` says of all files of one version together, as tables of names and metadata."""

from __future__ import annotations

import pytest

from pip_variants.checking import Release, check_release
from pip_variants.checking.platforms import matches_no_machine, targets
from pip_variants.combining import Described
from pip_variants.commands.parsers import PARSERS
from pip_variants.metadata import Metadata, Provider
from tests.unit.cases import metadata, variant

LINUX, ARM, WIN, MAC = "manylinux_2_28_x86_64", "manylinux_2_28_aarch64", "win_amd64", ""
JSON = "x-1.0-variants.json"
GPU = Provider("gpu", requires=("gpu-provider",))
A, B, C = (variant(label, f"gpu :: arch :: {label}") for label in "abc")
NULL = variant("null")


def _wheels(**platforms: str) -> tuple[str, ...]:
    """Return wheels by label, for platforms with spaces between them; `plain` is no label."""
    return tuple(
        f"d/x-1.0-cp311-cp311-{platform}{'' if label == 'plain' else f'-{label}'}.whl"
        for label, found in platforms.items()
        for platform in found.split()
    )


def _document(*variants: object, provider: Provider = GPU) -> Described:
    listed = [item for item in variants if item is not None]
    found = metadata(*listed, namespaces=("gpu",), providers=(provider,))  # type: ignore[arg-type]
    return Described(f"d/{JSON}", found)


def _said(release: Release) -> str:
    return "".join(f"{item.line}\n" for item in check_release(release, PARSERS))


def test_a_good_release() -> None:
    """Nothing is said where every label has wheels for the same platforms, and null exists."""
    wheels = _wheels(a=f"{LINUX} {WIN}", null=f"{LINUX} {WIN} macosx_11_0_arm64", plain="any")
    assert _said(Release(wheels, _document(A, NULL))) == ""


CASES = {
    "labels without wheels": (
        Release(_wheels(null=LINUX), _document(A, B, NULL)),
        (
            "warning: d/x-1.0-variants.json: variants['a']: no wheel has this label\n"
            "warning: d/x-1.0-variants.json: variants['b']: no wheel has this label\n"
        ),
    ),
    "a wheel without a label in the document": (
        Release(_wheels(b=f"{LINUX} {WIN}", null=f"{LINUX} {WIN}"), _document(NULL)),
        (
            "error: d/x-1.0-variants.json: variants: the label 'b' of"
            " x-1.0-cp311-cp311-manylinux_2_28_x86_64-b.whl and 1 more is not listed\n"
        ),
    ),
    "not all files are known": (
        Release(_wheels(a=LINUX), _document(A, B, NULL), complete=False),
        "",
    ),
    "no document": (
        Release(_wheels(b=LINUX, a=LINUX, plain="any"), None),
        (
            "warning: d/x-1.0-cp311-cp311-manylinux_2_28_x86_64-a.whl: there is no"
            " 'x-1.0-variants.json' beside it\n"
        ),
    ),
    "a broken document": (Release(_wheels(a=LINUX), None, documents=(JSON,)), ""),
    "two documents": (
        Release(_wheels(null=LINUX), _document(NULL), documents=(f"d/{JSON}", "d/X-1.0.json")),
        (
            "warning: d/X-1.0.json: besides d/x-1.0-variants.json: installers read one of them,"
            " and any of them\n"
        ),
    ),
    "plain wheels need no document": (Release(_wheels(plain=LINUX), None), ""),
    "no null variant": (
        Release(_wheels(a=LINUX), _document(A)),
        (
            "note: d/x-1.0-variants.json: variants: there is no null variant: a machine that"
            " none fits"
            " has no wheel to install\n"
        ),
    ),
    "a plain wheel instead of a null variant": (
        Release(_wheels(a=LINUX, plain="any"), _document(A)),
        "",
    ),
    "a null variant by another name": (
        Release(_wheels(a=LINUX, zero=LINUX), _document(A, variant("zero"))),
        "",
    ),
    "one platform": (
        Release(_wheels(a=LINUX, b=f"{LINUX} {WIN}", null=LINUX), _document(A, B, NULL)),
        (
            "note: d/x-1.0-variants.json: variants['a']: only for Linux x86_64, though other labels"
            " are for more\n"
            "note: d/x-1.0-variants.json: variants['null']: only for Linux x86_64, though other"
            " labels"
            " are for more\n"
        ),
    ),
    "a platform that all others of the kind have": (
        Release(
            _wheels(
                a=f"{LINUX} {WIN}",
                b=f"{LINUX} {WIN} {ARM}",
                c=f"{WIN} {ARM}",
                null=f"{LINUX} {ARM}",
            ),
            _document(A, B, C, NULL),
        ),
        (
            "note: d/x-1.0-variants.json: variants['a']: not for Linux aarch64, though all other"
            " labels"
            " of its kind are\n"
            "note: d/x-1.0-variants.json: variants['c']: not for Linux x86_64, though all other"
            " labels"
            " of its kind are\n"
        ),
    ),
    "a tag that no Mac matches": (
        Release(_wheels(null="macosx_110_0_arm64.macosx_11_0_arm64"), _document(NULL)),
        (
            "error: d/x-1.0-cp311-cp311-macosx_110_0_arm64.macosx_11_0_arm64-null.whl: no Mac"
            " matches"
            " the tag 'macosx_110_0_arm64'\n"
        ),
    ),
    "enable-if is narrower than the wheels": (
        Release(
            _wheels(a=f"{LINUX} {ARM} {WIN}", null=f"{LINUX} {WIN} macosx_11_0_universal2"),
            _document(
                A,
                NULL,
                provider=Provider(
                    "gpu",
                    requires=("gpu-provider",),
                    enable_if="platform_system == 'Linux' and platform_machine == 'x86_64'",
                ),
            ),
        ),
        (
            "warning: d/x-1.0-variants.json: providers.gpu.enable-if: switches the provider off on"
            " Linux aarch64 and Windows AMD64, the platforms of"
            " x-1.0-cp311-cp311-manylinux_2_28_aarch64-a.whl and 1 more\n"
        ),
    ),
    "no requirement is for the wheels": (
        Release(
            _wheels(a=f"{LINUX} {WIN}", null=f"{LINUX} {WIN}"),
            _document(
                A,
                NULL,
                provider=Provider(
                    "gpu", requires=("one; os_name == 'nt'", "two; python_version < '3'")
                ),
            ),
        ),
        (
            "warning: d/x-1.0-variants.json: providers.gpu.requires: switches the provider off on"
            " Linux x86_64, the platform of x-1.0-cp311-cp311-manylinux_2_28_x86_64-a.whl\n"
        ),
    ),
    "what is no marker is not judged here": (
        Release(
            _wheels(a=LINUX, null=LINUX),
            _document(A, NULL, provider=Provider("gpu", requires=(";",), enable_if="x")),
        ),
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_said(case: str) -> None:
    """Every rule that a version's files break is one line."""
    release, text = CASES[case]
    assert _said(release) == text


def _own(label: str, *, arch: str = "", namespaces: tuple[str, ...] = ("gpu",)) -> Described:
    found: Metadata = metadata(
        variant(label, f"gpu :: arch :: {arch or label}"), namespaces=namespaces, providers=(GPU,)
    )
    return Described(_wheels(**{label: LINUX})[0], found)


def test_contradictions_with_the_document() -> None:
    """Each wheel that says other than the document is named, with the value that differs."""
    own = (_own("a", arch="9"), _own("b"), _own("c", namespaces=("cpu",)))
    wheels = _wheels(a=LINUX, b=LINUX, c=LINUX, plain=LINUX)
    assert _said(Release(wheels, _document(A, B, C), own)) == (
        "error: d/x-1.0-cp311-cp311-manylinux_2_28_x86_64-a.whl: variant.json:variants['a']:"
        " differs from d/x-1.0-variants.json\n"
        "error: d/x-1.0-cp311-cp311-manylinux_2_28_x86_64-c.whl:"
        " variant.json:default-priorities.namespace: differs from d/x-1.0-variants.json\n"
    )


def test_contradictions_between_wheels() -> None:
    """Without a document the wheels are compared with each other."""
    own = (_own("b", namespaces=("cpu",)), _own("a"))
    assert _said(Release(_wheels(a=LINUX, b=LINUX), None, own, complete=False)) == (
        "error: d/x-1.0-cp311-cp311-manylinux_2_28_x86_64-b.whl:"
        " variant.json:default-priorities.namespace: differs from"
        " d/x-1.0-cp311-cp311-manylinux_2_28_x86_64-a.whl\n"
    )


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
def test_tags_of_macs(tag: str, none: bool) -> None:
    """There are macOS 10.0 to 10.16, and whole versions after that."""
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
def test_the_platforms_of_a_wheel(filename: str, platforms: list[str]) -> None:
    """The platforms of a name, as the words of a finding have them."""
    assert sorted(map(str, targets(filename))) == platforms
