"""`pip variants index`: the variants JSON that it writes, and the servers that suffice for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.indexes import cuda, with_provider, with_variants
from tests.e2e.pips import NEW_DRIVER, Output, Pip
from tests.support.stand_in import write_simple_index, write_wheel
from tests.support.stand_in_wheel import Json
from tests.support.web_servers import NGINX, http_server, nginx

METADATA: Json = {
    "default-priorities": {"namespace": ["nvidia"]},
    "providers": {"nvidia": {"requires": ["nvidia-variant-provider>=0.0.1,<1.0.0"]}},
    "variants": {"cu126": cuda("12.6"), "cu129": cuda("12.9"), "null": {}},
}
VARIANTS_JSON = """\
{
    "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
    "default-priorities": {
        "namespace": [
            "nvidia"
        ]
    },
    "providers": {
        "nvidia": {
            "requires": [
                "nvidia-variant-provider>=0.0.1,<1.0.0"
            ]
        }
    },
    "variants": {
        "cu126": {
            "nvidia": {
                "cuda_version_lower_bound": [
                    "12.6"
                ]
            }
        },
        "cu129": {
            "nvidia": {
                "cuda_version_lower_bound": [
                    "12.9"
                ]
            }
        },
        "null": {}
    }
}
"""


def write_wheels(folder: Path, tag: str = "py3-none-any", metadata: Json = METADATA) -> Path:
    """Write three variants and a plain wheel of torch; return the path of their variants JSON.

    They are not written in the order of their names.
    """
    for label in ("null", "cu129", "cu126"):
        write_wheel(folder, f"torch-2.8.0-{tag}-{label}.whl", variant_json=metadata)
    write_wheel(folder, f"torch-2.7.0-{tag}.whl")
    return folder / "torch-2.8.0-variants.json"


def index(pip: Pip, *args: str | Path, status: int = 0) -> Output:
    """Run `pip variants index` and return its output."""
    return pip.run("variants", "index", *args, status=status)


def test_json_is_written_checked_and_replaced(pip: Pip) -> None:
    """The file is written, found unchanged, and replaced when a wheel is added."""
    file = write_wheels(pip.folder / "dist")
    summary = "dist/torch-2.8.0-variants.json (3 labels of 3 wheels)\n"
    assert index(pip, "dist", "--check", status=1) == Output(f"would write {summary}", "")
    assert not file.exists()
    assert index(pip, "dist") == Output(f"wrote {summary}", "")
    assert file.read_text("utf-8") == VARIANTS_JSON
    before = file.stat()
    assert index(pip, "dist") == Output(f"unchanged {summary}", "")
    assert index(pip, "dist", "--check") == Output(f"unchanged {summary}", "")
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    write_wheel(
        file.parent,
        "torch-2.8.0-py2-none-any-cu130.whl",
        variant_json=with_variants({"cu130": cuda("13.0")}, METADATA),
    )
    summary = "dist/torch-2.8.0-variants.json (4 labels of 4 wheels)\n"
    assert index(pip, "dist", "--check", status=1) == Output(f"would write {summary}", "")
    assert file.read_text("utf-8") == VARIANTS_JSON
    assert index(pip, "dist") == Output(f"wrote {summary}", "")
    assert list(json.loads(file.read_text("utf-8"))["variants"]) == [
        "cu126",
        "cu129",
        "cu130",
        "null",
    ]
    assert sorted(path.suffix for path in file.parent.iterdir()) == [".json"] + [".whl"] * 5


def test_written_file_has_usual_permissions(pip: Pip) -> None:
    """The written file has the permissions of any new file."""
    file = write_wheels(pip.folder / "dist")
    index(pip, "dist")
    other = pip.folder / "other"
    other.touch()
    assert file.stat().st_mode == other.stat().st_mode


def test_each_project_folder_gets_its_json(pip: Pip) -> None:
    """Each project folder of a static index gets its file; hidden folders do not."""
    for name in ("torch", "sub", ".git"):
        write_wheels(pip.folder / "simple" / name)
    assert index(pip, "simple").stdout.split("\n") == [
        "wrote simple/sub/torch-2.8.0-variants.json (3 labels of 3 wheels)",
        "wrote simple/torch/torch-2.8.0-variants.json (3 labels of 3 wheels)",
        "",
    ]


def test_contradicting_wheels_are_named_and_not_written(pip: Pip) -> None:
    """Both contradicting wheels are named, and only other versions are written."""
    folder = pip.folder / "dist"
    file = write_wheels(folder)
    other = with_variants({"cu126": cuda("12.5")}, METADATA)
    write_wheel(folder, "torch-2.8.0-py2-none-any-cu126.whl", variant_json=other)
    write_wheel(folder, "torch-2.9.0-py3-none-any-cu126.whl", variant_json=METADATA)
    assert index(pip, "dist", status=1) == Output(
        "wrote dist/torch-2.9.0-variants.json (1 label of 1 wheel)\n",
        "ERROR: dist/torch-2.8.0-variants.json: not written: torch-2.8.0-py2-none-any-cu126.whl and"
        " torch-2.8.0-py3-none-any-cu126.whl contradict each other: variants['cu126']: differs"
        " between the files\n",
    )
    assert not file.exists()


def test_unreadable_wheels_are_named_and_keep_the_old_file(pip: Pip) -> None:
    """Each unreadable wheel is named, and the existing file is left as it is."""
    folder = pip.folder / "dist"
    file = write_wheels(folder)
    index(pip, "dist")
    write_wheel(folder, "torch-2.8.0-py3-none-any-a.whl")
    write_wheel(folder, "torch-2.8.0-py3-none-any-b.whl", variant_json=b"[]")
    (folder / "torch-2.8.0-py3-none-any-c.whl").touch()
    (folder / "torch-2.8.0-py3-none-any-D.whl").touch()
    start = "ERROR: dist/torch-2.8.0-variants.json: not written: torch-2.8.0-py3-none-any"
    assert index(pip, "dist", status=1) == Output(
        "",
        "ERROR: dist/torch-2.8.0-py3-none-any-D.whl: Invalid variant label 'D' in"
        " 'torch-2.8.0-py3-none-any-D.whl'\n"
        f"{start}-a.whl: there is no variant.json in it\n"
        f"{start}-b.whl: variant.json: expected an object, found a list\n"
        f"{start}-c.whl: 'File is not a zip file'\n",
    )
    assert file.read_text("utf-8") == VARIANTS_JSON


def test_older_revision_is_written_only_where_needed(pip: Pip) -> None:
    """What 0.2.0 cannot express is written in an older revision, or is an error."""
    folder = pip.folder / "dist"
    only_linux = with_provider({"enable-if": "platform_system == 'Linux'"}, METADATA)
    file = write_wheels(folder, metadata=only_linux)
    index(pip, "dist")
    text = file.read_text("utf-8")
    assert '"$schema": "https://variants-schema.wheelnext.dev/v0.0.2.json"' in text
    assert '"enable-if": "platform_system == \'Linux\'"' in text
    built_in = {
        "default-priorities": {"namespace": ["nvidia", "abi_dependency"]},
        "providers": {"abi_dependency": {"builtin": "abi_dependency"}},
        "variants": {"abi": {"abi_dependency": {"numpy": ["2"]}}},
    }
    write_wheel(folder, "torch-2.8.0-py3-none-any-abi.whl", variant_json=built_in)
    assert index(pip, "dist", status=1).stderr == (
        "ERROR: dist/torch-2.8.0-variants.json: not written: no revision can express it: 0.2.0"
        " has no enable-if (providers.nvidia); 0.0.3 has no built-in providers"
        " (providers.abi_dependency)\n"
    )
    assert file.read_text("utf-8") == text


def test_stale_json_is_reported_and_left_alone(pip: Pip) -> None:
    """A variants JSON without variant wheels, or by another name, is a warning."""
    folder = pip.folder / "dist"
    write_wheels(folder)
    stale = [
        folder / "torch-2.7.0-variants.json",
        folder / "Torch-2.8.0-variants.json",
        folder / "torch-variants.json",
    ]
    for path in stale:
        path.write_text("{}")
    assert (
        index(pip, "dist").stderr
        == """\
WARNING: dist/torch-variants.json: ignored: the file name does not name a project and a version
WARNING: dist/torch-2.7.0-variants.json: stale, and left alone: this version has no variant wheels
WARNING: dist/Torch-2.8.0-variants.json: left alone: its name is not torch-2.8.0-variants.json
"""
    )
    assert [path.read_text() for path in stale] == ["{}"] * 3


def test_json_name_is_spelled_like_the_wheels(pip: Pip) -> None:
    """The file is spelled like the wheels, or normalised if these differ."""
    folder = pip.folder / "dist"
    for name in ("Mark_Up-1.0-py3-none-any-a.whl", "Mark_Up-2.0-py3-none-any-a.whl"):
        write_wheel(folder, name, variant_json=with_variants({"a": {}}, METADATA))
    write_wheel(
        folder, "mark.up-2.0-py2-none-any-a.whl", variant_json=with_variants({"a": {}}, METADATA)
    )
    assert (
        index(pip, "dist").stdout
        == """\
wrote dist/Mark_Up-1.0-variants.json (1 label of 1 wheel)
wrote dist/mark_up-2.0-variants.json (1 label of 2 wheels)
"""
    )


def test_folder_without_variants_is_no_error(pip: Pip) -> None:
    """A folder without variant wheels is not an error."""
    write_wheel(pip.folder / "dist", "torch-2.7.0-py3-none-any.whl")
    assert index(pip, "dist") == Output("There are no variant wheels in dist.\n", "")


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ((), "Need exactly one folder of wheels."),
        (("a", "b"), "Need exactly one folder of wheels."),
        (("--json", "a"), "The option --json is not one of: pip variants index"),
        (("a\n",), "Cannot read 'a\\n': No such file or directory"),
        (("file",), "Cannot read 'file': Not a directory"),
    ],
)
def test_wrong_arguments_are_a_usage_error(pip: Pip, args: tuple[str, ...], text: str) -> None:
    """Wrong arguments are an error that names them."""
    (pip.folder / "file").touch()
    assert index(pip, *args, status=1) == Output("", f"ERROR: {text}\n")


def test_unwritable_path_is_one_error(pip: Pip) -> None:
    """If the file cannot be replaced, the reason is an error and nothing else is left."""
    file = write_wheels(pip.folder / "dist")
    (file / "in-the-way").mkdir(parents=True)
    assert index(pip, "dist", status=1) == Output(
        "", "ERROR: dist/torch-2.8.0-variants.json: not written: Is a directory\n"
    )
    assert [path.suffix for path in file.parent.iterdir() if path != file] == [".whl"] * 4


@pytest.fixture(
    params=[
        "http.server",
        pytest.param(
            "nginx", marks=pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
        ),
        "static index",
    ]
)
def served(request: pytest.FixtureRequest, pip: Pip, tmp_path: Path) -> Iterator[str]:
    """Prepare a folder with `pip variants index`, serve it, and return its address."""
    root = tmp_path / "served"
    write_wheels(root / "torch")
    index(pip, root)
    if request.param == "nginx":
        assert NGINX is not None
        with nginx(NGINX, root, tmp_path / "nginx") as url:
            yield url
        return
    if request.param == "static index":
        write_simple_index(root, {"torch": sorted((root / "torch").iterdir())})
    with http_server(pip.python, root) as url:
        yield f"{url}simple/" if request.param == "static index" else url


@pytest.mark.parametrize("option", ["--index-url", "--find-links"])
def test_folder_with_written_json_works_as_an_index(pip: Pip, served: str, option: str) -> None:
    """An install selects the best variant from any web server that serves the folder."""
    source: tuple[str, ...] = ("--index-url", served)
    if option == "--find-links":
        source = ("--no-index", "--find-links", f"{served}torch/")
    output = pip.run("install", "--dry-run", *source, "torch", machine=NEW_DRIVER)
    assert output.last_line == "Would install torch-2.8.0-cu129"
    assert "WARNING" not in output.stderr
    checked = pip.run("variants", "check", f"{served}torch/")
    assert checked.stdout == "No findings in 5 files.\n"


def _arrange(root: Path, *, by_project: bool) -> None:
    """Write wheels with a dependency, in one folder or in one for each project."""
    torch, dependency = (root / "torch", root / "numpy") if by_project else (root, root)
    for label in ("null", "cu129"):
        name = f"torch-2.8.0-py3-none-any-{label}.whl"
        write_wheel(torch, name, requires=["numpy"], variant_json=METADATA)
    write_wheel(torch, "torch-2.7.0-py3-none-any.whl")
    write_wheel(torch, "torch-2.9.0-py3-none-any.whl", requires_python="<3")
    write_wheel(dependency, "numpy-2.0-py3-none-any.whl")


@pytest.mark.parametrize("by_project", [False, True], ids=["flat", "by project"])
def test_pages_make_a_folder_an_index_for_every_pip(
    own_pip: Pip, stock_pip: Pip, tmp_path: Path, *, by_project: bool
) -> None:
    """Ours installs the best variant and its dependency, stock pip the newest plain wheel."""
    root = tmp_path / "served"
    _arrange(root, by_project=by_project)
    index(own_pip, "--all", root)
    next(root.rglob("numpy-*.metadata")).unlink()
    index(own_pip, "--all", "--check", root, status=1)
    index(own_pip, "--all", root)
    with http_server(own_pip.python, root) as url:
        output = own_pip.run("install", "--index-url", url, "torch", machine=NEW_DRIVER)
        assert output.last_line == "Successfully installed numpy-2.0 torch-2.8.0-cu129"
        page = url if not by_project else f"{url}torch/"
        for source in (("--index-url", url), ("--no-index", "--find-links", page)):
            options = ("install", "--dry-run", "--no-deps", *source, "torch")
            assert stock_pip.run(*options).last_line == "Would install torch-2.7.0"
        options = ("install", "--dry-run", "--no-deps", "--no-index", "--find-links", page)
        found = own_pip.run(*options, "--force-reinstall", "torch", machine=NEW_DRIVER)
        assert found.last_line == "Would install torch-2.8.0-cu129"
        checked = own_pip.run("variants", "check", "--strict", f"{url}torch/")
        assert "error" not in checked.stdout
