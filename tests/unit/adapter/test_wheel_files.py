"""METADATA that is read out of a wheel on its server."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pip._internal.exceptions import MetadataInconsistent
from pip._internal.utils.temp_dir import global_tempdir_manager

from pip_variants.pip_adapter.wheel_files import metadata_distribution
from tests.unit.adapter.edge import FakeFinder, FakeServer, link_to, requirement, run_state


@pytest.fixture(autouse=True)
def temporary_folders() -> Iterator[None]:
    """Let pip have its temporary folders, as in a command."""
    with global_tempdir_manager():
        yield


NAMES = {
    "its own": (b"Name: torch\n", None),
    "in another spelling": (b"Name: Torch\n", None),
    "another one": (b"Name: y\n", "y"),
    "none": (b"", "None"),
}


@pytest.mark.parametrize(("line", "other"), NAMES.values(), ids=NAMES)
def test_metadata_of_another_project_is_inconsistent(line: bytes, other: str | None) -> None:
    """And so is one without a name: pip discards the wheel and takes the next."""
    state, req = run_state(), requirement(link=link_to("torch-2.8.0-py3-none-any.whl"))
    assert req.link is not None
    state.wheels._read[req.link.url] = {"METADATA": line + b"Version: 2.8.0\n"}
    preparer: Any = SimpleNamespace(finder=FakeFinder(FakeServer()), require_hashes=False)
    if other is None:
        assert metadata_distribution(state, req, preparer) is not None
        return
    with pytest.raises(MetadataInconsistent, match=f"expected 'torch', but metadata has '{other}'"):
        metadata_distribution(state, req, preparer)
