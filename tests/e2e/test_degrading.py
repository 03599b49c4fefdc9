"""Metadata that cannot be had or believed: one warning, and everything else as pip would."""

from __future__ import annotations

import json
import subprocess
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from stand_in import TORCH_280, IndexServer, Listed, Reply, write_simple_index, write_wheel
from stand_in_wheel import Json, dump

from tests.e2e.indexes import ALL, CUDA, cuda, torch_files, torch_sdist, with_variants
from tests.e2e.pips import FORCE_CUDA, FORCE_SM, NEW, OLD, OLD_WHY, Pip, asked
from tests.venvs import offline_env

DOCUMENT = "/files/torch-2.8.0-variants.json"
IGNORING = "WARNING: Ignoring the variant wheels of torch 2.8.0: "
LEGACY = "--use-deprecated=legacy-resolver"


@dataclass(frozen=True, slots=True)
class Failure:
    """What the server answers for the JSON, the options of pip, and the reason in the warning."""

    reply: Reply
    reason: str
    options: tuple[str, ...] = ()
    hashed: bool = False


FAILURES = {
    "broken": Failure(
        Reply(body=b'{"variants": }'), "not JSON: Expecting value: line 1 column 14 (char 13)"
    ),
    "missing": Failure(Reply(404), "the server answered with status 404"),
    "forbidden": Failure(Reply(403), "the server answered with status 403"),
    "failing": Failure(
        Reply(503), "cannot be fetched: 'too many 503 error responses'", ("--retries", "1")
    ),
    "slow": Failure(
        Reply(delay=20),
        "cannot be fetched: 'Read timed out. (read timeout=1.0)'",
        ("--timeout", "1", "--retries", "0"),
    ),
    "truncated": Failure(
        Reply(body=dump(TORCH_280), cut=100),
        f"truncated: 100 of '{len(dump(TORCH_280))}' bytes arrived",
    ),
    "another hash": Failure(
        Reply(body=dump(with_variants({"cu129": {}}))),
        "its hash differs from the one that its link gives",
        hashed=True,
    ),
    "contradictory": Failure(
        Reply(body=b'{"variants": {"cu129": {}, "cu129": {"x": {"y": ["z"]}}}}'),
        "the key 'cu129' occurs twice in one object",
    ),
    "of another shape": Failure(
        Reply(body=dump({**TORCH_280, "variants": ["cu129"]})),
        "variants: expected an object, found a list",
    ),
    "of tomorrow": Failure(
        Reply(body=dump({**TORCH_280, "$schema": "https://example.org/v2.0.0.json"})),
        "$schema: major version 2 is not supported",
    ),
}

# The files of 2.8.0 besides its variants, and what is taken. The plain wheel of 2.7.0 lies there.
LEFT = {
    "plain": ((None,), "torch-2.8.0"),
    "sdist": (("sdist",), "torch-2.8.0"),
    "both": (("sdist", None), "torch-2.8.0"),
    "older": ((), "torch-2.7.0"),
}


def write_index(root: Path, tag: str, besides: tuple[str | None, ...], *, hashed: bool) -> None:
    """Write an index with the variants of torch 2.8.0, files besides them, and torch 2.7.0."""
    folder = root / "files"
    labels = [label for label in besides if label != "sdist"]
    *wheels, document = torch_files(folder, tag, [*labels, *ALL])
    older = torch_files(folder, tag, [None], version="2.7.0")
    files = [*wheels, *older]
    if "sdist" in besides:
        files.append(torch_sdist(folder))
    write_simple_index(root, {"torch": [*files, Listed(document, hashed=hashed)]})


@pytest.mark.parametrize(
    ("case", "left", "resolver"),
    [
        *(pytest.param(case, "plain", (), id=case) for case in FAILURES),
        *(pytest.param("missing", left, (), id=f"missing-{left}") for left in LEFT),
        *(pytest.param("broken", left, (LEGACY,), id=f"broken-{left}-legacy") for left in LEFT),
    ],
)
def test_what_is_left(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    case: str,
    left: str,
    resolver: tuple[str, ...],
) -> None:
    """The variants are out, one warning says why, and the next best is taken with exit status 0."""
    failure = FAILURES[case]
    besides, taken = LEFT[left]
    write_index(tmp_path / "index", tag, besides, hashed=failure.hashed)
    server.replies[DOCUMENT] = failure.reply
    options = (*failure.options, *resolver)
    said = pip.dry_run(f"{server.url}simple/", *options, "torch")
    warning = f"{IGNORING}torch-2.8.0-variants.json: {failure.reason}\n"
    assert (said.err, said.last) == (warning, f"Would install {taken}")
    assert "variant_hash" not in said.out
    assert [path for path in server.asked(".whl") if path.count("-") > 4] == []


@pytest.mark.parametrize("left", LEFT)
def test_all_incompatible(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, left: str
) -> None:
    """A version whose variants are fine but none fits is no warning: one line, and the next."""
    besides, taken = LEFT[left]
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, [*(label for label in besides if label is None), *CUDA])
    files += torch_files(folder, tag, [None], version="2.7.0")
    if "sdist" in besides:
        files.append(torch_sdist(folder))
    write_simple_index(tmp_path / "index", {"torch": files})
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD)
    assert (said.err, said.last) == ("", f"Would install {taken}")
    line = f"Passed over cu126, cu128 and cu129 of torch 2.8.0: {OLD_WHY}"
    assert [text for text in said.out.splitlines() if "Passed over" in text] == [line]


def test_slow_but_in_time(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """A server that takes its time is waited for."""
    write_index(tmp_path / "index", tag, (None,), hashed=False)
    server.replies[DOCUMENT] = Reply(delay=1.5)
    said = pip.dry_run(f"{server.url}simple/", "--timeout", "10", "torch")
    assert (said.err, said.last) == ("", "Would install torch-2.8.0-cu129")


class Flaky(dict[str, Reply]):
    """Replies of which each is given a number of times only, then comes the plain truth."""

    def __init__(self, times: int, replies: dict[str, Reply]) -> None:
        super().__init__(replies)
        self.left = dict.fromkeys(replies, times)

    def get(self, path: str, default: Reply | None = None) -> Reply | None:  # type: ignore[override] # the one call of it
        """Return the reply for a path, as long as there are any left."""
        if not self.left.get(path):
            return default
        self.left[path] -= 1
        return self[path]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_retries(pip: Pip, server: IndexServer, tmp_path: Path, tag: str, status: int) -> None:
    """A server that fails twice is asked again, as pip asks for every other file."""
    write_index(tmp_path / "index", tag, (None,), hashed=False)
    server.replies = Flaky(2, {DOCUMENT: Reply(status)})
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert (said.err, said.last) == ("", "Would install torch-2.8.0-cu129")
    answers = [line.rpartition(" ")[2] for line in asked(server) if DOCUMENT in line]
    assert answers == [str(status), str(status), "200"]


def test_retries_of_a_page_and_a_wheel(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """The same holds around the JSON: page and chosen wheel are asked for again."""
    write_index(tmp_path / "index", tag, (None,), hashed=False)
    wheel = f"/files/torch-2.8.0-{tag}-cu129.whl"
    server.replies = Flaky(1, {"/simple/torch/": Reply(503), wheel: Reply(503)})
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert (said.err, said.last) == ("", "Would install torch-2.8.0-cu129")


@pytest.mark.parametrize(("retries", "requests"), [(0, 1), (2, 3)])
def test_number_of_retries(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, retries: int, requests: int
) -> None:
    """`--retries` counts for the JSON, and after the last failure nobody asks again."""
    write_index(tmp_path / "index", tag, (None,), hashed=False)
    server.replies[DOCUMENT] = Reply(503)
    options = ("--retries", str(retries), "torch", "torch>=2.8", "torch==2.8.0")
    said = pip.dry_run(f"{server.url}simple/", *options)
    assert said.last == "Would install torch-2.8.0"
    assert said.err.count("WARNING") == 1
    assert len(server.asked(DOCUMENT)) == requests


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_no_retries(pip: Pip, server: IndexServer, tmp_path: Path, tag: str, status: int) -> None:
    """An answer that is final is asked for once, however often the project is wanted."""
    write_index(tmp_path / "index", tag, (None,), hashed=False)
    server.replies[DOCUMENT] = Reply(status)
    app = write_wheel(pip.folder, "app-1.0-py3-none-any.whl", requires=["torch", "torch>=2.7"])
    options = ("--no-input", app.name, "torch>=2.8", "torch")
    said = pip.dry_run(f"{server.url}simple/", *options)
    reason = f"the server answered with status {status}"
    assert said.err == f"{IGNORING}torch-2.8.0-variants.json: {reason}\n"
    assert len(server.asked(DOCUMENT)) == 1


def test_other_projects_keep_their_variants(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Broken metadata of one project is nothing to another."""
    write_index(tmp_path / "index", tag, (None,), hashed=False)
    torch = [path for path in (tmp_path / "index/files").iterdir() if path.name[:5] == "torch"]
    vision = torch_files(tmp_path / "index/files", tag, ALL, name="vision", version="1.0")
    listed = [Listed(path, hashed=False) for path in torch]
    write_simple_index(tmp_path / "index", {"torch": listed, "vision": vision})
    server.replies[DOCUMENT] = Reply(404)
    said = pip.dry_run(f"{server.url}simple/", "torch", "vision")
    assert said.last == "Would install torch-2.8.0 vision-1.0-cu129"
    reason = "the server answered with status 404"
    assert said.err == f"{IGNORING}torch-2.8.0-variants.json: {reason}\n"


def test_two_versions(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """Each version whose metadata is broken has its one warning, until one is good."""
    folder = tmp_path / "index/files"
    files = [
        file
        for version in ("2.7.0", "2.8.0", "2.9.0")
        for file in torch_files(folder, tag, ALL, version=version)
    ]
    write_simple_index(tmp_path / "index", {"torch": files})
    server.replies[DOCUMENT.replace("2.8.0", "2.9.0")] = Reply(404)
    server.replies[DOCUMENT] = Reply(403)
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert said.last == "Would install torch-2.7.0-cu129"
    assert said.err == "".join(
        f"WARNING: Ignoring the variant wheels of torch {version}: torch-{version}-variants.json:"
        f" the server answered with status {status}\n"
        for version, status in (("2.9.0", 404), ("2.8.0", 403))
    )


def write_contradiction(root: Path, tag: str, *, described: bool) -> None:
    """Write an index whose JSON and whose best wheel say two things of one label."""
    folder = root / "files"
    *wheels, document = torch_files(folder, tag, (None, *ALL))
    other = with_variants({"cu129": cuda("13.0")})
    write_wheel(folder, f"torch-2.8.0-{tag}-cu129.whl", variant_json=other)
    listed = [Listed(wheel, core_metadata=described) for wheel in wheels]
    write_simple_index(root, {"torch": [*listed, Listed(document)]})


def test_wheel_contradicts_the_document(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A wheel that says something else of its label than the JSON is out, and the next is taken."""
    write_contradiction(tmp_path / "index", tag, described=False)
    said = pip.dry_run(f"{server.url}simple/", "torch")
    discarding = [line for line in said.out.splitlines() if line.startswith("Discarding ")]
    assert len(discarding) == 1
    assert "/torch-2.8.0-TAG-cu129.whl" in discarding[0]
    assert "but metadata has 'cu129: nvidia :: cuda_version_lower_bound :: 13.0'" in discarding[0]
    assert said.last == "Would install torch-2.8.0-cu128"


@pytest.mark.parametrize("described", [False, True], ids=["legacy", "PEP 658"])
def test_wheel_contradicts_the_document_too_late(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, *, described: bool
) -> None:
    """Where pip cannot take another one any more, the contradiction is an error."""
    write_contradiction(tmp_path / "index", tag, described=described)
    options = () if described else (LEGACY,)
    said = pip.dry_run(f"{server.url}simple/", *options, "torch", status=1)
    assert said.err.startswith("ERROR: Requested torch from INDEX/files/torch-2.8.0-TAG-cu129.whl")
    assert "has inconsistent variant: expected 'cu129: nvidia ::" in said.err
    assert said.err.endswith("has 'cu129: nvidia :: cuda_version_lower_bound :: 13.0'\n")
    assert "Would install" not in said.out


# ---- Hostile text --------------------------------------------------------------------------------

EVIL = "\x1b]0;owned\x07\x1b[2J\r\x08\x00\x7f\x9b31m\u202e\u2028"


def provider(**fields: object) -> Json:
    """Return metadata whose provider has these fields."""
    table = {"requires": ["nvidia-variant-provider"], **fields}
    return {**TORCH_280, "providers": {"nvidia": table}}


HOSTILE: dict[str, Json] = {
    "label": with_variants({EVIL: {}}),
    "namespace": with_variants({"cu129": {EVIL: {"a": ["b"]}}}),
    "feature": with_variants({"cu129": {"nvidia": {EVIL: ["b"]}}}),
    "value": with_variants({"cu129": {"nvidia": {"a": [EVIL]}}}),
    "value of another type": with_variants({"cu129": {"nvidia": {"a": [{EVIL: EVIL}]}}}),
    "priority": {**TORCH_280, "default-priorities": {"namespace": [EVIL]}},
    "priority of a feature": {
        **TORCH_280,
        "default-priorities": {"namespace": ["nvidia"], "feature": {EVIL: [EVIL]}},
    },
    "schema": {**TORCH_280, "$schema": f"{EVIL}/v2.0.0.json"},
    "unknown key": {**TORCH_280, EVIL: {EVIL: EVIL}},
    "provider's namespace": {**TORCH_280, "providers": {EVIL: {"requires": [EVIL]}}},
    "unknown key of a provider": provider(**{EVIL: EVIL}),
    "requires": provider(requires=[EVIL]),
    "requires, an address": provider(requires=[f"x @ https://example.org/{EVIL}"]),
    "plugin-api": provider(**{"plugin-api": EVIL}),
    "enable-if": provider(**{"enable-if": EVIL}),
    "enable-if, a literal": provider(**{"enable-if": f"os_name == '{EVIL}'"}),
    "builtin": {**TORCH_280, "providers": {"nvidia": {"builtin": EVIL}}},
    "static": {**TORCH_280, "providers": {"nvidia": {"static-properties": {EVIL: [EVIL]}}}},
}


def controls(text: str) -> set[str]:
    """Return the characters that steer a terminal, or the order in which it shows others."""
    return {char for char in text if unicodedata.category(char)[0] == "C" or char in "\u2028\u2029"}


@pytest.fixture
def raw(pip: Pip, server: IndexServer) -> Callable[..., str]:
    """Return a function that dry-runs pip and gives every byte of what it said, but line ends."""

    def run(*args: str, status: int = 0) -> str:
        env = offline_env(
            PIP_CACHE_DIR=str(pip.folder / "cache"), NO_PROXY="127.0.0.1", PYTHONUTF8="1"
        )
        del env["PIP_NO_INDEX"]
        env |= {FORCE_CUDA: NEW.cuda, FORCE_SM: NEW.sm}
        index = ("--index-url", f"{server.url}simple/")
        command = (str(pip.python), "-m", "pip", "install", "--dry-run", *index, *args)
        done = subprocess.run(command, env=env, cwd=pip.folder, capture_output=True, check=False)
        said = (done.stdout + done.stderr).decode()
        assert done.returncode == status, said
        assert "Traceback" not in said
        return said.replace("\n", "")

    return run


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_document(
    raw: Callable[..., str], server: IndexServer, tmp_path: Path, tag: str, case: str
) -> None:
    """Nothing in a JSON steers the terminal of its reader, and something else is taken."""
    write_index(tmp_path / "index", tag, (None,), hashed=False)
    server.replies[DOCUMENT] = Reply(body=json.dumps(HOSTILE[case]).encode())
    said = raw("-v", "torch")
    assert controls(said) == set()
    assert "Would install torch-2.8.0" in said


def test_hostile_document_of_a_wheel(
    raw: Callable[..., str], server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Nor does anything in the variant.json of a wheel that is given."""
    name = f"torch-2.8.0-{tag}-cu129.whl"
    for case, document in HOSTILE.items():
        folder = tmp_path / case
        write_wheel(folder, name, variant_json=dump(document))
        said = raw("--no-deps", str(folder / name), status=1)
        assert controls(said) == set(), case
    assert server.asked() == []
