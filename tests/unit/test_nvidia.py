"""The built-in nvidia provider: the values of the published one, and the two forced facts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pip_variants.core.errors import RequestError
from pip_variants.core.selection import select
from pip_variants.providers import nvml
from pip_variants.providers.nvidia import FORCE_CUDA, FORCE_SM, NvidiaFacts, detect, read_facts
from pip_variants.providers.nvml import DriverFacts
from pip_variants.providers.result import ProviderResult
from tests.support.machine_files import machines
from tests.unit.cases import by_namespace, metadata, spelled_out, torch_wheels, variant
from tests.unit.explain_cases import nvidia_supported
from tests.unit.provider_cases import by_feature, result

Version = tuple[int, int]

FROM_11 = "11.20...11.0, 11"
FROM_12 = f"12.20...12.0, 12, {FROM_11}"
FROM_15 = f"15.20...15.0, 15, 14.20...14.0, 14, 13.20...13.0, 13, {FROM_12}"
ABOVE_13 = "15.20...15.0, 15, 14.20...14.0, 14"
ABOVE_12 = f"{ABOVE_13}, 13.20...13.0, 13"
ABOVE_11 = f"{ABOVE_12}, 12.20...12.0, 12"

# CUDA, capability, and the three lists as the specification abbreviates them; None: no list.
LISTS = [
    pytest.param(
        (12, 9),
        (7, 5),
        f"12.9...12.0, 12, {FROM_11}",
        f"{ABOVE_12}, 12.20...12.10",
        "75_real, 74_real, 73_real, 72_real, 71_real, 70_real, 70_virtual",
        id="12.9 and 7.5",
    ),
    pytest.param(
        (13, 0),
        (9, 0),
        f"13.0, 13, {FROM_12}",
        f"{ABOVE_13}, 13.20...13.1",
        "90_real, 90_virtual",
        id="13.0 and 9.0",
    ),
    pytest.param(
        (12, 0),
        (8, 9),
        f"12.0, 12, {FROM_11}",
        f"{ABOVE_12}, 12.20...12.1",
        "89_real, 88_real, 87_real, 86_real, 85_real, 84_real, 83_real, 82_real, 81_real, 80_real,"
        " 80_virtual",
        id="12.0 and 8.9",
    ),
    pytest.param(
        (11, 0),
        (12, 0),
        "11.0, 11",
        f"{ABOVE_11}, 11.20...11.1",
        "120_real, 120_virtual",
        id="oldest CUDA, 11.0, and 12.0",
    ),
    pytest.param(
        (15, 20),
        (5, 0),
        FROM_15,
        None,
        "50_real, 50_virtual",
        id="newest CUDA, 15.20, and oldest capability, 5.0",
    ),
    pytest.param(
        (12, 20),
        (10, 3),
        FROM_12,
        ABOVE_12,
        "103_real, 102_real, 101_real, 100_real, 100_virtual",
        id="last minor of a major",
    ),
    pytest.param(
        (12, 25),
        (9, 0),
        f"12.25...12.0, 12, {FROM_11}",
        ABOVE_12,
        "90_real, 90_virtual",
        id="minor beyond 20",
    ),
]

# Written out once, as a check of the abbreviations above.
ABOVE_11_2 = """
15.20 15.19 15.18 15.17 15.16 15.15 15.14 15.13 15.12 15.11 15.10
15.9 15.8 15.7 15.6 15.5 15.4 15.3 15.2 15.1 15.0 15
14.20 14.19 14.18 14.17 14.16 14.15 14.14 14.13 14.12 14.11 14.10
14.9 14.8 14.7 14.6 14.5 14.4 14.3 14.2 14.1 14.0 14
13.20 13.19 13.18 13.17 13.16 13.15 13.14 13.13 13.12 13.11 13.10
13.9 13.8 13.7 13.6 13.5 13.4 13.3 13.2 13.1 13.0 13
12.20 12.19 12.18 12.17 12.16 12.15 12.14 12.13 12.12 12.11 12.10
12.9 12.8 12.7 12.6 12.5 12.4 12.3 12.2 12.1 12.0 12
11.20 11.19 11.18 11.17 11.16 11.15 11.14 11.13 11.12 11.11 11.10
11.9 11.8 11.7 11.6 11.5 11.4 11.3
"""

# Integrated GPUs, on which code for older ones does not run but PTX does.
ORDERS = {
    (8, 7): "87_real 80_virtual 86_real 85_real 84_real 83_real 82_real 81_real 80_real",
    (10, 1): "101_real 100_virtual 100_real",
    (7, 2): "72_real 70_virtual 71_real 70_real",
    (6, 2): "62_real 60_virtual 61_real 60_real",
    (5, 3): "53_real 50_virtual 52_real 51_real 50_real",
    (8, 6): "86_real 85_real 84_real 83_real 82_real 81_real 80_real 80_virtual",
    (11, 0): "110_real 110_virtual",
}

FORCED_LISTS = [
    pytest.param(
        (16, 1), f"16.1...16.0, 16, {FROM_15}", "16.20...16.2", id="16.1, newer than known"
    ),
    pytest.param(
        (10, 2),
        None,
        f"{ABOVE_11}, {FROM_11}, 10.20...10.3",
        id="10.2, older than any lower bound",
    ),
]

OUT_OF_RANGE = [
    pytest.param((10, 20), "10.20", id="too old"),
    pytest.param((15, 21), "15.21", id="too new"),
    pytest.param((16, 1), "16.1", id="new major"),
    pytest.param((0, 0), "0.0", id="nonsense"),
]

CUDA_TEXTS = [
    pytest.param("12", (12, 0), id="12"),
    pytest.param("12.7", (12, 7), id="12.7"),
    pytest.param("12.7.1", (12, 7), id="12.7.1"),
    pytest.param("12.7rc1", (12, 7), id="12.7rc1"),
    pytest.param("12.7+x", (12, 7), id="12.7+x"),
    pytest.param(" v12.07 ", (12, 7), id="v12.07 in spaces"),
    pytest.param("16.1", (16, 1), id="out of range"),
    pytest.param("0", (0, 0), id="0"),
]

BAD_CUDA_TEXTS = [
    pytest.param("latest", "'latest' is not a version", id="word"),
    pytest.param("12,9", "'12,9' is not a version", id="comma"),
    pytest.param("12.-1", "'12.-1' is not a version", id="negative part"),
    pytest.param(" ", "' ' is not a version", id="space"),
    pytest.param("12.9\0", r"'12.9\x00' is not a version", id="NUL"),
    pytest.param("\x1b[1m12", r"'\x1b[1m12' is not a version", id="escape sequence"),
    pytest.param("../12.9", "'../12.9' is not a version", id="path"),
    pytest.param("x" * 10_000, f"'{'x' * 79}...' is not a version", id="10,000 characters"),
    pytest.param("99999.0", "'99999.0' is not a version of CUDA", id="huge major"),
    pytest.param("12.99999", "'12.99999' is not a version of CUDA", id="huge minor"),
    pytest.param(
        "9" * 10_000,
        f"'{'9' * 79}...' is not a version",
        id="10,000 digits",
    ),
]

SM_TEXTS = [
    pytest.param("8.9", (8, 9), id="8.9"),
    pytest.param("12.0", (12, 0), id="12.0"),
    pytest.param("4.0", (4, 0), id="below the oldest"),
]

BAD_SM_TEXTS = [
    pytest.param("8", "'8'", id="no minor"),
    pytest.param("8.9.1", "'8.9.1'", id="three parts"),
    pytest.param("8.bad", "'8.bad'", id="word"),
    pytest.param("8.-1", "'8.-1'", id="negative minor"),
    pytest.param("8.", "'8.'", id="empty minor"),
    pytest.param("v8.9", "'v8.9'", id="leading v"),
    pytest.param(" 8.9", "' 8.9'", id="leading space"),
    pytest.param("8.9\n", r"'8.9\n'", id="line end"),
    pytest.param("8.9\0", r"'8.9\x00'", id="NUL"),
    pytest.param("\u0668.\u0669", r"'\u0668.\u0669'", id="digits that are not ASCII"),
    pytest.param("9" * 10_000 + ".0", f"'{'9' * 79}...'", id="10,000 digits"),
]


def _result(
    lower: str | None,
    upper: str | None,
    sm: str | None,
    reason: str | None = None,
    warnings: tuple[str, ...] = (),
) -> ProviderResult:
    """Return the result with these lists; None is no list."""
    names = ("cuda_version_lower_bound", "cuda_version_upper_bound", "sm_arch")
    lists = zip(names, (lower, upper, sm), strict=True)
    features = [(name, spelled_out(text)) for name, text in lists if text is not None]
    return result(*features, reason=reason, warnings=warnings)


def _unexpected_query() -> DriverFacts:
    raise AssertionError("NVML was queried")


@pytest.fixture
def use_driver(monkeypatch: pytest.MonkeyPatch) -> Callable[[DriverFacts], None]:
    """Return a function that sets what the driver of this machine reports."""

    def use(driver: DriverFacts) -> None:
        monkeypatch.setattr(nvml, "query", lambda: driver)

    return use


@pytest.fixture
def no_query(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a query of NVML a failure of the test."""
    monkeypatch.setattr(nvml, "query", _unexpected_query)


@pytest.mark.parametrize("forced", [False, True], ids=["detected", "forced"])
@pytest.mark.parametrize(("cuda", "capability", "lower", "upper", "sm"), LISTS)
def test_values_are_those_of_the_published_provider(
    cuda: Version, capability: Version, lower: str, upper: str | None, sm: str, *, forced: bool
) -> None:
    """Features and values, and their order, are those of the published provider."""
    assert detect(NvidiaFacts(cuda, capability, forced=forced)) == _result(lower, upper, sm)


def test_values_of_one_machine_written_out() -> None:
    """The values for CUDA 11.2 and capability 6.1, without abbreviations."""
    assert detect(NvidiaFacts((11, 2), (6, 1))).features == (
        ("cuda_version_lower_bound", ("11.2", "11.1", "11.0", "11")),
        (
            "cuda_version_upper_bound",
            (*ABOVE_11_2.split(),),
        ),
        ("sm_arch", ("61_real", "60_real", "60_virtual")),
    )


@pytest.mark.parametrize(("capability", "order"), ORDERS.items())
def test_integrated_gpu_prefers_ptx_to_code_for_older_ones(capability: Version, order: str) -> None:
    """Measured on 8.7: "no kernel image" for 8.0, while PTX for 8.0 works.

    The published provider lists all code before PTX, and so takes the build that does not run.
    """
    features = by_feature(detect(NvidiaFacts((13, 0), capability)).features)
    assert features["sm_arch"] == tuple(order.split())


def test_integrated_gpu_takes_its_own_build_then_ptx() -> None:
    """On 8.7 a build with PTX ranks before one with code for 8.0 alone."""
    own = nvidia_supported(NvidiaFacts((13, 0), (8, 7), forced=True))
    builds = {"a": ("80_real", "86_real"), "b": ("87_real",), "c": ("80_virtual",)}
    variants = [
        variant(label, *(f"nvidia :: sm_arch :: {value}" for value in values))
        for label, values in builds.items()
    ]
    document = metadata(*variants, variant("null"), namespaces=("nvidia",))
    found = select(torch_wheels(*builds, "null"), document, by_namespace(own))
    assert [item.wheel.label for item in found.ranked] == ["b", "c", "a", "null"]


@pytest.mark.parametrize(("cuda", "lower", "upper"), FORCED_LISTS)
def test_forced_version_is_not_range_checked(
    cuda: Version, lower: str | None, upper: str | None
) -> None:
    """A CUDA version that the user forces may be outside of the known range."""
    expected = _result(lower, upper, "90_real, 90_virtual")
    assert detect(NvidiaFacts(cuda, (9, 0), forced=True)) == expected


@pytest.mark.parametrize(("cuda", "shown"), OUT_OF_RANGE)
def test_detected_version_is_range_checked(cuda: Version, shown: str) -> None:
    """A CUDA version of the driver outside of the known range gives no features, but a warning."""
    text = f"the driver supports CUDA {shown}, outside 11.0 to 15.20"
    assert detect(NvidiaFacts(cuda, (9, 0))) == result(reason=text, warnings=(text,))


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param(NvidiaFacts(), "no NVIDIA driver found", id="no facts"),
        pytest.param(
            NvidiaFacts(capability=(9, 0)),
            f"no NVIDIA driver found, and {FORCE_SM} alone is not enough:"
            f" {FORCE_CUDA} is needed too",
            id="only the capability forced",
        ),
        pytest.param(
            NvidiaFacts(problem="the NVIDIA driver is not loaded"),
            "the NVIDIA driver is not loaded",
            id="driver with a problem",
        ),
    ],
)
def test_without_cuda_version_nothing_is_supported(facts: NvidiaFacts, reason: str) -> None:
    """Without a CUDA version there are no features, but a reason and no warning."""
    assert detect(facts) == result(reason=reason)


@pytest.mark.parametrize(
    ("facts", "reason", "warnings"),
    [
        pytest.param(NvidiaFacts((12, 9)), "no readable NVIDIA GPU", (), id="no GPU"),
        pytest.param(
            NvidiaFacts((12, 9), problem="GPU 0 cannot be read: Unknown Error"),
            "GPU 0 cannot be read: Unknown Error",
            (),
            id="GPU with a problem",
        ),
        pytest.param(
            NvidiaFacts((12, 9), forced=True, problem="no NVIDIA driver found"),
            f"no NVIDIA driver found, and {FORCE_CUDA} alone is not enough:"
            f" {FORCE_SM} is needed too",
            (),
            id="only CUDA forced",
        ),
        pytest.param(
            NvidiaFacts((12, 9), (4, 0)),
            "compute capability 4.0 is below 5.0",
            ("compute capability 4.0 is below 5.0",),
            id="old GPU",
        ),
        pytest.param(
            NvidiaFacts((12, 9), (3, 7), forced=True),
            "compute capability 3.7 is below 5.0",
            ("compute capability 3.7 is below 5.0",),
            id="old GPU, forced",
        ),
    ],
)
def test_without_usable_gpu_only_cuda_is_supported(
    facts: NvidiaFacts, reason: str, warnings: tuple[str, ...]
) -> None:
    """The two CUDA features remain; a GPU that is too old is a warning, a missing one is not."""
    lower, upper = f"12.9...12.0, 12, {FROM_11}", f"{ABOVE_12}, 12.20...12.10"
    assert detect(facts) == _result(lower, upper, None, reason, warnings)


@pytest.mark.usefixtures("no_query")
@pytest.mark.parametrize(("text", "cuda"), CUDA_TEXTS)
def test_forced_cuda_version_is_any_pep_440_version(text: str, cuda: Version) -> None:
    """Major and minor of any PEP 440 version count; with both facts forced NVML is not queried."""
    facts = read_facts({FORCE_CUDA: text, FORCE_SM: "9.0"})
    assert facts == NvidiaFacts(cuda, (9, 0), forced=True)


@pytest.mark.usefixtures("no_query")
@pytest.mark.parametrize(("text", "capability"), SM_TEXTS)
def test_forced_capability_is_major_and_minor(text: str, capability: Version) -> None:
    """A forced capability is exactly major.minor; with both facts forced NVML is not queried."""
    facts = read_facts({FORCE_CUDA: "12.9", FORCE_SM: text})
    assert facts == NvidiaFacts((12, 9), capability, forced=True)


@pytest.mark.usefixtures("no_query")
@pytest.mark.parametrize("other", ["", "9.0"], ids=["alone", "both forced"])
@pytest.mark.parametrize(("text", "problem"), BAD_CUDA_TEXTS)
def test_invalid_forced_cuda_version_is_an_error(text: str, problem: str, other: str) -> None:
    """An invalid version is an error that names the variable, and NVML is not queried."""
    with pytest.raises(RequestError) as caught:
        read_facts({FORCE_CUDA: text, FORCE_SM: other})
    assert str(caught.value) == f"NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION: {problem}"


@pytest.mark.usefixtures("no_query")
@pytest.mark.parametrize("other", ["", "12.9"], ids=["alone", "both forced"])
@pytest.mark.parametrize(("text", "shown"), BAD_SM_TEXTS)
def test_invalid_forced_capability_is_an_error(text: str, shown: str, other: str) -> None:
    """An invalid capability is an error that names the variable, and NVML is not queried."""
    with pytest.raises(RequestError) as caught:
        read_facts({FORCE_CUDA: other, FORCE_SM: text})
    expected = f"NV_VARIANT_PROVIDER_FORCE_SM_ARCH: {shown} is not of the form major.minor"
    assert str(caught.value) == expected


DRIVER = DriverFacts((12, 2), ((8, 9), (12, 0), (9, 0)))
NO_DRIVER = DriverFacts(problem="no NVIDIA driver found")


@pytest.mark.parametrize(
    ("environ", "driver", "facts"),
    [
        pytest.param({}, DRIVER, NvidiaFacts((12, 2), (12, 0)), id="nothing forced, highest GPU"),
        pytest.param(
            {FORCE_CUDA: "", FORCE_SM: ""},
            DRIVER,
            NvidiaFacts((12, 2), (12, 0)),
            id="empty variables",
        ),
        pytest.param(
            {FORCE_CUDA: "12.7"},
            DRIVER,
            NvidiaFacts((12, 7), (12, 0), forced=True),
            id="only CUDA forced",
        ),
        pytest.param(
            {FORCE_CUDA: "0.0"},
            DRIVER,
            NvidiaFacts((0, 0), (12, 0), forced=True),
            id="CUDA 0.0 forced",
        ),
        pytest.param(
            {FORCE_SM: "7.5"}, DRIVER, NvidiaFacts((12, 2), (7, 5)), id="only the capability forced"
        ),
        pytest.param(
            {},
            NO_DRIVER,
            NvidiaFacts(problem="no NVIDIA driver found"),
            id="nothing forced, no driver",
        ),
        pytest.param(
            {FORCE_CUDA: "12.7"},
            NO_DRIVER,
            NvidiaFacts((12, 7), None, forced=True, problem="no NVIDIA driver found"),
            id="only CUDA forced, no driver",
        ),
        pytest.param(
            {FORCE_SM: "7.5"},
            NO_DRIVER,
            NvidiaFacts(None, (7, 5), problem="no NVIDIA driver found"),
            id="only the capability forced, no driver",
        ),
    ],
)
def test_facts_not_forced_come_from_the_driver(
    environ: dict[str, str],
    driver: DriverFacts,
    facts: NvidiaFacts,
    use_driver: Callable[[DriverFacts], None],
) -> None:
    """Each variable replaces one fact; the other comes from the driver."""
    use_driver(driver)
    assert read_facts(environ) == facts


RECORDED = machines("nvidia")


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_machine_has_expected_values(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """NVML's result gives the newest CUDA version, the architectures, the reason and the lines."""
    recorded = RECORDED[name]
    monkeypatch.setattr(nvml, "query", lambda: nvml.parse_facts(recorded))
    facts = read_facts({})
    assert facts.hardware == tuple(recorded["hardware"])
    found = detect(facts)
    features = by_feature(found.features)
    assert features.get("cuda_version_lower_bound", ("",))[0] == recorded["newest"]
    assert " ".join(features.get("sm_arch", ())) == recorded["sm_arch"]
    assert found.reason == recorded["reason"]
    assert ("cuda_version_upper_bound" in features) == bool(recorded["newest"])


def test_recorded_machines_have_none_to_eight_gpus() -> None:
    """Machines without a GPU and with up to eight are among the recorded ones."""
    numbers = {len(recorded["capabilities"]) for recorded in RECORDED.values()}
    assert numbers == {0, 1, 2, 4, 8}
