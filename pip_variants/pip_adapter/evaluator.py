"""Decides which file of a release pip takes: reads metadata, queries providers, logs.

The rules are in ``core.selection`` and ``core.decision``.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pip_variants.core import decision as core
from pip_variants.core.decision import Decision, Release, SourceSelection
from pip_variants.core.errors import VariantError
from pip_variants.core.metadata import VariantMetadata
from pip_variants.core.properties import Label
from pip_variants.core.selection import Selection, Wheel, needed_namespaces, select
from pip_variants.explain import messages

from .compat import Link
from .links import VariantLink, release_of, remote_file, variant_link
from .run_state import RunState

if TYPE_CHECKING:
    from .compat import PackageFinder

_NEARBY = 0.01
"""Seconds; below, two requests one after the other are as fast as two side by side."""


@dataclass(frozen=True, slots=True)
class LinkedRelease:
    """The files of one version with their links, and the finder that found them."""

    release: Release
    links: tuple[VariantLink, ...]
    finder: PackageFinder

    @classmethod
    def of(
        cls, project: str, version: str, links: Sequence[Link], finder: PackageFinder
    ) -> LinkedRelease:
        """Return the release of these links; ``project`` is a normalised name."""
        parsed = tuple(map(variant_link, links))
        return cls(release_of(project, version, parsed), parsed, finder)


def decide_release(state: RunState, linked: LinkedRelease, *, prefetch: bool = False) -> Decision:
    """Return which files of a release can be installed, best first; each release is decided once.

    ``prefetch``: pip will read the METADATA of the first one next.
    """
    project = linked.release.project
    state.requests.mark_used(project)
    key = tuple(link.url for link in linked.links)
    known = state.decisions.get(key)
    if known is not None:
        return known
    state.use_finder(linked.finder)
    labels, guess = _start_prefetch(state, linked) if prefetch else (frozenset(), None)
    decision = _decide(state, linked)
    if prefetch:
        _end_prefetch(state, linked, decision, labels, guess)
    state.decisions.add(key, decision)
    _log(state, decision)
    return decision


def judge_wheels(state: RunState, wheels: Sequence[Wheel], metadata: VariantMetadata) -> Selection:
    """Return the selection among wheels of one version and source, querying providers."""
    needed = needed_namespaces(wheels, metadata)
    return select(wheels, metadata, state.supported(needed, metadata))


def log_passed_over(state: RunState, decision: Decision) -> bool:
    """Log which wheels were passed over and why; return whether anything was logged."""
    logged = False
    for selection in decision.selections:
        release = decision.release
        found = messages.passed_over(release.project, release.version, selection, state.log.reasons)
        if found is not None:
            text, reason = found
            state.log.reasons.setdefault(reason, f"{release.project} {release.version}")
            logged = state.log.once(logging.INFO, text) or logged
    return logged


def why_nothing_fits(state: RunState, project: str) -> str | None:
    """Return why nothing of the first version that was considered fits, or None."""
    for decision in state.decisions.about(project):
        if not decision.ranked:
            reason = messages.why_nothing_fits(decision)
            if reason is not None:
                return reason
    return None


def _decide(state: RunState, linked: LinkedRelease) -> Decision:
    release = linked.release
    sources = [_judge_source(state, linked, files) for files in release.by_source()]
    return core.decide(release, sources, state.requests.label(release.project))


def _judge_source(
    state: RunState, linked: LinkedRelease, files: tuple[int, ...]
) -> SourceSelection:
    """Return the selection among the variant wheels of one source."""
    wheels = [remote_file(linked.links[index]) for index in files]
    try:
        metadata = state.metadata.read(wheels, state.use_finder(linked.finder))
    except VariantError as error:
        return SourceSelection(files, error=str(error))
    selection = judge_wheels(state, linked.release.wheels(files), metadata.metadata)
    return SourceSelection(files, metadata, selection)


def _log(state: RunState, decision: Decision) -> None:
    for text in messages.metadata_problems(decision):
        state.log.once(logging.WARNING, text)
    if decision.ranked:
        return
    if decision.requested is not None:
        state.log.once(logging.INFO, messages.requested_label_rejected(decision))
    else:
        log_passed_over(state, decision)


def _start_prefetch(
    state: RunState, linked: LinkedRelease
) -> tuple[frozenset[Label], Label | None]:
    """Fetch METADATA of the variant that is likely to be selected; return labels and guess."""
    first: dict[Label, VariantLink] = {}
    for link in linked.links:
        if link.label is not None:
            first.setdefault(link.label, link)
    labels = frozenset(first)
    guess = state.guesses.guess(labels)
    # What comes from a cache or a nearby server takes less time than a thread.
    if guess is None or state.transport is None or state.metadata.seconds <= _NEARBY:
        return labels, None
    metadata = first[guess].metadata_link()
    if metadata is None:
        return labels, None
    url = metadata.url.partition("#")[0]
    started = state.transport.prefetch(url)
    if started is None:
        return labels, None
    state.prefetched[url] = started
    return labels, guess


def _end_prefetch(
    state: RunState,
    linked: LinkedRelease,
    decision: Decision,
    labels: frozenset[Label],
    guess: Label | None,
) -> None:
    selected = linked.links[decision.ranked[0].index].label if decision.ranked else None
    if guess != selected:
        state.prefetched.clear()
    state.guesses.learn(labels, selected, guess)
