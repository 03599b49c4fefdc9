"""Suggestions: what would change a choice, in the words of the machine or the command."""

from __future__ import annotations

import pytest

from pip_variants.core.selection import select
from pip_variants.core.supported import State, SupportedProperties
from pip_variants.explain.nearest import ALIKE, nearest
from pip_variants.explain.spelling import other_spelling
from pip_variants.explain.suggestions import suggestions
from tests.unit.cases import by_namespace, metadata, supported, torch_wheels, variant
from tests.unit.explain_cases import TORCH, TORCH_LABELS, forced_nvidia

SM_126 = "5.0, 6.0, 7.0, 7.5, 8.0, 8.6 or 9.0"
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
            f"a GPU of compute capability {SM_126} would select cu126",
            (
                "a driver with CUDA 12.8 or newer and a GPU of compute capability 7.5, 8.0, 8.6,"
                " 9.0, 10.0 or 12.0 would select cu128"
            ),
            (
                "a driver with CUDA 12.9 or newer and a GPU of compute capability 7.5, 8.0, 8.6,"
                " 9.0, 10.0 or 12.0 would select cu129"
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
        supported("intel", "built-in", reason="no Intel GPU found"),
        "device_ip",
        "20.1.0",
        "an Intel GPU of device IP 20.1.0",
        id="device IP",
    ),
    pytest.param(
        supported("abi_dependency", "built-in"),
        "flash_attn",
        "2.8",
        "flash-attn 2.8",
        id="installed distribution",
    ),
    pytest.param(
        supported("ascend", "plugin"),
        "npu_type",
        "910b",
        "ascend :: npu_type :: 910b",
        id="feature without words of its own",
    ),
    pytest.param(
        supported("amd", "built-in"),
        "gfx_arch",
        "gfx90a",
        "an AMD GPU of architecture gfx90a",
        id="AMD GPU",
    ),
    pytest.param(
        supported("amd", "built-in", [("rocm_version", ["6.4"])]),
        "rocm_version",
        "7.1",
        "a ROCm 7.1 installation",
        id="version of ROCm",
    ),
    pytest.param(
        supported("tpu", "built-in", [("present", ["false"])]),
        "present",
        "true",
        "a TPU",
        id="TPU",
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


# What is supported, what a variant requires, and what may be another spelling of it (B28).
SPELLINGS = [
    pytest.param("user", {"npu_type": ["910_93"]}, "910b", "910_93", id="another value in a file"),
    pytest.param("user", {"npu_type": ["a3", "a2"]}, "910_93", "a3, a2", id="other names"),
    pytest.param("user", {"npu_type": ["ascend910_93"]}, "910_93", "ascend910_93", id="more of it"),
    pytest.param("plugin", {"npu_type": ["910.93"]}, "910_93", "910.93", id="separators"),
    pytest.param("plugin", {"npu_type": ["910b"]}, "910_93", None, id="another value"),
    pytest.param("user", {"npu_typ": ["910_93"]}, "910_93", "npu_typ", id="another feature"),
    pytest.param("plugin", {"driver": ["1"]}, "910_93", None, id="nothing like it"),
]


@pytest.mark.parametrize(("state", "found", "value", "spelling"), SPELLINGS)
def test_what_may_be_another_spelling_is_shown(
    state: State, found: dict[str, list[str]], value: str, spelling: str | None
) -> None:
    """What a build needs stands beside what the platform file or the provider has instead."""
    machine = supported("ascend", state, found.items())
    document = metadata(variant("best", f"ascend :: npu_type :: {value}"), namespaces=("ascend",))
    wheels = torch_wheels("best")
    selection = select(wheels, document, by_namespace(machine))
    subject = "the platform file" if state == "user" else "the provider"
    shown = f" ({subject} has {spelling})" if spelling else ""
    assert suggestions(wheels, document, selection) == (
        f"ascend :: npu_type :: {value}{shown} would select best",
    )


# What a platform file has, what a build requires, and the condition.
NUMBERED = [
    pytest.param(
        "x86_64 :: level :: v3",
        "x86_64 :: level :: 3",
        "a CPU of level 3 (the platform file has v3)",
        id="level",
    ),
    pytest.param(
        "x86_64 :: level :: v3",
        "x86_64 :: level :: v4",
        "a CPU of level v4",
        id="another level",
    ),
    pytest.param(
        "intel :: device_ip :: 12.55.8",
        "intel :: device_ip :: 20.1.0",
        "an Intel GPU of device IP 20.1.0",
        id="another device IP",
    ),
]


@pytest.mark.parametrize(("available", "required", "condition"), NUMBERED)
def test_numbered_values_are_no_spellings_of_each_other(
    available: str, required: str, condition: str
) -> None:
    """A lower level in a platform file is a lower level, and another number another GPU."""
    namespace, feature, value = available.split(" :: ")
    machine = supported(namespace, "user", ((feature, [value]),))
    document = metadata(variant("best", required), namespaces=(namespace,))
    wheels = torch_wheels("best")
    selection = select(wheels, document, by_namespace(machine))
    assert suggestions(wheels, document, selection) == (f"{condition} would select best",)


@pytest.mark.parametrize(
    ("text", "names", "found"),
    [
        ("sm_9.0", ["80", "90"], "90"),
        ("90", ["sm_9.0"], "sm_9.0"),
        ("12.9", ["12", "1.29"], None),
        ("12_9", ["12.9"], "12.9"),
        ("_", ["a"], None),
    ],
)
def test_other_spelling_ignores_separators_but_not_versions(
    text: str, names: list[str], found: str | None
) -> None:
    """One version is no spelling of another."""
    assert other_spelling(text, names) == found


@pytest.mark.parametrize(("text", "found"), [("levle", "level"), ("level", None), ("brand", None)])
def test_nearest_name_is_one_that_is_like_it(text: str, found: str | None) -> None:
    """A name is not the nearest to itself."""
    assert nearest(text, ["level", "avx2"], ALIKE) == found


UNCHANGEABLE: tuple[State, ...] = ("static", "none", "disabled", "failed", "cross-target")


@pytest.mark.parametrize("state", UNCHANGEABLE)
def test_state_that_no_machine_changes_gives_no_suggestion(state: State) -> None:
    """Another machine does not help if the namespace does not depend on the machine."""
    found = supported("gpu", state, (("cuda", ("12",)),))
    document = metadata(variant("best", "gpu :: cuda :: 13"), namespaces=("gpu",))
    wheels = torch_wheels("best")
    selection = select(wheels, document, by_namespace(found))
    assert suggestions(wheels, document, selection) == ()
