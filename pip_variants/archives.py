"""``variant.json`` in a wheel, on a disk or far away (PEP 825, "Variant metadata in wheels")."""

from __future__ import annotations

import io
import zipfile
import zlib
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


def own_metadata(link: Link, session: PipSession, *, whole: bool = False) -> Metadata:
    """Return ``variant.json`` of one wheel, by range requests if it lies on a server.

    On a server without those, a small wheel is fetched as it is if ``whole`` allows it. Raise
    FetchError if the wheel, or a part of it, cannot be had; MetadataError if the file in it is
    missing, broken, or has another label than the name.
    """
    try:
        if link.is_file:
            with Path(link.file_path).open("rb") as file:
                text = _variant_json(file)
        else:
            text = _remote_variant_json(link, session, whole=whole)
    except (zipfile.BadZipFile, RuntimeError, EOFError, zlib.error) as error:
        raise MetadataError("", f"{link.filename}: {quoted(str(error))}") from None
    except (NetworkConnectionError, RequestException, HTTPError, OSError) as error:
        raise FetchError(f"{link.filename}: cannot be read: {network_reason(error)}") from None
    try:
        found = read_text(text)
    except MetadataError as error:
        raise MetadataError("", f"{link.filename}: variant.json: {error}") from None
    check_own_label(link.filename, found)
    return found


def _remote_variant_json(link: Link, session: PipSession, *, whole: bool) -> bytes:
    try:
        with LazyZipOverHTTP(link.url.split("#", 1)[0], session) as lazy:
            return _variant_json(cast("IO[bytes]", lazy))
    # The others are what pip's reader of remote archives makes of an answer it does not expect.
    except (HTTPRangeRequestUnsupported, KeyError, ValueError, AssertionError):
        problem = f"{link.filename}: its server has no range requests"
        if not whole:
            raise FetchError(problem) from None
        try:
            return _variant_json(io.BytesIO(fetch(link, session)))
        except FetchError as error:
            raise FetchError(f"{problem}, and the whole file is {error}") from None


def check_own_label(filename: str, metadata: Metadata) -> None:
    """Raise MetadataError unless a wheel's own metadata has just the label of its name."""
    labels = [variant.label for variant in metadata.variants]
    if labels != [label_of(filename)]:
        listed = ", ".join(labels[:3]) or "none"
        problem = f"{filename}: variant.json must have just the label of the name, not {listed}"
        raise MetadataError("", problem)


def _variant_json(file: IO[bytes]) -> bytes:
    with zipfile.ZipFile(file) as wheel:
        entries = [
            entry
            for entry in wheel.infolist()
            if entry.filename.endswith(".dist-info/variant.json") and entry.filename.count("/") == 1
        ]
        if len(entries) != 1:
            raise zipfile.BadZipFile("no variant.json in it" if not entries else "two variant.json")
        if entries[0].file_size > MAX_BYTES:
            raise zipfile.BadZipFile("its variant.json is too large")
        if entries[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise zipfile.BadZipFile("its variant.json is not packed as in a wheel")
        return wheel.read(entries[0])
