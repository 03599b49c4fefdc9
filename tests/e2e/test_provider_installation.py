"""How pip installs a trusted provider: isolated, cached, from the user's indexes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e.gpu import (
    GPU_PROVIDER,
    PLUGIN,
    PROVIDER_PAGE,
    PROVIDER_WHEEL,
    TRUST_GPU,
    assert_falls_back_to_null,
    gpu_metadata,
    provider_folders,
    write_gpu_index,
    write_provider,
)
from tests.e2e.indexes import torch_files, torch_sdist
from tests.e2e.pips import Output, Pip
from tests.support.stand_in import IndexServer, Listed, Reply, write_simple_index
from tests.support.stand_in_wheel import Json
from tests.support.venvs import make_venv


def test_installed_provider_is_reused_by_the_next_run(
    pip: Pip, gpu_index: str, server: IndexServer, plugin_log: Path
) -> None:
    """The second run reuses the installed provider and requests only its page."""
    for _ in range(2):
        server.requests.clear()
        output = pip.dry_run(gpu_index, *TRUST_GPU, "torch", PLUGIN_LOG=str(plugin_log))
        assert output.last_line == "Would install torch-2.8.0-fast"
    assert (server.requested("/gpu-provider/"), server.requested(PROVIDER_WHEEL)) == (
        [PROVIDER_PAGE],
        [PROVIDER_WHEEL],
    )
    assert plugin_log.read_text() == "ran\n" * 2
    assert len(provider_folders(pip)) == 1


def test_newer_provider_is_installed_beside_the_older_one(
    pip: Pip, gpu_index: str, tmp_path: Path, tag: str
) -> None:
    """A newer provider on the index is installed, and the older one stays in the cache."""
    pip.dry_run(gpu_index, *TRUST_GPU, "torch")
    newer = PLUGIN.replace('["b", "a"]', '["a"]')
    folder = tmp_path / "index/files"
    wheels = [
        folder / "gpu_provider-1.0-py3-none-any.whl",
        write_provider(folder, newer, name="gpu_provider-1.1-py3-none-any.whl"),
    ]
    write_gpu_index(tmp_path / "index", tag, {"gpu-provider": wheels})
    output = pip.dry_run(gpu_index, *TRUST_GPU, "torch")
    assert output.last_line == "Would install torch-2.8.0-null"
    assert "fast needs gpu :: arch :: b, this machine has a\n" in output.stdout
    assert len(provider_folders(pip)) == 2


def test_index_of_providers_is_the_only_source_of_them(
    pip: Pip, tmp_path: Path, server: IndexServer, tag: str
) -> None:
    """A provider of the same name beside the variants is not looked at."""
    root = tmp_path / "index"
    failing = write_provider(root / "files", "raise RuntimeError")
    write_gpu_index(root, tag, {"gpu-provider": [failing]})
    provider = write_provider(root / "own/files")
    write_simple_index(root / "own", {"gpu-provider": [provider]})
    own = ("--variant-provider-index", f"{server.url}own/simple/")
    output = pip.dry_run(f"{server.url}simple/", *TRUST_GPU, *own, "torch")
    assert (output.last_line, output.stderr) == ("Would install torch-2.8.0-fast", "")
    assert {*server.requested("/gpu-provider/")} == {"/own/simple/gpu-provider/"}


def test_changed_provider_of_same_version_is_installed_anew(
    pip: Pip, gpu_index: str, tmp_path: Path, tag: str
) -> None:
    """A provider folder belongs to the hashes of its files, not to a version number."""
    pip.dry_run(gpu_index, *TRUST_GPU, "torch")
    wheel = write_provider(tmp_path / "index/files", PLUGIN.replace('["b", "a"]', '["a"]'))
    write_gpu_index(tmp_path / "index", tag, {"gpu-provider": [wheel]})
    assert pip.dry_run(gpu_index, *TRUST_GPU, "torch").last_line == "Would install torch-2.8.0-null"
    assert len(provider_folders(pip)) == 2


def test_concurrent_installs_leave_one_provider_folder(pip: Pip, gpu_index: str) -> None:
    """Two runs that install the provider at the same time both succeed and leave one folder."""
    ready = threading.Barrier(2)

    def run(_: int) -> Output:
        ready.wait()
        return pip.dry_run(gpu_index, *TRUST_GPU, "torch")

    with ThreadPoolExecutor(2) as pool:
        output = [*pool.map(run, range(2))]
    assert [(item.stderr, item.last_line) for item in output] == [
        ("", "Would install torch-2.8.0-fast")
    ] * 2
    assert len(provider_folders(pip)) == 1


def test_incomplete_provider_folder_is_replaced(pip: Pip, gpu_index: str) -> None:
    """An incomplete provider folder, as a killed pip leaves it, is replaced."""
    pip.dry_run(gpu_index, *TRUST_GPU, "torch")
    (site,) = provider_folders(pip)
    (site / "complete").unlink()
    (site / "gpu_provider" / "plugin.py").write_text("raise AssertionError")
    assert pip.dry_run(gpu_index, *TRUST_GPU, "torch").last_line == "Would install torch-2.8.0-fast"
    assert provider_folders(pip) == [site]


def test_cache_purge_removes_installed_providers(pip: Pip, gpu_index: str) -> None:
    """`pip cache purge` removes every file, and the next run installs the provider anew."""
    pip.dry_run(gpu_index, *TRUST_GPU, "torch")
    cache = pip.folder / "cache/variants"
    assert [path for path in cache.rglob("*") if path.is_file()]
    assert pip.run("cache", "purge").stdout.startswith("Files removed: ")
    assert [path for path in cache.rglob("*") if path.is_file()] == []
    output = pip.dry_run(gpu_index, *TRUST_GPU, "torch")
    assert (output.stderr, output.last_line) == ("", "Would install torch-2.8.0-fast")
    assert len(provider_folders(pip)) == 1


def test_no_cache_dir_leaves_no_provider_folder(pip: Pip, gpu_index: str, tmp_path: Path) -> None:
    """With `--no-cache-dir` the provider is installed into a folder that is removed."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    options = ("--no-cache-dir", *TRUST_GPU, "torch")
    output = pip.dry_run(gpu_index, *options, TMPDIR=str(temporary))
    assert (output.stderr, output.last_line) == ("", "Would install torch-2.8.0-fast")
    assert [*temporary.iterdir()] == []
    assert not (pip.folder / "cache").exists()


# Runs pip as a plug-in of an application does, which has put itself into sys.executable.
EMBEDDED = """\
import sys
application, *sys.argv[1:] = sys.argv[1:]
sys.executable = application
from pip._internal.cli.main import main
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the application is a script for a shell")
@pytest.mark.parametrize("name", ["editor", ""])
def test_application_that_embeds_python_is_not_started(
    pip: Pip, gpu_index: str, tmp_path: Path, name: str
) -> None:
    """Neither for installing a provider nor for querying it."""
    application = tmp_path / "editor"
    application.write_text(f"#!/bin/sh\necho started >> '{tmp_path}/log'\n")
    application.chmod(0o755)
    command = ("install", "--dry-run", "--index-url", gpu_index, *TRUST_GPU, "torch")
    output = pip.run_python("-c", EMBEDDED, str(application) if name else "", *command)
    assert (output.stderr, output.last_line) == ("", "Would install torch-2.8.0-fast")
    assert not (tmp_path / "log").exists()


def test_provider_is_not_installed_in_the_environment(own_pip: Pip, gpu_index: str) -> None:
    """The selected variant is installed in the user's environment, and the provider is not."""
    output = own_pip.run("install", "--index-url", gpu_index, *TRUST_GPU, "torch")
    assert output.last_line == "Successfully installed torch-2.8.0-fast"
    listed = own_pip.run("list", "--format", "freeze").stdout
    assert "torch==2.8.0" in listed
    assert "gpu" not in listed


def test_legacy_resolver_installs_the_provider_too(pip: Pip, gpu_index: str) -> None:
    """With the legacy resolver the provider is installed too."""
    output = pip.dry_run(gpu_index, "--use-deprecated", "legacy-resolver", *TRUST_GPU, "torch")
    assert (output.stderr, output.last_line) == ("", "Would install torch-2.8.0-fast")


def test_dependencies_of_the_provider_are_installed(
    pip: Pip, gpu_index: str, tmp_path: Path, tag: str
) -> None:
    """What the provider depends on is installed beside it."""
    source = PLUGIN.replace('["b", "a"]', "[chips.__version__]")
    folder = tmp_path / "index/files"
    wheel = write_provider(folder, f"import chips\n{source}", requires=["chips<3"])
    chips = write_provider(
        folder, name="chips-2.0-py3-none-any.whl", files={"chips/__init__.py": b"__version__ = 'b'"}
    )
    write_gpu_index(tmp_path / "index", tag, {"gpu-provider": [wheel], "chips": [chips]})
    assert pip.dry_run(gpu_index, *TRUST_GPU, "torch").last_line == "Would install torch-2.8.0-fast"


def test_variants_of_the_provider_itself_are_ignored(
    pip: Pip, gpu_index: str, tmp_path: Path, tag: str
) -> None:
    """Of a provider the plain wheel is installed and not a variant."""
    folder = tmp_path / "index/files"
    metadata: Json = {**gpu_metadata(GPU_PROVIDER), "variants": {"null": {}}}
    files = torch_files(folder, "py3-none-any", ["null"], name="gpu_provider", metadata=metadata)
    plain = write_provider(folder)
    write_gpu_index(tmp_path / "index", tag, {"gpu-provider": [*files, plain]})
    output = pip.dry_run(gpu_index, *TRUST_GPU, "torch")
    assert (output.stderr, output.last_line) == ("", "Would install torch-2.8.0-fast")


def test_provider_sdist_is_never_built(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A provider without a wheel is not built but a warning, and the install goes on."""
    folder = tmp_path / "index/files"
    sdist = torch_sdist(folder).rename(folder / "gpu_provider-2.8.0.tar.gz")
    write_gpu_index(tmp_path / "index", tag, {"gpu-provider": [sdist]})
    problem = "pip could not install it: No matching distribution found for gpu-provider>=1"
    assert_falls_back_to_null(pip, f"{server.url}simple/", problem=problem)
    assert server.requested(".tar.gz") == []


def test_provider_with_wrong_hash_is_refused(pip: Pip, gpu_index: str, server: IndexServer) -> None:
    """A provider whose hash differs from that on its page is refused."""
    server.replies[PROVIDER_WHEEL] = Reply(body=b"PK")
    assert_falls_back_to_null(
        pip,
        gpu_index,
        problem="pip could not install it: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE"
        " REQUIREMENTS FILE. If you have updated the package versions, please update the hashes."
        " Otherwise, examine the package contents carefully; someone may ha...",
    )
    assert provider_folders(pip) == []


def test_provider_page_needs_no_hashes(pip: Pip, gpu_index: str, tmp_path: Path, tag: str) -> None:
    """The page of a provider need not have hashes."""
    wheel = Listed(tmp_path / "index/files/gpu_provider-1.0-py3-none-any.whl", hashed=False)
    write_gpu_index(tmp_path / "index", tag, {"gpu-provider": [wheel]})
    output = pip.dry_run(gpu_index, *TRUST_GPU, "torch")
    assert (output.stderr, output.last_line) == ("", "Would install torch-2.8.0-fast")


def test_missing_provider_page_falls_back_to_null(
    pip: Pip, gpu_index: str, server: IndexServer
) -> None:
    """An index without the provider costs only the variants that need it."""
    server.replies[PROVIDER_PAGE] = Reply(404)
    problem = "pip could not install it: No matching distribution found for gpu-provider>=1"
    assert_falls_back_to_null(pip, gpu_index, problem=problem)


def test_provider_wheel_cannot_write_outside_its_folder(
    pip: Pip, gpu_index: str, tmp_path: Path, tag: str
) -> None:
    """A provider wheel with paths that lead out of its folder is refused."""
    wheel = write_provider(tmp_path / "index/files", files={"../../../escaped": b"x"})
    write_gpu_index(tmp_path / "index", tag, {"gpu-provider": [wheel]})
    output = pip.dry_run(gpu_index, *TRUST_GPU, "torch")
    assert output.last_line == "Would install torch-2.8.0-null"
    assert output.stderr.startswith(
        "WARNING: gpu: its provider (gpu-provider) failed: pip could not install it: For req:"
        " gpu-provider==1.0. The wheel "
    )
    assert [*tmp_path.rglob("escaped")] == []


@contextmanager
def _watched_command_lines(words: Sequence[str]) -> Iterator[list[str]]:
    """Collect each command line on this machine that has all of the words, while the block runs.

    Other users of the machine can read these command lines.
    """
    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    line = file.read_text("utf-8", "replace")
                    seen.extend([line] if all(word in line for word in words) else [])

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.usefixtures("gpu_index")
def test_passwords_are_never_on_a_command_line(pip: Pip, server: IndexServer) -> None:
    """Passwords in addresses reach the pip that installs a provider, but no list of processes."""
    address = server.url.removeprefix("http://")
    server.replies[PROVIDER_PAGE] = Reply(delay=0.3)
    with _watched_command_lines([str(pip.folder), "--no-variants"]) as seen:
        output = pip.run(
            *("install", "--dry-run", *TRUST_GPU, "torch"),
            PIP_INDEX_URL=f"http://user:secret-of-index@{address}simple/",
            PIP_EXTRA_INDEX_URL=f"http://user:secret-of-extra@{address}simple/",
            PIP_FIND_LINKS=f"http://user:secret-of-links@{address}simple/gpu-provider/",
        )
    assert output.last_line == "Would install torch-2.8.0-fast"
    assert seen
    assert [line for line in seen if "secret" in line] == []
    page_requests = [request for request in server.requests if request.path == PROVIDER_PAGE]
    assert [request for request in page_requests if "authorization" not in request.headers] == []
    assert "secret" not in output.stdout + output.stderr


def test_provider_is_found_in_relative_and_spaced_links(pip: Pip, tag: str) -> None:
    """Folders of `--find-links`, relative or with spaces in their names, serve providers too."""
    torch_files(
        pip.folder / "my wheels", tag, ["fast", "null"], metadata=gpu_metadata(GPU_PROVIDER)
    )
    write_provider(pip.folder / "links")
    options = ("--no-index", "--find-links", "links", "--find-links", "my wheels")
    output = pip.run("install", "--dry-run", *options, *TRUST_GPU, "torch")
    assert (output.stderr, output.last_line) == ("", "Would install torch-2.8.0-fast")
    write_provider(pip.folder / "more links", name="gpu_provider-1.5-py3-none-any.whl")
    options = ("--no-index", "--find-links", "my wheels", "--find-links", "more links")
    output = pip.run("install", "--dry-run", *options, *TRUST_GPU, "torch")
    assert (output.stderr, output.last_line) == ("", "Would install torch-2.8.0-fast")


def test_provider_is_found_on_index_of_requirements_file(pip: Pip, gpu_index: str) -> None:
    """An index that only a requirements file names serves the provider too."""
    (pip.folder / "requirements.txt").write_text(f"--index-url {gpu_index}\ntorch\n")
    output = pip.run("install", "--dry-run", *TRUST_GPU, "-r", "requirements.txt")
    assert (output.stderr, output.last_line) == ("", "Would install torch-2.8.0-fast")


def test_user_settings_do_not_affect_provider_installs(
    pip: Pip, gpu_index: str, tmp_path: Path
) -> None:
    """Settings for the user's own packages do not affect the installation of a provider."""
    config = tmp_path / "pip.conf"
    config.write_text(
        "[install]\ntarget = elsewhere\nno-binary = gpu-provider\nrequire-hashes = no\n"
    )
    (tmp_path / "constraints.txt").write_text("gpu-provider<1\n")
    output = pip.dry_run(
        gpu_index,
        *TRUST_GPU,
        "torch",
        PIP_CONFIG_FILE=str(config),
        PIP_CONSTRAINT=str(tmp_path / "constraints.txt"),
        PIP_REQUIRE_VIRTUALENV="1",
        PIP_PRE="1",
    )
    assert (output.stderr, output.last_line) == ("", "Would install torch-2.8.0-fast")


def test_provider_runs_under_the_target_interpreter(
    pip: Pip, gpu_index: str, tmp_path: Path, tag: str
) -> None:
    """With `--python` the provider runs under the interpreter that is installed for."""
    python = make_venv(tmp_path / "other", pip.python.resolve(), "--without-pip").python
    source = PLUGIN.replace('["b", "a"]', "['b' if where == sys.executable else 'a']")
    wheel = write_provider(
        tmp_path / "index/files", f"import sys\nwhere = {str(python)!r}\n{source}"
    )
    write_gpu_index(tmp_path / "index", tag, {"gpu-provider": [wheel]})
    command = ("install", "--dry-run", "--index-url", gpu_index, *TRUST_GPU, "torch")
    assert pip.run(*command).last_line == "Would install torch-2.8.0-null"
    output = pip.run("--python", str(python), *command)
    assert output.last_line == "Would install torch-2.8.0-fast"
