"""`pip install torch` on every machine of providers.md, and every text that a user sees on it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from stand_in import IndexServer, write_simple_index, write_torch_index

from tests.e2e.indexes import ALL, CUDA, cuda, torch_files, torch_sdist, with_provider
from tests.e2e.indexes import with_variants as variants
from tests.e2e.pips import (
    FORCE_CUDA,
    FORCE_SM,
    NEW,
    OLD,
    OLD_WHY,
    QUERYING,
    THIS,
    Machine,
    Pip,
    banner,
    without_driver,
)

# providers.md, "Real outcomes"; the null variant of the v0.0.2 files is called 00000000.
ROWS = {
    Machine("12.9", "7.5"): ("cu129", "cu128", "cu126", "00000000"),
    Machine("12.8", "9.0"): ("cu128", "cu126", "00000000"),
    Machine("12.6", "9.0"): ("cu126", "00000000"),
    Machine("12.5"): ("00000000",),
    Machine("13.0", "9.0"): ("cu129", "cu128", "cu126", "00000000"),
    Machine("12.9", "12.0"): ("cu129", "cu128", "00000000"),
    Machine("12.9", "7.0"): ("cu126", "00000000"),
    Machine("12.9", "4.0"): ("00000000",),
}
PLACES = [
    pytest.param(machine, place, id=f"{machine.cuda}, {machine.sm or 'any'}: {place + 1}")
    for machine, order in ROWS.items()
    for place in range(len(order) + 1)
    if place < len(ALL)  # an index without any wheel is nothing to choose from
]

LOOKING = "Looking in indexes: INDEX/simple/\n"
CU129_PROPERTIES = (
    "nvidia :: cuda_version_lower_bound :: 12.9",
    "nvidia :: sm_arch :: 100_real",
    "nvidia :: sm_arch :: 120_real",
    "nvidia :: sm_arch :: 120_virtual",
    "nvidia :: sm_arch :: 75_real",
    "nvidia :: sm_arch :: 80_real",
    "nvidia :: sm_arch :: 86_real",
    "nvidia :: sm_arch :: 90_real",
)
PASSED_OVER = f"Passed over cu126, cu128 and cu129 of torch 2.8.0: {OLD_WHY}\n"
NOT_FOUND = """\
ERROR: Could not find a version that satisfies the requirement torch (from versions: 2.8.0)
ERROR: No matching distribution found for torch: {0}
"""


def collecting(name: str) -> str:
    """Return pip's lines about a download from the index."""
    return f"Collecting torch\n  Downloading INDEX/simple/torch/{name} (SIZE)\n"


@pytest.mark.parametrize(("machine", "place"), PLACES)
def test_real_outcomes(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, machine: Machine, place: int
) -> None:
    """With the better builds taken off the index, the next of the row is taken, then none."""
    order = ROWS[machine]
    left = [label for label in ALL if label not in order[:place]]
    write_torch_index(tmp_path / "index", tag, labels=left)
    if place < len(order):
        said = pip.dry_run(f"{server.url}simple/", "torch", machine=machine)
        assert said.last == f"Would install torch-2.8.0-{order[place]}"
    else:
        said = pip.dry_run(f"{server.url}simple/", "torch", machine=machine, status=1)
        (line,) = (text for text in said.out.splitlines() if text.startswith("Passed over"))
        assert said.err.endswith(NOT_FOUND.format(line.partition(" of torch 2.8.0: ")[2]))


@without_driver
@pytest.mark.parametrize("machine", [THIS, Machine(sm="9.0")], ids=["nothing forced", "only SM"])
def test_no_driver(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, machine: Machine
) -> None:
    """A machine without a driver gets the null variant, and is told that it has none."""
    write_torch_index(tmp_path / "index", tag)
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=machine)
    why = "Passed over cu126, cu128 and cu129 of torch 2.8.0: nvidia: no NVIDIA driver found\n"
    assert said.out == (
        LOOKING
        + QUERYING
        + why
        + banner("00000000")
        + collecting("torch-2.8.0-TAG-00000000.whl")
        + "Would install torch-2.8.0-00000000\n"
    )
    assert said.err == ""


@without_driver
def test_only_cuda_forced(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """Without a readable GPU the CUDA version alone is enough for who asks for nothing else."""
    metadata = variants({"any": cuda("12.9"), "null": {}})
    files = torch_files(tmp_path / "index/files", tag, ("any", "null"), metadata=metadata)
    write_simple_index(tmp_path / "index", {"torch": files})
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=Machine("12.9"))
    assert (said.last, said.err) == ("Would install torch-2.8.0-any", "")


def test_real_install(own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """The chosen build is installed, imported and uninstalled, and pip says which one it is."""
    write_torch_index(tmp_path / "index", tag)
    said = own_pip.run("install", "--index-url", f"{server.url}simple/", "torch")
    assert said.out == (
        LOOKING
        + QUERYING
        + banner("cu129", *CU129_PROPERTIES)
        + collecting("torch-2.8.0-TAG-cu129.whl")
        + "Installing collected packages: torch\n"
        + "Successfully installed torch-2.8.0-cu129\n"
    )
    assert said.err == ""
    assert own_pip.start("-c", "import torch").out == "torch 2.8.0, build cu129\n"
    assert own_pip.run("uninstall", "-y", "torch").out == (
        "Found existing installation: torch 2.8.0\n"
        "Uninstalling torch-2.8.0:\n"
        "  Successfully uninstalled torch-2.8.0\n"
    )


def test_variant(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """The banner of interface.md stands directly before `Collecting`, and `Would install` says."""
    write_torch_index(tmp_path / "index", tag)
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert said.out == (
        LOOKING
        + QUERYING
        + "\n"
        + "####################### torch==2.8.0; variant_hash=cu129 #######################\n"
        + "".join(f"Variant-property: {text}\n" for text in CU129_PROPERTIES)
        + "#" * 80
        + "\n\n"
        + collecting("torch-2.8.0-TAG-cu129.whl")
        + "Would install torch-2.8.0-cu129\n"
    )
    assert said.err == ""


def test_null_variant(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """A null variant has a banner without properties, and one line says what was passed over."""
    write_torch_index(tmp_path / "index", tag)
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD)
    assert said.out == (
        LOOKING
        + QUERYING
        + PASSED_OVER
        + banner("00000000")
        + collecting("torch-2.8.0-TAG-00000000.whl")
        + "Would install torch-2.8.0-00000000\n"
    )
    assert said.err == ""


def test_old_gpu(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """A GPU below 5.0 has no architecture at all: a warning, and the reason on the line."""
    write_torch_index(tmp_path / "index", tag)
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=Machine("12.9", "4.0"))
    assert said.out == (
        LOOKING
        + QUERYING
        + "Passed over cu126, cu128 and cu129 of torch 2.8.0: cu126 needs nvidia :: sm_arch :: one"
        " of 50_real, 60_real, 70_real, 75_real, 80_real, 86_real, 90_real, this machine has none"
        " (compute capability 4.0 is below 5.0)\n"
        + banner("00000000")
        + collecting("torch-2.8.0-TAG-00000000.whl")
        + "Would install torch-2.8.0-00000000\n"
    )
    assert said.err == "WARNING: nvidia: compute capability 4.0 is below 5.0\n"


def test_plain_wheel_beside_unsupported_variants(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A plain wheel is taken without a banner if no variant fits, and one line says why."""
    write_torch_index(tmp_path / "index", tag, labels=(None, *CUDA))
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD)
    assert said.out == (
        LOOKING
        + QUERYING
        + PASSED_OVER
        + collecting("torch-2.8.0-TAG.whl")
        + "Would install torch-2.8.0\n"
    )
    assert said.err == ""


def test_plain_wheel_comes_after_the_null_variant(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Plain wheels come after every variant, the null variant too."""
    write_torch_index(tmp_path / "index", tag, labels=(None, *ALL))
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD)
    assert said.last == "Would install torch-2.8.0-00000000"


def test_sdist(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """Without a wheel that fits, the sdist of the version is taken, and one line says why."""
    files = torch_files(tmp_path / "index/files", tag, CUDA)
    files.append(torch_sdist(tmp_path / "index/files"))
    write_simple_index(tmp_path / "index", {"torch": files})
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD)
    assert said.out == (
        LOOKING + QUERYING + PASSED_OVER + "Collecting torch\n"
        "  Downloading INDEX/files/torch-2.8.0.tar.gz (SIZE)\n"
        "  Getting requirements to build wheel: started\n"
        "  Getting requirements to build wheel: finished with status 'done'\n"
        "  Preparing metadata (pyproject.toml): started\n"
        "  Preparing metadata (pyproject.toml): finished with status 'done'\n"
        "Would install torch-2.8.0\n"
    )
    assert said.err == ""


def test_older_version(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """An older version is taken if nothing of the newest fits, and one line says why."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, CUDA) + torch_files(folder, tag, [None], version="2.7.0")
    write_simple_index(tmp_path / "index", {"torch": files})
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD)
    assert said.out == (
        LOOKING + QUERYING + PASSED_OVER + "Collecting torch\n"
        "  Downloading INDEX/files/torch-2.7.0-TAG.whl (SIZE)\n"
        "Would install torch-2.7.0\n"
    )
    assert said.err == ""


def test_variant_of_an_older_version(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """The older version is judged by its own metadata, asked of the same answer."""
    folder = tmp_path / "index/files"
    older = variants({"cu118": cuda("11.8")})
    files = torch_files(folder, tag, CUDA)
    files += torch_files(folder, tag, ["cu118"], version="2.7.0", metadata=older)
    write_simple_index(tmp_path / "index", {"torch": files})
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD)
    title = " torch==2.7.0; variant_hash=cu118 ".center(80, "#")
    assert said.out == (
        LOOKING
        + QUERYING
        + PASSED_OVER
        + f"\n{title}\n"
        + "Variant-property: nvidia :: cuda_version_lower_bound :: 11.8\n"
        + f"{'#' * 80}\n\n"
        + "Collecting torch\n"
        + "  Downloading INDEX/files/torch-2.7.0-TAG-cu118.whl (SIZE)\n"
        + "Would install torch-2.7.0-cu118\n"
    )
    assert said.err == ""


def test_nothing_fits(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """If nothing fits, pip's own error comes with the reason, and exit status 1."""
    write_torch_index(tmp_path / "index", tag, labels=CUDA)
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD, status=1)
    assert said.out == LOOKING + QUERYING + PASSED_OVER
    assert said.err == NOT_FOUND.format(OLD_WHY)


def test_quiet(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """-q says nothing at all about a variant."""
    write_torch_index(tmp_path / "index", tag)
    said = pip.dry_run(f"{server.url}simple/", "-q", "torch")
    assert (said.out, said.err) == ("", "")


def test_quiet_error(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """Also with -q an error has its reason (interface.md, "Exit status and errors")."""
    write_torch_index(tmp_path / "index", tag, labels=CUDA)
    said = pip.dry_run(f"{server.url}simple/", "-q", "torch", machine=OLD, status=1)
    assert OLD_WHY in said.err


def test_once(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """Who asks for a variant project twice, also through others, sees its banner once."""
    root = tmp_path / "index"
    write_torch_index(root, tag)
    files = [root / "simple/torch" / f"torch-2.8.0-{tag}-{label}.whl" for label in ALL]
    files.append(root / "simple/torch/torch-2.8.0-variants.json")
    app = torch_files(root / "files", "py3-none-any", [None], name="app", version="1.0")[0]
    write_simple_index(root, {"torch": files, "app": [app]})
    said = pip.dry_run(f"{server.url}simple/", "torch", "torch>=2", "app", "torch==2.8.0")
    assert said.out.count("variant_hash=") == 1
    assert said.out.count("Querying variant providers: started") == 1
    assert said.last == "Would install app-1.0 torch-2.8.0-cu129"


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
def test_bad_forced_value(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, machine: Machine, problem: str
) -> None:
    """A forced value that is none ends in exit status 1 and one sentence naming the variable."""
    write_torch_index(tmp_path / "index", tag)
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=machine, status=1)
    assert said.err == f"ERROR: {problem}\n"


@pytest.mark.parametrize("machine", [NEW, Machine("bad", "bad")], ids=["good", "bad"])
def test_enable_if_is_false(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, machine: Machine
) -> None:
    """A provider that is disabled for the environment is not asked, whatever is forced."""
    metadata = with_provider({"enable-if": "platform_system == 'Nowhere'"})
    files = torch_files(tmp_path / "index/files", tag, ALL, metadata=metadata)
    write_simple_index(tmp_path / "index", {"torch": files})
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=machine)
    assert said.out == (
        LOOKING
        + "Passed over cu126, cu128 and cu129 of torch 2.8.0:"
        + " nvidia: enabled only if platform_system == 'Nowhere'\n"
        + banner("00000000")
        + "Collecting torch\n"
        + "  Downloading INDEX/files/torch-2.8.0-TAG-00000000.whl (SIZE)\n"
        + "Would install torch-2.8.0-00000000\n"
    )
    assert said.err == ""


def test_provider_that_no_wheel_needs_is_not_asked(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Labels without a tag-compatible wheel cause no question to their provider."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, ["00000000"])
    files += torch_files(folder, "cp39-cp39-win32", CUDA)[:-1]
    write_simple_index(tmp_path / "index", {"torch": files})
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=Machine("bad", "bad"))
    assert said.out == (
        LOOKING
        + banner("00000000")
        + "Collecting torch\n"
        + "  Downloading INDEX/files/torch-2.8.0-TAG-00000000.whl (SIZE)\n"
        + "Would install torch-2.8.0-00000000\n"
    )
    assert said.err == ""


def test_pinned_by_a_hash(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """--require-hashes takes the one build whose hash is pinned, though a better one is there."""
    write_torch_index(tmp_path / "index", tag)
    wheel = tmp_path / "index/simple/torch" / f"torch-2.8.0-{tag}-cu126.whl"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    requirements = pip.folder / "requirements.txt"
    requirements.write_text(f"torch==2.8.0 --hash=sha256:{digest}\n")
    said = pip.dry_run(f"{server.url}simple/", "--require-hashes", "-r", "requirements.txt")
    assert (said.last, said.err) == ("Would install torch-2.8.0-cu126", "")
