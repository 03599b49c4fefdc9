"""Slow and failing servers: how often pip requests the variants JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.indexes import TORCH_JSON, write_torch_with_fallbacks
from tests.e2e.pips import READING, Pip, request_lines
from tests.support.stand_in import IndexServer, Reply, write_wheel


def test_slow_server_within_timeout_is_waited_for(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A response that arrives within the timeout is used."""
    write_torch_with_fallbacks(tmp_path / "index", tag, (None,), hashed=False)
    server.replies[TORCH_JSON] = Reply(delay=1.5)
    output = pip.dry_run(f"{server.url}simple/", "--timeout", "10", "torch")
    assert (output.stderr, output.last_line) == ("", "Would install torch-2.8.0-cu129")


class FlakyReplies(dict[str, Reply]):
    """Replies that are each given a number of times, before the served files."""

    def __init__(self, times: int, replies: dict[str, Reply]) -> None:
        super().__init__(replies)
        self.left = dict.fromkeys(replies, times)

    def get(self, path: str, default: Reply | None = None) -> Reply | None:  # type: ignore[override] # the only call in IndexServer
        """Return the reply for a path, as long as there are any left."""
        if not self.left.get(path):
            return default
        self.left[path] -= 1
        return self[path]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_failed_request_for_json_is_retried(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, status: int
) -> None:
    """A request for the variants JSON that fails twice is retried like every other request."""
    write_torch_with_fallbacks(tmp_path / "index", tag, (None,), hashed=False)
    server.replies = FlakyReplies(2, {TORCH_JSON: Reply(status)})
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.stderr, output.last_line) == ("", "Would install torch-2.8.0-cu129")
    statuses = [line.rpartition(" ")[2] for line in request_lines(server) if TORCH_JSON in line]
    assert statuses == [str(status), str(status), "200"]


def test_failed_page_and_wheel_are_retried(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A request for the page or the selected wheel that fails is retried."""
    write_torch_with_fallbacks(tmp_path / "index", tag, (None,), hashed=False)
    wheel = f"/files/torch-2.8.0-{tag}-cu129.whl"
    server.replies = FlakyReplies(1, {"/simple/torch/": Reply(503), wheel: Reply(503)})
    output = pip.dry_run(f"{server.url}simple/", "torch")
    assert (output.stderr, output.last_line) == ("", "Would install torch-2.8.0-cu129")


@pytest.mark.parametrize(("retries", "requests"), [(0, 1), (2, 3)])
def test_retries_option_counts_for_json(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, retries: int, requests: int
) -> None:
    """`--retries` counts for the variants JSON, which is not requested after the last failure."""
    write_torch_with_fallbacks(tmp_path / "index", tag, (None,), hashed=False)
    server.replies[TORCH_JSON] = Reply(503)
    options = ("--retries", str(retries), "torch", "torch>=2.8", "torch==2.8.0")
    output = pip.dry_run(f"{server.url}simple/", *options)
    assert output.last_line == "Would install torch-2.8.0-cu129"
    assert output.stderr.count("WARNING") == 1
    assert len(server.requested(TORCH_JSON)) == requests


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_final_status_is_requested_only_once(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, status: int
) -> None:
    """A status that is final is requested once, however many requirements name the project."""
    write_torch_with_fallbacks(tmp_path / "index", tag, (None,), hashed=False)
    server.replies[TORCH_JSON] = Reply(status)
    app = write_wheel(pip.folder, "app-1.0-py3-none-any.whl", requires=["torch", "torch>=2.7"])
    options = ("--no-input", app.name, "torch>=2.8", "torch")
    output = pip.dry_run(f"{server.url}simple/", *options)
    reason = f"the server responded with status {status}"
    assert output.stderr == f"{READING}{reason}\n"
    assert len(server.requested(TORCH_JSON)) == 1
