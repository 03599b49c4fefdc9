"""METADATA, RECORD and the like: what is not even parsed, and what of RECORD is left."""

from __future__ import annotations

import logging
import zipfile
from pathlib import Path

import pytest
from pip._internal.exceptions import InstallationError, UnsupportedWheel

from patches.common._safety import documents
from patches.common._safety.documents import count_problem, rows_of, size_problem
from patches.common._safety.installed import Installed
from patches.common._safety.wheels import WheelArchive, read_member
from pip_variants.core import limits
from pip_variants.core.errors import MetadataError
from pip_variants.formats.info_files import check_counts, check_size
from pip_variants.formats.wheel_archive import local_members

START = b"Metadata-Version: 2.1\nName: x\nVersion: 1.0\n"
LINES = "lines before its text"


def test_limits_are_those_of_the_engine() -> None:
    """Pip and `pip variants check` read the same of a wheel."""
    assert documents.LARGEST.items() >= limits.INFO_BYTES.items()
    assert documents.HEADERS == limits.HEADER_LINES
    assert documents.LINES == limits.INFO_LINES
    assert documents.ROWS == limits.RECORD_ROWS
    assert documents.ENTRY_POINTS == limits.ENTRY_POINT_LINES


BEYOND = {
    "headers": ("METADATA", START + b"A:\n" * 50_000, f"50,000 {LINES}"),
    "headers of a Mac": (
        "METADATA",
        START.replace(b"\n", b"\r") + b"A:\r" * 50_000,
        f"50,000 {LINES}",
    ),
    "folded": ("METADATA", START + b" x\r\n" * 50_000, f"50,000 {LINES}"),
    "text": ("METADATA", START + b"\n" * 200_000, "200,000 lines"),
    "WHEEL": ("WHEEL", b"Tag: py3-none-any\n" * 50_001, f"50,000 {LINES}"),
    "rows": ("RECORD", b",,\n" * 200_001, "200,000 rows"),
    "blank rows": ("RECORD", b"\n" * 200_001, "200,000 rows"),
    "a row": ("RECORD", b"," * 800_001, "800,000 columns"),
    "entry points": ("entry_points.txt", b"a=b\n" * 10_001, "10,000 lines"),
}


@pytest.mark.parametrize(("name", "content", "reason"), BEYOND.values(), ids=BEYOND)
def test_file_with_too_much_in_it_is_not_parsed(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    """A wheel with it is refused, by pip and by the engine."""
    path = tmp_path / "x-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"x-1.0.dist-info/{name}", content)
    with (
        WheelArchive(str(path)) as archive,
        pytest.raises(UnsupportedWheel, match=f"its {name} has more than {reason}"),
    ):
        read_member(archive, f"x-1.0.dist-info/{name}")
    with pytest.raises(MetadataError, match=f"its {name} has more than {reason}"):
        local_members(path, (name,))


@pytest.mark.parametrize("end", ["\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"])
def test_every_end_of_a_line_counts(end: str) -> None:
    """Where Python splits lines."""
    assert len(f"a{end}b".splitlines()) == 2
    assert count_problem("RECORD", end.encode() * 200_001) is not None


WITHIN = {
    "many dependencies": ("METADATA", START + b"Requires-Dist: x\r\n" * 49_000 + b"\r\n"),
    "a long text": ("METADATA", START + b"\n" + b"a\n" * 199_000),
    "its type": ("METADATA", START + b"Description-Content-Type: text/markdown\n\nContent-Type: a"),
    "a large RECORD": ("RECORD", b"a,sha256=x,1\r\n" * 200_000),
    "another file": ("sboms.json", b"\n" * 2_000_000),
}


@pytest.mark.parametrize(("name", "content"), WITHIN.values(), ids=WITHIN)
def test_file_beyond_all_real_ones_is_parsed(name: str, content: bytes) -> None:
    """Text of a description, which is not parsed, does not count."""
    assert size_problem(name, len(content)) is None
    assert count_problem(name, content) is None
    check_size(name, len(content))
    check_counts(name, content)


@pytest.mark.parametrize(
    "kind", ["multipart/mixed; boundary=x", "message/rfc822", "\r\n Message/x"]
)
def test_metadata_has_few_documents_in_it(kind: str) -> None:
    """Python parses each within the one before."""
    part = f"content-type: {kind}\n\n".encode()
    assert count_problem("METADATA", START + part * 20) is None
    problem = count_problem("METADATA", START + part * 21)
    assert problem == "its METADATA has more than 20 documents in it"


def test_installed_file_with_too_much_in_it_counts_as_missing(tmp_path: Path) -> None:
    """A RECORD may have more rows than that of a wheel, to which pip adds bytecode."""
    (tmp_path / "METADATA").write_bytes(START + b"A:\n" * 50_000)
    (tmp_path / "direct_url.json").write_bytes(b" " * (1024 * 1024 + 1))
    (tmp_path / "RECORD").write_bytes(b"a,,\n" * 400_000)
    dist = Installed(tmp_path)
    assert dist.read_text("METADATA") is None
    assert dist.read_text("direct_url.json") is None
    assert dist.read_text("RECORD") is not None
    (tmp_path / "RECORD").write_bytes(b"a,,\n" * 1_000_001)
    assert dist.read_text("RECORD") is None


RECORDS = {
    "as it ought to be": (
        "a.py,sha256=x,1\nb.py,,\n",
        [["a.py", "sha256=x", "1"], ["b.py", "", ""]],
    ),
    "blank lines": ("\n\na.py,,\n\r\n\n", [["a.py", "", ""]]),
    "blank lines alone": ("\n\n", []),
    "empty": ("", []),
    "paths alone": ("a.py\n", [["a.py"]]),
    "an empty path": (",,\n", [["", "", ""]]),
    "quoted": ('"a,b.py",,\n', [["a,b.py", "", ""]]),
}


@pytest.mark.parametrize(("text", "rows"), RECORDS.values(), ids=RECORDS)
def test_rows_of_record_without_blank_ones(
    caplog: pytest.LogCaptureFixture, text: str, rows: list[list[str]]
) -> None:
    """Without a warning."""
    assert rows_of(text, "x.whl") == rows
    assert not caplog.records


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a.py,x,1,2\n", "has a row with more than three elements, such as that of 'a.py'"),
        ("a,,,,\nb,,,,,\n", "has 2 rows with more than three elements, such as that of 'a'"),
        (
            "a" * 9_999 + "," * 99_999,
            "has a row with more than three elements, such as that of 'aa",
        ),
    ],
)
def test_long_rows_are_one_short_warning(
    caplog: pytest.LogCaptureFixture, text: str, shown: str
) -> None:
    """Their first three elements count."""
    assert all(len(row) == 3 for row in rows_of(text, "x.whl"))
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert f"RECORD of x.whl {shown}" in record.getMessage()
    assert len(record.getMessage()) < 500


def test_record_that_is_no_table_is_an_error() -> None:
    """A field of it may have no more than 131,072 characters."""
    with pytest.raises(InstallationError, match=r"^x\.whl has a RECORD that is not valid: field"):
        rows_of("a" * 200_000, "x.whl")
