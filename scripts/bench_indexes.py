"""What the benchmark installs: an index of plain projects, and one with the same as variants.

Both have the same projects, versions and dependencies, and so the same choice to make. A variant
version has four wheels, three labels with static properties and null, in revision 0.2.0 of the
metadata, which is the one that uv reads too.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from stand_in import Listed, Row, dump, row_of, write_page, write_simple_index, write_wheel
from stand_in_wheel import Json

COUNT = 30
"""Projects that depend on each other: the first one, directly or not, on all others."""
LISTED = 200
"""Packages in the folder that is listed."""
VERSIONS = ("1.0", "1.1", "2.0")
LABELS = ("v1", "v2", "v3", "null")
# Of the large page: like that of a project with compiled wheels and a long history.
_RELEASES, _PYTHONS = 100, ("cp39", "cp310", "cp311", "cp312", "cp313", "cp314")
_SYSTEMS = ("linux", "manylinux_2_17", "manylinux_2_28", "musllinux_1_2", "macosx_11_0", "win")
_PLATFORMS = tuple(
    f"{system}_{machine}" for system in _SYSTEMS for machine in ("amd64", "arm64", "x86_64")
)


def document(name: str, version: str) -> Json:
    """Return the metadata of one version; no two are the same."""
    static = {"level": ["3", "2", "1"], "release": [f"{name}_{version}".replace("-", "_")]}
    return {
        "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
        "default-priorities": {"namespace": ["bench"]},
        "providers": {"bench": {"static-properties": static, "feature-order": [*static]}},
        "variants": {
            "null": {},
            **{f"v{level}": {"bench": {"level": [level]}} for level in ("1", "2", "3")},
        },
    }


def project(number: int) -> str:
    """Return the name of one of the projects that depend on each other."""
    return f"package-{number:02}"


def dependencies(number: int) -> list[str]:
    """Return what a project requires: two further ones as in a tree, and one across."""
    further = (2 * number + 1, 2 * number + 2, number + 7)
    return sorted({f"{project(other)}>=1.1" for other in further if other < COUNT})


def write_indexes(root: Path) -> None:
    """Write the folders `plain` and `variants` below *root*, each with a `simple/` of its own.

    Besides `package-00` and so on there are `single`, without dependencies, and `large`, whose page
    has 11,000 files.
    """
    for kind, labels in (("plain", (None,)), ("variants", LABELS)):
        base = root / kind
        needed = {project(number): dependencies(number) for number in range(COUNT)}
        needed["single"] = []
        pages = {
            name: [
                file
                for version in VERSIONS
                for file in _release(base / "files", name, version, labels, requires)
            ]
            for name, requires in needed.items()
        }
        write_simple_index(base, pages, json_pages=True)
        _write_large(base, labels)


def _release(
    folder: Path,
    name: str,
    version: str,
    labels: tuple[str | None, ...],
    requires: list[str],
) -> Iterator[Listed]:
    """Write a version's wheels, and its metadata if they have labels, and list them."""
    stem = f"{name.replace('-', '_')}-{version}"
    described = document(name, version)
    for label in labels:
        filename = f"{stem}-py3-none-any{f'-{label}' if label else ''}.whl"
        wheel = write_wheel(folder, filename, requires=requires, variant_json=described)
        yield Listed(wheel, core_metadata=True)
    if None not in labels:
        metadata = folder / f"{stem}-variants.json"
        metadata.write_bytes(dump(described))
        yield Listed(metadata)


def _write_large(base: Path, labels: tuple[str | None, ...]) -> None:
    """Write the page of `large`: of its files only those of the newest version exist."""
    folder = base / "simple" / "large"
    folder.mkdir()
    newest = _release(base / "files", "large", "2.0", labels, [])
    rows = [
        Row(name, f"../../files/{name}", hashlib.sha256(name.encode()).hexdigest())
        for name in large_names(labels)
    ]
    rows += [row_of(folder, file) for file in newest]
    write_page(folder, rows, json_pages=True)


def large_names(labels: tuple[str | None, ...]) -> list[str]:
    """Return 11,000 file names of older versions, with these labels or, by None, plain."""
    tags = [f"{python}-{python}-{platform}" for python in _PYTHONS for platform in _PLATFORMS]
    tags = ["py3-none-any", *tags[: 27 * 4 // len(labels) - 1]]
    names = []
    for release in range(1, _RELEASES + 1):
        stem = f"large-1.{release}"
        names += [
            f"{stem}-{tag}{f'-{label}' if label else ''}.whl" for tag in tags for label in labels
        ]
        names += [
            f"{stem}.tar.gz",
            f"{stem}-variants.json" if None not in labels else f"{stem}.zip",
        ]
    return names


def write_installed(folder: Path) -> None:
    """Fill a folder with the packages that are listed."""
    for number in range(LISTED):
        wheel = write_wheel(folder, f"listed_{number:03}-1.0-py3-none-any.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        wheel.unlink()
