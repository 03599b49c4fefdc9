"""The table ``[variant]`` of a ``pyproject.toml``: namespaces and providers (PEP 850, PEP 817).

It has the shape of variant metadata without labels, as variantlib reads it, in any revision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pip_variants.core.errors import MetadataError, RequestError, quoted
from pip_variants.core.metadata import VariantMetadata
from pip_variants.formats.reader import read, revision_of

from .rules import STANDARDS, violations

TABLE = "variant"
_BUILD_REQUIRES = "build-requires"


def read_variant_table(document: Mapping[str, object], file: str) -> VariantMetadata | None:
    """Return what a parsed TOML file declares for all variants, or None if it has no such table.

    Raise RequestError, which begins with ``file``, for the first mistake.
    """
    if TABLE not in document:
        return None
    try:
        return _metadata(document[TABLE])
    except MetadataError as error:
        where = f"{TABLE}.{error.path}" if error.path else TABLE
        raise RequestError(f"{file}: {where}: {error.problem}") from None


def _metadata(table: object) -> VariantMetadata:
    if not isinstance(table, dict):
        raise MetadataError("", f"expected a table, found {quoted(table)}")
    if "variants" in table:
        raise MetadataError("variants", "labels are not declared here; --label names them")
    providers = table.get("providers", {})
    for namespace, provider in providers.items() if isinstance(providers, dict) else ():
        if isinstance(provider, dict) and _BUILD_REQUIRES in provider:
            path = f"providers.{namespace}.{_BUILD_REQUIRES}"
            raise MetadataError(
                path, "such providers run when a wheel is built; write static-properties here"
            )
    whole = {"$schema": "", **table, "variants": {}}
    found = read(whole)
    revision = revision_of(whole)
    if revision in STANDARDS:
        for path, problem in violations("0.2.0", {"providers": {}, **whole}):
            raise MetadataError(path, problem)
        # Without providers only PEP 825 would be followed, and no machine support anything.
        return replace(found, revision="0.2.0")
    return found
