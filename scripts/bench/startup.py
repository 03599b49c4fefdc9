"""Measure what the start-up hook costs: `python3 scripts/bench startup [--rounds N]`.

Starts interpreters in turn, without any `.pth`, with an empty one, and with the hook, and prints
the medians in microseconds. The empty one is the reference: Python 3.13 loads a codec for the first
`.pth` of any kind. Needs no build: the hook is one module.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Mapping
from pathlib import Path

from build import CHECKOUT, python_of

PACKAGE = CHECKOUT / "pip_variants"
PTH = "pep_xxx_wheel_variants.pth"
MODULE = "_pip_variants_override.py"


def make_bare_environment(root: Path, files: Mapping[str, str]) -> Path:
    """Create an environment without pip, with *files* in its site; return its interpreter."""
    venv.create(root, symlinks=sys.platform != "win32")
    python = python_of(root)
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.check_output([python, "-I", "-c", code], text=True).strip())
    for name, text in files.items():
        (site / name).write_text(text, encoding="utf-8")
    subprocess.run([python, "-I", "-m", "compileall", "-q", site], check=True)
    return python


def start_time(python: Path) -> float:
    """Return the microseconds that one start of *python* takes."""
    start = time.perf_counter()
    subprocess.run([python, "-I", "-c", "pass"], check=True)
    return (time.perf_counter() - start) * 1e6


def main(arguments: list[str]) -> None:
    """Print the three medians and what the hook adds; raise CalledProcessError or OSError."""
    parser = argparse.ArgumentParser(
        prog="bench startup", description="Measure what the start-up hook costs."
    )
    parser.add_argument("--rounds", type=int, default=300, help="starts of each kind (300)")
    rounds = parser.parse_args(arguments).rounds
    hook_files = {
        PTH: (PACKAGE / "_override.pth").read_text(encoding="utf-8"),
        MODULE: (PACKAGE / "_override.py").read_text(encoding="utf-8"),
    }
    with tempfile.TemporaryDirectory(prefix="pip-variants-startup-") as temp:
        pythons = [
            make_bare_environment(Path(temp, str(number)), files)
            for number, files in enumerate(({}, {PTH: "#\n"}, hook_files))
        ]
        times = [[start_time(python) for python in pythons] for _ in range(rounds)]
    bare, pth, hook = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"no .pth {bare:.0f} us, empty .pth {pth:.0f} us, hook {hook:.0f} us")
    print(f"the hook adds {hook - pth:.0f} us to an empty .pth, {hook - bare:.0f} us to none")
