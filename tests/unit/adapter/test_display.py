"""What is logged about files in the cache."""

from __future__ import annotations

import pytest

from pip_variants.pip_adapter.display import warn_not_removed


def test_file_that_stays_in_the_cache_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """With the reason of the system."""
    warn_not_removed("/c/variants/x", PermissionError(13, "Permission denied", "/c/variants/x"))
    warn_not_removed("/c/y", OSError("busy"))
    assert [record.getMessage() for record in caplog.records] == [
        "/c/variants/x cannot be removed: Permission denied",
        "/c/y cannot be removed: busy",
    ]
