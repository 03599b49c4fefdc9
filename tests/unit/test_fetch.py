"""A document of an index: what a server may send for it, and how it is verified."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO

import pytest

from pip_variants.core.errors import FetchError
from pip_variants.core.limits import MAX_BYTES
from pip_variants.remote.fetch import fetch, unknown_hashes
from pip_variants.remote.transport import NO_HEADERS, Headers, RemoteFile, Response

URL = "https://index.test/x-1.0-variants.json"
TEXT = b'{"variants": {"a": {}}}'
SHA256 = {"sha256": hashlib.sha256(TEXT).hexdigest()}
GZIPPED = gzip.compress(TEXT)
NOT_REQUESTED = "the server sent it in an encoding that was not requested"
WRONG_HASH = "its hash differs from the one that its link gives"


@dataclass
class Reply:
    """A response with a body."""

    body: bytes
    is_encoded: bool = False
    status: int = 200
    content_range: str = ""
    accepts_ranges: bool = False
    validator: str = ""
    from_cache: bool = False
    declared_length: str = ""

    def __post_init__(self) -> None:
        """Announce what is sent."""
        self.declared_length = str(len(self.body))

    def chunks(self) -> Iterator[bytes]:
        """Yield the body."""
        yield self.body

    def abort(self) -> None:
        """Do nothing."""


@dataclass
class Server:
    """A server with one document."""

    reply: Reply

    @contextmanager
    def get(
        self, url: str, headers: Headers = NO_HEADERS, *, is_file: bool = False
    ) -> Iterator[Response]:
        """Respond to a request."""
        assert not is_file
        assert url.endswith(URL.partition(":")[2])
        assert "Range" not in headers
        yield self.reply

    def gives_up_encryption(self, source: str, url: str) -> bool:
        """Return whether a link is refused."""
        return source.startswith("https:") and url.startswith("http:")

    def open_cached(self, url: str, *, stale: bool = False) -> IO[bytes] | None:
        """Refuse to be used."""
        pytest.fail(f"{url} is no wheel ({stale})")


def document(hashes: Mapping[str, object] | None = None) -> RemoteFile:
    """Return the document as a page lists it."""
    return RemoteFile("x-1.0-variants.json", URL, URL, "https://index.test/x/", hashes or {})


BODIES = {
    "plain": Reply(TEXT),
    "gzip": Reply(GZIPPED, is_encoded=True),
    "gzip, without a header": Reply(GZIPPED),
    "deflate": Reply(zlib.compress(TEXT), is_encoded=True),
    "plain, though the header says otherwise": Reply(TEXT, is_encoded=True),
}


@pytest.mark.parametrize("reply", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("hashes", [SHA256, {}], ids=["hash", "no hash"])
def test_document_is_what_the_body_says(reply: Reply, hashes: Mapping[str, object]) -> None:
    """Some mirrors compress documents whatever is requested; the hash is that of the document."""
    assert fetch(document(hashes), Server(reply)) == TEXT


PLAIN_SPACE = b" " * (MAX_BYTES + 1)
UNUSABLE = {
    "unknown encoding": (Reply(b"\x8b\x05\x80", is_encoded=True), {}, NOT_REQUESTED),
    "damaged": (
        Reply(GZIPPED[:12] + b"xxxx" + GZIPPED[16:], is_encoded=True),
        {},
        "the server sent it compressed, and damaged",
    ),
    "truncated": (
        Reply(GZIPPED[:-10], is_encoded=True),
        {},
        "the server sent it compressed, and truncated",
    ),
    "too large": (Reply(gzip.compress(PLAIN_SPACE), is_encoded=True), {}, "larger than 16 MiB"),
    "compressed, wrong hash": (Reply(gzip.compress(b"{}"), is_encoded=True), SHA256, WRONG_HASH),
    "wrong hash": (Reply(b"{}"), SHA256, WRONG_HASH),
    "wrong hash beside an unknown one": (Reply(b"{}"), {**SHA256, "blake3": "0"}, WRONG_HASH),
    "hash that is no string": (
        Reply(TEXT),
        {"sha256": 1},
        "its link has a hash that is not a string",
    ),
}


@pytest.mark.parametrize(("reply", "hashes", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_document_is_an_error_with_the_reason(
    reply: Reply, hashes: Mapping[str, object], reason: str
) -> None:
    """One sentence says what arrived."""
    with pytest.raises(FetchError) as caught:
        fetch(document(hashes), Server(reply))
    assert str(caught.value) == reason


def test_length_that_is_no_number_is_an_error() -> None:
    """Headers may have digits that no number has in Python."""
    reply = Reply(TEXT)
    reply.declared_length = "\u00b2"
    with pytest.raises(FetchError, match=rf"^truncated: {len(TEXT)} of '.xb2' bytes arrived$"):
        fetch(document(), Server(reply))


UNKNOWN: dict[str, tuple[Mapping[str, object], tuple[str, ...]]] = {
    "none": ({}, ()),
    "known": (SHA256, ()),
    "unknown": ({"blake3": "0", "\x1b": None}, ("'blake3'", r"'\x1b'")),
    "both": ({**SHA256, "blake3": "0"}, ()),
}


@pytest.mark.parametrize(("hashes", "names"), UNKNOWN.values(), ids=UNKNOWN)
def test_hashes_of_unknown_algorithms_count_as_none(
    hashes: Mapping[str, object], names: tuple[str, ...]
) -> None:
    """The document is used; if nothing verifies it, its algorithms are named."""
    assert fetch(document(hashes), Server(Reply(TEXT))) == TEXT
    assert unknown_hashes(document(hashes)) == names


def test_document_that_is_linked_without_encryption_and_hash_is_not_fetched() -> None:
    """A page of https vouches for what has a hash, and for what comes over https."""
    plain = replace(document(), url="http://index.test/x-1.0-variants.json")
    with pytest.raises(FetchError) as caught:
        fetch(plain, Server(Reply(TEXT)))
    reason = "its link leads from https to http and has no hash; --trusted-host allows it"
    assert str(caught.value) == reason
    with pytest.raises(FetchError):
        fetch(replace(plain, hashes={"blake3": "0"}), Server(Reply(TEXT)))
    for file in (replace(plain, source="http://index.test/x/"), replace(plain, hashes=SHA256)):
        assert fetch(file, Server(Reply(TEXT))) == TEXT
