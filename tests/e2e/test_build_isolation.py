"""Variants in the isolated environment in which pip builds a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.indexes import ALL_LABELS, CUDA_LABELS, torch_files, write_torch_release
from tests.e2e.pips import NEW_DRIVER, OLD_DRIVER, OLD_DRIVER_REASON, Machine, Pip, Variables
from tests.support.stand_in import IndexServer, write_simple_index

_BACKEND = """\
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    import pathlib
    import torch
    info = pathlib.Path(folder, "ext-1.0.dist-info")
    info.mkdir()
    version = "1.0+" + (torch.build_label or "plain")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\\nName: ext\\nVersion: {version}\\n")
    return info.name
"""


@pytest.fixture
def extension(pip: Pip) -> Path:
    """Return a project that needs torch to build; its version has the label that it found."""
    folder = pip.folder / "ext"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["torch"]\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (folder / "backend.py").write_text(_BACKEND)
    return folder


# Some releases apply PIP_CONSTRAINT to build dependencies, others only PIP_BUILD_CONSTRAINT.
BUILD_CONSTRAINT = Variables(
    PIP_CONSTRAINT="constraints.txt", PIP_BUILD_CONSTRAINT="constraints.txt"
)

# The machine, options and variables, and the variant of torch in the isolated environment.
BUILD_ENVIRONMENTS: dict[str, tuple[Machine, tuple[str, ...], Variables, str]] = {
    "new machine": (NEW_DRIVER, (), {}, "cu129"),
    "old machine": (OLD_DRIVER, (), {}, "00000000"),
    "requested by a variable": (NEW_DRIVER, (), {"PIP_VARIANT": "torch=cu126"}, "cu126"),
    "no variants": (NEW_DRIVER, ("--no-variants",), {}, "plain"),
    "no variants, by a variable": (NEW_DRIVER, (), {"PIP_NO_VARIANTS": "1"}, "plain"),
    "constraint": (NEW_DRIVER, (), BUILD_CONSTRAINT, "cu129"),
    "no variants, by pip.conf": (NEW_DRIVER, (), {"PIP_CONFIG_FILE": "pip.conf"}, "plain"),
    "option before variable": (NEW_DRIVER, ("--no-variants",), {"PIP_NO_VARIANTS": "0"}, "plain"),
}


@pytest.mark.parametrize("case", BUILD_ENVIRONMENTS)
def test_isolated_build_gets_the_requested_variant(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, extension: Path, case: str
) -> None:
    """An isolated build environment gets the variant that fits and that the user requested."""
    machine, options, extra, label = BUILD_ENVIRONMENTS[case]
    root = tmp_path / "index"
    files = torch_files(root / "files", tag, (None, *ALL_LABELS))
    if case == "constraint":
        files += torch_files(root / "files", tag, (None, *ALL_LABELS), version="2.9.0")
        (pip.folder / "constraints.txt").write_text("torch<2.9\n")
    (pip.folder / "pip.conf").write_text("[install]\nno-variants = true\n")
    write_simple_index(root, {"torch": files})
    output = pip.dry_run(f"{server.url}simple/", *options, str(extension), machine=machine, **extra)
    assert output.last_line == f"Would install ext-1.0+{label}"
    fetched = [name for name in server.requested(".whl") if "torch-2.8.0-" in name]
    suffix = "" if label == "plain" else f"-{label}"
    assert fetched == [f"/files/torch-2.8.0-{tag}{suffix}.whl"]


def test_unsupported_build_requirement_fails_with_reason(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, extension: Path
) -> None:
    """A build whose requirement has no variant for this machine fails with the reason."""
    write_torch_release(tmp_path / "index", tag, CUDA_LABELS)
    output = pip.dry_run(f"{server.url}simple/", str(extension), machine=OLD_DRIVER, status=1)
    assert OLD_DRIVER_REASON in output.stdout + output.stderr
