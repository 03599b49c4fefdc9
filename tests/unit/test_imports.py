"""The architecture, read from the source: a pure core, thin edges, imports that run one way."""

from __future__ import annotations

import ast
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "pip_variants"
DOOR = ROOT / "patches" / "_variants.py"
BEHIND = ROOT / "patches" / "_variants_engine.py"
PIPS = {path.name: path for path in (ROOT / "patches").glob("*.py")}

# Each name may import what stands on its own line or above, and nothing below.
LAYERS = (
    ("errors",),
    ("properties",),
    ("filenames", "metadata", "targets"),
    ("combining", "readers", "supported", "writer"),
    ("compatibility", "ordering", "markers", "platforms"),
    ("selection",),
    ("checking", "explain"),
    ("what_if",),
    ("explanation",),
    ("reports",),
    # From here on: the edges.
    ("storing",),
    ("fetching", "providers", "rendering"),
    ("ahead",),
    ("archives", "environments"),
    ("index",),
    ("decisions",),
    ("process",),
    ("choosing", "dependencies", "steering", "wishes"),
    ("explaining", "installed"),
    ("introducing", "replacing"),
    ("hooks", "commands"),
)
LAYER = {name: i for i, names in enumerate(LAYERS) for name in names}
CORE = {name for names in LAYERS[: LAYER["reports"] + 1] for name in names}
START_UP = "_override"

# What the core may have of the standard library: nothing that knows of files, processes or logs.
PURE = {
    "__future__",
    "collections",
    "dataclasses",
    "enum",
    "functools",
    "importlib",  # a reader is imported when a document needs it
    "itertools",
    "json",
    "operator",
    "re",
    "string",
    "typing",
}
IMPURE_CALLS = {"print", "input", "open", "exec", "eval", "__import__"}

MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40


def _sources() -> dict[str, Path]:
    """Return every module of the engine by its name below ``pip_variants``."""
    found = {}
    for path in ENGINE.rglob("*.py"):
        parts = path.relative_to(ENGINE).with_suffix("").parts
        if parts[0] != "_vendor":
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


SOURCES = _sources()
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in SOURCES.items()}

each_module = pytest.mark.parametrize("name", sorted(SOURCES))
each_pure_module = pytest.mark.parametrize(
    "name", sorted(name for name in SOURCES if name.partition(".")[0] in CORE)
)


def _imported(name: str) -> set[str]:
    """Return the absolute name of whatever the module imports, wherever in it that happens."""
    here = ["pip_variants", *name.split(".")]
    package = here if SOURCES[name].name == "__init__.py" else here[:-1]
    found = set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            whole = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                inside = f"{whole}.{alias.name}"
                known = inside.removeprefix("pip_variants.") in SOURCES
                found.add(inside if known and whole.startswith("pip_variants") else whole)
    return found


def _engine_imports(name: str) -> set[str]:
    """Return the engine's own modules that the module imports."""
    return {
        item.removeprefix("pip_variants.")
        for item in _imported(name)
        if item.startswith("pip_variants.")
    }


@each_module
def test_every_module_has_its_layer(name: str) -> None:
    """A module is in the table above, or is the start-up hook, or the package itself."""
    assert name.partition(".")[0] in {*LAYER, START_UP, "__init__"}


@each_module
def test_imports_run_one_way(name: str) -> None:
    """A module imports only what stands in its own layer or before it."""
    if name in (START_UP, "__init__"):
        assert _engine_imports(name) == set()
        return
    mine = LAYER[name.partition(".")[0]]
    later = {n for n in _engine_imports(name) if LAYER[n.partition(".")[0]] > mine}
    assert later == set()


def test_there_is_no_cycle() -> None:
    """No module imports itself through others."""
    order = TopologicalSorter({name: _engine_imports(name) for name in SOURCES})
    assert {*order.static_order()} == {*SOURCES}


@each_pure_module
def test_the_core_is_pure(name: str) -> None:
    """The core imports no pip, no logging, and nothing that touches files, processes or nets."""
    outside = {item.partition(".")[0] for item in _imported(name)} - {"pip_variants"}
    assert outside <= PURE
    assert outside <= sys.stdlib_module_names


@each_pure_module
def test_the_core_neither_prints_nor_opens(name: str) -> None:
    """What needs no import but does I/O is not called in the core either."""
    called = {
        node.func.id
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert called & IMPURE_CALLS == set()


@each_pure_module
def test_the_values_of_the_core_are_frozen(name: str) -> None:
    """Every dataclass of the core is frozen and has slots."""
    loose = [
        node.name
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.ClassDef)
        for decorator in node.decorator_list
        if "dataclass" in ast.unparse(decorator)
        and ast.unparse(decorator) != "dataclass(frozen=True, slots=True)"
    ]
    assert loose == []


def test_only_the_door_imports_the_facade() -> None:
    """No module of the engine imports ``hooks``; the patched pip's door imports nothing else."""
    assert [name for name in SOURCES if "hooks" in _engine_imports(name)] == []
    lines = {
        ast.unparse(node)
        for path in (DOOR, BEHIND)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.Import, ast.ImportFrom)) and "pip_variants" in ast.unparse(node)
    }
    # The second is for the reader's types alone and never runs; the last is a command of pip's.
    assert lines == {
        "from pip_variants import hooks",
        "from pip_variants.hooks import Arranged, Info",
        "from pip_variants.commands.command import VariantsCommand",
    }


def test_the_door_imports_nothing_of_the_engine_at_once() -> None:
    """Importing the door costs no import of the engine: that happens inside a function."""
    at_once = [
        ast.unparse(node)
        for node in ast.parse(DOOR.read_text("utf-8")).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    assert at_once == ["from __future__ import annotations"]


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=name) for name, path in {**SOURCES, **PIPS}.items()],
)
def test_nothing_is_too_long(path: Path) -> None:
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
