"""How ``remote`` reaches a server: what it needs of the installer's network session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO, Protocol

from pip_variants.core.errors import VariantError, quoted
from pip_variants.core.properties import Label

Headers = Mapping[str, str]
NO_HEADERS: Headers = MappingProxyType({})


def origin_of(url: str) -> str:
    """Return a URL up to its path: scheme, credentials, host and port."""
    return url[: url.find("/", url.find("://") + 3)]


class TransportError(VariantError):
    """A request failed; the text is the reason. ``status``: with this one the server refused it."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


class TruncatedError(TransportError):
    """The body of a response ended before as many bytes had arrived as it declares."""

    def __init__(self, arrived: int, declared: str) -> None:
        super().__init__(f"truncated: {arrived} of {quoted(declared)} bytes arrived")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a source.

    ``url`` has no fragment, ``shown_url`` neither that nor credentials. ``hashes`` are those that
    the page gives, by algorithm. ``source`` is the page or folder that lists the file;
    ``is_listed``: it is a page. ``path`` is set for a file on a local disk,
    ``label`` for a variant wheel. ``size`` is in bytes, as the page states it.
    """

    filename: str
    url: str
    shown_url: str
    source: str
    hashes: Mapping[str, object] = field(default_factory=dict)
    path: Path | None = None
    is_listed: bool = True
    label: Label | None = None
    size: int | None = None


class Response(Protocol):
    """The successful response to a GET request.

    ``declared_length`` is the Content-Length header, or empty, and so is ``content_range``.
    ``is_encoded``: the body is not the file itself but a compressed form of it. ``validator`` is
    what an If-Range header takes, or empty. ``from_cache`` says that the HTTP cache supplied it
    without a request to the server.
    """

    status: int
    declared_length: str
    content_range: str
    accepts_ranges: bool
    is_encoded: bool
    validator: str
    from_cache: bool

    def chunks(self) -> Iterator[bytes]:
        """Yield the body; raise TransportError, or TruncatedError where that is noticed."""

    def abort(self) -> None:
        """Close the connection, from another thread than the one that reads the body."""


class Transport(Protocol):
    """Requests with the installer's proxies, certificates, credentials, retries and cache."""

    def get(
        self, url: str, headers: Headers = NO_HEADERS, *, is_file: bool = False
    ) -> AbstractContextManager[Response]:
        """Send a GET request, following redirects; raise TransportError unless it succeeds.

        A body has to be there in a limited time, unless it ``is_file``, or the whole file where a
        part was requested.
        """

    def gives_up_encryption(self, source: str, url: str) -> bool:
        """Return whether a source of https leads to a URL of http, whose host is not trusted."""

    def open_cached(self, url: str, *, stale: bool = False) -> IO[bytes] | None:
        """Return a file as the HTTP cache has it, or None.

        It is None as well if a request is due for it, unless ``stale``.
        """
