"""Several files of one version become one (PEP 825, "Index-level metadata": merging)."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from pip_variants.core.errors import MetadataError
from pip_variants.core.merge import ContradictionError, FileMetadata, complete, merge, merge_files
from pip_variants.core.metadata import Priorities, Provider, VariantMetadata
from pip_variants.core.properties import Feature, Label, Namespace
from tests.unit.cases import metadata, provider, variant

NVIDIA = provider("nvidia", "nvidia-variant-provider")
CPU = provider("cpu", "cpu-provider")

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
        metadata(providers=(provider("nvidia", "other"),)),
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
    pytest.param(
        ONE,
        metadata(namespaces=("nvidia",), features=(("nvidia", ("sm",)),)),
        "default-priorities: differs between the files",
        id="another order of features",
    ),
    pytest.param(
        ONE,
        metadata(namespaces=("nvidia",), values=(("nvidia", (("sm", ("80",)),)),)),
        "default-priorities: differs between the files",
        id="another order of values",
    ),
]


def test_merge_is_the_union_of_two_files() -> None:
    """Labels and providers are united, and the longer of the namespace lists wins."""
    assert merge(ONE, TWO) == metadata(
        variant("cu129", "nvidia :: cuda :: 12.9", "nvidia :: sm :: 90", "nvidia :: sm :: 80"),
        variant("v3", "cpu :: level :: v3"),
        namespaces=("nvidia", "cpu"),
        providers=(NVIDIA, CPU),
    )


@pytest.mark.parametrize("files", [*permutations((ONE, TWO, NULL))])
def test_merge_has_the_same_meaning_in_any_order(files: tuple[VariantMetadata, ...]) -> None:
    """Whichever file comes first, the same labels mean the same and rank the same."""
    first, second, third = files
    found = merge(merge(first, second), third)
    assert found.priorities.namespaces == ("nvidia", "cpu")
    assert {*found.providers} == {NVIDIA, CPU}
    assert {item.label: {*map(str, item.properties)} for item in found.variants} == {
        "cu129": {"nvidia :: cuda :: 12.9", "nvidia :: sm :: 80", "nvidia :: sm :: 90"},
        "v3": {"cpu :: level :: v3"},
        "null": set(),
    }


def test_file_merged_with_itself_stays_the_same() -> None:
    """Reading the same thing twice changes nothing."""
    assert merge(TWO, TWO) == TWO


@pytest.mark.parametrize("swap", [False, True], ids=["as written", "swapped"])
@pytest.mark.parametrize(("one", "other", "text"), CONTRADICTIONS)
def test_contradiction_is_an_error_with_its_path(
    one: VariantMetadata, other: VariantMetadata, text: str, *, swap: bool
) -> None:
    """Files that contradict each other are refused, in either order, naming the value."""
    with pytest.raises(MetadataError) as caught:
        merge(other, one) if swap else merge(one, other)
    assert str(caught.value) == text
    assert text == f"{caught.value.path}: {caught.value.problem}"


def test_providers_and_variants_are_found_by_name() -> None:
    """A provider is found by namespace, a variant by label; an unknown one is None."""
    assert TWO.provider(Namespace("cpu")) == CPU
    assert TWO.provider(Namespace("gpu")) is None
    assert TWO.variant(Label("v3")) == variant("v3", "cpu :: level :: v3")
    assert TWO.variant(Label("null")) is None


GPU = provider("gpu", "gpu-provider")


def _wheel(label: str, namespaces: str, *providers: Provider, arch: str = "1") -> FileMetadata:
    found = metadata(
        variant(label, f"gpu :: arch :: {arch}"),
        namespaces=namespaces.split(),
        providers=providers,
    )
    return FileMetadata(f"x-1.0-py3-none-any-{label}.whl", found)


A, B, C = _wheel("a", "gpu", GPU), _wheel("b", "gpu cpu", GPU, CPU), _wheel("c", "")


@pytest.mark.parametrize("files", [*permutations((A, B, C))])
def test_merged_wheels_are_equal_in_any_order(files: tuple[FileMetadata, ...]) -> None:
    """The result is the same value, not only the same meaning."""
    assert merge_files(files) == merge_files((A, B, C))


def test_merged_wheels_have_all_labels_and_providers() -> None:
    """Labels and providers are united, and the longest list of namespaces wins."""
    assert merge_files((A, B, C)) == metadata(
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
def test_merged_wheels_have_the_newest_revision(revisions: tuple[str, str], newest: str) -> None:
    """Wheels of several revisions make one document, of the newest."""
    files = [
        replace(item, metadata=replace(item.metadata, revision=revision))
        for item, revision in zip((A, B), revisions, strict=True)
    ]
    assert merge_files(files).revision == merge_files(files[::-1]).revision == newest


CONTRADICTORY_WHEELS = [
    pytest.param(
        (A, B, _wheel("d", "gpu rpu"), C),
        (
            "x-1.0-py3-none-any-b.whl and x-1.0-py3-none-any-d.whl contradict each other:"
            " default-priorities.namespace: differs between the files"
        ),
        id="namespaces",
    ),
    pytest.param(
        (A, C, FileMetadata("x-1.0-py2-none-any-a.whl", _wheel("a", "gpu", arch="2").metadata)),
        (
            "x-1.0-py2-none-any-a.whl and x-1.0-py3-none-any-a.whl contradict each other:"
            " variants['a']: differs between the files"
        ),
        id="a label",
    ),
    pytest.param(
        (C, B, _wheel("d", "gpu cpu", replace(CPU, optional=True))),
        (
            "x-1.0-py3-none-any-b.whl and x-1.0-py3-none-any-d.whl contradict each other:"
            " providers.cpu: differs between the files"
        ),
        id="a provider",
    ),
]


@pytest.mark.parametrize(("files", "text"), CONTRADICTORY_WHEELS)
def test_contradiction_names_the_same_two_wheels(
    files: tuple[FileMetadata, ...], text: str
) -> None:
    """In any order of the files the error names the same two."""
    for order in permutations(files):
        with pytest.raises(ContradictionError) as error:
            merge_files(order)
        assert str(error.value) == text


def test_one_wheel_is_merged_to_itself() -> None:
    """Nothing is added to the metadata of a single wheel."""
    assert merge_files([A]) == A.metadata


BARE = metadata(ONE.variants[0], variant("v3", "cpu :: level :: v3"), namespaces=("nvidia", "cpu"))
ORDERED = Priorities((Namespace("cpu"),), ((Namespace("nvidia"), (Feature("sm"),)),))


def test_document_without_providers_gets_those_of_a_wheel_and_the_orders() -> None:
    """Its own namespaces stay, whatever those of the wheel are."""
    own = replace(ONE, priorities=ORDERED)
    found = complete(BARE, own)
    assert found.providers == ONE.providers
    assert found.variants == BARE.variants
    assert found.priorities == replace(ORDERED, namespaces=BARE.priorities.namespaces)
    assert complete(found, own) == found


@pytest.mark.parametrize(
    ("own", "error"),
    [
        (
            metadata(variant("cu129", "nvidia :: cuda :: 12.8")),
            "variants['cu129']: differs between the files",
        ),
        (
            metadata(ONE.variants[0], providers=(provider("nvidia", "other"),)),
            "providers.nvidia: differs between the files",
        ),
    ],
    ids=["a label with two meanings", "a namespace with two providers"],
)
def test_wheel_that_contradicts_a_document_does_not_complete_it(
    own: VariantMetadata, error: str
) -> None:
    """The second provider contradicts the one that another wheel has."""
    with pytest.raises(MetadataError) as caught:
        complete(complete(BARE, ONE), own)
    assert str(caught.value) == error
