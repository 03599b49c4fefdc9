"""What is wrong with the installed wheel: the start-up hook loads this once something has failed.

It is the only module for that, and the hook takes it for damaged as well if it cannot be loaded.
"""

from __future__ import annotations

import base64
import csv
import glob
import hashlib
import importlib.util
import io
import marshal
import os
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import all_suffixes

PROJECT = "pep_xxx_wheel_variants"

_HEADER = 16
_SHA256 = "sha256="

Content = Callable[[str], bytes]
"""Returns the content of a file; raises OSError, without a number if it is no file of ours."""


def strays(site: str, content: Content) -> list[str] | None:
    """Return the files that Python may import in place of those of the wheel installed in ``site``.

    They are modules that RECORD does not list, and bytecode that cannot be loaded. None: a file of
    the wheel is not as RECORD has it.
    """
    listed = _listed(site, content)
    return None if listed is None else list(_strays(site, listed, content))


def _listed(site: str, content: Content) -> set[str] | None:
    """Return the files in RECORD, or None if one of them is not as it is there."""
    records = glob.glob(os.path.join(glob.escape(site), f"{PROJECT}-*.dist-info", "RECORD"))
    try:
        (record,) = records
        rows = list(csv.reader(io.StringIO(content(record).decode(), newline="")))
        for name, digest, _ in rows:
            # A script has the path of its interpreter, which changes with the environment.
            if digest.startswith(_SHA256) and not name.startswith(".."):
                found = hashlib.sha256(content(os.path.join(site, name))).digest()
                if base64.urlsafe_b64encode(found).decode().rstrip("=") != digest[len(_SHA256) :]:
                    return None
    except (OSError, ValueError, csv.Error):
        return None
    return {name for name, _, _ in rows} or None


def _strays(site: str, listed: set[str], content: Content) -> Iterator[str]:
    suffixes = tuple(all_suffixes())
    for folder, folders, files in os.walk(os.path.join(site, "pip_variants")):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in (*links, *(name for name in files if name.endswith(suffixes))):
            path = os.path.join(folder, name)
            if os.path.basename(folder) == "__pycache__":
                is_stray = not _can_load(path, content)
            else:
                is_stray = os.path.relpath(path, site).replace(os.sep, "/") not in listed
            if is_stray:
                yield path


def _can_load(path: str, content: Content) -> bool:
    """Return whether bytecode can be loaded, or is not what this interpreter loads."""
    try:
        code = content(path)
    except OSError as error:  # what cannot be read is compiled again
        return error.errno is not None
    is_own = f".{sys.implementation.cache_tag}." in os.path.basename(path)
    if is_own and code[:4] == importlib.util.MAGIC_NUMBER:
        try:
            marshal.loads(code[_HEADER:])  # noqa: S302 (as import does)
        except (EOFError, ValueError, TypeError):
            return False
    return True
