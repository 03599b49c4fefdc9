"""The whole engine as one function: a ranking of wheels, for a machine, by metadata."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pip_variants.compatibility import Lack
from pip_variants.metadata import Metadata
from pip_variants.properties import Features, Variant
from pip_variants.providers.nvidia import Facts, detect
from pip_variants.readers import read_text
from pip_variants.selection import (
    Ranked,
    Rejected,
    Selection,
    Wheel,
    needed_namespaces,
    select,
)
from pip_variants.supported import Support
from tests.unit.cases import TORCH_JSON, metadata, torch_filename, torch_wheels, variant

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
    pytest.param((12, 9), (8, 9), ("cu129", "cu128", "cu126", NULL), id="8.9 runs 86 and 80"),
    pytest.param((12, 9), None, (NULL,), id="12.9 without a GPU"),
    pytest.param(None, (9, 0), (NULL,), id="a GPU without a driver"),
    pytest.param(None, None, (NULL,), id="neither"),
]


def _nvidia(cuda: tuple[int, int] | None, capability: tuple[int, int] | None) -> Support:
    """Return what a machine with these facts supports."""
    found = detect(Facts(cuda, capability, forced=True))
    return Support("nvidia", "built-in", found.features, found.reason, found.warnings)


def _labels(selection: Selection) -> tuple[str | None, ...]:
    return tuple(item.wheel.label for item in selection.ranked)


@pytest.mark.parametrize(("cuda", "capability", "labels"), REAL_OUTCOMES)
def test_the_real_outcomes(
    cuda: tuple[int, int] | None, capability: tuple[int, int] | None, labels: tuple[str, ...]
) -> None:
    """Torch 2.8.0 is ranked as the published provider has it, the plain wheel after all."""
    wheels = torch_wheels(None, "cu126", NULL, "cu129", "cu128")
    found = select(wheels, TORCH, {"nvidia": _nvidia(cuda, capability)})
    assert _labels(found) == (*labels, None)
    passed_over = {"cu126", "cu128", "cu129"} - {*labels}
    assert {item.wheel.label for item in found.rejected} == passed_over


CPU = Support("cpu", "built-in", (("level", ("v3", "v2")), ("avx2", ("on",))))
GPU = Support("gpu", "built-in", (("arch", ("90", "80")),))
SUPPORTS = {"gpu": GPU, "cpu": CPU}


def _wheel(label: str | None, place: int = 0, tags: str = "py3-none-any") -> Wheel:
    end = "" if label is None else f"-{label}"
    return Wheel(f"a-1-{tags}{end}.whl", label, place)


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
def test_the_order_of_what_fits(variants: tuple[Variant, ...], labels: tuple[str, ...]) -> None:
    """Variants are ranked by the positions of their best values, then by label, then by place."""
    wheels = [_wheel(item.label, place) for place, item in enumerate(variants)]
    found = select(wheels, metadata(*variants, namespaces=("gpu", "cpu")), SUPPORTS)
    assert _labels(found) == labels
    assert found.rejected == ()


def test_authors_may_prefer_another_value() -> None:
    """What default-priorities rank first is best, though the machine has something newer."""
    one, two = variant("v2", "cpu :: level :: v2"), variant("v3", "cpu :: level :: v3")
    wheels = (_wheel("v2"), _wheel("v3"))
    ranked = metadata(one, two, namespaces=("cpu",), values=(("cpu", (("level", ("v2",)),)),))
    assert _labels(select(wheels, metadata(one, two), SUPPORTS)) == ("v3", "v2")
    assert _labels(select(wheels, ranked, SUPPORTS)) == ("v2", "v3")


def test_the_whole_selection() -> None:
    """Each wheel is ranked, or rejected with everything that there is to say about it."""
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
    found = select(wheels, metadata(good, bad, namespaces=("cpu",)), {"cpu": CPU, "gpu": GPU})
    assert found == Selection(
        ranked=(
            Ranked(wheels[4], good),
            Ranked(wheels[3], good),
            Ranked(wheels[5], Variant("null", ())),
            Ranked(wheels[0], None),
            Ranked(wheels[6], None),
        ),
        rejected=(
            Rejected(
                wheels[2],
                bad,
                (
                    Lack("level", ("v4",), ("v3", "v2"), CPU),
                    Lack("arch", ("70",), ("90", "80"), GPU),
                ),
            ),
            Rejected(wheels[1], None, reason="no metadata describes its label"),
        ),
        supports=(CPU, GPU),
    )


def test_nothing_is_a_selection_too() -> None:
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
def test_only_used_namespaces_are_needed(
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
    wheels = [_wheel(label, place) for place, label in enumerate(labels)]
    assert needed_namespaces(wheels, found) == namespaces


NAMESPACES = ("n0", "n1", "n2")
FEATURES = ("f0", "f1", "f2")
VALUES = ("v0", "v1", "v2", "v3")

some_features = st.dictionaries(
    st.sampled_from(FEATURES),
    st.lists(st.sampled_from(VALUES), min_size=1, unique=True).map(tuple),
    max_size=3,
).map(lambda found: tuple(found.items()))
some_supports = st.fixed_dictionaries(dict.fromkeys(NAMESPACES, some_features))
some_properties = st.sets(
    st.tuples(st.sampled_from(NAMESPACES), st.sampled_from(FEATURES), st.sampled_from(VALUES)).map(
        " :: ".join
    ),
    max_size=6,
)
some_variants = st.lists(some_properties, max_size=7).map(
    lambda found: [variant(f"l{i}", *sorted(item)) for i, item in enumerate(found)]
)


def _worth(item: Variant, machine: Mapping[str, Features]) -> list[tuple[int, int, int]] | None:
    """Return the key of the standard's own words: triples, sorted; None if it does not fit."""
    found = []
    for wanted in item.wants:
        known = dict(machine[wanted.namespace]).get(wanted.feature, ())
        hits = [place for place, value in enumerate(known) if value in wanted.values]
        if not hits:
            return None
        feature = [name for name, _ in machine[wanted.namespace]].index(wanted.feature)
        found.append((NAMESPACES.index(wanted.namespace), feature, hits[0]))
    return sorted(found)


def _is_better(one: Variant, other: Variant, machine: Mapping[str, Features]) -> bool:
    """Return whether the first of two variants that fit is better, by PEP 825 word for word."""
    first, second = _worth(one, machine) or [], _worth(other, machine) or []
    for left, right in zip(first, second, strict=False):
        if left != right:
            return left < right
    return one.label < other.label if len(first) == len(second) else len(first) > len(second)


def _answers(machine: Mapping[str, Features]) -> dict[str, Support]:
    return {name: Support(name, "built-in", features) for name, features in machine.items()}


@given(some_variants, some_supports)
def test_every_pair_is_in_the_order_of_the_standard(
    variants: list[Variant], machine: dict[str, Features]
) -> None:
    """What fits is ranked, what does not is rejected, and the better of any two comes first."""
    wheels = [_wheel(item.label) for item in variants]
    found = select(wheels, metadata(*variants, namespaces=NAMESPACES), _answers(machine))
    ranked = [item.variant for item in found.ranked if item.variant is not None]
    assert {item.label for item in ranked} == {
        item.label for item in variants if _worth(item, machine) is not None
    }
    assert len(found.ranked) + len(found.rejected) == len(wheels)
    assert all(item.lacks for item in found.rejected)
    assert all(_is_better(a, b, machine) for a, b in itertools.combinations(ranked, 2))


def _shuffled(chance: random.Random, items: Sequence[object]) -> list[object]:
    return chance.sample(items, len(items))


@given(some_variants, some_supports, st.randoms(use_true_random=False))
def test_a_choice_does_not_depend_on_the_order_of_the_input(
    variants: list[Variant], machine: dict[str, Features], chance: random.Random
) -> None:
    """Wheels, labels, properties and answers may come in any order: the selection is the same."""
    wheels = [_wheel(None, 99), *(_wheel(item.label, i % 3) for i, item in enumerate(variants))]
    wheels += [_wheel(item.label, 5, "py2-none-any") for item in variants]
    first = metadata(*variants, namespaces=NAMESPACES)
    second: Metadata = metadata(
        *(
            Variant(item.label, tuple(_shuffled(chance, item.wants)))  # type: ignore[arg-type]
            for item in _shuffled(chance, variants)
            if isinstance(item, Variant)
        ),
        namespaces=NAMESPACES,
    )
    again = [item for item in _shuffled(chance, wheels) if isinstance(item, Wheel)]
    answers = _answers(machine)
    swapped = {name: answers[name] for name in reversed(NAMESPACES)}
    one, other = select(wheels, first, answers), select(again, second, swapped)
    assert [item.wheel for item in one.ranked] == [item.wheel for item in other.ranked]
    assert [item.wheel for item in one.rejected] == [item.wheel for item in other.rejected]
    assert needed_namespaces(wheels, first) == needed_namespaces(again, second)


def test_torch_filenames_are_the_ones_that_are_ranked() -> None:
    """A wheel goes through the engine as it came."""
    (wheel,) = torch_wheels("cu126")
    assert wheel == Wheel(torch_filename("cu126"), "cu126", 0)
    found = select((wheel,), TORCH, {"nvidia": _nvidia((12, 9), (7, 5))})
    assert found.ranked == (Ranked(wheel, TORCH.variant("cu126")),)
