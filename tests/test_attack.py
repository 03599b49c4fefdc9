"""scripts/attack.py: a fixed selection of its cases, and that each defect would be found."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import attack as script
import build
import pytest
from attacks import runner
from attacks.family import Family, case_rng
from attacks.readers import (
    guard,
    headers,
    json_documents,
    markers,
    names,
    pages,
    probes,
    toml_files,
)
from attacks.readers import zip_archives as archives
from attacks.readers.guard import InProcess
from attacks.registry import FAMILIES, IN_PROCESS
from attacks.report import command, summary
from attacks.runner import Entry, Plan, Report, run

from pip_variants.formats.partial_file import PartialFile
from pip_variants.providers import nvml, platform_file
from tests.support import planted_attacks as planted

SEED = 18
CASES = {
    "json": 2000,
    "choices": 1500,
    "toml": 3000,
    "zip": 800,
    "names": 5000,
    "markers": 1200,
    "pages": 2500,
    "headers": 2000,
    "probes": 400,
}
"""How many cases of each family are run here: some five seconds each."""


@pytest.mark.parametrize("entry", IN_PROCESS, ids=attrgetter("name"))
def test_family_has_no_findings(entry: Entry) -> None:
    """Every case of the selection keeps what is promised."""
    plan = Plan(SEED, cases=CASES[entry.name])
    report = run(replace(entry, processes=1), plan)
    found = [command(SEED, entry.name, kind, with_detail=True) for kind in report.kinds.values()]
    assert not found, "\n".join(found)
    assert report.cases == plan.cases


def test_every_family_has_another_name() -> None:
    """A family is chosen by its name, and nothing is selected of what is gone."""
    listed = [entry.name for entry in FAMILIES]
    assert len(set(listed)) == len(listed)
    assert {entry.name for entry in IN_PROCESS} == set(CASES)


PLANTED: dict[Callable[[], Family], str] = {
    planted.Raising: "KeyError in no function of the engine",
    planted.Hanging: "took more than 1 s, in no function of the engine",
    planted.Waiting: "waited more than 1 s, in no function of the engine",
    planted.Deaf: "did not end within 2 s",
    planted.Dying: "its process ended (exit status 3)",
    planted.Escaping: "RawError: its text is not printable",
    planted.Wordy: "FetchError: its text has more than 1000 characters",
    planted.Greedy: "took more than 300 MB of memory",
    planted.Differing: "one is none",
    planted.Broken: "the family failed: NotImplementedError",
}


@pytest.mark.parametrize(
    ("make", "problem"), PLANTED.items(), ids=[make.__name__ for make in PLANTED]
)
def test_planted_defect_is_found_and_can_be_repeated(
    make: Callable[[], Family], problem: str
) -> None:
    """Whatever the defect does to its process, all cases are run."""
    entry = Entry(make, limit=2.0 if make is planted.Deaf else 20.0, processes=1)
    plan = Plan(SEED, cases=3)
    report = run(entry, plan)
    assert [*report.kinds] == [problem]
    assert report.cases == plan.cases
    (kind,) = report.kinds.values()
    again = run(entry, Plan(SEED, cases=1, first=kind.case))
    assert [*again.kinds] == [problem]


def test_sound_family_has_no_findings() -> None:
    """Two processes share the cases."""
    report = run(Entry(planted.Sound, processes=2), Plan(SEED, cases=5))
    assert (report.cases, report.kinds) == (5, {})


def test_cases_are_run_until_the_time_is_over() -> None:
    """As many as there can be."""
    report = run(Entry(planted.Sound, processes=1), Plan(SEED, seconds=0.5))
    assert report.cases > 10
    assert 0.5 <= report.seconds < 20


def test_family_that_cannot_be_prepared_is_a_finding() -> None:
    """No other process is started for its other cases."""
    report = run(Entry(planted.Unprepared, processes=1), Plan(SEED, cases=5))
    assert [*report.kinds] == ["its process ended (exit status 4)"]


def test_findings_of_one_kind_are_counted_and_the_first_is_named() -> None:
    """The first is that with the lowest number, whichever process has reported it before."""
    report = run(Entry(planted.Slow, processes=2), Plan(SEED, cases=20))
    firsts: dict[str, int] = {}
    for case in range(20):
        finding = runner.attempt(planted.Slow(), SEED, case)
        assert finding is not None
        firsts.setdefault(finding.problem, case)
    assert {kind.finding.problem: kind.case for kind in report.kinds.values()} == firsts
    assert sum(kind.number for kind in report.kinds.values()) == 20
    assert summary(report).endswith("2 kinds of findings")


def _first_kind(report: Report) -> runner.Kind:
    return min(report.kinds.values(), key=attrgetter("case"))


def test_finding_is_shown_with_the_command_that_repeats_it() -> None:
    """Its input is shown when it is repeated."""
    kind = _first_kind(run(Entry(planted.Slow, processes=1), Plan(SEED, cases=1)))
    repeat = f"    python3 scripts/attack.py --seed {SEED} --only slow --case 0"
    lines = [f"  {kind.finding.problem}", repeat]
    assert command(SEED, "slow", kind, with_detail=False).splitlines() == lines
    detail = ["    detail", "    of two lines"]
    assert command(SEED, "slow", kind, with_detail=True).splitlines() == [*lines, *detail]


def _nothing(*_: object, **__: object) -> None:
    return None


def _without_first_label(_: object, document: dict[str, Any]) -> dict[str, Any]:
    """Return a document as another form, but without one of its labels."""
    labels = dict(document["variants"])
    labels.pop(next(iter(labels)))
    return {**document, "variants": labels}


def _no_members_in_parts(file: object, _: object) -> dict[str, bytes]:
    """Return what a wheel has, of which nothing is found in parts."""
    return {} if isinstance(file, PartialFile) else {"METADATA": b""}


# A family, what is replaced by a defect, and what is found.
DEFECTS: dict[str, tuple[Callable[[], InProcess], object, str, object, str]] = {
    "json, partly read": (
        json_documents.JsonDocuments,
        json_documents,
        "read_valid_entries",
        lambda _: (None, ()),
        "read_valid_entries differs from read",
    ),
    "json, another choice": (
        json_documents.JsonDocuments,
        json_documents,
        "with_other_form",
        _without_first_label,
        "a document in another form means another choice",
    ),
    "toml": (
        toml_files.TomlFiles,
        platform_file,
        "write",
        lambda *_, **__: "version = 1\n",
        "a platform file is written with another meaning",
    ),
    "zip": (archives.ZipArchives, archives, "read_members", _no_members_in_parts, "parts differ"),
    "names": (names.Names, names, "label_of", _nothing, "a label is not found in a file name"),
    "markers": (
        markers.Markers,
        markers,
        "bind_markers",
        lambda *_: "x; os_name == 'no such name'",
        "a marker about a variant has another value",
    ),
    "pages": (
        pages.Pages,
        pages,
        "project_json",
        lambda *_: b'{"files": [], "name": "x", "meta": {"api-version": "1.1"}}',
        "pip finds other files on a page of ours",
    ),
    "headers": (
        headers.ServerReplies,
        headers,
        "fetch",
        lambda *_: b"",
        "a document has another hash than its link",
    ),
    "probes": (
        probes.Probes,
        nvml,
        "printable",
        str,
        "a fact of the NVIDIA driver: its text is not printable",
    ),
}


@pytest.mark.parametrize(
    ("make", "where", "name", "defect", "problem"), DEFECTS.values(), ids=DEFECTS
)
def test_defect_of_a_reader_is_found(
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[], InProcess],
    where: object,
    name: str,
    defect: object,
    problem: str,
) -> None:
    """The family says what differs."""
    monkeypatch.setattr(guard, "limit_memory", _nothing)
    monkeypatch.setattr(guard, "confine", _nothing)
    monkeypatch.setattr(where, name, defect)
    family = make()
    family.setup()
    try:
        found = (family.attempt(case_rng(SEED, family.name, case)) for case in range(400))
        assert any(item is not None and item.problem == problem for item in found)
    finally:
        family.close()


def test_script_runs_the_families_that_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A line for the seed, and one for each family."""
    status = script.main(["--only", "names", "--only", "pages", "--cases", "10", "--seed", "7"])
    first, second, third = capsys.readouterr().out.splitlines()
    assert (status, first) == (0, "Seed 7")
    assert (second.split()[:3], third.split()[:3]) == (
        ["names", "10", "cases"],
        ["pages", "10", "cases"],
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["--only", "no such family"],
        ["--case", "1", "--only", "names"],
        ["--case", "1", "--seed", "1"],
        ["--cases", "1", "--case", "1", "--seed", "1", "--only", "names"],
        ["--cases", "0"],
        ["--minutes", "0"],
    ],
)
def test_options_that_do_not_fit_are_an_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is run."""
    with pytest.raises(SystemExit) as caught:
        script.main(arguments)
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_script_makes_an_environment_if_this_python_has_another_pip(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It runs there with the same arguments, and its exit status is that of the script."""
    installed: list[str] = []
    monkeypatch.setattr(script, "has_pip", lambda: False)
    monkeypatch.setattr(script, "make_environment", lambda _: Path(sys.executable))
    monkeypatch.setattr(script, "install", lambda _, *names: installed.extend(names))
    assert script.main(["--only", "names", "--case", "3", "--seed", "7"]) == 0
    assert installed == [f"pip=={build.releases()[0]}"]
    assert capfd.readouterr().out.startswith("Seed 7\nnames ")
