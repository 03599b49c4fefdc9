"""Control characters in variant metadata, none of which reaches the terminal."""

from __future__ import annotations

import json
import subprocess
import unicodedata
from pathlib import Path

import pytest

from tests.e2e.indexes import TORCH_JSON, with_variants, write_torch_with_fallbacks
from tests.e2e.pips import NEW_DRIVER, Pip
from tests.support.stand_in import TORCH_280, IndexServer, Reply, write_wheel
from tests.support.stand_in_wheel import Json, dump
from tests.support.venvs import offline_env

CONTROLS = "\x1b]0;owned\x07\x1b[2J\r\x08\x00\x7f\x9b31m\u202e\u2028"


def provider_metadata(**fields: object) -> Json:
    """Return metadata whose provider has these fields."""
    table = {"requires": ["nvidia-variant-provider"], **fields}
    return {**TORCH_280, "providers": {"nvidia": table}}


HOSTILE: dict[str, Json] = {
    "label": with_variants({CONTROLS: {}}),
    "namespace": with_variants({"cu129": {CONTROLS: {"a": ["b"]}}}),
    "feature": with_variants({"cu129": {"nvidia": {CONTROLS: ["b"]}}}),
    "value": with_variants({"cu129": {"nvidia": {"a": [CONTROLS]}}}),
    "value of another type": with_variants({"cu129": {"nvidia": {"a": [{CONTROLS: CONTROLS}]}}}),
    "priority": {**TORCH_280, "default-priorities": {"namespace": [CONTROLS]}},
    "priority of a feature": {
        **TORCH_280,
        "default-priorities": {"namespace": ["nvidia"], "feature": {CONTROLS: [CONTROLS]}},
    },
    "schema": {**TORCH_280, "$schema": f"{CONTROLS}/v2.0.0.json"},
    "unknown key": {**TORCH_280, CONTROLS: {CONTROLS: CONTROLS}},
    "provider's namespace": {**TORCH_280, "providers": {CONTROLS: {"requires": [CONTROLS]}}},
    "unknown key of a provider": provider_metadata(**{CONTROLS: CONTROLS}),
    "requires": provider_metadata(requires=[CONTROLS]),
    "requires, an address": provider_metadata(requires=[f"x @ https://example.org/{CONTROLS}"]),
    "plugin-api": provider_metadata(**{"plugin-api": CONTROLS}),
    "enable-if": provider_metadata(**{"enable-if": CONTROLS}),
    "enable-if, a literal": provider_metadata(**{"enable-if": f"os_name == '{CONTROLS}'"}),
    "builtin": {**TORCH_280, "providers": {"nvidia": {"builtin": CONTROLS}}},
    "static": {**TORCH_280, "providers": {"nvidia": {"static-properties": {CONTROLS: [CONTROLS]}}}},
}


def control_characters(text: str) -> set[str]:
    """Return the characters that control a terminal, or the order in which it shows others."""
    return {char for char in text if unicodedata.category(char)[0] == "C" or char in "\u2028\u2029"}


def raw_output(pip: Pip, *command: str, **extra: str) -> str:
    """Run the interpreter of pip and return its unchanged output without line ends."""
    env = offline_env(
        PIP_CACHE_DIR=str(pip.folder / "cache"), NO_PROXY="127.0.0.1", PYTHONUTF8="1", **extra
    )
    del env["PIP_NO_INDEX"]
    env |= NEW_DRIVER.variables
    done = subprocess.run(
        (str(pip.python), *command), env=env, cwd=pip.folder, capture_output=True, check=False
    )
    output = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, output
    assert "Traceback" not in output
    return output.replace("\n", "")


@pytest.mark.parametrize("case", HOSTILE)
def test_json_with_control_characters_prints_none(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str
) -> None:
    """No control character of a variants JSON is printed, and the plain wheel is selected."""
    write_torch_with_fallbacks(tmp_path / "index", tag, (None,), hashed=False)
    server.replies[TORCH_JSON] = Reply(body=json.dumps(HOSTILE[case]).encode())
    index = ("--index-url", f"{server.url}simple/")
    output = raw_output(pip, "-m", "pip", "install", "--dry-run", *index, "-v", "torch")
    assert control_characters(output) == set()
    assert "Would install torch-2.8.0" in output


INSTALL_EACH = """\
import sys
from pip._internal.cli.main import main
for wheel in sys.argv[1:]:
    print("status", main(["install", "--dry-run", "--no-deps", wheel]), flush=True)
"""
"""Runs pip once for each wheel."""


def test_wheel_metadata_with_control_characters_prints_none(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """No control character in the variant.json of an explicit wheel is printed."""
    wheels = [
        write_wheel(
            tmp_path / case, f"torch-2.8.0-{tag}-cu129.whl", variant_json=dump(HOSTILE[case])
        )
        for case in HOSTILE
    ]
    index = f"{server.url}simple/"
    output = raw_output(pip, "-c", INSTALL_EACH, *map(str, wheels), PIP_INDEX_URL=index)
    assert control_characters(output) == set()
    assert output.count("status 1") == len(HOSTILE)
    assert server.requested() == []
