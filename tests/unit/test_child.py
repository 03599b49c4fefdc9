"""Child processes: exit status, output, time limit, and the end of their process group."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from pip_variants.system import child

PYTHON = (sys.executable, "-I", "-S", "-c")

on_posix = pytest.mark.skipif(os.name != "posix", reason="only POSIX has process groups")


def _is_alive(pid: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _dies(pid: int) -> bool:
    deadline = time.monotonic() + 2
    while _is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not _is_alive(pid)


@pytest.mark.parametrize(("code", "status"), [("pass", 0), ("raise SystemExit(7)", 7)])
def test_run_returns_the_exit_status(code: str, status: int) -> None:
    """A process that ends within the time limit gives its exit status."""
    assert child.run([*PYTHON, code], 30) == status


def test_both_streams_go_to_the_output_file(tmp_path: Path) -> None:
    """Stdout and stderr of the process are written to one file."""
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
    assert child.run([*PYTHON, code], 30, output=tmp_path / "output") == 0
    assert (tmp_path / "output").read_text() == "out\nerr\n"


def test_standard_input_is_empty_for_the_child() -> None:
    """The process cannot wait for input, because its standard input is empty."""
    assert child.run([*PYTHON, "import sys; sys.exit(len(sys.stdin.read()))"], 30) == 0


def test_folder_environment_and_mark_are_passed(tmp_path: Path) -> None:
    """The process runs in the given folder, with the given variables and the mark."""
    code = (
        "import os, sys\n"
        "sys.exit(os.environ['A'] + os.environ['M'] + os.path.basename(os.getcwd()))\n"
    )
    output = tmp_path / "output"
    status = child.run(
        [*PYTHON, code], 30, output=output, folder=tmp_path, environ={"A": "1"}, mark=("M", "2")
    )
    assert status == 1
    assert output.read_text() == f"12{tmp_path.name}\n"


@on_posix
def test_time_limit_kills_the_process_group(tmp_path: Path) -> None:
    """After the time limit neither the process nor its children run any more."""
    pids = tmp_path / "pids"
    code = (
        "import os, subprocess, time\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(60)\n"
    )
    start = time.monotonic()
    assert child.run([*PYTHON, code], 1) is None
    assert time.monotonic() - start < 5
    assert [_dies(int(pid)) for pid in pids.read_text().split()] == [True, True]


@on_posix
def test_children_are_killed_when_their_parent_ends(tmp_path: Path) -> None:
    """When the process ends, the rest of its process group is killed."""
    pid = tmp_path / "pid"
    code = (
        "import subprocess\n"
        f"open({str(pid)!r}, 'w').write(str(subprocess.Popen(['sleep', '60']).pid))\n"
    )
    assert child.run([*PYTHON, code], 30) == 0
    assert _dies(int(pid.read_text()))


@on_posix
def test_keyboard_interrupt_kills_the_child(tmp_path: Path) -> None:
    """An exception while the process runs, such as that of Ctrl-C, kills it."""
    pid = tmp_path / "pid"
    code = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"

    def tick() -> None:
        if pid.exists() and pid.read_text():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        child.run([*PYTHON, code], 30, tick=tick)
    assert _dies(int(pid.read_text()))


def test_missing_program_raises_os_error(tmp_path: Path) -> None:
    """A program that does not exist raises OSError."""
    with pytest.raises(OSError, match="No such file"):
        child.run([str(tmp_path / "missing")], 1)
