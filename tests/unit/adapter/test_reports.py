"""What a command reports about variants when it ends or gives up."""

from __future__ import annotations

import pytest

from pip_variants.pip_adapter.evaluator import decide_release
from pip_variants.pip_adapter.options import OptionValue
from pip_variants.pip_adapter.releases import LinkedRelease
from pip_variants.pip_adapter.reports import error_suffix, warn_of_unused_requests
from pip_variants.pip_adapter.requests import LabelRequests
from tests.unit.adapter.edge import (
    OLD_GPU,
    FakeFinder,
    logged,
    run_state,
    serving,
    torch_links,
)

# The requests, the projects that pip looked for, and the warnings.
UNUSED: dict[str, tuple[list[OptionValue], list[str], list[str]]] = {
    "nothing requested": ([], [], []),
    "used": ([OptionValue("torch=fast")], ["torch"], []),
    "misspelt": (
        [OptionValue("Troch=fast")],
        ["torch"],
        ["--variant troch=fast had no effect: pip did not look for troch"],
    ),
    "two of three": (
        [OptionValue("b=1"), OptionValue("a=2"), OptionValue("c=3")],
        ["a"],
        [
            "--variant b=1 had no effect: pip did not look for b",
            "--variant c=3 had no effect: pip did not look for c",
        ],
    ),
    "from the environment": ([OptionValue("torch=fast", is_default=True)], [], []),
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
    state.requests = LabelRequests(values)
    for project in used:
        state.requests.mark_used(project)
    for _ in range(2):
        warn_of_unused_requests(state)
    assert logged(caplog) == [("WARNING", text) for text in texts]


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
    assert error_suffix(state, project) == suffix
