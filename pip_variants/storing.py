"""Files that are written by us: replaced whole, or kept under the hash of what is in them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_is_sha256 = re.compile("[0-9a-f]{64}").fullmatch


def replace_file(path: Path, data: bytes) -> None:
    """Put ``data`` in the place of a file at once: a reader sees all of it or all of the old one.

    Raise OSError, and leave everything as it was.
    """
    temporary = path.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


class Kept:
    """Contents in a folder, each under its SHA-256.

    What is kept never becomes wrong: another content has another name, and a file that is damaged
    does not have the hash that it is called by.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, sha256: str) -> bytes | None:
        """Return the content with this hash, or None if it is not here."""
        if not _is_sha256(sha256):
            return None
        try:
            data = (self._folder / sha256).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def put(self, sha256: str, data: bytes) -> None:
        """Keep a content that has this hash; where that is not possible nothing is kept."""
        if not _is_sha256(sha256):
            return
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            replace_file(self._folder / sha256, data)
