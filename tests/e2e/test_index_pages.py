"""Pages of an index, in HTML and in JSON, and their attributes of the variants JSON."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zipfile
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
from tests.support.stand_in_wheel import dump, write_wheel


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
    wheels = torch_files(root / "files", tag, ALL_LABELS)
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
    files = torch_files(root / "files", tag, ALL_LABELS)
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


NUMBER = "9" * 5000
UNREADABLE = (
    *(f"torch-{version}-py3-none-any.whl" for version in (NUMBER, f"{NUMBER}!1", f"1+{NUMBER}")),
    *(f"torch-3-{NUMBER}-py3-none-any.whl", f"torch-3-{NUMBER}-py3-none-any-cu129.whl"),
    *(f"torch-{NUMBER}-py3-none-any-cu129.whl", f"torch-3.post{NUMBER}.tar.gz"),
    *(f"torch-{NUMBER}-variants.json", "mailto:torch-3.tar.gz"),
)


@pytest.mark.parametrize("form", ["HTML", "JSON"])
def test_one_wrong_link_hides_no_other(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, form: str
) -> None:
    """It is left out with a warning; what lies beside it is installed.

    Versions that Python cannot read are skipped, as all that are none.
    """
    root = tmp_path / "index"
    files = [*torch_files(root / "files", tag, ALL_LABELS)]
    write_simple_index(root, {"torch": files}, json_pages=form == "JSON")
    if form == "JSON":
        path = root / "simple/torch/index.json"
        page = json.loads(path.read_text())
        page["files"].insert(0, {"filename": "torch-9-py3-none-any.whl", "url": ["x"]})
        path.write_text(json.dumps(page))
        problem = "Ignoring a file of the page 'INDEX/simple/torch/': its url is not a string"
    else:
        path = root / "simple/torch/index.html"
        links = "".join(f'<a href="{name}">{name}</a>' for name in UNREADABLE)
        wrong = f'<a href="http://[::1/x.whl">x</a>{links}'
        path.write_text(path.read_text().replace("<a ", f"{wrong}<a ", 1))
        problem = "Ignoring a link of the page 'INDEX/simple/torch/': 'Invalid IPv6 URL'"
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert output.last_line == "Would install torch-2.8.0-cu129"
    assert output.stderr == f"WARNING: {problem}\n"


UNREADABLE_PAGES = {
    "a list": ("index.json", b"[]", "it is not a JSON object"),
    "a tag": ("index.html", b"<a" + b" x=1" * 1_000_000, "a tag in it is longer than 256 KiB"),
}


@pytest.mark.parametrize(
    ("name", "content", "problem"), UNREADABLE_PAGES.values(), ids=UNREADABLE_PAGES
)
def test_a_page_that_cannot_be_read_is_a_warning(
    pip: Pip, server: IndexServer, tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    """No traceback, and not all memory: there is nothing to install then."""
    write_simple_index(tmp_path / "index", {"torch": []}, json_pages=name == "index.json")
    (tmp_path / "index/simple/torch" / name).write_bytes(content)
    output = pip.dry_run(f"{server.url}simple/", "torch", status=1)
    warning, *errors = output.stderr.splitlines()
    assert warning == f"WARNING: Ignoring the page 'INDEX/simple/torch/': {problem}"
    assert errors[-1] == "ERROR: No matching distribution found for torch"


INVALID = {
    "index": (("--index-url", "http://[::1", "x"), "'http://[::1' is not a valid URL:"),
    "port": (("--find-links", "http://a:99999/", "x"), "'http://a:99999/' is not a valid URL:"),
    "requirement": (("http://[::1/x.whl",), "'http://[::1/x.whl' is not a valid URL:"),
    "direct": (("x @ http://[::1/x.whl",), "'http://[::1/x.whl' is not a valid URL:"),
    "marker": (('x; variant_label == "a"',), "Invalid requirement: 'x': Expected a marker"),
    "another host": (("--index-url", "file://evil/", "x"), "non-local file URIs are not"),
    "digits": ((f"x=={NUMBER}",), f"Invalid requirement: 'x=={NUMBER}': Invalid specifier: '==99"),
    "password": (("--index-url", "http://user:secret@[::1", "x"), "'http://[::1' is not"),
}


@pytest.mark.every_release
@pytest.mark.parametrize("case", INVALID)
def test_what_is_typed_wrong_is_one_sentence(pip: Pip, case: str) -> None:
    """No traceback and no password."""
    args, problem = INVALID[case]
    output = pip.run("install", "--dry-run", *args, status=1)
    first = output.stderr.splitlines()[0]
    assert first.startswith(f"ERROR: {problem}")
    assert "secret" not in output.stderr


def test_a_wheel_without_a_version_is_discarded(
    pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """The next candidate is taken, as for one that has the version of another."""
    folder = tmp_path / "index/files"
    good = write_wheel(folder, "x-1.0-py3-none-any.whl")
    bad = write_wheel(folder, "x-2.0-py3-none-any.whl")
    with zipfile.ZipFile(bad) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(bad, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content.replace(b"Version: 2.0", b"Version: _.0"))
    write_simple_index(tmp_path / "index", {"x": [good, bad]})
    output = pip.dry_run(f"{server.url}simple/", "x")
    assert "has inconsistent version: expected '2.0', but metadata has '_.0'" in output.stdout
    assert output.last_line == "Would install x-1.0"
