"""Markers and versions that are none, and files of requirements without end."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from importlib.metadata import Distribution
from pathlib import Path

import pytest
from pip._internal.exceptions import InstallationError, InvalidWheelFilename, MetadataInvalid
from pip._internal.metadata import get_metadata_distribution
from pip._internal.req.constructors import install_req_from_line
from pip._internal.req.req_file import COMMENT_RE, _decode_req_file, break_args_options
from pip._internal.utils.temp_dir import global_tempdir_manager
from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
from pip._vendor.packaging.specifiers import InvalidSpecifier, SpecifierSet
from pip._vendor.packaging.utils import InvalidWheelFilename as InvalidName
from pip._vendor.packaging.version import InvalidVersion, Version
from pip._vendor.requests.models import Response

from patches.common._safety.requirement_files import (
    LARGEST,
    LONGEST_LINE,
    content_of,
    requirement_and_options,
    response_text,
    text_of,
    without_comment,
)
from patches.common._safety.requirement_texts import (
    LONGEST,
    LONGEST_VERSION,
    check_length,
    marker_of,
    refuse,
    requirement_of,
    specifiers_of,
)
from patches.common._safety.versions import (
    check_version,
    folder_version,
    metadata_version_of,
    name_of,
    version_of,
)
from tests.support.waiting import within

VERSIONS: dict[str, tuple[bytes, object]] = {
    "valid": (b"Version: 1.0\n", Version("1.0")),
    "invalid": (b"Version: _x\n", "_x"),
    "empty": (b"Version: \n", ""),
    "missing": (b"", "None"),
}


@pytest.mark.parametrize("case", VERSIONS)
def test_version_in_metadata(case: str) -> None:
    """What is no version is its text."""
    line, expected = VERSIONS[case]
    content = b"Metadata-Version: 2.1\nName: x\n" + line
    with global_tempdir_manager():
        dist = get_metadata_distribution(content, "x-1.0-py3-none-any.whl", "x")
        assert version_of(dist) == expected
        req = install_req_from_line("x")
        if isinstance(expected, Version):
            check_version(req, dist)
        else:
            with pytest.raises(MetadataInvalid, match=f"Invalid version: '{expected}'"):
                check_version(req, dist)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2.0", "2.0"), ("2.0+cu129", "2.0+cu129"), ("2.0.dist-info", "1.0"), ("x-2.0", "1.0")],
)
def test_version_in_the_name_of_a_folder(tmp_path: Path, text: str, expected: str) -> None:
    """If that is none, METADATA has it."""
    (tmp_path / "METADATA").write_text("Metadata-Version: 2.1\nName: x\nVersion: 1.0\n")
    assert folder_version(text, Distribution.at(tmp_path)) == Version(expected)


@pytest.mark.parametrize("line", ["Version: y\n", ""])
def test_no_version_anywhere_is_an_error(tmp_path: Path, line: str) -> None:
    """That of packaging."""
    (tmp_path / "METADATA").write_text(f"Metadata-Version: 2.1\nName: x\n{line}")
    with pytest.raises(InvalidVersion):
        folder_version("x-1.0", Distribution.at(tmp_path))


@pytest.mark.parametrize(("line", "expected"), [("Name: X_y\n", "x-y"), ("", "None")])
def test_name_in_metadata(line: str, expected: str) -> None:
    """A missing one is a text, too."""
    content = f"Metadata-Version: 2.1\n{line}Version: 1.0\n".encode()
    with global_tempdir_manager():
        dist = get_metadata_distribution(content, "x_y-1.0-py3-none-any.whl", "x_y")
        assert name_of(dist) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2.4", "2.4"), ("2", "2"), ("", "0"), ("x", "0"), ("2.", "0"), ("1" * 5000, "0")],
)
def test_version_of_metadata(text: str, expected: str) -> None:
    """`pip show` compares it with others."""
    content = f"Metadata-Version: {text}\nName: x\nVersion: 1.0\n".encode()
    with global_tempdir_manager():
        dist = get_metadata_distribution(content, "x-1.0-py3-none-any.whl", "x")
        assert metadata_version_of(dist) == expected


def _padded(text: str, length: int) -> str:
    return text + " " * (length - len(text))


def test_the_longest_texts_are_parsed() -> None:
    """With blanks, which cost nothing."""
    assert requirement_of(_padded("x>=1", LONGEST)) == Requirement("x>=1")
    assert specifiers_of(_padded(">=3", LONGEST)) == SpecifierSet(">=3")
    check_length(_padded("x>=1", LONGEST))


@pytest.mark.parametrize(
    ("parse", "error", "prefix"),
    [
        (requirement_of, InvalidRequirement, ""),
        (specifiers_of, InvalidSpecifier, ""),
        (check_length, InstallationError, "Invalid requirement: "),
    ],
)
def test_a_longer_text_is_an_error(
    parse: Callable[[str], object], error: type[Exception], prefix: str
) -> None:
    """Each is the one that pip expects there; it shows the beginning."""
    with pytest.raises(error) as caught:
        parse(_padded("x", LONGEST + 1))
    shown = f"'x{' ' * 199}...'"
    assert str(caught.value) == f"{prefix}{shown}: it has more than 65,536 characters"


@pytest.mark.parametrize(
    "error",
    [
        *(InvalidVersion, InvalidSpecifier, InvalidRequirement, InvalidName),
        *(InvalidWheelFilename, InstallationError, ValueError),
    ],
)
def test_a_version_that_is_too_long_is_what_each_caller_expects(error: type[Exception]) -> None:
    """It is skipped where an invalid one is, or is an error in one sentence."""
    with pytest.raises(error) as caught:
        refuse("version", "9" * 5000)
    assert str(caught.value) == (
        f"Invalid version: '{'9' * 200}...': it has more than 512 characters"
    )


def test_the_patch_has_the_limit_that_the_error_names() -> None:
    """It compares before anything is imported."""
    patch = Path(__file__).parents[2] / "patches" / "common" / "long-versions.patch"
    assert set(re.findall(r"> (\d+):", patch.read_text("utf-8"))) == {str(LONGEST_VERSION)}


@pytest.mark.parametrize("text", ["x\nERROR: y", "x; os_name == 'a\nb'", "x;\n os_name == 'a'"])
def test_a_requirement_of_several_lines_is_invalid(text: str) -> None:
    """The error has one; a line feed at the end is none."""
    assert requirement_of("x>=1\n") == Requirement("x>=1")
    with pytest.raises(InvalidRequirement) as caught:
        requirement_of(text)
    assert str(caught.value) == f"{text!r}: it has more than one line"


def test_a_valid_marker_is_returned() -> None:
    """As packaging reads it."""
    assert str(marker_of("python_version > '3'", "x")) == 'python_version > "3"'


@pytest.mark.parametrize("text", ["variant_label == 'x'", "(", "python_version", "a == 'b'"])
def test_an_invalid_marker_is_an_error_about_the_requirement(text: str) -> None:
    """Markers about variants are for metadata alone."""
    with pytest.raises(InstallationError, match="Invalid requirement: 'x': "):
        marker_of(text, " x ")


@pytest.mark.parametrize("size", [0, 10, LARGEST])
def test_a_file_of_requirements_is_read(tmp_path: Path, size: int) -> None:
    """All of it."""
    (tmp_path / "x").write_bytes(b"x" * size)
    with (tmp_path / "x").open("rb") as file:
        assert len(content_of(file)) == size


def test_a_file_of_requirements_without_end_is_an_error(tmp_path: Path) -> None:
    """No more of it is read than the limit."""
    path = tmp_path / "x"
    with path.open("wb") as sparse:
        sparse.truncate(1 << 40)
    with path.open("rb") as file, pytest.raises(InstallationError) as caught:
        content_of(file)
    assert str(caught.value) == f"Could not read {str(path)!a}: it is larger than 16 MiB"


DECODED: dict[str, tuple[bytes, str]] = {
    "UTF-8": ("é".encode(), "é"),
    "UTF-8 with a mark": (b"\xef\xbb\xbfx", "x"),
    "UTF-16": (b"\xff\xfex\x00", "x"),
    "a comment": (b"# coding: latin-1\n\xe9", "# coding: latin-1\né"),
    "a comment in the second line": (b"\n# -*- coding: cp1252 -*-\n\x80", "€"),
    "a mark counts more": (b"\xef\xbb\xbfx\n# coding: nope", "# coding: nope"),
    "only a comment counts": (b"x\ncoding: nope", "coding: nope"),
    "only two lines count": (b"\n\n# coding: nope", "# coding: nope"),
}


@pytest.mark.parametrize("case", DECODED)
def test_a_file_of_requirements_is_decoded_as_pip_does(case: str) -> None:
    """By a byte order mark, a comment, or as UTF-8."""
    content, end = DECODED[case]
    assert text_of(_decode_req_file, content, "r.txt").endswith(end)


UNDECODED: dict[str, tuple[bytes, str]] = {
    "unknown": (b"# coding: nope\nx", "its encoding is unknown: 'nope'"),
    "no text": (b"# coding: undefined\nx", "its encoding is not one of text: 'undefined'"),
    "slow": (
        b"\n# coding: punycode\n" + b"a" * 9**7,
        "its encoding is not one of text: 'punycode'",
    ),
    "odd": (b"\xff\xfea", "it is no text in its encoding, utf-16-le"),
    "wrong mark": (b"\xef\xbb\xbf\xff", "it is no text in its encoding, utf-8"),
    "wrong comment": (b"# coding: ascii\n\xe9", "it is no text in its encoding, ascii"),
}


@pytest.mark.parametrize("case", UNDECODED)
def test_an_encoding_that_does_not_fit_is_an_error(case: str) -> None:
    """About the file."""
    content, reason = UNDECODED[case]
    with pytest.raises(InstallationError) as caught:
        text_of(_decode_req_file, content, "r\n.txt")
    assert str(caught.value) == f"Could not read 'r\\n.txt': {reason}"


@pytest.mark.parametrize(
    ("charset", "expected"),
    [
        (None, "é"),
        ("utf-8", "é"),
        ("latin-1", "Ã©"),
        ("ascii", "\ufffd\ufffd"),
        ("idna", "its encoding is not one of text: 'idna'"),
        ("nope", "its encoding is unknown: 'nope'"),
        ("a\0", "its encoding is unknown: 'a\\x00'"),
    ],
)
def test_a_file_of_a_server_has_an_encoding_of_text(charset: str | None, expected: str) -> None:
    """Else the error names its URL, without a password."""
    response = Response()  # type: ignore[no-untyped-call]
    vars(response).update(_content="é".encode(), url="http://u:pass@h/r.txt", encoding=charset)
    try:
        found = response_text(response)
    except InstallationError as error:
        found = str(error).removeprefix("Could not read 'http://u:****@h/r.txt': ")
    assert found == expected


LINES = (
    *(
        "",
        "#",
        "# x",
        "x",
        "x # y",
        "x  #y # z",
        "x#y",
        "x#y #z",
        " # x",
        "x\t#",
        "x\u00a0# y",
        "x ## y",
    ),
    *(
        "x --hash=sha256:00 --hash=sha256:01",
        "-r x",
        "--pre",
        "x>=1; a == 'b' -c y",
        "x -",
        "x  --y",
    ),
    *("-", " -r x", "x a-b", "x; a == '-b' # c", 'x#egg=y --global-option="-a -b"'),
)


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_read_as_pip_reads_it(line: str) -> None:
    """Only faster."""
    assert without_comment(line) == COMMENT_RE.sub("", line)
    assert requirement_and_options(line) == break_args_options(line)


def test_a_long_line_takes_a_moment() -> None:
    """Blanks, words and comments without end."""
    with within(10, time.process_time):
        for part in (" ", "x ", "#", " #", "-"):
            line = f"a{part * (LONGEST_LINE // len(part))}"[:LONGEST_LINE]
            requirement_and_options(without_comment(line))


def test_a_longer_line_is_an_error() -> None:
    """It shows how it begins."""
    with pytest.raises(InstallationError) as caught:
        requirement_and_options("x" * (LONGEST_LINE + 1))
    shown = f"'{'x' * 200}...'"
    assert str(caught.value) == f"A line of a file of requirements has more than 1 MiB: {shown}"
