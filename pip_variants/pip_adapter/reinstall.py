"""Whether another variant of the same version replaces an installed one.

pip compares versions and keeps what is installed. A variant is kept as long as it is the requested
one and this machine does not contradict it; a machine that shows no such hardware at all, as a
login node, does not. An upgrade takes the best variant of the version.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pip_variants.core.compatibility import feature_positions
from pip_variants.core.decision import Decision, SelectedVariant, is_excluded, is_requested
from pip_variants.core.ordering import sort_key
from pip_variants.core.properties import Label
from pip_variants.explain import messages, problems

from .alternatives import conditions_in
from .compat import BaseDistribution, PipError, impatient_finder
from .distributions import variant_of
from .evaluator import UnreadVariantsError, decide_release, listing
from .installed import InstalledVariant, installed_variant
from .links import choice_of, link_of, variant_link
from .releases import LinkedRelease
from .run_state import RunState

if TYPE_CHECKING:
    from pip._vendor.packaging.specifiers import SpecifierSet

    from .compat import BestCandidateResult, Hashes, InstallRequirement, PackageFinder


@dataclass(frozen=True, slots=True)
class CandidateQuery:
    """The candidates that pip considers for a project."""

    finder: PackageFinder
    specifier: SpecifierSet
    hashes: Hashes

    def find(self, dist: BaseDistribution) -> BestCandidateResult:
        """Return the candidates for the project of a distribution."""
        return self.finder.find_best_candidate(
            dist.canonical_name, specifier=self.specifier, hashes=self.hashes
        )


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
    excluded = state.requests.excluded(project)
    if installed is not None and is_excluded(installed.variant, excluded):
        return True
    state.use_finder(query.finder)
    if conditions_in(state, installed):
        state.together.installed_alternatives.add(project)
    misfit = _misfit(state, dist, query) if named or not prefers_installed else None
    if misfit is not None and named and misfit.is_contradicted:
        text = messages.installed_misfit(*_names(misfit), str(misfit.reason))
        state.log.once(logging.WARNING, text)
        return True
    if not prefers_installed:
        return _is_upgraded(state, dist, misfit, query)
    if misfit is not None:
        text = messages.unconfirmed_variant(*_names(misfit), str(misfit.reason))
        state.log.once(logging.INFO, text)
    elif installed is not None and named:
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
    metadata is missing or cannot be read, or if another version is newer.
    """
    found = query.find(dist)
    if found.best_candidate is None or found.best_candidate.version != dist.version:
        return None
    decision = _decide_version(state, dist, query, found)
    if decision is None or not decision.ranked:
        return None
    return better_than(dist, decision)


def better_than(dist: BaseDistribution, decision: Decision) -> Label | None:
    """Return the label of the best variant of a version unless the installed one is as good."""
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


def _is_upgraded(
    state: RunState,
    dist: BaseDistribution,
    misfit: InstalledVariant | None,
    query: CandidateQuery,
) -> bool:
    """Return whether an upgrade takes another file of the installed version."""
    if misfit is None:
        return better_label(state, dist, query) is not None
    decision = _decide_version(state, dist, query, query.find(dist))
    return decision is not None and bool(decision.ranked)


def _decide_version(
    state: RunState, dist: BaseDistribution, query: CandidateQuery, found: BestCandidateResult
) -> Decision | None:
    """Return the decision about the files of the installed version.

    None if there are no variants among them, or if some metadata is missing or cannot be read.
    """
    links = [
        variant_link(candidate.link)
        for candidate in reversed(found.applicable_candidates)
        if candidate.version == dist.version and not candidate.link.is_yanked
    ]
    if not any(link.label is not None for link in links):
        return None
    project, version = str(dist.canonical_name), str(dist.version)
    try:
        decision = decide_release(state, LinkedRelease.of(project, version, links, query.finder))
    except UnreadVariantsError as error:
        state.log.once(logging.WARNING, problems.kept_for_unread(error.decision))
        return None
    return decision if all(source.is_complete for source in decision.sources) else None


def _misfit(
    state: RunState, dist: BaseDistribution, query: CandidateQuery
) -> InstalledVariant | None:
    """Return an installed variant that this machine does not support, or None."""
    source = ""
    if state.resolver.settings.trusted:
        best = query.find(dist).best_candidate
        source = listing(state, best.link) if best is not None else ""
    found = installed_variant(state, dist, source)
    return None if found is None or found.reason is None else found


def _names(found: InstalledVariant) -> tuple[str, str, str]:
    return found.project, found.version, found.selected.variant.label


def _log_better(
    state: RunState, dist: BaseDistribution, installed: SelectedVariant, query: CandidateQuery
) -> None:
    """Log that an upgrade would take another variant; any failure is ignored."""
    if not state.log.shows(logging.INFO):
        return
    with contextlib.suppress(PipError), impatient_finder(query.finder) as finder:
        best = better_label(state.for_hint(), dist, replace(query, finder=finder))
        if best is not None:
            text = messages.better_variant(
                dist.canonical_name, str(dist.version), installed.variant.label, best
            )
            state.log.once(logging.INFO, text)
