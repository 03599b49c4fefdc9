"""Measure what the product weighs: `python3 scripts/measure.py`.

Builds the wheel and prints, as Markdown, its size, the build time, the lines that each patch adds
to pip, and the time of `pip variants index` for a thousand wheels. What it costs to run is measured
by `bench.py`.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from build import CHECKOUT, BuildError, build_wheel, install, make_environment
from stand_in import TORCH_280
from stand_in_wheel import write_wheel

SERIES = CHECKOUT / "patches" / "pip-25.1.1"


def index_times(python: Path, folder: Path) -> list[tuple[str, str]]:
    """Return how long `pip variants index` takes for a folder of a thousand wheels, and again."""
    labels = [f"cu{number}" for number in range(100)]
    metadata = {
        **TORCH_280,
        "variants": {
            label: {"nvidia": {"cuda_version_lower_bound": [f"{number}.0"]}}
            for number, label in enumerate(labels)
        },
    }
    for build in range(10):
        for label in labels:
            name = f"torch-2.8.0-{build}-py3-none-any-{label}.whl"
            write_wheel(folder, name, variant_json=metadata)
    rows = []
    for what in ("written", "unchanged"):
        start = time.perf_counter()
        command = [str(python), "-m", "pip", "variants", "index", str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        rows.append((what, f"{time.perf_counter() - start:.2f} s"))
    return rows


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
    wheel = build_wheel(folder / "dist", say=lambda _: None)
    seconds = time.perf_counter() - start
    print_table(
        "wheel", [("size", f"{wheel.stat().st_size:,} bytes"), ("build time", f"{seconds:.1f} s")]
    )
    lines = patch_lines()
    rows = [(name, str(number)) for name, number in lines.items()]
    print_table("lines added to pip", [*rows, ("all patches", str(sum(lines.values())))])
    python = make_environment(folder / "environment")
    install(python, "--no-index", "--no-deps", str(wheel))
    rows = index_times(python, folder / "thousand")
    print_table("pip variants index, 1,000 wheels of 100 labels", rows)


def main() -> int:
    """Measure in a temporary folder; return the exit status."""
    argparse.ArgumentParser(description="Measure what the product weighs.").parse_args()
    with tempfile.TemporaryDirectory(prefix="pip-variants-measure-") as temp:
        try:
            measure(Path(temp))
        except BuildError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
