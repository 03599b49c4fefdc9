"""The writer loses nothing: the readers read back what it wrote, whatever the revision."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pip_variants.errors import MetadataError
from pip_variants.metadata import Metadata, Priorities, Provider
from pip_variants.properties import Variant, Wanted
from pip_variants.readers import read_text
from pip_variants.writer import write_text

DATA = Path(__file__).parents[3] / "shared" / "data" / "real-index"

VARIANTS = (
    Variant(
        "b", (Wanted("gpu", "arch", frozenset({"2", "1"})), Wanted("gpu", "abi", frozenset({"x"})))
    ),
    Variant("null", ()),
    Variant("a", (Wanted("cpu", "level", frozenset({"v3"})),)),
)


def _metadata(*providers: Provider) -> Metadata:
    names = tuple(provider.namespace for provider in providers)
    return Metadata("0.2.0", Priorities(names), providers, VARIANTS)


PROVIDERS = [
    pytest.param(Provider("gpu", requires=("gpu-provider>=1; os_name == 'posix'",)), id="package"),
    pytest.param(Provider("gpu", ("gpu-provider",), plugin_api="gpu.plugin:Gpu"), id="plugin"),
    pytest.param(Provider("gpu", ("gpu-provider",), optional=True), id="optional"),
    pytest.param(Provider("abi_dependency", builtin="abi_dependency"), id="built-in"),
    pytest.param(Provider("gpu", static=(("arch", ("2", "1")),)), id="one static feature"),
    pytest.param(
        Provider("gpu", static=(("arch", ("2", "1")), ("abi", ("x",)))), id="two static features"
    ),
]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_written_is_read_back(provider: Provider) -> None:
    """Every kind of provider survives, orders too; variants come back sorted by label."""
    found = read_text(write_text(_metadata(provider)))
    assert found.revision == "0.2.0"
    assert found.priorities == Priorities((provider.namespace,))
    assert found.providers == (provider,)
    assert [variant.label for variant in found.variants] == ["a", "b", "null"]
    assert {variant.label: variant.properties for variant in found.variants} == {
        variant.label: variant.properties for variant in VARIANTS
    }


def test_equal_metadata_gives_equal_text() -> None:
    """Neither the order of variants nor that of providers shows in the text."""
    one, two = Provider("gpu", ("a",)), Provider("cpu", ("b",))
    first = Metadata("0.2.0", Priorities(("gpu", "cpu")), (one, two), VARIANTS)
    second = Metadata("0.0.3", Priorities(("gpu", "cpu")), (two, one), VARIANTS[::-1])
    text = write_text(first)
    assert write_text(second) == text
    assert text.endswith("}\n")
    assert list(json.loads(text)) == ["$schema", "default-priorities", "providers", "variants"]


STATIC = Provider("gpu", static=(("arch", ("2", "1")),))
PACKAGE = Provider("gpu", ("gpu-provider",), enable_if="os_name == 'nt'")
BUILT_IN = Provider("abi_dependency", builtin="abi_dependency")
ORDERED = Priorities(("gpu",), (("gpu", ("arch",)),), (("gpu", (("arch", ("2", "1")),)),))
USED = (Variant("a", (Wanted("gpu", "arch", frozenset({"1"})),)),)

REVISIONS = [
    pytest.param("0.0.3", Priorities(("gpu",)), (STATIC,), "0.2.0", id="0.2.0 can say it"),
    pytest.param("0.0.3", Priorities(("gpu",)), (PACKAGE,), "0.0.3", id="enable-if of 0.0.3"),
    pytest.param("0.0.2", Priorities(("gpu",)), (PACKAGE,), "0.0.2", id="enable-if of 0.0.2"),
    pytest.param("early", Priorities(("gpu",)), (PACKAGE,), "0.0.3", id="enable-if of old"),
    pytest.param("0.0.3", ORDERED, (STATIC,), "0.0.3", id="priorities of 0.0.3"),
    pytest.param("0.0.2", ORDERED, (STATIC,), "0.0.2", id="static values of 0.0.2"),
    pytest.param(
        "0.0.2",
        ORDERED,
        (Provider("gpu", static=(("arch", ("1",)),)),),
        "0.0.3",
        id="static values that 0.0.2 does not have",
    ),
    pytest.param("0.0.3", Priorities(()), (), "0.0.3", id="a reserved namespace"),
    pytest.param("0.1", Priorities(("gpu",)), (), "0.1", id="0.1.1"),
    pytest.param("0.1", ORDERED, (), "0.1", id="0.1.0"),
    pytest.param(
        "0.0.3",
        Priorities(("gpu",)),
        (Provider("gpu", static=(("arch", ()),)),),
        "0.0.3",
        id="a feature without a value",
    ),
]


@pytest.mark.parametrize(("own", "priorities", "providers", "written"), REVISIONS)
def test_an_older_revision_says_what_0_2_0_cannot(
    own: str, priorities: Priorities, providers: tuple[Provider, ...], written: str
) -> None:
    """0.2.0 is preferred, the metadata's own revision next, and 0.0.3 is for the rest."""
    metadata = Metadata(own, priorities, providers, USED)
    assert read_text(write_text(metadata)) == Metadata(written, priorities, providers, USED)


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        (
            _metadata(PACKAGE, BUILT_IN),
            (
                "no revision can say all of it: 0.2.0 has no enable-if (providers.gpu);"
                " 0.0.3 has no built-in providers (providers.abi_dependency)"
            ),
        ),
        (
            Metadata("0.0.2", ORDERED, (BUILT_IN,), ()),
            (
                "no revision can say all of it:"
                " 0.2.0 has no feature and property priorities (default-priorities);"
                " 0.0.2 has no built-in providers (providers.abi_dependency);"
                " 0.0.3 has no built-in providers (providers.abi_dependency)"
            ),
        ),
        (
            _metadata(Provider("gpu", builtin="x", plugin_api="y")),
            (
                "no revision can say all of it: 0.2.0 has no built-in providers with a plugin"
                " (providers.gpu); 0.0.3 has no built-in providers (providers.gpu)"
            ),
        ),
    ],
    ids=["enable-if", "feature priorities", "a plugin"],
)
def test_what_no_revision_can_say_is_an_error(metadata: Metadata, problem: str) -> None:
    """Nothing is dropped silently, and every revision that was tried says what it lacks."""
    with pytest.raises(MetadataError) as error:
        write_text(metadata)
    assert str(error.value) == problem


def _meaning(metadata: Metadata) -> object:
    """Return all of a document but its revision, and the order of what is a set."""
    return (
        metadata.priorities,
        {*metadata.providers},
        {variant.label: variant.properties for variant in metadata.variants},
    )


NAMES = st.sampled_from(["gpu", "cpu", "abi_dependency"])
VALUES = st.lists(st.sampled_from("123"), max_size=3, unique=True).map(tuple)
FEATURES = st.dictionaries(NAMES, VALUES, max_size=2).map(lambda found: tuple(found.items()))
TEXT = st.sampled_from(["one", "two>=1", "\u00e9"])
DECLARED = st.builds(
    Provider,
    NAMES,
    requires=st.lists(TEXT, max_size=2).map(tuple),
    plugin_api=st.none() | TEXT,
    enable_if=st.none() | TEXT,
    optional=st.booleans(),
    builtin=st.none() | NAMES,
    static=st.none() | FEATURES,
)
WANTED = st.builds(Wanted, NAMES, NAMES, VALUES.filter(len).map(frozenset))
DOCUMENTS = st.builds(
    Metadata,
    st.sampled_from(["early", "0.0.2", "0.0.3", "0.1", "0.2.0"]),
    st.builds(
        Priorities,
        st.lists(NAMES, unique=True).map(tuple),
        st.dictionaries(NAMES, VALUES.map(lambda _: ("a",))).map(lambda d: tuple(d.items())),
        st.dictionaries(NAMES, FEATURES).map(lambda found: tuple(found.items())),
    ),
    st.lists(DECLARED, unique_by=lambda item: item.namespace).map(tuple),
    st.lists(
        st.builds(
            Variant,
            st.sampled_from("abc"),
            st.lists(WANTED, unique_by=lambda item: (item.namespace, item.feature)).map(tuple),
        ),
        unique_by=lambda item: item.label,
    ).map(tuple),
)


@given(DOCUMENTS)
def test_whatever_can_be_written_is_read_back(metadata: Metadata) -> None:
    """A document is written without loss, or not at all; and what was written is stable."""
    try:
        text = write_text(metadata)
    except MetadataError:
        return
    found = read_text(text)
    assert _meaning(found) == _meaning(metadata)
    assert write_text(found) == text


@pytest.mark.skipif(not DATA.is_dir(), reason="the recorded index is not here")
def test_recorded_documents_survive() -> None:
    """Every recorded document means the same after a round trip."""
    paths = sorted(DATA.rglob("*-variants.json"))
    assert paths
    for path in paths:
        metadata = read_text(path.read_bytes())
        assert _meaning(read_text(write_text(metadata))) == _meaning(metadata), path.name
