"""Installed variants in the reports of pip, and whether they still fit this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from pip._internal.exceptions import InstallationError
from pip._internal.metadata import BaseDistribution, get_environment

from pip_variants.formats.reader import read
from pip_variants.pip_adapter import installed as adapter
from pip_variants.pip_adapter.installed import (
    add_column,
    check_uninstallation,
    inspect_entry,
    installed_variant,
    installed_variants,
    label_entry,
    print_misfits,
    show_lines,
)
from tests.unit.adapter.edge import (
    GPU_JSON,
    NEW_GPU,
    NEW_NEEDS,
    NO_GPU,
    OLD_GPU,
    Json,
    Machine,
    logged,
    only,
    run_state,
    write_installed,
)

TWO: Json = {**GPU_JSON, "variants": {"both": {"gpu": {"arch": ["9", "1"], "mem": ["big"]}}}}
UNTRUSTED = (
    "gpu: its provider (gpu-provider) is third-party code, which is not run"
    " without --trust-variant-provider gpu-provider"
)


def installed(folder: Path, label: str | None, name: str = "torch") -> BaseDistribution:
    """Return an installed distribution with this label (None: plain)."""
    return write_installed(folder, only(label) if label else None, name=name)


# Installed label, machine, why it does not fit (None: it fits), and whether that is certain. What
# is certain here is contradicted by the description of the machine.
FITS: dict[str, tuple[str, Machine | None, str | None, bool]] = {
    "fits": ("fast", NEW_GPU, None, True),
    "null variant fits": ("null", None, None, True),
    "does not fit": ("new", NEW_GPU, NEW_NEEDS, True),
    "another machine": (
        "fast",
        OLD_GPU,
        "fast needs gpu :: arch :: 2, this machine has 1",
        True,
    ),
    "machine without gpu": ("fast", NO_GPU, "gpu: 'box.toml' does not list it", True),
    "untrusted provider": ("fast", None, UNTRUSTED, False),
}


@pytest.mark.parametrize(("label", "machine", "reason", "certain"), FITS.values(), ids=FITS)
def test_installed_variant_has_the_reason_why_it_does_not_fit(
    tmp_path: Path, label: str, machine: Machine | None, reason: str | None, *, certain: bool
) -> None:
    """A misfit is certain only if the supported properties are known."""
    found = installed_variant(run_state(machine=machine), installed(tmp_path, label))
    assert found is not None
    assert (found.project, found.version) == ("torch", "2.8.0")
    assert found.selected.variant == read(only(label)).variants[0]
    assert (found.reason, found.is_certain) == (reason, certain)
    assert found.is_contradicted == (certain and reason is not None)


def test_plain_distribution_is_not_an_installed_variant(tmp_path: Path) -> None:
    """Nothing is queried for it."""
    assert installed_variant(run_state(), installed(tmp_path, None)) is None


def test_installed_variant_has_normalised_name_and_raw_version(tmp_path: Path) -> None:
    """The project is shown as `pip install` takes it, the version as it was published."""
    dist = write_installed(tmp_path, only("fast"), name="My_Torch", version="2.8.0.post1")
    found = installed_variant(run_state(), dist)
    assert found is not None
    assert (found.project, found.version) == ("my-torch", "2.8.0.post1")


class FakeEnvironment:
    """The environment of pip, with these distributions."""

    def __init__(self, dists: Iterable[BaseDistribution]) -> None:
        self._dists = list(dists)

    def iter_installed_distributions(self, *, local_only: bool) -> Iterator[BaseDistribution]:
        """Yield the distributions, also those that a virtual environment has of its base."""
        assert not local_only
        yield from self._dists


def test_variants_in_the_environment_come_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Plain distributions are left out."""
    dists = [
        installed(tmp_path, "fast", "zeta"),
        installed(tmp_path, None, "beta"),
        installed(tmp_path, "slow", "Alpha"),
    ]
    monkeypatch.setattr(adapter, "environment_of", lambda _: FakeEnvironment(dists))
    found = [
        (item.project, item.selected.variant.label) for item in installed_variants(run_state())
    ]
    assert found == [("alpha", "slow"), ("zeta", "fast")]


def test_unusable_variant_json_in_the_environment_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """A distribution that is none of the variants that are listed has a reason."""
    info = tmp_path / "odd-1.0.dist-info"
    (info / "variant.json").mkdir(parents=True)
    dists = [
        write_installed(tmp_path, None, name="odd", version="1.0"),
        write_installed(tmp_path, b"[]", name="other", version="2.0"),
    ]
    monkeypatch.setattr(adapter, "environment_of", lambda _: FakeEnvironment(dists))
    assert list(installed_variants(run_state())) == []
    start = "Ignoring the variant.json of the installed"
    assert logged(caplog) == [
        ("WARNING", f"{start} odd 1.0: Not a regular file"),
        ("WARNING", f"{start} other 2.0: expected an object, found a list"),
    ]


def test_pip_check_prints_certain_misfits_by_name(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """One line for each variant that does not fit; others are not mentioned."""
    dists = [
        installed(tmp_path, "new", "zeta"),
        installed(tmp_path, "fast", "beta"),
        installed(tmp_path, "new", "alpha"),
    ]
    assert print_misfits(run_state(), dists) is True
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        f"alpha 2.8.0 is the variant new, which does not fit: {NEW_NEEDS}",
        f"zeta 2.8.0 is the variant new, which does not fit: {NEW_NEEDS}",
    ]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("label", "machine"),
    [("fast", NEW_GPU), ("fast", None), (None, NEW_GPU)],
    ids=["fits", "unknown", "plain"],
)
def test_pip_check_prints_nothing_about_what_fits_or_is_unknown(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, label: str | None, machine: Machine | None
) -> None:
    """A variant whose provider is not trusted is no finding."""
    assert print_misfits(run_state(machine=machine), [installed(tmp_path, label)]) is False
    assert caplog.records == []
    assert logged(caplog) == []


def test_pip_list_gets_a_column_after_the_versions(tmp_path: Path) -> None:
    """The rows keep their order; a plain distribution has an empty cell."""
    dists = [installed(tmp_path, "fast", "a"), installed(tmp_path, None, "b")]
    rows, header = [["a", "1", "/x"], ["b", "2", "/y"]], ["Package", "Version", "Location"]
    add_column(dists, rows, header)
    assert header == ["Package", "Version", "Variant", "Location"]
    assert rows == [["a", "1", "fast", "/x"], ["b", "2", "", "/y"]]


# The metadata of an installed distribution, and what `list`, `inspect` and `show` add.
Entry = dict[str, object]
REPORTS: dict[str, tuple[Json | bytes | None, Entry, Entry, list[str]]] = {
    "variant": (
        TWO,
        {"variant": "both"},
        {
            "variant": {
                "label": "both",
                "properties": ["gpu :: arch :: 1", "gpu :: arch :: 9", "gpu :: mem :: big"],
            }
        },
        [
            "Variant: both",
            "Variant-properties: gpu :: arch :: 1, gpu :: arch :: 9, gpu :: mem :: big",
        ],
    ),
    "null variant": (
        only("null"),
        {"variant": "null"},
        {"variant": {"label": "null", "properties": []}},
        ["Variant: null", "Variant-properties: "],
    ),
    "plain": (None, {}, {}, []),
    "invalid": (b"{", {}, {}, []),
}


@pytest.mark.parametrize(
    ("variant_json", "listed", "inspected", "shown"), REPORTS.values(), ids=REPORTS
)
def test_reports_of_pip_name_label_and_sorted_properties(
    tmp_path: Path,
    variant_json: Json | bytes | None,
    listed: Entry,
    inspected: Entry,
    shown: list[str],
) -> None:
    """`list --format=json`, `inspect` and `show`; nothing about a plain distribution."""
    dist = write_installed(tmp_path, variant_json)
    assert label_entry(dist) == listed
    assert inspect_entry(dist) == inspected
    assert show_lines(dist) == shown


# The label of a requirement, the installed one (None: plain), and the error.
UNINSTALLED: dict[str, tuple[str, str | None, str | None]] = {
    "the installed one": ("torch#fast", "fast", None),
    "no label": ("torch", "fast", None),
    "null": ("torch#null", "null", None),
    "another": (
        "Torch#slow",
        "fast",
        (
            "Cannot uninstall torch#slow: the installed torch is the"
            " variant fast; torch without a label uninstalls it"
        ),
    ),
    "plain": (
        "torch#fast",
        None,
        (
            "Cannot uninstall torch#fast: the installed torch is not a"
            " variant; torch without a label uninstalls it"
        ),
    ),
    "not installed": ("numpy#fast", "fast", None),
}


@pytest.mark.parametrize(("text", "label", "error"), UNINSTALLED.values(), ids=UNINSTALLED)
def test_another_variant_than_the_named_one_is_not_uninstalled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, label: str | None, error: str | None
) -> None:
    """A label in a requirement has to be that of the installed variant."""
    installed(tmp_path, label)
    monkeypatch.setattr(
        adapter, "get_default_environment", lambda: get_environment([str(tmp_path)])
    )
    state = run_state()
    project = state.requests.take_from(text).lower()
    if error is None:
        check_uninstallation(state, [project])
        return
    with pytest.raises(InstallationError) as caught:
        check_uninstallation(state, [project])
    assert str(caught.value) == error
