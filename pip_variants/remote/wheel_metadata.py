"""METADATA and ``variant.json`` of wheels, read without downloading them.

The end of a wheel is requested first. It has most of what is needed, and says where the rest is.
A server may send the whole file instead: that is kept, so that it is not requested again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Protocol, TypeVar

from pip_variants.core.decision import SelectedVariant
from pip_variants.core.errors import FetchError, VariantError
from pip_variants.formats.partial_file import PartialFile
from pip_variants.formats.variant_json import VARIANT_JSON
from pip_variants.formats.wheel_archive import archive_errors, read_members, variant_in
from pip_variants.system.owned import open_regular
from pip_variants.system.workers import Workers

from .byte_ranges import part_of
from .prefetch import Prefetch
from .transport import RemoteFile, Response, Transport, TransportError, origin_of
from .wheel_ranges import InCacheError, SentWholeError, WheelRanges

METADATA = "METADATA"
_NAMES = (METADATA, VARIANT_JSON)

_Found = TypeVar("_Found")
Read = Callable[["IO[bytes] | PartialFile"], _Found]
"""Reads a wheel, or the parts of it that it needs; it raises what ``archive_errors`` knows."""


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
    ``find`` returns where the same file lies on this machine, if it is known to be the same.
    """

    def __init__(self, keep: Keep | None = None) -> None:
        self.arrived: dict[str, Path] = {}
        self.sizes: dict[str, int] = {}
        self.keep = keep
        self.find: Callable[[RemoteFile], Path | None] = _find_nothing
        self._read: dict[str, dict[str, bytes] | VariantError] = {}
        self._ahead: dict[str, Prefetch[dict[str, bytes]]] = {}
        self._partial: set[str] = set()

    def without_downloads(self) -> WheelReader:
        """Return a reader that has read the same wheels, fetches none whole and may try again."""
        own = WheelReader()
        own.arrived, own.sizes, own.find = self.arrived, self.sizes, self.find
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
                found = self.read(wheel, transport, _described) if ahead is None else ahead
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
            own.arrived, own.sizes, own.find = self.arrived, self.sizes, self.find
            self._ahead[wheel.url] = Prefetch(
                partial(own.read, wheel, transport, _described), workers
            )

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

    def read(self, wheel: RemoteFile, transport: Transport, read: Read[_Found]) -> _Found:
        """Return what ``read`` makes of a wheel, of which it may get only parts.

        Raise FetchError if the wheel cannot be read, and MetadataError if it is not a valid
        archive. Nothing of it is remembered but a wheel that a server sent whole.
        """
        with archive_errors(wheel.filename):
            local = wheel.path or self.find(wheel)
            if local is not None:
                return _read_local(local, read)
            cached = _read_cached(wheel, transport, read)
            if cached is not None:
                return cached
            ranges = WheelRanges(wheel, transport, self._whole, keeps=self.keep is not None)
            try:
                file = ranges.open()
                self.sizes[wheel.url] = file.size
                found = read(file)
            except InCacheError:
                cached = _read_cached(wheel, transport, read, stale=True)
                if cached is not None:
                    return cached
                path = self._download(wheel, transport)
            except SentWholeError as sent:
                path = sent.path
            except TransportError:
                path = self._download(wheel, transport)
            else:
                self._partial.add(origin_of(wheel.url))
                return found
            self.arrived[wheel.url] = path
            self.sizes[wheel.url] = path.stat().st_size
            return _read_local(path, read)

    def _download(self, wheel: RemoteFile, transport: Transport) -> Path:
        """Request a wheel without a range, and return the path where it is kept."""
        try:
            with transport.get(wheel.url, is_file=True) as response:
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


def _find_nothing(_: RemoteFile) -> Path | None:
    return None


def _described(file: IO[bytes] | PartialFile) -> dict[str, bytes]:
    return read_members(file, _NAMES)


def _read_local(path: Path, read: Read[_Found]) -> _Found:
    with open_regular(path) as file:
        return read(file)


def _read_cached(
    wheel: RemoteFile, transport: Transport, read: Read[_Found], *, stale: bool = False
) -> _Found | None:
    cached = transport.open_cached(wheel.url, stale=stale)
    if cached is None:
        return None
    with cached:
        return read(cached)
