"""URLs that the user gives, or that a file of requirements has."""

from __future__ import annotations

import re
from typing import NoReturn
from urllib.parse import urlsplit

from pip._internal.exceptions import InstallationError

from .printing import quoted
from .requirement_texts import check_length

_QUOTATION = re.compile(r"""['"].*['"]""", re.DOTALL)
"""What an error repeats of a URL, perhaps a part of its password."""
_EMPTY_HASH = re.compile(r"[#&](sha512|sha384|sha256|sha224|sha1|md5)=\s*(?:[&;]|$)")


class NonLocalError(InstallationError, ValueError):
    """A ``file:`` URL names a file of another machine, for which pip itself raises ValueError."""


def refuse_host(url: str) -> NoReturn:
    """Raise NonLocalError for a ``file:`` URL with a host."""
    problem = "non-local file URIs are not supported on this platform"
    raise NonLocalError(f"{problem}: {shown_location(url)}")


def check_requirement(text: str) -> None:
    """Raise InstallationError for a requirement that is too long, or is or has an invalid URL.

    One with an empty hash is invalid, too: who writes a hash expects that it is checked.
    """
    check_length(text)
    check_urls(text)
    if empty := "://" in text and _EMPTY_HASH.search(text):
        raise InstallationError(f"{shown_location(text)} has an empty {empty[1]} hash.")


def check_urls(*locations: str) -> None:
    """Raise InstallationError for a location that is an invalid URL; a path is none."""
    for location in locations:
        try:
            _ = urlsplit(location).port
        except ValueError as error:
            problem = quoted(_QUOTATION.sub("...", str(error)))
            raise InstallationError(
                f"{shown_location(location)} is not a valid URL: {problem}"
            ) from None


def shown_location(location: str) -> str:
    """Return an invalid URL in quotes, without the password that is before its last @."""
    scheme, _, rest = location.partition("//")
    shown = f"{scheme}//{rest.rpartition('@')[2]}" if rest else location
    return quoted(shown)
