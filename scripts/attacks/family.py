"""What a family of attacks is: cases drawn from a seed, each with a verdict."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the outcome of a case, in one sentence, and what shows it again.

    ``detail`` has as much of input and output as a person needs, in printable text.
    """

    problem: str
    detail: str = ""


class Family(Protocol):
    """Cases of one kind. ``setup`` is called once, before the first case; ``close`` at the end."""

    name: str

    def setup(self) -> None:
        """Prepare what all cases share: a server, an environment, a process to fork from."""

    def attempt(self, rng: random.Random) -> Finding | None:
        """Run one case, drawn from ``rng`` alone; None if all that is promised was kept."""

    def close(self) -> None:
        """End processes and remove files."""


def case_rng(seed: int, family: str, case: int) -> random.Random:
    """Return the source of one case, so that it can be repeated without those before it."""
    return random.Random(f"{seed}/{family}/{case}")
