"""Requirements, markers and specifiers as text, whose cost is that of the longest that is read."""

from __future__ import annotations

from pip._internal.exceptions import InstallationError
from pip._vendor.packaging.markers import InvalidMarker, Marker
from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
from pip._vendor.packaging.specifiers import InvalidSpecifier, SpecifierSet

from .failures import quoted

LONGEST = 64 * 1024
"""Characters of one; the longest that are published have some hundred."""

_TOO_LONG = f"it has more than {LONGEST:,} characters"


def requirement_of(text: str) -> Requirement:
    """Return a requirement; raise InvalidRequirement, also if it is too long."""
    if len(text) > LONGEST:
        raise InvalidRequirement(f"{quoted(text)}: {_TOO_LONG}")
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
