"""Folders and pages of wheels that --find-links names."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.indexes import (
    ABI_METADATA,
    ALL_LABELS,
    CU129_PROPERTIES,
    CUDA_LABELS,
    FEW_PIECES,
    PURE_TAG,
    large_torch_wheels,
    torch_files,
    wheel_bytes_sent,
    write_variants_json,
)
from tests.e2e.pips import NEW_DRIVER, OLD_DRIVER, QUERYING, READING, Pip, banner, request_lines
from tests.support.stand_in import TORCH_280, IndexServer, write_simple_index, write_wheel


@pytest.mark.parametrize("with_json", [True, False], ids=["with JSON", "without JSON"])
def test_folder_works_with_and_without_variants_json(
    pip: Pip, tmp_path: Path, tag: str, *, with_json: bool
) -> None:
    """A folder of wheels is a source, with or without the variants JSON in it."""
    folder = tmp_path / "wheels"
    document = torch_files(folder, tag, (None, *ALL_LABELS))[-1]
    if not with_json:
        document.unlink()
    find = ("install", "--dry-run", "--no-index", "--find-links", str(folder), "torch")
    output = pip.run(*find)
    assert output.stdout == (
        f"Looking in links: {folder}\n"
        + QUERYING
        + banner("cu129", *CU129_PROPERTIES)
        + f"Processing {folder}/torch-2.8.0-TAG-cu129.whl\n"
        + "Would install torch-2.8.0-cu129\n"
    )
    assert output.stderr == ""
    output = pip.run(*find, machine=OLD_DRIVER)
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-00000000", "")


def test_wheels_in_a_folder_describe_themselves_beside_a_broken_json(
    pip: Pip, tmp_path: Path, tag: str
) -> None:
    """One warning names the file and the reason."""
    torch_files(tmp_path, tag, (None, *ALL_LABELS))[-1].write_text("[]")
    output = pip.run("install", "--dry-run", "--no-index", "--find-links", tmp_path, "torch")
    assert output.last_line == "Would install torch-2.8.0-cu129"
    assert output.stderr == f"{READING}expected an object, found a list\n"


@pytest.mark.parametrize("with_json", [True, False], ids=["with JSON", "without JSON"])
@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
def test_find_links_page_works_like_an_index(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, *, with_json: bool, ranges: bool
) -> None:
    """A page of --find-links is a source like an index, also without range requests."""
    server.ranges = ranges
    files = torch_files(tmp_path / "index/files", tag, (None, *ALL_LABELS))
    write_simple_index(tmp_path / "index", {"torch": files if with_json else files[:-1]})
    page = f"{server.url}simple/torch/"
    output = pip.run("install", "--dry-run", "--no-index", "--find-links", page, "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")


def test_json_of_one_folder_ignores_wheels_of_another(pip: Pip, tmp_path: Path, tag: str) -> None:
    """The variants JSON in one folder does not describe wheels of another one."""
    torch_files(tmp_path / "a", tag, ["cu128"], metadata=TORCH_280)
    torch_files(tmp_path / "b", tag, ["cu129"], with_variant_json=False)[-1].unlink()
    links = ("--find-links", str(tmp_path / "a"), "--find-links", str(tmp_path / "b"))
    output = pip.run("install", "--dry-run", "--no-index", *links, "torch")
    assert output.last_line == "Would install torch-2.8.0-cu128"
    assert output.stderr == (
        "WARNING: Ignoring the variant wheels of torch 2.8.0: there is no *-variants.json beside"
        " them, and torch-2.8.0-TAG-cu129.whl: there is no variant.json in it\n"
    )


def test_newer_local_wheel_wins_over_index_variants(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A newer local wheel is selected before the variants of an index."""
    root = tmp_path / "index"
    write_simple_index(root, {"torch": torch_files(root / "files", tag, CUDA_LABELS)})
    local = torch_files(tmp_path / "local", tag, [None], version="2.9.0")[0]
    shutil.copy(local, tmp_path / local.name)
    output = pip.dry_run(f"{server.url}simple/", "--find-links", str(tmp_path), "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.9.0", "")
    output = pip.dry_run(f"{server.url}simple/", "--find-links", str(tmp_path), "torch<2.9")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")


@pytest.mark.parametrize("served", [True, False], ids=["page", "folder"])
@pytest.mark.parametrize("with_json", [True, False], ids=["with JSON", "without JSON"])
def test_find_links_page_and_folder_select_alike(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, *, served: bool, with_json: bool
) -> None:
    """A folder and a page select alike, and of a page's wheels only parts are fetched."""
    root = tmp_path / "index"
    wheels = large_torch_wheels(root / "simple/torch", tag, (None, *ALL_LABELS))
    document = [write_variants_json(root / "simple/torch")] if with_json else []
    write_simple_index(root, {"torch": [*wheels, *document]})
    source = f"{server.url}simple/torch/" if served else str(root / "simple/torch")
    find = ("install", "--dry-run", "--no-index", "--find-links", source, "torch")
    for machine, label in ((NEW_DRIVER, "cu129"), (OLD_DRIVER, "00000000")):
        server.requests.clear()
        output = pip.run(*find, "--no-cache-dir", machine=machine)
        assert (output.last_line, output.stderr) == (f"Would install torch-2.8.0-{label}", "")
        if not served:
            assert server.requests == []
        elif with_json:
            assert request_lines(server) == [
                "GET /simple/torch/ 200",
                "GET /simple/torch/torch-2.8.0-variants.json 200",
                *[f"GET /simple/torch/torch-2.8.0-{tag}-{label}.whl 206"] * 2,
            ]
        else:
            sent = wheel_bytes_sent(server)
            assert set(sent) == set(ALL_LABELS)
            assert all(0 < size <= FEW_PIECES for size in sent.values())


def test_wheel_name_with_two_labels_is_ignored(pip: Pip) -> None:
    """A wheel name with two labels is invalid, as for a stock pip."""
    wheel = write_wheel(
        pip.folder / "dist", f"ext-1.0-{PURE_TAG}-null.whl", variant_json=ABI_METADATA
    )
    wheel.rename(wheel.with_name(f"ext-1.0-{PURE_TAG}-foo-null.whl"))
    output = pip.run("install", "--dry-run", "--no-index", "--find-links", "dist", "ext", status=1)
    assert "No matching distribution found for ext" in output.stderr
