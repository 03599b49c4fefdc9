"""The index with wheels of real sizes: torch as a plain wheel and as variants, and what it needs.

It is made from `content`, or around the real wheels of torch. Pages have hashes but no metadata
(PEP 658), as those that publish such wheels.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from build import make_environment

from bench.sizes.content import Block, make_block, make_modules
from bench.sizes.wheel import info_folder, link, sha256, write_large_wheel, write_variant
from bench.tools import BenchError
from tests.support.stand_in import Row, dump, write_page, write_wheel
from tests.support.stand_in_wheel import Json, WheelName

MB = 1_000_000
TORCH = "torch"
VERSION = "2.8.0"
LABEL = "cu128"
"""The label that every installer must select."""
LABELS = ("null", "cu126", LABEL)
# The property is static, so that no machine and no plugin decides. Both ours and uv read it.
DOCUMENT: Json = {
    "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
    "default-priorities": {"namespace": ["bench"]},
    "providers": {
        "bench": {"static-properties": {"cuda": ["12.8", "12.6"]}, "feature-order": ["cuda"]}
    },
    "variants": {
        "null": {},
        "cu126": {"bench": {"cuda": ["12.6"]}},
        LABEL: {"bench": {"cuda": ["12.8"]}},
    },
}
_KINDS, _BLOCK, _SMALLEST_BLOCK = 3, 4 << 20, 8 << 10
_FULL = 1000 * MB
# Written last: an index without it is not complete.
_SIZES = "sizes.json"


@dataclass(frozen=True, slots=True)
class Project:
    """A project to make: shares of the whole size by library, modules in 1 GB, requirements."""

    name: str
    libraries: Mapping[str, float]
    modules: int = 0
    requires: tuple[str, ...] = ()


PROJECTS = (
    Project(
        TORCH,
        {"libtorch_cuda.so": 0.20, "libtorch_cpu.so": 0.06, "libtorch_python.so": 0.01},
        1500,
        ("nvidia-cudnn", "nvidia-cusparse", "nvidia-nccl", "nvidia-cufft", "triton", "sympy"),
    ),
    Project(
        "nvidia-cudnn",
        {"libcudnn_engines.so.9": 0.11, "libcudnn_adv.so.9": 0.06, "libcudnn_ops.so.9": 0.03},
        requires=("nvidia-cublas",),
    ),
    Project(
        "nvidia-cublas",
        {"libcublasLt.so.12": 0.15, "libcublas.so.12": 0.04},
        requires=("nvidia-nvrtc",),
    ),
    Project("nvidia-cusparse", {"libcusparse.so.12": 0.09}),
    Project("nvidia-nccl", {"libnccl.so.2": 0.09}),
    Project("nvidia-cufft", {"libcufft.so.11": 0.06}),
    Project("nvidia-nvrtc", {"libnvrtc.so.12": 0.03}),
    Project("triton", {"libtriton.so": 0.05}, 300),
    Project("sympy", {}, 900, ("mpmath",)),
    Project("mpmath", {}, 300),
)


@dataclass(frozen=True, slots=True)
class SizedIndex:
    """The folder to serve, and the sizes of the wheels of an installation by file name."""

    root: Path
    sizes: Mapping[str, int]

    @property
    def total(self) -> int:
        """The bytes that an installation needs."""
        return sum(self.sizes.values())

    @property
    def largest_three(self) -> int:
        """The bytes of the largest three wheels."""
        return sum(sorted(self.sizes.values())[-3:])


def made_index(folder: Path, megabytes: int) -> SizedIndex:
    """Return the index of made wheels below *folder*; one that is there already is reused."""
    root = folder / f"made-{megabytes}"
    return _load(root) or _make(root, megabytes * MB)


def real_index(folder: Path) -> SizedIndex:
    """Return the index of the real wheels below *folder*; what is there already is reused.

    Raise BenchError if they cannot be downloaded.
    """
    root = folder / "real"
    return _load(root) or _around(root, _downloaded(folder))


def _load(root: Path) -> SizedIndex | None:
    try:
        return SizedIndex(root, json.loads((root / _SIZES).read_bytes()))
    except FileNotFoundError:
        return None


def _make(root: Path, size: int) -> SizedIndex:
    files = _new_files(root)
    block_size = max(_SMALLEST_BLOCK, min(_BLOCK, size // 200))
    blocks = [make_block(seed, block_size) for seed in range(_KINDS)]
    plain = {project.name: _made_wheel(files, project, size, blocks) for project in PROJECTS}
    variants = [_made_wheel(files, PROJECTS[0], size, blocks, label) for label in LABELS]
    return _publish(root, plain, variants)


def _made_wheel(
    files: Path, project: Project, size: int, blocks: Sequence[Block], label: str | None = None
) -> Path:
    """Write the wheel of a project with a label or without one, and return its path."""
    package = project.name.replace("-", "_")
    suffix = f"-{label}" if label else ""
    path = files / f"{package}-{VERSION}-py3-none-any{suffix}.whl"
    modules = make_modules(len(project.name), -(-project.modules * size // _FULL))
    contents = {f"{package}/{name}": source for name, source in modules.items()}
    contents[f"{package}/__init__.py"] = b""  # the same with each label
    if modules:
        script = f"[console_scripts]\n{package}-run = {package}.module_0000:main\n"
        contents[f"{info_folder(path.name)}/entry_points.txt"] = script.encode()
    with tempfile.TemporaryDirectory(dir=files) as temp:
        small = write_wheel(
            Path(temp),
            path.name,
            requires=project.requires,
            files=contents,
            variant_json=DOCUMENT,
        )
        libraries = {
            f"{package}/lib/{name}": _blocks_of(blocks, share * size)
            for name, share in project.libraries.items()
        }
        write_large_wheel(path, small, libraries)
    return path


def _blocks_of(blocks: Sequence[Block], size: float) -> list[Block]:
    """Return blocks that have about *size* bytes together when they are compressed."""
    count = max(1, round(size * len(blocks) / sum(len(block.deflated) for block in blocks)))
    return [blocks[number % len(blocks)] for number in range(count)]


def _downloaded(folder: Path) -> Path:
    """Return the folder with torch and all that it needs, for this interpreter and platform."""
    done = folder / "download"
    if done.is_dir():
        return done
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temp:
        python = make_environment(Path(temp, "venv"))
        wheels = Path(temp, "wheels")
        command = [str(python), "-m", "pip", "download", "--quiet", "--no-cache-dir"]
        options = ["--only-binary=:all:", "--dest", str(wheels), f"{TORCH}=={VERSION}"]
        if subprocess.run([*command, *options], check=False).returncode:
            raise BenchError(f"The wheels of {TORCH} {VERSION} cannot be downloaded.")
        wheels.rename(done)
    return done


def _around(root: Path, download: Path) -> SizedIndex:
    """Write the index of downloaded wheels; the one of torch becomes a variant, too."""
    files = _new_files(root)
    plain = {}
    for wheel in sorted(download.glob("*.whl")):
        name = WheelName.parse(wheel.name).name.lower().replace("_", "-")
        plain[name] = files / wheel.name
        link(wheel, plain[name])
    torch = plain[TORCH]
    variant = torch.with_name(f"{torch.stem}-{LABEL}.whl")
    document = dump({**DOCUMENT, "variants": {LABEL: {"bench": {"cuda": ["12.8"]}}}})
    write_variant(variant, torch, document)
    return _publish(root, plain, [variant])


def _new_files(root: Path) -> Path:
    """Return the empty folder of the files; what an interrupted run has left is removed."""
    shutil.rmtree(root, ignore_errors=True)
    files = root / "files"
    files.mkdir(parents=True)
    return files


def _publish(root: Path, plain: Mapping[str, Path], variants: Sequence[Path]) -> SizedIndex:
    """Write the pages below `plain` and `variants`, and the sizes."""
    metadata = root / "files" / f"{TORCH}-{VERSION}-variants.json"
    labels = {WheelName.parse(path.name).label for path in variants}
    known = DOCUMENT["variants"]
    listed = {label: known[label] for label in sorted(map(str, labels))}  # type: ignore[index]
    metadata.write_bytes(dump({**DOCUMENT, "variants": listed}))
    rows = {name: [_row(path)] for name, path in plain.items()}
    _write_pages(root / "plain", rows)
    _write_pages(root / "variants", {**rows, TORCH: [_row(path) for path in (*variants, metadata)]})
    sizes = {path.name: path.stat().st_size for path in plain.values()}
    (root / _SIZES).write_text(json.dumps(sizes, indent=2), encoding="utf-8")
    return SizedIndex(root, sizes)


def _row(path: Path) -> Row:
    return Row(path.name, f"../../../files/{path.name}", sha256(path))


def _write_pages(kind: Path, rows: Mapping[str, Iterable[Row]]) -> None:
    for name, listed in rows.items():
        folder = kind / "simple" / name
        folder.mkdir(parents=True)
        write_page(folder, listed)
