"""pip's candidates of one version in the order of their variants, for both resolvers of pip."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from pip._vendor.packaging.utils import canonicalize_name
from pip._vendor.packaging.version import Version

from pip_variants.core.properties import NULL_LABEL, Label
from pip_variants.explain import messages, notes

from .alternatives import decide_with_alternatives
from .compat import DistributionNotFound, Link, candidate_with_link, redact_auth_from_url
from .evaluator import decide_release
from .links import Choice, VariantLink, source_of, variant_link
from .look_ahead import look_ahead
from .releases import LinkedRelease, requested_candidates, split_by_state
from .run_state import RunState

if TYPE_CHECKING:
    from .compat import BestCandidateResult, Candidate, Hashes, InstallationCandidate, PackageFinder

Thunk = partial["Candidate | None"]
"""Makes pip's candidate; pip passes the link as a keyword argument."""

Info = tuple["Version", Thunk]
RankedInfo = tuple["Version", "Thunk | LazyCandidate | OutrankingCandidate"]


def rank_candidates(
    state: RunState,
    infos: Sequence[Info],
    finder: PackageFinder,
    hashes: Hashes,
    *,
    prefetch: bool = True,
) -> Iterator[RankedInfo]:
    """Yield the candidates of each version, best first; the versions keep their order.

    ``prefetch``: pip reads the METADATA of what it takes next.

    Nothing is fetched or queried before the first of them is called. A call that returns None means
    that pip tries the next one, which is how incompatible wheels are skipped.
    """
    later = list(infos)
    for version, group in groupby(infos, itemgetter(0)):
        own = list(group)
        later = later[len(own) :]
        words = own[0][1].keywords
        links = [(version, thunk.keywords["link"]) for version, thunk in later]
        warning = outranked(words["name"], version, words["link"], links)
        # Where hashes are required pip does not read METADATA before the wheel.
        ranked = _rank_version(state, own, finder, hashes, prefetch=prefetch and not hashes)
        for info in ranked:
            yield (version, OutrankingCandidate(info[1], state, warning)) if warning else info


def _rank_version(
    state: RunState,
    infos: Sequence[Info],
    finder: PackageFinder,
    hashes: Hashes,
    *,
    prefetch: bool,
) -> Iterator[RankedInfo]:
    version = infos[0][0]
    project = infos[0][1].keywords["name"]
    links = [variant_link(thunk.keywords["link"]) for _, thunk in infos]
    if not is_concerned(state, project, links):
        yield from infos
        return
    for part in split_by_state(links, hashes):
        linked = LinkedRelease.of(project, str(version), [links[i] for i in part], finder)
        thunks = tuple(infos[i][1] for i in part)
        made = Made()
        yield version, LazyCandidate(0, thunks, state, linked, prefetch, made)
        # pip does not try what is installed in the same version a second time, nor what follows.
        first = 0 if not made.is_tried and project in state.together.installed_alternatives else 1
        for rank in range(first, len(part)):
            is_beside = made.has_alternatives or first == 0
            make = LazyCandidate(rank, thunks, state, linked, prefetch, made)
            yield (_Beside(str(version)) if is_beside else version), make


class _Beside(Version):
    """A version that differs from every other: of one version pip takes only one candidate."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__


@dataclass(slots=True)
class Made:
    """The labels of the candidates of one release that were made (None: no variant).

    ``has_alternatives``: there may be one of each label, beside each other.
    """

    labels: set[Label | None] = field(default_factory=set)
    is_tried: bool = False
    has_alternatives: bool = False

    def is_due(self, label: Label | None) -> bool:
        """Return whether a candidate with this label is still to be made."""
        return label not in self.labels if self.has_alternatives else not self.labels


@dataclass(frozen=True, slots=True)
class LazyCandidate:
    """The candidate with one rank in a release, made when it is called."""

    rank: int
    thunks: tuple[Thunk, ...]
    state: RunState
    linked: LinkedRelease
    prefetch: bool
    made: Made

    def __call__(self) -> Candidate | None:
        """Return pip's candidate, or None if fewer files can be installed."""
        self.made.is_tried = True
        decision, files = decide_with_alternatives(self.state, self.linked, prefetch=self.prefetch)
        if self.state.roots:
            roots, self.state.roots = self.state.roots, ()
            named = [req.req for req in roots if req.req is not None and req.link is None]
            look_ahead(self.state, self.linked.finder, lambda: named)
        # Where a condition came up, another variant of any project may make a set possible.
        self.made.has_alternatives = self.state.together.has_conditions
        if self.rank >= len(files):
            return None
        file = files[self.rank]
        link = self.linked.links[file.index]
        if not self.made.is_due(link.label):
            return None
        release = decision.release
        choice = Choice(
            release.project, release.version, file.selected, decision, self.linked.links
        )
        candidate = self.thunks[file.index](link=VariantLink(link, link.label, choice))
        if candidate is not None:
            self.made.labels.add(link.label)
        return candidate


@dataclass(frozen=True, slots=True)
class OutrankingCandidate:
    """A candidate of a local version that comes before the variants of its version.

    ``warning`` is logged when it is made.
    """

    make: Callable[[], Candidate | None]
    state: RunState
    warning: str

    def __call__(self) -> Candidate | None:
        """Return pip's candidate, or None."""
        candidate = self.make()
        if candidate is not None:
            self.state.log.once(logging.WARNING, self.warning)
        return candidate


def best_candidate(
    state: RunState, found: BestCandidateResult, finder: PackageFinder, hashes: Hashes | None
) -> InstallationCandidate | None:
    """Return the candidate for the legacy resolver: pip's own, or the best variant."""
    best = found.best_candidate
    if best is None:
        return None
    project = canonicalize_name(best.name)
    applicable = [
        item
        for item in found.applicable_candidates
        if item.link.url.partition("#")[0] not in state.discarded
    ]
    usable = requested_candidates(applicable, state.requests.label(project))
    # pip sorts the worst first; sdists and yanked files of a version may be far from its wheels.
    later = usable[::-1]
    for version, group in groupby(later, lambda item: item.version):
        candidates = list(group)
        later = later[len(candidates) :]
        links = [variant_link(candidate.link) for candidate in candidates]
        if not is_concerned(state, project, links):
            others = [(item.version, item.link) for item in later]
            warning = outranked(project, version, links[0], others)
            if warning:
                state.log.once(logging.WARNING, warning)
            # Of equal candidates pip takes the one that it found first.
            return best if best in candidates else candidates[0]
        for part in split_by_state(links, hashes):
            linked = LinkedRelease.of(project, str(version), [links[i] for i in part], finder)
            decision = decide_release(state, linked)
            if decision.ranked:
                file = decision.ranked[0]
                candidate = candidates[part[file.index]]
                link = linked.links[file.index]
                choice = Choice(project, str(version), file.selected, decision, linked.links)
                return candidate_with_link(candidate, VariantLink(link, link.label, choice))
    return None


def outranked(
    project: str, version: Version, link: Link, later: Iterable[tuple[Version, Link]]
) -> str:
    """Return a warning if a file of a local version comes before variants of the same version.

    ``later`` are the files behind it. The text is empty if there is nothing to warn of.
    """
    if variant_link(link).label is not None:
        return ""
    labels = labels_of_public(version, later)
    source = redact_auth_from_url(source_of(link))
    return notes.outranked(project, str(version), source, labels) if labels else ""


def labels_of_public(version: Version, files: Iterable[tuple[Version, Link]]) -> list[Label]:
    """Return the labels of the files of the public part of a local version; of others none."""
    if version.local is None:
        return []
    labels = (variant_link(link).label for own, link in files if str(own) == version.public)
    return list(dict.fromkeys(label for label in labels if label is not None))


def with_requested_label(
    state: RunState, project: str, candidates: Sequence[InstallationCandidate]
) -> Sequence[InstallationCandidate]:
    """Return the files of a project whose label is the requested one, or not excluded.

    Only names are compared and nothing is fetched. Raise pip's DistributionNotFound if there are
    none of several.
    """
    name = canonicalize_name(project)
    labels = [variant_link(candidate.link).label for candidate in candidates]
    state.requests.mark_used(name, labels)
    requested, excluded = state.requests.label(name), state.requests.excluded(name)
    found = [
        item
        for item, label in zip(candidates, labels, strict=True)
        if (requested is None or label == requested) and label not in excluded
    ]
    if requested == NULL_LABEL and not found:
        return candidates  # a null variant can have any label
    if candidates and not found:
        reason = (
            messages.excluded_labels(labels)
            if requested is None
            else messages.unknown_label(requested, labels)
        )
        raise DistributionNotFound(f"No matching distribution found for {project}: {reason}")
    return found


def is_concerned(state: RunState, project: str, links: Sequence[VariantLink]) -> bool:
    """Return whether one of the files is a variant, or a variant of the project is requested.

    Either way the request is no longer unused.
    """
    labels = [link.label for link in links if link.label is not None]
    state.requests.mark_used(project, labels)
    return bool(labels) or state.requests.label(project) is not None
