"""Servers that know ranges, refuse them, or claim to know them: wheels are never fetched twice."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.indexes import (
    ALL_LABELS,
    FEW_PIECES,
    cuda,
    large_torch_wheels,
    wheel_bytes_sent,
    with_variants,
    write_variants_json,
)
from tests.e2e.pips import (
    LEGACY_RESOLVER,
    Pip,
    installed_label,
    request_lines,
    whole_files,
    would_download,
)
from tests.support.index_server import Chooser
from tests.support.stand_in import (
    TORCH_280,
    IndexServer,
    Listed,
    Reply,
    write_simple_index,
    write_wheel,
)
from tests.support.stand_in_wheel import Json
from tests.support.venvs import Venv

MEGABYTES = 3_000_000
INSTALLED = "Would install torch-2.8.0-cu129"
RANGES = (("Accept-Ranges", "bytes"),)


def write_torch(
    root: Path, tag: str, *, metadata: Json = TORCH_280, size: int = MEGABYTES
) -> dict[str, Path]:
    """Write a wheel of so many bytes, and more, for each label; return them by label."""
    variants = metadata["variants"]
    assert isinstance(variants, Mapping)
    return {
        label: write_wheel(
            root / "files",
            f"torch-2.8.0-{tag}-{label}.whl",
            variant_json=metadata,
            files={"torch/lib.bin": bytes(size)},
        )
        for label in variants
    }


def megabytes(*paths: Path) -> str:
    """Return the size of these files together, as pip shows it."""
    return f"{sum(path.stat().st_size for path in paths) / 1_000_000:.1f} MB"


def whole_wheels(root: Path, *, status: int = 200, ranged: bool = True) -> Chooser:
    """Return how a server responds to requests for wheels: with the whole file, at any rate."""

    def choose(_: str, path: str, headers: Mapping[str, str]) -> Reply | None:
        if not path.endswith(".whl") or (ranged and "range" not in headers):
            return None
        body = (root / path.lstrip("/")).read_bytes()
        part = (("Content-Range", f"bytes 0-{len(body) - 1}/{len(body)}"),)
        return Reply(status, body, RANGES if status == 200 else (*RANGES, *part))

    return choose


def refusing(status: int, *, method: str = "GET", body: bytes | None = None) -> Chooser:
    """Return how a server responds that refuses HEAD requests for wheels, or ranges of them."""

    def choose(found: str, path: str, headers: Mapping[str, str]) -> Reply | None:
        is_meant = found == method and (method == "HEAD" or "range" in headers)
        return Reply(status, body) if path.endswith(".whl") and is_meant else None

    return choose


@pytest.mark.parametrize("status", [400, 403, 404, 405, 500])
def test_server_that_refuses_head_requests_is_never_sent_one(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, status: int
) -> None:
    """Some proxies and object stores refuse HEAD, though they know ranges."""
    wheels = large_torch_wheels(tmp_path / "index/files", tag, ALL_LABELS)
    write_simple_index(tmp_path / "index", {"torch": wheels})
    server.chooser = refusing(status, method="HEAD")
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == (INSTALLED, "")
    assert {item.method for item in server.requests} == {"GET"}
    assert {item.status for item in server.requests[1:]} == {206}
    assert would_download("files/torch-2.8.0-TAG-cu129.whl") in output.stdout


@pytest.mark.parametrize("status", [403, 405, 416, 500])
def test_server_that_refuses_ranges_sends_each_wheel_once(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, status: int
) -> None:
    """The whole wheel is fetched then, as pip itself does, and kept for the installation."""
    wheels = write_torch(tmp_path / "index", tag)
    write_simple_index(tmp_path / "index", {"torch": wheels.values()})
    server.chooser = refusing(status)
    index = ("--index-url", f"{server.url}simple/", "--retries", "0")
    output = own_pip.run("install", *index, "torch")
    assert output.stderr == ""
    assert installed_label(own_pip) == "cu129"
    assert wheel_bytes_sent(server) == {name: path.stat().st_size for name, path in wheels.items()}


# How a server responds: with 200 or 206, only to ranges or always; its response to HEAD requests.
CLAIMS = {
    "200 with the whole file": (200, True),
    "206 with the whole file": (206, True),
    "206 with the whole file, always": (206, False),
}


@pytest.mark.parametrize(("status", "ranged"), CLAIMS.values(), ids=CLAIMS)
def test_server_that_claims_ranges_sends_each_wheel_once(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, status: int, *, ranged: bool
) -> None:
    """The body that has arrived is used, for the choice and for the installation."""
    wheels = write_torch(tmp_path / "index", tag)
    write_simple_index(tmp_path / "index", {"torch": wheels.values()})
    server.ranges = False
    server.chooser = whole_wheels(tmp_path / "index", status=status, ranged=ranged)
    output = own_pip.run("install", "--index-url", f"{server.url}simple/", "torch")
    assert output.stderr == ""
    assert installed_label(own_pip) == "cu129"
    assert wheel_bytes_sent(server) == {name: path.stat().st_size for name, path in wheels.items()}
    assert len(server.requests) == 1 + len(wheels)


def test_server_whose_head_responses_have_no_length_is_of_use(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Such a server has the wheel, whatever its HEAD responses say."""
    wheels = write_torch(tmp_path / "index", tag)
    write_simple_index(tmp_path / "index", {"torch": wheels.values()})
    server.chooser = refusing(200, method="HEAD", body=b"")
    own_pip.run("install", "--index-url", f"{server.url}simple/", "torch")
    assert installed_label(own_pip) == "cu129"
    assert whole_files(server) == [f"/files/{wheels['cu129'].name}"]


# Options, whether the page announces METADATA and lists the JSON, and whether it has hashes.
REPEATED: dict[str, tuple[tuple[str, ...], bool]] = {
    "legacy resolver": ((LEGACY_RESOLVER,), False),
    "hashes are required": (("-r", "requirements.txt"), False),
    "METADATA beside the wheel": ((), True),
}


@pytest.mark.parametrize(("options", "core_metadata"), REPEATED.values(), ids=REPEATED)
def test_wheel_that_has_come_whole_is_not_requested_again(
    own_pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    options: tuple[str, ...],
    *,
    core_metadata: bool,
) -> None:
    """Also where pip reads METADATA elsewhere, or wants the whole file at once."""
    server.ranges = False
    wheels = write_torch(tmp_path / "index", tag)
    listed = [Listed(path, core_metadata=core_metadata) for path in wheels.values()]
    write_simple_index(tmp_path / "index", {"torch": listed})
    write_hashed_requirement(own_pip.folder, wheels["cu129"])
    requirement = () if "-r" in options else ("torch",)
    own_pip.run("install", "--index-url", f"{server.url}simple/", *options, *requirement)
    assert installed_label(own_pip) == "cu129"
    assert wheel_bytes_sent(server)["cu129"] == wheels["cu129"].stat().st_size


@pytest.mark.parametrize("core_metadata", [False, True], ids=["ranges", "PEP 658"])
def test_redirected_wheel_is_read_by_ranges(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, *, core_metadata: bool
) -> None:
    """A range is requested where the redirect leads, and the size is that of the file there."""
    root = tmp_path / "index"
    wheels = write_torch(root, tag)
    document = [write_variants_json(root / "files")] if core_metadata else []
    listed = [Listed(path, core_metadata=core_metadata) for path in wheels.values()]
    write_simple_index(root, {"torch": [*listed, *map(Listed, document)]})
    for path in wheels.values():
        moved = Reply(302, headers=(("Location", f"/elsewhere/{path.name}"),))
        server.replies[f"/files/{path.name}"] = moved
        server.replies[f"/elsewhere/{path.name}"] = Reply(body=path.read_bytes())
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == (INSTALLED, "")
    assert f"\nWould download 1 file ({megabytes(wheels['cu129'])})\n" in output.stdout
    there = [item for item in server.requests if item.path.startswith("/elsewhere/")]
    assert {item.method for item in there} == {"HEAD" if core_metadata else "GET"}
    assert sum(item.sent for item in there) <= FEW_PIECES * len(wheels)


def test_eight_labels_cost_at_most_three_requests_each(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Without a variants JSON the end of one wheel of each label is read, and METADATA of one."""
    labels = {f"cu12{minor}": cuda(f"12.{minor}") for minor in range(2, 10)}
    wheels = write_torch(tmp_path / "index", tag, metadata=with_variants(labels))
    write_simple_index(tmp_path / "index", {"torch": wheels.values()})
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == (INSTALLED, "")
    requests = [f"GET /files/{path.name} 206" for path in wheels.values()]
    lines = request_lines(server)
    assert set(lines[1:]) == set(requests)
    assert max(lines.count(line) for line in requests) <= 3


# Whether pages are in JSON, whether METADATA is beside the wheels, and requests for a wheel.
SIZES: dict[str, tuple[bool, bool, list[str]]] = {
    "from the page": (True, True, []),
    "from the page, with ranges": (True, False, ["GET 206", "GET 206"]),
    "from the range": (False, False, ["GET 206", "GET 206"]),
    "from a HEAD request": (False, True, ["HEAD 200"]),
}


@pytest.mark.parametrize(("json_pages", "core_metadata", "requests"), SIZES.values(), ids=SIZES)
def test_dry_run_shows_what_would_be_downloaded(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    requests: list[str],
    *,
    json_pages: bool,
    core_metadata: bool,
) -> None:
    """A line for each file with its URL and size, then the sum; no wheel is downloaded."""
    root = tmp_path / "index"
    files = {"triton/lib.bin": bytes(2_200_000)}
    name = "triton-3.4.0-py3-none-any.whl"
    triton = write_wheel(root / "files", name, files=files)
    payload = {"torch/lib.bin": bytes(MEGABYTES)}
    name = f"torch-2.8.0-{tag}-cu129.whl"
    requires = ["triton"]
    torch = write_wheel(
        root / "files", name, variant_json=TORCH_280, files=payload, requires=requires
    )
    document = Listed(write_variants_json(root / "files"))
    projects = {
        "torch": [Listed(torch, core_metadata=core_metadata), document],
        "triton": [Listed(triton, core_metadata=core_metadata)],
    }
    write_simple_index(root, projects, json_pages=json_pages)
    output = pip.dry_run(f"{server.url}simple/", "torch")
    expected = (
        f"  Would download INDEX/files/torch-2.8.0-TAG-cu129.whl ({megabytes(torch)})\n"
        f"  Would download INDEX/files/{triton.name} ({megabytes(triton)})\n"
        f"Would download 2 files ({megabytes(torch, triton)})\n"
        "Would install torch-2.8.0-cu129 triton-3.4.0\n"
    )
    assert output.stderr == ""
    assert output.stdout.endswith(expected)
    for path in (torch, triton):
        found = [
            f"{item.method} {item.status}"
            for item in server.requests
            if item.path.endswith(path.name)
        ]
        assert found == requests


def test_dry_run_with_unknown_sizes_shows_the_files(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A server that tells no size costs the sizes, and nothing else."""
    root = tmp_path / "index"
    wheels = write_torch(root, tag)
    listed = [Listed(path, core_metadata=True) for path in wheels.values()]
    write_simple_index(root, {"torch": [*listed, Listed(write_variants_json(root / "files"))]})
    server.chooser = refusing(405, method="HEAD")
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert output.stdout.endswith(
        "  Would download INDEX/files/torch-2.8.0-TAG-cu129.whl\n"
        f"Would download 1 file\n{INSTALLED}\n"
    )


def test_dry_run_downloads_nothing_that_is_there_already(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A wheel in pip's cache, or in a folder, would not be downloaded."""
    server.cacheable = True
    write_simple_index(tmp_path / "index", {"torch": write_torch(tmp_path / "index", tag).values()})
    index = ("--index-url", f"{server.url}simple/", "--trusted-host", "127.0.0.1")
    pip.run("download", *index, "torch")
    server.requests.clear()
    output = pip.run("install", "--dry-run", *index, "torch")
    assert (output.last_line, output.stderr) == (INSTALLED, "")
    assert "Would download" not in output.stdout
    assert [path for path in server.requested(".whl") if path.endswith("-cu129.whl")] == []
    output = pip.run("install", "--dry-run", "--no-index", "--find-links", ".", "torch")
    assert output.last_line == INSTALLED
    assert "Would download" not in output.stdout


@pytest.mark.parametrize("core_metadata", [False, True], ids=["ranges", "PEP 658"])
@pytest.mark.parametrize("hashed", [True, False], ids=["hashes", "no hashes"])
def test_lock_downloads_only_what_it_needs_the_hash_of(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    *,
    hashed: bool,
    core_metadata: bool,
) -> None:
    """A hash of the page is enough; without one the wheel is downloaded, and only that."""
    root = tmp_path / "index"
    wheels = write_torch(root, tag)
    listed = [Listed(path, hashed, core_metadata=core_metadata) for path in wheels.values()]
    write_simple_index(root, {"torch": listed})
    pip.run("lock", "--output", "pylock.toml", "--index-url", f"{server.url}simple/", "torch")
    text = (pip.folder / "pylock.toml").read_text()
    path = wheels["cu129"]
    assert re.findall(r'sha256 = "(\w+)"', text) == [hashlib.sha256(path.read_bytes()).hexdigest()]
    assert f"files/{path.name}" in text
    assert whole_files(server) == ([] if hashed else [f"/files/{path.name}"])


def serve_another_wheel(server: IndexServer, root: Path, tag: str) -> None:
    """Write an index without hashes whose wheel cu129 is another one if it is fetched whole."""
    wheels = write_torch(root, tag)
    write_simple_index(root, {"torch": [Listed(path, hashed=False) for path in wheels.values()]})
    path = f"/files/{wheels['cu129'].name}"
    payload = {"torch/lib.bin": bytes(MEGABYTES)}
    other = write_wheel(
        root / "other",
        wheels["cu129"].name,
        variant_json=TORCH_280,
        files=payload,
        requires=["evil"],
    ).read_bytes()
    server.chooser = lambda _, found, headers: (
        Reply(body=other) if found == path and "range" not in headers else None
    )


def test_wheel_that_differs_from_what_was_read_of_it_is_not_installed(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Dependencies were resolved by the METADATA that was read by ranges."""
    serve_another_wheel(server, tmp_path / "index", tag)
    output = own_pip.run("install", "--index-url", f"{server.url}simple/", "torch", status=1)
    assert output.stderr.endswith(
        "ERROR: torch-2.8.0-TAG-cu129.whl has another METADATA than its server sent for a part of"
        " the file: it has been replaced meanwhile, or the server is broken\n"
    )
    assert list(Venv(own_pip.python.parents[1]).site.glob("torch*")) == []


def write_hashed_requirement(folder: Path, wheel: Path) -> None:
    """Write a requirement of torch that only this wheel fulfils."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (folder / "requirements.txt").write_text(f"torch==2.8.0 --hash=sha256:{digest}\n")


@pytest.mark.parametrize("options", [(), ("--dry-run",)], ids=["install", "dry run"])
def test_required_hash_is_that_of_the_whole_file(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, options: tuple[str, ...]
) -> None:
    """With --require-hashes pip fetches the whole file, also in a dry run, and checks it."""
    wheels = write_torch(tmp_path / "index", tag)
    write_simple_index(tmp_path / "index", {"torch": wheels.values()})
    path = wheels["cu129"]
    write_hashed_requirement(own_pip.folder, path)
    install = ("install", *options, "--require-hashes", "-r", "requirements.txt")
    index = ("--index-url", f"{server.url}simple/")
    own_pip.run(*install, *index)
    assert whole_files(server) == [f"/files/{path.name}"]
    tampered = bytearray(path.read_bytes())
    tampered[-1000] ^= 1
    server.replies[f"/files/{path.name}"] = Reply(body=bytes(tampered))
    output = own_pip.run(*install, "--force-reinstall", *index, status=1)
    assert "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE" in output.stderr


def test_wheel_with_another_hash_than_the_page_has_is_not_installed(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """What was read by ranges is no proof of the file; the file itself is checked."""
    wheels = write_torch(tmp_path / "index", tag)
    write_simple_index(tmp_path / "index", {"torch": wheels.values()})
    path = wheels["cu129"]
    content = path.read_bytes()
    at = content.index(b"build cu129")
    tampered = content[:at] + b"BUILD" + content[at + 5 :]
    server.replies[f"/files/{path.name}"] = Reply(body=tampered)
    output = own_pip.run("install", "--index-url", f"{server.url}simple/", "torch", status=1)
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in output.stderr
    assert list(Venv(own_pip.python.parents[1]).site.glob("torch*")) == []


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
@pytest.mark.parametrize("source", ["page", "address"])
def test_installed_wheel_has_the_hash_of_its_file(
    own_pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    upstream: str,
    source: str,
    *,
    ranges: bool,
) -> None:
    """`direct_url.json` has it, and so has `--report` if that is written after the download."""
    server.ranges = ranges
    wheels = write_torch(tmp_path / "index", tag)
    listed = [Listed(path, hashed=False) for path in wheels.values()]
    write_simple_index(tmp_path / "index", {"torch": listed})
    path = wheels["cu129"]
    requirement = "torch" if source == "page" else f"{server.url}files/{path.name}"
    index = ("--index-url", f"{server.url}simple/")
    own_pip.run("install", "--report", "report.json", *index, requirement)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    report = json.loads((own_pip.folder / "report.json").read_text())
    (entry,) = report["install"]
    # As beside PEP 658, pip 26.3 writes the report before it downloads the file.
    reported = {"hashes": {"sha256": digest}} if upstream == "25.1.1" or not ranges else {}
    assert entry["download_info"]["archive_info"].get("hashes") == reported.get("hashes")
    found = Venv(own_pip.python.parents[1]).site.glob("torch*/direct_url.json")
    hashes = [json.loads(file.read_text())["archive_info"]["hashes"] for file in found]
    assert hashes == ([{"sha256": digest}] if source == "address" else [])


def test_build_dependency_of_a_dry_run_is_installed(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, upstream: str
) -> None:
    """A dry run builds a project to read its METADATA, and the build needs its dependencies."""
    files = large_torch_wheels(tmp_path / "index/files", tag, ALL_LABELS)
    files.append(write_variants_json(tmp_path / "index/files"))
    write_simple_index(tmp_path / "index", {"torch": files})
    folder = pip.folder / "ext"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["torch"]\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (folder / "backend.py").write_text(
        "def prepare_metadata_for_build_wheel(folder, config_settings=None):\n"
        "    import pathlib, torch\n"
        '    info = pathlib.Path(folder, "ext-1.0.dist-info")\n'
        "    info.mkdir()\n"
        '    text = "Metadata-Version: 2.1\\nName: ext\\nVersion: 1.0+" + torch.build_label\n'
        '    (info / "METADATA").write_text(text)\n'
        "    return info.name\n"
    )
    in_process = ("--use-feature=inprocess-build-deps",) if upstream != "25.1.1" else ()
    output = pip.dry_run(f"{server.url}simple/", *in_process, "./ext")
    assert output.last_line == "Would install ext-1.0+cu129"
