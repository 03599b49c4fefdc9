"""METADATA, RECORD and the like: counted before they are parsed.

A line of two bytes becomes objects of some hundred, so that the size alone does not bound the cost.
"""

from __future__ import annotations

import re

from pip_variants.core import limits
from pip_variants.core.errors import MetadataError

_COLUMNS = 4
"""Commas of a row of RECORD: a path may have some."""
_LINE_ENDS = (b"\n", b"\r", b"\v", b"\f")
_BLANK = re.compile(rb"\n\r?\n|\r\r")


def check_size(name: str, size: int) -> None:
    """Raise MetadataError if a file of a ``*.dist-info`` is too large to be read."""
    largest = limits.INFO_BYTES.get(name, limits.MAX_BYTES)
    if size > largest:
        raise MetadataError("", f"its {name} is larger than {largest // limits.MEBIBYTE} MiB")


def check_counts(name: str, content: bytes) -> None:
    """Raise MetadataError if PKG-INFO or a file of a ``*.dist-info`` has too much in it."""
    if name in ("METADATA", "PKG-INFO", "WHEEL"):
        header = _BLANK.split(content, 1)[0]
        _check(name, _lines(header), limits.HEADER_LINES, "lines before its text")
        _check(name, _lines(content), limits.INFO_LINES, "lines")
    elif name == "RECORD":
        _check(name, _lines(content), limits.RECORD_ROWS, "rows")
        _check(name, content.count(b","), limits.RECORD_ROWS * _COLUMNS, "columns")
    elif name == "entry_points.txt":
        _check(name, _lines(content), limits.ENTRY_POINT_LINES, "lines")


def _lines(content: bytes) -> int:
    return sum(map(content.count, _LINE_ENDS)) - content.count(b"\r\n")


def _check(name: str, number: int, limit: int, what: str) -> None:
    if number > limit:
        raise MetadataError("", f"its {name} has {limits.too_many(limit, what)}")
