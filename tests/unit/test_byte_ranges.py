"""What part of a file a response has, by its status and headers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from pip_variants.remote.byte_ranges import Part, is_whole, part_of


@dataclass
class Headers:
    """A response without a body."""

    status: int = 206
    content_range: str = ""
    declared_length: str = ""
    is_encoded: bool = False
    accepts_ranges: bool = False
    from_cache: bool = False
    validator: str = ""

    def abort(self) -> None:
        """Do nothing."""

    def chunks(self) -> Iterator[bytes]:
        """Fail: headers are all that is read."""
        pytest.fail("the body is read")
        yield b""


# The response, the part, and whether it is the whole file.
RESPONSES: dict[str, tuple[Headers, Part | None, bool]] = {
    "end": (Headers(206, "bytes 7-9/10", "3"), Part(7, 10, 10), False),
    "middle": (Headers(206, "bytes 2-3/10", "2"), Part(2, 4, 10), False),
    "one byte": (Headers(206, "bytes 0-0/10", "1"), Part(0, 1, 10), False),
    "without length": (Headers(206, "bytes 7-9/10"), Part(7, 10, 10), False),
    "length that is no number": (Headers(206, "bytes 7-9/10", "many"), Part(7, 10, 10), False),
    "spaces": (Headers(206, " bytes 7-9/10 ", "3"), Part(7, 10, 10), False),
    "all as a part": (Headers(206, "bytes 0-9/10", "10"), Part(0, 10, 10), True),
    "the file": (Headers(200, "", "10"), Part(0, 10, 10), True),
    "the file with a range": (Headers(200, "bytes 7-9/10", "10"), Part(0, 10, 10), True),
    "an empty file": (Headers(200, "", "0"), Part(0, 0, 0), True),
    "the file of unknown size": (Headers(200), None, True),
    "the file, its length no number": (Headers(200, "", "-1"), None, True),
    "the file, its length too long": (Headers(200, "", "9" * 19), None, True),
    "the file, its length in other digits": (Headers(200, "", "\u0661"), None, True),
    "other success": (Headers(203, "", "10"), Part(0, 10, 10), True),
    "encoded part": (Headers(206, "bytes 7-9/10", "3", is_encoded=True), None, False),
    "encoded file": (Headers(200, "", "10", is_encoded=True), None, False),
    "part without range": (Headers(206, "", "3"), None, False),
    "other length": (Headers(206, "bytes 7-9/10", "4"), None, False),
    "length of the file": (Headers(206, "bytes 7-9/10", "10"), None, False),
    "end before start": (Headers(206, "bytes 9-7/10"), None, False),
    "beyond the end": (Headers(206, "bytes 7-10/10", "4"), None, False),
    "unknown size": (Headers(206, "bytes 7-9/*", "3"), None, False),
    "unsatisfied": (Headers(206, "bytes */10"), None, False),
    "other unit": (Headers(206, "lines 7-9/10", "3"), None, False),
    "negative": (Headers(206, "bytes -3-9/10", "3"), None, False),
    "other digits": (Headers(206, "bytes \u0667-9/10", "3"), None, False),
    "too long": (Headers(206, f"bytes 7-9/{'9' * 19}", "3"), None, False),
    "two ranges": (Headers(206, "bytes 1-2/10, 7-9/10"), None, False),
    "several parts": (Headers(206, "multipart/byteranges; boundary=x"), None, False),
}


@pytest.mark.parametrize(("response", "part", "whole"), RESPONSES.values(), ids=RESPONSES)
def test_part_is_read_from_headers_that_agree(
    response: Headers, part: Part | None, *, whole: bool
) -> None:
    """A partial response says which part it is; any other has the whole file."""
    assert part_of(response) == part
    assert is_whole(response) is whole


@pytest.mark.parametrize(
    ("part", "whole"),
    [(Part(0, 10, 10), True), (Part(0, 9, 10), False), (Part(1, 10, 10), False)],
    ids=["all", "without the end", "without the start"],
)
def test_part_is_whole_from_the_first_to_the_last_byte(part: Part, *, whole: bool) -> None:
    """Nothing less is the file."""
    assert part.is_whole is whole
