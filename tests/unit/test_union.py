"""What a lock of all variants depends on: what any of them needs on any machine."""

from __future__ import annotations

import pytest

from pip_variants.core.properties import Label, Variant
from pip_variants.core.union import Contradiction, Needs, needs_of, unite
from tests.unit.cases import variant

ALWAYS, NEVER = 'python_version >= "0"', 'python_version < "0"'
CU126 = variant("cu126", "gpu :: cuda :: 12.6", "gpu :: arch :: 80", "gpu :: arch :: 90")

# A dependency, the variant of the wheel, and the dependency with its marker evaluated.
EVALUATED = [
    pytest.param("a>=1", CU126, ["a>=1"], id="no marker"),
    pytest.param("a; os_name == 'x'", CU126, ["a; os_name == 'x'"], id="other marker"),
    pytest.param("a; variant_label == 'cu126'", CU126, [f"a; {ALWAYS}"], id="label"),
    pytest.param("a; variant_label == 'x'", CU126, [f"a; {NEVER}"], id="other label"),
    pytest.param("a; 'gpu' in variant_namespaces", None, [f"a; {NEVER}"], id="plain wheel"),
    pytest.param("a; variant_label == ''", None, [f"a; {ALWAYS}"], id="label of a plain wheel"),
    pytest.param(
        "a; 'gpu :: cuda :: 12.6' in variant_properties",
        CU126,
        [f"a; {ALWAYS}"],
        id="value that each machine supports",
    ),
    pytest.param(
        "a; 'gpu :: cuda :: 12.6' not in variant_properties",
        CU126,
        [f"a; {NEVER}"],
        id="value that each machine supports, negated",
    ),
    pytest.param(
        "a; 'gpu :: arch :: 90' not in variant_properties",
        CU126,
        [f"a; {NEVER}", f"a; {ALWAYS}"],
        id="value that some machines support, negated",
    ),
    pytest.param(
        "a; 'gpu :: arch :: 70' in variant_properties", CU126, [f"a; {NEVER}"], id="no such value"
    ),
    pytest.param("a; extra == 'x'", variant("null"), ["a; extra == 'x'"], id="extra"),
]


@pytest.mark.parametrize(("text", "chosen", "expected"), EVALUATED)
def test_markers_about_variants_are_evaluated_for_any_machine(
    text: str, chosen: Variant | None, expected: list[str]
) -> None:
    """The label is known; of several values of one feature a machine may support one or all."""
    label = chosen.label if chosen is not None else None
    assert needs_of(label, chosen, [text]) == Needs(label, tuple(expected))


def needs(label: str | None, *requires: str) -> Needs:
    """Return what a wheel with this label depends on."""
    return Needs(Label(label) if label is not None else None, requires)


def test_union_has_each_dependency_once_and_names_those_of_some() -> None:
    """What never applies counts for none of them, and what only an extra needs for that extra."""
    wheels = [
        needs("a", "all", "some_A>=1", f"never; {NEVER}", "more; extra == 'x'"),
        needs("b", "all", "some-a>=2"),
        needs(None, "all", f"never; {NEVER}", "::"),
    ]
    found = unite(wheels)
    assert found.requires == (
        *("all", "some_A>=1", f"never; {NEVER}", "more; extra == 'x'", "some-a>=2", "::"),
    )
    assert found.partial == (("some-a", ("a", "b")),)
    assert found.contradiction is None
    assert unite(wheels, ["x"]).partial == (("some-a", ("a", "b")), ("more", ("a",)))


PINS = [
    pytest.param(("x==1",), ("x==2",), ("x==1", "x==2"), id="two versions"),
    pytest.param(("X.y==1",), ("x-y==2",), ("x-y==1", "x-y==2"), id="names as they are written"),
    pytest.param(("x==1",), ("x==1.0",), None, id="one version, written twice"),
    pytest.param(("x==1+cpu",), ("x==1",), None, id="a local version of it"),
    pytest.param(("x==1",), ("x==1+cpu",), None, id="the same the other way round"),
    pytest.param(("x==1+a",), ("x==1+b",), ("x==1+a", "x==1+b"), id="two local versions"),
    pytest.param(("x==1.*",), ("x==2",), None, id="left to pip's resolver"),
    pytest.param(("x==1",), (f"x==2; {NEVER}",), None, id="one of them never applies"),
    pytest.param(("x==1",), ("y==2",), None, id="two projects"),
]


@pytest.mark.parametrize(("first", "second", "expected"), PINS)
def test_two_labels_that_pin_different_versions_contradict_each_other(
    first: tuple[str, ...], second: tuple[str, ...], expected: tuple[str, str] | None
) -> None:
    """One lock has one version of each project."""
    found = unite([needs("a", *first), needs("n"), needs("b", *second)]).contradiction
    if expected is None:
        assert found is None
    else:
        assert found == Contradiction((Label("a"), expected[0]), (Label("b"), expected[1]))
