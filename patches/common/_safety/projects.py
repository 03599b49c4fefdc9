"""Files that describe a project or a script: what is wrong with one is an error about it."""

from __future__ import annotations

import os
import re
import sys
from typing import IO, Any

from pip._internal.exceptions import InstallationError

from .printing import printable
from .requirement_files import content_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib

_BACKEND = re.compile(r"\w+(\.\w+)*(:\w+(\.\w+)*)?")


class InvalidProjectError(InstallationError):
    """A pyproject.toml cannot be used."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"Error parsing {printable(name)}: {reason}")


def document_of(file: IO[bytes]) -> dict[str, Any]:
    """Return the content of a TOML file; raise InstallationError."""
    return _document(content_of(file), file.name)


def script_of(path: str) -> str:
    """Return the source of a script; raise InstallationError if it is not UTF-8, or OSError."""
    with open(path, "rb") as file:
        source = _text(content_of(file), path)
    return source.replace("\r\n", "\n").replace("\r", "\n")


def check_script(metadata: dict[str, Any], path: str) -> None:
    """Raise InstallationError if what a script requires is of another type (PEP 723)."""
    requires = metadata.get("dependencies", [])
    if not (isinstance(requires, list) and all(isinstance(item, str) for item in requires)):
        raise InvalidProjectError(path, "its dependencies are not a list of strings")
    if not isinstance(metadata.get("requires-python", ""), str):
        raise InvalidProjectError(path, "its requires-python is not a string")


def build_system_of(path: str, requirement: str) -> dict[str, Any] | None:
    """Return the table of a pyproject.toml that says how to build it, or None.

    Raise InstallationError if it is invalid (PEP 517, PEP 518), but for what pip itself checks.
    """
    name = f"pyproject.toml of {requirement}"
    with open(path, "rb") as file:
        table = _document(content_of(file), name).get("build-system")
    if table is None:
        return None
    if not isinstance(table, dict):
        raise InvalidProjectError(name, "its build-system is not a table")
    backend, places = table.get("build-backend", "x"), table.get("backend-path", [])
    if not (isinstance(backend, str) and _BACKEND.fullmatch(backend)):
        raise InvalidProjectError(name, "its build-backend does not name an object of a module")
    folder = os.path.abspath(os.path.dirname(path))
    if not (isinstance(places, list) and all(_is_inside(folder, place) for place in places)):
        raise InvalidProjectError(name, "its backend-path is not a list of folders of the project")
    return table


def _is_inside(folder: str, place: object) -> bool:
    if not isinstance(place, str) or "\0" in place or os.path.isabs(place):
        return False
    target = os.path.abspath(os.path.join(folder, place))
    return os.path.commonpath([folder, target]) == folder


def _document(content: bytes, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(content, name))
    except RecursionError:
        raise InvalidProjectError(name, "it is nested too deeply") from None
    except ValueError as error:
        raise InvalidProjectError(name, printable(str(error))) from None


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise InvalidProjectError(name, "it is not UTF-8") from None
