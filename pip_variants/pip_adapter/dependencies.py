"""Dependencies with markers about variants, of distributions being installed and installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pip_variants.core import markers

from .compat import BaseDistribution, inner_distribution
from .distributions import attached_to
from .run_state import RunState


def bind_dependency(state: RunState, inner: Any, requirement: str) -> str:  # noqa: ANN401 - of importlib.metadata or pkg_resources
    """Return the text of a dependency with its markers about variants evaluated."""
    attached = attached_to(inner)
    if attached.selected is None:
        return markers.bind_markers(requirement, markers.PLAIN)
    variant, metadata = attached.selected.variant, attached.selected.metadata
    supported = {}
    if markers.needs_supported_properties(requirement):
        query = state.supported if attached.is_candidate else state.supported_quietly
        supported = query(tuple(sorted(variant.namespaces)), metadata)
        if attached.is_candidate and not state.is_legacy:
            supported = state.together.supported_by(variant, supported)
    environment = markers.marker_environment(variant, supported)
    return markers.bind_markers(requirement, environment)


def bind_raw_dependencies(
    state: RunState, dist: BaseDistribution, requirements: Sequence[str]
) -> list[str]:
    """Return the dependencies of a distribution with their markers about variants evaluated."""
    inner = inner_distribution(dist)
    return [bind_dependency(state, inner, requirement) for requirement in requirements]
