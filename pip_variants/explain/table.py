"""An explanation as a table for people, drawn by the rich that pip vendors."""

from __future__ import annotations

from collections.abc import Iterator

from pip._vendor.rich.console import Group, RenderableType
from pip._vendor.rich.table import Table
from pip._vendor.rich.text import Text

from pip_variants.core.errors import printable
from pip_variants.core.properties import Label
from pip_variants.core.supported import SupportedProperties

from .messages import namespace_reason
from .model import Explanation, Row

_MOST_VALUES = 4
_MOST_FEATURES = 4


def render(explanation: Explanation) -> RenderableType:
    """Return what rich draws: title, wheels, supported properties, suggestions."""
    parts: list[RenderableType] = [Text(printable(line)) for line in _title(explanation)]
    parts.append(_wheels(explanation))
    if explanation.supported:
        parts += [Text(""), _namespaces(explanation)]
    if explanation.suggestions:
        parts += [Text(""), Text("What would change the choice:")]
        parts += [Text(f"  {suggestion}") for suggestion in explanation.suggestions]
    return Group(*parts)


def _title(explanation: Explanation) -> Iterator[str]:
    yield f"{explanation.project} {explanation.version} from {explanation.source}"
    origin = explanation.origin
    if origin.kind == "index":
        yield f"Metadata: {origin.location} (revision {origin.revision})"
    elif origin.kind == "wheels":
        yield f"Metadata: variant.json in the wheels (revision {origin.revision})"
    yield f"Selected: {explanation.selected or 'nothing fits'}"
    yield ""


def _wheels(explanation: Explanation) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="cyan")
    table.add_column("Rank", justify="right")
    table.add_column("Label", overflow="fold")
    table.add_column("Reason", overflow="fold")
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


def _repeated(labels: list[Label | None]) -> set[Label | None]:
    return {label for label in labels if labels.count(label) > 1}


def _tags(row: Row) -> str:
    """Return the tags in a wheel's name, which distinguish two wheels with one label."""
    parts = row.filename.removesuffix(".whl").split("-")
    return "-".join(parts[-4:-1] if row.label is not None else parts[-3:])


def _namespaces(explanation: Explanation) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="cyan")
    for name in ("Namespace", "Source", "Supported"):
        table.add_column(name, overflow="fold")
    for item in explanation.supported:
        table.add_row(item.namespace, item.state, Text("\n".join(_features(item))))
    return table


def _features(supported: SupportedProperties) -> Iterator[str]:
    for name, values in supported.features[:_MOST_FEATURES]:
        more = len(values) - _MOST_VALUES
        end = f" and {more} more" if more > 0 else ""
        yield f"{name}: {', '.join(values[:_MOST_VALUES])}{end}"
    if len(supported.features) > _MOST_FEATURES:
        yield f"and {len(supported.features) - _MOST_FEATURES} more features"
    reason = namespace_reason(supported)
    if reason is not None:
        yield reason
