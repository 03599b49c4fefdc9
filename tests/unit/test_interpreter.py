"""Which interpreter a child process runs: that of this process, or none; never an application."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from pip_variants.core.errors import InterpreterError
from pip_variants.system import interpreter

ROOT = Path(__file__).parents[2]
APPLICATION = "/opt/editor/editor"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc says what runs this process")


def _program(folder: Path, name: str, text: str = "") -> str:
    """Write a program that logs that it was started, and does as ``text`` says."""
    program = folder / name
    program.write_text(f"#!/bin/sh\necho started >> '{folder}/log'\n{text}\n")
    program.chmod(0o755)
    return str(program)


def _embed(monkeypatch: pytest.MonkeyPatch, executable: str | None) -> None:
    """Let an application run this process, with this ``sys.executable``."""
    monkeypatch.setattr(interpreter, "_running", lambda: str(ROOT / "README.md"))
    monkeypatch.setattr(sys, "executable", executable)
    monkeypatch.setattr(sys, "_base_executable", APPLICATION, raising=False)


def test_interpreter_of_this_process_is_started() -> None:
    """In a virtual environment it is that of the environment."""
    assert interpreter.command("-c", "pass") == [sys.executable, "-I", "-c", "pass"]


# What an application or a launcher makes of sys.executable.
EXECUTABLES = ["editor", "editor.sh", "python-editor", "pythonista", "python3", None, ""]


@pytest.mark.parametrize("name", EXECUTABLES)
def test_other_executable_is_not_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str | None
) -> None:
    """The program that runs this process is started in place of an application or a wrapper."""
    monkeypatch.setattr(sys, "executable", _program(tmp_path, name) if name else name)
    found, *_ = interpreter.command()
    assert Path(found).samefile(Path("/proc/self/exe").readlink())
    assert not (tmp_path / "log").exists()


def test_missing_executable_is_replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An upgrade can have removed the file."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python3"))
    found, *_ = interpreter.command()
    assert Path(found).samefile(Path("/proc/self/exe").readlink())


EMBEDDED = {
    "application": (APPLICATION, f"'{APPLICATION}' is not this Python"),
    "empty": ("", "sys.executable is empty"),
    "none": (None, "sys.executable is empty"),
}


@pytest.mark.parametrize(("executable", "reason"), EMBEDDED.values(), ids=EMBEDDED)
def test_embedded_python_has_none_to_start(
    monkeypatch: pytest.MonkeyPatch, executable: str | None, reason: str
) -> None:
    """The reason says what there is in place of an interpreter."""
    _embed(monkeypatch, executable)
    with pytest.raises(InterpreterError) as caught:
        interpreter.command()
    assert str(caught.value) == f"there is no Python interpreter to start: {reason}"


def test_application_with_an_interpreter_of_the_same_version_uses_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some applications bring one, which they name in sys.executable."""
    own = sys.executable
    _embed(monkeypatch, own)
    assert interpreter.command()[0] == own


OTHERS = {
    "version": "echo 3.99.0 cpython 1",
    "nothing": "",
    "failure": "exit 1",
    "bytes": r"printf '\377'",
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_interpreter_of_another_version_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    """The first python3 on PATH is what an application finds that sets nothing itself."""
    _embed(monkeypatch, _program(tmp_path, "python3", text))
    with pytest.raises(InterpreterError, match="no Python interpreter to start"):
        interpreter.command()


NAMES = {
    "python": True,
    "python3": True,
    "python3.13": True,
    "python3.13t": True,
    "python3.14-dbg": True,
    "python_d.exe": True,
    "pythonw.exe": True,
    "Python": True,
    "PYTHON.EXE": True,
    "python3.12-intel64": True,
    "pypy3.10": True,
    "pypy3.11-c": True,
    "graalpy": True,
    "python-qgis.bat": False,
    "python-editor": False,
    "pythonista": False,
    "ipython": False,
    "blender": False,
    "qgis-bin.exe": False,
    "python3.12\n": False,
    "": False,
}


@pytest.mark.parametrize(("name", "expected"), NAMES.items())
def test_only_interpreters_are_named_like_one(name: str, *, expected: bool) -> None:
    """Where no system says what runs this process, the name decides."""
    assert bool(interpreter._is_python(name)) == expected


def test_without_proc_the_name_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As on macOS and Windows; what is only named like an application is not started."""
    monkeypatch.setattr(interpreter, "_PROGRAM", tmp_path / "missing")
    wrapper = _program(tmp_path, "python3")
    monkeypatch.setattr(sys, "executable", wrapper)
    assert interpreter.command()[0] == wrapper
    _embed(monkeypatch, _program(tmp_path, "editor"))
    monkeypatch.setattr(interpreter, "_running", lambda: "")
    with pytest.raises(InterpreterError):
        interpreter.command()
    assert not (tmp_path / "log").exists()


USER = {"PYTHONPATH": "/evil", "PYTHONSTARTUP": "/evil.py", "PYTHONINSPECT": "1", "PATH": "/bin"}


def test_variables_are_left_to_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """The isolated child ignores all variables about Python."""
    monkeypatch.delenv("PYTHONHOME", raising=False)
    assert interpreter.environment(USER) == USER


def test_home_is_the_only_variable_that_a_child_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that was moved finds its standard library by PYTHONHOME alone."""
    monkeypatch.setenv("PYTHONHOME", sys.base_prefix)
    home = {"PYTHONHOME": sys.base_prefix, "PYTHONPLATLIBDIR": "lib"}
    assert interpreter.environment({**USER, **home}) == {"PATH": "/bin", **home}
    assert "-I" not in interpreter.command()


def test_moved_interpreter_is_served_and_isolated(tmp_path: Path) -> None:
    """A child of an interpreter that needs PYTHONHOME runs, and nothing else of the user does."""
    library = Path(sysconfig.get_path("stdlib"))
    home = tmp_path / "home" / library.relative_to(sys.base_prefix)
    home.mkdir(parents=True)
    for path in library.iterdir():
        (home / path.name).symlink_to(path)
    (home / "only_in_home.py").touch()
    evil = tmp_path / "evil"
    evil.mkdir()
    (evil / "json.py").write_text("raise SystemExit(9)")
    moved = tmp_path / "bin" / Path(sys.executable).resolve().name
    moved.parent.mkdir()
    moved.write_bytes(Path(sys.executable).resolve().read_bytes())
    moved.chmod(0o755)
    script = tmp_path / "script.py"
    script.write_text("import only_in_home, json")
    program = (
        "import os, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from pip_variants.system import child, interpreter\n"
        f"sys.path.append({str(evil)!r})\n"
        "os.environ['PYTHONPATH'] = sys.path[-1]\n"
        "python = interpreter.command('-S')\n"
        "environ = interpreter.environment(os.environ)\n"
        f"print(python[0], child.run(python, [{str(script)!r}], 30, environ=environ))\n"
    )
    done = subprocess.run(
        [str(moved), "-S", "-c", program],
        env={**os.environ, "PYTHONHOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (f"{moved} 0\n", "")
