"""Requests of a session of pip: hosts that failed, bodies by kind, and errors in one sentence."""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import tarfile
import time
import weakref
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from pip._internal.exceptions import InstallationError, NetworkConnectionError
from pip._internal.network.lazy_wheel import HTTPRangeRequestUnsupported
from pip._vendor.packaging.requirements import InvalidRequirement
from pip._vendor.packaging.version import InvalidVersion
from pip._vendor.pyproject_hooks import BackendUnavailable, HookMissing
from pip._vendor.requests import exceptions
from pip._vendor.requests.models import PreparedRequest, Request, Response
from pip._vendor.urllib3.exceptions import (
    DecodeError,
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    ResponseError,
)
from pip._vendor.urllib3.response import HTTPResponse

from patches.common._safety import exchange
from patches.common._safety.credentials import prompted
from patches.common._safety.exchange import send
from patches.common._safety.failures import (
    RefusedResponseError,
    hinting,
    in_one_sentence,
    is_missed,
    page_reason,
)
from patches.common._safety.lazy_wheels import attempted, check_part, first_tries
from patches.common._safety.limits import Limit
from pip_variants.pip_adapter import compat

URL = "http://index.example/simple/x/"
WHEEL = "http://index.example/x-1.0-py3-none-any.whl"
MEGABYTE = 1024 * 1024


class Adapter:
    """An adapter, which keeps what is known of hosts."""

    pip_ends: float | None = None


def request_for(url: str = URL, **headers: str) -> PreparedRequest:
    """Return a GET request."""
    found: PreparedRequest = Request("GET", url, headers=headers).prepare()  # type: ignore[no-untyped-call]
    return found


def response_to(
    request: PreparedRequest,
    body: bytes | io.RawIOBase | io.BytesIO = b"",
    status: int = 200,
    **headers: str,
) -> Response:
    """Return a response; `_` in the name of a header stands for a hyphen."""
    found = Response()  # type: ignore[no-untyped-call]
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    found.status_code, found.url, found.request = status, request.url, request
    found.headers.update(named)
    stream = io.BytesIO(body) if isinstance(body, bytes) else body
    found.raw = HTTPResponse(stream, headers=named, status=status, preload_content=False)  # type: ignore[no-untyped-call]
    return found


def sent(
    body: bytes | io.RawIOBase | io.BytesIO = b"",
    status: int = 200,
    *,
    url: str = URL,
    stream: bool = False,
    requested: str = "",
    **headers: str,
) -> Response:
    """Return a response with this body and status, as a session gets it."""
    request = request_for(url, **({"Range": requested} if requested else {}))
    return send(
        Adapter(),
        lambda *_, **__: response_to(request, body, status, **headers),
        request,
        stream=stream,
        timeout=15.0,
    )


def raw_of(response: Response) -> Any:  # noqa: ANN401 - urllib3 has no types
    """Return the response of urllib3."""
    return response.raw


class Endless(io.RawIOBase):
    """A body without an end."""

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a writable buffer
        """Fill the buffer."""
        buffer[:] = b"x" * len(buffer)
        return len(buffer)


def failing(error: Exception) -> Callable[..., Response]:
    """Return a method that fails."""

    def fail(*_: object, **__: object) -> Response:
        raise error

    return fail


def refused() -> exceptions.ConnectionError:
    """Return the error of a connection that is refused."""
    reason = NewConnectionError(None, "[Errno 111] Connection refused")  # type: ignore[no-untyped-call]
    return exceptions.ConnectionError(MaxRetryError(None, "/first", reason))  # type: ignore[no-untyped-call]


def too_slow() -> exceptions.ConnectionError:
    """Return the error of a server that does not respond."""
    reason = ReadTimeoutError(None, "/first", "Read timed out.")  # type: ignore[no-untyped-call]
    return exceptions.ConnectionError(MaxRetryError(None, "/first", reason))  # type: ignore[no-untyped-call]


def busy() -> exceptions.RetryError:
    """Return the error of a server that responds with 503 each time."""
    reason = ResponseError("too many 503 error responses")
    return exceptions.RetryError(MaxRetryError(None, "/first", reason))  # type: ignore[no-untyped-call]


# Errors of a server, whether it responded before, and how many requests it gets of sixty.
VERDICTS = {
    "refused": (refused, True, 1),
    "refused at once": (refused, False, 1),
    "too slow": (too_slow, True, 2),
    "never responded": (too_slow, False, 1),
    "busy": (busy, True, 2),
}


@pytest.mark.parametrize(("error", "responded", "most"), VERDICTS.values(), ids=VERDICTS)
def test_server_that_failed_gets_no_request_for_each_document(
    error: Callable[[], Exception], *, responded: bool, most: int
) -> None:
    """One file alone may be out of order, where the server has responded before."""
    adapter, requests = Adapter(), []

    def inherited(request: PreparedRequest, **_: object) -> Response:
        requests.append(request)
        raise error()

    if responded:
        send(adapter, lambda request, **_: response_to(request), request_for())
    for number in range(60):
        with pytest.raises(type(error())) as caught:
            send(adapter, inherited, request_for(f"{URL}{number}"))
    assert len(requests) == most
    assert f"/simple/x/{number}" in str(caught.value)
    assert caught.value.__dict__["request"].url == f"{URL}{number}"


# What a server sends in turn: a document that expires, or is whole; streamed, as for the engine;
# for a hint; a redirect; what is cached and has not changed. And which of them are requested.
TURNS: dict[str, tuple[str, str]] = {
    "one may be out of order": ("expired whole expired whole", "expired whole expired whole"),
    "twice in a row": ("whole expired expired whole", "whole expired expired"),
    "from the start": ("expired expired whole", "expired expired"),
    "streamed": ("whole expired streamed whole", "whole expired streamed"),
    "streamed twice": ("streamed streamed whole", "streamed streamed"),
    "for a hint": ("whole hint hint whole", "whole hint hint whole"),
    "redirect": ("expired redirect expired whole", "expired redirect expired whole"),
    "not modified": ("expired cached expired whole", "expired cached expired whole"),
    "from the cache": ("expired fresh expired whole", "expired fresh expired"),
    "download": ("expired download expired whole", "expired download expired whole"),
}


@pytest.mark.parametrize(("turns", "expected"), TURNS.values(), ids=TURNS)
def test_server_whose_documents_do_not_arrive_gets_no_request_for_each_document(
    monkeypatch: pytest.MonkeyPatch, turns: str, expected: str
) -> None:
    """Headers are no sign that it responds; a document that is whole is."""
    server = Dripping()
    monkeypatch.setattr(exchange, "Limit", server.limit)
    for turn in turns.split():
        with contextlib.suppress(RefusedResponseError, exceptions.RequestException, HTTPError):
            server.send(turn)
    assert server.requested == expected.split()


class Dripping:
    """A server some of whose documents do not arrive in time."""

    def __init__(self) -> None:
        self.adapter = Adapter()
        self.requested: list[str] = []
        self._limits: list[Limit] = []

    def limit(self, timeout: float | None, ends: float | None = None) -> Limit:
        """Return the limit of a request, and remember it."""
        self._limits.append(Limit(timeout, ends=ends))
        return self._limits[-1]

    def send(self, turn: str) -> None:
        """Request what is next, and read it."""
        self.adapter.pip_ends = time.monotonic() + 9 if turn == "hint" else None
        is_streamed = turn in {"streamed", "download"}
        response = send(
            self.adapter,
            self._inherited,
            request_for(f"{URL}{turn}"),
            stream=is_streamed,
            timeout=1,
        )
        if turn == "streamed":
            compat.expect_document(response)
        if is_streamed:
            assert b"".join(raw_of(response).stream()) == b"whole"
        else:
            assert response.content == (b"" if turn == "redirect" else b"whole")

    def _inherited(self, request: PreparedRequest, **_: object) -> Response:
        turn = str(request.url).rpartition("/")[2]
        self.requested.append(turn)
        self._limits[-1].has_begun = turn != "fresh"
        if turn == "redirect":
            return response_to(request, b"whole", 302, Location="/whole")
        has_arrived = turn not in {"expired", "streamed", "hint"}
        body = b"whole" if has_arrived else _Expired(self._limits[-1])
        found = response_to(request, body)
        if turn in {"cached", "fresh"}:
            vars(found)["from_cache"] = True
        return found


class _Expired(io.RawIOBase):
    """A body whose time is over."""

    def __init__(self, limit: Limit) -> None:
        super().__init__()
        self._limit = limit

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, _: Any) -> int:  # noqa: ANN401 - a writable buffer
        """Raise what a socket raises."""
        self._limit.is_expired = True
        raise TimeoutError


def test_server_that_failed_is_requested_for_a_file_and_by_another_name() -> None:
    """A download is tried in any case, and another port is another server."""
    adapter = Adapter()
    with pytest.raises(exceptions.ConnectionError):
        send(adapter, failing(refused()), request_for())
    for url, stream in ((WHEEL, True), (URL.replace("example", "example:81"), False)):
        found = send(
            adapter, lambda request, **_: response_to(request), request_for(url), stream=stream
        )
        assert found.status_code == 200
        assert not [*raw_of(found).stream()]
    # It has responded again.
    assert send(adapter, lambda request, **_: response_to(request), request_for()).ok


def test_connection_that_ends_while_it_is_encrypted_is_a_failure() -> None:
    """The ssl module then raises a ValueError about the socket."""
    with pytest.raises(exceptions.ConnectionError) as caught:
        send(Adapter(), failing(ValueError("file descriptor cannot be negative")), request_for())
    assert vars(caught.value)["request"].url == URL


def test_hint_that_failed_says_nothing_about_the_server() -> None:
    """It was waited for more briefly than others wait; no time left is a time-out."""
    adapter = Adapter()
    adapter.pip_ends = float("inf")
    with pytest.raises(exceptions.ConnectionError):
        send(adapter, failing(too_slow()), request_for(), timeout=15)
    adapter.pip_ends = 0.0
    with pytest.raises(exceptions.ConnectTimeout):
        send(adapter, failing(AssertionError("sent")), request_for(), timeout=15)
    adapter.pip_ends = None
    assert send(adapter, lambda request, **_: response_to(request), request_for()).ok


LARGE = {
    "endless": (Endless(), ""),
    "sent": (b"x" * (32 * MEGABYTE + 1), ""),
    "decompressed": (gzip.compress(b"\0" * (32 * MEGABYTE + 1)), "gzip"),
}


@pytest.mark.parametrize(("body", "encoding"), LARGE.values(), ids=LARGE)
def test_document_that_is_too_large_is_refused(body: Any, encoding: str) -> None:  # noqa: ANN401
    """Whether it is sent so or becomes so."""
    response = sent(body, Content_Encoding=encoding)
    with pytest.raises(RefusedResponseError) as caught:
        _ = response.content
    assert str(caught.value) == "it has more than 32 MiB"
    assert caught.value.response is response


def test_document_of_the_largest_size_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit itself is no error."""
    monkeypatch.setattr(exchange, "MAX_DOCUMENT", 1000)
    assert len(sent(b"x" * 1000).content) == 1000


@pytest.mark.parametrize("status", [0, 101, 206, 300, 304, 399, 600, 999])
@pytest.mark.parametrize("stream", [False, True])
def test_status_without_the_file_is_refused(status: int, *, stream: bool) -> None:
    """What comes with it is not read as the file that was requested."""
    with pytest.raises(RefusedResponseError) as caught:
        sent(b"x", status, stream=stream)
    assert str(caught.value) == f"the server responded with status {status}"


@pytest.mark.parametrize("status", [200, 203, 204, 400, 401, 404, 503])
def test_other_status_is_left_to_pip(status: int) -> None:
    """It reports errors itself."""
    assert sent(b"x", status).status_code == status


def test_part_is_accepted_where_one_is_requested() -> None:
    """And is no longer than that, as far as the limit goes."""
    response = sent(b"x" * 10, 206, stream=True, requested="bytes=0-9")
    assert raw_of(response).read() == b"x" * 10


# The most bytes that a body has, by Range of the request, status and Content-Length.
SIZES = {
    "part": ("bytes=10-19", 206, "", 10),
    "end": ("bytes=-128", 206, "999", 128),
    "from": ("bytes=10-", 206, "90", 90),
    "whole in place of a part": ("bytes=10-19", 200, "100", 100),
    "whole": ("", 200, "100", 100),
    "no size": ("", 200, "", None),
    "no number": ("", 200, "x", None),
    "negative": ("", 200, "-5", None),
    "too long": ("", 200, "9" * 5000, None),
}


@pytest.mark.parametrize(("requested", "status", "length", "size"), SIZES.values(), ids=SIZES)
def test_file_has_the_size_that_is_requested_or_announced(
    requested: str, status: int, length: str, size: int | None
) -> None:
    """Without one it has that of a file of unknown size."""
    request = request_for(WHEEL, Range=requested)
    response = response_to(request, b"", status, Content_Length=length)
    assert exchange._expected_size(response) == size


@pytest.mark.parametrize("requested", ["", "bytes=-1"])
def test_whole_file_as_a_part_of_it_is_the_file(requested: str) -> None:
    """Some servers send it so, whatever was requested."""
    headers = {"Range": requested} if requested else {}
    response = response_to(request_for(WHEEL, **headers), b"", 206, Content_Range="bytes 0-9/10")
    assert exchange._expected_size(response) == 10
    assert exchange._is_usable(response, 206)
    other = response_to(request_for(WHEEL), b"", 206, Content_Range="bytes 0-8/10")
    assert not exchange._is_usable(other, 206)


@pytest.mark.parametrize("body", [b"", b"x" * 100, Endless()], ids=["none", "small", "endless"])
@pytest.mark.parametrize("stream", [False, True])
def test_body_of_a_redirect_is_not_waited_for(body: Any, *, stream: bool) -> None:  # noqa: ANN401
    """Nobody needs it; one that is small leaves the connection to others."""
    length = {"Content_Length": str(len(body))} if isinstance(body, bytes) else {}
    response = sent(body, 302, stream=stream, Location="/x", **length)
    assert response.content == b""


def test_error_has_a_body_that_is_no_download() -> None:
    """Pip reads that of a challenge, whatever was requested."""
    response = sent(Endless(), 401, stream=True)
    with pytest.raises(RefusedResponseError):
        _ = response.content


ARCHIVE = b"PK\x03\x04" + b"x" * 100


@pytest.mark.parametrize("encoding", ["gzip", "", "br"])
def test_wheel_that_a_server_compresses_is_no_wheel_with_another_hash(encoding: str) -> None:
    """The error says what the server did."""
    response = sent(gzip.compress(ARCHIVE), url=WHEEL, stream=True, Content_Encoding=encoding)
    with pytest.raises(RefusedResponseError) as caught:
        list(raw_of(response).stream(1000, decode_content=False))
    assert str(caught.value) == "the server compressed it, which was not requested"


def test_wheel_that_is_only_said_to_be_compressed_is_read() -> None:
    """Some servers say so of an archive as it is; a tar archive is compressed itself."""
    response = sent(ARCHIVE, url=WHEEL, stream=True, Content_Encoding="gzip")
    assert b"".join(raw_of(response).stream(1000, decode_content=False)) == ARCHIVE
    body = gzip.compress(ARCHIVE)
    response = sent(body, url="http://index.example/x-1.0.tar.gz", stream=True)
    assert b"".join(raw_of(response).stream(1000, decode_content=False)) == body


def test_download_that_breaks_names_its_address() -> None:
    """urllib3 does not."""

    class Broken(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise OSError("gone")

    response = sent(Broken(), url=WHEEL, stream=True)
    with pytest.raises(ProtocolError) as caught:
        list(raw_of(response).stream(1000, decode_content=False))
    assert str(in_one_sentence(caught.value)) == f"Could not fetch {WHEEL!r}: gone"


def about(error: exceptions.RequestException, url: str) -> exceptions.RequestException:
    """Return an error about a request."""
    error.request = request_for(url)
    return error


def invalid_port() -> ValueError:
    """Return the error of a URL whose port is a part of a password, as Python raises it."""
    with pytest.raises(ValueError, match="se") as caught:
        _ = urlsplit("http://user:se/cret@host/").port
    return caught.value


WITH_USER = "http://user:secret@index.example/x"
SHOWN = "Could not fetch 'http://user:****@index.example/x': "
# What libraries raise, and the sentence.
SENTENCES = {
    "refused": (about(refused(), WITH_USER), f"{SHOWN}[Errno 111] Connection refused"),
    "too slow": (about(too_slow(), WITH_USER), f"{SHOWN}the server did not respond in time"),
    "busy": (about(busy(), WITH_USER), f"{SHOWN}too many 503 error responses"),
    "loop": (
        about(exceptions.TooManyRedirects("Exceeded 30"), WITH_USER),  # type: ignore[no-untyped-call]
        f"{SHOWN}there are too many redirects",
    ),
    "no request": (exceptions.InvalidURL("no host"), "Could not fetch a URL: no host"),  # type: ignore[no-untyped-call]
    "not compressed": (
        DecodeError("content-encoding: gzip, but failed", zlib.error("incorrect header check")),
        "Could not fetch a URL: content-encoding: gzip, but failed",
    ),
    "invalid URL": (
        exceptions.InvalidURL("Failed to parse: https://me:se/cret@x:y/"),  # type: ignore[no-untyped-call]
        "Could not fetch a URL: Failed to parse: https://****@x:y/",
    ),
    "refused response": (
        RefusedResponseError("no", response_to(request_for(WITH_USER))),
        f"{SHOWN}no",
    ),
    "disk full": (
        OSError(errno.ENOSPC, "No space left on device", "wheels/\x1b[2J"),
        "Could not complete the command: wheels/\\x1b[2J: No space left on device",
    ),
    "no text": (OSError(), "Could not complete the command: OSError"),
    "memory": (MemoryError(), "Could not complete the command: there is not enough memory"),
    "nesting": (
        RecursionError(),
        "Could not complete the command: something that was read is nested too deeply",
    ),
    "port": (
        invalid_port(),
        "Could not complete the command: a URL is invalid: its host or its port",
    ),
    "requirement": (
        InvalidRequirement("Expected a name\n    x[\x1b]\n      ~~^"),
        "Invalid requirement or version: Expected a name: x[\\x1b]",
    ),
    "version": (
        InvalidVersion("Invalid version: 'x'"),
        "Invalid requirement or version: Invalid version: 'x'",
    ),
    "no thread": (
        RuntimeError("can't start new thread"),
        "Could not complete the command: can't start new thread",
    ),
    "backend": (
        BackendUnavailable("Traceback\n  File x\nModuleNotFoundError: No module named 'a\x1b'\n"),
        (
            "Could not build a distribution: its build backend cannot be imported:"
            " ModuleNotFoundError: No module named 'a\\x1b'"
        ),
    ),
    "backend without a reason": (
        BackendUnavailable("", "no module"),
        "Could not build a distribution: its build backend cannot be imported: no module",
    ),
    "hook": (
        HookMissing("build_wheel"),
        "Could not build a distribution: its build backend has no hook build_wheel",
    ),
    "archive": (
        tarfile.ReadError("not a gzip file"),
        "Could not unpack an archive: not a gzip file",
    ),
}


@pytest.mark.parametrize(("error", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_failure_of_a_library_is_one_sentence(error: Exception, sentence: str) -> None:
    """Pip prints its own errors without a traceback."""
    found = in_one_sentence(error)
    assert isinstance(found, (InstallationError, NetworkConnectionError))
    assert str(found) == sentence


@pytest.mark.parametrize(
    "error",
    [InstallationError("x"), ValueError("x"), RuntimeError("x"), BrokenPipeError(errno.EPIPE)],
)
def test_other_error_is_left_as_it_is(error: Exception) -> None:
    """Pip's own are sentences, and a defect is to have its traceback."""
    assert in_one_sentence(error) is None


def answered(status: int) -> NetworkConnectionError:
    """Return pip's error about a response with this status."""
    return NetworkConnectionError("x", response_to(request_for(), status=status))


PAGES: dict[str, tuple[str | Exception, bool]] = {
    **{
        str(status): (answered(status), status not in {403, 404, 410}) for status in range(400, 520)
    },
    "refused": (RefusedResponseError("x", response_to(request_for(), status=404)), True),
    "no response": (NetworkConnectionError("x"), True),
    "too many": (busy(), True),
    "in words": ("connection error: x", True),
}


@pytest.mark.parametrize(("problem", "is_shown"), PAGES.values(), ids=PAGES)
def test_page_that_may_be_there_is_a_warning(problem: str | Exception, *, is_shown: bool) -> None:
    """What an index does not have is none, and that is also what 403 means on some."""
    assert is_missed(problem) == is_shown
    with hinting():
        assert not is_missed(problem)
    assert is_missed(problem) == is_shown


def test_reason_of_a_page_has_a_few_words() -> None:
    """Where pip has those of a library; its own stay."""
    assert page_reason(busy()) == "too many 503 error responses"
    for own in (answered(500), "connection error: x"):
        assert page_reason(own) is own


def test_fast_deps_reads_the_end_of_a_file_twice() -> None:
    """Then it is no archive."""
    assert list(first_tries(iter(range(100_000)))) == [0, 1]


@pytest.mark.parametrize(
    "error", [KeyError("Content-Length"), AssertionError(), OverflowError(), busy(), OSError()]
)
def test_whatever_fails_of_fast_deps_is_left_to_the_download(error: Exception) -> None:
    """It is an attempt."""
    with pytest.raises(HTTPRangeRequestUnsupported):
        attempted(failing(error))
    assert attempted(len, "abc") == 3


@pytest.mark.parametrize(
    ("status", "content_range", "is_right"),
    [
        (206, "bytes 10-19/100", True),
        (206, "bytes 10-19/*", True),
        (206, "bytes 10-20/100", False),
        (206, "", False),
        (200, "bytes 10-19/100", False),
        (404, "", False),
    ],
)
def test_fast_deps_writes_only_what_it_requested(
    status: int, content_range: str, *, is_right: bool
) -> None:
    """Another part, or the whole file, would be written at the wrong place."""
    response = response_to(request_for(), b"x", status, Content_Range=content_range)
    if is_right:
        check_part(response, 10, 19)
        return
    with pytest.raises(HTTPRangeRequestUnsupported):
        check_part(response, 10, 19)


def test_prompt_without_a_terminal_yields_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A warning says what the server requires."""
    answer = ("user", "password", True)
    assert prompted(lambda _: answer, "index.example") == answer
    assert caplog.text == ""

    def nobody(_: str) -> tuple[str | None, str | None, bool]:
        raise EOFError

    assert prompted(nobody, "index.example") == (None, None, False)
    expected = "index.example requires a user and a password, and there is no terminal"
    assert expected in caplog.text


@pytest.mark.parametrize("stream", [False, True])
def test_response_that_nobody_reads_is_freed_at_once(stream: bool) -> None:
    """A collection of garbage would find its connection open."""
    found = sent(b"x", stream=stream)
    raw = weakref.ref(found.raw)
    del found
    assert raw() is None
