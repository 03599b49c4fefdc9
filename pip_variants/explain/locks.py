"""The texts about lock files: what is in one about variants, what is not, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pip_variants.core.errors import printable, quoted, shortened
from pip_variants.core.properties import Variant
from pip_variants.core.union import Contradiction

from .messages import join_labels

MACHINE_BY_MACHINE = (
    "lock for one machine after the other, with --variant-platform FILE for each in place of"
    " --variants all"
)


def locked_labels(project: str, version: str, labels: Iterable[str | None]) -> str:
    """Return which wheels of a version the lock has (None: a plain one)."""
    return f"Locked {join_labels(map(_name, dict.fromkeys(labels)))} of {project} {version}"


def downloaded_for_hash(filename: str) -> str:
    """Return why a wheel is downloaded to lock it."""
    return (
        f"{filename} is downloaded for its hash, which the lock needs and its page does not state"
    )


def without_hash(project: str, version: str, labels: Iterable[str | None]) -> str:
    """Return which wheels of a version the lock does not have, because no hash is known."""
    names = [_name(label) for label in dict.fromkeys(labels)]
    verb = "is" if len(names) == 1 else "are"
    return (
        f"{join_labels(names)} of {project} {version} {verb} not in the lock, which needs a hash"
        " of each file: their page states none, and they are not downloaded for it"
    )


def no_table(project: str, version: str, error: Exception) -> str:
    """Return why the lock does not describe the variants of a version."""
    what = f"The lock does not describe the variants of {project} {version}"
    return f"{what}: {shortened(str(error))}"


def partly_needed(
    project: str, version: str, needed: Iterable[tuple[str, Sequence[str | None]]]
) -> str:
    """Return which projects only some labels need, though the lock has them for all."""
    items = [f"{shortened(name)} ({join_labels(map(_name, labels))})" for name, labels in needed]
    return (
        f"Needed by some of the variants of {project} {version} only, but locked for all of them,"
        f" because a lock has no conditions about variants: {join_labels(items)}"
    )


def contradiction(project: str, version: str, found: Contradiction) -> str:
    """Return the error about two labels that cannot be in one lock."""
    first, second = (
        f"{_name(label)} needs {shortened(requirement)}"
        for label, requirement in (found.first, found.second)
    )
    return (
        f"One lock cannot have all variants of {project} {version}: {first} and {second};"
        f" {MACHINE_BY_MACHINE}"
    )


def unread_dependencies(filename: str, error: str) -> str:
    """Return the error about a wheel whose dependencies cannot be locked."""
    return f"The dependencies of {filename} cannot be read, which the lock has to list: {error}"


def lock_for(platform: str, output: str) -> str:
    """Return which platform file is locked for next, and where the lock goes."""
    return f"Locking for {quoted(platform)}: {output}"


def unsuitable_name(platform: str, name: str) -> str:
    """Return why a lock cannot have the name of its platform file (PEP 751, "File Name")."""
    return (
        f"--variant-platform: the lock for {quoted(platform)} would be named {quoted(name)},"
        " and no dot is allowed there: rename the platform file"
    )


def same_name(first: str, second: str, name: str) -> str:
    """Return why two platform files cannot be locked for together."""
    return (
        f"--variant-platform: the locks for {quoted(first)} and {quoted(second)} would both be"
        f" named {quoted(name)}"
    )


def output_of_several(output: str) -> str:
    """Return why a lock for each of several platform files cannot be written there."""
    return (
        f"--output: with several platform files each lock has a name of its own: {quoted(output)}"
        " must be a folder, or pylock.toml in one"
    )


def contradicted_lock(
    filename: str, what: str, lock: str, expected: Variant, found: Variant | None
) -> str:
    """Return that a wheel is another variant than its lock describes; None: it is no valid one."""
    own = "has no valid variant.json" if found is None else f"is {shortened(str(found))}"
    return (
        f"{filename} contradicts {printable(lock)}, which describes this wheel of {what} as"
        f" {shortened(str(expected))}: it {own}"
    )


def only_variants(what: str) -> str:
    """Return that a lock has nothing but variants of a project."""
    return f"all files of {what} are variant wheels, and --no-variants is given"


def read_once(option: str, file: str) -> str:
    """Return why the requirements for several machines cannot come from a pipe."""
    return (
        f"{option}: {quoted(file)} is not a regular file, and is read again for each of several"
        " platform files"
    )


def _name(label: str | None) -> str:
    return "the plain wheel" if label is None else shortened(label)
