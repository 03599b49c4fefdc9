"""The provider packages of the package index, beside the built-in providers."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pip_variants.providers import _cpuid, _kfd, aarch64, gfx, x86_64
from pip_variants.providers.result import ProviderResult
from tests.e2e.pips import Pip
from tests.support.machine_files import machines, write_amd_machine
from tests.support.venvs import THIS_PYTHON, Venv, interpreter, make_venv, once, online_env

_QUERY = """\
import importlib, json, sys
module, _, name = sys.argv[1].partition(":")
plugin = getattr(importlib.import_module(module), name)()
print(json.dumps([[c.name, c.values] for c in plugin.get_supported_configs(None)]))
"""
X86_64_PACKAGE = "provider-variant-x86-64==0.0.1.post2"
AARCH64_PACKAGE = "provider-variant-aarch64==0.0.1.post2"
AMD_MACHINES = machines("amd")


def _venv_with_published(shared: Path, package: str) -> Venv:
    """Return a venv with a published provider; skip the test if it cannot be installed."""

    def make(root: Path) -> None:
        python = interpreter(THIS_PYTHON)
        assert python is not None
        made = make_venv(root, python)
        command = (made.python, "-m", "pip", "install", "--only-binary", ":all:", package)
        done = subprocess.run(
            command, env=online_env(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            shutil.rmtree(root)
            pytest.skip(f"{package} cannot be installed: {done.stderr.splitlines()[-1]}")

    return Venv(once(shared / package.partition("=")[0], make))


@pytest.mark.parametrize(
    ("package", "plugin", "builtin"),
    [
        pytest.param(
            X86_64_PACKAGE,
            "provider_variant_x86_64.plugin:X8664Plugin",
            lambda: x86_64.detect(x86_64.read_facts()),
            id="x86_64",
        ),
        pytest.param(
            AARCH64_PACKAGE,
            "provider_variant_aarch64.plugin:AArch64Plugin",
            lambda: aarch64.detect(aarch64.read_facts()),
            id="aarch64",
        ),
    ],
)
def test_builtin_finds_all_that_the_published_provider_finds(
    shared: Path, package: str, plugin: str, builtin: Callable[[], ProviderResult]
) -> None:
    """The built-in provider finds all that the published one finds, in the same order.

    The published one may find less: its table has models of CPUs, and no virtual machines.
    """
    venv = _venv_with_published(shared, package)
    published = json.loads(venv.run("-c", _QUERY, plugin))
    found = dict(builtin().features)
    for name, values in published:
        assert [value for value in found[name] if value in values] == values
    assert [name for name in found if name in dict(published)] == [name for name, _ in published]


def test_cpuid_bits_match_the_published_provider(shared: Path) -> None:
    """Where both tables have a CPUID bit, the instruction set is the same."""
    path = "provider_variant_x86_64/vendor/archspec/archspec/json/cpu/cpuid.json"
    table = json.loads(
        (_venv_with_published(shared, X86_64_PACKAGE).site / path).read_text("utf-8")
    )
    published = {
        (call["input"]["eax"], call["input"]["ecx"], bit["register"], bit["bit"]): bit["name"]
        for call in (*table["flags"], *table["extension-flags"])
        for bit in call["bits"]
    }
    builtin = {
        (*leaf, ("eax", "ebx", "ecx", "edx")[register], bit): {"sse3": "pni"}.get(name, name)
        for leaf, register, names in _cpuid._BITS
        for bit, name in names.items()
    }
    assert {key: name for key, name in builtin.items() if key in published} == {
        key: name for key, name in published.items() if key in builtin
    }
    # The published table has no newer bits of leaf 7 by Intel and no leaf by AMD.
    assert {name for key, name in builtin.items() if key not in published} == {
        "clzero",
        "cppc",
        "flush_l1d",
        "tsc_adjust",
    }


_QUERY_BOOTSTRAP = """\
import importlib, json, os, pathlib, sys
from rocm_bootstrap import _platform, package_metadata, targets
from rocm_bootstrap.variant_provider import AMDVariantPlugin
os.environ["PATH"] = ""
del os.environ["ROCM_BOOTSTRAP_DISABLE_DETECTION"]
read = _platform.read_kfd_properties
def forbidden(path):
    if path in unreadable:
        raise PermissionError(path)
    return read(path)
_platform.read_kfd_properties = forbidden
machines = {}
for name, (nodes, numbers) in json.loads(sys.argv[1]).items():
    _platform.KFD_TOPOLOGY = pathlib.Path(nodes)
    unreadable = {_platform.KFD_TOPOLOGY / str(number) for number in numbers}
    try:
        machines[name] = [v for c in AMDVariantPlugin.get_supported_configs() for v in c.values]
    except (ValueError, OSError) as error:
        machines[name] = [type(error).__name__]
print(json.dumps({
    "machines": machines,
    "all": [value for config in AMDVariantPlugin.get_all_configs() for value in config.values],
    "targets": {t.name: [t.gfx_target_version, package_metadata.package_owner(t.name)]
                for t in targets.ALL_TARGETS},
}))
"""


@pytest.fixture(scope="module")
def rocm_bootstrap_venv(shared: Path) -> Venv:
    """Return a venv with the published provider."""
    return _venv_with_published(shared, "rocm-bootstrap==0.3.0")


def test_amd_gpus_are_those_of_the_published_provider(
    rocm_bootstrap_venv: Venv, tmp_path: Path
) -> None:
    """On every machine, but for those where a GPU is hidden, renamed, unusable or unknown.

    There the published provider fails, or reports what a program cannot use: the machine says what.
    """
    queried = {}
    for name, machine in AMD_MACHINES.items():
        write_amd_machine(tmp_path / name, machine)
        queried[name] = (str(tmp_path / name / _kfd.NODES), machine.get("unreadable", []))
    found = json.loads(rocm_bootstrap_venv.run("-c", _QUERY_BOOTSTRAP, json.dumps(queried)))
    assert {name: " ".join(values) for name, values in found["machines"].items()} == {
        name: machine.get("rocm_bootstrap", machine["gfx_arch"])
        for name, machine in AMD_MACHINES.items()
    }
    assert tuple(found["all"]) == gfx.TARGETS
    for target, (version, owner) in found["targets"].items():
        assert _kfd.target_of(version) == owner
        forced = gfx.forced_bootstrap({gfx.FORCE_BOOTSTRAP: target})
        assert forced is not None
        assert [gpu.target for gpu in forced.gpus] == [owner]


Entry = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class OnlinePip:
    """pip with the configured index of this machine; skips the test if there is none."""

    pip: Pip
    cache: Path

    def platform(self, package: str, namespace: str, *options: str, **extra: str) -> Entry:
        """Return the entry of `pip variants platform` for a namespace; the package is trusted."""
        trust = ("--trust-variant-provider", package)
        command = ("-m", "pip", "variants", "platform", "--json", *trust, *options, namespace)
        done = subprocess.run(
            [str(self.pip.python), *command],
            env=online_env(PIP_CACHE_DIR=str(self.cache), **extra),
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr
        if "pip could not install it" in done.stderr:
            pytest.skip(f"{package} is not available: {done.stderr.splitlines()[-1]}")
        assert (done.returncode, done.stderr) == (0, "")
        (entry,) = json.loads(done.stdout)["namespaces"]
        assert entry["namespace"] == namespace
        return dict(entry)


@pytest.fixture
def online_pip(pip: Pip, shared: Path) -> OnlinePip:
    """Return pip; all tests of a run share a cache of providers."""
    return OnlinePip(pip, shared / "online-cache")


def _features(entry: Entry) -> dict[str, list[str]]:
    features = entry["features"]
    assert isinstance(features, list)
    return {feature["name"]: feature["values"] for feature in features}


@pytest.mark.parametrize(
    ("package", "namespace", "builtin"),
    [
        pytest.param(
            "provider-variant-x86-64",
            "x86_64",
            lambda: x86_64.detect(x86_64.read_facts()),
            id="x86_64",
        ),
        pytest.param(
            "Provider_Variant.aarch64",
            "aarch64",
            lambda: aarch64.detect(aarch64.read_facts()),
            id="aarch64",
        ),
    ],
)
def test_trusted_plugin_replaces_the_builtin_provider(
    online_pip: OnlinePip, package: str, namespace: str, builtin: Callable[[], ProviderResult]
) -> None:
    """A trusted plugin replaces the built-in provider, which finds at least the same."""
    entry = online_pip.platform(package, namespace)
    found = {str(name): values for name, values in builtin().features}
    published = _features(entry)
    assert entry["state"] == "plugin"
    for name, values in published.items():
        assert [value for value in found[name] if value in values] == values
    assert [name for name in found if name in published] == [*published]
    machine = platform.machine().lower().replace("amd64", "x86_64").replace("arm64", "aarch64")
    assert bool(published) == (machine == namespace)
    assert entry["reason"] == (None if published else "its provider detected nothing")


def test_ascend_provider_without_device_finds_nothing(online_pip: OnlinePip) -> None:
    """Features without values are not passed on."""
    if Path("/dev/davinci_manager").exists():
        pytest.skip("this machine has such a device")
    entry = online_pip.platform("ascend-variant-provider", "ascend")
    assert entry == {
        "namespace": "ascend",
        "state": "plugin",
        "reason": "its provider detected nothing",
        "features": [],
    }


def test_ascend_provider_reads_its_own_variables(online_pip: OnlinePip) -> None:
    """The provider's own environment variables reach its plugin."""
    entry = online_pip.platform(
        *("ascend-variant-provider", "ascend"),
        ASCEND_VARIANT_PROVIDER_FORCE_NPU_TYPE="910b",
        ASCEND_VARIANT_PROVIDER_FORCE_CANN_VERSION="8.3.rc1",
    )
    assert entry["state"] == "plugin"
    assert _features(entry)["npu_type"] == ["910b"]
    assert _features(entry)["cann_version"] == ["8.3.rc1"]


def test_published_provider_leaves_the_environment_unchanged(online_pip: OnlinePip) -> None:
    """The plugins are installed in pip's cache, and only there."""
    online_pip.platform("ascend-variant-provider", "ascend")
    site = Path(online_pip.pip.python).parent.parent
    assert list(site.rglob("*ascend*")) == []
    assert list((online_pip.cache / "variants/providers").glob("*/ascend_variant_provider"))
    assert list(online_pip.pip.folder.iterdir()) == []
