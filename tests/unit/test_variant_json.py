"""The ``variant.json`` of one wheel (PEP 825, "Variant metadata in wheels")."""

from __future__ import annotations

import json

import pytest

from pip_variants.core.decision import SelectedVariant
from pip_variants.core.errors import MetadataError
from pip_variants.core.properties import Label
from pip_variants.formats.variant_json import own_variant, read_variant_json
from tests.unit.cases import metadata, variant

A = {"gpu": {"arch": ["2", "1"]}}


def _text(**variants: object) -> str:
    return json.dumps({"default-priorities": {"namespace": ["gpu"]}, "variants": variants})


@pytest.mark.parametrize("label", [None, Label("a")], ids=["any label", "the label of the name"])
def test_only_label_is_the_variant_of_the_wheel(label: Label | None) -> None:
    """The document of a wheel describes one variant, the one of the file name."""
    expected = variant("a", "gpu :: arch :: 1", "gpu :: arch :: 2")
    found = read_variant_json(_text(a=A), label)
    assert found == SelectedVariant(
        expected, metadata(expected, namespaces=("gpu",), revision="0.1")
    )
    assert read_variant_json(_text(a=A).encode(), label) == found


PROBLEMS = [
    pytest.param(_text(), None, "variants: expected only one label, found none", id="no label"),
    pytest.param(
        _text(),
        Label("a"),
        "variants: expected only the label a of the file name, found none",
        id="no label, though the name has one",
    ),
    pytest.param(
        _text(a=A, null={}), None, "variants: expected only one label, found a, null", id="two"
    ),
    pytest.param(
        _text(a=A, null={}),
        Label("a"),
        "variants: expected only the label a of the file name, found a, null",
        id="the label of the name and another",
    ),
    pytest.param(
        _text(a=A),
        Label("b"),
        "variants: expected only the label b of the file name, found a",
        id="another label",
    ),
    pytest.param(
        _text(d=A, c=A, b=A, a=A),
        Label("x"),
        "variants: expected only the label x of the file name, found d, c, b",
        id="at most three are named",
    ),
    pytest.param(
        _text(**{"b" * 300: A}),
        Label("a"),
        f"variants: expected only the label a of the file name, found {'b' * 200}...",
        id="a long label is cut",
    ),
    pytest.param("[]", Label("a"), "expected an object, found a list", id="JSON of another shape"),
    pytest.param(
        "",
        Label("a"),
        "not JSON: Expecting value: line 1 column 1 (char 0)",
        id="no JSON",
    ),
]


@pytest.mark.parametrize(("text", "label", "problem"), PROBLEMS)
def test_other_labels_or_json_are_an_error(text: str, label: Label | None, problem: str) -> None:
    """The error has the expected label and the ones that were found."""
    with pytest.raises(MetadataError) as caught:
        read_variant_json(text, label)
    assert str(caught.value) == problem


def test_null_wheel_has_metadata_without_properties() -> None:
    """The null variant has its own document, too."""
    found = own_variant(metadata(variant("null")), Label("null"))
    assert found.variant.is_null
