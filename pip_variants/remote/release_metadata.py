"""The variant metadata of one version on one source (PEP 825, "Index-level metadata").

It is read from the index-level file; labels that this does not list, or all of them if it cannot be
read, from ``variant.json`` in one wheel each. Metadata of two sources is never mixed: files belong
together if one page or one folder lists them.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import cast

from pip._vendor.packaging.utils import canonicalize_name
from pip._vendor.packaging.version import Version

from pip_variants.core.errors import FetchError, VariantError
from pip_variants.core.filenames import LONGEST_FILENAME, METADATA_SUFFIX, metadata_filename
from pip_variants.core.metadata import SourceMetadata
from pip_variants.core.properties import Label
from pip_variants.formats.reader import parse
from pip_variants.formats.variant_json import VARIANT_JSON
from pip_variants.system.content_cache import ContentCache
from pip_variants.system.workers import Workers

from .fetch import fetch
from .index_file import IndexFile, read_index_file
from .known_labels import KnownLabels
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

    def add_inlined(self, wheels: Iterable[RemoteFile], file: IndexFile | FetchError) -> None:
        """Use what a lock inlines in place of the index-level file of the versions of wheels."""
        self._files.update((_key_of(wheel), file) for wheel in wheels)

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
        labels = KnownLabels(file if isinstance(file, IndexFile) else None)
        found = []
        if labels.file is not None and labels.file.metadata is not None:
            labels.metadata = labels.file.metadata
            found.append(labels.file.document)
        for label, wheel in _one_of_each_label(wheels, None, ()).items():
            content = self.wheels.known(wheel.url).get(VARIANT_JSON)
            if content is not None and not labels.is_known(label):
                found.append(parse(content))
        return tuple(found)

    def published(self, wheel: RemoteFile, transport: Transport) -> bytes | None:
        """Return the index-level file of the version of a wheel as its index has it.

        It is None if none has been read, or if that cannot be used. Raise FetchError.
        """
        found = self._files.get(_key_of(wheel))
        if not isinstance(found, IndexFile) or found.metadata is None or found.is_inlined:
            return None
        return fetch(found.file, transport, self._cache)

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
        except VariantError as error:
            return IndexFile(file, error=str(error))
        return read_index_file(file, document)

    def _combine(
        self, one_each: Mapping[Label, RemoteFile], transport: Transport
    ) -> SourceMetadata:
        """Return the index-level metadata with the labels that only wheels describe."""
        file = self._index_file(next(iter(one_each.values())), transport)
        labels = KnownLabels(file)
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
