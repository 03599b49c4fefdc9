"""Requests that are sent ahead, side by side, for projects that are certain to be needed.

pip asks for one page after the other, and for what belongs to each. Once a distribution with many
dependencies has arrived, all their pages are requested at once, then all their variant metadata,
then the METADATA of what will be selected: the requests that pip sends next. When the first of
these arrives at pip, the dependencies of all of them follow together. The only guess is that pip
takes the first version that fits what is known; once that was wrong, the rest is left to pip.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.utils import NormalizedName, canonicalize_name

from pip_variants.core.errors import VariantError
from pip_variants.remote.wheel_metadata import METADATA

from .ahead import Expected
from .compat import PAGE_HEADERS, distribution_of_metadata, page_urls, prefetched_content
from .distributions import Attached, attach
from .evaluator import decide
from .links import is_remote_wheel, remote_file
from .releases import LinkedRelease, releases_of
from .run_state import RunState

if TYPE_CHECKING:
    from .compat import PackageFinder

Requirements = Callable[[], Iterable[Requirement]]


@dataclass(frozen=True, slots=True)
class _Needed:
    """What is required of a project."""

    specifier: SpecifierSet = SpecifierSet()  # noqa: RUF009 - nobody changes it
    extras: frozenset[str] = frozenset()

    def and_by(self, requirement: Requirement) -> _Needed:
        """Return the same with one requirement more."""
        extras = frozenset(map(canonicalize_name, requirement.extras))
        return _Needed(self.specifier & requirement.specifier, self.extras | extras)


def look_ahead(state: RunState, finder: PackageFinder, requirements: Requirements) -> None:
    """Send requests ahead for the projects of these requirements, if that saves time.

    The dependencies of what was expected before belong to them.
    """
    if state.is_nearby or state.ahead.was_wrong:
        return
    transport = state.use_finder(finder)
    projects = _new_projects(state, [*_valid(requirements), *_dependencies_of_expected(state)])
    if len(projects) <= 1 or state.ahead.was_wrong:
        return
    for name in projects:
        for url in page_urls(finder, name):
            state.prefetch(url, PAGE_HEADERS)
    # What else decides which version is the first one is not known here.
    if getattr(state.options, "constraints", None) or getattr(
        state.options, "require_hashes", None
    ):
        return
    found = {
        name: release
        for name, needed in projects.items()
        if (release := _first_release(state, finder, name, needed)) is not None
    }
    for release in found.values():
        for files in release.release.by_source():
            wheels = [remote_file(release.links[index]) for index in files]
            state.metadata.read_ahead(wheels, transport, state.ahead.workers)
    for name, release in found.items():
        _expect(state, release, projects[name].extras)


def _first_release(
    state: RunState, finder: PackageFinder, name: NormalizedName, needed: _Needed
) -> LinkedRelease | None:
    requested = state.requests.label(name)
    return next(releases_of(finder, name, needed.specifier, requested=requested), None)


def _expect(state: RunState, release: LinkedRelease, extras: frozenset[str]) -> None:
    """Decide about a release ahead, and request the METADATA of what is selected."""
    index, selected = 0, None
    if any(link.label is not None for link in release.links):
        decision = decide(state, release)
        # Such a decision depends on what pip prepares before.
        if decision.is_provisional or decision.unread:
            return
        state.ahead.decisions[release.key] = decision
        if not decision.ranked:
            return
        index, selected = decision.ranked[0].index, decision.ranked[0].selected
    link = release.links[index]
    metadata = link.metadata_link()
    if metadata is not None:
        state.prefetch(metadata.url.partition("#")[0])
    elif state.transport is not None and is_remote_wheel(link):
        state.wheels.read_ahead(remote_file(link), state.transport, state.ahead.workers)
    name, version = release.release.project, release.release.version
    state.ahead.versions[name] = version
    state.ahead.expected.append(Expected(name, version, extras, link, selected))


def _dependencies_of_expected(state: RunState) -> Iterator[Requirement]:
    """Yield the dependencies of what is expected, as far as its METADATA arrives ahead of pip."""
    expected, state.ahead.expected = state.ahead.expected, []
    for file in expected:
        content = _metadata_of(state, file)
        if content is not None:
            dist = distribution_of_metadata(content, file.link.filename, file.project)
            attach(dist, Attached(file.selected, is_candidate=True))
            yield from _valid(partial(dist.iter_dependencies, file.extras))


def _metadata_of(state: RunState, file: Expected) -> bytes | None:
    metadata = file.link.metadata_link()
    if metadata is not None:
        prefetch = state.prefetched.get(metadata.url.partition("#")[0])
        response = prefetch.result() if prefetch is not None else None
        return prefetched_content(response) if response is not None else None
    wheel = remote_file(file.link)
    if state.transport is None or not state.wheels.is_read_ahead(wheel.url):
        return None
    with contextlib.suppress(VariantError):
        return state.wheels.members(wheel, state.transport).get(METADATA)
    return None


def _new_projects(
    state: RunState, requirements: Sequence[Requirement]
) -> dict[NormalizedName, _Needed]:
    """Return what is required of each project that is certain to be looked for next.

    Of one that is installed pip may not need the page.
    """
    found: dict[NormalizedName, _Needed] = {}
    for requirement in requirements:
        name = canonicalize_name(requirement.name)
        version = state.ahead.versions.get(name)
        if version is not None and not requirement.specifier.contains(version, prereleases=True):
            state.ahead.was_wrong = True
        if requirement.url is None and name not in state.ahead.projects:
            found[name] = found.get(name, _Needed()).and_by(requirement)
    state.ahead.projects.update(found)
    versions = state.versions() if len(found) > 1 else {}
    return {name: needed for name, needed in found.items() if name not in versions}


def _valid(requirements: Requirements) -> list[Requirement]:
    """Return the requirements, or none if one is invalid, which pip reports itself."""
    with contextlib.suppress(ValueError):
        return list(requirements())
    return []
