"""Locks as another tool may write them, of the files of a test's index."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pip._vendor import tomli_w

Table = dict[str, object]


def locked_file(path: Path, url: str | None = None) -> Table:
    """Return the entry of a file with its hash and size, at a URL or at its path."""
    content = path.read_bytes()
    return {
        "name": path.name,
        **({"path": str(path)} if url is None else {"url": f"{url}{path.name}"}),
        "size": len(content),
        "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
    }


def locked_package(
    name: str,
    version: str,
    wheels: Sequence[Table],
    document: object = None,
    **more: object,
) -> Table:
    """Return the entry of a package, with the document that it inlines unless that is None."""
    inlined = {} if document is None else {"variants-json": document}
    return {"name": name, "version": version, "wheels": wheels, **inlined, **more}


def write_lock(path: Path, packages: Sequence[Table], **more: object) -> Path:
    """Write a lock of these packages and return its path."""
    top = {"lock-version": "1.0", "created-by": "hand", **more, "packages": packages}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tomli_w.dumps(top).encode())
    return path
