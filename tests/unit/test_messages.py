"""The texts about choices: banner, rejected wheels and their reasons, errors, warnings."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from pip_variants.core.decision import SourceSelection, decide
from pip_variants.core.metadata import VariantMetadata
from pip_variants.core.properties import ABI_DEPENDENCY, Label, Variant
from pip_variants.core.selection import Selection, select
from pip_variants.core.supported import State, SupportedProperties
from pip_variants.explain import downloads, messages, requests
from pip_variants.explain.downloads import banner
from pip_variants.explain.messages import (
    passed_over,
    requested_label_rejected,
    why_rejected,
)
from pip_variants.providers.nvidia import NvidiaFacts
from tests.unit.cases import Features, by_namespace, metadata, supported, variant, wheel
from tests.unit.explain_cases import (
    TORCH,
    decision,
    nvidia_supported,
    release,
    torch_decision,
    torch_selection,
)

CU126_SM = "50_real, 60_real, 70_real, 75_real, 80_real, 86_real, 90_real"
CU126_GPU = "a GPU of compute capability 5.0, 6.0, 7.0, 7.5, 8.0, 8.6 or 9.0"
CU128_SM = "100_real, 120_real, 75_real, 80_real, 86_real, 90_real"

# Facts of a machine, and the line about torch 2.8.0 on it.
TORCH_LINES = [
    pytest.param(NvidiaFacts((12, 9), (7, 5)), None, id="all variants fit"),
    pytest.param(
        NvidiaFacts(),
        "Passed over cu126, cu128 and cu129 of torch 2.8.0: nvidia: no NVIDIA driver found",
        id="no driver",
    ),
    pytest.param(
        NvidiaFacts(problem="the NVIDIA driver is not loaded"),
        "Passed over cu126, cu128 and cu129 of torch 2.8.0:"
        " nvidia: the NVIDIA driver is not loaded",
        id="driver with a problem",
    ),
    pytest.param(
        NvidiaFacts((16, 0), (9, 0)),
        "Passed over cu126, cu128 and cu129 of torch 2.8.0:"
        " nvidia: the driver supports CUDA 16.0, outside 11.0 to 15.20",
        id="driver out of range",
    ),
    pytest.param(
        NvidiaFacts((12, 8), (9, 0)),
        "Passed over cu129 of torch 2.8.0: a driver with CUDA 12.9 or newer is required"
        " (cu129 needs nvidia :: cuda_version_lower_bound :: 12.9, this machine has up to 12.8)",
        id="one variant too new",
    ),
    pytest.param(
        NvidiaFacts((12, 6), (9, 0)),
        "Passed over cu128 and cu129 of torch 2.8.0:"
        " a driver with CUDA 12.8 or newer is required"
        " (cu128 needs nvidia :: cuda_version_lower_bound :: 12.8, this machine has up to 12.6)",
        id="two variants too new, closest one named",
    ),
    pytest.param(
        NvidiaFacts((12, 5), (9, 0)),
        "Passed over cu126, cu128 and cu129 of torch 2.8.0:"
        " a driver with CUDA 12.6 or newer is required"
        " (cu126 needs nvidia :: cuda_version_lower_bound :: 12.6, this machine has up to 12.5)",
        id="all variants too new",
    ),
    pytest.param(
        NvidiaFacts((12, 9), (12, 0)),
        f"Passed over cu126 of torch 2.8.0: {CU126_GPU} is required"
        f" (cu126 needs nvidia :: sm_arch :: one of {CU126_SM},"
        " this machine has 120_real, 120_virtual)",
        id="GPU too new",
    ),
    pytest.param(
        NvidiaFacts((12, 9), (7, 0)),
        "Passed over cu128 and cu129 of torch 2.8.0:"
        " a GPU of compute capability 7.5, 8.0, 8.6, 9.0, 10.0 or 12.0 is required"
        f" (cu128 needs nvidia :: sm_arch :: one of {CU128_SM},"
        " this machine has 70_real, 70_virtual)",
        id="GPU too old",
    ),
    pytest.param(
        NvidiaFacts((12, 9), (4, 0)),
        "Passed over cu126, cu128 and cu129 of torch 2.8.0:"
        f" {CU126_GPU} is required (cu126 needs nvidia :: sm_arch :: one of {CU126_SM},"
        " this machine has none (compute capability 4.0 is below 5.0))",
        id="GPU below the oldest",
    ),
    pytest.param(
        NvidiaFacts((12, 9)),
        "Passed over cu126, cu128 and cu129 of torch 2.8.0:"
        f" {CU126_GPU} is required (cu126 needs nvidia :: sm_arch :: one of {CU126_SM},"
        " this machine has none (no readable NVIDIA GPU))",
        id="no GPU",
    ),
]


@pytest.mark.parametrize(("facts", "line"), TORCH_LINES)
def test_passed_over_line_has_the_reason_of_the_machine(
    facts: NvidiaFacts, line: str | None
) -> None:
    """One line names the rejected labels and what the machine is missing."""
    found = passed_over("torch", "2.8.0", torch_selection(nvidia_supported(facts)), {})
    assert (found and found[0]) == line


CPU = supported("cpu", "built-in", (("level", ("v3", "v2", "v1")), ("avx2", ("on",))))
NPU = supported("npu", "disabled", reason="disabled by the user")
ORDER = supported("order", "static", (("rank", ("2", "1")),))
MACHINE = by_namespace(CPU, NPU, ORDER)


def _select(found: VariantMetadata, *labels: str) -> Selection:
    wheels = [wheel(f"a-1-py3-none-any-{label}.whl", label, i) for i, label in enumerate(labels)]
    return select(wheels, found, MACHINE)


REJECTIONS = [
    pytest.param(
        (variant("a", "npu :: kind :: x"),),
        "Passed over a of demo 1.0: npu: disabled by the user",
        id="disabled namespace",
    ),
    pytest.param(
        (variant("a", "tpu :: kind :: x"),),
        "Passed over a of demo 1.0: tpu: the metadata names no provider for it",
        id="namespace without a provider",
    ),
    pytest.param(
        (variant("a", "order :: rank :: 3"),),
        "Passed over a of demo 1.0: a needs order :: rank :: 3, the metadata has 2, 1",
        id="value missing in the static values",
    ),
    pytest.param(
        (variant("a", "order :: cuda :: 3"),),
        "Passed over a of demo 1.0: a needs order :: cuda :: 3, the metadata has none",
        id="feature missing in the static values (T7)",
    ),
    pytest.param(
        (variant("a", "cpu :: sse :: on"),),
        "Passed over a of demo 1.0: a needs cpu :: sse :: on, this machine has none",
        id="feature missing on the machine",
    ),
    pytest.param(
        (variant("a", "cpu :: avx2 :: off"),),
        "Passed over a of demo 1.0: a needs cpu :: avx2 :: off, this machine has on",
        id="feature with one value",
    ),
    pytest.param(
        (variant("b", "cpu :: level :: v5"), variant("a", "cpu :: level :: v4")),
        "Passed over a and b of demo 1.0: a needs cpu :: level :: v4, this machine has up to v3",
        id="closest variant of a namespace",
    ),
    pytest.param(
        (variant("a", "cpu :: level :: v10"), variant("b", "cpu :: level :: v9")),
        "Passed over a and b of demo 1.0: b needs cpu :: level :: v9, this machine has up to v3",
        id="9 is closer than 10",
    ),
    pytest.param(
        (variant("a", "cpu :: level :: v4"), variant("b", "npu :: kind :: x")),
        "Passed over a and b of demo 1.0: npu: disabled by the user;"
        " a needs cpu :: level :: v4, this machine has up to v3",
        id="one reason for each namespace",
    ),
    pytest.param(
        (
            variant("a", "cpu :: level :: v4", "npu :: kind :: x"),
            variant("b", "cpu :: level :: v5"),
        ),
        "Passed over a and b of demo 1.0: b needs cpu :: level :: v5, this machine has up to v3",
        id="fewer missing features are closer",
    ),
    pytest.param(
        (),
        "Passed over a of demo 1.0: a: no metadata describes its label",
        id="label without metadata",
    ),
    pytest.param(
        tuple(variant(f"l{i}", "npu :: kind :: x") for i in range(7)),
        "Passed over l0, l1, l2, l3, l4, l5 and l6 of demo 1.0: npu: disabled by the user",
        id="seven labels",
    ),
    pytest.param(
        tuple(variant(f"l{i}", "npu :: kind :: x") for i in range(8)),
        "Passed over l0, l1, l2, l3, l4, l5 and 2 more of demo 1.0: npu: disabled by the user",
        id="eight labels, six of them named",
    ),
]


@pytest.mark.parametrize(("variants", "line"), REJECTIONS)
def test_passed_over_line_for_each_kind_of_rejection(
    variants: tuple[Variant, ...], line: str
) -> None:
    """Each reason for which a wheel is rejected has its own text."""
    labels = [str(item.label) for item in variants] or ["a"]
    found = passed_over("demo", "1.0", _select(metadata(*variants), *labels), {})
    assert found is not None
    assert found[0] == line


def test_passed_over_line_names_each_label_once() -> None:
    """A label is named once, however many wheels have it."""
    found = passed_over(
        "demo", "1.0", _select(metadata(variant("a", "npu :: kind :: x")), "a", "a", "a"), {}
    )
    reason = "npu: disabled by the user"
    assert found == (f"Passed over a of demo 1.0: {reason}", reason)


@pytest.mark.parametrize(
    ("first", "line"),
    [
        pytest.param(
            "torch 2.8.0",
            "Passed over a of demo 1.0 for the same reason as torch 2.8.0",
            id="other release",
        ),
        pytest.param(
            "demo 1.0", "Passed over a of demo 1.0: npu: disabled by the user", id="same release"
        ),
    ],
)
def test_passed_over_line_does_not_repeat_a_reason(first: str, line: str) -> None:
    """A reason that was given for another release is not written out again."""
    selection = _select(metadata(variant("a", "npu :: kind :: x")), "a")
    reason = "npu: disabled by the user"
    assert passed_over("demo", "1.0", selection, {reason: first}) == (line, reason)


# The values of a machine with CUDA 12.9, in the order of an author who prefers 12.6.
REORDERED = [("nvidia", [("cuda_version_lower_bound", ["12.6"])])]


def _reason_for_cuda_12_9(required: Variant, values: Iterable[tuple[str, Features]] = ()) -> str:
    found = select(
        [wheel(f"a-1-py3-none-any-{required.label}.whl", required.label)],
        metadata(required, values=values),
        by_namespace(nvidia_supported(NvidiaFacts((12, 9), (9, 0)))),
    )
    return why_rejected(found.rejected)


def test_limit_is_that_of_the_machine_despite_priorities() -> None:
    """An author who prefers 12.6 does not change that the machine has up to 12.9."""
    reason = _reason_for_cuda_12_9(
        variant("a", "nvidia :: cuda_version_lower_bound :: 13.0"), REORDERED
    )
    expected = (
        "a driver with CUDA 13.0 or newer is required"
        " (a needs nvidia :: cuda_version_lower_bound :: 13.0, this machine has up to 12.9)"
    )
    assert reason == expected


def test_missing_upper_bound_is_not_shown_as_maximum() -> None:
    """A wheel for CUDA below 12.0 does not fit 12.9, and 'up to 15.20' would be misleading."""
    reason = _reason_for_cuda_12_9(variant("a", "nvidia :: cuda_version_upper_bound :: 12.0"))
    expected = (
        "a driver with a CUDA version older than 12.0 is required"
        " (a needs nvidia :: cuda_version_upper_bound :: 12.0, this machine has 12.10 and more)"
    )
    assert reason == expected


OTHER_MACHINE = "to choose for another machine, describe it with --variant-platform"

UNFULFILLED = [
    pytest.param(
        NvidiaFacts((12, 6), (9, 0)),
        "cu129",
        "Variant cu129 of torch 2.8.0 does not fit:"
        " a driver with CUDA 12.9 or newer is required"
        " (cu129 needs nvidia :: cuda_version_lower_bound :: 12.9, this machine has up to 12.6)"
        f"; {OTHER_MACHINE}",
        id="variant that does not fit",
    ),
    pytest.param(
        NvidiaFacts(),
        "cu126",
        "Variant cu126 of torch 2.8.0 does not fit: nvidia: no NVIDIA driver found"
        f"; {OTHER_MACHINE}",
        id="no driver",
    ),
    pytest.param(
        NvidiaFacts((12, 8), (9, 0)),
        "cu999",
        "No wheel of torch 2.8.0 has the variant label cu999;"
        " available: cu128, cu126, 00000000 and cu129",
        id="label that no wheel has",
    ),
]


@pytest.mark.parametrize(("facts", "label", "text"), UNFULFILLED)
def test_rejected_request_names_reason_or_labels(facts: NvidiaFacts, label: str, text: str) -> None:
    """The error about a requested label has the reason, or the labels that there are."""
    found = torch_decision(nvidia_supported(facts), requested=label)
    assert requested_label_rejected(found) == text
    assert messages.why_nothing_fits(found) == text


# The excluded labels on a machine with CUDA 12.8, the line about them, and why nothing fits.
CU129 = (
    "a driver with CUDA 12.9 or newer is required"
    " (cu129 needs nvidia :: cuda_version_lower_bound :: 12.9, this machine has up to 12.8)"
)
EXCLUSIONS = [
    pytest.param((), None, f"{CU129}; {OTHER_MACHINE}", id="none"),
    pytest.param(
        ("cu128",),
        "Passed over cu128 of torch 2.8.0: excluded by --variant",
        f"{CU129}; cu128 is excluded by --variant",
        id="one",
    ),
    pytest.param(
        ("cu126", "cu128", "null"),
        "Passed over cu128 and cu126 of torch 2.8.0: excluded by --variant",
        f"{CU129}; cu128, cu126 and 00000000 are excluded by --variant",
        id="all that fit",
    ),
    pytest.param(("null",), None, f"{CU129}; 00000000 is excluded by --variant", id="null variant"),
    pytest.param(
        ("cu129",), None, "cu129 is excluded by --variant", id="one that would not fit either"
    ),
]


@pytest.mark.parametrize(("excluded", "line", "reason"), EXCLUSIONS)
def test_excluded_variants_are_named(
    excluded: tuple[str, ...], line: str | None, reason: str
) -> None:
    """What was excluded is a reason for ending on less; a null variant is no loss."""
    found = torch_decision(nvidia_supported(NvidiaFacts((12, 8), (9, 0))), excluded=excluded)
    assert messages.excluded_variants(found) == line
    assert messages.why_nothing_fits(found) == reason


def test_rejected_request_without_any_variant() -> None:
    """If a release has no variants, the error says so."""
    found = decide(release("demo", "1.0", "demo-1.0.tar.gz"), [], Label("cu126"))
    expected = "No wheel of demo 1.0 has the variant label cu126; available: no variants"
    assert requested_label_rejected(found) == expected


CU129_BANNER = """\
####################### torch==2.8.0; variant_hash=cu129 #######################
Variant-property: nvidia :: cuda_version_lower_bound :: 12.9
Variant-property: nvidia :: sm_arch :: 100_real
Variant-property: nvidia :: sm_arch :: 120_real
Variant-property: nvidia :: sm_arch :: 120_virtual
Variant-property: nvidia :: sm_arch :: 75_real
Variant-property: nvidia :: sm_arch :: 80_real
Variant-property: nvidia :: sm_arch :: 86_real
Variant-property: nvidia :: sm_arch :: 90_real
################################################################################"""

NULL_BANNER = """\
##################### torch==2.8.0; variant_hash=00000000 ######################
################################################################################"""

MIXED_BANNER = """\
############### demo==1!2.0.post1; variant_hash=x8664v3_openblas ###############
Variant-property: blas_lapack :: provider :: openblas
Variant-property: x86_64 :: avx2 :: on
Variant-property: x86_64 :: level :: v3
################################################################################"""


def _torch_variant(label: str) -> Variant:
    found = TORCH.variant(Label(label))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("project", "version", "selected", "text"),
    [
        pytest.param("torch", "2.8.0", _torch_variant("cu129"), CU129_BANNER, id="cu129"),
        pytest.param("torch", "2.8.0", _torch_variant("00000000"), NULL_BANNER, id="null"),
        pytest.param(
            "demo",
            "1!2.0.post1",
            variant(
                "x8664v3_openblas",
                "x86_64 :: level :: v3",
                "x86_64 :: avx2 :: on",
                "blas_lapack :: provider :: openblas",
            ),
            MIXED_BANNER,
            id="properties sorted",
        ),
    ],
)
def test_banner_has_all_properties_in_80_columns(
    project: str, version: str, selected: Variant, text: str
) -> None:
    """The banner is 80 columns wide and has every property of the variant."""
    assert banner(project, version, selected) == text


def test_banner_shows_a_long_title_whole() -> None:
    """A title longer than 80 columns is neither cut nor padded."""
    title, rule = banner("demo", "1.0", variant("x" * 100)).splitlines()
    assert title == f" demo==1.0; variant_hash={'x' * 100} "
    assert rule == "#" * 80


DEMO = release("demo", "1.0", "demo-1.0-py3-none-any-a.whl", "demo-1.0.tar.gz")
NEEDS_V4 = metadata(variant("a", "cpu :: level :: v4"))


UNREADABLE = SourceSelection((0,), error="its variant metadata is not JSON")


def test_nothing_fits_has_the_reasons_of_all_sources() -> None:
    """Without a request the reasons of the rejected wheels say why nothing fits."""
    found = decision(DEMO, NEEDS_V4, CPU)
    expected = f"a needs cpu :: level :: v4, this machine has up to v3; {OTHER_MACHINE}"
    assert messages.why_nothing_fits(found) == expected


# The step that decided about a namespace, and whether another description would change that.
STEPS: dict[State, bool] = {
    "built-in": True,
    "plugin": True,
    "failed": True,
    "cross-target": True,
    "user": False,
    "static": False,
    "disabled": False,
    "untrusted": False,
    "none": False,
}


@pytest.mark.parametrize(("state", "helps"), STEPS.items())
def test_platform_file_is_named_where_it_would_help(state: State, *, helps: bool) -> None:
    """It describes another machine, unless the machine is not what decides, or it was given."""
    found = decision(DEMO, NEEDS_V4, supported("cpu", state, reason="because"))
    reason = messages.why_nothing_fits(found)
    assert reason == (f"cpu: because; {OTHER_MACHINE}" if helps else "cpu: because")


def test_platform_file_is_not_named_for_other_distributions() -> None:
    """What is installed beside a build is no matter of the machine."""
    document = metadata(
        variant("a", "abi_dependency :: torch :: 2.8"), namespaces=("abi_dependency",)
    )
    found = decision(DEMO, document, supported("abi_dependency", "built-in", reason="hint"))
    assert messages.why_nothing_fits(found) == "abi_dependency: hint"


def test_nothing_fits_has_no_reason_without_rejection() -> None:
    """If no wheel was rejected, variants are not the reason that nothing fits."""
    assert messages.why_nothing_fits(decide(DEMO, [UNREADABLE], None)) is None


# The text of each message, and what it has to be.
TEXTS = [
    pytest.param(
        requests.not_requested("x-1-py3-none-any-a.whl", "b", "x"),
        "x-1-py3-none-any-a.whl is not the requested variant b of x",
        id="given wheel is another variant",
    ),
    pytest.param(
        messages.unsupported_wheel("x.whl", decision(DEMO, NEEDS_V4, CPU).selections[0].rejected),
        "x.whl does not fit this machine: a needs cpu :: level :: v4, this machine has up to v3;"
        f" {OTHER_MACHINE}",
        id="given wheel does not fit",
    ),
    pytest.param(
        messages.installed_misfit("x", "1", "a", "no driver"),
        "The installed variant a of x 1 does not fit this machine: no driver",
        id="installed variant does not fit",
    ),
    pytest.param(
        messages.unconfirmed_variant("x", "1", "a", "no driver"),
        "Keeping the installed variant a of x 1, although this machine shows nothing that supports"
        " it: no driver; to replace it: pip install --upgrade x",
        id="installed variant for other hardware",
    ),
    pytest.param(
        messages.better_variant("x", "1", "a", "b"),
        "Keeping the installed variant a of x 1; b fits this machine better: pip install --upgrade"
        " x",
        id="better variant than the installed one",
    ),
    pytest.param(
        messages.check_misfit("x", "1", "a", "no driver"),
        "x 1 is the variant a, which does not fit: no driver",
        id="line of pip check",
    ),
    pytest.param(
        requests.without_effect("--variant x=a", requests.not_looked_for("x"), "x", set()),
        "--variant x=a had no effect: pip did not look for x",
        id="request without effect",
    ),
    pytest.param(
        requests.without_effect(
            "--variant x=a", requests.not_looked_for("x", is_report=True), "x", set()
        ),
        "--variant x=a had no effect: x is not installed",
        id="request without effect in a report",
    ),
    pytest.param(
        requests.without_effect(
            "--variant torhc=a", requests.not_looked_for("torhc"), "torhc", {"numpy", "torch"}
        ),
        "--variant torhc=a had no effect: pip did not look for torhc; did you mean torch?",
        id="misspelt project",
    ),
    pytest.param(
        requests.without_effect(
            "--disable-variant-provider cuda",
            requests.NAMESPACE_UNUSED,
            "cuda",
            {"x86_64", "nvidia"},
        ),
        "--disable-variant-provider cuda had no effect: no variant that pip considered has this"
        " namespace; available: nvidia and x86_64",
        id="namespace unlike those that there are",
    ),
    pytest.param(
        requests.without_effect(
            "--trust-variant-provider gpu-providr",
            requests.PACKAGE_UNUSED,
            "gpu-providr",
            {"gpu-provider"},
        ),
        "--trust-variant-provider gpu-providr had no effect: no variant that pip considered needs"
        " this provider; did you mean gpu-provider?",
        id="misspelt provider",
    ),
    pytest.param(
        requests.without_effect(
            "--variant x=!cu127", requests.label_not_found("x"), "cu127", {"cu128", "null"}
        ),
        "--variant x=!cu127 had no effect: no wheel of x that pip considered has this label;"
        " did you mean cu128?",
        id="misspelt exclusion",
    ),
    pytest.param(
        requests.without_effect(
            requests.platform_entry("nvidai"), requests.NAMESPACE_UNUSED, "nvidai", {"nvidia"}
        ),
        "properties.nvidai in the file of --variant-platform had no effect: no variant that pip"
        " considered has this namespace; did you mean nvidia?",
        id="misspelt namespace in a platform file",
    ),
    pytest.param(
        requests.given_and_excluded("x-1-py3-none-any-a.whl", "a", "x"),
        "x-1-py3-none-any-a.whl is the variant a of x, excluded by --variant",
        id="given wheel is excluded",
    ),
    pytest.param(
        requests.commented_label("torch>=2", Label("cu126"), "r.txt", 3),
        "The label cu126 of torch>=2 is a comment in line 3 of r.txt, because of the space before"
        " it; torch>=2#cu126 requests it",
        id="label that is a comment",
    ),
    pytest.param(
        requests.other_variant("x", "a", "b"),
        "Cannot uninstall x#a: the installed x is the variant b; x without a label uninstalls it",
        id="another variant is installed",
    ),
    pytest.param(
        requests.other_variant("x", "a", None),
        "Cannot uninstall x#a: the installed x is not a variant; x without a label uninstalls it",
        id="no variant is installed",
    ),
    pytest.param(
        messages.excluded_labels(["a", None, "b", "a"]),
        "a and b are excluded by --variant",
        id="all labels are excluded",
    ),
    pytest.param(
        messages.excluded_labels(["a"]), "a is excluded by --variant", id="one label is excluded"
    ),
    pytest.param(
        messages.unknown_label("cu127", ["cu118", "cu128", None]),
        "No wheel has the variant label cu127; available: cu118 and cu128",
        id="misspelt label among few",
    ),
    pytest.param(
        messages.unknown_label("cuda127", [*"abcdefg", "cuda128"]),
        "No wheel has the variant label cuda127; available: a, b, c, d, e, f and 2 more;"
        " did you mean cuda128?",
        id="misspelt label among many",
    ),
    pytest.param(
        downloads.short_banner("x", "1", variant("a", "cpu :: level :: v4")),
        "Variant: x==1; variant_hash=a",
        id="short banner",
    ),
    pytest.param(
        requests.conflicting_requests("x", "a", "b"),
        "conflicting variants requested for x: a and b",
        id="conflicting requests",
    ),
    pytest.param(
        messages.provider_failed(("a", "b"), "no result within 30 s"),
        "its provider (a, b) failed: no result within 30 s",
        id="provider without a result",
    ),
    pytest.param(
        messages.WHICH_INDEX,
        "several indexes are configured, and none is known to list the project:"
        " --variant-provider-index names the one that has the provider",
        id="provider from an unknown index",
    ),
    pytest.param(
        messages.only_source("https://a/simple"),
        "it comes from https://a/simple alone, as the project, or from --variant-provider-index",
        id="provider from one index",
    ),
    pytest.param(
        messages.installed_anew("/c\x1b belongs to another user"),
        "its provider is installed anew by each run: '/c\\x1b belongs to another user'",
        id="provider in a temporary folder",
    ),
    pytest.param(
        messages.foreign_module("antigravity:x", ["a", "b"]),
        "its plugin-api is 'antigravity:x', which is no module of a, b",
        id="provider with a module of others",
    ),
    pytest.param(
        messages.not_removed("/c/variants\n/x", "Permission denied"),
        r"'/c/variants\n/x' cannot be removed: Permission denied",
        id="file that stays in the cache",
    ),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_message_has_the_documented_text(text: str, expected: str) -> None:
    """Each message is one sentence with all that the user needs."""
    assert text == expected


# How many files would be downloaded, and of how many of them the size is known.
SUMS = {
    (1, 1): "Would download 1 file (1.2 MB)",
    (3, 3): "Would download 3 files (1.2 MB)",
    (3, 2): "Would download 3 files, 2 of them 1.2 MB",
    (1, 0): "Would download 1 file",
    (3, 0): "Would download 3 files",
}


@pytest.mark.parametrize(("numbers", "text"), SUMS.items(), ids=map(str, SUMS))
def test_sum_of_what_would_be_downloaded_counts_known_sizes(
    numbers: tuple[int, int], text: str
) -> None:
    """A size that no one states is not guessed."""
    files, known = numbers
    assert downloads.would_download(files, "1.2 MB", known) == text


def test_wheel_that_differs_from_its_parts_is_named() -> None:
    """The error has both causes that a user can look into."""
    assert downloads.other_metadata("x-1.0-py3-none-any.whl") == (
        "x-1.0-py3-none-any.whl has another METADATA than its server sent for a part of the file:"
        " it has been replaced meanwhile, or the server is broken"
    )


@pytest.mark.parametrize(
    ("reasons", "text"),
    [
        ([], "No set of packages was found in which the variants fit beside each other"),
        (
            ["a", "b"],
            "No set of packages was found in which the variants fit beside each other: a; b",
        ),
    ],
)
def test_no_set_has_the_reasons(reasons: list[str], text: str) -> None:
    """They are those of the set that pip's resolver found."""
    assert messages.no_set(reasons) == text


def test_absent_distribution_is_named_with_what_counts() -> None:
    """Of a distribution that is absent the property is named, not the namespace alone."""
    document = metadata(
        variant("a", "abi_dependency :: torch :: 2.8"), namespaces=("abi_dependency",)
    )
    absent = SupportedProperties(ABI_DEPENDENCY, "built-in", reason="hint", has_versions=True)
    found = decision(DEMO, document, absent)
    assert messages.why_nothing_fits(found) == (
        "a needs abi_dependency :: torch :: 2.8, this machine has none (hint)"
    )
