"""The index server as plain HTTP sees it: ranges, pages, misbehaviour, its log and its end."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import pytest
from index_server import IndexServer, Reply

if TYPE_CHECKING:
    from pathlib import Path


class Response(NamedTuple):
    """What plain HTTP gets."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(server: IndexServer, path: str, method: str = "GET", **headers: str) -> Response:
    """Send one request and return the whole response."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        with connection.getresponse() as response:
            body = response.read()
            return Response(response.status, dict(response.getheaders()), body)
    finally:
        connection.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write a folder with a page in both forms and a file of ten bytes."""
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_bytes(b"html")
    (tmp_path / "page" / "index.json").write_bytes(b"json")
    (tmp_path / "a b.bin").write_bytes(b"0123456789")
    return tmp_path


@pytest.mark.parametrize(
    ("wanted", "status", "content_range", "body"),
    [
        ("bytes=0-3", 206, "bytes 0-3/10", b"0123"),
        ("bytes=8-", 206, "bytes 8-9/10", b"89"),
        ("bytes=-3", 206, "bytes 7-9/10", b"789"),
        ("bytes=-30", 206, "bytes 0-9/10", b"0123456789"),
        ("bytes=5-99", 206, "bytes 5-9/10", b"56789"),
        ("bytes=10-", 416, "bytes */10", b""),
        ("bytes=-", 200, None, b"0123456789"),
        ("lines=1-2", 200, None, b"0123456789"),
    ],
)
def test_ranges(
    folder: Path, wanted: str, status: int, content_range: str | None, body: bytes
) -> None:
    """A range request gets its part; switched off, the whole file."""
    with IndexServer(folder) as server:
        part = ask(server, "/a%20b.bin", Range=wanted)
        server.ranges = False
        whole = ask(server, "/a%20b.bin", Range=wanted)
    assert (part.status, part.headers.get("Content-Range"), part.body) == (
        status,
        content_range,
        body,
    )
    assert (whole.status, whole.body) == (200, b"0123456789")
    assert "Accept-Ranges" not in whole.headers


@pytest.mark.parametrize(
    ("json_pages", "accept", "kind", "body"),
    [
        (True, "application/vnd.pypi.simple.v1+json, text/html; q=0.1", "json", b"json"),
        (True, "text/html", "html", b"html"),
        (False, "application/vnd.pypi.simple.v1+json, text/html; q=0.1", "html", b"html"),
    ],
)
def test_a_page_comes_in_the_accepted_form(
    folder: Path, json_pages: bool, accept: str, kind: str, body: bytes
) -> None:
    """PEP 691: JSON only to those who accept it, and never when it is switched off."""
    types = {
        "json": "application/vnd.pypi.simple.v1+json",
        "html": "text/html; charset=utf-8",
    }
    with IndexServer(folder, json_pages=json_pages) as server:
        response = ask(server, "/page/", Accept=accept)
    assert (response.headers["Content-Type"], response.body) == (types[kind], body)


@pytest.mark.parametrize(
    ("reply", "status", "body"),
    [
        (Reply(), 200, b"0123456789"),
        (Reply(status=404), 404, b""),
        (Reply(status=500, body=b"oh"), 500, b"oh"),
        (Reply(body=b"other"), 200, b"other"),
        (Reply(status=302, headers=(("Location", "/page/"),)), 302, b""),
    ],
)
def test_a_path_answers_as_it_is_told(folder: Path, reply: Reply, status: int, body: bytes) -> None:
    """Status, body and headers of one path can be replaced, and only of that path."""
    with IndexServer(folder) as server:
        server.replies["/a b.bin"] = reply
        response = ask(server, "/a%20b.bin?query")
        assert (response.status, response.body) == (status, body)
        assert set(reply.headers) <= set(response.headers.items())
        assert ask(server, "/page/").body == b"html"


def test_a_cut_answer_ends_early(folder: Path) -> None:
    """The whole length is announced, a part of it is sent and counted."""
    with IndexServer(folder) as server:
        server.replies["/a b.bin"] = Reply(cut=4)
        with pytest.raises(http.client.IncompleteRead) as caught:
            ask(server, "/a%20b.bin")
    assert (caught.value.partial, caught.value.expected) == (b"0123", 6)
    assert [request.sent for request in server.requests] == [4]


def test_a_delayed_answer_comes_late_and_does_not_hold_up_the_end(folder: Path) -> None:
    """A delay is waited for by the client, and cut short when the server stops."""
    with IndexServer(folder) as server:
        server.replies["/a b.bin"] = Reply(delay=0.3)
        start = time.monotonic()
        assert ask(server, "/a%20b.bin").body == b"0123456789"
        assert time.monotonic() - start >= 0.3
        server.replies["/a b.bin"] = Reply(delay=60)
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
        connection.request("GET", "/a%20b.bin")
        start = time.monotonic()
    assert time.monotonic() - start < 10
    connection.close()


def test_every_answer_waits(folder: Path) -> None:
    """A server can be slow altogether, and answers several connections at once all the same."""
    with IndexServer(folder, delay=0.3) as server, ThreadPoolExecutor(4) as pool:
        start = time.monotonic()
        responses = list(pool.map(lambda path: ask(server, path), ["/page/", "/no"] * 2))
        taken = time.monotonic() - start
    assert [response.status for response in responses] == [200, 404, 200, 404]
    assert 0.3 <= taken < 1.2


def test_a_connection_stays_open(folder: Path) -> None:
    """Requests follow each other on one connection, whose idle end does not hold up the server."""
    with IndexServer(folder) as server:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
        connection.connect()
        before = connection.sock
        for path, status in (("/page/", 200), ("/no", 404), ("/a%20b.bin", 200)):
            connection.request("GET", path)
            assert connection.getresponse().read() == (ask(server, path).body)
            assert server.requests[-1].status == status
        assert connection.sock is before
        start = time.monotonic()
    assert time.monotonic() - start < 5
    connection.close()


@pytest.mark.parametrize(
    ("path", "lasting"),
    [
        ("/page/", "max-age=600, public"),
        ("/page/index.json", "max-age=600, public"),
        ("/a%20b.bin", "max-age=365000000, immutable, public"),
    ],
)
def test_a_client_may_keep_what_it_got(folder: Path, path: str, lasting: str) -> None:
    """A page and JSON for minutes, files for good; by its ETag it hears that nothing changed."""
    with IndexServer(folder, cacheable=True) as server:
        first = ask(server, path)
        assert first.headers["Cache-Control"] == lasting
        etag = first.headers["ETag"]
        again = ask(server, path, **{"If-None-Match": etag})
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", etag)
        assert ask(server, path, **{"If-None-Match": '"other"'}).status == 200
        server.cacheable = False
        assert not {"ETag", "Cache-Control"} & set(ask(server, path).headers)


def test_every_request_is_in_the_log_and_nothing_is_printed(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The log has method, path, status, sent bytes and the client's headers, in order."""
    with IndexServer(folder) as server:
        ask(server, "/a%20b.bin", **{"X-Who": "me"})
        ask(server, "/a%20b.bin", "HEAD")
        ask(server, "/missing")
        ask(server, "/../../../../etc/passwd")
        ask(server, "/page")
    assert [(r.method, r.path, r.status, r.sent) for r in server.requests] == [
        ("GET", "/a b.bin", 200, 10),
        ("HEAD", "/a b.bin", 200, 0),
        ("GET", "/missing", 404, 0),
        ("GET", "/../../../../etc/passwd", 404, 0),
        ("GET", "/page", 404, 0),
    ]
    assert server.requests[0].headers["x-who"] == "me"
    assert server.asked(".bin") == ["/a b.bin", "/a b.bin"]
    assert capfd.readouterr() == ("", "")


def test_the_server_is_gone_after_its_block(folder: Path) -> None:
    """The port is closed when the block ends, also by an exception."""

    class OopsError(Exception):
        pass

    def fail() -> None:
        raise OopsError

    server = IndexServer(folder)
    with pytest.raises(OopsError), server:
        fail()
    with pytest.raises(ConnectionRefusedError):
        ask(server, "/page/")


def test_a_failing_source_fails_the_test(capfd: pytest.CaptureFixture[str]) -> None:
    """An error in the server is not lost in its thread."""

    def broken(path: str) -> bytes | None:
        raise LookupError(path)

    server = IndexServer(broken)
    with (
        pytest.raises(LookupError, match="/x"),
        server,
        pytest.raises(http.client.RemoteDisconnected),
    ):
        ask(server, "/x")
    assert capfd.readouterr() == ("", "")
