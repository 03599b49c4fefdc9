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


logger = logging.getLogger(__name__)

_FIELD = "variant"
_MOST_DISCARDED = 20
"""Files that turn out to be unusable after pip has found a set with them."""


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
    elif choice is not None and link.is_file:
        _check_readable(state, req, given)
    if choice is not None:
        _log_choice(state, choice)


def _check_readable(state: RunState, req: InstallRequirement, link: VariantLink) -> None:
    """Raise MetadataInconsistent if a wheel of a folder has no usable ``variant.json``."""
    if link.label is None or state.transport is None:
        return
    try:
        state.wheels.own_variant(remote_file(link), state.transport)
    except FetchError:
        return  # which pip reports
    except MetadataError as error:
        text = problems.unreadable_wheel(link.filename, error)
        raise MetadataInconsistent(req, _FIELD, link.label, text) from None


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
        is_read = found or req.local_file_path or state.wheels.known(remote_file(given).url)
        if is_read and str(expected) != str(found):
            shown = problems.NO_VARIANT if found is None else str(found)
            raise MetadataInconsistent(req, _FIELD, *map(shortened, (str(expected), shown)))
    attach(dist, Attached(choice.selected, is_candidate=True))


def discarded_file(state: RunState, error: MetadataInconsistent) -> str | None:
    """Return the URL of a file without which pip is to find a set again; None: it is an error.

    pip's resolver discards a file by its METADATA, which may be there without the file: what a
    wheel contains is known only when it has been downloaded.
    """
    link = link_of(error.ireq)
    choice = choice_of(link) if link is not None else None
    if link is None or choice is None or choice.decision is None or error.field != _FIELD:
        return None
    file = remote_file(link)
    if file.url in state.discarded or len(state.discarded) >= _MOST_DISCARDED:
        return None
    logger.info("%s", problems.discarded(file.shown_url, str(error)))
    return file.url


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
        problem = f"there is {problems.NO_VARIANT} in it"
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
        state.log.once(logging.INFO, f"\n{text}\n", is_block=True)
    elif style == "short":
        text = downloads.short_banner(choice.project, choice.version, variant)
        state.log.once(logging.INFO, text)
