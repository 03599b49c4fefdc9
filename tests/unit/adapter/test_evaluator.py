"""One decision for each release: what is read and queried for it, and what is logged about it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from pip._internal.models.link import Link

from pip_variants.core.decision import Decision
from pip_variants.core.properties import Property
from pip_variants.pip_adapter.evaluator import (
    UnreadVariantsError,
    decide,
    decide_release,
    log_passed_over,
    why_nothing_fits,
)
from pip_variants.pip_adapter.links import VariantLink
from pip_variants.pip_adapter.releases import LinkedRelease
from pip_variants.pip_adapter.run_state import RunState
from pip_variants.providers.result import ProviderResult
from pip_variants.providers.runner import Plugin, Progress
from tests.unit.adapter.edge import (
    ABI_JSON,
    GPU_JSON,
    JSON_URL,
    NEW_GPU,
    NEW_NEEDS,
    NO_GPU,
    OLD_GPU,
    OTHER_JSON_URL,
    OTHER_PAGE,
    PAGE,
    FakeFinder,
    FakeServer,
    link_to,
    list_json,
    logged,
    run_state,
    serving,
    torch_links,
    wheel_name,
    wheel_of,
    write_installed,
)

GET_JSON = f"GET {JSON_URL}"
OLDER_JSON_URL = JSON_URL.replace("2.8.0", "2.7.0")
OLD_NEEDS = "fast needs gpu :: arch :: 2, this machine has 1"


def release_of(
    links: Sequence[Link], server: FakeServer, version: str = "2.8.0", project: str = "torch"
) -> LinkedRelease:
    """Return these files of torch as one release."""
    return LinkedRelease.of(project, version, links, FakeFinder(server))


def labels_of(decision: Decision) -> list[str | None]:
    """Return the labels of the ranked files."""
    return [decision.release.files[item.index].label for item in decision.ranked]


def test_linked_release_has_a_parsed_link_for_each_file() -> None:
    """Files and links are in the same order; links that are parsed already stay the same."""
    first, second = torch_links("fast", None)
    parsed = VariantLink(second, None)
    found = release_of([first, parsed], serving())
    assert [type(link) for link in found.links] == [VariantLink, VariantLink]
    assert found.links[1] is parsed
    assert [file.label for file in found.release.files] == ["fast", None]
    assert (found.release.project, found.release.version) == ("torch", "2.8.0")


def test_release_with_the_same_files_is_decided_once() -> None:
    """The second decision is the first one, without another request."""
    server, state = serving(), run_state()
    first = decide_release(state, release_of(torch_links("fast", "slow"), server))
    second = decide_release(state, release_of(torch_links("fast", "slow"), server))
    assert second is first
    assert server.requests == [GET_JSON]
    assert state.decisions.about("torch") == [first]


def test_release_with_other_files_is_decided_anew_from_the_same_metadata() -> None:
    """Some of the files of a version are another question; its metadata is read once."""
    server, state = serving(), run_state()
    first = decide_release(state, release_of(torch_links("fast", "slow"), server))
    second = decide_release(state, release_of(torch_links("slow"), server))
    assert (labels_of(first), labels_of(second)) == (["fast", "slow"], ["slow"])
    assert server.requests == [GET_JSON]
    assert state.decisions.about("torch") == [first, second]


def test_provisional_decision_is_made_again_when_another_version_is_expected(
    tmp_path: Path,
) -> None:
    """A variant for a version of another project holds only until pip takes another version."""
    prepared = [write_installed(tmp_path, None, name="numpy", version="1.26.0")]
    server, state = serving(ABI_JSON), run_state(machine=None, prepared=prepared)
    links = torch_links("np2", "null")
    assert labels_of(decide_release(state, release_of(links, server))) == ["null"]
    state.together.assume({"numpy": "2.1.0"})
    assert labels_of(decide_release(state, release_of(links, server))) == ["np2", "null"]
    assert [labels_of(item) for item in state.decisions.about("torch")] == [
        ["null"],
        ["np2", "null"],
    ]
    assert server.requests == [GET_JSON]


def test_decision_with_the_requested_label_records_it() -> None:
    """The label is part of the decision, and the request is no longer unused."""
    state = run_state(requested=["torch=slow"])
    decision = decide_release(state, release_of(torch_links("fast", "slow", None), serving()))
    assert (decision.requested, labels_of(decision)) == ("slow", ["slow"])
    assert list(state.requests.unused()) == []


@pytest.mark.parametrize("labels", [("fast",), (None,)], ids=["variant", "plain"])
def test_decision_takes_the_finder_and_its_session(labels: tuple[str | None, ...]) -> None:
    """Providers are installed from the indexes of the finder that found the release."""
    state = run_state()
    release = release_of(torch_links(*labels), serving())
    decide_release(state, release)
    assert state.finder is release.finder
    assert state.transport is not None


# Files, the machine, what is requested, and all that is logged.
PASSED_OVER = "Passed over fast and new of torch 2.8.0: "
LOGGED: dict[str, tuple[list[str | None], list[str], list[tuple[str, str]]]] = {
    "something fits": (["fast", "slow"], [], []),
    "nothing fits": (["fast", "new"], [], [("INFO", PASSED_OVER + OLD_NEEDS)]),
    "a plain wheel fits": (["fast", None], [], []),
    "requested label does not fit": (
        ["fast", "slow"],
        ["torch=fast"],
        [("INFO", f"Variant fast of torch 2.8.0 does not fit: {OLD_NEEDS}")],
    ),
    "requested label does not exist": (
        ["fast", "slow", None],
        ["torch=new"],
        [
            (
                "INFO",
                "No wheel of torch 2.8.0 has the variant label new; available: slow and fast",
            )
        ],
    ),
}


@pytest.mark.parametrize(("labels", "requested", "lines"), LOGGED.values(), ids=LOGGED)
def test_only_a_release_of_which_nothing_fits_is_explained(
    caplog: pytest.LogCaptureFixture,
    labels: list[str | None],
    requested: list[str],
    lines: list[tuple[str, str]],
) -> None:
    """Where a file can be installed nothing is logged yet; else a table follows at -v."""
    state = run_state(machine=OLD_GPU, requested=requested)
    decide_release(state, release_of(torch_links(*labels), serving()))
    assert logged(caplog) == lines
    tables = [text for level, text in logged(caplog, logging.DEBUG) if level == "VERBOSE"]
    assert len(tables) == len(lines)


def test_reason_is_given_once_for_each_project(caplog: pytest.LogCaptureFixture) -> None:
    """However many versions of a project are passed over for it (trial 30)."""
    server, state = serving(), run_state(machine=OLD_GPU)
    server.files[OLDER_JSON_URL] = server.files[JSON_URL]
    list_json(state, OLDER_JSON_URL, PAGE)
    decide_release(state, release_of(torch_links("fast"), server))
    links = torch_links("fast", version="2.7.0")
    decide_release(state, release_of(links, server, "2.7.0"))
    assert logged(caplog) == [
        ("INFO", f"Passed over fast of torch 2.8.0: {OLD_NEEDS}"),
    ]


def test_wheels_passed_over_are_logged_once_for_all_callers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A second call logs nothing."""
    state = run_state()
    decision = decide_release(state, release_of(torch_links("new", "slow"), serving()))
    for _ in range(2):
        log_passed_over(state, decision)
    assert logged(caplog) == [("INFO", f"Passed over new of torch 2.8.0: {NEW_NEEDS}")]


JSON_NAME = "torch-2.8.0-variants.json"
NOT_FOUND = "the server responded with status 404"
BROKEN: dict[str, tuple[bytes | None, str]] = {
    "status": (None, NOT_FOUND),
    "not JSON": (b"x", "not JSON: Expecting value: line 1 column 1 (char 0)"),
    "invalid": (b'{"variants": 1}', "variants: expected an object, found a number"),
}


@pytest.mark.parametrize(("content", "reason"), BROKEN.values(), ids=BROKEN)
def test_wheels_describe_themselves_if_the_file_cannot_be_read(
    caplog: pytest.LogCaptureFixture, content: bytes | None, reason: str
) -> None:
    """One warning has the name of the file and the reason."""
    server = FakeServer({JSON_URL: content} if content is not None else {}, ranges=True)
    links = torch_links("fast", "slow", None)
    server.files |= {link.url: wheel_of(link) for link in links}
    assert labels_of(decide_release(run_state(), release_of(links, server))) == [
        *("fast", "slow", None)
    ]
    text = f"Reading the variant metadata of torch 2.8.0 from its wheels, not from {JSON_NAME}"
    assert logged(caplog) == [("WARNING", f"{text}: {reason}")]


@pytest.mark.parametrize(("content", "reason"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_is_an_error_each_time(
    caplog: pytest.LogCaptureFixture, content: bytes | None, reason: str
) -> None:
    """Neither the plain wheel nor another version is taken; nothing is fetched again."""
    server = FakeServer({JSON_URL: content} if content is not None else {})
    state, links = run_state(), torch_links("fast", "slow", None)
    release = release_of(links, server)
    for _ in range(2):
        with pytest.raises(UnreadVariantsError) as caught:
            decide_release(state, release)
        assert str(caught.value) == (
            "Cannot select a variant of torch 2.8.0, because the metadata of fast and slow cannot"
            f" be read: {JSON_NAME}: {reason}; {wheel_name('fast')}: cannot be read: {NOT_FOUND}."
            " To install without variants, use --no-variants."
        )
    assert logged(caplog) == []
    assert server.requests == [GET_JSON, *[f"GET {links[0].url}"] * 2]


UNREAD_REQUESTS: dict[str, tuple[list[str], bool]] = {
    "unread label": (["torch=fast"], True),
    "label that is read": (["torch=slow"], False),
    "null variant": (["torch=null"], False),
    "label that no wheel has": (["torch=new"], False),
}


@pytest.mark.parametrize(("requested", "fails"), UNREAD_REQUESTS.values(), ids=UNREAD_REQUESTS)
def test_unread_label_is_no_error_if_another_one_is_requested(
    requested: list[str], *, fails: bool
) -> None:
    """The user has excluded it."""
    server, links = FakeServer(ranges=True), torch_links("slow", "fast", "null")
    server.files[links[0].url] = wheel_of(links[0])
    server.statuses[links[1].url] = 503
    state = run_state(requested=requested, listed=None)
    if fails:
        with pytest.raises(UnreadVariantsError):
            decide_release(state, release_of(links, server))
    else:
        decision = decide_release(state, release_of(links, server))
        expected = requested[0].partition("=")[2]
        assert labels_of(decision) == ([] if expected == "new" else [expected])


def test_prefetched_decision_fails_only_when_it_is_needed() -> None:
    """What is decided ahead may never be needed."""
    state, release = run_state(), release_of(torch_links("fast"), FakeServer())
    assert [label for label, _ in decide(state, release).unread] == ["fast"]


def test_label_without_metadata_is_a_warning_and_the_others_are_judged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A label that neither the variants JSON nor its wheel describes costs only itself."""
    server, links = serving(), torch_links("fast", "odd")
    server.files[links[1].url] = wheel_of(links[1], None)
    server.ranges = True
    decision = decide_release(run_state(), release_of(links, server))
    assert labels_of(decision) == ["fast"]
    text = (
        f"Ignoring the variants labelled odd of torch 2.8.0: {wheel_name('odd')}: there is no"
        " variant.json in it"
    )
    assert logged(caplog) == [("WARNING", text)]


# Metadata without `default-priorities`, the machine, and what is selected and logged.
NO_PROVIDER = "gpu: the metadata names no provider for it"
UNORDERED: dict[str, tuple[dict[str, object], bool, list[str], list[tuple[str, str]]]] = {
    "platform file": ({}, True, ["fast", "slow"], []),
    "providers": ({"providers": GPU_JSON["providers"]}, True, ["fast", "slow"], []),
    "no provider at all": (
        {},
        False,
        [],
        [("INFO", f"Passed over fast and slow of torch 2.8.0: {NO_PROVIDER}")],
    ),
}


@pytest.mark.parametrize(("top", "described", "labels", "lines"), UNORDERED.values(), ids=UNORDERED)
def test_metadata_without_priorities_is_no_silent_fallback(
    caplog: pytest.LogCaptureFixture,
    top: dict[str, object],
    labels: list[str],
    lines: list[tuple[str, str]],
    *,
    described: bool,
) -> None:
    """Variants are selected as always, or one line says why not."""
    server = serving({**top, "variants": GPU_JSON["variants"]})
    state = run_state(machine=NEW_GPU if described else None)
    decision = decide_release(state, release_of(torch_links("slow", "fast"), server))
    assert (labels_of(decision), logged(caplog)) == (labels, lines)


def test_each_source_is_judged_by_its_own_metadata(caplog: pytest.LogCaptureFixture) -> None:
    """Of two pages one can be of a future revision; those of the other are not."""
    server, state = serving(), run_state(machine=OLD_GPU)
    server.files[OTHER_JSON_URL] = b'{"$schema": "https://example.org/v2.0.0.json"}'
    list_json(state, OTHER_JSON_URL, OTHER_PAGE)
    there = link_to(wheel_name("slow"), page=OTHER_PAGE, host="other.example.org")
    decision = decide_release(state, release_of([there, *torch_links("slow", None)], server))
    assert [item.index for item in decision.ranked] == [1, 2]
    assert [source.files for source in decision.sources] == [(0,), (1,)]
    assert [source.error is None for source in decision.sources] == [False, True]
    assert [level for level, _ in logged(caplog)] == ["WARNING"]


def test_providers_are_queried_once_for_releases_that_need_the_same() -> None:
    """Only the namespaces that wheels use are queried, with the properties of the metadata."""
    queries: list[tuple[Plugin, frozenset[Property]]] = []

    def run_plugin(plugin: Plugin, known: frozenset[Property], _: Progress) -> ProviderResult:
        queries.append((plugin, known))
        return ProviderResult()

    server = serving()
    state = run_state(machine=None, trusted=["gpu-provider"], run_plugin=run_plugin)
    state.quiet = True
    decide_release(state, release_of(torch_links("null", None), server))
    assert queries == []
    decide_release(state, release_of(torch_links("fast"), server))
    decide_release(state, release_of(torch_links("slow"), server))
    assert queries == [
        (
            Plugin(("gpu-provider",), "gpu_provider:Plugin", ("gpu-provider",)),
            frozenset(Property.parse(f"gpu :: arch :: {value}") for value in (1, 2, 3)),
        )
    ]


def reason(state: RunState, *releases: LinkedRelease) -> str | None:
    """Return why nothing of torch fits after these releases have been decided."""
    for release in releases:
        decide_release(state, release)
    return why_nothing_fits(state, "torch")


def test_reason_why_nothing_fits_is_that_of_the_first_version() -> None:
    """Pip tries the newest version first; its reason ends pip's error."""
    server, state = serving(), run_state(machine=OLD_GPU)
    newest = release_of(torch_links("fast"), server)
    server.files[OLDER_JSON_URL] = server.files[JSON_URL]
    list_json(state, OLDER_JSON_URL, PAGE)
    older = release_of(torch_links("new", version="2.7.0"), server, "2.7.0")
    assert reason(state, newest, older) == OLD_NEEDS


def test_reason_is_that_of_the_version_with_the_requested_label() -> None:
    """A newer version without the label says nothing about it."""
    server, state = serving(), run_state(machine=OLD_GPU, requested=["torch=new"])
    newest = release_of(torch_links("fast"), server)
    server.files[OLDER_JSON_URL] = server.files[JSON_URL]
    list_json(state, OLDER_JSON_URL, PAGE)
    older = release_of(torch_links("new", version="2.7.0"), server, "2.7.0")
    found = reason(state, newest, older)
    assert found is not None
    assert found.startswith("Variant new of torch 2.7.0 does not fit: ")


NO_REASONS: dict[str, tuple[list[str | None], list[str]]] = {
    "nothing decided": ([], []),
    "a file fits": (["fast", None], []),
}


@pytest.mark.parametrize(("labels", "requested"), NO_REASONS.values(), ids=NO_REASONS)
def test_there_is_no_reason_if_something_fits_or_nothing_was_decided(
    labels: list[str | None], requested: list[str]
) -> None:
    """Pip's own error needs no addition then."""
    state = run_state(requested=requested)
    releases = [release_of(torch_links(*labels), serving())] if labels else []
    assert reason(state, *releases) is None


def test_there_is_no_reason_for_another_project() -> None:
    """The reason is about the project that pip cannot find, not about the last one decided."""
    state = run_state(machine=NO_GPU)
    decide_release(state, release_of(torch_links("fast"), serving()))
    assert why_nothing_fits(state, "numpy") is None
    assert why_nothing_fits(state, "torch") is not None


def test_reason_for_a_requested_label_names_those_that_exist() -> None:
    """The user sees which labels there are."""
    state = run_state(requested=["torch=odd"])
    found = reason(state, release_of(torch_links("fast", "slow"), serving()))
    assert found == ("No wheel of torch 2.8.0 has the variant label odd; available: fast and slow")


def test_ignored_metadata_gives_no_reason_beyond_its_warning() -> None:
    """The warning has the reason already; the error of pip is as it was."""
    server = FakeServer({JSON_URL: b'{"$schema": "https://example.org/v2.0.0.json"}'})
    assert reason(run_state(), release_of(torch_links("fast"), server)) is None


def test_metadata_of_one_version_is_not_that_of_another() -> None:
    """A document is listed for one version; labels of another are read from their wheels."""
    server, state = serving(), run_state()
    links = torch_links("fast", version="2.9.0")
    with pytest.raises(UnreadVariantsError):
        decide_release(state, release_of(links, server, "2.9.0"))
    assert GET_JSON not in server.requests
    assert server.requests[0] == f"GET {links[0].url}"
