"""Wheels that a server sends whole where a part was requested: kept, not requested again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from pip_variants.remote.transport import RemoteFile, TransportError, TruncatedError

from .compat import download_progress, format_size, get_indentation, indent_log, temporary_folder

logger = logging.getLogger(__name__)

_WITHOUT_PROGRESS = 512 * 1024
"""Bytes; of a smaller file pip shows no progress."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """Writes wheels that a server sends whole to temporary files, as pip downloads a file.

    ``bar`` is the kind of pip's progress bar, or None to show nothing. ``dry``: small files are not
    mentioned, as the command lists in the end what it would download.
    """

    bar: str | None = None
    dry: bool = False

    def __call__(self, wheel: RemoteFile, size: int | None, body: Iterator[bytes]) -> Path:
        """Write the body of a wheel to a file and return its path; raise TransportError."""
        path = temporary_folder("unpack") / Path(wheel.filename).name
        self.announce(wheel, size)
        with ExitStack() as stack, path.open("wb") as file:
            if self.bar is not None and _is_large(size):
                # A bar that is not closed when the disk is full lets pip show no other.
                body = stack.enter_context(closing(download_progress(self.bar, size)(body)))
            for chunk in body:
                file.write(chunk)
                if size is None and wheel.size is not None and file.tell() > wheel.size:
                    raise TransportError("more bytes arrived than its page states")
            arrived = file.tell()
        if size is not None and arrived != size:
            raise TruncatedError(arrived, str(size))
        return path

    def quietly(self) -> Keeper:
        """Return the same for the background, which shows nothing."""
        return replace(self, bar=None)

    def announce(self, wheel: RemoteFile, size: int | None) -> None:
        """Show that a wheel is downloaded."""
        if self.bar is not None and (_is_large(size) or not self.dry):
            with indent_log(2 - get_indentation()):  # as pip does
                logger.info("Downloading %s", url_with_size(wheel.shown_url, size))


def _is_large(size: int | None) -> bool:
    return size is None or size > _WITHOUT_PROGRESS


def url_with_size(url: str, size: int | None) -> str:
    """Return a URL with the size of its file, if that is known, as pip shows both."""
    return url if size is None else f"{url} ({format_size(size)})"
