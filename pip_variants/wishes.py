"""What the user wants of a project: ``--variant NAME=LABEL``, ``NAME#LABEL`` in a requirement."""

from __future__ import annotations

import re

from pip._vendor.packaging.utils import canonicalize_name

from .errors import RequestError, quoted
from .process import process
from .properties import is_label

_is_project = re.compile(r"[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]").fullmatch
_requirement = re.compile(
    r"(?P<front>\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]#/]*\])?[^#/@;]*?)"
    r"#(?P<label>[^\s;]*)(?P<back>\s*(?:;.*)?)",
    re.DOTALL,
).fullmatch


def wish(option: str) -> None:
    """Take note of ``NAME=LABEL``; raise RequestError if it is of another form or contradicts."""
    name, equals, label = option.partition("=")
    if not equals or not _is_project(name.strip()):
        raise RequestError(f"{quoted(option)} is not of the form NAME=LABEL")
    _note(name.strip(), label.strip())


def without_wish(requirement: str) -> str:
    """Return a requirement without its ``#LABEL``, of which note is taken; paths and URLs stay."""
    match = _requirement(requirement)
    if match is None:
        return requirement
    _note(match["name"], match["label"])
    return match["front"] + match["back"]


def _note(name: str, label: str) -> None:
    if not is_label(label):
        raise RequestError(f"{quoted(label)} is not a variant label (a-z, 0-9, _ and .)")
    project = canonicalize_name(name)
    known = process.labels.setdefault(project, label)
    if known != label:
        raise RequestError(f"two variants of {project} are wanted: {known} and {label}")
