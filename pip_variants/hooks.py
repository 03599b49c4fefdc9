"""The facade behind ``pip._variants``: every name that the patched pip uses."""

from __future__ import annotations

from .choosing import Arranged, Info, arranged, preferred, tell_why
from .dependencies import bind
from .errors import FilenameError, RequestError
from .filenames import label_of, split_label
from .introducing import examine, introduce, report_entry, unwanted
from .process import process
from .wishes import wish, without_wish

note = process.sources.note

__all__ = [
    "Arranged",
    "FilenameError",
    "Info",
    "RequestError",
    "arranged",
    "bind",
    "examine",
    "introduce",
    "label_of",
    "note",
    "preferred",
    "process",
    "report_entry",
    "split_label",
    "tell_why",
    "unwanted",
    "wish",
    "without_wish",
]
