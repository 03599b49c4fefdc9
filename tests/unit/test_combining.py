"""The wheels of a version become one document, and what contradicts is named by both names."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from pip_variants.combining import ContradictionError, Described, combined
from pip_variants.metadata import Metadata, Provider
from tests.unit.cases import metadata, variant

GPU = Provider("gpu", requires=("gpu-provider",))
CPU = Provider("cpu", requires=("cpu-provider",))


def _wheel(label: str, namespaces: str, *providers: Provider, arch: str = "1") -> Described:
    found = metadata(
        variant(label, f"gpu :: arch :: {arch}"),
        namespaces=namespaces.split(),
        providers=providers,
    )
    return Described(f"x-1.0-py3-none-any-{label}.whl", found)


A, B, C = _wheel("a", "gpu", GPU), _wheel("b", "gpu cpu", GPU, CPU), _wheel("c", "")


@pytest.mark.parametrize("files", [*permutations((A, B, C))])
def test_the_order_of_wheels_does_not_matter(files: tuple[Described, ...]) -> None:
    """The result is the same value, not only the same meaning."""
    assert combined(files) == combined((A, B, C))


def test_the_union() -> None:
    """Labels and providers are united, and the longest list of namespaces wins."""
    assert combined((A, B, C)) == metadata(
        *(variant(label, "gpu :: arch :: 1") for label in "abc"),
        namespaces=("gpu", "cpu"),
        providers=(GPU, CPU),
    )


@pytest.mark.parametrize(
    ("revisions", "newest"),
    [
        (("0.0.2", "0.0.2"), "0.0.2"),
        (("0.0.3", "0.0.2"), "0.0.3"),
        (("early", "0.1"), "0.1"),
        (("0.1", "0.2.0"), "0.2.0"),
    ],
)
def test_the_newest_revision_wins(revisions: tuple[str, str], newest: str) -> None:
    """Wheels of several revisions make one document, of the newest."""
    files = [
        replace(item, metadata=replace(item.metadata, revision=revision))
        for item, revision in zip((A, B), revisions, strict=True)
    ]
    assert combined(files).revision == combined(files[::-1]).revision == newest


CONTRADICTIONS = [
    (
        (A, B, _wheel("d", "gpu rpu"), C),
        (
            "x-1.0-py3-none-any-b.whl and x-1.0-py3-none-any-d.whl contradict each other:"
            " default-priorities.namespace: differs between the files"
        ),
    ),
    (
        (A, C, Described("x-1.0-py2-none-any-a.whl", _wheel("a", "gpu", arch="2").metadata)),
        (
            "x-1.0-py2-none-any-a.whl and x-1.0-py3-none-any-a.whl contradict each other:"
            " variants['a']: differs between the files"
        ),
    ),
    (
        (C, B, _wheel("d", "gpu cpu", replace(CPU, optional=True))),
        (
            "x-1.0-py3-none-any-b.whl and x-1.0-py3-none-any-d.whl contradict each other:"
            " providers.cpu: differs between the files"
        ),
    ),
]


@pytest.mark.parametrize(("files", "text"), CONTRADICTIONS)
def test_a_contradiction_names_two_wheels(files: tuple[Described, ...], text: str) -> None:
    """Whatever the order, the same two are named."""
    for order in permutations(files):
        with pytest.raises(ContradictionError) as error:
            combined(order)
        assert str(error.value) == text


def test_one_wheel_is_its_own_document() -> None:
    """Nothing is added to what one wheel says."""
    found: Metadata = combined([A])
    assert found == A.metadata
