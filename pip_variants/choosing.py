"""Which file of a version pip takes: pip's candidates in, the same candidates ranked out.

The ranking itself is ``selection.select``; here is what belongs to pip: when it is asked for, that
a file may come from several sources, yanked files and hashes, and the user's wishes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pip._internal.exceptions import DistributionNotFound
from pip._vendor.packaging.utils import canonicalize_name

from . import explain
from .decisions import Build, Choice, Decision, Files, Judged
from .errors import VariantError, shortened
from .filenames import label_of
from .index import session_of, source_of
from .process import process
from .properties import NULL_LABEL
from .selection import Selection, Wheel, needed_namespaces, select

if TYPE_CHECKING:
    from pip._internal.index.package_finder import BestCandidateResult, PackageFinder
    from pip._internal.models.candidate import InstallationCandidate
    from pip._internal.models.link import Link
    from pip._internal.utils.hashes import Hashes
    from pip._vendor.packaging.version import Version

    from .ahead import Waiting
    from .metadata import Metadata
    from .properties import Variant

_NEAR = 0.01
"""Seconds up to which one request after the other is as fast as two at a time."""

Thunk = partial[Any]
"""Makes pip's candidate; pip gives the link, among others, as a keyword."""

Info = tuple["Version", Thunk]
Arranged = tuple["Version", "Thunk | _Nth"]


def arranged(run: Sequence[Info], finder: PackageFinder, hashes: Hashes) -> Iterator[Arranged]:
    """Yield the candidates of one version, best first.

    Nothing is fetched or asked before the first of them is really wanted: then its metadata is
    read and providers are asked, and what does not fit gives None, which is pip's "try the next".
    """
    links = [thunk.keywords["link"] for _, thunk in run]
    project: str = run[0][1].keywords["name"]
    if not _concerned(project, links):
        yield from run
        return
    version = run[0][0]
    for part in parts(links, hashes):
        thunks = tuple(run[i][1] for i in part)
        files = Files(project, str(version), tuple(links[i] for i in part), finder)
        for place in range(len(part)):
            # Where hashes are required pip does not read METADATA before the wheel.
            yield version, _Nth(place, thunks, files, ahead=not hashes)


@dataclass(frozen=True, slots=True)
class _Nth:
    """The candidate in the given place of the ranking, made when called."""

    place: int
    thunks: tuple[Thunk, ...]
    files: Files
    ahead: bool

    def __call__(self) -> Any:  # noqa: ANN401 - pip's candidate
        order = decide(self.files, ahead=self.ahead).order
        return self.thunks[order[self.place]]() if self.place < len(order) else None


def preferred(
    found: BestCandidateResult, finder: PackageFinder, hashes: Hashes | None
) -> InstallationCandidate | None:
    """Return the one candidate that the legacy resolver takes, pip's own if no variant matters."""
    best = found.best_candidate
    # pip sorts the worst first, and a version's sdists or yanked files perhaps far behind.
    for version, group in groupby(found.applicable_candidates[::-1], lambda item: item.version):
        run = list(group)
        links = [candidate.link for candidate in run]
        project = canonicalize_name(run[0].name)
        if not _concerned(project, links):
            # Of equals pip takes the first that it found.
            return best if best in run else run[0]
        for part in parts(links, hashes):
            own = tuple(links[i] for i in part)
            order = decide(Files(project, str(version), own, finder)).order
            if order:
                return run[part[order[0]]]
    return None


def wanted(
    project: str, candidates: Sequence[InstallationCandidate]
) -> Sequence[InstallationCandidate]:
    """Return the files with the label that the user wants of a project, all if any will do.

    Nothing is fetched: it is the label in the name that counts. Raise pip's DistributionNotFound if
    no file has it.
    """
    wish = process.wish(canonicalize_name(project))
    if wish is None:
        return candidates
    labels = [label_of(candidate.link.filename) for candidate in candidates]
    found = [item for item, label in zip(candidates, labels, strict=True) if label == wish]
    if wish == NULL_LABEL and not found:
        return candidates  # a null variant can have any label
    if candidates and not found:
        reason = explain.label_unknown(wish, labels)
        raise DistributionNotFound(f"No matching distribution found for {project}: {reason}")
    return found


def _concerned(project: str, links: Sequence[Link]) -> bool:
    """Return whether one of the files is a variant, or the user wants a variant of the project."""
    return process.wish(project) is not None or any(
        label_of(link.filename) is not None for link in links
    )


def parts(links: Sequence[Link], hashes: Hashes | None) -> Iterator[list[int]]:
    """Split one version where pip's own order puts yanked files, or other hashes, behind."""
    states = [(link.is_yanked, link.is_hash_allowed(hashes)) for link in links]
    part: list[int] = []
    for i, state in enumerate(states):
        if part and states[part[-1]] != state:
            yield part
            part = []
        part.append(i)
    yield part


def decide(files: Files, *, ahead: bool = False) -> Decision:
    """Return which files can be installed, best first, decided once for the same files.

    ``ahead`` says that pip will read the METADATA of the first one next.
    """
    key = tuple(link.url for link in files.links)
    if key not in process.decisions:
        process.aim_at(files.finder)
        guess = _Guess.of(files) if ahead else None
        decision = _decide(files)
        if guess is not None:
            guess.settle(decision)
        if decision.depends_on_others:
            return decision
        process.decisions[key] = decision
    return process.decisions[key]


@dataclass(frozen=True, slots=True)
class _Guess:
    """What will probably be chosen, whose METADATA is fetched beside the JSON.

    Projects that belong together have the same labels, and what was chosen among them once will be
    chosen again. Nothing is decided by a guess; a wrong one costs one request in vain, and is the
    last in this run of pip. What comes at once, from a cache or from nearby, is not guessed at: it
    would take a thread longer than it saves.
    """

    labels: frozenset[str]
    label: str | None
    waiting: Waiting | None

    @classmethod
    def of(cls, files: Files) -> _Guess:
        """Guess by what was chosen before, and start to fetch."""
        first: dict[str, Link] = {}
        for link in files.links:
            label = label_of(link.filename)
            if label is not None:
                first.setdefault(label, link)
        labels = frozenset(first)
        worth = process.guesses_well and process.sources.seconds > _NEAR
        label = process.chosen.get(labels) if worth else None
        metadata = first[label].metadata_link() if label is not None else None
        if metadata is None:
            return cls(labels, None, None)
        from .ahead import begin

        return cls(labels, label, begin(metadata, session_of(files.finder)))

    def settle(self, decision: Decision) -> None:
        """Keep what was fetched if the guess was right, and learn from what was chosen."""
        links = decision.files.links
        best = label_of(links[decision.order[0]].filename) if decision.order else None
        if self.waiting is not None and best != self.label:
            self.waiting.drop()
            process.guesses_well = False
        if best is not None:
            process.chosen[self.labels] = best


def _decide(files: Files) -> Decision:
    """Rank one version's files: variants, then null variants, plain wheels and sdists.

    Sources keep the order in which pip has them, and each is judged by its own metadata.
    """
    labelled: dict[str, list[int]] = {}
    others = []
    for place, link in enumerate(files.links):
        if label_of(link.filename) is None:
            others.append(place)
        else:
            labelled.setdefault(source_of(link), []).append(place)
    sources = tuple(_judge_source(files, places) for places in labelled.values())
    variants = [
        (item.wheel.place, Build(item.variant, judged.found.metadata))
        for judged in sources
        if judged.selection is not None and judged.found is not None
        for item in judged.selection.ranked
        if item.variant is not None
    ]
    # A null variant of one source is no better than a plain wheel beside another's real variant.
    variants.sort(key=lambda item: item[1].variant.is_null)
    wish = process.wish(files.project)
    if wish is not None:
        variants = [item for item in variants if is_wished(item[1].variant, wish)]
        others = []
    found: list[tuple[int, Build | None]] = [*variants, *((place, None) for place in others)]
    decision = Decision(files, tuple(place for place, _ in found), sources)
    for place, build in found:
        choice = Choice(files.project, files.version, build, decision)
        process.choices[files.links[place].url] = choice
    if not found:
        _say_nothing_fits(files, wish, decision.selections)
    return decision


def _judge_source(files: Files, places: Sequence[int]) -> Judged:
    """Return what is decided about one source's variant wheels, or why nothing is known."""
    links = [files.links[place] for place in places]
    what = f"of {files.project} {files.version}"
    try:
        found = process.sources.metadata(links, session_of(files.finder))
    except VariantError as error:
        text = f"Ignoring the variant wheels {what}: {error}"
        process.say(logging.WARNING, text)
        return Judged(tuple(places), problem=text)
    problem: str | None = None
    if found.failures:
        labels = explain.listed(shortened(label) for label, _ in found.failures)
        reason = found.failures[0][1]
        problem = f"Ignoring the variants labelled {labels} {what}: {reason}"
        process.say(logging.WARNING, problem)
    wheels = [Wheel(files.links[i].filename, label_of(files.links[i].filename), i) for i in places]
    return Judged(tuple(places), found, judge(wheels, found.metadata), problem)


def judge(wheels: Sequence[Wheel], metadata: Metadata) -> Selection:
    """Return the selection among wheels of one version and source, providers asked as needed."""
    needed = needed_namespaces(wheels, metadata)
    return select(wheels, metadata, process.ask(needed, metadata))


def is_wished(variant: Variant, wish: str) -> bool:
    """Return whether a variant is the one with the label that the user wants."""
    return variant.label == wish or (wish == NULL_LABEL and variant.is_null)


def _say_nothing_fits(files: Files, wish: str | None, selections: Sequence[Selection]) -> None:
    project, version = files.project, files.version
    if wish is not None:
        sentence = explain.wish_unfulfilled(project, version, wish, selections)
        process.say(logging.INFO, sentence)
        process.unfit.setdefault(project, sentence)
        return
    say_passed_over(project, version, selections)
    rejected = [item for selection in selections for item in selection.rejected]
    if rejected:
        process.unfit.setdefault(project, explain.why(rejected))


def say_passed_over(project: str, version: str, selections: Sequence[Selection]) -> bool:
    """Say what did not fit and why; return whether there was anything to say."""
    said = len(process.said)
    for selection in selections:
        text = explain.passed_over(project, version, selection, process.reasons)
        if text is not None:
            process.say(logging.INFO, text)
    return len(process.said) > said


def why_not(project: str) -> str:
    """Return why nothing of a project's newest version fits, to end pip's error, or nothing."""
    reason = process.unfit.get(canonicalize_name(project))
    return f": {reason}" if reason is not None else ""
