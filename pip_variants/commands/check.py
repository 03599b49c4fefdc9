"""``pip variants check``: what is wrong with wheels, ``*-variants.json`` files, folders and pages.

Read here, judged in ``checking``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

from pip._internal.cli.status_codes import ERROR, SUCCESS
from pip._internal.exceptions import CommandError
from pip._internal.index.collector import LinkCollector, parse_links
from pip._internal.models.link import Link
from pip._internal.models.search_scope import SearchScope
from pip._internal.utils.misc import redact_auth_from_url, write_output
from pip._internal.utils.urls import url_to_path

from pip_variants.archives import VARIANT_JSON, dist_info
from pip_variants.checking import (
    Document,
    Finding,
    Release,
    check_document,
    check_release,
    check_wheel,
    finding,
    summary,
)
from pip_variants.combining import Described
from pip_variants.errors import FetchError, VariantError, printable, quoted, shortened
from pip_variants.fetching import fetch

from .files import File, Shelf, by_version, folders, is_published, listed
from .parsers import PARSERS

if TYPE_CHECKING:
    from optparse import Values

    from pip._internal.network.session import PipSession

    from .command import VariantsCommand

_METADATA = "METADATA"


def run(command: VariantsCommand, options: Values, args: list[str]) -> int:
    """Print every finding in what ``args`` name; return 1 if one is an error, else 0."""
    if not args:
        raise CommandError("Need a wheel, a JSON file, a folder or a URL to check.")
    session = command.session(options)
    places = _Places(session)
    for arg in args:
        places.add(arg)
    findings = [*places.findings]
    for place in places.found.values():
        findings += _checked(place, session)
    number = sum(len(place.files) for place in places.found.values())
    if options.json:
        write_output("%s", json.dumps([item.entry() for item in findings], indent=2))
    else:
        for item in findings:
            write_output("%s", item.line)
        write_output("%s", summary(findings, number))
    return ERROR if any(item.severity == "error" for item in findings) else SUCCESS


@dataclass(slots=True)
class _Place:
    """Files beside each other: by address, and whether these are all; wheels may stay unread."""

    files: dict[str, File] = field(default_factory=dict)
    complete: bool = False
    read_wheels: bool = True


@dataclass(slots=True)
class _Places:
    """What the user named, by folder or page, and what could not be had of it."""

    session: PipSession
    found: dict[str, _Place] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, arg: str) -> None:
        """Take the file, folder or URL that the user calls ``arg``."""
        try:
            if "://" in arg and not arg.startswith("file:"):
                self._add_url(Link(arg))
            else:
                path = Path(url_to_path(arg) if arg.startswith("file:") else arg)
                self._add_path(path, path.as_posix())
        except (OSError, ValueError) as error:  # also no URL, and a name with a null character
            self._fail(arg, quoted(str(error)))

    def _add_path(self, path: Path, shown: str) -> None:
        if path.is_dir():
            self._add_folder(path)
        elif not path.exists():
            self._fail(shown, "it is not there")
        elif _is_single(path.name):
            self._add_file(path.parent.absolute().as_uri(), File.local(path))
        else:
            self._fail(shown, "it is not a wheel, a JSON file or a folder")

    def _add_folder(self, root: Path) -> None:
        any_file = False
        for folder in folders(root):
            files = {file.link.url: file for file in listed(folder)}
            if files:
                any_file = True
                place = self.found.setdefault(folder.absolute().as_uri(), _Place())
                place.complete = True
                place.files.update(files)
        if not any_file:
            self._fail(root.as_posix(), "there are no wheels and no *-variants.json files in it")

    def _add_url(self, link: Link) -> None:
        shown = redact_auth_from_url(link.url.partition("#")[0])
        if _is_single(link.filename):
            self._add_file(shown.rpartition("/")[0], File(shown, link))
            return
        collector = LinkCollector(self.session, SearchScope.create([], [], no_index=False))
        page = collector.fetch_response(link)
        if page is None:
            self._fail(shown, "the page cannot be had")
            return
        links = [item for item in parse_links(page) if is_published(item.filename)]
        if not links:
            self._fail(shown, "the page lists no wheels and no *-variants.json files")
            return
        # Names alone: wheels can be large, and a page can list thousands.
        files = {item.url: File(item.filename, item) for item in links}
        self.found[shown] = _Place(files, complete=True, read_wheels=False)

    def _add_file(self, folder: str, file: File) -> None:
        self.found.setdefault(folder, _Place()).files[file.link.url] = file

    def _fail(self, shown: str, problem: str) -> None:
        # Also of what is no address that could be parsed: what stands before an @ may be secret.
        shown = re.sub("(://)[^/@]*@", r"\1****@", shown)
        self.findings.append(finding("unreadable", printable(shown), "", problem))


def _is_single(name: str) -> bool:
    return name.endswith((".whl", ".json"))


def _checked(place: _Place, session: PipSession) -> Iterator[Finding]:
    shelves, bad = by_version(place.files.values())
    for file, error in bad:
        if file.is_wheel or is_published(file.name):
            yield finding("file-name", shortened(printable(file.shown)), "", str(error))
        else:  # a JSON file that the user named, and that may be called anything
            yield from _document(file, session).findings
    for shelf in shelves.values():
        yield from _checked_version(shelf, place, session)


def _checked_version(shelf: Shelf, place: _Place, session: PipSession) -> Iterator[Finding]:
    documents = [_document(file, session) for file in shelf.documents]
    wheels = [_wheel(file, session) for file in shelf.wheels if place.read_wheels]
    said = set()
    for part in (*documents, *wheels):
        for item in part.findings:
            # What every wheel of a version says as its combined file does is said once.
            what = (item.kind, item.path.removeprefix(f"{VARIANT_JSON}:"), item.message)
            if what not in said or not _is_of_document(item):
                yield item
            said.add(what)
    described = [
        Described(part.file, part.metadata)
        for part in (*documents, *wheels)
        if part.metadata is not None
    ]
    combined = [item for item in described if not item.file.endswith(".whl")]
    release = Release(
        wheels=tuple(file.shown for file in shelf.wheels),
        document=combined[0] if combined else None,
        own=tuple(item for item in described if item.file.endswith(".whl")),
        complete=place.complete,
        documents=tuple(file.shown for file in shelf.documents),
    )
    yield from check_release(release, PARSERS)


def _is_of_document(item: Finding) -> bool:
    return item.path.startswith(f"{VARIANT_JSON}:")


def _document(file: File, session: PipSession) -> Document:
    try:
        text = fetch(file.link, session)
    except FetchError as error:
        return Document(file.shown, None, (finding("unreadable", file.shown, "", str(error)),))
    return check_document(file.shown, text, PARSERS)


def _wheel(file: File, session: PipSession) -> Document:
    try:
        found = dist_info(file.link, session, VARIANT_JSON, _METADATA, whole=True)
    except VariantError as error:
        problem = str(error).removeprefix(f"{file.name}: ")
        return Document(file.shown, None, (finding("unreadable", file.shown, "", problem),))
    if _METADATA not in found:
        problem = f"there is no {_METADATA} in it"
        return Document(file.shown, None, (finding("unreadable", file.shown, "", problem),))
    fields = HeaderParser().parsestr(found[_METADATA].decode("utf-8", "replace")).items()
    return check_wheel(file.shown, found.get(VARIANT_JSON), fields, PARSERS)
