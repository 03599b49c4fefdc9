"""The real plugins of the package index, installed as this machine is set up, beside built-ins."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pip_variants.providers import aarch64, x86_64
from pip_variants.providers.detected import Detected
from tests.e2e.pips import Pip
from tests.venvs import online_env

Entry = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Online:
    """pip with the index that this machine is set up for; skips the test if there is none."""

    pip: Pip
    cache: Path

    def platform(self, package: str, namespace: str, *options: str, **extra: str) -> Entry:
        """Return what `pip variants platform` says of a namespace with this package trusted."""
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
            pytest.skip(f"{package} cannot be had: {done.stderr.splitlines()[-1]}")
        assert (done.returncode, done.stderr) == (0, "")
        (entry,) = json.loads(done.stdout)["namespaces"]
        assert entry["namespace"] == namespace
        return dict(entry)


@pytest.fixture
def online(pip: Pip, shared: Path) -> Online:
    """Return pip; all tests of a run keep their providers in one place."""
    return Online(pip, shared / "online-cache")


def _features(entry: Entry) -> dict[str, list[str]]:
    features = entry["features"]
    assert isinstance(features, list)
    return {feature["name"]: feature["values"] for feature in features}


@pytest.mark.parametrize(
    ("package", "namespace", "ours"),
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
def test_in_place_of_a_built_in(
    online: Online, package: str, namespace: str, ours: Callable[[], Detected]
) -> None:
    """A trusted plugin wins over the built-in, which finds whatever it finds, in its order."""
    entry = online.platform(package, namespace)
    found = dict(ours().features)
    published = _features(entry)
    assert entry["state"] == "plugin"
    for name, values in published.items():
        assert [value for value in found[name] if value in values] == values
    assert [name for name in found if name in published] == [*published]
    machine = platform.machine().lower().replace("amd64", "x86_64").replace("arm64", "aarch64")
    assert bool(published) == (machine == namespace)
    assert entry["reason"] == (None if published else "its provider found nothing")


def test_ascend_without_a_device(online: Online) -> None:
    """It answers with features that have no values, which are not passed on."""
    if Path("/dev/davinci_manager").exists():
        pytest.skip("this machine has such a device")
    entry = online.platform("ascend-variant-provider", "ascend")
    assert entry == {
        "namespace": "ascend",
        "state": "plugin",
        "reason": "its provider found nothing",
        "features": [],
    }


def test_ascend_with_a_forced_device(online: Online) -> None:
    """Its own variables reach it."""
    entry = online.platform(
        *("ascend-variant-provider", "ascend"),
        ASCEND_VARIANT_PROVIDER_FORCE_NPU_TYPE="910b",
        ASCEND_VARIANT_PROVIDER_FORCE_CANN_VERSION="8.3.rc1",
    )
    assert entry["state"] == "plugin"
    assert _features(entry)["npu_type"] == ["910b"]
    assert _features(entry)["cann_version"] == ["8.3.rc1"]


def test_it_leaves_no_trace_in_the_environment(online: Online) -> None:
    """The plugins lie in pip's cache, and only there."""
    online.platform("ascend-variant-provider", "ascend")
    site = Path(online.pip.python).parent.parent
    assert list(site.rglob("*ascend*")) == []
    assert list((online.cache / "variants/providers").glob("*/ascend_variant_provider"))
    assert list(online.pip.folder.iterdir()) == []
