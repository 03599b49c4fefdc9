"""Python files compiled in child processes, since compiling holds the interpreter's lock."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pip_variants.core.errors import InterpreterError

from . import interpreter

_SCRIPT = Path(__file__).with_name("_compile.py")


@dataclass(frozen=True, slots=True)
class Source:
    """A Python file, the path that it will have, and the file for its bytecode."""

    path: Path
    final_path: str
    target: Path


class Compilers:
    """Child processes that compile, each for one thread at a time.

    Without a Python interpreter to run, as in a program that embeds one, nothing is compiled.
    """

    def __init__(self) -> None:
        self._idle: list[subprocess.Popen[str]] = []
        self._all: list[subprocess.Popen[str]] = []
        self._lock = threading.Lock()
        self._closed = False

    def compile(self, sources: Sequence[Source]) -> Iterator[Source]:
        """Yield the sources that were compiled."""
        child = self._take()
        if child is None or child.stdin is None or child.stdout is None:
            return
        try:
            # The responses are so short that neither side has to wait for the other to read.
            for source in sources:
                line = json.dumps([str(source.path), source.final_path, str(source.target)])
                child.stdin.write(f"{line}\n")
            child.stdin.flush()
            for source in sources:
                if _response(child.stdout) == "1":
                    yield source
        except (OSError, ValueError, EOFError):  # it has ended, or a path is no valid text
            _kill(child)
            return
        with self._lock:
            self._idle.append(child)

    def close(self) -> None:
        """End the child processes."""
        with self._lock:
            self._closed = True
            children = self._all[:]
        for child in children:
            _kill(child)

    def _take(self) -> subprocess.Popen[str] | None:
        with self._lock:
            if self._closed:
                return None
            if self._idle:
                return self._idle.pop()
            with contextlib.suppress(OSError, InterpreterError):
                child = _start()
                self._all.append(child)
                return child
        return None


def _start() -> subprocess.Popen[str]:
    """Start a child process that compiles as this interpreter would.

    Raise InterpreterError or OSError if there is none.
    """
    optimize = ["-" + "O" * sys.flags.optimize] if sys.flags.optimize else []
    return subprocess.Popen(
        interpreter.command("-S", "-B", "-X", "utf8", *optimize, str(_SCRIPT)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        errors="surrogateescape",
        env=interpreter.environment(os.environ),
        # A Ctrl-C is for pip, which ends its children itself.
        start_new_session=os.name == "posix",
    )


def _response(stream: IO[str]) -> str:
    line = stream.readline()
    if not line:
        raise EOFError
    return line.rstrip()


def _kill(child: subprocess.Popen[str]) -> None:
    child.kill()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError, ValueError):
                pipe.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(1)
