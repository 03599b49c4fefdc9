"""Which step of the resolution decides about a namespace (PEP 850, "Provider resolution").

The first that applies: disabled, static values of the metadata, the user's platform file, a trusted
provider package, a built-in provider. Otherwise nothing is supported, and no other third-party code
is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import starmap
from typing import TYPE_CHECKING, Literal

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.core.errors import first_of, quoted, shortened
from pip_variants.core.metadata import Provider
from pip_variants.core.properties import ABI_DEPENDENCY, Namespace, Variant
from pip_variants.core.supported import State, SupportedProperties
from pip_variants.core.target_markers import marker_holds, parse_requirement
from pip_variants.explain import messages

from .runner import Plugin, ProviderRunner, ShowProgress, silent

if TYPE_CHECKING:
    from .platform_file import Platform
    from .registry import BuiltIn

Distributions = Callable[[AbstractSet[str]], Mapping[str, str | None]]

_MOST_PACKAGES = 6

# Before 0.2.0 this namespace had no provider.
_RESERVED = Provider(ABI_DEPENDENCY, builtin=ABI_DEPENDENCY)


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """The options about providers.

    ``switches`` are the namespaces that the user enabled or disabled, ``trusted`` the normalised
    names of packages that may run, ``platform`` is the platform file.
    """

    switches: Mapping[Namespace, bool] = field(default_factory=dict)
    trusted: frozenset[str] = frozenset()
    platform: Platform | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """The target of an installation: this machine, or another that options such as --platform name.

    ``markers`` are the environment markers that differ from those of this interpreter.
    """

    is_cross: bool = False
    markers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NamespaceResolver:
    """Finds the supported properties of namespaces.

    ``distributions`` returns, of those with these normalised names, the versions that are installed
    or being installed; None stands for any version. ``source`` is the index that lists the project
    in question, from where its providers come.
    """

    runner: ProviderRunner
    settings: ProviderSettings = field(default_factory=ProviderSettings)
    target: Target = field(default_factory=Target)
    distributions: Distributions = field(default=lambda _: {})
    source: str = ""
    _declared: dict[Namespace, set[str]] = field(default_factory=dict)
    """By namespace that came up, what its providers require."""

    @property
    def namespaces(self) -> AbstractSet[Namespace]:
        """The namespaces that variants have, or metadata declares, so far."""
        return self._declared.keys()

    def record(self, namespaces: Iterable[Namespace], providers: Iterable[Provider]) -> None:
        """Record what came up, without querying it."""
        for ns in namespaces:
            self._declared.setdefault(ns, set())
        for provider in providers:
            self._declared.setdefault(provider.namespace, set()).update(provider.requires)

    def packages(self) -> set[str]:
        """Return the normalised names of the provider packages that came up so far."""
        names = set(self.runner.packages)
        for text in set().union(*self._declared.values()):
            try:
                names.add(canonicalize_name(parse_requirement(text).name))
            except ValueError:
                continue
        return names

    def supported(
        self,
        namespaces: Sequence[Namespace],
        providers: Sequence[Provider],
        variants: Sequence[Variant] = (),
        show_progress: ShowProgress = silent,
    ) -> dict[Namespace, SupportedProperties]:
        """Return the supported properties of each of ``namespaces``, in their order.

        ``variants`` are those that will be judged. Raise RequestError for an invalid value of a
        variable with which the user forces a result.
        """
        self.record(namespaces, providers)
        declared = {provider.namespace: provider for provider in (_RESERVED, *providers)}
        steps = {ns: self._resolve(ns, declared.get(ns), variants) for ns in namespaces}
        known = {ns: step for ns, step in steps.items() if isinstance(step, SupportedProperties)}
        queried = {
            ns: step for ns, step in steps.items() if not isinstance(step, SupportedProperties)
        }
        known.update(self.runner.query(queried, variants, show_progress))
        return {ns: known[ns] for ns in namespaces}

    def _resolve(
        self, namespace: Namespace, provider: Provider | None, variants: Sequence[Variant]
    ) -> SupportedProperties | BuiltIn | Plugin:
        """Return the supported properties, or the provider that has to be queried."""
        # Step 1: disabled.
        optional = provider is not None and provider.optional
        if optional and namespace not in self.settings.switches:
            option = f"--enable-variant-provider {namespace}"
            reason = messages.optional_provider(option)
            return SupportedProperties(namespace, "disabled", reason=reason, option=option)
        disabled = self._disabled_reason(namespace, provider)
        if disabled is not None:
            return SupportedProperties(namespace, "disabled", reason=disabled)
        # Step 2: static values of the metadata.
        if provider is not None and provider.static is not None:
            return SupportedProperties(namespace, "static", provider.static)
        # Step 3: the user's platform file. Steps 4 to 6: providers.
        described = self._described(namespace, provider)
        return described or self._provided(namespace, provider, variants)

    def _described(
        self, namespace: Namespace, provider: Provider | None
    ) -> SupportedProperties | None:
        """Return what the platform file describes of a namespace, or None."""
        platform = self.settings.platform
        if platform is None:
            return None
        # abi_dependency depends on what is being installed, not on the machine: a complete file
        # that does not list it does not describe it.
        if provider is not None and provider.builtin == ABI_DEPENDENCY:
            return replace(platform, complete=False).supported(namespace)
        return platform.supported(namespace)

    def _provided(
        self, namespace: Namespace, provider: Provider | None, variants: Sequence[Variant]
    ) -> SupportedProperties | BuiltIn | Plugin:
        if provider is None:
            return SupportedProperties(namespace, "none", reason=messages.NO_PROVIDER)
        if provider.builtin == ABI_DEPENDENCY:
            from . import abi_dependency

            projects = abi_dependency.projects_of(namespace, variants)
            features = abi_dependency.detect(self.distributions(projects), variants)
            return SupportedProperties(
                namespace, "built-in", features, abi_dependency.HINT, has_versions=True
            )
        if provider.builtin is not None:
            reason = messages.unknown_builtin(provider.builtin)
            return SupportedProperties(namespace, "none", reason=reason)
        return self._package(provider)

    def _package(self, provider: Provider) -> SupportedProperties | BuiltIn | Plugin:
        """Return who serves the packages of ``provider``, or why none of them is queried."""

        def unsupported(state: State, reason: str) -> SupportedProperties:
            return SupportedProperties(provider.namespace, state, reason=reason)

        parsed = {text: self._required(text) for text in provider.requires}
        needed = {text: req for text, req in parsed.items() if req != "not here"}
        if parsed and not needed:
            return unsupported("disabled", messages.NO_PACKAGE_FOR_PLATFORM)
        if not needed:
            return unsupported("none", messages.NO_PROVIDER_PACKAGE)
        if self.target.is_cross:
            return unsupported("cross-target", messages.CROSS_TARGET)
        from .registry import built_in_for

        requirements = list(needed.values())
        step: BuiltIn | Plugin | None = self._trusted(requirements, provider.plugin_api)
        step = step or built_in_for(requirements, provider.plugin_api)
        return step or self._untrusted(provider.namespace, needed)

    def _trusted(
        self, required: Sequence[Requirement | str], plugin_api: str | None
    ) -> Plugin | None:
        """Return the plugin if the user trusts each of its packages.

        Trust applies to a name on the user's indexes; a URL is another source.
        """
        trusted = []
        for req in required:
            if isinstance(req, str) or req.url is not None:
                return None
            if canonicalize_name(req.name) not in self.settings.trusted:
                return None
            trusted.append(req)
        packages = tuple(str(canonicalize_name(req.name)) for req in trusted)
        api = plugin_api or packages[0].replace("-", "_")
        return Plugin(tuple(map(_without_marker, trusted)), api, packages, self.source)

    def _untrusted(
        self, namespace: Namespace, needed: Mapping[str, Requirement | str]
    ) -> SupportedProperties:
        """Return why a provider is not run, with the options that would trust it."""
        packages = ", ".join(first_of([*starmap(_shown, needed.items())], _MOST_PACKAGES))
        found = [req for req in needed.values() if isinstance(req, Requirement) and req.url is None]
        option = None
        if len(found) == len(needed):
            names = dict.fromkeys(canonicalize_name(req.name) for req in found)
            untrusted = [name for name in names if name not in self.settings.trusted]
            option = shortened(" ".join(f"--trust-variant-provider {name}" for name in untrusted))
        reason = messages.untrusted_provider(packages, option)
        return SupportedProperties(namespace, "untrusted", reason=reason, option=option)

    def _disabled_reason(self, namespace: Namespace, provider: Provider | None) -> str | None:
        """Return why the namespace is disabled for the target, or None if it is not."""
        if self.settings.switches.get(namespace) is False:
            return f"disabled by --disable-variant-provider {namespace}"
        enable_if = provider.enable_if if provider is not None else None
        if enable_if is None:
            return None
        try:
            holds = marker_holds(enable_if, self.target.markers)
        except ValueError:
            return f"its enable-if is not a valid marker: {quoted(enable_if)}"
        return None if holds else f"enabled only if {shortened(enable_if)}"

    def _required(self, text: str) -> Requirement | Literal["not here", "invalid"]:
        """Return a requirement that applies to the target, or why there is none."""
        try:
            req = parse_requirement(text)
            applies = req.marker is None or marker_holds(str(req.marker), self.target.markers)
        except ValueError:
            return "invalid"
        # `===` compares arbitrary text, which pip could take for a path.
        if any(specifier.operator == "===" for specifier in req.specifier):
            return "invalid"
        return req if applies else "not here"


def versioned_namespaces(providers: Sequence[Provider]) -> frozenset[Namespace]:
    """Return the namespaces whose features are other distributions, if nothing overrides them."""
    declared = {provider.namespace: provider for provider in (_RESERVED, *providers)}
    return frozenset(ns for ns, item in declared.items() if item.builtin == ABI_DEPENDENCY)


def _without_marker(req: Requirement) -> str:
    """Return a requirement for pip to install, without its marker, which holds already.

    The parentheses keep pip from taking a version that ends in ``.zip`` for a file.
    """
    extras = f"[{','.join(sorted(req.extras))}]" if req.extras else ""
    return f"{req.name}{extras}" + (f" ({req.specifier})" if req.specifier else "")


def _shown(text: str, required: Requirement | str) -> str:
    """Return how a sentence names a requirement."""
    return (
        quoted(text) if isinstance(required, str) else shortened(canonicalize_name(required.name))
    )
