"""Dependencies with markers about variants, where pip reads them."""

from __future__ import annotations

from .run import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pip._internal.metadata import BaseDistribution


def bind_dependency(inner: object, requirement: str) -> str:
    """Return a dependency with its markers about variants evaluated.

    ``inner`` is a distribution of importlib.metadata or pkg_resources.
    """
    run = current()
    if "variant_" not in requirement:
        return requirement
    state = run.state()
    from pip_variants.pip_adapter import dependencies

    return dependencies.bind_dependency(state, inner, requirement)


def bind_raw_dependencies(dist: BaseDistribution, requirements: list[str]) -> list[str]:
    """Return the dependencies of a distribution with their markers about variants evaluated."""
    if not any("variant_" in requirement for requirement in requirements):
        return requirements
    state = current().state()
    from pip_variants.pip_adapter import dependencies

    return dependencies.bind_raw_dependencies(state, dist, requirements)
