"""The outcomes of two runs of one test suite: read, compared and counted."""

from __future__ import annotations

# The XML is a report that pytest wrote on this machine.
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
    """A test whose outcome differs between stock pip and ours."""

    test: str
    stock: str
    ours: str

    def __str__(self) -> str:
        return f"{self.test}: stock {self.stock}, ours {self.ours}"


def read_junit(text: str, root: str) -> Outcomes:
    """Return the outcomes of a report of the family xunit1.

    In names of tests the folder *root* that the suite ran in is replaced by `ROOT`. A test with a
    failure and an error in its teardown has failed. Raise ParseError for invalid XML.
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
    """Return the tests whose outcome differs, in order, also those that ran on one side only.

    A test that only ours has, and that passes, is no difference: see `added`.
    """
    new = set(added(stock, ours))
    pairs = [
        Difference(test, stock.get(test, ABSENT), ours.get(test, ABSENT))
        for test in sorted({*stock, *ours} - new)
    ]
    return [pair for pair in pairs if pair.stock != pair.ours]


def added(stock: Outcomes, ours: Outcomes) -> list[str]:
    """Return the tests that only ours has and that pass, such as those of each command of pip."""
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
