"""The JSON that ``pip variants`` prints about explanations, namespaces and installed variants."""

from __future__ import annotations

from pip_variants.core.properties import Label
from pip_variants.explain.as_json import (
    explanation_entry,
    installed_entry,
    namespace_entry,
    variant_entry,
)
from pip_variants.explain.model import explain_decision
from tests.unit.cases import supported, torch_filename, variant
from tests.unit.explain_cases import (
    TORCH,
    TORCH_METADATA_URL,
    TORCH_PAGE,
    forced_nvidia,
    torch_decision,
)

DRIVER_12_6 = forced_nvidia((12, 6), (9, 0))


def test_explanation_has_the_documented_keys() -> None:
    """The JSON of an explanation has all keys of the interface."""
    entry = explanation_entry(explain_decision(torch_decision(DRIVER_12_6)))
    wheels = entry.pop("wheels")
    namespaces = entry.pop("namespaces")
    assert entry == {
        "project": "torch",
        "version": "2.8.0",
        "source": TORCH_PAGE,
        "metadata": {"origin": "index", "location": TORCH_METADATA_URL, "revision": "0.0.2"},
        "selected": torch_filename("cu126"),
        "warnings": [],
    }
    assert namespaces == [namespace_entry(DRIVER_12_6)]
    assert isinstance(wheels, list)
    assert [(item["label"], item["rank"], item["compatible"]) for item in wheels] == [
        ("cu126", 1, True),
        ("00000000", 2, True),
        ("cu128", None, False),
        ("cu129", None, False),
    ]
    cu128 = TORCH.variant(Label("cu128"))
    assert cu128 is not None
    assert wheels[2] == {
        "filename": torch_filename("cu128"),
        "label": "cu128",
        "rank": None,
        "compatible": False,
        "reason": "a driver with CUDA 12.8 or newer is required"
        " (needs nvidia :: cuda_version_lower_bound :: 12.8, this machine has up to 12.6)",
        "properties": list(map(str, cu128.properties)),
    }


def test_cross_target_has_state_none_in_json() -> None:
    """The state of a cross target is internal; the interface has it as ``none``."""
    found = supported("gpu", "cross-target", (("cuda", ("12", "11")),), "elsewhere")
    assert namespace_entry(found) == {
        "namespace": "gpu",
        "state": "none",
        "reason": "elsewhere",
        "features": [{"name": "cuda", "values": ["12", "11"]}],
    }


def test_installed_variant_fits_without_a_reason() -> None:
    """An installed variant fits if there is no reason against it."""
    assert installed_entry("torch", "2.8.0", variant("cu1", "gpu :: cuda :: 1"), None) == {
        "project": "torch",
        "version": "2.8.0",
        "label": "cu1",
        "properties": ["gpu :: cuda :: 1"],
        "fits": True,
        "reason": None,
    }
    assert installed_entry("a", "1", variant("null"), "old driver") == {
        "project": "a",
        "version": "1",
        "label": "null",
        "properties": [],
        "fits": False,
        "reason": "old driver",
    }


def test_variant_entry_has_label_and_properties() -> None:
    """The reports of pip show the label and the sorted properties of a variant."""
    found = variant("x", "b :: y :: 1", "a :: z :: 2", "a :: z :: 1")
    assert variant_entry(found) == {
        "label": "x",
        "properties": ["a :: z :: 1", "a :: z :: 2", "b :: y :: 1"],
    }
