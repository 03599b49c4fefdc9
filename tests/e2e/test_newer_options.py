"""Options that only newer releases of pip have, with projects that have variants."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.indexes import write_torch_projects
from tests.e2e.pips import (
    NEW_DRIVER,
    OLD_DRIVER,
    Machine,
    Pip,
    installed_label,
    request_lines,
)
from tests.e2e.test_variant_markers import (
    NULL,
    PLAIN,
    VARIANT,
    expected_dependencies,
    marked_requirements,
    write_app,
)
from tests.support.stand_in import IndexServer, write_torch_index

pytestmark = pytest.mark.every_release

TRUSTED = ("--trusted-host", "127.0.0.1")
"""pip caches the responses of no other host without https."""


@pytest.fixture
def needs(pip: Pip) -> Callable[[str], None]:
    """Return a function that skips the test if this release of pip has no such option."""

    def check(option: str) -> None:
        if f"  {option} " not in pip.run("install", "--help").stdout:
            pytest.skip(f"this release of pip has no {option}")

    return check


@pytest.mark.parametrize(
    ("label", "core_metadata"), [(VARIANT, False), (VARIANT, True), (NULL, False), (PLAIN, False)]
)
def test_only_deps_evaluates_the_markers_for_the_selected_variant(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    needs: Callable[[str], None],
    label: str,
    *,
    core_metadata: bool,
) -> None:
    """The dependencies are those of the variant, which itself would not be installed."""
    needs("--only-deps")
    write_app(tmp_path / "index", label, marked_requirements(), core_metadata=core_metadata)
    output = pip.dry_run(f"{server.url}simple/", "--only-deps", "app[gpu]")
    names = sorted(f"{name}-1.0" for name in expected_dependencies(label))
    assert (output.last_line, output.stderr) == (f"Would install {' '.join(names)}", "")


def test_only_deps_installs_the_variant_of_a_dependency(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, needs: Callable[[str], None]
) -> None:
    """A dependency that has variants gets the one that fits; the project stays away."""
    needs("--only-deps")
    write_torch_projects(tmp_path / "index", tag)
    output = own_pip.run("install", "--index-url", f"{server.url}simple/", "--only-deps", "app")
    assert output.last_line == "Successfully installed torch-2.8.0-cu129"
    assert installed_label(own_pip) == "cu129"
    assert "app" not in own_pip.run("freeze").stdout


def test_only_deps_leaves_an_installed_variant_that_does_not_fit(
    own_pip: Pip, cu126_index: str, needs: Callable[[str], None]
) -> None:
    """The project is named for its dependencies alone: its variant is not replaced."""
    needs("--only-deps")
    command = ("install", "--index-url", cu126_index, "--only-deps", "torch")
    output = own_pip.run(*command, machine=OLD_DRIVER)
    assert "installed torch" not in output.stdout
    assert installed_label(own_pip) == "cu126"


def write_script(folder: Path, dependency: str) -> str:
    """Write a script with one dependency as its metadata has it (PEP 723); return its name."""
    text = f"# /// script\n# dependencies = [{json.dumps(dependency)}]\n# ///\n"
    (folder / "script.py").write_text(text)
    return "script.py"


@pytest.mark.parametrize(
    ("options", "machine", "label"),
    [
        ((), NEW_DRIVER, "cu129"),
        ((), OLD_DRIVER, "00000000"),
        (("--variant", "torch=cu126"), NEW_DRIVER, "cu126"),
    ],
    ids=["new driver", "old driver", "requested"],
)
def test_dependency_of_a_script_gets_its_variant(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    needs: Callable[[str], None],
    options: tuple[str, ...],
    machine: Machine,
    label: str,
) -> None:
    """The variant that fits this machine, or the requested one."""
    needs("--requirements-from-script")
    write_torch_projects(tmp_path / "index", tag, (None, "00000000", "cu126", "cu129"))
    script = ("--requirements-from-script", write_script(pip.folder, "torch"))
    output = pip.dry_run(f"{server.url}simple/", *options, *script, machine=machine)
    assert (output.last_line, output.stderr) == (f"Would install torch-2.8.0-{label}", "")


def test_label_in_the_metadata_of_a_script_is_refused(
    pip: Pip, server: IndexServer, needs: Callable[[str], None]
) -> None:
    """Other tools read this metadata, too, and the standard has no labels."""
    needs("--requirements-from-script")
    script = ("--requirements-from-script", write_script(pip.folder, "torch==2.8.0#cu126"))
    output = pip.dry_run(f"{server.url}simple/", *script, status=1)
    assert output.stderr.startswith("ERROR: Invalid requirement: 'torch==2.8.0#cu126': ")
    assert request_lines(server) == []


@pytest.mark.parametrize(
    ("name", "label"), [("app", "cu126"), ("Torch", "cu129"), (":all:", "cu129")]
)
def test_refresh_package_finds_a_variant_that_was_just_published(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    needs: Callable[[str], None],
    name: str,
    label: str,
) -> None:
    """The page is revalidated, and the variants JSON fetched whose hash it then has."""
    needs("--refresh-package")
    server.cacheable = True
    index = f"{server.url}simple/"
    write_torch_index(tmp_path / "index", tag, labels=["00000000", "cu126"])
    assert pip.dry_run(index, *TRUSTED, "torch").last_line == "Would install torch-2.8.0-cu126"
    write_torch_index(tmp_path / "index", tag)
    server.requests.clear()
    output = pip.dry_run(index, *TRUSTED, "--refresh-package", name, "torch")
    assert output.last_line == f"Would install torch-2.8.0-{label}"
    assert ("GET /simple/torch/ 200" in request_lines(server)) == (label == "cu129")


def test_refresh_package_counts_for_pip_variants(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, needs: Callable[[str], None]
) -> None:
    """`pip variants explain` shows what `pip install` would take with the same option."""
    needs("--refresh-package")
    server.cacheable = True
    explain = ("variants", "explain", "--index-url", f"{server.url}simple/", *TRUSTED)
    write_torch_index(tmp_path / "index", tag, labels=["00000000", "cu126"])
    assert "Selected: torch-2.8.0-TAG-cu126.whl\n" in pip.run(*explain, "torch").stdout
    write_torch_index(tmp_path / "index", tag)
    assert "Selected: torch-2.8.0-TAG-cu126.whl\n" in pip.run(*explain, "torch").stdout
    refreshed = pip.run(*explain, "--refresh-package", "torch", "torch").stdout
    assert "Selected: torch-2.8.0-TAG-cu129.whl\n" in refreshed
