"""One decision with all its reasons, as a value: what ``pip variants explain`` shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pip_variants.core.compatibility import feature_positions
from pip_variants.core.decision import (
    CandidateFile,
    Decision,
    Installed,
    RankedFile,
    Release,
    SourceSelection,
    is_excluded,
)
from pip_variants.core.difference import first_difference
from pip_variants.core.metadata import VariantMetadata
from pip_variants.core.properties import Label, Property
from pip_variants.core.selection import Ranked, Rejected, Selection
from pip_variants.core.supported import SupportedProperties

from . import messages
from .notes import rejection_reasons
from .problems import METADATA_UNAVAILABLE
from .suggestions import suggestions


@dataclass(frozen=True, slots=True)
class Row:
    """One wheel. ``rank`` is None if it cannot be installed; ``reasons`` then say why.

    ``note`` is the reason for the rank of a compatible wheel after the one before it, ``source``
    the page or folder that lists it.
    """

    filename: str
    label: Label | None
    rank: int | None
    compatible: bool
    properties: tuple[Property, ...] = ()
    reasons: tuple[str, ...] = ()
    note: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the metadata was read: ``index``, ``wheels`` or ``none``; its URL and revision."""

    kind: str
    location: str | None = None
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision among the wheels of one version, the ranked first, best first.

    ``selected`` is a file name, or None if nothing fits; of what is installed and kept, the file of
    the same build. ``source`` is the page or folder that lists the files, ``suggestions`` say what
    would change the choice.
    """

    project: str
    version: str
    source: str
    origin: Origin
    supported: tuple[SupportedProperties, ...]
    rows: tuple[Row, ...]
    selected: str | None
    suggestions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    installed: Installed | None = None

    @property
    def is_satisfied(self) -> bool:
        """Whether the requirement can be satisfied, by a file or by what is installed."""
        return self.selected is not None or (self.installed is not None and self.installed.is_kept)


def explain_decision(decision: Decision, warnings: Sequence[str] = ()) -> Explanation:
    """Return the explanation of one decision; ``warnings`` are those that were logged."""
    files = decision.release.files
    best = decision.ranked[0].index if decision.ranked else 0
    supported = (item for selection in decision.selections for item in selection.supported)
    return Explanation(
        project=decision.release.project,
        version=decision.release.version,
        source=files[best].source,
        origin=_origin(_described_source(decision, best)),
        supported=tuple(dict.fromkeys(supported)),
        rows=(*_ranked_rows(decision), *_unranked_rows(decision)),
        selected=files[best].filename if decision.ranked else None,
        suggestions=_suggestions(decision),
        warnings=tuple(warnings),
    )


def explain_installed(
    project: str,
    installed: Installed,
    location: str,
    decision: Decision | None,
    warnings: Sequence[str] = (),
) -> Explanation:
    """Return the explanation of what is installed and kept.

    ``decision`` is about the files of the same version, None if there are none; ``location`` is
    where it is installed.
    """
    if decision is None:
        found = Explanation(
            project, installed.version, location, Origin("none"), (), (), None, (), tuple(warnings)
        )
    else:
        found = explain_decision(decision, warnings)
    label = installed.variant.label if installed.variant is not None else None
    properties = installed.variant.properties if installed.variant is not None else ()
    same = (
        row.filename for row in found.rows if (row.label, row.properties) == (label, properties)
    )
    return replace(found, selected=next(same, None), suggestions=(), installed=installed)


def explain_wheel(
    release: Release, metadata: VariantMetadata | None = None, selection: Selection | None = None
) -> Explanation:
    """Return the explanation of the only file of ``release``, a wheel that the user gave.

    ``metadata`` is its own and ``selection`` the one among it alone; a plain wheel has neither.
    """
    (wheel,) = release.wheels((0,))
    base = Explanation(
        project=release.project,
        version=release.version,
        source=release.files[0].source,
        origin=Origin("none"),
        supported=(),
        rows=(Row(wheel.filename, None, 1, True),),
        selected=wheel.filename,
    )
    if metadata is None or selection is None:
        return base
    rows = [rejected_row(item) for item in selection.rejected]
    rows += [
        Row(wheel.filename, wheel.label, 1, True, item.variant.properties)
        for item in selection.ranked
        if item.variant is not None
    ]
    return replace(
        base,
        origin=Origin("wheels", None, metadata.revision),
        supported=selection.supported,
        rows=tuple(rows),
        selected=wheel.filename if selection.ranked else None,
        suggestions=suggestions((wheel,), metadata, selection),
    )


def rejected_row(item: Rejected) -> Row:
    """Return the row of a rejected wheel, with all its reasons."""
    properties = item.variant.properties if item.variant is not None else ()
    reasons = rejection_reasons(item)
    return Row(item.wheel.filename, item.wheel.label, None, False, properties, reasons)


def _ranked_rows(decision: Decision) -> Iterator[Row]:
    notes = _notes(decision)
    wheels = [item for item in decision.ranked if decision.release.files[item.index].is_wheel]
    for rank, item in enumerate(wheels, 1):
        yield _ranked_row(decision, item, rank, notes)


def _ranked_row(decision: Decision, item: RankedFile, rank: int, notes: Mapping[int, str]) -> Row:
    file = decision.release.files[item.index]
    if item.selected is None:
        note = messages.PLAIN_WHEEL
        return Row(file.filename, file.label, rank, True, note=note, source=file.source)
    variant, note = item.selected.variant, notes[item.index] if rank > 1 else ""
    properties = variant.properties
    return Row(file.filename, variant.label, rank, True, properties, note=note, source=file.source)


def _notes(decision: Decision) -> dict[int, str]:
    """Return, by index of a compatible variant wheel, what ranks it behind the one before."""
    notes = {}
    for source in decision.sources:
        if source.selection is None or source.metadata is None:
            continue
        namespaces = source.metadata.metadata.priorities.namespaces
        positions = feature_positions(source.selection.supported, namespaces)
        ranked = [
            (item.wheel.index, item.variant)
            for item in source.selection.ranked
            if item.variant is not None and not is_excluded(item.variant, decision.excluded)
        ]
        for index, first in ranked[:1]:
            notes[index] = messages.NULL_VARIANT if first.is_null else messages.OTHER_SOURCE
        for (_, better), (index, worse) in pairwise(ranked):
            difference = first_difference(better, worse, positions)
            notes[index] = messages.rank_difference(difference, better, worse)
    return notes


def _unranked_rows(decision: Decision) -> Iterator[Row]:
    """Yield compatible wheels that the user did not allow, then the rejected and unknown ones."""
    files = decision.release.files
    for excluded in decision.excluded_wheels:
        wheel, variant = excluded.wheel, excluded.variant
        properties = variant.properties if variant is not None else ()
        reasons = (messages.EXCLUDED,)
        row = Row(wheel.filename, wheel.label, None, True, properties, reasons)
        yield replace(row, source=files[wheel.index].source)
    if decision.requested is not None:
        ranked = {item.index for item in decision.ranked}
        plain = [i for i, file in enumerate(files) if file.is_wheel and file.label is None]
        reasons = (f"not the requested variant {decision.requested}",)
        for index in (*_notes(decision), *plain):
            if index not in ranked:
                yield _unranked_row(files[index], reasons, compatible=True)
    for source in decision.sources:
        if source.selection is not None:
            for item in source.selection.rejected:
                yield replace(rejected_row(item), source=files[item.wheel.index].source)
            continue
        for index in source.files:
            yield _unranked_row(files[index], (METADATA_UNAVAILABLE,), compatible=False)


def _unranked_row(file: CandidateFile, reasons: tuple[str, ...], *, compatible: bool) -> Row:
    return Row(file.filename, file.label, None, compatible, reasons=reasons, source=file.source)


def _described_source(decision: Decision, selected: int) -> SourceSelection | None:
    """Return the source of the selected file, or the first that has metadata."""
    known = [source for source in decision.sources if source.metadata is not None]
    own = (source for source in known if selected in source.files)
    return next(own, known[0] if known else None)


def _origin(source: SourceSelection | None) -> Origin:
    if source is None or source.metadata is None or source.metadata.metadata.revision == "none":
        return Origin("none")
    found = source.metadata
    kind = "wheels" if found.location is None else "index"
    return Origin(kind, found.location, found.metadata.revision)


def _suggestions(decision: Decision) -> tuple[str, ...]:
    """Return what would change the choice, if one source has all the variants."""
    if len(decision.sources) != 1 or decision.requested is not None:
        return ()
    (source,) = decision.sources
    if source.metadata is None or source.selection is None:
        return ()
    items: tuple[Ranked | Rejected, ...] = (*source.selection.ranked, *source.selection.rejected)
    wheels = [
        item.wheel
        for item in items
        if item.variant is None or not is_excluded(item.variant, decision.excluded)
    ]
    return suggestions(wheels, source.metadata.metadata, source.selection)
