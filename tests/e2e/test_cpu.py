"""Builds for levels of this machine's CPU, and the published provider beside ours."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from stand_in import IndexServer, write_simple_index
from stand_in_wheel import Json

from pip_variants.providers import _cpuid, aarch64, x86_64
from pip_variants.providers.detected import Detected
from tests.e2e.indexes import torch_files
from tests.e2e.pips import QUERYING, Pip
from tests.venvs import THIS_PYTHON, Venv, interpreter, make_venv, once, online_env

on_x86_64 = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="not Linux on x86_64"
)

# The psABI's levels in the words of Linux; pni is SSE3.
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

_ASK = """\
import importlib, json, sys
module, _, name = sys.argv[1].partition(":")
plugin = getattr(importlib.import_module(module), name)()
print(json.dumps([[c.name, c.values] for c in plugin.get_supported_configs(None)]))
"""


def _reached() -> list[str]:
    """Return the levels of this machine, best first, by what Linux says of its first core."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    flags = set(next(line for line in lines if line.startswith("flags")).split())
    reached: list[str] = []
    for level, needed in LEVELS.items():
        if not needed <= flags:
            break
        reached.insert(0, level)
    return reached


@on_x86_64
def test_the_best_level_is_installed(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Of builds for every level the best that this machine runs is taken, and its name shown."""
    best = _reached()[0]
    files = torch_files(tmp_path / "index/files", tag, [*LEVELS, "null"], metadata=METADATA)
    write_simple_index(tmp_path / "index", {"torch": files})
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert QUERYING in said.out
    assert f"\nVariant-property: x86_64 :: level :: {best}\n" in said.out
    assert said.last == f"Would install torch-2.8.0-{best}"


@on_x86_64
def test_another_architecture_is_passed_over(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A build for another architecture does not fit; the reason is that of this machine."""
    files = torch_files(tmp_path / "index/files", tag, ["arm", "null"], metadata=METADATA)
    write_simple_index(tmp_path / "index", {"torch": files})
    said = pip.dry_run(f"{server.url}simple/", "torch")
    passed = "Passed over arm of torch 2.8.0: aarch64: this is an x86_64 machine\n"
    assert QUERYING + passed in said.out
    assert said.last == "Would install torch-2.8.0-null"


@on_x86_64
@pytest.mark.parametrize("level", LEVELS)
def test_a_level_that_the_cpu_lacks_is_passed_over(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, level: str
) -> None:
    """A level that this machine runs is taken, and else the null variant, and one line says why."""
    reached = _reached()
    files = torch_files(tmp_path / "index/files", tag, [level, "null"], metadata=METADATA)
    write_simple_index(tmp_path / "index", {"torch": files})
    said = pip.dry_run(f"{server.url}simple/", "torch")
    taken = level if level in reached else "null"
    assert said.last == f"Would install torch-2.8.0-{taken}"
    has = f"has up to {reached[0]}" if len(reached) > 1 else f"has {reached[0]}"
    passed = f"{level} needs x86_64 :: level :: {level}, this machine {has}\n"
    assert (passed in said.out) == (level not in reached)


X86_64 = "provider-variant-x86-64==0.0.1.post2"
AARCH64 = "provider-variant-aarch64==0.0.1.post2"


def _published(shared: Path, package: str) -> Venv:
    """Return a venv with a published provider; skip the test if it cannot be had."""

    def make(root: Path) -> None:
        python = interpreter(THIS_PYTHON)
        assert python is not None
        made = make_venv(root, python)
        command = (made.python, "-m", "pip", "install", "--only-binary", ":all:", package)
        done = subprocess.run(
            command, env=online_env(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            shutil.rmtree(root)
            pytest.skip(f"{package} cannot be installed: {done.stderr.splitlines()[-1]}")

    return Venv(once(shared / package.partition("=")[0], make))


@pytest.mark.parametrize(
    ("package", "plugin", "ours"),
    [
        pytest.param(
            X86_64,
            "provider_variant_x86_64.plugin:X8664Plugin",
            lambda: x86_64.detect(x86_64.read_facts()),
            id="x86_64",
        ),
        pytest.param(
            AARCH64,
            "provider_variant_aarch64.plugin:AArch64Plugin",
            lambda: aarch64.detect(aarch64.read_facts()),
            id="aarch64",
        ),
    ],
)
def test_all_that_the_published_provider_reports(
    shared: Path, package: str, plugin: str, ours: Callable[[], Detected]
) -> None:
    """Whatever the real plugin finds on this machine we find too, in the same order.

    It may find less: its table knows models of CPUs, and not what virtual machines make of them.
    """
    venv = _published(shared, package)
    published = json.loads(venv.run("-c", _ASK, plugin))
    found = dict(ours().features)
    for name, values in published:
        assert [value for value in found[name] if value in values] == values
    assert [name for name in found if name in dict(published)] == [name for name, _ in published]


def test_the_bits_of_cpuid_are_those_of_the_published_provider(shared: Path) -> None:
    """Where its table of CPUID's bits has one of ours, the instruction set is the same."""
    path = "provider_variant_x86_64/vendor/archspec/archspec/json/cpu/cpuid.json"
    table = json.loads((_published(shared, X86_64).site / path).read_text("utf-8"))
    theirs = {
        (call["input"]["eax"], call["input"]["ecx"], bit["register"], bit["bit"]): bit["name"]
        for call in (*table["flags"], *table["extension-flags"])
        for bit in call["bits"]
    }
    ours = {
        (*leaf, ("eax", "ebx", "ecx", "edx")[register], bit): {"sse3": "pni"}.get(name, name)
        for leaf, register, names in _cpuid._BITS
        for bit, name in names.items()
    }
    assert {key: name for key, name in ours.items() if key in theirs} == {
        key: name for key, name in theirs.items() if key in ours
    }
    # What it does not list: bits of leaf 7 that Intel added later, and a leaf of AMD.
    assert {name for key, name in ours.items() if key not in theirs} == {
        "clzero",
        "cppc",
        "flush_l1d",
        "tsc_adjust",
    }
