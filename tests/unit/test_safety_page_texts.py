"""The text of a page: which encodings it may have, and what of it is parsed at all."""

from __future__ import annotations

import logging
import time
import tracemalloc
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import pytest
from pip._internal.index.collector import HTMLLinkParser, IndexContent
from pip._internal.models.link import Link

from patches.common._safety import page_texts
from patches.common._safety.page_texts import feed, json_of
from patches.common._safety.pages import InvalidPageError, files_of, links_of
from tests.support.waiting import within

MIB = 1024 * 1024
TEXTS = (
    *("utf-8", "UTF-8", "utf8", "utf-8-sig", "utf-16", "utf-16-le", "UTF-32", "us-ascii", "ascii"),
    *("latin-1", "latin1", "ISO-8859-1", "iso8859-15", "windows-1252", "cp1251", "cp437"),
    *("koi8-r", "gbk", "gb2312", "gb18030", "big5", "Shift_JIS", "euc-jp", "euc-kr", "cp949"),
)
OTHERS = (
    *("idna", "punycode", "IDNA", "undefined", "unicode_escape", "raw-unicode-escape", "utf-7"),
    *("rot13", "hex", "base64", "zlib", "bz2", "os", "nope", "utf-8\0", "('utf-8', '', 'x')"),
    "u" * 60_000,
)


@pytest.mark.parametrize("name", TEXTS)
def test_page_may_have_any_encoding_of_the_web(name: str) -> None:
    """Each is one that Python has, in which tags are what they are in ASCII."""
    parser = HTMLLinkParser("https://index.example/")
    feed(
        parser, '<a href="x">'.encode(name) + "<b>".encode(name).removeprefix("".encode(name)), name
    )
    assert parser.anchors == [{"href": "x"}]


@pytest.mark.parametrize("name", OTHERS, ids=lambda name: ascii(name[:20]))
def test_page_in_another_encoding_is_ignored(caplog: pytest.LogCaptureFixture, name: str) -> None:
    """They are for host names or take time by the square of a text; one warning names it."""
    assert links_of(_parse_html, _page(b"xn--" + b"a" * MIB, "text/html", name)) == []
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert ": its encoding is " in record.getMessage()
    assert ascii(name)[:20] in record.getMessage()
    assert len(record.getMessage()) < 500


def _page(content: bytes, kind: str, encoding: str | None = None) -> IndexContent:
    return IndexContent(content, kind, encoding, "https://index.example/simple/x/")


def _parse_html(page: IndexContent) -> Iterator[Link]:
    parser = HTMLLinkParser(page.url)
    feed(parser, page.content, page.encoding or "utf-8")
    return iter(())


def _parse_json(page: IndexContent) -> Iterator[Link]:
    for _ in files_of(json_of(page.content), page.url):
        yield Link(page.url)


VALUES = "it has more than 2,000,000 values"
JSON = {
    "empty objects": (b'{"files": [' + b"{}," * 5 * MIB + b"{}]}", VALUES),
    "objects": (b'{"files": [' + b'{"a":1},' * MIB + b"{}]}", VALUES),
    "lists elsewhere": (b'{"x": [' + b"[]," * 5 * MIB + b"[]]}", VALUES),
    "keys": (b"{" + b'"a":1,' * 2 * MIB + b'"b":1}', VALUES),
    "wide": (
        b'{"x": "\xf0\x9f\x98\x80' + b"a" * 17 * MIB + b'"}',
        "it is larger than 16 MiB and not ASCII",
    ),
}
JSON["escaped"] = (JSON["wide"][0].replace(b"\xf0\x9f\x98\x80", b"\\uD83d\\ude00"), JSON["wide"][1])
HTML = {
    "attributes": (b"<a " + b"x=1 " * MIB + b">", "a tag in it is longer than 256 KiB"),
    "quotes": (b"<a " + b'x=">" y="<" ' * 50_000 + b">", "a tag in it is longer than 256 KiB"),
    "an attribute": (b'<a href="' + b"x" * 30 * MIB + b'">', "a tag in it is longer than 256 KiB"),
    "a comment": (b"<!--" + b"x" * MIB + b"-->", "a tag in it is longer than 256 KiB"),
    "text": (b"&" * 700_000, "a tag in it is longer than 256 KiB"),
}
_Parse = Callable[[IndexContent], Iterator[Link]]
BEYOND: dict[str, tuple[_Parse, bytes, str]] = {
    **{f"JSON: {name}": (_parse_json, *case) for name, case in JSON.items()},
    **{f"HTML: {name}": (_parse_html, *case) for name, case in HTML.items()},
}


@pytest.mark.parametrize(("parse", "content", "reason"), BEYOND.values(), ids=BEYOND)
def test_page_that_would_cost_too_much_is_ignored(
    caplog: pytest.LogCaptureFixture, parse: _Parse, content: bytes, reason: str
) -> None:
    """A few bytes of it become objects of some hundred; little of it was parsed."""
    tracemalloc.start()
    assert links_of(parse, _page(content, "")) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    (record,) = caplog.records
    assert record.getMessage().endswith(f": {reason}")
    assert peak < 150 * MIB


def test_page_has_as_many_files_and_tags_as_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is too many; time goes by their number."""
    monkeypatch.setattr(page_texts, "MAX_FILES", 1_000)
    monkeypatch.setattr(page_texts, "MAX_TAGS", 2_000)
    feed(HTMLLinkParser(""), b"<a href=x></a>" * 1_000, "utf-8")
    with pytest.raises(InvalidPageError, match="it has more than 1,000 links"):
        feed(HTMLLinkParser(""), b"<a href=x>" * 1_001, "utf-8")
    with pytest.raises(InvalidPageError, match="it has more than 2,000 tags"):
        feed(
            HTMLLinkParser(""), "<p>".encode("utf-16") + "<b>".encode("utf-16-le") * 2_000, "utf-16"
        )
    with pytest.raises(InvalidPageError, match="it has more than 2,000 tags"):
        feed(HTMLLinkParser(""), b"<a x='" + b"&a" * 2_000 + b"'>", "utf-8")
    files = [{"url": "x"}] * 100_000
    assert len(list(files_of({"files": files}, ""))) == 100_000
    with pytest.raises(InvalidPageError, match="it has more than 100,000 files"):
        list(files_of({"files": [*files, {}]}, ""))


class _Recorder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[object] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))


def test_page_in_pieces_is_the_page() -> None:
    """Tags, characters of several bytes and references are cut anywhere."""
    link = '<a href="x&amp;y" data-yanked="€\U0001f600 &gt; > <">é</a><!-- <b> -->'
    content = (
        '<script>"<a>"</script>' + link * 8_000 + "<style>" + "x < " * 200_000 + "</style><i>"
    ).encode()
    whole, pieces = _Recorder(), _Recorder()
    whole.feed(content.decode())
    feed(pieces, content, "utf-8")
    assert pieces.found == whole.found
    assert len(pieces.found) == 8_003


def test_text_that_is_cut_off_is_an_error() -> None:
    """As for one that is decoded as a whole."""
    with pytest.raises(UnicodeDecodeError):
        feed(HTMLParser(), b"<a>\xe2\x82", "utf-8")


def test_large_pages_are_read() -> None:
    """Larger than any on real indexes, in a time of the order of their size."""
    entry = b'{"core-metadata":{"sha256":"%s"},"filename":"x-1.0.tar.gz","hashes":{"sha256":"%s"},'
    entry += b'"provenance":null,"requires-python":">=3.8,!=3.9.*","size":1,"upload-time":'
    entry += b'"2026-01-01T00:00:00Z","url":"https://index.example/x-1.0.tar.gz","yanked":false}'
    files = b",".join([entry % (b"0" * 64, b"0" * 64)] * 50_000)
    line = b'<tr><td><a href="x-1.0.tar.gz">x-1.0.tar.gz</a></td></tr>\n'
    with within(30, time.process_time):
        page = json_of(b'{"files":[' + files + b"]}")
        assert len(list(files_of(page, ""))) == 50_000
        parser = HTMLLinkParser("")
        feed(parser, line * 40_000, "utf-8")
        assert len(parser.anchors) == 40_000


def test_a_page_that_has_too_many_values_raises() -> None:
    """The exception is the one of pages."""
    with pytest.raises(InvalidPageError):
        json_of(b"[" * 2_000_001)
