"""What the served indexes of these tests list: stand-ins for torch, and metadata of any shape."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from stand_in import TORCH_280, write_wheel
from stand_in_wheel import Json, dump

ALL = ("00000000", "cu126", "cu128", "cu129")
CUDA = ALL[1:]

_BACKEND = """\
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    import pathlib
    info = pathlib.Path(folder, "torch-{version}.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: torch\\nVersion: {version}\\n")
    return info.name
"""


def torch_files(
    folder: Path,
    tag: str,
    labels: Sequence[str | None],
    *,
    version: str = "2.8.0",
    metadata: Json = TORCH_280,
    name: str = "torch",
    own: bool = True,
) -> list[Path]:
    """Write a wheel of each label (None: plain) and the combined JSON; return them, JSON last.

    Wheels have their own variant.json only if `own`.
    """
    wheels = [
        write_wheel(
            folder,
            f"{name}-{version}-{tag}{f'-{label}' if label else ''}.whl",
            variant_json=metadata if own else None,
        )
        for label in labels
    ]
    combined = folder / f"{name}-{version}-variants.json"
    combined.write_bytes(dump(metadata))
    return [*wheels, combined]


def torch_sdist(folder: Path, version: str = "2.8.0") -> Path:
    """Write an sdist with a backend of its own, which needs nothing, and return its path."""
    pyproject = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    metadata = f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n"
    files = {
        "PKG-INFO": metadata,
        "pyproject.toml": pyproject,
        "backend.py": _BACKEND.format(version=version),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"torch-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for file, text in files.items():
            entry = tarfile.TarInfo(f"torch-{version}/{file}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


def with_provider(fields: Json, metadata: Json = TORCH_280) -> Json:
    """Return a copy of `metadata` in which the nvidia provider has these fields besides."""
    copy: dict[str, dict[str, dict[str, object]]] = json.loads(json.dumps(metadata))
    copy["providers"]["nvidia"].update(fields)
    return copy


def with_variants(variants: Mapping[str, object], metadata: Json = TORCH_280) -> Json:
    """Return `metadata` with other variants."""
    return {**metadata, "variants": variants}


def cuda(lower_bound: str) -> Json:
    """Return the properties of a variant that needs a CUDA version."""
    return {"nvidia": {"cuda_version_lower_bound": [lower_bound]}}
