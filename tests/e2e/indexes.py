"""What the served indexes of these tests list: stand-ins for torch, and metadata of any shape."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.stand_in import TORCH_280, IndexServer, Listed, write_simple_index, write_wheel
from tests.support.stand_in_wheel import Json, dump

ALL_LABELS = ("00000000", "cu126", "cu128", "cu129")
CUDA_LABELS = ALL_LABELS[1:]
PURE_TAG = "py3-none-any"
TORCH_JSON = "/files/torch-2.8.0-variants.json"
"""The path of the variants JSON of torch 2.8.0 on the indexes of most tests."""

CU126_PROPERTIES = (
    "nvidia :: cuda_version_lower_bound :: 12.6",
    "nvidia :: sm_arch :: 50_real",
    "nvidia :: sm_arch :: 60_real",
    "nvidia :: sm_arch :: 70_real",
    "nvidia :: sm_arch :: 75_real",
    "nvidia :: sm_arch :: 80_real",
    "nvidia :: sm_arch :: 86_real",
    "nvidia :: sm_arch :: 90_real",
)
CU129_PROPERTIES = (
    "nvidia :: cuda_version_lower_bound :: 12.9",
    "nvidia :: sm_arch :: 100_real",
    "nvidia :: sm_arch :: 120_real",
    "nvidia :: sm_arch :: 120_virtual",
    "nvidia :: sm_arch :: 75_real",
    "nvidia :: sm_arch :: 80_real",
    "nvidia :: sm_arch :: 86_real",
    "nvidia :: sm_arch :: 90_real",
)

GPU_PLATFORM = """\
version = 1
complete = true
[properties.nvidia]
cuda_version_lower_bound = ["12.8", "12.6"]
sm_arch = ["90_real"]
"""
CPU_PLATFORM = "version = 1\ncomplete = true\n"

LARGE = 400_000
"""The size of a large wheel, of which only parts are read; pip shows no progress of it yet."""

FEW_PIECES = 140_000
"""The bytes that are fetched at most to read the metadata of one wheel: its end, and a little."""

ABI_METADATA: Json = {
    "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
    "default-priorities": {"namespace": ["abi_dependency"]},
    "providers": {"abi_dependency": {"builtin": "abi_dependency"}},
    "variants": {"null": {}, "torch28": {"abi_dependency": {"torch": ["2.8"]}}},
}
"""Metadata of a project with a null variant and a variant for torch 2.8."""

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
    with_variant_json: bool = True,
) -> list[Path]:
    """Write a wheel of each label (None: plain) and the variants JSON; return them, JSON last.

    The wheels have their own variant.json only if `with_variant_json`.
    """
    wheels = [
        write_wheel(
            folder,
            f"{name}-{version}-{tag}{f'-{label}' if label else ''}.whl",
            variant_json=metadata if with_variant_json else None,
        )
        for label in labels
    ]
    variants_json = folder / f"{name}-{version}-variants.json"
    variants_json.write_bytes(dump(metadata))
    return [*wheels, variants_json]


def large_torch_wheels(
    folder: Path,
    tag: str,
    labels: Sequence[str | None],
    *,
    metadata: Json = TORCH_280,
    with_variant_json: bool = True,
    build_tags: Sequence[str] = ("",),
) -> list[Path]:
    """Write a large wheel of torch 2.8.0 for each build tag and label (None: plain).

    They are so large that a downloaded wheel shows in the number of bytes that were sent.
    """
    payload = {"torch/lib.bin": bytes(LARGE)}
    return [
        write_wheel(
            folder,
            f"torch-2.8.0{build_tag}-{tag}{f'-{label}' if label else ''}.whl",
            variant_json=metadata if with_variant_json else None,
            files=payload,
        )
        for label in labels
        for build_tag in build_tags
    ]


def write_variants_json(folder: Path, metadata: Json = TORCH_280) -> Path:
    """Write the variants JSON of torch 2.8.0 and return its path."""
    path = folder / "torch-2.8.0-variants.json"
    path.write_bytes(dump(metadata))
    return path


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


def write_torch_release(
    root: Path,
    tag: str,
    labels: Sequence[str | None] = (None, *ALL_LABELS),
    *,
    sdist: bool = False,
) -> list[Path]:
    """Write an index of torch 2.8.0; return its files, an sdist first, the variants JSON last."""
    files = torch_files(root / "files", tag, labels)
    if sdist:
        files.insert(0, torch_sdist(root / "files"))
    write_simple_index(root, {"torch": files})
    return files


def write_torch_with_fallbacks(
    root: Path, tag: str, fallbacks: tuple[str | None, ...], *, hashed: bool
) -> None:
    """Write an index with the variants of torch 2.8.0, these fallbacks, and torch 2.7.0.

    A fallback is the plain wheel (None) or the "sdist" of 2.8.0. The page gives a hash of the
    variants JSON only if `hashed`.
    """
    folder = root / "files"
    labels = [label for label in fallbacks if label != "sdist"]
    *wheels, document = torch_files(folder, tag, [*labels, *ALL_LABELS])
    older = torch_files(folder, tag, [None], version="2.7.0")
    files = [*wheels, *older]
    if "sdist" in fallbacks:
        files.append(torch_sdist(folder))
    write_simple_index(root, {"torch": [*files, Listed(document, hashed=hashed)]})


def write_torch_projects(
    root: Path,
    tag: str,
    labels: tuple[str | None, ...] = (None, *ALL_LABELS),
    *,
    sdist: bool = False,
) -> None:
    """Write an index of torch 2.8.0 and 2.7.0, and of three projects besides.

    scikit-learn has variants, app depends on torch, plain has no variants.
    """
    folder = root / "files"
    older = with_variants({"cu118": cuda("11.8")})
    torch = torch_files(folder, tag, labels)
    torch += torch_files(folder, tag, ["cu118"], version="2.7.0", metadata=older)
    if sdist:
        torch.append(torch_sdist(folder))
    learn = torch_files(folder, PURE_TAG, ["cu126", "cu129"], version="1.0", name="scikit_learn")
    projects = {
        "torch": torch,
        "scikit-learn": learn,
        "app": [write_wheel(folder, f"app-1.0-{PURE_TAG}.whl", requires=["torch"])],
        "plain": [write_wheel(folder, f"plain-1.0-{PURE_TAG}.whl")],
    }
    write_simple_index(root, projects)


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


def wheel_bytes_sent(server: IndexServer) -> Mapping[str, int]:
    """Return how many bytes of each wheel were sent, by its label ("" for a plain one)."""
    found: dict[str, int] = {}
    for request in server.requests:
        if request.path.endswith(".whl"):
            stem = request.path.rsplit("/", 1)[1].removesuffix(".whl")
            label = stem.split("-", 5)[5] if stem.count("-") > 4 else ""
            found[label] = found.get(label, 0) + request.sent
    return found


def write_index_by_variant(
    root: Path, tag: str, labels: Sequence[str | None], files: Mapping[str, bytes] | None = None
) -> None:
    """Write an index with torch, whose dependencies depend on the variant, and with these."""
    requires = (
        "always",
        "cuda-runtime; 'nvidia' in variant_namespaces",
        "cpu-runtime; variant_label == '00000000'",
    )
    torch = [
        write_wheel(
            root / "files",
            f"torch-2.8.0-{tag}{f'-{label}' if label else ''}.whl",
            variant_json=TORCH_280 if label else None,
            requires=requires,
            files=files,
        )
        for label in labels
    ]
    others = {
        name: [write_wheel(root / "files", f"{name.replace('-', '_')}-1.0-{PURE_TAG}.whl")]
        for name in ("always", "cuda-runtime", "cpu-runtime")
    }
    torch.append(write_variants_json(root / "files"))
    write_simple_index(root, {"torch": torch, **others})
