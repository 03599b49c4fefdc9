"""The facade behind ``pip._variants``: every name that the patched pip uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .choosing import Arranged, Info, arranged, preferred, why_not
from .dependencies import bind
from .errors import FilenameError, RequestError
from .filenames import label_of, split_label
from .installed import add_column, label_entry, misfits, shown, variant_entry
from .introducing import examine, introduce, report_entry
from .process import process
from .replacing import Looking, differs, replaced
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
    "Looking",
    "RequestError",
    "add_column",
    "arranged",
    "bind",
    "command_class",
    "describe",
    "differs",
    "examine",
    "introduce",
    "label_entry",
    "label_of",
    "misfits",
    "note",
    "preferred",
    "process",
    "replaced",
    "report_entry",
    "shown",
    "split_label",
    "switch",
    "trust",
    "variant_entry",
    "why_not",
    "wish",
    "without_wish",
]
