"""Caches and folders into which others have put what they like."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.gpu import (
    GPU_PROVIDER,
    PLUGIN,
    TRUST_GPU,
    assert_falls_back_to_null,
    gpu_metadata,
    provider_folders,
    write_gpu_index,
    write_provider,
)
from tests.e2e.indexes import torch_files
from tests.e2e.pips import Output, Pip
from tests.support.owners import ANOTHER
from tests.support.stand_in import IndexServer, write_simple_index, write_wheel

pytestmark = pytest.mark.skipif(os.name != "posix", reason="makes FIFOs and links")

EVIL = "import os; os.close(os.open(os.environ['PLUGIN_LOG'], os.O_CREAT | os.O_WRONLY)); 1 / 0"


def _give_away(site: Path) -> None:
    """Let another user have written the module, of the same size, and its inventory."""
    module = site / "gpu_provider/plugin.py"
    module.write_text(EVIL)
    (site / "complete").write_text("{}")
    for path in (site, *site.rglob("*")):
        os.chown(path, ANOTHER, -1)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files away")
def test_provider_that_another_user_put_into_the_cache_is_not_run(
    pip: Pip, gpu_index: str, tmp_path: Path
) -> None:
    """It is made anew: in the cache, or if that belongs to another user, in a temporary folder."""
    log = tmp_path / "log"
    pip.dry_run(gpu_index, *TRUST_GPU, "torch")
    (site,) = provider_folders(pip)
    _give_away(site)
    output = pip.dry_run(gpu_index, *TRUST_GPU, "torch", PLUGIN_LOG=str(log))
    assert (output.stderr, output.last_line) == ("", "Would install torch-2.8.0-fast")
    assert "ran" in log.read_text()
    log.unlink()
    _give_away(site)
    os.chown(site.parent, ANOTHER, -1)
    output = pip.dry_run(gpu_index, *TRUST_GPU, "torch", PLUGIN_LOG=str(log))
    assert output.last_line == "Would install torch-2.8.0-fast"
    assert output.stderr == (
        "WARNING: gpu: its provider is installed anew by each run: HERE/cache/variants/providers"
        " belongs to another user\n"
    )
    assert "ran" in log.read_text()
    assert (site / "gpu_provider/plugin.py").read_text() == EVIL


ENDPOINTS = ["antigravity:x", "chips:Plugin"]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_endpoint_outside_the_trusted_package_is_not_imported(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, endpoint: str
) -> None:
    """Neither the standard library nor what the package depends on."""
    folder = tmp_path / "index/files"
    wheel = write_provider(folder, requires=["chips"])
    chips = write_wheel(folder, "chips-2.0-py3-none-any.whl", files={"chips.py": PLUGIN.encode()})
    others = {"gpu-provider": [wheel], "chips": [chips]}
    write_gpu_index(tmp_path / "index", tag, others, {**GPU_PROVIDER, "plugin-api": endpoint})
    problem = f"its plugin-api is {endpoint!r}, which is no module of gpu-provider"
    assert_falls_back_to_null(pip, f"{server.url}simple/", problem=problem)


@pytest.mark.parametrize("first", ["good", "evil"])
def test_provider_of_another_index_is_not_taken(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, first: str
) -> None:
    """Whatever version it has, on an index or in find-links, and whichever index comes first."""
    evil = [
        write_provider(tmp_path / f"index/{name}", "1 / 0", name="gpu_provider-99-py3-none-any.whl")
        for name in ("evil/files", "links")
    ]
    write_simple_index(tmp_path / "index/evil", {"gpu-provider": evil[:1]})
    good = write_provider(tmp_path / "index/good/files")
    write_gpu_index(tmp_path / "index/good", tag, {"gpu-provider": [good]})
    others = {"good": "evil", "evil": "good"}
    urls = [f"{server.url}{name}/simple/" for name in (first, others[first])]
    options = ("--extra-index-url", urls[1], "--find-links", str(tmp_path / "index/links"))
    output = pip.dry_run(urls[0], *options, *TRUST_GPU, "torch")
    assert (output.stderr, output.last_line) == ("", "Would install torch-2.8.0-fast")
    assert {*server.requested("/gpu-provider/")} == {"/good/simple/gpu-provider/"}


def _fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path


def test_fifo_named_as_a_file_is_never_waited_for(pip: Pip, tmp_path: Path, tag: str) -> None:
    """It is not opened before it is chosen, and then it is an error."""
    links = tmp_path / "links"
    links.mkdir()
    for name in ("y-1.0-py3-none-any.whl", "y-0.9.tar.gz", "y-2.0-variants.json", "page.html"):
        _fifo(links / name)
    write_wheel(links, "y-2.0-py3-none-any.whl")
    find = ("install", "--dry-run", "--no-index", "--find-links", str(links))
    assert pip.run(*find, "y").last_line == "Would install y-2.0"
    for requirement, path in (("y==1.0", "y-1.0-py3-none-any.whl"), ("y==0.9", "y-0.9.tar.gz")):
        output = pip.run(*find, requirement, status=1)
        assert f"ERROR: Cannot read {links / path}: Not a regular file\n" in output.stderr
    given = _fifo(links / f"torch-2.8.0-{tag}-x.whl")
    output = pip.run("install", "--no-index", str(given), status=1)
    assert "Not a regular file" in output.stderr
    for command in (("variants", "check"), ("variants", "index", "--all")):
        pip.run(*command, str(links))
    pip.run("variants", "check", str(given), status=1)


@pytest.mark.every_release
def test_fifo_in_place_of_the_cache_is_never_waited_for(pip: Pip, tmp_path: Path) -> None:
    """Not even to see whose it is."""
    wheel = write_wheel(tmp_path / "links", "y-2.0-py3-none-any.whl")
    cache = ("--cache-dir", str(_fifo(tmp_path / "cache")))
    output = pip.run("install", "--dry-run", "--no-index", *cache, str(wheel))
    assert output.last_line == "Would install y-2.0"


def test_requirements_may_come_from_a_pipe(pip: Pip, tmp_path: Path) -> None:
    """As a shell makes one of a command, for requirements and constraints."""
    write_wheel(tmp_path / "links", "y-2.0-py3-none-any.whl")
    for option in ("-r", "-c"):
        fifo = _fifo(tmp_path / f"pipe{option}")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(fifo.write_text, "y\n")
            args = (option, str(fifo), *(["y"] if option == "-c" else []))
            find = ("--no-index", "--find-links", str(tmp_path / "links"))
            output = pip.run("install", "--dry-run", *find, *args)
        assert output.last_line == "Would install y-2.0"


def _as_link(variants: Path, outside: Path) -> None:
    shutil.rmtree(variants, ignore_errors=True)
    variants.parent.mkdir(exist_ok=True)
    variants.symlink_to(outside)


def _with_links(variants: Path, outside: Path) -> None:
    (variants / "providers").mkdir(parents=True)
    (variants / "providers/link").symlink_to(outside)
    (variants / "nothing").symlink_to("nowhere")
    _fifo(variants / "fifo")


def _with_linked_caches(variants: Path, outside: Path) -> None:
    for name in ("http", "http-v2", "wheels"):
        variants.with_name(name).unlink(missing_ok=True)
        _as_link(variants.with_name(name), outside)


@pytest.mark.parametrize("make", [_as_link, _with_links, _with_linked_caches])
def test_purge_removes_links_and_not_what_they_point_to(
    pip: Pip, tmp_path: Path, make: Callable[[Path, Path], None]
) -> None:
    """Neither the folder nor anything in it is followed."""
    outside = tmp_path / "outside"
    (outside / "empty").mkdir(parents=True)
    for name in ("precious", "precious-1.0-py3-none-any.whl"):
        (outside / name).touch()
    before = sorted(outside.rglob("*"))
    cache = pip.folder / "cache"
    make(cache / "variants", outside)
    pip.run("cache", "remove", "precious")
    output = pip.run("cache", "purge")
    assert output.stdout.startswith("Files removed: ")
    assert output.stderr == ""
    assert sorted(outside.rglob("*")) == before
    assert [path for path in cache.rglob("*") if path.is_symlink() or not path.is_dir()] == []


def test_two_mirrors_into_one_folder_take_turns(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Both succeed, and the folder is what one of them would have made."""
    folder = tmp_path / "index/files"
    metadata = gpu_metadata({"static-properties": {"arch": ["b"]}})
    files = torch_files(folder, tag, ["fast", "null"], metadata=metadata)
    write_simple_index(tmp_path / "index", {"torch": files})

    def run(_: int) -> Output:
        options = ("variants", "mirror", "--index-url", f"{server.url}simple/")
        return pip.run(*options, "torch", "m")

    with ThreadPoolExecutor(2) as pool:
        lines = sorted(output.last_line for output in pool.map(run, range(2)))
    assert lines == [
        "Nothing new: m has all that is needed, 1 file",
        "m has all that is needed, 1 file: 1 new (SIZE)",
    ]
    wheel = f"torch-2.8.0-{tag}-fast.whl"
    pages = ["index.html", "index.json"]
    names = [wheel, f"{wheel}.metadata", "torch", "torch-2.8.0-variants.json", *pages, *pages]
    assert sorted(path.name for path in (pip.folder / "m").rglob("*")) == sorted(names)


ODD_FOLDERS = {
    "odd-1.0.dist-info.dist-info": "odd",  # a folder whose name has no version
    "old-1.0_x.dist-info": "old",  # nor has METADATA
    "bare-x.dist-info": "bare",  # nor is there a line for it
    "few-1.0.dist-info": "few",  # entry points that are none
}


@pytest.mark.every_release
def test_odd_distribution_stops_no_other(own_pip: Pip, tmp_path: Path) -> None:
    """Others are installed and reported beside it, and it can be uninstalled."""
    pip, site = own_pip, next(own_pip.python.parents[1].glob("lib/python*/site-packages"))
    write_wheel(tmp_path / "links", "y-2.0-py3-none-any.whl")
    for folder, name in ODD_FOLDERS.items():
        info = site / folder
        info.mkdir()
        version = {"old": "Version: 1.0_x\n", "bare": ""}.get(name, "Version: 1.0\n")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\n{version}")
        (info / "INSTALLER").write_text("pip\n")
        (info / "entry_points.txt").write_text("[console_scripts]\nodd\n")
        names = ("METADATA", "INSTALLER", "entry_points.txt", "RECORD")
        (info / "RECORD").write_text("".join(f"{folder}/{name},,\n" for name in names))
    find = ("--no-index", "--find-links", str(tmp_path / "links"))
    assert pip.run("install", *find, "y").last_line == "Successfully installed y-2.0"
    for command in (("list",), ("freeze",), ("inspect",), ("show", *ODD_FOLDERS.values())):
        pip.run(*command)
    output = pip.run("uninstall", "-y", *ODD_FOLDERS.values())
    assert output.stdout.count("Successfully uninstalled") == len(ODD_FOLDERS)
    assert not [name for name in ODD_FOLDERS if (site / name).exists()]


def test_wheel_whose_entry_points_are_none_is_refused(pip: Pip, tmp_path: Path) -> None:
    """Before its first file is written."""
    entries = {"y-2.0.dist-info/entry_points.txt": b"[console_scripts]\nodd\n"}
    wheel = write_wheel(tmp_path, "y-2.0-py3-none-any.whl", files={"y.py": b"", **entries})
    output = pip.run("install", "--no-index", str(wheel), status=1)
    problem = f"{wheel.name} has an entry_points.txt that is not valid."
    assert output.stderr == f"ERROR: For req: y==2.0. {problem}\n"
