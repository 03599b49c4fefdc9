"""torch in the recorded indexes: the label that each machine selects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product

import pytest

from pip_variants.formats.reader import read
from tests.e2e.engine import select_for, wheels_of
from tests.e2e.pips import Machine, Pip, banner, downloads, request_lines
from tests.e2e.recorded import DATA, recorded, select_recorded
from tests.e2e.traps import CELLS, REPRESENTATIVE
from tests.support.stand_in import IndexServer, RealIndex


@pytest.mark.parametrize(
    ("recording", "version", "machine", "label"),
    [
        pytest.param(name, *cell, id=f"{name}-{cell[0]}-{cell[1].cuda}-{cell[1].sm}")
        for name, cell in product(("v0.0.2", "v0.0.3"), CELLS)
        if (name, cell[0]) != ("v0.0.2", "2.10.0")
    ],
)
def test_recorded_torch_selects_the_expected_label(
    recording: str, version: str, machine: Machine, label: str
) -> None:
    """T14: the label that follows from the rules is selected, in both recorded revisions."""
    assert select_recorded(recording, "torch", version, machine).ranked[0].wheel.label == label


@pytest.mark.parametrize(
    ("version", "machine", "label"),
    REPRESENTATIVE,
    ids=[f"{cell[0]}-{cell[1].cuda}-{cell[1].sm}" for cell in REPRESENTATIVE],
)
def test_pip_selects_the_expected_recorded_label(
    linux_pip: Pip, recorded_index: IndexServer, version: str, machine: Machine, label: str
) -> None:
    """T14: pip selects what the table has, and sends no other request."""
    assert (version, machine, label) in CELLS
    recorded_index.requests.clear()
    output = linux_pip.dry_run(
        f"{recorded_index.url}simple/", "--no-deps", f"torch=={version}", machine=machine
    )
    assert (output.last_line, output.stderr) == (f"Would install torch-{version}-{label}", "")
    assert request_lines(recorded_index) == [
        "GET /simple/torch/ 200",
        f"GET /simple/torch/torch-{version}-variants.json 200",
        f"GET /simple/torch/torch-{version}-{linux_pip.tag}-{label}.whl 206",
    ]


@pytest.mark.parametrize(
    ("machine", "order"),
    [
        # cuda13.0 by its bound; then the architecture 75 of both, then priority 2 before 3.
        (Machine("13.0", "7.5"), ["cuda13.0", "cuda12.8", "cuda12.6", "null"]),
        (Machine("12.9", "8.9"), ["cuda12.8", "cuda12.6", "null"]),
        (Machine("12.9", "12.0"), ["cuda12.8", "null"]),
        (Machine("13.0", "6.1"), ["cuda12.6", "null"]),
    ],
    ids=["13.0-7.5", "12.9-8.9", "12.9-12.0", "13.0-6.1"],
)
def test_recorded_labels_are_in_the_expected_order(machine: Machine, order: list[str]) -> None:
    """T14: variants are ordered by bound, architecture and static priority, null last."""
    found = select_recorded("v0.0.3", "torch", "2.9.0", machine)
    assert [item.wheel.label for item in found.ranked] == order


@pytest.mark.parametrize(
    ("architecture", "runs"),
    [
        ("89_real", True),
        ("86_real", True),
        ("80_real", True),
        ("80_virtual", True),
        ("90_real", False),
        ("86_virtual", False),
        ("75_real", False),
        ("75_virtual", False),
    ],
)
def test_compute_capability_8_9_runs_lower_minors(architecture: str, *, runs: bool) -> None:
    """T15: a capability that no list names runs architectures of lower minors of its major."""
    document = json.loads(json.dumps(recorded("v0.0.3", "torch", "2.9.0")))
    assert "89_real" not in str(document)
    document["variants"] = {"cuda12.8": document["variants"]["cuda12.8"]}
    document["variants"]["cuda12.8"]["nvidia"]["sm_arch"] = [architecture]
    wheels = wheels_of({"a.whl": "cuda12.8"})
    found = select_for(Machine("12.9", "8.9"), read(document), wheels)
    assert bool(found.ranked) is runs


# The bounds of the recorded JSON: cu126 >= 12.0, cu128 >= 12.8, cu129 >= 12.9, all from SM 7.0 on.
MACHINES = {
    Machine("12.9", "7.5"): ("cu129", "12.9", "100 120 120_virtual 70 75 80 86 90"),
    Machine("12.8", "9.0"): ("cu128", "12.8", "100 120 70 75 80 86 90"),
    Machine("12.5", "8.9"): ("cu126", "12.0", "50 60 70 75 80 86 90"),
    Machine("11.8", "8.0"): ("00000000", "", ""),
}


@pytest.fixture(scope="module", params=["v0.0.2", "v0.0.3"])
def real_index(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IndexServer]:
    """Return a server of a recorded index, whose wheels are stand-ins."""
    index = RealIndex(DATA / request.param, tmp_path_factory.mktemp(request.param))
    with IndexServer(index.read) as server:
        yield server


@pytest.mark.parametrize(
    ("machine", "label", "lower_bound", "architectures"),
    [(machine, *expected) for machine, expected in MACHINES.items()],
    ids=[f"{machine.cuda}, {machine.sm}" for machine in MACHINES],
)
def test_recorded_torch_280_selects_the_expected_variant(
    pip: Pip,
    real_index: IndexServer,
    machine: Machine,
    label: str,
    lower_bound: str,
    architectures: str,
) -> None:
    """The variant that the recorded metadata ranks first for the machine is selected."""
    if "linux" not in pip.tag:
        pytest.skip(f"torch 2.8.0 has no variants with the tag {pip.tag}")
    real_index.requests.clear()
    url = f"{real_index.url}simple/"
    output = pip.dry_run(url, "--no-deps", "torch==2.8.0", machine=machine)
    assert (output.last_line, output.stderr) == (f"Would install torch-2.8.0-{label}", "")
    assert downloads(output) == [f"torch-2.8.0-TAG-{label}.whl"]
    names = [name if "_" in name else f"{name}_real" for name in architectures.split()]
    bound = [f"nvidia :: cuda_version_lower_bound :: {lower_bound}"] if lower_bound else []
    assert (
        banner(label, *bound, *(f"nvidia :: sm_arch :: {name}" for name in names)) in output.stdout
    )
    assert real_index.requested() == [
        "/simple/torch/",
        "/simple/torch/torch-2.8.0-variants.json",
        f"/simple/torch/torch-2.8.0-{pip.tag}-{label}.whl",
    ]
