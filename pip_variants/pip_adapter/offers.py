"""The versions that pip offers, those with a file that can be installed, and the better builds.

A version that has nothing but variants for other machines is no upgrade of an installed variant.
Only variant metadata is requested, once for each such version.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.utils import canonicalize_name
from pip._vendor.packaging.version import Version

from pip_variants.core.properties import Label

from .candidates import with_requested_label
from .compat import DistributionNotFound, PipError
from .evaluator import decide_release
from .installed import InstalledVariant
from .links import variant_link
from .reinstall import better_than
from .releases import LinkedRelease, releases_of
from .reports import error_suffix
from .run_state import RunState

if TYPE_CHECKING:
    from .compat import BaseDistribution, InstallationCandidate, PackageFinder

_by_version = attrgetter("version")


@dataclass(frozen=True, slots=True)
class Offer:
    """A version that could be installed, and the label of its best file (None: no variant)."""

    version: str
    label: Label | None


def offered_versions(
    state: RunState,
    project: str,
    versions: Collection[Version],
    finder: PackageFinder,
    *,
    fitting: bool,
) -> set[Version]:
    """Return the versions that have the requested label, and with ``fitting`` those that fit.

    Raise pip's DistributionNotFound with the reason if there are none of several.
    """
    found = [item for item in finder.find_all_candidates(project) if item.version in versions]
    found = [*with_requested_label(state, project, found)]
    if not fitting:
        return set(map(_by_version, found))
    state.report_only()
    fits = {
        version
        for version, files in groupby(sorted(found, key=_by_version), _by_version)
        if _fits(state, list(files), finder)
    }
    if found and not fits:
        reason = error_suffix(state, project, project, ())
        raise DistributionNotFound(f"No matching distribution found for {project}{reason}")
    return fits


def upgrades(
    state: RunState,
    dist: BaseDistribution,
    candidates: Sequence[InstallationCandidate],
    finder: PackageFinder,
) -> list[InstallationCandidate]:
    """Return the candidates without the newest versions that do not fit.

    Versions behind the newest one that fits, or behind the installed one, are not considered.
    """
    state.report_only()
    newest_first = sorted(candidates, key=_by_version, reverse=True)
    offered: set[Version] = set()
    is_found = False
    for version, group in groupby(newest_first, _by_version):
        files = list(group)
        is_yanked = all(item.link.is_yanked for item in files)
        is_found = is_found or version <= dist.version
        if is_found or is_yanked or _fits(state, files, finder):
            offered.add(version)
            is_found = is_found or not is_yanked
    return [item for item in candidates if item.version in offered]


def offer(state: RunState, found: InstalledVariant, finder: PackageFinder) -> Offer | None:
    """Return what an upgrade of an installed variant would take, or None if that is not better.

    Better is a newer version of which something fits, or a better variant of the same one; for a
    variant that this machine contradicts, whatever fits.
    """
    dist = found.dist
    for linked in releases_of(finder, found.project, SpecifierSet()):
        version = Version(linked.release.version)
        if version < dist.version:
            return None
        try:
            decision = decide_release(state, linked)
        except PipError as error:
            state.log.once(logging.WARNING, str(error))
            continue
        if not decision.ranked or not all(source.is_complete for source in decision.sources):
            continue
        best = decision.ranked[0].selected
        label = best.variant.label if best is not None else None
        if version > dist.version or found.is_contradicted:
            return Offer(linked.release.version, label)
        if found.reason is None and better_than(dist, decision) is not None:
            return Offer(linked.release.version, label)
    return None


def _fits(state: RunState, files: Sequence[InstallationCandidate], finder: PackageFinder) -> bool:
    """Return whether a file of a version can be installed, or that is not known."""
    links = [variant_link(item.link) for item in files]
    project = canonicalize_name(files[0].name)
    is_plain = any(link.label is None for link in links)
    if is_plain and state.requests.label(project) is None:
        return True
    linked = LinkedRelease.of(project, str(files[0].version), links, finder)
    try:
        decision = decide_release(state, linked)
    except PipError as error:
        state.log.once(logging.WARNING, str(error))
        return True
    return bool(decision.ranked) or not all(source.is_complete for source in decision.sources)
