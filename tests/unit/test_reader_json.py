"""Any text is a model or one MetadataError, never another error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pip_variants.core.errors import MetadataError
from pip_variants.formats.reader import read, read_text
from tests.unit.cases import problem_of

Json = dict[str, object]

NO_MODEL = [
    pytest.param([], "expected an object, found a list", id="a list"),
    pytest.param(None, "expected an object, found null", id="null"),
    pytest.param("x", "expected an object, found a string", id="a string"),
    pytest.param(1, "expected an object, found a number", id="a number"),
    pytest.param(False, "expected an object, found a boolean", id="a boolean"),
    pytest.param({}, "variants: missing", id="an empty object"),
]

NOT_JSON = [
    pytest.param("", "not JSON: Expecting value: line 1 column 1 (char 0)", id="nothing"),
    pytest.param(
        "<!DOCTYPE html>", "not JSON: Expecting value: line 1 column 1 (char 0)", id="a web page"
    ),
    pytest.param(
        '{"variants": ',
        "not JSON: Expecting value: line 1 column 14 (char 13)",
        id="half a document",
    ),
    pytest.param(
        b'{"variants": "\xff"}',
        "not JSON: 'utf-8' codec can't decode byte 0xff in position 14: invalid start byte",
        id="not UTF-8",
    ),
    pytest.param("[" * 100_000, "not JSON: nested too deeply", id="lists nested 100,000 deep"),
    pytest.param(
        '{"variants":' * 100_000, "not JSON: nested too deeply", id="objects nested 100,000 deep"
    ),
    pytest.param("[]", "expected an object, found a list", id="a list"),
    pytest.param(
        '{"variants": {"a": {}, "a": {}}}',
        "the key 'a' occurs twice in one object",
        id="a key twice",
    ),
    pytest.param(
        '{"variants": {"a\\u0000": {}}}',
        r"variants['a\x00']: not a label of a-z, 0-9, _ and .",
        id="NUL spelt as JSON",
    ),
]


@pytest.mark.parametrize(("document", "text"), NO_MODEL)
def test_document_must_be_an_object_with_variants(document: object, text: str) -> None:
    """Anything else than an object with variants is an error."""
    assert problem_of(document) == text


@pytest.mark.parametrize(("text", "problem"), NOT_JSON)
def test_invalid_json_is_one_error(text: str | bytes, problem: str) -> None:
    """Text that is not JSON, or JSON of another shape, is one error in one sentence."""
    with pytest.raises(MetadataError) as caught:
        read_text(text)
    assert str(caught.value) == problem


def _nested(depth: int) -> list[object]:
    """Return a list in a list in a list, this deep."""
    found: list[object] = []
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("document", "path"),
    [
        pytest.param(
            {"default-priorities": {"namespace": [_nested(100_000)]}, "variants": {}},
            "default-priorities.namespace[0]",
            id="a namespace",
        ),
        pytest.param(
            {"providers": {"gpu": {"plugin-use": _nested(100_000)}}, "variants": {}},
            "providers.gpu.plugin-use",
            id="plugin-use",
        ),
        pytest.param(
            {"variants": {"a": {"gpu": {"arch": [_nested(100_000)]}}}},
            "variants['a'].gpu.arch[0]",
            id="a value",
        ),
    ],
)
def test_deeply_nested_value_is_named_in_the_error(document: Json, path: str) -> None:
    """A value that the JSON parser accepts is not too deep for the error text."""
    text = problem_of(document)
    assert text.startswith(f"{path}: a deeply nested value")
    assert len(text) < 200


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8)

words = st.sampled_from(
    ["requires", "plugin-use", "optional", "namespace", "feature", "gpu", "null", "a", "all"]
)

anything = st.recursive(
    scalars | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=20,
)


@given(
    st.fixed_dictionaries(
        {"variants": anything},
        optional={
            "$schema": anything,
            "default-priorities": anything,
            "providers": anything,
            "static-properties": anything,
        },
    )
)
def test_arbitrary_json_is_a_model_or_an_error(document: Json) -> None:
    """Any JSON is a model or a MetadataError, never another error."""
    try:
        found = read(document)
    except MetadataError as error:
        found = None
        text = str(error)
    if found is None:
        assert text.isprintable()
    else:
        assert {item.label for item in found.variants} <= document["variants"].keys()  # type: ignore[attr-defined] # it was read as an object
