"""How large foreign documents and archives may be.

Each is an order of magnitude or two above what real indexes have. A reader names the limit in its
error; what is beyond is handled as any other invalid value: a label or a provider is ignored with a
warning, and so is a document if the rest of it is concerned.
"""

from __future__ import annotations

MEBIBYTE = 1024 * 1024

MAX_BYTES = 16 * MEBIBYTE
"""A document, inflated; the largest on real indexes has some 100 kB."""
MAX_ITEMS = 1_000_000
"""Commas, colons and opening brackets in a document; each costs up to 150 bytes to parse."""
LABELS = 10_000
"""In a document."""
PROPERTIES = 1_000
"""Of a label, and static or prioritised values of one namespace."""
NAMESPACES = 1_000
"""In a document: providers, and namespaces with priorities."""
NAME_LENGTH = 255
"""Of a namespace, a feature or a value. That of a label is limited by the name of its file."""
TEXT_LENGTH = 4096
"""Of any other text: a requirement, a marker, an endpoint."""
REQUIREMENTS = 100
"""Of a provider."""
SPECIFIERS = 100
"""Of a requirement."""
DIGITS = 1_000
"""Of a number."""
DIRECTORY_BYTES = 16 * MEBIBYTE
"""The central directory of an archive; that of 100,000 files has some 10 MB."""

INFO_BYTES = {
    "METADATA": 4 * MEBIBYTE,
    "RECORD": 16 * MEBIBYTE,
    "WHEEL": MEBIBYTE,
    "entry_points.txt": MEBIBYTE,
}
"""A file in the ``*.dist-info`` of a wheel, by its name; METADATA of real projects has 100 kB."""
HEADER_LINES = 50_000
"""Of METADATA and WHEEL before the first blank line."""
INFO_LINES = 200_000
"""Of METADATA and WHEEL."""
RECORD_ROWS = 200_000
ENTRY_POINT_LINES = 10_000

TOO_LARGE = f"larger than {MAX_BYTES // MEBIBYTE} MiB"


def too_many(limit: int, what: str) -> str:
    """Return that there are more than ``limit`` of something, in the plural."""
    return f"more than {limit:,} {what}"
