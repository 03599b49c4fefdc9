"""Measure wheel and patches: `python3 scripts/bench size`.

Builds the wheel and prints, as Markdown, its size, its build time, the lines that each patch adds
to pip, and the time of `pip variants index` for a thousand wheels.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
import time
from pathlib import Path

from build import CHECKOUT, build_wheel, install, make_environment

from bench.report import two_columns
from tests.support.stand_in import TORCH_280
from tests.support.stand_in_wheel import write_wheel

PATCHES = CHECKOUT / "patches"


def index_times(python: Path, folder: Path) -> list[tuple[str, str]]:
    """Return the times of `pip variants index` for a folder of a thousand wheels: first, second."""
    labels = [f"cu{number}" for number in range(100)]
    metadata = {
        **TORCH_280,
        "variants": {
            label: {"nvidia": {"cuda_version_lower_bound": [f"{number}.0"]}}
            for number, label in enumerate(labels)
        },
    }
    for build_tag in range(10):
        for label in labels:
            name = f"torch-2.8.0-{build_tag}-py3-none-any-{label}.whl"
            write_wheel(folder, name, variant_json=metadata)
    rows = []
    for outcome in ("written", "unchanged"):
        start = time.perf_counter()
        command = [str(python), "-m", "pip", "variants", "index", str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        rows.append((outcome, f"{time.perf_counter() - start:.2f} s"))
    return rows


def patch_lines() -> dict[str, int]:
    """Return how many lines each patch adds to pip, by its path below `patches/`."""
    return {
        patch.relative_to(PATCHES).as_posix(): sum(
            re.match(r"\+(?!\+\+ )", line) is not None
            for line in patch.read_text(encoding="utf-8").splitlines()
        )
        for patch in sorted(PATCHES.glob("*/*.patch"))
    }


def measure(folder: Path) -> None:
    """Print all tables; *folder* is for what is built. Raise BuildError."""
    start = time.perf_counter()
    wheel = build_wheel(folder / "dist", report=lambda _: None)
    seconds = time.perf_counter() - start
    rows = [("size", f"{wheel.stat().st_size:,} bytes"), ("build time", f"{seconds:.1f} s")]
    print(two_columns("wheel", rows))
    lines = patch_lines()
    rows = [(name, str(number)) for name, number in lines.items()]
    rows.append(("all patches", str(sum(lines.values()))))
    print(two_columns("lines added to pip", rows))
    python = make_environment(folder / "environment")
    install(python, "--no-index", str(wheel))
    rows = index_times(python, folder / "thousand")
    print(two_columns("pip variants index, 1,000 wheels of 100 labels", rows))


def main(arguments: list[str]) -> None:
    """Measure in a temporary folder; raise BuildError, CalledProcessError or OSError."""
    argparse.ArgumentParser(
        prog="bench size", description="Measure wheel, patches and `pip variants index`."
    ).parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="pip-variants-size-") as temp:
        measure(Path(temp))
