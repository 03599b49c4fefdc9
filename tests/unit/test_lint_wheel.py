"""Lint of one wheel: its file name against its variant.json, and the markers in METADATA."""

from __future__ import annotations

import json

import pytest

from pip_variants.lint.wheel import check_wheel

GOOD: dict[str, dict[str, object] | str] = {
    "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json",
    "default-priorities": {"namespace": ["gpu"]},
    "variants": {"a": {"gpu": {"arch": ["1"]}}},
}
FILE = "dist/x-1.0-py3-none-any-a.whl"
PLAIN = "dist/x-1.0-py3-none-any.whl"


def _lines(file: str, variant_json: object, *fields: tuple[str, str]) -> str:
    text = None if variant_json is None else json.dumps(variant_json).encode()
    found = check_wheel(file, text, fields)
    return "".join(f"{item.line}\n" for item in found.findings)


@pytest.mark.parametrize(
    "requirement",
    [
        "y; 'gpu' in variant_namespaces",
        'y>=1; "gpu::arch" not in variant_features and os_name == "posix"',
        "y; 'gpu :: arch :: 1' in variant_properties or variant_label == ''",
        "y; variant_label >= 'cuda12.6'",
        "y @ https://example.org/y.whl;x ; variant_label == '00000000'",
    ],
)
def test_valid_wheel_has_no_findings(requirement: str) -> None:
    """There is nothing to report if name, metadata and markers agree."""
    assert _lines(FILE, GOOD, ("Name", "x"), ("Requires-Dist", requirement)) == ""
    assert _lines(PLAIN, None, ("Requires-Dist", requirement)) == ""


CASES: dict[str, tuple[str, object, str]] = {
    "no variant.json": (
        FILE,
        None,
        (
            "error: dist/x-1.0-py3-none-any-a.whl: the name has the label 'a', but there is no"
            " variant.json in the wheel\n"
        ),
    ),
    "a variant.json without a label": (
        PLAIN,
        GOOD,
        (
            "error: dist/x-1.0-py3-none-any.whl: variant.json: a wheel without a label in its name"
            " must not have one\n"
        ),
    ),
    "another label": (
        "x-1.0-py3-none-any-b.whl",
        GOOD,
        (
            "error: x-1.0-py3-none-any-b.whl: variant.json:variants: expected just the label of the"
            " name, 'b', found 'a'\n"
        ),
    ),
    "two labels": (
        "x-1.0-1-py3-none-any-a.whl",
        {**GOOD, "variants": {"a": {"gpu": {"arch": ["1"]}}, "null": {}}},
        (
            "error: x-1.0-1-py3-none-any-a.whl: variant.json:variants: expected just the label of"
            " the name, 'a', found 'a', 'null'\n"
        ),
    ),
    "no label": (
        FILE,
        {**GOOD, "variants": {}},
        (
            "error: dist/x-1.0-py3-none-any-a.whl: variant.json:variants: expected just the label"
            " of the name, 'a', found none\n"
        ),
    ),
    "null with properties": (
        "x-1.0-py3-none-any-null.whl",
        {**GOOD, "variants": {"null": {"gpu": {"arch": ["1"]}}}},
        (
            "error: x-1.0-py3-none-any-null.whl: variant.json:variants['null']: the null variant"
            " has no properties\n"
        ),
    ),
    "broken": (
        FILE,
        [],
        ("error: dist/x-1.0-py3-none-any-a.whl: variant.json:: expected an object, found a list\n"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_variant_json_must_match_the_file_name(case: str) -> None:
    """The metadata in a wheel describes only the label of its name."""
    file, variant_json, text = CASES[case]
    assert _lines(file, variant_json) == text


MARKERS = {
    "y; variant_label": '"y; variant_label" is not a valid requirement',
    "y; variant_properties == 'a :: b :: c'": (
        "\"y; variant_properties == 'a :: b :: c'\" is not a valid requirement"
    ),
    "y; variant_label == python_version": (
        "'y; variant_label == python_version' is not a valid requirement"
    ),
    "y; 'gpu :: arch' in variant_namespaces": "'gpu :: arch' can never be in variant_namespaces",
    "y; 'gpu' in variant_features": "'gpu' can never be in variant_features",
    "y; 'gpu :: arch' in variant_properties": "'gpu :: arch' can never be in variant_properties",
    "y; 'gpu :: arch :: X' in variant_properties": (
        "'gpu :: arch :: X' can never be in variant_properties"
    ),
    "y; variant_label == 'CU\x1b[2J'": "'CU\\x1b[2J' can never be in variant_label",
}


@pytest.mark.parametrize("requirement", MARKERS)
def test_marker_about_variants_must_be_satisfiable(requirement: str) -> None:
    """A marker about variants is valid, and compares with what can exist."""
    lines = _lines(PLAIN, None, ("Requires-Dist", "z"), ("Requires-Dist", requirement))
    problem = MARKERS[requirement].replace('"y; variant_label"', "'y; variant_label'")
    assert lines == f"error: {PLAIN}: METADATA:Requires-Dist[1]: {problem}\n"


def test_only_requires_dist_may_have_variant_markers() -> None:
    """Other fields of metadata must not have them; a description may contain any text."""
    text = "y; 'gpu' in variant_namespaces"
    fields = (("Requires-External", text), ("Summary", text), ("Description", text))
    assert _lines(PLAIN, None, *fields) == (
        f"error: {PLAIN}: METADATA:Requires-External: markers about variants can only be in"
        f' Requires-Dist: "{text}"\n'
    )
