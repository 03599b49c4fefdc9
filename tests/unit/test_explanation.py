"""A choice with all its reasons: what put one build behind another, and what would change it."""

from __future__ import annotations

import io

import pytest
from pip._vendor.rich.console import Console

from pip_variants.compatibility import positions
from pip_variants.explanation import (
    Explanation,
    Origin,
    Row,
    fitting,
    rejected_row,
    what_would_change,
)
from pip_variants.metadata import Metadata
from pip_variants.ordering import decided
from pip_variants.properties import Variant
from pip_variants.providers import nvidia
from pip_variants.readers import read_text
from pip_variants.rendering import rendered
from pip_variants.reports import explanation_entry, installed_entry, namespace_entry
from pip_variants.selection import select
from pip_variants.supported import State, Support
from tests.unit.cases import TORCH_JSON, metadata, torch_filename, torch_wheels, variant

GPU = Support("gpu", "built-in", (("cuda", ("12.9", "12.8", "12")), ("arch", ("90", "80"))))
CPU = Support("cpu", "built-in", (("level", ("v3", "v2", "v1")),))
WHERE = positions((GPU, CPU), ("gpu", "cpu"))

# A build, the next one in the order, and what put it there.
DECIDED = [
    pytest.param(
        variant("a", "gpu :: cuda :: 12.9"),
        variant("b", "gpu :: cuda :: 12.8"),
        "gpu :: cuda :: 12.8 comes after 12.9",
        id="value",
    ),
    pytest.param(
        variant("a", "gpu :: cuda :: 12.9", "gpu :: arch :: 90"),
        variant("b", "gpu :: cuda :: 12.9", "gpu :: arch :: 80"),
        "gpu :: arch :: 80 comes after 90",
        id="second feature",
    ),
    pytest.param(
        variant("a", "gpu :: arch :: 80"),
        variant("b", "cpu :: level :: v3"),
        "cpu :: level :: v3 comes after gpu :: arch :: 80",
        id="namespace",
    ),
    pytest.param(
        variant("a", "gpu :: cuda :: 12.9", "cpu :: level :: v3"),
        variant("b", "gpu :: cuda :: 12.9"),
        "asks for nothing in cpu :: level",
        id="shorter",
    ),
    pytest.param(
        variant("a", "gpu :: cuda :: 12.9"),
        variant("null"),
        "null variant, which comes after every build with properties",
        id="null",
    ),
    pytest.param(
        variant("a", "gpu :: cuda :: 12.9"),
        variant("b", "gpu :: cuda :: 12.9"),
        "as good, and behind it by label",
        id="label",
    ),
    pytest.param(
        variant("a", "gpu :: cuda :: 12.9"),
        variant("a", "gpu :: cuda :: 12.9"),
        "the same build, and behind it by tags or build number",
        id="tags",
    ),
    pytest.param(
        variant("null"), variant("zero"), "as good, and behind it by label", id="two null variants"
    ),
]


@pytest.mark.parametrize(("better", "worse", "text"), DECIDED)
def test_decided(better: Variant, worse: Variant, text: str) -> None:
    """The first difference of two builds' best properties is what put one behind the other."""
    assert decided(better, worse, WHERE) == text


def _machine(cuda: tuple[int, int] | None, sm: tuple[int, int] | None) -> Support:
    found = nvidia.detect(nvidia.Facts(cuda, sm, forced=True))
    return Support("nvidia", "built-in", found.features, found.reason)


ALL = ("00000000", "cu126", "cu128", "cu129")
SM_126 = "50_real, 60_real, 70_real, 75_real, 80_real, 86_real, 90_real"
# A machine, and what would change its choice among torch 2.8.0's builds.
HINTS = [
    pytest.param(_machine((12, 9), (7, 5)), (), id="the best is taken"),
    pytest.param(
        _machine((12, 6), (9, 0)),
        (
            "a driver with CUDA 12.8 or newer would select cu128",
            "a driver with CUDA 12.9 or newer would select cu129",
        ),
        id="an older driver",
    ),
    pytest.param(
        _machine((12, 9), (12, 0)),
        (),
        id="a build that would not come first is no hint",
    ),
    pytest.param(
        _machine((12, 6), (4, 0)),
        (
            f"a GPU that runs one of {SM_126} would select cu126",
            (
                "a driver with CUDA 12.8 or newer and a GPU that runs one of 75_real, 80_real,"
                " 86_real, 90_real, 100_real, 120_real would select cu128"
            ),
            (
                "a driver with CUDA 12.9 or newer and a GPU that runs one of 75_real, 80_real,"
                " 86_real, 90_real, 100_real, 120_real, 120_virtual would select cu129"
            ),
        ),
        id="an old GPU too",
    ),
]


@pytest.mark.parametrize(("support", "expected"), HINTS)
def test_what_would_change_the_choice(support: Support, expected: tuple[str, ...]) -> None:
    """Each hint names a build that would come first, and all that it lacks."""
    torch = read_text(TORCH_JSON)
    wheels = torch_wheels(*ALL)
    selection = select(wheels, torch, {"nvidia": support})
    assert what_would_change(wheels, torch, selection) == expected


# An answer of a provider, what a build wants of it, and the condition.
CONDITIONS = [
    (Support("x86_64", "built-in", reason="old"), "level", "v4", "a CPU of level v4"),
    (Support("x86_64", "built-in", reason="old"), "avx512f", "on", "a CPU with avx512f"),
    (Support("aarch64", "built-in"), "version", "8.4a", "a CPU of version 8.4a"),
    (Support("nvidia", "built-in"), "cuda_version_upper_bound", "13", "a driver with a CUDA older than 13"),  # noqa: E501
    (Support("abi_dependency", "built-in"), "flash_attn", "2.8", "flash-attn 2.8"),
    (Support("amd", "plugin"), "gfx_arch", "gfx90a", "amd :: gfx_arch :: gfx90a"),
    (
        Support("amd", "untrusted", option="--trust-variant-provider amd-variant-provider"),
        "gfx_arch",
        "gfx90a",
        ("with --trust-variant-provider amd-variant-provider, a machine that supports"
        " amd :: gfx_arch"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("support", "feature", "value", "condition"), CONDITIONS)
def test_conditions(support: Support, feature: str, value: str, condition: str) -> None:
    """A condition is said in the words of the machine, or of the command."""
    wanted = variant("best", f"{support.namespace} :: {feature} :: {value}")
    found = metadata(wanted, variant("null"), namespaces=(support.namespace,))
    wheels = torch_wheels("best", "null")
    selection = select(wheels, found, {support.namespace: support})
    assert what_would_change(wheels, found, selection) == (f"{condition} would select best",)


UNCHANGEABLE: tuple[State, ...] = ("static", "none", "disabled", "failed", "foreign")


@pytest.mark.parametrize("state", UNCHANGEABLE)
def test_what_no_machine_changes_is_no_hint(state: State) -> None:
    """No machine has what static values leave out, or is heard where it is not asked."""
    support = Support("gpu", state, (("cuda", ("12",)),))
    found = metadata(variant("best", "gpu :: cuda :: 13"), namespaces=("gpu",))
    wheels = torch_wheels("best")
    assert what_would_change(wheels, found, select(wheels, found, {"gpu": support})) == ()


def _explain(support: Support, torch: Metadata) -> Explanation:
    wheels = torch_wheels(*ALL)
    selection = select(wheels, torch, {"nvidia": support})
    fits = fitting(selection, torch, selection.supports)
    rows = [
        Row(wheels[place].filename, found.label, rank, True, found.properties, note=note)
        for rank, (place, (found, note)) in enumerate(fits.items(), 1)
    ]
    return Explanation(
        project="torch",
        version="2.8.0",
        source="https://index.test/torch/",
        origin=Origin("index", "https://index.test/torch-2.8.0-variants.json", "0.0.2"),
        supports=selection.supports,
        rows=(*rows, *map(rejected_row, selection.rejected)),
        selected=rows[0].filename,
        hints=what_would_change(wheels, torch, selection),
    )


def _text(explanation: Explanation, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, no_color=True)
    console.print(rendered(explanation))
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


AT_80 = """\
torch 2.8.0 from https://index.test/torch/
Metadata: https://index.test/torch-2.8.0-variants.json (revision 0.0.2)
Selected: torch-2.8.0-cp311-cp311-manylinux_2_28_x86_64-cu126.whl

Rank  Label     Why
   1  cu126     selected
   2  00000000  null variant, which comes after every build with properties
   -  cu128     needs nvidia :: cuda_version_lower_bound :: 12.8, this machine
                has up to 12.6
   -  cu129     needs nvidia :: cuda_version_lower_bound :: 12.9, this machine
                has up to 12.6

Namespace  Who       What
nvidia     built-in  cuda_version_lower_bound: 12.6, 12.5, 12.4, 12.3 and 26
                     more
                     cuda_version_upper_bound: 15.20, 15.19, 15.18, 15.17 and 76
                     more
                     sm_arch: 90_real, 90_virtual

What would change the choice:
  a driver with CUDA 12.8 or newer would select cu128
  a driver with CUDA 12.9 or newer would select cu129"""

AT_120 = """\
torch 2.8.0 from https://index.test/torch/
Metadata: https://index.test/torch-2.8.0-variants.json (revision 0.0.2)
Selected: torch-2.8.0-cp311-cp311-manylinux_2_28_x86_64-00000000.whl

Rank  Label     Why
   1  00000000  selected
   -  cu126     needs nvidia :: cuda_version_lower_bound :: 12.6, this machine has none (no NVIDIA driver found)
                needs nvidia :: sm_arch :: one of 50_real, 60_real, 70_real, 75_real, 80_real, 86_real, 90_real, this
                machine has none (no NVIDIA driver found)
   -  cu128     needs nvidia :: cuda_version_lower_bound :: 12.8, this machine has none (no NVIDIA driver found)
                needs nvidia :: sm_arch :: one of 100_real, 120_real, 75_real, 80_real, 86_real, 90_real, this machine
                has none (no NVIDIA driver found)
   -  cu129     needs nvidia :: cuda_version_lower_bound :: 12.9, this machine has none (no NVIDIA driver found)
                needs nvidia :: sm_arch :: one of 100_real, 120_real, 120_virtual, 75_real, 80_real, 86_real, 90_real,
                this machine has none (no NVIDIA driver found)

Namespace  Who       What
nvidia     built-in  no NVIDIA driver found
"""  # noqa: E501 - 120 columns are the point


def test_text_at_80_columns() -> None:
    """The table wraps where a terminal of 80 columns ends."""
    assert _text(_explain(_machine((12, 6), (9, 0)), read_text(TORCH_JSON)), 80) == AT_80


def test_text_at_120_columns() -> None:
    """All that a rejected build lacks is there, and who said so."""
    nobody = Support("nvidia", "built-in", reason="no NVIDIA driver found")
    text = _text(_explain(nobody, read_text(TORCH_JSON)), 120)
    table, _, hints = text.partition("\nWhat would change the choice:\n")
    assert table == AT_120
    assert " ".join(hints.split()).count(" would select ") == 3


def test_two_wheels_of_a_label_are_told_apart_by_their_tags() -> None:
    """Rows of the same label, or of no label, show the tags in the file names."""
    rows = (
        Row("a-1-py3-none-linux_x86_64-cpu.whl", "cpu", 1, True),
        Row("a-1-py3-none-any-cpu.whl", "cpu", 2, True, note="behind"),
        Row("a-1-py3-none-linux_x86_64.whl", None, 3, True, note="plain"),
        Row("a-1-1-py3-none-any.whl", None, 4, True, note="plain"),
        Row("a-1-py3-none-any-gpu.whl", "gpu", None, False, reasons=("no", "and no")),
    )
    found = Explanation(
        "a", "1", "here", Origin("wheels", None, "0.2.0"), (), rows, rows[0].filename
    )
    assert (
        _text(found, 80)
        == """\
a 1 from here
Metadata: variant.json in the wheels (revision 0.2.0)
Selected: a-1-py3-none-linux_x86_64-cpu.whl

Rank  Label                          Why
   1  cpu py3-none-linux_x86_64      selected
   2  cpu py3-none-any               behind
   3  (plain) py3-none-linux_x86_64  plain
   4  (plain) py3-none-any           plain
   -  gpu                            no
                                     and no"""
    )


def test_json() -> None:
    """The JSON of interface.md, whole."""
    found = _explain(_machine((12, 6), (9, 0)), read_text(TORCH_JSON))
    entry = explanation_entry(found)
    torch = read_text(TORCH_JSON)
    wheels = entry.pop("wheels")
    namespaces = entry.pop("namespaces")
    assert entry == {
        "project": "torch",
        "version": "2.8.0",
        "source": "https://index.test/torch/",
        "metadata": {
            "origin": "index",
            "location": "https://index.test/torch-2.8.0-variants.json",
            "revision": "0.0.2",
        },
        "selected": torch_filename("cu126"),
        "warnings": [],
    }
    assert namespaces == [namespace_entry(_machine((12, 6), (9, 0)))]
    assert isinstance(wheels, list)
    assert [(item["label"], item["rank"], item["compatible"]) for item in wheels] == [
        ("cu126", 1, True),
        ("00000000", 2, True),
        ("cu128", None, False),
        ("cu129", None, False),
    ]
    cu128 = torch.variant("cu128")
    assert cu128 is not None
    assert wheels[2] == {
        "filename": torch_filename("cu128"),
        "label": "cu128",
        "rank": None,
        "compatible": False,
        "reason": "needs nvidia :: cuda_version_lower_bound :: 12.8, this machine has up to 12.6",
        "properties": list(cu128.properties),
    }


def test_json_of_a_namespace() -> None:
    """A foreign target is a state of ours alone; for others nobody has said anything."""
    assert namespace_entry(Support("gpu", "foreign", (("cuda", ("12", "11")),), "elsewhere")) == {
        "namespace": "gpu",
        "state": "none",
        "reason": "elsewhere",
        "features": [{"name": "cuda", "values": ["12", "11"]}],
    }


def test_json_of_an_installed_variant() -> None:
    """Whether it fits is said by the reason why not."""
    fitting_one = installed_entry("torch", "2.8.0", variant("cu1", "gpu :: cuda :: 1"), None)
    assert fitting_one == {
        "project": "torch",
        "version": "2.8.0",
        "label": "cu1",
        "properties": ["gpu :: cuda :: 1"],
        "fits": True,
        "reason": None,
    }
    assert installed_entry("a", "1", variant("null"), "why")["fits"] is False
