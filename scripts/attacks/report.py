"""What the suite prints: a line for each family, and the findings with what repeats them."""

from __future__ import annotations

import textwrap

from .runner import Kind, Report

_SCRIPT = "python3 scripts/attack.py"


def summary(report: Report) -> str:
    """Return the line of a family."""
    speed = report.cases / report.seconds if report.seconds else 0.0
    number = len(report.kinds)
    findings = "1 kind of finding" if number == 1 else f"{number:,} kinds of findings"
    rate = f"{speed:,.0f}" if speed >= 10 else f"{speed:.2f}"
    return f"{report.name:<10}{report.cases:>10,} cases {rate:>8} a second   {findings}"


def command(seed: int, family: str, kind: Kind, *, with_detail: bool) -> str:
    """Return a kind of finding, and the command that repeats the first of them."""
    times = "" if kind.number == 1 else f" ({kind.number:,} times)"
    lines = [
        f"  {kind.finding.problem}{times}",
        f"    {_SCRIPT} --seed {seed} --only {family} --case {kind.case}",
    ]
    if with_detail and kind.finding.detail:
        lines.append(textwrap.indent(kind.finding.detail, "    "))
    return "\n".join(lines)
