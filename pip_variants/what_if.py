"""What would change a choice: which builds another driver, GPU, CPU or option would select."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .compatibility import Lack
from .explain import distance, natural
from .metadata import Metadata
from .properties import ABI_DEPENDENCY
from .selection import Rejected, Selection, Wheel, select
from .supported import Support

_MOST = 6
_TRIED = 24

# Where the machine was asked, or the user has spoken for it; of the others it has no say.
_ASKED = ("user", "built-in", "plugin")

# How a machine would have to be, by namespace and feature; the value is put in.
_MACHINES = {
    ("nvidia", "cuda_version_lower_bound"): "a driver with CUDA {} or newer",
    ("nvidia", "cuda_version_upper_bound"): "a driver with a CUDA older than {}",
    ("nvidia", "sm_arch"): "a GPU that runs {}",
    ("x86_64", "level"): "a CPU of level {}",
    ("aarch64", "version"): "a CPU of version {}",
}


def hints(
    wheels: Sequence[Wheel],
    metadata: Metadata,
    supports: Mapping[str, Support],
    selection: Selection,
) -> tuple[str, ...]:
    """Return sentences such as ``a driver with CUDA 12.9 or newer would select cu129``.

    Each is about one rejected variant that would come first if all that it lacks were there.
    """
    found: dict[str, None] = {}
    for item in sorted(selection.rejected, key=distance)[:_TRIED]:
        if item.variant is None or not item.lacks or not _can_change(item):
            continue
        changed = select(wheels, metadata, _with(supports, item.lacks))
        first = changed.ranked[0].variant if changed.ranked else None
        if first is not None and first.label == item.variant.label:
            condition = " and ".join(dict.fromkeys(map(_condition, item.lacks)))
            found[f"{condition} would select {item.variant.label}"] = None
    return tuple(found)[:_MOST]


def _can_change(item: Rejected) -> bool:
    """Return whether another machine, or an option, could have what the wheel lacks."""
    return all(
        lack.support.state in _ASKED or lack.support.option is not None for lack in item.lacks
    )


def _with(supports: Mapping[str, Support], lacks: Sequence[Lack]) -> dict[str, Support]:
    """Return answers in which the first wanted value of each lack is the best of its feature."""
    changed = dict(supports)
    for lack in lacks:
        before = changed.get(lack.namespace, lack.support)
        features = dict(before.features)
        features[lack.feature] = (lack.wanted[0], *features.get(lack.feature, ()))
        changed[lack.namespace] = replace(before, features=tuple(features.items()))
    return changed


def _condition(lack: Lack) -> str:
    """Return how the machine, or the command, would have to be."""
    namespace, feature = lack.namespace, lack.feature
    if lack.support.option is not None:
        return f"with {lack.support.option}, a machine that supports {namespace} :: {feature}"
    values = sorted(lack.wanted, key=natural)
    wanted = values[0] if len(values) == 1 else f"one of {', '.join(values)}"
    if namespace == ABI_DEPENDENCY:
        return f"{feature.replace('_', '-')} {wanted}"
    if lack.wanted == ("on",) and namespace in ("x86_64", "aarch64"):
        return f"a CPU with {feature}"
    text = _MACHINES.get((namespace, feature))
    return text.format(wanted) if text is not None else f"{namespace} :: {feature} :: {wanted}"
