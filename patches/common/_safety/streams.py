"""Standard output and error: of any encoding, closed, full, or a pipe that nobody reads.

Beside them are the files of which pip knows from the start that it has to write them.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from logging.handlers import RotatingFileHandler
from optparse import Values
from typing import TextIO, TypeVar
from urllib.parse import urlsplit

_Result = TypeVar("_Result")
logger = logging.getLogger(__name__)

_OUTPUTS = ("json_report_file", "output_file")
_PLACES = ("index_url", "extra_index_urls", "find_links", "variant_provider_index", "proxy")


_SIZES = ("COLUMNS", "LINES")
_SIZE = re.compile("0*[1-9][0-9]{0,3}")
_LONGEST_SHOWN = 1000


class LostOutputError(Exception):
    """What was printed has not arrived."""


def prepare() -> None:
    """Let no text be such that it cannot be written; a stream that is closed leads nowhere."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest that is free, which is this one; else a file of pip's would be the output.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for the run
        reconfigure = getattr(getattr(sys, name), "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def terminal_environ(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return variables without a width or a height that no terminal has, such as 0."""
    odd = {name for name in _SIZES if not _SIZE.fullmatch(environ.get(name, "1"))}
    return {name: text for name, text in environ.items() if name not in odd} if odd else environ


def to_the_end(step: Callable[[], _Result]) -> _Result:
    """Return what a step of pip returns; end with one sentence if its output is lost or it fails.

    Commands report their errors themselves; here they are of what comes before and after them.
    """
    from pip._internal.cli import status_codes

    status = status_codes.ERROR
    try:
        try:
            return step()
        finally:
            _flush()
            _flush_errors()
    except (LostOutputError, BrokenPipeError):
        _report("Pipe to stdout was broken")
        _discard(sys.stdout)
        status = getattr(status_codes, "BROKEN_STDOUT", status)  # since 26.2
    except KeyboardInterrupt:
        _report("Operation cancelled by user")
    except (OSError, MemoryError, RecursionError) as error:
        _report(str(_in_one_sentence(error)))
    sys.exit(status)


@contextlib.contextmanager
def writing(options: Values) -> Iterator[None]:
    """Return a context in which a command runs: its output is written, or an error of pip raised.

    BrokenStdoutLoggingError, CommandError for invalid options, or what `failures` makes of it.
    """
    from pip._internal.utils.logging import BrokenStdoutLoggingError

    _check(options)
    try:
        yield
    except Exception as error:
        if isinstance(error, (OSError, BrokenStdoutLoggingError)):
            _end_output(error)
        if isinstance(error, BrokenPipeError):
            raise BrokenStdoutLoggingError from error
        sentence = _in_one_sentence(error)
        if sentence is None:
            raise
        raise sentence from error
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # how rich ends
            raise BrokenStdoutLoggingError from error
        raise
    _end_output()


def _in_one_sentence(error: Exception) -> Exception | None:
    """Return what `failures` makes of an error, also if no file can be opened any more."""
    try:
        from .failures import in_one_sentence
    except OSError:
        return _command_error(f"Could not complete the command: {reason(error)}")
    return in_one_sentence(error)


def _end_output(cause: Exception | None = None) -> None:
    from pip._internal.utils.logging import BrokenStdoutLoggingError

    try:
        _flush()
    except LostOutputError:
        raise BrokenStdoutLoggingError from cause


def _check(options: Values) -> None:
    """Raise CommandError if a URL of the options is invalid, or a file cannot be written."""
    for option in _PLACES:
        value = getattr(options, option, None) or ()
        for url in (value,) if isinstance(value, str) else value:
            problem = _invalid_url(url)
            if problem:
                from .urls import shown_location

                raise _command_error(f"{shown_location(url)} is not a valid URL: {problem}")
    for option in _OUTPUTS:
        file = getattr(options, option, None)
        problem = _problem(file) if file and file != "-" else ""
        if problem:
            raise _command_error(f"Cannot write {file}: {problem}")


def _command_error(text: str) -> Exception:
    from pip._internal.exceptions import CommandError

    return CommandError(text)


def _problem(file: str) -> str:
    """Return why a file cannot be written, or an empty string."""
    folder = os.path.dirname(file) or os.curdir
    try:
        os.stat(os.path.join(folder, ""))
        if os.path.isdir(file):
            return "it is a folder"
        is_allowed = os.access(file if os.path.exists(file) else folder, os.W_OK)
    except OSError as error:
        return error.strerror or str(error)
    return "" if is_allowed else "Permission denied"


def _invalid_url(url: str) -> str:
    """Return why this is no URL, or an empty string for what is one, or a path."""
    if "://" not in url:
        return ""
    try:
        split = urlsplit(url)
        is_complete = split.port != 0 and (split.hostname or split.scheme == "file")
    except ValueError:  # its text may have a part of a password
        return "its host or its port is invalid"
    return "" if is_complete else "it names no host"


def _flush() -> None:
    """Write what is buffered; raise LostOutputError if that fails, or has failed before."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError) as error:  # ValueError: it has been closed
        _discard(sys.stdout)
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            _report(f"Cannot write to stdout: {reason(error)}")
        raise LostOutputError from None


def _flush_errors() -> None:
    try:
        sys.stderr.flush()
    except (OSError, ValueError):
        _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    """Let a stream lead nowhere, so that the interpreter does not try again when it ends."""
    with contextlib.suppress(OSError, ValueError):  # it is no file
        number = os.open(os.devnull, os.O_WRONLY)
        os.dup2(number, stream.fileno())
        os.close(number)


def _report(problem: str) -> None:
    from .printing import one_line, without_passwords

    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"ERROR: {without_passwords(one_line(problem))}\n")
    _flush_errors()


def reason(error: BaseException) -> str:
    """Return what the system says, and about which files, without a final full stop."""
    if isinstance(error, OSError) and error.strerror:
        names = (error.filename, error.filename2)
        files = " -> ".join(_shown(name) for name in names if name is not None)
        return f"{files}: {error.strerror}" if files else error.strerror
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if isinstance(error, RecursionError):
        return "something that was read is nested too deeply"
    return _shown(str(error) or type(error).__name__)


def _shown(name: object) -> str:
    """Return a name, which the system has as text, as bytes or as the number of an open file."""
    text = os.fsdecode(name) if isinstance(name, bytes) else str(name)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def leave_log(handler: RotatingFileHandler) -> None:
    """Log no more to a file that cannot be written; the error is being handled."""
    logging.getLogger().removeHandler(handler)
    error = sys.exc_info()[1]
    if error is not None:
        logger.warning("Cannot write the log %s: %s", handler.baseFilename, reason(error))
