"""``pip variants explain REQUIREMENT``: every build of the version that would be chosen, and why.

The version is the one that `pip install` with the same options would come to; what the project
depends on has no say. No wheel is downloaded: metadata is read, of single wheels by range requests.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from pip._internal.exceptions import CommandError, DistributionNotFound
from pip._internal.models.wheel import Wheel as Named
from pip._internal.req.constructors import (
    install_req_from_line,
    install_req_from_parsed_requirement,
)
from pip._internal.req.req_file import parse_requirements
from pip._internal.utils.misc import redact_auth_from_url, write_output
from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.archives import own_metadata
from pip_variants.choosing import decide, is_wished, judge, parts
from pip_variants.decisions import Decision, Files
from pip_variants.errors import RequestError
from pip_variants.explaining import explanation
from pip_variants.explanation import Explanation, Origin, Row, rejected_row, what_would_change
from pip_variants.filenames import label_of
from pip_variants.index import session_of, source_of
from pip_variants.process import process
from pip_variants.providers.asking import silent
from pip_variants.rendering import show
from pip_variants.reports import explanation_entry
from pip_variants.selection import Wheel

if TYPE_CHECKING:
    from optparse import Values

    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.models.link import Link
    from pip._internal.req.req_install import InstallRequirement

    from .command import VariantsCommand


def run(command: VariantsCommand, options: Values, args: list[str]) -> int:
    """Print the explanation of one requirement; return 0, or raise pip's error if there is none."""
    if len(args) != 1:
        raise CommandError("Need one requirement: a name, a name with a version, a wheel.")
    if options.json:
        # Nothing but JSON goes to stdout.
        process.chain.asking.querying = silent
        logging.getLogger("pip_variants").setLevel(logging.WARNING)
    finder = command.finder(options)
    process.aim_at(finder)
    process.sources.whole = False
    req = install_req_from_line(args[0], user_supplied=True)
    if not req.match_markers():
        raise CommandError(f"The markers of {req.name} do not match: pip install would ignore it.")
    link = req.link or _constraint_link(command, options, finder, req)
    found = _given(link, finder) if link is not None else _found(command, options, finder, req)
    if options.json:
        write_output("%s", json.dumps(explanation_entry(found)))
    else:
        show(found)
    return 0


def _found(
    command: VariantsCommand, options: Values, finder: PackageFinder, req: InstallRequirement
) -> Explanation:
    """Return the explanation for a name: of the version that pip would choose."""
    if req.req is None:
        raise CommandError(f"{req} has no name.")
    specifier = req.req.specifier
    for constraint in _constraints(command, options, finder, req):
        specifier &= constraint.specifier
    first = None
    for decision in _decisions(finder, req.req.name, specifier):
        first = first or decision
        if decision.order:
            return explanation(decision)
    if first is None:
        raise DistributionNotFound(f"No matching distribution found for {req}")
    return explanation(first)


def _decisions(finder: PackageFinder, name: str, specifier: SpecifierSet) -> Iterator[Decision]:
    """Yield what is decided of each version, the one that pip tries first before the others."""
    candidates = finder.find_best_candidate(name, specifier=specifier).applicable_candidates
    all_yanked = all(candidate.link.is_yanked for candidate in candidates)
    pinned = any(item.operator in ("==", "===") and "*" not in item.version for item in specifier)
    usable = [
        candidate
        for candidate in reversed(candidates)
        if not candidate.link.is_yanked or (all_yanked and pinned)
    ]
    for version, group in groupby(usable, lambda candidate: candidate.version):
        links = [candidate.link for candidate in group]
        for part in parts(links, None):
            own = tuple(links[place] for place in part)
            yield decide(Files(canonicalize_name(name), str(version), own, finder))


def _constraints(
    command: VariantsCommand, options: Values, finder: PackageFinder, req: InstallRequirement
) -> list[InstallRequirement]:
    """Return the constraints on a project."""
    found = []
    for filename in options.constraints:
        for parsed in parse_requirements(
            filename,
            session=command.session(options),
            finder=finder,
            options=options,
            constraint=True,
        ):
            item = install_req_from_parsed_requirement(parsed, user_supplied=False)
            same = (
                item.name
                and req.name
                and canonicalize_name(item.name) == canonicalize_name(req.name)
            )
            if same and item.match_markers():
                found.append(item)
    return found


def _constraint_link(
    command: VariantsCommand, options: Values, finder: PackageFinder, req: InstallRequirement
) -> Link | None:
    """Return the file that a constraint names for a project."""
    links = [item.link for item in _constraints(command, options, finder, req)]
    return next((link for link in links if link is not None), None)


def _given(link: Link, finder: PackageFinder) -> Explanation:
    """Return the explanation for one wheel that the user gave as a file or an address."""
    if not link.is_wheel:
        raise CommandError(f"{link.redacted_url} is no wheel; there is nothing to choose.")
    if not Named(link.filename).supported(finder.target_python.get_unsorted_tags()):
        raise CommandError(f"{link.filename} is not a supported wheel on this platform.")
    name, version = link.filename.split("-", 2)[:2]
    label = label_of(link.filename)
    project = canonicalize_name(name)
    source = redact_auth_from_url(source_of(link))
    if label is None:
        row = Row(link.filename, None, 1, True)
        return Explanation(project, version, source, Origin("none"), (), (row,), link.filename)
    metadata = own_metadata(link, session_of(finder))
    wheels = [Wheel(link.filename, label)]
    selection = judge(wheels, metadata)
    wish = process.wish(project)
    variant = metadata.variants[0]
    if wish is not None and not is_wished(variant, wish):
        raise RequestError(f"{link.filename} is not the variant {wish} that is wanted of {project}")
    rows = [Row(link.filename, label, 1, True, variant.properties)]
    if selection.rejected:
        rows = [rejected_row(selection.rejected[0])]
    return Explanation(
        project,
        version,
        source,
        Origin("wheels", None, metadata.revision),
        selection.supports,
        tuple(rows),
        link.filename if selection.ranked else None,
        what_would_change(wheels, metadata, selection),
    )
