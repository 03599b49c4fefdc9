"""Time stock pip, ours and uv side by side: `python3 scripts/bench [--quick] [--out DIR] [ROW...]`.

Needs Python 3.10+, a package index for the tools, and some ten minutes on two cores. Serves its own
indexes on loopback, with and without a delay of 30 ms, checks that all tools install the same
variants, and times them in turns. Prints its results as Markdown and writes them to `bench.md` and
`bench.json`. The exit status does not depend on whether the targets are met.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import ranking
from bench.cases import CASES, COLUMNS, DELAY, SAME, Case, Run, Workspace
from bench.indexes import COUNT, LISTED, write_indexes, write_installed
from bench.report import Row, Target, as_json, ratio_table, row, table, time_table
from bench.tools import Tool, make_tools
from tests.support.stand_in import IndexServer, Request

# Kinds of requests, by the end of their paths; the first match counts.
KINDS = (("page", "/"), ("variants", "-variants.json"), ("metadata", ".metadata"), ("wheel", ""))
COMMANDS = ("--version", "help", f"list of {LISTED} packages")
TITLES = (*COMMANDS, *map(str, CASES))
EPILOG = """\
other measurements, each with --help:
  bench size        size and build time of the wheel, lines added to pip, `pip variants index`
  bench sizes       installs of 1 GB of wheels, or of the real torch
  bench providers   provider queries, with and without pip's cache
  bench publish     making a variant of a wheel of 5 GB, an index of 10,000 wheels
  bench startup     what the start-up hook adds to the start of an interpreter
  bench ranking     ranking of 10 to 100,000 variants, beside variantlib
"""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long each row is measured: a number of rounds, or of seconds; and variants to rank."""

    min_rounds: int
    max_rounds: int
    seconds: float
    ranked: int


FULL = Effort(min_rounds=3, max_rounds=25, seconds=12.0, ranked=100_000)
QUICK = Effort(min_rounds=2, max_rounds=5, seconds=2.0, ranked=1_000)


@dataclass(frozen=True, slots=True)
class Timing:
    """A row to time: what each column runs, and its share of the time that a row gets."""

    section: str
    title: str
    runs: Mapping[str, Run]
    targets: Sequence[Target]
    share: float = 1.0


def alternating(
    runs: Mapping[str, Run], effort: Effort, share: float = 1.0
) -> dict[str, list[float]]:
    """Return each column's seconds, round by round, after a first round that fills the caches.

    Every other round runs the columns in reverse, so that none always follows the same one.
    """
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    start = time.perf_counter()
    for number in range(effort.max_rounds):
        elapsed = time.perf_counter() - start
        if number >= effort.min_rounds and elapsed > effort.seconds * share:
            break
        for name in list(runs)[:: -1 if number % 2 else 1]:
            times[name].append(runs[name]())
    return times


def commands(tools: Mapping[str, Tool], folder: Path) -> list[Timing]:
    """Return the rows of the commands that need no index."""
    write_installed(folder)

    def run(tool: Tool, *arguments: str) -> Run:
        return lambda: tool.run(arguments)

    runs = (
        {name: run(tool, "--version") for name, tool in tools.items()},
        {name: run(tool, "help") for name, tool in tools.items()},
        {name: run(tool, *tool.listing, str(folder)) for name, tool in tools.items()},
    )
    return [
        Timing("command", title, of_tools, (SAME,))
        for title, of_tools in zip(COMMANDS, runs, strict=True)
    ]


def timings(workspace: Workspace, texts: Sequence[str]) -> list[Timing]:
    """Return the rows to time: all, or those whose title contains one of *texts*."""
    found = commands(workspace.tools, workspace.folder / "listed")
    found += [
        Timing(case.section, str(case), workspace.runs(case), case.targets, case.share)
        for case in CASES
    ]
    return [item for item in found if not texts or any(text in item.title for text in texts)]


def request_table(workspace: Workspace) -> tuple[str, list[dict[str, object]]]:
    """Return the requests per project when all are installed, as a table and for JSON."""
    found = []
    for warm in (False, True):
        case = Case("package-00", dry=False, warm=warm)
        found += [count(column, case, workspace.requests(case, column)) for column in COLUMNS]
    header = ["per project", *(name for name, _ in KINDS), "requests", "bytes"]
    lines = [
        [str(value) if isinstance(value, str) else f"{value:.4g}" for value in entry.values()]
        for entry in found
    ]
    return table(header, lines), found


def count(column: str, case: Case, requests: Sequence[Request]) -> dict[str, object]:
    """Return the requests of each kind and the bytes received, on average per project."""
    kinds = Counter(
        next(name for name, end in KINDS if request.path.endswith(end)) for request in requests
    )
    return {
        "what": f"{column}, {'warm' if case.warm else 'cold'}",
        **{name: kinds[name] / COUNT for name, _ in KINDS},
        "requests": len(requests) / COUNT,
        "bytes": sum(request.sent for request in requests) / COUNT,
    }


def verdict(found: Sequence[Mapping[str, object]]) -> str:
    """Return whether ours adds no request for a plain project, and one for a variant project."""
    requests = {str(entry["what"]): entry["requests"] for entry in found}
    stock, ours, variants = (
        float(str(requests[f"{column}, cold"])) for column in ("stock", "ours", "ours, variants")
    )
    plain, variant = round(ours - stock, 6), round(variants - ours, 6)
    met = "met" if (plain, variant) == (0, 1) else "missed"
    return (
        f"Requests of ours, cold: {plain:+.3g} for a plain project against stock (target 0),"
        f" {variant:+.3g} for a variant project (target 1): {met}."
    )


def time_rows(plan: Sequence[Timing], effort: Effort) -> list[Row]:
    """Return the rows of everything that is timed; raise BenchError if a tool fails."""
    rows = []
    for item in plan:
        report(f"timing {item.title}")
        times = alternating(item.runs, effort, item.share)
        rows.append(row(item.section, item.title, times, item.targets))
    return rows


def measure(workspace: Workspace, effort: Effort, texts: Sequence[str], out: Path) -> None:
    """Measure, print the results and write them to the folder *out*; raise BenchError.

    With *texts* only the rows of `timings` are timed: no requests are counted, nothing is ranked.
    """
    plan = timings(workspace, texts)
    report("checking that all tools install the same variants")
    workspace.check()
    rows = time_rows(plan, effort)
    versions = {name: tool.version for name, tool in workspace.tools.items()}
    versions["Python"] = platform.python_version()
    versions["machine"] = f"{os.cpu_count()} cores, {platform.platform()}"
    parts = [table(["", "version"], list(versions.items()))]
    parts += [time_table(rows, list(COLUMNS)), ratio_table(rows)]
    data: dict[str, object] = {"versions": versions, "rows": as_json(rows)}
    if not texts:
        requests, data["requests"] = counted = request_table(workspace)
        report("ranking variants")
        python = Path(workspace.tools["ours"].start[0])
        ranked, data["ranking"] = ranking.measure(python, effort.ranked, effort.ranked // 10)
        parts += [requests, f"{verdict(counted[1])}\n", ranked]
    text = "\n".join(parts)
    (out / "bench.md").write_text(text, encoding="utf-8")
    (out / "bench.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    print(f"\n{text}")


def report(step: str) -> None:
    """Print a step without buffering."""
    print(f"bench: {step}", flush=True)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench [compare]",
        description="Time stock pip, ours and uv side by side.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds: four minutes, rough")
    parser.add_argument(
        "--out", type=Path, default=Path("bench"), help="folder to write to (bench)"
    )
    parser.add_argument(
        "rows", nargs="*", metavar="ROW", help="time only the rows with this text in their title"
    )
    options = parser.parse_args(arguments)
    for text in options.rows:
        if not any(text in title for title in TITLES):
            parser.error(f"no row has {text!r} in its title; the rows: {'; '.join(TITLES)}")
    return options


def main(arguments: list[str]) -> None:
    """Prepare a temporary folder and measure in it; raise BenchError, BuildError or OSError."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="pip-bench-") as temp, ExitStack() as stack:
        options.out.mkdir(parents=True, exist_ok=True)
        report("building the wheel and making the environments")
        tools = make_tools(Path(temp, "tools"))
        index = Path(temp, "index")
        write_indexes(index)
        servers = {
            delay: stack.enter_context(IndexServer(index, cacheable=True, delay=delay))
            for delay in (0.0, DELAY)
        }
        workspace = Workspace(Path(temp), tools, servers)
        measure(workspace, QUICK if options.quick else FULL, options.rows, options.out)
