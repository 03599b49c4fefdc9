"""The index server over plain HTTP: ranges, pages, replaced replies, its log, its shutdown."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.support.index_server import IndexServer, Reply

if TYPE_CHECKING:
    from pathlib import Path


class Response(NamedTuple):
    """What an HTTP client gets."""

    status: int
    headers: dict[str, str]
    body: bytes


def fetch(server: IndexServer, path: str, method: str = "GET", **headers: str) -> Response:
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
    ("range_header", "status", "content_range", "body"),
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
def test_range_request_gets_its_part_of_the_file(
    folder: Path, range_header: str, status: int, content_range: str | None, body: bytes
) -> None:
    """An invalid range gets the whole file, as every request does with ranges switched off."""
    with IndexServer(folder) as server:
        part = fetch(server, "/a%20b.bin", Range=range_header)
        server.ranges = False
        whole = fetch(server, "/a%20b.bin", Range=range_header)
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
def test_page_has_the_format_that_the_client_accepts(
    folder: Path, json_pages: bool, accept: str, kind: str, body: bytes
) -> None:
    """JSON (PEP 691) only for a client that accepts it, and not if it is switched off."""
    types = {
        "json": "application/vnd.pypi.simple.v1+json",
        "html": "text/html; charset=utf-8",
    }
    with IndexServer(folder, json_pages=json_pages) as server:
        response = fetch(server, "/page/", Accept=accept)
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
def test_reply_replaces_the_response_of_one_path(
    folder: Path, reply: Reply, status: int, body: bytes
) -> None:
    """Status, body and headers of one path are replaced, other paths are not changed."""
    with IndexServer(folder) as server:
        server.replies["/a b.bin"] = reply
        response = fetch(server, "/a%20b.bin?query")
        assert (response.status, response.body) == (status, body)
        assert set(reply.headers) <= set(response.headers.items())
        assert fetch(server, "/page/").body == b"html"


def test_cut_reply_closes_the_connection_early(folder: Path) -> None:
    """The whole length is announced, a part is sent, and the log counts the part."""
    with IndexServer(folder) as server:
        server.replies["/a b.bin"] = Reply(cut=4)
        with pytest.raises(http.client.IncompleteRead) as caught:
            fetch(server, "/a%20b.bin")
    assert (caught.value.partial, caught.value.expected) == (b"0123", 6)
    assert [request.sent for request in server.requests] == [4]


def test_delayed_reply_arrives_late_but_does_not_delay_shutdown(folder: Path) -> None:
    """The client waits for the delay, which ends when the server stops."""
    with IndexServer(folder) as server:
        server.replies["/a b.bin"] = Reply(delay=0.3)
        start = time.monotonic()
        assert fetch(server, "/a%20b.bin").body == b"0123456789"
        assert time.monotonic() - start >= 0.3
        server.replies["/a b.bin"] = Reply(delay=60)
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
        connection.request("GET", "/a%20b.bin")
        start = time.monotonic()
    assert time.monotonic() - start < 30
    connection.close()


def test_server_delay_applies_to_every_response_in_parallel(folder: Path) -> None:
    """Requests on several connections are delayed once, not one after the other."""
    with IndexServer(folder, delay=0.5) as server, ThreadPoolExecutor(4) as pool:
        start = time.monotonic()
        responses = list(pool.map(lambda path: fetch(server, path), ["/page/", "/no"] * 2))
        elapsed = time.monotonic() - start
    assert [response.status for response in responses] == [200, 404, 200, 404]
    assert 0.5 <= elapsed < 2.0


def test_connection_stays_open_between_requests(folder: Path) -> None:
    """Several requests use one connection, which does not delay the shutdown while it is idle."""
    with IndexServer(folder) as server:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
        connection.connect()
        before = connection.sock
        for path, status in (("/page/", 200), ("/no", 404), ("/a%20b.bin", 200)):
            connection.request("GET", path)
            assert connection.getresponse().read() == (fetch(server, path).body)
            assert server.requests[-1].status == status
        assert connection.sock is before
        start = time.monotonic()
    assert time.monotonic() - start < 15
    connection.close()


@pytest.mark.parametrize(
    ("path", "cache_control"),
    [
        ("/page/", "max-age=600, public"),
        ("/page/index.json", "max-age=600, public"),
        ("/a%20b.bin", "max-age=365000000, immutable, public"),
    ],
)
def test_cacheable_response_is_revalidated_by_its_etag(
    folder: Path, path: str, cache_control: str
) -> None:
    """Pages and JSON are fresh for minutes, files for good; a known ETag gets a 304."""
    with IndexServer(folder, cacheable=True) as server:
        first = fetch(server, path)
        assert first.headers["Cache-Control"] == cache_control
        etag = first.headers["ETag"]
        again = fetch(server, path, **{"If-None-Match": etag})
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", etag)
        assert fetch(server, path, **{"If-None-Match": '"other"'}).status == 200
        server.cacheable = False
        assert not {"ETag", "Cache-Control"} & set(fetch(server, path).headers)


def test_every_request_is_logged_and_nothing_is_printed(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The log has method, path, status, sent bytes and the client's headers, in order."""
    with IndexServer(folder) as server:
        fetch(server, "/a%20b.bin", **{"X-Who": "me"})
        fetch(server, "/a%20b.bin", "HEAD")
        fetch(server, "/missing")
        fetch(server, "/../../../../etc/passwd")
        fetch(server, "/page")
    assert [(r.method, r.path, r.status, r.sent) for r in server.requests] == [
        ("GET", "/a b.bin", 200, 10),
        ("HEAD", "/a b.bin", 200, 0),
        ("GET", "/missing", 404, 0),
        ("GET", "/../../../../etc/passwd", 404, 0),
        ("GET", "/page", 404, 0),
    ]
    assert server.requests[0].headers["x-who"] == "me"
    assert server.requested(".bin") == ["/a b.bin", "/a b.bin"]
    assert capfd.readouterr() == ("", "")


def test_server_port_is_closed_after_the_with_block(folder: Path) -> None:
    """The port is closed too if the block ends with an exception."""

    class OopsError(Exception):
        pass

    def fail() -> None:
        raise OopsError

    server = IndexServer(folder)
    with pytest.raises(OopsError), server:
        fail()
    with pytest.raises(ConnectionRefusedError):
        fetch(server, "/page/")


def test_error_in_the_source_is_raised_at_the_end(capfd: pytest.CaptureFixture[str]) -> None:
    """An error in a thread of the server is raised when the `with` block ends."""

    def broken(path: str) -> bytes | None:
        raise LookupError(path)

    server = IndexServer(broken)
    with (
        pytest.raises(LookupError, match="/x"),
        server,
        pytest.raises(http.client.RemoteDisconnected),
    ):
        fetch(server, "/x")
    assert capfd.readouterr() == ("", "")
