"""A pip that runs, with temporary files of its own: what a test does to it, and what it leaves."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.pips import NEW_DRIVER, Pip
from tests.support.venvs import Venv, offline_env

MARK = "MARK_OF_A_TEST"
"""A variable by which the processes of a test are known."""

on_linux = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")


@dataclass
class Started:
    """A pip that runs, with folders of its own."""

    process: subprocess.Popen[str]
    temp: Path

    def interrupt(self) -> None:
        """Press Ctrl-C, and wait until pip has ended, for less than pip waits for a server."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=10)


def environment(pip: Pip, temp: Path, **extra: str) -> dict[str, str]:
    """Return the environment of a pip whose temporary files are in a folder of their own."""
    temp.mkdir(exist_ok=True)
    variables = {
        "PIP_CACHE_DIR": str(pip.folder / "cache"),
        "NO_PROXY": "127.0.0.1",
        "TMPDIR": str(temp),
        MARK: str(temp),
        **NEW_DRIVER.variables,
        **extra,
    }
    env = offline_env(**variables)
    del env["PIP_NO_INDEX"]
    return env


def default_signals() -> None:
    """Let signals end a child: what runs in the background of a shell ignores some of them."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def started(pip: Pip, *args: str | Path, command: Sequence[str] = (), **extra: str) -> Started:
    """Start pip, below another command if one is given."""
    temp = pip.folder / "temp"
    process = subprocess.Popen(
        [*command, str(pip.python), "-m", "pip", *map(str, args)],
        env=environment(pip, temp, **extra),
        cwd=pip.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=default_signals,  # noqa: PLW1509
    )
    return Started(process, temp)


def processes(temp: Path) -> list[str]:
    """Return the processes that a test has started and that still run."""
    mark = f"{MARK}={temp}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in path.read_bytes().split(b"\0"):
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def leftovers(pip: Pip) -> list[str]:
    """Return what a run has left that it should not have."""
    temp = pip.folder / "temp"
    site = Venv(pip.python.parents[1]).site
    found = [str(path) for path in temp.rglob("*")]
    found += [str(path) for path in site.glob("pip-*") if not path.name.endswith(".dist-info")]
    found += [str(path) for path in site.glob("~*")]
    cache = pip.folder / "cache"
    found += [str(path) for path in cache.rglob("pip-*")]
    found += [str(path) for path in cache.rglob("*.whl*")]
    return found + (processes(temp) if Path("/proc/self").exists() else [])


def wait_until(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait for a condition while a process runs."""
    deadline = time.monotonic() + 30
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
