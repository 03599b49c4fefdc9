"""Which build each machine would take: machines, outcomes, their rows, table, JSON and page."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from pip._vendor.packaging.tags import Tag
from pip._vendor.rich.console import Console

from pip_variants.core.machines import Machine, linux, macos
from pip_variants.core.metadata import NO_METADATA, VariantMetadata
from pip_variants.core.outcomes import Outcome, outcome, pythons_of
from pip_variants.core.target_markers import parse_requirement
from pip_variants.explain.outcomes import OutcomeRow, ReleaseRows, entries, rows, table
from pip_variants.explain.outcomes_html import page
from pip_variants.formats.reader import read
from pip_variants.providers.example_machines import EXAMPLES
from pip_variants.providers.registry import BUILT_INS, built_in_for
from tests.unit.cases import TORCH_JSON

PY = (3, 13)
TORCH = read(json.loads(TORCH_JSON))
LABELS = ("00000000", "cu126", "cu128", "cu129")
BY_NAME = {item.machine.name: item for item in EXAMPLES}


def torch(label: str | None, platform: str = "manylinux_2_28_x86_64", python: str = "313") -> str:
    """Return the name of a wheel of torch 2.8.0."""
    end = "" if label is None else f"-{label}"
    return f"torch-2.8.0-cp{python}-cp{python}-{platform}{end}.whl"


ALL_WHEELS = tuple(map(torch, LABELS))


def outcome_of(
    name: str, wheels: Sequence[str] = ALL_WHEELS, metadata: VariantMetadata = TORCH
) -> Outcome:
    """Return what an example machine takes."""
    example = BY_NAME[name]
    return outcome(example.machine, PY, wheels, metadata, example.supported)


TAGS = [
    ((3, 13), linux("x86_64", 39), "cp313-cp313-manylinux_2_39_x86_64", True),
    ((3, 13), linux("x86_64", 39), "cp313-cp313-manylinux_2_40_x86_64", False),
    ((3, 13), linux("x86_64", 39), "cp313-cp313-manylinux2014_x86_64", True),
    ((3, 13), linux("x86_64", 39), "cp313-cp313-manylinux1_x86_64", True),
    ((3, 13), linux("x86_64", 39), "cp313-cp313-musllinux_1_2_x86_64", False),
    ((3, 13), linux("x86_64", 39), "cp39-abi3-manylinux_2_28_x86_64", True),
    ((3, 13), linux("x86_64", 39), "cp314-cp314-manylinux_2_28_x86_64", False),
    ((3, 13), linux("x86_64", 39), "cp313-cp313t-manylinux_2_28_x86_64", False),
    ((3, 13), linux("x86_64", 39), "py3-none-any", True),
    ((3, 13), linux("aarch64", 39), "cp313-cp313-manylinux2014_aarch64", True),
    ((3, 13), linux("aarch64", 39), "cp313-cp313-manylinux_2_12_aarch64", False),
    ((3, 13), linux("aarch64", 39), "cp313-cp313-manylinux_2_28_x86_64", False),
    ((3, 13), macos(15, "arm64"), "cp313-cp313-macosx_11_0_arm64", True),
    ((3, 13), macos(15, "arm64"), "cp313-cp313-macosx_11_0_universal2", True),
    ((3, 13), macos(15, "arm64"), "cp313-cp313-macosx_110_0_arm64", False),
    ((3, 13), macos(15, "arm64"), "cp313-cp313-macosx_26_0_arm64", False),
    ((3, 13), ("win_amd64",), "cp313-cp313-win_amd64", True),
    ((3, 13), ("win_amd64",), "cp313-cp313-win_arm64", False),
]


@pytest.mark.parametrize(("python", "platforms", "tag", "accepted"), TAGS)
def test_machine_accepts_the_tags_of_its_platform(
    python: tuple[int, int], platforms: tuple[str, ...], tag: str, *, accepted: bool
) -> None:
    """Tags are those that pip accepts on such a machine."""
    found = Machine("x", "", platforms).tags(python)
    assert (Tag(*tag.split("-")) in found) is accepted


PYTHONS = [
    (["a-1-cp310-cp310-win32.whl", "a-1-cp313-cp313-win32-x.whl"], ((3, 10), (3, 13))),
    (["a-1-cp39-abi3-win32.whl"], ((3, 9),)),
    (["a-1-py3-none-any.whl", "a-1-py3-none-any-x.whl"], (PY,)),
    (["a-1-1cp-cp311.cp312-none-any.whl"], ((3, 11), (3, 12))),
    (["a-1-cp3-cp3-any.whl", "a-1-cp27-cp27m-any.whl"], (PY,)),
    ([], (PY,)),
]


@pytest.mark.parametrize(("names", "expected"), PYTHONS)
def test_pythons_are_those_that_wheels_are_built_for(
    names: list[str], expected: tuple[tuple[int, int], ...]
) -> None:
    """A wheel for any Python adds none."""
    assert pythons_of(names, PY) == expected


UP_TO_124 = (
    "a driver with CUDA 12.6 or newer is required (cu126 needs nvidia ::"
    " cuda_version_lower_bound :: 12.6, this machine has up to 12.4)"
)
NO_DRIVER = "nvidia: no NVIDIA driver found"
TAKES: list[tuple[str, tuple[str, ...], str, str | None, str | None]] = [
    ("cuda13.0-sm90", ALL_WHEELS, "variant", "cu129", None),
    ("cuda12.8-sm89", ALL_WHEELS, "variant", "cu128", None),
    ("cuda12.6-sm90", ALL_WHEELS, "variant", "cu126", None),
    (
        "cuda12.4-sm61",
        ALL_WHEELS,
        "null",
        "00000000",
        UP_TO_124,
    ),
    ("x86-v3", ALL_WHEELS, "null", "00000000", NO_DRIVER),
    ("none", ALL_WHEELS, "null", "00000000", "nvidia: nothing is reported"),
    # T1: the metadata lists a label that no wheel of this platform has.
    (
        "cuda12.8-sm89",
        tuple(map(torch, ("00000000", "cu126"))),
        "variant",
        "cu126",
        "cu128 would fit, but has no wheel for this platform",
    ),
    (
        "cuda13.0-sm90",
        (torch("00000000"),),
        "null",
        "00000000",
        "cu129, cu128 and cu126 would fit, but have no wheel for this platform",
    ),
    ("x86-v3", (torch(None), torch("cu126")), "plain", None, NO_DRIVER),
    ("x86-v3", (torch("cu126"),), "nothing", None, NO_DRIVER),
    # T2: no Mac has macOS 110.
    (
        "mac",
        (torch("00000000", "macosx_110_0_arm64"),),
        "nothing",
        None,
        "no wheel is for this platform and Python",
    ),
    ("mac", (torch("00000000", "macosx_11_0_arm64"),), "null", "00000000", None),
    # T16: the provider is disabled on a platform that has wheels.
    (
        "windows",
        (torch("cu126", "win_amd64"), torch(None, "win_amd64")),
        "plain",
        None,
        NO_DRIVER,
    ),
    (
        "cuda13.0-sm121-arm",
        ALL_WHEELS,
        "nothing",
        None,
        "no wheel is for this platform and Python",
    ),
]


@pytest.mark.parametrize(("machine", "wheels", "kind", "label", "reason"), TAKES)
def test_machine_takes_what_pip_would(
    machine: str, wheels: tuple[str, ...], kind: str, label: str | None, reason: str | None
) -> None:
    """The build, and why it is not a better one."""
    (row,) = rows([outcome_of(machine, wheels)])
    assert (row.kind, row.label, row.reason) == (kind, label, reason)
    assert row.filename in ((None,) if kind == "nothing" else wheels)


def test_label_without_metadata_is_not_taken() -> None:
    """A wheel that nothing describes is passed over, as pip does."""
    (row,) = rows([outcome_of("x86-v3", (torch("odd"), torch(None)), NO_METADATA)])
    assert (row.kind, row.reason) == ("plain", "odd: no metadata describes its label")


def test_pythons_with_the_same_result_share_a_row() -> None:
    """A build that is missing for one Python is a row of its own."""
    example = BY_NAME["cuda12.8-sm89"]
    wheels = (
        *(torch(label, python=python) for label in LABELS for python in ("311", "312")),
        torch("00000000", python="313"),
    )
    found = [
        outcome(example.machine, python, wheels, TORCH, example.supported)
        for python in pythons_of(wheels, PY)
    ]
    lines = [(row.pythons, row.build) for row in rows(found)]
    assert lines == [(((3, 11), (3, 12)), "cu128"), (((3, 13),), "null variant")]


def test_examples_have_names_of_their_own_and_cover_every_provider() -> None:
    """Each machine has one name, and each package something on one; no provider is queried."""
    assert len(BY_NAME) == len(EXAMPLES)
    for built_in in BUILT_INS:
        for known in built_in.published:
            found = built_in_for([parse_requirement(known.package)], known.plugin_api)
            assert found is not None
            assert any(item.results[found.key].features for item in EXAMPLES), known
    for item in EXAMPLES:
        assert item.machine.platforms
        assert all(result.features or result.reason for result in item.results.values())
        assert item.results.keys() == EXAMPLES[0].results.keys()


def row(kind: str, label: str | None = None, reason: str | None = None) -> OutcomeRow:
    """Return a row of a machine."""
    (found,) = rows([outcome_of("x86-v3")])
    return replace(found, kind=kind, label=label, reason=reason)  # type: ignore[arg-type]


HOSTILE = "<script>alert(1)</script>"
RELEASE = ReleaseRows(
    "torch",
    "2.8.0",
    "https://index.test/torch/",
    (
        row("variant", "cu128"),
        replace(row("null", "00000000", HOSTILE), pythons=((3, 12), PY)),
        row("plain", None, "because"),
        row("nothing", None, "because"),
    ),
)


def test_table_marks_machines_that_fall_back() -> None:
    """Whole text at 80 columns."""
    console = Console(file=io.StringIO(), width=80, no_color=True)
    console.print(table(RELEASE))
    assert isinstance(console.file, io.StringIO)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert lines == [
        "torch 2.8.0 from https://index.test/torch/",
        "   Machine  Build                      Reason",
        "   x86-v3   cu128 (Python 3.13)",
        f"!  x86-v3   null variant               {HOSTILE}",
        "!  x86-v3   plain wheel (Python 3.13)  because",
        "!  x86-v3   nothing (Python 3.13)      because",
        "",
    ]


def test_json_names_everything() -> None:
    """One entry for each row."""
    first, *_, last = entries([RELEASE])
    assert first == {
        "project": "torch",
        "version": "2.8.0",
        "source": "https://index.test/torch/",
        "machine": "x86-v3",
        "python": ["3.13"],
        "takes": "variant",
        "label": "cu128",
        "filename": torch("00000000"),
        "reason": None,
    }
    assert (last["takes"], last["label"]) == ("nothing", None)


class _Elements(HTMLParser):
    """The tags and addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record a tag."""
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]


def test_page_needs_nothing_outside_it_and_runs_nothing() -> None:
    """Text of others is escaped; there are no scripts, links or images."""
    text = page([RELEASE])
    found = _Elements()
    found.feed(text)
    assert found.links == []
    assert set(found.tags).isdisjoint({"script", "img", "link", "iframe"})
    assert re.findall(r"url\(|@import", text) == []
    for build in ("cu128", "null variant", "plain wheel", "nothing", "Python 3.13"):
        assert build in text
