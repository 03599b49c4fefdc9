"""Documents of every revision become one model; the revision is detected by their keys."""

from __future__ import annotations

import json

import pytest

from pip_variants.core.metadata import VariantMetadata
from pip_variants.formats.reader import read, read_text, revision_of
from tests.unit.cases import NVIDIA_PLUGIN, TORCH_JSON, metadata, problem_of, provider, variant

Json = dict[str, object]

CU = "cuda_version_lower_bound"
SM_128 = ("75_real", "80_real", "86_real", "90_real", "100_real", "120_real")

TORCH = metadata(
    variant("00000000"),
    variant(
        "cu126",
        f"nvidia :: {CU} :: 12.6",
        *(f"nvidia :: sm_arch :: {sm}_real" for sm in (50, 60, 70, 75, 80, 86, 90)),
    ),
    variant(
        "cu128",
        f"nvidia :: {CU} :: 12.8",
        *(f"nvidia :: sm_arch :: {sm}" for sm in SM_128),
    ),
    variant(
        "cu129",
        f"nvidia :: {CU} :: 12.9",
        *(f"nvidia :: sm_arch :: {sm}" for sm in (*SM_128, "120_virtual")),
    ),
    namespaces=("nvidia",),
    providers=(
        provider(
            "nvidia",
            "nvidia-variant-provider>=0.0.1,<1.0.0",
            plugin_api=NVIDIA_PLUGIN,
            enable_if="platform_system == 'Linux' or platform_system == 'Windows'",
        ),
    ),
    revision="0.0.2",
)

GPU = {"gpu": {"arch": ["90", "80"]}}
GPU_VARIANT = variant("a", "gpu :: arch :: 80", "gpu :: arch :: 90")

# A document of each revision, and the model that it means.
REVISIONS = [
    pytest.param(
        {
            "default-priorities": {
                "namespace": ["gpu", "cpu"],
                "feature": {"gpu": ["arch", "cuda"]},
                "property": {"gpu": {"arch": ["80"]}, "order": {"rank": ["2", "1"]}},
            },
            "providers": {
                "gpu": {"requires": ["gpu-provider"], "plugin-use": "all", "optional": True},
                "order": {"plugin-use": "none"},
                "cpu": {"requires": ["cpu-provider"], "plugin-api": "m:C", "plugin-use": "build"},
            },
            "variants": {"a": GPU, "null": {}},
        },
        metadata(
            GPU_VARIANT,
            variant("null"),
            namespaces=("gpu", "cpu"),
            features=(("gpu", ("arch", "cuda")),),
            values=(("gpu", (("arch", ("80",)),)), ("order", (("rank", ("2", "1")),))),
            providers=(
                provider("gpu", "gpu-provider", optional=True),
                provider("order", static=(("rank", ("2", "1")),)),
                provider("cpu", static=()),
            ),
            revision="0.0.2",
        ),
        id="0.0.2",
    ),
    pytest.param(
        {
            "$schema": "https://variants-schema.wheelnext.dev/v0.0.3.json",
            "default-priorities": {"namespace": ["gpu", "priority"], "feature": {}, "property": {}},
            "providers": {
                "gpu": {"requires": ["gpu-provider"], "enable-if": "os_name == 'nt'"},
                "priority": {"install-time": False, "requires": ["build-only"]},
            },
            "static-properties": {"priority": {"order": ["2", "1"], "cuda": ["13"]}},
            "variants": {"a": GPU},
        },
        metadata(
            GPU_VARIANT,
            namespaces=("gpu", "priority"),
            providers=(
                provider("gpu", "gpu-provider", enable_if="os_name == 'nt'"),
                provider("priority", static=(("order", ("2", "1")), ("cuda", ("13",)))),
            ),
            revision="0.0.3",
        ),
        id="0.0.3",
    ),
    pytest.param(
        {
            "default-priorities": {"namespace": ["gpu"]},
            "providers": {"gpu": {"requires": ["gpu-provider"], "install-time": True}},
            "variants": {"a": GPU},
        },
        metadata(
            GPU_VARIANT,
            namespaces=("gpu",),
            providers=(provider("gpu", "gpu-provider"),),
            revision="0.0.3",
        ),
        id="0.0.3 by install-time alone",
    ),
    pytest.param(
        {
            "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json",
            "default-priorities": {"namespace": ["gpu"]},
            "variants": {"a": GPU},
        },
        metadata(GPU_VARIANT, namespaces=("gpu",), revision="0.1"),
        id="0.1.1, PEP 825",
    ),
    pytest.param(
        {
            "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.0.json",
            "default-priorities": {
                "namespace": ["gpu"],
                "feature": {"gpu": ["arch"]},
                "property": {"gpu": {"arch": ["80"]}},
            },
            "variants": {"a": GPU},
        },
        metadata(
            GPU_VARIANT,
            namespaces=("gpu",),
            features=(("gpu", ("arch",)),),
            values=(("gpu", (("arch", ("80",)),)),),
            revision="0.1",
        ),
        id="0.1.0 with the priorities that it still had",
    ),
    pytest.param(
        {
            "default-priorities": {"namespace": ["gpu", "priority", "kind", "abi_dependency"]},
            "providers": {
                "gpu": {"requires": ["gpu-provider"], "plugin-api": "m:C", "optional": True},
                "priority": {
                    "static-properties": {"cuda": ["13"], "order": ["2", "1"]},
                    "feature-order": ["order", "cuda"],
                },
                "kind": {"static-properties": {"kind": ["b", "a"]}},
                "abi_dependency": {"builtin": "abi_dependency"},
            },
            "variants": {"a": GPU},
        },
        metadata(
            GPU_VARIANT,
            namespaces=("gpu", "priority", "kind", "abi_dependency"),
            providers=(
                provider("gpu", "gpu-provider", plugin_api="m:C", optional=True),
                provider("priority", static=(("order", ("2", "1")), ("cuda", ("13",)))),
                provider("kind", static=(("kind", ("b", "a")),)),
                provider("abi_dependency", builtin="abi_dependency"),
            ),
            revision="0.2.0",
        ),
        id="0.2.0, PEP 850",
    ),
    pytest.param(
        {
            "$schema": "https://variants-schema.wheelnext.dev/v0.0.3.json",
            "default-priorities": {"namespace": ["gpu"]},
            "providers": {"gpu": {"static-properties": {"arch": ["90"]}}},
            "variants": {"a": GPU},
        },
        metadata(
            GPU_VARIANT,
            namespaces=("gpu",),
            providers=(provider("gpu", static=(("arch", ("90",)),)),),
            revision="0.2.0",
        ),
        id="0.2.0 with the schema URL of 0.0.3",
    ),
    pytest.param(
        {
            "default-priorities": {
                "namespace": ["gpu", "cpu"],
                "feature": ["gpu :: arch", "gpu::cuda", "cpu :: level"],
                "property": ["gpu :: arch :: 80", "cpu :: level :: v2", "gpu :: arch :: 9.0"],
            },
            "providers": {
                "gpu": {
                    "requires": ["gpu-provider"],
                    "plugin-api": "m:C",
                    "enable-if": "os_name == 'nt'",
                }
            },
            "variants": {"00000000": {}, "a1b2c3d4": {"gpu": {"arch": "80", "cuda": "12"}}},
        },
        metadata(
            variant("00000000"),
            variant("a1b2c3d4", "gpu :: arch :: 80", "gpu :: cuda :: 12"),
            namespaces=("gpu", "cpu"),
            features=(("gpu", ("arch", "cuda")), ("cpu", ("level",))),
            values=(("gpu", (("arch", ("80", "9.0")),)), ("cpu", (("level", ("v2",)),))),
            providers=(
                provider("gpu", "gpu-provider", plugin_api="m:C", enable_if="os_name == 'nt'"),
            ),
            revision="early",
        ),
        id="early: single values, priorities as plain lists",
    ),
    pytest.param(
        {
            "default-priorities": {"namespace": ["gpu"], "feature": [], "property": []},
            "providers": {"gpu": {"requires": ["gpu-provider"], "plugin-api": "m:C"}},
            "variants": {"a": GPU},
        },
        metadata(
            GPU_VARIANT,
            namespaces=("gpu",),
            providers=(provider("gpu", "gpu-provider", plugin_api="m:C"),),
            revision="early",
        ),
        id="early: lists of values beside empty lists of priorities",
    ),
    pytest.param(
        {
            "provider-requires": ["one-provider", "two-provider>=2"],
            "variants": {"a": {"two": {"x": "1"}, "one": {"y": "2"}}},
        },
        metadata(
            variant("a", "two :: x :: 1", "one :: y :: 2"),
            providers=(
                provider("one", "one-provider", "two-provider>=2"),
                provider("two", "one-provider", "two-provider>=2"),
            ),
            revision="early",
        ),
        id="early: provider-requires for all namespaces at once",
    ),
    pytest.param(
        {"providers": {"gpu": ["gpu-provider"]}, "variants": {"a": {"gpu": {"arch": "80"}}}},
        metadata(
            variant("a", "gpu :: arch :: 80"),
            providers=(provider("gpu", "gpu-provider"),),
            revision="early",
        ),
        id="early: a list of packages for each namespace",
    ),
    pytest.param(
        {"$schema": "https://variants-schema.wheelnext.dev/", "variants": {"a": GPU}},
        metadata(GPU_VARIANT, revision="0.1"),
        id="a bare host as $schema",
    ),
    pytest.param(
        {"x-note": [1], "default-priorities": {"x": 1}, "variants": {"a": GPU}},
        metadata(GPU_VARIANT, revision="0.1"),
        id="unknown keys",
    ),
]

SCHEMAS = [
    pytest.param("https://x.test/v2.0.0.json", "2", id="2.0.0"),
    pytest.param("https://x.test/peps/825/v2.1.json", "2", id="2.1"),
    pytest.param("https://x.test/10.0.3", "10", id="10.0.3"),
    pytest.param(f"v{'9' * 10_000}.0", "999999999", id="10,000 digits"),
]

OLDER_SCHEMAS = [
    pytest.param("https://variants-schema.wheelnext.dev/v0.0.2.json", id="0.0.2"),
    pytest.param("https://variants-schema.wheelnext.dev/", id="bare host"),
    pytest.param("", id="empty"),
    pytest.param(17, id="no string"),
    pytest.param(None, id="null"),
    pytest.param(f"https://{'x' * 10_000}/", id="10,000 characters"),
]


def test_torch_of_the_tutorial_is_read_completely() -> None:
    """A real document of revision 0.0.2, as text and as bytes, gives every value."""
    assert read_text(TORCH_JSON) == TORCH
    assert read_text(TORCH_JSON.encode()) == TORCH


@pytest.mark.parametrize(("document", "expected"), REVISIONS)
def test_document_of_each_revision_gives_the_same_model(
    document: Json, expected: VariantMetadata
) -> None:
    """The revision is detected by the keys, and its words become the values of the model."""
    assert read(document) == expected
    assert read_text(json.dumps(document)) == expected


def test_empty_list_of_ranked_values_is_allowed() -> None:
    """The schemas of 0.0.2 and 0.0.3 allow an empty list of ranked values: nothing is ranked."""
    ranked: Json = {"namespace": ["gpu"], "property": {"gpu": {"arch": []}}}
    found = read({"default-priorities": ranked, "providers": {}, "variants": {"a": GPU}})
    assert found.variants == (GPU_VARIANT,)


@pytest.mark.parametrize(("schema", "major"), SCHEMAS)
def test_unsupported_major_version_is_an_error(schema: str, major: str) -> None:
    """A document of a later major version is not read, whatever its shape."""
    document = {"$schema": schema, "variants": "in a shape of the future"}
    assert problem_of(document) == f"$schema: major version {major} is not supported"


@pytest.mark.parametrize("schema", OLDER_SCHEMAS)
def test_any_other_schema_url_is_ignored(schema: object) -> None:
    """Except for a later major version ``$schema`` does not matter, because it is unreliable."""
    assert read({"$schema": schema, "variants": {"a": GPU}}).variants == (GPU_VARIANT,)


@pytest.mark.parametrize(("document", "expected"), REVISIONS)
def test_detected_revision_is_the_one_that_reads(document: Json, expected: VariantMetadata) -> None:
    """Lint judges a document by the revision as which it is read."""
    assert revision_of(document) == expected.revision


@pytest.mark.parametrize("document", [[], None, "x", {"providers": []}])
def test_other_documents_have_no_revision(document: object) -> None:
    """A document that is not an object, or has no table of providers, has none."""
    assert revision_of(document) is None
