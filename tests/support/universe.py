"""Small worlds of packages: random ones, and every set of packages that one of them allows.

A world is JSON: what lies on an index, what the user requires, what is installed. The rules of a
set are written here a second time, as README states them, without pip and without the engine.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Chosen = Mapping[str, "File"]
"""A set: the file of each project."""

_END = 1 << 20
_line = re.compile(r"([a-z]\w*)(?:==(\d)\.\*|(<|>=)(\d))?(?:; (.*))?").fullmatch
_MARKER = re.compile(r'"abi_dependency :: (\w+) :: ([\d.]+)" in variant_properties').fullmatch
_LABEL = re.compile(r'variant_label == "(\w+)"').fullmatch


@dataclass(frozen=True, slots=True)
class File:
    """A wheel; ``label`` is None for a plain one.

    ``abi`` are its ABI properties by project, ``level`` is a property that a machine may have.
    """

    name: str
    version: str
    label: str | None
    requires: tuple[str, ...] = ()
    abi: tuple[tuple[str, tuple[str, ...]], ...] = ()
    level: str | None = None


@dataclass(frozen=True, slots=True)
class World:
    """What there is of each project, newest first, and what is required.

    ``levels`` are those of the machine, best first. ``consistent`` are the namespaces in which
    builds must agree.
    """

    files: Mapping[str, tuple[File, ...]]
    roots: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    installed: tuple[File, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    levels: tuple[str, ...] = ("1",)
    consistent: tuple[str, ...] = ()


def random_world(seed: int) -> World:
    """Return a world of three to five projects; the same for the same number."""
    rng = random.Random(seed)  # noqa: S311 - a test
    names = [f"p{number}" for number in range(rng.randint(3, 5))]
    files = {name: tuple(_random_files(rng, name, names)) for name in names}
    roots = tuple(
        name + rng.choice(["", "", "", "==1.*", "<3"])
        for name in rng.sample(names, rng.randint(1, min(3, len(names))))
    )
    return World(files, roots)


def _random_files(rng: random.Random, name: str, names: Sequence[str]) -> Iterator[File]:
    later = [other for other in names if other > name]
    others = [other for other in names if other != name]
    for version in range(rng.randint(1, 3), 0, -1):
        common = [
            other + rng.choice(["", "", "==1.*", "==2.*", "<3", ">=2"])
            for other in later
            if rng.random() < 0.25
        ]
        labels: list[str | None] = rng.choice(
            [[None], [None], ["a", "b"], ["a", "b", "null"], ["a", "b", "c", None], ["a"]]
        )
        for label in labels:
            abi = []
            if label not in {None, "null"}:
                for other in rng.sample(others, rng.choice([0, 1, 1, 1, 2])):
                    values = rng.sample(["1", "2", "3", "2.0", "1.0"], rng.choice([1, 1, 1, 2]))
                    abi.append((other, tuple(values)))
            yield File(name, f"{version}.0", label, (*common,), tuple(abi))


def with_markers(world: World, seed: int) -> World:
    """Return a world in which some dependencies have markers about variants."""
    rng = random.Random(seed)  # noqa: S311 - a test
    files = {}
    for name, found in world.files.items():
        by_version: dict[str, list[str]] = {}
        for file in found:
            lines = by_version.setdefault(file.version, [])
            for project, values in file.abi:
                if project > name and rng.random() < 0.4:
                    value = values[0]
                    major = value.partition(".")[0]
                    lines.append(
                        f'{project}=={major}.*; "abi_dependency :: {project} :: {value}" in'
                        " variant_properties"
                    )
            later = [other for other in world.files if other > name]
            if file.label not in {None, "null"} and later and rng.random() < 0.3:
                lines.append(f'{rng.choice(later)}; variant_label == "{file.label}"')
        files[name] = tuple(
            File(
                file.name,
                file.version,
                file.label,
                (*file.requires, *by_version[file.version]),
                file.abi,
            )
            for file in found
        )
    return World(files, world.roots, world.constraints, world.installed, world.options)


def allows(line: str, chosen: Chosen) -> bool:
    """Return whether a set has what a requirement without a marker needs."""
    match = _line(line)
    assert match is not None, line
    file = chosen.get(match[1])
    return file is not None and _in_range(match, file.version)


def _in_range(match: re.Match[str], version: str) -> bool:
    major = int(version.partition(".")[0])
    if match[2]:
        return major == int(match[2])
    if match[3]:
        return major < int(match[4]) if match[3] == "<" else major >= int(match[4])
    return True


def name_of(line: str) -> str:
    """Return the project of a requirement."""
    match = _line(line)
    assert match is not None, line
    return match[1]


def matches(value: str, version: str | None) -> bool:
    """Return whether a version is one of ``== value.*``."""
    return version is not None and f"{version}.0.".startswith(f"{value}.")


def needs(file: File, versions: Mapping[str, str]) -> list[str]:
    """Return the dependencies of a file whose markers hold, beside these versions."""
    found = []
    for line in file.requires:
        plain, _, marker = line.partition("; ")
        abi, label = _MARKER(marker), _LABEL(marker)
        own = dict(file.abi)
        if abi and not (abi[2] in own.get(abi[1], ()) and matches(abi[2], versions.get(abi[1]))):
            continue
        if label and label[1] != file.label:
            continue
        found.append(plain)
    return found


def fits(file: File, versions: Mapping[str, str]) -> bool:
    """Return whether the conditions of a file hold beside these versions."""
    return all(
        any(matches(value, versions.get(project)) for value in values)
        for project, values in file.abi
    )


def every_set(world: World) -> Iterator[dict[str, File]]:
    """Yield every set that satisfies all requirements and has nothing that is not needed."""
    names = list(world.files)
    choices: list[tuple[File | None, ...]] = [(None, *world.files[name]) for name in names]
    before = {file.name: file.version for file in world.installed}
    for picked in itertools.product(*choices):
        chosen = {file.name: file for file in picked if file is not None}
        if not all(allows(root, chosen) for root in world.roots):
            continue
        versions = {**before, **{name: file.version for name, file in chosen.items()}}
        needed = {name: needs(file, versions) for name, file in chosen.items()}
        if not all(allows(line, chosen) for lines in needed.values() for line in lines):
            continue
        if not all(fits(file, versions) for file in chosen.values()):
            continue
        reached: set[str] = set()
        todo = [name_of(root) for root in world.roots]
        while todo:
            name = todo.pop()
            if name not in reached:
                reached.add(name)
                todo += map(name_of, needed[name])
        if len(reached) == len(chosen):
            yield chosen


def label_key(file: File, versions: Mapping[str, str]) -> tuple[bool, tuple[int, ...], str]:
    """Return the place of a file among those of its version, the best first (PEP 825)."""
    if file.label is None:
        return True, (), ""
    key = []
    for number, (project, values) in enumerate(sorted(file.abi)):
        version = versions[project]
        longest = max(value.count(".") for value in values if matches(value, version))
        key.append((project, 3 - longest, number))
    flat = tuple(int(project[1:]) * 10 + place for project, place, _ in sorted(key))
    return False, (*flat, _END), file.label


def labels_of(
    chosen: Chosen, order: Sequence[str]
) -> tuple[tuple[bool, tuple[int, ...], str], ...]:
    """Return how good the labels of a set are, in this order of projects."""
    versions = {name: file.version for name, file in chosen.items()}
    return tuple(label_key(chosen[name], versions) for name in order)
