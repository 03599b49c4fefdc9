"""Measure what the start-up hook costs: `python3 scripts/startup_cost.py [ROUNDS]`.

Starts interpreters in turn (without any `.pth`, with an idle `.pth`, with the hook) and prints the
medians in microseconds. The idle one tells apart what is the hook's and what Python takes for any
`.pth`: 3.13 loads a codec for the first. Needs nothing built: the hook is one module.
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

from build import python_of

PACKAGE = Path(__file__).resolve().parent.parent / "pip_variants"
PTH = "pep_xxx_wheel_variants.pth"
HOOK = {
    PTH: (PACKAGE / "_override.pth").read_text(encoding="utf-8"),
    "_pip_variants_override.py": (PACKAGE / "_override.py").read_text(encoding="utf-8"),
}


def make_environment(root: Path, files: Mapping[str, str]) -> Path:
    """Create an environment at *root* with these files in its site; return its interpreter."""
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


def main() -> None:
    """Print the three medians and what the hook adds."""
    parser = argparse.ArgumentParser(description="Measure what the start-up hook costs.")
    parser.add_argument("rounds", type=int, nargs="?", default=300, help="starts of each (300)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as temp:
        pythons = [
            make_environment(Path(temp, str(number)), files)
            for number, files in enumerate(({}, {PTH: "#\n"}, HOOK))
        ]
        times = [[start_time(python) for python in pythons] for _ in range(rounds)]
    bare, pth, hook = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"no .pth {bare:.0f} us, idle .pth {pth:.0f} us, hook {hook:.0f} us")
    print(f"the hook adds {hook - bare:.0f} us, {hook - pth:.0f} us of it its own")


if __name__ == "__main__":
    main()
