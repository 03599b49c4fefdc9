"""What reaches a terminal: printable whatever others supply, in any encoding, or one sentence."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.pips import BROKEN_STDOUT, Pip
from tests.support.stand_in import TORCH_280, write_wheel
from tests.support.stand_in_wheel import dump
from tests.support.venvs import offline_env

FORGED = "\x1b[2J\nNo findings in 3 files.\u202e\u200bé"
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
ENCODINGS = (ASCII, {"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C.UTF-8"})


def write_hostile(folder: Path) -> Path:
    """Write wheels whose names no page should have into a folder of such a name; return it."""
    hostile = folder / FORGED
    wheel = write_wheel(hostile, "torch-2.8.0-py3-none-any-cu129.whl", variant_json=dump(TORCH_280))
    content = wheel.read_bytes()
    (hostile / f"torch-2.8.0-py3-none-{FORGED}-cu129.whl").write_bytes(content)
    (hostile / f"{FORGED}-variants.json").touch()
    Path(os.fsdecode(bytes(hostile) + b"/torch-2.8.0-py3-none-\xff-cu129.whl")).write_bytes(content)
    return hostile


def shell(pip: Pip, command: str, **extra: str) -> subprocess.CompletedProcess[bytes]:
    """Run a shell command in which PIP is pip, without any configuration."""
    env = offline_env(PIP_CACHE_DIR=str(pip.folder / "cache"), PIP="pip", **extra)
    line = command.replace("PIP", f"{pip.python} -m pip")
    shown = ("bash", "-o", "pipefail", "-c", line)
    return subprocess.run(
        shown, env=env, cwd=pip.folder, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )


def assert_is_printable(output: bytes) -> None:
    """Assert that a command printed no traceback, no control character and no line of others."""
    text = output.decode("latin-1" if b"\xe9" in output else "utf-8")
    for word in ("Logging error", "Exception ignored"):
        assert word not in text
    for line in text.split("\n"):
        assert line.isprintable(), ascii(line)
        assert not line.startswith(("No findings", "Traceback"))


COMMANDS = {
    "check": ("variants check FOLDER", 1),
    "check --json": ("variants check --json FOLDER", 1),
    "index": ("variants index --check --all FOLDER", 1),
    "find-links": ("install --dry-run -v --no-index --find-links FOLDER --log log torch", 1),
    "file": (
        f"install --dry-run $'FOLDER/torch-2.8.0-py3-none-{ascii(FORGED)[1:-1]}-cu129.whl'",
        1,
    ),
    "option": ("variants check -- -x; PIP variants check $'-\\e[31m'", 2),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_names_of_files_are_printable_in_any_encoding(case: str, pip: Pip, tmp_path: Path) -> None:
    """Also in the log, and of a name that is no text in the encoding of the file system."""
    command, status = COMMANDS[case]
    folder = write_hostile(tmp_path)
    quoted = f"$'{ascii(str(folder))[1:-1]}'"
    line = f"PIP {command}".replace("$'FOLDER", quoted[:-1]).replace("FOLDER", quoted)
    for encoding in ENCODINGS:
        done = shell(pip, line, **encoding)
        assert done.returncode == status, done
        assert_is_printable(done.stdout)
        assert_is_printable(done.stderr)
    log = pip.folder / "log"
    assert case != "find-links" or log.is_file()
    if log.is_file():
        assert_is_printable(log.read_bytes())


LOST = {
    "full": "PIP freeze --all >/dev/full",
    "full, version": "PIP --version >/dev/full",
    "full, variants": "PIP variants platform >/dev/full",
    "pipe": "PIP variants platform | true",
}


@pytest.mark.every_release
@pytest.mark.parametrize("case", LOST)
def test_lost_output_is_pips_own_error(case: str, pip: Pip, upstream: str) -> None:
    """With the status that pip has for it."""
    done = shell(pip, LOST[case])
    assert done.stderr.decode().endswith("ERROR: Pipe to stdout was broken\n")
    assert done.returncode == BROKEN_STDOUT[upstream]
    assert_is_printable(done.stderr)


def test_closed_streams_are_no_error(pip: Pip) -> None:
    """Of a command that prints on all of them."""
    for command in ("PIP freeze --all >&-", "PIP variants platform >&- 2>&- <&-"):
        done = shell(pip, command)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


SENTENCES = {
    "lock": ("lock --no-index -o no/pylock.toml x", "Cannot write no/pylock.toml: No such file"),
    "report": ("install --no-index --report no/x x", "Cannot write no/x: No such file"),
    "URL": (
        "download http://[::1/x-1-py3-none-any.whl",
        "'http://[::1/x-1-py3-none-any.whl' is not a valid URL: 'Invalid IPv6 URL'",
    ),
    "index": (
        "install x -i http://u:secret@h:99999999/",
        "'http://h:99999999/' is not a valid",
    ),
    "folder": ("variants index http://u:se/cret@h/", "Cannot read 'http://u:****@h/'"),
    "endless": ("list --variant-platform /dev/zero", "'/dev/zero' cannot be read: File too large"),
    "empty": ("list --variant-platform=", "--variant-platform: the name of the file is empty"),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_what_cannot_be_done_is_one_sentence(case: str, pip: Pip) -> None:
    """Before anything is requested, and without passwords."""
    command, sentence = SENTENCES[case]
    output = pip.run(*command.split(), status=1)
    assert f"ERROR: {sentence}" in output.stderr or f": {sentence}" in output.stderr
    assert "cret" not in output.stderr


def test_pip_runs_where_the_working_directory_is_gone(pip: Pip) -> None:
    """As far as a command does not need it."""
    done = shell(pip, "mkdir gone && cd gone && rmdir ../gone && PIP freeze --all")
    assert (done.returncode, done.stderr) == (0, b"")
