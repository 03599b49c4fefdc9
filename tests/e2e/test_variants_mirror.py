"""`pip variants mirror`: what it fetches, and what machines without a network install from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.indexes import ALL_LABELS, CPU_PLATFORM, GPU_PLATFORM, LARGE, write_index_by_variant
from tests.e2e.pips import QUERY_FAILS, Output, Pip, whole_files
from tests.support.index_server import Reply
from tests.support.stand_in import TORCH_280, IndexServer
from tests.support.stand_in_wheel import dump

MACHINES = ("--platform-file", "gpu.toml", "--platform-file", "cpu.toml")


@pytest.fixture
def torch_index(tmp_path: Path, server: IndexServer, pip: Pip) -> str:
    """Return the address of an index with torch, whose dependencies depend on the variant."""
    files = {"torch/lib.bin": bytes(LARGE)}
    write_index_by_variant(tmp_path / "index", pip.tag, ALL_LABELS, files)
    (pip.folder / "gpu.toml").write_text(GPU_PLATFORM)
    (pip.folder / "cpu.toml").write_text(CPU_PLATFORM)
    return f"{server.url}simple/"


def mirror(pip: Pip, url: str, *args: str, status: int = 0, **extra: str) -> Output:
    """Run `pip variants mirror` on a machine that must not be queried."""
    options = ("variants", "mirror", "--index-url", url)
    return pip.run(*options, *args, machine=QUERY_FAILS, status=status, **extra)


def wheels(pip: Pip) -> list[str]:
    """Return the paths of the wheels in the mirror `m`."""
    found = (pip.folder / "m").rglob("*.whl")
    return sorted(str(path.relative_to(pip.folder / "m")).replace(pip.tag, "TAG") for path in found)


MIRRORED = [
    "always/always-1.0-py3-none-any.whl",
    "cpu-runtime/cpu_runtime-1.0-py3-none-any.whl",
    "cuda-runtime/cuda_runtime-1.0-py3-none-any.whl",
    "torch/torch-2.8.0-TAG-00000000.whl",
    "torch/torch-2.8.0-TAG-cu128.whl",
]


def test_each_machine_installs_from_the_mirror_what_it_would_from_the_index(
    own_pip: Pip, torch_index: str, server: IndexServer
) -> None:
    """A second run requests no wheel, and a further machine costs only its own ones."""
    output = mirror(own_pip, torch_index, "torch", "m", *MACHINES)
    lines = [line for line in output.stdout.splitlines() if " needs " in line]
    assert lines == [
        "gpu.toml needs 3 files; variants: torch-2.8.0-cu128",
        "cpu.toml needs 3 files; variants: torch-2.8.0-00000000",
    ]
    assert output.last_line == "m has all that is needed, 5 files: 5 new (SIZE)"
    assert wheels(own_pip) == MIRRORED
    document = own_pip.folder / "m/torch/torch-2.8.0-variants.json"
    assert document.read_bytes() == dump(TORCH_280)
    server.requests.clear()
    output = mirror(own_pip, torch_index, "torch", "m", *MACHINES)
    assert output.last_line == "Nothing new: m has all that is needed, 5 files"
    assert "Downloading" not in output.stdout
    assert server.requested(".whl") == []
    (own_pip.folder / "old.toml").write_text(GPU_PLATFORM.replace('"12.8", ', ""))
    mirror(own_pip, torch_index, "torch", "m", "--variant-platform", "old.toml")
    assert [path.rpartition("-")[2] for path in whole_files(server)] == ["cu126.whl"]
    assert document.read_bytes() == dump(TORCH_280)
    server.requests.clear()
    url = (own_pip.folder / "m").as_uri()
    for name, label, runtime in (
        ("gpu", "cu128", "cuda-runtime"),
        ("old", "cu126", "cuda-runtime"),
        ("cpu", "00000000", "cpu-runtime"),
    ):
        options = ("--index-url", url, "--variant-platform", f"{name}.toml", "--target", name)
        output = own_pip.run("install", *options, "torch", machine=QUERY_FAILS)
        installed = f"Successfully installed always-1.0 {runtime}-1.0 torch-2.8.0-{label}"
        assert output.last_line == installed
    assert server.requests == []


def test_interrupted_mirror_goes_on_where_it_stopped(
    pip: Pip, torch_index: str, server: IndexServer
) -> None:
    """Nothing incomplete has the name of a wheel, and no page names it."""
    wheel = f"/files/torch-2.8.0-{pip.tag}-cu128.whl"
    part = LARGE // 2
    server.chooser = lambda _, path, headers: (
        Reply(cut=part) if path == wheel and "range" not in headers else None
    )
    args = ("torch", "m", "--platform-file", "gpu.toml")
    output = mirror(pip, torch_index, *args, status=1, PIP_RESUME_RETRIES="0")
    assert output.stderr.startswith("ERROR: Could not download INDEX/files/torch-2.8.0-TAG-cu128")
    assert not [name for name in wheels(pip) if name.startswith("torch/")]
    assert not (pip.folder / "m/torch/index.html").exists()
    server.requests.clear()
    output = mirror(pip, torch_index, *args)
    ranges = [item.headers.get("range") for item in server.requests if item.path == wheel]
    assert ranges[-1] == f"bytes={part}-"
    assert wheels(pip) == [name for name in MIRRORED if "cpu" not in name and "0000" not in name]
    assert not (pip.folder / "m/.partial").exists()
