"""The state of one command: what is logged once, and how providers are queried."""

from __future__ import annotations

import logging
import sys

import pytest
from pip._internal.exceptions import InstallationError
from pip._internal.network.session import PipSession

from pip_variants.core.properties import ABI_DEPENDENCY, Namespace, Property
from pip_variants.core.supported import SupportedProperties
from pip_variants.formats.reader import read
from pip_variants.pip_adapter.evaluator import decide_release
from pip_variants.pip_adapter.kept_wheels import Keeper
from pip_variants.pip_adapter.releases import LinkedRelease
from pip_variants.pip_adapter.run_log import RunLog
from pip_variants.pip_adapter.run_state import DecisionLog, RunState
from pip_variants.providers.result import ProviderResult
from pip_variants.providers.runner import Plugin, Progress
from tests.unit.adapter.edge import (
    ABI_JSON,
    GPU_JSON,
    FakeFinder,
    Json,
    logged,
    run_state,
    serving,
    torch_links,
)

GPU = Namespace("gpu")
NVIDIA = Namespace("nvidia")
NVIDIA_JSON: Json = {
    "default-priorities": {"namespace": ["nvidia"]},
    "providers": {"nvidia": {"requires": ["nvidia-variant-provider"]}},
    "variants": {"fast": {"nvidia": {"sm_arch": ["90_real"]}}},
}
FORCE_CUDA = "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION"
FORCE_SM = "NV_VARIANT_PROVIDER_FORCE_SM_ARCH"
INVALID = f"{FORCE_CUDA}: 'bad' is not a version"


def test_message_is_logged_once_whatever_its_level(caplog: pytest.LogCaptureFixture) -> None:
    """Its first level counts."""
    log = RunLog()
    for level, text in (
        (logging.INFO, "a"),
        (logging.WARNING, "b %s"),
        (logging.WARNING, "a"),
        (logging.ERROR, "c"),
        (logging.WARNING, "b %s"),
    ):
        log.once(level, text)
    assert logged(caplog) == [("INFO", "a"), ("WARNING", "b %s"), ("ERROR", "c")]
    assert log.warnings() == ("b %s", "c")


def test_of_messages_on_one_topic_only_the_first_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The same reason may be that of hundreds of versions."""
    log = RunLog()
    for text in ("of 2.0", "of 1.0"):
        log.once(logging.INFO, text, topic="x")
    assert logged(caplog) == [("INFO", "of 2.0")]


def test_report_has_warnings_beside_it_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Notices, progress and downloads would be lines on stdout."""
    state = run_state(keep=Keeper("on"))
    state.report_only()
    state.log.once(logging.INFO, "notice")
    state.log.once(logging.WARNING, "warning")
    assert (state.quiet, state.wheels.keep) == (True, Keeper())
    assert [state.log.shows(level) for level in (logging.INFO, logging.WARNING)] == [False, True]
    assert logged(caplog) == [("WARNING", "warning")]


def test_decision_log_has_the_urls_of_a_decision() -> None:
    """The files of a decision are found by it."""
    state = run_state()
    links = torch_links("fast", "slow")
    decision = decide_release(
        state, LinkedRelease.of("torch", "2.8.0", links, FakeFinder(serving()))
    )
    assert state.decisions.urls_of(decision) == tuple(link.url for link in links)
    assert DecisionLog().urls_of(decision) == ()


def test_logs_of_two_runs_are_independent(caplog: pytest.LogCaptureFixture) -> None:
    """A second command in the same process logs everything again."""
    for _ in range(2):
        run_state().log.once(logging.INFO, "a")
    assert logged(caplog) == [("INFO", "a"), ("INFO", "a")]


def test_decisions_are_found_by_files_and_by_project() -> None:
    """A provisional decision is recorded for explanations and never found again."""
    server, abi_server = serving(), serving(ABI_JSON)
    lasting = decide_release(
        run_state(),
        LinkedRelease.of("torch", "2.8.0", torch_links("fast"), FakeFinder(server)),
    )
    provisional = decide_release(
        run_state(machine=None),
        LinkedRelease.of("torch", "2.8.0", torch_links("np2"), FakeFinder(abi_server)),
    )
    assert [lasting.is_provisional, provisional.is_provisional] == [False, True]
    log = DecisionLog()
    log.add(("a",), lasting)
    log.add(("b",), provisional)
    assert log.get(("a",)) is lasting
    assert log.get(("b",)) is None
    assert log.get(("a", "b")) is None
    assert list(log.about("torch")) == [lasting, provisional]
    assert list(log.about("numpy")) == []


def test_transport_is_made_once_for_each_session() -> None:
    """Proxies are remembered as long as the session is the same; the last finder counts."""
    state, server = run_state(), serving()
    first, second = FakeFinder(server), FakeFinder(server)
    transport = state.use_finder(first)
    assert state.use_finder(second) is transport
    assert state.finder is second
    other = FakeFinder(server)
    other._link_collector.session = PipSession()
    assert state.use_finder(other) is not transport
    assert state.transport is not None
    assert state.transport.session is other._link_collector.session


def nvidia_state(**environ: str) -> RunState:
    """Return a state in which variables of the user force a result."""
    state = run_state(machine=None)
    state.resolver.runner.environ = environ
    state.quiet = True
    return state


def test_invalid_variable_of_the_user_is_an_error_of_pip() -> None:
    """It is one sentence, as pip shows its own errors."""
    with pytest.raises(InstallationError) as caught:
        nvidia_state(**{FORCE_CUDA: "bad"}).supported([NVIDIA], read(NVIDIA_JSON))
    assert str(caught.value) == INVALID


def test_invalid_variable_is_a_warning_once_in_a_report(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is known then about the namespace, and the report goes on."""
    state = nvidia_state(**{FORCE_CUDA: "bad"})
    for _ in range(2):
        found = state.supported_quietly([NVIDIA, GPU], read(NVIDIA_JSON))
        assert found == {
            NVIDIA: SupportedProperties(NVIDIA, "failed", reason=INVALID),
            GPU: SupportedProperties(GPU, "failed", reason=INVALID),
        }
    assert logged(caplog) == [("WARNING", INVALID)]


class Plugins:
    """Plugins that are not installed; ``shown`` is how the progress of each query is shown."""

    def __init__(self, result: ProviderResult | None = None) -> None:
        self.result = result or ProviderResult()
        self.shown: list[str] = []

    def run(self, _: Plugin, __: frozenset[Property], progress: Progress) -> ProviderResult:
        """Record the progress and return the result."""
        self.shown.append(type(progress).__name__)
        return self.result


def plugin_state(plugins: Plugins) -> RunState:
    """Return a state in which the provider of `gpu` is a trusted plugin."""
    return run_state(machine=None, trusted=["gpu-provider"], run_plugin=plugins.run)


WARNED = ProviderResult(warnings=("the driver is old", "no fan"), reason="no fan")


@pytest.mark.parametrize("quietly", [False, True], ids=["loudly", "quietly"])
def test_warnings_of_providers_are_logged_once_with_their_namespace(
    caplog: pytest.LogCaptureFixture, *, quietly: bool
) -> None:
    """Many releases need the same namespace."""
    state = plugin_state(Plugins(WARNED))
    state.quiet = True
    query = state.supported_quietly if quietly else state.supported
    for _ in range(2):
        found = query([GPU], read(GPU_JSON))
    assert found[GPU].reason == "no fan"
    assert logged(caplog) == [("WARNING", "gpu: the driver is old"), ("WARNING", "gpu: no fan")]


def test_query_shows_progress_unless_the_run_is_quiet() -> None:
    """A report on stdout must not be interrupted by a spinner."""
    shown = []
    for quiet, quietly in ((False, False), (True, False), (False, True)):
        plugins = Plugins()
        state = plugin_state(plugins)
        state.quiet = quiet
        (state.supported_quietly if quietly else state.supported)([GPU], read(GPU_JSON))
        shown += plugins.shown
    assert shown == ["NonInteractiveSpinner", "NoProgress", "NoProgress"]


# The metadata, its namespace, and the progress that is shown.
PROGRESS: dict[str, tuple[Json, Namespace, list[str]]] = {
    "plugin": (
        GPU_JSON,
        GPU,
        [
            "Installing variant providers: started",
            "Installing variant providers: finished with status 'done'",
        ],
    ),
    "built-in": (
        NVIDIA_JSON,
        NVIDIA,
        [
            "Querying variant providers: started",
            "Querying variant providers: finished with status 'done'",
        ],
    ),
    "nothing to query": (ABI_JSON, ABI_DEPENDENCY, []),
}


@pytest.mark.parametrize(("document", "namespace", "lines"), PROGRESS.values(), ids=PROGRESS)
def test_progress_says_whether_a_provider_has_to_be_installed(
    caplog: pytest.LogCaptureFixture, document: Json, namespace: Namespace, lines: list[str]
) -> None:
    """An installation takes longer than a query; what needs neither shows nothing."""
    state = plugin_state(Plugins())
    state.resolver.runner.environ = {FORCE_CUDA: "12.9", FORCE_SM: "9.0"}
    state.supported([namespace], read(document))
    assert [
        item.getMessage() for item in caplog.records if item.name.startswith("pip._internal")
    ] == lines


def test_query_without_stdout_shows_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without a console has no stdout, which pip's spinner needs."""
    plugins = Plugins()
    monkeypatch.setattr(sys, "stdout", None)
    plugin_state(plugins).supported([GPU], read(GPU_JSON))
    assert plugins.shown == ["NoProgress"]
