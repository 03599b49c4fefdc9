"""Where variants and their metadata come from: pages, folders, mirrors, two indexes, one wheel.

The wheels are large beside what tells a variant, so that what was downloaded shows in the bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from stand_in import TORCH_280, IndexServer, Listed, Reply, write_simple_index, write_wheel
from stand_in_wheel import Json, dump

from tests.e2e.indexes import ALL, CUDA, cuda, with_provider, with_variants
from tests.e2e.pips import NEW, OLD, OLD_WHY, QUERYING, Machine, Pip, asked, downloaded

LOOKING = "Looking in indexes: INDEX/simple/\n"
IGNORING = "WARNING: Ignoring the variant wheels of torch 2.8.0: "
EMPTY = "'no variant.json in it'"
ONE_LABEL = "variant.json must have just the label of the name, not"
NO_JSON = "there is no *-variants.json beside them, and "
NOT_FOUND = """\
ERROR: Could not find a version that satisfies the requirement torch (from versions: 2.8.0)
ERROR: No matching distribution found for torch
"""
# Below what pip shows a progress bar for.
LARGE = 400_000
# What pip's reader of remote archives fetches at a time, and all of it that a wheel's list of files
# and one small file can need.
PIECE = 10240
FEW_PIECES = 3 * PIECE
EASY, STRICT = cuda("12.5"), cuda("12.9")


def write_files(
    folder: Path,
    tag: str,
    labels: Sequence[str | None],
    *,
    metadata: Json = TORCH_280,
    own: bool = True,
    builds: Sequence[str] = ("",),
) -> list[Path]:
    """Write a large wheel of torch 2.8.0 for each build tag and label (None: plain)."""
    payload = {"torch/lib.bin": bytes(LARGE)}
    return [
        write_wheel(
            folder,
            f"torch-2.8.0{build}-{tag}{f'-{label}' if label else ''}.whl",
            variant_json=metadata if own else None,
            files=payload,
        )
        for label in labels
        for build in builds
    ]


def write_document(folder: Path, metadata: Json = TORCH_280) -> Path:
    """Write the combined JSON of torch 2.8.0."""
    path = folder / "torch-2.8.0-variants.json"
    path.write_bytes(dump(metadata))
    return path


def without(label: str) -> Json:
    """Return the metadata of torch 2.8.0 that has forgotten one label."""
    variants = TORCH_280["variants"]
    assert isinstance(variants, dict)
    return with_variants({key: value for key, value in variants.items() if key != label})


def sent(server: IndexServer) -> Mapping[str, int]:
    """Return how many bytes of each wheel were sent, by its label ("" for a plain one)."""
    found: dict[str, int] = {}
    for request in server.requests:
        if request.path.endswith(".whl"):
            stem = request.path.rsplit("/", 1)[1].removesuffix(".whl")
            label = stem.split("-", 5)[5] if stem.count("-") > 4 else ""
            found[label] = found.get(label, 0) + request.sent
    return found


# pages


@pytest.mark.parametrize("form", ["HTML", "JSON"])
def test_form_of_the_page(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, form: str
) -> None:
    """A page in either form, which is the only one here, lists wheels and their JSON."""
    root = tmp_path / "index"
    files = [*write_files(root / "files", tag, (None, *ALL)), write_document(root / "files")]
    write_simple_index(root, {"torch": files}, json_pages=form == "JSON")
    if form == "JSON":
        (root / "simple/torch/index.html").unlink()
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert (said.last, said.err) == ("Would install torch-2.8.0-cu129", "")
    assert asked(server) == [
        "GET /simple/torch/ 200",
        "GET /files/torch-2.8.0-variants.json 200",
        f"GET /files/torch-2.8.0-{tag}-cu129.whl 200",
    ]


@pytest.mark.parametrize("form", ["HTML", "JSON"])
def test_what_a_page_says_of_the_metadata(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, form: str
) -> None:
    """That the JSON is yanked, for another Python, or has metadata of its own, means nothing."""
    root = tmp_path / "index"
    files = [*write_files(root / "files", tag, ALL), write_document(root / "files")]
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
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert (said.last, said.err) == ("Would install torch-2.8.0-cu129", "")
    assert "GET /files/torch-2.8.0-variants.json 200" in asked(server)


@pytest.mark.parametrize("form", ["HTML", "JSON"])
def test_hash_of_the_metadata(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, form: str
) -> None:
    """If the page gives a hash for the JSON, it is verified."""
    root = tmp_path / "index"
    files = [*write_files(root / "files", tag, (None, *ALL)), write_document(root / "files")]
    write_simple_index(root, {"torch": files}, json_pages=form == "JSON")
    server.replies["/files/torch-2.8.0-variants.json"] = Reply(body=dump(with_variants({})))
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert said.last == "Would install torch-2.8.0"
    assert said.err == (
        f"{IGNORING}torch-2.8.0-variants.json: its hash differs from the one that its link gives\n"
    )


@pytest.mark.parametrize("served", [True, False], ids=["page", "folder"])
@pytest.mark.parametrize("combined", [True, False], ids=["with JSON", "without JSON"])
def test_find_links(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, *, served: bool, combined: bool
) -> None:
    """A folder and a served page are sources; of what lies afar only the parts are fetched."""
    root = tmp_path / "index"
    wheels = write_files(root / "simple/torch", tag, (None, *ALL), own=not combined)
    document = [write_document(root / "simple/torch")] if combined else []
    write_simple_index(root, {"torch": [*wheels, *document]})
    place = f"{server.url}simple/torch/" if served else str(root / "simple/torch")
    find = ("install", "--dry-run", "--no-index", "--find-links", place, "torch")
    for machine, label in ((NEW, "cu129"), (OLD, "00000000")):
        server.requests.clear()
        said = pip.run(*find, "--no-cache-dir", machine=machine)
        assert (said.last, said.err) == (f"Would install torch-2.8.0-{label}", "")
        if not served:
            assert server.requests == []
        elif combined:
            assert asked(server) == [
                "GET /simple/torch/ 200",
                "GET /simple/torch/torch-2.8.0-variants.json 200",
                f"GET /simple/torch/torch-2.8.0-{tag}-{label}.whl 200",
            ]
        else:
            others = {key: size for key, size in sent(server).items() if key != label}
            assert set(others) == set(ALL) - {label}
            assert all(0 < size <= FEW_PIECES for size in others.values())


# mirrors without the JSON


@pytest.mark.parametrize(
    ("machine", "label"), [(NEW, "cu129"), (OLD, "00000000")], ids=["new", "old"]
)
def test_one_wheel_of_each_label_is_read(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, machine: Machine, label: str
) -> None:
    """Without the JSON, a few bytes of one wheel of each label are read, and one is downloaded."""
    root = tmp_path / "index"
    wheels = write_files(root / "files", tag, (None, *ALL), builds=("-1", "-2"))
    write_simple_index(root, {"torch": wheels})
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=machine)
    assert (said.last, said.err) == (f"Would install torch-2.8.0-{label}", "")
    heads = [request.path for request in server.requests if request.method == "HEAD"]
    assert len(heads) == len(ALL)
    assert {path.rsplit("-", 1)[1] for path in heads} == {f"{label}.whl" for label in ALL}
    ranges = [request for request in server.requests if request.status == 206]
    assert {request.path for request in ranges} == set(heads)
    for path in heads:
        assert 0 < sum(item.sent for item in ranges if item.path == path) <= FEW_PIECES
    whole = [item for item in server.requests if item.method == "GET" and item.status == 200]
    assert [item.path for item in whole] == [
        "/simple/torch/",
        # Of one label pip's own order counts: the higher build number first.
        f"/files/torch-2.8.0-2-{tag}-{label}.whl",
    ]


def test_no_variant_fits_by_tags(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """Of wheels for other platforms nothing is read."""
    root = tmp_path / "index"
    wheels = write_files(root / "files", "cp39-cp39-win32", ALL)
    write_simple_index(root, {"torch": [*wheels, *write_files(root / "files", tag, [None])]})
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert (said.last, said.err) == ("Would install torch-2.8.0", "")
    assert asked(server) == ["GET /simple/torch/ 200", f"GET /files/torch-2.8.0-{tag}.whl 200"]


@pytest.mark.parametrize(
    ("machine", "label"), [(NEW, "cu129"), (OLD, "00000000")], ids=["new", "old"]
)
def test_mirror_without_ranges(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, machine: Machine, label: str
) -> None:
    """Without range requests small wheels are fetched whole to look into them, one of a label."""
    server.ranges = False
    root = tmp_path / "index"
    wheels = write_files(root / "files", tag, (None, *ALL), builds=("-1", "-2"))
    write_simple_index(root, {"torch": wheels})
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=machine)
    assert (said.last, said.err) == (f"Would install torch-2.8.0-{label}", "")
    whole = {item.path for item in server.requests if item.method == "GET" and item.sent > LARGE}
    assert whole == {f"/files/torch-2.8.0-2-{tag}-{name}.whl" for name in ALL}


@pytest.mark.parametrize("plain", [True, False], ids=["plain wheel", "nothing else"])
def test_mirror_without_ranges_of_large_wheels(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, *, plain: bool
) -> None:
    """A wheel that is too large for that costs one warning; what else is there is taken."""
    server.ranges = False
    root = tmp_path / "index"
    payload = {"torch/lib.bin": bytes(17 << 20)}
    name = f"torch-2.8.0-{tag}-cu129.whl"
    wheel = write_wheel(root / "files", name, variant_json=TORCH_280, files=payload)
    others = write_files(root / "files", tag, [None] if plain else [])
    write_simple_index(root, {"torch": [wheel, *others]})
    said = pip.dry_run(f"{server.url}simple/", "torch", status=0 if plain else 1)
    warning = (
        f"{IGNORING}{NO_JSON}torch-2.8.0-TAG-cu129.whl: its server has no range requests, and the"
        " whole file is larger than 16 MiB\n"
    )
    taken = (
        "Collecting torch\n"
        "  Downloading INDEX/files/torch-2.8.0-TAG.whl (SIZE)\n"
        "Would install torch-2.8.0\n"
    )
    assert said.out == (f"{LOOKING}{taken}" if plain else LOOKING)
    assert said.err == (warning if plain else f"{warning}{NOT_FOUND}")


# a label that the JSON does not have


@pytest.mark.parametrize("machine", [NEW, OLD], ids=["new", "old"])
def test_missing_label(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, machine: Machine
) -> None:
    """A label that is not in the JSON is read from its wheel, whose other parts stay there."""
    root = tmp_path / "index"
    document = write_document(root, without("cu129"))
    write_simple_index(root, {"torch": [*write_files(root / "files", tag, ALL), document]})
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=machine)
    label = "cu129" if machine == NEW else "00000000"
    assert (said.last, said.err) == (f"Would install torch-2.8.0-{label}", "")
    if machine == OLD:
        assert f"cu126, cu128 and cu129 of torch 2.8.0: {OLD_WHY}\n" in said.out
        assert set(sent(server)) == {"cu129", "00000000"}
        assert 0 < sent(server)["cu129"] <= FEW_PIECES


BROKEN: Mapping[str, tuple[Json | bytes | None, str]] = {
    "not described": (None, EMPTY),
    "contradicting": (
        with_provider({"requires": ["other-provider"]}),
        "providers.nvidia: differs between the files",
    ),
    "two labels": (
        dump(with_variants({"cu129": cuda("12.9"), "cu128": cuda("12.8")})),
        f"{ONE_LABEL} cu128, cu129",
    ),
}


@pytest.mark.parametrize(("own", "problem"), BROKEN.values(), ids=list(BROKEN))
def test_missing_label_stays_out(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    own: Json | bytes | None,
    problem: str,
) -> None:
    """A label that neither the JSON nor its wheel explains costs itself and one warning."""
    root = tmp_path / "index"
    wheels = write_files(root / "files", tag, ("00000000", "cu126", "cu128"))
    wheels.append(write_wheel(root / "files", f"torch-2.8.0-{tag}-cu129.whl", variant_json=own))
    document = write_document(root, without("cu129"))
    write_simple_index(root, {"torch": [*wheels, document]})
    said = pip.dry_run(f"{server.url}simple/", "torch")
    assert said.last == "Would install torch-2.8.0-cu128"
    assert said.err == (
        "WARNING: Ignoring the variants labelled cu129 of torch 2.8.0: torch-2.8.0-TAG-cu129.whl:"
        f" {problem}\n"
    )


# two sources


@pytest.mark.parametrize("first", ["left", "right"])
@pytest.mark.parametrize(
    ("machine", "label"),
    [(Machine("12.6", "9.0"), "cu126"), (Machine("12.9", "12.0"), "cu129"), (OLD, None)],
    ids=["12.6", "12.9", "12.5"],
)
def test_two_indexes_with_different_labels(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    first: str,
    machine: Machine,
    label: str | None,
) -> None:
    """What fits is found on whichever of two indexes it lies, in whichever order they stand."""
    # cu126 is not built for 12.0.
    for name, labels in (("left", ["cu126"]), ("right", ["cu129"])):
        root = tmp_path / "index" / name
        files = write_files(root / "files", tag, labels)
        write_simple_index(root, {"torch": [*files, write_document(root)]})
    second = {"left": "right", "right": "left"}[first]
    urls = [f"{server.url}{name}/simple/" for name in (first, second)]
    status = 0 if label else 1
    said = pip.dry_run(
        urls[0], "--extra-index-url", urls[1], "torch", machine=machine, status=status
    )
    if label:
        assert (said.last, said.err) == (f"Would install torch-2.8.0-{label}", "")
    else:
        reason = "{0} needs nvidia :: cuda_version_lower_bound :: {1}, this machine has up to 12.5"
        for name, bound in (("cu126", "12.6"), ("cu129", "12.9")):
            line = f"Passed over {name} of torch 2.8.0: {reason.format(name, bound)}\n"
            assert line in said.out
        why = reason.format("cu126", "12.6")
        assert said.err == NOT_FOUND.replace("torch\n", f"torch: {why}\n")


@pytest.mark.parametrize(
    ("listed", "own", "source"),
    [(EASY, STRICT, "described"), (STRICT, EASY, "mirror"), (STRICT, STRICT, None)],
    ids=["JSON fits", "wheel fits", "none fits"],
)
@pytest.mark.parametrize("first", ["described", "mirror"])
def test_index_and_mirror_contradict(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    listed: Json,
    own: Json,
    source: str | None,
    first: str,
) -> None:
    """One label means this in an index's JSON and that in a mirror's wheel: each by its own."""
    # The files lie in one folder, and it is the page that makes a source.
    files = tmp_path / "index/files"
    variant = with_variants({"gpu": listed})
    wheel = write_files(files, tag, ["gpu"], metadata=variant)
    described = [*wheel, write_document(files, variant)]
    write_simple_index(tmp_path / "index/described", {"torch": described})
    mirrored = write_files(files / "2", tag, ["gpu"], metadata=with_variants({"gpu": own}))
    write_simple_index(tmp_path / "index/mirror", {"torch": mirrored})
    names = sorted(["described", "mirror"], key=lambda name: name != first)
    urls = [f"{server.url}{name}/simple/" for name in names]
    status = 0 if source else 1
    said = pip.dry_run(urls[0], "--extra-index-url", urls[1], "torch", machine=OLD, status=status)
    place = {"described": "INDEX/files/", "mirror": "INDEX/files/2/", None: None}[source]
    expected = [f"{place}torch-2.8.0-TAG-gpu.whl"] if place else []
    why = "gpu needs nvidia :: cuda_version_lower_bound :: 12.9, this machine has up to 12.5"
    error = "" if source else NOT_FOUND.replace("torch\n", f"torch: {why}\n")
    assert (downloaded(said), said.err) == (expected, error)


def test_metadata_of_another_page(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """The JSON of one page says nothing about a wheel of another, though it knows its label."""
    files = tmp_path / "index/files"
    known = [*write_files(files, tag, ["cu126"]), write_document(files)]
    write_simple_index(tmp_path / "index/known", {"torch": known})
    silent = write_files(files, tag, ["cu129"], own=False)
    write_simple_index(tmp_path / "index/silent", {"torch": silent})
    urls = [f"{server.url}{name}/simple/" for name in ("silent", "known")]
    said = pip.dry_run(urls[0], "--extra-index-url", urls[1], "torch")
    assert said.last == "Would install torch-2.8.0-cu126"
    assert said.err == f"{IGNORING}{NO_JSON}torch-2.8.0-TAG-cu129.whl: {EMPTY}\n"


# one wheel, by path, address or constraint


GIVEN = ("path", "address", "name and address", "constraint", "constraint with a path")


def give(how: str, server: IndexServer, pip: Pip) -> tuple[str, ...]:
    """Write an index with torch 2.8.0 and return arguments that name the wheel cu126 of it."""
    files = Path(pip.folder.parent, "index/files")
    listed = [*write_files(files, pip.tag, (None, *ALL)), write_document(files)]
    write_simple_index(files.parent, {"torch": listed})
    path = files / f"torch-2.8.0-{pip.tag}-cu126.whl"
    address = path.as_uri() if how.endswith("path") else f"{server.url}files/{path.name}"
    if how.startswith("constraint"):
        (pip.folder / "constraints.txt").write_text(f"torch @ {address}\n")
        return ("-c", "constraints.txt", "torch")
    return (f"torch @ {address}",) if how.startswith("name") else (address,)


@pytest.mark.parametrize("how", GIVEN)
def test_one_wheel(pip: Pip, server: IndexServer, how: str) -> None:
    """The wheel that the user names is taken, though a better one is there."""
    given = give(how, server, pip)
    said = pip.dry_run(f"{server.url}simple/", *given)
    assert (said.last, said.err) == ("Would install torch-2.8.0-cu126", "")
    assert said.out.count("variant_hash=") == said.out.count("variant_hash=cu126 ") == 1


@pytest.mark.parametrize("how", GIVEN[:3])
def test_one_wheel_that_does_not_fit(pip: Pip, server: IndexServer, how: str) -> None:
    """The wheel that the user names is refused with the reason, and not downloaded."""
    given = give(how, server, pip)
    said = pip.dry_run(f"{server.url}simple/", *given, machine=OLD, status=1)
    assert said.out == f"{LOOKING}{QUERYING}"
    assert said.err == f"ERROR: torch-2.8.0-TAG-cu126.whl does not fit this machine: {OLD_WHY}\n"
    assert sum(sent(server).values()) <= FEW_PIECES


@pytest.mark.parametrize("how", GIVEN[3:])
def test_constraint_that_does_not_fit(pip: Pip, server: IndexServer, how: str) -> None:
    """A constraint to a wheel that does not fit is pip's conflict; the wheel is not downloaded."""
    given = give(how, server, pip)
    said = pip.dry_run(f"{server.url}simple/", *given, machine=OLD, status=1)
    assert "    The user requested torch\n    The user requested (constraint) torch\n" in said.out
    assert "ERROR: Cannot install torch because these package versions have conflicting" in said.err
    assert sum(sent(server).values()) <= FEW_PIECES


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="pip drops the UnsupportedWheel of a constraint on a project that the user names",
)
@pytest.mark.parametrize("how", GIVEN[3:])
def test_reason_of_a_constraint_that_does_not_fit(pip: Pip, server: IndexServer, how: str) -> None:
    """Also for a constraint it is said why the wheel does not fit."""
    given = give(how, server, pip)
    said = pip.dry_run(f"{server.url}simple/", *given, machine=OLD, status=1)
    assert OLD_WHY in said.out + said.err


@pytest.mark.parametrize("source", ["path", "address", "address without ranges", "mirror"])
def test_own_metadata_of_another_label(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, source: str
) -> None:
    """A wheel whose variant.json has another label than its name is refused wherever it lies."""
    server.ranges = source != "address without ranges"
    root = tmp_path / "index"
    own = dump(with_variants({"cu126": cuda("12.6")}))
    wheel = write_wheel(root, f"torch-2.8.0-{tag}-cu129.whl", variant_json=own)
    write_simple_index(root, {"torch": [wheel]})
    given = {"path": str(wheel), "mirror": "torch"}.get(source, f"{server.url}{wheel.name}")
    said = pip.dry_run(f"{server.url}simple/", given, status=1)
    problem = f"{ONE_LABEL} cu126"
    name = "torch-2.8.0-TAG-cu129.whl"
    if source == "mirror":
        assert said.err == f"{IGNORING}{NO_JSON}{name}: {problem}\n{NOT_FOUND}"
    else:
        assert said.err == f"ERROR: {name} cannot be judged: {name}: {problem}\n"


@pytest.mark.parametrize("core_metadata", [False, True], ids=["full wheel", "PEP 658"])
def test_wheel_is_another_variant_than_its_source_says(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, *, core_metadata: bool
) -> None:
    """A wheel that turns out to be built otherwise than the index said is not installed.

    With its METADATA apart it arrives when the resolver is done: then that is the error.
    """
    root = tmp_path / "index"
    other = with_variants({"cu129": {"nvidia": {"sm_arch": ["75_real"]}}})
    wheels = write_files(root / "files", tag, ["cu129"], metadata=other)
    listed = [Listed(wheels[0], core_metadata=core_metadata)]
    listed.append(Listed(write_document(root / "files")))
    write_simple_index(root, {"torch": listed})
    said = own_pip.run("install", "--index-url", f"{server.url}simple/", "torch", status=1)
    said_first = "has inconsistent variant: expected 'cu129: nvidia :: cuda_version_lower_bound ::"
    assert said_first in said.out + said.err
    assert said.err.endswith(NOT_FOUND) is not core_metadata


def test_every_label_is_described_by_its_wheel_alone(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A JSON without any label is no hindrance: all are read from their wheels."""
    root = tmp_path / "index"
    document = write_document(root, with_variants({}))
    write_simple_index(root, {"torch": [*write_files(root / "files", tag, CUDA), document]})
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=Machine("12.8", "9.0"))
    assert (said.last, said.err) == ("Would install torch-2.8.0-cu128", "")
    assert set(sent(server)) == set(CUDA)
    assert all(sent(server)[label] <= FEW_PIECES for label in ("cu126", "cu129"))
