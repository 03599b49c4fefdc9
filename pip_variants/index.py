"""Where metadata comes from: the combined file of a source, or ``variant.json`` in its wheels.

PEP 825, "Index-level metadata". Everything goes through pip's own session, and every document is
read once a process. Metadata of two sources is never mixed: what belongs together is told apart by
the page that listed it, or by its folder.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pip._internal.models.link import Link
from pip._vendor.packaging.utils import canonicalize_name
from pip._vendor.packaging.version import Version

from .errors import FetchError, VariantError, shortened
from .fetching import fetch
from .filenames import METADATA_SUFFIX, label_of, metadata_filename
from .metadata import Metadata, Priorities, merged
from .properties import NULL_LABEL
from .readers import read_text
from .selection import LONGEST_FILENAME

if TYPE_CHECKING:
    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.network.session import PipSession

    from .storing import Kept

Key = tuple[str, str, str]
"""Source, normalised project and version."""


def session_of(finder: PackageFinder) -> PipSession:
    """Return the session by which a finder of pip's fetches pages."""
    return finder._link_collector.session  # noqa: SLF001 - pip has no public way to it


def source_of(link: Link) -> str:
    """Return what tells the sources of files apart: the page that listed it, or its folder."""
    page = link.comes_from
    return page if isinstance(page, str) and page else link.url.rsplit("/", 1)[0] + "/"


@dataclass(frozen=True, slots=True)
class Found:
    """The metadata of one version on one source, and why labels are missing in it.

    ``location`` is the address of the combined file, without passwords; None: there is none.
    """

    metadata: Metadata
    failures: tuple[tuple[str, str], ...] = ()
    location: str | None = None


class Sources:
    """The metadata of every version that was looked at, by source.

    ``whole`` allows to fetch a small wheel whose server has no range requests; ``kept`` is where
    documents stay that were fetched; ``seconds`` is how long the last one took to come.
    """

    def __init__(self) -> None:
        self.whole = True
        self.kept: Kept | None = None
        self.seconds = 0.0
        self._listed: dict[Key, Link] = {}
        self._read: dict[Key, Found | VariantError] = {}

    def note(self, link: Link) -> None:
        """Remember a ``*-variants.json`` that a page lists; nothing is fetched."""
        name, _, version = link.filename.removesuffix(METADATA_SUFFIX).rpartition("-")
        key = _key(source_of(link), name, version)
        # A version tolerates white space around it, a file name does not.
        if key is not None and version == version.strip() and name.isprintable():
            self._listed[key] = link

    def metadata(self, wheels: Sequence[Link], session: PipSession) -> Found:
        """Return the metadata for variant wheels of one version on one source.

        Raise a VariantError, the same one each time, if it is broken or cannot be had.
        """
        key = cast("Key", _key(source_of(wheels[0]), *wheels[0].filename.split("-", 2)[:2]))
        if key not in self._read:
            start = time.monotonic()
            try:
                self._read[key] = self._fetch(key, wheels, session)
            except VariantError as error:
                self._read[key] = error
            self.seconds = time.monotonic() - start
        found = self._read[key]
        if isinstance(found, VariantError):
            raise found
        return found

    def _fetch(self, key: Key, wheels: Sequence[Link], session: PipSession) -> Found:
        link = self._listed.get(key) or _beside(wheels[0])
        combined = None
        if link is not None:
            try:
                combined = read_text(fetch(link, session, self.kept))
            except VariantError as error:
                raise FetchError(f"{link.filename}: {error}") from None
        found = _completed(combined, wheels, session, whole=self.whole)
        return (
            found if link is None else replace(found, location=link.redacted_url.partition("#")[0])
        )


def _completed(
    combined: Metadata | None, wheels: Sequence[Link], session: PipSession, *, whole: bool
) -> Found:
    """Return the combined file, if there is one, with the labels that only their wheels describe.

    One wheel of each such label is asked. A wheel that cannot say so, or that contradicts the
    others, costs its label; raise FetchError if nothing is known of any.
    """
    known = {None, NULL_LABEL}
    if combined is not None:
        known.update(variant.label for variant in combined.variants)
    one_each = {label_of(link.filename): link for link in reversed(wheels)}
    found = combined
    failures = []
    for label, link in sorted(one_each.items(), key=lambda item: item[1].filename):
        if label in known or len(link.filename) > LONGEST_FILENAME:
            continue
        from .archives import own_metadata

        try:
            own = own_metadata(link, session, whole=whole)
        except VariantError as error:
            failures.append((str(label), shortened(str(error))))
            continue
        try:
            found = own if found is None else merged(found, own)
        except VariantError as error:
            failures.append((str(label), shortened(f"{link.filename}: {error}")))
    if found is None and NULL_LABEL in one_each:
        found = Metadata("none", Priorities(), (), ())
    if found is None:
        raise FetchError(f"there is no *{METADATA_SUFFIX} beside them, and {failures[0][1]}")
    return Found(found, tuple(failures))


def _beside(wheel: Link) -> Link | None:
    """Return the combined file that lies beside a local wheel, which no page lists."""
    if not wheel.is_file or wheel.comes_from:
        return None
    path = Path(wheel.file_path).with_name(metadata_filename(wheel.filename))
    return Link(path.as_uri()) if path.is_file() else None


def _key(source: str, name: str, version: str) -> Key | None:
    try:
        return source, canonicalize_name(name), str(Version(version))
    except ValueError:  # InvalidVersion, or a number of thousands of digits
        return None
