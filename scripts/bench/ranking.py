"""Time the ranking of many variants by ours and by variantlib: `python3 scripts/bench ranking`.

Builds the wheel and installs it and variantlib in an environment, whose interpreter runs
`ranking_probe.py`. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from build import install

from bench.report import table
from bench.tools import BenchError, install_ours, pinned_variantlib

PROBE = Path(__file__).with_name("ranking_probe.py")
HEADER = ("variants", "ours: read", "ours: rank", "variantlib: both", "times", "same best")

Figures = Mapping[str, float | bool]
"""The figures of one size: seconds, and whether both libraries have the same best label."""


def measure(python: Path, most: int, reference_most: int) -> tuple[str, list[Figures]]:
    """Return the ranking times in the environment of *python*, as a table and for JSON.

    *most* is the largest number of variants, *reference_most* the same for variantlib. Raise
    BenchError if the probe fails.
    """
    # Isolated: the interpreter must import the installed wheel, not the checkout.
    command = [str(python), "-I", str(PROBE), str(most), str(reference_most)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{PROBE.name} failed:\n{done.stderr}")
    figures: list[Figures] = json.loads(done.stdout)
    return ranking_table(figures), figures


def ranking_table(figures: Sequence[Figures]) -> str:
    """Return the figures as a table in Markdown, the times in milliseconds."""
    return table(HEADER, [_cells(entry) for entry in figures])


def _cells(entry: Figures) -> list[str]:
    read, rank = entry["read"], entry["rank"]
    cells = [f"{entry['variants']:,}", f"{read * 1000:.1f} ms", f"{rank * 1000:.1f} ms"]
    if "variantlib" not in entry:
        return [*cells, "", "", ""]
    reference = entry["variantlib"]
    ratio = reference / (read + rank)
    return [*cells, f"{reference * 1000:.0f} ms", f"{ratio:.0f}", str(entry["same best"])]


def main(arguments: list[str]) -> None:
    """Measure in a temporary folder; raise BenchError, BuildError or OSError."""
    parser = argparse.ArgumentParser(
        prog="bench ranking", description="Time the ranking of many variants."
    )
    parser.add_argument(
        "--most", type=int, default=100_000, help="largest number of variants (100,000)"
    )
    parser.add_argument(
        "--reference-most", type=int, default=10_000, help="the same for variantlib (10,000)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="pip-variants-ranking-") as temp:
        python = install_ours(Path(temp))
        install(python, *pinned_variantlib())
        text, figures = measure(python, options.most, options.reference_most)
    print(text, end="")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
