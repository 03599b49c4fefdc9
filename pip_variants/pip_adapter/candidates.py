"""pip's candidates of one version in the order of their variants, for both resolvers of pip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.core.properties import NULL_LABEL
from pip_variants.explain import messages

from .compat import DistributionNotFound, candidate_with_link
from .evaluator import decide_release
from .links import Choice, VariantLink, variant_link
from .look_ahead import look_ahead
from .releases import LinkedRelease, split_by_state
from .run_state import RunState

if TYPE_CHECKING:
    from pip._vendor.packaging.version import Version

    from .compat import BestCandidateResult, Candidate, Hashes, InstallationCandidate, PackageFinder

Thunk = partial["Candidate | None"]
"""Makes pip's candidate; pip passes the link as a keyword argument."""

Info = tuple["Version", Thunk]
RankedInfo = tuple["Version", "Thunk | LazyCandidate"]


def rank_candidates(
    state: RunState, infos: Sequence[Info], finder: PackageFinder, hashes: Hashes
) -> Iterator[RankedInfo]:
    """Yield the candidates of one version, best first.

    Nothing is fetched or queried before the first of them is called. A call that returns None means
    that pip tries the next one, which is how incompatible wheels are skipped.
    """
    version = infos[0][0]
    project = infos[0][1].keywords["name"]
    links = [variant_link(thunk.keywords["link"]) for _, thunk in infos]
    if not is_concerned(state, project, links):
        yield from infos
        return
    for part in split_by_state(links, hashes):
        linked = LinkedRelease.of(project, str(version), [links[i] for i in part], finder)
        thunks = tuple(infos[i][1] for i in part)
        for rank in range(len(part)):
            # Where hashes are required pip does not read METADATA before the wheel.
            yield version, LazyCandidate(rank, thunks, state, linked, prefetch=not hashes)


@dataclass(frozen=True, slots=True)
class LazyCandidate:
    """The candidate with one rank in a release, made when it is called."""

    rank: int
    thunks: tuple[Thunk, ...]
    state: RunState
    linked: LinkedRelease
    prefetch: bool

    def __call__(self) -> Candidate | None:
        """Return pip's candidate, or None if fewer files can be installed."""
        decision = decide_release(self.state, self.linked, prefetch=self.prefetch)
        if self.state.roots:
            roots, self.state.roots = self.state.roots, ()
            named = [req.req for req in roots if req.req is not None and req.link is None]
            look_ahead(self.state, self.linked.finder, lambda: named)
        if self.rank >= len(decision.ranked):
            return None
        file = decision.ranked[self.rank]
        link = self.linked.links[file.index]
        release = decision.release
        choice = Choice(release.project, release.version, file.selected, decision)
        return self.thunks[file.index](link=VariantLink(link, link.label, choice))


def best_candidate(
    state: RunState, found: BestCandidateResult, finder: PackageFinder, hashes: Hashes | None
) -> InstallationCandidate | None:
    """Return the candidate for the legacy resolver: pip's own, or the best variant."""
    best = found.best_candidate
    # pip sorts the worst first; sdists and yanked files of a version may be far from its wheels.
    for version, group in groupby(found.applicable_candidates[::-1], lambda item: item.version):
        candidates = list(group)
        links = [variant_link(candidate.link) for candidate in candidates]
        project = canonicalize_name(candidates[0].name)
        if not is_concerned(state, project, links):
            # Of equal candidates pip takes the one that it found first.
            return best if best in candidates else candidates[0]
        for part in split_by_state(links, hashes):
            linked = LinkedRelease.of(project, str(version), [links[i] for i in part], finder)
            decision = decide_release(state, linked)
            if decision.ranked:
                file = decision.ranked[0]
                candidate = candidates[part[file.index]]
                link = linked.links[file.index]
                choice = Choice(project, str(version), file.selected, decision)
                return candidate_with_link(candidate, VariantLink(link, link.label, choice))
    return None


def with_requested_label(
    state: RunState, project: str, candidates: Sequence[InstallationCandidate]
) -> Sequence[InstallationCandidate]:
    """Return the files with the requested label of a project, or all if none is requested.

    Only names are compared and nothing is fetched. Raise pip's DistributionNotFound if no file has
    the label.
    """
    name = canonicalize_name(project)
    state.requests.mark_used(name)
    requested = state.requests.label(name)
    if requested is None:
        return candidates
    labels = [variant_link(candidate.link).label for candidate in candidates]
    found = [item for item, label in zip(candidates, labels, strict=True) if label == requested]
    if requested == NULL_LABEL and not found:
        return candidates  # a null variant can have any label
    if candidates and not found:
        reason = messages.unknown_label(requested, labels)
        raise DistributionNotFound(f"No matching distribution found for {project}: {reason}")
    return found


def is_concerned(state: RunState, project: str, links: Sequence[VariantLink]) -> bool:
    """Return whether one of the files is a variant, or a variant of the project is requested.

    Either way the request is no longer unused.
    """
    state.requests.mark_used(project)
    return state.requests.label(project) is not None or any(
        link.label is not None for link in links
    )
