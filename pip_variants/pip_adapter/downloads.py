"""Wheels downloaded side by side, each byte written once, with one progress bar for all."""

from __future__ import annotations

import contextlib
import errno
import logging
import queue
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pip_variants.explain import downloads as texts
from pip_variants.remote.download import Download
from pip_variants.remote.download_order import Line, next_download
from pip_variants.remote.transport import RemoteFile
from pip_variants.system.workers import Workers

from .compat import (
    InstallationError,
    add_to_cache,
    download_progress,
    format_size,
    http_cache,
    indent_log,
    temporary_folder,
)
from .kept_wheels import url_with_size
from .transport import PipResponse, PipTransport

logger = logging.getLogger(__name__)

_LARGEST = 3
"""Where no cache keeps the wheels, no more bytes lie on the disk than this many of the largest."""


@dataclass(slots=True)
class _Item:
    """One file to download, its size if it is known, and where it goes."""

    file: RemoteFile
    size: int | None
    path: Path
    download: Download | None = None


_Event = int | tuple[_Item, Exception | None]
"""Bytes that arrived, or the end of a download."""


@dataclass(slots=True)
class Downloads:
    """The downloads of one run: up to ``jobs`` at once, tried again ``retries`` times.

    ``bar`` is the kind of pip's progress bar. Where no cache keeps the files, no more of them lie
    on the disk at once than the three largest take; ``release`` says that one of them needs no
    space any more. In ``folder`` what has arrived is kept, and continued by the next run; the cache
    gets nothing of it. Without it files go to a temporary folder.
    """

    transport: PipTransport
    jobs: int
    retries: int
    bar: str
    folder: Path | None = None
    _events: queue.SimpleQueue[_Event] = field(default_factory=queue.SimpleQueue)
    _held: dict[Path, int] = field(default_factory=dict)
    _cache: Path | None = None

    def run(
        self,
        files: Sequence[tuple[RemoteFile, int | None]],
        handle: Callable[[RemoteFile, Path], None],
    ) -> None:
        """Download files; ``handle`` is called for each that has arrived, in this thread.

        Raise InstallationError, or what ``handle`` raises; nothing goes on then.
        """
        sizes = [size for _, size in files]
        if self.folder is None:
            self._cache = http_cache(self.transport.session, files[0][0].url)
        folder = self.folder or self._temporary_folder(sizes)
        items = [_Item(file, size, folder / Path(file.filename).name) for file, size in files]
        with indent_log():
            for item in items:
                logger.info("Downloading %s", url_with_size(item.file.shown_url, item.size))
            parts = sum(item.path.stat().st_size for item in items if item.path.exists())
            total = None if None in sizes else sum(size or 0 for size in sizes) - parts
            workers = Workers(self.jobs)
            try:
                arrivals = self._arrivals(items, workers, handle)
                for _ in download_progress(self.bar, total)(arrivals):
                    pass
            finally:
                workers.cancelled.set()
                for item in items:
                    if item.download is not None:
                        item.download.abort()
                workers.stop()

    def release(self, path: Path) -> None:
        """Take note that a file needs no space any more, from any thread."""
        if self._held.pop(path, None) is not None:
            self._events.put(0)

    def _arrivals(
        self,
        items: Sequence[_Item],
        workers: Workers,
        handle: Callable[[RemoteFile, Path], None],
    ) -> Iterator[range]:
        """Start all downloads as space permits; yield ranges as long as the bytes that arrive."""
        waiting = sorted(items, key=lambda item: item.size or 0)
        active: list[_Item] = []
        line = Line()
        space = sum(sorted(item.size or 0 for item in items)[-_LARGEST:])
        while waiting or active:
            while (index := self._next(waiting, active, line)) is not None and self._may_start(
                waiting[index], space
            ):
                item = waiting.pop(index)
                active.append(item)
                self._held[item.path] = item.size or 0
                workers.add(partial(self._receive, item, workers))
            event = self._events.get()
            if isinstance(event, int):
                line.arrived(event, time.monotonic())
                yield range(max(0, event))
                continue
            item, error = event
            if error is not None:
                raise InstallationError(self._failure(item, error))
            active.remove(item)
            handle(item.file, item.path)

    def _next(self, waiting: Sequence[_Item], active: Sequence[_Item], line: Line) -> int | None:
        sizes = ([item.size or 0 for item in items] for items in (waiting, active))
        return next_download(*sizes, width=line.width, most=self.jobs)

    def _may_start(self, item: _Item, space: int) -> bool:
        held = sum(self._held.values())
        return self._cache is not None or not held or held + (item.size or 0) <= space

    def _receive(self, item: _Item, workers: Workers) -> None:
        """Download one file, in a thread."""
        try:
            with item.path.open("ab") as target:
                item.download = Download(
                    partial(self.transport.download, item.file.url),
                    target,
                    self.retries,
                    self._events.put,
                    workers.cancelled,
                    arrived=target.tell(),
                    stated=item.size,
                )
                item.download.run()
            response = item.download.response
            if (
                self.folder is None
                and isinstance(response, PipResponse)
                and not response.from_cache
            ):
                with contextlib.suppress(OSError):
                    add_to_cache(self.transport.session, response.response, item.path)
        except Exception as error:  # noqa: BLE001 - whatever it is, the installation waits for it
            self._events.put((item, error))
        else:
            self._events.put((item, None))

    def _temporary_folder(self, sizes: Sequence[int | None]) -> Path:
        """Return a folder for the files, from which the cache can have them without a copy."""
        known = sorted(size or 0 for size in sizes)
        needed = sum(known[-_LARGEST:] if self._cache is None else known)
        folder = temporary_folder("unpack")
        if self._cache is not None:
            with contextlib.suppress(OSError):
                self._cache.mkdir(parents=True, exist_ok=True)
                other = self._cache.stat().st_dev != folder.stat().st_dev
                # A cache that fills up must not end the installation.
                is_known = None not in sizes
                if other and is_known and shutil.disk_usage(self._cache).free > needed:
                    return temporary_folder("unpack", self._cache)
        missing = needed - shutil.disk_usage(folder).free
        if missing > 0:
            raise InstallationError(texts.disk_full(str(folder), format_size(missing)))
        return folder

    def _failure(self, item: _Item, error: Exception) -> str:
        """Return the error about a file that could not be downloaded."""
        size = item.download.size if item.download is not None else None
        if size is not None and isinstance(error, OSError) and error.errno == errno.ENOSPC:
            missing = format_size(size - item.path.stat().st_size)
            if self.folder is not None:
                return texts.mirror_full(str(item.path.parent.parent), missing)
            return texts.disk_full(str(item.path.parent), missing)
        return texts.download_failed(item.file.shown_url, error)
