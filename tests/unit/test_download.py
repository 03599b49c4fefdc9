"""Downloads that break: continued by Range and If-Range, or begun again where that is due."""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from pip_variants.remote import download
from pip_variants.remote.download import Download
from pip_variants.remote.transport import Headers, TransportError, TruncatedError

MEGABYTE = 1024 * 1024
FILE = bytes(range(256)) * 4096 * 5
"""Five megabytes."""
SIZE = len(FILE)
OTHER = bytes(reversed(FILE))


@dataclass
class FakeResponse:
    """A response whose body ends after `breaks_after` bytes, if that is given."""

    body: bytes = b""
    status: int = 200
    declared_length: str = ""
    content_range: str = ""
    validator: str = ""
    breaks_after: int | None = None
    accepts_ranges: bool = True
    is_encoded: bool = False
    from_cache: bool = False
    aborted: bool = False

    def chunks(self) -> Iterator[bytes]:
        """Yield the body in blocks, and break."""
        body = self.body[: self.breaks_after]
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]
        if self.breaks_after is not None:
            raise TruncatedError(self.breaks_after, self.declared_length)

    def abort(self) -> None:
        """Close the connection."""
        self.aborted = True


def whole(body: bytes = FILE, *, breaks_after: int | None = None, etag: str = "") -> FakeResponse:
    """Return a response with the whole file."""
    return FakeResponse(
        body, declared_length=str(len(body)), breaks_after=breaks_after, validator=etag
    )


def part(start: int, body: bytes = FILE, *, breaks_after: int | None = None) -> FakeResponse:
    """Return a response with the end of the file."""
    return FakeResponse(
        body[start:],
        status=206,
        declared_length=str(len(body) - start),
        content_range=f"bytes {start}-{len(body) - 1}/{len(body)}",
        breaks_after=breaks_after,
    )


@dataclass
class FakeServer:
    """Responds in turn; an exception is raised. `headers` are those of the requests."""

    replies: Sequence[FakeResponse | TransportError]
    headers: list[dict[str, str]] = field(default_factory=list)

    @contextlib.contextmanager
    def request(self, headers: Headers) -> Iterator[FakeResponse]:
        """Send the next reply."""
        self.headers.append(dict(headers))
        reply = self.replies[len(self.headers) - 1]
        if isinstance(reply, TransportError):
            raise reply
        yield reply


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pauses between two tries be short."""
    monkeypatch.setattr(download, "_PAUSE", 0.0001)


def start(
    *replies: FakeResponse | TransportError, retries: int = 5
) -> tuple[Download, FakeServer, list[int]]:
    """Return a download, its server and the numbers that it tells."""
    told: list[int] = []
    server = FakeServer(replies)
    own = Download(server.request, io.BytesIO(), retries, told.append, threading.Event())
    return own, server, told


def content(own: Download) -> bytes:
    """Return what has been written."""
    assert isinstance(own.target, io.BytesIO)
    return own.target.getvalue()


def test_unbroken_download_is_one_request_without_headers() -> None:
    """Nothing but the file is requested, and its size becomes known."""
    own, server, told = start(whole())
    own.run()
    assert (content(own), own.size, sum(told)) == (FILE, SIZE, SIZE)
    assert server.headers == [{}]
    assert own.response is server.replies[0]


def test_broken_download_goes_on_where_it_stopped() -> None:
    """Each byte arrives once, and the server is told which file is meant."""
    own, server, told = start(
        whole(breaks_after=2 * MEGABYTE, etag='"v1"'),
        part(2 * MEGABYTE, breaks_after=MEGABYTE),
        part(3 * MEGABYTE),
    )
    own.run()
    assert content(own) == FILE
    assert (sum(told), min(told)) == (SIZE, 0)
    assert server.headers == [
        {},
        {"Range": f"bytes={2 * MEGABYTE}-", "If-Range": '"v1"'},
        {"Range": f"bytes={3 * MEGABYTE}-", "If-Range": '"v1"'},
    ]
    assert own.response is server.replies[0]


def test_without_a_validator_the_size_must_do() -> None:
    """A server without ETag and date gets no If-Range; that of a weak ETag is empty as well."""
    own, server, _ = start(whole(breaks_after=MEGABYTE), part(MEGABYTE))
    own.run()
    assert content(own) == FILE
    assert server.headers[1] == {"Range": f"bytes={MEGABYTE}-"}


def test_file_that_changed_comes_from_the_start() -> None:
    """A server with another file responds to If-Range with all of it."""
    own, _, told = start(whole(breaks_after=MEGABYTE, etag='"v1"'), whole(OTHER, etag='"v2"'))
    own.run()
    assert content(own) == OTHER
    assert sum(told) == SIZE
    assert -MEGABYTE in told


def test_shorter_file_leaves_nothing_of_the_longer_one() -> None:
    """The target is cut when the file begins again."""
    own, _, _ = start(whole(breaks_after=3 * MEGABYTE), whole(b"short"))
    own.run()
    assert (content(own), own.size) == (b"short", 5)


def test_range_that_cannot_be_satisfied_starts_again() -> None:
    """After a 416 the next request has no Range."""
    refusal = TransportError("the server responded with status 416", 416)
    own, server, _ = start(whole(breaks_after=MEGABYTE), refusal, whole(b"new"))
    own.run()
    assert content(own) == b"new"
    assert [bool(headers) for headers in server.headers] == [False, True, False]


OTHER_PARTS = {
    "another offset": part(MEGABYTE - 1),
    "another size": part(MEGABYTE, FILE + b"more"),
    "an end before the end": FakeResponse(
        FILE[MEGABYTE:-1], 206, "", f"bytes {MEGABYTE}-{SIZE - 2}/{SIZE}"
    ),
    "no range": FakeResponse(FILE[MEGABYTE:], 206, str(SIZE - MEGABYTE)),
}


@pytest.mark.parametrize("reply", OTHER_PARTS.values(), ids=OTHER_PARTS)
def test_other_part_than_requested_is_not_used(reply: FakeResponse) -> None:
    """The next request is for the whole file."""
    own, server, _ = start(whole(breaks_after=MEGABYTE), reply, whole())
    own.run()
    assert content(own) == FILE
    assert server.headers[2] == {}


def test_whole_file_as_a_part_is_used() -> None:
    """A server may send all of it with the status of a part."""
    own, _, _ = start(whole(breaks_after=MEGABYTE), part(0))
    own.run()
    assert content(own) == FILE


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_exhausted_retries_are_an_error(retries: int) -> None:
    """Connections that bring next to nothing fail so many times in a row."""
    replies = [whole(breaks_after=10), *(part(10, breaks_after=0) for _ in range(5))]
    own, server, _ = start(*replies, retries=retries)
    with pytest.raises(TruncatedError):
        own.run()
    assert len(server.headers) == retries + 1


def test_progress_resets_the_count() -> None:
    """A line that breaks again and again but brings a megabyte each time is good enough."""
    replies = [
        whole(breaks_after=MEGABYTE),
        *(part(at * MEGABYTE, breaks_after=MEGABYTE) for at in (1, 2, 3)),
        part(4 * MEGABYTE),
    ]
    own, _, _ = start(*replies, retries=1)
    own.run()
    assert content(own) == FILE


@pytest.mark.parametrize("status", [403, 404, 410, 500])
def test_refused_file_is_requested_once(status: int) -> None:
    """The session of pip has tried again already where that makes sense."""
    own, server, _ = start(TransportError("no", status))
    with pytest.raises(TransportError) as caught:
        own.run()
    assert caught.value.status == status
    assert len(server.headers) == 1


def test_refusal_in_the_middle_is_tried_again() -> None:
    """A server may be busy for a moment."""
    busy = TransportError("busy", 503)
    own, server, _ = start(whole(breaks_after=MEGABYTE), busy, part(MEGABYTE))
    own.run()
    assert (content(own), len(server.headers)) == (FILE, 3)


def test_connection_that_cannot_be_made_is_tried_again_where_a_part_is_there() -> None:
    """Before that the session of pip has tried as often as the user wants."""
    own, server, _ = start(whole(breaks_after=MEGABYTE), TransportError("no route"), part(MEGABYTE))
    own.run()
    assert (content(own), len(server.headers)) == (FILE, 3)
    own, server, _ = start(TransportError("no route"), whole())
    with pytest.raises(TransportError):
        own.run()
    assert len(server.headers) == 1


@pytest.mark.parametrize("size", ["", "more"])
def test_body_without_a_size_ends_at_what_the_page_states(size: str) -> None:
    """A size of the server counts more: that of a page may be wrong."""
    declared = str(SIZE) if size else ""
    own, _, _ = start(FakeResponse(FILE, declared_length=declared), retries=0)
    own.stated = MEGABYTE
    if size:
        own.run()
        assert content(own) == FILE
        return
    with pytest.raises(TransportError) as caught:
        own.run()
    assert str(caught.value) == "more bytes arrived than its page states"
    assert own.arrived < 2 * MEGABYTE


def test_pauses_between_tries_do_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many retries there are."""
    own, _, _ = start(*[whole(breaks_after=0)] * 2000, retries=1999)
    paused: list[float] = []
    monkeypatch.setattr(own.cancelled, "wait", paused.append)
    with pytest.raises(TruncatedError):
        own.run()
    assert max(paused) == download._PAUSE * 64


def test_cancelled_download_returns_without_an_error() -> None:
    """What has arrived stays; whoever cancelled it knows."""
    own, server, _ = start(whole())
    own.advance = lambda number: own.cancelled.set() if number else None
    own.run()
    assert 0 < len(content(own)) < SIZE
    own.run()
    assert len(server.headers) == 1


def test_pause_between_two_tries_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it."""
    monkeypatch.setattr(download, "_PAUSE", 60.0)
    own, server, _ = start(whole(breaks_after=10), whole())
    thread = threading.Thread(target=own.run, daemon=True)
    thread.start()
    own.cancelled.set()
    thread.join(10)
    assert not thread.is_alive()
    assert len(server.headers) <= 1


def test_abort_closes_the_connection() -> None:
    """The response that is being read, and none where there is none yet."""
    response = whole()
    own, _, _ = start(response)
    own.abort()
    own.run()
    own.abort()
    assert response.aborted


def test_unknown_size_is_whatever_arrives() -> None:
    """Without a length the end of the body is the end of the file."""
    own, _, told = start(FakeResponse(FILE))
    own.run()
    assert (content(own), own.size, sum(told)) == (FILE, None, SIZE)


def test_broken_download_of_unknown_size_starts_again() -> None:
    """Whether a part is the rest of the file cannot be told."""
    own, _, _ = start(FakeResponse(FILE, breaks_after=MEGABYTE), part(MEGABYTE), whole())
    own.run()
    assert content(own) == FILE


@pytest.mark.parametrize("difference", [-1, 1])
def test_body_of_another_length_is_an_error(difference: int) -> None:
    """It is noticed also where the connection ends properly."""
    own, _, _ = start(FakeResponse(FILE, declared_length=str(SIZE + difference)), retries=0)
    with pytest.raises(TruncatedError) as caught:
        own.run()
    assert str(caught.value) == f"truncated: {SIZE} of '{SIZE + difference}' bytes arrived"
