"""Measure what provider queries cost: `python3 scripts/bench providers [--rounds N]`.

Builds the wheel, makes an environment with it, serves an index on loopback, and prints tables in
Markdown: each built-in provider and one trusted plugin, and dry runs of a variant project beside a
plain one. *Cold* is without pip's cache, *warm* with it. The driver is the one of this machine, if
it has one: no variable simulates another.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.report import two_columns
from bench.tools import clean_environment, install_ours
from tests.support.stand_in import (
    IndexServer,
    Listed,
    machine_tag,
    write_simple_index,
    write_torch_index,
)
from tests.support.stand_in_wheel import write_wheel

PLUGIN = b"""\
from types import SimpleNamespace
class Plugin:
    namespace = "gpu"
    @classmethod
    def get_supported_configs(cls):
        return [SimpleNamespace(name="arch", values=["b", "a"], multi_value=True)]
"""

# Queries every built-in as pip does, in one process; the first result of each is the cold one.
PROBE = """\
import json, sys, time
from pathlib import Path
from pip_variants.providers.registry import BUILT_INS
found = {}
for built_in in BUILT_INS:
    times = []
    for _ in range(int(sys.argv[2]) + 1):
        start = time.perf_counter()
        built_in.query({}, Path(sys.argv[1]))
        times.append(time.perf_counter() - start)
    found[built_in.name] = times
print(json.dumps(found))
"""
_DIGITS_BELOW = 0.01
"""Seconds below which a time is shown with two digits of a millisecond."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment with the wheel, the folder of pip's cache, and the number of rounds."""

    python: Path
    cache: Path
    rounds: int

    def variables(self) -> dict[str, str]:
        """Return an environment in which pip uses this cache."""
        return clean_environment(PIP_CACHE_DIR=str(self.cache))

    def pip(self, *arguments: str) -> float:
        """Return the seconds that one command of pip takes."""
        start = time.perf_counter()
        subprocess.run(
            [str(self.python), "-m", "pip", *arguments],
            env=self.variables(),
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return time.perf_counter() - start

    def clear_cache(self) -> None:
        """Remove pip's cache."""
        shutil.rmtree(self.cache, ignore_errors=True)

    def cold_and_warm(self, *commands: tuple[str, ...]) -> list[tuple[float, float]]:
        """Return the medians of each command, without and with a cache; they take turns."""
        times: list[tuple[list[float], list[float]]] = [([], []) for _ in commands]
        for _ in range(self.rounds):
            for command, (cold, warm) in zip(commands, times, strict=True):
                self.clear_cache()
                cold.append(self.pip(*command))
                warm.append(self.pip(*command))
        return [(statistics.median(cold), statistics.median(warm)) for cold, warm in times]

    def built_ins(self) -> dict[str, tuple[float, float]]:
        """Return the median cold and warm times of each built-in provider."""
        cold: dict[str, list[float]] = {}
        warm: dict[str, list[float]] = {}
        for _ in range(self.rounds):
            self.clear_cache()
            command = [str(self.python), "-c", PROBE, str(self.cache), "20"]
            done = subprocess.run(
                command, env=self.variables(), check=True, capture_output=True, text=True
            )
            for name, (first, *others) in json.loads(done.stdout).items():
                cold.setdefault(name, []).append(first)
                warm.setdefault(name, []).extend(others)
        return {
            name: (statistics.median(cold[name]), statistics.median(warm[name])) for name in cold
        }


def write_index(root: Path, python: Path) -> None:
    """Write indexes with the variants of torch, a plain project, and a provider."""
    write_torch_index(root, machine_tag(python))
    files = root / "files"
    plain = write_wheel(files, "plain_project-1.0-py3-none-any.whl")
    provider = write_wheel(
        files, "gpu_provider-1.0-py3-none-any.whl", files={"gpu_provider/plugin.py": PLUGIN}
    )
    projects = {"plain-project": [Listed(plain)], "gpu-provider": [Listed(provider)]}
    write_simple_index(root / "other", projects)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.{2 if seconds < _DIGITS_BELOW else 0}f} ms"


def _rows(found: dict[str, tuple[float, float]]) -> list[tuple[str, str]]:
    return [
        (name, f"cold {_milliseconds(cold)}, warm {_milliseconds(warm)}")
        for name, (cold, warm) in found.items()
    ]


def measure(folder: Path, rounds: int) -> None:
    """Print all tables; *folder* is for what is built and served."""
    environment = Environment(install_ours(folder), folder / "cache", rounds)
    root = folder / "index"
    root.mkdir()
    write_index(root, environment.python)
    print(two_columns("query of a built-in provider", _rows(environment.built_ins())))
    with IndexServer(root) as server:
        other = ("--index-url", f"{server.url}other/simple/")
        dry_run = ("install", "--dry-run", "--index-url")
        plain, variant, alone, trusted = environment.cold_and_warm(
            (*dry_run, other[1], "plain-project"),
            (*dry_run, f"{server.url}simple/", "torch"),
            ("variants", "platform", *other, "x86_64"),
            ("variants", "platform", *other, "--trust-variant-provider", "gpu-provider"),
        )
    rows = _rows({"of a built-in provider": alone, "and of a trusted plugin": trusted})
    print(two_columns("`pip variants platform`", rows))
    rows = _rows({"plain": plain, "with variants": variant})
    rows.append(("ratio", _ratios(variant, plain)))
    print(two_columns("`pip install --dry-run`", rows))


def _ratios(of: Sequence[float], to: Sequence[float]) -> str:
    cold, warm = (first / second for first, second in zip(of, to, strict=True))
    return f"cold {cold:.2f}, warm {warm:.2f}"


def main(arguments: list[str]) -> None:
    """Measure in a temporary folder; raise BuildError, CalledProcessError or OSError."""
    parser = argparse.ArgumentParser(
        prog="bench providers", description="Measure what provider queries cost."
    )
    parser.add_argument("--rounds", type=int, default=10, help="how often each is timed (10)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="pip-variants-providers-") as temp:
        measure(Path(temp), options.rounds)
