"""Which providers are part of this engine, and for exactly which packages they stand in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name

from .detected import Detected


@dataclass(frozen=True, slots=True)
class Published:
    """A package that a built-in stands in for, and the version whose behaviour it has.

    ``plugin_api`` is its endpoint; the name of its top module alone means the same.
    """

    package: str
    version: str
    plugin_api: str

    def answers(self, required: Sequence[Requirement | str], plugin_api: str | None) -> bool:
        """Return whether this package, in this version, is all that is asked for."""
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
    """A provider that is part of this engine, and all the names that it is published under.

    ``ask`` takes the environment variables and the folder of the cache, if there is one; it raises
    RequestError for a bad variable, nothing else.
    """

    name: str
    published: tuple[Published, ...]
    ask: Callable[[Mapping[str, str], Path | None], Detected]


def standing_in(required: Sequence[Requirement | str], plugin_api: str | None) -> BuiltIn | None:
    """Return the built-in that re-implements exactly these packages, or None.

    A text among ``required`` is a requirement that nothing can be made of.
    """
    for built_in in BUILT_INS:
        if any(known.answers(required, plugin_api) for known in built_in.published):
            return built_in
    return None


def _ask_nvidia(environ: Mapping[str, str], cache: Path | None) -> Detected:
    from . import nvidia

    return nvidia.detect(nvidia.read_facts(environ, cache))


def _ask_x86_64(_: Mapping[str, str], __: Path | None) -> Detected:
    from . import x86_64

    return x86_64.detect(x86_64.read_facts())


def _ask_aarch64(_: Mapping[str, str], __: Path | None) -> Detected:
    from . import aarch64

    return aarch64.detect(aarch64.read_facts())


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
        _ask_nvidia,
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
        _ask_x86_64,
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
        _ask_aarch64,
    ),
)
