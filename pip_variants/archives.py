"""``variant.json`` in a wheel, on a disk or far away (PEP 825, "Variant metadata in wheels")."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from pip._internal.exceptions import NetworkConnectionError
from pip._internal.network.lazy_wheel import HTTPRangeRequestUnsupported, LazyZipOverHTTP
from pip._vendor.requests.exceptions import RequestException
from pip._vendor.urllib3.exceptions import HTTPError

from .errors import FetchError, MetadataError, quoted
from .fetching import MAX_BYTES, fetch, network_reason
from .filenames import label_of
from .readers import read_text

if TYPE_CHECKING:
    from pip._internal.models.link import Link
    from pip._internal.network.session import PipSession

    from .metadata import Metadata


VARIANT_JSON = "variant.json"


def own_metadata(link: Link, session: PipSession, *, whole: bool = False) -> Metadata:
    """Return ``variant.json`` of one wheel, by range requests if it lies on a server.

    On a server without those, a small wheel is fetched as it is if ``whole`` allows it. Raise
    FetchError if the wheel, or a part of it, cannot be had; MetadataError if the file in it is
    missing, broken, or has another label than the name.
    """
    if link.is_file:
        return local_metadata(Path(link.file_path))
    return _described(link.filename, dist_info(link, session, VARIANT_JSON, whole=whole))


def local_metadata(path: Path) -> Metadata:
    """Return ``variant.json`` of a wheel on a disk; raise as ``own_metadata``."""
    with _readable(path.name), path.open("rb") as file:
        found = _members(file, (VARIANT_JSON,))
    return _described(path.name, found)


def dist_info(
    link: Link, session: PipSession, *names: str, whole: bool = False
) -> dict[str, bytes]:
    """Return those of the files ``names`` that a wheel has in its ``*.dist-info``, by name.

    Raise FetchError if the wheel cannot be had, MetadataError if it is no archive of that kind.
    """
    with _readable(link.filename):
        if link.is_file:
            with Path(link.file_path).open("rb") as file:
                return _members(file, names)
        return _remote_members(link, session, names, whole=whole)


@contextmanager
def _readable(filename: str) -> Iterator[None]:
    """Make one of our errors of whatever reading the archive ``filename`` raises."""
    try:
        yield
    except (zipfile.BadZipFile, RuntimeError, EOFError, zlib.error) as error:
        raise MetadataError("", f"{filename}: {quoted(str(error))}") from None
    except (NetworkConnectionError, RequestException, HTTPError, OSError) as error:
        raise FetchError(f"{filename}: cannot be read: {network_reason(error)}") from None


def _described(filename: str, found: Mapping[str, bytes]) -> Metadata:
    """Return the metadata of a wheel with these files; raise MetadataError if they are not good."""
    if VARIANT_JSON not in found:
        raise MetadataError("", f"{filename}: {quoted(f'no {VARIANT_JSON} in it')}")
    try:
        metadata = read_text(found[VARIANT_JSON])
    except MetadataError as error:
        raise MetadataError("", f"{filename}: {VARIANT_JSON}: {error}") from None
    check_own_label(filename, metadata)
    return metadata


def _remote_members(
    link: Link, session: PipSession, names: Sequence[str], *, whole: bool
) -> dict[str, bytes]:
    try:
        with LazyZipOverHTTP(link.url.split("#", 1)[0], session) as lazy:
            return _members(cast("IO[bytes]", lazy), names)
    # The others are what pip's reader of remote archives makes of an answer it does not expect.
    except (HTTPRangeRequestUnsupported, KeyError, ValueError, AssertionError):
        problem = f"{link.filename}: its server has no range requests"
        if not whole:
            raise FetchError(problem) from None
        try:
            return _members(io.BytesIO(fetch(link, session)), names)
        except FetchError as error:
            raise FetchError(f"{problem}, and the whole file is {error}") from None


def check_own_label(filename: str, metadata: Metadata) -> None:
    """Raise MetadataError unless a wheel's own metadata has just the label of its name."""
    labels = [variant.label for variant in metadata.variants]
    if labels != [label_of(filename)]:
        listed = ", ".join(labels[:3]) or "none"
        problem = f"{filename}: {VARIANT_JSON} must have just the label of the name, not {listed}"
        raise MetadataError("", problem)


def _members(file: IO[bytes], names: Sequence[str]) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as wheel:
        found: dict[str, zipfile.ZipInfo] = {}
        for entry in wheel.infolist():
            folder, _, name = entry.filename.rpartition("/")
            if name not in names or "/" in folder or not folder.endswith(".dist-info"):
                continue
            if name in found:
                raise zipfile.BadZipFile(f"two {name}")
            if entry.file_size > MAX_BYTES:
                raise zipfile.BadZipFile(f"its {name} is too large")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise zipfile.BadZipFile(f"its {name} is not packed as in a wheel")
            found[name] = entry
        return {name: wheel.read(entry) for name, entry in found.items()}
