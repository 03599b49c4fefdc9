"""One file downloaded, continued where a connection broke (RFC 9110, sections 13.1.5 and 14.2)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO

from .byte_ranges import PARTIAL_CONTENT, declared_size, is_whole, part_of
from .transport import Headers, Response, TransportError, TruncatedError

_RANGE_NOT_SATISFIABLE = 416
_PROGRESS = 1024 * 1024
"""Bytes; a connection that brought fewer has failed."""
_PAUSE = 0.25
"""Seconds before the second try, then twice as long each time."""
_MOST_DOUBLINGS = 6


@dataclass(slots=True)
class Download:
    """A file that arrives in ``target``.

    ``size`` is None until a server has stated it, ``response`` until there is the one from which
    the file begins. ``request`` sends a GET request for it with these headers. ``retries`` is how
    often in a row a connection may fail. ``advance`` gets the number of bytes that arrived, a
    negative one if they are discarded. ``cancelled`` ends the download. ``arrived`` bytes are in
    ``target``, perhaps from an earlier run: then the hash of the file has to be checked, because
    nothing else shows that it is still the same. ``stated`` bytes are the most that are written
    where the server states no size.
    """

    request: Callable[[Headers], AbstractContextManager[Response]]
    target: BinaryIO
    retries: int
    advance: Callable[[int], None]
    cancelled: threading.Event
    size: int | None = None
    response: Response | None = None
    arrived: int = 0
    stated: int | None = None
    _connection: Response | None = None
    _validator: str = ""

    def abort(self) -> None:
        """Close the connection, from another thread; ``cancelled`` must be set before."""
        if self._connection is not None:
            self._connection.abort()

    def run(self) -> None:
        """Write the file; raise TransportError."""
        failures = 0
        while not self.cancelled.is_set():
            before = self.arrived
            try:
                self._receive()
            except TransportError as error:
                if self.arrived - before >= _PROGRESS:
                    failures = 0
                # The session has tried again before it gave up a request.
                is_refused = error.status is not None or self._connection is None
                if failures >= self.retries or (is_refused and not self.arrived):
                    raise
                if error.status == _RANGE_NOT_SATISFIABLE:
                    self._discard()
                self.cancelled.wait(_PAUSE * 2 ** min(failures, _MOST_DOUBLINGS))
                failures += 1
            else:
                return

    def _receive(self) -> None:
        """Receive what is missing over one connection."""
        headers = {}
        if self.arrived:
            headers["Range"] = f"bytes={self.arrived}-"
            if self._validator:
                headers["If-Range"] = self._validator
        with self.request(headers) as response:
            self._connection = response
            if not self._continues(response):
                self._begin(response)
            for chunk in response.chunks():
                # A connection that is closed by `abort` may return what is still encrypted.
                if self.cancelled.is_set():
                    return
                self.target.write(chunk)
                self.arrived += len(chunk)
                self.advance(len(chunk))
                if self.size is None and self.stated is not None and self.arrived > self.stated:
                    raise TransportError("more bytes arrived than its page states")
        if self.size is not None and self.arrived != self.size:
            raise TruncatedError(self.arrived, str(self.size))

    def _continues(self, response: Response) -> bool:
        """Return whether a response is the rest of the file of which a part is there."""
        part = part_of(response)
        if part is None or not 0 < self.arrived == part.start or part.end != part.size:
            return False
        if self.response is None:  # an earlier run began the file
            self._adopt(response, part.size)
        return part.size == self.size

    def _begin(self, response: Response) -> None:
        """Begin with a response that has the file from its first byte on."""
        self._discard()
        if response.status == PARTIAL_CONTENT and not is_whole(response):
            raise TransportError("the server sent another part of the file than was requested")
        self._adopt(response, declared_size(response))

    def _adopt(self, response: Response, size: int | None) -> None:
        self.response = response
        self._validator = response.validator
        self.size = size

    def _discard(self) -> None:
        self.target.seek(0)
        self.target.truncate()
        self.advance(-self.arrived)
        self.arrived = 0
