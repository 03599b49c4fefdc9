"""What the user requests: ``--variant NAME=LABEL`` or ``NAME=!LABEL``, and ``NAME#LABEL``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from pip._vendor.packaging.markers import Marker
from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.core.decision import is_excluded, is_requested
from pip_variants.core.errors import RequestError, quoted
from pip_variants.core.properties import NULL_LABEL, Label, Variant, is_label
from pip_variants.explain import requests as messages

from .compat import configured_options
from .options import OptionValue, consistent, switches, trusted

if TYPE_CHECKING:
    from .compat import Values

_is_project = re.compile(r"[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]").fullmatch
_requirement = re.compile(
    r"(?P<front>\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]#/]*\])?[^#/@;]*?)"
    r"#(?P<label>[^\s;]*)(?P<back>\s*(?:;.*)?)",
    re.DOTALL,
).fullmatch


@dataclass(frozen=True, slots=True)
class LabelValue:
    """One value of ``--variant``, or the label of a requirement; ``project`` is normalised."""

    project: str
    label: Label
    excludes: bool = False
    is_default: bool = False

    @property
    def text(self) -> str:
        """The label as an option has it."""
        return f"!{self.label}" if self.excludes else self.label


class LabelRequests:
    """The requested label of each project, and the labels that are excluded.

    A label from the command line or a requirement overrides one from the environment or a
    configuration file; of the latter the last counts. Exclusions add up. Projects are normalised
    names.
    """

    def __init__(self, values: Sequence[OptionValue] = ()) -> None:
        """Take the values of ``--variant``; raise RequestError if one is invalid or contradicts."""
        self._typed = _Labels()
        self._defaults = _Labels()
        self._used: set[str] = set()
        self._seen: dict[str, set[Label]] = {}
        self._values = tuple(map(_parse_option, values))
        for value in self._values:
            if value.is_default:
                self._defaults.replace(value)
            else:
                self._typed.add(value)

    def label(self, project: str) -> Label | None:
        """Return the requested label of a project, or None."""
        typed = self._typed.labels.get(project)
        default = self._defaults.labels.get(project)
        is_excluded = default in self._typed.excluded.get(project, ())
        return typed or (None if is_excluded else default)

    def excluded(self, project: str) -> tuple[Label, ...]:
        """Return the excluded labels of a project; none if one is requested, which excludes all."""
        if self.label(project) is not None:
            return ()
        found = (labels.excluded.get(project, ()) for labels in (self._defaults, self._typed))
        return tuple(dict.fromkeys(chain.from_iterable(found)))

    def refusal(self, project: str, filename: str, variant: Variant) -> str | None:
        """Return why a wheel given by the user contradicts the requests, or None."""
        requested = self.label(project)
        if requested is not None and not is_requested(variant, requested):
            return messages.not_requested(filename, requested, project)
        if is_excluded(variant, self.excluded(project)):
            return messages.given_and_excluded(filename, variant.label, project)
        return None

    def mark_used(self, project: str, labels: Iterable[Label | None] | None = None) -> None:
        """Record that pip looked for a project, and the labels that it found, if it did."""
        self._used.add(project)
        if labels is not None:
            self._seen.setdefault(project, set()).update(filter(None, labels))

    def unused(self) -> Iterator[LabelValue]:
        """Yield the values of the option about projects that pip never looked for."""
        return (value for value in self._values if value.project not in self._used)

    def not_found(self) -> Iterator[LabelValue]:
        """Yield the exclusions on the command line of labels that no wheel has.

        A null variant can have any label.
        """
        for value in self._values:
            seen = self._seen.get(value.project)
            is_null = value.label == NULL_LABEL
            is_meant = value.excludes and not value.is_default and not is_null
            if is_meant and seen is not None and value.label not in seen:
                yield value

    @property
    def projects(self) -> AbstractSet[str]:
        """The projects that pip looked for."""
        return self._used

    def labels_of(self, project: str) -> AbstractSet[Label]:
        """Return the labels of a project that pip found."""
        return self._seen.get(project, set())

    def take_from(self, requirement: str, marker: Marker | None = None) -> str:
        """Return a requirement without its ``#LABEL``, which is recorded if the marker holds.

        Paths and URLs are returned unchanged. Raise RequestError for an invalid label.
        """
        match = _requirement(requirement)
        if match is None:
            return requirement
        label = _parse_label(match["label"])
        if marker is None or marker.evaluate({"extra": ""}):
            self._typed.add(LabelValue(canonicalize_name(match["name"]), label))
        return match["front"] + match["back"]


class _Labels:
    """The requested and the excluded labels of each project, of one origin."""

    def __init__(self) -> None:
        self.labels: dict[str, Label] = {}
        self.excluded: dict[str, list[Label]] = {}

    def add(self, value: LabelValue) -> None:
        """Add a value; raise RequestError if it contradicts an earlier one."""
        known = self._contradicted(value)
        if known is not None:
            raise RequestError(messages.conflicting_requests(value.project, known, value.text))
        if value.excludes:
            self.excluded.setdefault(value.project, []).append(value.label)
        else:
            self.labels[value.project] = value.label

    def _contradicted(self, value: LabelValue) -> str | None:
        """Return the earlier label that a value contradicts, as an option has it, or None."""
        known = self.labels.get(value.project, value.label)
        if value.excludes:
            return known if value.project in self.labels and known == value.label else None
        if known != value.label:
            return known
        return f"!{known}" if known in self.excluded.get(value.project, ()) else None

    def replace(self, value: LabelValue) -> None:
        """Add a value in place of an earlier one that it contradicts."""
        excluded = self.excluded.setdefault(value.project, [])
        if value.excludes:
            if self.labels.get(value.project) == value.label:
                del self.labels[value.project]
            excluded.append(value.label)
        else:
            self.labels[value.project] = value.label
            self.excluded[value.project] = [item for item in excluded if item != value.label]


def check_options(options: Values) -> None:
    """Raise RequestError if an option about variants is invalid or contradicts another."""
    LabelRequests(configured_options(options, "variants"))
    switches(configured_options(options, "variant_provider_switches"))
    trusted(configured_options(options, "trusted_variant_providers"))
    consistent(configured_options(options, "consistent_namespaces"))


def _parse_option(value: OptionValue) -> LabelValue:
    name, equals, text = value.text.partition("=")
    if not equals or not _is_project(name.strip()):
        raise RequestError(f"{quoted(value.text)} is not of the form NAME=LABEL or NAME=!LABEL")
    label = text.strip()
    excludes = label.startswith("!")
    project = canonicalize_name(name.strip())
    return LabelValue(project, _parse_label(label.lstrip()[excludes:]), excludes, value.is_default)


def _parse_label(text: str) -> Label:
    label = text.strip()
    if not is_label(label):
        raise RequestError(f"{quoted(text)} is not a variant label (a-z, 0-9, _ and .)")
    return label
