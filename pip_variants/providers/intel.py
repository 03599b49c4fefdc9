"""The built-in ``intel`` provider: the values of ``intel-variant-provider`` 0.0.3, in its order.

Each GPU runs code for its own device IP, and code for that of its base platform. Which has which
base is from Intel's compute-runtime (``platforms.h``), as the published table is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pip_variants.core.errors import RequestError, quoted
from pip_variants.core.properties import OrderedFeatures, ordered_features

from . import level_zero, render_nodes
from .level_zero import DeviceIp, Gpu
from .result import ProviderResult

FORCE_DEVICE_IP = "INTEL_VARIANT_PROVIDER_FORCE_DEVICE_IP"

_MASK = "ZE_AFFINITY_MASK"
# The base of each device IP, newest first; None: it is one itself, or has none.
_BASES: Mapping[str, str | None] = {
    # From 30.3.1 on 0.0.3 lacks them; they are in the published sources behind it.
    "35.11.0": None,  # Crescent Island
    "35.10.4": None,  # Nova Lake-P
    "30.5.4": "30.0.4",  # Nova Lake-U, -H
    "30.4.4": "30.0.4",  # Nova Lake-S, -HX
    "30.3.1": "30.0.4",  # Wildcat Lake
    "30.1.0": "30.0.4",  # Panther Lake-U
    "30.0.4": None,  # Panther Lake-H
    "20.4.4": "20.1.0",  # Lunar Lake
    "20.2.0": "20.1.0",  # Battlemage G31
    "20.1.0": None,  # Battlemage G21: Arc B580, B570, Pro B50, Pro B60
    "12.74.4": None,  # Arrow Lake-H
    "12.71.4": "12.70.4",  # Meteor Lake-H
    "12.70.4": None,  # Meteor Lake-U, Arrow Lake-U, -S
    # The published table lacks it, and hides a GPU that compute-runtime has as one of its own.
    "12.61.7": None,  # Data Center GPU Max 1550VG
    "12.60.7": None,  # Data Center GPU Max
    "12.57.0": "12.55.8",  # Alchemist G12: Arc Pro A60
    "12.56.5": "12.55.8",  # Alchemist G11: Arc A380, A310, Data Center GPU Flex 140
    "12.55.8": None,  # Alchemist G10: Arc A770, A750, A580, Data Center GPU Flex 170
    "12.10.0": None,  # Iris Xe MAX
    "12.4.0": None,  # Alder Lake-N
    "12.3.0": None,  # Alder Lake-P, Raptor Lake-P
    "12.2.0": None,  # Alder Lake-S, Raptor Lake-S
    "12.1.0": None,  # Rocket Lake
    "12.0.0": None,  # Tiger Lake
}
_is_device_ip = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){2}", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class IntelFacts:
    """The GPUs of Intel in this machine, or the device IP that the user ``forced``.

    ``problem`` is a short sentence about what could not be read. ``unusable`` are sentences about
    further GPUs that this process cannot open. ``age``: seconds since the driver was queried.
    """

    gpus: tuple[Gpu, ...] = ()
    forced: str | None = None
    problem: str | None = None
    unusable: tuple[str, ...] = ()
    age: float | None = field(default=None, compare=False)


def query(environ: Mapping[str, str], cache: Path | None) -> ProviderResult:
    """Return what this machine supports; raise RequestError for an invalid variable."""
    return detect(read_facts(environ, cache))


def read_facts(environ: Mapping[str, str], cache: Path | None = None) -> IntelFacts:
    """Return the device IP that ``environ`` forces, or the GPUs from the driver by Level Zero.

    Level Zero is not loaded if a device IP is forced, nor where Linux shows no GPU that it could
    use; its result is cached in the folder ``cache``. Raise RequestError for an invalid variable.
    """
    forced = _forced(environ.get(FORCE_DEVICE_IP, ""))
    if forced is not None:
        return IntelFacts(forced=forced)
    if sys.platform == "win32":
        return _queried(environ, cache)
    if sys.platform != "linux":
        return IntelFacts(problem=f"reading Intel GPUs is not supported on {sys.platform}")
    nodes = render_nodes.read()
    possible = [node for node in nodes if node.vendor in (render_nodes.INTEL, None)]
    unusable = tuple(node.problem for node in possible if node.problem is not None)
    is_seen = any(node.vendor == render_nodes.INTEL for node in possible)
    if len(unusable) < len(possible) or level_zero.WSL_DEVICE.exists():
        return _queried(environ, cache, unusable, is_seen=is_seen)
    if not unusable:
        return IntelFacts(problem="no Intel GPU found")
    return IntelFacts(problem=_none(unusable[0], is_seen=is_seen), unusable=unusable[1:])


def _queried(
    environ: Mapping[str, str],
    cache: Path | None,
    unusable: tuple[str, ...] = (),
    *,
    is_seen: bool = False,
) -> IntelFacts:
    """Return what the driver reports; ``is_seen``: Linux shows an Intel GPU."""
    kept = level_zero.driver_facts(cache)
    found = kept.facts
    problem = found.problem or next(iter(unusable), None)
    if not found.gpus:
        problem = _none(problem or "Level Zero lists none", is_seen=is_seen)
        if environ.get(_MASK):
            problem += f"; {_MASK} is {quoted(environ[_MASK])}"
    return IntelFacts(found.gpus, None, problem, unusable, kept.age)


def _none(problem: str, *, is_seen: bool) -> str:
    """Return that no GPU could be read, and why; ``is_seen``: Linux shows one of Intel."""
    return f"there is an Intel GPU, but {problem}" if is_seen else f"no Intel GPU found: {problem}"


def detect(facts: IntelFacts) -> ProviderResult:
    """Return the supported properties of a machine with these facts."""
    if facts.forced is not None:
        return ProviderResult(
            ordered_features([("device_ip", (facts.forced,))]),
            hardware=(f"device IP {facts.forced}, forced by {FORCE_DEVICE_IP}",),
        )
    own = [_dotted(gpu.ip) for gpu in facts.gpus if gpu.ip is not None]
    unknown = [ip for ip in dict.fromkeys(own) if ip not in _BASES]
    pairs = [(ip, _BASES[ip]) for ip in own if ip in _BASES]
    values = dict.fromkeys(value for pair in pairs for value in pair if value is not None)
    reason = facts.problem
    if reason is None and unknown:
        reason = f"the device IP {' and '.join(unknown)} of a GPU is not known"
    elif reason is None and len(own) < len(facts.gpus):
        reason = "the driver does not report the device IP of a GPU; a newer one does"
    return ProviderResult(
        ordered_features([("device_ip", [*values])] if values else []),
        reason,
        unseen=reason is not None,
        hardware=(*_hardware(facts.gpus), *facts.unusable),
        age=facts.age,
    )


def _hardware(gpus: Sequence[Gpu]) -> Iterator[str]:
    """Yield a line for each driver and each GPU; of one with several parts each is listed."""
    for driver in dict.fromkeys(gpu.driver for gpu in gpus if gpu.driver is not None):
        yield f"driver {driver}"
    for gpu in gpus:
        ip = "unknown" if gpu.ip is None else _dotted(gpu.ip)
        yield f"{gpu.name}, device IP {ip}{', integrated' if gpu.integrated else ''}"


def _dotted(ip: DeviceIp) -> str:
    return ".".join(map(str, ip))


def known_features() -> OrderedFeatures:
    """Return every feature, with every value, that has a meaning to this provider."""
    return ordered_features([("device_ip", [*_BASES])])


def _forced(text: str) -> str | None:
    if not text:
        return None
    if _is_device_ip(text) is None:
        form = "is not of the form architecture.release.revision"
        raise RequestError(f"{FORCE_DEVICE_IP}: {quoted(text)} {form}")
    if text not in _BASES:
        known = ", ".join(_BASES)
        raise RequestError(f"{FORCE_DEVICE_IP}: {text} is not one of {known}")
    return text
