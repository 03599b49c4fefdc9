"""Makes `import pip` the patched pip; shipped as `_pip_variants_override`, imported by a `.pth`.

It runs at every start of the interpreter, therefore: one file, nothing imported that is not loaded
already, and no decision before pip is really imported. The finder is this module itself, because a
class takes time. It finds `pip` only where the stock pip beside it would have been found: another
one that is first on `sys.path` (PYTHONPATH, ensurepip, a child venv) is imported as without it.
Nothing of stock pip is changed, so removing these files undoes everything.

It steps aside where the patched pip is not whole, because an installation of it was interrupted: an
installer writes the file with the stamp of the build first, this one last, and removes this one
first. The other files show what is wrong with them when they are imported, or compared with RECORD
by `system/_damage.py`, once something has failed. What Python would import in their place, from
another release, is removed then; or the stock pip runs, after a line that names the repair.

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

PARTS = ("pip.", "pip_variants")
SWITCH = "PIP_VARIANTS_OVERRIDE"
REPAIR = (
    "WARNING: pep-xxx-wheel-variants is not installed completely, so this is the stock pip. To"
    " repair it: python -m pip install --force-reinstall --no-deps pep-xxx-wheel-variants"
)
REMOVED = (
    "WARNING: Removed what an interrupted installation of pep-xxx-wheel-variants had left in"
    " place of its modules."
)
OFF = ("0", "off", "no", "false")
LARGEST = 1 << 24  # bytes of a file of ours

# The build sets the stamp, and both versions to those of the vendored pip.
STAMP = ""
FIRST_PYTHON = (3, 10)
ENDS_BEFORE_PYTHON = (3, 15)


def find_spec(
    name: str,
    path: "Sequence[str] | None" = None,
    target: "ModuleType | None" = None,  # noqa: ARG001 (the finder protocol)
) -> "ModuleSpec | None":
    """Return the spec of a vendored module if *name* is one and we are in charge, else None."""
    if name == "pip":
        return _pip()
    if name == "variantlib":
        return _variantlib(name)
    return _part(name, path) if name.startswith(PARTS) else None


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
        if _is_same(entry, site):
            return _checked(vendor)
        spec = PathFinder.find_spec("pip", [entry])
        if spec is not None and spec.loader is not None:  # a bare folder named pip has none
            return None
    return None


def _checked(vendor: str) -> "ModuleSpec | None":
    """Return the spec of the patched pip, or None if it is not of the same build as this file."""
    import os

    if not os.path.lexists(os.path.join(vendor, "pip")):  # half uninstalled
        return None
    try:
        spec = _part("pip", [vendor])
        is_whole = _content(os.path.join(vendor, "pip", "__main__.py")).endswith(STAMP.encode())
    except (ImportError, OSError):
        is_whole = False
    if not is_whole or spec is None or spec.loader is None:
        if _is_program():
            _print(REPAIR)
            sys.meta_path.remove(sys.modules[__name__])  # which is called more than once
        return None
    execute = spec.loader.exec_module
    spec.loader.exec_module = lambda module: _execute(module, execute)  # type: ignore[method-assign]
    return spec


def _execute(module: "ModuleType", execute: "Callable[[ModuleType], None]") -> None:
    """Execute the patched pip, or else the stock one; a program as far as every command is."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    is_program = _is_program()
    new = dict(vars(module))
    try:
        execute(module)
        if is_program:
            from pip._variants.run import import_command_line

            import_command_line()
            sys.excepthook = _on_exception
    except Exception:
        for name in [name for name in sys.modules if name.startswith(PARTS)]:
            del sys.modules[name]
        vars(module).clear()
        if is_program and _remove(_strays()):
            vars(module).update(new)
            _execute(module, execute)
            return
        stock = PathFinder.find_spec("pip")
        if stock is None or stock.loader is None:
            raise
        if is_program:
            _print(REPAIR)
        vars(module).update(vars(module_from_spec(stock)))
        stock.loader.exec_module(module)


def _part(name: str, path: "Sequence[str] | None") -> "ModuleSpec | None":
    """Return the spec of a module of ours, None for others; raise ImportError if it is damaged.

    Python itself would wait for a FIFO in place of its bytecode, and read a file of any size.
    """
    import os
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec(name, path)
    if spec is None or not (spec.origin or "").startswith(os.path.dirname(__file__)):
        return None
    files = (spec.origin or "", spec.cached or "")
    if not all(map(_is_bounded, files)) or not any(os.access(file, os.R_OK) for file in files):
        raise ImportError(f"{spec.origin} is damaged", name=name, path=spec.origin)
    return spec


def _on_exception(
    kind: "type[BaseException]", error: BaseException, trace: "TracebackType | None"
) -> None:
    """Show an exception that nobody has caught, unless a damaged file is the reason."""
    from pip._variants.run import status_of_stock as status_if_unchanged

    if issubclass(kind, Exception) and (status := status_if_unchanged()) is not None:
        import os

        sys.stdout.flush()
        os._exit(status)
    sys.__excepthook__(kind, error, trace)


def status_of_stock() -> "int | None":
    """Return the status of the command, run again by stock or mended pip; None: ours is whole."""
    import os
    import subprocess

    arguments = getattr(sys, "orig_argv", None)
    if not _is_program() or not arguments or not sys.executable:
        return None
    if (strays := _strays()) == []:
        return None
    environ = dict(os.environ)
    if not _remove(strays):
        _print(REPAIR)
        environ[SWITCH] = "0"
    try:
        return subprocess.call([sys.executable, *arguments[1:]], env=environ)
    except OSError:
        return None


def _strays() -> "list[str] | None":
    """Return what Python may import in place of files of the wheel; None: it is not whole."""
    import os
    from importlib.util import module_from_spec

    site = os.path.dirname(__file__)
    try:
        spec = _part("_damage", [os.path.join(site, "pip_variants/system")])
        damage = module_from_spec(spec)  # type: ignore[arg-type]
        spec.loader.exec_module(damage)  # type: ignore[union-attr]
        return damage.strays(site, _content)  # type: ignore[no-any-return]
    except Exception:  # noqa: BLE001 (what looks at files is damaged itself)
        return None


def _remove(strays: "list[str] | None") -> bool:
    """Return whether there were such files, and all of them have been removed."""
    import importlib
    import os

    try:
        for path in strays or ():
            os.unlink(path)
    except OSError:
        return False
    importlib.invalidate_caches()
    if strays:
        _print(REMOVED)
    return bool(strays)


def _content(path: str) -> bytes:
    """Return the content of a file of ours; raise OSError, without a number if it cannot be one."""
    if not _is_bounded(path):
        raise OSError(f"{path} is damaged")
    with open(path, "rb") as file:
        return file.read()


def _is_bounded(path: str) -> bool:
    """Return whether opening and reading a path comes to an end."""
    import os
    from stat import S_ISDIR, S_ISREG

    try:
        found = os.stat(path)
    except OSError:  # at once
        return True
    return S_ISDIR(found.st_mode) or (S_ISREG(found.st_mode) and found.st_size <= LARGEST)


def _is_program() -> bool:
    """Return whether this process is a pip, and not a program that imports one."""
    import os

    folder, file = os.path.split(_script())
    name = os.path.splitext(file)[0]
    if name == "-m":
        return "pip" in (getattr(sys, "orig_argv", None) or ())[1:]
    if name == "__main__":
        return os.path.basename(folder) == "pip"
    return name[:3] == "pip" and (not name[3:] or name[3:].replace(".", "").isdigit())


def _script() -> str:
    """Return the path of the script that runs, or "" where the program has taken it away."""
    try:
        script = sys.argv[0]
    except (AttributeError, LookupError, TypeError):
        return ""
    return script if isinstance(script, str) and "\0" not in script else ""


def _print(line: str) -> None:
    try:
        if sys.stderr is not None:
            print(line, file=sys.stderr, flush=True)  # noqa: T201 (there is no pip to log it)
    except (OSError, ValueError):
        pass


def _variantlib(name: str) -> "ModuleSpec | None":
    """Return the spec of the vendored variantlib if its script runs and there is no other one.

    What it imports, pip among it, is found in the vendored folders, in this process alone.
    """
    import os
    from importlib.machinery import PathFinder

    script = os.path.basename(os.path.realpath(_script()))
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


if FIRST_PYTHON <= sys.version_info[:2] < ENDS_BEFORE_PYTHON:
    _finder = sys.modules[__name__]
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
