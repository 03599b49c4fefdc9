"""Which modules the endpoint of a plugin may name: those that trusted packages have installed.

Metadata, which anybody can publish, names the endpoint, and importing a module runs it. Trust is in
packages, and their RECORD lists what came with them.
"""

from __future__ import annotations

import importlib.metadata
import itertools
import re
import sys
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from importlib.machinery import all_suffixes
from pathlib import Path, PurePosixPath

is_endpoint = re.compile(
    r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)?"
).fullmatch
"""Matches `module` and `module:object`, both with dots."""

_NOT_IMPORTED = ("__init__", "__main__")
"""What is no module under this name, or is a program."""


def is_module_of(site: Path, packages: Sequence[str], plugin_api: str) -> bool:
    """Return whether an endpoint is in a module that these packages have installed in ``site``.

    So are the packages that are imported with it, unless they have no code (PEP 420).
    """
    names = plugin_api.partition(":")[0].split(".")
    # Some of the standard library is there before any folder is looked into.
    if names[0] in sys.stdlib_module_names or any(name in _NOT_IMPORTED for name in names):
        return False
    listed = _listed(site, packages)
    *parents, module = itertools.accumulate(names, lambda whole, name: f"{whole}/{name}")
    return _is_listed(site, module, listed) and all(
        _is_listed(site, parent, listed) or _is_namespace(site, parent) for parent in parents
    )


def _listed(site: Path, packages: Sequence[str]) -> frozenset[str]:
    """Return the files in the RECORD of each package, relative to ``site``."""
    found: set[str] = set()
    for package in packages:
        for dist in importlib.metadata.distributions(name=package, path=[str(site)]):
            try:
                found.update(map(str, map(PurePosixPath, dist.files or ())))
            except (OSError, ValueError):  # of a RECORD that cannot be read
                continue
    return frozenset(found)


def _is_listed(site: Path, module: str, listed: AbstractSet[str]) -> bool:
    """Return whether what is imported for a module is listed."""
    found = _files(site, module)
    return bool(found) and listed >= found


def _is_namespace(site: Path, module: str) -> bool:
    return not _files(site, module) and (site / module).is_dir()


def _files(site: Path, module: str) -> set[str]:
    """Return the files that a module can be imported from."""
    names = (f"{module}{way}{end}" for way in ("/__init__", "") for end in all_suffixes())
    return {name for name in names if (site / name).is_file()}
