"""What the built-in nvidia provider finds, and when it is queried."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.indexes import (
    ALL_LABELS,
    CUDA_LABELS,
    cuda,
    torch_files,
    with_provider,
    with_variants,
)
from tests.e2e.pips import (
    FORCE_CUDA,
    FORCE_SM,
    INDEX_LINE,
    NEW_DRIVER,
    QUERYING,
    REAL_MACHINE,
    Machine,
    Pip,
    banner,
    without_driver,
    would_download,
)
from tests.support.stand_in import IndexServer, write_simple_index, write_torch_index


@without_driver
@pytest.mark.parametrize(
    ("machine", "hint"),
    [
        (REAL_MACHINE, ""),
        (Machine(sm="9.0"), f", and {FORCE_SM} alone is not enough: {FORCE_CUDA} is needed too"),
    ],
    ids=["nothing forced", "only SM"],
)
def test_machine_without_driver_gets_the_null_variant(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, machine: Machine, hint: str
) -> None:
    """A machine without a driver gets the null variant and the reason."""
    write_torch_index(tmp_path / "index", tag)
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=machine)
    what = "Passed over cu126, cu128 and cu129 of torch 2.8.0"
    assert output.stdout == (
        INDEX_LINE
        + QUERYING
        + f"{what}: nvidia: no NVIDIA driver found{hint}\n"
        + banner("00000000")
        + "Collecting torch\n"
        + would_download("simple/torch/torch-2.8.0-TAG-00000000.whl")
        + "Would install torch-2.8.0-00000000\n"
    )
    assert output.stderr == ""


@without_driver
def test_forced_cuda_alone_satisfies_a_cuda_requirement(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Without a GPU the forced CUDA version is enough for a variant that needs nothing else."""
    metadata = with_variants({"any": cuda("12.9"), "null": {}})
    files = torch_files(tmp_path / "index/files", tag, ("any", "null"), metadata=metadata)
    write_simple_index(tmp_path / "index", {"torch": files})
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=Machine("12.9"))
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-any", "")


def test_gpu_below_5_0_is_a_warning_and_a_reason(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A GPU below compute capability 5.0 has no architecture, which is a warning and a reason."""
    write_torch_index(tmp_path / "index", tag)
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=Machine("12.9", "4.0"))
    assert output.stdout == (
        INDEX_LINE
        + QUERYING
        + "Passed over cu126, cu128 and cu129 of torch 2.8.0: a GPU of compute capability 5.0, 6.0,"
        " 7.0, 7.5, 8.0, 8.6 or 9.0 is required (cu126 needs nvidia :: sm_arch :: one of 50_real,"
        " 60_real, 70_real, 75_real, 80_real, 86_real, 90_real, this machine has none (compute"
        " capability 4.0 is below 5.0))\n"
        + banner("00000000")
        + "Collecting torch\n"
        + would_download("simple/torch/torch-2.8.0-TAG-00000000.whl")
        + "Would install torch-2.8.0-00000000\n"
    )
    assert output.stderr == "WARNING: nvidia: compute capability 4.0 is below 5.0\n"


@pytest.mark.parametrize(
    ("machine", "problem"),
    [
        (Machine("bad", "9.0"), f"{FORCE_CUDA}: 'bad' is not a version"),
        (Machine("12.9\x1b[2J"), f"{FORCE_CUDA}: '12.9\\x1b[2J' is not a version"),
        (Machine("12.9", "8"), f"{FORCE_SM}: '8' is not of the form major.minor"),
        (Machine("12.9", "8.9.1"), f"{FORCE_SM}: '8.9.1' is not of the form major.minor"),
        (Machine("12.9", "8.bad"), f"{FORCE_SM}: '8.bad' is not of the form major.minor"),
        (Machine("12.9", "8.-1"), f"{FORCE_SM}: '8.-1' is not of the form major.minor"),
        pytest.param(
            Machine("9" * 5000, "9.0"),
            f"{FORCE_CUDA}: '{'9' * 79}...' is not a version",
        ),
    ],
    ids=["word", "escape", "no minor", "three parts", "no number", "negative", "5,000 digits"],
)
def test_invalid_forced_value_is_one_error(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, machine: Machine, problem: str
) -> None:
    """An invalid forced value is one error that names the variable, with exit status 1."""
    write_torch_index(tmp_path / "index", tag)
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=machine, status=1)
    assert output.stderr == f"ERROR: {problem}\n"


@pytest.mark.parametrize("machine", [NEW_DRIVER, Machine("bad", "bad")], ids=["good", "bad"])
def test_disabled_provider_is_not_queried(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, machine: Machine
) -> None:
    """A provider that enable-if disables is not queried, whatever is forced."""
    metadata = with_provider({"enable-if": "platform_system == 'Nowhere'"})
    files = torch_files(tmp_path / "index/files", tag, ALL_LABELS, metadata=metadata)
    write_simple_index(tmp_path / "index", {"torch": files})
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=machine)
    assert output.stdout == (
        INDEX_LINE
        + "Passed over cu126, cu128 and cu129 of torch 2.8.0:"
        + " nvidia: enabled only if platform_system == 'Nowhere'\n"
        + banner("00000000")
        + "Collecting torch\n"
        + would_download("files/torch-2.8.0-TAG-00000000.whl")
        + "Would install torch-2.8.0-00000000\n"
    )
    assert output.stderr == ""


def test_provider_that_no_wheel_needs_is_not_queried(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Labels without a wheel for this platform cause no query of their provider."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, ["00000000"])
    files += torch_files(folder, "cp39-cp39-win32", CUDA_LABELS)[:-1]
    write_simple_index(tmp_path / "index", {"torch": files})
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=Machine("bad", "bad"))
    assert output.stdout == (
        INDEX_LINE
        + banner("00000000")
        + "Collecting torch\n"
        + would_download("files/torch-2.8.0-TAG-00000000.whl")
        + "Would install torch-2.8.0-00000000\n"
    )
    assert output.stderr == ""
