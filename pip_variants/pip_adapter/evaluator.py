"""Decides which file of a release pip takes: reads metadata, queries providers, logs.

The rules are in ``core.selection`` and ``core.decision``.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from pip_variants.core import decision as core
from pip_variants.core.decision import Decision, SourceSelection
from pip_variants.core.errors import VariantError
from pip_variants.core.metadata import VariantMetadata
from pip_variants.core.properties import Label
from pip_variants.core.selection import Selection, Wheel, needed_namespaces, select
from pip_variants.explain import messages

from .links import VariantLink, remote_file
from .releases import LinkedRelease
from .run_state import RunState


@dataclass(frozen=True, slots=True)
class _Guess:
    """The label that is likely to be selected among some, and the URL of its METADATA."""

    labels: frozenset[Label]
    label: Label | None = None
    url: str = ""


def decide_release(state: RunState, linked: LinkedRelease, *, prefetch: bool = False) -> Decision:
    """Return which files of a release can be installed, best first; each release is decided once.

    ``prefetch``: pip will read the METADATA of the first one next.
    """
    project = linked.release.project
    state.requests.mark_used(project)
    known = state.decisions.get(linked.key)
    if known is not None:
        return known
    decision = state.ahead.decisions.pop(linked.key, None)
    if decision is None:
        state.use_finder(linked.finder)
        guess = _start_prefetch(state, linked) if prefetch else None
        decision = decide(state, linked)
        if guess is not None:
            _end_prefetch(state, linked, decision, guess)
    state.decisions.add(linked.key, decision)
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


def decide(state: RunState, linked: LinkedRelease) -> Decision:
    """Return which files of a release can be installed; nothing is logged or remembered."""
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


def _start_prefetch(state: RunState, linked: LinkedRelease) -> _Guess:
    """Fetch METADATA of the variant that is likely to be selected."""
    first: dict[Label, VariantLink] = {}
    for link in linked.links:
        if link.label is not None:
            first.setdefault(link.label, link)
    labels = frozenset(first)
    guess = state.guesses.guess(labels)
    metadata = first[guess].metadata_link() if guess is not None else None
    if metadata is None or state.is_nearby:
        return _Guess(labels)
    url = metadata.url.partition("#")[0]
    return _Guess(labels, guess, url) if state.prefetch(url) else _Guess(labels)


def _end_prefetch(
    state: RunState, linked: LinkedRelease, decision: Decision, guess: _Guess
) -> None:
    selected = linked.links[decision.ranked[0].index].label if decision.ranked else None
    if guess.label != selected:
        state.prefetched.pop(guess.url, None)
    state.guesses.learn(guess.labels, selected, guess.label)
