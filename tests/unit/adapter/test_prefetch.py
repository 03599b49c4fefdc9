"""METADATA is fetched beside the variant metadata where the next choice can be guessed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from pip._internal.models.link import Link

from pip_variants.core.decision import Decision
from pip_variants.pip_adapter.candidates import best_candidate
from pip_variants.pip_adapter.evaluator import decide_release
from pip_variants.pip_adapter.releases import LinkedRelease
from pip_variants.pip_adapter.run_state import RunState
from tests.unit.adapter.edge import (
    JSON_URL,
    OLD_GPU,
    PAGE,
    FakeFinder,
    FakeServer,
    best_result,
    link_to,
    list_json,
    run_state,
    serving,
    wheel_name,
)

SLOW_SERVER = 0.2
NEARBY_SERVER = 0.009


def links_of(version: str, *labels: str | None, core_metadata: bool = True) -> list[Link]:
    """Return the links of a version whose METADATA a page announces."""
    return [link_to(wheel_name(label, version), core_metadata=core_metadata) for label in labels]


def metadata_url(link: Link) -> str:
    """Return the URL of the METADATA of a wheel (PEP 658)."""
    return f"{link.url}.metadata"


def decide(
    state: RunState,
    server: FakeServer,
    version: str,
    links: Sequence[Link],
    *,
    seconds: float = SLOW_SERVER,
    prefetch: bool = True,
) -> Decision:
    """Decide about a version after the server has taken this long for the last one."""
    url = JSON_URL.replace("2.8.0", version)
    server.files[url] = server.files[JSON_URL]
    list_json(state, url, PAGE)
    for link in links:
        server.files[metadata_url(link)] = b"Name: torch\n"
    state.metadata.seconds = seconds
    linked = LinkedRelease.of("torch", version, links, FakeFinder(server))
    return decide_release(state, linked, prefetch=prefetch)


def test_first_decision_is_no_reason_to_guess() -> None:
    """Nothing is fetched that may not be needed."""
    server, state = serving(), run_state()
    decide(state, server, "2.8.0", links_of("2.8.0", "fast", "slow"))
    assert state.prefetched == {}
    assert server.requests == [f"GET {JSON_URL}"]


def test_same_labels_let_the_last_choice_be_fetched_in_the_background() -> None:
    """The response waits under its URL until pip requests it."""
    server, state = serving(), run_state()
    decide(state, server, "2.8.0", links_of("2.8.0", "fast", "slow"))
    links = links_of("2.7.0", "slow", "fast")
    decide(state, server, "2.7.0", links)
    assert list(state.prefetched) == [metadata_url(links[1])]
    response = state.prefetched.pop(metadata_url(links[1])).result()
    assert response is not None
    assert response.content == b"Name: torch\n"
    assert server.requests.count(f"GET {metadata_url(links[1])}") == 1


# What differs from the case above, so that nothing is prefetched.
NOT_STARTED: dict[str, tuple[tuple[str, ...], bool, float, bool]] = {
    "other labels": (("fast", "null"), True, SLOW_SERVER, True),
    "METADATA is not announced": (("fast", "slow"), False, SLOW_SERVER, True),
    "nearby server": (("fast", "slow"), True, NEARBY_SERVER, True),
    "pip does not read METADATA next": (("fast", "slow"), True, SLOW_SERVER, False),
}


@pytest.mark.parametrize(
    ("labels", "core_metadata", "seconds", "prefetch"), NOT_STARTED.values(), ids=NOT_STARTED
)
def test_nothing_is_prefetched_without_need_or_reason(
    labels: tuple[str, ...], seconds: float, *, core_metadata: bool, prefetch: bool
) -> None:
    """A thread takes longer than a request to a server nearby."""
    server, state = serving(), run_state()
    decide(state, server, "2.8.0", links_of("2.8.0", "fast", "slow"))
    links = links_of("2.7.0", *labels, core_metadata=core_metadata)
    decide(state, server, "2.7.0", links, seconds=seconds, prefetch=prefetch)
    assert state.prefetched == {}
    assert [request for request in server.requests if request.endswith(".metadata")] == []


def test_legacy_resolver_prefetches_nothing() -> None:
    """It fetches the whole wheel, never METADATA alone."""
    server, state = serving(), run_state()
    decide(state, server, "2.8.0", links_of("2.8.0", "fast", "slow"))
    links = links_of("2.7.0", "fast", "slow")
    older = JSON_URL.replace("2.8.0", "2.7.0")
    server.files[older] = server.files[JSON_URL]
    list_json(state, older, PAGE)
    state.metadata.seconds = SLOW_SERVER
    best_candidate(state, best_result(links), FakeFinder(server), None)
    assert state.prefetched == {}


def test_wrong_guess_is_dropped_and_is_the_last_one() -> None:
    """A wrong guess costs one request."""
    server, state = serving(), run_state()
    decide(state, server, "2.8.0", links_of("2.8.0", "fast", "slow"))
    older = JSON_URL.replace("2.8.0", "2.7.0")
    list_json(state, older, PAGE)
    wrong = links_of("2.7.0", "fast", "slow")
    document = server.files[JSON_URL].replace(b'{"arch": ["2"]}', b'{"arch": ["9"]}')
    server.files[JSON_URL], whole = document, server.files[JSON_URL]
    decision = decide(state, server, "2.7.0", wrong)
    assert [decision.release.files[item.index].label for item in decision.ranked] == ["slow"]
    assert state.prefetched == {}
    server.files[JSON_URL] = whole
    decide(state, server, "2.6.0", links_of("2.6.0", "fast", "slow"))
    decide(state, server, "2.5.0", links_of("2.5.0", "fast", "slow"))
    assert state.prefetched == {}
    prefetched = [request for request in server.requests if request.endswith(".metadata")]
    assert prefetched == [f"GET {metadata_url(wrong[0])}"]


def test_guess_is_wrong_if_nothing_fits() -> None:
    """A version without any fitting file drops what was fetched for it."""
    server, state = serving(), run_state(machine=OLD_GPU)
    decide(state, server, "2.8.0", links_of("2.8.0", "slow", "fast"))
    server.files[JSON_URL] = server.files[JSON_URL].replace(b'{"arch": ["1"]}', b'{"arch": ["9"]}')
    decision = decide(state, server, "2.7.0", links_of("2.7.0", "slow", "fast"))
    assert decision.ranked == ()
    assert state.prefetched == {}
    assert state.guesses.guess(frozenset()) is None


def test_failed_prefetch_gives_no_response_and_breaks_nothing() -> None:
    """Pip sends the request itself then, and reports what goes wrong."""
    server, state = serving(), run_state()
    decide(state, server, "2.8.0", links_of("2.8.0", "fast", "slow"))
    links = links_of("2.7.0", "fast", "slow")
    server.statuses[metadata_url(links[0])] = 503
    decision = decide(state, server, "2.7.0", links)
    assert len(decision.ranked) == 2
    assert state.prefetched.pop(metadata_url(links[0])).result() is None
