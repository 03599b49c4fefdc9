"""Fixtures of the unit tests at the edge of pip."""

from __future__ import annotations

import logging
import os
import sys
from importlib.util import find_spec

import pytest

from pip_variants.system import child
from tests.unit.adapter.fake_pip import FakePip

if find_spec("pip._safety") is None:  # only a patched pip has it
    from patches.common import _safety

    sys.modules["pip._safety"] = _safety


@pytest.fixture(autouse=True)
def _log_everything(caplog: pytest.LogCaptureFixture) -> None:
    """Let `caplog` see all that the engine logs and pip prints."""
    caplog.set_level(logging.INFO, logger="pip")
    caplog.set_level(logging.DEBUG, logger="pip_variants")


@pytest.fixture(autouse=True)
def _no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the configuration of this machine from pip."""
    for key in [key for key in os.environ if key.startswith("PIP_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> FakePip:
    """Return the stand-in for the child process in which pip runs."""
    fake = FakePip()
    monkeypatch.setattr(child, "run", fake.run)
    return fake
