"""Ask the NVIDIA driver through NVML, in a child process that a time limit can end.

A driver that hangs, or a library that crashes, takes the child along and not pip.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pip_variants.errors import printable, shortened

from . import child

TIME_LIMIT = 15.0
"""Seconds that the driver has to answer; one that wakes eight sleeping GPUs needs several."""

_HIGHEST_PART = 9999
_PROBE = Path(__file__).with_name("_nvml_probe.py")
_VENDORED = Path(__file__).parents[1] / "_vendor"

READERS = (_PROBE, _VENDORED / "pynvml.py")
"""The files whose code reads what NVML says."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The driver's CUDA version and each readable GPU's compute capability, as (major, minor).

    ``problem`` is a short sentence if something could not be read.
    """

    cuda: tuple[int, int] | None = None
    capabilities: tuple[tuple[int, int], ...] = ()
    problem: str | None = None


def query(time_limit: float = TIME_LIMIT) -> Answer:
    """Return what NVML says within ``time_limit`` seconds; whatever goes wrong is a ``problem``."""
    with tempfile.TemporaryDirectory(prefix="pip-nvml-", ignore_cleanup_errors=True) as folder:
        result = Path(folder, "result.json")
        command = [sys.executable, "-I", "-S", str(_PROBE), str(_VENDORED), str(result)]
        try:
            status = child.run(command, time_limit)
        except OSError as error:
            return Answer(problem=f"NVML could not be asked: {error.strerror}")
        if status is None:
            return Answer(problem=f"the NVIDIA driver did not answer within {time_limit:g} s")
        if status != 0:
            return Answer(problem=f"the NVIDIA driver's library failed (exit status {status})")
        try:
            return answer(json.loads(result.read_text(encoding="utf-8")))
        except (OSError, ValueError, LookupError, TypeError):
            return Answer(problem="the NVIDIA driver's library gave no readable answer")


def answer(found: Mapping[str, Any]) -> Answer:
    """Return the answer of a JSON form; raise ValueError, LookupError or TypeError for others."""
    problem = found["problem"]
    cuda = found["cuda"]
    return Answer(
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
