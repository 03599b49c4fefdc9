"""Measure the product beside stock pip: `python3 scripts/measure.py [--rounds N]`.

Builds the wheel, makes one environment with the upstream release and one with the wheel on top of
it, serves an index on loopback, and prints tables in Markdown: wheel and build time, lines added to
pip by patch, medians of alternating dry-runs with their ratio, the requests at the server, and the
time of `pip variants index` for a thousand wheels.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path

from build import CHECKOUT, BuildError, build_wheel, python_of
from stand_in import (
    TORCH_280,
    IndexServer,
    Listed,
    machine_tag,
    write_simple_index,
    write_torch_index,
)
from stand_in_wheel import write_wheel

SERIES = CHECKOUT / "patches" / "pip-25.1.1"
PROGRAMS = ("stock", "patched")


def clean_environment() -> dict[str, str]:
    """Return an environment in which pip follows its arguments alone, on a machine that is set."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    return kept | {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION": "12.9",
        "NV_VARIANT_PROVIDER_FORCE_SM_ARCH": "7.5",
    }


def make_environments(folder: Path, wheel: Path) -> dict[str, Path]:
    """Return the interpreters of an environment with upstream's pip and of one with ours."""
    pinned = re.findall(
        r'name = "pip"\nversion = "([0-9.]+)"', (SERIES / "series.toml").read_text()
    )
    pythons = {}
    for name in PROGRAMS:
        venv.create(folder / name, symlinks=sys.platform != "win32", with_pip=True)
        python = python_of(folder / name)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, f"pip=={pinned[0]}"], check=True, stderr=subprocess.DEVNULL)
        if name == "patched":
            subprocess.run([*pip, "--no-index", "--no-deps", str(wheel)], check=True)
        pythons[name] = python
    return pythons


def write_index(root: Path, python: Path) -> None:
    """Write an index with a plain project beside the variants of torch."""
    write_torch_index(root, machine_tag(python))
    files = root / "files"
    files.mkdir()
    wheel = write_wheel(files, "plain_project-1.0-py3-none-any.whl")
    write_simple_index(root / "plain", {"plain-project": [Listed(wheel)]})


def dry_run(python: Path, index: str, project: str) -> float:
    """Return the seconds that `pip install --dry-run PROJECT` takes."""
    start = time.perf_counter()
    subprocess.run(
        [
            str(python),
            "-m",
            "pip",
            "install",
            "--dry-run",
            "--quiet",
            "--index-url",
            index,
            project,
        ],
        env=clean_environment(),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def alternating(
    pythons: dict[str, Path], index: str, project: str, rounds: int
) -> dict[str, float]:
    """Return each program's median in seconds; they take turns, one warm-up each left out."""
    times: dict[str, list[float]] = {name: [] for name in pythons}
    for number in range(rounds + 1):
        for name, python in pythons.items():
            seconds = dry_run(python, index, project)
            if number:
                times[name].append(seconds)
    return {name: statistics.median(found) for name, found in times.items()}


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
        subprocess.run(command, env=clean_environment(), check=True, stdout=subprocess.DEVNULL)
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


def measure(folder: Path, rounds: int) -> None:
    """Print everything; *folder* is for what is built and served."""
    start = time.perf_counter()
    wheel = build_wheel(folder / "dist", say=lambda _: None)
    seconds = time.perf_counter() - start
    print_table(
        "wheel", [("size", f"{wheel.stat().st_size:,} bytes"), ("build time", f"{seconds:.1f} s")]
    )
    lines = patch_lines()
    rows = [(name, str(number)) for name, number in lines.items()]
    print_table("lines added to pip", [*rows, ("all patches", str(sum(lines.values())))])
    pythons = make_environments(folder, wheel)
    root = folder / "index"
    root.mkdir()
    write_index(root, pythons["patched"])
    with IndexServer(root) as server:
        plain, variant = f"{server.url}plain/simple/", f"{server.url}simple/"
        medians = alternating(pythons, plain, "plain-project", rounds)
        rows = [(f"{name}, median of {rounds}", f"{medians[name]:.3f} s") for name in PROGRAMS]
        ratio = medians["patched"] / medians["stock"]
        print_table("dry-run of a plain package", [*rows, ("ratio", f"{ratio:.3f}")])
        rows = []
        for name, index, project in (
            ("stock", plain, "plain-project"),
            ("patched", plain, "plain-project"),
            ("patched", variant, "torch"),
        ):
            before = len(server.requests)
            dry_run(pythons[name], index, project)
            asked = [request.path.rsplit("/", 2)[-2:] for request in server.requests[before:]]
            shown = ", ".join(name or f"page of {page}" for page, name in asked)
            rows.append((f"{name}, {project}", f"{len(asked)}: {shown}"))
        print_table("requests", rows)
    rows = index_times(pythons["patched"], folder / "thousand")
    print_table("pip variants index, 1,000 wheels of 100 labels", rows)


def main() -> int:
    """Measure in a temporary folder; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=20, help="dry-runs of each pip (20)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="pip-variants-measure-") as temp:
        try:
            measure(Path(temp), rounds)
        except BuildError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
