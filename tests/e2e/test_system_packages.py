"""What the package manager of the system installed stays: pip does not uninstall it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.indexes import PURE_TAG
from tests.e2e.pips import Pip
from tests.support.stand_in import write_wheel
from tests.support.venvs import THIS_PYTHON, interpreter

# Runs pip on a system that has a scheme of its own, if the first argument is "apart".
SYSTEM = """\
import sys, sysconfig
kind, folder, *args = sys.argv[1:]
if kind == "apart":
    sysconfig._INSTALL_SCHEMES["deb_system"] = {"purelib": folder, "platlib": folder}
from pip._internal.cli.main import main
sys.exit(main(args))
"""


@pytest.mark.parametrize(("kind", "stays"), [("apart", True), ("alike", False)])
def test_uninstall_leaves_what_is_in_the_scheme_of_the_system(
    pip: Pip, tmp_path: Path, kind: str, *, stays: bool
) -> None:
    """Debian's rule for its own pip; where a system does not keep it apart, it is pip's."""
    folder = tmp_path / "dist-packages"
    wheel = write_wheel(tmp_path, f"demo-1.0-{PURE_TAG}.whl")
    pip.run("install", "--quiet", "--no-index", "--target", folder, wheel)
    vendor = pip.run_python("-c", "import pip; print(pip.__path__[0])").stdout.strip()
    python = interpreter(THIS_PYTHON)
    assert python is not None
    outside = Pip(python, pip.folder, pip.tag)
    path = os.pathsep.join((vendor.removesuffix("/pip"), str(folder)))
    command = ("-c", SYSTEM, kind, folder, "uninstall", "-y", "--break-system-packages", "demo")
    output = outside.run_python(*command, PYTHONPATH=path)
    assert ("Not uninstalling demo at " in output.stdout) is stays
    assert (folder / "demo-1.0.dist-info").exists() is stays
    assert (folder / "demo").exists() is stays
