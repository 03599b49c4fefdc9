"""What pip says and checks when it is about to take a file, and what its reports say of it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pip._internal.exceptions import MetadataInconsistent, UnsupportedWheel
from pip._internal.utils._log import VERBOSE
from pip._internal.utils.logging import get_indentation, indent_log
from pip._vendor.packaging.utils import canonicalize_name

from . import explain
from .choosing import is_wished, judge, say_passed_over
from .decisions import Build, Choice, Decision
from .dependencies import build_of
from .errors import FetchError, MetadataError, shortened
from .filenames import label_of
from .index import session_of
from .process import process
from .selection import Wheel

if TYPE_CHECKING:
    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.metadata import BaseDistribution
    from pip._internal.models.link import Link
    from pip._internal.req.req_install import InstallRequirement

    from .metadata import Metadata


logger = logging.getLogger(__name__)


def introduce(req: InstallRequirement, finder: PackageFinder) -> None:
    """Say what is about to be fetched: the banner of a variant, and what was passed over for it.

    A variant wheel that was given as a file or address is judged first, by its own metadata, which
    range requests read from afar; raise pip's UnsupportedWheel if it does not fit.
    """
    link = req.cached_wheel_source_link or req.link
    if link is None:
        return
    process.aim_at(finder)
    if link.url not in process.choices and _is_variant(link):
        from .archives import own_metadata

        try:
            metadata = own_metadata(link, session_of(finder))
        except FetchError:
            return  # pip fetches the whole wheel, or says why it cannot; then `examine` judges it
        except MetadataError as error:
            raise UnsupportedWheel(f"{link.filename} cannot be judged: {error}") from None
        try:
            _judge_given(link, metadata)
        except UnsupportedWheel as error:
            # pip keeps the reason to itself if a constraint names the file of a dependency.
            if not req.user_supplied:
                process.say(logging.ERROR, str(error))
            raise
    choice = process.choices.get(link.url)
    if choice is not None:
        _tell(choice)


def examine(req: InstallRequirement, dist: BaseDistribution) -> None:
    """Connect what has arrived of a file, perhaps only its METADATA, with its variant.

    Raise UnsupportedWheel for a variant wheel that the user gave and that does not fit, and
    MetadataInconsistent, by which pip discards a file, if a wheel is another variant than its
    source says.
    """
    link = req.cached_wheel_source_link or req.link
    if link is None:
        return
    if link.url not in process.choices and _is_variant(link):
        _judge_arrived(link, dist)
        # pip is inside the step of this file; its variant is news of the whole run.
        with indent_log(-get_indentation()):
            _tell(process.choices[link.url])
    choice = process.choices.get(link.url)
    if choice is None:
        return
    own = build_of(dist)
    if own is not None and choice.build is not None:
        expected, found = _described(choice.build), _described(own)
        if expected != found:
            raise MetadataInconsistent(req, "variant", shortened(expected), shortened(found))
    process.candidates.add(dist._dist)  # type: ignore[attr-defined]  # noqa: SLF001 - both backends have it
    process.examined[dist._dist] = choice.build  # type: ignore[attr-defined]  # noqa: SLF001 - both backends have it


def report_entry(req: InstallRequirement) -> dict[str, object]:
    """Return what ``--report`` adds to the entry of a file: ``{"variant": {..}}`` or nothing."""
    link = req.cached_wheel_source_link or req.link
    choice = process.choices.get(link.url) if link is not None else None
    if choice is None or choice.build is None:
        return {}
    from .installed import entry

    return {"variant": entry(choice.build)}


def _described(build: Build) -> str:
    return f"{build.variant.label}: {', '.join(build.variant.properties) or 'null'}"


def _is_variant(link: Link) -> bool:
    return link.is_wheel and label_of(link.filename) is not None


def _judge_arrived(link: Link, dist: BaseDistribution) -> None:
    found = build_of(dist)
    if found is None:
        raise UnsupportedWheel(f"{link.filename} cannot be judged: no valid variant.json in it")
    from .archives import check_own_label

    try:
        check_own_label(link.filename, found.metadata)
    except MetadataError as error:
        raise UnsupportedWheel(f"{link.filename} cannot be judged: {error}") from None
    _judge_given(link, found.metadata)


def _judge_given(link: Link, metadata: Metadata) -> None:
    """Note the choice that the user made by giving a variant wheel; raise if it does not fit."""
    selection = judge([Wheel(link.filename, label_of(link.filename))], metadata)
    if selection.rejected:
        reason = explain.why(selection.rejected)
        raise UnsupportedWheel(f"{link.filename} does not fit this machine: {reason}")
    name, version = link.filename.split("-", 2)[:2]
    project = canonicalize_name(name)
    build = Build(metadata.variants[0], metadata)
    wish = process.wish(project)
    if wish is not None and not is_wished(build.variant, wish):
        problem = f"{link.filename} is not the variant {wish} that is wanted of {project}"
        raise UnsupportedWheel(problem)
    process.choices[link.url] = Choice(project, version, build)


def _tell(choice: Choice) -> None:
    variant = choice.build.variant if choice.build is not None else None
    if choice.decision is not None and (variant is None or variant.is_null):
        told = say_passed_over(choice.project, choice.version, choice.decision.selections)
        if told and logger.isEnabledFor(VERBOSE):
            _show(choice.decision)
    if variant is not None:
        text = explain.banner(choice.project, choice.version, variant)
        process.say(logging.INFO, f"\n{text}\n")


def _show(decision: Decision) -> None:
    """Show the whole table; drawing one is not needed otherwise, nor are these imports."""
    from .explaining import explanation
    from .rendering import show

    show(explanation(decision), VERBOSE)
