"""Encodings of text that somebody else chooses: those that take time by the length of the text.

Python has others. Some of their names decode in quadratic time (idna, punycode), or to what is no
text, such as halves of characters (unicode_escape, utf-7).
"""

from __future__ import annotations

import codecs
import re

_TEXT = re.compile(
    "ascii|utf-(8(-sig)?|(16|32)(-[bl]e)?)|iso8859-[0-9]+|cp[0-9]+|koi8-[rtu]|mac-[a-z0-9-]+"
    "|big5(hkscs)?|gbk|gb2312|gb18030|hz|johab|shift_jis(_2004|x0213)?|euc_(jp|kr|jis_2004|jisx0213)"
    "|iso2022_(jp(_(1|2|3|2004|ext))?|kr)|hp-roman8|kz1048|ptcp154|tis-620|mbcs|oem"
)


class CharsetError(LookupError):
    """An encoding is none that a text may have; the text is one sentence without its subject."""


def text_codec(name: str) -> str:
    """Return the name that Python has for an encoding of text; raise CharsetError."""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):  # ValueError: NUL
        raise CharsetError(f"its encoding is unknown: {_shown(name)}") from None
    if not _TEXT.fullmatch(found):
        raise CharsetError(f"its encoding is not one of text: {_shown(name)}")
    return found


def _shown(name: str) -> str:
    return ascii(name[:80])
