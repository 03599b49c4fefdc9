"""A content-addressed cache: files under the SHA-256 of their content."""

from __future__ import annotations

import contextlib
import hashlib
import re
from pathlib import Path

from pip_variants.core.limits import MAX_BYTES

from .atomic_file import replace_file
from .owned import make_folder, read_limited

is_sha256 = re.compile("[0-9a-f]{64}").fullmatch


class ContentCache:
    """The contents in one folder.

    An entry never becomes stale, because other content has another name. A damaged entry is
    ignored, because its content does not match its name. For that reason it does not matter whom
    it belongs to. What is larger than a document may be is not cached.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, sha256: str) -> bytes | None:
        """Return the content with this hash, or None if it is not cached."""
        if not is_sha256(sha256):
            return None
        data = read_limited(self._folder / sha256, MAX_BYTES)
        is_valid = data is not None and hashlib.sha256(data).hexdigest() == sha256
        return data if is_valid else None

    def put(self, sha256: str, data: bytes) -> None:
        """Cache ``data``, which has this hash; do nothing if the folder cannot be written."""
        if not is_sha256(sha256) or len(data) > MAX_BYTES:
            return
        with contextlib.suppress(OSError):
            make_folder(self._folder)
            replace_file(self._folder / sha256, data)
