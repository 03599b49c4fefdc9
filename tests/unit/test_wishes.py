"""What counts as a wish for a variant, in an option and in a requirement, as one table each."""

from __future__ import annotations

import pytest
from pip._vendor.packaging.markers import Marker

from pip_variants import wishes
from pip_variants.errors import RequestError
from pip_variants.process import Process


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    """Return the state of a run of pip that has been told nothing yet."""
    fresh = Process()
    monkeypatch.setattr(wishes, "process", fresh)
    return fresh


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
    ("option", "noted"), OPTIONS.items(), ids=[option[:20] for option in OPTIONS]
)
def test_option(process: Process, option: str, noted: tuple[str, str]) -> None:
    """NAME=LABEL is noted under the normalised name."""
    wishes.wish(option)
    assert process.labels == dict([noted])


BAD_OPTIONS = {
    "": "'' is not of the form NAME=LABEL",
    "torch": "'torch' is not of the form NAME=LABEL",
    "=cu126": "'=cu126' is not of the form NAME=LABEL",
    "=": "'=' is not of the form NAME=LABEL",
    "-torch=cu126": "'-torch=cu126' is not of the form NAME=LABEL",
    "torch-=cu126": "'torch-=cu126' is not of the form NAME=LABEL",
    "to rch=cu126": "'to rch=cu126' is not of the form NAME=LABEL",
    "torch>=2=cu126": "'torch>=2=cu126' is not of the form NAME=LABEL",
    "torch#cu126": "'torch#cu126' is not of the form NAME=LABEL",
    "../torch=cu126": "'../torch=cu126' is not of the form NAME=LABEL",
    "\u0442orch=cu126": "'\\u0442orch=cu126' is not of the form NAME=LABEL",
    "torch=": "'' is not a variant label (a-z, 0-9, _ and .)",
    "torch==cu126": "'=cu126' is not a variant label (a-z, 0-9, _ and .)",
    "torch=CU126": "'CU126' is not a variant label (a-z, 0-9, _ and .)",
    "torch=cu-126": "'cu-126' is not a variant label (a-z, 0-9, _ and .)",
    "torch=cu 126": "'cu 126' is not a variant label (a-z, 0-9, _ and .)",
    "torch=../cu126": "'../cu126' is not a variant label (a-z, 0-9, _ and .)",
    "torch=\x1b[2J": "'\\x1b[2J' is not a variant label (a-z, 0-9, _ and .)",
    "torch=cu\0": "'cu\\x00' is not a variant label (a-z, 0-9, _ and .)",
    "torch=\u0661": "'\\u0661' is not a variant label (a-z, 0-9, _ and .)",
}


@pytest.mark.parametrize(("option", "problem"), BAD_OPTIONS.items())
def test_bad_option(process: Process, option: str, problem: str) -> None:
    """Any other form is an error that shows what is wrong, and nothing is noted."""
    with pytest.raises(RequestError) as caught:
        wishes.wish(option)
    assert (str(caught.value), process.labels) == (problem, {})


# A requirement as pip hands it over, what is left of it, and the wish.
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
def test_requirement(process: Process, requirement: str) -> None:
    """NAME#LABEL is noted and cut out, whatever stands between, before and behind."""
    left, noted = REQUIREMENTS[requirement]
    assert wishes.without_wish(requirement) == left
    assert process.labels == dict([noted])


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
def test_no_wish(process: Process, requirement: str) -> None:
    """Paths, addresses, markers and what is no requirement stay, and nothing is noted."""
    assert wishes.without_wish(requirement) == requirement
    assert process.labels == {}


BAD_REQUIREMENTS = {
    "torch#": "''",
    "torch#CU126": "'CU126'",
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


@pytest.mark.parametrize("requirement", BAD_REQUIREMENTS, ids=lambda text: text[:20])
def test_bad_requirement(process: Process, requirement: str) -> None:
    """A label that is none is an error that shows it, shortened and escaped."""
    with pytest.raises(RequestError) as caught:
        wishes.without_wish(requirement)
    shown = BAD_REQUIREMENTS[requirement]
    assert str(caught.value) == f"{shown} is not a variant label (a-z, 0-9, _ and .)"
    assert process.labels == {}


def test_several_projects(process: Process) -> None:
    """Each project has its own wish."""
    wishes.wish("torch=cu126")
    wishes.without_wish("scikit-learn>=1#fast")
    assert process.labels == {"torch": "cu126", "scikit-learn": "fast"}


@pytest.mark.parametrize("again", ["torch=cu126", "Torch=cu126"])
def test_the_same_wish_twice(process: Process, again: str) -> None:
    """Saying a thing twice, also with another spelling of the name, is no contradiction."""
    wishes.wish("torch=cu126")
    wishes.wish(again)
    wishes.without_wish("TORCH#cu126")
    assert process.labels == {"torch": "cu126"}


@pytest.mark.parametrize("second", ["torch#cu129", "Torch>=2#cu129"])
def test_contradiction(process: Process, second: str) -> None:
    """Two labels for one project are an error that names all three, and the first stays."""
    wishes.wish("torch=cu126")
    with pytest.raises(RequestError) as caught:
        wishes.without_wish(second)
    assert str(caught.value) == "two variants of torch are wanted: cu126 and cu129"
    assert process.labels == {"torch": "cu126"}


def test_default(process: Process) -> None:
    """What comes of environment or configuration is kept apart; of it the last counts."""
    wishes.wish("torch=cu126", default=True)
    wishes.wish("Torch=cu128", default=True)
    assert (process.labels, process.defaults) == ({}, {"torch": "cu128"})
    assert (process.wish("torch"), process.wish("other")) == ("cu128", None)


def test_typed_before_default(process: Process) -> None:
    """What is typed counts more, in whichever order the two are read."""
    wishes.wish("torch=cu126", default=True)
    wishes.without_wish("torch#cu128")
    wishes.wish("torch=cu129", default=True)
    assert process.wish("torch") == "cu128"


@pytest.mark.parametrize("option", ["torch", "torch=CU126"])
def test_bad_default(process: Process, option: str) -> None:
    """A bad form is an error wherever it stands."""
    with pytest.raises(RequestError):
        wishes.wish(option, default=True)
    assert process.defaults == {}


MARKERS = {
    "python_version > '3'": {"torch": "cu126"},
    "python_version < '3'": {},
    "extra == 'x'": {},
    "extra != 'x'": {"torch": "cu126"},
}


@pytest.mark.parametrize(("marker", "noted"), MARKERS.items(), ids=MARKERS)
def test_marker(process: Process, marker: str, noted: dict[str, str]) -> None:
    """A requirement that is not for this environment wants nothing, but loses its label too."""
    assert wishes.without_wish("torch>=2#cu126", Marker(marker)) == "torch>=2"
    assert process.labels == noted


def test_bad_label_under_a_false_marker(process: Process) -> None:
    """A bad label is an error also where the requirement does not count."""
    with pytest.raises(RequestError):
        wishes.without_wish("torch#CU126", Marker("python_version < '3'"))
    assert process.labels == {}
