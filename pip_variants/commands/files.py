"""Where published files lie: folders, single files, pages of an index; grouped by version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pip._internal.models.link import Link
from pip._vendor.packaging.utils import canonicalize_name, parse_wheel_filename
from pip._vendor.packaging.version import Version

from pip_variants.errors import FilenameError, printable
from pip_variants.filenames import METADATA_SUFFIX, split_label
from pip_variants.selection import LONGEST_FILENAME

if TYPE_CHECKING:
    from typing_extensions import Self

Key = tuple[str, str]
"""Normalised name and version, both as they stand in file names."""


@dataclass(frozen=True, slots=True)
class File:
    """A wheel or a ``*-variants.json``: what its user calls it, and where it is."""

    shown: str
    link: Link

    @classmethod
    def local(cls, path: Path) -> Self:
        """Return a file on a disk, called by its path as it was given."""
        shown = path.as_posix()
        link = Link(path.absolute().as_uri())
        return cls(printable(shown), link)

    @property
    def name(self) -> str:
        """Its file name."""
        return self.link.filename

    @property
    def is_wheel(self) -> bool:
        """Whether its name is that of a wheel."""
        return self.name.endswith(".whl")


def is_published(name: str) -> bool:
    """Return whether a file of this name has to do with variants at all."""
    return name.endswith((".whl", METADATA_SUFFIX))


def version_of(name: str) -> Key:
    """Return which version a file belongs to; raise FilenameError if its name does not say."""
    if len(name) > LONGEST_FILENAME:
        raise FilenameError("the file name is too long for a disk")
    try:
        if name.endswith(".whl"):
            stem = split_label(name.removesuffix(".whl"))[0]
            project, version, _, _ = parse_wheel_filename(f"{stem}.whl")
        else:
            first, _, last = name.removesuffix(METADATA_SUFFIX).rpartition("-")
            if not first or last != last.strip() or not name.isprintable():
                raise FilenameError(_NO_VERSION)
            project, version = canonicalize_name(first), Version(last)
    except ValueError:  # what both parsers raise, and a number of thousands of digits
        raise FilenameError(_NO_VERSION) from None
    return project.replace("-", "_"), str(version)


_NO_VERSION = "the file name does not name a project and a version"


def document_name(key: Key) -> str:
    """Return the normalised name of the combined file of a version."""
    return f"{key[0]}-{key[1]}{METADATA_SUFFIX}"


def folders(root: Path) -> list[Path]:
    """Return a folder, and those directly below it that a static index has one project each in.

    Hidden ones are left out. Raise OSError if the folder cannot be read.
    """
    below = sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] != ".")
    return [root, *below]


def listed(folder: Path) -> Iterator[File]:
    """Yield the wheels and combined files in one folder by name; raise OSError."""
    for path in sorted(folder.iterdir()):
        if is_published(path.name) and path.is_file():
            yield File.local(path)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The files of one version in one place."""

    wheels: tuple[File, ...]
    documents: tuple[File, ...]


def by_version(
    files: Iterable[File],
) -> tuple[dict[Key, Shelf], tuple[tuple[File, FilenameError], ...]]:
    """Return the files grouped by version, in order of the versions' names, and those of none."""
    found: dict[Key, list[File]] = {}
    bad = []
    for file in files:
        try:
            found.setdefault(version_of(file.name), []).append(file)
        except FilenameError as error:
            bad.append((file, error))
    shelves = {
        key: Shelf(
            tuple(file for file in members if file.is_wheel),
            tuple(file for file in members if not file.is_wheel),
        )
        for key, members in sorted(found.items())
    }
    return shelves, tuple(bad)
