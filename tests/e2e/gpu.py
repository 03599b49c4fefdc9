"""A provider that somebody else has published, and the builds of torch that need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from stand_in import Listed, write_simple_index, write_wheel
from stand_in_wheel import Json

from tests.e2e.indexes import torch_files
from tests.e2e.pips import Pip, Said

TRUST = ("--trust-variant-provider", "gpu-provider")
UNTRUSTED = (
    "Passed over fast of torch 2.8.0: gpu: its provider (gpu-provider) is third-party code, which"
    " is not run without --trust-variant-provider gpu-provider\n"
)
INSTALLING = """\
  Installing variant providers: started
  Installing variant providers: finished with status 'done'
"""

# Each run of it adds a line to a file.
PLUGIN = """\
import os
from collections import namedtuple
Config = namedtuple("Config", "name values multi_value")
if "RAN_OF_THE_PLUGIN" in os.environ:
    with open(os.environ["RAN_OF_THE_PLUGIN"], "a") as file:
        file.write("ran\\n")
class Plugin:
    namespace = "gpu"
    @classmethod
    def get_supported_configs(cls):
        return [Config("arch", ["b", "a"], True)]
"""


def provided(provider: Mapping[str, object]) -> Json:
    """Return the metadata of torch 2.8.0 with a build for this provider and one for any machine."""
    return {
        "$schema": "https://variants-schema.wheelnext.dev/v0.0.3.json",
        "default-priorities": {"namespace": ["gpu"]},
        "providers": {"gpu": provider},
        "variants": {"fast": {"gpu": {"arch": ["b"]}}, "null": {}},
    }


GPU = {"requires": ["gpu-provider>=1"], "plugin-api": "gpu_provider.plugin:Plugin"}


def provider_wheel(
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


def write_index(
    root: Path,
    tag: str,
    others: Mapping[str, Sequence[Path | Listed]],
    provider: Mapping[str, object] = GPU,
    labels: Sequence[str | None] = ("fast", "null"),
) -> None:
    """Write an index with these builds of torch 2.8.0 beside these projects."""
    torch = torch_files(root / "files", tag, labels, metadata=provided(provider))
    write_simple_index(root, {"torch": torch, **others})


def ends_on_null(pip: Pip, url: str, problem: str) -> Said:
    """Let pip choose, and hold that the provider's failure is one warning and nothing more."""
    said = pip.dry_run(url, *TRUST, "torch")
    why = f"its provider (gpu-provider) failed: {problem}"
    assert said.err == f"WARNING: gpu: {why}\n", said
    assert said.last == "Would install torch-2.8.0-null"
    assert f"Passed over fast of torch 2.8.0: gpu: {why}\n" in said.out
    assert "Installing variant providers: finished with status 'error'\n" in said.out
    return said
