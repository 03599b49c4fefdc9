"""What SECURITY.md and the table of limits in README.md promise is what tests and code have."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from patches.common._safety import (
    documents,
    installed,
    page_texts,
    pages,
    printing,
    requirement_files,
    requirement_texts,
    search,
    wheels,
)
from patches.common._safety import limits as network
from pip_variants.core import limits
from pip_variants.pip_adapter import every_set, plugin_env, prepare, provider_folders
from pip_variants.providers import _plugin_probe, plugin, probe
from pip_variants.system import locks

ROOT = Path(__file__).parents[2]


def test_every_test_that_security_names_exists() -> None:
    """A promise without a test is none."""
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "SECURITY.md").read_text("utf-8")))
    defined = {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    assert len(named) > 20
    assert named - defined == set()


MEBIBYTE = limits.MEBIBYTE


def _override_limit() -> int:
    """Return the limit of the start-up hook, which would run if it were imported."""
    text = (ROOT / "pip_variants" / "_override.py").read_text("utf-8")
    found = re.search(r"^LARGEST = 1 << (\d+) ", text, re.MULTILINE)
    assert found is not None
    return 1 << int(found[1])


STATED = (
    f"{limits.MAX_BYTES // MEBIBYTE} MiB, {limits.MAX_ITEMS:,} items, {limits.DIGITS:,} digits",
    f"{limits.LABELS:,}, {limits.NAMESPACES:,}",
    f"| {limits.PROPERTIES:,} |",
    f"{limits.NAME_LENGTH} characters",
    f"{limits.REQUIREMENTS}, {limits.SPECIFIERS}",
    f"{limits.TEXT_LENGTH:,} characters",
    f"same index or mirror | {locks.LONGEST_WAIT / 60:g} minutes",
    f"cache of providers locked | {provider_folders.LOCK_WAIT:g} seconds",
    f"directory of a wheel | {limits.DIRECTORY_BYTES // MEBIBYTE} MiB",
    f"after their download | {prepare._MOST_DISCARDED} |",
    f"finds no set | {every_set._MOST_STEPS:,} |",
    f"answer | {plugin.TIME_LIMIT:g} seconds",
    f"answer | {probe.TIME_LIMIT:g} seconds",
    f"installation | {plugin_env.TIME_LIMIT / 60:g} minutes",
    f"{_plugin_probe.LARGEST_FILE // MEBIBYTE} MiB a file",
    f"{network.MAX_DOCUMENT // MEBIBYTE} MiB, sent and decompressed",
    f"tags in HTML | {pages.MAX_FILES:,}, {page_texts.MAX_VALUES:,}, {page_texts.MAX_TAGS:,};",
    f"a tag {page_texts.LONGEST_TAG // 1024} KiB;",
    f"not ASCII {page_texts.LARGEST_UNICODE // MEBIBYTE} MiB",
    f"environment, WHEEL | {documents.LARGEST['METADATA'] // MEBIBYTE} MiB,",
    f"{documents.LARGEST['WHEEL'] // MEBIBYTE} MiB; {documents.HEADERS:,} lines before the text,",
    f"text, {documents.LINES:,} in all",
    f"{documents.LARGEST['RECORD'] // MEBIBYTE} MiB and {documents.ROWS:,} rows",
    f"{documents.LARGEST['entry_points.txt'] // MEBIBYTE} MiB and {documents.ENTRY_POINTS:,} lines",
    f"in a wheel | {wheels.MAX_TOTAL // MEBIBYTE} MiB",
    f"distribution | {network.MAX_DOCUMENT // MEBIBYTE} MiB,",
    f"RECORD {installed._MOST_ROWS:,} rows",
    f"{network.MAX_HEADERS // MEBIBYTE} MiB, 64 KiB a line",
    f"{network.PATIENCE} times `--timeout` of waiting",
    f"{network.SLOWEST // 1024} KiB in {network.PATIENCE} times `--timeout`",
    f"a file of this wheel itself | {_override_limit() // MEBIBYTE} MiB |",
    f"neither: {network.MAX_DOWNLOAD // 1024**3} GiB",
    f"{search.MAX_BYTES // MEBIBYTE} MiB, {search.MAX_RESULTS:,} results, {search._LONGEST} char",
    f"`Requires-Python` | {requirement_texts.LONGEST:,} characters",
    f"name of a wheel | {requirement_texts.LONGEST_VERSION:,} characters",
    f"requirements {requirement_files.LARGEST // MEBIBYTE} MiB,",
    f"a line of one {requirement_files.LONGEST_LINE // MEBIBYTE} MiB",
    f"what it requires | {requirement_files.LARGEST // MEBIBYTE} MiB",
    f"message | {printing.LONGEST_ARGUMENT:,} characters, {printing.LONGEST_LINE:,} characters",
)


@pytest.mark.parametrize("text", STATED)
def test_table_of_limits_has_those_of_the_code(text: str) -> None:
    """As README.md shows them to users."""
    section = (ROOT / "README.md").read_text("utf-8").partition("\n## Limits\n")[2]
    assert text in section.partition("\n## ")[0]
