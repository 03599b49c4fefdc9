"""What every reader promises, and a family of cases that hold it to that in this process.

A reader returns or raises an error that is documented, within a time and a memory, and what it says
can be shown on any terminal. A case is what is read and ``check``, which raises BrokenPromiseError
for what only that family knows, such as a choice that differs.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import TracebackType
from typing import TypeVar

from attacks.confined import confine
from attacks.family import Finding
from pip_variants.core.errors import VariantError

SECONDS = 2.0
"""Of one case; what is counted is the time of this process, whatever else the machine does."""
WAITS = 10.0
"""Seconds of the clock after which a case has been waiting for something."""
MEMORY = 300 * 1024 * 1024
"""Bytes that this process may have had during a case."""
LONGEST_TEXT = 1000
"""Characters of an error or a warning."""

_LEAST = 0.01
"""The part of the time that a process has at least of a processor, unless it waits."""
_MOST_ADDRESSES = 4 * 1024 * 1024 * 1024
_SHOWN = 2000
_PACKAGE = "pip_variants"
_PEAK_IS_NOW = "5"
_peak_in = re.compile(rb"^VmHWM:\s+([0-9]+) kB$", re.MULTILINE).search
_MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - what is written there has folders of its own

_Found = TypeVar("_Found")


class BrokenPromiseError(Exception):
    """A reader did not do what it promises; the text is one sentence, the same for each case."""


class TimeLimitError(BaseException):
    """A case took too long. It is no Exception, so that no reader takes it for its own."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is read, to show it, and the check that reads it."""

    shown: object
    check: Callable[[], object]


class InProcess:
    """A family whose cases run in this process, each by ``draw``.

    ``seconds`` are those of the processor that a case may take, ``waits`` those that it may wait.
    """

    name = ""
    seconds = SECONDS
    waits = WAITS

    def setup(self) -> None:
        """Prepare what all cases share."""
        limit_memory()
        confine([str(_MEMORY_FOLDER), tempfile.gettempdir()])
        self._peak = _peak()

    def close(self) -> None:
        """Remove what ``setup`` made."""

    def draw(self, rng: Random) -> Case:
        """Return a case."""
        raise NotImplementedError

    def attempt(self, rng: Random) -> Finding | None:
        """Run one case within its limits."""
        case = self.draw(rng)
        problem = _problem_of(case, self.seconds, self.waits)
        before, self._peak = self._peak, _peak()
        if self._peak > MEMORY and self._peak > before:
            problem = problem or (f"took more than {MEMORY // (1024 * 1024)} MB of memory", "")
            _forget_peak()
            self._peak = _peak()
        if problem is None:
            return None
        text, trace = problem
        return Finding(text, f"{shown(case.shown)}\n{trace}".rstrip())


class InFolder(InProcess):
    """A family with files, in a folder of its own."""

    def setup(self) -> None:
        """Prepare what all cases share, and the folder."""
        super().setup()
        self._temporary = temporary_folder()
        self._folder = Path(self._temporary.name)

    def close(self) -> None:
        """Remove the folder."""
        self._temporary.cleanup()


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a new folder, in memory where the system has a place for that."""
    place = _MEMORY_FOLDER if os.access(_MEMORY_FOLDER, os.W_OK) else None
    return tempfile.TemporaryDirectory(prefix="pip-variants-attack-", dir=place)


def outcome(
    call: Callable[[], _Found], documented: type[VariantError] = VariantError
) -> _Found | VariantError:
    """Return what a call returns, or the documented error that it raises, whose text is checked."""
    try:
        return call()
    except documented as error:
        check_text(str(error), type(error).__name__)
        return error


def check_text(text: str, what: str, longest: int = LONGEST_TEXT) -> None:
    """Raise BrokenPromiseError for a text that cannot be shown on a line of a terminal."""
    if not text.isprintable():
        raise BrokenPromiseError(f"{what}: its text is not printable")
    if len(text) > longest:
        raise BrokenPromiseError(f"{what}: its text has more than {longest} characters")


def promise(kept: bool, text: str) -> None:
    """Raise BrokenPromiseError with this text unless the promise was kept."""
    if not kept:
        raise BrokenPromiseError(text)


def shown(value: object) -> str:
    """Return a value in printable ASCII, its middle left out if it is long."""
    try:
        text = ascii(value)
    except RecursionError:
        return "a deeply nested value"
    if len(text) <= _SHOWN:
        return text
    half = _SHOWN // 2
    return f"{text[:half]} ... {len(text) - _SHOWN:,} characters ... {text[-half:]}"


def limit_memory() -> None:
    """Let what would take the memory of the machine end with MemoryError in this process."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if most == resource.RLIM_INFINITY or most > _MOST_ADDRESSES:
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_ADDRESSES, most))


def _problem_of(case: Case, seconds: float, waits: float) -> tuple[str, str] | None:
    """Return what is wrong with a case, and the traceback that shows it; None: nothing."""
    try:
        with time_limit(seconds, waits):
            case.check()
    except BrokenPromiseError as broken:
        return str(broken), ""
    except TimeLimitError as error:
        return f"{error}, in {_place(error.__traceback__)}", ""
    except Exception as error:  # noqa: BLE001 - which is not documented is what this is to find
        place = _place(error.__traceback__)
        # A recursion that has no end has a traceback without end.
        trace = "".join(traceback.format_exception(error, limit=-6))
        return f"{type(error).__name__} in {place}", shown(trace).replace("\\n", "\n")
    return None


def _place(trace: TracebackType | None) -> str:
    """Return the innermost function of the engine in a traceback, as `formats/reader.py:parse`."""
    found = "no function of the engine"
    for frame, _ in traceback.walk_tb(trace):
        parts = Path(frame.f_code.co_filename).parts
        if _PACKAGE in parts:
            start = len(parts) - parts[::-1].index(_PACKAGE)
            found = f"{'/'.join(parts[start:])}:{frame.f_code.co_name}"
    return found


@contextlib.contextmanager
def time_limit(seconds: float, waits: float) -> Iterator[None]:
    """Raise TimeLimitError in the block after ``seconds`` of processor, or ``waits`` of waiting.

    It reaches what is written in Python and what looks for signals; the runner ends all else.
    """
    used = time.process_time()

    def slow(*_: object) -> None:
        raise TimeLimitError(f"took more than {seconds:g} s")

    def waiting(*_: object) -> None:
        nonlocal used
        before, used = used, time.process_time()
        if used - before < _LEAST * waits:  # else it is others who have the processor
            raise TimeLimitError(f"waited more than {waits:g} s")

    timers = {
        signal.SIGPROF: (signal.ITIMER_PROF, slow, seconds),
        signal.SIGALRM: (signal.ITIMER_REAL, waiting, waits),
    }
    former = {}
    for number, (timer, stop, limit) in timers.items():
        former[number] = signal.signal(number, stop)
        signal.setitimer(timer, limit, limit)
    try:
        yield
    finally:
        for number, (timer, _, _) in timers.items():
            signal.setitimer(timer, 0)
            signal.signal(number, former[number])


def _peak() -> int:
    """Return the most bytes that this process has had.

    Where the system does not show that, it may be those of the process that started this one.
    """
    with contextlib.suppress(OSError):
        found = _peak_in(Path("/proc/self/status").read_bytes())
        if found is not None:
            return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _forget_peak() -> None:
    """Begin to measure again, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text(_PEAK_IS_NOW, encoding="ascii")
