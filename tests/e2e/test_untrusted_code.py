"""Code of third-party packages, none of which runs unless the user trusts it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.e2e.gpu import (
    GPU_PROVIDER,
    PLUGIN,
    TRUST_GPU,
    gpu_metadata,
    write_gpu_index,
    write_provider,
)
from tests.e2e.indexes import torch_files, torch_sdist
from tests.e2e.pips import Output, Pip
from tests.support.stand_in import IndexServer, write_simple_index, write_wheel
from tests.support.stand_in_wheel import Json

# Files of a wheel that run when Python starts or when they are imported.
LOG_A_RUN = "import os; open(os.environ['PLUGIN_LOG'], 'a').write('{}\\n')\n"
STARTUP_FILES = {
    "sitecustomize.py": LOG_A_RUN.format("sitecustomize").encode(),
    "usercustomize.py": LOG_A_RUN.format("usercustomize").encode(),
    "trap.pth": LOG_A_RUN.format("pth").encode(),
    "gpu_provider-1.0.data/purelib/trap2.pth": LOG_A_RUN.format("pth of data").encode(),
    "gpu_provider-1.0.data/scripts/python": b"#!/bin/sh\n",
}


@pytest.fixture
def install_torch(pip: Pip, server: IndexServer, plugin_log: Path) -> Callable[..., Output]:
    """Return a function that dry-runs pip with these options."""

    def run(*options: str) -> Output:
        return pip.dry_run(f"{server.url}simple/", *options, "torch", PLUGIN_LOG=str(plugin_log))

    return run


LABELS_AND_PLAIN = (None, "fast", "null")
"""The labels, with a plain wheel for metadata that is not usable."""


def _write_providers(root: Path) -> dict[str, list[Path]]:
    """Write providers whose code adds to the plugin log; return the files of an index."""
    folder = root / "files"
    source = LOG_A_RUN.format("{}")
    sdist = torch_sdist(folder)
    wheels = {
        "gpu-provider": write_provider(folder, PLUGIN, requires=["chips"], files=STARTUP_FILES),
        "gpu-providers": write_provider(
            folder, source.format("similar name"), name="gpu_providers-1.0-py3-none-any.whl"
        ),
        "chips": write_wheel(
            folder,
            "chips-1.0-py3-none-any.whl",
            files={
                "chips/__init__.py": source.format("dependency").encode(),
                "chips.pth": source.format("pth of dependency").encode(),
            },
        ),
        "only-sdist": sdist.rename(folder / "only_sdist-2.8.0.tar.gz"),
    }
    return {name: [file] for name, file in wheels.items()}


REQUIREMENTS = {
    "the provider": ["gpu-provider"],
    "another spelling": ["GPU.Provider"],
    "a similar name": ["gpu-providers"],
    "with a dependency": ["gpu-provider", "chips"],
    "an sdist": ["only-sdist"],
    "an address": ["gpu-provider @ INDEX/files/gpu_provider-1.0-py3-none-any.whl"],
    "a second line": ["x\n--index-url INDEX/simple/\ngpu-provider"],
    "an option": ["-r /etc/passwd"],
    "a file": ["gpu-provider @ file:///etc/passwd"],
}


def _write_requiring(server: IndexServer, root: Path, tag: str, requires: list[str]) -> None:
    """Write an index with these providers and a torch that requires them."""
    requires = [text.replace("INDEX/", server.url) for text in requires]
    write_gpu_index(
        root, tag, _write_providers(root), {**GPU_PROVIDER, "requires": requires}, LABELS_AND_PLAIN
    )


@pytest.mark.parametrize("requires", REQUIREMENTS.values(), ids=REQUIREMENTS)
def test_untrusted_provider_is_neither_fetched_nor_run(
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    install_torch: Callable[..., Output],
    plugin_log: Path,
    requires: list[str],
) -> None:
    """No requirement of an untrusted provider is fetched, and none of its code runs."""
    _write_requiring(server, tmp_path / "index", tag, requires)
    assert install_torch().last_line in {
        "Would install torch-2.8.0-null",
        "Would install torch-2.8.0",
    }
    assert {path for path in server.requested() if "torch" not in path} == set()
    assert plugin_log.read_text() == ""


@pytest.mark.parametrize(
    "requires",
    [
        ["gpu-providers"],
        ["gpu-provider", "chips"],
        ["gpu-provider", "gpu-provider @ INDEX/files/gpu_provider-1.0-py3-none-any.whl"],
        ["gpu-provider\n--index-url INDEX/other/"],
        ["gpu-provider --index-url=INDEX/other/"],
        ["-r /etc/passwd", "gpu-provider"],
        ["gpu-provider===${HOME}"],
    ],
)
def test_trust_covers_exactly_one_package_name(
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    install_torch: Callable[..., Output],
    plugin_log: Path,
    requires: list[str],
) -> None:
    """Trust in a name covers no similar name, no other package, no address and no option."""
    _write_requiring(server, tmp_path / "index", tag, requires)
    assert install_torch(*TRUST_GPU).last_line in {
        "Would install torch-2.8.0-null",
        "Would install torch-2.8.0",
    }
    assert {path for path in server.requested() if "torch" not in path} == set()
    assert plugin_log.read_text() == ""


def test_version_that_is_a_path_is_never_installed(
    tmp_path: Path, tag: str, install_torch: Callable[..., Output], plugin_log: Path
) -> None:
    """A local file cannot be installed as a version of a trusted package."""
    outside = tmp_path / "evil"
    wheel = write_provider(
        outside, LOG_A_RUN.format("file"), name="gpu_provider-9-py3-none-any.whl"
    )
    parents = "/.." * 30
    write_gpu_index(
        tmp_path / "index",
        tag,
        {},
        {**GPU_PROVIDER, "requires": [f"gpu-provider===9{parents}{wheel}"]},
    )
    assert install_torch(*TRUST_GPU).last_line == "Would install torch-2.8.0-null"
    assert plugin_log.read_text() == ""


def test_trusted_provider_runs_only_its_plugin(
    tmp_path: Path, tag: str, install_torch: Callable[..., Output], plugin_log: Path
) -> None:
    """Of a trusted provider only the plugin runs, and not its start-up files."""
    write_gpu_index(tmp_path / "index", tag, _write_providers(tmp_path / "index"))
    for _ in range(2):
        assert install_torch(*TRUST_GPU).last_line == "Would install torch-2.8.0-fast"
    assert plugin_log.read_text() == "ran\n" * 2


def test_trust_ignores_the_spelling_of_names(
    tmp_path: Path, tag: str, install_torch: Callable[..., Output]
) -> None:
    """Names that normalise alike are the same package, in metadata and options."""
    others = _write_providers(tmp_path / "index")
    write_gpu_index(tmp_path / "index", tag, others, {**GPU_PROVIDER, "requires": ["GPU.Provider"]})
    output = install_torch("--trust-variant-provider", "Gpu--_provider")
    assert output.last_line == "Would install torch-2.8.0-fast"


@pytest.mark.parametrize(
    "plugin_api",
    [
        "-c import os",
        "gpu_provider.plugin:Plugin; import os",
        "../gpu_provider",
        "gpu_provider.plugin:Plugin()",
    ],
)
def test_invalid_plugin_api_is_never_run(
    tmp_path: Path,
    tag: str,
    install_torch: Callable[..., Output],
    plugin_log: Path,
    plugin_api: str,
) -> None:
    """An invalid plugin-api is a warning and never reaches an interpreter."""
    others = _write_providers(tmp_path / "index")
    write_gpu_index(tmp_path / "index", tag, others, {**GPU_PROVIDER, "plugin-api": plugin_api})
    output = install_torch(*TRUST_GPU)
    assert output.last_line == "Would install torch-2.8.0-null"
    reason = f"its plugin-api is not a valid endpoint: {plugin_api!r}"
    assert output.stderr == f"WARNING: gpu: its provider (gpu-provider) failed: {reason}\n"
    assert plugin_log.read_text() == ""


# Metadata of a provider that is printed.
WITH_CONTROLS: dict[str, Mapping[str, object]] = {
    "requires": {"requires": ["\x1b]0;owned\x07"]},
    "plugin-api": {"requires": ["gpu-provider"], "plugin-api": "\x1b[2J"},
    "enable-if": {**GPU_PROVIDER, "enable-if": "os_name == '\x1b[2J'"},
    "bidirectional": {"requires": ["gpu\u202eprovider"]},
}


@pytest.mark.parametrize("provider", WITH_CONTROLS.values(), ids=WITH_CONTROLS)
def test_control_characters_of_providers_are_not_printed(
    tmp_path: Path,
    tag: str,
    install_torch: Callable[..., Output],
    plugin_log: Path,
    provider: Mapping[str, object],
) -> None:
    """Control characters in the metadata of providers are never printed as they are."""
    write_gpu_index(
        tmp_path / "index", tag, _write_providers(tmp_path / "index"), provider, LABELS_AND_PLAIN
    )
    for options in ((), (*TRUST_GPU, "-v")):
        output = install_torch(*options)
        assert [
            char
            for char in output.stdout + output.stderr
            if not char.isprintable() and char != "\n"
        ] == []
    assert plugin_log.read_text() == ""


def test_trust_in_one_provider_excludes_the_other(
    tmp_path: Path, tag: str, install_torch: Callable[..., Output], server: IndexServer
) -> None:
    """Trust in the provider of one namespace does not extend to that of another."""
    metadata: Json = {
        **gpu_metadata(GPU_PROVIDER),
        "providers": {"gpu": GPU_PROVIDER, "tpu": {"requires": ["gpu-providers"]}},
        "default-priorities": {"namespace": ["tpu", "gpu"]},
        "variants": {"fast": {"gpu": {"arch": ["b"]}}, "both": {"tpu": {"x": ["1"]}}, "null": {}},
    }
    folder = tmp_path / "index/files"
    torch = torch_files(folder, tag, ["fast", "both", "null"], metadata=metadata)
    write_simple_index(tmp_path / "index", {"torch": torch, **_write_providers(tmp_path / "index")})
    assert install_torch(*TRUST_GPU).last_line == "Would install torch-2.8.0-fast"
    assert server.requested("gpu-providers/") == []
