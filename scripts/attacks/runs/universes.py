"""Small universes without a fault: an index of random projects with variants, and what it is for.

What is chosen from them depends on nothing but their number, so that a run under attack can be
compared with one that was left in peace.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.stand_in import Listed, write_simple_index, write_wheel

PROVIDER = "gpu-provider"
MACHINE = """\
version = 1
[properties.gpu]
arch = ["c", "b", "a"]
memory = ["80", "40"]
"""
"""The described machine, a file in the folder in which pip runs.

What it supports of ``nvidia`` is forced, of ``abi_dependency`` seen.
"""

VARIABLES = (
    ("NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION", "12.6"),
    ("NV_VARIANT_PROVIDER_FORCE_SM_ARCH", "9.0"),
)
MACHINE_OPTIONS = ("--variant-platform", "HERE/machine.toml")
_PROVIDERS = {
    "gpu": {"requires": [PROVIDER], "plugin-api": "gpu_provider.plugin:Plugin"},
    "nvidia": {
        "requires": ["nvidia-variant-provider"],
        "plugin-api": "nvidia_variant_provider.plugin:NvidiaVariantPlugin",
    },
}
_PROPERTIES: tuple[Mapping[str, Mapping[str, list[str]]], ...] = (
    {"gpu": {"arch": ["a"]}},
    {"gpu": {"arch": ["b"]}},
    {"gpu": {"arch": ["c", "a"]}},
    {"gpu": {"arch": ["z"]}},
    {"gpu": {"memory": ["80"], "arch": ["a"]}},
    {"nvidia": {"cuda_version_lower_bound": ["12.6"]}},
    {"nvidia": {"cuda_version_lower_bound": ["12.9"]}},
    {"nvidia": {"cuda_version_lower_bound": ["12.4"], "sm_arch": ["90_real"]}},
)
PLUGIN = """\
import os
from collections import namedtuple
Config = namedtuple("Config", "name values multi_value")
FEATURES = [Config("arch", ["c", "b", "a"], True), Config("memory", ["80", "40"], False)]
class Plugin:
    namespace = "gpu"
    @staticmethod
    def get_supported_configs():
        scope = {"FEATURES": FEATURES}
        exec(os.environ.get("GPU_SCRIPT", "features = FEATURES"), scope)
        return scope["features"]
"""
"""The provider: what it does is in a variable, so that it need not be installed for each case."""


@dataclass(frozen=True, slots=True)
class Universe:
    """An index in ``folder``; ``projects`` are its projects, each with its versions, newest first.

    A project may require those behind it.
    """

    number: int
    folder: Path
    projects: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the projects."""
        return tuple(name for name, _ in self.projects)

    def files(self) -> dict[str, bytes]:
        """Return every file of the index by its path: ``/simple/p0/index.html``."""
        return {
            f"/{path.relative_to(self.folder).as_posix()}": path.read_bytes()
            for path in sorted(self.folder.glob("simple/**/*"))
            if path.is_file()
        }


def write_universe(folder: Path, number: int) -> Universe:
    """Write the universe of this number and return it."""
    rng = random.Random(f"universe {number}")
    names = [f"proj{place}" for place in range(rng.randint(2, 4))]
    pages: dict[str, list[Listed]] = {}
    projects = []
    for place, name in enumerate(names):
        versions = [f"{major}.0" for major in range(rng.randint(1, 3), 0, -1)]
        later = names[place + 1 :]
        pages[name] = []
        for version in versions:
            requires = [other for other in later if rng.random() < 0.6]
            pages[name] += _write_version(folder / "simple" / name, rng, name, version, requires)
        projects.append((name, (*versions,)))
    wheel = "gpu_provider-1.0-py3-none-any.whl"
    plugin = {"gpu_provider/plugin.py": PLUGIN.encode()}
    pages[PROVIDER] = [Listed(write_wheel(folder / "simple" / PROVIDER, wheel, files=plugin))]
    write_simple_index(folder, pages, json_pages=True)
    return Universe(number, folder, tuple(projects))


def _write_version(
    folder: Path, rng: random.Random, name: str, version: str, requires: list[str]
) -> list[Listed]:
    labels: dict[str, Mapping[str, Mapping[str, list[str]]]] = {}
    for place, properties in enumerate(rng.sample(_PROPERTIES, rng.randint(0, 4))):
        labels[f"v{place}"] = properties
        if requires and rng.random() < 0.2:
            labels[f"v{place}"] = {"abi_dependency": {requires[0]: ["1"]}}
    if labels and rng.random() < 0.6:
        labels["null"] = {}
    namespaces = sorted({namespace for found in labels.values() for namespace in found})
    document = {
        "$schema": "https://variants-schema.wheelnext.dev/v0.0.3.json",
        "default-priorities": {"namespace": namespaces},
        "providers": {name: _PROVIDERS[name] for name in namespaces if name in _PROVIDERS},
        "variants": labels,
    }
    announced = rng.random() < 0.4
    named: list[str | None] = [*labels]
    if not labels or rng.random() < 0.6:
        named.append(None)
    listed = []
    for label in named:
        ending = f"-{label}" if label else ""
        lines = [line for line in requires if label is None or rng.random() < 0.8]
        wheel = write_wheel(
            folder,
            f"{name}-{version}-py3-none-any{ending}.whl",
            requires=lines,
            variant_json=document,
        )
        listed.append(Listed(wheel, core_metadata=announced))
    if labels and rng.random() < 0.8:
        path = folder / f"{name}-{version}-variants.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        listed.append(Listed(path))
    return listed
