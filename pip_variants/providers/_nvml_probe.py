"""The child's part of ``nvml.py``: what NVML reports, through its bindings ``pynvml``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ._probe import load

_DRIVER = ("/proc/driver/nvidia/version", "/dev/nvidiactl")


def read(folder: str, *libraries: str) -> dict[str, object]:
    """Return what NVML reports; ``pynvml`` is imported from ``folder``.

    The first of ``libraries`` that there is is loaded; without any, ``pynvml`` finds its own. Of
    the result ``cuda`` is ``[major, minor]`` or None, ``capabilities`` is ``[major, minor]`` of
    each GPU that could be read, ``problem`` one sentence or None; and for people ``driver`` is its
    version or None, ``names`` are those of these GPUs, or None, ``unread`` has a sentence about
    each of the others.
    """
    sys.path.insert(0, folder)
    try:
        import pynvml
    except ImportError as error:
        return _facts(problem=f"NVML's bindings are missing: {error}")
    problem = _load(pynvml, libraries) if libraries else None
    return _query(pynvml) if problem is None else _facts(problem=problem)


def _query(pynvml: Any) -> dict[str, object]:  # noqa: ANN401 - an untyped module
    try:
        pynvml.nvmlInitWithFlags(0)
    except pynvml.NVMLError as error:
        return _facts(problem=_sentence(pynvml, error))
    try:
        cuda = _cuda(pynvml)
        driver = _text(pynvml, "SystemGetDriverVersion")
        return {**_gpus(pynvml), "cuda": cuda, "driver": driver}
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


def _gpus(pynvml: Any) -> dict[str, object]:  # noqa: ANN401
    """Return what can be read of each GPU, and why others cannot be read."""
    capabilities, names, unread = [], [], []
    try:
        count = pynvml.nvmlDeviceGetCount()
    except pynvml.NVMLError as error:
        return _facts(problem=_sentence(pynvml, error))
    for index in range(count):
        try:
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            capabilities.append(list(pynvml.nvmlDeviceGetCudaComputeCapability(handle)))
        except pynvml.NVMLError as error:
            unread.append(f"GPU {index} cannot be read: {error}")
        else:
            names.append(_text(pynvml, "DeviceGetName", handle))
    problem = unread[-1] if unread and not capabilities else None
    return {**_facts(problem), "capabilities": capabilities, "names": names, "unread": unread}


def _text(pynvml: Any, call: str, *arguments: object) -> str | None:  # noqa: ANN401
    """Return a text that is for people, or None if it cannot be read."""
    try:
        return str(getattr(pynvml, f"nvml{call}")(*arguments))
    except (pynvml.NVMLError, ValueError):  # the bindings decode it as UTF-8
        return None


def _facts(problem: str | None = None) -> dict[str, object]:
    """Return the facts of a machine of which nothing is known."""
    nothing: dict[str, object] = {"cuda": None, "driver": None}
    return {**nothing, "capabilities": [], "names": [], "unread": [], "problem": problem}


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
    library, problem = load(libraries)
    if library is not None:
        pynvml.nvmlLib = library
        return None
    if problem is not None:
        return f"the NVIDIA driver's library cannot be loaded: {problem}"
    if any(Path(name).exists() for name in _DRIVER):
        return f"there is an NVIDIA driver, but not its library {Path(libraries[0]).name}"
    return "no NVIDIA driver found"
