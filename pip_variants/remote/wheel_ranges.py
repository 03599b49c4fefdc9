"""The parts of one wheel on its server, whose every response is checked for what it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pip_variants.core.errors import quoted
from pip_variants.formats.partial_file import PartialFile

from .byte_ranges import Part, is_whole, part_of
from .transport import RemoteFile, Response, Transport, TransportError, TruncatedError

_TAIL = 128 * 1024
"""Bytes of the first request: nearly always all that is needed, or a small wheel itself."""
_LARGE = 64 * 1024 * 1024
"""Bytes; only a file larger than this is worth a second try at a part of it."""


class InCacheError(Exception):
    """The server said that the file in the HTTP cache is still the same."""


class SentWholeError(Exception):
    """A server sent a whole wheel in place of a part of it; it is at ``path``."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


@dataclass(frozen=True, slots=True)
class WheelRanges:
    """The parts of one wheel on its server.

    ``whole`` keeps it if it comes whole, unless ``keeps`` is false: then it raises FetchError.
    """

    wheel: RemoteFile
    transport: Transport
    whole: Callable[[RemoteFile, Response], Path]
    keeps: bool

    def open(self) -> PartialFile:
        """Return the wheel with its end; raise TransportError, or SentWholeError."""
        stated = self.wheel.size
        end = f"-{_TAIL}" if stated is None else f"{max(0, stated - _TAIL)}-"
        with self._request(end) as response:
            if response.from_cache:
                raise InCacheError
            part = part_of(response)
            if part is None and is_whole(response):
                raise self._sent_whole(response)
            if part is None or part.end != part.size:
                raise _unexpected_part(response)
            start = max(part.start, part.size - _TAIL)
            may_send_parts = response.accepts_ranges and part.size > _LARGE
            is_enough = start == part.start and not self.keeps
            if part.is_whole and not may_send_parts and not is_enough:
                raise self._sent_whole(response)
            content = _body(response, part) if start == part.start else None
        # Some servers do not know ranges that count from the end, and a stated size may be wrong.
        if content is None:
            content = self.fetch(part.size, start, part.size)
        file = PartialFile(part.size, partial(self.fetch, part.size))
        file.add(start, content)
        return file

    def fetch(self, size: int, start: int, end: int) -> bytes:
        """Return the bytes between two offsets of the wheel, which has ``size`` bytes.

        Raise TransportError, or SentWholeError.
        """
        with self._request(f"{start}-{end - 1}") as response:
            part = part_of(response)
            if part == Part(start, end, size):
                return _body(response, part)
            if is_whole(response):
                raise self._sent_whole(response)
            raise _unexpected_part(response)

    def _sent_whole(self, response: Response) -> SentWholeError:
        return SentWholeError(self.whole(self.wheel, response))

    def _request(self, byte_range: str) -> AbstractContextManager[Response]:
        headers = {"Cache-Control": "no-cache", "Range": f"bytes={byte_range}"}
        return self.transport.get(self.wheel.url, headers)


def _unexpected_part(response: Response) -> TransportError:
    found = quoted(response.content_range) if response.content_range else "no usable headers"
    return TransportError(f"a request for a part of it was answered with {found}")


def _body(response: Response, part: Part) -> bytes:
    """Return the body of a response; raise TransportError unless it has the length of its part."""
    length = part.end - part.start
    content = bytearray()
    for chunk in response.chunks():
        content += chunk
        if len(content) > length:
            raise TransportError("more bytes than announced arrived")
    if len(content) < length:
        raise TruncatedError(len(content), str(length))
    return bytes(content)
