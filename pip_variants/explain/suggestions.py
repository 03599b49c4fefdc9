"""What would change a choice: the variants that another driver, GPU, CPU or option would select."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pip_variants.core.compatibility import MissingFeature
from pip_variants.core.metadata import VariantMetadata
from pip_variants.core.properties import ABI_DEPENDENCY, Namespace, Variant, join_parts
from pip_variants.core.selection import Rejected, Selection, Wheel, select
from pip_variants.core.supported import SupportedProperties

from .messages import distance, natural_key

_MOST = 6
_MOST_TRIED = 24

# The states in which another machine, or another description of it, would change the result.
_MACHINE_STATES = ("user", "built-in", "plugin")

_CONDITIONS = {
    ("nvidia", "cuda_version_lower_bound"): "a driver with CUDA {} or newer",
    ("nvidia", "cuda_version_upper_bound"): "a driver with a CUDA version older than {}",
    ("nvidia", "sm_arch"): "a GPU that runs {}",
    ("x86_64", "level"): "a CPU of level {}",
    ("aarch64", "version"): "a CPU of version {}",
}
"""The machine that supports a value, by namespace and feature."""


def suggestions(
    wheels: Sequence[Wheel], metadata: VariantMetadata, selection: Selection
) -> tuple[str, ...]:
    """Return sentences such as ``a driver with CUDA 12.9 or newer would select cu129``.

    Each is about one rejected variant that would be selected if its missing features were there.
    """
    supported = {item.namespace: item for item in selection.supported}
    found: dict[str, None] = {}
    for item in sorted(selection.rejected, key=distance)[:_MOST_TRIED]:
        if item.variant is None or not item.missing or not _can_change(item):
            continue
        changed = select(wheels, metadata, _with_features(supported, item.missing))
        first: Variant | None = changed.ranked[0].variant if changed.ranked else None
        if first is not None and first.label == item.variant.label:
            condition = " and ".join(dict.fromkeys(map(_condition, item.missing)))
            found[f"{condition} would select {item.variant.label}"] = None
    return tuple(found)[:_MOST]


def _can_change(item: Rejected) -> bool:
    """Return whether another machine or an option could supply the missing features."""
    return all(
        missing.supported.state in _MACHINE_STATES or missing.supported.option is not None
        for missing in item.missing
    )


def _with_features(
    supported: Mapping[Namespace, SupportedProperties], missing: Sequence[MissingFeature]
) -> dict[Namespace, SupportedProperties]:
    """Return ``supported`` with the first required value of each missing feature as its best."""
    changed = dict(supported)
    for item in missing:
        before = changed.get(item.namespace, item.supported)
        features = dict(before.features)
        features[item.feature] = (item.required[0], *features.get(item.feature, ()))
        changed[item.namespace] = replace(before, features=tuple(features.items()))
    return changed


def _condition(missing: MissingFeature) -> str:
    """Return how the machine or the command would have to be."""
    namespace, feature = missing.namespace, missing.feature
    if missing.supported.option is not None:
        name = join_parts(namespace, feature)
        return f"with {missing.supported.option}, a machine that supports {name}"
    values = sorted(missing.required, key=natural_key)
    value = values[0] if len(values) == 1 else f"one of {', '.join(values)}"
    if namespace == ABI_DEPENDENCY:
        return f"{feature.replace('_', '-')} {value}"
    if missing.required == ("on",) and namespace in ("x86_64", "aarch64"):
        return f"a CPU with {feature}"
    text = _CONDITIONS.get((namespace, feature))
    return text.format(value) if text is not None else join_parts(namespace, feature, value)
