"""Fetches ahead: what pip will ask for next, in the background, where it finds it waiting."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from pip._internal.network.utils import HEADERS
from pip._vendor.requests.adapters import BaseAdapter
from pip._vendor.requests.exceptions import RequestException
from pip._vendor.urllib3.exceptions import HTTPError

from .fetching import prepared

if TYPE_CHECKING:
    from pip._internal.models.link import Link
    from pip._internal.network.session import PipSession
    from pip._vendor.requests.models import PreparedRequest, Response


def begin(link: Link, session: PipSession) -> Waiting | None:
    """Fetch a file in the background, or return None if that cannot even be asked for."""
    try:
        return Waiting(link, session)
    except (RequestException, HTTPError, OSError, ValueError):
        return None


class Waiting(BaseAdapter):
    """Fetches one address in a thread, and stands in for it until pip asks the session for it."""

    def __init__(self, link: Link, session: PipSession) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        # As pip itself asks for it: whatever an answer leads to, pip goes on as always.
        request, settings = prepared(link, session, HEADERS)
        self._url = str(request.url)
        self._session = session
        self._real = session.get_adapter(self._url)
        self._response: Response | None = None
        self._thread = threading.Thread(target=self._fetch, args=(request, settings), daemon=True)
        self._thread.start()
        session.mount(self._url, self)

    def _fetch(self, request: PreparedRequest, settings: dict[str, Any]) -> None:
        # Whatever goes wrong: pip asks again and hears it itself.
        with contextlib.suppress(RequestException, HTTPError, OSError):
            self._response = self._real.send(request, **settings)

    def drop(self) -> None:
        """Stand in for nothing any more."""
        self._session.adapters.pop(self._url, None)

    def send(self, request: PreparedRequest, *args: Any, **settings: Any) -> Response:  # noqa: ANN401
        """Return the answer that was fetched, or ask if there is none."""
        self.drop()
        self._thread.join()
        if self._response is None or (request.method, request.url) != ("GET", self._url):
            answer: Response = self._real.send(request, *args, **settings)
            return answer
        return self._response

    def close(self) -> None:
        """Close nothing: the connection belongs to the real adapter."""
