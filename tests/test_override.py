"""The wheel overrides pip: in real environments, on every Python that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hatch_build import find_release
from tests.support.stand_in import write_wheel
from tests.support.start_up_hook import OVERRIDE, hook_of
from tests.support.venvs import (
    THIS_PYTHON,
    Venv,
    each_python,
    interpreter,
    make_venv,
    offline_env,
    online_env,
    run,
)

Venvs = Callable[[str], Venv]
ROOT = Path(__file__).parent.parent
NAME = "pep-xxx-wheel-variants"
REPAIR = (
    "WARNING: pep-xxx-wheel-variants is not installed completely, so this is the stock pip. To"
    " repair it: python -m pip install --force-reinstall --no-deps pep-xxx-wheel-variants"
)

RUNPY = (
    "import runpy, sys; sys.argv = ['pip', '--version']; runpy.run_module('pip', {}, '__main__')"
)
SPEC = "import importlib.util; print(importlib.util.find_spec('pip').origin)"
PARTS = "import pip.__main__, pip._vendor.rich as part; print(pip.__version__, part.__file__)"


@each_python
@pytest.mark.parametrize(
    "command",
    [
        ("bin/pip", "--version"),
        ("bin/pip3", "--version"),
        ("bin/python", "-m", "pip", "--version"),
        ("bin/python", "-I", "-m", "pip", "--version"),
        ("bin/python", "-E", "-s", "-m", "pip", "--version"),
        ("bin/python", "-c", RUNPY),
    ],
    ids=["pip", "pip3", "-m", "-I -m", "-E -s -m", "runpy"],
)
def test_every_way_to_start_pip_runs_the_patched_one(
    patched: Venvs, python: str, command: tuple[str, ...]
) -> None:
    """Scripts, `-m`, isolated mode and runpy run the patched pip."""
    venv = patched(python)
    assert run(venv.root / command[0], *command[1:]) == venv.patched


@each_python
def test_every_way_to_import_pip_finds_the_patched_one(patched: Venvs, python: str) -> None:
    """The package, its parts, its spec, and `python site-packages/pip` are the patched pip's."""
    venv = patched(python)
    vendor = venv.site / "pip_variants" / "_vendor"
    assert venv.run("-I", "-c", SPEC) == f"{vendor}/pip/__init__.py\n"
    assert (
        venv.run("-c", PARTS)
        == f"{venv.release.pip_version} {vendor}/pip/_vendor/rich/__init__.py\n"
    )
    assert venv.run(venv.site / "pip", "--version") == venv.patched


@each_python
def test_uninstall_restores_every_file_of_the_venv(
    tmp_path: Path, stock: Venvs, wheel: Path, python: str
) -> None:
    """After `pip uninstall`, run by the patched pip, no file or folder of the venv differs."""
    venv = stock(python).copy(tmp_path / "venv")
    before = venv.files()
    venv.install("--no-index", wheel)
    assert venv.version() == venv.patched
    # As the interpreter does with -O, when something is imported.
    modules = (venv.site / "_pip_variants_override.py", venv.site / "pip_variants" / "core")
    venv.run("-O", "-m", "compileall", "-q", *modules)
    run(venv.root / "bin" / "pip", "uninstall", "-y", NAME)
    assert venv.files() == before
    assert venv.version() == venv.stock


@each_python
@pytest.mark.parametrize("value", ["0", "off", "No", " FALSE "])
def test_override_is_switched_off_by_environment_variable(
    patched: Venvs, python: str, value: str
) -> None:
    """PIP_VARIANTS_OVERRIDE=0 and the like run the stock pip, also with -I and -E."""
    venv = patched(python)
    for options in ((), ("-I",), ("-E",)):
        assert venv.version(*options, PIP_VARIANTS_OVERRIDE=value) == venv.stock
    assert venv.version(PIP_VARIANTS_OVERRIDE="1") == venv.patched


@each_python
def test_venv_made_by_patched_python_has_stock_pip(
    tmp_path: Path, patched: Venvs, python: str
) -> None:
    """A venv that is made with the Python of a patched venv is not overridden."""
    child = make_venv(tmp_path / "child", patched(python).python)
    assert child.version() == child.stock


@each_python
def test_user_installation_overrides_only_the_interpreters_pip(
    tmp_path: Path, wheel: Path, upstream: str, python: str
) -> None:
    """`--user` overrides the pip of the interpreter, but not with `-I` and not a venv's own pip."""
    base = interpreter(python)
    assert base is not None
    env = offline_env(PYTHONUSERBASE=str(tmp_path / "user"), PIP_BREAK_SYSTEM_PACKAGES="1")
    version = (base, "-m", "pip", "--version")
    if run(base, "-c", "import importlib.util as u; print(u.find_spec('pip'))") == "None\n":
        pytest.skip("the interpreter itself has no pip")
    stock = run(*version, env=env)
    install = ("-m", "pip", "install", "--user", "--no-index", "--no-warn-script-location")
    run(base, *install, wheel, env=env)
    site = tmp_path / "user" / "lib" / f"python{python}" / "site-packages"
    version_text = find_release(ROOT, upstream).pip_version
    patched = f"pip {version_text} from {site}/pip_variants/_vendor/pip (python {python})\n"
    assert run(*version, env=env) == patched
    assert run(base, "-I", "-m", "pip", "--version", env=env) == stock

    child = make_venv(tmp_path / "child", base, "--system-site-packages")
    assert run(child.python, "-m", "pip", "--version", env=env) == child.stock
    bare = make_venv(tmp_path / "bare", base, "--system-site-packages", "--without-pip")
    assert run(bare.python, "-m", "pip", "--version", env=env) == patched

    run(base, "-m", "pip", "uninstall", "-y", NAME, env=env)
    assert [path for path in site.rglob("*") if path.is_file()] == []
    assert run(*version, env=env) == stock


@each_python
def test_variantlib_is_a_command_and_nothing_else(patched: Venvs, python: str) -> None:
    """Its script runs, in any case with what is vendored; no other program sees the module."""
    venv = patched(python)
    command = venv.root / "bin" / "variantlib"
    assert run(command, "--version") == "variantlib version: 0.2.2\n"
    for off in ("", "0"):
        paths = run(command, "config", "list-paths", env=offline_env(PIP_VARIANTS_OVERRIDE=off))
        assert f"VIRTUALENV: {venv.root}/variants.toml\n" in paths
    code = "import importlib.util as u; print(u.find_spec('variantlib'), u.find_spec('tomlkit'))"
    assert venv.run("-c", code) == "None None\n"
    assert "variantlib" not in venv.run("-m", "pip", "list")


def test_variantlib_builds_a_variant(tmp_path: Path, patched: Venvs, tiny: Path) -> None:
    """The authoring commands have all that they import."""
    (tmp_path / "pyproject.toml").write_text(
        '[variant.default-priorities]\nnamespace = ["x"]\n'
        '[variant.providers.x]\nrequires = ["x"]\nplugin-api = "x:X"\n'
    )
    command = (patched(THIS_PYTHON).root / "bin" / "variantlib", "make-variant", "-f", tiny)
    options = ("-o", tmp_path, "-p", "x :: y :: z", "--variant-label", "l")
    run(*command, *options, "--skip-plugin-validation", cwd=tmp_path, quiet=False)
    assert (tmp_path / "tiny-1.0-py3-none-any-l.whl").is_file()


@pytest.fixture
def own_variantlib(tmp_path: Path) -> Path:
    """Return the wheel of another version of variantlib than ours."""
    entry_points = "[console_scripts]\nvariantlib = variantlib.commands.main:main\n"
    files = {
        "variantlib/commands/main.py": b"def main():\n    print('mine')\n",
        "variantlib-9.0.dist-info/entry_points.txt": entry_points.encode(),
    }
    return write_wheel(tmp_path, "variantlib-9.0-py3-none-any.whl", files=files)


def test_own_variantlib_of_the_user_stays_as_it_is(
    tmp_path: Path, stock: Venvs, wheel: Path, own_variantlib: Path
) -> None:
    """It is imported and run beside ours, and is the same after ours is gone."""
    venv = stock(THIS_PYTHON).copy(tmp_path / "venv")
    venv.install("--no-index", own_variantlib)
    before = venv.files()
    venv.install("--no-index", wheel)
    command = venv.root / "bin" / "variantlib"
    assert run(command).endswith("mine\n")
    assert venv.run("-c", "import variantlib as v; print(v.__version__)").endswith("9.0\n")
    run(venv.root / "bin" / "pip", "uninstall", "-y", NAME)
    assert venv.files() == before
    assert run(command).endswith("mine\n")


def test_command_variantlib_is_removed_with_the_last_that_has_it(
    tmp_path: Path, patched: Venvs, own_variantlib: Path
) -> None:
    """Installed and uninstalled beside ours, variantlib leaves the command to ours."""
    venv = patched(THIS_PYTHON).copy(tmp_path / "venv")
    command = venv.root / "bin" / "variantlib"
    pip = (venv.root / "bin" / "pip",)
    run(*pip, "install", "--no-index", own_variantlib)
    assert run(command).endswith("mine\n")
    run(*pip, "uninstall", "-y", "variantlib")
    assert run(command, "--version") == "variantlib version: 0.2.2\n"
    run(*pip, "install", "--no-index", own_variantlib)
    run(*pip, "uninstall", "-y", "variantlib", NAME)
    assert not command.exists()


@each_python
def test_ensurepip_uses_the_pip_that_python_bundles(
    tmp_path: Path, patched: Venvs, python: str
) -> None:
    """`python -m ensurepip` is not overridden."""
    venv = patched(python).copy(tmp_path / "venv")
    bundled = _bundled_pip(python)
    output = venv.run("-m", "ensurepip", "--upgrade", "-v")
    version = bundled.name.split("-")[1]
    assert f"Using pip {version} from " in output
    assert venv.version() == venv.patched


@each_python
def test_another_pip_on_pythonpath_is_not_overridden(
    tmp_path: Path, patched: Venvs, python: str
) -> None:
    """A pip that the user puts first on sys.path runs: in a folder, a wheel, the current folder."""
    venv, bundled = patched(python), _bundled_pip(python)
    version = bundled.name.split("-")[1]
    with zipfile.ZipFile(bundled) as archive:
        archive.extractall(tmp_path)
    for path in (tmp_path, bundled):
        expected = f"pip {version} from {path}/pip (python {python})\n"
        assert venv.version(PYTHONPATH=str(path)) == expected
    assert venv.run("-c", "import pip; print(pip.__file__)", cwd=tmp_path) == (
        f"{tmp_path}/pip/__init__.py\n"
    )


@each_python
def test_folder_named_pip_on_pythonpath_is_ignored(
    tmp_path: Path, patched: Venvs, python: str
) -> None:
    """A folder named pip without a package in it does not replace the patched pip."""
    venv = patched(python)
    (tmp_path / "pip").mkdir()
    assert venv.run("-m", "pip", "--version", cwd=tmp_path) == venv.patched
    assert venv.version(PYTHONPATH=str(tmp_path)) == venv.patched


def test_own_site_directory_on_pythonpath_stays_overridden(tmp_path: Path, patched: Venvs) -> None:
    """PYTHONPATH may name the site directory, also by a link: its stock pip stays overridden."""
    venv = patched(THIS_PYTHON)
    link = tmp_path / "link"
    link.symlink_to(venv.site)
    for path in (f"{venv.site}/", str(link)):
        env = offline_env(PYTHONPATH=path)
        output = venv.run("-c", "import pip; print(pip.__version__)", env=env)
        assert output == f"{venv.release.pip_version}\n"


def test_finder_without_its_site_directory_finds_nothing(patched: Venvs) -> None:
    """The finder finds pip only while its own site directory is on sys.path."""
    code = "import sys; sys.path = [p for p in sys.path if 'site-packages' not in p]; import pip"
    output = run(patched(THIS_PYTHON).python, "-c", code, status=1, quiet=False)
    assert output.splitlines()[-1] == "ModuleNotFoundError: No module named 'pip'"


@each_python
def test_stock_pip_runs_if_the_vendored_pip_is_missing(
    tmp_path: Path, patched: Venvs, python: str
) -> None:
    """If the vendored pip is missing, the interpreter starts silently and the stock pip runs."""
    venv = patched(python).copy(tmp_path / "venv")
    vendor = venv.site / "pip_variants" / "_vendor"
    shutil.rmtree(vendor / "pip")
    assert venv.version() == venv.stock
    shutil.rmtree(venv.site / "pip_variants")
    assert venv.version() == venv.stock


@each_python
def test_python_option_installs_into_another_interpreter(
    tmp_path: Path, patched: Venvs, tiny: Path, python: str
) -> None:
    """`--python` runs the patched pip with another Python, and installs there."""
    venv, base = patched(THIS_PYTHON), interpreter(python)
    assert base is not None
    other = make_venv(tmp_path / "other", base, "--without-pip")
    pip = (venv.root / "bin" / "pip", "--python", other.python)
    assert run(*pip, "--version") == venv.patched.replace(f"{THIS_PYTHON})", f"{python})")
    run(*pip, "install", tiny)
    assert other.run("-c", "import tiny; print(tiny.__name__)") == "tiny\n"


def test_python_option_names_the_stock_pip_for_an_older_interpreter(patched: Venvs) -> None:
    """A Python that the patched pip does not support may still have the stock one (B12)."""
    venv = patched(THIS_PYTHON)
    runner = venv.site / "pip_variants" / "_vendor" / "pip" / "__pip-runner__.py"
    as_older = f"import sys; sys.version_info = (3, 9); exec(open({str(runner)!r}).read())"
    done = subprocess.run(
        [venv.python, "-c", as_older], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (
        1,
        (
            "This version of pip does not support python 3.9 (requires >=3.10). The stock pip may:"
            " set PIP_VARIANTS_OVERRIDE=0.\n"
        ),
    )


def test_isolated_build_environment_is_filled_by_the_patched_pip(
    tmp_path: Path, patched: Venvs, tiny: Path
) -> None:
    """The patched pip installs the build requirements; it never imports variantlib."""
    venv = patched(THIS_PYTHON).copy(tmp_path / "venv")
    (venv.site / "variantlib.py").write_text("raise SystemExit('pip imported variantlib')\n")
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["tiny"]\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (project / "backend.py").write_text(
        "import pathlib, shutil, tiny\n"
        "def build_wheel(folder, config_settings=None, metadata_directory=None):\n"
        f"    wheel = pathlib.Path({str(tiny)!r})\n"
        "    return pathlib.Path(shutil.copy(wheel, folder)).name\n"
    )
    install = (venv.root / "bin" / "pip", "install", "-v", "--find-links", tiny.parent, project)
    output = run(*install, quiet=False)
    using = [line.strip() for line in output.splitlines() if "Using pip " in line]
    assert using == [f"Using {venv.patched.strip()}"] * 2


@pytest.mark.parametrize("release", ["22.3.1", "23.3.2", "24.3.1", "25.3", "26.3"])
def test_script_of_any_stock_pip_runs_the_patched_one(
    tmp_path: Path, patched: Venvs, wheel: Path, release: str
) -> None:
    """A `bin/pip` that another release wrote runs the patched pip after installing the wheel."""
    python = interpreter(THIS_PYTHON)
    assert python is not None
    downloader = (patched(THIS_PYTHON).root / "bin" / "pip", "download", "--quiet", "--no-deps")
    run(*downloader, "--dest", tmp_path, f"pip=={release}", env=online_env(), quiet=False)
    (file,) = tmp_path.glob("pip-*.whl")
    venv = make_venv(tmp_path / "venv", python, "--without-pip")
    venv.run(file / "pip", "install", "--quiet", file)
    assert venv.version() == venv.stock
    venv.install("--quiet", "--no-index", wheel)
    assert run(venv.root / "bin" / "pip", "--version") == venv.patched
    run(venv.root / "bin" / "pip", "uninstall", "-y", NAME)
    assert run(venv.root / "bin" / "pip", "--version") == venv.stock


def test_upgrading_pip_upgrades_only_the_stock_pip(tmp_path: Path, patched: Venvs) -> None:
    """After `pip install -U pip` the patched pip still runs; without it the new stock pip does."""
    venv = patched(THIS_PYTHON).copy(tmp_path / "venv")
    before = venv.stock
    run(venv.python, "-m", "pip", "install", "-U", "pip", env=online_env(), quiet=False)
    assert venv.stock != before
    assert venv.version() == venv.patched
    assert run(venv.root / "bin" / "pip", "--version") == venv.patched
    run(venv.root / "bin" / "pip", "uninstall", "-y", NAME)
    assert run(venv.root / "bin" / "pip", "--version") == venv.stock


def test_wheel_is_installed_again_by_its_own_pip(
    tmp_path: Path, patched: Venvs, wheel: Path
) -> None:
    """The pip that runs removes its own modules, and needs none of them after that."""
    venv = patched(THIS_PYTHON).copy(tmp_path / "venv")
    pip = (venv.python, "-m", "pip", "install", "--no-index", "--no-deps", "--force-reinstall")
    run(*pip, wheel)
    assert venv.version() == venv.patched


@pytest.mark.parametrize(
    ("version", "added"), [((3, 9), 0), ((3, 10), 1), ((3, 14), 1), ((3, 15), 0)]
)
def test_finder_is_installed_only_on_supported_python_versions(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], added: int
) -> None:
    """The finder is installed only where the vendored pip can be imported."""
    monkeypatch.setattr(sys, "version_info", version)
    assert _finders_after_imports(monkeypatch, 1) == added


def test_finder_is_installed_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second import of the module adds no second finder."""
    assert _finders_after_imports(monkeypatch, 2) == 1


def _finders_after_imports(monkeypatch: pytest.MonkeyPatch, imports: int) -> int:
    """Return how many finders the hook adds when it is run so many times."""
    _, execute = hook_of(monkeypatch)
    before = len(sys.meta_path)
    for _ in range(imports):
        execute()
    return len(sys.meta_path) - before


@each_python
def test_start_up_hook_is_fast_and_imports_nothing(patched: Venvs, python: str) -> None:
    """Importing the hook takes less than 0.3 ms and imports no other module."""
    code = (
        "import sys, time; name = '_pip_variants_override'; spent = []\n"
        "for _ in range(50):\n"
        "    sys.meta_path.remove(sys.modules.pop(name))\n"
        "    before = set(sys.modules); start = time.perf_counter()\n"
        "    __import__(name); spent.append(time.perf_counter() - start)\n"
        "print(min(spent) < 0.0003, set(sys.modules) - before - {name})\n"
    )
    assert patched(python).run("-c", code) == "True set()\n"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of a wheel with one empty module, tiny.py."""
    path = tmp_path_factory.mktemp("tiny") / "tiny-1.0-py3-none-any.whl"
    info = "tiny-1.0.dist-info"
    files = {
        "tiny.py": "",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def _bundled_pip(python: str) -> Path:
    """Return the pip wheel that comes with this Python."""
    base = interpreter(python)
    assert base is not None
    code = "import ensurepip; print(ensurepip.__path__[0])"
    return next(Path(run(base, "-c", code).strip(), "_bundled").glob("pip-*.whl"))


@pytest.fixture
def half(tmp_path: Path, patched: Venvs) -> Venv:
    """Return a venv of our own, in which a test replaces files."""
    return patched(THIS_PYTHON).copy(tmp_path / "venv", link=True)


Content = bytes | Callable[[Path], object] | None


def _replace(path: Path, content: Content) -> None:
    """Give a file this content, or remove it, without a change of the file that it is linked to."""
    path.unlink()
    if callable(content):
        content(path)
    elif content is not None:
        path.write_bytes(content)


def _make_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _make_huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


HOOK = "_pip_variants_override.py"
# What is in the place of the start-up hook after half an installation.
HALF_HOOKS: dict[str, bytes | None] = {
    "missing": None,
    "empty": b"",
    "first half": OVERRIDE.read_bytes()[:2500],
    "null characters": bytes(1000),
    "junk": b"\xff\xfe\x00junk",
    "syntax error": b"def (\n",
    "raises": b"1 / 0\n",
    "imports what is missing": b"import missing_module\n",
}


@pytest.mark.parametrize("content", HALF_HOOKS.values(), ids=HALF_HOOKS)
def test_interpreter_starts_silently_whatever_became_of_the_hook(
    half: Venv, content: bytes | None
) -> None:
    """No start of Python prints anything, and the stock pip runs (A25)."""
    _replace(half.site / HOOK, content)
    assert half.run("-c", "pass") == ""
    assert half.version() == half.stock


@pytest.mark.parametrize("is_file", [True, False])
def test_interpreter_starts_silently_with_another_hook_in_its_place(
    half: Venv, *, is_file: bool
) -> None:
    """A folder named as the hook, or as its module, is no hook."""
    _replace(half.site / HOOK, None)
    (half.site / (HOOK if is_file else HOOK.removesuffix(".py"))).mkdir()
    assert half.run("-c", "pass") == ""
    assert half.version() == half.stock


STAMPED = "pip/__main__.py"
# A file below `_vendor/`, and what became of it.
DAMAGED_FILES: dict[str, tuple[str, Content]] = {
    "stamp is missing": (STAMPED, None),
    "stamp is empty": (STAMPED, b""),
    "stamp of another build": (STAMPED, b"# build 0123456789abcdef\n"),
    "stamp of null characters": (STAMPED, bytes(900)),
    "stamp is a FIFO": (STAMPED, os.mkfifo),
    "stamp is a device": (STAMPED, _make_device),
    "stamp is huge": (STAMPED, _make_huge),
    "package is missing": ("pip/__init__.py", None),
    "package is huge": ("pip/__init__.py", _make_huge),
    "library is huge": ("pip/_vendor/rich/console.py", _make_huge),
    "command is a FIFO": ("pip/_internal/commands/check.py", os.mkfifo),
    "package is empty": ("pip/__init__.py", b""),
    "main module is empty": ("pip/_internal/cli/main.py", b""),
    "main module is missing": ("pip/_internal/cli/main.py", None),
    "facade of null characters": ("pip/_variants/__init__.py", bytes(900)),
    "library of junk": ("pip/_vendor/rich/console.py", b"\xff junk"),
    "command is empty": ("pip/_internal/commands/check.py", b""),
    "command is missing": ("pip/_internal/commands/check.py", None),
    "module of a command is empty": ("pip/_internal/operations/check.py", b""),
}


@pytest.mark.parametrize(("name", "content"), DAMAGED_FILES.values(), ids=DAMAGED_FILES)
def test_stock_pip_runs_for_a_damaged_one_and_names_the_repair(
    half: Venv, name: str, content: Content
) -> None:
    """Whatever the first command that needs the file is; one line says how to repair it (A24)."""
    _replace(half.site / "pip_variants" / "_vendor" / name, content)
    output = run(half.root / "bin" / "pip", "check", quiet=False)
    assert output == f"No broken requirements found.\n{REPAIR}\n"
    assert run(half.python, "-m", "pip", "check", quiet=False) == output


@pytest.mark.every_release
@pytest.mark.parametrize(
    ("name", "content"),
    [("_internal/operations/install/wheel.py", None), ("_safety/recovery.py", os.mkfifo)],
    ids=["missing", "FIFO"],
)
def test_damage_that_an_installation_finds_is_found_before_it_begins(
    half: Venv, tiny: Path, name: str, content: Content
) -> None:
    """Then the stock pip can still install everything."""
    _replace(half.site / "pip_variants" / "_vendor" / "pip" / name, content)
    output = run(half.python, "-m", "pip", "install", "--no-index", tiny, quiet=False)
    assert output.endswith(f"Successfully installed tiny-1.0\n{REPAIR}\n")


def test_damaged_record_does_not_keep_the_stock_pip_away(half: Venv) -> None:
    """What is there in its place is not waited for."""
    (record,) = half.site.glob("pep_xxx_wheel_variants-*.dist-info/RECORD")
    _replace(record, os.mkfifo)
    _replace(half.site / "pip_variants/_vendor/pip/_internal/cli/main.py", None)
    assert run(half.python, "-m", "pip", "--version", quiet=False) == f"{half.stock}{REPAIR}\n"


REMOVED = (
    "WARNING: Removed what an interrupted installation of pep-xxx-wheel-variants had left in"
    " place of its modules.\n"
)


@pytest.mark.parametrize("module", ["pip/_internal/cli/main", "pip/_internal/operations/check"])
def test_modules_of_another_release_are_removed(half: Venv, module: str) -> None:
    """An upgrade was killed, and this release installed again: a folder hides a module."""
    folder = half.site / "pip_variants" / "_vendor" / module
    folder.mkdir()
    (folder / "__init__.py").write_text("raise ImportError\n")
    (folder / "part.py").touch()
    output = f"No broken requirements found.\n{REMOVED}"
    assert run(half.python, "-m", "pip", "check", quiet=False) == output
    assert half.version() == half.patched
    assert not [*folder.glob("*.py")]


def test_bytecode_that_cannot_be_loaded_is_removed(half: Venv) -> None:
    """It is compiled again from its source."""
    cache = half.site / "pip_variants/_vendor/pip/_internal/cli/__pycache__"
    (path,) = cache.glob("main.*.pyc")
    _replace(path, os.mkfifo)
    (path,) = cache.glob("req_command.*.pyc")
    _replace(path, path.read_bytes()[:500])
    output = f"No broken requirements found.\n{REMOVED}"
    assert run(half.python, "-m", "pip", "check", quiet=False) == output
    assert half.version() == half.patched


def test_program_without_arguments_of_its_own_imports_pip(patched: Venvs) -> None:
    """An application that embeds Python may have no sys.argv, or anything in it."""
    code = (
        "import sys\n"
        "for argv in ([], [None], ['a\\0b'], [b'pip'], None, {}, ['-m']):\n"
        "    sys.argv, sys.orig_argv = argv, None\n"
        "    import pip\n"
        "    del sys.modules['pip']\n"
        "    try: import variantlib\n"
        "    except ModuleNotFoundError: print('none')\n"
        "del sys.argv, sys.orig_argv\n"
        "import pip; print(pip.__version__)\n"
    )
    venv = patched(THIS_PYTHON)
    assert venv.run("-c", code) == "none\n" * 7 + f"{venv.release.pip_version}\n"


def test_program_that_imports_pip_is_not_told_of_the_repair(half: Venv) -> None:
    """Its output is its own; it gets the stock pip."""
    _replace(half.site / "pip_variants" / "_vendor" / STAMPED, None)
    stock = half.site / "pip" / "__init__.py"
    assert half.run("-c", "import pip; print(pip.__file__)") == f"{stock}\n"


def test_repair_makes_a_damaged_pip_whole(half: Venv, wheel: Path, patched: Venvs) -> None:
    """The command that the line names installs all of it again."""
    for name in ("_vendor/pip/__main__.py", "core/selection.py"):
        _replace(half.site / "pip_variants" / name, None)
    command = REPAIR.partition("repair it: python -m ")[2].split()
    assert command[-1] == NAME
    # The name as a path, because there is no index.
    run(half.python, "-m", *command[:-1], "--no-index", wheel, quiet=False)
    assert half.version() == half.patched
    site = patched(THIS_PYTHON).site
    names = {str(path.relative_to(site)) for path in site.rglob("*")}
    assert {str(path.relative_to(half.site)) for path in half.site.rglob("*")} == names


def test_exception_of_a_whole_pip_is_shown_as_ever(half: Venv) -> None:
    """An error that is no damage is not hidden by the stock pip."""
    code = (
        "import sys; sys.argv = ['pip', 'check']; import pip\n"
        "import pip._internal.commands.check as check\n"
        "check.create_package_set_from_installed = None\n"
        "from pip._internal.cli.main import main; sys.exit(main())\n"
    )
    output = run(half.python, "-c", code, status=2, quiet=False)
    assert "TypeError: 'NoneType' object is not callable" in output
    assert "repair" not in output
