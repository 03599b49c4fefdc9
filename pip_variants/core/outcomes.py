"""Which build of one version a machine would take, and what keeps it from a better one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from pip._vendor.packaging.tags import Tag
from pip._vendor.packaging.utils import parse_wheel_filename

from .filenames import label_of, split_label
from .machines import Machine, Python
from .metadata import Provider, VariantMetadata
from .properties import Label, Namespace
from .selection import Ranked, Rejected, Wheel, needed_namespaces, select
from .supported import SupportedProperties

Kind = Literal["variant", "null", "plain", "nothing"]
"""What a machine takes: a variant with properties, a null variant, a plain wheel, no wheel."""

Supported = Callable[
    [Python, Sequence[Namespace], Sequence[Provider]], Mapping[Namespace, SupportedProperties]
]
"""What a machine supports in namespaces with these providers, for one Python."""

_python = re.compile(r"cp(3)([0-9]{1,3})", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one machine with one Python would take of one version.

    ``without_wheel`` are the labels that it would take rather than ``chosen`` if they had a wheel
    for it, ``rejected`` the wheels that do not fit. ``has_wheels``: some wheel is for its platform.
    """

    machine: Machine
    python: Python
    chosen: Ranked | None
    without_wheel: tuple[Label, ...]
    rejected: tuple[Rejected, ...]
    has_wheels: bool

    @property
    def kind(self) -> Kind:
        """What is taken."""
        if self.chosen is None:
            return "nothing"
        if self.chosen.variant is None:
            return "plain"
        return "null" if self.chosen.variant.is_null else "variant"

    @property
    def label(self) -> Label | None:
        """The label of what is taken, if it has one."""
        return self.chosen.wheel.label if self.chosen is not None else None


def pythons_of(filenames: Iterable[str], otherwise: Python) -> tuple[Python, ...]:
    """Return the versions of CPython that wheels are built for, oldest first.

    ``otherwise`` is the version for wheels that are for any.
    """
    parts = (part for name in filenames for tag in name.split("-")[2:] for part in tag.split("."))
    found = {(int(match[1]), int(match[2])) for match in map(_python, parts) if match}
    return tuple(sorted(found)) or (otherwise,)


def outcome(
    machine: Machine,
    python: Python,
    filenames: Sequence[str],
    metadata: VariantMetadata,
    supported: Supported,
) -> Outcome:
    """Return what a machine takes of a version; ``filenames`` are the valid names of its wheels."""
    accepted = machine.tags(python)
    wheels = [
        Wheel(name, label_of(name), index)
        for index, name in enumerate(filenames)
        if not accepted.isdisjoint(_tags(name))
    ]
    present = {wheel.label for wheel in wheels}
    absent = [Wheel("", item.label) for item in metadata.variants if item.label not in present]
    namespaces = needed_namespaces([*wheels, *absent], metadata)
    found = select([*wheels, *absent], metadata, supported(python, namespaces, metadata.providers))
    chosen = next((item for item in found.ranked if item.wheel.filename), None)
    return Outcome(
        machine,
        python,
        chosen,
        _better(found.ranked, chosen),
        tuple(item for item in found.rejected if item.wheel.filename),
        has_wheels=bool(wheels),
    )


def _better(ranked: Sequence[Ranked], chosen: Ranked | None) -> tuple[Label, ...]:
    """Return the labels with properties that rank before ``chosen``; none of them has a wheel."""
    before = ranked if chosen is None else ranked[: ranked.index(chosen)]
    variants = (item.variant for item in before)
    return tuple(item.label for item in variants if item is not None and not item.is_null)


@lru_cache(maxsize=4096)
def _tags(filename: str) -> frozenset[Tag]:
    stem, _ = split_label(filename.removesuffix(".whl"))
    return parse_wheel_filename(f"{stem}.whl")[3]
