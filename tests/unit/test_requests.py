"""Requested labels: the values of ``--variant``, and ``NAME#LABEL`` in a requirement."""

from __future__ import annotations

import pytest
from pip._vendor.packaging.markers import Marker

from pip_variants.core.errors import RequestError
from pip_variants.core.properties import Label, Variant
from pip_variants.pip_adapter.options import OptionValue
from pip_variants.pip_adapter.requests import LabelRequests
from tests.unit.cases import variant


def _typed(*texts: str) -> LabelRequests:
    """Return the requests of these values of ``--variant`` on the command line."""
    return LabelRequests([OptionValue(text) for text in texts])


def _labels(requests: LabelRequests) -> dict[str, str | None]:
    """Return the label of every project for which one is requested."""
    names = {**requests._defaults.labels, **requests._typed.labels}
    return {name: requests.label(name) for name in names}


def _unused(requests: LabelRequests) -> list[tuple[str, str]]:
    """Return the requests for projects that pip never looked for."""
    return [(item.project, item.text) for item in requests.unused()]


OPTIONS = {
    "torch=cu126": ("torch", "cu126"),
    "Torch=cu126": ("torch", "cu126"),
    "scikit_learn=x": ("scikit-learn", "x"),
    "Scikit.Learn=x": ("scikit-learn", "x"),
    "a--b__c=x": ("a-b-c", "x"),
    "x=null": ("x", "null"),
    "x=00000000": ("x", "00000000"),
    "x=1.2_3": ("x", "1.2_3"),
    " torch = cu126 ": ("torch", "cu126"),
    "x=" + "a" * 10_000: ("x", "a" * 10_000),
}


@pytest.mark.parametrize(
    ("option", "expected"), OPTIONS.items(), ids=[option[:20] for option in OPTIONS]
)
def test_option_requests_label_of_normalised_name(option: str, expected: tuple[str, str]) -> None:
    """NAME=LABEL requests a label of the project with the normalised name."""
    project, label = expected
    assert _labels(_typed(option)) == {project: label}
    assert _unused(_typed(option)) == [expected]


INVALID_OPTIONS = {
    "": "'' is not of the form NAME=LABEL or NAME=!LABEL",
    "torch": "'torch' is not of the form NAME=LABEL or NAME=!LABEL",
    "=cu126": "'=cu126' is not of the form NAME=LABEL or NAME=!LABEL",
    "=": "'=' is not of the form NAME=LABEL or NAME=!LABEL",
    "-torch=cu126": "'-torch=cu126' is not of the form NAME=LABEL or NAME=!LABEL",
    "torch-=cu126": "'torch-=cu126' is not of the form NAME=LABEL or NAME=!LABEL",
    "to rch=cu126": "'to rch=cu126' is not of the form NAME=LABEL or NAME=!LABEL",
    "torch>=2=cu126": "'torch>=2=cu126' is not of the form NAME=LABEL or NAME=!LABEL",
    "torch#cu126": "'torch#cu126' is not of the form NAME=LABEL or NAME=!LABEL",
    "../torch=cu126": "'../torch=cu126' is not of the form NAME=LABEL or NAME=!LABEL",
    "\u0442orch=cu126": "'\\u0442orch=cu126' is not of the form NAME=LABEL or NAME=!LABEL",
    "torch=": "'' is not a variant label (a-z, 0-9, _ and .)",
    "torch==cu126": "'=cu126' is not a variant label (a-z, 0-9, _ and .)",
    "torch=CU126": "'CU126' is not a variant label (a-z, 0-9, _ and .)",
    "torch=cu-126": "'cu-126' is not a variant label (a-z, 0-9, _ and .)",
    "torch=cu 126": "'cu 126' is not a variant label (a-z, 0-9, _ and .)",
    "torch=../cu126": "'../cu126' is not a variant label (a-z, 0-9, _ and .)",
    "torch=\x1b[2J": "'\\x1b[2J' is not a variant label (a-z, 0-9, _ and .)",
    "torch=cu\0": "'cu\\x00' is not a variant label (a-z, 0-9, _ and .)",
    "torch=!": "'' is not a variant label (a-z, 0-9, _ and .)",
    "torch=!!a": "'!a' is not a variant label (a-z, 0-9, _ and .)",
    "torch=!A": "'A' is not a variant label (a-z, 0-9, _ and .)",
    "torch!=a": "'torch!=a' is not of the form NAME=LABEL or NAME=!LABEL",
    "!torch=a": "'!torch=a' is not of the form NAME=LABEL or NAME=!LABEL",
    "torch=\u0661": "'\\u0661' is not a variant label (a-z, 0-9, _ and .)",
}


@pytest.mark.parametrize("is_default", [False, True], ids=["typed", "default"])
@pytest.mark.parametrize(("option", "problem"), INVALID_OPTIONS.items())
def test_invalid_option_is_an_error_that_shows_it(
    option: str, problem: str, *, is_default: bool
) -> None:
    """An invalid value is an error, from the command line and from the environment."""
    with pytest.raises(RequestError) as caught:
        LabelRequests([OptionValue(option, is_default)])
    assert str(caught.value) == problem


# A requirement, the requirement without its label, and the request.
REQUIREMENTS = {
    "torch#cu126": ("torch", ("torch", "cu126")),
    "Torch#cu126": ("Torch", ("torch", "cu126")),
    "scikit_learn#x": ("scikit_learn", ("scikit-learn", "x")),
    "  torch#cu126": ("  torch", ("torch", "cu126")),
    "torch #cu126": ("torch ", ("torch", "cu126")),
    "torch#cu126 ": ("torch ", ("torch", "cu126")),
    "torch==2.8.0#cu126": ("torch==2.8.0", ("torch", "cu126")),
    "torch===2.8.0#cu126": ("torch===2.8.0", ("torch", "cu126")),
    "torch >= 2, != 2.7 #cu126": ("torch >= 2, != 2.7 ", ("torch", "cu126")),
    "torch (>=2)#cu126": ("torch (>=2)", ("torch", "cu126")),
    "torch==2.8.*#cu126": ("torch==2.8.*", ("torch", "cu126")),
    "torch==2.8.0+cpu#cu126": ("torch==2.8.0+cpu", ("torch", "cu126")),
    "torch==1!2.8#cu126": ("torch==1!2.8", ("torch", "cu126")),
    "torch[gpu]#cu126": ("torch[gpu]", ("torch", "cu126")),
    "torch[gpu, dev] >=2 #cu126": ("torch[gpu, dev] >=2 ", ("torch", "cu126")),
    "torch [gpu]#cu126": ("torch [gpu]", ("torch", "cu126")),
    'torch#cu126; python_version > "3"': ('torch; python_version > "3"', ("torch", "cu126")),
    "torch>=2#cu126 ; extra == 'a#b'": ("torch>=2 ; extra == 'a#b'", ("torch", "cu126")),
    "x#null": ("x", ("x", "null")),
    "x#0.1_2": ("x", ("x", "0.1_2")),
}


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_label_of_requirement_is_recorded_and_removed(requirement: str) -> None:
    """The label of NAME#LABEL is requested, and the rest of the requirement is unchanged."""
    expected, (project, label) = REQUIREMENTS[requirement]
    requests = LabelRequests()
    assert requests.take_from(requirement) == expected
    assert _labels(requests) == {project: label}


UNTOUCHED = (
    "torch",
    "torch==2.8.0",
    "./x#y",
    "../x#y",
    "x/y#z",
    "/x#y",
    "~/x#y",
    "./x-1.0-py3-none-any.whl#sha256=00",
    "x @ https://example.org/x-1.0-py3-none-any.whl#sha256=00",
    "x@https://example.org/x.zip#egg=x",
    "x[y] @ file:///x#subdirectory=z",
    "https://example.org/x.zip#egg=x",
    "git+https://example.org/x.git@main#egg=x&subdirectory=y",
    "file:///x#egg=x",
    "x; extra == 'a#b'",
    "(x)#y",
    "#y",
    " #y",
    "# a comment",
    "-x#y",
    "x[y/z]#a",
    "",
)


@pytest.mark.parametrize("requirement", UNTOUCHED)
def test_requirement_without_label_is_unchanged(requirement: str) -> None:
    """Paths, URLs, markers and text that is no requirement are unchanged, without a request."""
    requests = LabelRequests()
    assert requests.take_from(requirement) == requirement
    assert _labels(requests) == {}


INVALID_REQUIREMENTS = {
    "torch#": "''",
    "torch#CU126": "'CU126'",
    "torch#!cu126": "'!cu126'",
    "torch#cu-126": "'cu-126'",
    "torch#a#b": "'a#b'",
    "torch#../a": "'../a'",
    "torch#sha256=00": "'sha256=00'",
    "torch#egg=torch": "'egg=torch'",
    "torch==2.8.0#": "''",
    "torch# ; python_version > '3'": "''",
    "torch#\x1b[2J": "'\\x1b[2J'",
    "torch#" + "A" * 10_000: f"'{'A' * 79}...'",
}


@pytest.mark.parametrize("requirement", INVALID_REQUIREMENTS, ids=lambda text: text[:20])
@pytest.mark.parametrize("marker", [None, "python_version < '3'"], ids=["no marker", "false"])
def test_invalid_label_of_requirement_is_an_error(requirement: str, marker: str | None) -> None:
    """An invalid label is an error that quotes and shortens it, even under a false marker."""
    requests = LabelRequests()
    with pytest.raises(RequestError) as caught:
        requests.take_from(requirement, None if marker is None else Marker(marker))
    shown = INVALID_REQUIREMENTS[requirement]
    assert str(caught.value) == f"{shown} is not a variant label (a-z, 0-9, _ and .)"
    assert _labels(requests) == {}


def test_each_project_has_its_own_label() -> None:
    """Labels of an option and of a requirement are by project."""
    requests = _typed("torch=cu126")
    requests.take_from("scikit-learn>=1#fast")
    assert _labels(requests) == {"torch": "cu126", "scikit-learn": "fast"}
    assert requests.label("other") is None


@pytest.mark.parametrize("again", ["torch=cu126", "Torch=cu126"])
def test_same_label_twice_is_no_conflict(again: str) -> None:
    """The same label can be requested twice, also with another spelling of the name."""
    requests = _typed("torch=cu126", again)
    requests.take_from("TORCH#cu126")
    assert _labels(requests) == {"torch": "cu126"}


CONFLICT = "conflicting variants requested for torch: cu126 and cu129"


@pytest.mark.parametrize("second", ["torch#cu129", "Torch>=2#cu129"])
def test_option_and_requirement_with_two_labels_conflict(second: str) -> None:
    """Two labels for one project are an error that names all three; the first stays."""
    requests = _typed("torch=cu126")
    with pytest.raises(RequestError) as caught:
        requests.take_from(second)
    assert str(caught.value) == CONFLICT
    assert _labels(requests) == {"torch": "cu126"}


def test_two_options_with_two_labels_conflict() -> None:
    """Two labels for one project on the command line are an error."""
    with pytest.raises(RequestError) as caught:
        _typed("torch=cu126", "Torch=cu129")
    assert str(caught.value) == CONFLICT


def test_last_default_label_of_a_project_counts() -> None:
    """Of the labels in the environment and in configuration files the last counts."""
    values = ("torch=cu126", "Torch=cu128")
    requests = LabelRequests([OptionValue(text, is_default=True) for text in values])
    assert _labels(requests) == {"torch": "cu128"}
    assert _unused(requests) == [("torch", "cu126"), ("torch", "cu128")]


def test_typed_label_overrides_default_in_any_order() -> None:
    """A label on the command line or in a requirement overrides a default."""
    default, typed = OptionValue("torch=cu126", is_default=True), OptionValue("torch=cu128")
    for values in ((default, typed), (typed, default)):
        assert _labels(LabelRequests(values)) == {"torch": "cu128"}
    requests = LabelRequests([default])
    requests.take_from("torch#cu128")
    assert _labels(requests) == {"torch": "cu128"}


MARKERS = {
    "python_version > '3'": {"torch": "cu126"},
    "python_version < '3'": {},
    "extra == 'x'": {},
    "extra != 'x'": {"torch": "cu126"},
}


@pytest.mark.parametrize(("marker", "expected"), MARKERS.items(), ids=MARKERS)
def test_label_counts_only_if_the_marker_holds(marker: str, expected: dict[str, str]) -> None:
    """A requirement for another environment requests nothing, but its label is removed."""
    requests = LabelRequests()
    assert requests.take_from("torch>=2#cu126", Marker(marker)) == "torch>=2"
    assert _labels(requests) == expected


def test_unused_requests_are_options_about_projects_not_looked_up() -> None:
    """An option is unused if pip never looked for its project; a requirement is never."""
    values = [
        OptionValue("a=1"),
        OptionValue("b=2"),
        OptionValue("c=3", is_default=True),
    ]
    requests = LabelRequests(values)
    requests.take_from("d#4")
    requests.mark_used("a")
    assert _unused(requests) == [("b", "2"), ("c", "3")]
    assert [item.is_default for item in requests.unused()] == [False, True]


# Values of --variant: typed, of the environment, then the label and the excluded ones of torch.
EXCLUSIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str | None, tuple[str, ...]]] = {
    "one": (("torch=!a",), (), None, ("a",)),
    "another spelling": (("Torch = ! a",), (), None, ("a",)),
    "several": (("torch=!a", "torch=!b", "torch=!a"), (), None, ("a", "b")),
    "null": (("torch=!null",), (), None, ("null",)),
    "of another project": (("numpy=!a",), (), None, ()),
    "default": ((), ("torch=!a",), None, ("a",)),
    "both add up": (("torch=!b",), ("torch=!a",), None, ("a", "b")),
    "label beside another exclusion": (("torch=a", "torch=!b"), (), "a", ()),
    "exclusion before another label": (("torch=!b", "torch=a"), (), "a", ()),
    "label before default exclusion": (("torch=a",), ("torch=!a",), "a", ()),
    "exclusion before default label": (("torch=!a",), ("torch=a",), None, ("a",)),
    "exclusion beside default label": (("torch=!b",), ("torch=a",), "a", ()),
    "last default, exclusion": ((), ("torch=a", "torch=!a"), None, ("a",)),
    "last default, label": ((), ("torch=!a", "torch=a"), "a", ()),
}


@pytest.mark.parametrize(
    ("typed", "defaults", "label", "excluded"), EXCLUSIONS.values(), ids=EXCLUSIONS
)
def test_labels_are_excluded(
    typed: tuple[str, ...], defaults: tuple[str, ...], label: str | None, excluded: tuple[str, ...]
) -> None:
    """Exclusions add up, what is typed overrides a default, and a label excludes all others."""
    values = [*(OptionValue(text, is_default=True) for text in defaults), *map(OptionValue, typed)]
    requests = LabelRequests(values)
    assert (requests.label("torch"), requests.excluded("torch")) == (label, excluded)


EXCLUSION_CONFLICTS = {
    "label first": (("torch=a", "torch=!a"), "a and !a"),
    "exclusion first": (("torch=!a", "Torch=a"), "!a and a"),
    "of several": (("torch=!b", "torch=a", "torch=!a"), "a and !a"),
    "null": (("torch=null", "torch=!null"), "null and !null"),
}


@pytest.mark.parametrize(("typed", "labels"), EXCLUSION_CONFLICTS.values(), ids=EXCLUSION_CONFLICTS)
def test_label_and_its_exclusion_conflict(typed: tuple[str, ...], labels: str) -> None:
    """To request and to exclude one label on the command line is an error that names both."""
    with pytest.raises(RequestError) as caught:
        _typed(*typed)
    assert str(caught.value) == f"conflicting variants requested for torch: {labels}"


def test_requirement_conflicts_with_exclusion_on_the_command_line() -> None:
    """A requirement overrides the exclusion of a default, not one that was typed."""
    requests = LabelRequests([OptionValue("torch=!a", is_default=True)])
    requests.take_from("torch#a")
    assert (requests.label("torch"), requests.excluded("torch")) == ("a", ())
    with pytest.raises(RequestError) as caught:
        _typed("torch=!a").take_from("torch#a")
    assert str(caught.value) == "conflicting variants requested for torch: !a and a"


# Values of --variant, a variant, and why a given wheel of it is refused.
REFUSALS = {
    "other label": (
        "torch=b",
        variant("a", "x :: y :: z"),
        "is not the requested variant b of torch",
    ),
    "excluded": (
        "torch=!a",
        variant("a", "x :: y :: z"),
        "is the variant a of torch, excluded by --variant",
    ),
    "excluded null": (
        "torch=!null",
        variant("0"),
        "is the variant 0 of torch, excluded by --variant",
    ),
    "requested": ("torch=a", variant("a", "x :: y :: z"), None),
    "another excluded": ("torch=!b", variant("a", "x :: y :: z"), None),
    "requested null": ("torch=null", variant("0"), None),
}


@pytest.mark.parametrize(("option", "given", "problem"), REFUSALS.values(), ids=REFUSALS)
def test_given_wheel_is_refused_if_it_contradicts(
    option: str, given: Variant, problem: str | None
) -> None:
    """A wheel that the user gave must have the requested label, and none that is excluded."""
    found = _typed(option).refusal("torch", "x.whl", given)
    assert found == (None if problem is None else f"x.whl {problem}")


def test_excluded_labels_are_not_found_among_those_of_wheels() -> None:
    """Of an exclusion on the command line it is known whether some wheel has the label."""
    defaults = [OptionValue("torch=!c", is_default=True)]
    requests = LabelRequests(
        [*defaults, *map(OptionValue, ("torch=!a", "torch=!b", "torch=!null", "numpy=!a"))]
    )
    requests.mark_used("torch")
    assert [*requests.not_found()] == []
    requests.mark_used("torch", [Label("a"), None])
    assert [item.text for item in requests.not_found()] == ["!b"]
    assert requests.labels_of("torch") == {"a"}
    assert requests.labels_of("numpy") == set()
    assert requests.projects == {"torch"}
