"""Before pip fetches a file: the banner, what was passed over, and wheels that the user gave."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pip._internal.exceptions import UnsupportedWheel
from pip._internal.metadata import BaseDistribution
from pip._internal.models.link import Link
from pip._internal.req.req_install import InstallRequirement

from pip_variants.core.decision import SelectedVariant
from pip_variants.pip_adapter.compat import VERBOSE
from pip_variants.pip_adapter.distributions import attached_to, variant_of
from pip_variants.pip_adapter.links import choice_of, variant_link
from pip_variants.pip_adapter.prepare import announce, attach_variant
from pip_variants.pip_adapter.run_state import RunState
from tests.support.stand_in_wheel import write_wheel
from tests.unit.adapter.edge import (
    FAST_BANNER,
    GPU_JSON,
    NEW_NEEDS,
    NO_GPU,
    OLD_GPU,
    FakeFinder,
    FakeServer,
    Json,
    Machine,
    chosen,
    dump,
    link_to,
    logged,
    only,
    requirement,
    run_state,
    serving,
    torch_links,
    wheel_name,
    write_installed,
)

BANNER = ("INFO", FAST_BANNER)
NULL_BANNER = f"""
{" torch==2.8.0; variant_hash=null ".center(80, "#")}
{"#" * 80}
"""
PASSED_OVER = ("INFO", f"Passed over new of torch 2.8.0: {NEW_NEEDS}")
MISFIT = "torch-2.8.0-py3-none-any-new.whl does not fit this machine: "


def given(
    folder: Path, label: str | None, variant_json: Json | bytes | None = GPU_JSON
) -> InstallRequirement:
    """Return a wheel that the user gave as a file."""
    path = write_wheel(folder, wheel_name(label), variant_json=variant_json)
    return requirement(link=Link(path.as_uri()))


def prepared(
    state: RunState, req: InstallRequirement, dist: BaseDistribution
) -> tuple[SelectedVariant | None, bool]:
    """Attach the variant and return it, with whether the distribution is being installed."""
    attach_variant(state, req, dist)
    attached = attached_to(dist._dist)  # type: ignore[attr-defined]
    return attached.selected, attached.is_candidate


def test_banner_of_a_variant_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A file is prepared more than once, its METADATA first."""
    state = run_state()
    req = requirement(link=chosen(state, torch_links("slow", "fast")))
    for _ in range(2):
        announce(state, req, FakeFinder(serving()))
    assert logged(caplog) == [BANNER]


# Files and what is logged when the best of them is announced.
ANNOUNCED: dict[str, tuple[Machine, list[str | None], list[tuple[str, str]]]] = {
    "variant": ({"gpu": [("arch", ["2"])]}, ["fast", "new", None], [BANNER]),
    "null variant": (NO_GPU, ["null", None], [("INFO", NULL_BANNER)]),
    "null variant after others": (
        {"gpu": [("arch", ["2", "1"])]},
        ["null", "new"],
        [PASSED_OVER, ("INFO", NULL_BANNER)],
    ),
    "plain wheel after variants": (
        {"gpu": [("arch", ["2", "1"])]},
        ["new", None],
        [PASSED_OVER],
    ),
    "plain wheel alone": (NO_GPU, [None], []),
}


@pytest.mark.parametrize(("machine", "labels", "lines"), ANNOUNCED.values(), ids=ANNOUNCED)
def test_what_was_passed_over_is_logged_unless_a_real_variant_is_taken(
    caplog: pytest.LogCaptureFixture,
    machine: Machine,
    labels: list[str | None],
    lines: list[tuple[str, str]],
) -> None:
    """A null variant or a plain wheel may disappoint: the reasons come with it."""
    state = run_state(machine=machine)
    req = requirement(link=chosen(state, torch_links(*labels)))
    announce(state, req, FakeFinder(serving()))
    assert logged(caplog) == lines


# The value of --variant-banner, and what is logged.
STYLES: dict[str, list[tuple[str, str]]] = {
    "full": [BANNER],
    "short": [("INFO", "Variant: torch==2.8.0; variant_hash=fast")],
    "none": [],
}


@pytest.mark.parametrize(("style", "lines"), STYLES.items(), ids=STYLES)
def test_banner_has_the_requested_style(
    caplog: pytest.LogCaptureFixture, style: str, lines: list[tuple[str, str]]
) -> None:
    """The banner is whole, one line, or left out."""
    state = run_state()
    state.options.variant_banner = style
    req = requirement(link=chosen(state, torch_links("fast")))
    announce(state, req, FakeFinder(serving()))
    assert logged(caplog) == lines


def test_excluded_variants_are_logged_with_what_is_taken_in_their_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The user may have forgotten a variable of the environment."""
    state = run_state(requested=["torch=!fast"])
    req = requirement(link=chosen(state, torch_links("null", "fast")))
    announce(state, req, FakeFinder(serving()))
    line = "Passed over fast of torch 2.8.0: excluded by --variant"
    assert logged(caplog) == [("INFO", line), ("INFO", NULL_BANNER)]


def test_verbose_run_logs_the_table_with_what_was_passed_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With -v the table of `pip variants explain` follows, once."""
    state = run_state()
    req = requirement(link=chosen(state, torch_links("new", None)))
    numbers = []
    for _ in range(2):
        announce(state, req, FakeFinder(serving()))
        found = [record for record in caplog.records if record.levelno == VERBOSE]
        numbers.append(len(found))
    assert numbers == [1, 1]
    assert [record.name for record in found] == ["pip_variants.pip_adapter.display"]
    assert found[0].msg == "[present-rich] %s"
    assert vars(found[0])["rich"] is True


def test_quiet_run_makes_no_table(caplog: pytest.LogCaptureFixture) -> None:
    """Without -v only the line about wheels that were passed over is logged."""
    caplog.set_level(logging.INFO, logger="pip_variants")
    state = run_state()
    req = requirement(link=chosen(state, torch_links("new", None)))
    announce(state, req, FakeFinder(serving()))
    assert logged(caplog, VERBOSE) == [PASSED_OVER]


@pytest.mark.parametrize(
    "req",
    [requirement(), requirement(link=link_to(wheel_name(None)))],
    ids=["no link", "plain wheel that the user gave"],
)
def test_requirement_without_variant_is_announced_silently(
    caplog: pytest.LogCaptureFixture, req: InstallRequirement
) -> None:
    """There is nothing to log, to read or to attach."""
    server, state, link = serving(), run_state(), req.link
    announce(state, req, FakeFinder(server))
    assert logged(caplog, logging.DEBUG) == []
    assert server.requests == []
    assert req.link is link


def test_given_wheel_that_fits_is_judged_by_its_own_metadata(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """The banner is logged, and the link has the choice without a decision."""
    state, req = run_state(), given(tmp_path, "fast")
    announce(state, req, FakeFinder(FakeServer()))
    assert logged(caplog) == [BANNER]
    assert req.link is not None
    choice = choice_of(req.link)
    assert choice is not None
    assert (choice.project, choice.version, choice.decision) == ("torch", "2.8.0", None)
    assert choice.selected is not None
    assert choice.selected.variant.label == "fast"


def test_given_wheel_on_a_server_is_read_by_range_requests(tmp_path: Path) -> None:
    """One request fetches the end of the archive, which has its own metadata."""
    path = write_wheel(tmp_path, wheel_name("fast"), variant_json=GPU_JSON)
    (link,) = torch_links("fast")
    server = FakeServer({link.url: path.read_bytes()}, ranges=True)
    req = requirement(link=link)
    announce(run_state(), req, FakeFinder(server))
    assert req.link is not None
    assert choice_of(req.link) is not None
    assert [request.method for request in server.sent] == ["GET"]
    assert dict(server.sent[0].headers or {})["Range"] == "bytes=-131072"


def test_given_wheel_is_judged_when_it_has_arrived_if_it_cannot_be_read_before(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Without range requests nothing is announced; the banner comes with the whole wheel."""
    (link,) = torch_links("fast")
    state, req = run_state(), requirement(link=link)
    announce(state, req, FakeFinder(FakeServer({link.url: bytes(200_000)})))
    assert logged(caplog, logging.DEBUG) == []
    assert req.link is link
    dist = write_installed(tmp_path, only("fast"))
    assert prepared(state, req, dist) == (variant_of(dist), True)
    assert logged(caplog) == [BANNER]
    assert req.link == link
    choice = choice_of(variant_link(req.link))
    assert choice is not None
    assert choice.decision is None


UNUSABLE = f"{wheel_name('new')} has no usable variant metadata: "
UNSUPPORTED: dict[str, tuple[Json | bytes | None, str]] = {
    "does not fit": (GPU_JSON, f"{MISFIT}{NEW_NEEDS}"),
    "no variant.json": (
        None,
        f"{UNUSABLE}there is no variant.json in it",
    ),
    "another label": (
        dump(only("fast")),
        (
            f"{UNUSABLE}variant.json: variants:"
            " expected only the label new of the file name, found fast"
        ),
    ),
    "two labels": (
        dump(GPU_JSON),
        (
            f"{UNUSABLE}variant.json: variants:"
            " expected only the label new of the file name, found fast, slow, new"
        ),
    ),
    "invalid": (
        b"[]",
        f"{UNUSABLE}variant.json: expected an object, found a list",
    ),
}


@pytest.mark.parametrize(("variant_json", "error"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_given_wheel_that_cannot_be_used_is_refused_before_it_is_fetched(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, variant_json: Json | bytes | None, error: str
) -> None:
    """The error has the reason, nothing is logged beside it, and the link stays."""
    req = given(tmp_path, "new", variant_json)
    link = req.link
    with pytest.raises(UnsupportedWheel) as caught:
        announce(run_state(), req, FakeFinder(FakeServer()))
    assert str(caught.value) == error
    assert logged(caplog, logging.DEBUG) == []
    assert req.link is link


def test_misfit_that_a_constraint_names_is_an_error_in_the_log(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """There pip shows only that there is no matching file."""
    req = given(tmp_path, "new")
    req.user_supplied = False
    with pytest.raises(UnsupportedWheel):
        announce(run_state(), req, FakeFinder(FakeServer()))
    assert logged(caplog, logging.DEBUG) == [("ERROR", f"{MISFIT}{NEW_NEEDS}")]


# Label of the given wheel, the requested label, and whether the wheel is refused.
REQUESTS = {
    "same label": ("fast", "fast", False),
    "another label": ("fast", "slow", True),
    "null by label": ("null", "null", False),
    "a label in place of null": ("null", "fast", True),
}


@pytest.mark.parametrize(("label", "requested", "refused"), REQUESTS.values(), ids=REQUESTS)
def test_given_wheel_has_to_be_the_requested_variant(
    tmp_path: Path, label: str, requested: str, *, refused: bool
) -> None:
    """A request for the project also counts for a file of it, and is then used."""
    state, req = run_state(requested=[f"torch={requested}"]), given(tmp_path, label)
    if refused:
        with pytest.raises(UnsupportedWheel) as caught:
            announce(state, req, FakeFinder(FakeServer()))
        expected = f"{wheel_name(label)} is not the requested variant {requested} of torch"
        assert str(caught.value) == expected
    else:
        announce(state, req, FakeFinder(FakeServer()))
    assert list(state.requests.unused()) == []


def test_null_variant_of_any_label_is_the_requested_null_variant(tmp_path: Path) -> None:
    """A wheel without properties counts as `null`, whatever its label is."""
    document = {**GPU_JSON, "variants": {"base": {}}}
    req = given(tmp_path, "base", document)
    announce(run_state(requested=["torch=null"]), req, FakeFinder(FakeServer()))
    assert req.link is not None
    assert choice_of(req.link) is not None


def test_old_machine_takes_the_variant_that_it_supports(caplog: pytest.LogCaptureFixture) -> None:
    """The banner is that of the file which is taken, not of the best that exists."""
    state = run_state(machine=OLD_GPU)
    announce(
        state, requirement(link=chosen(state, torch_links("fast", "slow"))), FakeFinder(serving())
    )
    ((_, text),) = logged(caplog)
    assert " torch==2.8.0; variant_hash=slow " in text
