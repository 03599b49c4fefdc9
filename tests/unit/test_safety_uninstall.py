"""Files that an uninstallation may remove: those of the environment."""

from __future__ import annotations

import logging
import site
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import cast

import pytest
from pip._internal.exceptions import InstallationError
from pip._internal.metadata import BaseDistribution

from patches.common._safety import uninstall


@dataclass(frozen=True)
class Installed:
    """A distribution at a location."""

    location: str | None
    canonical_name: str = "evil"
    installed_with_dist_info: bool = True
    installed_as_egg: bool = False

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


SITE = "usr/lib/python3.11/site-packages"
# A folder that a distribution in SITE lists as its own, and the kinds of which it is removed.
FOLDERS: dict[str, tuple[str, set[str]]] = {
    "package": (f"{SITE}/evil", {"egg-info"}),
    "where it is": (SITE, {"egg"}),
    "library": ("usr/lib", set()),
    "environment": ("usr", set()),
}


@pytest.mark.parametrize("kind", ["dist-info", "egg-info", "egg"])
@pytest.mark.parametrize(("folder", "goes"), FOLDERS.values(), ids=FOLDERS)
@pytest.mark.usefixtures("may_remove")
def test_folder_is_removed_only_where_nothing_lists_files(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, folder: str, goes: set[str], kind: str
) -> None:
    """A RECORD lists files; what is older may list a package, and an egg is a folder itself."""
    (tmp_path / folder).mkdir(parents=True)
    installed = Installed(str(tmp_path / SITE), "evil", kind == "dist-info", kind == "egg")
    dist = cast("BaseDistribution", installed)
    path = str(tmp_path / folder)
    assert uninstall.may_remove(path, dist) is (kind in goes)
    expected = [] if kind in goes else [f"Not removing {path!r} of evil 1.0: it is a folder."]
    assert caplog.messages == expected


def test_folder_behind_a_link_is_the_link_alone(may_remove: Check, tmp_path: Path) -> None:
    """A link is removed as a file is."""
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/link").symlink_to("lib", target_is_directory=True)
    (tmp_path / "usr/lib").mkdir()
    assert may_remove("usr/link")


@pytest.mark.parametrize(
    ("project", "is_first"), [("evil", True), ("pep-xxx-wheel-variants", False)]
)
def test_metadata_goes_first_but_that_of_our_wheel(project: str, *, is_first: bool) -> None:
    """What is left of a distribution is not one; the pip that goes on with ours needs RECORD."""
    dist = cast("BaseDistribution", Installed("/site", project))
    rest = ["/bin/evil", "/site/_evil.py", "/site/evil/", "/site/z.py"]
    info = "/site/evil-1.0.dist-info/"
    found = uninstall.in_removal_order({*rest, info}, dist)
    assert found == ([info, *rest] if is_first else [*rest, info])


class WithEntryPoints:
    """A distribution with these entry points, or an error in their place."""

    def __init__(self, names: Sequence[str] | Exception) -> None:
        self._names = names

    def iter_entry_points(self) -> list[EntryPoint]:
        """Return them, or raise the error."""
        if isinstance(self._names, Exception):
            raise self._names
        return [EntryPoint(name, "a:b", "console_scripts") for name in self._names]


# What is in entry_points.txt, and which scripts may be removed.
ENTRY_POINTS: dict[str, tuple[Sequence[str] | Exception, list[str]]] = {
    "names": (["x", "x.py"], ["x", "x.py"]),
    "paths": (["../x", "/x", "", "y"], ["y"]),
    "none": ([], []),
    "not valid": (TypeError(), []),
    "of pkg_resources": (ValueError(), []),
    "of pip": (InstallationError("Error parsing entry points"), []),
}


@pytest.mark.parametrize(("names", "expected"), ENTRY_POINTS.values(), ids=ENTRY_POINTS)
def test_entry_points_of_scripts_that_may_be_removed(
    names: Sequence[str] | Exception, expected: list[str]
) -> None:
    """What a path leads to is not of the distribution, and what is not valid has no scripts."""
    dist = cast("BaseDistribution", WithEntryPoints(names))
    assert [point.name for point in uninstall.entry_points_of(dist)] == expected


SHARED = ("pep-xxx-wheel-variants", "variantlib")

# A path, the distribution that is removed, another one that stays, and whether the file goes.
SCRIPTS = {
    "ours beside variantlib": ("usr/bin/variantlib", *SHARED, False),
    "variantlib beside ours": ("usr/bin/variantlib", *reversed(SHARED), False),
    "launcher of Windows": ("usr/Scripts/variantlib.exe", *SHARED, False),
    "ours alone": ("usr/bin/variantlib", SHARED[0], "numpy", True),
    "variantlib alone": ("usr/bin/variantlib", SHARED[1], "numpy", True),
    "package of variantlib": ("usr/lib/variantlib", *reversed(SHARED), True),
    "another script": ("usr/bin/variants", *SHARED, True),
    "another distribution": ("usr/bin/variantlib", "evil", SHARED[1], True),
}


@pytest.mark.usefixtures("may_remove")
@pytest.mark.parametrize(("path", "name", "other", "goes"), SCRIPTS.values(), ids=SCRIPTS)
def test_script_that_two_distributions_have_goes_with_the_last(
    tmp_path: Path, path: str, name: str, other: str, *, goes: bool
) -> None:
    """It stays for the one that is installed in the same folder."""
    info = tmp_path / "usr/site" / f"{other.replace('-', '_')}-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {other}\nVersion: 1\n")
    dist = cast("BaseDistribution", Installed(str(tmp_path / "usr/site"), name))
    assert uninstall.may_remove(str(tmp_path / path), dist) is goes
    elsewhere = cast("BaseDistribution", Installed(str(tmp_path / "usr/other"), name))
    assert uninstall.may_remove(str(tmp_path / path), elsewhere) is True


# The folders of the schemes of an interpreter (purelib and platlib), and the one of pip.
DEBIAN = {
    "posix_local": ("usr/local/lib/python3.11/dist-packages",) * 2,
    "posix_prefix": ("usr/lib/python3.11/site-packages",) * 2,
    "deb_system": ("usr/lib/python3/dist-packages",) * 2,
    "posix_user": ("home/.local/lib/python3.11/site-packages",) * 2,
}
FEDORA = {
    "rpm_prefix": ("usr/local/lib/python3.13/site-packages", "usr/local/lib64/site-packages"),
    "posix_prefix": ("usr/lib/python3.13/site-packages", "usr/lib64/site-packages"),
}
PLAIN = {
    "posix_prefix": ("usr/lib/python3.11/site-packages",) * 2,
    "venv": ("usr/lib/python3.11/site-packages",) * 2,
    "posix_home": ("usr/lib/python",) * 2,
}

# The schemes, the first of them pip's; the location of a distribution, and whose it is.
LOCATIONS = {
    "apt": (DEBIAN, "usr/lib/python3/dist-packages", True),
    "pip on Debian": (DEBIAN, "usr/local/lib/python3.11/dist-packages", False),
    "user on Debian": (DEBIAN, "home/.local/lib/python3.11/site-packages", False),
    "folder of the user": (DEBIAN, "srv/app", False),
    "rpm": (FEDORA, "usr/lib/python3.13/site-packages", True),
    "rpm of this architecture": (FEDORA, "usr/lib64/site-packages", True),
    "pip on Fedora": (FEDORA, "usr/local/lib64/site-packages", False),
    "where nothing is kept apart": (PLAIN, "usr/lib/python3.11/site-packages", False),
}


@pytest.mark.parametrize("in_venv", [False, True], ids=["system", "venv"])
@pytest.mark.parametrize(("schemes", "location", "expected"), LOCATIONS.values(), ids=LOCATIONS)
def test_system_has_what_is_in_a_scheme_that_pip_does_not_install_into(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    schemes: dict[str, tuple[str, str]],
    location: str,
    *,
    expected: bool,
    in_venv: bool,
) -> None:
    """Debian and Fedora have one scheme for apt or rpm, and one for pip; in a venv pip decides."""

    def path(key: str, scheme: str) -> str:
        return str(tmp_path / schemes[scheme][key == "platlib"])

    own = next(iter(schemes))
    monkeypatch.setattr(uninstall, "running_under_virtualenv", lambda: in_venv)
    monkeypatch.setattr(uninstall, "get_purelib", lambda: path("purelib", own))
    monkeypatch.setattr(uninstall, "get_platlib", lambda: path("platlib", own))
    monkeypatch.setattr(sysconfig, "get_scheme_names", lambda: tuple(schemes))
    monkeypatch.setattr(sysconfig, "get_path", path)
    dist = cast("BaseDistribution", Installed(str(tmp_path / location)))
    assert uninstall.is_of_the_system(dist) is (expected and not in_venv)
    assert uninstall.is_of_the_system(cast("BaseDistribution", Installed(None))) is False


def test_all_of_our_folder_is_removed(tmp_path: Path) -> None:
    """Bytecode of every interpreter, and modules of another release; of our wheel alone."""
    bytecode = (
        *("__pycache__/_pip_variants_override", "__pycache__/x", "pip_variants/__pycache__/x"),
        *("pip_variants/core/__pycache__/x", "other/__pycache__/x"),
    )
    names = (*(f"{name}.cpython-311.opt-1.pyc" for name in bytecode), "pip_variants/core/x/y.py")
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    link = tmp_path / "pip_variants" / "link"
    link.symlink_to(tmp_path / "other")
    ours = cast("BaseDistribution", Installed(str(tmp_path), SHARED[0]))
    found = {Path(path).relative_to(tmp_path).as_posix() for path in uninstall.rest_of_ours(ours)}
    assert found == {names[0], names[2], names[3], names[5], "pip_variants/link"}
    others = cast("BaseDistribution", Installed(str(tmp_path), "variantlib"))
    assert list(uninstall.rest_of_ours(others)) == []
