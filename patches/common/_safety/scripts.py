"""The scripts that pip writes for the entry points of a wheel: files in one folder, no paths."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pip._internal.exceptions import InstallationError
from pip._vendor.distlib import DistlibException
from pip._vendor.distlib.util import get_export_entry

from .paths import is_file_name


@contextmanager
def reading_entry_points(wheel_path: str) -> Iterator[None]:
    """Raise InstallationError if the entry points of a wheel cannot be read."""
    try:
        yield
    except (TypeError, ValueError, AttributeError):
        name = os.path.basename(wheel_path)
        raise InstallationError(f"{name} has an entry_points.txt that is not valid.") from None


def check_scripts(wheel_path: str, *groups: Mapping[str, str]) -> None:
    """Raise InstallationError unless every script has a name that stays in the scripts folder.

    It is printable, because pip prints it. Each of ``groups`` maps names to object references, as
    ``entry_points.txt`` does. distlib, which writes the scripts, reads name and reference again out
    of one text; its reading counts too.
    """
    wheel = os.path.basename(wheel_path)
    for name, reference in (item for group in groups for item in group.items()):
        if not is_file_name(name):
            raise InstallationError(
                f"{wheel} has a script named {name!r}, which is not the name of a file;"
                " nothing is written outside the scripts directory."
            )
        if not (name + reference).isprintable():
            raise InstallationError(
                f"{wheel} has a script named {name!r} with the reference {reference!r}, which"
                " cannot be printed."
            )
        written = _written_name(f"{name} = {reference}")
        if written is None:
            raise InstallationError(
                f"{wheel} has a script named {name!r} with the invalid reference {reference!r}."
            )
        if not is_file_name(written):
            raise InstallationError(
                f"{wheel} has a script named {name!r} whose reference names it {written!r}, which"
                " is not the name of a file."
            )


def _written_name(specification: str) -> str | None:
    """Return the name under which distlib writes a script, or None if it cannot read the text."""
    try:
        entry = get_export_entry(specification)  # type: ignore[no-untyped-call]
    except DistlibException:
        return None
    return None if entry is None else str(entry.name)
