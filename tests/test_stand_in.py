"""Stand-in wheels and their indexes: their contents, and that a stock pip installs from them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.stand_in import (
    TORCH_280,
    IndexServer,
    Listed,
    RealIndex,
    Reply,
    WheelName,
    machine_tag,
    write_simple_index,
    write_torch_index,
    write_wheel,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

REAL_INDEX = Path(__file__).parents[2] / "shared" / "data" / "real-index"
HELLO = "hello-1.0-py3-none-any.whl"


def sha256(data: bytes) -> str:
    """Return the hash as pages write it."""
    return hashlib.sha256(data).hexdigest()


def pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the stock pip of the test environment without the configuration of this machine."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "NO_PROXY": "127.0.0.1"}
    return subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )


def install(server: IndexServer, target: Path, what: str) -> subprocess.CompletedProcess[str]:
    """Install from the served index into a folder with a stock pip."""
    return pip("install", "--target", str(target), "--index-url", f"{server.url}simple/", what)


def imported(target: Path, module: str) -> str:
    """Return the output of importing the module."""
    code = f"import sys; sys.path.insert(0, {str(target)!r}); import {module}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True
    )
    return done.stdout


# ------------------------------------------------------------------------------------------ wheels


@pytest.mark.parametrize(
    ("filename", "parts"),
    [
        ("a-1-py3-none-any.whl", ("a", "1", None, "py3", "none", "any", None)),
        ("a-1-2b-py3-none-any.whl", ("a", "1", "2b", "py3", "none", "any", None)),
        ("a-1-py3-none-any-cu129.whl", ("a", "1", None, "py3", "none", "any", "cu129")),
        ("a-1-py3-none-any-00000000.whl", ("a", "1", None, "py3", "none", "any", "00000000")),
        ("a-1-2-py3-none-any-null.whl", ("a", "1", "2", "py3", "none", "any", "null")),
        (
            "torch-2.10.0+x.1-cp314-cp314t-manylinux1_x86_64.manylinux_2_5_x86_64-rocm7.1.whl",
            (
                "torch",
                "2.10.0+x.1",
                None,
                "cp314",
                "cp314t",
                "manylinux1_x86_64.manylinux_2_5_x86_64",
                "rocm7.1",
            ),
        ),
    ],
)
def test_wheel_filename_is_split_into_its_parts(
    filename: str, parts: tuple[str | None, ...]
) -> None:
    """A build tag starts with a digit, a Python tag does not, the label is last."""
    name = WheelName.parse(filename)
    assert parts == (
        name.name,
        name.version,
        name.build,
        name.python,
        name.abi,
        name.platform,
        name.label,
    )


@pytest.mark.parametrize(
    "filename",
    ["a-1.tar.gz", "a-1-py3-none.whl", "a-1-py3-none-any-x-y.whl", "../a-1-py3-none-any.whl", ""],
)
def test_invalid_wheel_filename_is_an_error(tmp_path: Path, filename: str) -> None:
    """No file is written under another name than a wheel's."""
    with pytest.raises(ValueError, match="not a wheel's file name"):
        write_wheel(tmp_path, filename)
    assert list(tmp_path.iterdir()) == []


def test_wheel_has_exactly_the_expected_files(tmp_path: Path) -> None:
    """Metadata, tags, the module, the variant.json of the label and a correct RECORD."""
    wheel = write_wheel(
        tmp_path,
        "My_Torch-2.8.0-3-cp311.cp312-abi3-linux_x86_64-cu126.whl",
        requires=["numpy>=1", "x; python_version < '3.9'"],
        requires_python=">=3.9",
        variant_json={"providers": {"n": {}}, "variants": {"cu126": {"n": {}}, "other": {}}},
        files={"extra.bin": b"\0"},
    )
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        contents = {name: archive.read(name).decode() for name in names}
    info = "My_Torch-2.8.0.dist-info"
    record = contents.pop(f"{info}/RECORD")
    assert contents == {
        "my_torch/__init__.py": (
            '"""A stand-in for My-Torch: importing it says which build was installed."""\n\n'
            "__version__ = '2.8.0'\nbuild_label = 'cu126'\n"
            "print('My-Torch 2.8.0, build cu126')\n"
        ),
        "extra.bin": "\0",
        f"{info}/METADATA": (
            "Metadata-Version: 2.1\nName: My-Torch\nVersion: 2.8.0\nRequires-Python: >=3.9\n"
            "Requires-Dist: numpy>=1\nRequires-Dist: x; python_version < '3.9'\n"
        ),
        f"{info}/WHEEL": (
            "Wheel-Version: 1.0\nGenerator: stand_in\nRoot-Is-Purelib: false\n"
            "Tag: cp311-abi3-linux_x86_64\nTag: cp312-abi3-linux_x86_64\nBuild: 3\n"
        ),
        f"{info}/variant.json": json.dumps(
            {"providers": {"n": {}}, "variants": {"cu126": {"n": {}}}}, indent=2
        )
        + "\n",
    }
    rows = dict(row.split(",", 1) for row in record.splitlines())
    assert list(rows) == names
    assert rows["extra.bin"] == "sha256=bjQLnP-zepicpUTmu3gKLHiQHT-zNzh2hRGjBhevoB0,1"
    assert rows[f"{info}/RECORD"] == ","


def test_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    """The bytes of a stand-in do not depend on time, folder or order of arguments."""
    one = write_wheel(tmp_path / "one", HELLO, files={"b": b"2", "a": b"1"})
    two = write_wheel(tmp_path / "two", HELLO, files={"a": b"1", "b": b"2"})
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    ("filename", "given", "packed"),
    [
        ("a-1-py3-none-any.whl", {"variants": {"x": {}}}, None),
        ("a-1-py3-none-any-x.whl", None, None),
        ("a-1-py3-none-any-x.whl", b"no JSON", b"no JSON"),
        (
            "a-1-py3-none-any-x.whl",
            {"variants": {"x": {}, "y": {}}},
            b'{\n  "variants": {\n    "x": {}\n  }\n}\n',
        ),
    ],
)
def test_wheel_has_the_variant_json_of_its_label(
    tmp_path: Path, filename: str, given: Mapping[str, object] | bytes | None, packed: bytes | None
) -> None:
    """A plain wheel has no variant.json, a variant wheel its label's; bytes are not changed."""
    with zipfile.ZipFile(write_wheel(tmp_path, filename, variant_json=given)) as archive:
        name = "a-1.dist-info/variant.json"
        assert (archive.read(name) if name in archive.namelist() else None) == packed


class Row(NamedTuple):
    """A machine, and the labels of torch 2.8.0 that the published provider allows on it."""

    cuda: str
    sm: str
    labels: set[str]


@pytest.mark.parametrize(
    "row",
    [
        Row("12.9", "7.5", {"cu129", "cu128", "cu126", "00000000"}),
        Row("12.8", "9.0", {"cu128", "cu126", "00000000"}),
        Row("12.6", "9.0", {"cu126", "00000000"}),
        Row("12.5", "9.0", {"00000000"}),
        Row("13.0", "9.0", {"cu129", "cu128", "cu126", "00000000"}),
        Row("12.9", "12.0", {"cu129", "cu128", "00000000"}),
        Row("12.9", "7.0", {"cu126", "00000000"}),
        Row("12.9", "4.0", {"00000000"}),
    ],
)
def test_torch_metadata_fits_the_labels_of_real_machines(row: Row) -> None:
    """By the rules of the published provider, the labels fit that fit on real machines."""
    cuda = tuple(map(int, row.cuda.split(".")))
    major, minor = map(int, row.sm.split("."))
    archs = {f"{major}{m}_real" for m in range(minor + 1)} | {f"{major}0_virtual"}
    variants = TORCH_280["variants"]
    assert isinstance(variants, dict)
    assert row.labels == {
        label
        for label, namespaces in variants.items()
        for nvidia in [namespaces.get("nvidia")]
        if nvidia is None
        or (
            tuple(map(int, nvidia["cuda_version_lower_bound"][0].split("."))) <= cuda
            and major >= 5
            and archs & set(nvidia["sm_arch"])
        )
    }


# ------------------------------------------------------------------------------------------- pages


def test_page_has_the_attributes_of_its_links(tmp_path: Path) -> None:
    """Hashes, Requires-Python, core metadata, files in other folders, and sizes in JSON."""
    inside = write_wheel(tmp_path / "simple" / "hello", HELLO)
    beside = write_wheel(tmp_path / "files", "hello-2.0+x-py3-none-any.whl")
    listed = [Listed(inside, requires_python=">=3.8", core_metadata=True), Listed(beside, False)]
    write_simple_index(tmp_path, {"hello": listed}, json_pages=True)
    metadata = b"Metadata-Version: 2.1\nName: hello\nVersion: 1.0\n"
    assert inside.with_name(f"{HELLO}.metadata").read_bytes() == metadata
    digest = sha256(inside.read_bytes())
    other = "../../files/hello-2.0%2Bx-py3-none-any.whl"
    assert (tmp_path / "simple" / "hello" / "index.html").read_text() == (
        "<!DOCTYPE html>\n<html><head><title>Links for hello</title></head><body>\n"
        f'<a href="{HELLO}#sha256={digest}" data-requires-python="&gt;=3.8"'
        f' data-core-metadata="sha256={sha256(metadata)}">{HELLO}</a><br>\n'
        f'<a href="{other}">hello-2.0+x-py3-none-any.whl</a><br>\n'
        "</body></html>\n"
    )
    assert json.loads((tmp_path / "simple" / "hello" / "index.json").read_bytes()) == {
        "meta": {"api-version": "1.0"},
        "name": "hello",
        "files": [
            {
                "filename": HELLO,
                "url": HELLO,
                "hashes": {"sha256": digest},
                "requires-python": ">=3.8",
                "core-metadata": {"sha256": sha256(metadata)},
                "size": inside.stat().st_size,
            },
            {
                "filename": "hello-2.0+x-py3-none-any.whl",
                "url": other,
                "hashes": {},
                "size": beside.stat().st_size,
            },
        ],
    }
    assert (tmp_path / "simple" / "index.html").read_text() == (
        "<!DOCTYPE html>\n<html><head><title>Simple index</title></head><body>\n"
        '<a href="hello/">hello</a><br>\n</body></html>\n'
    )


class Served(NamedTuple):
    """How an index serves its one wheel."""

    hashed: bool = True
    requires_python: str | None = ">=3.8"
    core_metadata: bool = False
    json_pages: bool = False
    folder: str = "simple/hello"


@pytest.mark.parametrize(
    "served",
    [
        Served(),
        Served(hashed=False),
        Served(core_metadata=True),
        Served(json_pages=True),
        Served(json_pages=True, core_metadata=True, hashed=False),
        Served(folder="files"),
    ],
)
def test_stock_pip_installs_from_every_kind_of_page(tmp_path: Path, served: Served) -> None:
    """Hash, metadata file, format of the page and folder of the file do not change the result."""
    root = tmp_path / "index"
    wheel = write_wheel(root / served.folder, HELLO)
    too_new = write_wheel(root / served.folder, "hello-2.0-py3-none-any.whl")
    listed = Listed(wheel, served.hashed, served.requires_python, served.core_metadata)
    pages = {"hello": [listed, Listed(too_new, requires_python=">=99")]}
    write_simple_index(root, pages, json_pages=served.json_pages)
    with IndexServer(root) as server:
        done = install(server, tmp_path / "target", "hello")
        paths = server.requested()
    assert done.returncode == 0, done.stderr
    assert imported(tmp_path / "target", "hello") == "hello 1.0, plain build\n"
    metadata = [f"/{served.folder}/{HELLO}.metadata"] if served.core_metadata else []
    assert paths == ["/simple/hello/", *metadata, f"/{served.folder}/{HELLO}"]


def test_stock_pip_refuses_bytes_with_another_hash(tmp_path: Path) -> None:
    """The hashes on the pages are checked."""
    wheel = write_wheel(tmp_path / "simple" / "hello", HELLO)
    write_simple_index(tmp_path, {"hello": [wheel]})
    other = write_wheel(tmp_path / "other", HELLO, requires=["x"]).read_bytes()
    with IndexServer(tmp_path) as server:
        server.replies[f"/simple/hello/{HELLO}"] = Reply(body=other)
        done = install(server, tmp_path / "target", "hello")
    assert done.returncode == 1
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr


def test_stock_pip_installs_the_plain_torch_wheel(tmp_path: Path) -> None:
    """The torch index is valid for a pip that does not support variants."""
    root = tmp_path / "index"
    tag = machine_tag(Path(sys.executable))
    write_torch_index(root, tag, labels=("00000000", "cu126", "cu128", "cu129", None))
    with IndexServer(root) as server:
        done = install(server, tmp_path / "target", "torch")
        paths = server.requested()
    assert done.returncode == 0, done.stderr
    assert paths == ["/simple/torch/", f"/simple/torch/torch-2.8.0-{tag}.whl"]
    assert imported(tmp_path / "target", "torch") == "torch 2.8.0, plain build\n"


def test_torch_index_has_all_variants_and_their_json(tmp_path: Path) -> None:
    """Four variants under their real file names, and the variants JSON with its hash."""
    write_torch_index(tmp_path, "cp311-cp311-manylinux_2_28_x86_64")
    folder = tmp_path / "simple" / "torch"
    assert sorted(file.name for file in folder.iterdir()) == [
        "index.html",
        "torch-2.8.0-cp311-cp311-manylinux_2_28_x86_64-00000000.whl",
        "torch-2.8.0-cp311-cp311-manylinux_2_28_x86_64-cu126.whl",
        "torch-2.8.0-cp311-cp311-manylinux_2_28_x86_64-cu128.whl",
        "torch-2.8.0-cp311-cp311-manylinux_2_28_x86_64-cu129.whl",
        "torch-2.8.0-variants.json",
    ]
    data = (folder / "torch-2.8.0-variants.json").read_bytes()
    assert json.loads(data) == TORCH_280
    link = f'href="torch-2.8.0-variants.json#sha256={sha256(data)}"'
    assert link in (folder / "index.html").read_text()


# -------------------------------------------------------------------------------------- real index


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Write a recorded index: links with and without hash, and a label that the JSON has not."""
    data = tmp_path / "data" / "hello"
    data.mkdir(parents=True)
    (data / "hello-1.0-variants.json").write_bytes(b'{"variants": {"x": {}, "y": {}}}')
    listed = [
        ("hello-1.0-variants.json", "0"),
        ("hello-1.0-py3-none-any-x.whl", "0"),
        ("hello-1.0-py3-none-any-z.whl", None),
        (HELLO, "0"),
    ]
    rows = [{"filename": name, "sha256": digest} for name, digest in listed]
    (data / "files.json").write_text(json.dumps(rows))
    return data.parent


def test_recorded_index_is_served_with_stand_in_wheels(tmp_path: Path, recorded: Path) -> None:
    """Links with a recorded hash have the hash of the stand-in; the JSON is as recorded."""
    index = RealIndex(recorded, tmp_path / "made")
    page = (index.read("/simple/hello/index.html") or b"").decode()
    names = ["hello-1.0-py3-none-any-x.whl", "hello-1.0-variants.json", HELLO]
    bodies = {name: index.read(f"/simple/hello/{name}") or b"" for name in names}
    assert bodies["hello-1.0-variants.json"] == b'{"variants": {"x": {}, "y": {}}}'
    for name, body in bodies.items():
        assert f'href="{name}#sha256={sha256(body)}"' in page
    assert 'href="hello-1.0-py3-none-any-z.whl"' in page
    assert b'<a href="hello/">hello</a>' in (index.read("/simple/index.html") or b"")
    with IndexServer(index.read) as server:
        done = install(server, tmp_path / "target", "hello")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "path",
    [
        "/simple/other/index.html",
        "/simple/../index.html",
        "/simple/hello/files.json",
        "/simple/hello/x.whl",
        "/simple/hello/more/x.whl",
        "/x",
    ],
)
def test_recorded_index_serves_only_listed_files(tmp_path: Path, recorded: Path, path: str) -> None:
    """A path that is on no page is not found."""
    assert RealIndex(recorded, tmp_path / "made").read(path) is None


def test_recorded_label_without_metadata_has_no_variant_json(
    tmp_path: Path, recorded: Path
) -> None:
    """A label that is not in the recorded JSON has no variant.json in its stand-in."""
    index = RealIndex(recorded, tmp_path / "made")
    packed = {}
    for label in ("x", "z"):
        name = f"hello-1.0-py3-none-any-{label}.whl"
        assert index.read(f"/simple/hello/{name}") is not None
        with zipfile.ZipFile(tmp_path / "made" / "hello" / name) as archive:
            info = [n for n in archive.namelist() if n.endswith("variant.json")]
            packed[label] = [json.loads(archive.read(n)) for n in info]
    assert packed == {"x": [{"variants": {"x": {}}}], "z": []}


@pytest.mark.skipif(not REAL_INDEX.is_dir(), reason="the recorded real index is not here")
@pytest.mark.parametrize("revision", ["v0.0.2", "v0.0.3"])
def test_every_recorded_page_has_its_links_and_hashes(tmp_path: Path, revision: str) -> None:
    """Each page has as many links, and as many with a hash, as were recorded."""
    data = REAL_INDEX / revision
    index = RealIndex(data, tmp_path)
    counted = {}
    expected = {}
    for project in sorted(folder.name for folder in data.iterdir()):
        page = index.read(f"/simple/{project}/index.html") or b""
        counted[project] = (page.count(b"<a "), page.count(b"#sha256="))
        rows = json.loads((data / project / "files.json").read_bytes())
        expected[project] = (len(rows), sum(row["sha256"] is not None for row in rows))
    assert counted == expected
