"""Both resolvers of pip receive its own candidates in the order of their variants."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import cast

import pytest
from pip._internal.models.link import Link
from pip._internal.resolution.resolvelib.base import Candidate
from pip._internal.utils.hashes import Hashes
from pip._vendor.packaging.version import Version

from pip_variants.pip_adapter.candidates import (
    Info,
    LazyCandidate,
    RankedInfo,
    Thunk,
    best_candidate,
    is_concerned,
    rank_candidates,
    with_requested_label,
)
from pip_variants.pip_adapter.compat import DistributionNotFound
from pip_variants.pip_adapter.links import VariantLink, choice_of, variant_link
from pip_variants.pip_adapter.releases import split_by_state
from pip_variants.pip_adapter.run_state import RunState
from tests.unit.adapter.edge import (
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
    Machine,
    best_result,
    candidate,
    dump,
    link_to,
    list_json,
    logged,
    run_state,
    serving,
    torch_links,
    wheel_name,
)

ANY = Hashes({})
ALL = ("fast", "new", "null", "slow", None)
GET_JSON = f"GET {JSON_URL}"


class Factory:
    """The factory of candidates that pip has; ``made`` are the links that it received."""

    def __init__(self) -> None:
        self.made: list[Link] = []

    def make(self, link: Link, name: str, version: Version) -> Candidate | None:
        """Record the link; pip would prepare the file here and may reject it."""
        assert (name, str(version)) == ("torch", "2.8.0")
        self.made.append(link)
        return None

    def infos(self, links: Sequence[Link]) -> list[Info]:
        """Return links as pip hands candidates to the resolver."""
        version = Version("2.8.0")
        return [
            (version, partial(self.make, link=link, name="torch", version=version))
            for link in links
        ]


def ranked_links(
    links: Sequence[Link], state: RunState, server: FakeServer, hashes: Hashes = ANY
) -> list[Link]:
    """Return the links that pip would try, in order."""
    factory = Factory()
    for _, make in rank_candidates(state, factory.infos(links), FakeFinder(server), hashes):
        make()
    return factory.made


def labels_of(links: Sequence[Link]) -> list[str | None]:
    """Return the label of each link."""
    return [variant_link(link).label for link in links]


# For each machine the files that pip tries, best first.
ORDERS: dict[str, tuple[Machine | None, list[str | None]]] = {
    "new gpu": (NEW_GPU, ["fast", "slow", "null", None]),
    "old gpu": (OLD_GPU, ["slow", "null", None]),
    "described without gpu": (NO_GPU, ["null", None]),
    "untrusted provider": (None, ["null", None]),
}


@pytest.mark.parametrize(("machine", "labels"), ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("reverse", [False, True], ids=["listed", "reversed"])
def test_candidates_come_best_first_and_misfits_never(
    machine: Machine | None, labels: list[str | None], *, reverse: bool
) -> None:
    """Variants come in the order of the machine, then the null variant, then the plain wheel."""
    links = torch_links(*(reversed(ALL) if reverse else ALL))
    assert labels_of(ranked_links(links, run_state(machine=machine), serving())) == labels


def test_plain_project_yields_the_candidates_of_pip_itself() -> None:
    """Where no file is a variant pip's own infos are returned, not copies, and nothing is read."""
    infos = Factory().infos([*torch_links(None), link_to("torch-2.8.0.tar.gz")])
    server = serving()
    state = run_state()
    found: list[RankedInfo] = list(rank_candidates(state, infos, FakeFinder(server), ANY))
    assert len(found) == len(infos)
    assert all(ours is theirs for ours, theirs in zip(found, infos, strict=True))
    assert server.requests == []
    assert state.finder is None


def test_nothing_is_fetched_before_the_first_candidate_is_called() -> None:
    """The metadata is read when the resolver really tries the version, and then only once."""
    server, factory = serving(), Factory()
    state = run_state()
    infos = factory.infos(torch_links("fast", "slow"))
    found = list(rank_candidates(state, infos, FakeFinder(server), ANY))
    assert all(isinstance(make, LazyCandidate) for _, make in found)
    assert [str(version) for version, _ in found] == ["2.8.0", "2.8.0"]
    assert server.requests == []
    assert state.decisions.about("torch") == []
    found[1][1]()
    found[0][1]()
    assert server.requests == [GET_JSON]
    assert labels_of(factory.made) == ["slow", "fast"]


def test_candidates_without_fitting_file_are_none_and_make_nothing() -> None:
    """There are as many candidates as files; those beyond the last fitting file are None."""
    factory = Factory()
    infos = factory.infos(torch_links("new", "fast"))
    state = run_state(machine=OLD_GPU)
    found = list(rank_candidates(state, infos, FakeFinder(serving()), ANY))
    assert [make() for _, make in found] == [None, None]
    assert factory.made == []


def test_candidate_has_the_link_of_its_file_with_the_choice() -> None:
    """The same link, with the variant and the decision, reaches pip's own candidate."""
    links = torch_links("slow", "fast", None)
    fast, slow, plain = ranked_links(links, run_state(), serving())
    assert (fast, slow, plain) == (links[1], links[0], links[2])
    choices = [choice_of(link) for link in (fast, slow, plain)]
    found = [choice for choice in choices if choice is not None]
    assert [(item.project, item.version) for item in found] == [("torch", "2.8.0")] * 3
    variants = [item.selected.variant.label if item.selected else None for item in found]
    assert variants == ["fast", "slow", None]
    decisions = [item.decision for item in found]
    assert decisions[0] is not None
    assert decisions[0] is decisions[1] is decisions[2]


def test_requested_label_is_the_only_candidate_of_its_project() -> None:
    """Of a project with a requested label no other file is tried, not even an sdist."""
    links = [*torch_links(None, "fast", "slow"), link_to("torch-2.8.0.tar.gz")]
    requested = run_state(requested=["torch=slow"])
    assert labels_of(ranked_links(links, requested, serving())) == ["slow"]
    plain = [*torch_links(None), link_to("torch-2.8.0.tar.gz")]
    assert ranked_links(plain, run_state(requested=["torch=slow"]), serving()) == []


@pytest.mark.parametrize(
    ("hashes", "prefetch"),
    [(ANY, True), (Hashes({"sha256": ["0" * 64]}), False)],
    ids=["no hashes", "hashes required"],
)
def test_metadata_is_prefetched_only_without_required_hashes(
    hashes: Hashes, *, prefetch: bool
) -> None:
    """With hashes pip reads METADATA from the wheel itself."""
    infos = Factory().infos(torch_links("fast"))
    ((_, make),) = rank_candidates(run_state(), infos, FakeFinder(serving()), hashes)
    assert isinstance(make, LazyCandidate)
    assert make.prefetch is prefetch


SHA = {"sha256": "1" * 64}
STATES: dict[str, tuple[list[Link], Hashes | None, list[list[int]]]] = {
    "one": (torch_links("a"), None, [[0]]),
    "all alike": (torch_links("a", None, "b"), None, [[0, 1, 2]]),
    "yanked last": (
        [*torch_links("a", "b"), link_to(wheel_name("c"), yanked="")],
        None,
        [[0, 1], [2]],
    ),
    "yanked in between": (
        [link_to(wheel_name("a"), yanked="x"), *torch_links("b"), link_to("c.whl", yanked="x")],
        None,
        [[0], [1], [2]],
    ),
    "allowed hashes first": (
        [link_to(wheel_name("a"), hashes=SHA), *torch_links("b", "c")],
        Hashes({"sha256": ["1" * 64]}),
        [[0], [1, 2]],
    ),
    "hashes of no interest": (
        [link_to(wheel_name("a"), hashes=SHA), *torch_links("b", "c")],
        ANY,
        [[0, 1, 2]],
    ),
}


@pytest.mark.parametrize(("links", "hashes", "parts"), STATES.values(), ids=STATES)
def test_version_is_split_where_pip_ranks_files_last(
    links: list[Link], hashes: Hashes | None, parts: list[list[int]]
) -> None:
    """Yanked files and files with other hashes stay last, whatever variant they are."""
    assert list(split_by_state(links, hashes)) == parts


def test_better_variant_that_is_yanked_stays_after_the_others() -> None:
    """Each part of a version is ranked alone."""
    links = [*torch_links("slow", None), link_to(wheel_name("fast"), yanked="broken")]
    assert labels_of(ranked_links(links, run_state(), serving())) == ["slow", None, "fast"]


def test_variants_of_two_pages_are_ranked_each_by_its_own_metadata() -> None:
    """A label means nothing on another page, and a null variant comes after all real variants."""
    server, state = serving(), run_state(machine=OLD_GPU)
    server.files[OTHER_JSON_URL] = dump(
        {**GPU_JSON, "variants": {"fast": {"gpu": {"arch": ["1"]}}, "null": {}}}
    )
    list_json(state, OTHER_JSON_URL, OTHER_PAGE)
    here = torch_links("fast", "slow", "null", None)
    there = [
        link_to(wheel_name(label), page=OTHER_PAGE, host="other.example.org")
        for label in ("fast", "null", None)
    ]
    found = ranked_links([*here, *there], state, server)
    assert found == [here[1], there[0], here[2], there[1], here[3], there[2]]
    assert server.requests == [GET_JSON, f"GET {OTHER_JSON_URL}"]


CONCERNED: dict[str, tuple[tuple[str | None, ...], str, bool]] = {
    "a variant": ((None, "fast"), "", True),
    "plain files": ((None, None), "", False),
    "plain files, one label requested": ((None,), "torch=fast", True),
    "label of another project": ((None,), "numpy=fast", False),
}


@pytest.mark.parametrize(("labels", "option", "concerned"), CONCERNED.values(), ids=CONCERNED)
def test_project_is_concerned_if_it_has_variants_or_one_is_requested(
    labels: tuple[str | None, ...], option: str, *, concerned: bool
) -> None:
    """In either case the request for the project is no longer unused."""
    state = run_state(requested=[option] if option else [])
    links = [variant_link(link) for link in torch_links(*labels)]
    assert is_concerned(state, "torch", links) is concerned
    assert [item.project for item in state.requests.unused()] == (
        ["numpy"] if option.startswith("numpy") else []
    )


LOCAL = wheel_name(None, "2.8.0+cu128")
OUTRANKED = (
    "WARNING",
    (
        f"torch 2.8.0+cu128 from {PAGE} is newer than 2.8.0 in the order of versions:"
        " the variants fast and slow of torch 2.8.0 are passed over for it"
    ),
)
# The files, best first, what is requested, and whether it is logged that variants are passed over.
LOCALS: dict[str, tuple[list[Link], str, bool]] = {
    "before variants": ([link_to(LOCAL), *torch_links("fast", "slow", None)], "", True),
    "before another local version": (
        [
            link_to(wheel_name(None, "2.8.0+cu129")),
            link_to(LOCAL),
            *torch_links("fast", "slow", None),
        ],
        "",
        True,
    ),
    "before a plain wheel": ([link_to(LOCAL), *torch_links(None)], "", False),
    "before variants of another version": (
        [link_to(LOCAL), *torch_links("fast", version="2.7.0")],
        "",
        False,
    ),
    "alone": ([link_to(LOCAL)], "", False),
    "label requested": ([link_to(LOCAL), *torch_links("fast", "slow")], "torch=slow", False),
}


def taken_first(links: Sequence[Link], state: RunState) -> Link:
    """Return the link of the first candidate that pip makes; the links are best first."""
    files = [candidate(link) for link in links]
    infos = [(item.version, partial(make_link, link=item.link, name="torch")) for item in files]
    found = rank_candidates(state, cast("list[Info]", infos), FakeFinder(serving(), links), ANY)
    return cast("Link", next(link for _, make in found if (link := make()) is not None))


def make_link(link: Link, name: str) -> Link:
    """Return the link in place of a candidate."""
    assert name == "torch"
    return link


@pytest.mark.parametrize(("links", "option", "is_logged"), LOCALS.values(), ids=LOCALS)
def test_local_version_that_outranks_variants_is_a_warning(
    caplog: pytest.LogCaptureFixture, links: list[Link], option: str, *, is_logged: bool
) -> None:
    """Of the file that is taken, with either resolver (report B21)."""
    state = run_state(requested=[option] if option else [])
    expected = links[-1] if option else links[0]
    warning = (OUTRANKED[0], OUTRANKED[1].replace("+cu128", expected.filename[11:17]))
    assert taken_first(links, state) == expected
    assert logged(caplog, logging.WARNING) == [warning] * is_logged
    caplog.clear()
    own = run_state(requested=[option] if option else [])
    assert legacy(links[::-1], own, serving()) == expected
    assert logged(caplog, logging.WARNING) == [warning] * is_logged


def legacy(links: Sequence[Link], state: RunState, server: FakeServer) -> Link | None:
    """Return the link that the legacy resolver takes of candidates, worst first."""
    found = best_candidate(state, best_result(links), FakeFinder(server), None)
    return found.link if found is not None else None


# Files, worst first, what is requested, and the number of the file that is taken.
LEGACY: dict[str, tuple[Machine | None, list[Link], str, int | None]] = {
    "best variant": (NEW_GPU, torch_links(None, "fast", "slow", "null"), "", 1),
    "fitting variant": (OLD_GPU, torch_links(None, "fast", "slow", "null"), "", 2),
    "null before plain": (NO_GPU, torch_links(None, "null", "fast"), "", 1),
    "plain wheel at last": (NO_GPU, torch_links(None, "fast"), "", 0),
    "requested label": (NEW_GPU, torch_links(None, "fast", "slow"), "torch=slow", 2),
    "requested label does not fit": (OLD_GPU, torch_links(None, "fast"), "torch=fast", None),
    "nothing fits": (OLD_GPU, torch_links("fast", "new"), "", None),
    "no candidates": (NEW_GPU, [], "", None),
    "an older version": (
        OLD_GPU,
        [*torch_links(None, version="2.7.0"), *torch_links("fast")],
        "",
        0,
    ),
    "newer plain version": (
        NEW_GPU,
        [*torch_links("fast"), *torch_links(None, version="2.9.0")],
        "",
        1,
    ),
    "yanked last": (
        NEW_GPU,
        [link_to(wheel_name("fast"), yanked=""), *torch_links("slow")],
        "",
        1,
    ),
}


@pytest.mark.parametrize(("machine", "links", "option", "number"), LEGACY.values(), ids=LEGACY)
def test_legacy_resolver_takes_the_best_file_that_fits(
    machine: Machine | None, links: list[Link], option: str, number: int | None
) -> None:
    """One candidate is taken: the best file of the newest version of which any file fits."""
    state = run_state(machine=machine, requested=[option] if option else [])
    expected = None if number is None else links[number]
    assert legacy(links, state, serving()) == expected


def test_legacy_candidate_of_plain_project_is_the_one_of_pip_itself() -> None:
    """Of equal candidates that of pip is taken."""
    links = torch_links(None, None)
    found = best_result(links)
    assert best_candidate(run_state(), found, FakeFinder(serving()), None) is found.best_candidate
    assert legacy(links, run_state(), serving()) is links[1]


def test_legacy_candidate_has_name_version_and_choice() -> None:
    """The candidate equals pip's own for the same file, and its link has the choice."""
    (link,) = torch_links("fast")
    found = best_candidate(run_state(), best_result([link]), FakeFinder(serving()), None)
    assert found == candidate(link)
    assert found is not None
    assert isinstance(found.link, VariantLink)
    choice = found.link.choice
    assert choice is not None
    assert (choice.project, choice.version) == ("torch", "2.8.0")
    assert choice.selected is not None
    assert choice.selected.variant.label == "fast"
    assert choice.decision is not None


def test_legacy_resolver_logs_what_it_passed_over_on_its_way(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A version without fitting file is explained before an older one is taken."""
    links = [*torch_links(None, version="2.7.0"), *torch_links("new")]
    assert legacy(links, run_state(), serving()) == links[0]
    assert logged(caplog) == [("INFO", f"Passed over new of torch 2.8.0: {NEW_NEEDS}")]


# Labels of the files, the requested one, and the labels of the files that remain.
REQUESTED: dict[str, tuple[list[str | None], str, list[str | None]]] = {
    "nothing requested": ([None, "fast"], "", [None, "fast"]),
    "one label": ([None, "fast", "slow", "fast"], "torch=fast", ["fast", "fast"]),
    "name is normalised": ([None, "fast"], "Torch=fast", ["fast"]),
    "other project": ([None, "fast"], "numpy=fast", [None, "fast"]),
    "null by its name": ([None, "null", "x"], "torch=null", ["null"]),
    "null of any label": ([None, "x"], "torch=null", [None, "x"]),
    "no files": ([], "torch=fast", []),
    "excluded": ([None, "fast", "slow", "fast"], "torch=!fast", [None, "slow"]),
    "excluded null": (["null", "fast"], "torch=!null", ["fast"]),
    "all excluded, no files": ([], "torch=!fast", []),
}


@pytest.mark.parametrize(("labels", "option", "remaining"), REQUESTED.values(), ids=REQUESTED)
def test_index_versions_lists_files_with_the_requested_label(
    labels: list[str | None], option: str, remaining: list[str | None]
) -> None:
    """Only file names are compared; nothing is fetched."""
    state = run_state(requested=[option] if option else [])
    files = [candidate(link) for link in torch_links(*labels)]
    found = with_requested_label(state, "torch", files)
    assert labels_of([item.link for item in found]) == remaining
    assert state.finder is None
    assert [item.project for item in state.requests.unused()] == (
        ["numpy"] if option.startswith("numpy") else []
    )


MISSING = {
    "some variants": (
        [None, "fast", "slow", "fast"],
        "No wheel has the variant label new; available: fast and slow",
    ),
    "no variants": ([None], "No wheel has the variant label new; available: no variants"),
}


@pytest.mark.parametrize(("labels", "reason"), MISSING.values(), ids=MISSING)
def test_index_versions_fails_if_no_file_has_the_requested_label(
    labels: list[str | None], reason: str
) -> None:
    """The error names the project as it was typed, the label, and those that there are."""
    state = run_state(requested=["torch=new"])
    files = [candidate(link) for link in torch_links(*labels)]
    with pytest.raises(DistributionNotFound) as caught:
        with_requested_label(state, "Torch", files)
    assert str(caught.value) == f"No matching distribution found for Torch: {reason}"


def test_index_versions_fails_if_all_files_are_excluded() -> None:
    """The error names the excluded labels."""
    state = run_state(requested=["torch=!fast", "torch=!slow"])
    files = [candidate(link) for link in torch_links("fast", "slow")]
    with pytest.raises(DistributionNotFound) as caught:
        with_requested_label(state, "torch", files)
    reason = "fast and slow are excluded by --variant"
    assert str(caught.value) == f"No matching distribution found for torch: {reason}"


# Exclusions, and the labels of the candidates, best first.
EXCLUDED: dict[str, tuple[tuple[str, ...], list[str | None]]] = {
    "the best": (("fast",), ["slow", "null", None]),
    "two": (("fast", "slow"), ["null", None]),
    "null": (("null",), ["fast", "slow", None]),
    "all": (("fast", "slow", "null"), [None]),
    "one that does not fit": (("new",), ["fast", "slow", "null", None]),
}


@pytest.mark.parametrize(("excluded", "remaining"), EXCLUDED.values(), ids=EXCLUDED)
def test_excluded_variants_are_no_candidates(
    excluded: tuple[str, ...], remaining: list[str | None]
) -> None:
    """Both resolvers go on to the next one; a plain wheel has no label and stays."""
    options = [f"torch=!{label}" for label in excluded]
    links = torch_links(*ALL)
    ranked = ranked_links(links, run_state(requested=options), serving())
    assert labels_of(ranked) == remaining
    state = run_state(requested=options)
    best = best_candidate(state, best_result(links[::-1]), FakeFinder(serving()), ANY)
    assert best is not None
    assert labels_of([best.link]) == remaining[:1]


def test_candidate_of_thunk_is_returned_as_pip_made_it() -> None:
    """What pip makes of a file, or None if it rejects it, is handed back unchanged."""
    infos = Factory().infos(torch_links("fast"))
    rejected = rank_candidates(run_state(), infos, FakeFinder(serving()), ANY)
    assert [make() for _, make in rejected] == [None]
    made = cast("Candidate | None", object())
    thunk: Thunk = partial(lambda **_: made, **infos[0][1].keywords)
    accepted = rank_candidates(run_state(), [(infos[0][0], thunk)], FakeFinder(serving()), ANY)
    assert [make() is made for _, make in accepted] == [True]


def test_new_resolver_logs_nothing_for_candidates_that_fit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What is passed over is explained only where nothing fits, or with the chosen file."""
    ranked_links(torch_links(*ALL), run_state(), serving())
    assert logged(caplog, logging.DEBUG) == []
