"""What is known of a run before pip needs it."""

from __future__ import annotations

from dataclasses import dataclass, field

from pip_variants.core.decision import Decision, SelectedVariant
from pip_variants.system.workers import Workers

from .links import VariantLink

_CONNECTIONS = 9
"""How many requests are sent ahead at once: pip keeps ten connections to a host, one for itself."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A file that pip will take if nothing contradicts it, of which METADATA is on the way.

    ``extras`` are those that are required of it, ``selected`` is its variant, if it has one.
    """

    project: str
    version: str
    extras: frozenset[str]
    link: VariantLink
    selected: SelectedVariant | None


@dataclass(slots=True)
class Ahead:
    """What is known ahead: projects that pip looks for, and decisions about their releases.

    ``expected`` are the files whose dependencies nobody has looked for yet, ``versions`` those of
    all files that were ever expected. ``was_wrong``: pip needs another version than one of these.
    """

    projects: set[str] = field(default_factory=set)
    decisions: dict[tuple[str, ...], Decision] = field(default_factory=dict)
    expected: list[Expected] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    was_wrong: bool = False
    workers: Workers = field(default_factory=lambda: Workers(_CONNECTIONS))
