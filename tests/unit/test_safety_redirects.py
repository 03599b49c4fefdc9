"""Where a response may redirect to, and which host gets the password of a netrc file."""

from __future__ import annotations

import pytest
from pip._internal.exceptions import NetworkConnectionError
from pip._internal.network.session import PipSession
from pip._vendor.requests.models import Response

from patches.common._safety.redirects import (
    RefusedRedirectError,
    connected_host,
    netrc_host,
    redirect_target,
    warning_for,
)

BASE = "https://index.example/simple/torch/"


def response(location: str | bytes | None, status: int = 302, url: str = BASE) -> Response:
    """Return a response with this Location header."""
    found = Response()  # type: ignore[no-untyped-call]
    found.status_code, found.url = status, url
    if location is not None:
        text = location.decode("latin-1") if isinstance(location, bytes) else location
        found.headers["location"] = text
    return found


def target(found: Response) -> str | None:
    """Return where a response redirects to, as a session of pip finds it."""
    return redirect_target(found, PipSession().get_redirect_target)


FOLLOWED = (
    "https://other.example/x",
    "http://other.example/x",
    "HTTP://OTHER.example/x",
    "//other.example/x",
    "/x",
    "x",
    "../x?a=b#c",
    "?a",
    "http://user:password@other.example:8080/x",
    "http://[::1]:8080/x",
    "http://127.0.0.1/x",
    "http://b\u00fccher.example/x",
    "https:/x",
    "https:x",
)


@pytest.mark.parametrize("location", FOLLOWED)
def test_address_of_http_is_followed_as_it_is(location: str) -> None:
    """What requests makes of the header is returned unchanged."""
    assert target(response(location.encode())) == location


@pytest.mark.parametrize("found", [response(None), response("/x", 200), response("/x", 304)])
def test_response_that_is_no_redirect_has_no_target(found: Response) -> None:
    """Without the header, or with another status, there is nothing to follow."""
    assert target(found) is None


def test_empty_header_is_not_followed() -> None:
    """An empty header ends the redirects, as in stock pip."""
    assert target(response("")) == ""


SCHEME, INVALID, NO_HOST = (
    "only http and https are followed",
    "not a valid URL",
    "it names no host",
)
REFUSED = {
    "file:///etc/passwd": SCHEME,
    "FILE:///etc/passwd": SCHEME,
    "file:/etc/passwd": SCHEME,
    "file:etc": SCHEME,
    "\tfile:///etc/passwd": SCHEME,
    " file:///etc/passwd": SCHEME,
    "f\tile:///etc/passwd": SCHEME,
    "ftp://host/x": SCHEME,
    "data:,x": SCHEME,
    "git+https://host/x": SCHEME,
    "javascript:x": SCHEME,
    "http://[::1": INVALID,
    "//[x": INVALID,
    "//[x]": INVALID,
    "http://host:99999999/": INVALID,
    "http://host:65536/": INVALID,
    "http://host:-1/": INVALID,
    "http://host:x/": INVALID,
    "http://a..b/": INVALID,
    "http://.a/": INVALID,
    f"http://{'a' * 64}/": INVALID,
    "http://\u00ad/": INVALID,
    "http://a\\@b/": INVALID,
    "http://a\\b/": INVALID,
    "http:///x": NO_HOST,
    "http://user@/x": NO_HOST,
    "http://:80/x": NO_HOST,
}


@pytest.mark.parametrize(("location", "problem"), REFUSED.items(), ids=map(ascii, REFUSED))
def test_other_address_is_refused_with_the_reason(location: str, problem: str) -> None:
    """The sentence has status, address and reason, in one line of ASCII characters."""
    with pytest.raises(RefusedRedirectError) as caught:
        target(response(location.encode(), 307))
    text = str(caught.value)
    assert text.startswith("307 redirect to '")
    assert text.endswith(f"' refused ({problem})")
    assert text.isascii()
    assert text.isprintable()
    assert caught.value.response is not None


def test_header_that_is_not_utf_8_is_refused() -> None:
    """Bytes that are no text are shown as such."""
    with pytest.raises(RefusedRedirectError) as caught:
        target(response(b"http://host/\xff"))
    assert str(caught.value) == r"302 redirect to 'http://host/\xff' refused (not a valid URL)"


@pytest.mark.parametrize("location", ["ftp://user:secret@host/", "http://user:secret@[x/"])
def test_refusal_does_not_show_a_password(location: str) -> None:
    """The user's part of an address is hidden, also in one that cannot be parsed."""
    with pytest.raises(RefusedRedirectError) as caught:
        target(response(location))
    assert "secret" not in str(caught.value)


def test_refusal_of_a_long_address_is_short() -> None:
    """A header of any length makes a sentence that can be read."""
    with pytest.raises(RefusedRedirectError) as caught:
        target(response("file:///" + "x" * 100_000))
    assert len(str(caught.value)) < 300


def test_only_refused_pages_are_logged_as_warnings() -> None:
    """Other failures of a page are logged as pip does it."""
    assert warning_for(RefusedRedirectError("x")) is not None
    assert warning_for(NetworkConnectionError("x")) is None


# An address, and the host to which requests connects; empty: it is invalid or ambiguous.
HOSTS = {
    "http://good/": "good",
    "http://GOOD/": "good",
    "http://good:80/": "good",
    "http://user:x@good:80/": "good",
    "http://good:@evil/": "evil",
    "http://good:80@evil/": "evil",
    "http://good:80@evil:81/": "evil",
    "http://good@evil/": "evil",
    "http://good:x@also:y@evil/": "evil",
    "http://good%40@evil/": "evil",
    "http://good%3A@evil/": "evil",
    "http://evil/@good/": "evil",
    "http://evil?@good/": "evil",
    "http://evil#@good/": "evil",
    "http://[::1]/": "::1",
    "http://[::1]:80/": "::1",
    "http://127.0.0.1:80/": "127.0.0.1",
    "http://good\\@evil/": "",
    "http://evil\\@good/": "",
    "http://good\\evil/": "",
    "http://[good/": "",
    "http://good:x/": "",
    "http:///": "",
    "file:///etc/passwd": "",
    "/path": "",
    "": "",
}


@pytest.mark.parametrize(("url", "host"), HOSTS.items(), ids=map(ascii, HOSTS))
def test_password_goes_to_the_host_to_which_the_request_goes(url: str, host: str) -> None:
    """User and password in an address never count as its host."""
    assert netrc_host(url) == host


def test_host_with_letters_of_its_language_is_the_same_host() -> None:
    """Both parsers agree on it, though one of them writes it as DNS does."""
    assert connected_host("http://b\u00fccher.example/") == "b\u00fccher.example"
