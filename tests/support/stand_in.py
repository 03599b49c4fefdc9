"""Stand-ins for real projects: tiny valid wheels under real file names, and indexes made of them.

Demo, tests and benchmark import all of it from here.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import subprocess
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.support.index_server import IndexServer, Reply, Request, Source
from tests.support.stand_in_wheel import Json, WheelName, dump, write_wheel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "TORCH_280",
    "IndexServer",
    "Listed",
    "RealIndex",
    "Reply",
    "Request",
    "Row",
    "Source",
    "WheelName",
    "dump",
    "machine_tag",
    "row_of",
    "write_page",
    "write_simple_index",
    "write_torch_index",
    "write_wheel",
]

# torch 2.8.0 as published. Its architectures decide two cases: CUDA 12.9 with 7.0 falls back to
# cu126, the only variant with 70, and 12.9 with 12.0 rejects cu126, the only one without 120.
TORCH_280: Json = {
    "$schema": "https://variants-schema.wheelnext.dev/v0.0.2.json",
    "default-priorities": {"namespace": ["nvidia"]},
    "providers": {
        "nvidia": {
            "enable-if": "platform_system == 'Linux' or platform_system == 'Windows'",
            "plugin-api": "nvidia_variant_provider.plugin:NvidiaVariantPlugin",
            "requires": ["nvidia-variant-provider>=0.0.1,<1.0.0"],
        }
    },
    "variants": {
        "00000000": {},
        **{
            label: {"nvidia": {"cuda_version_lower_bound": [cuda], "sm_arch": sm_arch.split()}}
            for label, cuda, sm_arch in (
                ("cu126", "12.6", "50_real 60_real 70_real 75_real 80_real 86_real 90_real"),
                ("cu128", "12.8", "100_real 120_real 75_real 80_real 86_real 90_real"),
                ("cu129", "12.9", "100_real 120_real 120_virtual 75_real 80_real 86_real 90_real"),
            )
        },
    },
}

# The tags of the real torch wheels; a stand-in gets the first one that its interpreter supports.
_REAL_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_28_aarch64", "win_amd64")
_PRINT_TAGS = """\
from pip._vendor.packaging.tags import sys_tags
print(*sys_tags(), sep="\\n")
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file on a project's page, with the attributes of its link.

    With `core_metadata` the wheel's METADATA is also written beside it and announced (PEP 658).
    """

    path: Path
    hashed: bool = True
    requires_python: str | None = None
    core_metadata: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One link of a page, HTML or JSON; the file need not exist."""

    filename: str
    url: str
    sha256: str | None = None
    requires_python: str | None = None
    metadata_sha256: str | None = None
    size: int | None = None

    def html(self) -> str:
        """Return the PEP 503 anchor."""
        href = self.url + (f"#sha256={self.sha256}" if self.sha256 else "")
        attributes = f'href="{html.escape(href)}"'
        if self.requires_python is not None:
            attributes += f' data-requires-python="{html.escape(self.requires_python)}"'
        if self.metadata_sha256 is not None:
            attributes += f' data-core-metadata="sha256={self.metadata_sha256}"'
        return f"<a {attributes}>{html.escape(self.filename)}</a><br>\n"

    def json(self) -> Json:
        """Return the PEP 691 entry."""
        entry: dict[str, object] = {"filename": self.filename, "url": self.url}
        entry["hashes"] = {"sha256": self.sha256} if self.sha256 else {}
        if self.requires_python is not None:
            entry["requires-python"] = self.requires_python
        if self.metadata_sha256 is not None:
            entry["core-metadata"] = {"sha256": self.metadata_sha256}
        if self.size is not None:
            entry["size"] = self.size
        return entry


def write_simple_index(
    root: Path, projects: Mapping[str, Iterable[Path | Listed]], *, json_pages: bool = False
) -> None:
    """Write `simple/` below `root`: a page for each project, by normalised name, and their list.

    The files stay where they are, anywhere below `root`; pages link to them with relative
    addresses. With `json_pages` each page gets its PEP 691 form beside it.
    """
    simple = root / "simple"
    for project, files in projects.items():
        folder = simple / project
        folder.mkdir(parents=True, exist_ok=True)
        listed = [file if isinstance(file, Listed) else Listed(file) for file in files]
        rows = [row_of(folder, file) for file in listed]
        write_page(folder, rows, json_pages=json_pages)
    (simple / "index.html").write_bytes(_root_page(projects))


def write_page(folder: Path, rows: Iterable[Row], *, json_pages: bool = False) -> None:
    """Write the page of the project that the folder is named after, in one form or in both."""
    rows = list(rows)
    (folder / "index.html").write_bytes(_page(f"Links for {folder.name}", rows))
    if json_pages:
        entries = [row.json() for row in rows]
        page = {"meta": {"api-version": "1.0"}, "name": folder.name, "files": entries}
        (folder / "index.json").write_bytes(dump(page))


def row_of(folder: Path, file: Listed) -> Row:
    """Return the link to a file from the page in this folder; write its METADATA if announced."""
    data = file.path.read_bytes()
    metadata_sha256 = None
    if file.core_metadata:
        parts = WheelName.parse(file.path.name)
        with zipfile.ZipFile(file.path) as archive:
            metadata = archive.read(f"{parts.name}-{parts.version}.dist-info/METADATA")
        file.path.with_name(f"{file.path.name}.metadata").write_bytes(metadata)
        metadata_sha256 = hashlib.sha256(metadata).hexdigest()
    return Row(
        filename=file.path.name,
        url=quote(Path(os.path.relpath(file.path, folder)).as_posix()),
        sha256=hashlib.sha256(data).hexdigest() if file.hashed else None,
        requires_python=file.requires_python,
        metadata_sha256=metadata_sha256,
        size=len(data),
    )


def _page(title: str, rows: Iterable[Row]) -> bytes:
    links = "".join(row.html() for row in rows)
    head = f"<head><title>{html.escape(title)}</title></head>"
    return f"<!DOCTYPE html>\n<html>{head}<body>\n{links}</body></html>\n".encode()


def _root_page(projects: Iterable[str]) -> bytes:
    return _page("Simple index", [Row(project, f"{project}/") for project in sorted(projects)])


def machine_tag(python: Path) -> str:
    """Return the tag that a real torch wheel for this interpreter has, according to its pip.

    Where torch has none, it is the best tag of the interpreter. Raise CalledProcessError if there
    is no pip.
    """
    command = [str(python), "-I", "-c", _PRINT_TAGS]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    tags = done.stdout.split()
    interpreter, abi, _ = tags[0].split("-")
    real = [f"{interpreter}-{abi}-{platform}" for platform in _REAL_PLATFORMS]
    return next((tag for tag in real if tag in tags), tags[0])


def write_torch_index(
    root: Path,
    tag: str,
    *,
    labels: Sequence[str | None] = ("00000000", "cu126", "cu128", "cu129"),
    json_pages: bool = False,
) -> None:
    """Write an index with torch 2.8.0 below `root`: its JSON, and for `tag` a wheel of each label.

    A label None is the plain wheel.
    """
    folder = root / "simple" / "torch"
    wheels = [
        write_wheel(
            folder,
            f"torch-2.8.0-{tag}{f'-{label}' if label else ''}.whl",
            variant_json=TORCH_280,
        )
        for label in labels
    ]
    metadata = folder / "torch-2.8.0-variants.json"
    metadata.write_bytes(dump(TORCH_280))
    write_simple_index(root, {"torch": [*wheels, metadata]}, json_pages=json_pages)


class RealIndex:
    """A recorded index; each wheel is a stand-in, written when it is first requested.

    `data` has a folder for each project, with `files.json` and the recorded `*-variants.json`;
    stand-ins are written below `workplace`. `read` is a source for IndexServer. JSON files are
    served as recorded. A wheel listed with a hash has its stand-in's hash on the page (making the
    few hundred of a page takes well under a second), one without a hash has none.
    """

    def __init__(self, data: Path, workplace: Path) -> None:
        self.data = data
        self.workplace = workplace
        self._lock = threading.Lock()

    def read(self, path: str) -> bytes | None:
        """Return the bytes of `path` (`/simple/torch/index.html`), or None."""
        parts = path.strip("/").split("/")
        if parts == ["simple", "index.html"]:
            return _root_page(folder.name for folder in self.data.iterdir() if folder.is_dir())
        if len(parts) != 3 or parts[0] != "simple":
            return None
        _, project, filename = parts
        # One thread at a time: two of them must not write the same stand-in.
        with self._lock:
            listed = self._listed(project)
            if not listed:
                return None
            if filename == "index.html":
                rows = [self._row(project, name, digest) for name, digest in listed.items()]
                return _page(f"Links for {project}", rows)
            return self._file(project, filename).read_bytes() if filename in listed else None

    def _listed(self, project: str) -> dict[str, str | None]:
        """Return the recorded hash of each listed file; nothing for an unknown project."""
        page = self.data / project / "files.json"
        if project in ("", ".", "..") or not page.is_file():
            return {}
        entries = json.loads(page.read_bytes())
        return {entry["filename"]: entry["sha256"] for entry in entries}

    def _row(self, project: str, filename: str, recorded: str | None) -> Row:
        sha256 = None
        if recorded is not None:
            sha256 = hashlib.sha256(self._file(project, filename).read_bytes()).hexdigest()
        return Row(filename, quote(filename), sha256)

    def _file(self, project: str, filename: str) -> Path:
        if filename.endswith(".json"):
            return self.data / project / filename
        file = self.workplace / project / filename
        if not file.exists():
            parts = WheelName.parse(filename)
            recorded = self.data / project / f"{parts.name}-{parts.version}-variants.json"
            metadata = None
            if parts.label is not None and recorded.is_file():
                variants_json = json.loads(recorded.read_bytes())
                # A label that is not in the recorded JSON has no metadata in its stand-in either.
                metadata = variants_json if parts.label in variants_json["variants"] else None
            write_wheel(file.parent, filename, variant_json=metadata)
        return file
