"""Environment markers and requirements of providers: are they valid, and where do they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pip_variants.core.metadata import Provider
from pip_variants.core.target_markers import marker_holds, requirement_applies


def marker_texts(provider: Provider) -> Iterator[tuple[str, str, bool]]:
    """Yield the path and the text of each marker, and whether it is part of a requirement."""
    path = f"providers.{provider.namespace}"
    if provider.enable_if is not None:
        yield f"{path}.enable-if", provider.enable_if, False
    for i, text in enumerate(provider.requires):
        yield f"{path}.requires[{i}]", text, True


def is_valid(text: str, *, requirement: bool) -> bool:
    """Return whether ``text`` is a valid marker or requirement."""
    try:
        (requirement_applies if requirement else marker_holds)(text, {})
    except ValueError:
        return False
    return True


def disabling_path(provider: Provider, target: Mapping[str, str]) -> str | None:
    """Return the path of what disables ``provider`` on ``target``, or None.

    That is an ``enable-if`` that does not hold, or requirements of which none applies. Invalid ones
    are not considered here.
    """
    path = f"providers.{provider.namespace}"
    try:
        if provider.enable_if is not None and not marker_holds(provider.enable_if, target):
            return f"{path}.enable-if"
        if provider.requires and provider.static is None and provider.builtin is None:
            applies = [requirement_applies(text, target) for text in provider.requires]
            return None if any(applies) else f"{path}.requires"
    except ValueError:
        pass
    return None
