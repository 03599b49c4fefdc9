"""Options, variables and configuration with values that nobody means."""

from __future__ import annotations

import random
from collections.abc import Callable

from .hostile_text import hostile

_NUMBERS = ("", "0", "-1", "1", "99999999999", "1.5", "x", "\x1b[31m", "1e3", "\u0663", "9" * 5000)
_FILES = (
    *(
        "HERE/machine.toml",
        "HERE",
        "HERE/missing",
        "/dev/null",
        "/dev/zero",
        "-",
        "",
        "HERE/machine.toml/",
    ),
    *("HERE/odd.toml", "HERE/odd.toml", "HERE/odd.toml", "file:///proc/version", "HERE/\x1b[31m"),
)
_URLS = (
    *(
        "http://127.0.0.1:1/",
        "http://[::1",
        "//[x",
        "http://127.0.0.1:99999999/",
        "file:///proc/",
        "",
    ),
    *(
        "http://user:password@127.0.0.1:1/",
        "HERE",
        "ftp://x/",
        "-",
        "http://\u202e/",
        "http://a b/",
    ),
)
_SPACES = ("gpu", "nvidia", "abi_dependency", "cpu", "GPU", "", "nvidia,gpu", "-", "--")


def _name(rng: random.Random) -> str:
    return rng.choice(["proj0", "proj1", "Proj.0", "missing", "", hostile(rng, "proj0")])


def _label(rng: random.Random) -> str:
    return rng.choice(["v0", "null", "!v0", "v9", "!", "", "=", hostile(rng, "v0"), "V0", "v0,v1"])


_OPTIONS: tuple[tuple[str, Callable[[random.Random], str]], ...] = (
    ("variant", lambda rng: f"{_name(rng)}={_label(rng)}"),
    ("variant", lambda rng: hostile(rng, f"proj0={_label(rng)}")),
    ("variant-platform", lambda rng: rng.choice(_FILES)),
    ("enable-variant-provider", lambda rng: rng.choice([*_SPACES, hostile(rng, "gpu")])),
    ("disable-variant-provider", lambda rng: rng.choice([*_SPACES, hostile(rng, "gpu")])),
    (
        "trust-variant-provider",
        lambda rng: rng.choice(["gpu-provider", "x", hostile(rng, "gpu-provider")]),
    ),
    (
        "variant-provider-index",
        lambda rng: rng.choice([*_URLS, "INDEX/simple/", hostile(rng, "http://a")]),
    ),
    ("variant-consistent", lambda rng: rng.choice([*_SPACES, hostile(rng, "gpu")])),
    ("variant-jobs", lambda rng: rng.choice(_NUMBERS)),
    ("variant-banner", lambda rng: rng.choice(["full", "short", "none", "FULL", "", hostile(rng)])),
    ("no-variants", lambda rng: rng.choice(["1", "0", "true", "maybe", "", hostile(rng)])),
    ("platform", lambda rng: rng.choice(["any", "linux_x86_64", "win_amd64", hostile(rng, "any")])),
    ("python-version", lambda rng: rng.choice(["3.12", "3", "99", "x", "3.1.2.3.4", hostile(rng)])),
    ("extra-index-url", lambda rng: rng.choice([*_URLS, hostile(rng, "http://127.0.0.1:1/")])),
    ("find-links", lambda rng: rng.choice([*_URLS, *_FILES, hostile(rng, "HERE")])),
    ("constraint", lambda rng: rng.choice([*_FILES, hostile(rng, "HERE/odd.toml")])),
)
_FLAGS = ("no-variants",)
_VARIABLES = (
    "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION",
    "NV_VARIANT_PROVIDER_FORCE_SM_ARCH",
    "INTEL_VARIANT_PROVIDER_FORCE_DEVICE_IP",
    "NO_COLOR",
    "PIP_PROXY",
    "PIP_PROGRESS_BAR",
    "PIP_VARIANTS_OVERRIDE",
    "LANG",
)
_PLATFORM_LINES = (
    *(
        "version = 1",
        "version = 2",
        "version = '1'",
        "complete = true",
        "complete = 1",
        "[properties]",
    ),
    *(
        "[properties.gpu]",
        'arch = ["c", "b", "a"]',
        "arch = 5",
        "arch = []",
        'arch = "a"',
        "[properties.",
    ),
    *(
        '[properties."\x1b"]',
        "[[properties]]",
        "x = 1979-05-27",
        "arch = [['a']]",
        "a.b.c = 1",
        "[x]",
    ),
    *('memory = ["\\u202e"]', "\x00", "= 1", 'arch = ["' + "a" * 20_000 + '"]', "a = " + "[" * 500),
)


def random_options(rng: random.Random) -> tuple[str, ...]:
    """Return one to three options; HERE and INDEX stand for places as in a Command."""
    found = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        name, value = rng.choice(_OPTIONS)
        if name in _FLAGS:
            found.append(f"--{name}")
        else:
            found.append(f"--{name}={_without_null(value(rng))}")
    return tuple(found)


def random_variables(rng: random.Random) -> dict[str, str]:
    """Return none to two variables; INDEX and HERE stand for places as in a Command."""
    found = {}
    for _ in range(rng.choice([0, 1, 1, 2])):
        if rng.random() < 0.5:
            name, value = rng.choice(_OPTIONS)
            found[f"PIP_{name.upper().replace('-', '_')}"] = _without_null(value(rng))
        else:
            texts = ["", "0", "12.6", "9.0", "-5", hostile(rng, "12.6"), hostile(rng, "")]
            found[rng.choice(_VARIABLES)] = _without_null(rng.choice(texts))
    return found


def random_platform(rng: random.Random) -> str:
    """Return the text of a platform file in which not everything is right."""
    lines = ["version = 1", "[properties.gpu]", 'arch = ["c", "b", "a"]']
    for _ in range(rng.choice([1, 1, 2, 5])):
        lines.insert(
            rng.randint(0, len(lines)), rng.choice([*_PLATFORM_LINES, hostile(rng, "a = 1")])
        )
    if rng.random() < 0.2:
        del lines[0]
    return "\n".join(lines)


def random_requirement(rng: random.Random, name: str) -> str:
    """Return a requirement that may have a label, or be none."""
    kind = rng.random()
    if kind < 0.4:
        return name
    if kind < 0.7:
        return _without_null(f"{name}#{_label(rng)}")
    if kind < 0.85:
        return rng.choice(
            [f"{name}==1.0#v0", f"{name}[x]", f"{name}; variant_label == 'v0'", "#v0"]
        )
    return _without_null(hostile(rng, name))


def _without_null(text: str) -> str:
    """Return what can be an argument of a process."""
    return (
        text.replace("\0", "").encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    )
