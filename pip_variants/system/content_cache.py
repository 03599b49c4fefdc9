"""A content-addressed cache: files under the SHA-256 of their content."""

from __future__ import annotations

import contextlib
import hashlib
import re
from pathlib import Path

from .atomic_file import replace_file

is_sha256 = re.compile("[0-9a-f]{64}").fullmatch


class ContentCache:
    """The contents in one folder.

    An entry never becomes stale, because other content has another name. A damaged entry is
    ignored, because its content does not match its name.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, sha256: str) -> bytes | None:
        """Return the content with this hash, or None if it is not cached."""
        if not is_sha256(sha256):
            return None
        try:
            data = (self._folder / sha256).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def put(self, sha256: str, data: bytes) -> None:
        """Cache ``data``, which has this hash; do nothing if the folder cannot be written."""
        if not is_sha256(sha256):
            return
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            replace_file(self._folder / sha256, data)
