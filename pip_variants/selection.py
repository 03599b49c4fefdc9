"""The whole engine as one pure function: wheels, metadata and answers in, a ranking out.

PEP 825, "Variant ordering": variants that fit by their keys, equal ones by label, plain wheels
after every variant, and within one label the installer's own order. "Does not fit" is a value here,
with everything that banner, explanations and errors need to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .compatibility import Lack, lacks, positions
from .metadata import Metadata
from .ordering import key
from .properties import NULL_LABEL, Variant
from .supported import Support, prioritised

# The longest name of a file, in bytes, that the usual file systems take; names of wheels are ASCII.
LONGEST_FILENAME = 255


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel whose tags fit; ``place`` is its position in the installer's order, best first."""

    filename: str
    label: str | None
    place: int = 0


@dataclass(frozen=True, slots=True)
class Ranked:
    """A wheel that fits. A plain wheel has no variant."""

    wheel: Wheel
    variant: Variant | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A wheel that does not fit: ``lacks`` in the metadata's order, or one ``reason`` instead."""

    wheel: Wheel
    variant: Variant | None
    lacks: tuple[Lack, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Every wheel of one version on one source: those that fit, best first, and the others."""

    ranked: tuple[Ranked, ...]
    rejected: tuple[Rejected, ...]
    supports: tuple[Support, ...] = ()


def needed_namespaces(wheels: Sequence[Wheel], metadata: Metadata) -> tuple[str, ...]:
    """Return the namespaces that some wheel really uses, in the metadata's order of priority."""
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
    wheels: Sequence[Wheel], metadata: Metadata, supports: Mapping[str, Support]
) -> Selection:
    """Rank ``wheels``, all of one version and source, for a machine that supports ``supports``."""
    ordered = {ns: prioritised(item, metadata.priorities) for ns, item in supports.items()}
    where = positions(tuple(ordered.values()), metadata.priorities.namespaces)
    # The label `null` stands for no properties whether or not the metadata lists it.
    variants = {NULL_LABEL: Variant(NULL_LABEL, ())}
    variants.update((variant.label, variant) for variant in metadata.variants)
    keys = {
        label: key(variants[label], where)
        for label in {wheel.label for wheel in wheels if wheel.label is not None}
        if label in variants
    }
    fits = []
    plain = []
    rejected = []
    for wheel in wheels:
        if wheel.label is None:
            plain.append((wheel.place, wheel.filename, Ranked(wheel, None)))
            continue
        variant = variants.get(wheel.label)
        rank = keys.get(wheel.label)
        if len(wheel.filename) > LONGEST_FILENAME:
            rejected.append(Rejected(wheel, variant, reason="its file name is too long for a disk"))
        elif variant is None:
            rejected.append(Rejected(wheel, None, reason="no metadata describes its label"))
        elif rank is None:
            rejected.append(Rejected(wheel, variant, lacks(variant, ordered)))
        else:
            entry = (rank, wheel.label, wheel.place, wheel.filename)
            fits.append((entry, Ranked(wheel, variant)))
    fits.sort(key=lambda item: item[0])
    plain.sort(key=lambda item: item[:2])
    rejected.sort(key=lambda item: (item.wheel.label or "", item.wheel.place, item.wheel.filename))
    return Selection(
        ranked=(*(item[1] for item in fits), *(item[2] for item in plain)),
        rejected=tuple(rejected),
        supports=tuple(ordered.values()),
    )
