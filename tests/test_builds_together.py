"""Builds that belong together, resolved by the patched pip with pages and files as stand-ins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.support.releases import Release, each_series, unpacked
from tests.support.universe import (
    File,
    World,
    every_set,
    labels_of,
    random_world,
    with_markers,
)
from tests.support.worlds import file, resolve_all, world


@pytest.fixture
def release(shared: Path, series: str) -> Release:
    """Return a patched release, fetched once for the test run."""
    return unpacked(shared, series)


def names_of(chosen: Iterable[File]) -> set[str]:
    """Return the files of a set by name."""
    return {_name(item) for item in chosen}


def _name(item: File) -> str:
    label = f"-{item.label}" if item.label else ""
    return f"{item.name.replace('-', '_')}-{item.version}-py3-none-any{label}.whl"


def in_short(found: Mapping[str, Any]) -> str:
    """Return a set as ``NAME-VERSION-LABEL``, or what the conflict is about."""
    if "error" in found:
        return str(found["error"]).partition(":")[0]
    short = (
        text.replace("-py3-none-any", "").removesuffix(".whl").replace("installed ", f"{name}-")
        + ("!" if text.startswith("installed") else "")
        for name, text in found["chosen"].items()
    )
    return " ".join(sorted(short))


def check(release: Release, cases: Mapping[str, tuple[World, str]]) -> None:
    """Compare the set of each case with the one that is expected."""
    found = resolve_all(release, [world for world, _ in cases.values()])
    assert {name: in_short(item) for name, item in zip(cases, found, strict=True)} == {
        name: expected for name, (_, expected) in cases.items()
    }


# T23: what is published of flash-attn, vllm and torch. The bounds are those of CUDA.
BOUNDS = ("13.0", "12.0")
TORCH_PINS = tuple(
    f'torch=={version}.*; "abi_dependency :: torch :: {version}.0" in variant_properties'
    for version in ("2.8", "2.9")
)
DEPENDENTS = (
    file("flash-attn 2.8.0 cu12_pyt2.8.0", *TORCH_PINS, level="12.0", torch="2.8.0"),
    file("flash-attn 2.8.0 cu12_pyt2.9.0", *TORCH_PINS, level="12.0", torch="2.9.0"),
    file("flash-attn 2.8.0 cu13_pyt2.9.0", *TORCH_PINS, level="13.0", torch="2.9.0"),
    file("vllm 0.11.0 cu128_pyt2.8.0", *TORCH_PINS, level="12.0", torch="2.8.0"),
    *(
        file(f"torch {version} {label}", level=bound)
        for version in ("2.9.0", "2.8.0")
        for label, bound in (("cuda13.0", "13.0"), ("cuda12.8", "12.0"))
    ),
)
# Every subset, by what the driver supports, as worked out by hand.
T23 = {
    "flash-attn": {
        "12": "flash_attn-2.8.0-cu12_pyt2.9.0 torch-2.9.0-cuda12.8",
        "13": "flash_attn-2.8.0-cu13_pyt2.9.0 torch-2.9.0-cuda13.0",
    },
    "vllm": {
        "12": "torch-2.8.0-cuda12.8 vllm-0.11.0-cu128_pyt2.8.0",
        "13": "torch-2.8.0-cuda13.0 vllm-0.11.0-cu128_pyt2.8.0",
    },
    "torch": {"12": "torch-2.9.0-cuda12.8", "13": "torch-2.9.0-cuda13.0"},
    "flash-attn vllm": {
        "12": "flash_attn-2.8.0-cu12_pyt2.8.0 torch-2.8.0-cuda12.8 vllm-0.11.0-cu128_pyt2.8.0",
        "13": "flash_attn-2.8.0-cu12_pyt2.8.0 torch-2.8.0-cuda13.0 vllm-0.11.0-cu128_pyt2.8.0",
    },
}
T23["flash-attn torch"] = T23["flash-attn"]
T23["torch vllm"] = T23["vllm"]
T23["flash-attn torch vllm"] = T23["flash-attn vllm"]


@each_series
def test_every_order_of_dependents_finds_the_set_worked_out_by_hand(release: Release) -> None:
    """T23: which torch there will be is open until all are known; the order does not matter."""
    cases = {
        f"{' '.join(order)}, CUDA {driver}": (world(DEPENDENTS, *order, levels=levels), expected)
        for names, by_driver in T23.items()
        for order in permutations(names.split())
        for driver, levels in (("12", BOUNDS[1:]), ("13", BOUNDS))
        for expected in (by_driver[driver],)
    }
    assert len(cases) == 2 * (3 + 3 * 2 + 6)
    check(release, cases)


@each_series
def test_conflict_names_the_variants(release: Release) -> None:
    """Where there is no set, pip's report says which variants need which version."""
    only_28 = [item for item in DEPENDENTS if item.label != "cu12_pyt2.8.0"]
    (found,) = resolve_all(release, [world(only_28, "flash-attn", "vllm", levels=BOUNDS[1:])])
    assert found["error"].startswith("ResolutionImpossible")
    report = found["log"].partition("The conflict is caused by:\n")[2].partition("\n\n")[0]
    lines = set(re.findall(r"    (.* for its variant .*)", report))
    assert lines == {
        "flash-attn 2.8.0 depends on torch==2.9.0.* for its variant cu12_pyt2.9.0",
        "vllm 0.11.0 depends on torch==2.8.0.* for its variant cu128_pyt2.8.0",
    }


EXT = (
    file("ext 1.0 t28", torch="2.8"),
    file("ext 1.0 t29", torch="2.9"),
    file("ext 1.0 null"),
)
NEEDING = tuple(replace(item, requires=("torch",)) for item in EXT)
TORCH = tuple(file(f"torch {version}") for version in ("2.10.0", "2.9.0", "2.8.0"))
TORCH_28, TORCH_29 = file("torch 2.8.0"), file("torch 2.9.0")
HAS_28, HAS_29 = {"installed": (TORCH_28,)}, {"installed": (TORCH_29,)}
UPGRADE = {"options": {"upgrade": True}}
EITHER = (file("ext 1.0 both", torch=("2.8", "2.9")), file("ext 1.0 null"))
TWO = (
    file("ext 1.0 both", torch="2.8", numpy="2"),
    file("ext 1.0 one", torch="2.8"),
    file("ext 1.0 null"),
)
NUMPY = (file("numpy 2.0"), file("numpy 1.26"))
MARKED = (
    file("ext 1.0 t28", 'torch; variant_label == "t28"', torch="2.8"),
    file("ext 1.0 null"),
)
OTHER = (file("other 2.0"), file("other 1.0", "torch<=2.8.0"))

CASES: dict[str, tuple[World, str]] = {
    # Nothing is pulled in.
    "absent": (world([*EXT, *TORCH], "ext"), "ext-1.0-null"),
    "beside": (world([*EXT, *TORCH], "ext", "torch==2.9.0"), "ext-1.0-t29 torch-2.9.0"),
    "other order": (world([*EXT, *TORCH], "torch==2.9.0", "ext"), "ext-1.0-t29 torch-2.9.0"),
    "needed by itself": (world([*NEEDING, *TORCH[1:]], "ext"), "ext-1.0-t29 torch-2.9.0"),
    "needed by its variant": (
        world([*MARKED, TORCH_28], "ext"),
        "ext-1.0-t28 torch-2.8.0",
    ),
    "needed by another": (
        world([*EXT, *TORCH, file("app 1", "torch<2.9")], "ext", "app"),
        "app-1 ext-1.0-t28 torch-2.8.0",
    ),
    # Versions come first: a variant takes no newer version from another project.
    "none for the newest": (
        world([*EXT, *TORCH], "ext", "torch"),
        "ext-1.0-null torch-2.10.0",
    ),
    "only for an older one": (
        world([*EXT[:1], *TORCH], "torch", "ext"),
        "ext-1.0-t28 torch-2.8.0",
    ),
    "the next version": (
        world([file("ext 2.0 t7", torch="2.7"), *EXT, *TORCH], "torch==2.8.0", "ext"),
        "ext-1.0-t28 torch-2.8.0",
    ),
    "an older version of what needs it": (
        world([*EXT[:1], *OTHER, TORCH_28], "ext", "other"),
        "ext-1.0-t28 other-1.0 torch-2.8.0",
    ),
    "the requested one, named first": (
        world([*EXT, *TORCH], "ext==1.0#t28", "torch==2.8.0"),
        "ext-1.0-t28 torch-2.8.0",
    ),
    "a value that is no version": (
        world([file("ext 2.0 new", torch="x_y"), *EXT, TORCH_28], "ext", "torch"),
        "ext-1.0-t28 torch-2.8.0",
    ),
    "installed for no version": (
        world([*EXT, TORCH_28], "ext", "torch", installed=(file("ext 1.0 t28", torch="x_y"),)),
        "ext-1.0-t28 torch-2.8.0",
    ),
    # Several values of one feature: any; several features: all.
    "either": (world([*EITHER, *TORCH], "torch<2.10", "ext"), "ext-1.0-both torch-2.9.0"),
    "neither": (world([*EITHER, *TORCH], "torch", "ext"), "ext-1.0-null torch-2.10.0"),
    "only either": (world([*EITHER[:1], *TORCH], "torch", "ext"), "ext-1.0-both torch-2.9.0"),
    "both": (
        world([*TWO, *TORCH, *NUMPY], "torch==2.8.0", "numpy", "ext"),
        "ext-1.0-both numpy-2.0 torch-2.8.0",
    ),
    "one of both": (
        world([*TWO, *TORCH, *NUMPY], "torch==2.8.0", "numpy<2", "ext"),
        "ext-1.0-one numpy-1.26 torch-2.8.0",
    ),
    "one absent": (world([*TWO, *TORCH, *NUMPY], "torch==2.8.0", "ext"), "ext-1.0-one torch-2.8.0"),
    # What is installed counts, and stays.
    "installed": (world([*EXT, *TORCH], "ext", **HAS_28), "ext-1.0-t28"),
    "installed, needed": (
        world([*NEEDING, *TORCH], "ext", **HAS_28),
        "ext-1.0-t28 torch-2.8.0!",
    ),
    "installed, none for it": (
        world([*EXT[:1], EXT[2], *TORCH], "ext", **HAS_29),
        "ext-1.0-null",
    ),
    "installed, needed, none for it": (
        world([NEEDING[0], NEEDING[2], *TORCH], "ext", **HAS_29),
        "ext-1.0-null torch-2.9.0!",
    ),
    "installed, replaced if it must": (
        world([NEEDING[0], *TORCH], "ext", **HAS_29),
        "ext-1.0-t28 torch-2.8.0",
    ),
    "installed, not needed, none for it": (
        world([EXT[0], *TORCH], "ext", **HAS_29),
        "No matching distribution found for ext",
    ),
    "installed, but ignored": (
        world([*EXT, *TORCH], "ext", installed=(TORCH_28,), options={"ignore_installed": True}),
        "ext-1.0-null",
    ),
    "target folder": (
        world(
            [*EXT, *TORCH],
            "ext",
            installed=(TORCH_28,),
            options={"ignore_installed": True, "target_dir": "x"},
        ),
        "ext-1.0-null",
    ),
    "upgrade of the dependent": (
        world([*NEEDING, *TORCH[1:]], "ext", **HAS_28, **UPGRADE),
        "ext-1.0-t28 torch-2.8.0!",
    ),
    "upgrade of both": (
        world([*NEEDING, *TORCH[1:]], "ext", "torch", **HAS_28, **UPGRADE),
        "ext-1.0-t29 torch-2.9.0",
    ),
    "eager upgrade": (
        world(
            [*NEEDING, *TORCH[1:]],
            "ext",
            **HAS_28,
            options={"upgrade": True, "upgrade_strategy": "eager"},
        ),
        "ext-1.0-t29 torch-2.9.0",
    ),
    "installed dependent, other torch": (
        world([*EXT, *TORCH], "ext", "torch==2.9.0", installed=(EXT[0], TORCH_28)),
        "ext-1.0-t29 torch-2.9.0",
    ),
    "installed dependent, same torch": (
        world([*EXT, *TORCH], "ext", "torch==2.8.0", installed=(EXT[0], TORCH_28)),
        "ext-1.0! torch-2.8.0!",
    ),
    # Without dependencies only what is named or installed is part of the result.
    "no-deps": (
        world([*NEEDING, *TORCH], "ext", options={"ignore_dependencies": True}),
        "ext-1.0-null",
    ),
    "no-deps, installed": (
        world([*NEEDING, *TORCH], "ext", **HAS_28, options={"ignore_dependencies": True}),
        "ext-1.0-t28",
    ),
    "no-deps, named": (
        world([*NEEDING, *TORCH], "ext", "torch==2.8.0", options={"ignore_dependencies": True}),
        "ext-1.0-t28 torch-2.8.0",
    ),
    "constraint": (
        world([*NEEDING, *TORCH], "ext", constraints=("torch<2.9",)),
        "ext-1.0-t28 torch-2.8.0",
    ),
    "constraint alone": (world([*EXT, *TORCH], "ext", constraints=("torch<2.9",)), "ext-1.0-null"),
    "extra": (
        world([*EXT, *TORCH, file("app 1", 'torch<2.9; extra == "gpu"')], "ext", "app[gpu]"),
        "app-1 ext-1.0-t28 torch-2.8.0",
    ),
}


@each_series
def test_label_fits_beside_the_versions_of_the_set(release: Release) -> None:
    """Each case was worked out by hand; `!` marks what is installed and stays."""
    check(release, CASES)


@each_series
def test_label_that_does_not_fit_is_not_fetched(release: Release) -> None:
    """Nothing is pulled in on trial: of a torch that nothing needs no METADATA is read."""
    (found,) = resolve_all(release, [CASES["absent"][0]])
    assert found["made"] == ["ext-1.0-py3-none-any-null.whl"]
    assert (
        "Passed over t28 and t29 of ext 1.0: t28 needs abi_dependency :: torch :: 2.8, this machine"
        " has none" in found["log"]
    )


@each_series
def test_search_ends_however_many_versions_there_are(release: Release) -> None:
    """A variant may have several values of each of several distributions: not all are tried."""
    names = [f"p{number}" for number in range(6)]
    either: dict[str, Any] = dict.fromkeys(names, ("1", "2"))
    files = [
        file(f"{name} {major}.{minor}")
        for name in names
        for major in (2, 1)
        for minor in range(8, 0, -1)
    ]
    ext = file("ext 1.0 all", torch="2.7", **either)
    (found,) = resolve_all(release, [world([ext, *files, TORCH_28], "ext", "torch", *names)])
    assert "error" in found


BUILDS = (
    file("torch 2.8.0 cuda13", level="13"),
    file("torch 2.8.0 cuda12", level="12"),
    file("vision 0.23 cuda12", "torch", level="12"),
    file("vision 0.23 cuda11", "torch", level="11"),
    file("vision 0.22 cuda13", "torch", level="13"),
    file("text 1.0", "torch"),
    file("audio 1.0 cuda11", "torch", level="11"),
)
GPU_LEVELS = ("13", "12", "11")
AGREE: dict[str, tuple[World, str]] = {
    "without": (
        world(BUILDS, "torch", "vision", levels=GPU_LEVELS),
        "torch-2.8.0-cuda13 vision-0.23-cuda12",
    ),
    "agreeing": (
        world(BUILDS, "torch", "vision", levels=GPU_LEVELS, consistent=("level",)),
        "torch-2.8.0-cuda13 vision-0.22-cuda13",
    ),
    "the first of the command has its best": (
        world(BUILDS, "vision", "torch", levels=GPU_LEVELS, consistent=("level",)),
        "torch-2.8.0-cuda12 vision-0.23-cuda12",
    ),
    "a dependency": (
        world(BUILDS, "vision", levels=GPU_LEVELS, consistent=("level",)),
        "torch-2.8.0-cuda12 vision-0.23-cuda12",
    ),
    "a plain wheel": (
        world(BUILDS, "text", levels=GPU_LEVELS, consistent=("level",)),
        "text-1.0 torch-2.8.0-cuda13",
    ),
    "another namespace": (
        world(BUILDS, "torch", "vision", levels=GPU_LEVELS, consistent=("other",)),
        "torch-2.8.0-cuda13 vision-0.23-cuda12",
    ),
    "installed": (
        world(BUILDS, "vision", levels=GPU_LEVELS, consistent=("level",), installed=(BUILDS[1],)),
        "torch-2.8.0! vision-0.23-cuda12",
    ),
    "no set": (
        world(BUILDS, "torch", "audio", levels=GPU_LEVELS, consistent=("level",)),
        "No set of packages was found in which the variants fit beside each other",
    ),
}


@each_series
def test_builds_agree_in_a_namespace_if_the_user_wants_that(release: Release) -> None:
    """With `--variant-consistent level` builds of two projects have a level in common."""
    check(release, AGREE)
    (found,) = resolve_all(release, [AGREE["no set"][0]])
    assert found["error"].endswith(
        ": torch takes cuda13 and audio takes cuda11: their builds differ in level :: level"
        " (11, 13)"
    )


def chain(*, with_conditions: bool) -> World:
    """Return a world of 20 projects of 8 labels, each of which needs the next one."""
    names = [f"c{number:02}" for number in range(20)]
    files = [
        File(
            name,
            version,
            f"l{number}",
            (after,) if after else (),
            ((after, ("321"[number % 3],)),) if after and with_conditions else (),
            str(8 - number),
        )
        for name, after in zip(names, [*names[1:], ""], strict=True)
        for version in ("3.0", "2.0", "1.0")
        for number in range(8)
    ]
    return world(files, "c00", levels=tuple("87654321"))


@each_series
def test_conditions_cost_no_request_and_little_time(release: Release) -> None:
    """A chain of 20 projects takes the same requests with conditions, and about the time.

    Without conditions nothing is loaded for them. The best of three, in time of the CPU; the limit
    leaves room for a busy machine.
    """
    one = [chain(with_conditions=False)] * 3 + [chain(with_conditions=True)] * 3
    found = resolve_all(release, one)
    plain, with_conditions = found[:3], found[3:]
    assert [item["has_rounds"] for item in found] == [False] * 3 + [True] * 3
    assert in_short(plain[0]) == in_short(with_conditions[0])
    assert {len(item["made"]) for item in found} == {20}
    assert with_conditions[0]["requests"] == plain[0]["requests"]
    seconds = [min(item["seconds"] for item in part) for part in (plain, with_conditions)]
    assert seconds[1] < 3 * seconds[0]


def count_of(request: pytest.FixtureRequest) -> int:
    """Return how many random worlds are tried."""
    return int(request.config.getoption("--worlds"))


@each_series
def test_set_is_found_exactly_when_there_is_one(
    release: Release, request: pytest.FixtureRequest
) -> None:
    """Random worlds against all assignments: a set is found if there is one, with the best labels.

    The best: no other set with the same versions has better labels, project by project.
    """
    worlds = [with_markers(random_world(seed), seed) for seed in range(count_of(request))]
    wrong = {}
    any_found = 0
    for seed, (one, found) in enumerate(zip(worlds, resolve_all(release, worlds), strict=True)):
        sets = list(every_set(one))
        if "error" in found:
            if sets:
                wrong[seed] = f"there is {sorted(names_of(sets[0].values()))}"
            continue
        any_found += 1
        chosen = next(
            (x for x in sets if names_of(x.values()) == {*found["chosen"].values()}), None
        )
        if chosen is None:
            wrong[seed] = f"not a set: {found['chosen']}"
        elif (better := _with_better_labels(chosen, sets)) is not None:
            wrong[seed] = f"worse than {sorted(names_of(better.values()))}"
    assert wrong == {}
    assert any_found > len(worlds) / 2


def _with_better_labels(
    chosen: Mapping[str, File], sets: Sequence[Mapping[str, File]]
) -> Mapping[str, File] | None:
    """Return a set with the same versions and better labels, or None."""
    versions = {name: item.version for name, item in chosen.items()}
    own = labels_of(chosen, sorted(chosen))
    same = (x for x in sets if {name: item.version for name, item in x.items()} == versions)
    return next((x for x in same if labels_of(x, sorted(x)) < own), None)
