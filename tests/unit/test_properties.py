"""Variant properties: their grammar, texts and order (PEP 825)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pip_variants.core.errors import PropertyError
from pip_variants.core.properties import (
    Feature,
    Namespace,
    Property,
    Value,
    is_feature,
    is_label,
    is_namespace,
    is_value,
    join_parts,
    ordered_features,
    split_parts,
)
from tests.unit.cases import requirement, variant

PARSED = [
    pytest.param("nvidia :: sm_arch :: 90_real", ("nvidia", "sm_arch", "90_real"), id="as written"),
    pytest.param("nvidia::sm_arch::90_real", ("nvidia", "sm_arch", "90_real"), id="no white space"),
    pytest.param("  a  ::\tb :: c\n", ("a", "b", "c"), id="any white space"),
    pytest.param("a :: b :: 12.6", ("a", "b", "12.6"), id="a value with a dot"),
    pytest.param("a :: b :: ..", ("a", "b", ".."), id="a value of dots"),
    pytest.param("0 :: _ :: 0", ("0", "_", "0"), id="digits and underscores alone"),
]

UNPARSED = [
    pytest.param("", "''", id="empty"),
    pytest.param("a", "'a'", id="a namespace"),
    pytest.param("a :: b", "'a :: b'", id="a feature"),
    pytest.param("a :: b :: c :: d", "'a :: b :: c :: d'", id="four parts"),
    pytest.param("a : b : c", "'a : b : c'", id="single colons"),
    pytest.param("a :: :: c", "'a :: :: c'", id="an empty feature"),
    pytest.param("A :: b :: c", "'A :: b :: c'", id="upper case in the namespace"),
    pytest.param("a :: b.c :: d", "'a :: b.c :: d'", id="a dot in the feature"),
    pytest.param("a :: b :: c-d", "'a :: b :: c-d'", id="a dash in the value"),
    pytest.param("a :: b :: ../c", "'a :: b :: ../c'", id="a path in the value"),
    pytest.param("a :: b :: c d", "'a :: b :: c d'", id="a space in the value"),
    pytest.param("a :: b :: \u0661", r"'a :: b :: \u0661'", id="a digit that is not ASCII"),
    pytest.param("a :: b :: \x1b[2J", r"'a :: b :: \x1b[2J'", id="an escape sequence"),
    pytest.param("a" * 10_000, f"'{'a' * 79}...'", id="10,000 characters"),
]


@pytest.mark.parametrize(("text", "parts"), PARSED)
def test_text_of_three_parts_is_a_property(text: str, parts: tuple[str, str, str]) -> None:
    """White space around the colons does not matter; the property's text has the usual form."""
    found = Property.parse(text)
    assert (found.namespace, found.feature, found.value) == parts
    assert str(found) == " :: ".join(parts)


@pytest.mark.parametrize(("text", "shown"), UNPARSED)
def test_other_text_is_an_error_that_quotes_it(text: str, shown: str) -> None:
    """The error is one printable sentence with the expected form."""
    with pytest.raises(PropertyError) as caught:
        Property.parse(text)
    assert str(caught.value) == f"{shown} is not a property (namespace :: feature :: value)"
    assert str(caught.value).isprintable()


GRAMMAR = [
    pytest.param("nvidia", True, True, True, id="a name"),
    pytest.param("x86_64", True, True, True, id="digits and an underscore"),
    pytest.param("12.6", False, True, True, id="a dot"),
    pytest.param("..", False, True, True, id="only dots"),
    pytest.param("", False, False, False, id="empty"),
    pytest.param("A", False, False, False, id="upper case"),
    pytest.param("a-b", False, False, False, id="a dash"),
    pytest.param("a b", False, False, False, id="a space"),
    pytest.param("a\n", False, False, False, id="a line end"),
    pytest.param("a/b", False, False, False, id="a path separator"),
    pytest.param("\xe9", False, False, False, id="not ASCII"),
    pytest.param("\u0661", False, False, False, id="a digit that is not ASCII"),
    pytest.param(None, False, False, False, id="null"),
    pytest.param(1, False, False, False, id="a number"),
    pytest.param(["a"], False, False, False, id="a list"),
    pytest.param("x" * 10_000, True, True, True, id="no length limit"),
]


@pytest.mark.parametrize(("text", "name", "value", "label"), GRAMMAR)
def test_grammar_of_names_values_and_labels(
    text: object, *, name: bool, value: bool, label: bool
) -> None:
    """Names have a-z, 0-9 and _; values and labels may have dots as well."""
    assert is_namespace(text) is name
    assert is_feature(text) is name
    assert is_value(text) is value
    assert is_label(text) is label


names = st.from_regex(r"[a-z0-9_]{1,4}", fullmatch=True)
values = st.from_regex(r"[a-z0-9_.]{1,4}", fullmatch=True)
properties = st.builds(Property, names.map(Namespace), names.map(Feature), values.map(Value))


@given(properties)
def test_text_of_a_property_parses_to_itself(item: Property) -> None:
    """Parsing and formatting are inverse to each other."""
    assert Property.parse(str(item)) == item


@given(st.lists(properties, max_size=6, unique=True))
def test_properties_of_a_variant_sort_by_their_parts(items: list[Property]) -> None:
    """The order of texts is that of namespace, feature and value."""
    found = variant("a", *map(str, items)).properties
    assert {*found} == {*items}
    parts = [(item.namespace, item.feature, item.value) for item in found]
    assert parts == sorted(parts)


@given(st.text(max_size=40))
def test_arbitrary_text_is_a_property_or_an_error(text: str) -> None:
    """No text raises anything but PropertyError."""
    try:
        found = Property.parse(text)
    except PropertyError as error:
        assert str(error).isprintable()  # noqa: PT017 - either outcome is checked
    else:
        assert split_parts(str(found)) == split_parts(text)


def test_parts_are_joined_and_split_with_colons() -> None:
    """Parts are joined by ``::`` between spaces and split without white space."""
    assert join_parts("a", "b", "c") == "a :: b :: c"
    assert split_parts(" a::b ::  c ") == ("a", "b", "c")
    assert split_parts("a") == ("a",)


def test_variant_lists_its_properties_in_order() -> None:
    """A variant lists each value of each feature once, in the order of properties."""
    found = variant("a", "b :: x :: 2", "a :: y :: 1", "b :: x :: 10", "b :: w :: 3")
    assert [*map(str, found.properties)] == [
        "a :: y :: 1",
        "b :: w :: 3",
        "b :: x :: 10",
        "b :: x :: 2",
    ]
    assert found.namespaces == {"a", "b"}
    assert not found.is_null


@pytest.mark.parametrize("label", ["null", "00000000", "cpu"])
def test_variant_without_properties_is_null(label: str) -> None:
    """A variant without properties is a null variant under any label (T6)."""
    found = variant(label)
    assert found.is_null
    assert found.properties == ()
    assert found.namespaces == frozenset()


def test_requirement_is_named_by_namespace_and_feature() -> None:
    """The name of a requirement is its feature with its namespace."""
    assert requirement("gpu", "arch", "90", "80").name == "gpu :: arch"


def test_order_of_features_is_preserved() -> None:
    """Features and values keep the order in which they are given."""
    assert ordered_features({"b": ["2", "1"], "a": []}.items()) == (("b", ("2", "1")), ("a", ()))
