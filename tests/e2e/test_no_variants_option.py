"""`--no-variants`, on the command line, by variable and in pip.conf."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.indexes import ALL_LABELS, torch_files, torch_sdist, write_torch_projects
from tests.e2e.pips import LEGACY_RESOLVER, Pip, Variables, request_lines, write_pip_conf
from tests.support.stand_in import IndexServer, write_simple_index


@pytest.mark.parametrize(
    ("labels", "status"), [((None, *ALL_LABELS), 0), (("sdist", *ALL_LABELS), 0), (ALL_LABELS, 1)]
)
def test_no_variants_behaves_like_stock_pip(
    pip: Pip,
    stock_pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    labels: tuple[str | None, ...],
    status: int,
) -> None:
    """With `--no-variants` requests and output are those of a stock pip."""
    root = tmp_path / "index"
    files = torch_files(root / "files", tag, [label for label in labels if label != "sdist"])
    if "sdist" in labels:
        files.append(torch_sdist(root / "files"))
    write_simple_index(root, {"torch": files})
    url = f"{server.url}simple/"
    stock = stock_pip.dry_run(url, "torch", status=status)
    expected = request_lines(server)
    server.requests.clear()
    assert pip.dry_run(url, "--no-variants", "torch", status=status) == stock
    assert request_lines(server) == expected
    assert server.requested(".json") == []


@pytest.mark.parametrize(
    "command",
    [
        ("download", "--dest", "w"),
        ("wheel", "--wheel-dir", "w"),
        ("install", "--dry-run", LEGACY_RESOLVER),
        ("install", "--dry-run", "--use-feature=fast-deps"),
        ("index", "versions"),
        ("lock", "--output", "w/lock.toml"),
    ],
    ids=["download", "wheel", "legacy", "fast-deps", "index", "lock"],
)
def test_no_variants_works_in_every_command(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, command: tuple[str, ...]
) -> None:
    """Every command that finds packages has the option."""
    write_torch_projects(tmp_path / "index", tag)
    (pip.folder / "w").mkdir()
    pip.run(*command, "--no-variants", "--index-url", f"{server.url}simple/", "torch")
    plain = f"/files/torch-2.8.0-{tag}.whl"
    assert set(server.requested()) <= {"/simple/torch/", plain}
    assert (plain in server.requested()) == (command[0] != "index")


def test_index_versions_omits_versions_with_variants_only(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """With `--no-variants` a version that has only variants is not listed."""
    write_torch_projects(tmp_path / "index", tag)
    versions = ("index", "versions", "--index-url", f"{server.url}simple/", "torch")
    assert pip.run(*versions).stdout == "torch (2.8.0)\nAvailable versions: 2.8.0, 2.7.0\n"
    output = pip.run(*versions, "--no-variants")
    assert output.stdout == "torch (2.8.0)\nAvailable versions: 2.8.0\n"


@pytest.mark.parametrize("location", ["{files}/{name}", "w/{name}"], ids=["address", "file"])
def test_no_variants_refuses_an_explicit_variant_wheel(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, location: str
) -> None:
    """An explicit variant wheel is refused with the reason, and nothing is requested."""
    write_torch_projects(tmp_path / "index", tag)
    torch_files(pip.folder / "w", tag, ["cu126"])
    wheel = location.format(files=f"{server.url}files", name=f"torch-2.8.0-{tag}-cu126.whl")
    output = pip.dry_run(f"{server.url}simple/", "--no-variants", wheel, status=1)
    problem = "is a variant wheel, and --no-variants is given"
    assert output.stderr == f"ERROR: torch-2.8.0-TAG-cu126.whl {problem}\n"
    assert request_lines(server) == []


# The environment variables, the text of pip.conf, and whether variants are selected.
SWITCHES: Mapping[str, tuple[Variables, str, bool]] = {
    "1": ({"PIP_NO_VARIANTS": "1"}, "", False),
    "true": ({"PIP_NO_VARIANTS": "true"}, "", False),
    "0": ({"PIP_NO_VARIANTS": "0"}, "", True),
    "off": ({"PIP_NO_VARIANTS": "off"}, "", True),
    "empty": ({"PIP_NO_VARIANTS": ""}, "", True),
    "install": ({}, "[install]\nno-variants = true\n", False),
    "global": ({}, "[global]\nno-variants = yes\n", False),
    "global false": ({}, "[global]\nno-variants = false\n", True),
    "another command": ({}, "[download]\nno-variants = true\n", True),
    "install before global": ({}, "[global]\nno-variants = 1\n[install]\nno-variants = 0\n", True),
    "variable before file": (
        {"PIP_NO_VARIANTS": "0"},
        "[install]\nno-variants = true\n",
        True,
    ),
}


@pytest.mark.parametrize("case", SWITCHES)
def test_no_variants_follows_pips_precedence(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str
) -> None:
    """Variables and pip.conf set the option by pip's own rules of precedence."""
    variables, config, has_variants = SWITCHES[case]
    write_torch_projects(tmp_path / "index", tag)
    variables = {**variables, "PIP_CONFIG_FILE": str(write_pip_conf(pip, config))}
    output = pip.dry_run(f"{server.url}simple/", "torch", **variables)
    assert output.last_line == f"Would install torch-2.8.0{'-cu129' if has_variants else ''}"
    assert bool(server.requested(".json")) == has_variants


@pytest.mark.parametrize("off", ["0", "no"])
def test_no_variants_option_precedes_the_variable(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, off: str
) -> None:
    """The option on the command line has precedence over the variable."""
    write_torch_projects(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    output = pip.dry_run(url, "--no-variants", "torch", PIP_NO_VARIANTS=off)
    assert output.last_line == "Would install torch-2.8.0"


def test_invalid_no_variants_variable_is_a_usage_error(pip: Pip, server: IndexServer) -> None:
    """A value that is neither yes nor no is a usage error."""
    output = pip.dry_run(server.url, "torch", status=2, PIP_NO_VARIANTS="maybe")
    problem = (
        "maybe is not a valid value for no-variants option, please specify a boolean value like"
        " yes/no, true/false or 1/0 instead."
    )
    assert output.stderr.startswith("\nUsage:")
    assert output.stderr.splitlines()[-1] == problem
    assert request_lines(server) == []


@pytest.mark.parametrize("command", [("cache", "dir"), ("config", "list")], ids=" ".join)
def test_commands_without_the_options_ignore_the_variables(
    pip: Pip, command: tuple[str, ...]
) -> None:
    """Commands that look at no package ignore the variables."""
    output = pip.run(*command, PIP_NO_VARIANTS="maybe", PIP_VARIANT="bad")
    assert output.stderr == ""


def test_requested_label_with_no_variants_is_an_error(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """With `--no-variants` a requested label is an error."""
    write_torch_projects(tmp_path / "index", tag, ALL_LABELS)
    output = pip.dry_run(f"{server.url}simple/", "--no-variants", "torch#cu126", status=1)
    assert output.stderr.splitlines()[-1].startswith(
        "ERROR: No matching distribution found for torch"
    )
