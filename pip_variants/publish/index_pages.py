"""The pages of a folder of wheels, and the METADATA beside each wheel (PEP 658).

The folder itself is the index: its page is `index.html`, that of a project `PROJECT/index.html`,
each with `index.json` beside it. Files stay where they are, and pages name them by relative
addresses.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from pip_variants.core.errors import ArchiveError, VariantError
from pip_variants.formats.wheel_content import METADATA
from pip_variants.system.atomic_file import replace_file
from pip_variants.system.owned import open_regular, read_regular

from .index_json import Folder, Plan, counted
from .known_files import KnownFiles, sha256_of
from .pages import GENERATOR, PageFile, project_html, project_json, root_html, root_json
from .release_files import LocalFile

METADATA_FILE = ".metadata"
YANKED_FILE = ".yanked"
"""Ends of the names of files beside a wheel or a source distribution."""

_LONGEST_REASON = 1000
_HTML, _JSON = "index.html", "index.json"

Listed = tuple[LocalFile, PageFile]
"""A file, and what the page of its project says of it."""


def read_files(folders: Sequence[Folder], known: KnownFiles, progress: Callable[[], None]) -> None:
    """Learn all that pages say of the wheels and source distributions, which may take long."""
    for folder in folders:
        for _, files in folder.releases:
            for file in (*files.wheels, *files.sdists):
                progress()
                with contextlib.suppress(VariantError):
                    known.facts(str(file.path))


def has_metadata(file: LocalFile, known: KnownFiles) -> bool:
    """Return whether the ``.metadata`` file of a wheel is there and right."""
    with contextlib.suppress(VariantError):
        metadata = known.facts(str(file.path)).metadata
        return bool(metadata) and known.facts(f"{file.path}{METADATA_FILE}").sha256 == metadata
    return False


def write_metadata(file: LocalFile, known: KnownFiles) -> None:
    """Write the ``.metadata`` file of a wheel; raise VariantError or OSError."""
    content = known.metadata(file.path)
    if content is None:
        raise ArchiveError("", f"there is no {METADATA} in it")
    replace_file(_beside(file, METADATA_FILE), content)


def list_documents(root: Path, plans: Sequence[Plan]) -> Iterator[tuple[str, Listed]]:
    """Yield the metadata files that are there, or will be, with their projects."""
    for plan in plans:
        content = plan.content
        if content is None:
            with contextlib.suppress(OSError):
                content = read_regular(plan.file.path)
        if content is not None and plan.project:
            project = _project(plan.project)
            url = f"{_way(plan.file.path.parent, root / project)}{_address(plan.file.name)}"
            row = PageFile(plan.file.name, url, len(content), sha256_of(content))
            yield project, (plan.file, row)


def list_files(
    root: Path, folders: Sequence[Folder], known: KnownFiles, announced: Container[Path]
) -> Iterator[tuple[str, Listed] | Plan]:
    """Yield each wheel and source distribution with its project, or what is wrong with it.

    ``announced`` are the wheels beside which METADATA lies.
    """
    for folder in folders:
        yanked = {path.name for path in folder.path.glob(f"*{YANKED_FILE}")}
        for (name, version), files in folder.releases:
            project = _project(name)
            way = _way(folder.path, root / project)
            for file in (*files.wheels, *files.sdists):
                try:
                    row = _row(file, way, version, known, announced)
                    if f"{file.name}{YANKED_FILE}" in yanked:
                        row = replace(row, yanked=_yank_reason(file))
                except (VariantError, OSError) as error:
                    yield Plan(file, problems=(f"left out of the pages: {error}",))
                else:
                    yield project, (file, row)


def plan_pages(root: Path, listed: Mapping[str, Sequence[Listed]]) -> Iterator[Plan]:
    """Yield the pages of all projects, then those of the folder itself."""
    for project, files in sorted(listed.items()):
        rows, warnings = _distinct(files)
        summary = counted(len(rows), "file")
        path = root / project
        yield _page(path / _JSON, project_json(project, rows), summary)
        yield replace(_page(path / _HTML, project_html(project, rows), summary), warnings=warnings)
    beside = [item for files in listed.values() for item in files if item[0].path.parent == root]
    summary = counted(len(listed), "project")
    yield _page(root / _JSON, root_json(sorted(listed)), summary)
    rows, _ = _distinct(sorted(beside, key=lambda item: item[0].name))
    links = [replace(row, url=_address(row.name)) for row in rows]
    yield _page(root / _HTML, root_html(sorted(listed), links), summary)


def stale_pages(folders: Sequence[Folder], projects: Container[str]) -> Iterator[Path]:
    """Yield the pages that were written here for projects that are gone."""
    for folder in folders[1:]:
        page = folder.path / _HTML
        if folder.path.name not in projects and _is_own(page):
            yield from (path for path in (page, folder.path / _JSON) if path.is_file())


def _row(
    file: LocalFile, way: str, version: str, known: KnownFiles, announced: Container[Path]
) -> PageFile:
    facts = known.facts(str(file.path))
    return PageFile(
        name=file.name,
        url=f"{way}{_address(file.name)}",
        size=facts.size,
        sha256=facts.sha256,
        version=version,
        requires_python=facts.requires_python,
        metadata=facts.metadata if file.path in announced else "",
    )


def _way(folder: Path, page: Path) -> str:
    """Return the address of a folder relative to the folder of a page: "" or with a slash."""
    way = Path(os.path.relpath(folder, page)).as_posix()
    return "" if way == "." else f"{_address(way)}/"


def _yank_reason(file: LocalFile) -> str:
    with open_regular(_beside(file, YANKED_FILE)) as reason:
        return " ".join(reason.read(_LONGEST_REASON).decode("utf-8", "replace").split())


def _distinct(files: Sequence[Listed]) -> tuple[tuple[PageFile, ...], tuple[str, ...]]:
    """Return the files of a page, each name once, and warnings about the others."""
    found: dict[str, Listed] = {}
    warnings = []
    for file, row in files:
        other = found.setdefault(file.name, (file, row))[0]
        if other is not file:
            warnings.append(f"{file.shown} is left out: {other.shown} has the same name")
    return tuple(row for _, row in found.values()), tuple(warnings)


def _address(path: str) -> str:
    return quote(os.fsencode(path))  # a name need not be UTF-8


def _page(path: Path, content: bytes, summary: str) -> Plan:
    return Plan(LocalFile(path), summary, content, sha256=sha256_of(content))


def _is_own(page: Path) -> bool:
    try:
        with open_regular(page) as file:
            return GENERATOR.encode() in file.read(1024)
    except OSError:
        return False


def _beside(file: LocalFile, suffix: str) -> Path:
    return file.path.with_name(f"{file.name}{suffix}")


def _project(name: str) -> str:
    """Return the normalised name of a project, which has dashes, not underscores."""
    return name.replace("_", "-")
