"""Encodings that a page or a file names: those of text, and no others."""

from __future__ import annotations

import codecs
import time

import pytest

from patches.common._safety.charsets import CharsetError, text_codec
from tests.support.waiting import within

TEXT = {
    "UTF-8": "utf-8",
    "utf8": "utf-8",
    "utf_8_sig": "utf-8-sig",
    "UTF-16LE": "utf-16-le",
    "u32": "utf-32",
    "us-ascii": "ascii",
    "latin-1": "iso8859-1",
    "ISO-8859-15": "iso8859-15",
    "windows-1252": "cp1252",
    "koi8_r": "koi8-r",
    "macintosh": "mac-roman",
    "sjis": "shift_jis",
    "EUC-JP": "euc_jp",
    "iso-2022-jp": "iso2022_jp",
    "gb18030": "gb18030",
    "big5-tw": "big5",
    "tis620": "tis-620",
}


@pytest.mark.parametrize("name", TEXT)
def test_encoding_of_text_has_its_name(name: str) -> None:
    """Whatever its spelling."""
    assert text_codec(name) == TEXT[name]
    assert codecs.lookup(name).name == TEXT[name]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        *(
            (name, f"its encoding is not one of text: '{name}'")
            for name in ("idna", "punycode", "undefined", "hex", "zlib", "rot13", "utf-7")
        ),
        ("unicode_escape", "its encoding is not one of text: 'unicode_escape'"),
        ("nope", "its encoding is unknown: 'nope'"),
        ("", "its encoding is unknown: ''"),
        ("utf-8\0", "its encoding is unknown: 'utf-8\\x00'"),
        ("\x1b[2J\n", "its encoding is unknown: '\\x1b[2J\\n'"),
        ("../x", "its encoding is unknown: '../x'"),
        ("\ud800", "its encoding is unknown: '\\ud800'"),
        ("x" * 10_000, f"its encoding is unknown: '{'x' * 80}'"),
    ],
)
def test_other_encoding_is_an_error(name: str, reason: str) -> None:
    """Which is one sentence, without its subject."""
    with pytest.raises(CharsetError) as caught:
        text_codec(name)
    assert str(caught.value) == reason


@pytest.mark.parametrize("name", sorted({*TEXT.values()}))
def test_text_takes_linear_time(name: str) -> None:
    """A megabyte a moment."""
    with within(20, time.process_time):
        for part in (b"a", b"a-", b"xn--", b"\xff", b"\x1b$B", b"~{"):
            (part * (1_000_000 // len(part))).decode(name, "replace")
