"""The files of one version, as pip's finder has them and in the parts that pip ranks as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.core.decision import Release
from pip_variants.core.properties import NULL_LABEL, Label

from .compat import Link, PipError
from .links import VariantLink, release_of, variant_link

if TYPE_CHECKING:
    from .compat import Hashes, InstallationCandidate, PackageFinder


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

    @property
    def labels(self) -> frozenset[Label | None]:
        """The labels of the files; None stands for those that are no variants."""
        return frozenset(link.label for link in self.links)

    @property
    def key(self) -> tuple[str, ...]:
        """The URLs of the files, by which a decision about them is known."""
        return tuple(link.url for link in self.links)


def usable_candidates(
    finder: PackageFinder,
    name: str,
    specifier: SpecifierSet,
    hashes: Hashes | None = None,
    requested: Label | None = None,
) -> list[InstallationCandidate]:
    """Return the files that pip considers for a requirement, in the order in which it tries them.

    Yanked ones count only if the version is pinned and there is no other.
    """
    found = finder.find_best_candidate(name, specifier=specifier, hashes=hashes)
    candidates = requested_candidates(found.applicable_candidates, requested, specifier)
    all_yanked = all(candidate.link.is_yanked for candidate in candidates)
    return [
        candidate
        for candidate in reversed(candidates)
        if not candidate.link.is_yanked or (all_yanked and is_pinned(specifier))
    ]


def releases_of(
    finder: PackageFinder,
    name: str,
    specifier: SpecifierSet,
    hashes: Hashes | None = None,
    requested: Label | None = None,
) -> Iterator[LinkedRelease]:
    """Yield the releases of a project, in the order in which pip tries them."""
    project = canonicalize_name(name)
    usable = usable_candidates(finder, name, specifier, hashes, requested)
    for version, group in groupby(usable, lambda candidate: candidate.version):
        links = [variant_link(candidate.link) for candidate in group]
        for part in split_by_state(links, hashes):
            yield LinkedRelease.of(project, str(version), [links[i] for i in part], finder)


def versions_of(finder: PackageFinder | None, name: str, specifier: SpecifierSet) -> list[str]:
    """Return the versions of a project in the order in which pip tries them, as far as known."""
    if finder is None:
        return []
    try:
        usable = usable_candidates(finder, name, specifier)
    except PipError:
        return []
    return list(dict.fromkeys(str(candidate.version) for candidate in usable))


def is_pinned(specifier: SpecifierSet) -> bool:
    """Return whether a specifier allows exactly one version, which pip takes if it is yanked."""
    return any(item.operator in ("==", "===") and "*" not in item.version for item in specifier)


def requested_candidates(
    candidates: Sequence[InstallationCandidate],
    requested: Label | None,
    specifier: SpecifierSet | None = None,
) -> Sequence[InstallationCandidate]:
    """Return the files, worst first, among which a file with the requested label is to be found.

    Versions without the label are left out, but for the newest one: why that is passed over, or
    which labels there are, is logged once. An exact pin reaches yanked files if no other file has
    the label, and the other files are left out then.
    """
    if requested is None or not candidates:
        return candidates
    by_version: dict[object, list[InstallationCandidate]] = {}
    for candidate in candidates:
        by_version.setdefault(candidate.version, []).append(candidate)
    own = [item for group in by_version.values() for item in _with_label(group, requested)]
    exact = specifier is not None and is_pinned(specifier)
    if own and exact and all(candidate.link.is_yanked for candidate in own):
        return own
    tried = [item for item in candidates if not item.link.is_yanked] or candidates
    versions = {tried[-1].version, *(candidate.version for candidate in own)}
    return [candidate for candidate in candidates if candidate.version in versions]


def _with_label(
    candidates: Sequence[InstallationCandidate], requested: Label
) -> list[InstallationCandidate]:
    """Return the files of one version that may be the requested variant; nothing is fetched."""
    labels = [(variant_link(candidate.link).label, candidate) for candidate in candidates]
    found = [candidate for label, candidate in labels if label == requested]
    if requested == NULL_LABEL and not found:  # a null variant can have any label
        return [candidate for label, candidate in labels if label is not None]
    return found


def split_by_state(links: Sequence[Link], hashes: Hashes | None) -> Iterator[list[int]]:
    """Split one version where pip ranks yanked files, or files with other hashes, behind."""
    states = [(link.is_yanked, link.is_hash_allowed(hashes)) for link in links]
    part: list[int] = []
    for i, state in enumerate(states):
        if part and states[part[-1]] != state:
            yield part
            part = []
        part.append(i)
    yield part
