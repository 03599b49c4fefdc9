"""Selection as one function: a ranking of wheels, for a machine, by metadata."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pip_variants.core.properties import Namespace, OrderedFeatures, Variant, ordered_features
from pip_variants.core.selection import (
    Ranked,
    Rejected,
    Selection,
    Unusable,
    Wheel,
    needed_namespaces,
    select,
)
from pip_variants.core.supported import SupportedProperties
from pip_variants.formats.reader import read_text
from pip_variants.providers.nvidia import NvidiaFacts, detect
from tests.unit.cases import (
    TORCH_JSON,
    by_namespace,
    metadata,
    missing,
    supported,
    torch_filename,
    torch_wheels,
    variant,
    wheel,
)

TORCH = read_text(TORCH_JSON)
NULL = "00000000"

# The table "Real outcomes" of the providers' specification.
REAL_OUTCOMES = [
    pytest.param((12, 9), (7, 5), ("cu129", "cu128", "cu126", NULL), id="12.9 and 7.5"),
    pytest.param((12, 8), (9, 0), ("cu128", "cu126", NULL), id="12.8 and 9.0"),
    pytest.param((12, 6), (9, 0), ("cu126", NULL), id="12.6 and 9.0"),
    pytest.param((12, 5), (5, 0), (NULL,), id="12.5 and 5.0"),
    pytest.param((12, 5), (9, 0), (NULL,), id="12.5 and 9.0"),
    pytest.param((12, 5), (12, 0), (NULL,), id="12.5 and 12.0"),
    pytest.param((13, 0), (9, 0), ("cu129", "cu128", "cu126", NULL), id="13.0 and 9.0"),
    pytest.param((12, 9), (12, 0), ("cu129", "cu128", NULL), id="12.9 and 12.0"),
    pytest.param((12, 9), (7, 0), ("cu126", NULL), id="12.9 and 7.0"),
    pytest.param((12, 9), (4, 0), (NULL,), id="12.9 and 4.0"),
    pytest.param((12, 9), (8, 9), ("cu129", "cu128", "cu126", NULL), id="8.9 runs 86 and 80: T15"),
    pytest.param((12, 9), None, (NULL,), id="12.9 without a GPU"),
    pytest.param(None, (9, 0), (NULL,), id="a GPU without a driver"),
    pytest.param(None, None, (NULL,), id="neither"),
]


def _nvidia(
    cuda: tuple[int, int] | None, capability: tuple[int, int] | None
) -> dict[Namespace, SupportedProperties]:
    """Return what a machine with these facts supports."""
    found = detect(NvidiaFacts(cuda, capability, forced=True))
    return by_namespace(
        supported("nvidia", "built-in", found.features, found.reason, found.warnings)
    )


def _labels(selection: Selection) -> tuple[str | None, ...]:
    return tuple(item.wheel.label for item in selection.ranked)


@pytest.mark.parametrize(("cuda", "capability", "labels"), REAL_OUTCOMES)
def test_torch_is_ranked_as_the_published_provider_ranks_it(
    cuda: tuple[int, int] | None, capability: tuple[int, int] | None, labels: tuple[str, ...]
) -> None:
    """Torch 2.8.0 is ranked by driver and GPU, the plain wheel after all variants."""
    wheels = torch_wheels(None, "cu126", NULL, "cu129", "cu128")
    found = select(wheels, TORCH, _nvidia(cuda, capability))
    assert _labels(found) == (*labels, None)
    incompatible = {"cu126", "cu128", "cu129"} - {*labels}
    assert {item.wheel.label for item in found.rejected} == incompatible


CPU = supported("cpu", "built-in", (("level", ("v3", "v2")), ("avx2", ("on",))))
GPU = supported("gpu", "built-in", (("arch", ("90", "80")),))
MACHINE = by_namespace(GPU, CPU)


def _wheel(label: str | None, index: int = 0, tags: str = "py3-none-any") -> Wheel:
    end = "" if label is None else f"-{label}"
    return wheel(f"a-1-{tags}{end}.whl", label, index)


ORDERS = [
    pytest.param(
        (variant("b", "cpu :: level :: v3"), variant("a", "cpu :: level :: v3")),
        ("a", "b"),
        id="equal: by label, ascending",
    ),
    pytest.param(
        (variant("b10", "cpu :: level :: v3"), variant("b9", "cpu :: level :: v3")),
        ("b10", "b9"),
        id="labels compare as strings",
    ),
    pytest.param(
        (variant("aaa"), variant("zzz", "cpu :: avx2 :: on"), variant("null")),
        ("zzz", "aaa", "null"),
        id="an empty variant is null under any label",
    ),
    pytest.param(
        (variant("c", "cpu :: level :: v3"), variant("g", "gpu :: arch :: 80")),
        ("g", "c"),
        id="the first namespace decides before the best value of the second",
    ),
    pytest.param(
        (
            variant("g", "gpu :: arch :: 80"),
            variant("gc", "gpu :: arch :: 80", "cpu :: avx2 :: on"),
        ),
        ("gc", "g"),
        id="more features of equal rank are better",
    ),
    pytest.param(
        (
            variant("both", "gpu :: arch :: 80", "cpu :: level :: v3"),
            variant("one", "gpu :: arch :: 90"),
        ),
        ("one", "both"),
        id="the first difference decides before the number of features",
    ),
]


@pytest.mark.parametrize(("variants", "labels"), ORDERS)
def test_compatible_variants_are_ranked_by_their_best_values(
    variants: tuple[Variant, ...], labels: tuple[str, ...]
) -> None:
    """The positions of the best values decide, then the label, then the installer's order."""
    wheels = [_wheel(item.label, index) for index, item in enumerate(variants)]
    found = select(wheels, metadata(*variants, namespaces=("gpu", "cpu")), MACHINE)
    assert _labels(found) == labels
    assert found.rejected == ()


def test_default_priorities_put_another_value_first() -> None:
    """What default-priorities rank first is best, though the machine supports something newer."""
    one, two = variant("v2", "cpu :: level :: v2"), variant("v3", "cpu :: level :: v3")
    wheels = (_wheel("v2"), _wheel("v3"))
    ranked = metadata(one, two, namespaces=("cpu",), values=(("cpu", (("level", ("v2",)),)),))
    assert _labels(select(wheels, metadata(one, two), MACHINE)) == ("v3", "v2")
    assert _labels(select(wheels, ranked, MACHINE)) == ("v2", "v3")


def test_each_wheel_is_ranked_or_rejected_with_reasons() -> None:
    """A rejected wheel has all of its missing features, or a reason why it is unusable."""
    good = variant("good", "cpu :: level :: v2")
    bad = variant("bad", "cpu :: level :: v4", "gpu :: arch :: 70")
    wheels = (
        _wheel(None, 0),
        _wheel("unknown", 1),
        _wheel("bad", 2),
        _wheel("good", 4, "py2-none-any"),
        _wheel("good", 3),
        _wheel("null", 5),
        _wheel(None, 6, "py2-none-any"),
    )
    found = select(wheels, metadata(good, bad, namespaces=("cpu",)), by_namespace(CPU, GPU))
    assert found == Selection(
        ranked=(
            Ranked(wheels[4], good),
            Ranked(wheels[3], good),
            Ranked(wheels[5], variant("null")),
            Ranked(wheels[0], None),
            Ranked(wheels[6], None),
        ),
        rejected=(
            Rejected(
                wheels[2],
                bad,
                (
                    missing("level", ("v4",), ("v3", "v2"), CPU),
                    missing("arch", ("70",), ("90", "80"), GPU),
                ),
            ),
            Rejected(wheels[1], None, unusable=Unusable.LABEL_WITHOUT_METADATA),
        ),
        supported=(CPU, GPU),
    )


def test_file_name_of_256_bytes_is_rejected() -> None:
    """A file system cannot store a longer name than 255 bytes, so the variant is unusable."""
    label = "x" * (255 - len("a-1-py3-none-any-.whl"))
    wheels = (_wheel(label), _wheel(f"{label}x"))
    variants = (variant(label, "cpu :: level :: v2"), variant(f"{label}x", "cpu :: level :: v3"))
    found = select(wheels, metadata(*variants), MACHINE)
    assert found.ranked == (Ranked(wheels[0], variants[0]),)
    assert found.rejected == (
        Rejected(wheels[1], variants[1], unusable=Unusable.FILENAME_TOO_LONG),
    )


def test_no_wheels_give_an_empty_selection() -> None:
    """Without wheels there is nothing to rank and nothing to reject."""
    assert select((), TORCH, {}) == Selection((), ())


NEEDS = [
    pytest.param((), (), id="no wheels"),
    pytest.param((None, "null"), (), id="plain and null wheels"),
    pytest.param(("c",), ("cpu",), id="one namespace"),
    pytest.param(("c", "g", None), ("gpu", "cpu"), id="in the order of the metadata"),
    pytest.param(
        ("z", "c"), ("cpu", "a", "b", "d", "e", "f", "z"), id="unlisted ones after them, by name"
    ),
    pytest.param(("unknown",), (), id="a label that the metadata does not list"),
]


@pytest.mark.parametrize(("labels", "namespaces"), NEEDS)
def test_only_namespaces_of_existing_wheels_are_needed(
    labels: tuple[str | None, ...], namespaces: tuple[str, ...]
) -> None:
    """A namespace is needed if a wheel uses it; a label without a wheel needs none (T4)."""
    found = metadata(
        variant("null"),
        variant("z", *(f"{namespace} :: x :: y" for namespace in "zfbeda")),
        variant("c", "cpu :: level :: v3"),
        variant("g", "gpu :: arch :: 90"),
        variant("n", "npu :: kind :: x"),
        namespaces=("npu", "gpu", "cpu"),
    )
    wheels = [_wheel(label, index) for index, label in enumerate(labels)]
    assert needed_namespaces(wheels, found) == namespaces


NAMESPACES = ("n0", "n1", "n2")
FEATURES = ("f0", "f1", "f2")
VALUES = ("v0", "v1", "v2", "v3")

Machine = Mapping[str, OrderedFeatures]

some_features = st.dictionaries(
    st.sampled_from(FEATURES),
    st.lists(st.sampled_from(VALUES), min_size=1, unique=True).map(tuple),
    max_size=3,
).map(lambda found: ordered_features(found.items()))
some_machines = st.fixed_dictionaries(dict.fromkeys(NAMESPACES, some_features))
some_properties = st.sets(
    st.tuples(st.sampled_from(NAMESPACES), st.sampled_from(FEATURES), st.sampled_from(VALUES)).map(
        " :: ".join
    ),
    max_size=6,
)
some_variants = st.lists(some_properties, max_size=7).map(
    lambda found: [variant(f"l{i}", *sorted(item)) for i, item in enumerate(found)]
)


def _triples(item: Variant, machine: Machine) -> list[tuple[int, int, int]] | None:
    """Return the sorted triples of the standard's own words; None if incompatible."""
    found = []
    for requirement in item.requirements:
        features = machine[requirement.namespace]
        known = dict(features).get(requirement.feature, ())
        hits = [index for index, value in enumerate(known) if value in requirement.values]
        if not hits:
            return None
        feature = [name for name, _ in features].index(requirement.feature)
        found.append((NAMESPACES.index(requirement.namespace), feature, hits[0]))
    return sorted(found)


def _is_better(one: Variant, other: Variant, machine: Machine) -> bool:
    """Return whether the first of two compatible variants is better, by PEP 825 word for word."""
    first, second = _triples(one, machine) or [], _triples(other, machine) or []
    for left, right in zip(first, second, strict=False):
        if left != right:
            return left < right
    return one.label < other.label if len(first) == len(second) else len(first) > len(second)


def _supported(machine: Machine) -> dict[Namespace, SupportedProperties]:
    items = [supported(name, "built-in", features) for name, features in machine.items()]
    return by_namespace(*items)


@given(some_variants, some_machines)
def test_every_pair_is_in_the_order_of_the_standard(
    variants: list[Variant], machine: dict[str, OrderedFeatures]
) -> None:
    """Compatible variants are ranked, others rejected, and the better of any two comes first."""
    wheels = [_wheel(item.label) for item in variants]
    found = select(wheels, metadata(*variants, namespaces=NAMESPACES), _supported(machine))
    ranked = [item.variant for item in found.ranked if item.variant is not None]
    assert {item.label for item in ranked} == {
        item.label for item in variants if _triples(item, machine) is not None
    }
    assert len(found.ranked) + len(found.rejected) == len(wheels)
    assert all(item.missing for item in found.rejected)
    assert all(_is_better(a, b, machine) for a, b in itertools.combinations(ranked, 2))


_Item = TypeVar("_Item")


def _shuffled(chance: random.Random, items: Sequence[_Item]) -> list[_Item]:
    return chance.sample(items, len(items))


@given(some_variants, some_machines, st.randoms(use_true_random=False))
def test_selection_does_not_depend_on_the_order_of_input(
    variants: list[Variant], machine: dict[str, OrderedFeatures], chance: random.Random
) -> None:
    """Wheels, labels, properties and namespaces may come in any order."""
    wheels = [_wheel(None, 99), *(_wheel(item.label, i % 3) for i, item in enumerate(variants))]
    wheels += [_wheel(item.label, 5, "py2-none-any") for item in variants]
    first = metadata(*variants, namespaces=NAMESPACES)
    second = metadata(
        *(
            Variant(item.label, tuple(_shuffled(chance, item.requirements)))
            for item in _shuffled(chance, variants)
        ),
        namespaces=NAMESPACES,
    )
    again = _shuffled(chance, wheels)
    results = _supported(machine)
    swapped = dict(reversed(results.items()))
    one, other = select(wheels, first, results), select(again, second, swapped)
    assert [item.wheel for item in one.ranked] == [item.wheel for item in other.ranked]
    assert [item.wheel for item in one.rejected] == [item.wheel for item in other.rejected]
    assert needed_namespaces(wheels, first) == needed_namespaces(again, second)


def test_wheel_goes_through_the_selection_unchanged() -> None:
    """The ranked wheel is the one that came in, with the variant of its label."""
    (torch,) = torch_wheels("cu126")
    assert torch == wheel(torch_filename("cu126"), "cu126", 0)
    found = select((torch,), TORCH, _nvidia((12, 9), (7, 5)))
    assert [(item.wheel, item.variant) for item in found.ranked] == [
        (torch, next(item for item in TORCH.variants if item.label == "cu126"))
    ]
