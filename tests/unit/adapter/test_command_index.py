"""`pip variants index` with its options: which files it writes, in which order, and when."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from pip._internal.exceptions import CommandError

from pip_variants.commands import index as index_command
from pip_variants.core.properties import Label
from pip_variants.publish import index_json
from pip_variants.publish.known_files import sha256_of
from pip_variants.system.locks import locked
from tests.support.stand_in_wheel import write_wheel
from tests.unit.adapter.command import Command, printed
from tests.unit.adapter.edge import logged
from tests.unit.test_sdist import write_sdist

DOCUMENT = {
    "default-priorities": {"namespace": ["gpu"]},
    "providers": {"gpu": {"static-properties": {"arch": ["1"]}}},
    "variants": {"a": {"gpu": {"arch": ["1"]}}, "null": {}},
}
PKG_INFO = b"Requires-Python: >=3.9\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder `d` of the current folder, with two variants, a plain wheel, an sdist."""
    monkeypatch.chdir(tmp_path)
    write(Path("d"))
    write_sdist(Path("d/Y_Y-2.0.tar.gz"), ("Y_Y-2.0/PKG-INFO", PKG_INFO))
    return Path("d")


def write(folder: Path) -> None:
    """Write two variants and a plain wheel."""
    for label in (Label("a"), Label("null")):
        write_wheel(folder, f"y_y-1.0+c-py3-none-any-{label}.whl", variant_json=DOCUMENT)
    write_wheel(folder, "x-1.0-py3-none-any.whl", requires_python=">=3.8")


def index(*args: str, status: int = 0) -> None:
    """Run the command without a cache."""
    assert Command().execute("index", "--no-cache-dir", *args) == status


def links(page: str) -> dict[str, str]:
    """Return the addresses on a page by the text of the link, without hashes."""
    found = re.findall(r'<a href="([^"#]*)[^>]*>([^<]*)</a>', Path(page).read_text())
    return {text: url for url, text in found}


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return what each file contains, and when it was written."""
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


ALL = [
    "VERB d/*.metadata (3 of 3 files)",
    "VERB d/y_y-1.0+c-variants.json (2 labels of 2 wheels)",
    "VERB d/x/index.json (1 file)",
    "VERB d/x/index.html (1 file)",
    "VERB d/y-y/index.json (4 files)",
    "VERB d/y-y/index.html (4 files)",
    "VERB d/index.json (2 projects)",
    "VERB d/index.html (2 projects)",
]


def lines(verb: str) -> list[str]:
    """Return the lines with a verb."""
    found = [line.replace("VERB", verb) for line in ALL]
    return [line.replace("3 of 3", "3") for line in found] if verb == "unchanged" else found


def test_folder_becomes_an_index_and_stays_as_it_is(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What a page names is written before it; --check compares; the same again writes nothing."""
    index("--all", "--check", "d", status=1)
    assert printed(caplog) == lines("would write")
    assert [path.suffix for path in folder.iterdir() if path.suffix not in (".whl", ".gz")] == []
    caplog.clear()
    index("--all", "d")
    assert printed(caplog) == lines("wrote")
    before = files(folder)
    caplog.clear()
    index("--all", "d")
    index("--all", "--check", "d")
    assert printed(caplog) == lines("unchanged") * 2
    assert files(folder) == before
    caplog.clear()
    write_wheel(folder, "x-1.1-py3-none-any.whl")
    index("--all", "d")
    changed = [path for path, found in files(folder).items() if before.get(path) != found]
    assert sorted(changed) == [
        "d/index.html",
        "d/x-1.1-py3-none-any.whl",
        "d/x-1.1-py3-none-any.whl.metadata",
        "d/x/index.html",
        "d/x/index.json",
    ]
    assert logged(caplog) == []


@pytest.mark.usefixtures("folder")
def test_pages_of_a_flat_folder_lead_to_the_files_above_them() -> None:
    """Names of projects are normalised, addresses quoted; the root page also lists the files."""
    index("--all", "d")
    names = [f"y_y-1.0+c-{end}" for end in ("py3-none-any-a.whl", "py3-none-any-null.whl")]
    names += ["Y_Y-2.0.tar.gz", "y_y-1.0+c-variants.json"]
    assert links("d/y-y/index.html") == {name: f"../{name}".replace("+", "%2B") for name in names}
    assert links("d/index.html") == {
        "x": "x/",
        "y-y": "y-y/",
        **{name: name.replace("+", "%2B") for name in (*names, "x-1.0-py3-none-any.whl")},
    }
    page = json.loads(Path("d/y-y/index.json").read_text())
    for entry in page["files"]:
        path = Path("d/y-y") / entry["url"].replace("%2B", "+")
        assert entry["hashes"] == {"sha256": sha256_of(path.read_bytes())}
        assert entry["size"] == path.stat().st_size
        metadata = path.with_name(f"{path.name}.metadata")
        assert ("core-metadata" in entry) == metadata.exists() == (path.suffix == ".whl")
        if metadata.exists():
            assert entry["core-metadata"] == {"sha256": sha256_of(metadata.read_bytes())}
    assert [entry.get("requires-python") for entry in page["files"]] == [None, None, ">=3.9", None]


@pytest.mark.usefixtures("folder")
def test_pages_of_project_folders_lie_beside_the_files() -> None:
    """In a folder with another name than the project the page leads there."""
    write(Path("e/y-y"))
    write_wheel(Path("e/Other Name"), "z-1.0-py3-none-any.whl")
    index("--pages", "e")
    assert links("e/index.html") == {"x": "x/", "y-y": "y-y/", "z": "z/"}
    assert links("e/x/index.html") == {"x-1.0-py3-none-any.whl": "../y-y/x-1.0-py3-none-any.whl"}
    assert links("e/z/index.html") == {
        "z-1.0-py3-none-any.whl": "../Other%20Name/z-1.0-py3-none-any.whl"
    }
    assert links("e/y-y/index.html")["y_y-1.0+c-variants.json"] == "y_y-1.0%2Bc-variants.json"
    assert "metadata=" not in Path("e/x/index.html").read_text()


OPTIONS: Mapping[str, tuple[tuple[str, ...], set[str]]] = {
    "nothing": ((), {".json"}),
    "metadata": (("--metadata",), {".json", ".metadata"}),
    "pages": (("--pages",), {".json", ".html"}),
    "both": (("--pages", "--metadata"), {".json", ".html", ".metadata"}),
}


@pytest.mark.parametrize(("options", "suffixes"), OPTIONS.values(), ids=OPTIONS)
def test_only_what_is_requested_is_written(
    folder: Path, options: tuple[str, ...], suffixes: set[str]
) -> None:
    """Without an option the metadata files of versions alone."""
    index(*options, "d")
    found = {path.suffix for path in folder.rglob("*") if path.is_file()}
    assert found - {".whl", ".gz"} == suffixes


@pytest.mark.usefixtures("folder")
def test_pages_announce_metadata_only_where_it_is_right() -> None:
    """Without --metadata that is what lies there."""
    index("--metadata", "d")
    index("--pages", "d")
    assert "data-core-metadata" in Path("d/x/index.html").read_text()
    Path("d/x-1.0-py3-none-any.whl.metadata").write_text("Name: y")
    index("--pages", "d")
    assert "data-core-metadata" not in Path("d/x/index.html").read_text()
    index("--metadata", "--check", "d", status=1)
    index("--all", "d")
    assert "data-core-metadata" in Path("d/x/index.html").read_text()


def test_yanked_files_are_marked_by_a_file_beside_them(folder: Path) -> None:
    """Its text is the reason."""
    (folder / "x-1.0-py3-none-any.whl.yanked").write_text(' a "bad"\nbuild ')
    (folder / "Y_Y-2.0.tar.gz.yanked").touch()
    index("--pages", "d")
    assert 'data-yanked="a &quot;bad&quot; build"' in Path("d/x/index.html").read_text()
    assert 'data-yanked=""' in Path("d/y-y/index.html").read_text()


def test_files_that_are_gone_are_gone_from_the_pages(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Pages that were written here for a project without files are removed, others stay."""
    index("--all", "d")
    (folder / "x-1.0-py3-none-any.whl").unlink()
    (folder / "docs").mkdir()
    (folder / "docs" / "index.html").write_text("a page")
    caplog.clear()
    index("--all", "--check", "d", status=1)
    assert "would remove d/x/index.html (0 files)" in printed(caplog)
    caplog.clear()
    index("--all", "d")
    assert printed(caplog)[-2:] == [
        "removed d/x/index.html (0 files)",
        "removed d/x/index.json (0 files)",
    ]
    assert links("d/index.html").keys() & {"x", "x-1.0-py3-none-any.whl"} == set()
    assert Path("d/docs/index.html").read_text() == "a page"
    index("--all", "--check", "d")


def test_what_cannot_be_read_is_left_out_and_an_error(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """All else is written."""
    (folder / "x-2.0-py3-none-any.whl").write_bytes(b"no archive")
    (folder / "z-1.0.zip").write_bytes(b"")
    (folder / "docs.tar.gz").write_bytes(b"")
    index("--all", "d", status=1)
    assert logged(caplog) == [
        (
            "ERROR",
            (
                "d/x-2.0-py3-none-any.whl.metadata: not written: x-2.0-py3-none-any.whl:"
                " 'File is not a zip file'"
            ),
        ),
        (
            "WARNING",
            "d/docs.tar.gz: ignored: the file name does not name a project and a version",
        ),
        (
            "ERROR",
            (
                "d/x-2.0-py3-none-any.whl: left out of the pages: x-2.0-py3-none-any.whl:"
                " 'File is not a zip file'"
            ),
        ),
        (
            "ERROR",
            "d/z-1.0.zip: left out of the pages: z-1.0.zip: File is not a zip file",
        ),
    ]
    assert [*links("d/x/index.html")] == ["x-1.0-py3-none-any.whl"]


def test_one_of_two_files_with_one_name_is_left_out(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A page names each once."""
    write_wheel(folder / "sub", "x-1.0-py3-none-any.whl")
    index("--pages", "d")
    assert logged(caplog) == [
        (
            "WARNING",
            (
                "d/x/index.html: d/sub/x-1.0-py3-none-any.whl is left out:"
                " d/x-1.0-py3-none-any.whl has the same name"
            ),
        )
    ]


def test_page_has_the_hash_of_the_file_that_is_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A metadata file that could not be replaced is named as it is."""
    document = folder / "y_y-1.0+c-variants.json"
    document.write_text("old")

    def fail(path: Path, data: bytes) -> None:
        if path == document:
            raise PermissionError(13, "Permission denied")
        path.write_bytes(data)

    monkeypatch.setattr(index_json, "replace_file", fail)
    index("--pages", "d", status=1)
    assert logged(caplog) == [("ERROR", f"{document}: not written: Permission denied")]
    assert f"variants.json#sha256={sha256_of(b'old')}" in Path("d/y-y/index.html").read_text()


def test_folder_that_another_process_keeps_locked_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written without the lock."""
    pytest.importorskip("fcntl")
    monkeypatch.setattr(index_command, "LONGEST_WAIT", 0.1)
    before = files(folder)
    reason = "Another pip has been writing to d for 0 minutes"
    with locked(folder), pytest.raises(CommandError, match=reason):
        index("--all", "d")
    assert files(folder) == before


def test_memory_is_kept_in_the_cache_of_pip(folder: Path, tmp_path: Path) -> None:
    """One file for each folder."""
    cache = tmp_path / "cache"
    for path in ("d", str(folder.absolute())):
        assert Command().execute("index", "--cache-dir", str(cache), "--all", path) == 0
        assert len([*(cache / "variants" / "index").iterdir()]) == 1


def test_name_that_is_not_utf_8_has_its_address(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Names of files are bytes, of projects they are not."""
    name = "y_y-1.0+c-py3-none-any\udcff-a.whl"
    (folder / "y_y-1.0+c-py3-none-any-a.whl").rename(folder / name)
    inner = folder / "in\udcff"
    write_wheel(inner, "x-1.1-py3-none-any.whl")
    index("--all", "d")
    assert 'href="../y_y-1.0%2Bc-py3-none-any%FF-a.whl#' in Path("d/y-y/index.html").read_text()
    assert 'href="../in%FF/x-1.1-py3-none-any.whl#' in Path("d/x/index.html").read_text()
    caplog.clear()
    index("--all", "--check", "d")
    assert "unchanged 'd/in\\udcff/*.metadata' (1 file)" in printed(caplog)


@pytest.mark.parametrize("name", ["-1.0-py3-none-any.whl", "a b-1.0.tar.gz", "\u00e9-1.0.zip"])
def test_name_without_a_project_is_reported(
    folder: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """It would have no page, or one in another place."""
    (folder / name).touch()
    index("--all", "d", status=1 if name.endswith(".whl") else 0)
    ((_, line),) = logged(caplog)
    assert line.endswith("the file name does not name a project and a version")
    assert links("d/index.html").keys() & {"", "a b", "\u00e9"} == set()
