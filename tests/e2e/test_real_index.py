"""torch 2.8.0 out of recorded real indexes, where they are at hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stand_in import IndexServer, RealIndex

from tests.e2e.pips import Machine, Pip, banner, downloaded

DATA = Path(__file__).parents[3] / "shared" / "data" / "real-index"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the recorded indexes are not beside this checkout"
)

# What the recorded JSON says: cu126 >= 12.0, cu128 >= 12.8, cu129 >= 12.9, all from SM 7.0 on.
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
def test_torch(
    pip: Pip,
    real_index: IndexServer,
    machine: Machine,
    label: str,
    lower_bound: str,
    architectures: str,
) -> None:
    """The build that the recorded metadata says is best for the machine is taken."""
    if "linux" not in pip.tag:
        pytest.skip(f"torch 2.8.0 has no variants with the tag {pip.tag}")
    real_index.requests.clear()
    url = f"{real_index.url}simple/"
    said = pip.dry_run(url, "--no-deps", "torch==2.8.0", machine=machine)
    assert (said.last, said.err) == (f"Would install torch-2.8.0-{label}", "")
    assert downloaded(said) == [f"INDEX/simple/torch/torch-2.8.0-TAG-{label}.whl"]
    names = [name if "_" in name else f"{name}_real" for name in architectures.split()]
    bound = [f"nvidia :: cuda_version_lower_bound :: {lower_bound}"] if lower_bound else []
    assert banner(label, *bound, *(f"nvidia :: sm_arch :: {name}" for name in names)) in said.out
    assert real_index.asked() == [
        "/simple/torch/",
        "/simple/torch/torch-2.8.0-variants.json",
        f"/simple/torch/torch-2.8.0-{pip.tag}-{label}.whl",
    ]
