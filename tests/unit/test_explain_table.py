"""The table of an explanation: whole texts at two widths of the terminal."""

from __future__ import annotations

import io

from pip._vendor.rich.console import Console

from pip_variants.core.properties import Label
from pip_variants.explain.model import Explanation, Origin, Row, explain_decision
from pip_variants.explain.table import render
from tests.unit.cases import supported
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
   -  cu128     needs nvidia :: cuda_version_lower_bound :: 12.8, this machine
                has up to 12.6
   -  cu129     needs nvidia :: cuda_version_lower_bound :: 12.9, this machine
                has up to 12.6

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
   -  cu126     needs nvidia :: cuda_version_lower_bound :: 12.6, this machine has none (no NVIDIA driver found)
                needs nvidia :: sm_arch :: one of 50_real, 60_real, 70_real, 75_real, 80_real, 86_real, 90_real, this
                machine has none (no NVIDIA driver found)
   -  cu128     needs nvidia :: cuda_version_lower_bound :: 12.8, this machine has none (no NVIDIA driver found)
                needs nvidia :: sm_arch :: one of 100_real, 120_real, 75_real, 80_real, 86_real, 90_real, this machine
                has none (no NVIDIA driver found)
   -  cu129     needs nvidia :: cuda_version_lower_bound :: 12.9, this machine has none (no NVIDIA driver found)
                needs nvidia :: sm_arch :: one of 100_real, 120_real, 120_virtual, 75_real, 80_real, 86_real, 90_real,
                this machine has none (no NVIDIA driver found)

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
