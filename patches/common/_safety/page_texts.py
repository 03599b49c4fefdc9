"""The text of a page of an index: in which encoding it may be, and how much of it is parsed.

What a page becomes is much larger than the page, and some encodings of Python take time by the
square of its length.
"""

from __future__ import annotations

import json
import re
from codecs import getincrementaldecoder
from html.parser import HTMLParser

from .charsets import CharsetError, text_codec
from .pages import MAX_FILES, InvalidPageError

MAX_VALUES = 2_000_000
"""Commas, colons and opening brackets of a page in JSON: a file has some thirty."""
MAX_TAGS = 1_000_000
"""And references such as &lt; of a page in HTML: a file has some ten in a listing of a folder."""
LONGEST_TAG = 256 * 1024
"""Characters of a tag or a comment."""
LARGEST_UNICODE = 16 * 1024 * 1024
"""Bytes of a page in JSON that is not ASCII: each character may take four bytes then."""

_WIDE = re.compile(rb"[\x80-\xff]|\\u[dD][89abAB]")
"""What is not ASCII, also where it is escaped."""


def json_of(content: bytes) -> object:
    """Return a page in JSON; raise InvalidPageError if it has too much, or what json raises."""
    if sum(map(content.count, b",:[{")) > MAX_VALUES:
        raise InvalidPageError(f"it has more than {MAX_VALUES:,} values")
    if len(content) > LARGEST_UNICODE and _WIDE.search(content):
        most = LARGEST_UNICODE // (1024 * 1024)
        raise InvalidPageError(f"it is larger than {most} MiB and not ASCII")
    return json.loads(content)


def feed(parser: HTMLParser, content: bytes, encoding: str) -> None:
    """Let pip's parser read a page in HTML, piece by piece; raise InvalidPageError."""
    try:
        decoder = getincrementaldecoder(text_codec(encoding))()
    except CharsetError as error:
        raise InvalidPageError(str(error)) from None
    tags = 0
    for start in range(0, len(content) + 1, LONGEST_TAG):
        end = start + LONGEST_TAG
        piece = decoder.decode(content[start:end], final=end > len(content))
        tags += piece.count("<") + piece.count("&")
        if tags > MAX_TAGS:
            raise InvalidPageError(f"it has more than {MAX_TAGS:,} tags")
        parser.feed(piece)
        if len(getattr(parser, "anchors", ())) > MAX_FILES:
            raise InvalidPageError(f"it has more than {MAX_FILES:,} links")
        # What has not been parsed yet, because it is not complete; a script is not taken apart.
        if len(parser.rawdata) > LONGEST_TAG and not getattr(parser, "cdata_elem", None):
            raise InvalidPageError(f"a tag in it is longer than {LONGEST_TAG // 1024} KiB")
