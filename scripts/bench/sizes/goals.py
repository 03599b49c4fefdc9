"""The targets of the rows with real sizes, and whether they are met."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.report import Target, ratio
from bench.sizes.index import MB, SizedIndex
from bench.sizes.installers import UV_COMPILING, stock_name
from bench.sizes.rows import RATE, Result

Results = Mapping[str, Sequence[Result]]
"""What each installer used, round by round."""
Figure = Callable[[Results, str, SizedIndex], "float | None"]
"""Returns the figure of one installer, or None if what it needs was not measured."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure of our installers in one row, and the largest value that meets the target."""

    row: str
    text: str
    limit: float
    figure: Figure


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figure of one installer; None if it did not complete."""

    goal: Goal
    installer: str
    value: float | None

    @property
    def verdict(self) -> str:
        """`met` or `missed`."""
        return "met" if self.value is not None and self.value <= self.goal.limit else "missed"


def outcomes(key: str, results: Results, index: SizedIndex) -> list[Outcome]:
    """Return the outcome of each goal of a row for each of our installers that was measured."""
    found = []
    for goal in GOALS:
        for name in results:
            if goal.row != key or not name.startswith("ours "):
                continue
            if any(result.failed for result in results[name]):
                found.append(Outcome(goal, name, None))
                continue
            value = goal.figure(results, name, index)
            if value is not None:
                found.append(Outcome(goal, name, value))
    return found


def median(results: Sequence[Result], figure: Callable[[Result], float]) -> float:
    """Return the median of a figure over the rounds."""
    return statistics.median(map(figure, results))


def seconds(result: Result) -> float:
    """Return the duration of a run."""
    return result.usage.seconds


def sent_megabytes(result: Result) -> float:
    """Return the megabytes that the server sent."""
    return result.sent / MB


def _times_as_long(other: str) -> Figure:
    """Return the figure of the duration, divided by that of another installer in each round."""

    def figure(results: Results, name: str, _: SizedIndex) -> float | None:
        if other not in results:
            return None
        times = {tool: [*map(seconds, results[tool])] for tool in (name, other)}
        return ratio(times, Target(name, other)).value

    return figure


def _median_of(figure: Callable[[Result], float]) -> Figure:
    return lambda results, name, _: median(results[name], figure)


def _per_line_time(results: Results, name: str, index: SizedIndex) -> float:
    return median(results[name], seconds) / (index.total / RATE)


def _per_largest(results: Results, name: str, index: SizedIndex) -> float:
    peak = max(result.usage.temporary for result in results[name])
    return peak / index.largest_three


def _per_wheels(results: Results, name: str, index: SizedIndex) -> float:
    return median(results[name], lambda result: result.sent) / index.total


def _peak_memory(results: Results, name: str, _: SizedIndex) -> float:
    return max(result.usage.memory for result in results[name]) / MB


GOALS = (
    Goal("dry-run", "from the server, MB", 5, _median_of(sent_megabytes)),
    Goal("dry-run", "requests", 60, _median_of(lambda result: result.requests)),
    Goal("dry-run", "seconds", 2, _median_of(seconds)),
    Goal("install", "of the time of stock", 0.45, _times_as_long(stock_name())),
    Goal("install", f"of the time of {UV_COMPILING}", 1.2, _times_as_long(UV_COMPILING)),
    Goal("install", "peak of the memory, MB", 200, _peak_memory),
    Goal("no-cache", "peak of TMPDIR, of the largest three wheels", 1.1, _per_largest),
    Goal("line", "of the time that the line needs", 1.05, _per_line_time),
    Goal("many", "of the time of stock's plain projects", 0.4, _times_as_long(stock_name())),
    Goal("broken", "from the server, of the bytes of the wheels", 1.05, _per_wheels),
)
