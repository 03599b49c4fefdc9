"""Options about variants from the command line, the environment and pip.conf."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.gpu import TRUST_GPU
from tests.e2e.pips import NEW_DRIVER, Pip, write_pip_conf
from tests.support.stand_in import IndexServer, write_torch_index

TRUST_VARIABLE = {"PIP_TRUST_VARIANT_PROVIDER": "gpu-provider"}
ENABLE, DISABLE = ("--enable-variant-provider", "gpu"), ("--disable-variant-provider", "gpu")

# The environment variables, the text of pip.conf, the options, and the label that is selected.
CONFIGURATIONS: dict[str, tuple[dict[str, str], str, tuple[str, ...], str]] = {
    "trusted in pip.conf": ({}, "[install]\ntrust-variant-provider = gpu-provider\n", (), "fast"),
    "the last of several in pip.conf": (
        {},
        "[global]\ntrust-variant-provider =\n    other\n    gpu-provider\n",
        (),
        "fast",
    ),
    "the last of several in a variable": (
        {"PIP_TRUST_VARIANT_PROVIDER": "other gpu-provider"},
        "",
        (),
        "fast",
    ),
    "variable beside pip.conf": (
        TRUST_VARIABLE,
        "[install]\ntrust-variant-provider = other\n",
        (),
        "fast",
    ),
    "option beside variable and pip.conf": (
        {"PIP_TRUST_VARIANT_PROVIDER": "other"},
        "[install]\ntrust-variant-provider = another\n",
        TRUST_GPU,
        "fast",
    ),
    "another command": ({}, "[download]\ntrust-variant-provider = gpu-provider\n", (), "null"),
    "disabled in pip.conf": (
        TRUST_VARIABLE,
        "[install]\ndisable-variant-provider = gpu\n",
        (),
        "null",
    ),
    "enabling variable before pip.conf": (
        {**TRUST_VARIABLE, "PIP_ENABLE_VARIANT_PROVIDER": "gpu"},
        "[install]\ndisable-variant-provider = gpu\n",
        (),
        "fast",
    ),
    "disabling variable before pip.conf": (
        {**TRUST_VARIABLE, "PIP_DISABLE_VARIANT_PROVIDER": "gpu"},
        "[install]\nenable-variant-provider = gpu\n",
        (),
        "null",
    ),
    "enabling option before pip.conf": (
        TRUST_VARIABLE,
        "[install]\ndisable-variant-provider = gpu\n",
        ENABLE,
        "fast",
    ),
    "disabling option before both": (
        {**TRUST_VARIABLE, "PIP_ENABLE_VARIANT_PROVIDER": "gpu"},
        "[install]\nenable-variant-provider = gpu\n",
        DISABLE,
        "null",
    ),
}


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_options_about_providers_follow_pips_precedence(
    pip: Pip, gpu_index: str, case: str
) -> None:
    """Trust adds up; of enabling and disabling, the option counts, the variable, or pip.conf."""
    variables, config, options, label = CONFIGURATIONS[case]
    variables = {**variables, "PIP_CONFIG_FILE": str(write_pip_conf(pip, config))}
    output = pip.dry_run(gpu_index, *options, "torch", machine=NEW_DRIVER, status=0, **variables)
    assert output.last_line == f"Would install torch-2.8.0-{label}"


# The environment variables, the text of pip.conf, the options, and the label that is selected.
REQUESTS: dict[str, tuple[dict[str, str], str, tuple[str, ...], str]] = {
    "pip.conf": ({}, "[global]\nvariant = torch=cu126\n", (), "cu126"),
    "section": ({}, "[variants]\nvariant = torch=cu126\n", (), "cu126"),
    "another command": ({}, "[install]\nvariant = torch=cu126\n", (), "cu129"),
    "variable": (
        {"PIP_VARIANT": "torch=cu128"},
        "[variants]\nvariant = torch=cu126\n",
        (),
        "cu128",
    ),
    "excluded": ({"PIP_VARIANT": "torch=!cu129"}, "", ("--variant", "torch=!cu128"), "cu126"),
    "option": (
        {"PIP_VARIANT": "torch=cu128"},
        "[variants]\nvariant = torch=cu126\n",
        ("--variant", "torch=00000000"),
        "00000000",
    ),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_pip_variants_reads_variables_and_configuration(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str
) -> None:
    """`pip variants explain` reads the same as `pip install`, with a section of its own."""
    variables, config, options, label = REQUESTS[case]
    write_torch_index(tmp_path / "index", tag)
    variables = {**variables, "PIP_CONFIG_FILE": str(write_pip_conf(pip, config))}
    explain = ("variants", "explain", "--index-url", f"{server.url}simple/", *options, "torch")
    output = pip.run(*explain, machine=NEW_DRIVER, status=0, **variables)
    assert f"Selected: torch-2.8.0-TAG-{label}.whl\n" in output.stdout


NO_NAMESPACE = "no variant that pip considered has this namespace"
NO_PACKAGE = "no variant that pip considered needs this provider"

# Options and variables with a name that matches nothing, and the warning.
TYPING_ERRORS: dict[str, tuple[tuple[str, ...], dict[str, str], str]] = {
    "namespace": (
        ("--disable-variant-provider", "gup"),
        {},
        f"--disable-variant-provider gup had no effect: {NO_NAMESPACE}; did you mean gpu?",
    ),
    "package": (
        ("--trust-variant-provider", "gpu-povider"),
        {},
        (
            f"--trust-variant-provider gpu-povider had no effect: {NO_PACKAGE};"
            " did you mean gpu-provider?"
        ),
    ),
    "label": (
        ("--variant", "torch=!fsat"),
        {},
        (
            "--variant torch=!fsat had no effect: no wheel of torch that pip considered has this"
            " label; did you mean fast?"
        ),
    ),
    "project in a variable": (
        (),
        {"PIP_VARIANT": "torhc=!fast"},
        "--variant torhc=!fast had no effect: pip did not look for torhc; did you mean torch?",
    ),
}


@pytest.mark.parametrize("case", TYPING_ERRORS)
def test_name_that_matches_nothing_is_a_warning_with_the_nearest(
    pip: Pip, gpu_index: str, case: str
) -> None:
    """The run goes on, because only the option has no effect."""
    options, variables, warning = TYPING_ERRORS[case]
    output = pip.dry_run(gpu_index, *options, "torch", machine=NEW_DRIVER, status=0, **variables)
    assert (output.stderr, output.last_line) == (
        f"WARNING: {warning}\n",
        "Would install torch-2.8.0-null",
    )


# Options and variables, and the lines about the choice.
BANNER_LINE = "Variant: torch==2.8.0; variant_hash=null"
BANNERS: dict[str, tuple[tuple[str, ...], dict[str, str], list[str]]] = {
    "short": (("--variant-banner", "short"), {}, [BANNER_LINE]),
    "short by variable": ((), {"PIP_VARIANT_BANNER": "short"}, [BANNER_LINE]),
    "none": (("--variant-banner=none",), {"PIP_VARIANT_BANNER": "short"}, []),
    "quiet": (("-q", "--variant-banner", "full"), {}, []),
}


@pytest.mark.parametrize("case", BANNERS)
def test_banner_is_short_or_left_out(pip: Pip, gpu_index: str, case: str) -> None:
    """The option, its variable, and `-q`."""
    options, variables, lines = BANNERS[case]
    output = pip.dry_run(gpu_index, *options, "torch", machine=NEW_DRIVER, status=0, **variables)
    assert [line for line in output.stdout.splitlines() if "variant_hash" in line] == lines
    assert "###" not in output.stdout


def test_unknown_style_of_the_banner_is_a_usage_error(pip: Pip) -> None:
    """The error lists the styles."""
    output = pip.run("install", "--variant-banner", "long", "torch", status=2)
    assert output.stderr.splitlines()[-1].startswith(
        "option --variant-banner: invalid choice: 'long' (choose from "
    )
