"""Requests that are sent ahead, side by side, for projects that are certain to be needed.

pip asks for one page after the other, and for what belongs to each. Once a distribution with many
dependencies has arrived, all their pages are requested at once, then all their variant metadata,
then the METADATA of what will be selected: the requests that pip sends next, and no other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.utils import NormalizedName, canonicalize_name

from .compat import PAGE_HEADERS, page_urls
from .evaluator import decide
from .links import remote_file
from .releases import LinkedRelease, releases_of
from .run_state import RunState

if TYPE_CHECKING:
    from .compat import PackageFinder

Requirements = Callable[[], Iterable[Requirement]]


def look_ahead(state: RunState, finder: PackageFinder, requirements: Requirements) -> None:
    """Send requests ahead for the projects of these requirements, if that saves time."""
    if state.is_nearby:
        return
    projects = _new_projects(state, requirements)
    if len(projects) <= 1:
        return
    transport = state.use_finder(finder)
    for name in projects:
        for url in page_urls(finder, name):
            state.prefetch(url, PAGE_HEADERS)
    # What else decides which version is the first one is not known here.
    if getattr(state.options, "constraints", None) or getattr(
        state.options, "require_hashes", None
    ):
        return
    found = (next(releases_of(finder, name, projects[name]), None) for name in projects)
    releases = [
        release
        for release in found
        if release is not None and any(link.label is not None for link in release.links)
    ]
    for release in releases:
        for files in release.release.by_source():
            wheels = [remote_file(release.links[index]) for index in files]
            state.metadata.read_ahead(wheels, transport, state.ahead.workers)
    _decide(state, releases)


def _decide(state: RunState, releases: Sequence[LinkedRelease]) -> None:
    """Decide about releases ahead, and request the METADATA of what is selected."""
    for release in releases:
        decision = decide(state, release)
        # Such a decision depends on what pip prepares before.
        if decision.is_provisional:
            continue
        state.ahead.decisions[release.key] = decision
        if decision.ranked:
            metadata = release.links[decision.ranked[0].index].metadata_link()
            if metadata is not None:
                state.prefetch(metadata.url.partition("#")[0])


def _new_projects(
    state: RunState, requirements: Requirements
) -> dict[NormalizedName, SpecifierSet]:
    """Return what is required of each project that is certain to be looked for next.

    Of one that is installed pip may not need the page.
    """
    found: dict[NormalizedName, SpecifierSet] = {}
    for requirement in _valid(requirements):
        name = canonicalize_name(requirement.name)
        if requirement.url is None and name not in state.ahead.projects:
            found[name] = found.get(name, SpecifierSet()) & requirement.specifier
    state.ahead.projects.update(found)
    versions = state.versions() if len(found) > 1 else {}
    return {name: specifier for name, specifier in found.items() if name not in versions}


def _valid(requirements: Requirements) -> list[Requirement]:
    """Return the requirements, or none if one is invalid, which pip reports itself."""
    with contextlib.suppress(ValueError):
        return list(requirements())
    return []
