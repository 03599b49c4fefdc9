"""An index on a free loopback port that logs every request and fails on demand.

It serves a folder, or any function that maps a path to bytes. A page that has an ``index.json``
beside its ``index.html`` is served in the form that the client accepts (PEP 691). Connections stay
open between requests, and any number of them are served in parallel.
"""

from __future__ import annotations

import hashlib
import re
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

Source = Callable[[str], "bytes | None"]
"""Maps an absolute path (`/simple/torch/index.html`) to its bytes, or to None."""

Chooser = Callable[[str, str, Mapping[str, str]], "Reply | None"]
"""Maps method, path and headers of a request, by lower-case name, to a Reply or to None."""

JSON_PAGE = "application/vnd.pypi.simple.v1+json"
_TYPES = {".html": "text/html; charset=utf-8", ".json": "application/json"}
# How long clients may cache a response without revalidating it, as PyPI sends it.
_MUTABLE, _IMMUTABLE = "max-age=600, public", "max-age=365000000, immutable, public"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class Request:
    """One request and its outcome; `headers` are the client's, by lower-case name."""

    method: str
    path: str
    status: int
    sent: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server sends for one path instead of its file.

    `body` replaces the served bytes, `delay` is in seconds, and after `cut` bytes of the body the
    connection is closed although Content-Length announced more. Without `body`, a `status` other
    than 200 has an empty one.
    """

    status: int = 200
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    cut: int | None = None


@dataclass(frozen=True, slots=True)
class _Response:
    """A complete response: status, headers and the whole body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class IndexServer:
    """Serves `source` while its `with` block runs; `url` is its address, `requests` its log.

    `replies` maps paths to a Reply; `chooser`, if there is one, comes first. With `ranges` switched
    off, range requests get the whole file; with `json_pages` switched off, every page is HTML. With
    `cacheable` switched on, responses have Cache-Control and an ETag, which a client may send to
    get a 304. Every response is delayed by `delay` seconds, of which `usual_delay` is the default.
    All of these may be changed at any time.
    """

    usual_delay: ClassVar[float] = 0.0

    def __init__(
        self,
        source: Path | Source,
        *,
        ranges: bool = True,
        json_pages: bool = True,
        cacheable: bool = False,
        delay: float | None = None,
    ) -> None:
        self.source: Source = _folder(source) if isinstance(source, Path) else source
        self.ranges = ranges
        self.json_pages = json_pages
        self.cacheable = cacheable
        self.delay = self.usual_delay if delay is None else delay
        self.replies: dict[str, Reply] = {}
        self.chooser: Chooser | None = None
        self.requests: list[Request] = []
        self.stopping = threading.Event()
        self._http = _Server(self)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.005}, name="index-server"
        )
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        if error is None and self._http.failures:
            raise self._http.failures[0]

    def requested(self, ending: str = "") -> list[str]:
        """Return the requested paths that end with `ending`, in order."""
        return [request.path for request in self.requests if request.path.endswith(ending)]


def _folder(root: Path) -> Source:
    """Return the source that reads the files below `root`, and nothing else."""
    real = root.resolve()

    def read(path: str) -> bytes | None:
        file = (real / path.lstrip("/")).resolve()
        try:
            return file.read_bytes() if file.is_relative_to(real) and file.is_file() else None
        except OSError:  # a name that is too long for a file
            return None

    return read


class _Server(ThreadingHTTPServer):
    # Threads that are not daemons are joined by server_close(): nothing runs on after the `with`
    # block.
    daemon_threads = False

    def __init__(self, index: IndexServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.index = index
        self.failures: list[BaseException] = []
        self._open: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, object]:
        """Accept a connection, which `server_close` can end."""
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def close_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Forget a connection that is at its end."""
        self._open.discard(request)
        super().close_request(request)

    def server_close(self) -> None:
        """Read no further request from any connection; wait for the responses under way."""
        for connection in tuple(self._open):
            with suppress(OSError):  # the client has already disconnected
                connection.shutdown(socket.SHUT_RD)
        super().server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Record an error, raised when the `with` block ends; a client may disconnect."""
        del request, client_address
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, ConnectionError):
            self.failures.append(error)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # Otherwise a small response waits until the client has acknowledged the previous one.
    disable_nagle_algorithm = True
    timeout = 60

    def do_GET(self) -> None:
        """Send headers and body."""
        self._respond()

    def do_HEAD(self) -> None:
        """Send the headers alone."""
        self._respond()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Print nothing: the log is `IndexServer.requests`."""

    def _respond(self) -> None:
        index = self.server.index
        path = unquote(urlsplit(self.path).path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        chosen = index.chooser(self.command, path, headers) if index.chooser is not None else None
        reply = chosen or index.replies.get(path, Reply())
        if index.delay or reply.delay:
            index.stopping.wait(index.delay + reply.delay)
        response = _response(index, path, reply, headers)
        body = b"" if self.command == "HEAD" else response.body[: reply.cut]
        # Logged before the last byte is sent: a client that has its response finds it in the log.
        index.requests.append(Request(self.command, path, response.status, len(body), headers))
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        if response.status != 304:  # not modified: no body
            self.send_header("Content-Length", str(len(response.body)))
        if len(body) < len(response.body) and self.command != "HEAD":
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)


def _response(
    index: IndexServer, path: str, reply: Reply, request_headers: Mapping[str, str]
) -> _Response:
    """Return the response to a request for `path` with these headers."""
    body, kind = reply.body, _content_type(path)
    if body is None and reply.status != 200:
        return _Response(reply.status, reply.headers, b"")
    if body is None:
        body, kind = _read(index, path, request_headers.get("accept", ""))
    if body is None:
        return _Response(404, reply.headers, b"")
    headers = (("Content-Type", kind), *reply.headers)
    if index.cacheable and reply.status == 200:
        headers += _validators(path, body)
        if ("ETag", request_headers.get("if-none-match")) in headers:
            return _Response(304, headers, b"")
    whole = _Response(reply.status, headers, body)
    return _partial(whole, request_headers.get("range", "")) if index.ranges else whole


def _partial(whole: _Response, range_header: str) -> _Response:
    """Return the part of a response that a range request gets."""
    body, headers = whole.body, (*whole.headers, ("Accept-Ranges", "bytes"))
    span = requested_span(range_header, len(body))
    if span is None:
        return _Response(whole.status, headers, body)
    start, stop = span
    if start >= stop:
        return _Response(416, (("Content-Range", f"bytes */{len(body)}"),), b"")
    content_range = ("Content-Range", f"bytes {start}-{stop - 1}/{len(body)}")
    return _Response(206, (*headers, content_range), body[start:stop])


def _validators(path: str, body: bytes) -> tuple[tuple[str, str], ...]:
    """Return the caching headers of a response: minutes for pages and JSON, for good otherwise."""
    lasting = not path.endswith(("/", ".json"))
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return (("Cache-Control", _IMMUTABLE if lasting else _MUTABLE), ("ETag", etag))


def _read(index: IndexServer, path: str, accept: str) -> tuple[bytes | None, str]:
    """Return what is served under `path`, a page in the accepted form, and its type."""
    if not path.endswith("/"):
        return index.source(path), _content_type(path)
    if index.json_pages and JSON_PAGE in accept:
        page = index.source(f"{path}index.json")
        if page is not None:
            return page, JSON_PAGE
    return index.source(f"{path}index.html"), _TYPES[".html"]


def _content_type(path: str) -> str:
    return _TYPES.get(Path(path).suffix or ".html", "application/octet-stream")


def requested_span(range_header: str, size: int) -> tuple[int, int] | None:
    """Return the half-open span of a range header in a file of `size` bytes; None: all of it.

    Several ranges at once are all of it, too.
    """
    requested = _RANGE.fullmatch(range_header)
    if requested is None or requested[0] == "bytes=-":
        return None
    first, last = requested.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size
