"""Builds that belong together: what variants require of the versions of other distributions."""

from __future__ import annotations

from .run import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pip._internal.metadata import BaseDistribution
    from pip._internal.req.req_install import InstallRequirement
    from pip._internal.resolution.resolvelib.base import Candidate, Requirement
    from pip._internal.resolution.resolvelib.factory import Factory
    from pip._vendor.packaging.version import Version
    from pip._vendor.resolvelib import Resolver
    from pip._vendor.resolvelib.resolvers import Result as AnyResult

    RLResolver = Resolver[Requirement, Candidate, str]
    Result = AnyResult[Requirement, Candidate, str]


def fits_conditions(reqs: Sequence[InstallRequirement], version: Version) -> bool:
    """Return whether variants of other distributions fit beside a version of this one."""
    found = (getattr(req, "variant_condition", None) for req in reqs)
    return all(condition.holds(str(version)) for condition in found if condition is not None)


def conditions(
    factory: Factory, req: InstallRequirement, dist: BaseDistribution
) -> Iterator[Requirement]:
    """Yield what a variant requires of the versions of other distributions."""
    run = current()
    from . import is_variant

    if run.without_variants or not (run.has_state or is_variant(dist)):
        return
    state = run.state()
    from pip_variants.pip_adapter import alternatives

    yield from alternatives.requirements(state, factory, req, dist)


def resolve(
    resolver: RLResolver, factory: Factory, requirements: list[Requirement], limit: int
) -> Result:
    """Return the set of packages that pip's resolver finds, in which all builds go together."""
    from pip._vendor.resolvelib import ResolutionError

    run = current()
    found: Result | Exception
    try:
        found = resolver.resolve(requirements, max_rounds=limit)
    except (ResolutionError, RecursionError) as error:
        found = error
    if not run.has_state or not run.state().together.has_conditions:
        if isinstance(found, Exception):
            raise found
        return found
    from pip_variants.pip_adapter import rounds

    search = rounds.Rounds(run.state(), resolver, factory, requirements, limit)
    result: Result = search.agreeing_set(found)
    return result
