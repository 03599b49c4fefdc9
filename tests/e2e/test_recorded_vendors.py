"""T1, T2, T4, T13, T14, T16: the label of recorded builds for machines of all vendors."""

from __future__ import annotations

import pytest

from pip_variants.formats.reader import read
from tests.e2e.recorded import LINUX_TAGS, recorded, recorded_wheels
from tests.unit.vendors import ARM, CELLS, EXPECTED, LINUX, VARIANTS, WINDOWS, document

TAGS = {
    LINUX: LINUX_TAGS,
    ARM: ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64"),
    WINDOWS: ("win_amd64",),
}


@pytest.mark.parametrize(
    ("name", "project", "version", "label"),
    [pytest.param(*cell, id=" ".join(cell[:3])) for cell in CELLS],
)
def test_machine_selects_the_expected_label(
    name: str, project: str, version: str, label: str
) -> None:
    """The label of the table, among the wheels that were listed for the machine's platform."""
    hardware, _ = EXPECTED[name]
    wheels = recorded_wheels("v0.0.3", project, version, TAGS[hardware.platform])
    ranked = hardware.select(wheels, read(recorded("v0.0.3", project, version))).ranked
    assert (ranked[0].wheel.label if ranked else "-") == label


@pytest.mark.parametrize(("project", "version"), VARIANTS, ids=map(" ".join, VARIANTS))
def test_small_cases_have_the_recorded_facts(project: str, version: str) -> None:
    """The project's own documents have the labels and properties of the recorded ones."""
    found, expected = (
        {variant.label: variant.properties for variant in read(item).variants}
        for item in (document(project, version), recorded("v0.0.3", project, version))
    )
    assert found == expected
