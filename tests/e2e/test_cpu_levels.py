"""Variants for the CPU levels and architectures that this machine supports or not."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from tests.e2e.indexes import torch_files
from tests.e2e.pips import QUERYING, Pip
from tests.support.stand_in import IndexServer, write_simple_index
from tests.support.stand_in_wheel import Json

on_x86_64 = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="not Linux on x86_64"
)


# The levels of the psABI by the flag names of Linux; pni is SSE3.
LEVELS = {
    "v1": set[str](),
    "v2": {"cx16", "lahf_lm", "pni", "popcnt", "sse4_1", "sse4_2", "ssse3"},
    "v3": {"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"},
    "v4": {"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"},
}
METADATA: Json = {
    "$schema": "https://variants-schema.wheelnext.dev/v0.0.3.json",
    "default-priorities": {"namespace": ["x86_64", "aarch64"]},
    "providers": {
        "x86_64": {
            "requires": ["provider-variant-x86-64"],
            "plugin-api": "provider_variant_x86_64.plugin:X8664Plugin",
        },
        "aarch64": {
            "requires": ["provider-variant-aarch64"],
            "plugin-api": "provider_variant_aarch64.plugin:AArch64Plugin",
        },
    },
    "variants": {
        **{level: {"x86_64": {"level": [level]}} for level in LEVELS},
        "arm": {"aarch64": {"version": ["8a"]}},
        "null": {},
    },
}


def _supported_levels() -> list[str]:
    """Return the levels that this machine supports, best first, by the flags of its first core."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    flags = set(next(line for line in lines if line.startswith("flags")).split())
    supported: list[str] = []
    for level, needed in LEVELS.items():
        if not needed <= flags:
            break
        supported.insert(0, level)
    return supported


@on_x86_64
def test_best_supported_cpu_level_is_selected(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Of variants for every level the best that this machine supports is selected and shown."""
    best = _supported_levels()[0]
    files = torch_files(tmp_path / "index/files", tag, [*LEVELS, "null"], metadata=METADATA)
    write_simple_index(tmp_path / "index", {"torch": files})
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert QUERYING in output.stdout
    assert f"\nVariant-property: x86_64 :: level :: {best}\n" in output.stdout
    assert output.last_line == f"Would install torch-2.8.0-{best}"


@on_x86_64
def test_variant_for_another_architecture_is_passed_over(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A variant for another architecture does not fit, and the reason names this machine's."""
    files = torch_files(tmp_path / "index/files", tag, ["arm", "null"], metadata=METADATA)
    write_simple_index(tmp_path / "index", {"torch": files})
    output = pip.dry_run(f"{server.url}simple/", "torch")
    passed = "Passed over arm of torch 2.8.0: aarch64: this is an x86_64 machine\n"
    assert QUERYING + passed in output.stdout
    assert output.last_line == "Would install torch-2.8.0-null"


@on_x86_64
@pytest.mark.parametrize("level", LEVELS)
def test_only_a_supported_cpu_level_is_selected(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, level: str
) -> None:
    """A supported level is selected; for any other the null variant is, with the reason."""
    supported = _supported_levels()
    files = torch_files(tmp_path / "index/files", tag, [level, "null"], metadata=METADATA)
    write_simple_index(tmp_path / "index", {"torch": files})
    output = pip.dry_run(f"{server.url}simple/", "torch")
    selected = level if level in supported else "null"
    assert output.last_line == f"Would install torch-2.8.0-{selected}"
    has = f"has up to {supported[0]}" if len(supported) > 1 else f"has {supported[0]}"
    passed = f"({level} needs x86_64 :: level :: {level}, this machine {has})\n"
    assert (passed in output.stdout) == (level not in supported)
