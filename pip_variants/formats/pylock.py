"""The variant metadata that an entry of ``pylock.toml`` inlines (PEP 825, "pylock.toml")."""

from __future__ import annotations

import json
from collections.abc import Collection

from pip_variants.core.errors import MetadataError
from pip_variants.core.properties import Label

from .fields import Table, table
from .lock_table import VARIANTS_JSON
from .reader import MAX_BYTES, TOO_LARGE

SPELLINGS = (VARIANTS_JSON, "variants_json", "variant-json", "variant_json")
"""The keys of an entry under which the drafts of the PEP have the document, the PEP's own first."""


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
