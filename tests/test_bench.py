"""The benchmark: its figures and pages as pure functions, its indexes, and one tiny round."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from bench import Effort, alternating, count, verdict
from bench_cases import CASES, Case, Place
from bench_indexes import COUNT, LABELS, VERSIONS, dependencies, large_names, project, write_indexes
from bench_report import (
    Ratio,
    Wanted,
    as_json,
    chart,
    ratio,
    ratio_table,
    row,
    table,
    time_table,
)
from bench_tools import BenchError, Tool
from stand_in import IndexServer, Request

from pip_variants.readers import read

SAME = Wanted("ours", "stock", 1.02)
TIMES = {"stock": [1.0, 2.0, 4.0], "ours": [1.1, 2.0, 4.0], "uv": [0.1, 0.1, 0.1]}
ROW = row("b", "a < b", TIMES, (SAME, Wanted("uv, variants", "uv"), Wanted("uv", "stock")))


@pytest.mark.parametrize(
    ("of", "to", "value", "error"),
    [
        ([1.0], [2.0], 0.5, 0.0),
        ([2.0, 2.0], [2.0, 2.0], 1.0, 0.0),
        # A slow round is slow for both; the ratio does not see it.
        ([1.0, 9.0, 2.0], [1.0, 9.0, 2.0], 1.0, 0.0),
        ([1.0, 2.0, 3.0, 4.0], [1.0] * 4, 2.5, 1.2533 / 1.3490 * 1.5 / 2),
    ],
)
def test_a_ratio(of: list[float], to: list[float], value: float, error: float) -> None:
    """It is the median of the ratios of the rounds, with the standard error of that."""
    found = ratio({"ours": of, "stock": to}, SAME)
    assert found.value == value
    assert found.error == pytest.approx(error)


@pytest.mark.parametrize(
    ("value", "error", "target", "text"),
    [
        (1.02, 0.0, 1.02, "met"),
        (0.5, 9.0, 1.02, "met"),
        (1.03, 0.004, 1.02, "missed"),
        (1.03, 0.005, 1.02, "unclear"),
        (9.0, 0.0, None, ""),
    ],
)
def test_a_verdict(value: float, error: float, target: float | None, text: str) -> None:
    """A target is met, missed, or, if the error explains the miss, neither."""
    assert Ratio(Wanted("a", "b", target), value, error).verdict == text


def test_the_tables() -> None:
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


def test_the_json() -> None:
    """JSON holds the same: times in seconds, ratios with their targets."""
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


def test_the_chart() -> None:
    """The SVG is XML: a bar and its value for each ratio, a tick for the one target."""
    image = ET.fromstring(chart([ROW]))  # noqa: S314 - we wrote it
    space = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in image.iter(f"{space}text")]
    assert texts == ["b a < b: ours / stock", "1.00", "b a < b: uv / stock", "0.05", "1"]
    widths = [bar.get("width") for bar in image.iter(f"{space}rect")]
    assert widths == ["100%", "200.0", "10.0"]
    assert [line.get("x1") for line in image.iter(f"{space}line")] == ["634.0", "630.0"]


def test_rounds_alternate() -> None:
    """One round more than is counted, then every other one backwards, and no more than wanted."""
    seen: list[str] = []

    def doing(name: str) -> float:
        seen.append(name)
        return float(len(seen))

    runs = {name: lambda name=name: doing(name) for name in "abc"}
    times = alternating(runs, Effort(least=1, most=2, seconds=9.0, ranked=1))
    assert "".join(seen) == "abcabccba"
    assert times == {"a": [4.0, 9.0], "b": [5.0, 8.0], "c": [6.0, 7.0]}
    times = alternating(runs, Effort(least=1, most=2, seconds=0.0, ranked=1))
    assert [len(column) for column in times.values()] == [1, 1, 1]


def test_requests_are_counted_by_kind() -> None:
    """A request is told by the end of its path; 304 answers and bytes count as they are."""
    paths = ["/p/", "/p/a-1.0-variants.json", "/f/a.whl.metadata", "/f/a.whl", "/f/a.tar.gz"]
    asked = [Request("GET", path, 200, 60, {}) for path in paths]
    assert count("ours", Case("package-00", dry=False, warm=True), asked * 6) == {
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
def test_the_verdict_on_requests(ours: float, variants: float, text: str) -> None:
    """One request more for a variant project, none for a plain one, or the target is missed."""
    numbers = {"stock": 3.0, "ours": ours, "ours, variants": variants}
    counted = [{"what": f"{name}, cold", "requests": value} for name, value in numbers.items()]
    met = "met" if ours == 3.0 else "missed"
    assert verdict(counted) == f"Requests of ours, cold: {text} (target 1): {met}."


def test_titles_tell_cases_apart() -> None:
    """No two rows have one title."""
    assert len({str(case) for case in CASES}) == len(CASES) == 18


def test_every_project_is_needed() -> None:
    """The first project depends on all others, and none on itself."""
    reached, todo = set(), [project(0)]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += [item.partition(">")[0] for item in dependencies(int(name[-2:]))]
    assert reached == {project(number) for number in range(30)}


@pytest.mark.parametrize("labels", [(None,), LABELS])
def test_the_large_page(labels: tuple[str | None, ...]) -> None:
    """It has 11,000 files of other versions than the newest one, which is in the index."""
    names = large_names(labels)
    assert len(names) == len(set(names)) == 11_000
    assert not any(name.startswith("large-2.0") for name in names)


def test_the_engine_reads_the_metadata(tmp_path: Path) -> None:
    """The metadata of the index is a revision that we read, with values that need no provider.

    No two documents are the same: one that is known by its hash would not be asked for.
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
    """Return a tool that installs this label, whatever it is asked for, without an index."""
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
        ("v3", "v2", "'ours, variants' and 'uv, variants' install different builds: "),
        ("v2", "v2", "not v3 of each project: "),
        ("v3", "v3", None),
    ],
)
def test_other_builds_are_not_compared(
    tmp_path: Path, ours: str, uv: str, text: str | None
) -> None:
    """Nothing is timed before all tools have installed the same builds, and the best ones."""
    labels = {"stock": "v3", "ours": ours, "uv": uv}
    tools = {
        name: fake_tool(name, json.dumps({"variants": {label: {}}}))
        for name, label in labels.items()
    }
    with IndexServer(tmp_path) as server:
        place = Place(tmp_path, tools, {0.0: server})
        if text is None:
            place.check()
        else:
            with pytest.raises(BenchError, match=text):
                place.check()


def test_a_tool_that_fails_is_an_error() -> None:
    """The command and what it said are in the error."""
    with pytest.raises(BenchError, match=r"(?s)`.* -c .*` failed:\nno\n"):
        Tool("x", "1", (), (), (sys.executable, "-I", "-c", "exit('no')")).run([])
