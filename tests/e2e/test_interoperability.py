"""Wheels and metadata that variantlib makes of a real project, installed by the patched pip."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from stand_in import IndexServer, write_simple_index

from tests.e2e.pips import Machine, Pip
from tests.venvs import THIS_PYTHON, Venv, once, online_env, run

PROJECT = "MarkupSafe==3.0.2"
VARIANTLIB = Path(sys.executable).with_name("variantlib")
# Static values in the metadata itself, so that nothing has to be plugged in anywhere.
PYPROJECT = """\
[variant.default-priorities]
namespace = ["speed"]

[variant.providers.speed.static-properties]
level = ["fast", "slow"]
"""
LABELS: Mapping[str, tuple[str, ...]] = {
    "fast": ("--property", "speed::level::fast", "--variant-label", "fast"),
    "slow": ("--property", "speed::level::slow", "--variant-label", "slow"),
    "null": ("--null-variant",),
}
NOBODY = Machine("bad", "bad")
"""A machine on which asking the nvidia provider would be an error."""


@pytest.fixture(scope="session")
def variants(shared: Path, stock: Callable[[str], Venv]) -> Path:
    """Return a folder with two variants and a null variant of a wheel with a C extension."""

    def make(root: Path) -> None:
        plain = root.with_name("real-wheel")
        download = ("download", "--no-deps", "--only-binary", ":all:", "--dest", plain, PROJECT)
        done = subprocess.run(
            [str(part) for part in (stock(THIS_PYTHON).python, "-m", "pip", *download)],
            env=online_env(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"{PROJECT} cannot be downloaded: {done.stderr.splitlines()[-1]}")
        (wheel,) = plain.glob("*.whl")
        root.mkdir()
        pyproject = plain / "pyproject.toml"
        pyproject.write_text(PYPROJECT)
        for options in LABELS.values():
            command = (VARIANTLIB, "make-variant", "--no-isolation", "--pyproject-toml", pyproject)
            run(*command, "--file", wheel, "--output-directory", root, *options, quiet=False)

    return once(shared / "variantlib-wheels", make)


def as_folder(variants: Path, root: Path) -> Path:
    """Return a folder of wheels that only describe themselves."""
    return Path(shutil.copytree(variants, root / "folder"))


def as_indexed_folder(variants: Path, root: Path) -> Path:
    """Return the same folder with the JSON that variantlib makes of it."""
    folder = as_folder(variants, root)
    run(VARIANTLIB, "generate-index-json", "--directory", folder, quiet=False)
    assert [file.name for file in folder.glob("*.json")] == ["MarkupSafe-3.0.2-variants.json"]
    return folder


FOLDERS = [
    pytest.param(as_folder, id="wheels alone"),
    pytest.param(as_indexed_folder, id="with variantlib's JSON"),
]


@pytest.mark.parametrize("fill", FOLDERS)
@pytest.mark.parametrize("served", [False, True], ids=["local", "served"])
def test_install(
    own_pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    variants: Path,
    fill: Callable[[Path, Path], Path],
    *,
    served: bool,
) -> None:
    """The best variant is installed, its extension can be imported, and pip says which it is."""
    root = tmp_path / "index"
    source = str(fill(variants, root))
    if served:
        write_simple_index(root, {"markupsafe": sorted(Path(source).iterdir())})
        source = f"{server.url}simple/markupsafe/"
    install = ("install", "--no-index", "--find-links", source, "markupsafe")
    said = own_pip.run(*install, machine=NOBODY)
    title = " markupsafe==3.0.2; variant_hash=fast "
    assert f"\n{title:#^80}\nVariant-property: speed :: level :: fast\n{'#' * 80}\n\n" in said.out
    assert "Querying" not in said.out
    assert (said.last, said.err) == ("Successfully installed markupsafe-3.0.2-fast", "")
    code = "from markupsafe import _speedups; print(_speedups._escape_inner('<'))"
    assert own_pip.start("-c", code).out == "&lt;\n"
    code = "import importlib.metadata as m; print(m.distribution('markupsafe').read_text({!r}))"
    installed = json.loads(own_pip.start("-c", code.format("variant.json")).out)
    assert installed["variants"] == {"fast": {"speed": {"level": ["fast"]}}}


@pytest.mark.parametrize("fill", FOLDERS)
def test_order(
    pip: Pip, tmp_path: Path, variants: Path, fill: Callable[[Path, Path], Path]
) -> None:
    """The order of the static values is the order of the wheels, and null is the last."""
    folder = fill(variants, tmp_path)
    find = ("install", "--dry-run", "--no-index", "--find-links", str(folder), "markupsafe")
    for label in LABELS:
        said = pip.run(*find, machine=NOBODY)
        assert (said.last, said.err) == (f"Would install MarkupSafe-3.0.2-{label}", "")
        next(folder.glob(f"*-{label}.whl")).unlink()
