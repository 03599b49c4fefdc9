"""The seam is typed: mypy checks what the patches add, and the facade, against pip's signatures."""

from __future__ import annotations

import difflib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.releases import Release, each_series, patches_of, unpacked
from tests.support.venvs import offline_env, once

ROOT = Path(__file__).parents[1]
FACADE = "pip/_variants/"

_error = re.compile(r"(?P<file>[^:]+\.py):(?P<line>\d+): error: (?P<text>.*)").fullmatch

# File, a call of the facade or of the engine in it, the same with a mistake, and mypy's error.
MISTAKES = {
    "argument is missing": (
        "pip/_internal/operations/prepare.py",
        "announce(req, self.finder)",
        "announce(req)",
        'Missing positional argument "finder" in call to "announce"  [call-arg]',
    ),
    "argument too many": (
        "pip/_internal/index/package_finder.py",
        "best_variant(best_candidate_result, self, hashes)",
        "best_variant(best_candidate_result, self, hashes, name)",
        'Too many arguments for "best_candidate"  [call-arg]',
    ),
    "argument of another type": (
        "pip/_internal/resolution/resolvelib/factory.py",
        "ranked(iter_index_candidate_infos, self._finder, hashes, ireqs)",
        "ranked(iter_index_candidate_infos, hashes, hashes, ireqs)",
        (
            'Argument 2 to "ranked" has incompatible type "Hashes"; expected "PackageFinder"'
            "  [arg-type]"
        ),
    ),
    "result of another type": (
        "pip/_internal/req/constructors.py",
        "req_as_string = take_label(name, markers, line_source)",
        "req_as_string = take_label",
        (
            'Incompatible types in assignment (expression has type "Callable[[str, Marker | None,'
            ' str | None], str]", variable has type "str | None")  [assignment]'
        ),
    ),
    "name that the facade does not have": (
        "pip/_internal/commands/check.py",
        "from pip._variants.reports import print_misfits",
        "from pip._variants.reports import print_misfit",
        (
            'Module "pip._variants.reports" has no attribute "print_misfit"; maybe "print_misfits"?'
            "  [attr-defined]"
        ),
    ),
    "call of the engine": (
        "pip/_variants/__init__.py",
        "return rank_candidates(state, infos, finder, hashes)",
        "return rank_candidates(infos, state, finder, hashes)",
        (
            'Argument 1 to "rank_candidates" has incompatible type'
            ' "list[tuple[Version, partial[Candidate | None]]]"; expected "RunState"  [arg-type]'
        ),
    ),
    "name that pip does not have": (
        "pip/_variants/reports.py",
        "from pip._internal.metadata import get_default_environment",
        "from pip._internal.metadata import get_environment as x, get_default_env",
        (
            'Module "pip._internal.metadata" has no attribute "get_default_env";'
            ' maybe "get_default_environment"?  [attr-defined]'
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """The errors of mypy in a release: those that count, as it is and with all the mistakes."""

    folder: Path

    def errors(self, name: str) -> list[str]:
        """Return the errors, each with its file."""
        return (self.folder / name).read_text("utf-8").splitlines()


@pytest.fixture
def checked(shared: Path, series: str) -> Checked:
    """Return the errors in a release, which is checked once for the test run."""
    release = unpacked(shared, series)
    return Checked(once(shared / f"seam-{series}", lambda path: _check(path, release, series)))


def _check(work: Path, release: Release, series: str) -> None:
    """Check a copy of a patched release, and then the same with mistakes."""
    work.mkdir()
    shutil.copytree(release.patched / "pip", work / "pip")
    files = [file for file in touched_files(series) if file.endswith(".py")]
    for name, mistakes in (("right", {}), ("wrong", MISTAKES)):
        for file, old, new, _ in mistakes.values():
            text = (work / file).read_text("utf-8")
            assert text.count(old) == 1, old
            (work / file).write_text(text.replace(old, new), "utf-8")
        ours = {file: added_lines(release.upstream / file, work / file) for file in files}
        errors = [
            f"{file}: {text}"
            for file, line, text in run_mypy(work, files)
            if file.startswith(FACADE) or line in ours[file]
        ]
        (work / name).write_text("".join(f"{error}\n" for error in errors), "utf-8")


def touched_files(series: str) -> list[str]:
    """Return the files that the patches of a release change."""
    return sorted(
        {
            f"pip/{line.removeprefix('+++ b/')}"
            for path in patches_of(series).values()
            for line in path.read_text("utf-8").splitlines()
            if line.startswith("+++ b/")
        }
    )


def added_lines(before: Path, after: Path) -> set[int]:
    """Return the numbers of the lines of a file that are not in its earlier form."""
    old, new = (path.read_text("utf-8").splitlines() for path in (before, after))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return {
        number + 1
        for operation, _, _, start, end in matcher.get_opcodes()
        if operation != "equal"
        for number in range(start, end)
    }


def run_mypy(work: Path, files: list[str]) -> list[tuple[str, int, str]]:
    """Return file, line and text of each error in these files and in the facade."""
    done = subprocess.run(
        (
            *(sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-version=3.10"),
            *("--explicit-package-bases", "--follow-imports=silent", "--cache-dir=.mypy_cache"),
            *("--no-color-output", "--no-error-summary", FACADE, *files),
        ),
        cwd=work,
        env=offline_env(MYPYPATH=os.pathsep.join([str(work), str(ROOT)])),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    found = list(filter(None, map(_error, done.stdout.splitlines())))
    # Upstream has errors of its own, because its vendored libraries have no types.
    assert done.returncode == 1, done.stdout
    assert found
    return [(match["file"], int(match["line"]), match["text"]) for match in found]


@each_series
def test_calls_between_pip_facade_and_engine_have_no_type_error(checked: Checked) -> None:
    """No line that a patch adds, and no module of the facade, has an error of mypy --strict."""
    assert checked.errors("right") == [], "\n".join(checked.errors("right"))


@each_series
@pytest.mark.parametrize(("file", "old", "new", "error"), MISTAKES.values(), ids=MISTAKES)
def test_wrong_call_across_the_seam_is_an_error_of_mypy(
    checked: Checked, file: str, old: str, new: str, error: str
) -> None:
    """Each mistake is found, so the types are not `Any`."""
    assert old != new
    assert f"{file}: {error}" in checked.errors("wrong")


@each_series
def test_every_error_with_the_mistakes_is_in_a_file_with_a_mistake(checked: Checked) -> None:
    """Other lines stay free of errors."""
    files = {error.partition(": ")[0] for error in checked.errors("wrong")}
    assert files == {file for file, *_ in MISTAKES.values()}


def test_added_lines_are_those_that_were_not_there_before(tmp_path: Path) -> None:
    """Changed lines count as added, removed ones as nothing."""
    before, after = tmp_path / "a", tmp_path / "b"
    before.write_text("a\nb\nc\nd\n")
    after.write_text("a\nx\nb\nC\n")
    assert added_lines(before, after) == {2, 4}


@each_series
def test_patches_touch_no_file_that_mypy_cannot_check(series: str) -> None:
    """Each file is a module of pip, and the facade is not patched."""
    files = touched_files(series)
    assert {file for file in files if not file.endswith(".py")} <= {"pip/_vendor/vendor.txt"}
    assert [file for file in files if file.startswith(FACADE)] == []
