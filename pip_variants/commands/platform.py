"""``pip variants platform [NS...]``: what this machine supports, and who says so.

What is printed is a platform file, which `--variant-platform` reads on another machine.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pip._internal.utils.misc import write_output

from pip_variants import platforms
from pip_variants.errors import RequestError, quoted
from pip_variants.metadata import Provider
from pip_variants.process import process
from pip_variants.providers.asking import silent
from pip_variants.providers.built_in import BUILT_INS
from pip_variants.reports import namespace_entry

if TYPE_CHECKING:
    from optparse import Values

    from pip_variants.supported import Support

    from .command import VariantsCommand

logger = logging.getLogger(__name__)


def run(command: VariantsCommand, options: Values, args: list[str]) -> int:
    """Print the platform of this machine, all of it or the namespaces ``args``; return 0.

    Raise RequestError for a namespace that nobody can be asked about.
    """
    # The file goes where stdout goes.
    process.chain.asking.querying = silent
    process.aim_at(command.finder(options))
    supports = _supports(args)
    for support in supports:
        for warning in support.warnings:
            process.say(logging.WARNING, f"{support.namespace}: {warning}")
    if options.json:
        write_output(json.dumps({"namespaces": [namespace_entry(item) for item in supports]}))
        return 0
    missing = any(support.state in ("failed", "foreign") for support in supports)
    write_output("%s", platforms.write(supports, complete=not args and not missing).rstrip())
    return 0


def _supports(wanted: Sequence[str]) -> list[Support]:
    """Return the answers of the built-ins and of the packages that the user trusts."""
    chain = process.chain
    providers = []
    others = set(process.trusted)
    for built_in in BUILT_INS:
        packages = [known.package for known in built_in.published]
        trusted = [name for name in packages if name in others]
        others.difference_update(packages)
        known = built_in.published[packages.index((trusted or packages)[0])]
        providers.append(Provider(built_in.name, (known.package,), known.plugin_api))
    listed = dict(chain.platform.features) if chain.platform is not None else {}
    namespaces = dict.fromkeys([*(item.namespace for item in providers), *listed])
    found = {}
    described = chain.foreign or (chain.platform is not None and chain.platform.complete)
    if not described and (not wanted or not namespaces.keys() >= set(wanted)):
        for package in sorted(others):
            name, support = chain.asking.package(package)
            if name is None and support.state != "failed":
                logger.warning("%s does not say which namespace is its own: left out", package)
            else:
                # What the user says of the namespace itself counts more.
                said = chain.ask((support.namespace,), ())[support.namespace]
                found[support.namespace] = support if said.state == "none" else said
    for namespace in wanted:
        if namespace not in namespaces and namespace not in found:
            known_names = ", ".join(sorted([*namespaces, *found]))
            raise RequestError(f"nobody can be asked about {quoted(namespace)}, but {known_names}")
    asked = [name for name in namespaces if not wanted or name in wanted]
    answers = chain.ask(asked, providers)
    answers.update({name: found[name] for name in found if not wanted or name in wanted})
    return [answers[name] for name in sorted(answers)]
