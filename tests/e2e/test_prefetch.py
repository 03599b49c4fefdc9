"""Prefetching: METADATA that pip requests before its resolver needs it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e.indexes import PURE_TAG
from tests.e2e.pips import KEPT_PAGES, Pip
from tests.support.stand_in import IndexServer, Listed, Reply, write_simple_index, write_wheel
from tests.support.stand_in_wheel import Json, dump

SERVER_DELAY = 0.03
"""Seconds before each response, which make prefetching worthwhile."""


PROJECTS = ("first", "second", "third", "fourth")


@pytest.fixture
def server(server: IndexServer) -> IndexServer:
    """Return the server with a delay before each response."""
    server.delay = SERVER_DELAY
    return server


def level_metadata(project: str, best: str) -> Json:
    """Return a project's metadata of the labels a and b, of which `best` is preferred."""
    static = {"level": [best, "b" if best == "a" else "a"], "of": [project]}
    return {
        "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
        "default-priorities": {"namespace": ["test"]},
        "providers": {"test": {"static-properties": static, "feature-order": [*static]}},
        "variants": {label: {"test": {"level": [label]}} for label in "ab"},
    }


def write_index(root: Path, best: Sequence[str], *, core_metadata: bool = True) -> None:
    """Write projects that each depend on the next one; `best` is the preferred label of each."""
    folder = root / "files"
    pages = {}
    for name, label, following in zip(PROJECTS, best, [*PROJECTS[1:], None], strict=False):
        files = [
            Listed(
                write_wheel(
                    folder,
                    f"{name}-1.0-{PURE_TAG}-{other}.whl",
                    requires=[following] if following else [],
                    variant_json=level_metadata(name, label),
                ),
                core_metadata=core_metadata,
            )
            for other in "ab"
        ]
        variants_json = folder / f"{name}-1.0-variants.json"
        variants_json.write_bytes(dump(level_metadata(name, label)))
        pages[name] = [*files, Listed(variants_json)]
    write_simple_index(root, pages)


def requested_metadata(server: IndexServer) -> list[str]:
    """Return the project and the label of each METADATA that was requested, by project."""
    names = (item.path.rpartition("/")[2] for item in server.requests)
    found = [name.split("-") for name in names if name.endswith(".metadata")]
    return sorted((f"{parts[0]} {parts[-1][0]}" for parts in found), key=_project_order)


def _project_order(text: str) -> tuple[int, str]:
    return PROJECTS.index(text.split(maxsplit=1)[0]), text


# The preferred label of each project, and the METADATA that is requested.
CASES = {
    "same label in all": ("aaaa", ["first a", "second a", "third a", "fourth a"]),
    "wrong in the middle": (
        "abba",
        ["first a", "second a", "second b", "third b", "fourth a"],
    ),
    "wrong at the end": (
        "aaab",
        ["first a", "second a", "third a", "fourth a", "fourth b"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_wrong_prefetch_costs_one_request(
    pip: Pip, server: IndexServer, tmp_path: Path, case: str
) -> None:
    """A right prefetch costs no request and a wrong one costs one; the selection is the same."""
    best, expected = CASES[case]
    write_index(tmp_path / "index", best)
    output = pip.dry_run(f"{server.url}simple/", "first")
    variants = [f"{name}-1.0-{label}" for name, label in zip(PROJECTS, best, strict=True)]
    assert (output.last_line, output.stderr) == (f"Would install {' '.join(sorted(variants))}", "")
    assert requested_metadata(server) == expected
    assert len(server.requested(".json")) == len(PROJECTS)


def test_warm_cache_leaves_only_page_requests(
    pip: Pip, server: IndexServer, tmp_path: Path, upstream: str
) -> None:
    """With a warm cache at most each page is revalidated, and a dry run asks for sizes."""
    write_index(tmp_path / "index", "abba")
    server.cacheable = True
    request_counts = []
    for _ in range(2):
        server.requests.clear()
        # Only a trusted host, or one with https, is cached by pip.
        pip.dry_run(f"{server.url}simple/", "--trusted-host", "127.0.0.1", "first")
        request_counts.append(len(server.requests))
    pages = 0 if upstream in KEPT_PAGES else len(PROJECTS)
    # Pages in HTML do not state the sizes of the wheels, of which METADATA is all that is fetched.
    sizes = len([item for item in server.requests if item.method == "HEAD"])
    assert sizes == len(PROJECTS)
    assert request_counts == [4 * len(PROJECTS) + 1, pages + sizes]


def test_fast_server_causes_no_prefetch(pip: Pip, server: IndexServer, tmp_path: Path) -> None:
    """A server that responds at once is not prefetched from, so that no request is wasted."""
    write_index(tmp_path / "index", "abba")
    server.delay = 0.0
    expected = ["first a", "second b", "third b", "fourth a"]
    for _ in range(5):  # a busy machine may respond slowly
        server.requests.clear()
        output = pip.dry_run(f"{server.url}simple/", "first")
        assert output.last_line == "Would install first-1.0-a fourth-1.0-a second-1.0-b third-1.0-b"
        if requested_metadata(server) == expected:
            return
    assert requested_metadata(server) == expected


def test_banner_precedes_collecting_despite_prefetch(
    pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """The banner of a prefetched project is printed before the line `Collecting`."""
    write_index(tmp_path / "index", "aaaa")
    output = pip.dry_run(f"{server.url}simple/", "first")
    for name in PROJECTS:
        title = f" {name}==1.0; variant_hash=a ".center(80, "#")
        assert 0 < output.stdout.index(title) < output.stdout.index(f"Collecting {name}")


def test_metadata_is_prefetched_while_json_loads(
    pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """METADATA is prefetched while the variants JSON of the same project is still loading."""
    write_index(tmp_path / "index", "aaaa")
    slow = (tmp_path / "index/files/second-1.0-variants.json").read_bytes()
    server.replies["/files/second-1.0-variants.json"] = Reply(body=slow, delay=1.0)
    pip.dry_run(f"{server.url}simple/", "first")
    paths = [item.path.rpartition("/")[2] for item in server.requests]
    assert paths.index(f"second-1.0-{PURE_TAG}-a.whl.metadata") < paths.index(
        "second-1.0-variants.json"
    )


@pytest.mark.parametrize("reply", [Reply(404), Reply(500), Reply(body=b"", cut=0)])
def test_failed_prefetch_is_reported_by_pip(
    pip: Pip, server: IndexServer, tmp_path: Path, reply: Reply
) -> None:
    """A file that could not be prefetched is requested again by pip, which reports the error."""
    write_index(tmp_path / "index", "aaaa")
    name = f"second-1.0-{PURE_TAG}-a.whl.metadata"
    server.replies[f"/files/{name}"] = reply
    output = pip.dry_run(f"{server.url}simple/", "--retries", "0", "first", status=1)
    assert "second" in output.stderr


def test_whole_wheels_are_never_prefetched(pip: Pip, server: IndexServer, tmp_path: Path) -> None:
    """Without METADATA beside the wheels nothing is prefetched, and each wheel requested once."""
    write_index(tmp_path / "index", "abba", core_metadata=False)
    output = pip.dry_run(f"{server.url}simple/", "first")
    assert output.last_line == "Would install first-1.0-a fourth-1.0-a second-1.0-b third-1.0-b"
    assert len(server.requested(".whl")) == len(PROJECTS)
