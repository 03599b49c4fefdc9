"""Installed variants: what they are, and whether they still fit this machine."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pip_variants.core.compatibility import missing_features
from pip_variants.core.decision import SelectedVariant, is_requested
from pip_variants.core.errors import printable
from pip_variants.core.selection import Rejected, Wheel
from pip_variants.core.supported import KNOWN_STATES
from pip_variants.explain import messages, problems, requests
from pip_variants.explain.as_json import variant_entry

from .compat import (
    BaseDistribution,
    InstallationError,
    environment_of,
    get_default_environment,
)
from .display import print_line
from .distributions import own_problem, variant_of
from .run_state import RunState


@dataclass(frozen=True, slots=True)
class InstalledVariant:
    """An installed variant. ``reason`` says why it does not fit; None: it does.

    ``is_certain``: the supported properties of every namespace in question are known.
    ``is_contradicted``: what this machine shows rules it out; otherwise the machine shows nothing
    that it could be compared with.
    """

    project: str
    version: str
    dist: BaseDistribution
    selected: SelectedVariant
    reason: str | None
    is_certain: bool
    is_contradicted: bool


def installed_variant(
    state: RunState, dist: BaseDistribution, source: str = ""
) -> InstalledVariant | None:
    """Return an installed distribution as a variant, or None if it is not one.

    ``source`` is the index that lists its project, if that is known.
    """
    selected = variant_of(dist)
    if selected is None:
        return None
    variant = selected.variant
    namespaces = tuple(sorted(variant.namespaces))
    supported = state.supported_quietly(namespaces, selected.metadata, source)
    missing = missing_features(variant, supported)
    name = str(dist.canonical_name)
    reason = None
    if missing:
        reason = messages.why_rejected([Rejected(Wheel(name, variant.label), variant, missing)])
    certain = all(item.supported.state in KNOWN_STATES for item in missing)
    contradicted = any(item.is_contradicted for item in missing)
    version = str(dist.raw_version)
    return InstalledVariant(name, version, dist, selected, reason, certain, contradicted)


def installed_variants(state: RunState) -> Iterator[InstalledVariant]:
    """Yield the variants in the environment, or in the folders of ``--path``, by name."""
    dists = environment_of(state.options).iter_installed_distributions(local_only=False)
    for dist in sorted(dists, key=lambda item: item.canonical_name):
        found = installed_variant(state, dist)
        if found is not None:
            yield found
        elif (problem := own_problem(dist)) is not None:
            name, version = printable(str(dist.canonical_name)), printable(str(dist.raw_version))
            text = problems.unusable_installed(name, version, problem)
            state.log.once(logging.WARNING, text)


def print_misfits(state: RunState, dists: Sequence[BaseDistribution]) -> bool:
    """Print, as `pip check` does, the variants that do not fit; return whether there are any."""
    any_found = False
    for dist in sorted(dists, key=lambda item: item.canonical_name):
        found = installed_variant(state, dist)
        if found is not None and found.reason is not None and found.is_certain:
            any_found = True
            label = found.selected.variant.label
            text = messages.check_misfit(found.project, found.version, label, found.reason)
            print_line(text)
    return any_found


def check_uninstallation(state: RunState, projects: Iterable[str]) -> None:
    """Raise InstallationError if an installed distribution has not the label requested for it."""
    for project in projects:
        requested = state.requests.label(project)
        dist = get_default_environment().get_distribution(project)
        if requested is None or dist is None:
            continue
        found = variant_of(dist)
        if found is None or not is_requested(found.variant, requested):
            label = found.variant.label if found is not None else None
            raise InstallationError(requests.other_variant(project, requested, label))


def add_column(
    dists: Sequence[BaseDistribution], data: Sequence[list[str]], header: list[str]
) -> None:
    """Insert the labels after the versions in the table of `pip list`."""
    header.insert(2, "Variant")
    for dist, row in zip(dists, data, strict=True):
        row.insert(2, label_entry(dist).get("variant", ""))


def label_entry(dist: BaseDistribution) -> dict[str, str]:
    """Return ``{"variant": label}``, or nothing if a distribution is not a variant."""
    selected = variant_of(dist)
    return {} if selected is None else {"variant": selected.variant.label}


def inspect_entry(dist: BaseDistribution) -> dict[str, object]:
    """Return ``{"variant": {"label": .., "properties": [..]}}``, or nothing."""
    selected = variant_of(dist)
    return {} if selected is None else {"variant": variant_entry(selected.variant)}


def show_lines(dist: BaseDistribution) -> list[str]:
    """Return the lines about a variant in `pip show`."""
    selected = variant_of(dist)
    if selected is None:
        return []
    properties = ", ".join(map(str, selected.variant.properties))
    return [f"Variant: {selected.variant.label}", f"Variant-properties: {properties}"]
