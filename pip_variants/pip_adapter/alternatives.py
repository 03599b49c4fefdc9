"""Variants of one version that fit beside different versions of another distribution.

pip's resolver gets them as candidates beside each other, and takes one back if another package
needs another version of that distribution. Versions come first: the variants for what is expected
anyway, null variants and plain wheels precede those for which another version has to be taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from email.parser import BytesHeaderParser
from itertools import islice
from typing import TYPE_CHECKING

from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.core.conditions import Condition, conditions_of
from pip_variants.core.decision import Decision, RankedFile, SelectedVariant
from pip_variants.core.errors import VariantError
from pip_variants.core.target_markers import parse_requirement
from pip_variants.formats.info_files import check_counts
from pip_variants.providers.resolve import versioned_namespaces
from pip_variants.remote.wheel_metadata import METADATA

from .compat import (
    Link,
    PipError,
    condition_requirement,
    prefetched_content,
)
from .distributions import variant_of
from .evaluator import decide, decide_release, log_nothing_fits
from .links import VariantLink, remote_file
from .releases import LinkedRelease
from .run_state import RunState
from .together import Ranked

if TYPE_CHECKING:
    from .compat import BaseDistribution, Factory, InstallRequirement, Requirement


_MOST_READ = 100
"""Variants of one version of which METADATA is read; they differ little in what they need."""


def decide_with_alternatives(
    state: RunState, linked: LinkedRelease, *, prefetch: bool
) -> tuple[Decision, tuple[RankedFile, ...]]:
    """Return the decision about a release, and the files that pip may take, best first.

    Beyond those that the decision ranks these are variants which fit if this run takes another
    version of what they depend on. Raise UnreadVariantsError as ``decide_release``.
    """
    together = state.together
    known = together.ranked.get(linked.key)
    if known is not None:
        names = [name for name, *_ in known.assumptions]
        if together.assumptions(names) == known.assumptions:
            together.used |= known.assumptions
            return known.decision, known.files
    decision = decide_release(state, linked, prefetch=prefetch)
    if not decision.is_provisional or state.is_legacy:
        return decision, decision.ranked
    if _look_for_needs(state, linked, decision):
        decision = decide_release(state, linked)
    files = _in_order(decision, decide(state, linked, possible=True))
    assumptions = together.assumptions(_projects(decision))
    together.used |= assumptions
    if not files:
        log_nothing_fits(state, decision)
    together.ranked[linked.key] = Ranked(linked, assumptions, decision, files)
    return decision, files


def decide_as_resolver(state: RunState, linked: LinkedRelease) -> Decision:
    """Return the decision about a release by which pip's resolver would take its first file.

    That is one in which every version of other distributions is possible if only so a file fits.
    """
    decision, files = decide_with_alternatives(state, linked, prefetch=False)
    if not files or files[0] in decision.ranked:
        return decision
    return decide(state, linked, possible=True)


def is_first_choice(state: RunState, link: Link) -> bool:
    """Return whether the file of a set is the one that pip would try first in its version now."""
    for ranked in list(state.together.ranked.values()):
        if link in ranked.linked.links:
            _, files = decide_with_alternatives(state, ranked.linked, prefetch=False)
            return ranked.linked.links[files[0].index] == link
    return True


def requirements(
    state: RunState, factory: Factory, req: InstallRequirement, dist: BaseDistribution
) -> Iterator[Requirement]:
    """Yield what the variant of a distribution requires of others that are part of the run."""
    together = state.together
    if state.is_legacy:
        return
    selected = variant_of(dist)
    for condition in conditions_in(state, selected):
        together.projects.add(condition.project)
        if len(condition.values) > 1:
            together.choices.add(condition)
        together.used |= together.assumptions([condition.project])
        if selected is not None and together.is_needed(condition.project):
            yield condition_requirement(factory, req, condition, selected.variant.label)


def conditions_in(state: RunState, selected: SelectedVariant | None) -> tuple[Condition, ...]:
    """Return the conditions of a variant on other distributions; of a plain wheel none."""
    if selected is None:
        return ()
    variant, metadata = selected.variant, selected.metadata
    versioned = versioned_namespaces(metadata.providers) & variant.namespaces
    if not versioned:
        return ()
    supported = state.supported(sorted(versioned), metadata, possible=True)
    return conditions_of(variant, supported.values())


def _projects(decision: Decision) -> set[str]:
    """Return the distributions on which variants of a release depend."""
    return {
        condition.project
        for selection in decision.selections
        for variant in (
            *(item.variant for item in selection.ranked),
            *(item.variant for item in selection.rejected),
        )
        if variant is not None
        for condition in conditions_of(variant, selection.supported)
    }


def _in_order(decision: Decision, possible: Decision) -> tuple[RankedFile, ...]:
    """Return the ranked wheels, then the other possible variants, then what is no wheel."""
    files = decision.release.files
    wheels = [item for item in decision.ranked if files[item.index].is_wheel]
    ranked = {item.index for item in decision.ranked}
    others = [item for item in possible.ranked if item.index not in ranked]
    rest = [item for item in decision.ranked if not files[item.index].is_wheel]
    return (*wheels, *others, *rest)


def _look_for_needs(state: RunState, linked: LinkedRelease, decision: Decision) -> bool:
    """Record what variants need that nothing else is known to need; return whether there is any.

    Only METADATA of variants is read that do not fit for want of such a distribution.
    """
    together = state.together
    installed = together.installed_versions()
    if not together.with_dependencies:
        return False
    any_fits = any(item.selected and not item.selected.variant.is_null for item in decision.ranked)
    found = False
    names_in: dict[bytes, frozenset[str]] = {}
    for index, missing in islice(_lacking(decision), _MOST_READ):
        unneeded = {name for name in missing if not together.is_known(name)}
        if not unneeded or (any_fits and unneeded <= installed.keys()):
            continue
        content = _content(state, linked.links[index])
        if content not in names_in:
            names_in[content] = _needs(content)
        names = names_in[content]
        together.have_dependencies = together.have_dependencies or bool(names)
        needed = unneeded & names
        if needed:
            together.add_needed(needed)
            found = True
    return found


def _lacking(decision: Decision) -> Iterator[tuple[int, set[str]]]:
    """Yield the variants that lack nothing but distributions, and which these are."""
    for selection in decision.selections:
        for item in selection.rejected:
            if item.missing and all(missing.supported.has_versions for missing in item.missing):
                yield (
                    item.wheel.index,
                    {canonicalize_name(missing.feature) for missing in item.missing},
                )


def _content(state: RunState, link: VariantLink) -> bytes:
    """Return the METADATA of a wheel as far as it is known and can be read, else nothing."""
    try:
        content = _metadata_of(state, link) or b""
        check_counts(METADATA, content)
    except (VariantError, PipError, ValueError):
        return b""
    return content


def _needs(content: bytes) -> frozenset[str]:
    """Return the names of what METADATA depends on, whatever the markers; none if it is invalid."""
    lines = BytesHeaderParser().parsebytes(content).get_all("Requires-Dist") or ()
    try:
        return frozenset(canonicalize_name(_name(str(line))) for line in lines)
    except ValueError:
        return frozenset()


def _name(requirement: str) -> str:
    return parse_requirement(requirement.partition(";")[0]).name


def _metadata_of(state: RunState, link: VariantLink) -> bytes | None:
    """Return the METADATA of a wheel, which pip gets without a request more; raise VariantError."""
    metadata = link.metadata_link()
    url = metadata.url.partition("#")[0] if metadata is not None else ""
    if url and state.prefetch(url):
        response = state.prefetched[url].result()
        return prefetched_content(response) if response is not None else None
    transport = state.transport
    return state.wheels.members(remote_file(link), transport).get(METADATA) if transport else None
