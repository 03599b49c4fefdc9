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
from pip._internal.req.req_file import COMMENT_RE, break_args_options
from pip._internal.utils.temp_dir import global_tempdir_manager
from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
from pip._vendor.packaging.specifiers import InvalidSpecifier, SpecifierSet
from pip._vendor.packaging.utils import InvalidWheelFilename as InvalidName
from pip._vendor.packaging.version import InvalidVersion, Version

from patches.common._safety.requirement_files import (
    LARGEST,
    LONGEST_LINE,
    content_of,
    requirement_and_options,
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
    start = time.monotonic()
    for part in (" ", "x ", "#", " #", "-"):
        line = f"a{part * (LONGEST_LINE // len(part))}"[:LONGEST_LINE]
        requirement_and_options(without_comment(line))
    assert time.monotonic() - start < 10


def test_a_longer_line_is_an_error() -> None:
    """It shows how it begins."""
    with pytest.raises(InstallationError) as caught:
        requirement_and_options("x" * (LONGEST_LINE + 1))
    shown = f"'{'x' * 200}...'"
    assert str(caught.value) == f"A line of a file of requirements has more than 1 MiB: {shown}"
