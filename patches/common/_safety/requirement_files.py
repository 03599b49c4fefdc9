"""Files of requirements and constraints, which the user names and others may have written."""

from __future__ import annotations

from typing import IO

from pip._internal.exceptions import InstallationError

from .failures import quoted

LARGEST = 16 << 20
"""Bytes; what a file of requirements with hashes has is a hundredth of it."""
LONGEST_LINE = 1 << 20
"""Characters of a line with all that continue it, most of it hashes."""


def content_of(file: IO[bytes]) -> bytes:
    """Return the content of a file; raise InstallationError if it is larger than LARGEST."""
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise InstallationError(
            f"Could not read {file.name!a}: it is larger than {LARGEST >> 20} MiB"
        )
    return content


def without_comment(line: str) -> str:
    """Return a line without its comment, which begins with it or after a blank."""
    start = line.find("#")
    while start > 0 and not line[start - 1].isspace():
        start = line.find("#", start + 1)
    return line if start < 0 else line[:start].rstrip()


def requirement_and_options(line: str) -> tuple[str, str]:
    """Return what is before the first option of a line, and the rest.

    Raise InstallationError if it is longer than LONGEST_LINE.
    """
    if len(line) > LONGEST_LINE:
        most = f"{LONGEST_LINE >> 20} MiB"
        raise InstallationError(
            f"A line of a file of requirements has more than {most}: {quoted(line)}"
        )
    words = line.split(" ")
    first = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
    return " ".join(words[:first]), " ".join(words[first:])
