"""Limits for what a server compresses: how often, and to how much it may grow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pip._vendor.urllib3.exceptions import DecodeError

from .limits import MAX_DOCUMENT

MAX_ENCODINGS = 5
# So small that what a decoder makes of it at once is small too: deflate grows a thousandfold, and
# a few bytes of brotli stand for 16 MiB.
_SLICE = 512
_SLICE_OF_BROTLI = 16


class LimitedDecoder:
    """A decoder of urllib3 that feeds another one slice by slice, up to a total of its output."""

    def __init__(self, decoder: Any, size: int) -> None:  # noqa: ANN401 - urllib3 has no types
        self._decoder = decoder
        self._size = size
        self._total = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - urllib3 uses what zlib has
        return getattr(self._decoder, name)

    def decompress(self, data: bytes) -> bytes:
        """Return what the decoder makes of data; raise DecodeError if all in all it is too much."""
        found = bytearray()
        for start in range(0, len(data), self._size):
            found += self._decoder.decompress(data[start : start + self._size])
            if self._total + len(found) > MAX_DOCUMENT:
                raise DecodeError("the server sends more than it may")
        self._total += len(found)
        return bytes(found)


def limited(encodings: str, new: Callable[[str], Any]) -> LimitedDecoder:
    """Return a decoder, made by ``new``, for a Content-Encoding header.

    Raise DecodeError if there are too many of them.
    """
    if encodings.count(",") >= MAX_ENCODINGS:
        raise DecodeError(f"more than {MAX_ENCODINGS} content encodings")
    size = _SLICE_OF_BROTLI if encodings == "br" else _SLICE
    return LimitedDecoder(new(encodings), size)
