"""What happens when pip prepares a file: the variant is announced, and attached to what arrives."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.core.decision import SelectedVariant
from pip_variants.core.errors import FetchError, MetadataError, shortened
from pip_variants.core.properties import Variant
from pip_variants.core.selection import Wheel
from pip_variants.explain import downloads, messages, problems
from pip_variants.explain.as_json import variant_entry
from pip_variants.formats.variant_json import VARIANT_JSON, own_variant

from .compat import (
    BaseDistribution,
    MetadataInconsistent,
    UnsupportedWheel,
    get_indentation,
    indent_log,
)
from .distributions import Attached, attach, variant_of
from .evaluator import judge_wheels, log_passed_over, log_table
from .every_label import with_all_dependencies
from .links import Choice, VariantLink, choice_of, link_of, remote_file, set_link, variant_link
from .locked import check_agreement, take_hashes
from .look_ahead import look_ahead
from .options import banner_style, locks_every_label
from .run_state import RunState
from .wheel_files import check_metadata

if TYPE_CHECKING:
    from .compat import InstallRequirement, Link, PackageFinder


def announce(state: RunState, req: InstallRequirement, finder: PackageFinder) -> None:
    """Log what is about to be fetched: the banner of a variant, and what was passed over for it.

    A variant wheel that was given as a file or URL is judged first, by its own metadata, which is
    read by range requests; raise pip's UnsupportedWheel if it does not fit.
    """
    link = link_of(req)
    if link is None:
        return
    transport = state.use_finder(finder)
    take_hashes(state, req, link)
    choice = choice_of(link)
    given = variant_link(link)
    if choice is None and given.label is not None:
        try:
            selected = state.wheels.own_variant(remote_file(given), transport)
        except FetchError:
            return  # pip fetches the whole wheel or reports why not; then attach_variant judges it
        except MetadataError as error:
            raise UnsupportedWheel(problems.unreadable_wheel(link.filename, error)) from None
        try:
            choice = _choose_given(state, given, selected)
        except UnsupportedWheel as error:
            # pip does not show the reason if a constraint names the file of a dependency.
            if not req.user_supplied:
                state.log.once(logging.ERROR, str(error))
            raise
        set_link(req, VariantLink(given, given.label, choice))
    if choice is not None:
        _log_choice(state, choice)


def attach_variant(
    state: RunState, req: InstallRequirement, dist: BaseDistribution
) -> BaseDistribution:
    """Attach the variant to a distribution that has arrived, perhaps only as its METADATA.

    Return it, or, to lock every label, one that depends on what any of them needs.

    Raise UnsupportedWheel for a variant wheel that the user gave and that does not fit. Raise
    MetadataInconsistent, for which pip discards a file, if a wheel contradicts its source.
    """
    link = link_of(req)
    if link is None:
        return dist
    _attach(state, req, link, dist)
    if locks_every_label(state.options):
        dist = with_all_dependencies(state, req, dist)
    if req.local_file_path is not None:
        check_metadata(state, req, link)
    elif state.finder is not None and not getattr(state.options, "ignore_dependencies", False):
        look_ahead(state, state.finder, partial(dist.iter_dependencies, req.extras))
    return dist


def _attach(state: RunState, req: InstallRequirement, link: Link, dist: BaseDistribution) -> None:
    choice = choice_of(link)
    given = variant_link(link)
    if choice is None and given.label is not None:
        choice = _choose_given(state, given, _arrived_variant(given, dist))
        set_link(req, VariantLink(given, given.label, choice))
        # pip indents the log inside the step for this file; the banner is not part of it.
        with indent_log(-get_indentation()):
            _log_choice(state, choice)
    if choice is None:
        return
    own = variant_of(dist) or state.wheels.known_variant(remote_file(given))
    if choice.selected is not None:
        expected, found = choice.selected.variant, own.variant if own is not None else None
        if found is not None or req.local_file_path is not None:
            check_agreement(state, choice, link, found)
        if found is not None and str(expected) != str(found):
            values = (shortened(str(item)) for item in (expected, found))
            raise MetadataInconsistent(req, "variant", *values)
    attach(dist, Attached(choice.selected, is_candidate=True))


def report_entry(req: InstallRequirement) -> dict[str, object]:
    """Return what ``--report`` adds to the entry of a file: ``{"variant": {..}}`` or nothing."""
    link = link_of(req)
    choice = choice_of(link) if link is not None else None
    if choice is None or choice.selected is None:
        return {}
    return {"variant": variant_entry(choice.selected.variant)}


def _arrived_variant(link: VariantLink, dist: BaseDistribution) -> SelectedVariant:
    found = variant_of(dist)
    if found is None:
        problem = f"there is no valid {VARIANT_JSON} in it"
        raise UnsupportedWheel(problems.unreadable_wheel(link.filename, problem))
    try:
        return own_variant(found.metadata, link.label)
    except MetadataError as error:
        problem = f"{VARIANT_JSON}: {error}"
        raise UnsupportedWheel(problems.unreadable_wheel(link.filename, problem)) from None


def _choose_given(state: RunState, link: VariantLink, selected: SelectedVariant) -> Choice:
    """Return the choice that the user made by giving a variant wheel; raise if it does not fit."""
    selection = judge_wheels(
        state, [Wheel(link.filename, link.label)], selected.metadata, possible=True
    )
    if selection.rejected:
        raise UnsupportedWheel(messages.unsupported_wheel(link.filename, selection.rejected))
    name, version = link.filename.split("-", 2)[:2]
    project = canonicalize_name(name)
    state.requests.mark_used(project)
    refusal = state.requests.refusal(project, link.filename, selected.variant)
    if refusal is not None:
        raise UnsupportedWheel(refusal)
    return Choice(project, version, selected)


def _log_choice(state: RunState, choice: Choice) -> None:
    variant = choice.selected.variant if choice.selected is not None else None
    if choice.decision is not None:
        if variant is None or variant.is_null:
            log_passed_over(state, choice.decision)
        log_table(state, choice.decision)
    if variant is not None and not locks_every_label(state.options):
        _log_banner(state, choice, variant)


def _log_banner(state: RunState, choice: Choice, variant: Variant) -> None:
    style = banner_style(state.options)
    if style == "full":
        text = downloads.banner(choice.project, choice.version, variant)
        state.log.once(logging.INFO, f"\n{text}\n")
    elif style == "short":
        text = downloads.short_banner(choice.project, choice.version, variant)
        state.log.once(logging.INFO, text)
