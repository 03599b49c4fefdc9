"""The session of pip as a transport: its settings, its errors, and prefetched files."""

from __future__ import annotations

import socket
import threading
from http.client import HTTPException, RemoteDisconnected
from pathlib import Path

import pytest
from pip._internal.exceptions import NetworkConnectionError, PipError
from pip._internal.network.session import PipSession
from pip._vendor.requests.exceptions import (
    ConnectionError as RequestsConnectionError,
)
from pip._vendor.requests.exceptions import (
    ConnectTimeout,
    InvalidURL,
    ReadTimeout,
    RetryError,
    TooManyRedirects,
)
from pip._vendor.requests.models import PreparedRequest, Response
from pip._vendor.urllib3.exceptions import MaxRetryError, ProtocolError

from patches.common._safety.hosts import Hosts
from pip_variants.core.errors import FetchError
from pip_variants.pip_adapter.transport import PipTransport
from pip_variants.remote.fetch import fetch
from pip_variants.remote.transport import NO_HEADERS, RemoteFile, TransportError
from pip_variants.system.workers import Workers
from tests.support.index_server import IndexServer
from tests.unit.adapter.edge import FakeServer, session_with

URL = "https://example.org/a.json"
WHEEL = "https://example.org/a.whl"


def transport_over(server: FakeServer) -> PipTransport:
    """Return a transport over this server."""
    return PipTransport(session_with(server))


def test_body_length_and_origin_of_a_response_are_read() -> None:
    """A response has its body, the length that the server declares, and no cache."""
    server = FakeServer({URL: b"content"})
    with transport_over(server).get(URL) as response:
        assert (response.declared_length, response.from_cache) == ("7", False)
        assert b"".join(response.chunks()) == b"content"
    assert server.requests == [f"GET {URL}"]


def test_request_is_sent_as_pip_itself_would_send_it() -> None:
    """Bodies are not compressed and not read at once, and pip's user agent and timeout count."""
    server = FakeServer({URL: b"content"})
    transport = transport_over(server)
    transport.session.timeout = 42
    try:
        with transport.get(URL):
            pass
    finally:
        transport.session.timeout = None
    (request,), (settings,) = server.sent, server.settings
    assert request.headers is not None
    assert request.headers["Accept-Encoding"] == "identity"
    assert request.headers["User-Agent"].startswith("pip/")
    assert "Cache-Control" not in request.headers
    assert (settings["stream"], settings["timeout"]) == (True, 42)


def test_cache_control_is_sent_if_it_is_given() -> None:
    """The HTTP cache of pip obeys it."""
    server = FakeServer({URL: b""})
    with transport_over(server).get(URL, {"Cache-Control": "max-age=0"}):
        pass
    assert server.sent[0].headers is not None
    assert server.sent[0].headers["Cache-Control"] == "max-age=0"


def test_proxies_are_looked_up_once_for_each_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lookup takes half as long as a request to a nearby server."""
    other = "https://other.example.org/b.json"
    server = FakeServer({URL: b"", other: b"", f"{URL}?2": b""})
    transport = transport_over(server)
    merge = transport.session.merge_environment_settings
    looked_up: list[str] = []

    def record(url: str, *args: object) -> object:
        looked_up.append(url)
        return merge(url, *args)

    monkeypatch.setattr(transport.session, "merge_environment_settings", record)
    for url in (URL, f"{URL}?2", other):
        with transport.get(url):
            pass
    assert looked_up == [URL, other]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429, 500, 503])
def test_refused_request_is_an_error_with_its_status(status: int) -> None:
    """A refusal of the server differs from a failure of the network."""
    server = FakeServer({URL: b"sorry"})
    server.statuses[URL] = status
    with pytest.raises(TransportError) as caught, transport_over(server).get(URL):
        pass
    assert str(caught.value) == f"the server responded with status {status}"
    assert caught.value.status == status


def test_redirect_is_followed_to_the_file() -> None:
    """A page may list addresses that lead elsewhere."""
    target = "https://other.example.org/b.json"
    server = FakeServer({URL: b"", target: b"content"})
    server.statuses[URL] = 302
    server.headers["Location"] = target
    with transport_over(server).get(URL) as response:
        assert b"".join(response.chunks()) == b"content"
    assert server.requests == [f"GET {URL}", f"GET {target}"]


@pytest.mark.parametrize("location", ["http://[::1", "//[x", "\xff"])
def test_redirect_to_what_is_no_address_is_an_error(location: str) -> None:
    """Python's own parsers raise ValueError for some."""
    server = FakeServer({URL: b""})
    server.statuses[URL] = 302
    server.headers["Location"] = location
    with pytest.raises(TransportError) as caught, transport_over(server).get(URL):
        pass
    assert str(caught.value).isprintable()


def refused() -> RequestsConnectionError:
    """Return what requests makes of a refused connection."""
    reason = OSError("<conn 0x7f>: Failed to establish a new connection: [Errno 111] refused")
    pool = MaxRetryError(None, "/a.json", reason)  # type: ignore[no-untyped-call]
    return RequestsConnectionError(pool)  # type: ignore[no-untyped-call]


def redirecting() -> Response:
    """Return a response that leads elsewhere."""
    response = Response()  # type: ignore[no-untyped-call]
    response.status_code = 302
    return response


# What pip's session raises, and the reason in one sentence.
FAILURES: dict[str, tuple[Exception, str]] = {
    "refused": (refused(), "'[Errno 111] refused'"),
    "read timeout": (ReadTimeout("slow"), "the server did not respond in time"),  # type: ignore[no-untyped-call]
    "connect timeout": (ConnectTimeout("slow"), "the server did not respond in time"),  # type: ignore[no-untyped-call]
    "invalid URL": (InvalidURL("bad: no host"), "'no host'"),  # type: ignore[no-untyped-call]
    "long password": (
        InvalidURL(f"Invalid URL 'http:/user:{'p' * 200}@host/'"),  # type: ignore[no-untyped-call]
        "\"Invalid URL 'http:/user:****@host/'\"",
    ),
    "retries": (RetryError("too many 503 error responses"), "'too many 503 error responses'"),  # type: ignore[no-untyped-call]
    "protocol": (ProtocolError("Connection broken: gone"), "'gone'"),
    "protocol with its cause": (
        ProtocolError("Connection broken: IncompleteRead(0 read)", ValueError("IncompleteRead")),
        "'IncompleteRead(0 read)'",
    ),
    "invalid chunk": (
        ProtocolError("Connection broken: HTTPException('x')", HTTPException("x")),
        "the server sent an invalid response",
    ),
    "closed": (
        ProtocolError("Connection aborted.", RemoteDisconnected("Remote end")),
        "'Connection aborted.'",
    ),
    "aborted": (
        RequestsConnectionError(ProtocolError("Connection aborted.", ValueError("Remote end"))),  # type: ignore[no-untyped-call]
        "'Connection aborted.'",
    ),
    "system": (OSError(28, "No space left"), "'[Errno 28] No space left'"),
    "of pip": (PipError("Could not find: a reason of pip"), "'a reason of pip'"),
    "escapes": (OSError("\x1b[2J"), r"'\x1b[2J'"),
    "nothing": (OSError(), "''"),
    "redirects": (
        TooManyRedirects(response=redirecting()),  # type: ignore[no-untyped-call]
        "there are too many redirects",
    ),
}


@pytest.mark.parametrize(("failure", "reason"), FAILURES.values(), ids=FAILURES)
def test_failure_of_the_network_is_an_error_with_the_innermost_reason(
    failure: Exception, reason: str
) -> None:
    """What requests and urllib3 wrap around each other becomes one sentence, safe to print."""
    server = FakeServer()
    server.failure = failure
    with pytest.raises(TransportError) as caught, transport_over(server).get(URL):
        pass
    assert (str(caught.value), caught.value.status) == (reason, None)


def test_question_without_a_terminal_is_the_status_behind_it() -> None:
    """For a status of 401 pip asks for a user, and reads the end of a closed standard input."""
    server = FakeServer()
    server.failure = EOFError("EOF when reading a line")
    with pytest.raises(TransportError) as caught, transport_over(server).get(URL):
        pass
    assert (str(caught.value), caught.value.status) == ("the server responded with status 401", 401)


def test_pip_error_with_response_is_an_error_with_its_status() -> None:
    """Some of pip's errors have the response with which they began."""
    server = FakeServer({URL: b""})
    server.statuses[URL] = 503
    request = PreparedRequest()  # type: ignore[no-untyped-call]
    request.prepare("GET", URL)  # type: ignore[no-untyped-call]
    response = server.send(request)
    server.failure = NetworkConnectionError("no", response=response)
    with pytest.raises(TransportError) as caught, transport_over(server).get(URL):
        pass
    assert str(caught.value) == "the server responded with status 503"


def test_connection_that_breaks_in_the_body_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The body is read later than the headers, and fails in the same way."""
    with transport_over(FakeServer({URL: b"content"})).get(URL) as response:

        def breaking(*_: object, **__: object) -> None:
            raise ProtocolError("Connection broken: IncompleteRead")

        monkeypatch.setattr(response.response.raw, "stream", breaking)
        with pytest.raises(TransportError) as caught:
            list(response.chunks())
    assert str(caught.value) == "'IncompleteRead'"


def test_error_of_the_caller_is_not_an_error_of_the_transport() -> None:
    """Only the network is wrapped."""
    with (
        pytest.raises(OSError, match="disk full"),
        transport_over(FakeServer({URL: b""})).get(URL),
    ):
        raise OSError("disk full")


def test_part_of_a_file_is_requested_with_its_range() -> None:
    """The response says which part it is, and that the server knows ranges."""
    server = FakeServer({WHEEL: b"content"}, ranges=True)
    with transport_over(server).get(WHEEL, {"Range": "bytes=-3"}) as response:
        assert b"".join(response.chunks()) == b"ent"
        assert (response.status, response.declared_length) == (206, "3")
        assert (response.content_range, response.accepts_ranges) == ("bytes 4-6/7", True)
    assert dict(server.sent[0].headers or {})["Range"] == "bytes=-3"


# Headers of a response, and what is read of them.
HEADERS: dict[str, tuple[dict[str, str], tuple[str, bool, bool]]] = {
    "none": ({}, ("", False, False)),
    "a part": ({"Content-Range": "bytes 0-1/2"}, ("bytes 0-1/2", False, False)),
    "ranges": ({"Accept-Ranges": " Bytes"}, ("", True, False)),
    "no ranges": ({"Accept-Ranges": "none"}, ("", False, False)),
    "compressed": ({"Content-Encoding": "gzip"}, ("", False, True)),
    "as it is": ({"Content-Encoding": "Identity "}, ("", False, False)),
    "no value": ({"Content-Encoding": ""}, ("", False, False)),
    "how it came to an object store": ({"Content-Encoding": "aws-chunked"}, ("", False, False)),
}


@pytest.mark.parametrize(("headers", "expected"), HEADERS.values(), ids=HEADERS)
def test_headers_of_a_response_are_read(
    headers: dict[str, str], expected: tuple[str, bool, bool]
) -> None:
    """What a server says about ranges and encodings."""
    server = FakeServer({WHEEL: b"xx"})
    server.headers |= headers
    with transport_over(server).get(WHEEL) as response:
        found = (response.content_range, response.accepts_ranges, response.is_encoded)
    assert found == expected


# The status and Content-Length of the response to a HEAD request, and the size.
SIZES: dict[str, tuple[int, str, int | None]] = {
    "known": (200, "7", 7),
    "missing": (404, "7", None),
    "refused": (405, "7", None),
    "no number": (200, "many", None),
    "nothing": (200, "", None),
    "empty": (200, "0", None),
}


@pytest.mark.parametrize(("status", "length", "size"), SIZES.values(), ids=SIZES)
def test_size_is_what_the_server_states(status: int, length: str, size: int | None) -> None:
    """Without one the size is unknown; some servers state none to a HEAD request, or zero."""
    server = FakeServer({WHEEL: b"content"})
    server.statuses[WHEEL] = status
    server.headers["Content-Length"] = length
    assert transport_over(server).size(WHEEL) == size
    assert server.requests == [f"HEAD {WHEEL}"]


def test_size_is_that_of_the_file_behind_a_redirect() -> None:
    """The response that redirects has a length of its own."""
    target = "https://other.example.org/b.whl"
    server = FakeServer({WHEEL: b"moved", target: b"content"})
    server.statuses[WHEEL] = 302
    server.headers["Location"] = target
    assert transport_over(server).size(WHEEL) == 7
    assert server.requests == [f"HEAD {WHEEL}", f"HEAD {target}"]


def test_size_is_unknown_after_a_failure_of_the_network() -> None:
    """It is only shown, so that nothing fails without it."""
    server = FakeServer()
    server.failure = OSError("Network is unreachable")
    assert transport_over(server).size(WHEEL) is None


def test_file_is_read_from_the_cache_while_it_is_fresh(tmp_path: Path) -> None:
    """No request is sent for it, nor for a file that the cache does not have."""
    content = b"content"
    with IndexServer(lambda path: content if path == "/a.whl" else None, cacheable=True) as server:
        session = PipSession(cache=str(tmp_path), trusted_hosts=["127.0.0.1"])
        session.trust_env = False
        transport, url = PipTransport(session), f"{server.url}a.whl"
        assert transport.open_cached(url) is None
        with transport.get(url) as response:
            assert b"".join(response.chunks()) == content
        body = transport.open_cached(url)
        assert body is not None
        with body:
            assert body.read() == content
        session.close()
    assert server.requested() == ["/a.whl"]


@pytest.mark.parametrize(("byte_range", "kept"), [("bytes=-20", True), ("bytes=-3", False)])
def test_part_that_is_the_whole_file_is_cached_as_that(
    tmp_path: Path, byte_range: str, *, kept: bool
) -> None:
    """A small wheel comes whole where its end was requested; a real part is not cached."""
    content = b"content"
    with IndexServer(lambda path: content if path == "/a.whl" else None, cacheable=True) as server:
        session = PipSession(cache=str(tmp_path), trusted_hosts=["127.0.0.1"])
        session.trust_env = False
        transport, url = PipTransport(session), f"{server.url}a.whl"
        with transport.get(url, {"Cache-Control": "no-cache", "Range": byte_range}) as response:
            assert response.status == 206
            assert content.endswith(b"".join(response.chunks()))
        body = transport.open_cached(url)
        assert (body is not None) is kept
        if body is not None:
            with body:
                assert body.read() == content
        with transport.get(url) as response:
            assert (response.status, response.content_range) == (200, "")
            assert response.from_cache is kept
            assert b"".join(response.chunks()) == content
        session.close()


def test_session_without_a_cache_has_no_cached_file() -> None:
    """Whoever turns the cache off, or has an index without https, has none."""
    server = FakeServer({WHEEL: b"content"})
    assert transport_over(server).open_cached(WHEEL) is None
    assert server.requests == []


def test_prefetched_file_is_the_response_of_pip() -> None:
    """The response comes from a thread, as pip would have it."""
    server = FakeServer({URL: b"content"})
    prefetch = transport_over(server).prefetch(URL, NO_HEADERS, Workers(1))
    assert prefetch is not None
    response = prefetch.result()
    assert response is not None
    assert response.raw is not None
    assert (response.status_code, response.raw.read()) == (200, b"content")
    assert prefetch.result() is response
    assert server.requests == [f"GET {URL}"]
    assert server.settings[0]["stream"] is False  # the limits of a document hold


@pytest.mark.parametrize("status", [206, 301, 302, 304, 401, 404, 407, 500])
def test_prefetch_gives_nothing_unless_the_response_is_complete(status: int) -> None:
    """After a redirect, a challenge or a failure pip sends the request itself."""
    server = FakeServer({URL: b"content"})
    server.statuses[URL] = status
    prefetch = transport_over(server).prefetch(URL, NO_HEADERS, Workers(1))
    assert prefetch is not None
    assert prefetch.result() is None


@pytest.mark.parametrize(
    "failure",
    [refused(), ProtocolError("gone"), socket.gaierror("no name")],
    ids=["refused", "broken", "no name"],
)
def test_prefetch_gives_nothing_after_a_failure_of_the_network(failure: Exception) -> None:
    """The failure is pip's to report, when it sends the request itself."""
    server = FakeServer()
    server.failure = failure
    prefetch = transport_over(server).prefetch(URL, NO_HEADERS, Workers(1))
    assert prefetch is not None
    assert prefetch.result() is None


@pytest.mark.parametrize("url", ["https://", "https://exa mple.org:port/x", "nothing://x/y", ""])
def test_prefetch_of_an_impossible_url_is_not_started(url: str) -> None:
    """A page can list any text as an address."""
    threads = threading.active_count()
    assert transport_over(FakeServer()).prefetch(url, NO_HEADERS, Workers(1)) is None
    assert threading.active_count() == threads


def remote_file(**hashes: str) -> RemoteFile:
    """Return a document on a page that gives these hashes."""
    return RemoteFile("a.json", URL, URL, "https://example.org/", hashes)


# The hashes that a page gives, and the Cache-Control of the request.
CACHING: dict[str, tuple[dict[str, str], str | None]] = {
    "no hash": ({}, "max-age=0"),
    "a hash that proves the content": ({"md5": "9a0364b9e99bb480dd25e1f0284c8555"}, None),
    "a hash that no one can check": ({"blake9": "1"}, "max-age=0"),
}


@pytest.mark.parametrize(("hashes", "cache_control"), CACHING.values(), ids=CACHING)
def test_cached_document_is_used_only_if_a_hash_proves_it(
    hashes: dict[str, str], cache_control: str | None
) -> None:
    """A document changes at the same URL whenever a label is added."""
    server = FakeServer({URL: b"content"})
    assert fetch(remote_file(**hashes), transport_over(server)) == b"content"
    assert server.sent[0].headers is not None
    assert server.sent[0].headers.get("Cache-Control") == cache_control


def test_error_of_the_transport_becomes_one_of_fetching() -> None:
    """A status is the whole reason, another failure says that the file cannot be fetched."""
    server = FakeServer()
    with pytest.raises(FetchError) as caught:
        fetch(remote_file(), transport_over(server))
    assert str(caught.value) == "the server responded with status 404"
    server.failure = refused()
    with pytest.raises(FetchError) as caught:
        fetch(remote_file(), transport_over(server))
    assert str(caught.value) == "cannot be fetched: '[Errno 111] refused'"


def test_host_that_failed_is_asked_for_no_document_but_for_a_file() -> None:
    """Its error is that of the request which failed."""
    server = FakeServer({URL: b"content", WHEEL: b"wheel"})
    server.pip_hosts = Hosts()
    server.pip_hosts.failed(URL, refused())
    transport = transport_over(server)
    for is_file in (False, True):
        with pytest.raises(TransportError) as caught, transport.get(WHEEL, is_file=is_file):
            pass
        assert str(caught.value) == "'[Errno 111] refused'"
    assert server.requests == []
    with transport.download(WHEEL) as response:
        assert b"".join(response.chunks()) == b"wheel"
