"""The architecture, read from the source: rooms on five floors, a pure core, one edge to pip."""

from __future__ import annotations

import ast
import re
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "pip_variants"
FACADE = ROOT / "patches" / "common" / "_variants"

# A room may import rooms on lower floors, and none of its own floor.
FLOORS = (
    ("core",),
    ("formats", "system", "explain"),
    ("lint", "publish", "providers", "remote"),
    ("pip_adapter",),
    ("commands",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
START_UP_HOOK = "_override"

# What the core may use of the standard library: nothing about files, processes or logs.
PURE = {
    "__future__",
    "collections",
    "dataclasses",
    "enum",
    "functools",
    "itertools",
    "operator",
    "re",
    "typing",
}
PURE_CALLS_FORBIDDEN = {"print", "input", "open", "exec", "eval", "__import__"}
PACKAGING = "pip._vendor.packaging"

MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40


def _modules(folder: Path) -> dict[str, Path]:
    """Return every module below a folder by its dotted name, packages without ``__init__``."""
    found = {}
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder).with_suffix("").parts
        if parts[0] != "_vendor":
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


SOURCES = _modules(ENGINE)
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in SOURCES.items()}
FACADE_SOURCES = {f"_variants.{name}": path for name, path in _modules(FACADE).items()}

each_module = pytest.mark.parametrize("name", sorted(SOURCES))
each_core_module = pytest.mark.parametrize(
    "name", sorted(name for name in SOURCES if name.partition(".")[0] == "core")
)


def _imported(name: str) -> set[str]:
    """Return the absolute names of all that a module imports, anywhere in it."""
    own = ["pip_variants", *name.split(".")]
    package = own if SOURCES[name].name == "__init__.py" else own[:-1]
    found = set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            whole = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{whole}.{alias.name}"
                known = inner.removeprefix("pip_variants.") in SOURCES
                found.add(inner if known and whole.startswith("pip_variants") else whole)
    return found


def _engine_imports(name: str) -> set[str]:
    """Return the modules of the engine that a module imports."""
    return {
        item.removeprefix("pip_variants.")
        for item in _imported(name)
        if item.startswith("pip_variants.")
    }


def _room(name: str) -> str:
    return name.partition(".")[0]


@each_module
def test_every_module_is_in_a_room(name: str) -> None:
    """A module is in a room of the table, or is the start-up hook, or the package itself."""
    assert _room(name) in {*FLOOR, START_UP_HOOK, "__init__"}


@each_module
def test_imports_go_down_and_never_sideways(name: str) -> None:
    """A module imports only its own room and rooms on lower floors."""
    if name in (START_UP_HOOK, "__init__"):
        assert _engine_imports(name) == set()
        return
    room = _room(name)
    wrong = {
        other
        for other in _engine_imports(name)
        if _room(other) != room and FLOOR[_room(other)] >= FLOOR[room]
    }
    assert wrong == set()


def test_no_module_imports_itself_through_others() -> None:
    """The graph of imports has no cycle."""
    order = TopologicalSorter({name: _engine_imports(name) for name in SOURCES})
    assert {*order.static_order()} == {*SOURCES}


@each_core_module
def test_core_imports_only_itself_stdlib_and_packaging(name: str) -> None:
    """The core has no pip, no logging, and nothing that touches files, processes or networks."""
    outside = {
        item
        for item in _imported(name)
        if not item.startswith("pip_variants") and not item.startswith(PACKAGING)
    }
    assert {item.partition(".")[0] for item in outside} <= PURE <= sys.stdlib_module_names
    assert {_room(item) for item in _engine_imports(name)} <= {"core"}


@each_core_module
def test_core_neither_prints_nor_opens_files(name: str) -> None:
    """What needs no import but does I/O is not called in the core either."""
    called = {
        node.func.id
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert called & PURE_CALLS_FORBIDDEN == set()


@each_core_module
def test_dataclasses_of_core_are_frozen_with_slots(name: str) -> None:
    """Every dataclass of the core is frozen and has slots."""
    loose = [
        node.name
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.ClassDef)
        for decorator in node.decorator_list
        if "dataclass" in ast.unparse(decorator)
        and not ast.unparse(decorator).startswith("dataclass(frozen=True, slots=True")
    ]
    assert loose == []


def test_only_compat_imports_private_names_of_pip() -> None:
    """``pip._internal`` is imported in one package, with every name that the engine relies on."""
    importers = {
        name
        for name in SOURCES
        if any(item.startswith("pip._internal") for item in _imported(name))
    }
    assert {".".join(name.split(".")[:2]) for name in importers} == {"pip_adapter.compat"}


STARTS_PROCESSES = {
    "_posixsubprocess",
    "_winapi",
    "asyncio",
    "concurrent.futures",
    "multiprocessing",
    "pty",
    "subprocess",
}
"""Modules of the standard library that start processes."""
_starter = re.compile(r"os\.(?:fork\w*|(?:posix_)?spawn\w*|exec\w+|system|popen|startfile)")


def test_only_one_module_starts_processes() -> None:
    """What `system.child` starts ends with pip; the hook starts the stock pip in its place."""
    starters = {
        name
        for name, tree in TREES.items()
        if STARTS_PROCESSES & _imported(name)
        or any(
            isinstance(node, ast.Attribute) and _starter.fullmatch(ast.unparse(node))
            for node in ast.walk(tree)
        )
    }
    assert starters == {"system.child", "system._guard", "_override"}


@each_module
def test_engine_has_no_mutable_module_state(name: str) -> None:
    """No module has a ``global`` statement, a list, a set or an unannotated dictionary to change.

    The only state is made by the command that begins, in ``pip._variants.run``.
    """
    assert [node for node in ast.walk(TREES[name]) if isinstance(node, ast.Global)] == []
    mutable = [
        ast.unparse(node.targets[0])
        for node in TREES[name].body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, (ast.List, ast.Set, ast.ListComp, ast.SetComp))
        and ast.unparse(node.targets[0]) != "__all__"
    ]
    assert mutable == []


def test_only_the_run_of_the_facade_has_a_global_statement() -> None:
    """The facade replaces its only module-level state in one place."""
    users = {
        name
        for name, path in FACADE_SOURCES.items()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Global)
    }
    assert users == {"_variants.run"}


def test_facade_does_not_import_the_engine_at_start_up() -> None:
    """Importing the facade imports only its own small modules; the rest is in functions."""
    at_once = {
        ast.unparse(node)
        for name in ("__init__.py", "run.py", "engine.py", "together.py")
        for node in ast.parse((FACADE / name).read_text("utf-8")).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    assert at_once == {
        "from __future__ import annotations",
        "from .engine import filenames",
        "from .run import begin, current, run_command",
        "from .run import current",
        "from .together import fits_conditions",
        "import sys",
    }


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=name) for name, path in {**SOURCES, **FACADE_SOURCES}.items()],
)
def test_modules_and_functions_are_short(path: Path) -> None:
    """A module has at most 300 lines, a function at most 40."""
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= MAX_MODULE_LINES
    long = {
        node.name: length
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (length := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert long == {}


def test_every_room_has_a_line_that_says_what_it_is() -> None:
    """The docstring of each room begins with one sentence."""
    first_lines = {room: ast.get_docstring(TREES[room]) for room in FLOOR}
    assert [room for room, text in first_lines.items() if not text] == []
