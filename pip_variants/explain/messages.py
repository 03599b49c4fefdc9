"""The texts about choices: banner, notices, warnings, hints, errors. Values in, text out.

Two kinds of text live elsewhere: what is wrong with a value is written by the code that reads it,
and what a provider found on the machine by the provider.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pip_variants.core.compatibility import MissingFeature
from pip_variants.core.decision import Decision
from pip_variants.core.errors import quoted, shortened
from pip_variants.core.properties import ABI_DEPENDENCY, Variant, join_parts
from pip_variants.core.selection import Rejected, Selection, Unusable
from pip_variants.core.supported import SupportedProperties

if TYPE_CHECKING:
    from pip_variants.core.difference import Difference

_WIDTH = 80
_MOST_LABELS = 6
_MOST_VALUES = 2

_UNUSABLE = {
    Unusable.FILENAME_TOO_LONG: "its file name is too long",
    Unusable.LABEL_WITHOUT_METADATA: "no metadata describes its label",
}

PLAIN_WHEEL = "plain wheel, ranked after all variants"
METADATA_UNAVAILABLE = "its variant metadata is invalid or could not be fetched"

# Why a namespace supports nothing.
NO_PROVIDER = "the metadata names no provider for it"
NO_PROVIDER_PACKAGE = "the metadata names no package for its provider"
NO_PACKAGE_FOR_PLATFORM = "none of its provider's packages is for this platform"
CROSS_TARGET = "the target is a different machine, so this machine is not queried"
NOTHING_DETECTED = "its provider detected nothing"
NO_PLUGINS_HERE = "this command does not install providers"


def banner(project: str, version: str, variant: Variant) -> str:
    """Return what is shown before a variant wheel is fetched: its label and all its properties."""
    title = f" {project}=={version}; variant_hash={variant.label} "
    lines = [f"Variant-property: {item}" for item in variant.properties]
    return "\n".join([title.center(_WIDTH, "#"), *lines, "#" * _WIDTH])


def metadata_problems(decision: Decision) -> Iterator[str]:
    """Yield one warning for each source whose metadata is missing in whole or in part."""
    what = f"of {decision.release.project} {decision.release.version}"
    for source in decision.sources:
        if source.error is not None:
            yield f"Ignoring the variant wheels {what}: {source.error}"
        elif source.metadata is not None and source.metadata.failures:
            labels = join_labels(shortened(label) for label, _ in source.metadata.failures)
            reason = source.metadata.failures[0][1]
            yield f"Ignoring the variants labelled {labels} {what}: {reason}"


def passed_over(
    project: str, version: str, selection: Selection, reported: Mapping[str, str]
) -> tuple[str, str] | None:
    """Return one line on the rejected wheels, and their reason; None if there are none.

    ``reported`` has the reasons that were given before, and for what: none is repeated.
    """
    if not selection.rejected:
        return None
    labels = join_labels(dict.fromkeys(_label(item) for item in selection.rejected))
    reason = why_rejected(selection.rejected)
    text = f"Passed over {labels} of {project} {version}"
    first = reported.get(reason)
    if first is not None and first != f"{project} {version}":
        return f"{text} for the same reason as {first}", reason
    return f"{text}: {reason}", reason


def requested_label_rejected(decision: Decision) -> str:
    """Return why no wheel with the requested label can be installed."""
    label = decision.requested
    what = f"{decision.release.project} {decision.release.version}"
    rejected = [
        item
        for selection in decision.selections
        for item in selection.rejected
        if item.wheel.label == label
    ]
    if rejected:
        return f"Variant {label} of {what} does not fit: {why_rejected(rejected)}"
    ranked = [item.wheel.label for found in decision.selections for item in found.ranked]
    others = [item.wheel.label for found in decision.selections for item in found.rejected]
    return unknown_label(str(label), [*ranked, *others], f" of {what}")


def why_nothing_fits(decision: Decision) -> str | None:
    """Return why no file of a version can be installed, or None if there is no rejected wheel."""
    if decision.requested is not None:
        return requested_label_rejected(decision)
    rejected = [item for selection in decision.selections for item in selection.rejected]
    return why_rejected(rejected) if rejected else None


def unknown_label(label: str, labels: Iterable[str | None], what: str = "") -> str:
    """Return that no wheel has a label, and which labels there are (None: a plain wheel)."""
    known = join_labels(dict.fromkeys(shortened(found) for found in labels if found))
    return f"No wheel{what} has the variant label {label}; available: {known or 'no variants'}"


def not_requested(filename: str, label: str, project: str) -> str:
    """Return that a wheel given by the user is not the requested variant."""
    return f"{filename} is not the requested variant {label} of {project}"


def unsupported_wheel(filename: str, rejected: Sequence[Rejected]) -> str:
    """Return that a wheel given by the user does not fit."""
    return f"{filename} does not fit this machine: {why_rejected(rejected)}"


def unreadable_wheel(filename: str, error: object) -> str:
    """Return that the metadata of a wheel given by the user cannot be used."""
    problem = str(error).removeprefix(f"{filename}: ")
    return f"{filename} has no usable variant metadata: {problem}"


def installed_misfit(project: str, version: str, label: str, reason: str) -> str:
    """Return that an installed variant does not fit any more and is being replaced."""
    return (
        f"The installed variant {label} of {project} {version} does not fit this machine: {reason}"
    )


def better_variant(project: str, version: str, installed: str, best: str) -> str:
    """Return that an upgrade would take another variant than the installed one."""
    return (
        f"Keeping the installed variant {installed} of {project} {version};"
        f" {best} fits this machine better: pip install --upgrade {project}"
    )


def check_misfit(project: str, version: str, label: str, reason: str) -> str:
    """Return the line of `pip check` about an installed variant that does not fit."""
    return f"{project} {version} is the variant {label}, which does not fit: {reason}"


def unused_request(project: str, label: str) -> str:
    """Return that a requested label had no effect."""
    return f"--variant {project}={label} had no effect: pip did not look for {project}"


def conflicting_requests(project: str, first: str, second: str) -> str:
    """Return that two labels were requested for one project."""
    return f"conflicting variants requested for {project}: {first} and {second}"


def provider_failed(packages: Sequence[str], problem: str) -> str:
    """Return that a trusted provider package gave no result."""
    return f"its provider ({', '.join(packages)}) failed: {problem}"


def optional_provider(option: str) -> str:
    """Return that an optional provider is not enabled."""
    return f"optional, and disabled without {option}"


def untrusted_provider(packages: str, option: str | None) -> str:
    """Return that a provider is not run, and the option that would trust it, if there is one."""
    reason = f"its provider ({packages}) is third-party code, which is not run"
    if option is None:
        return f"{reason}; it cannot be trusted, because it is not just a name on an index"
    return f"{reason} without {option}"


def unknown_builtin(name: str) -> str:
    """Return that the metadata refers to a built-in provider that this version lacks."""
    return f"no built-in provider {quoted(name)} is known"


def rank_difference(difference: Difference, better: Variant, worse: Variant) -> str:
    """Return what ranks a compatible variant behind the one before it."""
    first, second = difference.better, difference.worse
    if first is None:
        if better.label != worse.label:
            return "equally good, ordered by label"
        return "the same variant, ordered by tags or build number"
    if worse.is_null:
        return "null variant, ranked after all variants with properties"
    name = join_parts(first.namespace, first.feature)
    if second is None:
        return f"has no value of {name}"
    own_name = join_parts(second.namespace, second.feature)
    before = first.value if name == own_name else join_parts(name, first.value)
    return f"{join_parts(own_name, second.value)} comes after {before}"


def why_rejected(rejected: Sequence[Rejected]) -> str:
    """Return the reasons of the machine, one for each namespace that rejects wheels.

    If nothing is known about a namespace, its own reason; otherwise that of the label which is
    closest to fitting.
    """
    reasons: dict[str, str] = {}
    for item in sorted(rejected, key=distance):
        if item.unusable is not None:
            text = _UNUSABLE[item.unusable]
            reasons.setdefault(text, f"{_label(item)}: {text}")
        for missing in item.missing[:1]:
            reasons.setdefault(missing.namespace, _namespace_reason(item, missing))
    return "; ".join(reasons.values())


def rejection_reasons(item: Rejected) -> tuple[str, ...]:
    """Return everything that keeps one wheel from being installed."""
    if item.unusable is not None:
        return (_UNUSABLE[item.unusable],)
    return tuple(missing_text("", missing).strip() for missing in item.missing)


def missing_text(label: str, missing: MissingFeature) -> str:
    """Return what ``label`` needs and what there is instead."""
    some = "one of " if len(missing.required) > 1 else ""
    values = some + ", ".join(missing.required)
    needed = join_parts(missing.namespace, missing.feature, values)
    return f"{label} needs {needed}, {_available(missing)}"


def namespace_reason(supported: SupportedProperties) -> str | None:
    """Return why properties of a namespace are not supported, if there is a reason."""
    if supported.reason is None and supported.state == "none":
        return NO_PROVIDER
    return supported.reason


def _namespace_reason(item: Rejected, missing: MissingFeature) -> str:
    reason = namespace_reason(missing.supported)
    if reason is not None and not missing.supported.features:
        return f"{missing.namespace}: {reason}"
    return missing_text(_label(item), missing)


def _available(missing: MissingFeature) -> str:
    """Return what there is instead: a limit if all required values lie beyond it."""
    static = missing.supported.state == "static"
    subject = "the metadata" if static else "this machine"
    if not missing.available:
        reason = namespace_reason(missing.supported)
        return f"{subject} has none ({reason})" if reason else f"{subject} has none"
    if missing.namespace == ABI_DEPENDENCY:
        return f"{subject} has {missing.available[0]}"
    if len(missing.available) <= _MOST_VALUES or static:
        return f"{subject} has {', '.join(missing.available)}"
    lowest, *_, highest = sorted(missing.available, key=natural_key)
    if max(map(natural_key, missing.required)) < natural_key(lowest):
        return f"{subject} has {lowest} and more"
    return f"{subject} has up to {highest}"


def distance(item: Rejected) -> tuple[int, list[tuple[int, str]], str]:
    """Return how far a wheel is from fitting: missing features, then its smallest requirement."""
    smallest = min(
        (natural_key(value) for missing in item.missing[:1] for value in missing.required),
        default=[],
    )
    return len(item.missing), smallest, item.wheel.label or ""


def _label(item: Rejected) -> str:
    return shortened(item.wheel.label or "")


def natural_key(value: str) -> list[tuple[int, str]]:
    """Return a sort key by which 12.10 comes after 12.9, for values of any length."""
    numbers = (text.lstrip("0") for text in re.findall("[0-9]+", value))
    return [(len(text), text) for text in numbers]


def join_labels(labels: Iterable[str]) -> str:
    """Return labels as in a sentence, ``a, b and c``; of many only the first."""
    names = list(labels)
    more = len(names) - _MOST_LABELS
    if more > 1:
        names = [*names[:_MOST_LABELS], f"{more} more"]
    return "".join(names) if len(names) <= 1 else f"{', '.join(names[:-1])} and {names[-1]}"
