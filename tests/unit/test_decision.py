"""The decision among all files of one version, from one or several sources."""

from __future__ import annotations

import pytest

from pip_variants.core.decision import (
    CandidateFile,
    Decision,
    RankedFile,
    Release,
    SourceSelection,
    decide,
    is_requested,
)
from pip_variants.core.filenames import label_of
from pip_variants.core.metadata import SourceMetadata, VariantMetadata
from pip_variants.core.properties import Label, Namespace, Variant
from pip_variants.core.selection import Selection, Wheel, select
from pip_variants.core.supported import SupportedProperties
from tests.unit.cases import by_namespace, metadata, supported, variant

CPU = supported("cpu", "built-in", (("level", ("v3", "v2")),))
MACHINE = by_namespace(CPU)

V2, V3 = variant("v2", "cpu :: level :: v2"), variant("v3", "cpu :: level :: v3")
V4 = variant("v4", "cpu :: level :: v4")
NULL = variant("null")
ZEROS = variant("00000000")
FIRST, SECOND = "https://one.test/x/", "https://two.test/x/"


def _release(*files: str) -> Release:
    """Return a version with these files, each ``ending`` or ``ending @ source``."""
    found = []
    for text in files:
        ending, _, source = text.partition(" @ ")
        name = f"x-1.0{ending}"
        found.append(CandidateFile(name, label_of(name), source or FIRST))
    return Release("x", "1.0", tuple(found))


def _wheel(label: str, source: str = FIRST) -> str:
    return f"-py3-none-any-{label}.whl @ {source}"


def _source(release: Release, indexes: tuple[int, ...], *variants: Variant) -> SourceSelection:
    """Return the selection among some files by metadata with these variants."""
    found = metadata(*variants, namespaces=("cpu",))
    selection = select(release.wheels(indexes), found, MACHINE)
    return SourceSelection(indexes, SourceMetadata(found), selection)


def _names(decision: Decision) -> list[str]:
    """Return the ends of the ranked file names and their variants, best first."""
    return [
        f"{decision.release.files[item.index].filename.removeprefix('x-1.0')}"
        f" {item.selected.variant.label if item.selected else None}"
        for item in decision.ranked
    ]


def test_variants_rank_before_plain_wheels_and_sdists() -> None:
    """Variants come best first; plain wheels and sdists follow in the installer's order."""
    release = _release(
        ".tar.gz", "-py3-none-any.whl", _wheel("v2"), _wheel("null"), _wheel("v4"), _wheel("v3")
    )
    source = _source(release, (2, 3, 4, 5), V2, V3, V4)
    found = decide(release, (source,), None)
    assert _names(found) == [
        "-py3-none-any-v3.whl v3",
        "-py3-none-any-v2.whl v2",
        "-py3-none-any-null.whl null",
        ".tar.gz None",
        "-py3-none-any.whl None",
    ]
    assert found.release == release
    assert found.sources == (source,)
    assert found.requested is None


def test_ranked_variant_has_the_metadata_of_its_source() -> None:
    """A label means what its own source says, whatever the other source says about it."""
    release = _release(_wheel("a"), _wheel("a", SECOND))
    one, two = variant("a", "cpu :: level :: v2"), variant("a", "cpu :: level :: v3")
    sources = (_source(release, (0,), one), _source(release, (1,), two))
    found = decide(release, sources, None)
    described: list[tuple[int, Variant, VariantMetadata]] = [
        (item.index, item.selected.variant, item.selected.metadata)
        for item in found.ranked
        if item.selected is not None
    ]
    assert described == [
        (0, one, metadata(one, namespaces=("cpu",))),
        (1, two, metadata(two, namespaces=("cpu",))),
    ]


def test_null_variants_of_all_sources_come_after_variants() -> None:
    """A null variant of the first source ranks after the variants of the second."""
    release = _release(
        _wheel("00000000"), _wheel("v2"), _wheel("null", SECOND), _wheel("v3", SECOND), ".tar.gz"
    )
    sources = (_source(release, (0, 1), ZEROS, V2), _source(release, (2, 3), V3))
    assert _names(decide(release, sources, None)) == [
        "-py3-none-any-v2.whl v2",
        "-py3-none-any-v3.whl v3",
        "-py3-none-any-00000000.whl 00000000",
        "-py3-none-any-null.whl null",
        ".tar.gz None",
    ]


def test_source_without_metadata_ranks_no_variant() -> None:
    """If the metadata of one source cannot be read, its variants are not ranked."""
    release = _release(_wheel("v3"), _wheel("v2", SECOND), "-py3-none-any.whl")
    broken = SourceSelection((0,), error="its file is broken")
    found = decide(release, (broken, _source(release, (1,), V2)), None)
    assert _names(found) == ["-py3-none-any-v2.whl v2", "-py3-none-any.whl None"]
    assert len(found.selections) == 1


REQUESTS = [
    pytest.param("v2", ["-py3-none-any-v2.whl v2"], id="a compatible label"),
    pytest.param("v4", [], id="an incompatible label"),
    pytest.param("v5", [], id="a label that does not exist"),
    pytest.param(
        "null",
        ["-py3-none-any-00000000.whl 00000000", "-py3-none-any-null.whl null"],
        id="null means any null variant: T6",
    ),
    pytest.param("00000000", ["-py3-none-any-00000000.whl 00000000"], id="a null variant by label"),
]


@pytest.mark.parametrize(("label", "names"), REQUESTS)
def test_only_variants_with_the_requested_label_are_ranked(label: str, names: list[str]) -> None:
    """With a requested label there are no other variants, plain wheels or sdists."""
    release = _release(
        _wheel("v2"),
        _wheel("v3"),
        _wheel("v4"),
        _wheel("null"),
        _wheel("00000000"),
        "-py3-none-any.whl",
        ".tar.gz",
    )
    source = _source(release, (0, 1, 2, 3, 4), V2, V3, V4, ZEROS)
    found = decide(release, (source,), Label(label))
    assert _names(found) == names
    assert found.requested == label


EXCLUSIONS = [
    pytest.param(("v3",), ["v2", "0", None], ["v3"], id="the best"),
    pytest.param(("v2", "v3"), ["0", None], ["v2", "v3"], id="two"),
    pytest.param(("null",), ["v3", "v2", None], ["0"], id="every null variant"),
    pytest.param(("0",), ["v3", "v2", None], ["0"], id="a null variant by label"),
    pytest.param(("v4", "x"), ["v3", "v2", "0", None], [], id="none that fits"),
    pytest.param(("v2", "v3", "null"), [None], ["v2", "v3", "0"], id="all"),
]


@pytest.mark.parametrize(("labels", "ranked", "excluded"), EXCLUSIONS)
def test_excluded_variants_are_not_ranked(
    labels: tuple[str, ...], ranked: list[str | None], excluded: list[str]
) -> None:
    """They stay known as compatible; a plain wheel has no label and is never excluded."""
    release = _release(*map(_wheel, ("v2", "v3", "v4", "0")), "-py3-none-any.whl")
    source = _source(release, (0, 1, 2, 3), V2, V3, V4, variant("0"))
    found = decide(release, (source,), None, tuple(map(Label, labels)))
    assert [item.selected and item.selected.variant.label for item in found.ranked] == ranked
    assert sorted(str(item.wheel.label) for item in found.excluded_wheels) == sorted(excluded)


def test_requested_label_is_ranked_from_every_source() -> None:
    """Each source that has the label offers its wheel, in the order of the sources."""
    release = _release(_wheel("v2"), _wheel("v2", SECOND), _wheel("v3", SECOND))
    sources = (_source(release, (0,), V2), _source(release, (1, 2), V2, V3))
    found = decide(release, sources, Label("v2"))
    assert [item.index for item in found.ranked] == [0, 1]


@pytest.mark.parametrize(
    ("item", "label", "requested"),
    [
        (V2, "v2", True),
        (V2, "v3", False),
        (V2, "null", False),
        (NULL, "null", True),
        (ZEROS, "null", True),
        (ZEROS, "00000000", True),
        (NULL, "00000000", False),
    ],
)
def test_null_requests_any_variant_without_properties(
    item: Variant, label: str, *, requested: bool
) -> None:
    """A variant is requested by its label; ``null`` requests a null variant of any label."""
    assert is_requested(item, Label(label)) is requested


def _selection(*namespaces: str) -> Selection:
    found = (
        SupportedProperties(Namespace(name), "built-in", has_versions=name == "abi_dependency")
        for name in namespaces
    )
    return Selection((), (), tuple(found))


@pytest.mark.parametrize(
    ("selections", "provisional"),
    [
        pytest.param((), False, id="no selection"),
        pytest.param((_selection("cpu", "nvidia"),), False, id="namespaces of the machine"),
        pytest.param((_selection("abi_dependency"),), True, id="abi_dependency"),
        pytest.param((_selection("cpu"), _selection("cpu", "abi_dependency")), True, id="one of"),
    ],
)
def test_decision_about_other_versions_is_provisional(
    selections: tuple[Selection, ...], *, provisional: bool
) -> None:
    """It depends on the version that the installer has selected of another project."""
    release = _release(".tar.gz")
    sources = tuple(SourceSelection((), selection=selection) for selection in selections)
    found = Decision(release, (RankedFile(0, None),), sources)
    assert found.is_provisional is provisional
    assert found.selections == selections


def test_variant_wheels_are_grouped_by_source() -> None:
    """Plain wheels and sdists belong to no group; sources keep the order of their first file."""
    release = _release(
        "-py3-none-any.whl",
        _wheel("a", SECOND),
        _wheel("a"),
        ".tar.gz",
        _wheel("b", SECOND),
    )
    assert release.by_source() == ((1, 4), (2,))
    assert release.wheels((1, 4)) == (
        Wheel("x-1.0-py3-none-any-a.whl", Label("a"), 1),
        Wheel("x-1.0-py3-none-any-b.whl", Label("b"), 4),
    )
    assert [file.is_wheel for file in release.files] == [True, True, True, False, True]


def test_selection_is_complete_without_failed_labels() -> None:
    """A source is complete if the metadata of every label could be read."""
    found = metadata(V2)
    failed = ((Label("v3"), "the wheel has no variant.json"),)
    assert SourceSelection((0,), SourceMetadata(found)).is_complete
    assert not SourceSelection((0,), SourceMetadata(found, failed)).is_complete
    assert not SourceSelection((0,), error="broken").is_complete
