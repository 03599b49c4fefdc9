"""Which third-party providers are trusted, enabled and queried."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.gpu import (
    GPU_PROVIDER,
    INSTALLING,
    PLUGIN,
    PROVIDER_PAGE,
    TRUST_GPU,
    UNTRUSTED_LINE,
    assert_falls_back_to_null,
    gpu_metadata,
    provider_folders,
    write_gpu_index,
    write_provider,
)
from tests.e2e.indexes import torch_files
from tests.e2e.pips import CROSS_TARGET_REASON, NEW_DRIVER, Pip, would_download
from tests.support.stand_in import IndexServer, write_simple_index


def test_trusted_provider_is_installed_and_queried_once(
    pip: Pip, gpu_index: str, server: IndexServer, plugin_log: Path
) -> None:
    """A trusted provider is installed and queried once, and its result selects the variant."""
    output = pip.dry_run(gpu_index, *TRUST_GPU, "torch", "torch>=2", PLUGIN_LOG=str(plugin_log))
    assert output.stderr == ""
    assert output.stdout == (
        "Looking in indexes: INDEX/simple/\n"
        + INSTALLING
        + "\n####################### torch==2.8.0; variant_hash=fast ########################\n"
        "Variant-property: gpu :: arch :: b\n" + "#" * 80 + "\n\n"
        "Collecting torch\n"
        + would_download("files/torch-2.8.0-TAG-fast.whl")
        + "Would install torch-2.8.0-fast\n"
    )
    assert plugin_log.read_text() == "ran\n"
    assert server.requested("/gpu-provider/") == [PROVIDER_PAGE, PROVIDER_PAGE]
    (site,) = provider_folders(pip)
    assert {path.name for path in site.iterdir()} == {
        "complete",
        "gpu_provider",
        "gpu_provider-1.0.dist-info",
    }


@pytest.mark.parametrize("setting", ["variable", "configuration", "its section"])
def test_trust_comes_from_variable_or_configuration(
    pip: Pip, gpu_index: str, tmp_path: Path, setting: str
) -> None:
    """A variable and pip.conf express trust too, in any spelling, several at once."""
    if setting == "variable":
        extra = {"PIP_TRUST_VARIANT_PROVIDER": "other GPU_Provider"}
    else:
        section = "global" if setting == "configuration" else "install"
        config = tmp_path / "pip.conf"
        config.write_text(f"[{section}]\ntrust-variant-provider =\n    other\n    gpu.provider\n")
        extra = {"PIP_CONFIG_FILE": str(config)}
    output = pip.dry_run(gpu_index, "torch", machine=NEW_DRIVER, status=0, **extra)
    assert (output.stderr, output.last_line) == ("", "Would install torch-2.8.0-fast")


def test_untrusted_provider_is_not_requested_or_queried(
    pip: Pip, gpu_index: str, server: IndexServer, plugin_log: Path
) -> None:
    """An untrusted provider is not requested, and one line has the option that trusts it."""
    output = pip.dry_run(
        gpu_index, "--trust-variant-provider", "gpu-providers", "torch", PLUGIN_LOG=str(plugin_log)
    )
    assert output.last_line == "Would install torch-2.8.0-null"
    assert output.stderr == (
        "WARNING: --trust-variant-provider gpu-providers had no effect: no variant that pip"
        " considered needs this provider; did you mean gpu-provider?\n"
    )
    assert output.stdout.count(UNTRUSTED_LINE) == 1
    assert "variant providers" not in output.stdout
    assert [path for path in server.requested() if "gpu" in path] == []
    assert plugin_log.read_text() == ""
    options = UNTRUSTED_LINE.split(" without ")[1].split()
    assert pip.dry_run(gpu_index, *options, "torch").last_line == "Would install torch-2.8.0-fast"


def test_invalid_package_name_is_a_usage_error(pip: Pip, gpu_index: str) -> None:
    """A value that is no package name is a usage error."""
    output = pip.dry_run(
        gpu_index, "--trust-variant-provider", "gpu-provider>=1", "torch", status=2
    )
    expected = "option --trust-variant-provider: 'gpu-provider>=1' is not the name of a package\n"
    assert output.stderr.endswith(expected)


@pytest.mark.parametrize("command", ["download", "wheel", "lock"])
def test_download_wheel_and_lock_trust_the_provider(pip: Pip, gpu_index: str, command: str) -> None:
    """`download`, `wheel` and `lock` have the option too."""
    options = ("--output", "lock.toml") if command == "lock" else ()
    pip.run(command, *options, "--index-url", gpu_index, *TRUST_GPU, "torch")
    found = [path.name for path in pip.folder.iterdir() if "fast" in path.name]
    lock = pip.folder / "lock.toml"
    assert found or "-fast.whl" in lock.read_text()


PLUGIN_FAILURES = {
    "raises": ("raise IndexError('no GPU')", "IndexError: no GPU"),
    "exits": ("import os; os._exit(3)", "it exited without a result (status 3)"),
    "raises control characters": (
        "raise ValueError('\\x1b[31m\\x07\\u202e\\n')",
        r"'ValueError: \x1b[31m\x07\u202e'",
    ),
    "invalid value": (
        PLUGIN.replace('["b", "a"]', '["\\x1b]0;x\\x07"]'),
        r"its result is not usable: '\x1b]0;x\x07' is not a value",
    ),
}


@pytest.mark.parametrize(("source", "problem"), PLUGIN_FAILURES.values(), ids=PLUGIN_FAILURES)
def test_failing_plugin_is_one_warning_with_its_output(
    pip: Pip, gpu_index: str, tmp_path: Path, tag: str, source: str, problem: str
) -> None:
    """One warning has plugin and reason, its output is shown quoted, and the install goes on."""
    printed = "print('\\x1b]0;owned\\x07 \\u202e')\n"
    wheel = write_provider(tmp_path / "index/files", printed + source)
    write_gpu_index(tmp_path / "index", tag, {"gpu-provider": [wheel]})
    output = assert_falls_back_to_null(pip, gpu_index, problem=problem)
    assert "    gpu-provider: 'gpu-provider 1.0, plain build'\n" in output.stdout
    assert r"    gpu-provider: '\x1b]0;owned\x07 \u202e'" in output.stdout
    assert [
        char for char in output.stdout + output.stderr if not char.isprintable() and char != "\n"
    ] == []


def test_plugin_output_is_shown_only_when_verbose(pip: Pip, gpu_index: str) -> None:
    """Without a failure the output of a plugin is shown only with -v."""
    line = "    gpu-provider: 'gpu-provider 1.0, plain build'\n"
    assert line not in pip.dry_run(gpu_index, *TRUST_GPU, "torch").stdout
    assert line in pip.dry_run(gpu_index, *TRUST_GPU, "-v", "torch").stdout


def test_optional_provider_runs_only_when_enabled(
    pip: Pip, gpu_index: str, tmp_path: Path, tag: str, plugin_log: Path
) -> None:
    """An optional provider is not installed until it is enabled, though it is trusted."""
    wheel = tmp_path / "index/files/gpu_provider-1.0-py3-none-any.whl"
    optional = {**GPU_PROVIDER, "optional": True}
    write_gpu_index(tmp_path / "index", tag, {"gpu-provider": [wheel]}, optional)
    output = pip.dry_run(
        gpu_index, "torch", PIP_TRUST_VARIANT_PROVIDER="gpu-provider", PLUGIN_LOG=str(plugin_log)
    )
    assert output.last_line == "Would install torch-2.8.0-null"
    assert "gpu: optional, and disabled without --enable-variant-provider gpu\n" in output.stdout
    assert plugin_log.read_text() == ""
    enable = ("--enable-variant-provider", "gpu")
    assert (
        pip.dry_run(
            gpu_index, *enable, "torch", PIP_TRUST_VARIANT_PROVIDER="gpu-provider"
        ).last_line
        == "Would install torch-2.8.0-fast"
    )
    output = pip.dry_run(
        gpu_index,
        "torch",
        PIP_TRUST_VARIANT_PROVIDER="gpu-provider",
        PIP_ENABLE_VARIANT_PROVIDER="gpu",
    )
    assert output.last_line == "Would install torch-2.8.0-fast"


def test_disabled_provider_is_not_installed(
    pip: Pip, gpu_index: str, server: IndexServer, plugin_log: Path
) -> None:
    """A disabled provider is not installed, and the option has precedence over a variable."""
    disable = ("--disable-variant-provider", "gpu")
    output = pip.dry_run(
        gpu_index,
        *disable,
        "torch",
        PIP_TRUST_VARIANT_PROVIDER="gpu-provider",
        PLUGIN_LOG=str(plugin_log),
    )
    assert output.last_line == "Would install torch-2.8.0-null"
    assert "gpu: disabled by --disable-variant-provider gpu\n" in output.stdout
    assert [path for path in server.requested() if "gpu" in path] == []
    assert plugin_log.read_text() == ""
    output = pip.dry_run(
        gpu_index,
        "--enable-variant-provider",
        "gpu",
        "torch",
        PIP_TRUST_VARIANT_PROVIDER="gpu-provider",
        PIP_DISABLE_VARIANT_PROVIDER="gpu",
    )
    assert output.last_line == "Would install torch-2.8.0-fast"
    both = (*disable, "--enable-variant-provider", "gpu")
    output = pip.dry_run(gpu_index, *both, "torch", status=2)
    assert output.stderr.endswith(
        "option --enable-variant-provider: the provider of gpu cannot be both enabled and"
        " disabled\n"
    )


def test_cross_target_does_not_install_the_provider(
    pip: Pip, gpu_index: str, server: IndexServer
) -> None:
    """For a cross target a trusted provider is not even installed."""
    options = ("--platform", pip.tag.rpartition("-")[2], "--only-binary", ":all:", "--target", "t")
    output = pip.dry_run(gpu_index, *TRUST_GPU, *options, "torch")
    assert output.last_line == "Would install torch-2.8.0-null"
    assert f"Passed over fast of torch 2.8.0: gpu: {CROSS_TARGET_REASON}\n" in output.stdout
    assert [path for path in server.requested() if "gpu" in path] == []


def test_provider_of_two_projects_is_queried_once(
    pip: Pip, gpu_index: str, tmp_path: Path, tag: str, plugin_log: Path
) -> None:
    """Two projects that need the same provider query it once."""
    folder = tmp_path / "index/files"
    torch = torch_files(folder, tag, ["fast", "null"], metadata=gpu_metadata(GPU_PROVIDER))
    vision = torch_files(
        folder, tag, ["fast", "null"], metadata=gpu_metadata(GPU_PROVIDER), name="vision"
    )
    wheel = folder / "gpu_provider-1.0-py3-none-any.whl"
    write_simple_index(
        tmp_path / "index", {"torch": torch, "vision": vision, "gpu-provider": [wheel]}
    )
    output = pip.dry_run(gpu_index, *TRUST_GPU, "torch", "vision", PLUGIN_LOG=str(plugin_log))
    assert output.last_line == "Would install torch-2.8.0-fast vision-2.8.0-fast"
    assert output.stdout.count(INSTALLING) == 1
    assert plugin_log.read_text() == "ran\n"
