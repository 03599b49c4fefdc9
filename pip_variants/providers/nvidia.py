"""The built-in ``nvidia`` provider: the values of ``nvidia-variant-provider`` 0.0.2, in its order.

A *version* is a pair ``(major, minor)``. The CUDA version is the one that the user-mode driver
supports; the capability is the highest compute capability of all GPUs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from pathlib import Path

from pip._vendor.packaging.version import Version as Pep440

from pip_variants.core.errors import RequestError, quoted
from pip_variants.core.properties import OrderedFeatures, ordered_features

from . import nvml
from .result import ProviderResult

Version = tuple[int, int]

FORCE_CUDA = "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION"
FORCE_SM = "NV_VARIANT_PROVIDER_FORCE_SM_ARCH"

_OLDEST_CUDA = 11
_NEWEST_CUDA = 15
_LAST_MINOR = 20
_OLDEST_SM = 5
# Integrated GPUs that do not run code for older ones of their major version ("no kernel image"),
# measured on 8.7 and excepted by PyTorch's own table of what runs where; PTX runs on them.
_WITHOUT_OLDER_CODE = frozenset({(5, 3), (6, 2), (7, 2), (8, 7), (10, 1)})
_FIRST_NAMED_SM, _LAST_NAMED_SM = 3, 20
"""Wheels may name GPUs that are too old to be reported here, and some that are still to come."""
_HIGHEST_PART = 9999
_capability = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class NvidiaFacts:
    """The driver and the GPUs of this machine.

    ``forced``: the user set the CUDA version. ``hardware``: lines for people. ``age``: seconds
    since the driver was queried.
    """

    cuda: Version | None = None
    capability: Version | None = None
    forced: bool = False
    problem: str | None = None
    hardware: tuple[str, ...] = field(default=(), compare=False)
    age: float | None = field(default=None, compare=False)


def query(environ: Mapping[str, str], cache: Path | None) -> ProviderResult:
    """Return what this machine supports; raise RequestError for an invalid variable."""
    facts = read_facts(environ, cache)
    return replace(detect(facts), hardware=facts.hardware, age=facts.age)


def read_facts(environ: Mapping[str, str], cache: Path | None = None) -> NvidiaFacts:
    """Return the facts that ``environ`` forces, and the others from the driver through NVML.

    NVML is not loaded if both are forced; its result is cached in the folder ``cache``. Raise
    RequestError for an invalid variable.
    """
    cuda = _forced_cuda(environ.get(FORCE_CUDA, ""))
    capability = _forced_capability(environ.get(FORCE_SM, ""))
    forced = _forced_lines(cuda, capability)
    if cuda is not None and capability is not None:
        return NvidiaFacts(cuda, capability, forced=True, hardware=forced)
    kept = nvml.driver_facts(cache)
    found = kept.facts
    return NvidiaFacts(
        cuda=cuda or found.cuda,
        capability=capability or max(found.capabilities, default=None),
        forced=cuda is not None,
        problem=found.problem,
        hardware=(*forced, *hardware(found)),
        age=kept.age,
    )


def hardware(found: nvml.DriverFacts) -> tuple[str, ...]:
    """Return a line for people about the driver, and one about each GPU, readable or not."""
    lines = []
    if found.cuda is not None:
        lines.append(f"driver {found.driver}".rstrip() + f" with CUDA {_dotted(found.cuda)}")
    gpus = zip(chain(found.names, repeat("")), found.capabilities, strict=False)
    lines += [f"{name or 'GPU'}, compute capability {_dotted(version)}" for name, version in gpus]
    return (*lines, *found.unread)


def _forced_lines(cuda: Version | None, capability: Version | None) -> tuple[str, ...]:
    forced = (("CUDA", cuda, FORCE_CUDA), ("compute capability", capability, FORCE_SM))
    return tuple(
        f"{what} {_dotted(version)}, forced by {variable}"
        for what, version, variable in forced
        if version is not None
    )


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))


def detect(facts: NvidiaFacts) -> ProviderResult:
    """Return the supported properties of a machine with these facts."""
    if facts.cuda is None:
        return ProviderResult(reason=_missing(facts, "no NVIDIA driver found"), unseen=True)
    major, minor = facts.cuda
    if not facts.forced and not ((_OLDEST_CUDA, 0) <= facts.cuda <= (_NEWEST_CUDA, _LAST_MINOR)):
        outside = (
            f"the driver supports CUDA {major}.{minor}, outside"
            f" {_OLDEST_CUDA}.0 to {_NEWEST_CUDA}.{_LAST_MINOR}"
        )
        return ProviderResult(reason=outside, warnings=(outside,))
    features = [
        ("cuda_version_lower_bound", _lower_bounds(major, minor)),
        ("cuda_version_upper_bound", _upper_bounds(major, minor)),
    ]
    reason = None
    warnings: tuple[str, ...] = ()
    if facts.capability is None:
        reason = _missing(facts, "no readable NVIDIA GPU")
    elif facts.capability < (_OLDEST_SM, 0):
        reason = f"compute capability {_dotted(facts.capability)} is below {_OLDEST_SM}.0"
        warnings = (reason,)
    else:
        features.append(("sm_arch", _architectures(*facts.capability)))
    supported = ordered_features((name, values) for name, values in features if values)
    return ProviderResult(supported, reason, warnings, unseen=facts.capability is None)


def _missing(facts: NvidiaFacts, reason: str) -> str:
    """Return why a fact is missing; if the user forced only the other, that this one is needed."""
    reason = facts.problem or reason
    if facts.cuda is None and facts.capability is not None:
        return f"{reason}, and {FORCE_SM} alone is not enough: {FORCE_CUDA} is needed too"
    if facts.forced:
        return f"{reason}, and {FORCE_CUDA} alone is not enough: {FORCE_SM} is needed too"
    return reason


def known_features() -> OrderedFeatures:
    """Return every feature, with every value, that has a meaning to this provider."""
    majors = range(_FIRST_NAMED_SM, _LAST_NAMED_SM + 1)
    return ordered_features(
        [
            ("cuda_version_lower_bound", _lower_bounds(_NEWEST_CUDA, _LAST_MINOR)),
            ("cuda_version_upper_bound", _upper_bounds(_OLDEST_CUDA, 0)),
            ("sm_arch", [name for major in majors for name in _architectures(major, 9)]),
        ]
    )


def _lower_bounds(major: int, minor: int) -> tuple[str, ...]:
    """Return every lower bound that a wheel may have, newest first."""
    if major < _OLDEST_CUDA:
        return ()
    values = [*_minors(major, minor, 0), str(major)]
    for older in range(major - 1, _OLDEST_CUDA - 1, -1):
        values += [*_minors(older, _LAST_MINOR, 0), str(older)]
    return tuple(values)


def _upper_bounds(major: int, minor: int) -> tuple[str, ...]:
    """Return every upper bound (exclusive) that a wheel may have, loosest first."""
    values = []
    for newer in range(_NEWEST_CUDA, major, -1):
        values += [*_minors(newer, _LAST_MINOR, 0), str(newer)]
    return (*values, *_minors(major, _LAST_MINOR, minor + 1))


def _architectures(major: int, minor: int) -> tuple[str, ...]:
    """Return what a GPU runs, best first, as the published provider does but for some GPUs.

    On those its order would take code that does not run before PTX that does.
    """
    own, *older = [f"{major}{i}_real" for i in range(minor, -1, -1)]
    virtual = f"{major}0_virtual"
    if (major, minor) in _WITHOUT_OLDER_CODE:
        return (own, virtual, *older)
    return (own, *older, virtual)


def _minors(major: int, first: int, last: int) -> list[str]:
    return [f"{major}.{i}" for i in range(first, last - 1, -1)]


def _forced_cuda(text: str) -> Version | None:
    if not text:
        return None
    try:
        release = Pep440(text).release
    except ValueError:  # InvalidVersion, or a number of thousands of digits
        raise RequestError(f"{FORCE_CUDA}: {quoted(text)} is not a version") from None
    major, minor = (*release, 0)[:2]
    if max(major, minor) > _HIGHEST_PART:
        raise RequestError(f"{FORCE_CUDA}: {quoted(text)} is not a version of CUDA")
    return major, minor


def _forced_capability(text: str) -> Version | None:
    if not text:
        return None
    match = _capability(text)
    if match is None:
        raise RequestError(f"{FORCE_SM}: {quoted(text)} is not of the form major.minor")
    return int(match[1]), int(match[2])
