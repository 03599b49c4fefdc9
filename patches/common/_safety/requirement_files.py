"""Files of requirements and constraints, which the user names and others may have written."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from pip._internal.exceptions import InstallationError
from pip._internal.req.req_file import BOMS, PEP263_ENCODING_RE
from pip._vendor.requests.models import Response

from .charsets import CharsetError, text_codec
from .failures import shown_url
from .printing import quoted

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


def text_of(decode: Callable[[bytes, str], str], content: bytes, name: str) -> str:
    """Return the text of a file, which pip decodes; raise InstallationError if that is not so."""
    try:
        _check_encoding(content)
        return decode(content, name)
    except CharsetError as error:
        reason = str(error)
    except UnicodeDecodeError as error:
        reason = f"it is no text in its encoding, {error.encoding}"
    raise InstallationError(f"Could not read {name!a}: {reason}")


def _check_encoding(content: bytes) -> None:
    """Raise CharsetError if one of the first two lines names an encoding that is not of text."""
    if content.startswith(tuple(mark for mark, _ in BOMS)):
        return
    for line in content.split(b"\n", 2)[:2]:
        found = PEP263_ENCODING_RE.search(line) if line.startswith(b"#") else None
        if found is not None:
            text_codec(found[1].decode("ascii"))


def response_text(response: Response) -> str:
    """Return the text of a file that a server has; raise InstallationError for its encoding."""
    if response.encoding is not None:
        url = str(response.url)
        try:
            text_codec(response.encoding)
        except CharsetError as error:
            raise InstallationError(f"Could not read {shown_url(url)}: {error}") from None
    return str(response.text)


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
