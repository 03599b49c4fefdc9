"""METADATA and direct_url.json that others wrote, on an index, in a wheel and in an environment."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.e2e.pips import Pip
from tests.support.stand_in import IndexServer, Listed, write_simple_index, write_wheel

DIRECT_URLS = {
    "a": "5",
    "b": '{"url": "file://another/x", "dir_info": {"editable": true}}',
    "c": '{"url": "https://u:pw@h/c", "vcs_info": {"vcs": "git", "commit_id": "0\\nFORGED"}}',
    "d": '{"url": "file:///d%0AFORGED", "dir_info": {"editable": true}}',
}
FROZEN = """\
a==1.0
b==1.0
c @ git+https://h/c@0\\nFORGED
# Editable install with no version control (d==1.0)
-e /d\\nFORGED
"""
WARNINGS = """\
WARNING: Error parsing direct_url.json for a: it is not a JSON object
WARNING: Error parsing direct_url.json for b: its URL is not valid
"""
METADATA = """\
Metadata-Version: 2.1
Name: {name}
Version: 1.0
Summary: a
 FORGED: b
Classifier: c
\tFORGED: d
Project-URL: e
 FORGED, https://h/
Content-Type: multipart/mixed; boundary=x

--x

FORGED
--x--
"""


@pytest.mark.every_release
def test_what_is_installed_prints_its_own_lines_and_no_password(pip: Pip, tmp_path: Path) -> None:
    """What is not valid in it is ignored, and stops no command."""
    site = tmp_path / "site"
    for name, text in DIRECT_URLS.items():
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(METADATA.format(name=name))
        (info / "direct_url.json").write_text(text)
        (info / "RECORD").write_text(f'"{name}/\nFORGED",,\n')
    frozen = pip.run("freeze", "--path", site)
    assert frozen.stdout == FROZEN
    assert sorted(set(frozen.stderr.splitlines())) == WARNINGS.splitlines()
    found = json.loads(pip.run("inspect", "--path", site).stdout)["installed"]
    assert {item["metadata"]["description"] for item in found} == {"--x\n\nFORGED\n--x--\n"}
    shown = pip.run("show", "--verbose", "--files", *DIRECT_URLS, PYTHONPATH=str(site)).stdout
    assert shown.count("FORGED") > 3 * len(DIRECT_URLS)
    for output in (frozen.stdout, shown, pip.run("list", "--verbose", "--path", site).stdout):
        assert not [line for line in output.splitlines() if line.strip().startswith("FORGED")]


@pytest.mark.every_release
def test_wheel_brings_nothing_that_its_installer_writes(pip: Pip, tmp_path: Path) -> None:
    """Neither a file nor a line of RECORD."""
    shipped = ("INSTALLER", "REQUESTED", "direct_url.json")
    files = {f"y-2.0.dist-info/{name}": b"5" for name in shipped}
    write_wheel(tmp_path, "y-2.0-py3-none-any.whl", files={"y.py": b"", **files})
    find = ("--no-index", "--find-links", tmp_path)
    pip.run("install", *find, "--no-compile", "--target", tmp_path / "site", "y")
    info = tmp_path / "site/y-2.0.dist-info"
    assert (info / "INSTALLER").read_text() == "pip\n"
    assert (info / "REQUESTED").read_text() == ""
    assert not (info / "direct_url.json").exists()
    record = (info / "RECORD").read_text().splitlines()
    recorded = [line.partition(",")[0] for line in record]
    assert [name for name in recorded if name in files] == [*files][:2]


@pytest.mark.every_release
def test_metadata_on_an_index_without_a_name_discards_its_wheel(
    pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """A byte order mark hides all fields."""
    root = tmp_path / "index"
    wheels = [write_wheel(root / "files", f"y-{n}.0-py3-none-any.whl") for n in (1, 2)]
    write_simple_index(root, {"y": [Listed(wheel, core_metadata=True) for wheel in wheels]})
    page = root / "simple/y/index.html"
    page.write_text(re.sub('core-metadata="[^"]*"', 'core-metadata="true"', page.read_text()))
    path = wheels[1].with_name(f"{wheels[1].name}.metadata")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    output = pip.dry_run(f"{server.url}simple/", "y")
    assert output.last_line == "Would install y-1.0"
    assert "expected 'y', but metadata has 'None'" in output.stdout
