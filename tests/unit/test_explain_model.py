"""Explanations of decisions: origin, rows, reasons, and what ranks variants one after another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pip_variants.core.compatibility import feature_positions
from pip_variants.core.decision import SourceSelection, decide
from pip_variants.core.difference import first_difference
from pip_variants.core.metadata import NO_METADATA
from pip_variants.core.properties import Label, Namespace, Variant
from pip_variants.core.selection import select
from pip_variants.explain import messages
from pip_variants.explain.model import Origin, Row, explain_decision, explain_wheel
from tests.unit.cases import by_namespace, metadata, supported, torch_filename, variant
from tests.unit.explain_cases import (
    TORCH,
    TORCH_METADATA_URL,
    TORCH_PAGE,
    decision,
    forced_nvidia,
    release,
    torch_decision,
)

GPU = supported("gpu", "built-in", (("cuda", ("12.9", "12.8", "12")), ("arch", ("90", "80"))))
CPU = supported("cpu", "built-in", (("level", ("v3", "v2", "v1")),))
POSITIONS = feature_positions((GPU, CPU), (Namespace("gpu"), Namespace("cpu")))

# A variant, the next one in the order, and why it comes after the first.
DIFFERENCES = [
    pytest.param(
        variant("a", "gpu :: cuda :: 12.9"),
        variant("b", "gpu :: cuda :: 12.8"),
        "gpu :: cuda :: 12.8 comes after 12.9",
        id="value",
    ),
    pytest.param(
        variant("a", "gpu :: cuda :: 12.9", "gpu :: arch :: 90"),
        variant("b", "gpu :: cuda :: 12.9", "gpu :: arch :: 80"),
        "gpu :: arch :: 80 comes after 90",
        id="value of the second feature",
    ),
    pytest.param(
        variant("a", "gpu :: arch :: 80"),
        variant("b", "cpu :: level :: v3"),
        "cpu :: level :: v3 comes after gpu :: arch :: 80",
        id="namespace",
    ),
    pytest.param(
        variant("a", "gpu :: cuda :: 12.9", "cpu :: level :: v3"),
        variant("b", "gpu :: cuda :: 12.9"),
        "has no value of cpu :: level",
        id="one feature less",
    ),
    pytest.param(
        variant("a", "gpu :: cuda :: 12.9"),
        variant("null"),
        "null variant, ranked after all variants with properties",
        id="null variant",
    ),
    pytest.param(
        variant("a", "gpu :: cuda :: 12.9"),
        variant("b", "gpu :: cuda :: 12.9"),
        "equally good, ordered by label",
        id="label",
    ),
    pytest.param(
        variant("a", "gpu :: cuda :: 12.9"),
        variant("a", "gpu :: cuda :: 12.9"),
        "the same variant, ordered by tags or build number",
        id="tags",
    ),
    pytest.param(
        variant("null"), variant("zero"), "equally good, ordered by label", id="two null variants"
    ),
]


@pytest.mark.parametrize(("better", "worse", "text"), DIFFERENCES)
def test_note_is_the_first_difference_of_two_variants(
    better: Variant, worse: Variant, text: str
) -> None:
    """The first difference of their best properties ranks a variant after another."""
    difference = first_difference(better, worse, POSITIONS)
    assert messages.rank_difference(difference, better, worse) == text


DRIVER_12_6 = forced_nvidia((12, 6), (9, 0))
CU128, CU129 = (
    f"a driver with CUDA {version} or newer is required"
    f" (needs nvidia :: cuda_version_lower_bound :: {version}, this machine has up to 12.6)"
    for version in ("12.8", "12.9")
)
PLAIN_NOTE = "plain wheel, ranked after all variants"
NULL_NOTE = "null variant, ranked after all variants with properties"


def _torch_row(
    label: str | None, rank: int | None, *reasons: str, note: str = "", compatible: bool = True
) -> Row:
    found = None if label is None else TORCH.variant(Label(label))
    properties = () if found is None else found.properties
    own = None if label is None else Label(label)
    name = torch_filename(label)
    return Row(name, own, rank, compatible, properties, reasons, note, TORCH_PAGE)


def test_explanation_ranks_first_and_then_rejects() -> None:
    """Ranked wheels come first, best first and with notes, then rejected ones with reasons."""
    found = explain_decision(
        torch_decision(DRIVER_12_6, labels=(None, "00000000", "cu129", "cu128", "cu126")),
        warnings=("a warning",),
    )
    assert (found.project, found.version, found.source) == ("torch", "2.8.0", TORCH_PAGE)
    assert found.origin == Origin("index", TORCH_METADATA_URL, "0.0.2")
    assert found.supported == (DRIVER_12_6,)
    assert found.rows == (
        _torch_row("cu126", 1),
        _torch_row("00000000", 2, note=NULL_NOTE),
        _torch_row(None, 3, note=PLAIN_NOTE),
        _torch_row("cu128", None, CU128, compatible=False),
        _torch_row("cu129", None, CU129, compatible=False),
    )
    assert found.selected == torch_filename("cu126")
    assert found.suggestions == (
        "a driver with CUDA 12.8 or newer would select cu128",
        "a driver with CUDA 12.9 or newer would select cu129",
    )
    assert found.warnings == ("a warning",)


def test_explanation_of_request_shows_other_wheels_as_compatible() -> None:
    """Wheels that fit but were not requested have that as their reason, and no suggestion."""
    reason = "not the requested variant 00000000"
    found = explain_decision(
        torch_decision(DRIVER_12_6, "00000000", (None, "00000000", "cu128", "cu126"))
    )
    assert found.selected == torch_filename("00000000")
    assert found.suggestions == ()
    assert found.rows == (
        _torch_row("00000000", 1),
        replace(_torch_row("cu126", None, reason), properties=()),
        _torch_row(None, None, reason),
        _torch_row("cu128", None, CU128, compatible=False),
    )


def test_explanation_shows_excluded_variants_as_compatible() -> None:
    """They come after what is ranked, have no rank, and nothing would select them."""
    found = explain_decision(
        torch_decision(
            forced_nvidia((12, 8), (9, 0)),
            labels=(None, "00000000", "cu129", "cu128", "cu126"),
            excluded=("cu128", "cu129"),
        )
    )
    cu129 = (
        "a driver with CUDA 12.9 or newer is required"
        " (needs nvidia :: cuda_version_lower_bound :: 12.9, this machine has up to 12.8)"
    )
    assert found.rows == (
        _torch_row("cu126", 1),
        _torch_row("00000000", 2, note=NULL_NOTE),
        _torch_row(None, 3, note="plain wheel, ranked after all variants"),
        _torch_row("cu128", None, "excluded by --variant"),
        _torch_row("cu129", None, cu129, compatible=False),
    )
    assert found.selected == torch_filename("cu126")
    assert found.suggestions == ()


def test_explanation_selects_nothing_if_nothing_fits() -> None:
    """If every wheel is rejected, nothing is selected."""
    found = explain_decision(torch_decision(DRIVER_12_6, labels=("cu129", "cu128")))
    assert found.selected is None
    assert [(row.label, row.rank, row.reasons) for row in found.rows] == [
        ("cu128", None, (CU128,)),
        ("cu129", None, (CU129,)),
    ]


def test_explanation_of_source_without_metadata() -> None:
    """If the metadata of a source is unavailable, its variants are rejected."""
    found = explain_decision(
        decide(
            release("a", "1", "a-1-py3-none-any-x.whl", "a-1-py3-none-any.whl", "a-1.tar.gz"),
            [SourceSelection((0,), error="not JSON")],
            None,
        )
    )
    assert found.origin == Origin("none")
    assert (found.supported, found.suggestions) == ((), ())
    assert found.selected == "a-1-py3-none-any.whl"
    assert found.rows == (
        Row("a-1-py3-none-any.whl", None, 1, True, note=PLAIN_NOTE, source="here"),
        Row(
            "a-1-py3-none-any-x.whl",
            Label("x"),
            None,
            False,
            reasons=("its variant metadata is invalid or could not be fetched",),
            source="here",
        ),
    )


@pytest.mark.parametrize(
    ("location", "origin"),
    [
        pytest.param("https://x.test/f", Origin("index", "https://x.test/f", "0.0.2"), id="index"),
        pytest.param(None, Origin("wheels", None, "0.0.2"), id="wheels"),
    ],
)
def test_origin_is_index_or_the_wheels(location: str | None, origin: Origin) -> None:
    """Metadata without a location was read from the wheels themselves."""
    files = release("a", "1", "a-1-py3-none-any-x.whl")
    found = decision(files, metadata(variant("x", "cpu :: level :: v3")), CPU, location=location)
    assert explain_decision(found).origin == origin


def test_origin_of_null_variant_without_metadata() -> None:
    """A release that has only a null variant needs no metadata."""
    found = explain_decision(decision(release("a", "1", "a-1-py3-none-any-null.whl"), NO_METADATA))
    assert found.origin == Origin("none")
    assert [(row.label, row.rank) for row in found.rows] == [("null", 1)]


def test_given_plain_wheel_is_selected() -> None:
    """A plain wheel that the user gave is selected without any reason."""
    found = explain_wheel(release("a", "1", "a-1-py3-none-any.whl"))
    assert found.rows == (Row("a-1-py3-none-any.whl", None, 1, True),)
    assert (found.selected, found.origin) == ("a-1-py3-none-any.whl", Origin("none"))


@pytest.mark.parametrize(
    ("level", "rank", "reasons", "suggestions"),
    [
        pytest.param("v3", 1, (), (), id="fits"),
        pytest.param(
            "v4",
            None,
            ("needs cpu :: level :: v4, this machine has up to v3",),
            ("cpu :: level :: v4 would select x",),
            id="does not fit",
        ),
    ],
)
def test_given_variant_wheel_is_judged_by_its_own_metadata(
    level: str, rank: int | None, reasons: tuple[str, ...], suggestions: tuple[str, ...]
) -> None:
    """A variant wheel that the user gave is selected only if it fits this machine."""
    name = "a-1-py3-none-any-x.whl"
    files = release("a", "1", name)
    own = metadata(variant("x", f"cpu :: level :: {level}"))
    found = explain_wheel(files, own, select(files.wheels((0,)), own, by_namespace(CPU)))
    assert found.origin == Origin("wheels", None, "0.0.2")
    assert found.supported == (CPU,)
    ((row,), properties) = found.rows, own.variants[0].properties
    assert row == Row(name, Label("x"), rank, rank is not None, properties, reasons)
    assert found.selected == (name if rank else None)
    assert found.suggestions == suggestions
