"""The requests that pip sends: at most one more than a stock pip for a project with variants."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.indexes import ALL_LABELS, CUDA_LABELS, cuda, torch_files, torch_sdist, with_variants
from tests.e2e.pips import NEW_DRIVER, OLD_DRIVER, Pip, request_lines
from tests.support.stand_in import (
    IndexServer,
    Listed,
    Reply,
    write_simple_index,
    write_torch_index,
    write_wheel,
)

PAGE = "GET /simple/torch/ 200"
JSON = "GET /files/torch-2.8.0-variants.json 200"
IMPORTED = re.compile(r"^import time:.*\| +(pip_variants\b\S*)$", re.MULTILINE)


def write_plain_index(root: Path) -> None:
    """Write an index of projects without variants, of every kind that pip treats differently."""
    files = root / "files"
    plain = [write_wheel(files, f"plain-1.{n}-py3-none-any.whl") for n in range(3)]
    described = write_wheel(files, "described-1.0-py3-none-any.whl", requires=["plain<1.2"])
    tagged = [write_wheel(files, f"tagged-1.0-{n}-py3-none-any.whl") for n in (1, 2)]
    windows = write_wheel(files, "windows-2.0-cp39-cp39-win32.whl")
    older = write_wheel(files, "windows-1.0-py3-none-any.whl", requires=["tagged"])
    newer = Listed(write_wheel(files, "windows-3.0-py3-none-any.whl"), requires_python="<3")
    projects: dict[str, list[Path | Listed]] = {
        "plain": [*plain],
        "described": [Listed(described, core_metadata=True)],
        "tagged": [*tagged],
        "windows": [Listed(windows, hashed=False), older, newer],
        "torch": [torch_sdist(files)],
    }
    write_simple_index(root, projects, json_pages=True)


def full_requests(server: IndexServer) -> list[object]:
    """Return every request with all its data, but for the name of the program."""
    return [
        (
            item.method,
            item.path,
            item.status,
            item.sent,
            {k: v for k, v in item.headers.items() if k != "user-agent"},
        )
        for item in server.requests
    ]


@pytest.mark.parametrize(
    "args",
    [
        ("install", "--dry-run", "plain"),
        ("install", "--dry-run", "plain<1.2", "described"),
        ("install", "--dry-run", "tagged"),
        ("install", "--dry-run", "windows"),
        ("install", "--dry-run", "torch"),
        ("install", "--dry-run", "described", "plain==1.2"),
        ("install", "--dry-run", "missing"),
        ("install", "--dry-run", "--use-feature=fast-deps", "plain"),
        ("download", "--dest", "wheels", "windows"),
        ("wheel", "--wheel-dir", "wheels", "--no-deps", "plain"),
        ("index", "versions", "plain"),
        ("lock", "--output", "-", "described"),
    ],
    ids=[
        "the newest",
        "metadata beside the wheel",
        "build tags",
        "other platforms and dependencies",
        "sdist",
        "conflict",
        "missing",
        "ranges",
        "download",
        "wheel",
        "index versions",
        "lock",
    ],
)
@pytest.mark.parametrize("json_pages", [True, False], ids=["JSON", "HTML"])
def test_projects_without_variants_behave_as_with_stock_pip(
    pip: Pip,
    stock_pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    args: tuple[str, ...],
    *,
    json_pages: bool,
) -> None:
    """Requests, with all their headers, and output are those of the stock pip 25.1.1."""
    write_plain_index(tmp_path / "index")
    server.json_pages = json_pages
    status = int(args[-1] in ("missing", "plain==1.2"))
    command = (*args, "--index-url", f"{server.url}simple/")
    stock = stock_pip.run(*command, status=status)
    expected = full_requests(server)
    server.requests.clear()
    patched = pip.run(*command, status=status)
    assert full_requests(server) == expected
    assert patched == stock
    assert expected


@pytest.mark.parametrize(
    "project",
    [
        "plain",
        "described",
        "windows",
        "torch",
        pytest.param(
            "tagged",
        ),
    ],
)
def test_project_without_variants_imports_no_engine(
    pip: Pip, server: IndexServer, tmp_path: Path, project: str
) -> None:
    """Without a variant wheel on the page no module of the engine is imported."""
    write_plain_index(tmp_path / "index")
    if project == "windows":  # its dependency has build tags
        project = "windows==1.0 --no-deps"
    install = ("install", "--dry-run", "--index-url", f"{server.url}simple/", *project.split())
    output = pip.run_python("-X", "importtime", "-m", "pip", *install)
    assert " pip._variants\n" in output.stderr
    assert IMPORTED.findall(output.stderr) == []


def test_project_with_variants_imports_the_engine(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """With a variant wheel importtime shows the engine, so that the test above can fail."""
    write_torch_index(tmp_path / "index", tag)
    install = ("install", "--dry-run", "--index-url", f"{server.url}simple/", "torch")
    output = pip.run_python("-X", "importtime", "-m", "pip", *install)
    assert "pip_variants.pip_adapter.compat" in IMPORTED.findall(output.stderr)


@pytest.mark.every_release
@pytest.mark.parametrize(
    ("command", "is_loaded"),
    [("list", False), ("freeze", False), ("inspect", False), ("download --no-index x", True)],
)
def test_commands_about_the_environment_load_no_network(
    pip: Pip, command: str, *, is_loaded: bool
) -> None:
    """They take half as long as those that may need it."""
    output = pip.run_python("-X", "importtime", "-m", "pip", *command.split(), status=is_loaded)
    assert ("pip._vendor.urllib3" in output.stderr) == is_loaded


def write_index(root: Path, tag: str, *, hashed: bool = True, plain: bool = True) -> None:
    """Write an index with torch 2.8.0 and its JSON, with a hash in the link or without."""
    files = torch_files(root / "files", tag, (None, *ALL_LABELS) if plain else ALL_LABELS)
    listed: list[Path | Listed] = [*files[:-1], Listed(files[-1], hashed=hashed)]
    write_simple_index(root, {"torch": listed}, json_pages=True)


@pytest.mark.parametrize("json_pages", [True, False], ids=["JSON", "HTML"])
def test_project_with_variants_costs_one_more_request(
    pip: Pip, stock_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, *, json_pages: bool
) -> None:
    """One request more than a stock pip sends, which selects the plain wheel of the same page."""
    write_index(tmp_path / "index", tag)
    server.json_pages = json_pages
    output = stock_pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0", "")
    assert request_lines(server) == [PAGE, f"GET /files/torch-2.8.0-{tag}.whl 200"]
    server.requests.clear()
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")
    assert request_lines(server) == [PAGE, JSON, f"GET /files/torch-2.8.0-{tag}-cu129.whl 206"]


def test_stock_pip_ignores_variant_wheels(
    stock_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A stock pip ignores variant wheels and selects an older version with a plain wheel."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, ALL_LABELS) + torch_files(folder, tag, [None], version="2.7.0")
    write_simple_index(tmp_path / "index", {"torch": files})
    output = stock_pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.7.0", "")


def test_variants_for_other_platforms_cause_no_request(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Variants for other platforms cause no request."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, "cp39-cp39-win32", ALL_LABELS) + torch_files(folder, tag, [None])
    write_simple_index(tmp_path / "index", {"torch": files[:-1]})
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0", "")
    assert request_lines(server) == [PAGE, f"GET /files/torch-2.8.0-{tag}.whl 206"]


def test_installed_variant_costs_page_and_uncached_json(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """The search for a better variant requests the page, and the JSON unless it is cached."""
    write_index(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    own_pip.run("install", "--index-url", url, "torch")
    for options in ((), ("-U",)):
        for cache, expected in ((("--no-cache-dir",), [PAGE, JSON]), ((), [PAGE])):
            server.requests.clear()
            output = own_pip.dry_run(url, *cache, *options, "torch")
            assert "\nRequirement already satisfied: torch in " in output.stdout
            assert (request_lines(server), output.stderr) == (expected, "")


@pytest.mark.parametrize(
    ("requirement", "version"), [("torch", "2.8.0"), ("torch<2.8", "2.7.0")], ids=["new", "old"]
)
def test_only_json_of_the_resolved_version_is_requested(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, requirement: str, version: str
) -> None:
    """Of all versions with variants only the JSON of the resolved one is requested."""
    folder = tmp_path / "index/files"
    files = []
    for each in ("2.6.0", "2.7.0", "2.8.0"):
        files += torch_files(folder, tag, ALL_LABELS, version=each)
    write_simple_index(tmp_path / "index", {"torch": files})
    output = pip.dry_run(f"{server.url}simple/", requirement)
    assert (output.last_line, output.stderr) == (f"Would install torch-{version}-cu129", "")
    assert request_lines(server) == [
        PAGE,
        f"GET /files/torch-{version}-variants.json 200",
        f"GET /files/torch-{version}-{tag}-cu129.whl 206",
    ]


def test_backtracking_requests_each_json_only_once(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Backtracking to a version does not request its JSON again."""
    root = tmp_path / "index"
    files = torch_files(root / "files", tag, ALL_LABELS)
    files += torch_files(root / "files", tag, ALL_LABELS, version="2.7.0")
    apps = [
        write_wheel(root / "files", "app-1.0-py3-none-any.whl", requires=["torch"]),
        write_wheel(root / "files", "app-2.0-py3-none-any.whl", requires=["torch<2.8"]),
        write_wheel(root / "files", "tool-1.0-py3-none-any.whl", requires=["torch>=2.8"]),
    ]
    write_simple_index(root, {"torch": files, "app": apps[:2], "tool": apps[2:]})
    output = pip.dry_run(f"{server.url}simple/", "torch", "app", "tool")
    assert output.last_line == "Would install app-1.0 tool-1.0 torch-2.8.0-cu129"
    documents = server.requested("-variants.json")
    assert sorted(documents) == sorted(set(documents))
    assert output.stdout.count("Querying variant providers: started") == 1


def test_json_without_hash_is_never_read_from_cache(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A JSON without a hash is requested anew, whatever its cache headers are."""
    write_index(tmp_path / "index", tag, hashed=False)
    path = "/files/torch-2.8.0-variants.json"
    server.replies[path] = Reply(headers=(("Cache-Control", "max-age=31536000, immutable"),))
    for _ in range(2):
        # Only a trusted host, or one with https, is cached by pip.
        output = pip.dry_run(f"{server.url}simple/", "--trusted-host", "127.0.0.1", "torch")
        assert output.last_line == "Would install torch-2.8.0-cu129"
    found = [item for item in server.requests if item.path == path]
    assert [item.headers.get("cache-control") for item in found] == ["max-age=0"] * 2


@pytest.mark.parametrize("replacement", [None, b"", b"{}"], ids=["whole", "empty", "other"])
def test_json_with_hash_is_requested_only_once(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, replacement: bytes | None
) -> None:
    """A JSON with a hash on its page is cached by that; a damaged copy is requested again."""
    write_index(tmp_path / "index", tag)
    cached_files = pip.folder / "cache/variants/metadata"
    pip.dry_run(f"{server.url}simple/", "--no-cache-dir", "torch")
    assert not cached_files.exists()
    request_counts = []
    for _ in range(2):
        output = pip.dry_run(f"{server.url}simple/", "torch")
        assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")
        request_counts.append(len(server.requested("-variants.json")))
        (file,) = cached_files.iterdir()
        if replacement is not None:
            file.write_bytes(replacement)
    assert request_counts == [2, 2 if replacement is None else 3]
    pip.run("cache", "purge")
    assert list(cached_files.glob("*")) == []


def test_label_added_to_cached_json_is_found(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A label that was added to the JSON is found although pip's cache has the old one."""
    root = tmp_path / "index"
    path = "/files/torch-2.8.0-variants.json"
    server.replies[path] = Reply(headers=(("Cache-Control", "max-age=600"),))
    install = (f"{server.url}simple/", "--trusted-host", "127.0.0.1", "torch")
    for label, metadata in (
        ("old", with_variants({"old": cuda("12.6")})),
        ("new", with_variants({"old": cuda("12.6"), "new": cuda("12.9")})),
    ):
        labels = [None, *metadata["variants"]]  # type: ignore[misc]
        files = torch_files(root / "files", tag, labels, metadata=metadata)
        write_simple_index(root, {"torch": files})
        output = pip.dry_run(*install)
        assert (output.last_line, output.stderr) == (f"Would install torch-2.8.0-{label}", "")


def test_redirect_of_the_json_is_followed(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A redirect of the JSON is followed, like that of every file."""
    write_index(tmp_path / "index", tag)
    body = (tmp_path / "index/files/torch-2.8.0-variants.json").read_bytes()
    moved = Reply(302, headers=(("Location", "/elsewhere.json"),))
    server.replies |= {
        "/files/torch-2.8.0-variants.json": moved,
        "/elsewhere.json": Reply(body=body),
    }
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")


def test_unlisted_json_is_replaced_by_range_requests(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Without a JSON on the page one wheel of each label is read by range requests."""
    files = torch_files(tmp_path / "index/files", tag, CUDA_LABELS)
    write_simple_index(tmp_path / "index", {"torch": files[:-1]})
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=NEW_DRIVER)
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")
    assert server.requested("-variants.json") == []
    page, *parts = request_lines(server)
    assert page == PAGE
    # Wheels that are so small come whole, and none is requested again.
    assert sorted(parts) == [
        f"GET /files/torch-2.8.0-{tag}-{label}.whl 206" for label in CUDA_LABELS
    ]


def test_passed_over_wheels_are_never_requested(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """No part of a wheel that does not fit is requested."""
    write_index(tmp_path / "index", tag, plain=False)
    pip.dry_run(f"{server.url}simple/", "torch", machine=OLD_DRIVER)
    assert request_lines(server) == [PAGE, JSON, f"GET /files/torch-2.8.0-{tag}-00000000.whl 206"]


def test_core_metadata_is_requested_before_the_wheel(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """METADATA that the page announces is requested before the wheel."""
    files = torch_files(tmp_path / "index/files", tag, ALL_LABELS)
    listed = [Listed(file, core_metadata=file.suffix == ".whl") for file in files]
    write_simple_index(tmp_path / "index", {"torch": listed})
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")
    metadata = f"GET /files/torch-2.8.0-{tag}-cu129.whl.metadata 200"
    assert request_lines(server)[:3] == [PAGE, JSON, metadata]
