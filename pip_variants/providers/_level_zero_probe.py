"""The child's part of ``level_zero.py``: the GPUs that Level Zero lists, through ``ctypes``.

Structures and numbers are those of ``ze_api.h`` of the Level Zero specification 1.13.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from ._probe import load

_DEVICE_PROPERTIES, _DRIVER_PROPERTIES = 0x3, 0x1
_DEVICE_IP_VERSION, _INIT_DRIVER_TYPE = 0x1000F, 0x20021
_GPUS_ONLY = 1
_IS_GPU, _IS_INTEGRATED = 1, 1
_INTEL = 0x8086
_UNINITIALIZED = 0x78000001
# What is wrong with the machine; all other codes are about a call.
_WORDS = {
    0x70000001: "the GPU was lost",
    0x70000002: "not enough memory",
    0x70000003: "not enough memory of the GPU",
    0x70000006: "the GPU needs a reset",
    0x70000007: "the GPU is in a state of low power",
    0x70010000: "no permission to use the GPU",
    0x70010001: "the GPU is in use by another process alone",
    0x70020000: "a library that the driver needs is missing",
    0x78000002: "the loader and the driver of Level Zero do not fit together",
    0x78000020: "the GPU needs other firmware",
}


class _Properties(ctypes.Structure):
    _fields_: ClassVar = [
        ("type_of_structure", ctypes.c_uint32),
        ("next", ctypes.c_void_p),
        ("type", ctypes.c_uint32),
        ("vendor", ctypes.c_uint32),
        ("device", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("subdevice", ctypes.c_uint32),
        ("clock_rate", ctypes.c_uint32),
        ("largest_allocation", ctypes.c_uint64),
        ("counts", ctypes.c_uint32 * 7),
        ("timer_resolution", ctypes.c_uint64),
        ("valid_bits", ctypes.c_uint32 * 2),
        ("uuid", ctypes.c_uint8 * 16),
        ("name", ctypes.c_char * 256),
    ]


class _Extension(ctypes.Structure):
    """The description of what to initialise, and the device IP version, have the same form."""

    _fields_: ClassVar = [
        ("type_of_structure", ctypes.c_uint32),
        ("next", ctypes.c_void_p),
        ("value", ctypes.c_uint32),
    ]


class _Driver(ctypes.Structure):
    _fields_: ClassVar = [
        ("type_of_structure", ctypes.c_uint32),
        ("next", ctypes.c_void_p),
        ("uuid", ctypes.c_uint8 * 16),
        ("version", ctypes.c_uint32),
    ]


class _CallError(Exception):
    """A call failed with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(_WORDS.get(code, f"Level Zero: error {code:#x}"))
        self.code = code


def read(driver: str, *libraries: str) -> dict[str, object]:
    """Return the GPUs of Intel that Level Zero lists.

    The first of ``libraries`` that there is is loaded; ``driver`` is the library that this loads in
    turn, to name it if it is missing. Of the result ``gpus`` are objects with ``name``, ``ip``
    (``[architecture, release, revision]`` or None), ``driver`` (its version or None) and
    ``integrated``; ``problem`` is one sentence or None.
    """
    library, problem = load(libraries)
    if library is None:
        if problem is None:
            return _facts(problem="Level Zero is not installed")
        return _facts(problem=f"the loader of Level Zero cannot be loaded: {problem}")
    try:
        return _query(library)
    except AttributeError as error:
        return _facts(problem=f"the loader of Level Zero is too old: {error}")
    except _CallError as error:
        if error.code == _UNINITIALIZED:
            return _facts(problem=_without_driver(driver))
        return _facts(problem=str(error))


def _query(library: Any) -> dict[str, object]:  # noqa: ANN401 - its functions are attributes
    gpus: list[dict[str, object]] = []
    problem = None
    for driver in _drivers(library):
        try:
            devices = _handles(lambda *last, of=driver: library.zeDeviceGet(of, *last))
        except _CallError as error:
            problem = problem or str(error)
            continue
        for number, device in enumerate(devices):
            try:
                gpus += _gpu(library, driver, device)
            except _CallError as error:
                problem = problem or f"GPU {number} cannot be read: {error}"
    return _facts(gpus, problem)


def _drivers(library: Any) -> Sequence[ctypes.c_void_p]:  # noqa: ANN401
    """Return the drivers of GPUs; raise _CallError.

    A current loader finds no driver by the newer call if the driver does not have that.
    """
    first: _CallError | None = None
    if hasattr(library, "zeInitDrivers"):
        which = _Extension(_INIT_DRIVER_TYPE, None, _GPUS_ONLY)
        try:
            return _handles(lambda *last: library.zeInitDrivers(*last, ctypes.byref(which)))
        except _CallError as error:
            first = error
    try:
        _check(library.zeInit(_GPUS_ONLY))
        return _handles(library.zeDriverGet)
    except _CallError as error:
        raise (first if first is not None and error.code == _UNINITIALIZED else error) from None


def _handles(call: Callable[..., int]) -> Sequence[ctypes.c_void_p]:
    """Return what a call lists, which is called for the number first."""
    count = ctypes.c_uint32(0)
    _check(call(ctypes.byref(count), None))
    found = (ctypes.c_void_p * count.value)()
    if found:
        _check(call(ctypes.byref(count), found))
    return [ctypes.c_void_p(item) for item in found[: count.value]]


def _gpu(
    library: Any,  # noqa: ANN401
    driver: ctypes.c_void_p,
    device: ctypes.c_void_p,
) -> Iterator[dict[str, object]]:
    """Yield a device if it is a GPU of Intel."""
    # An older driver leaves what it does not know as it is.
    version = _Extension(_DEVICE_IP_VERSION, None, 0)
    found = _Properties(_DEVICE_PROPERTIES, ctypes.cast(ctypes.byref(version), ctypes.c_void_p))
    _check(library.zeDeviceGetProperties(device, ctypes.byref(found)))
    if (found.type, found.vendor) == (_IS_GPU, _INTEL):
        ip = version.value
        yield {
            "name": found.name.decode("utf-8", "replace"),
            "ip": [ip >> 22, ip >> 14 & 0xFF, ip & 0x3F] if ip else None,
            "driver": _version(library, driver),
            "integrated": bool(found.flags & _IS_INTEGRATED),
        }


def _version(library: Any, driver: ctypes.c_void_p) -> str | None:  # noqa: ANN401
    """Return the version of a driver as Intel writes it, or None if it cannot be read."""
    found = _Driver(_DRIVER_PROPERTIES)
    try:
        _check(library.zeDriverGetProperties(driver, ctypes.byref(found)))
    except (AttributeError, _CallError):
        return None
    return f"{found.version >> 24}.{found.version >> 16 & 0xFF}.{found.version & 0xFFFF}"


def _check(code: int) -> None:
    if code:
        raise _CallError(code & 0xFFFFFFFF)


def _without_driver(driver: str) -> str:
    """Return why the loader, which gives no reason, has no driver."""
    library, problem = load((driver,))
    if library is not None:
        return "the driver of Level Zero finds no GPU that it can use"
    if problem is not None:
        return f"the driver of Level Zero cannot be loaded: {problem}"
    return f"Level Zero has no driver {driver}"


def _facts(gpus: Sequence[dict[str, object]] = (), problem: str | None = None) -> dict[str, object]:
    return {"gpus": [*gpus], "problem": problem}
