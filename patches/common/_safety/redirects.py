"""Where a server may send pip, and which host a URL really names."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from urllib.parse import urljoin, urlsplit

from pip._vendor.requests.models import Response
from pip._vendor.urllib3.util import parse_url

from .failures import RefusedResponseError, shown_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pip._internal.network.session import PipSession

_SCHEMES = ("http", "https")
_has_hash: ContextVar[bool] = ContextVar("has_hash", default=False)


class RefusedRedirectError(RefusedResponseError):
    """A redirect that pip does not follow."""


@contextlib.contextmanager
def verified(has_hash: object) -> Iterator[None]:
    """Let redirects lead from https to http in this context, if a hash is checked after it."""
    token = _has_hash.set(_has_hash.get() or bool(has_hash))
    try:
        yield
    finally:
        _has_hash.reset(token)


def redirect_target(
    session: PipSession, response: Response, inherited: Callable[[Response], str | None]
) -> str | None:
    """Return where a response redirects to, as requests finds it, or None if it does not.

    Raise RefusedRedirectError if that is not a valid URL of http or https, or if it gives up the
    encryption of a file without a hash, unless the host is a trusted one.
    """
    try:
        target = inherited(response)
        source = str(response.url)
        problem = "" if target is None else _problem(session, source, target)
    except ValueError:  # UnicodeDecodeError is one
        target, problem = None, "not a valid URL"
    if problem:
        shown = target if target is not None else str(response.headers.get("location"))
        raise RefusedRedirectError(
            f"{response.status_code} redirect to {shown_url(shown)} refused ({problem})", response
        )
    return target


def _problem(session: PipSession, source: str, target: str) -> str:
    """Return why a URL is not requested, or an empty string; raise ValueError if it is invalid."""
    if not target:
        return "it is empty"
    url = urljoin(source, target)
    if urlsplit(url).scheme.lower() not in _SCHEMES:
        return "only http and https are followed"
    if not connected_host(url):
        return "it names no host"
    if not _has_hash.get() and gives_up_encryption(session, source, url):
        return "from https to http, and without a hash; --trusted-host allows it"
    return ""


def gives_up_encryption(session: PipSession, source: str, url: str) -> bool:
    """Return whether a page of https leads to a URL of http, on a host that is not trusted."""
    if urlsplit(source).scheme.lower() != "https" or urlsplit(url).scheme.lower() != "http":
        return False
    host, port = _parsed(url)
    origins = ((name.lower(), number) for name, number in session.pip_trusted_origins)
    return not _is_loopback(host) and not {(host, port), (host, None)} & {*origins}


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    return host == "localhost"


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
