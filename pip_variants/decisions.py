"""What was decided among the files of one version, and which variant a file is: values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .properties import ABI_DEPENDENCY

if TYPE_CHECKING:
    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.models.link import Link

    from .index import Found
    from .metadata import Metadata
    from .properties import Variant
    from .selection import Selection


@dataclass(frozen=True, slots=True)
class Build:
    """Which variant a file or an installed distribution is, and by which metadata."""

    variant: Variant
    metadata: Metadata


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one version that pip holds for equally good, in pip's own order."""

    project: str
    version: str
    links: tuple[Link, ...]
    finder: PackageFinder


@dataclass(frozen=True, slots=True)
class Judged:
    """The variant wheels of one source: the ``places`` of their files, and what was decided.

    ``problem`` is the sentence that was said if nothing is known of them, or not of all.
    """

    places: tuple[int, ...]
    found: Found | None = None
    selection: Selection | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Which files of one version can be installed: their places, best first, and why."""

    files: Files
    order: tuple[int, ...]
    sources: tuple[Judged, ...]

    @property
    def selections(self) -> tuple[Selection, ...]:
        """What was decided in each source about which something is known."""
        return tuple(item.selection for item in self.sources if item.selection is not None)

    @property
    def depends_on_others(self) -> bool:
        """Whether this holds only until pip settles on another version of something."""
        return any(
            support.namespace == ABI_DEPENDENCY
            for selection in self.selections
            for support in selection.supports
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate that fits; a plain wheel or sdist has no build, a given file no decision."""

    project: str
    version: str
    build: Build | None = None
    decision: Decision | None = None
