"""`pip variants explain`: the selected variant, its order among the others, and the reasons."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.indexes import ALL_LABELS, cuda, torch_files, torch_sdist, with_variants
from tests.e2e.pips import (
    MIDDLE_DRIVER,
    NEW_DRIVER,
    NOT_FOUND,
    OLD_DRIVER,
    QUERYING,
    REAL_MACHINE,
    Machine,
    Output,
    Pip,
    request_lines,
    without_driver,
)
from tests.support.stand_in import IndexServer, write_simple_index, write_torch_index
from tests.support.venvs import offline_env

Explain = Callable[..., Output]


@pytest.fixture
def explain(pip: Pip, server: IndexServer) -> Explain:
    """Return a function that runs `pip variants explain` with the test's index."""

    def run(
        *args: str | Path, machine: Machine = NEW_DRIVER, status: int = 0, **extra: str
    ) -> Output:
        command = ("variants", "explain", "--index-url", f"{server.url}simple/", *args)
        return pip.run(*command, machine=machine, status=status, **extra)

    return run


def parsed(output: Output) -> dict[str, object]:
    """Return the JSON that was printed; stdout has nothing else."""
    found: dict[str, object] = json.loads(output.stdout)
    return found


def rows(output: Output) -> list[tuple[str | None, int | None, bool]]:
    """Return label, rank and compatibility of each wheel, in the order of the JSON."""
    wheels = parsed(output)["wheels"]
    assert isinstance(wheels, list)
    return [(item["label"], item["rank"], item["compatible"]) for item in wheels]


def stripped(text: str) -> str:
    """Return a text without the spaces with which rich fills its columns."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


TABLE = """\
torch 2.8.0 from INDEX/simple/torch/
Metadata: INDEX/simple/torch/torch-2.8.0-variants.json (revision 0.0.2)
Selected: torch-2.8.0-TAG-cu126.whl

Rank  Label     Reason
   1  cu126     selected
   2  00000000  null variant, ranked after all variants with properties
   -  cu128     a driver with CUDA 12.8 or newer is required (needs nvidia ::
                cuda_version_lower_bound :: 12.8, this machine has up to 12.6)
   -  cu129     a driver with CUDA 12.9 or newer is required (needs nvidia ::
                cuda_version_lower_bound :: 12.9, this machine has up to 12.6)

Namespace  Source    Supported
nvidia     built-in  cuda_version_lower_bound: 12.6, 12.5, 12.4, 12.3 and 26
                     more
                     cuda_version_upper_bound: 15.20, 15.19, 15.18, 15.17 and 76
                     more
                     sm_arch: 90_real, 90_virtual

What would change the choice:
  a driver with CUDA 12.8 or newer would select cu128
  a driver with CUDA 12.9 or newer would select cu129
"""


def test_explain_prints_the_whole_table(
    explain: Explain, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """The whole text is printed without colour; only the page and the JSON are requested."""
    write_torch_index(tmp_path / "index", tag)
    output = explain("torch", machine=MIDDLE_DRIVER)
    assert (stripped(output.stdout), output.stderr) == (QUERYING + TABLE, "")
    assert request_lines(server) == [
        "GET /simple/torch/ 200",
        "GET /simple/torch/torch-2.8.0-variants.json 200",
    ]


def test_json_option_prints_only_json(explain: Explain, tmp_path: Path, tag: str) -> None:
    """With --json stdout is JSON alone, and it has everything that the table has."""
    write_torch_index(tmp_path / "index", tag)
    output = explain("--json", "torch", machine=MIDDLE_DRIVER)
    found = parsed(output)
    assert list(found) == [
        "project",
        "version",
        "source",
        "metadata",
        "namespaces",
        "wheels",
        "selected",
        "warnings",
    ]
    assert found["metadata"] == {
        "origin": "index",
        "location": "INDEX/simple/torch/torch-2.8.0-variants.json",
        "revision": "0.0.2",
    }
    assert (found["selected"], output.stderr) == ("torch-2.8.0-TAG-cu126.whl", "")
    assert rows(output) == [
        ("cu126", 1, True),
        ("00000000", 2, True),
        ("cu128", None, False),
        ("cu129", None, False),
    ]


@without_driver
def test_machine_without_gpu_has_one_reason_per_namespace(
    explain: Explain, tmp_path: Path, tag: str
) -> None:
    """The reason of the provider is listed once, and every missing feature of every variant."""
    write_torch_index(tmp_path / "index", tag)
    found = parsed(explain("--json", "torch", machine=REAL_MACHINE))
    assert found["namespaces"] == [
        {
            "namespace": "nvidia",
            "state": "built-in",
            "reason": "no NVIDIA driver found",
            "features": [],
        }
    ]
    wheels = found["wheels"]
    assert isinstance(wheels, list)
    assert [item["reason"].count("needs nvidia") for item in wheels[1:]] == [2, 2, 2]


OLDER = with_variants({"cu118": cuda("11.8"), "null": {}})


@pytest.fixture
def versions(server: IndexServer, tmp_path: Path, tag: str) -> Path:
    """Write an index with two versions of torch, plain wheels, and an sdist; return its root."""
    assert server.url
    root = tmp_path / "index"
    folder = root / "files"
    files = [*torch_files(folder, tag, [None, *ALL_LABELS]), torch_sdist(folder)]
    files += torch_files(folder, tag, ["cu118", "null"], version="2.7.0", metadata=OLDER)
    write_simple_index(root, {"torch": files})
    return root


# The arguments, the machine, and the version and the label that are selected.
EXPLAINED = {
    "name": (("torch",), NEW_DRIVER, "2.8.0", "cu129"),
    "pin": (("torch==2.7.0",), NEW_DRIVER, "2.7.0", "cu118"),
    "range": (("torch<2.8",), NEW_DRIVER, "2.7.0", "cu118"),
    "extra": (("torch[opt]",), NEW_DRIVER, "2.8.0", "cu129"),
    "label": (("torch#cu126",), NEW_DRIVER, "2.8.0", "cu126"),
    "--variant": (("--variant", "torch=null", "torch==2.7.0"), NEW_DRIVER, "2.7.0", "null"),
    "label of an older version": (("torch#cu118",), NEW_DRIVER, "2.7.0", "cu118"),
    "--no-variants": (("--no-variants", "torch"), NEW_DRIVER, "2.8.0", None),
    "--disable": (
        ("--disable-variant-provider", "nvidia", "torch"),
        NEW_DRIVER,
        "2.8.0",
        "00000000",
    ),
    "--only-binary": (("--only-binary", "torch", "torch"), OLD_DRIVER, "2.8.0", "00000000"),
}


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize("case", EXPLAINED)
def test_explain_selects_what_install_selects(
    explain: Explain, pip: Pip, server: IndexServer, case: str
) -> None:
    """The selected file is the one that `pip install` with the same arguments selects."""
    args, machine, version, label = EXPLAINED[case]
    found = parsed(explain("--json", *args, machine=machine))
    end = f"-{label}" if label else ""
    assert (found["version"], found["selected"]) == (version, f"torch-{version}-TAG{end}.whl")
    output = pip.dry_run(f"{server.url}simple/", *args, machine=machine)
    assert output.last_line == f"Would install torch-{version}{end}"


@pytest.mark.usefixtures("versions")
def test_constraint_on_the_project_is_applied(explain: Explain, workdir: Path) -> None:
    """A constraint on the project counts; one on another project does not."""
    (workdir / "c.txt").write_text("torch<2.8\nother==1\n")
    found = parsed(explain("--json", "-c", "c.txt", "torch"))
    assert found["selected"] == "torch-2.7.0-TAG-cu118.whl"


@pytest.mark.usefixtures("versions")
def test_platform_file_decides_as_for_install(explain: Explain, workdir: Path) -> None:
    """A platform file has the same effect as for install."""
    (workdir / "gpu.toml").write_text(
        'version = 1\n[properties.nvidia]\ncuda_version_lower_bound = ["12.6"]\n'
        'sm_arch = ["90_real"]\n'
    )
    output = explain("--json", "--variant-platform", "gpu.toml", "torch", machine=REAL_MACHINE)
    found = parsed(output)
    assert found["selected"] == "torch-2.8.0-TAG-cu126.whl"
    namespaces = found["namespaces"]
    assert isinstance(namespaces, list)
    assert namespaces[0]["state"] == "user"


@pytest.mark.parametrize(("machine", "source"), [(NEW_DRIVER, "newer"), (MIDDLE_DRIVER, "older")])
def test_index_of_the_selected_file_is_named(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, machine: Machine, source: str
) -> None:
    """Of two indexes the one with the selected file is named, with its metadata."""
    for name, label in (("older", "cu126"), ("newer", "cu129")):
        root = tmp_path / "index" / name
        write_simple_index(root, {"torch": torch_files(root / "files", tag, [label])})
    urls = [f"{server.url}{name}/simple/" for name in ("older", "newer")]
    command = ("variants", "explain", "--json", "-i", urls[0], "--extra-index-url", urls[1])
    found = parsed(pip.run(*command, "torch", machine=machine))
    page = f"INDEX/{source}/simple/torch/"
    assert found["source"] == page
    assert found["metadata"] == {
        "origin": "index",
        "location": f"INDEX/{source}/files/torch-2.8.0-variants.json",
        "revision": "0.0.2",
    }
    # Both need the same namespace, which is listed once.
    namespaces = found["namespaces"]
    assert isinstance(namespaces, list)
    assert [item["namespace"] for item in namespaces] == ["nvidia"]


@pytest.mark.usefixtures("versions")
def test_cross_target_without_wheels_is_an_error(explain: Explain, workdir: Path) -> None:
    """With --platform, a project without wheels for that platform is an error."""
    assert workdir
    args = ("--json", "--platform", "win_amd64", "--only-binary", ":all:", "torch")
    output = explain(*args, status=1)
    assert output.stderr == NOT_FOUND.replace("2.8.0", "none")


@pytest.mark.usefixtures("versions")
def test_requested_label_leaves_others_compatible_but_unranked(explain: Explain) -> None:
    """With a requested label the other variants are listed as compatible, without a rank."""
    output = explain("--json", "torch#cu126")
    assert rows(output) == [
        ("cu126", 1, True),
        ("cu129", None, True),
        ("cu128", None, True),
        ("00000000", None, True),
        (None, None, True),
    ]


@pytest.mark.parametrize("address", [False, True], ids=["file", "address"])
def test_explicit_wheel_is_judged_by_its_own_metadata(
    explain: Explain, server: IndexServer, tmp_path: Path, tag: str, address: bool
) -> None:
    """An explicit wheel is judged by its own metadata, a remote one by range requests."""
    (wheel, _) = torch_files(tmp_path / "index/files", tag, ["cu128"])
    where = f"{server.url}files/{wheel.name}" if address else wheel
    output = explain("--json", where, machine=MIDDLE_DRIVER, status=1)
    assert rows(output) == [("cu128", None, False)]
    found = parsed(output)
    assert (found["selected"], found["version"]) == (None, "2.8.0")
    output = explain("--json", where)
    assert rows(output) == [("cu128", 1, True)]
    assert "GET" not in {item.method for item in server.requests if item.status == 200}


def test_explain_downloads_whole_wheels_only_without_ranges(
    explain: Explain, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Without the JSON wheels are read by range requests, and without these whole."""
    files = torch_files(tmp_path / "index/files", tag, ["cu126", None])[:-1]
    write_simple_index(tmp_path / "index", {"torch": files})
    wheel = f"/files/torch-2.8.0-{tag}-cu126.whl"
    for ranges, status in ((True, 206), (False, 200)):
        server.ranges = ranges
        server.requests.clear()
        output = explain("--json", "torch")
        metadata = {"origin": "wheels", "location": None, "revision": "0.0.2"}
        assert (parsed(output)["metadata"], output.stderr) == (metadata, "")
        assert request_lines(server) == ["GET /simple/torch/ 200", f"GET {wheel} {status}"]


def not_found(requirement: str, versions: str) -> str:
    """Return pip's error about a requirement that none of these versions satisfies (trial 37)."""
    return (
        f"Could not find a version that satisfies the requirement {requirement}"
        f" (from versions: {versions})\nERROR: No matching distribution found for {requirement}"
    )


ERRORS = {
    "marker": (
        ("torch; python_version < '3'",),
        "The markers of torch do not match: pip install would ignore it.",
    ),
    "another platform": (
        ("torch @ file:///nowhere/torch-2.8.0-cp27-none-win32-cu126.whl",),
        "torch-2.8.0-cp27-none-win32-cu126.whl is not a supported wheel on this platform.",
    ),
    "an option of index": (
        ("--check", "torch"),
        "The option --check is not one of: pip variants explain",
    ),
    "nothing": ((), "Need one requirement: a name, a name with a version, a wheel."),
    "two": (("a", "b"), "Need one requirement: a name, a name with a version, a wheel."),
    "unknown": (("nowhere",), not_found("nowhere", "none")),
    "version": (("torch>2.8,<2.9",), not_found("torch<2.9,>2.8", "2.7.0, 2.8.0")),
    "label": (
        ("torch#",),
        "Invalid requirement: 'torch#': '' is not a variant label (a-z, 0-9, _ and .)",
    ),
    "sdist": (
        ("torch @ file:///nowhere/torch-1.tar.gz",),
        "file:///nowhere/torch-1.tar.gz is not a wheel; there is nothing to choose.",
    ),
}  # fmt: skip


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize("case", ERRORS)
def test_requirement_that_cannot_be_explained_is_an_error(explain: Explain, case: str) -> None:
    """A requirement that cannot be explained is an error, where pip has it the same."""
    args, text = ERRORS[case]
    output = explain(*args, status=1)
    assert output.stderr == f"ERROR: {text}\n"


def test_ignored_metadata_is_a_row_and_a_warning(
    explain: Explain, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A variant without metadata is an incompatible row, and the warning is in the JSON."""
    files = torch_files(tmp_path / "index/files", tag, ["cu126", None])
    files[-1].write_text('{"$schema": "https://example.org/v2.0.0.json"}')
    write_simple_index(tmp_path / "index", {"torch": files})
    output = explain("--json", "torch")
    found = parsed(output)
    assert rows(output) == [(None, 1, True), ("cu126", None, False)]
    warnings = found["warnings"]
    assert isinstance(warnings, list)
    (warning,) = warnings
    assert output.stderr == f"WARNING: {warning}\n"
    assert server.requested(".whl") == []


@pytest.mark.parametrize("with_variant_json", [True, False], ids=["in wheels", "nowhere"])
def test_broken_metadata_is_explained_as_it_is_installed(
    explain: Explain,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    pip: Pip,
    *,
    with_variant_json: bool,
) -> None:
    """The wheels describe themselves, or the command ends with the error of the install."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, ["cu126", None], with_variant_json=with_variant_json)
    files[-1].write_text("{")
    write_simple_index(tmp_path / "index", {"torch": files})
    status = 0 if with_variant_json else 1
    output = explain("--json", "torch", status=status)
    installed = pip.dry_run(f"{server.url}simple/", "torch", status=status)
    assert output.stderr == installed.stderr
    if with_variant_json:
        assert rows(output) == [("cu126", 1, True), (None, 2, True)]
        assert parsed(output)["metadata"] == {
            "origin": "wheels",
            "location": None,
            "revision": "0.0.2",
        }


def test_selected_variant_is_coloured_on_a_terminal(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """On a real terminal the selected variant is coloured, but not with --no-color."""
    write_torch_index(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    env = offline_env(
        TERM="xterm-256color",
        COLUMNS="100",
        NO_PROXY="127.0.0.1",
        NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION="12.9",
        NV_VARIANT_PROVIDER_FORCE_SM_ARCH="9.0",
    )
    del env["PIP_NO_INDEX"]

    def run(*options: str) -> str:
        command = ("-m", "pip", *options, "variants", "explain", "-i", url, "torch")
        parent, child = pty.openpty()
        with subprocess.Popen(
            [pip.python, *command], stdin=child, stdout=child, stderr=child, env=env
        ) as process:
            os.close(child)
            text = b""
            while chunk := _read(parent):
                text += chunk
            os.close(parent)
        assert process.returncode == 0
        return text.decode()

    coloured = run()
    assert "\x1b[32m" in coloured
    plain = run("--no-color")
    assert re.findall("\x1b\\[[0-9;]*m", plain) == []
    assert "Rank  Label     Reason" in plain.replace("\r", "")


def _read(parent: int) -> bytes:
    try:
        return os.read(parent, 4096)
    except OSError:  # Linux raises this when the other side is closed
        return b""
