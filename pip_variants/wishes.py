"""What the user wants of a project: ``--variant NAME=LABEL``, ``NAME#LABEL`` in a requirement."""

from __future__ import annotations

import logging
import re

from pip._vendor.packaging.markers import Marker
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


def wish(option: str, *, default: bool = False) -> None:
    """Take note of ``NAME=LABEL``; raise RequestError if it is of another form or contradicts.

    ``default`` says that it comes from the environment or a configuration file: of those the last
    counts, and what is typed counts more.
    """
    name, equals, label = option.partition("=")
    if not equals or not _is_project(name.strip()):
        raise RequestError(f"{quoted(option)} is not of the form NAME=LABEL")
    if default:
        process.defaults[canonicalize_name(name.strip())] = _label(label)
    else:
        _note(name.strip(), label)
        process.named.append(canonicalize_name(name.strip()))


def without_wish(requirement: str, marker: Marker | None = None) -> str:
    """Return a requirement without its ``#LABEL``; paths and addresses stay as they are.

    Note is taken of the label if the requirement's own marker holds.
    """
    match = _requirement(requirement)
    if match is None:
        return requirement
    if marker is None or marker.evaluate({"extra": ""}):
        _note(match["name"], match["label"])
    else:
        _label(match["label"])
    return match["front"] + match["back"]


def unmet() -> None:
    """Say which projects pip never came across, of those that were typed as options."""
    for project in process.named:
        if project not in process.met:
            what = f"--variant {project}={process.labels[project]}"
            text = f"{what} had no effect: pip did not look for {project}"
            process.say(logging.WARNING, text)


def _note(name: str, text: str) -> None:
    label = _label(text)
    project = canonicalize_name(name)
    known = process.labels.setdefault(project, label)
    if known != label:
        raise RequestError(f"two variants of {project} are wanted: {known} and {label}")


def _label(text: str) -> str:
    if not is_label(text.strip()):
        raise RequestError(f"{quoted(text)} is not a variant label (a-z, 0-9, _ and .)")
    return text.strip()
