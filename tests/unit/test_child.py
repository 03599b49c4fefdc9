"""A child process with a time limit: how it ends, and that its group ends with it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from pip_variants.providers import child

PYTHON = (sys.executable, "-I", "-S", "-c")

on_posix = pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX's")


def _is_alive(pid: int) -> bool:
    """Return whether a process runs; one that is dead but not yet reaped does not."""
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
def test_the_exit_status(code: str, status: int) -> None:
    """A process that ends in time gives its exit status."""
    assert child.run([*PYTHON, code], 30) == status


def test_what_it_prints(tmp_path: Path) -> None:
    """Both streams go to one file; without a file they go nowhere."""
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
    assert child.run([*PYTHON, code], 30, output=tmp_path / "output") == 0
    assert (tmp_path / "output").read_text() == "out\nerr\n"


def test_it_reads_nothing() -> None:
    """Its standard input is empty, so that it cannot wait for anybody."""
    assert child.run([*PYTHON, "import sys; sys.exit(len(sys.stdin.read()))"], 30) == 0


def test_folder_and_environment(tmp_path: Path) -> None:
    """It runs where it is told to, with the variables that it is given and its mark."""
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
def test_the_time_limit_ends_the_group(tmp_path: Path) -> None:
    """After the time limit neither the process nor its children are left."""
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
def test_children_do_not_outlive_a_process_that_ends(tmp_path: Path) -> None:
    """A process that ends leaves nobody of its group behind."""
    pid = tmp_path / "pid"
    code = (
        "import subprocess\n"
        f"open({str(pid)!r}, 'w').write(str(subprocess.Popen(['sleep', '60']).pid))\n"
    )
    assert child.run([*PYTHON, code], 30) == 0
    assert _dies(int(pid.read_text()))


@on_posix
def test_who_interrupts_leaves_nothing(tmp_path: Path) -> None:
    """What is raised while it runs, as by Ctrl-C, ends it as well."""
    pid = tmp_path / "pid"
    code = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"

    def tick() -> None:
        if pid.exists() and pid.read_text():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        child.run([*PYTHON, code], 30, tick=tick)
    assert _dies(int(pid.read_text()))


def test_what_cannot_be_started(tmp_path: Path) -> None:
    """A program that is missing is an OSError."""
    with pytest.raises(OSError, match="No such file"):
        child.run([str(tmp_path / "missing")], 1)
