"""The result of a provider, built-in or plugin."""

from __future__ import annotations

from dataclasses import dataclass, field

from pip_variants.core.properties import Namespace, OrderedFeatures, Property


@dataclass(frozen=True, slots=True)
class ProviderResult:
    """The supported features, best first, and a ``reason`` if something is missing.

    ``failed`` means that the provider gave no usable result. ``known`` are the properties that the
    result is about, or None if it is about all. ``namespace`` is the provider's own name for its
    namespace, if it has one. ``output`` is the end of what a plugin printed. ``unseen`` means that
    there is no such hardware here, or that it could not be read: a feature without values says
    nothing about a machine that has it. ``hardware`` are lines for people, one for each piece of
    hardware that was found or could not be read, and for each value that is forced one that names
    its variable; `pip variants platform` counts equal lines and adds the reason. ``age`` are the
    seconds since it was read, or None if that was now.
    """

    features: OrderedFeatures = ()
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    failed: bool = False
    known: frozenset[Property] | None = None
    namespace: Namespace | None = None
    output: str = ""
    unseen: bool = field(default=False, compare=False)
    hardware: tuple[str, ...] = field(default=(), compare=False)
    age: float | None = field(default=None, compare=False)
