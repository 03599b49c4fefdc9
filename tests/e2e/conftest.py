"""A patched venv for dry runs, copies of it for real installs, and a stock pip of the release."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.gpu import write_gpu_index, write_provider
from tests.e2e.pips import MIDDLE_DRIVER, Pip
from tests.e2e.recorded import DATA
from tests.support.stand_in import IndexServer, RealIndex, machine_tag, write_torch_index
from tests.support.venvs import THIS_PYTHON, Venv, interpreter, make_venv, once, online_env, run

Venvs = Callable[[str], Venv]


def pytest_pycollect_makeitem(collector: pytest.Collector) -> list[pytest.Item] | None:
    """Define no tests over the recorded indexes without them; test_traps_* have the same facts."""
    needs_data = collector.path.name.startswith("test_recorded_")
    return [] if needs_data and not DATA.is_dir() else None


@pytest.fixture(scope="session")
def tag(patched: Venvs) -> str:
    """Return the tag that a real torch wheel for this interpreter has."""
    return machine_tag(patched(THIS_PYTHON).python)


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    """Return an empty folder for pip to run in."""
    folder = tmp_path / "workdir"
    folder.mkdir()
    return folder


@pytest.fixture
def pip(patched: Venvs, workdir: Path, tag: str) -> Pip:
    """Return the patched pip of a shared venv, in which tests install nothing."""
    return Pip(patched(THIS_PYTHON).python, workdir, tag)


@pytest.fixture
def own_pip(tmp_path: Path, patched: Venvs, workdir: Path, tag: str) -> Pip:
    """Return the patched pip of a venv that only this test uses and may change."""
    return Pip(patched(THIS_PYTHON).copy(tmp_path / "venv", link=True).python, workdir, tag)


@pytest.fixture
def stock_pip(shared: Path, tmp_path: Path, tag: str, upstream: str) -> Pip:
    """Return a stock pip of the same release in a shared venv, in which tests install nothing."""

    def make(root: Path) -> None:
        python = interpreter(THIS_PYTHON)
        assert python is not None
        venv = make_venv(root, python)
        install = ("-m", "pip", "install", "--quiet", "--no-deps", f"pip=={upstream}")
        run(venv.python, *install, env=online_env(), quiet=False)

    folder = tmp_path / "stock-workdir"
    folder.mkdir()
    return Pip(once(shared / f"stock-{upstream}", make) / "bin" / "python", folder, tag)


@pytest.fixture
def plugin_log(tmp_path: Path) -> Path:
    """Return the file to which code of a provider adds a line each time it runs."""
    file = tmp_path / "plugin-log"
    file.touch()
    return file


@pytest.fixture
def server(tmp_path: Path) -> Iterator[IndexServer]:
    """Return a server of the folder `index` below tmp_path."""
    root = tmp_path / "index"
    root.mkdir()
    with IndexServer(root) as index:
        yield index


@pytest.fixture
def gpu_index(tmp_path: Path, server: IndexServer, tag: str) -> str:
    """Return the address of an index with torch and its third-party provider."""
    wheel = write_provider(tmp_path / "index/files")
    write_gpu_index(tmp_path / "index", tag, {"gpu-provider": [wheel]})
    return f"{server.url}simple/"


@pytest.fixture(scope="session")
def installed_cu126(shared: Path, patched: Venvs, tag: str) -> Pip:
    """Return the patched pip of a venv in which it installed the variant cu126 of torch 2.8.0.

    Tests copy what was installed, and the cache; they change neither.
    """

    def make(root: Path) -> None:
        write_torch_index(root / "index", tag)
        pip = Pip(patched(THIS_PYTHON).copy(root / "venv", link=True).python, root, tag)
        with IndexServer(root / "index") as server:
            url = f"{server.url}simple/"
            pip.run("install", "--quiet", "--index-url", url, "torch", machine=MIDDLE_DRIVER)

    root = once(shared / "cu126", make)
    return Pip(Venv(root / "venv").python, root, tag)


@pytest.fixture
def cu126_index(
    own_pip: Pip, installed_cu126: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> str:
    """Give own_pip the installed variant cu126 of torch 2.8.0; return the address of its index."""
    write_torch_index(tmp_path / "index", tag)
    for folder in Venv(installed_cu126.python.parents[1]).site.glob("torch*"):
        shutil.copytree(folder, Venv(own_pip.python.parents[1]).site / folder.name)
    shutil.copytree(installed_cu126.folder / "cache", own_pip.folder / "cache")
    return f"{server.url}simple/"


@pytest.fixture(scope="module")
def recorded_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexServer]:
    """Return a server of the recorded index of January 2026, whose wheels are stand-ins."""
    real = RealIndex(DATA / "v0.0.3", tmp_path_factory.mktemp("stand-ins"))
    with IndexServer(real.read) as server:
        yield server


@pytest.fixture
def linux_pip(pip: Pip) -> Pip:
    """Return the patched pip, if this machine is one that the recorded Linux wheels fit."""
    if not pip.tag.endswith("-manylinux_2_28_x86_64") or sys.version_info >= (3, 14):
        pytest.skip(f"not every recorded version has wheels for {pip.tag}")
    return pip
