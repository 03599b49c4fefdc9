"""Several files of one version become one (PEP 825, "Index-level metadata": merging)."""

from __future__ import annotations

from itertools import permutations

import pytest

from pip_variants.errors import MetadataError
from pip_variants.metadata import Metadata, Provider, merged
from tests.unit.cases import metadata, variant

NVIDIA = Provider("nvidia", requires=("nvidia-variant-provider",))
CPU = Provider("cpu", requires=("cpu-provider",))

ONE = metadata(
    variant("cu129", "nvidia :: cuda :: 12.9", "nvidia :: sm :: 90", "nvidia :: sm :: 80"),
    namespaces=("nvidia",),
    providers=(NVIDIA,),
)
TWO = metadata(
    variant("v3", "cpu :: level :: v3"),
    variant("cu129", "nvidia :: sm :: 80", "nvidia :: sm :: 90", "nvidia :: cuda :: 12.9"),
    namespaces=("nvidia", "cpu"),
    providers=(CPU, NVIDIA),
)
NULL = metadata(variant("null"))

CONTRADICTIONS = [
    pytest.param(
        ONE,
        metadata(variant("cu129", "nvidia :: cuda :: 12.8")),
        "variants['cu129']: differs between the files",
        id="a label with two meanings",
    ),
    pytest.param(
        ONE,
        metadata(variant("cu129")),
        "variants['cu129']: differs between the files",
        id="a label that is null elsewhere",
    ),
    pytest.param(
        ONE,
        metadata(providers=(Provider("nvidia", requires=("other",)),)),
        "providers.nvidia: differs between the files",
        id="a namespace with two providers",
    ),
    pytest.param(
        ONE,
        metadata(namespaces=("cpu", "nvidia")),
        "default-priorities.namespace: differs between the files",
        id="the longer list starts with something else",
    ),
    pytest.param(
        ONE,
        metadata(namespaces=("cpu",)),
        "default-priorities.namespace: differs between the files",
        id="two lists of one length",
    ),
]


def test_the_union_of_two() -> None:
    """Labels and providers are united, and the longer of the namespace lists wins."""
    assert merged(ONE, TWO) == metadata(
        variant("cu129", "nvidia :: cuda :: 12.9", "nvidia :: sm :: 90", "nvidia :: sm :: 80"),
        variant("v3", "cpu :: level :: v3"),
        namespaces=("nvidia", "cpu"),
        providers=(NVIDIA, CPU),
    )


@pytest.mark.parametrize("files", [*permutations((ONE, TWO, NULL))])
def test_the_order_of_files_changes_no_meaning(files: tuple[Metadata, ...]) -> None:
    """Whichever file is read first, the same labels mean the same and rank the same."""
    first, second, third = files
    found = merged(merged(first, second), third)
    assert found.priorities.namespaces == ("nvidia", "cpu")
    assert {*found.providers} == {NVIDIA, CPU}
    assert {item.label: item.properties for item in found.variants} == {
        "cu129": ("nvidia :: cuda :: 12.9", "nvidia :: sm :: 80", "nvidia :: sm :: 90"),
        "v3": ("cpu :: level :: v3",),
        "null": (),
    }


def test_a_file_merged_with_itself_is_itself() -> None:
    """Reading the same thing twice changes nothing."""
    assert merged(TWO, TWO) == TWO


@pytest.mark.parametrize("swap", [False, True], ids=["as written", "swapped"])
@pytest.mark.parametrize(("one", "other", "text"), CONTRADICTIONS)
def test_a_contradiction_is_an_error(
    one: Metadata, other: Metadata, text: str, *, swap: bool
) -> None:
    """Files that contradict each other are refused, in either order, naming the value."""
    with pytest.raises(MetadataError) as caught:
        merged(other, one) if swap else merged(one, other)
    assert str(caught.value) == text
    assert text == f"{caught.value.path}: {caught.value.problem}"


def test_look_ups() -> None:
    """A provider is found by namespace, a variant by label, and what is unknown is None."""
    assert TWO.provider("cpu") == CPU
    assert TWO.provider("gpu") is None
    assert TWO.variant("v3") == variant("v3", "cpu :: level :: v3")
    assert TWO.variant("null") is None
