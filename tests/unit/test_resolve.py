"""Which step decides about a namespace (PEP 850, "Provider resolution"): the first that applies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from pip_variants.core.metadata import Provider
from pip_variants.core.properties import ABI_DEPENDENCY, Namespace, ordered_features
from pip_variants.core.supported import SupportedProperties
from pip_variants.providers import abi_dependency, nvidia, nvml, x86_64
from pip_variants.providers.cpu import CpuFacts
from pip_variants.providers.nvml import DriverFacts
from pip_variants.providers.resolve import NamespaceResolver, ProviderSettings, Target
from pip_variants.providers.runner import ProviderRunner
from tests.unit.cases import NVIDIA_PLUGIN, Features, provider, supported
from tests.unit.provider_cases import (
    AMD,
    BUILT_IN,
    FORCED,
    FOUND,
    LINUX,
    STATIC,
    FakePlugins,
    platform,
    resolve,
    settings,
)

MAC = Target(
    markers={"platform_system": "Darwin", "sys_platform": "darwin", "platform_machine": "arm64"}
)
TORCH_IF = "platform_system == 'Linux' or platform_system == 'Windows'"
NVIDIA = provider("nvidia", "nvidia-variant-provider>=0.0.1", plugin_api=NVIDIA_PLUGIN)

OPTIONAL = "optional, and disabled without --enable-variant-provider {}"
CROSS_TARGET = "the target is a different machine, so this machine is not queried"


@pytest.fixture(autouse=True)
def _no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a query of NVML a failure of the test."""

    def query() -> DriverFacts:
        raise AssertionError("NVML was queried")

    monkeypatch.setattr(nvml, "query", query)


# All but the last step apply to this provider.
EVERY_STEP = replace(
    NVIDIA, enable_if="sys_platform == 'win32'", optional=True, static=ordered_features(STATIC)
)
ENABLED = replace(EVERY_STEP, enable_if=None)
REQUIRED = replace(ENABLED, optional=False)
QUERIED = replace(REQUIRED, static=None)
FILE = platform({"nvidia": STATIC})
TRUSTED = ("nvidia-variant-provider",)

# A provider, the settings, and the result: each case removes what decided the one before.
STEPS = [
    pytest.param(
        EVERY_STEP,
        settings({"nvidia": False}, TRUSTED, FILE),
        supported("nvidia", "disabled", reason="disabled by --disable-variant-provider nvidia"),
        id="disabled by the user",
    ),
    pytest.param(
        EVERY_STEP,
        settings({}, TRUSTED, FILE),
        supported("nvidia", "disabled", reason=OPTIONAL.format("nvidia")),
        id="optional",
    ),
    pytest.param(
        EVERY_STEP,
        settings({"nvidia": True}, TRUSTED, FILE),
        supported("nvidia", "disabled", reason="enabled only if sys_platform == 'win32'"),
        id="enable-if even if the user enabled it",
    ),
    pytest.param(
        ENABLED,
        settings({"nvidia": True}, TRUSTED, FILE),
        supported("nvidia", "static", STATIC),
        id="static values of an enabled optional provider",
    ),
    pytest.param(
        REQUIRED,
        settings({}, TRUSTED, FILE),
        supported("nvidia", "static", STATIC),
        id="static values",
    ),
    pytest.param(
        QUERIED,
        settings({}, TRUSTED, FILE),
        supported("nvidia", "user", STATIC),
        id="platform file",
    ),
    pytest.param(
        QUERIED,
        settings({}, TRUSTED, platform({})),
        supported("nvidia", "plugin", FOUND),
        id="trusted package before the built-in provider",
    ),
    pytest.param(QUERIED, settings({}, {"other"}), BUILT_IN, id="built-in provider"),
    pytest.param(
        replace(QUERIED, requires=("other-provider", "nvidia-variant-provider")),
        settings({}, TRUSTED),
        supported(
            "nvidia",
            "untrusted",
            reason="its provider (other-provider, nvidia-variant-provider) is third-party code,"
            " which is not run without --trust-variant-provider other-provider",
        ),
        id="one of several packages is not trusted",
    ),
]


@pytest.mark.parametrize(("declared", "options", "expected"), STEPS)
def test_first_step_that_applies_decides(
    declared: Provider, options: ProviderSettings, expected: SupportedProperties
) -> None:
    """The order is disabled, static, platform file, trusted package, built-in provider, nothing."""
    plugins = FakePlugins()
    assert resolve(declared, options, plugins=plugins) == expected
    assert len(plugins.queries) == (expected.state == "plugin")


# A provider, and the result that needs no query.
UNQUERIED = [
    pytest.param(
        provider("nvidia", "nvidia-variant-provider", optional=True),
        supported("nvidia", "disabled", reason=OPTIONAL.format("nvidia")),
        id="optional",
    ),
    pytest.param(
        provider("order", static=STATIC, optional=True),
        supported("order", "disabled", reason=OPTIONAL.format("order")),
        id="optional before static",
    ),
    pytest.param(
        replace(NVIDIA, enable_if="platform_system == 'Windows'"),
        supported("nvidia", "disabled", reason="enabled only if platform_system == 'Windows'"),
        id="enable-if false",
    ),
    pytest.param(
        provider("order", static=STATIC, enable_if="sys_platform == 'win32'"),
        supported("order", "disabled", reason="enabled only if sys_platform == 'win32'"),
        id="enable-if before static",
    ),
    pytest.param(
        replace(NVIDIA, enable_if="platform_system = 'Linux'"),
        supported(
            "nvidia",
            "disabled",
            reason="its enable-if is not a valid marker: \"platform_system = 'Linux'\"",
        ),
        id="enable-if with a syntax error",
    ),
    pytest.param(
        replace(NVIDIA, enable_if=""),
        supported("nvidia", "disabled", reason="its enable-if is not a valid marker: ''"),
        id="enable-if empty",
    ),
    pytest.param(
        replace(NVIDIA, enable_if="__import__('os')"),
        supported(
            "nvidia",
            "disabled",
            reason="its enable-if is not a valid marker: \"__import__('os')\"",
        ),
        id="enable-if with Python code",
    ),
    pytest.param(
        replace(NVIDIA, enable_if="(" * 100_000),
        supported(
            "nvidia",
            "disabled",
            reason=f"its enable-if is not a valid marker: '{'(' * 79}...'",
        ),
        id="enable-if nested 100,000 deep",
    ),
    pytest.param(
        provider("order", static=STATIC), supported("order", "static", STATIC), id="static"
    ),
    pytest.param(provider("order", static=()), supported("order", "static"), id="static, empty"),
    pytest.param(
        provider("nvidia", "nvidia-variant-provider", static=STATIC),
        supported("nvidia", "static", STATIC),
        id="static before built-in",
    ),
    pytest.param(
        provider("gpu", builtin="gpu_of_tomorrow"),
        supported("gpu", "none", reason="no built-in provider 'gpu_of_tomorrow' is known"),
        id="unknown builtin",
    ),
    pytest.param(
        provider("gpu", builtin="x\x1b[1m" + "y" * 10_000),
        supported(
            "gpu",
            "none",
            reason=r"no built-in provider 'x\x1b[1m" + "y" * 71 + "...' is known",
        ),
        id="builtin with control characters",
    ),
    pytest.param(
        provider("amd"),
        supported("amd", "none", reason="the metadata names no package for its provider"),
        id="no package",
    ),
]


@pytest.mark.parametrize(("declared", "expected"), UNQUERIED)
def test_result_without_a_query_shows_no_progress(
    declared: Provider, expected: SupportedProperties
) -> None:
    """Disabled, static and unknown namespaces are decided without a query and silently."""
    plugins = FakePlugins()
    assert resolve(declared, plugins=plugins) == expected
    assert (plugins.queries, plugins.displays) == ([], [])


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param(LINUX, BUILT_IN, id="Linux"),
        pytest.param(
            MAC,
            supported("nvidia", "disabled", reason=f"enabled only if {TORCH_IF}"),
            id="Mac",
        ),
    ],
)
def test_enable_if_is_evaluated_for_the_target(
    target: Target, expected: SupportedProperties
) -> None:
    """An enable-if is evaluated for the target and not for the machine that pip runs on."""
    assert resolve(replace(NVIDIA, enable_if=TORCH_IF), target=target) == expected


def test_enable_if_may_be_in_parentheses() -> None:
    """A marker in twenty parentheses is a valid enable-if."""
    enable_if = "(" * 20 + "os_name != 'x'" + ")" * 20
    assert resolve(replace(NVIDIA, enable_if=enable_if)) == BUILT_IN


# Markers that the parser accepts but that cannot be evaluated.
UNEVALUABLE = [
    pytest.param("os_name ~= 'x'", id="version operator on words"),
    pytest.param("os_name === 'x'", id="version compared with a word"),
    pytest.param("platform_release >= '5'", id="kernel release as a version"),
    pytest.param("'x' in extras", id="extras of lock files"),
    pytest.param("'x' in dependency_groups", id="dependency groups of lock files"),
]


@pytest.mark.parametrize("marker", UNEVALUABLE)
def test_marker_that_cannot_be_evaluated_disables(marker: str) -> None:
    """A marker that cannot be evaluated disables the provider, and the reason shows it."""
    more = {"platform_release": "6.1.0-18-cloud-amd64", "os_name": "posix"}
    target = Target(markers={**LINUX.markers, **more})
    found = resolve(replace(NVIDIA, enable_if=marker), target=target)
    assert found.state == "disabled"
    assert found.features == ()
    assert found.reason is not None
    assert marker in found.reason.replace('"', "'")


def test_reason_shortens_a_long_marker() -> None:
    """A marker of thousands of characters is shortened in the reason."""
    reason = resolve(replace(NVIDIA, enable_if=f"os_name == '{'x' * 10_000}'")).reason
    assert reason is not None
    assert len(reason) < 600


COMPLETE = platform({"amd": STATIC}, complete=True)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        pytest.param(
            NVIDIA, supported("nvidia", "user", (), "'p.toml' does not list it"), id="not listed"
        ),
        pytest.param(AMD, supported("amd", "user", STATIC), id="listed"),
        pytest.param(
            provider("tpu", builtin="tpu"),
            supported("tpu", "user", (), "'p.toml' does not list it"),
            id="unknown builtin",
        ),
        pytest.param(
            provider("amd", static=FOUND), supported("amd", "static", FOUND), id="static values"
        ),
    ],
)
@pytest.mark.parametrize("is_cross", [False, True], ids=["this machine", "cross target"])
def test_complete_platform_file_prevents_queries(
    declared: Provider, expected: SupportedProperties, *, is_cross: bool
) -> None:
    """A namespace that a complete file does not list supports nothing, on any target."""
    plugins = FakePlugins()
    options = settings({}, {"nvidia-variant-provider", "amd-variant-provider"}, COMPLETE)
    target = replace(LINUX, is_cross=is_cross)
    assert resolve(declared, options, target, plugins) == expected
    assert (plugins.queries, plugins.displays) == ([], [])


def test_platform_file_describes_namespace_without_provider() -> None:
    """A namespace for which the metadata names no provider can be in the platform file."""
    resolver = FakePlugins().resolver(settings(platform=COMPLETE))
    assert resolver.supported([Namespace("amd")], ()) == {"amd": supported("amd", "user", STATIC)}


def test_abi_dependency_is_not_limited_by_complete_file() -> None:
    """What is being installed decides about abi_dependency, unless the platform file lists it."""

    def found(file: Mapping[str, Features]) -> SupportedProperties:
        options = settings(platform=platform(file, complete=True))
        resolver = FakePlugins().resolver(options, distributions=lambda _: {"torch": "2.8.0"})
        return resolver.supported([ABI_DEPENDENCY], ())[ABI_DEPENDENCY]

    prefixes = [("torch", ("2.8.0", "2.8", "2"))]
    assert found({"amd": STATIC}) == supported(
        "abi_dependency", "built-in", prefixes, abi_dependency.HINT
    )
    listed = [("torch", ["2.7"])]
    assert found({"abi_dependency": listed}) == supported("abi_dependency", "user", listed)


def test_cross_target_is_described_but_not_queried() -> None:
    """For a cross target neither a trusted package nor a built-in provider is queried."""
    plugins = FakePlugins()
    intel = provider("intel", "intel-variant-provider")
    order = provider("order", static=STATIC)
    resolver = plugins.resolver(
        settings({}, {"amd-variant-provider"}, FILE), replace(LINUX, is_cross=True)
    )
    assert plugins.supported(resolver, [NVIDIA, AMD, intel, order]) == {
        "nvidia": supported("nvidia", "user", STATIC),
        "amd": supported("amd", "cross-target", reason=CROSS_TARGET),
        "intel": supported("intel", "cross-target", reason=CROSS_TARGET),
        "order": supported("order", "static", STATIC),
    }
    assert (plugins.queries, plugins.displays) == ([], [])


def test_cross_target_does_not_query_the_driver() -> None:
    """For a cross target the built-in nvidia provider is not queried, but static values hold."""
    plugins = FakePlugins()
    resolver = NamespaceResolver(ProviderRunner(FORCED), target=Target(is_cross=True))
    assert plugins.supported(resolver, [NVIDIA, provider("order", static=STATIC)]) == {
        "nvidia": supported("nvidia", "cross-target", reason=CROSS_TARGET),
        "order": supported("order", "static", STATIC),
    }


def test_cross_target_does_not_query_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a cross target the CPU of this machine is not read."""

    def read() -> CpuFacts:
        raise AssertionError("the CPU was queried")

    monkeypatch.setattr(x86_64, "read_facts", read)
    found = resolve(
        provider("x86_64", "provider-variant-x86-64"), target=replace(LINUX, is_cross=True)
    )
    assert found == supported("x86_64", "cross-target", reason=CROSS_TARGET)


def test_namespace_without_provider_supports_nothing() -> None:
    """A namespace that the metadata does not declare supports nothing (T9)."""
    found = FakePlugins().resolver().supported([Namespace("tpu")], [NVIDIA])
    reason = "the metadata names no provider for it"
    assert found == {"tpu": supported("tpu", "none", reason=reason)}


def test_only_requested_namespaces_are_resolved() -> None:
    """Providers of other namespaces are not queried, and the result has the requested order."""
    providers = (provider("order", static=STATIC), replace(NVIDIA, enable_if="broken ="))
    resolver = NamespaceResolver(ProviderRunner({nvidia.FORCE_CUDA: "no version"}))
    assert [*resolver.supported([Namespace("order")], providers)] == ["order"]
    both = [Namespace("tpu"), Namespace("order")]
    assert [*resolver.supported(both, providers)] == ["tpu", "order"]
    assert resolver.supported((), providers) == {}


VERSIONS = [
    pytest.param({}, (), id="nothing installed"),
    pytest.param({"torch": "2.8.0"}, [("torch", ("2.8.0", "2.8", "2"))], id="three parts"),
    pytest.param({"torch": "2"}, [("torch", ("2.0.0", "2.0", "2"))], id="one part"),
    pytest.param({"torch": "2.8.0.1"}, [("torch", ("2.8.0", "2.8", "2"))], id="four parts"),
    pytest.param(
        {"torch": "2.8.1rc1+cu126"}, [("torch", ("2.8.1", "2.8", "2"))], id="pre-release, local"
    ),
    pytest.param(
        {"z": "1.0.0", "flash-attn": "2.7.4"},
        [("flash_attn", ("2.7.4", "2.7", "2")), ("z", ("1.0.0", "1.0", "1"))],
        id="names with underscores, sorted",
    ),
    pytest.param({"torch": "unknown"}, (), id="invalid version"),
    pytest.param({"torch": "1!2.8.0"}, (), id="version with an epoch"),
]


@pytest.mark.parametrize(("versions", "features"), VERSIONS)
@pytest.mark.parametrize(
    "providers",
    [
        pytest.param((), id="reserved before 0.2.0"),
        pytest.param(
            (provider("abi_dependency", builtin="abi_dependency"),), id="declared by 0.2.0"
        ),
    ],
)
def test_abi_dependency_supports_release_prefixes(
    versions: dict[str, str], features: Features, providers: tuple[Provider, ...]
) -> None:
    """A distribution supports the prefixes of its release, the longest first."""
    resolver = NamespaceResolver(ProviderRunner({}), distributions=lambda _: versions)
    expected = supported("abi_dependency", "built-in", features, abi_dependency.HINT)
    assert resolver.supported([ABI_DEPENDENCY], providers) == {ABI_DEPENDENCY: expected}


def test_namespaces_and_packages_that_came_up_are_known() -> None:
    """Those that metadata declares count, whether or not a variant needs them."""
    resolver = NamespaceResolver(ProviderRunner({}))
    assert (set(resolver.namespaces), resolver.packages()) == (set(), set())
    broken = provider("broken", "not a requirement!")
    resolver.supported((Namespace("npu"),), (AMD, broken, replace(NVIDIA, optional=True)))
    assert set(resolver.namespaces) == {"npu", "amd", "broken", "nvidia"}
    assert resolver.packages() == {"amd-variant-provider", "nvidia-variant-provider"}


def test_package_that_was_queried_is_known() -> None:
    """`pip variants platform` queries a trusted package without any metadata."""
    plugins = FakePlugins()
    resolver = NamespaceResolver(ProviderRunner({}, run_plugin=plugins.run))
    resolver.runner.query_package("gpu-provider")
    assert resolver.packages() == {"gpu-provider"}
