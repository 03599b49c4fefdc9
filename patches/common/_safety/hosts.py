"""Which servers have failed in this run, so that no document is requested of them again."""

from __future__ import annotations

import copy
from urllib.parse import urlsplit

from pip._vendor.requests.exceptions import RequestException
from pip._vendor.requests.models import PreparedRequest
from pip._vendor.urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

_MOST_FAILURES = 2
"""In a row, of a server that has responded in this run: one file alone may be out of order."""
_NO_CONNECTION = (ConnectTimeoutError, NewConnectionError, ProxyError, SSLError)


class Hosts:
    """The servers that failed, after all tries of a request, by scheme, host and port."""

    def __init__(self) -> None:
        self._failures: dict[tuple[str, str], tuple[int, RequestException]] = {}
        self._responded: set[tuple[str, str]] = set()

    def failed(self, url: str, error: RequestException) -> None:
        """Record that a request failed."""
        origin = _origin(url)
        count, _ = self._failures.get(origin, (0, error))
        is_down = origin not in self._responded or isinstance(_reason(error), _NO_CONNECTION)
        self._failures[origin] = count + (_MOST_FAILURES if is_down else 1), error

    def responded(self, url: str, *, is_whole: bool = True) -> None:
        """Record that a server responded; with a document, that all of it has arrived."""
        self._responded.add(_origin(url))
        if is_whole:
            self._failures.pop(_origin(url), None)

    def failure(self, request: PreparedRequest) -> RequestException | None:
        """Return the error with which a request fails that is not sent; None: it is to be sent."""
        url = request.url or ""
        count, error = self._failures.get(_origin(url), (0, None))
        if error is None or count < _MOST_FAILURES:
            return None
        found = copy.copy(error)
        found.request = request
        cause = error.args[0] if error.args else None
        if isinstance(cause, MaxRetryError):
            path = request.path_url
            found.args = (MaxRetryError(cause.pool, path, cause.reason),)  # type: ignore[no-untyped-call]
        return found


def _origin(url: str) -> tuple[str, str]:
    return urlsplit(url)[:2]


def _reason(error: RequestException) -> object:
    cause = error.args[0] if error.args else None
    return getattr(cause, "reason", cause)
