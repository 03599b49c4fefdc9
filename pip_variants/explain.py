"""The texts about a choice: the banner, and why a wheel was passed over. Values in, text out."""

from __future__ import annotations

import re
from collections.abc import Iterable, MutableMapping, Sequence

from .compatibility import Lack
from .errors import shortened
from .properties import ABI_DEPENDENCY, Variant
from .selection import Rejected, Selection

_WIDTH = 80
_LABELS = 6
_ALL = 2


def banner(project: str, version: str, variant: Variant) -> str:
    """Return what is shown before a variant wheel is fetched: its label and all its properties."""
    title = f" {project}=={version}; variant_hash={variant.label} "
    lines = [f"Variant-property: {text}" for text in variant.properties]
    return "\n".join([title.center(_WIDTH, "#"), *lines, "#" * _WIDTH])


def passed_over(
    project: str, version: str, selection: Selection, said: MutableMapping[str, str] | None = None
) -> str | None:
    """Return one line on what did not fit and why, or None if everything did.

    ``said`` remembers what a reason was first given for: it is not repeated for another project.
    """
    if not selection.rejected:
        return None
    labels = listed(dict.fromkeys(_label(item) for item in selection.rejected))
    what = f"{project} {version}"
    reason = why(selection.rejected)
    first = what if said is None else said.setdefault(reason, what)
    if first != what:
        return f"Passed over {labels} of {what} for the same reason as of {first}"
    return f"Passed over {labels} of {what}: {reason}"


def wish_unfulfilled(
    project: str, version: str, label: str, selections: Sequence[Selection]
) -> str:
    """Return why no wheel has the one label that the user wants."""
    rejected = [
        item for found in selections for item in found.rejected if item.wheel.label == label
    ]
    if rejected:
        return f"Variant {label} of {project} {version} does not fit: {why(rejected)}"
    ranked = [item.wheel.label for found in selections for item in found.ranked]
    others = [item.wheel.label for found in selections for item in found.rejected]
    return label_unknown(label, [*ranked, *others], f" of {project} {version}")


def label_unknown(label: str, labels: Iterable[str | None], what: str = "") -> str:
    """Return that no wheel has a label, and which labels there are instead (None: a plain one)."""
    known = listed(dict.fromkeys(shortened(found) for found in labels if found)) or "no variant"
    return f"No wheel{what} has the variant label {label}; there is {known}"


def why(rejected: Sequence[Rejected]) -> str:
    """Return the reasons of the machine, one for each namespace that keeps wheels out.

    A namespace about which nothing is known says why; of the others the label that lacks least
    speaks for all.
    """
    reasons: dict[str, str] = {}
    for item in sorted(rejected, key=distance):
        if item.reason is not None:
            reasons.setdefault(item.reason, f"{_label(item)}: {item.reason}")
        for lack in item.lacks[:1]:
            reasons.setdefault(lack.namespace, _reason(item, lack))
    return "; ".join(reasons.values())


def lack_text(label: str, lack: Lack) -> str:
    """Return what ``label`` needs and what there is instead."""
    wanted = ", ".join(lack.wanted)
    some = "one of " if len(lack.wanted) > 1 else ""
    return f"{label} needs {lack.namespace} :: {lack.feature} :: {some}{wanted}, {_offer(lack)}"


def _reason(item: Rejected, lack: Lack) -> str:
    if lack.support.reason is not None and not lack.support.features:
        return f"{lack.namespace}: {lack.support.reason}"
    return lack_text(_label(item), lack)


def _offer(lack: Lack) -> str:
    """Return what there is instead: a limit if the wanted values lie beyond all that is there."""
    who = "the metadata" if lack.support.state == "static" else "this machine"
    if not lack.has:
        reason = f" ({lack.support.reason})" if lack.support.reason else ""
        return f"{who} has none{reason}"
    if lack.namespace == ABI_DEPENDENCY:
        return f"{who} has {lack.has[0]}"
    if len(lack.has) <= _ALL or lack.support.state == "static":
        return f"{who} has {', '.join(lack.has)}"
    lowest, *_, highest = sorted(lack.has, key=natural)
    if max(map(natural, lack.wanted)) < natural(lowest):
        return f"{who} has {lowest} and more"
    return f"{who} has up to {highest}"


def distance(item: Rejected) -> tuple[int, list[tuple[int, str]], str]:
    """Return how far a wheel is from fitting: what it lacks in number, then its smallest want."""
    smallest = min((natural(v) for lack in item.lacks[:1] for v in lack.wanted), default=[])
    return len(item.lacks), smallest, item.wheel.label or ""


def _label(item: Rejected) -> str:
    return shortened(item.wheel.label or "")


def natural(value: str) -> list[tuple[int, str]]:
    """Return a sort key by which 12.10 comes after 12.9, for values of any length."""
    numbers = (text.lstrip("0") for text in re.findall("[0-9]+", value))
    return [(len(text), text) for text in numbers]


def listed(labels: Iterable[str]) -> str:
    """Return labels as a sentence has them, ``a, b and c``, many of them cut short."""
    names = list(labels)
    more = len(names) - _LABELS
    if more > 1:
        names = [*names[:_LABELS], f"{more} more"]
    return "".join(names) if len(names) <= 1 else f"{', '.join(names[:-1])} and {names[-1]}"
