"""A pip that is ended by a signal: no process of it lives on, and nothing of it stays for long."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.e2e.gpu import PROVIDER_PAGE, TRUST_GPU, write_gpu_index, write_provider
from tests.e2e.indexes import PURE_TAG
from tests.e2e.pips import Pip
from tests.e2e.running import Started, leftovers, on_linux, processes, started, wait_until
from tests.support.stand_in import IndexServer, Reply, write_wheel
from tests.support.venvs import Venv
from tests.support.waiting import becomes

pytestmark = on_linux

# Ignores signals, and has a grandchild in another session without any variable.
PLUGIN = """\
import os, signal, time
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
sleep = os.environ["SLEEP"]
if not os.fork():
    os.setsid()
    if not os.fork():
        os.execve(sleep, [sleep, "60"], {})
    os._exit(0)
time.sleep(60)
"""


def sleepers(sleep: Path) -> list[str]:
    """Return the processes that run the program of a test, which are no zombies."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if command.startswith(str(sleep).encode()):
            found.append(folder.name)
    return found


SIGNALS = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGKILL")
IN_ORDER = ("SIGTERM", "SIGHUP")
"""Those after which nothing temporary is left at once."""


def end(run: Started, name: str) -> None:
    """Send pip a signal, of which it dies as a shell expects."""
    number = signal.Signals[name]
    run.process.send_signal(number)
    _, errors = run.process.communicate(timeout=20)
    assert run.process.returncode == -number
    assert "Traceback" not in errors


def assert_nothing_is_left(pip: Pip, run: Started, name: str) -> None:
    """Check that no process lives and no file stays: at once, or after the next run."""
    becomes(lambda: processes(run.temp), [])
    if name not in IN_ORDER:
        pip.run("download", "--no-index", "none", TMPDIR=str(run.temp), status=1)
    assert leftovers(pip) == []


@pytest.mark.parametrize("name", SIGNALS)
def test_plugin_ends_with_pip(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, name: str
) -> None:
    """With all that it has started, whatever it does to live on."""
    root, sleep = tmp_path / "index", tmp_path / "sleep"
    sleep.symlink_to("/bin/sleep")
    write_gpu_index(root, tag, {"gpu-provider": [write_provider(root / "files", PLUGIN)]})
    command = ("install", "--index-url", f"{server.url}simple/", *TRUST_GPU, "torch")
    run = started(own_pip, *command, SLEEP=str(sleep))
    wait_until(lambda: sleepers(sleep), run.process)
    end(run, name)
    becomes(lambda: sleepers(sleep), [])
    assert_nothing_is_left(own_pip, run, name)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_installation_of_a_provider_ends_with_pip(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, name: str
) -> None:
    """The pip that installs it waits for a server."""
    root = tmp_path / "index"
    write_gpu_index(root, tag, {"gpu-provider": [write_provider(root / "files")]})
    requested = []

    def choose(_: str, path: str, __: object) -> Reply | None:
        if path != PROVIDER_PAGE:
            return None
        requested.append(path)
        return Reply(delay=20.0)

    server.chooser = choose
    command = ("install", "--index-url", f"{server.url}simple/", *TRUST_GPU, "torch")
    run = started(own_pip, *command)
    wait_until(lambda: requested, run.process)
    assert len(processes(run.temp)) > 2
    end(run, name)
    becomes(lambda: processes(run.temp), [])
    assert name not in IN_ORDER or leftovers(own_pip) == []


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_unpacking_ends_with_pip(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, name: str
) -> None:
    """In the folder beside the target, with the processes that compile."""
    root = tmp_path / "index"
    text = "".join(f"def f{n}(x): return [x for x in range({n})]\n" for n in range(300))
    modules = {f"many/m{n}.py": text.encode() for n in range(800)}
    many = write_wheel(root / "files", f"many-1.0-{PURE_TAG}.whl", files=modules)
    provider = write_provider(root / "files")
    write_gpu_index(root, tag, {"many": [many], "gpu-provider": [provider]})
    site = Venv(own_pip.python.parents[1]).site
    command = ("install", "--index-url", f"{server.url}simple/", *TRUST_GPU, "torch", "many")
    run = started(own_pip, *command)
    wait_until(lambda: len([*site.glob("pip-run-*/*/*/*.pyc")]) > 20, run.process)
    end(run, name)
    becomes(lambda: processes(run.temp), [])
    if name not in IN_ORDER:
        assert leftovers(own_pip) != []
        own_pip.run("install", "--no-index", str(write_wheel(tmp_path, "x-1.0-py3-none-any.whl")))
        own_pip.run("download", "--no-index", "none", TMPDIR=str(run.temp), status=1)
    assert leftovers(own_pip) == []


@pytest.mark.every_release
def test_what_no_clean_keeps_stays(pip: Pip, tmp_path: Path) -> None:
    """Also when the next run looks for what others have left."""
    temp = pip.folder / "temp"
    temp.mkdir()
    wheel = str(write_wheel(tmp_path, "x-1.0-py3-none-any.whl"))
    download = ("download", "--no-index", "--dest", str(tmp_path / "dest"))
    pip.run(*download, "--no-clean", wheel, TMPDIR=str(temp))
    kept = sorted(temp.rglob("*"))
    assert any(path.name.startswith("pip-download-") for path in kept)
    pip.run(*download, wheel, TMPDIR=str(temp))
    assert sorted(temp.rglob("*")) == kept
