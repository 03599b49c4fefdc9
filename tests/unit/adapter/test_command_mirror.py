"""`pip variants mirror`: its arguments, what it prints, and the index that it leaves."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pip._internal.exceptions import CommandError, InstallationError
from pip._internal.utils.temp_dir import global_tempdir_manager

from pip_variants.commands.command import VariantsCommand
from tests.e2e.indexes import torch_sdist
from tests.support.stand_in_wheel import write_wheel
from tests.unit.adapter.command import Command, printed
from tests.unit.adapter.edge import logged

NEED = "Need requirements, and the folder of the mirror as the last argument."
COMPLETE = "version = 1\ncomplete = true\n"
CROSS = ("--platform", "win_amd64")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in a folder with wheels in `w` and a platform file."""
    monkeypatch.chdir(tmp_path)
    write_wheel(Path("w"), "x-1.0-py3-none-any.whl", requires=["y_y>=1"])
    write_wheel(Path("w"), "Y_Y-2.0-py3-none-any.whl", requires_python=">=3.8")
    write_wheel(Path("w"), "y_y-1.0-py3-none-any.whl")
    Path("cpu.toml").write_text(COMPLETE)
    Path("gpu.toml").write_text(COMPLETE)
    with global_tempdir_manager():
        yield


class RealCommand(Command):
    """The command with the finder of pip."""

    finder = VariantsCommand.finder


def mirror(*args: str, platforms: Sequence[str] = (), status: int = 0) -> None:
    """Run the command on the folder of wheels, for machines as our patched pip has them."""
    command = RealCommand()
    # pip remembers what lies in a folder by the path that it is given.
    found = ("--no-index", "--find-links", str(Path("w").absolute()), "--no-cache-dir")
    options, rest = command.parse_args(["mirror", *found, *args])
    options.variant_platforms = platforms
    assert command.run(options, rest) == status


def tree() -> list[str]:
    """Return the paths in the mirror `m`."""
    return sorted(str(path) for path in Path("m").rglob("*") if path.is_file())


INDEX = [
    "m/index.html",
    "m/index.json",
    "m/x/index.html",
    "m/x/index.json",
    "m/x/x-1.0-py3-none-any.whl",
    "m/x/x-1.0-py3-none-any.whl.metadata",
    "m/y-y/Y_Y-2.0-py3-none-any.whl",
    "m/y-y/Y_Y-2.0-py3-none-any.whl.metadata",
    "m/y-y/index.html",
    "m/y-y/index.json",
]


def test_mirror_is_an_index_of_the_requirements_and_their_dependencies(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A second run finds nothing new and writes nothing; files of before are kept."""
    mirror("x", "m")
    assert tree() == INDEX
    size = sum(path.stat().st_size for path in Path("m").rglob("*.whl")) / 1000
    done = f"m has all that is needed, 2 files: 2 new ({size:.1f} kB)"
    assert printed(caplog)[-2:] == ["this machine needs 2 files", done]
    caplog.clear()
    before = {path: path.stat().st_mtime_ns for path in Path("m").rglob("*")}
    mirror("x", "m")
    done = "Nothing new: m has all that is needed, 2 files"
    assert printed(caplog)[-2:] == ["this machine needs 2 files", done]
    assert {path: path.stat().st_mtime_ns for path in Path("m").rglob("*")} == before
    mirror("y_y<2", "m")
    assert [*tree()] == sorted(
        [*INDEX, "m/y-y/y_y-1.0-py3-none-any.whl", "m/y-y/y_y-1.0-py3-none-any.whl.metadata"]
    )


def test_each_machine_has_a_line(caplog: pytest.LogCaptureFixture) -> None:
    """A platform file that is given twice counts once."""
    mirror("--no-deps", "x", "m", platforms=["cpu.toml", "gpu.toml", "cpu.toml"])
    lines = [line for line in printed(caplog) if " needs " in line]
    assert lines == ["cpu.toml needs 1 file", "gpu.toml needs 1 file"]


@pytest.mark.parametrize(
    ("args", "files"),
    [
        (("-r", "r.txt", "m"), 1),
        (("-c", "r.txt", "x", "m"), 2),
        (("--no-deps", "x", "m"), 1),
        ((*CROSS, "--only-binary", ":all:", "x", "m"), 2),
        (("y_y; python_version < '3'", "m"), 0),
    ],
    ids=["file", "constraint", "no dependencies", "another platform", "marker"],
)
def test_options_of_download_narrow_what_is_mirrored(
    caplog: pytest.LogCaptureFixture, args: tuple[str, ...], files: int
) -> None:
    """They mean what they mean for `pip download`."""
    Path("r.txt").write_text("y_y<2\n")
    mirror(*args)
    assert len([path for path in tree() if path.endswith(".whl")]) == files
    assert any("Y_Y-2.0" in path for path in tree()) == (CROSS[0] in args)
    assert f"this machine needs {files} file{'' if files == 1 else 's'}" in printed(caplog)


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ((), NEED),
        (("m",), NEED),
        (("-r", "r.txt"), NEED),
        (("--check", "x", "m"), "The option --check is not one of: pip variants mirror"),
    ],
)
def test_wrong_arguments_are_an_error_before_anything_is_fetched(
    args: tuple[str, ...], error: str
) -> None:
    """The folder is not made."""
    with pytest.raises(CommandError) as caught:
        mirror(*args, platforms=["cpu.toml"])
    assert str(caught.value) == error
    assert not Path("m").exists()


def test_each_platform_file_is_read_before_anything_is_fetched() -> None:
    """One that is missing is named."""
    with pytest.raises(CommandError) as caught:
        mirror("x", "m", platforms=["cpu.toml", "no.toml"])
    text = "--variant-platform: 'no.toml' cannot be read: No such file or directory"
    assert str(caught.value) == text
    assert not Path("m").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names here")
def test_pipe_is_refused_because_each_machine_reads_it() -> None:
    """The second machine would need nothing."""
    os.mkfifo("pipe")
    with pytest.raises(CommandError, match="--requirement: 'pipe' is not a regular file"):
        mirror("-r", "pipe", "m", platforms=["cpu.toml", "gpu.toml"])


@pytest.mark.parametrize(
    ("option", "platforms", "error"),
    [
        ("-rr.txt", [], "--requirement is not one of: pip variants index"),
        ("--no-deps", [], "--no-deps is not one of: pip variants index"),
        (
            "-v",
            ["cpu.toml", "gpu.toml"],
            (
                "--platform-file: several files; only `pip lock` and `pip variants mirror` do"
                " something for each"
            ),
        ),
    ],
)
def test_options_of_mirror_are_refused_elsewhere(
    option: str, platforms: Sequence[str], error: str
) -> None:
    """An option that would be ignored is an error."""
    command = Command()
    options, rest = command.parser.parse_args(["index", "w", option])
    options.variant_platforms = platforms
    with pytest.raises(CommandError) as caught:
        command.run(options, rest)
    assert str(caught.value) == f"The option {error}"


def test_machine_for_which_nothing_is_found_is_named() -> None:
    """Without a platform file the error is pip's own; nothing is fetched for the others."""
    with pytest.raises(InstallationError) as caught:
        mirror("z", "m")
    assert str(caught.value) == "No matching distribution found for z"
    with pytest.raises(InstallationError) as caught:
        mirror("z", "m", platforms=["gpu.toml"])
    assert str(caught.value) == "No matching distribution found for z (for 'gpu.toml')"
    assert not Path("m").exists()


def test_source_distributions_lack_what_they_are_built_with(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They are mirrored where there is no wheel, with a warning."""
    torch_sdist(Path("w"))
    mirror("torch", "m")
    text = (
        "torch-2.8.0.tar.gz is a source distribution, and what building requires is not in the"
        " mirror by itself"
    )
    assert ("WARNING", text) in logged(caplog)
    assert "m/torch/torch-2.8.0.tar.gz" in tree()
