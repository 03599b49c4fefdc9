"""Requirements, markers and specifiers as text, whose cost is that of the longest that is read."""

from __future__ import annotations

from typing import NoReturn

from pip._internal.exceptions import InstallationError, InvalidWheelFilename
from pip._vendor.packaging.markers import InvalidMarker, Marker
from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
from pip._vendor.packaging.specifiers import InvalidSpecifier, SpecifierSet
from pip._vendor.packaging.utils import InvalidWheelFilename as InvalidName
from pip._vendor.packaging.version import InvalidVersion

from .printing import quoted

LONGEST = 64 * 1024
"""Characters of one; the longest that are published have some hundred."""
LONGEST_VERSION = 512
"""Characters of a version, a specifier, a build number and the name of a wheel.

Python reads no number of more than 4,300 digits, 640 if that is set; no file system has a name of
more than 255 characters.
"""

_TOO_LONG = f"it has more than {LONGEST:,} characters"


class TooLongError(
    InvalidVersion, InvalidSpecifier, InvalidRequirement, InvalidName, InvalidWheelFilename
):
    """A version is too long, wherever it is: to each caller what it expects of an invalid one."""


def refuse(what: str, text: object) -> NoReturn:
    """Raise TooLongError for a text of more than LONGEST_VERSION characters."""
    problem = f"it has more than {LONGEST_VERSION} characters"
    raise TooLongError(f"Invalid {what}: {quoted(str(text))}: {problem}")


def requirement_of(text: str) -> Requirement:
    """Return a requirement; raise InvalidRequirement, also if it is too long, or has lines."""
    if len(text) > LONGEST:
        raise InvalidRequirement(f"{quoted(text)}: {_TOO_LONG}")
    if "\n" in text.strip():  # packaging prints them
        raise InvalidRequirement(f"{quoted(text)}: it has more than one line")
    return Requirement(text)


def specifiers_of(text: str) -> SpecifierSet:
    """Return specifiers of versions; raise InvalidSpecifier, also if they are too long."""
    if len(text) > LONGEST:
        raise InvalidSpecifier(f"{quoted(text)}: {_TOO_LONG}")
    return SpecifierSet(text)


def check_length(requirement: str) -> None:
    """Raise InstallationError if a requirement of the user is too long."""
    if len(requirement) > LONGEST:
        raise InstallationError(f"Invalid requirement: {quoted(requirement)}: {_TOO_LONG}")


def marker_of(text: str, requirement: str) -> Marker:
    """Return the marker of a requirement; raise InstallationError if it is invalid."""
    try:
        return Marker(text)
    except InvalidMarker as error:
        name = requirement.strip()
        raise InstallationError(f"Invalid requirement: {name!r}: {error}") from None
