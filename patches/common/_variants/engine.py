"""Finds and loads the engine, which is around this pip. Only the facade uses this module."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


def find() -> None:
    """Make the engine importable, also if another interpreter runs this pip."""
    if "pip_variants" in sys.modules:
        return
    import importlib.util
    from pathlib import Path

    package = Path(__file__).absolute().parents[3]
    spec = importlib.util.spec_from_file_location(
        "pip_variants", package / "__init__.py", submodule_search_locations=[str(package)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"the variant engine is missing in {package}")
    module = importlib.util.module_from_spec(spec)
    sys.modules["pip_variants"] = module
    spec.loader.exec_module(module)


def filenames() -> ModuleType:
    """Return ``pip_variants.core.filenames`` without loading the rest of the engine."""
    known = sys.modules.get("pip_variants.core.filenames")
    if known is not None:
        return known
    find()
    from pip_variants.core import filenames as loaded

    return loaded


def load() -> None:
    """Load the engine."""
    import gc

    find()
    from pip_variants.pip_adapter import run_state  # noqa: F401

    # With variants pip holds several times as many objects. Those there are now, mostly modules,
    # live until the end; without them a collection takes a fraction of the time.
    if hasattr(gc, "freeze"):  # not on PyPy
        gc.freeze()
