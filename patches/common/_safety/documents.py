"""METADATA, RECORD and the like of a wheel or an environment: counted, and only then parsed.

A line of two bytes becomes objects of some hundred, so that the size alone does not bound the cost.
"""

from __future__ import annotations

import csv
import logging
import re

from pip._internal.exceptions import InstallationError

from .printing import quoted

logger = logging.getLogger(__name__)

_MEBIBYTE = 1024 * 1024
LARGEST = {
    **dict.fromkeys(("METADATA", "PKG-INFO"), 4 * _MEBIBYTE),
    "RECORD": 16 * _MEBIBYTE,
    **dict.fromkeys(("WHEEL", "entry_points.txt", "direct_url.json", "INSTALLER"), _MEBIBYTE),
}
"""Bytes of a file that is parsed, by its name."""
HEADERS = 50_000
"""Lines of METADATA and of WHEEL before the first blank one."""
LINES = 200_000
"""All lines of METADATA and of WHEEL."""
ROWS = 200_000
"""Lines of the RECORD of a wheel; that of the largest has some 15,000."""
ENTRY_POINTS = 10_000
"""Lines of entry_points.txt."""

_COLUMNS = 3
_MOST_PARTS = 20
"""What is of a MIME type with other documents in it is parsed as such, one within the other."""
# Where str.splitlines splits a text that is UTF-8.
_LINE_ENDS = (*b"\n\r\v\f\x1c\x1d\x1e", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")
_BLANK = re.compile(rb"\n\r?\n|\r\r")
_PARTS = re.compile(rb"(?i)(?:^|[\r\n])content-type:\s*(?:message|multipart)/")


def size_problem(name: str, size: int) -> str | None:
    """Return that a file of a metadata folder is too large to be parsed, or None."""
    largest = LARGEST.get(name)
    if largest is None or size <= largest:
        return None
    return f"its {name} is larger than {largest // _MEBIBYTE} MiB"


def count_problem(name: str, content: bytes, rows: int = ROWS) -> str | None:
    """Return that a file of a metadata folder has too much to be parsed, or None.

    ``rows`` is how many lines its RECORD may have.
    """
    counts: list[tuple[int, int, str]] = []
    if name in ("METADATA", "PKG-INFO", "WHEEL"):
        counts.append((_lines(_BLANK.split(content, 1)[0]), HEADERS, "lines before its text"))
        counts.append((_lines(content), LINES, "lines"))
        counts.append((len(_PARTS.findall(content)), _MOST_PARTS, "documents in it"))
    elif name == "RECORD":
        counts.append((_lines(content), rows, "rows"))
        counts.append((content.count(b","), rows * (_COLUMNS + 1), "columns"))
    elif name == "entry_points.txt":
        counts.append((_lines(content), ENTRY_POINTS, "lines"))
    for number, most, what in counts:
        if number > most:
            return f"its {name} has more than {most:,} {what}"
    return None


def _lines(content: bytes) -> int:
    return sum(map(content.count, _LINE_ENDS)) - content.count(b"\r\n")


def rows_of(record: str, wheel: str) -> list[list[str]]:
    """Return the rows of the RECORD of a wheel, of three columns at most, without blank ones.

    Warn of longer ones; raise InstallationError if it is no table.
    """
    try:
        rows = [row for row in csv.reader(record.splitlines()) if row]
    except csv.Error as error:
        raise InstallationError(f"{wheel} has a RECORD that is not valid: {error}") from None
    longer = [row for row in rows if len(row) > _COLUMNS]
    if longer:
        number = f"{len(longer):,} rows" if len(longer) > 1 else "a row"
        logger.warning(
            "RECORD of %s has %s with more than three elements, such as that of %s",
            *(wheel, number, quoted(longer[0][0])),
        )
    return [row[:_COLUMNS] for row in rows]
