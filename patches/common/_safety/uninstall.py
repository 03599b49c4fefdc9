"""Which files the uninstallation of a distribution may remove.

Its RECORD lists them, and the list is as its publisher wrote it.
"""

from __future__ import annotations

import functools
import logging
import os
import re
import site
import sys
import sysconfig

from pip._internal.metadata import BaseDistribution
from pip._internal.utils.virtualenv import running_under_virtualenv

from .paths import is_file_name, is_inside

logger = logging.getLogger(__name__)

# The folder of a distribution, below the prefix into which its scripts and data go too.
_LIBRARY = re.compile(
    r"(.+)[\\/]lib(?:64)?(?:[\\/]python[^\\/]*)?[\\/](?:site|dist)-packages", re.IGNORECASE
)


def may_remove(path: str, dist: BaseDistribution) -> bool:
    """Return whether a file that ``dist`` lists is in the environment; log a warning if not.

    In a virtual environment that is its folder; elsewhere also the folder of the user, and the
    prefix below which the distribution is. ``path`` is absolute, and its folder is a real one.
    """
    if any(is_inside(root, path) for root in _roots(dist.location)):
        return True
    logger.warning("Not removing %r of %s: it is outside of the environment.", path, dist)
    return False


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


def is_script(name: str) -> bool:
    """Return whether pip can have written a script for an entry point of this name."""
    return is_file_name(name)
