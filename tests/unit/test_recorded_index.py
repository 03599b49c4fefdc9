"""The recorded indexes of 2026 as an extra: everything in them is read, written and linted.

They lie beside the checkout of a developer. Without them this module has no tests; the small cases
of the same facts are in ``test_traps``.
"""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from pip_variants.core.markers import PLAIN, bind_markers
from pip_variants.core.merge import FileMetadata
from pip_variants.core.target_markers import parse_requirement
from pip_variants.formats.reader import read_text, revision_of
from pip_variants.formats.writer import write_text
from pip_variants.lint.document import check_document
from pip_variants.lint.findings import Finding
from pip_variants.lint.release import Release, check_release
from pip_variants.providers.registry import known_features
from pip_variants.publish.release_files import LocalFile, group_by_version
from tests.unit.cases import meaning
from tests.unit.schema_cases import DOCUMENTS, KeyPath, paths, shown, value_at

DATA = Path(__file__).parents[3] / "shared" / "data"
INDEX = DATA / "real-index"
SUFFIX = "-variants.json"
DOCUMENT_PATHS = sorted(INDEX.rglob(f"*{SUFFIX}"))


def _projects() -> Iterator[tuple[str, Path, list[str]]]:
    """Yield the recording, the folder and the listed files of each recorded page."""
    for page in sorted(INDEX.glob("v0.0.*/*/files.json")):
        names = [entry["filename"] for entry in json.loads(page.read_bytes())]
        yield page.parent.parent.name, page.parent, names
    folder = INDEX / "dependent-packages"
    wheels = json.loads((folder / "requires-dist.json").read_bytes())
    yield folder.name, folder, [*wheels, *(path.name for path in folder.glob(f"*{SUFFIX}"))]


@cache
def _findings() -> tuple[tuple[str, Finding], ...]:
    """Return all findings, each with the recording that it is in."""
    found = []
    for recording, folder, names in _projects():
        listed = [LocalFile(folder / name) for name in names if name.endswith((".whl", SUFFIX))]
        releases, invalid = group_by_version(listed)
        assert invalid == ()
        for files in releases.values():
            document = None
            for file in sorted(files.documents, key=lambda file: file.name):
                text = file.path.read_bytes()
                result = check_document(file.name, text, known=known_features)
                found += [(recording, item) for item in result.findings]
                assert result.metadata is not None
                document = FileMetadata(file.name, result.metadata)
            release = Release(
                tuple(file.name for file in files.wheels),
                document,
                documents=(document.file,) if document else (),
            )
            found += [(recording, item) for item in check_release(release)]
    return tuple(found)


def _lines(kind: str, recording: str = "v0.0.3") -> list[str]:
    """Return file and path of each finding of a kind."""
    return [
        f"{item.file}: {item.path}"
        for name, item in _findings()
        if item.kind == kind and name == recording
    ]


SCHEMAS = {
    "0.0.2": "v0.0.2.json",
    "0.0.3": "v0.0.3.json",
    "0.1.0": "pep825-v0.1.0.json",
    "0.1.1": "pep825-v0.1.1.json",
}
# An optional second part, which the published pattern does not anchor.
_LOOSE = "^([a-zA-Z0-9._]+ *: *[a-zA-Z0-9._]+)|([a-zA-Z0-9._]+)$"
_STRICT = "^[a-zA-Z0-9._]+( *: *[a-zA-Z0-9._]+)?$"
_TYPES: Mapping[object, type] = {"object": dict, "array": list, "string": str, "boolean": bool}


def _is_valid(value: object, schema: Mapping[str, object]) -> bool:
    """Return whether ``value`` follows a JSON schema, for the keywords that ours have."""
    expected = _TYPES.get(schema.get("type", "object" if "patternProperties" in schema else None))
    if expected is not None and not isinstance(value, expected):
        return False
    if isinstance(value, dict):
        return _is_valid_object(value, schema)
    if isinstance(value, list):
        item = schema.get("items", {})
        assert isinstance(item, dict)
        distinct = len({json.dumps(entry) for entry in value}) == len(value)
        return (
            (distinct or not schema.get("uniqueItems"))
            and len(value) >= int(str(schema.get("minItems", 0)))
            and all(_is_valid(entry, item) for entry in value)
        )
    if isinstance(value, str):
        pattern = str(schema.get("pattern", "")).replace(_LOOSE, _STRICT)
        choices = schema.get("enum", [value])
        assert isinstance(choices, list)
        return (
            re.search(pattern.replace("$", r"\Z"), value) is not None
            and len(value) >= int(str(schema.get("minLength", 0)))
            and value in choices
        )
    return True


def _is_valid_object(value: Mapping[str, object], schema: Mapping[str, object]) -> bool:
    known: Mapping[str, Mapping[str, object]] = schema.get("properties", {})  # type: ignore[assignment]
    patterns: Mapping[str, Mapping[str, object]] = schema.get("patternProperties", {})  # type: ignore[assignment]
    required = [*schema.get("required", [])]  # type: ignore[misc]
    condition = schema.get("if")
    if isinstance(condition, dict):
        ((key, constant),) = condition["properties"].items()
        if key not in value or value[key] != constant["const"]:
            required += schema["else"]["required"]  # type: ignore[index]
    if any(key not in value for key in required):
        return False
    for key, item in value.items():
        matching = [inner for text, inner in patterns.items() if re.search(text, key)]
        if key in known:
            matching.append(known[key])
        if not matching and schema.get("additionalProperties") is False:
            return False
        if not all(_is_valid(item, inner) for inner in matching):
            return False
    return True


VALUES: tuple[object, ...] = (
    None,
    True,
    0,
    "",
    "x",
    "A-b",
    "m : C",
    "m::C",
    [],
    ["x"],
    ["X"],
    ["x", "x"],
    [""],
    [1],
    {},
    {"x": 1},
    {"x": ["1"]},
    {"x": {"y": ["1"]}},
    {"a.b": {"c.d": []}},
)


def _mutations(revision: str) -> Iterator[tuple[str, object]]:
    """Yield documents of a revision with one value changed, added or removed."""
    base = DOCUMENTS[revision]
    for path in [(), *paths(base)]:
        old = value_at(base, path)
        if path:
            yield f"without {shown(path)}", _edited(base, path, remove=True)
            for value in VALUES:
                yield f"{shown(path)} = {value!r}", _edited(base, path, value)
        if isinstance(old, dict):
            for value in VALUES:
                yield f"{shown(path)} + {value!r}", _edited(base, (*path, "new"), value)


def _edited(base: object, path: KeyPath, value: object = None, *, remove: bool = False) -> object:
    document = copy.deepcopy(base)
    table = value_at(document, path[:-1])
    assert isinstance(table, (dict, list))
    if remove:
        del table[path[-1]]  # type: ignore[arg-type]
    else:
        table[path[-1]] = value  # type: ignore[index]
    return document


if DATA.is_dir():

    @pytest.mark.parametrize(
        "path", DOCUMENT_PATHS, ids=[str(path.relative_to(INDEX)) for path in DOCUMENT_PATHS]
    )
    def test_every_recorded_document_is_read_completely(path: Path) -> None:
        """Each document gives all its labels, namespaces and properties."""
        document = json.loads(path.read_bytes())
        found = read_text(path.read_bytes())
        if "static-properties" in document:
            assert found.revision == "0.0.3"
        assert found.priorities.namespaces == (*document["default-priorities"]["namespace"],)
        assert [provider.namespace for provider in found.providers] == [*document["providers"]]
        assert {item.label: {*map(str, item.properties)} for item in found.variants} == {
            label: {
                f"{namespace} :: {feature} :: {value}"
                for namespace, features in properties.items()
                for feature, values in features.items()
                for value in values
            }
            for label, properties in document["variants"].items()
        }

    @pytest.mark.parametrize(
        "path", DOCUMENT_PATHS, ids=[str(path.relative_to(INDEX)) for path in DOCUMENT_PATHS]
    )
    def test_every_recorded_document_survives_a_round_trip(path: Path) -> None:
        """Each document means the same after it is written and read again."""
        metadata = read_text(path.read_bytes())
        assert meaning(read_text(write_text(metadata))) == meaning(metadata)

    def test_every_recorded_marker_is_evaluated_completely() -> None:
        """No recorded dependency has a comparison about variants that is left over (T22)."""
        recorded = json.loads((INDEX / "dependent-packages" / "requires-dist.json").read_bytes())
        requirements = {text for listed in recorded.values() for text in listed}
        about_variants = {text for text in requirements if "variant_" in text}
        assert len(about_variants) == 81
        for text in requirements:
            bound = bind_markers(text, PLAIN)
            assert "variant_" not in bound
            assert bound == text or text in about_variants
            parse_requirement(bound)

    def test_recorded_pages_have_these_kinds_of_findings() -> None:
        """The number of findings by kind, and that the recorded pages have no others."""
        assert Counter(item.kind for _, item in _findings()) == {
            "no-null-variant": 134,
            "provider-off": 73,
            "one-platform": 12,
            "unsorted": 12,
            "label-without-wheel": 6,
            "variant-without-static-value": 6,
            "null-label": 4,
            "tag-of-no-machine": 4,
            "namespace-without-priority": 2,
            "static-feature-without-variant": 2,
            "platform-missing": 1,
        }

    def test_t1_platform_without_a_label_is_found() -> None:
        """cuda12.8 of torch 2.10.0 has no wheel for Linux x86_64, its siblings have."""
        (message,) = [item.message for _, item in _findings() if item.kind == "platform-missing"]
        assert _lines("platform-missing") == ["torch-2.10.0-variants.json: variants['cuda12.8']"]
        assert message == "not for Linux x86_64, though all other labels of its kind are"

    def test_t2_tags_that_no_mac_matches_are_found() -> None:
        """The Mac wheels of torch 2.10.0, one for each Python."""
        assert [line.rpartition("-macosx")[0] for line in _lines("tag-of-no-machine")] == [
            f"torch-2.10.0-cp3{minor}-cp3{minor}" for minor in (10, 11, 12, 13)
        ]

    def test_t4_labels_without_wheels_are_found() -> None:
        """The labels that only a document has."""
        assert sorted(_lines("label-without-wheel")) == [
            "numpy-2.3.3-variants.json: variants['x8664v4_mkl']",
            "scipy-1.16.2-variants.json: variants['x8664v4_mkl']",
            "torchvision-0.25.0-variants.json: variants['rocm7.0']",
            "torchvision-0.25.0-variants.json: variants['rocm7.1']",
            "torchvision-0.25.0-variants.json: variants['xpu']",
        ]

    def test_t6_null_variants_under_another_label_are_found() -> None:
        """Those of torch 2.8.0 and torchvision 0.23.0 are labelled 00000000."""
        assert sorted(_lines("null-label")) == [
            "torch-2.8.0-variants.json: variants['00000000']",
            "torchvision-0.23.0-variants.json: variants['00000000']",
        ]

    def test_t7_static_values_that_match_nothing_are_found() -> None:
        """The variants of torch use `cuda`, the static values are of `order`."""
        labels = ("cuda12.6", "cuda12.8", "cuda13.0")
        assert _lines("variant-without-static-value", "dependent-packages") == [
            f"torch-2.{minor}.0-variants.json: variants['{label}'].priority.cuda"
            for minor in (8, 9)
            for label in labels
        ]
        assert _lines("static-feature-without-variant", "dependent-packages") == [
            f"torch-2.{minor}.0-variants.json: static-properties.priority.order" for minor in (8, 9)
        ]

    def test_t9_namespaces_without_a_priority_are_found() -> None:
        """abi_dependency needs no provider, but has no priority either."""
        assert _lines("namespace-without-priority", "dependent-packages") == [
            "flash_attn-2.8.0-variants.json: variants['cu12_pyt2.8.0'].abi_dependency",
            "vllm-0.11.0-variants.json: variants['cu128_pyt2.8.0'].abi_dependency",
        ]

    def test_t12_lists_out_of_order_are_found() -> None:
        """Six files of torch and torchvision."""
        files = {
            f"{recording} {line.partition(':')[0].removesuffix(SUFFIX)}"
            for recording in ("v0.0.2", "v0.0.3")
            for line in _lines("unsorted", recording)
        }
        assert files == {
            "v0.0.2 torch-2.9.0",
            "v0.0.2 torchvision-0.24.0",
            "v0.0.3 torch-2.10.0",
            "v0.0.3 torch-2.9.0",
            "v0.0.3 torchvision-0.24.0",
            "v0.0.3 torchvision-0.25.0",
        }

    def test_t13_versions_without_null_variant_are_found() -> None:
        """Many versions of nvidia-* projects among them, and never more than a note."""
        lines = _lines("no-null-variant")
        assert "nvidia_cublas-13.2.1.1-variants.json: variants" in lines
        assert sum(line.startswith("nvidia_") for line in lines) == 117
        severities = {item.severity for _, item in _findings() if item.kind == "no-null-variant"}
        assert severities == {"note"}

    def test_t16_providers_disabled_for_their_wheels_are_found() -> None:
        """15 files of nvidia-* disable their provider on aarch64, for which they have wheels."""
        found = [
            item
            for _, item in _findings()
            if item.kind == "provider-off" and "Linux aarch64" in item.message
        ]
        assert len(found) == 15
        assert {item.file.partition("_")[0] for item in found} == {"nvidia"}
        assert {item.path for item in found} == {"providers.nvidia.enable-if"}

    @pytest.mark.parametrize("revision", SCHEMAS)
    def test_lint_agrees_with_the_published_schema(revision: str) -> None:
        """A document that breaks its schema has a finding, another breaks no rule."""
        schema = json.loads((DATA / "schema" / SCHEMAS[revision]).read_bytes())
        assert _is_valid(DOCUMENTS[revision], schema)
        name = "0.1" if revision.startswith("0.1.") else revision
        compared = 0
        for change, document in _mutations(revision):
            if revision_of(document) != name or not isinstance(document, dict):
                continue
            compared += 1
            found = check_document("x.json", json.dumps(document).encode()).findings
            valid = _is_valid(document, schema)
            kinds = {item.kind for item in found}
            assert valid or kinds & {"schema", "broken"}, change
            assert not valid or "schema" not in kinds, change
        assert compared > 300

    def test_every_published_schema_is_compared_with_lint() -> None:
        """No schema is left out."""
        assert {path.name for path in (DATA / "schema").iterdir()} == {*SCHEMAS.values()}
