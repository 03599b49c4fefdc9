"""What the patched pip calls: the facade behind ``pip._variants``, one function for each seam.

The door has already seen that a variant is in sight. Decisions are made by the pure core; this
module turns pip's objects into its values, and its values into pip's log lines and errors.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from pip._internal.cli.spinners import open_spinner
from pip._internal.exceptions import InstallationError, UnsupportedWheel
from pip._internal.utils.logging import indent_log
from pip._vendor.packaging.utils import canonicalize_name

from . import explain
from .errors import FilenameError, RequestError, VariantError
from .filenames import label_of, split_label
from .index import Sources, own_metadata, source_of
from .providers.chain import Chain
from .selection import Selection, Wheel, needed_namespaces, select

if TYPE_CHECKING:
    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.models.link import Link
    from pip._internal.models.target_python import TargetPython
    from pip._internal.network.session import PipSession
    from pip._internal.req.req_install import InstallRequirement
    from pip._vendor.packaging.version import Version

    from .metadata import Metadata
    from .properties import Variant

__all__ = ["FilenameError", "arranged", "introduce", "label_of", "note", "split_label"]

logger = logging.getLogger(__name__)

Thunk = partial[Any]
"""Makes pip's candidate; pip gives the link, among others, as a keyword."""

Info = tuple["Version", Thunk]
Arranged = tuple["Version", "_Nth"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate for install that was ranked: its variant, and what was passed over for it."""

    project: str
    version: str
    variant: Variant | None
    selections: tuple[Selection, ...]


@dataclass(slots=True)
class Process:
    """What one run of pip has read, asked, chosen and said so far."""

    sources: Sources = field(default_factory=Sources)
    chains: dict[bool, Chain] = field(default_factory=dict)
    choices: dict[str, Choice] = field(default_factory=dict)
    orders: dict[tuple[str, ...], tuple[int, ...]] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)

    def say(self, level: int, text: str) -> None:
        """Log a sentence unless this run of pip has said it before."""
        if text not in self.said:
            self.said.add(text)
            logger.log(level, "%s", text)

    def chain(self, *, foreign: bool) -> Chain:
        """Return who answers for namespaces, for this machine or for a foreign target."""
        if foreign not in self.chains:
            self.chains[foreign] = Chain(os.environ, foreign=foreign, querying=_querying)
        return self.chains[foreign]


_process = Process()


def note(link: Link) -> None:
    """Remember a ``*-variants.json`` that a page lists."""
    _process.sources.note(link)


def arranged(run: Sequence[Info], finder: PackageFinder, hashes: Any) -> Iterator[Arranged]:  # noqa: ANN401
    """Yield the candidates of one version, of which at least one is a variant, best first.

    Nothing is fetched or asked before the first of them is really wanted: then its metadata is
    read and providers are asked, and what does not fit gives None, which is pip's "try the next".
    """
    for part in _parts(run, hashes):
        links = [thunk.keywords["link"] for _, thunk in part]
        thunks = [thunk for _, thunk in part]
        for place, (version, _) in enumerate(part):
            yield version, _Nth(place, links, thunks, version, finder)


@dataclass(frozen=True, slots=True)
class _Nth:
    """The candidate in the given place of the ranking, made when called."""

    place: int
    links: list[Link]
    thunks: list[Thunk]
    version: Version
    finder: PackageFinder

    def __call__(self) -> Any:  # noqa: ANN401 - pip's candidate
        order = _order(self.links, str(self.version), self.finder)
        return self.thunks[order[self.place]]() if self.place < len(order) else None


def _parts(run: Sequence[Info], hashes: Any) -> Iterator[list[Info]]:  # noqa: ANN401
    """Split one version where pip's own order puts yanked files, or other hashes, behind."""
    state = None
    part: list[Info] = []
    for info in run:
        link: Link = info[1].keywords["link"]
        now = (link.is_yanked, link.is_hash_allowed(hashes))
        if part and now != state:
            yield part
            part = []
        state = now
        part.append(info)
    yield part


def _order(links: Sequence[Link], version: str, finder: PackageFinder) -> tuple[int, ...]:
    """Return the places of the files that can be installed, best first, decided once."""
    key = tuple(link.url for link in links)
    if key not in _process.orders:
        _process.orders[key] = _decide(links, version, finder)
    return _process.orders[key]


def _decide(links: Sequence[Link], version: str, finder: PackageFinder) -> tuple[int, ...]:
    """Rank one version's files: variants, then null variants, plain wheels and sdists.

    Each source is judged by its own metadata. Sources keep the order in which pip has them.
    """
    labelled: dict[str, list[int]] = {}
    others = []
    for place, link in enumerate(links):
        if label_of(link.filename) is None:
            others.append(place)
        else:
            labelled.setdefault(source_of(link), []).append(place)
    variants: list[tuple[int, Variant | None]] = []
    selections = []
    for places in labelled.values():
        selection = _select([(place, links[place]) for place in places], finder)
        if selection is not None:
            selections.append(selection)
            variants += [(item.wheel.place, item.variant) for item in selection.ranked]
    # A null variant of one source is no better than a plain wheel beside another's real variant.
    variants.sort(key=lambda item: item[1] is None or item[1].is_null)
    project = canonicalize_name(links[0].filename.split("-", 1)[0])
    for place, variant in [*variants, *((place, None) for place in others)]:
        choice = Choice(project, version, variant, tuple(selections))
        _process.choices[links[place].url] = choice
    if not variants and not others:
        for selection in selections:
            text = explain.passed_over(project, version, selection)
            _process.say(logging.INFO, text or "")
    return (*(place for place, _ in variants), *others)


def _select(wheels: Sequence[tuple[int, Link]], finder: PackageFinder) -> Selection | None:
    """Return the selection among one source's variant wheels, or None if nothing is known."""
    links = [link for _, link in wheels]
    session = finder._link_collector.session  # noqa: SLF001 - pip has no public way to it
    try:
        metadata = _process.sources.metadata(links, session)
    except VariantError as error:
        name, version = links[0].filename.split("-", 2)[:2]
        text = f"Ignoring the variant wheels of {canonicalize_name(name)} {version}: {error}"
        _process.say(logging.WARNING, text)
        return None
    candidates = [Wheel(link.filename, label_of(link.filename), place) for place, link in wheels]
    return _judge(candidates, metadata, foreign=_is_foreign(finder.target_python))


def _judge(wheels: Sequence[Wheel], metadata: Metadata, *, foreign: bool) -> Selection:
    needed = needed_namespaces(wheels, metadata)
    try:
        supports = _process.chain(foreign=foreign).ask(needed, metadata.providers)
    except RequestError as error:
        raise InstallationError(str(error)) from None
    for support in supports.values():
        for text in support.warnings:
            _process.say(logging.WARNING, f"{support.namespace}: {text}")
    return select(wheels, metadata, supports)


def introduce(req: InstallRequirement, session: PipSession) -> None:
    """Say what is about to be fetched: the banner of a variant, and what was passed over for it.

    A variant wheel that was given as a file or address is judged first, by its own metadata; raise
    UnsupportedWheel if it does not fit this machine.
    """
    link = req.cached_wheel_source_link or req.link
    if link is None:
        return
    choice = _process.choices.get(link.url)
    if choice is None:
        choice = _explicit(link, session)
    if choice is None:
        return
    if choice.variant is None or choice.variant.is_null:
        for selection in choice.selections:
            text = explain.passed_over(choice.project, choice.version, selection)
            if text is not None:
                _process.say(logging.INFO, text)
    if choice.variant is not None:
        text = explain.banner(choice.project, choice.version, choice.variant)
        _process.say(logging.INFO, f"\n{text}\n")


def _explicit(link: Link, session: PipSession) -> Choice | None:
    """Return the choice that a user made by giving a variant wheel itself."""
    label = label_of(link.filename) if link.is_wheel else None
    if label is None:
        return None
    try:
        metadata = own_metadata(link, session)
    except VariantError as error:
        raise UnsupportedWheel(f"{link.filename} cannot be judged: {error}") from None
    selection = _judge([Wheel(link.filename, label)], metadata, foreign=False)
    if selection.rejected:
        reason = explain.why(selection.rejected)
        raise UnsupportedWheel(f"{link.filename} does not fit this machine: {reason}")
    project, version = link.filename.split("-", 2)[:2]
    choice = Choice(canonicalize_name(project), version, selection.ranked[0].variant, ())
    _process.choices[link.url] = choice
    return choice


def _is_foreign(target: TargetPython) -> bool:
    """Return whether the user describes a target by options, so that this machine is not it."""
    given = (target.platforms, target.abis, target.implementation)
    return any(given) or target._given_py_version_info is not None  # noqa: SLF001 - see above


@contextlib.contextmanager
def _querying() -> Iterator[None]:
    with indent_log(), open_spinner("Querying variant providers"):
        yield
