"""From JSON to the model: detects the revision of a document and reads it.

Revisions are detected by their keys. ``$schema`` is unreliable (real files have none, a bare host,
or another revision's URL): only an unsupported major version is taken from it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from pip_variants.core import limits
from pip_variants.core.errors import MetadataError, UnsupportedRevisionError, quoted

from .fields import Table, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pip_variants.core.metadata import VariantMetadata

_MODULES = {
    "early": "early",
    "0.0.2": "v0_0_2",
    "0.0.3": "v0_0_3",
    "0.1": "v0_1",
    "0.2.0": "v0_2",
}
"""By revision the module of ``revisions`` that reads it, imported when a document needs it."""

_version = re.compile(r"v?([0-9]+)(?:\.[0-9.]*)?(?:\.json)?").fullmatch


def read_text(text: str | bytes) -> VariantMetadata:
    """Return the model of a JSON document; raise MetadataError naming the first bad value."""
    return read(parse(text))


def parse(text: str | bytes) -> object:
    """Return the values of a JSON document; raise MetadataError if it is not valid JSON.

    A document beyond the limits is not parsed: its values may take thirty times its size.
    """
    if len(text) > limits.MAX_BYTES:
        raise MetadataError("", limits.TOO_LARGE)
    marks = map(text.count, ",:{[") if isinstance(text, str) else map(text.count, b",:{[")
    if sum(marks) > limits.MAX_ITEMS:
        raise MetadataError("", limits.too_many(limits.MAX_ITEMS, "values"))
    try:
        return json.loads(text, object_pairs_hook=_distinct, parse_int=_number)
    except (ValueError, RecursionError) as error:
        problem = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise MetadataError("", f"not JSON: {problem}") from None


def read(document: object) -> VariantMetadata:
    """Return the model of a parsed document; raise MetadataError naming the first bad value."""
    top = _top(document)
    return read_as(_revision(top), top)


def read_valid_entries(
    document: object,
) -> tuple[VariantMetadata, tuple[InvalidEntry, ...]]:
    """Return the model of a parsed document without its invalid labels and providers, and those.

    Raise MetadataError naming the first bad value if another one is invalid, or if no label with
    properties is left.
    """
    top = _top(document)
    revision = _revision(top)
    try:
        return read_as(revision, top), ()
    except MetadataError:
        invalid = tuple(invalid_entries(revision, top))
        if not invalid:
            raise
        found = read_as(revision, without_entries(top, invalid))
        costs_label = any(item.key == "variants" for item in invalid)
        if costs_label and all(variant.is_null for variant in found.variants):
            raise
        return found, invalid


@dataclass(frozen=True, slots=True)
class InvalidEntry:
    """A label (``key`` is ``variants``) or a provider (``providers``) that cannot be read."""

    key: str
    name: str
    error: MetadataError


def without_entries(top: Table, entries: Iterable[InvalidEntry]) -> Table:
    """Return a document without these labels and providers of it."""
    without = {(item.key, item.name) for item in entries}
    rest = dict(top)
    for key in {key for key, _ in without}:
        rest[key] = {
            name: value
            for name, value in table(rest[key], key).items()
            if (key, name) not in without
        }
    return rest


def invalid_entries(revision: str, top: Table) -> Iterator[InvalidEntry]:
    """Yield the providers and the labels of a document of this revision that cannot be read."""
    for key in ("providers", "variants"):
        entries = top.get(key)
        for name, item in entries.items() if isinstance(entries, dict) else ():
            try:
                read_as(revision, {"variants": {}, key: {name: item}})
            except MetadataError as error:
                yield InvalidEntry(key, name, error)


def _top(document: object) -> Table:
    """Return a document as a table with ``variants``, of a major version that is known."""
    top = table(document, "")
    major = _schema_major(top.get("$schema"))
    if major > 0:
        raise UnsupportedRevisionError("$schema", f"major version {major} is not supported")
    if "variants" not in top:
        raise MetadataError("variants", "missing")
    return top


def read_as(revision: str, top: Table) -> VariantMetadata:
    """Return the model of a document of this revision, with ``variants``; raise MetadataError."""
    reader = import_module(f".revisions.{_MODULES[revision]}", __package__)
    found: VariantMetadata = reader.read(top)
    return found


def revision_of(document: object) -> str | None:
    """Return the revision as which a parsed document is read, or None if it is not an object.

    The document may still be invalid.
    """
    try:
        return _revision(table(document, ""))
    except MetadataError:
        return None


def _schema_major(schema: object) -> int:
    """Return the major version at the end of a schema's URL, or 0 if there is none."""
    if not isinstance(schema, str):
        return 0
    match = _version(schema.rstrip("/").rpartition("/")[2])
    return int(match[1][:9]) if match else 0


def _revision(top: Table) -> str:
    """Return the revision to which the document's keys belong.

    Keys that only later revisions have count more than values of an early shape, which one label
    may have by mistake.
    """
    keys = {key for item in _items(top.get("providers")) for key in _keys(item)}
    later = _later_revision(top, keys)
    if later is not None:
        return later
    if _is_early(top):
        return "early"
    if "providers" not in top:
        return "0.1"
    table(top["providers"], "providers")
    priorities = _keys(top.get("default-priorities")) & {"feature", "property"}
    if "enable-if" in keys or priorities:
        return "0.0.2"
    return "0.2.0"


def _later_revision(top: Table, keys: set[str]) -> str | None:
    """Return the revision after the early ones that has these keys of providers, if just one."""
    if keys & {"static-properties", "feature-order", "builtin"}:
        return "0.2.0"
    if "providers" in top and ("static-properties" in top or "install-time" in keys):
        return "0.0.3"
    return "0.0.2" if "plugin-use" in keys else None


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
    """Return a JSON object; raise MetadataError for a duplicate key, of which readers differ."""
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise MetadataError("", f"the key {quoted(key)} occurs twice in one object")
        found[key] = value
    return found


def _number(digits: str) -> int:
    """Return an integer; raise ValueError for one whose digits take long to read."""
    if len(digits) > limits.DIGITS:
        raise ValueError(f"a number of {limits.too_many(limits.DIGITS, 'digits')}")
    return int(digits)


def _keys(value: object) -> set[str]:
    return set(value) if isinstance(value, dict) else set()
