"""From times to results: medians, ratios and targets, as Markdown and JSON."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

Times = Mapping[str, Sequence[float]]
"""Seconds of each column, round by round."""

# The standard error of a median, relative to the distance of the quartiles: for a normal
# distribution it is 1.2533 standard deviations, and the distance of the quartiles is 1.3490.
_ERROR_OF_MEDIAN = 1.2533 / 1.3490


@dataclass(frozen=True, slots=True)
class Target:
    """A ratio to show, `of` divided by `to`, and its largest value that meets the target."""

    of: str
    to: str
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Ratio:
    """The median over the rounds of one column's time divided by another's, and its error."""

    target: Target
    value: float
    error: float

    @property
    def verdict(self) -> str:
        """`met`, `missed`, or `unclear` if the error explains the miss; empty without a limit."""
        limit = self.target.limit
        if limit is None:
            return ""
        if self.value <= limit:
            return "met"
        return "unclear" if self.value - 2 * self.error <= limit else "missed"

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


def row(section: str, title: str, times: Times, targets: Sequence[Target]) -> Row:
    """Return the medians, and the ratios of those targets whose columns were timed."""
    ratios = [ratio(times, target) for target in targets if {target.of, target.to} <= set(times)]
    medians = tuple((name, statistics.median(values)) for name, values in times.items())
    rounds = min(len(values) for values in times.values())
    return Row(section, title, rounds, medians, tuple(ratios))


def ratio(times: Times, target: Target) -> Ratio:
    """Return the median of the ratios of each round: a slow round is slow for both columns."""
    ratios = [of / to for of, to in zip(times[target.of], times[target.to], strict=True)]
    error = 0.0
    if len(ratios) > 1:
        low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
        error = _ERROR_OF_MEDIAN * (high - low) / sqrt(len(ratios))
    return Ratio(target, statistics.median(ratios), error)


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    rule = ["---"] * len(header)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (header, rule, *lines))


def two_columns(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """Return a table in Markdown of names and values, under a title."""
    return table([title, ""], rows)


def time_table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Return the medians in milliseconds; a dash in a column without times."""
    lines = []
    for item in rows:
        found = dict(item.medians)
        cells = [f"{found[name] * 1000:.0f}" if name in found else "-" for name in columns]
        lines.append([item.section, item.title, str(item.rounds), *cells])
    return table(["", "median of the rounds, ms", "rounds", *columns], lines)


def ratio_table(rows: Sequence[Row]) -> str:
    """Return every ratio with its target and verdict."""
    lines = [
        [
            item.section,
            item.title,
            f"{found.target.of} / {found.target.to}",
            str(found),
            "" if found.target.limit is None else f"{found.target.limit:g}",
            found.verdict,
        ]
        for item in rows
        for found in item.ratios
    ]
    return table(["", "", "ratio of", "median ± its error", "target", ""], lines)


def as_json(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Return the rows as values for JSON; times are in seconds."""
    return [
        {
            "section": item.section,
            "title": item.title,
            "rounds": item.rounds,
            "medians": dict(item.medians),
            "ratios": [
                {
                    "of": found.target.of,
                    "to": found.target.to,
                    "value": found.value,
                    "error": found.error,
                    "target": found.target.limit,
                    "verdict": found.verdict,
                }
                for found in item.ratios
            ],
        }
        for item in rows
    ]
