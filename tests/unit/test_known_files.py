"""What is remembered of published files, when it holds, and memories that cannot be right."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from pip_variants.core.errors import FetchError, MetadataError
from pip_variants.publish import known_files
from pip_variants.publish.known_files import KnownFiles, sha256_of
from tests.support.stand_in_wheel import write_wheel
from tests.unit.test_sdist import write_sdist

NAME = "x-1.0-py3-none-any-a.whl"
DOCUMENT = {"variants": {"a": {"gpu": {"arch": ["1"]}}}}


class Counting(KnownFiles):
    """Counts the files that it reads."""

    read = 0

    def _read(self, path: Path) -> known_files.Facts:
        self.read += 1
        return super()._read(path)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remember files that have just changed."""
    monkeypatch.setattr(known_files, "SETTLED", -1.0)


def _wheel(folder: Path) -> str:
    return str(write_wheel(folder, NAME, variant_json=DOCUMENT, requires_python=" >=3.9,\n <4\tx"))


def _run(root: Path, memory: Path | None, *paths: str, hashing: bool = True) -> int:
    """Return how many files are read to know these."""
    known = Counting(root, memory, hashing=hashing)
    for path in paths:
        known.facts(path)
        known.facts(path)
    known.save()
    return known.read


def test_facts_of_a_wheel(tmp_path: Path) -> None:
    """Hashes of it and of what is in it, and for which Python it is."""
    path = _wheel(tmp_path)
    facts = KnownFiles(tmp_path, hashing=True).facts(path)
    assert facts.sha256 == sha256_of(Path(path).read_bytes())
    assert (facts.size, facts.requires_python) == (Path(path).stat().st_size, ">=3.9, <4 x")
    known = KnownFiles(tmp_path)
    assert known.facts(path).sha256 == ""
    assert known.facts(path).metadata == sha256_of(known.metadata(Path(path)) or b"")
    assert known.variant(Path(path)).variant.label == "a"
    assert len(known.facts(path).variant) == 64


def test_facts_of_other_files(tmp_path: Path) -> None:
    """A source distribution has a Requires-Python, any other file only a hash."""
    known = KnownFiles(tmp_path, hashing=True)
    sdist = write_sdist(tmp_path / "x-1.0.tar.gz", ("x/PKG-INFO", b"Requires-Python: >=3.9\n"))
    assert known.facts(str(sdist)).requires_python == ">=3.9"
    other = tmp_path / "other"
    other.write_bytes(b"a")
    assert known.facts(str(other)) == known_files.Facts(1, sha256_of(b"a"))


@pytest.mark.parametrize("text", ["a" * 1001, "\x1b[1m"])
def test_requires_python_that_is_no_text_is_left_out(tmp_path: Path, text: str) -> None:
    """It would be shown on a page."""
    path = str(write_wheel(tmp_path, NAME, variant_json=DOCUMENT, requires_python=text))
    assert KnownFiles(tmp_path).facts(path).requires_python == ""


def test_unreadable_files_are_errors_and_not_remembered(tmp_path: Path) -> None:
    """The error is that of other readers."""
    known = KnownFiles(tmp_path, tmp_path / "memory")
    with pytest.raises(FetchError, match="cannot be read: 'No such file or directory'"):
        known.facts(str(tmp_path / NAME))
    (tmp_path / NAME).write_bytes(b"x")
    with pytest.raises(MetadataError, match=f"^{NAME}: 'File is not a zip file'$"):
        known.facts(str(tmp_path / NAME))
    known.save()
    assert not (tmp_path / "memory").exists()


def test_known_file_is_not_read_again(tmp_path: Path) -> None:
    """In one run never, in the next as long as it is the same; a missing hash is one reason."""
    root, memory = tmp_path / "dist", tmp_path / "cache" / "memory"
    path = _wheel(root)
    assert _run(root, memory, path, hashing=False) == 1
    assert _run(root, memory, path, hashing=False) == 0
    assert _run(root, memory, path) == 1
    assert _run(root, memory, path) == 0
    assert _run(root, memory, path, hashing=False) == 0
    assert _run(root, None, path) == 1


def _touch(path: Path) -> None:
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


def _replace(path: Path) -> None:
    copy = path.with_name("copy")
    shutil.copy2(path, copy)
    copy.replace(path)


def _rewrite(path: Path) -> None:
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"P")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", [_touch, _replace, _rewrite])
def test_changed_file_is_read_again(tmp_path: Path, change: object) -> None:
    """Also if its size and its time of modification are the same as before."""
    path = _wheel(tmp_path)
    memory = tmp_path / "memory"
    _run(tmp_path, memory, path)
    assert callable(change)
    change(Path(path))
    assert _run(tmp_path, memory, path) == 1


def test_file_that_has_just_changed_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the resolution of a file system's clock it may change unseen."""
    monkeypatch.setattr(known_files, "SETTLED", 60.0)
    path = _wheel(tmp_path)
    assert [_run(tmp_path, tmp_path / "memory", path) for _ in range(2)] == [1, 1]


def test_paths_may_be_written_in_any_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names that are remembered are relative to the folder."""
    _wheel(tmp_path / "dist")
    memory = tmp_path / "memory"
    monkeypatch.chdir(tmp_path / "dist")
    assert _run(Path(), memory, NAME) == 1
    assert _run(tmp_path / "dist", memory, str(tmp_path / "dist" / NAME)) == 0
    assert _run(Path("../dist"), memory, f"../dist/{NAME}") == 0


def test_memory_forgets_files_that_are_gone(tmp_path: Path) -> None:
    """It does not grow for ever."""
    memory = tmp_path / "memory"
    path = _wheel(tmp_path)
    _run(tmp_path, memory, path)
    other = Path(path).rename(tmp_path / "x-1.0-py2-none-any-a.whl")
    _run(tmp_path, memory, str(other))
    assert [*json.loads(memory.read_text())["files"]] == [other.name]


def test_outcome_holds_for_its_source(tmp_path: Path) -> None:
    """It is remembered from run to run."""
    source, made = "1" * 64, "2" * 64
    target = tmp_path / "x.json"
    known = KnownFiles(tmp_path, tmp_path / "memory")
    known.remember(target, source, made)
    known.save()
    known = KnownFiles(tmp_path, tmp_path / "memory")
    assert known.outcome(target, source) == made
    assert known.outcome(target, made) == known.outcome(target, "") == ""
    assert known.outcome(tmp_path / "y.json", source) == ""


ENTRY = {"size": 1, "sha256": "1" * 64, "metadata": "", "variant": "", "requires_python": ""}
STAMP = [1, 2, 3, 4]
MEMORIES = {
    "no JSON": b"{",
    "not UTF-8": b"\xff",
    "another type": b"[]",
    "nested too deeply": b"[" * 100_000,
    "no files": {"outcomes": {}},
    "a short hash": {"files": {NAME: [STAMP, {**ENTRY, "sha256": "1"}]}, "outcomes": {}},
    "no hash": {"files": {NAME: [STAMP, {**ENTRY, "variant": 1}]}, "outcomes": {}},
    "another key": {"files": {NAME: [STAMP, {**ENTRY, "x": ""}]}, "outcomes": {}},
    "a size in words": {"files": {NAME: [STAMP, {**ENTRY, "size": "1"}]}, "outcomes": {}},
    "a number": {"files": {NAME: [STAMP, {**ENTRY, "requires_python": 3}]}, "outcomes": {}},
    "a time in words": {"files": {NAME: [[1, "2", 3, 4], ENTRY]}, "outcomes": {}},
    "no stamp": {"files": {NAME: [ENTRY]}, "outcomes": {}},
    "outcome": {"files": {}, "outcomes": {NAME: ["", ""]}},
    "of another engine": {"files": {}, "outcomes": {}, "code": "x"},
}


@pytest.mark.parametrize("content", MEMORIES.values(), ids=MEMORIES)
def test_memory_that_cannot_be_right_is_forgotten(tmp_path: Path, content: object) -> None:
    """The files are read again, and remembered again."""
    memory = tmp_path / "memory"
    if isinstance(content, dict):
        content = json.dumps({"code": known_files._code(), **content}).encode()
    assert isinstance(content, bytes)
    memory.write_bytes(content)
    path = _wheel(tmp_path)
    assert [_run(tmp_path, memory, path) for _ in range(2)] == [1, 0]


def test_memory_that_is_no_file_is_not_opened(tmp_path: Path) -> None:
    """A pipe would never end, and a folder cannot be replaced."""
    path = _wheel(tmp_path / "dist")
    os.mkfifo(tmp_path / "pipe")
    assert _run(tmp_path / "dist", tmp_path / "pipe", path) == 1
    (tmp_path / "folder" / "x").mkdir(parents=True)
    assert _run(tmp_path / "dist", tmp_path / "folder", path) == 1
    assert _run(tmp_path / "dist", Path(path) / "below a file", path) == 1


def test_memory_of_another_user_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He could name any hash."""
    path = _wheel(tmp_path)
    memory = tmp_path / "memory"
    _run(tmp_path, memory, path)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert _run(tmp_path, memory, path) == 1
