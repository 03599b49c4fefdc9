"""A library that one pip changes at a time, and what is swept after one that was killed."""

from __future__ import annotations

import logging
import py_compile
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from optparse import Values
from pathlib import Path
from typing import cast

import pytest
from pip._internal.exceptions import InstallationError
from pip._internal.operations.install.wheel import RecordPath
from pip._internal.req.constructors import install_req_from_line

from patches.common._safety import changes, recovery, temporary
from patches.common._variants import run as facade
from tests.support.waiting import within

INFO = "demo-1.0.dist-info"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Return a library with the distribution demo."""
    folder = tmp_path / "site-packages"
    (folder / "demo").mkdir(parents=True)
    (folder / INFO).mkdir()
    (folder / "demo" / "__init__.py").write_text("x = 1\n")
    py_compile.compile(str(folder / "demo" / "__init__.py"), str(folder / "demo" / "x.pyc"))
    (folder / INFO / "METADATA").write_text("Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
    (folder / INFO / "RECORD").write_text(
        "demo/__init__.py,sha256=nia_NpkRxFwkPGhBR7I_yeHc_PJX0pmhxjIBam_NM_Q,6\n"
        f"demo/x.pyc,,\n{INFO}/METADATA,,\n{INFO}/RECORD,,\n"
    )
    return folder


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[changes.Changes]:
    """Return the changes of a command."""
    run = facade.Run(Values())
    monkeypatch.setattr(facade, "_run", run)
    yield changes.changes_of(run)
    run.close()


def _leave(library: Path, *notes: tuple[str, str]) -> Path:
    """Leave the folder of a pip that was killed, with these notes."""
    folder = library / f"{recovery.PREFIX}old"
    folder.mkdir()
    for name, target in notes:
        (folder / name).symlink_to(target)
    return folder


def test_folder_of_a_killed_pip_is_swept(library: Path, opened: changes.Changes) -> None:
    """Nothing of it stays, and a distribution that is whole does."""
    _leave(library, (f"done-{INFO}", "."))
    opened.library(str(library))
    assert {path.name for path in library.iterdir()} == {"demo", INFO}


def test_what_a_killed_pip_had_unpacked_is_swept(library: Path, opened: changes.Changes) -> None:
    """By each command that changes the library, and with nothing else to sweep."""
    left = Path(temporary.run_folder(str(library)))
    temporary.release()
    left.mkdir()
    (left / "pip-unpack-x").mkdir()
    opened.library(str(library))
    assert {path.name for path in library.iterdir()} == {"demo", INFO}


def test_damaged_distribution_of_a_killed_pip_is_not_installed(
    library: Path, opened: changes.Changes, caplog: pytest.LogCaptureFixture
) -> None:
    """Its metadata goes, so that the next command installs it again."""
    _leave(library, (f"done-{INFO}", "."))
    (library / "demo" / "__init__.py").write_text("")
    caplog.set_level(logging.WARNING)
    opened.library(str(library))
    assert not (library / INFO).exists()
    damage = "demo 1.0 is damaged, because pip was interrupted while it installed it"
    assert caplog.messages == [f"{damage}; it counts as not installed."]


def _note_of_a_file(folder: Path) -> None:
    (folder / f"done-{INFO}").touch()


def _note_of_a_folder(folder: Path) -> None:
    (folder / f"done-{INFO}").mkdir()


def _note_of_a_package(folder: Path) -> None:
    (folder / "done-demo").symlink_to(".")


def _no_folder(folder: Path) -> None:
    folder.rmdir()
    folder.touch()


# What a wheel may have put into a library, or what is no distribution.
PLANTED = {
    "file": _note_of_a_file,
    "folder": _note_of_a_folder,
    "package": _note_of_a_package,
    "no folder": _no_folder,
}


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_what_is_no_note_of_pip_removes_nothing(
    library: Path,
    opened: changes.Changes,
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[[Path], None],
) -> None:
    """A note is a link, which no wheel can have, and names metadata."""
    plant(_leave(library))
    (library / "demo" / "__init__.py").write_text("")
    monkeypatch.setattr(recovery, "get_purelib", lambda: str(library))
    assert recovery.damaged() == []
    opened.library(str(library))
    assert (library / INFO / "METADATA").exists()
    assert (library / "demo" / "__init__.py").exists()


@pytest.mark.parametrize("is_ended", [False, True])
def test_folder_stays_for_the_next_pip_if_a_removal_was_not_ended(
    library: Path, opened: changes.Changes, *, is_ended: bool
) -> None:
    """The metadata in it tells what else is to be removed."""
    opened.library(str(library))
    stash = Path(changes.stash_folder(str(library / INFO)).path)
    if not is_ended:
        (library / INFO / "RECORD").rename(stash / "RECORD")
    opened.close()
    assert bool([*library.glob("~*")]) is not is_ended


def test_old_version_of_a_killed_upgrade_does_not_take_the_new_one(
    library: Path, tmp_path: Path, opened: changes.Changes
) -> None:
    """What the old version lists is of the new one, once that is installed."""
    (tmp_path / "RECORD").write_text("demo/__init__.py,,\n")
    _leave(library, ("removed-demo-0.9.dist-info", str(tmp_path)))
    opened.library(str(library))
    assert {path.name for path in library.iterdir()} == {"demo", INFO}
    assert (library / "demo" / "__init__.py").exists()


@pytest.mark.parametrize(("name", "goes"), [("~emo", True), ("precious", False)])
def test_stash_of_a_killed_pip_elsewhere_is_removed(
    library: Path, tmp_path: Path, opened: changes.Changes, name: str, *, goes: bool
) -> None:
    """Only folders with the names that pip gives them."""
    stash = tmp_path / "share" / name
    stash.mkdir(parents=True)
    _leave(library, ("stash-x", str(stash)))
    opened.library(str(library))
    assert stash.exists() is not goes


def test_folder_that_another_pip_uses_stays(library: Path, opened: changes.Changes) -> None:
    """A pip that runs holds the lock, and recovering does not wait for it."""
    folder = _leave(library)
    with _locked_by_another(library):
        opened.recover(str(library))
        assert folder.exists()
    opened.recover(str(library))
    assert not folder.exists()


def test_library_is_changed_by_one_pip_at_a_time(
    library: Path,
    opened: changes.Changes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The second waits, says so after a while, and does not wait for ever."""
    monkeypatch.setattr(changes, "WAIT", 1.2)
    monkeypatch.setattr(changes, "_QUIET_WAIT", 0.1)
    caplog.set_level(logging.INFO)
    with _locked_by_another(library):
        start = time.monotonic()
        with within(30), pytest.raises(InstallationError) as caught:
            opened.library(str(library))
        assert time.monotonic() - start > 1
    assert str(caught.value) == f"Another pip has been changing {library} for 0 minutes."
    assert caplog.messages == [f"Waiting for another pip that is changing {library}"]
    assert opened.library(str(library)) is opened.library(f"{library}/../site-packages")


@pytest.mark.parametrize("is_searched", [True, False])
def test_library_is_locked_before_an_uninstallation_looks_at_it(
    library: Path,
    opened: changes.Changes,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_searched: bool,
) -> None:
    """If it is there, and is looked at."""
    for name, path in (("purelib", library), ("platlib", library.parent / "missing")):
        monkeypatch.setattr(changes, f"get_{name}", lambda path=path: str(path))
    monkeypatch.setattr(changes, "user_site", str(library.parent))
    monkeypatch.setattr(sys, "path", [f"{library}/../site-packages"] if is_searched else [])
    changes.open_libraries()
    assert [item.path for item in opened.all()] == ([str(library)] if is_searched else [])


def test_metadata_is_in_its_place_once_the_wheel_is_installed(
    library: Path, opened: changes.Changes
) -> None:
    """Until then nobody sees it; RECORD has the final names."""
    opened.library(str(library))
    info = changes.InfoFolder(str(library), "new-2.0.dist-info")
    file = Path(info.path(str(library / "new-2.0.dist-info" / "METADATA")))
    assert info.path(str(library / "new.py")) == str(library / "new.py")
    file.parent.mkdir()
    file.write_text("metadata")
    names = (file.relative_to(library).as_posix(), "new.py")
    rows = info.rows([(cast("RecordPath", name), "h", 8) for name in names])
    assert [name for name, *_ in rows] == ["new-2.0.dist-info/METADATA", "new.py"]
    assert not (library / "new-2.0.dist-info").exists()
    info.finish()
    assert (library / "new-2.0.dist-info" / "METADATA").read_text() == "metadata"
    opened.close()
    left = {path.name for path in library.iterdir()}
    assert left == {"demo", INFO, "new-2.0.dist-info"}


@pytest.mark.parametrize("is_recovered", [False, True])
def test_bytecode_that_was_not_written_to_the_end_goes_with_the_next_installation(
    library: Path, opened: changes.Changes, *, is_recovered: bool
) -> None:
    """It is looked for where a pip was killed, and in the folders of what is installed."""
    if is_recovered:
        _leave(library)
    opened.library(str(library))
    names = ("demo/__pycache__/x.pyc", "demo/__pycache__/x.pyc.140046", "demo/x.pyc.1", "y.pyc.old")
    (library / "demo" / "__pycache__").mkdir()
    for name in names:
        (library / name).touch()
    info = changes.InfoFolder(str(library), "new-2.0.dist-info")
    info.rows([(cast("RecordPath", name), "", "") for name in (names[0], names[2])])
    left = [name for name in names if (library / name).exists()]
    assert left == [name for name in names if not (is_recovered and name == names[1])]


def test_metadata_of_the_same_version_is_replaced(library: Path, opened: changes.Changes) -> None:
    """What was there goes as a whole."""
    opened.library(str(library))
    info = changes.InfoFolder(str(library), INFO)
    Path(info.folder).mkdir()
    (Path(info.folder) / "METADATA").write_text("new")
    info.finish()
    assert [path.name for path in (library / INFO).iterdir()] == ["METADATA"]


def test_metadata_is_written_in_its_place_where_nothing_is_locked(library: Path) -> None:
    """Code that uses pip's internals without a command installs as ever."""
    info = changes.InfoFolder(str(library), INFO)
    target = str(library / INFO / "METADATA")
    assert (info.folder, info.path(target)) == (str(library / INFO), target)
    rows = [(cast("RecordPath", f"{INFO}/METADATA"), "h", 1)]
    assert info.rows(rows) == rows
    info.finish()
    assert (library / INFO / "METADATA").exists()


class _locked_by_another:  # noqa: N801 - used as a function
    """A context in which another process holds the lock of a library."""

    def __init__(self, library: Path) -> None:
        code = (
            "import fcntl, os, sys; fd = os.open(sys.argv[1], os.O_RDONLY)\n"
            "fcntl.flock(fd, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
        )
        command = [sys.executable, "-c", code, str(library)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> None:
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def test_temporary_folder_of_a_target_gets_nothing_but_the_wheel(
    tmp_path: Path, opened: changes.Changes
) -> None:
    """Pip moves whatever is in it, and no other pip knows it."""
    req = install_req_from_line("demo")
    changes.begin([req], root=None, home=str(tmp_path), prefix=None, use_user_site=False)
    assert (opened.have_begun, opened.all()) == (True, ())
    assert changes.info_folder(str(tmp_path), INFO).folder == str(tmp_path / INFO)
    assert list(tmp_path.iterdir()) == []
