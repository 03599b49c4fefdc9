"""The one model of variants metadata, whatever revision it was written in (PEP 825, PEP 850).

Everything behind the readers knows only this model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .errors import MetadataError, quoted
from .properties import Features, Variant


@dataclass(frozen=True, slots=True)
class Provider:
    """Who says what a machine supports in a namespace, as the metadata declares it (PEP 850).

    ``static`` holds the values that the metadata itself carries, best first, or None if the machine
    is to be asked. ``enable_if`` is a marker text that older revisions have.
    """

    namespace: str
    requires: tuple[str, ...] = ()
    plugin_api: str | None = None
    enable_if: str | None = None
    optional: bool = False
    builtin: str | None = None
    static: Features | None = None


@dataclass(frozen=True, slots=True)
class Priorities:
    """``default-priorities``: namespaces, and what older revisions let authors rank in them."""

    namespaces: tuple[str, ...] = ()
    features: tuple[tuple[str, tuple[str, ...]], ...] = ()
    values: tuple[tuple[str, Features], ...] = ()


@dataclass(frozen=True, slots=True)
class Metadata:
    """All labels of one version on one source, and how to judge them."""

    revision: str
    priorities: Priorities
    providers: tuple[Provider, ...]
    variants: tuple[Variant, ...]

    def provider(self, namespace: str) -> Provider | None:
        """Return the provider of ``namespace``; a namespace without one supports nothing."""
        return next((p for p in self.providers if p.namespace == namespace), None)

    def variant(self, label: str) -> Variant | None:
        """Return what ``label`` stands for, or None if this document does not list it."""
        return next((v for v in self.variants if v.label == label), None)


def merged(first: Metadata, second: Metadata) -> Metadata:
    """Return both documents of one version as one (PEP 825, "Index-level metadata": merging).

    Raise MetadataError if they contradict each other: a label that means two things, a namespace
    with two providers, or namespace lists of which neither starts with the other.
    """
    short, long = sorted(
        (first.priorities, second.priorities), key=lambda priorities: len(priorities.namespaces)
    )
    if long.namespaces[: len(short.namespaces)] != short.namespaces:
        raise MetadataError("default-priorities.namespace", "differs between the files")
    if (short.features, short.values) != (long.features, long.values):
        raise MetadataError("default-priorities", "differs between the files")
    providers = {provider.namespace: provider for provider in first.providers}
    for provider in second.providers:
        if providers.setdefault(provider.namespace, provider) != provider:
            raise MetadataError(f"providers.{provider.namespace}", "differs between the files")
    variants = {variant.label: variant for variant in first.variants}
    for variant in second.variants:
        known = variants.setdefault(variant.label, variant)
        if known.properties != variant.properties:
            raise MetadataError(f"variants[{quoted(variant.label)}]", "differs between the files")
    return replace(
        first,
        priorities=long,
        providers=tuple(providers.values()),
        variants=tuple(variants.values()),
    )
