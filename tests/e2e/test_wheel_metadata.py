"""Metadata that is read from the wheels, where no variants JSON describes their labels."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.indexes import (
    ALL_LABELS,
    CUDA_LABELS,
    FEW_PIECES,
    LARGE,
    cuda,
    large_torch_wheels,
    torch_files,
    wheel_bytes_sent,
    with_provider,
    with_variants,
    write_variants_json,
)
from tests.e2e.pips import (
    IGNORING,
    LEGACY_RESOLVER,
    NEW_DRIVER,
    NOT_FOUND,
    OLD_DRIVER,
    OLD_DRIVER_REASON,
    Machine,
    Pip,
    request_lines,
    would_download,
)
from tests.support.stand_in import TORCH_280, IndexServer, Listed, write_simple_index, write_wheel
from tests.support.stand_in_wheel import Json, dump
from tests.support.venvs import Venv

NO_VARIANTS_JSON = "there is no *-variants.json beside them, and "
ONE_LABEL = "variant.json: variants: expected only the label cu129 of the file name, found"
NO_VARIANT_JSON = "there is no variant.json in it"


def metadata_without(label: str) -> Json:
    """Return the metadata of torch 2.8.0 without one label."""
    variants = TORCH_280["variants"]
    assert isinstance(variants, dict)
    return with_variants({key: value for key, value in variants.items() if key != label})


@pytest.mark.parametrize(
    ("machine", "label"), [(NEW_DRIVER, "cu129"), (OLD_DRIVER, "00000000")], ids=["new", "old"]
)
def test_missing_json_reads_one_wheel_of_each_label(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, machine: Machine, label: str
) -> None:
    """Without the JSON parts of one wheel of each label are read, and none is downloaded."""
    root = tmp_path / "index"
    wheels = large_torch_wheels(root / "files", tag, (None, *ALL_LABELS), build_tags=("-1", "-2"))
    write_simple_index(root, {"torch": wheels})
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=machine)
    assert (output.last_line, output.stderr) == (f"Would install torch-2.8.0-{label}", "")
    page, *parts = server.requests
    assert page.path == "/simple/torch/"
    assert {(item.method, item.status) for item in parts} == {("GET", 206)}
    read = {item.path for item in parts}
    assert {path.rsplit("-", 1)[1] for path in read} == {f"{name}.whl" for name in ALL_LABELS}
    assert len(read) == len(ALL_LABELS)
    for path in read:
        sent = [item.sent for item in parts if item.path == path]
        assert (len(sent), sum(sent) <= FEW_PIECES) == (2, True)
    # Of one label the wheel with the higher build number is selected.
    assert would_download(f"files/torch-2.8.0-2-TAG-{label}.whl") in output.stdout


def test_wheels_for_other_platforms_are_not_read(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Wheels for other platforms are not read."""
    root = tmp_path / "index"
    wheels = large_torch_wheels(root / "files", "cp39-cp39-win32", ALL_LABELS)
    write_simple_index(root, {"torch": [*wheels, *large_torch_wheels(root / "files", tag, [None])]})
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0", "")
    assert request_lines(server) == [
        "GET /simple/torch/ 200",
        f"GET /files/torch-2.8.0-{tag}.whl 200",
    ]


@pytest.mark.parametrize(
    ("machine", "label"), [(NEW_DRIVER, "cu129"), (OLD_DRIVER, "00000000")], ids=["new", "old"]
)
def test_small_wheels_are_read_whole_without_ranges(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, machine: Machine, label: str
) -> None:
    """Without range requests small wheels are downloaded to read them, one of each label."""
    server.ranges = False
    root = tmp_path / "index"
    wheels = large_torch_wheels(root / "files", tag, (None, *ALL_LABELS), build_tags=("-1", "-2"))
    write_simple_index(root, {"torch": wheels})
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=machine)
    assert (output.last_line, output.stderr) == (f"Would install torch-2.8.0-{label}", "")
    whole = {item.path for item in server.requests if item.method == "GET" and item.sent > LARGE}
    assert whole == {f"/files/torch-2.8.0-2-{tag}-{name}.whl" for name in ALL_LABELS}


def test_very_large_wheel_without_ranges_is_fetched_once(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A wheel of any size is fetched whole to read it, as pip itself would fetch it, and kept."""
    server.ranges = False
    root = tmp_path / "index"
    payload = {"torch/lib.bin": bytes(17 << 20)}
    name = f"torch-2.8.0-{tag}-cu129.whl"
    wheel = write_wheel(root / "files", name, variant_json=TORCH_280, files=payload)
    write_simple_index(root, {"torch": [wheel, *large_torch_wheels(root / "files", tag, [None])]})
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu129", "")
    assert "  Downloading INDEX/files/torch-2.8.0-TAG-cu129.whl (17.8 MB)\n" in output.stdout
    assert wheel_bytes_sent(server) == {"cu129": wheel.stat().st_size}


@pytest.mark.parametrize("machine", [NEW_DRIVER, OLD_DRIVER], ids=["new", "old"])
def test_label_missing_in_json_is_read_by_ranges(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, machine: Machine
) -> None:
    """A label that is missing in the JSON is read from pieces of its wheel."""
    root = tmp_path / "index"
    document = write_variants_json(root, metadata_without("cu129"))
    write_simple_index(
        root, {"torch": [*large_torch_wheels(root / "files", tag, ALL_LABELS), document]}
    )
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=machine)
    label = "cu129" if machine == NEW_DRIVER else "00000000"
    assert (output.last_line, output.stderr) == (f"Would install torch-2.8.0-{label}", "")
    if machine == OLD_DRIVER:
        assert f"cu126, cu128 and cu129 of torch 2.8.0: {OLD_DRIVER_REASON}\n" in output.stdout
        assert set(wheel_bytes_sent(server)) == {"cu129", "00000000"}
        assert 0 < wheel_bytes_sent(server)["cu129"] <= FEW_PIECES


BROKEN: Mapping[str, tuple[Json | bytes | None, str]] = {
    "no variant.json": (None, NO_VARIANT_JSON),
    "other provider": (
        with_provider({"requires": ["other-provider"]}),
        "providers.nvidia: differs between the files",
    ),
    "two labels": (
        dump(with_variants({"cu129": cuda("12.9"), "cu128": cuda("12.8")})),
        f"{ONE_LABEL} cu128, cu129",
    ),
}


@pytest.mark.parametrize(("own_metadata", "problem"), BROKEN.values(), ids=list(BROKEN))
def test_label_without_usable_metadata_is_ignored_with_warning(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    own_metadata: Json | bytes | None,
    problem: str,
) -> None:
    """A label that neither the JSON nor its wheel describes is ignored, with one warning."""
    root = tmp_path / "index"
    wheels = large_torch_wheels(root / "files", tag, ("00000000", "cu126", "cu128"))
    wheels.append(
        write_wheel(root / "files", f"torch-2.8.0-{tag}-cu129.whl", variant_json=own_metadata)
    )
    document = write_variants_json(root, metadata_without("cu129"))
    write_simple_index(root, {"torch": [*wheels, document]})
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert output.last_line == "Would install torch-2.8.0-cu128"
    assert output.stderr == (
        "WARNING: Ignoring the variants labelled cu129 of torch 2.8.0: torch-2.8.0-TAG-cu129.whl:"
        f" {problem}\n"
    )


@pytest.mark.parametrize("source", ["path", "address", "address without ranges", "mirror"])
def test_wheel_with_metadata_of_another_label_is_refused(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, source: str
) -> None:
    """A wheel whose variant.json has another label than its name is refused from any source."""
    server.ranges = source != "address without ranges"
    root = tmp_path / "index"
    own_metadata = dump(with_variants({"cu126": cuda("12.6")}))
    wheel = write_wheel(root, f"torch-2.8.0-{tag}-cu129.whl", variant_json=own_metadata)
    write_simple_index(root, {"torch": [wheel]})
    argument = {"path": str(wheel), "mirror": "torch"}.get(source, f"{server.url}{wheel.name}")
    output = pip.dry_run(f"{server.url}simple/", argument, status=1)
    problem = f"{ONE_LABEL} cu126"
    name = "torch-2.8.0-TAG-cu129.whl"
    if source == "mirror":
        assert output.stderr == f"{IGNORING}{NO_VARIANTS_JSON}{name}: {problem}\n{NOT_FOUND}"
    else:
        assert output.stderr == f"ERROR: {name} has no usable variant metadata: {problem}\n"


@pytest.mark.parametrize("core_metadata", [False, True], ids=["full wheel", "PEP 658"])
def test_wheel_that_contradicts_its_index_is_not_installed(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, *, core_metadata: bool
) -> None:
    """A downloaded wheel whose properties contradict its index is not installed.

    With METADATA beside it the wheel is downloaded after resolution, which begins again.
    """
    root = tmp_path / "index"
    other = with_variants({"cu129": {"nvidia": {"sm_arch": ["75_real"]}}})
    wheels = large_torch_wheels(root / "files", tag, ["cu129"], metadata=other)
    listed_files = [Listed(wheels[0], core_metadata=core_metadata)]
    listed_files.append(Listed(write_variants_json(root / "files")))
    write_simple_index(root, {"torch": listed_files})
    output = own_pip.run("install", "--index-url", f"{server.url}simple/", "torch", status=1)
    start_of_error = (
        "has inconsistent variant: expected 'cu129: nvidia :: cuda_version_lower_bound ::"
    )
    assert start_of_error in output.stdout + output.stderr
    assert output.stderr.endswith(NOT_FOUND)


def test_json_without_labels_reads_all_from_wheels(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """If the JSON has no label, all labels are read from their wheels."""
    root = tmp_path / "index"
    document = write_variants_json(root, with_variants({}))
    write_simple_index(
        root, {"torch": [*large_torch_wheels(root / "files", tag, CUDA_LABELS), document]}
    )
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=Machine("12.8", "9.0"))
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-cu128", "")
    assert set(wheel_bytes_sent(server)) == set(CUDA_LABELS)
    assert all(wheel_bytes_sent(server)[label] <= FEW_PIECES for label in ("cu126", "cu129"))


CONTRADICTING: dict[str, tuple[Json | bytes | None, str]] = {
    "other properties": (
        with_variants({"cu129": cuda("13.0")}),
        "'cu129: nvidia :: cuda_version_lower_bound :: 13.0'",
    ),
    "no variant.json": (None, "'no valid variant.json'"),
    "not UTF-8": (b"\xff", "'no valid variant.json'"),
}


def write_contradicting_index(
    root: Path, tag: str, variant_json: Json | bytes | None, *, with_core_metadata: bool
) -> None:
    """Write an index whose JSON and whose best wheel contradict each other about one label."""
    folder = root / "files"
    *wheels, document = torch_files(folder, tag, (None, *ALL_LABELS))
    write_wheel(folder, f"torch-2.8.0-{tag}-cu129.whl", variant_json=variant_json)
    listed = [Listed(wheel, core_metadata=with_core_metadata) for wheel in wheels]
    write_simple_index(root, {"torch": [*listed, Listed(document)]})


@pytest.mark.parametrize(("variant_json", "found"), CONTRADICTING.values(), ids=CONTRADICTING)
def test_wheel_that_contradicts_json_is_discarded(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    variant_json: Json | bytes | None,
    found: str,
) -> None:
    """A wheel that contradicts the JSON about its label is discarded, and the next is selected."""
    write_contradicting_index(tmp_path / "index", tag, variant_json, with_core_metadata=False)
    output = pip.dry_run(f"{server.url}simple/", "torch")
    discarding = [line for line in output.stdout.splitlines() if line.startswith("Discarding ")]
    assert len(discarding) == 1
    assert "/torch-2.8.0-TAG-cu129.whl" in discarding[0]
    assert f"but metadata has {found}" in discarding[0]
    assert output.last_line == "Would install torch-2.8.0-cu128"


LATE = {
    "legacy": ("other properties", False),
    "PEP 658": ("other properties", True),
    "PEP 658, no variant.json": ("no variant.json", True),
}


@pytest.mark.parametrize(("kind", "with_core_metadata"), LATE.values(), ids=LATE)
def test_wheel_that_contradicts_json_when_it_is_downloaded_is_discarded(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, kind: str, *, with_core_metadata: bool
) -> None:
    """Its content is known only then; pip begins again without it."""
    variant_json, found = CONTRADICTING[kind]
    root = tmp_path / "index"
    write_contradicting_index(root, tag, variant_json, with_core_metadata=with_core_metadata)
    options = () if with_core_metadata else (LEGACY_RESOLVER,)
    index = ("--index-url", f"{server.url}simple/")
    output = pip.run("download", *index, *options, "--dest", tmp_path / "dest", "torch")
    (line,) = [line for line in output.stdout.splitlines() if line.startswith("Discarding ")]
    assert line.startswith("Discarding INDEX/files/torch-2.8.0-TAG-cu129.whl: Requested torch")
    assert line.endswith(f"but metadata has {found}")
    (file,) = (tmp_path / "dest").iterdir()
    assert file.name.endswith("-cu128.whl")


def without_record(wheel: Path, name: str) -> None:
    """Take a file of a wheel out of its RECORD."""
    with zipfile.ZipFile(wheel) as archive:
        contents = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    record = next(key for key in contents if key.endswith("/RECORD"))
    lines = contents[record].splitlines(keepends=True)
    contents[record] = b"".join(line for line in lines if name.encode() not in line)
    assert contents[record] != b"".join(lines)
    with zipfile.ZipFile(wheel, "w") as archive:
        for key, content in contents.items():
            archive.writestr(key, content)


@pytest.mark.parametrize("with_json", [True, False], ids=["JSON", "no JSON"])
def test_variant_json_that_was_added_to_a_finished_wheel_is_used(
    own_pip: Pip, server: IndexServer, tmp_path: Path, *, with_json: bool
) -> None:
    """A private tool adds it to wheels without RECORD knowing; uninstalling leaves nothing."""
    metadata: Json = {
        "$schema": "https://variants-schema.wheelnext.dev/v0.0.3.json",
        "default-priorities": {"namespace": ["cann_npu"]},
        "providers": {"cann_npu": {"requires": ["cann-npu-provider"], "install-time": True}},
        "variants": {
            "850_a3_280": {
                "cann_npu": {"cann": ["8.5.0"], "npu_type": ["a3"], "torch_npu": ["2.8.0"]}
            }
        },
    }
    root = tmp_path / "index"
    name = "kernels-1.0-py3-none-any-850_a3_280.whl"
    wheel = write_wheel(root / "files", name, variant_json=metadata)
    without_record(wheel, "variant.json")
    document = root / "files/kernels-1.0-variants.json"
    document.write_bytes(dump(metadata))
    write_simple_index(root, {"kernels": [wheel, document] if with_json else [wheel]})
    (own_pip.folder / "npu.toml").write_text(
        "version = 1\n[properties.cann_npu]\n"
        'npu_type = ["a3"]\ncann = ["8.5.0"]\ntorch_npu = ["2.8.0"]\n'
    )
    options = ("--index-url", f"{server.url}simple/", "--variant-platform", "npu.toml")
    output = own_pip.run("install", *options, "kernels")
    assert output.last_line == "Successfully installed kernels-1.0-850_a3_280"
    assert output.stderr == ""
    assert "Variant: 850_a3_280\n" in own_pip.run("show", "kernels").stdout
    own_pip.run("uninstall", "--yes", "kernels")
    assert list(Venv(own_pip.python.parents[1]).site.glob("kernels*")) == []
