"""Files that are unusual: tags that fit no machine, versions without null variants, no hashes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.e2e.pips import (
    CROSS_TARGET_REASON,
    INDEX_LINE,
    OTHER_MACHINE,
    QUERYING,
    REAL_MACHINE,
    Machine,
    Pip,
    cross_download,
    needs_driver,
    null_banner,
    title,
    without_driver,
    would_download,
)
from tests.e2e.traps import TORCH, document, nvidia, write_release
from tests.support.stand_in import IndexServer, Listed, write_simple_index, write_wheel

MAC, ARM, WINDOWS = "macosx_14_0_arm64", "manylinux_2_28_aarch64", "win_amd64"


@pytest.fixture
def platforms_index(server: IndexServer, tmp_path: Path) -> str:
    """Return the address of an index of torch for Mac, Linux on ARM and Windows.

    The Mac wheel of the newest version is tagged for a macOS that does not exist, that of 2.9.1 is
    plain.
    """
    folder = tmp_path / "index/files"
    tags = {
        "macosx_110_0_arm64": ("null",),
        ARM: ("cuda12.6", "cuda12.8", "cuda13.0", "null"),
        WINDOWS: ("cuda12.6", "cuda12.8", "cuda13.0", "null", "xpu"),
    }
    names = [
        f"torch-2.10.0-cp313-cp313-{platform}-{label}.whl"
        for platform, labels in tags.items()
        for label in labels
    ]
    files = write_release(folder, names, TORCH["2.10.0"])
    files.append(Listed(write_wheel(folder, "torch-2.9.1-cp313-none-macosx_11_0_arm64.whl")))
    files += write_release(
        folder, ["torch-2.9.0-cp313-cp313-macosx_11_0_arm64-null.whl"], TORCH["2.9.0"]
    )
    write_simple_index(tmp_path / "index", {"torch": files})
    return f"{server.url}simple/"


NVIDIA_NOT_QUERIED = f"nvidia: {CROSS_TARGET_REASON}"
CUDA_PASSED_OVER = "Passed over cuda12.6, cuda12.8"


@pytest.mark.parametrize(
    ("platform", "requirement", "filename", "before"),
    [
        pytest.param(MAC, "torch", "torch-2.9.1-cp313-none-macosx_11_0_arm64.whl", "", id="Mac"),
        pytest.param(
            MAC,
            "torch<2.9.1",
            "torch-2.9.0-cp313-cp313-macosx_11_0_arm64-null.whl",
            null_banner("torch", "2.9.0", "null"),
            id="Mac, 2.9.0",
        ),
        # Of another machine only static values are known, which no CUDA variant is satisfied by.
        pytest.param(
            ARM,
            "torch",
            f"torch-2.10.0-cp313-cp313-{ARM}-null.whl",
            f"{CUDA_PASSED_OVER} and cuda13.0 of torch 2.10.0: {NVIDIA_NOT_QUERIED}\n"
            f"{null_banner('torch', '2.10.0', 'null')}",
            id="ARM",
        ),
        pytest.param(
            WINDOWS,
            "torch",
            f"torch-2.10.0-cp313-cp313-{WINDOWS}-null.whl",
            f"{CUDA_PASSED_OVER}, cuda13.0 and xpu of torch 2.10.0:"
            f" intel: {CROSS_TARGET_REASON}; {NVIDIA_NOT_QUERIED}\n"
            f"{null_banner('torch', '2.10.0', 'null')}",
            id="Windows",
        ),
    ],
)
def test_cross_target_selects_newest_version_with_fitting_wheel(
    pip: Pip, platforms_index: str, platform: str, requirement: str, filename: str, before: str
) -> None:
    """T2: for other platforms the newest version with a fitting wheel is selected."""
    assert cross_download(pip, platforms_index, platform, requirement) == (
        f"{INDEX_LINE}{before}"
        f"Collecting {requirement}\n"
        f"  Downloading {filename} (SIZE)\n"
        f"Saved ./wheels/{filename}\n"
        "Successfully downloaded torch\n"
    )


def test_wheels_for_a_missing_macos_are_not_found(pip: Pip, platforms_index: str) -> None:
    """T2: a version whose Mac wheels fit no Mac is not found there."""
    assert cross_download(pip, platforms_index, "macosx_26_0_arm64", "torch==2.10.0", 1) == (
        f"{INDEX_LINE}"
        "ERROR: Could not find a version that satisfies the requirement torch==2.10.0"
        " (from versions: 2.9.0, 2.9.1)\n"
        "ERROR: No matching distribution found for torch==2.10.0\n"
    )


@pytest.fixture
def cublas_index(server: IndexServer, tmp_path: Path) -> str:
    """Return the address of an index of nvidia-cublas, each version with one variant alone."""
    releases = {"13.1": ("cu13", "13.0"), "13.0": ("cu13", "13.0"), "12.9": ("cu12", "12.0")}
    files: list[Listed] = []
    for version, (label, lower_bound) in releases.items():
        names = [f"nvidia_cublas-{version}-py3-none-any-{label}.whl"]
        metadata = document({label: nvidia(lower_bound)})
        files += write_release(tmp_path / "index/files", names, metadata)
    write_simple_index(tmp_path / "index", {"nvidia-cublas": files})
    return f"{server.url}simple/"


def cublas_passed_over(reason: str) -> str:
    """Return the line about nvidia-cublas: of all versions only the newest has one."""
    return f"Passed over cu13 of nvidia-cublas 13.1: {reason}\n"


@without_driver
def test_project_without_null_variant_needs_a_driver(pip: Pip, cublas_index: str) -> None:
    """T13: without a driver and null variants no version fits, and one line says why."""
    output = pip.dry_run(cublas_index, "nvidia-cublas", machine=REAL_MACHINE, status=1)
    reason = "nvidia: no NVIDIA driver found"
    assert output.stdout == f"{INDEX_LINE}{QUERYING}{cublas_passed_over(reason)}"
    assert output.stderr == (
        "ERROR: Could not find a version that satisfies the requirement nvidia-cublas"
        " (from versions: 12.9, 13.0, 13.1)\n"
        f"ERROR: No matching distribution found for nvidia-cublas: {reason}{OTHER_MACHINE}\n"
    )


def test_newest_version_for_the_driver_is_selected(pip: Pip, cublas_index: str) -> None:
    """T13: the newest version for the driver is selected, and one line says why no newer one."""
    output = pip.dry_run(cublas_index, "nvidia-cublas", machine=Machine("12.5", "9.0"))
    reason = needs_driver("cu13", "13.0", "12.5")
    assert output.stdout == (
        f"{INDEX_LINE}{QUERYING}{cublas_passed_over(reason)}"
        f"\n{title('nvidia-cublas', '12.9', 'cu12')}\n"
        "Variant-property: nvidia :: cuda_version_lower_bound :: 12.0\n"
        f"{'#' * 80}\n\n"
        "Collecting nvidia-cublas\n"
        f"{would_download('files/nvidia_cublas-12.9-py3-none-any-cu12.whl')}"
        "Would install nvidia-cublas-12.9-cu12\n"
    )
    assert output.stderr == ""


def test_page_without_hashes_selects_and_verifies_pins(
    pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """T20: without hashes on the page the best is selected, and a pinned hash of another fails."""
    folder = tmp_path / "index/files"
    names = [f"torch-2.8.0-py3-none-any-{label}.whl" for label in ("cu126", "cu129")]
    files = write_release(folder, names, TORCH["2.8.0"], hashed=False)
    write_simple_index(tmp_path / "index", {"torch": files})
    url = f"{server.url}simple/"
    output = pip.dry_run(url, "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")
    digest = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names]
    requirements = pip.folder / "requirements.txt"
    requirements.write_text(f"torch==2.8.0 --hash=sha256:{digest[0]}\n")
    output = pip.dry_run(url, "-r", requirements.name, status=1)
    first, _, *lines = output.stderr.splitlines()
    assert first.startswith(f"ERROR: The required hash is that of {names[0]}, another build of ")
    assert lines[:3] == [
        f"    torch==2.8.0 from INDEX/files/{names[1]} (from -r requirements.txt (line 1)):",
        f"        Expected sha256 {digest[0]}",
        f"             Got        {digest[1]}",
    ]
    requirements.write_text(f"torch==2.8.0 --hash=sha256:{digest[1]}\n")
    output = pip.dry_run(url, "-r", requirements.name)
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")
