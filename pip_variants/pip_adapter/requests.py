"""What the user requests: ``--variant NAME=LABEL``, ``NAME#LABEL`` in a requirement."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pip._vendor.packaging.markers import Marker
from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.core.errors import RequestError, quoted
from pip_variants.core.properties import Label, is_label
from pip_variants.explain import messages

from .compat import configured_options
from .options import OptionValue, switches, trusted

if TYPE_CHECKING:
    from .compat import Values

_is_project = re.compile(r"[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]").fullmatch
_requirement = re.compile(
    r"(?P<front>\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]#/]*\])?[^#/@;]*?)"
    r"#(?P<label>[^\s;]*)(?P<back>\s*(?:;.*)?)",
    re.DOTALL,
).fullmatch


class LabelRequests:
    """The requested label of each project.

    A label from the command line or a requirement overrides one from the environment or a
    configuration file; of the latter the last counts. Projects are normalised names.
    """

    def __init__(self, values: Sequence[OptionValue] = ()) -> None:
        """Take the values of ``--variant``; raise RequestError if one is invalid or contradicts."""
        self._labels: dict[str, Label] = {}
        self._defaults: dict[str, Label] = {}
        self._typed: list[str] = []
        self._used: set[str] = set()
        for value in values:
            project, label = _parse_option(value.text)
            if value.is_default:
                self._defaults[project] = label
            else:
                self._add(project, label)
                self._typed.append(project)

    def label(self, project: str) -> Label | None:
        """Return the requested label of a project, or None."""
        return self._labels.get(project) or self._defaults.get(project)

    def mark_used(self, project: str) -> None:
        """Record that pip looked for a project."""
        self._used.add(project)

    def unused(self) -> Iterator[tuple[str, Label]]:
        """Yield the requests on the command line for projects that pip never looked for."""
        for project in self._typed:
            if project not in self._used:
                yield project, self._labels[project]

    def take_from(self, requirement: str, marker: Marker | None = None) -> str:
        """Return a requirement without its ``#LABEL``, which is recorded if the marker holds.

        Paths and URLs are returned unchanged. Raise RequestError for an invalid label.
        """
        match = _requirement(requirement)
        if match is None:
            return requirement
        label = _parse_label(match["label"])
        if marker is None or marker.evaluate({"extra": ""}):
            self._add(canonicalize_name(match["name"]), label)
        return match["front"] + match["back"]

    def _add(self, project: str, label: Label) -> None:
        known = self._labels.setdefault(project, label)
        if known != label:
            raise RequestError(messages.conflicting_requests(project, known, label))


def check_options(options: Values) -> None:
    """Raise RequestError if an option about variants is invalid or contradicts another."""
    LabelRequests(configured_options(options, "variants"))
    switches(configured_options(options, "variant_provider_switches"))
    trusted(configured_options(options, "trusted_variant_providers"))


def _parse_option(text: str) -> tuple[str, Label]:
    name, equals, label = text.partition("=")
    if not equals or not _is_project(name.strip()):
        raise RequestError(f"{quoted(text)} is not of the form NAME=LABEL")
    return canonicalize_name(name.strip()), _parse_label(label)


def _parse_label(text: str) -> Label:
    label = text.strip()
    if not is_label(label):
        raise RequestError(f"{quoted(text)} is not a variant label (a-z, 0-9, _ and .)")
    return label
