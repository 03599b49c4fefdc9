"""Stand-alone script: query NVML and write the result.

``python -I -S _nvml_probe.py FOLDER RESULT``: ``pynvml`` is imported from FOLDER, and RESULT
becomes a JSON object: ``cuda`` (``[major, minor]`` or null), ``capabilities`` (``[major, minor]``
of each GPU that could be read), ``problem`` (one sentence or null). Nothing is printed. The exit
status is 0 whenever RESULT was written.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import sys
from pathlib import Path
from typing import Any


def main(folder: str, result: str) -> None:
    """Write the result to the file ``result``."""
    sys.path.insert(0, folder)
    try:
        import pynvml
    except ImportError as error:
        facts: dict[str, object] = _facts(problem=f"NVML's bindings are missing: {error}")
    else:
        _load_wsl_library()
        facts = _query(pynvml)
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


def _load_wsl_library() -> None:
    """Load the library from its folder on WSL2; after that its bare name finds it."""
    if sys.platform == "linux" and Path("/usr/lib/wsl/lib/libnvidia-ml.so.1").exists():
        with contextlib.suppress(OSError):
            ctypes.CDLL("/usr/lib/wsl/lib/libnvidia-ml.so.1")


if __name__ == "__main__":
    main(*sys.argv[1:])
