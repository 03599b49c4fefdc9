"""What each machine would take of each version: the texts, a table for people, JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from pip._vendor.rich.console import Group, RenderableType
from pip._vendor.rich.table import Table
from pip._vendor.rich.text import Text

from pip_variants.core.errors import printable
from pip_variants.core.machines import Machine, Python
from pip_variants.core.outcomes import Kind, Outcome
from pip_variants.core.selection import Rejected

from .messages import join_labels, why_rejected

NO_WHEEL = "no wheel is for this platform and Python"

_NAMES: dict[Kind, str] = {
    "null": "null variant",
    "plain": "plain wheel",
    "nothing": "nothing",
}


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """What a machine takes of a version with one or several versions of Python.

    ``reason`` is why it is no variant with properties, or not the best that the metadata lists;
    ``filename`` is that of the newest Python, or None.
    """

    machine: Machine
    pythons: tuple[Python, ...]
    kind: Kind
    label: str | None
    filename: str | None
    reason: str | None

    @property
    def build(self) -> str:
        """The label of a variant with properties, or what there is instead."""
        return self.label or "" if self.kind == "variant" else _NAMES[self.kind]


@dataclass(frozen=True, slots=True)
class ReleaseRows:
    """One version, on one page or in one folder, with the rows of all machines."""

    project: str
    version: str
    source: str
    rows: tuple[OutcomeRow, ...]


def rows(outcomes: Sequence[Outcome]) -> tuple[OutcomeRow, ...]:
    """Return the rows of one machine: versions of Python with the same result in one."""

    def result(item: Outcome) -> tuple[Kind, str | None, str | None]:
        return item.kind, item.label, _reason(item)

    return tuple(_row([*group], *found) for found, group in groupby(outcomes, result))


def _row(items: Sequence[Outcome], kind: Kind, label: str | None, reason: str | None) -> OutcomeRow:
    newest = items[-1]
    filename = newest.chosen.wheel.filename if newest.chosen is not None else None
    pythons = tuple(item.python for item in items)
    return OutcomeRow(newest.machine, pythons, kind, label, filename, reason)


def _reason(item: Outcome) -> str | None:
    reasons = []
    if not item.has_wheels:
        reasons.append(NO_WHEEL)
    elif item.without_wheel:
        verb = "has" if len(item.without_wheel) == 1 else "have"
        reasons.append(
            f"{join_labels(item.without_wheel)} would fit, but {verb} no wheel for this platform"
        )
    if item.kind != "variant" and item.rejected:
        # What is about hardware that the machine has says more than what it does not have at all.
        near = [rejected for rejected in item.rejected if _is_near(rejected)]
        reasons.append(why_rejected(near or item.rejected))
    return "; ".join(reasons) or None


def _is_near(rejected: Rejected) -> bool:
    """Return whether the machine supports something in each namespace that rejects a wheel."""
    return bool(rejected.missing) and all(item.supported.features for item in rejected.missing)


def pythons_text(pythons: Sequence[Python], everywhere: Sequence[Python]) -> str:
    """Return versions of Python as in a sentence; empty if they are all that there are."""
    if tuple(pythons) == tuple(everywhere):
        return ""
    first, last = (f"{major}.{minor}" for major, minor in (pythons[0], pythons[-1]))
    return first if first == last else f"{first} to {last}"


def table(release: ReleaseRows) -> RenderableType:
    """Return what rich draws for one version."""
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="cyan")
    for name in ("", "Machine", "Build", "Reason"):
        drawn.add_column(name, overflow="fold")
    every = all_pythons(release)
    for row in release.rows:
        python = pythons_text(row.pythons, every)
        build = printable(row.build) + (f" (Python {python})" if python else "")
        mark, style = ("", "green") if row.kind == "variant" else ("!", "yellow")
        if row.kind == "nothing":
            style = "red"
        drawn.add_row(mark, row.machine.name, Text(build, style=style), Text(row.reason or ""))
    title = f"{release.project} {release.version} from {release.source}"
    return Group(Text(printable(title)), drawn, Text(""))


def all_pythons(release: ReleaseRows) -> tuple[Python, ...]:
    """Return every version of Python in the rows of a version."""
    return tuple(sorted({python for row in release.rows for python in row.pythons}))


def entries(releases: Sequence[ReleaseRows]) -> Iterator[dict[str, object]]:
    """Yield the rows as ``--json`` shows them."""
    for release in releases:
        for row in release.rows:
            yield {
                "project": release.project,
                "version": release.version,
                "source": release.source,
                "machine": row.machine.name,
                "python": [f"{major}.{minor}" for major, minor in row.pythons],
                "takes": row.kind,
                "label": row.label,
                "filename": row.filename,
                "reason": row.reason,
            }
