"""The upstream releases that the project patches: as published, and as the build patches them."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hatchling.metadata.core import load_toml

import hatch_build
from tests.support.venvs import once

PATCHES = Path(__file__).parents[2] / "patches"
FACADE = PATCHES / "common" / "_variants"

SERIES = {path.parent.name: path.parent for path in sorted(PATCHES.glob("*/series.toml"))}
"""The folder of each patched release, by its name: ``pip-25.1.1``."""

each_series = pytest.mark.parametrize("series", SERIES)


def patches_of(series: str) -> dict[str, Path]:
    """Return the patches of a release in their order, by name as its series.toml has it."""
    folder = SERIES[series]
    names: list[str] = load_toml(str(folder / "series.toml"))["pip"]["patches"]
    return {name: folder / name for name in names}


@dataclass(frozen=True, slots=True)
class Release:
    """Two folders that can be on the path of an interpreter, each with a package ``pip``."""

    upstream: Path
    patched: Path


def unpacked(shared: Path, series: str) -> Release:
    """Return a release, fetched and patched once for the test run; do not change it."""
    work = once(shared / f"release-{series}", lambda path: _unpack(path, SERIES[series]))
    return Release(work / "upstream", work / "tree" / "pip_variants" / "_vendor")


def _unpack(work: Path, series: Path) -> None:
    work.mkdir()
    hatch_build.assemble(hatch_build.Release(series, load_toml(str(series / "series.toml"))), work)
    pins = [hatch_build.Pin(**entry) for entry in load_toml(str(series / "series.toml"))["vendor"]]
    (pin,) = (pin for pin in pins if pin.unpack == "pip/")
    (wheel,) = (work / pin.requirement).glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(work / "upstream")
