"""The user is told what takes long."""

from __future__ import annotations

import logging

import pytest

from pip_variants.commands import index


@pytest.mark.parametrize(("patience", "told"), [(-1.0, True), (60.0, False)], ids=["slow", "fast"])
def test_progress(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    patience: float,
    told: bool,
) -> None:
    """Only what takes a while is announced, in pip's way."""
    monkeypatch.setattr(index, "_PATIENCE", patience)
    caplog.set_level(logging.INFO, "pip")
    with index._progress() as tell:
        tell()
        tell()
    said = [
        "Reading the metadata of wheels: started",
        "Reading the metadata of wheels: finished with status 'done'",
    ]
    assert [record.getMessage() for record in caplog.records] == (said if told else [])
