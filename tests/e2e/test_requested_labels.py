"""Labels that the user requests: --variant NAME=LABEL and NAME#LABEL."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.indexes import CUDA_LABELS, write_torch_projects
from tests.e2e.pips import LEGACY_RESOLVER, Pip, Variables
from tests.support.stand_in import IndexServer


@dataclass(frozen=True, slots=True)
class LabelRequest:
    """How a user requests a label, and what is selected on a machine that supports them all."""

    args: tuple[str, ...]
    selected: str = "torch-2.8.0-cu126"
    variables: Variables = field(default_factory=Variables)
    files: tuple[tuple[str, str], ...] = ()


LABEL_REQUESTS = {
    "option": LabelRequest(("--variant", "torch=cu126", "torch")),
    "option in one word": LabelRequest(("--variant=torch=cu126", "torch")),
    "option last": LabelRequest(("torch", "--variant", "torch=cu126")),
    "option in capitals": LabelRequest(("--variant", "TORCH=cu126", "torch")),
    "option twice": LabelRequest(("--variant", "torch=cu126", "--variant", "torch=cu126", "torch")),
    "two in one option": LabelRequest(
        ("--variant", "torch=cu126 scikit-learn=cu126", "torch", "scikit-learn"),
        "scikit-learn-1.0-cu126 torch-2.8.0-cu126",
    ),
    "two options": LabelRequest(
        ("--variant", "torch=cu126", "--variant", "scikit_learn=cu126", "torch", "scikit.learn"),
        "scikit-learn-1.0-cu126 torch-2.8.0-cu126",
    ),
    "one of two": LabelRequest(
        ("--variant", "Scikit-Learn=cu126", "torch", "scikit-learn"),
        "scikit-learn-1.0-cu126 torch-2.8.0-cu129",
    ),
    "option for a dependency": LabelRequest(
        ("--variant", "torch=cu126", "app"), "app-1.0 torch-2.8.0-cu126"
    ),
    "null": LabelRequest(("--variant", "torch=null", "torch"), "torch-2.8.0-00000000"),
    "null by its own label": LabelRequest(("torch#00000000",), "torch-2.8.0-00000000"),
    "an older version": LabelRequest(("torch<2.8#cu118",), "torch-2.7.0-cu118"),
    "requirement": LabelRequest(("torch#cu126",)),
    "requirement in capitals": LabelRequest(("Torch#cu126",)),
    "requirement, another spelling": LabelRequest(
        ("scikit_learn#cu126",), "scikit-learn-1.0-cu126"
    ),
    "version": LabelRequest(("torch==2.8.0#cu126",)),
    "versions and spaces": LabelRequest(("torch >= 2, != 2.7.1 #cu126",)),
    "extra": LabelRequest(("torch[gpu]>=2#cu126",)),
    "marker": LabelRequest(('torch>=2#cu126 ; python_version > "3"',)),
    "marker, no spaces": LabelRequest(('torch#cu126;python_version>"3"',)),
    "requirement and option": LabelRequest(("torch#cu126", "--variant", "torch=cu126")),
    "requirement and dependency": LabelRequest(("app", "torch#cu126"), "app-1.0 torch-2.8.0-cu126"),
    "dependency last": LabelRequest(("torch#cu126", "app"), "app-1.0 torch-2.8.0-cu126"),
    "legacy resolver": LabelRequest(
        (LEGACY_RESOLVER, "app", "torch#cu126"), "app-1.0 torch-2.8.0-cu126"
    ),
    "requirements file": LabelRequest(("-r", "r.txt"), files=(("r.txt", "torch>=2#cu126\n"),)),
    "requirements file, dependency": LabelRequest(
        ("-r", "r.txt"),
        "app-1.0 torch-2.8.0-cu126",
        files=(("r.txt", "app\n\n# which torch\ntorch#cu126  # of the two\n"),),
    ),
    "requirements file, marker": LabelRequest(
        ("-r", "r.txt"), files=(("r.txt", 'torch>=2#cu126 ; python_version > "3"\n'),)
    ),
    "requirements file, hash": LabelRequest(
        ("--variant", "torch=cu126", "-r", "r.txt"), files=(("r.txt", "torch==2.8.0 {hashes}\n"),)
    ),
    "requirements file, label and hash": LabelRequest(
        ("-r", "r.txt"), files=(("r.txt", "torch==2.8.0#cu126 {hashes}\n"),)
    ),
    "comment": LabelRequest(
        ("-r", "r.txt"), "torch-2.8.0-cu129", files=(("r.txt", "torch #cu126\n"),)
    ),
    "constraints file": LabelRequest(
        ("-c", "c.txt", "app"), "app-1.0 torch-2.8.0-cu126", files=(("c.txt", "torch#cu126\n"),)
    ),
    "variable": LabelRequest(("torch",), variables={"PIP_VARIANT": "torch=cu126"}),
    "variable with several": LabelRequest(
        ("torch", "scikit-learn"),
        "scikit-learn-1.0-cu126 torch-2.8.0-cu126",
        {"PIP_VARIANT": "torch=cu126 scikit-learn=cu126"},
    ),
    "empty variable": LabelRequest(("torch",), "torch-2.8.0-cu129", {"PIP_VARIANT": ""}),
    "pip.conf": LabelRequest(
        ("torch",),
        variables={"PIP_CONFIG_FILE": "pip.conf"},
        files=(("pip.conf", "[install]\nvariant = torch=cu126\n"),),
    ),
    "pip.conf with several": LabelRequest(
        ("torch", "scikit-learn"),
        "scikit-learn-1.0-cu126 torch-2.8.0-cu126",
        {"PIP_CONFIG_FILE": "pip.conf"},
        (("pip.conf", "[global]\nvariant =\n    torch=cu126\n    scikit-learn=cu126\n"),),
    ),
    "the last in a variable": LabelRequest(
        ("torch",), variables={"PIP_VARIANT": "torch=cu129 torch=cu126"}
    ),
    "option before variable": LabelRequest(
        ("--variant", "torch=cu126", "torch"), variables={"PIP_VARIANT": "torch=cu128"}
    ),
    "requirement before variable": LabelRequest(
        ("torch#cu126",), variables={"PIP_VARIANT": "torch=cu128"}
    ),
    "variable before pip.conf": LabelRequest(
        ("torch",),
        variables={"PIP_VARIANT": "torch=cu126", "PIP_CONFIG_FILE": "pip.conf"},
        files=(("pip.conf", "[install]\nvariant = torch=cu128\n"),),
    ),
    "install before global": LabelRequest(
        ("torch",),
        variables={"PIP_CONFIG_FILE": "pip.conf"},
        files=(
            ("pip.conf", "[install]\nvariant = torch=cu126\n[global]\nvariant = torch=cu128\n"),
        ),
    ),
    "requirements for two machines": LabelRequest(
        ("-r", "r.txt"),
        files=(("r.txt", 'torch#cu128 ; os_name == "x"\ntorch#cu126 ; os_name != "x"\n'),),
    ),
    "excluded": LabelRequest(("--variant", "torch=!cu129", "torch"), "torch-2.8.0-cu128"),
    "excluded twice": LabelRequest(
        ("--variant", "torch=!cu129", "--variant", "torch=!cu128", "torch"), "torch-2.8.0-cu126"
    ),
    "all excluded": LabelRequest(
        ("--variant", "torch=!cu129 torch=!cu128 torch=!cu126 torch=!null", "torch"), "torch-2.8.0"
    ),
    "excluded, variable": LabelRequest(
        ("torch",), "torch-2.8.0-cu128", {"PIP_VARIANT": "torch=!cu129"}
    ),
    "excluded, pip.conf": LabelRequest(
        ("app",),
        "app-1.0 torch-2.8.0-cu128",
        {"PIP_CONFIG_FILE": "pip.conf"},
        (("pip.conf", "[global]\nvariant =\n    torch=!cu129\n    scikit-learn=!cu129\n"),),
    ),
    "requirement before excluding variable": LabelRequest(
        ("torch#cu129",), "torch-2.8.0-cu129", {"PIP_VARIANT": "torch=!cu129"}
    ),
    "excluded, legacy resolver": LabelRequest(
        (LEGACY_RESOLVER, "--variant", "torch=!cu129", "torch"), "torch-2.8.0-cu128"
    ),
    "variable and option": LabelRequest(
        ("--variant", "torch=cu126", "torch", "scikit-learn"),
        "scikit-learn-1.0-cu126 torch-2.8.0-cu126",
        {"PIP_VARIANT": "scikit-learn=cu126"},
    ),
}


HINT = (
    "WARNING: The label cu126 of torch is a comment in line 1 of r.txt, because of the space before"
    " it; torch#cu126 requests it\n"
)


@pytest.mark.parametrize("case", LABEL_REQUESTS)
def test_requested_label_is_selected_before_a_better_one(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str
) -> None:
    """The requested label is selected, in each form of a request, though a better one fits."""
    request = LABEL_REQUESTS[case]
    write_torch_projects(tmp_path / "index", tag)
    folder = tmp_path / "index/files"
    wheels = [folder / f"torch-2.8.0-{tag}-{label}.whl" for label in CUDA_LABELS]
    digests = (hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels)
    hashes = " ".join(f"--hash=sha256:{digest}" for digest in digests)
    for name, config in request.files:
        (pip.folder / name).write_text(config.replace("{hashes}", hashes))
    output = pip.dry_run(f"{server.url}simple/", *request.args, **request.variables)
    assert output.last_line == f"Would install {request.selected}"
    no_extra = "WARNING: torch 2.8.0 does not provide the extra 'gpu'\n"
    expected = {"extra": ("", no_extra), "comment": (HINT,)}.get(case, ("",))
    assert output.stderr in expected or LEGACY_RESOLVER in request.args


@pytest.mark.parametrize(
    "command",
    [("download", "--dest", "w"), ("wheel", "--wheel-dir", "w")],
    ids=["download", "wheel"],
)
@pytest.mark.parametrize(
    "arguments",
    [
        ("torch#cu126",),
        ("--variant", "torch=cu126", "torch"),
        ("--variant", "torch=!cu128 torch=!cu129", "torch"),
    ],
    ids=["requirement", "option", "exclusions"],
)
def test_download_and_wheel_accept_requested_labels(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    command: tuple[str, ...],
    arguments: tuple[str, ...],
) -> None:
    """`pip download` and `pip wheel` have both forms of a request too."""
    write_torch_projects(tmp_path / "index", tag)
    pip.run(*command, "--index-url", f"{server.url}simple/", *arguments)
    saved = [file.name for file in (pip.folder / "w").iterdir()]
    assert saved == [f"torch-2.8.0-{tag}-cu126.whl"]


def test_requested_label_is_really_installed(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A requested label is really installed."""
    write_torch_projects(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    output = own_pip.run("install", "--index-url", url, "app", "torch#cu126")
    assert output.last_line == "Successfully installed app-1.0 torch-2.8.0-cu126"
    assert own_pip.run_python("-c", "import torch").stdout == "torch 2.8.0, build cu126\n"


@pytest.mark.parametrize(
    ("args", "unused"),
    [
        (("--variant", "troch=cu126", "torch"), "troch"),
        (("--variant", "troch=!cu126", "torch"), "troch=!"),
        (("--variant", "Scikit.Learn=cu126", "--variant", "torch=cu126", "app"), "scikit-learn"),
        (("--variant", "troch=cu126", "torch", "missing"), None),
        (("--variant", "missing=cu126", "torch", "missing"), None),
        (("--variant", "torch=cu126", "app"), None),
        (("-c", "c.txt", "plain"), None),
    ],
    ids=[
        "misspelt",
        "misspelt exclusion",
        "not needed",
        "error",
        "error about it",
        "dependency",
        "constraint",
    ],
)
def test_unused_variant_option_is_a_warning(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    args: tuple[str, ...],
    unused: str | None,
) -> None:
    """An option for a project that pip does not need is a warning, unless there is an error.

    A variable or a constraint may be about any project.
    """
    write_torch_projects(tmp_path / "index", tag)
    (pip.folder / "c.txt").write_text("torch#cu126\n")
    status = 1 if "missing" in args else 0
    output = pip.dry_run(f"{server.url}simple/", *args, status=status, PIP_VARIANT="other=cu126")
    name, _, mark = (unused or "").partition("=")
    close = "; did you mean torch?" if name == "troch" else ""
    option = f"--variant {name}={mark}cu126"
    warning = f"WARNING: {option} had no effect: pip did not look for {name}{close}"
    lines = output.stderr.splitlines()
    assert [line for line in lines if "had no effect" in line] == ([warning] if unused else [])


# The options and the name of torch, which has 2.8.0 and 2.7.0, and the versions that are listed.
VERSIONS = {
    "of one version": (("--variant", "torch=cu118"), "torch", "2.7.0"),
    "of the other": ((), "torch#cu126", "2.8.0"),
    "null by another name": (("--variant", "torch=null"), "torch", "2.8.0, 2.7.0"),
    "excluded": (("--variant", "torch=!cu118"), "torch", "2.8.0"),
    "another project's": (("--variant", "plain=cu118"), "torch", "2.8.0, 2.7.0"),
}


@pytest.mark.parametrize("case", VERSIONS)
def test_index_versions_lists_versions_with_the_label(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str
) -> None:
    """Versions without a wheel of the requested label are not listed, and no JSON is requested."""
    write_torch_projects(tmp_path / "index", tag)
    options, name, versions = VERSIONS[case]
    command = ("index", "versions", "--index-url", f"{server.url}simple/", *options, name)
    output = pip.run(*command)
    newest = versions.partition(",")[0]
    assert output.stdout == f"torch ({newest})\nAvailable versions: {versions}\n"
    assert server.requested(".json") == []


def test_index_versions_of_unknown_label_lists_labels(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """The error about an unknown label lists the labels that there are."""
    write_torch_projects(tmp_path / "index", tag)
    command = ("index", "versions", "--index-url", f"{server.url}simple/", "torch#cu999")
    output = pip.run(*command, status=1)
    assert output.stderr.startswith(
        "ERROR: No matching distribution found for torch: No wheel has the variant label cu999;"
        " available: "
    )
    assert "cu118" in output.stderr
