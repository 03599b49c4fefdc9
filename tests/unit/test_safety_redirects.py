"""Where a response may redirect to, and which host gets the password of a netrc file."""

from __future__ import annotations

import pytest
from pip._internal.network.session import PipSession
from pip._vendor.requests.models import Response

from patches.common._safety.redirects import (
    RefusedRedirectError,
    connected_host,
    netrc_host,
    redirect_target,
    verified,
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
    session = PipSession()
    return redirect_target(session, found, session.get_redirect_target)


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
    base = BASE.replace("https:", "http:") if location.lower().startswith("http:") else BASE
    assert target(response(location.encode(), url=base)) == location


@pytest.mark.parametrize("found", [response(None), response("/x", 200), response("/x", 304)])
def test_response_that_is_no_redirect_has_no_target(found: Response) -> None:
    """Without the header, or with another status, there is nothing to follow."""
    assert target(found) is None


SCHEME, INVALID, NO_HOST = (
    "only http and https are followed",
    "not a valid URL",
    "it names no host",
)
REFUSED = {
    "file:///etc/passwd": SCHEME,
    "FILE:///etc/passwd": SCHEME,
    "": "it is empty",
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


# A page, where it leads, trusted hosts, and whether that is refused without a hash.
DOWNGRADES = {
    "other host": ("https://a.example/", "http://b.example/x", (), True),
    "same host": ("https://a.example/", "http://a.example/x", (), True),
    "capitals": ("HTTPS://a.example/", "HTTP://B.example/x", (), True),
    "still encrypted": ("https://a.example/", "https://b.example/x", (), False),
    "never encrypted": ("http://a.example/", "http://b.example/x", (), False),
    "to encryption": ("http://a.example/", "https://b.example/x", (), False),
    "relative": ("https://a.example/", "/x", (), False),
    "trusted": ("https://a.example/", "http://b.example/x", ("b.example",), False),
    "trusted, any port": ("https://a.example/", "http://b.example:81/x", ("b.example",), False),
    "trusted port": ("https://a.example/", "http://b.example:81/x", ("b.example:81",), False),
    "other port": ("https://a.example/", "http://b.example:82/x", ("b.example:81",), True),
    "trusted page": ("https://a.example/", "http://b.example/x", ("a.example",), True),
    "user like a trusted host": (
        *("https://a.example/", "http://b.example@c.example/x"),
        *(("b.example",), True),
    ),
    "this machine": ("https://a.example/", "http://127.0.0.1:8080/x", (), False),
    "this machine by IPv6": ("https://a.example/", "http://[::1]/x", (), False),
    "this machine by name": ("https://a.example/", "http://localhost/x", (), False),
    "name like this machine": ("https://a.example/", "http://127.0.0.1.example/x", (), True),
}


@pytest.mark.parametrize(
    ("source", "location", "trusted", "is_refused"), DOWNGRADES.values(), ids=DOWNGRADES
)
def test_redirect_gives_up_encryption_only_with_a_hash_or_to_a_trusted_host(
    source: str, location: str, trusted: tuple[str, ...], *, is_refused: bool
) -> None:
    """Hosts are trusted as pip's `--trusted-host` has them."""
    session = PipSession(trusted_hosts=trusted)

    def follow() -> str | None:
        found = response(location, url=source)
        return redirect_target(session, found, session.get_redirect_target)

    if is_refused:
        with pytest.raises(RefusedRedirectError) as caught:
            follow()
        assert str(caught.value).endswith("--trusted-host allows it)")
    else:
        assert follow() == location
    with verified(has_hash=True), verified(has_hash=None):
        assert follow() == location
