"""METADATA and ``variant.json`` of wheels, read without downloading them.

The end of a wheel is requested first. It has most of what is needed, and says where the rest is.
A server may send the whole file instead: that is kept, so that it is not requested again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from pip_variants.core.decision import SelectedVariant
from pip_variants.core.errors import FetchError, VariantError, quoted
from pip_variants.formats.partial_file import PartialFile
from pip_variants.formats.variant_json import VARIANT_JSON
from pip_variants.formats.wheel_archive import (
    archive_errors,
    local_members,
    read_members,
    variant_in,
)
from pip_variants.system.workers import Workers

from .byte_ranges import Part, is_whole, part_of
from .prefetch import Prefetch
from .transport import (
    RemoteFile,
    Response,
    Transport,
    TransportError,
    TruncatedError,
    origin_of,
)

METADATA = "METADATA"
_NAMES = (METADATA, VARIANT_JSON)
_TAIL = 128 * 1024
"""Bytes of the first request: nearly always all that is needed, or a small wheel itself."""
_LARGE = 64 * 1024 * 1024
"""Bytes; only a file larger than this is worth a second try at a part of it."""


class Keep(Protocol):
    """Where a wheel goes that a server sends whole."""

    def __call__(self, wheel: RemoteFile, size: int | None, body: Iterator[bytes]) -> Path:
        """Write the body of a wheel to a file and return its path."""

    def quietly(self) -> Keep:
        """Return the same for the background, which shows nothing."""

    def announce(self, wheel: RemoteFile, size: int | None) -> None:
        """Show, as pip does, that a wheel is downloaded."""


class WheelReader:
    """Reads each wheel once.

    ``keep`` writes a wheel that a server sends whole; without it such a wheel cannot be read.
    ``arrived`` has those wheels by URL, ``sizes`` the bytes of each wheel that was requested.
    """

    def __init__(self, keep: Keep | None = None) -> None:
        self.arrived: dict[str, Path] = {}
        self.sizes: dict[str, int] = {}
        self.keep = keep
        self._read: dict[str, dict[str, bytes] | VariantError] = {}
        self._ahead: dict[str, Prefetch[dict[str, bytes]]] = {}
        self._partial: set[str] = set()

    def without_downloads(self) -> WheelReader:
        """Return a reader that has read the same wheels, fetches none whole and may try again."""
        own = WheelReader()
        own.arrived, own.sizes = self.arrived, self.sizes
        own._read = {
            url: found for url, found in self._read.items() if not isinstance(found, VariantError)
        }
        return own

    def own_variant(self, wheel: RemoteFile, transport: Transport) -> SelectedVariant:
        """Return the variant that the ``variant.json`` of a wheel describes.

        Raise FetchError if the wheel cannot be read, and MetadataError if the file in it is
        missing, invalid, or has another label than the file name.
        """
        return variant_in(wheel.filename, self.members(wheel, transport), wheel.label)

    def members(self, wheel: RemoteFile, transport: Transport) -> Mapping[str, bytes]:
        """Return, by name, METADATA and ``variant.json`` of a wheel as far as it has them.

        Raise FetchError if the wheel cannot be read, and MetadataError if it is not a valid
        archive; the same error each time.
        """
        found = self._read.get(wheel.url)
        if found is None:
            try:
                ahead = self._members_ahead(wheel)
                found = self._members(wheel, transport) if ahead is None else ahead
            except VariantError as error:
                found = error
            self._read[wheel.url] = found
        if isinstance(found, VariantError):
            raise found
        return found

    def read_ahead(self, wheel: RemoteFile, transport: Transport, workers: Workers) -> None:
        """Start to read a wheel in the background, if its server is known to send parts."""
        if origin_of(wheel.url) in self._partial and wheel.url not in {*self._read, *self._ahead}:
            own = WheelReader(self.keep.quietly() if self.keep is not None else None)
            own.arrived, own.sizes = self.arrived, self.sizes
            self._ahead[wheel.url] = Prefetch(partial(own._members, wheel, transport), workers)

    def is_read_ahead(self, url: str) -> bool:
        """Return whether a wheel is being read in the background for the next ``members``."""
        return url in self._ahead

    def _members_ahead(self, wheel: RemoteFile) -> dict[str, bytes] | None:
        """Return what was read in the background; None if nothing was, or if that failed."""
        ahead = self._ahead.pop(wheel.url, None)
        if ahead is None:
            return None
        try:
            found = ahead.result()
        except VariantError:
            return None
        if wheel.url in self.arrived and self.keep is not None:
            self.keep.announce(wheel, self.sizes.get(wheel.url))
        return found

    def known(self, url: str) -> Mapping[str, bytes]:
        """Return what has been read of a wheel so far; no request is sent."""
        found = self._read.get(url)
        return found if isinstance(found, dict) else {}

    def known_variant(self, wheel: RemoteFile) -> SelectedVariant | None:
        """Return the variant of a wheel if a valid one has been read; no request is sent."""
        try:
            return variant_in(wheel.filename, self.known(wheel.url), wheel.label)
        except VariantError:
            return None

    def _members(self, wheel: RemoteFile, transport: Transport) -> dict[str, bytes]:
        if wheel.path is not None:
            return local_members(wheel.path, _NAMES)
        with archive_errors(wheel.filename):
            cached = _cached_members(wheel, transport)
            if cached is not None:
                return cached
            ranges = _Ranges(wheel, transport, self._whole, keeps=self.keep is not None)
            try:
                file = ranges.open()
                self.sizes[wheel.url] = file.size
                found = read_members(file, _NAMES)
            except _InCacheError:
                cached = _cached_members(wheel, transport, stale=True)
                if cached is not None:
                    return cached
                path = self._download(wheel, transport)
            except _SentWholeError as sent:
                path = sent.path
            except TransportError:
                path = self._download(wheel, transport)
            else:
                self._partial.add(origin_of(wheel.url))
                return found
            self.arrived[wheel.url] = path
            self.sizes[wheel.url] = path.stat().st_size
            return local_members(path, _NAMES)

    def _download(self, wheel: RemoteFile, transport: Transport) -> Path:
        """Request a wheel without a range, and return the path where it is kept."""
        try:
            with transport.get(wheel.url) as response:
                return self._whole(wheel, response)
        except TransportError as error:
            raise FetchError(f"{wheel.filename}: cannot be read: {error}") from None

    def _whole(self, wheel: RemoteFile, response: Response) -> Path:
        """Keep the body of a response that has the whole wheel, and return the path."""
        if self.keep is None:
            raise FetchError(f"{wheel.filename}: its server does not support range requests")
        if response.is_encoded:
            raise TransportError("the server sent it encoded")
        part = part_of(response)
        return self.keep(wheel, part.size if part is not None else None, response.chunks())


def _cached_members(
    wheel: RemoteFile, transport: Transport, *, stale: bool = False
) -> dict[str, bytes] | None:
    cached = transport.open_cached(wheel.url, stale=stale)
    if cached is None:
        return None
    with cached:
        return read_members(cached, _NAMES)


class _InCacheError(Exception):
    """The server said that the file in the HTTP cache is still the same."""


class _SentWholeError(Exception):
    """A server sent a whole wheel in place of a part of it; it is at ``path``."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


@dataclass(frozen=True, slots=True)
class _Ranges:
    """The parts of one wheel on its server.

    ``whole`` keeps it if it comes whole, unless ``keeps`` is false: then it raises FetchError.
    """

    wheel: RemoteFile
    transport: Transport
    whole: Callable[[RemoteFile, Response], Path]
    keeps: bool

    def open(self) -> PartialFile:
        """Return the wheel with its end; raise TransportError, or _SentWholeError."""
        stated = self.wheel.size
        wanted = f"-{_TAIL}" if stated is None else f"{max(0, stated - _TAIL)}-"
        with self._request(wanted) as response:
            if response.from_cache:
                raise _InCacheError
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

        Raise TransportError, or _SentWholeError.
        """
        with self._request(f"{start}-{end - 1}") as response:
            part = part_of(response)
            if part == Part(start, end, size):
                return _body(response, part)
            if is_whole(response):
                raise self._sent_whole(response)
            raise _unexpected_part(response)

    def _sent_whole(self, response: Response) -> _SentWholeError:
        return _SentWholeError(self.whole(self.wheel, response))

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
