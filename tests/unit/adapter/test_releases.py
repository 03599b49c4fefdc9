"""The files among which pip looks for a requested label."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from pip._internal.models.link import Link
from pip._vendor.packaging.specifiers import SpecifierSet

from pip_variants.core.properties import Label
from pip_variants.pip_adapter.releases import is_pinned, releases_of, requested_candidates
from tests.unit.adapter.edge import FakeFinder, candidate, link_to, serving, torch_links, wheel_name

OLD = torch_links(None, "a", version="2.7.0")
NEW = torch_links(None, "b", "null", version="2.8.0")
NEWEST = torch_links(None, version="2.9.0")
YANKED_A = link_to(wheel_name("a"), yanked="broken")
YANKED_NULL = link_to(wheel_name("null"), yanked="broken")
OLD_ZEROS = torch_links("00000000", version="2.7.0")

# The files, worst first, the requested label, the specifier, and the files that remain.
CASES: dict[str, tuple[Sequence[Link], str | None, str, Sequence[Link]]] = {
    "nothing requested": ([*OLD, *NEW], None, "", [*OLD, *NEW]),
    "no files": ([], "a", "", []),
    "label of the newest": ([*OLD, *NEW], "b", "", NEW),
    "label of an older version": ([*OLD, *NEW, *NEWEST], "a", "", [*OLD, *NEWEST]),
    "label of no version": ([*OLD, *NEW, *NEWEST], "x", "", NEWEST),
    "yanked label, no pin": ([*OLD, *NEW, YANKED_A], "a", "", [*OLD, *NEW, YANKED_A]),
    "yanked label, range": ([*NEW, YANKED_A], "a", "==2.8.*", [*NEW, YANKED_A]),
    "yanked label, pin": ([*NEW, YANKED_A], "a", "==2.8.0", [YANKED_A]),
    "yanked label, exact pin": ([*NEW, YANKED_A], "a", "===2.8.0", [YANKED_A]),
    "yanked beside another file of the label": (
        [*torch_links("a"), YANKED_A],
        "a",
        "==2.8.0",
        [*torch_links("a"), YANKED_A],
    ),
    "only yanked files": ([YANKED_NULL, YANKED_A], "b", "==2.8.0", [YANKED_NULL, YANKED_A]),
    "null by its name": ([*OLD, *NEW], "null", "", [*OLD, *NEW]),
    "null of any label": ([*OLD_ZEROS, *NEWEST], "null", "", [*OLD_ZEROS, *NEWEST]),
    "yanked null": ([*torch_links("a"), YANKED_NULL], "null", "==2.8.0", [YANKED_NULL]),
}


@pytest.mark.parametrize(("links", "label", "specifier", "found"), CASES.values(), ids=CASES)
def test_requested_label_decides_which_files_are_tried(
    links: Sequence[Link], label: str | None, specifier: str, found: Sequence[Link]
) -> None:
    """Only names are compared. The newest version stays, so that a line has the reason."""
    candidates = list(map(candidate, links))
    requested = None if label is None else Label(label)
    remaining = requested_candidates(candidates, requested, SpecifierSet(specifier))
    assert [item.link for item in remaining] == list(found)


@pytest.mark.parametrize(
    ("specifier", "pinned"),
    [("", False), (">=2", False), ("==2.*", False), ("==2.0", True), ("===2", True)],
)
def test_only_an_exact_version_is_a_pin(specifier: str, *, pinned: bool) -> None:
    """As pip has it for yanked files."""
    assert is_pinned(SpecifierSet(specifier)) is pinned


def test_releases_are_those_that_pip_tries() -> None:
    """A yanked file with the label is found by an exact pin, and by nothing else."""
    finder = FakeFinder(serving(), [*NEW, YANKED_A])
    for text, labels in (("==2.8.0", ["a"]), (">=2.8", ["null", "b", None])):
        found = releases_of(finder, "torch", SpecifierSet(text), requested=Label("a"))
        assert [link.label for release in found for link in release.links] == labels
