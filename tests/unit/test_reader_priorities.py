"""Default priorities: an invalid value is named by its path."""

from __future__ import annotations

import pytest

from tests.unit.cases import problem_of

PRIORITIES = [
    pytest.param([], "default-priorities: expected an object, found a list", id="list"),
    pytest.param(
        {"namespace": "gpu"},
        "default-priorities.namespace: expected a list, found a string",
        id="namespaces as a string",
    ),
    pytest.param(
        {"namespace": ["gpu", 1]},
        "default-priorities.namespace[1]: 1 is not a name of a-z, 0-9 and _",
        id="a number as a namespace",
    ),
    pytest.param(
        {"namespace": ["gpu", "GPU"]},
        "default-priorities.namespace[1]: 'GPU' is not a name of a-z, 0-9 and _",
        id="upper case",
    ),
    pytest.param(
        {"namespace": ["gpu", "cpu", "gpu"]},
        "default-priorities.namespace[2]: 'gpu' is listed twice",
        id="twice",
    ),
    pytest.param(
        {"namespace": [[{}]]},
        "default-priorities.namespace[0]: [{}] is not a name of a-z, 0-9 and _",
        id="a list as a namespace",
    ),
    pytest.param(
        {"feature": {"../gpu": []}},
        "default-priorities.feature['../gpu']: not a name of a-z, 0-9 and _",
        id="a path as a namespace of features",
    ),
    pytest.param(
        {"feature": {"gpu": ["a.b"]}},
        "default-priorities.feature.gpu[0]: 'a.b' is not a name of a-z, 0-9 and _",
        id="a dot in a feature",
    ),
    pytest.param(
        {"property": {"gpu": ["arch"]}},
        "default-priorities.property.gpu: expected an object, found a list",
        id="properties without features",
    ),
    pytest.param(
        {"property": {"gpu": {"arch": "80"}}},
        "default-priorities.property.gpu.arch: expected a list, found a string",
        id="a value that is no list",
    ),
    pytest.param(
        {"property": {"gpu": {"arch": ["8/0"]}}},
        "default-priorities.property.gpu.arch[0]: '8/0' is not a value of a-z, 0-9, _ and .",
        id="a path separator in a value",
    ),
]

EARLY_PRIORITIES = [
    pytest.param(
        {"feature": ["gpu"]},
        "default-priorities.feature[0]: 'gpu' is not a feature",
        id="a namespace as a feature",
    ),
    pytest.param(
        {"feature": ["gpu :: arch :: 90"]},
        "default-priorities.feature[0]: 'gpu :: arch :: 90' is not a feature",
        id="a property as a feature",
    ),
    pytest.param(
        {"feature": ["gpu :: a.b"]},
        "default-priorities.feature[0]: 'gpu :: a.b' is not a feature",
        id="a dot in a feature",
    ),
    pytest.param(
        {"property": ["gpu :: arch :: 90", "gpu :: arch :: 9/0"]},
        "default-priorities.property[1]: 'gpu :: arch :: 9/0' is not a property",
        id="a path separator in a value",
    ),
    pytest.param(
        {"feature": [], "property": {"gpu": {}}},
        "default-priorities.property: expected a list, found an object",
        id="two revisions mixed",
    ),
    pytest.param(
        {"property": [1]},
        "default-priorities.property[0]: expected a string, found a number",
        id="a number",
    ),
]


@pytest.mark.parametrize(("priorities", "text"), PRIORITIES)
def test_error_names_the_first_invalid_priority(priorities: object, text: str) -> None:
    """The error has the path of the first invalid value among the priorities."""
    assert problem_of({"default-priorities": priorities, "variants": {}}) == text


@pytest.mark.parametrize(("priorities", "text"), EARLY_PRIORITIES)
def test_error_names_the_first_invalid_early_priority(priorities: object, text: str) -> None:
    """The error has the path of the first invalid text in the plain lists of early documents."""
    assert problem_of({"default-priorities": priorities, "variants": {}}) == text
