"""The spinner of actions that take long."""

from __future__ import annotations

import logging

import pytest

from pip_variants.commands import progress


@pytest.mark.parametrize(
    ("delay", "is_shown"),
    [pytest.param(-1.0, True, id="slow"), pytest.param(60.0, False, id="fast")],
)
def test_spinner_appears_only_if_reading_is_slow(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    delay: float,
    *,
    is_shown: bool,
) -> None:
    """Reading that takes longer than the delay shows a spinner of pip."""
    monkeypatch.setattr(progress, "_DELAY", delay)
    caplog.set_level(logging.INFO, "pip")
    with progress.spinning("Reading the metadata of wheels") as spin:
        spin()
        spin()
    expected = [
        "Reading the metadata of wheels: started",
        "Reading the metadata of wheels: finished with status 'done'",
    ]
    messages = [record.getMessage() for record in caplog.records]
    assert messages == (expected if is_shown else [])
