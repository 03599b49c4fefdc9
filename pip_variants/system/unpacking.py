"""Wheels unpacked side by side into a folder of their own, before anything is installed.

All that an installation has left to do is to move the files to their places. What cannot be
unpacked here, for whatever reason, is left to the installer, which reports it.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path

from .bytecode import Compilers, Source
from .workers import Workers

_BLOCK = 32 * 1024
"""Bytes; zlib joins larger blocks out of parts, and their memory costs the threads page faults."""
_BATCH_BYTES = 8 * 1024 * 1024
_BATCH_FILES = 200


@dataclass(slots=True)
class Unpacked:
    """The files of one wheel: those that are there by their name in it, and their bytecode.

    ``final_folder`` is where Python files will be, if they are to be compiled. ``complete``:
    nothing else is left to read in the archive.
    """

    archive: Path
    folder: Path
    final_folder: str | None
    files: dict[str, Path] = field(default_factory=dict)
    bytecode: dict[str, Path] = field(default_factory=dict)
    complete: bool = True
    tasks: int = 1
    done: threading.Event = field(default_factory=threading.Event)


class DiskFullError(OSError):
    """A file system has too little space: ``missing`` bytes in ``folder``."""

    def __init__(self, folder: Path, missing: int) -> None:
        super().__init__(f"{folder}: {missing} bytes are missing")
        self.folder = folder
        self.missing = missing


class Unpacking:
    """Unpacks wheels with several threads. ``finished`` is called for each, in a thread."""

    def __init__(self, jobs: int, finished: Callable[[Unpacked], None]) -> None:
        self._workers = Workers(jobs)
        self._compilers = Compilers()
        self._finished = finished
        self._wheels: dict[Path, Unpacked] = {}
        self._opened: dict[Path, zipfile.ZipFile] = {}
        self._lock = threading.Lock()
        self._pending = 0

    def __contains__(self, archive: Path) -> bool:
        return archive in self._wheels

    def add(self, archive: Path, folder: Path, final_folder: str | None) -> None:
        """Begin to unpack a wheel into a new folder.

        Raise DiskFullError if there is no space for all that is being unpacked.
        """
        wheel = Unpacked(archive, folder, final_folder)
        try:
            opened = zipfile.ZipFile(archive)
        except (OSError, ValueError, RuntimeError, zipfile.BadZipFile):
            return
        self._opened[archive] = opened
        members = [item for item in opened.infolist() if not item.filename.endswith("/")]
        times = Counter(item.filename for item in members)
        # Which of several files with one name counts is the installer's business.
        entries = [item for item in members if times[item.filename] == 1]
        wheel.complete = len(entries) == len(members)
        self._reserve(folder, sum(item.file_size for item in entries))
        folder.mkdir()
        self._wheels[archive] = wheel
        for batch in _batches(entries):
            wheel.tasks += 1
            self._workers.add(partial(self._unpack, wheel, batch))
        self._end_task(wheel)

    def wait(self, archive: Path) -> Unpacked | None:
        """Return a wheel once it is unpacked, or None if it was not added."""
        wheel = self._wheels.get(archive)
        if wheel is not None:
            wheel.done.wait()
        return wheel

    def close(self) -> None:
        """End everything."""
        self._workers.cancelled.set()
        self._compilers.close()
        self._workers.stop()
        for archive in list(self._opened.values()):
            archive.close()

    def _reserve(self, folder: Path, size: int) -> None:
        with self._lock:
            self._pending += size
            missing = self._pending - shutil.disk_usage(folder.parent).free
        if missing > 0:
            raise DiskFullError(folder.parent, missing)

    def _unpack(self, wheel: Unpacked, batch: list[tuple[int, zipfile.ZipInfo]]) -> None:
        sources: list[Source] = []
        try:
            for number, entry in batch:
                path = wheel.folder / str(number)
                self._write(wheel, entry, path)
                if self._workers.cancelled.is_set():
                    return
                wheel.files[entry.filename] = path
                if wheel.final_folder is not None and _is_module(entry.filename):
                    final = f"{wheel.final_folder}/{entry.filename}"
                    sources.append(Source(path, final, path.with_suffix(".pyc")))
        except Exception:  # noqa: BLE001 - there is no end to what a broken archive may raise
            wheel.complete = False
        if sources:
            wheel.tasks += 1
            self._workers.add(partial(self._compile, wheel, sources))
        self._end_task(wheel)

    def _write(self, wheel: Unpacked, entry: zipfile.ZipInfo, path: Path) -> None:
        # The threads share the archive, which reads with a lock but counts its readers without.
        with self._lock:
            source = self._opened[wheel.archive].open(entry)
        try:
            with path.open("wb") as file:
                while not self._workers.cancelled.is_set() and (block := source.read(_BLOCK)):
                    file.write(block)
        finally:
            with self._lock:
                source.close()
                self._pending -= entry.file_size

    def _compile(self, wheel: Unpacked, sources: list[Source]) -> None:
        for source in self._compilers.compile(sources):
            wheel.bytecode[source.final_path] = source.target
            if self._workers.cancelled.is_set():
                return
        self._end_task(wheel)

    def _end_task(self, wheel: Unpacked) -> None:
        with self._lock:
            wheel.tasks -= 1
            if wheel.tasks:
                return
        self._opened.pop(wheel.archive).close()
        try:
            self._finished(wheel)
        finally:
            wheel.done.set()


def _batches(entries: list[zipfile.ZipInfo]) -> Iterator[list[tuple[int, zipfile.ZipInfo]]]:
    """Yield the entries with their numbers, in parts of some work each, the large ones first."""
    numbered = sorted(enumerate(entries), key=lambda item: -item[1].file_size)
    batch: list[tuple[int, zipfile.ZipInfo]] = []
    size = 0
    for item in numbered:
        batch.append(item)
        size += item[1].file_size
        if size >= _BATCH_BYTES or len(batch) >= _BATCH_FILES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _is_module(name: str) -> bool:
    return name.endswith(".py") and not name.split("/", 1)[0].endswith(".data")


def replace_by_outline(wheel: Unpacked) -> None:
    """Replace a wheel whose files are there by one that has only what describes it.

    The rest of that is a hole, which takes no space where a file system knows holes.
    """
    outline = wheel.archive.with_name(f"{wheel.archive.name}.outline")
    with contextlib.suppress(OSError, zipfile.BadZipFile):
        with zipfile.ZipFile(wheel.archive) as archive, outline.open("wb") as target:
            starts = sorted(item.header_offset for item in archive.infolist())
            ends = dict(pairwise([*starts, archive.start_dir]))
            size = wheel.archive.stat().st_size
            spans = [
                (item.header_offset, ends[item.header_offset])
                for item in archive.infolist()
                if ".dist-info/" in item.filename
            ]
            with wheel.archive.open("rb") as source:
                for start, end in [*spans, (archive.start_dir, size)]:
                    source.seek(start)
                    target.seek(start)
                    # An archive may state far more than there is.
                    for position in range(start, min(end, size), _BLOCK):
                        target.write(source.read(min(end - position, _BLOCK)))
        outline.replace(wheel.archive)
