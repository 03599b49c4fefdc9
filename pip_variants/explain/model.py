"""One decision with all its reasons, as a value: what ``pip variants explain`` shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pip_variants.core.compatibility import feature_positions
from pip_variants.core.decision import Decision, RankedFile, Release, SourceSelection
from pip_variants.core.difference import first_difference
from pip_variants.core.metadata import VariantMetadata
from pip_variants.core.properties import Label, Property
from pip_variants.core.selection import Rejected, Selection
from pip_variants.core.supported import SupportedProperties

from . import messages
from .suggestions import suggestions


@dataclass(frozen=True, slots=True)
class Row:
    """One wheel. ``rank`` is None if it cannot be installed; ``reasons`` then say why.

    ``note`` is the reason for the rank of a compatible wheel after the one before it.
    """

    filename: str
    label: Label | None
    rank: int | None
    compatible: bool
    properties: tuple[Property, ...] = ()
    reasons: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the metadata was read: ``index``, ``wheels`` or ``none``; its URL and revision."""

    kind: str
    location: str | None = None
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision among the wheels of one version, the ranked first, best first.

    ``selected`` is a file name, or None if nothing fits. ``source`` is the page or folder that
    lists the files, ``suggestions`` say what would change the choice.
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
    reasons = messages.rejection_reasons(item)
    return Row(item.wheel.filename, item.wheel.label, None, False, properties, reasons)


def _ranked_rows(decision: Decision) -> Iterator[Row]:
    notes = _notes(decision)
    wheels = [item for item in decision.ranked if decision.release.files[item.index].is_wheel]
    for rank, item in enumerate(wheels, 1):
        yield _ranked_row(decision, item, rank, notes)


def _ranked_row(decision: Decision, item: RankedFile, rank: int, notes: Mapping[int, str]) -> Row:
    file = decision.release.files[item.index]
    if item.selected is None:
        return Row(file.filename, file.label, rank, True, note=messages.PLAIN_WHEEL)
    variant = item.selected.variant
    return Row(file.filename, variant.label, rank, True, variant.properties, note=notes[item.index])


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
            if item.variant is not None
        ]
        notes.update({index: "" for index, _ in ranked[:1]})
        for (_, better), (index, worse) in pairwise(ranked):
            difference = first_difference(better, worse, positions)
            notes[index] = messages.rank_difference(difference, better, worse)
    return notes


def _unranked_rows(decision: Decision) -> Iterator[Row]:
    """Yield compatible wheels that were not requested, then the rejected and unknown ones."""
    files = decision.release.files
    if decision.requested is not None:
        ranked = {item.index for item in decision.ranked}
        plain = [i for i, file in enumerate(files) if file.is_wheel and file.label is None]
        reasons = (f"not the requested variant {decision.requested}",)
        for index in (*_notes(decision), *plain):
            if index not in ranked:
                yield Row(files[index].filename, files[index].label, None, True, reasons=reasons)
    for source in decision.sources:
        if source.selection is not None:
            yield from map(rejected_row, source.selection.rejected)
            continue
        for index in source.files:
            reasons = (messages.METADATA_UNAVAILABLE,)
            yield Row(files[index].filename, files[index].label, None, False, reasons=reasons)


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
    wheels = decision.release.wheels(source.files)
    return suggestions(wheels, source.metadata.metadata, source.selection)
