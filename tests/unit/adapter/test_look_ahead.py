"""Requests ahead: for which projects, and what each rule leaves to pip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pip._internal.index.package_finder import BestCandidateResult
from pip._internal.models.search_scope import SearchScope
from pip._internal.utils.hashes import Hashes
from pip._internal.utils.temp_dir import global_tempdir_manager
from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
from pip._vendor.packaging.specifiers import BaseSpecifier

from pip_variants.pip_adapter.links import remote_file
from pip_variants.pip_adapter.look_ahead import look_ahead
from pip_variants.pip_adapter.run_state import RunState
from tests.support.stand_in_wheel import write_wheel
from tests.unit.adapter.edge import (
    GPU_JSON,
    FakeFinder,
    FakeServer,
    best_result,
    dump,
    link_to,
    list_json,
    run_state,
    wheel_name,
    write_installed,
)

SLOW_SERVER = 0.2
NAMES = ("one", "two")
PLAIN = ("plain",)
WITHOUT_METADATA = ("bare",)
FILES = "https://example.org/files"


def page(name: str) -> str:
    """Return the URL of a project's page."""
    return f"https://example.org/simple/{name}/"


class ManyFinder(FakeFinder):
    """A finder with two variants of version 1.0 of each project."""

    def __init__(self, server: FakeServer) -> None:
        super().__init__(server)
        scope = SearchScope.create([], ["https://example.org/simple"], no_index=False)
        self._link_collector.search_scope = scope

    def find_best_candidate(
        self,
        project_name: str,
        specifier: BaseSpecifier | None = None,
        hashes: Hashes | None = None,  # noqa: ARG002 - as PackageFinder has it
    ) -> BestCandidateResult:
        """Return the files of a project."""
        self.queries.append((project_name, str(specifier)))
        labels = (None,) if project_name in PLAIN else ("slow", "fast")
        return best_result(
            link_to(
                wheel_name(label, "1.0", project_name),
                page=page(project_name),
                core_metadata=project_name not in WITHOUT_METADATA,
            )
            for label in labels
        )


@pytest.fixture(autouse=True)
def _temporary_folders() -> Iterator[None]:
    """Let pip make its temporary folders."""
    with global_tempdir_manager():
        yield


@pytest.fixture
def server() -> FakeServer:
    """Return a server that has pages, variant metadata and METADATA of two projects."""
    files = {page(name): b"" for name in NAMES}
    for name in NAMES:
        files[f"https://example.org/files/{name}-1.0-variants.json"] = dump(GPU_JSON)
        for label in ("fast", "slow"):
            wheel = wheel_name(label, "1.0", name)
            files[f"https://example.org/files/{wheel}.metadata"] = b"Name: x\n"
    return FakeServer(files)


@pytest.fixture
def state() -> Iterator[RunState]:
    """Return the state of a run whose server is slow."""
    own = run_state(listed=None)
    own.metadata.seconds = SLOW_SERVER
    for name in NAMES:
        list_json(own, f"https://example.org/files/{name}-1.0-variants.json", page(name))
    yield own
    own.close()


def run(state: RunState, server: FakeServer, *texts: str) -> tuple[list[str], ManyFinder]:
    """Look ahead for requirements; return every URL that was requested, sorted."""
    finder = ManyFinder(server)
    look_ahead(state, finder, lambda: map(Requirement, texts))
    for prefetch in state.prefetched.values():
        prefetch.result()
    return sorted(str(request.url) for request in server.sent), finder


def test_pages_variants_and_metadata_are_requested(state: RunState, server: FakeServer) -> None:
    """Of each project once, METADATA only of what will be selected."""
    requested, finder = run(state, server, "one>=1", "two", "one<2")
    files = "https://example.org/files"
    expected = [
        *(page(name) for name in NAMES),
        *(f"{files}/{name}-1.0-variants.json" for name in NAMES),
        *(f"{files}/{wheel_name('fast', '1.0', name)}.metadata" for name in NAMES),
    ]
    assert requested == sorted(expected)
    assert sorted(finder.queries) == [("one", "<2,>=1"), ("two", "")]
    assert len(state.ahead.decisions) == 2
    assert set(state.prefetched) == {url for url in expected if not url.endswith(".json")}


NOTHING = {
    "one project only": ("one", "One>=1"),
    "none": (),
    "by URL": ("one @ https://example.org/one.whl", "two"),
}


@pytest.mark.parametrize("texts", NOTHING.values(), ids=NOTHING)
def test_one_project_is_left_to_pip(
    state: RunState, server: FakeServer, texts: tuple[str, ...]
) -> None:
    """There is nothing that could be beside it."""
    assert run(state, server, *texts)[0] == []


def test_nearby_server_is_left_to_pip(state: RunState, server: FakeServer) -> None:
    """Requests one after the other are as fast."""
    state.metadata.seconds = 0.009
    assert run(state, server, *NAMES)[0] == []


def test_installed_project_may_need_no_page(
    state: RunState, server: FakeServer, tmp_path: Path
) -> None:
    """What is installed already may satisfy the requirement; one that is left is one."""
    state.prepared.append(write_installed(tmp_path, None, name="two"))
    assert run(state, server, *NAMES)[0] == []


def test_project_that_was_required_before_is_not_requested_again(
    state: RunState, server: FakeServer
) -> None:
    """Pip has it already, or has pinned another version of it."""
    run(state, server, *NAMES)
    before = len(server.sent)
    run(state, server, "one==1.0", "two>=1")
    assert len(server.sent) == before


@pytest.mark.parametrize("option", ["constraints", "require_hashes"])
def test_options_that_decide_versions_leave_only_pages(
    state: RunState, server: FakeServer, option: str
) -> None:
    """Which version is the first one is not known here."""
    setattr(state.options, option, ["constraints.txt"])
    assert run(state, server, *NAMES)[0] == [page(name) for name in NAMES]
    assert state.ahead.decisions == {}


def test_invalid_requirement_leaves_all_to_pip(state: RunState, server: FakeServer) -> None:
    """Pip reports it."""

    def requirements() -> Iterator[Requirement]:
        yield Requirement("one")
        yield Requirement("two")
        raise InvalidRequirement

    look_ahead(state, ManyFinder(server), requirements)
    assert server.sent == []


def test_failed_page_is_left_to_pip(state: RunState, server: FakeServer) -> None:
    """It is requested again and reported by pip; the other one is used."""
    server.statuses[page("one")] = 503
    run(state, server, *NAMES)
    assert state.prefetched[page("one")].result() is None
    assert state.prefetched[page("two")].result() is not None


def publish(server: FakeServer, state: RunState, name: str, *lines: str) -> None:
    """Let the server have a project whose files have these lines in their METADATA."""
    server.files[page(name)] = b""
    list_json(state, f"{FILES}/{name}-1.0-variants.json", page(name))
    server.files[f"{FILES}/{name}-1.0-variants.json"] = dump(GPU_JSON)
    text = "\n".join(["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *lines, ""])
    for label in ("fast", "slow", None):
        server.files[f"{FILES}/{wheel_name(label, '1.0', name)}.metadata"] = text.encode()


def test_dependencies_of_all_that_is_expected_follow_together(
    state: RunState, server: FakeServer
) -> None:
    """When the first distribution arrives at pip, with extras, and those of plain wheels."""
    publish(server, state, "one", "Requires-Dist: three", "Provides-Extra: x")
    publish(server, state, "plain", 'Requires-Dist: four; extra == "x"', "Provides-Extra: x")
    for name in ("three", "four"):
        publish(server, state, name)
    run(state, server, "one", "plain[x]")
    before = len(server.sent)
    requested, finder = run(state, server, "three")
    assert [query for query, _ in finder.queries] == ["three", "four"]
    files = [f"{FILES}/{wheel_name('fast', '1.0', name)}.metadata" for name in ("three", "four")]
    assert {page("three"), page("four"), *files} <= set(requested)
    assert len(server.sent) == before + 6
    assert [file.project for file in state.ahead.expected] == ["three", "four"]


def test_wrong_guess_is_the_last(state: RunState, server: FakeServer) -> None:
    """A requirement that the expected version does not satisfy leaves the rest to pip."""
    publish(server, state, "one", "Requires-Dist: two>1", "Requires-Dist: three")
    run(state, server, *NAMES)
    before = len(server.sent)
    run(state, server, "three", "four")
    assert state.ahead.was_wrong
    run(state, server, "five", "six")
    assert len(server.sent) == before


def test_metadata_without_a_file_of_its_own_is_read_out_of_the_wheel(
    state: RunState, server: FakeServer, tmp_path: Path
) -> None:
    """Of a server that sends parts; its dependencies follow like all others."""
    server.ranges = True
    for name in ("one", "bare", "three"):
        publish(server, state, name)
    first, bare = wheel_name("fast"), wheel_name("fast", "1.0", "bare")
    for wheel in (first, bare):
        path = write_wheel(tmp_path, wheel, requires=["three"])
        server.files[f"{FILES}/{wheel}"] = path.read_bytes()
    transport = state.use_finder(ManyFinder(server))
    state.wheels.members(remote_file(link_to(first)), transport)
    run(state, server, "one", "bare")
    assert state.wheels.is_read_ahead(f"{FILES}/{bare}")
    requested, _ = run(state, server, "four")
    assert page("three") in requested
    assert requested.count(f"{FILES}/{bare}") == 1
