"""The options about providers and about the target, as settings."""

from __future__ import annotations

from dataclasses import replace
from optparse import Values

import pytest

from pip_variants.core.errors import RequestError
from pip_variants.pip_adapter.options import (
    OptionValue,
    consistent,
    locks_every_label,
    provider_settings,
    switches,
    target_of,
    trusted,
)
from pip_variants.pip_adapter.requests import check_options
from pip_variants.pip_adapter.run_state import new_run_state
from pip_variants.providers.resolve import Target

SWITCHED = "variant_provider_switches"
TRUSTED = "trusted_variant_providers"


def _typed(*texts: str) -> list[OptionValue]:
    """Return values from the command line."""
    return [OptionValue(text) for text in texts]


def _defaults(*texts: str) -> list[OptionValue]:
    """Return values from the environment or a configuration file."""
    return [OptionValue(text, is_default=True) for text in texts]


def _disabled(values: list[OptionValue]) -> list[OptionValue]:
    """Return the same values of --disable-variant-provider."""
    return [replace(value, enable=False) for value in values]


# The values of --enable-variant-provider and --disable-variant-provider in order, and the result.
SWITCHES = [
    pytest.param([], {}, id="none"),
    pytest.param(
        [*_typed("a"), *_disabled(_typed("b"))], {"a": True, "b": False}, id="two namespaces"
    ),
    pytest.param(_typed("a", "a"), {"a": True}, id="enabled twice"),
    pytest.param(
        [*_defaults("a"), *_disabled(_defaults("a"))], {"a": False}, id="default disabled last"
    ),
    pytest.param(
        [*_disabled(_defaults("a")), *_defaults("a")], {"a": True}, id="default enabled last"
    ),
    pytest.param(
        [*_disabled(_defaults("a")), *_typed("a")], {"a": True}, id="enabled, disabled by default"
    ),
    pytest.param(
        [*_defaults("a"), *_disabled(_typed("a"))], {"a": False}, id="disabled, enabled by default"
    ),
    pytest.param([*_defaults("a"), *_typed("a")], {"a": True}, id="enabled, enabled by default"),
    pytest.param(
        [*_disabled(_defaults("a")), *_typed("b")],
        {"a": False, "b": True},
        id="different namespaces",
    ),
]


@pytest.mark.parametrize(("values", "expected"), SWITCHES)
def test_command_line_overrides_default_switches(
    values: list[OptionValue], expected: dict[str, bool]
) -> None:
    """The command line overrides the environment and configuration files."""
    assert switches(values) == expected
    options = Values({"cache_dir": None, SWITCHED: values})
    assert new_run_state(options, []).resolver.settings.switches == expected


def test_namespace_enabled_and_disabled_is_an_error() -> None:
    """The command line cannot both enable and disable a namespace."""
    with pytest.raises(RequestError) as caught:
        switches([*_typed("nvidia"), *_disabled(_typed("nvidia"))])
    assert str(caught.value) == "the provider of nvidia cannot be both enabled and disabled"


@pytest.mark.parametrize("is_default", [True, False], ids=["default", "typed"])
@pytest.mark.parametrize("enable", [True, False], ids=["enable", "disable"])
@pytest.mark.parametrize(
    "text", ["", "NVIDIA", "x86-64", "nvidia,amd", "a b", "../x", "n\u0432idia", "\x1b[31m"]
)
def test_invalid_namespace_is_an_error(text: str, *, enable: bool, is_default: bool) -> None:
    """An invalid namespace is an error, from the command line and from the environment."""
    options = Values({SWITCHED: [OptionValue(text, is_default, enable)]})
    for check in (check_options, provider_settings):
        with pytest.raises(RequestError) as caught:
            check(options)
        assert str(caught.value) == f"{text!a} is not a namespace (a-z, 0-9 and _)"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("amd-variant-provider", "amd-variant-provider"),
        ("AMD_Variant.Provider", "amd-variant-provider"),
        ("a--_.b", "a-b"),
        ("x", "x"),
    ],
)
def test_package_is_trusted_by_normalised_name(text: str, name: str) -> None:
    """Trust is in the normalised name of a package."""
    assert trusted(_typed(text)) == {name}
    assert provider_settings(Values({TRUSTED: _typed(text)})).trusted == {name}


def test_defaults_are_trusted_in_addition() -> None:
    """Packages of the environment are trusted in addition to those of the command line."""
    assert trusted([*_defaults("a", "b"), *_typed("b", "c")]) == {"a", "b", "c"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "-amd",
        "amd-",
        "amd>=1",
        "amd[x]",
        "amd==1",
        "amd @ https://x.test/amd.whl",
        "https://x.test/amd.whl",
        "./amd",
        "a/b",
        "*",
        "amd;x",
        "\u0430md",
        "a\x1b[31m",
    ],
)
def test_only_package_names_can_be_trusted(text: str) -> None:
    """Trust is in a name, not in a version, a URL or all packages."""
    options = Values({TRUSTED: _typed(text)})
    for check in (check_options, provider_settings):
        with pytest.raises(RequestError) as caught:
            check(options)
        assert str(caught.value) == f"{text!a} is not the name of a package"


def test_options_without_values_have_no_effect() -> None:
    """A command without these options has default settings."""
    check_options(Values())
    found = provider_settings(Values())
    assert (found.switches, found.trusted, found.platform) == ({}, frozenset(), None)


def test_check_options_includes_requested_labels() -> None:
    """An invalid value of ``--variant`` is an error as soon as options are checked."""
    with pytest.raises(RequestError) as caught:
        check_options(Values({"variants": _typed("torch")}))
    assert str(caught.value) == "'torch' is not of the form NAME=LABEL or NAME=!LABEL"


# Options, and the target.
TARGETS = [
    pytest.param({}, Target(), id="none"),
    pytest.param({"platforms": [], "abis": [], "python_version": None}, Target(), id="no values"),
    pytest.param({"abis": ["cp311"]}, Target(is_cross=True), id="ABI"),
    pytest.param(
        {"platforms": ["win_amd64"]},
        Target(
            is_cross=True,
            markers={
                "sys_platform": "win32",
                "platform_system": "Windows",
                "os_name": "nt",
                "platform_machine": "AMD64",
            },
        ),
        id="platform",
    ),
    pytest.param(
        {"python_version": (3, 13), "implementation": "cp"},
        Target(
            is_cross=True,
            markers={
                "python_version": "3.13",
                "python_full_version": "3.13.0",
                "platform_python_implementation": "CPython",
                "implementation_name": "cpython",
            },
        ),
        id="Python version and implementation",
    ),
]


@pytest.mark.parametrize(("options", "expected"), TARGETS)
def test_target_options_make_a_cross_target(options: dict[str, object], expected: Target) -> None:
    """Any option about the target makes it a cross target, with the markers that it fixes."""
    assert target_of(Values(options)) == expected


LOCKS_ALL = [
    pytest.param({}, False, None, id="no lock"),
    pytest.param({"lock_variants": "this", "no_variants": True}, False, None, id="this"),
    pytest.param({"lock_variants": "all", "variant_platform": None}, True, None, id="all"),
    pytest.param(
        {"lock_variants": "all", "variant_platform": "gpu.toml"},
        True,
        "--variants all is for every machine, --variant-platform for one",
        id="all, for one machine",
    ),
    pytest.param(
        {"lock_variants": "all", "no_variants": True},
        True,
        "--variants all and --no-variants contradict each other",
        id="all, without any",
    ),
]


@pytest.mark.parametrize(("values", "expected", "error"), LOCKS_ALL)
def test_lock_of_every_label_is_for_no_machine_in_particular(
    values: dict[str, object], error: str | None, *, expected: bool
) -> None:
    """What contradicts it is an error, before anything is requested."""
    assert locks_every_label(Values(values)) == expected
    if error is None:
        provider_settings(Values(values))
    else:
        with pytest.raises(RequestError) as caught:
            provider_settings(Values(values))
        assert str(caught.value) == error


@pytest.mark.parametrize(
    ("values", "expected"), [([], set()), (["gpu", "cpu", "gpu"], {"gpu", "cpu"})]
)
def test_consistent_namespaces_are_a_set(values: list[str], expected: set[str]) -> None:
    """An option that is repeated adds to it."""
    assert consistent(_typed(*values)) == expected
    options = Values({"cache_dir": None, "consistent_namespaces": _typed(*values)})
    assert new_run_state(options, []).together.consistent == expected


def test_invalid_consistent_namespace_is_an_error() -> None:
    """The text is that of the other options about namespaces."""
    options = Values({"consistent_namespaces": _typed("No!")})
    with pytest.raises(RequestError, match=r"^'No!' is not a namespace \(a-z, 0-9 and _\)$"):
        check_options(options)
