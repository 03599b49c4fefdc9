"""``pip variants check``: findings about wheels, ``*-variants.json`` files, folders and pages.

Files are read here and judged in ``lint``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pip_variants.core.errors import FetchError, VariantError, quoted, shortened
from pip_variants.core.filenames import label_of
from pip_variants.core.merge import FileMetadata
from pip_variants.explain.outcomes import ReleaseRows, entries, table
from pip_variants.explain.outcomes_html import page
from pip_variants.formats.variant_json import VARIANT_JSON
from pip_variants.formats.wheel_content import read_content
from pip_variants.lint.document import Document, check_document
from pip_variants.lint.findings import Finding, finding, summary
from pip_variants.lint.release import Release, check_release
from pip_variants.lint.wheel import check_wheel
from pip_variants.pip_adapter import compat
from pip_variants.pip_adapter.compat import CommandError, Link, redact_auth_from_url
from pip_variants.pip_adapter.display import log_table, print_document, print_line
from pip_variants.pip_adapter.kept_wheels import Keeper
from pip_variants.pip_adapter.links import remote_file, variant_link
from pip_variants.pip_adapter.transport import PipTransport
from pip_variants.providers.registry import known_features
from pip_variants.publish.release_files import (
    ReleaseFiles,
    group_by_version,
    is_published,
    project_folders,
    published_files,
)
from pip_variants.remote.fetch import fetch
from pip_variants.remote.transport import RemoteFile
from pip_variants.remote.wheel_metadata import WheelReader

from .outcomes import Checked, machines, outcomes, write_page

if TYPE_CHECKING:
    from pip_variants.pip_adapter.compat import PipSession, Values

    from .command import VariantsCommand


def run(command: VariantsCommand, options: Values, args: list[str]) -> int:
    """Print every finding in what ``args`` name; return 1 if one is an error, else 0.

    With ``--strict`` a warning counts as an error. With ``--as`` print besides which build each
    machine would take of every version, with ``--html`` into a page.
    """
    if not args:
        raise CommandError("Need a wheel, a JSON file, a folder or a URL to check.")
    requested = getattr(options, "as") or ()
    if options.html and not requested:
        raise CommandError("The option --html needs --as.")
    on = machines(requested)
    session = command.session(options)
    sources = _Sources(session)
    for arg in args:
        sources.add(arg)
    transport = PipTransport(session)
    findings = [*sources.findings]
    checked: list[Checked] = []
    for place, source in sources.found.items():
        found, versions = _check_source(place, source, transport, every_label=bool(on))
        findings += found
        checked += versions
    number = sum(len(source.files) for source in sources.found.values())
    taken = outcomes(checked, on) if on else None
    if options.html:
        write_page(options.html, page(taken or ()))
    _print(findings, taken, number, as_json=options.json)
    failing = ("error", "warning") if options.strict else ("error",)
    return 1 if any(item.severity in failing for item in findings) else 0


def _print(
    findings: Sequence[Finding],
    taken: Sequence[ReleaseRows] | None,
    number: int,
    *,
    as_json: bool,
) -> None:
    if as_json:
        listed = [item.entry() for item in findings]
        found = listed if taken is None else {"findings": listed, "machines": [*entries(taken)]}
        print_document(json.dumps(found, indent=2))
        return
    for release in taken or ():
        log_table(table(release))
    for item in findings:
        print_line(item.line)
    print_line(summary(findings, number))


@dataclass(frozen=True, slots=True)
class _File:
    """A file to check, and the path or URL by which the user knows it."""

    shown: str
    remote: RemoteFile

    @property
    def name(self) -> str:
        return self.remote.filename


@dataclass(slots=True)
class _Source:
    """The files of one folder or page by URL; ``complete``: all its files.

    ``read_wheels``: every wheel is opened.
    """

    files: dict[str, _File] = field(default_factory=dict)
    complete: bool = False
    read_wheels: bool = True


@dataclass(slots=True)
class _Sources:
    """What the user named, by folder or page, and what could not be read."""

    session: PipSession
    found: dict[str, _Source] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, arg: str) -> None:
        """Add a file, folder or URL."""
        try:
            if "://" in arg and not arg.startswith("file:"):
                self._add_url(Link(arg))
            else:
                path = Path(compat.path_of_url(arg) if arg.startswith("file:") else arg)
                self._add_path(path, path.as_posix())
        except (OSError, ValueError) as error:  # ValueError: an invalid URL, or a null character
            self._fail(arg, quoted(compat.without_passwords(str(error))))

    def _add_path(self, path: Path, shown: str) -> None:
        if path.is_dir():
            self._add_folder(path)
        elif not path.exists():
            self._fail(shown, "no such file or folder")
        elif _is_single(path.name):
            self._add_file(path.parent.absolute().as_uri(), _local_file(path))
        else:
            self._fail(shown, "it is not a wheel, a JSON file or a folder")

    def _add_folder(self, root: Path) -> None:
        any_file = False
        for folder in project_folders(root):
            files = [_local_file(file.path) for file in published_files(folder)]
            if files:
                any_file = True
                source = self.found.setdefault(folder.absolute().as_uri(), _Source())
                source.complete = True
                source.files.update({file.remote.url: file for file in files})
        if not any_file:
            self._fail(root.as_posix(), "there are no wheels and no *-variants.json files in it")

    def _add_url(self, link: Link) -> None:
        shown = redact_auth_from_url(link.url.partition("#")[0])
        if _is_single(link.filename):
            self._add_file(shown.rpartition("/")[0], _linked_file(shown, link))
            return
        links = compat.page_links(self.session, link)
        if links is None:
            self._fail(shown, "the page could not be fetched")
            return
        files = [_linked_file(item.filename, item) for item in links if is_published(item.filename)]
        if not files:
            self._fail(shown, "the page lists no wheels and no *-variants.json files")
            return
        # Wheels can be large, and a page can list thousands: only their names are checked.
        by_url = {file.remote.url: file for file in files}
        self.found[shown] = _Source(by_url, complete=True, read_wheels=False)

    def _add_file(self, folder: str, file: _File) -> None:
        self.found.setdefault(folder, _Source()).files[file.remote.url] = file

    def _fail(self, shown: str, problem: str) -> None:
        # Also in an invalid URL, which an error repeats, what precedes an @ may be secret.
        shown, problem = (re.sub("(://)[^/@]*@", r"\1****@", text) for text in (shown, problem))
        self.findings.append(finding("unreadable", shown, "", problem))


def _local_file(path: Path) -> _File:
    return _linked_file(path.as_posix(), Link(path.absolute().as_uri()))


def _linked_file(shown: str, link: Link) -> _File:
    return _File(shown, remote_file(variant_link(link)))


def _is_single(name: str) -> bool:
    return name.endswith((".whl", ".json"))


def _check_source(
    place: str, source: _Source, transport: PipTransport, *, every_label: bool
) -> tuple[list[Finding], list[Checked]]:
    """Return the findings of one source, and its versions.

    ``every_label``: a wheel is opened of each label that no document describes.
    """
    findings: list[Finding] = []
    checked: list[Checked] = []
    releases, invalid = group_by_version(source.files.values())
    for file, error in invalid:
        if is_published(file.name):
            findings.append(finding("file-name", shortened(file.shown), "", str(error)))
        else:  # a JSON file given by the user, which may have any name
            findings += _document(file, transport).findings
    for (project, version), files in releases.items():
        documents = [_document(file, transport) for file in files.documents]
        opened = files.wheels if source.read_wheels else ()
        if every_label and not source.read_wheels:
            opened = _one_of_each_label(files, documents)
        wheels = [_wheel(file, transport) for file in opened]
        findings += _check_version(files, documents, wheels, complete=source.complete)
        names = tuple(file.name for file in files.wheels)
        if names:
            readable = [*_readable(documents), None]
            own = tuple(_readable(wheels))
            checked.append(Checked(project, version, place, names, readable[0], own))
    return findings, checked


def _one_of_each_label(
    files: ReleaseFiles[_File], documents: Sequence[Document]
) -> tuple[_File, ...]:
    """Return a wheel of each label that no document describes."""
    described = {
        variant.label for item in _readable(documents) for variant in item.metadata.variants
    }
    by_label = {label_of(file.name): file for file in files.wheels}
    return tuple(
        file for label, file in by_label.items() if label is not None and label not in described
    )


def _readable(documents: Iterable[Document]) -> list[FileMetadata]:
    return [
        FileMetadata(part.file, part.metadata) for part in documents if part.metadata is not None
    ]


def _check_version(
    files: ReleaseFiles[_File],
    documents: Sequence[Document],
    wheels: Sequence[Document],
    *,
    complete: bool,
) -> Iterator[Finding]:
    reported = set()
    for part in (*documents, *wheels):
        for item in part.findings:
            # A finding about every wheel and the index-level file of a version is reported once.
            key = (item.kind, item.path.removeprefix(f"{VARIANT_JSON}:"), item.message)
            if key not in reported or not _is_about_document(item):
                yield item
            reported.add(key)
    index_level = _readable(documents)
    release = Release(
        wheels=tuple(file.shown for file in files.wheels),
        document=index_level[0] if index_level else None,
        own=tuple(_readable(wheels)),
        complete=complete,
        documents=tuple(file.shown for file in files.documents),
    )
    yield from check_release(release)


def _is_about_document(item: Finding) -> bool:
    return item.path.startswith(f"{VARIANT_JSON}:")


def _document(file: _File, transport: PipTransport) -> Document:
    try:
        text = fetch(file.remote, transport)
    except FetchError as error:
        return Document(file.shown, None, (finding("unreadable", file.shown, "", str(error)),))
    return check_document(file.shown, text, known=known_features)


def _wheel(file: _File, transport: PipTransport) -> Document:
    try:
        content = WheelReader(Keeper()).read(file.remote, transport, read_content)
    except VariantError as error:
        problem = str(error).removeprefix(f"{file.name}: ")
        return Document(file.shown, None, (finding("unreadable", file.shown, "", problem),))
    return check_wheel(file.shown, content, known_features, file.name)
