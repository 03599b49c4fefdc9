"""Which of several files are downloaded at once, so that the line and the processors stay busy.

A file can be unpacked when it is complete. Over a line that one connection fills already, files
side by side are all complete only in the end; where the server limits each connection, or is far
away, they are faster side by side. So the number of large files grows while that pays.
"""

from __future__ import annotations

from collections.abc import Sequence

_LARGE = 16_000_000
"""Bytes; the number of smaller files is not limited: a request takes longer than they do."""
_FEWEST = 2
_PERIOD = 0.5
"""Seconds that one number of connections is measured for."""
_GAIN = 1.15
"""How much faster one connection more has to be."""


class Line:
    """How many large files come over a line at once, learnt from what arrives."""

    def __init__(self) -> None:
        self.width = _FEWEST
        self._fastest = 0.0
        self._bytes = 0
        self._start: float | None = None

    def arrived(self, count: int, now: float) -> None:
        """Take note of bytes that have arrived at this time, in seconds."""
        if self._start is None:
            self._start = now
        self._bytes += count
        if now - self._start < _PERIOD:
            return
        rate = self._bytes / (now - self._start)
        if rate > self._fastest * _GAIN:
            self._fastest = rate
            self.width += 1
        else:
            self.width = max(_FEWEST, self.width - 1)
        self._bytes, self._start = 0, now


def next_download(
    waiting: Sequence[int], active: Sequence[int], *, width: int, most: int
) -> int | None:
    """Return the index of the file to download next, or None while enough are under way.

    ``waiting`` are sizes in bytes, sorted, ``active`` those of the downloads under way. Of large
    files one is the smallest left, so that there is something to unpack soon, and the others are
    the largest left, so that little is left to do in the end.
    """
    if not waiting or len(active) >= most:
        return None
    large = [size for size in active if size >= _LARGE]
    if waiting[-1] < _LARGE or len(large) >= width:
        return 0 if waiting[0] < _LARGE else None
    if not large:
        return len(waiting) - 1
    first = next(index for index, size in enumerate(waiting) if size >= _LARGE)
    return first if waiting[first] < min(large) else len(waiting) - 1
