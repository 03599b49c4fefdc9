"""The bill of materials in the wheel, and the advisories that it answers."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import advisories as script
import build
import pytest

from hatch_build import find_release
from patches.bom import (
    JUSTIFICATIONS,
    Advisory,
    Component,
    bill_of_materials,
    components,
    open_advisories,
)

ROOT = Path(__file__).parents[1]
VENDOR_TXT = "requests==2.32.3\n    certifi==2025.1.31\nrich==14.0.0\n"
CERTIFI = {"name": "certifi", "version": "2026.1", "sha256": "ab" * 32, "unpack": "certifi/x"}
LICENCES = {"name": "pip", "version": "25.2", "sha256": "cd" * 32, "licenses": "src/"}
REQUESTS = Component("requests", "2.32.3")
BUG = Advisory("CVE-1", "requests", "<2.32.4", "a bug", patch="fix.patch")
EXPLAINED = Advisory(
    *("CVE-2", "Requests", "<3", "another bug"),
    explanation="no such code",
    justification="code_not_present",
)


def test_pinned_wheel_replaces_the_version_that_pip_vendors() -> None:
    """A wheel that only gives licences is not vendored."""
    assert components([CERTIFI, LICENCES], VENDOR_TXT) == [
        Component("certifi", "2026.1", "ab" * 32),
        REQUESTS,
        Component("rich", "14.0.0"),
    ]


@pytest.mark.parametrize(
    ("advisory", "patches", "is_open"),
    [
        pytest.param(BUG, ["fix.patch"], False, id="fixed"),
        pytest.param(BUG, ["other.patch"], True, id="patch not in the series"),
        pytest.param(Advisory("CVE-1", "requests", "<3", "a bug"), [], True, id="no answer"),
        pytest.param(EXPLAINED, [], False, id="explained"),
        pytest.param(replace(EXPLAINED, justification=""), [], True, id="no justification"),
        pytest.param(replace(EXPLAINED, justification="x"), [], True, id="unknown justification"),
        pytest.param(Advisory("CVE-1", "requests", "<2", "a bug"), [], False, id="not affected"),
        pytest.param(Advisory("CVE-1", "rich", "<99", "a bug"), [], False, id="another package"),
    ],
)
def test_advisory_is_open_without_patch_and_explanation(
    advisory: Advisory, patches: list[str], *, is_open: bool
) -> None:
    """An advisory about a vendored version needs a patch of the series or an explanation."""
    expected = [(REQUESTS, advisory)] if is_open else []
    assert open_advisories([REQUESTS], [advisory], patches) == expected


def test_bill_of_materials_names_versions_hashes_and_answers() -> None:
    """The document is CycloneDX, with one entry for each component and each answer."""
    found = components([CERTIFI], VENDOR_TXT)
    document = json.loads(bill_of_materials("1.0.0", found, [BUG, EXPLAINED]))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.5")
    assert [item["purl"] for item in document["components"]] == [
        "pkg:pypi/certifi@2026.1",
        "pkg:pypi/requests@2.32.3",
        "pkg:pypi/rich@14.0.0",
    ]
    assert document["components"][0]["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    assert document["vulnerabilities"] == [
        {
            "bom-ref": "CVE-1@pkg:pypi/requests@2.32.3",
            "id": "CVE-1",
            "description": "a bug",
            "analysis": {"state": "resolved", "detail": "fixed by fix.patch"},
            "affects": [{"ref": "pkg:pypi/requests@2.32.3"}],
        },
        {
            "bom-ref": "CVE-2@pkg:pypi/requests@2.32.3",
            "id": "CVE-2",
            "description": "another bug",
            "analysis": {
                "state": "not_affected",
                "justification": "code_not_present",
                "detail": "no such code",
            },
            "affects": [{"ref": "pkg:pypi/requests@2.32.3"}],
        },
    ]


def test_wheel_has_a_bill_of_materials_of_everything_vendored(wheel: Path, upstream: str) -> None:
    """Every distribution that pip lists, and every pinned wheel, is in it with its version."""
    release = find_release(ROOT, upstream)
    with zipfile.ZipFile(wheel) as archive:
        document = json.loads(archive.read("pip_variants/_vendor/bom.cdx.json"))
        listed = archive.read("pip_variants/_vendor/pip/_vendor/vendor.txt").decode()
        names = set(archive.namelist())
    found = {item["name"]: item for item in document["components"]}
    for line in listed.splitlines():
        name, version = line.strip().split("==")
        assert found[name]["version"] == version or "hashes" in found[name]
    for pin in release.config["vendor"]:
        if "unpack" in pin:
            assert found[pin["name"]]["version"] == pin["version"]
            assert found[pin["name"]]["hashes"][0]["content"] == pin["sha256"]
    assert document["metadata"]["component"]["version"] == release.wheel_version
    assert all(item["analysis"]["detail"] for item in document["vulnerabilities"])
    assert "pip_variants/_vendor/pip/_vendor/certifi/cacert.pem" in names


def test_every_advisory_in_the_repository_has_one_answer() -> None:
    """A patch that exists, or an explanation, and never both."""
    known = script.known_advisories()
    assert known
    patches = {path.name for path in (ROOT / "patches").glob("*/*.patch")}
    for advisory in known:
        assert bool(advisory.patch) != bool(advisory.explanation), advisory.id
        assert bool(advisory.patch) != (advisory.justification in JUSTIFICATIONS), advisory.id
        assert not advisory.patch or advisory.patch in patches


def test_script_lists_the_answers_of_a_release(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit status says whether one is missing."""
    monkeypatch.setattr(script, "vendor_list", lambda _: VENDOR_TXT)
    upstream = build.releases()[0]
    assert script.report(upstream) == 0
    assert "CVE-2024-47081, requests 2.32.3: fixed by netrc-host.patch\n" in capsys.readouterr().out
    monkeypatch.setattr(
        script, "known_advisories", lambda: [Advisory("CVE-9", "rich", ">=1", "a bug")]
    )
    assert script.report(upstream) == 1
    assert "CVE-9, rich 14.0.0: NOT ANSWERED: a bug\n" in capsys.readouterr().out
