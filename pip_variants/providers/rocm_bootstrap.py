"""The ``amd`` provider for wheels that name ``rocm-bootstrap`` 0.3.0: targets of GPUs alone.

The published provider fails where one GPU is not in its table, or is another job's; here the others
count, and one that is newer. It counts GPUs that cannot be used, as in a container without
``/dev/kfd``, and those that ROCm does not show; here they do not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pip_variants.core.properties import OrderedFeatures

from . import amd, gfx
from ._kfd import ROOT
from .amd import AmdFacts
from .result import ProviderResult


def query(environ: Mapping[str, str], _: Path | None) -> ProviderResult:
    """Return what this machine supports; raise RequestError for an invalid variable."""
    return amd.detect(read_facts(environ))


def read_facts(environ: Mapping[str, str], root: Path = ROOT) -> AmdFacts:
    """Return the GPUs that ``environ`` forces, or those that files below ``root`` show.

    Raise RequestError for an invalid variable.
    """
    return AmdFacts(gfx.gpu_facts(environ, (gfx.forced_bootstrap, gfx.forced_amd), root))


def known_features() -> OrderedFeatures:
    """Return every feature, with every value, that has a meaning to this provider."""
    return tuple(item for item in amd.known_features() if item[0] == "gfx_arch")
