"""Who answers for a namespace (PEP 850): the first step that applies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from pip_variants.errors import RequestError
from pip_variants.metadata import Provider
from pip_variants.properties import Features
from pip_variants.providers import aarch64, abi_dependency, cpu, nvidia, nvml, x86_64
from pip_variants.providers.asking import Asking, Progress, silent
from pip_variants.providers.chain import Chain
from pip_variants.providers.nvml import Answer
from pip_variants.supported import Support
from tests.unit.cases import NVIDIA_PLUGIN

FORCED = {nvidia.FORCE_CUDA: "12.9", nvidia.FORCE_SM: "7.5"}
FEATURES = nvidia.detect(nvidia.Facts((12, 9), (7, 5), forced=True)).features
BUILT_IN = Support("nvidia", "built-in", FEATURES)

LINUX = {"platform_system": "Linux", "sys_platform": "linux", "platform_machine": "x86_64"}
MAC = {"platform_system": "Darwin", "sys_platform": "darwin", "platform_machine": "arm64"}
TORCH_IF = "platform_system == 'Linux' or platform_system == 'Windows'"

STATIC: Features = (("order", ("2", "1")),)


NO_NAME = "; it cannot be trusted, as it is not just a name on an index"


def _untrusted(packages: str, cure: str | None = None) -> str:
    """Return why nobody asks these packages, and what would change it."""
    options = [f"--trust-variant-provider {name}" for name in packages.split(", ")]
    cure = f" without {' '.join(options)}" if cure is None else cure
    return f"its provider ({packages}) is third-party code, which is not run{cure}"


def _nvidia(
    *requires: str, plugin_api: str | None = None, enable_if: str | None = None
) -> Provider:
    return Provider(
        "nvidia",
        requires=requires or ("nvidia-variant-provider>=0.0.1,<1.0.0",),
        plugin_api=plugin_api,
        enable_if=enable_if,
    )


def _ask(provider: Provider, **options: object) -> Support:
    """Return the answer for the one namespace of this provider, with both facts forced."""
    chain = Chain(Asking(FORCED), marker_environment=LINUX)
    for name, value in options.items():
        setattr(chain if name in Chain.__slots__ else chain.asking, name, value)
    answers = chain.ask((provider.namespace,), (provider,))
    assert [*answers] == [provider.namespace]
    return answers[provider.namespace]


@pytest.fixture(autouse=True)
def _no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make asking NVML a failure of the test, but where a test gives an answer."""

    def query() -> Answer:
        raise AssertionError("NVML was touched")

    monkeypatch.setattr(nvml, "query", query)


# A provider, and the answer for its namespace, which is given without touching the machine.
UNASKED = [
    pytest.param(
        Provider("nvidia", requires=("nvidia-variant-provider",), optional=True),
        Support(
            "nvidia",
            "disabled",
            reason="optional, and off without --enable-variant-provider nvidia",
        ),
        id="optional",
    ),
    pytest.param(
        Provider("order", static=STATIC, optional=True),
        Support(
            "order", "disabled", reason="optional, and off without --enable-variant-provider order"
        ),
        id="optional comes before static",
    ),
    pytest.param(
        _nvidia(enable_if="platform_system == 'Windows'"),
        Support("nvidia", "disabled", reason="enabled only if platform_system == 'Windows'"),
        id="enable-if false",
    ),
    pytest.param(
        Provider("order", static=STATIC, enable_if="sys_platform == 'win32'"),
        Support("order", "disabled", reason="enabled only if sys_platform == 'win32'"),
        id="enable-if comes before static",
    ),
    pytest.param(
        _nvidia(enable_if="platform_system = 'Linux'"),
        Support(
            "nvidia",
            "disabled",
            reason="its enable-if is not a valid marker: \"platform_system = 'Linux'\"",
        ),
        id="enable-if is no marker",
    ),
    pytest.param(
        _nvidia(enable_if=""),
        Support("nvidia", "disabled", reason="its enable-if is not a valid marker: ''"),
        id="enable-if is empty",
    ),
    pytest.param(
        _nvidia(enable_if="__import__('os')"),
        Support(
            "nvidia",
            "disabled",
            reason="its enable-if is not a valid marker: \"__import__('os')\"",
        ),
        id="enable-if is Python",
    ),
    pytest.param(
        _nvidia(enable_if="(" * 100_000),
        Support(
            "nvidia",
            "disabled",
            reason=f"its enable-if is not a valid marker: '{'(' * 79}...'",
        ),
        id="enable-if is nested 100,000 deep",
    ),
    pytest.param(
        Provider("order", static=STATIC),
        Support("order", "static", STATIC),
        id="static",
    ),
    pytest.param(
        Provider("order", static=()), Support("order", "static"), id="static without values"
    ),
    pytest.param(
        Provider("nvidia", static=STATIC, requires=("nvidia-variant-provider",)),
        Support("nvidia", "static", STATIC),
        id="static comes before built-in",
    ),
    pytest.param(
        Provider("gpu", builtin="gpu_of_tomorrow"),
        Support("gpu", "none", reason="no built-in provider 'gpu_of_tomorrow' is known"),
        id="unknown builtin",
    ),
    pytest.param(
        Provider("gpu", builtin="x\x1b[1m" + "y" * 10_000),
        Support(
            "gpu",
            "none",
            reason=r"no built-in provider 'x\x1b[1m" + "y" * 71 + "...' is known",
        ),
        id="hostile builtin",
    ),
    pytest.param(
        Provider("amd", requires=("amd-variant-provider>=0.0.2",), plugin_api="amd.plugin:Plugin"),
        Support(
            "amd",
            "untrusted",
            reason=_untrusted("amd-variant-provider"),
        ),
        id="another package",
    ),
    pytest.param(
        Provider("amd", requires=("Amd_Variant.Provider[x]", "tomli; python_version > '3'")),
        Support(
            "amd",
            "untrusted",
            reason=_untrusted("amd-variant-provider, tomli"),
        ),
        id="several packages, names normalised",
    ),
    pytest.param(
        Provider("amd"),
        Support(
            "amd",
            "none",
            reason="the metadata names no package for its provider",
        ),
        id="no package",
    ),
    pytest.param(
        _nvidia("nvidia-variant-provider", "numpy"),
        Support(
            "nvidia",
            "untrusted",
            reason=_untrusted("nvidia-variant-provider, numpy"),
        ),
        id="an extra package beside the known one",
    ),
    pytest.param(
        _nvidia("nvidia-variant-provider>=0.0.3"),
        Support(
            "nvidia",
            "untrusted",
            reason=_untrusted("nvidia-variant-provider"),
        ),
        id="a version that ours is not",
    ),
    pytest.param(
        _nvidia("nvidia-variant-provider @ https://x.test/nvidia_variant_provider-0.0.2.whl"),
        Support(
            "nvidia",
            "untrusted",
            reason=_untrusted("nvidia-variant-provider", NO_NAME),
        ),
        id="a file of one's own choice",
    ),
    pytest.param(
        _nvidia(plugin_api="nvidia_variant_provider.other:Plugin"),
        Support(
            "nvidia",
            "untrusted",
            reason=_untrusted("nvidia-variant-provider"),
        ),
        id="another plugin-api",
    ),
    pytest.param(
        _nvidia("nvidia variant provider"),
        Support(
            "nvidia",
            "untrusted",
            reason=_untrusted("'nvidia variant provider'", NO_NAME),
        ),
        id="a requirement that is none",
    ),
    pytest.param(
        _nvidia("../nvidia-variant-provider"),
        Support(
            "nvidia",
            "untrusted",
            reason=_untrusted("'../nvidia-variant-provider'", NO_NAME),
        ),
        id="a path as a requirement",
    ),
    pytest.param(
        _nvidia("a(" * 50_000),
        Support(
            "nvidia",
            "untrusted",
            reason=_untrusted(f"'{('a(' * 40)[:79]}...'", NO_NAME),
        ),
        id="a requirement of 100,000 characters",
    ),
]

ASKED = [
    pytest.param(_nvidia(), id="what torch says"),
    pytest.param(_nvidia(plugin_api=NVIDIA_PLUGIN, enable_if=TORCH_IF), id="all of it"),
    pytest.param(_nvidia("nvidia-variant-provider"), id="any version"),
    pytest.param(_nvidia("nvidia-variant-provider==0.0.2"), id="exactly ours"),
    pytest.param(_nvidia("NVIDIA_variant.Provider~=0.0.1"), id="another spelling of the name"),
    pytest.param(
        _nvidia("nvidia-variant-provider>=0.0.1", "nvidia-variant-provider<1"),
        id="the package twice",
    ),
    pytest.param(
        Provider("cuda", requires=("nvidia-variant-provider",)), id="another namespace for it"
    ),
    pytest.param(
        _nvidia(enable_if="(" * 20 + "os_name != 'x'" + ")" * 20), id="enable-if in parentheses"
    ),
]


@pytest.mark.parametrize(("provider", "expected"), UNASKED)
def test_some_answers_need_no_asking(provider: Provider, expected: Support) -> None:
    """Disabled, static, unknown and untrusted are known at once; nobody hears of a query."""

    @contextmanager
    def querying(_: bool) -> Iterator[Progress]:
        raise AssertionError("the user was told of a query")
        yield

    assert _ask(provider, querying=querying) == expected


@pytest.mark.parametrize("provider", ASKED)
def test_the_built_in_answers_for_its_package(provider: Provider) -> None:
    """Who asks for the published provider, in whatever words, gets our implementation of it."""
    assert _ask(provider) == Support(provider.namespace, "built-in", FEATURES)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        pytest.param(LINUX, BUILT_IN, id="Linux"),
        pytest.param(
            MAC, Support("nvidia", "disabled", reason=f"enabled only if {TORCH_IF}"), id="Mac"
        ),
    ],
)
def test_markers_are_about_the_target(environment: Mapping[str, str], expected: Support) -> None:
    """An enable-if is judged for the target, not for the machine that pip runs on."""
    assert _ask(_nvidia(enable_if=TORCH_IF), marker_environment=environment) == expected


# Markers that the parser accepts and that cannot be evaluated.
TREACHEROUS = [
    pytest.param("os_name ~= 'x'", id="an operator for versions on words"),
    pytest.param("os_name === 'x'", id="a version compared with a word"),
    pytest.param("platform_release >= '5'", id="a kernel release as a version"),
    pytest.param("'x' in extras", id="a name of lock files"),
    pytest.param("'x' in dependency_groups", id="another name of lock files"),
]


@pytest.mark.parametrize("marker", TREACHEROUS)
def test_a_marker_that_cannot_be_evaluated_is_no_crash(marker: str) -> None:
    """What cannot be evaluated switches the provider off, and says so."""
    environment = {**LINUX, "platform_release": "6.1.0-18-cloud-amd64", "os_name": "posix"}
    found = _ask(_nvidia(enable_if=marker), marker_environment=environment)
    assert found.state == "disabled"
    assert found.features == ()
    assert found.reason is not None
    assert marker in found.reason.replace('"', "'")


def test_a_long_marker_does_not_flood_the_reason() -> None:
    """A reason stays one readable line."""
    reason = _ask(_nvidia(enable_if=f"os_name == '{'x' * 10_000}'")).reason
    assert reason is not None
    assert len(reason) < 600


def test_a_long_package_does_not_flood_the_reason() -> None:
    """A reason stays one readable line."""
    reason = _ask(_nvidia("x" * 10_000)).reason
    assert reason is not None
    assert len(reason) < 600


def test_a_requirement_for_another_platform_switches_the_provider_off() -> None:
    """Since 0.2.0 the marker stands in requires: where it is false nobody is asked."""
    found = _ask(_nvidia("nvidia-variant-provider; platform_system == 'Windows'"))
    assert found.state == "disabled"
    assert found.features == ()


def test_a_requirement_for_another_platform_does_not_count() -> None:
    """A second package whose marker is false here is not installed, so that it changes nothing."""
    provider = _nvidia("nvidia-variant-provider", "wmi; platform_system == 'Windows'")
    assert _ask(provider) == BUILT_IN


X86_64_PLUGIN = "provider_variant_x86_64.plugin:X8664Plugin"
AARCH64_PLUGIN = "provider_variant_aarch64.plugin:AArch64Plugin"

# What is required, its plugin-api, and the namespace of the built-in that stands in, if one does.
CPUS = [
    pytest.param("provider-variant-x86-64", X86_64_PLUGIN, "x86_64", id="x86_64 as numpy says"),
    pytest.param("provider_variant.x86_64>=0.0.1,<1", None, "x86_64", id="another spelling"),
    pytest.param("provider-variant-x86-64", "provider_variant_x86_64", "x86_64", id="its module"),
    pytest.param("x86-64-variant-provider", None, "x86_64", id="x86_64 by its new name"),
    pytest.param(
        "x86-64-variant-provider~=0.2.0", "x86_64_variant_provider", "x86_64", id="its default"
    ),
    pytest.param("provider-variant-aarch64", AARCH64_PLUGIN, "aarch64", id="aarch64 as numpy says"),
    pytest.param("aarch64-variant-provider>=0.2", None, "aarch64", id="aarch64 by its new name"),
    pytest.param("provider-variant-x86-64>=0.1", None, None, id="a version that ours is not"),
    pytest.param("x86-64-variant-provider<0.2", None, None, id="an older one of the new name"),
    pytest.param("provider-variant-x86-64", AARCH64_PLUGIN, None, id="the plugin of the other"),
    pytest.param("x86-64-variant-provider", X86_64_PLUGIN, None, id="the plugin of the old name"),
    pytest.param("provider-variant-x86", None, None, id="a name that is alike"),
]


@pytest.mark.parametrize(("requires", "plugin_api", "expected"), CPUS)
def test_a_built_in_has_several_names(
    monkeypatch: pytest.MonkeyPatch, requires: str, plugin_api: str | None, expected: str | None
) -> None:
    """The providers of the CPU stand in for their old and new packages, and for no other."""
    for module in (x86_64, aarch64):
        facts = cpu.Facts(module.ARCHITECTURE, frozenset({"aes"}))
        monkeypatch.setattr(module, "read_facts", lambda facts=facts: facts)
    found = _ask(Provider("cpu", requires=(requires,), plugin_api=plugin_api))
    best = {"x86_64": ("level", ("v1",)), "aarch64": ("version", ("8a",)), None: None}[expected]
    assert found.state == ("built-in" if expected else "untrusted")
    assert found.features == ((best, ("aes", ("on",))) if best else ())


def test_old_and_new_name_are_one_built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CPU is asked once under both names; who reads the messages is told once."""
    asked = []
    told = []

    def read() -> cpu.Facts:
        asked.append("read")
        return cpu.Facts("riscv64")

    @contextmanager
    def querying(_: bool) -> Iterator[Progress]:
        told.append("begin")
        with silent(_) as nothing:
            yield nothing

    monkeypatch.setattr(x86_64, "read_facts", read)
    names = ("provider-variant-x86-64", "x86-64-variant-provider")
    providers = [Provider(f"cpu{i}", requires=(name,)) for i, name in enumerate(names)]
    found = Chain(Asking({}, querying)).ask(("cpu0", "cpu1"), providers)
    assert found == {
        name: Support(name, "built-in", reason="this is a riscv64 machine")
        for name in ("cpu0", "cpu1")
    }
    assert (asked, told) == (["read"], ["begin"])


def test_the_cpu_of_a_foreign_target_is_not_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who installs for another machine gets no level of this one."""

    def read() -> cpu.Facts:
        raise AssertionError("it was asked")

    monkeypatch.setattr(x86_64, "read_facts", read)
    found = _ask(Provider("x86_64", requires=("provider-variant-x86-64",)), foreign=True)
    assert found.state == "foreign"


def test_a_foreign_target_is_not_asked() -> None:
    """Who installs for another machine gets no answer of this one, but the other answers."""
    chain = Chain(Asking(FORCED), foreign=True)
    assert chain.ask(("nvidia", "order"), (_nvidia(), Provider("order", static=STATIC))) == {
        "nvidia": Support(
            "nvidia",
            "foreign",
            reason="the target is another machine than this one, so this one is not asked",
        ),
        "order": Support("order", "static", STATIC),
    }


def test_a_namespace_without_a_provider_is_no_error() -> None:
    """What the metadata does not declare supports nothing (T9)."""
    found = Chain(Asking(FORCED)).ask(("tpu",), (_nvidia(),))
    assert found == {"tpu": Support("tpu", "none", reason="the metadata names no provider for it")}


def test_only_the_namespaces_that_are_named_are_answered() -> None:
    """A provider of a namespace that nobody needs is not asked, and answers keep the order."""
    providers = (Provider("order", static=STATIC), _nvidia(enable_if="broken ="))
    chain = Chain(Asking({nvidia.FORCE_CUDA: "no version"}))
    assert [*chain.ask(("order",), providers)] == ["order"]
    assert [*chain.ask(("tpu", "order"), providers)] == ["tpu", "order"]
    assert chain.ask((), providers) == {}


def test_a_built_in_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One run asks the driver once and says so once, whatever number of projects needs it."""
    calls = []
    told = []

    def query() -> Answer:
        calls.append("query")
        return Answer((12, 9), ((7, 5),))

    @contextmanager
    def querying(_: bool) -> Iterator[Progress]:
        told.append("begin")
        with silent(_) as nothing:
            yield nothing
        told.append("end")

    monkeypatch.setattr(nvml, "query", query)
    chain = Chain(Asking({}, querying))
    both = (_nvidia(), Provider("cuda", requires=("nvidia-variant-provider",)))
    first = chain.ask(("nvidia", "cuda"), both)
    second = chain.ask(("nvidia",), (_nvidia("nvidia-variant-provider"),))
    assert first == {"nvidia": BUILT_IN, "cuda": Support("cuda", "built-in", FEATURES)}
    assert second == {"nvidia": BUILT_IN}
    assert calls == ["query"]
    assert told == ["begin", "end"]


def test_what_the_driver_says_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason and the warnings of a built-in are those of the answer."""
    monkeypatch.setattr(nvml, "query", lambda: Answer((16, 0), ((9, 0),)))
    text = "the driver supports CUDA 16.0, outside 11.0 to 15.20"
    expected = Support("nvidia", "built-in", reason=text, warnings=(text,))
    assert Chain(Asking({})).ask(("nvidia",), (_nvidia(),)) == {"nvidia": expected}


def test_a_bad_variable_is_the_user_s_error() -> None:
    """A forced fact that is none ends the query with an error, each time."""
    chain = Chain(Asking({nvidia.FORCE_SM: "9"}))
    for _ in range(2):
        with pytest.raises(RequestError) as caught:
            chain.ask(("nvidia",), (_nvidia(),))
        expected = "NV_VARIANT_PROVIDER_FORCE_SM_ARCH: '9' is not of the form major.minor"
        assert str(caught.value) == expected


VERSIONS = [
    pytest.param({}, (), id="nothing installed"),
    pytest.param({"torch": "2.8.0"}, (("torch", ("2.8.0", "2.8", "2")),), id="three parts"),
    pytest.param({"torch": "2"}, (("torch", ("2.0.0", "2.0", "2")),), id="one part"),
    pytest.param({"torch": "2.8.0.1"}, (("torch", ("2.8.0", "2.8", "2")),), id="four parts"),
    pytest.param(
        {"torch": "2.8.1rc1+cu126"}, (("torch", ("2.8.1", "2.8", "2")),), id="pre-release, local"
    ),
    pytest.param(
        {"z": "1.0.0", "flash-attn": "2.7.4"},
        (("flash_attn", ("2.7.4", "2.7", "2")), ("z", ("1.0.0", "1.0", "1"))),
        id="names with underscores, sorted",
    ),
    pytest.param({"torch": "unknown"}, (), id="a version that is none"),
]


@pytest.mark.parametrize(("versions", "features"), VERSIONS)
@pytest.mark.parametrize(
    "providers",
    [
        pytest.param((), id="reserved before 0.2.0"),
        pytest.param(
            (Provider("abi_dependency", builtin="abi_dependency"),), id="declared by 0.2.0"
        ),
    ],
)
def test_abi_dependencies_are_release_prefixes(
    versions: dict[str, str], features: Features, providers: tuple[Provider, ...]
) -> None:
    """A distribution supports the prefixes of its release, the longest first."""
    chain = Chain(Asking({}), distributions=lambda: versions)
    expected = Support("abi_dependency", "built-in", features, abi_dependency.HINT)
    assert chain.ask(("abi_dependency",), providers) == {"abi_dependency": expected}
