"""What pip asks of servers: nothing more than before, and one file for a project with variants."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from stand_in import (
    IndexServer,
    Listed,
    Reply,
    write_simple_index,
    write_torch_index,
    write_wheel,
)
from stand_in_wheel import dump

from tests.e2e.indexes import ALL, CUDA, cuda, torch_files, torch_sdist, with_variants
from tests.e2e.pips import NEW, OLD, Pip, asked

PAGE = "GET /simple/torch/ 200"
JSON = "GET /files/torch-2.8.0-variants.json 200"
IMPORTED = re.compile(r"^import time:.*\| +(pip_variants\b\S*)$", re.MULTILINE)


def write_plain_index(root: Path) -> None:
    """Write an index of projects without variants, of every kind that pip treats differently."""
    files = root / "files"
    plain = [write_wheel(files, f"plain-1.{n}-py3-none-any.whl") for n in range(3)]
    described = write_wheel(files, "described-1.0-py3-none-any.whl", requires=["plain<1.2"])
    tagged = [write_wheel(files, f"tagged-1.0-{n}-py3-none-any.whl") for n in (1, 2)]
    foreign = write_wheel(files, "foreign-2.0-cp39-cp39-win32.whl")
    older = write_wheel(files, "foreign-1.0-py3-none-any.whl", requires=["tagged"])
    newer = Listed(write_wheel(files, "foreign-3.0-py3-none-any.whl"), requires_python="<3")
    projects: dict[str, list[Path | Listed]] = {
        "plain": [*plain],
        "described": [Listed(described, core_metadata=True)],
        "tagged": [*tagged],
        "foreign": [Listed(foreign, hashed=False), older, newer],
        "torch": [torch_sdist(files)],
    }
    write_simple_index(root, projects, json_pages=True)


def by_headers(server: IndexServer) -> list[object]:
    """Return every request with all that it says, but for the name of the program."""
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
        ("install", "--dry-run", "foreign"),
        ("install", "--dry-run", "torch"),
        ("install", "--dry-run", "described", "plain==1.2"),
        ("install", "--dry-run", "missing"),
        ("install", "--dry-run", "--use-feature=fast-deps", "plain"),
        ("download", "--dest", "wheels", "foreign"),
        ("wheel", "--wheel-dir", "wheels", "--no-deps", "plain"),
        ("index", "versions", "plain"),
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
    ],
)
@pytest.mark.parametrize("json_pages", [True, False], ids=["JSON", "HTML"])
def test_plain_projects_are_as_with_stock_pip(
    pip: Pip,
    stock_pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    args: tuple[str, ...],
    *,
    json_pages: bool,
) -> None:
    """Requests, with all their headers, and texts are those of the stock pip 25.1.1."""
    write_plain_index(tmp_path / "index")
    server.json_pages = json_pages
    status = int(args[-1] in ("missing", "plain==1.2"))
    command = (*args, "--index-url", f"{server.url}simple/")
    stock = stock_pip.run(*command, status=status)
    expected = by_headers(server)
    server.requests.clear()
    patched = pip.run(*command, status=status)
    assert by_headers(server) == expected
    assert patched == stock
    assert expected


@pytest.mark.parametrize(
    "project",
    [
        "plain",
        "described",
        "foreign",
        "torch",
        pytest.param(
            "tagged",
        ),
    ],
)
def test_plain_project_imports_no_engine(
    pip: Pip, server: IndexServer, tmp_path: Path, project: str
) -> None:
    """Without a variant in sight, not one module of the engine is imported."""
    write_plain_index(tmp_path / "index")
    if project == "foreign":  # it depends on the project with the build tags
        project = "foreign==1.0 --no-deps"
    install = ("install", "--dry-run", "--index-url", f"{server.url}simple/", *project.split())
    said = pip.start("-X", "importtime", "-m", "pip", *install)
    assert " pip._variants\n" in said.err
    assert IMPORTED.findall(said.err) == []


def test_variant_project_imports_the_engine(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """With one in sight, importtime shows the engine: the test above can fail."""
    write_torch_index(tmp_path / "index", tag)
    install = ("install", "--dry-run", "--index-url", f"{server.url}simple/", "torch")
    said = pip.start("-X", "importtime", "-m", "pip", *install)
    assert "pip_variants.hooks" in IMPORTED.findall(said.err)


def write_index(root: Path, tag: str, *, hashed: bool = True, plain: bool = True) -> None:
    """Write an index with torch 2.8.0 and its JSON, with a hash in the link or without."""
    files = torch_files(root / "files", tag, (None, *ALL) if plain else ALL)
    listed: list[Path | Listed] = [*files[:-1], Listed(files[-1], hashed=hashed)]
    write_simple_index(root, {"torch": listed}, json_pages=True)


@pytest.mark.parametrize("json_pages", [True, False], ids=["JSON", "HTML"])
def test_variant_project_costs_one_request(
    pip: Pip, stock_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, *, json_pages: bool
) -> None:
    """One request more than with a stock pip, which takes the plain wheel of the same page."""
    write_index(tmp_path / "index", tag)
    server.json_pages = json_pages
    said = stock_pip.dry_run(f"{server.url}simple/", "torch")
    assert (said.last, said.err) == ("Would install torch-2.8.0", "")
    assert asked(server) == [PAGE, f"GET /files/torch-2.8.0-{tag}.whl 200"]
    server.requests.clear()
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert (said.last, said.err) == ("Would install torch-2.8.0-cu129", "")
    assert asked(server) == [PAGE, JSON, f"GET /files/torch-2.8.0-{tag}-cu129.whl 200"]


def test_stock_pip_without_a_plain_wheel(
    stock_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A stock pip does not see variants: an older version with a plain wheel is what it takes."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, ALL) + torch_files(folder, tag, [None], version="2.7.0")
    write_simple_index(tmp_path / "index", {"torch": files})
    said = stock_pip.dry_run(f"{server.url}simple/", "torch")
    assert (said.last, said.err) == ("Would install torch-2.7.0", "")


def test_no_variant_for_this_platform(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Variants for other platforms cause no extra request."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, "cp39-cp39-win32", ALL) + torch_files(folder, tag, [None])
    write_simple_index(tmp_path / "index", {"torch": files[:-1]})
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert (said.last, said.err) == ("Would install torch-2.8.0", "")
    assert asked(server) == [PAGE, f"GET /files/torch-2.8.0-{tag}.whl 200"]


def test_installed(own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """Whether there is a better build takes the page and the JSON, for what the user names.

    What is kept of the JSON is not asked for again.
    """
    write_index(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    own_pip.run("install", "--index-url", url, "torch")
    for options in ((), ("-U",)):
        for cache, expected in ((("--no-cache-dir",), [PAGE, JSON]), ((), [PAGE])):
            server.requests.clear()
            said = own_pip.dry_run(url, *cache, *options, "torch")
            assert "\nRequirement already satisfied: torch in " in said.out
            assert (asked(server), said.err) == (expected, "")


@pytest.mark.parametrize(
    ("requirement", "version"), [("torch", "2.8.0"), ("torch<2.8", "2.7.0")], ids=["new", "old"]
)
def test_only_the_version_considered(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, requirement: str, version: str
) -> None:
    """Of all versions with variants, the JSON of the one that the resolver considers is read."""
    folder = tmp_path / "index/files"
    files = []
    for each in ("2.6.0", "2.7.0", "2.8.0"):
        files += torch_files(folder, tag, ALL, version=each)
    write_simple_index(tmp_path / "index", {"torch": files})
    said = pip.dry_run(f"{server.url}simple/", requirement)
    assert (said.last, said.err) == (f"Would install torch-{version}-cu129", "")
    assert asked(server) == [
        PAGE,
        f"GET /files/torch-{version}-variants.json 200",
        f"GET /files/torch-{version}-{tag}-cu129.whl 200",
    ]


def test_once_a_process(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """A version that backtracking considers again is not read again."""
    root = tmp_path / "index"
    files = torch_files(root / "files", tag, ALL)
    files += torch_files(root / "files", tag, ALL, version="2.7.0")
    apps = [
        write_wheel(root / "files", "app-1.0-py3-none-any.whl", requires=["torch"]),
        write_wheel(root / "files", "app-2.0-py3-none-any.whl", requires=["torch<2.8"]),
        write_wheel(root / "files", "tool-1.0-py3-none-any.whl", requires=["torch>=2.8"]),
    ]
    write_simple_index(root, {"torch": files, "app": apps[:2], "tool": apps[2:]})
    said = pip.dry_run(f"{server.url}simple/", "torch", "app", "tool")
    assert said.last == "Would install app-1.0 tool-1.0 torch-2.8.0-cu129"
    documents = server.asked("-variants.json")
    assert sorted(documents) == sorted(set(documents))
    assert said.out.count("Querying variant providers: started") == 1


def test_hash_is_verified(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """A JSON that is not the one that the page promises is not believed."""
    write_index(tmp_path / "index", tag)
    tampered = dump(with_variants({label: {} for label in ALL}))
    server.replies["/files/torch-2.8.0-variants.json"] = Reply(body=tampered)
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert said.out == (
        "Looking in indexes: INDEX/simple/\n"
        "Collecting torch\n"
        "  Downloading INDEX/files/torch-2.8.0-TAG.whl (SIZE)\n"
        "Would install torch-2.8.0\n"
    )
    assert said.err == (
        "WARNING: Ignoring the variant wheels of torch 2.8.0: torch-2.8.0-variants.json: its hash"
        " differs from the one that its link gives\n"
    )


def test_without_a_hash_no_cache_may_answer(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A JSON without a hash is asked for anew, whatever the server says of its life."""
    write_index(tmp_path / "index", tag, hashed=False)
    path = "/files/torch-2.8.0-variants.json"
    server.replies[path] = Reply(headers=(("Cache-Control", "max-age=31536000, immutable"),))
    for _ in range(2):
        # Only a trusted host, or one with https, is cached by pip.
        said = pip.dry_run(f"{server.url}simple/", "--trusted-host", "127.0.0.1", "torch")
        assert said.last == "Would install torch-2.8.0-cu129"
    found = [item for item in server.requests if item.path == path]
    assert [item.headers.get("cache-control") for item in found] == ["max-age=0"] * 2


@pytest.mark.parametrize("damage", [None, b"", b"{}"], ids=["whole", "empty", "other"])
def test_what_a_hash_proves_is_asked_for_once(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, damage: bytes | None
) -> None:
    """A JSON that the page gives a SHA-256 of is kept under it; a damaged one is fetched again."""
    write_index(tmp_path / "index", tag)
    kept = pip.folder / "cache/variants/metadata"
    pip.dry_run(f"{server.url}simple/", "--no-cache-dir", "torch")
    assert not kept.exists()
    asked = []
    for _ in range(2):
        said = pip.dry_run(f"{server.url}simple/", "torch")
        assert (said.last, said.err) == ("Would install torch-2.8.0-cu129", "")
        asked.append(len(server.asked("-variants.json")))
        (file,) = kept.iterdir()
        if damage is not None:
            file.write_bytes(damage)
    assert asked == [2, 2 if damage is None else 3]
    pip.run("cache", "purge")
    assert list(kept.glob("*")) == []


def test_label_added_to_a_cached_document(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """When a label was added, pip's cache of the old JSON does not cost the variants."""
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
        said = pip.dry_run(*install)
        assert (said.last, said.err) == (f"Would install torch-2.8.0-{label}", "")


def test_document_that_moved(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """A redirect is followed, as for every file."""
    write_index(tmp_path / "index", tag)
    body = (tmp_path / "index/files/torch-2.8.0-variants.json").read_bytes()
    moved = Reply(302, headers=(("Location", "/elsewhere.json"),))
    server.replies |= {
        "/files/torch-2.8.0-variants.json": moved,
        "/elsewhere.json": Reply(body=body),
    }
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert (said.last, said.err) == ("Would install torch-2.8.0-cu129", "")


def test_document_that_no_page_lists(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Mirrors drop the JSON: then one wheel of each label is asked, by ranges, for its own."""
    files = torch_files(tmp_path / "index/files", tag, CUDA)
    write_simple_index(tmp_path / "index", {"torch": files[:-1]})
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=NEW)
    assert (said.last, said.err) == ("Would install torch-2.8.0-cu129", "")
    assert server.asked("-variants.json") == []
    wheels = {f"/files/torch-2.8.0-{tag}-{label}.whl" for label in CUDA}
    assert set(server.asked(".whl")) == wheels
    whole = [item.path for item in server.requests if item.method == "GET" and item.status == 200]
    assert whole == ["/simple/torch/", f"/files/torch-2.8.0-{tag}-cu129.whl"]


def test_passed_over_wheels_are_not_fetched(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Nothing of a wheel that does not fit is fetched."""
    write_index(tmp_path / "index", tag, plain=False)
    pip.dry_run(f"{server.url}simple/", "torch", machine=OLD)
    assert asked(server) == [PAGE, JSON, f"GET /files/torch-2.8.0-{tag}-00000000.whl 200"]


def test_metadata_beside_a_variant_wheel(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Where the page has PEP 658 metadata, it is read before the wheel."""
    files = torch_files(tmp_path / "index/files", tag, ALL)
    listed = [Listed(file, core_metadata=file.suffix == ".whl") for file in files]
    write_simple_index(tmp_path / "index", {"torch": listed})
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert (said.last, said.err) == ("Would install torch-2.8.0-cu129", "")
    metadata = f"GET /files/torch-2.8.0-{tag}-cu129.whl.metadata 200"
    assert asked(server)[:3] == [PAGE, JSON, metadata]
