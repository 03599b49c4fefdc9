"""The benchmark: its figures and tables as pure functions, its indexes, and its command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from bench.cases import CASES, Case, Workspace
from bench.compare import TITLES, Effort, alternating, count, timings, verdict
from bench.indexes import COUNT, LABELS, VERSIONS, dependencies, large_names, project, write_indexes
from bench.publish import write_large_wheel, write_small_wheels
from bench.ranking import ranking_table
from bench.report import Ratio, Target, as_json, ratio, ratio_table, row, table, time_table
from bench.tools import BenchError, Tool

from pip_variants.formats.reader import read
from pip_variants.formats.wheel_content import read_content
from pip_variants.lint.wheel import check_wheel
from tests.support.stand_in import IndexServer, Request
from tests.support.venvs import run

BENCH = Path(__file__).parents[1] / "scripts" / "bench"
SAME = Target("ours", "stock", 1.02)
TIMES = {"stock": [1.0, 2.0, 4.0], "ours": [1.1, 2.0, 4.0], "uv": [0.1, 0.1, 0.1]}
ROW = row("b", "a < b", TIMES, (SAME, Target("uv, variants", "uv"), Target("uv", "stock")))


@pytest.mark.parametrize(
    ("of", "to", "value", "error"),
    [
        ([1.0], [2.0], 0.5, 0.0),
        ([2.0, 2.0], [2.0, 2.0], 1.0, 0.0),
        # A slow round is slow for both columns and does not change the ratio.
        ([1.0, 9.0, 2.0], [1.0, 9.0, 2.0], 1.0, 0.0),
        ([1.0, 2.0, 3.0, 4.0], [1.0] * 4, 2.5, 1.2533 / 1.3490 * 1.5 / 2),
    ],
)
def test_ratio_is_the_median_over_the_rounds(
    of: list[float], to: list[float], value: float, error: float
) -> None:
    """A ratio is the median of the ratios of the rounds, with the standard error of the median."""
    found = ratio({"ours": of, "stock": to}, SAME)
    assert found.value == value
    assert found.error == pytest.approx(error)


@pytest.mark.parametrize(
    ("value", "error", "limit", "text"),
    [
        (1.02, 0.0, 1.02, "met"),
        (0.5, 9.0, 1.02, "met"),
        (1.03, 0.004, 1.02, "missed"),
        (1.03, 0.005, 1.02, "unclear"),
        (9.0, 0.0, None, ""),
    ],
)
def test_verdict_compares_the_ratio_with_its_limit(
    value: float, error: float, limit: float | None, text: str
) -> None:
    """A target is met, missed or, if the error explains the miss, unclear."""
    assert Ratio(Target("a", "b", limit), value, error).verdict == text


def test_tables_show_medians_and_ratios_with_targets() -> None:
    """Medians in milliseconds, ratios with their targets; no ratio of what was not timed."""
    assert time_table([ROW], ["stock", "ours", "uv, variants"]) == (
        "|  | median of the rounds, ms | rounds | stock | ours | uv, variants |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
        "| b | a < b | 3 | 2000 | 2000 | - |\n"
    )
    assert ratio_table([ROW]) == (
        "|  |  | ratio of | median ± its error | target |  |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
        "| b | a < b | ours / stock | 1.000 ± 0.027 | 1.02 | met |\n"
        "| b | a < b | uv / stock | 0.050 ± 0.020 |  |  |\n"
    )
    assert table(["x"], [["y"]]) == "| x |\n| --- |\n| y |\n"


def test_json_has_medians_and_ratios_with_targets() -> None:
    """The JSON has the figures of the tables, with times in seconds."""
    (found,) = json.loads(json.dumps(as_json([ROW])))
    assert found["medians"] == {"stock": 2.0, "ours": 2.0, "uv": 0.1}
    assert found["ratios"][0] == {
        "of": "ours",
        "to": "stock",
        "value": 1.0,
        "error": pytest.approx(0.0268, abs=1e-4),
        "target": 1.02,
        "verdict": "met",
    }


def test_every_other_round_runs_the_columns_in_reverse() -> None:
    """The first round is not counted; the number of rounds and the time limit them."""
    seen: list[str] = []

    def run(name: str) -> float:
        seen.append(name)
        return float(len(seen))

    runs = {name: lambda name=name: run(name) for name in "abc"}
    times = alternating(runs, Effort(min_rounds=1, max_rounds=2, seconds=9.0, ranked=1))
    assert "".join(seen) == "abcabccba"
    assert times == {"a": [4.0, 9.0], "b": [5.0, 8.0], "c": [6.0, 7.0]}
    times = alternating(runs, Effort(min_rounds=1, max_rounds=2, seconds=0.0, ranked=1))
    assert [len(column) for column in times.values()] == [1, 1, 1]


def test_requests_are_counted_by_kind_per_project() -> None:
    """The end of its path is the kind of a request; the figures are averages per project."""
    paths = ["/p/", "/p/a-1.0-variants.json", "/f/a.whl.metadata", "/f/a.whl", "/f/a.tar.gz"]
    requests = [Request("GET", path, 200, 60, {}) for path in paths]
    assert count("ours", Case("package-00", dry=False, warm=True), requests * 6) == {
        "what": "ours, warm",
        "page": 0.2,
        "variants": 0.2,
        "metadata": 0.2,
        "wheel": 0.4,
        "requests": 1.0,
        "bytes": 60.0,
    }


@pytest.mark.parametrize(
    ("ours", "variants", "text"),
    [
        (3.0, 4.0, "+0 for a plain project against stock (target 0), +1 for a variant project"),
        (3.1, 4.0, "+0.1 for a plain project against stock (target 0), +0.9 for a variant project"),
    ],
)
def test_request_target_is_one_more_for_a_variant_project(
    ours: float, variants: float, text: str
) -> None:
    """The target is met with one request more for a variant project and none for a plain one."""
    numbers = {"stock": 3.0, "ours": ours, "ours, variants": variants}
    counted = [{"what": f"{name}, cold", "requests": value} for name, value in numbers.items()]
    met = "met" if ours == 3.0 else "missed"
    assert verdict(counted) == f"Requests of ours, cold: {text} (target 1): {met}."


def test_every_case_has_a_different_title() -> None:
    """No two rows have the same title."""
    assert len({str(case) for case in CASES}) == len(CASES) == 18


def test_first_project_depends_on_all_others() -> None:
    """The first project needs every project, directly or not."""
    reached, todo = set(), [project(0)]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += [item.partition(">")[0] for item in dependencies(int(name[-2:]))]
    assert reached == {project(number) for number in range(30)}


@pytest.mark.parametrize("labels", [(None,), LABELS])
def test_large_page_has_only_files_of_older_versions(labels: tuple[str | None, ...]) -> None:
    """The page has 11,000 files besides those of the newest version, which exist."""
    names = large_names(labels)
    assert len(names) == len(set(names)) == 11_000
    assert not any(name.startswith("large-2.0") for name in names)


def test_engine_reads_the_metadata_of_the_index(tmp_path: Path) -> None:
    """The metadata has a supported revision and static values, so that no provider is queried.

    No two documents are the same: a cached one with the same hash would save the request.
    """
    write_indexes(tmp_path)
    files = tmp_path / "variants" / "files"
    metadata = read(json.loads((files / "single-2.0-variants.json").read_text()))
    (provider,) = metadata.providers
    assert provider.static is not None
    assert provider.static[0] == ("level", ("3", "2", "1"))
    documents = [path.read_bytes() for path in files.glob("*-variants.json")]
    assert len(documents) == len(set(documents)) == len(VERSIONS) * (COUNT + 1) + 1


def fake_tool(name: str, label: str) -> Tool:
    """Return a tool that installs this label, whatever its arguments, without an index."""
    code = (
        "import sys, pathlib\n"
        "info = pathlib.Path(sys.argv[-2], 'x-1.dist-info')\n"
        "info.mkdir(parents=True)\n"
        f"if '/variants/' in str(sys.argv): (info / 'variant.json').write_text({label!r})\n"
    )
    return Tool(name, "1", (), (), (sys.executable, "-I", "-c", code))


@pytest.mark.parametrize(
    ("ours", "uv", "text"),
    [
        ("v3", "v2", "'ours, variants' and 'uv, variants' install different variants: "),
        ("v2", "v2", "not v3 of each project: "),
        ("v3", "v3", None),
    ],
)
def test_tools_that_install_different_variants_are_an_error(
    tmp_path: Path, ours: str, uv: str, text: str | None
) -> None:
    """All tools must install the same variants, and the best ones."""
    labels = {"stock": "v3", "ours": ours, "uv": uv}
    tools = {
        name: fake_tool(name, json.dumps({"variants": {label: {}}}))
        for name, label in labels.items()
    }
    with IndexServer(tmp_path) as server:
        workspace = Workspace(tmp_path, tools, {0.0: server})
        if text is None:
            workspace.check()
        else:
            with pytest.raises(BenchError, match=text):
                workspace.check()


def test_failing_tool_is_an_error_with_its_output() -> None:
    """The error has the command and its output."""
    with pytest.raises(BenchError, match=r"(?s)`.* -c .*` failed:\nno\n"):
        Tool("x", "1", (), (), (sys.executable, "-I", "-c", "exit('no')")).run([])


def test_rows_are_selected_by_text_in_their_title(tmp_path: Path) -> None:
    """Without a text all rows are timed, otherwise those with one of the texts."""
    tools = {name: fake_tool(name, "v3") for name in ("stock", "ours", "uv")}
    with IndexServer(tmp_path) as server:
        workspace = Workspace(tmp_path, tools, {0.0: server, 0.03: server})
        assert [item.title for item in timings(workspace, [])] == list(TITLES)
        assert [item.title for item in timings(workspace, ["one package, install", "help"])] == [
            "help",
            "one package, install, cold",
            "one package, install, warm",
            "one package, install, cold, 30 ms",
            "one package, install, warm, 30 ms",
        ]


def test_ranking_table_has_a_line_per_size() -> None:
    """Where variantlib was not timed, its columns are empty."""
    figures = {"variants": 10, "read": 0.001, "rank": 0.003}
    reference = {"variantlib": 0.04, "same best": True}
    assert ranking_table([figures | reference, figures | {"variants": 1000}]) == (
        "| variants | ours: read | ours: rank | variantlib: both | times | same best |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
        "| 10 | 1.0 ms | 3.0 ms | 40 ms | 10 | True |\n"
        "| 1,000 | 1.0 ms | 3.0 ms |  |  |  |\n"
    )


@pytest.mark.parametrize(
    "command", ["", "compare", "size", "sizes", "providers", "publish", "startup", "ranking"]
)
def test_every_command_prints_its_own_help(command: str) -> None:
    """`scripts/bench` runs from any folder; without a command it is `bench compare`."""
    arguments = (*command.split(), "--help")
    output = run(sys.executable, BENCH, *arguments, cwd=BENCH.parents[2])
    name = "[compare]" if command in {"", "compare"} else command
    assert output.startswith(f"usage: bench {name} [-h]")


def test_unknown_row_ends_before_anything_is_built() -> None:
    """A text that no row has in its title is an error with all titles."""
    output = run(sys.executable, BENCH, "no such", status=2, quiet=False)
    assert output.endswith(
        "error: no row has 'no such' in its title; the rows: " + "; ".join(TITLES) + "\n"
    )


def test_wheels_that_are_published_are_valid(tmp_path: Path) -> None:
    """`bench publish` measures what people publish: no wheel with a wrong RECORD."""
    large = write_large_wheel(tmp_path, 3)
    write_small_wheels(tmp_path, 80)
    wheels = [large, *tmp_path.glob("project-*/*.whl")]
    assert len(wheels) == 81
    assert large.stat().st_size > 3 * 1024 * 1024
    for wheel in wheels:
        with wheel.open("rb") as file:
            findings = check_wheel(wheel.name, read_content(file)).findings
        assert [item.line for item in findings if item.kind in {"record", "archive"}] == []
