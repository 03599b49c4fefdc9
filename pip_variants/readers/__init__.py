"""From JSON to the model: one small reader per revision of the metadata, told apart by keys.

``$schema`` lies (real files carry none, a bare host, or another revision's address), so only a
major version that no reader knows is taken from it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Protocol

from pip_variants.errors import MetadataError, quoted

from . import early, pep825, pep850, v0_0_2, v0_0_3
from .shapes import Table, table

if TYPE_CHECKING:
    from pip_variants.metadata import Metadata

_version = re.compile(r"v?([0-9]+)(?:\.[0-9.]*)?(?:\.json)?").fullmatch


class _Reader(Protocol):
    """What each of the modules beside this one has."""

    REVISION: str

    def read(self, top: Table) -> Metadata:
        """Return the model of a document of this revision."""


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
    return _reader(top).read(top)


def revision_of(document: object) -> str | None:
    """Return the revision that a parsed document is read as, None if it is not even an object.

    The document may be broken all the same.
    """
    try:
        return _reader(table(document, "")).REVISION
    except MetadataError:
        return None


def _schema_major(schema: object) -> int:
    """Return the major version that the address of a schema ends with, 0 if it says none."""
    if not isinstance(schema, str):
        return 0
    match = _version(schema.rstrip("/").rpartition("/")[2])
    return int(match[1][:9]) if match else 0


def _reader(top: Table) -> _Reader:
    """Return the reader of the revision that the document's keys belong to."""
    if early.recognises(top):
        return early
    if "providers" not in top:
        return pep825
    keys = {key for item in table(top["providers"], "providers").values() for key in _keys(item)}
    if keys & {"static-properties", "feature-order", "builtin"}:
        return pep850
    if "static-properties" in top or "install-time" in keys:
        return v0_0_3
    priorities = _keys(top.get("default-priorities")) & {"feature", "property"}
    if keys & {"plugin-use", "enable-if"} or priorities:
        return v0_0_2
    return pep850


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
