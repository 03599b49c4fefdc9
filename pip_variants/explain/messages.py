"""The texts about choices: notices, warnings, hints, errors. Values in, text out.

Others are in ``problems``, ``requests``, ``notes``, ``requirements`` and ``downloads``. Two kinds
of text live elsewhere: what is wrong with a value is written by the code that reads it, and what a
provider found on the machine by the provider.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pip_variants.core.compatibility import MissingFeature
from pip_variants.core.decision import Decision
from pip_variants.core.errors import first_of, printable, quoted, shortened
from pip_variants.core.properties import ABI_DEPENDENCY, Variant, join_parts
from pip_variants.core.selection import Rejected, Selection, Unusable
from pip_variants.core.supported import SupportedProperties

from .nearest import TYPING_ERROR, nearest
from .requirements import missing_text, natural_key

if TYPE_CHECKING:
    from pip_variants.core.difference import Difference

_MOST_LABELS = 6
_MOST_REASONS, _LONGEST_REASON = 6, 1000

UNUSABLE = {
    Unusable.FILENAME_TOO_LONG: "its file name is too long",
    Unusable.LABEL_WITHOUT_METADATA: "no metadata describes its label",
}

NULL_VARIANT = "null variant, ranked after all variants with properties"
PLAIN_WHEEL = "plain wheel, ranked after all variants"
EXCLUDED = "excluded by --variant"
OTHER_SOURCE = "of another index, which pip tries later"

# The states in which a description of another machine would change the result.
_OF_THIS_MACHINE = ("built-in", "plugin", "failed", "cross-target")

# Why a namespace supports nothing.
NO_PROVIDER = "the metadata names no provider for it"
NO_PROVIDER_PACKAGE = "the metadata names no package for its provider"
NO_PACKAGE_FOR_PLATFORM = "none of its provider's packages is for this platform"
CROSS_TARGET = "the target is a different machine, so this machine is not queried"
NOTHING_DETECTED = "its provider detected nothing"
WHICH_INDEX = (
    "several indexes are configured, and none is known to list the project:"
    " --variant-provider-index names the one that has the provider"
)
NO_PLUGINS_HERE = "this command does not install providers"


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


def excluded_variants(decision: Decision) -> str | None:
    """Return one line on the excluded variants that have properties; None: there are none."""
    labels = [
        item.wheel.label or ""
        for item in decision.excluded_wheels
        if item.variant is not None and not item.variant.is_null
    ]
    if not labels:
        return None
    what = f"{decision.release.project} {decision.release.version}"
    return f"Passed over {join_labels(dict.fromkeys(map(shortened, labels)))} of {what}: {EXCLUDED}"


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
        return f"Variant {label} of {what} does not fit: {_why_not_here(rejected)}"
    ranked = [item.wheel.label for found in decision.selections for item in found.ranked]
    others = [item.wheel.label for found in decision.selections for item in found.rejected]
    return unknown_label(str(label), [*ranked, *others], f" of {what}")


def why_nothing_fits(decision: Decision) -> str | None:
    """Return why no file of a version can be installed, or None if there is no rejected wheel."""
    if decision.requested is not None:
        return requested_label_rejected(decision)
    failed = [item for selection in decision.selections for item in selection.rejected]
    rejected = [item for item in failed if item.wheel.label not in decision.excluded]
    excluded = [item.wheel.label for item in decision.excluded_wheels]
    excluded += [item.wheel.label for item in failed if item.wheel.label in decision.excluded]
    if not excluded:
        return _why_not_here(rejected) if rejected else None
    reasons = [why_rejected(rejected)] if rejected else []
    return "; ".join([*reasons, excluded_labels(excluded)])


def excluded_labels(labels: Iterable[str | None]) -> str:
    """Return that the user excluded these labels."""
    names = list(dict.fromkeys(shortened(label) for label in labels if label))
    return f"{join_labels(names)} {'is' if len(names) == 1 else 'are'} {EXCLUDED}"


def unknown_label(label: str, labels: Iterable[str | None], what: str = "") -> str:
    """Return that no wheel has a label, and which labels there are (None: a plain wheel).

    Of many the nearest one is there even if it is not among the first.
    """
    known = list(dict.fromkeys(shortened(found) for found in labels if found))
    text = f"No wheel{what} has the variant label {label}; available: "
    text += join_labels(known) or "no variants"
    close = nearest(label, known, TYPING_ERROR)
    is_shown = close is None or close in known[:_MOST_LABELS]
    return text if is_shown else f"{text}; did you mean {close}?"


def unsupported_wheel(filename: str, rejected: Sequence[Rejected]) -> str:
    """Return that a wheel given by the user does not fit."""
    return f"{filename} does not fit this machine: {_why_not_here(rejected)}"


def installed_misfit(project: str, version: str, label: str, reason: str) -> str:
    """Return that an installed variant does not fit any more and is being replaced."""
    return (
        f"The installed variant {label} of {project} {version} does not fit this machine: {reason}"
    )


def unconfirmed_variant(project: str, version: str, label: str, reason: str) -> str:
    """Return that an installed variant is kept though nothing on this machine supports it."""
    return (
        f"Keeping the installed variant {label} of {project} {version}, although this machine shows"
        f" nothing that supports it: {reason}; to replace it: pip install --upgrade {project}"
    )


def better_variant(project: str, version: str, installed: str, best: str) -> str:
    """Return that an upgrade would take another variant than the installed one."""
    return (
        f"Keeping the installed variant {installed} of {project} {version};"
        f" {best} fits this machine better: pip install --upgrade {project}"
    )


def no_set(reasons: Sequence[str]) -> str:
    """Return that there is no set of packages; the reasons are those of the set that is next."""
    text = "No set of packages was found in which the variants fit beside each other"
    return ": ".join([text, *(["; ".join(reasons)] if reasons else [])])


def check_misfit(project: str, version: str, label: str, reason: str) -> str:
    """Return the line of `pip check` about an installed variant that does not fit."""
    return f"{project} {version} is the variant {label}, which does not fit: {reason}"


def provider_failed(packages: Sequence[str], problem: str) -> str:
    """Return that a trusted provider package gave no result."""
    return f"its provider ({', '.join(packages)}) failed: {problem}"


def only_source(shown: str) -> str:
    """Return why a provider was not looked for wherever packages are."""
    return f"it comes from {shown} alone, as the project, or from --variant-provider-index"


def installed_anew(problem: str) -> str:
    """Return that a provider cannot be kept in the cache."""
    return f"its provider is installed anew by each run: {printable(problem)}"


def not_removed(file: str, reason: str) -> str:
    """Return that a file in the cache is still there."""
    return f"{printable(file)} cannot be removed: {reason}"


def foreign_module(plugin_api: str, packages: Sequence[str]) -> str:
    """Return that an endpoint leads out of the packages that the user trusts."""
    return f"its plugin-api is {quoted(plugin_api)}, which is no module of {', '.join(packages)}"


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
        return NULL_VARIANT
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
            text = UNUSABLE[item.unusable]
            reasons.setdefault(text, f"{_label(item)}: {text}")
        for missing in item.missing[:1]:
            reasons.setdefault(missing.namespace, _namespace_reason(item, missing))
    return "; ".join(first_of([*reasons.values()], _MOST_REASONS, _LONGEST_REASON))


def _why_not_here(rejected: Sequence[Rejected]) -> str:
    """Return the reasons, and the option that describes another machine if that would help."""
    reason = why_rejected(rejected)
    if any(item.missing and all(map(_is_of_this_machine, item.missing)) for item in rejected):
        return f"{reason}; to choose for another machine, describe it with --variant-platform"
    return reason


def _is_of_this_machine(missing: MissingFeature) -> bool:
    return missing.supported.state in _OF_THIS_MACHINE and missing.namespace != ABI_DEPENDENCY


def namespace_reason(supported: SupportedProperties) -> str | None:
    """Return why properties of a namespace are not supported, if there is a reason."""
    if supported.reason is None and supported.state == "none":
        return NO_PROVIDER
    return supported.reason


def _namespace_reason(item: Rejected, missing: MissingFeature) -> str:
    reason = namespace_reason(missing.supported)
    if reason is not None and not (missing.supported.features or missing.supported.has_versions):
        return f"{missing.namespace}: {reason}"
    return missing_text(_label(item), missing, reason)


def distance(item: Rejected) -> tuple[int, list[tuple[int, str]], str]:
    """Return how far a wheel is from fitting: missing features, then its smallest requirement."""
    smallest = min(
        (natural_key(value) for missing in item.missing[:1] for value in missing.required),
        default=[],
    )
    return len(item.missing), smallest, item.wheel.label or ""


def _label(item: Rejected) -> str:
    return shortened(item.wheel.label or "")


def join_labels(labels: Iterable[str]) -> str:
    """Return labels as in a sentence, ``a, b and c``; of many only the first."""
    names = first_of([*labels], _MOST_LABELS)
    return "".join(names) if len(names) <= 1 else f"{', '.join(names[:-1])} and {names[-1]}"
