"""Files that are replaced atomically."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file atomically: a reader sees all of ``data`` or all of the old content.

    Raise OSError and leave the old file as it was.
    """
    temporary = path.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
