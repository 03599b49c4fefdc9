"""The results with real sizes as Markdown and as values for JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from bench.report import table
from bench.sizes.goals import Outcome, Results, median, outcomes, seconds, sent_megabytes
from bench.sizes.index import MB, SizedIndex
from bench.sizes.installed import differing
from bench.sizes.rows import Result, Row

_HEADER = (
    "wall, s",
    "CPU, s",
    "peak memory, MB: largest process",
    "all together",
    "peak TMPDIR, MB",
    "cache, MB",
    "from the server, MB",
    "requests",
    "files",
)
_WHOLE = 100
NOTE = """\
Medians of the rounds; peaks are the highest of all rounds. Every run has an empty cache and a new
environment. CPU is that of all processes. "All together" is the sum of the proportional set sizes,
sampled every 50 ms, as is the size of a private TMPDIR. "Files" compares what was installed, except
for bytecode, with the first installer that completed: names, contents, RECORD, and the modes.
"""


def row_table(row: Row, results: Results) -> str:
    """Return the table of a row, with a line for each installer."""
    complete = {name: runs for name, runs in results.items() if not _failed(runs)}
    lines = [
        [name, *(_figures(runs, _files(name, complete)) if name in complete else _failure(runs))]
        for name, runs in results.items()
    ]
    rounds = len(next(iter(results.values())))
    return table([f"{row.title}, rounds: {rounds}", *_HEADER], lines)


def goal_table(found: Sequence[Outcome]) -> str:
    """Return the table of the targets."""
    lines = [
        [
            outcome.goal.row,
            outcome.installer,
            outcome.goal.text,
            "fails" if outcome.value is None else _rounded(outcome.value),
            f"{outcome.goal.limit:g}",
            outcome.verdict,
        ]
        for outcome in found
    ]
    return table(["row", "", "", "measured", "target", ""], lines)


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= _WHOLE else f"{value:.3g}"


def text(rows: Mapping[Row, Results], index: SizedIndex) -> str:
    """Return the tables of all rows, and the targets."""
    found = [
        outcome for row, results in rows.items() for outcome in outcomes(row.key, results, index)
    ]
    sizes = f"{len(index.sizes)} wheels of {index.total / MB:.0f} MB,"
    sizes += f" the largest three {index.largest_three / MB:.0f} MB"
    parts = [f"{sizes}.\n", NOTE, *(row_table(row, results) for row, results in rows.items())]
    return "\n".join([*parts, goal_table(found)])


def as_json(rows: Mapping[Row, Results], index: SizedIndex) -> dict[str, object]:
    """Return every run for JSON, in seconds and bytes."""
    return {
        "wheels": dict(index.sizes),
        "rows": {
            row.key: {name: [*map(_run_as_json, runs)] for name, runs in results.items()}
            for row, results in rows.items()
        },
        "targets": [
            {
                "row": outcome.goal.row,
                "installer": outcome.installer,
                "figure": outcome.goal.text,
                "value": outcome.value,
                "limit": outcome.goal.limit,
                "verdict": outcome.verdict,
            }
            for row, results in rows.items()
            for outcome in outcomes(row.key, results, index)
        ],
    }


def _run_as_json(result: Result) -> dict[str, object]:
    usage = dataclasses.asdict(result.usage)
    if not result.failed:
        del usage["output"]
    figures = {"sent": result.sent, "requests": result.requests, "cache": result.cache}
    return {**usage, **figures}


def _figures(runs: Sequence[Result], files: str) -> list[str]:
    usages = [result.usage for result in runs]
    return [
        f"{median(runs, seconds):.2f}",
        f"{median(runs, lambda result: result.usage.cpu):.2f}",
        f"{max(usage.largest for usage in usages) / MB:.0f}",
        f"{max(usage.together for usage in usages) / MB:.0f}",
        f"{max(usage.temporary for usage in usages) / MB:.1f}",
        f"{median(runs, lambda result: result.cache) / MB:.1f}",
        f"{median(runs, sent_megabytes):.1f}",
        f"{median(runs, lambda result: result.requests):.0f}",
        files,
    ]


def _failure(runs: Sequence[Result]) -> list[str]:
    """Return the cells of an installer that failed: how long it took, and why."""
    result = next(run for run in runs if run.failed)
    lines = result.usage.output.strip().splitlines() or ["no output"]
    reason = lines[-1].strip().replace("|", "/")[:120]
    empty = [""] * (len(_HEADER) - 4)
    sent, requests = f"{sent_megabytes(result):.1f}", str(result.requests)
    return [f"{seconds(result):.2f}", *empty, sent, requests, f"fails: {reason}"]


def _files(name: str, complete: Results) -> str:
    """Return whether an installer left the files of the first one."""
    reference = next(iter(complete.values()))[0].files
    files = complete[name][0].files
    if not files:
        return "-"
    differences = differing(reference, files, modes=False)
    if differences:
        return f"{len(differences)} differ: {differences[0]}"
    modes = differing(reference, files, modes=True)
    return f"{len(files)}, {len(modes)} modes differ" if modes else f"{len(files)}, same"


def _failed(runs: Sequence[Result]) -> bool:
    return any(result.failed for result in runs)
