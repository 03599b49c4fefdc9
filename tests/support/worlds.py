"""Small worlds in short, and what pip makes of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.support.releases import Release
from tests.support.universe import File, World
from tests.support.venvs import offline_env

ROOT = Path(__file__).parents[2]


def resolve_all(release: Release, worlds: Iterable[World]) -> list[dict[str, Any]]:
    """Return what the resolver of a patched pip makes of each world, all in one process.

    ``chosen`` is the file of each project, "installed" if it stays; ``error`` and ``log`` have
    what pip says if there is no set; ``made`` are the files whose METADATA was read.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.resolve_worlds"],
        env=offline_env(PYTHONPATH=f"{release.patched}:{ROOT}"),
        cwd=ROOT,
        input="".join(f"{json.dumps(asdict(world))}\n" for world in worlds),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def file(text: str, *requires: str, level: str | None = None, **abi: str | Sequence[str]) -> File:
    """Return a file of ``NAME VERSION`` or ``NAME VERSION LABEL``; values of ``abi`` by project."""
    name, version, *label = text.split()
    properties = tuple(
        (project.replace("_", "-"), (values,) if isinstance(values, str) else tuple(values))
        for project, values in abi.items()
    )
    return File(name, version, label[0] if label else None, requires, properties, level)


def world(files: Iterable[File], *roots: str, **more: Any) -> World:  # noqa: ANN401 - see World
    """Return a world of these files, newest first."""
    by_name: dict[str, tuple[File, ...]] = {}
    for item in files:
        by_name[item.name] = (*by_name.get(item.name, ()), item)
    return World(by_name, roots, **more)
