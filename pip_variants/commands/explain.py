"""``pip variants explain REQUIREMENT``: every wheel of the version that would be chosen, and why.

The version is the one to which `pip install` with the same options would resolve; dependencies are
not considered. A wheel is downloaded only if its server cannot send the part that describes it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.core.decision import is_requested
from pip_variants.core.errors import RequestError
from pip_variants.explain import messages
from pip_variants.explain.as_json import explanation_entry
from pip_variants.explain.model import Explanation, explain_decision, explain_wheel
from pip_variants.pip_adapter import compat
from pip_variants.pip_adapter.compat import CommandError, DistributionNotFound, Link, write_output
from pip_variants.pip_adapter.display import log_explanation
from pip_variants.pip_adapter.evaluator import decide_release, judge_wheels
from pip_variants.pip_adapter.kept_wheels import Keeper
from pip_variants.pip_adapter.links import release_of, remote_file, variant_link
from pip_variants.pip_adapter.releases import releases_of
from pip_variants.pip_adapter.run_state import RunState

if TYPE_CHECKING:
    from pip_variants.pip_adapter.compat import InstallRequirement, PackageFinder, Values

    from .command import VariantsCommand


def run(command: VariantsCommand, options: Values, args: list[str]) -> int:
    """Print the explanation of one requirement; return 0 or raise pip's error."""
    if len(args) != 1:
        raise CommandError("Need one requirement: a name, a name with a version, a wheel.")
    state = command.state()
    if options.json:
        # Nothing but JSON goes to stdout.
        state.quiet = True
        state.wheels.keep = Keeper()
        logging.getLogger("pip_variants").setLevel(logging.WARNING)
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
        found = _explain_name(state, finder, req, constraints)
    if options.json:
        write_output("%s", json.dumps(explanation_entry(found)))
    else:
        log_explanation(found)
    return 0


def _explain_name(
    state: RunState,
    finder: PackageFinder,
    req: InstallRequirement,
    constraints: list[InstallRequirement],
) -> Explanation:
    """Return the explanation of the version that pip would choose."""
    if req.req is None:
        raise CommandError(f"{req} has no name.")
    specifier = req.req.specifier
    for constraint in constraints:
        specifier &= constraint.specifier
    first = None
    for release in releases_of(finder, req.req.name, specifier):
        decision = decide_release(state, release)
        first = first or decision
        if decision.ranked:
            return explain_decision(decision, state.log.warnings())
    if first is None:
        raise DistributionNotFound(f"No matching distribution found for {req}")
    return explain_decision(first, state.log.warnings())


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
    selection = judge_wheels(state, release.wheels((0,)), selected.metadata)
    state.requests.mark_used(project)
    requested = state.requests.label(project)
    if requested is not None and not is_requested(selected.variant, requested):
        raise RequestError(messages.not_requested(link.filename, requested, project))
    return explain_wheel(release, selected.metadata, selection)
