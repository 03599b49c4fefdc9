"""Queries a driver through its library, in a child process with a time limit.

A driver that hangs or a library that crashes ends the child and not pip. A problem names what
failed: the interpreter that runs the child, the library or the driver.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pip_variants.core.errors import InterpreterError, quoted
from pip_variants.system import child, interpreter

from . import cache

TIME_LIMIT = 30.0
"""Seconds; a driver without persistence mode needs 20 when it wakes eight GPUs."""

SCRIPT = Path(__file__).with_name("_probe.py")

_Facts = TypeVar("_Facts")


@dataclass(frozen=True, slots=True)
class Probe(Generic[_Facts]):
    """How one driver is queried.

    ``interface`` and ``driver`` name in sentences what is called and what answers, ``code`` is the
    module that the child runs, beside its script. ``parse`` makes facts of their JSON form and
    raises ValueError, LookupError or TypeError.
    """

    interface: str
    driver: str
    code: Path
    parse: Callable[[Mapping[str, Any]], _Facts]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there are no facts.

    ``answered`` is False if that is not about the machine: no child process could run, or not to
    its end.
    """

    problem: str
    answered: bool = True


def run(probe: Probe[_Facts], arguments: tuple[str, ...], time_limit: float) -> _Facts | Failure:
    """Return the facts that the driver reports within ``time_limit`` seconds, or why not.

    ``arguments`` are those of the function ``read`` of the probe's code.
    """
    not_queried = f"{probe.interface} was not queried"
    try:
        # A file without a name: nothing of it is left, whatever happens to this process.
        with tempfile.TemporaryFile() as result:
            python = interpreter.command("-S")
            script = (str(SCRIPT), probe.code.stem, *arguments)
            environ = interpreter.environment(os.environ)
            status = child.run(python, script, time_limit, result=result, environ=environ)
            result.seek(0)
            text = result.read()
    except InterpreterError as error:
        return Failure(f"{not_queried}: {error}", answered=False)
    except OSError as error:
        what = f"{quoted(error.filename)}: " if error.filename else ""
        return Failure(f"{not_queried}: {what}{error.strerror}", answered=False)
    how = f"within {time_limit:g} s" if status is None else f"(exit status {status})"
    # The child writes a line before it loads the library.
    if not text:
        reason = f"{quoted(python[0])} did not start {how}"
        return Failure(f"{not_queried}: {reason}", answered=False)
    return _read(probe, status, text, how)


def _read(probe: Probe[_Facts], status: int | None, text: bytes, how: str) -> _Facts | Failure:
    """Return the facts in the output of a child that has started and ended ``how``."""
    if status is None:
        return Failure(f"{probe.driver} did not respond {how}", answered=False)
    if status != 0:
        return Failure(f"{probe.driver}'s library failed {how}")
    try:
        return probe.parse(json.loads(text))
    except (ValueError, LookupError, TypeError, RecursionError):
        return Failure(f"{probe.driver}'s library returned no readable result")


def lasts(*, answered: bool, whole: bool) -> float:
    """Return the seconds for which facts hold, by whether they are complete."""
    if not answered:
        return cache.NOT_KEPT
    return cache.WHOLE_LASTS if whole else cache.NOTHING_LASTS
