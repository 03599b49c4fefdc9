"""Files in the metadata of a distribution that only its installer writes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import cast

from pip._internal.operations.install.wheel import InstalledCSVRow, RecordPath, rehash

_NAMES = ("INSTALLER", "REQUESTED", "direct_url.json")


def remove_shipped(folder: str) -> None:
    """Remove those that a wheel has put into the folder of its metadata."""
    for name in _NAMES:
        with suppress(FileNotFoundError, IsADirectoryError, PermissionError):
            os.unlink(os.path.join(folder, name))


def with_written(rows: Iterable[InstalledCSVRow], name: str, folder: str) -> list[InstalledCSVRow]:
    """Return the rows of a RECORD with those of these files that pip has written, and no others.

    ``name`` is the name of the folder of the metadata, ``folder`` where its files are now.
    """
    records = {f"{name}/{file}": os.path.join(folder, file) for file in _NAMES}
    written = [
        (cast("RecordPath", record), *rehash(path))
        for record, path in records.items()
        if os.path.isfile(path)
    ]
    return [*(row for row in rows if row[0] not in records), *written]
