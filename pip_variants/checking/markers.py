"""Markers of providers and dependencies: whether they are any, and where they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pip_variants.metadata import Provider

Holds = Callable[[str, Mapping[str, str]], bool]
"""Whether a text holds where the given markers have these values; ValueError: it is not valid."""


@dataclass(frozen=True, slots=True)
class Parsers:
    """The installer's own parsers of markers and of requirements, which the core does not know."""

    marker: Holds
    requirement: Holds


def texts(provider: Provider) -> Iterator[tuple[str, str, bool]]:
    """Yield path, text, and whether it is a requirement, of all of a provider that is parsed."""
    path = f"providers.{provider.namespace}"
    if provider.enable_if is not None:
        yield f"{path}.enable-if", provider.enable_if, False
    for i, text in enumerate(provider.requires):
        yield f"{path}.requires[{i}]", text, True


def is_valid(parsers: Parsers, text: str, *, requirement: bool) -> bool:
    """Return whether ``text`` can be parsed as what it should be."""
    try:
        (parsers.requirement if requirement else parsers.marker)(text, {})
    except ValueError:
        return False
    return True


def off_reason(parsers: Parsers, provider: Provider, target: Mapping[str, str]) -> str | None:
    """Return the path of what switches ``provider`` off on ``target``, or None if it is on there.

    That is an ``enable-if`` which is false, or requirements of which none is for the target. What
    cannot be parsed is not judged here.
    """
    path = f"providers.{provider.namespace}"
    try:
        if provider.enable_if is not None and not parsers.marker(provider.enable_if, target):
            return f"{path}.enable-if"
        if provider.requires and provider.static is None and provider.builtin is None:
            here = [parsers.requirement(text, target) for text in provider.requires]
            return None if any(here) else f"{path}.requires"
    except ValueError:
        pass
    return None
