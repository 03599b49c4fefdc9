"""Child processes: the one place that starts them, so that none outlives this process.

Each runs a Python script under `_guard.py`, which ends it, with everything that it has started, as
soon as this process ends, in whatever way: by a signal, by a crash, by ``kill -9``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

_GUARD = Path(__file__).with_name("_guard.py")
_PAUSE = 0.1
_PATIENCE = 1.5
"""Seconds for the guard to end what it guards."""

PIPE = subprocess.PIPE


@dataclass(frozen=True, slots=True)
class Child:
    """A child process. ``lifeline`` is the pipe whose end ends it, or None where there is none."""

    process: subprocess.Popen[Any]
    lifeline: IO[bytes] | None

    def wait(self, time_limit: float, tick: Callable[[], object] | None = None) -> int | None:
        """Return the exit status, or None if it runs longer than ``time_limit`` seconds.

        ``tick`` is called several times a second meanwhile.
        """
        end = time.monotonic() + time_limit
        while (left := end - time.monotonic()) > 0:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.process.wait(left if tick is None else min(left, _PAUSE))
            if tick is not None:
                tick()
        return None

    def end(self) -> None:
        """End the child, and on POSIX what it has started, if they still run."""
        if self.lifeline is not None:
            self.lifeline.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_PATIENCE)
        if self.process.returncode is None:
            if os.name == "posix":
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
            # A process that hangs inside a driver cannot be killed; do not wait for it forever.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):
                    pipe.close()


def start(
    python: Sequence[str],
    script: Sequence[str],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
    stderr: int = subprocess.DEVNULL,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
    encoding: str | None = None,
) -> Child:
    """Start a script with arguments under an interpreter with options; raise OSError.

    A FIFO in place of a script is an error at once. With an ``encoding``, its pipes are text. A
    Ctrl-C is not for it: it is in another session.
    """
    _check(_GUARD, Path(script[0]))
    opened = partial(
        subprocess.Popen[Any],
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        cwd=folder,
        env=environ,
        encoding=encoding,
        errors="surrogateescape" if encoding else None,
    )
    guard = (*python, str(_GUARD))
    if os.name != "posix":
        return Child(opened((*guard, str(os.getpid()), *script)), None)
    read, write = os.pipe()
    lifeline = open(write, "wb", buffering=0)  # noqa: SIM115, PTH123 - it is closed with the child
    try:
        command = (*guard, str(read), *script)
        return Child(opened(command, pass_fds=(read,), start_new_session=True), lifeline)
    except BaseException:
        lifeline.close()
        raise
    finally:
        os.close(read)


def _check(*scripts: Path) -> None:
    """Raise OSError for what an interpreter would not read to its end."""
    for path in scripts:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise OSError(errno.EINVAL, f"{path.name} is no file", str(path))


def run(
    python: Sequence[str],
    script: Sequence[str],
    time_limit: float,
    *,
    output: Path | None = None,
    result: IO[bytes] | None = None,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
    mark: tuple[str, str] | None = None,
    tick: Callable[[], object] | None = None,
) -> int | None:
    """Run a script to its end, with everything that it starts.

    Return its exit status, or None if it ran longer than ``time_limit`` seconds. Its output, both
    streams, goes to the file ``output``, or its standard output to ``result``, or nothing is kept.
    On Linux every process with the environment variable ``mark``, which must be unique, is killed
    too, even if the guard was. ``tick`` is called several times a second while it runs. Raise
    OSError if it cannot be started.
    """
    if mark is not None:
        environ = {**(os.environ if environ is None else environ), mark[0]: mark[1]}
    with contextlib.ExitStack() as stack:
        both = stack.enter_context(output.open("wb")) if output else None
        child = start(
            *(python, script),
            stdout=both or result or subprocess.DEVNULL,
            stderr=subprocess.STDOUT if both else subprocess.DEVNULL,
            folder=folder,
            environ=environ,
        )
    try:
        return child.wait(time_limit, tick)
    finally:
        child.end()
        for pid in _marked("=".join(mark)) if mark else ():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def printed(
    python: Sequence[str], script: Sequence[str], time_limit: float, environ: Mapping[str, str]
) -> bytes:
    """Return what a script writes to its standard output; raise OSError or TimeoutError."""
    child = start(python, script, stdout=PIPE, environ=environ)
    try:
        return bytes(child.process.communicate(timeout=time_limit)[0])
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    finally:
        child.end()


def _marked(variable: str) -> Iterator[int]:
    """Yield the processes with this variable in their environment, where /proc shows it."""
    for file in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if variable.encode() in file.read_bytes().split(b"\0"):
                yield int(file.parent.name)
