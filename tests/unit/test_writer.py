"""The writer loses nothing: the reader reads back what was written, in any revision."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pip_variants.core.errors import MetadataError
from pip_variants.core.metadata import Priorities, Provider, VariantMetadata
from pip_variants.core.properties import Label, Variant
from pip_variants.formats.reader import read_text
from pip_variants.formats.writer import write_text
from tests.unit.cases import meaning, metadata, priorities, provider, requirement, variant

VARIANTS = (
    variant("b", "gpu :: arch :: 2", "gpu :: arch :: 1", "gpu :: abi :: x"),
    variant("null"),
    variant("a", "cpu :: level :: v3"),
)


def _metadata(*providers: Provider) -> VariantMetadata:
    names = [item.namespace for item in providers]
    return metadata(*VARIANTS, namespaces=names, providers=providers, revision="0.2.0")


PROVIDERS = [
    pytest.param(provider("gpu", "gpu-provider>=1; os_name == 'posix'"), id="package"),
    pytest.param(provider("gpu", "gpu-provider", plugin_api="gpu.plugin:Gpu"), id="plugin"),
    pytest.param(provider("gpu", "gpu-provider", optional=True), id="optional"),
    pytest.param(provider("abi_dependency", builtin="abi_dependency"), id="built-in"),
    pytest.param(provider("gpu", static=(("arch", ("2", "1")),)), id="one static feature"),
    pytest.param(
        provider("gpu", static=(("arch", ("2", "1")), ("abi", ("x",)))), id="two static features"
    ),
]


@pytest.mark.parametrize("item", PROVIDERS)
def test_written_provider_is_read_back_unchanged(item: Provider) -> None:
    """Every kind of provider survives with its orders; variants come back sorted by label."""
    found = read_text(write_text(_metadata(item)))
    assert found.revision == "0.2.0"
    assert found.priorities == priorities((item.namespace,))
    assert found.providers == (item,)
    assert [variant.label for variant in found.variants] == ["a", "b", "null"]
    assert {variant.label: variant.properties for variant in found.variants} == {
        variant.label: variant.properties for variant in VARIANTS
    }


def test_equal_metadata_is_written_as_equal_text() -> None:
    """Neither the order of variants nor that of providers shows in the text."""
    one, two = provider("gpu", "a"), provider("cpu", "b")
    ranked = priorities(("gpu", "cpu"))
    first = VariantMetadata("0.2.0", ranked, (one, two), VARIANTS)
    second = VariantMetadata("0.0.3", ranked, (two, one), VARIANTS[::-1])
    text = write_text(first)
    assert write_text(second) == text
    assert text.endswith("}\n")
    assert list(json.loads(text)) == ["$schema", "default-priorities", "providers", "variants"]


STATIC = provider("gpu", static=(("arch", ("2", "1")),))
PACKAGE = provider("gpu", "gpu-provider", enable_if="os_name == 'nt'")
BUILT_IN = provider("abi_dependency", builtin="abi_dependency")
GPU = priorities(("gpu",))
ORDERED = priorities(("gpu",), (("gpu", ("arch",)),), (("gpu", (("arch", ("2", "1")),)),))
USED = (variant("a", "gpu :: arch :: 1"),)

REVISIONS = [
    pytest.param("0.0.3", GPU, (STATIC,), "0.2.0", id="0.2.0 can express it"),
    pytest.param("0.0.3", GPU, (PACKAGE,), "0.0.3", id="enable-if of 0.0.3"),
    pytest.param("0.0.2", GPU, (PACKAGE,), "0.0.2", id="enable-if of 0.0.2"),
    pytest.param("early", GPU, (PACKAGE,), "0.0.3", id="enable-if of an early document"),
    pytest.param("0.0.3", ORDERED, (STATIC,), "0.0.3", id="priorities of 0.0.3"),
    pytest.param("0.0.2", ORDERED, (STATIC,), "0.0.2", id="static values of 0.0.2"),
    pytest.param(
        "0.0.2",
        ORDERED,
        (provider("gpu", static=(("arch", ("1",)),)),),
        "0.0.3",
        id="static values that 0.0.2 does not have",
    ),
    pytest.param("0.0.3", priorities(), (), "0.0.3", id="a reserved namespace"),
    pytest.param("0.1", GPU, (), "0.1", id="0.1.1"),
    pytest.param("0.1", ORDERED, (), "0.1", id="0.1.0"),
    pytest.param(
        "0.0.3",
        GPU,
        (provider("gpu", static=(("arch", ()),)),),
        "0.0.3",
        id="a feature without a value",
    ),
]


@pytest.mark.parametrize(("own", "ranked", "providers", "written"), REVISIONS)
def test_older_revision_is_written_if_0_2_0_cannot_express_it(
    own: str, ranked: Priorities, providers: tuple[Provider, ...], written: str
) -> None:
    """0.2.0 is preferred, the metadata's own revision next, and 0.0.3 is for the rest."""
    found = read_text(write_text(VariantMetadata(own, ranked, providers, USED)))
    assert found == VariantMetadata(written, ranked, providers, USED)


INEXPRESSIBLE = [
    pytest.param(
        _metadata(PACKAGE, BUILT_IN),
        (
            "no revision can express it: 0.2.0 has no enable-if (providers.gpu);"
            " 0.0.3 has no built-in providers (providers.abi_dependency)"
        ),
        id="enable-if",
    ),
    pytest.param(
        VariantMetadata("0.0.2", ORDERED, (BUILT_IN,), ()),
        (
            "no revision can express it:"
            " 0.2.0 has no feature and property priorities (default-priorities);"
            " 0.0.2 has no built-in providers (providers.abi_dependency);"
            " 0.0.3 has no built-in providers (providers.abi_dependency)"
        ),
        id="feature priorities",
    ),
    pytest.param(
        _metadata(provider("gpu", builtin="x", plugin_api="y")),
        (
            "no revision can express it: 0.2.0 has no built-in providers with a plugin"
            " (providers.gpu); 0.0.3 has no built-in providers (providers.gpu)"
        ),
        id="a plugin",
    ),
]


@pytest.mark.parametrize(("document", "problem"), INEXPRESSIBLE)
def test_inexpressible_metadata_is_an_error_with_all_reasons(
    document: VariantMetadata, problem: str
) -> None:
    """Nothing is dropped silently: the error has the reason of every revision that was tried."""
    with pytest.raises(MetadataError) as error:
        write_text(document)
    assert str(error.value) == problem


names = st.sampled_from(["gpu", "cpu", "abi_dependency"])
values = st.lists(st.sampled_from("123"), max_size=3, unique=True).map(tuple)
features = st.dictionaries(names, values, max_size=2).map(lambda found: tuple(found.items()))
texts = st.sampled_from(["one", "two>=1", "\u00e9"])


def _provider(namespace: str, requires: Iterable[str], **fields: object) -> Provider:
    return provider(namespace, *requires, **fields)  # type: ignore[arg-type] # drawn by type


providers = st.builds(
    _provider,
    names,
    requires=st.lists(texts, max_size=2),
    plugin_api=st.none() | texts,
    enable_if=st.none() | texts,
    optional=st.booleans(),
    builtin=st.none() | names,
    static=st.none() | features,
)
requirements = st.builds(
    lambda namespace, name, listed: requirement(namespace, name, *listed),
    names,
    names,
    values.filter(len),
)
documents = st.builds(
    VariantMetadata,
    st.sampled_from(["early", "0.0.2", "0.0.3", "0.1", "0.2.0"]),
    st.builds(
        priorities,
        st.lists(names, unique=True),
        st.dictionaries(names, st.just(("a",))).map(lambda found: tuple(found.items())),
        st.dictionaries(names, features).map(lambda found: tuple(found.items())),
    ),
    st.lists(providers, unique_by=lambda item: item.namespace).map(tuple),
    st.lists(
        st.builds(
            Variant,
            st.sampled_from("abc").map(Label),
            st.lists(requirements, unique_by=lambda item: item.name).map(tuple),
        ),
        unique_by=lambda item: item.label,
    ).map(tuple),
)


@given(documents)
def test_written_document_means_the_same_and_is_stable(document: VariantMetadata) -> None:
    """A document is written without loss or not at all, and written again as the same text."""
    try:
        text = write_text(document)
    except MetadataError:
        return
    found = read_text(text)
    assert meaning(found) == meaning(document)
    assert write_text(found) == text
