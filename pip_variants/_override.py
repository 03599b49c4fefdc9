"""Makes `import pip` the patched pip; shipped as `_pip_variants_override`, imported by a `.pth`.

It runs at every start of the interpreter, therefore: one file, nothing imported that is not loaded
already, and no decision before pip is really imported. The finder is this module itself; creating a
class would only take time. It finds top-level `pip` alone, and only where the stock pip beside it
would have been found: another pip that is first on `sys.path` (PYTHONPATH, ensurepip, a child venv)
is imported as without it. Nothing of stock pip is changed, so removing these files undoes
everything.

It also finds the vendored `variantlib`, for the command of that name alone and only where nobody
else has a module of this name.

Python 3.15 also runs the entry points in `.start` files (PEP 829), which earlier versions ignore,
and it still runs import lines of `.pth` files without a warning. Change to `.start` when 3.15 is
the oldest supported version, or when an interpreter warns.
"""

import sys

TYPE_CHECKING = False  # importing typing, or __future__, would cost more than this whole module
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

NAMES = ("pip", "variantlib")
SWITCH = "PIP_VARIANTS_OVERRIDE"
OFF = ("0", "off", "no", "false")

# The build sets both to those of the vendored pip.
FIRST_PYTHON = (3, 10)
ENDS_BEFORE_PYTHON = (3, 15)


def find_spec(
    name: str,
    path: "Sequence[str] | None" = None,  # noqa: ARG001 (the finder protocol)
    target: "ModuleType | None" = None,  # noqa: ARG001 (the finder protocol)
) -> "ModuleSpec | None":
    """Return the spec of a vendored module if *name* is one and we are in charge, else None."""
    if name not in NAMES:
        return None
    return _pip() if name == "pip" else _variantlib(name)


def _pip() -> "ModuleSpec | None":
    """Return the spec of the patched pip where the stock pip beside it would have been found."""
    # Late imports, of os too: a reference held to the end makes the interpreter's exit slower.
    import os
    from importlib.machinery import PathFinder

    if os.environ.get(SWITCH, "").strip().lower() in OFF:
        return None
    site = os.path.dirname(__file__)
    vendor = os.path.join(site, "pip_variants", "_vendor")
    for entry in sys.path:
        here = _is_same(entry, site)
        # Half uninstalled, the vendored folder is gone: no spec, and stock pip is found.
        spec = PathFinder.find_spec("pip", [vendor if here else entry])
        if here or _is_regular(spec):
            return spec if here and _is_regular(spec) else None
    return None


def _variantlib(name: str) -> "ModuleSpec | None":
    """Return the spec of the vendored variantlib if its script runs and there is no other one.

    What it imports, pip among it, is found in the vendored folders, in this process alone.
    """
    import os
    from importlib.machinery import PathFinder

    script = os.path.basename(os.path.realpath(sys.argv[0]))
    if os.path.splitext(script)[0] != name:
        return None
    if any(finder.find_spec(name, None) for finder in sys.meta_path if finder is not _finder):
        return None
    vendor = os.path.join(os.path.dirname(__file__), "pip_variants", "_vendor")
    authoring = os.path.join(vendor, "authoring")
    sys.path[:0] = [authoring, vendor, os.path.join(vendor, "pip", "_vendor")]
    return PathFinder.find_spec(name, [authoring])


def _is_same(entry: str, site: str) -> bool:
    """Return whether *entry* of sys.path is the folder *site*, however it is spelt."""
    if entry == site:
        return True
    import os

    try:
        return os.path.samefile(entry or os.curdir, site)
    except (OSError, ValueError, TypeError):
        return False


def _is_regular(spec: "ModuleSpec | None") -> bool:
    """Return whether *spec* has code to run; a bare folder named pip has none."""
    return spec is not None and spec.loader is not None


if FIRST_PYTHON <= sys.version_info[:2] < ENDS_BEFORE_PYTHON:
    _finder = sys.modules[__name__]
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
