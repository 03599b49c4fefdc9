"""Lint of one document: every rule as a document that breaks it, with the whole text."""

from __future__ import annotations

import json

import pytest

from pip_variants.lint.document import check_document
from pip_variants.lint.findings import KINDS, finding, summary
from pip_variants.providers.registry import known_features

PEP825 = {
    "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json",
    "default-priorities": {"namespace": ["gpu"]},
    "variants": {"a": {"gpu": {"arch": ["1"]}}, "null": {}},
}
PEP850_SCHEMA = "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json"
PEP850 = {**PEP825, "$schema": PEP850_SCHEMA, "providers": {"gpu": {"requires": ["gpu-provider"]}}}
V003: dict[str, dict[str, object]] = {
    "default-priorities": {"namespace": ["gpu"]},
    "providers": {"gpu": {"requires": ["gpu-provider"], "install-time": True}},
    "static-properties": {},
    "variants": {"a": {"gpu": {"arch": ["1"]}}, "null": {}},
}
V002 = {
    "default-priorities": {"namespace": ["gpu"]},
    "providers": {"gpu": {"requires": ["gpu-provider"], "plugin-use": "all"}},
    "variants": {"a": {"gpu": {"arch": ["1"]}}, "null": {}},
}
EARLY = {"provider-requires": ["gpu-provider"], "variants": {"a": {"gpu": {"arch": "1"}}}}


def _static(**features: object) -> dict[str, object]:
    return {"gpu": {"static-properties": features}}


def _lines(document: object) -> str:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    found = check_document("x.json", text)
    assert {item.kind for item in found.findings} <= KINDS.keys()
    return "".join(f"{item.line}\n" for item in found.findings)


@pytest.mark.parametrize(
    "document", [PEP825, PEP850, V003, V002], ids=["0.1.1", "0.2.0", "0.0.3", "0.0.2"]
)
def test_valid_document_has_no_findings(document: object) -> None:
    """There is nothing to report about a document that follows the rules of its revision."""
    assert _lines(document) == ""


CASES = {
    "not JSON": (
        b"\xff",
        (
            "error: x.json: not JSON: 'utf-8' codec can't decode byte 0xff in position 0: invalid"
            " start byte\n"
        ),
    ),
    "nested": (b"[" * 100_000, "error: x.json: not JSON: nested too deeply\n"),
    "a list": ([], "error: x.json: expected an object, found a list\n"),
    "empty": (
        {},
        (
            "error: x.json: $schema: missing\n"
            "error: x.json: default-priorities: missing\n"
            "error: x.json: variants: missing\n"
        ),
    ),
    "a key that 0.1.1 does not have": (
        {**PEP825, "comment": 1},
        "error: x.json: comment: not a key of this revision\n",
    ),
    "a key that 0.2.0 does not have": (
        {**PEP850, "providers": {"gpu": {"requires": ["p"], "install-time": "x", "builtin": "b"}}},
        (
            "error: x.json: providers.gpu.install-time: not a key of this revision\n"
            "error: x.json: providers.gpu: expected exactly one of requires, static-properties,"
            " builtin\n"
        ),
    ),
    "a key that 0.0.3 does not have": (
        {**V003, "providers": {"gpu": {"requires": ["p"], "install-time": True, "x\n": 1}}},
        "warning: x.json: providers.gpu['x\\n']: not a key of this revision\n",
    ),
    "every label that cannot be read": (
        {**PEP825, "variants": {"a": {"gpu": {"arch": ["1", "1", "", 2]}}, "B": {}}},
        (
            "error: x.json: variants['a'].gpu.arch[1]: '1' is listed twice\n"
            "error: x.json: variants['B']: not a label of a-z, 0-9, _ and .\n"
        ),
    ),
    "providers, priorities and labels that cannot be read": (
        {
            **PEP850,
            "default-priorities": {"namespace": "gpu"},
            "providers": {"gpu": {"requires": "p"}, "CPU": {"builtin": "b"}, "x": {"builtin": 1}},
            "variants": {"a": 1, "b": {}},
        },
        (
            "error: x.json: default-priorities.namespace: expected a list, found a string\n"
            "error: x.json: providers.gpu.requires: expected a list, found a string\n"
            "error: x.json: providers.CPU: not a name of a-z, 0-9 and _\n"
            "error: x.json: providers.x.builtin: expected a string, found a number\n"
            "error: x.json: variants['a']: expected an object, found a number\n"
        ),
    ),
    "the reader's error replaces the rule about the same value": (
        {
            **PEP850,
            "providers": {"gpu": {"static-properties": {"arch": ["1"]}, "feature-order": []}},
        },
        "error: x.json: providers.gpu.feature-order: 'arch' is not listed\n",
    ),
    "an empty list": (
        {**PEP825, "default-priorities": {"namespace": []}, "variants": {"null": {}}},
        "error: x.json: default-priorities.namespace: expected at least one item\n",
    ),
    "a label of 17 characters": (
        {**V003, "variants": {"a2345678901234567": {}}},
        (
            "warning: x.json: variants['a2345678901234567']: a label has at most 16 characters in"
            " this revision\n"
            "note: x.json: variants['a2345678901234567']: a variant without properties is the null"
            " variant, labelled null\n"
        ),
    ),
    "priorities of 0.1.0": (
        {
            **PEP825,
            "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.0.json",
            "default-priorities": {"namespace": ["gpu"], "feature": {"gpu": [1]}},
        },
        "error: x.json: default-priorities.feature.gpu[0]: 1 is not a name of a-z, 0-9 and _\n",
    ),
    "no provider": (
        {**PEP850, "variants": {"a": {"gpu": {"arch": ["1"]}, "cpu": {"level": ["v3"]}}}},
        (
            "error: x.json: variants['a'].cpu: no provider serves this namespace, so no machine"
            " supports it\n"
            "error: x.json: variants['a'].cpu: default-priorities.namespace does not list this"
            " namespace, so it ranks last\n"
        ),
    ),
    "no provider, but reserved: T9": (
        {**V003, "variants": {"a": {"abi_dependency": {"torch": ["2.8"]}}}},
        (
            "warning: x.json: variants['a'].abi_dependency: default-priorities.namespace does not"
            " list this namespace, so it ranks last\n"
        ),
    ),
    "a provider without a priority": (
        {
            **V003,
            "default-priorities": {"namespace": ["gpu"]},
            "providers": {
                **V003["providers"],
                "cpu": {"requires": ["cpu-provider"]},
            },
        },
        (
            "warning: x.json: providers.cpu: default-priorities.namespace does not list this"
            " namespace, so it ranks last\n"
        ),
    ),
    "a priority without a provider": (
        {**PEP850, "default-priorities": {"namespace": ["gpu", "cpu"]}},
        "error: x.json: default-priorities.namespace[1]: 'cpu' has no provider\n",
    ),
    "static values": (
        {**PEP850, "providers": _static(order=["1", "2"])},
        (
            "error: x.json: variants['a'].gpu.arch: no static value matches it, so no machine"
            " supports this variant\n"
            "warning: x.json: providers.gpu.static-properties.order: no variant uses this feature,"
            " so its static values match nothing\n"
        ),
    ),
    "static values of another feature's value": (
        {**PEP850, "providers": _static(arch=["2"])},
        (
            "error: x.json: variants['a'].gpu.arch: no static value matches it, so no machine"
            " supports this variant\n"
        ),
    ),
    "markers": (
        {
            **V003,
            "providers": {
                "gpu": {
                    "requires": ["gpu; variant_label == 'a'", "gpu; os_name == 'nt'", "\u202e;"],
                    "enable-if": "os_name ~ 'x'",
                    "install-time": True,
                }
            },
        },
        "error: x.json: providers.gpu.requires[2]: '\\u202e;' has unprintable characters\n",
    ),
    "markers that cannot be read": (
        {
            **V003,
            "providers": {
                "gpu": {
                    "requires": ["gpu; variant_label == 'a'", "gpu; os_name == 'nt'", "\u00e9;;"],
                    "enable-if": "os_name ~ 'x'",
                    "install-time": True,
                }
            },
        },
        (
            "error: x.json: providers.gpu.enable-if: \"os_name ~ 'x'\" is not a valid environment"
            " marker here\n"
            "error: x.json: providers.gpu.requires[0]: \"gpu; variant_label == 'a'\" is not a valid"
            " requirement here\n"
            "error: x.json: providers.gpu.requires[2]: '\\xe9;;' is not a valid requirement here\n"
        ),
    ),
    "null under another label: T6": (
        {**PEP825, "variants": {"00000000": {}}},
        (
            "error: x.json: variants['00000000']: a variant without properties is the null variant,"
            " labelled null\n"
        ),
    ),
    "unsorted: T12": (
        {**PEP825, "variants": {"a": {"gpu": {"arch": ["2", "1"], "os": ["b", "a"]}}}},
        "note: x.json: variants['a'].gpu.arch: the values, a set, are not in sorted order\n",
    ),
    "no providers in what should be 0.2.0": (
        {**PEP825, "$schema": PEP850_SCHEMA},
        (
            "error: x.json: $schema: states revision 0.2.0, but the content is not of it:"
            " providers: missing\n"
        ),
    ),
    "a string for a list": (
        {
            **PEP850,
            "variants": {"a": {"gpu": {"arch": "1"}}, "b": {"gpu": {"arch": ["2"]}}},
        },
        (
            "warning: x.json: variants['a'].gpu.arch: a string, though other features have lists\n"
            "error: x.json: $schema: states revision 0.2.0, but the content is not of it:"
            " variants['a'].gpu.arch: expected a list, found a string\n"
        ),
    ),
    "a string for a list, of a namespace that is none": (
        {"variants": {"a": {"\x1b[2J\n": {"arch": "1"}}, "b": {"gpu": {"arch": ["2"]}}}},
        (
            "warning: x.json: variants['a']['\\x1b[2J\\n'].arch: a string, though other features"
            " have lists\n"
            "error: x.json: variants['a']['\\x1b[2J\\n']: not a name of a-z, 0-9 and _\n"
        ),
    ),
    "static-properties of 0.0.3 in 0.2.0": (
        {**PEP850, "static-properties": {}},
        (
            "error: x.json: $schema: states revision 0.2.0, but the content is not of it:"
            " static-properties: not a key of this revision\n"
        ),
    ),
    "priorities of 0.1.0 in 0.1.1": (
        {**PEP825, "default-priorities": {"namespace": ["gpu"], "feature": {"gpu": ["arch"]}}},
        (
            "error: x.json: $schema: states revision 0.1.1, but the content is not of it:"
            " default-priorities.feature: not a key of this revision\n"
        ),
    ),
    "a provider of 0.2.0 in 0.0.3": (
        {
            **PEP850,
            "$schema": "https://variants-schema.wheelnext.dev/v0.0.3.json",
            "providers": _static(arch=["1"]),
        },
        (
            "warning: x.json: $schema: states revision 0.0.3, but the content is not of it:"
            " providers.gpu.requires: missing\n"
        ),
    ),
    "what two revisions have in common": (
        {**PEP850, "$schema": "https://variants-schema.wheelnext.dev/v0.0.3.json"},
        "",
    ),
    "later keys in an early document": (
        {
            "provider-requires": ["p"],
            "static-properties": {},
            "variants": {"a": {"gpu": {"arch": "1"}}},
        },
        (
            "warning: x.json: static-properties: not a key of this revision\n"
            "warning: x.json: variants['a'].gpu: default-priorities.namespace does not list this"
            " namespace, so it ranks last\n"
        ),
    ),
    "a built-in that nobody has": (
        {**PEP850, "providers": {"gpu": {"builtin": "gpuu"}}},
        "warning: x.json: providers.gpu.builtin: no built-in provider 'gpuu' is known\n",
    ),
    "a version of another distribution": (
        {
            **PEP850,
            "default-priorities": {"namespace": ["abi_dependency"]},
            "providers": {"abi_dependency": {"builtin": "abi_dependency"}},
            "variants": {
                "a": {"abi_dependency": {"torch": ["2.8", "2.9.0"]}},
                "b": {"abi_dependency": {"torch": ["2.8", "v2.9"]}},
                "c": {"abi_dependency": {"torch": ["2.8.0.1"]}},
            },
        },
        (
            "warning: x.json: variants['b'].abi_dependency.torch: 'v2.9' is not one to three"
            " numbers of a version\n"
            "error: x.json: variants['c'].abi_dependency.torch: '2.8.0.1' is not one to three"
            " numbers of a version, so no machine supports this variant\n"
        ),
    ),
    "early": (
        EARLY,
        (
            "warning: x.json: variants['a'].gpu: default-priorities.namespace does not list this"
            " namespace, so it ranks last\n"
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_broken_rule_is_one_line(case: str) -> None:
    """Every rule that a document breaks is one finding with path and reason."""
    document, text = CASES[case]
    assert _lines(document) == text


def test_path_of_static_values_depends_on_revision() -> None:
    """A finding about static values has the path that they have in this document."""
    old = {**V002, "providers": {"gpu": {"plugin-use": "none"}}}
    old["default-priorities"] = {"namespace": ["gpu"], "property": {"gpu": {"order": ["1"]}}}
    new = {**V003, "providers": {"gpu": {"install-time": False}}}
    new["static-properties"] = {"gpu": {"order": ["1"]}}
    assert ": default-priorities.property.gpu.order: no variant uses" in _lines(old)
    assert ": static-properties.gpu.order: no variant uses" in _lines(new)


def test_at_most_a_hundred_violations_are_reported() -> None:
    """A document with a thousand mistakes does not fill the screen."""
    document = {**PEP825, **{f"key{i}": 1 for i in range(1000)}}
    assert len(_lines(document).splitlines()) == 100


def test_json_entry_has_four_fields() -> None:
    """An entry of `--json` has the fields that the README documents."""
    item = finding("unsorted", "x.json", "variants", "text")
    assert item.entry() == {
        "severity": "note",
        "file": "x.json",
        "path": "variants",
        "message": "text",
    }


@pytest.mark.parametrize(
    ("kinds", "files", "text"),
    [
        ((), 1, "No findings in 1 file."),
        ((), 3, "No findings in 3 files."),
        (("broken",), 1, "1 error in 1 file."),
        (
            ("schema", "broken", "schema", "unsorted"),
            1200,
            "1 error, 2 warnings, 1 note in 1,200 files.",
        ),
    ],
)
def test_summary_counts_findings_by_severity(kinds: tuple[str, ...], files: int, text: str) -> None:
    """The last line has the number of findings of each severity, and of files."""
    assert summary([finding(kind, "x", "", "text") for kind in kinds], files) == text


X86 = {
    "$schema": PEP850_SCHEMA,
    "default-priorities": {"namespace": ["x86_64", "nvidia"]},
    "providers": {
        "x86_64": {"requires": ["provider-variant-x86-64"]},
        "nvidia": {"requires": ["nvidia-variant-provider>=0.0.2; platform_system == 'Linux'"]},
        "amd": {"requires": ["amd-variant-provider>=0.0.2,<1.0.0"]},
        "tpu": {"requires": ["tpu-variant-provider>=0.1,<1"]},
        "intel": {"requires": ["intel-variant-provider>=0.0.3,<1.0.0"]},
    },
}
# What a variant requires, and what is found: below its namespace and feature.
NEVER = {
    ("x86_64", "level", "v3"): None,
    ("x86_64", "avx512f", "on"): None,
    ("nvidia", "cuda_version_lower_bound", "12"): None,
    ("nvidia", "sm_arch", "35_real 90_real 120_virtual"): None,
    ("amd", "gfx_arch", "gfx950 gfx1151 gfx1250 gfx803"): None,
    ("amd", "rocm_version", "7.1"): None,
    ("amd", "gfx_arch", "gfx942 gfx90aa"): (
        "warning: its provider never reports 'gfx90aa'; did you mean gfx90a?"
    ),
    ("amd", "rocm_version", "rocm7.1"): (
        "error: its provider never reports 'rocm7.1', so no machine supports this variant"
    ),
    ("intel", "device_ip", "12.55.8 12.61.7 30.5.4"): None,
    ("intel", "device_ip", "20.1.0 20.1"): (
        "warning: its provider never reports '20.1'; did you mean 20.1.0?"
    ),
    ("intel", "device_ip", "bmg"): (
        "error: its provider never reports 'bmg', so no machine supports this variant"
    ),
    ("tpu", "present", "true"): None,
    ("tpu", "present", "yes"): (
        "error: its provider never reports 'yes', so no machine supports this variant"
    ),
    ("x86_64", "levle", "v2"): (
        "error: its provider never reports this feature, so no machine supports this variant;"
        " did you mean level?"
    ),
    ("x86_64", "brand", "intel"): (
        "error: its provider never reports this feature, so no machine supports this variant"
    ),
    ("x86_64", "level", "v33"): (
        "error: its provider never reports 'v33', so no machine supports this variant;"
        " did you mean v3?"
    ),
    ("x86_64", "avx2", "1"): (
        "error: its provider never reports '1', so no machine supports this variant"
    ),
    ("x86_64", "level", "v3 v33"): ("warning: its provider never reports 'v33'; did you mean v3?"),
    ("nvidia", "sm_arch", "90a_real"): (
        "error: its provider never reports '90a_real', so no machine supports this variant;"
        " did you mean 90_real?"
    ),
    ("nvidia", "cuda_version_lower_bound", "12.99"): (
        "error: its provider never reports '12.99', so no machine supports this variant;"
        " did you mean 12.9?"
    ),
}


@pytest.mark.parametrize("required", NEVER)
@pytest.mark.parametrize("revision", ["0.1.1", "0.2.0"])
def test_what_a_built_in_never_reports_is_found(
    required: tuple[str, str, str], revision: str
) -> None:
    """A feature or value that no machine has is a mistake, and the nearest one is named.

    PEP 825 alone has no providers: there the namespace says which one it is.
    """
    namespace, feature, values = required
    document = {**X86, "variants": {"a": {namespace: {feature: sorted(values.split())}}}}
    if revision == "0.1.1":
        document = {**document, "$schema": PEP825["$schema"]}
        del document["providers"]
    found = check_document("x.json", json.dumps(document).encode(), known=known_features).findings
    expected = NEVER[required]
    path = f"variants['a'].{namespace}.{feature}"
    assert [f"{item.severity}: {item.message}" for item in found if item.path == path] == (
        [expected] if expected else []
    )


def test_priorities_for_what_is_never_reported_are_found() -> None:
    """They have no effect."""
    document = {
        "default-priorities": {
            "namespace": ["x86_64"],
            "feature": {"x86_64": ["levle", "avx2"]},
            "property": {"x86_64": {"level": ["v3", "v33"], "avx3": ["on"]}},
        },
        "providers": {"x86_64": {"requires": ["provider-variant-x86-64"]}},
        "variants": {"a": {"x86_64": {"level": ["v3"]}}},
    }
    found = check_document("x.json", json.dumps(document).encode(), known=known_features).findings
    assert [item.line.removeprefix("warning: x.json: default-priorities.") for item in found] == [
        "feature.x86_64: its provider never reports 'levle'; did you mean level?",
        "property.x86_64.level: its provider never reports 'v33'; did you mean v3?",
        "property.x86_64.avx3: its provider never reports 'avx3'; did you mean avx?",
    ]
