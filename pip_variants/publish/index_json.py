"""The index-level metadata files of a folder of wheels: what each should contain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pip_variants.core.errors import VariantError
from pip_variants.core.filenames import metadata_filename
from pip_variants.core.merge import FileMetadata, merge_files
from pip_variants.formats.wheel_archive import local_variant
from pip_variants.formats.writer import write_text
from pip_variants.system.atomic_file import replace_file

from .release_files import (
    Key,
    LocalFile,
    ReleaseFiles,
    document_name,
    group_by_version,
    is_wheel,
    published_files,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The content that the metadata file of one version should have, or the problems with it.

    ``summary`` counts labels and wheels. Without content and problems there are only ``warnings``.
    """

    file: LocalFile
    summary: str = ""
    content: bytes | None = None
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def is_current(self) -> bool:
        """Return whether the file has this content already; raise OSError."""
        path = self.file.path
        return path.is_file() and path.read_bytes() == self.content

    def write(self) -> None:
        """Replace the file atomically; raise OSError."""
        if self.content is not None:
            replace_file(self.file.path, self.content)


def plan_folder(folder: Path, progress: Callable[[], None]) -> Iterator[Plan]:
    """Yield a plan for every version in one folder, and one for every file with an invalid name.

    ``progress`` is called for each wheel. Raise OSError if the folder cannot be read.
    """
    releases, invalid = group_by_version(published_files(folder))
    for file, error in invalid:
        if is_wheel(file.name):
            yield Plan(file, problems=(str(error),))
        else:
            yield Plan(file, warnings=(f"ignored: {error}",))
    for key, files in releases.items():
        yield from _plan_version(folder, key, files, progress)


def _plan_version(
    folder: Path, key: Key, files: ReleaseFiles[LocalFile], progress: Callable[[], None]
) -> Iterator[Plan]:
    wheels = [file for file in files.wheels if file.label is not None]
    # The name as the wheels spell it: beside a local wheel that is where it is looked up.
    names = {metadata_filename(file.name) for file in wheels}
    target = LocalFile(folder / (names.pop() if len(names) == 1 else document_name(key)))
    for file in files.documents:
        if not wheels:
            stale = "stale, and left alone: this version has no variant wheels"
            yield Plan(file, warnings=(stale,))
        elif file.name != target.name:
            yield Plan(file, warnings=(f"left alone: its name is not {target.name}",))
    if not wheels:
        return
    metadata, problems = _read(wheels, progress)
    if not problems:
        try:
            content = write_text(merge_files(metadata)).encode()
        except VariantError as error:
            problems = [str(error)]
    if problems:
        yield Plan(target, problems=tuple(f"not written: {text}" for text in problems))
        return
    labels = len({file.label for file in wheels})
    summary = f"{_counted(labels, 'label')} of {_counted(len(wheels), 'wheel')}"
    yield Plan(target, summary, content)


def _read(
    wheels: Sequence[LocalFile], progress: Callable[[], None]
) -> tuple[list[FileMetadata], list[str]]:
    """Return the metadata of each wheel, and the errors of those that have none."""
    metadata = []
    problems = []
    for file in wheels:
        progress()
        try:
            metadata.append(FileMetadata(file.name, local_variant(file.path).metadata))
        except VariantError as error:
            problems.append(str(error))
    return metadata, problems


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
