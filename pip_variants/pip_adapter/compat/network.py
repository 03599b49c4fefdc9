"""Sessions, requests and responses of pip, and its HTTP cache."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import os
import socket
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from pip._internal.network.utils import HEADERS
from pip._vendor.requests.models import Request

from .installation import run_folder

if TYPE_CHECKING:
    from optparse import Values

    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.network.session import PipSession
    from pip._vendor.requests.models import PreparedRequest, Response

PAGE_HEADERS = {
    "Accept": "application/vnd.pypi.simple.v1+json,"
    " application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01",
    "Cache-Control": "max-age=0",
}
"""With which pip requests a page of an index."""
_BLOCK = 128 * 1024
_FOR_HINTS = 5.0
"""Seconds, for all requests of a run on whose response only a hint depends."""


def session_of(finder: PackageFinder) -> PipSession:
    """Return the session with which a finder fetches pages."""
    return finder._link_collector.session  # noqa: SLF001


@contextlib.contextmanager
def impatient(session: PipSession) -> Iterator[None]:
    """Let requests be tried once, without a prompt for credentials, and end soon.

    All that is waited for in such contexts of a session has one limit together.
    """
    from pip._safety.failures import hinting

    adapters = [item for item in session.adapters.values() if hasattr(item, "max_retries")]
    before = [adapter.max_retries for adapter in adapters]
    timeout, prompting, start = session.timeout, session.auth.prompting, time.monotonic()
    left = getattr(session, "pip_seconds_for_hints", _FOR_HINTS)
    try:
        for adapter in adapters:
            adapter.max_retries = adapter.max_retries.new(total=0)
            adapter.pip_ends = start + left
        session.timeout, session.auth.prompting = max(1, int(left)), False
        with hinting():
            yield
    finally:
        for adapter, retries in zip(adapters, before, strict=True):
            adapter.max_retries, adapter.pip_ends = retries, None
        session.timeout, session.auth.prompting = timeout, prompting
        took = time.monotonic() - start
        setattr(session, "pip_seconds_for_hints", max(0.0, left - took))  # noqa: B010 - ours


@contextlib.contextmanager
def impatient_finder(finder: PackageFinder) -> Iterator[PackageFinder]:
    """Yield a copy of a finder whose requests are impatient."""
    with impatient(session_of(finder)):
        # With memory of its own, because a finder also remembers that it found nothing.
        own = copy.copy(finder)
        own._all_candidates, own._best_candidates = {}, {}  # noqa: SLF001
        yield own


def host_failure(session: PipSession, url: str) -> Exception | None:
    """Return the error of a server that has failed in this run, or None."""
    hosts = getattr(session.get_adapter(url), "pip_hosts", None)
    if hosts is None:
        return None
    failure: Exception | None = hosts.failure(prepare_get(session, url))
    return failure


def expect_document(response: Response) -> None:
    """Let the body of a streamed response have the limits of a document, not of a download."""
    limit = getattr(response, "pip_limit", None)
    if limit is not None:
        limit.expect_document()


def gives_up_encryption(session: PipSession, source: str, url: str) -> bool:
    """Return whether a page of https links to a URL of http, on a host that is not trusted."""
    from pip._safety.redirects import gives_up_encryption as inner

    return bool(inner(session, source, url))


def without_passwords(text: str) -> str:
    """Return text with the credentials in its addresses hidden, before it is cut."""
    from pip._safety.printing import without_passwords as inner

    return str(inner(text))


def prepare_get(
    session: PipSession, url: str, headers: Mapping[str, str] = HEADERS
) -> PreparedRequest:
    """Return a GET request as pip itself would send it, with more headers."""
    request = Request("GET", url, headers={**HEADERS, **headers})  # type: ignore[no-untyped-call]
    prepared: PreparedRequest = session.prepare_request(request)
    return prepared


def cached_body(session: PipSession, url: str, *, stale: bool = False) -> IO[bytes] | None:
    """Return the body that the HTTP cache has of a URL, or None.

    It is None as well if a request is due for it, unless ``stale``.
    """
    adapter = session.get_adapter(url)
    controller = getattr(adapter, "controller", None)
    if controller is None:
        return None
    request = prepare_get(session, url)
    if not stale and not controller.cached_request(request):
        return None
    body: IO[bytes] | None = adapter.cache.get_body(controller.cache_url(request.url))
    return body


def environment_settings(session: PipSession, url: str) -> dict[str, Any]:
    """Return the proxies and certificates that the environment sets for a URL."""
    settings: dict[str, Any] = session.merge_environment_settings(
        url, session.proxies, True, None, None
    )
    return settings


def with_content(response: Response) -> Response:
    """Return a response whose body has been read, which leaves its connection to others."""
    content = response.raw.read(decode_content=False)  # type: ignore[union-attr]
    response.raw = io.BytesIO(content)
    return response


def prefetched_content(response: Response) -> bytes | None:
    """Return the body of a response of ``with_content`` and leave it to be read by pip.

    It is None if the body has to be decoded or was not read.
    """
    raw: object = response.raw
    is_encoded = response.headers.get("Content-Encoding", "identity") != "identity"
    return raw.getvalue() if isinstance(raw, io.BytesIO) and not is_encoded else None


def bypass_cache(response: Response) -> None:
    """Let the body of a response be read without a copy of it for the HTTP cache."""
    from pip._vendor.cachecontrol.filewrapper import CallbackFileWrapper

    raw: Any = response.raw
    wrapper = getattr(raw, "_fp", None)
    if isinstance(wrapper, CallbackFileWrapper) and not raw.chunked:
        raw._fp = wrapper._CallbackFileWrapper__fp  # noqa: SLF001


def shut_down(response: Response) -> None:
    """Shut down the connection of a response that another thread is reading."""
    connection = getattr(response.raw, "_connection", None)
    sock = getattr(connection, "sock", None)
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def http_cache(session: PipSession, url: str) -> Path | None:
    """Return the folder of the HTTP cache, or None if there is none."""
    cache = getattr(session.get_adapter(url), "cache", None)
    folder = getattr(cache, "directory", None)
    return Path(folder) if folder is not None else None


def add_to_cache(session: PipSession, response: Response, path: Path) -> None:
    """Let the HTTP cache have the file of a response, by a hard link, if it may be cached."""
    from pip._internal.network.cache import SafeFileCache
    from pip._vendor.cachecontrol.controller import CacheController

    class LinkedBodies(SafeFileCache):
        """A cache that takes the body of a response from a file."""

        def set_body(self, key: str, body: bytes) -> None:  # noqa: ARG002 - see above
            target = Path(f"{self._get_cache_path(key)}.body")
            with contextlib.suppress(OSError):
                target.parent.mkdir(parents=True, exist_ok=True)
                link = run_folder(Path(self.directory)) / f"{target.name}.{os.getpid()}"
                os.link(path, link)
                link.replace(target)

    request: Any = response.request
    raw: Any = response.raw
    controller = getattr(session.get_adapter(request.url), "controller", None)
    folder = http_cache(session, request.url)
    if controller is None or folder is None:
        return
    own = CacheController(LinkedBodies(str(folder)), controller.cache_etags, controller.serializer)
    size = path.stat().st_size
    own.cache_response(request, raw, cast("bytes", range(size)))


def body_chunks(response: Response) -> Iterator[bytes]:
    """Yield the body of a streamed response as it was sent."""
    from pip._internal.network.utils import response_chunks

    return response_chunks(response, _BLOCK)


def build_session(options: Values) -> PipSession:
    """Return a session as every command of pip that uses the network has it."""
    from pip._internal.cli.index_command import SessionCommandMixin

    return SessionCommandMixin()._build_session(options)  # noqa: SLF001


def download_progress(
    bar_type: Any,  # noqa: ANN401 - a str, or a Literal of pip's
    size: int | None,
) -> Callable[[Iterable[Any]], Generator[Any, None, None]]:
    """Return pip's progress bar of a download: it yields the chunks that it is given.

    As pip has it, a quiet run shows none. Close it if it is not exhausted.
    """
    from pip._internal.cli.progress_bars import get_download_progress_renderer as renderer

    def shown(chunks: Iterable[Any]) -> Generator[Any, None, None]:
        if logging.getLogger(__name__).isEnabledFor(logging.INFO):
            yield from renderer(bar_type=bar_type, size=size)(chunks)
        else:
            yield from chunks

    return shown
