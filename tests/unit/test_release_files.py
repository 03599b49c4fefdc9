"""Published files grouped by version: which wheel belongs to which metadata file."""

from __future__ import annotations

from pathlib import Path

import pytest

from pip_variants.publish.release_files import (
    LocalFile,
    ReleaseFiles,
    document_name,
    group_by_version,
    is_published,
    is_wheel,
    project_folders,
    published_files,
)


def _files(*names: str) -> list[LocalFile]:
    return [LocalFile(Path("d") / name) for name in names]


def test_files_of_one_version_belong_together() -> None:
    """Project and version are normalised, and versions are in order."""
    files = _files(
        "Flash_Attn-2.8-py3-none-any-a.whl",
        "flash.attn-2.8.0-py3-none-any.whl",
        "flash_attn-2.8-1-py3-none-any-b.whl",
        "flash_attn-2.8-variants.json",
        "Flash-Attn-2.8-variants.json",
        "a_b-1.0-py3-none-any-a.whl",
    )
    releases, invalid = group_by_version(files)
    assert invalid == ()
    assert [*releases.items()] == [
        (("a_b", "1.0"), ReleaseFiles((files[5],), ())),
        (("flash_attn", "2.8"), ReleaseFiles((files[0], files[2]), (files[3], files[4]))),
        (("flash_attn", "2.8.0"), ReleaseFiles((files[1],), ())),
    ]
    assert [document_name(key) for key in releases] == [
        "a_b-1.0-variants.json",
        "flash_attn-2.8-variants.json",
        "flash_attn-2.8.0-variants.json",
    ]


NO_VERSION = "the file name does not name a project and a version"

INVALID = [
    pytest.param("x.whl", NO_VERSION, id="no parts"),
    pytest.param("x-y-py3-none-any.whl", NO_VERSION, id="no version in a wheel"),
    pytest.param("x-1.0-py3-none-any-a-b-c.whl", NO_VERSION, id="too many parts"),
    pytest.param(
        "x-1.0-py3-none-any-A.whl",
        "Invalid variant label 'A' in 'x-1.0-py3-none-any-A.whl'",
        id="an invalid label",
    ),
    pytest.param("-variants.json", NO_VERSION, id="nothing before the suffix"),
    pytest.param("1.0-variants.json", NO_VERSION, id="no project"),
    pytest.param("x-y-variants.json", NO_VERSION, id="no version in a document"),
    pytest.param("x- 1.0-variants.json", NO_VERSION, id="white space before the version"),
    pytest.param("x\x1b[2J-1.0-variants.json", NO_VERSION, id="an escape sequence"),
    pytest.param("x-1" + "0" * 300 + ".whl", "the file name is too long", id="300 characters"),
]


@pytest.mark.parametrize(("name", "problem"), INVALID)
def test_file_without_version_is_reported(name: str, problem: str) -> None:
    """A file whose name has no version comes back with the reason."""
    files = _files("x-1.0-py3-none-any.whl", name)
    releases, invalid = group_by_version(files)
    assert [*releases] == [("x", "1.0")]
    assert [(file.name, str(error)) for file, error in invalid] == [(name, problem)]


@pytest.mark.parametrize(
    ("name", "published", "wheel"),
    [
        ("x-1.0-py3-none-any.whl", True, True),
        ("x-1.0-variants.json", True, False),
        ("x-1.0.tar.gz", False, False),
        ("x-1.0-py3-none-any.whl.metadata", False, False),
        ("variants.json", False, False),
    ],
)
def test_wheels_and_metadata_files_are_published(
    name: str, *, published: bool, wheel: bool
) -> None:
    """Other files of an index are not considered."""
    assert is_published(name) is published
    assert is_wheel(name) is wheel


def test_published_files_of_a_folder_are_sorted(tmp_path: Path) -> None:
    """Only wheels and metadata files directly in the folder are listed, by name."""
    for name in ("x-1.0-variants.json", "b-1.0-py3-none-any-a.whl", "a-1.0.tar.gz"):
        (tmp_path / name).touch()
    (tmp_path / "c-1.0-py3-none-any.whl").mkdir()
    assert [file.name for file in published_files(tmp_path)] == [
        "b-1.0-py3-none-any-a.whl",
        "x-1.0-variants.json",
    ]


def test_project_folders_are_the_visible_ones(tmp_path: Path) -> None:
    """A folder comes first, then the folders in it; hidden ones and files are left out."""
    for name in ("b", "a", ".git"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "inner").mkdir()
    (tmp_path / "file").touch()
    assert project_folders(tmp_path) == [tmp_path, tmp_path / "a", tmp_path / "b"]


def test_missing_folder_is_an_os_error(tmp_path: Path) -> None:
    """A folder that does not exist cannot be listed."""
    with pytest.raises(OSError, match="missing"):
        project_folders(tmp_path / "missing")
    with pytest.raises(OSError, match="missing"):
        list(published_files(tmp_path / "missing"))


def test_local_file_is_shown_as_the_given_path() -> None:
    """The path is shown with slashes, and quoted if a terminal would obey it."""
    plain = LocalFile(Path("dist") / "x-1.0-py3-none-any-a.whl")
    assert (plain.shown, plain.label) == ("dist/x-1.0-py3-none-any-a.whl", "a")
    hostile = LocalFile(Path("dist") / "x\x1b[2J.whl")
    assert (hostile.shown, hostile.label) == (r"'dist/x\x1b[2J.whl'", None)
