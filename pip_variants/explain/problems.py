"""The texts about variant metadata that cannot be used, wholly or in part."""

from __future__ import annotations

from collections.abc import Iterator

from pip_variants.core.decision import Decision
from pip_variants.core.errors import first_of, shortened
from pip_variants.core.metadata import FileProblems
from pip_variants.core.properties import Label

from .messages import PLAIN_WHEEL, join_labels, why_rejected

NO_VARIANT = "no valid variant.json"
METADATA_UNAVAILABLE = "its variant metadata is invalid or could not be fetched"
_MOST_HASHES = 5


def metadata_problems(decision: Decision) -> Iterator[str]:
    """Yield the warnings about metadata that is not used; of each kind one for each source.

    Where labels are unread the error says what is wrong with the index-level file.
    """
    what = f"of {_what(decision)}"
    for source in decision.sources:
        if source.error is not None:
            yield f"Ignoring the variant wheels {what}: {source.error}"
        if source.metadata is None:
            continue
        found = source.metadata.file_problems
        if found is not None and (found.error is None or not decision.unread):
            yield from _file_problems(found, what)
        if source.metadata.failures:
            labels = _labels(source.metadata.failures)
            reason = source.metadata.failures[0][1]
            yield f"Ignoring the variants labelled {labels} {what}: {reason}"


def _file_problems(found: FileProblems, what: str) -> Iterator[str]:
    name = found.filename
    if found.error is not None:
        yield f"Reading the variant metadata {what} from its wheels, not from {name}: {found.error}"
    if found.invalid_entries:
        first, *others = found.invalid_entries
        more = f" (and {len(others)} more)" if others else ""
        yield f"Ignoring an invalid entry in {name}: {first}{more}"
    if found.unknown_hashes:
        algorithms = ", ".join(first_of(found.unknown_hashes, _MOST_HASHES))
        yield f"{name} is not verified: its link has no hash of a known kind, only {algorithms}"


def unread_variants(decision: Decision) -> str:
    """Return that nothing can be selected as long as the metadata of some labels is unknown."""
    return (
        f"Cannot select a variant of {_what(decision)}, because {_unread_metadata(decision)}."
        " To install without variants, use --no-variants."
    )


def kept_for_unread(decision: Decision) -> str:
    """Return that an upgrade leaves an installed distribution as it is, though another may fit."""
    return f"Keeping the installed {_what(decision)}, because {_unread_metadata(decision)}"


def _unread_metadata(decision: Decision) -> str:
    files = [
        f"{item.metadata.file_problems.filename}: {item.metadata.file_problems.error}"
        for item in decision.sources
        if item.metadata is not None
        and item.metadata.unread
        and item.metadata.file_problems is not None
        and item.metadata.file_problems.error is not None
    ]
    reasons = "; ".join([*dict.fromkeys(files), decision.unread[0][1]])
    return f"the metadata of {_labels(decision.unread)} cannot be read: {reasons}"


def pinned_build(decision: Decision, selected: str, pinned: str | None) -> str:
    """Return that a required hash is not that of ``selected``, but of ``pinned`` if it is known."""
    files, what = decision.release.files, _what(decision)
    rejected = [item for selection in decision.selections for item in selection.rejected]
    if pinned is None:
        labels = [file.label for file in files if file.label and file.filename != selected]
        known = join_labels(dict.fromkeys(map(shortened, labels)))
        reason = f" ({why_rejected(rejected)})" if rejected else ""
        return (
            f"{selected}, selected for this machine{reason}, does not have the required hash, which"
            f" may be that of another build of {what}: {known or 'a plain wheel'}"
        )
    label = next(file.label for file in files if file.filename == pinned)
    why = why_rejected([item for item in rejected if item.wheel.filename == pinned])
    if why:
        end = f"{shortened(label or '')} does not fit: {why}"
    elif label is not None:
        end = f"to install it, require {what.replace(' ', '==')}#{shortened(label)}"
    else:
        end = f"it is a {PLAIN_WHEEL}"
    return (
        f"The required hash is that of {pinned}, another build of {what} than {selected}, which is"
        f" selected here; {end}"
    )


def unusable_installed(project: str, version: str, problem: str) -> str:
    """Return that an installed distribution is not regarded as a variant."""
    return f"Ignoring the variant.json of the installed {project} {version}: {problem}"


def discarded(url: str, reason: str) -> str:
    """Return that a file is not used after all, in the words of pip's resolver."""
    return f"Discarding {url}: {reason}"


def unreadable_wheel(filename: str, error: object) -> str:
    """Return that the metadata of a wheel given by the user cannot be used."""
    problem = str(error).removeprefix(f"{filename}: ")
    return f"{filename} has no usable variant metadata: {problem}"


def _what(decision: Decision) -> str:
    return f"{decision.release.project} {decision.release.version}"


def _labels(found: tuple[tuple[Label, str], ...]) -> str:
    return join_labels(dict.fromkeys(shortened(label) for label, _ in found))
