"""pip's network session as the transport of ``remote``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from pip_variants.core.errors import printable, quoted, shortened
from pip_variants.remote.prefetch import Prefetch
from pip_variants.remote.transport import RangesUnsupportedError, TransportError, TruncatedError

from .compat import (
    HTTPError,
    IncompleteRead,
    PipError,
    ProtocolError,
    RequestException,
    Timeout,
    body_chunks,
    environment_settings,
    lazy_file,
    prepare_get,
)

if TYPE_CHECKING:
    from .compat import PipSession, Response

_FIRST_ERROR = 400
_OK = 200


class PipResponse:
    """The response to a GET request; see ``remote.transport.Response``."""

    def __init__(self, response: Response) -> None:
        self._response = response
        self.declared_length = str(response.headers.get("Content-Length", ""))
        self.from_cache = bool(getattr(response, "from_cache", False))

    def chunks(self) -> Iterator[bytes]:
        """Yield the body; raise TransportError, or TruncatedError with urllib3 2."""
        with _transport_errors():
            try:
                yield from body_chunks(self._response)
            except ProtocolError as error:
                cause = error.args[-1]
                if not (self.declared_length and isinstance(cause, IncompleteRead)):
                    raise
                raise TruncatedError(cause.partial, self.declared_length) from None


class PipTransport:
    """Requests over one session of pip; see ``remote.transport.Transport``."""

    def __init__(self, session: PipSession) -> None:
        self.session = session
        self._settings: dict[str, dict[str, Any]] = {}

    @contextlib.contextmanager
    def get(self, url: str, cache_control: str | None = None) -> Iterator[PipResponse]:
        """Send a GET request, following redirects; raise TransportError unless it succeeds."""
        with _transport_errors():
            request = prepare_get(self.session, url, cache_control)
            response = self.session.send(request, allow_redirects=True, **self._send_settings(url))
        with response:
            if response.status_code >= _FIRST_ERROR:
                reason = f"the server responded with status {response.status_code}"
                raise TransportError(reason, is_status=True)
            yield PipResponse(response)

    @contextlib.contextmanager
    def open_ranges(self, url: str) -> Iterator[IO[bytes]]:
        """Open a file that is read by range requests; see ``remote.transport.Transport``."""
        with _transport_errors(), lazy_file(url, self.session) as file:
            if file is None:
                raise RangesUnsupportedError("no range requests")
            try:
                yield file
            # What pip's reader raises for a response that it does not expect.
            except (KeyError, ValueError, AssertionError):
                raise RangesUnsupportedError("no usable range requests") from None

    def prefetch(self, url: str) -> Prefetch[Response] | None:
        """Start to fetch a file in the background as pip would; None if that is impossible."""
        try:
            request = prepare_get(self.session, url, None)
            settings = self._send_settings(url)
            adapter = self.session.get_adapter(url)
        except (RequestException, HTTPError, OSError, ValueError):
            return None

        def send() -> Response | None:
            # After any failure, redirect or challenge pip sends the request itself.
            with contextlib.suppress(RequestException, HTTPError, OSError):
                response: Response = adapter.send(request, **settings)
                if response.status_code == _OK:
                    return response
            return None

        return Prefetch(send)

    def _send_settings(self, url: str) -> dict[str, Any]:
        """Return how to send a request to this host.

        Looking up proxies and certificates takes half as long as a request to a nearby server.
        """
        host = url[: url.find("/", url.find("://") + 3)]
        if host not in self._settings:
            self._settings[host] = environment_settings(self.session, url)
        return {"stream": True, "timeout": self.session.timeout, **self._settings[host]}


@contextlib.contextmanager
def _transport_errors() -> Iterator[None]:
    try:
        yield
    except (PipError, RequestException, HTTPError, OSError) as error:
        raise TransportError(_reason(error)) from None


def _reason(error: Exception) -> str:
    """Return the innermost of the reasons that requests and urllib3 wrap around each other."""
    response = getattr(error, "response", None)
    if isinstance(error, PipError) and response is not None and response.status_code < _FIRST_ERROR:
        return shortened(printable(str(error)))  # a redirect that is refused
    if response is not None:
        return f"the server responded with status {response.status_code}"
    if isinstance(error, Timeout):
        return "the server did not respond in time"
    first = error.args[0] if error.args else None
    cause = getattr(first, "reason", first)
    inner = cause if isinstance(cause, Exception) else error
    # An error of urllib3 repeats its cause after the text.
    text = inner.args[0] if isinstance(inner, HTTPError) and inner.args else inner
    return quoted(str(text).rsplit(": ", 1)[-1])
