"""Suggestions: what would change a choice, in the words of the machine or the command."""

from __future__ import annotations

import pytest

from pip_variants.core.selection import select
from pip_variants.core.supported import State, SupportedProperties
from pip_variants.explain.suggestions import suggestions
from tests.unit.cases import by_namespace, metadata, supported, torch_wheels, variant
from tests.unit.explain_cases import TORCH, TORCH_LABELS, forced_nvidia

SM_126 = "50_real, 60_real, 70_real, 75_real, 80_real, 86_real, 90_real"
# A machine, and what would change its choice among the variants of torch 2.8.0.
SUGGESTIONS = [
    pytest.param(forced_nvidia((12, 9), (7, 5)), (), id="best variant selected"),
    pytest.param(
        forced_nvidia((12, 6), (9, 0)),
        (
            "a driver with CUDA 12.8 or newer would select cu128",
            "a driver with CUDA 12.9 or newer would select cu129",
        ),
        id="older driver",
    ),
    pytest.param(
        forced_nvidia((12, 9), (12, 0)),
        (),
        id="variant that would not rank first",
    ),
    pytest.param(
        forced_nvidia((12, 6), (4, 0)),
        (
            f"a GPU that runs one of {SM_126} would select cu126",
            (
                "a driver with CUDA 12.8 or newer and a GPU that runs one of 75_real, 80_real,"
                " 86_real, 90_real, 100_real, 120_real would select cu128"
            ),
            (
                "a driver with CUDA 12.9 or newer and a GPU that runs one of 75_real, 80_real,"
                " 86_real, 90_real, 100_real, 120_real, 120_virtual would select cu129"
            ),
        ),
        id="older driver and old GPU",
    ),
]


@pytest.mark.parametrize(("machine", "expected"), SUGGESTIONS)
def test_suggestion_names_all_that_a_better_variant_needs(
    machine: SupportedProperties, expected: tuple[str, ...]
) -> None:
    """Each suggestion is a variant that would rank first, with all that is missing for it."""
    wheels = torch_wheels(*TORCH_LABELS)
    selection = select(wheels, TORCH, by_namespace(machine))
    assert suggestions(wheels, TORCH, selection) == expected


# What is supported in a namespace, what a variant requires of it, and the condition.
CONDITIONS = [
    pytest.param(
        supported("x86_64", "built-in", reason="old"),
        "level",
        "v4",
        "a CPU of level v4",
        id="level of x86_64",
    ),
    pytest.param(
        supported("x86_64", "built-in", reason="old"),
        "avx512f",
        "on",
        "a CPU with avx512f",
        id="instruction set",
    ),
    pytest.param(
        supported("aarch64", "built-in"),
        "version",
        "8.4a",
        "a CPU of version 8.4a",
        id="version of aarch64",
    ),
    pytest.param(
        supported("nvidia", "built-in"),
        "cuda_version_upper_bound",
        "13",
        "a driver with a CUDA version older than 13",
        id="upper bound of CUDA",
    ),
    pytest.param(
        supported("abi_dependency", "built-in"),
        "flash_attn",
        "2.8",
        "flash-attn 2.8",
        id="installed distribution",
    ),
    pytest.param(
        supported("amd", "plugin"),
        "gfx_arch",
        "gfx90a",
        "amd :: gfx_arch :: gfx90a",
        id="feature without words of its own",
    ),
    pytest.param(
        supported("amd", "untrusted", option="--trust-variant-provider amd-variant-provider"),
        "gfx_arch",
        "gfx90a",
        "with --trust-variant-provider amd-variant-provider, a machine that supports"
        " amd :: gfx_arch",
        id="untrusted provider",
    ),
]


@pytest.mark.parametrize(("found", "feature", "value", "condition"), CONDITIONS)
def test_condition_is_worded_for_its_namespace(
    found: SupportedProperties, feature: str, value: str, condition: str
) -> None:
    """A condition is worded as the driver, GPU, CPU, package or option that is needed."""
    required = variant("best", f"{found.namespace} :: {feature} :: {value}")
    document = metadata(required, variant("null"), namespaces=(found.namespace,))
    wheels = torch_wheels("best", "null")
    selection = select(wheels, document, by_namespace(found))
    assert suggestions(wheels, document, selection) == (f"{condition} would select best",)


UNCHANGEABLE: tuple[State, ...] = ("static", "none", "disabled", "failed", "cross-target")


@pytest.mark.parametrize("state", UNCHANGEABLE)
def test_state_that_no_machine_changes_gives_no_suggestion(state: State) -> None:
    """Another machine does not help if the namespace does not depend on the machine."""
    found = supported("gpu", state, (("cuda", ("12",)),))
    document = metadata(variant("best", "gpu :: cuda :: 13"), namespaces=("gpu",))
    wheels = torch_wheels("best")
    selection = select(wheels, document, by_namespace(found))
    assert suggestions(wheels, document, selection) == ()
