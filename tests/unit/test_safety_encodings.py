"""Decoders that stop: after five encodings, or at a total of their output."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import pytest
from pip._vendor.urllib3.exceptions import DecodeError
from pip._vendor.urllib3.response import _get_decoder

from patches.common._safety import encodings
from patches.common._safety.encodings import LimitedDecoder, limited


class Repeat:
    """A decoder that repeats what it gets; `calls` are the sizes of what it got."""

    def __init__(self, factor: int) -> None:
        self.factor = factor
        self.calls: list[int] = []

    def decompress(self, data: bytes) -> bytes:
        """Return the data several times."""
        self.calls.append(len(data))
        return data * self.factor

    def flush(self) -> bytes:
        """Return what is left."""
        return b"end"


@pytest.mark.parametrize("mode", ["gzip", "deflate", "gzip, deflate", ", ".join(["gzip"] * 5)])
def test_up_to_five_encodings_have_a_decoder(mode: str) -> None:
    """The decoder undoes them as that of urllib3 does."""
    data = b"content" * 1000
    packed = data
    for name in mode.split(", "):
        stream = zlib.compressobj(wbits=31 if name == "gzip" else 15)
        packed = stream.compress(packed) + stream.flush()
    decoder = limited(mode, _get_decoder)
    assert decoder.decompress(packed) + decoder.flush() == data


@pytest.mark.parametrize("count", [6, 1000])
def test_more_encodings_are_refused_before_any_decoder_is_made(count: int) -> None:
    """No decoder is made for them."""
    made: list[str] = []
    with pytest.raises(DecodeError) as caught:
        limited(", ".join(["gzip"] * count), made.append)
    assert str(caught.value) == "more than 5 content encodings"
    assert made == []


def consume(decoder: LimitedDecoder, blocks: Iterable[bytes]) -> int:
    """Return how many bytes a decoder makes of these blocks."""
    return sum(len(decoder.decompress(block)) for block in blocks)


def test_output_up_to_the_limit_is_returned_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The total counts, over all blocks."""
    monkeypatch.setattr(encodings, "MAX_DOCUMENT", 1024 * 1024)
    inner = Repeat(1024)
    decoder = LimitedDecoder(inner, 512)
    assert consume(decoder, [bytes(600), bytes(424)]) == 1024 * 1024
    assert inner.calls == [512, 88, 424]
    assert decoder.flush() == b"end"
    with pytest.raises(DecodeError) as caught:
        decoder.decompress(b"x")
    assert str(caught.value) == "the server sends more than it may"


def test_decoder_gets_no_more_than_it_takes_to_reach_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What would follow is not decompressed."""
    monkeypatch.setattr(encodings, "MAX_DOCUMENT", 1024 * 1024)
    inner = Repeat(1024)
    with pytest.raises(DecodeError):
        LimitedDecoder(inner, 512).decompress(bytes(100_000))
    assert inner.calls == [512, 512, 512]


def test_brotli_is_fed_in_smaller_slices() -> None:
    """A few bytes of it may stand for many megabytes."""
    inner = Repeat(1)
    limited("br", lambda _: inner).decompress(bytes(40))
    assert inner.calls == [16, 16, 8]
