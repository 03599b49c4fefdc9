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
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    package = Path(__file__).absolute().parents[3]
    hook = sys.modules.get("_pip_variants_override")  # which looks at the file first, if it is ours
    spec = hook.find_spec("pip_variants", [str(package.parent)]) if hook is not None else None
    start = package / "__init__.py"
    if spec is None and start.is_file():
        spec = spec_from_file_location(
            "pip_variants", start, submodule_search_locations=[str(package)]
        )
    if spec is None or spec.loader is None:
        raise ImportError(f"the variant engine is missing in {package}")
    module = module_from_spec(spec)
    sys.modules["pip_variants"] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules["pip_variants"]
        raise


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
