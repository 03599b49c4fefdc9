"""What the NVIDIA driver reports through NVML."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pip_variants.core.errors import printable, shortened

from . import cache, probe

_HIGHEST_PART = 9999
_PROBE = Path(__file__).with_name("_nvml_probe.py")
_VENDORED = Path(__file__).parents[1] / "_vendor"
_LIBRARY = "libnvidia-ml.so.1"
# On WSL2 a distribution's own library is not the one that works.
_BEFORE = ("/usr/lib/wsl/lib",)
# Where the linker does not look: GKE, NixOS, Ubuntu Core.
_AFTER = (
    "/usr/local/nvidia/lib64",
    "/usr/local/nvidia/lib",
    "/run/opengl-driver/lib",
    "/var/lib/snapd/lib/gl",
)


@dataclass(frozen=True, slots=True)
class DriverFacts:
    """The driver's CUDA version and each readable GPU's compute capability, as (major, minor).

    ``problem`` is a short sentence if something could not be read. ``answered`` is False if that
    is not about the machine: no child process could run, or not to its end. For people: ``driver``
    is the driver's version, ``names`` are those of the readable GPUs, empty where unknown,
    ``unread`` are sentences about GPUs that could not be read.
    """

    cuda: tuple[int, int] | None = None
    capabilities: tuple[tuple[int, int], ...] = ()
    problem: str | None = None
    answered: bool = True
    driver: str = field(default="", compare=False)
    names: tuple[str, ...] = field(default=(), compare=False)
    unread: tuple[str, ...] = field(default=(), compare=False)


def driver_facts(folder: Path | None) -> cache.Found[DriverFacts]:
    """Return what NVML reports, from the cache in ``folder`` if that still holds."""
    source = cache.Source("nvml", _dependencies(), query, _lasts, parse_facts)
    return cache.facts_of(source, folder)


def query(time_limit: float = probe.TIME_LIMIT) -> DriverFacts:
    """Return what NVML reports within ``time_limit`` seconds; any failure is a ``problem``."""
    nvml = probe.Probe("NVML", "the NVIDIA driver", _PROBE, parse_facts)
    found = probe.run(nvml, (str(_VENDORED), *_libraries()), time_limit)
    if isinstance(found, probe.Failure):
        return DriverFacts(problem=found.problem, answered=found.answered)
    return found


def parse_facts(found: Mapping[str, Any]) -> DriverFacts:
    """Return the facts of their JSON form; raise ValueError, LookupError or TypeError."""
    problem = found["problem"]
    cuda = found["cuda"]
    return DriverFacts(
        cuda=None if cuda is None else _version(cuda),
        capabilities=tuple(_version(item) for item in found["capabilities"]),
        problem=None if problem is None else _sentence(problem),
        driver=_sentence(found["driver"] or ""),
        names=tuple(_sentence(name or "") for name in found["names"]),
        unread=tuple(map(_sentence, found["unread"])),
    )


def _lasts(facts: DriverFacts) -> float:
    """Return the seconds for which the facts hold."""
    is_whole = facts.cuda and facts.capabilities and not (facts.problem or facts.unread)
    return probe.lasts(answered=facts.answered, whole=bool(is_whole))


def _dependencies() -> cache.Dependencies:
    """Return what the facts depend on; the CUDA version is that of ``libcuda``, not of NVML."""
    code = (_PROBE, probe.SCRIPT, _VENDORED / "pynvml.py")
    if sys.platform == "win32":
        system = Path(os.environ.get("WINDIR", ""), "System32")
        programs = Path(os.environ.get("PROGRAMFILES", ""), "NVIDIA Corporation", "NVSMI")
        files = (system / "nvml.dll", system / "nvcuda.dll", programs / "nvml.dll")
        return cache.Dependencies(code, stated=tuple(map(str, files)))
    return cache.Dependencies(
        code,
        read=("/proc/driver/nvidia/version", "/sys/module/nvidia/version"),
        stated=("/dev/dxg",),
        devices=(
            ("/dev", "nvidia*"),
            ("/dev/nvidia-caps", "*"),
            ("/proc/driver/nvidia/gpus", "*"),
        ),
        libraries=(_LIBRARY, "libcuda.so.1"),
        folders=(*_BEFORE, *_AFTER),
    )


def _libraries() -> tuple[str, ...]:
    """Return where to look for the library, by path or by name; on Windows the bindings do."""
    if sys.platform == "win32":
        return ()
    before, after = ([f"{folder}/{_LIBRARY}" for folder in part] for part in (_BEFORE, _AFTER))
    return (*before, _LIBRARY, *after)


def _version(found: Sequence[object]) -> tuple[int, int]:
    major, minor = found
    if not isinstance(major, int) or not isinstance(minor, int):
        raise TypeError("not a pair of integers")
    if not (0 <= major <= _HIGHEST_PART and 0 <= minor <= _HIGHEST_PART):
        raise ValueError("not a version of CUDA or a capability")
    return major, minor


def _sentence(text: object) -> str:
    return shortened(printable(str(text)))
