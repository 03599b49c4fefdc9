"""The files of one version, as pip's finder has them and in the parts that pip ranks as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.core.decision import Release

from .compat import Link
from .links import VariantLink, release_of, variant_link

if TYPE_CHECKING:
    from .compat import Hashes, PackageFinder


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
    def key(self) -> tuple[str, ...]:
        """The URLs of the files, by which a decision about them is known."""
        return tuple(link.url for link in self.links)


def releases_of(
    finder: PackageFinder, name: str, specifier: SpecifierSet
) -> Iterator[LinkedRelease]:
    """Yield the releases of a project, in the order in which pip tries them."""
    found = finder.find_best_candidate(name, specifier=specifier)
    candidates = found.applicable_candidates
    all_yanked = all(candidate.link.is_yanked for candidate in candidates)
    pinned = any(item.operator in ("==", "===") and "*" not in item.version for item in specifier)
    usable = [
        candidate
        for candidate in reversed(candidates)
        if not candidate.link.is_yanked or (all_yanked and pinned)
    ]
    project = canonicalize_name(name)
    for version, group in groupby(usable, lambda candidate: candidate.version):
        links = [variant_link(candidate.link) for candidate in group]
        for part in split_by_state(links, None):
            yield LinkedRelease.of(project, str(version), [links[i] for i in part], finder)


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
