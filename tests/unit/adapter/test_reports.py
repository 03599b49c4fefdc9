"""What a command reports about variants when it ends or gives up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from pip._internal.metadata import get_environment

from pip_variants.core.properties import Label
from pip_variants.pip_adapter import reports
from pip_variants.pip_adapter.evaluator import decide_release
from pip_variants.pip_adapter.links import VariantLink
from pip_variants.pip_adapter.options import OptionValue
from pip_variants.pip_adapter.releases import LinkedRelease
from pip_variants.pip_adapter.reports import (
    error_suffix,
    log_different_builds,
    warn_of_unused_requests,
)
from pip_variants.pip_adapter.requests import LabelRequests
from tests.unit.adapter.edge import (
    OLD_GPU,
    FakeFinder,
    candidate,
    chosen,
    logged,
    only,
    requirement,
    run_state,
    serving,
    torch_links,
    write_installed,
)

BUILDS = (("torch", "fast"), ("vision", "slow"), ("audio", "slow"))

# The requests, the projects that pip looked for, and the warnings.
UNUSED: dict[str, tuple[list[OptionValue], list[str], list[str]]] = {
    "nothing requested": ([], [], []),
    "used": ([OptionValue("torch=fast")], ["torch"], []),
    "misspelt": (
        [OptionValue("Troch=fast")],
        ["torch"],
        [
            "--variant troch=fast had no effect: pip did not look for troch; did you mean torch?",
        ],
    ),
    "two of three": (
        [OptionValue("b=1"), OptionValue("a=2"), OptionValue("c=3")],
        ["a"],
        [
            "--variant b=1 had no effect: pip did not look for b",
            "--variant c=3 had no effect: pip did not look for c",
        ],
    ),
    "from the environment": ([OptionValue("torch=fast", is_default=True)], ["numpy"], []),
    "misspelt in the environment": (
        [OptionValue("torhc=!fast", is_default=True)],
        ["numpy", "torch"],
        ["--variant torhc=!fast had no effect: pip did not look for torhc; did you mean torch?"],
    ),
    "similar name in the environment": (
        [OptionValue("torchvision=fast", is_default=True)],
        ["torchaudio"],
        [],
    ),
}


@pytest.mark.parametrize(("values", "used", "texts"), UNUSED.values(), ids=UNUSED)
def test_requests_on_the_command_line_that_had_no_effect_are_warnings(
    caplog: pytest.LogCaptureFixture,
    values: list[OptionValue],
    used: list[str],
    texts: list[str],
) -> None:
    """A default for a project that is not installed is no mistake; a typed request may be one."""
    state = run_state()
    state.options.ignore_requires_python = False  # as `pip install` has it
    state.requests = LabelRequests(values)
    for project in used:
        state.requests.mark_used(project)
    for _ in range(2):
        warn_of_unused_requests(state)
    assert logged(caplog) == [("WARNING", text) for text in texts]


def test_names_in_a_report_are_those_of_what_is_installed(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A command without packages to find knows the projects and providers that are installed."""
    write_installed(tmp_path, only("fast"))
    write_installed(tmp_path, None, name="numpy")
    environment = get_environment([str(tmp_path)])
    monkeypatch.setattr(reports, "get_default_environment", lambda: environment)
    values = ["torch=fast", "numpy=!x", "torhc=fast", "other=fast"]
    state = run_state(requested=values)
    state.options.variant_provider_switches = [OptionValue("gpu"), OptionValue("gpuu")]
    state.options.trusted_variant_providers = [OptionValue("gpu-provider")]
    warn_of_unused_requests(state)
    assert [text for _, text in logged(caplog)] == [
        "--variant torhc=fast had no effect: torhc is not installed; did you mean torch?",
        "--variant other=fast had no effect: other is not installed",
        f"--enable-variant-provider gpuu had no effect: {NO_NAMESPACE}; did you mean gpu?",
    ]


def test_excluded_label_that_no_wheel_has_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """The labels are those of the wheels that pip came across; null variants have any label."""
    options = ["torch=!fats", "torch=!slow", "torch=!null", "numpy=!x"]
    state = run_state(requested=options)
    state.options.ignore_requires_python = False
    state.requests.mark_used("torch", map(Label, ("fast", "slow")))
    state.requests.mark_used("numpy")
    warn_of_unused_requests(state)
    text = (
        "--variant torch=!fats had no effect: no wheel of torch that pip considered has this"
        " label; did you mean fast?"
    )
    assert logged(caplog) == [("WARNING", text)]


SWITCH, TRUST = "variant_provider_switches", "trusted_variant_providers"
CONSISTENT = "consistent_namespaces"
NO_NAMESPACE = "no variant that pip considered has this namespace"
NO_PACKAGE = "no variant that pip considered needs this provider"

# An option, a value of it, and the warning of a run in which gpu-provider serves `gpu`.
PROVIDERS: dict[str, tuple[str, OptionValue, str | None]] = {
    "namespace": (SWITCH, OptionValue("gpu", enable=False), None),
    "namespace of a built-in": (SWITCH, OptionValue("nvidia", enable=False), None),
    "misspelt namespace": (
        SWITCH,
        OptionValue("gup", enable=False),
        f"--disable-variant-provider gup had no effect: {NO_NAMESPACE}; did you mean gpu?",
    ),
    "misspelt built-in": (
        SWITCH,
        OptionValue("nvidai"),
        f"--enable-variant-provider nvidai had no effect: {NO_NAMESPACE}; did you mean nvidia?",
    ),
    "default for another project": (SWITCH, OptionValue("npu", is_default=True), None),
    "misspelt default": (
        SWITCH,
        OptionValue("nvidai", is_default=True, enable=False),
        f"--disable-variant-provider nvidai had no effect: {NO_NAMESPACE}; did you mean nvidia?",
    ),
    "consistent": (CONSISTENT, OptionValue("gpu"), None),
    "misspelt consistent": (
        CONSISTENT,
        OptionValue("gup"),
        f"--variant-consistent gup had no effect: {NO_NAMESPACE}; did you mean gpu?",
    ),
    "consistent default for another project": (
        CONSISTENT,
        OptionValue("npu", is_default=True),
        None,
    ),
    "package": (TRUST, OptionValue("GPU_provider"), None),
    "package of a built-in": (TRUST, OptionValue("nvidia-variant-provider"), None),
    "misspelt package": (
        TRUST,
        OptionValue("gpu-povider"),
        (
            f"--trust-variant-provider gpu-povider had no effect: {NO_PACKAGE};"
            " did you mean gpu-provider?"
        ),
    ),
    "package of another project": (TRUST, OptionValue("mine", is_default=True), None),
}


@pytest.mark.parametrize(("option", "value", "text"), PROVIDERS.values(), ids=PROVIDERS)
def test_name_of_a_provider_that_matches_nothing_is_a_warning(
    caplog: pytest.LogCaptureFixture, option: str, value: OptionValue, text: str | None
) -> None:
    """The nearest name is one that a variant has or that is built in."""
    state = run_state()
    setattr(state.options, option, [value])
    linked = LinkedRelease.of("torch", "2.8.0", torch_links("fast"), FakeFinder(serving()))
    decide_release(state, linked)
    warn_of_unused_requests(state)
    assert logged(caplog) == ([] if text is None else [("WARNING", text)])


def test_builds_that_need_not_agree_with_the_legacy_resolver_are_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It takes nothing back, so that the option cannot do what it says."""
    state = run_state()
    state.options.deprecated_features_enabled = ["legacy-resolver"]
    setattr(state.options, CONSISTENT, [OptionValue("gpu", is_default=True)])
    linked = LinkedRelease.of("torch", "2.8.0", torch_links("fast"), FakeFinder(serving()))
    decide_release(state, linked)
    warn_of_unused_requests(state)
    text = "--variant-consistent gpu had no effect: the legacy resolver takes no build back"
    assert logged(caplog) == [("WARNING", text)]


@pytest.mark.parametrize(("described", "is_warning"), [("gpuu", True), ("npu_x", False)])
def test_misspelt_namespace_of_a_platform_file_is_a_warning(
    caplog: pytest.LogCaptureFixture, described: str, *, is_warning: bool
) -> None:
    """A file may describe more than a run needs; what is nearly a needed namespace is misspelt."""
    state = run_state(machine={described: [("arch", ["2"])]})
    linked = LinkedRelease.of("torch", "2.8.0", torch_links("null"), FakeFinder(serving()))
    decide_release(state, linked)
    warn_of_unused_requests(state)
    text = (
        "properties.gpuu in the file of --variant-platform had no effect: no variant that pip"
        " considered has this namespace; did you mean gpu?"
    )
    assert logged(caplog) == ([("WARNING", text)] if is_warning else [])


@pytest.mark.parametrize(("feature", "is_warning"), [("sm_acrh", True), ("of_a_plugin", False)])
def test_misspelt_feature_of_a_platform_file_is_a_warning(
    caplog: pytest.LogCaptureFixture, feature: str, *, is_warning: bool
) -> None:
    """Another provider than the built-in may report another feature."""
    warn_of_unused_requests(run_state(machine={"nvidia": [(feature, ["90_real"])]}))
    text = (
        "properties.nvidia.sm_acrh in the file of --variant-platform had no effect: its provider"
        " reports no such feature; did you mean sm_arch?"
    )
    assert logged(caplog) == ([("WARNING", text)] if is_warning else [])


def test_builds_of_one_run_that_differ_are_named_once(caplog: pytest.LogCaptureFixture) -> None:
    """A line for each feature of which they have no value in common (trial 18)."""
    state = run_state()
    reqs = [requirement(name, chosen(state, torch_links(label))) for name, label in BUILDS]
    for req, (name, _) in zip(reqs, BUILDS, strict=True):
        link = cast("VariantLink", req.link)
        assert link.choice is not None
        link.choice = replace(link.choice, project=name)
    for _ in range(2):
        log_different_builds(state, [*reqs, requirement("plain", torch_links(None)[0])])
    assert logged(caplog) == [
        (
            "INFO",
            (
                "torch takes fast, vision takes slow and audio takes slow:"
                " their builds differ in gpu :: arch (1, 2)"
            ),
        )
    ]


# The requirement, the labels that there are of 2.8.0, and what the error adds.
PINNED: dict[str, tuple[str, list[str | None], str]] = {
    "label of the same name": (
        "torch==2.8.0+fast",
        [None, "fast", "slow", "fast"],
        ": 2.8.0 has a build labelled fast: torch==2.8.0#fast",
    ),
    "other labels": (
        "torch[opt]==2.8.0+cu128",
        ["fast", "slow"],
        ": 2.8.0 has builds labelled fast and slow: torch==2.8.0#LABEL",
    ),
    "one other label": (
        "torch>1,==2.8.0+cu128",
        ["fast"],
        ": 2.8.0 has a build labelled fast: torch==2.8.0#LABEL",
    ),
    "plain files": ("torch==2.8.0+cu128", [None], ""),
    "another version": ("torch==2.9.0+cu128", ["fast"], ""),
    "no local version": ("torch==2.8.0", ["fast"], ""),
    "not pinned": ("torch!=2.8.0+cu128", ["fast"], ""),
    "a URL": ("https://example.org/torch-2.8.0+cu128.whl", ["fast"], ""),
}


@pytest.mark.parametrize(("text", "labels", "suffix"), PINNED.values(), ids=PINNED)
def test_error_about_a_local_version_names_the_labels_of_its_public_version(
    text: str, labels: list[str | None], suffix: str
) -> None:
    """The pin of old advice has a successor (report B23)."""
    files = [candidate(link) for link in torch_links(*labels)]
    assert error_suffix(run_state(), "torch", text, files) == suffix


# The labels of the files, the requested label, the project of the error, and its addition.
SUFFIXES: dict[str, tuple[list[str | None], list[str], str, str]] = {
    "nothing fits": (
        ["fast"],
        [],
        "torch",
        ": fast needs gpu :: arch :: 2, this machine has 1",
    ),
    "name as typed": (
        ["fast"],
        [],
        "Torch",
        ": fast needs gpu :: arch :: 2, this machine has 1",
    ),
    "requested label": (
        ["slow"],
        ["torch=fast"],
        "torch",
        ": No wheel of torch 2.8.0 has the variant label fast; available: slow",
    ),
    "excluded label": (["slow"], ["torch=!slow"], "torch", ": slow is excluded by --variant"),
    "excluded label beside a misfit": (
        ["slow", "fast"],
        ["torch=!slow"],
        "torch",
        ": fast needs gpu :: arch :: 2, this machine has 1; slow is excluded by --variant",
    ),
    "another project": (["fast"], [], "numpy", ""),
    "something fits": (["slow"], [], "torch", ""),
    "nothing decided": ([], [], "torch", ""),
}


@pytest.mark.parametrize(
    ("labels", "requested", "project", "suffix"), SUFFIXES.values(), ids=SUFFIXES
)
def test_error_of_pip_ends_with_the_reason_why_no_variant_fits(
    labels: list[str | None], requested: list[str], project: str, suffix: str
) -> None:
    """An error about a project of which something fits is as pip has it."""
    state = run_state(machine=OLD_GPU, requested=requested)
    if labels:
        links, finder = torch_links(*labels), FakeFinder(serving())
        decide_release(state, LinkedRelease.of("torch", "2.8.0", links, finder))
    assert error_suffix(state, project, project, []) == suffix
