"""`pip variants explain`: which build would be chosen, which others there are, and why not."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from stand_in import IndexServer, write_simple_index, write_torch_index

from tests.e2e.indexes import ALL, cuda, torch_files, torch_sdist, with_variants
from tests.e2e.pips import NEW, OLD, QUERYING, THIS, Machine, Pip, Said, asked, without_driver
from tests.venvs import offline_env

Explain = Callable[..., Said]
MIDDLE = Machine("12.6", "9.0")


@pytest.fixture
def explain(pip: Pip, server: IndexServer) -> Explain:
    """Return a function that runs `pip variants explain` with the test's index."""

    def run(*args: str | Path, machine: Machine = NEW, status: int = 0, **extra: str) -> Said:
        command = ("variants", "explain", "--index-url", f"{server.url}simple/", *args)
        return pip.run(*command, machine=machine, status=status, **extra)

    return run


def parsed(said: Said) -> dict[str, object]:
    """Return the JSON that was printed, alone."""
    found: dict[str, object] = json.loads(said.out)
    return found


def rows(said: Said) -> list[tuple[str | None, int | None, bool]]:
    """Return label, rank and compatibility of each wheel, in the order of the JSON."""
    wheels = parsed(said)["wheels"]
    assert isinstance(wheels, list)
    return [(item["label"], item["rank"], item["compatible"]) for item in wheels]


def stripped(text: str) -> str:
    """Return a text without the spaces with which rich fills its columns."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


TEXT = """\
torch 2.8.0 from INDEX/simple/torch/
Metadata: INDEX/simple/torch/torch-2.8.0-variants.json (revision 0.0.2)
Selected: torch-2.8.0-TAG-cu126.whl

Rank  Label     Why
   1  cu126     selected
   2  00000000  null variant, which comes after every build with properties
   -  cu128     needs nvidia :: cuda_version_lower_bound :: 12.8, this machine
                has up to 12.6
   -  cu129     needs nvidia :: cuda_version_lower_bound :: 12.9, this machine
                has up to 12.6

Namespace  Who       What
nvidia     built-in  cuda_version_lower_bound: 12.6, 12.5, 12.4, 12.3 and 26
                     more
                     cuda_version_upper_bound: 15.20, 15.19, 15.18, 15.17 and 76
                     more
                     sm_arch: 90_real, 90_virtual

What would change the choice:
  a driver with CUDA 12.8 or newer would select cu128
  a driver with CUDA 12.9 or newer would select cu129
"""


def test_text(explain: Explain, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """The whole text, without colour; the page and the JSON are all that is asked for."""
    write_torch_index(tmp_path / "index", tag)
    said = explain("torch", machine=MIDDLE)
    assert (stripped(said.out), said.err) == (QUERYING + TEXT, "")
    assert asked(server) == [
        "GET /simple/torch/ 200",
        "GET /simple/torch/torch-2.8.0-variants.json 200",
    ]


def test_json_says_nothing_else(explain: Explain, tmp_path: Path, tag: str) -> None:
    """With --json stdout is JSON alone, and it has everything that the table has."""
    write_torch_index(tmp_path / "index", tag)
    said = explain("--json", "torch", machine=MIDDLE)
    found = parsed(said)
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
    assert (found["selected"], said.err) == ("torch-2.8.0-TAG-cu126.whl", "")
    assert rows(said) == [
        ("cu126", 1, True),
        ("00000000", 2, True),
        ("cu128", None, False),
        ("cu129", None, False),
    ]


@without_driver
def test_a_machine_without_a_gpu(explain: Explain, tmp_path: Path, tag: str) -> None:
    """Who was asked and found nothing is said once, and every lack of every build."""
    write_torch_index(tmp_path / "index", tag)
    found = parsed(explain("--json", "torch", machine=THIS))
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


# ---- What it works for ---------------------------------------------------------------------------

OLDER = with_variants({"cu118": cuda("11.8"), "null": {}})


@pytest.fixture
def versions(server: IndexServer, tmp_path: Path, tag: str) -> Path:
    """Write an index with two versions of torch, plain wheels, and an sdist; return its root."""
    assert server.url
    root = tmp_path / "index"
    folder = root / "files"
    files = [*torch_files(folder, tag, [None, *ALL]), torch_sdist(folder)]
    files += torch_files(folder, tag, ["cu118", "null"], version="2.7.0", metadata=OLDER)
    write_simple_index(root, {"torch": files})
    return root


# What is typed, on which machine, and the version and the label that are selected.
ASKED = {
    "name": (("torch",), NEW, "2.8.0", "cu129"),
    "pin": (("torch==2.7.0",), NEW, "2.7.0", "cu118"),
    "range": (("torch<2.8",), NEW, "2.7.0", "cu118"),
    "extra": (("torch[opt]",), NEW, "2.8.0", "cu129"),
    "label": (("torch#cu126",), NEW, "2.8.0", "cu126"),
    "--variant": (("--variant", "torch=null", "torch==2.7.0"), NEW, "2.7.0", "null"),
    "label of an older version": (("torch#cu118",), NEW, "2.7.0", "cu118"),
    "--no-variants": (("--no-variants", "torch"), NEW, "2.8.0", None),
    "--disable": (("--disable-variant-provider", "nvidia", "torch"), NEW, "2.8.0", "00000000"),
    "--only-binary": (("--only-binary", "torch", "torch"), OLD, "2.8.0", "00000000"),
}


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize("case", ASKED)
def test_what_can_be_asked(explain: Explain, pip: Pip, server: IndexServer, case: str) -> None:
    """The selected file is the one that `pip install` with the same words takes."""
    args, machine, version, label = ASKED[case]
    found = parsed(explain("--json", *args, machine=machine))
    end = f"-{label}" if label else ""
    assert (found["version"], found["selected"]) == (version, f"torch-{version}-TAG{end}.whl")
    said = pip.dry_run(f"{server.url}simple/", *args, machine=machine)
    assert said.last == f"Would install torch-{version}{end}"


@pytest.mark.usefixtures("versions")
def test_constraints(explain: Explain, here: Path) -> None:
    """A constraint on the project counts; one on another does not."""
    (here / "c.txt").write_text("torch<2.8\nother==1\n")
    found = parsed(explain("--json", "-c", "c.txt", "torch"))
    assert found["selected"] == "torch-2.7.0-TAG-cu118.whl"


@pytest.mark.usefixtures("versions")
def test_a_described_machine(explain: Explain, here: Path) -> None:
    """A platform file decides as it does for install."""
    (here / "gpu.toml").write_text(
        'version = 1\n[properties.nvidia]\ncuda_version_lower_bound = ["12.6"]\n'
        'sm_arch = ["90_real"]\n'
    )
    said = explain("--json", "--variant-platform", "gpu.toml", "torch", machine=THIS)
    found = parsed(said)
    assert found["selected"] == "torch-2.8.0-TAG-cu126.whl"
    namespaces = found["namespaces"]
    assert isinstance(namespaces, list)
    assert namespaces[0]["state"] == "user"


@pytest.mark.parametrize(("machine", "source"), [(NEW, "newer"), (MIDDLE, "older")])
def test_two_sources(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, machine: Machine, source: str
) -> None:
    """Of two indexes the one is named that has the selected file, with its metadata."""
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
    # Both need the same of the machine, which is said once.
    namespaces = found["namespaces"]
    assert isinstance(namespaces, list)
    assert [item["namespace"] for item in namespaces] == ["nvidia"]


@pytest.mark.usefixtures("versions")
def test_a_foreign_target(explain: Explain, here: Path) -> None:
    """With --platform this machine is not asked; files of other platforms are no rows."""
    assert here
    args = ("--json", "--platform", "win_amd64", "--only-binary", ":all:", "torch")
    said = explain(*args, status=1)
    assert said.err == "ERROR: No matching distribution found for torch\n"


@pytest.mark.usefixtures("versions")
def test_unwanted_builds_are_compatible_but_not_taken(explain: Explain) -> None:
    """A wish narrows the choice: the other builds stay in sight, and say why they are out."""
    said = explain("--json", "torch#cu126")
    assert rows(said) == [
        ("cu126", 1, True),
        ("cu129", None, True),
        ("cu128", None, True),
        ("00000000", None, True),
        (None, None, True),
    ]


@pytest.mark.parametrize("address", [False, True], ids=["file", "address"])
def test_a_wheel(
    explain: Explain, server: IndexServer, tmp_path: Path, tag: str, address: bool
) -> None:
    """A given wheel is judged by its own metadata, from afar by range requests."""
    (wheel, _) = torch_files(tmp_path / "index/files", tag, ["cu128"])
    where = f"{server.url}files/{wheel.name}" if address else wheel
    said = explain("--json", where, machine=MIDDLE)
    assert rows(said) == [("cu128", None, False)]
    found = parsed(said)
    assert (found["selected"], found["version"]) == (None, "2.8.0")
    said = explain("--json", where)
    assert rows(said) == [("cu128", 1, True)]
    assert "GET" not in {item.method for item in server.requests if item.status == 200}


def test_no_wheel_is_downloaded(
    explain: Explain, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Without the JSON single wheels are read by ranges, and where there are none, not at all."""
    files = torch_files(tmp_path / "index/files", tag, ["cu126", None])[:-1]
    write_simple_index(tmp_path / "index", {"torch": files})
    said = explain("--json", "torch")
    assert parsed(said)["metadata"] == {"origin": "wheels", "location": None, "revision": "0.0.2"}
    assert [item.status for item in server.requests if item.method == "GET"][1:] == [206] * (
        len(server.requests) - 2
    )
    server.ranges = False
    server.requests.clear()
    found = parsed(said := explain("--json", "torch"))
    assert [item.path for item in server.requests if item.method == "GET"] == ["/simple/torch/"]
    assert (found["selected"], found["metadata"]) == (
        "torch-2.8.0-TAG.whl",
        {"origin": "none", "location": None, "revision": None},
    )
    problem = "torch-2.8.0-TAG-cu126.whl: its server has no range requests"
    assert problem in said.err


# ---- What goes wrong -----------------------------------------------------------------------------

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
    "unknown": (("nowhere",), "No matching distribution found for nowhere"),
    "version": (("torch==9",), "No matching distribution found for torch==9"),
    "label": (
        ("torch#",),
        "Invalid requirement: 'torch#': '' is not a variant label (a-z, 0-9, _ and .)",
    ),
    "sdist": (
        ("torch @ file:///nowhere/torch-1.tar.gz",),
        "file:///nowhere/torch-1.tar.gz is no wheel; there is nothing to choose.",
    ),
}  # fmt: skip


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize("case", ERRORS)
def test_errors(explain: Explain, case: str) -> None:
    """Whatever cannot be explained is one error."""
    args, text = ERRORS[case]
    said = explain(*args, status=1)
    assert said.err == f"ERROR: {text}\n"


def test_broken_metadata(explain: Explain, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """Builds of which nothing is known are rows that say so, and the warning is in the JSON."""
    files = torch_files(tmp_path / "index/files", tag, ["cu126", None])
    files[-1].write_text("{")
    write_simple_index(tmp_path / "index", {"torch": files})
    said = explain("--json", "torch")
    found = parsed(said)
    assert rows(said) == [(None, 1, True), ("cu126", None, False)]
    warnings = found["warnings"]
    assert isinstance(warnings, list)
    (warning,) = warnings
    assert said.err == f"WARNING: {warning}\n"
    assert server.asked(".whl") == []


def test_on_a_terminal(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """On a real terminal the chosen build is coloured, and nothing is with --no-color."""
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
    assert "Rank  Label     Why" in plain.replace("\r", "")


def _read(parent: int) -> bytes:
    try:
        return os.read(parent, 4096)
    except OSError:  # what Linux says when the other side is gone
        return b""
