"""What a build requires of a machine, in people's words."""

from __future__ import annotations

import pytest

from pip_variants.core.properties import Feature, Namespace, Value
from pip_variants.explain.requirements import in_words

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
    ("x86_64", "level", "v4"): "a CPU of level v4",
    ("x86_64", "level", "v4 v3"): "a CPU of level v3",
    ("x86_64", "avx512f", "on"): "a CPU with avx512f",
    ("aarch64", "version", "8.4a"): "a CPU of version 8.4a",
    ("aarch64", "sve2", "on"): "a CPU with sve2",
    ("x86_64", "avx512f", "off"): None,
    ("amd", "gfx_arch", "gfx90a"): None,
    ("gpu", "sm_arch", "75_real"): None,
}


@pytest.mark.parametrize(("required", "words"), WORDS.items())
def test_requirement_is_worded_as_hardware(required: tuple[str, str, str], words: str) -> None:
    """A driver, a GPU or a CPU is named; for other namespaces there are no words."""
    namespace, feature, values = required
    found = in_words(Namespace(namespace), Feature(feature), map(Value, values.split()))
    assert found == words
