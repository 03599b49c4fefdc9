"""Malformed variants JSON, provider declarations and links on an index."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast
from urllib.parse import unquote

import pytest

from tests.e2e.indexes import (
    ALL_LABELS,
    CUDA_LABELS,
    TORCH_JSON,
    cuda,
    torch_files,
    with_provider,
    with_variants,
)
from tests.e2e.pips import NOT_FOUND, Pip
from tests.support.stand_in import TORCH_280, IndexServer, Listed, Reply, write_simple_index
from tests.support.stand_in_wheel import Json

IGNORING = "WARNING: Ignoring the variant wheels of torch 2.8.0: torch-2.8.0-variants.json: "
PLAIN = """\
Looking in indexes: INDEX/simple/
Collecting torch
  Would download INDEX/files/torch-2.8.0-TAG.whl (SIZE)
Would download 1 file (SIZE)
Would install torch-2.8.0
"""
VARIANTS = cast("Json", TORCH_280["variants"])
MANY = "9" * 5000
"""A number with more digits than int() reads."""


def body(document: object) -> Reply:
    """Return the reply with this JSON document."""
    return Reply(body=json.dumps(document).encode())


def write_index(
    root: Path,
    tag: str,
    labels: tuple[str | None, ...] = (None, *ALL_LABELS),
    *,
    with_variant_json: bool = False,
) -> None:
    """Write an index with torch 2.8.0 whose page gives no hash for the variants JSON.

    The wheels have their own variant.json only if `with_variant_json`.
    """
    files = torch_files(root / "files", tag, labels, with_variant_json=with_variant_json)
    write_simple_index(root, {"torch": [*files[:-1], Listed(files[-1], hashed=False)]})


DOCUMENTS = {
    "empty": (Reply(body=b""), "not JSON: Expecting value: line 1 column 1 (char 0)"),
    "HTML": (Reply(body=b"<html>"), "not JSON: Expecting value: line 1 column 1 (char 0)"),
    "half a string": (
        Reply(body=b'{"variants'),
        "not JSON: Unterminated string starting at: line 1 column 2 (char 1)",
    ),
    "two documents": (
        Reply(body=b"{} {}"),
        "not JSON: Extra data: line 1 column 4 (char 3)",
    ),
    "not UTF-8": (
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
    "403": (Reply(403), "the server responded with status 403"),
    "404": (Reply(404), "the server responded with status 404"),
    "410": (Reply(410), "the server responded with status 410"),
    "schema of a future version": (
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
    "label that is a lone surrogate": (
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
def test_malformed_json_is_one_warning_and_plain_wheel(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, reply: Reply, problem: str
) -> None:
    """One warning names project, file and reason, and the plain wheel is selected."""
    write_index(tmp_path / "index", tag)
    server.replies[TORCH_JSON] = reply
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.stdout, output.stderr) == (PLAIN, f"{IGNORING}{problem}\n")


SERVERS = {
    "500": (Reply(500), "500"),
    "503": (Reply(503), "503"),
    "no response in time": (Reply(delay=30), "timed out"),
}


@pytest.mark.parametrize(("reply", "reason"), SERVERS.values(), ids=SERVERS)
def test_failing_server_costs_only_the_variants(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, reply: Reply, reason: str
) -> None:
    """A server that fails for the variants JSON alone costs the variants and one warning."""
    del reason
    write_index(tmp_path / "index", tag)
    server.replies[TORCH_JSON] = reply
    options = ("--retries", "0", "--timeout", "2")
    output = pip.dry_run(f"{server.url}simple/", *options, "torch")
    assert output.stdout == PLAIN
    assert output.stderr.startswith(IGNORING)
    assert output.stderr.count("\n") == 1


@pytest.mark.parametrize(("reply", "reason"), SERVERS.values(), ids=SERVERS)
def test_warning_contains_what_the_server_did(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, reply: Reply, reason: str
) -> None:
    """The warning about a failing server contains its status or the timeout."""
    write_index(tmp_path / "index", tag)
    server.replies[TORCH_JSON] = reply
    options = ("--retries", "0", "--timeout", "2")
    output = pip.dry_run(f"{server.url}simple/", *options, "torch")
    assert reason in output.stderr


@pytest.mark.parametrize(
    ("reply", "problem"),
    [DOCUMENTS["a list"], DOCUMENTS["404"], DOCUMENTS["lists 100,000 deep"]],
    ids=["a list", "404", "lists 100,000 deep"],
)
def test_malformed_json_without_plain_wheel_is_an_error(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, reply: Reply, problem: str
) -> None:
    """Without a plain wheel the same warning precedes pip's error, and the exit status is 1."""
    write_index(tmp_path / "index", tag, ALL_LABELS)
    server.replies[TORCH_JSON] = reply
    output = pip.dry_run(f"{server.url}simple/", "torch", status=1)
    assert output.stdout == "Looking in indexes: INDEX/simple/\n"
    assert output.stderr == f"{IGNORING}{problem}\n{NOT_FOUND}"


def test_malformed_json_leaves_older_variants_usable(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A variant of an older version is selected when the newest version's JSON is missing."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, ALL_LABELS, version="2.7.0") + torch_files(
        folder, tag, ALL_LABELS
    )
    write_simple_index(tmp_path / "index", {"torch": files})
    server.replies[TORCH_JSON] = Reply(404)
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert output.last_line == "Would install torch-2.7.0-cu129"
    assert output.stderr == f"{IGNORING}the server responded with status 404\n"


@pytest.mark.parametrize(
    ("with_variant_json", "label"),
    [(True, "cu129"), (False, "cu128")],
    ids=["described", "not described"],
)
def test_label_missing_in_json_is_read_from_its_wheel(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, label: str, *, with_variant_json: bool
) -> None:
    """A label that is missing in the JSON is read from its wheel, or ignored with a warning."""
    write_index(tmp_path / "index", tag, with_variant_json=with_variant_json)
    known = dict(list(VARIANTS.items())[:3])
    assert list(known) == ["00000000", "cu126", "cu128"]
    server.replies[TORCH_JSON] = body(with_variants(known))
    output = pip.dry_run(f"{server.url}simple/", "torch")
    problem = (
        "WARNING: Ignoring the variants labelled cu129 of torch 2.8.0: torch-2.8.0-TAG-cu129.whl:"
        " there is no variant.json in it\n"
    )
    assert (output.last_line, output.stderr) == (
        f"Would install torch-2.8.0-{label}",
        "" if with_variant_json else problem,
    )


def test_json_without_labels_leaves_the_plain_wheel(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """If the JSON and the wheels describe no label, the plain wheel is selected with a reason."""
    write_index(tmp_path / "index", tag)
    server.replies[TORCH_JSON] = body(with_variants({}))
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert output.stdout == PLAIN.replace(
        "Collecting",
        "Passed over 00000000, cu126, cu128 and cu129 of torch 2.8.0: 00000000: no metadata"
        " describes its label\nCollecting",
    )
    assert output.stderr == (
        "WARNING: Ignoring the variants labelled 00000000, cu126, cu128 and cu129 of torch 2.8.0:"
        " torch-2.8.0-TAG-00000000.whl: there is no variant.json in it\n"
    )


def test_duplicate_label_makes_json_invalid(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A JSON that lists one label twice is invalid, and all its variants are ignored."""
    write_index(tmp_path / "index", tag)
    text = '{"variants": {"cu129": {"nvidia": {"sm_arch": ["75_real"]}}, "cu129": {}}}'
    server.replies[TORCH_JSON] = Reply(body=text.encode())
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert output.stdout == PLAIN
    assert output.stderr.startswith(IGNORING)


def test_wheel_with_other_provider_is_ignored(pip: Pip, tmp_path: Path, tag: str) -> None:
    """Without a variants JSON, a wheel that names another provider than the first is ignored."""
    torch_files(tmp_path, tag, [None, "cu128"])[-1].unlink()
    other = with_provider({"requires": ["other-provider"]})
    torch_files(tmp_path, tag, ["cu129"], metadata=other)[-1].unlink()
    output = pip.run("install", "--dry-run", "--no-index", "--find-links", tmp_path, "torch")
    assert output.last_line == "Would install torch-2.8.0-cu128"
    assert output.stderr == (
        "WARNING: Ignoring the variants labelled cu129 of torch 2.8.0: torch-2.8.0-TAG-cu129.whl:"
        " providers.nvidia: differs between the files\n"
    )


PROVIDERS = {
    "operator that is undefined for strings": {"enable-if": "platform_system ~= 'Linux'"},
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
def test_provider_that_cannot_be_evaluated_supports_nothing(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, fields: dict[str, object]
) -> None:
    """A provider whose declaration cannot be evaluated supports nothing, and a line reports it."""
    write_index(tmp_path / "index", tag)
    server.replies[TORCH_JSON] = body(with_provider(fields))
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert "Passed over cu126, cu128 and cu129 of torch 2.8.0: nvidia: " in output.stdout
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-00000000", "")


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
    ids=["invalid marker", "deep marker", "path", "10,000 characters", "address"],
)
def test_invalid_provider_supports_nothing_and_is_not_queried(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, fields: dict[str, object]
) -> None:
    """A provider with an invalid declaration supports nothing and is not queried."""
    write_index(tmp_path / "index", tag)
    server.replies[TORCH_JSON] = body(with_provider(fields))
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert "Querying" not in output.stdout
    assert "Passed over cu126, cu128 and cu129 of torch 2.8.0: nvidia: " in output.stdout
    assert max(map(len, output.stdout.splitlines())) < 600
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-00000000", "")


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
@pytest.mark.parametrize(
    "labels", [(None, *ALL_LABELS), CUDA_LABELS], ids=["all labels", "CUDA labels"]
)
def test_malformed_link_on_the_page_is_ignored(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    link: str,
    labels: tuple[str | None, ...],
) -> None:
    """A page may list any file name; the best of the valid wheels is selected without a warning."""
    write_index(tmp_path / "index", tag, labels)
    page = tmp_path / "index/simple/torch/index.html"
    name = link.replace("TAG", tag)
    page.write_text(page.read_text().replace("<body>", f'<body><a href="{name}">{name}</a>'))
    server.replies[f"/simple/torch/{unquote(name)}"] = Reply(404)
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")
    assert all(len(line) < 200 for line in output.stdout.splitlines())


def test_label_too_long_for_a_file_does_not_stop_the_install(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A label of 10,000 valid characters in JSON and page does not stop the install."""
    write_index(tmp_path / "index", tag, (None, "cu126"))
    label = "a" * 10_000
    page = tmp_path / "index/simple/torch/index.html"
    name = f"torch-2.8.0-{tag}-{label}.whl"
    page.write_text(page.read_text().replace("<body>", f'<body><a href="{name}">{name}</a>'))
    server.replies[TORCH_JSON] = body(with_variants({label: cuda("12.9"), "cu126": cuda("12.6")}))
    server.replies[f"/simple/torch/{name}"] = Reply(body=b"never a wheel")
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert output.last_line in ("Would install torch-2.8.0-cu126", "Would install torch-2.8.0")


def test_label_without_a_wheel_changes_nothing(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A label that no wheel has changes nothing, however long it is."""
    write_index(tmp_path / "index", tag)
    other = {"other": {"feature": ["value"]}}
    server.replies[TORCH_JSON] = body(with_variants({**VARIANTS, "a" * 10_000: other}))
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")


def test_page_without_hashes_is_no_problem(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Variants are selected although the page gives no hashes."""
    files = torch_files(tmp_path / "index/files", tag, (None, *ALL_LABELS))
    listed = [Listed(file, hashed=False) for file in files]
    write_simple_index(tmp_path / "index", {"torch": listed})
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")


def test_plain_wheel_is_installed_after_missing_json(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """The plain wheel is really installed when the variants JSON is missing."""
    write_index(tmp_path / "index", tag)
    server.replies[TORCH_JSON] = Reply(404)
    output = own_pip.run("install", "--index-url", f"{server.url}simple/", "torch")
    assert output.last_line == "Successfully installed torch-2.8.0"
    assert output.stderr == f"{IGNORING}the server responded with status 404\n"
    assert own_pip.run_python("-c", "import torch").stdout == "torch 2.8.0, plain build\n"


def test_empty_property_set_is_a_null_variant(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A label without properties is a null variant, which comes last of the variants."""
    write_index(tmp_path / "index", tag, (None, "cu126", "cu129"))
    server.replies[TORCH_JSON] = body(with_variants({"cu126": cuda("12.6"), "cu129": {}}))
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu126", "")


def test_invalid_namespace_without_features_is_an_error(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """An invalid namespace is an error even if it has no features."""
    write_index(tmp_path / "index", tag, (None, "cu129"))
    server.replies[TORCH_JSON] = body(with_variants({"cu129": {"../nvidia": {}}}))
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert output.stdout == PLAIN
    assert (
        output.stderr == f"{IGNORING}variants['cu129']['../nvidia']: not a name of a-z, 0-9 and _\n"
    )
