"""Files of another user: really, where the tests run as root, and as ``lstat`` would show them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ANOTHER = 12345
"""A user that no system has."""

GiveAway = Callable[[Path], None]


def _given_away(path: Path) -> None:
    os.chown(path, ANOTHER, -1, follow_symlinks=False)


def _shown_as(monkeypatch: pytest.MonkeyPatch) -> GiveAway:
    given: set[Path] = set()
    real = Path.lstat

    def lstat(path: Path) -> os.stat_result:
        found = real(path)
        if path not in given:
            return found
        names = (name for name in dir(found) if name.startswith("st_"))
        values = {name: getattr(found, name) for name in names}
        return os.stat_result((*found[:4], ANOTHER, *found[5:]), values)

    monkeypatch.setattr(Path, "lstat", lstat)
    return given.add


@pytest.fixture(params=["chown", "lstat"])
def give_away(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GiveAway]:
    """Return what lets a file or folder, without what is in it, belong to another user."""
    if os.name != "posix":
        pytest.skip("files have no such owners")
    if request.param == "lstat":
        yield _shown_as(monkeypatch)
        return
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    yield _given_away
