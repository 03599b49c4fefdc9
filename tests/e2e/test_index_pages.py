"""Pages of an index, in HTML and in JSON, and their attributes of the variants JSON."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.e2e.indexes import (
    ALL_LABELS,
    large_torch_wheels,
    torch_files,
    with_variants,
    write_variants_json,
)
from tests.e2e.pips import READING, Pip, request_lines
from tests.support.stand_in import IndexServer, Listed, Reply, write_simple_index
from tests.support.stand_in_wheel import dump


@pytest.mark.parametrize("form", ["HTML", "JSON"])
def test_html_and_json_pages_list_variants_alike(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, form: str
) -> None:
    """A page in either form lists the wheels and their variants JSON."""
    root = tmp_path / "index"
    files = [
        *large_torch_wheels(root / "files", tag, (None, *ALL_LABELS)),
        write_variants_json(root / "files"),
    ]
    write_simple_index(root, {"torch": files}, json_pages=form == "JSON")
    if form == "JSON":
        (root / "simple/torch/index.html").unlink()
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")
    assert request_lines(server) == [
        "GET /simple/torch/ 200",
        "GET /files/torch-2.8.0-variants.json 200",
        *[f"GET /files/torch-2.8.0-{tag}-cu129.whl 206"] * 2,
    ]


@pytest.mark.parametrize("form", ["HTML", "JSON"])
def test_page_attributes_of_the_json_are_ignored(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, form: str
) -> None:
    """That the JSON is yanked, needs another Python or has metadata of its own changes nothing."""
    root = tmp_path / "index"
    files = [
        *large_torch_wheels(root / "files", tag, ALL_LABELS),
        write_variants_json(root / "files"),
    ]
    write_simple_index(root, {"torch": files}, json_pages=form == "JSON")
    if form == "JSON":
        path = root / "simple/torch/index.json"
        page = json.loads(path.read_text())
        more = {"yanked": "old", "requires-python": "<3", "core-metadata": {"sha256": "0" * 64}}
        page["files"][-1].update(more)
        path.write_text(json.dumps(page))
    else:
        path = root / "simple/torch/index.html"
        attributes = 'data-yanked="old" data-requires-python="&lt;3" data-core-metadata="true" '
        link = re.compile(r"<a (?=[^>]*variants\.json)")
        path.write_text(link.sub(f"<a {attributes}", path.read_text()))
        assert attributes in path.read_text()
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")
    assert "GET /files/torch-2.8.0-variants.json 200" in request_lines(server)


@pytest.mark.parametrize("form", ["HTML", "JSON"])
def test_json_hash_on_either_page_form_is_verified(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, form: str
) -> None:
    """If the page has a hash of the JSON, it is verified; else the wheels describe themselves."""
    root = tmp_path / "index"
    files = [
        *large_torch_wheels(root / "files", tag, (None, *ALL_LABELS)),
        write_variants_json(root / "files"),
    ]
    write_simple_index(root, {"torch": files}, json_pages=form == "JSON")
    server.replies["/files/torch-2.8.0-variants.json"] = Reply(body=dump(with_variants({})))
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert output.last_line == "Would install torch-2.8.0-cu129"
    assert output.stderr == f"{READING}its hash differs from the one that its link gives\n"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", None])
@pytest.mark.parametrize("hashed", [True, False], ids=["hash", "no hash"])
def test_json_that_is_compressed_without_request_is_used(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    encoding: str | None,
    *,
    hashed: bool,
) -> None:
    """Some mirrors compress it whatever is requested; the hash is that of the document."""
    root = tmp_path / "index"
    wheels = torch_files(root / "files", tag, ALL_LABELS, with_variant_json=False)
    document = Listed(wheels.pop(), hashed=hashed)
    write_simple_index(root, {"torch": [*wheels, document]})
    headers = (("Content-Encoding", encoding),) if encoding else ()
    body = gzip.compress(document.path.read_bytes())
    server.replies["/files/torch-2.8.0-variants.json"] = Reply(body=body, headers=headers)
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")


@pytest.mark.parametrize("form", ["HTML", "JSON"])
def test_hash_of_an_unknown_kind_counts_as_none(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, form: str
) -> None:
    """The JSON is used, and one warning says that nothing verifies it."""
    root = tmp_path / "index"
    files = torch_files(root / "files", tag, ALL_LABELS, with_variant_json=False)
    write_simple_index(root, {"torch": files}, json_pages=True)
    server.json_pages = form == "JSON"
    digest = hashlib.sha256(files[-1].read_bytes()).hexdigest()
    for page in (root / "simple/torch/index.html", root / "simple/torch/index.json"):
        text = page.read_text()
        assert digest in text
        text = text.replace(f"sha256={digest}", f"blake3={digest}")
        page.write_text(text.replace(f'"sha256": "{digest}"', f'"blake3": "{digest}"'))
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert output.last_line == "Would install torch-2.8.0-cu129"
    assert output.stderr == (
        "WARNING: torch-2.8.0-variants.json is not verified: its link has no hash of a known kind,"
        " only 'blake3'\n"
    )
