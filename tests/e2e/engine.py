"""Selections by the engine alone, without running pip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pip_variants.core.metadata import VariantMetadata
from pip_variants.core.properties import Label, Namespace
from pip_variants.core.selection import Selection, Wheel, needed_namespaces, select
from pip_variants.core.supported import SupportedProperties
from pip_variants.providers import gfx
from pip_variants.providers.resolve import NamespaceResolver, Target
from pip_variants.providers.runner import ProviderRunner
from tests.e2e.pips import Machine

LINUX = {"platform_system": "Linux", "platform_machine": "x86_64"}
"""The environment markers of a Linux machine."""

ARM = {"platform_system": "Linux", "platform_machine": "aarch64"}
"""The environment markers of a Linux machine with an ARM CPU."""

Supported = Mapping[Namespace, SupportedProperties]


def wheels_of(names: Mapping[str, str | None]) -> list[Wheel]:
    """Return wheels with these names and labels (None: plain), in the order of the installer."""
    return [
        Wheel(name, None if label is None else Label(label), i)
        for i, (name, label) in enumerate(names.items())
    ]


def supported_by(
    machine: Machine,
    metadata: VariantMetadata,
    namespaces: Sequence[str],
    markers: Mapping[str, str] = LINUX,
) -> Supported:
    """Return what a machine with these environment markers supports in these namespaces."""
    runner = ProviderRunner({**machine.variables, gfx.DISABLE: "1"})
    resolver = NamespaceResolver(runner, target=Target(markers=markers))
    return resolver.supported([Namespace(name) for name in namespaces], metadata.providers)


def select_for(
    machine: Machine,
    metadata: VariantMetadata,
    wheels: Sequence[Wheel],
    known: Supported | None = None,
) -> Selection:
    """Return the selection among wheels on a Linux machine, of which `known` is known already."""
    found = supported_by(machine, metadata, needed_namespaces(wheels, metadata))
    return select(wheels, metadata, {**found, **(known or {})})
