"""``pip variants platform [NS...]``: what this machine supports, as a platform file.

``--variant-platform`` reads the output on another machine. Above the file, as comments, is what a
maintainer needs to know of this one.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import logging
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pip import __version__
from pip._vendor.packaging.tags import sys_tags

from pip_variants.core.errors import RequestError, quoted
from pip_variants.core.metadata import Provider
from pip_variants.core.properties import Namespace
from pip_variants.core.supported import SupportedProperties
from pip_variants.explain import page
from pip_variants.explain.as_json import namespace_entry
from pip_variants.pip_adapter.display import print_document
from pip_variants.pip_adapter.run_state import RunState
from pip_variants.providers import platform_file
from pip_variants.providers.registry import BUILT_INS
from pip_variants.providers.resolve import ProviderSettings

if TYPE_CHECKING:
    from pip_variants.pip_adapter.compat import Values

    from .command import VariantsCommand

logger = logging.getLogger(__name__)


def run(command: VariantsCommand, options: Values, args: list[str]) -> int:
    """Print what this machine supports, in all namespaces or those in ``args``; return 0.

    Raise RequestError for a namespace without a provider.
    """
    state = command.state()
    # The platform file goes to stdout.
    state.quiet = True
    state.use_finder(command.finder(options))
    if options.refresh:
        state.resolver.runner.forget()
    supported = _supported(state, args)
    for item in supported:
        for warning in item.warnings:
            state.log.once(logging.WARNING, f"{item.namespace}: {warning}")
    if options.json:
        print_document(json.dumps({"namespaces": [namespace_entry(item) for item in supported]}))
        return 0
    about = page.comments(
        _surroundings(state.resolver.settings), os.environ, supported, with_age=options.verbose > 0
    )
    missing = any(item.state in ("failed", "cross-target") for item in supported)
    text = platform_file.write(supported, complete=not args and not missing)
    print_document(f"{about}\n{text.rstrip()}")
    return 0


def _options(settings: ProviderSettings) -> Iterator[str]:
    """Yield the options about providers that were given, wherever."""
    if settings.platform is not None:
        yield f"--variant-platform {settings.platform.name}"
    for namespace, enable in settings.switches.items():
        yield f"--{'enable' if enable else 'disable'}-variant-provider {namespace}"
    for package in sorted(settings.trusted):
        yield f"--trust-variant-provider {package}"


def _surroundings(settings: ProviderSettings) -> page.Surroundings:
    """Return what runs here, and with which options."""
    # The tag that says most: the oldest C library, or macOS, that has what this one has.
    tag = next(tag for tag in sys_tags() if not tag.platform.startswith("linux_"))
    python = f"{platform.python_implementation()} {platform.python_version()}"
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    with contextlib.suppress(OSError, LookupError):  # another system, or without that file
        system = f"{platform.freedesktop_os_release()['PRETTY_NAME']}, {system}"
    try:
        user = getpass.getuser()
    except (OSError, LookupError, ImportError):  # a container may have none
        user = ""
    return page.Surroundings(
        software=(f"pip {__version__}, {python} ({tag})", system),
        options=tuple(_options(settings)),
        home=os.path.expanduser("~"),  # noqa: PTH111 - Path.home raises if there is none
        user=user,
        host=platform.node(),
    )


def _supported(state: RunState, requested: Sequence[str]) -> list[SupportedProperties]:
    """Return the supported properties according to built-ins and trusted packages."""
    settings = state.resolver.settings
    providers, packages = _providers(settings.trusted)
    listed = dict(settings.platform.features) if settings.platform is not None else {}
    namespaces = list(dict.fromkeys([*(item.namespace for item in providers), *listed]))
    plugins: dict[Namespace, SupportedProperties] = {}
    is_described = settings.platform is not None and settings.platform.complete
    is_local = not (state.resolver.target.is_cross or is_described)
    if is_local and (not requested or not set(requested) <= set(namespaces)):
        plugins = _query_packages(state, packages)
    for name in requested:
        if name not in namespaces and name not in plugins:
            known = ", ".join(sorted([*namespaces, *plugins]))
            raise RequestError(f"no provider for the namespace {quoted(name)}; there are {known}")
    queried = [name for name in namespaces if not requested or name in requested]
    found = state.resolver.supported(queried, providers)
    found.update({ns: item for ns, item in plugins.items() if not requested or ns in requested})
    return [found[name] for name in sorted(found)]


def _providers(trusted: frozenset[str]) -> tuple[list[Provider], list[str]]:
    """Return providers for which the built-ins stand, and the other trusted packages.

    If one of the packages of a built-in is trusted, it is queried in its place.
    """
    providers = []
    others = set(trusted)
    for built_in in BUILT_INS:
        packages = [published.package for published in built_in.published]
        preferred = [name for name in packages if name in others] or packages
        others.difference_update(packages)
        published = built_in.published[packages.index(preferred[0])]
        namespace = Namespace(built_in.name)
        providers.append(Provider(namespace, (published.package,), published.plugin_api))
    return providers, sorted(others)


def _query_packages(
    state: RunState, packages: Sequence[str]
) -> dict[Namespace, SupportedProperties]:
    """Return the supported properties of each trusted package, by the namespace it declares."""
    found = {}
    for package in packages:
        supported = state.resolver.runner.query_package(package)
        if not supported.namespace and supported.state != "failed":
            logger.warning("%s does not declare its namespace: left out", package)
            continue
        namespace = supported.namespace or Namespace(package)
        # The user's own options about the namespace count more.
        described = state.resolver.supported((namespace,), ())[namespace]
        if described.state == "none":
            described = replace(supported, namespace=namespace)
        found[namespace] = described
    return found
