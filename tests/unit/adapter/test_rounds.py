"""How far the search for a set goes that agrees with what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from pip._internal.exceptions import InstallationError

from pip_variants.pip_adapter.every_set import EverySet
from pip_variants.pip_adapter.rounds import Rounds
from tests.unit.adapter.edge import run_state


class UnreadableFile:
    """A resolver that comes across a file that cannot be read."""

    def resolve(self, requirements: Sequence[Any], max_rounds: int) -> Any:  # noqa: ANN401
        """Raise pip's error."""
        raise InstallationError(f"{requirements}, {max_rounds}")


def test_error_about_a_file_is_not_hidden_by_another_set() -> None:
    """Only where there is no set another one is looked for; what pip cannot read is an error."""
    state = run_state()
    state.together.projects.add("torch")
    state.together.used.add(("torch", True, "2.8.0"))
    found = SimpleNamespace(mapping={}, criteria={}, graph=None)
    rounds: Any = Rounds(state, UnreadableFile(), None, [], 7)  # type: ignore[arg-type]
    with pytest.raises(InstallationError, match=r"^\[\], 7$"):
        rounds.agreeing_set(found)


@dataclass(frozen=True)
class Item:
    """A requirement and its only candidate."""

    name: str


class Endless:
    """A provider whose candidates each need another one."""

    def identify(self, requirement: Item) -> str:
        """Return the name of a requirement."""
        return requirement.name

    def find_matches(self, name: str, *_: object) -> list[Item]:
        """Return the candidate with a name."""
        return [Item(name)]

    def get_dependencies(self, candidate: Item) -> list[Item]:
        """Return what no other candidate needs."""
        return [Item(f"{candidate.name}x")]

    def is_satisfied_by(self, requirement: Item, candidate: Item) -> bool:
        """Return whether the names are the same."""
        return requirement == candidate


def test_set_that_is_too_large_is_none() -> None:
    """Neither the stack nor the steps are exceeded."""
    search = EverySet(Endless(), lambda _: True, lambda _: set())
    assert search.first([Item("x")]) is None
