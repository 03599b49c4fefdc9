"""A small file over pip's own session: its bytes, or one sentence on why they cannot be had."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from pip._internal.exceptions import HashMismatch, NetworkConnectionError
from pip._internal.network.utils import HEADERS, raise_for_status, response_chunks
from pip._vendor.requests.exceptions import RequestException, Timeout
from pip._vendor.requests.models import Request
from pip._vendor.urllib3.exceptions import HTTPError

from .errors import FetchError, quoted

if TYPE_CHECKING:
    from pip._internal.models.link import Link
    from pip._internal.network.session import PipSession
    from pip._vendor.requests.models import PreparedRequest

    from .storing import Kept

MAX_BYTES = 16 * 1024 * 1024
"""The largest document that is read; the largest on real indexes has some 100 kB."""

_TOO_LARGE = f"larger than {MAX_BYTES // (1024 * 1024)} MiB"
_DIGITS = 20
_FRESH = "max-age=0"
_is_sha256 = re.compile("[0-9a-f]{64}").fullmatch
_settings: WeakKeyDictionary[PipSession, dict[str, dict[str, Any]]] = WeakKeyDictionary()
"""By session and host: which proxy and which certificates the environment wants."""


def fetch(link: Link, session: PipSession, kept: Kept | None = None) -> bytes:
    """Return the bytes of a small file, verified by the hash of its link if that has one.

    Such a file changes whenever a label is added, at the same address: a cache is believed only as
    far as the hash proves it right. ``kept`` is ours, for files with a SHA-256: it has no use for
    what the server says of them, nor the cost of pip's. Raise FetchError in one sentence for
    whatever the network or the file system does.
    """
    sha256 = _sha256(link)
    if kept is not None and sha256 is not None and not link.is_file:
        found = kept.get(sha256)
        if found is None:
            found = _verified(link, session, "no-store")
            kept.put(sha256, found)
        return found
    return _verified(link, session, None if link.has_hash else _FRESH)


def _sha256(link: Link) -> str | None:
    """Return the SHA-256 that a link gives, or None; raise FetchError for hashes that are none."""
    hashes = link._hashes  # noqa: SLF001 - pip shows the first one alone
    if not all(isinstance(value, str) for value in hashes.values()):
        raise FetchError("its link has a hash that is no text")
    found = hashes.get("sha256", "").lower()
    return found if _is_sha256(found) else None


def _verified(link: Link, session: PipSession, cache_control: str | None) -> bytes:
    try:
        body, cached = _get(link, session, cache_control)
        good = _has_its_hash(link, body)
        if cached and not good:
            body, _ = _get(link, session, _FRESH)
            good = _has_its_hash(link, body)
    except NetworkConnectionError as error:
        raise FetchError(network_reason(error)) from None
    except (RequestException, HTTPError, OSError) as error:
        raise FetchError(f"cannot be fetched: {network_reason(error)}") from None
    if not good:
        raise FetchError("its hash differs from the one that its link gives")
    return body


def _get(link: Link, session: PipSession, cache_control: str | None) -> tuple[bytes, bool]:
    """Return the bytes of a file, and whether they come from pip's cache without a question."""
    headers = HEADERS if cache_control is None else {**HEADERS, "Cache-Control": cache_control}
    request, settings = prepared(link, session, headers)
    with session.send(request, allow_redirects=True, **settings) as response:
        raise_for_status(response)
        declared = str(response.headers.get("Content-Length", ""))
        if declared.isdigit() and int(declared[:_DIGITS]) > MAX_BYTES:
            raise FetchError(_TOO_LARGE)
        body = bytearray()
        for chunk in response_chunks(response):
            body += chunk
            if len(body) > MAX_BYTES:
                raise FetchError(_TOO_LARGE)
    if declared and declared != str(len(body)):
        raise FetchError(f"truncated: {len(body)} of {quoted(declared)} bytes arrived")
    return bytes(body), bool(getattr(response, "from_cache", False))


def _has_its_hash(link: Link, body: bytes) -> bool:
    """Return whether a file is what its link promises, which may be nothing."""
    if not link.has_hash:
        return True
    sha256 = _sha256(link)
    if sha256 is not None:  # pip is content with any one of several hashes
        return hashlib.sha256(body).hexdigest() == sha256
    try:
        link.as_hashes().check_against_chunks(iter([body]))
    except HashMismatch:
        return False
    return True


def prepared(
    link: Link, session: PipSession, headers: Mapping[str, str]
) -> tuple[PreparedRequest, dict[str, Any]]:
    """Return a request as ``session.get`` would make it, streaming, and how to send it.

    What proxies and certificates the environment wants is looked up once for each host: that takes
    as long as half a request to a server nearby.
    """
    url = link.url.split("#", 1)[0]
    host = url[: url.find("/", url.find("://") + 3)]
    known = _settings.setdefault(session, {})
    if host not in known:
        known[host] = session.merge_environment_settings(url, session.proxies, True, None, None)
    request = session.prepare_request(Request("GET", url, headers=headers))  # type: ignore[no-untyped-call]
    return request, {"timeout": session.timeout, **known[host]}


def network_reason(error: Exception) -> str:
    """Return the last link in the chain of reasons that requests and urllib3 wrap around one."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server answered with status {response.status_code}"
    if isinstance(error, Timeout):
        return "the server did not answer in time"
    inner = getattr(error.args[0], "reason", None) if error.args else None
    return quoted(str(inner or error).rsplit(": ", 1)[-1])
