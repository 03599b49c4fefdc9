"""The build that machines of NVIDIA, AMD and Intel select, and those with GPUs of two of them."""

from __future__ import annotations

import pytest

from pip_variants.core.selection import Wheel
from pip_variants.formats.reader import read
from tests.unit.cases import wheel
from tests.unit.vendors import (
    CELLS,
    EXPECTED,
    LINUX,
    RELEASES,
    VARIANTS,
    WITH_WHEELS,
    document,
)


def _wheels(project: str, version: str, platform: tuple[str, str]) -> list[Wheel]:
    """Return a wheel for each label that the release has on this platform."""
    every = " ".join(VARIANTS[project, version])
    labels = WITH_WHEELS.get((project, version, platform), every).split()
    stem = f"{project.replace('-', '_')}-{version}-py3-none-any"
    return [wheel(f"{stem}-{label}.whl", label, i) for i, label in enumerate(labels)]


@pytest.mark.parametrize(
    ("name", "project", "version", "label"),
    [pytest.param(*cell, id=" ".join(cell[:3])) for cell in CELLS],
)
def test_machine_selects_the_expected_label(
    name: str, project: str, version: str, label: str
) -> None:
    """Each vendor's build where it fits, the first of the author's namespaces, or null."""
    hardware, _ = EXPECTED[name]
    wheels = _wheels(project, version, hardware.platform)
    ranked = hardware.select(wheels, read(document(project, version))).ranked
    assert (ranked[0].wheel.label if ranked else "-") == label


# The machine, the order of the namespaces, and all that fits of torch 2.10.0, best first.
ORDERS = [
    pytest.param(
        "RTX 4090 and Arc A770",
        ("nvidia", "intel", "amd", "priority"),
        "cuda12.6 xpu null",
        id="NVIDIA before Intel",
    ),
    pytest.param(
        "RTX 4090 and Arc A770",
        ("intel", "nvidia", "amd", "priority"),
        "xpu cuda12.6 null",
        id="Intel before NVIDIA",
    ),
    pytest.param(
        "RTX 4090 and Arc A770",
        ("priority", "intel", "nvidia", "amd"),
        "cuda12.6 xpu null",
        id="a priority of the author before all",
    ),
    pytest.param(
        "Arc B580 and RX 7900 XTX, ROCm 7.1",
        ("nvidia", "intel", "amd", "priority"),
        "xpu rocm7.1 null",
        id="Intel before AMD",
    ),
    pytest.param(
        "Arc B580 and RX 7900 XTX, ROCm 7.1",
        ("amd", "intel", "nvidia", "priority"),
        "rocm7.1 xpu null",
        id="AMD before Intel",
    ),
]


@pytest.mark.parametrize(("name", "namespaces", "labels"), ORDERS)
def test_order_of_namespaces_decides_between_vendors(
    name: str, namespaces: tuple[str, ...], labels: str
) -> None:
    """Of builds for two GPUs of one machine the author's first namespace is taken (PEP 825)."""
    hardware, _ = EXPECTED[name]
    wheels = _wheels("torch", "2.10.0", LINUX)
    found = hardware.select(wheels, read(document("torch", "2.10.0", namespaces)))
    assert " ".join(str(item.wheel.label) for item in found.ranked) == labels


def test_table_has_machines_of_every_vendor_and_of_two() -> None:
    """Twelve with hardware of at most one vendor, two of two vendors, and each release."""
    vendors = [
        {name.partition("_")[0] for name in hardware.variables} for hardware, _ in EXPECTED.values()
    ]
    assert {len(found) for found in vendors} == {0, 1, 2}
    assert sum(len(found) < 2 for found in vendors) >= 12
    assert sum(len(found) == 2 for found in vendors) >= 2
    assert set.union(*vendors) == {"NV", "INTEL", "AMD"}
    assert len(CELLS) == len(EXPECTED) * len(RELEASES)
