"""Text of others in what the engine prints, logs and raises: one line, whatever characters."""

from __future__ import annotations

import ast
import os
import threading
from pathlib import Path

import pytest

from pip_variants.core import errors
from pip_variants.core.errors import MetadataError, RequestError, VariantError
from pip_variants.core.machines import Machine
from pip_variants.explain.outcomes import OutcomeRow, ReleaseRows
from pip_variants.explain.outcomes_html import page
from pip_variants.lint.findings import finding
from pip_variants.pip_adapter import options
from pip_variants.pip_adapter.display import print_document, print_line
from pip_variants.pip_adapter.options import read_platform
from pip_variants.pip_adapter.run_log import RunLog
from tests.unit.adapter.command import printed
from tests.unit.adapter.edge import logged

FOREIGN = "a\x1b[2J\nNo findings in 3 files.\t\u202e\u200b\udcff"
ESCAPED = "a\\x1b[2J\\nNo findings in 3 files.\\t\\u202e\\u200b\\udcff"

ENGINE = Path(errors.__file__).parents[1]
# Their stdout is not that of pip, or there is no pip.
CHILDREN = {
    "_override.py",
    "_version.py",
    "_compile.py",
    "_in_process.py",
    "_nvml_probe.py",
    "_level_zero_probe.py",
}


def test_every_error_is_one_line() -> None:
    """Of each class, and what a document has wrong with it."""
    classes = [item for item in vars(errors).values() if isinstance(item, type)]
    kinds = [item for item in classes if issubclass(item, VariantError)]
    assert len(kinds) > 5
    for kind in kinds:
        args = ("", FOREIGN) if issubclass(kind, MetadataError) else (FOREIGN,)
        assert str(kind(*args)) == ESCAPED
    assert MetadataError("", FOREIGN).problem == ESCAPED


def test_what_is_printed_and_logged_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever made the text; a document has lines of its own."""
    print_line(FOREIGN)
    print_document("{\n}")
    RunLog().once(30, FOREIGN)
    assert printed(caplog) == [ESCAPED, "{\n}"]
    assert logged(caplog) == [("WARNING", ESCAPED)]


def test_finding_is_one_line_and_whole_in_json() -> None:
    """In each of its parts (attack 34)."""
    found = finding("unreadable", FOREIGN, FOREIGN, FOREIGN)
    assert found.line == f"error: {ESCAPED}: {ESCAPED}: {ESCAPED}"
    assert found.entry()["file"] == FOREIGN


def test_page_has_foreign_text_on_one_line() -> None:
    """And it can be encoded."""
    machine = Machine(FOREIGN, FOREIGN, ())
    row = OutcomeRow(machine, (), "variant", FOREIGN, FOREIGN, FOREIGN)
    text = page([ReleaseRows(FOREIGN, FOREIGN, FOREIGN, (row,))])
    assert text.count(ESCAPED) > 6
    assert text.encode().decode().replace("\n", "").isprintable()


def _calls(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("path", sorted(ENGINE.rglob("*.py")), ids=lambda path: path.name)
def test_engine_prints_through_the_log_alone(path: Path) -> None:
    """What it logs is made printable by pip's formatter (`pip._safety.printing`)."""
    if "_vendor" in path.relative_to(ENGINE).parts or path.name in CHILDREN:
        return
    past_the_log = {"print", "sys.stdout.write", "sys.stderr.write", "write_output"}
    assert _calls(path) & past_the_log == set()


PLATFORM = b"version = 1\n"


def test_platform_file_may_be_a_pipe(tmp_path: Path) -> None:
    """As a shell writes `<(pip variants platform)`."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(PLATFORM,))
    writer.start()
    assert read_platform(str(pipe)).features == ()
    writer.join()


UNREADABLE = {
    "folder": "Is a directory",
    "pipe": "Connection timed out",
    "/dev/zero": "File too large",
    "none": "No such file or directory",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_platform_file_that_is_none_is_an_error(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It neither waits for ever nor fills the memory."""
    monkeypatch.setattr(options, "_PATIENCE", 0.1)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RequestError) as caught:
        read_platform(str(tmp_path / name))
    assert str(caught.value).endswith(f" cannot be read: {UNREADABLE[name]}")
