"""Whole runs of pip under attack: that they are runs of pip, and a fixed selection of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import build
import pytest
from attacks.family import case_rng
from attacks.runs.cases import Bench
from attacks.runs.families import FAMILIES, RunFamily
from attacks.runs.hostile_server import HostileServer
from attacks.runs.installed_pips import VARIABLE, interpreters
from attacks.runs.pip_runs import PipProcess, Run, environ_of, started
from attacks.runs.universes import MACHINE, write_universe

from tests.support.venvs import THIS_PYTHON, Venv

SEED = 18
SELECTION = {"server": 25, "wheel": 30, "plugin": 8, "damage": 20, "options": 40}
"""How many cases of each family are run; a case of a plugin installs it, or asks pip for it."""

COMMANDS: dict[str, tuple[str, ...]] = {
    "version": ("--version",),
    "unknown": ("nonsense",),
    "usage": ("install",),
    "list": ("list",),
    "dry run": ("install", "--dry-run", "--index-url", "INDEX", "proj0"),
    "explain": ("variants", "explain", "--index-url", "INDEX", "proj0"),
    "not found": ("install", "--dry-run", "--index-url", "INDEX", "nothing"),
    "bad label": ("install", "--variant", "x", "proj0"),
}


@pytest.mark.every_release
def test_a_forked_run_is_what_a_started_one_is(
    patched: Callable[[str], Venv], tmp_path: Path
) -> None:
    """The same status and the same output, to the byte."""
    universe = write_universe(tmp_path / "universe", 0)
    (tmp_path / "machine.toml").write_text(MACHINE, encoding="utf-8")
    environ = environ_of(tmp_path, tmp_path / "cache", tmp_path, PIP_TIMEOUT="5")
    python = patched(THIS_PYTHON).python
    process, server = PipProcess(python, tmp_path / "output"), HostileServer(universe.files())
    try:
        for name, words in COMMANDS.items():
            arguments = tuple(word.replace("INDEX", f"{server.url}/simple/") for word in words)
            run = Run(arguments, tmp_path, environ)
            process.learn(run)
            forked, other = process.run(run), started(python, run)
            assert forked.status == other.status, name
            assert (forked.stdout, forked.stderr) == (other.stdout, other.stderr), name
    finally:
        process.close()
        server.close()


@pytest.fixture(scope="module")
def bench(patched_with: Callable[[str, str], Venv]) -> Iterator[Bench]:
    """Return what all families share, with the pips of all releases."""
    pips = [str(patched_with(release, THIS_PYTHON).python) for release in build.releases()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, os.pathsep.join(pips))
        assert [*map(str, interpreters())] == pips
        found = Bench.open()
    yield found
    found.close()


@pytest.mark.parametrize("kind", FAMILIES, ids=lambda family: str(family.name))
def test_what_is_promised_is_kept_under_attack(bench: Bench, kind: type[RunFamily]) -> None:
    """A fixed selection of the cases of `scripts/attack.py`; each finding has what repeats it."""
    family = kind()
    family.bench = bench
    found = {}
    for case in range(SELECTION[family.name]):
        finding = family.attempt(case_rng(SEED, family.name, case))
        if finding is not None:
            found[case] = f"{finding.problem}\n{finding.detail}"
    assert not found, "\n\n".join(f"case {case}: {text}" for case, text in found.items())
