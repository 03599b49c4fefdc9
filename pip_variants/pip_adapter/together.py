"""Builds that belong together: what a run assumes about distributions on which variants depend.

A variant with ``abi_dependency :: torch :: 2.8`` fits only beside a torch 2.8. Which torch there
will be is known only when pip has found a set of packages. Until then the version that pip takes by
itself is expected, and ``rounds`` compares what was found with what was expected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING

from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.core.conditions import Condition, prefixes, project_of
from pip_variants.core.decision import Decision, RankedFile
from pip_variants.core.properties import Namespace, Value, Variant
from pip_variants.core.supported import SupportedProperties

if TYPE_CHECKING:
    from .compat import BaseDistribution, InstallRequirement
    from .releases import LinkedRelease

Versions = Callable[[str, SpecifierSet], Sequence[str]]
"""Returns the versions of a project in the order in which pip tries them."""


Assumption = tuple[str, bool, "str | None"]
"""A project, whether it is needed, and the version that it is expected to have."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """The files of a release as pip tries them, and what that depends on."""

    linked: LinkedRelease
    assumptions: frozenset[Assumption]
    decision: Decision
    files: tuple[RankedFile, ...]


@dataclass(slots=True)
class Together:
    """What is known and assumed of distributions, by normalised name.

    ``roots`` are the requirements of the user, ``prepared`` what pip has prepared so far.
    ``installed`` returns the versions of what is installed, as far as it counts. ``upgraded``
    returns whether what is installed of a project is being upgraded. ``locked`` are the versions
    that locks select. ``projects`` are those on
    which variants of the run depend. ``found`` has the versions of the set that was found before,
    None for what is not part of it. Of ``installed_alternatives`` a variant is installed that other
    variants of its version may replace. ``choices`` are conditions with
    several values. ``used`` is what variants of this round were chosen by;
    ``needs_all``: everything counts as needed. ``have_dependencies``: variants
    that did not fit depend on something. ``consistent`` are the namespaces in
    which builds must agree. ``ranked`` are the files of releases, by URLs.
    """

    prepared: Sequence[BaseDistribution]
    installed: Callable[[], Mapping[str, str]]
    upgraded: Callable[[bool], bool]
    versions: Versions
    locked: Mapping[str, str] = field(default_factory=dict)
    consistent: frozenset[Namespace] = frozenset()
    with_dependencies: bool = True
    roots: Sequence[InstallRequirement] = ()
    projects: set[str] = field(default_factory=set)
    installed_alternatives: set[str] = field(default_factory=set)
    found: dict[str, str | None] = field(default_factory=dict)
    choices: set[Condition] = field(default_factory=set)
    used: set[Assumption] = field(default_factory=set)
    needs_all: bool = False
    have_dependencies: bool = False
    ranked: dict[tuple[str, ...], Ranked] = field(default_factory=dict)
    _needed: set[str] = field(default_factory=set)
    _looked_at: int = 0
    _versions: dict[tuple[str, bool], str | None] = field(default_factory=dict)
    _installed: Mapping[str, str] | None = None

    @property
    def has_conditions(self) -> bool:
        """Whether a set must satisfy more than pip's requirements."""
        return bool(self.projects or self.consistent)

    def is_needed(self, project: str) -> bool:
        """Return whether a distribution is part of the run, as far as that is known."""
        if self.needs_all:
            return True
        if project in self.found:
            return self.found[project] is not None
        return project in self._needed or project in self._needed_so_far()

    def is_known(self, project: str) -> bool:
        """Return whether it need not be found out any more if a distribution is part of the run."""
        return project in self.found or self.is_needed(project)

    def add_needed(self, projects: Iterable[str]) -> None:
        """Record what a file needs that pip has not prepared yet."""
        if self.with_dependencies:
            self._needed.update(projects)

    def version(self, project: str) -> str | None:
        """Return the version that is expected, or None if the distribution will not be there."""
        is_needed = self.is_needed(project)
        key = project, is_needed
        if key not in self._versions:
            self._versions[key] = self._expected(project, is_needed=is_needed)
        return self._versions[key]

    def expected(self, projects: AbstractSet[str]) -> dict[str, str | None]:
        """Return the expected versions; None: any, of what is needed in an unknown version."""
        self.projects |= projects
        versions = {name: self.version(name) for name in projects}
        return {
            name: version
            for name, version in versions.items()
            if version is not None or self.is_needed(name)
        }

    def possible(self, projects: AbstractSet[str]) -> dict[str, str | None]:
        """Return the versions that stay as they are; None: any, of what the run may change."""
        self.projects |= projects
        installed = self.installed_versions()
        return {
            name: None if self.is_needed(name) else installed[name]
            for name in projects
            if self.is_needed(name) or name in installed
        }

    def installed_versions(self) -> Mapping[str, str]:
        """Return the versions of what is installed, read once."""
        if self._installed is None:
            self._installed = self.installed()
        return self._installed

    def possible_versions(self) -> Iterator[dict[str, str | None]]:
        """Yield every choice of versions of those for which variants have several values."""
        yield {}  # in which the conditions come up
        any_ = SpecifierSet()
        projects = sorted({condition.project for condition in self.choices})
        found = [
            [
                version
                for version in self.versions(project, any_)
                if any(one.project == project and one.holds(version) for one in self.choices)
            ]
            for project in projects
        ]
        for versions in product(*found) if found else ():
            yield dict(zip(projects, versions, strict=True))

    def assumptions(self, projects: Iterable[str]) -> frozenset[Assumption]:
        """Return what is assumed of these projects."""
        return frozenset((name, self.is_needed(name), self.version(name)) for name in projects)

    def agrees_with(self, found: Mapping[str, str | None]) -> bool:
        """Return whether all that variants were chosen by agrees with a set that was found."""
        installed = self.installed_versions()
        actual = {
            (name, version is not None, version or installed.get(name))
            for name, version in found.items()
        }
        return self.used <= actual

    def expects_parts_of(self, found: Mapping[str, str | None]) -> bool:
        """Return whether a set that was found has what was needed, perhaps in other versions."""
        return all(is_needed == (found[name] is not None) for name, is_needed, _ in self.used)

    def assume(self, found: Mapping[str, str | None]) -> None:
        """Assume for the next round what was found: versions, None for what is not part of it."""
        self.found = dict(found)
        self.used.clear()
        self._versions.clear()

    def may_need_more(self) -> bool:
        """Return whether there may be a set that pip's resolver does not find.

        Something else than a variant may need what nothing needed yet, or builds must agree.
        """
        return bool(self.consistent) or (
            self.with_dependencies
            and (len(self.roots) > 1 or bool(self.prepared) or self.have_dependencies)
        )

    def supported_by(
        self, variant: Variant, supported: Mapping[Namespace, SupportedProperties]
    ) -> dict[Namespace, SupportedProperties]:
        """Return ``supported`` with the values that hold if this variant is installed.

        Of several values those of the expected version; if none of them matches it, only one value
        alone is certain to hold.
        """
        own = dict(supported)
        for item in supported.values():
            if item.has_versions:
                features = []
                for requirement in variant.requirements:
                    if requirement.namespace == item.namespace:
                        version = self.version(project_of(requirement.feature))
                        known = prefixes(version) if version is not None else ()
                        values = tuple(map(Value, known))
                        values = tuple(value for value in values if value in requirement.values)
                        if not values and len(requirement.values) == 1:
                            values = tuple(requirement.values)
                        features.append((requirement.feature, values))
                own[item.namespace] = replace(item, features=tuple(features))
        return own

    def _expected(self, project: str, *, is_needed: bool) -> str | None:
        found = self.found.get(project) or self.locked.get(project)
        if found is not None:
            return found
        installed = self.installed_versions().get(project)
        if not is_needed:
            return installed
        specifier = SpecifierSet()
        named = False
        for req in self._own_roots(project):
            specifier &= req.specifier
            named = named or not req.constraint
        is_kept = installed is not None and not self.upgraded(named)
        if is_kept and installed is not None and specifier.contains(installed, prereleases=True):
            return installed
        return next(iter(self.versions(project, specifier)), None)

    def _own_roots(self, project: str) -> Iterator[InstallRequirement]:
        for req in self.roots:
            if req.name and canonicalize_name(req.name) == project and req.match_markers():
                yield req

    def _needed_so_far(self) -> AbstractSet[str]:
        """Return what the user requires, and what was prepared so far needs."""
        if not self._looked_at and self.roots:
            self._needed.update(
                canonicalize_name(req.name)
                for req in self.roots
                if req.name and not req.constraint and req.match_markers()
            )
        if self.with_dependencies:
            new, self._looked_at = self.prepared[self._looked_at :], len(self.prepared)
            for dist in new:
                try:
                    names = [requirement.name for requirement in dist.iter_dependencies()]
                except ValueError:  # which pip reports itself
                    continue
                self._needed.update(map(canonicalize_name, names))
        return self._needed
