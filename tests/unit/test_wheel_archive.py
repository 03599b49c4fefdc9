"""Files in the ``*.dist-info`` of a wheel on a disk, and every way in which they are broken."""

from __future__ import annotations

import io
import json
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pip_variants.core.errors import FetchError, MetadataError, VariantError
from pip_variants.formats.wheel_archive import local_members, local_variant, read_members
from tests.unit.cases import variant

NAME = "x-1.0-py3-none-any-a.whl"
INFO = "x-1.0.dist-info/variant.json"
TEXT = json.dumps({"variants": {"a": {"gpu": {"arch": ["1"]}}}})


def _wheel(
    folder: Path,
    *members: tuple[str, str],
    name: str = NAME,
    compression: int = zipfile.ZIP_DEFLATED,
) -> Path:
    """Write a wheel with these members and return its path."""
    path = folder / name
    with zipfile.ZipFile(path, "w", compression) as archive:
        for member, text in members:
            archive.writestr(member, text)
    return path


def test_variant_of_a_wheel_is_read_from_its_dist_info(tmp_path: Path) -> None:
    """The metadata and the variant of a wheel come from its own ``variant.json``."""
    path = _wheel(tmp_path, ("x/__init__.py", ""), (INFO, TEXT))
    found = local_variant(path)
    assert found.variant == variant("a", "gpu :: arch :: 1")
    assert found.metadata.revision == "0.1"


def test_members_are_found_by_name_in_dist_info(tmp_path: Path) -> None:
    """Only files directly in the ``*.dist-info`` count; a missing one is left out."""
    path = _wheel(
        tmp_path,
        ("variant.json", "at the top"),
        ("x/variant.json", "in a package"),
        ("x-1.0.dist-info/inner/METADATA", "too deep"),
        ("a/x-1.0.dist-info/METADATA", "not at the top"),
        ("x-1.0.dist-info/METADATA", "Name: x"),
    )
    assert local_members(path, ("variant.json", "METADATA")) == {"METADATA": b"Name: x"}
    assert read_members(io.BytesIO(path.read_bytes()), ("RECORD",)) == {}


INVALID = [
    pytest.param(
        (("x-1.0.dist-info/METADATA", ""),),
        f"{NAME}: there is no variant.json in it",
        id="no variant.json",
    ),
    pytest.param(
        ((INFO, "{"),),
        (
            f"{NAME}: variant.json: not JSON: Expecting property name enclosed in double quotes:"
            " line 1 column 2 (char 1)"
        ),
        id="no JSON",
    ),
    pytest.param(
        ((INFO, TEXT.replace('"a"', '"b"')),),
        (f"{NAME}: variant.json: variants: expected only the label a of the file name, found b"),
        id="another label",
    ),
    pytest.param(
        ((INFO, TEXT), ("y-1.0.dist-info/variant.json", TEXT)),
        f"{NAME}: there are two variant.json in it",
        id="two of them",
    ),
    pytest.param(
        ((INFO, " " * (16 * 1024 * 1024 + 1)),),
        f"{NAME}: its variant.json is larger than 16 MiB",
        id="larger than 16 MiB",
    ),
]


@pytest.mark.parametrize(("members", "text"), INVALID)
def test_invalid_metadata_in_a_wheel_names_the_wheel(
    tmp_path: Path, members: tuple[tuple[str, str], ...], text: str
) -> None:
    """The error is one sentence that begins with the file name."""
    with pytest.raises(MetadataError) as caught:
        local_variant(_wheel(tmp_path, *members))
    assert str(caught.value) == text


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_compression_method_is_an_error(tmp_path: Path, compression: int) -> None:
    """Wheels are stored or deflated, so that every installer can read them."""
    with pytest.raises(MetadataError) as caught:
        local_variant(_wheel(tmp_path, (INFO, TEXT), compression=compression))
    assert str(caught.value) == f"{NAME}: its variant.json is neither stored nor deflated"


def _without_end(data: bytes) -> bytes:
    return data[:-30]


def _corrupt(data: bytes) -> bytes:
    start = data.index(b"variant.json") + len("variant.json")
    return data[:start] + b"\xff" * 8 + data[start + 8 :]


def _encrypted(data: bytes) -> bytes:
    # The flags of the entry, in its local header and in the central directory.
    found = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", found, found.index(signature) + offset, 1)
    return bytes(found)


DAMAGES = [
    pytest.param(lambda _: b"", id="empty"),
    pytest.param(lambda _: b"<!DOCTYPE html>", id="a web page"),
    pytest.param(_without_end, id="truncated"),
    pytest.param(_corrupt, id="corrupt"),
    pytest.param(_encrypted, id="encrypted"),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_archive_is_a_metadata_error(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    """Every error of the archive becomes one that begins with the file name."""
    path = _wheel(tmp_path, (INFO, TEXT))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(MetadataError) as caught:
        local_variant(path)
    assert str(caught.value).startswith(f"{NAME}: ")
    assert str(caught.value).isprintable()


def test_missing_wheel_is_a_fetch_error(tmp_path: Path) -> None:
    """A file that cannot be opened is an error with the reason of the system."""
    with pytest.raises(FetchError) as caught:
        local_variant(tmp_path / NAME)
    assert str(caught.value).startswith(f"{NAME}: cannot be read: ")


def test_folder_named_like_a_wheel_is_a_variant_error(tmp_path: Path) -> None:
    """A folder is no wheel, whatever its name."""
    (tmp_path / NAME).mkdir()
    with pytest.raises(VariantError, match=rf"^{re.escape(NAME)}: "):
        local_variant(tmp_path / NAME)


def test_plain_wheel_has_no_expected_label(tmp_path: Path) -> None:
    """A wheel without a label in its name may describe any one label."""
    path = _wheel(tmp_path, (INFO, TEXT), name="x-1.0-py3-none-any.whl")
    assert local_variant(path).variant.label == "a"


def test_no_more_is_inflated_than_the_directory_says(tmp_path: Path) -> None:
    """A member of 100 MB that claims to have 10 bytes costs no memory."""
    path = _wheel(tmp_path, (INFO, " " * 100_000_000))
    data = path.read_bytes()
    claimed = struct.pack("<L", 100_000_000), struct.pack("<L", 10)
    path.write_bytes(data.replace(*claimed))
    tracemalloc.start()
    try:
        with pytest.raises(MetadataError, match="Bad CRC-32"):
            local_variant(path)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
