"""The start-up hook as a module of this process, beside one that may be installed here."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

OVERRIDE = Path(__file__).parents[2] / "pip_variants" / "_override.py"


def hook_of(monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, Callable[[], None]]:
    """Return the hook, and what executes it; what that does to `sys.meta_path` is undone later."""
    spec = importlib.util.spec_from_file_location("_pip_variants_override", OVERRIDE)
    assert spec is not None
    assert spec.loader is not None
    loader, module = spec.loader, importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    return module, lambda: loader.exec_module(module)
