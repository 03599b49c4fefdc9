"""The order of the chain with all of what a user can say, and each provider asked once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from pip_variants.metadata import Provider
from pip_variants.platforms import Platform
from pip_variants.properties import Features
from pip_variants.providers import nvidia
from pip_variants.providers.asking import Asked, Asking, Plugin, Progress, silent
from pip_variants.providers.chain import Chain
from pip_variants.providers.detected import Detected
from pip_variants.providers.plugin import Property
from pip_variants.supported import Support
from tests.unit.cases import NVIDIA_PLUGIN, variant

FORCED = {nvidia.FORCE_CUDA: "12.9", nvidia.FORCE_SM: "7.5"}
BUILT_IN = Support(
    "nvidia", "built-in", nvidia.detect(nvidia.Facts((12, 9), (7, 5), forced=True)).features
)
STATIC: Features = (("order", ("2", "1")),)
FOUND: Features = (("arch", ("b", "a")),)
LINUX = {"platform_system": "Linux", "sys_platform": "linux", "platform_machine": "x86_64"}

NVIDIA = Provider("nvidia", requires=("nvidia-variant-provider>=0.0.1",), plugin_api=NVIDIA_PLUGIN)
AMD = Provider("amd", requires=("amd-variant-provider>=0.0.2",), plugin_api="amd.plugin:Plugin")


@dataclass
class Plugins:
    """Plugins that are installed and asked nowhere; ``answer`` is what each says."""

    answer: Callable[[frozenset[Property]], Asked] = field(
        default=lambda _: Asked(Detected(FOUND), calls_itself="amd")
    )
    asked: list[tuple[Plugin, frozenset[Property]]] = field(default_factory=list)
    told: list[bool] = field(default_factory=list)

    def run(self, plugin: Plugin, known: frozenset[Property], progress: Progress) -> Asked:
        """Return the answer."""
        progress.spin()
        self.asked.append((plugin, known))
        return self.answer(known)

    @contextmanager
    def querying(self, installing: bool) -> Iterator[Progress]:
        """Note that the user is told."""
        self.told.append(installing)
        with silent(installing) as nothing:
            yield nothing


def _chain(plugins: Plugins, **options: object) -> Chain:
    asking = Asking(FORCED, plugins.querying, plugins.run)
    return Chain(asking, marker_environment=LINUX, **options)  # type: ignore[arg-type]


def _ask(provider: Provider, plugins: Plugins, **options: object) -> Support:
    return _chain(plugins, **options).ask((provider.namespace,), (provider,))[provider.namespace]


def _but(provider: Provider, **fields: object) -> Provider:
    """Return a provider that all steps apply to, but for these fields."""
    return Provider(
        **{  # type: ignore[arg-type]
            "namespace": provider.namespace,
            "requires": provider.requires,
            "plugin_api": provider.plugin_api,
            "enable_if": "sys_platform == 'win32'",
            "optional": True,
            "static": STATIC,
            **fields,
        }
    )


FILE = Platform("'p.toml'", (("nvidia", STATIC),))
TRUSTED = frozenset({"nvidia-variant-provider"})
HERE = {"enable_if": None}
NEEDED = {**HERE, "optional": False}
ASKED = {**NEEDED, "static": None}

# What of "all of it" is left out, what the user said, and the answer: from the first step to the
# last each case takes away what decided the one before.
STEPS = [
    pytest.param(
        {},
        {"switches": {"nvidia": False}, "platform": FILE, "trusted": TRUSTED},
        Support("nvidia", "disabled", reason="switched off by --disable-variant-provider nvidia"),
        id="the user's switch",
    ),
    pytest.param(
        {},
        {"platform": FILE, "trusted": TRUSTED},
        Support(
            "nvidia",
            "disabled",
            reason="optional, and off without --enable-variant-provider nvidia",
        ),
        id="optional",
    ),
    pytest.param(
        {},
        {"switches": {"nvidia": True}, "platform": FILE, "trusted": TRUSTED},
        Support("nvidia", "disabled", reason="enabled only if sys_platform == 'win32'"),
        id="enable-if, also where the user enabled it",
    ),
    pytest.param(
        HERE,
        {"switches": {"nvidia": True}, "platform": FILE, "trusted": TRUSTED},
        Support("nvidia", "static", STATIC),
        id="static values of what is optional and enabled",
    ),
    pytest.param(
        NEEDED,
        {"platform": FILE, "trusted": TRUSTED},
        Support("nvidia", "static", STATIC),
        id="static values",
    ),
    pytest.param(
        ASKED,
        {"platform": FILE, "trusted": TRUSTED},
        Support("nvidia", "user", STATIC),
        id="the user's file",
    ),
    pytest.param(
        ASKED,
        {"platform": Platform("'p.toml'", ()), "trusted": TRUSTED},
        Support("nvidia", "plugin", FOUND),
        id="a file that leaves it open; a trusted package wins over the built-in",
    ),
    pytest.param(ASKED, {"trusted": {"other"}}, BUILT_IN, id="the built-in"),
    pytest.param(
        {**ASKED, "requires": ("other-provider", "nvidia-variant-provider")},
        {"trusted": TRUSTED},
        Support(
            "nvidia",
            "untrusted",
            reason="its provider (other-provider, nvidia-variant-provider) is third-party code,"
            " which is not run without --trust-variant-provider other-provider",
        ),
        id="several packages of which one is not trusted",
    ),
]


@pytest.mark.parametrize(("fields", "said", "expected"), STEPS)
def test_the_first_step_that_applies(
    fields: Mapping[str, object], said: Mapping[str, object], expected: Support
) -> None:
    """Disabled, static, described, trusted, built-in, and otherwise nothing."""
    plugins = Plugins()
    assert _ask(_but(NVIDIA, **fields), plugins, **said) == expected
    assert len(plugins.asked) == (expected.state == "plugin")


COMPLETE = Platform("'p.toml'", (("amd", STATIC),), complete=True)


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        (NVIDIA, Support("nvidia", "user", (), "'p.toml' does not list it")),
        (AMD, Support("amd", "user", STATIC)),
        (Provider("tpu", builtin="tpu"), Support("tpu", "user", (), "'p.toml' does not list it")),
        (Provider("amd", static=FOUND), Support("amd", "static", FOUND)),
    ],
)
@pytest.mark.parametrize("foreign", [False, True])
def test_a_complete_file_asks_nobody(provider: Provider, expected: Support, foreign: bool) -> None:
    """What it does not list supports nothing, on this machine and for another one alike."""
    plugins = Plugins()
    trusted = {"nvidia-variant-provider", "amd-variant-provider"}
    found = _ask(provider, plugins, platform=COMPLETE, trusted=trusted, foreign=foreign)
    assert (found, plugins.asked, plugins.told) == (expected, [], [])


def test_a_namespace_without_a_provider_can_be_described() -> None:
    """What no provider says the user can."""
    chain = _chain(Plugins(), platform=COMPLETE)
    assert chain.ask(("amd",), ()) == {"amd": Support("amd", "user", STATIC)}


def test_dependencies_are_not_the_machine_s() -> None:
    """What is being installed decides about abi_dependency, unless the file itself lists it."""
    versions = {"torch": "2.8.0"}
    chain = _chain(Plugins(), platform=COMPLETE, distributions=lambda: versions)
    (found,) = chain.ask(("abi_dependency",), ()).values()
    assert (found.state, found.features) == ("built-in", (("torch", ("2.8.0", "2.8", "2")),))
    listed: Features = (("torch", ("2.7",)),)
    chain.platform = Platform("'p.toml'", (("abi_dependency", listed),))
    (found,) = chain.ask(("abi_dependency",), ()).values()
    assert found == Support("abi_dependency", "user", listed)


def test_a_foreign_target_is_described_and_not_asked() -> None:
    """Neither a trusted package nor a built-in knows another machine; a file and its author do."""
    plugins = Plugins()
    why = "the target is another machine than this one, so this one is not asked"
    chain = _chain(plugins, foreign=True, trusted={"amd-variant-provider"}, platform=FILE)
    intel = Provider("intel", requires=("intel-variant-provider",))
    assert chain.ask(("nvidia", "amd", "intel"), (NVIDIA, AMD, intel)) == {
        "nvidia": Support("nvidia", "user", STATIC),
        "amd": Support("amd", "foreign", reason=why),
        "intel": Support("intel", "foreign", reason=why),
    }
    assert (plugins.asked, plugins.told) == ([], [])


NO_NAME = (
    "its provider ({}) is third-party code, which is not run; it cannot be trusted, as it is not"
    " just a name on an index"
)
WITHOUT = (
    "its provider ({0}) is third-party code, which is not run without --trust-variant-provider {0}"
)

# What is required, and what is installed; or why nothing is.
REQUIRES = [
    pytest.param(("good",), ("good",), id="a name"),
    pytest.param(("G_oo.d==1",), WITHOUT.format("g-oo-d"), id="another name"),
    pytest.param(("Very__Good.Name",), ("Very__Good.Name",), id="another spelling of the name"),
    pytest.param(
        ("good[b,a] >= 1, < 2",), ("good[a,b] (<2,>=1)",), id="extras and versions are kept"
    ),
    pytest.param(("good; sys_platform == 'linux'",), ("good",), id="a marker that holds"),
    pytest.param(
        ("bad; sys_platform == 'win32'", "good"), ("good",), id="one that is not for this platform"
    ),
    pytest.param(("good", "very-good-name"), ("good", "very-good-name"), id="two that are trusted"),
    pytest.param(("good (==1.0+a.zip)",), ("good (==1.0+a.zip)",), id="no archive"),
    pytest.param(("goodd",), WITHOUT.format("goodd"), id="a letter more"),
    pytest.param(("g00d",), WITHOUT.format("g00d"), id="zeros for letters"),
    pytest.param(("good-",), NO_NAME.format("'good-'"), id="a name that is none"),
    pytest.param(("g\u043eod",), NO_NAME.format(r"'g\u043eod'"), id="a letter of another script"),
    pytest.param(
        ("good ", "bad"),
        "its provider (good, bad) is third-party code, which is not run without"
        " --trust-variant-provider bad",
        id="one of two",
    ),
    pytest.param(
        ("good @ https://x.test/good-1.0-py3-none-any.whl",), NO_NAME.format("good"), id="address"
    ),
    pytest.param(("good @ file:///tmp/good.whl",), NO_NAME.format("good"), id="file"),
    pytest.param(("./good",), NO_NAME.format("'./good'"), id="path"),
    pytest.param(
        ("good\n--index-url http://x.test",),
        NO_NAME.format(r"'good\n--index-url http://x.test'"),
        id="a line more",
    ),
    pytest.param(
        ("good --index-url=http://x.test",),
        NO_NAME.format("'good --index-url=http://x.test'"),
        id="an option behind it",
    ),
    pytest.param(("-r /etc/passwd",), NO_NAME.format("'-r /etc/passwd'"), id="an option"),
    pytest.param(("good\\",), NO_NAME.format(r"'good\\'"), id="a line that goes on"),
    pytest.param(
        ("good===1/../../../tmp/good-1-py3-none-any.whl",),
        NO_NAME.format("'good===1/../../../tmp/good-1-py3-none-any.whl'"),
        id="a version that is a path",
    ),
    pytest.param(
        ("good===${SECRET}",),
        NO_NAME.format("'good===${SECRET}'"),
        id="a version out of a variable",
    ),
    pytest.param(("good===1 #cu12",), NO_NAME.format("'good===1 #cu12'"), id="a wish"),
]


@pytest.mark.parametrize(("requires", "expected"), REQUIRES)
def test_what_is_trusted(requires: tuple[str, ...], expected: tuple[str, ...] | str) -> None:
    """Every package must be trusted by its normalised name, and be nothing but a name and versions.

    Nothing else ever reaches an installer.
    """
    plugins = Plugins()
    provider = Provider("ns", requires=requires)
    found = _ask(provider, plugins, trusted={"good", "very-good-name"})
    if isinstance(expected, tuple):
        ((plugin, _),) = plugins.asked
        assert plugin.requires == expected
        assert found == Support("ns", "plugin", FOUND)
    else:
        assert plugins.asked == []
        assert found == Support("ns", "untrusted", reason=expected)


@pytest.mark.parametrize(
    ("provider", "endpoint"),
    [
        (AMD, "amd.plugin:Plugin"),
        (Provider("amd", requires=("Amd.Variant_Provider",)), "amd_variant_provider"),
        (Provider("amd", requires=("amd-variant-provider", "good")), "amd_variant_provider"),
    ],
)
def test_the_endpoint(provider: Provider, endpoint: str) -> None:
    """Without a plugin-api it is the module that is named as the first package."""
    plugins = Plugins()
    _ask(provider, plugins, trusted={"amd-variant-provider", "good"})
    assert [plugin.plugin_api for plugin, _ in plugins.asked] == [endpoint]


def test_a_plugin_is_asked_once() -> None:
    """One run asks a plugin once, whatever number of projects and namespaces needs it."""
    plugins = Plugins()
    chain = _chain(plugins, trusted={"amd-variant-provider"})
    rocm = Provider("rocm", requires=AMD.requires, plugin_api=AMD.plugin_api)
    assert chain.ask(("amd", "rocm"), (AMD, rocm)) == {
        name: Support(name, "plugin", FOUND) for name in ("amd", "rocm")
    }
    assert chain.ask(("amd",), (AMD,), [variant("x", "amd :: arch :: z")])
    assert len(plugins.asked) == 1
    assert plugins.told == [True]


def test_a_failure_is_asked_once() -> None:
    """A plugin that failed is not tried again, and its warning goes with every answer."""
    plugins = Plugins(lambda _: Asked(Detected(reason="no", warnings=("no",)), failed=True))
    chain = _chain(plugins, trusted={"amd-variant-provider"})
    for _ in range(2):
        found = chain.ask(("amd",), (AMD,))
        assert found == {"amd": Support("amd", "failed", (), "no", ("no",))}
    assert len(plugins.asked) == 1


def _dynamic(known: frozenset[Property]) -> Asked:
    values = sorted(value for namespace, _, value in known if namespace == "amd")
    return Asked(Detected((("arch", tuple(values)),)), known=known)


def test_dynamic_plugins_are_asked_about_what_is_new() -> None:
    """A plugin that answers about known properties alone is asked again for others, and only then.

    Each answer covers all that was asked about before.
    """
    plugins = Plugins(_dynamic)
    chain = _chain(plugins, trusted={"amd-variant-provider"})
    first = [variant("x", "amd :: arch :: a", "other :: y :: 1"), variant("y", "amd :: arch :: b")]
    second = [variant("z", "amd :: arch :: c")]
    answers = [
        chain.ask(("amd",), (AMD,), variants)["amd"].values("arch")
        for variants in (first, first[:1], [], second, first, second)
    ]
    assert answers == [("a", "b")] * 3 + [("a", "b", "c")] * 3
    assert [sorted(value for *_, value in known) for _, known in plugins.asked] == [
        ["a", "b"],
        ["a", "b", "c"],
    ]


def test_one_dynamic_plugin_of_two_namespaces() -> None:
    """A plugin that stands behind two namespaces hears of the properties of both."""
    plugins = Plugins(lambda known: Asked(Detected(FOUND), known=known))
    chain = _chain(plugins, trusted={"amd-variant-provider"})
    rocm = Provider("rocm", requires=AMD.requires, plugin_api=AMD.plugin_api)
    variants = [variant("x", "amd :: arch :: a", "rocm :: version :: 6")]
    for _ in range(2):
        chain.ask(("amd", "rocm"), (AMD, rocm), variants)
    assert [known for _, known in plugins.asked] == [
        {("amd", "arch", "a"), ("rocm", "version", "6")}
    ]


@pytest.mark.parametrize(
    ("providers", "told"),
    [([NVIDIA], [False]), ([AMD], [True]), ([NVIDIA, AMD], [True]), ([AMD, NVIDIA], [True])],
)
def test_the_user_is_told_what_happens(providers: list[Provider], told: list[bool]) -> None:
    """Installing is said if there is a plugin among those that are asked, else querying; once."""
    plugins = Plugins()
    chain = _chain(plugins, trusted={"amd-variant-provider"})
    namespaces = [provider.namespace for provider in providers]
    for _ in range(2):
        assert [*chain.ask(namespaces, providers)] == namespaces
    assert plugins.told == told


def test_where_nothing_can_be_installed() -> None:
    """Without an installer a trusted plugin supports nothing, and says why."""
    chain = Chain(Asking({}), trusted={"amd-variant-provider"})
    expected = Support("amd", "failed", reason="this command installs no providers")
    assert chain.ask(("amd",), (AMD,)) == {"amd": expected}


@pytest.mark.parametrize(
    ("answer", "namespace"),
    [
        (Asked(Detected(FOUND), calls_itself="amd"), "amd"),
        (Asked(Detected(FOUND)), None),
        (Asked(Detected(reason="no"), failed=True), None),
    ],
)
def test_a_package_of_unknown_namespace(answer: Asked, namespace: str | None) -> None:
    """A package that the user trusts can be asked without metadata: it may say its namespace."""
    plugins = Plugins(lambda _: answer)
    chain = _chain(plugins)
    name, support = chain.asking.package("amd-variant-provider")
    assert name == namespace
    assert support.namespace == (namespace or "amd-variant-provider")
    assert support.state == ("failed" if answer.failed else "plugin")
    assert plugins.asked == [
        (Plugin(("amd-variant-provider",), "", ("amd-variant-provider",)), frozenset())
    ]
