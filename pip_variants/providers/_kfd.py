"""The AMD GPUs that a ROCm program sees here, from files of the Linux kernel and without a tool.

The kernel lists CPUs and GPUs as nodes, each with a file ``properties`` that everybody can read. To
use the GPUs takes more: ``/dev/kfd`` for all of them, and a render node for each. A control group
hides those of other containers and jobs. What hides or renames GPUs from ROCm itself counts too, as
it does for ``rocminfo``: ``ROCR_VISIBLE_DEVICES`` and ``HSA_OVERRIDE_GFX_VERSION``. (Linux,
``kfd_topology.c``; ROCm, ``libhsakmt`` and ``amd_filter_device.cpp``.)
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pip_variants.core.errors import printable, quoted, shortened

from ._files import cause, device_problem, read_text

ROOT = Path("/")
NODES = "sys/class/kfd/kfd/topology/nodes"
VISIBLE = "ROCR_VISIBLE_DEVICES"
OVERRIDE = "HSA_OVERRIDE_GFX_VERSION"

_MOST_NODES = 1024
_HIGHEST_MAJOR = 63
_HIGHEST_DIGIT = 0xF
_SHORTEST_UUID = 5
_PRODUCTS = ("usr/share/libdrm/amdgpu.ids", "opt/amdgpu/share/libdrm/amdgpu.ids")
_LARGEST_LIST = 1 << 20

_properties = re.compile(r"^([a-z_0-9]+) ([0-9]{1,20})$", re.MULTILINE | re.ASCII).findall
_version = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{1,2})", re.ASCII).fullmatch
_number = re.compile(r"[0-9]{1,4}", re.ASCII).fullmatch
_hexadecimal = re.compile(r"0x([0-9a-f]{1,4})", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU: its target, such as ``gfx942``, and the name of the product if that is known."""

    target: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class GpuFacts:
    """The GPUs, in the order of ROCm, and why there are not more.

    ``forced`` is the variable with which the user named them in place of those of this machine.
    """

    gpus: tuple[Gpu, ...] = ()
    problems: tuple[str, ...] = ()
    forced: str | None = None


@dataclass(frozen=True, slots=True)
class _Node:
    """A GPU's number among the nodes that ROCm sees, and its properties."""

    number: int
    properties: Mapping[str, int]


def read_gpus(environ: Mapping[str, str], root: Path = ROOT) -> GpuFacts:
    """Return the GPUs of the machine whose files are below ``root``; nothing is raised."""
    if sys.platform != "linux":
        return GpuFacts(problems=(f"reading AMD GPUs is not supported on {sys.platform}",))
    try:
        nodes = [*_nodes(root)]
    except FileNotFoundError:
        return GpuFacts(problems=(_missing_driver(root),))
    except OSError as error:
        return GpuFacts(problems=(f"the AMD GPUs could not be read: {cause(error)}",))
    if not any(properties is None or _is_gpu(properties) for properties in nodes):
        return GpuFacts(problems=("no AMD GPU found",))
    problem = device_problem(root / "dev/kfd")
    if problem is not None:
        return GpuFacts(problems=(f"there is an AMD GPU, but {problem}",))
    judged = [(item, _problem(root, item)) for item in nodes]
    usable = [item for item, problem in judged if item is not None and problem is None]
    hidden = [problem for _, problem in judged if problem is not None]
    gpus = [_Node(*item) for item in enumerate(usable) if _is_gpu(item[1])]
    shown = _visible(gpus, environ)
    targets = [_target(node, environ) for node in shown]
    problems = [f"{_gpus(len(hidden))} may not be used here: {hidden[0]}"] if hidden else []
    if len(shown) < len(gpus):
        problems.append(f"{VISIBLE} hides {_gpus(len(gpus) - len(shown))}")
    problems += [text for name, text in targets if name is None]
    found = zip(shown, targets, strict=True)
    return GpuFacts(
        tuple(Gpu(name, _product(root, node.properties)) for node, (name, _) in found if name),
        tuple(dict.fromkeys(problems)),
    )


def target_of(version: int) -> str | None:
    """Return the target for a ``gfx_target_version``: 90402 is gfx942, and 90010 is gfx90a.

    None if it is none: minor version and stepping are one hexadecimal digit each.
    """
    major, rest = divmod(version, 10_000)
    return _target_name(major, *divmod(rest, 100))


def _target_name(major: int, minor: int, stepping: int) -> str | None:
    if not 0 < major <= _HIGHEST_MAJOR or max(minor, stepping) > _HIGHEST_DIGIT:
        return None
    return f"gfx{major}{minor:x}{stepping:x}"


def _target(node: _Node, environ: Mapping[str, str]) -> tuple[str | None, str]:
    """Return the target of a GPU, and why there is none."""
    for variable in (f"{OVERRIDE}_{node.number}", OVERRIDE):
        text = environ.get(variable)
        if text is not None:
            # ROCm sees no GPU at all if it is invalid.
            match = _version(text)
            target = _target_name(*map(int, match.groups())) if match is not None else None
            return target, f"{variable}: {quoted(text)} is not a version such as 10.3.0"
    version = node.properties.get("gfx_target_version", 0)
    return target_of(
        version
    ), f"the kernel does not report the architecture of an AMD GPU ({version})"


def _nodes(root: Path) -> Iterator[Mapping[str, int] | None]:
    """Yield the properties of each node in the order of their numbers, None for a hidden GPU."""
    folders = [folder for folder in (root / NODES).iterdir() if _number(folder.name)]
    for folder in sorted(folders, key=lambda folder: int(folder.name))[:_MOST_NODES]:
        try:
            text = read_text(folder / "properties")
        except FileNotFoundError:  # removed meanwhile
            continue
        except OSError:  # forbidden by the control group, which hides no CPU
            yield None
        else:
            yield {key: int(value) for key, value in _properties(text)}


def _is_gpu(properties: Mapping[str, int]) -> bool:
    return properties.get("simd_count", 0) > 0


def _problem(root: Path, properties: Mapping[str, int] | None) -> str | None:
    """Return why a node cannot be used, or None: it is a CPU, or its render node can be opened."""
    if properties is None:
        return "hidden by the control group"
    minor = properties.get("drm_render_minor", 0)
    if not minor or not _is_gpu(properties):
        return None
    return device_problem(root / f"dev/dri/renderD{minor}")


def _missing_driver(root: Path) -> str:
    """Return why the kernel lists no nodes."""
    if (root / "dev/dxg").exists():
        return "AMD GPUs cannot be read in the Windows Subsystem for Linux"
    if (root / "sys/module/amdgpu").exists():
        return "the AMD GPU driver has no list of devices for computing (KFD)"
    return "no AMD GPU driver found"


def _visible(gpus: Sequence[_Node], environ: Mapping[str, str]) -> Sequence[_Node]:
    """Return the GPUs that the user lists, in that order; what is invalid ends the list."""
    listed = environ.get(VISIBLE)
    if listed is None:
        return gpus
    shown: dict[int, _Node] = {}
    for item in listed.split(","):
        index = _index(item.strip().upper(), gpus)
        if index is None or index in shown:
            break
        shown[index] = gpus[index]
    return [*shown.values()]


def _index(item: str, gpus: Sequence[_Node]) -> int | None:
    """Return which GPU a number, or the beginning of a unique identifier, stands for."""
    if _number(item):
        return int(item) if int(item) < len(gpus) else None
    if len(item) < _SHORTEST_UUID:
        return None
    identifiers = [node.properties.get("unique_id", 0) for node in gpus]
    found = [
        index
        for index, number in enumerate(identifiers)
        if number and f"GPU-{number:016X}".startswith(item)
    ]
    return found[0] if len(found) == 1 else None


def _product(root: Path, properties: Mapping[str, int]) -> str | None:
    """Return the name of a product: its own, or that of libdrm for its device and revision."""
    folder = root / f"sys/class/drm/renderD{properties.get('drm_render_minor', 0)}/device"
    name = _text(folder / "product_name").strip()
    revision = _hexadecimal(_text(folder / "revision").strip())
    if not name and revision is not None:
        key = rf"{properties.get('device_id', 0):X},\s*{int(revision[1], 16):02X},\s*(.*)"
        line = re.compile(f"^{key}$", re.MULTILINE | re.ASCII)
        lists = (_text(root / path, _LARGEST_LIST) for path in _PRODUCTS)
        name = next((found[1].strip() for found in map(line.search, lists) if found), "")
    return shortened(printable(name)) if name else None


def _text(path: Path, *largest: int) -> str:
    try:
        return read_text(path, *largest)
    except OSError:
        return ""


def _gpus(number: int) -> str:
    return "an AMD GPU" if number == 1 else f"{number} AMD GPUs"
