"""The pips that whole runs are made of: this checkout's wheels, installed in environments."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import build

VARIABLE = "ATTACKED_PIPS"
"""Interpreters of environments that are there already, separated as PATH is."""

_SOURCES = ("pip_variants", "patches", "hatch_build.py", "pyproject.toml")


def interpreters() -> tuple[Path, ...]:
    """Return the interpreters of environments with our wheel, one for each release of pip.

    They are kept in ``dist/attacked`` as long as the sources are the same. Raise BuildError.
    """
    given = os.environ.get(VARIABLE)
    if given:
        return tuple(map(Path, given.split(os.pathsep)))
    folder = build.CHECKOUT / "dist" / "attacked"
    folder.mkdir(parents=True, exist_ok=True)
    stamp, key = folder / "complete", _key()
    with _locked(folder / "lock"):
        if not stamp.is_file() or stamp.read_text(encoding="ascii") != key:
            stamp.unlink(missing_ok=True)
            for release in build.releases():
                _make(folder / release, release)
            stamp.write_text(key, encoding="ascii")
    return tuple(build.python_of(folder / release) for release in build.releases())


def _make(folder: Path, release: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    wheel = build.build_wheel(folder.parent, upstream=release, report=lambda _: None)
    build.install(build.make_environment(folder), "--no-index", str(wheel))


def _key() -> str:
    """Return what the environments depend on: the interpreter and the sources."""
    digest = hashlib.sha256(f"{sys.version}\n{sys.executable}".encode())
    for name in _SOURCES:
        top = build.CHECKOUT / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
