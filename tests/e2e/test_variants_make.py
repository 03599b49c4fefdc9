"""`pip variants make`: variants of a finished wheel as installers and variantlib see them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.pips import Pip, installed_label
from tests.e2e.test_variantlib_wheels import PYPROJECT, VARIANTLIB
from tests.support.stand_in import IndexServer, write_simple_index, write_wheel
from tests.support.venvs import THIS_PYTHON, Venv, once, online_env, run

LABELS = {
    "fast": ("--label", "fast", "-p", "speed :: level :: fast"),
    "slow": ("--label", "slow", "-p", "speed :: level :: slow"),
    "null": ("--null",),
}
UV = "uv==0.13.9"


def make_all(pip: Pip, dest: Path) -> list[Path]:
    """Make every variant of a plain wheel, and their JSON; return the files."""
    (pip.folder / "pyproject.toml").write_text(PYPROJECT)
    wheel = write_wheel(pip.folder / "dist", "torch-2.8.0-py3-none-any.whl", requires=["numpy"])
    needed = "numpy; 'speed' not in variant_namespaces"
    options = ("--dest", dest, "--requires-dist-variant", needed, wheel)
    for label in LABELS.values():
        pip.run("variants", "make", *options, *label)
    pip.run("variants", "index", dest)
    return sorted(dest.iterdir())


def test_made_variants_are_chosen_installed_and_sound(
    own_pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """The best one is installed with its dependencies, and nothing in it is wrong."""
    root = tmp_path / "index"
    files = make_all(own_pip, root / "files")
    write_simple_index(root, {"torch": files})
    checked = own_pip.run("variants", "check", "--strict", root / "files")
    assert checked.stdout == "No findings in 4 files.\n"
    own_pip.run("install", "--index-url", f"{server.url}simple/", "torch")
    assert installed_label(own_pip) == "fast"
    run(own_pip.python, "-c", "import torch")
    own_pip.run("check")


def test_variantlib_reads_what_was_made(pip: Pip, tmp_path: Path) -> None:
    """Of each wheel it finds the label and the properties."""
    for wheel in make_all(pip, tmp_path / "made"):
        if wheel.suffix == ".whl":
            output = run(VARIANTLIB, "analyze-wheel", "-i", wheel, quiet=False)
            label = wheel.stem.rpartition("-")[2]
            assert f"Variant: `{label}`" in output
            assert (f"\nspeed :: level :: {label}\n" in output) == (label != "null")


@pytest.fixture
def uv(shared: Path, stock: Callable[[str], Venv]) -> Path:
    """Return uv, of the package index."""

    def make(root: Path) -> None:
        python = stock(THIS_PYTHON).copy(root).python
        command = (python, "-m", "pip", "install", "--no-deps", "--only-binary", ":all:", UV)
        done = subprocess.run(command, env=online_env(), capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"{UV} cannot be had from the package index")

    return once(shared / "uv", make) / "bin" / "uv"


def test_uv_installs_the_same_variant(
    pip: Pip, server: IndexServer, tmp_path: Path, uv: Path
) -> None:
    """With its preview features; static values need no provider."""
    root = tmp_path / "index"
    write_simple_index(root, {"torch": make_all(pip, root / "files")})
    target = tmp_path / "target"
    options = ("--preview", "--no-config", "--no-cache", "--no-deps", "--target", target)
    where = ("--python", pip.python, "--index-url", f"{server.url}simple/")
    run(uv, "pip", "install", *options, *where, "torch", quiet=False)
    (found,) = target.glob("torch-*.dist-info/variant.json")
    assert list(json.loads(found.read_text())["variants"]) == ["fast"]
