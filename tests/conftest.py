"""Fixtures for all tests: the built wheel, and virtual environments to copy."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import build
import pytest

from tests.support.venvs import Venv, interpreter, make_venv, once


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all pytest-xdist workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session", params=build.releases())
def upstream(request: pytest.FixtureRequest) -> str:
    """Return the release of pip that is patched; every test that needs a wheel runs with each."""
    return str(request.param)


@pytest.fixture(scope="session")
def wheel(shared: Path, upstream: str) -> Path:
    """Return the path of the wheel for a release, built from this checkout once for the run."""
    folder = once(
        shared / f"wheel-{upstream}",
        lambda folder: build.build_wheel(folder, upstream=upstream),
    )
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def stock(shared: Path) -> Callable[[str], Venv]:
    """Return a function from "3.11" to a venv with its bundled pip; do not change the venv."""

    def make(python: str) -> Venv:
        found = interpreter(python)
        assert found is not None
        return Venv(once(shared / f"stock-{python}", lambda root: make_venv(root, found)))

    return make


@pytest.fixture(scope="session")
def patched(
    shared: Path, wheel: Path, upstream: str, stock: Callable[[str], Venv]
) -> Callable[[str], Venv]:
    """Return a function from "3.11" to a venv with our wheel; do not change the venv."""

    def make(python: str) -> Venv:
        def fill(root: Path) -> None:
            stock(python).copy(root).install("--no-index", "--no-deps", wheel)

        return Venv(once(shared / f"patched-{upstream}-{python}", fill))

    return make
