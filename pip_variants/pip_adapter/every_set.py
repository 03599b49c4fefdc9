"""Every set of packages, in order, until one holds: where pip's resolver finds none that does.

pip's resolver stops at the first set that satisfies all requirements. Whether something else needs
a distribution on which a variant depends is known only of a whole set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pip._vendor.resolvelib.structs import DirectedGraph, RequirementInformation

_MOST_STEPS = 2_000
"""How many candidates are tried before the search gives up."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """Who requires one name; as resolvelib has it."""

    information: Sequence[Any]


@dataclass(frozen=True, slots=True)
class FoundSet:
    """A set of candidates by name, who requires them, and the graph; as resolvelib has it."""

    mapping: Mapping[str, Any]
    criteria: Mapping[str, Criterion]
    graph: Any


@dataclass(slots=True)
class EverySet:
    """The search: ``provider`` is pip's, ``holds`` judges a set that satisfies all requirements.

    ``clashing`` returns names of candidates by name that do not go together, or none.
    """

    provider: Any
    holds: Callable[[FoundSet], bool]
    clashing: Callable[[Mapping[str, Any]], set[str]]
    steps: int = _MOST_STEPS

    def first(self, requirements: Sequence[Any]) -> FoundSet | None:
        """Return the first set in the order of pip's candidates that holds, or None.

        None as well if there are too many to be tried, or a set is too large.
        """
        self.steps -= 1
        try:
            found = self._visit({}, [(requirement, None) for requirement in requirements])
        except RecursionError:
            return None
        return found if isinstance(found, FoundSet) else None

    @property
    def is_exhausted(self) -> bool:
        """Whether the search has given up."""
        return self.steps < 0

    def _visit(
        self, mapping: dict[str, Any], information: list[tuple[Any, Any]]
    ) -> FoundSet | set[str]:
        """Return a set that contains the candidates so far, or the names that rule it out.

        A choice that does not belong to these names need not be tried again.
        """
        missing = None
        for requirement, parent in information:
            name = self.provider.identify(requirement)
            if name not in mapping:
                missing = missing or name
            elif not self.provider.is_satisfied_by(requirement, mapping[name]):
                return {name, *_names([parent])}
        if clashing := self.clashing(mapping):
            return clashing
        if missing is None:
            found = _found_set(mapping, information)
            return found if self.holds(found) else set(mapping)
        conflict = set(_names(parent for item, parent in information if item.name == missing))
        for candidate in self._candidates(missing, information):
            self.steps -= 1
            if self.is_exhausted:
                return set()
            more = [(item, candidate) for item in self.provider.get_dependencies(candidate)]
            result = self._visit({**mapping, missing: candidate}, [*information, *more])
            if isinstance(result, FoundSet) or missing not in result:
                return result
            conflict |= result - {missing}
        return conflict

    def _candidates(self, name: str, information: Sequence[tuple[Any, Any]]) -> Iterator[Any]:
        requirements: dict[str, list[Any]] = {}
        for requirement, _ in information:
            requirements.setdefault(requirement.name, []).append(requirement)
        matches = self.provider.find_matches(name, requirements, {})
        yield from matches() if callable(matches) else matches


def _names(candidates: Iterable[Any]) -> Iterator[str]:
    return (candidate.name for candidate in candidates if candidate is not None)


def _found_set(mapping: Mapping[str, Any], information: Sequence[tuple[Any, Any]]) -> FoundSet:
    names = {id(candidate): name for name, candidate in mapping.items()}
    graph: Any = DirectedGraph()
    graph.add(None)
    criteria: dict[str, list[Any]] = {}
    for requirement, parent in information:
        name = requirement.name
        criteria.setdefault(name, []).append(RequirementInformation(requirement, parent))
        above = names[id(parent)] if parent is not None else None
        for node in (above, name):
            if node not in graph:
                graph.add(node)
        graph.connect(above, name)
    return FoundSet(mapping, {name: Criterion(found) for name, found in criteria.items()}, graph)
