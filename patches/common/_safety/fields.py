"""METADATA as it is shown: a field on a line of its own, and a description that is text."""

from __future__ import annotations

from email.message import Message
from email.parser import HeaderParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pip._internal.metadata import BaseDistribution

_TEXTS = frozenset({"description", "license"})
"""Fields that have lines of their own, whose text is not changed."""


def shown_metadata(metadata: Message, dist: BaseDistribution) -> Message:
    """Return the METADATA of a distribution without the lines of folded fields.

    Where it states a MIME type it was read as a message of several parts, and is read again.
    """
    if metadata.is_multipart():
        metadata = HeaderParser().parsestr(_text(dist))
    fields = [(name, str(value)) for name, value in metadata.items()]
    if not any(_is_folded(*field) for field in fields):
        return metadata
    shown = Message()
    for name, value in fields:
        shown[name] = _unfolded(value) if _is_folded(name, value) else value
    shown.set_payload(metadata.get_payload())
    return shown


def _is_folded(name: str, value: str) -> bool:
    return ("\n" in value or "\r" in value) and name.lower() not in _TEXTS


def _unfolded(value: str) -> str:
    parts = (part.strip() for part in value.replace("\r", "\n").split("\n"))
    return " ".join(part for part in parts if part)


def _text(dist: BaseDistribution) -> str:
    """Return the METADATA of a distribution: that of a wheel, of an egg, or the only file."""
    for name in ("METADATA", "PKG-INFO", ""):
        try:
            return dist.read_text(name)
        except FileNotFoundError:
            continue
    return ""
