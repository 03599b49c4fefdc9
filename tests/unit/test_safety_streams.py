"""Output that is lost, files that cannot be written, URLs that are none: one sentence each."""

from __future__ import annotations

import errno
import io
import os
from optparse import Values
from pathlib import Path
from zipfile import BadZipFile

import pytest
from pip._internal.cli.status_codes import ERROR
from pip._internal.exceptions import CommandError, InstallationError
from pip._internal.utils.logging import BrokenStdoutLoggingError

from patches.common._safety.failures import in_one_sentence
from patches.common._safety.paths import path_of_url, unusual_url
from patches.common._safety.streams import reason, terminal_environ, to_the_end, writing


class Lost(io.StringIO):
    """A stream that cannot be flushed."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def flush(self) -> None:
        """Raise the error, as a buffer does that has something left."""
        raise self._error


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
LOST = {"full": FULL, "pipe": BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))}


@pytest.mark.parametrize("case", LOST)
def test_lost_output_is_an_error_of_pip(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the command has noticed it or not."""
    monkeypatch.setattr("sys.stdout", Lost(LOST[case]))
    with pytest.raises(BrokenStdoutLoggingError), writing(Values()):
        pass
    with pytest.raises(BrokenStdoutLoggingError), writing(Values()):
        raise LOST[case]


def test_pipe_that_nobody_reads_is_lost_output_once_it_is_flushed() -> None:
    """The error has emptied what was buffered: nothing is left to fail again."""
    with pytest.raises(BrokenStdoutLoggingError), writing(Values()):
        raise LOST["pipe"]


def test_output_is_lost_where_no_command_runs(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As `pip --version` prints."""
    monkeypatch.setattr("sys.stdout", Lost(FULL))
    with pytest.raises(SystemExit) as ended:
        to_the_end(lambda: 0)
    assert ended.value.code in {ERROR, 120}
    assert capfd.readouterr().err == (
        f"ERROR: Cannot write to stdout: {FULL.strerror}\nERROR: Pipe to stdout was broken\n"
    )


ENDS: dict[str, tuple[BaseException, str]] = {
    "interrupted": (KeyboardInterrupt(), "Operation cancelled by user"),
    "no folder": (
        FileNotFoundError(2, "No such file", "x\x1b"),
        "Could not complete the command: x\\x1b: No such file",
    ),
    "memory": (
        MemoryError(),
        "Could not complete the command: there is not enough memory",
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_error_before_a_command_is_one_sentence(
    case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also Ctrl-C, which pip handles only while a command runs."""
    error, text = ENDS[case]

    def step() -> int:
        raise error

    with pytest.raises(SystemExit) as ended:
        to_the_end(step)
    assert (ended.value.code, capsys.readouterr().err) == (ERROR, f"ERROR: {text}\n")


@pytest.mark.parametrize("error", [FULL, MemoryError(), BadZipFile("no")], ids=type)
def test_error_in_a_command_is_one_sentence(error: Exception) -> None:
    """The traceback is its cause, which `-vv` shows."""
    with pytest.raises(InstallationError) as caught, writing(Values()):
        raise error
    assert str(caught.value) == str(in_one_sentence(error))
    assert caught.value.__cause__ is error


def test_other_error_in_a_command_is_left_as_it_is() -> None:
    """Pip's own, and a mistake of ours."""
    for error in (InstallationError("x"), ValueError("x")):
        with pytest.raises(type(error)) as caught, writing(Values()):
            raise error
        assert caught.value is error


INVALID = "is not a valid URL: its host or its port is invalid"
URLS = {
    "port": ("index_url", "http://host:99999999/", INVALID),
    "IPv6": ("extra_index_urls", ["http://[::1"], INVALID),
    "no port": ("find_links", ["x", "http://user:se/cret@host"], INVALID),
    "proxy": ("proxy", "http://[", INVALID),
    "providers": ("variant_provider_index", "https:///x", "it names no host"),
    "valid": ("index_url", "https://host:8443/simple/", ""),
    "file": ("index_url", "file:///srv/simple", ""),
    "path": ("find_links", ["wheels", "C:\\wheels"], ""),
}


@pytest.mark.parametrize("case", URLS)
def test_url_of_an_option_is_checked_before_the_command(case: str) -> None:
    """Of every option that takes URLs."""
    option, value, expected = URLS[case]
    problem = _problem_with(Values({option: value}))
    assert problem.endswith(expected)
    assert "cret" not in problem
    assert bool(problem) == bool(expected)


def _problem_with(options: Values) -> str:
    try:
        with writing(options):
            pass
    except CommandError as error:
        return str(error)
    return ""


FILES = {
    "no folder": ("nodir/x", "No such file or directory"),
    "a folder": (".", "it is a folder"),
    "below a file": ("file/x", "Not a directory"),
    "new": ("new", ""),
    "there": ("file", ""),
    "stdout": ("-", ""),
}


@pytest.mark.parametrize("option", ["output_file", "json_report_file"])
@pytest.mark.parametrize("case", FILES)
def test_file_that_cannot_be_written_is_refused_first(
    case: str, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is created by that."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    name, problem = FILES[case]
    expected = f"Cannot write {name}: {problem}" if problem else ""
    assert _problem_with(Values({option: name})) == expected
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


DENIED = "Permission denied"
REASONS: dict[str, tuple[BaseException, str]] = {
    "file": (PermissionError(13, DENIED, "/x"), f"/x: {DENIED}"),
    "bytes": (PermissionError(13, DENIED, b"/x"), f"/x: {DENIED}"),
    "open file": (PermissionError(13, DENIED, 7), f"7: {DENIED}"),
    "two files": (PermissionError(13, DENIED, "a", None, "b"), f"a -> b: {DENIED}"),
    "long": (PermissionError(13, DENIED, "x" * 2000), f"{'x' * 1000}...: {DENIED}"),
    "no file": (FULL, str(FULL.strerror)),
    "text": (OSError("gone"), "gone"),
    "nothing": (OSError(), "OSError"),
    "unsupported": (io.UnsupportedOperation("fileno"), "fileno"),
}


@pytest.mark.parametrize(("error", "text"), REASONS.values(), ids=REASONS)
def test_reason_is_what_the_system_says_and_about_which_file(
    error: BaseException, text: str
) -> None:
    """Without the number of the error; a library may raise one without a text."""
    assert reason(error) == text


def test_path_of_any_bytes_has_a_url() -> None:
    """And the URL gives it back; text is left to pip."""
    path = "/a b/\udcff é"
    assert unusual_url("/é") is None
    url = unusual_url(path)
    assert url == "file:///a%20b/%FF%20%C3%A9"
    assert path_of_url(url.removeprefix("file://"), lambda _: "\ufffd") == path
    assert path_of_url("/a%20b", lambda _: "/a b") == "/a b"


def test_two_slashes_of_a_path_begin_no_host() -> None:
    """For POSIX they are as one."""
    assert unusual_url("//user@host/a b") == "file:///user%40host/a%20b"


# COLUMNS, and whether it counts.
SIZES = {
    "80": True,
    "1": True,
    "0080": True,
    "0": False,
    "00": False,
    "": False,
    "-1": False,
    "x": False,
    "\u00b2": False,  # a digit to Python, but no number
    "\u0663": False,
    "1" * 5000: False,
}


@pytest.mark.parametrize("text", SIZES, ids=ascii)
@pytest.mark.parametrize("name", ["COLUMNS", "LINES"])
def test_size_that_no_terminal_has_does_not_count(name: str, text: str) -> None:
    """With no width nothing would be printed; other variables stay."""
    environ = {"TERM": "xterm", name: text}
    found = terminal_environ(environ)
    assert found == (environ if SIZES[text] else {"TERM": "xterm"})
