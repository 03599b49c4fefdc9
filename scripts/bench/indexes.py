"""The indexes of the comparison: one of plain wheels, and one of the same projects as variants.

Both have the same projects, versions and dependencies. A variant version has four wheels: three
labels with static properties, and null. Its metadata has revision 0.2.0, which uv reads too.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.support.stand_in import (
    Listed,
    Row,
    dump,
    row_of,
    write_page,
    write_simple_index,
    write_wheel,
)
from tests.support.stand_in_wheel import Json

COUNT = 30
"""Number of projects that depend on each other; the first one needs all others."""
LISTED = 200
"""Number of packages in the folder for `list`."""
VERSIONS = ("1.0", "1.1", "2.0")
LABELS = ("v1", "v2", "v3", "null")
# The large page is like that of a project with compiled wheels and many releases.
_RELEASES, _PYTHONS = 100, ("cp39", "cp310", "cp311", "cp312", "cp313", "cp314")
_SYSTEMS = ("linux", "manylinux_2_17", "manylinux_2_28", "musllinux_1_2", "macosx_11_0", "win")
_PLATFORMS = tuple(
    f"{system}_{machine}" for system in _SYSTEMS for machine in ("amd64", "arm64", "x86_64")
)


def document(name: str, version: str) -> Json:
    """Return the metadata of one version; no two versions have the same."""
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
    """Return the name of a project that depends on others."""
    return f"package-{number:02}"


def dependencies(number: int) -> list[str]:
    """Return the requirements of a project: its two children in a tree, and one other."""
    others = (2 * number + 1, 2 * number + 2, number + 7)
    return sorted({f"{project(other)}>=1.1" for other in others if other < COUNT})


def write_indexes(root: Path) -> None:
    """Write the folders `plain` and `variants` below *root*, each with a `simple/` of its own.

    The projects are `package-00` and so on, `single`, which has no dependencies, and `large`, whose
    page has 11,000 files.
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
    """Write the wheels of a version, and its metadata if they have labels; yield these files."""
    stem = f"{name.replace('-', '_')}-{version}"
    variants_json = document(name, version)
    for label in labels:
        filename = f"{stem}-py3-none-any{f'-{label}' if label else ''}.whl"
        wheel = write_wheel(folder, filename, requires=requires, variant_json=variants_json)
        yield Listed(wheel, core_metadata=True)
    if None not in labels:
        metadata = folder / f"{stem}-variants.json"
        metadata.write_bytes(dump(variants_json))
        yield Listed(metadata)


def _write_large(base: Path, labels: tuple[str | None, ...]) -> None:
    """Write the page of `large`; only the files of its newest version exist."""
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
    """Return 11,000 file names of older versions; the label None stands for a plain wheel."""
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
    """Install the packages for `list` into a folder."""
    for number in range(LISTED):
        wheel = write_wheel(folder, f"listed_{number:03}-1.0-py3-none-any.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        wheel.unlink()
