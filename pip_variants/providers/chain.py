"""Who answers for a namespace (PEP 850): the first step that applies, decided only here.

Disabled, static values of the metadata, a built-in, and otherwise nothing: third-party code is
not run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import starmap
from typing import Literal

from pip._vendor.packaging.markers import Marker
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.errors import quoted, shortened
from pip_variants.metadata import Provider
from pip_variants.properties import ABI_DEPENDENCY
from pip_variants.supported import Support

from . import abi_dependency
from .built_in import BuiltIn, standing_in
from .detected import Detected

# What parsing or evaluating a hostile marker raises: it is invalid, compares what cannot be
# compared, names what is not there, is nested too deeply, has a number of thousands of digits.
BAD_MARKER = (ValueError, KeyError, AssertionError, TypeError, RecursionError)

# Before 0.2.0 this namespace had no provider; metadata that declares one says the same or decides.
_RESERVED = Provider(ABI_DEPENDENCY, builtin=ABI_DEPENDENCY)


@dataclass(slots=True)
class Chain:
    """Answers for namespaces, each built-in asked at most once.

    ``marker_environment`` overrides what markers see of the target; ``foreign`` says that the
    target is another machine, so that this one is not asked; ``querying`` tells the user that
    built-ins are being asked; ``distributions`` gives the versions, by normalised name, of what is
    being installed or is installed.
    """

    environ: Mapping[str, str]
    marker_environment: Mapping[str, str] | None = None
    foreign: bool = False
    querying: Callable[[], AbstractContextManager[object]] = nullcontext
    distributions: Callable[[], Mapping[str, str]] = dict
    _answers: dict[str, Detected] = field(default_factory=dict)

    def ask(self, namespaces: Sequence[str], providers: Sequence[Provider]) -> dict[str, Support]:
        """Return one answer for each of ``namespaces``, in their order.

        Raise RequestError for a bad value of a variable by which the user forces an answer.
        """
        declared = {provider.namespace: provider for provider in (_RESERVED, *providers)}
        todo = {ns: self._without_asking(ns, declared.get(ns)) for ns in namespaces}
        steps = [step for step in todo.values() if isinstance(step, BuiltIn)]
        waiting = {step.name: step for step in steps if step.name not in self._answers}
        if waiting:
            with self.querying():
                for name, step in waiting.items():
                    self._answers[name] = step.ask(self.environ)
        return {
            ns: step if isinstance(step, Support) else self._support(ns, step)
            for ns, step in todo.items()
        }

    def _without_asking(self, namespace: str, provider: Provider | None) -> Support | BuiltIn:
        """Return the answer if it is known without touching the machine, else whom to ask."""
        if provider is None:
            return Support(namespace, "none", reason="the metadata names no provider for it")
        refusal = self._disabled(provider)
        if refusal is not None:
            return Support(namespace, "disabled", reason=refusal)
        if provider.static is not None:
            return Support(namespace, "static", provider.static)
        if provider.builtin == ABI_DEPENDENCY:
            features = abi_dependency.detect(self.distributions())
            return Support(namespace, "built-in", features, abi_dependency.HINT)
        if provider.builtin is not None:
            reason = f"no built-in provider {quoted(provider.builtin)} is known"
            return Support(namespace, "none", reason=reason)
        return self._package(provider)

    def _package(self, provider: Provider) -> Support | BuiltIn:
        """Return the built-in that stands for the packages of ``provider``, or why none does."""
        namespace = provider.namespace
        required = {text: self._required(text) for text in provider.requires}
        needed = {text: req for text, req in required.items() if req != "not here"}
        if required and not needed:
            reason = "none of its provider's packages is for this platform"
            return Support(namespace, "disabled", reason=reason)
        step = standing_in(list(needed.values()), provider.plugin_api)
        if step is None:
            packages = ", ".join(starmap(_shown, needed.items()))
            if not packages:
                reason = "the metadata names no package for its provider"
                return Support(namespace, "none", reason=reason)
            reason = f"its provider ({packages}) is third-party code, which is not run"
            return Support(namespace, "untrusted", reason=reason)
        if self.foreign:
            reason = "the target is another machine than this one, so this one is not asked"
            return Support(namespace, "foreign", reason=reason)
        return step

    def _disabled(self, provider: Provider) -> str | None:
        """Return why ``provider`` is switched off for this target, or None if it is not."""
        if provider.optional:
            return "its provider is optional and not enabled"
        enable_if = provider.enable_if
        if enable_if is None:
            return None
        try:
            holds = self._holds(Marker(enable_if))
        except BAD_MARKER:
            return f"its enable-if is not a valid marker: {quoted(enable_if)}"
        return None if holds else f"enabled only if {shortened(enable_if)}"

    def _required(self, text: str) -> Requirement | Literal["not here", "invalid"]:
        """Return a requirement for this target, or why it is none."""
        try:
            found = Requirement(text)
            here = found.marker is None or self._holds(found.marker)
        except BAD_MARKER:
            return "invalid"
        return found if here else "not here"

    def _holds(self, marker: Marker) -> bool:
        return marker.evaluate(dict(self.marker_environment or {}))

    def _support(self, namespace: str, step: BuiltIn) -> Support:
        found = self._answers[step.name]
        return Support(namespace, "built-in", found.features, found.reason, found.warnings)


def _shown(text: str, required: Requirement | str) -> str:
    """Return how a requirement is named in a sentence."""
    return (
        quoted(text) if isinstance(required, str) else shortened(canonicalize_name(required.name))
    )
