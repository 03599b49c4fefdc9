"""Traps T4 to T22 of the recorded indexes: labels, values and namespaces that are unusual."""

from __future__ import annotations

import hashlib
import json
from itertools import product
from pathlib import Path

import pytest

from pip_variants.core.properties import Feature, Namespace, Value
from pip_variants.core.supported import SupportedProperties
from pip_variants.formats.reader import read
from tests.e2e.engine import select_for, supported_by, wheels_of
from tests.e2e.pips import (
    CROSS_TARGET_REASON,
    INDEX_LINE,
    NEW_DRIVER,
    OTHER_MACHINE,
    QUERY_FAILS,
    QUERYING,
    REAL_MACHINE,
    Machine,
    Pip,
    cross_download,
    needs_driver,
    null_banner,
    title,
    without_driver,
    would_download,
)
from tests.e2e.recorded import newer_python, recorded, select_recorded, write_dependents
from tests.support.stand_in import IndexServer

WITHOUT_A_WHEEL = [
    # With a wheel of x8664v4_mkl, the provider of x86_64 would be queried.
    pytest.param("numpy", "2.3.3", QUERY_FAILS, "openblas", "", "", marks=newer_python),
    pytest.param("scipy", "1.16.2", QUERY_FAILS, "openblas", "", "", marks=newer_python),
    # With wheels of rocm7.0, rocm7.1 and xpu, amd and intel would be mentioned.
    pytest.param(
        "torchvision",
        "0.25.0",
        Machine("11.8", "8.0"),
        "null",
        QUERYING,
        "Passed over cuda12.6, cuda12.8 and cuda13.0 of torchvision 0.25.0:"
        f" {needs_driver('cuda12.6', '12.0', '11.8')}\n",
    ),
]


@pytest.mark.parametrize(
    ("project", "version", "machine", "label", "querying", "passed"),
    WITHOUT_A_WHEEL,
    ids=["numpy", "scipy", "torchvision"],
)
def test_label_without_any_wheel_is_not_mentioned(
    linux_pip: Pip,
    recorded_index: IndexServer,
    project: str,
    version: str,
    machine: Machine,
    label: str,
    querying: str,
    passed: str,
) -> None:
    """T4: a label that no wheel has is not mentioned and causes no query."""
    url = f"{recorded_index.url}simple/"
    output = linux_pip.dry_run(url, "--no-deps", f"{project}=={version}", machine=machine)
    before = output.stdout.partition(f"\n{title(project, version, label)}\n")[0]
    assert before == f"{INDEX_LINE}{querying}{passed}"
    assert (output.last_line, output.stderr) == (f"Would install {project}-{version}-{label}", "")


@pytest.mark.parametrize(("project", "version"), [("torch", "2.8.0"), ("torchvision", "0.23.0")])
def test_label_of_eight_zeros_is_a_null_variant(
    linux_pip: Pip, recorded_index: IndexServer, project: str, version: str
) -> None:
    """T6: the label of eight zeros is a null variant, which fits any machine."""
    url, machine = f"{recorded_index.url}simple/", Machine("11.8", "8.0")
    output = linux_pip.dry_run(url, "--no-deps", f"{project}=={version}", machine=machine)
    assert output.stdout == (
        f"{INDEX_LINE}{QUERYING}"
        f"Passed over cu126, cu128 and cu129 of {project} {version}:"
        f" {needs_driver('cu126', '12.0', '11.8')}\n"
        f"{null_banner(project, version, '00000000')}"
        f"Collecting {project}=={version}\n"
        f"{would_download(f'simple/{project}/{project}-{version}-TAG-00000000.whl')}"
        f"Would install {project}-{version}-00000000\n"
    )
    assert output.stderr == ""
    command = (url, "--no-deps", f"--variant={project}=null", f"{project}=={version}")
    output = linux_pip.dry_run(*command, machine=NEW_DRIVER)
    assert (output.last_line, output.stderr) == (f"Would install {project}-{version}-00000000", "")


NO_STATIC_VALUE = "the metadata has none"
LOWER_BOUND = needs_driver("cuda13.0", "13.0", "12.9")


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        # cuda12.8 is closest to fitting: with CUDA 12.9 the bound of cuda13.0 is missing as well.
        (
            Machine("12.9", "9.0"),
            f"cuda12.8 needs priority :: cuda :: 2, {NO_STATIC_VALUE}; {LOWER_BOUND}",
        ),
        (Machine("13.0", "9.0"), f"cuda13.0 needs priority :: cuda :: 1, {NO_STATIC_VALUE}"),
    ],
    ids=["12.9", "13.0"],
)
def test_feature_without_static_values_does_not_fit(
    pip: Pip, server: IndexServer, tmp_path: Path, machine: Machine, reason: str
) -> None:
    """T7: a variant that needs a feature without static values does not fit."""
    write_dependents(tmp_path / "index", renamed=False)
    output = pip.dry_run(f"{server.url}simple/", "torch==2.9.0", machine=machine, status=1)
    assert output.stdout == (
        f"{INDEX_LINE}{QUERYING}"
        f"Passed over cuda12.6, cuda12.8 and cuda13.0 of torch 2.9.0: {reason}\n"
    )
    assert output.stderr == (
        "ERROR: Could not find a version that satisfies the requirement torch==2.9.0"
        " (from versions: 2.8.0, 2.9.0)\n"
        f"ERROR: No matching distribution found for torch==2.9.0: {reason}\n"
    )


@pytest.mark.parametrize("project", ["flash-attn", "vllm"])
def test_dependents_are_refused_with_the_reason_of_torch(
    pip: Pip, server: IndexServer, tmp_path: Path, project: str
) -> None:
    """T7: as recorded every GPU build of torch is refused, and so what needs one of them."""
    write_dependents(tmp_path / "index", renamed=False)
    machine = Machine("13.0", "9.0")
    output = pip.dry_run(f"{server.url}simple/", project, machine=machine, status=1)
    assert "cuda13.0 needs priority :: cuda :: 1, the metadata has none" in output.stdout
    assert "No matching distribution found for" in output.stderr or (
        "ResolutionImpossible" in output.stderr
    )


def test_namespace_without_provider_supports_nothing() -> None:
    """T9: a namespace that is neither prioritised nor provided supports nothing."""
    document = json.loads(json.dumps(recorded("v0.0.3", "torch", "2.9.0")))
    for part in (document["providers"], document["static-properties"]):
        del part["priority"]
    document["default-priorities"] = {"namespace": ["nvidia"]}
    metadata = read(document)
    wheels = wheels_of({"torch-2.9.0-cp313-cp313-linux_x86_64-cuda12.8.whl": "cuda12.8"})
    selection = select_for(NEW_DRIVER, metadata, wheels)
    assert selection.ranked == ()
    assert [missing.namespace for missing in selection.rejected[0].missing] == ["priority"]
    (found,) = supported_by(NEW_DRIVER, metadata, ["priority"]).values()
    assert found.reason == "the metadata names no provider for it"


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
def test_order_of_listed_values_means_nothing(recording: str, project: str, version: str) -> None:
    """T12: the order in which a variant lists its values means nothing."""
    document = recorded(recording, project, version)
    reversed_lists = json.loads(json.dumps(document))
    for namespaces in reversed_lists["variants"].values():
        for features in namespaces.values():
            features.update({feature: values[::-1] for feature, values in features.items()})
    assert reversed_lists != document
    assert read(reversed_lists) == read(document)


def test_banner_sorts_listed_values_as_strings(linux_pip: Pip, recorded_index: IndexServer) -> None:
    """T12: the banner sorts as strings what the JSON lists by number."""
    url, machine = f"{recorded_index.url}simple/", Machine("13.0", "9.0")
    output = linux_pip.dry_run(url, "--no-deps", "torch==2.10.0", machine=machine)
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


CUBLAS_CUDA13 = ("13.2.1.1", "13.2.0.9", "13.1.0.3", "13.0.2.14", "13.0.0.19")
CUBLAS_CUDA12 = ("12.9.1.4", "12.8.4.1", "12.6.4.1")
CUBLAS_NOT_FOUND = (
    "ERROR: Could not find a version that satisfies the requirement nvidia-cublas (from versions:"
    f" 0.0.0a0, {', '.join((*CUBLAS_CUDA12[::-1], *CUBLAS_CUDA13[::-1]))})\n"
    "ERROR: No matching distribution found for nvidia-cublas"
)
NEWEST = f"nvidia-cublas {CUBLAS_CUDA13[0]}"


def passed_over(reason: str) -> str:
    """Return the line about nvidia-cublas for CUDA 13: of all versions only the newest has one."""
    return f"Passed over cu13 of {NEWEST}: {reason}\n"


@without_driver
def test_project_without_null_variant_needs_a_driver(
    linux_pip: Pip, recorded_index: IndexServer
) -> None:
    """T13: without a driver and null variants no version fits, and one line says why."""
    output = linux_pip.dry_run(
        f"{recorded_index.url}simple/", "nvidia-cublas", machine=REAL_MACHINE, status=1
    )
    reason = "nvidia: no NVIDIA driver found"
    assert output.stdout == f"{INDEX_LINE}{QUERYING}{passed_over(reason)}"
    assert output.stderr == f"{CUBLAS_NOT_FOUND}: {reason}{OTHER_MACHINE}\n"


def test_newest_version_for_the_driver_is_selected(
    linux_pip: Pip, recorded_index: IndexServer
) -> None:
    """T13: the newest version for the driver is selected, and one line says why no newer one."""
    url, machine = f"{recorded_index.url}simple/", Machine("12.5", "9.0")
    output = linux_pip.dry_run(url, "nvidia-cublas", machine=machine)
    wheel = "nvidia_cublas-12.9.1.4-py3-none-manylinux_2_27_x86_64-cu12.whl"
    line = passed_over(needs_driver("cu13", "13.0", "12.5"))
    assert output.stdout == (
        f"{INDEX_LINE}{QUERYING}{line}"
        f"\n{title('nvidia-cublas', '12.9.1.4', 'cu12')}\n"
        "Variant-property: nvidia :: cuda_version_lower_bound :: 12.0\n"
        f"{'#' * 80}\n\n"
        "Collecting nvidia-cublas\n"
        f"{would_download(f'simple/nvidia-cublas/{wheel}')}"
        "Would install nvidia-cublas-12.9.1.4-cu12\n"
    )
    assert output.stderr == ""


def test_label_with_a_doubled_letter_ranks_first() -> None:
    """T18: a label with a doubled letter ranks first on a machine that supports v4."""
    name, levels = Namespace("x86_64"), (Value("v4"), Value("v3"))
    supported = {name: SupportedProperties(name, "user", ((Feature("level"), levels),))}
    found = select_recorded("v0.0.3", "scikit-learn", "1.7.2", QUERY_FAILS, supported)
    # The namespace x86_64 comes before openmp, so the better rank of gomp in openmp has no effect.
    assert [item.wheel.label for item in found.ranked] == ["x8664vv4_iomp5", "gomp"]


@newer_python
def test_odd_label_can_be_requested(linux_pip: Pip, recorded_index: IndexServer) -> None:
    """T18: an odd label can be requested; it is installed, or the reason why not is printed."""
    url = f"{recorded_index.url}simple/"
    output = linux_pip.dry_run(url, "--no-deps", "scikit-learn==1.7.2#gomp", machine=QUERY_FAILS)
    assert (output.last_line, output.stderr) == ("Would install scikit-learn-1.7.2-gomp", "")
    out = cross_download(linux_pip, url, "linux_x86_64", "scikit-learn==1.7.2#x8664vv4_iomp5", 1)
    assert out.startswith(
        f"{INDEX_LINE}Variant x8664vv4_iomp5 of scikit-learn 1.7.2 does not fit: x86_64:"
        f" {CROSS_TARGET_REASON}{OTHER_MACHINE}\n"
    )


def test_page_without_hashes_selects_and_verifies_pins(
    linux_pip: Pip, recorded_index: IndexServer
) -> None:
    """T20: without hashes on the page the best is selected, and a pinned hash of another fails."""
    url = f"{recorded_index.url}simple/"
    page = recorded_index.source("/simple/torch/index.html")
    assert page is not None
    name = f"torch-2.8.0-{linux_pip.tag}-cu126.whl"
    assert f'href="{name}"'.encode() in page
    output = linux_pip.dry_run(url, "--no-deps", "torch==2.8.0")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")
    digest = [
        hashlib.sha256(recorded_index.source(f"/simple/torch/{file}") or b"").hexdigest()
        for file in (name, name.replace("cu126", "cu129"))
    ]
    requirements = linux_pip.folder / "requirements.txt"
    requirements.write_text(f"torch==2.8.0 --hash=sha256:{digest[0]}\n")
    output = linux_pip.dry_run(url, "--no-deps", "-r", requirements.name, status=1)
    file = "INDEX/simple/torch/torch-2.8.0-TAG-cu129.whl"
    first, _, *lines = output.stderr.splitlines()
    assert first.startswith(
        "ERROR: The required hash is that of torch-2.8.0-TAG-cu126.whl, another"
    )
    assert lines[:3] == [
        f"    torch==2.8.0 from {file} (from -r requirements.txt (line 1)):",
        f"        Expected sha256 {digest[0]}",
        f"             Got        {digest[1]}",
    ]
