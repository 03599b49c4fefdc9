"""Whether an installed distribution is whole, by its RECORD, which a stranger has written."""

from __future__ import annotations

import os
import py_compile
import tracemalloc
from collections.abc import Callable
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

from patches.common._safety.recorded import is_whole

INFO = "demo-1.0.dist-info"
ROWS = (
    "demo/__init__.py,sha256=nia_NpkRxFwkPGhBR7I_yeHc_PJX0pmhxjIBam_NM_Q,6\n"
    f"demo/x.pyc,,\n{INFO}/METADATA,,\n{INFO}/RECORD,,\n"
)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Return a library with the distribution demo."""
    folder = tmp_path / "environment" / "lib" / "python" / "site-packages"
    (folder / "demo").mkdir(parents=True)
    (folder / INFO).mkdir()
    (folder / "demo" / "__init__.py").write_text("x = 1\n")
    py_compile.compile(str(folder / "demo" / "__init__.py"), str(folder / "demo" / "x.pyc"))
    (folder / INFO / "METADATA").write_text("Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
    (folder / INFO / "RECORD").write_text(ROWS)
    return folder


# A file of demo, and what a power loss has left of it.
DAMAGES = {
    "nothing": (None, b"", True),
    "module cut": ("demo/__init__.py", b"x =", False),
    "module emptied": ("demo/__init__.py", b"", False),
    "module of null characters": ("demo/__init__.py", bytes(6), False),
    "bytecode emptied": ("demo/x.pyc", b"", False),
    "bytecode cut": ("demo/x.pyc", None, False),
    "bytecode of null characters": ("demo/x.pyc", bytes(80), False),
    "record emptied": (f"{INFO}/RECORD", b"", False),
    "record cut": (f"{INFO}/RECORD", b"demo/__init", False),
    "record of null characters": (f"{INFO}/RECORD", bytes(90), False),
}


@pytest.mark.parametrize(("name", "content", "whole"), DAMAGES.values(), ids=DAMAGES)
def test_distribution_is_whole_if_its_files_are_as_recorded(
    library: Path, name: str | None, content: bytes | None, *, whole: bool
) -> None:
    """Bytecode, which has no hash, can be loaded."""
    if name is not None:
        path = library / name
        path.write_bytes(path.read_bytes()[:30] if content is None else content)
    assert is_whole(str(library / INFO)) is whole


def test_missing_file_is_damage(library: Path) -> None:
    """A file that RECORD lists is there."""
    (library / "demo" / "__init__.py").unlink()
    assert not is_whole(str(library / INFO))


def _pipe(library: Path) -> str:
    os.mkfifo(library / "demo" / "entry")
    return "demo/entry"


def _device(library: Path) -> str:
    (library / "demo" / "entry").symlink_to("/dev/zero")
    return "demo/entry"


def _script(library: Path) -> str:
    (library.parents[2] / "bin").mkdir()
    (library.parents[2] / "bin" / "demo").touch()
    return "../../../bin/demo"


# A row that its author has added: the path, and whether the distribution counts as whole.
FOREIGN: dict[str, tuple[str | Callable[[Path], str], bool]] = {
    "pipe": (_pipe, False),
    "link to a device": (_device, False),
    "device": ("/dev/zero", True),
    "above": ("../../../../../../../../../../../dev/zero", True),
    "script": (_script, False),
    "null character": ("demo/\0", False),
    "folder": ("demo", False),
}


@pytest.mark.parametrize(("path", "whole"), FOREIGN.values(), ids=FOREIGN)
def test_only_regular_files_of_the_environment_are_read(
    library: Path, path: str | Callable[[Path], str], *, whole: bool
) -> None:
    """All others are skipped or count as damaged, without waiting."""
    name = path if isinstance(path, str) else path(library)
    with (library / INFO / "RECORD").open("a") as file:
        file.write(f"{name},sha256=abc,1\n")
    assert is_whole(str(library / INFO)) is whole


def test_large_file_is_read_in_parts(library: Path) -> None:
    """As those of torch are, of more than a gigabyte."""
    with (library / "demo" / "large.so").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    with (library / INFO / "RECORD").open("a") as file:
        file.write("demo/large.so,sha256=abc,1\n")
    tracemalloc.start()
    assert not is_whole(str(library / INFO))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


# What a few bytes of bytecode ask for.
HOSTILE = {
    "memory": MAGIC_NUMBER + bytes(12) + b"(" + (2**28).to_bytes(4, "little"),
    "depth": MAGIC_NUMBER + bytes(12) + b"\xa9\x01" * 100_000,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_bytecode_is_damage(library: Path, content: bytes) -> None:
    """It is loaded in another process, with a limit of its memory."""
    (library / "demo" / "x.pyc").write_bytes(content)
    assert not is_whole(str(library / INFO))
