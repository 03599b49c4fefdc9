"""What an uninstallation may remove: which distributions, and which files of them.

The RECORD of a distribution lists its files, and the list is as its publisher wrote it.
"""

from __future__ import annotations

import functools
import logging
import os
import re
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from pip._internal.exceptions import InstallationError
from pip._internal.locations import get_platlib, get_purelib
from pip._internal.metadata import BaseDistribution, get_environment
from pip._internal.metadata.base import BaseEntryPoint
from pip._internal.utils.virtualenv import running_under_virtualenv

from .paths import is_file_name, is_inside

logger = logging.getLogger(__name__)

_OURS = "pep-xxx-wheel-variants"
_SCRIPT = "variantlib"
_OWNERS = frozenset((_OURS, "variantlib"))
_SCRIPT_FOLDERS = ("bin", "scripts")

# The folder of a distribution, below the prefix into which its scripts and data go too.
_LIBRARY = re.compile(
    r"(.+)[\\/]lib(?:64)?(?:[\\/]python[^\\/]*)?[\\/](?:site|dist)-packages", re.IGNORECASE
)


def may_remove(path: str, dist: BaseDistribution) -> bool:
    """Return whether a file that ``dist`` lists is in the environment; log a warning if not.

    In a virtual environment that is its folder; elsewhere also the folder of the user, and the
    prefix below which the distribution is. ``path`` is absolute, and its folder is a real one.
    A RECORD lists no folders, and nothing else lists one that has the distribution in it.
    """
    if os.path.isdir(path) and not os.path.islink(path) and not _may_be_folder(path, dist):
        logger.warning("Not removing %r of %s: it is a folder.", path, dist)
        return False
    if any(is_inside(root, path) for root in _roots(dist.location)):
        return not _is_shared(path, dist)
    logger.warning("Not removing %r of %s: it is outside of the environment.", path, dist)
    return False


def _may_be_folder(path: str, dist: BaseDistribution) -> bool:
    """Return whether a distribution that is older than RECORD may have a folder as its own."""
    if dist.installed_with_dist_info:
        return False
    location = os.path.realpath(dist.location or path)
    return path == location if dist.installed_as_egg else not is_inside(path, location)


@functools.lru_cache(maxsize=64)
def _roots(location: str | None) -> tuple[str, ...]:
    """Return the folders in which a distribution at this location may have files."""
    if running_under_virtualenv():
        return (os.path.realpath(sys.prefix),)
    roots = [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix]
    roots += [*sysconfig.get_paths().values(), site.getuserbase()]
    if location:
        library = _LIBRARY.fullmatch(os.path.realpath(location))
        roots += [location, *([library[1]] if library else [])]
    return tuple(dict.fromkeys(os.path.realpath(root) for root in roots))


def _is_shared(path: str, dist: BaseDistribution) -> bool:
    """Return whether a file is the script that our wheel and variantlib both have.

    It is the same one: the distribution that stays installed still needs it.
    """
    folder, name = os.path.split(path)
    is_theirs = dist.canonical_name in _OWNERS and os.path.splitext(name)[0] == _SCRIPT
    if not is_theirs or os.path.basename(folder).lower() not in _SCRIPT_FOLDERS:
        return False
    env = get_environment([dist.location] if dist.location else [])
    return any(env.get_distribution(name) for name in _OWNERS - {dist.canonical_name})


def is_of_the_system(dist: BaseDistribution) -> bool:
    """Return whether the package manager of the system installed a distribution.

    Systems that keep apart what they install from what pip installs, as Debian and Fedora do, have
    an installation scheme for each: it is in a folder of another scheme than pip's.
    """
    if running_under_virtualenv() or not dist.location:
        return False
    schemes = [name for name in sysconfig.get_scheme_names() if not name.endswith("_user")]
    managed = {sysconfig.get_path(key, name) for name in schemes for key in ("purelib", "platlib")}
    location = os.path.realpath(dist.location)
    own = set(map(os.path.realpath, (get_purelib(), get_platlib())))
    return location in set(map(os.path.realpath, managed)) - own


def in_removal_order(paths: Iterable[str], dist: BaseDistribution) -> list[str]:
    """Return files and folders of a distribution with its metadata first.

    What is left of it does not count as installed, and is removed with the next change. Of our
    wheel it comes last: another pip goes on, and knows only what RECORD lists.
    """
    is_last = dist.canonical_name == _OURS

    def position(path: str) -> tuple[bool, str]:
        is_info = path.rstrip(os.sep).endswith((".dist-info", ".egg-info"))
        return is_info == is_last, path

    return sorted(paths, key=position)


def rest_of_ours(dist: BaseDistribution) -> Iterator[str]:
    """Yield what there is of our wheel that RECORD does not list, if that is ``dist``.

    pip removes only the bytecode that it has compiled itself; with ``-O`` the interpreter compiles
    again, and where it was killed it leaves a file with a longer name. A pip that was killed while
    it installed another release has left modules.
    """
    if dist.canonical_name != _OURS or not dist.location:
        return
    site_packages = Path(dist.location)
    yield from map(str, site_packages.glob("__pycache__/_pip_variants_override.*.pyc*"))
    for folder, folders, files in os.walk(site_packages / "pip_variants"):
        paths = [os.path.join(folder, name) for name in folders]
        yield from filter(os.path.islink, paths)
        yield from (os.path.join(folder, name) for name in files)


def entry_points_of(dist: BaseDistribution) -> Iterator[BaseEntryPoint]:
    """Yield the entry points for which pip can have written scripts; none if they are not valid."""
    with suppress(TypeError, ValueError, AttributeError, InstallationError):
        yield from [point for point in dist.iter_entry_points() if is_file_name(point.name)]
