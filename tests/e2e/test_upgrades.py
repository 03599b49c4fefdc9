"""Upgrades to variants of a newer version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.indexes import (
    ALL_LABELS,
    CUDA_LABELS,
    PURE_TAG,
    cuda,
    torch_files,
    with_variants,
    write_torch_release,
)
from tests.e2e.pips import OLD_DRIVER, OLD_DRIVER_REASON, Pip, each_resolver
from tests.support.stand_in import IndexServer, write_simple_index, write_wheel
from tests.support.venvs import THIS_PYTHON, Venv, once


@pytest.fixture
def pip_with_torch_270(shared: Path, pip: Pip, patched: Callable[[str], Venv], tag: str) -> Pip:
    """Return the pip of a shared venv with a variant of torch 2.7.0 and app 1.0."""

    def make(root: Path) -> None:
        venv = patched(THIS_PYTHON).copy(root, link=True)
        metadata = with_variants({"cu118": cuda("11.8")})
        wheels = root.with_name("installed-wheels")
        torch_files(wheels, tag, ["cu118"], version="2.7.0", metadata=metadata)
        write_wheel(wheels, f"app-1.0-{PURE_TAG}.whl", requires=["torch"])
        local = ("install", "--quiet", "--no-index", "--find-links", wheels, "app")
        Pip(venv.python, pip.folder, tag).run(*local)

    venv = Venv(once(shared / "installed", make))
    return Pip(venv.python, pip.folder, tag)


# With torch 2.7.0 installed: the arguments, and what pip would install (None: nothing).
UPGRADES = {
    "satisfied": (("torch",), None),
    "upgrade": (("--upgrade", "torch"), "torch-2.8.0-cu129"),
    "a newer one": (("torch>=2.8",), "torch-2.8.0-cu129"),
    "only if needed": (("--upgrade", "app"), "app-1.1"),
    "eager": (
        ("--upgrade", "--upgrade-strategy", "eager", "app"),
        "app-1.1 torch-2.8.0-cu129",
    ),
    "force": (("--force-reinstall", "torch"), "torch-2.8.0-cu129"),
    "force the same": (("--force-reinstall", "torch==2.7.0"), "torch-2.7.0-cu118"),
    "force a dependency": (("--force-reinstall", "app"), "app-1.1 torch-2.8.0-cu129"),
    "ignore": (("--ignore-installed", "app==1.0"), "app-1.0 torch-2.8.0-cu129"),
    "without dependencies": (("--upgrade", "--no-deps", "app"), "app-1.1"),
}


@each_resolver
@pytest.mark.parametrize("case", UPGRADES)
def test_upgrade_options_decide_before_the_variants(
    pip_with_torch_270: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    case: str,
    resolver: tuple[str, ...],
) -> None:
    """The upgrade options have their usual effect, and the best variant is selected."""
    args, selected = UPGRADES[case]
    root = tmp_path / "index"
    older = with_variants({"cu118": cuda("11.8")})
    files = torch_files(root / "files", tag, ["cu118"], version="2.7.0", metadata=older)
    files += torch_files(root / "files", tag, ALL_LABELS)
    apps = [
        write_wheel(root / "files", f"app-{version}-{PURE_TAG}.whl", requires=["torch"])
        for version in ("1.0", "1.1")
    ]
    write_simple_index(root, {"torch": files, "app": apps})
    output = pip_with_torch_270.dry_run(f"{server.url}simple/", *resolver, *args)
    assert output.stderr == ""
    would = [line for line in output.stdout.splitlines() if line.startswith("Would install")]
    assert would == ([f"Would install {selected}"] if selected else [])
    assert bool(server.requested(".json")) == bool(selected and "torch" in selected)


def test_upgrade_without_fitting_variant_stays_with_a_reason(
    pip_with_torch_270: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """The installed version stays if no newer file fits, and a line has the reason."""
    write_torch_release(tmp_path / "index", tag, CUDA_LABELS)
    output = pip_with_torch_270.dry_run(
        f"{server.url}simple/", "--upgrade", "torch", machine=OLD_DRIVER
    )
    assert (
        f"Passed over cu126, cu128 and cu129 of torch 2.8.0: {OLD_DRIVER_REASON}\n" in output.stdout
    )
    assert "Would install" not in output.stdout


@each_resolver
def test_upgrade_replaces_the_older_variant(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, resolver: tuple[str, ...]
) -> None:
    """The older variant is uninstalled, the newer one installed, and freeze agrees."""
    folder = tmp_path / "index/files"
    older = with_variants({"cu118": cuda("11.8")})
    files = torch_files(folder, tag, ["cu118"], version="2.7.0", metadata=older)
    files += torch_files(folder, tag, ALL_LABELS)
    write_simple_index(tmp_path / "index", {"torch": files})
    install = ("install", *resolver, "--index-url", f"{server.url}simple/")
    own_pip.run(*install, "torch<2.8")
    output = own_pip.run(*install, "--upgrade", "torch")
    assert "Successfully uninstalled torch-2.7.0\n" in output.stdout
    assert output.last_line == "Successfully installed torch-2.8.0-cu129"
    assert own_pip.run_python("-c", "import torch").stdout == "torch 2.8.0, build cu129\n"
    assert own_pip.run("freeze").stdout == "torch==2.8.0\n"
