"""What a built-in provider says of the machine it looked at."""

from __future__ import annotations

from dataclasses import dataclass

from pip_variants.properties import Features


@dataclass(frozen=True, slots=True)
class Detected:
    """Ordered features, a reason if something is missing, and warnings for the user."""

    features: Features = ()
    reason: str | None = None
    warnings: tuple[str, ...] = ()
