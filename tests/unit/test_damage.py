"""What the start-up hook finds wrong with an installed wheel, once something has failed."""

from __future__ import annotations

import base64
import errno
import hashlib
import importlib.util
import marshal
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from patches.common._variants import engine
from pip_variants.system import _damage
from tests.support.start_up_hook import hook_of

INFO = "pep_xxx_wheel_variants-1.0.dist-info"
CODE = b"x = 1\n"
MODULE, PACKAGE = "pip_variants/core/module.py", "pip_variants/__init__.py"
CACHED = f"pip_variants/core/__pycache__/module.{sys.implementation.cache_tag}.pyc"
HEADER = importlib.util.MAGIC_NUMBER + bytes(12)


def _record(*names: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(CODE).digest()).decode().rstrip("=")
    rows = [f"{name},sha256={digest},{len(CODE)}\n" for name in names]
    return "".join((*rows, f"{CACHED},,\n", f"{INFO}/RECORD,,\n", "../bin/x,sha256=y,1\n"))


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch, site: Path) -> ModuleType:
    """Return the start-up hook as if it were installed there, without a place in this process."""
    module, execute = hook_of(monkeypatch)
    execute()
    sys.meta_path.remove(module)
    monkeypatch.setattr(module, "__file__", str(site / "hook.py"))
    return module


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a folder with a whole wheel of two modules."""
    for name in (MODULE, PACKAGE):
        _write(tmp_path / name, CODE)
    _write(tmp_path / CACHED, HEADER + marshal.dumps(compile(CODE, "x", "exec")))
    _write(tmp_path / INFO / "RECORD", _record(MODULE, PACKAGE).encode())
    return tmp_path


def _write(path: Path, content: bytes = CODE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content)


@pytest.fixture
def strays(site: Path, hook: ModuleType) -> Callable[[], list[str] | None]:
    """Return a function that returns the strays there, sorted."""

    def find() -> list[str] | None:
        found = _damage.strays(str(site), hook._content)
        return found and sorted(Path(path).relative_to(site).as_posix() for path in found)

    return find


Strays = Callable[[], "list[str] | None"]


def test_whole_wheel_has_none(site: Path, strays: Strays) -> None:
    """Neither what systems and editors put beside modules, nor bytecode of other interpreters."""
    for name in (".DS_Store", "core/x.txt", "core/__pycache__/module.cpython-27.pyc"):
        _write(site / "pip_variants" / name)
    _write(site / CACHED.replace(".pyc", ".opt-1.pyc"), b"another version")
    (site / "pip_variants" / "empty").mkdir()
    assert strays() == []


STRAYS = (
    "pip_variants/core/module/__init__.py",
    "pip_variants/core/other.pyc",
    "pip_variants/core/module.abi3.so",
    CACHED.replace("module.", "other."),
)


def test_strays_are_modules_that_record_does_not_list_and_broken_bytecode(
    site: Path, strays: Strays
) -> None:
    """Files, links to folders, and what the interpreter cannot load."""
    for name in STRAYS:
        _write(site / name, HEADER + b"x")
    (site / "other").mkdir()
    link = site / "pip_variants" / "link"
    link.symlink_to(site / "other")
    assert strays() == sorted([*STRAYS, "pip_variants/link"])


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate((1 << 24) + 1)


KINDS: dict[str, Callable[[Path], object]] = {
    "FIFO": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "huge": _huge,
}
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@each_kind
def test_bytecode_that_is_never_read_to_its_end_is_a_stray(
    site: Path, strays: Strays, hook: ModuleType, kind: Callable[[Path], object]
) -> None:
    """The interpreter would wait for it, or read it all."""
    (site / CACHED).unlink()
    kind(site / CACHED)
    assert strays() == [CACHED]
    with pytest.raises(ImportError, match=r"module\.py is damaged"):
        hook._part("module", [str((site / MODULE).parent)])


@each_kind
@pytest.mark.parametrize("name", [MODULE, f"{INFO}/RECORD"])
def test_file_that_is_never_read_to_its_end_is_damage(
    site: Path, strays: Strays, name: str, kind: Callable[[Path], object]
) -> None:
    """None: the wheel is not whole."""
    (site / name).unlink()
    kind(site / name)
    assert strays() is None


@pytest.mark.parametrize(
    "record",
    ["", "x", "pip_variants,sha256=x,1\n", f"{MODULE},sha256=x,1\n", '"\n' * 70000],
    ids=["empty", "one field", "folder", "hash", "quotes"],
)
def test_record_that_does_not_fit_is_damage(site: Path, strays: Strays, record: str) -> None:
    """Whatever it has."""
    _write(site / INFO / "RECORD", record.encode())
    assert strays() is None


def test_two_records_or_none_are_damage(site: Path, strays: Strays) -> None:
    """An upgrade was interrupted."""
    other = site / INFO.replace("1.0", "2.0") / "RECORD"
    _write(other)
    assert strays() is None
    other.unlink()
    (site / INFO / "RECORD").unlink()
    assert strays() is None


def test_bytecode_that_may_not_be_read_is_no_stray() -> None:
    """The interpreter compiles the source in its place."""

    def content(path: str) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    assert _damage._can_load("x.pyc", content)


def test_module_that_can_be_read_is_found(site: Path, hook: ModuleType) -> None:
    """As Python finds it; a missing one, and a folder in place of bytecode, are no damage."""
    folder = [str((site / MODULE).parent)]
    assert hook._part("missing", folder) is None
    (site / CACHED).unlink()
    (site / CACHED).mkdir()
    spec = hook._part("module", folder)
    assert spec is not None
    assert spec.origin == str(site / MODULE)


@pytest.mark.parametrize("kind", [*KINDS.values(), Path.mkdir], ids=[*KINDS, "folder"])
def test_damaged_engine_is_an_import_error(
    monkeypatch: pytest.MonkeyPatch, site: Path, hook: ModuleType, kind: Callable[[Path], object]
) -> None:
    """And no error of a file, which would be about what the user does."""
    monkeypatch.delitem(sys.modules, "pip_variants")
    monkeypatch.setattr(
        engine, "__file__", str(site / "pip_variants/_vendor/pip/_variants/engine.py")
    )
    monkeypatch.setattr(sys, "meta_path", [hook, *sys.meta_path])
    (site / PACKAGE).unlink()
    kind(site / PACKAGE)
    with pytest.raises(ImportError):
        engine.find()
    assert "pip_variants" not in sys.modules
