"""Outcomes of two runs of one test suite: reading them, counting them, and what differs."""

from __future__ import annotations

# pytest wrote the report, of tests that ran on this machine.
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Outcomes = Mapping[str, str]
"""The outcome of each test, by pytest's node id."""

SHOWN = ("passed", "failed", "error", "skipped", "xfailed")
ABSENT = "not run"


@dataclass(frozen=True, slots=True)
class Difference:
    """A test that ends otherwise with stock pip than with ours."""

    test: str
    stock: str
    ours: str

    def __str__(self) -> str:
        return f"{self.test}: stock {self.stock}, ours {self.ours}"


def read_junit(text: str, root: str) -> Outcomes:
    """Return the outcomes of a report of the family xunit1.

    Where the name of a test contains the folder *root* that the suite ran in, it gets `ROOT`. A
    test that failed and could not be cleaned up after has failed. Raise ParseError for no XML.
    """
    found: dict[str, str] = {}
    for case in ET.fromstring(text).iter("testcase"):  # noqa: S314 - see the import
        test = _node_id(case).replace(root, "ROOT")
        if found.get(test) != "failed":
            found[test] = _outcome(case)
    return found


def _node_id(case: ET.Element) -> str:
    file = case.get("file", "")
    module = file.removesuffix(".py").replace("/", ".")
    classes = case.get("classname", "").removeprefix(module).strip(".")
    parts = (file, *classes.split("."), case.get("name", ""))
    return "::".join(part for part in parts if part)


def _outcome(case: ET.Element) -> str:
    skipped = case.find("skipped")
    if skipped is not None:
        return "xfailed" if skipped.get("type") == "pytest.xfail" else "skipped"
    if case.find("failure") is not None:
        return "failed"
    return "passed" if case.find("error") is None else "error"


def differences(stock: Outcomes, ours: Outcomes) -> list[Difference]:
    """Return the tests whose outcome differs, in order, also those that ran on one side alone.

    A test that ours alone has, and passes, is no difference: see `added`.
    """
    new = set(added(stock, ours))
    pairs = [
        Difference(test, stock.get(test, ABSENT), ours.get(test, ABSENT))
        for test in sorted({*stock, *ours} - new)
    ]
    return [pair for pair in pairs if pair.stock != pair.ours]


def added(stock: Outcomes, ours: Outcomes) -> list[str]:
    """Return what passed and ours alone has: tests made of what there is, as of pip's commands."""
    return sorted(test for test in ours if ours[test] == "passed" and test not in stock)


def table(results: Mapping[str, Sequence[Outcomes]]) -> str:
    """Return a table in Markdown: for each kind of test the counts of stock and of ours."""
    lines = [f"| | {' | '.join(SHOWN)} |", "|---" * (len(SHOWN) + 1) + "|"]
    for kind, sides in results.items():
        for name, outcomes in zip(("stock", "ours"), sides, strict=True):
            counts = Counter(outcomes.values())
            cells = [f"{kind}, {name}", *(str(counts[outcome]) for outcome in SHOWN)]
            lines.append(f"| {' | '.join(cells)} |")
    return "".join(f"{line}\n" for line in lines)
