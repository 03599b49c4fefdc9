"""Where the engine is, and how it gets into a process: copied into pip, as pip/_variants_engine.py.

Only the door, ``pip._variants``, comes here, when the first variant is in sight.
"""

from __future__ import annotations

import gc
import importlib.util
import sys
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def find() -> None:
    """Let the engine be imported from where it lies around this pip."""
    if "pip_variants" in sys.modules:
        return
    package = Path(__file__).absolute().parents[2]
    spec = importlib.util.spec_from_file_location(
        "pip_variants", package / "__init__.py", submodule_search_locations=[str(package)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"the variant engine is missing in {package}")
    module = importlib.util.module_from_spec(spec)
    sys.modules["pip_variants"] = module
    spec.loader.exec_module(module)


def load() -> Any:  # noqa: ANN401 - a module
    """Return the engine, ``pip_variants.hooks``."""
    find()
    from pip_variants import hooks

    # From here on pip holds several times as many objects. What there is already, modules most of
    # it, stays until the end: the collector need not go through it each time, and at the exit.
    if hasattr(gc, "freeze"):  # PyPy's has nothing of the kind
        gc.freeze()
    return hooks
