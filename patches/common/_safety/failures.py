"""Errors that pip itself does not catch, each in one sentence and never a traceback."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from tarfile import TarError
from zipfile import BadZipFile

from pip._internal.exceptions import InstallationError, NetworkConnectionError, PipError
from pip._internal.utils.misc import redact_auth_from_url
from pip._vendor.packaging.markers import InvalidMarker
from pip._vendor.packaging.requirements import InvalidRequirement
from pip._vendor.packaging.specifiers import InvalidSpecifier
from pip._vendor.packaging.version import InvalidVersion
from pip._vendor.pyproject_hooks import BackendUnavailable, HookMissing
from pip._vendor.requests.exceptions import (
    InvalidSchema,
    InvalidURL,
    MissingSchema,
    RequestException,
    Timeout,
    TooManyRedirects,
)
from pip._vendor.urllib3.exceptions import DecodeError, HTTPError, ReadTimeoutError

from . import streams
from .printing import one_line, printable, quoted

_hints = 0
_MISSING = (403, 404, 410)
"""What a server responds that has no such page; 403: one that does not say which pages it has."""
_INVALID = (InvalidRequirement, InvalidMarker, InvalidSpecifier, InvalidVersion)
_NO_THREAD = "can't start new thread"
"""What Python says where the system, or a limit on processes, lets no further thread start."""
_USER = re.compile(r"://\S*@")


class RefusedResponseError(NetworkConnectionError):
    """A response that pip does not use; the text continues "because of HTTP error"."""


@contextmanager
def hinting() -> Iterator[None]:
    """Return a context in which pages are fetched for a message, which may be without them."""
    global _hints  # noqa: PLW0603 - the only place that changes it
    _hints += 1
    try:
        yield
    finally:
        _hints -= 1


def is_missed(error: str | Exception) -> bool:
    """Return whether a page that could not be fetched may be there, and would have been used.

    Not every index has a page for each project.
    """
    status = getattr(getattr(error, "response", None), "status_code", None)
    is_missing = status in _MISSING and not isinstance(error, RefusedResponseError)
    return not _hints and not is_missing


def page_reason(error: str | Exception) -> str | Exception:
    """Return why a page could not be fetched, in a few words where pip has those of a library."""
    return reason(error) if isinstance(error, RequestException) else error


def shown_url(url: str) -> str:
    """Return a URL without its password, as one short word without control characters."""
    try:
        shown = redact_auth_from_url(url)
    except ValueError:
        shown = url.rpartition("@")[2]
    return quoted(shown)


def in_one_sentence(error: Exception) -> PipError | None:
    """Return pip's error in place of one of a library, or None if it is about something else."""
    if isinstance(error, RefusedResponseError):
        about: object = error.request if error.response is None else error.response
        shown = shown_url(str(getattr(about, "url", "")))
        return NetworkConnectionError(f"Could not fetch {shown}: {error}", error.response)
    if isinstance(error, (PipError, BrokenPipeError)):  # nobody reads what is printed
        return None
    if isinstance(error, (RequestException, HTTPError)):
        url = getattr(getattr(error, "request", None), "url", None)
        what = shown_url(url) if url else "a URL"
        return NetworkConnectionError(f"Could not fetch {what}: {reason(error)}")
    if isinstance(error, (TarError, BadZipFile, zlib.error)):
        problem = f"Could not unpack an archive: {printable(str(error))}"
    elif isinstance(error, _INVALID):
        problem = f"Invalid requirement or version: {_without_marks(error)}"
    elif isinstance(error, (BackendUnavailable, HookMissing)):
        problem = f"Could not build a distribution: {_backend_problem(error)}"
    elif isinstance(error, (OSError, MemoryError, RecursionError)):
        problem = f"Could not complete the command: {one_line(streams.reason(error))}"
    elif isinstance(error, RuntimeError) and str(error) == _NO_THREAD:
        problem = f"Could not complete the command: {_NO_THREAD}"
    elif isinstance(error, ValueError) and _is_about_url(error):  # it may have a part of a password
        problem = "Could not complete the command: a URL is invalid: its host or its port"
    else:
        return None
    return InstallationError(problem)


def _without_marks(error: Exception) -> str:
    """Return an error of packaging, which underlines below itself what it is about."""
    first, *rest = str(error).splitlines()
    return printable(f"{first}: {rest[0].strip()}" if rest else first)


def _backend_problem(error: BackendUnavailable | HookMissing) -> str:
    """Return what a build backend lacks; the traceback is that of another process."""
    if isinstance(error, HookMissing):
        return f"its build backend has no hook {printable(str(error.hook_name))}"
    lines = str(error.traceback or error).strip().splitlines()
    return f"its build backend cannot be imported: {printable(lines[-1] if lines else '')}"


def _is_about_url(error: ValueError) -> bool:
    """Return whether it was raised while a URL was read, which has no exception of its own."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__") == "urllib.parse":
            return True
        trace = trace.tb_next
    return False


def reason(error: Exception) -> str:
    """Return why a request failed: the innermost reason that requests and urllib3 have."""
    if isinstance(error, TooManyRedirects):
        return "there are too many redirects"
    causes = list(_causes(error))
    if any(isinstance(cause, (Timeout, ReadTimeoutError)) for cause in causes):
        return "the server did not respond in time"
    if isinstance(error, (InvalidURL, InvalidSchema, MissingSchema)):
        # It repeats the URL, of which what precedes an @ may be secret.
        return printable(_USER.sub("://****@", str(error)))
    if decoding := [cause for cause in causes if isinstance(cause, DecodeError)]:
        return printable(str(decoding[-1].args[0]))  # zlib's own reason says less
    if isinstance(causes[-1], HTTPException):
        return "the server sent an invalid response"
    # An error of urllib3 repeats its cause after the text.
    return printable(str(causes[-1]).rsplit(": ", 1)[-1])


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that it wraps."""
    while True:
        yield error
        inner = [getattr(error, "reason", None), *reversed(error.args)]
        found = next((item for item in inner if isinstance(item, BaseException)), None)
        if found is None:
            return
        error = found
