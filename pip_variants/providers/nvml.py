"""Ask the NVIDIA driver through NVML, in a child process that a time limit can end.

A driver that hangs, or a library that crashes, takes the child along and not pip.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

TIME_LIMIT = 15.0
"""Seconds that the driver has to answer; one that wakes eight sleeping GPUs needs several."""

_PROBE = Path(__file__).with_name("_nvml_probe.py")
_VENDORED = Path(__file__).parents[1] / "_vendor"


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
            status = _run(command, time_limit)
        except OSError as error:
            return Answer(problem=f"NVML could not be asked: {error.strerror}")
        if status is None:
            return Answer(problem=f"the NVIDIA driver did not answer within {time_limit:g} s")
        if status != 0:
            return Answer(problem=f"the NVIDIA driver's library failed (exit status {status})")
        try:
            return _parse(result.read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            return Answer(problem="the NVIDIA driver's library gave no readable answer")


def _parse(text: str) -> Answer:
    found = json.loads(text)
    cuda = found["cuda"]
    return Answer(
        # NVML counts 12090 for CUDA 12.9.
        cuda=None if cuda is None else (int(cuda) // 1000, int(cuda) % 1000 // 10),
        capabilities=tuple((int(major), int(minor)) for major, minor in found["capabilities"]),
        problem=found["problem"],
    )


def _run(command: list[str], time_limit: float) -> int | None:
    """Return the exit status, or None if the time ran out."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return process.wait(time_limit)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            # A process that hangs inside the driver cannot be killed: do not wait for it for ever.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
