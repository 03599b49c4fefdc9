"""Whether the files of an installed distribution are as its RECORD has them.

RECORD is what the author of a wheel has written: only regular files are read, in parts, and none
outside of the environment. Bytecode that pip has compiled has no hash there. Whether it can be
loaded is seen in a process of its own, since a few bytes may ask for any memory.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from .installed import Installed, open_regular

_SHA256 = "sha256="
_PART = 1024 * 1024
_LEVELS = ("..", "..", "..")
"""From a library to the environment, as in `lib/python3.13/site-packages`."""
_LOAD = """\
import marshal, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, 2 * (512 * 1024 * 1024,))
except (ImportError, OSError, ValueError):
    pass
for path in sys.stdin.buffer.read().split(b"\\0"):
    with open(path, "rb") as file:
        content = file.read()
    if content[:4].hex() != sys.argv[1] or marshal.loads(content[16:]) is None:
        sys.exit(1)
"""
_LOAD_SECONDS = 60.0


def is_whole(info: str) -> bool:
    """Return whether all files of a distribution are there and have their hashes."""
    library = os.path.dirname(info)
    environment = os.path.normpath(os.path.join(library, *_LEVELS))
    text = Installed(Path(info)).read_text("RECORD")
    bytecode = []
    try:
        for row in csv.reader((text or "").splitlines()):
            path = os.path.normpath(os.path.join(library, row[0]))
            if not path.startswith(os.path.join(environment, "")):
                continue
            if row[1] == "" and path.endswith(".pyc"):
                bytecode.append(path)
            if not _is_same(path, row[1]):
                return False
    except (OSError, ValueError, IndexError, csv.Error):
        return False
    return bool(text) and (not bytecode or _can_be_loaded(bytecode))


def _is_same(path: str, digest: str) -> bool:
    """Return whether a file has a hash, if it is one of SHA-256; raise OSError if it is no file."""
    with open_regular(path) as file:
        return not digest.startswith(_SHA256) or _sha256(file) == digest[len(_SHA256) :]


def _sha256(file: IO[bytes]) -> str:
    found = hashlib.sha256()
    while part := file.read(_PART):
        found.update(part)
    return base64.urlsafe_b64encode(found.digest()).decode().rstrip("=")


def _can_be_loaded(paths: Iterable[str]) -> bool:
    """Return whether the interpreter can load these files of bytecode."""
    magic = importlib.util.MAGIC_NUMBER.hex()
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _LOAD, magic],
            input=b"\0".join(map(os.fsencode, paths)),
            capture_output=True,
            timeout=_LOAD_SECONDS,
            check=False,
        )
        return done.returncode == 0
    return True
