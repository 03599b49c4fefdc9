"""pip's resolver, once more until the builds of its set go together.

In each round variants were chosen for the versions that were expected of other distributions, and
some because nothing was known to need one. A set in which it turns out otherwise is found again
with what is known from it. All files have been read by then: a further round sends no request. Only
if pip's resolver has no set at the end, or none that holds, every set is tried in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pip._vendor.resolvelib import ResolutionError

from pip_variants.core.conditions import Condition, prefixes
from pip_variants.core.difference import DifferentBuilds, different_builds
from pip_variants.core.properties import Value
from pip_variants.explain import notes
from pip_variants.explain.messages import no_set

from .alternatives import conditions_in, is_first_choice
from .compat import InstallationError, condition_requirement
from .distributions import variant_of
from .every_set import EverySet
from .run_state import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .compat import Factory

_MOST_ROUNDS = 8

Result = Any
"""The result of resolvelib: ``mapping``, ``criteria`` and ``graph``."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """The resolution of a command, by resolvelib's ``resolver`` with pip's ``factory``.

    ``limit`` is how many steps it may take.
    """

    state: RunState
    resolver: Any
    factory: Factory
    requirements: Sequence[Any]
    limit: int

    def agreeing_set(self, found: Result | Exception) -> Result:
        """Return a set of packages in which the conditions of all variants hold.

        ``found`` is what pip's resolver made of the requirements at first. Raise its error if there
        is no set, and at once any other, such as that of a file that cannot be read.
        """
        together = self.state.together
        valid = None
        before: list[Mapping[str, str | None]] = []
        while not isinstance(found, Exception) and len(before) < _MOST_ROUNDS:
            versions = found_versions(self.state, found)
            if holds(self.state, found, versions):
                valid = found
                if together.agrees_with(versions):
                    return valid
            if versions in before:
                break
            before.append(versions)
            has_parts = together.expects_parts_of(versions)
            together.assume(versions)
            if valid is found and has_parts and _is_chosen_again(self.state, found):
                return valid
            found = self._resolve()
        if valid is not None:
            return self._with_best_labels(valid)
        if together.may_need_more():
            valid = _first_of_all(self.state, self.resolver.provider, self.requirements)
        if valid is not None:
            return valid
        raise self._error(found)

    def _resolve(self, more: Sequence[Any] = ()) -> Result | Exception:
        try:
            return self.resolver.resolve([*self.requirements, *more], max_rounds=self.limit)
        except (ResolutionError, RecursionError) as error:
            return error

    def _with_best_labels(self, valid: Result) -> Result:
        """Return a set with the same versions whose variants were chosen for these versions."""
        self.state.together.assume(found_versions(self.state, valid))
        pins = [
            condition_requirement(self.factory, None, Condition(name, (Value(prefix),)), "")
            for name, candidate in valid.mapping.items()
            if name == candidate.project_name
            for prefix in prefixes(str(candidate.version))[:1]
        ]
        found = self._resolve(pins)
        if isinstance(found, Exception):
            return valid
        return found if holds(self.state, found, found_versions(self.state, found)) else valid

    def _error(self, found: Result | Exception) -> Exception:
        if isinstance(found, Exception) and not isinstance(found, RecursionError):
            return found
        # resolvelib does not end where needs turn in a circle.
        mapping = found.mapping if not isinstance(found, Exception) else {}
        why = [notes.different_builds(item) for item in _differing(self.state, mapping)]
        return InstallationError(no_set(why))


def _is_chosen_again(state: RunState, result: Result) -> bool:
    """Return whether every variant of a set is the first choice for the versions of the set."""
    links = (candidate.source_link for candidate in result.mapping.values())
    return all(is_first_choice(state, link) for link in links if link is not None)


def _first_of_all(
    state: RunState,
    provider: Any,  # noqa: ANN401 - pip's
    requirements: Sequence[Any],
) -> Result | None:
    """Return the first set of all that holds, or None."""
    together = state.together
    together.needs_all = True

    search = EverySet(
        provider,
        lambda found: holds(state, found, found_versions(state, found)),
        lambda mapping: {name for one in _differing(state, mapping) for name, _ in one.builds},
    )
    for versions in together.possible_versions():
        if search.is_exhausted:
            break
        together.assume(versions)
        found = search.first(requirements)
        if found is not None:
            return found
    return None


def _differing(state: RunState, mapping: Mapping[str, Any]) -> tuple[DifferentBuilds, ...]:
    """Return where the variants of candidates do not agree in a namespace in which they must."""
    if not state.together.consistent:
        return ()
    chosen = {
        name: found.variant
        for name, candidate in mapping.items()
        if hasattr(candidate, "dist") and (found := variant_of(candidate.dist)) is not None
    }
    return different_builds(chosen, state.together.consistent)


def found_versions(state: RunState, result: Result) -> dict[str, str | None]:
    """Return the version of each distribution that variants of the run depend on; None: not there.

    One that only conditions of variants have brought into the set is not there.
    """
    needed = needed_names(result)
    mapping = result.mapping
    return {
        name: str(mapping[name].version) if name in needed else None
        for name in state.together.projects
    }


def needed_names(result: Result) -> set[str]:
    """Return the names in a set that are required, or installed, without regard to conditions."""
    mapping = result.mapping
    names = {id(candidate): name for name, candidate in mapping.items()}
    parents = {
        name: [
            None if item.parent is None else names.get(id(item.parent), "")
            for item in result.criteria[name].information
            if not getattr(item.requirement, "is_condition", False)
        ]
        for name in mapping
    }
    needed = {name for name, candidate in mapping.items() if candidate.is_installed}
    needed |= {name for name, found in parents.items() if None in found}
    while True:
        more = {
            name
            for name, found in parents.items()
            if name not in needed and any(parent in needed for parent in found)
        }
        if not more:
            return needed
        needed |= more


def holds(state: RunState, result: Result, versions: dict[str, str | None]) -> bool:
    """Return whether every condition in a set holds, and everything in it is needed."""
    together = state.together
    installed = together.installed_versions()
    if _differing(state, result.mapping) or not needed_names(result) >= result.mapping.keys():
        return False

    def is_met(condition: Condition) -> bool:
        version = versions.get(condition.project) or installed.get(condition.project)
        # Dependencies with markers about one of several values are those of the expected version.
        as_expected = len(condition.values) == 1 or version == together.version(condition.project)
        return as_expected and condition.holds(version)

    return all(
        is_met(condition)
        for name, candidate in result.mapping.items()
        if "[" not in name and hasattr(candidate, "dist")
        for condition in conditions_in(state, variant_of(candidate.dist))
    )
