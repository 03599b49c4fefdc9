"""What the benchmark's figures come to: medians, ratios, targets, as Markdown, JSON and SVG."""

from __future__ import annotations

import html
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

Times = Mapping[str, Sequence[float]]
"""Seconds of each column, round by round."""

_BAR, _LEFT, _WIDTH = 18, 430, 400
# The standard error of a median, of values whose quartiles lie this far apart: for a normal
# distribution 1.2533 standard deviations, of which the quartiles are 1.3490 apart.
_ERROR_OF_MEDIAN = 1.2533 / 1.3490


@dataclass(frozen=True, slots=True)
class Wanted:
    """A ratio to show: `of` against `to`, at most `target` if there is one."""

    of: str
    to: str
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Ratio:
    """The median over the rounds of one column's time divided by another's, and its error."""

    wanted: Wanted
    value: float
    error: float

    @property
    def verdict(self) -> str:
        """Whether the target is met; a miss that the error explains is `unclear`."""
        target = self.wanted.target
        if target is None:
            return ""
        if self.value <= target:
            return "met"
        return "unclear" if self.value - 2 * self.error <= target else "missed"

    def __str__(self) -> str:
        return f"{self.value:.3f} ± {self.error:.3f}"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was timed."""

    section: str
    title: str
    rounds: int
    medians: tuple[tuple[str, float], ...]
    ratios: tuple[Ratio, ...]


def row(section: str, title: str, times: Times, wanted: Sequence[Wanted]) -> Row:
    """Return the medians, and those of the wanted ratios whose columns were timed."""
    ratios = [ratio(times, want) for want in wanted if {want.of, want.to} <= set(times)]
    medians = tuple((name, statistics.median(values)) for name, values in times.items())
    rounds = min(len(values) for values in times.values())
    return Row(section, title, rounds, medians, tuple(ratios))


def ratio(times: Times, wanted: Wanted) -> Ratio:
    """Return the median of the ratios of each round: what slows a round down cancels out."""
    ratios = [of / to for of, to in zip(times[wanted.of], times[wanted.to], strict=True)]
    error = 0.0
    if len(ratios) > 1:
        low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
        error = _ERROR_OF_MEDIAN * (high - low) / sqrt(len(ratios))
    return Ratio(wanted, statistics.median(ratios), error)


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    rule = ["---"] * len(header)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (header, rule, *lines))


def time_table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Return the medians in milliseconds; a dash where a column has none."""
    lines = []
    for item in rows:
        found = dict(item.medians)
        cells = [f"{found[name] * 1000:.0f}" if name in found else "-" for name in columns]
        lines.append([item.section, item.title, str(item.rounds), *cells])
    return table(["", "median of the rounds, ms", "rounds", *columns], lines)


def ratio_table(rows: Sequence[Row]) -> str:
    """Return every ratio with its target and whether it is met."""
    lines = [
        [
            item.section,
            item.title,
            f"{found.wanted.of} / {found.wanted.to}",
            str(found),
            "" if found.wanted.target is None else f"{found.wanted.target:g}",
            found.verdict,
        ]
        for item in rows
        for found in item.ratios
    ]
    return table(["", "", "ratio of", "median ± its error", "target", ""], lines)


def as_json(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Return the rows as what JSON can hold; times are in seconds."""
    return [
        {
            "section": item.section,
            "title": item.title,
            "rounds": item.rounds,
            "medians": dict(item.medians),
            "ratios": [
                {
                    "of": found.wanted.of,
                    "to": found.wanted.to,
                    "value": found.value,
                    "error": found.error,
                    "target": found.wanted.target,
                    "verdict": found.verdict,
                }
                for found in item.ratios
            ],
        }
        for item in rows
    ]


def chart(rows: Sequence[Row]) -> str:
    """Return an SVG: a bar for each ratio, a line at 1 and a tick at each target."""
    bars = [(item, found) for item in rows for found in item.ratios]
    scale = _WIDTH / max([2.0, *(found.value for _, found in bars)])
    height = _BAR * (len(bars) + 1)
    size = f'width="{_LEFT + _WIDTH + 60}" height="{height}"'
    font = 'font-family="sans-serif" font-size="11"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>',
        f'<rect width="100%" height="{height}" fill="white"/>',
    ]
    for number, (item, found) in enumerate(bars):
        parts += _bar(f"{item.section} {item.title}", found, number * _BAR, scale)
    one = _LEFT + scale
    parts += [
        f'<line x1="{one:.1f}" y1="0" x2="{one:.1f}" y2="{_BAR * len(bars)}" stroke="black"/>',
        f'<text x="{one:.1f}" y="{height - 5}" text-anchor="middle">1</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _bar(title: str, found: Ratio, top: int, scale: float) -> list[str]:
    colour = {"met": "#4a9", "missed": "#c54", "unclear": "#ca4", "": "#aaa"}[found.verdict]
    middle, length = top + _BAR - 5, found.value * scale
    label = html.escape(f"{title}: {found.wanted.of} / {found.wanted.to}")
    size = f'width="{length:.1f}" height="{_BAR - 6}"'
    parts = [
        f'<text x="{_LEFT - 6}" y="{middle}" text-anchor="end">{label}</text>',
        f'<rect x="{_LEFT}" y="{top + 3}" {size} fill="{colour}"/>',
        f'<text x="{_LEFT + length + 4:.1f}" y="{middle}">{found.value:.2f}</text>',
    ]
    if found.wanted.target is not None:
        x = _LEFT + found.wanted.target * scale
        tick = f'<line x1="{x:.1f}" y1="{top + 1}" x2="{x:.1f}" y2="{top + _BAR - 1}"'
        parts.append(f'{tick} stroke="#06c"/>')
    return parts
