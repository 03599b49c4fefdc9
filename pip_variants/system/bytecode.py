"""Python files compiled in child processes, since compiling holds the interpreter's lock."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pip_variants.core.errors import InterpreterError

from . import interpreter
from .child import PIPE, Child, start

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
        self._idle: list[Child] = []
        self._all: list[Child] = []
        self._lock = threading.Lock()
        self._closed = False

    def compile(self, sources: Sequence[Source]) -> Iterator[Source]:
        """Yield the sources that were compiled."""
        child = self._take()
        if child is None:
            return
        requests, responses = child.process.stdin, child.process.stdout
        if requests is None or responses is None:
            return
        try:
            # The responses are so short that neither side has to wait for the other to read.
            for source in sources:
                line = json.dumps([str(source.path), source.final_path, str(source.target)])
                requests.write(f"{line}\n")
            requests.flush()
            for source in sources:
                if _response(responses) == "1":
                    yield source
        except (OSError, ValueError, EOFError):  # it has ended, or a path is no valid text
            child.end()
            return
        with self._lock:
            self._idle.append(child)

    def close(self) -> None:
        """End the child processes."""
        with self._lock:
            self._closed = True
            children = self._all[:]
        for child in children:
            child.end()

    def _take(self) -> Child | None:
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


def _start() -> Child:
    """Start a child process that compiles as this interpreter would.

    Raise InterpreterError or OSError if there is none.
    """
    optimize = ["-" + "O" * sys.flags.optimize] if sys.flags.optimize else []
    return start(
        interpreter.command("-S", "-B", "-X", "utf8", *optimize),
        (str(_SCRIPT),),
        stdin=PIPE,
        stdout=PIPE,
        encoding="utf-8",
        environ=interpreter.environment(os.environ),
    )


def _response(stream: IO[str]) -> str:
    line = stream.readline()
    if not line:
        raise EOFError
    return line.rstrip()
