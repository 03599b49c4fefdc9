"""pip's network session as the transport of ``remote``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from http.client import HTTPException
from typing import IO, TYPE_CHECKING, Any

from pip_variants.core.errors import printable, quoted, shortened
from pip_variants.core.limits import MAX_BYTES
from pip_variants.remote.byte_ranges import declared_size, is_whole
from pip_variants.remote.prefetch import Prefetch
from pip_variants.remote.transport import (
    NO_HEADERS,
    Headers,
    TransportError,
    TruncatedError,
    origin_of,
)
from pip_variants.system.workers import Workers

from .compat import (
    HEADERS,
    HTTPError,
    IncompleteRead,
    PipError,
    ProtocolError,
    ReadTimeoutError,
    RequestException,
    Timeout,
    body_chunks,
    bypass_cache,
    cached_body,
    environment_settings,
    expect_document,
    gives_up_encryption,
    host_failure,
    prepare_get,
    shut_down,
    with_content,
    without_passwords,
)

if TYPE_CHECKING:
    from .compat import PipSession, Response

_FIRST_ERROR = 400
_UNENCODED = ("", "identity", "aws-chunked")
"""Values of Content-Encoding that mean the file itself; the last one is left by object stores."""
_OK = 200
_UNAUTHORIZED = 401


class PipResponse:
    """The response to a GET request; see ``remote.transport.Response``."""

    def __init__(self, response: Response) -> None:
        self.response = response
        header = response.headers.get
        self.status = response.status_code or 0
        self.declared_length = str(header("Content-Length", ""))
        self.content_range = str(header("Content-Range", ""))
        self.accepts_ranges = str(header("Accept-Ranges", "")).strip().lower() == "bytes"
        self.is_encoded = str(header("Content-Encoding", "")).strip().lower() not in _UNENCODED
        self.validator = _validator(header)
        self.from_cache = bool(getattr(response, "from_cache", False))

    def chunks(self) -> Iterator[bytes]:
        """Yield the body; raise TransportError, or TruncatedError with urllib3 2."""
        with _transport_errors():
            try:
                yield from body_chunks(self.response)
            except ProtocolError as error:
                cause = error.args[-1]
                if not (self.declared_length and isinstance(cause, IncompleteRead)):
                    raise
                raise TruncatedError(cause.partial, self.declared_length) from None

    def abort(self) -> None:
        """Close the connection, from another thread than the one that reads the body."""
        shut_down(self.response)


def _is_small(response: Response) -> bool:
    size = declared_size(PipResponse(response))
    return size is not None and size <= MAX_BYTES


def _validator(header: Callable[[str, str], object]) -> str:
    """Return what tells whether a file is still the same; a weak ETag does not (RFC 9110)."""
    etag = str(header("ETag", ""))
    return etag if etag.startswith('"') else str(header("Last-Modified", ""))


class PipTransport:
    """Requests over one session of pip; see ``remote.transport.Transport``."""

    def __init__(self, session: PipSession) -> None:
        self.session = session
        self._settings: dict[str, dict[str, Any]] = {}

    @contextlib.contextmanager
    def get(
        self, url: str, headers: Headers = NO_HEADERS, *, is_file: bool = False
    ) -> Iterator[PipResponse]:
        """Send a GET request, following redirects; see ``remote.transport.Transport``."""
        with _transport_errors():
            failure = host_failure(self.session, url)
            if failure is not None:
                raise failure
        with self._get(url, headers, is_file=is_file) as response:
            yield response

    @contextlib.contextmanager
    def _get(self, url: str, headers: Headers, *, is_file: bool) -> Iterator[PipResponse]:
        with _transport_errors():
            request = prepare_get(self.session, url, headers)
            response = self.session.send(request, allow_redirects=True, **self._send_settings(url))
        with response:
            status = response.status_code or 0
            if status >= _FIRST_ERROR:
                raise TransportError(_status(status), status)
            found = PipResponse(response)
            if "Range" in headers and is_whole(found):
                # The HTTP cache stores no parts, but this is the file itself.
                raw: Any = response.raw
                raw.status = _OK
                raw.headers.pop("Content-Range", None)
            elif not is_file:
                expect_document(response)
            yield found

    @contextlib.contextmanager
    def download(self, url: str, headers: Headers = NO_HEADERS) -> Iterator[PipResponse]:
        """Send a request for a file, of which the HTTP cache writes no copy, to any server."""
        with self._get(url, headers, is_file=True) as response:
            bypass_cache(response.response)
            yield response

    def open_cached(self, url: str, *, stale: bool = False) -> IO[bytes] | None:
        """Return a file as the HTTP cache has it; see ``remote.transport.Transport``."""
        return cached_body(self.session, url, stale=stale)

    def size(self, url: str) -> int | None:
        """Return the bytes of a file as its server states them, or None."""
        try:
            with (
                _transport_errors(),
                self.session.head(url, headers=dict(HEADERS), allow_redirects=True) as response,
            ):
                stated = declared_size(PipResponse(response)) if response.ok else None
        except TransportError:
            return None
        return stated or None  # some servers state 0 to a HEAD request

    def gives_up_encryption(self, source: str, url: str) -> bool:
        """Return whether a link is refused; see ``remote.transport.Transport``."""
        return gives_up_encryption(self.session, source, url)

    def prefetch(
        self, url: str, headers: Headers, workers: Workers
    ) -> Prefetch[Response | None] | None:
        """Start to fetch a small file in the background as pip would; None if that is impossible.

        The result is None where pip has to send the request itself: after a failure, a redirect or
        a challenge.
        """
        try:
            request = prepare_get(self.session, url, headers)
            settings = {**self._send_settings(url), "stream": False}
            adapter = self.session.get_adapter(url)
        except (RequestException, HTTPError, OSError, ValueError):
            return None

        def send() -> Response | None:
            with contextlib.suppress(Exception):
                response: Response = adapter.send(request, **settings)
                if response.status_code == _OK:
                    return with_content(response) if _is_small(response) else response
            return None

        return Prefetch(send, workers)

    def _send_settings(self, url: str) -> dict[str, Any]:
        """Return how to send a request to this host.

        Looking up proxies and certificates takes half as long as a request to a nearby server.
        """
        origin = origin_of(url)
        if origin not in self._settings:
            self._settings[origin] = environment_settings(self.session, url)
        return {"stream": True, "timeout": self.session.timeout, **self._settings[origin]}


@contextlib.contextmanager
def _transport_errors() -> Iterator[None]:
    try:
        yield
    except EOFError:  # pip asks for a user and a password, and there is no terminal
        raise TransportError(_status(_UNAUTHORIZED), _UNAUTHORIZED) from None
    # ValueError: an address that is none, in a redirect or on a page.
    except (PipError, RequestException, HTTPError, OSError, ValueError) as error:
        raise TransportError(_reason(error)) from None


def _status(status: int) -> str:
    return f"the server responded with status {status}"


def _reason(error: Exception) -> str:
    """Return the innermost of the reasons that requests and urllib3 wrap around each other."""
    response = getattr(error, "response", None)
    if isinstance(error, PipError) and response is not None and response.status_code < _FIRST_ERROR:
        return shortened(printable(str(error)))  # a redirect that is refused
    if response is not None and response.status_code < _FIRST_ERROR:
        return "there are too many redirects"
    if response is not None:
        return _status(response.status_code)
    first = error.args[0] if error.args else None
    cause = getattr(first, "reason", first)
    inner = cause if isinstance(cause, Exception) else error
    if isinstance(error, Timeout) or isinstance(inner, ReadTimeoutError):
        return "the server did not respond in time"
    if isinstance(inner, HTTPError) and any(map(_is_invalid_response, inner.args)):
        return "the server sent an invalid response"
    # An error of urllib3 repeats its cause after the text.
    text = inner.args[0] if isinstance(inner, HTTPError) and inner.args else inner
    return quoted(without_passwords(str(text)).rsplit(": ", 1)[-1])


def _is_invalid_response(cause: object) -> bool:
    """Return whether this is the error of http.client about what a server sent, such as a chunk."""
    return isinstance(cause, HTTPException) and not isinstance(cause, OSError)
