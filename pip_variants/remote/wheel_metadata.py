"""Files in the ``*.dist-info`` of a wheel on a server, read by range requests."""

from __future__ import annotations

import io
from collections.abc import Sequence

from pip_variants.core.decision import SelectedVariant
from pip_variants.core.errors import FetchError
from pip_variants.formats.variant_json import VARIANT_JSON
from pip_variants.formats.wheel_archive import (
    archive_errors,
    local_members,
    read_members,
    variant_in,
)

from .fetch import fetch
from .transport import RangesUnsupportedError, RemoteFile, Transport, TransportError


def own_variant(wheel: RemoteFile, transport: Transport, *, whole: bool = False) -> SelectedVariant:
    """Return the variant that the ``variant.json`` of a wheel describes.

    Raise FetchError if the wheel cannot be read, and MetadataError if the file in it is missing,
    invalid, or has another label than the file name.
    """
    members = dist_info(wheel, transport, VARIANT_JSON, whole=whole)
    return variant_in(wheel.filename, members, wheel.label)


def dist_info(
    wheel: RemoteFile, transport: Transport, *names: str, whole: bool = False
) -> dict[str, bytes]:
    """Return, by name, those of the files ``names`` that are in the ``*.dist-info`` of a wheel.

    If the server does not support range requests, a small wheel is fetched whole if ``whole`` is
    true. Raise FetchError if the wheel cannot be read, and MetadataError if it is not a valid
    archive.
    """
    if wheel.path is not None:
        return local_members(wheel.path, names)
    with archive_errors(wheel.filename):
        try:
            return _members(wheel, transport, names, whole=whole)
        except TransportError as error:
            raise FetchError(f"{wheel.filename}: cannot be read: {error}") from None


def _members(
    wheel: RemoteFile, transport: Transport, names: Sequence[str], *, whole: bool
) -> dict[str, bytes]:
    try:
        with transport.open_ranges(wheel.url) as file:
            return read_members(file, names)
    except RangesUnsupportedError:
        problem = f"{wheel.filename}: its server does not support range requests"
        if not whole:
            raise FetchError(problem) from None
    try:
        return read_members(io.BytesIO(fetch(wheel, transport)), names)
    except FetchError as error:
        raise FetchError(f"{problem}, and the whole file is {error}") from None
