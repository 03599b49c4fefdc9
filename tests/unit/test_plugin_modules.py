"""An endpoint may name what the trusted packages have installed, and nothing else."""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from pip_variants.providers.plugin_modules import is_module_of

TRUSTED = (
    "gpu/__init__.py",
    "gpu/plugin.py",
    "gpu/__main__.py",
    f"gpu/native{EXTENSION_SUFFIXES[0]}",
    "gpu/bare.pyc",
    "gpu/inner/__init__.py",
    "space/gpu/__init__.py",
    "single.py",
    "os.py",
    "json/gpu.py",
    "gpu/shadowed.py",
    "gpu/gone.py",
    "mixed/gpu.py",
    "../../bin/gpu",
    "/etc/passwd.py",
    "../outside.py",
)
"""What the RECORD of the trusted package lists."""
OTHERS = (
    "dep/__init__.py",
    "dep/plugin.py",
    "space/dep/__init__.py",
    "mixed/__init__.py",
    "gpu/added.py",
    f"gpu/shadowed{EXTENSION_SUFFIXES[0]}",
)
"""What other packages have installed beside it."""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a folder with a trusted package, and one that it depends on."""
    site = tmp_path / "a/site"
    for name, version, files in (("gpu-provider", "1.0", TRUSTED), ("dep", "2.0", OTHERS)):
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
        for file in files:
            if not file.startswith("/") and ".." not in file and "gone" not in file:
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                (site / file).touch()
    (site.parent / "outside.py").touch()
    return site


# Endpoints, and whether they are in the trusted package.
ENDPOINTS = {
    "gpu": True,
    "gpu:Plugin": True,
    "gpu.plugin:Plugin": True,
    "gpu.plugin:Plugin.inner": True,
    "gpu.native:Plugin": True,
    "gpu.bare": True,
    "gpu.inner": True,
    "single": True,
    "space.gpu": True,
    "antigravity:x": False,
    "os": False,
    "os.path:x": False,
    "json.gpu:x": False,
    "subprocess:Popen": False,
    "builtins:exec": False,
    "sys": False,
    "pip": False,
    "gpu.__init__:x": False,
    "gpu.__main__:x": False,
    "__main__": False,
    "gpu.missing": False,
    "gpu.gone": False,
    "gpu.added": False,
    "gpu.shadowed": False,
    "gpu_provider": False,
    "dep": False,
    "dep.plugin:Plugin": False,
    "space": False,
    "space.dep": False,
    "mixed.gpu": False,
    "outside": False,
    "gpu..plugin": False,
    "..outside:x": False,
    "": False,
}


@pytest.mark.parametrize(("endpoint", "expected"), ENDPOINTS.items(), ids=ENDPOINTS)
def test_endpoint_is_in_a_module_of_the_trusted_package(
    site: Path, endpoint: str, expected: bool
) -> None:
    """Neither the standard library, nor what it depends on, nor a file outside the folder."""
    assert is_module_of(site, ["gpu-provider"], endpoint) is expected


def test_each_trusted_package_counts(site: Path) -> None:
    """Metadata may ask for several, all of which the user trusts."""
    assert is_module_of(site, ["gpu-provider", "dep"], "dep.plugin:Plugin")
    assert is_module_of(site, ["gpu-provider", "dep"], "mixed.gpu")
    assert not is_module_of(site, [], "gpu")


@pytest.mark.parametrize("record", [None, b"", b"\xff\xfe", b'"gpu/__init__.py', b"gpu\0,,\n"])
def test_without_a_record_nothing_is_listed(site: Path, record: bytes | None) -> None:
    """A RECORD that is missing or cannot be read lists nothing."""
    path = site / "gpu_provider-1.0.dist-info/RECORD"
    path.unlink()
    if record is not None:
        path.write_bytes(record)
    assert not is_module_of(site, ["gpu-provider"], "gpu.plugin")
