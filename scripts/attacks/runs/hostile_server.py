"""An HTTP server that does what a random script says, down to the single byte.

It is not built on ``http.server``, which would not send most of this.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from tests.support.index_server import JSON_PAGE, requested_span

_MOST_HEAD = 1 << 16
_REASON = "Reason"
ENDLESS = 24 << 20
"""Bytes after which a body without end ends anyway, unless a range was requested."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request; ``count`` is how many there were for the same path, ``headers`` are lower-case."""

    method: str
    path: str
    count: int
    headers: Mapping[str, str]

    @property
    def kind(self) -> str:
        """What is requested: page, json, metadata, range, wheel or other."""
        if self.path.endswith("/"):
            return "page"
        for ending, kind in ((".json", "json"), (".metadata", "metadata")):
            if self.path.endswith(ending):
                return kind
        if self.path.endswith(".whl"):
            return "range" if "range" in self.headers else "wheel"
        return "other"


@dataclass(slots=True)
class Response:
    """A response to be sent; behaviours change it.

    ``changes_content``: it is another index now, from which another choice is right. ``pieces`` and
    ``pause``: the body is sent in so many pieces with so many seconds between them. ``end`` is what
    happens after ``sent`` bytes of the body: ``keep`` the connection, ``close`` it, ``reset`` it,
    ``stall`` or go on ``endless``.
    """

    status: int = 200
    headers: list[tuple[str, str | bytes]] = field(default_factory=list)
    body: bytes = b""
    changes_content: bool = False
    pieces: int = 1
    pause: float = 0.0
    sent: int | None = None
    end: str = "keep"
    reason: str = _REASON

    def set(self, name: str, value: str | bytes) -> None:
        """Replace a header."""
        self.drop(name)
        self.headers.append((name, value))

    def drop(self, name: str) -> None:
        """Remove a header."""
        self.headers[:] = [item for item in self.headers if item[0].lower() != name.lower()]

    def get(self, name: str) -> str:
        """Return a header, or an empty string."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return str(found[-1]) if found else ""


Behaviour = Callable[[random.Random, Request, Response], None]


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to requests of a kind (any: all); ``times`` is how often for the same path."""

    kind: str
    behaviours: tuple[Behaviour, ...]
    times: int = 1 << 20

    def fits(self, request: Request) -> bool:
        """Return whether it is about a request."""
        return self.kind in {"any", request.kind} and request.count < self.times

    def __str__(self) -> str:
        names = " + ".join(behaviour.__name__ for behaviour in self.behaviours)
        return (
            f"{self.kind} x{self.times}: {names}"
            if self.times < 1 << 20
            else f"{self.kind}: {names}"
        )


class HostileServer:
    """Serves ``files`` by path on a free loopback port, as the rules say, until it is closed.

    ``seed`` and what is requested decide about each response. ``lied``: content was changed.
    ``log`` has a line for each request.
    """

    def __init__(
        self, files: Mapping[str, bytes], rules: tuple[Rule, ...] = (), seed: str = ""
    ) -> None:
        self.files = files
        self.rules = rules
        self.seed = seed
        self.lied = False
        self.log: list[str] = []
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def close(self) -> None:
        """End all connections and wait for their threads."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._acceptor.join()
        with self._lock:
            connections = tuple(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError, ValueError), connection:
            rest = b""
            while not self._closing.is_set():
                head, rest = _head(connection, rest)
                if not head:
                    break
                request = self._request(head)
                if not self._send(connection, request, self._response(request)):
                    break
        with self._lock:
            self._open.discard(connection)

    def _request(self, head: bytes) -> Request:
        first, *lines = head.split(b"\r\n")
        method, target, _ = first.decode("latin-1").split(" ", 2)
        path = unquote_to_bytes(target.partition("?")[0]).decode("utf-8", "replace")
        pairs = (line.decode("latin-1").partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        with self._lock:
            count = self._counts[path]
            self._counts[path] += 1
        return Request(method, path, count, headers)

    def _response(self, request: Request) -> Response:
        response = self.faultless(request)
        for number, rule in enumerate(self.rules):
            if rule.fits(request):
                rng = random.Random(f"{self.seed}/{number}/{request.path}/{request.count}")
                for behaviour in rule.behaviours:
                    behaviour(rng, request, response)
        self.lied = self.lied or response.changes_content
        self.log.append(f"{request.method} {request.path} {response.status} {response.end}")
        return response

    def faultless(self, request: Request) -> Response:
        """Return the response of a server without a fault."""
        body, kind = self._file(request)
        if body is None:
            return Response(404, [("Content-Length", "0")])
        response = Response(200, [("Content-Type", kind), ("Accept-Ranges", "bytes")], body)
        span = requested_span(request.headers.get("range", ""), len(body))
        if span is not None and span[0] < span[1]:
            start, stop = span
            response.status, response.body = 206, body[start:stop]
            response.set("Content-Range", f"bytes {start}-{stop - 1}/{len(body)}")
        response.set("Content-Length", str(len(response.body)))
        return response

    def _file(self, request: Request) -> tuple[bytes | None, str]:
        path = request.path
        if path.endswith("/"):
            page = self.files.get(f"{path}index.json")
            if page is not None and JSON_PAGE in request.headers.get("accept", ""):
                return page, JSON_PAGE
            return self.files.get(f"{path}index.html"), "text/html; charset=utf-8"
        kind = "application/json" if path.endswith(".json") else "application/octet-stream"
        return self.files.get(path), kind

    def _send(self, connection: socket.socket, request: Request, response: Response) -> bool:
        """Send a response; return whether the connection stays open."""
        lines = [f"HTTP/1.1 {response.status} {response.reason}".encode("latin-1")]
        for name, value in response.headers:
            raw = value if isinstance(value, bytes) else value.encode("utf-8")
            lines.append(name.encode() + b": " + raw)
        connection.sendall(b"\r\n".join([*lines, b"", b""]))
        body = b"" if request.method == "HEAD" else response.body[: response.sent]
        step = max(1, -(-len(body) // response.pieces))
        for start in range(0, len(body), step):
            connection.sendall(body[start : start + step])
            if response.pause and self._closing.wait(response.pause):
                return False
        if response.end == "endless" and request.method != "HEAD":
            self._send_endless(connection, request)
        if response.end == "stall":
            self._closing.wait()
        if response.end == "reset":
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        return response.end == "keep"

    def _send_endless(self, connection: socket.socket, request: Request) -> None:
        sent, block = 0, bytes(1 << 16)
        while not self._closing.is_set() and (sent < ENDLESS or "range" in request.headers):
            connection.sendall(block)
            sent += len(block)


def _head(connection: socket.socket, rest: bytes) -> tuple[bytes, bytes]:
    """Return the next head and what was read after it; the head is empty at the end."""
    while b"\r\n\r\n" not in rest:
        data = connection.recv(_MOST_HEAD)
        if not data or len(rest) > _MOST_HEAD:
            return b"", b""
        rest += data
    head, _, rest = rest.partition(b"\r\n\r\n")
    return head, rest
