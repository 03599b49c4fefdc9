"""Time stock pip, ours and uv side by side: `python3 scripts/bench.py [--quick] [--out FOLDER]`.

Needs Python 3.10+, a package index for the tools, and some ten minutes on two cores. Serves its own
indexes on loopback, one without delay and one that adds 30 ms to each answer, checks that all tools
install the same builds, and lets them take turns. Prints what it found as Markdown and writes it to
`bench.md`, `bench.json` and `bench.svg`. Exit status: 0, whether targets are met or not, or 1 if
the tools could not be compared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench_cases import CASES, COLUMNS, DELAY, SAME, Case, Place, Run
from bench_indexes import COUNT, LISTED, write_indexes, write_installed
from bench_report import Row, Wanted, as_json, chart, ratio_table, row, table, time_table
from bench_tools import BenchError, Tool, make_tools
from build import CHECKOUT, BuildError
from stand_in import IndexServer, Request

# What requests are for, by how their paths end; the first that fits.
KINDS = (("page", "/"), ("variants", "-variants.json"), ("metadata", ".metadata"), ("wheel", ""))


@dataclass(frozen=True, slots=True)
class Effort:
    """When a row has been measured enough: after so many rounds, or so many seconds."""

    least: int
    most: int
    seconds: float
    ranked: int


FULL = Effort(least=3, most=25, seconds=12.0, ranked=100_000)
QUICK = Effort(least=2, most=5, seconds=2.0, ranked=1_000)


def alternating(
    runs: Mapping[str, Run], effort: Effort, share: float = 1.0
) -> dict[str, list[float]]:
    """Return each column's seconds, round by round; a first round fills caches and is left out.

    *share* is this row's part of the time that there is for a row. Every other round goes through
    the columns backwards, so that none always follows the same one.
    """
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    start = time.perf_counter()
    for number in range(effort.most):
        if number >= effort.least and time.perf_counter() - start > effort.seconds * share:
            break
        for name in list(runs)[:: -1 if number % 2 else 1]:
            times[name].append(runs[name]())
    return times


def commands(tools: Mapping[str, Tool], folder: Path) -> dict[str, dict[str, Run]]:
    """Return the commands that need no index: what is timed for each, by title and tool."""
    write_installed(folder)

    def run(tool: Tool, *arguments: str) -> Run:
        return lambda: tool.run(arguments)

    return {
        "--version": {name: run(tool, "--version") for name, tool in tools.items()},
        "help": {name: run(tool, "help") for name, tool in tools.items()},
        f"list of {LISTED} packages": {
            name: run(tool, *tool.listing, str(folder)) for name, tool in tools.items()
        },
    }


def request_table(place: Place) -> tuple[str, list[dict[str, object]]]:
    """Return, as a table and for JSON, what one install of all projects asks for, per project."""
    found = []
    for warm in (False, True):
        case = Case("package-00", dry=False, warm=warm)
        found += [count(column, case, place.requests(case, column)) for column in COLUMNS]
    header = ["per project", *(name for name, _ in KINDS), "requests", "bytes"]
    lines = [
        [str(value) if isinstance(value, str) else f"{value:.4g}" for value in entry.values()]
        for entry in found
    ]
    return table(header, lines), found


def count(column: str, case: Case, requests: Sequence[Request]) -> dict[str, object]:
    """Return how many requests of each kind, and bytes of answers, a project costs on average."""
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
    """Return whether a plain project costs what it costs with stock pip, a variant one one more."""
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


def ranking(python: str, effort: Effort, report: Path) -> str:
    """Return the table of `ranking.py`, run in our environment; raise BenchError if it fails.

    The same is written to *report* as JSON.
    """
    command = [python, str(CHECKOUT / "scripts" / "ranking.py"), "--json", str(report)]
    command += ["--most", str(effort.ranked), "--reference-most", str(effort.ranked // 10)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"ranking.py failed:\n{done.stderr}")
    return done.stdout


def timed(place: Place, effort: Effort) -> list[Row]:
    """Return the rows of everything that is timed; raise BenchError if a tool fails."""
    plan: list[tuple[str, str, Mapping[str, Run], Sequence[Wanted], float]] = [
        ("a", title, runs, (SAME,), 1.0)
        for title, runs in commands(place.tools, place.folder / "listed").items()
    ]
    plan += [(case.section, str(case), place.runs(case), case.wanted, case.share) for case in CASES]
    rows = []
    for section, title, runs, wanted, share in plan:
        say(f"timing {title}")
        rows.append(row(section, title, alternating(runs, effort, share), wanted))
    return rows


def measure(place: Place, effort: Effort, out: Path) -> None:
    """Measure everything, print it and write it to the folder *out*; raise BenchError."""
    say("checking that all tools install the same builds")
    place.check()
    rows = timed(place, effort)
    requests, counted = request_table(place)
    say("ranking variants")
    report = place.folder / "ranking.json"
    ranked = ranking(place.tools["ours"].start[0], effort, report)
    versions = {name: tool.version for name, tool in place.tools.items()}
    versions["Python"] = platform.python_version()
    versions["machine"] = f"{os.cpu_count()} cores, {platform.platform()}"
    shown = table(["", "version"], list(versions.items()))
    times, ratios = time_table(rows, list(COLUMNS)), ratio_table(rows)
    text = "\n".join((shown, times, ratios, requests, f"{verdict(counted)}\n", ranked))
    data = {
        "versions": versions,
        "rows": as_json(rows),
        "requests": counted,
        "ranking": json.loads(report.read_text(encoding="utf-8")),
    }
    (out / "bench.md").write_text(text, encoding="utf-8")
    (out / "bench.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    (out / "bench.svg").write_text(chart(rows), encoding="utf-8")
    print(f"\n{text}")


def say(step: str) -> None:
    """Print a step at once."""
    print(f"bench: {step}", flush=True)


def main() -> int:
    """Set everything up in a temporary folder and measure; return the exit status."""
    parser = argparse.ArgumentParser(description="Time stock pip, ours and uv side by side.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: four minutes, rough")
    parser.add_argument(
        "--out", type=Path, default=Path("bench"), help="folder to write to (bench)"
    )
    asked = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="pip-bench-") as temp, ExitStack() as stack:
            asked.out.mkdir(parents=True, exist_ok=True)
            say("building the wheel and making the environments")
            tools = make_tools(Path(temp, "tools"))
            write_indexes(Path(temp, "index"))
            servers = {
                delay: stack.enter_context(
                    IndexServer(Path(temp, "index"), cacheable=True, delay=delay)
                )
                for delay in (0.0, DELAY)
            }
            measure(Place(Path(temp), tools, servers), QUICK if asked.quick else FULL, asked.out)
    except (BenchError, BuildError, OSError) as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
