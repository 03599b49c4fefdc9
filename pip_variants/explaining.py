"""From what was decided in this run to the value that explains it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pip._internal.utils.misc import redact_auth_from_url

from .explanation import Explanation, Origin, Row, fitting, rejected_row, what_would_change
from .filenames import label_of
from .index import source_of
from .process import process
from .selection import Wheel

if TYPE_CHECKING:
    from .decisions import Decision, Judged
    from .properties import Variant
    from .supported import Support

PLAIN = "plain wheel, which comes after every variant"


def explanation(decision: Decision) -> Explanation:
    """Return why one version's files were ranked as they were."""
    files = decision.files
    notes = {
        place: found
        for judged in decision.sources
        if judged.selection is not None and judged.found is not None
        for place, found in fitting(
            judged.selection, judged.found.metadata, judged.selection.supports
        ).items()
    }
    names = [link.filename for link in files.links]
    rows = []
    rank = 0
    for place in decision.order:
        if files.links[place].is_wheel:
            rank += 1
            rows.append(_fitting_row(names[place], rank, notes.get(place)))
    unwanted = (f"not the variant {process.wish(files.project)} that is wanted",)
    plain = [i for i, name in enumerate(names) if name.endswith(".whl") and label_of(name) is None]
    rows += [
        Row(names[place], label_of(names[place]), None, True, reasons=unwanted)
        for place in (*notes, *plain)
        if place not in decision.order
    ]
    for judged in decision.sources:
        rows += _rejected_rows(decision, judged)
    # Of two sources the one that has the selected file, or the first.
    selected = decision.order[0] if decision.order else 0
    return Explanation(
        project=files.project,
        version=files.version,
        source=redact_auth_from_url(source_of(files.links[selected])),
        origin=_origin(_described(decision, selected)),
        supports=_supports(decision),
        rows=tuple(rows),
        selected=names[selected] if decision.order else None,
        hints=_hints(decision),
        warnings=tuple(text for text, level in process.said.items() if level >= logging.WARNING),
    )


def _fitting_row(name: str, rank: int, found: tuple[Variant, str] | None) -> Row:
    if found is None:
        return Row(name, label_of(name), rank, True, note=PLAIN)
    variant, note = found
    return Row(name, variant.label, rank, True, variant.properties, note=note)


def _rejected_rows(decision: Decision, judged: Judged) -> list[Row]:
    """Return the rows of one source's wheels that do not fit, or of which nothing is known."""
    if judged.selection is not None:
        return [rejected_row(item) for item in judged.selection.rejected]
    names = [decision.files.links[place].filename for place in judged.places]
    reason = "nothing is known of it: its metadata is broken or cannot be had"
    return [Row(name, label_of(name), None, False, reasons=(reason,)) for name in names]


def _supports(decision: Decision) -> tuple[Support, ...]:
    """Return every answer that was used; two sources mostly need the same."""
    return tuple(dict.fromkeys(item for found in decision.selections for item in found.supports))


def _described(decision: Decision, selected: int) -> Judged | None:
    """Return the source with metadata that has the selected file, else the first with any."""
    known = [judged for judged in decision.sources if judged.found is not None]
    own = (judged for judged in known if selected in judged.places)
    return next(own, known[0] if known else None)


def _origin(judged: Judged | None) -> Origin:
    if judged is None or judged.found is None or judged.found.metadata.revision == "none":
        return Origin("none")
    found = judged.found
    kind = "wheels" if found.location is None else "index"
    return Origin(kind, found.location, found.metadata.revision)


def _hints(decision: Decision) -> tuple[str, ...]:
    """Return what would change the choice, if one source has all the variants."""
    if len(decision.sources) != 1 or process.wish(decision.files.project) is not None:
        return ()
    (judged,) = decision.sources
    if judged.found is None or judged.selection is None:
        return ()
    names = [(place, decision.files.links[place].filename) for place in judged.places]
    wheels = [Wheel(name, label_of(name), place) for place, name in names]
    return what_would_change(wheels, judged.found.metadata, judged.selection)
