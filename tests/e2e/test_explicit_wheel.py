"""Variant wheels that a path, an address or a constraint names."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.indexes import (
    ALL_LABELS,
    CU129_PROPERTIES,
    FEW_PIECES,
    cuda,
    large_torch_wheels,
    torch_files,
    wheel_bytes_sent,
    with_variants,
    write_variants_json,
)
from tests.e2e.pips import (
    INDEX_LINE,
    OLD_DRIVER,
    OLD_DRIVER_REASON,
    OTHER_MACHINE,
    QUERYING,
    Machine,
    Pip,
    banner,
    downloads,
    needs_driver,
    would_download,
)
from tests.support.stand_in import IndexServer, write_simple_index, write_wheel

CU129_REASON = f"{needs_driver('cu129', '12.9', '12.5')}{OTHER_MACHINE}"


def test_local_wheel_is_installed_with_its_banner(own_pip: Pip, tag: str) -> None:
    """A local wheel is judged by its own metadata and shown like a selected one."""
    name = torch_files(own_pip.folder, tag, ["cu129"])[0].name
    output = own_pip.run("install", "--no-index", f"./{name}")
    assert output.stdout == (
        QUERYING
        + banner("cu129", *CU129_PROPERTIES)
        + "Processing ./torch-2.8.0-TAG-cu129.whl\n"
        + "Installing collected packages: torch\n"
        + "Successfully installed torch-2.8.0-cu129\n"
    )
    assert output.stderr == ""
    assert own_pip.run_python("-c", "import torch").stdout == "torch 2.8.0, build cu129\n"


def test_local_null_variant_needs_no_query(pip: Pip, tag: str) -> None:
    """The null variant fits every machine, and no provider is queried."""
    name = torch_files(pip.folder, tag, ["00000000"])[0].name
    output = pip.run(
        "install", "--dry-run", "--no-index", f"./{name}", machine=Machine("bad", "bad")
    )
    assert output.stdout == (
        banner("00000000")
        + "Processing ./torch-2.8.0-TAG-00000000.whl\n"
        + "Would install torch-2.8.0-00000000\n"
    )
    assert output.stderr == ""


def test_unsupported_local_wheel_is_refused_with_reason(pip: Pip, tag: str) -> None:
    """A local wheel that does not fit this machine is refused with the reason."""
    name = torch_files(pip.folder, tag, ["cu129"])[0].name
    output = pip.run("install", "--no-index", f"./{name}", machine=OLD_DRIVER, status=1)
    assert output.stdout == QUERYING
    assert (
        output.stderr
        == f"ERROR: torch-2.8.0-TAG-cu129.whl does not fit this machine: {CU129_REASON}\n"
    )


def test_local_wheel_with_unsupported_tags_is_refused_without_query(pip: Pip) -> None:
    """A wheel for another platform is refused by its tags, and no provider is queried."""
    name = torch_files(pip.folder, "cp39-cp39-win32", ["cu129"])[0].name
    output = pip.run("install", "--no-index", f"./{name}", status=1)
    assert output.stdout == ""
    assert output.stderr == (
        "ERROR: torch-2.8.0-cp39-cp39-win32-cu129.whl is not a supported wheel on this platform.\n"
    )


def test_remote_wheel_is_judged_before_download(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A wheel given by its address is judged by parts of it, and a dry run downloads no more."""
    name = large_torch_wheels(tmp_path / "index", tag, ["cu129"])[0].name
    output = pip.run("install", "--dry-run", "--no-index", f"{server.url}{name}")
    assert output.stdout == (
        QUERYING
        + banner("cu129", *CU129_PROPERTIES)
        + "Collecting torch==2.8.0\n"
        + would_download("torch-2.8.0-TAG-cu129.whl")
        + "Would install torch-2.8.0-cu129\n"
    )
    assert output.stderr == ""


def test_remote_wheel_without_ranges_is_judged_after_download(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Without range requests a remote wheel is judged after its download, with the same banner."""
    server.ranges = False
    name = torch_files(tmp_path / "index", tag, ["cu129"])[0].name
    output = pip.run("install", "--dry-run", "--no-index", f"{server.url}{name}")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")
    assert output.stdout.count(banner("cu129", *CU129_PROPERTIES)) == 1


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
def test_unsupported_remote_wheel_is_refused_with_reason(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, *, ranges: bool
) -> None:
    """A remote wheel that does not fit is refused, if possible before it is downloaded."""
    server.ranges = ranges
    name = large_torch_wheels(tmp_path / "index", tag, ["cu129"])[0].name
    command = ("install", "--no-index", f"{server.url}{name}")
    output = pip.run(*command, machine=OLD_DRIVER, status=1)
    assert (
        output.stderr
        == f"ERROR: torch-2.8.0-TAG-cu129.whl does not fit this machine: {CU129_REASON}\n"
    )
    assert (downloads(output) == []) is ranges


def own_metadata(label: str = "cu129", **others: object) -> bytes:
    """Return a variant.json with this label, and with others."""
    known = {"cu129": cuda("12.9"), "null": {}}
    labels = {label: known.get(label, cuda("12.6")), **others}
    return json.dumps(with_variants(labels)).encode()


UNUSABLE = "ERROR: torch-2.8.0-TAG-cu129.whl has no usable variant metadata: "
ONE_LABEL = "variant.json: variants: expected only the label cu129 of the file name, found "
BROKEN: Mapping[str, tuple[bytes | None, str]] = {
    "missing": (None, "there is no variant.json in it"),
    "another label": (own_metadata("cu128"), f"{ONE_LABEL}cu128"),
    "two labels": (own_metadata("cu129", cu128=cuda("12.8")), f"{ONE_LABEL}cu129, cu128"),
    "no label": (json.dumps(with_variants({})).encode(), f"{ONE_LABEL}none"),
    "no JSON": (b"", "variant.json: not JSON: Expecting value: line 1 column 1 (char 0)"),
    "a list": (b"[]", "variant.json: expected an object, found a list"),
    "100,000 deep": (b"[" * 100_000, "variant.json: not JSON: nested too deeply"),
    "bad label": (
        own_metadata("../evil"),
        "variant.json: variants['../evil']: not a label of a-z, 0-9, _ and .",
    ),
    "17 MiB": (b" " * (17 << 20), "its variant.json is larger than 16 MiB"),
}


@pytest.mark.parametrize(("document", "problem"), BROKEN.values(), ids=BROKEN)
def test_local_wheel_with_broken_metadata_is_refused(
    pip: Pip, tag: str, document: bytes | None, problem: str
) -> None:
    """A wheel whose variant.json is broken is refused with one error."""
    name = f"torch-2.8.0-{tag}-cu129.whl"
    write_wheel(pip.folder, name, variant_json=document)
    output = pip.run("install", "--no-index", f"./{name}", status=1)
    assert (output.stdout, output.stderr) == ("", f"{UNUSABLE}{problem}\n")


def damage(path: Path, kind: str) -> None:
    """Damage variant.json in a wheel: `packed` data that cannot be unpacked, or `encrypted`."""
    with zipfile.ZipFile(path) as archive:
        contents = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
        entry = archive.getinfo("torch-2.8.0.dist-info/variant.json")
        offset, size = entry.header_offset, entry.compress_size
    whole = bytearray(path.read_bytes())
    if kind == "packed":
        start = offset + 30 + len(entry.filename)
        whole[start : start + size] = b"\xff" * size
    else:
        directory = whole.index(b"PK\x01\x02")
        entry_offset = whole.index(entry.filename.encode(), directory) - 46
        for flags in (offset + 6, entry_offset + 8):
            whole[flags] |= 1
    path.write_bytes(whole)


@pytest.mark.parametrize("kind", ["packed", "encrypted"])
def test_damaged_local_wheel_is_one_error(pip: Pip, tag: str, kind: str) -> None:
    """A wheel whose metadata cannot be unpacked is refused with one error."""
    path = torch_files(pip.folder, tag, ["cu129"])[0]
    damage(path, kind)
    output = pip.run("install", "--no-index", f"./{path.name}", status=1)
    assert output.stdout == ""
    assert output.stderr.startswith(UNUSABLE)


def test_local_file_that_is_no_zip_is_one_error(pip: Pip, tag: str) -> None:
    """A file that is no zip is refused with one error."""
    name = f"torch-2.8.0-{tag}-cu129.whl"
    (pip.folder / name).write_bytes(b"no zip")
    output = pip.run("install", "--no-index", f"./{name}", status=1)
    assert (output.stdout, output.stderr) == ("", f"{UNUSABLE}'File is not a zip file'\n")


EXPLICIT = ("path", "address", "name and address", "constraint", "constraint with a path")


def name_cu126(form: str, server: IndexServer, pip: Pip) -> tuple[str, ...]:
    """Write an index with torch 2.8.0 and return arguments that name its wheel cu126."""
    files = Path(pip.folder.parent, "index/files")
    json_properties = [
        *large_torch_wheels(files, pip.tag, (None, *ALL_LABELS)),
        write_variants_json(files),
    ]
    write_simple_index(files.parent, {"torch": json_properties})
    path = files / f"torch-2.8.0-{pip.tag}-cu126.whl"
    address = path.as_uri() if form.endswith("path") else f"{server.url}files/{path.name}"
    if form.startswith("constraint"):
        (pip.folder / "constraints.txt").write_text(f"torch @ {address}\n")
        return ("-c", "constraints.txt", "torch")
    return (f"torch @ {address}",) if form.startswith("name") else (address,)


@pytest.mark.parametrize("form", EXPLICIT)
def test_explicit_wheel_is_selected_before_a_better_one(
    pip: Pip, server: IndexServer, form: str
) -> None:
    """The wheel that the user names is selected, though a better one fits."""
    arguments = name_cu126(form, server, pip)
    output = pip.dry_run(f"{server.url}simple/", *arguments)
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu126", "")
    assert output.stdout.count("variant_hash=") == output.stdout.count("variant_hash=cu126 ") == 1


@pytest.mark.parametrize("form", EXPLICIT[:3])
def test_unsupported_explicit_wheel_is_refused_before_download(
    pip: Pip, server: IndexServer, form: str
) -> None:
    """A wheel that the user names and that does not fit is refused before its download."""
    arguments = name_cu126(form, server, pip)
    output = pip.dry_run(f"{server.url}simple/", *arguments, machine=OLD_DRIVER, status=1)
    assert output.stdout == f"{INDEX_LINE}{QUERYING}"
    assert (
        output.stderr == "ERROR: torch-2.8.0-TAG-cu126.whl does not fit this machine:"
        f" {OLD_DRIVER_REASON}{OTHER_MACHINE}\n"
    )
    assert sum(wheel_bytes_sent(server).values()) <= FEW_PIECES


@pytest.mark.parametrize("form", EXPLICIT[3:])
def test_constraint_to_an_unsupported_wheel_is_a_conflict(
    pip: Pip, server: IndexServer, form: str
) -> None:
    """A constraint to a wheel that does not fit is pip's conflict, and nothing is downloaded."""
    arguments = name_cu126(form, server, pip)
    output = pip.dry_run(f"{server.url}simple/", *arguments, machine=OLD_DRIVER, status=1)
    assert (
        "    The user requested torch\n    The user requested (constraint) torch\n" in output.stdout
    )
    assert (
        "ERROR: Cannot install torch because these package versions have conflicting"
        in output.stderr
    )
    assert sum(wheel_bytes_sent(server).values()) <= FEW_PIECES


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="pip drops the UnsupportedWheel of a constraint on a project that the user names",
)
@pytest.mark.parametrize("form", EXPLICIT[3:])
def test_conflict_with_a_constraint_has_the_reason(
    pip: Pip, server: IndexServer, form: str
) -> None:
    """The conflict about a constraint contains the reason why the wheel does not fit."""
    arguments = name_cu126(form, server, pip)
    output = pip.dry_run(f"{server.url}simple/", *arguments, machine=OLD_DRIVER, status=1)
    assert OLD_DRIVER_REASON in output.stdout + output.stderr
