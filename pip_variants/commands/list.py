"""``pip variants list``: which variants are installed, and whether they still fit this machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pip._internal.exceptions import CommandError
from pip._internal.utils.misc import tabulate, write_output

from pip_variants.installed import variants
from pip_variants.process import process
from pip_variants.reports import installed_entry

if TYPE_CHECKING:
    from optparse import Values

    from .command import VariantsCommand


def run(command: VariantsCommand, options: Values, args: list[str]) -> int:
    """Print the installed variants as a table or as JSON; return 0."""
    if args:
        raise CommandError("pip variants list takes no arguments.")
    process.aim_at(command.finder(options))
    found = list(variants())
    if options.json:
        entries = [
            installed_entry(item.project, item.version, item.build.variant, item.reason)
            for item in found
        ]
        write_output("%s", json.dumps(entries))
        return 0
    if not found:
        write_output("No variants are installed.")
        return 0
    rows = [
        [item.project, item.version, item.build.variant.label, item.reason or "yes"]
        for item in found
    ]
    lines, sizes = tabulate([["Package", "Version", "Variant", "Fits"], *rows])
    lines.insert(1, " ".join("-" * size for size in sizes))
    for line in lines:
        write_output("%s", line.rstrip())
    return 0
