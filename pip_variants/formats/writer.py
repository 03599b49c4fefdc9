"""From the model to JSON: revision 0.2.0 (PEP 850), or an older one that can express the metadata.

The written document is read back as the same metadata; a revision that would lose something is
not used.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pip_variants.core.errors import MetadataError
from pip_variants.core.metadata import Provider, VariantMetadata
from pip_variants.core.properties import OrderedFeatures, Variant

_SERVER = "https://variants-schema.wheelnext.dev/"


def write_text(metadata: VariantMetadata) -> str:
    """Return the document of ``metadata``, the same text for equal metadata, with a final newline.

    Raise MetadataError if no revision can express it.
    """
    return json.dumps(document(metadata), indent=4, ensure_ascii=True) + "\n"


def document(metadata: VariantMetadata) -> dict[str, object]:
    """Return the document of ``metadata`` as JSON values; raise MetadataError as ``write_text``."""
    problems = []
    for name in _candidates(metadata):
        revision = _REVISIONS[name]
        problem = next(revision.inexpressible(metadata), None)
        if problem is None:
            return {"$schema": f"{_SERVER}{revision.schema}", **revision.body(metadata)}
        problems.append(f"{name} has no {problem}")
    raise MetadataError("", f"no revision can express it: {'; '.join(problems)}")


def _candidates(metadata: VariantMetadata) -> tuple[str, ...]:
    """Return the revisions to try: the newest, the metadata's own, the most expressive old one."""
    if metadata.revision == "0.1" and not metadata.providers:
        return ("0.1.1", "0.1.0")
    own = [metadata.revision] if metadata.revision in _REVISIONS else []
    return tuple(dict.fromkeys(["0.2.0", *own, "0.0.3"]))


def _inexpressible_0_2_0(metadata: VariantMetadata) -> Iterator[str]:
    priorities = metadata.priorities
    if priorities.features or priorities.values:
        yield "feature and property priorities (default-priorities)"
    declared = {provider.namespace for provider in metadata.providers}
    used = {namespace for variant in metadata.variants for namespace in variant.namespaces}
    # A namespace without a provider is its authors' mistake, which 0.2.0 has as well.
    if metadata.revision != "0.2.0" and not used <= declared:
        yield f"namespaces without a provider ({min(used - declared)})"
    for provider in metadata.providers:
        path = f"providers.{provider.namespace}"
        if provider.enable_if is not None:
            yield f"enable-if ({path})"
        if any(not values for _, values in provider.static or ()):
            yield f"static features without a value ({path})"
        if provider.builtin is not None and (provider.requires or provider.static is not None):
            yield f"built-in providers that are something else besides ({path})"
        yield from _mixed(provider, path)


def _inexpressible_0_1(metadata: VariantMetadata) -> Iterator[str]:
    if metadata.priorities.features or metadata.priorities.values:
        yield "feature and property priorities (default-priorities)"


def _inexpressible_nothing(_: VariantMetadata) -> Iterator[str]:
    return iter(())


def _inexpressible_0_0_3(metadata: VariantMetadata) -> Iterator[str]:
    for provider in metadata.providers:
        path = f"providers.{provider.namespace}"
        if provider.builtin is not None:
            yield f"built-in providers ({path})"
        yield from _mixed(provider, path)


def _inexpressible_0_0_2(metadata: VariantMetadata) -> Iterator[str]:
    yield from _inexpressible_0_0_3(metadata)
    values = dict(metadata.priorities.values)
    if not (metadata.providers or metadata.priorities.features or values):
        yield "key that distinguishes it from 0.2.0"
    for provider in metadata.providers:
        if provider.static is not None and provider.static != values.get(provider.namespace, ()):
            yield f"static values that differ from the priorities (providers.{provider.namespace})"


def _mixed(provider: Provider, path: str) -> Iterator[str]:
    if provider.static is not None and (provider.requires or provider.plugin_api is not None):
        yield f"providers with static values and a plugin ({path})"
    elif provider.builtin is not None and provider.plugin_api is not None:
        yield f"built-in providers with a plugin ({path})"


def _body_0_2_0(metadata: VariantMetadata) -> dict[str, object]:
    return {
        "default-priorities": {"namespace": list(metadata.priorities.namespaces)},
        "providers": _providers(metadata, _provider_0_2_0),
        "variants": _variants(metadata),
    }


def _body_0_1(metadata: VariantMetadata) -> dict[str, object]:
    return {"default-priorities": _priorities(metadata), "variants": _variants(metadata)}


def _body_0_0_3(metadata: VariantMetadata) -> dict[str, object]:
    static = {
        provider.namespace: _features(provider.static)
        for provider in sorted(metadata.providers, key=lambda item: item.namespace)
        if provider.static is not None
    }
    return {
        "default-priorities": _priorities(metadata),
        "providers": _providers(metadata, _provider_0_0_3),
        "static-properties": static,
        "variants": _variants(metadata),
    }


def _body_0_0_2(metadata: VariantMetadata) -> dict[str, object]:
    return {
        "default-priorities": _priorities(metadata),
        "providers": _providers(metadata, _provider_0_0_2),
        "variants": _variants(metadata),
    }


def _provider_0_2_0(provider: Provider) -> dict[str, object]:
    found: dict[str, object] = {}
    if provider.static is not None:
        found["static-properties"] = _features(provider.static)
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


def _provider_0_0_3(provider: Provider) -> dict[str, object]:
    return {"install-time": provider.static is None, **_early_provider(provider)}


def _provider_0_0_2(provider: Provider) -> dict[str, object]:
    use = "all" if provider.static is None else "none"
    return {"plugin-use": use, **_early_provider(provider)}


def _early_provider(provider: Provider) -> dict[str, object]:
    found: dict[str, object] = {"requires": list(provider.requires)}
    if provider.plugin_api is not None:
        found["plugin-api"] = provider.plugin_api
    if provider.enable_if is not None:
        found["enable-if"] = provider.enable_if
    if provider.optional:
        found["optional"] = True
    return found


def _providers(
    metadata: VariantMetadata, written: Callable[[Provider], dict[str, object]]
) -> dict[str, dict[str, object]]:
    ordered = sorted(metadata.providers, key=lambda item: item.namespace)
    return {provider.namespace: written(provider) for provider in ordered}


def _priorities(metadata: VariantMetadata) -> dict[str, object]:
    priorities = metadata.priorities
    found: dict[str, object] = {"namespace": list(priorities.namespaces)}
    if priorities.features:
        found["feature"] = {namespace: list(names) for namespace, names in priorities.features}
    if priorities.values:
        found["property"] = {namespace: _features(item) for namespace, item in priorities.values}
    return found


def _features(features: OrderedFeatures) -> dict[str, list[str]]:
    return {name: list(values) for name, values in features}


def _variants(metadata: VariantMetadata) -> dict[str, dict[str, dict[str, list[str]]]]:
    ordered = sorted(metadata.variants, key=lambda item: item.label)
    return {variant.label: _variant(variant) for variant in ordered}


def _variant(variant: Variant) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    for item in sorted(variant.requirements, key=lambda item: (item.namespace, item.feature)):
        found.setdefault(item.namespace, {})[item.feature] = [*sorted(item.values)]
    return found


@dataclass(frozen=True, slots=True)
class _Revision:
    """How one revision is written; ``inexpressible`` yields what it cannot express."""

    schema: str
    inexpressible: Callable[[VariantMetadata], Iterator[str]]
    body: Callable[[VariantMetadata], dict[str, object]]


_REVISIONS: Mapping[str, _Revision] = {
    "0.2.0": _Revision("peps/850/v0.2.0.json", _inexpressible_0_2_0, _body_0_2_0),
    "0.1.1": _Revision("peps/825/v0.1.1.json", _inexpressible_0_1, _body_0_1),
    "0.1.0": _Revision("peps/825/v0.1.0.json", _inexpressible_nothing, _body_0_1),
    "0.0.3": _Revision("v0.0.3.json", _inexpressible_0_0_3, _body_0_0_3),
    "0.0.2": _Revision("v0.0.2.json", _inexpressible_0_0_2, _body_0_0_2),
}
