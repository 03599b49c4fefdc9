"""Published files grouped by version: wheels and index-level metadata files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from pip._vendor.packaging.utils import (
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from pip._vendor.packaging.version import Version

from pip_variants.core.errors import FilenameError, printable
from pip_variants.core.filenames import LONGEST_FILENAME, METADATA_SUFFIX, label_of, split_label
from pip_variants.core.properties import Label

Key = tuple[str, str]
"""Normalised project and version, both as in file names."""

_is_project = re.compile("[a-z0-9]+(-[a-z0-9]+)*").fullmatch
_NO_VERSION = "the file name does not name a project and a version"


class Named(Protocol):
    """A file with a name."""

    @property
    def name(self) -> str:
        """The file name."""


_File = TypeVar("_File", bound=Named)


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on a disk, shown to the user as the path that he gave."""

    path: Path

    @property
    def name(self) -> str:
        """The file name."""
        return self.path.name

    @property
    def shown(self) -> str:
        """The path in a message."""
        return printable(self.path.as_posix())

    @property
    def label(self) -> Label | None:
        """The label of a variant wheel."""
        return label_of(self.name)


@dataclass(frozen=True, slots=True)
class ReleaseFiles(Generic[_File]):
    """The files of one version in one folder or on one page."""

    wheels: tuple[_File, ...]
    documents: tuple[_File, ...]
    sdists: tuple[_File, ...] = ()


def is_published(name: str) -> bool:
    """Return whether a file is a wheel or an index-level metadata file, by its name."""
    return name.endswith((".whl", METADATA_SUFFIX))


def is_wheel(name: str) -> bool:
    """Return whether a file is a wheel, by its name."""
    return name.endswith(".whl")


def is_sdist(name: str) -> bool:
    """Return whether a file is a source distribution, by its name."""
    return name.endswith((".tar.gz", ".zip"))


def group_by_version(
    files: Iterable[_File],
) -> tuple[dict[Key, ReleaseFiles[_File]], tuple[tuple[_File, FilenameError], ...]]:
    """Return the files of each version, in order of versions, and the files without one."""
    groups: dict[Key, list[_File]] = {}
    invalid = []
    for file in files:
        try:
            groups.setdefault(_version_of(file.name), []).append(file)
        except FilenameError as error:
            invalid.append((file, error))
    releases = {
        key: ReleaseFiles(
            tuple(file for file in members if is_wheel(file.name)),
            tuple(file for file in members if file.name.endswith(METADATA_SUFFIX)),
            tuple(file for file in members if is_sdist(file.name)),
        )
        for key, members in sorted(groups.items())
    }
    return releases, tuple(invalid)


def document_name(key: Key) -> str:
    """Return the normalised name of the index-level metadata file of a version."""
    return f"{key[0]}-{key[1]}{METADATA_SUFFIX}"


def project_folders(root: Path) -> list[Path]:
    """Return a folder and the folders in it, of which a static index has one per project.

    Hidden ones are left out. Raise OSError if the folder cannot be read.
    """
    inner = sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] != ".")
    return [root, *inner]


def published_files(folder: Path, *, sdists: bool = False) -> Iterator[LocalFile]:
    """Yield the published files in one folder by name; raise OSError.

    With ``sdists`` those are among them.
    """
    with os.scandir(folder) as entries:
        found = [item for item in entries if is_published(item.name) or is_sdist(item.name)]
    for entry in sorted(found, key=lambda item: item.name):
        if (sdists or is_published(entry.name)) and entry.is_file():
            yield LocalFile(folder / entry.name)


def _version_of(name: str) -> Key:
    """Return the version of a file; raise FilenameError if its name has none."""
    if len(name) > LONGEST_FILENAME:
        raise FilenameError("the file name is too long")
    try:
        if is_wheel(name):
            stem = split_label(name.removesuffix(".whl"))[0]
            project, version, _, _ = parse_wheel_filename(f"{stem}.whl")
        elif is_sdist(name):
            project, version = parse_sdist_filename(name)
        else:
            first, _, last = name.removesuffix(METADATA_SUFFIX).rpartition("-")
            if not first or last != last.strip() or not name.isprintable():
                raise FilenameError(_NO_VERSION)
            project, version = canonicalize_name(first), Version(last)
    except ValueError:  # from both parsers, also for a number of thousands of digits
        raise FilenameError(_NO_VERSION) from None
    if not _is_project(project):
        raise FilenameError(_NO_VERSION)
    return project.replace("-", "_"), str(version)
