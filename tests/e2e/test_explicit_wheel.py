"""Variant wheels that the user gives, and wheels without an index: folders, pages, two sources."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from stand_in import TORCH_280, IndexServer, Listed, write_simple_index, write_wheel

from tests.e2e.indexes import ALL, CUDA, cuda, torch_files, with_variants
from tests.e2e.pips import NEW, OLD, QUERYING, Machine, Pip, banner, downloaded

PROPERTIES = (
    "nvidia :: cuda_version_lower_bound :: 12.9",
    "nvidia :: sm_arch :: 100_real",
    "nvidia :: sm_arch :: 120_real",
    "nvidia :: sm_arch :: 120_virtual",
    "nvidia :: sm_arch :: 75_real",
    "nvidia :: sm_arch :: 80_real",
    "nvidia :: sm_arch :: 86_real",
    "nvidia :: sm_arch :: 90_real",
)
OLD_WHY = "cu129 needs nvidia :: cuda_version_lower_bound :: 12.9, this machine has up to 12.5"


def test_file(own_pip: Pip, tag: str) -> None:
    """A wheel given as a file is judged by its own metadata and introduced as a chosen one."""
    name = torch_files(own_pip.folder, tag, ["cu129"])[0].name
    said = own_pip.run("install", "--no-index", f"./{name}")
    assert said.out == (
        QUERYING
        + banner("cu129", *PROPERTIES)
        + "Processing ./torch-2.8.0-TAG-cu129.whl\n"
        + "Installing collected packages: torch\n"
        + "Successfully installed torch-2.8.0-cu129\n"
    )
    assert said.err == ""
    assert own_pip.start("-c", "import torch").out == "torch 2.8.0, build cu129\n"


def test_file_of_the_null_variant(pip: Pip, tag: str) -> None:
    """The null variant fits everywhere, and nobody is asked for it."""
    name = torch_files(pip.folder, tag, ["00000000"])[0].name
    said = pip.run("install", "--dry-run", "--no-index", f"./{name}", machine=Machine("bad", "bad"))
    assert said.out == (
        banner("00000000")
        + "Processing ./torch-2.8.0-TAG-00000000.whl\n"
        + "Would install torch-2.8.0-00000000\n"
    )
    assert said.err == ""


def test_unsupported_file(pip: Pip, tag: str) -> None:
    """A wheel given as a file that does not fit is refused with the reason."""
    name = torch_files(pip.folder, tag, ["cu129"])[0].name
    said = pip.run("install", "--no-index", f"./{name}", machine=OLD, status=1)
    assert said.out == QUERYING
    assert said.err == f"ERROR: torch-2.8.0-TAG-cu129.whl does not fit this machine: {OLD_WHY}\n"


def test_file_for_another_platform(pip: Pip) -> None:
    """Tags come first: a wheel for another platform is refused by them, and nobody is asked."""
    name = torch_files(pip.folder, "cp39-cp39-win32", ["cu129"])[0].name
    said = pip.run("install", "--no-index", f"./{name}", status=1)
    assert said.out == ""
    assert said.err == (
        "ERROR: torch-2.8.0-cp39-cp39-win32-cu129.whl is not a supported wheel on this platform.\n"
    )


def test_address(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """A wheel given by its address is judged alike, by range requests before it is fetched."""
    name = torch_files(tmp_path / "index", tag, ["cu129"])[0].name
    said = pip.run("install", "--dry-run", "--no-index", f"{server.url}{name}")
    assert said.out == (
        QUERYING
        + banner("cu129", *PROPERTIES)
        + "Collecting torch==2.8.0\n"
        + "  Downloading INDEX/torch-2.8.0-TAG-cu129.whl (SIZE)\n"
        + "Would install torch-2.8.0-cu129\n"
    )
    assert said.err == ""


def test_address_without_ranges(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """Without range requests it is judged when it has arrived, with the same banner."""
    server.ranges = False
    name = torch_files(tmp_path / "index", tag, ["cu129"])[0].name
    said = pip.run("install", "--dry-run", "--no-index", f"{server.url}{name}")
    assert (said.last, said.err) == ("Would install torch-2.8.0-cu129", "")
    assert said.out.count(banner("cu129", *PROPERTIES)) == 1


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
def test_unsupported_address(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, *, ranges: bool
) -> None:
    """By its address, a wheel that does not fit is refused too, where possible before it is had."""
    server.ranges = ranges
    name = torch_files(tmp_path / "index", tag, ["cu129"])[0].name
    command = ("install", "--no-index", f"{server.url}{name}")
    said = pip.run(*command, machine=OLD, status=1)
    assert said.err == f"ERROR: torch-2.8.0-TAG-cu129.whl does not fit this machine: {OLD_WHY}\n"
    assert (downloaded(said) == []) is ranges


def own(label: str = "cu129", **others: object) -> bytes:
    """Return a variant.json with this label, and with others."""
    known = {"cu129": cuda("12.9"), "null": {}}
    labels = {label: known.get(label, cuda("12.6")), **others}
    return json.dumps(with_variants(labels)).encode()


JUDGED = "ERROR: torch-2.8.0-TAG-cu129.whl cannot be judged: torch-2.8.0-TAG-cu129.whl: "
ONE_LABEL = "variant.json must have just the label of the name, not "
BROKEN: Mapping[str, tuple[bytes | None, str]] = {
    "missing": (None, "'no variant.json in it'"),
    "another label": (own("cu128"), f"{ONE_LABEL}cu128"),
    "two labels": (own("cu129", cu128=cuda("12.8")), f"{ONE_LABEL}cu129, cu128"),
    "no label": (json.dumps(with_variants({})).encode(), f"{ONE_LABEL}none"),
    "no JSON": (b"", "variant.json: not JSON: Expecting value: line 1 column 1 (char 0)"),
    "a list": (b"[]", "variant.json: expected an object, found a list"),
    "100,000 deep": (b"[" * 100_000, "variant.json: not JSON: nested too deeply"),
    "bad label": (
        own("../evil"),
        "variant.json: variants['../evil']: not a label of a-z, 0-9, _ and .",
    ),
    "17 MiB": (b" " * (17 << 20), "'its variant.json is too large'"),
}


@pytest.mark.parametrize(("document", "problem"), BROKEN.values(), ids=BROKEN)
def test_own_metadata_is_broken(pip: Pip, tag: str, document: bytes | None, problem: str) -> None:
    """A wheel that does not describe itself properly is refused in one sentence."""
    name = f"torch-2.8.0-{tag}-cu129.whl"
    write_wheel(pip.folder, name, variant_json=document)
    said = pip.run("install", "--no-index", f"./{name}", status=1)
    assert (said.out, said.err) == ("", f"{JUDGED}{problem}\n")


def damaged(path: Path, kind: str) -> None:
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
        place = whole.index(entry.filename.encode(), directory) - 46
        for flags in (offset + 6, place + 8):
            whole[flags] |= 1
    path.write_bytes(whole)


@pytest.mark.parametrize("kind", ["packed", "encrypted"])
def test_wheel_is_damaged(pip: Pip, tag: str, kind: str) -> None:
    """A wheel whose metadata cannot be unpacked is refused in one sentence."""
    path = torch_files(pip.folder, tag, ["cu129"])[0]
    damaged(path, kind)
    said = pip.run("install", "--no-index", f"./{path.name}", status=1)
    assert said.out == ""
    assert said.err.startswith(JUDGED)


def test_no_zip(pip: Pip, tag: str) -> None:
    """A file that is no zip is refused in one sentence."""
    name = f"torch-2.8.0-{tag}-cu129.whl"
    (pip.folder / name).write_bytes(b"no zip")
    said = pip.run("install", "--no-index", f"./{name}", status=1)
    assert (said.out, said.err) == ("", f"{JUDGED}'File is not a zip file'\n")


@pytest.mark.parametrize("combined", [True, False], ids=["with JSON", "without JSON"])
def test_folder(pip: Pip, tmp_path: Path, tag: str, *, combined: bool) -> None:
    """A folder of wheels is a source, with or without the combined JSON beside them."""
    folder = tmp_path / "wheels"
    document = torch_files(folder, tag, (None, *ALL), own=not combined)[-1]
    if not combined:
        document.unlink()
    find = ("install", "--dry-run", "--no-index", "--find-links", str(folder), "torch")
    said = pip.run(*find)
    assert said.out == (
        f"Looking in links: {folder}\n"
        + QUERYING
        + banner("cu129", *PROPERTIES)
        + f"Processing {folder}/torch-2.8.0-TAG-cu129.whl\n"
        + "Would install torch-2.8.0-cu129\n"
    )
    assert said.err == ""
    said = pip.run(*find, machine=OLD)
    assert (said.last, said.err) == ("Would install torch-2.8.0-00000000", "")


def test_folder_with_a_broken_document(pip: Pip, tmp_path: Path, tag: str) -> None:
    """A broken combined JSON in a folder costs the variants there, and one warning."""
    torch_files(tmp_path, tag, (None, *ALL))[-1].write_text("[]")
    said = pip.run("install", "--dry-run", "--no-index", "--find-links", tmp_path, "torch")
    assert said.last == "Would install torch-2.8.0"
    assert said.err == (
        "WARNING: Ignoring the variant wheels of torch 2.8.0: torch-2.8.0-variants.json: expected"
        " an object, found a list\n"
    )


@pytest.mark.parametrize("combined", [True, False], ids=["with JSON", "without JSON"])
@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
def test_served_page(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, *, combined: bool, ranges: bool
) -> None:
    """A page that --find-links names is a source like an index; small wheels need no ranges."""
    server.ranges = ranges
    files = torch_files(tmp_path / "index/files", tag, (None, *ALL))
    write_simple_index(tmp_path / "index", {"torch": files if combined else files[:-1]})
    page = f"{server.url}simple/torch/"
    said = pip.run("install", "--dry-run", "--no-index", "--find-links", page, "torch")
    assert (said.last, said.err) == ("Would install torch-2.8.0-cu129", "")


@pytest.mark.parametrize("first", ["strict", "easy"])
@pytest.mark.parametrize("combined", [True, False], ids=["with JSON", "without JSON"])
@pytest.mark.parametrize(
    ("machine", "taken"),
    [(NEW, {"strict", "easy"}), (Machine("12.6", "9.0"), {"easy"}), (OLD, set[str]())],
    ids=["both fit", "one fits", "none fits"],
)
def test_two_indexes(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    first: str,
    machine: Machine,
    taken: set[str],
    *,
    combined: bool,
) -> None:
    """The same name with the same label on two indexes: each is judged by its own metadata."""
    for index, version in (("strict", "12.9"), ("easy", "12.6")):
        root = tmp_path / "index" / index
        files = torch_files(
            root / "files", tag, ["gpu"], metadata=with_variants({"gpu": cuda(version)})
        )
        write_simple_index(root, {"torch": files if combined else files[:-1]})
    second = "easy" if first == "strict" else "strict"
    urls = [f"{server.url}{index}/simple/" for index in (first, second)]
    said = pip.dry_run(
        urls[0],
        "--extra-index-url",
        urls[1],
        "torch",
        machine=machine,
        status=0 if taken else 1,
    )
    sources = {address.split("/")[1] for address in downloaded(said)}
    assert len(sources) == min(1, len(taken))
    assert sources <= taken


def test_one_index_is_broken(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """Broken metadata on one index costs the variants there and nothing on the other."""
    for index in ("good", "bad"):
        root = tmp_path / "index" / index
        files = torch_files(root / "files", tag, ["gpu"], metadata=with_variants({"gpu": {}}))
        write_simple_index(root, {"torch": [files[0], Listed(files[1], hashed=False)]})
    (tmp_path / "index/bad/files/torch-2.8.0-variants.json").write_text("[]")
    urls = [f"{server.url}{index}/simple/" for index in ("bad", "good")]
    said = pip.dry_run(urls[0], "--extra-index-url", urls[1], "torch")
    assert downloaded(said) == ["INDEX/good/files/torch-2.8.0-TAG-gpu.whl"]
    assert said.err == (
        "WARNING: Ignoring the variant wheels of torch 2.8.0: torch-2.8.0-variants.json: expected"
        " an object, found a list\n"
    )


def test_labels_of_two_folders(pip: Pip, tmp_path: Path, tag: str) -> None:
    """Two folders: the JSON of one says nothing about the wheels of the other."""
    torch_files(tmp_path / "a", tag, ["cu128"], metadata=TORCH_280)
    torch_files(tmp_path / "b", tag, ["cu129"], own=False)[-1].unlink()
    links = ("--find-links", str(tmp_path / "a"), "--find-links", str(tmp_path / "b"))
    said = pip.run("install", "--dry-run", "--no-index", *links, "torch")
    assert said.last == "Would install torch-2.8.0-cu128"
    assert said.err == (
        "WARNING: Ignoring the variant wheels of torch 2.8.0: there is no *-variants.json beside"
        " them, and torch-2.8.0-TAG-cu129.whl: 'no variant.json in it'\n"
    )


def test_folder_and_index(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """A wheel that was built here and fits is found beside the index's variants."""
    root = tmp_path / "index"
    write_simple_index(root, {"torch": torch_files(root / "files", tag, CUDA)})
    local = torch_files(tmp_path / "local", tag, [None], version="2.9.0")[0]
    shutil.copy(local, tmp_path / local.name)
    said = pip.dry_run(f"{server.url}simple/", "--find-links", str(tmp_path), "torch")
    assert (said.last, said.err) == ("Would install torch-2.9.0", "")
    said = pip.dry_run(f"{server.url}simple/", "--find-links", str(tmp_path), "torch<2.9")
    assert (said.last, said.err) == ("Would install torch-2.8.0-cu129", "")
