"""Makes `import pip` the patched pip; shipped as `_pip_variants_override`, imported by a `.pth`.

It runs at every start of the interpreter, therefore: one file, nothing imported that is not loaded
already, and no decision before pip is really imported. The finder is this module itself; creating a
class would only take time. It finds top-level `pip` alone, and only where the stock pip beside it
would have been found: another pip that is first on `sys.path` (PYTHONPATH, ensurepip, a child venv)
is imported as without it. Nothing of stock pip is changed, so removing these files undoes
everything.

It steps aside where the patched pip is not whole, because an installation of it was interrupted: an
installer writes the file with the stamp of the build first, this one last, and removes this one
first. What a power loss took of the other files shows when they are imported or compared with
RECORD, which is only done once something has failed. The stock pip runs then, after a line that
names the command that repairs it.

It also finds the vendored `variantlib`, for the command of that name alone and only where nobody
else has a module of this name.

Python 3.15 also runs the entry points in `.start` files (PEP 829), which earlier versions ignore,
and it still runs import lines of `.pth` files without a warning. Change to `.start` when 3.15 is
the oldest supported version, or when an interpreter warns.
"""

import sys

TYPE_CHECKING = False  # importing typing, or __future__, would cost more than this whole module
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType, TracebackType

NAMES = ("pip", "variantlib")
PROJECT = "pep_xxx_wheel_variants"
SWITCH = "PIP_VARIANTS_OVERRIDE"
REPAIR = (
    "WARNING: pep-xxx-wheel-variants is not installed completely, so this is the stock pip. To"
    " repair it: python -m pip install --force-reinstall --no-deps pep-xxx-wheel-variants"
)
OFF = ("0", "off", "no", "false")

# The build sets the stamp, and both versions to those of the vendored pip.
STAMP = ""
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
            return _checked(spec) if here and _is_regular(spec) else None
    return None


def _checked(spec: "ModuleSpec | None") -> "ModuleSpec | None":
    """Return the spec of the patched pip, or None if it is not of the same build as this file."""
    if spec is None or spec.loader is None or spec.origin is None:
        return None
    import os

    try:
        with open(os.path.join(os.path.dirname(spec.origin), "__main__.py"), "rb") as file:
            is_whole = file.read().endswith(STAMP.encode())
    except OSError:
        is_whole = False
    if not is_whole:
        if _is_program():
            _print_repair()
            sys.meta_path.remove(sys.modules[__name__])  # which is called more than once
        return None
    if _is_program():
        execute = spec.loader.exec_module
        spec.loader.exec_module = lambda module: _execute(module, execute)  # type: ignore[method-assign]
    return spec


def _execute(module: "ModuleType", execute: "Callable[[ModuleType], None]") -> None:
    """Execute the patched pip as far as every command needs it, or else the stock one."""
    import os
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    try:
        execute(module)
        from pip._variants.run import import_command_line

        import_command_line()
    except Exception:
        stock = PathFinder.find_spec("pip", [os.path.dirname(__file__)])
        if stock is None or stock.loader is None or not is_damaged():
            raise
        _print_repair()
        for name in [name for name in sys.modules if name.startswith("pip.")]:
            del sys.modules[name]
        vars(module).clear()
        vars(module).update(vars(module_from_spec(stock)))
        stock.loader.exec_module(module)
        return
    sys.excepthook = _on_exception


def _on_exception(
    kind: "type[BaseException]", error: BaseException, trace: "TracebackType | None"
) -> None:
    """Show an exception that nobody has caught, unless a damaged file is the reason."""
    if issubclass(kind, Exception) and (status := status_of_stock()) is not None:
        import os

        sys.stdout.flush()
        os._exit(status)
    sys.__excepthook__(kind, error, trace)


def status_of_stock() -> "int | None":
    """Return the exit status of the stock pip, run in place of a damaged one; None: it is whole."""
    if not is_damaged():
        return None
    import os
    import subprocess

    _print_repair()
    command = [sys.executable, *sys.orig_argv[1:]]
    return subprocess.call(command, env={**os.environ, SWITCH: "0"})


def is_damaged() -> bool:
    """Return whether a file of the installed wheel is not as its RECORD has it."""
    import base64
    import csv
    import glob
    import hashlib
    import os

    site = os.path.dirname(__file__)
    records = glob.glob(os.path.join(glob.escape(site), f"{PROJECT}-*.dist-info", "RECORD"))
    try:
        (record,) = records
        with open(record, encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        for name, digest, _ in rows:
            # A script has the path of its interpreter, which changes with the environment.
            if digest.startswith("sha256=") and not name.startswith(".."):
                with open(os.path.join(site, name), "rb") as file:
                    found = hashlib.sha256(file.read()).digest()
                if base64.urlsafe_b64encode(found).decode().rstrip("=") != digest[7:]:
                    return True
    except (OSError, ValueError, csv.Error):
        return True
    return not rows


def _is_program() -> bool:
    """Return whether this process is a pip, and not a program that imports one."""
    import os

    name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
    if name == "-m":
        return "pip" in sys.orig_argv[1:]
    return name == "pip" or (name[:3] == "pip" and name[3:].replace(".", "").isdigit())


def _print_repair() -> None:
    if sys.stderr is not None:
        print(REPAIR, file=sys.stderr, flush=True)  # noqa: T201 (there is no pip to log it)


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
