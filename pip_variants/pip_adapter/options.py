"""The options about providers and about the target machine, as values."""

from __future__ import annotations

import errno
import os
import select
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pip._vendor.packaging.utils import canonicalize_name, is_normalized_name

from pip_variants.core.errors import RequestError, quoted
from pip_variants.core.limits import MAX_BYTES
from pip_variants.core.properties import Namespace, is_namespace
from pip_variants.core.target_markers import target_markers
from pip_variants.providers.resolve import ProviderSettings, Target

from .compat import configured_options

if TYPE_CHECKING:
    from pip_variants.providers.platform_file import Platform

    from .compat import Values

_FEWEST_JOBS = 4
_MOST_JOBS = 8

_PATIENCE = 10
"""Seconds, until something is written to a pipe."""


@dataclass(frozen=True, slots=True)
class OptionValue:
    """One value of a repeatable option; a default comes from the environment or a config file.

    ``enable`` is false for ``--disable-variant-provider``, which shares a list with its opposite.
    """

    text: str
    is_default: bool = False
    enable: bool = True


def provider_settings(options: Values) -> ProviderSettings:
    """Return the settings about providers; raise RequestError if an option is invalid."""
    file = getattr(options, "variant_platform", None)
    if file == "":  # pip passes over an empty variable or setting, so this was typed
        raise RequestError("--variant-platform: the name of the file is empty")
    if locks_every_label(options):
        if file:
            raise RequestError("--variants all is for every machine, --variant-platform for one")
        if getattr(options, "no_variants", False):
            raise RequestError("--variants all and --no-variants contradict each other")
    return ProviderSettings(
        switches=switches(configured_options(options, "variant_provider_switches")),
        trusted=trusted(configured_options(options, "trusted_variant_providers")),
        platform=read_platform(file) if file else None,
    )


def switches(values: Sequence[OptionValue]) -> dict[Namespace, bool]:
    """Return the namespaces that are enabled or disabled.

    The command line overrides the environment and configuration files, of which the last counts.
    Raise RequestError for an invalid namespace, or for one that the command line both enables and
    disables.
    """
    defaults: dict[Namespace, bool] = {}
    typed: dict[Namespace, bool] = {}
    for value in values:
        namespace = _namespace(value.text)
        if value.is_default:
            defaults[namespace] = value.enable
        elif typed.setdefault(namespace, value.enable) != value.enable:
            problem = "cannot be both enabled and disabled"
            raise RequestError(f"the provider of {namespace} {problem}")
    return {**defaults, **typed}


def trusted(packages: Sequence[OptionValue]) -> frozenset[str]:
    """Return the normalised names of trusted packages; raise RequestError for an invalid name."""
    names = {value.text: canonicalize_name(value.text) for value in packages}
    for text, name in names.items():
        if not is_normalized_name(name):
            raise RequestError(f"{quoted(text)} is not the name of a package")
    return frozenset(names.values())


def consistent(values: Sequence[OptionValue]) -> frozenset[Namespace]:
    """Return the namespaces in which builds must agree; raise RequestError for an invalid one."""
    return frozenset(map(_namespace, (value.text for value in values)))


def _namespace(text: str) -> Namespace:
    if not is_namespace(text):
        raise RequestError(f"{quoted(text)} is not a namespace (a-z, 0-9 and _)")
    return text


def target_of(options: Values) -> Target:
    """Return the target that ``--platform`` and the like describe, or this machine."""
    platforms = configured_options(options, "platforms")
    version = getattr(options, "python_version", None)
    implementation = getattr(options, "implementation", None)
    given = (platforms, configured_options(options, "abis"), implementation)
    if not any(given) and version is None:
        return Target()
    return Target(True, target_markers(platforms, version, implementation))


def read_platform(file: str, option: str = "--variant-platform") -> Platform:
    """Return the machine that a platform file describes.

    Raise RequestError that names ``option`` if it cannot be read.
    """
    from pip._vendor import tomli

    from pip_variants.providers import platform_file

    name = quoted(file)
    try:
        text = _read(file).decode("utf-8-sig")
        return platform_file.read(tomli.loads(text), text, name)
    except OSError as error:
        raise RequestError(f"{option}: {name} cannot be read: {error.strerror}") from None
    except RequestError as error:
        raise RequestError(f"{option}: {error}") from None
    # tomli.TOMLDecodeError, text that is not UTF-8, numbers and nesting beyond Python's limits.
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{option}: {name}: {quoted(str(error))}") from None


def _read(file: str) -> bytes:
    """Return the content of a file, or of a pipe that somebody writes to; raise OSError."""
    is_pipe = stat.S_ISFIFO(Path(file).stat().st_mode)
    flags = os.O_RDONLY | (os.O_NONBLOCK if is_pipe else getattr(os, "O_BINARY", 0))
    with os.fdopen(os.open(file, flags), "rb") as opened:
        if is_pipe:
            if not select.select([opened], [], [], _PATIENCE)[0]:
                raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
            os.set_blocking(opened.fileno(), True)
        content = opened.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return content


def check_regular(options: Values) -> None:
    """Raise RequestError if files of requirements cannot be read for one platform after another."""
    from pip_variants.explain.locks import read_once

    for option in ("requirements", "constraints"):
        for file in configured_options(options, option):
            if Path(file).exists() and not Path(file).is_file():
                raise RequestError(read_once(f"--{option.removesuffix('s')}", file))


def banner_style(options: Values) -> str:
    """Return how the choice of a variant is announced: ``full``, ``short`` or ``none``."""
    style: str = getattr(options, "variant_banner", "full")
    return style


def locks_every_label(options: Values) -> bool:
    """Return whether a lock is for other machines, too: it has every label of each version."""
    return getattr(options, "lock_variants", "this") == "all"


def jobs_of(options: Values) -> int:
    """Return how many downloads and unpackings run side by side."""
    jobs: int | None = getattr(options, "variant_jobs", None)
    return jobs or min(max(os.cpu_count() or 1, _FEWEST_JOBS), _MOST_JOBS)
