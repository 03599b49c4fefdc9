"""Wheels that become variants, other variants, or plain: what is new in them, and what is not."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from pip_variants.core.errors import ArchiveError, FilenameError, RequestError, VariantError
from pip_variants.core.metadata import VariantMetadata
from pip_variants.formats.wheel_content import read_content
from pip_variants.formats.zip_records import read_entries
from pip_variants.lint.wheel import check_wheel
from pip_variants.publish.make_wheel import NewWheel, plan_wheel, read_source, write_wheel
from tests.support.stand_in_wheel import write_wheel as write_stand_in
from tests.unit.cases import metadata, variant

PLAIN = "x-1.0-py3-none-any.whl"
INFO = "x-1.0.dist-info"
EXTRA = {"x/tool.sh": b"#!/bin/sh", f"{INFO}/RECORD.jws": b"{}", f"{INFO}/RECORD.p7s": b""}


def _metadata(label: str) -> VariantMetadata:
    return metadata(variant(label, "gpu :: arch :: 1"), namespaces=("gpu",))


def _plain(folder: Path, **files: bytes) -> Path:
    return write_stand_in(folder, PLAIN, files={**EXTRA, **files})


def _made(path: Path, label: str | None, dest: Path, *requirements: str) -> NewWheel:
    plan = plan_wheel(read_source(path), _metadata(label) if label else None, requirements)
    assert write_wheel(plan, dest, lambda: None)
    return plan


def _contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_variant_has_a_new_record_and_variant_json_and_nothing_else(tmp_path: Path) -> None:
    """The other members are the same bytes, in their order; what was planned was written."""
    path = _plain(tmp_path)
    plan = _made(path, "a", tmp_path)
    target = tmp_path / "x-1.0-py3-none-any-a.whl"
    old, new = _contents(path), _contents(target)
    unsigned = [name for name in old if not name.endswith((".jws", ".p7s", "/RECORD"))]
    assert [*new] == [*unsigned, f"{INFO}/variant.json", f"{INFO}/RECORD"]
    assert [name for name in unsigned if new[name] != old[name]] == []
    assert [name.rpartition("/")[2] for name in plan.unsigned] == ["RECORD.jws", "RECORD.p7s"]
    with target.open("rb") as file:
        content = read_content(file)
    assert check_wheel(target.name, content).metadata is not None
    assert [
        item for item in check_wheel(target.name, content).findings if item.kind == "record"
    ] == []
    assert {(item.name, item.size) for item in content.members} == {
        (item.name, item.size) for item in plan.content.members
    }
    assert dict(content.files) == dict(plan.content.files)


def test_wheel_becomes_plain_again(tmp_path: Path) -> None:
    """What a variant gets is removed: the same members with the same content as before."""
    path = _plain(tmp_path)
    first = _made(path, "a", tmp_path / "a")
    second = _made(tmp_path / "a" / first.name, "b", tmp_path / "b")
    third = _made(tmp_path / "b" / second.name, None, tmp_path / "plain")
    assert (first.name, second.name, third.name) == (
        "x-1.0-py3-none-any-a.whl",
        "x-1.0-py3-none-any-b.whl",
        PLAIN,
    )
    before, after = _contents(path), _contents(tmp_path / "plain" / PLAIN)
    rows = before.pop(f"{INFO}/RECORD").splitlines(keepends=True)
    unsigned = b"".join(row for row in rows if b".jws" not in row and b".p7s" not in row)
    assert after.pop(f"{INFO}/RECORD") == unsigned
    assert after == {name: text for name, text in before.items() if "RECORD." not in name}


def test_metadata_with_other_dependencies_stays_in_its_place(tmp_path: Path) -> None:
    """Its row in RECORD is new as well."""
    path = _plain(tmp_path)
    plan = _made(path, "a", tmp_path, "y; variant_label == 'a'")
    target = tmp_path / plan.name
    assert f"{INFO}/METADATA" in plan.texts
    assert [*_contents(target)].index(f"{INFO}/METADATA") < [*_contents(target)].index(
        f"{INFO}/WHEEL"
    )
    with target.open("rb") as file:
        findings = check_wheel(target.name, read_content(file)).findings
    assert [item for item in findings if item.severity == "error" and item.kind == "record"] == []
    assert not plan.is_plain_with_markers
    plain = plan_wheel(read_source(target), None)
    assert plain.is_plain_with_markers


def test_same_wheel_is_the_same_bytes_and_not_written_again(tmp_path: Path) -> None:
    """A different file in its place is not replaced, and neither is the source."""
    path = _plain(tmp_path)
    plan = _made(path, "a", tmp_path)
    target = tmp_path / plan.name
    before = (target.read_bytes(), target.stat().st_mtime_ns)
    assert not write_wheel(plan, tmp_path, lambda: None)
    assert (target.read_bytes(), target.stat().st_mtime_ns) == before
    for other in (before[0] + b"x", before[0][:-1], b""):
        target.write_bytes(other)
        with pytest.raises(RequestError, match="is there already and has another content"):
            write_wheel(plan, tmp_path, lambda: None)
        assert target.read_bytes() == other
    target.write_bytes(before[0])
    again = plan_wheel(read_source(target), _metadata("a"))
    with pytest.raises(RequestError, match="would replace the wheel that it is made of"):
        write_wheel(again, tmp_path, lambda: None)
    assert sorted(item.name for item in tmp_path.iterdir()) == sorted([PLAIN, plan.name])


def test_source_that_changes_leaves_nothing(tmp_path: Path) -> None:
    """It became shorter since it was read."""
    path = _plain(tmp_path)
    plan = plan_wheel(read_source(path), _metadata("a"))
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ArchiveError, match="the archive ends within a member"):
        write_wheel(plan, tmp_path, lambda: None)
    assert [*tmp_path.iterdir()] == [path]


def test_progress_is_reported_and_entries_keep_permissions(tmp_path: Path) -> None:
    """The record of each copied member is the same but for its place."""
    path = _plain(tmp_path)
    calls: list[None] = []
    plan = plan_wheel(read_source(path), _metadata("a"))
    write_wheel(plan, tmp_path, lambda: calls.append(None))
    assert len(calls) == len(plan.source.entries) - 3
    with (tmp_path / plan.name).open("rb") as file:
        new = {item.name: item.record[:42] for item in read_entries(file)}
    old = {item.name: item.record[:42] for item in plan.source.entries}
    assert {name: old[name] for name in new if name in old and "RECORD" not in name}.items() <= (
        new.items()
    )


NAMES: dict[str, tuple[str, str, str]] = {
    "no wheel": ("x-1.0.tar.gz", "a", "not the file name of a wheel"),
    "too few parts": ("x-1.0-any.whl", "a", "not the file name of a wheel"),
    "bad label": ("x-1.0-py3-none-any-A.whl", "a", "Invalid variant label 'A'"),
    "too long": (PLAIN, "a" * 233, "a file name of 256 characters is too long; shorten the label"),
}


@pytest.mark.parametrize(("name", "label", "problem"), NAMES.values(), ids=NAMES)
def test_invalid_names_are_refused(tmp_path: Path, name: str, label: str, problem: str) -> None:
    """Of the source and of what it would become."""
    path = _plain(tmp_path).rename(tmp_path / name)
    with pytest.raises(FilenameError, match=problem):
        plan_wheel(read_source(path), _metadata(label))


def test_longest_name_is_written(tmp_path: Path) -> None:
    """255 characters."""
    plan = _made(_plain(tmp_path), "a" * 232, tmp_path)
    assert len(plan.name) == 255


def test_record_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """It could not be extended."""
    path = tmp_path / PLAIN
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (("METADATA", "a"), ("WHEEL", "a"), ("RECORD", "a,b\n")):
            archive.writestr(f"{INFO}/{name}", text)
    with pytest.raises(
        VariantError, match="RECORD is not valid: row 1 does not have three columns"
    ):
        plan_wheel(read_source(path), _metadata("a"))
