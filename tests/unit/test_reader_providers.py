"""Providers of every revision: an invalid value is named by its path."""

from __future__ import annotations

import pytest

from tests.unit.cases import problem_of

Json = dict[str, object]

# Fields of a provider in every revision before 0.2.0.
OLD_PROVIDERS = [
    pytest.param("m:C", "providers.gpu: expected an object, found a string", id="a string"),
    pytest.param(
        {"requires": "gpu-provider"},
        "providers.gpu.requires: expected a list, found a string",
        id="requires as a string",
    ),
    pytest.param(
        {"requires": ["a", None]},
        "providers.gpu.requires[1]: expected a string, found null",
        id="null in requires",
    ),
    pytest.param(
        {"requires": ["a\0b"]},
        r"providers.gpu.requires[0]: 'a\x00b' has unprintable characters",
        id="NUL in requires",
    ),
    pytest.param(
        {"requires": ["a\x1b[2J"]},
        r"providers.gpu.requires[0]: 'a\x1b[2J' has unprintable characters",
        id="an escape sequence in requires",
    ),
    pytest.param(
        {"plugin-api": ["m:C"]},
        "providers.gpu.plugin-api: expected a string, found a list",
        id="plugin-api as a list",
    ),
    pytest.param(
        {"enable-if": "os_name\n== 'nt'"},
        r"""providers.gpu.enable-if: "os_name\n== 'nt'" has unprintable characters""",
        id="a line end in enable-if",
    ),
    pytest.param(
        {"enable-if": True},
        "providers.gpu.enable-if: expected a string, found a boolean",
        id="enable-if as a boolean",
    ),
    pytest.param(
        {"optional": 1},
        "providers.gpu.optional: expected true or false, found a number",
        id="optional as a number",
    ),
]

NEW_PROVIDERS = [
    pytest.param(
        {"builtin": "x", "requires": ["y"]},
        "providers.gpu: expected exactly one of requires, static-properties, builtin",
        id="two kinds",
    ),
    pytest.param(
        {"optional": False},
        "providers.gpu: expected exactly one of requires, static-properties, builtin",
        id="no kind",
    ),
    pytest.param(
        {"builtin": 1},
        "providers.gpu.builtin: expected a string, found a number",
        id="builtin as a number",
    ),
    pytest.param(
        {"static-properties": {"arch": []}},
        "providers.gpu.static-properties.arch: expected at least one value",
        id="no value",
    ),
    pytest.param(
        {"static-properties": {"arch": ["1", "1"]}},
        "providers.gpu.static-properties.arch[1]: '1' is listed twice",
        id="a value twice",
    ),
    pytest.param(
        {"static-properties": {"Arch": ["1"]}},
        "providers.gpu.static-properties.Arch: not a name of a-z, 0-9 and _",
        id="a feature in upper case",
    ),
    pytest.param(
        {"static-properties": {"arch": ["1"], "cuda": ["2"]}},
        "providers.gpu.feature-order: missing, though there is more than one feature",
        id="no order",
    ),
    pytest.param(
        {"static-properties": {"arch": ["1"], "cuda": ["2"]}, "feature-order": ["cuda"]},
        "providers.gpu.feature-order: 'arch' is not listed",
        id="an incomplete order",
    ),
    pytest.param(
        {"static-properties": {"arch": ["1"]}, "feature-order": ["arch", "cuda"]},
        "providers.gpu.feature-order[1]: 'cuda' has no static values",
        id="an order of more than there is",
    ),
    pytest.param(
        {"static-properties": {"arch": ["1"]}, "feature-order": ["arch", "arch"]},
        "providers.gpu.feature-order[1]: 'arch' is listed twice",
        id="an order that repeats",
    ),
]


@pytest.mark.parametrize(("provider", "text"), OLD_PROVIDERS)
@pytest.mark.parametrize("key", ["plugin-use", "install-time"], ids=["0.0.2", "0.0.3"])
def test_error_names_the_first_invalid_provider_field(
    key: str, provider: object, text: str
) -> None:
    """The error has the path of the first invalid value of a provider, in either old revision."""
    marker: Json = {"other": {key: "all" if key == "plugin-use" else True, "requires": []}}
    document = {"providers": {**marker, "gpu": provider}, "variants": {}}
    assert problem_of(document) == text


def test_unknown_plugin_use_is_an_error() -> None:
    """Revision 0.0.2 has three words for when a plugin is used."""
    document: Json = {"providers": {"gpu": {"plugin-use": "never"}}, "variants": {}}
    expected = "providers.gpu.plugin-use: 'never' is none of all, build, none"
    assert problem_of(document) == expected


def test_install_time_must_be_a_boolean() -> None:
    """Revision 0.0.3 has a boolean there."""
    document: Json = {"providers": {"gpu": {"install-time": "no"}}, "variants": {}}
    expected = "providers.gpu.install-time: expected true or false, found a string"
    assert problem_of(document) == expected


@pytest.mark.parametrize(
    ("static", "text"),
    [
        pytest.param([], "static-properties: expected an object, found a list", id="a list"),
        pytest.param(
            {"a-b": {}}, "static-properties.a-b: not a name of a-z, 0-9 and _", id="a dash"
        ),
        pytest.param(
            {"gpu": {"arch": "90"}},
            "static-properties.gpu.arch: expected a list, found a string",
            id="a value that is no list",
        ),
    ],
)
def test_error_names_the_first_invalid_static_value(static: object, text: str) -> None:
    """The error has the path of the first invalid static value of revision 0.0.3."""
    document = {"static-properties": static, "providers": {}, "variants": {}}
    assert problem_of(document) == text


@pytest.mark.parametrize(("provider", "text"), NEW_PROVIDERS)
def test_error_names_the_invalid_provider_of_pep_850(provider: object, text: str) -> None:
    """The error has the path of the first invalid value of a provider of revision 0.2.0."""
    document = {"providers": {"other": {"builtin": "x"}, "gpu": provider}, "variants": {}}
    assert problem_of(document) == text


@pytest.mark.parametrize(
    ("namespace", "path"),
    [
        pytest.param("GPU", "providers.GPU", id="upper case"),
        pytest.param("../gpu", "providers['../gpu']", id="a path"),
        pytest.param("g\0", r"providers['g\x00']", id="NUL"),
        pytest.param("G" * 10_000 + "/", f"providers['{'G' * 79}...']", id="10,000 characters"),
    ],
)
def test_invalid_namespace_of_a_provider_is_quoted(namespace: str, path: str) -> None:
    """The error shows the invalid key itself, shortened and in ASCII."""
    document: Json = {"providers": {namespace: {"requires": []}}, "variants": {}}
    assert problem_of(document) == f"{path}: not a name of a-z, 0-9 and _"


def test_long_namespace_is_shortened_in_the_error() -> None:
    """An error stays one readable line if a namespace has 10,000 characters."""
    document: Json = {"providers": {"g" * 10_000: 1}, "variants": {}}
    assert len(problem_of(document)) < 300


def test_namespace_outside_ascii_is_quoted() -> None:
    """The path of an invalid value is ASCII, so that any terminal can show it."""
    document: Json = {"providers": {"gr\xf6\xdfe": 1}, "variants": {}}
    assert problem_of(document) == r"providers['gr\xf6\xdfe']: expected an object, found a number"
