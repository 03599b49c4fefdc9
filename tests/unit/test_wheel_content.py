"""What a wheel contains, of a file at hand and of one that is read in parts."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile

import pytest

from pip_variants.formats.partial_file import PartialFile
from pip_variants.formats.wheel_content import Member, Row, read_content, read_record

INFO = "x-1.0.dist-info"


def _hash(data: bytes, algorithm: str = "sha256") -> str:
    digest = hashlib.new(algorithm, data).digest()
    return f"{algorithm}={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _wheel(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


LIBRARY = bytes(3_000_000)
RECORD = (
    f"x.bin,{_hash(b'')},3000000\nx.txt,sha512=other,1\ny.txt,md5=abc,1\n"
    f"{INFO}/WHEEL,{_hash(b'Tag: any')},8\n{INFO}/RECORD,,\n"
)
WHEEL = _wheel(
    ("x.bin", LIBRARY),
    ("x/", b""),
    ("x.txt", b"a"),
    ("y.txt", b"a"),
    ("x/vendored-1.0.dist-info/METADATA", b"Name: y"),
    (f"{INFO}/METADATA", b"Name: x"),
    (f"{INFO}/WHEEL", b"Tag: any"),
    (f"{INFO}/RECORD", RECORD.encode()),
)
FILES = {"METADATA": b"Name: x", "WHEEL": b"Tag: any", "RECORD": RECORD.encode()}
MEMBERS = {
    "x.bin": Member("x.bin", 3_000_000, _hash(LIBRARY)),
    "x.txt": Member("x.txt", 1, _hash(b"a", "sha512")),
    "y.txt": Member("y.txt", 1),
    "x/vendored-1.0.dist-info/METADATA": Member("x/vendored-1.0.dist-info/METADATA", 7),
    f"{INFO}/METADATA": Member(f"{INFO}/METADATA", 7),
    f"{INFO}/WHEEL": Member(f"{INFO}/WHEEL", 8, _hash(b"Tag: any")),
    f"{INFO}/RECORD": Member(f"{INFO}/RECORD", len(RECORD)),
}


def test_members_of_a_file_at_hand_are_hashed_as_record_says() -> None:
    """Each has the hash by the algorithm of its row, if that is a secure one."""
    found = read_content(io.BytesIO(WHEEL))
    assert found.members == tuple(MEMBERS.values())
    assert dict(found.files) == FILES
    assert found.info_folders == (INFO,)


def test_of_a_remote_wheel_only_its_description_is_fetched() -> None:
    """The large file is neither fetched nor hashed."""
    fetched = []

    def fetch(start: int, end: int) -> bytes:
        fetched.append(end - start)
        return WHEEL[start:end]

    found = read_content(PartialFile(len(WHEEL), fetch))
    hashed = {"x.bin": Member("x.bin", 3_000_000), "x.txt": Member("x.txt", 1)}
    assert found.members == tuple((MEMBERS | hashed).values())
    assert dict(found.files) == FILES
    assert sum(fetched) < 200_000


AMBIGUOUS = [
    pytest.param(("x.py",), 0, (), id="no dist-info folder"),
    pytest.param(("a-1.dist-info/WHEEL", "b-1.dist-info/WHEEL"), 2, (), id="two folders"),
    pytest.param(("a-1.dist-info/WHEEL",) * 2, 1, ("a-1.dist-info/WHEEL",), id="one file twice"),
]


@pytest.mark.parametrize(("names", "folders", "repeated"), AMBIGUOUS)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_ambiguous_wheel_is_only_listed(
    names: tuple[str, ...], folders: int, repeated: tuple[str, ...]
) -> None:
    """Without exactly one dist-info folder, or with a member twice, no files are read."""
    found = read_content(io.BytesIO(_wheel(*((name, b"") for name in names))))
    assert len(found.members) == len(names)
    assert len(found.info_folders) == folders
    assert found.repeated == repeated
    assert found.files == ()


def test_member_without_a_name_is_one_of_the_members() -> None:
    """It is no folder, which `zipfile` of some releases cannot tell."""
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), b"")
    assert read_content(wheel).members == (Member("", 0),)


def test_rows_of_record_are_those_of_a_csv_file() -> None:
    """A path may be in quotes; empty lines do not count."""
    assert read_record(b'"a, ""b"".py",sha256=x,1\r\n\r\nRECORD,,\r\n') == (
        Row('a, "b".py', "sha256=x", "1"),
        Row("RECORD", "", ""),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"a,b,c\na,b\n", "row 2 does not have three columns"),
        (b"\xff,,\n", "it is not UTF-8"),
        (b'"' + b"a" * 200_000 + b'",,', "field larger than field limit (131072)"),
    ],
)
def test_record_that_is_no_table_is_an_error(text: bytes, problem: str) -> None:
    """The error says in a few words what is wrong."""
    with pytest.raises(ValueError, match=re.escape(problem)) as error:
        read_record(text)
    assert str(error.value) == problem
