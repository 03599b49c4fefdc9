"""What a build requires of a machine, in people's words."""

from __future__ import annotations

import pytest

from pip_variants.core.properties import Feature, Namespace, Value
from pip_variants.explain.requirements import in_words, missing_text
from tests.unit.cases import missing, supported

WORDS = {
    ("nvidia", "cuda_version_lower_bound", "12.0"): "a driver with CUDA 12.0 or newer",
    ("nvidia", "cuda_version_upper_bound", "13"): "a driver with a CUDA version older than 13",
    ("nvidia", "cuda_version_lower_bound", "12.10 12.9"): "a driver with CUDA 12.9 or newer",
    ("nvidia", "cuda_version_upper_bound", "12.9 13 12.10"): "a driver with a CUDA version older"
    " than 13",
    ("nvidia", "sm_arch", "75_real"): "a GPU of compute capability 7.5",
    ("nvidia", "sm_arch", "120_virtual 120_real"): "a GPU of compute capability 12.0",
    ("nvidia", "sm_arch", "90a_real 100_real"): "a GPU of compute capability 9.0a or 10.0",
    ("nvidia", "sm_arch", "120_real 75_real 86_real"): "a GPU of compute capability 7.5, 8.6 or"
    " 12.0",
    ("nvidia", "sm_arch", "next 75_real"): "a GPU that runs one of next, 75_real",
    ("nvidia", "sm_arch", "5_real"): "a GPU that runs 5_real",
    ("intel", "device_ip", "20.1.0"): "an Intel GPU of device IP 20.1.0",
    ("intel", "device_ip", "30.0.4 12.55.8 20.1.0"): "an Intel GPU of device IP 12.55.8, 20.1.0 or"
    " 30.0.4",
    ("x86_64", "level", "v4"): "a CPU of level v4",
    ("x86_64", "level", "v4 v3"): "a CPU of level v3",
    ("x86_64", "avx512f", "on"): "a CPU with avx512f",
    ("aarch64", "version", "8.4a"): "a CPU of version 8.4a",
    ("aarch64", "sve2", "on"): "a CPU with sve2",
    ("x86_64", "avx512f", "off"): None,
    ("amd", "gfx_arch", "gfx90a"): "an AMD GPU of architecture gfx90a",
    ("amd", "gfx_arch", "gfx90a gfx1100 gfx906 gfx942"): "an AMD GPU of architecture gfx906,"
    " gfx90a, gfx942 or gfx1100",
    ("amd", "rocm_version", "7.1"): "a ROCm 7.1 installation",
    ("amd", "rocm_version", "7.10 7.9"): "a ROCm 7.9 or 7.10 installation",
    ("amd", "kmd_version", "6.10"): None,
    ("tpu", "present", "true"): "a TPU",
    ("tpu", "present", "false"): "a machine without a TPU",
    ("tpu", "kind", "true"): None,
    ("gpu", "sm_arch", "75_real"): None,
}


@pytest.mark.parametrize(("required", "words"), WORDS.items())
def test_requirement_is_worded_as_hardware(required: tuple[str, str, str], words: str) -> None:
    """A driver, a GPU or a CPU is named; for other namespaces there are no words."""
    namespace, feature, values = required
    found = in_words(Namespace(namespace), Feature(feature), map(Value, values.split()))
    assert found == words


# The feature that a build needs, what this machine has, why not more, and the whole text.
TEXTS = {
    "architectures without an order": (
        ("amd", "gfx_arch", ["gfx90a", "gfx942"], ["gfx1100", "gfx1036", "gfx1030"]),
        None,
        (
            "an AMD GPU of architecture gfx90a or gfx942 is required (rocm needs amd :: gfx_arch ::"
            " one of gfx90a, gfx942, this machine has gfx1100, gfx1036, gfx1030)"
        ),
    ),
    "no GPU": (
        ("amd", "gfx_arch", ["gfx90a"], []),
        "no AMD GPU driver found",
        (
            "an AMD GPU of architecture gfx90a is required (rocm needs amd :: gfx_arch :: gfx90a,"
            " this machine has none (no AMD GPU driver found))"
        ),
    ),
    "another version of ROCm": (
        ("amd", "rocm_version", ["7.1"], ["6.4"]),
        None,
        (
            "a ROCm 7.1 installation is required (rocm needs amd :: rocm_version :: 7.1, this"
            " machine has 6.4)"
        ),
    ),
    "no TPU": (
        ("tpu", "present", ["true"], ["false"]),
        "no TPU found",
        "a TPU is required (rocm needs tpu :: present :: true, this machine has false)",
    ),
}


@pytest.mark.parametrize(("found", "reason", "text"), TEXTS.values(), ids=TEXTS)
def test_what_is_missing_is_a_sentence(
    found: tuple[str, str, list[str], list[str]], reason: str | None, text: str
) -> None:
    """People's words, the property, and what there is."""
    namespace, feature, required, available = found
    machine = supported(namespace, "built-in")
    item = missing(feature, required, available, machine)
    assert missing_text("rocm", item, reason) == text
