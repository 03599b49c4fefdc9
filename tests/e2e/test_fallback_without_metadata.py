"""What pip selects when the variant metadata of a version is unusable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.indexes import (
    ALL_LABELS,
    CUDA_LABELS,
    TORCH_JSON,
    torch_files,
    torch_sdist,
    with_variants,
    write_torch_with_fallbacks,
)
from tests.e2e.pips import (
    IGNORING,
    LEGACY_RESOLVER,
    OLD_DRIVER,
    OLD_DRIVER_REASON,
    READING,
    RESOLVERS,
    UNREAD,
    USE_NO_VARIANTS,
    Pip,
)
from tests.support.index_server import Chooser
from tests.support.stand_in import TORCH_280, IndexServer, Listed, Reply, write_simple_index
from tests.support.stand_in_wheel import dump


@dataclass(frozen=True, slots=True)
class Failure:
    """The reply of the server for the JSON, the options of pip, and the reason in the warning."""

    reply: Reply
    reason: str
    options: tuple[str, ...] = ()
    hashed: bool = False


FAILURES = {
    "broken": Failure(
        Reply(body=b'{"variants": }'), "not JSON: Expecting value: line 1 column 14 (char 13)"
    ),
    "missing": Failure(Reply(404), "the server responded with status 404"),
    "forbidden": Failure(Reply(403), "the server responded with status 403"),
    "failing": Failure(
        Reply(503), "cannot be fetched: 'too many 503 error responses'", ("--retries", "1")
    ),
    "slow": Failure(
        Reply(delay=20),
        "cannot be fetched: the server did not respond in time",
        ("--timeout", "1", "--retries", "0"),
    ),
    "truncated": Failure(
        Reply(body=dump(TORCH_280), cut=100),
        f"truncated: 100 of '{len(dump(TORCH_280))}' bytes arrived",
    ),
    "wrong hash": Failure(
        Reply(body=dump(with_variants({"cu129": {}}))),
        "its hash differs from the one that its link gives",
        hashed=True,
    ),
    "duplicate label": Failure(
        Reply(body=b'{"variants": {"cu129": {}, "cu129": {"x": {"y": ["z"]}}}}'),
        "the key 'cu129' occurs twice in one object",
    ),
    "wrong type": Failure(
        Reply(body=dump({**TORCH_280, "variants": ["cu129"]})),
        "variants: expected an object, found a list",
    ),
}
FUTURE = Reply(body=dump({**TORCH_280, "$schema": "https://example.org/v2.0.0.json"}))
FUTURE_REASON = "$schema: major version 2 is not supported"


# The files of 2.8.0 beside its variants, and what is selected; 2.7.0 always has a plain wheel.
FALLBACKS = {
    "plain": ((None,), "torch-2.8.0"),
    "sdist": (("sdist",), "torch-2.8.0"),
    "both": (("sdist", None), "torch-2.8.0"),
    "older": ((), "torch-2.7.0"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_unusable_json_changes_nothing_that_is_selected(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str
) -> None:
    """The wheels describe themselves, and one warning has the reason."""
    failure = FAILURES[case]
    write_torch_with_fallbacks(tmp_path / "index", tag, (None,), hashed=failure.hashed)
    server.replies[TORCH_JSON] = failure.reply
    output = pip.dry_run(f"{server.url}simple/", *failure.options, "torch")
    assert output.last_line == "Would install torch-2.8.0-cu129"
    assert output.stderr == f"{READING}{failure.reason}\n"


def failing_variants(reply: Reply) -> Chooser:
    """Return how a server responds to requests for wheels with a label, and for the JSON."""

    def choose(_: str, path: str, __: Mapping[str, str]) -> Reply | None:
        is_variant = path.endswith(".whl") and path.count("-") > 4
        return reply if is_variant or path == TORCH_JSON else None

    return choose


# How the server fails, the options, and the reason for the JSON and for a wheel.
OUTAGES: dict[str, tuple[Reply, tuple[str, ...], str]] = {
    "401": (Reply(401), ("--no-input",), "the server responded with status 401"),
    "404, legacy resolver": (
        Reply(404),
        (LEGACY_RESOLVER,),
        "the server responded with status 404",
    ),
    "503, very quiet": (
        Reply(503),
        ("--retries", "0", "-qq"),
        "'too many 503 error responses'",
    ),
}


@pytest.mark.parametrize("fallback", ["plain", "older"])
@pytest.mark.parametrize("case", OUTAGES)
def test_unread_variants_are_an_error(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str, fallback: str
) -> None:
    """Nothing is installed in their place; `--no-variants` does, and is named."""
    reply, options, reason = OUTAGES[case]
    write_torch_with_fallbacks(tmp_path / "index", tag, FALLBACKS[fallback][0], hashed=True)
    server.chooser = failing_variants(reply)
    url = f"{server.url}simple/"
    output = pip.dry_run(url, *options, "torch", status=1)
    (line,) = [line for line in output.stderr.splitlines() if line.startswith("ERROR")]
    assert line.startswith(
        f"{UNREAD}00000000, cu126, cu128 and cu129 cannot be read: torch-2.8.0-variants.json: "
    )
    assert "; torch-2.8.0-TAG-00000000.whl: cannot be read: " in line
    assert line.count(reason) == 2
    assert f"{line}\n".endswith(USE_NO_VARIANTS)
    assert "Would install" not in output.stdout
    output = pip.dry_run(url, "--no-variants", "torch")
    assert output.last_line == f"Would install {FALLBACKS[fallback][1]}"


@pytest.mark.parametrize("resolver", RESOLVERS.values(), ids=RESOLVERS)
@pytest.mark.parametrize("fallback", FALLBACKS)
def test_future_metadata_selects_the_next_best_file(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    fallback: str,
    resolver: tuple[str, ...],
) -> None:
    """The variants are ignored with one warning, and the next best file is selected."""
    other_files, selected = FALLBACKS[fallback]
    write_torch_with_fallbacks(tmp_path / "index", tag, other_files, hashed=False)
    server.replies[TORCH_JSON] = FUTURE
    output = pip.dry_run(f"{server.url}simple/", *resolver, "torch")
    warning = f"{IGNORING}torch-2.8.0-variants.json: {FUTURE_REASON}\n"
    assert (output.stderr, output.last_line) == (warning, f"Would install {selected}")
    assert "variant_hash" not in output.stdout
    assert [path for path in server.requested(".whl") if path.count("-") > 4] == []


@pytest.mark.parametrize("fallback", FALLBACKS)
def test_incompatible_variants_select_the_next_best_file(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, fallback: str
) -> None:
    """Usable metadata of which no variant fits is one line, no warning, and the next best file."""
    other_files, selected = FALLBACKS[fallback]
    folder = tmp_path / "index/files"
    files = torch_files(
        folder, tag, [*(label for label in other_files if label is None), *CUDA_LABELS]
    )
    files += torch_files(folder, tag, [None], version="2.7.0")
    if "sdist" in other_files:
        files.append(torch_sdist(folder))
    write_simple_index(tmp_path / "index", {"torch": files})
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD_DRIVER)
    assert (output.stderr, output.last_line) == ("", f"Would install {selected}")
    line = f"Passed over cu126, cu128 and cu129 of torch 2.8.0: {OLD_DRIVER_REASON}"
    assert [text for text in output.stdout.splitlines() if "Passed over" in text] == [line]


def test_broken_metadata_does_not_affect_other_projects(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Ignored metadata of one project does not affect the variants of another one."""
    write_torch_with_fallbacks(tmp_path / "index", tag, (None,), hashed=False)
    torch = [path for path in (tmp_path / "index/files").iterdir() if path.name[:5] == "torch"]
    vision = torch_files(tmp_path / "index/files", tag, ALL_LABELS, name="vision", version="1.0")
    listed = [Listed(path, hashed=False) for path in torch]
    write_simple_index(tmp_path / "index", {"torch": listed, "vision": vision})
    server.replies[TORCH_JSON] = FUTURE
    output = pip.dry_run(f"{server.url}simple/", "torch", "vision")
    assert output.last_line == "Would install torch-2.8.0 vision-1.0-cu129"
    assert output.stderr == f"{IGNORING}torch-2.8.0-variants.json: {FUTURE_REASON}\n"


def test_each_version_with_ignored_metadata_is_one_warning(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Each version whose metadata is ignored is one warning, until a version is usable."""
    folder = tmp_path / "index/files"
    files: list[Path | Listed] = []
    for version in ("2.7.0", "2.8.0", "2.9.0"):
        *wheels, document = torch_files(folder, tag, ALL_LABELS, version=version)
        files += [*wheels, Listed(document, hashed=False)]
    write_simple_index(tmp_path / "index", {"torch": files})
    server.replies[TORCH_JSON.replace("2.8.0", "2.9.0")] = FUTURE
    server.replies[TORCH_JSON] = FUTURE
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert output.last_line == "Would install torch-2.7.0-cu129"
    assert output.stderr == "".join(
        f"WARNING: Ignoring the variant wheels of torch {version}: torch-{version}-variants.json:"
        f" {FUTURE_REASON}\n"
        for version in ("2.9.0", "2.8.0")
    )
