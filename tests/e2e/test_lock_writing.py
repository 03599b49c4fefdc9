"""`pip lock` with variants, and `pip freeze --variants`: what is written, and who can read it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from packaging.pylock import Pylock
from pip._vendor import tomli

from pip_variants.core.filenames import split_label
from tests.e2e.indexes import (
    ALL_LABELS,
    CPU_PLATFORM,
    GPU_PLATFORM,
    large_torch_wheels,
    write_index_by_variant,
    write_torch_release,
    write_variants_json,
)
from tests.e2e.pips import (
    MIDDLE_DRIVER,
    NEW_DRIVER,
    OLD_DRIVER,
    QUERY_FAILS,
    READS_LOCKS,
    Machine,
    Output,
    Pip,
    request_lines,
    title,
    whole_files,
)
from tests.support.stand_in import (
    TORCH_280,
    IndexServer,
    Listed,
    write_simple_index,
)
from tests.support.stand_in_wheel import Json
from tests.support.venvs import THIS_PYTHON, Venv


@pytest.fixture
def torch_index(tmp_path: Path, server: IndexServer, tag: str) -> str:
    """Return the address of an index with torch, whose dependencies depend on the variant."""
    write_index_by_variant(tmp_path / "index", tag, (*ALL_LABELS, None))
    return f"{server.url}simple/"


def lock(
    pip: Pip,
    url: str,
    *args: str,
    machine: Machine = MIDDLE_DRIVER,
    variants: str = "",
) -> Output:
    """Run `pip lock`; `variants` is the value of its variable."""
    command = ("lock", "--output", "pylock.toml", "--index-url", url)
    return pip.run(*command, *args, machine=machine, PIP_LOCK_VARIANTS=variants)


@pytest.fixture
def reader(patched_with: Callable[[str, str], Venv], pip: Pip) -> Pip:
    """Return a pip of ours that installs from locks, in the folder of the one that writes them."""
    return Pip(patched_with(READS_LOCKS[0], THIS_PYTHON).python, pip.folder, pip.tag)


def would_install(reader: Pip, lock: str, machine: Machine, *args: str) -> str:
    """Return what would be installed from a lock, without any index."""
    command = ("install", "--dry-run", "--no-index", "-r", lock, *args)
    return reader.run(*command, machine=machine).last_line


def packages_in(path: Path) -> dict[str, dict[str, Any]]:
    """Return the packages of a lock by name.

    But for the labels in the names of wheels it has to be valid for a tool without variants.
    """
    text = path.read_text("utf-8")
    found = tomli.loads(text)
    plain = tomli.loads(text)
    for package in plain["packages"]:
        for wheel in package.get("wheels", ()):
            wheel["name"] = split_label(wheel["name"].removesuffix(".whl"))[0] + ".whl"
    Pylock.from_dict(plain)
    return {package["name"]: package for package in found["packages"]}


def wheels_in(package: Mapping[str, Any]) -> list[str]:
    """Return the last parts of the names of the wheels: the label, or the platform."""
    return [wheel["name"].rsplit("-", 1)[1].removesuffix(".whl") for wheel in package["wheels"]]


def cut(*labels: str) -> Json:
    """Return the metadata of torch with these labels alone."""
    variants = TORCH_280["variants"]
    assert isinstance(variants, Mapping)
    return {**TORCH_280, "variants": {label: variants[label] for label in labels}}


@pytest.mark.every_release
def test_lock_has_the_metadata_of_the_locked_variant(
    pip: Pip, reader: Pip, torch_index: str
) -> None:
    """It is that of the index, in its revision, cut to the label that is locked and installed."""
    lock(pip, torch_index, "torch")
    packages = packages_in(pip.folder / "pylock.toml")
    assert list(packages) == ["always", "cuda-runtime", "torch"]
    assert wheels_in(packages["torch"]) == ["cu126"]
    assert packages["torch"]["variants-json"] == cut("cu126")
    assert "variants-json" not in packages["always"]
    assert would_install(reader, "pylock.toml", MIDDLE_DRIVER) == (
        "Would install always-1.0 cuda-runtime-1.0 torch-2.8.0-cu126"
    )


@pytest.mark.parametrize("origin", ["wheels", "address"])
def test_metadata_of_wheels_is_locked_where_there_is_no_other(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, origin: str
) -> None:
    """Their index has none, or the user gave a wheel by its address."""
    files = write_torch_release(tmp_path / "index", tag, ALL_LABELS)
    write_simple_index(tmp_path / "index", {"torch": files[:-1]})
    url = f"{server.url}simple/"
    given = {"wheels": "torch", "address": f"{server.url}files/{files[1].name}"}
    lock(pip, url, given[origin])
    torch = packages_in(pip.folder / "pylock.toml")["torch"]
    assert torch["variants-json"] == cut("cu126")
    assert ("archive" in torch) == (origin == "address")


@pytest.mark.every_release
def test_lock_of_all_variants_is_the_same_on_every_machine(
    pip: Pip, reader: Pip, torch_index: str
) -> None:
    """No provider is queried; it has each label, the plain wheel and what any of them needs.

    An installation takes one label and, as from any lock, all other packages.
    """
    output = lock(pip, torch_index, "--variants", "all", "torch", machine=QUERY_FAILS)
    packages = packages_in(pip.folder / "pylock.toml")
    assert list(packages) == ["always", "cpu-runtime", "cuda-runtime", "torch"]
    torch = packages["torch"]
    assert {*wheels_in(torch)[:-1]} == {*ALL_LABELS}
    assert len(torch["wheels"]) == len(ALL_LABELS) + 1
    assert all(len(wheel["hashes"]["sha256"]) == 64 for wheel in torch["wheels"])
    assert torch["variants-json"] == TORCH_280
    lines = [line.strip() for line in output.stdout.splitlines()]
    assert (
        "Needed by some of the variants of torch 2.8.0 only, but locked for all of them, because a"
        " lock has no conditions about variants: cuda-runtime (cu126, cu128 and cu129) and"
        " cpu-runtime (00000000)"
    ) in lines
    assert "Locked cu126, cu128, cu129, 00000000 and the plain wheel of torch 2.8.0" in lines
    assert "variant_hash" not in output.stdout
    assert "Querying" not in output.stdout
    for machine, label in ((NEW_DRIVER, "cu129"), (OLD_DRIVER, "00000000")):
        assert would_install(reader, "pylock.toml", machine) == (
            f"Would install always-1.0 cpu-runtime-1.0 cuda-runtime-1.0 torch-2.8.0-{label}"
        )


def test_variable_of_lock_means_the_option(pip: Pip, torch_index: str) -> None:
    """`PIP_LOCK_VARIANTS` is read by `pip lock` alone."""
    lock(pip, torch_index, "torch", variants="all")
    assert len(packages_in(pip.folder / "pylock.toml")["torch"]["wheels"]) == len(ALL_LABELS) + 1
    pip.dry_run(torch_index, "torch", PIP_LOCK_VARIANTS="all")


@pytest.mark.every_release
@pytest.mark.parametrize("core_metadata", [False, True], ids=["ranges", "PEP 658"])
def test_large_wheels_without_hashes_are_not_downloaded_for_the_lock(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, *, core_metadata: bool
) -> None:
    """The one that is chosen is; a line names the others, which no lock can have."""
    root = tmp_path / "index"
    wheels = large_torch_wheels(root / "files", tag, ALL_LABELS)
    listed = [Listed(path, hashed=False, core_metadata=core_metadata) for path in wheels]
    document = write_variants_json(root / "files")
    write_simple_index(root, {"torch": [*listed, Listed(document)]})
    output = lock(pip, f"{server.url}simple/", "--variants", "all", "torch")
    torch = packages_in(pip.folder / "pylock.toml")["torch"]
    (wheel,) = torch["wheels"]
    path = next(path for path in wheels if path.name == wheel["name"])
    assert wheel["hashes"] == {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    assert whole_files(server) == [f"/files/{path.name}"]
    name = path.name.replace(tag, "TAG")
    assert output.stdout.count(f"{name} is downloaded for its hash, which the lock needs") == 1
    assert torch["variants-json"] == cut("cu126")
    assert output.stderr.splitlines()[-1] == (
        "WARNING: cu128, cu129 and 00000000 of torch 2.8.0 are not in the lock, which needs a hash"
        " of each file: their page states none, and they are not downloaded for it"
    )


def test_required_hashes_choose_the_wheels_of_a_lock(pip: Pip, torch_index: str, tag: str) -> None:
    """A wheel that `--require-hashes` would refuse is not in the lock of all variants."""
    folder = pip.folder.parent / "index/files"
    names = [f"torch-2.8.0-{tag}-{label}.whl" for label in ("cu126", "cu129")]
    hashes = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names]
    line = f"torch==2.8.0 {' '.join(f'--hash=sha256:{item}' for item in hashes)}\n"
    (pip.folder / "r.txt").write_text(line)
    lock(pip, torch_index, "--variants=all", "--require-hashes", "--no-deps", "-r", "r.txt")
    torch = packages_in(pip.folder / "pylock.toml")["torch"]
    assert [wheel["hashes"] for wheel in torch["wheels"]] == [{"sha256": item} for item in hashes]
    assert torch["variants-json"] == cut("cu126", "cu129")


@pytest.mark.every_release
def test_each_of_several_platform_files_has_a_lock(pip: Pip, reader: Pip, torch_index: str) -> None:
    """Each lock has the variant for one machine and what that needs, in a file of that name."""
    (pip.folder / "gpu.toml").write_text(GPU_PLATFORM)
    (pip.folder / "cpu.toml").write_text(CPU_PLATFORM)
    files = ("--variant-platform", "gpu.toml", "--variant-platform", "cpu.toml")
    output = lock(pip, torch_index, *files, "torch", machine=QUERY_FAILS)
    expected = {"gpu": ("cu128", "cuda-runtime"), "cpu": ("00000000", "cpu-runtime")}
    for name, (label, runtime) in expected.items():
        packages = packages_in(pip.folder / f"pylock.{name}.toml")
        assert list(packages) == ["always", runtime, "torch"]
        assert wheels_in(packages["torch"]) == [label]
        assert packages["torch"]["variants-json"] == cut(label)
        assert f"Locking for '{name}.toml': pylock.{name}.toml\n" in output.stdout
        assert title("torch", "2.8.0", label) in output.stdout
        target = ("--variant-platform", f"{name}.toml")
        assert would_install(reader, f"pylock.{name}.toml", QUERY_FAILS, *target) == (
            f"Would install always-1.0 {runtime}-1.0 torch-2.8.0-{label}"
        )
    assert not (pip.folder / "pylock.toml").exists()


# A command with its options, and the exit status and the error, which comes before any request.
REFUSED: dict[str, tuple[Sequence[str], int, str]] = {
    "several platform files to install": (
        ("install", "--variant-platform", "gpu.toml", "--variant-platform", "cpu.toml"),
        2,
        (
            "option --variant-platform: several files; only `pip lock` and `pip variants mirror` do"
            " something for each"
        ),
    ),
    "several platform files of one name": (
        ("lock", "--variant-platform", "gpu.toml", "--variant-platform", "./gpu.toml"),
        1,
        (
            "ERROR: --variant-platform: the locks for 'gpu.toml' and './gpu.toml' would both be"
            " named 'pylock.gpu.toml'"
        ),
    ),
    "all variants for one machine": (
        ("lock", "--variants", "all", "--variant-platform", "gpu.toml"),
        1,
        "ERROR: --variants all is for every machine, --variant-platform for one",
    ),
    "all variants, without any": (
        ("lock", "--variants", "all", "--no-variants"),
        1,
        "ERROR: --variants all and --no-variants contradict each other",
    ),
    "other variants": (
        ("lock", "--variants", "some"),
        2,
        "option --variants: invalid choice: 'some' (choose from this, all)",
    ),
}


@pytest.mark.parametrize(("args", "status", "error"), REFUSED.values(), ids=REFUSED)
def test_options_that_make_no_sense_are_refused(
    pip: Pip, server: IndexServer, args: Sequence[str], status: int, error: str
) -> None:
    """The error is pip's own for the options of a command."""
    (pip.folder / "gpu.toml").write_text(GPU_PLATFORM)
    (pip.folder / "cpu.toml").write_text(CPU_PLATFORM)
    output = pip.run(*args, "--index-url", f"{server.url}simple/", "torch", status=status)
    assert output.stderr.splitlines()[-1] == error
    assert request_lines(server) == []


# What is typed, in spite of variables for a platform file and for all variants, and the labels.
TYPED: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "another platform file": (("--variant-platform", "cpu.toml"), ["00000000"]),
    "all variants": (("--variants", "all", "--no-deps"), sorted(ALL_LABELS)),
}


@pytest.mark.parametrize(("args", "labels"), TYPED.values(), ids=TYPED)
def test_what_is_typed_is_in_place_of_what_is_configured(
    pip: Pip, torch_index: str, args: Sequence[str], labels: Sequence[str]
) -> None:
    """A file in a variable is not one of several, and contradicts nothing that is typed."""
    (pip.folder / "gpu.toml").write_text(GPU_PLATFORM)
    (pip.folder / "cpu.toml").write_text(CPU_PLATFORM)
    command = ("lock", "--output", "pylock.toml", "--index-url", torch_index, *args, "torch")
    pip.run(*command, machine=QUERY_FAILS, PIP_VARIANT_PLATFORM="gpu.toml", PIP_LOCK_VARIANTS="all")
    torch = packages_in(pip.folder / "pylock.toml")["torch"]
    assert sorted(torch["variants-json"]["variants"]) == labels


def test_freeze_names_labels_if_requested(own_pip: Pip, cu126_index: str) -> None:
    """Our pip installs what `pip freeze --variants` writes, whatever fits this machine better."""
    assert own_pip.run("freeze").stdout == "torch==2.8.0\n"
    assert own_pip.run("freeze", PIP_FREEZE_VARIANTS="1").stdout == "torch==2.8.0#cu126\n"
    (own_pip.folder / "old.txt").write_text("# the GPU\ntorch#cu126\n")
    frozen = own_pip.run("freeze", "--variants", "-r", "old.txt").stdout
    assert frozen.splitlines()[:2] == ["# the GPU", "torch==2.8.0#cu126"]
    (own_pip.folder / "frozen.txt").write_text(frozen)
    own_pip.run("uninstall", "--yes", "--quiet", "torch")
    output = own_pip.dry_run(cu126_index, "-r", "frozen.txt")
    assert output.last_line == "Would install torch-2.8.0-cu126"


def test_freeze_keeps_the_address_of_a_variant(own_pip: Pip, cu126_index: str) -> None:
    """The file that an address names is the variant: its line needs no label."""
    wheel = f"{cu126_index}torch/torch-2.8.0-{own_pip.tag}-cu128.whl"
    own_pip.run("install", "--quiet", "--force-reinstall", wheel)
    frozen = own_pip.run("freeze", "--variants").stdout
    assert frozen.startswith("torch @ INDEX/simple/torch/torch-2.8.0-TAG-cu128.whl#sha256=")
