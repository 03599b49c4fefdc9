"""Every private name of pip on which engine and facade rely exists in each patched release."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.releases import FACADE, SERIES, Release, each_series, unpacked
from tests.support.venvs import offline_env

ROOT = Path(__file__).parents[1]
ENGINE = ROOT / "pip_variants"
COMPAT = [*sorted((ENGINE / "pip_adapter" / "compat").glob("*.py"))]
MODULES = {
    str(path.relative_to(ROOT)): path
    for path in (*sorted(ENGINE.rglob("*.py")), *sorted(FACADE.glob("*.py")))
}

Import = tuple[str, str]
"""A module and a name in it; an empty name: the module itself."""

RESOLVE = """\
import importlib, json, sys

def resolves(module, name):
    try:
        found = importlib.import_module(module)
        if name and not hasattr(found, name):
            importlib.import_module(f"{module}.{name}")
    except ImportError:
        return False
    return True

groups = json.load(sys.stdin)
print(json.dumps([group for group in groups if not any(resolves(*item) for item in group)]))
"""

# Each private attribute that `compat` reads or sets, as an expression for what has it.
PRIVATE = {
    "_link_collector": "compat.build_finder(session, options)",
    "_build_package_finder": "req_command.RequirementCommand",
    "_all_candidates": "compat.build_finder(session, options)",
    "_best_candidates": "compat.build_finder(session, options)",
    "_hashes": "compat.Link('https://example.org/x')",
    "_dist": "next(compat.environment_of(options).iter_all_distributions())",
    "_build_session": "index_command.SessionCommandMixin()",
    "_downloaded": "prepare.RequirementPreparer(**arguments)",
    "_prepare_linked_requirement": "prepare.RequirementPreparer",
    "_get_cache_path": "cache.SafeFileCache",
    "_fp": "response.HTTPResponse()",
    "_report_single_requirement_conflict": "factory.Factory",
    "_make_install_req_from_spec": "factory.Factory(*[session] * 5, False, True, True)",
    "_equal_cache": "requirements.SpecifierRequirement(compat.parse_user_requirement('x'))",
}
PROBE = """\
import inspect, json, sys
from pip._internal.cli import index_command, req_command
from pip._internal.network import cache
from pip._internal.operations import prepare
from pip._internal.resolution.resolvelib import factory, requirements
from pip._vendor.urllib3 import response
from pip_variants.commands.command import VariantsCommand
from pip_variants.pip_adapter import compat

options, _ = VariantsCommand("variants", "", isolated=True).parser.parse_args(["--no-index"])
session = compat.build_session(options)
parameters = inspect.signature(prepare.RequirementPreparer).parameters
arguments = dict.fromkeys(parameters, 0) | {"session": session}
table = json.load(sys.stdin)
print(json.dumps([name for name, owner in table.items() if not hasattr(eval(owner), name)]))
"""


@pytest.fixture
def release(shared: Path, series: str) -> Release:
    """Return a patched release, fetched once for the test run."""
    return unpacked(shared, series)


def environment(release: Release) -> dict[str, str]:
    """Return an environment in which `pip` is the patched release."""
    path = os.pathsep.join([str(release.patched), str(ROOT)])
    return offline_env(PYTHONPATH=path)


def run_under(release: Release, script: str, data: object) -> object:
    """Return the JSON that a script prints, with this JSON as its stdin."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(release),
        input=json.dumps(data),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: object = json.loads(done.stdout)
    return found


def imports_of(path: Path) -> list[list[Import]]:
    """Return what a module imports from pip, wherever in it, as groups of alternatives.

    The alternatives of a group are the branches of one `try` with `except ImportError`.
    """
    tree = ast.parse(path.read_text("utf-8"))
    groups: list[list[Import]] = []
    grouped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and any(map(_catches_import_error, node.handlers)):
            branches = [node.body, *(handler.body for handler in node.handlers)]
            inner = [item for branch in branches for part in branch for item in ast.walk(part)]
            grouped.update(inner)
            groups.append([found for item in inner for found in _names(item)])
    groups += [[found] for node in ast.walk(tree) if node not in grouped for found in _names(node)]
    return [group for group in groups if group]


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    return handler.type is not None and "ImportError" in ast.unparse(handler.type)


def _names(node: ast.AST) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from ((alias.name, "") for alias in node.names if _is_of_pip(alias.name))
    elif isinstance(node, ast.ImportFrom) and node.level == 0 and _is_of_pip(node.module or ""):
        yield from ((node.module or "", alias.name) for alias in node.names)


def _is_of_pip(module: str) -> bool:
    return module.partition(".")[0] == "pip"


def test_imports_are_found_everywhere_in_a_module(tmp_path: Path) -> None:
    """Late imports, those for types and alternatives are found; other packages are not."""
    path = tmp_path / "x.py"
    path.write_text(
        "import pip._internal.a, os\n"
        "if TYPE_CHECKING:\n    from pip._internal.b import B, C as D\n"
        "def f():\n    try:\n        from pip._internal.d import d\n"
        "    except ImportError:\n        from pip._internal.e import d, e\n"
        "    try:\n        from pip import g\n    except ValueError:\n        pass\n"
        "from pipx import h\nfrom .pip import i\nfrom pip_variants import j\n"
    )
    assert sorted(imports_of(path)) == [
        [("pip", "g")],
        [("pip._internal.a", "")],
        [("pip._internal.b", "B")],
        [("pip._internal.b", "C")],
        [("pip._internal.d", "d"), ("pip._internal.e", "d"), ("pip._internal.e", "e")],
    ]


@each_series
def test_missing_names_are_found_in_a_release(release: Release) -> None:
    """The script that the next test relies on finds what is not there."""
    groups: list[list[Import]] = [
        [("pip._internal.models.link", "Link")],
        [("pip._internal.models.link", "Lnik")],
        [("pip._internal.modles", "")],
        [("pip._internal.models", "link")],
        [("pip._internal.modles", "x"), ("pip._internal.models.link", "Link")],
    ]
    assert run_under(release, RESOLVE, groups) == [
        [["pip._internal.models.link", "Lnik"]],
        [["pip._internal.modles", ""]],
    ]


@each_series
def test_every_name_that_is_imported_from_pip_exists(release: Release) -> None:
    """In compat, in the facade and elsewhere in the engine; of alternatives one is enough."""
    groups = {
        json.dumps(group): name for name, path in MODULES.items() for group in imports_of(path)
    }
    assert any("compat" in name for name in groups.values())
    missing = run_under(release, RESOLVE, [json.loads(group) for group in groups])
    assert isinstance(missing, list)
    assert {json.dumps(group): groups[json.dumps(group)] for group in missing} == {}


def test_every_private_attribute_of_compat_has_its_owner_in_the_table() -> None:
    """A new one needs a row, by which each release is checked."""
    trees = [ast.parse(path.read_text("utf-8")) for path in COMPAT]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    assert {name for name in used if re.match("_[a-z]", name)} == set(PRIVATE)


@each_series
def test_every_private_attribute_exists_where_compat_expects_it(release: Release) -> None:
    """Each is looked up on an object of the release."""
    assert run_under(release, PROBE, PRIVATE) == []
    assert run_under(release, PROBE, {"_gone": PRIVATE["_hashes"]}) == ["_gone"]


@each_series
def test_links_have_no_attributes_beside_their_slots(release: Release) -> None:
    """`compat.copy_link` copies the slots of the class, so there must be nothing else."""
    script = (
        "import json, sys; from pip._internal.models.link import Link; json.load(sys.stdin)\n"
        "link = Link('https://example.org/x')\n"
        "missing = [name for name in Link.__slots__ if not hasattr(link, name)]\n"
        "bases = [base.__name__ for base in Link.__mro__]\n"
        "print(json.dumps([hasattr(link, '__dict__'), missing, bases]))"
    )
    assert run_under(release, script, None) == [False, [], ["Link", "object"]]


@each_series
def test_unit_tests_at_the_edge_pass_with_the_patched_release(release: Release) -> None:
    """They call each function of compat, on whose results every other module relies."""
    done = subprocess.run(
        (
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
            *("--basetemp", str(release.patched.parent / f"basetemp-{os.getpid()}")),
            str(ROOT / "tests" / "unit" / "adapter"),
        ),
        env=environment(release),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"\d{3,} passed in .*", done.stdout.splitlines()[-1]), done.stdout


@each_series
def test_subprocesses_of_this_module_run_the_patched_release(release: Release, series: str) -> None:
    """Otherwise the tests above would check the pip of the test environment."""
    script = (
        "import json, sys, pip, pip_variants; json.load(sys.stdin)\n"
        "from pip._variants import run\n"
        "print(json.dumps([pip.__file__, pip_variants.__file__]))"
    )
    pip = release.patched / "pip" / "__init__.py"
    assert run_under(release, script, None) == [str(pip), str(ENGINE / "__init__.py")]
    upstream = (release.upstream / "pip" / "__init__.py").read_text("utf-8")
    assert f'__version__ = "{series.removeprefix("pip-")}"' in upstream


def test_there_is_a_patched_release() -> None:
    """Without one the tests of this module would not exist."""
    assert "pip-25.1.1" in SERIES


OTHERS = [name for name, path in MODULES.items() if ENGINE in path.parents and path not in COMPAT]


@pytest.mark.parametrize("name", OTHERS)
def test_only_compat_mentions_the_internals_of_pip(name: str) -> None:
    """Not in a string or a comment either, which a test of imports would not see."""
    assert "pip._internal" not in MODULES[name].read_text("utf-8")
