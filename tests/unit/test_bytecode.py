"""Bytecode from child processes: what is compiled, with which path and level, and what is not."""

from __future__ import annotations

import importlib.util
import marshal
import os
import select
import signal
import struct
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from pip_variants.system import bytecode, interpreter
from pip_variants.system.bytecode import Compilers, Source

ROOT = Path(__file__).parents[2]
FINAL = "/somewhere/else/módulo.py"

on_posix = pytest.mark.skipif(os.name != "posix", reason="only POSIX has these signals")


@pytest.fixture
def compilers() -> Iterator[Compilers]:
    """Return compilers that are closed in the end."""
    own = Compilers()
    yield own
    own.close()


def write(folder: Path, name: str, text: str | bytes = "x = 1\n") -> Source:
    """Write a source file and return it with the path that it will have."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Source(path, FINAL, path.with_suffix(".pyc"))


def code_of(path: Path) -> types.CodeType:
    """Return the code in a file of bytecode."""
    code: types.CodeType = marshal.loads(path.read_bytes()[16:])  # noqa: S302 - our own file
    return code


def test_bytecode_has_the_final_path_and_a_valid_header(
    compilers: Compilers, tmp_path: Path
) -> None:
    """The header has the time and size of the source, as an import compares them."""
    source = write(tmp_path, "1", "def f():\n    pass\n")
    assert list(compilers.compile([source])) == [source]
    data = source.target.read_bytes()
    stat = source.path.stat()
    assert data[:4] == importlib.util.MAGIC_NUMBER
    assert struct.unpack("<III", data[4:16]) == (0, int(stat.st_mtime), stat.st_size)
    assert code_of(source.target).co_filename == FINAL


BROKEN = {
    "syntax error": "x = = 1\n",
    "null character": "x = 1\n\0",
    "unknown encoding": "# coding: none-such\n",
    "no UTF-8": b"x = '\xff'\n",
    "too deep": f"x = {'(' * 5000}{')' * 5000}\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_file_that_cannot_be_compiled_spoils_no_other(
    compilers: Compilers, tmp_path: Path, text: str | bytes
) -> None:
    """It gets no bytecode; the files before and behind it do."""
    sources = [write(tmp_path, "1"), write(tmp_path, "2", text), write(tmp_path, "3")]
    assert list(compilers.compile(sources)) == [sources[0], sources[2]]
    assert not sources[1].target.exists()


def test_missing_file_and_missing_folder_are_not_compiled(
    compilers: Compilers, tmp_path: Path
) -> None:
    """Errors of the file system are no errors of the whole."""
    good = write(tmp_path, "1")
    missing = Source(tmp_path / "missing", FINAL, tmp_path / "missing.pyc")
    (tmp_path / "file").touch()
    no_folder = Source(good.path, FINAL, tmp_path / "file" / "2.pyc")
    assert list(compilers.compile([missing, no_folder, good])) == [good]


def test_warnings_of_the_sources_are_silent(
    compilers: Compilers, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """An invalid escape is a warning in some versions of Python; nobody asked for it."""
    source = write(tmp_path, "1", r"x = '\d' is 'd'" + "\n")
    assert list(compilers.compile([source])) == [source]
    assert capfd.readouterr() == ("", "")


def test_one_child_serves_many_batches(compilers: Compilers, tmp_path: Path) -> None:
    """A child is used again, and there are as many as work at once."""
    for number in range(3):
        source = write(tmp_path, str(number))
        assert list(compilers.compile([source])) == [source]
    assert len(compilers._all) == 1
    first = compilers.compile([write(tmp_path, "5")])
    second = compilers.compile([write(tmp_path, "6")])
    next(first)
    next(second)
    assert len(compilers._all) == 2


def test_many_files_with_long_paths_are_one_batch(compilers: Compilers, tmp_path: Path) -> None:
    """More than a pipe takes at once is written while the child reads."""
    source = write(tmp_path, "1")
    batch = [
        Source(source.path, f"/{'long/' * 400}{number}.py", tmp_path / f"{number}.pyc")
        for number in range(200)
    ]
    assert list(compilers.compile(batch)) == batch


@pytest.mark.parametrize("level", [0, 1, 2])
def test_level_of_optimisation_is_that_of_this_interpreter(tmp_path: Path, level: int) -> None:
    """What `python -O` installs has no assertions, and with -OO no docstrings either."""
    source = write(tmp_path, "1", '"""Text."""\nassert True, "kept"\n')
    program = (
        "import sys; from pathlib import Path\n"
        "from pip_variants.system.bytecode import Compilers, Source\n"
        f"source = Source(Path({str(source.path)!r}), 'x.py', Path({str(source.target)!r}))\n"
        "own = Compilers(); print(len(list(own.compile([source])))); own.close()\n"
    )
    options = ["-" + "O" * level] if level else []
    done = subprocess.run(
        [sys.executable, *options, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("1\n", "")
    constants = code_of(source.target).co_consts
    assert ("kept" in constants, "Text." in constants) == (level == 0, level < 2)


def test_without_an_interpreter_nothing_is_compiled(
    compilers: Compilers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that embeds Python is not started once more."""
    for name in ("executable", "_base_executable"):
        monkeypatch.setattr(sys, name, "/opt/editor/editor", raising=False)
    monkeypatch.setattr(interpreter, "_running", lambda: "/opt/editor/editor")
    source = write(tmp_path, "1")
    assert list(compilers.compile([source])) == []
    assert compilers._all == []


def test_interpreter_that_cannot_be_run_compiles_nothing(
    compilers: Compilers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interpreter may have been removed meanwhile."""
    missing = str(tmp_path / "python")
    monkeypatch.setattr(interpreter, "command", lambda *arguments: [missing, *arguments])
    assert list(compilers.compile([write(tmp_path, "1")])) == []


@on_posix
def test_killed_child_is_replaced(compilers: Compilers, tmp_path: Path) -> None:
    """A child that somebody kills costs the batch it works on; the next one gets another."""
    source = write(tmp_path, "1")
    assert list(compilers.compile([source])) == [source]
    (child,) = compilers._all
    child.process.send_signal(signal.SIGSTOP)
    batch = compilers.compile([source, source])
    child.process.send_signal(signal.SIGKILL)
    child.process.wait(10)
    assert child.process.stdout is not None
    responses = select.poll()
    responses.register(child.process.stdout, 0)
    assert responses.poll(10_000)  # nobody is left to respond
    assert list(batch) == []
    assert list(compilers.compile([source])) == [source]
    assert len(compilers._all) == 2


def test_path_that_is_no_text_is_left_out(compilers: Compilers, tmp_path: Path) -> None:
    """A file name that is not UTF-8 is passed on as the file system has it."""
    source = write(tmp_path, "1")
    odd = Source(source.path, "/odd\udcff.py", source.target)
    found = list(compilers.compile([odd, source]))
    assert source in found


def test_close_ends_children_and_their_use(compilers: Compilers, tmp_path: Path) -> None:
    """After close() there is no child, also if it was in use, and nothing is compiled."""
    source = write(tmp_path, "1")
    batch = compilers.compile([source, source])
    next(batch)
    compilers.close()
    assert [child.process.poll() is None for child in compilers._all] == [False]
    assert len(list(batch)) <= 1
    assert list(compilers.compile([source])) == []
    compilers.close()


def test_children_do_not_see_a_ctrl_c(compilers: Compilers, tmp_path: Path) -> None:
    """They are no members of pip's process group, where a terminal sends SIGINT."""
    if os.name != "posix":
        pytest.skip("only POSIX has process groups")
    list(compilers.compile([write(tmp_path, "1")]))
    (child,) = compilers._all
    assert os.getpgid(child.process.pid) != os.getpgid(0)


def test_script_is_a_program_on_its_own() -> None:
    """It is run by its path, so it is part of the package's files and imports nothing of it."""
    text = bytecode._SCRIPT.read_text("utf-8")
    assert "pip_variants" not in text
    assert "from ." not in text
