"""``pip variants index``: the ``*-variants.json`` of every version in a folder of wheels.

With options also the METADATA beside each wheel, and the pages that make the folder an index. What
a page names is written before the page.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pip_variants.core.errors import VariantError, printable, quoted
from pip_variants.explain import mirrors as texts
from pip_variants.pip_adapter.compat import CommandError
from pip_variants.pip_adapter.display import print_line
from pip_variants.publish.index_json import Folder, Plan, counted, plan_folder, read_folder
from pip_variants.publish.index_pages import (
    METADATA_FILE,
    Listed,
    has_metadata,
    list_documents,
    list_files,
    plan_pages,
    read_files,
    stale_pages,
    write_metadata,
)
from pip_variants.publish.known_files import KnownFiles, sha256_of
from pip_variants.publish.release_files import LocalFile, project_folders
from pip_variants.system.locks import LONGEST_WAIT, locked

from .progress import spinning

if TYPE_CHECKING:
    from pip_variants.pip_adapter.compat import Values

    from .command import VariantsCommand

logger = logging.getLogger(__name__)


def run(_: VariantsCommand, options: Values, args: list[str]) -> int:
    """Write the files of the folder in ``args``, or compare them with ``--check``.

    Return 1 if something was not written, or would be changed, else 0; raise pip's CommandError.
    """
    if len(args) != 1:
        raise CommandError("Need exactly one folder of wheels.")
    pages, metadata = options.pages or options.all, options.metadata or options.all
    parts = Parts(pages=pages, metadata=metadata, write=not options.check)
    with alone_in(Path(args[0])) if parts.write else nullcontext():
        return 0 if write_index(args[0], memory(options, Path(args[0])), parts) else 1


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Write a folder in the block, and no other pip that does; that is waited for.

    Raise CommandError if it takes too long.
    """

    def wait() -> None:
        logger.warning("%s", texts.other_writer(str(folder)))

    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder, wait=wait, limit=LONGEST_WAIT))
        except TimeoutError:
            raise CommandError(texts.busy_writer(str(folder), LONGEST_WAIT / 60)) from None
        yield


@dataclass(frozen=True, slots=True)
class Parts:
    """What of an index is written, or without ``write`` only compared.

    With ``keeps`` metadata files stay that describe all wheels of their version, and only what is
    wrong is reported.
    """

    pages: bool = True
    metadata: bool = True
    write: bool = True
    keeps: bool = False


def write_index(shown: str, memory: Path | None, parts: Parts) -> bool:
    """Make a folder an index; return whether all of it is then up to date.

    Raise CommandError if the folder cannot be read.
    """
    root = Path(shown)
    try:
        known = KnownFiles(root, memory, hashing=parts.pages or parts.metadata)
        with spinning("Reading the metadata of wheels") as progress:
            folders = [read_folder(path, sdists=parts.pages) for path in project_folders(root)]
            plans = [
                plan
                for folder in folders
                for plan in plan_folder(folder, known, progress, keeps=parts.keeps)
            ]
            if parts.pages or parts.metadata:
                read_files(folders, known, progress)
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        raise CommandError(f"Cannot read {quoted(shown)}: {_reason(error)}") from None
    index = _Index(root, known, write=parts.write, report=_discard if parts.keeps else print_line)
    if not plans and not parts.pages:
        index.report(f"There are no variant wheels in {printable(shown)}.")
    clean = [index.add_metadata(folder) for folder in folders] if parts.metadata else []
    if parts.pages and not parts.metadata:
        index.find_metadata(folders)
    clean += list(map(index.add_document, plans))
    if parts.pages:
        clean += index.add_pages(folders)
    known.save()
    return all(clean)


def _discard(_: str) -> None:
    """Report nothing."""


def memory(options: Values, root: Path) -> Path | None:
    """Return the file that remembers what is known of a folder, or None without a cache."""
    if not options.cache_dir:
        return None
    name = sha256_of(str(root.resolve()).encode(errors="surrogateescape"))
    return Path(options.cache_dir, "variants", "index", f"{name}.json")


class _Index:
    """What an index consists of, step by step: METADATA, metadata files, then the pages.

    Each step returns whether all of it is then up to date; without ``write`` it is only compared.
    """

    def __init__(
        self, root: Path, known: KnownFiles, *, write: bool, report: Callable[[str], None]
    ) -> None:
        self.report = report
        self._root = root
        self._known = known
        self._write = write
        self._announced: set[Path] = set()
        self._documents: list[Plan] = []

    def find_metadata(self, folders: Iterable[Folder]) -> None:
        """Find the wheels beside which their METADATA lies."""
        for file in _wheels(folders):
            if has_metadata(file, self._known):
                self._announced.add(file.path)

    def add_metadata(self, folder: Folder) -> bool:
        """Write the METADATA of each wheel in a folder beside it."""
        number = changed = 0
        clean = True
        for file in _wheels([folder]):
            number += 1
            try:
                if not has_metadata(file, self._known):
                    if self._write:
                        write_metadata(file, self._known)
                    changed += 1
            except (VariantError, OSError) as error:
                problem = f"not written: {_reason(error)}"
                beside = LocalFile(Path(f"{file.path}{METADATA_FILE}"))
                clean = self._carry_out(Plan(beside, problems=(problem,)))
            else:
                self._announced.add(file.path)
        shown = printable((folder.path / f"*{METADATA_FILE}").as_posix())
        files = counted(number, "file")
        if changed:
            verb = "wrote" if self._write else "would write"
            self.report(f"{verb} {shown} ({changed:,} of {files})")
        elif number:
            self.report(f"unchanged {shown} ({files})")
        return clean and (self._write or not changed)

    def add_document(self, plan: Plan) -> bool:
        """Write a metadata file; on a page is then what is there."""
        clean = self._carry_out(plan)
        is_there = clean or not self._write
        self._documents.append(plan if is_there else replace(plan, content=None))
        return clean

    def add_pages(self, folders: Sequence[Folder]) -> list[bool]:
        """Write the pages, and remove those that were written for projects that are gone."""
        listed: dict[str, list[Listed]] = {}
        clean = []
        for item in list_files(self._root, folders, self._known, self._announced):
            if isinstance(item, Plan):
                clean.append(self._carry_out(item))
            else:
                listed.setdefault(item[0], []).append(item[1])
        for project, row in list_documents(self._root, self._documents):
            listed.setdefault(project, []).append(row)
        clean += [self._carry_out(plan) for plan in plan_pages(self._root, listed)]
        clean += [self._remove(page) for page in stale_pages(folders, listed)]
        return clean

    def _carry_out(self, plan: Plan) -> bool:
        """Write what is planned, or only report it; return whether the file is then up to date."""
        for warning in plan.warnings:
            logger.warning("%s: %s", plan.file.shown, warning)
        problems = list(plan.problems)
        if plan.sha256:
            try:
                current = plan.is_current()
                if self._write and not current:
                    plan.write()
            except OSError as error:
                problems.append(f"not written: {_reason(error)}")
            else:
                verb = "unchanged" if current else "wrote" if self._write else "would write"
                self.report(f"{verb} {plan.file.shown} ({plan.summary})")
                return current or self._write
        for problem in problems:
            logger.error("%s: %s", plan.file.shown, problem)
        return not problems

    def _remove(self, page: Path) -> bool:
        shown = LocalFile(page).shown
        try:
            if self._write:
                page.unlink()
        except OSError as error:
            problem = f"not removed: {_reason(error)}"
            return self._carry_out(Plan(LocalFile(page), problems=(problem,)))
        self.report(f"{'removed' if self._write else 'would remove'} {shown} (0 files)")
        return self._write


def _wheels(folders: Iterable[Folder]) -> list[LocalFile]:
    return [file for folder in folders for _, files in folder.releases for file in files.wheels]


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
