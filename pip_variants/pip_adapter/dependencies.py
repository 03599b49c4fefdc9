"""Dependencies with markers about variants, of distributions being installed and installed."""

from __future__ import annotations

from typing import Any

from pip_variants.core import markers

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
    environment = markers.marker_environment(variant, supported)
    return markers.bind_markers(requirement, environment)
