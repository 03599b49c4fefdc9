"""Whether another variant of the same version replaces an installed one.

pip compares versions and keeps what is installed. A variant is kept as long as it is the requested
one and this machine supports it; an upgrade takes the best variant of the version.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pip_variants.core.compatibility import feature_positions
from pip_variants.core.decision import SelectedVariant, is_requested
from pip_variants.core.ordering import sort_key
from pip_variants.explain import messages

from .compat import BaseDistribution, PipError, impatient_finder
from .distributions import variant_of
from .evaluator import decide_release
from .installed import installed_variant
from .links import choice_of, link_of, variant_link
from .releases import LinkedRelease
from .run_state import RunState

if TYPE_CHECKING:
    from pip._vendor.packaging.specifiers import BaseSpecifier

    from .compat import Hashes, InstallRequirement, PackageFinder

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CandidateQuery:
    """The candidates that pip considers for a project."""

    finder: PackageFinder
    specifier: BaseSpecifier
    hashes: Hashes


def is_replaced(
    state: RunState,
    dist: BaseDistribution,
    query: CandidateQuery,
    *,
    named: bool,
    prefers_installed: bool,
) -> bool:
    """Return whether an installed distribution is no longer a candidate for its own version.

    ``named``: the user named the project. ``prefers_installed``: it is not being upgraded.
    """
    if dist.editable:
        return False
    installed = variant_of(dist)
    project = dist.canonical_name
    state.requests.mark_used(project)
    requested = state.requests.label(project)
    if requested is not None:
        return installed is None or not is_requested(installed.variant, requested)
    if installed is not None and named:
        state.use_finder(query.finder)
        if _is_misfit(state, dist):
            return True
    if not prefers_installed:
        return better_label(state, dist, query) is not None
    if installed is not None and named:
        _log_better(state, dist, installed, query)
    return False


def differs(dist: BaseDistribution, req: InstallRequirement) -> bool:
    """Return whether the file that pip takes is another variant than the installed one."""
    link = link_of(req)
    choice = choice_of(link) if link is not None else None
    new = choice.selected if choice is not None else None
    old = variant_of(dist)
    if new is None or old is None:
        return new is not old
    # Labels have a meaning only within one source.
    return new.variant.properties != old.variant.properties


def better_label(state: RunState, dist: BaseDistribution, query: CandidateQuery) -> str | None:
    """Return the label of the best variant of the installed version.

    None if it is not better than the installed one, if the version has no variants, if some of its
    metadata is missing, or if another version is newer.
    """
    found = query.finder.find_best_candidate(
        dist.canonical_name, specifier=query.specifier, hashes=query.hashes
    )
    if found.best_candidate is None or found.best_candidate.version != dist.version:
        return None
    links = [
        variant_link(candidate.link)
        for candidate in reversed(found.applicable_candidates)
        if candidate.version == dist.version and not candidate.link.is_yanked
    ]
    if not any(link.label is not None for link in links):
        return None
    project, version = str(dist.canonical_name), str(dist.version)
    decision = decide_release(state, LinkedRelease.of(project, version, links, query.finder))
    if not decision.ranked or not all(source.is_complete for source in decision.sources):
        return None
    best = decision.ranked[0]
    if best.selected is None:
        return None
    installed = variant_of(dist)
    (source,) = (item for item in decision.sources if best.index in item.files)
    if installed is not None and source.selection is not None:
        namespaces = best.selected.metadata.priorities.namespaces
        positions = feature_positions(source.selection.supported, namespaces)
        new = sort_key(best.selected.variant, positions)
        old = sort_key(installed.variant, positions)
        if new is None or old is None or old <= new:
            return None
    return best.selected.variant.label


def _is_misfit(state: RunState, dist: BaseDistribution) -> bool:
    """Return whether an installed variant certainly does not fit, and log that."""
    found = installed_variant(state, dist)
    if found is None or found.reason is None or not found.is_certain:
        return False
    label = found.selected.variant.label
    text = messages.installed_misfit(found.project, found.version, label, found.reason)
    state.log.once(logging.WARNING, text)
    return True


def _log_better(
    state: RunState, dist: BaseDistribution, installed: SelectedVariant, query: CandidateQuery
) -> None:
    """Log that an upgrade would take another variant; any failure is ignored."""
    if not logger.isEnabledFor(logging.INFO):
        return
    with contextlib.suppress(PipError), impatient_finder(query.finder) as finder:
        best = better_label(state.for_hint(), dist, replace(query, finder=finder))
        if best is not None:
            text = messages.better_variant(
                dist.canonical_name, str(dist.version), installed.variant.label, best
            )
            state.log.once(logging.INFO, text)
