"""The variant metadata of one version on one source (PEP 825, "Index-level metadata").

It is read from the index-level file; labels that this does not list, or all of them if it cannot be
read, from ``variant.json`` in one wheel each. Metadata of two sources is never mixed: files belong
together if one page or one folder lists them.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import cast

from pip._vendor.packaging.utils import canonicalize_name
from pip._vendor.packaging.version import Version

from pip_variants.core.errors import (
    ArchiveError,
    FetchError,
    MetadataError,
    UnsupportedRevisionError,
    VariantError,
    shortened,
)
from pip_variants.core.filenames import LONGEST_FILENAME, METADATA_SUFFIX, metadata_filename
from pip_variants.core.merge import merge
from pip_variants.core.metadata import NO_METADATA, SourceMetadata, VariantMetadata
from pip_variants.core.properties import NULL_LABEL, Label
from pip_variants.formats.fields import table
from pip_variants.formats.reader import parse, read_valid_entries, without_entries
from pip_variants.formats.variant_json import VARIANT_JSON
from pip_variants.system.content_cache import ContentCache
from pip_variants.system.workers import Workers

from .fetch import fetch
from .index_file import IndexFile
from .prefetch import Prefetch
from .transport import RemoteFile, Transport
from .wheel_metadata import WheelReader

Key = tuple[str, str, str]
"""Source, normalised project and version."""


@dataclass(slots=True)
class _Labels:
    """What is known of the labels of a version, from its index-level file and its wheels.

    ``failed`` is why a wheel could not be fetched.
    """

    file: IndexFile | None
    failed: str | None = None
    metadata: VariantMetadata | None = None
    failures: dict[Label, str] = field(default_factory=dict)
    unread: dict[Label, str] = field(default_factory=dict)

    def is_known(self, label: Label) -> bool:
        """Return whether nothing about a label has to be read in its wheel."""
        listed = self.metadata is not None and self.metadata.variant(label) is not None
        return listed or label == NULL_LABEL or label in self.failures

    def add(self, label: Label, filename: str, own: VariantMetadata) -> None:
        """Add what a wheel says about its label."""
        try:
            self.metadata = own if self.metadata is None else merge(self.metadata, own)
        except VariantError as error:
            self.failures[label] = shortened(f"{filename}: {error}")

    def reject(self, label: Label, error: VariantError) -> None:
        """Add why a wheel says nothing about its label.

        If the wheel was read it does not fit, unless a file that may describe it was not.
        """
        is_read = isinstance(error, MetadataError) and not isinstance(error, ArchiveError)
        is_lost = self.file is not None and self.file.error is not None
        if isinstance(error, FetchError):
            self.failed = shortened(str(error))
        if is_read and (isinstance(error, UnsupportedRevisionError) or not is_lost):
            self.failures[label] = shortened(str(error))
        else:
            self.unread[label] = shortened(str(error))

    def result(self, labels: Collection[Label]) -> SourceMetadata:
        """Return what was read; raise FetchError if it describes none of ``labels``."""
        found = self.metadata
        if found is None and self.failures and not self.unread and NULL_LABEL not in labels:
            missing = f"there is no *{METADATA_SUFFIX} beside them"
            if self.file is not None:
                missing = f"{self.file.file.filename}: {self.file.error}"
            raise FetchError(f"{missing}, and {next(iter(self.failures.values()))}")
        failures, unread = tuple(self.failures.items()), tuple(self.unread.items())
        if self.file is None:
            return SourceMetadata(found or NO_METADATA, failures, unread=unread)
        location = self.file.file.shown_url if self.file.error is None else None
        return SourceMetadata(found or NO_METADATA, failures, location, unread, self.file.problems)


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
        self._files: dict[Key, IndexFile | VariantError | None] = {}
        self._read: dict[tuple[str, ...], SourceMetadata | VariantError] = {}
        self._ahead: dict[Key, Prefetch[bytes]] = {}

    def forget_failures(self) -> MetadataReader:
        """Return a reader with the same files and results, whose failures are its own.

        It fetches no wheel whole.
        """
        own = MetadataReader(self.wheels.without_downloads(), self._cache)
        own._listed = self._listed
        own._files = {
            key: found
            for key, found in self._files.items()
            if isinstance(found, IndexFile) and found.error is None
        }
        return own

    def add_listed(self, file: RemoteFile) -> None:
        """Record a ``*-variants.json`` that a page lists; nothing is fetched."""
        name, _, version = file.filename.removesuffix(METADATA_SUFFIX).rpartition("-")
        key = _key(file.source, name, version)
        # Version() accepts white space, a file name does not.
        if key is not None and version == version.strip() and name.isprintable():
            self._listed[key] = file

    def read(
        self,
        wheels: Sequence[RemoteFile],
        transport: Transport,
        requested: Label | None = None,
        excluded: Collection[Label] = (),
    ) -> SourceMetadata:
        """Return the metadata of variant wheels of one version on one source.

        Labels that cannot be read are part of the result. After the first wheel that cannot be
        fetched no other is requested; the requested label comes before the others, those that are
        excluded come behind. Raise a VariantError, the same one each time, if what was read
        describes no label.
        """
        one_each = _one_of_each_label(wheels, requested, excluded)
        key = (wheels[0].source, *(wheel.url for wheel in one_each.values()))
        if key not in self._read:
            is_ahead = _key_of(wheels[0]) in self._ahead
            start = time.monotonic()
            try:
                self._read[key] = self._combine(one_each, transport)
            except VariantError as error:
                self._read[key] = error
            if not is_ahead:
                self.seconds = time.monotonic() - start
        result = self._read[key]
        if isinstance(result, VariantError):
            raise result
        return result

    def documents(self, wheels: Sequence[RemoteFile]) -> tuple[object, ...]:
        """Return the parsed documents that describe variant wheels of one version on one source.

        First that of the index, then those of the wheels whose labels it does not list. All have
        been read before, and no request is sent.
        """
        file = self._files.get(_key_of(wheels[0]))
        labels = _Labels(file if isinstance(file, IndexFile) else None)
        found = []
        if labels.file is not None and labels.file.metadata is not None:
            labels.metadata = labels.file.metadata
            found.append(labels.file.document)
        for label, wheel in _one_of_each_label(wheels, None, ()).items():
            content = self.wheels.known(wheel.url).get(VARIANT_JSON)
            if content is not None and not labels.is_known(label):
                found.append(parse(content))
        return tuple(found)

    def read_ahead(
        self, wheels: Sequence[RemoteFile], transport: Transport, workers: Workers
    ) -> None:
        """Start to fetch the index-level file of a version in the background, if there is one."""
        key = _key_of(wheels[0])
        file = self._listed.get(key)
        if file is not None and key not in self._files and key not in self._ahead:
            self._ahead[key] = Prefetch(partial(fetch, file, transport, self._cache), workers)

    def _content(self, key: Key, file: RemoteFile, transport: Transport) -> bytes:
        """Return the content of an index-level file, which may have been fetched ahead."""
        ahead = self._ahead.pop(key, None)
        return ahead.result() if ahead is not None else fetch(file, transport, self._cache)

    def _index_file(self, wheel: RemoteFile, transport: Transport) -> IndexFile | None:
        """Return the index-level file of the version of a wheel, which is read once, or None.

        Raise FetchError if it has a revision that is not supported.
        """
        key = _key_of(wheel)
        if key not in self._files:
            file = self._listed.get(key) or _local_file(wheel)
            self._files[key] = self._read_file(key, file, transport) if file is not None else None
        found = self._files[key]
        if isinstance(found, VariantError):
            raise found
        return found

    def _read_file(
        self, key: Key, file: RemoteFile, transport: Transport
    ) -> IndexFile | FetchError:
        try:
            document = parse(self._content(key, file, transport))
            metadata, invalid = read_valid_entries(document)
        except UnsupportedRevisionError as error:
            return FetchError(f"{file.filename}: {error}")
        except VariantError as error:
            return IndexFile(file, error=str(error))
        return IndexFile(file, metadata, without_entries(table(document, ""), invalid), invalid)

    def _combine(
        self, one_each: Mapping[Label, RemoteFile], transport: Transport
    ) -> SourceMetadata:
        """Return the index-level metadata with the labels that only wheels describe."""
        file = self._index_file(next(iter(one_each.values())), transport)
        labels = _Labels(file)
        if file is not None:
            invalid = file.invalid_labels
            labels.metadata = file.metadata
            labels.failures = {label: invalid[label] for label in one_each if label in invalid}
        for label, wheel in one_each.items():
            if labels.is_known(label) or len(wheel.filename) > LONGEST_FILENAME:
                continue
            if labels.failed is not None:
                labels.unread[label] = labels.failed
                continue
            try:
                own = self.wheels.own_variant(wheel, transport)
            except VariantError as error:
                labels.reject(label, error)
            else:
                labels.add(label, wheel.filename, own.metadata)
        return labels.result(one_each)


def _one_of_each_label(
    wheels: Sequence[RemoteFile], requested: Label | None, excluded: Collection[Label]
) -> dict[Label, RemoteFile]:
    """Return the first wheel of each label: the requested first, the excluded last, by name."""
    found: dict[Label, RemoteFile] = {}
    for wheel in wheels:
        if wheel.label is not None:
            found.setdefault(wheel.label, wheel)

    def rank(item: tuple[Label, RemoteFile]) -> tuple[bool, bool, str]:
        label, wheel = item
        return label in excluded, label != requested, wheel.filename

    return dict(sorted(found.items(), key=rank))


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
