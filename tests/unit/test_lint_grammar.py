"""Types and grammars of each revision: rules and reader together report what its schema forbids."""

from __future__ import annotations

import json

import pytest

from pip_variants.lint.document import check_document
from pip_variants.lint.findings import Finding
from tests.unit.schema_cases import DOCUMENTS, REVISIONS, KeyPath, changed, paths, shown, value_at


def _findings(document: object) -> list[Finding]:
    """Return the findings about the form of a document."""
    found = check_document("x.json", json.dumps(document).encode()).findings
    return [item for item in found if item.kind in ("schema", "broken")]


TYPED = [
    pytest.param(revision, path, id=f"{revision} {shown(path)}")
    for revision in REVISIONS
    for path in paths(DOCUMENTS[revision])
]


@pytest.mark.parametrize(("revision", "path"), TYPED)
def test_value_of_another_type_is_found_at_its_path(revision: str, path: KeyPath) -> None:
    """Wherever a value has the wrong type, rules and reader together report that path."""
    # A number is of no value's type.
    document = changed(revision, path, 1)
    assert shown(path) in {item.path for item in _findings(document)}


PATTERNS: dict[KeyPath, str] = {
    ("default-priorities", "namespace", 0): "G-U",
    ("default-priorities", "feature", "gpu", 0): "a.b",
    ("default-priorities", "property", "gpu", "arch", 0): "A",
    ("static-properties", "kind", "order", 0): "1-2",
    ("providers", "kind", "static-properties", "order", 0): "1+2",
    ("providers", "kind", "feature-order", 0): "ORDER",
    ("providers", "gpu", "plugin-use"): "never",
    ("variants", "a", "gpu", "arch", 0): "1/2",
}
OUTSIDE = [
    pytest.param(revision, path, text, id=f"{revision} {shown(path)}")
    for revision in REVISIONS
    for path, text in PATTERNS.items()
    if path in {*paths(DOCUMENTS[revision])}
]


@pytest.mark.parametrize(("revision", "path", "text"), OUTSIDE)
def test_text_outside_its_grammar_is_found_at_its_path(
    revision: str, path: KeyPath, text: str
) -> None:
    """Every pattern and enumeration of a schema is checked by the reader."""
    document = changed(revision, path, text)
    assert [(item.kind, item.path) for item in _findings(document)] == [("broken", shown(path))]


KEYS: dict[KeyPath, str] = {
    ("default-priorities", "feature"): "G-U",
    ("default-priorities", "property"): "G-U",
    ("default-priorities", "property", "gpu"): "A",
    ("static-properties",): "a.b",
    ("static-properties", "kind"): "a.b",
    ("providers",): "a-b",
    ("variants",): "A",
    ("variants", "a"): "a-b",
    ("variants", "a", "gpu"): "a-b",
}
INVALID_KEYS = [
    pytest.param(revision, path, key, id=f"{revision} {shown(path)}")
    for revision in REVISIONS
    for path, key in KEYS.items()
    if path in {*paths(DOCUMENTS[revision])}
]


@pytest.mark.parametrize(("revision", "path", "key"), INVALID_KEYS)
def test_key_outside_its_grammar_is_found_at_its_path(
    revision: str, path: KeyPath, key: str
) -> None:
    """Namespaces, features and labels are keys as well, and have the same patterns."""
    table = value_at(DOCUMENTS[revision], path)
    assert isinstance(table, dict)
    document = changed(revision, (*path, key), next(iter(table.values())))
    (broken,) = [item for item in _findings(document) if item.kind == "broken"]
    assert broken.message.startswith("not a ")
    assert broken.path == shown((*path, key))


LISTS = [
    pytest.param(revision, path, id=f"{revision} {shown(path)}")
    for revision in REVISIONS
    for path in paths(DOCUMENTS[revision])
    if isinstance(value_at(DOCUMENTS[revision], path), list)
]


@pytest.mark.parametrize(("revision", "path"), LISTS)
def test_repeated_item_is_found_at_its_path(revision: str, path: KeyPath) -> None:
    """Every list of a schema has distinct items."""
    items = value_at(DOCUMENTS[revision], path)
    assert isinstance(items, list)
    found = _findings(changed(revision, path, [*items, items[0]]))
    repeated = [item.path for item in found if item.message == f"{items[0]!r} is listed twice"]
    assert repeated == [f"{shown(path)}[{len(items)}]"]
