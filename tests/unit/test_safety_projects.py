"""A pyproject.toml or a script that is not what it should be is an error in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pip._internal.exceptions import InstallationError

from patches.common._safety.projects import (
    build_system_of,
    check_script,
    document_of,
    script_of,
)
from patches.common._safety.requirement_files import LARGEST

NAME = "Error parsing pyproject.toml of demo 1.0: "
BACKEND = "its build-backend does not name an object of a module"
PATH = "its backend-path is not a list of folders of the project"
INVALID: dict[str, tuple[bytes, str]] = {
    "no TOML": (
        b"[build-system\n",
        "Expected ']' at the end of a table declaration (at line 1, column 14)",
    ),
    "another encoding": (b"x = '\xe9'", "it is not UTF-8"),
    "UTF-16": ("x = 1".encode("utf-16"), "it is not UTF-8"),
    "deep": (b"a = " + b"[" * 100_000, "it is nested too deeply"),
    "a number": (b"build-system = 5\n", "its build-system is not a table"),
    "a list": (b"build-system = []\n", "its build-system is not a table"),
    "backend of another type": (b"[build-system]\nbuild-backend = 5\n", BACKEND),
    "no backend": (b"[build-system]\nbuild-backend = ''\n", BACKEND),
    "a line in a backend": (b'[build-system]\nbuild-backend = "a\\nERROR: b"\n', BACKEND),
    "two objects": (b"[build-system]\nbuild-backend = 'a:b:c'\n", BACKEND),
    "no list": (b"[build-system]\nbackend-path = '.'\n", PATH),
    "outside": (b"[build-system]\nbackend-path = ['..']\n", PATH),
    "beside": (b"[build-system]\nbackend-path = ['../projects']\n", PATH),
    "absolute": (b"[build-system]\nbackend-path = ['/']\n", PATH),
    "NUL": (b'[build-system]\nbackend-path = ["a\\u0000"]\n', PATH),
    "numbers": (b"[build-system]\nbackend-path = [5]\n", PATH),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a pyproject.toml may be written; a folder beside it has a longer name."""
    (tmp_path / "project").mkdir()
    (tmp_path / "projects").mkdir()
    return tmp_path / "project" / "pyproject.toml"


@pytest.mark.parametrize("case", INVALID)
def test_invalid_pyproject(path: Path, case: str) -> None:
    """One sentence says whose it is and what is wrong with it."""
    content, reason = INVALID[case]
    path.write_bytes(content)
    with pytest.raises(InstallationError) as caught:
        build_system_of(str(path), "demo 1.0")
    assert str(caught.value) == f"{NAME}{reason}"


def test_name_of_others_is_printable(path: Path) -> None:
    """It may be of a page, and of any length."""
    path.write_bytes(b"x")
    with pytest.raises(InstallationError) as caught:
        build_system_of(str(path), "a\nERROR: b" + "x" * 5000)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", None),
        (b"[project]\n", None),
        (b"[build-system]\n", {}),
        (b"[build-system]\nrequires = 5\n", {"requires": 5}),  # pip says so itself
        (
            b"[build-system]\nbuild-backend = 'a.b:c.d'\nbackend-path = ['.', 'x/../y']\r\n",
            {"build-backend": "a.b:c.d", "backend-path": [".", "x/../y"]},
        ),
        ("[build-system]\nbuild-backend = 'é'\n".encode(), {"build-backend": "é"}),
    ],
)
def test_valid_pyproject(path: Path, content: bytes, expected: dict[str, object] | None) -> None:
    """Its table, if it has one."""
    path.write_bytes(content)
    assert build_system_of(str(path), "demo") == expected


def test_document(path: Path) -> None:
    """That of --group is named by its path."""
    path.write_bytes(b"a = 1\n")
    with path.open("rb") as file:
        assert document_of(file) == {"a": 1}
    path.write_bytes(b"a = '\xff'")
    with path.open("rb") as file, pytest.raises(InstallationError) as caught:
        document_of(file)
    assert str(caught.value) == f"Error parsing {str(path)[:200]}: it is not UTF-8"


def test_document_without_end_is_an_error(path: Path) -> None:
    """No more of it is read than the limit."""
    with path.open("wb") as sparse:
        sparse.truncate(LARGEST + 1)
    with pytest.raises(InstallationError, match="it is larger than 16 MiB"):
        build_system_of(str(path), "demo")


def test_script(tmp_path: Path) -> None:
    """Its lines end as Python reads them; one of another encoding is an error."""
    script = tmp_path / "s.py"
    script.write_bytes("a\r\nb\rc\né".encode())
    assert script_of(str(script)) == script.read_text("utf-8") == "a\nb\nc\né"
    script.write_bytes(b"\xe9")
    with pytest.raises(InstallationError, match="it is not UTF-8"):
        script_of(str(script))


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({}, ""),
        ({"dependencies": ["a"], "requires-python": ">=3"}, ""),
        ({"dependencies": 5}, "its dependencies are not a list of strings"),
        ({"dependencies": "a"}, "its dependencies are not a list of strings"),
        ({"dependencies": [5]}, "its dependencies are not a list of strings"),
        ({"requires-python": 3}, "its requires-python is not a string"),
    ],
)
def test_what_a_script_requires(metadata: dict[str, Any], reason: str) -> None:
    """Lists and strings (PEP 723)."""
    found = ""
    try:
        check_script(metadata, "s.py")
    except InstallationError as error:
        found = str(error)
    assert found == (f"Error parsing s.py: {reason}" if reason else "")
