"""A child process with a time limit that also ends everything it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

_PAUSE = 0.1


def run(
    command: Sequence[str],
    time_limit: float,
    *,
    output: Path | None = None,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
    mark: tuple[str, str] | None = None,
    tick: Callable[[], object] | None = None,
) -> int | None:
    """Return the exit status, or None if it ran longer than ``time_limit`` seconds.

    Its output goes to the file ``output`` or is discarded. At the end its process group is killed
    and, on Linux, every process with the environment variable ``mark``, which must be unique.
    ``tick`` is called several times a second while it runs. Raise OSError if it cannot be started.
    """
    if mark is not None:
        environ = {**(os.environ if environ is None else environ), mark[0]: mark[1]}
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(output.open("wb")) if output else subprocess.DEVNULL
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environ,
            start_new_session=True,
        )
    try:
        return _wait(process, time_limit, tick)
    finally:
        _end(process)
        for pid in _marked("=".join(mark)) if mark else ():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def _wait(
    process: subprocess.Popen[bytes], time_limit: float, tick: Callable[[], object] | None
) -> int | None:
    end = time.monotonic() + time_limit
    while (left := end - time.monotonic()) > 0:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(left if tick is None else min(left, _PAUSE))
        if tick is not None:
            tick()
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process, if it still runs, and the rest of its process group."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    if process.returncode is None:
        process.kill()
        # A process that hangs inside a driver cannot be killed; do not wait for it forever.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)


def _marked(variable: str) -> Iterator[int]:
    """Yield the processes with this variable in their environment, where /proc shows it."""
    for file in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if variable.encode() in file.read_bytes().split(b"\0"):
                yield int(file.parent.name)
