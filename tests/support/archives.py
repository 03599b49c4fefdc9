"""Zip archives whose headers do not tell the truth."""

from __future__ import annotations

import struct

_ENTRY, _END = b"PK\x01\x02", b"PK\x05\x06"
_NAME, _SIZE, _HEAD = 28, 24, 46


def stating_size(content: bytes, member: str, size: int) -> bytes:
    """Return an archive whose directory states another size of a member."""
    changed = bytearray(content)
    at = changed.find(_ENTRY)
    while at >= 0:
        length = struct.unpack_from("<H", changed, at + _NAME)[0]
        if changed[at + _HEAD : at + _HEAD + length] == member.encode():
            struct.pack_into("<I", changed, at + _SIZE, size)
            return bytes(changed)
        at = changed.find(_ENTRY, at + _HEAD)
    raise ValueError(f"there is no {member}")


def damaged(content: bytes, offset: int, new: bytes) -> bytes:
    """Return an archive with other bytes in the first entry of its directory."""
    at = content.index(_ENTRY) + offset
    return content[:at] + new + content[at + len(new) :]


def with_directory(content: bytes, size: int) -> bytes:
    """Return an archive whose directory is so large, with one entry time and again."""
    start, end = content.index(_ENTRY), content.index(_END)
    entry = content[start:end]
    directory = entry * (size // len(entry) + 1)
    record = bytearray(content[end:])
    struct.pack_into("<HHI", record, 8, 0xFFFE, 0xFFFE, len(directory))
    return content[:start] + directory + bytes(record)
