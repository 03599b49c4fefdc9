"""Markers of requirements that the user gives."""

from __future__ import annotations

from pip._internal.exceptions import InstallationError
from pip._vendor.packaging.markers import InvalidMarker, Marker


def marker_of(text: str, requirement: str) -> Marker:
    """Return the marker of a requirement; raise InstallationError if it is invalid."""
    try:
        return Marker(text)
    except InvalidMarker as error:
        name = requirement.strip()
        raise InstallationError(f"Invalid requirement: {name!r}: {error}") from None
