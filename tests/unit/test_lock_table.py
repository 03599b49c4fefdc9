"""The table about variants in a lock: the document of its revision, cut, as TOML."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pip._vendor import tomli, tomli_w

from pip_variants.core.errors import MetadataError
from pip_variants.core.metadata import NO_METADATA, VariantMetadata
from pip_variants.core.properties import Label
from pip_variants.formats.lock_table import lock_table
from pip_variants.formats.reader import read
from tests.unit.cases import TORCH_JSON, metadata, provider, variant
from tests.unit.schema_cases import DOCUMENTS

Json = dict[str, object]

EARLY: dict[str, Json] = {
    "packages of all namespaces": {
        "provider-requires": ["gpu-provider"],
        "variants": {"a": {"gpu": {"arch": "1"}}, "00000000": {}},
    },
    "packages of each namespace": {
        "default-priorities": {"namespace": ["gpu"]},
        "providers": {"gpu": ["gpu-provider"]},
        "variants": {"a": {"gpu": {"arch": "1"}}, "00000000": {}},
    },
    "priorities as lists": {
        "default-priorities": {
            "namespace": ["gpu"],
            "feature": ["gpu :: arch"],
            "property": ["gpu :: arch :: 1"],
        },
        "providers": {"gpu": {"requires": ["gpu-provider"], "plugin-api": "gpu:Gpu"}},
        "variants": {"a": {"gpu": {"arch": "1"}}, "00000000": {}},
    },
    "shown by a value alone": {
        "default-priorities": {"namespace": ["gpu"]},
        "providers": {"gpu": {"requires": ["gpu-provider"], "plugin-api": "gpu:Gpu"}},
        "variants": {"a": {"gpu": {"arch": "1"}}, "00000000": {}},
    },
}
ALL = {
    **{f"early, {name}": document for name, document in EARLY.items()},
    **DOCUMENTS,
    "0.0.2 as published": json.loads(TORCH_JSON),
}


def model(*documents: object) -> VariantMetadata:
    """Return the metadata of the first document, with the variants of all of them."""
    first, *others = map(read, documents)
    variants = [*first.variants, *(item for other in others for item in other.variants)]
    return replace(first, variants=tuple(variants))


def locked(documents: Iterable[object], *labels: str) -> dict[str, object]:
    """Return the table for these labels after a way through TOML."""
    listed = list(documents)
    whole = model(*listed) if listed else NO_METADATA
    table = lock_table(listed, whole, [Label(label) for label in labels])
    return tomli.loads(tomli_w.dumps({"variants-json": table}))["variants-json"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("document", ALL.values(), ids=ALL)
def test_cut_document_is_read_as_the_whole_one_without_the_other_labels(document: Json) -> None:
    """In every revision each label keeps its meaning, and all else is as it was."""
    whole = read(document)
    for chosen in whole.variants:
        table = locked([document], chosen.label)
        # `provider-requires` is for the namespaces that the variants have.
        providers = tuple(
            item
            for item in whole.providers
            if "provider-requires" not in document or item.namespace in chosen.namespaces
        )
        assert read(table) == replace(whole, variants=(chosen,), providers=providers)
        assert table.get("$schema") == document.get("$schema")
        assert table.keys() | {"default-priorities"} == document.keys() | {"default-priorities"}


@pytest.mark.parametrize("document", ALL.values(), ids=ALL)
def test_all_labels_give_the_whole_document(document: Json) -> None:
    """Nothing is lost or added if each label is locked."""
    before = copy.deepcopy(document)
    labels = [item.label for item in read(document).variants]
    assert locked([document], *labels) == document == before


def test_document_that_lacks_the_null_variant_gets_it() -> None:
    """The label `null` has no properties, whether or not the document lists it."""
    document = {**DOCUMENTS["0.2.0"], "variants": {"a": {"gpu": {"arch": ["1"]}}}}
    assert locked([document], "null")["variants"] == {"null": {}}
    assert locked([document], "null", "a")["variants"] == {
        "a": {"gpu": {"arch": ["1"]}},
        "null": {},
    }


def test_null_variants_without_any_document_get_one() -> None:
    """Where nothing is published about null variants, the table says that there is no property."""
    table = locked([], "null")
    assert read(table).variants == (variant("null"),)
    assert str(table["$schema"]).endswith("/v0.2.0.json")


WHEEL_A: Json = {
    "default-priorities": {"namespace": ["gpu"]},
    "providers": {"gpu": {"requires": ["gpu-provider"]}},
    "variants": {"a": {"gpu": {"arch": ["1"]}}},
}
WHEEL_B: Json = {
    "default-priorities": {"namespace": ["gpu", "kind"]},
    "providers": {
        "gpu": {"requires": ["gpu-provider"]},
        "kind": {"static-properties": {"order": ["2"]}},
    },
    "variants": {"b": {"kind": {"order": ["2"]}}},
}


def test_documents_of_several_wheels_become_one() -> None:
    """The longer list of namespaces counts; providers, static values and variants add up."""
    old = {
        "static-properties": {"kind": {"order": ["2"]}},
        "default-priorities": {"namespace": ["kind"]},
        "variants": {"c": {"kind": {"order": ["2"]}}},
        "providers": {"kind": {"requires": [], "install-time": False}},
    }
    older = {
        **old,
        "static-properties": {"gpu": {"arch": ["1"]}},
        "providers": {"gpu": {"requires": [], "install-time": False}},
        "variants": {"d": {"gpu": {"arch": ["1"]}}},
    }
    for first, second in ((WHEEL_B, {**WHEEL_B, **WHEEL_A}), (WHEEL_B, WHEEL_B)):
        assert locked([first, second], "b") == WHEEL_B
    two_of_one = {**WHEEL_A, "providers": WHEEL_B["providers"]}
    assert locked([two_of_one, WHEEL_B], "a", "b") == {
        **WHEEL_B,
        "variants": {"a": {"gpu": {"arch": ["1"]}}, "b": {"kind": {"order": ["2"]}}},
    }
    assert locked([old, older], "c", "d") == {
        "default-priorities": {"namespace": ["kind"]},
        "providers": {
            "kind": {"requires": [], "install-time": False},
            "gpu": {"requires": [], "install-time": False},
        },
        "static-properties": {"kind": {"order": ["2"]}, "gpu": {"arch": ["1"]}},
        "variants": {"c": {"kind": {"order": ["2"]}}, "d": {"gpu": {"arch": ["1"]}}},
    }


def test_documents_of_several_revisions_are_written_in_one_that_has_all() -> None:
    """An index-level file without providers and a wheel with them give revision 0.2.0."""
    index = {
        "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json",
        "default-priorities": {"namespace": ["gpu"]},
        "variants": {"b": {"gpu": {"arch": ["2"]}}},
    }
    whole = metadata(
        variant("a", "gpu :: arch :: 1"),
        variant("b", "gpu :: arch :: 2"),
        namespaces=["gpu"],
        providers=(provider("gpu", "gpu-provider"),),
        revision="0.1",
    )
    table = lock_table([index, WHEEL_A], whole, [Label("a")])
    assert read(table) == replace(whole, revision="0.2.0", variants=whole.variants[:1])


def test_label_that_no_document_describes_is_an_error() -> None:
    """No table is made up for a label."""
    with pytest.raises(MetadataError, match=r"^variants: the label x is not described$"):
        lock_table([WHEEL_A], read(WHEEL_A), [Label("x"), Label("a")])


HOSTILE = [
    pytest.param({"requires": ['gpu" \\ #x; os_name == "posix"']}, id="quotes"),
    pytest.param({"requires": ["gpu-provider"], "plugin-api": "a'''b\"\"\"c"}, id="triple quotes"),
    pytest.param({"requires": ["gpu"], 'x"]\n[packages': "[[packages]]"}, id="a table as a key"),
    pytest.param({"requires": ["gpu"], "": "\x00\x1b[2J\x7f\r\n\t\u2028"}, id="control characters"),
    pytest.param({"requires": ["gpu"], "é.ü": {"a.b": [1, 2.5, True, {"c": []}]}}, id="dots"),
]


@pytest.mark.parametrize("fields", HOSTILE)
def test_hostile_text_stays_text(fields: Json) -> None:
    """Whatever a key or a string has in it, the table is read back unchanged."""
    document = {**WHEEL_A, "providers": {"gpu": fields}, "$schema": 'x"\n[tool]\na = 1'}
    assert locked([document], "a") == document


INEXPRESSIBLE = [
    pytest.param(None, id="null"),
    pytest.param("\ud800", id="a lone surrogate"),
    pytest.param([1, None], id="a list with null"),
    pytest.param([{"x": None}], id="a list of objects with null"),
    pytest.param([{"\udfff": 1}], id="a list of objects with such a key"),
    pytest.param(2**63, id="a number that is too large"),
    pytest.param(json.loads("[" * 50 + "]" * 50), id="nested deeply"),
]


@pytest.mark.parametrize("value", INEXPRESSIBLE)
def test_values_that_toml_does_not_have_are_left_out(value: object) -> None:
    """They are in no field that a reader needs; null there means the same as a missing key."""
    document = copy.deepcopy(WHEEL_A)
    document["providers"] = {"gpu": {"requires": ["gpu-provider"], "plugin-api": None, "x": value}}
    document["future"] = {"kept": "yes", "lost": value, "\ud800": 1}
    assert locked([document], "a") == {**WHEEL_A, "future": {"kept": "yes"}}


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), _json, max_size=3))
def test_unknown_keys_never_break_the_file(unknown: Json) -> None:
    """Any JSON beside what is known gives valid TOML, and the metadata stays what it is."""
    document = {**unknown, **WHEEL_A, "$schema": "v0.2.0.json"}
    assert read(locked([document], "a")) == read(WHEEL_A)
