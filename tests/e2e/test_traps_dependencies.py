"""Markers of published dependencies: labels, namespaces, properties, an installed torch."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pip_variants.core.markers import MarkerEnvironment, bind_markers
from tests.e2e.pips import INDEX_LINE, NEW_DRIVER, QUERYING, Machine, Pip
from tests.e2e.traps import TORCH, document, nvidia, write_release
from tests.support.stand_in import IndexServer, Listed, write_simple_index, write_wheel

LABELS = ("cuda12.6", "cuda12.8", "cuda13.0", "null")
CUDA = LABELS[:3]
LINUX = 'platform_system == "Linux" and '
X86_64 = f'{LINUX}platform_machine == "x86_64" and '

# T22: the markers of torch 2.8.0 and, with single quotes, of 2.9.0, with the labels for which each
# holds. cuda13.0 does not have the property 12.0, although the machine supports it.
MARKERS: Mapping[str, tuple[str, ...]] = {
    f'{LINUX}"nvidia" in variant_namespaces': CUDA,
    f'{X86_64}"nvidia" in variant_namespaces': CUDA,
    f'{X86_64}variant_label == "cuda12.6"': ("cuda12.6",),
    f'{X86_64}variant_label == "cuda12.8"': ("cuda12.8",),
    f'{X86_64}variant_label == "cuda12.9"': (),
    "platform_system == 'Linux' and 'nvidia' in variant_namespaces": CUDA,
    (
        "platform_system == 'Linux'"
        " and 'nvidia :: cuda_version_lower_bound :: 12.0' in variant_properties"
    ): ("cuda12.6", "cuda12.8"),
    "platform_system == 'Linux' and variant_label == 'cuda12.6'": ("cuda12.6",),
    "platform_system == 'Linux' and variant_label == 'cuda12.8'": ("cuda12.8",),
    "platform_system == 'Linux' and variant_label == 'cuda13.0'": ("cuda13.0",),
}
NAMES = {marker: f"dep{number}" for number, marker in enumerate(MARKERS)}


def holds(marker: str, label: str) -> bool:
    """Return whether a marker holds for a label on this machine."""
    on_x86_64 = platform.machine() == "x86_64"
    on_platform = sys.platform == "linux" and (on_x86_64 or "x86_64" not in marker)
    return on_platform and label in MARKERS[marker]


@pytest.mark.parametrize("label", LABELS)
def test_published_markers_of_torch_hold_for_their_labels(
    pip: Pip, server: IndexServer, tmp_path: Path, label: str
) -> None:
    """T22: each published marker holds for exactly the labels for which it was written."""
    folder = tmp_path / "index/files"
    requires = [f"{name}; {marker}" for marker, name in NAMES.items()]
    names = [f"torch-2.9.0-py3-none-any-{name}.whl" for name in LABELS]
    projects = {"torch": write_release(folder, names, TORCH["2.9.0"], requires=requires)}
    for name in NAMES.values():
        projects[name] = [Listed(write_wheel(folder, f"{name}-1.0-py3-none-any.whl"))]
    write_simple_index(tmp_path / "index", projects)
    url, machine = f"{server.url}simple/", Machine("13.0", "9.0")
    output = pip.dry_run(url, f"torch#{label}", machine=machine)
    expected = sorted(f"{name}-1.0" for marker, name in NAMES.items() if holds(marker, label))
    assert output.last_line.split() == ["Would", "install", *expected, f"torch-2.9.0-{label}"]
    assert output.stderr == ""


FLASH_ATTN = {
    label: {**nvidia(bound), "abi_dependency": {"torch": [torch]}}
    for label, bound, torch in (
        ("cu12_pyt2.8.0", "12.0", "2.8.0"),
        ("cu12_pyt2.9.0", "12.0", "2.9.0"),
        ("cu13_pyt2.9.0", "13.0", "2.9.0"),
    )
}
VLLM = document({"cu128_pyt2.8.0": {**nvidia("12.0"), "abi_dependency": {"torch": ["2.8.0"]}}})
REQUIRES_TORCH = [
    f'torch=={version}; "abi_dependency :: torch :: {version}" in variant_properties'
    for version in ("2.8.0", "2.9.0")
]


@pytest.fixture
def abi_index(server: IndexServer, tmp_path: Path) -> str:
    """Return the address of an index of two versions of torch, and of flash-attn and vllm."""
    folder = tmp_path / "index/files"
    projects = {
        "torch": [
            Listed(write_wheel(folder, f"torch-{version}-py3-none-any.whl"))
            for version in ("2.8.0", "2.9.0")
        ],
        "flash-attn": write_release(
            folder,
            [f"flash_attn-2.8.0-py3-none-any-{label}.whl" for label in FLASH_ATTN],
            document(FLASH_ATTN),
            requires=REQUIRES_TORCH,
        ),
        "vllm": write_release(
            folder,
            ["vllm-0.11.0-py3-none-any-cu128_pyt2.8.0.whl"],
            VLLM,
            requires=REQUIRES_TORCH[:1],
        ),
    }
    write_simple_index(tmp_path / "index", projects)
    return f"{server.url}simple/"


@pytest.mark.parametrize(
    ("machine", "requirements", "expected"),
    [
        (NEW_DRIVER, "torch==2.8.0 flash-attn", "flash-attn-2.8.0-cu12_pyt2.8.0 torch-2.8.0"),
        (NEW_DRIVER, "torch flash-attn", "flash-attn-2.8.0-cu12_pyt2.9.0 torch-2.9.0"),
        (
            Machine("13.0", "9.0"),
            "torch flash-attn",
            "flash-attn-2.8.0-cu13_pyt2.9.0 torch-2.9.0",
        ),
        (NEW_DRIVER, "torch==2.8.0 vllm", "torch-2.8.0 vllm-0.11.0-cu128_pyt2.8.0"),
    ],
    ids=["2.8.0", "2.9.0", "2.9.0 for CUDA 13", "vllm"],
)
def test_variant_for_the_torch_of_the_command_is_selected(
    pip: Pip, abi_index: str, machine: Machine, requirements: str, expected: str
) -> None:
    """T9, T22: the variant for the torch that comes earlier is selected, and requires it."""
    output = pip.dry_run(abi_index, *requirements.split(), machine=machine)
    assert (output.last_line, output.stderr) == (f"Would install {expected}", "")


@pytest.mark.parametrize("driver", ["12.6", "12.8", "12.9", "13.0"])
def test_dependents_agree_on_a_torch_that_nobody_named(
    pip: Pip, abi_index: str, driver: str
) -> None:
    """T23: vllm has no variant for the newest torch, so flash-attn takes the one for its torch."""
    output = pip.dry_run(abi_index, "flash-attn", "vllm", machine=Machine(driver, "9.0"))
    expected = "flash-attn-2.8.0-cu12_pyt2.8.0 torch-2.8.0 vllm-0.11.0-cu128_pyt2.8.0"
    assert (output.last_line, output.stderr) == (f"Would install {expected}", "")


@pytest.mark.parametrize(
    ("project", "label"), [("flash-attn", "cu12_pyt2.9.0"), ("vllm", "cu128_pyt2.8.0")]
)
def test_explain_selects_the_variant_whose_torch_is_needed(
    pip: Pip, abi_index: str, project: str, label: str
) -> None:
    """T23: explain comes to the same as install, also if not the newest torch is needed."""
    command = ("variants", "explain", "--index-url", abi_index, project)
    output = pip.run(*command, machine=NEW_DRIVER)
    assert re.search(rf"^Selected: .*-{re.escape(label)}\.whl$", output.stdout, re.MULTILINE)
    installed = pip.dry_run(abi_index, project, machine=NEW_DRIVER)
    assert f"-{label}" in installed.last_line


def test_variant_for_the_installed_torch_is_selected(own_pip: Pip, abi_index: str) -> None:
    """T9: the variant for the installed torch is selected, which is replaced only if it must."""
    own_pip.run("install", "--index-url", abi_index, "torch==2.9.0")
    output = own_pip.dry_run(abi_index, "flash-attn")
    assert output.last_line == "Would install flash-attn-2.8.0-cu12_pyt2.9.0"
    assert output.stderr == ""
    output = own_pip.dry_run(abi_index, "vllm")
    assert output.last_line == "Would install torch-2.8.0 vllm-0.11.0-cu128_pyt2.8.0"
    output = own_pip.dry_run(abi_index, "--no-deps", "vllm", status=1)
    assert output.stdout == (
        f"{INDEX_LINE}{QUERYING}"
        "Passed over cu128_pyt2.8.0 of vllm 0.11.0: cu128_pyt2.8.0 needs"
        " abi_dependency :: torch :: 2.8.0, this machine has 2.9.0\n"
    )


ZEROS_VARIANT = MarkerEnvironment(label="00000000")
CUDA_VARIANT = MarkerEnvironment(
    label="cuda12.6",
    namespaces=frozenset({"nvidia"}),
    features=frozenset({"nvidia :: cuda_version_lower_bound"}),
    properties=frozenset({"nvidia :: cuda_version_lower_bound :: 12.0"}),
)


@pytest.mark.parametrize(
    ("marker", "chosen", "holds"),
    [
        ("'nvidia' in variant_namespaces", CUDA_VARIANT, True),
        ('"nvidia" in variant_namespaces', CUDA_VARIANT, True),
        ("'nvidia' in variant_namespaces", ZEROS_VARIANT, False),
        ("variant_label == 'cuda12.6'", CUDA_VARIANT, True),
        ('variant_label == "cuda12.6"', CUDA_VARIANT, True),
        ("variant_label == 'cuda12.60'", CUDA_VARIANT, False),
        ("variant_label == '00000000'", ZEROS_VARIANT, True),
        # As versions these would be equal.
        ("variant_label == '0'", ZEROS_VARIANT, False),
        ("variant_label != '0.0'", ZEROS_VARIANT, True),
        ("'nvidia :: cuda_version_lower_bound :: 12.0' in variant_properties", CUDA_VARIANT, True),
        ("'nvidia :: cuda_version_lower_bound :: 12' in variant_properties", CUDA_VARIANT, False),
    ],
)
def test_markers_compare_labels_as_strings(
    marker: str, chosen: MarkerEnvironment, *, holds: bool
) -> None:
    """T22: markers are evaluated as strings and sets, and a label never as a version."""
    requirement = Requirement(bind_markers(f"a; {marker}", chosen))
    assert requirement.marker is not None
    assert requirement.marker.evaluate() is holds
