"""The targets of AMD GPUs, and the variables with which a user names those of a machine.

Two packages of providers report them, each with a variable of its own. What a user sets is about
the machine, so either holds for both; that of the package which a wheel names comes first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pip_variants.core.errors import RequestError, quoted

from . import _kfd
from ._kfd import Gpu, GpuFacts
from .cpu import words

FORCE_AMD = "AMD_VARIANT_PROVIDER_FORCE_GFX_ARCH"
FORCE_BOOTSTRAP = "ROCM_BOOTSTRAP_FORCE_GFX_ARCH"
DISABLE = "ROCM_BOOTSTRAP_DISABLE_DETECTION"

TARGETS = words(
    """
    gfx900 gfx902 gfx904 gfx906 gfx908 gfx909 gfx90a gfx90c gfx942 gfx950
    gfx1010 gfx1011 gfx1012 gfx1013
    gfx1030 gfx1031 gfx1032 gfx1033 gfx1034 gfx1035 gfx1036
    gfx1100 gfx1101 gfx1102 gfx1103 gfx1150 gfx1151 gfx1152 gfx1153
    gfx1200 gfx1201 gfx1250 gfx1251
    """
)
"""Those of ``rocm-bootstrap`` 0.3.0, in its order."""

PAST = words("gfx803 gfx940 gfx941")
"""Those that builds of the past name as well."""

# Targets that share the package of another, whose name is the value.
_OWNERS = {"gfx1250-strict": "gfx1250"}

_is_target = re.compile(r"gfx[a-z0-9_.]{1,60}", re.ASCII).fullmatch

_Reader = Callable[[Mapping[str, str]], "GpuFacts | None"]


def gpu_facts(
    environ: Mapping[str, str], readers: Sequence[_Reader], root: Path = _kfd.ROOT
) -> GpuFacts:
    """Return the GPUs of the first reader that has an answer, or those of this machine.

    Raise RequestError for an invalid variable.
    """
    for reader in readers:
        facts = reader(environ)
        if facts is not None:
            return facts
    return _kfd.read_gpus(environ, root)


def forced_amd(environ: Mapping[str, str]) -> GpuFacts | None:
    """Return the GPUs that the variable of ``amd-variant-provider`` names, or None.

    A list with commas, semicolons or spaces. It may have targets that are not known here.
    """
    text = environ.get(FORCE_AMD)
    if not text:
        return None
    names = [name for name in re.split(r"[,;\s]+", text) if name]
    return _forced(FORCE_AMD, text, {name: name for name in names if _is_target(name)}, names)


def forced_bootstrap(environ: Mapping[str, str]) -> GpuFacts | None:
    """Return the GPUs that the variables of ``rocm-bootstrap`` name or switch off, or None.

    A list with commas of targets that are known.
    """
    if environ.get(DISABLE) == "1":
        return GpuFacts(problems=(f"{DISABLE} is set",))
    text = environ.get(FORCE_BOOTSTRAP)
    if not text:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    return _forced(FORCE_BOOTSTRAP, text, {name: name for name in TARGETS} | _OWNERS, names)


def _forced(variable: str, text: str, values: Mapping[str, str], names: Sequence[str]) -> GpuFacts:
    """Return the GPUs with these names, whose values are the targets."""
    unknown = [name for name in names if name not in values]
    if unknown:
        raise RequestError(f"{variable}: {quoted(unknown[0])} is not an architecture of AMD GPUs")
    if not names:
        raise RequestError(f"{variable}: {quoted(text)} names no architecture")
    targets = dict.fromkeys(values[name] for name in names)
    return GpuFacts(tuple(map(Gpu, targets)), forced=variable)
