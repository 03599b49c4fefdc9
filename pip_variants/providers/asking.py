"""Asks built-ins and plugins, each at most once in a run of pip, and shows that it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pip_variants.properties import Variant
from pip_variants.supported import State, Support

from .detected import Detected

if TYPE_CHECKING:
    from .built_in import BuiltIn
    from .plugin import Property


class Progress(Protocol):
    """How the user sees that providers are being asked."""

    def spin(self) -> None:
        """Show that it goes on."""

    def finish(self, final_status: str) -> None:
        """Show how it ended."""


class _Silent:
    """Nothing to see."""

    def spin(self) -> None:
        pass

    def finish(self, final_status: str) -> None:
        pass


def silent(_: bool) -> AbstractContextManager[Progress]:
    """Return what shows nothing."""
    return nullcontext(_Silent())


@dataclass(frozen=True, slots=True)
class Plugin:
    """A provider that is a package: what to install, and where in it to ask.

    An empty ``plugin_api`` is what the first of ``packages`` itself registers.
    """

    requires: tuple[str, ...]
    plugin_api: str
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plugin said; ``failed`` if that was nothing usable.

    ``known`` are the properties that the answer is about, None if it is about all there are;
    ``calls_itself`` is the plugin's own name for its namespace, if it has one.
    """

    detected: Detected
    failed: bool = False
    known: frozenset[Property] | None = None
    calls_itself: str | None = None


@dataclass(slots=True)
class Asking:
    """Asks each built-in and each plugin once.

    ``environ`` are the variables by which a user can force an answer, ``cache`` is a folder for
    what may be remembered. ``querying`` tells the user that providers are being asked, and whether
    plugins have to be installed for that; ``run_plugin`` installs and asks one.
    """

    environ: Mapping[str, str]
    querying: Callable[[bool], AbstractContextManager[Progress]] = silent
    run_plugin: Callable[[Plugin, frozenset[Property], Progress], Asked] | None = None
    cache: Path | None = None
    _answers: dict[str | Plugin, Asked] = field(default_factory=dict)

    def ask(
        self, steps: Mapping[str, BuiltIn | Plugin], variants: Sequence[Variant]
    ) -> dict[str, Support]:
        """Return the answer for each namespace, from whom its step names.

        ``variants`` are those that the answers are for: some plugins want to know. Raise
        RequestError for a bad value of a variable.
        """
        plugins = any(isinstance(step, Plugin) for step in steps.values())
        known = _properties(variants) if plugins else {}
        waiting: dict[str | Plugin, tuple[BuiltIn | Plugin, frozenset[Property]]] = {}
        for namespace, step in steps.items():
            name, properties = _name(step), known.get(namespace, frozenset())
            if not self._is_answered(name, properties):
                others = waiting[name][1] if name in waiting else self._about(name)
                waiting[name] = step, properties | others
        if waiting:
            with self.querying(any(isinstance(name, Plugin) for name in waiting)) as progress:
                for name, (step, properties) in waiting.items():
                    self._answers[name] = self._ask(step, properties, progress)
                if any(self._answers[name].failed for name in waiting):
                    progress.finish("error")
        return {namespace: self._support(namespace, step) for namespace, step in steps.items()}

    def package(self, name: str) -> tuple[str | None, Support]:
        """Return the answer of one provider package, which the user trusts, and its namespace.

        The namespace is None if the package does not say its own.
        """
        plugin = Plugin((name,), "", (name,))
        support = self.ask({name: plugin}, ())[name]
        namespace = self._answers[plugin].calls_itself
        return namespace, replace(support, namespace=namespace or name)

    def _is_answered(self, name: str | Plugin, known: frozenset[Property]) -> bool:
        asked = self._answers.get(name)
        return asked is not None and (asked.known is None or known <= asked.known)

    def _about(self, name: str | Plugin) -> frozenset[Property]:
        """Return the properties that the last answer is about, which the next one is to cover."""
        asked = self._answers.get(name)
        return frozenset() if asked is None else asked.known or frozenset()

    def _ask(self, step: BuiltIn | Plugin, known: frozenset[Property], progress: Progress) -> Asked:
        if not isinstance(step, Plugin):
            return Asked(step.ask(self.environ, self.cache))
        if self.run_plugin is None:
            return Asked(Detected(reason="this command installs no providers"), failed=True)
        return self.run_plugin(step, known, progress)

    def _support(self, namespace: str, step: BuiltIn | Plugin) -> Support:
        asked = self._answers[_name(step)]
        found = asked.detected
        state: State = "built-in" if not isinstance(step, Plugin) else "plugin"
        if asked.failed:
            state = "failed"
        return Support(namespace, state, found.features, found.reason, found.warnings)


def _name(step: BuiltIn | Plugin) -> str | Plugin:
    return step if isinstance(step, Plugin) else step.name


def _properties(variants: Sequence[Variant]) -> dict[str, frozenset[Property]]:
    """Return every property of the variants, by namespace."""
    found: dict[str, set[Property]] = {}
    for variant in variants:
        for wanted in variant.wants:
            properties = ((wanted.namespace, wanted.feature, value) for value in wanted.values)
            found.setdefault(wanted.namespace, set()).update(properties)
    return {namespace: frozenset(properties) for namespace, properties in found.items()}
