"""A small file over pip's own session: its bytes, or one sentence on why they cannot be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pip._internal.exceptions import HashMismatch, NetworkConnectionError
from pip._internal.network.utils import HEADERS, raise_for_status, response_chunks
from pip._vendor.requests.exceptions import RequestException, Timeout
from pip._vendor.urllib3.exceptions import HTTPError

from .errors import FetchError, quoted

if TYPE_CHECKING:
    from pip._internal.models.link import Link
    from pip._internal.network.session import PipSession

MAX_BYTES = 16 * 1024 * 1024
"""The largest document that is read; the largest on real indexes has some 100 kB."""

_TOO_LARGE = f"larger than {MAX_BYTES // (1024 * 1024)} MiB"
_DIGITS = 20


def fetch(link: Link, session: PipSession) -> bytes:
    """Return the bytes of a small file, verified by the hash of its link if that has one.

    Raise FetchError in one sentence for whatever the network or the file system does.
    """
    # Such a file changes whenever a label is added, at the same address.
    headers = {**HEADERS, "Cache-Control": "max-age=0"}
    try:
        response = session.get(link.url.split("#", 1)[0], headers=headers, stream=True)
        with response:
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
            problem = f"truncated: {len(body)} of {quoted(declared)} bytes arrived"
            raise FetchError(problem)
        if link.has_hash:
            link.as_hashes().check_against_chunks(iter([bytes(body)]))
    except HashMismatch:
        raise FetchError("its hash differs from the one that its link gives") from None
    except NetworkConnectionError as error:
        raise FetchError(network_reason(error)) from None
    except (RequestException, HTTPError, OSError) as error:
        raise FetchError(f"cannot be fetched: {network_reason(error)}") from None
    return bytes(body)


def network_reason(error: Exception) -> str:
    """Return the last link in the chain of reasons that requests and urllib3 wrap around one."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server answered with status {response.status_code}"
    if isinstance(error, Timeout):
        return "the server did not answer in time"
    inner = getattr(error.args[0], "reason", None) if error.args else None
    return quoted(str(inner or error).rsplit(": ", 1)[-1])
