"""One choice with all its reasons: what ``pip variants explain`` shows, as a value.

Every wheel of a version whose tags fit has a row: those that can be installed by their rank, best
first, the others behind them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .compatibility import Lack, positions
from .explain import lack_text
from .metadata import Metadata
from .ordering import decided
from .properties import Variant
from .selection import Rejected, Selection, Wheel
from .supported import Support
from .what_if import hints


@dataclass(frozen=True, slots=True)
class Row:
    """One wheel. ``rank`` is None if it is not taken, and then ``reasons`` say why.

    ``note`` says, of a wheel that fits, what put it behind the one before.
    """

    filename: str
    label: str | None
    rank: int | None
    compatible: bool
    properties: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the metadata came from: ``index``, ``wheels`` or ``none``; its address, if one."""

    kind: str
    location: str | None = None
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The choice among the files of one version. ``selected`` is a file name, None: nothing fits.

    ``source`` is the page or folder that lists the files, ``hints`` say what would change the
    choice, ``warnings`` what went wrong on the way.
    """

    project: str
    version: str
    source: str
    origin: Origin
    supports: tuple[Support, ...]
    rows: tuple[Row, ...]
    selected: str | None
    hints: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def fitting(
    selection: Selection, metadata: Metadata, supports: Sequence[Support]
) -> dict[int, tuple[Variant, str]]:
    """Return, by place, each variant wheel that fits, with what put it behind the one before.

    In the order of ``selection``, which the answers ``supports`` led to.
    """
    where = positions(supports, metadata.priorities.namespaces)
    ranked = [item for item in selection.ranked if item.variant is not None]
    found = {}
    for item in ranked[:1]:
        if item.variant is not None:
            found[item.wheel.place] = item.variant, ""
    for better, worse in pairwise(ranked):
        if better.variant is not None and worse.variant is not None:
            note = decided(better.variant, worse.variant, where)
            found[worse.wheel.place] = worse.variant, note
    return found


def rejected_row(item: Rejected) -> Row:
    """Return the row of a wheel that does not fit, with everything that it lacks."""
    properties = item.variant.properties if item.variant is not None else ()
    reasons = (item.reason,) if item.reason is not None else tuple(map(_lack, item.lacks))
    return Row(item.wheel.filename, item.wheel.label, None, False, properties, reasons)


def what_would_change(
    wheels: Sequence[Wheel], metadata: Metadata, selection: Selection
) -> tuple[str, ...]:
    """Return what would change the choice of one source."""
    supports: Mapping[str, Support] = {item.namespace: item for item in selection.supports}
    return hints(wheels, metadata, supports, selection)


def _lack(lack: Lack) -> str:
    return lack_text("", lack).strip()
