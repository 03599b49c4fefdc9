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
from tests.e2e.pips import READING, UNREAD, USE_NO_VARIANTS, Pip
from tests.support.stand_in import TORCH_280, IndexServer, Listed, Reply, write_simple_index
from tests.support.stand_in_wheel import Json

ENTRY = "WARNING: Ignoring an invalid entry in torch-2.8.0-variants.json: "
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
    undescribed: tuple[str, ...] = (),
    metadata: Json = TORCH_280,
) -> None:
    """Write an index with torch 2.8.0 whose page gives no hash for the variants JSON.

    The wheels of the labels in `undescribed` have no variant.json.
    """
    files = torch_files(root / "files", tag, labels, metadata=metadata)
    torch_files(root / "files", tag, undescribed, metadata=metadata, with_variant_json=False)
    write_simple_index(root, {"torch": [*files[:-1], Listed(files[-1], hashed=False)]})


# What the server sends for the variants JSON; tests/unit/test_reader_*.py have more.
DOCUMENTS = {
    "empty": (Reply(body=b""), "not JSON: Expecting value: line 1 column 1 (char 0)"),
    "HTML": (Reply(body=b"<html>"), "not JSON: Expecting value: line 1 column 1 (char 0)"),
    "not UTF-8": (
        Reply(body=b'{"\xff": 1}'),
        "not JSON: 'utf-8' codec can't decode byte 0xff in position 2: invalid start byte",
    ),
    "a list": (body([]), "expected an object, found a list"),
    "no variants": (body({}), "variants: missing"),
    "50 MB": (Reply(body=b" " * 50_000_000), "larger than 16 MiB"),
    "objects 100,000 deep": (
        Reply(body=b'{"variants":' * 100_000 + b"1" + b"}" * 100_000),
        "not JSON: nested too deeply",
    ),
    "duplicate label": (
        Reply(body=b'{"variants": {"cu129": {}, "cu129": {"nvidia": {"sm_arch": ["75_real"]}}}}'),
        "the key 'cu129' occurs twice in one object",
    ),
    "connection lost": (
        Reply(body=b"{}" * 500, cut=100),
        "truncated: 100 of '1000' bytes arrived",
    ),
    "encoding": (
        Reply(body=b"\x8b\x05\x80", headers=(("Content-Encoding", "br"),)),
        "the server sent it in an encoding that was not requested",
    ),
    "403": (Reply(403), "the server responded with status 403"),
    "410": (Reply(410), "the server responded with status 410"),
    "only invalid labels": (
        body(with_variants({"/" * 10_000: {}})),
        f"variants['{'/' * 79}...']: not a label of a-z, 0-9, _ and .",
    ),
    "provider in a list": (
        body({**TORCH_280, "providers": []}),
        "providers: expected an object, found a list",
    ),
}


@pytest.mark.parametrize(("reply", "problem"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_wheels_describe_themselves_beside_an_unusable_json(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, reply: Reply, problem: str
) -> None:
    """One warning names version, file and reason; what is selected is the same."""
    write_index(tmp_path / "index", tag)
    server.replies[TORCH_JSON] = reply
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == (
        "Would install torch-2.8.0-cu129",
        f"{READING}{problem}\n",
    )


SERVERS = {
    "500": (Reply(500), "500"),
    "no response in time": (Reply(delay=30), "the server did not respond in time"),
}


@pytest.mark.parametrize(("reply", "reason"), SERVERS.values(), ids=SERVERS)
def test_warning_contains_what_the_server_did(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, reply: Reply, reason: str
) -> None:
    """A server that fails for the JSON alone costs one warning with its status or the timeout."""
    write_index(tmp_path / "index", tag)
    server.replies[TORCH_JSON] = reply
    options = ("--retries", "0", "--timeout", "2")
    output = pip.dry_run(f"{server.url}simple/", *options, "torch")
    assert output.last_line == "Would install torch-2.8.0-cu129"
    assert output.stderr.startswith(READING)
    assert reason in output.stderr
    assert output.stderr.count("\n") == 1


ENTRIES = {
    "label with NUL": (
        {"cu\0": {}},
        "variants['cu\\x00']: not a label of a-z, 0-9, _ and .",
    ),
    "label that is a lone surrogate": (
        {"\ud800": {}},
        "variants['\\ud800']: not a label of a-z, 0-9, _ and .",
    ),
    "10,000 separators": (
        {"/" * 10_000: {}},
        f"variants['{'/' * 79}...']: not a label of a-z, 0-9, _ and .",
    ),
    "value with an escape sequence": (
        {"cu130": {"nvidia": {"sm_arch": ["\x1b[2J"]}}},
        "variants['cu130'].nvidia.sm_arch[0]: '\\x1b[2J' is not a value of a-z, 0-9, _ and .",
    ),
}


@pytest.mark.parametrize(("entry", "problem"), ENTRIES.values(), ids=ENTRIES)
def test_invalid_label_without_a_wheel_is_one_warning(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, entry: Json, problem: str
) -> None:
    """It costs nothing else, and the warning is safe on any terminal."""
    write_index(tmp_path / "index", tag)
    server.replies[TORCH_JSON] = body(with_variants({**VARIANTS, **entry}))
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == (
        "Would install torch-2.8.0-cu129",
        f"{ENTRY}{problem}\n",
    )


@pytest.mark.parametrize("undescribed", [(), ("cu129",)], ids=["described", "not described"])
def test_invalid_label_costs_only_its_wheel(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, undescribed: tuple[str, ...]
) -> None:
    """The best of the other labels is selected, and two lines say what is ignored."""
    write_index(tmp_path / "index", tag, undescribed=undescribed)
    variants = {**VARIANTS, "cu129": {"nvidia": {"sm_arch": []}}}
    server.replies[TORCH_JSON] = body(with_variants(variants))
    output = pip.dry_run(f"{server.url}simple/", "torch")
    problem = "variants['cu129'].nvidia.sm_arch: expected at least one value\n"
    assert output.last_line == "Would install torch-2.8.0-cu128"
    assert output.stderr == (
        f"{ENTRY}{problem}WARNING: Ignoring the variants labelled cu129 of torch 2.8.0:"
        f" torch-2.8.0-variants.json: {problem}"
    )


@pytest.mark.parametrize("labels", [ALL_LABELS, (None, *ALL_LABELS)], ids=["variants", "plain"])
def test_unusable_json_and_wheels_without_metadata_are_an_error(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, labels: tuple[str | None, ...]
) -> None:
    """Neither null nor the plain wheel nor an older version is selected."""
    folder = tmp_path / "index/files"
    older = torch_files(folder, tag, ALL_LABELS, version="2.7.0")
    newer = torch_files(folder, tag, labels, with_variant_json=False)
    write_simple_index(tmp_path / "index", {"torch": [*older, *newer]})
    server.replies[TORCH_JSON] = Reply(404)
    output = pip.dry_run(f"{server.url}simple/", "torch", status=1)
    assert output.stderr == (
        f"{UNREAD}00000000, cu126, cu128 and cu129 cannot be read: torch-2.8.0-variants.json: the"
        " server responded with status 404; torch-2.8.0-TAG-00000000.whl: there is no variant.json"
        f" in it.{USE_NO_VARIANTS}"
    )


@pytest.mark.parametrize(
    ("undescribed", "label"),
    [((), "cu129"), (("cu129",), "cu128")],
    ids=["described", "not described"],
)
def test_label_missing_in_json_is_read_from_its_wheel(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    undescribed: tuple[str, ...],
    label: str,
) -> None:
    """A label that is missing in the JSON is read from its wheel, or ignored with a warning."""
    write_index(tmp_path / "index", tag, undescribed=undescribed)
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
        problem if undescribed else "",
    )


def test_json_without_labels_leaves_the_plain_wheel(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """If the JSON and the wheels describe no label, the plain wheel is selected with a reason."""
    write_index(tmp_path / "index", tag, undescribed=ALL_LABELS)
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


TOO_LONG = "more than 4,096 characters\n"
# Fields of a provider, and what is reported as invalid.
PROVIDERS = {
    "operator that is undefined for strings": (
        {"enable-if": "platform_system ~= 'Linux'"},
        "",
    ),
    "name that is no version": ({"enable-if": "os_name >= '5'"}, ""),
    "enable-if with 5,000 digits": (
        {"enable-if": f"python_version > '{MANY}'"},
        f"{ENTRY}providers.nvidia.enable-if: {TOO_LONG}",
    ),
    "requires with 5,000 digits": (
        {"requires": [f"nvidia-variant-provider>={MANY}"]},
        f"{ENTRY}providers.nvidia.requires[0]: {TOO_LONG}",
    ),
}


@pytest.mark.parametrize(("fields", "warning"), PROVIDERS.values(), ids=PROVIDERS)
def test_provider_that_cannot_be_evaluated_supports_nothing(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    fields: dict[str, object],
    warning: str,
) -> None:
    """A provider whose declaration cannot be evaluated supports nothing, and a line reports it."""
    write_index(tmp_path / "index", tag)
    server.replies[TORCH_JSON] = body(with_provider(fields))
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert "Passed over cu126, cu128 and cu129 of torch 2.8.0: nvidia: " in output.stdout
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-00000000", warning)


INVALID_PROVIDERS: dict[str, tuple[dict[str, object], str]] = {
    "invalid marker": ({"enable-if": "this is no marker"}, ""),
    "deep marker": (
        {"enable-if": "(" * 5000 + "os_name == 'a'" + ")" * 5000},
        f"{ENTRY}providers.nvidia.enable-if: {TOO_LONG}",
    ),
    "path": ({"requires": ["../../evil"]}, ""),
    "10,000 characters": (
        {"requires": ["a" * 10_000]},
        f"{ENTRY}providers.nvidia.requires[0]: {TOO_LONG}",
    ),
    "address": ({"requires": ["nvidia-variant-provider @ http://127.0.0.1:9/evil.whl"]}, ""),
}


@pytest.mark.parametrize(("fields", "warning"), INVALID_PROVIDERS.values(), ids=INVALID_PROVIDERS)
def test_invalid_provider_supports_nothing_and_is_not_queried(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    fields: dict[str, object],
    warning: str,
) -> None:
    """A provider with an invalid declaration supports nothing and is not queried."""
    write_index(tmp_path / "index", tag)
    server.replies[TORCH_JSON] = body(with_provider(fields))
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert "Querying" not in output.stdout
    assert "Passed over cu126, cu128 and cu129 of torch 2.8.0: nvidia: " in output.stdout
    assert max(map(len, output.stdout.splitlines())) < 600
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-00000000", warning)


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
    server.replies[TORCH_JSON] = body(
        with_variants({label: cuda("12.9"), "cu126": VARIANTS["cu126"]})
    )
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


def test_variant_is_installed_after_missing_json(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """The variant that its wheel describes is really installed when the JSON is missing."""
    write_index(tmp_path / "index", tag)
    server.replies[TORCH_JSON] = Reply(404)
    output = own_pip.run("install", "--index-url", f"{server.url}simple/", "torch")
    assert output.last_line == "Successfully installed torch-2.8.0-cu129"
    assert output.stderr == f"{READING}the server responded with status 404\n"
    assert own_pip.run_python("-c", "import torch").stdout == "torch 2.8.0, build cu129\n"


def test_empty_property_set_is_a_null_variant(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A label without properties is a null variant, which comes last of the variants."""
    metadata = with_variants({"cu126": cuda("12.6"), "cu129": {}})
    write_index(tmp_path / "index", tag, (None, "cu126", "cu129"), metadata=metadata)
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu126", "")
