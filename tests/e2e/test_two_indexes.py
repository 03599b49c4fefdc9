"""The same project on two indexes, each with its own metadata."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.indexes import (
    cuda,
    large_torch_wheels,
    torch_files,
    with_variants,
    write_variants_json,
)
from tests.e2e.pips import (
    IGNORING,
    NEW_DRIVER,
    NOT_FOUND,
    OLD_DRIVER,
    OTHER_MACHINE,
    READING,
    UNREAD,
    Machine,
    Pip,
    needs_driver,
    planned_downloads,
)
from tests.support.stand_in import IndexServer, Listed, Reply, write_simple_index, write_wheel
from tests.support.stand_in_wheel import Json

NO_VARIANTS_JSON = "there is no *-variants.json beside them, and "
NO_VARIANT_JSON = "there is no variant.json in it"


@pytest.mark.parametrize("first", ["strict", "easy"])
@pytest.mark.parametrize("with_json", [True, False], ids=["with JSON", "without JSON"])
@pytest.mark.parametrize(
    ("machine", "sources_that_fit"),
    [
        (NEW_DRIVER, {"strict", "easy"}),
        (Machine("12.6", "9.0"), {"easy"}),
        (OLD_DRIVER, set[str]()),
    ],
    ids=["both fit", "one fits", "none fits"],
)
def test_same_wheel_name_is_judged_by_each_index(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    first: str,
    machine: Machine,
    sources_that_fit: set[str],
    *,
    with_json: bool,
) -> None:
    """The same file on two indexes is judged by the metadata of each."""
    for index, version in (("strict", "12.9"), ("easy", "12.6")):
        root = tmp_path / "index" / index
        files = torch_files(
            root / "files", tag, ["gpu"], metadata=with_variants({"gpu": cuda(version)})
        )
        write_simple_index(root, {"torch": files if with_json else files[:-1]})
    second = "easy" if first == "strict" else "strict"
    urls = [f"{server.url}{index}/simple/" for index in (first, second)]
    output = pip.dry_run(
        urls[0],
        "--extra-index-url",
        urls[1],
        "torch",
        machine=machine,
        status=0 if sources_that_fit else 1,
    )
    sources = {path.split("/")[1] for path in planned_downloads(output)}
    assert len(sources) == min(1, len(sources_that_fit))
    assert sources <= sources_that_fit


# What one of two indexes sends for the variants JSON and its wheel, and the end of the warning.
OTHER_INDEX: dict[str, tuple[dict[str, Reply], str, str]] = {
    "unusable JSON": (
        {"variants.json": Reply(body=b"[]")},
        "good",
        f"{READING}expected an object, found a list\n",
    ),
    "future JSON": (
        {"variants.json": Reply(body=b'{"$schema": "https://example.org/v2.json"}')},
        "good",
        f"{IGNORING}torch-2.8.0-variants.json: $schema: major version 2 is not supported\n",
    ),
    "nothing can be read": ({"variants.json": Reply(404), "gpu.whl": Reply(404)}, "", UNREAD),
}


@pytest.mark.parametrize("case", OTHER_INDEX)
def test_metadata_on_one_index_does_not_affect_the_other(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str
) -> None:
    """Each index is read alone; what cannot be read on one may be better than the other's."""
    replies, selected, warning = OTHER_INDEX[case]
    for index in ("good", "bad"):
        root = tmp_path / "index" / index
        files = torch_files(root / "files", tag, ["gpu"], metadata=with_variants({"gpu": {}}))
        write_simple_index(root, {"torch": [Listed(file, hashed=False) for file in files]})
    for ending, reply in replies.items():
        name = f"torch-2.8.0-{tag}-{ending}" if ending == "gpu.whl" else f"torch-2.8.0-{ending}"
        server.replies[f"/bad/files/{name}"] = reply
    urls = [f"{server.url}{index}/simple/" for index in ("bad", "good")]
    options = ("--extra-index-url", urls[1], "torch")
    output = pip.dry_run(urls[0], *options, status=0 if selected else 1)
    assert [path.split("/")[1] for path in planned_downloads(output)] == [selected][: len(selected)]
    assert output.stderr.startswith(warning)
    assert output.stderr.count("\n") == 1


FITS_OLD_DRIVER, NEEDS_NEW_DRIVER = cuda("12.5"), cuda("12.9")


@pytest.mark.parametrize("first", ["left", "right"])
@pytest.mark.parametrize(
    ("machine", "label"),
    [(Machine("12.6", "9.0"), "cu126"), (Machine("12.9", "12.0"), "cu129"), (OLD_DRIVER, None)],
    ids=["12.6", "12.9", "12.5"],
)
def test_fitting_variant_is_found_on_either_index(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    first: str,
    machine: Machine,
    label: str | None,
) -> None:
    """A variant that fits is found on either of two indexes, in either order."""
    # cu126 has no architecture for compute capability 12.0.
    for name, labels in (("left", ["cu126"]), ("right", ["cu129"])):
        root = tmp_path / "index" / name
        files = large_torch_wheels(root / "files", tag, labels)
        write_simple_index(root, {"torch": [*files, write_variants_json(root)]})
    second = {"left": "right", "right": "left"}[first]
    urls = [f"{server.url}{name}/simple/" for name in (first, second)]
    status = 0 if label else 1
    output = pip.dry_run(
        urls[0], "--extra-index-url", urls[1], "torch", machine=machine, status=status
    )
    if label:
        assert (output.last_line, output.stderr) == (f"Would install torch-2.8.0-{label}", "")
    else:
        for name, bound in (("cu126", "12.6"), ("cu129", "12.9")):
            line = f"Passed over {name} of torch 2.8.0: {needs_driver(name, bound, '12.5')}\n"
            assert line in output.stdout
        reason = f"{needs_driver('cu126', '12.6', '12.5')}{OTHER_MACHINE}"
        assert output.stderr == NOT_FOUND.replace("torch\n", f"torch: {reason}\n")


@pytest.mark.parametrize(
    ("json_properties", "wheel_properties", "source"),
    [
        (FITS_OLD_DRIVER, NEEDS_NEW_DRIVER, "described"),
        (NEEDS_NEW_DRIVER, FITS_OLD_DRIVER, "mirror"),
        (NEEDS_NEW_DRIVER, NEEDS_NEW_DRIVER, None),
    ],
    ids=["JSON fits", "wheel fits", "none fits"],
)
@pytest.mark.parametrize("first", ["described", "mirror"])
def test_index_and_mirror_use_their_own_metadata(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    json_properties: Json,
    wheel_properties: Json,
    source: str | None,
    first: str,
) -> None:
    """A label with two meanings is judged by the JSON of an index and by the wheel of a mirror."""
    # The files are in one folder: the page makes a source, not the folder.
    files = tmp_path / "index/files"
    variant = with_variants({"gpu": json_properties})
    wheel = large_torch_wheels(files, tag, ["gpu"], metadata=variant)
    described = [*wheel, write_variants_json(files, variant)]
    write_simple_index(tmp_path / "index/described", {"torch": described})
    mirrored = large_torch_wheels(
        files / "2", tag, ["gpu"], metadata=with_variants({"gpu": wheel_properties})
    )
    write_simple_index(tmp_path / "index/mirror", {"torch": mirrored})
    names = sorted(["described", "mirror"], key=lambda name: name != first)
    urls = [f"{server.url}{name}/simple/" for name in names]
    status = 0 if source else 1
    output = pip.dry_run(
        urls[0], "--extra-index-url", urls[1], "torch", machine=OLD_DRIVER, status=status
    )
    folder = {"described": "/files/", "mirror": "/files/2/", None: None}[source]
    expected = [f"{folder}torch-2.8.0-TAG-gpu.whl"] if folder else []
    reason = needs_driver("gpu", "12.9", "12.5")
    error = "" if source else NOT_FOUND.replace("torch\n", f"torch: {reason}{OTHER_MACHINE}\n")
    assert (planned_downloads(output), output.stderr) == (expected, error)


def test_json_does_not_describe_wheels_of_another_page(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """The JSON of one page does not describe a wheel of another one."""
    files = tmp_path / "index/files"
    known = [*large_torch_wheels(files, tag, ["cu126"]), write_variants_json(files)]
    write_simple_index(tmp_path / "index/known", {"torch": known})
    silent = large_torch_wheels(files, tag, ["cu129"], with_variant_json=False)
    write_simple_index(tmp_path / "index/silent", {"torch": silent})
    urls = [f"{server.url}{name}/simple/" for name in ("silent", "known")]
    output = pip.dry_run(urls[0], "--extra-index-url", urls[1], "torch")
    assert output.last_line == "Would install torch-2.8.0-cu126"
    assert (
        output.stderr
        == f"{IGNORING}{NO_VARIANTS_JSON}torch-2.8.0-TAG-cu129.whl: {NO_VARIANT_JSON}\n"
    )


@pytest.mark.parametrize("other", ["-", "simple", "URL?x"])
def test_credentials_for_an_index_of_any_path_are_looked_for(
    pip: Pip, server: IndexServer, tmp_path: Path, other: str
) -> None:
    """A path that is relative or missing is compared with that of what is requested."""
    wheel = write_wheel(tmp_path / "index/files", "plain-1.0-py3-none-any.whl")
    write_simple_index(tmp_path / "index", {"plain": [wheel]})
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("plain<2\n")
    other = other.replace("URL", server.url.rstrip("/"))
    options = ("--extra-index-url", other, "--constraint", constraints.as_uri())
    output = pip.dry_run(f"{server.url}simple/", *options, "plain")
    assert output.last_line == "Would install plain-1.0"
