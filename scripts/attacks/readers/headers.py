"""Responses of a server: lengths, ranges, encodings and statuses that contradict each other."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import sys
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import IO, Any

from pip._internal.network.session import PipSession
from pip._vendor.requests.adapters import BaseAdapter
from pip._vendor.requests.models import PreparedRequest, Response
from pip._vendor.requests.structures import CaseInsensitiveDict
from pip._vendor.urllib3.response import HTTPResponse
from pip._vendor.urllib3.util.retry import Retry

from pip_variants.core.errors import FetchError
from pip_variants.formats.wheel_archive import read_members
from pip_variants.pip_adapter.transport import PipTransport
from pip_variants.remote import download
from pip_variants.remote.byte_ranges import declared_size, is_whole, part_of
from pip_variants.remote.fetch import fetch
from pip_variants.remote.transport import (
    NO_HEADERS,
    Headers,
    RemoteFile,
    TransportError,
    TruncatedError,
)
from pip_variants.remote.wheel_metadata import WheelReader

from .guard import Case, InFolder, outcome, promise
from .mutations import TEXTS, edited_text, text

if find_spec("pip._safety") is None:  # only a patched pip has it
    from patches.common import _safety

    sys.modules["pip._safety"] = _safety

_URL = "https://host/x-1.0-py3-none-any-a.whl"
_LENGTHS = ("", "0", "-1", "+5", "5, 5", "1e3", "\u00b2", "0x10", "9" * 400, "99999999999999999999")
_RANGES = (
    "",
    "bytes */100",
    "bytes 0-99/*",
    "bytes 5-4/10",
    "bytes 0-10/5",
    "bytes=0-9/10",
    "items 0-9/10",
    f"bytes 0-{'9' * 400}/{'9' * 401}",
    "bytes 0-\u00b2/10",
)
_ENCODINGS = ("", "gzip", "br", "identity", "x", "gzip, gzip", "aws-chunked")
_LOCATIONS = (
    "http://[::1",
    "//[x",
    "https://host:99999999/",
    "https://host:x/",
    "\xff\xfe",
    "",
    "/a b",
    "https://host/" + "a" * 3000,
    "ftp://host/",
    "javascript:1",
    "?",
)
_STATUSES = (200, 200, 206, 206, 204, 301, 302, 304, 307, 400, 401, 404, 416, 429, 503, 599)
_PIECES = 4
_LARGEST = 16 * 1024 * 1024
"""Bytes of a document."""


@dataclass(slots=True)
class Reply:
    """A response as ``remote`` sees it; ``end`` is raised after the body."""

    body: Sequence[bytes]
    status: int = 200
    declared_length: str = ""
    content_range: str = ""
    accepts_ranges: bool = True
    is_encoded: bool = False
    validator: str = ""
    from_cache: bool = False
    end: Exception | None = None

    def chunks(self) -> Iterator[bytes]:
        """Yield the body."""
        yield from self.body
        if self.end is not None:
            raise self.end

    def abort(self) -> None:
        """Close nothing."""


Answer = Callable[[Headers], Reply]


@dataclass(frozen=True, slots=True)
class Server:
    """A transport whose responses are made by a function of the headers of the request."""

    answer: Answer

    @contextlib.contextmanager
    def get(
        self, url: str, headers: Headers = NO_HEADERS, *, is_file: bool = False
    ) -> Iterator[Reply]:
        """Return the next response."""
        del url, is_file
        yield self.answer(headers)

    def gives_up_encryption(self, source: str, url: str) -> bool:
        """Return whether a source of https leads to http, which none does here."""
        return source.startswith("https:") and not url.startswith("https:")

    def open_cached(self, url: str, *, stale: bool = False) -> IO[bytes] | None:
        """Return nothing: there is no cache."""
        del url, stale
        return None


class ServerReplies(InFolder):
    """Documents, parts of wheels, and whole files from servers that err or lie."""

    name = "headers"

    def setup(self) -> None:
        """Make the session of pip, and the folder for what is kept."""
        super().setup()
        self._adapter = _Adapter()
        self._session = PipSession()
        self._session.mount("https://", self._adapter)
        self._session.auth.prompting = False
        # A download pauses before it goes on.
        download._PAUSE = 0.0  # noqa: SLF001

    def close(self) -> None:
        """Remove what is kept."""
        self._session.close()
        super().close()

    def draw(self, rng: Random) -> Case:
        """Return a request, and what the server makes of it."""
        kind = rng.randrange(10)
        if kind <= 1:
            return _part(rng)
        if kind <= 4:
            return _document(rng)
        if kind <= 6:
            return _wheel(rng, self._folder / "kept.whl")
        return _download(rng) if kind == 7 else self._response(rng)

    def _response(self, rng: Random) -> Case:
        """Return responses as pip's session has them, redirects among them."""
        replies = [_http(rng) for _ in range(4)]
        transport = PipTransport(self._session)

        def check() -> None:
            self._adapter.replies = [*replies]
            found = outcome(lambda: _fetched(transport), FetchError)
            promise(isinstance(found, (bytes, Exception)), "a document is no bytes")
            self._adapter.replies = [*replies]
            outcome(lambda: transport.size(_URL))

        return Case(replies, check)


def _fetched(transport: PipTransport) -> bytes:
    return fetch(RemoteFile("x-1.0-variants.json", _URL, _URL, "https://host/"), transport)


def _length(rng: Random, size: int) -> str:
    if rng.random() < 0.6:
        return str(size)
    return rng.choice((*_LENGTHS, str(size + 1), str(size - 1), rng.choice(TEXTS)))


def _part(rng: Random) -> Case:
    """Return the headers of a part, which is one or is not."""
    written = rng.choice(_RANGES)
    if rng.random() < 0.6:
        start, size = rng.randrange(100), rng.randrange(1, 300)
        written = f"bytes {start}-{rng.randrange(300)}/{size}"
    reply = Reply(
        (),
        rng.choice(_STATUSES),
        _length(rng, rng.randrange(300)),
        edited_text(rng, written, rng.choice((0, 0, 1))),
        is_encoded=rng.random() < 0.1,
    )

    def check() -> None:
        found = part_of(reply)
        if found is not None:
            ordered = 0 <= found.start <= found.end <= found.size
            promise(ordered, "a part does not lie in its file")
            promise(found.is_whole == is_whole(reply), "a part is whole, or not")
        is_whole(reply)
        declared_size(reply)

    return Case(reply, check)


def _body(rng: Random, content: bytes) -> list[bytes]:
    """Return content in pieces, some of them empty."""
    ends = sorted(rng.randrange(len(content) + 1) for _ in range(_PIECES))
    starts = [0, *ends]
    return [content[first:last] for first, last in zip(starts, [*ends, len(content)], strict=True)]


def _document(rng: Random) -> Case:
    """Return a document, of which just that arrives, or an error."""
    content = b'{"variants": {"a": {"gpu": {"arch": ["1"]}}}}' * rng.choice((1, 20))
    sent, encoded = content, False
    kind = rng.randrange(8)
    if kind == 0:
        sent, encoded = gzip.compress(content), rng.random() < 0.5
    elif kind == 1:
        sent, encoded = zlib.compress(content), True
    elif kind == 2:
        sent = gzip.compress(content)[: rng.randrange(40)]
    elif kind == 3:
        sent = content[: rng.randrange(len(content))]
    elif kind == 4:  # a bomb
        sent = zlib.compress(b"{" + b" " * (2 * _LARGEST), 9) if rng.random() < 0.02 else b""
    ends = (None, None, TruncatedError(1, "2"), TransportError("reset"))
    reply = Reply(_body(rng, sent), 200, _length(rng, len(sent)), is_encoded=encoded)
    reply.end = rng.choice(ends)
    sha256 = hashlib.sha256(content).hexdigest()
    hashes = rng.choice(
        ({}, {"sha256": sha256}, {"sha256": sha256.upper()}, {"md5": 1}, {"x": "y"})
    )
    file = RemoteFile("x-1.0-variants.json", _URL, _URL, "https://host/", hashes)

    def check() -> None:
        found = outcome(lambda: fetch(file, Server(lambda _: reply)), FetchError)
        if isinstance(found, bytes):
            promise(len(found) <= _LARGEST, "a document is larger than the limit")
            if "sha256" in hashes:
                promise(found == content, "a document has another hash than its link")

    return Case((reply, hashes), check)


def _members() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data", Random(0).randbytes(300_000))
        archive.writestr("x-1.0.dist-info/METADATA", "Name: x\nVersion: 1.0\n")
        archive.writestr("x-1.0.dist-info/variant.json", '{"variants": {"a": {}}}')
    return file.getvalue()


_WHEEL = _members()
_NAMES = ("METADATA", "variant.json")
_EXPECTED = read_members(io.BytesIO(_WHEEL), _NAMES)


def _length_differs(rng: Random, reply: Reply) -> None:
    reply.declared_length = rng.choice(_LENGTHS)


def _range_differs(rng: Random, reply: Reply) -> None:
    reply.content_range = edited_text(rng, rng.choice((reply.content_range, *_RANGES)), 1)
    if part_of(reply) is not None:
        reply.body = []


def _more_arrives(_: Random, reply: Reply) -> None:
    reply.body = [*reply.body, b"more"]


def _less_arrives(_: Random, reply: Reply) -> None:
    reply.body = reply.body[:-1]


def _breaks(rng: Random, reply: Reply) -> None:
    reply.end = rng.choice((TruncatedError(1, "2"), TransportError("reset")))


def _refuses(rng: Random, _: Reply) -> None:
    status = rng.choice((416, 503, None))
    raise TransportError(f"the server responded with status {status}", status)


def _is_encoded(_: Random, reply: Reply) -> None:
    reply.is_encoded = True


def _is_cached(_: Random, reply: Reply) -> None:
    reply.from_cache = True


_FAULTS: tuple[Callable[[Random, Reply], None], ...] = (
    _length_differs,
    _range_differs,
    _more_arrives,
    _less_arrives,
    _breaks,
    _refuses,
    _is_encoded,
    _is_cached,
)


def _faulty(rng: Random, headers: Headers, content: bytes) -> Reply:
    """Return a response with the requested part of a file, or one that does not fit together."""
    size = len(content)
    first, _, last = headers.get("Range", "").removeprefix("bytes=").partition("-")
    start = int(first) if first else max(0, size - int(last or size))
    end = min(size, int(last) + 1) if first and last else size
    part = content[start:end]
    reply = Reply(_body(rng, part), 206, str(len(part)), f"bytes {start}-{end - 1}/{size}")
    whole = Reply(_body(rng, content), 200, str(size), accepts_ranges=rng.random() < 0.5)
    if not headers.get("Range") or rng.random() < 0.1:
        return whole
    if rng.random() < 0.4:
        return reply
    rng.choice(_FAULTS)(rng, reply)
    return reply


def _wheel(rng: Random, kept: Path) -> Case:
    """Return a wheel of which parts are requested."""
    seed = rng.randrange(1 << 30)
    stated = rng.choice((None, None, len(_WHEEL), 1, len(_WHEEL) + 1, 1 << 40))
    wheel = RemoteFile(Path(_URL).name, _URL, _URL, "https://host/", size=stated)
    keeps = rng.random() < 0.7

    def keep(_: RemoteFile, size: int | None, body: Iterator[bytes]) -> Path:
        kept.write_bytes(b"".join(body))
        if size not in (None, kept.stat().st_size):
            raise TruncatedError(kept.stat().st_size, str(size))
        return kept

    def check() -> None:
        own = Random(seed)
        requests = 0

        def answer(headers: Headers) -> Reply:
            nonlocal requests
            requests += 1
            return _faulty(own, headers, _WHEEL)

        reader = WheelReader(keep if keeps else None)  # type: ignore[arg-type] # without progress
        found = outcome(lambda: reader.members(wheel, Server(answer)))
        promise(isinstance(found, Exception) or found == _EXPECTED, "a wheel has other members")
        promise(requests <= 12, "a wheel takes more than twelve requests")

    return Case((seed, stated, keeps), check)


def _download(rng: Random) -> Case:
    """Return a download that breaks and goes on."""
    seed = rng.randrange(1 << 30)
    content = Random(seed).randbytes(rng.choice((0, 1, 5000)))

    def check() -> None:
        own, target = Random(seed), io.BytesIO()

        @contextlib.contextmanager
        def request(headers: Headers) -> Iterator[Reply]:
            yield _faulty(own, headers, content)

        arrived = 0

        def advance(number: int) -> None:
            nonlocal arrived
            arrived += number

        loading = download.Download(request, target, 3, advance, threading.Event())
        found = outcome(loading.run)
        if not isinstance(found, Exception):
            promise(target.getvalue() == content, "a download has another content")
        promise(arrived == loading.arrived, "the progress of a download is wrong")

    return Case((seed, len(content)), check)


@dataclass(frozen=True, slots=True)
class _Http:
    """A response on the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def _http(rng: Random) -> _Http:
    body = rng.choice((b'{"variants": {}}', b"", gzip.compress(b"{}"), b"\xff" * 50))
    headers = {"Content-Length": _length(rng, len(body))}
    for name, values in (
        ("Content-Range", _RANGES),
        ("Content-Encoding", _ENCODINGS),
        ("Location", _LOCATIONS),
        ("ETag", ('"a"', "W/a", text(rng))),
        ("Accept-Ranges", ("bytes", "none")),
        ("Retry-After", ("0", "x", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT")),
    ):
        if rng.random() < 0.4:
            headers[name] = rng.choice(values)
    return _Http(rng.choice(_STATUSES), headers, body)


class _Adapter(BaseAdapter):
    """Sends these responses, one after the other, and then the last one again."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.replies: list[_Http] = []
        self.max_retries = Retry(0)  # type: ignore[no-untyped-call]

    def send(  # type: ignore[override] # the settings are of no interest
        self,
        request: PreparedRequest,
        **_: Any,  # noqa: ANN401 - as requests has them
    ) -> Response:
        """Return the next response."""
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        response = Response()  # type: ignore[no-untyped-call]
        response.status_code = reply.status
        response.headers = CaseInsensitiveDict(reply.headers)  # type: ignore[no-untyped-call]
        response.url = str(request.url)
        response.request = request
        response.raw = HTTPResponse(  # type: ignore[no-untyped-call]
            io.BytesIO(reply.body),
            headers=dict(reply.headers),
            status=reply.status,
            preload_content=False,
            decode_content=False,
        )
        return response

    def close(self) -> None:
        """Close nothing."""
