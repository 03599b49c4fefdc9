"""Where metadata comes from: the combined file of a source, or ``variant.json`` in its wheels.

PEP 825, "Index-level metadata". Everything goes through pip's own session, and every document is
read once a process. Metadata of two sources is never mixed: what belongs together is told apart by
the page that listed it, or by its folder.
"""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from pip._internal.exceptions import HashMismatch, NetworkConnectionError
from pip._internal.models.link import Link
from pip._internal.network.lazy_wheel import HTTPRangeRequestUnsupported, LazyZipOverHTTP
from pip._internal.network.utils import HEADERS, raise_for_status, response_chunks
from pip._vendor.packaging.utils import canonicalize_name
from pip._vendor.packaging.version import Version
from pip._vendor.requests.exceptions import RequestException, Timeout
from pip._vendor.urllib3.exceptions import HTTPError

from .errors import FetchError, MetadataError, VariantError, quoted
from .filenames import label_of, metadata_filename
from .metadata import Metadata, merged
from .properties import NULL_LABEL
from .readers import read_text

if TYPE_CHECKING:
    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.network.session import PipSession

MAX_BYTES = 16 * 1024 * 1024
"""The largest document that is read; the largest on real indexes has some 100 kB."""

_SUFFIX = "-variants.json"

Key = tuple[str, str, str]
"""Source, normalised project and version."""


def session_of(finder: PackageFinder) -> PipSession:
    """Return the session by which a finder of pip's fetches pages."""
    return finder._link_collector.session  # noqa: SLF001 - pip has no public way to it


def source_of(link: Link) -> str:
    """Return what tells the sources of files apart: the page that listed it, or its folder."""
    page = link.comes_from
    return page if isinstance(page, str) and page else link.url.rsplit("/", 1)[0] + "/"


class Sources:
    """The metadata of every version that was looked at, by source."""

    def __init__(self) -> None:
        self._listed: dict[Key, Link] = {}
        self._read: dict[Key, Metadata | VariantError] = {}

    def note(self, link: Link) -> None:
        """Remember a ``*-variants.json`` that a page lists; nothing is fetched."""
        name, _, version = link.filename.removesuffix(_SUFFIX).rpartition("-")
        key = _key(source_of(link), name, version)
        if key is not None:
            self._listed[key] = link

    def metadata(self, wheels: Sequence[Link], session: PipSession) -> Metadata:
        """Return the metadata for variant wheels of one version on one source.

        Raise a VariantError, the same one each time, if it is broken or cannot be had.
        """
        key = cast("Key", _key(source_of(wheels[0]), *wheels[0].filename.split("-", 2)[:2]))
        if key not in self._read:
            try:
                self._read[key] = self._fetch(key, wheels, session)
            except VariantError as error:
                self._read[key] = error
        found = self._read[key]
        if isinstance(found, VariantError):
            raise found
        return found

    def _fetch(self, key: Key, wheels: Sequence[Link], session: PipSession) -> Metadata:
        link = self._listed.get(key) or _beside(wheels[0])
        if link is None:
            return _from_wheels(wheels, session)
        try:
            combined = read_text(fetch(link, session))
        except VariantError as error:
            raise FetchError(f"{link.filename}: {error}") from None
        return _completed(combined, wheels, session)


def fetch(link: Link, session: PipSession) -> bytes:
    """Return the bytes of a small file, verified by the hash of its link if that has one.

    Raise FetchError in one sentence for whatever the network or the file system does.
    """
    # Such a file changes whenever a label is added, at the same address.
    headers = {**HEADERS, "Cache-Control": "max-age=0"}
    try:
        response = session.get(link.url.split("#", 1)[0], headers=headers, stream=True)
        with response:
            raise_for_status(response)
            body = bytearray()
            for chunk in response_chunks(response):
                body += chunk
                if len(body) > MAX_BYTES:
                    raise FetchError(f"larger than {MAX_BYTES // (1024 * 1024)} MiB")
        _check_length(response.headers.get("Content-Length"), len(body))
        if link.has_hash:
            link.as_hashes().check_against_chunks(iter([bytes(body)]))
    except HashMismatch:
        raise FetchError("its hash differs from the one that its link gives") from None
    except NetworkConnectionError as error:
        status = error.response.status_code if error.response is not None else "no"
        raise FetchError(f"the server answered with status {status}") from None
    except (RequestException, HTTPError, OSError) as error:
        raise FetchError(f"cannot be fetched: {_reason(error)}") from None
    return bytes(body)


def _reason(error: Exception) -> str:
    """Return the last link in the chain of reasons that requests and urllib3 wrap around one."""
    if isinstance(error, Timeout):
        return "the server did not answer in time"
    inner = getattr(error.args[0], "reason", None) if error.args else None
    return quoted(str(inner or error).rsplit(": ", 1)[-1])


def own_metadata(link: Link, session: PipSession) -> Metadata:
    """Return ``variant.json`` of one wheel, by range requests if it lies on a server.

    Raise FetchError if the wheel, or a part of it, cannot be had; MetadataError if the file in it
    is missing, broken, or has another label than the name.
    """
    try:
        if link.is_file:
            with Path(link.file_path).open("rb") as file:
                text = _variant_json(file)
        else:
            with LazyZipOverHTTP(link.url.split("#", 1)[0], session) as lazy:
                text = _variant_json(cast("IO[bytes]", lazy))
    except HTTPRangeRequestUnsupported:
        raise FetchError(f"{link.filename}: its server has no range requests") from None
    except (KeyError, ValueError, AssertionError):
        # What pip's reader of remote archives makes of an answer that it does not expect.
        raise FetchError(f"{link.filename}: its server gives no parts of files") from None
    except (zipfile.BadZipFile, RuntimeError, EOFError, zlib.error) as error:
        raise MetadataError("", f"{link.filename}: {quoted(str(error))}") from None
    except (NetworkConnectionError, RequestException, HTTPError, OSError) as error:
        raise FetchError(f"{link.filename}: cannot be read: {_reason(error)}") from None
    try:
        found = read_text(text)
    except MetadataError as error:
        raise MetadataError("", f"{link.filename}: variant.json: {error}") from None
    check_own_label(link.filename, found)
    return found


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


def _completed(combined: Metadata, wheels: Sequence[Link], session: PipSession) -> Metadata:
    """Return ``combined`` with the labels that it leaves out, as their wheels describe them.

    A wheel that cannot say so, or that contradicts the combined file, stays out.
    """
    known = {NULL_LABEL, *(variant.label for variant in combined.variants)}
    missing = {label_of(link.filename): link for link in wheels}
    for label in sorted(label for label in missing if label is not None and label not in known):
        with contextlib.suppress(VariantError):
            combined = merged(combined, own_metadata(missing[label], session))
    return combined


def _from_wheels(wheels: Sequence[Link], session: PipSession) -> Metadata:
    """Return what one wheel of each label says of itself, merged in a fixed order."""
    one_each = {label_of(link.filename): link for link in wheels}
    links = sorted(one_each.values(), key=lambda link: link.filename)
    found = own_metadata(links[0], session)
    for link in links[1:]:
        found = merged(found, own_metadata(link, session))
    return found


def _beside(wheel: Link) -> Link | None:
    """Return the combined file that lies beside a local wheel, which no page lists."""
    if not wheel.is_file or wheel.comes_from:
        return None
    path = Path(wheel.file_path).with_name(metadata_filename(wheel.filename))
    return Link(path.as_uri()) if path.is_file() else None


def _check_length(declared: object, received: int) -> None:
    if declared is not None and str(declared) != str(received):
        raise FetchError(f"truncated: {received} of {quoted(declared)} bytes arrived")


def _key(source: str, name: str, version: str) -> Key | None:
    try:
        return source, canonicalize_name(name), str(Version(version))
    except ValueError:  # InvalidVersion, or a number of thousands of digits
        return None
