"""``pip variants explain REQUIREMENT``: every wheel of the version that would be chosen, and why.

The choice is that of `pip install` with the same options; dependencies are not considered. A wheel
is downloaded only if its server cannot send the part that describes it.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.core.decision import Installed
from pip_variants.core.errors import RequestError
from pip_variants.explain.as_json import explanation_entry
from pip_variants.explain.model import (
    Explanation,
    explain_decision,
    explain_installed,
    explain_wheel,
)
from pip_variants.pip_adapter import compat
from pip_variants.pip_adapter.alternatives import decide_as_resolver
from pip_variants.pip_adapter.candidates import labels_of_public
from pip_variants.pip_adapter.compat import (
    CommandError,
    Link,
    PipError,
    impatient_finder,
)
from pip_variants.pip_adapter.display import log_explanation, print_document
from pip_variants.pip_adapter.distributions import variant_of
from pip_variants.pip_adapter.evaluator import judge_wheels
from pip_variants.pip_adapter.links import release_of, remote_file, variant_link
from pip_variants.pip_adapter.plan import installed_distribution, plan, plan_upgrade
from pip_variants.pip_adapter.reinstall import CandidateQuery
from pip_variants.pip_adapter.releases import releases_of, usable_candidates
from pip_variants.pip_adapter.run_state import RunState

if TYPE_CHECKING:
    from pip._vendor.packaging.utils import NormalizedName

    from pip_variants.pip_adapter.compat import (
        BaseDistribution,
        InstallRequirement,
        PackageFinder,
        Values,
    )

    from .command import VariantsCommand


def run(command: VariantsCommand, options: Values, args: list[str]) -> int:
    """Print the explanation of one requirement; return 1 if nothing fits, or raise pip's error."""
    if len(args) != 1:
        raise CommandError("Need one requirement: a name, a name with a version, a wheel.")
    state = command.state()
    if options.json:
        state.report_only()
    finder = command.finder(options)
    state.use_finder(finder)
    req = compat.parse_user_requirement(args[0])
    if not req.match_markers():
        raise CommandError(f"The markers of {req.name} do not match: pip install would ignore it.")
    constraints = list(_constraints(command, options, finder, req))
    link = req.link or next((item.link for item in constraints if item.link is not None), None)
    if link is not None:
        found = _explain_link(state, link, finder)
    else:
        found = _explain_name(options, state, finder, req, constraints)
    if options.json:
        print_document(json.dumps(explanation_entry(found)))
    else:
        log_explanation(found)
    return 0 if found.is_satisfied else 1


def _explain_name(
    options: Values,
    state: RunState,
    finder: PackageFinder,
    req: InstallRequirement,
    constraints: list[InstallRequirement],
) -> Explanation:
    """Return the explanation of what pip would choose."""
    if req.req is None:
        raise CommandError(f"{req} has no name.")
    project = canonicalize_name(req.req.name)
    specifier, hashes = req.req.specifier, req.hashes(trust_internet=False)
    for constraint in constraints:
        specifier &= constraint.specifier
        hashes &= constraint.hashes(trust_internet=False)
    query = CandidateQuery(finder, specifier, hashes)
    dist = (
        None if options.ignore_installed or options.target_dir else installed_distribution(project)
    )
    kept = None if options.force_reinstall else dist
    taken = plan(state, project, query, kept, upgrades=bool(options.upgrade))
    if dist is not None and taken.keeps_installed:
        return _explain_kept(state, project, query, dist)
    requested = state.requests.label(project)
    releases = releases_of(finder, project, specifier, hashes, requested)
    if taken.link is None and requested is not None:  # why not, says the version that has it
        releases = iter(sorted(releases, key=lambda item: requested not in item.labels))
    known = (item for item in releases if taken.link is None or taken.link in item.links)
    release = next(known, None)
    if release is None:
        whole = compat.parse_user_requirement(f"{req.req.name}{specifier}")
        raise compat.not_found(finder, whole)
    found = explain_decision(decide_as_resolver(state, release), state.log.warnings())
    return found if dist is None else replace(found, installed=_installed(dist))


def _explain_kept(
    state: RunState, project: NormalizedName, query: CandidateQuery, dist: BaseDistribution
) -> Explanation:
    """Return the explanation of an installed distribution that pip would keep.

    What cannot be read from an index is no error, because an installation does not need it.
    """
    installed = replace(_installed(dist), is_kept=True)
    decision = None
    with _as_warnings(state), impatient_finder(query.finder) as finder:
        looked_for = (project, query.specifier, query.hashes, state.requests.label(project))
        usable = usable_candidates(finder, *looked_for)
        files = [(item.version, item.link) for item in usable]
        installed = replace(installed, outranked=tuple(labels_of_public(dist.version, files)))
        releases = releases_of(finder, *looked_for)
        same = (item for item in releases if item.release.version == str(dist.version))
        release = next(same, None)
        with _as_warnings(state):
            upgrade = plan_upgrade(state, project, replace(query, finder=finder), dist)
            name = upgrade.link.filename if upgrade.link is not None else ""
            installed = replace(installed, upgrade=name)
        decision = decide_as_resolver(state, release) if release is not None else None
    source = dist.location or ""
    return explain_installed(str(project), installed, source, decision, state.log.warnings())


@contextlib.contextmanager
def _as_warnings(state: RunState) -> Iterator[None]:
    """Log an error of pip as a warning, and leave the block."""
    try:
        yield
    except PipError as error:
        state.log.once(logging.WARNING, str(error))


def _installed(dist: BaseDistribution) -> Installed:
    selected = variant_of(dist)
    return Installed(str(dist.version), selected.variant if selected is not None else None)


def _constraints(
    command: VariantsCommand, options: Values, finder: PackageFinder, req: InstallRequirement
) -> Iterator[InstallRequirement]:
    """Yield the constraints on a project."""
    for item in compat.parse_constraints(command.session(options), finder, options):
        same = (
            item.name and req.name and canonicalize_name(item.name) == canonicalize_name(req.name)
        )
        if same and item.match_markers():
            yield item


def _explain_link(state: RunState, link: Link, finder: PackageFinder) -> Explanation:
    """Return the explanation of one wheel that the user gave as a file or URL."""
    if not link.is_wheel:
        raise CommandError(f"{link.redacted_url} is not a wheel; there is nothing to choose.")
    if not compat.supports_tags(link.filename, finder):
        raise CommandError(f"{link.filename} is not a supported wheel on this platform.")
    name, version = link.filename.split("-", 2)[:2]
    project = canonicalize_name(name)
    given = variant_link(link)
    release = release_of(project, version, (given,))
    if given.label is None:
        return explain_wheel(release)
    selected = state.wheels.own_variant(remote_file(given), state.use_finder(finder))
    selection = judge_wheels(state, release.wheels((0,)), selected.metadata, possible=True)
    state.requests.mark_used(project)
    refusal = state.requests.refusal(project, link.filename, selected.variant)
    if refusal is not None:
        raise RequestError(refusal)
    return explain_wheel(release, selected.metadata, selection)
