"""The interpreter that child processes run: the one that runs this process, or none.

``sys.executable`` can be an application that embeds Python, a wrapper, another Python or empty. An
application is never started: it would open a second time. A child is isolated from the user's
environment, except for what this interpreter itself needs to find its standard library.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from pip_variants.core.errors import InterpreterError, quoted

from . import child

_PROGRAM = Path("/proc/self/exe")
_VERSION = Path(__file__).with_name("_version.py")
_TIME_LIMIT = 10.0
"""Seconds for an interpreter to report its version."""

_is_python = re.compile(
    r"(?:python|pypy|graalpy)w?[0-9.]*[a-z]?(?:[-_](?:[0-9]+|[a-z]|dbg|arm64|intel64|x86_64))*(?:\.exe)?",
    re.ASCII | re.IGNORECASE,
).fullmatch

# They say where the standard library is. All others are the user's.
_NEEDED = ("PYTHONHOME", "PYTHONPLATLIBDIR")


def command(*options: str) -> list[str]:
    """Return the command that starts this interpreter, isolated, with further options.

    Raise InterpreterError if there is none to start.
    """
    base = getattr(sys, "_base_executable", None)
    return [_find(sys.executable or "", base or "", _running()), *_isolation(), *options]


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for a child that ``command`` starts: it ignores those about Python."""
    if not _is_configured():
        return dict(environ)
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith("PYTHON") or name in _NEEDED
    }


def _is_configured() -> bool:
    """Return whether this interpreter finds its standard library by PYTHONHOME."""
    return bool(os.environ.get("PYTHONHOME")) and not sys.flags.ignore_environment


def _isolation() -> tuple[str, ...]:
    """Return the options that isolate a child; ``-I`` would also ignore PYTHONHOME."""
    if not _is_configured():
        return ("-I",)
    return ("-s", "-P") if sys.version_info >= (3, 11) else ("-s",)


def _running() -> str:
    """Return the program that runs this process, or nothing where no system reports it."""
    try:
        # Emulators answer for the program that they emulate, if the link is read and not followed.
        program = os.readlink(_PROGRAM)  # noqa: PTH115 - the text of the link, not a path
    except OSError:
        return ""
    return program if os.path.isfile(program) else ""  # noqa: PTH113 - it may not be a valid path


def _find(executable: str, base: str, running: str) -> str:
    """Return the interpreter to start: of the candidates the one that runs this process.

    If none of them does, as in an application, another that reports the same version. Without
    ``running`` a name is all there is to judge by.
    """
    candidates = tuple(dict.fromkeys(filter(_can_start, (executable, base, running))))
    fitting: Iterator[str] = iter(candidates)
    if running:
        same = filter(lambda name: Path(name).samefile(running), candidates)
        others = filter(_is_same_version, candidates)
        fitting = (name for names in (same, others) for name in names)
    found = next(fitting, None)
    if found is None:
        known = f"{quoted(executable)} is not this Python"
        why = known if executable else "sys.executable is empty"
        raise InterpreterError(f"there is no Python interpreter to start: {why}")
    return found


def _can_start(name: str) -> bool:
    """Return whether a file is executable and named as a Python interpreter is."""
    path = Path(name)
    return bool(_is_python(path.name)) and path.is_file() and os.access(path, os.X_OK)


def _is_same_version(name: str) -> bool:
    """Return whether an interpreter reports the version of this one."""
    own = f"{sys.version} {sys.implementation.name} {sys.maxsize}"
    python, environ = (name, *_isolation(), "-S"), environment(os.environ)
    try:
        printed = child.printed(python, (str(_VERSION),), _TIME_LIMIT, environ)
    except OSError:  # TimeoutError is one
        return False
    return printed.decode("utf-8", "replace").split() == own.split()
