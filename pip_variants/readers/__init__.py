"""From JSON to the model: one small reader per revision of the metadata, told apart by keys.

``$schema`` lies (real files carry none, a bare host, or another revision's address), so only a
major version that no reader knows is taken from it.
"""

from __future__ import annotations

import json
import re
from importlib import import_module
from typing import TYPE_CHECKING

from pip_variants.errors import MetadataError, quoted

from .shapes import Table, table

if TYPE_CHECKING:
    from pip_variants.metadata import Metadata

# By revision: the module that reads it, imported when a document needs it.
_MODULES = {
    "early": "early",
    "0.0.2": "v0_0_2",
    "0.0.3": "v0_0_3",
    "0.1": "pep825",
    "0.2.0": "pep850",
}

_version = re.compile(r"v?([0-9]+)(?:\.[0-9.]*)?(?:\.json)?").fullmatch


def read_text(text: str | bytes) -> Metadata:
    """Return the model of a JSON document; raise MetadataError naming the first bad value."""
    return read(parse(text))


def parse(text: str | bytes) -> object:
    """Return the values of a JSON document; raise MetadataError if it is none."""
    try:
        return json.loads(text, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        problem = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise MetadataError("", f"not JSON: {problem}") from None


def read(document: object) -> Metadata:
    """Return the model of a parsed document; raise MetadataError naming the first bad value."""
    top = table(document, "")
    major = _schema_major(top.get("$schema"))
    if major > 0:
        raise MetadataError("$schema", f"major version {major} is not supported")
    if "variants" not in top:
        raise MetadataError("variants", "missing")
    reader = import_module(f"{__name__}.{_MODULES[_revision(top)]}")
    found: Metadata = reader.read(top)
    return found


def revision_of(document: object) -> str | None:
    """Return the revision that a parsed document is read as, None if it is not even an object.

    The document may be broken all the same.
    """
    try:
        return _revision(table(document, ""))
    except MetadataError:
        return None


def _schema_major(schema: object) -> int:
    """Return the major version that the address of a schema ends with, 0 if it says none."""
    if not isinstance(schema, str):
        return 0
    match = _version(schema.rstrip("/").rpartition("/")[2])
    return int(match[1][:9]) if match else 0


def _revision(top: Table) -> str:
    """Return the revision that the document's keys belong to."""
    if _is_early(top):
        return "early"
    if "providers" not in top:
        return "0.1"
    keys = {key for item in table(top["providers"], "providers").values() for key in _keys(item)}
    if keys & {"static-properties", "feature-order", "builtin"}:
        return "0.2.0"
    if "static-properties" in top or "install-time" in keys:
        return "0.0.3"
    priorities = _keys(top.get("default-priorities")) & {"feature", "property"}
    if keys & {"plugin-use", "enable-if"} or priorities:
        return "0.0.2"
    return "0.2.0"


def _is_early(top: Table) -> bool:
    """Return whether a document has one of the shapes of spring and early summer 2025."""
    if "provider-requires" in top:
        return True
    priorities = top.get("default-priorities")
    listed = [*_items(top.get("providers"))]
    if isinstance(priorities, dict):
        listed += [priorities.get("feature"), priorities.get("property")]
    values = (
        value
        for label in _items(top.get("variants"))
        for namespace in _items(label)
        for value in _items(namespace)
    )
    return any(isinstance(item, list) for item in listed) or any(
        isinstance(value, str) for value in values
    )


def _items(value: object) -> list[object]:
    return list(value.values()) if isinstance(value, dict) else []


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object whose keys are distinct: readers that take different ones would disagree."""
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise MetadataError("", f"the key {quoted(key)} occurs twice in one object")
        found[key] = value
    return found


def _keys(value: object) -> set[str]:
    return set(value) if isinstance(value, dict) else set()
