"""One request and its response, as every session of pip sends it: all limits begin here."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterator
from typing import Any, cast
from urllib.parse import urlsplit

from pip._vendor.requests.exceptions import ConnectionError as RequestsConnectionError
from pip._vendor.requests.exceptions import ConnectTimeout, RequestException
from pip._vendor.requests.models import PreparedRequest, Response
from pip._vendor.urllib3.exceptions import DecodeError, HTTPError

from .failures import RefusedResponseError, reason
from .hosts import Hosts
from .limits import MAX_DOCUMENT, Limit
from .timed_response import limited

_SMALL = 64 * 1024
_MEGABYTE = 1024 * 1024
_PARTIAL_CONTENT = 206
_OK, _FIRST_REDIRECT, _FIRST_ERROR, _FIRST_UNKNOWN = 200, 300, 400, 600
_MOST_DIGITS = 18
_GZIP = b"\x1f\x8b"
_WHOLE = re.compile(r"bytes 0-([0-9]{1,18})/([0-9]{1,18})")
Send = Callable[..., Response]


def send(adapter: Any, inherited: Send, request: PreparedRequest, **options: Any) -> Response:  # noqa: ANN401
    """Send a request with the method that an adapter inherits, and return the response.

    A response that is read at once is a document; of a server that failed before none is requested.
    ``adapter.pip_ends`` is when requests end for which nobody waits longer.
    """
    hosts = _hosts(adapter)
    is_document = not options.get("stream")
    if is_document and (failure := hosts.failure(request)) is not None:
        raise failure
    timeout, ends = options.get("timeout"), getattr(adapter, "pip_ends", None)
    limit = Limit(timeout if isinstance(timeout, (int, float)) else None, ends=ends)
    if ends is not None:
        left = ends - limit.clock()
        if left <= 0:
            raise ConnectTimeout("timed out", request=request)  # type: ignore[no-untyped-call]
        options["timeout"] = left if timeout is None else min(timeout, left)
    with limited(limit):
        try:
            response = inherited(request, **options)
        except RequestException as error:
            if ends is None:  # else it may only be slow
                hosts.failed(request.url or "", error)
            if is_document and limit.is_expired:
                raise _refused(reason(error), request) from None
            raise
        except ValueError as error:
            # Of the ssl module, about a connection that has ended meanwhile.
            raise RequestsConnectionError(error, request=request) from None  # type: ignore[no-untyped-call]
    if not getattr(response, "from_cache", False):
        hosts.responded(request.url or "", is_whole=response.is_redirect)
        _limit_body(response, limit, hosts, is_document=is_document)
    elif limit.has_begun:  # the server says that what is cached has not changed
        hosts.responded(request.url or "")
    return response


def _refused(text: str, request: object) -> RefusedResponseError:
    error = RefusedResponseError(text)
    vars(error)["request"] = request
    return error


def _hosts(adapter: Any) -> Hosts:  # noqa: ANN401
    found = getattr(adapter, "pip_hosts", None)
    if found is None:
        found = adapter.pip_hosts = Hosts()
    return cast("Hosts", found)


def _limit_body(response: Response, limit: Limit, hosts: Hosts, *, is_document: bool) -> None:
    """Let the limits of its kind hold for the body of a response."""
    status = response.status_code or 0
    if response.is_redirect:
        _drop_body(response, limit)
    elif not _is_usable(response, status):
        response.raw.close()  # type: ignore[union-attr]
        raise RefusedResponseError(f"the server responded with status {status}", response)
    elif is_document or status >= _FIRST_ERROR:
        limit.expect_document()
        response.raw.stream = _document(response, limit, hosts)  # type: ignore[union-attr]
    else:
        limit.expect_download(_expected_size(response))
        response.pip_limit = limit  # type: ignore[attr-defined] # for a caller that knows better
        response.raw.stream = _download(response, limit, hosts)  # type: ignore[union-attr]


def _is_usable(response: Response, status: int) -> bool:
    """Return whether a status is one of an error, or of a response that has what is requested."""
    if status == _PARTIAL_CONTENT:
        request: Any = response.request
        return "Range" in request.headers or _whole_size(response) is not None
    return _OK <= status < _FIRST_REDIRECT or _FIRST_ERROR <= status < _FIRST_UNKNOWN


def _drop_body(response: Response, limit: Limit) -> None:
    """Read the body of a redirect if that is small, which leaves the connection to others."""
    length = str(response.headers.get("Content-Length", ""))
    limit.expect_document(_SMALL)
    try:
        if length.isdecimal() and len(length) < len(str(_SMALL)):
            response.raw.read(decode_content=False)  # type: ignore[union-attr]
        else:
            response.raw.close()  # type: ignore[union-attr]
    except (HTTPError, OSError):
        response.raw.close()  # type: ignore[union-attr]
    vars(response).update(_content=b"", _content_consumed=True)


def _expected_size(response: Response) -> int | None:
    """Return the most bytes that a body has: what is requested, or what is announced."""
    request: Any = response.request
    requested = str(request.headers.get("Range", "")).rpartition("=")[2]
    first, _, last = requested.partition("-")
    if (whole := _whole_size(response)) is not None:
        return whole
    if response.status_code == _PARTIAL_CONTENT and last.isdecimal():
        return int(last) - int(first) + 1 if first.isdecimal() else int(last)
    length = str(response.headers.get("Content-Length", ""))
    return int(length) if length.isdecimal() and len(length) <= _MOST_DIGITS else None


def _whole_size(response: Response) -> int | None:
    """Return the bytes of the file that a server sends whole as a part of it, or None."""
    found = _WHOLE.fullmatch(str(response.headers.get("Content-Range", "")).strip())
    is_whole = response.status_code == _PARTIAL_CONTENT and found is not None
    return int(found[2]) if is_whole and found and int(found[1]) + 1 == int(found[2]) else None


def _document(response: Response, limit: Limit, hosts: Hosts) -> Callable[..., Iterator[bytes]]:
    """Return the method of urllib3 that yields a decoded body, for one that is read at once."""
    inherited, this, url = _method(response), weakref.ref(response), str(response.url)

    def stream(*args: Any, **options: Any) -> Iterator[bytes]:  # noqa: ANN401
        response, count = this(), 0
        try:
            for chunk in inherited(*args, **options):
                count += len(chunk)
                if count > MAX_DOCUMENT:
                    raise DecodeError("too large")
                yield chunk
            hosts.responded(url)
        except (HTTPError, OSError) as error:
            text = reason(error)
            if count > MAX_DOCUMENT or "more than it may" in text:
                text = f"it has more than {MAX_DOCUMENT // _MEGABYTE} MiB"
            elif limit.is_expired:
                text = "it did not arrive in time"
                _expired(limit, hosts, url, error)
            raise RefusedResponseError(text, response) from None

    return stream


def _expired(limit: Limit, hosts: Hosts, url: str, error: Exception) -> None:
    """Count a document that did not arrive among the failures of its server."""
    if not limit.is_brief:  # else it may only be slow
        hosts.failed(url, RequestsConnectionError(error))  # type: ignore[no-untyped-call]


def _download(response: Response, limit: Limit, hosts: Hosts) -> Callable[..., Iterator[bytes]]:
    """Return the method of urllib3 that yields a body, which errors name and may not be compressed.

    Some servers say that they compressed an archive, and send it as it is. A caller may have the
    body be a document after all.
    """
    inherited, this, request = _method(response), weakref.ref(response), response.request
    url = str(response.url)
    # A source distribution may have another format than its name says.
    suffixes = (".whl", ".zip") if response.headers.get("Content-Encoding") else (".whl",)
    is_archive = urlsplit(response.url or "").path.lower().endswith(suffixes)

    def stream(*args: Any, **options: Any) -> Iterator[bytes]:  # noqa: ANN401
        response, start = this(), b""
        try:
            for chunk in inherited(*args, **options):
                if is_archive and not start and chunk.startswith(_GZIP):
                    raise RefusedResponseError(
                        "the server compressed it, which was not requested", response
                    )
                start = start or chunk
                yield chunk
            hosts.responded(url)
        except HTTPError as error:
            vars(error)["request"] = request
            if limit.is_document and limit.is_expired:
                _expired(limit, hosts, url, error)
            raise

    return stream


def _method(response: Response) -> Callable[..., Iterator[bytes]]:
    """Return how urllib3 yields a body, without a reference to it.

    A response in a cycle would keep its connection until the next garbage collection.
    """
    inherited, raw = type(response.raw).stream, weakref.ref(response.raw)  # type: ignore[union-attr]
    return lambda *args, **options: inherited(raw(), *args, **options)
