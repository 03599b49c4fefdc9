"""`check` over everything that the recorded indexes list: each trap is found, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from pip_variants.checking import Finding, Release, check_document, check_release
from pip_variants.combining import Described
from pip_variants.commands.files import version_of
from pip_variants.commands.parsers import PARSERS

DATA = Path(__file__).parents[3] / "shared" / "data" / "real-index"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the recorded indexes are not beside this checkout"
)

SUFFIX = "-variants.json"


def _projects() -> Iterator[tuple[str, Path, list[str]]]:
    """Yield where each recorded page belongs, its folder, and the files that it listed."""
    for page in sorted(DATA.glob("v0.0.*/*/files.json")):
        names = [entry["filename"] for entry in json.loads(page.read_bytes())]
        yield page.parent.parent.name, page.parent, names
    folder = DATA / "dependent-packages"
    wheels = json.loads((folder / "requires-dist.json").read_bytes())
    yield folder.name, folder, [*wheels, *(path.name for path in folder.glob(f"*{SUFFIX}"))]


@cache
def _findings() -> tuple[tuple[str, Finding], ...]:
    """Return all findings, each with the recording that it is in."""
    found = []
    for recording, folder, names in _projects():
        versions: dict[tuple[str, str], list[str]] = {}
        for name in names:
            if name.endswith((".whl", SUFFIX)):
                versions.setdefault(version_of(name), []).append(name)
        for files in versions.values():
            wheels = tuple(name for name in files if name.endswith(".whl"))
            document = None
            for name in sorted({*files} - {*wheels}):
                result = check_document(name, (folder / name).read_bytes(), PARSERS)
                found += [(recording, item) for item in result.findings]
                assert result.metadata is not None
                document = Described(name, result.metadata)
            release = Release(wheels, document, documents=(document.file,) if document else ())
            found += [(recording, item) for item in check_release(release, PARSERS)]
    return tuple(found)


def _lines(kind: str, recording: str = "v0.0.3") -> list[str]:
    """Return where each finding of a kind is: file and path."""
    return [
        f"{item.file}: {item.path}"
        for place, item in _findings()
        if item.kind == kind and place == recording
    ]


def test_all_kinds() -> None:
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


def test_t1_a_platform_without_a_label() -> None:
    """cuda12.8 of torch 2.10.0 has no wheel for Linux x86_64, its siblings have."""
    (message,) = [item.message for _, item in _findings() if item.kind == "platform-missing"]
    assert _lines("platform-missing") == ["torch-2.10.0-variants.json: variants['cuda12.8']"]
    assert message == "not for Linux x86_64, though all other labels of its kind are"


def test_t2_tags_that_no_mac_matches() -> None:
    """The Mac wheels of torch 2.10.0, one for each Python."""
    assert [line.rpartition("-macosx")[0] for line in _lines("tag-of-no-machine")] == [
        f"torch-2.10.0-cp3{minor}-cp3{minor}" for minor in (10, 11, 12, 13)
    ]


def test_t4_labels_without_wheels() -> None:
    """The labels that only a JSON has."""
    assert sorted(_lines("label-without-wheel")) == [
        "numpy-2.3.3-variants.json: variants['x8664v4_mkl']",
        "scipy-1.16.2-variants.json: variants['x8664v4_mkl']",
        "torchvision-0.25.0-variants.json: variants['rocm7.0']",
        "torchvision-0.25.0-variants.json: variants['rocm7.1']",
        "torchvision-0.25.0-variants.json: variants['xpu']",
    ]


def test_t6_null_variants_by_another_name() -> None:
    """Those of torch 2.8.0 and torchvision 0.23.0 are called 00000000."""
    assert sorted(_lines("null-label")) == [
        "torch-2.8.0-variants.json: variants['00000000']",
        "torchvision-0.23.0-variants.json: variants['00000000']",
    ]


def test_t7_static_values_that_match_nothing() -> None:
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


def test_t9_a_namespace_that_nothing_else_mentions() -> None:
    """abi_dependency needs no provider, but nothing says where it ranks."""
    assert _lines("namespace-without-priority", "dependent-packages") == [
        "flash_attn-2.8.0-variants.json: variants['cu12_pyt2.8.0'].abi_dependency",
        "vllm-0.11.0-variants.json: variants['cu128_pyt2.8.0'].abi_dependency",
    ]


def test_t12_lists_out_of_order() -> None:
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


def test_t13_no_null_variant() -> None:
    """Many versions of nvidia-* projects among them, and never more than a note."""
    lines = _lines("no-null-variant")
    assert "nvidia_cublas-13.2.1.1-variants.json: variants" in lines
    assert sum(line.startswith("nvidia_") for line in lines) == 117
    assert {item.severity for _, item in _findings() if item.kind == "no-null-variant"} == {"note"}


def test_t16_a_provider_that_is_off_where_wheels_are_for() -> None:
    """15 files of nvidia-* switch their provider off on the aarch64 that they have wheels for."""
    found = [
        item
        for _, item in _findings()
        if item.kind == "provider-off" and "Linux aarch64" in item.message
    ]
    assert len(found) == 15
    assert {item.file.partition("_")[0] for item in found} == {"nvidia"}
    assert {item.path for item in found} == {"providers.nvidia.enable-if"}
