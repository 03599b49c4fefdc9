"""The texts beside a choice: why not each wheel, what is installed, what version order hides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pip_variants.core.decision import Installed
from pip_variants.core.difference import DifferentBuilds
from pip_variants.core.selection import Rejected
from pip_variants.core.supported import SupportedProperties

from .messages import UNUSABLE, join_labels, namespace_reason
from .requirements import missing_text, natural_key

UNTRUSTED = "its provider is third-party code, which is not run"


def rejection_reasons(item: Rejected) -> tuple[str, ...]:
    """Return everything that keeps one wheel from being installed.

    Why a namespace supports nothing comes once, without the option that would trust its provider:
    the suggestions name that where it would change the choice.
    """
    if item.unusable is not None:
        return (UNUSABLE[item.unusable],)
    known: set[str] = set()
    lines = []
    for missing in item.missing:
        reason = None if missing.namespace in known else short_reason(missing.supported)
        known.add(missing.namespace)
        lines.append(missing_text("", missing, reason).strip())
    return tuple(lines)


def short_reason(supported: SupportedProperties) -> str | None:
    """Return why properties of a namespace are not supported, without an option to change that."""
    return UNTRUSTED if supported.state == "untrusted" else namespace_reason(supported)


def outranked(project: str, version: str, source: str, labels: Iterable[str]) -> str:
    """Return that a local version comes before the variants of the same public version."""
    public = version.partition("+")[0]
    return (
        f"{project} {version} from {source} is newer than {public} in the order of versions:"
        f" the variants {join_labels(labels)} of {project} {public} are passed over for it"
    )


def pinned_local(project: str, public: str, local: str | None, labels: Iterable[str]) -> str:
    """Return which variants there are of the public part of a local version that is missing."""
    known = list(labels)
    if local in known:
        return f"{public} has a build labelled {local}: {project}=={public}#{local}"
    builds = "a build" if len(known) == 1 else "builds"
    return f"{public} has {builds} labelled {join_labels(known)}: {project}=={public}#LABEL"


def installed_lines(project: str, found: Installed) -> Iterator[str]:
    """Yield what is installed, whether it stays, and what an upgrade would install then."""
    what = f"{project} {found.version}"
    label = f" ({found.variant.label})" if found.variant is not None else ""
    if not found.is_kept:
        yield f"Installed: {what}{label}, which is replaced"
        return
    yield f"Installed: {what}{label}, which satisfies the requirement and is kept"
    if found.outranked:
        public = found.version.partition("+")[0]
        yield (
            f"The installed {what} is newer than {public} in the order of versions:"
            f" the variants {join_labels(found.outranked)} of {project} {public} are passed over"
            " for it"
        )
    if found.upgrade is not None:
        yield f"pip install --upgrade {project} would install {found.upgrade or 'nothing else'}"


def different_builds(found: DifferentBuilds) -> str:
    """Return that packages of one run take builds with different values of one feature."""
    takes = join_labels(f"{project} takes {label}" for project, label in found.builds)
    values = sorted({value for part in found.values for value in part}, key=natural_key)
    return f"{takes}: their builds differ in {found.name} ({', '.join(values)})"
