"""The built-in nvidia provider: the lists of the published one, and the two forced facts."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pip_variants.errors import RequestError
from pip_variants.providers import nvml
from pip_variants.providers.detected import Detected
from pip_variants.providers.nvidia import FORCE_CUDA, FORCE_SM, Facts, detect, read_facts
from pip_variants.providers.nvml import Answer
from tests.unit.cases import spelled_out
from tests.unit.machines import FOLDER

Version = tuple[int, int]

FROM_11 = "11.20...11.0, 11"
FROM_12 = f"12.20...12.0, 12, {FROM_11}"
FROM_15 = f"15.20...15.0, 15, 14.20...14.0, 14, 13.20...13.0, 13, {FROM_12}"
ABOVE_13 = "15.20...15.0, 15, 14.20...14.0, 14"
ABOVE_12 = f"{ABOVE_13}, 13.20...13.0, 13"
ABOVE_11 = f"{ABOVE_12}, 12.20...12.0, 12"

# CUDA, capability, then the three lists as the specification writes them; None: left out.
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
        id="11.0, the oldest, and 12.0",
    ),
    pytest.param(
        (15, 20),
        (5, 0),
        FROM_15,
        None,
        "50_real, 50_virtual",
        id="15.20, the newest, and 5.0, the oldest",
    ),
    pytest.param(
        (12, 20),
        (10, 3),
        FROM_12,
        ABOVE_12,
        "103_real, 102_real, 101_real, 100_real, 100_virtual",
        id="the last minor of a major",
    ),
    pytest.param(
        (12, 25),
        (9, 0),
        f"12.25...12.0, 12, {FROM_11}",
        ABOVE_12,
        "90_real, 90_virtual",
        id="a minor beyond 20",
    ),
]

# Spelt out once, so that the abbreviations of the table above are seen to be right.
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

FORCED_LISTS = [
    pytest.param(
        (16, 1), f"16.1...16.0, 16, {FROM_15}", "16.20...16.2", id="16.1, newer than known"
    ),
    pytest.param(
        (10, 2),
        None,
        f"{ABOVE_11}, {FROM_11}, 10.20...10.3",
        id="10.2, older than the lower bounds begin",
    ),
]

OUT_OF_RANGE = [
    pytest.param((10, 20), "10.20", id="too old"),
    pytest.param((15, 21), "15.21", id="too new"),
    pytest.param((16, 1), "16.1", id="a new major"),
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
    pytest.param("latest", "'latest' is not a version", id="a word"),
    pytest.param("12,9", "'12,9' is not a version", id="a comma"),
    pytest.param("12.-1", "'12.-1' is not a version", id="a negative part"),
    pytest.param(" ", "' ' is not a version", id="a space is not empty"),
    pytest.param("12.9\0", r"'12.9\x00' is not a version", id="NUL"),
    pytest.param("\x1b[1m12", r"'\x1b[1m12' is not a version", id="an escape sequence"),
    pytest.param("../12.9", "'../12.9' is not a version", id="a path"),
    pytest.param("x" * 10_000, f"'{'x' * 79}...' is not a version", id="10,000 characters"),
    pytest.param("99999.0", "'99999.0' is not a version of CUDA", id="a huge major"),
    pytest.param("12.99999", "'12.99999' is not a version of CUDA", id="a huge minor"),
    pytest.param(
        "9" * 10_000,
        f"'{'9' * 79}...' is not a version",
        id="10,000 digits",
    ),
]

SM_TEXTS = [
    pytest.param("8.9", (8, 9), id="8.9"),
    pytest.param("12.0", (12, 0), id="12.0"),
    pytest.param("4.0", (4, 0), id="below what is known"),
]

BAD_SM_TEXTS = [
    pytest.param("8", "'8'", id="no minor"),
    pytest.param("8.9.1", "'8.9.1'", id="three parts"),
    pytest.param("8.bad", "'8.bad'", id="a word"),
    pytest.param("8.-1", "'8.-1'", id="a negative minor"),
    pytest.param("8.", "'8.'", id="an empty minor"),
    pytest.param("v8.9", "'v8.9'", id="a v"),
    pytest.param(" 8.9", "' 8.9'", id="a space"),
    pytest.param("8.9\n", r"'8.9\n'", id="a line end"),
    pytest.param("8.9\0", r"'8.9\x00'", id="NUL"),
    pytest.param("\u0668.\u0669", r"'\u0668.\u0669'", id="digits that are not ASCII"),
    pytest.param("9" * 10_000 + ".0", f"'{'9' * 79}...'", id="10,000 digits"),
]


def _features(lower: str | None, upper: str | None, sm: str | None) -> tuple[object, ...]:
    """Return the features of these lists, without those that are left out."""
    names = ("cuda_version_lower_bound", "cuda_version_upper_bound", "sm_arch")
    lists = zip(names, (lower, upper, sm), strict=True)
    return tuple((name, spelled_out(text)) for name, text in lists if text is not None)


def _never_asked() -> Answer:
    raise AssertionError("NVML was touched")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], None]:
    """Return a function that gives this machine a driver with this answer."""

    def give(answer: Answer) -> None:
        monkeypatch.setattr(nvml, "query", lambda: answer)

    return give


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make asking NVML a failure of the test."""
    monkeypatch.setattr(nvml, "query", _never_asked)


@pytest.mark.parametrize("forced", [False, True], ids=["detected", "forced"])
@pytest.mark.parametrize(("cuda", "capability", "lower", "upper", "sm"), LISTS)
def test_the_lists_of_a_machine(
    cuda: Version, capability: Version, lower: str, upper: str | None, sm: str, *, forced: bool
) -> None:
    """Features and values are those of the published provider, in its order."""
    expected = Detected(_features(lower, upper, sm))  # type: ignore[arg-type] # made from a table
    assert detect(Facts(cuda, capability, forced=forced)) == expected


def test_a_list_without_abbreviations() -> None:
    """One machine whose lists are written without abbreviations."""
    assert detect(Facts((11, 2), (6, 1))).features == (
        ("cuda_version_lower_bound", ("11.2", "11.1", "11.0", "11")),
        (
            "cuda_version_upper_bound",
            (*ABOVE_11_2.split(),),
        ),
        ("sm_arch", ("61_real", "60_real", "60_virtual")),
    )


@pytest.mark.parametrize(("cuda", "lower", "upper"), FORCED_LISTS)
def test_a_forced_version_is_not_range_checked(
    cuda: Version, lower: str | None, upper: str | None
) -> None:
    """A version that the user forces has lists, wherever it lies."""
    expected = Detected(_features(lower, upper, "90_real, 90_virtual"))  # type: ignore[arg-type]
    assert detect(Facts(cuda, (9, 0), forced=True)) == expected


@pytest.mark.parametrize(("cuda", "shown"), OUT_OF_RANGE)
def test_a_detected_version_is_range_checked(cuda: Version, shown: str) -> None:
    """A version that the driver claims and that makes no sense: no features, and a warning."""
    text = f"the driver supports CUDA {shown}, outside 11.0 to 15.20"
    assert detect(Facts(cuda, (9, 0))) == Detected(reason=text, warnings=(text,))


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param(Facts(), "no NVIDIA driver found", id="nothing"),
        pytest.param(Facts(capability=(9, 0)), "no NVIDIA driver found", id="a forced SM alone"),
        pytest.param(
            Facts(problem="the NVIDIA driver is not loaded"),
            "the NVIDIA driver is not loaded",
            id="a problem",
        ),
    ],
)
def test_without_a_cuda_version_there_is_nothing(facts: Facts, reason: str) -> None:
    """No CUDA version, no features, but the reason; nobody is warned of a machine without GPU."""
    assert detect(facts) == Detected(reason=reason)


@pytest.mark.parametrize(
    ("facts", "reason", "warnings"),
    [
        pytest.param(Facts((12, 9)), "no readable NVIDIA GPU", (), id="no GPU"),
        pytest.param(
            Facts((12, 9), problem="GPU 0 cannot be read: Unknown Error"),
            "GPU 0 cannot be read: Unknown Error",
            (),
            id="a GPU with a problem",
        ),
        pytest.param(
            Facts((12, 9), (4, 0)),
            "compute capability 4.0 is below 5.0",
            ("compute capability 4.0 is below 5.0",),
            id="an old GPU",
        ),
        pytest.param(
            Facts((12, 9), (3, 7), forced=True),
            "compute capability 3.7 is below 5.0",
            ("compute capability 3.7 is below 5.0",),
            id="an old GPU, forced",
        ),
    ],
)
def test_without_a_usable_gpu_only_cuda_is_left(
    facts: Facts, reason: str, warnings: tuple[str, ...]
) -> None:
    """The two CUDA features remain; an old GPU is worth a warning, a missing one is not."""
    features = _features(f"12.9...12.0, 12, {FROM_11}", f"{ABOVE_12}, 12.20...12.10", None)
    assert detect(facts) == Detected(features, reason, warnings)  # type: ignore[arg-type]


@pytest.mark.usefixtures("unreachable")
@pytest.mark.parametrize(("text", "cuda"), CUDA_TEXTS)
def test_a_forced_cuda_version_is_any_version(text: str, cuda: Version) -> None:
    """Of any PEP 440 version major and minor count; with both forced NVML is never touched."""
    facts = read_facts({FORCE_CUDA: text, FORCE_SM: "9.0"})
    assert facts == Facts(cuda, (9, 0), forced=True)


@pytest.mark.usefixtures("unreachable")
@pytest.mark.parametrize(("text", "capability"), SM_TEXTS)
def test_a_forced_capability_is_two_numbers(text: str, capability: Version) -> None:
    """A forced SM is exactly major.minor; with both forced NVML is never touched."""
    facts = read_facts({FORCE_CUDA: "12.9", FORCE_SM: text})
    assert facts == Facts((12, 9), capability, forced=True)


@pytest.mark.usefixtures("unreachable")
@pytest.mark.parametrize("other", ["", "9.0"], ids=["alone", "with the other"])
@pytest.mark.parametrize(("text", "problem"), BAD_CUDA_TEXTS)
def test_a_bad_forced_cuda_version(text: str, problem: str, other: str) -> None:
    """What is no version is an error that names the variable, before NVML is asked."""
    with pytest.raises(RequestError) as caught:
        read_facts({FORCE_CUDA: text, FORCE_SM: other})
    assert str(caught.value) == f"NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION: {problem}"


@pytest.mark.usefixtures("unreachable")
@pytest.mark.parametrize("other", ["", "12.9"], ids=["alone", "with the other"])
@pytest.mark.parametrize(("text", "shown"), BAD_SM_TEXTS)
def test_a_bad_forced_capability(text: str, shown: str, other: str) -> None:
    """What is not major.minor is an error that names the variable, before NVML is asked."""
    with pytest.raises(RequestError) as caught:
        read_facts({FORCE_CUDA: other, FORCE_SM: text})
    expected = f"NV_VARIANT_PROVIDER_FORCE_SM_ARCH: {shown} is not of the form major.minor"
    assert str(caught.value) == expected


DRIVER = Answer((12, 2), ((8, 9), (12, 0), (9, 0)))
NO_DRIVER = Answer(problem="no NVIDIA driver found")


@pytest.mark.parametrize(
    ("environ", "answer", "facts"),
    [
        pytest.param({}, DRIVER, Facts((12, 2), (12, 0)), id="nothing forced: the highest GPU"),
        pytest.param(
            {FORCE_CUDA: "", FORCE_SM: ""}, DRIVER, Facts((12, 2), (12, 0)), id="empty is unset"
        ),
        pytest.param(
            {FORCE_CUDA: "12.7"},
            DRIVER,
            Facts((12, 7), (12, 0), forced=True),
            id="only CUDA forced",
        ),
        pytest.param(
            {FORCE_CUDA: "0.0"},
            DRIVER,
            Facts((0, 0), (12, 0), forced=True),
            id="0.0 is a version too",
        ),
        pytest.param({FORCE_SM: "7.5"}, DRIVER, Facts((12, 2), (7, 5)), id="only the SM forced"),
        pytest.param(
            {}, NO_DRIVER, Facts(problem="no NVIDIA driver found"), id="nothing forced, no driver"
        ),
        pytest.param(
            {FORCE_CUDA: "12.7"},
            NO_DRIVER,
            Facts((12, 7), None, forced=True, problem="no NVIDIA driver found"),
            id="only CUDA forced, no driver",
        ),
        pytest.param(
            {FORCE_SM: "7.5"},
            NO_DRIVER,
            Facts(None, (7, 5), problem="no NVIDIA driver found"),
            id="only the SM forced, no driver",
        ),
    ],
)
def test_what_is_not_forced_is_asked(
    environ: dict[str, str], answer: Answer, facts: Facts, machine: Callable[[Answer], None]
) -> None:
    """Each variable replaces one fact; the other one comes from the driver."""
    machine(answer)
    assert read_facts(environ) == facts


RECORDED = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((FOLDER / "nvidia").glob("*.json"))
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_machines(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """From NVML's answer to the values: the newest CUDA, the architectures, what is missing."""
    recorded = RECORDED[name]
    monkeypatch.setattr(nvml, "query", lambda: nvml.answer(recorded))
    found = detect(read_facts({}))
    features = dict(found.features)
    assert features.get("cuda_version_lower_bound", ("",))[0] == recorded["newest"]
    assert " ".join(features.get("sm_arch", ())) == recorded["sm_arch"]
    assert found.reason == recorded["reason"]
    assert ("cuda_version_upper_bound" in features) == bool(recorded["newest"])


def test_recorded_numbers_of_gpus() -> None:
    """Machines with none to eight GPUs are among the recorded ones."""
    numbers = {len(recorded["capabilities"]) for recorded in RECORDED.values()}
    assert numbers == {0, 1, 2, 4, 8}
