"""A wheel that a server sends whole, on a disk that is full."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from pip_variants.pip_adapter import kept_wheels
from pip_variants.pip_adapter.compat import download_progress
from pip_variants.remote.transport import RemoteFile

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="there is no full disk here")
def test_an_interrupted_download_lets_pip_show_the_next(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Its progress bar is closed, and pip's own download, which comes next, has one as well."""
    caplog.set_level(logging.INFO)
    name = "x-1-py3-none-any.whl"
    url = f"https://example.org/{name}"
    (tmp_path / name).symlink_to(FULL)
    monkeypatch.setattr(kept_wheels, "temporary_folder", lambda _: tmp_path)
    body = iter([b"x" * 1_000_000] * 2)
    # What is caught holds the interrupted download, as a handler of the error does.
    with pytest.raises(OSError, match="No space left") as caught:
        kept_wheels.Keeper("on")(RemoteFile(name, url, url, "page"), 2_000_000, body)
    assert [*download_progress("on", 1)([b"x"])] == [b"x"]
    del caught
