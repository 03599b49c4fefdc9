"""`pip variants make` at the edge of pip: its arguments, its output and its errors."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from pip._internal.exceptions import CommandError

from tests.support.stand_in_wheel import write_wheel
from tests.unit.adapter.command import Command, printed
from tests.unit.adapter.edge import logged

NAME = "x-1.0-py3-none-any.whl"
PYPROJECT = """\
[variant.default-priorities]
namespace = ["nvidia", "speed"]

[variant.providers.nvidia]
requires = ["nvidia-variant-provider>=0.0.1,<1.0.0"]
optional = true

[variant.providers.speed.static-properties]
level = ["fast", "slow"]
"""
FAST = ("--label", "fast", "-p", "speed::level::fast")
V3 = ("--label", "v3", "-p", "nvidia :: sm_arch :: 90_real")


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a plain wheel in the current folder, beside a pyproject.toml."""
    monkeypatch.chdir(tmp_path)
    write_wheel(tmp_path, NAME, requires=["numpy"])
    Path("pyproject.toml").write_text(PYPROJECT)
    return NAME


def document(path: str) -> dict[str, object]:
    """Return the variant.json of a wheel."""
    with zipfile.ZipFile(path) as archive:
        found: dict[str, object] = json.loads(archive.read("x-1.0.dist-info/variant.json"))
    return found


def test_variant_has_what_the_project_declares(
    wheel: str, caplog: pytest.LogCaptureFixture
) -> None:
    """All of it, so that the wheels of a version fit together."""
    options = ("-p", "nvidia :: sm_arch :: 90_real", "-p", "nvidia::sm_arch::80_real")
    assert Command().execute("make", wheel, "--label", "cu", *options, "--dest", "out/new") == 0
    assert printed(caplog) == ["wrote out/new/x-1.0-py3-none-any-cu.whl"]
    assert document("out/new/x-1.0-py3-none-any-cu.whl") == {
        "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
        "default-priorities": {"namespace": ["nvidia", "speed"]},
        "providers": {
            "nvidia": {"optional": True, "requires": ["nvidia-variant-provider>=0.0.1,<1.0.0"]},
            "speed": {"static-properties": {"level": ["fast", "slow"]}},
        },
        "variants": {"cu": {"nvidia": {"sm_arch": ["80_real", "90_real"]}}},
    }
    assert logged(caplog) == []
    caplog.clear()
    assert Command().execute("make", wheel, "--label", "cu", *options, "--dest", "out/new") == 0
    assert printed(caplog) == ["unchanged out/new/x-1.0-py3-none-any-cu.whl"]


def test_null_variant_is_declared_as_well(wheel: str) -> None:
    """It has no properties, whatever there is."""
    assert Command().execute("make", wheel, "--null") == 0
    assert document("x-1.0-py3-none-any-null.whl")["variants"] == {"null": {}}
    assert Command().execute("make", "x-1.0-py3-none-any-null.whl", *FAST) == 0
    assert Command().execute("make", "x-1.0-py3-none-any-fast.whl", "--null", "-d", "b") == 0
    one, other = Path("x-1.0-py3-none-any-null.whl"), Path("b/x-1.0-py3-none-any-null.whl")
    assert one.read_bytes() == other.read_bytes()


def test_relabelled_variant_keeps_what_it_is(wheel: str) -> None:
    """Its properties unless others are given, what it declares unless --config does."""
    assert Command().execute("make", wheel, *FAST) == 0
    Path("pyproject.toml").write_text("[variant]\nmisspelt = 1")
    fast = "x-1.0-py3-none-any-fast.whl"
    assert Command().execute("make", fast, "--label", "quick") == 0
    quick = document("x-1.0-py3-none-any-quick.whl")
    assert quick["variants"] == {"quick": {"speed": {"level": ["fast"]}}}
    assert Command().execute("make", fast, "--label", "s", "-p", "speed::level::slow") == 0
    slow = document("x-1.0-py3-none-any-s.whl")
    assert slow["variants"] == {"s": {"speed": {"level": ["slow"]}}}
    assert slow["providers"] == quick["providers"]
    Path("own.toml").write_text(PYPROJECT.replace('"nvidia", "speed"', '"speed", "nvidia"'))
    assert Command().execute("make", fast, "--label", "c", "--config", "own.toml") == 0
    assert document("x-1.0-py3-none-any-c.whl") == {
        **quick,
        "default-priorities": {"namespace": ["speed", "nvidia"]},
        "variants": {"c": {"speed": {"level": ["fast"]}}},
    }


def test_plain_wheel_with_markers_about_variants_is_a_warning(
    wheel: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Other installers refuse it; a signature that is lost is another warning."""
    dependency = "numpy>=2; variant_label == 'fast'"
    assert Command().execute("make", wheel, *FAST, "--requires-dist-variant", dependency) == 0
    with zipfile.ZipFile("x-1.0-py3-none-any-fast.whl") as archive:
        metadata = archive.read("x-1.0.dist-info/METADATA").decode()
    assert [line for line in metadata.splitlines() if "Requires" in line] == [
        f"Requires-Dist: {dependency}"
    ]
    fast = "x-1.0-py3-none-any-fast.whl"
    assert Command().execute("make", fast, "--label", "quick") == 0
    assert logged(caplog) == [
        (
            "WARNING",
            (
                "x-1.0-py3-none-any-quick.whl: its dependencies have markers about the label fast,"
                " which it had"
            ),
        )
    ]
    caplog.clear()
    assert Command().execute("make", fast, "--plain", "-d", "plain") == 0
    assert logged(caplog) == [
        (
            "WARNING",
            f"{NAME}: its dependencies have markers about variants, which other installers refuse",
        )
    ]
    caplog.clear()
    write_wheel(Path("signed"), NAME, files={"x-1.0.dist-info/RECORD.jws": b"{}"})
    assert Command().execute("make", f"signed/{NAME}", *FAST) == 0
    assert logged(caplog) == [
        (
            "WARNING",
            f"{fast}: left out 'x-1.0.dist-info/RECORD.jws', which signs the old RECORD",
        )
    ]


def test_several_wheels_are_all_made_or_none(wheel: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each wrong thing is an error line, with its file."""
    other = "x-1.1-py3-none-any.whl"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("x-1.1.dist-info/METADATA", "Name: y")
        archive.writestr("../x", "")
    assert Command().execute("make", wheel, other, *FAST) == 1
    assert logged(caplog) == [
        ("ERROR", f"{other}: '../x' would be written outside the target"),
        ("ERROR", f"{other}: there is no WHEEL in it"),
        ("ERROR", f"{other}: there is no RECORD in it"),
        ("ERROR", f"{other}: METADATA:Metadata-Version: missing"),
        ("ERROR", f"{other}: METADATA:Version: missing"),
        ("ERROR", f"{other}: METADATA:Name: 'y' is not that of the file name, 'x'"),
    ]
    assert not list(Path().glob("*-fast.whl"))
    write_wheel(Path(), other)
    assert Command().execute("make", wheel, other, *FAST) == 0
    assert printed(caplog) == [
        "wrote x-1.0-py3-none-any-fast.whl",
        "wrote x-1.1-py3-none-any-fast.whl",
    ]


PATH = "x-1.0-py3-none-any-a.whl: variant.json:variants['a']."
FOR_NOBODY = "so no machine supports this variant"
# What is given with the label a, and the error.
WRONG_PROPERTIES = {
    "feature": (
        ("nvidia :: sm_arhc :: 90_real",),
        (
            f"nvidia.sm_arhc: its provider never reports this feature, {FOR_NOBODY};"
            " did you mean sm_arch?"
        ),
    ),
    "value": (
        ("nvidia :: sm_arch :: 90_rael",),
        (
            f"nvidia.sm_arch: its provider never reports '90_rael', {FOR_NOBODY};"
            " did you mean 90_real?"
        ),
    ),
    "one of two values": (
        ("nvidia :: sm_arch :: 90_rael", "nvidia :: sm_arch :: 80_real"),
        "nvidia.sm_arch: its provider never reports '90_rael'; did you mean 90_real?",
    ),
    "static value": (
        ("speed :: level :: quick",),
        "speed.level: no static value matches it, so no machine supports this variant",
    ),
    "namespace": (
        ("gpu :: a :: b",),
        "gpu: no provider serves this namespace, so no machine supports it",
    ),
}


@pytest.mark.parametrize(("properties", "problem"), WRONG_PROPERTIES.values(), ids=WRONG_PROPERTIES)
def test_property_that_no_machine_has_is_an_error(
    wheel: str, caplog: pytest.LogCaptureFixture, properties: tuple[str, ...], problem: str
) -> None:
    """Before anything is written."""
    options = [word for text in properties for word in ("-p", text)]
    assert Command().execute("make", wheel, "--label", "a", *options) == 1
    assert logged(caplog)[0] == ("ERROR", f"{PATH}{problem}")
    assert not Path("x-1.0-py3-none-any-a.whl").exists()


NEED = "[variant] in pyproject.toml or in the file of --config"
BAD_ARGUMENTS: dict[str, tuple[tuple[str, ...], str]] = {
    "nothing": ((), "Need a wheel."),
    "no label": (
        (NAME, "-p", "speed::level::fast"),
        "Need --label and what the wheel was built for, or --null, or --plain.",
    ),
    "no property": (
        (NAME, "--label", "a"),
        f"{NAME}: need a property (-p): this wheel has none of its own",
    ),
    "null with a property": (
        (NAME, "--null", "-p", "a::b::c"),
        "--null is without properties, and its label is null.",
    ),
    "null with a label": (
        (NAME, "--null", "--label", "a"),
        "--null is without properties, and its label is null.",
    ),
    "label null": ((NAME, "--label", "null"), "The label null is that of --null."),
    "plain with a label": (
        (NAME, "--plain", "--label", "a"),
        "--plain removes the variant; no other option goes with it.",
    ),
    "plain already": (
        (NAME, "--plain"),
        f"{NAME}: {NAME} would replace the wheel that it is made of",
    ),
    "bad label": (
        (NAME, "--label", "a-b", *FAST[2:]),
        "'a-b' is not a label of a-z, 0-9, _ and .",
    ),
    "bad property": (
        (NAME, "--label", "a", "-p", "a::b"),
        "'a::b' is not a property (namespace :: feature :: value)",
    ),
    "bad dependency": (
        (NAME, *FAST, "--requires-dist-variant", "numpy"),
        "'numpy' has no marker about variants, such as variant_label == 'cu129'",
    ),
    "missing configuration": (
        (NAME, *FAST, "--config", "no.toml"),
        "no.toml cannot be read: No such file or directory",
    ),
    "broken configuration": (
        (NAME, *FAST, "--config", "bad.toml"),
        "bad.toml: \"Expected '=' after a key in a key/value pair (at line 1, column 3)\"",
    ),
    "other configuration": (
        (NAME, *FAST, "--config", "other.toml"),
        "'other.toml' has no table [variant]",
    ),
    "no wheel": (("no.txt", *FAST), "no.txt: not the file name of a wheel"),
    "folder": (("f-1.0-py3-none-any.whl", *FAST), "f-1.0-py3-none-any.whl: not a file"),
    "missing wheel": (
        ("y-1.0-py3-none-any.whl", *FAST),
        "y-1.0-py3-none-any.whl: cannot be read: 'No such file or directory'",
    ),
    "no archive": (
        ("z-1.0-py3-none-any.whl", *FAST),
        "z-1.0-py3-none-any.whl: 'File is not a zip file'",
    ),
    "option of another action": (
        ("--json", NAME, *FAST),
        "The option --json is not one of: pip variants make",
    ),
}


@pytest.mark.parametrize(("args", "problem"), BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS)
@pytest.mark.usefixtures("wheel")
def test_wrong_arguments_of_make_are_one_sentence(args: tuple[str, ...], problem: str) -> None:
    """Nothing is written."""
    Path("bad.toml").write_text("a b")
    Path("other.toml").write_text("[project]")
    Path("z-1.0-py3-none-any.whl").write_text("")
    Path("f-1.0-py3-none-any.whl").mkdir()
    before = sorted(Path().iterdir())
    with pytest.raises(CommandError) as caught:
        Command().execute("make", *args)
    assert str(caught.value) == problem
    assert sorted(Path().iterdir()) == before


def test_declarations_are_needed_and_hinted_at(wheel: str) -> None:
    """A null variant needs them as well: other variants have them."""
    Path("pyproject.toml").write_text("[project]")
    for options in (FAST, ("--null",)):
        with pytest.raises(CommandError) as caught:
            Command().execute("make", wheel, *options)
        assert str(caught.value) == (
            f"{NAME}: need the namespaces and the providers of the variants: {NEED}"
        )


def test_folder_that_cannot_be_written_is_one_error(wheel: str) -> None:
    """It names the file."""
    Path("file").touch()
    with pytest.raises(CommandError) as caught:
        Command().execute("make", wheel, *FAST, "--dest", "file")
    assert str(caught.value) == "file/x-1.0-py3-none-any-fast.whl: not written: File exists"
