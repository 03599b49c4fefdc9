"""The texts about what a user requests: labels, providers, and names that match nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pip_variants.core.errors import printable, quoted, shortened
from pip_variants.core.properties import Label

from .messages import EXCLUDED, join_labels
from .nearest import nearest

NAMESPACE_UNUSED = "no variant that pip considered has this namespace"
FEATURE_UNUSED = "its provider reports no such feature"
PACKAGE_UNUSED = "no variant that pip considered needs this provider"
SEVERAL_PLATFORMS = "several files; only `pip lock` and `pip variants mirror` do something for each"
LEGACY_RESOLVER = "the legacy resolver takes no build back"


def conflicting_requests(project: str, first: str, second: str) -> str:
    """Return that two requests about one project contradict each other."""
    return f"conflicting variants requested for {project}: {first} and {second}"


def not_requested(filename: str, label: str, project: str) -> str:
    """Return that a wheel given by the user is not the requested variant."""
    return f"{filename} is not the requested variant {label} of {project}"


def given_and_excluded(filename: str, label: str, project: str) -> str:
    """Return that the variant of a wheel given by the user is excluded."""
    return f"{filename} is the variant {label} of {project}, {EXCLUDED}"


def without_effect(option: str, why: str, name: str, known: Collection[str]) -> str:
    """Return that an option had no effect, with the nearest name, or all that there are.

    ``option`` has its value; ``name`` is what matches none of ``known`` in it.
    """
    text = f"{option} had no effect: {why}"
    close = nearest(name, known)
    if close is not None:
        return f"{text}; did you mean {shortened(close)}?"
    names = join_labels(map(shortened, sorted(known)))
    return f"{text}; available: {names}" if names else text


def platform_entry(name: str) -> str:
    """Return what names a namespace, or a feature with its namespace, in a platform file."""
    return f"properties.{name} in the file of --variant-platform"


def not_looked_for(project: str, *, is_report: bool = False) -> str:
    """Return why a request about a project had no effect; a report is about what is installed."""
    return f"{project} is not installed" if is_report else f"pip did not look for {project}"


def label_not_found(project: str) -> str:
    """Return why the exclusion of a label had no effect."""
    return f"no wheel of {project} that pip considered has this label"


def commented_label(requirement: str, label: Label, file: str, line: int) -> str:
    """Return that what looks like the label of a requirement in a file is a comment."""
    name, shown = shortened(requirement), shortened(label)
    return (
        f"The label {shown} of {name} is a comment in line {line} of {printable(file)}, because of"
        f" the space before it; {name}#{shown} requests it"
    )


def other_variant(project: str, requested: str, installed: str | None) -> str:
    """Return that a variant cannot be uninstalled because another is installed (None: plain)."""
    found = "not a variant" if installed is None else f"the variant {shortened(installed)}"
    return (
        f"Cannot uninstall {project}#{shortened(requested)}: the installed {project} is {found};"
        f" {project} without a label uninstalls it"
    )


def no_action(name: str, actions: Iterable[str]) -> str:
    """Return that ``pip variants`` has no action of this name, and which it has."""
    return f"{quoted(name)} is not an action of pip variants {_known(name, actions)}"


def no_machine(name: str, machines: Iterable[str]) -> str:
    """Return that ``--as`` has no machine of this name, and which it has."""
    return f"--as: {quoted(name)} is neither a platform file nor a machine {_known(name, machines)}"


def _known(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence: all names that there are, and the one that is nearest."""
    names = [*known]
    close = nearest(name, names)
    hint = f" Did you mean {close}?" if close is not None else ""
    return f"({', '.join(names)}).{hint}"
