"""The texts about a choice: the banner, and what was passed over and why."""

from __future__ import annotations

import pytest

from pip_variants.explain import banner, passed_over, why, wish_unfulfilled
from pip_variants.metadata import Metadata
from pip_variants.properties import Features, Variant
from pip_variants.providers.nvidia import Facts, detect
from pip_variants.readers import read_text
from pip_variants.selection import Selection, Wheel, select
from pip_variants.supported import Support
from tests.unit.cases import TORCH_JSON, metadata, torch_wheels, variant

TORCH = read_text(TORCH_JSON)
LABELS = ("00000000", "cu126", "cu128", "cu129", None)

CU126_SM = "50_real, 60_real, 70_real, 75_real, 80_real, 86_real, 90_real"
CU128_SM = "100_real, 120_real, 75_real, 80_real, 86_real, 90_real"

# Facts of a machine, and the line about torch 2.8.0 on it.
TORCH_LINES = [
    pytest.param(Facts((12, 9), (7, 5)), None, id="everything fits"),
    pytest.param(
        Facts(),
        "Passed over cu126, cu128 and cu129 of torch 2.8.0: nvidia: no NVIDIA driver found",
        id="no driver",
    ),
    pytest.param(
        Facts(problem="the NVIDIA driver is not loaded"),
        "Passed over cu126, cu128 and cu129 of torch 2.8.0:"
        " nvidia: the NVIDIA driver is not loaded",
        id="a driver with a problem",
    ),
    pytest.param(
        Facts((16, 0), (9, 0)),
        "Passed over cu126, cu128 and cu129 of torch 2.8.0:"
        " nvidia: the driver supports CUDA 16.0, outside 11.0 to 15.20",
        id="a driver that makes no sense",
    ),
    pytest.param(
        Facts((12, 8), (9, 0)),
        "Passed over cu129 of torch 2.8.0: cu129 needs nvidia :: cuda_version_lower_bound :: 12.9,"
        " this machine has up to 12.8",
        id="one too new",
    ),
    pytest.param(
        Facts((12, 6), (9, 0)),
        "Passed over cu128 and cu129 of torch 2.8.0:"
        " cu128 needs nvidia :: cuda_version_lower_bound :: 12.8, this machine has up to 12.6",
        id="two too new: the nearest speaks for both",
    ),
    pytest.param(
        Facts((12, 5), (9, 0)),
        "Passed over cu126, cu128 and cu129 of torch 2.8.0:"
        " cu126 needs nvidia :: cuda_version_lower_bound :: 12.6, this machine has up to 12.5",
        id="all too new",
    ),
    pytest.param(
        Facts((12, 9), (12, 0)),
        f"Passed over cu126 of torch 2.8.0: cu126 needs nvidia :: sm_arch :: one of {CU126_SM},"
        " this machine has 120_real, 120_virtual",
        id="a GPU that is too new",
    ),
    pytest.param(
        Facts((12, 9), (7, 0)),
        "Passed over cu128 and cu129 of torch 2.8.0: cu128 needs nvidia :: sm_arch ::"
        f" one of {CU128_SM}, this machine has 70_real, 70_virtual",
        id="a GPU that is too old",
    ),
    pytest.param(
        Facts((12, 9), (4, 0)),
        "Passed over cu126, cu128 and cu129 of torch 2.8.0:"
        f" cu126 needs nvidia :: sm_arch :: one of {CU126_SM},"
        " this machine has none (compute capability 4.0 is below 5.0)",
        id="a GPU below what is known",
    ),
    pytest.param(
        Facts((12, 9)),
        "Passed over cu126, cu128 and cu129 of torch 2.8.0:"
        f" cu126 needs nvidia :: sm_arch :: one of {CU126_SM},"
        " this machine has none (no readable NVIDIA GPU)",
        id="no GPU",
    ),
]


def _torch(facts: Facts) -> Selection:
    """Return how torch 2.8.0 is ranked on a machine with these facts."""
    found = detect(facts)
    support = Support("nvidia", "built-in", found.features, found.reason, found.warnings)
    return select(torch_wheels(*LABELS), TORCH, {"nvidia": support})


@pytest.mark.parametrize(("facts", "line"), TORCH_LINES)
def test_the_line_about_torch(facts: Facts, line: str | None) -> None:
    """One line says which labels were passed over, and why, in the words of the machine."""
    assert passed_over("torch", "2.8.0", _torch(facts)) == line


CPU = Support("cpu", "built-in", (("level", ("v3", "v2", "v1")), ("avx2", ("on",))))
OFF = Support("npu", "disabled", reason="its provider is optional and not enabled")
STATIC = Support("order", "static", (("rank", ("2", "1")),))
SUPPORTS = {support.namespace: support for support in (CPU, OFF, STATIC)}


def _select(found: Metadata, *labels: str) -> Selection:
    wheels = [Wheel(f"a-1-py3-none-any-{label}.whl", label, i) for i, label in enumerate(labels)]
    return select(wheels, found, SUPPORTS)


LINES = [
    pytest.param(
        (variant("a", "npu :: kind :: x"),),
        "Passed over a of demo 1.0: npu: its provider is optional and not enabled",
        id="a namespace that is switched off",
    ),
    pytest.param(
        (variant("a", "tpu :: kind :: x"),),
        "Passed over a of demo 1.0: tpu: the metadata names no provider for it",
        id="a namespace without a provider",
    ),
    pytest.param(
        (variant("a", "order :: rank :: 3"),),
        "Passed over a of demo 1.0: a needs order :: rank :: 3, the metadata has 2, 1",
        id="static values are not the machine's",
    ),
    pytest.param(
        (variant("a", "order :: cuda :: 3"),),
        "Passed over a of demo 1.0: a needs order :: cuda :: 3, the metadata has none",
        id="a feature that the static values lack (T7)",
    ),
    pytest.param(
        (variant("a", "cpu :: sse :: on"),),
        "Passed over a of demo 1.0: a needs cpu :: sse :: on, this machine has none",
        id="a feature that the machine lacks",
    ),
    pytest.param(
        (variant("a", "cpu :: avx2 :: off"),),
        "Passed over a of demo 1.0: a needs cpu :: avx2 :: off, this machine has on",
        id="a feature with one value",
    ),
    pytest.param(
        (variant("b", "cpu :: level :: v5"), variant("a", "cpu :: level :: v4")),
        "Passed over a and b of demo 1.0: a needs cpu :: level :: v4, this machine has up to v3",
        id="the nearest of a namespace speaks for all of it",
    ),
    pytest.param(
        (variant("a", "cpu :: level :: v10"), variant("b", "cpu :: level :: v9")),
        "Passed over a and b of demo 1.0: b needs cpu :: level :: v9, this machine has up to v3",
        id="9 is nearer than 10",
    ),
    pytest.param(
        (variant("a", "cpu :: level :: v4"), variant("b", "npu :: kind :: x")),
        "Passed over a and b of demo 1.0: npu: its provider is optional and not enabled;"
        " a needs cpu :: level :: v4, this machine has up to v3",
        id="one reason for each namespace",
    ),
    pytest.param(
        (
            variant("a", "cpu :: level :: v4", "npu :: kind :: x"),
            variant("b", "cpu :: level :: v5"),
        ),
        "Passed over a and b of demo 1.0: b needs cpu :: level :: v5, this machine has up to v3",
        id="who lacks less is nearer",
    ),
    pytest.param(
        (),
        "Passed over a of demo 1.0: a: no metadata describes its label",
        id="a label without metadata",
    ),
    pytest.param(
        tuple(variant(f"l{i}", "npu :: kind :: x") for i in range(7)),
        "Passed over l0, l1, l2, l3, l4, l5 and l6 of demo 1.0:"
        " npu: its provider is optional and not enabled",
        id="seven labels are all named",
    ),
    pytest.param(
        tuple(variant(f"l{i}", "npu :: kind :: x") for i in range(8)),
        "Passed over l0, l1, l2, l3, l4, l5 and 2 more of demo 1.0:"
        " npu: its provider is optional and not enabled",
        id="of eight labels six are named",
    ),
]


@pytest.mark.parametrize(("variants", "line"), LINES)
def test_the_line_in_all_its_forms(variants: tuple[Variant, ...], line: str) -> None:
    """Each reason for which a wheel is passed over has its words."""
    labels = [item.label for item in variants] or ["a"]
    assert passed_over("demo", "1.0", _select(metadata(*variants), *labels)) == line


def test_several_wheels_of_one_label_are_one() -> None:
    """A label is named once, however many files of it there are."""
    found = _select(metadata(variant("a", "npu :: kind :: x")), "a", "a", "a")
    expected = "Passed over a of demo 1.0: npu: its provider is optional and not enabled"
    assert passed_over("demo", "1.0", found) == expected


# What a machine with CUDA 12.9 has, in the order of some authors who prefer 12.6.
REORDERED: tuple[tuple[str, Features], ...] = (
    ("nvidia", (("cuda_version_lower_bound", ("12.6",)),)),
)


def _line_of_12_9(wanted: Variant, values: tuple[tuple[str, Features], ...] = ()) -> str:
    support = Support("nvidia", "built-in", detect(Facts((12, 9), (9, 0))).features)
    wheel = Wheel(f"a-1-py3-none-any-{wanted.label}.whl", wanted.label)
    return why(select([wheel], metadata(wanted, values=values), {"nvidia": support}).rejected)


def test_up_to_is_the_machine_s_best_not_the_authors() -> None:
    """Who prefers 12.6 does not make the machine one that has up to 12.6."""
    line = _line_of_12_9(variant("a", "nvidia :: cuda_version_lower_bound :: 13.0"), REORDERED)
    expected = "a needs nvidia :: cuda_version_lower_bound :: 13.0, this machine has up to 12.9"
    assert line == expected


def test_an_upper_bound_is_not_explained_as_a_maximum() -> None:
    """A wheel for CUDA below 12.0 does not fit 12.9; 'up to 15.20' would say that it does."""
    line = _line_of_12_9(variant("a", "nvidia :: cuda_version_upper_bound :: 12.0"))
    assert line.startswith("a needs nvidia :: cuda_version_upper_bound :: 12.0, this machine has")
    assert "up to 15.20" not in line


WISHES = [
    pytest.param(
        Facts((12, 6), (9, 0)),
        "cu129",
        "Variant cu129 of torch 2.8.0 does not fit:"
        " cu129 needs nvidia :: cuda_version_lower_bound :: 12.9, this machine has up to 12.6",
        id="one that does not fit",
    ),
    pytest.param(
        Facts(),
        "cu126",
        "Variant cu126 of torch 2.8.0 does not fit: nvidia: no NVIDIA driver found",
        id="no driver",
    ),
    pytest.param(
        Facts((12, 8), (9, 0)),
        "cu999",
        "No wheel of torch 2.8.0 has the variant label cu999;"
        " there is cu128, cu126, 00000000 and cu129",
        id="one that is not there",
    ),
]


@pytest.mark.parametrize(("facts", "label", "text"), WISHES)
def test_a_wish_that_cannot_be_fulfilled(facts: Facts, label: str, text: str) -> None:
    """Who asks for a label hears why it cannot be had, or which ones there are."""
    assert wish_unfulfilled("torch", "2.8.0", label, [_torch(facts)]) == text


def test_a_wish_where_there_are_no_variants() -> None:
    """Without any variant there is nothing to offer."""
    expected = "No wheel of demo 1.0 has the variant label cu126; there is no variant"
    assert wish_unfulfilled("demo", "1.0", "cu126", []) == expected


CU129_BANNER = """\
####################### torch==2.8.0; variant_hash=cu129 #######################
Variant-property: nvidia :: cuda_version_lower_bound :: 12.9
Variant-property: nvidia :: sm_arch :: 100_real
Variant-property: nvidia :: sm_arch :: 120_real
Variant-property: nvidia :: sm_arch :: 120_virtual
Variant-property: nvidia :: sm_arch :: 75_real
Variant-property: nvidia :: sm_arch :: 80_real
Variant-property: nvidia :: sm_arch :: 86_real
Variant-property: nvidia :: sm_arch :: 90_real
################################################################################"""

NULL_BANNER = """\
##################### torch==2.8.0; variant_hash=00000000 ######################
################################################################################"""

MIXED_BANNER = """\
############### demo==1!2.0.post1; variant_hash=x8664v3_openblas ###############
Variant-property: blas_lapack :: provider :: openblas
Variant-property: x86_64 :: avx2 :: on
Variant-property: x86_64 :: level :: v3
################################################################################"""


def _torch_variant(label: str) -> Variant:
    found = TORCH.variant(label)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("project", "version", "chosen", "text"),
    [
        pytest.param("torch", "2.8.0", _torch_variant("cu129"), CU129_BANNER, id="cu129"),
        pytest.param("torch", "2.8.0", _torch_variant("00000000"), NULL_BANNER, id="null"),
        pytest.param(
            "demo",
            "1!2.0.post1",
            variant(
                "x8664v3_openblas",
                "x86_64 :: level :: v3",
                "x86_64 :: avx2 :: on",
                "blas_lapack :: provider :: openblas",
            ),
            MIXED_BANNER,
            id="namespaces sorted as strings",
        ),
    ],
)
def test_the_banner(project: str, version: str, chosen: Variant, text: str) -> None:
    """The banner is 80 columns wide and has every property that the wheel was built with."""
    assert banner(project, version, chosen) == text


def test_a_banner_that_is_too_narrow() -> None:
    """A title longer than 80 columns is shown whole, without padding."""
    title, rule = banner("demo", "1.0", variant("x" * 100)).splitlines()
    assert title == f" demo==1.0; variant_hash={'x' * 100} "
    assert rule == "#" * 80
