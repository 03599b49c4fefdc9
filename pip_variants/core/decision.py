"""The decision among all files of one version, which may come from several sources.

Each source is judged by its own metadata (PEP 825, "Index-level metadata"): a label means nothing
outside its source. Sources keep the order in which the installer has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .metadata import SourceMetadata, VariantMetadata
from .properties import NULL_LABEL, Label, Variant
from .selection import Ranked, Selection, Wheel


@dataclass(frozen=True, slots=True)
class CandidateFile:
    """A file of a version. ``source`` is the page or the folder that lists it."""

    filename: str
    label: Label | None
    source: str

    @property
    def is_wheel(self) -> bool:
        """Whether this is a wheel, with or without a label."""
        return self.filename.endswith(".whl")


@dataclass(frozen=True, slots=True)
class Release:
    """The files of one version that the installer prefers equally, in its own order."""

    project: str
    version: str
    files: tuple[CandidateFile, ...]

    def by_source(self) -> tuple[tuple[int, ...], ...]:
        """Return the indexes of the variant wheels, grouped by source."""
        groups: dict[str, list[int]] = {}
        for index, file in enumerate(self.files):
            if file.label is not None:
                groups.setdefault(file.source, []).append(index)
        return tuple(map(tuple, groups.values()))

    def wheels(self, indexes: Sequence[int]) -> tuple[Wheel, ...]:
        """Return these files as ``select`` takes them."""
        return tuple(Wheel(self.files[i].filename, self.files[i].label, i) for i in indexes)


@dataclass(frozen=True, slots=True)
class SelectedVariant:
    """A variant with the metadata that describes it."""

    variant: Variant
    metadata: VariantMetadata


@dataclass(frozen=True, slots=True)
class SourceSelection:
    """The selection among the variant wheels of one source, ``files`` by index.

    Without metadata there is no selection; ``error`` is the reason, one sentence.
    """

    files: tuple[int, ...]
    metadata: SourceMetadata | None = None
    selection: Selection | None = None
    error: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the metadata of every label could be read."""
        found = self.metadata
        return found is not None and not (found.failures or found.unread)


@dataclass(frozen=True, slots=True)
class RankedFile:
    """A file that can be installed; plain wheels and sdists have no variant."""

    index: int
    selected: SelectedVariant | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The installable files of one version, best first, and how that was decided.

    ``requested`` is the label that the user requested, or None; ``excluded`` are those that the
    user excluded.
    """

    release: Release
    ranked: tuple[RankedFile, ...]
    sources: tuple[SourceSelection, ...]
    requested: Label | None = None
    excluded: tuple[Label, ...] = ()

    @property
    def selections(self) -> tuple[Selection, ...]:
        """The selection of each source whose metadata could be read."""
        return tuple(item.selection for item in self.sources if item.selection is not None)

    @property
    def excluded_wheels(self) -> tuple[Ranked, ...]:
        """The compatible wheels whose variants the user excluded."""
        return tuple(
            item
            for selection in self.selections
            for item in selection.ranked
            if item.variant is not None and is_excluded(item.variant, self.excluded)
        )

    @property
    def unread(self) -> tuple[tuple[Label, str], ...]:
        """The labels that might have to be selected, but whose metadata could not be read.

        Each has the reason. If there are any, nothing may be installed in their place.
        """
        if self.requested is not None and self.ranked:
            return ()
        return tuple(
            (label, reason)
            for source in self.sources
            if source.metadata is not None
            for label, reason in source.metadata.unread
            if self.requested in (None, NULL_LABEL, label) and label not in self.excluded
        )

    @property
    def is_provisional(self) -> bool:
        """Whether this holds only until the installer settles on another version of something."""
        return any(
            supported.has_versions
            for selection in self.selections
            for supported in selection.supported
        )


@dataclass(frozen=True, slots=True)
class Installed:
    """What is installed of a project; ``variant`` is None if it is not a variant.

    ``upgrade`` is the file that an upgrade of what is kept would install: empty if there is none,
    None if that is not known. ``outranked`` are the labels of its public version if it is a local
    version.
    """

    version: str
    variant: Variant | None
    is_kept: bool = False
    upgrade: str | None = None
    outranked: tuple[Label, ...] = ()


def is_requested(variant: Variant, label: Label) -> bool:
    """Return whether a variant is the one with this label; ``null`` means any null variant."""
    return variant.label == label or (label == NULL_LABEL and variant.is_null)


def is_excluded(variant: Variant, labels: Sequence[Label]) -> bool:
    """Return whether a variant has one of these labels; ``null`` means every null variant."""
    return any(is_requested(variant, label) for label in labels)


def decide(
    release: Release,
    sources: Sequence[SourceSelection],
    requested: Label | None,
    excluded: tuple[Label, ...] = (),
) -> Decision:
    """Rank the files of one version: variants, null variants, then plain wheels and sdists.

    With ``requested`` only variants with that label are ranked, and never those ``excluded``.
    """
    variants = [
        RankedFile(item.wheel.index, SelectedVariant(item.variant, source.metadata.metadata))
        for source in sources
        if source.selection is not None and source.metadata is not None
        for item in source.selection.ranked
        if item.variant is not None and not is_excluded(item.variant, excluded)
    ]
    # A null variant of one source is no better than a plain wheel beside another's real variant.
    variants.sort(key=lambda item: item.selected is None or item.selected.variant.is_null)
    others = [RankedFile(i, None) for i, file in enumerate(release.files) if file.label is None]
    if requested is not None:
        others = []
        variants = [
            item
            for item in variants
            if item.selected is not None and is_requested(item.selected.variant, requested)
        ]
    return Decision(release, (*variants, *others), tuple(sources), requested, excluded)
