"""The syntax of --variant and NAME#LABEL, its errors, and the help about it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.e2e.indexes import write_torch_projects
from tests.e2e.pips import Pip, Variables, request_lines, write_pip_conf
from tests.support.stand_in import IndexServer

CONFLICT = "conflicting variants requested for torch: cu126 and cu129"
INVALID_LABEL = "is not a variant label (a-z, 0-9, _ and .)"
BAD_OPTIONS = {
    "no label": ("torch", "'torch' is not of the form NAME=LABEL or NAME=!LABEL"),
    "no name": ("=cu126", "'=cu126' is not of the form NAME=LABEL or NAME=!LABEL"),
    "empty label": ("torch=", f"'' {INVALID_LABEL}"),
    "two equals signs": ("torch==cu126", f"'=cu126' {INVALID_LABEL}"),
    "capitals": ("torch=CU126", f"'CU126' {INVALID_LABEL}"),
    "path": ("torch=../cu126", f"'../cu126' {INVALID_LABEL}"),
    "requirement form": (
        "torch#cu126",
        "'torch#cu126' is not of the form NAME=LABEL or NAME=!LABEL",
    ),
    "control characters": ("torch=\x1b[2J", f"'\\x1b[2J' {INVALID_LABEL}"),
    "one of two": ("torch=cu126 numpy", "'numpy' is not of the form NAME=LABEL or NAME=!LABEL"),
    "contradiction": ("torch=cu126 Torch=cu129", CONFLICT),
    "label and its exclusion": (
        "torch=cu126 torch=!cu126",
        "conflicting variants requested for torch: cu126 and !cu126",
    ),
    "empty exclusion": ("torch=!", f"'' {INVALID_LABEL}"),
}


@pytest.mark.parametrize(("value", "problem"), BAD_OPTIONS.values(), ids=BAD_OPTIONS)
def test_malformed_variant_option_is_a_usage_error(
    pip: Pip, server: IndexServer, value: str, problem: str
) -> None:
    """A malformed option is a usage error with exit status 2, before any request."""
    output = pip.dry_run(server.url, "--variant", value, "torch", status=2)
    assert output.stderr.startswith("\nUsage:")
    assert output.stderr.splitlines()[-1] == f"option --variant: {problem}"
    assert (output.stdout, request_lines(server)) == ("", [])


@pytest.mark.parametrize("location", ["variable", "file"])
@pytest.mark.parametrize("case", ["no label", "capitals", "path", "one of two"])
def test_malformed_variable_or_configuration_is_a_usage_error(
    pip: Pip, server: IndexServer, case: str, location: str
) -> None:
    """A malformed value in a variable or pip.conf is a usage error too."""
    value, problem = BAD_OPTIONS[case]
    path = write_pip_conf(pip, f"[install]\nvariant = {value}\n" if location == "file" else "")
    variables: Variables = {"PIP_CONFIG_FILE": str(path)}
    if location == "variable":
        variables["PIP_VARIANT"] = value
    output = pip.dry_run(server.url, "torch", status=2, **variables)
    assert output.stderr.splitlines()[-1] == f"option --variant: {problem}"
    assert request_lines(server) == []


def test_contradicting_variant_options_are_a_usage_error(pip: Pip, server: IndexServer) -> None:
    """Two options that contradict each other are a usage error."""
    options = ("--variant", "torch=cu126", "--variant", "torch=cu129")
    output = pip.dry_run(server.url, *options, "torch", status=2)
    problem = f"option --variant: {CONFLICT}"
    assert output.stderr.splitlines()[-1] == problem


BAD_REQUIREMENTS = {
    "capitals": (("torch#CU126",), f"Invalid requirement: 'torch#CU126': 'CU126' {INVALID_LABEL}"),
    "exclusion": (("torch#!a",), f"Invalid requirement: 'torch#!a': '!a' {INVALID_LABEL}"),
    "empty": (("torch#",), f"Invalid requirement: 'torch#': '' {INVALID_LABEL}"),
    "two": (("torch#a#b",), f"Invalid requirement: 'torch#a#b': 'a#b' {INVALID_LABEL}"),
    "path": (("torch#../a",), f"Invalid requirement: 'torch#../a': '../a' {INVALID_LABEL}"),
    "hash": (
        ("torch#sha256=00",),
        f"Invalid requirement: 'torch#sha256=00': 'sha256=00' {INVALID_LABEL}",
    ),
    "contradiction": (
        ("torch#cu126", "Torch>=2#cu129"),
        f"Invalid requirement: 'Torch>=2#cu129': {CONFLICT}",
    ),
    "contradicting option": (
        ("--variant", "torch=cu126", "torch#cu129"),
        f"Invalid requirement: 'torch#cu129': {CONFLICT}",
    ),
}


@pytest.mark.parametrize(("args", "problem"), BAD_REQUIREMENTS.values(), ids=BAD_REQUIREMENTS)
def test_malformed_label_in_a_requirement_is_an_error(
    pip: Pip, server: IndexServer, args: tuple[str, ...], problem: str
) -> None:
    """A requirement with a malformed label is pip's error about it, before any request."""
    output = pip.dry_run(f"{server.url}simple/", *args, status=1)
    assert (output.stderr, request_lines(server)) == (f"ERROR: {problem}\n", [])


def test_malformed_label_in_a_file_names_the_line(pip: Pip, server: IndexServer) -> None:
    """The error about a label in a requirements file names file and line."""
    (pip.folder / "r.txt").write_text("plain\ntorch#CU126\n")
    output = pip.dry_run(f"{server.url}simple/", "-r", "r.txt", status=1)
    assert output.stderr == (
        f"ERROR: Invalid requirement: 'torch#CU126': 'CU126' {INVALID_LABEL}"
        " (from line 2 of r.txt)\n"
    )


HELP = """\
Wheel Variant Options:
  --no-variants               Ignore variant wheels, as if they did not exist.
  --variant <name=label>      Of the project NAME take only the variant LABEL;
                              an error if no wheel with it fits this machine.
                              NAME#LABEL in a requirement does the same.
                              NAME=!LABEL: never take it. Can be used several
                              times.
  --enable-variant-provider <ns>
                              Query the provider of the namespace NS even if
                              it is optional. Can be used several times.
  --disable-variant-provider <ns>
                              Do not query the provider of the namespace NS:
                              nothing in it is supported. Can be used several
                              times.
  --variant-consistent <ns>   Take only builds that agree in the namespace NS:
                              those of two packages that both have a feature
                              of it have a value of that feature in common.
                              Can be used several times.
  --trust-variant-provider <package>
                              Let this provider package be installed in
                              isolation and run, also in place of a built-in
                              one. Can be used several times.
  --variant-provider-index <url>
                              Install trusted provider packages from this
                              index alone, in place of the one that lists the
                              project that needs them.
  --variant-platform <file>   Describe the target machine by a file, as `pip
                              variants platform` writes one, in place of
                              querying this machine.
  --variant-jobs <n>          How many downloads and unpackings run side by
                              side where there are variants. 1: one after the
                              other. By default as many as there are CPUs, but
                              4 to 8.
  --variant-banner <style>    How a chosen variant is announced: full, with
                              its properties (default); short, one line; or
                              none.
"""
LOCK_HELP = """\
  --variants <which>          Which variants of a version to lock: this, the
                              one for this machine (default); or all of them
                              that the tags of this interpreter allow,
                              whatever the machine.
"""
FREEZE_HELP = """\
  --variants                  Write NAME==VERSION#LABEL for a variant, which
                              no stock pip can install.
"""
PLATFORM_HELP = """\
                              querying this machine.
"""
LOCK_PLATFORM_HELP = """\
                              querying this machine. Several times: write a
                              lock pylock.NAME.toml for each NAME.toml.
"""
MIRROR_PLATFORM_HELP = """\
                              querying this machine. With mirror several
                              times: what each machine needs.
"""
HELP_OF = {
    "variants": HELP.replace(PLATFORM_HELP, MIRROR_PLATFORM_HELP),
    "lock": HELP.replace(PLATFORM_HELP, LOCK_PLATFORM_HELP) + LOCK_HELP,
    "freeze": HELP + FREEZE_HELP,
}


@pytest.mark.parametrize(
    "variables", [{}, {"PIP_VARIANT": "torch=cu126"}], ids=["no variables", "variable set"]
)
@pytest.mark.parametrize(
    "command",
    [
        *("install", "download", "wheel", "index", "lock", "variants"),
        *("check", "freeze", "inspect", "list", "show"),
    ],
)
def test_help_lists_the_variant_options(pip: Pip, command: str, variables: Variables) -> None:
    """The options have a group of their own in the help of every command that has them."""
    output = pip.run(command, "--help", COLUMNS="80", **variables)
    assert output.stdout.count(f"{HELP_OF.get(command, HELP)}\n") == 1


@pytest.mark.parametrize("command", ["uninstall", "cache", "config", "hash"])
def test_other_commands_list_no_variant_options(pip: Pip, command: str) -> None:
    """The help of commands that look at no package does not have the options."""
    assert "variant" not in pip.run(command, "--help").stdout.lower()


_BACKEND = """\
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    import pathlib
    info = pathlib.Path(folder, "ext-1.0.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: ext\\nVersion: 1.0\\n")
    return info.name


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def build_editable(folder, config_settings=None, metadata_directory=None):
    raise NotImplementedError
"""


def write_project(folder: Path) -> None:
    """Write a project that needs nothing to be built."""
    folder.mkdir(parents=True)
    pyproject = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (folder / "pyproject.toml").write_text(pyproject)
    (folder / "backend.py").write_text(_BACKEND)


# Arguments with a `#` that are no NAME#LABEL, and the exit status of pip.
FRAGMENTS = {
    "folder": (("./ext#cu126",), 0),
    "folder below": (("below/ext#cu126",), 0),
    "no folder": (("./missing#cu126",), 1),
    "editable": (("-e", "ext#egg=ext"), 1),
    "editable folder": (("-e", "./ext#cu126"), 0),
    "editable address": (("-e", "{here}/ext#egg=ext"), 0),
    "address": (("{files}/plain-1.0-py3-none-any.whl#sha256={digest}",), 0),
    "address of a name": (("plain @ {files}/plain-1.0-py3-none-any.whl#sha256={digest}",), 0),
    "another hash": (("plain @ {files}/plain-1.0-py3-none-any.whl#sha256=00",), 1),
    "address with a label": (("plain @ {files}/plain-1.0-py3-none-any.whl#cu126",), 0),
    "in a file": (("-r", "r.txt"), 0),
}


@pytest.mark.parametrize("case", FRAGMENTS)
def test_fragments_of_paths_and_addresses_are_unchanged(
    pip: Pip, stock_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str
) -> None:
    """Paths and addresses with a `#` have the same meaning as for a stock pip."""
    args, status = FRAGMENTS[case]
    write_torch_projects(tmp_path / "index", tag)
    wheel = tmp_path / "index/files/plain-1.0-py3-none-any.whl"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    outputs = []
    for each_pip in (stock_pip, pip):
        for name in ("ext", "ext#cu126", "below/ext#cu126"):
            write_project(each_pip.folder / name)
        names = {"files": f"{server.url}files", "here": each_pip.folder.as_uri(), "digest": digest}
        line = "plain @ {files}/plain-1.0-py3-none-any.whl#sha256={digest}\n./ext#cu126\n"
        (each_pip.folder / "r.txt").write_text(line.format(**names))
        url = f"{server.url}simple/"
        outputs.append(each_pip.dry_run(url, *(arg.format(**names) for arg in args), status=status))
    assert outputs[0] == outputs[1]
    assert "variant" not in outputs[1].stdout + outputs[1].stderr
