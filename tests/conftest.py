"""Fixtures for all tests: the built wheel, and virtual environments to copy."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

import build
import hypothesis
import pytest

from tests.support.index_server import IndexServer
from tests.support.venvs import Venv, interpreter, make_venv, once

# A busy machine is no defect.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that run more."""
    parser.addoption(
        "--every-release",
        action="store_true",
        help="run every case of a test with every release of pip, not with one in turn",
    )
    parser.addoption(
        "--worlds",
        default="200",
        help="how many random worlds of packages are resolved (200)",
    )
    parser.addoption(
        "--servers",
        action="store_true",
        help="install devpi, pypiserver and simple-repository-server for the tests with them",
    )
    parser.addoption(
        "--delay",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="how late servers respond (0); from 0.03 on pip sends requests ahead to all of them",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let the servers of the tests respond as late as is requested."""
    IndexServer.usual_delay = config.getoption("--delay")


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
def wheel_of(shared: Path) -> Callable[[str], Path]:
    """Return a function from a release to its wheel, built from this checkout once for the run."""

    def build_once(release: str) -> Path:
        folder = once(
            shared / f"wheel-{release}",
            lambda folder: build.build_wheel(folder, upstream=release),
        )
        return next(folder.glob("*.whl"))

    return build_once


@pytest.fixture(scope="session")
def wheel(wheel_of: Callable[[str], Path], upstream: str) -> Path:
    """Return the path of the wheel for a release."""
    return wheel_of(upstream)


@pytest.fixture(scope="session")
def stock(shared: Path) -> Callable[[str], Venv]:
    """Return a function from "3.11" to a venv with its bundled pip; do not change the venv."""

    def make(python: str) -> Venv:
        found = interpreter(python)
        assert found is not None
        return Venv(once(shared / f"stock-{python}", lambda root: make_venv(root, found)))

    return make


@pytest.fixture(scope="session")
def patched_with(
    shared: Path, wheel_of: Callable[[str], Path], stock: Callable[[str], Venv]
) -> Callable[[str, str], Venv]:
    """Return a function from a release and "3.11" to a venv with our wheel; do not change it."""

    def make(release: str, python: str) -> Venv:
        def fill(root: Path) -> None:
            stock(python).copy(root).install("--no-index", wheel_of(release))

        return Venv(once(shared / f"patched-{release}-{python}", fill))

    return make


@pytest.fixture(scope="session")
def patched(patched_with: Callable[[str, str], Venv], upstream: str) -> Callable[[str], Venv]:
    """Return a function from "3.11" to a venv with our wheel; do not change the venv."""
    return partial(patched_with, upstream)
