"""The comparison of two runs of upstream's tests: reports are read, counted and compared."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from build import BuildError, releases
from outcomes import Difference, added, differences, read_junit, table
from pip_suite import Suite, check, copy_tree

from tests.support.venvs import run

REPORT = """\
<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" errors="1" failures="1" skipped="2" tests="7">
<testcase classname="tests.unit.test_a" name="test_one" file="tests/unit/test_a.py" time="0.1" />
<testcase classname="tests.unit.test_a.TestB" name="test_two[/run/here/x]"
  file="tests/unit/test_a.py"><failure message="no">text</failure></testcase>
<testcase classname="tests.unit.test_a.TestB" name="test_two[/run/here/x]"
  file="tests/unit/test_a.py"><error message="teardown">text</error></testcase>
<testcase classname="tests.unit.test_a" name="test_three" file="tests/unit/test_a.py">
  <skipped type="pytest.skip" message="no svn" /></testcase>
<testcase classname="tests.unit.test_a" name="test_four" file="tests/unit/test_a.py">
  <skipped type="pytest.xfail" message="" /></testcase>
<testcase classname="tests.unit.test_a" name="test_five" file="tests/unit/test_a.py">
  <error message="setup">text</error></testcase>
</testsuite></testsuites>
"""
READ = {
    "tests/unit/test_a.py::test_one": "passed",
    "tests/unit/test_a.py::TestB::test_two[ROOT/x]": "failed",
    "tests/unit/test_a.py::test_three": "skipped",
    "tests/unit/test_a.py::test_four": "xfailed",
    "tests/unit/test_a.py::test_five": "error",
}


def test_report_has_one_outcome_per_node_id() -> None:
    """Node ids do not have the folder in which the suite ran."""
    assert read_junit(REPORT, "/run/here") == READ


def test_report_of_the_installed_pytest_is_read(tmp_path: Path) -> None:
    """The format of the report is the one that the installed pytest writes."""
    lines = ("import pytest", "class TestA:", "    @pytest.mark.parametrize('x', ['a.b'])")
    text = "\n".join((*lines, "    def test_b(self, x): assert x", ""))
    (tmp_path / "test_file.py").write_text(text)
    report = ("-o", "junit_family=xunit1", "--junitxml", "report.xml")
    run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *report, cwd=tmp_path)
    found = read_junit((tmp_path / "report.xml").read_text("utf-8"), str(tmp_path))
    assert found == {"test_file.py::TestA::test_b[a.b]": "passed"}


@pytest.mark.parametrize(
    ("stock", "ours", "differing", "new"),
    [
        ({}, {}, [], []),
        ({"a": "passed"}, {"a": "passed"}, [], []),
        ({"a": "failed"}, {"a": "failed"}, [], []),
        ({"a": "passed"}, {"a": "failed"}, [Difference("a", "passed", "failed")], []),
        ({"a": "failed"}, {"a": "passed"}, [Difference("a", "failed", "passed")], []),
        ({"a": "passed"}, {}, [Difference("a", "passed", "not run")], []),
        ({}, {"a": "failed"}, [Difference("a", "not run", "failed")], []),
        ({}, {"a": "passed"}, [], ["a"]),
    ],
)
def test_every_different_outcome_is_a_difference(
    stock: dict[str, str], ours: dict[str, str], differing: list[Difference], new: list[str]
) -> None:
    """A missing test is a difference too; an additional test that passes is not."""
    assert differences(stock, ours) == differing
    assert added(stock, ours) == new


def test_table_has_a_row_per_pip_and_kind() -> None:
    """The unit tests and the functional tests have one row for each pip."""
    assert table({"unit": ({"a": "passed", "b": "failed"}, {"a": "passed", "b": "passed"})}) == (
        "| | passed | failed | error | skipped | xfailed |\n|---|---|---|---|---|---|\n"
        "| unit, stock | 1 | 1 | 0 | 0 | 0 |\n| unit, ours | 2 | 0 | 0 | 0 | 0 |\n"
    )


def make_checkout(root: Path, version: str) -> Path:
    """Write the files by which a checkout of pip's repository is recognised."""
    (root / "src" / "pip").mkdir(parents=True)
    (root / "tests" / "functional").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / "src" / "pip" / "__init__.py").write_text(f'__version__ = "{version}"\n')
    return root


def test_folder_other_than_upstreams_checkout_is_refused(tmp_path: Path) -> None:
    """The folder must be a checkout of pip, at the release that we patch."""
    with pytest.raises(BuildError, match="is no checkout of pip's repository"):
        check(tmp_path, "1.2.3")
    with pytest.raises(BuildError, match=r"is another version: run `git checkout 1\.2\.3` there"):
        check(make_checkout(tmp_path, "26.0"), "1.2.3")
    check(make_checkout(tmp_path / "right", "1.2.3"), "1.2.3")


@pytest.mark.parametrize("release", releases())
def test_every_release_has_a_suite_with_pinned_requirements(release: str) -> None:
    """The suite of each release names its tag and pins whatever it installs."""
    suite = Suite.of(release)
    assert suite.tag.split(".")[0] == release.split(".", maxsplit=1)[0]
    pins = [*suite.requirements, *suite.common_wheels]
    assert [pin for pin in pins if "==" not in pin] == []


def test_patched_tree_has_our_pip_and_finds_the_engine(
    tmp_path: Path, wheel: Path, upstream: str
) -> None:
    """Our pip replaces upstream's, has its version, and imports the engine beside it."""
    tree = tmp_path / "a-tree"
    copy_tree(make_checkout(tmp_path / "upstream", upstream), tree, upstream, wheel)
    assert not (tree / ".git").exists()
    code = (
        "import pip, sys; from pip._variants import engine; engine.load();"
        " from pip_variants.core import errors; print(pip.__version__, errors.__file__)"
    )
    output = run(
        sys.executable, "-I", "-c", f"import sys; sys.path[0] = {str(tree / 'src')!r}; {code}"
    )
    assert output == f"{upstream} {tree}/src/pip_variants/core/errors.py\n"
