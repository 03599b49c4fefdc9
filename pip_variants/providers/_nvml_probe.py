"""Stand-alone script: query NVML and write the result.

``python -I -S _nvml_probe.py FOLDER RESULT LIBRARY...``: ``pynvml`` is imported from FOLDER, and
the first LIBRARY that there is is loaded, a path or a name for the linker; without any, ``pynvml``
finds its own. RESULT is created at once, so that one can see that this script runs, and becomes a
JSON object: ``cuda`` (``[major, minor]`` or null), ``capabilities`` (``[major, minor]`` of each GPU
that could be read), ``problem`` (one sentence or null). Nothing is printed. The exit status is 0
whenever RESULT was written.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_DRIVER = ("/proc/driver/nvidia/version", "/dev/nvidiactl")


def main(folder: str, result: str, *libraries: str) -> None:
    """Write the result to the file ``result``."""
    Path(result).touch()
    sys.path.insert(0, folder)
    try:
        import pynvml
    except ImportError as error:
        facts: dict[str, object] = _facts(problem=f"NVML's bindings are missing: {error}")
    else:
        problem = _load(pynvml, libraries) if libraries else None
        facts = _query(pynvml) if problem is None else _facts(problem=problem)
    Path(result).write_text(json.dumps(facts), encoding="utf-8")


def _query(pynvml: Any) -> dict[str, object]:  # noqa: ANN401 - an untyped module
    try:
        pynvml.nvmlInitWithFlags(0)
    except pynvml.NVMLError as error:
        return _facts(problem=_sentence(pynvml, error))
    try:
        return _facts(_cuda(pynvml), *_capabilities(pynvml))
    except pynvml.NVMLError as error:
        return _facts(problem=_sentence(pynvml, error))
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _cuda(pynvml: Any) -> list[int]:  # noqa: ANN401
    try:
        number = int(pynvml.nvmlSystemGetCudaDriverVersion_v2())
    except pynvml.NVMLError:
        number = int(pynvml.nvmlSystemGetCudaDriverVersion())
    # NVML counts 12090 for CUDA 12.9.
    return [number // 1000, number % 1000 // 10]


def _capabilities(pynvml: Any) -> tuple[list[list[int]], str | None]:  # noqa: ANN401
    """Return the capability of each readable GPU, and why there is none."""
    found = []
    problem = None
    try:
        count = pynvml.nvmlDeviceGetCount()
    except pynvml.NVMLError as error:
        return [], _sentence(pynvml, error)
    for index in range(count):
        try:
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            found.append(list(pynvml.nvmlDeviceGetCudaComputeCapability(handle)))
        except pynvml.NVMLError as error:
            problem = f"GPU {index} cannot be read: {error}"
    return found, None if found else problem


def _facts(
    cuda: list[int] | None = None,
    capabilities: list[list[int]] | None = None,
    problem: str | None = None,
) -> dict[str, object]:
    return {"cuda": cuda, "capabilities": capabilities or [], "problem": problem}


def _sentence(pynvml: Any, error: Exception) -> str:  # noqa: ANN401
    known = {
        pynvml.NVML_ERROR_LIBRARY_NOT_FOUND: "no NVIDIA driver found",
        pynvml.NVML_ERROR_DRIVER_NOT_LOADED: "the NVIDIA driver is not loaded",
        pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH: "the NVIDIA driver and its library differ in"
        " version; a restart usually fixes this",
        pynvml.NVML_ERROR_NO_PERMISSION: "no permission to use the NVIDIA driver",
        pynvml.NVML_ERROR_GPU_NOT_FOUND: "no NVIDIA GPU found",
    }
    return known.get(getattr(error, "value", None), f"NVML: {error}")


def _load(pynvml: Any, libraries: Sequence[str]) -> str | None:  # noqa: ANN401
    """Load the library for the bindings; return why it could not be, or None."""
    problem = None
    for library in libraries:
        try:
            pynvml.nvmlLib = ctypes.CDLL(library)
        except OSError as error:
            if not _is_missing(library, str(error)):
                problem = problem or f"the NVIDIA driver's library cannot be loaded: {error}"
        else:
            return None
    if problem is None and any(Path(name).exists() for name in _DRIVER):
        return f"there is an NVIDIA driver, but not its library {Path(libraries[0]).name}"
    return problem or "no NVIDIA driver found"


def _is_missing(library: str, error: str) -> bool:
    """Return whether the linker found no such file; another one may be missing that it needs."""
    if "/" in library:
        return not Path(library).exists()
    return library in error.partition("(needed by")[0] and "No such file" in error


if __name__ == "__main__":
    main(*sys.argv[1:])
