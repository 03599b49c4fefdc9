"""Attack what reads foreign input: `python3 scripts/attack.py [--minutes N] [--seed S]`.

Each family of attacks draws cases from the seed: documents, archives, names, pages, headers,
markers and facts of drivers, mutated by grammar and by bytes; and whole runs of pip. What must hold
in every case is in the families, below `scripts/attacks`: a documented error or a result, within
limits of time and memory, in text that a terminal can show, and the same choice as without what
does not concern it. Findings of one kind are counted together, with the command that repeats the
first.

Needs Python 3.10 or later on Linux or macOS, and a package index unless the pip of this Python is
the release that is patched. Exit status: 0, or 1 if there is a finding or nothing could be run.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from build import BuildError, install, make_environment, releases  # noqa: E402

_SEEDS = 1 << 32


def main(arguments: Sequence[str]) -> int:
    """Run the families and return the exit status."""
    if not has_pip():
        return _in_environment(arguments)
    # They import pip.
    from attacks.registry import FAMILIES  # noqa: PLC0415
    from attacks.report import command, summary  # noqa: PLC0415
    from attacks.runner import Plan, run  # noqa: PLC0415

    entries = {entry.name: entry for entry in FAMILIES}
    options = _options(arguments, [*entries])
    seed = random.SystemRandom().randrange(_SEEDS) if options.seed is None else options.seed
    chosen = [*dict.fromkeys(options.only or entries)]
    print(f"Seed {seed}", flush=True)
    found = 0
    for name in chosen:
        if options.case is not None:
            plan = Plan(seed, cases=1, first=options.case)
        elif options.cases is not None:
            plan = Plan(seed, cases=options.cases)
        else:
            plan = Plan(seed, seconds=options.minutes * 60 / len(chosen))
        report = run(entries[name], plan)
        found += len(report.kinds)
        print(summary(report), flush=True)
        for kind in sorted(report.kinds.values(), key=lambda item: item.case):
            print(command(seed, name, kind, with_detail=options.case is not None), flush=True)
    return 1 if found else 0


def has_pip() -> bool:
    """Return whether the pip of this Python is the release that is patched by default."""
    try:
        from pip import __version__  # noqa: PLC0415 - it need not be there
    except ImportError:
        return False
    return __version__ == releases()[0]


def _in_environment(arguments: Sequence[str]) -> int:
    """Run this script in a temporary environment with the pip that it needs."""
    with tempfile.TemporaryDirectory(prefix="pip-variants-attack-") as folder:
        python = make_environment(Path(folder, "env"))
        install(python, f"pip=={releases()[0]}")
        script = str(Path(__file__).resolve())
        return subprocess.run([str(python), script, *arguments], check=False).returncode


def _options(arguments: Sequence[str], names: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Attack what reads foreign input.")
    parser.add_argument("--minutes", type=float, default=10, metavar="N", help="of all (10)")
    parser.add_argument("--seed", type=int, metavar="S", help="what to draw the cases from")
    parser.add_argument(
        "--only", action="append", choices=names, metavar="FAMILY", help=", ".join(names)
    )
    number = parser.add_mutually_exclusive_group()
    number.add_argument(
        "--cases", type=int, metavar="N", help="so many cases of each family, whatever they take"
    )
    number.add_argument(
        "--case", type=int, metavar="N", help="repeat this case of one family, with its input"
    )
    options = parser.parse_args(arguments)
    if options.case is not None and (options.seed is None or len(options.only or ()) != 1):
        parser.error("--case needs --seed and one family (--only).")
    if options.minutes <= 0 or (options.cases is not None and options.cases < 1):
        parser.error("--minutes and --cases must be positive.")
    return options


if __name__ == "__main__":
    try:
        status = main(sys.argv[1:])
    except (BuildError, OSError) as error:
        print(f"ERROR: {error}", file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        print("attack: interrupted.", file=sys.stderr)
        status = 130
    sys.exit(status)
