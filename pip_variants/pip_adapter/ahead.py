"""What is known of a run before pip needs it."""

from __future__ import annotations

from dataclasses import dataclass, field

from pip_variants.core.decision import Decision
from pip_variants.system.workers import Workers

_CONNECTIONS = 8
"""How many requests are sent ahead at once."""


@dataclass(slots=True)
class Ahead:
    """What is known ahead: projects that pip looks for, and decisions about their releases."""

    projects: set[str] = field(default_factory=set)
    decisions: dict[tuple[str, ...], Decision] = field(default_factory=dict)
    workers: Workers = field(default_factory=lambda: Workers(_CONNECTIONS))
