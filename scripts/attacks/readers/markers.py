"""Environment markers: of providers, and those about variants in the dependencies of wheels."""

from __future__ import annotations

from random import Random

from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
from pip._vendor.packaging.version import Version

from pip_variants.core.markers import (
    PLAIN,
    MarkerEnvironment,
    bind_markers,
    marker_environment,
    needs_supported_properties,
    variant_comparisons,
)
from pip_variants.core.metadata import Provider
from pip_variants.core.properties import Namespace
from pip_variants.core.supported import every_property
from pip_variants.core.target_markers import marker_holds, target_markers
from pip_variants.formats.reader import read
from pip_variants.lint.fields import check_metadata, parse_fields
from pip_variants.lint.markers import disabling_path, is_valid
from pip_variants.publish.requirements import variant_markers

from .documents import valid
from .guard import Case, InProcess, check_text, promise
from .mutations import TEXTS, edited_text, text

_VARIABLES = (
    "os_name",
    "sys_platform",
    "python_version",
    "python_full_version",
    "platform_release",
    "platform_version",
    "implementation_version",
    "extra",
    "variant_label",
    "variant_properties",
    "variant_features",
    "variant_namespaces",
    "no_such_variable",
)
_OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "~=", "===", "in", "not in", "not  in", "=", "")
_STRINGS = ("posix", "3.8", "", "gpu", "gpu :: arch", "gpu :: arch :: 1", "a", "null", "1.*", "x'y")
_SETS = ("variant_namespaces", "variant_features", "variant_properties")
_PLATFORMS = ("linux_x86_64", "win_amd64", "macosx_11_0_arm64", "any")


class Markers(InProcess):
    """Markers of any depth, by the grammar of markers and by changes of their text."""

    name = "markers"

    def draw(self, rng: Random) -> Case:
        """Return a marker about variants with its value, or any marker."""
        if rng.random() < 0.2:
            return _with_known_value(rng)
        marker = expression(rng, rng.choice((0, 1, 2, 5)))
        marker = edited_text(rng, marker, rng.choice((0, 0, 1, 3)))
        if rng.random() < 0.05:
            marker = rng.choice(TEXTS)
        if len(marker) < 1000 and rng.random() < 0.02:
            marker = rng.choice((" or ", " and ")).join([marker] * 300)
        environment = _environment(rng)
        return Case(marker, lambda: _check(marker, environment))


def expression(rng: Random, depth: int) -> str:
    """Return a marker of this depth."""
    if not depth:
        return _comparison(rng)
    parts = [expression(rng, depth - 1) for _ in range(rng.choice((1, 2, 2)))]
    joined = rng.choice((" and ", " or ", "and", "\tor ")).join(parts)
    return f"({joined})" if rng.random() < 0.5 else joined


def _comparison(rng: Random) -> str:
    quote = rng.choice("'\"")
    string = rng.choice(_STRINGS) if rng.random() < 0.8 else text(rng)
    sides = [f"{quote}{string}{quote}", rng.choice(_VARIABLES)]
    if rng.random() < 0.1:
        sides[0] = rng.choice(_VARIABLES)
    rng.shuffle(sides)
    blank = rng.choice((" ", "  ", "\t"))
    return f"{sides[0]}{blank}{rng.choice(_OPERATORS)}{blank}{sides[1]}"


def _environment(rng: Random) -> MarkerEnvironment:
    """Return what a chosen variant makes of the four markers."""
    metadata = read(valid(rng)[1])
    variant = rng.choice(metadata.variants)
    return marker_environment(variant, every_property(variant.namespaces, metadata.variants))


def _check(marker: str, chosen: MarkerEnvironment) -> None:
    """Raise BrokenPromiseError unless a marker holds, does not, or is invalid."""
    target = target_markers(["linux_x86_64"], (3, 11), "cp")
    for requirement in (f"x; {marker}", f"x @ https://host/a;b/x.whl ; {marker}"):
        for environment in (chosen, PLAIN):
            bound = bind_markers(requirement, environment)
            # What is left of a marker that is none may look like one.
            is_same = bind_markers(bound, chosen) == bound
            promise(is_same or not _is_requirement(bound), "a bound marker is bound again")
            promise(bound.partition(";")[0] == requirement.partition(";")[0], "a name changed")
        variant_comparisons(requirement)
        needs_supported_properties(requirement)
        is_valid(requirement, requirement=True)
    _holds(marker, target)
    is_valid(marker, requirement=False)
    provider = Provider(Namespace("n"), (f"x; {marker}",), enable_if=marker)
    disabling_path(provider, target)
    metadata = f"Name: x\nRequires-Dist: x; {marker}\n".encode("utf-8", "surrogatepass")
    variant_markers(metadata)
    for finding in check_metadata("x.whl", ("x", Version("1")), parse_fields(metadata)):
        check_text(finding.line, "a finding of lint")


def _is_requirement(text: str) -> bool:
    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True


def _holds(marker: str, target: dict[str, str]) -> bool | None:
    try:
        return marker_holds(marker, target)
    except ValueError:
        return None


def _with_known_value(rng: Random) -> Case:
    """Return a comparison about a variant, whose value is computed in another way."""
    chosen = _environment(rng)
    name = rng.choice(_SETS)
    members = sorted(getattr(chosen, name.removeprefix("variant_"))) or ["gpu"]
    member = rng.choice((*members, "no such member"))
    negated = rng.random() < 0.3
    spaced = member.replace(" :: ", rng.choice(("::", " :: ", "  ::\t")))
    marker = f"'{spaced}' {'not in' if negated else 'in'} {name}"
    label = rng.choice((chosen.label, "other"))
    also = f"variant_label {rng.choice(('==', '==='))} '{label}'"
    expected = ((member in members and bool(getattr(chosen, name[8:]))) != negated) and (
        label == chosen.label
    )
    requirement = f"x; ({marker}) and {also}"

    def check() -> None:
        found = Requirement(bind_markers(requirement, chosen))
        holds = found.marker is not None and found.marker.evaluate()
        promise(holds == expected, "a marker about a variant has another value")

    return Case((requirement, chosen), check)
