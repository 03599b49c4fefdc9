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
from pip_variants.explain import messages, problems

from .compat import VERBOSE, InstallationError, Link
from .links import VariantLink, remote_file
from .provider_sources import sources_of
from .releases import LinkedRelease
from .run_state import RunState


class UnreadVariantsError(InstallationError):
    """The metadata of variants that might have to be selected could not be read."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(problems.unread_variants(decision))
        self.decision = decision


@dataclass(frozen=True, slots=True)
class _Guess:
    """The label that is likely to be selected among some, and the URL of its METADATA."""

    labels: frozenset[Label]
    label: Label | None = None
    url: str = ""


def decide_release(state: RunState, linked: LinkedRelease, *, prefetch: bool = False) -> Decision:
    """Return which files of a release can be installed, best first; each release is decided once.

    ``prefetch``: pip will read the METADATA of the first one next. Raise
    UnreadVariantsError if a variant that might be better could not be read.
    """
    state.requests.mark_used(linked.release.project)
    decision = state.decisions.get(linked.key) or _decide_once(state, linked, prefetch=prefetch)
    if decision.unread:
        raise UnreadVariantsError(decision)
    return decision


def _decide_once(state: RunState, linked: LinkedRelease, *, prefetch: bool) -> Decision:
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


def judge_wheels(
    state: RunState,
    wheels: Sequence[Wheel],
    metadata: VariantMetadata,
    *,
    possible: bool = False,
    source: str = "",
) -> Selection:
    """Return the selection among wheels of one version and source, querying providers.

    ``possible``: other distributions may have every version that this run can give them. ``source``
    is the index that lists the wheels, if that is known.
    """
    needed = needed_namespaces(wheels, metadata)
    supported = state.supported(needed, metadata, possible=possible, source=source)
    return select(wheels, metadata, supported)


def listing(state: RunState, link: Link) -> str:
    """Return which index lists a file, or "" if no provider depends on that."""
    own = getattr(state.options, "variant_provider_index", None)
    if own or state.finder is None or not state.resolver.settings.trusted:
        return ""
    return sources_of(state.options, state.finder).listing(link)


def log_passed_over(state: RunState, decision: Decision) -> None:
    """Log which wheels were passed over and why."""
    for selection in decision.selections:
        release = decision.release
        found = messages.passed_over(release.project, release.version, selection, state.log.reasons)
        if found is None or not state.log.is_first((release.project, found[1])):
            continue
        text, reason = found
        state.log.reasons.setdefault(reason, f"{release.project} {release.version}")
        state.log.once(logging.INFO, text)
    excluded = messages.excluded_variants(decision)
    if excluded is not None:
        state.log.once(logging.INFO, excluded)


def log_table(state: RunState, decision: Decision) -> None:
    """Log the table of ``explain`` at -v, once, if a wheel was passed over."""
    is_passed_over = any(selection.rejected for selection in decision.selections)
    if is_passed_over and state.log.shows(VERBOSE) and state.log.is_first(decision.release):
        from pip_variants.explain.model import explain_decision  # only this needs rich

        from .display import log_explanation

        log_explanation(explain_decision(decision, state.log.warnings()), VERBOSE)


def why_nothing_fits(state: RunState, project: str) -> str | None:
    """Return why nothing of the first version that was considered fits, or None.

    If a label is requested, a version that has it comes before those that do not.
    """
    failed = [item for item in state.decisions.about(project) if not item.ranked]
    failed.sort(key=lambda item: item.requested not in (file.label for file in item.release.files))
    reasons = filter(None, map(messages.why_nothing_fits, failed))
    return next(reasons, None)


def decide(state: RunState, linked: LinkedRelease, *, possible: bool = False) -> Decision:
    """Return which files of a release can be installed; nothing is logged or remembered.

    ``possible``: see ``judge_wheels``.
    """
    release = linked.release
    project = release.project
    requested = state.requests.label(project)
    sources = [
        _judge_source(state, linked, files, possible=possible) for files in release.by_source()
    ]
    return core.decide(release, sources, requested, state.requests.excluded(project))


def _judge_source(
    state: RunState, linked: LinkedRelease, files: tuple[int, ...], *, possible: bool
) -> SourceSelection:
    """Return the selection among the variant wheels of one source."""
    project = linked.release.project
    requested = state.requests.label(project)
    wheels = [remote_file(linked.links[index]) for index in files]
    try:
        metadata = state.metadata.read(
            wheels, state.use_finder(linked.finder), requested, state.requests.excluded(project)
        )
    except VariantError as error:
        return SourceSelection(files, error=str(error))
    wheels_here = linked.release.wheels(files)
    source = listing(state, linked.links[files[0]])
    selection = judge_wheels(
        state, wheels_here, metadata.metadata, possible=possible, source=source
    )
    return SourceSelection(files, metadata, selection)


def _log(state: RunState, decision: Decision) -> None:
    for text in problems.metadata_problems(decision):
        state.log.once(logging.WARNING, text)
    hint = state.comments.hint(decision)
    if hint is not None:
        state.log.once(logging.WARNING, hint)
    if not decision.is_provisional or state.is_legacy:
        log_nothing_fits(state, decision)


def log_nothing_fits(state: RunState, decision: Decision) -> None:
    """Log why nothing of a version fits, if that is so and certain."""
    if decision.ranked or decision.unread:
        return
    if decision.requested is not None:
        text = messages.requested_label_rejected(decision)
        project, version = decision.release.project, decision.release.version
        state.log.once(logging.INFO, text, topic=text.replace(f"{project} {version}", project))
    else:
        log_passed_over(state, decision)
    log_table(state, decision)


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
