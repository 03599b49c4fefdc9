"""Lint of all files of one version together, as tables of names and metadata."""

from __future__ import annotations

import pytest

from pip_variants.core.merge import FileMetadata
from pip_variants.core.metadata import Provider
from pip_variants.core.properties import Variant
from pip_variants.lint.release import Release, check_release
from tests.unit.cases import metadata, provider, variant

LINUX, ARM, WIN = "manylinux_2_28_x86_64", "manylinux_2_28_aarch64", "win_amd64"
JSON = "x-1.0-variants.json"
GPU = provider("gpu", "gpu-provider")
A, B, C = (variant(label, f"gpu :: arch :: {label}") for label in "abc")
NULL = variant("null")


def _wheels(**platforms: str) -> tuple[str, ...]:
    """Return wheels by label, for platforms with spaces between them; `plain` is no label."""
    return tuple(
        f"d/x-1.0-cp311-cp311-{platform}{'' if label == 'plain' else f'-{label}'}.whl"
        for label, found in platforms.items()
        for platform in found.split()
    )


def _document(*variants: Variant, declared: Provider = GPU) -> FileMetadata:
    found = metadata(*variants, namespaces=("gpu",), providers=(declared,))
    return FileMetadata(f"d/{JSON}", found)


def _lines(release: Release) -> str:
    return "".join(f"{item.line}\n" for item in check_release(release))


def test_consistent_release_has_no_findings() -> None:
    """There is nothing to report if all labels have the same platforms and null exists."""
    wheels = _wheels(a=f"{LINUX} {WIN}", null=f"{LINUX} {WIN} macosx_11_0_arm64", plain="any")
    assert _lines(Release(wheels, _document(A, NULL))) == ""


CASES = {
    "labels without wheels: T4": (
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
    "an invalid document": (Release(_wheels(a=LINUX), None, documents=(JSON,)), ""),
    "two documents": (
        Release(_wheels(null=LINUX), _document(NULL), documents=(f"d/{JSON}", "d/X-1.0.json")),
        (
            "warning: d/X-1.0.json: in addition to d/x-1.0-variants.json: an installer reads only"
            " one of them\n"
        ),
    ),
    "plain wheels need no document": (Release(_wheels(plain=LINUX), None), ""),
    "no null variant: T13": (
        Release(_wheels(a=LINUX), _document(A)),
        (
            "note: d/x-1.0-variants.json: variants: there is no null variant: a machine that no"
            " variant fits has nothing to install\n"
        ),
    ),
    "a plain wheel instead of a null variant": (
        Release(_wheels(a=LINUX, plain="any"), _document(A)),
        "",
    ),
    "a null variant under another label: T6": (
        Release(_wheels(a=LINUX, zero=LINUX), _document(A, variant("zero"))),
        "",
    ),
    "one platform": (
        Release(_wheels(a=LINUX, b=f"{LINUX} {WIN}", null=LINUX), _document(A, B, NULL)),
        (
            "note: d/x-1.0-variants.json: variants['a']: only for Linux x86_64, though other labels"
            " are for more\n"
            "note: d/x-1.0-variants.json: variants['null']: only for Linux x86_64, though other"
            " labels are for more\n"
        ),
    ),
    "a platform that all others of the kind have: T1": (
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
            " labels of its kind are\n"
            "note: d/x-1.0-variants.json: variants['c']: not for Linux x86_64, though all other"
            " labels of its kind are\n"
        ),
    ),
    "a tag that no Mac matches: T2": (
        Release(_wheels(null="macosx_110_0_arm64.macosx_11_0_arm64"), _document(NULL)),
        (
            "error: d/x-1.0-cp311-cp311-macosx_110_0_arm64.macosx_11_0_arm64-null.whl: no Mac"
            " matches the tag 'macosx_110_0_arm64'\n"
        ),
    ),
    "enable-if is narrower than the wheels: T16": (
        Release(
            _wheels(a=f"{LINUX} {ARM} {WIN}", null=f"{LINUX} {WIN} macosx_11_0_universal2"),
            _document(
                A,
                NULL,
                declared=provider(
                    "gpu",
                    "gpu-provider",
                    enable_if="platform_system == 'Linux' and platform_machine == 'x86_64'",
                ),
            ),
        ),
        (
            "warning: d/x-1.0-variants.json: providers.gpu.enable-if: disables the provider on"
            " Linux aarch64 and Windows AMD64, the platforms of"
            " x-1.0-cp311-cp311-manylinux_2_28_aarch64-a.whl and 1 more\n"
        ),
    ),
    "no requirement applies to the wheels": (
        Release(
            _wheels(a=f"{LINUX} {WIN}", null=f"{LINUX} {WIN}"),
            _document(
                A,
                NULL,
                declared=provider("gpu", "one; os_name == 'nt'", "two; python_version < '3'"),
            ),
        ),
        (
            "warning: d/x-1.0-variants.json: providers.gpu.requires: disables the provider on Linux"
            " x86_64, the platform of x-1.0-cp311-cp311-manylinux_2_28_x86_64-a.whl\n"
        ),
    ),
    "invalid markers are not checked here": (
        Release(
            _wheels(a=LINUX, null=LINUX),
            _document(A, NULL, declared=provider("gpu", ";", enable_if="x")),
        ),
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_broken_rule_is_one_line(case: str) -> None:
    """Every rule that the files of a version break is one finding."""
    release, text = CASES[case]
    assert _lines(release) == text


def _own(label: str, *, arch: str = "", namespaces: tuple[str, ...] = ("gpu",)) -> FileMetadata:
    found = metadata(
        variant(label, f"gpu :: arch :: {arch or label}"), namespaces=namespaces, providers=(GPU,)
    )
    return FileMetadata(_wheels(**{label: LINUX})[0], found)


def test_wheel_that_contradicts_the_document_is_named() -> None:
    """Each wheel whose own metadata differs is named, with the value that differs."""
    own = (_own("a", arch="9"), _own("b"), _own("c", namespaces=("cpu",)))
    wheels = _wheels(a=LINUX, b=LINUX, c=LINUX, plain=LINUX)
    assert _lines(Release(wheels, _document(A, B, C), own)) == (
        "error: d/x-1.0-cp311-cp311-manylinux_2_28_x86_64-a.whl: variant.json:variants['a']:"
        " differs from d/x-1.0-variants.json\n"
        "error: d/x-1.0-cp311-cp311-manylinux_2_28_x86_64-c.whl:"
        " variant.json:default-priorities.namespace: differs from d/x-1.0-variants.json\n"
    )


def test_wheels_that_contradict_each_other_are_named() -> None:
    """Without a document the wheels are compared with each other."""
    own = (_own("b", namespaces=("cpu",)), _own("a"))
    assert _lines(Release(_wheels(a=LINUX, b=LINUX), None, own, complete=False)) == (
        "error: d/x-1.0-cp311-cp311-manylinux_2_28_x86_64-b.whl:"
        " variant.json:default-priorities.namespace: differs from"
        " d/x-1.0-cp311-cp311-manylinux_2_28_x86_64-a.whl\n"
    )
