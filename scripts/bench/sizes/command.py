"""Compare installers on wheels of real sizes: `python3 scripts/bench sizes [--real] [--keep DIR]`.

Makes wheels like those of torch and of what it needs, 1 GB in all, or takes torch's own from the
package index (4 GB), serves them on loopback, and runs stock pip, ours and uv in turns: whole, over
a slow line, and over one that breaks. Prints its results as Markdown and writes them to
`bench-sizes.md` and `bench-sizes.json`. Needs Linux or macOS, a package index for the tools, and
free space of five times the size of the wheels. The exit status does not depend on the targets.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.compare import report
from bench.report import table
from bench.sizes import nginx, tables
from bench.sizes.index import SizedIndex, made_index, real_index
from bench.sizes.installers import Installer, make_installers
from bench.sizes.rows import ROWS, Result, Row, Workspace, serving

_KEYS = [row.key for row in ROWS]


def in_turns(
    workspace: Workspace, row: Row, installers: Mapping[str, Installer], rounds: int
) -> dict[str, list[Result]]:
    """Return the results of each installer, round by round; every other round is in reverse."""
    results: dict[str, list[Result]] = {name: [] for name in installers}
    for number in range(rounds):
        for name in list(installers)[:: -1 if number % 2 else 1]:
            report(f"{row.title}: {name}, round {number + 1}")
            result = workspace.run(row, installers[name], compare=number == 0)
            results[name].append(result)
    return results


def measure(
    index: SizedIndex,
    rows: Sequence[Row],
    installers: Mapping[str, Installer],
    rounds: int,
    folder: Path,
) -> dict[Row, dict[str, list[Result]]]:
    """Return the results of each row; raise BenchError if an installer fails."""
    with serving(index, rows, folder) as workspace:
        return {row: in_turns(workspace, row, installers, rounds) for row in rows}


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench sizes", description="Compare installers on wheels of real sizes."
    )
    parser.add_argument(
        "--real", action="store_true", help="the real torch 2.8.0 (4 GB); needs --keep"
    )
    parser.add_argument("--size", type=int, default=1000, metavar="MB", help="of all wheels (1000)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each installer (3)")
    parser.add_argument(
        "--rows", type=_list, default=_KEYS, help=f"only these rows, of {','.join(_KEYS)}"
    )
    parser.add_argument(
        "--tools", type=_list, default=[""], help="only installers with one of these texts in them"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep the wheels here, or use them"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("bench"), help="folder to write to (bench)"
    )
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.rows) - set(_KEYS))
    if unknown:
        parser.error(f"no such rows: {', '.join(unknown)}; there are {', '.join(_KEYS)}")
    if options.real and options.keep is None:
        parser.error("--real needs --keep")
    if options.size < 1 or options.rounds < 1:
        parser.error("--size and --rounds are at least 1")
    return options


def _list(text: str) -> list[str]:
    return text.split(",")


def main(arguments: list[str]) -> None:
    """Prepare a temporary folder and measure in it; raise BenchError, BuildError or OSError."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="pip-bench-sizes-") as temp:
        folder = Path(temp)
        report("making the wheels")
        keep = options.keep or folder
        index = real_index(keep) if options.real else made_index(keep, options.size)
        report("building ours and making the environments")
        installers = {
            name: installer
            for name, installer in make_installers(folder / "tools").items()
            if any(text in name for text in options.tools)
        }
        rows = [row for row in ROWS if row.key in options.rows]
        found = measure(index, rows, installers, options.rounds, folder)
    machine = [
        ("Python", platform.python_version()),
        ("machine", f"{os.cpu_count()} cores, {platform.platform()}"),
        ("wheels", "real" if options.real else "made"),
        ("loopback server", "nginx" if nginx.PROGRAM else "Python"),
    ]
    text = f"{table(['', ''], machine)}\n{tables.text(found, index)}"
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "bench-sizes.md").write_text(text, encoding="utf-8")
    data = json.dumps({"machine": dict(machine), **tables.as_json(found, index)}, indent=2)
    (options.out / "bench-sizes.json").write_text(f"{data}\n", encoding="utf-8")
    print(f"\n{text}")
