"""Selection as one pure function: wheels, metadata and supported properties in, a ranking out.

Incompatible is a value with its reasons, from which every text about a choice is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from .compatibility import MissingFeature, feature_positions, missing_features
from .filenames import LONGEST_FILENAME
from .metadata import VariantMetadata
from .ordering import SortKey, sort_key
from .properties import NULL_LABEL, Label, Namespace, Variant
from .supported import SupportedProperties, prioritised


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel with compatible tags; ``index`` is its position in the installer's order."""

    filename: str
    label: Label | None
    index: int = 0


class Unusable(Enum):
    """Why a wheel cannot be selected whatever is supported."""

    FILENAME_TOO_LONG = "filename too long"
    LABEL_WITHOUT_METADATA = "label without metadata"


@dataclass(frozen=True, slots=True)
class Ranked:
    """A wheel that can be selected. A plain wheel has no variant."""

    wheel: Wheel
    variant: Variant | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A wheel that cannot be selected: it is unusable, or features are missing."""

    wheel: Wheel
    variant: Variant | None
    missing: tuple[MissingFeature, ...] = ()
    unusable: Unusable | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Every wheel of one version on one source: the ranked ones best first, and the rejected."""

    ranked: tuple[Ranked, ...]
    rejected: tuple[Rejected, ...]
    supported: tuple[SupportedProperties, ...] = ()


def needed_namespaces(wheels: Sequence[Wheel], metadata: VariantMetadata) -> tuple[Namespace, ...]:
    """Return the namespaces that some wheel uses, in the order of ``default-priorities``."""
    labels = {wheel.label for wheel in wheels}
    used = {
        namespace
        for variant in metadata.variants
        if variant.label in labels
        for namespace in variant.namespaces
    }
    listed = [name for name in metadata.priorities.namespaces if name in used]
    return tuple(dict.fromkeys([*listed, *sorted(used)]))


def select(
    wheels: Sequence[Wheel],
    metadata: VariantMetadata,
    supported: Mapping[Namespace, SupportedProperties],
) -> Selection:
    """Rank ``wheels``, all of one version and one source (PEP 825, "Variant ordering")."""
    ordered = {ns: prioritised(item, metadata.priorities) for ns, item in supported.items()}
    positions = feature_positions(tuple(ordered.values()), metadata.priorities.namespaces)
    # The label `null` has no properties, whether or not the metadata lists it.
    variants = {NULL_LABEL: Variant(NULL_LABEL, ())}
    variants.update((variant.label, variant) for variant in metadata.variants)
    labels = {wheel.label for wheel in wheels if wheel.label is not None}
    # Steps 1 and 2: the key of each compatible variant, made of its best supported values.
    keys = {label: sort_key(variants[label], positions) for label in labels & variants.keys()}
    judged = [_judge(wheel, variants, keys, ordered) for wheel in wheels]

    def rank(item: Ranked) -> tuple[bool, SortKey, str, int, str]:
        wheel = item.wheel
        # Step 5: plain wheels after every variant; they have neither key nor label.
        plain = wheel.label is None
        # Steps 3 and 4: by key, then by label; within one label the installer's own order.
        key = (wheel.label is not None and keys[wheel.label]) or ()
        return plain, key, wheel.label or "", wheel.index, wheel.filename

    rejected = [item for item in judged if isinstance(item, Rejected)]
    rejected.sort(key=lambda item: (item.wheel.label or "", item.wheel.index, item.wheel.filename))
    return Selection(
        ranked=tuple(sorted((item for item in judged if isinstance(item, Ranked)), key=rank)),
        rejected=tuple(rejected),
        supported=tuple(ordered.values()),
    )


def _judge(
    wheel: Wheel,
    variants: Mapping[Label, Variant],
    keys: Mapping[Label, SortKey | None],
    supported: Mapping[Namespace, SupportedProperties],
) -> Ranked | Rejected:
    if wheel.label is None:
        return Ranked(wheel, None)
    variant = variants.get(wheel.label)
    if len(wheel.filename) > LONGEST_FILENAME:
        return Rejected(wheel, variant, unusable=Unusable.FILENAME_TOO_LONG)
    if variant is None:
        return Rejected(wheel, None, unusable=Unusable.LABEL_WITHOUT_METADATA)
    # "For every feature that it lists at least one of its values is supported."
    if keys[wheel.label] is None:
        return Rejected(wheel, variant, missing_features(variant, supported))
    return Ranked(wheel, variant)
