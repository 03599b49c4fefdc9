"""Which file of a version pip takes: pip's candidates in, the same candidates ranked out.

The ranking itself is ``selection.select``; here is what belongs to pip: when it is asked for, that
a file may come from several sources, yanked files and hashes, and the user's wishes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pip._vendor.packaging.utils import canonicalize_name

from . import explain
from .errors import VariantError
from .filenames import label_of
from .index import session_of, source_of
from .process import Build, Choice, process
from .properties import NULL_LABEL
from .providers import abi_dependency
from .selection import Selection, Wheel, needed_namespaces, select

if TYPE_CHECKING:
    from pip._internal.index.package_finder import BestCandidateResult, PackageFinder
    from pip._internal.models.candidate import InstallationCandidate
    from pip._internal.models.link import Link
    from pip._internal.utils.hashes import Hashes
    from pip._vendor.packaging.version import Version

    from .metadata import Metadata
    from .properties import Variant

logger = logging.getLogger(__name__)

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
    if not _concerned(links):
        yield from run
        return
    for part in _parts(links, hashes):
        own = [links[i] for i in part]
        thunks = [run[i][1] for i in part]
        version = run[0][0]
        for place in range(len(part)):
            yield version, _Nth(place, own, thunks, str(version), finder)


@dataclass(frozen=True, slots=True)
class _Nth:
    """The candidate in the given place of the ranking, made when called."""

    place: int
    links: list[Link]
    thunks: list[Thunk]
    version: str
    finder: PackageFinder

    def __call__(self) -> Any:  # noqa: ANN401 - pip's candidate
        order = _order(self.links, self.version, self.finder)
        return self.thunks[order[self.place]]() if self.place < len(order) else None


def preferred(
    found: BestCandidateResult, finder: PackageFinder, hashes: Hashes | None
) -> InstallationCandidate | None:
    """Return the one candidate that the legacy resolver takes, pip's own if no variant matters."""
    best = found.best_candidate
    # pip sorts the worst first.
    candidates = found.applicable_candidates[::-1]
    while candidates:
        version = candidates[0].version
        run = [candidate for candidate in candidates if candidate.version == version]
        links = [candidate.link for candidate in run]
        if not _concerned(links):
            # Of equals pip takes the first that it found.
            return best if best in run else run[0]
        for part in _parts(links, hashes):
            order = _order([links[i] for i in part], str(version), finder)
            if order:
                return run[part[order[0]]]
        candidates = [candidate for candidate in candidates if candidate.version != version]
    return None


def _concerned(links: Sequence[Link]) -> bool:
    """Return whether one of the files is a variant, or the user wants a variant of the project."""
    return any(label_of(link.filename) is not None for link in links) or (
        bool(process.labels) and _project(links[0]) in process.labels
    )


def _parts(links: Sequence[Link], hashes: Hashes | None) -> Iterator[list[int]]:
    """Split one version where pip's own order puts yanked files, or other hashes, behind."""
    states = [(link.is_yanked, link.is_hash_allowed(hashes)) for link in links]
    part: list[int] = []
    for i, state in enumerate(states):
        if part and states[part[-1]] != state:
            yield part
            part = []
        part.append(i)
    yield part


def _order(links: Sequence[Link], version: str, finder: PackageFinder) -> tuple[int, ...]:
    """Return the places of the files that can be installed, best first, decided once."""
    key = tuple(link.url for link in links)
    if key not in process.orders:
        process.aim_at(finder.target_python)
        order, selections = _decide(links, version, finder)
        if _depends_on_others(selections):
            return order
        process.orders[key] = order
    return process.orders[key]


def _depends_on_others(selections: Sequence[Selection]) -> bool:
    """Return whether the ranking holds only until pip settles on another version of something."""
    return any(
        support.namespace == abi_dependency.NAMESPACE
        for selection in selections
        for support in selection.supports
    )


def _decide(
    links: Sequence[Link], version: str, finder: PackageFinder
) -> tuple[tuple[int, ...], Sequence[Selection]]:
    """Rank one version's files: variants, then null variants, plain wheels and sdists."""
    project = _project(links[0])
    labelled: dict[str, list[int]] = {}
    others = []
    for place, link in enumerate(links):
        if label_of(link.filename) is None:
            others.append(place)
        else:
            labelled.setdefault(source_of(link), []).append(place)
    sources = [[(place, links[place]) for place in places] for places in labelled.values()]
    variants, selections = _judge_sources(sources, project, version, finder)
    wish = process.labels.get(project)
    if wish is not None:
        variants = [item for item in variants if _is_wished(item[1].variant, wish)]
        others = []
    found: list[tuple[int, Build | None]] = [*variants, *((place, None) for place in others)]
    for place, build in found:
        choice = Choice(project, version, build, tuple(selections))
        process.choices[links[place].url] = choice
    if not found:
        _say_nothing_fits(project, version, wish, selections)
    return tuple(place for place, _ in found), selections


def _judge_sources(
    sources: Sequence[Sequence[tuple[int, Link]]],
    project: str,
    version: str,
    finder: PackageFinder,
) -> tuple[list[tuple[int, Build]], list[Selection]]:
    """Return the variants that fit, best first, each source judged by its own metadata.

    Sources keep the order in which pip has them.
    """
    variants: list[tuple[int, Build]] = []
    selections = []
    for wheels in sources:
        judged = _judge_source(wheels, project, version, finder)
        if judged is not None:
            selection, metadata = judged
            selections.append(selection)
            variants += [
                (item.wheel.place, Build(item.variant, metadata))
                for item in selection.ranked
                if item.variant is not None
            ]
    # A null variant of one source is no better than a plain wheel beside another's real variant.
    variants.sort(key=lambda item: item[1].variant.is_null)
    return variants, selections


def _judge_source(
    wheels: Sequence[tuple[int, Link]], project: str, version: str, finder: PackageFinder
) -> tuple[Selection, Metadata] | None:
    """Return the selection among one source's variant wheels, or None if nothing is known."""
    try:
        metadata = process.sources.metadata([link for _, link in wheels], session_of(finder))
    except VariantError as error:
        text = f"Ignoring the variant wheels of {project} {version}: {error}"
        process.say(logging.WARNING, text)
        return None
    candidates = [Wheel(link.filename, label_of(link.filename), place) for place, link in wheels]
    return judge(candidates, metadata), metadata


def judge(wheels: Sequence[Wheel], metadata: Metadata) -> Selection:
    """Return the selection among wheels of one version and source, providers asked as needed."""
    needed = needed_namespaces(wheels, metadata)
    return select(wheels, metadata, process.ask(needed, metadata))


def _is_wished(variant: Variant, wish: str) -> bool:
    return variant.label == wish or (wish == NULL_LABEL and variant.is_null)


def _say_nothing_fits(
    project: str, version: str, wish: str | None, selections: Sequence[Selection]
) -> None:
    if wish is not None:
        text = explain.wish_unfulfilled(project, version, wish, selections)
        process.say(logging.WARNING, text)
        return
    for selection in selections:
        passed = explain.passed_over(project, version, selection)
        if passed is not None:
            process.say(logging.INFO, passed)
            process.unfit.setdefault(project, []).append(passed)


def tell_why(project: str) -> None:
    """Say why nothing of a project fits as an error, if `-q` has kept it from the user so far."""
    if not logger.isEnabledFor(logging.INFO):
        for text in process.unfit.get(canonicalize_name(project), ()):
            logger.error("%s", text)


def _project(link: Link) -> str:
    return canonicalize_name(link.filename.split("-", 1)[0])
