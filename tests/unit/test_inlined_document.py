"""What an entry of a lock inlines: which keys, which labels, and what cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import reduce

import pytest

from pip_variants.core.errors import MetadataError
from pip_variants.core.properties import Label
from pip_variants.formats.lock_table import SPELLINGS, inlined_document

Entry = Mapping[str, object]

LABELS = (Label("fast"), Label("null"))
VARIANTS = {"fast": {"gpu": {"arch": ["2"]}}, "null": {}}
DOCUMENT = {"$schema": "https://example.org/v0.1.1.json", "variants": VARIANTS}


@pytest.mark.parametrize("key", SPELLINGS)
def test_document_is_found_under_each_of_its_keys(key: str) -> None:
    """The PEP has two spellings in its own text, and its drafts two more."""
    assert inlined_document({"name": "x", key: DOCUMENT}, LABELS) == DOCUMENT


def test_all_spellings_are_those_of_the_pep_and_its_drafts() -> None:
    """With the singular and the plural, with a hyphen and with an underscore."""
    words = ("variants", "variant")
    assert tuple(f"{word}{mark}json" for word in words for mark in "-_") == SPELLINGS


FOUND: dict[str, tuple[Entry, object]] = {
    "no document": ({"name": "x"}, None),
    "two spellings of one": ({"variants-json": DOCUMENT, "variant_json": DOCUMENT}, DOCUMENT),
    "labels of other files": (
        {"variants-json": {**DOCUMENT, "variants": {**VARIANTS, "other": {}, "OTHER!": 1}}},
        DOCUMENT,
    ),
    "a label is missing": (
        {"variants-json": {"variants": {"null": {}}}},
        {"variants": {"null": {}}},
    ),
    "other keys": (
        {"variants-json": {**DOCUMENT, "since": date(2026, 1, 1)}},
        {**DOCUMENT, "since": date(2026, 1, 1)},
    ),
    "no table of variants": ({"variants-json": {"variants": 3}}, {"variants": 3}),
    "no variants, but an address": ({"variants-json": {"url": "x"}}, {"url": "x"}),
}


@pytest.mark.parametrize(("entry", "expected"), FOUND.values(), ids=FOUND)
def test_document_is_cut_to_the_labels_of_the_locked_wheels(entry: Entry, expected: object) -> None:
    """What is wrong with the rest is found by the reader of its revision."""
    assert inlined_document(entry, LABELS) == expected


DEEP: dict[str, object] = reduce(lambda inner, _: {"x": inner}, range(100_000), {})

ERRORS: dict[str, tuple[Entry, str]] = {
    "no table": ({"variants-json": []}, "variants-json: expected an object, found a list"),
    "a date": (
        {"variant_json": date(2026, 1, 1)},
        "variant_json: expected an object, found a date or a time",
    ),
    "two documents": (
        {"variant_json": {}, "variants_json": DOCUMENT},
        "variant_json: differs from variants_json",
    ),
    "nested": ({"variants-json": {"x": DEEP}}, "variants-json: nested too deeply"),
    "large": ({"variants-json": {"x": "y" * 1024}}, "variants-json: larger than 16 MiB"),
}


@pytest.mark.parametrize(("entry", "error"), ERRORS.values(), ids=ERRORS)
def test_document_that_cannot_be_used_is_an_error(
    entry: Entry, error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the key."""
    monkeypatch.setattr("pip_variants.formats.lock_table.MAX_BYTES", 1024)
    with pytest.raises(MetadataError) as caught:
        inlined_document(entry, LABELS)
    assert str(caught.value) == error
