"""``pip variants list``: the installed variants, and whether they still fit this machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pip_variants.explain.as_json import installed_entry
from pip_variants.pip_adapter.compat import CommandError, tabulate, write_output
from pip_variants.pip_adapter.installed import installed_variants

if TYPE_CHECKING:
    from pip_variants.pip_adapter.compat import Values

    from .command import VariantsCommand


def run(command: VariantsCommand, options: Values, args: list[str]) -> int:
    """Print the installed variants as a table or as JSON; return 0."""
    if args:
        raise CommandError("pip variants list takes no arguments.")
    state = command.state()
    state.use_finder(command.finder(options))
    found = list(installed_variants(state))
    if options.json:
        entries = [
            installed_entry(item.project, item.version, item.selected.variant, item.reason)
            for item in found
        ]
        write_output("%s", json.dumps(entries))
        return 0
    if not found:
        write_output("No variants are installed.")
        return 0
    rows = [
        [item.project, item.version, item.selected.variant.label, item.reason or "yes"]
        for item in found
    ]
    lines, sizes = tabulate([["Package", "Version", "Variant", "Fits"], *rows])
    lines.insert(1, " ".join("-" * size for size in sizes))
    for line in lines:
        write_output("%s", line.rstrip())
    return 0
