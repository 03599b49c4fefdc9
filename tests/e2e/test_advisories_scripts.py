"""Scripts whose names are paths, and uninstallations that reach out of the environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.attacks import EVIL_WHEEL, evil_wheel, files_below, into, with_entry_points
from tests.e2e.pips import Output, Pip
from tests.support.venvs import THIS_PYTHON, interpreter

pytestmark = pytest.mark.every_release

# The name and the object reference of a script; HOME is a folder of the user, two levels above bin.
SCRIPTS = {
    "parent folder": ("../evil", "evil:main"),
    "folder of the user": ("../../home/precious", "evil:main"),
    "absolute path": ("HOME/precious", "evil:main"),
    "folder inside": ("sub/evil", "evil:main"),
    "this folder": (".", "evil:main"),
    "parent alone": ("..", "evil:main"),
    "this folder in front": ("./evil", "evil:main"),
    "slash at the end": ("evil/", "evil:main"),
    "backslashes": ("..\\..\\evil", "evil:main"),
    "backslash alone": ("\\evil", "evil:main"),
    "null character": ("evil\0", "evil:main"),
    "path in the reference": ("evil", "../../home/precious = evil:main"),
    "absolute path in the reference": ("evil", "HOME/precious=evil:main"),
    "path behind a space": ("evil ../../home/precious", "evil:main"),
    "reference that is none": ("evil", "!"),
    "brackets in the reference": ("evil", "evil:main [[x]"),
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a folder of the user, beside the virtual environment, with a precious file."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "precious").write_text("precious")
    return folder


@pytest.mark.parametrize("group", ["console_scripts", "gui_scripts"])
@pytest.mark.parametrize(("name", "reference"), SCRIPTS.values(), ids=SCRIPTS)
def test_script_that_is_no_file_name_is_refused_before_anything_is_written(
    pip: Pip, tmp_path: Path, home: Path, group: str, name: str, reference: str
) -> None:
    """The error names wheel and script; no file is written, not even one of the good script."""
    line = f"{name} = {reference}".replace("HOME", str(home))
    members = with_entry_points(f"[{group}]\ngood = evil:main\n{line}\n")
    wheel = evil_wheel(tmp_path, members)
    before = files_below(tmp_path)
    output = pip.run(*into(tmp_path / "venv"), wheel, status=1)
    assert files_below(tmp_path) == before
    assert (home / "precious").read_text() == "precious"
    script = repr(name.replace("HOME", str(home)))
    start = f"ERROR: For req: evil==1.0. {EVIL_WHEEL} has a script named "
    assert output.stderr.startswith(start)
    assert script in output.stderr
    assert len(output.stderr.splitlines()) == 1


GOOD_SCRIPTS = {"evil", "evil-1.0", "evil.exe", "evil:x", "\u00e9vil", "~evil", "..evil", "evil.."}


def test_unusual_file_names_are_scripts_as_in_stock_pip(own_pip: Pip, tmp_path: Path) -> None:
    """Dots, colons and letters of any language are no reason to refuse a script."""
    lines = "".join(f"{name} = evil:main\n" for name in sorted(GOOD_SCRIPTS))
    wheel = evil_wheel(tmp_path, with_entry_points(f"[console_scripts]\n{lines}"))
    before = files_below(own_pip.python.parent)
    own_pip.run("install", "--no-index", wheel)
    assert files_below(own_pip.python.parent) - before == GOOD_SCRIPTS
    own_pip.run("uninstall", "-y", "evil")
    assert files_below(own_pip.python.parent) == before


# A row of a RECORD, relative to site-packages; the file that must stay, relative to the folder of
# the virtual environment.
RECORDED = {
    "folder that begins like the environment": ("../../../../venv_x/precious", "venv_x/precious"),
    "folder of the user": ("../../../../home/precious", "home/precious"),
    "absolute path": ("HOME/precious", "home/precious"),
}


@pytest.mark.parametrize(("row", "file"), RECORDED.values(), ids=RECORDED)
def test_uninstall_in_a_venv_keeps_recorded_files_outside_of_it(
    own_pip: Pip, tmp_path: Path, home: Path, row: str, file: str
) -> None:
    """A RECORD that lists a file outside of the environment does not remove it."""
    precious = tmp_path / file
    precious.parent.mkdir(exist_ok=True)
    precious.write_text("precious")
    wheel = evil_wheel(tmp_path / "files", {}, record=[row.replace("HOME", str(home))])
    own_pip.run("install", "--no-index", wheel)
    output = own_pip.run("uninstall", "-y", "evil")
    assert precious.read_text() == "precious"
    assert output.stderr == (
        f"WARNING: Not removing '{precious}' of evil 1.0: it is outside of the environment.\n"
    )
    assert not list(own_pip.python.parent.parent.rglob("evil*"))


def test_uninstall_in_a_venv_keeps_what_an_entry_point_names_by_path(
    own_pip: Pip, tmp_path: Path
) -> None:
    """An entry point of an installed distribution whose name is a path removes no other file."""
    wheel = evil_wheel(tmp_path, with_entry_points("[console_scripts]\ngood = evil:main\n"))
    own_pip.run("install", "--no-index", wheel)
    (entry_points,) = own_pip.python.parent.parent.rglob("evil-1.0.dist-info/entry_points.txt")
    precious = own_pip.python.parent.parent / "precious"
    precious.write_text("precious")
    entry_points.write_text("[console_scripts]\n../precious = evil:main\n")
    own_pip.run("uninstall", "-y", "evil")
    assert precious.read_text() == "precious"


@pytest.fixture
def user_pip(pip: Pip, tmp_path: Path) -> Callable[..., Output]:
    """Return a function that runs the patched pip outside of a virtual environment.

    `--user` installs into the folder `base`; `path` is searched for distributions besides.
    """
    vendor = pip.run_python("-c", "import pip; print(pip.__path__[0])").stdout.strip()
    python = interpreter(THIS_PYTHON)
    assert python is not None
    outside = Pip(python, pip.folder, pip.tag)
    folder = Path(vendor.replace("HERE", str(pip.folder))).parent
    base = str(tmp_path / "base")

    def run(*args: str | Path, path: Path | None = None) -> Output:
        paths = os.pathsep.join(map(str, (folder, *([path] if path else []))))
        return outside.run(
            *args, PYTHONPATH=paths, PYTHONUSERBASE=base, PIP_BREAK_SYSTEM_PACKAGES="1"
        )

    return run


@pytest.mark.parametrize("row", ["../../../../home/precious", "HOME/precious"])
def test_uninstall_for_a_user_keeps_recorded_files_outside_of_the_environment(
    user_pip: Callable[..., Output], tmp_path: Path, home: Path, row: str
) -> None:
    """Outside of a virtual environment, too, a RECORD does not remove any file of the user."""
    members = {**with_entry_points("[console_scripts]\nevil-script = evil:main\n")}
    members["evil-1.0.data/data/share/evil.txt"] = b"data"
    wheel = evil_wheel(tmp_path / "files", members, record=[row.replace("HOME", str(home))])
    user_pip("install", "--user", "--no-index", "--no-warn-script-location", wheel)
    installed = files_below(tmp_path / "base")
    assert {"bin/evil-script", "share/evil.txt"} <= installed
    output = user_pip("uninstall", "-y", "evil")
    assert (home / "precious").read_text() == "precious"
    assert output.stderr == (
        f"WARNING: Not removing '{home}/precious' of evil 1.0: it is outside of the environment.\n"
    )
    assert files_below(tmp_path / "base") == set()


def test_uninstall_below_another_prefix_removes_its_scripts_and_data(
    user_pip: Callable[..., Output], tmp_path: Path
) -> None:
    """What `--prefix` has installed is removed as a whole, though it is in no known folder."""
    members = {**with_entry_points("[console_scripts]\nevil-script = evil:main\n")}
    members["evil-1.0.data/data/share/evil.txt"] = b"data"
    wheel = evil_wheel(tmp_path / "files", members)
    prefix = tmp_path / "prefix"
    user_pip("install", f"--prefix={prefix}", "--no-index", "--no-warn-script-location", wheel)
    (library,) = {path.parent for path in prefix.rglob("evil-1.0.dist-info")}
    assert (prefix / "bin" / "evil-script").is_file()
    output = user_pip("uninstall", "-y", "evil", path=library)
    assert output.stderr == ""
    assert files_below(prefix) == set()
