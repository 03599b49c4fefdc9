"""Who answers for a namespace (PEP 850): the first step that applies, decided only here.

Disabled, static values of the metadata, the user's description of the machine, a provider package
that the user trusts, a built-in, and otherwise nothing: no other third-party code is run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import starmap
from typing import TYPE_CHECKING, Literal

from pip._vendor.packaging.markers import Marker
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.errors import quoted, shortened
from pip_variants.metadata import Provider
from pip_variants.properties import ABI_DEPENDENCY, Variant
from pip_variants.supported import Support

from .asking import Asking, Plugin

if TYPE_CHECKING:
    from pip_variants.platforms import Platform

    from .built_in import BuiltIn

# What parsing or evaluating a hostile marker raises: it is invalid, compares what cannot be
# compared, names what is not there, is nested too deeply, has a number of thousands of digits.
BAD_MARKER = (ValueError, KeyError, AssertionError, TypeError, RecursionError)

# Before 0.2.0 this namespace had no provider; metadata that declares one says the same or decides.
_RESERVED = Provider(ABI_DEPENDENCY, builtin=ABI_DEPENDENCY)


@dataclass(slots=True)
class Chain:
    """Answers for namespaces.

    ``marker_environment`` overrides what markers see of the target; ``foreign`` says that the
    target is another machine, so that this one is not asked; ``distributions`` gives the versions,
    by normalised name, of what is being installed or is installed. ``switches`` says which
    namespaces the user enabled or disabled, ``trusted`` has the normalised names of packages that
    may run, ``platform`` is the user's description of the machine.
    """

    asking: Asking
    marker_environment: Mapping[str, str] | None = None
    foreign: bool = False
    distributions: Callable[[], Mapping[str, str]] = dict
    switches: Mapping[str, bool] = field(default_factory=dict)
    trusted: Collection[str] = ()
    platform: Platform | None = None

    def ask(
        self,
        namespaces: Sequence[str],
        providers: Sequence[Provider],
        variants: Sequence[Variant] = (),
    ) -> dict[str, Support]:
        """Return one answer for each of ``namespaces``, in their order.

        ``variants`` are those that the answers are for. Raise RequestError for a bad value of a
        variable by which the user forces an answer.
        """
        declared = {provider.namespace: provider for provider in (_RESERVED, *providers)}
        todo = {ns: self._step(ns, declared.get(ns)) for ns in namespaces}
        found = {ns: step for ns, step in todo.items() if isinstance(step, Support)}
        steps = {ns: step for ns, step in todo.items() if not isinstance(step, Support)}
        found.update(self.asking.ask(steps, variants))
        return {ns: found[ns] for ns in namespaces}

    def _step(self, namespace: str, provider: Provider | None) -> Support | BuiltIn | Plugin:
        """Return the answer if it is known without touching the machine, else whom to ask."""
        if provider is not None and provider.optional and namespace not in self.switches:
            option = f"--enable-variant-provider {namespace}"
            reason = f"optional, and off without {option}"
            return Support(namespace, "disabled", reason=reason, option=option)
        refusal = self._disabled(namespace, provider)
        if refusal is not None:
            return Support(namespace, "disabled", reason=refusal)
        if provider is not None and provider.static is not None:
            return Support(namespace, "static", provider.static)
        return self._described(namespace, provider) or self._provided(namespace, provider)

    def _described(self, namespace: str, provider: Provider | None) -> Support | None:
        """Return what the user's description says of a namespace, None if it leaves it open."""
        if self.platform is None:
            return None
        # That depends on what is being installed and not on the machine: only the file's own
        # words count, not its silence.
        if provider is not None and provider.builtin == ABI_DEPENDENCY:
            return replace(self.platform, complete=False).support(namespace)
        return self.platform.support(namespace)

    def _provided(self, namespace: str, provider: Provider | None) -> Support | BuiltIn | Plugin:
        if provider is None:
            return Support(namespace, "none", reason="the metadata names no provider for it")
        if provider.builtin == ABI_DEPENDENCY:
            from . import abi_dependency

            features = abi_dependency.detect(self.distributions())
            return Support(namespace, "built-in", features, abi_dependency.HINT)
        if provider.builtin is not None:
            reason = f"no built-in provider {quoted(provider.builtin)} is known"
            return Support(namespace, "none", reason=reason)
        return self._package(provider)

    def _package(self, provider: Provider) -> Support | BuiltIn | Plugin:
        """Return whom to ask for the packages of ``provider``, or why nobody is asked."""
        namespace = provider.namespace
        required = {text: self._required(text) for text in provider.requires}
        needed = {text: req for text, req in required.items() if req != "not here"}
        if required and not needed:
            reason = "none of its provider's packages is for this platform"
            return Support(namespace, "disabled", reason=reason)
        if not needed:
            reason = "the metadata names no package for its provider"
            return Support(namespace, "none", reason=reason)
        requirements = list(needed.values())
        if self.foreign:
            reason = "the target is another machine than this one, so this one is not asked"
            return Support(namespace, "foreign", reason=reason)
        from .built_in import standing_in

        step: BuiltIn | Plugin | None = self._trusted(requirements, provider.plugin_api)
        step = step or standing_in(requirements, provider.plugin_api)
        if step is None:
            return self._untrusted(namespace, needed)
        return step

    def _trusted(
        self, required: Sequence[Requirement | str], plugin_api: str | None
    ) -> Plugin | None:
        """Return the plugin if the user trusts every one of its packages.

        Trust is in a name on the user's indexes; an address is somewhere else.
        """
        found = []
        for req in required:
            if isinstance(req, str) or req.url is not None:
                return None
            if canonicalize_name(req.name) not in self.trusted:
                return None
            found.append(req)
        packages = tuple(str(canonicalize_name(req.name)) for req in found)
        api = plugin_api or packages[0].replace("-", "_")
        return Plugin(tuple(_without_marker(req) for req in found), api, packages)

    def _untrusted(self, namespace: str, needed: Mapping[str, Requirement | str]) -> Support:
        """Return why nobody is asked, with the options that would change it."""
        shown = ", ".join(starmap(_shown, needed.items()))
        reason = f"its provider ({shown}) is third-party code, which is not run"
        found = [req for req in needed.values() if isinstance(req, Requirement) and req.url is None]
        if len(found) < len(needed):
            reason = f"{reason}; it cannot be trusted, as it is not just a name on an index"
            return Support(namespace, "untrusted", reason=reason)
        names = dict.fromkeys(canonicalize_name(req.name) for req in found)
        options = [f"--trust-variant-provider {name}" for name in names if name not in self.trusted]
        option = shortened(" ".join(options))
        reason = f"{reason} without {option}"
        return Support(namespace, "untrusted", reason=reason, option=option)

    def _disabled(self, namespace: str, provider: Provider | None) -> str | None:
        """Return why the namespace is switched off for this target, or None if it is not."""
        if self.switches.get(namespace) is False:
            return f"switched off by --disable-variant-provider {namespace}"
        enable_if = provider.enable_if if provider is not None else None
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
        # It compares any text, and any text is what pip could take for a path.
        if any(specifier.operator == "===" for specifier in found.specifier):
            return "invalid"
        return found if here else "not here"

    def _holds(self, marker: Marker) -> bool:
        return marker.evaluate(dict(self.marker_environment or {}))


def _without_marker(req: Requirement) -> str:
    """Return a requirement as pip is to install it: its marker holds already.

    The parentheses keep pip from taking a version that ends in ``.zip`` for a file.
    """
    extras = f"[{','.join(sorted(req.extras))}]" if req.extras else ""
    return f"{req.name}{extras}" + (f" ({req.specifier})" if req.specifier else "")


def _shown(text: str, required: Requirement | str) -> str:
    """Return how a requirement is named in a sentence."""
    return (
        quoted(text) if isinstance(required, str) else shortened(canonicalize_name(required.name))
    )
