"""Traps T1, T2 and T16 of the recorded indexes: platforms without a fitting wheel or provider."""

from __future__ import annotations

import pytest

from pip_variants.formats.reader import read_text
from tests.e2e.engine import ARM, supported_by
from tests.e2e.pips import (
    CROSS_TARGET_REASON,
    INDEX_LINE,
    NEW_DRIVER,
    NO_AMD_GPU,
    QUERY_FAILS,
    QUERYING,
    Machine,
    Pip,
    cross_download,
    needs_driver,
    needs_intel_gpu,
    null_banner,
    would_download,
)
from tests.e2e.recorded import DATA
from tests.support.stand_in import IndexServer

THIRD_PARTY = (
    "{0}: its provider ({0}-variant-provider) is third-party code, which is not run without"
    " --trust-variant-provider {0}-variant-provider"
)
DEVICE_IPS = ("12.55.8", "12.60.7", "12.71.4", "12.74.4", "20.1.0", "20.4.4", "30.0.4", "30.1.0")


def test_new_gpu_without_wheel_gets_null_and_one_reason(
    linux_pip: Pip, recorded_index: IndexServer
) -> None:
    """T1: a new GPU gets the null variant if the fitting label has no wheel for its platform."""
    url = f"{recorded_index.url}simple/"
    output = linux_pip.dry_run(url, "--no-deps", "torch==2.10.0", machine=Machine("12.9", "12.0"))
    reasons = [
        needs_intel_gpu(*DEVICE_IPS),
        needs_driver("cuda13.0", "13.0", "12.9"),
        NO_AMD_GPU,
    ]
    assert output.stdout == (
        f"{INDEX_LINE}{QUERYING}"
        "Passed over cuda12.6, cuda13.0, rocm7.0, rocm7.1 and xpu of torch 2.10.0: "
        f"{'; '.join(reasons)}\n"
        f"{null_banner('torch', '2.10.0', 'null')}"
        "Collecting torch==2.10.0\n"
        f"{would_download('simple/torch/torch-2.10.0-TAG-null.whl')}"
        "Would install torch-2.10.0-null\n"
    )
    assert output.stderr == ""


NVIDIA_NOT_QUERIED = f"nvidia: {CROSS_TARGET_REASON}"
OTHER_PLATFORMS = {
    # T2: the Mac wheel of 2.10.0 is for a macOS 110 that does not exist; 2.9.1 is plain.
    "mac": ("macosx_14_0_arm64", "torch", "torch-2.9.1-cp313-none-macosx_11_0_arm64.whl", "", ""),
    "mac, 2.9.0": (
        "macosx_14_0_arm64",
        "torch<2.9.1",
        "torch-2.9.0-cp313-cp313-macosx_11_0_arm64-null.whl",
        null_banner("torch", "2.9.0", "null"),
        "",
    ),
    # Of another machine only static values are known, which no CUDA variant is satisfied by.
    "arm": (
        "manylinux_2_28_aarch64",
        "torch",
        "torch-2.10.0-cp313-cp313-manylinux_2_28_aarch64-null.whl",
        null_banner("torch", "2.10.0", "null"),
        f"Passed over cuda12.6, cuda12.8 and cuda13.0 of torch 2.10.0: {NVIDIA_NOT_QUERIED}\n",
    ),
    "windows": (
        "win_amd64",
        "torch",
        "torch-2.10.0-cp313-cp313-win_amd64-null.whl",
        null_banner("torch", "2.10.0", "null"),
        (
            "Passed over cuda12.6, cuda12.8, cuda13.0 and xpu of torch 2.10.0:"
            f" {NVIDIA_NOT_QUERIED.replace('nvidia', 'intel')}; {NVIDIA_NOT_QUERIED}\n"
        ),
    ),
}


@pytest.mark.parametrize(
    ("platform", "requirement", "filename", "banner", "passed"),
    OTHER_PLATFORMS.values(),
    ids=OTHER_PLATFORMS,
)
def test_cross_target_selects_newest_version_with_fitting_wheel(
    pip: Pip,
    recorded_index: IndexServer,
    platform: str,
    requirement: str,
    filename: str,
    banner: str,
    passed: str,
) -> None:
    """T2: for other platforms the newest version with a fitting wheel is selected."""
    output = cross_download(pip, f"{recorded_index.url}simple/", platform, requirement)
    assert output == (
        f"{INDEX_LINE}{passed}{banner}"
        f"Collecting {requirement}\n"
        f"  Downloading {filename} (SIZE)\n"
        f"Saved ./wheels/{filename}\n"
        "Successfully downloaded torch\n"
    )


def test_wheels_for_a_missing_macos_are_not_found(pip: Pip, recorded_index: IndexServer) -> None:
    """T2: a version whose Mac wheels fit no Mac is not found there."""
    assert cross_download(
        pip, f"{recorded_index.url}simple/", "macosx_26_0_arm64", "torch==2.10.0", 1
    ) == (
        f"{INDEX_LINE}"
        "ERROR: Could not find a version that satisfies the requirement torch==2.10.0"
        " (from versions: 2.7.0, 2.7.1, 2.8.0, 2.9.0, 2.9.1)\n"
        "ERROR: No matching distribution found for torch==2.10.0\n"
    )


NARROW = "platform_system == 'Linux' and platform_machine == 'x86_64'"
PIP_ON_ARM = """\
import platform, sys, sysconfig
platform.machine = lambda: "aarch64"
sysconfig.get_platform = lambda: "linux-aarch64"
from pip._internal.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
"""Runs pip as if this machine were an ARM one."""


def test_versions_disabled_on_arm_are_passed_over(
    linux_pip: Pip, recorded_index: IndexServer
) -> None:
    """T16: on ARM the versions that disable the provider there are passed over for that reason."""
    command = (
        "install",
        "--dry-run",
        "--index-url",
        f"{recorded_index.url}simple/",
        "nvidia-cublas<13",
    )
    output = linux_pip.run_python("-c", PIP_ON_ARM, *command)
    line = f"Passed over cu12 of nvidia-cublas 12.9.1.4: nvidia: enabled only if {NARROW}\n"
    assert output.stdout.startswith(f"{INDEX_LINE}{line}{QUERYING}\n##")
    assert (output.last_line, output.stderr) == ("Would install nvidia-cublas-12.6.4.1-cu12", "")


@pytest.mark.parametrize("platform", ["manylinux_2_27_aarch64", "win_amd64"])
def test_enable_if_holds_for_the_cross_target(
    pip: Pip, recorded_index: IndexServer, platform: str
) -> None:
    """T16: for a cross target enable-if holds for that target."""
    output = cross_download(
        pip, f"{recorded_index.url}simple/", platform, "nvidia-cublas==12.8.4.1", 1
    )
    line = f"Passed over cu12 of nvidia-cublas 12.8.4.1: nvidia: enabled only if {NARROW}\n"
    assert output.startswith(f"{INDEX_LINE}{line}ERROR: Could not find a version that satisfies")


def test_narrow_enable_if_disables_arm_in_every_file() -> None:
    """T16: each of the 15 files disables its provider on ARM without a query, but not on Linux."""
    count = 0
    for path in sorted((DATA / "v0.0.3").glob("nvidia-*/*-variants.json")):
        metadata = read_text(path.read_text())
        if metadata.providers[0].enable_if == NARROW:
            count += 1
            (found,) = supported_by(QUERY_FAILS, metadata, ["nvidia"], ARM).values()
            assert (found.state, found.reason) == ("disabled", f"enabled only if {NARROW}")
            (found,) = supported_by(NEW_DRIVER, metadata, ["nvidia"]).values()
            assert found.state == "built-in"
    assert count == 15
