"""The traps of published variants: what each of them must lead to, on small documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from pip_variants.core.filenames import split_label
from pip_variants.core.markers import bind_markers, marker_environment
from pip_variants.core.merge import FileMetadata, merge
from pip_variants.core.properties import Label
from pip_variants.core.selection import Selection, needed_namespaces
from pip_variants.core.target_markers import requirement_applies
from pip_variants.explain.messages import why_rejected
from pip_variants.explain.notes import rejection_reasons
from pip_variants.formats.reader import read
from pip_variants.lint.document import check_document
from pip_variants.lint.release import Release, check_release
from pip_variants.remote.fetch import fetch
from pip_variants.remote.transport import NO_HEADERS, Headers, RemoteFile, Response
from tests.unit import traps
from tests.unit.cases import by_namespace, meaning, supported, variant
from tests.unit.traps import Json, select_for

X86_64, AARCH64 = "cp313-cp313-manylinux_2_28_x86_64", "cp313-cp313-manylinux_2_28_aarch64"


def _labels(selection: Selection) -> list[str | None]:
    return [item.wheel.label for item in selection.ranked]


def _kinds(document: Json) -> dict[str, str]:
    """Return the path of each finding about a document, by kind."""
    found = check_document("x.json", json.dumps(document).encode())
    return {item.kind: item.path for item in found.findings}


def _release_lines(document: Json, *wheels: str) -> list[str]:
    """Return the findings about a release with this document and these wheels."""
    described = FileMetadata("x-1.0-variants.json", read(document))
    release = Release(wheels, described, documents=(described.file,))
    return [item.line for item in check_release(release)]


ALL = ("cuda12.6", "cuda12.8", "cuda13.0", "null")
NO_12_8 = ("cuda12.6", "cuda13.0", "null")


def test_t1_label_without_wheel_for_the_platform_is_skipped() -> None:
    """The best label of the metadata has no wheel here: the next one is selected."""
    assert _labels(select_for(traps.TORCH, ALL, "12.9", "8.0")) == ["cuda12.8", "cuda12.6", "null"]
    assert _labels(select_for(traps.TORCH, NO_12_8, "12.9", "8.0")) == ["cuda12.6", "null"]


def test_t1_new_gpu_with_old_driver_gets_null_with_reasons() -> None:
    """Without cuda12.8 no variant runs SM 12.0 on CUDA 12.x, and the reasons say so."""
    found = select_for(traps.TORCH, NO_12_8, "12.9", "12.0")
    assert _labels(found) == ["null"]
    assert {item.wheel.label: rejection_reasons(item) for item in found.rejected} == {
        "cuda12.6": (
            (
                "a GPU of compute capability 5.0, 6.0, 7.0, 7.5, 8.0, 8.6 or 9.0 is required"
                " (needs nvidia :: sm_arch :: one of 50_real, 60_real, 70_real, 75_real, 80_real,"
                " 86_real, 90_real, this machine has 120_real, 120_virtual)"
            ),
        ),
        "cuda13.0": (
            (
                "a driver with CUDA 13.0 or newer is required (needs nvidia ::"
                " cuda_version_lower_bound :: 13.0, this machine has up to 12.9)"
            ),
        ),
    }
    assert why_rejected(found.rejected) == (
        "a driver with CUDA 13.0 or newer is required (cuda13.0 needs nvidia ::"
        " cuda_version_lower_bound :: 13.0, this machine has up to 12.9)"
    )


def test_t1_lint_reports_the_platform_without_a_label() -> None:
    """All other labels of CUDA are for Linux x86_64, cuda12.8 is not."""
    wheels = [
        f"x-1.0-{tags}-{label}.whl"
        for label in ALL
        for tags in (X86_64, AARCH64)
        if (label, tags) != ("cuda12.8", X86_64)
    ]
    assert _release_lines(traps.TORCH, *wheels) == [
        (
            "note: x-1.0-variants.json: variants['cuda12.8']: only for Linux aarch64, though other"
            " labels are for more"
        )
    ]
    assert _release_lines(traps.TORCH, *wheels, "x-1.0-cp313-cp313-win_amd64-cuda12.8.whl") == [
        (
            "note: x-1.0-variants.json: variants['cuda12.8']: not for Linux x86_64, though all"
            " other labels of its kind are"
        )
    ]


def test_t2_lint_reports_tags_that_no_mac_matches() -> None:
    """There is no macOS 110, so pip never considers this wheel."""
    document = {**traps.TORCH, "variants": {"null": {}}}
    name = "x-1.0-cp313-cp313-macosx_110_0_arm64-null.whl"
    assert _release_lines(document, name) == [
        f"error: {name}: no Mac matches the tag 'macosx_110_0_arm64'"
    ]


def test_t4_label_without_wheel_needs_no_provider() -> None:
    """No provider is queried for a namespace that only such a label uses."""
    document = read(traps.NUMPY)
    wheels = traps.wheels_of(("openblas", "accelerate", None))
    assert needed_namespaces(wheels, document) == ("blas_lapack",)
    found = select_for(traps.NUMPY, ("openblas", "accelerate", None))
    assert _labels(found) == ["accelerate", "openblas", None]
    assert [item.namespace for item in found.supported] == ["blas_lapack"]


def test_t4_lint_reports_the_label_without_wheel() -> None:
    """A label that no wheel has is worth a warning."""
    wheels = (
        f"x-1.0-{X86_64}-openblas.whl",
        f"x-1.0-{X86_64}-accelerate.whl",
        "x-1.0-py3-none-any.whl",
    )
    assert _release_lines(traps.NUMPY, *wheels) == [
        "warning: x-1.0-variants.json: variants['x8664v4_mkl']: no wheel has this label"
    ]


def test_t6_empty_variant_of_any_label_is_null() -> None:
    """00000000 has no properties: it fits every machine and ranks after all others."""
    found = read(traps.NULL_OF_ZEROS).variant(Label("00000000"))
    assert found is not None
    assert found.is_null
    labels = ("00000000", None, "cu126")
    assert _labels(select_for(traps.NULL_OF_ZEROS, labels, "12.6", "9.0")) == [
        "cu126",
        "00000000",
        None,
    ]
    assert _labels(select_for(traps.NULL_OF_ZEROS, labels)) == ["00000000", None]
    assert _kinds(traps.NULL_OF_ZEROS)["null-label"] == "variants['00000000']"


def test_t7_static_values_of_another_feature_match_nothing() -> None:
    """A variant with a feature that has no static value is incompatible; the reason names it."""
    found = select_for(traps.OTHER_FEATURE, ("cuda12.6", "null"))
    assert _labels(found) == ["null"]
    assert why_rejected(found.rejected) == (
        "cuda12.6 needs priority :: cuda :: 2, the metadata has none"
    )


def test_t7_lint_reports_both_sides_of_the_mismatch() -> None:
    """The variant is an error, the unused static values are a warning."""
    assert _kinds(traps.OTHER_FEATURE) == {
        "variant-without-static-value": "variants['cuda12.6'].priority.cuda",
        "static-feature-without-variant": "static-properties.priority.order",
    }


def test_t9_abi_dependency_works_without_a_provider() -> None:
    """The reserved namespace has a built-in rule: the variant for the installed torch fits."""
    labels = ("cu12_pyt2.8.0", "cu12_pyt2.9.0")
    for version, label in (("2.8.0", "cu12_pyt2.8.0"), ("2.9.0+cu126", "cu12_pyt2.9.0")):
        found = select_for(
            traps.FLASH_ATTN, labels, "12.9", "8.0", distributions={"torch": version}
        )
        assert _labels(found) == [label]
    assert _labels(select_for(traps.FLASH_ATTN, labels, "12.9", "8.0")) == []


def test_t9_other_namespace_without_provider_is_incompatible() -> None:
    """Any other namespace that nothing provides supports nothing, and is no crash."""
    found = select_for(traps.FLASH_ATTN, ("x8664vv4_iomp5", None))
    assert _labels(found) == [None]
    assert why_rejected(found.rejected) == ("abi_other: the metadata names no provider for it")


def test_t9_lint_reports_namespaces_without_provider_or_priority() -> None:
    """Only a namespace that is not reserved is an error."""
    found = _kinds(traps.FLASH_ATTN)
    assert found["namespace-without-provider"] == "variants['x8664vv4_iomp5'].abi_other"
    assert "namespace-without-priority" in found


def test_t12_order_of_values_means_nothing() -> None:
    """Values that are not sorted are a set, and a second file may have another order."""
    shuffled = read(traps.TORCH)
    variants = {
        label: {
            namespace: {name: sorted(values) for name, values in features.items()}
            for namespace, features in properties.items()
        }
        for label, properties in traps.TORCH["variants"].items()  # type: ignore[attr-defined] # a table
    }
    ordered = read({**traps.TORCH, "variants": variants})
    assert ordered == shuffled
    assert meaning(merge(shuffled, ordered)) == meaning(shuffled)
    unsorted = [
        item.path
        for item in check_document("x.json", json.dumps(traps.TORCH).encode()).findings
        if item.kind == "unsorted"
    ]
    assert unsorted == [
        "variants['cuda12.8'].nvidia.sm_arch",
        "variants['cuda13.0'].nvidia.sm_arch",
    ]


def test_t13_machine_without_gpu_has_nothing_to_install() -> None:
    """One variant and no null variant: nothing fits, and the reason is that of the provider."""
    found = select_for(traps.CUBLAS, ("cu12",), "11.8", "8.0")
    assert _labels(found) == []
    assert why_rejected(found.rejected) == (
        "a driver with CUDA 12.0 or newer is required (cu12 needs nvidia ::"
        " cuda_version_lower_bound :: 12.0, this machine has up to 11.8)"
    )


def test_t13_lint_notes_the_missing_null_variant() -> None:
    """A note says that a machine may have nothing to install; a plain wheel is enough."""
    name = f"x-1.0-{X86_64}-cu12.whl"
    assert _release_lines(traps.CUBLAS, name) == [
        (
            "note: x-1.0-variants.json: variants: there is no null variant: a machine that no"
            " variant fits has nothing to install"
        )
    ]
    assert _release_lines(traps.CUBLAS, name, "x-1.0.whl", "x-1.0-py3-none-any.whl") == []


# T14: CUDA 12.x: SM 5-6 cuda12.6, SM 7.0-12.0 cuda12.8; CUDA >= 13 and SM >= 7.5: cuda13.0.
TORCH_MACHINES = [
    ("11.8", "8.0", "null"),
    ("12.0", "5.0", "cuda12.6"),
    ("12.6", "6.1", "cuda12.6"),
    ("12.6", "7.0", "cuda12.8"),
    ("12.9", "8.6", "cuda12.8"),
    ("12.9", "8.9", "cuda12.8"),
    ("12.9", "12.0", "cuda12.8"),
    ("13.0", "5.0", "cuda12.6"),
    ("13.0", "7.0", "cuda12.8"),
    ("13.0", "7.5", "cuda13.0"),
    ("13.1", "12.0", "cuda13.0"),
    ("13.0", "4.0", "null"),
]


@pytest.mark.parametrize(("cuda", "capability", "label"), TORCH_MACHINES)
def test_t14_architecture_and_static_priority_decide(
    cuda: str, capability: str, label: str
) -> None:
    """Two labels have the same lower bound; what the GPU runs decides, then the static priority."""
    assert _labels(select_for(traps.TORCH, ALL, cuda, capability))[0] == label


def test_t15_gpu_runs_code_of_lower_minor_architecture() -> None:
    """8.9 is in no list, but a GPU of 8.9 runs what was built for 8.6 and 8.0."""
    document: Json = {
        **traps.NULL_OF_ZEROS,
        "variants": {
            label: {"nvidia": {"sm_arch": [architecture]}}
            for label, architecture in (("a", "80_real"), ("b", "86_real"), ("c", "90_real"))
        },
    }
    assert _labels(select_for(document, "abc", "12.9", "8.9")) == ["b", "a"]


def test_t16_provider_is_disabled_outside_its_condition() -> None:
    """On aarch64 the provider is disabled by enable-if, which is the reason that is given."""
    assert _labels(select_for(traps.CUBLAS, ("cu12",), "12.9", "9.0")) == ["cu12"]
    found = select_for(traps.CUBLAS, ("cu12",), "12.9", "9.0", target=traps.LINUX_AARCH64)
    assert _labels(found) == []
    assert why_rejected(found.rejected) == (
        "nvidia: enabled only if platform_system == 'Linux' and platform_machine == 'x86_64'"
    )


def test_t16_lint_reports_wheels_that_the_condition_excludes() -> None:
    """Wheels for a platform on which the provider is disabled can never be selected."""
    names = (f"x-1.0-{X86_64}-cu12.whl", f"x-1.0-{AARCH64}-cu12.whl", "x-1.0-py3-none-any.whl")
    assert _release_lines(traps.CUBLAS, *names) == [
        (
            "warning: x-1.0-variants.json: providers.nvidia.enable-if: disables the provider on"
            f" Linux aarch64, the platform of x-1.0-{AARCH64}-cu12.whl"
        )
    ]


@pytest.mark.parametrize("label", ["cuda12.6", "cu12_pyt2.8.0", "x8664vv4_iomp5"])
def test_t18_odd_labels_are_accepted_everywhere(label: str) -> None:
    """Labels with dots and underscores are labels in file names and in metadata."""
    assert split_label(f"x-1.0-{X86_64}-{label}") == (f"x-1.0-{X86_64}", label)
    document = {**traps.TORCH, "variants": {label: {"priority": {"order": ["1"]}}}}
    assert _labels(select_for(document, (label,))) == [label]


class _Reply:
    """The response of a server without any metadata about the file."""

    status = 200
    declared_length = ""
    content_range = ""
    accepts_ranges = False
    is_encoded = False
    validator = ""
    from_cache = False

    def chunks(self) -> Iterator[bytes]:
        """Yield the body."""
        yield b'{"variants"'
        yield b": {}}"

    def abort(self) -> None:
        """Do nothing."""


class _Transport:
    """A server with one file; ``requests`` are the headers that it received."""

    def __init__(self) -> None:
        self.requests: list[Headers] = []

    @contextmanager
    def get(
        self, url: str, headers: Headers = NO_HEADERS, *, is_file: bool = False
    ) -> Iterator[Response]:
        """Respond to a request."""
        assert not is_file
        assert url == "https://index.test/x-1.0-variants.json"
        self.requests.append(headers)
        yield _Reply()

    def gives_up_encryption(self, source: str, url: str) -> bool:
        """Return whether a link is refused."""
        return source.startswith("https:") and url.startswith("http:")

    def open_cached(self, url: str, *, stale: bool = False) -> IO[bytes] | None:
        """Refuse to be used."""
        pytest.fail(f"{url} is no wheel ({stale})")


def test_t20_file_without_a_hash_is_fetched_and_revalidated() -> None:
    """A page that gives no hash is no error; the HTTP cache must revalidate the file, though."""
    url = "https://index.test/x-1.0-variants.json"
    file = RemoteFile("x-1.0-variants.json", url, url, "https://index.test/x/")
    transport = _Transport()
    assert fetch(file, transport) == b'{"variants": {}}'
    assert transport.requests == [{"Cache-Control": "max-age=0"}]


CUDA_12_6 = variant(
    "cuda12.6", "nvidia :: cuda_version_lower_bound :: 12.0", "nvidia :: sm_arch :: 90_real"
)
MACHINE = by_namespace(supported("nvidia", "plugin", (("cuda_version_lower_bound", ("12.0",)),)))


@pytest.mark.parametrize(("requirement", "applies"), traps.MARKERS.items())
def test_t22_markers_about_variants_are_sets_and_strings(
    requirement: str, *, applies: bool
) -> None:
    """A marker in either quotes is evaluated for the selected variant."""
    bound = bind_markers(requirement, marker_environment(CUDA_12_6, MACHINE))
    assert "variant_" not in bound
    assert requirement_applies(bound, traps.LINUX_X86_64) is applies


@pytest.mark.parametrize(
    ("label", "marker", "holds"),
    [
        ("00000000", "variant_label == '00000000'", True),
        ("00000000", "variant_label == '0'", False),
        ("12.10", "variant_label == '12.1'", False),
        ("12.10", "variant_label < '12.9'", True),
    ],
)
def test_t22_label_of_digits_is_never_a_version(label: str, marker: str, *, holds: bool) -> None:
    """Labels are compared as strings, though packaging would take digits for a version."""
    bound = bind_markers(f"x; {marker}", marker_environment(variant(label), {}))
    assert requirement_applies(bound, {}) is holds
