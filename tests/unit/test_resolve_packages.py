"""Which provider packages are run, are replaced by a built-in provider, or are not trusted."""

from __future__ import annotations

import pytest

from pip_variants.core.metadata import Provider
from pip_variants.core.supported import SupportedProperties
from pip_variants.providers import aarch64, nvml, x86_64
from pip_variants.providers.cpu import CpuFacts
from pip_variants.providers.nvml import DriverFacts
from tests.unit.cases import NVIDIA_PLUGIN, provider, supported
from tests.unit.provider_cases import AMD, BUILT_IN, FOUND, FakePlugins, resolve, settings

TORCH_IF = "platform_system == 'Linux' or platform_system == 'Windows'"
X86_64_PLUGIN = "provider_variant_x86_64.plugin:X8664Plugin"
AARCH64_PLUGIN = "provider_variant_aarch64.plugin:AArch64Plugin"

NOT_A_NAME = "; it cannot be trusted, because it is not just a name on an index"


@pytest.fixture(autouse=True)
def _no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a query of NVML a failure of the test."""

    def query() -> DriverFacts:
        raise AssertionError("NVML was queried")

    monkeypatch.setattr(nvml, "query", query)


def _nvidia(
    *requires: str, plugin_api: str | None = None, enable_if: str | None = None
) -> Provider:
    packages = requires or ("nvidia-variant-provider>=0.0.1,<1.0.0",)
    return provider("nvidia", *packages, plugin_api=plugin_api, enable_if=enable_if)


def _reason(packages: str, end: str | None = None) -> str:
    """Return why these packages are not run; by default the options that would trust them."""
    options = [f"--trust-variant-provider {name}" for name in packages.split(", ")]
    end = f" without {' '.join(options)}" if end is None else end
    return f"its provider ({packages}) is third-party code, which is not run{end}"


BUILT_IN_PACKAGES = [
    pytest.param(_nvidia(), id="as torch requires it"),
    pytest.param(_nvidia(plugin_api=NVIDIA_PLUGIN, enable_if=TORCH_IF), id="all fields"),
    pytest.param(_nvidia("nvidia-variant-provider"), id="any version"),
    pytest.param(_nvidia("nvidia-variant-provider==0.0.2"), id="exactly this version"),
    pytest.param(_nvidia("NVIDIA_variant.Provider~=0.0.1"), id="name not normalised"),
    pytest.param(
        _nvidia("nvidia-variant-provider>=0.0.1", "nvidia-variant-provider<1"),
        id="package required twice",
    ),
    pytest.param(provider("cuda", "nvidia-variant-provider"), id="other namespace"),
    pytest.param(
        _nvidia("nvidia-variant-provider", "wmi; platform_system == 'Windows'"),
        id="second package only for another platform",
    ),
]


@pytest.mark.parametrize("declared", BUILT_IN_PACKAGES)
def test_built_in_replaces_the_published_provider(declared: Provider) -> None:
    """A requirement of the published provider, however spelled, means the built-in one."""
    assert resolve(declared) == supported(str(declared.namespace), "built-in", BUILT_IN.features)


UNTRUSTED = [
    pytest.param(
        provider("amd", "amd-variant-provider>=0.0.2", plugin_api="amd.plugin:Plugin"),
        _reason("amd-variant-provider"),
        id="package without a built-in",
    ),
    pytest.param(
        provider("amd", "Amd_Variant.Provider[x]", "tomli; python_version > '3'"),
        _reason("amd-variant-provider, tomli"),
        id="several packages, names normalised",
    ),
    pytest.param(
        _nvidia("nvidia-variant-provider", "numpy"),
        _reason("nvidia-variant-provider, numpy"),
        id="additional package",
    ),
    pytest.param(
        _nvidia("nvidia-variant-provider>=0.0.3"),
        _reason("nvidia-variant-provider"),
        id="newer version than the built-in",
    ),
    pytest.param(
        _nvidia("nvidia-variant-provider @ https://x.test/nvidia_variant_provider-0.0.2.whl"),
        _reason("nvidia-variant-provider", NOT_A_NAME),
        id="URL",
    ),
    pytest.param(
        _nvidia(plugin_api="nvidia_variant_provider.other:Plugin"),
        _reason("nvidia-variant-provider"),
        id="other plugin-api",
    ),
    pytest.param(
        _nvidia("nvidia variant provider"),
        _reason("'nvidia variant provider'", NOT_A_NAME),
        id="invalid requirement",
    ),
    pytest.param(
        _nvidia("../nvidia-variant-provider"),
        _reason("'../nvidia-variant-provider'", NOT_A_NAME),
        id="path",
    ),
    pytest.param(
        _nvidia("a(" * 50_000),
        _reason(f"'{('a(' * 40)[:79]}...'", NOT_A_NAME),
        id="requirement of 100,000 characters",
    ),
]


@pytest.mark.parametrize(("declared", "reason"), UNTRUSTED)
def test_untrusted_package_is_not_run(declared: Provider, reason: str) -> None:
    """A third-party package is not run; the reason has the options that would trust it."""
    plugins = FakePlugins()
    expected = supported(str(declared.namespace), "untrusted", reason=reason)
    assert resolve(declared, plugins=plugins) == expected
    assert (plugins.queries, plugins.displays) == ([], [])


def test_reason_shortens_a_long_package_name() -> None:
    """A package name of thousands of characters is shortened in the reason."""
    reason = resolve(_nvidia("x" * 10_000)).reason
    assert reason is not None
    assert len(reason) < 600


def test_requirements_for_other_platforms_disable_the_provider() -> None:
    """If the marker of every requirement is false (0.2.0), the provider is disabled."""
    found = resolve(_nvidia("nvidia-variant-provider; platform_system == 'Windows'"))
    reason = "none of its provider's packages is for this platform"
    assert found == supported("nvidia", "disabled", reason=reason)


# Requirement, plugin-api, and the built-in provider that replaces it, or None.
CPU_PACKAGES = [
    pytest.param("provider-variant-x86-64", X86_64_PLUGIN, "x86_64", id="x86_64 as in numpy"),
    pytest.param("provider_variant.x86_64>=0.0.1,<1", None, "x86_64", id="name not normalised"),
    pytest.param("provider-variant-x86-64", "provider_variant_x86_64", "x86_64", id="its module"),
    pytest.param("x86-64-variant-provider", None, "x86_64", id="x86_64 by its new name"),
    pytest.param(
        "x86-64-variant-provider~=0.2.0",
        "x86_64_variant_provider",
        "x86_64",
        id="new name and its default plugin-api",
    ),
    pytest.param("provider-variant-aarch64", AARCH64_PLUGIN, "aarch64", id="aarch64 as in numpy"),
    pytest.param("aarch64-variant-provider>=0.2", None, "aarch64", id="aarch64 by its new name"),
    pytest.param("provider-variant-x86-64>=0.1", None, None, id="newer than the built-in"),
    pytest.param("x86-64-variant-provider<0.2", None, None, id="older than the built-in"),
    pytest.param("provider-variant-x86-64", AARCH64_PLUGIN, None, id="plugin-api of aarch64"),
    pytest.param("x86-64-variant-provider", X86_64_PLUGIN, None, id="plugin-api of the old name"),
    pytest.param("provider-variant-x86", None, None, id="similar name"),
]


@pytest.mark.parametrize(("requirement", "plugin_api", "built_in"), CPU_PACKAGES)
def test_built_in_replaces_old_and_new_package_name(
    monkeypatch: pytest.MonkeyPatch,
    requirement: str,
    plugin_api: str | None,
    built_in: str | None,
) -> None:
    """The CPU providers replace the packages of their old and new names, and no others."""
    for module in (x86_64, aarch64):
        facts = CpuFacts(module.ARCHITECTURE, frozenset({"aes"}))
        monkeypatch.setattr(module, "read_facts", lambda facts=facts: facts)
    found = resolve(provider("cpu", requirement, plugin_api=plugin_api))
    best = {"x86_64": ("level", ("v1",)), "aarch64": ("version", ("8a",)), None: None}[built_in]
    assert found.state == ("built-in" if built_in else "untrusted")
    assert found.features == ((best, ("aes", ("on",))) if best else ())


# The requirements, and those that are installed, or why none is.
REQUIREMENTS = [
    pytest.param(("good",), ("good",), id="name"),
    pytest.param(("G_oo.d==1",), _reason("g-oo-d"), id="other name"),
    pytest.param(("Very__Good.Name",), ("Very__Good.Name",), id="name not normalised"),
    pytest.param(
        ("good[b,a] >= 1, < 2",), ("good[a,b] (<2,>=1)",), id="extras and version specifiers"
    ),
    pytest.param(("good; sys_platform == 'linux'",), ("good",), id="marker that holds"),
    pytest.param(
        ("bad; sys_platform == 'win32'", "good"), ("good",), id="package for another platform"
    ),
    pytest.param(("good", "very-good-name"), ("good", "very-good-name"), id="two trusted packages"),
    pytest.param(("good (==1.0+a.zip)",), ("good (==1.0+a.zip)",), id="version like an archive"),
    pytest.param(("goodd",), _reason("goodd"), id="additional letter"),
    pytest.param(("g00d",), _reason("g00d"), id="zeros for letters"),
    pytest.param(("good-",), _reason("'good-'", NOT_A_NAME), id="invalid name"),
    pytest.param(
        ("g\u043eod",), _reason(r"'g\u043eod'", NOT_A_NAME), id="letter of another script"
    ),
    pytest.param(
        ("good ", "bad"),
        _reason("good, bad", " without --trust-variant-provider bad"),
        id="one of two is not trusted",
    ),
    pytest.param(
        ("good @ https://x.test/good-1.0-py3-none-any.whl",), _reason("good", NOT_A_NAME), id="URL"
    ),
    pytest.param(("good @ file:///tmp/good.whl",), _reason("good", NOT_A_NAME), id="URL of a file"),
    pytest.param(("./good",), _reason("'./good'", NOT_A_NAME), id="path"),
    pytest.param(
        ("good\n--index-url http://x.test",),
        _reason(r"'good\n--index-url http://x.test'", NOT_A_NAME),
        id="second line",
    ),
    pytest.param(
        ("good --index-url=http://x.test",),
        _reason("'good --index-url=http://x.test'", NOT_A_NAME),
        id="option after the name",
    ),
    pytest.param(("-r /etc/passwd",), _reason("'-r /etc/passwd'", NOT_A_NAME), id="option"),
    pytest.param(("good\\",), _reason(r"'good\\'", NOT_A_NAME), id="continued line"),
    pytest.param(
        ("good===1/../../../tmp/good-1-py3-none-any.whl",),
        _reason("'good===1/../../../tmp/good-1-py3-none-any.whl'", NOT_A_NAME),
        id="version that is a path",
    ),
    pytest.param(
        ("good===${SECRET}",),
        _reason("'good===${SECRET}'", NOT_A_NAME),
        id="version from a variable",
    ),
    pytest.param(
        ("good===1 #cu12",), _reason("'good===1 #cu12'", NOT_A_NAME), id="requested label"
    ),
]


@pytest.mark.parametrize(("requires", "expected"), REQUIREMENTS)
def test_only_trusted_names_with_versions_are_installed(
    requires: tuple[str, ...], expected: tuple[str, ...] | str
) -> None:
    """Each package must be trusted by its normalised name, and be only a name with versions."""
    plugins = FakePlugins()
    options = settings(trusted={"good", "very-good-name"})
    found: SupportedProperties = resolve(provider("ns", *requires), options, plugins=plugins)
    if isinstance(expected, tuple):
        ((plugin, _),) = plugins.queries
        assert plugin.requires == expected
        assert found == supported("ns", "plugin", FOUND)
    else:
        assert plugins.queries == []
        assert found == supported("ns", "untrusted", reason=expected)


@pytest.mark.parametrize(
    ("declared", "endpoint"),
    [
        pytest.param(AMD, "amd.plugin:Plugin", id="plugin-api"),
        pytest.param(
            provider("amd", "Amd.Variant_Provider"), "amd_variant_provider", id="one package"
        ),
        pytest.param(
            provider("amd", "amd-variant-provider", "good"),
            "amd_variant_provider",
            id="two packages",
        ),
    ],
)
def test_default_endpoint_is_the_first_package(declared: Provider, endpoint: str) -> None:
    """Without a plugin-api the endpoint is the module with the name of the first package."""
    plugins = FakePlugins()
    resolve(declared, settings(trusted={"amd-variant-provider", "good"}), plugins=plugins)
    assert [plugin.plugin_api for plugin, _ in plugins.queries] == [endpoint]
