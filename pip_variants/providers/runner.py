"""Queries built-in providers and plugins, each at most once a run, and shows progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pip_variants.core.properties import Namespace, Property, Variant
from pip_variants.core.supported import State, SupportedProperties
from pip_variants.explain import messages

from . import cache
from .result import ProviderResult

if TYPE_CHECKING:
    from .registry import BuiltIn


class Progress(Protocol):
    """A spinner, as pip has it."""

    def spin(self) -> None:
        """Show that the query is still running."""

    def finish(self, final_status: str) -> None:
        """Show how the query ended."""


class NoProgress:
    """A progress display that shows nothing."""

    def spin(self) -> None:
        """Show nothing."""

    def finish(self, final_status: str) -> None:
        """Show nothing."""


def silent(_: bool) -> AbstractContextManager[Progress]:
    """Return a progress display that shows nothing."""
    return nullcontext(NoProgress())


ShowProgress = Callable[[bool], AbstractContextManager[Progress]]
"""Shows that providers are being queried; the argument: plugins have to be installed for that."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A provider package: what to install, and the endpoint to call.

    An empty ``plugin_api`` means the endpoint that the first of ``packages`` registers. ``source``
    is the index that lists the project which needs the plugin, if that is known.
    """

    requires: tuple[str, ...]
    plugin_api: str
    packages: tuple[str, ...]
    source: str = ""


RunPlugin = Callable[[Plugin, frozenset[Property], Progress], ProviderResult]
"""Installs a plugin and calls it with the known properties."""


@dataclass(slots=True)
class ProviderRunner:
    """Queries each provider once.

    ``environ`` has the variables with which a user can force a result, ``cache`` is a folder for
    results that hold longer than one run. Without ``run_plugin`` plugins fail. ``results`` are
    those that are known already.
    """

    environ: Mapping[str, str]
    cache: Path | None = None
    run_plugin: RunPlugin | None = None
    results: dict[str | Plugin, ProviderResult] = field(default_factory=dict)

    def query(
        self,
        providers: Mapping[Namespace, BuiltIn | Plugin],
        variants: Sequence[Variant],
        show_progress: ShowProgress = silent,
    ) -> dict[Namespace, SupportedProperties]:
        """Return the supported properties of each namespace according to its provider.

        ``variants`` are those that will be judged; some plugins need their properties. Raise
        RequestError for an invalid variable.
        """
        plugins = any(isinstance(provider, Plugin) for provider in providers.values())
        known = _properties(variants) if plugins else {}
        pending: dict[str | Plugin, tuple[BuiltIn | Plugin, frozenset[Property]]] = {}
        for namespace, provider in providers.items():
            key, properties = _key(provider), known.get(namespace, frozenset())
            if not self._has_result(key, properties):
                others = pending[key][1] if key in pending else self._known(key)
                pending[key] = provider, properties | others
        if pending:
            with show_progress(any(isinstance(key, Plugin) for key in pending)) as progress:
                for key, (provider, properties) in pending.items():
                    self.results[key] = self._run(provider, properties, progress)
                if any(self.results[key].failed for key in pending):
                    progress.finish("error")
        return {ns: self._supported(ns, provider) for ns, provider in providers.items()}

    def forget(self) -> None:
        """Query anew what earlier runs have found; the results replace theirs, if they can."""
        if self.cache is not None:
            try:
                cache.forget(self.cache)
            except OSError:
                self.cache = None

    def query_package(self, name: str, show_progress: ShowProgress = silent) -> SupportedProperties:
        """Return the supported properties according to one trusted provider package.

        The namespace is empty if the package does not declare its own.
        """
        plugin = Plugin((name,), "", (name,))
        unknown = Namespace("")
        self.query({unknown: plugin}, (), show_progress)
        return self._supported(self.results[plugin].namespace or unknown, plugin)

    @property
    def packages(self) -> frozenset[str]:
        """The names of the provider packages that were queried."""
        plugins = (key for key in self.results if isinstance(key, Plugin))
        return frozenset(name for plugin in plugins for name in plugin.packages)

    def _has_result(self, key: str | Plugin, known: frozenset[Property]) -> bool:
        result = self.results.get(key)
        return result is not None and (result.known is None or known <= result.known)

    def _known(self, key: str | Plugin) -> frozenset[Property]:
        """Return the properties of the last result, which the next one has to cover as well."""
        result = self.results.get(key)
        return frozenset() if result is None else result.known or frozenset()

    def _run(
        self, provider: BuiltIn | Plugin, known: frozenset[Property], progress: Progress
    ) -> ProviderResult:
        if not isinstance(provider, Plugin):
            return provider.query(self.environ, self.cache)
        if self.run_plugin is None:
            return ProviderResult(reason=messages.NO_PLUGINS_HERE, failed=True)
        return self.run_plugin(provider, known, progress)

    def _supported(self, namespace: Namespace, provider: BuiltIn | Plugin) -> SupportedProperties:
        result = self.results[_key(provider)]
        state: State = "plugin" if isinstance(provider, Plugin) else "built-in"
        if result.failed:
            state = "failed"
        # A plugin has no other way to say that it found nothing.
        unseen = result.unseen or (state == "plugin" and not result.features)
        return SupportedProperties(
            namespace,
            state,
            result.features,
            result.reason,
            result.warnings,
            unseen=unseen,
            hardware=result.hardware,
            age=result.age,
        )


def _key(provider: BuiltIn | Plugin) -> str | Plugin:
    return provider if isinstance(provider, Plugin) else provider.key


def _properties(variants: Sequence[Variant]) -> dict[Namespace, frozenset[Property]]:
    """Return all properties of the variants, by namespace."""
    found: dict[Namespace, set[Property]] = {}
    for variant in variants:
        for item in variant.properties:
            found.setdefault(item.namespace, set()).add(item)
    return {namespace: frozenset(properties) for namespace, properties in found.items()}
