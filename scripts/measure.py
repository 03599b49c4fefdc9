"""Measure what the product weighs: `python3 scripts/measure.py`.

Builds the wheel and prints, as Markdown, its size, the build time, and the lines that each patch
adds to pip. What it costs to run is measured by `bench.py`.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from build import CHECKOUT, BuildError, build_wheel

SERIES = CHECKOUT / "patches" / "pip-25.1.1"


def patch_lines() -> dict[str, int]:
    """Return how many lines each patch, and each file that is ours alone, adds to pip."""
    added = {}
    for patch in sorted(SERIES.glob("*.patch")):
        lines = patch.read_text(encoding="utf-8").splitlines()
        added[patch.name] = sum(re.match(r"\+(?!\+\+ )", line) is not None for line in lines)
    return added


def print_table(title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Print two columns as a table in Markdown."""
    print(f"\n| {title} | |\n|---|---|")
    for left, right in rows:
        print(f"| {left} | {right} |")


def measure(folder: Path) -> None:
    """Print everything; *folder* is for what is built. Raise BuildError."""
    start = time.perf_counter()
    wheel = build_wheel(folder, say=lambda _: None)
    seconds = time.perf_counter() - start
    print_table(
        "wheel", [("size", f"{wheel.stat().st_size:,} bytes"), ("build time", f"{seconds:.1f} s")]
    )
    lines = patch_lines()
    rows = [(name, str(number)) for name, number in lines.items()]
    print_table("lines added to pip", [*rows, ("all patches", str(sum(lines.values())))])


def main() -> int:
    """Measure in a temporary folder; return the exit status."""
    argparse.ArgumentParser(description="Measure what the product weighs.").parse_args()
    with tempfile.TemporaryDirectory(prefix="pip-variants-measure-") as temp:
        try:
            measure(Path(temp, "dist"))
        except BuildError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
