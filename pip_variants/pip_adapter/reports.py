"""What a command reports about variants when it ends or gives up."""

from __future__ import annotations

import logging

from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.explain import messages

from .evaluator import why_nothing_fits
from .run_state import RunState


def warn_of_unused_requests(state: RunState) -> None:
    """Warn of requested labels of projects for which pip did not look."""
    for project, label in state.requests.unused():
        state.log.once(logging.WARNING, messages.unused_request(project, label))


def error_suffix(state: RunState, project: str) -> str:
    """Return why nothing of a project fits, as the end of pip's error, or an empty string."""
    reason = why_nothing_fits(state, canonicalize_name(project))
    return f": {reason}" if reason is not None else ""
