"""Variants in download, wheel, index versions, freeze, uninstall, cache and the install report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.indexes import (
    ALL_LABELS,
    CU126_PROPERTIES,
    CUDA_LABELS,
    PURE_TAG,
    torch_files,
    write_torch_release,
)
from tests.e2e.pips import (
    MIDDLE_DRIVER,
    NEW_DRIVER,
    OLD_DRIVER,
    OLD_DRIVER_REASON,
    Machine,
    Pip,
    banner,
    request_lines,
    would_download,
)
from tests.support.stand_in import (
    IndexServer,
    Reply,
    write_simple_index,
    write_torch_index,
    write_wheel,
)
from tests.support.venvs import PYTHONS, THIS_PYTHON, Venv, interpreter


@pytest.mark.parametrize(
    "command",
    [("download", "--dest", "wheels"), ("wheel", "--wheel-dir", "wheels")],
    ids=["download", "wheel"],
)
@pytest.mark.parametrize(
    ("machine", "label"),
    [(NEW_DRIVER, "cu129"), (MIDDLE_DRIVER, "cu126"), (OLD_DRIVER, "00000000")],
)
def test_download_and_wheel_save_the_selected_variant(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    command: tuple[str, ...],
    machine: Machine,
    label: str,
) -> None:
    """`pip download` and `pip wheel` save the selected variant alone, under its own name."""
    write_torch_release(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    output = pip.run(*command, "--index-url", url, "torch", machine=machine)
    names = [file.name for file in (pip.folder / "wheels").iterdir()]
    assert (names, output.stderr) == ([f"torch-2.8.0-{tag}-{label}.whl"], "")


def test_downloaded_variant_is_selected_from_its_folder(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A folder that `pip download` filled serves machines like the one that filled it."""
    write_torch_release(tmp_path / "index", tag, ALL_LABELS)
    url = f"{server.url}simple/"
    pip.run("download", "--dest", "wheels", "--index-url", url, "torch", machine=MIDDLE_DRIVER)
    offline = ("install", "--dry-run", "--no-index", "--find-links", "wheels", "torch")
    assert pip.run(*offline, machine=NEW_DRIVER).last_line == "Would install torch-2.8.0-cu126"
    output = pip.run(*offline, machine=OLD_DRIVER, status=1)
    assert f"Passed over cu126 of torch 2.8.0: {OLD_DRIVER_REASON}\n" in output.stdout


def test_index_versions_lists_variants_from_the_page_alone(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """`pip index versions` lists versions that have only variants, and requests only the page."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, ALL_LABELS)
    files += torch_files(folder, "cp39-cp39-win32", ["cu129"], version="2.9.0")
    files += torch_files(folder, tag, [None], version="2.7.0")
    write_simple_index(tmp_path / "index", {"torch": files})
    output = pip.run("index", "versions", "--index-url", f"{server.url}simple/", "torch")
    assert output.stdout == "torch (2.8.0)\nAvailable versions: 2.8.0, 2.7.0\n"
    assert request_lines(server) == ["GET /simple/torch/ 200"]


def test_target_option_installs_the_selected_variant(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """`--target` installs the selected variant into a folder."""
    write_torch_release(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    output = pip.run(
        "install", "--target", "lib", "--index-url", url, "torch", machine=MIDDLE_DRIVER
    )
    assert output.last_line == "Successfully installed torch-2.8.0-cu126"
    installed = {path.name for path in (pip.folder / "lib").iterdir()}
    assert installed == {"torch", "torch-2.8.0.dist-info"}
    done = pip.run_python("-c", "import sys; sys.path.insert(0, 'lib'); import torch")
    assert done.stdout == "torch 2.8.0, build cu126\n"


@pytest.mark.parametrize(
    ("machine", "variant"),
    [
        (MIDDLE_DRIVER, {"label": "cu126", "properties": list(CU126_PROPERTIES)}),
        (OLD_DRIVER, {"label": "00000000", "properties": []}),
    ],
    ids=["variant", "null"],
)
def test_report_names_only_selected_variants(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    machine: Machine,
    variant: dict[str, object],
) -> None:
    """`--report` has the variant of torch, and the item of a plain wheel is unchanged."""
    root = tmp_path / "index"
    app = write_wheel(root / "files", f"app-1.0-{PURE_TAG}.whl", requires=["torch"])
    write_simple_index(root, {"torch": torch_files(root / "files", tag, ALL_LABELS), "app": [app]})
    output = pip.dry_run(f"{server.url}simple/", "--quiet", "--report", "-", "app", machine=machine)
    items = {item["metadata"]["name"]: item for item in json.loads(output.stdout)["install"]}
    assert items["torch"]["variant"] == variant
    assert items["torch"]["download_info"]["url"].endswith(f"-{variant['label']}.whl")
    assert set(items) == {"app", "torch"}
    assert "variant" not in items["app"]


def test_install_report_file_names_the_variant(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A real install writes the same report into a file."""
    write_torch_release(tmp_path / "index", tag, (None, *CUDA_LABELS))
    install = ("install", "--quiet", "--index-url", f"{server.url}simple/", "--report", "r.json")
    own_pip.run(*install, "torch", machine=MIDDLE_DRIVER)
    (item,) = json.loads((own_pip.folder / "r.json").read_text())["install"]
    assert item["variant"] == {"label": "cu126", "properties": list(CU126_PROPERTIES)}
    own_pip.run(*install, "--force-reinstall", "torch", machine=OLD_DRIVER)
    (item,) = json.loads((own_pip.folder / "r.json").read_text())["install"]
    assert item["download_info"]["url"].endswith(f"torch-2.8.0-{tag}.whl")
    assert "variant" not in item


def test_cached_wheel_is_not_downloaded_again(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """With a warm HTTP cache the selection is the same, and the wheel is not downloaded again."""
    write_torch_index(tmp_path / "index", tag)
    for suffix in ("whl", "json"):
        for file in (tmp_path / "index/simple/torch").glob(f"*.{suffix}"):
            path = f"/simple/torch/{file.name}"
            server.replies[path] = Reply(headers=(("Cache-Control", "max-age=9999"),))
    options = (f"{server.url}simple/", "--trusted-host", "127.0.0.1", "torch")
    first = pip.dry_run(*options)
    server.requests.clear()
    second = pip.dry_run(*options)
    planned = would_download("simple/torch/torch-2.8.0-TAG-cu129.whl")
    assert planned in first.stdout
    # It is so small that it came whole, and what is cached would not be downloaded.
    assert second.stdout == first.stdout.replace(planned, "")
    assert server.requested(".whl") == []


def test_no_cache_dir_selects_alike_without_cache(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """`--no-cache-dir` changes nothing of the selection and writes no cache."""
    write_torch_index(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    output = [pip.dry_run(url, "--no-cache-dir", "torch") for _ in range(2)]
    assert output[0] == output[1]
    assert output[0].last_line == "Would install torch-2.8.0-cu129"
    assert not (pip.folder / "cache").exists()


def test_cache_purge_removes_all_variant_files(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """`pip cache purge` removes all that variants have cached, which `pip cache list` omits."""
    write_torch_index(tmp_path / "index", tag)
    pip.dry_run(f"{server.url}simple/", "torch")
    assert pip.run("cache", "list").stdout == "No locally built wheels cached.\n"
    assert pip.run("cache", "purge").stdout.startswith("Files removed: ")
    assert [path for path in (pip.folder / "cache").rglob("*") if path.is_file()] == []
    assert (
        pip.dry_run(f"{server.url}simple/", "torch").last_line == "Would install torch-2.8.0-cu129"
    )


def test_freeze_output_is_installable_by_stock_pip(
    own_pip: Pip, stock_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """`pip freeze` writes the version without the label, as a stock pip can install it."""
    write_torch_release(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    own_pip.run("install", "--quiet", "--index-url", url, "torch")
    frozen = own_pip.run("freeze").stdout
    assert frozen == "torch==2.8.0\n"
    (stock_pip.folder / "frozen.txt").write_text(frozen)
    assert stock_pip.dry_run(url, "-r", "frozen.txt").last_line == "Would install torch-2.8.0"


def test_uninstall_restores_the_environment_exactly(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """After installing and uninstalling a variant no file is left or changed."""
    write_torch_release(tmp_path / "index", tag)
    venv = Venv(own_pip.python.parents[1])
    before = venv.files()
    own_pip.run("install", "--quiet", "--index-url", f"{server.url}simple/", "torch")
    assert venv.files() != before
    own_pip.run("uninstall", "-y", "torch")
    assert venv.files() == before


other_pythons = pytest.mark.parametrize(
    "version",
    [
        pytest.param(
            version,
            marks=pytest.mark.skipif(
                interpreter(version) is None, reason=f"no python{version} on PATH that starts"
            ),
        )
        for version in PYTHONS
        if version != THIS_PYTHON
    ],
)


@other_pythons
def test_other_interpreter_uses_its_own_tags(
    pip: Pip,
    stock: Callable[[str], Venv],
    server: IndexServer,
    tmp_path: Path,
    version: str,
) -> None:
    """`--python OTHER` finds the engine and judges wheels by the tags of that interpreter."""
    digits = version.replace(".", "")
    folder = tmp_path / "index/files"
    files = torch_files(folder, f"cp{digits}-none-any", ALL_LABELS)[:-1]
    this_tag = f"cp{THIS_PYTHON.replace('.', '')}-none-any"
    files += torch_files(folder, this_tag, ALL_LABELS)
    write_simple_index(tmp_path / "index", {"torch": files})
    other = stock(version).copy(tmp_path / "other", link=True)
    command = ("--python", other.python, "install", "--index-url", f"{server.url}simple/", "torch")
    output = pip.run(*command, machine=MIDDLE_DRIVER)
    assert banner("cu126", *CU126_PROPERTIES) in output.stdout
    assert (output.last_line, output.stderr) == ("Successfully installed torch-2.8.0-cu126", "")
    assert f" torch-2.8.0-cp{digits}-none-any-cu126.whl " in output.stdout
    assert other.run("-c", "import torch") == "torch 2.8.0, build cu126\n"
