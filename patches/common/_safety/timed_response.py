"""A response of http.client whose every byte is counted, and waited for up to a limit.

It begins below the parser, so that it holds for status lines, interim responses, headers, the
lengths of chunks and what follows the last one, too.
"""

from __future__ import annotations

import contextlib
import io
import socket
from collections.abc import Iterator
from contextvars import ContextVar
from http.client import HTTPException, HTTPResponse
from typing import Any

from .limits import MAX_DOWNLOAD, Limit, TooMuchError

_LONGEST_LINE = 65536
_MOST_LINES = 1000
_limit: ContextVar[Limit | None] = ContextVar("limit", default=None)


@contextlib.contextmanager
def limited(limit: Limit) -> Iterator[None]:
    """Let this limit hold for the responses to requests that are sent in this context."""
    token = _limit.set(limit)
    try:
        yield
    finally:
        _limit.reset(token)


def current_limit() -> Limit | None:
    """Return the limit of the request that is being sent, or None."""
    return _limit.get()


def timed_response(sock: socket.socket, *args: Any, **options: Any) -> HTTPResponse:  # noqa: ANN401
    """Return a response, which http.client reads from a socket, under the current limit."""
    response = HTTPResponse(sock, *args, **options)
    limit = current_limit()
    if limit is not None:
        limit.begin()
        unlimited, response.fp = response.fp, _Lines(_Timed(sock, limit))
        unlimited.close()
    return response


class _Timed(io.RawIOBase):
    """The bytes of a socket."""

    def __init__(self, sock: socket.socket, limit: Limit) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._limit = limit
        self._timeout = sock.gettimeout()

    def readable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the descriptor of the socket."""
        return self._raw.fileno()

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a writable buffer
        """Read what has arrived; raise TimeoutError or TooMuchError."""
        left = self._limit.seconds_left()
        if left is not None and (self._timeout is None or left < self._timeout):
            self._sock.settimeout(left)
        start = self._limit.clock()
        count = 0
        try:
            count = self._raw.readinto(buffer) or 0
        finally:
            self._limit.arrived(count, self._limit.clock() - start)
        return count

    def close(self) -> None:
        """Let go of the socket."""
        super().close()
        self._raw.close()


class _Lines(io.BufferedReader):
    """A buffer whose lines have a limit also where urllib3 gives none: lengths and trailers."""

    _lines = 0

    def read(self, size: int | None = None, /) -> bytes:
        """Return so many bytes, or all; raise HTTPException for a length that no chunk has."""
        self._lines = 0
        if size is None:
            return super().read()
        if not 0 <= size <= MAX_DOWNLOAD:
            raise HTTPException("the length of a chunk is invalid")
        return super().read(size)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return a line; raise TooMuchError if it is too long, or one of too many."""
        most = _LONGEST_LINE + 1 if size is None or size < 0 else size
        line = super().readline(most)
        self._lines += 1
        if len(line) > _LONGEST_LINE or self._lines > _MOST_LINES:
            raise TooMuchError("the server sends lines without end")
        return line
