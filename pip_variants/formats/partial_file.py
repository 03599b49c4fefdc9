"""A file of which only some parts are at hand; a missing part is fetched when it is read."""

from __future__ import annotations

import errno
import io
import os
import zipfile
from collections.abc import Callable, Sequence

_LEAD = 64 * 1024
"""Bytes that are fetched before a central directory, where wheels have their METADATA."""
_MOST = 64 * 1024 * 1024


class PartialFile(io.RawIOBase):
    """A read-only file of ``size`` bytes.

    ``fetch`` returns the bytes between two offsets, both inside the file. Reading raises what it
    raises, and zipfile.BadZipFile if more than 64 MiB would be fetched.
    """

    def __init__(self, size: int, fetch: Callable[[int, int], bytes]) -> None:
        self.size = size
        self._fetch = fetch
        self._parts: list[tuple[int, bytes]] = []
        self._fetched = 0
        self._position = 0

    def add(self, start: int, content: bytes) -> None:
        """Record the bytes from ``start`` on; what they overlap or touch becomes one part."""
        parts: list[tuple[int, bytes]] = []
        for first, body in sorted([*self._parts, (start, content)]):
            begin, known = parts[-1] if parts else (first, b"")
            if first > begin + len(known):
                parts.append((first, body))
            else:
                joined = begin, known + body[begin + len(known) - first :]
                parts[-1:] = [joined]
        self._parts = parts

    def ensure(self, spans: Sequence[tuple[int, int]]) -> None:
        """Fetch what is missing between the first and the last of these offsets, at once."""
        missing = [span for span in spans if self._present(*span) is None]
        if missing:
            self._load(min(first for first, _ in missing), max(end for _, end in missing))

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position and return it."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise OSError(errno.EINVAL, "negative seek position")  # as a file on a disk
        self._position = base + offset
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes, all that there are up to the end of the file."""
        start = self._position
        end = self.size if size < 0 else min(self.size, start + size)
        if start >= end:
            return b""
        content = self._present(start, end)
        if content is None:
            lowest = self._parts[0][0] if self._parts else self.size
            # The end of the file is there first; what is read next is the central directory.
            is_directory = start < lowest <= end
            self._load(max(0, start - _LEAD) if is_directory else start, end)
            content = self._present(start, end) or b""
        self._position = end
        return content

    def _present(self, start: int, end: int) -> bytes | None:
        for first, content in self._parts:
            if first <= start and end <= first + len(content):
                return content[start - first : end - first]
        return None

    def _load(self, start: int, end: int) -> None:
        """Fetch from ``start`` to ``end``, or to a part that reaches from before it to there."""
        start, end = max(0, start), min(self.size, end)
        for first, content in self._parts:
            if first < end <= first + len(content):
                end = max(start, first)
        self._fetched += end - start
        if self._fetched > _MOST:
            raise zipfile.BadZipFile("the description of its content is too large")
        self.add(start, self._fetch(start, end))
