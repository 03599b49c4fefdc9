"""scripts/upstream.py tells what a release of pip would need."""

from __future__ import annotations

import sys
from pathlib import Path

import build
import pytest
import upstream as script

from patches.apply import Hunk
from tests.support.venvs import run

ROOT = Path(__file__).parents[1]

HUNK = Hunk("_internal/a.py", 9, ("one", "two"), ("one", "2"))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"a": "zero\none\ntwo\n"}, "applies", id="applies"),
        pytest.param({"a": "zero\r\none\r\ntwo\r\n"}, "applies", id="other line endings"),
        pytest.param(
            {"a": "one\ntwo\none\ntwo\n"},
            "line 9: ambiguous, 2 times in _internal/a.py",
            id="ambiguous",
        ),
        pytest.param({"a": "", "b": "one\ntwo\n"}, "line 9: moved to _internal/b.py", id="moved"),
        pytest.param({"b": "one\ntwo\n"}, "line 9: moved to _internal/b.py", id="file moved"),
        pytest.param(
            {"a": "one\n2\n"}, "line 9: its context is gone from _internal/a.py", id="gone"
        ),
        pytest.param({}, "line 9: the file is gone from _internal/a.py", id="file gone"),
    ],
)
def test_each_hunk_applies_or_is_moved_ambiguous_or_gone(
    tmp_path: Path, files: dict[str, str], expected: str
) -> None:
    """The verdict has the line of the patch."""
    folder = tmp_path / "_internal"
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.py").write_bytes(text.encode())
    assert script.judge(HUNK, tmp_path) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Class", True),
        ("function", True),
        ("imported", True),
        ("renamed", True),
        ("CONSTANT", True),
        ("annotated", True),
        ("submodule", True),
        ("missing", False),
        ("used", False),
    ],
)
def test_names_are_found_in_the_source_of_a_module(
    tmp_path: Path, name: str, *, expected: bool
) -> None:
    """A module defines what it binds, and its submodules."""
    package = tmp_path / "pip" / "part"
    package.mkdir(parents=True)
    (package / "submodule.py").touch()
    (package / "__init__.py").write_text(
        "from x import imported, y as renamed\nCONSTANT = 1\nannotated: int = 2\n"
        "class Class: pass\ndef function(): print(used)\n"
    )
    assert script.defines(tmp_path, "pip.part", name) is expected
    assert not script.defines(tmp_path, "pip.other", name)


def test_patched_releases_need_nothing(shared: Path, upstream: str) -> None:
    """Every name that the engine imports, and every patch of its series, fits a patched release."""
    work = shared / f"upstream-{upstream}"
    work.mkdir(exist_ok=True)
    assert script.report(upstream, upstream, work) == 0


def test_unknown_release_is_an_error_that_names_the_known_ones() -> None:
    """The message has the releases for which there are patches."""
    with pytest.raises(build.BuildError, match=r"no patches for pip 1\.2, only for .*25"):
        script.patches_of("1.2")


def test_unknown_base_is_one_error_and_nothing_else() -> None:
    """The script prints no header and fetches nothing."""
    command = (sys.executable, ROOT / "scripts" / "upstream.py", "1.3", "--base", "1.2")
    known = ", ".join(build.releases())
    assert run(*command, status=1, quiet=False) == (
        f"ERROR: There are no patches for pip 1.2, only for {known}.\n"
    )
