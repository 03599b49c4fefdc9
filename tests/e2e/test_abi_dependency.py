"""Variants for the version of another installed distribution."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.indexes import ABI_METADATA, PURE_TAG
from tests.e2e.pips import Pip
from tests.support.stand_in import write_wheel
from tests.support.venvs import THIS_PYTHON, Venv, once


@pytest.fixture
def pip_with_torch(shared: Path, pip: Pip, patched: Callable[[str], Venv]) -> Pip:
    """Return the pip of a shared venv with a plain torch 2.8.0; its folder has variants of ext."""

    def make(root: Path) -> None:
        wheel = write_wheel(root.with_name("plain-torch"), f"torch-2.8.0-{PURE_TAG}.whl")
        venv = patched(THIS_PYTHON).copy(root, link=True)
        Pip(venv.python, pip.folder, pip.tag).run("install", "--no-index", wheel)

    for name in ("null", "torch28"):
        wheel = f"ext-1.0-{PURE_TAG}-{name}.whl"
        write_wheel(pip.folder / "dist", wheel, variant_json=ABI_METADATA)
    venv = Venv(once(shared / "with-torch", make))
    return Pip(venv.python, pip.folder, pip.tag)


@pytest.mark.parametrize(
    ("options", "label"),
    [((), "torch28"), (("--target", "elsewhere"), "null"), (("--ignore-installed",), "null")],
    ids=["this environment", "target folder", "ignore installed"],
)
def test_installed_torch_counts_only_without_target_options(
    pip_with_torch: Pip, options: tuple[str, ...], label: str
) -> None:
    """An installed torch satisfies no ABI dependency with --target or --ignore-installed."""
    command = ("install", "--dry-run", "--no-index", "--find-links", "dist", *options, "ext")
    assert pip_with_torch.run(*command).last_line == f"Would install ext-1.0-{label}"


@pytest.mark.parametrize("other_options", [(), ("--enable-variant-provider", "other")])
@pytest.mark.parametrize("command", [("download", "--dest"), ("wheel", "--wheel-dir")])
def test_download_and_wheel_ignore_installed_abi(
    pip_with_torch: Pip, command: tuple[str, ...], other_options: tuple[str, ...]
) -> None:
    """`download` and `wheel` ignore what is installed, whatever other options there are."""
    pip_with_torch.run(*command, "out", "--no-index", "--find-links", "dist", *other_options, "ext")
    out = pip_with_torch.folder / "out"
    assert [path.name for path in out.iterdir()] == [f"ext-1.0-{PURE_TAG}-null.whl"]


def test_check_reports_a_pair_that_does_not_belong_together(own_pip: Pip) -> None:
    """`pip check` names the variant and the version that it does not fit beside."""
    for name in ("null", "torch28"):
        wheel = f"ext-1.0-{PURE_TAG}-{name}.whl"
        write_wheel(own_pip.folder / "dist", wheel, variant_json=ABI_METADATA)
    for version in ("2.8.0", "2.9.0"):
        write_wheel(own_pip.folder / "dist", f"torch-{version}-{PURE_TAG}.whl")
    install = ("install", "--no-index", "--find-links", "dist")
    output = own_pip.run(*install, "ext", "torch==2.8.0")
    assert output.last_line == "Successfully installed ext-1.0-torch28 torch-2.8.0"
    assert own_pip.run("check").last_line == "No broken requirements found."
    # What is frozen can be installed, although ext comes before its torch.
    frozen = own_pip.run("freeze", "--variants").stdout
    assert frozen == "ext==1.0#torch28\ntorch==2.8.0\n"
    (own_pip.folder / "frozen.txt").write_text(frozen)
    again = own_pip.run(*install, "--dry-run", "--ignore-installed", "-r", "frozen.txt")
    assert again.last_line == "Would install ext-1.0-torch28 torch-2.8.0"
    own_pip.run(*install, "torch==2.9.0")
    assert own_pip.run("check", status=1).stdout == (
        "ext 1.0 is the variant torch28, which does not fit: torch28 needs"
        " abi_dependency :: torch :: 2.8, this machine has 2.9.0\n"
    )
    # Named together, one of them gives way.
    output = own_pip.run(*install, "ext", "torch==2.9.0")
    assert output.last_line == "Successfully installed ext-1.0-null"
