"""No code of any package runs without the user's word: traps that leave a mark if one does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from stand_in import IndexServer, write_simple_index
from stand_in_wheel import Json

from tests.e2e.gpu import GPU, PLUGIN, TRUST, provided, provider_wheel, write_index
from tests.e2e.indexes import torch_files, torch_sdist
from tests.e2e.pips import Pip, Said

# Every way in which code of a wheel could run, and what an import of it or a start of Python does.
TRAP = "import os; open(os.environ['RAN_OF_THE_PLUGIN'], 'a').write('{}\\n')\n"
TRAPS = {
    "sitecustomize.py": TRAP.format("sitecustomize").encode(),
    "usercustomize.py": TRAP.format("usercustomize").encode(),
    "trap.pth": TRAP.format("pth").encode(),
    "gpu_provider-1.0.data/purelib/trap2.pth": TRAP.format("pth of data").encode(),
    "gpu_provider-1.0.data/scripts/python": b"#!/bin/sh\n",
}


@pytest.fixture
def go(pip: Pip, server: IndexServer, ran: Path) -> Callable[..., Said]:
    """Return a function that lets pip choose with these options."""

    def run(*options: str) -> Said:
        return pip.dry_run(f"{server.url}simple/", *options, "torch", RAN_OF_THE_PLUGIN=str(ran))

    return run


ANY = (None, "fast", "null")
"""The builds: if the metadata is not even read, the plain one is left."""


def _plant(root: Path) -> dict[str, list[Path]]:
    """Write providers of all kinds whose code leaves a mark; return what an index lists."""
    folder = root / "files"
    mark = TRAP.format("{}")
    sdist = torch_sdist(folder)
    planted = {
        "gpu-provider": provider_wheel(
            folder, PLUGIN, requires=["planted-dependency"], files=TRAPS
        ),
        "gpu-providers": provider_wheel(
            folder, mark.format("lookalike"), name="gpu_providers-1.0-py3-none-any.whl"
        ),
        "planted-dependency": provider_wheel(
            folder, mark.format("dependency"), name="planted_dependency-1.0-py3-none-any.whl"
        ),
        "only-sdist": sdist.rename(folder / "only_sdist-2.8.0.tar.gz"),
    }
    return {name: [file] for name, file in planted.items()}


REQUIRES = {
    "the provider": ["gpu-provider"],
    "another spelling": ["GPU.Provider"],
    "a lookalike": ["gpu-providers"],
    "with a dependency": ["gpu-provider", "planted-dependency"],
    "an sdist": ["only-sdist"],
    "an address": ["gpu-provider @ INDEX/files/gpu_provider-1.0-py3-none-any.whl"],
    "a line more": ["x\n--index-url INDEX/simple/\ngpu-provider"],
    "an option": ["-r /etc/passwd"],
    "a file": ["gpu-provider @ file:///etc/passwd"],
}


def _write_demanding(server: IndexServer, root: Path, tag: str, requires: list[str]) -> None:
    """Write an index with what is planted, and a torch whose provider asks for all of that."""
    requires = [text.replace("INDEX/", server.url) for text in requires]
    write_index(root, tag, _plant(root), {**GPU, "requires": requires}, ANY)


@pytest.mark.parametrize("requires", REQUIRES.values(), ids=REQUIRES)
def test_nothing_runs_without_a_word(
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    go: Callable[..., Said],
    ran: Path,
    requires: list[str],
) -> None:
    """Whatever the metadata asks for: nothing of it is fetched, and none of its code runs."""
    _write_demanding(server, tmp_path / "index", tag, requires)
    assert go().last in {"Would install torch-2.8.0-null", "Would install torch-2.8.0"}
    assert {path for path in server.asked() if "torch" not in path} == set()
    assert ran.read_text() == ""


@pytest.mark.parametrize(
    "requires",
    [
        ["gpu-providers"],
        ["gpu-provider", "planted-dependency"],
        ["gpu-provider", "gpu-provider @ INDEX/files/gpu_provider-1.0-py3-none-any.whl"],
        ["gpu-provider\n--index-url INDEX/other/"],
        ["gpu-provider --index-url=INDEX/other/"],
        ["-r /etc/passwd", "gpu-provider"],
        ["gpu-provider===${HOME}"],
    ],
)
def test_trust_is_for_one_name(
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    go: Callable[..., Said],
    ran: Path,
    requires: list[str],
) -> None:
    """A trusted name covers neither lookalikes nor company nor addresses nor options."""
    _write_demanding(server, tmp_path / "index", tag, requires)
    assert go(*TRUST).last in {"Would install torch-2.8.0-null", "Would install torch-2.8.0"}
    assert {path for path in server.asked() if "torch" not in path} == set()
    assert ran.read_text() == ""


def test_a_version_that_is_a_path(
    tmp_path: Path, tag: str, go: Callable[..., Said], ran: Path
) -> None:
    """A file that lies somewhere cannot be smuggled in as a version of what is trusted."""
    evil = tmp_path / "evil"
    wheel = provider_wheel(evil, TRAP.format("file"), name="gpu_provider-9-py3-none-any.whl")
    climb = "/.." * 30
    write_index(
        tmp_path / "index", tag, {}, {**GPU, "requires": [f"gpu-provider===9{climb}{wheel}"]}
    )
    assert go(*TRUST).last == "Would install torch-2.8.0-null"
    assert ran.read_text() == ""


def test_a_trusted_provider_runs_only_where_it_is_asked(
    tmp_path: Path, tag: str, go: Callable[..., Said], ran: Path
) -> None:
    """Of a trusted provider the plugin runs, in its own process; its traps do not."""
    write_index(tmp_path / "index", tag, _plant(tmp_path / "index"))
    for _ in range(2):
        assert go(*TRUST).last == "Would install torch-2.8.0-fast"
    assert ran.read_text() == "ran\n" * 2


def test_spellings_of_one_name(tmp_path: Path, tag: str, go: Callable[..., Said]) -> None:
    """A name in another spelling is the same package, on both sides."""
    others = _plant(tmp_path / "index")
    write_index(tmp_path / "index", tag, others, {**GPU, "requires": ["GPU.Provider"]})
    said = go("--trust-variant-provider", "Gpu--_provider")
    assert said.last == "Would install torch-2.8.0-fast"


@pytest.mark.parametrize(
    "plugin_api",
    [
        "-c import os",
        "gpu_provider.plugin:Plugin; import os",
        "../gpu_provider",
        "gpu_provider.plugin:Plugin()",
    ],
)
def test_an_endpoint_that_is_none(
    tmp_path: Path, tag: str, go: Callable[..., Said], ran: Path, plugin_api: str
) -> None:
    """What is no endpoint reaches no interpreter, trusted or not."""
    others = _plant(tmp_path / "index")
    write_index(tmp_path / "index", tag, others, {**GPU, "plugin-api": plugin_api})
    said = go(*TRUST)
    assert said.last == "Would install torch-2.8.0-null"
    why = f"its provider (gpu-provider) failed: its plugin-api is no endpoint: {plugin_api!r}"
    assert said.err == f"WARNING: gpu: {why}\n"
    assert ran.read_text() == ""


# What metadata says in places that end on a terminal.
LOUD: dict[str, Mapping[str, object]] = {
    "requires": {"requires": ["\x1b]0;owned\x07"]},
    "plugin-api": {"requires": ["gpu-provider"], "plugin-api": "\x1b[2J"},
    "enable-if": {**GPU, "enable-if": "os_name == '\x1b[2J'"},
    "bidirectional": {"requires": ["gpu\u202eprovider"]},
}


@pytest.mark.parametrize("provider", LOUD.values(), ids=LOUD)
def test_nothing_steers_the_terminal(
    tmp_path: Path, tag: str, go: Callable[..., Said], ran: Path, provider: Mapping[str, object]
) -> None:
    """Control characters in what the metadata says of providers are never printed as they are."""
    write_index(tmp_path / "index", tag, _plant(tmp_path / "index"), provider, ANY)
    for options in ((), (*TRUST, "-v")):
        said = go(*options)
        assert [
            char for char in said.out + said.err if not char.isprintable() and char != "\n"
        ] == []
    assert ran.read_text() == ""


def test_two_providers_of_which_one_is_trusted(
    tmp_path: Path, tag: str, go: Callable[..., Said], server: IndexServer
) -> None:
    """Trust in one namespace's package says nothing of the other's."""
    metadata: Json = {
        **provided(GPU),
        "providers": {"gpu": GPU, "tpu": {"requires": ["gpu-providers"]}},
        "default-priorities": {"namespace": ["tpu", "gpu"]},
        "variants": {"fast": {"gpu": {"arch": ["b"]}}, "both": {"tpu": {"x": ["1"]}}, "null": {}},
    }
    folder = tmp_path / "index/files"
    torch = torch_files(folder, tag, ["fast", "both", "null"], metadata=metadata)
    write_simple_index(tmp_path / "index", {"torch": torch, **_plant(tmp_path / "index")})
    assert go(*TRUST).last == "Would install torch-2.8.0-fast"
    assert server.asked("gpu-providers/") == []
