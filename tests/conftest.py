"""Fixtures for all tests: the built wheel, and virtual environments to copy."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import build
import pytest

from tests.support.venvs import Venv, interpreter, make_venv, once


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that runs everything."""
    parser.addoption(
        "--every-release",
        action="store_true",
        help="run every case of a test with every release of pip, not with one in turn",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Spread the cases of a test over the releases of pip; a lone case runs with all of them.

    What depends on the release is marked `every_release`.
    """
    if config.getoption("--every-release"):
        return
    tests = defaultdict[str, dict[str, list[pytest.Item]]](dict)
    for item in items:
        if isinstance(item, pytest.Function) and "upstream" in item.fixturenames:
            if item.get_closest_marker("every_release"):
                continue
            of_release = tests[item.nodeid.partition("[")[0]]
            of_release.setdefault(str(item.callspec.params["upstream"]), []).append(item)
    left_out = {
        case
        for of_release in tests.values()
        for turn, cases in enumerate(of_release.values())
        for number, case in enumerate(cases)
        # The bits rather than the number: of two parameters, neither goes with the release.
        if len(cases) > 1 and number.bit_count() % len(of_release) != turn
    }
    config.hook.pytest_deselected(items=[*left_out])
    items[:] = [item for item in items if item not in left_out]


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
            stock(python).copy(root).install("--no-index", wheel)

        return Venv(once(shared / f"patched-{upstream}-{python}", fill))

    return make
