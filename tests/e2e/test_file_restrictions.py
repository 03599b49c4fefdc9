"""Restrictions of the files that pip may take: formats, hashes, yanked files, pre-releases."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e.indexes import ALL_LABELS, CUDA_LABELS, torch_files, torch_sdist, write_torch_release
from tests.e2e.pips import (
    INDEX_LINE,
    LEGACY_RESOLVER,
    MIDDLE_DRIVER,
    NEW_DRIVER,
    OLD_DRIVER,
    RESOLVERS,
    Pip,
    each_resolver,
    needs_driver,
)
from tests.support.stand_in import IndexServer, Listed, write_simple_index

NOT_FOUND = """\
ERROR: Could not find a version that satisfies the requirement torch{spec} (from versions: 2.8.0)
ERROR: No matching distribution found for torch{spec}
"""


def yank(root: Path, *names: str) -> None:
    """Mark files on torch's page as yanked."""
    page = root / "simple/torch/index.html"
    text = page.read_text()
    for name in names:
        assert f">{name}</a>" in text
        text = text.replace(f">{name}</a>", f' data-yanked="a bad build">{name}</a>')
    page.write_text(text)


def digest(file: Path) -> str:
    """Return the hash of a file as a requirement gives it."""
    return f"--hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"


# The labels of 2.8.0, which also has an sdist, the options, the machine, and what is selected.
# There is a plain wheel of 2.7.0.
FORMATS = {
    "no binary": (ALL_LABELS, ("--no-binary", "torch"), NEW_DRIVER, "torch-2.8.0"),
    "no binary at all": (ALL_LABELS, ("--no-binary", ":all:"), NEW_DRIVER, "torch-2.8.0"),
    "no binary of another": (ALL_LABELS, ("--no-binary", "other"), NEW_DRIVER, "torch-2.8.0-cu129"),
    "only binary": (ALL_LABELS, ("--only-binary", "torch"), NEW_DRIVER, "torch-2.8.0-cu129"),
    "only binary, null": (
        ALL_LABELS,
        ("--only-binary", ":all:"),
        OLD_DRIVER,
        "torch-2.8.0-00000000",
    ),
    "only binary, none fits": (CUDA_LABELS, ("--only-binary", "torch"), OLD_DRIVER, "torch-2.7.0"),
    "both": (CUDA_LABELS, (), OLD_DRIVER, "torch-2.8.0"),
    "prefer binary": (CUDA_LABELS, ("--prefer-binary",), NEW_DRIVER, "torch-2.8.0-cu129"),
    "prefer binary, none fits": (CUDA_LABELS, ("--prefer-binary",), OLD_DRIVER, "torch-2.7.0"),
}


@pytest.mark.parametrize(
    ("case", "resolver"),
    [
        pytest.param(
            case,
            resolver,
            id=f"{case}-{name}",
        )
        for case in FORMATS
        for name, resolver in RESOLVERS.items()
    ],
)
def test_format_options_precede_the_variant_selection(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str, resolver: tuple[str, ...]
) -> None:
    """`--no-binary`, `--only-binary` and `--prefer-binary` apply before the variant selection."""
    labels, options, machine, selected = FORMATS[case]
    folder = tmp_path / "index/files"
    files = [*torch_files(folder, tag, labels), torch_sdist(folder)]
    files += torch_files(folder, tag, [None], version="2.7.0")
    write_simple_index(tmp_path / "index", {"torch": files})
    output = pip.dry_run(f"{server.url}simple/", *options, *resolver, "torch", machine=machine)
    assert output.last_line == f"Would install {selected}"
    reads_json = "--no-binary" not in options or "other" in options
    assert bool(server.requested("torch-2.8.0-variants.json")) == reads_json


def test_no_binary_without_sdist_is_an_error_without_query(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Without an sdist `--no-binary` is an error, and no provider is queried."""
    write_torch_release(tmp_path / "index", tag)
    output = pip.dry_run(f"{server.url}simple/", "--no-binary", "torch", "torch", status=1)
    assert output.stdout == INDEX_LINE
    assert output.stderr == NOT_FOUND.format(spec="").replace("2.8.0", "none")


# The pinned labels (None: the plain wheel, "sdist": the sdist), the machine, what is selected.
HASHES = {
    "not the best": (("cu126",), NEW_DRIVER, "torch-2.8.0-cu126"),
    "the best of two": (("cu126", "cu128"), NEW_DRIVER, "torch-2.8.0-cu128"),
    "the one that fits": (("cu129", "cu126"), MIDDLE_DRIVER, "torch-2.8.0-cu126"),
    "null": (("00000000",), NEW_DRIVER, "torch-2.8.0-00000000"),
    "plain": ((None,), NEW_DRIVER, "torch-2.8.0"),
    "plain and one that does not fit": ((None, "cu129"), MIDDLE_DRIVER, "torch-2.8.0"),
    "sdist": (("sdist",), NEW_DRIVER, "torch-2.8.0"),
    "every file": ((None, *ALL_LABELS, "sdist"), MIDDLE_DRIVER, "torch-2.8.0-cu126"),
}


def write_pinned(
    pip: Pip, root: Path, tag: str, pinned: Sequence[str | None], requirement: str = "torch==2.8.0"
) -> None:
    """Write an index and a requirements file that pins some of its files by their hashes."""
    sdist, *wheels, _ = write_torch_release(root, tag, sdist=True)
    files = dict(zip((None, *ALL_LABELS), wheels, strict=True))
    hashes = [digest(sdist if label == "sdist" else files[label]) for label in pinned]
    (pip.folder / "requirements.txt").write_text(" ".join([requirement, *hashes]) + "\n")


@each_resolver
@pytest.mark.parametrize("case", HASHES)
def test_best_fitting_variant_of_pinned_hashes_is_selected(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str, resolver: tuple[str, ...]
) -> None:
    """Of the files whose hashes are pinned the best that fits is selected."""
    pinned, machine, selected = HASHES[case]
    write_pinned(pip, tmp_path / "index", tag, pinned)
    options = ("--require-hashes", *resolver, "-r", "requirements.txt")
    output = pip.dry_run(f"{server.url}simple/", *options, machine=machine)
    assert output.last_line == f"Would install {selected}"


@each_resolver
def test_pinned_variant_that_does_not_fit_is_an_error(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, resolver: tuple[str, ...]
) -> None:
    """A pinned variant that does not fit is an error with the reason."""
    write_pinned(pip, tmp_path / "index", tag, ["cu129"])
    options = ("--require-hashes", *resolver, "-r", "requirements.txt")
    output = pip.dry_run(f"{server.url}simple/", *options, machine=MIDDLE_DRIVER, status=1)
    reason = needs_driver("cu129", "12.9", "12.6")
    assert output.stdout.endswith(f"Passed over cu129 of torch 2.8.0: {reason}\n")
    assert NOT_FOUND.format(spec="==2.8.0").splitlines()[1] in output.stderr


def test_unknown_hash_is_an_error_as_with_stock_pip(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A hash of no file is an error as with a stock pip, after the best file was downloaded."""
    write_torch_release(tmp_path / "index", tag)
    requirement = f"torch==2.8.0 --hash=sha256:{'0' * 64}\n"
    (pip.folder / "requirements.txt").write_text(requirement)
    output = pip.dry_run(f"{server.url}simple/", "-r", "requirements.txt", status=1)
    assert (
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE." in output.stderr
    )
    assert "torch-2.8.0-TAG-cu129.whl" in output.stdout


# The pinned labels, the machine, and the end of the line about them.
PINNED_BUILDS = {
    "does not fit": (
        ["cu129"],
        OLD_DRIVER,
        (
            "The required hash is that of torch-2.8.0-TAG-cu129.whl, another build of torch 2.8.0"
            " than torch-2.8.0-TAG-00000000.whl, which is selected here; cu129 does not fit:"
            f" {needs_driver('cu129', '12.9', '12.5')}"
        ),
    ),
    "fits": (
        ["cu126"],
        NEW_DRIVER,
        (
            "The required hash is that of torch-2.8.0-TAG-cu126.whl, another build of torch 2.8.0"
            " than torch-2.8.0-TAG-cu129.whl, which is selected here; to install it, require"
            " torch==2.8.0#cu126"
        ),
    ),
}


@each_resolver
@pytest.mark.parametrize("case", PINNED_BUILDS)
def test_pinned_build_is_named_where_the_page_has_no_hashes(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str, resolver: tuple[str, ...]
) -> None:
    """The best build is fetched, and its hash differs from that of the pinned one."""
    pinned, machine, line = PINNED_BUILDS[case]
    root = tmp_path / "index"
    files = torch_files(root / "files", tag, ALL_LABELS)
    by_label = dict(zip(ALL_LABELS, files, strict=False))
    hashes = [digest(by_label[label]) for label in pinned]
    write_simple_index(root, {"torch": [Listed(file, hashed=False) for file in files]})
    (pip.folder / "requirements.txt").write_text(" ".join(["torch==2.8.0", *hashes]) + "\n")
    options = (*resolver, "-r", "requirements.txt")
    output = pip.dry_run(f"{server.url}simple/", *options, machine=machine, status=1)
    assert f"ERROR: {line}\n" in output.stderr
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in output.stderr


# What is yanked ("JSON": the variants JSON), the requirement, what is selected.
YANKED = {
    "the best": (("cu129",), "torch", "torch-2.8.0-cu128"),
    "the best of a pinned version": (("cu129",), "torch==2.8.0", "torch-2.8.0-cu128"),
    "every variant": (ALL_LABELS, "torch", "torch-2.8.0"),
    "the metadata": (("JSON",), "torch", "torch-2.8.0-cu129"),
    "all": ((None, *ALL_LABELS, "JSON"), "torch", "torch-2.7.0"),
    "all of a pinned version": ((None, *ALL_LABELS, "JSON"), "torch==2.8.0", "torch-2.8.0-cu129"),
    "the label": (("cu129",), "torch#cu128", "torch-2.8.0-cu128"),
    "the label of a pinned version": (("cu129",), "torch==2.8.0#cu129", "torch-2.8.0-cu129"),
    "null of a pinned version": (("00000000",), "torch==2.8.0#00000000", "torch-2.8.0-00000000"),
}


def write_yanked(root: Path, tag: str, yanked: Sequence[str | None]) -> None:
    """Write an index with torch 2.8.0, files of which are yanked, and torch 2.7.0."""
    folder = root / "files"
    files = torch_files(folder, tag, (None, *ALL_LABELS))
    names = {
        label: file.name for label, file in zip((None, *ALL_LABELS, "JSON"), files, strict=True)
    }
    older = torch_files(folder, tag, [None], version="2.7.0")
    write_simple_index(root, {"torch": [*files, *older]})
    yank(root, *(names[label] for label in yanked))


@pytest.mark.parametrize("case", YANKED)
def test_yanked_variant_needs_a_pinned_version(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str
) -> None:
    """A yanked variant is selected only for a pinned version; a yanked variants JSON is read."""
    yanked, requirement, selected = YANKED[case]
    write_yanked(tmp_path / "index", tag, yanked)
    output = pip.dry_run(f"{server.url}simple/", requirement)
    assert output.last_line == f"Would install {selected}"
    assert ("Reason for being yanked: a bad build" in output.stderr) == (
        selected.rpartition("-")[2] in yanked
    )


def test_yanked_label_without_an_exact_pin_is_an_error(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """As for pip's own pins: a range reaches no yanked file."""
    write_yanked(tmp_path / "index", tag, ["cu129"])
    output = pip.dry_run(f"{server.url}simple/", "torch>=2.8#cu129", status=1)
    assert "No wheel of torch 2.8.0 has the variant label cu129; available: " in output.stderr


def test_yanked_variant_pinned_by_hash_is_selected(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A yanked variant that version and hash pin is selected."""
    write_pinned(pip, tmp_path / "index", tag, ["cu129"])
    yank(tmp_path / "index", f"torch-2.8.0-{tag}-cu129.whl")
    output = pip.dry_run(f"{server.url}simple/", "-r", "requirements.txt")
    assert output.last_line == "Would install torch-2.8.0-cu129"


@pytest.mark.parametrize("resolver", [(), (LEGACY_RESOLVER,)], ids=RESOLVERS)
def test_older_version_is_selected_before_a_yanked_variant(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, resolver: tuple[str, ...]
) -> None:
    """If only a yanked variant of the newest version fits, the older version is selected."""
    write_yanked(tmp_path / "index", tag, [None, "00000000"])
    output = pip.dry_run(f"{server.url}simple/", *resolver, "torch", machine=OLD_DRIVER)
    assert output.last_line == "Would install torch-2.7.0"


@pytest.mark.parametrize(
    ("options", "selected"),
    [((), "torch-2.8.0-cu129"), (("--pre",), "torch-2.9.0rc1-cu129")],
    ids=["final", "pre"],
)
def test_pre_option_admits_variants_of_prereleases(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    options: tuple[str, ...],
    selected: str,
) -> None:
    """`--pre` admits variants of a pre-release, whose JSON is not requested otherwise."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, ALL_LABELS) + torch_files(
        folder, tag, ALL_LABELS, version="2.9.0rc1"
    )
    write_simple_index(tmp_path / "index", {"torch": files})
    output = pip.dry_run(f"{server.url}simple/", *options, "torch")
    assert output.last_line == f"Would install {selected}"
    version = selected.split("-")[1]
    assert server.requested(".json") == [f"/files/torch-{version}-variants.json"]
