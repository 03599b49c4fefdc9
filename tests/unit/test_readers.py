"""Documents of every revision become one model; what is broken is named by its path."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pip_variants.errors import MetadataError
from pip_variants.metadata import Metadata, Priorities, Provider
from pip_variants.readers import read, read_text
from tests.unit.cases import NVIDIA_PLUGIN, TORCH_JSON, variant

Json = dict[str, object]

REAL_INDEX = Path(__file__).parents[3] / "shared" / "data" / "real-index"
REAL_FILES = sorted(REAL_INDEX.rglob("*-variants.json"))

CU = "cuda_version_lower_bound"
TORCH_080 = ("75_real", "80_real", "86_real", "90_real", "100_real", "120_real")

TORCH = Metadata(
    revision="0.0.2",
    priorities=Priorities(("nvidia",)),
    providers=(
        Provider(
            "nvidia",
            requires=("nvidia-variant-provider>=0.0.1,<1.0.0",),
            plugin_api=NVIDIA_PLUGIN,
            enable_if="platform_system == 'Linux' or platform_system == 'Windows'",
        ),
    ),
    variants=(
        variant("00000000"),
        variant(
            "cu126",
            f"nvidia :: {CU} :: 12.6",
            *(f"nvidia :: sm_arch :: {sm}_real" for sm in (50, 60, 70, 75, 80, 86, 90)),
        ),
        variant(
            "cu128",
            f"nvidia :: {CU} :: 12.8",
            *(f"nvidia :: sm_arch :: {sm}" for sm in TORCH_080),
        ),
        variant(
            "cu129",
            f"nvidia :: {CU} :: 12.9",
            *(f"nvidia :: sm_arch :: {sm}" for sm in (*TORCH_080, "120_virtual")),
        ),
    ),
)

GPU = {"gpu": {"arch": ["90", "80"]}}
GPU_VARIANT = variant("a", "gpu :: arch :: 80", "gpu :: arch :: 90")

# Documents in the words of each revision, and the model that each of them means.
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
        Metadata(
            "0.0.2",
            Priorities(
                ("gpu", "cpu"),
                (("gpu", ("arch", "cuda")),),
                (("gpu", (("arch", ("80",)),)), ("order", (("rank", ("2", "1")),))),
            ),
            (
                Provider("gpu", requires=("gpu-provider",), optional=True),
                Provider("order", static=(("rank", ("2", "1")),)),
                Provider("cpu", static=()),
            ),
            (GPU_VARIANT, variant("null")),
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
        Metadata(
            "0.0.3",
            Priorities(("gpu", "priority")),
            (
                Provider("gpu", requires=("gpu-provider",), enable_if="os_name == 'nt'"),
                Provider("priority", static=(("order", ("2", "1")), ("cuda", ("13",)))),
            ),
            (GPU_VARIANT,),
        ),
        id="0.0.3",
    ),
    pytest.param(
        {
            "default-priorities": {"namespace": ["gpu"]},
            "providers": {"gpu": {"requires": ["gpu-provider"], "install-time": True}},
            "variants": {"a": GPU},
        },
        Metadata(
            "0.0.3",
            Priorities(("gpu",)),
            (Provider("gpu", requires=("gpu-provider",)),),
            (GPU_VARIANT,),
        ),
        id="0.0.3 told by install-time alone",
    ),
    pytest.param(
        {
            "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json",
            "default-priorities": {"namespace": ["gpu"]},
            "variants": {"a": GPU},
        },
        Metadata("0.1", Priorities(("gpu",)), (), (GPU_VARIANT,)),
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
        Metadata(
            "0.1",
            Priorities(("gpu",), (("gpu", ("arch",)),), (("gpu", (("arch", ("80",)),)),)),
            (),
            (GPU_VARIANT,),
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
        Metadata(
            "0.2.0",
            Priorities(("gpu", "priority", "kind", "abi_dependency")),
            (
                Provider("gpu", requires=("gpu-provider",), plugin_api="m:C", optional=True),
                Provider("priority", static=(("order", ("2", "1")), ("cuda", ("13",)))),
                Provider("kind", static=(("kind", ("b", "a")),)),
                Provider("abi_dependency", builtin="abi_dependency"),
            ),
            (GPU_VARIANT,),
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
        Metadata(
            "0.2.0",
            Priorities(("gpu",)),
            (Provider("gpu", static=(("arch", ("90",)),)),),
            (GPU_VARIANT,),
        ),
        id="0.2.0 with the address of 0.0.3",
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
        Metadata(
            "early",
            Priorities(
                ("gpu", "cpu"),
                (("gpu", ("arch", "cuda")), ("cpu", ("level",))),
                (("gpu", (("arch", ("80", "9.0")),)), ("cpu", (("level", ("v2",)),))),
            ),
            (
                Provider(
                    "gpu",
                    requires=("gpu-provider",),
                    plugin_api="m:C",
                    enable_if="os_name == 'nt'",
                ),
            ),
            (variant("00000000"), variant("a1b2c3d4", "gpu :: arch :: 80", "gpu :: cuda :: 12")),
        ),
        id="early: single values, priorities as plain lists",
    ),
    pytest.param(
        {
            "default-priorities": {"namespace": ["gpu"], "feature": [], "property": []},
            "providers": {"gpu": {"requires": ["gpu-provider"], "plugin-api": "m:C"}},
            "variants": {"a": GPU},
        },
        Metadata(
            "early",
            Priorities(("gpu",)),
            (Provider("gpu", requires=("gpu-provider",), plugin_api="m:C"),),
            (GPU_VARIANT,),
        ),
        id="early: lists of values beside empty lists of priorities",
    ),
    pytest.param(
        {"$schema": "https://variants-schema.wheelnext.dev/", "variants": {"a": GPU}},
        Metadata("0.1", Priorities(), (), (GPU_VARIANT,)),
        id="a bare host as $schema",
    ),
    pytest.param(
        {"x-note": [1], "default-priorities": {"x": 1}, "variants": {"a": GPU}},
        Metadata("0.1", Priorities(), (), (GPU_VARIANT,)),
        id="unknown keys",
    ),
]

NO_MODEL = [
    pytest.param([], "expected an object, found a list", id="a list"),
    pytest.param(None, "expected an object, found null", id="null"),
    pytest.param("x", "expected an object, found a string", id="a string"),
    pytest.param(1, "expected an object, found a number", id="a number"),
    pytest.param(False, "expected an object, found a boolean", id="a boolean"),
    pytest.param({}, "variants: missing", id="an empty object"),
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

# What every revision before 0.2.0 says of a provider; `plugin-use` makes it a 0.0.2.
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

VARIANTS = [
    pytest.param([], "variants: expected an object, found a list", id="a list"),
    pytest.param(
        {"a": []}, "variants['a']: expected an object, found a list", id="a variant as a list"
    ),
    pytest.param(
        {"a": {"gpu": "x"}},
        "variants['a'].gpu: expected an object, found a string",
        id="a namespace as a string",
    ),
    pytest.param(
        {"a": {"gpu": {"arch": {"90": 1}}}},
        "variants['a'].gpu.arch: expected a list, found an object",
        id="a feature as an object",
    ),
    pytest.param(
        {"a": {"gpu": {"arch": []}}},
        "variants['a'].gpu.arch: expected at least one value",
        id="no value",
    ),
    pytest.param(
        {"a": {"gpu": {"arch": ["90", "80", "90"]}}},
        "variants['a'].gpu.arch[2]: '90' is listed twice",
        id="a value twice",
    ),
    pytest.param(
        {"a": {"gpu": {"arch": [90]}}},
        "variants['a'].gpu.arch[0]: 90 is not a value of a-z, 0-9, _ and .",
        id="a number as a value",
    ),
    pytest.param(
        {"a": {"gpu": {"arch": ["9" * 10_000 + "/"]}}},
        f"variants['a'].gpu.arch[0]: '{'9' * 79}...' is not a value of a-z, 0-9, _ and .",
        id="a bad value of 10,000 characters",
    ),
    pytest.param(
        {"a": {"gpu/x": {"arch": ["90"]}}},
        "variants['a']['gpu/x']: not a name of a-z, 0-9 and _",
        id="a path separator in a namespace",
    ),
    pytest.param(
        {"a": {"gpu": {"..": ["90"]}}},
        "variants['a'].gpu['..']: not a name of a-z, 0-9 and _",
        id="two dots as a feature",
    ),
    pytest.param(
        {"a": {"gpu": {"a\0b": ["90"]}}},
        r"variants['a'].gpu['a\x00b']: not a name of a-z, 0-9 and _",
        id="NUL in a feature",
    ),
    pytest.param(
        {"null": {"gpu": {"arch": ["90"]}}},
        "variants['null']: the null variant has no properties",
        id="a null variant with properties",
    ),
    pytest.param({"": {}}, "variants['']: not a label of a-z, 0-9, _ and .", id="an empty label"),
    pytest.param(
        {"A": {}}, "variants['A']: not a label of a-z, 0-9, _ and .", id="a label in upper case"
    ),
    pytest.param(
        {"../a": {}},
        "variants['../a']: not a label of a-z, 0-9, _ and .",
        id="a path as a label",
    ),
    pytest.param(
        {"a\\b": {}},
        r"variants['a\\b']: not a label of a-z, 0-9, _ and .",
        id="a Windows path as a label",
    ),
    pytest.param(
        {"a\0": {}}, r"variants['a\x00']: not a label of a-z, 0-9, _ and .", id="NUL in a label"
    ),
    pytest.param(
        {"a\x1b[1m": {}},
        r"variants['a\x1b[1m']: not a label of a-z, 0-9, _ and .",
        id="an escape sequence in a label",
    ),
    pytest.param(
        {"\ud800": {}},
        r"variants['\ud800']: not a label of a-z, 0-9, _ and .",
        id="half a surrogate pair as a label",
    ),
    pytest.param(
        {"A" * 10_000: {}},
        f"variants['{'A' * 79}...']: not a label of a-z, 0-9, _ and .",
        id="a bad label of 10,000 characters",
    ),
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
        '{"variants": {"a\\u0000": {}}}',
        r"variants['a\x00']: not a label of a-z, 0-9, _ and .",
        id="NUL spelt as JSON",
    ),
]


def _problem(document: object) -> str:
    """Return the text of the error that this document is."""
    with pytest.raises(MetadataError) as caught:
        read(document)
    return str(caught.value)


def test_the_torch_of_the_tutorial() -> None:
    """The real shape of revision 0.0.2, as text and as bytes, is the model that one expects."""
    assert read_text(TORCH_JSON) == TORCH
    assert read_text(TORCH_JSON.encode()) == TORCH


@pytest.mark.parametrize(("document", "expected"), REVISIONS)
def test_each_revision_is_read_into_the_one_model(document: Json, expected: Metadata) -> None:
    """A document is told apart by its keys, and means what its revision says."""
    assert read(document) == expected
    assert read_text(json.dumps(document)) == expected


def test_values_of_a_variant_are_a_set() -> None:
    """The order of the values in a variant means nothing (T12)."""
    one = read({"variants": {"a": {"gpu": {"arch": ["80", "90"]}}}})
    other = read({"variants": {"a": {"gpu": {"arch": ["90", "80"]}}}})
    assert one == other


@pytest.mark.parametrize(
    "label", ["cuda12.6", "cu12_pyt2.8.0", "x8664vv4_iomp5", "..", "x" * 10_000]
)
def test_odd_labels_are_labels(label: str) -> None:
    """Dots, underscores and any length are fine (T18)."""
    assert read({"variants": {label: GPU}}).variant(label) is not None


def test_authors_may_rank_no_value() -> None:
    """The schemas of 0.0.2 and 0.0.3 allow an empty list of ranked values: nothing is ranked."""
    ranked: Json = {"namespace": ["gpu"], "property": {"gpu": {"arch": []}}}
    found = read({"default-priorities": ranked, "providers": {}, "variants": {"a": GPU}})
    assert found.variants == (GPU_VARIANT,)


@pytest.mark.parametrize(("document", "text"), NO_MODEL)
def test_what_is_no_document(document: object, text: str) -> None:
    """Something else than an object with variants is refused."""
    assert _problem(document) == text


@pytest.mark.parametrize(("schema", "major"), SCHEMAS)
def test_an_unknown_major_version_is_refused(schema: str, major: str) -> None:
    """A document of a major version that nobody knows yet is not guessed at."""
    document = {"$schema": schema, "variants": "in a shape of the future"}
    assert _problem(document) == f"$schema: major version {major} is not supported"


@pytest.mark.parametrize("schema", OLDER_SCHEMAS)
def test_any_other_schema_is_ignored(schema: object) -> None:
    """What $schema says is else of no consequence, for it lies."""
    assert read({"$schema": schema, "variants": {"a": GPU}}).variants == (GPU_VARIANT,)


@pytest.mark.parametrize(("priorities", "text"), PRIORITIES)
def test_broken_priorities_are_named(priorities: object, text: str) -> None:
    """The error has the path of the first bad value among the priorities."""
    assert _problem({"default-priorities": priorities, "variants": {}}) == text


@pytest.mark.parametrize(("priorities", "text"), EARLY_PRIORITIES)
def test_broken_early_priorities_are_named(priorities: object, text: str) -> None:
    """The error has the path of the first bad text in the plain lists of early documents."""
    assert _problem({"default-priorities": priorities, "variants": {}}) == text


@pytest.mark.parametrize(("provider", "text"), OLD_PROVIDERS)
@pytest.mark.parametrize("key", ["plugin-use", "install-time"], ids=["0.0.2", "0.0.3"])
def test_a_broken_provider_is_named(key: str, provider: object, text: str) -> None:
    """The error has the path of the first bad value of a provider, in either old revision."""
    marker: Json = {"other": {key: "all" if key == "plugin-use" else True, "requires": []}}
    document = {"providers": {**marker, "gpu": provider}, "variants": {}}
    assert _problem(document) == text


def test_an_unknown_plugin_use_is_named() -> None:
    """Revision 0.0.2 has three words for when a plugin is used."""
    document: Json = {"providers": {"gpu": {"plugin-use": "never"}}, "variants": {}}
    expected = "providers.gpu.plugin-use: 'never' is none of all, build, none"
    assert _problem(document) == expected


def test_an_install_time_that_is_no_boolean_is_named() -> None:
    """Revision 0.0.3 has a boolean there."""
    document: Json = {"providers": {"gpu": {"install-time": "no"}}, "variants": {}}
    expected = "providers.gpu.install-time: expected true or false, found a string"
    assert _problem(document) == expected


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
def test_broken_static_values_of_0_0_3_are_named(static: object, text: str) -> None:
    """The error has the path of the first bad static value."""
    document = {"static-properties": static, "providers": {}, "variants": {}}
    assert _problem(document) == text


@pytest.mark.parametrize(("provider", "text"), NEW_PROVIDERS)
def test_a_broken_provider_of_pep_850_is_named(provider: object, text: str) -> None:
    """The error has the path of the first bad value of a provider of revision 0.2.0."""
    document = {"providers": {"other": {"builtin": "x"}, "gpu": provider}, "variants": {}}
    assert _problem(document) == text


@pytest.mark.parametrize(
    ("namespace", "path"),
    [
        pytest.param("GPU", "providers.GPU", id="upper case"),
        pytest.param("../gpu", "providers['../gpu']", id="a path"),
        pytest.param("g\0", r"providers['g\x00']", id="NUL"),
        pytest.param("G" * 10_000 + "/", f"providers['{'G' * 79}...']", id="10,000 characters"),
    ],
)
def test_a_bad_namespace_of_a_provider_is_named(namespace: str, path: str) -> None:
    """The error shows the bad key itself, shortened and in ASCII."""
    document: Json = {"providers": {namespace: {"requires": []}}, "variants": {}}
    assert _problem(document) == f"{path}: not a name of a-z, 0-9 and _"


def test_a_long_name_does_not_flood_the_error() -> None:
    """An error stays one readable line if a namespace has 10,000 characters."""
    document: Json = {"providers": {"g" * 10_000: 1}, "variants": {}}
    assert len(_problem(document)) < 300


def test_a_foreign_name_is_quoted() -> None:
    """The path of a bad value is ASCII, so that any terminal can show it."""
    document: Json = {"providers": {"gr\xf6\xdfe": 1}, "variants": {}}
    assert _problem(document) == r"providers['gr\xf6\xdfe']: expected an object, found a number"


@pytest.mark.parametrize(("variants", "text"), VARIANTS)
def test_a_broken_variant_is_named(variants: object, text: str) -> None:
    """The error has the path of the first bad value of a variant."""
    assert _problem({"variants": variants}) == text


def test_a_bad_namespace_without_features_is_named() -> None:
    """A namespace must be a name, whether it has features or not."""
    expected = "variants['a']['../gpu']: not a name of a-z, 0-9 and _"
    assert _problem({"variants": {"a": {"../gpu": {}}}}) == expected


@pytest.mark.parametrize(("text", "problem"), NOT_JSON)
def test_what_is_not_json(text: str | bytes, problem: str) -> None:
    """A text that is no JSON, or JSON of another shape, is one error in one sentence."""
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
def test_a_deep_value_in_place_of_a_string_is_named(document: Json, path: str) -> None:
    """What the JSON parser still accepts is not too deep for the error text (950 lists will do)."""
    text = _problem(document)
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
def test_no_document_breaks_the_readers(document: Json) -> None:
    """Whatever JSON it is, it is a model or a MetadataError, never another error."""
    try:
        found = read(document)
    except MetadataError as error:
        found = None
        text = str(error)
    if found is None:
        assert text.isprintable()
    else:
        assert {item.label for item in found.variants} <= document["variants"].keys()  # type: ignore[attr-defined] # it was read as an object


@pytest.mark.skipif(not REAL_FILES, reason="no recorded index in ../shared/data/real-index")
@pytest.mark.parametrize(
    "path", REAL_FILES, ids=[str(path.relative_to(REAL_INDEX)) for path in REAL_FILES]
)
def test_every_real_document_is_read(path: Path) -> None:
    """Each file of the recorded index gives all its labels, namespaces and properties."""
    document = json.loads(path.read_bytes())
    found = read_text(path.read_bytes())
    if "static-properties" in document:
        assert found.revision == "0.0.3"
    assert found.priorities.namespaces == (*document["default-priorities"]["namespace"],)
    assert [provider.namespace for provider in found.providers] == [*document["providers"]]
    assert {item.label: {*item.properties} for item in found.variants} == {
        label: {
            f"{namespace} :: {feature} :: {value}"
            for namespace, features in wants.items()
            for feature, values in features.items()
            for value in values
        }
        for label, wants in document["variants"].items()
    }
