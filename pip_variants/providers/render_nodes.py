"""The GPUs that Linux shows: one render node each, which a process has to open to use the GPU."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ._files import device_problem, read_text

INTEL = 0x8086

_LISTED = Path("/sys/class/drm")
_DEVICES = Path("/dev/dri")


@dataclass(frozen=True, slots=True)
class RenderNode:
    """The device of a GPU, with the vendor's number on PCI, or None if Linux does not show that.

    ``problem`` is a short sentence if this process cannot open it.
    """

    name: str
    vendor: int | None
    problem: str | None = None


def read() -> tuple[RenderNode, ...]:
    """Return the render nodes of this machine, also those that a container does not have."""
    return tuple(_nodes())


def _nodes() -> Iterator[RenderNode]:
    names = {path.name for folder in (_LISTED, _DEVICES) for path in folder.glob("renderD*")}
    for name in sorted(names):
        yield RenderNode(name, _vendor(name), device_problem(_DEVICES / name))


def _vendor(name: str) -> int | None:
    try:
        return int(read_text(_LISTED / name / "device" / "vendor"), 16)
    except (OSError, ValueError):
        return None
