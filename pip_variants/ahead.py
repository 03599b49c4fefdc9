"""Fetches ahead: the METADATA of the build that will probably be chosen, beside the JSON.

Which build that is, is only known once the JSON is there. But projects that belong together have
the same labels, and what was chosen among them once will be chosen again: then both files are
fetched at the same time, and pip finds the second one waiting. Nothing is decided by a guess, and
after a wrong one, which cost a request in vain, no other is made in this run of pip.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pip._internal.network.utils import HEADERS
from pip._vendor.requests import Request
from pip._vendor.requests.adapters import BaseAdapter
from pip._vendor.requests.exceptions import RequestException
from pip._vendor.urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from pip._internal.models.link import Link
    from pip._internal.network.session import PipSession
    from pip._vendor.requests import PreparedRequest, Response

_FAILURES = (RequestException, HTTPError, OSError)


@dataclass(slots=True)
class Guesses:
    """Which label was chosen among which labels; ``wrong`` after the first bad guess."""

    chosen: dict[frozenset[str], str] = field(default_factory=dict)
    wrong: bool = False

    def label(self, labels: frozenset[str]) -> str | None:
        """Return the label that will probably be chosen, or None if there is no way to tell."""
        return None if self.wrong else self.chosen.get(labels)

    def learn(self, labels: frozenset[str], label: str | None, guess: str | None) -> None:
        """Take note of what was chosen, and of what had been guessed."""
        self.wrong = self.wrong or guess not in (None, label)
        if label is not None:
            self.chosen[labels] = label


@contextlib.contextmanager
def fetching(link: Link, session: PipSession) -> Any:  # noqa: ANN401 - an iterator of functions
    """Fetch a small file in the background until pip asks ``session`` for it.

    Yield a function to be called if pip will not ask after all.
    """
    url = link.url.split("#", 1)[0]
    # Whoever sees this file in pip's cache asks nobody; whoever is asked twice gets the truth.
    real = session.get_adapter(url)
    request = session.prepare_request(Request("GET", url, headers=HEADERS))
    settings = session.merge_environment_settings(url, session.proxies, True, None, None)
    waiting = _Waiting(url, session, real)
    waiting.start(request, {"timeout": session.timeout, **settings})
    yield waiting.drop


class _Waiting(BaseAdapter):
    """Stands in for one address until its answer has been asked for."""

    def __init__(self, url: str, session: PipSession, real: BaseAdapter) -> None:
        super().__init__()
        self._url = url
        self._session = session
        self._real = real
        self._response: Response | None = None
        self._thread: threading.Thread | None = None

    def start(self, request: PreparedRequest, settings: dict[str, Any]) -> None:
        def fetch() -> None:
            # Whatever goes wrong: pip asks again and hears it itself.
            with contextlib.suppress(*_FAILURES):
                self._response = self._real.send(request, **settings)

        self._thread = threading.Thread(target=fetch, daemon=True)
        self._thread.start()
        self._session.mount(self._url, self)

    def drop(self) -> None:
        """Forget it; an answer that still comes is left to the garbage collector."""
        self._session.adapters.pop(self._url, None)

    def send(self, request: PreparedRequest, *args: Any, **settings: Any) -> Response:  # noqa: ANN401
        """Return the answer that has been fetched, or ask again if there is none."""
        self.drop()
        if self._thread is not None:
            self._thread.join()
        if self._response is None or request.url != self._url or request.method != "GET":
            return self._real.send(request, *args, **settings)
        return self._response

    def close(self) -> None:
        """Nothing to close: the connection belongs to the real adapter."""
