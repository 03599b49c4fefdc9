"""Code of a provider is run from the cache only if it is what this user has installed there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pip._internal.utils.temp_dir import global_tempdir_manager

from pip_variants.core.errors import ProviderError
from pip_variants.pip_adapter import provider_folders
from pip_variants.pip_adapter.plugin_env import Installed, PluginInstaller
from pip_variants.system import locks
from tests.support.owners import ANOTHER, GiveAway, give_away
from tests.unit.adapter.fake_pip import FakePip, installer, options

__all__ = ["give_away"]

INFO = "gpu_provider-1.0.dist-info"
posix = pytest.mark.skipif(os.name != "posix", reason="files have no such owners and modes")


@pytest.fixture(autouse=True)
def _temporary_folders() -> Iterator[None]:
    """Let pip remove the folders that are not cached."""
    with global_tempdir_manager():
        yield


def _install(cache: Path) -> Installed:
    return installer(cache).install(["gpu-provider"])


def _replace_by(target: str) -> Callable[[Path], None]:
    def replace(site: Path) -> None:
        copy = site.with_name("elsewhere")
        shutil.copytree(site, copy)
        if target == "folder":
            shutil.rmtree(site)
            site.symlink_to(copy)
        else:
            (site / target).unlink()
            (site / target).symlink_to(copy / target)

    return replace


def _purge(site: Path) -> None:
    for path in site.rglob("*"):
        if path.is_file():
            path.unlink()


def _fifo(site: Path, name: str = "gpu_provider.py") -> None:
    (site / name).unlink()
    os.mkfifo(site / name)


def _folder(site: Path) -> None:
    (site / "gpu_provider.py").unlink()
    (site / "gpu_provider.py").mkdir()


def _all_but_inventory(site: Path) -> None:
    (site / "gpu_provider.py").unlink()
    shutil.rmtree(site / INFO)


def _another_file(site: Path) -> None:
    shutil.rmtree(site)
    site.touch()


# What happened to the folder of a provider since it was complete.
DAMAGES: dict[str, Callable[[Path], object]] = {
    "module deleted": lambda site: (site / "gpu_provider.py").unlink(),
    "module truncated": lambda site: (site / "gpu_provider.py").write_bytes(b""),
    "zeros after a power loss": lambda site: (site / "gpu_provider.py").write_bytes(b"\0" * 11),
    "metadata deleted": lambda site: shutil.rmtree(site / INFO),
    "all but the inventory deleted": _all_but_inventory,
    "inventory deleted": lambda site: (site / "complete").unlink(),
    "inventory truncated": lambda site: (site / "complete").write_text('{"a'),
    "inventory empty": lambda site: (site / "complete").write_bytes(b""),
    "inventory of nothing": lambda site: (site / "complete").write_text("{}"),
    "inventory of another type": lambda site: (site / "complete").write_text("[]"),
    "inventory with other entries": lambda site: (site / "complete").write_text('{"x": 1}'),
    "inventory nested": lambda site: (site / "complete").write_text("[" * 100_000),
    "inventory without an end": lambda site: os.truncate(site / "complete", 1 << 40),
    "purged": _purge,
    "a file in its place": _another_file,
    "module is a folder": _folder,
}
if os.name == "posix":
    DAMAGES |= {
        "module is a link": _replace_by("gpu_provider.py"),
        "inventory is a link": _replace_by("complete"),
        "folder is a link": _replace_by("folder"),
        "module is a FIFO": _fifo,
        "inventory is a FIFO": lambda site: _fifo(site, "complete"),
    }


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_folder_is_made_anew_once(
    pip: FakePip, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    """The next run repairs it without a word, and the one after that uses it."""
    site = _install(tmp_path).site
    before = sorted(path.name for path in site.iterdir())
    damage(site)
    for commands in (4, 5):
        assert _install(tmp_path) == Installed(site)
        assert len(pip.commands) == commands
        assert sorted(path.name for path in site.iterdir()) == before
        assert not site.is_symlink()
        assert (site / "gpu_provider.py").read_text() == "SOURCE = 1\n"


def test_what_a_link_points_to_is_not_removed(pip: FakePip, tmp_path: Path) -> None:
    """The link alone is replaced."""
    del pip
    site = _install(tmp_path / "cache").site
    outside = tmp_path / "outside"
    site.rename(outside)
    try:
        site.symlink_to(outside)
    except OSError:
        pytest.skip("no links here")
    _install(tmp_path / "cache")
    assert (outside / "gpu_provider.py").exists()


def test_what_a_plugin_adds_to_its_own_folder_is_no_damage(pip: FakePip, tmp_path: Path) -> None:
    """It may keep results there."""
    site = _install(tmp_path).site
    (site / "kept.json").touch()
    (site / "folder").mkdir()
    assert _install(tmp_path) == Installed(site)
    assert len(pip.commands) == 3


@posix
@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o077])
def test_folder_is_used_again_whatever_the_umask_is(
    pip: FakePip, tmp_path: Path, umask: int
) -> None:
    """What is installed is the user's alone."""
    tmp_path.chmod(0o700)
    before = os.umask(umask)
    try:
        site = _install(tmp_path).site
    finally:
        os.umask(before)
    assert [path for path in (site, *site.rglob("*")) if path.stat().st_mode & 0o022] == []
    assert _install(tmp_path) == Installed(site)
    assert len(pip.commands) == 3


# Of what is in the cache, what belongs to another user; and the end of the warning.
OTHERS = {
    "cache": (".", ""),
    "folder of variants": ("variants", "/variants"),
    "folder of providers": ("variants/providers", "/variants/providers"),
}


@pytest.mark.parametrize(("path", "shown"), OTHERS.values(), ids=OTHERS)
def test_nothing_is_run_from_a_folder_of_another_user(
    pip: FakePip, tmp_path: Path, give_away: GiveAway, path: str, shown: str
) -> None:
    """He could replace what is in it: a provider goes to a temporary folder, each time."""
    first = _install(tmp_path).site
    give_away(tmp_path / path)
    found = _install(tmp_path)
    assert found.site.name == first.name
    assert not found.site.is_relative_to(tmp_path)
    assert found.problem == f"{tmp_path}{shown} belongs to another user"
    assert len(pip.commands) == 4
    has_cache = "--cache-dir" in pip.commands[-1]
    assert has_cache is (path != ".")


@pytest.mark.parametrize("path", ["variants", "variants/providers"])
def test_no_folder_is_made_where_the_link_of_another_user_points_to(
    pip: FakePip, tmp_path: Path, give_away: GiveAway, path: str
) -> None:
    """In a cache that others may write, a link may lead to a folder that is this user's."""
    outside, link = tmp_path / "outside", tmp_path / "cache" / path
    outside.mkdir()
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    give_away(link)
    found = _install(tmp_path / "cache")
    assert not found.site.is_relative_to(tmp_path)
    assert found.problem == f"{link} belongs to another user"
    assert list(outside.iterdir()) == []
    assert len(pip.commands) == 2


IN_SITE = ["", "gpu_provider.py", "complete", INFO, f"{INFO}/RECORD"]


@pytest.mark.parametrize("path", IN_SITE, ids=lambda path: path or "folder")
def test_what_another_user_put_into_an_own_folder_is_not_run(
    pip: FakePip, tmp_path: Path, give_away: GiveAway, path: str
) -> None:
    """Every file that can be imported counts, and it is installed anew there."""
    site = _install(tmp_path).site
    give_away(site / path)
    assert not provider_folders.is_complete(site)
    _install(tmp_path)
    assert len(pip.commands) == 4


@posix
@pytest.mark.parametrize("path", ["variants", "variants/providers"])
def test_nothing_is_run_from_a_folder_that_others_may_write(
    pip: FakePip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Who may write a folder can add modules to it."""
    _install(tmp_path)
    # Others cannot get to the folders of pytest.
    monkeypatch.setattr(provider_folders, "resolve_own", _resolve_public)
    (tmp_path / path).chmod(0o777)
    found = _install(tmp_path)
    assert not found.site.is_relative_to(tmp_path)
    assert found.problem == f"{tmp_path / path} can be written by others"
    assert len(pip.commands) == 4


def _resolve_public(path: Path) -> Path:
    for folder in (path.parent, path):
        if folder.stat().st_mode & 0o002:
            raise PermissionError(f"{folder} can be written by others")
    return path


def _file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def _fifo_at(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)


def _loop(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(path.name)


# What is in the place of a folder, and where.
UNUSABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "cache is a file": (_file, "cache"),
    "variants is a file": (_file, "cache/variants"),
    "providers is a file": (_file, "cache/variants/providers"),
}
if os.name == "posix":
    UNUSABLE |= {
        "cache is a FIFO": (_fifo_at, "cache"),
        "variants is a FIFO": (_fifo_at, "cache/variants"),
        "providers is a FIFO": (_fifo_at, "cache/variants/providers"),
        "variants is a loop": (_loop, "cache/variants"),
    }


@pytest.mark.parametrize(("make", "path"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_cache_is_a_temporary_folder_and_a_reason(
    pip: FakePip, tmp_path: Path, make: Callable[[Path], object], path: str
) -> None:
    """The provider is there, only slower."""
    make(tmp_path / path)
    found = _install(tmp_path / "cache")
    assert (found.site / "gpu_provider.py").is_file()
    assert not found.site.is_relative_to(tmp_path)
    assert found.problem is not None
    assert found.problem.startswith(f"{tmp_path / path}")
    assert len(pip.commands) == 2


@posix
def test_null_device_as_cache_keeps_nothing(pip: FakePip) -> None:
    """As with --no-cache-dir."""
    found = _install(Path(os.devnull))
    assert (found.site / "gpu_provider.py").is_file()
    assert "--no-cache-dir" in pip.commands[0]


def test_without_a_cache_nothing_is_lost(pip: FakePip) -> None:
    """The user has it so."""
    found = installer(None).install(["gpu-provider"])
    assert found.problem is None
    assert len(pip.commands) == 2


def test_folder_that_cannot_be_written_is_used_for_what_is_in_it(
    pip: FakePip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may have filled the cache of an image; others are installed in a temporary folder."""
    site = _install(tmp_path).site
    monkeypatch.setattr(provider_folders, "belongs_to_us", lambda _: False)
    assert _install(tmp_path) == Installed(site)
    assert len(pip.commands) == 3
    (site / "gpu_provider.py").write_text("")
    found = _install(tmp_path)
    assert not found.site.is_relative_to(tmp_path)
    assert found.problem == f"{site.parent} cannot be written"
    assert (site / "gpu_provider.py").read_text() == ""


FULL = [f"ERROR: [Errno 28] {os.strerror(28)}: '/c/x'\n", "ERROR: Disk quota exceeded\n"]


@pytest.mark.parametrize("error", FULL)
def test_full_disk_of_the_cache_is_a_temporary_folder(
    pip: FakePip, tmp_path: Path, error: str
) -> None:
    """That lies on another disk, perhaps; if it does not, that is the error."""

    def fill() -> None:
        pip.status, pip.output = (1, error) if len(pip.commands) == 1 else (0, "")

    found = PluginInstaller(options(tmp_path), None, fill).install(["gpu-provider"])
    assert not found.site.is_relative_to(tmp_path)
    assert found.problem == f"{tmp_path}/variants/providers: {os.strerror(28)}"
    assert list((tmp_path / "variants/providers").iterdir()) == []
    pip.status, pip.output = 1, error
    with pytest.raises(ProviderError) as caught:
        _install(tmp_path)
    assert str(caught.value) == f"cannot create a folder for it: {os.strerror(28)}"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root is two users")
@pytest.mark.parametrize(
    ("path", "mode", "why"),
    [
        (".", 0o600, "/variants/providers: Permission denied"),
        ("variants", 0o600, "/variants/providers: Permission denied"),
        ("variants/providers", 0o500, "/variants/providers cannot be written"),
    ],
)
def test_own_folder_without_permission_is_a_temporary_folder(
    monkeypatch: pytest.MonkeyPatch, path: str, mode: int, why: str
) -> None:
    """As another user than root, whom no mode stops."""
    with tempfile.TemporaryDirectory() as name:
        # What this run has in the usual one is root's.
        monkeypatch.setattr(tempfile, "tempdir", name)
        folders = [Path(name, "cache", *parts) for parts in ((), ("variants",))]
        folders.append(folders[1] / "providers")
        for folder in folders:
            folder.mkdir()
            os.chown(folder, ANOTHER, -1)
        os.chown(name, ANOTHER, -1)
        (folders[0] / path).chmod(mode)
        os.seteuid(ANOTHER)
        try:
            place = provider_folders.place_of(str(folders[0]))
        finally:
            os.seteuid(0)
    assert not place.new.is_relative_to(folders[0])
    assert place.problem == f"{folders[0]}{why}"


# Work of a pip that was killed, which is removed, and what is not.
def _left(folder: Path, name: str) -> Path:
    path = folder / name / "site"
    path.mkdir(parents=True)
    (path / "module.py").touch()
    return path.parent


def test_work_of_a_killed_pip_is_removed_by_the_next(pip: FakePip, tmp_path: Path) -> None:
    """Nothing else is."""
    del pip
    providers = tmp_path / "variants/providers"
    left = [_left(providers, ".new-killed"), _left(providers, ".new-killed-too")]
    if os.name != "posix":
        for path in left:
            os.utime(path, (0, 0))
    other = _left(providers, "other")
    (providers / ".new-file").touch()
    os.utime(providers / ".new-file", (0, 0))
    site = _install(tmp_path).site
    assert sorted(providers.iterdir()) == sorted([site, other])


def test_link_among_what_is_left_is_removed_alone(pip: FakePip, tmp_path: Path) -> None:
    """Not what it points to."""
    del pip
    outside = _left(tmp_path, "outside")
    providers = tmp_path / "cache/variants/providers"
    providers.mkdir(parents=True)
    try:
        (providers / ".new-link").symlink_to(outside)
    except OSError:
        pytest.skip("no links here")
    _install(tmp_path / "cache")
    assert not (providers / ".new-link").is_symlink()
    assert (outside / "site/module.py").exists()


WORK = """\
import sys, time
from pathlib import Path
from pip_variants.pip_adapter.provider_folders import working_in
with working_in(Path(sys.argv[1])) as work:
    print(work.name, flush=True)
    time.sleep(60)
"""


@posix
def test_work_of_another_pip_is_left_until_that_is_killed(pip: FakePip, tmp_path: Path) -> None:
    """However old it is: a lock that ends with its process tells."""
    del pip
    providers = tmp_path / "variants/providers"
    providers.mkdir(parents=True)
    with subprocess.Popen(
        [sys.executable, "-c", WORK, str(providers)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as other:
        assert other.stdout is not None
        work = providers / other.stdout.readline().strip()
        assert work.name.startswith(".new-")
        _install(tmp_path)
        assert work.is_dir()
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert work.is_dir()
    _install(tmp_path)
    assert not work.exists()


def test_without_locks_only_what_is_older_than_a_day_is_removed(
    pip: FakePip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network file systems, and Windows, cannot lock a folder."""
    del pip
    monkeypatch.setattr(locks, "_opened", lambda _: None)
    providers = tmp_path / "variants/providers"
    new, old = _left(providers, ".new-new"), _left(providers, ".new-old")
    before = time.time() - 25 * 3600
    os.utime(old, (before, before))
    _install(tmp_path)
    assert new.is_dir()
    assert not old.exists()


@posix
def test_folder_that_another_process_keeps_locked_is_not_waited_for_without_end(
    pip: FakePip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any user who may read it can; the provider is there, only slower."""
    monkeypatch.setattr(provider_folders, "LOCK_WAIT", 0.1)
    folder = tmp_path / "variants/providers"
    folder.mkdir(parents=True)
    with locks.locked(folder) as held:
        assert held
        found = _install(tmp_path)
    assert (found.site / "gpu_provider.py").is_file()
    assert not found.site.is_relative_to(tmp_path)
    reason = "another process has kept it locked for 0.1 seconds"
    assert found.problem == f"{folder}: {reason}"
    assert len(pip.commands) == 2


def test_two_pips_work_at_once(pip: FakePip, tmp_path: Path) -> None:
    """Neither waits for the other, and neither removes what the other makes."""
    seen: list[list[Path]] = []
    providers = tmp_path / "variants/providers"

    def second() -> None:
        if not seen:
            seen.append(sorted(providers.glob(".new-*")))
            _install(tmp_path)
            assert sorted(providers.glob(".new-*")) == seen[0]

    site = PluginInstaller(options(tmp_path), None, second).install(["gpu-provider"]).site
    assert len(seen[0]) == 1
    assert list(providers.iterdir()) == [site]
    assert len(pip.commands) == 3
