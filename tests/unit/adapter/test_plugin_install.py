"""A trusted provider is resolved each time, and installed once in a folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pip._internal.utils.temp_dir import global_tempdir_manager

from pip_variants.core.errors import ProviderError
from pip_variants.pip_adapter import provider_folders
from pip_variants.pip_adapter.plugin_env import TIME_LIMIT, Pinned, PluginInstaller
from pip_variants.system import interpreter
from tests.unit.adapter.fake_pip import (
    SHA,
    FakePip,
    Json,
    installer,
    options,
    reported,
    without_paths,
)

INSTALLED = ["complete", "gpu_provider-1.0.dist-info", "gpu_provider.py"]
"""What is in the folder of a provider."""


@pytest.fixture(autouse=True)
def _temporary_folders() -> Iterator[None]:
    """Let pip remove the folders that are not cached."""
    with global_tempdir_manager():
        yield


def test_provider_is_resolved_first_and_installed_with_hashes(pip: FakePip, tmp_path: Path) -> None:
    """The second command installs exactly what the first one resolved, and nothing else."""
    pip.install = (reported("Gpu.Provider", "1.0.0"), reported("attrs", "24.1"))
    site = installer(tmp_path).install(["gpu-provider (>=1)"]).site
    assert pip.files == [
        "gpu-provider (>=1)\n",
        f"attrs (==24.1) --hash=sha256:{SHA}\ngpu-provider (==1.0.0) --hash=sha256:{SHA}\n",
    ]
    resolving, installing = pip.commands
    assert without_paths(resolving, tmp_path) == ["--timeout", "15", "--retries", "5"]
    assert without_paths(installing, tmp_path) == ["--timeout", "15", "--retries", "5"]
    assert resolving[20:22] == ["--dry-run", "--report"]
    assert resolving[23] == "-r"
    assert installing[20:22] == ["--no-deps", "--target"]
    assert installing[23] == "-r"
    assert pip.limits == [TIME_LIMIT, TIME_LIMIT]
    assert sorted(path.name for path in site.iterdir()) == INSTALLED


def test_folder_lies_in_the_cache_and_work_leaves_nothing(pip: FakePip, tmp_path: Path) -> None:
    """Only the complete folder stays, with the name of its files."""
    site = installer(tmp_path).install(["gpu-provider"]).site
    assert site.parent == tmp_path / "variants" / "providers"
    assert list(site.parent.iterdir()) == [site]
    assert len(site.name) == 64
    assert len(pip.commands) == 2


def test_complete_folder_is_used_again_after_resolving(pip: FakePip, tmp_path: Path) -> None:
    """Versions are resolved each time; the same files are installed once."""
    first = installer(tmp_path).install(["gpu-provider"]).site
    second = installer(tmp_path).install(["gpu-provider"]).site
    assert second == first
    assert ["--dry-run" in command for command in pip.commands] == [True, False, True]


# What the second resolution reports in place of gpu-provider 1.0.
OTHERS = {
    "version": (reported("gpu-provider", "1.1"),),
    "hash": (reported("gpu-provider", "1.0", "1" * 64),),
    "no hash": (reported("gpu-provider", "1.0", None),),
    "a package more": (reported("gpu-provider", "1.0"), reported("attrs", "1")),
}


@pytest.mark.parametrize("install", OTHERS.values(), ids=OTHERS)
def test_other_files_are_installed_in_another_folder(
    pip: FakePip, tmp_path: Path, install: tuple[Json, ...]
) -> None:
    """A folder is never changed."""
    first = installer(tmp_path).install(["gpu-provider"]).site
    pip.install = install
    assert installer(tmp_path).install(["gpu-provider"]).site != first
    assert len(pip.commands) == 4


def test_other_interpreter_has_a_folder_of_its_own(
    pip: FakePip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider may have compiled modules."""
    first = installer(tmp_path).install(["gpu-provider"]).site
    monkeypatch.setattr(sys, "version", "3.99.0 (another build)")
    assert installer(tmp_path).install(["gpu-provider"]).site != first
    assert len(pip.commands) == 4


def test_one_missing_hash_leaves_out_all_of_them(pip: FakePip, tmp_path: Path) -> None:
    """Hashes are required of all packages or of none; a local folder has none."""
    pip.install = (reported("gpu-provider", "1.0"), reported("attrs", "24.1", None))
    installer(tmp_path).install(["gpu-provider"])
    assert pip.files[1] == "attrs (==24.1)\ngpu-provider (==1.0)\n"


def test_provider_without_hashes_is_not_cached(pip: FakePip, tmp_path: Path) -> None:
    """Without hashes the same name and version can be another file the next time."""
    pip.install = (reported("gpu-provider", "1.0", None),)
    first = installer(tmp_path).install(["gpu-provider"]).site
    assert installer(tmp_path).install(["gpu-provider"]).site != first
    assert not first.is_relative_to(tmp_path / "variants")
    assert list((tmp_path / "variants" / "providers").iterdir()) == []


def test_progress_is_shown_while_pip_runs(pip: FakePip, tmp_path: Path) -> None:
    """The spinner of the caller turns in both steps."""
    ticks: list[int] = []
    PluginInstaller(options(tmp_path), None, lambda: ticks.append(1)).install(["gpu-provider"])
    assert (len(ticks), len(pip.commands)) == (2, 2)


# The status of pip, what it printed, and the error.
FAILURES: dict[str, tuple[int | None, str, str]] = {
    "an error": (
        1,
        "WARNING: x\nERROR: Could not find a version\nERROR: No matching distribution\n\nnotice\n",
        "pip could not install it: No matching distribution",
    ),
    "no error line": (2, "Traceback\nKeyError: 1\n", "pip could not install it: KeyError: 1"),
    "no output": (1, "", "pip could not install it: it printed nothing"),
    "escapes": (1, "ERROR: \x1b[2J\n", r"pip could not install it: '\x1b[2J'"),
    "long": (1, f"ERROR: {'x' * 999}\n", f"pip could not install it: {'x' * 200}..."),
    "time limit": (None, "", "pip did not install it within 600 s"),
}


@pytest.mark.parametrize(("status", "output", "error"), FAILURES.values(), ids=FAILURES)
def test_failure_of_pip_is_one_sentence(
    pip: FakePip, tmp_path: Path, status: int | None, output: str, error: str
) -> None:
    """The last error of pip is the reason, and nothing is left in the cache."""
    pip.status, pip.output = status, output
    with pytest.raises(ProviderError) as caught:
        installer(tmp_path).install(["gpu-provider"])
    assert str(caught.value) == error
    assert list((tmp_path / "variants" / "providers").iterdir()) == []


def test_temporary_folder_may_be_on_another_disk(
    pip: FakePip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder cannot be moved from one disk to another."""
    own = tmp_path / "variants" / "providers"
    real = Path.replace

    def replace(path: Path, target: Path) -> Path:
        if path.is_relative_to(own) != target.is_relative_to(own):
            raise OSError(18, "Invalid cross-device link")
        return real(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    pip.install = (reported("gpu-provider", "1.0", None),)
    site = installer(tmp_path).install(["gpu-provider"]).site
    assert (site / "complete").is_file()


def test_without_any_folder_the_error_is_one_sentence(
    pip: FakePip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider fails, not the command."""

    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    (tmp_path / "variants").touch()
    monkeypatch.setattr(provider_folders, "temporary_folder", full)
    with pytest.raises(ProviderError) as caught:
        installer(tmp_path).install(["gpu-provider"])
    assert str(caught.value) == "cannot create a folder for it: No space left on device"
    assert pip.commands == []


@pytest.mark.skipif(sys.platform != "linux", reason="/proc says what runs this process")
def test_embedded_python_installs_no_provider(
    pip: FakePip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An application that embeds Python is not started to run pip."""
    for name in ("executable", "_base_executable"):
        monkeypatch.setattr(sys, name, "/opt/editor/editor", raising=False)
    monkeypatch.setattr(interpreter, "_running", lambda: "/opt/editor/editor")
    with pytest.raises(ProviderError) as caught:
        installer(tmp_path).install(["gpu-provider"])
    expected = "there is no Python interpreter to start: '/opt/editor/editor' is not this Python"
    assert str(caught.value) == expected
    assert pip.commands == []


PINNED = {
    "with a hash": (Pinned("a", "1.0", "ab"), "a (==1.0) --hash=sha256:ab"),
    "without": (Pinned("a", "1.0", ""), "a (==1.0)"),
    "a version like an archive": (Pinned("a", "1.zip", ""), "a (==1.zip)"),
}


@pytest.mark.parametrize(("pinned", "line"), PINNED.values(), ids=PINNED)
def test_pinned_package_is_a_requirement_and_never_a_file(pinned: Pinned, line: str) -> None:
    """In parentheses a version is not taken for a path."""
    assert pinned.line == line
