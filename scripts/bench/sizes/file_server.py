"""A server of large files on loopback whose line has a rate, and breaks.

It knows `Range`, `If-Range` and strong entity tags, and keeps connections open. Unlike IndexServer
it never has a whole file in memory.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tests.support.index_server import Request, requested_span

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_SENT_AT_ONCE = 256 << 10
# Seconds until a response that does not end is left out of the log.
_LONGEST_WAIT = 10.0
_TYPES = {".html": "text/html; charset=utf-8", ".json": "application/json"}


class Line:
    """A line of a fixed rate that all connections share, in bytes a second; None is no limit."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._free = 0.0

    def wait(self, size: int) -> None:
        """Return when the line has room for *size* further bytes."""
        if self._rate is None:
            return
        with self._lock:
            self._free = max(self._free, time.monotonic()) + size / self._rate
            delay = self._free - time.monotonic()
        if delay > 0:
            time.sleep(delay)


@dataclass(frozen=True, slots=True)
class _Span:
    """What a request gets of a file: the status, and the half-open span of its bytes."""

    status: int
    start: int
    stop: int


class FileServer:
    """Serves a folder while its `with` block runs; `url` is its address, `requests` its log.

    `rate` limits all connections together, in bytes a second. After `break_after` bytes of the body
    of any response its connection is closed.
    """

    def __init__(
        self, root: Path, *, rate: float | None = None, break_after: int | None = None
    ) -> None:
        self.root = root.resolve()
        self.line = Line(rate)
        self.break_after = break_after
        self._log: list[Request | None] = []
        self._idle = threading.Condition()
        self._responding = 0
        self._http = _Server(self)
        self._thread = threading.Thread(target=self._http.serve_forever, name="file-server")
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
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def requests(self) -> list[Request]:
        """Everything that was requested so far, in the order of the requests.

        Waits until no response is under way any more.
        """
        with self._idle:
            self._idle.wait_for(lambda: not self._responding, _LONGEST_WAIT)
            return [request for request in self._log if request is not None]

    @contextmanager
    def responding(self) -> Iterator[Callable[[Request], None]]:
        """Keep a line of the log for one response; yield what writes it.

        The next request may be there before the thread of this one has written its line.
        """
        with self._idle:
            self._responding += 1
            line = len(self._log)
            self._log.append(None)
        try:
            yield lambda request: self._log.__setitem__(line, request)
        finally:
            with self._idle:
                self._responding -= 1
                self._idle.notify_all()

    def find(self, path: str) -> Path | None:
        """Return the file of a path (`/plain/simple/torch/`), or None."""
        file = self.root / path.lstrip("/")
        file = (file / "index.html" if path.endswith("/") else file).resolve()
        return file if file.is_relative_to(self.root) and file.is_file() else None


class _Server(ThreadingHTTPServer):
    # A client that has been killed may leave a connection open: nobody waits for its thread.
    daemon_threads = True
    block_on_close = False

    def __init__(self, files: FileServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: a client may disconnect, which its output shows."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def do_GET(self) -> None:
        """Send headers and body."""
        self._logged()

    def do_HEAD(self) -> None:
        """Send the headers alone."""
        self._logged()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Print nothing: the log is `FileServer.requests`."""

    def _logged(self) -> None:
        path = unquote(urlsplit(self.path).path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.server.files.responding() as write:
            status, sent = self._respond(path, headers)
            write(Request(self.command, path, status, sent, headers))

    def _respond(self, path: str, headers: dict[str, str]) -> tuple[int, int]:
        """Send the response; return its status and the bytes of its body that were sent."""
        file = self.server.files.find(path)
        if file is None:
            self._head(HTTPStatus.NOT_FOUND, 0)
            return HTTPStatus.NOT_FOUND, 0
        stat = file.stat()
        tag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        span = _span(headers, tag, stat.st_size)
        fields = {"ETag": tag, "Accept-Ranges": "bytes"}
        fields["Content-Type"] = _TYPES.get(file.suffix, "application/octet-stream")
        if span.status == HTTPStatus.PARTIAL_CONTENT:
            fields["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{stat.st_size}"
        if span.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            fields["Content-Range"] = f"bytes */{stat.st_size}"
        self._head(span.status, span.stop - span.start, fields)
        return span.status, 0 if self.command == "HEAD" else self._body(file, span)

    def _head(self, status: int, length: int, fields: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (fields or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _body(self, file: Path, span: _Span) -> int:
        """Send the bytes of a span, and return how many of them were sent."""
        limit = self.server.files.break_after
        stop = span.stop if limit is None else min(span.stop, span.start + limit)
        sent = span.start
        with file.open("rb") as source, suppress(OSError):  # the client has disconnected
            while sent < stop:
                size = min(_SENT_AT_ONCE, stop - sent)
                self.server.files.line.wait(size)
                sent += self.connection.sendfile(source, sent, size)
        if sent < span.stop:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        return sent - span.start


def _span(headers: dict[str, str], tag: str, size: int) -> _Span:
    """Return what a request with these headers gets."""
    requested = requested_span(headers.get("range", ""), size)
    if requested is None or headers.get("if-range", tag) != tag:
        return _Span(HTTPStatus.OK, 0, size)
    start, stop = requested
    if start >= stop:
        return _Span(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0, 0)
    return _Span(HTTPStatus.PARTIAL_CONTENT, start, stop)
