"""A trusted provider that is installed is called; every failure is a result."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pip._internal.utils.temp_dir import global_tempdir_manager

from pip_variants.core.properties import Namespace, Property, ordered_features
from pip_variants.pip_adapter.plugin_env import Installed, PluginInstaller, query_plugin
from pip_variants.providers import plugin as plugin_process
from pip_variants.providers.result import ProviderResult
from pip_variants.providers.runner import Plugin
from tests.unit.adapter.fake_pip import (
    FakePip,
    installer,
)

PLUGIN = Plugin(("gpu-provider (>=1)",), "", ("gpu-provider",))
KNOWN = frozenset([Property.parse("gpu :: arch :: 2")])
FAILED = "its provider (gpu-provider) failed: "


@dataclass
class FakeProcess:
    """Stands in for the process that calls the plugin."""

    result: ProviderResult
    calls: list[tuple[Path, str, frozenset[Property]]] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)

    def query(
        self,
        site: Path,
        folder: Path,
        plugin_api: str,
        known: frozenset[Property],
        *,
        tick: object,
    ) -> ProviderResult:
        """Record the call and return the result."""
        assert callable(tick)
        assert [*folder.iterdir()] == []
        self.folders.append(folder)
        self.calls.append((site, plugin_api, known))
        return self.result


FEATURES = ordered_features([("arch", ["2"])])
# The result of the process, and the result of the provider.
RESULTS: dict[str, tuple[ProviderResult, ProviderResult]] = {
    "features": (
        ProviderResult(FEATURES, namespace=Namespace("gpu"), output="x"),
        ProviderResult(FEATURES, namespace=Namespace("gpu"), output="x"),
    ),
    "nothing": (ProviderResult(), ProviderResult(reason="its provider detected nothing")),
    "failed": (
        ProviderResult(reason="it raised KeyError", failed=True, output="Traceback"),
        ProviderResult(
            reason=f"{FAILED}it raised KeyError",
            warnings=(f"{FAILED}it raised KeyError",),
            failed=True,
            output="Traceback",
        ),
    ),
}


@pytest.mark.parametrize(("result", "expected"), RESULTS.values(), ids=RESULTS)
def test_plugin_is_queried_in_its_folder_and_a_failure_is_a_warning(
    pip: FakePip,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    result: ProviderResult,
    expected: ProviderResult,
) -> None:
    """The result has what it printed, for the log."""
    process = FakeProcess(result)
    monkeypatch.setattr(plugin_process, "query", process.query)
    with global_tempdir_manager():
        found = query_plugin(installer(tmp_path), PLUGIN, KNOWN)
        # The plugin may have made of it what it likes.
        assert not any(folder.exists() for folder in process.folders)
    assert found == expected
    ((site, plugin_api, known),) = process.calls
    assert site.parent == tmp_path / "variants" / "providers"
    assert (plugin_api, known) == ("gpu_provider", KNOWN)
    assert len(pip.commands) == 2


def test_plugin_that_cannot_be_installed_is_not_called(
    pip: FakePip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure of pip is the reason and a warning."""
    pip.status, pip.output = 1, "ERROR: No matching distribution\n"
    process = FakeProcess(ProviderResult())
    monkeypatch.setattr(plugin_process, "query", process.query)
    reason = f"{FAILED}pip could not install it: No matching distribution"
    assert query_plugin(installer(tmp_path), PLUGIN, KNOWN) == ProviderResult(
        reason=reason, warnings=(reason,), failed=True
    )
    assert process.calls == []


# The endpoint in the metadata, the entry points of the package, and the endpoint that is called.
ENDPOINTS: dict[str, tuple[str, str | None, str]] = {
    "of the metadata": ("gpu:Plugin", "[variant_plugins]\nx = other:Plugin\n", "gpu:Plugin"),
    "registered": ("", "[console_scripts]\na = b:c\n[variant_plugins]\nx = o:P\n", "o:P"),
    "not registered": ("", "[console_scripts]\na = b:c\n", "gpu_provider"),
    "no entry points": ("", None, "gpu_provider"),
}


@pytest.mark.parametrize(("plugin_api", "text", "endpoint"), ENDPOINTS.values(), ids=ENDPOINTS)
def test_endpoint_is_that_of_the_metadata_or_the_registered_one(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    plugin_api: str,
    text: str | None,
    endpoint: str,
) -> None:
    """Without either it is the top module of the package."""
    info = tmp_path / "gpu_provider-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gpu-provider\nVersion: 1.0\n")
    (info / "RECORD").write_text("gpu.py,,\no.py,,\ngpu_provider/__init__.py,,\n")
    (tmp_path / "gpu_provider").mkdir()
    for name in ("gpu.py", "o.py", "gpu_provider/__init__.py"):
        (tmp_path / name).touch()
    if text is not None:
        (info / "entry_points.txt").write_text(text)
    process = FakeProcess(ProviderResult())
    monkeypatch.setattr(plugin_process, "query", process.query)
    monkeypatch.setattr(PluginInstaller, "install", lambda *_: Installed(tmp_path))
    with global_tempdir_manager():
        query_plugin(installer(tmp_path), Plugin(("x",), plugin_api, ("gpu-provider",)), KNOWN)
    assert process.calls == [(tmp_path, endpoint, KNOWN)]
