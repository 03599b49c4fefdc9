"""What pips that were interrupted have left, and the commands after them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.attacks import files_below
from tests.e2e.pips import Pip
from tests.e2e.running import started
from tests.support.stand_in import IndexServer, write_torch_index, write_wheel
from tests.support.venvs import RELEASES, Venv

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LEFT = "~pip-changes-x"
DEMO = "demo-1.0-py3-none-any.whl"
FILES = {"demo/a.py": b"a = 1\n", "z_demo.py": b"z = 1\n"}


@pytest.fixture
def demo(own_pip: Pip, tmp_path: Path) -> Path:
    """Install a distribution; return the folder that a pip which installs leaves if it is killed.

    It notes that the distribution is in its place.
    """
    write_wheel(tmp_path / "files", DEMO, files=FILES)
    _install(own_pip, tmp_path)
    left = _site(own_pip) / LEFT
    left.mkdir()
    (left / "done-demo-1.0.dist-info").symlink_to(".")
    return left


def _site(pip: Pip) -> Path:
    return Venv(pip.python.parents[1]).site


def _install(pip: Pip, tmp_path: Path) -> str:
    output = pip.run("install", "--no-index", "--find-links", tmp_path / "files", "demo")
    return output.stdout + output.stderr


@pytest.mark.parametrize("content", [b"", b"a =", bytes(6)], ids=["empty", "cut", "null"])
def test_file_that_a_power_loss_took_is_reported_and_installed_again(
    own_pip: Pip, tmp_path: Path, demo: Path, content: bytes
) -> None:
    """`pip check` fails until the same command has installed it, though it is the same version."""
    before = files_below(_site(own_pip))
    (_site(own_pip) / "demo" / "a.py").write_bytes(content)
    damage = "demo 1.0 is damaged, because pip was interrupted while it installed it"
    assert own_pip.run("check", status=1).stdout == f"{damage}; install it again.\n"
    output = _install(own_pip, tmp_path)
    assert f"WARNING: {damage}; it counts as not installed.\n" in output
    assert "Successfully installed demo-1.0" in output
    assert files_below(_site(own_pip)) == before
    assert (_site(own_pip) / "demo" / "a.py").read_bytes() == FILES["demo/a.py"]
    assert not demo.exists()
    assert own_pip.run("check").stdout == "No broken requirements found.\n"


def test_whole_distribution_is_not_installed_again(
    own_pip: Pip, tmp_path: Path, demo: Path
) -> None:
    """Only the folder goes."""
    assert own_pip.run("check").stdout == "No broken requirements found.\n"
    assert "Requirement already satisfied: demo" in _install(own_pip, tmp_path)
    assert not demo.exists()


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_rest_of_an_uninstallation_goes_with_the_next_command(
    own_pip: Pip, tmp_path: Path, demo: Path, command: str
) -> None:
    """It was interrupted when the metadata had been moved, and one folder."""
    site = _site(own_pip)
    for number, name in enumerate(("demo-1.0.dist-info", "demo")):
        (site / name).rename(demo / str(number))
    (demo / "removed-demo-1.0.dist-info").symlink_to(demo / "0")
    assert (site / "z_demo.py").exists()
    if command == "install":
        other = write_wheel(tmp_path, DEMO.replace("demo", "other"))
        output = own_pip.run("install", "--no-index", other)
    else:
        output = own_pip.run("uninstall", "-y", "demo")
    line = "Removing the rest of demo 1.0, which a pip that was interrupted has left.\n"
    assert line in output.stdout
    assert not [*site.glob("*demo*"), *site.glob("~*")]


@pytest.mark.skipif(os.name != "posix", reason="there are no locks on folders")
def test_two_pips_uninstall_the_same(own_pip: Pip, tmp_path: Path, demo: Path) -> None:
    """The second waits before it looks, and finds nothing."""
    demo.rename(tmp_path / "left")
    site = _site(own_pip)
    lock = os.open(site, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = started(own_pip, "uninstall", "-y", "demo", PYTHONUNBUFFERED="1").process
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == f"Waiting for another pip that is changing {site}\n"
        for name in ("demo-1.0.dist-info", "demo"):
            shutil.rmtree(site / name)
        (site / "z_demo.py").unlink()
    finally:
        os.close(lock)
    assert waiting.communicate(timeout=30) == (
        "",
        "WARNING: Skipping demo as it is not installed.\n",
    )
    assert waiting.returncode == 0


@pytest.mark.every_release
def test_our_upgrade_and_a_variant_in_one_command(
    own_pip: Pip,
    wheel_of: Callable[[str], Path],
    upstream: str,
    tmp_path: Path,
    server: IndexServer,
) -> None:
    """To the other release: all that is needed has been imported before it is replaced (A24)."""
    (other,) = (release for release in RELEASES.values() if release.upstream != upstream)
    write_torch_index(tmp_path / "index", own_pip.tag)
    args = ("install", "--index-url", f"{server.url}simple/", wheel_of(other.upstream), "torch")
    output = own_pip.run(*args)
    assert output.stderr == ""
    installed = f"pep-xxx-wheel-variants-{other.wheel_version} torch-2.8.0-cu129"
    assert output.last_line == f"Successfully installed {installed}"
    assert own_pip.run("--version").stdout.startswith(f"pip {other.pip_version} from ")
    output = own_pip.run("uninstall", "-y", "pep-xxx-wheel-variants", "torch")
    assert output.stderr == ""
    assert not list(_site(own_pip).glob("torch*"))
