"""A patched venv for dry runs, copies of it for real installs, and a stock pip 25.1.1."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from stand_in import IndexServer, machine_tag

from tests.e2e.pips import Pip
from tests.venvs import THIS_PYTHON, Venv, interpreter, make_venv, once, online_env, run

Venvs = Callable[[str], Venv]


@pytest.fixture(scope="session")
def tag(patched: Venvs) -> str:
    """Return the tag that a real torch wheel for this interpreter has."""
    return machine_tag(patched(THIS_PYTHON).python)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Return an empty folder for pip to run in."""
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


@pytest.fixture
def pip(patched: Venvs, here: Path, tag: str) -> Pip:
    """Return the patched pip of a venv that must not be changed."""
    return Pip(patched(THIS_PYTHON).python, here, tag)


@pytest.fixture
def own_pip(tmp_path: Path, patched: Venvs, here: Path, tag: str) -> Pip:
    """Return the patched pip of a venv that is the test's own."""
    return Pip(patched(THIS_PYTHON).copy(tmp_path / "venv").python, here, tag)


@pytest.fixture
def stock_pip(shared: Path, tmp_path: Path, tag: str) -> Pip:
    """Return a stock pip 25.1.1 in a venv that must not be changed."""

    def make(root: Path) -> None:
        python = interpreter(THIS_PYTHON)
        assert python is not None
        venv = make_venv(root, python)
        install = ("-m", "pip", "install", "--quiet", "--no-deps", "pip==25.1.1")
        run(venv.python, *install, env=online_env(), quiet=False)

    folder = tmp_path / "stock-here"
    folder.mkdir()
    return Pip(once(shared / "stock-25.1.1", make) / "bin" / "python", folder, tag)


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """Return the file in which code of a provider leaves a line each time it runs."""
    file = tmp_path / "ran"
    file.touch()
    return file


@pytest.fixture
def server(tmp_path: Path) -> Iterator[IndexServer]:
    """Return a server of the folder `index` below tmp_path."""
    root = tmp_path / "index"
    root.mkdir()
    with IndexServer(root) as index:
        yield index
