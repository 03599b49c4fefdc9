"""The built-in ``tpu`` provider: ``tpu-variant-provider`` 0.1, whether this is a TPU host.

A TPU is a PCI device of Google with an identifier that JAX knows (``jax/_src/hardware_utils.py``).
Google's network adapters and disks have the same vendor. Like JAX this looks at nothing else:
``/dev/accel*`` and ``/dev/vfio`` are there for other devices, too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pip_variants.core.errors import RequestError, quoted
from pip_variants.core.properties import OrderedFeatures, ordered_features

from ._files import cause, read_text
from .result import ProviderResult

FORCE_PRESENT = "TPU_VARIANT_PROVIDER_FORCE_PRESENT"
DEVICES = "sys/bus/pci/devices"

_ROOT = Path("/")
_MOST_DEVICES = 1 << 16
_GOOGLE = "0x1ae0"
_CHIPS = {
    "0x0027": "TPU v2 or v3",
    "0x0056": "TPU without a public name",
    "0x005e": "TPU v4",
    "0x0062": "TPU v5p",
    "0x0063": "TPU v5e",
    "0x006f": "TPU v6e",
    "0x0076": "TPU7x",
}
_FORCED = {"1": True, "true": True, "yes": True, "0": False, "false": False}


@dataclass(frozen=True, slots=True)
class TpuFacts:
    """The names of the chips of this machine, and why there are none.

    ``forced`` is what the user set in their place, if anything.
    """

    chips: tuple[str, ...] = ()
    problem: str | None = None
    forced: bool | None = None


def query(environ: Mapping[str, str], _: Path | None) -> ProviderResult:
    """Return what this machine supports; raise RequestError for an invalid variable.

    Nothing is kept: to read a few small files takes less time than to look for an older answer.
    """
    return detect(read_facts(environ))


def read_facts(environ: Mapping[str, str], root: Path = _ROOT) -> TpuFacts:
    """Return what ``environ`` forces, or the chips that files below ``root`` show.

    Raise RequestError for an invalid variable.
    """
    text = environ.get(FORCE_PRESENT)
    if text:
        forced = _FORCED.get(text.lower())
        if forced is None:
            allowed = ", ".join(_FORCED)
            raise RequestError(f"{FORCE_PRESENT}: {quoted(text)} is not one of {allowed}")
        return TpuFacts(forced=forced)
    if sys.platform != "linux":
        return TpuFacts(problem=f"reading TPUs is not supported on {sys.platform}")
    try:
        return TpuFacts(tuple(_chips(root / DEVICES)))
    except FileNotFoundError:
        return TpuFacts(problem="this system shows no PCI devices")
    except OSError as error:
        return TpuFacts(problem=f"the PCI devices could not be read: {cause(error)}")


def detect(facts: TpuFacts) -> ProviderResult:
    """Return the supported properties of a machine with these facts."""
    present = bool(facts.chips) if facts.forced is None else facts.forced
    is_unseen = facts.forced is None and not present
    return ProviderResult(
        ordered_features([("present", [str(present).lower()])]),
        (facts.problem or "no TPU found") if is_unseen else None,
        unseen=is_unseen,
        hardware=facts.chips if facts.forced is None else (_forced_line(present=present),),
    )


def known_features() -> OrderedFeatures:
    """Return every feature, with every value, that ``detect`` can return."""
    return ordered_features([("present", ("true", "false"))])


def _forced_line(*, present: bool) -> str:
    return f"{'a TPU' if present else 'no TPU'}, forced by {FORCE_PRESENT}"


def _chips(folder: Path) -> Iterator[str]:
    """Yield the name of each chip among the PCI devices."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in islice(entries, _MOST_DEVICES))
    for name in names:
        if _identifier(folder / name / "vendor") == _GOOGLE:
            chip = _CHIPS.get(_identifier(folder / name / "device"))
            if chip is not None:
                yield chip


def _identifier(path: Path) -> str:
    try:
        return read_text(path).strip()
    except OSError:  # removed meanwhile
        return ""
