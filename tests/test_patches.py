"""Patches apply by unique context or stop the build, and every one of them says why it exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import hatch_build
from tests.support.releases import FACADE, PATCHES, SERIES, each_series, patches_of

FILE = "--- a/file.py\n+++ b/file.py\n"
REASON = f"Why: a test.\n\n{FILE}"
LINE = REASON.count("\n") + 1
"""The line of the first hunk."""

# The file, the patch, and the file after it.
APPLIED = {
    "a line replaced": ("a\nb\nc\n", f"{REASON}@@\n-b\n+B\n", "a\nB\nc\n"),
    "a line removed": ("a\nb\nc\n", f"{REASON}@@\n a\n-b\n", "a\nc\n"),
    "a line added": ("a\nb\nc\n", f"{REASON}@@\n b\n+x\n c\n", "a\nb\nx\nc\n"),
    "two hunks": ("a\nb\nc\n", f"{REASON}@@\n a\n+x\n@@\n-c\n", "a\nx\nb\n"),
    "hunks in any order": ("a\nb\nc\n", f"{REASON}@@\n-c\n+C\n@@\n-a\n+A\n", "A\nb\nC\n"),
    "a hunk for what the first one added": (
        "a\nb\n",
        f"{REASON}@@\n-a\n+x\n+y\n@@\n x\n-y\n+z\n",
        "x\nz\nb\n",
    ),
    "unique by its second line": ("a\nb\na\nc\n", f"{REASON}@@\n a\n-c\n+C\n", "a\nb\na\nC\n"),
    "at the end of the file": ("a\n", f"{REASON}@@\n a\n+b\n", "a\nb\n"),
    "no final newline": ("a\nb", f"{REASON}@@\n-a\n+A\n", "A\nb"),
    "last line without newline": ("a\nb", f"{REASON}@@\n-b\n+B\n", "a\nB"),
    "no final newline in the patch": ("a\nb\n", f"{REASON}@@\n-a\n+A", "A\nb\n"),
    "carriage returns": ("a\r\nb\r\nc\r\n", f"{REASON}@@\n b\n+x\n-c\n", "a\r\nb\r\nx\r\n"),
    "form feed": ("a\x0cb\nc\n", f"{REASON}@@\n-c\n+C\n", "a\x0cb\nC\n"),
    "empty lines as context": ("a\n\n\nb\n", f"{REASON}@@\n \n \n-b\n+B\n", "a\n\n\nB\n"),
    "lines that look like a header": ("--x\n@@\n", f"{REASON}@@\n --x\n-@@\n+@\n", "--x\n@\n"),
    "not ASCII": ("\u00e9\nb\n", f"{REASON}@@\n-\u00e9\n+\u00e8\n", "\u00e8\nb\n"),
}


@pytest.mark.parametrize(("source", "patch", "expected"), APPLIED.values(), ids=APPLIED)
def test_patch_changes_exactly_its_own_lines(
    tmp_path: Path, source: str, patch: str, expected: str
) -> None:
    """A patch changes no other line, and no line ending."""
    file = tmp_path / "file.py"
    file.write_bytes(source.encode())
    hatch_build.apply_patch("x.patch", patch, tmp_path)
    assert file.read_bytes().decode() == expected


def test_patch_can_change_several_files_in_folders(tmp_path: Path) -> None:
    """Each part begins with the name of its file."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    first, second = tmp_path / "one.py", tmp_path / "deep" / "er" / "two.py"
    for file in (first, second):
        file.write_text("a\nb\n")
    patch = (
        "Why: a test.\n\n--- a/one.py\n+++ b/one.py\n@@\n-a\n+A\n"
        "--- a/deep/er/two.py\n+++ b/deep/er/two.py\n@@\n-b\n+B\n"
    )
    hatch_build.apply_patch("x.patch", patch, tmp_path)
    assert (first.read_text(), second.read_text()) == ("A\nb\n", "a\nB\n")


OPENING = "x.patch must open with its reasons and then change at least one file."
NO_HUNK = f"x.patch, line {LINE}: "
HUNK = f"x.patch, line {LINE}: the context is "

# A patch of the file "a\nb\nc\nb\n", and the error.
REFUSED = {
    "no reasons": (f"{FILE}@@\n-a\n+A\n", OPENING),
    "only empty lines before": (f"\n\n{FILE}@@\n-a\n+A\n", OPENING),
    "no file": ("Why: a test.\n", OPENING),
    "empty": ("", OPENING),
    "unknown file": (
        REASON.replace("file.py", "gone.py") + "@@\n-a\n+A\n",
        f"x.patch, line {LINE}: gone.py is not a file of the unpacked release.",
    ),
    "two names": (
        REASON.replace("b/file.py", "b/other.py") + "@@\n-a\n+A\n",
        f"x.patch, line {LINE - 1}: expected '+++ b/file.py'.",
    ),
    "no second name": (
        REASON.replace("+++ b/file.py\n", "") + "@@\n-a\n+A\n",
        f"x.patch, line {LINE - 1}: expected '+++ b/file.py'.",
    ),
    "a folder": (
        REASON.replace("file.py", "folder") + "@@\n-a\n+A\n",
        f"x.patch, line {LINE}: folder is not a file of the unpacked release.",
    ),
    "no hunk": (REASON, f"{NO_HUNK}expected a hunk, '@@'."),
    "text before the hunk": (f"{REASON}text\n@@\n-a\n+A\n", f"{NO_HUNK}expected a hunk, '@@'."),
    "line numbers": (
        f"{REASON}@@ -1 +1 @@\n-a\n+A\n",
        f"{NO_HUNK}expected a hunk, '@@'.",
    ),
    "line numbers in the second hunk": (
        f"{REASON}@@\n-a\n+A\n@@ -3 +3 @@\n-c\n+C\n",
        f"x.patch, line {LINE + 3}: '@@ -3 +3 @@' is not part of a hunk.",
    ),
    "text after the hunk": (
        f"{REASON}@@\n-a\n+A\ntext\n",
        f"x.patch, line {LINE + 3}: 'text' is not part of a hunk.",
    ),
    "empty line after the hunk": (
        f"{REASON}@@\n-a\n+A\n\n",
        f"x.patch, line {LINE + 3}: '' is not part of a hunk.",
    ),
    "empty line as context": (
        f"{REASON}@@\n-a\n\n+A\n",
        f"x.patch, line {LINE + 2}: '' is not part of a hunk.",
    ),
    "no context": (f"{REASON}@@\n+x\n", f"{NO_HUNK}the hunk has no context or no effect."),
    "no effect": (f"{REASON}@@\n a\n", f"{NO_HUNK}the hunk has no context or no effect."),
    "no effect, replaced by itself": (
        f"{REASON}@@\n-a\n+a\n",
        f"{NO_HUNK}the hunk has no context or no effect.",
    ),
    "empty hunk": (f"{REASON}@@\n", f"{NO_HUNK}the hunk has no context or no effect."),
    "gone": (f"{REASON}@@\n-x\n+X\n", f"{HUNK}gone from file.py."),
    "gone in part": (f"{REASON}@@\n a\n-c\n+C\n", f"{HUNK}gone from file.py."),
    "gone by a trailing space": (f"{REASON}@@\n-a \n+A\n", f"{HUNK}gone from file.py."),
    "gone by indentation": (f"{REASON}@@\n-  a\n+A\n", f"{HUNK}gone from file.py."),
    "gone beyond the end": (f"{REASON}@@\n b\n \n \n-x\n", f"{HUNK}gone from file.py."),
    "gone in the second hunk": (
        f"{REASON}@@\n-a\n+A\n@@\n-x\n+X\n",
        f"x.patch, line {LINE + 3}: the context is gone from file.py.",
    ),
    "gone by the first hunk": (
        f"{REASON}@@\n-a\n+A\n@@\n-a\n+X\n",
        f"x.patch, line {LINE + 3}: the context is gone from file.py.",
    ),
    "ambiguous": (f"{REASON}@@\n-b\n+B\n", f"{HUNK}ambiguous (2 times) in file.py."),
    "ambiguous in the second hunk": (
        f"{REASON}@@\n-a\n+A\n@@\n b\n+x\n",
        f"x.patch, line {LINE + 3}: the context is ambiguous (2 times) in file.py.",
    ),
    "ambiguous by the first hunk": (
        f"{REASON}@@\n-a\n+c\n@@\n c\n+x\n",
        f"x.patch, line {LINE + 3}: the context is ambiguous (2 times) in file.py.",
    ),
}


@pytest.mark.parametrize(("patch", "error"), REFUSED.values(), ids=REFUSED)
def test_patch_that_does_not_apply_is_refused(tmp_path: Path, patch: str, error: str) -> None:
    """The error names patch, line and file, and the file is unchanged."""
    file = tmp_path / "file.py"
    file.write_text("a\nb\nc\nb\n")
    (tmp_path / "folder").mkdir()
    with pytest.raises(hatch_build.BuildError) as caught:
        hatch_build.apply_patch("x.patch", patch, tmp_path)
    assert str(caught.value) == error
    assert file.read_text() == "a\nb\nc\nb\n"


def test_overlapping_occurrences_are_ambiguous(tmp_path: Path) -> None:
    """Three equal lines have a pair of them twice."""
    (tmp_path / "file.py").write_text("a\na\na\n")
    with pytest.raises(hatch_build.BuildError) as caught:
        hatch_build.apply_patch("x.patch", f"{REASON}@@\n a\n-a\n", tmp_path)
    assert str(caught.value) == f"{HUNK}ambiguous (2 times) in file.py."


ALL = sorted(PATCHES.rglob("*.patch"))
each_patch = pytest.mark.parametrize(
    "path", [pytest.param(path, id=f"{path.parent.name}/{path.stem}") for path in ALL]
)


@each_series
def test_every_patch_that_a_series_names_exists_once(series: str) -> None:
    """No patch is applied twice, and each is its own or a common one."""
    paths = [path.resolve() for path in patches_of(series).values()]
    assert [path for path in paths if not path.is_file()] == []
    assert len(set(paths)) == len(paths)
    assert {path.parent for path in paths} <= {PATCHES / "common", SERIES[series]}


def test_every_patch_is_named_by_a_series() -> None:
    """A patch that no release uses is forgotten."""
    used = {path.resolve() for series in SERIES for path in patches_of(series).values()}
    assert [path for path in ALL if path not in used] == []


@each_patch
def test_patch_opens_with_why_since_and_drop_when(path: Path) -> None:
    """Each reason is a sentence; continuation lines are indented."""
    opening = path.read_text("utf-8").partition("\n\n--- a/")[0]
    reasons = re.fullmatch(
        r"Why: (.+(?:\n  \S.*)*)\nSince: (.+(?:\n  \S.*)*)\nDrop when: (.+(?:\n  \S.*)*)", opening
    )
    assert reasons is not None
    assert [text for text in reasons.groups() if not text.endswith(".")] == []


@each_patch
def test_patch_has_its_row_in_the_table_of_patches(path: Path) -> None:
    """`patches/README.md` is the summary of all of them."""
    readme = (PATCHES / "README.md").read_text("utf-8")
    assert readme.count(f"| `{path.parent.name}/{path.stem}` |") == 1


def test_table_of_patches_has_no_row_of_a_patch_that_is_gone() -> None:
    """A row without a patch misleads."""
    readme = (PATCHES / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^`]+)` \|", readme, re.MULTILINE)
    assert sorted(rows) == sorted(f"{path.parent.name}/{path.stem}" for path in ALL)


def _facade_imports() -> Iterator[tuple[str, str, str]]:
    """Yield patch, module of the facade, and name for each import that a patch adds."""
    for path in ALL:
        added = [line[1:] for line in path.read_text("utf-8").splitlines() if line[:1] == "+"]
        for line in added:
            found = re.fullmatch(r"\s*from (pip\._(?:variants|safety)(?:\.\w+)?) import (.+)", line)
            assert found is not None or "import" not in line.split(), (path.name, line)
            for name in found[2].split(", ") if found else ():
                yield path.name, found[1] if found else "", name.partition(" as ")[0]


def _public_names(module: Path) -> set[str]:
    """Return what a module of the facade offers: its functions, and what its `__all__` names."""
    names: set[str] = set()
    for node in ast.parse(module.read_text("utf-8")).body:
        if (isinstance(node, ast.FunctionDef) and not node.name.startswith("_")) or (
            isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        ):
            names.add(node.name)
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names.update(ast.literal_eval(node.value))
    return names


def test_patches_import_only_from_the_facade_and_only_what_it_has() -> None:
    """Decisions are made in the engine; a patch calls one function of the facade."""
    imports = list(_facade_imports())
    modules = {module for _, module, _ in imports}
    assert "pip._variants" in modules
    for module in modules:
        _, folder, *rest = module.split(".")
        names = {name for _, found, name in imports if found == module}
        file = PATCHES / "common" / folder / f"{rest[0] if rest else '__init__'}.py"
        assert names <= _public_names(file), module


def test_every_function_of_the_facade_serves_a_patch() -> None:
    """A function that no patch calls, nor another module of the facade, is dead."""
    used = {name for _, _, name in _facade_imports()}
    for path in FACADE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Name):
                used.add(node.id)
    offered = _public_names(FACADE / "__init__.py") | _public_names(FACADE / "reports.py")
    assert offered <= used


@each_patch
def test_hunks_have_little_context_and_change_something(path: Path) -> None:
    """A hunk with much context stops the build for changes that do not concern it."""
    for hunk in re.split(r"^@@$", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        lines = hunk.partition("\n--- a/")[0].strip("\n").splitlines()
        context = [line for line in lines if line.startswith(" ")]
        assert len(context) <= 5
        assert {line[0] for line in lines} & {"+", "-"}
