"""Locks on folders, which end with the process that holds them."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pip_variants.system.locks import locked

pytest.importorskip("fcntl")

HOLD = """\
import sys, time
from pathlib import Path
from pip_variants.system.locks import locked
with locked(Path(sys.argv[1])) as held:
    print(held, flush=True)
    time.sleep(60)
"""


def test_lock_is_exclusive_or_shared(tmp_path: Path) -> None:
    """Without waiting the second one does not get it; afterwards it is free again."""
    with locked(tmp_path) as first, locked(tmp_path) as second:
        assert (first, second) == (True, False)
    with locked(tmp_path, shared=True) as first, locked(tmp_path, shared=True) as second:
        assert (first, second) == (True, True)
        with locked(tmp_path) as third:
            assert not third
    with locked(tmp_path) as held:
        assert held


def test_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    """Nothing has to be removed for that."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with locked(tmp_path) as held:
            assert not held
        waited: list[str] = []

        def wait() -> None:
            waited.append("once")
            other.kill()

        with locked(tmp_path, wait=wait) as held:
            assert held
        assert waited == ["once"]


def test_block_begins_when_the_other_one_has_ended(tmp_path: Path) -> None:
    """Two writers take turns."""
    events: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        with locked(tmp_path, wait=waiting.set):
            events.append("second")

    with locked(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(10)
        events.append("first")
    thread.join()
    assert events == ["first", "second"]


@pytest.mark.parametrize("shared", [True, False])
def test_lock_that_another_process_keeps_is_an_error(tmp_path: Path, shared: bool) -> None:
    """Any user who may read the folder can keep it for ever."""
    reason = "another process has kept it locked for 0.1 seconds"
    with locked(tmp_path) as first:
        assert first
        with (
            pytest.raises(TimeoutError, match=reason),
            locked(tmp_path, shared=shared, wait=lambda: None, limit=0.1),
        ):
            pytest.fail("not locked")
    with locked(tmp_path, wait=lambda: None) as held:
        assert held


@pytest.mark.parametrize("name", ["missing", "file"])
def test_without_a_folder_nothing_is_locked(tmp_path: Path, name: str) -> None:
    """The block runs all the same."""
    (tmp_path / "file").touch()
    with locked(tmp_path / name) as held:
        assert not held
