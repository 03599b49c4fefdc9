"""Targets other than this machine: --platform, --abi, --python-version, --implementation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.indexes import ALL_LABELS, PURE_TAG, torch_files, write_torch_release
from tests.e2e.pips import CROSS_TARGET_REASON, INDEX_LINE, NEW_DRIVER, Machine, Pip, banner
from tests.support.stand_in import IndexServer, write_simple_index
from tests.support.stand_in_wheel import Json

# Static values of the metadata, best first, which need no query of any machine.
STATIC: Json = {
    "default-priorities": {"namespace": ["level"]},
    "providers": {"level": {"static-properties": {"order": ["high", "low"]}}},
    "variants": {
        "a_low": {"level": {"order": ["low"]}},
        "b_high": {"level": {"order": ["high"]}},
        "null": {},
    },
}
CROSS_TARGETS = {
    "platform": ("--platform", "manylinux_2_28_x86_64"),
    "abi": ("--abi", "none"),
    "python": ("--python-version", "3.12"),
    "implementation": ("--implementation", "py"),
}


def cross_download(
    pip: Pip, server: IndexServer, options: tuple[str, ...]
) -> Callable[[Machine], str]:
    """Return a function that downloads torch for a target and returns what pip printed."""
    command = ("download", "--no-deps", "--only-binary", ":all:", "--dest", "wheels", *options)

    def download(machine: Machine) -> str:
        url = f"{server.url}simple/"
        output = pip.run(*command, "--index-url", url, "torch", machine=machine)
        assert "Querying" not in output.stdout
        assert output.stderr == ""
        return output.stdout

    return download


@pytest.mark.parametrize("options", CROSS_TARGETS.values(), ids=CROSS_TARGETS)
@pytest.mark.parametrize(
    "machine", [NEW_DRIVER, Machine("bad", "bad")], ids=["valid force", "invalid force"]
)
def test_cross_target_does_not_query_this_machine(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    options: tuple[str, ...],
    machine: Machine,
) -> None:
    """For a cross target no provider is queried, and the null variant is selected with a reason."""
    write_torch_release(tmp_path / "index", PURE_TAG)
    out = cross_download(pip, server, options)(machine)
    passed_over = (
        f"Passed over cu126, cu128 and cu129 of torch 2.8.0: nvidia: {CROSS_TARGET_REASON}\n"
    )
    assert out.startswith(INDEX_LINE + passed_over + banner("00000000"))
    assert [file.name for file in (pip.folder / "wheels").iterdir()] == [
        f"torch-2.8.0-{PURE_TAG}-00000000.whl"
    ]


@pytest.mark.parametrize("options", CROSS_TARGETS.values(), ids=CROSS_TARGETS)
def test_static_values_hold_for_a_cross_target(
    pip: Pip, server: IndexServer, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Static values hold for every machine, and the best of them is selected."""
    labels = ("a_low", "b_high", "null")
    files = torch_files(tmp_path / "index/files", PURE_TAG, labels, metadata=STATIC)
    write_simple_index(tmp_path / "index", {"torch": files})
    out = cross_download(pip, server, options)(NEW_DRIVER)
    assert out.startswith(INDEX_LINE + banner("b_high", "level :: order :: high"))


def test_tags_of_the_cross_target_are_applied_first(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """For Windows only wheels for Windows are considered, and their null variant is selected."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, ALL_LABELS)[:-1]
    files += torch_files(folder, "cp312-cp312-win_amd64", ["00000000", "cu129"])
    write_simple_index(tmp_path / "index", {"torch": files})
    options = ("--platform", "win_amd64", "--python-version", "3.12")
    out = cross_download(pip, server, options)(NEW_DRIVER)
    assert f"Passed over cu129 of torch 2.8.0: nvidia: {CROSS_TARGET_REASON}\n" in out
    assert (pip.folder / "wheels" / "torch-2.8.0-cp312-cp312-win_amd64-00000000.whl").is_file()


def test_install_for_a_cross_target_selects_like_download(
    pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """`pip install --target` for a cross target selects what `pip download` selects."""
    write_torch_release(tmp_path / "index", PURE_TAG)
    options = ("--target", "lib", "--only-binary", ":all:", "--platform", "any")
    output = pip.run("install", *options, "--index-url", f"{server.url}simple/", "torch")
    assert "Querying" not in output.stdout
    assert output.last_line == "Successfully installed torch-2.8.0-00000000"
