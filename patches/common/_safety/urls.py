"""URLs that the user gives, or that a file of requirements has."""

from __future__ import annotations

from urllib.parse import urlsplit

from pip._internal.exceptions import InstallationError

_LONGEST_SHOWN = 200


def check_urls(*locations: str) -> None:
    """Raise InstallationError for a location that is an invalid URL; a path is none."""
    for location in locations:
        try:
            _ = urlsplit(location).port
        except ValueError as error:
            problem = f"{shown_url(location)} is not a valid URL: {str(error)!a}"
            raise InstallationError(problem) from None


def shown_url(location: str) -> str:
    """Return an invalid URL in quotes, without the password that is before its last @."""
    scheme, _, rest = location.partition("//")
    shown = f"{scheme}//{rest.rpartition('@')[2]}" if rest else location
    return ascii(f"{shown[:_LONGEST_SHOWN]}..." if len(shown) > _LONGEST_SHOWN else shown)
