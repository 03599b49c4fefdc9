"""Members of a tar archive, none of which leads out of the folder to which it is unpacked."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pip._internal.exceptions import InstallationError

from patches.common._safety.tar_members import check_member
from tests.e2e.attacks import member

FILE, FOLDER, LINK, HARD = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE

Item = tuple[str, bytes, str]
"""Name, type and target of a member."""


def unpack(root: Path, items: Sequence[Item]) -> list[str]:
    """Unpack members as pip does without a filter; return the error of each that is refused."""
    errors = []
    for name, kind, target in items:
        path = root / name
        try:
            check_member("a.tar", member(name, kind, target), str(path), str(root))
        except InstallationError as error:
            errors.append(str(error).removeprefix("Invalid member in the tar file a.tar: "))
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == FOLDER:
                path.mkdir(exist_ok=True)
            elif kind == LINK:
                path.symlink_to(target)
            else:
                path.write_text(name)
        except OSError:  # something else is there: pip ends with that error, or goes on
            continue
    return errors


GOOD: dict[str, list[Item]] = {
    "files and folders": [("a", FOLDER, ""), ("a/b", FILE, ""), ("c/d/e", FILE, "")],
    "link to a file": [("a", FILE, ""), ("b", LINK, "a")],
    "link to a later file": [("b", LINK, "a"), ("a", FILE, "")],
    "link to nothing": [("b", LINK, "nowhere/at/all")],
    "link up and inside": [("x/y/up", LINK, "../../a/b")],
    "link to the folder itself": [("here", LINK, ".")],
    "link to the root": [("x/up", LINK, "..")],
    "file through a link": [("a", FOLDER, ""), ("b", LINK, "a"), ("b/c", FILE, "")],
    "file through a link to a later folder": [
        ("b", LINK, "a"),
        ("a/c", FILE, ""),
        ("b/d", FILE, ""),
    ],
    "hard link": [("a", FILE, ""), ("b", HARD, "a")],
    "dots and slashes": [("a", FOLDER, ""), ("b", LINK, "./a//")],
    "file twice": [("a", FILE, ""), ("a", FILE, "")],
}
LEAVES = "{!r} is a link to {!r}, outside of the folder of the archive"
UNRESOLVED = "{!r} is in a folder that cannot be resolved"
NO_FILE = "'a' is neither a file nor a folder nor a link"
THROUGH = "'a' would be written through a symbolic link"
REFUSED: dict[str, tuple[list[Item], str]] = {
    "link up": ([("a", LINK, "..")], LEAVES.format("a", "..")),
    "link up from a folder": ([("x/a", LINK, "../..")], LEAVES.format("x/a", "../..")),
    "absolute link": ([("a", LINK, "/etc")], LEAVES.format("a", "/etc")),
    "link that begins like the folder": (
        [("a", LINK, "../root_x")],
        LEAVES.format("a", "../root_x"),
    ),
    "link up after it went down": (
        [("a", LINK, "b/..")],
        "'a' is a link to 'b/..', which goes up after it went down",
    ),
    "link up from the target of a link": (
        [("deep/er/x", FILE, ""), ("in", LINK, "deep/er"), ("in/up", LINK, "../../..")],
        LEAVES.format("in/up", "../../.."),
    ),
    "backslashes": ([("a", LINK, "..\\..\\x")], LEAVES.format("a", "..\\..\\x")),
    "hard link up": (
        [("a", HARD, "../x")],
        "'a' is a hard link to '../x', outside of the folder of the archive",
    ),
    "absolute hard link": (
        [("a", HARD, "/etc/passwd")],
        "'a' is a hard link to '/etc/passwd', outside of the folder of the archive",
    ),
    "file in place of a link": ([("a", LINK, "b"), ("a", FILE, "")], THROUGH),
    "hard link in place of a link": ([("a", LINK, "b"), ("a", HARD, "c")], THROUGH),
    "device": ([("a", tarfile.CHRTYPE, "")], NO_FILE),
    "pipe": ([("a", tarfile.FIFOTYPE, "")], NO_FILE),
    "file through a link to nothing": (
        [("a", LINK, "b"), ("a/c", FILE, "")],
        UNRESOLVED.format("a/c"),
    ),
    "loop of links": (
        [("a", LINK, "b"), ("b", LINK, "a"), ("a/c", FILE, "")],
        UNRESOLVED.format("a/c"),
    ),
    "null character": ([("a\0b/c", FILE, "")], UNRESOLVED.format("a\0b/c")),
}


@pytest.mark.parametrize("items", GOOD.values(), ids=GOOD)
def test_members_that_stay_inside_are_unpacked(tmp_path: Path, items: list[Item]) -> None:
    """Links within the archive are no reason to refuse it."""
    root = tmp_path / "root"
    root.mkdir()
    assert unpack(root, items) == []


@pytest.mark.parametrize(("items", "error"), REFUSED.values(), ids=REFUSED)
def test_member_that_leaves_the_folder_is_refused(
    tmp_path: Path, items: list[Item], error: str
) -> None:
    """The last member is refused, and the error names it and its target."""
    root = tmp_path / "root"
    root.mkdir()
    assert unpack(root, items) == [error]


def test_folder_to_which_is_unpacked_may_be_a_link_itself(tmp_path: Path) -> None:
    """As `/tmp` is on macOS: the real folders count on both sides."""
    (tmp_path / "real").mkdir()
    root = tmp_path / "root"
    root.symlink_to("real")
    assert unpack(root, [("a/b", FILE, ""), ("c", LINK, "a/b"), ("d/up", LINK, "..")]) == []
    assert len(unpack(root, [("e", LINK, "..")])) == 1


def test_path_too_long_to_be_resolved_is_refused(tmp_path: Path) -> None:
    """Where the real path is too long for the system, nothing is written through short links."""
    root = tmp_path / "root"
    root.mkdir()
    long = "d" * 200
    items: list[Item] = []
    at = ""
    for step in "abcdefghijklmnopqrstuvwxyz":
        items += [(f"{at}{long}", FOLDER, ""), (f"{at}{step}", LINK, long)]
        at += f"{step}/"
    errors = unpack(root, [*items, (f"{at}evil", FILE, "")])
    assert errors[-1].endswith("is in a folder that cannot be resolved")


names = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map("/".join)
targets = st.lists(st.sampled_from(["a", "b", "c", "..", "."]), min_size=1, max_size=5)
members = st.tuples(names, st.sampled_from([FILE, FOLDER, LINK, LINK]), targets.map("/".join))


@given(items=st.lists(members, max_size=12))
def test_no_sequence_of_members_leads_out(
    items: list[Item], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After any sequence every link leads inside or nowhere, and no file is outside."""
    outside = tmp_path_factory.mktemp("outside")
    root = outside / "deep" / "root"
    root.mkdir(parents=True)
    unpack(root, items)
    assert {path.name for path in outside.rglob("*") if root not in (path, *path.parents)} == {
        "deep"
    }
    for path in root.rglob("*"):
        if path.is_symlink():
            real = Path(os.path.realpath(path))
            assert real == root or root in real.parents
