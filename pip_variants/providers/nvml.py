"""Queries the NVIDIA driver through NVML, in a child process with a time limit.

A driver that hangs or a library that crashes ends the child and not pip.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pip_variants.core.errors import printable, shortened
from pip_variants.system import child

TIME_LIMIT = 15.0
"""Seconds; a driver that wakes eight sleeping GPUs needs several."""

_HIGHEST_PART = 9999
_PROBE = Path(__file__).with_name("_nvml_probe.py")
_VENDORED = Path(__file__).parents[1] / "_vendor"

READERS = (_PROBE, _VENDORED / "pynvml.py")
"""The files whose code interprets NVML."""


@dataclass(frozen=True, slots=True)
class DriverFacts:
    """The driver's CUDA version and each readable GPU's compute capability, as (major, minor).

    ``problem`` is a short sentence if something could not be read.
    """

    cuda: tuple[int, int] | None = None
    capabilities: tuple[tuple[int, int], ...] = ()
    problem: str | None = None


def query(time_limit: float = TIME_LIMIT) -> DriverFacts:
    """Return what NVML reports within ``time_limit`` seconds; any failure is a ``problem``."""
    with tempfile.TemporaryDirectory(prefix="pip-nvml-", ignore_cleanup_errors=True) as folder:
        result = Path(folder, "result.json")
        command = [sys.executable, "-I", "-S", str(_PROBE), str(_VENDORED), str(result)]
        try:
            status = child.run(command, time_limit)
        except OSError as error:
            return DriverFacts(problem=f"NVML could not be queried: {error.strerror}")
        if status is None:
            return DriverFacts(problem=f"the NVIDIA driver did not respond within {time_limit:g} s")
        if status != 0:
            return DriverFacts(problem=f"the NVIDIA driver's library failed (exit status {status})")
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


def _version(found: Sequence[object]) -> tuple[int, int]:
    major, minor = found
    if not isinstance(major, int) or not isinstance(minor, int):
        raise TypeError("not a pair of integers")
    if not (0 <= major <= _HIGHEST_PART and 0 <= minor <= _HIGHEST_PART):
        raise ValueError("not a version of CUDA or a capability")
    return major, minor


def _sentence(text: object) -> str:
    return shortened(printable(str(text)))
