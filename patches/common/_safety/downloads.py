"""Files that a server sends: under which name one is saved, and whether a part continues it."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING

from pip._internal.exceptions import InstallationError
from pip._internal.models.link import Link
from pip._vendor.requests.models import Response

from .paths import is_file_name
from .printing import quoted

if TYPE_CHECKING:
    from hashlib import _Hash

_PARTIAL_CONTENT = 206
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")


def file_path(folder: str, name: str, link: Link) -> str:
    """Return the path in ``folder`` under which the file of a link is saved.

    Raise InstallationError if ``name``, which a URL or a header of the server gave, would leave it.
    """
    if not is_file_name(name):
        raise InstallationError(
            f"{link} would be saved as {name!r}, which is not the name of a file."
        )
    return os.path.join(folder, name)


def check_project(link: Link, found: str, requested: str | None) -> None:
    """Raise InstallationError if the wheel of a link is not one of the requested project."""
    if found != requested:
        raise InstallationError(f"{link} is a wheel of {found!r}, and not of {requested!r}.")


def continues(response: Response, offset: int, total: int) -> bool:
    """Return whether the body is all of a file of ``total`` bytes from ``offset`` on.

    A response to a range request may be another part of the file, or a part of another file. Where
    the server does not say which, the length must be right.
    """
    if response.status_code != _PARTIAL_CONTENT:
        return False
    content_range = response.headers.get("content-range")
    length = response.headers.get("content-length")
    missing = str(total - offset)
    if content_range is None:
        return bool(length == missing)
    found = _RANGE.fullmatch(content_range.strip())
    if found is None or (int(found[1]), int(found[2])) != (offset, total - 1):
        return False
    return found[3] in {"*", str(total)} and length in {None, missing}


def new_hash(name: str) -> _Hash:
    """Return a hash of nothing yet; raise InstallationError if it is none, or has no fixed length.

    Pages, locks and requirements name it.
    """
    try:
        found = hashlib.new(name)
    except (ValueError, TypeError):
        found = None
    if found is None or not found.digest_size:
        raise InstallationError(f"Unknown hash name: {quoted(name)}")
    return found
