"""Queries the NVIDIA driver through NVML, in a child process with a time limit.

A driver that hangs or a library that crashes ends the child and not pip. A problem names what
failed: the interpreter that runs the child, the library or the driver.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pip_variants.core.errors import InterpreterError, printable, quoted, shortened
from pip_variants.system import child, interpreter

from . import cache

TIME_LIMIT = 30.0
"""Seconds; a driver without persistence mode needs 20 when it wakes eight GPUs."""

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
    is not about the machine: no child process could run, or not to its end.
    """

    cuda: tuple[int, int] | None = None
    capabilities: tuple[tuple[int, int], ...] = ()
    problem: str | None = None
    answered: bool = True


def driver_facts(folder: Path | None) -> cache.Found[DriverFacts]:
    """Return what NVML reports, from the cache in ``folder`` if that still holds."""
    source = cache.Source("nvml", _dependencies(), query, _lasts, parse_facts)
    return cache.facts_of(source, folder)


def query(time_limit: float = TIME_LIMIT) -> DriverFacts:
    """Return what NVML reports within ``time_limit`` seconds; any failure is a ``problem``."""
    with tempfile.TemporaryDirectory(prefix="pip-nvml-", ignore_cleanup_errors=True) as folder:
        result = Path(folder, "result.json")
        try:
            files = (str(_PROBE), str(_VENDORED), str(result))
            command = interpreter.command("-S", *files, *_libraries())
            status = child.run(command, time_limit, environ=interpreter.environment(os.environ))
        except InterpreterError as error:
            return _unanswered(f"NVML was not queried: {error}")
        except OSError as error:
            return _unanswered(f"NVML was not queried: {quoted(error.filename)}: {error.strerror}")
        how = f"within {time_limit:g} s" if status is None else f"(exit status {status})"
        # The child creates the file before it loads the library.
        if not result.exists():
            return _unanswered(f"NVML was not queried: {quoted(command[0])} did not start {how}")
        if status is None:
            return _unanswered(f"the NVIDIA driver did not respond {how}")
        if status != 0:
            return DriverFacts(problem=f"the NVIDIA driver's library failed {how}")
        return _read(result)


def _read(result: Path) -> DriverFacts:
    try:
        return parse_facts(json.loads(result.read_text(encoding="utf-8")))
    except (OSError, ValueError, LookupError, TypeError):
        return DriverFacts(problem="the NVIDIA driver's library returned no readable result")


def parse_facts(found: Mapping[str, Any]) -> DriverFacts:
    """Return the facts of their JSON form; raise ValueError, LookupError or TypeError."""
    problem = found["problem"]
    cuda = found["cuda"]
    return DriverFacts(
        cuda=None if cuda is None else _version(cuda),
        capabilities=tuple(_version(item) for item in found["capabilities"]),
        problem=None if problem is None else _sentence(problem),
    )


def _unanswered(problem: str) -> DriverFacts:
    return DriverFacts(problem=problem, answered=False)


def _lasts(facts: DriverFacts) -> float:
    """Return the seconds for which the facts hold."""
    if not facts.answered:
        return cache.NOT_KEPT
    is_whole = bool(facts.cuda and facts.capabilities) and facts.problem is None
    return cache.WHOLE_LASTS if is_whole else cache.NOTHING_LASTS


def _dependencies() -> cache.Dependencies:
    """Return what the facts depend on; the CUDA version is that of ``libcuda``, not of NVML."""
    code = (_PROBE, _VENDORED / "pynvml.py")
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
