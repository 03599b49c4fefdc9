"""The table of an explanation: whole texts at two widths of the terminal."""

from __future__ import annotations

import io

import pytest
from pip._vendor.rich.console import Console

from pip_variants.core.decision import Installed
from pip_variants.core.properties import Label, Namespace
from pip_variants.core.supported import SupportedProperties
from pip_variants.explain import messages
from pip_variants.explain.model import Explanation, Origin, Row, explain_decision
from pip_variants.explain.table import render
from tests.unit.cases import supported, variant
from tests.unit.explain_cases import forced_nvidia, torch_decision


def _text(explanation: Explanation, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, no_color=True)
    console.print(render(explanation))
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


AT_80 = """\
torch 2.8.0 from https://index.test/torch/
Metadata: https://index.test/torch-2.8.0-variants.json (revision 0.0.2)
Selected: torch-2.8.0-cp311-cp311-manylinux_2_28_x86_64-cu126.whl

Rank  Label     Reason
   1  cu126     selected
   2  00000000  null variant, ranked after all variants with properties
   -  cu128     a driver with CUDA 12.8 or newer is required (needs nvidia ::
                cuda_version_lower_bound :: 12.8, this machine has up to 12.6)
   -  cu129     a driver with CUDA 12.9 or newer is required (needs nvidia ::
                cuda_version_lower_bound :: 12.9, this machine has up to 12.6)

Namespace  Source    Supported
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

Rank  Label     Reason
   1  00000000  selected
   -  cu126     a driver with CUDA 12.6 or newer is required (needs nvidia :: cuda_version_lower_bound :: 12.6, this
                machine has none (no NVIDIA driver found))
                a GPU of compute capability 5.0, 6.0, 7.0, 7.5, 8.0, 8.6 or 9.0 is required (needs nvidia :: sm_arch ::
                one of 50_real, 60_real, 70_real, 75_real, 80_real, 86_real, 90_real, this machine has none)
   -  cu128     a driver with CUDA 12.8 or newer is required (needs nvidia :: cuda_version_lower_bound :: 12.8, this
                machine has none (no NVIDIA driver found))
                a GPU of compute capability 7.5, 8.0, 8.6, 9.0, 10.0 or 12.0 is required (needs nvidia :: sm_arch :: one
                of 100_real, 120_real, 75_real, 80_real, 86_real, 90_real, this machine has none)
   -  cu129     a driver with CUDA 12.9 or newer is required (needs nvidia :: cuda_version_lower_bound :: 12.9, this
                machine has none (no NVIDIA driver found))
                a GPU of compute capability 7.5, 8.0, 8.6, 9.0, 10.0 or 12.0 is required (needs nvidia :: sm_arch :: one
                of 100_real, 120_real, 120_virtual, 75_real, 80_real, 86_real, 90_real, this machine has none)

Namespace  Source    Supported
nvidia     built-in  no NVIDIA driver found
"""  # noqa: E501 - 120 columns are expected


def test_table_wraps_at_80_columns() -> None:
    """The table wraps where a terminal of 80 columns ends."""
    found = explain_decision(torch_decision(forced_nvidia((12, 6), (9, 0))))
    assert _text(found, 80) == AT_80


def test_table_at_120_columns_has_all_missing_features() -> None:
    """A rejected variant has a line for each missing feature, and the reason of the provider."""
    no_driver = supported("nvidia", "built-in", reason="no NVIDIA driver found")
    text = _text(explain_decision(torch_decision(no_driver)), 120)
    table, _, suggestions = text.partition("\nWhat would change the choice:\n")
    assert table == AT_120
    assert " ".join(suggestions.split()).count(" would select ") == 3


def test_wheels_of_one_label_are_shown_with_their_tags() -> None:
    """Rows with the same label, or without one, also show the tags in the file names."""
    rows = (
        Row("a-1-py3-none-linux_x86_64-cpu.whl", Label("cpu"), 1, True),
        Row("a-1-py3-none-any-cpu.whl", Label("cpu"), 2, True, note="worse tags"),
        Row("a-1-py3-none-linux_x86_64.whl", None, 3, True, note="plain"),
        Row("a-1-1-py3-none-any.whl", None, 4, True, note="plain"),
        Row("a-1-py3-none-any-gpu.whl", Label("gpu"), None, False, reasons=("no", "and no")),
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

Rank  Label                          Reason
   1  cpu py3-none-linux_x86_64      selected
   2  cpu py3-none-any               worse tags
   3  (plain) py3-none-linux_x86_64  plain
   4  (plain) py3-none-any           plain
   -  gpu                            no
                                     and no"""
    )


HERE, THERE = "https://a.test/demo/", "https://b.test/demo/"


def test_wheels_of_two_indexes_have_their_index_in_each_row() -> None:
    """Also if they have one label, and each row has a reason (trial 38)."""
    rows = (
        Row("a-1-py3-none-any-gpu.whl", Label("gpu"), 1, True, source=HERE),
        Row("a-1-py3-none-any-gpu.whl", Label("gpu"), 2, True, note="later", source=THERE),
        Row("a-1-py3-none-any-x.whl", Label("x"), None, False, reasons=("no",), source=HERE),
    )
    found = Explanation("a", "1", HERE, Origin("none"), (), rows, rows[0].filename)
    assert (
        _text(found, 80)
        == """\
a 1 from https://a.test/demo/
Selected: a-1-py3-none-any-gpu.whl

Rank  Label  Reason    Index
   1  gpu    selected  https://a.test/demo/
   2  gpu    later     https://b.test/demo/
   -  x      no        https://a.test/demo/"""
    )


# What is installed and kept, the row of the same build if the index has it, and the table.
KEPT: dict[str, tuple[tuple[Row, ...], str]] = {
    "listed": (
        (
            Row("a-1-py3-none-any-new.whl", Label("new"), 1, True),
            Row("a-1-py3-none-any-gpu.whl", Label("gpu"), 2, True, note="comes after"),
        ),
        """\
a 1 from here
Installed: a 1 (gpu), which satisfies the requirement and is kept
pip install --upgrade a would install a-1-py3-none-any-new.whl
Selected: a-1-py3-none-any-gpu.whl

Rank  Label  Reason
   1  new    best of this version
   2  gpu    installed""",
    ),
    "misfit": (
        (Row("a-1-py3-none-any-gpu.whl", Label("gpu"), None, False, reasons=("no driver",)),),
        """\
a 1 from here
Installed: a 1 (gpu), which satisfies the requirement and is kept
pip install --upgrade a would install a-1-py3-none-any-new.whl
Selected: a-1-py3-none-any-gpu.whl

Rank  Label  Reason
   -  gpu    installed
             no driver""",
    ),
    "not listed": (
        (),
        """\
a 1 from here
Installed: a 1 (gpu), which satisfies the requirement and is kept
pip install --upgrade a would install a-1-py3-none-any-new.whl""",
    ),
}


@pytest.mark.parametrize(("rows", "text"), KEPT.values(), ids=KEPT)
def test_table_of_what_is_kept_marks_its_row(rows: tuple[Row, ...], text: str) -> None:
    """Another wheel may be the best; what an upgrade would take is named (trial 5)."""
    installed = Installed("1", variant("gpu"), is_kept=True, upgrade="a-1-py3-none-any-new.whl")
    selected = rows[-1].filename if rows else None
    found = Explanation("a", "1", "here", Origin("none"), (), rows, selected, installed=installed)
    assert _text(found, 80) == text


@pytest.mark.parametrize("would_change", [True, False])
def test_option_to_trust_a_provider_is_named_only_where_it_changes_the_choice(
    *, would_change: bool
) -> None:
    """Elsewhere the table says why the namespace supports nothing, and no more (trial 31)."""
    reason = messages.untrusted_provider("amd-x", "--trust-variant-provider amd-x")
    amd = SupportedProperties(
        Namespace("amd"), "untrusted", reason=reason, option="--trust-variant-provider amd-x"
    )
    change = (
        "with --trust-variant-provider amd-x, a machine that supports amd :: gfx would select x"
    )
    rows = (Row("a-1-py3-none-any.whl", None, 1, True),)
    suggestions = (change,) if would_change else ()
    found = Explanation(
        "a", "1", "here", Origin("none"), (amd,), rows, rows[0].filename, suggestions
    )
    text = _text(found, 200)
    assert text.count("--trust-variant-provider") == (2 if would_change else 0)
    assert text.count("third-party code, which is not run") == 1
