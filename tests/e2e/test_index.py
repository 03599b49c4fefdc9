"""`pip variants index`: what it writes, when it writes nothing, and that servers need no more."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from stand_in import write_simple_index, write_wheel
from stand_in_wheel import Json

from tests.e2e.indexes import cuda, with_provider, with_variants
from tests.e2e.pips import NEW, Pip, Said

FULL: Json = {
    "default-priorities": {"namespace": ["nvidia"]},
    "providers": {"nvidia": {"requires": ["nvidia-variant-provider>=0.0.1,<1.0.0"]}},
    "variants": {"cu126": cuda("12.6"), "cu129": cuda("12.9"), "null": {}},
}
WRITTEN = """\
{
    "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
    "default-priorities": {
        "namespace": [
            "nvidia"
        ]
    },
    "providers": {
        "nvidia": {
            "requires": [
                "nvidia-variant-provider>=0.0.1,<1.0.0"
            ]
        }
    },
    "variants": {
        "cu126": {
            "nvidia": {
                "cuda_version_lower_bound": [
                    "12.6"
                ]
            }
        },
        "cu129": {
            "nvidia": {
                "cuda_version_lower_bound": [
                    "12.9"
                ]
            }
        },
        "null": {}
    }
}
"""


def write_wheels(folder: Path, tag: str = "py3-none-any", metadata: Json = FULL) -> Path:
    """Write a wheel for each label of torch 2.8.0, and a plain one; return where its file will be.

    The order in which they are written is not that of their names.
    """
    for label in ("null", "cu129", "cu126"):
        write_wheel(folder, f"torch-2.8.0-{tag}-{label}.whl", variant_json=metadata)
    write_wheel(folder, f"torch-2.7.0-{tag}.whl")
    return folder / "torch-2.8.0-variants.json"


def index(pip: Pip, *args: str | Path, status: int = 0) -> Said:
    """Return what `pip variants index` says."""
    return pip.run("variants", "index", *args, status=status)


def test_a_life(pip: Pip) -> None:
    """Would write, wrote, unchanged, and replaced when a wheel is added."""
    file = write_wheels(pip.folder / "dist")
    shown = "dist/torch-2.8.0-variants.json (3 labels of 3 wheels)\n"
    assert index(pip, "dist", "--check", status=1) == Said(f"would write {shown}", "")
    assert not file.exists()
    assert index(pip, "dist") == Said(f"wrote {shown}", "")
    assert file.read_text("utf-8") == WRITTEN
    before = file.stat()
    assert index(pip, "dist") == Said(f"unchanged {shown}", "")
    assert index(pip, "dist", "--check") == Said(f"unchanged {shown}", "")
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    write_wheel(
        file.parent,
        "torch-2.8.0-py2-none-any-cu130.whl",
        variant_json=with_variants({"cu130": cuda("13.0")}, FULL),
    )
    shown = "dist/torch-2.8.0-variants.json (4 labels of 4 wheels)\n"
    assert index(pip, "dist", "--check", status=1) == Said(f"would write {shown}", "")
    assert file.read_text("utf-8") == WRITTEN
    assert index(pip, "dist") == Said(f"wrote {shown}", "")
    assert list(json.loads(file.read_text("utf-8"))["variants"]) == [
        "cu126",
        "cu129",
        "cu130",
        "null",
    ]
    assert sorted(path.suffix for path in file.parent.iterdir()) == [".json"] + [".whl"] * 5


def test_the_file_has_the_rights_of_others(pip: Pip) -> None:
    """It may be read by whoever may read any new file."""
    file = write_wheels(pip.folder / "dist")
    index(pip, "dist")
    other = pip.folder / "other"
    other.touch()
    assert file.stat().st_mode == other.stat().st_mode


def test_a_folder_for_each_project(pip: Pip) -> None:
    """A static index has one folder a project; hidden folders are none."""
    for name in ("torch", "sub", ".git"):
        write_wheels(pip.folder / "simple" / name)
    assert index(pip, "simple").out.split("\n") == [
        "wrote simple/sub/torch-2.8.0-variants.json (3 labels of 3 wheels)",
        "wrote simple/torch/torch-2.8.0-variants.json (3 labels of 3 wheels)",
        "",
    ]


def test_contradictions(pip: Pip) -> None:
    """Both wheels are named, nothing is written of that version, and others are written."""
    folder = pip.folder / "dist"
    file = write_wheels(folder)
    other = with_variants({"cu126": cuda("12.5")}, FULL)
    write_wheel(folder, "torch-2.8.0-py2-none-any-cu126.whl", variant_json=other)
    write_wheel(folder, "torch-2.9.0-py3-none-any-cu126.whl", variant_json=FULL)
    assert index(pip, "dist", status=1) == Said(
        "wrote dist/torch-2.9.0-variants.json (1 label of 1 wheel)\n",
        "ERROR: dist/torch-2.8.0-variants.json: not written: torch-2.8.0-py2-none-any-cu126.whl and"
        " torch-2.8.0-py3-none-any-cu126.whl contradict each other: variants['cu126']: differs"
        " between the files\n",
    )
    assert not file.exists()


def test_wheels_that_cannot_be_read(pip: Pip) -> None:
    """Each is named, and what was there before stays."""
    folder = pip.folder / "dist"
    file = write_wheels(folder)
    index(pip, "dist")
    write_wheel(folder, "torch-2.8.0-py3-none-any-a.whl")
    write_wheel(folder, "torch-2.8.0-py3-none-any-b.whl", variant_json=b"[]")
    (folder / "torch-2.8.0-py3-none-any-c.whl").touch()
    (folder / "torch-2.8.0-py3-none-any-D.whl").touch()
    start = "ERROR: dist/torch-2.8.0-variants.json: not written: torch-2.8.0-py3-none-any"
    assert index(pip, "dist", status=1) == Said(
        "",
        "ERROR: dist/torch-2.8.0-py3-none-any-D.whl: Invalid variant label 'D' in"
        " 'torch-2.8.0-py3-none-any-D.whl'\n"
        f"{start}-a.whl: 'no variant.json in it'\n"
        f"{start}-b.whl: variant.json: expected an object, found a list\n"
        f"{start}-c.whl: 'File is not a zip file'\n",
    )
    assert file.read_text("utf-8") == WRITTEN


def test_revisions(pip: Pip) -> None:
    """What 0.2.0 cannot say is written in the wheels' own revision, what none can say is not."""
    folder = pip.folder / "dist"
    only_linux = with_provider({"enable-if": "platform_system == 'Linux'"}, FULL)
    file = write_wheels(folder, metadata=only_linux)
    index(pip, "dist")
    text = file.read_text("utf-8")
    assert '"$schema": "https://variants-schema.wheelnext.dev/v0.0.2.json"' in text
    assert '"enable-if": "platform_system == \'Linux\'"' in text
    built_in = {
        "default-priorities": {"namespace": ["nvidia", "abi_dependency"]},
        "providers": {"abi_dependency": {"builtin": "abi_dependency"}},
        "variants": {"abi": {"abi_dependency": {"numpy": ["2"]}}},
    }
    write_wheel(folder, "torch-2.8.0-py3-none-any-abi.whl", variant_json=built_in)
    assert index(pip, "dist", status=1).err == (
        "ERROR: dist/torch-2.8.0-variants.json: not written: no revision can say all of it: 0.2.0"
        " has no enable-if (providers.nvidia); 0.0.3 has no built-in providers"
        " (providers.abi_dependency)\n"
    )
    assert file.read_text("utf-8") == text


def test_stale_files_are_left_alone(pip: Pip) -> None:
    """A combined file without variant wheels, or by another name, is pointed out."""
    folder = pip.folder / "dist"
    write_wheels(folder)
    stale = [
        folder / "torch-2.7.0-variants.json",
        folder / "Torch-2.8.0-variants.json",
        folder / "torch-variants.json",
    ]
    for path in stale:
        path.write_text("{}")
    assert (
        index(pip, "dist").err
        == """\
WARNING: dist/torch-variants.json: ignored: the file name does not name a project and a version
WARNING: dist/torch-2.7.0-variants.json: stale, and left alone: this version has no variant wheels
WARNING: dist/Torch-2.8.0-variants.json: left alone: its name is not torch-2.8.0-variants.json
"""
    )
    assert [path.read_text() for path in stale] == ["{}"] * 3


def test_names_are_spelled_as_the_wheels_are(pip: Pip) -> None:
    """The file is found beside a single wheel too; wheels that disagree get the normalised name."""
    folder = pip.folder / "dist"
    for name in ("Mark_Up-1.0-py3-none-any-a.whl", "Mark_Up-2.0-py3-none-any-a.whl"):
        write_wheel(folder, name, variant_json=with_variants({"a": {}}, FULL))
    write_wheel(
        folder, "mark.up-2.0-py2-none-any-a.whl", variant_json=with_variants({"a": {}}, FULL)
    )
    assert (
        index(pip, "dist").out
        == """\
wrote dist/Mark_Up-1.0-variants.json (1 label of 1 wheel)
wrote dist/mark_up-2.0-variants.json (1 label of 2 wheels)
"""
    )


def test_nothing_to_do(pip: Pip) -> None:
    """A folder without variant wheels is not an error."""
    write_wheel(pip.folder / "dist", "torch-2.7.0-py3-none-any.whl")
    assert index(pip, "dist") == Said("There are no variant wheels in dist.\n", "")


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ((), "Need exactly one folder of wheels."),
        (("a", "b"), "Need exactly one folder of wheels."),
        (("--json", "a"), "The option --json is not one of: pip variants index"),
        (("a\n",), "Cannot read 'a\\n': No such file or directory"),
        (("file",), "Cannot read 'file': Not a directory"),
    ],
)
def test_usage(pip: Pip, args: tuple[str, ...], text: str) -> None:
    """What is missing or misplaced on the command line is said."""
    (pip.folder / "file").touch()
    assert index(pip, *args, status=1) == Said("", f"ERROR: {text}\n")


def test_a_place_that_cannot_be_written(pip: Pip) -> None:
    """What is in the way stays, nothing is left lying about, and the reason is said."""
    file = write_wheels(pip.folder / "dist")
    (file / "in-the-way").mkdir(parents=True)
    assert index(pip, "dist", status=1) == Said(
        "", "ERROR: dist/torch-2.8.0-variants.json: not written: Is a directory\n"
    )
    assert [path.suffix for path in file.parent.iterdir() if path != file] == [".whl"] * 4


@contextmanager
def _http_server(python: Path, root: Path) -> Iterator[str]:
    """Serve a folder with `python -m http.server` and yield its address."""
    command: list[str | Path] = [
        python,
        "-u",
        "-m",
        "http.server",
        "0",
        "--bind",
        "127.0.0.1",
        "--directory",
        root,
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().split(" port ")[1].split()[0]
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()


_NGINX = """\
daemon off; master_process off; pid {work}/pid; error_log {work}/error;
events {{}}
http {{
    access_log off;
    client_body_temp_path {work}/1; proxy_temp_path {work}/2; fastcgi_temp_path {work}/3;
    uwsgi_temp_path {work}/4; scgi_temp_path {work}/5;
    server {{ listen 127.0.0.1:{port}; location / {{ root {root}; autoindex on; }} }}
}}
"""


@contextmanager
def _nginx(program: str, root: Path, work: Path) -> Iterator[str]:
    """Serve a folder with nginx and its autoindex, and yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    work.mkdir()
    config = work / "nginx.conf"
    config.write_text(_NGINX.format(work=work, root=root, port=port))
    with subprocess.Popen([program, "-c", config, "-e", work / "start"]) as process:
        try:
            for _ in range(100):
                assert process.poll() is None, (work / "start").read_text()
                with socket.socket() as client:
                    if client.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()


NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@pytest.fixture(
    params=[
        "http.server",
        pytest.param(
            "nginx", marks=pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
        ),
        "static index",
    ]
)
def served(request: pytest.FixtureRequest, pip: Pip, tmp_path: Path) -> Iterator[str]:
    """Prepare a folder with `pip variants index` and nothing else, and serve it; yield where."""
    root = tmp_path / "served"
    write_wheels(root / "torch")
    index(pip, root)
    if request.param == "nginx":
        assert NGINX is not None
        with _nginx(NGINX, root, tmp_path / "nginx") as url:
            yield url
        return
    if request.param == "static index":
        write_simple_index(root, {"torch": sorted((root / "torch").iterdir())})
    with _http_server(pip.python, root) as url:
        yield f"{url}simple/" if request.param == "static index" else url


@pytest.mark.parametrize("option", ["--index-url", "--find-links"])
def test_a_prepared_folder_is_an_index(pip: Pip, served: str, option: str) -> None:
    """An install takes the best variant from any web server, and what describes it."""
    places: tuple[str, ...] = ("--index-url", served)
    if option == "--find-links":
        places = ("--no-index", "--find-links", f"{served}torch/")
    said = pip.run("install", "--dry-run", *places, "torch", machine=NEW)
    assert said.last == "Would install torch-2.8.0-cu129"
    assert "WARNING" not in said.err
    checked = pip.run("variants", "check", f"{served}torch/")
    assert checked.out == "No findings in 5 files.\n"
