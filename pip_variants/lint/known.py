"""Features and values of a document that its providers never report."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from pip_variants.core.errors import quoted
from pip_variants.core.metadata import Provider, VariantMetadata
from pip_variants.core.properties import (
    ABI_DEPENDENCY,
    Feature,
    FeatureRequirement,
    Namespace,
    OrderedFeatures,
)
from pip_variants.explain.messages import unknown_builtin
from pip_variants.explain.nearest import ALIKE, nearest

from .findings import Severity

KnownFeatures = Callable[[Provider], "OrderedFeatures | None"]
"""Returns all that a provider can report, or None if that is not known."""

NeverReported = tuple[str, str, Severity]
"""The path of a feature or value, what is wrong with it, and how bad that is."""

_is_release = re.compile(r"[0-9]+(\.[0-9]+){0,2}").fullmatch
_FOR_NOBODY = "so no machine supports this variant"


def never_reported(metadata: VariantMetadata, known: KnownFeatures) -> Iterator[NeverReported]:
    """Yield the features and values of variants and priorities that are never reported."""
    found: dict[Namespace, dict[Feature, Sequence[str]]] = {}
    for provider in _providers(metadata):
        if provider.builtin == ABI_DEPENDENCY:
            yield from _versions(provider.namespace, metadata)
        elif provider.builtin is not None:
            path = f"providers.{provider.namespace}.builtin"
            yield path, unknown_builtin(provider.builtin), "warning"
        elif provider.static is None and (features := known(provider)) is not None:
            found[provider.namespace] = dict(features)
    for variant in metadata.variants:
        for item in variant.requirements:
            if item.namespace in found:
                path = f"variants[{quoted(variant.label)}].{item.namespace}.{item.feature}"
                yield from _feature(path, item, found[item.namespace])
    for namespace, listed in found.items():
        yield from _priorities(namespace, metadata, listed)


def _providers(metadata: VariantMetadata) -> Iterator[Provider]:
    """Yield every provider; a revision without any has those that namespaces are named for."""
    yield from metadata.providers
    declared = {provider.namespace for provider in metadata.providers}
    if metadata.revision != "0.2.0" and ABI_DEPENDENCY not in declared:
        yield Provider(ABI_DEPENDENCY, builtin=ABI_DEPENDENCY)
    if metadata.revision == "0.1":
        used = {namespace for variant in metadata.variants for namespace in variant.namespaces}
        yield from map(Provider, sorted(used - {ABI_DEPENDENCY}))


def _versions(namespace: Namespace, metadata: VariantMetadata) -> Iterator[NeverReported]:
    """Yield the values of ``abi_dependency`` that no version of a distribution begins with."""
    for variant in metadata.variants:
        for item in variant.requirements:
            bad = [value for value in sorted(item.values) if not _is_release(value)]
            if item.namespace == namespace and bad:
                path = f"variants[{quoted(variant.label)}].{namespace}.{item.feature}"
                problem = f"{quoted(bad[0])} is not one to three numbers of a version"
                yield path, *_judged(problem, useless=len(bad) == len(item.values))


def _feature(
    path: str, item: FeatureRequirement, features: Mapping[Feature, Sequence[str]]
) -> Iterator[NeverReported]:
    if item.feature not in features:
        hint = _hint(item.feature, [*features])
        yield path, f"its provider never reports this feature, {_FOR_NOBODY}{hint}", "error"
        return
    values = features[item.feature]
    bad = sorted(item.values.difference(values))
    if bad:
        problem = f"its provider never reports {quoted(bad[0])}"
        problem, severity = _judged(problem, useless=len(bad) == len(item.values))
        yield path, f"{problem}{_hint(bad[0], values)}", severity


def _judged(problem: str, *, useless: bool) -> tuple[str, Severity]:
    """Return a problem with a value; ``useless``: the feature has no other value that helps."""
    return (f"{problem}, {_FOR_NOBODY}", "error") if useless else (problem, "warning")


def _priorities(
    namespace: Namespace, metadata: VariantMetadata, features: Mapping[Feature, Sequence[str]]
) -> Iterator[NeverReported]:
    """Yield what ``default-priorities`` names and no machine has, so that it has no effect."""
    path = "default-priorities"
    for name in dict(metadata.priorities.features).get(namespace, ()):
        if name not in features:
            problem = f"its provider never reports {quoted(name)}{_hint(name, [*features])}"
            yield f"{path}.feature.{namespace}", problem, "warning"
    for name, values in dict(metadata.priorities.values).get(namespace, ()):
        known = features.get(name)
        bad = [name] if known is None else [value for value in values if value not in known]
        if bad:
            near = _hint(bad[0], [*features] if known is None else known)
            problem = f"its provider never reports {quoted(bad[0])}{near}"
            yield f"{path}.property.{namespace}.{name}", problem, "warning"


def _hint(text: str, names: Sequence[str]) -> str:
    near = nearest(text, names, ALIKE)
    return f"; did you mean {near}?" if near is not None else ""
