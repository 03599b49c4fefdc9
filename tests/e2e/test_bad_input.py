"""Broken metadata costs the variants of one version, one clear sentence, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast
from urllib.parse import unquote

import pytest
from stand_in import TORCH_280, IndexServer, Listed, Reply, write_simple_index
from stand_in_wheel import Json

from tests.e2e.indexes import ALL, CUDA, cuda, torch_files, with_provider, with_variants
from tests.e2e.pips import Pip

DOCUMENT = "/files/torch-2.8.0-variants.json"
IGNORING = "WARNING: Ignoring the variant wheels of torch 2.8.0: torch-2.8.0-variants.json: "
PLAIN = """\
Looking in indexes: INDEX/simple/
Collecting torch
  Downloading INDEX/files/torch-2.8.0-TAG.whl (SIZE)
Would install torch-2.8.0
"""
NOT_FOUND = """\
ERROR: Could not find a version that satisfies the requirement torch (from versions: 2.8.0)
ERROR: No matching distribution found for torch
"""
VARIANTS = cast("Json", TORCH_280["variants"])
MANY = "9" * 5000
"""More digits than int() reads."""


def body(document: object) -> Reply:
    """Return the reply with this JSON document."""
    return Reply(body=json.dumps(document).encode())


def write_index(
    root: Path, tag: str, labels: tuple[str | None, ...] = (None, *ALL), *, own: bool = False
) -> None:
    """Write an index with torch 2.8.0 whose page gives no hash for the JSON.

    Only if `own`, the wheels also describe themselves.
    """
    files = torch_files(root / "files", tag, labels, own=own)
    write_simple_index(root, {"torch": [*files[:-1], Listed(files[-1], hashed=False)]})


DOCUMENTS = {
    "empty": (Reply(body=b""), "not JSON: Expecting value: line 1 column 1 (char 0)"),
    "a page": (Reply(body=b"<html>"), "not JSON: Expecting value: line 1 column 1 (char 0)"),
    "half a string": (
        Reply(body=b'{"variants'),
        "not JSON: Unterminated string starting at: line 1 column 2 (char 1)",
    ),
    "two documents": (
        Reply(body=b"{} {}"),
        "not JSON: Extra data: line 1 column 4 (char 3)",
    ),
    "no text": (
        Reply(body=b'{"\xff": 1}'),
        "not JSON: 'utf-8' codec can't decode byte 0xff in position 2: invalid start byte",
    ),
    "a list": (body([]), "expected an object, found a list"),
    "a number": (body(1), "expected an object, found a number"),
    "no variants": (body({}), "variants: missing"),
    "variants in a list": (body({"variants": []}), "variants: expected an object, found a list"),
    "50 MB": (Reply(body=b" " * 50_000_000), "larger than 16 MiB"),
    "lists 100,000 deep": (Reply(body=b"[" * 100_000), "not JSON: nested too deeply"),
    "objects 100,000 deep": (
        Reply(body=b'{"variants":' * 100_000 + b"1" + b"}" * 100_000),
        "not JSON: nested too deeply",
    ),
    "connection lost": (
        Reply(body=b"{}" * 500, cut=100),
        "truncated: 100 of '1000' bytes arrived",
    ),
    "403": (Reply(403), "the server answered with status 403"),
    "404": (Reply(404), "the server answered with status 404"),
    "410": (Reply(410), "the server answered with status 410"),
    "a schema of tomorrow": (
        body({"$schema": "https://example.org/v2.0.0.json", "variants": {}}),
        "$schema: major version 2 is not supported",
    ),
    "label with separators": (
        body(with_variants({"../../evil": {}})),
        "variants['../../evil']: not a label of a-z, 0-9, _ and .",
    ),
    "label with NUL": (
        body(with_variants({"cu\0": {}})),
        "variants['cu\\x00']: not a label of a-z, 0-9, _ and .",
    ),
    "label that is no text": (
        body(with_variants({"\ud800": {}})),
        "variants['\\ud800']: not a label of a-z, 0-9, _ and .",
    ),
    "10,000 separators": (
        body(with_variants({"/" * 10_000: {}})),
        f"variants['{'/' * 79}...']: not a label of a-z, 0-9, _ and .",
    ),
    "namespace with separators": (
        body(with_variants({"cu129": {"../nvidia": {"sm_arch": ["75_real"]}}})),
        "variants['cu129']['../nvidia']: not a name of a-z, 0-9 and _",
    ),
    "value with an escape sequence": (
        body(with_variants({"cu129": {"nvidia": {"sm_arch": ["\x1b[2J"]}}})),
        "variants['cu129'].nvidia.sm_arch[0]: '\\x1b[2J' is not a value of a-z, 0-9, _ and .",
    ),
    "no value": (
        body(with_variants({"cu129": {"nvidia": {"sm_arch": []}}})),
        "variants['cu129'].nvidia.sm_arch: expected at least one value",
    ),
    "null with properties": (
        body(with_variants({"null": cuda("12.9")})),
        "variants['null']: the null variant has no properties",
    ),
    "provider in a list": (
        body({**TORCH_280, "providers": []}),
        "providers: expected an object, found a list",
    ),
}


@pytest.mark.parametrize(("reply", "problem"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_broken_document(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, reply: Reply, problem: str
) -> None:
    """One warning names project, file and reason, and the plain wheel is taken."""
    write_index(tmp_path / "index", tag)
    server.replies[DOCUMENT] = reply
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert (said.out, said.err) == (PLAIN, f"{IGNORING}{problem}\n")


SERVERS = {
    "500": (Reply(500), "500"),
    "503": (Reply(503), "503"),
    "no answer in time": (Reply(delay=30), "timed out"),
}


@pytest.mark.parametrize(("reply", "reason"), SERVERS.values(), ids=SERVERS)
def test_server_that_fails(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, reply: Reply, reason: str
) -> None:
    """A server that fails for the JSON alone costs the variants; pip's own retries go before."""
    del reason
    write_index(tmp_path / "index", tag)
    server.replies[DOCUMENT] = reply
    options = ("--retries", "0", "--timeout", "2")
    said = pip.dry_run(f"{server.url}simple/", *options, "torch")
    assert said.out == PLAIN
    assert said.err.startswith(IGNORING)
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(("reply", "reason"), SERVERS.values(), ids=SERVERS)
def test_reason_of_a_server_that_fails(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, reply: Reply, reason: str
) -> None:
    """The warning says what the server did."""
    write_index(tmp_path / "index", tag)
    server.replies[DOCUMENT] = reply
    options = ("--retries", "0", "--timeout", "2")
    said = pip.dry_run(f"{server.url}simple/", *options, "torch")
    assert reason in said.err


@pytest.mark.parametrize(
    ("reply", "problem"),
    [DOCUMENTS["a list"], DOCUMENTS["404"], DOCUMENTS["lists 100,000 deep"]],
    ids=["a list", "404", "deep"],
)
def test_nothing_is_left(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, reply: Reply, problem: str
) -> None:
    """Without a plain wheel the same sentence stands before pip's error, and the status is 1."""
    write_index(tmp_path / "index", tag, ALL)
    server.replies[DOCUMENT] = reply
    said = pip.dry_run(f"{server.url}simple/", "torch", status=1)
    assert said.out == "Looking in indexes: INDEX/simple/\n"
    assert said.err == f"{IGNORING}{problem}\n{NOT_FOUND}"


def test_older_version_is_left(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """A broken JSON of the newest version does not spoil the variants of an older one."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, ALL, version="2.7.0") + torch_files(folder, tag, ALL)
    write_simple_index(tmp_path / "index", {"torch": files})
    server.replies[DOCUMENT] = Reply(404)
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert said.last == "Would install torch-2.7.0-cu129"
    assert said.err == f"{IGNORING}the server answered with status 404\n"


@pytest.mark.parametrize(
    ("own", "label"), [(True, "cu129"), (False, "cu128")], ids=["described", "not described"]
)
def test_missing_label(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, label: str, *, own: bool
) -> None:
    """A wheel whose label the JSON forgot speaks for itself, or it is left out."""
    write_index(tmp_path / "index", tag, own=own)
    known = dict(list(VARIANTS.items())[:3])
    assert list(known) == ["00000000", "cu126", "cu128"]
    server.replies[DOCUMENT] = body(with_variants(known))
    said = pip.dry_run(f"{server.url}simple/", "torch")
    problem = (
        "WARNING: Ignoring the variants labelled cu129 of torch 2.8.0: torch-2.8.0-TAG-cu129.whl:"
        " 'no variant.json in it'\n"
    )
    assert (said.last, said.err) == (f"Would install torch-2.8.0-{label}", "" if own else problem)


def test_every_label_is_missing(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """If the JSON forgot them all, the plain wheel is taken, and one line says why."""
    write_index(tmp_path / "index", tag)
    server.replies[DOCUMENT] = body(with_variants({}))
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert said.out == PLAIN.replace(
        "Collecting",
        "Passed over 00000000, cu126, cu128 and cu129 of torch 2.8.0: 00000000: no metadata"
        " describes its label\nCollecting",
    )
    assert said.err == (
        "WARNING: Ignoring the variants labelled 00000000, cu126, cu128 and cu129 of torch 2.8.0:"
        " torch-2.8.0-TAG-00000000.whl: 'no variant.json in it'\n"
    )


def test_contradicting_labels(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """A JSON that says two things of one label is inconsistent, hence not believed."""
    write_index(tmp_path / "index", tag)
    text = '{"variants": {"cu129": {"nvidia": {"sm_arch": ["75_real"]}}, "cu129": {}}}'
    server.replies[DOCUMENT] = Reply(body=text.encode())
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert said.out == PLAIN
    assert said.err.startswith(IGNORING)


def test_contradicting_wheels(pip: Pip, tmp_path: Path, tag: str) -> None:
    """Without a combined JSON, a wheel that names another provider than the first one is out."""
    torch_files(tmp_path, tag, [None, "cu128"])[-1].unlink()
    other = with_provider({"requires": ["other-provider"]})
    torch_files(tmp_path, tag, ["cu129"], metadata=other)[-1].unlink()
    said = pip.run("install", "--dry-run", "--no-index", "--find-links", tmp_path, "torch")
    assert said.last == "Would install torch-2.8.0-cu128"
    assert said.err == (
        "WARNING: Ignoring the variants labelled cu129 of torch 2.8.0: torch-2.8.0-TAG-cu129.whl:"
        " providers.nvidia: differs between the files\n"
    )


PROVIDERS = {
    "operator that strings do not have": {"enable-if": "platform_system ~= 'Linux'"},
    "name that is no version": {"enable-if": "os_name >= '5'"},
    "enable-if with 5,000 digits": {"enable-if": f"python_version > '{MANY}'"},
    "requires with 5,000 digits": {"requires": [f"nvidia-variant-provider>={MANY}"]},
}


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(
            fields,
            id=name,
        )
        for name, fields in PROVIDERS.items()
    ],
)
def test_provider_that_cannot_be_judged(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, fields: dict[str, object]
) -> None:
    """A provider whose declaration cannot be evaluated supports nothing, and a line says so."""
    write_index(tmp_path / "index", tag)
    server.replies[DOCUMENT] = body(with_provider(fields))
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert "Passed over cu126, cu128 and cu129 of torch 2.8.0: nvidia: " in said.out
    assert (said.last, said.err) == ("Would install torch-2.8.0-00000000", "")


@pytest.mark.parametrize(
    "fields",
    [
        {"enable-if": "this is no marker"},
        {"enable-if": "(" * 5000 + "os_name == 'a'" + ")" * 5000},
        {"requires": ["../../evil"]},
        pytest.param(
            {"requires": ["a" * 10_000]},
        ),
        {"requires": ["nvidia-variant-provider @ http://127.0.0.1:9/evil.whl"]},
    ],
    ids=["no marker", "deep marker", "path", "10,000 characters", "address"],
)
def test_provider_that_is_none(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, fields: dict[str, object]
) -> None:
    """A provider that is nonsense supports nothing, nobody is asked, and a line says so."""
    write_index(tmp_path / "index", tag)
    server.replies[DOCUMENT] = body(with_provider(fields))
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert "Querying" not in said.out
    assert "Passed over cu126, cu128 and cu129 of torch 2.8.0: nvidia: " in said.out
    assert max(map(len, said.out.splitlines())) < 600
    assert (said.last, said.err) == ("Would install torch-2.8.0-00000000", "")


LINKS = {
    "label with separators": "torch-2.8.0-TAG-..%2F..%2Fevil.whl",
    "label with NUL": "torch-2.8.0-TAG-a%00b.whl",
    "label in capitals": "torch-2.8.0-TAG-CU130.whl",
    "empty label": "torch-2.8.0-TAG-.whl",
    "10,000 characters": f"torch-2.8.0-TAG-{'a' * 10_000}.whl",
    "10,000 labels": f"torch-2.8.0-TAG{'-cu130' * 10_000}.whl",
    "version with NUL": "torch-2.8%00-TAG-cu130.whl",
    "JSON with separators": "..%2F..%2Ftorch-2.8.0-variants.json",
    "JSON with NUL": "torch-%00-variants.json",
    "JSON of 10,000 characters": f"torch-{'a' * 10_000}-variants.json",
    "JSON without a name": "-variants.json",
}


@pytest.mark.parametrize(
    "link",
    [
        *(pytest.param(link, id=name) for name, link in LINKS.items()),
        pytest.param(
            f"torch-{MANY}-variants.json",
            id="JSON of a version with 5,000 digits",
        ),
    ],
)
@pytest.mark.parametrize("labels", [(None, *ALL), CUDA], ids=["more", "few"])
def test_link_that_is_nonsense(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    link: str,
    labels: tuple[str | None, ...],
) -> None:
    """A page may list any name; the best of the others is taken, without a word."""
    write_index(tmp_path / "index", tag, labels)
    page = tmp_path / "index/simple/torch/index.html"
    name = link.replace("TAG", tag)
    page.write_text(page.read_text().replace("<body>", f'<body><a href="{name}">{name}</a>'))
    server.replies[f"/simple/torch/{unquote(name)}"] = Reply(404)
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert (said.last, said.err) == ("Would install torch-2.8.0-cu129", "")
    assert all(len(line) < 200 for line in said.out.splitlines())


def test_best_label_is_too_long_for_a_file(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A label of 10,000 good characters in JSON and page does not stop the install."""
    write_index(tmp_path / "index", tag, (None, "cu126"))
    label = "a" * 10_000
    page = tmp_path / "index/simple/torch/index.html"
    name = f"torch-2.8.0-{tag}-{label}.whl"
    page.write_text(page.read_text().replace("<body>", f'<body><a href="{name}">{name}</a>'))
    server.replies[DOCUMENT] = body(with_variants({label: cuda("12.9"), "cu126": cuda("12.6")}))
    server.replies[f"/simple/torch/{name}"] = Reply(body=b"never a wheel")
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert said.last in ("Would install torch-2.8.0-cu126", "Would install torch-2.8.0")


def test_label_without_a_wheel(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """A label that no wheel has costs nothing, however long it is."""
    write_index(tmp_path / "index", tag)
    other = {"other": {"feature": ["value"]}}
    server.replies[DOCUMENT] = body(with_variants({**VARIANTS, "a" * 10_000: other}))
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert (said.last, said.err) == ("Would install torch-2.8.0-cu129", "")


def test_document_without_a_hash(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """Many real pages give no hashes: all works without any."""
    files = torch_files(tmp_path / "index/files", tag, (None, *ALL))
    listed = [Listed(file, hashed=False) for file in files]
    write_simple_index(tmp_path / "index", {"torch": listed})
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert (said.last, said.err) == ("Would install torch-2.8.0-cu129", "")


def test_installing_for_real(own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """The plain wheel that is left is really installed."""
    write_index(tmp_path / "index", tag)
    server.replies[DOCUMENT] = Reply(404)
    said = own_pip.run("install", "--index-url", f"{server.url}simple/", "torch")
    assert said.last == "Successfully installed torch-2.8.0"
    assert said.err == f"{IGNORING}the server answered with status 404\n"
    assert own_pip.start("-c", "import torch").out == "torch 2.8.0, plain build\n"


def test_empty_property_set(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """An empty property set is a null variant, whatever its label says: last of the variants."""
    write_index(tmp_path / "index", tag, (None, "cu126", "cu129"))
    server.replies[DOCUMENT] = body(with_variants({"cu126": cuda("12.6"), "cu129": {}}))
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert (said.last, said.err) == ("Would install torch-2.8.0-cu126", "")


def test_namespace_without_features(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A bad namespace is bad also if nothing stands in it."""
    write_index(tmp_path / "index", tag, (None, "cu129"))
    server.replies[DOCUMENT] = body(with_variants({"cu129": {"../nvidia": {}}}))
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert said.out == PLAIN
    assert said.err == f"{IGNORING}variants['cu129']['../nvidia']: not a name of a-z, 0-9 and _\n"
