"""A hash that pins another build than the selected one."""

from __future__ import annotations

import hashlib
import logging

import pytest
from pip._internal.exceptions import HashMismatch, HashMissing
from pip._internal.models.link import Link
from pip._internal.req.req_install import InstallRequirement

from pip_variants.pip_adapter.evaluator import decide_release
from pip_variants.pip_adapter.links import Choice, VariantLink
from pip_variants.pip_adapter.pinned_build import explain_hash
from pip_variants.pip_adapter.releases import LinkedRelease
from pip_variants.pip_adapter.run_state import RunState
from tests.unit.adapter.edge import (
    FakeFinder,
    FakeServer,
    logged,
    requirement,
    run_state,
    serving,
    torch_links,
    wheel_of,
)

LINKS = torch_links("fast", "slow", None)


def sha256(link: Link) -> str:
    """Return the hash of the wheel of a link."""
    return hashlib.sha256(wheel_of(link)).hexdigest()


def mismatch(*digests: str) -> HashMismatch:
    """Return the error of a wheel that has none of these hashes."""
    return HashMismatch({"sha256": list(digests)}, {})


def selected(server: FakeServer, state: RunState, *, hashed: bool = True) -> InstallRequirement:
    """Return a requirement with a hash, for which the best of the files was selected."""
    server.files |= {link.url: wheel_of(link) for link in LINKS}
    linked = LinkedRelease.of("torch", "2.8.0", LINKS, FakeFinder(server))
    decision = decide_release(state, linked)
    best = decision.ranked[0]
    choice = Choice("torch", "2.8.0", best.selected, decision)
    link = linked.links[best.index]
    found = requirement(link=VariantLink(link, link.label, choice))
    found.hash_options = {"sha256": ["0" * 64]} if hashed else {}
    return found


BUILDS = {
    "another variant": (LINKS[1], "another build of torch 2.8.0 than"),
    "the plain wheel": (LINKS[2], "it is a plain wheel, ranked after all variants"),
}


@pytest.mark.parametrize(("pinned", "text"), BUILDS.values(), ids=BUILDS)
def test_pinned_build_is_found_by_its_hash(
    caplog: pytest.LogCaptureFixture, pinned: Link, text: str
) -> None:
    """Small wheels of the version are compared; one line has the result."""
    server, state = serving(), run_state()
    explain_hash(state, selected(server, state), mismatch("0" * 64, sha256(pinned)))
    ((level, line),) = logged(caplog)
    assert level == "ERROR"
    assert text in line


def test_hash_of_no_build_is_left_to_pip(caplog: pytest.LogCaptureFixture) -> None:
    """Someone may have tampered with the file."""
    server, state = serving(), run_state()
    explain_hash(state, selected(server, state), mismatch("0" * 64))
    assert logged(caplog) == []


def test_wheels_that_cannot_be_fetched_are_only_possible(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The labels of all others are named."""
    server, state = serving(), run_state()
    req = selected(server, state)
    server.files.clear()
    explain_hash(state, req, mismatch(sha256(LINKS[1])))
    assert [level for level, _ in logged(caplog)] == ["ERROR"]
    assert "may be that of another build of torch 2.8.0: slow" in caplog.text


def test_other_errors_and_requirements_are_left_to_pip(caplog: pytest.LogCaptureFixture) -> None:
    """No hash is pinned, the error is another one, or the file is not chosen among several."""
    server, state = serving(), run_state()
    req = selected(server, state)
    explain_hash(state, req, HashMissing("0" * 64))
    explain_hash(state, selected(server, state, hashed=False), mismatch("0" * 64))
    explain_hash(state, requirement(link=LINKS[0]), mismatch("0" * 64))
    explain_hash(state, requirement(), mismatch("0" * 64))
    assert logged(caplog, logging.INFO) == []
