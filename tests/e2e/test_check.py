"""`pip variants check` as it is run: folders, files, wheels, pages, and what is none of them."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from stand_in import TORCH_280, IndexServer, Reply, write_simple_index, write_wheel
from stand_in_wheel import Json, dump

from tests.e2e.indexes import ALL, cuda, torch_files, with_variants
from tests.e2e.pips import Pip, asked

GOOD: Json = {
    "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
    "default-priorities": {"namespace": ["nvidia"]},
    "providers": {"nvidia": {"requires": ["nvidia-variant-provider"]}},
    "variants": {"cu126": cuda("12.6"), "cu129": cuda("12.9"), "null": {}},
}
TAG = "cp314-cp314-win_amd64"
STEM = f"torch-2.8.0-{TAG}"


def write_good(folder: Path, metadata: Json = GOOD) -> None:
    """Write a folder that nothing is wrong with: three wheels and their combined file."""
    torch_files(folder, TAG, ("cu126", "cu129", "null"), metadata=metadata)


def check(pip: Pip, *args: str | Path, status: int = 0) -> str:
    """Return what `pip variants check` prints; it must print nothing else."""
    said = pip.run("variants", "check", *args, status=status)
    assert said.err == ""
    return said.out


def test_all_is_well(pip: Pip) -> None:
    """A folder, the same folder as a place of one project, and its files one by one."""
    write_good(pip.folder / "simple" / "torch")
    assert check(pip, "simple/torch") == "No findings in 4 files.\n"
    assert check(pip, "simple") == "No findings in 4 files.\n"
    assert check(pip, (pip.folder / "simple").as_uri()) == "No findings in 4 files.\n"
    files = sorted((pip.folder / "simple" / "torch").iterdir())
    assert check(pip, *files) == "No findings in 4 files.\n"
    assert check(pip, files[0]) == "No findings in 1 file.\n"
    assert check(pip, "--json", "simple") == "[]\n"


def test_a_folder_with_everything(pip: Pip) -> None:
    """Each finding is one line, and the last line counts them."""
    folder = pip.folder / "dist"
    write_good(folder)
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


def test_what_all_files_say_is_said_once(pip: Pip) -> None:
    """A mistake that is in the combined file and in every wheel is one line."""
    metadata = {**GOOD, "default-priorities": {"namespace": ["nvidia", "cpu"]}}
    write_good(pip.folder / "dist", metadata)
    assert (
        check(pip, "dist", status=1)
        == """\
error: dist/torch-2.8.0-variants.json: default-priorities.namespace[1]: 'cpu' has no provider
1 error in 4 files.
"""
    )


def test_json(pip: Pip) -> None:
    """`--json` is a list of the same findings, and nothing else is printed."""
    (pip.folder / "torch-2.8.0-variants.json").write_bytes(dump(with_variants({"a": {}})))
    said = check(pip, "--json", "torch-2.8.0-variants.json")
    assert json.loads(said) == [
        {
            "severity": "note",
            "file": "torch-2.8.0-variants.json",
            "path": "variants['a']",
            "message": "a variant without properties is the null variant, labelled null",
        }
    ]


def test_a_json_file_of_any_name(pip: Pip) -> None:
    """What the user names is checked, whatever it is called."""
    (pip.folder / "variant.json").write_bytes(dump(GOOD))
    assert check(pip, "variant.json") == "No findings in 1 file.\n"


def test_markers_in_metadata(pip: Pip) -> None:
    """METADATA is read as what it is, an e-mail header."""
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


def _nothing(_: Path) -> None:
    """Write nothing."""


def _empty_folder(path: Path) -> None:
    path.mkdir()


def _huge(path: Path) -> None:
    path.write_bytes(b" " * (17 << 20))


def _zip(*names: str, data: bytes = b"{}") -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(f"x-1.0.dist-info/{name}", data)

    return write


WHEEL = "x-1.0-py3-none-any-a.whl"
UNREADABLE: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "not there": ("x", _nothing, "x: it is not there"),
    "null character": ("x\n", _nothing, "'x\\n': it is not there"),
    "another kind of file": ("x.txt", Path.touch, ("x.txt: it is not a wheel, a JSON file or a"
        " folder")),
    "nothing in the folder": (
        "dist",
        _empty_folder,
        "dist: there are no wheels and no *-variants.json files in it",
    ),
    "no zip": (WHEEL, Path.touch, f"{WHEEL}: 'File is not a zip file'"),
    "no METADATA": (WHEEL, _zip("variant.json"), f"{WHEEL}: there is no METADATA in it"),
    "a bomb": (
        WHEEL,
        _zip("variant.json", "METADATA", data=b" " * (17 << 20)),
        f"{WHEEL}: 'its variant.json is too large'",
    ),
    "not JSON": ("x.json", Path.touch, ("x.json: not JSON: Expecting value: line 1 column 1"
        " (char 0)")),
    "huge": ("x.json", _huge, "x.json: larger than 16 MiB"),
    "no version": ("x.whl", Path.touch, ("x.whl: the file name does not name a project and a"
        " version")),
    "control characters": (
        "x\x1b[2J-1.0-py3-none-any-a.whl",
        Path.touch,
        "'x\\x1b[2J-1.0-py3-none-any-a.whl': the file name does not name a project and a version",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read(pip: Pip, case: str) -> None:
    """What is not what it should be is an error in one line, and no traceback."""
    name, write, text = UNREADABLE[case]
    write(pip.folder / name)
    assert check(pip, name, status=1).splitlines()[0] == f"error: {text}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read(pip: Pip) -> None:
    """A folder of somebody else's is an error in one line."""
    (pip.folder / "dist").mkdir(mode=0)
    assert check(pip, "dist", status=1).startswith("error: dist: ")


def test_a_page(pip: Pip, server: IndexServer, tmp_path: Path) -> None:
    """Of a project's page the names are compared; no wheel is fetched."""
    root = tmp_path / "index"
    files = torch_files(root / "files", TAG, ALL)
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
    assert asked(server) == [
        "GET /simple/torch/ 200",
        "GET /files/torch-2.8.0-variants.json 200",
    ]


def test_a_hash_that_differs(pip: Pip, server: IndexServer, tmp_path: Path) -> None:
    """A document is held to the hash that its page gives."""
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


def test_a_wheel_and_a_document_far_away(pip: Pip, server: IndexServer, tmp_path: Path) -> None:
    """Of a wheel only pieces are fetched; without range requests all of it."""
    folder = tmp_path / "index"
    large = {"x.bin": bytes(200_000)}
    write_wheel(folder, f"{STEM}-cu126.whl", variant_json=GOOD, files=large)
    (folder / "torch-2.8.0-variants.json").write_bytes(dump(GOOD))
    urls = (f"{server.url}{STEM}-cu126.whl", f"{server.url}torch-2.8.0-variants.json")
    assert check(pip, *urls) == "No findings in 2 files.\n"
    assert sum(item.sent for item in server.requests) < 50_000
    server.ranges = False
    assert check(pip, urls[0]) == "No findings in 1 file.\n"
    assert server.requests[-1].sent > 200_000


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("simple/torch/", "error: INDEX/simple/torch/: the page cannot be had\n"),
        ("x.json", "error: INDEX/x.json: the server answered with status 404\n"),
        (WHEEL, f"error: INDEX/{WHEEL}: cannot be read: the server answered with status 404\n"),
        (
            "",
            "error: INDEX/: the page lists no wheels and no *-variants.json files\n",
        ),
    ],
)
def test_what_cannot_be_fetched(
    pip: Pip, server: IndexServer, tmp_path: Path, path: str, text: str
) -> None:
    """A page, a file or a wheel that is not there is an error in one line."""
    (tmp_path / "index" / "index.html").write_text("<!DOCTYPE html><a href='x.zip'>x.zip</a>")
    assert check(pip, server.url + path, status=1).startswith(text)


def test_a_password_is_not_shown(pip: Pip, server: IndexServer) -> None:
    """An address is shown as pip shows it."""
    url = server.url.replace("://", "://user:secret@")
    assert "secret" not in check(pip, f"{url}x.json", f"{url}simple/", status=1)


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ((), "ERROR: Need a wheel, a JSON file, a folder or a URL to check.\n"),
        (("--check", "."), "ERROR: The option --check is not one of: pip variants check\n"),
    ],
    ids=["nothing", "an option of index"],
)
def test_usage(pip: Pip, args: tuple[str, ...], text: str) -> None:
    """What is missing or misplaced on the command line is said."""
    said = pip.run("variants", "check", *args, status=1)
    assert (said.out, said.err) == ("", text)


def test_quiet(pip: Pip) -> None:
    """With `-q` the exit status alone tells."""
    (pip.folder / "x.json").touch()
    assert check(pip, "-q", "x.json", status=1) == ""


def test_torch_as_it_was_published(pip: Pip) -> None:
    """The torch of the tutorial has one label of its time and nothing else to say."""
    torch_files(pip.folder / "dist", TAG, ALL, metadata=TORCH_280)
    assert (
        check(pip, "dist")
        == """\
note: dist/torch-2.8.0-variants.json: variants['00000000']: a variant without properties is the \
null variant, labelled null
1 note in 5 files.
"""
    )
