"""``pip variants list``: the installed variants, and whether they still fit this machine.

With ``--outdated`` only those for which an upgrade would take something better, and what that is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pip_variants.explain.as_json import installed_entry, offer_entry
from pip_variants.pip_adapter.compat import CommandError, tabulate
from pip_variants.pip_adapter.display import print_document, print_line
from pip_variants.pip_adapter.installed import InstalledVariant, installed_variants
from pip_variants.pip_adapter.offers import Offer, offer

if TYPE_CHECKING:
    from pip_variants.pip_adapter.compat import Values

    from .command import VariantsCommand

Item = tuple[InstalledVariant, "Offer | None"]


def run(command: VariantsCommand, options: Values, args: list[str]) -> int:
    """Print the installed variants as a table or as JSON; return 0."""
    if args:
        raise CommandError("pip variants list takes no arguments.")
    found = _installed(command, options)
    if options.json:
        print_document(json.dumps(list(map(_entry, found))))
    elif found:
        _print_table(found, outdated=options.outdated)
    elif options.outdated:
        print_line("No better variants are available.")
    else:
        print_line("No variants are installed.")
    return 0


def _installed(command: VariantsCommand, options: Values) -> list[Item]:
    """Return the installed variants, with what is better if ``--outdated`` is given."""
    state = command.state()
    finder = command.finder(options)
    state.use_finder(finder)
    found = installed_variants(state)
    if not options.outdated:
        return [(item, None) for item in found]
    state.report_only()
    offers = ((item, offer(state, item, finder)) for item in found)
    return [(item, better) for item, better in offers if better is not None]


def _entry(item: Item) -> dict[str, object]:
    found, better = item
    entry = installed_entry(found.project, found.version, found.selected.variant, found.reason)
    if better is not None:
        entry["better"] = offer_entry(better.version, better.label)
    return entry


def _print_table(found: Sequence[Item], *, outdated: bool) -> None:
    header = ["Package", "Version", "Variant", *(["Better"] if outdated else []), "Fits"]
    rows = [
        [
            *(item.project, item.version, item.selected.variant.label),
            *([f"{better.version} {better.label or '(plain)'}"] if better is not None else []),
            item.reason or "yes",
        ]
        for item, better in found
    ]
    lines, sizes = tabulate([header, *rows])
    lines.insert(1, " ".join("-" * size for size in sizes))
    for line in lines:
        print_line(line.rstrip())
