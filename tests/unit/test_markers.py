"""Markers about variants: every comparison is evaluated in the text, the rest is unchanged."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pip_variants.core.markers import (
    PLAIN,
    MarkerEnvironment,
    bind_markers,
    marker_environment,
    needs_supported_properties,
    variant_comparisons,
)
from pip_variants.core.properties import Namespace
from pip_variants.core.supported import SupportedProperties
from tests.support.waiting import within
from tests.unit.cases import by_namespace, supported, variant

TRUE = 'python_version >= "0"'
FALSE = 'python_version < "0"'

CHOSEN = MarkerEnvironment(
    label="12.10",
    namespaces=frozenset({"nvidia", "x86_64"}),
    features=frozenset({"nvidia :: sm_arch", "x86_64 :: level"}),
    properties=frozenset({"nvidia :: sm_arch :: 90_real", "x86_64 :: level :: v3"}),
)

# What stands for T is replaced by what is always true, F by what is always false.
BOUND = {
    # the three sets
    '"nvidia" in variant_namespaces': "T",
    "'nvidia' in variant_namespaces": "T",
    "'amd' in variant_namespaces": "F",
    "'nvid' in variant_namespaces": "F",
    "'' in variant_namespaces": "F",
    "'nvidia' not in variant_namespaces": "F",
    "'amd' not in variant_namespaces": "T",
    "'amd'   not\tin  variant_namespaces": "T",
    "'nvidia'in variant_namespaces": "T",
    "'nvidia :: sm_arch' in variant_features": "T",
    "'nvidia' in variant_features": "F",
    "'nvidia :: sm_arch :: 90_real' in variant_features": "F",
    "'nvidia :: sm_arch :: 90_real' in variant_properties": "T",
    "'nvidia :: sm_arch :: 75_real' in variant_properties": "F",
    "'nvidia :: sm_arch :: 75_real' not in variant_properties": "T",
    "'nvidia :: sm_arch' in variant_properties": "F",
    # white space around the colons
    "'nvidia::sm_arch::90_real' in variant_properties": "T",
    "'nvidia::sm_arch :: 90_real' in variant_properties": "T",
    "'  nvidia  ::\tsm_arch  ::  90_real ' in variant_properties": "T",
    "'nvidia::sm_arch' in variant_features": "T",
    "'nvidia : : sm_arch' in variant_features": "F",
    # the label, as a string on either side
    "variant_label == '12.10'": "T",
    'variant_label == "12.10"': "T",
    "variant_label=='12.10'": "T",
    "variant_label === '12.10'": "T",
    "variant_label == '12.1'": "F",
    "variant_label == '12.10.0'": "F",
    "variant_label == ' 12.10'": "F",
    "variant_label != '12.1'": "T",
    "'12.10' == variant_label": "T",
    "'12.1' != variant_label": "T",
    "variant_label in '12.10, 12.8'": "T",
    "variant_label not in '12.10, 12.8'": "F",
    "'12' in variant_label": "T",
    "'13' in variant_label": "F",
    "'13' not in variant_label": "T",
    # "12.9" is after "12.10" as a string
    "variant_label < '12.9'": "T",
    "variant_label >= '12.9'": "F",
    "'12.9' > variant_label": "T",
    # with other markers
    "python_version < '3' or variant_label == '12.10'": "python_version < '3' or T",
    "extra == 'gpu' and 'nvidia' in variant_namespaces": "extra == 'gpu' and T",
    "('nvidia' in variant_namespaces)and(variant_label=='a')": "(T)and(F)",
    "(('amd' in variant_namespaces) or os_name == 'nt')": "((F) or os_name == 'nt')",
    # not about variants, although similar
    "os_name == 'variant_label == 1'": "os_name == 'variant_label == 1'",
    "os_name == \"'a' in variant_features\"": "os_name == \"'a' in variant_features\"",
    "'variant_label' == os_name": "'variant_label' == os_name",
    "my_variant_label == 'a'": "my_variant_label == 'a'",
    "variant_labels == 'a'": "variant_labels == 'a'",
    # undefined comparisons are left to the installer's parser, which refuses them
    "variant_label ~= '12.10'": "variant_label ~= '12.10'",
    "variant_label == os_name": "variant_label == os_name",
    "variant_namespaces == 'nvidia'": "variant_namespaces == 'nvidia'",
    "'nvidia' == variant_namespaces": "'nvidia' == variant_namespaces",
    "'nvidia' <= variant_features": "'nvidia' <= variant_features",
    "variant_properties in 'nvidia'": "variant_properties in 'nvidia'",
    "variant_properties": "variant_properties",
    "'nvidia' not variant_namespaces": "'nvidia' not variant_namespaces",
}


@pytest.mark.parametrize(("marker", "expected"), BOUND.items(), ids=list(BOUND))
def test_comparison_about_variants_is_replaced_by_its_result(marker: str, expected: str) -> None:
    """Each becomes a comparison that is always true or always false; the text around it stays."""
    replaced = {"T": TRUE, "F": FALSE, "(T)and(F)": f"({TRUE})and({FALSE})"}.get(expected)
    if replaced is None:
        replaced = expected.replace("or T", f"or {TRUE}").replace("and T", f"and {TRUE}")
        replaced = replaced.replace("((F)", f"(({FALSE})")
    assert bind_markers(f"name [a, b] >= 1 ; {marker}", CHOSEN) == f"name [a, b] >= 1 ; {replaced}"


OTHER_WHEELS = {
    "plain": (PLAIN, "variant_label == ''", True),
    "plain has no namespace": (PLAIN, "'nvidia' in variant_namespaces", False),
    "plain is not null": (PLAIN, "variant_label == 'null'", False),
    "null": (MarkerEnvironment(label="null"), "variant_label == 'null'", True),
    "null has no property": (
        MarkerEnvironment(label="null"),
        "'a::b::c' not in variant_properties",
        True,
    ),
    "zeros: T22": (MarkerEnvironment(label="00000000"), "variant_label == '00000000'", True),
    "zeros are no number": (MarkerEnvironment(label="00000000"), "variant_label == '0'", False),
    "zeros are no version": (MarkerEnvironment(label="00000000"), "variant_label == '0.0'", False),
}


@pytest.mark.parametrize(
    ("chosen", "marker", "holds"), OTHER_WHEELS.values(), ids=list(OTHER_WHEELS)
)
def test_plain_wheels_and_null_variants_have_empty_sets(
    chosen: MarkerEnvironment, marker: str, *, holds: bool
) -> None:
    """A plain wheel has an empty label, and like a null variant empty sets."""
    assert bind_markers(f"name; {marker}", chosen) == f"name; {TRUE if holds else FALSE}"


@pytest.mark.parametrize(
    "requirement",
    [
        "",
        "name",
        "name (>=1.0)",
        "name @ file:///variant_label/'nvidia'",
        "variant_label",
        "variant_label == '12.10'",
    ],
)
def test_text_without_marker_is_returned_unchanged(requirement: str) -> None:
    """A text without a semicolon has no marker, even if it mentions variants."""
    assert bind_markers(requirement, CHOSEN) == requirement


HOSTILE = {
    "unclosed quote": ("variant_label == '12.10", "variant_label == '12.10"),
    "unclosed double quote": ('"nvidia in variant_namespaces', '"nvidia in variant_namespaces'),
    # A quote ends at the next one of its kind, so what follows is between two strings.
    "quotes in quotes": (
        "os_name == '\"' and 'nvidia' in variant_namespaces",
        f"os_name == '\"' and {TRUE}",
    ),
    "marker after a string": ("'a' 'nvidia' in variant_namespaces", f"'a' {TRUE}"),
    "second semicolon": (
        "os_name == ';' and variant_label == '12.10'",
        f"os_name == ';' and {TRUE}",
    ),
    "line break": ("variant_label\n==\n'12.10'", TRUE),
    "comment": ("variant_label == '12.10' # variant_label", f"{TRUE} # variant_label"),
    "NUL": ("variant_label == '\0'", FALSE),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("marker", "expected"), HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_marker_is_evaluated_or_unchanged(marker: str, expected: str) -> None:
    """Any text in a marker is evaluated or left as it is; nothing is an error."""
    assert bind_markers(f"name;{marker}", CHOSEN) == f"name;{expected}"


@pytest.mark.parametrize(
    "text",
    [
        "'" * 10_000,
        "'a' " * 10_000,
        "'" + "a" * 10_000,
        " " * 10_000,
        "'a'" + " " * 10_000 + "in" + " " * 10_000,
        "variant_label" + " " * 10_000,
        "variant_label == " * 10_000,
        "not " * 10_000,
        "'" + "::" * 10_000 + "' in variant_properties" + " and" * 10_000,
    ],
    ids=["quotes", "strings", "open", "blanks", "in", "label", "labels", "not", "colons"],
)
def test_long_marker_is_read_in_linear_time(text: str) -> None:
    """A marker of any length is read in less than a second."""
    with within(1, time.process_time):
        bind_markers(f"name; {text}", CHOSEN)


def test_ten_thousand_comparisons_are_all_evaluated() -> None:
    """Long markers are evaluated to the end."""
    many = " and ".join(["'nvidia' in variant_namespaces"] * 10_000)
    assert bind_markers(f"name; {many}", CHOSEN) == f"name; {' and '.join([TRUE] * 10_000)}"


@pytest.mark.parametrize(
    ("url", "marker", "expected"),
    [
        ("https://host/a;b/n.whl", "variant_label == '12.10'", TRUE),
        # A quote there is read as the beginning of a string, which ends in the marker.
        pytest.param(
            "https://host/a;b'c/n.whl",
            "'nvidia' in variant_namespaces",
            TRUE,
        ),
        pytest.param(
            "https://host/a;variant_label=='12.10'/n.whl",
            "os_name == 'nt'",
            "os_name == 'nt'",
        ),
    ],
    ids=["path", "quote", "like a marker"],
)
def test_semicolon_in_a_url_starts_no_marker(url: str, marker: str, expected: str) -> None:
    """A semicolon in a URL does not start the marker (PEP 508: white space precedes that one)."""
    assert bind_markers(f"name @ {url} ; {marker}", CHOSEN) == f"name @ {url} ; {expected}"


def _supported() -> dict[Namespace, SupportedProperties]:
    """Return what a machine supports: some of the properties of the variant below."""
    nvidia = (("sm_arch", ("90_real", "90_virtual")), ("cuda_version_lower_bound", ("12.8",)))
    return by_namespace(supported("nvidia", "built-in", nvidia))


CU128 = variant(
    "cu128",
    "nvidia :: sm_arch :: 75_real",
    "nvidia :: sm_arch :: 90_real",
    "nvidia :: cuda_version_lower_bound :: 12.8",
    "x86_64 :: level :: v3",
)


def test_environment_has_only_supported_properties() -> None:
    """Namespaces and features are those of the variant, properties only the supported ones."""
    assert marker_environment(CU128, _supported()) == MarkerEnvironment(
        label="cu128",
        namespaces=frozenset({"nvidia", "x86_64"}),
        features=frozenset(
            {"nvidia :: sm_arch", "nvidia :: cuda_version_lower_bound", "x86_64 :: level"}
        ),
        properties=frozenset(
            {"nvidia :: sm_arch :: 90_real", "nvidia :: cuda_version_lower_bound :: 12.8"}
        ),
    )


def test_environment_without_supported_properties_has_none() -> None:
    """If nothing is supported there are no properties; label, namespaces and features stay."""
    found = marker_environment(CU128, {})
    assert found.properties == frozenset()
    assert (found.label, found.namespaces) == ("cu128", frozenset({"nvidia", "x86_64"}))


@pytest.mark.parametrize("label", ["null", "00000000", "cpu"])
def test_environment_of_null_variant_has_only_its_label(label: str) -> None:
    """A null variant has its label and empty sets."""
    assert marker_environment(variant(label), _supported()) == MarkerEnvironment(label=label)


@pytest.mark.parametrize(
    ("requirement", "needs"),
    [
        ("name; os_name == 'nt'", False),
        ("name; variant_label == 'a'", False),
        ("name; 'a' in variant_namespaces", False),
        ("name; 'a :: b' in variant_features", False),
        ("name; 'a :: b :: c' in variant_properties", True),
    ],
)
def test_only_properties_need_supported_properties(requirement: str, *, needs: bool) -> None:
    """Only a marker about properties depends on what the machine supports."""
    assert needs_supported_properties(requirement) is needs


@pytest.mark.parametrize(
    ("requirement", "comparisons"),
    [
        ("name", ()),
        ("name; os_name == 'nt'", ()),
        ("name; variant_label == 'a'", (("variant_label", "a"),)),
        ('name; "a" != variant_label', (("variant_label", "a"),)),
        (
            "name @ https://host/a;b ; 'a' in variant_namespaces or 'a::b' not in variant_features",
            (("variant_namespaces", "a"), ("variant_features", "a::b")),
        ),
        ("name; 'a :: b :: c' in variant_properties", (("variant_properties", "a :: b :: c"),)),
        ("name; os_name == 'variant_label == 1'", ()),
        ("variant_label == 'a'", ()),
    ],
)
def test_comparisons_about_variants_are_listed(
    requirement: str, comparisons: tuple[tuple[str, str], ...]
) -> None:
    """Each comparison is the name of the marker and the string, for lint."""
    assert variant_comparisons(requirement) == comparisons


names = st.sampled_from(["python_version", "os_name", "sys_platform", "extra", "platform_machine"])
operators = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "~=", "in", "not in", "==="])
texts = st.text(st.characters(exclude_characters="'\"", codec="utf-8"), max_size=20)
strings = st.one_of(texts.map(lambda text: f"'{text}'"), texts.map(lambda text: f'"{text}"'))
comparisons = st.one_of(
    st.tuples(names, operators, strings), st.tuples(strings, operators, names)
).map(" ".join)
markers = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        inner.map(lambda text: f"({text})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
    ),
    max_leaves=8,
)


@given(markers)
def test_markers_without_variant_names_are_unchanged(marker: str) -> None:
    """A marker that has none of the four names is the same text afterwards, for any wheel."""
    assert bind_markers(f"name; {marker}", CHOSEN) == f"name; {marker}"
    assert bind_markers(f"name; {marker}", PLAIN) == f"name; {marker}"


@given(markers, markers)
def test_markers_beside_variant_names_are_unchanged(before: str, after: str) -> None:
    """Beside a comparison about variants, the other ones keep their texts."""
    marker = f"({before}) and 'nvidia' in variant_namespaces or ({after})"
    assert bind_markers(f"name; {marker}", CHOSEN) == f"name; ({before}) and {TRUE} or ({after})"
