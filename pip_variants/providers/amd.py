"""The built-in ``amd`` provider: the features of ``amd-variant-provider`` 0.0.2, in its order.

The published provider runs ``rocminfo``, and one GPU that its list lacks (gfx950, gfx1150, gfx1151)
hides all of them. Here each counts that the kernel reports, even one that no list has yet. The
order of the GPUs is that of ROCm, so the one that programs use by default comes first, as with
``rocm-bootstrap``. The published provider sorts their names: the gfx1036 in a CPU before a gfx1100.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pip_variants.core.errors import RequestError, printable, quoted, shortened
from pip_variants.core.properties import OrderedFeatures, ordered_features

from . import gfx
from ._files import cause, read_text
from ._kfd import ROOT, GpuFacts
from .result import ProviderResult

FORCE_ROCM = "AMD_VARIANT_PROVIDER_FORCE_ROCM_VERSION"
ROCM_PATH = "ROCM_PATH"

_DEFAULT_FOLDER = "opt/rocm"
_NAMED_MAJORS = range(9, 4, -1)
_NAMED_MINORS = range(20, -1, -1)
"""Wheels name versions of the past, and some that are still to come."""

_forced_version = re.compile(r"\s*([0-9]{1,4})\.([0-9]{1,4})\.[0-9]{1,6}\s*", re.ASCII).fullmatch
_installed_version = re.compile(r"\s*([0-9]{1,4})\.([0-9]{1,4})(?![0-9])", re.ASCII).match


@dataclass(frozen=True, slots=True)
class RocmFacts:
    """The version of ROCm as (major, minor), and where it is from: a folder or a variable.

    ``problem`` says why there is no version.
    """

    version: tuple[int, int] | None = None
    origin: str = ""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class AmdFacts:
    """The GPUs and the ROCm of this machine; ``rocm`` is None if the provider reports none."""

    gpus: GpuFacts
    rocm: RocmFacts | None = None


def query(environ: Mapping[str, str], _: Path | None) -> ProviderResult:
    """Return what this machine supports; raise RequestError for an invalid variable.

    Nothing is kept: to read a few small files takes less time than to look for an older answer.
    """
    return detect(read_facts(environ))


def read_facts(environ: Mapping[str, str], root: Path = ROOT) -> AmdFacts:
    """Return the facts that ``environ`` forces, and the others from files below ``root``.

    Raise RequestError for an invalid variable.
    """
    readers = (gfx.forced_amd, gfx.forced_bootstrap)
    return AmdFacts(gfx.gpu_facts(environ, readers, root), _read_rocm(environ, root))


def detect(facts: AmdFacts) -> ProviderResult:
    """Return the supported properties of a machine with these facts."""
    rocm = facts.rocm
    version = rocm.version if rocm is not None else None
    features = (
        ("gfx_arch", dict.fromkeys(gpu.target for gpu in facts.gpus.gpus)),
        ("rocm_version", [] if version is None else [_text(version)]),
    )
    return ProviderResult(
        ordered_features((name, values) for name, values in features if values),
        _missing(facts),
        # A build for the ROCm of another machine stays where there is none, too.
        unseen=not facts.gpus.gpus or (rocm is not None and version is None),
        hardware=tuple(_hardware(facts)),
    )


def known_features() -> OrderedFeatures:
    """Return every feature, with every value, that has a meaning to this provider."""
    versions = [_text((major, minor)) for major in _NAMED_MAJORS for minor in _NAMED_MINORS]
    targets = (*gfx.TARGETS, *gfx.PAST)
    return ordered_features([("gfx_arch", targets), ("rocm_version", versions)])


def _missing(facts: AmdFacts) -> str | None:
    """Return why a feature is missing; if the user forced only the other, what is needed too."""
    rocm = facts.rocm
    if not facts.gpus.gpus:
        reason = "; ".join(facts.gpus.problems) or "no AMD GPU found"
        is_forced = rocm is not None and rocm.origin == FORCE_ROCM
        forced, needed = FORCE_ROCM if is_forced else None, gfx.FORCE_AMD
    elif rocm is not None and rocm.problem is not None:
        reason, forced, needed = rocm.problem, facts.gpus.forced, FORCE_ROCM
    else:
        return None
    if forced is None:
        return reason
    return f"{reason}, and {forced} alone is not enough: {needed} is needed too"


def _hardware(facts: AmdFacts) -> Iterator[str]:
    """Yield a line for each GPU, for what hides others, and for ROCm."""
    forced = f", forced by {facts.gpus.forced}" if facts.gpus.forced else ""
    for gpu in facts.gpus.gpus:
        named = "" if forced else f"{gpu.name or 'GPU'}, "
        yield f"{named}architecture {gpu.target}{forced}"
    if facts.gpus.gpus:
        yield from facts.gpus.problems
    if facts.rocm is not None and facts.rocm.version is not None:
        version, origin = _text(facts.rocm.version), facts.rocm.origin
        yield f"ROCm {version}{', forced by' if origin == FORCE_ROCM else ' in'} {origin}"


def _read_rocm(environ: Mapping[str, str], root: Path) -> RocmFacts:
    """Return the version that is forced, or that of the first installation that has one."""
    forced = environ.get(FORCE_ROCM)
    if forced:
        match = _forced_version(forced)
        if match is None:
            raise RequestError(f"{FORCE_ROCM}: {quoted(forced)} is not of the form 7.0.0")
        return RocmFacts((int(match[1]), int(match[2])), FORCE_ROCM)
    if sys.platform != "linux":
        return RocmFacts(problem=f"reading the version of ROCm is not supported on {sys.platform}")
    named = environ.get(ROCM_PATH)
    folders = [Path(named)] if named else []
    problem = "no installation of ROCm found"
    for folder in (*folders, root / _DEFAULT_FOLDER):
        try:
            text = read_text(folder / ".info/version")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            problem = f"the version of ROCm could not be read: {cause(error)}"
            continue
        match = _installed_version(text)
        if match is not None:
            origin = shortened(printable(str(folder)))
            return RocmFacts((int(match[1]), int(match[2])), origin)
        problem = f"{quoted(text.strip())} is not a version of ROCm"
    return RocmFacts(problem=problem)


def _text(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
