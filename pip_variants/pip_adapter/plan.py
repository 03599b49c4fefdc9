"""What `pip install` would take for one requirement: what is installed, or a file.

Everything that decides is what an installation calls. The METADATA of the file is not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pip_variants.formats.variant_json import VARIANT_JSON

from . import compat
from .candidates import RankedInfo, rank_candidates
from .compat import BaseDistribution, Link, configured_options, get_default_environment
from .reinstall import CandidateQuery, is_replaced
from .releases import usable_candidates
from .run_state import RunState

if TYPE_CHECKING:
    from pip._vendor.packaging.utils import NormalizedName


def installed_distribution(project: NormalizedName) -> BaseDistribution | None:
    """Return what pip's resolver finds installed of a project, or None."""
    dists = get_default_environment().iter_installed_distributions(local_only=False)
    return {dist.canonical_name: dist for dist in dists}.get(project)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is taken: what is installed, or the file of ``link``, or nothing."""

    keeps_installed: bool = False
    link: Link | None = None


def plan(
    state: RunState,
    project: NormalizedName,
    query: CandidateQuery,
    installed: BaseDistribution | None,
    *,
    upgrades: bool,
) -> Plan:
    """Return what pip takes; ``upgrades``: the project, which the user named, is upgraded."""
    kept = installed
    if kept is not None and not query.specifier.contains(kept.version, prereleases=True):
        kept = None
    if kept is not None and _is_replaced(state, kept, query, upgrades=upgrades):
        kept = None

    def infos() -> Iterator[RankedInfo]:
        requested = state.requests.label(project)
        usable = usable_candidates(query.finder, project, query.specifier, query.hashes, requested)
        found: list[Any] = [
            (item.version, partial(_taken, link=item.link, name=project)) for item in usable
        ]
        return rank_candidates(state, found, query.finder, query.hashes, prefetch=False)

    taken = compat.first_candidate(infos, kept, prefers_installed=not upgrades)
    if taken is not None and taken is kept:
        return Plan(keeps_installed=True)
    return Plan(link=taken)


def plan_upgrade(
    state: RunState, project: NormalizedName, query: CandidateQuery, installed: BaseDistribution
) -> Plan:
    """Return what an upgrade of what is installed would take; nothing is logged."""
    return plan(state.silent(), project, query, installed, upgrades=True)


def _is_replaced(
    state: RunState, installed: BaseDistribution, query: CandidateQuery, *, upgrades: bool
) -> bool:
    if "legacy-resolver" in configured_options(state.options, "deprecated_features_enabled"):
        return False
    if getattr(state.options, "no_variants", False):
        return installed.is_file(VARIANT_JSON)
    return is_replaced(state, installed, query, named=True, prefers_installed=not upgrades)


def _taken(*, link: Link, name: str) -> Link:  # noqa: ARG001 - as pip's own makers have it
    return link
