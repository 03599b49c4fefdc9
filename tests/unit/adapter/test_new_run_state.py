"""What the options of a command make of its state: target, installed versions, cache, plugins."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from optparse import Values
from pathlib import Path

import pytest
from pip._internal.metadata import BaseDistribution

from pip_variants.core.errors import RequestError
from pip_variants.core.properties import ABI_DEPENDENCY, Namespace, Property, ordered_features
from pip_variants.core.supported import SupportedProperties
from pip_variants.formats.reader import read
from pip_variants.pip_adapter import plugin_env
from pip_variants.pip_adapter import versions as module
from pip_variants.pip_adapter.compat import VERBOSE
from pip_variants.pip_adapter.evaluator import decide_release
from pip_variants.pip_adapter.options import OptionValue
from pip_variants.pip_adapter.plugin_env import PluginInstaller
from pip_variants.pip_adapter.releases import LinkedRelease
from pip_variants.pip_adapter.run_state import new_run_state
from pip_variants.providers.resolve import Target
from pip_variants.providers.result import ProviderResult
from pip_variants.providers.runner import NoProgress, Plugin
from tests.unit.adapter.edge import (
    GPU_JSON,
    JSON_URL,
    PAGE,
    FakeFinder,
    FakeServer,
    list_json,
    logged,
    serving,
    torch_links,
    write_installed,
)
from tests.unit.cases import variant

GPU = Namespace("gpu")


def options(**values: object) -> Values:
    """Return options of a command of pip."""
    return Values({"cache_dir": False, **values})


NUMPY, TORCH = ("numpy", "1.26.0"), ("torch", "2.8.0")
BOTH = dict((NUMPY, TORCH))

# Options, and what counts as installed beside what has been prepared.
CROSS: dict[str, tuple[dict[str, object], bool]] = {
    "install": ({}, True),
    "ignore-installed": ({"ignore_installed": True}, False),
    "target": ({"target_dir": "x"}, False),
    "download": ({"download_dir": "."}, False),
    "wheel": ({"wheel_dir": "."}, False),
    "lock": ({"output_file": "pylock.toml"}, False),
    "platform": ({"platforms": ["win_amd64"]}, False),
    "python-version": ({"python_version": (3, 12)}, False),
    "implementation": ({"implementation": "pp"}, False),
    "abi": ({"abis": ["cp312"]}, False),
    "none of them": (
        {
            "ignore_installed": False,
            "target_dir": None,
            "platforms": None,
            "abis": [],
            "python_version": None,
            "implementation": None,
        },
        True,
    ),
}


class FakeEnvironment:
    """The environment of pip, with these distributions."""

    def __init__(self, dists: list[BaseDistribution]) -> None:
        self._dists = dists

    def iter_all_distributions(self) -> Iterator[BaseDistribution]:
        """Yield the distributions."""
        yield from self._dists


@pytest.mark.parametrize(("values", "counts"), CROSS.values(), ids=CROSS)
def test_installed_versions_count_unless_options_ignore_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, values: dict[str, object], *, counts: bool
) -> None:
    """What has been prepared counts always, and more than what is installed."""
    dists = [
        write_installed(tmp_path / "1", None, name="numpy", version="1.26.0"),
        write_installed(tmp_path / "2", None, name="numpy", version="1.0"),
        write_installed(tmp_path / "3", None, name="torch", version="2.7.0"),
    ]
    monkeypatch.setattr(module, "environment_of", lambda _: FakeEnvironment(dists))
    prepared: list[BaseDistribution] = []
    state = new_run_state(options(**values), prepared)
    prepared.append(write_installed(tmp_path / "4", None, name="Torch", version="2.8.0"))
    assert state.versions() == (BOTH if counts else dict([TORCH]))
    assert state.prepared is prepared


class HalfRemoved:
    """A distribution without METADATA, as an interrupted uninstallation leaves it."""

    canonical_name = "numpy"

    def __init__(self, error: Exception) -> None:
        self._error = error

    @property
    def raw_version(self) -> str:
        """Raise the error of the missing file."""
        raise self._error


@pytest.mark.parametrize(
    "error",
    [FileNotFoundError(), KeyError("Version"), ValueError()],
    ids=lambda e: type(e).__name__,
)
def test_half_removed_distribution_has_an_empty_version(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """It does not break the run, and matches no version."""
    environment = FakeEnvironment([HalfRemoved(error)])  # type: ignore[list-item]
    monkeypatch.setattr(module, "environment_of", lambda _: environment)
    assert new_run_state(options(), []).versions() == {"numpy": ""}


# Options, and what the state makes of them.
TARGETS: dict[str, tuple[dict[str, object], Target]] = {
    "this machine": ({}, Target()),
    "python-version": (
        {"python_version": (3, 12)},
        Target(True, {"python_version": "3.12", "python_full_version": "3.12.0"}),
    ),
    "abi": ({"abis": ["cp312"]}, Target(True, {})),
    "platform": (
        {"platforms": ["win_amd64"]},
        Target(
            True,
            {
                "sys_platform": "win32",
                "platform_system": "Windows",
                "os_name": "nt",
                "platform_machine": "AMD64",
            },
        ),
    ),
}


@pytest.mark.parametrize(("values", "target"), TARGETS.values(), ids=TARGETS)
def test_options_of_the_command_decide_the_target(
    values: dict[str, object], target: Target
) -> None:
    """Options such as --platform describe another machine than this one."""
    assert new_run_state(options(**values), []).resolver.target == target


def test_options_about_variants_reach_their_owners(tmp_path: Path) -> None:
    """Requested labels, switches, trusted packages and the platform file each have one owner."""
    file = tmp_path / "box.toml"
    file.write_text('version = 1\n[properties.gpu]\narch = ["2"]\n')
    state = new_run_state(
        options(
            variants=[OptionValue("torch=fast")],
            variant_provider_switches=[OptionValue("gpu"), OptionValue("cpu", enable=False)],
            trusted_variant_providers=[OptionValue("Gpu_Provider")],
            variant_platform=str(file),
        ),
        [],
    )
    assert state.requests.label("torch") == "fast"
    assert state.resolver.settings.switches == {"gpu": True, "cpu": False}
    assert state.resolver.settings.trusted == {"gpu-provider"}
    assert state.supported_quietly([GPU], read(GPU_JSON)) == {
        GPU: SupportedProperties(GPU, "user", ordered_features([("arch", ["2"])]))
    }


INVALID_OPTIONS: dict[str, tuple[dict[str, object], str]] = {
    "variant": (
        {"variants": [OptionValue("x")]},
        "'x' is not of the form NAME=LABEL or NAME=!LABEL",
    ),
    "namespace": (
        {"variant_provider_switches": [OptionValue("X")]},
        "'X' is not a namespace (a-z, 0-9 and _)",
    ),
    "package": (
        {"trusted_variant_providers": [OptionValue("-")]},
        "'-' is not the name of a package",
    ),
    "platform file without a name": (
        {"variant_platform": ""},
        "--variant-platform: the name of the file is empty",
    ),
    "platform file": (
        {"variant_platform": "/no/such/file"},
        "--variant-platform: '/no/such/file' cannot be read: No such file or directory",
    ),
}


@pytest.mark.parametrize(("values", "problem"), INVALID_OPTIONS.values(), ids=INVALID_OPTIONS)
def test_invalid_option_is_an_error_when_the_state_is_made(
    values: dict[str, object], problem: str
) -> None:
    """The facade turns it into pip's CommandError."""
    with pytest.raises(RequestError) as caught:
        new_run_state(options(**values), [])
    assert str(caught.value) == problem


def test_documents_are_cached_below_the_cache_of_pip(tmp_path: Path) -> None:
    """The second command fetches nothing; `pip cache purge` removes what is there."""
    server = serving()
    sha256 = hashlib.sha256(server.files[JSON_URL]).hexdigest()
    links = torch_links("null")
    for _ in range(2):
        state = new_run_state(options(cache_dir=str(tmp_path)), [])
        list_json(state, f"{JSON_URL}#sha256={sha256}", PAGE)
        decide_release(state, LinkedRelease.of("torch", "2.8.0", links, FakeFinder(server)))
        assert state.resolver.runner.cache == tmp_path / "variants"
    assert server.requests == [f"GET {JSON_URL}"]
    assert [path.name for path in (tmp_path / "variants" / "metadata").iterdir()] == [sha256]


def test_nothing_is_cached_without_a_cache_of_pip() -> None:
    """With --no-cache-dir results of providers and documents live as long as the run."""
    assert new_run_state(options(), []).resolver.runner.cache is None


PLUGIN = Plugin(("gpu-provider>=1",), "gpu:Plugin", ("gpu-provider", "gpu-tools"))
KNOWN = frozenset([Property.parse("gpu :: arch :: 2")])
OUTPUT = "".join(f"line {i}\n" for i in range(25)) + "\x1b[2J\n"
LAST_LINES = [*(f"  gpu-provider: 'line {i}'" for i in range(6, 25)), r"  gpu-provider: '\x1b[2J'"]

# Whether the plugin fails, whether progress is shown, and the level of what it printed.
OUTPUTS = {
    "works": (False, True, VERBOSE),
    "fails": (True, True, logging.INFO),
    "fails in a report": (True, False, VERBOSE),
    "works in a report": (False, False, VERBOSE),
}


@pytest.mark.parametrize(("failed", "shown", "level"), OUTPUTS.values(), ids=OUTPUTS)
def test_last_lines_of_a_plugin_are_logged_at_the_level_of_its_failure(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    *,
    failed: bool,
    shown: bool,
    level: int,
) -> None:
    """Twenty lines are shown, quoted; with -v also if it works, or if stdout is a report's."""
    queries: list[tuple[Values, object, object, frozenset[Property]]] = []

    def query(
        installer: PluginInstaller, plugin: Plugin, known: frozenset[Property]
    ) -> ProviderResult:
        queries.append((installer.options, installer.finder, plugin, known))
        installer.tick()
        return ProviderResult(failed=failed, output=OUTPUT)

    monkeypatch.setattr(plugin_env, "query_plugin", query)
    values = options(index_url="https://example.org/simple")
    state = new_run_state(values, [])
    finder = FakeFinder(FakeServer())
    state.use_finder(finder)
    run_plugin = state.resolver.runner.run_plugin
    assert run_plugin is not None
    result = run_plugin(PLUGIN, KNOWN, Spinner() if shown else NoProgress())
    assert result.failed is failed
    assert queries == [(values, finder, PLUGIN, KNOWN)]
    records = [item for item in caplog.records if item.name.startswith("pip_variants")]
    assert [item.getMessage() for item in records] == LAST_LINES
    assert {item.levelno for item in records} == {level}


class Spinner:
    """A progress display of pip."""

    def spin(self) -> None:
        """Do nothing."""

    def finish(self, final_status: str) -> None:
        """Do nothing."""


def test_plugin_without_output_logs_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most plugins print nothing."""
    monkeypatch.setattr(plugin_env, "query_plugin", lambda *_: ProviderResult())
    values = options(index_url="https://example.org/simple")
    run_plugin = new_run_state(values, []).resolver.runner.run_plugin
    assert run_plugin is not None
    run_plugin(PLUGIN, KNOWN, NoProgress())
    assert logged(caplog, logging.DEBUG) == []


def test_invalid_option_about_indexes_is_a_warning_of_a_report(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command such as `pip check` has none; it goes on without what a plugin would find."""
    monkeypatch.setenv("PIP_NO_INDEX", "maybe")
    trusted = [OptionValue("gpu-provider")]
    state = new_run_state(options(isolated_mode=False, trusted_variant_providers=trusted), [])
    found = state.supported_quietly([GPU], read(GPU_JSON))
    error = "An error occurred during configuration: maybe is not a valid value for no-index option"
    assert (found[GPU].state, found[GPU].features) == ("failed", ())
    assert [(level, text.partition(",")[0]) for level, text in logged(caplog)] == [
        ("WARNING", error)
    ]


def test_environment_is_read_once_however_often_versions_are_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With hundreds of packages each decision would take as long as reading them all."""
    scans: list[object] = []
    read: list[str] = []
    dists = [write_installed(tmp_path, None, name=f"dep{i}", version="1.2") for i in range(5)]

    class Environment:
        def iter_all_distributions(self) -> list[BaseDistribution]:
            scans.append(self)
            return dists

    def version(dist: BaseDistribution) -> str:
        read.append(str(dist.canonical_name))
        return str(dist.raw_version)

    monkeypatch.setattr(module, "environment_of", lambda _: Environment())
    monkeypatch.setattr(module, "_version", version)
    prepared: list[BaseDistribution] = []
    state = new_run_state(Values({}), prepared)
    projects = {"dep0", "dep4"}
    for dist in dists:
        prepared.append(dist)
        state.versions()
        state.together.expected(projects)
        state.together.possible(projects)
        variants = [variant("a", "abi_dependency :: dep0 :: 1.2")]
        found = state.resolver.supported([ABI_DEPENDENCY], [], variants)
        assert found[ABI_DEPENDENCY].features == (("dep0", ("1.2.0", "1.2", "1")),)
    assert len(scans) == 1
    assert len(read) == 2 * len(dists)  # what is installed, and what is being installed
