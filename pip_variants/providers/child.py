"""A child process that a time limit ends, together with whatever it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PAUSE = 0.1


def run(
    command: Sequence[str],
    time_limit: float,
    *,
    output: Path | None = None,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
    tick: Callable[[], object] | None = None,
) -> int | None:
    """Return the exit status, or None if ``time_limit`` seconds were not enough.

    What it prints goes to the file ``output``, or nowhere. Nothing that it started in its own
    session is left running. ``tick`` is called now and then while it runs. Raise OSError if it
    cannot be started.
    """
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
    """Kill the process if it still runs, and those of its children that stayed."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    if process.returncode is None:
        process.kill()
        # A process that hangs inside a driver cannot be killed: do not wait for it for ever.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)
