"""torch with labels that differ by architecture and static priority: what each machine selects."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from pip_variants.formats.reader import read
from tests.e2e.engine import select_for, wheels_of
from tests.e2e.pips import (
    INDEX_LINE,
    NO_AMD_GPU,
    QUERYING,
    Machine,
    Output,
    Pip,
    installed_label,
    needs_driver,
    needs_intel_gpu,
    null_banner,
    request_lines,
    title,
    would_download,
)
from tests.e2e.traps import (
    CELLS,
    CUDA_VERSIONS,
    REPRESENTATIVE,
    SM_VERSIONS,
    TORCH,
    document,
    nvidia,
    torch_names,
    write_release,
)
from tests.support.stand_in import IndexServer, write_simple_index


def test_table_has_each_version_and_machine_once() -> None:
    """The table has each version, CUDA version and compute capability exactly once."""
    machines = [
        Machine(cuda, sm) for cuda, sm in product(CUDA_VERSIONS.split(), SM_VERSIONS.split())
    ]
    every = set(product(("2.8.0", "2.9.0", "2.10.0"), machines))
    assert len(CELLS) == len(every) == 180
    assert {cell[:2] for cell in CELLS} == every


@pytest.mark.parametrize(
    ("version", "machine", "label"),
    [pytest.param(*cell, id=f"{cell[0]}-{cell[1].cuda}-{cell[1].sm}") for cell in CELLS],
)
def test_machine_selects_the_expected_torch_label(
    version: str, machine: Machine, label: str
) -> None:
    """T14: the label that follows from the rules is selected for each machine."""
    wheels = wheels_of(torch_names(version, "cp313-cp313-manylinux_2_28_x86_64"))
    selection = select_for(machine, read(TORCH[version]), wheels)
    assert selection.ranked[0].wheel.label == label


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
def test_torch_labels_are_in_the_expected_order(machine: Machine, order: list[str]) -> None:
    """T14: variants are ordered by bound, architecture and static priority, null last."""
    wheels = wheels_of(torch_names("2.9.0", "cp313-cp313-manylinux_2_28_x86_64"))
    found = select_for(machine, read(TORCH["2.9.0"]), wheels)
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
    metadata = read(document({"cuda": nvidia("12.0", architecture)}))
    found = select_for(Machine("12.9", "8.9"), metadata, wheels_of({"a.whl": "cuda"}))
    assert bool(found.ranked) is runs


@pytest.fixture(scope="module")
def torch_index(tmp_path_factory: pytest.TempPathFactory, tag: str) -> Iterator[IndexServer]:
    """Return a server of the three versions of torch, with a wheel of this machine's tag each."""
    root = tmp_path_factory.mktemp("index")
    names = ((version, torch_names(version, tag)) for version in TORCH)
    files = [write_release(root / "files", found, TORCH[version]) for version, found in names]
    write_simple_index(root, {"torch": [file for release in files for file in release]})
    with IndexServer(root) as server:
        yield server


@pytest.mark.parametrize(
    ("version", "machine", "label"),
    REPRESENTATIVE,
    ids=[f"{cell[0]}-{cell[1].cuda}-{cell[1].sm}" for cell in REPRESENTATIVE],
)
def test_pip_selects_the_expected_torch_label(
    pip: Pip, torch_index: IndexServer, version: str, machine: Machine, label: str
) -> None:
    """T14: pip selects what the table has, and sends no other request."""
    assert (version, machine, label) in CELLS
    torch_index.requests.clear()
    output = pip.dry_run(f"{torch_index.url}simple/", f"torch=={version}", machine=machine)
    assert (output.last_line, output.stderr) == (f"Would install torch-{version}-{label}", "")
    assert request_lines(torch_index) == [
        "GET /simple/torch/ 200",
        f"GET /files/torch-{version}-variants.json 200",
        f"GET /files/torch-{version}-{pip.tag}-{label}.whl 206",
    ]


OLD_CUDA = Machine("11.8", "8.0")


def run_with_amd(pip: Pip, gfx: str, rocm: str, *args: str, status: int = 0) -> Output:
    """Run pip where these architectures and this version of ROCm are forced."""
    return pip.run(
        *args,
        machine=OLD_CUDA,
        status=status,
        AMD_VARIANT_PROVIDER_FORCE_GFX_ARCH=gfx,
        AMD_VARIANT_PROVIDER_FORCE_ROCM_VERSION=rocm,
    )


def test_pip_installs_the_build_for_an_amd_gpu_and_keeps_it(
    own_pip: Pip, torch_index: IndexServer
) -> None:
    """rocm7.1 for that GPU and that ROCm; it stays where nothing of the kind is seen."""
    install = ("install", "--index-url", f"{torch_index.url}simple/", "torch==2.10.0")
    output = run_with_amd(own_pip, "gfx942", "7.1.1", *install)
    assert (output.last_line, output.stderr) == ("Successfully installed torch-2.10.0-rocm7.1", "")
    output = own_pip.run(*install, machine=OLD_CUDA)
    assert NO_AMD_GPU in output.stdout
    assert (installed_label(own_pip), output.stderr) == ("rocm7.1", "")
    run_with_amd(own_pip, "gfx906", "7.1.1", *install)
    assert installed_label(own_pip) == "null"


# Architectures and the version of ROCm, and what would change the choice.
OTHER_AMD = [
    ("gfx942", "7.0.0", "a ROCm 7.1 installation would select rocm7.1"),
    (
        "gfx906;gfx908",
        "7.1.0",
        "an AMD GPU of architecture gfx942 or gfx1100 would select rocm7.1",
    ),
]


def test_explanation_names_the_rocm_or_gpu_that_is_missing(
    pip: Pip, torch_index: IndexServer
) -> None:
    """The null variant is selected, and the hint is in people's words."""
    command = ("variants", "explain", "--index-url", f"{torch_index.url}simple/", "torch==2.10.0")
    for gfx, rocm, hint in OTHER_AMD:
        output = run_with_amd(pip, gfx, rocm, *command)
        assert hint in " ".join(output.stdout.split())


def test_pip_selects_the_build_for_an_intel_gpu(pip: Pip, torch_index: IndexServer) -> None:
    """The label xpu, behind any CUDA variant that fits, and without code of others."""
    url = f"{torch_index.url}simple/"
    for cuda, label in (("11.8", "xpu"), ("13.0", "cuda13.0")):
        machine = Machine(cuda, "8.0", "20.1.0")
        output = pip.dry_run(url, "torch==2.10.0", machine=machine)
        assert (output.last_line, output.stderr) == (f"Would install torch-2.10.0-{label}", "")


THIRD_PARTY = (
    "{0}: its provider ({0}-variant-provider) is third-party code, which is not run without"
    " --trust-variant-provider {0}-variant-provider"
)


def test_new_gpu_without_wheel_gets_null_and_reasons(pip: Pip, torch_index: IndexServer) -> None:
    """T1: a new GPU gets the null variant if the fitting label has no wheel for its platform."""
    url, machine = f"{torch_index.url}simple/", Machine("12.9", "12.0")
    output = pip.dry_run(url, "torch==2.10.0", machine=machine)
    reasons = [
        needs_intel_gpu("12.60.7", "20.1.0"),
        needs_driver("cuda13.0", "13.0", "12.9"),
        NO_AMD_GPU,
    ]
    assert output.stdout == (
        f"{INDEX_LINE}{QUERYING}"
        "Passed over cuda12.6, cuda13.0, rocm7.1 and xpu of torch 2.10.0: "
        f"{'; '.join(reasons)}\n"
        f"{null_banner('torch', '2.10.0', 'null')}"
        "Collecting torch==2.10.0\n"
        f"{would_download('files/torch-2.10.0-TAG-null.whl')}"
        "Would install torch-2.10.0-null\n"
    )
    assert output.stderr == ""


def test_banner_sorts_values_listed_by_number(pip: Pip, torch_index: IndexServer) -> None:
    """T12: the banner sorts as strings what the JSON lists by number."""
    url, machine = f"{torch_index.url}simple/", Machine("13.0", "9.0")
    output = pip.dry_run(url, "torch==2.10.0", machine=machine)
    lines = [
        title("torch", "2.10.0", "cuda13.0"),
        "Variant-property: nvidia :: cuda_version_lower_bound :: 13.0",
        "Variant-property: nvidia :: sm_arch :: 100_real",
        "Variant-property: nvidia :: sm_arch :: 120_real",
        "Variant-property: nvidia :: sm_arch :: 120_virtual",
        "Variant-property: nvidia :: sm_arch :: 75_real",
        "Variant-property: nvidia :: sm_arch :: 80_real",
        "Variant-property: nvidia :: sm_arch :: 86_real",
        "Variant-property: nvidia :: sm_arch :: 90_real",
        "Variant-property: priority :: order :: 1",
        "#" * 80,
    ]
    assert "".join(f"{line}\n" for line in ("", *lines, "")) in output.stdout
