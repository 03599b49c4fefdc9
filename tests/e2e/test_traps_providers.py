"""Namespaces that are not provided as their users expect: static, undeclared, disabled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e.pips import (
    ABI_HINT,
    INDEX_LINE,
    NEW_DRIVER,
    QUERYING,
    Machine,
    Pip,
    cross_download,
    needs_driver,
)
from tests.e2e.traps import document, nvidia, with_order, write_release
from tests.support.stand_in import IndexServer, write_simple_index
from tests.support.stand_in_wheel import Json

# T7: the variants use another feature than the one that has static values.
OTHER_FEATURE = document(
    {
        "cuda12.6": with_order(nvidia("12.0", "50 60 70 75 80 86 90"), "3", "cuda"),
        "cuda12.8": with_order(nvidia("12.0", "70 75 80 86 90 100 120"), "2", "cuda"),
        "cuda13.0": with_order(nvidia("13.0", "75 80 86 90 100 120"), "1", "cuda"),
    },
    static={"priority": {"order": ["1", "2", "3"]}},
)


def write_any(
    root: Path, project: str, version: str, metadata: Json, labels: Sequence[str]
) -> None:
    """Write an index of one version with a wheel of each label that fits any platform."""
    name = project.replace("-", "_")
    names = [f"{name}-{version}-py3-none-any-{label}.whl" for label in labels]
    write_simple_index(root, {project: write_release(root / "files", names, metadata)})


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        # cuda12.8 is closest to fitting: with CUDA 12.9 the bound of cuda13.0 is missing as well.
        (
            Machine("12.9", "9.0"),
            (
                "cuda12.8 needs priority :: cuda :: 2, the metadata has none; "
                f"{needs_driver('cuda13.0', '13.0', '12.9')}"
            ),
        ),
        (Machine("13.0", "9.0"), "cuda13.0 needs priority :: cuda :: 1, the metadata has none"),
    ],
    ids=["12.9", "13.0"],
)
def test_feature_without_static_values_does_not_fit(
    pip: Pip, server: IndexServer, tmp_path: Path, machine: Machine, reason: str
) -> None:
    """T7: a variant that needs a feature without static values does not fit."""
    labels = ("cuda12.6", "cuda12.8", "cuda13.0")
    write_any(tmp_path / "index", "torch", "2.9.0", OTHER_FEATURE, labels)
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=machine, status=1)
    assert output.stdout == (
        f"{INDEX_LINE}{QUERYING}"
        f"Passed over cuda12.6, cuda12.8 and cuda13.0 of torch 2.9.0: {reason}\n"
    )
    assert output.stderr == (
        "ERROR: Could not find a version that satisfies the requirement torch"
        " (from versions: 2.9.0)\n"
        f"ERROR: No matching distribution found for torch: {reason}\n"
    )


def test_missing_abi_dependency_is_the_reason(
    pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """T9: the undeclared namespace abi_dependency supports what is installed, here nothing."""
    labels = ("cu12_pyt2.8.0", "cu12_pyt2.9.0", "cu13_pyt2.9.0")
    variants = {
        label: {**nvidia(bound), "abi_dependency": {"torch": [torch]}}
        for label, bound, torch in zip(
            labels, ("12.0", "12.0", "13.0"), ("2.8.0", "2.9.0", "2.9.0"), strict=True
        )
    }
    write_any(tmp_path / "index", "flash-attn", "2.8.0", document(variants), labels)
    url, machine = f"{server.url}simple/", Machine("13.0", "9.0")
    output = pip.dry_run(url, "flash-attn", machine=machine, status=1)
    reason = (
        f"cu12_pyt2.8.0 needs abi_dependency :: torch :: 2.8.0, this machine has none ({ABI_HINT})"
    )
    assert output.stdout == (
        f"{INDEX_LINE}{QUERYING}Passed over cu12_pyt2.8.0, cu12_pyt2.9.0 and cu13_pyt2.9.0"
        f" of flash-attn 2.8.0: {reason}\n"
    )
    assert output.stderr == (
        "ERROR: Could not find a version that satisfies the requirement flash-attn"
        " (from versions: 2.8.0)\n"
        f"ERROR: No matching distribution found for flash-attn: {reason}\n"
    )


def test_namespace_without_provider_supports_nothing(
    pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """T9: any other namespace that is neither prioritised nor provided supports nothing."""
    variants = {"cuda12.8": with_order(nvidia("12.0"), "2"), "null": {}}
    write_any(tmp_path / "index", "torch", "2.9.0", document(variants), ("cuda12.8", "null"))
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=NEW_DRIVER)
    assert (
        "Passed over cuda12.8 of torch 2.9.0: priority: the metadata names no provider for it\n"
    ) in output.stdout
    assert (output.last_line, output.stderr) == ("Would install torch-2.9.0-null", "")


NARROW = "platform_system == 'Linux' and platform_machine == 'x86_64'"
CUBLAS = document({"cu12": nvidia("12.0")}, enable_if=NARROW)
PIP_ON_ARM = """\
import platform, sys
platform.machine = lambda: "aarch64"
from pip._internal.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
"""Runs pip as if this machine were an ARM one."""


def test_versions_disabled_on_arm_are_passed_over(
    pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """T16: on ARM the versions that disable the provider there are passed over for that reason."""
    folder = tmp_path / "index/files"
    releases = {
        "12.9.1.4": CUBLAS,
        "12.8.4.1": CUBLAS,
        "12.6.4.1": document({"cu12": nvidia("12.0")}),
    }
    files = [
        file
        for version, metadata in releases.items()
        for file in write_release(
            folder, [f"nvidia_cublas-{version}-py3-none-any-cu12.whl"], metadata
        )
    ]
    write_simple_index(tmp_path / "index", {"nvidia-cublas": files})
    command = ("install", "--dry-run", "--index-url", f"{server.url}simple/", "nvidia-cublas")
    output = pip.run_python("-c", PIP_ON_ARM, *command)
    line = f"Passed over cu12 of nvidia-cublas 12.9.1.4: nvidia: enabled only if {NARROW}\n"
    assert output.stdout.startswith(f"{INDEX_LINE}{line}{QUERYING}\n##")
    assert (output.last_line, output.stderr) == ("Would install nvidia-cublas-12.6.4.1-cu12", "")


@pytest.mark.parametrize("platform", ["manylinux_2_27_aarch64", "win_amd64"])
def test_enable_if_holds_for_the_cross_target(
    pip: Pip, server: IndexServer, tmp_path: Path, platform: str
) -> None:
    """T16: for a cross target enable-if is evaluated for that target."""
    names = [f"nvidia_cublas-12.8.4.1-py3-none-{platform}-cu12.whl"]
    files = write_release(tmp_path / "index/files", names, CUBLAS)
    write_simple_index(tmp_path / "index", {"nvidia-cublas": files})
    output = cross_download(pip, f"{server.url}simple/", platform, "nvidia-cublas", 1)
    line = f"Passed over cu12 of nvidia-cublas 12.8.4.1: nvidia: enabled only if {NARROW}\n"
    assert output.startswith(f"{INDEX_LINE}{line}ERROR: Could not find a version that satisfies")
