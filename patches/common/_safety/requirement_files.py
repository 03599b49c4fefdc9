"""Files of requirements and constraints, which the user names and others may have written."""

from __future__ import annotations

from typing import IO

from pip._internal.exceptions import InstallationError

LARGEST = 16 << 20
"""Bytes; what a file of requirements with hashes has is a hundredth of it."""


def content_of(file: IO[bytes]) -> bytes:
    """Return the content of a file; raise InstallationError if it is larger than LARGEST."""
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise InstallationError(
            f"Could not read {file.name!a}: it is larger than {LARGEST >> 20} MiB"
        )
    return content
