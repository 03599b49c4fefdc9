"""When a file has arrived: its variant is attached to it, and must be the one that was chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
from pip._internal.exceptions import MetadataInconsistent, UnsupportedWheel
from pip._internal.metadata import BaseDistribution
from pip._internal.req.req_install import InstallRequirement

from pip_variants.core.decision import SelectedVariant
from pip_variants.pip_adapter.distributions import attached_to, variant_of
from pip_variants.pip_adapter.prepare import attach_variant, discarded_file, report_entry
from pip_variants.pip_adapter.run_state import RunState
from tests.unit.adapter.edge import (
    GPU_JSON,
    NEW_NEEDS,
    NO_GPU,
    Json,
    chosen,
    link_to,
    only,
    requirement,
    run_state,
    torch_links,
    wheel_name,
    write_installed,
)

UNUSABLE = f"{wheel_name('new')} has no usable variant metadata: "
MISFIT = "torch-2.8.0-py3-none-any-new.whl does not fit this machine: "


def prepared(
    state: RunState, req: InstallRequirement, dist: BaseDistribution
) -> tuple[SelectedVariant | None, bool]:
    """Attach the variant and return it, with whether the distribution is being installed."""
    attach_variant(state, req, dist)
    attached = attached_to(dist._dist)  # type: ignore[attr-defined]
    return attached.selected, attached.is_candidate


ARRIVED: dict[str, tuple[Json | bytes | None, str]] = {
    "no variant.json": (None, f"{UNUSABLE}there is no valid variant.json in it"),
    "invalid": (b"{", f"{UNUSABLE}there is no valid variant.json in it"),
    "not UTF-8": (b"\xff", f"{UNUSABLE}there is no valid variant.json in it"),
    "another label": (
        only("fast"),
        (
            f"{UNUSABLE}variant.json: variants:"
            " expected only the label new of the file name, found fast"
        ),
    ),
    "does not fit": (only("new"), f"{MISFIT}{NEW_NEEDS}"),
}


@pytest.mark.parametrize(("variant_json", "error"), ARRIVED.values(), ids=ARRIVED)
def test_given_wheel_that_has_arrived_is_refused_if_it_cannot_be_used(
    tmp_path: Path, variant_json: Json | bytes | None, error: str
) -> None:
    """A wheel that could not be read before is judged by what has arrived."""
    dist = write_installed(tmp_path, variant_json)
    req = requirement(link=link_to(wheel_name("new")))
    with pytest.raises(UnsupportedWheel) as caught:
        attach_variant(run_state(), req, dist)
    assert str(caught.value) == error


def test_variant_of_the_choice_is_attached_to_metadata_alone(tmp_path: Path) -> None:
    """METADATA that was fetched alone has no variant.json; the choice says what it is."""
    state, dist = run_state(), write_installed(tmp_path, None)
    link = chosen(state, torch_links("fast"))
    assert link.choice is not None
    assert prepared(state, requirement(link=link), dist) == (link.choice.selected, True)
    assert variant_of(dist) == link.choice.selected


def test_plain_file_of_a_variant_project_is_attached_as_plain(tmp_path: Path) -> None:
    """A plain wheel that was chosen among variants is being installed, and is no variant."""
    state, dist = run_state(machine=NO_GPU), write_installed(tmp_path, None)
    link = chosen(state, torch_links("fast", None))
    assert prepared(state, requirement(link=link), dist) == (None, True)


@pytest.mark.parametrize(
    "req",
    [requirement(), requirement(link=link_to(wheel_name(None)))],
    ids=["no link", "no choice"],
)
def test_nothing_is_attached_to_a_plain_file(tmp_path: Path, req: InstallRequirement) -> None:
    """A plain project is as pip has it."""
    dist = write_installed(tmp_path, None)
    assert prepared(run_state(), req, dist) == (None, False)


CONTRADICTIONS = {
    "other properties": (
        "fast",
        {**GPU_JSON, "variants": {"fast": {"gpu": {"arch": ["1"]}}}},
        "expected 'fast: gpu :: arch :: 2', but metadata has 'fast: gpu :: arch :: 1'",
    ),
    "other label": (
        "fast",
        only("slow"),
        "expected 'fast: gpu :: arch :: 2', but metadata has 'slow: gpu :: arch :: 1'",
    ),
    "null in its place": (
        "fast",
        {**GPU_JSON, "variants": {"fast": {}}},
        "expected 'fast: gpu :: arch :: 2', but metadata has 'fast: null'",
    ),
}


@pytest.mark.parametrize(
    ("label", "variant_json", "problem"), CONTRADICTIONS.values(), ids=CONTRADICTIONS
)
def test_wheel_that_contradicts_its_source_is_inconsistent(
    tmp_path: Path, label: str, variant_json: Json, problem: str
) -> None:
    """The error is one for which pip discards the file and tries the next."""
    state, dist = run_state(), write_installed(tmp_path, variant_json)
    req = requirement(link=chosen(state, torch_links(label)))
    with pytest.raises(MetadataInconsistent) as caught:
        attach_variant(state, req, dist)
    assert req.link is not None
    assert str(caught.value) == (
        f"Requested torch from {req.link.url} has inconsistent variant: {problem}"
    )


# What a wheel has, read in parts (True) or as a file, of the variant that was chosen for it.
WITHOUT_VARIANT: dict[str, Json | bytes | None] = {
    "missing": None,
    "no JSON": b"{",
    "not UTF-8": b"\xff",
    "two labels": GPU_JSON,
    "larger than 16 MiB": b" " * (16 * 1024 * 1024 + 1),
}


@pytest.mark.parametrize("is_file", [False, True], ids=["in parts", "file"])
@pytest.mark.parametrize("variant_json", WITHOUT_VARIANT.values(), ids=WITHOUT_VARIANT)
def test_wheel_of_an_index_without_valid_variant_json_is_inconsistent(
    tmp_path: Path, variant_json: Json | bytes | None, *, is_file: bool
) -> None:
    """Installed, it would be plain, and replaced at each upgrade; pip takes the next instead."""
    state, dist = run_state(), write_installed(tmp_path, variant_json)
    req = requirement(link=chosen(state, torch_links("fast")))
    assert req.link is not None
    if is_file:
        req.local_file_path = str(tmp_path / "torch.whl")
    else:
        state.wheels._read[req.link.url] = {"METADATA": b""}
    with pytest.raises(MetadataInconsistent) as caught:
        attach_variant(state, req, dist)
    assert str(caught.value) == (
        f"Requested torch from {req.link.url} has inconsistent variant: expected"
        " 'fast: gpu :: arch :: 2', but metadata has 'no valid variant.json'"
    )


def test_metadata_alone_does_not_contradict_its_source(tmp_path: Path) -> None:
    """Of a file beside the wheel (PEP 658) nothing follows about its content."""
    state, dist = run_state(), write_installed(tmp_path, None)
    req = requirement(link=chosen(state, torch_links("fast")))
    assert variant_of(attach_variant(state, req, dist)) is not None


def test_contradicting_file_is_discarded_once(caplog: pytest.LogCaptureFixture) -> None:
    """Pip looks for a set again without it; what the user gave, and other errors, are final."""
    state = run_state()
    req = requirement(link=chosen(state, torch_links("fast")))
    assert req.link is not None
    error = MetadataInconsistent(req, "variant", "a", "b")
    url = req.link.url.partition("#")[0]
    assert discarded_file(state, error) == url
    assert caplog.messages[-1] == f"Discarding {url}: {error}"
    assert discarded_file(state, MetadataInconsistent(req, "Name", "a", "b")) is None
    state.discarded = {url}
    assert discarded_file(state, error) is None
    given = requirement(link=torch_links("fast")[0])
    assert discarded_file(run_state(), MetadataInconsistent(given, "variant", "a", "b")) is None


def test_long_contradiction_is_shortened(tmp_path: Path) -> None:
    """A wheel can have thousands of properties; its error does not show them all."""
    values = [f"{i:04}" for i in range(1000)]
    state = run_state()
    dist = write_installed(tmp_path, {**GPU_JSON, "variants": {"fast": {"gpu": {"arch": values}}}})
    req = requirement(link=chosen(state, torch_links("fast")))
    with pytest.raises(MetadataInconsistent) as caught:
        attach_variant(state, req, dist)
    assert caught.value.m_val.startswith("fast: gpu :: arch :: 0000, gpu :: arch :: 0001")
    assert caught.value.m_val.endswith("...")
    assert len(caught.value.m_val) == 203


def test_wheel_that_agrees_with_its_source_is_accepted(tmp_path: Path) -> None:
    """Priorities and providers may differ, because they are not what the wheel is."""
    own = {**only("fast"), "default-priorities": {"namespace": ["gpu", "cpu"]}}
    state, dist = run_state(), write_installed(tmp_path, own)
    link = chosen(state, torch_links("fast"))
    assert link.choice is not None
    assert prepared(state, requirement(link=link), dist) == (link.choice.selected, True)


def test_cached_wheel_is_judged_by_its_original_file(tmp_path: Path) -> None:
    """A wheel of the cache may be installed in place of the file that was found."""
    state, dist = run_state(), write_installed(tmp_path, None)
    req = requirement(link=link_to(wheel_name(None)))
    req.cached_wheel_source_link = chosen(state, torch_links("fast"))
    selected, is_candidate = prepared(state, req, dist)
    assert selected is not None
    assert (selected.variant.label, is_candidate) == ("fast", True)
    assert report_entry(req) == FAST_ENTRY


FAST_ENTRY: dict[str, object] = {"variant": {"label": "fast", "properties": ["gpu :: arch :: 2"]}}
REPORTED: dict[str, tuple[str | None, dict[str, object]]] = {
    "variant": ("fast", FAST_ENTRY),
    "null variant": ("null", {"variant": {"label": "null", "properties": []}}),
    "plain wheel": (None, {}),
}


@pytest.mark.parametrize(("label", "entry"), REPORTED.values(), ids=REPORTED)
def test_report_names_the_variant_of_a_chosen_file(
    label: str | None, entry: dict[str, object]
) -> None:
    """`--report` gets label and properties of a variant, and nothing for a plain file."""
    link = chosen(run_state(), torch_links(label))
    assert report_entry(requirement(link=link)) == entry


def test_report_has_nothing_about_files_without_choice() -> None:
    """A requirement without a file, or with a plain one of the user, has no entry."""
    assert report_entry(requirement()) == {}
    assert report_entry(requirement(link=link_to(wheel_name(None)))) == {}
