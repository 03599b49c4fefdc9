"""Files that an uninstallation may remove: those of the environment."""

from __future__ import annotations

import logging
import site
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from pip._internal.metadata import BaseDistribution

from patches.common._safety import uninstall


@dataclass(frozen=True)
class Installed:
    """A distribution at a location."""

    location: str | None

    def __str__(self) -> str:
        return "evil 1.0"


Check = Callable[..., bool]


@pytest.fixture
def may_remove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Check]:
    """Return the check for a path below tmp_path, where prefix and user base are folders of it."""
    monkeypatch.setattr(site, "getuserbase", lambda: str(tmp_path / "home/.local"))
    for name in ("prefix", "exec_prefix", "base_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, name, str(tmp_path / "usr"))
    monkeypatch.setattr(sysconfig, "get_paths", dict)

    def check(path: str, location: str | None = None, *, in_venv: bool = False) -> bool:
        uninstall._roots.cache_clear()
        monkeypatch.setattr(uninstall, "running_under_virtualenv", lambda: in_venv)
        dist = Installed(str(tmp_path / location) if location is not None else None)
        return uninstall.may_remove(str(tmp_path / path), cast("BaseDistribution", dist))

    yield check
    uninstall._roots.cache_clear()


# A path, the location of the distribution, and whether it is removed: in a venv, elsewhere.
PATHS = {
    "module": ("usr/lib/python3.11/site-packages/x.py", None, True, True),
    "script": ("usr/bin/x", None, True, True),
    "the prefix itself": ("usr", None, True, True),
    "begins like the prefix": ("usr_x/f", None, False, False),
    "file of the user": ("home/.bashrc", None, False, False),
    "script of the user": ("home/.local/bin/x", None, False, True),
    "begins like the folder of the user": ("home/.localx", None, False, False),
    "system": ("etc/passwd", None, False, False),
    "other prefix": ("opt/bin/x", "opt/lib/python3.11/site-packages", False, True),
    "other prefix of 64 bits": ("opt/bin/x", "opt/lib64/python3.11/site-packages", False, True),
    "other prefix of Debian": ("opt/bin/x", "opt/lib/python3/dist-packages", False, True),
    "other prefix of Windows": ("opt/Scripts/x", "opt/Lib/site-packages", False, True),
    "beside another prefix": ("opt_x/x", "opt/lib/python3.11/site-packages", False, False),
    "target": ("target/x.py", "target", False, True),
    "above a target": ("x", "target", False, False),
    "library of another shape": ("opt/bin/x", "opt/lib/x/y/site-packages", False, False),
}


@pytest.mark.parametrize(("path", "location", "venv", "outside"), PATHS.values(), ids=PATHS)
def test_only_files_of_the_environment_are_removed(
    may_remove: Check, path: str, location: str | None, *, venv: bool, outside: bool
) -> None:
    """A venv is its folder; elsewhere there are also the user's folder and that of a prefix."""
    assert may_remove(path, location, in_venv=True) is venv
    assert may_remove(path, location) is outside


def test_file_that_stays_is_reported(
    may_remove: Check, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning names file and distribution; what is removed causes none."""
    caplog.set_level(logging.WARNING)
    assert may_remove("usr/x")
    assert not may_remove("home/\x1b[2J")
    assert caplog.messages == [
        f"Not removing '{tmp_path}/home/\\x1b[2J' of evil 1.0: it is outside of the environment."
    ]


def test_prefix_that_is_a_link_is_the_folder_to_which_it_leads(
    may_remove: Check, tmp_path: Path
) -> None:
    """Normalised paths are compared with the real prefix."""
    (tmp_path / "real").mkdir()
    (tmp_path / "usr").symlink_to("real")
    assert may_remove("real/bin/x")


@pytest.mark.parametrize(
    ("name", "expected"), [("x", True), ("x.py", True), ("../x", False), ("/x", False), ("", False)]
)
def test_entry_point_with_a_path_is_no_script(name: str, *, expected: bool) -> None:
    """What lies there is not of the distribution."""
    assert uninstall.is_script(name) is expected
