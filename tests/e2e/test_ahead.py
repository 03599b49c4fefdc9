"""What is fetched ahead: the METADATA of the build that was chosen for the project before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from stand_in import IndexServer, Listed, Reply, write_simple_index, write_wheel
from stand_in_wheel import Json, dump

from tests.e2e.pips import Pip

ANY = "py3-none-any"
FAR = 0.03
"""Seconds to each answer, which make it worth while to fetch ahead."""
PROJECTS = ("first", "second", "third", "fourth")


@pytest.fixture
def server(server: IndexServer) -> IndexServer:
    """Return the server as if it were far away."""
    server.delay = FAR
    return server


def document(project: str, best: str) -> Json:
    """Return a project's metadata of the labels a and b, of which `best` comes first."""
    static = {"level": [best, "b" if best == "a" else "a"], "of": [project]}
    return {
        "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
        "default-priorities": {"namespace": ["test"]},
        "providers": {"test": {"static-properties": static, "feature-order": [*static]}},
        "variants": {label: {"test": {"level": [label]}} for label in "ab"},
    }


def write_index(root: Path, best: Sequence[str], *, core_metadata: bool = True) -> None:
    """Write projects that need each the next one, whose best builds are these."""
    folder = root / "files"
    pages = {}
    for name, label, following in zip(PROJECTS, best, [*PROJECTS[1:], None], strict=False):
        files = [
            Listed(
                write_wheel(
                    folder,
                    f"{name}-1.0-{ANY}-{other}.whl",
                    requires=[following] if following else [],
                    variant_json=document(name, label),
                ),
                core_metadata=core_metadata,
            )
            for other in "ab"
        ]
        combined = folder / f"{name}-1.0-variants.json"
        combined.write_bytes(dump(document(name, label)))
        pages[name] = [*files, Listed(combined)]
    write_simple_index(root, pages)


def metadata(server: IndexServer) -> list[str]:
    """Return the project and the label of each METADATA that was asked for, by project."""
    names = (item.path.rpartition("/")[2] for item in server.requests)
    found = [name.split("-") for name in names if name.endswith(".metadata")]
    return sorted((f"{parts[0]} {parts[-1][0]}" for parts in found), key=_by_project)


def _by_project(text: str) -> tuple[int, str]:
    return PROJECTS.index(text.split(maxsplit=1)[0]), text


# The best build of each project, and the METADATA that is asked for.
CASES = {
    "all the same": ("aaaa", ["first a", "second a", "third a", "fourth a"]),
    "one wrong guess is the last": (
        "abba",
        ["first a", "second a", "second b", "third b", "fourth a"],
    ),
    "wrong at the end": (
        "aaab",
        ["first a", "second a", "third a", "fourth a", "fourth b"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_guesses(pip: Pip, server: IndexServer, tmp_path: Path, case: str) -> None:
    """A right guess costs no request, a wrong one costs one; what is installed is the best."""
    best, expected = CASES[case]
    write_index(tmp_path / "index", best)
    said = pip.dry_run(f"{server.url}simple/", "first")
    builds = [f"{name}-1.0-{label}" for name, label in zip(PROJECTS, best, strict=True)]
    assert (said.last, said.err) == (f"Would install {' '.join(sorted(builds))}", "")
    assert metadata(server) == expected
    assert len(server.asked(".json")) == len(PROJECTS)


def test_what_a_cache_has_is_not_asked_for(pip: Pip, server: IndexServer, tmp_path: Path) -> None:
    """With a warm cache each page is asked for once more, whether it has changed, and no more."""
    write_index(tmp_path / "index", "abba")
    server.cacheable = True
    asked = []
    for _ in range(2):
        server.requests.clear()
        # Only a trusted host, or one with https, is cached by pip.
        pip.dry_run(f"{server.url}simple/", "--trusted-host", "127.0.0.1", "first")
        asked.append(len(server.requests))
    assert asked == [4 * len(PROJECTS) + 1, len(PROJECTS)]


def test_what_is_near_is_not_guessed_at(pip: Pip, server: IndexServer, tmp_path: Path) -> None:
    """Where one request after the other is as fast there are no wrong guesses."""
    write_index(tmp_path / "index", "abba")
    server.delay = 0.0
    expected = ["first a", "second b", "third b", "fourth a"]
    for _ in range(5):  # a busy machine can be far from itself
        server.requests.clear()
        said = pip.dry_run(f"{server.url}simple/", "first")
        assert said.last == "Would install first-1.0-a fourth-1.0-a second-1.0-b third-1.0-b"
        if metadata(server) == expected:
            return
    assert metadata(server) == expected


def test_the_banner_comes_first(pip: Pip, server: IndexServer, tmp_path: Path) -> None:
    """What was fetched ahead is shown when it is pip's turn to fetch it, after the banner."""
    write_index(tmp_path / "index", "aaaa")
    said = pip.dry_run(f"{server.url}simple/", "first")
    for name in PROJECTS:
        title = f" {name}==1.0; variant_hash=a ".center(80, "#")
        assert 0 < said.out.index(title) < said.out.index(f"Collecting {name}")


def test_beside_the_json(pip: Pip, server: IndexServer, tmp_path: Path) -> None:
    """Both files are under way at the same time: a JSON that takes long costs nothing twice."""
    write_index(tmp_path / "index", "aa")
    slow = (tmp_path / "index/files/second-1.0-variants.json").read_bytes()
    server.replies["/files/second-1.0-variants.json"] = Reply(body=slow, delay=1.0)
    write_wheel(tmp_path / "index/files", f"third-1.0-{ANY}.whl")
    pip.dry_run(f"{server.url}simple/", "--no-deps", "first", "second")
    paths = [item.path.rpartition("/")[2] for item in server.requests]
    assert paths.index(f"second-1.0-{ANY}-a.whl.metadata") < paths.index("second-1.0-variants.json")


@pytest.mark.parametrize("reply", [Reply(404), Reply(500), Reply(body=b"", cut=0)])
def test_what_cannot_be_fetched_ahead(
    pip: Pip, server: IndexServer, tmp_path: Path, reply: Reply
) -> None:
    """What goes wrong in the background is pip's to find out and to say, as ever."""
    write_index(tmp_path / "index", "aaaa")
    name = f"second-1.0-{ANY}-a.whl.metadata"
    server.replies[f"/files/{name}"] = reply
    said = pip.dry_run(f"{server.url}simple/", "--retries", "0", "first", status=1)
    assert "second" in said.err


def test_without_metadata_on_the_page(pip: Pip, server: IndexServer, tmp_path: Path) -> None:
    """Wheels themselves are never fetched by a guess."""
    write_index(tmp_path / "index", "abba", core_metadata=False)
    said = pip.dry_run(f"{server.url}simple/", "first")
    assert said.last == "Would install first-1.0-a fourth-1.0-a second-1.0-b third-1.0-b"
    assert len(server.asked(".whl")) == len(PROJECTS)
