"""Which build of a version a requirement pins by its hash, where the page gives no hashes."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from pip_variants.core.errors import FetchError
from pip_variants.explain import problems
from pip_variants.remote.fetch import fetch

from .compat import HashMismatch, Link
from .links import choice_of, link_of, remote_file
from .run_state import RunState

if TYPE_CHECKING:
    from .compat import InstallRequirement


def explain_hash(state: RunState, req: InstallRequirement, error: Exception) -> None:
    """Log that a requirement pins another build than the selected one, if that is so or may be.

    The other wheels are fetched if they are not larger than a document may be.
    """
    link = link_of(req)
    choice = choice_of(link) if link is not None else None
    if not isinstance(error, HashMismatch) or link is None or choice is None:
        return
    if choice.decision is None or not req.hash_options or link.has_hash:
        return
    urls = [url for url in state.decisions.urls_of(choice.decision) if url != link.url]
    found = {item.filename: _has_hash(state, item, error) for item in map(Link, urls)}
    pinned = next((name for name, has_hash in found.items() if has_hash), None)
    if pinned is not None or None in found.values():
        text = problems.pinned_build(choice.decision, link.filename, pinned)
        state.log.once(logging.ERROR, text)


def _has_hash(state: RunState, link: Link, error: HashMismatch) -> bool | None:
    """Return whether a file has one of the hashes that an error expected, or None if unknown."""
    if not link.is_wheel or state.transport is None:
        return None
    try:
        content = fetch(remote_file(link), state.transport)
    except FetchError:
        return None
    return any(
        hashlib.new(name, content).hexdigest() in digests for name, digests in error.allowed.items()
    )
