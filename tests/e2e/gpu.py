"""A third-party provider of the namespace gpu, and the variants of torch that need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.e2e.indexes import torch_files
from tests.e2e.pips import Output, Pip
from tests.support.stand_in import Listed, write_simple_index, write_wheel
from tests.support.stand_in_wheel import Json

PROVIDER_WHEEL = "/files/gpu_provider-1.0-py3-none-any.whl"
PROVIDER_PAGE = "/simple/gpu-provider/"
TRUST_GPU = ("--trust-variant-provider", "gpu-provider")
UNTRUSTED_LINE = (
    "Passed over fast of torch 2.8.0: gpu: its provider (gpu-provider) is third-party code, which"
    " is not run without --trust-variant-provider gpu-provider\n"
)
INSTALLING = """\
  Installing variant providers: started
  Installing variant providers: finished with status 'done'
"""

PLUGIN = """\
import os
from collections import namedtuple
Config = namedtuple("Config", "name values multi_value")
if "PLUGIN_LOG" in os.environ:
    with open(os.environ["PLUGIN_LOG"], "a") as file:
        file.write("ran\\n")
class Plugin:
    namespace = "gpu"
    @classmethod
    def get_supported_configs(cls):
        return [Config("arch", ["b", "a"], True)]
"""
"""The source of the plugin, which adds a line to the file PLUGIN_LOG each time it runs."""

GPU_PROVIDER = {"requires": ["gpu-provider>=1"], "plugin-api": "gpu_provider.plugin:Plugin"}


def gpu_metadata(provider: Mapping[str, object]) -> Json:
    """Return the metadata of torch 2.8.0 with a variant for this provider and a null variant."""
    return {
        "$schema": "https://variants-schema.wheelnext.dev/v0.0.3.json",
        "default-priorities": {"namespace": ["gpu"]},
        "providers": {"gpu": provider},
        "variants": {"fast": {"gpu": {"arch": ["b"]}}, "null": {}},
    }


def write_provider(
    folder: Path,
    source: str = PLUGIN,
    *,
    name: str = "gpu_provider-1.0-py3-none-any.whl",
    requires: Sequence[str] = (),
    files: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a wheel of the provider whose plugin has this source."""
    entries = b"[variant_plugins]\ngpu = gpu_provider.plugin:Plugin\n"
    info = "-".join(name.split("-")[:2])
    contents = {
        "gpu_provider/plugin.py": source.encode(),
        f"{info}.dist-info/entry_points.txt": entries,
        **(files or {}),
    }
    return write_wheel(folder, name, requires=requires, files=contents)


def write_gpu_index(
    root: Path,
    tag: str,
    others: Mapping[str, Sequence[Path | Listed]],
    provider: Mapping[str, object] = GPU_PROVIDER,
    labels: Sequence[str | None] = ("fast", "null"),
) -> None:
    """Write an index with these variants of torch 2.8.0 and these other projects."""
    torch = torch_files(root / "files", tag, labels, metadata=gpu_metadata(provider))
    write_simple_index(root, {"torch": torch, **others})


def provider_folders(pip: Pip) -> list[Path]:
    """Return everything in the cache folder in which pip installs providers."""
    return sorted((pip.folder / "cache/variants/providers").iterdir())


def assert_falls_back_to_null(pip: Pip, url: str, problem: str) -> Output:
    """Run pip; the failure of the provider is one warning, and the null variant is selected."""
    output = pip.dry_run(url, *TRUST_GPU, "torch")
    reason = f"its provider (gpu-provider) failed: {problem}"
    assert output.stderr == f"WARNING: gpu: {reason}\n", output
    assert output.last_line == "Would install torch-2.8.0-null"
    assert f"Passed over fast of torch 2.8.0: gpu: {reason}\n" in output.stdout
    assert "Installing variant providers: finished with status 'error'\n" in output.stdout
    return output
