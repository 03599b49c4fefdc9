"""Where a server may send pip, and which host a URL really names."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

from pip._internal.exceptions import NetworkConnectionError
from pip._internal.utils.misc import redact_auth_from_url
from pip._vendor.requests.models import Response
from pip._vendor.urllib3.util import parse_url

logger = logging.getLogger(__name__)

_SCHEMES = ("http", "https")
_LONGEST_SHOWN = 200


class RefusedRedirectError(NetworkConnectionError):
    """A redirect that pip does not follow; the text continues "because of HTTP error"."""


def redirect_target(response: Response, inherited: Callable[[Response], str | None]) -> str | None:
    """Return where a response redirects to, as requests finds it, or None if it does not.

    Raise RefusedRedirectError if that is not a valid URL of http or https.
    """
    try:
        target = inherited(response)
        problem = _problem(urljoin(response.url or "", target)) if target else ""
    except ValueError:  # UnicodeDecodeError is one
        target, problem = None, "not a valid URL"
    if problem:
        shown = target if target is not None else str(response.headers.get("location"))
        raise RefusedRedirectError(
            f"{response.status_code} redirect to {_quoted(shown)} refused ({problem})", response
        )
    return target


def _problem(url: str) -> str:
    """Return why a URL is not requested, or an empty string; raise ValueError if it is invalid."""
    if urlsplit(url).scheme.lower() not in _SCHEMES:
        return "only http and https are followed"
    return "" if connected_host(url) else "it names no host"


def _quoted(url: str) -> str:
    """Return a URL without its password, as one short word without control characters."""
    try:
        shown = redact_auth_from_url(url)
    except ValueError:
        shown = url.rpartition("@")[2]
    return ascii(shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}...")


def warning_for(error: Exception) -> Callable[..., None] | None:
    """Return how to log that a page could not be fetched; None: as pip does by default."""
    return logger.warning if isinstance(error, RefusedRedirectError) else None


def connected_host(url: str) -> str:
    """Return the host to which a request for a URL goes, or an empty string if there is none.

    Raise ValueError if the URL is invalid, or if the two parsers that requests uses differ on it.
    """
    split = urlsplit(url)
    host, port = _parsed(url)
    name = split.hostname or ""
    shown = f"[{name}]" if ":" in name else name
    expected = shown if shown.isascii() else _parsed(f"http://{shown}")[0]
    if host != expected or port != split.port or "\\" in name:
        raise ValueError("ambiguous URL")
    host.encode("idna")  # as the look-up of its address does
    return name


def _parsed(url: str) -> tuple[str, int | None]:
    """Return host and port as urllib3 reads them; raise ValueError."""
    parsed = parse_url(url)  # type: ignore[no-untyped-call]
    return parsed.host or "", parsed.port


def netrc_host(url: str) -> str:
    """Return the host whose password in a netrc file goes with a request; "" if there is none."""
    try:
        return connected_host(url)
    except ValueError:
        return ""
