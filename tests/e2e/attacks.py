"""Hostile wheels and source distributions, and what they would have changed."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.support.stand_in import write_wheel

EVIL_WHEEL = "evil-1.0-py3-none-any.whl"
INFO = "evil-1.0.dist-info"

_PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
_BACKEND = """\
import pathlib, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    info, name = "evil-1.0.dist-info", "evil-1.0-py3-none-any.whl"
    contents = {{
        "evil.py": {content!r} + "".join(
            path.read_text() for path in sorted(pathlib.Path().glob("payload*"))
        ),
        f"{{info}}/METADATA": "Metadata-Version: 2.1\\nName: evil\\nVersion: 1.0\\n",
        f"{{info}}/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }}
    rows = "".join(f"{{file}},,\\n" for file in (*contents, f"{{info}}/RECORD"))
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as archive:
        for file, text in (*contents.items(), (f"{{info}}/RECORD", rows)):
            archive.writestr(file, text)
    return name
"""


def evil_wheel(folder: Path, files: Mapping[str, bytes], *, record: Iterable[str] = ()) -> Path:
    """Write a wheel with these members besides, and these rows at the end of its RECORD."""
    path = write_wheel(folder, EVIL_WHEEL, files=files)
    rows = "".join(f"{row},,\n" for row in record).encode()
    if rows:
        with zipfile.ZipFile(path) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
        contents[f"{INFO}/RECORD"] += rows
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
    return path


def with_entry_points(text: str) -> dict[str, bytes]:
    """Return the members of a wheel that has this `entry_points.txt`."""
    return {f"{INFO}/entry_points.txt": text.encode()}


def sdist_files(content: str = "") -> dict[str, bytes]:
    """Return the files of a source distribution that builds without requirements.

    The module of its wheel is `content` and the text of each file `payload*` in its folder.
    """
    return {
        "evil-1.0/PKG-INFO": b"Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n",
        "evil-1.0/pyproject.toml": _PYPROJECT.encode(),
        "evil-1.0/backend.py": _BACKEND.format(content=content).encode(),
    }


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    """Return the header of a member of a tar archive: a file, or a link to a target."""
    entry = tarfile.TarInfo(name)
    entry.type = kind
    entry.linkname = target
    return entry


def tar_bytes(
    files: Mapping[str, bytes],
    members: Iterable[tuple[tarfile.TarInfo, bytes]] = (),
    *,
    compression: str = "gz",
) -> bytes:
    """Return a tar archive of these files and, behind them, of these members."""
    data = io.BytesIO()
    plain = [(member(name), content) for name, content in files.items()]
    with tarfile.open(fileobj=data, mode=f"w:{compression}") as archive:  # type: ignore[call-overload]
        for entry, content in (*plain, *members):
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return data.getvalue()


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """Return a zip archive of these files, stored."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def into(prefix: Path) -> tuple[str, ...]:
    """Return how to install without an index into a folder that is laid out as a venv is."""
    options = ("--no-index", "--no-compile", "--no-warn-script-location")
    return ("install", f"--prefix={prefix}", *options)


def files_below(folder: Path) -> set[str]:
    """Return the path of every file below a folder, relative to it."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
