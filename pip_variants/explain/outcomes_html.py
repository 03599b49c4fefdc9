"""What each machine would take, as one HTML page without anything outside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape as escaped

from pip_variants.core.errors import one_line

from .outcomes import OutcomeRow, ReleaseRows, all_pythons, pythons_text

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #dde2e8; --page: #fff;
  --variant: #1a7f4b; --null: #8a6100; --plain: #8a6100; --nothing: #b3261e; --raised: #f5f7f9 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa5b4; --line: #323a45;
  --page: #14181d; --variant: #5fd39a; --null: #e6b450; --plain: #e6b450; --nothing: #ff8a80;
  --raised: #1c2229 } }
body { background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif;
  margin: 2rem auto; max-width: 72rem; padding: 0 1.25rem }
h1 { font-size: 1.5rem; margin: 0 0 .25rem } h2 { font-size: 1.15rem; margin: 2.25rem 0 .25rem }
p { color: var(--soft); margin: 0 0 1rem; overflow-wrap: anywhere }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px }
table { border-collapse: collapse; font-size: .9rem; width: 100% }
th, td { border-bottom: 1px solid var(--line); padding: .45rem .8rem; text-align: left;
  vertical-align: top }
tr:last-child > * { border-bottom: 0 }
thead th { background: var(--raised); font-weight: 600; white-space: nowrap }
tbody th { font-weight: 600; white-space: nowrap }
tbody th span, .reason { color: var(--soft); display: block; font-weight: 400 }
.build { font: .9em ui-monospace, monospace } .build::before { content: "\\25CF  " }
.variant { color: var(--variant) } .null { color: var(--null) } .plain { color: var(--plain) }
.nothing { color: var(--nothing); font-weight: 700 }
"""

_LEGEND = (
    "What pip would take on each machine: green is a variant made for its hardware, yellow a null"
    " variant or a plain wheel, red nothing."
)


def page(releases: Sequence[ReleaseRows]) -> str:
    """Return the text of the page, one table for each version."""
    names = list(dict.fromkeys(f"{item.project} {item.version}" for item in releases))
    title = names[0] if len(names) == 1 else f"{len(names)} versions"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Builds of {escape(title)} by machine</title>",
            f"<style>{_STYLE}</style></head><body>",
            f"<h1>Builds of {escape(title)} by machine</h1>",
            f"<p>{_LEGEND}</p>",
            *(line for release in releases for line in _release(release)),
            "</body></html>",
            "",
        ]
    )


def escape(text: str) -> str:
    """Return foreign text for the page, on one line."""
    return escaped(one_line(text))


def _release(release: ReleaseRows) -> Iterator[str]:
    every = all_pythons(release)
    yield f"<h2>{escape(f'{release.project} {release.version}')}</h2>"
    yield f"<p>{escape(release.source)}</p>"
    yield '<div class="scroll"><table><thead><tr><th>Machine<th>Build<th>Why</tr></thead><tbody>'
    for row in release.rows:
        yield _row(row, pythons_text(row.pythons, every))
    yield "</tbody></table></div>"


def _row(row: OutcomeRow, python: str) -> str:
    machine = f"{escape(row.machine.name)}<span>{escape(row.machine.summary)}</span>"
    build = f'<span class="build {row.kind}">{escape(row.build)}</span>'
    where = f'<span class="reason">Python {python}</span>' if python else ""
    return f"<tr><th>{machine}</th><td>{build}{where}</td><td>{escape(row.reason or '')}</td></tr>"
