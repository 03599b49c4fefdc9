"""The facade behind ``pip._variants``: every name that the patched pip uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .choosing import Arranged, Info, arranged, preferred, tell_why
from .dependencies import bind
from .errors import FilenameError, RequestError
from .filenames import label_of, split_label
from .introducing import examine, introduce, report_entry, unwanted
from .process import process
from .steering import describe, switch, trust
from .wishes import wish, without_wish

if TYPE_CHECKING:
    from .commands.command import VariantsCommand

note = process.sources.note


def command_class() -> type[VariantsCommand]:
    """Return the class of ``pip variants``, which other commands need not pay for."""
    from .commands.command import VariantsCommand  # noqa: PLC0415 - see above

    return VariantsCommand


__all__ = [
    "Arranged",
    "FilenameError",
    "Info",
    "RequestError",
    "arranged",
    "bind",
    "command_class",
    "describe",
    "examine",
    "introduce",
    "label_of",
    "note",
    "preferred",
    "process",
    "report_entry",
    "split_label",
    "switch",
    "tell_why",
    "trust",
    "unwanted",
    "wish",
    "without_wish",
]
