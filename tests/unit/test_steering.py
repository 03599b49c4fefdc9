"""What the user says of providers: levels, contradictions, and what is no name at all."""

from __future__ import annotations

from optparse import Values

import pytest

from pip_variants import steering
from pip_variants.errors import RequestError
from pip_variants.process import Process


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    """Return the state of a run of pip that has been told nothing yet."""
    fresh = Process()
    monkeypatch.setattr(steering, "process", fresh)
    return fresh


def _switches(process: Process) -> dict[str, bool]:
    """Return what the chain goes by once the command begins."""
    process.begin(Values({"cache_dir": None}))
    return dict(process.chain.switches)


# Namespace, on or off, and whether it comes from environment or configuration; what counts.
LEVELS = [
    pytest.param([], {}, id="nothing"),
    pytest.param([("a", True, False), ("b", False, False)], {"a": True, "b": False}, id="typed"),
    pytest.param([("a", True, False), ("a", True, False)], {"a": True}, id="typed twice"),
    pytest.param([("a", True, True), ("a", False, True)], {"a": False}, id="the last default"),
    pytest.param([("a", False, True), ("a", True, False)], {"a": True}, id="typed counts more"),
    pytest.param([("a", True, False), ("a", False, True)], {"a": True}, id="in whatever order"),
    pytest.param([("a", False, True), ("b", True, False)], {"a": False, "b": True}, id="both"),
]


@pytest.mark.parametrize(("said", "expected"), LEVELS)
def test_switches(
    process: Process, said: list[tuple[str, bool, bool]], expected: dict[str, bool]
) -> None:
    """Of environment and configuration the last counts, and what is typed counts more."""
    for namespace, on, default in said:
        steering.switch(namespace, on=on, default=default)
    assert _switches(process) == expected


@pytest.mark.parametrize("on", [True, False])
def test_a_contradiction(on: bool) -> None:
    """A command cannot say both."""
    steering.switch("nvidia", on=on)
    with pytest.raises(RequestError) as caught:
        steering.switch("nvidia", on=not on)
    assert str(caught.value) == "the provider of nvidia cannot be both enabled and disabled"


@pytest.mark.parametrize("default", [True, False])
@pytest.mark.parametrize(
    "text", ["", "NVIDIA", "x86-64", "nvidia,amd", "a b", "../x", "n\u0432idia", "\x1b[31m"]
)
def test_a_namespace_that_is_none(process: Process, text: str, default: bool) -> None:
    """What cannot be a namespace is an error, wherever it comes from."""
    with pytest.raises(RequestError) as caught:
        steering.switch(text, on=True, default=default)
    assert str(caught.value) == f"{text!a} is not a namespace (a-z, 0-9 and _)"
    assert _switches(process) == {}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("amd-variant-provider", "amd-variant-provider"),
        ("AMD_Variant.Provider", "amd-variant-provider"),
        ("a--_.b", "a-b"),
        ("x", "x"),
    ],
)
def test_trust(process: Process, text: str, name: str) -> None:
    """A package is trusted by its normalised name."""
    steering.trust(text)
    assert process.trusted == {name}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "-amd",
        "amd-",
        "amd>=1",
        "amd[x]",
        "amd==1",
        "amd @ https://x.test/amd.whl",
        "https://x.test/amd.whl",
        "./amd",
        "a/b",
        "*",
        "amd;x",
        "\u0430md",
        "a\x1b[31m",
    ],
)
def test_what_cannot_be_trusted(process: Process, text: str) -> None:
    """Trust is in a package, not in a version, an address, or all of them."""
    with pytest.raises(RequestError) as caught:
        steering.trust(text)
    assert str(caught.value) == f"{text!a} is not the name of a package"
    assert process.trusted == set()
