"""What a build requires of the machine, in people's words first: a driver, a GPU, a CPU."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from pip_variants.core.compatibility import MissingFeature
from pip_variants.core.errors import first_of
from pip_variants.core.properties import ABI_DEPENDENCY, Feature, Namespace, Value, join_parts

_MOST_VALUES = 2
_MOST_SHOWN = 20
_CPUS = ("x86_64", "aarch64")
# Namespaces whose values have no order: each of a machine is named.
_WITHOUT_ORDER = ("amd", "intel")

_is_architecture = re.compile(r"([0-9]+)([0-9][a-z]?)_(?:real|virtual)", re.ASCII).fullmatch


def missing_text(label: str, missing: MissingFeature, reason: str | None) -> str:
    """Return what ``label`` needs and what there is instead; ``reason`` is why there is not more.

    People's words come first, if there are any, and the property behind.
    """
    needed = join_parts(missing.namespace, missing.feature, one_of(missing.required))
    text = f"{label} needs {needed}, {_available(missing, reason)}".strip()
    words = in_words(missing.namespace, missing.feature, missing.required)
    if words is None or missing.supported.state == "static":
        return text
    return f"{words} is required ({text})"


def in_words(namespace: Namespace, feature: Feature, values: Iterable[Value]) -> str | None:
    """Return what a machine has that supports one of ``values``, or None without words for it."""
    ordered = sorted(values, key=natural_key)
    if namespace in _CPUS and ordered == ["on"]:
        return f"a CPU with {feature}"
    if (namespace, feature) not in _WORDS:
        return None
    text, summary = _WORDS[namespace, feature]
    return text.format(summary(ordered))


def one_of(values: Sequence[Value]) -> str:
    """Return values of which one is enough."""
    return values[0] if len(values) == 1 else f"one of {_listed(values)}"


def _listed(values: Sequence[str]) -> str:
    return ", ".join(first_of(values, _MOST_SHOWN))


def natural_key(value: str) -> list[tuple[int, str]]:
    """Return a sort key by which 12.10 comes after 12.9, for values of any length."""
    numbers = (text.lstrip("0") for text in re.findall("[0-9]+", value))
    return [(len(text), text) for text in numbers]


def _architectures(values: Sequence[Value]) -> str:
    """Return the compute capabilities of GPUs that run code for one of these architectures."""
    found = [match for match in map(_is_architecture, values) if match is not None]
    if len(found) < len(values):
        return f"that runs {one_of(values)}"
    names = dict.fromkeys(f"{match[1]}.{match[2]}" for match in found)
    return f"of compute capability {_alternatives(names)}"


def _alternatives(values: Iterable[str]) -> str:
    *others, last = first_of([*values], _MOST_SHOWN)
    return f"{', '.join(others)} or {last}" if others else last


def _targets(values: Sequence[Value]) -> str:
    # Their digits are hexadecimal: gfx908, gfx90a, gfx1030.
    return _alternatives(sorted(values, key=lambda name: (len(name), name)))


def _lowest(values: Sequence[Value]) -> str:
    return values[0]


def _highest(values: Sequence[Value]) -> str:
    return values[-1]


def _tpu(values: Sequence[Value]) -> str:
    return "a TPU" if "true" in values else "a machine without a TPU"


def _available(missing: MissingFeature, reason: str | None) -> str:
    """Return what there is instead: a limit if all required values lie beyond it."""
    static = missing.supported.state == "static"
    subject = "the metadata" if static else "this machine"
    if not missing.available:
        return f"{subject} has none ({reason})" if reason else f"{subject} has none"
    if missing.namespace == ABI_DEPENDENCY:
        return f"{subject} has {missing.available[0]}"
    if len(missing.available) <= _MOST_VALUES or static or missing.namespace in _WITHOUT_ORDER:
        return f"{subject} has {_listed(missing.available)}"
    lowest, *_, highest = sorted(missing.available, key=natural_key)
    if max(map(natural_key, missing.required)) < natural_key(lowest):
        return f"{subject} has {lowest} and more"
    return f"{subject} has up to {highest}"


# The words, and what they say of several values of which one is enough, in natural order: the
# easiest to have, or all.
_WORDS: Mapping[tuple[str, str], tuple[str, Callable[[Sequence[Value]], str]]] = {
    ("nvidia", "cuda_version_lower_bound"): ("a driver with CUDA {} or newer", _lowest),
    ("nvidia", "cuda_version_upper_bound"): (
        "a driver with a CUDA version older than {}",
        _highest,
    ),
    ("nvidia", "sm_arch"): ("a GPU {}", _architectures),
    ("intel", "device_ip"): ("an Intel GPU of device IP {}", _alternatives),
    ("amd", "gfx_arch"): ("an AMD GPU of architecture {}", _targets),
    ("amd", "rocm_version"): ("a ROCm {} installation", _alternatives),
    ("tpu", "present"): ("{}", _tpu),
    ("x86_64", "level"): ("a CPU of level {}", _lowest),
    ("aarch64", "version"): ("a CPU of version {}", _lowest),
}

NAMESPACES = frozenset(namespace for namespace, _ in _WORDS)
"""Those whose values are known: another one is that of another machine, no other spelling."""
