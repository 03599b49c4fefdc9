"""What `pip lock --variants all` resolves: a variant that depends on what any label needs."""

from __future__ import annotations

import logging
from email.message import Message
from typing import TYPE_CHECKING

from pip_variants.core.errors import MetadataError, VariantError
from pip_variants.core.properties import Label, Variant
from pip_variants.core.union import needs_of, unite
from pip_variants.explain import locks as texts
from pip_variants.remote.fetch import fetch
from pip_variants.remote.wheel_metadata import METADATA

from .compat import BaseDistribution, InstallationError, distribution_of_metadata
from .distributions import Attached, attach
from .links import Choice, VariantLink, choice_of, link_of, remote_file, source_of
from .run_state import RunState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .compat import InstallRequirement

_ONCE = ("Metadata-Version", "Name", "Version", "Requires-Python")


def wheels_beside(
    choice: Choice, link: VariantLink
) -> Iterator[tuple[VariantLink, Variant | None]]:
    """Yield the wheels that are locked with the chosen one, best first, with their variants.

    They are those of its source: a label means nothing outside of it.
    """
    for file in choice.decision.ranked if choice.decision is not None else ():
        wheel = choice.links[file.index]
        if wheel.is_wheel and source_of(wheel) == source_of(link):
            yield wheel, file.selected.variant if file.selected is not None else None


def with_all_dependencies(
    state: RunState, req: InstallRequirement, dist: BaseDistribution
) -> BaseDistribution:
    """Return a distribution with the dependencies of each label of the version that was chosen.

    It is ``dist`` itself if there is only one label. Raise pip's InstallationError if labels
    contradict each other, or if the METADATA of one cannot be read.
    """
    link = link_of(req)
    choice = choice_of(link) if link is not None else None
    if not isinstance(link, VariantLink) or choice is None or choice.selected is None:
        return dist
    one_each: dict[Label | None, tuple[VariantLink, Variant | None]] = {}
    for wheel, variant in wheels_beside(choice, link):
        one_each.setdefault(wheel.label, (wheel, variant))
    if len(one_each) <= 1 or getattr(state.options, "ignore_dependencies", False):
        return dist
    needs = [
        needs_of(
            wheel.label, variant, _requires(dist if wheel.url == link.url else _read(state, wheel))
        )
        for wheel, variant in one_each.values()
    ]
    found = unite(needs, req.extras)
    if found.contradiction is not None:
        text = texts.contradiction(choice.project, choice.version, found.contradiction)
        raise InstallationError(text)
    if found.partial:
        text = texts.partly_needed(choice.project, choice.version, found.partial)
        state.log.once(logging.INFO, text)
    united = _with_requirements(dist, link.filename, found.requires)
    attach(united, Attached(choice.selected, is_candidate=True))
    return united


def _requires(dist: BaseDistribution) -> list[str]:
    """Return the dependencies of a distribution in text, with their markers about variants."""
    return [text.strip() for text in dist.metadata.get_all("Requires-Dist", [])]


def _read(state: RunState, wheel: VariantLink) -> BaseDistribution:
    """Return the distribution that the METADATA of a wheel describes."""
    try:
        content = _metadata(state, wheel)
    except VariantError as error:
        raise InstallationError(texts.unread_dependencies(wheel.filename, str(error))) from None
    return _described(content, wheel.filename)


def _metadata(state: RunState, wheel: VariantLink) -> bytes:
    """Return the METADATA of a wheel, from beside it if the index has that; raise VariantError."""
    transport = state.transport
    beside = wheel.metadata_link()
    if transport is None:
        raise MetadataError("", f"{wheel.filename}: there is no index")
    if beside is not None:
        return fetch(remote_file(beside), transport)
    found = state.wheels.members(remote_file(wheel), transport)
    if METADATA not in found:
        raise MetadataError("", f"{wheel.filename}: there is no METADATA in it")
    return found[METADATA]


def _with_requirements(
    dist: BaseDistribution, filename: str, requires: Sequence[str]
) -> BaseDistribution:
    """Return a distribution like another one, with these dependencies."""
    metadata = Message()
    for name in _ONCE:
        if name in dist.metadata:
            metadata[name] = dist.metadata[name]
    for extra in dist.metadata.get_all("Provides-Extra", []):
        metadata["Provides-Extra"] = extra
    for text in requires:
        metadata["Requires-Dist"] = text
    return _described(metadata.as_bytes(), filename)


def _described(content: bytes, filename: str) -> BaseDistribution:
    """Return the distribution that the METADATA of a wheel describes, perhaps without a name."""
    return distribution_of_metadata(content, filename, filename.partition("-")[0])
