"""The explanation of a choice as a person reads it: a table, drawn by rich as pip vendors it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from pip._vendor.rich.console import Group, RenderableType
from pip._vendor.rich.table import Table
from pip._vendor.rich.text import Text

from .errors import printable
from .explanation import Explanation, Row
from .supported import Support

logger = logging.getLogger(__name__)

_VALUES = 4
_LINES = 4


def show(explanation: Explanation, level: int = logging.INFO) -> None:
    """Print an explanation where pip prints its messages."""
    logger.log(level, "[present-rich] %s", rendered(explanation), extra={"rich": True})


def rendered(explanation: Explanation) -> RenderableType:
    """Return what rich draws: title, wheels, providers, and what would change the choice."""
    parts: list[RenderableType] = [Text(printable(line)) for line in _title(explanation)]
    parts.append(_wheels(explanation))
    if explanation.supports:
        parts += [Text(""), _providers(explanation)]
    if explanation.hints:
        parts += [Text(""), Text("What would change the choice:")]
        parts += [Text(f"  {hint}") for hint in explanation.hints]
    return Group(*parts)


def _title(explanation: Explanation) -> Iterator[str]:
    yield f"{explanation.project} {explanation.version} from {explanation.source}"
    origin = explanation.origin
    if origin.kind == "index":
        yield f"Metadata: {origin.location} (revision {origin.revision})"
    elif origin.kind == "wheels":
        yield f"Metadata: variant.json in the wheels (revision {origin.revision})"
    yield f"Selected: {explanation.selected or 'nothing, as nothing fits'}"
    yield ""


def _wheels(explanation: Explanation) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="cyan")
    table.add_column("Rank", justify="right")
    table.add_column("Label", overflow="fold")
    table.add_column("Why", overflow="fold")
    repeated = _repeated([row.label for row in explanation.rows])
    for row in explanation.rows:
        label = row.label or "(plain)"
        if row.label in repeated:
            label = f"{label} {_tags(row)}"
        rank = "-" if row.rank is None else str(row.rank)
        style = "green" if row.rank == 1 else "bright_black" if row.rank is None else ""
        table.add_row(rank, Text(printable(label)), Text(_reason(row)), style=style)
    return table


def _reason(row: Row) -> str:
    if row.rank is None:
        return "\n".join(row.reasons)
    return "selected" if row.rank == 1 else row.note


def _repeated(labels: list[str | None]) -> set[str | None]:
    return {label for label in labels if labels.count(label) > 1}


def _tags(row: Row) -> str:
    """Return the tags in a wheel's name, which tell two wheels of one label apart."""
    parts = row.filename.removesuffix(".whl").split("-")
    return "-".join(parts[-4:-1] if row.label is not None else parts[-3:])


def _providers(explanation: Explanation) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="cyan")
    for name in ("Namespace", "Who", "What"):
        table.add_column(name, overflow="fold")
    for support in explanation.supports:
        table.add_row(support.namespace, support.state, Text("\n".join(_supported(support))))
    return table


def _supported(support: Support) -> Iterator[str]:
    for name, values in support.features[:_LINES]:
        more = f" and {len(values) - _VALUES} more" if len(values) > _VALUES else ""
        yield f"{name}: {', '.join(values[:_VALUES])}{more}"
    if len(support.features) > _LINES:
        yield f"and {len(support.features) - _LINES} more features"
    if support.reason is not None:
        yield support.reason
