"""An explanation as a table for people, drawn by the rich that pip vendors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pip._vendor.rich.console import Group, RenderableType
from pip._vendor.rich.table import Table
from pip._vendor.rich.text import Text

from pip_variants.core.errors import printable
from pip_variants.core.properties import Label
from pip_variants.core.supported import SupportedProperties

from .messages import namespace_reason
from .model import Explanation, Row
from .notes import installed_lines, short_reason

_MOST_VALUES = 4
_MOST_FEATURES = 4


def render(explanation: Explanation) -> RenderableType:
    """Return what rich draws: title, wheels, supported properties, suggestions."""
    parts: list[RenderableType] = [Text(printable(line)) for line in _title(explanation)]
    if explanation.rows:
        parts += [Text(""), _wheels(explanation)]
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
    if explanation.installed is not None:
        yield from installed_lines(explanation.project, explanation.installed)
    if explanation.selected is not None or not explanation.is_satisfied:
        yield f"Selected: {explanation.selected or 'nothing fits'}"


def _wheels(explanation: Explanation) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="cyan")
    table.add_column("Rank", justify="right")
    table.add_column("Label", overflow="fold")
    table.add_column("Reason", overflow="fold")
    rows = explanation.rows
    sources = {row.source for row in rows}
    if len(sources) > 1:
        table.add_column("Index", overflow="fold")
    chosen = next((row for row in rows if row.filename == explanation.selected), None)
    repeated = _repeated([(row.label, row.source) for row in rows])
    for row in rows:
        label = row.label or "(plain)"
        if (row.label, row.source) in repeated:
            label = f"{label} {_tags(row)}"
        cells = [printable(label), _reason(row, explanation, is_chosen=row is chosen)]
        if len(sources) > 1:
            cells.append(printable(row.source))
        rank = "-" if row.rank is None else str(row.rank)
        style = "green" if row is chosen else "bright_black" if row.rank is None else ""
        table.add_row(rank, *map(Text, cells), style=style)
    return table


def _reason(row: Row, explanation: Explanation, *, is_chosen: bool) -> str:
    if not is_chosen:
        # Of what is installed and kept another file may be the best.
        return "\n".join(row.reasons) or row.note or "best of this version"
    is_kept = explanation.installed is not None and explanation.installed.is_kept
    return "\n".join(["installed" if is_kept else "selected", *row.reasons])


def _repeated(keys: list[tuple[Label | None, str]]) -> set[tuple[Label | None, str]]:
    return {key for key in keys if keys.count(key) > 1}


def _tags(row: Row) -> str:
    """Return the tags in a wheel's name, which distinguish two wheels with one label."""
    parts = row.filename.removesuffix(".whl").split("-")
    return "-".join(parts[-4:-1] if row.label is not None else parts[-3:])


def _namespaces(explanation: Explanation) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="cyan")
    for name in ("Namespace", "Source", "Supported"):
        table.add_column(name, overflow="fold")
    for item in explanation.supported:
        lines = [*_features(item), *_missing(item, explanation.suggestions)]
        table.add_row(item.namespace, item.state, Text("\n".join(lines)))
    return table


def _features(supported: SupportedProperties) -> Iterator[str]:
    for name, values in supported.features[:_MOST_FEATURES]:
        more = len(values) - _MOST_VALUES
        end = f" and {more} more" if more > 0 else ""
        yield f"{name}: {', '.join(values[:_MOST_VALUES])}{end}"
    if len(supported.features) > _MOST_FEATURES:
        yield f"and {len(supported.features) - _MOST_FEATURES} more features"


def _missing(supported: SupportedProperties, suggestions: Sequence[str]) -> Iterator[str]:
    """Yield why something is missing, with an option if that would change the choice."""
    option = supported.option
    would_change = option is not None and any(option in text for text in suggestions)
    reason = namespace_reason(supported) if would_change else short_reason(supported)
    if reason is not None:
        yield reason
