"""Variants that are installed: which they are, and whether they still fit this machine.

What they are is said by their own ``variant.json``; nothing else is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pip._internal.metadata import get_default_environment
from pip._internal.utils.misc import write_output

from . import explain
from .compatibility import lacks
from .dependencies import build_of
from .process import process
from .selection import Rejected, Wheel

if TYPE_CHECKING:
    from pip._internal.metadata import BaseDistribution

    from .decisions import Build

# Where somebody was asked; of the others nothing is known, which proves nothing.
_KNOWN = ("static", "user", "built-in", "plugin")


@dataclass(frozen=True, slots=True)
class Installed:
    """A variant that is installed. ``reason`` says why it does not fit; None: it does.

    ``certain`` says that this is known: everybody who is needed to tell could be asked.
    """

    project: str
    version: str
    build: Build
    reason: str | None
    certain: bool


def variant_of(dist: BaseDistribution) -> Installed | None:
    """Return what is to be said of an installed distribution, None if it is no variant."""
    build = build_of(dist)
    if build is None:
        return None
    namespaces = tuple(sorted(build.variant.namespaces))
    supports = process.ask_silently(namespaces, build.metadata)
    missing = lacks(build.variant, supports)
    name = str(dist.canonical_name)
    wheel = Wheel(name, build.variant.label)
    reason = explain.why([Rejected(wheel, build.variant, missing)]) if missing else None
    certain = all(lack.support.state in _KNOWN for lack in missing)
    return Installed(name, str(dist.raw_version), build, reason, certain)


def variants() -> Iterator[Installed]:
    """Yield the variants in the environment, in the order of their names."""
    dists = get_default_environment().iter_installed_distributions()
    for dist in sorted(dists, key=lambda item: item.canonical_name):
        found = variant_of(dist)
        if found is not None:
            yield found


def misfits(dists: Sequence[BaseDistribution]) -> bool:
    """Print, as `pip check` does, which variants do not fit; return whether there are any."""
    found = False
    for dist in sorted(dists, key=lambda item: item.canonical_name):
        installed = variant_of(dist)
        if installed is not None and installed.reason is not None and installed.certain:
            found = True
            what = f"{installed.project} {installed.version}"
            label = installed.build.variant.label
            write_output(
                "%s", f"{what} is the variant {label}, which does not fit: {installed.reason}"
            )
    return found


def add_column(
    dists: Sequence[BaseDistribution], data: Sequence[list[str]], header: list[str]
) -> None:
    """Insert the labels behind the versions of a list of `pip list`."""
    header.insert(2, "Variant")
    for dist, row in zip(dists, data, strict=True):
        row.insert(2, label_entry(dist).get("variant", ""))


def label_entry(dist: BaseDistribution) -> dict[str, str]:
    """Return ``{"variant": label}``, or nothing if a distribution is no variant."""
    build = build_of(dist)
    return {} if build is None else {"variant": build.variant.label}


def variant_entry(dist: BaseDistribution) -> dict[str, object]:
    """Return ``{"variant": {"label": .., "properties": [..]}}``, or nothing."""
    build = build_of(dist)
    return {} if build is None else {"variant": entry(build)}


def entry(build: Build) -> dict[str, object]:
    """Return what pip's reports say of a variant."""
    return {"label": build.variant.label, "properties": list(build.variant.properties)}


def shown(dist: BaseDistribution) -> list[str]:
    """Return the lines that `pip show` has of a variant."""
    build = build_of(dist)
    if build is None:
        return []
    properties = ", ".join(build.variant.properties)
    return [f"Variant: {build.variant.label}", f"Variant-properties: {properties}"]
