"""What a server answers to a request for a part of a file (RFC 9110, section 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .transport import Response

PARTIAL_CONTENT = 206
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes of a file of ``size`` bytes from ``start`` to before ``end``."""

    start: int
    end: int
    size: int

    @property
    def is_whole(self) -> bool:
        """Whether this is the file itself."""
        return (self.start, self.end) == (0, self.size)


def part_of(response: Response) -> Part | None:
    """Return which part of a file the body of a response is, or None if it does not say so.

    The headers of a partial response must agree with each other; whether the body agrees with
    them shows when it is read. Any other response has the whole file, if its size is known.
    """
    if response.is_encoded:
        return None
    declared = declared_size(response)
    if response.status != PARTIAL_CONTENT:
        return None if declared is None else Part(0, declared, declared)
    found = _CONTENT_RANGE.fullmatch(response.content_range.strip())
    if found is None:
        return None
    first, last, size = map(int, found.groups())
    if not first <= last < size or declared not in {None, last + 1 - first}:
        return None
    return Part(first, last + 1, size)


def is_whole(response: Response) -> bool:
    """Return whether the body of a response is the file itself, whatever its size is."""
    part = part_of(response)
    if part is None:
        return response.status != PARTIAL_CONTENT and not response.is_encoded
    return part.is_whole


def declared_size(response: Response) -> int | None:
    """Return the bytes of the body that a response announces, or None."""
    text = response.declared_length
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None
