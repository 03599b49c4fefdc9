"""The index-level metadata files of a folder of wheels: what each should contain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pip_variants.core.errors import VariantError
from pip_variants.core.filenames import metadata_filename
from pip_variants.core.merge import FileMetadata, merge_files
from pip_variants.formats.reader import parse, read_valid_entries
from pip_variants.formats.writer import write_text
from pip_variants.system.atomic_file import replace_file
from pip_variants.system.owned import read_regular

from .known_files import KnownFiles, sha256_of
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
    """The content that one file should have, or the problems with it.

    ``summary`` counts what is in it. ``sha256`` is the hash of the content; without ``content`` the
    file is known to have it. Without hash and problems there are only ``warnings``. ``project`` is
    set for metadata files.
    """

    file: LocalFile
    summary: str = ""
    content: bytes | None = None
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    sha256: str = ""
    project: str = ""

    def is_current(self) -> bool:
        """Return whether the file has this content already; raise OSError."""
        path = self.file.path
        return self.content is None or (path.is_file() and read_regular(path) == self.content)

    def write(self) -> None:
        """Replace the file atomically, in a folder that may be new; raise OSError."""
        if self.content is not None:
            self.file.path.parent.mkdir(exist_ok=True)
            replace_file(self.file.path, self.content)


@dataclass(frozen=True, slots=True)
class Folder:
    """The published files of one folder by version, and those with an invalid name."""

    path: Path
    releases: tuple[tuple[Key, ReleaseFiles[LocalFile]], ...]
    invalid: tuple[Plan, ...]


def read_folder(path: Path, *, sdists: bool = False) -> Folder:
    """Return the published files in one folder; raise OSError."""
    releases, invalid = group_by_version(published_files(path, sdists=sdists))
    plans = [
        Plan(file, problems=(str(error),))
        if is_wheel(file.name)
        else Plan(file, warnings=(f"ignored: {error}",))
        for file, error in invalid
    ]
    return Folder(path, tuple(releases.items()), tuple(plans))


def plan_folder(
    folder: Folder, known: KnownFiles, progress: Callable[[], None], *, keeps: bool = False
) -> Iterator[Plan]:
    """Yield a plan for every version in one folder, and one for every file with an invalid name.

    ``progress`` is called for each wheel. With ``keeps`` a metadata file that describes all wheels
    of its version stays as it is.
    """
    yield from folder.invalid
    for key, files in folder.releases:
        for plan in _plan_version(folder.path, key, files, known, progress):
            is_kept = keeps and plan.sha256 and describes(plan.file.path, files.wheels)
            yield Plan(plan.file, project=plan.project) if is_kept else plan


def describes(document: Path | bytes, wheels: Iterable[LocalFile]) -> bool:
    """Return whether a metadata file, or its content, has the label of each of these wheels."""
    try:
        content = read_regular(document) if isinstance(document, Path) else document
        metadata, _ = read_valid_entries(parse(content))
    except (OSError, VariantError):
        return False
    described = {variant.label for variant in metadata.variants}
    return {wheel.label for wheel in wheels} <= {None, *described}


def _plan_version(
    folder: Path,
    key: Key,
    files: ReleaseFiles[LocalFile],
    known: KnownFiles,
    progress: Callable[[], None],
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
    labels = len({file.label for file in wheels})
    summary = f"{counted(labels, 'label')} of {counted(len(wheels), 'wheel')}"
    source = _source(wheels, known, progress)
    outcome = known.outcome(target.path, source)
    if outcome and _hash(target.path) == outcome:
        yield Plan(target, summary, sha256=outcome, project=key[0])
        return
    content, problems = _merged(wheels, known)
    if problems:
        texts = tuple(f"not written: {text}" for text in problems)
        yield Plan(target, problems=texts, project=key[0])
        return
    digest = sha256_of(content)
    known.remember(target.path, source, digest)
    yield Plan(target, summary, content, sha256=digest, project=key[0])


def _source(wheels: Sequence[LocalFile], known: KnownFiles, progress: Callable[[], None]) -> str:
    """Return a hash of all that the metadata file is made of, or "" if it cannot be read."""
    parts = []
    for file in wheels:
        progress()
        try:
            parts.append(f"{file.name} {known.facts(str(file.path)).variant}\n")
        except VariantError:
            return ""
    return sha256_of("".join(parts).encode(errors="surrogateescape"))


def _merged(wheels: Sequence[LocalFile], known: KnownFiles) -> tuple[bytes, list[str]]:
    """Return the content of the metadata file, or the errors of wheels that have no metadata."""
    metadata = []
    problems = []
    for file in wheels:
        try:
            metadata.append(FileMetadata(file.name, known.variant(file.path).metadata))
        except VariantError as error:
            problems.append(str(error))
    if problems:
        return b"", problems
    try:
        return write_text(merge_files(metadata)).encode(), []
    except VariantError as error:
        return b"", [str(error)]


def _hash(path: Path) -> str:
    try:
        return sha256_of(read_regular(path))
    except OSError:
        return ""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
