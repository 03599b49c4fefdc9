"""Each provider is queried once a run, or again for properties that its result does not cover."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pip_variants.core.errors import RequestError
from pip_variants.core.metadata import Provider
from pip_variants.core.properties import Property
from pip_variants.core.supported import SupportedProperties
from pip_variants.providers import nvidia, nvml, x86_64
from pip_variants.providers.cpu import CpuFacts
from pip_variants.providers.nvml import DriverFacts
from pip_variants.providers.resolve import NamespaceResolver
from pip_variants.providers.result import ProviderResult
from pip_variants.providers.runner import NoProgress, Plugin, Progress, ProviderRunner
from tests.unit.cases import NVIDIA_PLUGIN, provider, supported, variant
from tests.unit.provider_cases import (
    AMD,
    BUILT_IN,
    FOUND,
    FakePlugins,
    by_feature,
    failure,
    properties,
    result,
    settings,
)

NVIDIA = provider("nvidia", "nvidia-variant-provider>=0.0.1", plugin_api=NVIDIA_PLUGIN)
ROCM = provider("rocm", "amd-variant-provider>=0.0.2", plugin_api="amd.plugin:Plugin")
TRUST_AMD = settings(trusted={"amd-variant-provider"})


def test_built_in_is_queried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver is queried once a run, with progress, whatever number of projects needs it."""
    events = []

    def query() -> DriverFacts:
        events.append("query")
        return DriverFacts((12, 9), ((7, 5),))

    @contextmanager
    def show_progress(_: bool) -> Iterator[Progress]:
        events.append("begin")
        yield NoProgress()
        events.append("end")

    monkeypatch.setattr(nvml, "query", query)
    resolver = NamespaceResolver(ProviderRunner({}))
    cuda = provider("cuda", "nvidia-variant-provider")
    both = (NVIDIA.namespace, cuda.namespace)
    again = provider("nvidia", "nvidia-variant-provider")
    first = resolver.supported(both, (NVIDIA, cuda), show_progress=show_progress)
    second = resolver.supported(both[:1], (again,), show_progress=show_progress)
    assert first == {"nvidia": BUILT_IN, "cuda": supported("cuda", "built-in", BUILT_IN.features)}
    assert second == {"nvidia": BUILT_IN}
    assert events == ["begin", "query", "end"]


def test_old_and_new_package_name_are_one_built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CPU is queried once for both names of its provider, and progress is shown once."""
    plugins = FakePlugins()
    reads = []

    def read() -> CpuFacts:
        reads.append("read")
        return CpuFacts("riscv64")

    monkeypatch.setattr(x86_64, "read_facts", read)
    old = provider("cpu0", "provider-variant-x86-64")
    new = provider("cpu1", "x86-64-variant-provider")
    reason = "this is a riscv64 machine"
    assert plugins.supported(NamespaceResolver(ProviderRunner({})), [old, new]) == {
        name: supported(name, "built-in", reason=reason) for name in ("cpu0", "cpu1")
    }
    assert (reads, plugins.displays) == (["read"], [False])


def test_reason_and_warnings_of_built_in_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason and the warnings of a built-in provider are part of the supported properties."""
    monkeypatch.setattr(nvml, "query", lambda: DriverFacts((16, 0), ((9, 0),)))
    text = "the driver supports CUDA 16.0, outside 11.0 to 15.20"
    expected = supported("nvidia", "built-in", reason=text, warnings=(text,))
    resolver = NamespaceResolver(ProviderRunner({}))
    assert FakePlugins().supported(resolver, [NVIDIA]) == {"nvidia": expected}


def test_invalid_forced_fact_raises_each_time() -> None:
    """An invalid variable is an error of the user, at each query."""
    resolver = NamespaceResolver(ProviderRunner({nvidia.FORCE_SM: "9"}))
    for _ in range(2):
        with pytest.raises(RequestError) as caught:
            resolver.supported([NVIDIA.namespace], [NVIDIA])
        expected = "NV_VARIANT_PROVIDER_FORCE_SM_ARCH: '9' is not of the form major.minor"
        assert str(caught.value) == expected


def test_plugin_is_queried_once_per_run() -> None:
    """A plugin is queried once, whatever number of projects and namespaces needs it."""
    plugins = FakePlugins()
    resolver = plugins.resolver(TRUST_AMD)
    assert plugins.supported(resolver, [AMD, ROCM]) == {
        name: supported(name, "plugin", FOUND) for name in ("amd", "rocm")
    }
    assert plugins.supported(resolver, [AMD], [variant("x", "amd :: arch :: z")])
    assert len(plugins.queries) == 1
    assert plugins.displays == [True]


def test_failed_plugin_is_not_queried_again() -> None:
    """A plugin that failed is not queried again, and each result has its warning."""
    plugins = FakePlugins(lambda _: failure("no", warnings=("no",)))
    resolver = plugins.resolver(TRUST_AMD)
    for _ in range(2):
        found = plugins.supported(resolver, [AMD])
        assert found == {"amd": supported("amd", "failed", (), "no", ("no",))}
    assert len(plugins.queries) == 1


def _dynamic(known: frozenset[Property]) -> ProviderResult:
    values = sorted(item.value for item in known if item.namespace == "amd")
    return result(("arch", values), known=known)


def test_dynamic_plugin_is_queried_again_for_new_properties() -> None:
    """A dynamic plugin is queried again only for new properties, and then for all so far."""
    plugins = FakePlugins(_dynamic)
    resolver = plugins.resolver(TRUST_AMD)
    first = [variant("x", "amd :: arch :: a", "other :: y :: 1"), variant("y", "amd :: arch :: b")]
    second = [variant("z", "amd :: arch :: c")]
    found = [
        by_feature(plugins.supported(resolver, [AMD], variants)["amd"].features)["arch"]
        for variants in (first, first[:1], [], second, first, second)
    ]
    assert found == [("a", "b")] * 3 + [("a", "b", "c")] * 3
    assert [sorted(item.value for item in known) for _, known in plugins.queries] == [
        ["a", "b"],
        ["a", "b", "c"],
    ]


def test_dynamic_plugin_gets_properties_of_all_its_namespaces() -> None:
    """A plugin that serves two namespaces gets the properties of both in one query."""
    plugins = FakePlugins(lambda known: result(*FOUND, known=known))
    resolver = plugins.resolver(TRUST_AMD)
    variants = [variant("x", "amd :: arch :: a", "rocm :: version :: 6")]
    for _ in range(2):
        plugins.supported(resolver, [AMD, ROCM], variants)
    assert [known for _, known in plugins.queries] == [
        properties("amd :: arch :: a", "rocm :: version :: 6")
    ]


@pytest.mark.parametrize(
    ("providers", "displays"),
    [
        pytest.param([NVIDIA], [False], id="built-in"),
        pytest.param([AMD], [True], id="plugin"),
        pytest.param([NVIDIA, AMD], [True], id="built-in and plugin"),
        pytest.param([AMD, NVIDIA], [True], id="plugin and built-in"),
    ],
)
def test_progress_is_shown_once_for_all_providers(
    providers: list[Provider], displays: list[bool]
) -> None:
    """Progress is shown once, as an installation if there is a plugin among the providers."""
    plugins = FakePlugins()
    resolver = plugins.resolver(TRUST_AMD)
    for _ in range(2):
        plugins.supported(resolver, providers)
    assert plugins.displays == displays


def test_failed_query_finishes_progress_with_error() -> None:
    """If one of the providers fails, the progress display ends with ``error``."""
    ends = []

    class Display(NoProgress):
        def finish(self, final_status: str) -> None:
            ends.append(final_status)

    @contextmanager
    def show_progress(_: bool) -> Iterator[Progress]:
        yield Display()

    plugins = FakePlugins(lambda _: failure("no"))
    providers = (AMD, NVIDIA)
    namespaces = [item.namespace for item in providers]
    plugins.resolver(TRUST_AMD).supported(namespaces, providers, show_progress=show_progress)
    assert ends == ["error"]


def test_trusted_plugin_without_installer_fails() -> None:
    """Where providers cannot be installed, a trusted plugin supports nothing."""
    resolver = NamespaceResolver(ProviderRunner({}), TRUST_AMD)
    expected = supported("amd", "failed", reason="this command does not install providers")
    assert FakePlugins().supported(resolver, [AMD]) == {"amd": expected}


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param(
            result(*FOUND, namespace="amd"), supported("amd", "plugin", FOUND), id="own namespace"
        ),
        pytest.param(result(*FOUND), supported("", "plugin", FOUND), id="no namespace"),
        pytest.param(failure("no"), supported("", "failed", (), "no"), id="failure"),
    ],
)
def test_package_is_queried_without_metadata(
    reply: ProviderResult, expected: SupportedProperties
) -> None:
    """A trusted package can be queried without metadata; its namespace is the one it declares."""
    plugins = FakePlugins(lambda _: reply)
    runner = plugins.resolver().runner
    assert runner.query_package("amd-variant-provider", plugins.show_progress) == expected
    assert plugins.queries == [
        (Plugin(("amd-variant-provider",), "", ("amd-variant-provider",)), frozenset())
    ]
    assert plugins.displays == [True]
