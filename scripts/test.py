"""Run the checks of CI: `python3 scripts/test.py [--fast] [-- PYTEST_ARGUMENT...]`.

Needs Python 3.10+ and a package index. Makes its own environment in `.venv` of the checkout and
reuses it while the pinned tools stay the same. Runs ruff, mypy and, last, pytest, all of them even
if one fails; with `--fast` pytest runs only the unit tests. Up to three tests that failed are run
once more, alone, and what they say then counts. Exit status: 0, or 1 if a check failed or the
environment could not be made.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from build import python_of

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
# What the environment contains. Written last: an interrupted installation has none.
STAMP = VENV / "test-environment.txt"
# The venv's own pip may be too old to read `[dependency-groups]`.
PIP = "pip==25.1.1"
# The checks before pytest, by name: the command lines after `python -m`.
CHECKS = {
    "ruff check": ["ruff", "check"],
    "ruff format": ["ruff", "format", "--check"],
    "mypy": ["mypy"],
}
# Where pytest writes which tests failed.
FAILED = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
# So many may be an accident: of a test that waits, on a machine that is busy with the others.
MOST_ACCIDENTS = 3


def environment_key() -> str:
    """Return what the environment depends on: the interpreter and the pinned tools.

    Raise ValueError if pyproject.toml pins no tools.
    """
    # Python 3.10 has no TOML parser; the text of the table serves as the key.
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    group = re.search(r"^\[dependency-groups\]\n(?:(?!\[).*\n)*", text, re.MULTILINE)
    if group is None:
        message = "pyproject.toml has no [dependency-groups]"
        raise ValueError(message)
    return f"{sys.version}\n{sys.executable}\n{PIP}\n{group[0]}"


def prepare() -> Path:
    """Make the environment unless it has the pinned tools already; return its interpreter.

    Raise CalledProcessError if a step fails.
    """
    python = python_of(VENV)
    key = environment_key()
    if STAMP.is_file() and STAMP.read_text(encoding="utf-8") == key:
        return python
    print(f"test.py: making {VENV}", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True, cwd=ROOT)
    subprocess.run([*pip, PIP], check=True, cwd=ROOT)
    subprocess.run([*pip, "--group", "test"], check=True, cwd=ROOT)
    STAMP.write_text(key, encoding="utf-8")
    return python


def pytest_command(arguments: list[str], *, fast: bool) -> list[str]:
    """Return the command line after `python -m`."""
    tests = ["tests/unit"] if fast else []
    return ["pytest", "-n", str(os.cpu_count() or 1), *tests, *arguments]


def failed_tests() -> list[str]:
    """Return the tests that failed in the last run of pytest, sorted; none if it wrote none."""
    try:
        return sorted(json.loads(FAILED.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return []


def run(python: Path, name: str, command: list[str]) -> int:
    """Run one check with its output shown, and return its exit status."""
    print(f"test.py: {name}", flush=True)
    return subprocess.run([str(python), "-m", *command], check=False, cwd=ROOT).returncode


def check(python: Path, name: str, command: list[str]) -> bool:
    """Run one check whose output does not end with its outcome; return whether it passed."""
    start = time.monotonic()
    status = run(python, name, command)
    outcome = "passed" if status == 0 else f"FAILED with exit status {status}"
    print(f"test.py: {name} {outcome} in {time.monotonic() - start:.1f} s", flush=True)
    return status == 0


def run_tests(python: Path, command: list[str]) -> bool:
    """Run pytest, and the tests that failed once more if they are few; return whether they passed.

    The second run has one process. The last line of the output is pytest's summary.
    """
    if not {"--lf", "--last-failed"}.intersection(command):
        FAILED.unlink(missing_ok=True)
    if run(python, "pytest", command) == 0:
        return True
    failed = failed_tests()
    if not 0 < len(failed) <= MOST_ACCIDENTS:
        return False
    print("test.py: once more, alone:", *failed, sep="\n    ", flush=True)
    return run(python, "pytest", [*command, "--last-failed", "-n", "0"]) == 0


def main() -> int:
    """Run the checks and return the exit status."""
    parser = argparse.ArgumentParser(description="Run the checks of CI.")
    parser.add_argument("--fast", action="store_true", help="of the tests only tests/unit")
    parser.add_argument("pytest_arguments", nargs="*", help="passed to pytest, after `--`")
    options = parser.parse_args()
    try:
        python = prepare()
    except (subprocess.CalledProcessError, ValueError) as error:
        print(f"test.py: the test environment could not be made: {error}", file=sys.stderr)
        return 1
    passed = [check(python, name, command) for name, command in CHECKS.items()]
    passed.append(run_tests(python, pytest_command(options.pytest_arguments, fast=options.fast)))
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
