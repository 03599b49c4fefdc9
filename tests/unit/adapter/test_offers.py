"""Which versions `pip list --outdated` and `pip index versions` offer."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path

import pytest
from pip._internal.models.candidate import InstallationCandidate
from pip._internal.models.link import Link

from pip_variants.pip_adapter.compat import DistributionNotFound
from pip_variants.pip_adapter.installed import installed_variant
from pip_variants.pip_adapter.offers import offer, offered_versions, upgrades
from pip_variants.providers import nvidia
from tests.unit.adapter.edge import (
    GPU_JSON,
    PAGE,
    FakeFinder,
    FakeServer,
    candidate,
    link_to,
    list_json,
    logged,
    only,
    run_state,
    torch_links,
    wheel_name,
    write_installed,
)

Labels = tuple[str | None, ...]


class AllFinder(FakeFinder):
    """A finder that finds its links whatever the project is."""

    def find_all_candidates(self, project_name: str) -> list[InstallationCandidate]:  # noqa: ARG002 - as PackageFinder has it
        """Return the links as candidates."""
        return [*map(candidate, self.links)]


def json_url(version: str) -> str:
    """Return the URL of the variants JSON of a version of torch."""
    return f"https://example.org/files/torch-{version}-variants.json"


def finder_of(releases: Mapping[str, Labels]) -> AllFinder:
    """Return a finder of these versions, each with metadata on the server."""
    files = {json_url(version): json.dumps(GPU_JSON).encode() for version in releases}
    links = [
        link for version, labels in releases.items() for link in version_links(version, labels)
    ]
    return AllFinder(FakeServer(files), links)


def version_links(version: str, labels: Labels) -> list[Link]:
    """Return the links of a version; its label `yanked` is a plain wheel that was yanked."""
    plain = wheel_name(None, version)
    return [
        link_to(plain, yanked="broken")
        if label == "yanked"
        else torch_links(label, version=version)[0]
        for label in labels
    ]


# The versions of torch by label, of which 2.8.0 is installed as `fast`; those that are offered, and
# those whose metadata is requested.
OUTDATED: dict[str, tuple[dict[str, Labels], list[str], list[str]]] = {
    "newest fits": ({"2.9.0": ("fast",), "2.8.0": ("fast",)}, ["2.8.0", "2.9.0"], ["2.9.0"]),
    "newest is for another machine": (
        {"2.9.0": ("new",), "2.8.0": ("fast",)},
        ["2.8.0"],
        ["2.9.0"],
    ),
    "the second fits": (
        {"2.9.0": ("new",), "2.8.1": ("fast", "new"), "2.8.0": ("fast",)},
        ["2.8.0", "2.8.1"],
        ["2.9.0", "2.8.1"],
    ),
    "null fits": ({"2.9.0": ("new", "null"), "2.8.0": ("fast",)}, ["2.8.0", "2.9.0"], ["2.9.0"]),
    "plain wheel": ({"2.9.0": ("new", None), "2.8.0": ("fast",)}, ["2.8.0", "2.9.0"], []),
    "installed is the newest": ({"2.8.0": ("new",), "2.7.0": ("new",)}, ["2.7.0", "2.8.0"], []),
    "newest is yanked": (
        {"2.9.1": ("yanked",), "2.9.0": ("new",), "2.8.0": ("fast",)},
        ["2.8.0", "2.9.1"],
        ["2.9.0"],
    ),
}


@pytest.mark.parametrize(("releases", "offered", "requested"), OUTDATED.values(), ids=OUTDATED)
def test_version_for_other_machines_is_no_upgrade(
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    releases: dict[str, Labels],
    offered: list[str],
    requested: list[str],
) -> None:
    """One request for each newer version, until one fits; a report has no notices."""
    finder = finder_of(releases)
    state = run_state(listed=None)
    for version in releases:
        list_json(state, json_url(version), PAGE)
    dist = write_installed(tmp_path, only("fast"))
    found = upgrades(state, dist, finder.find_all_candidates("torch"), finder)
    assert sorted({str(item.version) for item in found}) == offered
    server = finder._link_collector.session.get_adapter(PAGE)
    assert server.requests == [f"GET {json_url(version)}" for version in requested]
    assert logged(caplog, logging.INFO) == []


def test_version_of_unknown_metadata_is_offered(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """What cannot be read does not hide a version; the warning is there."""
    finder = AllFinder(FakeServer(), torch_links("fast", version="2.9.0"))
    state = run_state(listed=None)
    dist = write_installed(tmp_path, only("fast"))
    found = upgrades(state, dist, finder.find_all_candidates("torch"), finder)
    assert [str(item.version) for item in found] == ["2.9.0"]
    assert [level for level, _ in logged(caplog)] == ["WARNING"]


def test_version_that_cannot_be_judged_is_offered(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """An error of the decision is a warning of the report, which goes on."""
    document = {
        "default-priorities": {"namespace": ["nvidia"]},
        "providers": {"nvidia": {"requires": ["nvidia-variant-provider"]}},
        "variants": {"new": {"nvidia": {"sm_arch": ["90_real"]}}},
    }
    url = json_url("2.9.0")
    files = {url: json.dumps(document).encode()}
    finder = AllFinder(FakeServer(files), torch_links("new", version="2.9.0"))
    state = run_state(machine=None, listed=None)
    state.resolver.runner.environ = {nvidia.FORCE_CUDA: "new", nvidia.FORCE_SM: "9.0"}
    list_json(state, url, PAGE)
    dist = write_installed(tmp_path, only("fast"))
    found = upgrades(state, dist, finder.find_all_candidates("torch"), finder)
    assert [str(item.version) for item in found] == ["2.9.0"]
    variant = installed_variant(state, dist)
    assert variant is not None
    assert offer(state, variant, finder) is None
    ((level, text),) = logged(caplog)
    assert (level, nvidia.FORCE_CUDA in text) == ("WARNING", True)


# Whether a variant is installed, the options, and the versions of torch that are listed.
LISTED: dict[str, tuple[bool, tuple[str, ...], list[str]]] = {
    "installed": (True, (), ["2.7.0", "2.8.0"]),
    "not installed": (False, (), ["2.7.0", "2.8.0", "2.9.0"]),
    "installed, label": (True, ("torch=slow",), ["2.7.0"]),
    "label": (False, ("torch=new",), ["2.9.0"]),
    "installed, excluded": (True, ("torch=!fast",), ["2.7.0"]),
    "excluded": (False, ("torch=!slow", "torch=!new"), ["2.7.0", "2.8.0"]),
}
RELEASES: dict[str, Labels] = {"2.9.0": ("new",), "2.8.0": ("fast",), "2.7.0": ("slow", None)}


@pytest.mark.parametrize(("is_installed", "options", "listed"), LISTED.values(), ids=LISTED)
def test_versions_are_listed_that_have_the_label_and_fit(
    options: tuple[str, ...], listed: list[str], *, is_installed: bool
) -> None:
    """Without an installed variant only names are compared."""
    finder = finder_of(RELEASES)
    state = run_state(listed=None, requested=options)
    for version in RELEASES:
        list_json(state, json_url(version), PAGE)
    versions = {item.version for item in finder.find_all_candidates("torch")}
    found = offered_versions(state, "torch", versions, finder, fitting=is_installed)
    assert sorted(map(str, found)) == listed
    server = finder._link_collector.session.get_adapter(PAGE)
    assert is_installed or server.requests == []


def test_no_version_fits_is_an_error_with_the_reason() -> None:
    """The reason is that of the first version that was considered."""
    finder = finder_of({"2.8.0": ("new",)})
    state = run_state()
    versions = {item.version for item in finder.find_all_candidates("torch")}
    with pytest.raises(DistributionNotFound) as caught:
        offered_versions(state, "torch", versions, finder, fitting=True)
    assert str(caught.value) == (
        "No matching distribution found for torch:"
        " new needs gpu :: arch :: 3, this machine has 2, 1"
    )
