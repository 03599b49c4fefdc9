"""One invalid label or provider of an index-level file costs only itself."""

from __future__ import annotations

import pytest

from pip_variants.core.errors import MetadataError, UnsupportedRevisionError
from pip_variants.formats.reader import read, read_valid_entries

GPU = {"gpu": {"arch": ["90"]}}
PROVIDER = {"requires": ["gpu-provider"]}
GOOD: dict[str, object] = {
    "default-priorities": {"namespace": ["gpu"]},
    "providers": {"gpu": PROVIDER},
    "variants": {"a": GPU, "null": {}},
}


def document(**changes: object) -> dict[str, object]:
    """Return a valid document with other keys."""
    return {**GOOD, **changes}


# What is added to the document, and the errors.
ENTRIES: dict[str, tuple[dict[str, object], list[str]]] = {
    "nothing": (GOOD, []),
    "label that is no label": (
        document(variants={"A": GPU, "a": GPU, "null": {}}),
        ["variants['A']: not a label of a-z, 0-9, _ and ."],
    ),
    "no value": (
        document(variants={"a": GPU, "b": {"gpu": {"arch": []}}, "null": {}}),
        ["variants['b'].gpu.arch: expected at least one value"],
    ),
    "null with properties": (
        document(variants={"a": GPU, "null": GPU}),
        ["variants['null']: the null variant has no properties"],
    ),
    "a string for a list, as early documents had it": (
        document(
            providers={"gpu": {"static-properties": {"arch": ["90"]}}},
            variants={"a": GPU, "b": {"gpu": {"arch": "90"}}, "null": {}},
        ),
        ["variants['b'].gpu.arch: expected a list, found a string"],
    ),
    "a string for a list, beside what 0.0.3 added": (
        document(
            providers={"gpu": {**PROVIDER, "install-time": False}},
            variants={"a": GPU, "b": {"gpu": {"arch": "90"}}, "null": {}},
        ),
        ["variants['b'].gpu.arch: expected a list, found a string"],
    ),
    "a string for a list, beside what 0.0.2 added": (
        document(
            providers={"gpu": {**PROVIDER, "plugin-use": "build"}},
            variants={"a": GPU, "b": {"gpu": {"arch": "90"}}, "null": {}},
        ),
        ["variants['b'].gpu.arch: expected a list, found a string"],
    ),
    "two labels": (
        document(variants={"a": GPU, "b": [], "c": 1, "null": {}}),
        [
            "variants['b']: expected an object, found a list",
            "variants['c']: expected an object, found a number",
        ],
    ),
    "provider": (
        document(providers={"gpu": PROVIDER, "cpu": 1}),
        ["providers.cpu: expected an object, found a number"],
    ),
    "provider of PEP 850": (
        document(providers={"gpu": {"builtin": "gpu"}, "cpu": {}}),
        ["providers.cpu: expected exactly one of requires, static-properties, builtin"],
    ),
    "provider and label": (
        document(providers={"gpu": PROVIDER, "CPU": {}}, variants={"a": GPU, "b": []}),
        [
            "providers.CPU: expected exactly one of requires, static-properties, builtin",
            "variants['b']: expected an object, found a list",
        ],
    ),
}


@pytest.mark.parametrize(("found", "errors"), ENTRIES.values(), ids=ENTRIES)
def test_invalid_entry_costs_only_itself(found: dict[str, object], errors: list[str]) -> None:
    """The rest is read as if the entry were not there."""
    metadata, invalid = read_valid_entries(found)
    assert [str(entry.error) for entry in invalid] == errors
    rest = dict(found)
    for entry in invalid:
        table = rest[entry.key]
        assert isinstance(table, dict)
        rest[entry.key] = {name: item for name, item in table.items() if name != entry.name}
    assert metadata == read(rest)


UNREADABLE = {
    "another value": (
        document(**{"default-priorities": []}, variants={"a": GPU, "b": []}),
        "default-priorities: expected an object, found a list",
    ),
    "every label": (
        document(variants={"a": [], "b": []}),
        "variants['a']: expected an object, found a list",
    ),
    "every label but null": (
        document(variants={"null": {}, "a": [], "b": []}),
        "variants['a']: expected an object, found a list",
    ),
    "no labels": ({"providers": {}}, "variants: missing"),
    "variants in a list": (document(variants=[]), "variants: expected an object, found a list"),
    "providers in a list": (document(providers=[]), "providers: expected an object, found a list"),
}


@pytest.mark.parametrize(("found", "text"), UNREADABLE.values(), ids=UNREADABLE)
def test_document_with_another_invalid_value_is_not_read(
    found: dict[str, object], text: str
) -> None:
    """The same holds if no label with properties is left."""
    with pytest.raises(MetadataError) as caught:
        read_valid_entries(found)
    assert str(caught.value) == text


def test_future_revision_is_not_read_in_part() -> None:
    """Its entries may mean something else."""
    with pytest.raises(UnsupportedRevisionError):
        read_valid_entries(document(**{"$schema": "https://example.org/v2.0.0.json"}))
