"""`pip variants check` of folders, files, wheels and pages."""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.indexes import ALL_LABELS, FEW_PIECES, cuda, torch_files, with_variants
from tests.e2e.pips import Pip, request_lines
from tests.support.stand_in import TORCH_280, IndexServer, Reply, write_simple_index, write_wheel
from tests.support.stand_in_wheel import Json, dump

VALID: Json = {
    "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
    "default-priorities": {"namespace": ["nvidia"]},
    "providers": {"nvidia": {"requires": ["nvidia-variant-provider"]}},
    "variants": {"cu126": cuda("12.6"), "cu129": cuda("12.9"), "null": {}},
}
WINDOWS_TAG = "cp314-cp314-win_amd64"
STEM = f"torch-2.8.0-{WINDOWS_TAG}"


def write_valid_release(folder: Path, metadata: Json = VALID) -> None:
    """Write a folder without findings: three wheels and their variants JSON."""
    torch_files(folder, WINDOWS_TAG, ("cu126", "cu129", "null"), metadata=metadata)


def check(pip: Pip, *args: str | Path, status: int = 0) -> str:
    """Return what `pip variants check` prints on stdout; it prints nothing on stderr."""
    output = pip.run("variants", "check", *args, status=status)
    assert output.stderr == ""
    return output.stdout


def test_valid_release_has_no_findings(pip: Pip) -> None:
    """A folder, the folder above it, its address and its files one by one have no findings."""
    write_valid_release(pip.folder / "simple" / "torch")
    assert check(pip, "simple/torch") == "No findings in 4 files.\n"
    assert check(pip, "simple") == "No findings in 4 files.\n"
    assert check(pip, (pip.folder / "simple").as_uri()) == "No findings in 4 files.\n"
    files = sorted((pip.folder / "simple" / "torch").iterdir())
    assert check(pip, *files) == "No findings in 4 files.\n"
    assert check(pip, files[0]) == "No findings in 1 file.\n"
    assert check(pip, "--json", "simple") == "[]\n"


def test_each_finding_is_one_line_and_counted(pip: Pip) -> None:
    """Each finding is one line, and the last line counts them."""
    folder = pip.folder / "dist"
    write_valid_release(folder)
    write_wheel(folder, f"{STEM}-cu130.whl", variant_json=with_variants({"cu130": {}}))
    write_wheel(folder, "torch-2.7.0-py3-none-any-cu126.whl")
    write_wheel(folder, "torch-2.6.0-py3-none-any.whl", variant_json=b"{}")
    (folder / "torch-2.8.0-py3-none-any-CU.whl").touch()
    (folder / "notes.txt").touch()
    assert (
        check(pip, "dist", status=1)
        == f"""\
error: dist/torch-2.8.0-py3-none-any-CU.whl: Invalid variant label 'CU' in \
'torch-2.8.0-py3-none-any-CU.whl'
error: dist/torch-2.6.0-py3-none-any.whl: variant.json: a wheel without a label in its name must \
not have one
error: dist/torch-2.7.0-py3-none-any-cu126.whl: the name has the label 'cu126', but there is no \
variant.json in the wheel
warning: dist/torch-2.7.0-py3-none-any-cu126.whl: there is no 'torch-2.7.0-variants.json' beside it
note: dist/{STEM}-cu130.whl: variant.json:variants['cu130']: a variant without properties is the \
null variant, labelled null
error: dist/{STEM}-cu130.whl: variant.json:providers.nvidia: differs from \
dist/torch-2.8.0-variants.json
error: dist/torch-2.8.0-variants.json: variants: the label 'cu130' of {STEM}-cu130.whl is not listed
5 errors, 1 warning, 1 note in 8 files.
"""
    )


def test_finding_common_to_all_files_is_printed_once(pip: Pip) -> None:
    """A mistake that is in the variants JSON and in every wheel is one line."""
    metadata = {**VALID, "default-priorities": {"namespace": ["nvidia", "cpu"]}}
    write_valid_release(pip.folder / "dist", metadata)
    assert (
        check(pip, "dist", status=1)
        == """\
error: dist/torch-2.8.0-variants.json: default-priorities.namespace[1]: 'cpu' has no provider
1 error in 4 files.
"""
    )


def test_json_option_prints_only_the_findings(pip: Pip) -> None:
    """`--json` prints a list of the same findings and nothing else."""
    (pip.folder / "torch-2.8.0-variants.json").write_bytes(dump(with_variants({"a": {}})))
    output = check(pip, "--json", "torch-2.8.0-variants.json")
    assert json.loads(output) == [
        {
            "severity": "note",
            "file": "torch-2.8.0-variants.json",
            "path": "variants['a']",
            "message": "a variant without properties is the null variant, labelled null",
        }
    ]


def test_json_file_of_any_name_is_checked(pip: Pip) -> None:
    """A JSON file that is named on the command line is checked whatever its name is."""
    (pip.folder / "variant.json").write_bytes(dump(VALID))
    assert check(pip, "variant.json") == "No findings in 1 file.\n"


def test_variant_markers_in_metadata_are_checked(pip: Pip) -> None:
    """Variant markers in the Requires-Dist lines of METADATA are checked."""
    write_wheel(
        pip.folder,
        "x-1.0-py3-none-any.whl",
        requires=("y; 'gpu' in variant_namespaces", "y; 'gpu' in variant_features"),
    )
    assert (
        check(pip, "x-1.0-py3-none-any.whl", status=1)
        == """\
error: x-1.0-py3-none-any.whl: METADATA:Requires-Dist[1]: 'gpu' can never be in variant_features
1 error in 1 file.
"""
    )


def _write_nothing(_: Path) -> None:
    """Write nothing."""


def _empty_folder(path: Path) -> None:
    path.mkdir()


def _write_huge_file(path: Path) -> None:
    path.write_bytes(b" " * (17 << 20))


def _write_zip(*names: str, data: bytes = b"{}") -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(f"x-1.0.dist-info/{name}", data)

    return write


WHEEL = "x-1.0-py3-none-any-a.whl"
UNREADABLE: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "missing": ("x", _write_nothing, "x: no such file or folder"),
    "null character": ("x\n", _write_nothing, "x\\n: no such file or folder"),
    "another kind of file": ("x.txt", Path.touch, ("x.txt: it is not a wheel, a JSON file or a"
        " folder")),
    "empty folder": (
        "dist",
        _empty_folder,
        "dist: there are no wheels and no *-variants.json files in it",
    ),
    "no zip": (WHEEL, Path.touch, f"{WHEEL}: 'File is not a zip file'"),
    "no METADATA": (WHEEL, _write_zip("variant.json"), f"{WHEEL}: there is no METADATA in it"),
    "zip bomb": (
        WHEEL,
        _write_zip("variant.json", "METADATA", data=b" " * (17 << 20)),
        f"{WHEEL}: its variant.json is larger than 16 MiB",
    ),
    "not JSON": ("x.json", Path.touch, ("x.json: not JSON: Expecting value: line 1 column 1"
        " (char 0)")),
    "huge": ("x.json", _write_huge_file, "x.json: larger than 16 MiB"),
    "no version": ("x.whl", Path.touch, ("x.whl: the file name does not name a project and a"
        " version")),
    "control characters": (
        "x\x1b[2J-1.0-py3-none-any-a.whl",
        Path.touch,
        "x\\x1b[2J-1.0-py3-none-any-a.whl: the file name does not name a project and a version",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNREADABLE)
def test_unreadable_file_is_one_error_line(pip: Pip, case: str) -> None:
    """A file that cannot be read is an error of one line, without a traceback."""
    name, write, text = UNREADABLE[case]
    write(pip.folder / name)
    assert check(pip, name, status=1).splitlines()[0] == f"error: {text}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folder_without_read_permission_is_one_error(pip: Pip) -> None:
    """A folder without read permission is an error of one line."""
    (pip.folder / "dist").mkdir(mode=0)
    assert check(pip, "dist", status=1).startswith("error: dist: ")


def test_project_page_is_checked_without_downloading_wheels(
    pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """Of a project's page the names are compared, and no wheel is downloaded."""
    root = tmp_path / "index"
    files = torch_files(root / "files", WINDOWS_TAG, ALL_LABELS)
    write_simple_index(root, {"torch": [*files[1:3], files[-1]]})
    assert (
        check(pip, f"{server.url}simple/torch/")
        == """\
note: torch-2.8.0-variants.json: variants['00000000']: a variant without properties is the null \
variant, labelled null
warning: torch-2.8.0-variants.json: variants['00000000']: no wheel has this label
warning: torch-2.8.0-variants.json: variants['cu129']: no wheel has this label
2 warnings, 1 note in 3 files.
"""
    )
    assert request_lines(server) == [
        "GET /simple/torch/ 200",
        "GET /files/torch-2.8.0-variants.json 200",
    ]


def test_json_with_wrong_hash_is_an_error(pip: Pip, server: IndexServer, tmp_path: Path) -> None:
    """A variants JSON whose hash differs from that on its page is an error."""
    root = tmp_path / "index"
    write_simple_index(root, {"torch": torch_files(root / "files", "py3-none-any", ["cu126"])})
    server.replies["/files/torch-2.8.0-variants.json"] = Reply(body=b"{}")
    assert (
        check(pip, f"{server.url}simple/torch/", status=1)
        == """\
error: torch-2.8.0-variants.json: its hash differs from the one that its link gives
1 error in 2 files.
"""
    )


def test_remote_wheel_is_checked_by_range_requests(
    pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """Of a remote wheel only pieces are fetched; without range requests all of it is."""
    folder = tmp_path / "index"
    large = {"x.bin": bytes(200_000)}
    write_wheel(folder, f"{STEM}-cu126.whl", variant_json=VALID, files=large)
    (folder / "torch-2.8.0-variants.json").write_bytes(dump(VALID))
    urls = (f"{server.url}{STEM}-cu126.whl", f"{server.url}torch-2.8.0-variants.json")
    assert check(pip, *urls) == "No findings in 2 files.\n"
    assert sum(item.sent for item in server.requests) < FEW_PIECES
    server.ranges = False
    assert check(pip, urls[0]) == "No findings in 1 file.\n"
    assert server.requests[-1].sent > 200_000


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("simple/torch/", "error: INDEX/simple/torch/: the page could not be fetched\n"),
        ("x.json", "error: INDEX/x.json: the server responded with status 404\n"),
        (WHEEL, f"error: INDEX/{WHEEL}: cannot be read: the server responded with status 404\n"),
        (
            "",
            "error: INDEX/: the page lists no wheels and no *-variants.json files\n",
        ),
    ],
)
def test_address_that_cannot_be_fetched_is_one_error(
    pip: Pip, server: IndexServer, tmp_path: Path, path: str, text: str
) -> None:
    """A page, a file or a wheel that cannot be fetched is an error of one line."""
    (tmp_path / "index" / "index.html").write_text("<!DOCTYPE html><a href='x.zip'>x.zip</a>")
    assert check(pip, server.url + path, status=1).startswith(text)


def test_passwords_in_addresses_are_not_printed(pip: Pip, server: IndexServer) -> None:
    """A password in an address is not printed."""
    url = server.url.replace("://", "://user:secret@")
    assert "secret" not in check(pip, f"{url}x.json", f"{url}simple/", status=1)


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ((), "ERROR: Need a wheel, a JSON file, a folder or a URL to check.\n"),
        (("--check", "."), "ERROR: The option --check is not one of: pip variants check\n"),
    ],
    ids=["no arguments", "an option of index"],
)
def test_wrong_arguments_are_a_usage_error(pip: Pip, args: tuple[str, ...], text: str) -> None:
    """A missing argument or an option of another action is an error that names it."""
    output = pip.run("variants", "check", *args, status=1)
    assert (output.stdout, output.stderr) == ("", text)


def test_quiet_option_leaves_only_the_exit_status(pip: Pip) -> None:
    """With `-q` nothing is printed, and the exit status is 1 for an error."""
    (pip.folder / "x.json").touch()
    assert check(pip, "-q", "x.json", status=1) == ""


def _rewrite(wheel: Path, change: Callable[[str, bytes], bytes]) -> None:
    """Change files in a wheel, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, change(name, data))


def _break(name: str, data: bytes) -> bytes:
    """Leave variant.json out of RECORD, and change the module and the version in METADATA."""
    if name.endswith("RECORD"):
        lines = data.splitlines(keepends=True)
        return b"".join(line for line in lines if b"variant.json" not in line)
    return data.replace(b"Version: 2.8.0", b"Version: 2.8.1").replace(b"stand-in", b"stand_in")


def test_wheel_that_was_changed_after_it_was_built_is_found(
    pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """METADATA and RECORD are compared; of a remote wheel only what is fetched is hashed."""
    folder = tmp_path / "index"
    name = f"{STEM}-cu126.whl"
    large = {"x.bin": bytes(200_000)}
    _rewrite(write_wheel(folder, name, variant_json=VALID, files=large), _break)
    metadata = "'torch-2.8.0.dist-info/METADATA'"
    (pip.folder / name).symlink_to(folder / name)
    places = (("", "", f"{metadata} and 1 more"), (server.url, "INDEX/", metadata))
    for place, shown, wrong in places:
        assert (
            check(pip, place + name, status=1)
            == f"""\
error: {shown}{name}: variant.json is not in RECORD
error: {shown}{name}: RECORD has a wrong hash of {wrong}
error: {shown}{name}: METADATA:Version: '2.8.1' is not that of the file name, '2.8.0'
3 errors in 1 file.
"""
        )
    assert sum(item.sent for item in server.requests) < FEW_PIECES


def test_names_that_people_make_up_are_found(pip: Pip) -> None:
    """A tag for a CPU level, and a label that a dot joins, also of a plain wheel (B24, B27)."""
    level = "torch-2.8.0-cp314-cp314-manylinux_2_28_x86_64_v4"
    stem = "torch-2.8.0-py3-none-any"
    for name in (f"{level}.whl", f"{level}-cu126.whl", f"{stem}-cu126.whl"):
        path = write_wheel(pip.folder / "dist", name, variant_json=VALID)
    path.rename(path.with_name(f"{stem}.cu126.whl"))
    tag = "'manylinux_2_28_x86_64_v4' is a tag no machine has; use x86_64 :: level :: v4"
    assert (
        check(pip, "dist", status=1)
        == f"""\
error: dist/torch-2.8.0-py3-none-any.cu126.whl: variant.json: describes the label 'cu126', which \
the file name does not have
warning: dist/torch-2.8.0-py3-none-any.cu126.whl: WHEEL:Tag: 'py3-none-any' is not that of the \
file name, 'py3-none-any' and 1 more
error: dist/{level}-cu126.whl: {tag}
error: dist/{level}.whl: {tag}
error: dist/torch-2.8.0-py3-none-any.cu126.whl: 'cu126' is a tag no machine has; a label is \
separated by a hyphen
warning: dist/{level}-cu126.whl: there is no 'torch-2.8.0-variants.json' beside it
4 errors, 2 warnings in 3 files.
"""
    )


def test_published_torch_has_only_one_note(pip: Pip) -> None:
    """The torch of the tutorial has one note about its null label and no other finding."""
    torch_files(pip.folder / "dist", WINDOWS_TAG, ALL_LABELS, metadata=TORCH_280)
    assert (
        check(pip, "dist")
        == """\
note: dist/torch-2.8.0-variants.json: variants['00000000']: a variant without properties is the \
null variant, labelled null
1 note in 5 files.
"""
    )


def test_machines_and_what_they_would_take(pip: Pip) -> None:
    """`--as` is about example machines and platform files, in a table, as JSON, as a page."""
    write_valid_release(pip.folder / "simple" / "torch")
    described = "version = 1\ncomplete = true\n[properties.nvidia]\n"
    (pip.folder / "gpu.toml").write_text(described + 'cuda_version_lower_bound = ["12.6"]\n')
    text = check(pip, "--as", "cuda12.8-sm89-windows", "--as", "mac", "simple")
    assert re.findall(r"(?m)^(!| )  (\S+) +(\S+)", text) == [
        (" ", "Machine", "Build"),
        (" ", "cuda12.8-sm89-windows", "cu126"),
        ("!", "mac", "nothing"),
    ]
    assert text.endswith("\nNo findings in 4 files.\n")
    found = json.loads(check(pip, "--json", "--as", "all", "--html", "a.html", "simple"))
    takes = {item["machine"]: item["label"] for item in found["machines"]}
    assert (takes["cuda12.8-sm89-windows"], takes["windows"]) == ("cu126", "null")
    assert "cuda12.8-sm89-windows" in (pip.folder / "a.html").read_text()
    assert found["findings"] == []
    (item,) = json.loads(check(pip, "--json", "--as", "gpu.toml", "simple"))["machines"]
    assert (item["machine"], item["takes"]) == ("gpu.toml", "nothing")
