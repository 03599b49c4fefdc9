"""When another variant of the same version replaces the installed one, as one table per rule."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pip._internal.exceptions import DistributionNotFound
from pip._internal.index.package_finder import BestCandidateResult
from pip._internal.metadata import BaseDistribution, get_environment
from pip._internal.models.link import Link
from pip._internal.utils.hashes import Hashes
from pip._vendor.packaging.specifiers import BaseSpecifier, SpecifierSet

from pip_variants.core.properties import ordered_features
from pip_variants.pip_adapter.installed import installed_variant
from pip_variants.pip_adapter.links import Choice, VariantLink
from pip_variants.pip_adapter.offers import offer
from pip_variants.pip_adapter.reinstall import (
    CandidateQuery,
    better_label,
    differs,
    is_replaced,
)
from pip_variants.pip_adapter.run_state import RunState
from pip_variants.providers.result import ProviderResult
from tests.unit.adapter.edge import (
    GPU_JSON,
    JSON_URL,
    NEW_GPU,
    NEW_NEEDS,
    NO_GPU,
    OLD_GPU,
    FakeFinder,
    FakeServer,
    Json,
    Machine,
    chosen,
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

ALL: tuple[str | None, ...] = (None, "null", "slow", "fast", "new")
"""The labels of the files of torch 2.8.0 on the index, as pip has them: worst first."""

KEEPING = (
    "INFO",
    (
        "Keeping the installed variant slow of torch 2.8.0;"
        " fast fits this machine better: pip install --upgrade torch"
    ),
)


def _misfit(label: str, reason: str) -> tuple[str, str]:
    text = f"The installed variant {label} of torch 2.8.0 does not fit this machine: {reason}"
    return "WARNING", text


MISFIT = _misfit("new", NEW_NEEDS)
UNTRUSTED = (
    "gpu: its provider (gpu-provider) is third-party code, which is not run"
    " without --trust-variant-provider gpu-provider"
)


def unconfirmed(label: str, reason: str) -> tuple[str, str]:
    """Return the line about an installed variant that this machine does not contradict."""
    text = (
        f"Keeping the installed variant {label} of torch 2.8.0, although this machine shows"
        f" nothing that supports it: {reason}; to replace it: pip install --upgrade torch"
    )
    return "INFO", text


def query_of(links: Sequence[Link], server: FakeServer | None = None) -> CandidateQuery:
    """Return a query that finds these files, worst first."""
    finder = FakeFinder(server or serving(), links)
    return CandidateQuery(finder, SpecifierSet(">=2"), Hashes({}))


def installed(folder: Path, label: str | None, document: Json = GPU_JSON) -> BaseDistribution:
    """Return an installed torch 2.8.0 with this label (None: plain)."""
    return write_installed(folder, only(label, document) if label else None)


def replaced(
    state: RunState,
    dist: BaseDistribution,
    links: Sequence[Link],
    *,
    named: bool = True,
    upgrade: bool = False,
) -> bool:
    """Return whether the distribution is replaced; without ``upgrade`` pip prefers it."""
    return is_replaced(state, dist, query_of(links), named=named, prefers_installed=not upgrade)


# The installed label, the requested one, and whether the installed one is replaced.
REQUESTED = {
    "installed already": ("slow", "slow", False),
    "another variant": ("slow", "fast", True),
    "variant in place of plain": (None, "fast", True),
    "null in place of plain": (None, "null", True),
    "null installed already": ("null", "null", False),
    "null in place of variant": ("slow", "null", True),
    "misfit that is requested": ("new", "new", False),
}


@pytest.mark.parametrize("upgrade", [False, True], ids=["install", "upgrade"])
@pytest.mark.parametrize("named", [False, True], ids=["dependency", "named"])
@pytest.mark.parametrize(("label", "requested", "expected"), REQUESTED.values(), ids=REQUESTED)
def test_installed_variant_is_replaced_unless_it_is_the_requested_one(
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    label: str | None,
    requested: str,
    *,
    expected: bool,
    named: bool,
    upgrade: bool,
) -> None:
    """Where a label is requested nothing else matters, and nothing is logged or fetched."""
    state = run_state(requested=[f"torch={requested}"])
    dist = installed(tmp_path, label)
    found = replaced(state, dist, torch_links(*ALL), named=named, upgrade=upgrade)
    assert found is expected
    assert logged(caplog, logging.DEBUG) == []
    assert list(state.requests.unused()) == []


# The installed label, the excluded one, and whether the installed one is replaced.
EXCLUDED = {
    "installed": ("fast", "fast", True),
    "another": ("fast", "slow", False),
    "null": ("null", "null", True),
    "plain": (None, "null", False),
}


@pytest.mark.parametrize("named", [False, True], ids=["dependency", "named"])
@pytest.mark.parametrize(("label", "excluded", "expected"), EXCLUDED.values(), ids=EXCLUDED)
def test_installed_variant_is_replaced_if_it_is_excluded(
    tmp_path: Path, label: str | None, excluded: str, *, expected: bool, named: bool
) -> None:
    """One that is not excluded is kept as always."""
    state = run_state(requested=[f"torch=!{excluded}"])
    dist = installed(tmp_path, label)
    assert replaced(state, dist, torch_links(*ALL), named=named) is expected


def test_null_variant_of_any_label_satisfies_a_request_for_null(tmp_path: Path) -> None:
    """A variant without properties is the null variant, whatever its label is."""
    dist = write_installed(tmp_path, {**GPU_JSON, "variants": {"base": {}}})
    assert replaced(run_state(requested=["torch=null"]), dist, []) is False


# Installed label, machine, named, upgrade; whether it is replaced, and what is logged.
Lines = list[tuple[str, str]]
RULES: dict[str, tuple[str | None, Machine | None, bool, bool, bool, Lines]] = {
    "misfit, named": ("new", NEW_GPU, True, False, True, [MISFIT]),
    "misfit, named, upgrade": ("new", NEW_GPU, True, True, True, [MISFIT]),
    "misfit of a dependency stays": ("new", NEW_GPU, False, False, False, []),
    "misfit of a dependency, upgrade": ("new", NEW_GPU, False, True, True, []),
    "untrusted, named": ("fast", None, True, False, False, [unconfirmed("fast", UNTRUSTED)]),
    "untrusted, dependency": ("fast", None, False, False, False, []),
    "untrusted, upgrade": ("fast", None, True, True, True, []),
    "described machine without GPU": (
        *("fast", NO_GPU, True, False, True),
        [_misfit("fast", "gpu: 'box.toml' does not list it")],
    ),
    "fits, named": ("fast", NEW_GPU, True, False, False, []),
    "fits, better exists, named": ("slow", NEW_GPU, True, False, False, [KEEPING]),
    "fits, better exists, dependency": ("slow", NEW_GPU, False, False, False, []),
    "upgrade to the better one": ("slow", NEW_GPU, True, True, True, []),
    "upgrade of a dependency": ("slow", NEW_GPU, False, True, True, []),
    "upgrade of the best": ("fast", NEW_GPU, True, True, False, []),
    "upgrade on the old machine": ("slow", OLD_GPU, True, True, False, []),
    "upgrade from null": ("null", OLD_GPU, True, True, True, []),
    "upgrade of null": ("null", NO_GPU, True, True, False, []),
    "upgrade from plain": (None, OLD_GPU, True, True, True, []),
    "upgrade from plain to null": (None, NO_GPU, True, True, True, []),
    "plain, named": (None, NEW_GPU, True, False, False, []),
    "plain, dependency": (None, NEW_GPU, False, False, False, []),
}


@pytest.mark.parametrize(
    ("label", "machine", "named", "upgrade", "expected", "lines"), RULES.values(), ids=RULES
)
def test_misfit_is_replaced_at_once_and_a_worse_variant_by_an_upgrade(
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    label: str | None,
    machine: Machine | None,
    *,
    named: bool,
    upgrade: bool,
    expected: bool,
    lines: Lines,
) -> None:
    """An installed variant that fits stays until it is upgraded."""
    state = run_state(machine=machine)
    dist = installed(tmp_path, label)
    found = replaced(state, dist, torch_links(*ALL), named=named, upgrade=upgrade)
    assert found is expected
    assert logged(caplog) == lines


# What a trusted plugin reports, and why the installed variant does not fit; None: it is replaced.
def _plugin(*values: str) -> ProviderResult:
    return ProviderResult(ordered_features([("arch", values)] if values else []))


SEEN: dict[str, tuple[ProviderResult, str | None]] = {
    "no such hardware": (_plugin(), "its provider detected nothing"),
    "another GPU": (_plugin("1"), None),
    "provider fails": (ProviderResult(failed=True), "its provider (gpu-provider) failed: x"),
}


@pytest.mark.parametrize("upgrade", [False, True], ids=["install", "upgrade"])
@pytest.mark.parametrize(("result", "reason"), SEEN.values(), ids=SEEN)
def test_variant_for_unseen_hardware_is_replaced_only_by_an_upgrade(
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    result: ProviderResult,
    reason: str | None,
    *,
    upgrade: bool,
) -> None:
    """A login node shows no GPU: what is installed there for other nodes stays."""
    state = run_state(
        machine=None, trusted=["gpu-provider"], run_plugin=lambda *_: replace(result, reason=reason)
    )
    dist = installed(tmp_path, "fast")
    found = replaced(state, dist, torch_links(*ALL), upgrade=upgrade)
    assert found is (reason is None or upgrade)
    if reason is not None and not upgrade:
        assert logged(caplog) == [unconfirmed("fast", f"gpu: {reason}")]


# Labels that the index has; whether an upgrade replaces an unconfirmed variant by one of them.
OFFERS: dict[str, tuple[list[Link], bool]] = {
    "null": (torch_links("null", "fast"), True),
    "plain": (torch_links(None, "fast"), True),
    "other variants that are unconfirmed": (torch_links("slow", "fast"), False),
    "only plain files": (torch_links(None), False),
    "newer version": ([*torch_links("null", "fast"), *torch_links(None, version="2.9.0")], True),
    "nothing": ([], False),
}


@pytest.mark.parametrize(("links", "expected"), OFFERS.values(), ids=OFFERS)
def test_upgrade_replaces_an_unconfirmed_variant_if_another_file_fits(
    tmp_path: Path, links: list[Link], *, expected: bool
) -> None:
    """Otherwise it stays a candidate: no older version takes its place."""
    dist = installed(tmp_path, "fast")
    assert replaced(run_state(machine=None), dist, links, upgrade=True) is expected


# The installed label, the machine, the files of the index, and what is better (None: nothing).
Offered = tuple[str, str | None] | None
OFFERED: dict[str, tuple[str, Machine | None, list[Link], Offered]] = {
    "better build": ("slow", NEW_GPU, torch_links(*ALL), ("2.8.0", "fast")),
    "best build": ("fast", NEW_GPU, torch_links(*ALL), None),
    "misfit": ("new", NEW_GPU, torch_links(*ALL), ("2.8.0", "fast")),
    "misfit, only plain": ("new", NEW_GPU, torch_links(None, "new"), ("2.8.0", None)),
    "misfit, nothing fits": ("new", NEW_GPU, torch_links("new"), None),
    "unconfirmed": ("fast", None, torch_links("null", "fast"), None),
    "unconfirmed, newer version": (
        *("fast", None),
        [*torch_links("null"), *torch_links(None, version="2.9.0")],
        ("2.9.0", None),
    ),
    "newer version": (
        *("fast", NEW_GPU),
        [*torch_links(*ALL), *torch_links(None, version="2.9.0")],
        ("2.9.0", None),
    ),
    "newer version without metadata": (
        *("slow", NEW_GPU),
        [*torch_links(*ALL), *torch_links("odd", version="2.9.0")],
        ("2.8.0", "fast"),
    ),
    "older version": ("fast", NEW_GPU, torch_links(None, version="2.7.0"), None),
    "only null": ("slow", NEW_GPU, torch_links("null"), None),
    "plain": ("slow", NEW_GPU, torch_links(None), None),
    "nothing": ("slow", NEW_GPU, [], None),
}


@pytest.mark.parametrize(("label", "machine", "links", "expected"), OFFERED.values(), ids=OFFERED)
def test_offer_is_what_an_upgrade_would_take(
    tmp_path: Path, label: str, machine: Machine | None, links: list[Link], expected: Offered
) -> None:
    """A newer version, or a better build; for what is only unconfirmed no build of its version."""
    state = run_state(machine=machine)
    found = installed_variant(state, installed(tmp_path, label))
    assert found is not None
    better = offer(state, found, FakeFinder(serving(), links))
    assert (None if better is None else (better.version, better.label)) == expected


def test_editable_installation_is_never_replaced(tmp_path: Path) -> None:
    """A checkout of the user is no variant, also where one is requested."""
    installed(tmp_path, "new")
    direct_url = {"url": "file:///src", "dir_info": {"editable": True}}
    (tmp_path / "torch-2.8.0.dist-info" / "direct_url.json").write_text(json.dumps(direct_url))
    dist = get_environment([str(tmp_path)]).get_distribution("torch")
    assert dist is not None
    assert dist.editable
    state = run_state(requested=["torch=fast"])
    assert replaced(state, dist, torch_links(*ALL), upgrade=True) is False


def test_misfit_is_a_warning_only_once(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """The resolver may look at a project more than once."""
    state, dist = run_state(), installed(tmp_path, "new")
    assert [replaced(state, dist, []) for _ in range(2)] == [True, True]
    assert logged(caplog) == [MISFIT]


def test_misfit_is_found_without_a_request_to_the_index(tmp_path: Path) -> None:
    """The installed metadata alone decides."""
    server = serving()
    query = query_of(torch_links(*ALL), server)
    state, dist = run_state(), installed(tmp_path, "new")
    assert is_replaced(state, dist, query, named=True, prefers_installed=True) is True
    assert server.requests == []
    assert isinstance(query.finder, FakeFinder)
    assert query.finder.queries == []
    assert state.finder is query.finder


MIXED: dict[str, tuple[str | None, list[Link], str | None]] = {
    "best of all": ("slow", torch_links(*ALL), "fast"),
    "not better": ("fast", torch_links(*ALL), None),
    "from plain": (None, torch_links(*ALL), "fast"),
    "nothing found": ("slow", [], None),
    "only plain files": ("slow", torch_links(None), None),
    "only the plain wheel fits": ("slow", torch_links(None, "new"), None),
    "newer version": ("slow", [*torch_links(*ALL), *torch_links(None, version="2.9.0")], None),
    "older version is of no interest": (
        "slow",
        [*torch_links("slow", version="2.7.0"), *torch_links("fast")],
        "fast",
    ),
    "better one is yanked": (
        "slow",
        [link_to(wheel_name("fast"), yanked="broken"), *torch_links("slow")],
        None,
    ),
    "label without metadata": ("slow", torch_links("odd", "fast"), None),
}


@pytest.mark.parametrize(("label", "links", "better"), MIXED.values(), ids=MIXED)
def test_better_label_is_that_of_the_best_variant_of_the_installed_version(
    tmp_path: Path, label: str | None, links: list[Link], better: str | None
) -> None:
    """There is none if it is not better, if another version is newer, or metadata is missing."""
    state, dist = run_state(), installed(tmp_path, label)
    assert better_label(state, dist, query_of(links)) == better


def test_better_label_is_searched_among_what_pip_would_take(tmp_path: Path) -> None:
    """The specifier of the requirement is handed on with the normalised name."""
    query = query_of(torch_links(*ALL))
    better_label(run_state(), installed(tmp_path, "slow"), query)
    assert isinstance(query.finder, FakeFinder)
    assert query.finder.queries == [("torch", ">=2")]


def test_installed_variant_with_other_label_and_same_rank_is_not_replaced(tmp_path: Path) -> None:
    """Labels mean nothing across sources: what counts is the rank of the properties."""
    document = {**GPU_JSON, "variants": {"aaa": {"gpu": {"arch": ["2"]}}}}
    dist = installed(tmp_path, "aaa", document)
    assert better_label(run_state(), dist, query_of(torch_links(*ALL))) is None


def test_broken_metadata_replaces_nothing(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """In an upgrade the warning says why; the installed variant stays."""
    dist = installed(tmp_path, "slow")
    query = query_of(torch_links(*ALL), FakeServer({JSON_URL: b"[]"}))
    assert is_replaced(run_state(), dist, query, named=True, prefers_installed=False) is False
    assert logged(caplog) == [
        (
            "WARNING",
            (
                "Keeping the installed torch 2.8.0, because the metadata of fast, new and slow"
                " cannot be read: torch-2.8.0-variants.json: expected an object, found a list;"
                " torch-2.8.0-py3-none-any-fast.whl: cannot be read: the server responded with"
                " status 404"
            ),
        )
    ]


def test_broken_metadata_does_not_replace_an_unconfirmed_variant(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """An upgrade keeps it with a warning, as one that fits."""
    dist = installed(tmp_path, "slow")
    query = query_of(torch_links(*ALL), FakeServer({JSON_URL: b"[]"}))
    state = run_state(machine=None)
    assert is_replaced(state, dist, query, named=True, prefers_installed=False) is False
    ((level, text),) = logged(caplog)
    assert (level, text[:34]) == ("WARNING", "Keeping the installed torch 2.8.0,")


class FailingFinder(FakeFinder):
    """A finder that cannot find the project."""

    def find_best_candidate(
        self,
        project_name: str,
        specifier: BaseSpecifier | None = None,
        hashes: Hashes | None = None,
    ) -> BestCandidateResult:
        """Raise one of pip's errors."""
        super().find_best_candidate(project_name, specifier, hashes)
        raise DistributionNotFound("gone")


def test_hint_at_a_better_variant_is_left_out_after_any_failure(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """A hint must not break an installation that needs nothing."""
    dist = installed(tmp_path, "slow")
    query = CandidateQuery(FailingFinder(serving()), SpecifierSet(), Hashes({}))
    assert is_replaced(run_state(), dist, query, named=True, prefers_installed=True) is False
    assert logged(caplog, logging.DEBUG) == []


def test_upgrade_raises_the_error_that_a_hint_ignores(tmp_path: Path) -> None:
    """An upgrade depends on the index."""
    dist = installed(tmp_path, "slow")
    query = CandidateQuery(FailingFinder(serving()), SpecifierSet(), Hashes({}))
    with pytest.raises(DistributionNotFound):
        is_replaced(run_state(), dist, query, named=True, prefers_installed=False)


def test_quiet_run_searches_for_no_hint(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """With -q there is no request for a line that is not shown."""
    caplog.set_level(logging.WARNING, logger="pip_variants")
    query = query_of(torch_links(*ALL))
    dist = installed(tmp_path, "slow")
    assert is_replaced(run_state(), dist, query, named=True, prefers_installed=True) is False
    assert isinstance(query.finder, FakeFinder)
    assert query.finder.queries == []


# The variant of the file that pip takes, the installed one, and whether they differ.
DIFFERENT = {
    "same": ("fast", "fast", False),
    "another": ("fast", "slow", True),
    "variant in place of plain": ("fast", None, True),
    "plain in place of variant": (None, "fast", True),
    "both plain": (None, None, False),
    "null in place of plain": ("null", None, True),
    "both null": ("null", "null", False),
}


@pytest.mark.parametrize(("new", "old", "expected"), DIFFERENT.values(), ids=DIFFERENT)
def test_file_differs_from_the_installed_one_by_its_properties(
    tmp_path: Path, new: str | None, old: str | None, *, expected: bool
) -> None:
    """A file that was chosen replaces another variant of the same version."""
    req = requirement(link=chosen(run_state(), torch_links(new)))
    assert differs(installed(tmp_path, old), req) is expected


def test_file_with_other_label_and_same_properties_does_not_differ(tmp_path: Path) -> None:
    """Two sources may label the same variant differently."""
    document = {**GPU_JSON, "variants": {"aaa": {"gpu": {"arch": ["2"]}}}}
    req = requirement(link=chosen(run_state(), torch_links("fast")))
    assert differs(installed(tmp_path, "aaa", document), req) is False


def test_requirement_without_choice_differs_only_from_a_variant(tmp_path: Path) -> None:
    """A file of a plain project has no choice, and counts as plain."""
    plain, variant = installed(tmp_path / "1", None), installed(tmp_path / "2", "fast")
    for req in (requirement(), requirement(link=link_to(wheel_name(None)))):
        assert (differs(plain, req), differs(variant, req)) == (False, True)


def test_cached_wheel_differs_by_the_choice_of_its_original(tmp_path: Path) -> None:
    """Of a wheel from pip's cache the file that was chosen counts."""
    req = requirement(link=link_to(wheel_name(None)))
    req.cached_wheel_source_link = VariantLink(
        link_to("torch-2.8.0.tar.gz"), None, Choice("torch", "2.8.0")
    )
    assert differs(installed(tmp_path, "fast"), req) is True
