"""``[packages.variants-json]`` of a lock file (PEP 825, "Integration with pylock.toml").

The table is the metadata of one version in the revision that it was published in, cut to the labels
of the wheels that the lock lists. Everything else in it stays, ``$schema`` included, as far as TOML
can express it: a reader ranks variants, queries providers and compares the table with the wheels as
it would with the whole document. A table that another tool has written may have less of it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

from pip_variants.core.errors import MetadataError
from pip_variants.core.limits import MAX_BYTES, TOO_LARGE
from pip_variants.core.metadata import NO_METADATA, VariantMetadata
from pip_variants.core.properties import NULL_LABEL, Label

from .fields import Table, table
from .reader import read, revision_of
from .writer import document

VARIANTS_JSON = "variants-json"
"""The key of the table in a package of the lock."""
SPELLINGS = (VARIANTS_JSON, "variants_json", "variant-json", "variant_json")
"""The keys under which the drafts of the PEP have it, the PEP's own first."""

_DEEPEST = 20
_LARGEST_INTEGER = 2**63
_UNITED = ("providers", "static-properties", "variants")
"""The keys of which each document of one version may have another part."""


def lock_table(
    documents: Sequence[object], metadata: VariantMetadata, labels: Collection[Label]
) -> dict[str, object]:
    """Return the table for wheels with these labels, as values that TOML can express.

    ``documents`` are the parsed documents of one version that have been read as ``metadata``, that
    of the index before those of wheels. Raise MetadataError if they are of several revisions and
    none can express it, or if one of the labels is not described.
    """
    revisions = {revision_of(item) for item in documents}
    if len(revisions) == 1:
        whole = _united([_expressible(table(item, "")) for item in documents])
    else:
        whole = document(NO_METADATA if not documents else metadata)
    known = {**table(whole["variants"], "variants")}
    known.setdefault(NULL_LABEL, {})
    missing = sorted(set(labels) - known.keys())
    if missing:
        raise MetadataError("variants", f"the label {missing[0]} is not described")
    cut = {**whole, "variants": {label: known[label] for label in sorted(labels)}}
    if "early" in revisions and revision_of(cut) != "early":
        # What showed the revision was in the labels left out.
        priorities = table(cut.get("default-priorities", {}), "default-priorities")
        cut["default-priorities"] = {**priorities, "feature": []}
    read(cut)
    return cut


def inlined_document(entry: Table, labels: Collection[Label]) -> Table | None:
    """Return the document of an entry as its JSON would be, or None if the entry has none.

    Of the variants it has those of ``labels``: a lock may be cut to less than its document lists.
    Raise MetadataError if it is no table or too large, or if two spellings have two documents.
    """
    keys = [key for key in SPELLINGS if key in entry]
    if not keys:
        return None
    found = table(entry[keys[0]], keys[0])
    for other in keys[1:]:
        if entry[other] != found:
            raise MetadataError(other, f"differs from {keys[0]}")
    variants = found.get("variants")
    if isinstance(variants, dict):
        own = {label: value for label, value in variants.items() if label in labels}
        found = {**found, "variants": own}
    try:
        size = len(json.dumps(found, default=str))
    except RecursionError:
        raise MetadataError(keys[0], "nested too deeply") from None
    if size > MAX_BYTES:
        raise MetadataError(keys[0], TOO_LARGE)
    return found


def _united(documents: Sequence[Table]) -> dict[str, object]:
    """Return documents of one version and revision, which do not contradict each other, as one."""
    whole: dict[str, object] = {**documents[0]}
    for item in documents[1:]:
        whole["default-priorities"] = max(
            whole.get("default-priorities", {}), item.get("default-priorities", {}), key=_namespaces
        )
        for key in _UNITED:
            if key in item:
                known = table(whole.get(key, {}), key)
                own = table(item[key], key)
                whole[key] = {**known, **{k: v for k, v in own.items() if k not in known}}
    return whole


def _namespaces(priorities: object) -> int:
    """Return how many namespaces these default priorities rank."""
    listed = priorities.get("namespace") if isinstance(priorities, Mapping) else None
    return len(listed) if isinstance(listed, list) else 0


def _expressible(values: Table, depth: int = 0) -> dict[str, object]:
    """Return an object without what TOML cannot express, such as null, which means missing."""
    found = {}
    for key, value in values.items():
        if _is_expressible(key, depth) and _is_expressible(value, depth):
            found[key] = _expressible(value, depth + 1) if isinstance(value, dict) else value
    return found


def _is_expressible(value: object, depth: int) -> bool:
    """Return whether TOML has a value; of an object each key is considered by itself."""
    match value:
        case str():
            return not any("\ud800" <= character <= "\udfff" for character in value)
        case bool() | float():
            return True
        case int():
            return -_LARGEST_INTEGER <= value < _LARGEST_INTEGER
        case dict():
            return depth < _DEEPEST
        case list():
            return depth < _DEEPEST and all(_is_item(item, depth + 1) for item in value)
    return False


def _is_item(value: object, depth: int) -> bool:
    """Return whether TOML has an item of a list, whole."""
    if isinstance(value, dict):
        return depth < _DEEPEST and all(
            _is_item(key, depth) and _is_item(item, depth + 1) for key, item in value.items()
        )
    return _is_expressible(value, depth)
