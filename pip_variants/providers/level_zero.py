"""What Intel's driver reports through Level Zero: the GPUs with their device IP.

A *device IP* is ``(architecture, release, revision)``, the version of the GPU's design.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pip_variants.core.errors import printable, shortened

from . import cache, probe

DeviceIp = tuple[int, int, int]

WSL_DEVICE = Path("/dev/dxg")
"""The device by which GPUs of any vendor are used on WSL2."""

_HIGHEST_PART = 1023
_PROBE = Path(__file__).with_name("_level_zero_probe.py")
_LOADER = "libze_loader.so.1"
_DRIVER = "libze_intel_gpu.so.1"
# Where the linker does not look: WSL2, NixOS.
_AFTER = ("/usr/lib/wsl/lib", "/run/opengl-driver/lib")


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU of Intel, or one part of it, as the driver lists it; None: not reported.

    ``driver`` is the version of the driver.
    """

    name: str
    ip: DeviceIp | None
    driver: str | None = None
    integrated: bool = False


@dataclass(frozen=True, slots=True)
class LevelZeroFacts:
    """The GPUs that could be read, in the driver's order.

    ``problem`` is a short sentence if something could not be read. ``answered`` is False if that
    is not about the machine: no child process could run, or not to its end.
    """

    gpus: tuple[Gpu, ...] = ()
    problem: str | None = None
    answered: bool = True


def driver_facts(folder: Path | None) -> cache.Found[LevelZeroFacts]:
    """Return what Level Zero reports, from the cache in ``folder`` if that still holds."""
    source = cache.Source("level-zero", _dependencies(), query, _lasts, parse_facts)
    return cache.facts_of(source, folder)


def query(time_limit: float = probe.TIME_LIMIT) -> LevelZeroFacts:
    """Return what Level Zero reports within ``time_limit`` seconds; failures are a ``problem``."""
    level_zero = probe.Probe("Level Zero", "the Intel GPU driver", _PROBE, parse_facts)
    found = probe.run(level_zero, (_DRIVER, *_libraries()), time_limit)
    if isinstance(found, probe.Failure):
        return LevelZeroFacts(problem=found.problem, answered=found.answered)
    return found


def parse_facts(found: Mapping[str, Any]) -> LevelZeroFacts:
    """Return the facts of their JSON form; raise ValueError, LookupError or TypeError."""
    return LevelZeroFacts(tuple(map(_gpu, found["gpus"])), _text(found["problem"]))


def _gpu(found: Mapping[str, Any]) -> Gpu:
    ip = found["ip"]
    return Gpu(
        name=_text(found["name"]) or "a GPU without a name",
        ip=None if ip is None else _device_ip(ip),
        driver=_text(found["driver"]),
        integrated=found["integrated"] is True,
    )


def _device_ip(found: Sequence[object]) -> DeviceIp:
    parts = tuple(part for part in found if isinstance(part, int) and 0 <= part <= _HIGHEST_PART)
    architecture, release, revision = parts
    return architecture, release, revision


def _text(found: object) -> str | None:
    return None if found is None else shortened(printable(str(found)))


def _lasts(facts: LevelZeroFacts) -> float:
    """Return the seconds for which the facts hold."""
    is_whole = bool(facts.gpus) and facts.problem is None
    return probe.lasts(answered=facts.answered, whole=is_whole)


def _dependencies() -> cache.Dependencies:
    """Return what the facts depend on."""
    code = (_PROBE, probe.SCRIPT)
    if sys.platform == "win32":
        return cache.Dependencies(code, stated=_libraries())
    return cache.Dependencies(
        code,
        stated=(str(WSL_DEVICE),),
        devices=(("/dev/dri", "renderD*"),),
        libraries=(_LOADER, _DRIVER, "libze_intel_gpu_legacy1.so.1"),
        folders=_AFTER,
    )


def _libraries() -> tuple[str, ...]:
    """Return where to look for the loader, by path or by name."""
    if sys.platform == "win32":
        # Not by name, which would also find a file beside the program or in the current folder.
        return (str(Path(os.environ.get("WINDIR", r"C:\Windows"), "System32", "ze_loader.dll")),)
    return (_LOADER, *(f"{folder}/{_LOADER}" for folder in _AFTER))
