"""Documents of an index: small files, verified by the hash of their link."""

from __future__ import annotations

import hashlib
import zlib

from pip_variants.core.errors import FetchError, quoted
from pip_variants.core.limits import MAX_BYTES, TOO_LARGE
from pip_variants.system.content_cache import ContentCache, is_sha256

from .byte_ranges import declared_size
from .transport import NO_HEADERS, Headers, RemoteFile, Transport, TransportError, TruncatedError

_ALGORITHMS = ("sha512", "sha384", "sha256", "sha224", "sha1", "md5")
_GZIP, _ZLIB = b"\x1f\x8b", b"\x78"
"""How compressed documents begin, and JSON never does."""
INSECURE = "its link leads from https to http and has no hash; --trusted-host allows it"
_BEFORE_JSON = b"\xef\xbb\xbf \t\r\n"
_REVALIDATE = {"Cache-Control": "max-age=0"}
_DO_NOT_STORE = {"Cache-Control": "no-store"}


def fetch(file: RemoteFile, transport: Transport, cache: ContentCache | None = None) -> bytes:
    """Return the content of a document, verified by its hash if it has one.

    A document changes whenever a label is added, at the same URL: a cached copy is used only if
    its hash matches. One that arrives compressed, though that is not requested, is decompressed
    first. ``cache`` serves files with a SHA-256. Raise FetchError with one sentence for any
    failure of the network or the file system.
    """
    sha256 = _sha256(file)
    if cache is not None and sha256 is not None and file.path is None:
        content = cache.get(sha256)
        if content is None:
            content = _verified(file, transport, _DO_NOT_STORE)
            cache.put(sha256, content)
        return content
    is_verifiable = any(name in file.hashes for name in _ALGORITHMS)
    if not is_verifiable and transport.gives_up_encryption(file.source, file.url):
        raise FetchError(INSECURE)
    return _verified(file, transport, NO_HEADERS if is_verifiable else _REVALIDATE)


def unknown_hashes(file: RemoteFile) -> tuple[str, ...]:
    """Return the algorithms of a link's hashes if none of them is known: it counts as without."""
    if any(name in file.hashes for name in _ALGORITHMS):
        return ()
    return tuple(quoted(name) for name in file.hashes)


def _sha256(file: RemoteFile) -> str | None:
    """Return the SHA-256 of a file's link, or None; raise FetchError for an invalid hash."""
    for name in _ALGORITHMS:
        if not isinstance(file.hashes.get(name, ""), str):
            raise FetchError("its link has a hash that is not a string")
    sha256 = str(file.hashes.get("sha256", "")).lower()
    return sha256 if is_sha256(sha256) else None


def _verified(file: RemoteFile, transport: Transport, headers: Headers) -> bytes:
    try:
        content, from_cache = _get(file, transport, headers)
        valid = _matches_hash(file, content)
        if from_cache and not valid:
            content, _ = _get(file, transport, _REVALIDATE)
            valid = _matches_hash(file, content)
    except TruncatedError as error:
        raise FetchError(str(error)) from None
    except TransportError as error:
        raise FetchError(
            str(error) if error.status is not None else f"cannot be fetched: {error}"
        ) from None
    if not valid:
        raise FetchError("its hash differs from the one that its link gives")
    return content


def _get(file: RemoteFile, transport: Transport, headers: Headers) -> tuple[bytes, bool]:
    """Return the content of a file, and whether it comes from the HTTP cache."""
    with transport.get(file.url, headers) as response:
        declared = response.declared_length
        size = declared_size(response)
        if size is not None and size > MAX_BYTES:
            raise FetchError(TOO_LARGE)
        content = bytearray()
        for chunk in response.chunks():
            content += chunk
            if len(content) > MAX_BYTES:
                raise FetchError(TOO_LARGE)
    if declared and declared != str(len(content)):
        raise TruncatedError(len(content), declared)
    return _decompressed(bytes(content), is_encoded=response.is_encoded), response.from_cache


def _decompressed(content: bytes, *, is_encoded: bool) -> bytes:
    """Return the document in a body, which counts more than what the headers say about it."""
    if content.startswith(_GZIP) or (is_encoded and content.startswith(_ZLIB)):
        decompressor = zlib.decompressobj(zlib.MAX_WBITS + 32)  # either format
        try:
            content = decompressor.decompress(content, MAX_BYTES + 1)
        except zlib.error:
            raise FetchError("the server sent it compressed, and damaged") from None
        if len(content) > MAX_BYTES:
            raise FetchError(TOO_LARGE)
        if not decompressor.eof:
            raise FetchError("the server sent it compressed, and truncated")
    elif is_encoded and not content.lstrip(_BEFORE_JSON).startswith(b"{"):
        raise FetchError("the server sent it in an encoding that was not requested")
    return content


def _matches_hash(file: RemoteFile, content: bytes) -> bool:
    """Return whether the content has one of the known hashes of its link, or there is none."""
    known = {name: str(file.hashes[name]).lower() for name in _ALGORITHMS if name in file.hashes}
    # As pip, accept a file that has any one of several hashes; prefer the usual one.
    sha256 = _sha256(file)
    if sha256 is not None:
        known = {"sha256": sha256}
    return not known or any(
        hashlib.new(name, content, usedforsecurity=False).hexdigest() == value
        for name, value in known.items()
    )
