"""How ``remote`` reaches a server: what it needs of the installer's network session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from pip_variants.core.errors import VariantError, quoted
from pip_variants.core.properties import Label


class TransportError(VariantError):
    """A request failed; the text is the reason. ``is_status``: the server refused it."""

    def __init__(self, reason: str, *, is_status: bool = False) -> None:
        super().__init__(reason)
        self.is_status = is_status


class TruncatedError(TransportError):
    """The body of a response ended before as many bytes had arrived as it declares."""

    def __init__(self, arrived: int, declared: str) -> None:
        super().__init__(f"truncated: {arrived} of {quoted(declared)} bytes arrived")


class RangesUnsupportedError(VariantError):
    """A server does not support range requests."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a source.

    ``url`` has no fragment, ``shown_url`` neither that nor credentials. ``hashes`` are those that
    the page gives, by algorithm. ``source`` is the page or folder that lists the file;
    ``is_listed``: it is a page. ``path`` is set for a file on a local disk,
    ``label`` for a variant wheel.
    """

    filename: str
    url: str
    shown_url: str
    source: str
    hashes: Mapping[str, object] = field(default_factory=dict)
    path: Path | None = None
    is_listed: bool = True
    label: Label | None = None


class Response(Protocol):
    """The successful response to a GET request.

    ``declared_length`` is the Content-Length header, or empty. ``from_cache`` says that the HTTP
    cache supplied it without a request to the server.
    """

    declared_length: str
    from_cache: bool

    def chunks(self) -> Iterator[bytes]:
        """Yield the body; raise TransportError, or TruncatedError where that is noticed."""


class Transport(Protocol):
    """Requests with the installer's proxies, certificates, credentials, retries and cache."""

    def get(self, url: str, cache_control: str | None = None) -> AbstractContextManager[Response]:
        """Send a GET request, following redirects; raise TransportError unless it succeeds."""

    def open_ranges(self, url: str) -> AbstractContextManager[IO[bytes]]:
        """Open a file that is read by range requests.

        Reading raises TransportError, or RangesUnsupportedError if the server ignores ranges.
        """
