"""Wheels and metadata that variantlib makes of a real project."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.e2e.pips import QUERY_FAILS, Pip
from tests.support.stand_in import IndexServer, write_simple_index, write_wheel
from tests.support.venvs import THIS_PYTHON, Venv, offline_env, once, online_env, run

PROJECT = "MarkupSafe==3.0.2"
VARIANTLIB = Path(sys.executable).with_name("variantlib")


# Static values, so that no provider is needed.
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


@pytest.fixture(scope="session")
def variantlib_wheels(shared: Path, stock: Callable[[str], Venv]) -> Path:
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


def copy_wheels(variantlib_wheels: Path, root: Path) -> Path:
    """Copy the wheels, which only describe themselves, and return their folder."""
    return Path(shutil.copytree(variantlib_wheels, root / "folder"))


def copy_wheels_with_json(variantlib_wheels: Path, root: Path) -> Path:
    """Copy the wheels, let variantlib write their variants JSON, and return the folder."""
    folder = copy_wheels(variantlib_wheels, root)
    run(VARIANTLIB, "generate-index-json", "--directory", folder, quiet=False)
    assert [file.name for file in folder.glob("*.json")] == ["MarkupSafe-3.0.2-variants.json"]
    return folder


README = Path(__file__).parents[2] / "README.md"


def test_author_example_of_the_readme_works_as_printed(pip: Pip) -> None:
    """The commands print what the README shows; only what is built is a stand-in."""
    _, _, section = README.read_text("utf-8").partition("## For people who publish variants\n")
    section = section.partition("Publish the folder")[0]
    blocks = re.findall(r"\n\n((?:    .*\n|\n(?=    ))+)", section)
    metadata, *examples = map(textwrap.dedent, blocks)
    (pip.folder / "pyproject.toml").write_text(metadata)
    for level in ("v1", "v2", "v3"):
        write_wheel(pip.folder / "dist" / level, "bitarray-3.12.3-py3-none-linux_x86_64.whl")
    path = os.pathsep.join(map(str, [pip.python.parent, VARIANTLIB.parent, os.environ["PATH"]]))
    shown, printed = [], []
    for line in "".join(examples).splitlines():
        if not line.startswith("$ "):
            shown.append(line)
        elif "pip wheel" not in line:
            done = subprocess.run(
                ["bash", "-c", line[2:]],
                cwd=pip.folder,
                env={**offline_env(), "PATH": path},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            printed += done.stdout.splitlines()
    assert len(printed) == len(shown) == 18
    for line, expected in zip(printed, shown, strict=True):
        assert re.fullmatch(re.escape(expected).replace("…", ".*"), line.rstrip())


FOLDERS = [
    pytest.param(copy_wheels, id="wheels alone"),
    pytest.param(copy_wheels_with_json, id="with variantlib's JSON"),
]


@pytest.mark.parametrize("fill", FOLDERS)
@pytest.mark.parametrize("served", [False, True], ids=["local", "served"])
def test_best_variantlib_wheel_is_installed(
    own_pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    variantlib_wheels: Path,
    fill: Callable[[Path, Path], Path],
    *,
    served: bool,
) -> None:
    """The best variant is installed and named, and its C extension can be imported."""
    root = tmp_path / "index"
    source = str(fill(variantlib_wheels, root))
    if served:
        write_simple_index(root, {"markupsafe": sorted(Path(source).iterdir())})
        source = f"{server.url}simple/markupsafe/"
    install = ("install", "--no-index", "--find-links", source, "markupsafe")
    output = own_pip.run(*install, machine=QUERY_FAILS)
    title = " markupsafe==3.0.2; variant_hash=fast "
    assert (
        f"\n{title:#^80}\nVariant-property: speed :: level :: fast\n{'#' * 80}\n\n" in output.stdout
    )
    assert "Querying" not in output.stdout
    assert (output.last_line, output.stderr) == ("Successfully installed markupsafe-3.0.2-fast", "")
    code = "from markupsafe import _speedups; print(_speedups._escape_inner('<'))"
    assert own_pip.run_python("-c", code).stdout == "&lt;\n"
    code = "import importlib.metadata as m; print(m.distribution('markupsafe').read_text({!r}))"
    installed = json.loads(own_pip.run_python("-c", code.format("variant.json")).stdout)
    assert installed["variants"] == {"fast": {"speed": {"level": ["fast"]}}}


@pytest.mark.parametrize("fill", FOLDERS)
def test_static_values_order_the_variantlib_wheels(
    pip: Pip, tmp_path: Path, variantlib_wheels: Path, fill: Callable[[Path, Path], Path]
) -> None:
    """The order of the static values is the order of the wheels, and null is the last."""
    folder = fill(variantlib_wheels, tmp_path)
    find = ("install", "--dry-run", "--no-index", "--find-links", str(folder), "markupsafe")
    for label in LABELS:
        output = pip.run(*find, machine=QUERY_FAILS)
        assert (output.last_line, output.stderr) == (f"Would install MarkupSafe-3.0.2-{label}", "")
        next(folder.glob(f"*-{label}.whl")).unlink()
