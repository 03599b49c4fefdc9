"""Measure what asking providers costs: `python3 scripts/providers.py [--rounds N]`.

Builds the wheel, makes an environment with it, serves an index on loopback, and prints tables in
Markdown: each built-in and one trusted plugin, and dry-runs of a project with variants beside a
plain one. *Cold* is a machine that remembers nothing, *warm* is every time after that. No variable
forces an answer: the driver of this machine is asked, or found to be missing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from build import BuildError, build_wheel, install, make_environment
from measure import print_table
from stand_in import IndexServer, Listed, machine_tag, write_simple_index, write_torch_index
from stand_in_wheel import write_wheel

PLUGIN = b"""\
from types import SimpleNamespace
class Plugin:
    namespace = "gpu"
    @classmethod
    def get_supported_configs(cls):
        return [SimpleNamespace(name="arch", values=["b", "a"], multi_value=True)]
"""

# Asks every built-in as pip does, in one process; the first answer of each is the cold one.
ASK = """\
import json, sys, time
from pathlib import Path
from pip_variants.providers.built_in import BUILT_INS
found = {}
for built_in in BUILT_INS:
    times = []
    for _ in range(int(sys.argv[2]) + 1):
        start = time.perf_counter()
        built_in.ask({}, Path(sys.argv[1]))
        times.append(time.perf_counter() - start)
    found[built_in.name] = times
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """An environment with the wheel, a folder for its cache, and how often to measure."""

    python: Path
    cache: Path
    rounds: int

    def environment(self) -> dict[str, str]:
        """Return an environment in which pip follows its arguments, and the machine is this one."""
        unwanted = ("PIP_", "NV_VARIANT_PROVIDER_")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(unwanted)}
        return kept | {
            "PIP_CACHE_DIR": str(self.cache),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def pip(self, *arguments: str) -> float:
        """Return the seconds that one command of pip takes."""
        start = time.perf_counter()
        subprocess.run(
            [str(self.python), "-m", "pip", *arguments],
            env=self.environment(),
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return time.perf_counter() - start

    def forget(self) -> None:
        """Remove all that pip remembers."""
        shutil.rmtree(self.cache, ignore_errors=True)

    def cold_and_warm(self, *commands: tuple[str, ...]) -> list[tuple[float, float]]:
        """Return the medians of each command, without and with a cache; they take turns."""
        times: list[tuple[list[float], list[float]]] = [([], []) for _ in commands]
        for _ in range(self.rounds):
            for command, (cold, warm) in zip(commands, times, strict=True):
                self.forget()
                cold.append(self.pip(*command))
                warm.append(self.pip(*command))
        return [(statistics.median(cold), statistics.median(warm)) for cold, warm in times]

    def built_ins(self) -> dict[str, tuple[float, float]]:
        """Return the cold time of each built-in, and the median of the warm ones."""
        cold: dict[str, list[float]] = {}
        warm: dict[str, list[float]] = {}
        for _ in range(self.rounds):
            self.forget()
            command = [str(self.python), "-c", ASK, str(self.cache), "20"]
            said = subprocess.run(
                command, env=self.environment(), check=True, capture_output=True, text=True
            )
            for name, (first, *others) in json.loads(said.stdout).items():
                cold.setdefault(name, []).append(first)
                warm.setdefault(name, []).extend(others)
        return {
            name: (statistics.median(cold[name]), statistics.median(warm[name])) for name in cold
        }


def make_bench(folder: Path, rounds: int) -> Bench:
    """Build the wheel and make an environment with it."""
    wheel = build_wheel(folder / "dist", say=lambda _: None)
    python = make_environment(folder / "venv")
    install(python, "--no-index", "--no-deps", str(wheel))
    return Bench(python, folder / "cache", rounds)


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
    return f"{seconds * 1000:,.2f} ms" if seconds < 0.01 else f"{seconds * 1000:,.0f} ms"  # noqa: PLR2004 - below it digits count


def _rows(found: dict[str, tuple[float, float]]) -> list[tuple[str, str]]:
    return [
        (name, f"cold {_milliseconds(cold)}, warm {_milliseconds(warm)}")
        for name, (cold, warm) in found.items()
    ]


def measure(folder: Path, rounds: int) -> None:
    """Print everything; *folder* is for what is built and served."""
    bench = make_bench(folder, rounds)
    root = folder / "index"
    root.mkdir()
    write_index(root, bench.python)
    print_table("asking a built-in", _rows(bench.built_ins()))
    with IndexServer(root) as server:
        other = ("--index-url", f"{server.url}other/simple/")
        dry_run = ("install", "--dry-run", "--index-url")
        plain, variant, alone, trusted = bench.cold_and_warm(
            (*dry_run, other[1], "plain-project"),
            (*dry_run, f"{server.url}simple/", "torch"),
            ("variants", "platform", *other, "x86_64"),
            ("variants", "platform", *other, "--trust-variant-provider", "gpu-provider"),
        )
    rows = _rows({"of a built-in": alone, "and of a trusted plugin": trusted})
    print_table("`pip variants platform`", rows)
    rows = _rows({"plain": plain, "with variants": variant})
    ratios = [f"{word} {variant[i] / plain[i]:.2f}" for i, word in enumerate(("cold", "warm"))]
    print_table("`pip install --dry-run`", [*rows, ("ratio", ", ".join(ratios))])


def main() -> int:
    """Measure in a temporary folder; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=10, help="how often everything is done (10)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="pip-variants-providers-") as temp:
        try:
            measure(Path(temp), rounds)
        except BuildError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
