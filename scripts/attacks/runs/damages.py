"""Damage to files and folders that pip finds: of an interrupted run, another user, a bad disk."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from .hostile_text import hostile, mutated_json

_SPARSE = 1 << 30
_OTHER_USER = 65534


def damage(rng: random.Random, folders: Sequence[Path], outside: Path) -> list[str]:
    """Damage one to four things in these folders; return what was done, one line each.

    ``outside`` is a file that links may lead to and nobody may write.
    """
    done = []
    for _ in range(rng.choice([1, 1, 2, 4])):
        folder = rng.choice(folders)
        if folder.is_symlink() or not folder.is_dir():  # what it leads to belongs to others
            continue
        found = [path for path in sorted(folder.rglob("*")) if not path.is_symlink()]
        files = [path for path in found if path.is_file()]
        paths = [path for path in found if path.is_file() or path.is_dir()]  # a FIFO never ends
        path = rng.choice(files if files and rng.random() < 0.7 else [folder, *paths])
        act = rng.choice(_DAMAGES)
        with contextlib.suppress(OSError):
            act(rng, path, outside)
        done.append(f"{act.__name__} {path.name}")
    return done


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def deleted(_: random.Random, path: Path, __: Path) -> None:
    """The path is gone."""
    _remove(path)


def truncated(rng: random.Random, path: Path, _: Path) -> None:
    """The end of the file is missing."""
    path.write_bytes(path.read_bytes()[: rng.randint(0, path.stat().st_size)])


def flipped(rng: random.Random, path: Path, _: Path) -> None:
    """Some bytes are different."""
    data = bytearray(path.read_bytes())
    for _number in range(rng.choice([1, 20]) if data else 0):
        data[rng.randrange(len(data))] = rng.randrange(256)
    path.write_bytes(data)


def replaced(rng: random.Random, path: Path, _: Path) -> None:
    """The file has another content."""
    contents = (
        b"",
        b"\0" * 4096,
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"a" * 10**6,
        rng.randbytes(99),
    )
    path.write_bytes(rng.choice(contents))


def mutated(rng: random.Random, path: Path, _: Path) -> None:
    """The document has another content, or a line of the file has another text."""
    data = path.read_bytes()
    if data.lstrip().startswith(b"{"):
        path.write_bytes(mutated_json(rng, data))
        return
    lines = data.split(b"\n")
    text = hostile(rng, "x: y").encode("utf-8", "surrogatepass")
    lines[rng.randrange(len(lines))] = text
    path.write_bytes(b"\n".join(lines))


def sparse(_: random.Random, path: Path, __: Path) -> None:
    """The file claims to have a gigabyte."""
    with path.open("r+b") as file:
        file.truncate(_SPARSE)


def as_folder(rng: random.Random, path: Path, _: Path) -> None:
    """A folder, or a file where a folder was."""
    was_folder = path.is_dir()
    _remove(path)
    if was_folder:
        path.write_bytes(b"x")
    else:
        path.mkdir()
        if rng.random() < 0.5:
            (path / "x").write_bytes(b"x")


def as_fifo(_: random.Random, path: Path, __: Path) -> None:
    """A pipe to which nobody writes."""
    _remove(path)
    os.mkfifo(path)


def as_socket(_: random.Random, path: Path, __: Path) -> None:
    """A socket."""
    _remove(path)
    with socket.socket(socket.AF_UNIX) as one, contextlib.suppress(OSError):
        one.bind(str(path))


def as_link(rng: random.Random, path: Path, outside: Path) -> None:
    """A symbolic link: to somebody else's file or folder, to nothing, to itself, to a device."""
    targets: list[str | Path] = [outside, path.name, "/dev/zero", "/dev/null"]
    # Who links site-packages or a folder of the cache to another one wants it to be there.
    is_place = path.name == "site-packages" or path.is_relative_to(outside.parents[1] / "cache")
    if not (path.is_dir() and is_place):
        targets += [outside.parent, "..", "missing"]
    target = rng.choice(targets)
    _remove(path)
    path.symlink_to(target)


def moded(rng: random.Random, path: Path, _: Path) -> None:
    """Another mode."""
    path.chmod(rng.choice([0, 0o111, 0o222, 0o444, 0o555, 0o777, 0o1777, 0o4755]))


def owned(_: random.Random, path: Path, __: Path) -> None:
    """Another owner, where that is possible."""
    os.chown(path, _OTHER_USER, _OTHER_USER)


def added(rng: random.Random, path: Path, _: Path) -> None:
    """A file beside it that nobody expects."""
    folder = path if path.is_dir() else path.parent
    name = hostile(rng, "x").replace("/", "").replace("\0", "")[:200] or "x"
    extra = folder / name.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    extra.write_bytes(rng.choice([b"", b"import os", b"{}"]))


def dated(rng: random.Random, path: Path, _: Path) -> None:
    """Another time, of the far past or the future."""
    time = rng.choice([0, 1 << 33, 2**31])
    os.utime(path, (time, time))


_DAMAGES: tuple[Callable[[random.Random, Path, Path], None], ...] = (
    *(deleted, deleted, truncated, truncated, flipped, replaced, mutated, mutated, mutated),
    *(sparse, as_folder, as_fifo, as_socket, as_link, as_link, moded, moded, owned, added, dated),
)
