"""What the order of versions hides: local versions before variants, and pins on local versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.indexes import cuda, torch_files, with_variants
from tests.e2e.pips import LEGACY_RESOLVER, NOT_FOUND, Pip, each_resolver, request_lines
from tests.support.stand_in import (
    IndexServer,
    write_simple_index,
    write_torch_index,
    write_wheel,
)

PASSED_OVER = "the variants cu129, cu128, cu126 and 00000000 of torch 2.8.0 are passed over for it"


@each_resolver
@pytest.mark.parametrize("local", ["cu128", "cpu"])
def test_local_version_that_outranks_variants_is_named_with_its_source(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, resolver: tuple[str, ...], local: str
) -> None:
    """A left-over find-links wins by version order, and one line says so (report B21)."""
    write_torch_index(tmp_path / "index", tag)
    folder = tmp_path / "left-over"
    wheel = write_wheel(folder, f"torch-2.8.0+{local}-{tag}.whl")
    args = ("--find-links", str(folder), "torch")
    output = pip.dry_run(f"{server.url}simple/", *resolver, *args)
    assert output.last_line == f"Would install torch-2.8.0+{local}"
    (line,) = [line for line in output.stderr.splitlines() if "passed over" in line]
    assert line == (
        f"WARNING: torch 2.8.0+{local} from {folder.as_uri()}/ is newer than 2.8.0 in the order of"
        f" versions: {PASSED_OVER}"
    )
    shown = pip.run("variants", "explain", "-i", f"{server.url}simple/", *args)
    assert f"Selected: {wheel.name}".replace(tag, "TAG") in shown.stdout
    assert shown.stderr == f"{line}\n"


@each_resolver
@pytest.mark.parametrize("with_json", [True, False], ids=["JSON", "no JSON"])
def test_error_about_a_pinned_local_version_names_the_label(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    resolver: tuple[str, ...],
    with_json: bool,
) -> None:
    """The label does what the local version did; nothing is fetched for the hint (report B23)."""
    *wheels, document = torch_files(tmp_path / "index/files", tag, ["cu126", "cu128"])
    write_simple_index(tmp_path / "index", {"torch": [*wheels, document] if with_json else wheels})
    pin, url = "torch==2.8.0+cu128", f"{server.url}simple/"
    error = (
        f"{NOT_FOUND.replace('torch', pin).rstrip()}:"
        " 2.8.0 has a build labelled cu128: torch==2.8.0#cu128\n"
    )
    output = pip.dry_run(url, *resolver, pin, status=1)
    assert output.stderr[-len(error) :] == error
    if LEGACY_RESOLVER not in resolver:
        assert pip.run("variants", "explain", "-i", url, pin, status=1).stderr == error
    assert {*request_lines(server)} == {"GET /simple/torch/ 200"}


def test_packages_that_take_different_builds_have_one_line(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Both fit the machine, but not each other (trial 18)."""
    files = {
        name: torch_files(
            tmp_path / "index/files",
            tag,
            [label],
            name=name,
            metadata=with_variants({label: cuda(bound)}),
        )
        for name, label, bound in (("torch", "cu126", "12.6"), ("vision", "cu128", "12.8"))
    }
    write_simple_index(tmp_path / "index", files)
    output = pip.dry_run(f"{server.url}simple/", "torch", "vision")
    lines = [line for line in output.stdout.splitlines() if "their builds differ" in line]
    differ = "their builds differ in nvidia :: cuda_version_lower_bound (12.6, 12.8)"
    assert lines == [f"torch takes cu126 and vision takes cu128: {differ}"]


def test_packages_take_builds_that_agree_if_the_user_wants_that(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Torch takes the build that vision has too; where there is none, the error names both."""
    bounds = {"cu125": "12.5", "cu126": "12.6", "cu128": "12.8"}
    builds = {"torch": ["cu126", "cu128"], "vision": ["cu126"], "audio": ["cu125"]}
    files = {
        name: torch_files(
            tmp_path / "index/files",
            tag,
            labels,
            name=name,
            metadata=with_variants({label: cuda(bounds[label]) for label in labels}),
        )
        for name, labels in builds.items()
    }
    write_simple_index(tmp_path / "index", files)
    url, nvidia = f"{server.url}simple/", "--variant-consistent=nvidia"
    assert pip.dry_run(url, "torch").last_line == "Would install torch-2.8.0-cu128"
    output = pip.dry_run(url, nvidia, "torch", "vision")
    assert output.last_line == "Would install torch-2.8.0-cu126 vision-2.8.0-cu126"
    assert output.stderr == ""
    output = pip.dry_run(url, nvidia, "torch", "audio", status=1)
    assert output.stderr == (
        "ERROR: No set of packages was found in which the variants fit beside each other: torch"
        " takes cu128 and audio takes cu125: their builds differ in"
        " nvidia :: cuda_version_lower_bound (12.5, 12.8)\n"
    )
    output = pip.dry_run(url, "--variant-consistent=nvidai", "torch")
    assert output.stderr == (
        "WARNING: --variant-consistent nvidai had no effect: no variant that pip considered has"
        " this namespace; did you mean nvidia?\n"
    )


def test_rows_of_two_indexes_name_their_index(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """The same label on both, each row with a reason (trial 38)."""
    for name in ("a", "b"):
        root = tmp_path / "index" / name
        write_simple_index(root, {"torch": torch_files(root / "files", tag, ["cu126"])})
    urls = ("-i", f"{server.url}a/simple/", "--extra-index-url", f"{server.url}b/simple/")
    output = pip.run("variants", "explain", *urls, "torch", COLUMNS="120")
    rows = [" ".join(line.split()) for line in output.stdout.splitlines() if "cu126 " in line]
    assert rows == [
        "1 cu126 selected INDEX/b/simple/torch/",
        "2 cu126 of another index, which pip tries later INDEX/a/simple/torch/",
    ]


def test_variants_without_action_lists_its_actions(pip: Pip) -> None:
    """It is no error, as with `pip` alone (trial 36)."""
    output = pip.run("variants")
    assert output.stdout.startswith("Usage: pip variants ACTION [options]\n\nActions:\n  explain")
    assert output.stderr == ""
