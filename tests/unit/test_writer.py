"""The writer writes revision 0.2.0 and nothing else, and the readers read back what it wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        (
            _metadata(Provider("gpu", ("a",), enable_if="os_name == 'nt'")),
            "providers.gpu.enable-if: 0.2.0 has no enable-if; write the marker into requires",
        ),
        (
            Metadata("0.0.2", Priorities((), features=(("gpu", ("arch",)),)), (), ()),
            "default-priorities: 0.2.0 has no feature and property priorities",
        ),
    ],
    ids=["enable-if", "feature priorities"],
)
def test_what_the_revision_cannot_say_is_an_error(metadata: Metadata, problem: str) -> None:
    """Nothing is dropped silently on the way to 0.2.0."""
    with pytest.raises(MetadataError) as error:
        write_text(metadata)
    assert str(error.value) == problem


@pytest.mark.skipif(not DATA.is_dir(), reason="the recorded index is not here")
def test_recorded_documents_survive() -> None:
    """Every recorded document that 0.2.0 can express means the same after a round trip."""
    survived = 0
    for path in sorted(DATA.rglob("*-variants.json")):
        metadata = read_text(path.read_bytes())
        try:
            text = write_text(metadata)
        except MetadataError:
            continue
        found = read_text(text)
        assert found.priorities == metadata.priorities, path.name
        assert set(found.providers) == set(metadata.providers), path.name
        assert {v.label: v.properties for v in found.variants} == {
            v.label: v.properties for v in metadata.variants
        }, path.name
        survived += 1
    assert survived > 0
