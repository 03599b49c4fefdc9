"""Results of providers, settings and fake plugins, made of plain strings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pip_variants.core.metadata import Provider
from pip_variants.core.properties import (
    Namespace,
    OrderedFeatures,
    Property,
    Variant,
    ordered_features,
)
from pip_variants.core.supported import SupportedProperties
from pip_variants.providers import nvidia
from pip_variants.providers.nvidia import NvidiaFacts
from pip_variants.providers.platform_file import Platform
from pip_variants.providers.registry import BUILT_INS
from pip_variants.providers.resolve import (
    Distributions,
    NamespaceResolver,
    ProviderSettings,
    Target,
)
from pip_variants.providers.result import ProviderResult
from pip_variants.providers.runner import NoProgress, Plugin, Progress, ProviderRunner
from tests.unit.cases import Features, provider, supported

FORCED = {nvidia.FORCE_CUDA: "12.9", nvidia.FORCE_SM: "7.5"}
"""The variables that force both facts of the nvidia provider, so that NVML is not queried."""

BUILT_IN = supported(
    "nvidia", "built-in", nvidia.detect(NvidiaFacts((12, 9), (7, 5), forced=True)).features
)
"""What the nvidia provider supports with these variables."""

LINUX = Target(
    markers={"platform_system": "Linux", "sys_platform": "linux", "platform_machine": "x86_64"}
)

STATIC = (("order", ("2", "1")),)
"""Static values of some metadata."""

FOUND = (("arch", ("b", "a")),)
"""What each fake plugin reports."""

BUILT_IN_NAMESPACES = tuple(item.name for item in BUILT_INS)
"""The namespaces of all built-in providers."""

AMD = provider("amd", "amd-variant-provider>=0.0.2", plugin_api="amd.plugin:Plugin")


def properties(*texts: str) -> frozenset[Property]:
    """Return properties, each written ``namespace :: feature :: value``."""
    return frozenset(map(Property.parse, texts))


def by_feature(features: OrderedFeatures) -> Mapping[str, tuple[str, ...]]:
    """Return the values of each feature."""
    return {str(name): tuple(map(str, values)) for name, values in features}


def result(
    *features: tuple[str, Iterable[str]],
    reason: str | None = None,
    warnings: tuple[str, ...] = (),
    known: frozenset[Property] | None = None,
    namespace: str | None = None,
    output: str = "",
) -> ProviderResult:
    """Return the result of a provider that reports these features, best first."""
    return ProviderResult(
        features=ordered_features(features),
        reason=reason,
        warnings=warnings,
        known=known,
        namespace=None if namespace is None else Namespace(namespace),
        output=output,
    )


def failure(reason: str, *, warnings: tuple[str, ...] = (), output: str = "") -> ProviderResult:
    """Return the result of a provider that failed."""
    return ProviderResult(reason=reason, warnings=warnings, failed=True, output=output)


def platform(tables: Mapping[str, Features], *, complete: bool = False) -> Platform:
    """Return the platform of a file ``p.toml`` with these tables, by namespace."""
    features = ((Namespace(name), ordered_features(table)) for name, table in tables.items())
    return Platform("'p.toml'", tuple(features), complete)


def settings(
    switches: Mapping[str, bool] | None = None,
    trusted: Iterable[str] = (),
    platform: Platform | None = None,
) -> ProviderSettings:
    """Return the settings of a user who gave these options."""
    switched = {Namespace(name): enable for name, enable in (switches or {}).items()}
    return ProviderSettings(switched, frozenset(trusted), platform)


NO_SETTINGS = ProviderSettings()


@dataclass
class FakePlugins:
    """Plugins that are neither installed nor run, with all queries and progress displays.

    ``reply`` returns the result of each for the known properties.
    """

    reply: Callable[[frozenset[Property]], ProviderResult] = field(
        default=lambda _: result(*FOUND, namespace="amd")
    )
    queries: list[tuple[Plugin, frozenset[Property]]] = field(default_factory=list)
    displays: list[bool] = field(default_factory=list)

    def run(self, plugin: Plugin, known: frozenset[Property], progress: Progress) -> ProviderResult:
        """Record the query and return the result."""
        progress.spin()
        self.queries.append((plugin, known))
        return self.reply(known)

    @contextmanager
    def show_progress(self, installing: bool) -> Iterator[Progress]:
        """Record that progress is shown."""
        self.displays.append(installing)
        yield NoProgress()

    def resolver(
        self,
        settings: ProviderSettings = NO_SETTINGS,
        target: Target = LINUX,
        distributions: Distributions = lambda _: {},
    ) -> NamespaceResolver:
        """Return a resolver that queries these plugins."""
        runner = ProviderRunner(FORCED, run_plugin=self.run)
        return NamespaceResolver(runner, settings, target, distributions)

    def supported(
        self,
        resolver: NamespaceResolver,
        providers: Sequence[Provider],
        variants: Sequence[Variant] = (),
    ) -> dict[str, SupportedProperties]:
        """Return what is supported in the namespaces of these providers."""
        namespaces = [provider.namespace for provider in providers]
        found = resolver.supported(namespaces, providers, variants, self.show_progress)
        assert [*found] == namespaces
        return {str(namespace): item for namespace, item in found.items()}


def resolve(
    provider: Provider,
    settings: ProviderSettings = NO_SETTINGS,
    target: Target = LINUX,
    plugins: FakePlugins | None = None,
) -> SupportedProperties:
    """Return what is supported in the namespace of one provider."""
    plugins = plugins or FakePlugins()
    (found,) = plugins.supported(plugins.resolver(settings, target), [provider]).values()
    return found
