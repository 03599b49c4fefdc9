"""The files of a mirror: which ones requirements take, and how they come into its folder.

Each project has a folder. A file goes to its place when it is whole and has the hash that its page
states; what has arrived of it until then is kept in a hidden folder, from where the next run
continues it.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.core.errors import FetchError, VariantError
from pip_variants.core.filenames import metadata_filename
from pip_variants.explain import downloads as download_texts
from pip_variants.explain import mirrors as texts
from pip_variants.publish.index_json import describes, read_folder
from pip_variants.publish.index_pages import YANKED_FILE
from pip_variants.publish.known_files import KnownFiles
from pip_variants.publish.release_files import LocalFile, group_by_version, is_sdist, is_wheel
from pip_variants.remote.transport import RemoteFile
from pip_variants.system.atomic_file import replace_file
from pip_variants.system.purging import remove

from .compat import HashMismatch, InstallationError, format_size, indent_log
from .downloads import Downloads
from .kept_wheels import url_with_size
from .links import VariantLink, choice_of, link_of, remote_file
from .run_state import RunState

if TYPE_CHECKING:
    from .compat import Hashes, InstallRequirement, PackageFinder

logger = logging.getLogger(__name__)

_PARTS = ".partial"
"""The folder of what has not arrived completely; indexes leave hidden folders out."""


@dataclass(frozen=True, slots=True)
class NeededFile:
    """A file that a mirror has to have.

    ``hashes`` are those of its page and of requirements. ``path`` is where it is on this machine,
    if it is, ``yanked`` the reason for which it is yanked. ``document`` is the index-level metadata
    of its version, as the index has it.
    """

    project: str
    file: RemoteFile
    hashes: Hashes
    path: Path | None = None
    yanked: str | None = None
    document: bytes | None = None


def needed_files(
    state: RunState, finder: PackageFinder, reqs: Iterable[InstallRequirement]
) -> list[NeededFile]:
    """Return the files that resolved requirements take; raise InstallationError."""
    return [_needed_file(state, finder, req) for req in reqs]


def _needed_file(state: RunState, finder: PackageFinder, req: InstallRequirement) -> NeededFile:
    link = link_of(req)
    name = req.name or ""
    if link is None or link.is_vcs or not _is_published(name, link.filename):
        raise InstallationError(texts.no_published_file(str(req)))
    file = remote_file(link)
    choice = choice_of(link)
    document = None
    if isinstance(link, VariantLink) and choice is not None and choice.selected is not None:
        with contextlib.suppress(FetchError):
            document = state.metadata.published(file, state.use_finder(finder))
    arrived = state.wheels.arrived.get(file.url)
    local = Path(req.local_file_path) if req.local_file_path else None
    return NeededFile(
        project=canonicalize_name(name),
        file=file,
        hashes=req.hashes(trust_internet=True),
        path=next((path for path in (file.path, arrived, local) if path and path.is_file()), None),
        yanked=link.yanked_reason,
        document=document,
    )


def _is_published(project: str, filename: str) -> bool:
    """Return whether an index can have a file, by its name."""
    if not is_wheel(filename) and not is_sdist(filename):
        return False
    releases, _ = group_by_version([LocalFile(Path(Path(filename).name))])
    return any(canonicalize_name(key[0]) == canonicalize_name(project) for key in releases)


@dataclass(slots=True)
class Mirror:
    """The folder of a mirror; ``known`` is what is known of the files in it.

    ``size`` is how many bytes of files are new, ``new`` how many files.
    """

    root: Path
    known: KnownFiles
    new: int = 0
    size: int = 0

    def create(self) -> None:
        """Make the folder, unless it is there; raise InstallationError."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InstallationError(texts.unwritable(str(self.root), str(error.strerror))) from None

    def find(self, file: RemoteFile) -> Path | None:
        """Return the path of a wheel that the mirror has, or None if it is not known to have it.

        A wheel of which no hash is stated is the one of the same name.
        """
        project = canonicalize_name(file.filename.partition("-")[0])
        path = self.path(project, file.filename)
        if not path.is_file():
            return None
        return path if not file.hashes or self._sha256(path) == file.hashes.get("sha256") else None

    def path(self, project: str, filename: str) -> Path:
        """Return where a file of a project is, or will be."""
        return self.root / project / Path(filename).name

    def has(self, needed: NeededFile) -> bool:
        """Return whether a file is there, with a hash that it may have."""
        path = self.path(needed.project, needed.file.filename)
        if not path.is_file():
            return False
        if not needed.hashes or needed.hashes.is_hash_allowed("sha256", self._sha256(path)):
            return True
        if _has_hash(path, needed):
            return True
        logger.info("%s", texts.new_hash(path.name))
        return False

    def fetch(self, files: Sequence[NeededFile], downloads: Downloads) -> None:
        """Bring files to their places; raise InstallationError."""
        downloads.folder = self.root / _PARTS
        try:
            downloads.folder.mkdir(parents=True, exist_ok=True)
            remote = {item.file.url: item for item in files if not self._is_placed(item)}
            while remote:
                remote = self._download(remote, downloads)
            shutil.rmtree(downloads.folder, ignore_errors=True)
        except OSError as error:
            raise InstallationError(texts.unwritable(str(self.root), str(error.strerror))) from None

    def _is_placed(self, needed: NeededFile) -> bool:
        """Return whether nothing of a file needs to be downloaded, which is then at its place."""
        part = self._part(needed.file)
        if needed.path is not None:
            self._copy(needed, needed.path, part)
        elif not needed.hashes or not part.is_file() or not _has_hash(part, needed):
            return False
        self._place(needed, part)
        return True

    def _download(
        self, files: Mapping[str, NeededFile], downloads: Downloads
    ) -> dict[str, NeededFile]:
        """Download files; return those which have to be begun again, because parts were old."""
        again = {}
        resumed = {url for url, needed in files.items() if self._may_resume(needed)}

        def handle(file: RemoteFile, path: Path) -> None:
            needed = files[file.url]
            if _has_hash(path, needed):
                self._place(needed, path)
            elif file.url in resumed:
                path.unlink()
                again[file.url] = needed
            else:
                path.unlink()
                raise InstallationError(texts.other_hash(file.shown_url))
            downloads.release(path)

        waiting = [(item.file, item.file.size) for item in files.values()]
        self._check_space(waiting)
        downloads.run(waiting, handle)
        return again

    def _may_resume(self, needed: NeededFile) -> bool:
        """Return whether there is a part of a file; discard one that no hash can confirm."""
        part = self._part(needed.file)
        size = needed.file.size
        if part.is_symlink() or not part.is_file():
            remove(part)
        elif not needed.hashes or (size and part.stat().st_size >= size):
            part.unlink()
        return part.is_file()

    def _part(self, file: RemoteFile) -> Path:
        return self.root / _PARTS / Path(file.filename).name

    def _check_space(self, files: Sequence[tuple[RemoteFile, int | None]]) -> None:
        parts = [part.stat().st_size for file, _ in files if (part := self._part(file)).is_file()]
        needed = sum(size or 0 for _, size in files) - sum(parts)
        missing = needed - shutil.disk_usage(self.root).free
        if missing > 0:
            text = download_texts.mirror_full(str(self.root), format_size(missing))
            raise InstallationError(text)

    def _copy(self, needed: NeededFile, path: Path, part: Path) -> None:
        with indent_log():
            if needed.file.path is None:  # it came whole when METADATA of it was requested
                size = path.stat().st_size
                logger.info("Downloaded %s", url_with_size(needed.file.shown_url, size))
            else:
                logger.info("%s", texts.copying(str(path)))
        if not _has_hash(path, needed):
            raise InstallationError(texts.other_hash(needed.file.shown_url))
        try:
            shutil.copyfile(path, part)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            missing = format_size(path.stat().st_size - part.stat().st_size)
            text = download_texts.mirror_full(str(self.root), missing)
            raise InstallationError(text) from None

    def _place(self, needed: NeededFile, part: Path) -> None:
        self.new += 1
        self.size += part.stat().st_size
        target = self.path(needed.project, needed.file.filename)
        target.parent.mkdir(exist_ok=True)
        part.replace(target)

    def complete(self, files: Iterable[NeededFile]) -> None:
        """Write what belongs to files that are there: metadata of the index, whether yanked.

        Raise InstallationError.
        """
        try:
            for needed in files:
                path = self.path(needed.project, needed.file.filename)
                yanked = path.with_name(f"{path.name}{YANKED_FILE}")
                if needed.yanked is None:
                    yanked.unlink(missing_ok=True)
                else:
                    _update(yanked, needed.yanked.encode(errors="replace"))
                if needed.document is not None and self._is_enough(path, needed.document):
                    document = path.with_name(metadata_filename(path.name))
                    if _update(document, needed.document):
                        logger.info("%s", texts.updated(str(document)))
        except OSError as error:
            raise InstallationError(texts.unwritable(str(self.root), str(error.strerror))) from None

    def _is_enough(self, path: Path, document: bytes) -> bool:
        """Return whether metadata describes all wheels that are there of the version of one."""
        own = metadata_filename(path.name)
        wheels = [
            file
            for _, files in read_folder(path.parent).releases
            for file in files.wheels
            if metadata_filename(file.name) == own
        ]
        return describes(document, wheels)

    def _sha256(self, path: Path) -> str:
        """Return the hash of a file, or "" if it is no valid archive: it is fetched again."""
        try:
            return self.known.facts(str(path)).sha256
        except VariantError:
            return ""


def _has_hash(path: Path, needed: NeededFile) -> bool:
    """Return whether a file has one of the hashes that it may have, or there are none."""
    try:
        if needed.hashes:
            needed.hashes.check_against_path(str(path))
    except HashMismatch:
        return False
    return True


def _update(path: Path, content: bytes) -> bool:
    """Write a file unless it has this content; return whether it had not."""
    if path.is_file() and path.read_bytes() == content:
        return False
    replace_file(path, content)
    return True
