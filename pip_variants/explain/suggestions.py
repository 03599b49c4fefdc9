"""What would change a choice: the variants that another driver, GPU, CPU or option would select."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pip_variants.core.compatibility import MissingFeature
from pip_variants.core.metadata import VariantMetadata
from pip_variants.core.properties import ABI_DEPENDENCY, Feature, Namespace, Variant, join_parts
from pip_variants.core.selection import Rejected, Selection, Wheel, select
from pip_variants.core.supported import SupportedProperties

from .messages import distance
from .requirements import in_words, natural_key, one_of
from .spelling import spelling_of

_MOST = 6
_MOST_TRIED = 24

# The states in which another machine, or another description of it, would change the result.
_MACHINE_STATES = ("user", "built-in", "plugin")


def suggestions(
    wheels: Sequence[Wheel], metadata: VariantMetadata, selection: Selection
) -> tuple[str, ...]:
    """Return sentences such as ``a driver with CUDA 12.9 or newer would select cu129``.

    Each is about one rejected variant that would be selected if its missing features were there.
    """
    supported = {item.namespace: item for item in selection.supported}
    lacking = [(item, _features(item)) for item in selection.rejected if item.missing]
    found: dict[str, None] = {}
    for item in sorted(selection.rejected, key=distance)[:_MOST_TRIED]:
        if item.variant is None or not item.missing or not _can_change(item):
            continue
        # With more supported the others are what they were, but for those that lack no more.
        features = _features(item)
        fitting = {item.wheel for item in selection.ranked}
        fitting |= {other.wheel for other, missing in lacking if missing <= features}
        concerned = [wheel for wheel in wheels if wheel in fitting]
        changed = select(concerned, metadata, _with_features(supported, item.missing))
        first: Variant | None = changed.ranked[0].variant if changed.ranked else None
        if first is not None and first.label == item.variant.label:
            condition = " and ".join(dict.fromkeys(map(_with_spelling, item.missing)))
            found[f"{condition} would select {item.variant.label}"] = None
    return tuple(found)[:_MOST]


def _features(item: Rejected) -> frozenset[tuple[Namespace, Feature]]:
    """Return the features that a wheel lacks."""
    return frozenset((missing.namespace, missing.feature) for missing in item.missing)


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


def _with_spelling(missing: MissingFeature) -> str:
    """Return how the machine or the command would have to be, and what may be meant by it."""
    text = _condition(missing)
    found = spelling_of(missing)
    if found is None:
        return text
    subject = "the platform file" if missing.supported.state == "user" else "the provider"
    return f"{text} ({subject} has {found})"


def _condition(missing: MissingFeature) -> str:
    """Return how the machine or the command would have to be."""
    namespace, feature = missing.namespace, missing.feature
    if missing.supported.option is not None:
        name = join_parts(namespace, feature)
        return f"with {missing.supported.option}, a machine that supports {name}"
    value = one_of(sorted(missing.required, key=natural_key))
    if namespace == ABI_DEPENDENCY:
        return f"{feature.replace('_', '-')} {value}"
    words = in_words(namespace, feature, missing.required)
    return join_parts(namespace, feature, value) if words is None else words
