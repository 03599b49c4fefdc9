"""`pip install torch`: the file that pip selects, and every text that it prints about that."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.e2e.indexes import (
    ALL_LABELS,
    CU129_PROPERTIES,
    CUDA_LABELS,
    PURE_TAG,
    cuda,
    torch_files,
    torch_sdist,
    with_variants,
)
from tests.e2e.pips import (
    INDEX_LINE,
    MIDDLE_DRIVER,
    OLD_DRIVER,
    OLD_DRIVER_REASON,
    OTHER_MACHINE,
    QUERYING,
    Machine,
    Pip,
    banner,
    collecting,
    would_download,
)
from tests.support.stand_in import IndexServer, write_simple_index, write_torch_index

# The labels that fit each machine, best first; the null variant is called 00000000.
OUTCOMES = {
    Machine("12.9", "7.5"): ("cu129", "cu128", "cu126", "00000000"),
    Machine("12.8", "9.0"): ("cu128", "cu126", "00000000"),
    Machine("12.6", "9.0"): ("cu126", "00000000"),
    Machine("12.5"): ("00000000",),
    Machine("13.0", "9.0"): ("cu129", "cu128", "cu126", "00000000"),
    Machine("12.9", "12.0"): ("cu129", "cu128", "00000000"),
    Machine("12.9", "7.0"): ("cu126", "00000000"),
    Machine("12.9", "4.0"): ("00000000",),
}
CASES = [
    pytest.param(machine, removed, id=f"{machine.cuda}, {machine.sm or 'any'}: {removed + 1}")
    for machine, order in OUTCOMES.items()
    for removed in range(len(order) + 1)
    if removed < len(ALL_LABELS)  # not every wheel may be removed
]
PASSED_OVER = f"Passed over cu126, cu128 and cu129 of torch 2.8.0: {OLD_DRIVER_REASON}\n"
NOT_FOUND = """\
ERROR: Could not find a version that satisfies the requirement torch (from versions: 2.8.0)
ERROR: No matching distribution found for torch: {0}
"""


@pytest.mark.parametrize(("machine", "removed"), CASES)
def test_next_best_variant_is_selected_when_better_are_missing(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, machine: Machine, removed: int
) -> None:
    """With the better variants removed from the index the next best is selected, then none."""
    order = OUTCOMES[machine]
    labels = [label for label in ALL_LABELS if label not in order[:removed]]
    write_torch_index(tmp_path / "index", tag, labels=labels)
    if removed < len(order):
        output = pip.dry_run(f"{server.url}simple/", "torch", machine=machine)
        assert output.last_line == f"Would install torch-2.8.0-{order[removed]}"
    else:
        output = pip.dry_run(f"{server.url}simple/", "torch", machine=machine, status=1)
        (reason_line,) = (
            text for text in output.stdout.splitlines() if text.startswith("Passed over")
        )
        reason = reason_line.partition(" of torch 2.8.0: ")[2]
        assert output.stderr.endswith(NOT_FOUND.format(f"{reason}{OTHER_MACHINE}"))


def test_selected_variant_is_installed_and_uninstalled(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """The selected variant is installed, named, imported and uninstalled."""
    write_torch_index(tmp_path / "index", tag)
    output = own_pip.run("install", "--index-url", f"{server.url}simple/", "torch")
    assert output.stdout == (
        INDEX_LINE
        + QUERYING
        + banner("cu129", *CU129_PROPERTIES)
        + collecting("torch-2.8.0-TAG-cu129.whl")
        + "Installing collected packages: torch\n"
        + "Successfully installed torch-2.8.0-cu129\n"
    )
    assert output.stderr == ""
    assert own_pip.run_python("-c", "import torch").stdout == "torch 2.8.0, build cu129\n"
    assert own_pip.run("uninstall", "-y", "torch").stdout == (
        "Found existing installation: torch 2.8.0\n"
        "Uninstalling torch-2.8.0:\n"
        "  Successfully uninstalled torch-2.8.0\n"
    )


def test_banner_is_printed_directly_before_collecting(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """The banner comes directly before `Collecting`, and `Would install` has the label."""
    write_torch_index(tmp_path / "index", tag)
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert output.stdout == (
        INDEX_LINE
        + QUERYING
        + "\n"
        + "####################### torch==2.8.0; variant_hash=cu129 #######################\n"
        + "".join(f"Variant-property: {text}\n" for text in CU129_PROPERTIES)
        + "#" * 80
        + "\n\n"
        + "Collecting torch\n"
        + would_download("simple/torch/torch-2.8.0-TAG-cu129.whl")
        + "Would install torch-2.8.0-cu129\n"
    )
    assert output.stderr == ""


def test_null_variant_has_an_empty_banner(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A null variant has a banner without properties, and one line reports what was passed over."""
    write_torch_index(tmp_path / "index", tag)
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD_DRIVER)
    assert output.stdout == (
        INDEX_LINE
        + QUERYING
        + PASSED_OVER
        + banner("00000000")
        + "Collecting torch\n"
        + would_download("simple/torch/torch-2.8.0-TAG-00000000.whl")
        + "Would install torch-2.8.0-00000000\n"
    )
    assert output.stderr == ""


def test_plain_wheel_is_selected_if_no_variant_fits(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A plain wheel is selected without a banner if no variant fits, with the reason."""
    write_torch_index(tmp_path / "index", tag, labels=(None, *CUDA_LABELS))
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD_DRIVER)
    assert output.stdout == (
        INDEX_LINE
        + QUERYING
        + PASSED_OVER
        + "Collecting torch\n"
        + would_download("simple/torch/torch-2.8.0-TAG.whl")
        + "Would install torch-2.8.0\n"
    )
    assert output.stderr == ""


def test_null_variant_ranks_before_the_plain_wheel(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Plain wheels come after every variant, also after the null variant."""
    write_torch_index(tmp_path / "index", tag, labels=(None, *ALL_LABELS))
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD_DRIVER)
    assert output.last_line == "Would install torch-2.8.0-00000000"


def test_sdist_is_selected_if_no_wheel_fits(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Without a wheel that fits the sdist of the version is selected, with the reason."""
    files = torch_files(tmp_path / "index/files", tag, CUDA_LABELS)
    files.append(torch_sdist(tmp_path / "index/files"))
    write_simple_index(tmp_path / "index", {"torch": files})
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD_DRIVER)
    assert output.stdout == (
        INDEX_LINE + QUERYING + PASSED_OVER + "Collecting torch\n"
        "  Downloading torch-2.8.0.tar.gz (SIZE)\n"
        "  Getting requirements to build wheel: started\n"
        "  Getting requirements to build wheel: finished with status 'done'\n"
        "  Preparing metadata (pyproject.toml): started\n"
        "  Preparing metadata (pyproject.toml): finished with status 'done'\n"
        "Would install torch-2.8.0\n"
    )
    assert output.stderr == ""


def test_older_version_is_selected_if_nothing_newer_fits(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """An older version is selected if no file of the newest fits, and one line has the reason."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, CUDA_LABELS) + torch_files(
        folder, tag, [None], version="2.7.0"
    )
    write_simple_index(tmp_path / "index", {"torch": files})
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD_DRIVER)
    assert output.stdout == (
        INDEX_LINE
        + QUERYING
        + PASSED_OVER
        + "Collecting torch\n"
        + would_download("files/torch-2.7.0-TAG.whl")
        + "Would install torch-2.7.0\n"
    )
    assert output.stderr == ""


def test_older_version_is_judged_by_its_own_metadata(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """The variants of an older version are judged by their own metadata, without another query."""
    folder = tmp_path / "index/files"
    older = with_variants({"cu118": cuda("11.8")})
    files = torch_files(folder, tag, CUDA_LABELS)
    files += torch_files(folder, tag, ["cu118"], version="2.7.0", metadata=older)
    write_simple_index(tmp_path / "index", {"torch": files})
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD_DRIVER)
    title = " torch==2.7.0; variant_hash=cu118 ".center(80, "#")
    assert output.stdout == (
        INDEX_LINE
        + QUERYING
        + PASSED_OVER
        + f"\n{title}\n"
        + "Variant-property: nvidia :: cuda_version_lower_bound :: 11.8\n"
        + f"{'#' * 80}\n\n"
        + "Collecting torch\n"
        + would_download("files/torch-2.7.0-TAG-cu118.whl")
        + "Would install torch-2.7.0-cu118\n"
    )
    assert output.stderr == ""


def test_no_fitting_file_is_an_error_with_the_reason(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """If nothing fits, pip's own error has the reason, and the exit status is 1."""
    write_torch_index(tmp_path / "index", tag, labels=CUDA_LABELS)
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD_DRIVER, status=1)
    assert output.stdout == INDEX_LINE + QUERYING + PASSED_OVER
    assert output.stderr == NOT_FOUND.format(OLD_DRIVER_REASON + OTHER_MACHINE)


def test_quiet_option_hides_the_variant(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """With -q nothing about the variant is printed."""
    write_torch_index(tmp_path / "index", tag)
    output = pip.dry_run(f"{server.url}simple/", "-q", "torch")
    assert (output.stdout, output.stderr) == ("", "")


def test_quiet_error_still_has_its_reason(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Also with -q an error has its reason."""
    write_torch_index(tmp_path / "index", tag, labels=CUDA_LABELS)
    output = pip.dry_run(f"{server.url}simple/", "-q", "torch", machine=OLD_DRIVER, status=1)
    assert OLD_DRIVER_REASON in output.stderr


def test_banner_and_query_are_printed_only_once(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Several requirements for one project print one banner and one query."""
    root = tmp_path / "index"
    write_torch_index(root, tag)
    files = [root / "simple/torch" / f"torch-2.8.0-{tag}-{label}.whl" for label in ALL_LABELS]
    files.append(root / "simple/torch/torch-2.8.0-variants.json")
    app = torch_files(root / "files", "py3-none-any", [None], name="app", version="1.0")[0]
    write_simple_index(root, {"torch": files, "app": [app]})
    output = pip.dry_run(f"{server.url}simple/", "torch", "torch>=2", "app", "torch==2.8.0")
    assert output.stdout.count("variant_hash=") == 1
    assert output.stdout.count("Querying variant providers: started") == 1
    assert output.last_line == "Would install app-1.0 torch-2.8.0-cu129"


def test_pinned_hash_selects_exactly_its_variant(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """--require-hashes selects the one variant whose hash is pinned, though a better one fits."""
    write_torch_index(tmp_path / "index", tag)
    wheel = tmp_path / "index/simple/torch" / f"torch-2.8.0-{tag}-cu126.whl"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    requirements = pip.folder / "requirements.txt"
    requirements.write_text(f"torch==2.8.0 --hash=sha256:{digest}\n")
    output = pip.dry_run(f"{server.url}simple/", "--require-hashes", "-r", "requirements.txt")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu126", "")


def test_passed_over_lines_share_the_reason_between_projects(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A line gives the reason why an sdist is selected, and projects share a reason."""
    root = tmp_path / "index"
    folder = root / "files"
    vision_metadata = with_variants({"cu126": cuda("12.6"), "null": {}})
    labels = ["cu126", "null"]
    other = torch_files(
        folder, PURE_TAG, labels, version="1.0", name="vision", metadata=vision_metadata
    )
    torch = torch_files(folder, tag, ["cu126", "cu128"])
    write_simple_index(root, {"torch": [*torch, torch_sdist(folder)], "vision": other})
    url = f"{server.url}simple/"
    output = own_pip.dry_run(url, "vision", "torch", machine=OLD_DRIVER)
    lines = [line for line in output.stdout.splitlines() if line.startswith("Passed over")]
    assert lines == [
        f"Passed over cu126 of vision 1.0: {OLD_DRIVER_REASON}",
        "Passed over cu126 and cu128 of torch 2.8.0 for the same reason as vision 1.0",
    ]
    assert output.last_line == "Would install torch-2.8.0 vision-1.0-null"
    quiet = own_pip.dry_run(url, "-q", "vision", "torch", machine=OLD_DRIVER)
    assert (quiet.stdout, quiet.stderr) == ("", "")


# The machine, the line before the table, and a line of it.
TABLES = {
    "null": (
        OLD_DRIVER,
        f"Passed over cu126, cu128 and cu129 of torch 2.8.0: {OLD_DRIVER_REASON}",
        "  a driver with CUDA 12.9 or newer would select cu129",
    ),
    "a variant": (MIDDLE_DRIVER, "", "Selected: torch-2.8.0-TAG-cu126.whl"),
}


@pytest.mark.parametrize("case", TABLES)
def test_verbose_output_adds_the_explain_table(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str
) -> None:
    """With -v the table of `explain` is shown once wherever a build was passed over."""
    machine, before, line = TABLES[case]
    write_torch_index(tmp_path / "index", tag)
    output = pip.dry_run(f"{server.url}simple/", "-v", "torch", machine=machine)
    lines = [line.rstrip() for line in output.stdout.splitlines()]
    start = lines.index("torch 2.8.0 from INDEX/simple/torch/")
    assert before in ("", lines[start - 1])
    assert "Rank  Label     Reason" in lines[start:]
    assert line in lines[start:]
    assert lines.count("torch 2.8.0 from INDEX/simple/torch/") == 1
    assert output.stdout.count("Passed over") == bool(before)
