"""Measure pip_variants: `python3 scripts/bench [COMMAND] [ARGUMENT...]`.

Without a command it is `compare`, whose `--help` lists the other ones. Exit status: 0, or 1 if
something could not be measured.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

# `python3 scripts/bench` puts only this folder on sys.path: `bench` and `build` are in the one
# above it, `tests.support` in the checkout.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from build import BuildError

from bench import compare, providers, publish, ranking, size, startup
from bench.sizes import command as sizes
from bench.tools import BenchError

COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "compare": compare.main,
    "size": size.main,
    "sizes": sizes.main,
    "providers": providers.main,
    "publish": publish.main,
    "startup": startup.main,
    "ranking": ranking.main,
}


def main(arguments: list[str]) -> int:
    """Run one command and return the exit status."""
    name = "compare"
    if arguments and arguments[0] in COMMANDS:
        name, *arguments = arguments
    try:
        COMMANDS[name](arguments)
    except (BenchError, BuildError, OSError, subprocess.CalledProcessError) as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
