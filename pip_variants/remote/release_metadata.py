"""The variant metadata of one version on one source (PEP 825, "Index-level metadata").

It is read from the index-level file; labels that this does not list, from ``variant.json`` in one
wheel each. Metadata of two sources is never mixed: files belong together if one page or one folder
lists them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

from pip._vendor.packaging.utils import canonicalize_name
from pip._vendor.packaging.version import Version

from pip_variants.core.errors import FetchError, VariantError, shortened
from pip_variants.core.filenames import (
    LONGEST_FILENAME,
    METADATA_SUFFIX,
    metadata_filename,
)
from pip_variants.core.merge import merge
from pip_variants.core.metadata import NO_METADATA, SourceMetadata, VariantMetadata
from pip_variants.core.properties import NULL_LABEL, Label
from pip_variants.formats.reader import read_text
from pip_variants.system.content_cache import ContentCache
from pip_variants.system.workers import Workers

from .fetch import fetch
from .prefetch import Prefetch
from .transport import RemoteFile, Transport
from .wheel_metadata import WheelReader

Key = tuple[str, str, str]
"""Source, normalised project and version."""


class MetadataReader:
    """Reads the metadata of each version once.

    ``wheels`` reads the wheels, ``cache`` is for index-level files. ``seconds`` is how long the
    last version took that was not read ahead.
    """

    def __init__(self, wheels: WheelReader, cache: ContentCache | None = None) -> None:
        self.seconds = 0.0
        self.wheels = wheels
        self._cache = cache
        self._listed: dict[Key, RemoteFile] = {}
        self._read: dict[Key, SourceMetadata | VariantError] = {}
        self._ahead: dict[Key, Prefetch[bytes]] = {}

    def forget_failures(self) -> MetadataReader:
        """Return a reader with the same files and results, whose failures are its own.

        It fetches no wheel whole.
        """
        own = MetadataReader(self.wheels.without_downloads(), self._cache)
        own._listed = self._listed
        own._read = {
            key: found for key, found in self._read.items() if not isinstance(found, VariantError)
        }
        return own

    def add_listed(self, file: RemoteFile) -> None:
        """Record a ``*-variants.json`` that a page lists; nothing is fetched."""
        name, _, version = file.filename.removesuffix(METADATA_SUFFIX).rpartition("-")
        key = _key(file.source, name, version)
        # Version() accepts white space, a file name does not.
        if key is not None and version == version.strip() and name.isprintable():
            self._listed[key] = file

    def read(self, wheels: Sequence[RemoteFile], transport: Transport) -> SourceMetadata:
        """Return the metadata of variant wheels of one version on one source.

        Raise a VariantError, the same one each time, if it is invalid or cannot be fetched.
        """
        key = _key_of(wheels[0])
        if key not in self._read:
            is_ahead = key in self._ahead
            start = time.monotonic()
            try:
                self._read[key] = self._fetch(key, wheels, transport)
            except VariantError as error:
                self._read[key] = error
            if not is_ahead:
                self.seconds = time.monotonic() - start
        result = self._read[key]
        if isinstance(result, VariantError):
            raise result
        return result

    def read_ahead(
        self, wheels: Sequence[RemoteFile], transport: Transport, workers: Workers
    ) -> None:
        """Start to fetch the index-level file of a version in the background, if there is one."""
        key = _key_of(wheels[0])
        file = self._listed.get(key)
        if file is not None and key not in self._read and key not in self._ahead:
            self._ahead[key] = Prefetch(partial(fetch, file, transport, self._cache), workers)

    def _content(self, key: Key, file: RemoteFile, transport: Transport) -> bytes:
        """Return the content of an index-level file, which may have been fetched ahead."""
        ahead = self._ahead.pop(key, None)
        return ahead.result() if ahead is not None else fetch(file, transport, self._cache)

    def _fetch(
        self, key: Key, wheels: Sequence[RemoteFile], transport: Transport
    ) -> SourceMetadata:
        file = self._listed.get(key) or _local_file(wheels[0])
        if file is None:
            return self._complete(None, wheels, transport)
        try:
            metadata = read_text(self._content(key, file, transport))
        except VariantError as error:
            raise FetchError(f"{file.filename}: {error}") from None
        found = self._complete(metadata, wheels, transport)
        return replace(found, location=file.shown_url)

    def _complete(
        self, listed: VariantMetadata | None, wheels: Sequence[RemoteFile], transport: Transport
    ) -> SourceMetadata:
        """Return the index-level metadata with the labels that only wheels describe.

        One wheel of each such label is read. One that cannot be read, or that contradicts the
        others, costs its label; raise FetchError if no label has metadata.
        """
        known: set[Label] = {NULL_LABEL}
        if listed is not None:
            known.update(variant.label for variant in listed.variants)
        found = listed
        failures: list[tuple[Label, str]] = []
        one_each = _one_of_each_label(wheels)
        for label, wheel in one_each.items():
            if label in known or len(wheel.filename) > LONGEST_FILENAME:
                continue
            try:
                own = self.wheels.own_variant(wheel, transport).metadata
            except VariantError as error:
                failures.append((label, shortened(str(error))))
                continue
            try:
                found = own if found is None else merge(found, own)
            except VariantError as error:
                failures.append((label, shortened(f"{wheel.filename}: {error}")))
        if found is None and NULL_LABEL in one_each:
            found = NO_METADATA
        if found is None:
            raise FetchError(f"there is no *{METADATA_SUFFIX} beside them, and {failures[0][1]}")
        return SourceMetadata(found, tuple(failures))


def _one_of_each_label(wheels: Sequence[RemoteFile]) -> dict[Label, RemoteFile]:
    """Return the first wheel of each label, in order of file names."""
    found: dict[Label, RemoteFile] = {}
    for wheel in wheels:
        if wheel.label is not None:
            found.setdefault(wheel.label, wheel)
    return dict(sorted(found.items(), key=lambda item: item[1].filename))


def _local_file(wheel: RemoteFile) -> RemoteFile | None:
    """Return the index-level file beside a wheel in a local folder, which no page lists."""
    if wheel.path is None or wheel.is_listed:
        return None
    path = Path(wheel.path).with_name(metadata_filename(wheel.filename))
    url = path.as_uri()
    return (
        RemoteFile(path.name, url, url, wheel.source, path=path, is_listed=False)
        if path.is_file()
        else None
    )


def _key_of(wheel: RemoteFile) -> Key:
    return cast("Key", _key(wheel.source, *wheel.filename.split("-", 2)[:2]))


def _key(source: str, name: str, version: str) -> Key | None:
    try:
        return source, canonicalize_name(name), str(Version(version))
    except ValueError:  # InvalidVersion, or a number of thousands of digits
        return None
