"""The traps in recorded real metadata, each named as in the table that comes with the recordings.

What a build needs, and what a machine supports, follows from the JSON and the rules by hand; no
expectation here was recorded from the program.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from stand_in import IndexServer, RealIndex, WheelName

from pip_variants.markers import Environment, bound
from pip_variants.providers.asking import Asking
from pip_variants.providers.chain import Chain
from pip_variants.readers import read, read_text
from pip_variants.selection import Selection, Wheel, needed_namespaces, select
from pip_variants.supported import Support
from tests.e2e.pips import (
    FORCE_CUDA,
    FORCE_SM,
    NEW,
    QUERYING,
    THIS,
    Machine,
    Pip,
    asked,
    without_driver,
)
from tests.e2e.recorded import DATA, needs_data, recorded, write_dependents

pytestmark = needs_data

LOOKING = "Looking in indexes: INDEX/simple/\n"
NOBODY = Machine("bad", "bad")
"""A machine on which asking the nvidia provider would be an error."""

LINUX = {"platform_system": "Linux", "platform_machine": "x86_64"}
ARM = {"platform_system": "Linux", "platform_machine": "aarch64"}
FOR_LINUX = ("manylinux_2_28_x86_64", "linux_x86_64")

newer_python = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="these versions have no wheel for Python 3.10"
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexServer]:
    """Return a server of the recorded index of January 2026, whose wheels are stand-ins."""
    real = RealIndex(DATA / "v0.0.3", tmp_path_factory.mktemp("stand-ins"))
    with IndexServer(real.read) as server:
        yield server


@pytest.fixture
def linux(pip: Pip) -> Pip:
    """Return the patched pip, if this machine is one that the recorded Linux wheels fit."""
    if not pip.tag.endswith("-manylinux_2_28_x86_64") or sys.version_info >= (3, 14):
        pytest.skip(f"not every recorded version has wheels for {pip.tag}")
    return pip


def title(project: str, version: str, label: str) -> str:
    """Return the first line of a banner."""
    return f" {project}=={version}; variant_hash={label} ".center(80, "#")


def null_banner(project: str, version: str, label: str) -> str:
    """Return the banner of a null variant, with the empty lines around it."""
    return f"\n{title(project, version, label)}\n{'#' * 80}\n\n"


def environ(machine: Machine) -> dict[str, str]:
    """Return the variables that describe a machine to the nvidia provider."""
    return {FORCE_CUDA: machine.cuda, FORCE_SM: machine.sm}


def wheels(recording: str, project: str, version: str) -> list[Wheel]:
    """Return the wheels of a version that fit a Linux machine with CPython 3.13 by their tags."""
    listed = json.loads((DATA / recording / project / "files.json").read_text())
    names = [entry["filename"] for entry in listed if entry["filename"].endswith(".whl")]
    parsed = [(name, WheelName.parse(name)) for name in names]
    fitting = [
        (name, parts.label)
        for name, parts in parsed
        if parts.version == version
        and parts.python in ("cp313", "py3")
        and parts.abi in ("cp313", "none")
        and set(parts.platform.split(".")) & set(FOR_LINUX)
    ]
    return [Wheel(name, label, place) for place, (name, label) in enumerate(fitting)]


def selected(
    recording: str,
    project: str,
    version: str,
    machine: Machine,
    known: Mapping[str, Support] | None = None,
) -> Selection:
    """Return the selection among those wheels; of the namespaces in `known` nobody is asked."""
    found = wheels(recording, project, version)
    metadata = read(recorded(recording, project, version))
    chain = Chain(Asking(environ(machine)), marker_environment=LINUX)
    supports = chain.ask(needed_namespaces(found, metadata), metadata.providers)
    return select(found, metadata, {**supports, **(known or {})})


# T14, T15, T1: torch for 6 CUDA versions x 10 compute capabilities.

CUDA = "11.8 12.5 12.6 12.8 12.9 13.0"
SM = "5.0 6.1 7.0 7.5 8.0 8.6 8.9 9.0 10.0 12.0"

TORCH = [
    # 2.8.0. Lower bounds: cu126 12.0, cu128 12.8, cu129 12.9. The highest bound that the driver
    # reaches is the best, as the provider lists newer versions first, also those of older majors
    # for 13.0. cu126 has 50, 60 and 70-90; cu128 and cu129 have 70-90, 100 and 120.
    # 11.8 reaches no bound:
    ("2.8.0", "11.8", SM, "00000000"),
    # 12.5 and 12.6 reach that of cu126 alone, which has neither 100 nor 120 (and 10.0 and 12.0 do
    # not run what is built for 9.0, another major capability):
    ("2.8.0", "12.5 12.6", "5.0 6.1 7.0 7.5 8.0 8.6 8.9 9.0", "cu126"),
    ("2.8.0", "12.5 12.6", "10.0 12.0", "00000000"),
    # 12.8: cu128 is better wherever it fits, hence not for 50 and 60 (6.1 runs 60):
    ("2.8.0", "12.8", "5.0 6.1", "cu126"),
    ("2.8.0", "12.8", "7.0 7.5 8.0 8.6 8.9 9.0 10.0 12.0", "cu128"),
    # 12.9 and 13.0: likewise cu129:
    ("2.8.0", "12.9 13.0", "5.0 6.1", "cu126"),
    ("2.8.0", "12.9 13.0", "7.0 7.5 8.0 8.6 8.9 9.0 10.0 12.0", "cu129"),
    # 2.9.0. Lower bounds: cuda12.6 and cuda12.8 12.0, cuda13.0 13.0. cuda12.6 has 50, 60, 70-90;
    # cuda12.8 70-90, 100, 120; cuda13.0 75-90, 100, 120.
    ("2.9.0", "11.8", SM, "null"),
    # 12.x: equal bounds, so the architectures: 50 and 60 has cuda12.6 alone, 100 and 120 cuda12.8
    # alone. Between, the best architecture of both is the same (8.9 runs 86, which both have), and
    # the static priority decides: 2 comes before 3.
    ("2.9.0", "12.5 12.6 12.8 12.9", "5.0 6.1", "cuda12.6"),
    ("2.9.0", "12.5 12.6 12.8 12.9", "7.0 7.5 8.0 8.6 8.9 9.0 10.0 12.0", "cuda12.8"),
    # 13.0: cuda13.0 from 7.5 on, which has no 70; below it is as with 12.x:
    ("2.9.0", "13.0", "5.0 6.1", "cuda12.6"),
    ("2.9.0", "13.0", "7.0", "cuda12.8"),
    ("2.9.0", "13.0", "7.5 8.0 8.6 8.9 9.0 10.0 12.0", "cuda13.0"),
    # 2.10.0: as 2.9.0, but that nobody has uploaded a cuda12.8 for Linux x86_64 (T1): what it would
    # get falls to cuda12.6, and 100 and 120 with a 12.x driver to null.
    ("2.10.0", "11.8", SM, "null"),
    ("2.10.0", "12.5 12.6 12.8 12.9", "5.0 6.1 7.0 7.5 8.0 8.6 8.9 9.0", "cuda12.6"),
    ("2.10.0", "12.5 12.6 12.8 12.9", "10.0 12.0", "null"),
    ("2.10.0", "13.0", "5.0 6.1 7.0", "cuda12.6"),
    ("2.10.0", "13.0", "7.5 8.0 8.6 8.9 9.0 10.0 12.0", "cuda13.0"),
]
CELLS = [
    (version, Machine(cuda, sm), label)
    for version, many_cuda, many_sm, label in TORCH
    for cuda, sm in product(many_cuda.split(), many_sm.split())
]


def test_the_table_is_complete() -> None:
    """Every version, CUDA version and compute capability is in the table exactly once."""
    machines = [Machine(cuda, sm) for cuda, sm in product(CUDA.split(), SM.split())]
    every = set(product(("2.8.0", "2.9.0", "2.10.0"), machines))
    assert len(CELLS) == len(every) == 180
    assert {cell[:2] for cell in CELLS} == every


@pytest.mark.parametrize(
    ("recording", "version", "machine", "label"),
    [
        pytest.param(name, *cell, id=f"{name}-{cell[0]}-{cell[1].cuda}-{cell[1].sm}")
        for name, cell in product(("v0.0.2", "v0.0.3"), CELLS)
        if (name, cell[0]) != ("v0.0.2", "2.10.0")
    ],
)
def test_t14_label_for_a_machine(
    recording: str, version: str, machine: Machine, label: str
) -> None:
    """The best build is the one that follows from the rules, in both recorded revisions."""
    assert selected(recording, "torch", version, machine).ranked[0].wheel.label == label


REPRESENTATIVE = [
    ("2.8.0", Machine("12.5", "9.0"), "cu126"),
    ("2.8.0", Machine("12.8", "7.0"), "cu128"),
    ("2.8.0", Machine("12.9", "6.1"), "cu126"),
    ("2.8.0", Machine("13.0", "12.0"), "cu129"),
    ("2.9.0", Machine("11.8", "9.0"), "null"),
    ("2.9.0", Machine("12.6", "5.0"), "cuda12.6"),
    ("2.9.0", Machine("12.6", "7.0"), "cuda12.8"),
    ("2.9.0", Machine("13.0", "7.0"), "cuda12.8"),
    ("2.9.0", Machine("13.0", "7.5"), "cuda13.0"),
    ("2.10.0", Machine("12.9", "9.0"), "cuda12.6"),
    ("2.10.0", Machine("13.0", "6.1"), "cuda12.6"),
    ("2.10.0", Machine("13.0", "8.9"), "cuda13.0"),
]


@pytest.mark.parametrize(
    ("version", "machine", "label"),
    REPRESENTATIVE,
    ids=[f"{cell[0]}-{cell[1].cuda}-{cell[1].sm}" for cell in REPRESENTATIVE],
)
def test_t14_real_pip(
    linux: Pip, index: IndexServer, version: str, machine: Machine, label: str
) -> None:
    """The real pip takes what the table says, and asks the index for nothing else."""
    assert (version, machine, label) in CELLS
    index.requests.clear()
    said = linux.dry_run(f"{index.url}simple/", "--no-deps", f"torch=={version}", machine=machine)
    assert (said.last, said.err) == (f"Would install torch-{version}-{label}", "")
    assert asked(index) == [
        "GET /simple/torch/ 200",
        f"GET /simple/torch/torch-{version}-variants.json 200",
        f"GET /simple/torch/torch-{version}-{linux.tag}-{label}.whl 200",
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
def test_t14_whole_order(machine: Machine, order: list[str]) -> None:
    """All that fits comes in the order of bound, architecture and static priority, null last."""
    found = selected("v0.0.3", "torch", "2.9.0", machine)
    assert [item.wheel.label for item in found.ranked] == order


@pytest.mark.parametrize(
    ("built_for", "runs"),
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
def test_t15_compute_capability_8_9(built_for: str, *, runs: bool) -> None:
    """A capability that no list names runs what is built for lower minors of the same major."""
    document = json.loads(json.dumps(recorded("v0.0.3", "torch", "2.9.0")))
    assert "89_real" not in str(document)
    document["variants"] = {"cuda12.8": document["variants"]["cuda12.8"]}
    document["variants"]["cuda12.8"]["nvidia"]["sm_arch"] = [built_for]
    metadata = read(document)
    chain = Chain(Asking(environ(Machine("12.9", "8.9"))), marker_environment=LINUX)
    supports = chain.ask(("nvidia", "priority"), metadata.providers)
    found = select([Wheel("a.whl", "cuda12.8")], metadata, supports)
    assert bool(found.ranked) is runs


THIRD_PARTY = (
    "{0}: its provider ({0}-variant-provider) is third-party code, which is not run without"
    " --trust-variant-provider {0}-variant-provider"
)
INTEL = THIRD_PARTY.format("intel")


def test_t1_label_without_a_wheel_for_the_platform(linux: Pip, index: IndexServer) -> None:
    """A new GPU with a CUDA 12 driver is left with the null variant, and one line says why."""
    url = f"{index.url}simple/"
    said = linux.dry_run(url, "--no-deps", "torch==2.10.0", machine=Machine("12.9", "12.0"))
    reasons = [
        INTEL,
        "cuda13.0 needs nvidia :: cuda_version_lower_bound :: 13.0, this machine has up to 12.9",
        THIRD_PARTY.format("amd"),
    ]
    assert said.out == (
        f"{LOOKING}{QUERYING}"
        "Passed over cuda12.6, cuda13.0, rocm7.0, rocm7.1 and xpu of torch 2.10.0: "
        f"{'; '.join(reasons)}\n"
        f"{null_banner('torch', '2.10.0', 'null')}"
        "Collecting torch==2.10.0\n"
        "  Downloading INDEX/simple/torch/torch-2.10.0-TAG-null.whl (SIZE)\n"
        "Would install torch-2.10.0-null\n"
    )
    assert said.err == ""


def download(pip: Pip, index: IndexServer, platform: str, requirement: str, status: int = 0) -> str:
    """Download for CPython 3.13 on another platform; return everything that pip said."""
    command = ("download", "--dest", "wheels", "--no-deps", "--only-binary=:all:")
    target = ("--python-version", "3.13", "--platform", platform)
    url = f"{index.url}simple/"
    args = (*command, *target, "--index-url", url, requirement)
    said = pip.run(*args, machine=NOBODY, status=status)
    return said.out + said.err


ELSEWHERE = "nvidia: the target is another machine than this one, so this one is not asked"

OTHER_PLATFORMS = {
    # T2: the Mac wheel of 2.10.0 is for a macOS 110 that there is not, so 2.9.1, which is plain.
    "mac": ("macosx_14_0_arm64", "torch", "torch-2.9.1-cp313-none-macosx_11_0_arm64.whl", "", ""),
    "mac, 2.9.0": (
        "macosx_14_0_arm64",
        "torch<2.9.1",
        "torch-2.9.0-cp313-cp313-macosx_11_0_arm64-null.whl",
        null_banner("torch", "2.9.0", "null"),
        "",
    ),
    # Of another machine only static values are known, which are not enough for any CUDA build.
    "arm": (
        "manylinux_2_28_aarch64",
        "torch",
        "torch-2.10.0-cp313-cp313-manylinux_2_28_aarch64-null.whl",
        null_banner("torch", "2.10.0", "null"),
        f"Passed over cuda12.6, cuda12.8 and cuda13.0 of torch 2.10.0: {ELSEWHERE}\n",
    ),
    "windows": (
        "win_amd64",
        "torch",
        "torch-2.10.0-cp313-cp313-win_amd64-null.whl",
        null_banner("torch", "2.10.0", "null"),
        (
            "Passed over cuda12.6, cuda12.8, cuda13.0 and xpu of torch 2.10.0:"
            f" {ELSEWHERE.replace('nvidia', 'intel')}; {ELSEWHERE}\n"
        ),
    ),
}


@pytest.mark.parametrize(
    ("platform", "requirement", "taken", "banner", "passed"),
    OTHER_PLATFORMS.values(),
    ids=OTHER_PLATFORMS,
)
def test_t2_other_platforms(
    pip: Pip,
    index: IndexServer,
    platform: str,
    requirement: str,
    taken: str,
    banner: str,
    passed: str,
) -> None:
    """On other platforms the newest version with a wheel that fits is taken; nobody is asked."""
    said = download(pip, index, platform, requirement)
    assert said == (
        f"{LOOKING}{passed}{banner}"
        f"Collecting {requirement}\n"
        f"  Downloading INDEX/simple/torch/{taken} (SIZE)\n"
        f"Saved ./wheels/{taken}\n"
        "Successfully downloaded torch\n"
    )


def test_t2_no_mac_matches(pip: Pip, index: IndexServer) -> None:
    """The version whose Mac wheels no Mac matches cannot be had there."""
    assert download(pip, index, "macosx_26_0_arm64", "torch==2.10.0", 1) == (
        f"{LOOKING}"
        "ERROR: Could not find a version that satisfies the requirement torch==2.10.0"
        " (from versions: 2.7.0, 2.7.1, 2.8.0, 2.9.0, 2.9.1)\n"
        "ERROR: No matching distribution found for torch==2.10.0\n"
    )


WITHOUT_A_WHEEL = [
    # x8664v4_mkl: with a wheel of it, x86_64 would be asked.
    pytest.param("numpy", "2.3.3", NOBODY, "openblas", "", "", marks=newer_python),
    pytest.param("scipy", "1.16.2", NOBODY, "openblas", "", "", marks=newer_python),
    # rocm7.0, rocm7.1 and xpu: with wheels of them, amd and intel would be mentioned.
    pytest.param(
        "torchvision",
        "0.25.0",
        Machine("11.8", "8.0"),
        "null",
        QUERYING,
        "Passed over cuda12.6, cuda12.8 and cuda13.0 of torchvision 0.25.0: cuda12.6 needs"
        " nvidia :: cuda_version_lower_bound :: 12.0, this machine has up to 11.8\n",
    ),
]


@pytest.mark.parametrize(
    ("project", "version", "machine", "label", "querying", "passed"),
    WITHOUT_A_WHEEL,
    ids=["numpy", "scipy", "torchvision"],
)
def test_t4_label_without_any_wheel(
    linux: Pip,
    index: IndexServer,
    project: str,
    version: str,
    machine: Machine,
    label: str,
    querying: str,
    passed: str,
) -> None:
    """A label that no wheel has is not mentioned, and no provider is asked for it alone."""
    url = f"{index.url}simple/"
    said = linux.dry_run(url, "--no-deps", f"{project}=={version}", machine=machine)
    before = said.out.partition(f"\n{title(project, version, label)}\n")[0]
    assert before == f"{LOOKING}{querying}{passed}"
    assert (said.last, said.err) == (f"Would install {project}-{version}-{label}", "")


@pytest.mark.parametrize(("project", "version"), [("torch", "2.8.0"), ("torchvision", "0.23.0")])
def test_t6_zeros_are_the_null_variant(
    linux: Pip, index: IndexServer, project: str, version: str
) -> None:
    """The label of eight zeros is a null variant: it fits anywhere and has no properties."""
    url, machine = f"{index.url}simple/", Machine("11.8", "8.0")
    said = linux.dry_run(url, "--no-deps", f"{project}=={version}", machine=machine)
    assert said.out == (
        f"{LOOKING}{QUERYING}"
        f"Passed over cu126, cu128 and cu129 of {project} {version}: cu126 needs"
        " nvidia :: cuda_version_lower_bound :: 12.0, this machine has up to 11.8\n"
        f"{null_banner(project, version, '00000000')}"
        f"Collecting {project}=={version}\n"
        f"  Downloading INDEX/simple/{project}/{project}-{version}-TAG-00000000.whl (SIZE)\n"
        f"Would install {project}-{version}-00000000\n"
    )
    assert said.err == ""
    command = (url, "--no-deps", f"--variant={project}=null", f"{project}=={version}")
    said = linux.dry_run(*command, machine=NEW)
    assert (said.last, said.err) == (f"Would install {project}-{version}-00000000", "")


NONE = "the metadata has none"
BOUND = "cuda13.0 needs nvidia :: cuda_version_lower_bound :: 13.0, this machine has up to 12.9"


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        # cuda12.8 lacks the least: with CUDA 12.9, cuda13.0 lacks its bound as well.
        (Machine("12.9", "9.0"), f"cuda12.8 needs priority :: cuda :: 2, {NONE}; {BOUND}"),
        (Machine("13.0", "9.0"), f"cuda13.0 needs priority :: cuda :: 1, {NONE}"),
    ],
    ids=["12.9", "13.0"],
)
def test_t7_static_values_for_another_feature(
    pip: Pip, server: IndexServer, tmp_path: Path, machine: Machine, reason: str
) -> None:
    """Variants that use a feature without static values do not fit, and the property is named."""
    write_dependents(tmp_path / "index", renamed=False)
    said = pip.dry_run(f"{server.url}simple/", "torch==2.9.0", machine=machine, status=1)
    assert said.out == (
        f"{LOOKING}{QUERYING}Passed over cuda12.6, cuda12.8 and cuda13.0 of torch 2.9.0: {reason}\n"
    )
    assert said.err == (
        "ERROR: Could not find a version that satisfies the requirement torch==2.9.0"
        " (from versions: 2.8.0, 2.9.0)\n"
        f"ERROR: No matching distribution found for torch==2.9.0: {reason}\n"
    )


@pytest.mark.parametrize(
    ("project", "version", "labels", "first"),
    [
        (
            "flash-attn",
            "2.8.0",
            "cu12_pyt2.8.0, cu12_pyt2.9.0 and cu13_pyt2.9.0",
            "cu12_pyt2.8.0",
        ),
        ("vllm", "0.11.0", "cu128_pyt2.8.0", "cu128_pyt2.8.0"),
    ],
    ids=["flash-attn", "vllm"],
)
def test_t9_namespace_without_a_provider(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    project: str,
    version: str,
    labels: str,
    first: str,
) -> None:
    """Without the distribution that a build depends on, nothing fits, and one line says so."""
    write_dependents(tmp_path / "index", renamed=True)
    machine = Machine("13.0", "9.0")
    said = pip.dry_run(f"{server.url}simple/", project, machine=machine, status=1)
    reason = (
        f"{first} needs abi_dependency :: torch :: 2.8.0, this machine has none (only what is"
        " installed, or comes earlier in the same command, counts)"
    )
    assert said.out == (
        f"{LOOKING}{QUERYING}Passed over {labels} of {project} {version}: {reason}\n"
    )
    assert said.err == (
        f"ERROR: Could not find a version that satisfies the requirement {project}"
        f" (from versions: {version})\n"
        f"ERROR: No matching distribution found for {project}: {reason}\n"
    )


def test_t9_any_other_namespace_without_a_provider() -> None:
    """A namespace that is neither prioritised nor provided supports nothing."""
    document = json.loads(json.dumps(recorded("v0.0.3", "torch", "2.9.0")))
    for part in (document["providers"], document["static-properties"]):
        del part["priority"]
    document["default-priorities"] = {"namespace": ["nvidia"]}
    metadata = read(document)
    found = [Wheel("torch-2.9.0-cp313-cp313-linux_x86_64-cuda12.8.whl", "cuda12.8")]
    chain = Chain(Asking(environ(NEW)), marker_environment=LINUX)
    supports = chain.ask(needed_namespaces(found, metadata), metadata.providers)
    selection = select(found, metadata, supports)
    assert selection.ranked == ()
    assert [lack.namespace for lack in selection.rejected[0].lacks] == ["priority"]
    assert supports["priority"].reason == "the metadata names no provider for it"


TORCH_FILES = [
    (name, project, version)
    for project, versions in (
        ("torch", ("2.8.0", "2.9.0", "2.10.0")),
        ("torchvision", ("0.23.0", "0.24.0", "0.25.0")),
    )
    for name, version in product(("v0.0.2", "v0.0.3"), versions)
    if (name, version) not in {("v0.0.2", "2.10.0"), ("v0.0.2", "0.25.0")}
]


@pytest.mark.parametrize(("recording", "project", "version"), TORCH_FILES)
def test_t12_lists_of_values_are_sets(recording: str, project: str, version: str) -> None:
    """The order in which a variant lists its values means nothing."""
    document = recorded(recording, project, version)
    turned = json.loads(json.dumps(document))
    for namespaces in turned["variants"].values():
        for features in namespaces.values():
            features.update({feature: values[::-1] for feature, values in features.items()})
    assert turned != document
    assert read(turned) == read(document)


def test_t12_unsorted_lists_are_shown_sorted(linux: Pip, index: IndexServer) -> None:
    """The banner sorts as strings what the JSON lists by number."""
    url, machine = f"{index.url}simple/", Machine("13.0", "9.0")
    said = linux.dry_run(url, "--no-deps", "torch==2.10.0", machine=machine)
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
    assert "".join(f"{line}\n" for line in ("", *lines, "")) in said.out


CUBLAS_13 = ("13.2.1.1", "13.2.0.9", "13.1.0.3", "13.0.2.14", "13.0.0.19")
CUBLAS_12 = ("12.9.1.4", "12.8.4.1", "12.6.4.1")
CUBLAS_NOT_FOUND = (
    "ERROR: Could not find a version that satisfies the requirement nvidia-cublas (from versions:"
    f" 0.0.0a0, {', '.join((*CUBLAS_12, *CUBLAS_13)[i] for i in (2, 1, 0, 7, 6, 5, 4, 3))})\n"
    "ERROR: No matching distribution found for nvidia-cublas"
)
NEWEST = f"nvidia-cublas {CUBLAS_13[0]}"


def passed_over(why: str) -> str:
    """Return the lines about all versions of nvidia-cublas for CUDA 13."""
    reason = f"cu13 needs nvidia :: cuda_version_lower_bound :: 13.0, this machine has up to {why}"
    return "".join(same_reason("cu13", CUBLAS_13, reason))


def same_reason(label: str, versions: Iterable[str], reason: str) -> list[str]:
    """Return the lines about versions of nvidia-cublas: the reason itself is said only once."""
    newest = CUBLAS_13[0]
    return [
        f"Passed over {label} of nvidia-cublas {version}"
        + (f": {reason}\n" if version == newest else f" for the same reason as of {NEWEST}\n")
        for version in versions
    ]


@without_driver
def test_t13_no_null_variant_and_no_gpu(linux: Pip, index: IndexServer) -> None:
    """Without a driver nothing of a project without null variants fits; each version says why."""
    said = linux.dry_run(f"{index.url}simple/", "nvidia-cublas", machine=THIS, status=1)
    reason = "nvidia: no NVIDIA driver found"
    lines = same_reason("cu13", CUBLAS_13, reason) + same_reason("cu12", CUBLAS_12, reason)
    assert said.out == f"{LOOKING}{QUERYING}{''.join(lines)}"
    assert said.err == f"{CUBLAS_NOT_FOUND}: {reason}\n"


def test_t13_older_version(linux: Pip, index: IndexServer) -> None:
    """The newest version with a build for the driver is taken; each newer one says why not."""
    url, machine = f"{index.url}simple/", Machine("12.5", "9.0")
    said = linux.dry_run(url, "nvidia-cublas", machine=machine)
    assert said.out == (
        f"{LOOKING}{QUERYING}{passed_over('12.5')}"
        f"\n{title('nvidia-cublas', '12.9.1.4', 'cu12')}\n"
        "Variant-property: nvidia :: cuda_version_lower_bound :: 12.0\n"
        f"{'#' * 80}\n\n"
        "Collecting nvidia-cublas\n"
        "  Downloading INDEX/simple/nvidia-cublas/"
        "nvidia_cublas-12.9.1.4-py3-none-manylinux_2_27_x86_64-cu12.whl (SIZE)\n"
        "Would install nvidia-cublas-12.9.1.4-cu12\n"
    )
    assert said.err == ""


NARROW = "platform_system == 'Linux' and platform_machine == 'x86_64'"
AS_ARM = """\
import platform, sys, sysconfig
platform.machine = lambda: "aarch64"
sysconfig.get_platform = lambda: "linux-aarch64"
from pip._internal.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
"""A pip that takes this machine for an ARM one."""


def test_t16_enable_if_is_narrower_than_the_wheels(linux: Pip, index: IndexServer) -> None:
    """On ARM, the versions that disable the provider there are passed over with that reason."""
    command = ("install", "--dry-run", "--index-url", f"{index.url}simple/", "nvidia-cublas<13")
    said = linux.start("-c", AS_ARM, *command)
    lines = [
        f"Passed over cu12 of nvidia-cublas 12.9.1.4: nvidia: enabled only if {NARROW}\n",
        (
            "Passed over cu12 of nvidia-cublas 12.8.4.1 for the same reason as of"
            " nvidia-cublas 12.9.1.4\n"
        ),
    ]
    assert said.out.startswith(f"{LOOKING}{''.join(lines)}{QUERYING}\n##")
    assert (said.last, said.err) == ("Would install nvidia-cublas-12.6.4.1-cu12", "")


@pytest.mark.parametrize("platform", ["manylinux_2_27_aarch64", "win_amd64"])
def test_t16_enable_if_of_the_target(pip: Pip, index: IndexServer, platform: str) -> None:
    """For another machine, it is the target for which the provider is disabled."""
    said = download(pip, index, platform, "nvidia-cublas==12.8.4.1", 1)
    line = f"Passed over cu12 of nvidia-cublas 12.8.4.1: nvidia: enabled only if {NARROW}\n"
    assert said.startswith(f"{LOOKING}{line}ERROR: Could not find a version that satisfies")


def test_t16_every_narrow_file() -> None:
    """Each of the 15 files disables its provider on ARM, before anything is asked, and not here."""
    count = 0
    for path in sorted((DATA / "v0.0.3").glob("nvidia-*/*-variants.json")):
        metadata = read_text(path.read_text())
        if metadata.providers[0].enable_if == NARROW:
            count += 1
            arm = Chain(Asking(environ(NOBODY)), marker_environment=ARM)
            support = arm.ask(("nvidia",), metadata.providers)["nvidia"]
            assert (support.state, support.reason) == ("disabled", f"enabled only if {NARROW}")
            here = Chain(Asking(environ(NEW)), marker_environment=LINUX)
            assert here.ask(("nvidia",), metadata.providers)["nvidia"].state == "built-in"
    assert count == 15


def test_t18_odd_labels() -> None:
    """A label with a doubled letter is as good as any: first on a machine that supports v4."""
    known = {"x86_64": Support("x86_64", "user", (("level", ("v4", "v3")),))}
    found = selected("v0.0.3", "scikit-learn", "1.7.2", NOBODY, known)
    # The namespace x86_64 comes before openmp, so the GNU library, though better, does not count.
    assert [item.wheel.label for item in found.ranked] == ["x8664vv4_iomp5", "gomp"]


@newer_python
def test_t18_odd_label_as_a_wish(linux: Pip, index: IndexServer) -> None:
    """An odd label can be wished for: it is installed, or it is said why it does not fit."""
    url = f"{index.url}simple/"
    said = linux.dry_run(url, "--no-deps", "scikit-learn==1.7.2#gomp", machine=NOBODY)
    assert (said.last, said.err) == ("Would install scikit-learn-1.7.2-gomp", "")
    out = download(linux, index, "linux_x86_64", "scikit-learn==1.7.2#x8664vv4_iomp5", 1)
    assert out.startswith(
        f"{LOOKING}Variant x8664vv4_iomp5 of scikit-learn 1.7.2 does not fit: x86_64: the"
        " target is another machine than this one, so this one is not asked\n"
    )


def test_t20_no_hash_on_the_page(linux: Pip, index: IndexServer) -> None:
    """Without hashes on the page the best is taken; one that is pinned by its hash is not found."""
    url = f"{index.url}simple/"
    page = index.source("/simple/torch/index.html")
    assert page is not None
    name = f"torch-2.8.0-{linux.tag}-cu126.whl"
    assert f'href="{name}"'.encode() in page
    said = linux.dry_run(url, "--no-deps", "torch==2.8.0")
    assert (said.last, said.err) == ("Would install torch-2.8.0-cu129", "")
    digest = [
        hashlib.sha256(index.source(f"/simple/torch/{file}") or b"").hexdigest()
        for file in (name, name.replace("cu126", "cu129"))
    ]
    requirements = linux.folder / "requirements.txt"
    requirements.write_text(f"torch==2.8.0 --hash=sha256:{digest[0]}\n")
    said = linux.dry_run(url, "--no-deps", "-r", requirements.name, status=1)
    file = "INDEX/simple/torch/torch-2.8.0-TAG-cu129.whl"
    assert said.err.splitlines()[1:4] == [
        f"    torch==2.8.0 from {file} (from -r requirements.txt (line 1)):",
        f"        Expected sha256 {digest[0]}",
        f"             Got        {digest[1]}",
    ]


ZEROS = Environment(label="00000000")
LABELLED = Environment(
    label="cuda12.6",
    namespaces=frozenset({"nvidia"}),
    features=frozenset({"nvidia :: cuda_version_lower_bound"}),
    properties=frozenset({"nvidia :: cuda_version_lower_bound :: 12.0"}),
)


@pytest.mark.parametrize(
    ("marker", "chosen", "holds"),
    [
        ("'nvidia' in variant_namespaces", LABELLED, True),
        ('"nvidia" in variant_namespaces', LABELLED, True),
        ("'nvidia' in variant_namespaces", ZEROS, False),
        ("variant_label == 'cuda12.6'", LABELLED, True),
        ('variant_label == "cuda12.6"', LABELLED, True),
        ("variant_label == 'cuda12.60'", LABELLED, False),
        ("variant_label == '00000000'", ZEROS, True),
        # As versions these would be equal.
        ("variant_label == '0'", ZEROS, False),
        ("variant_label != '0.0'", ZEROS, True),
        ("'nvidia :: cuda_version_lower_bound :: 12.0' in variant_properties", LABELLED, True),
        ("'nvidia :: cuda_version_lower_bound :: 12' in variant_properties", LABELLED, False),
    ],
)
def test_t22_strings_and_sets(marker: str, chosen: Environment, *, holds: bool) -> None:
    """Markers are evaluated as strings and sets, a label of digits never as a version."""
    requirement = Requirement(bound(f"a; {marker}", chosen))
    assert requirement.marker is not None
    assert requirement.marker.evaluate() is holds
