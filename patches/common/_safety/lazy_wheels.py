"""METADATA that pip reads out of a wheel by range requests: an attempt, for which a download is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeVar

from pip._internal.exceptions import MetadataInconsistent
from pip._internal.network.lazy_wheel import HTTPRangeRequestUnsupported
from pip._vendor.requests.models import Response

_PARTIAL_CONTENT = 206
_MOST_TRIES = 2

_Found = TypeVar("_Found")


def attempted(read: Callable[..., _Found], *args: object) -> _Found:
    """Return what is read by range requests; raise HTTPRangeRequestUnsupported if it cannot be.

    Whatever is wrong with the server, the ordinary download reports it.
    """
    try:
        return read(*args)
    except (HTTPRangeRequestUnsupported, MetadataInconsistent):
        raise
    except Exception as error:
        raise HTTPRangeRequestUnsupported(str(error)) from error


def first_tries(starts: Iterator[int]) -> Iterator[int]:
    """Yield where to begin to read, from the end on, until it is clear that this is no archive.

    The end of a zip archive is there at the first, and with a long comment at the second.
    """
    return islice(starts, _MOST_TRIES)


def check_part(response: Response, start: int, end: int) -> None:
    """Raise HTTPRangeRequestUnsupported unless a response has these bytes, the last included."""
    found = response.headers.get("Content-Range", "").partition("/")[0]
    if response.status_code != _PARTIAL_CONTENT or found != f"bytes {start}-{end}":
        response.close()  # type: ignore[no-untyped-call]
        raise HTTPRangeRequestUnsupported("another part was sent than was requested")
