"""How long a response may take and how much it may have, with a clock of its own."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

import pytest
from pip._vendor.urllib3.response import HTTPResponse as Urllib3Response

from patches.common._safety.limits import (
    DEFAULT_TIMEOUT,
    MAX_DOCUMENT,
    MAX_DOWNLOAD,
    MAX_HEADERS,
    PATIENCE,
    SLOWEST,
    Limit,
    TooMuchError,
)
from patches.common._safety.retries import new_retry
from patches.common._safety.timed_response import current_limit, limited, timed_response

TIMEOUT = 15.0
PERIOD = TIMEOUT * PATIENCE


@dataclass
class Clock:
    """A clock that is set by the test."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@dataclass
class FakeSocket:
    """A socket that receives these parts, each after so many seconds; then nothing more comes."""

    clock: Clock
    parts: Sequence[tuple[float, bytes]]
    timeouts: list[float | None] = field(default_factory=lambda: [TIMEOUT])

    def makefile(self, mode: str, buffering: int = -1) -> io.BufferedIOBase | io.RawIOBase:
        """Return what it receives."""
        assert mode == "rb"
        raw = _Received(self)
        return raw if buffering == 0 else io.BufferedReader(raw)

    def gettimeout(self) -> float | None:
        """Return the time-out in seconds."""
        return self.timeouts[-1]

    def settimeout(self, seconds: float | None) -> None:
        """Set the time-out in seconds."""
        self.timeouts.append(seconds)


class _Received(io.RawIOBase):
    def __init__(self, sock: FakeSocket) -> None:
        self._sock = sock
        self._parts = iter(sock.parts)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a writable buffer
        seconds, part = (0.0, self._rest) if self._rest else next(self._parts, (0.0, b""))
        limit = self._sock.gettimeout()
        if limit is not None and seconds > limit:
            self._sock.clock.now += limit
            raise TimeoutError("timed out")
        self._sock.clock.now += seconds
        part, self._rest = part[: len(buffer)], part[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def limit_of(clock: Clock, timeout: float | None = TIMEOUT, ends: float | None = None) -> Limit:
    """Return a limit with this clock."""
    return Limit(timeout, clock, ends)


def response_of(sock: FakeSocket, limit: Limit) -> Any:  # noqa: ANN401 - http.client's
    """Return the response that arrives at a socket, before its status line is read."""
    fake: Any = sock
    with limited(limit):
        return timed_response(fake, method="GET")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"

# What arrives, before a final status or behind one: each part alone is well within the time-out.
DRIPS = {
    "status line": [(5.0, b"H")] * 1000,
    "header": [(0.0, b"HTTP/1.1 200 OK\r\nX: "), *[(5.0, b"x")] * 1000],
    "interim responses": [(5.0, INTERIM)] * 1000,
    "body": [(0.0, HEAD), *[(5.0, b"x")] * 1000],
    "chunks": [(0.0, CHUNKED), *[(5.0, b"1\r\nx\r\n")] * 1000],
    "length of a chunk": [(0.0, CHUNKED), *[(5.0, b"0")] * 1000],
    "trailers": [(0.0, CHUNKED + b"0\r\n"), *[(5.0, b"A: b\r\n")] * 1000],
}


@pytest.mark.parametrize("parts", DRIPS.values(), ids=DRIPS)
def test_document_that_drips_ends_after_four_time_outs(parts: list[tuple[float, bytes]]) -> None:
    """Bytes that arrive do not extend the time."""
    clock = Clock()
    limit = limit_of(clock)
    response = response_of(FakeSocket(clock, parts), limit)

    def read() -> None:
        response.begin()
        limit.expect_document()
        response.read()

    with pytest.raises(TimeoutError):
        read()
    assert clock.now - 1000 == pytest.approx(PERIOD, abs=0.1)
    assert limit.is_expired


FLOODS = {
    "interim responses": [INTERIM * 1000] * 1000,
    "headers": [b"HTTP/1.1 200 OK\r\n", *[b"A: " + b"x" * 60000 + b"\r\n"] * 90],
    "length of a chunk": [CHUNKED, *[b"0" * 8192] * 1000],
    "trailers": [CHUNKED + b"0\r\n", *[b"A: b\r\n" * 1000] * 1000],
    "body without a size": [b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 8192] * 10000],
    "chunk without an end": [CHUNKED, b"f" * 16 + b"\r\n", *[b"x" * 8192] * 10000],
}


@pytest.mark.parametrize("parts", FLOODS.values(), ids=FLOODS)
def test_flood_ends_as_document_and_as_file(parts: list[bytes]) -> None:
    """There is no end of lines, headers and bodies that takes all memory or disk."""
    for size in (None, 1_000_000):
        clock = Clock()
        limit = limit_of(clock)
        response = response_of(FakeSocket(clock, [(0.0, part) for part in parts]), limit)

        def read(limit: Limit = limit, response: Any = response, size: Any = size) -> None:  # noqa: ANN401
            response.begin()
            if size is None:
                limit.expect_document()
            else:
                limit.expect_download(size)
            raw = Urllib3Response(response, headers=response.headers, preload_content=False)  # type: ignore[no-untyped-call]
            for _ in raw.stream(65536):  # type: ignore[no-untyped-call]
                pass

        with pytest.raises(Exception, match=r"more than it may|lines without end|exceeded maximum"):
            read()


def test_slow_file_is_received_whole() -> None:
    """A kilobyte a second is slow, and honest; it takes as long as it takes."""
    clock = Clock()
    limit = limit_of(clock)
    response = response_of(FakeSocket(clock, [(0.0, HEAD), *[(1.0, b"x" * 1000)] * 100]), limit)
    response.begin()
    limit.expect_download(100_000)
    assert len(response.read()) == 100_000
    assert clock.now - 1000 == 100 > PERIOD


def test_file_that_brings_next_to_nothing_ends() -> None:
    """Fewer bytes than the slowest line brings in four time-outs are a connection that failed."""
    clock = Clock()
    limit = limit_of(clock)
    parts = [(0.0, HEAD), *[(5.0, b"x" * (SLOWEST // 13))] * 1000]
    response = response_of(FakeSocket(clock, parts), limit)
    response.begin()
    limit.expect_download(100_000)
    with pytest.raises(TimeoutError):
        response.read()
    assert clock.now - 1000 == pytest.approx(PERIOD, abs=5)


def test_user_without_a_time_out_waits() -> None:
    """What pip waits for ever for is the user's choice."""
    clock = Clock()
    limit = limit_of(clock, None)
    sock = FakeSocket(clock, [(0.0, HEAD), *[(500.0, b"x" * 1000)] * 100], [None])
    response = response_of(sock, limit)
    response.begin()
    limit.expect_document()
    assert len(response.read()) == 100_000
    assert sock.timeouts == [None]


def test_time_between_two_reads_does_not_count() -> None:
    """A process that is stopped, or a disk that is slow, is no fault of the server."""
    clock = Clock()
    limit = limit_of(clock)
    limit.expect_document()
    limit.arrived(10, 1.0)
    clock.now += 10 * PERIOD
    assert limit.seconds_left() == PERIOD - 1


@pytest.mark.parametrize("size", [b"-5", b"-1", b"-ffffffffffffffffffff", b"f" * 30, b"xyz", b""])
def test_length_that_no_chunk_has_is_an_invalid_response(size: bytes) -> None:
    """And no error of the buffer below the parser, nor a chunk that ends with the connection."""
    clock = Clock()
    limit = limit_of(clock)
    response = response_of(FakeSocket(clock, [(0.0, CHUNKED + size + b"\r\nabc")]), limit)
    response.begin()
    limit.expect_document()
    with pytest.raises(HTTPException):
        response.read()


def test_response_without_a_limit_is_that_of_http_client() -> None:
    """What does not come from a session of pip has none."""
    clock = Clock()
    fake: Any = FakeSocket(clock, [(0.0, HEAD + b"x" * 100_000)] * 1)
    assert current_limit() is None
    response = timed_response(fake)
    assert type(response.fp) is io.BufferedReader


def test_next_try_has_the_same_time() -> None:
    """The retries of the user count; a server that used up all the time has no more."""
    limit = limit_of(Clock())
    limit.arrived(MAX_HEADERS, 10.0)
    limit.begin()
    assert limit.seconds_left() == PERIOD
    limit.arrived(1, PERIOD)
    limit.begin()
    with pytest.raises(TimeoutError):
        limit.seconds_left()


def test_hint_ends_at_its_time() -> None:
    """Whatever the time-out is."""
    clock = Clock()
    limit = limit_of(clock, ends=clock.now + 5)
    assert limit.seconds_left() == 5
    clock.now += 5
    with pytest.raises(TimeoutError):
        limit.seconds_left()


def test_document_has_its_most_bytes_and_not_more() -> None:
    """The limit is exact but for what may be around a body."""
    limit = limit_of(Clock())
    limit.expect_document()
    limit.arrived(MAX_DOCUMENT + MAX_HEADERS, 0)
    with pytest.raises(TooMuchError):
        limit.arrived(1, 0)


@pytest.mark.parametrize(
    ("free", "most"), [(400 * 1024**3, MAX_DOWNLOAD), (600_000_000, 150_000_000)]
)
def test_file_without_a_size_takes_a_quarter_of_the_space(
    monkeypatch: pytest.MonkeyPatch, free: int, most: int
) -> None:
    """And never more than the largest file that is to be expected."""
    usage = type("usage", (), {"free": free})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    limit = limit_of(Clock())
    limit.expect_download(None)
    limit.arrived(most, 0)
    with pytest.raises(TooMuchError):
        limit.arrived(most // 8 + MAX_HEADERS + 1, 0)


# A Retry-After header, and the seconds that pip pauses in all for five of them.
PAUSES = {
    "99999999": TIMEOUT,
    "1": 5.0,
    "4": TIMEOUT,
    "0": 0.0,
    "-1": 0.0,
    "junk": 0.0,
    "": 0.0,
    "9" * 5000: TIMEOUT,
    "Thu, 31 Dec 9999 23:59:59 GMT": TIMEOUT,
    "Thu, 31 Dec 1970 23:59:59 GMT": 0.0,
    "Thu, 99 Dec 99999999999 23:59:59 GMT": 0.0,
}


@pytest.mark.parametrize(("header", "seconds"), PAUSES.items(), ids=[key[:30] for key in PAUSES])
def test_pauses_that_a_server_asks_for_are_no_longer_than_the_time_out(
    header: str, seconds: float
) -> None:
    """All of one request together; an invalid header is none."""
    retry = new_retry(total=5)
    with limited(limit_of(Clock())):
        assert sum(retry.parse_retry_after(header) for _ in range(5)) == seconds


def test_pause_without_a_time_out_has_that_of_pip() -> None:
    """Without a limit of its own, and for a hint what is left of its time."""
    clock = Clock()
    assert limit_of(clock, None).pause(99999.0) == DEFAULT_TIMEOUT
    assert limit_of(clock, ends=clock.now + 2).pause(99999.0) == 2


def test_retries_say_what_they_are_as_before() -> None:
    """The warning of pip shows them."""
    assert repr(new_retry(total=3)).startswith("Retry(total=3")
    assert isinstance(new_retry(total=3).new(total=1), type(new_retry(total=3)))  # type: ignore[no-untyped-call]
