"""The built-in providers, and the provider packages that each replaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.core.metadata import Provider
from pip_variants.core.properties import OrderedFeatures
from pip_variants.core.target_markers import parse_requirement

from .result import ProviderResult


@dataclass(frozen=True, slots=True)
class Published:
    """A published provider package that a built-in provider replaces.

    ``version`` is the one whose behaviour the built-in has, ``plugin_api`` its endpoint, for which
    the name of the top module alone is also accepted. ``module`` is the one in this folder that
    has its behaviour, if that is not the built-in's own.
    """

    package: str
    version: str
    plugin_api: str
    module: str | None = None

    def matches(self, required: Sequence[Requirement | str], plugin_api: str | None) -> bool:
        """Return whether this package, in this version, is all that is required."""
        return (
            bool(required)
            and all(
                isinstance(req, Requirement)
                and canonicalize_name(req.name) == self.package
                and req.url is None
                and req.specifier.contains(self.version, prereleases=True)
                for req in required
            )
            and plugin_api in (None, self.plugin_api, self.plugin_api.partition(".")[0])
        )


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A built-in provider, and all the packages under which it is published.

    Its ``name`` is its namespace, and that of its module in this folder unless it stands for a
    package that has another.
    """

    name: str
    published: tuple[Published, ...]
    module: str | None = None

    @property
    def key(self) -> str:
        """The name of the module: the same result for the same key."""
        return self.module or self.name

    def query(self, environ: Mapping[str, str], cache: Path | None) -> ProviderResult:
        """Return what the provider finds; raise RequestError for an invalid variable.

        ``environ`` has the variables with which a user can force a result, ``cache`` is the folder
        for facts that hold longer than one run, if there is one.
        """
        found: ProviderResult = self._module().query(environ, cache)
        return found

    def known_features(self) -> OrderedFeatures:
        """Return every feature, with every value, that the provider can report."""
        found: OrderedFeatures = self._module().known_features()
        return found

    def _module(self) -> ModuleType:
        return import_module(f".{self.key}", __package__)


def known_features(provider: Provider) -> OrderedFeatures | None:
    """Return every feature, with every value, that the built-in for ``provider`` can report.

    None: no built-in serves it. One that names no packages is identified by its namespace.
    """
    if not provider.requires:
        return features_of(provider.namespace)
    built_in = built_in_for([_parsed(text) for text in provider.requires], provider.plugin_api)
    return built_in.known_features() if built_in is not None else None


def features_of(name: str) -> OrderedFeatures | None:
    """Return every feature, with every value, that the built-in of this name can report."""
    return next((item.known_features() for item in BUILT_INS if item.name == name), None)


def _parsed(text: str) -> Requirement | str:
    try:
        return parse_requirement(text)
    except ValueError:
        return text


def built_in_for(required: Sequence[Requirement | str], plugin_api: str | None) -> BuiltIn | None:
    """Return the built-in provider that replaces exactly these packages, or None.

    A string among ``required`` is an invalid requirement.
    """
    for built_in in BUILT_INS:
        for known in built_in.published:
            if known.matches(required, plugin_api):
                return replace(built_in, module=known.module)
    return None


BUILT_INS = (
    BuiltIn(
        "nvidia",
        (
            Published(
                "nvidia-variant-provider",
                "0.0.2",
                "nvidia_variant_provider.plugin:NvidiaVariantPlugin",
            ),
        ),
    ),
    BuiltIn(
        "amd",
        (
            Published(
                "amd-variant-provider",
                "0.0.2",
                "amd_variant_provider.plugin:AMDVariantPlugin",
            ),
            Published(
                "rocm-bootstrap",
                "0.3.0",
                "rocm_bootstrap.variant_provider:AMDVariantPlugin",
                module="rocm_bootstrap",
            ),
        ),
    ),
    BuiltIn(
        "intel",
        (
            Published(
                "intel-variant-provider",
                "0.0.3",
                "intel_variant_provider.plugin:IntelVariantPlugin",
            ),
        ),
    ),
    BuiltIn(
        "tpu",
        (
            Published(
                "tpu-variant-provider",
                "0.1.0",
                "tpu_variant_provider.plugin:TpuVariantPlugin",
            ),
        ),
    ),
    BuiltIn(
        "x86_64",
        (
            Published(
                "provider-variant-x86-64",
                "0.0.1.post2",
                "provider_variant_x86_64.plugin:X8664Plugin",
            ),
            Published("x86-64-variant-provider", "0.2.0", "x86_64_variant_provider"),
        ),
    ),
    BuiltIn(
        "aarch64",
        (
            Published(
                "provider-variant-aarch64",
                "0.0.1.post2",
                "provider_variant_aarch64.plugin:AArch64Plugin",
            ),
            Published("aarch64-variant-provider", "0.2.0", "aarch64_variant_provider"),
        ),
    ),
)
