"""From the model to JSON: revision 0.2.0 (PEP 850), and no other."""

from __future__ import annotations

import json

from .errors import MetadataError
from .metadata import Metadata, Provider
from .properties import Variant

SCHEMA = "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json"


def write_text(metadata: Metadata) -> str:
    """Return the document of ``metadata``, the same text for equal metadata, with a final newline.

    Raise MetadataError for what 0.2.0 cannot say: markers outside ``requires``, and orders of
    features and values that no provider stands for.
    """
    return json.dumps(document(metadata), indent=4, ensure_ascii=True) + "\n"


def document(metadata: Metadata) -> dict[str, object]:
    """Return the document of ``metadata`` as JSON values; raise MetadataError as ``write_text``."""
    priorities = metadata.priorities
    if priorities.features or priorities.values:
        problem = "0.2.0 has no feature and property priorities"
        raise MetadataError("default-priorities", problem)
    return {
        "$schema": SCHEMA,
        "default-priorities": {"namespace": list(priorities.namespaces)},
        "providers": {
            provider.namespace: _provider(provider)
            for provider in sorted(metadata.providers, key=lambda item: item.namespace)
        },
        "variants": {
            variant.label: _variant(variant)
            for variant in sorted(metadata.variants, key=lambda item: item.label)
        },
    }


def _provider(provider: Provider) -> dict[str, object]:
    if provider.enable_if is not None:
        problem = "0.2.0 has no enable-if; write the marker into requires"
        raise MetadataError(f"providers.{provider.namespace}.enable-if", problem)
    found: dict[str, object] = {}
    if provider.static is not None:
        found["static-properties"] = {name: list(values) for name, values in provider.static}
        if len(provider.static) > 1:
            found["feature-order"] = [name for name, _ in provider.static]
    elif provider.builtin is not None:
        found["builtin"] = provider.builtin
    else:
        found["requires"] = list(provider.requires)
        if provider.plugin_api is not None:
            found["plugin-api"] = provider.plugin_api
    if provider.optional:
        found["optional"] = True
    return found


def _variant(variant: Variant) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    for wanted in sorted(variant.wants, key=lambda item: (item.namespace, item.feature)):
        found.setdefault(wanted.namespace, {})[wanted.feature] = sorted(wanted.values)
    return found
