"""What the user says about variants: none at all, or just this one; never one that does not fit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

import pytest
from stand_in import IndexServer, Reply, write_simple_index, write_wheel

from tests.e2e.indexes import ALL, CUDA, cuda, torch_files, torch_sdist, with_variants
from tests.e2e.pips import NEW, OLD, OLD_WHY, Machine, Pip, asked

ANY = "py3-none-any"
LEGACY = "--use-deprecated=legacy-resolver"
CU129_WHY = "cu129 needs nvidia :: cuda_version_lower_bound :: 12.9, this machine has up to 12.6"
LABEL = "is not a variant label (a-z, 0-9, _ and .)"


class Variables(TypedDict, total=False):
    """Environment variables of a test."""

    COLUMNS: str
    PIP_CONFIG_FILE: str
    PIP_NO_VARIANTS: str
    PIP_VARIANT: str


def write_index(
    root: Path, tag: str, labels: tuple[str | None, ...] = (None, *ALL), *, sdist: bool = False
) -> None:
    """Write an index of torch 2.8.0 and its older version, and of projects around it."""
    folder = root / "files"
    older = with_variants({"cu118": cuda("11.8")})
    torch = torch_files(folder, tag, labels)
    torch += torch_files(folder, tag, ["cu118"], version="2.7.0", metadata=older)
    if sdist:
        torch.append(torch_sdist(folder))
    learn = torch_files(folder, ANY, ["cu126", "cu129"], version="1.0", name="scikit_learn")
    projects = {
        "torch": torch,
        "scikit-learn": learn,
        "app": [write_wheel(folder, f"app-1.0-{ANY}.whl", requires=["torch"])],
        "plain": [write_wheel(folder, f"plain-1.0-{ANY}.whl")],
    }
    write_simple_index(root, projects)


# ---- --no-variants -------------------------------------------------------------------------------


@pytest.mark.parametrize(("labels", "status"), [((None, *ALL), 0), (("sdist", *ALL), 0), (ALL, 1)])
def test_no_variants_is_stock_pip(
    pip: Pip,
    stock_pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    labels: tuple[str | None, ...],
    status: int,
) -> None:
    """With `--no-variants` requests and texts are those of a stock pip, whatever is left."""
    root = tmp_path / "index"
    files = torch_files(root / "files", tag, [label for label in labels if label != "sdist"])
    if "sdist" in labels:
        files.append(torch_sdist(root / "files"))
    write_simple_index(root, {"torch": files})
    url = f"{server.url}simple/"
    stock = stock_pip.dry_run(url, "torch", status=status)
    expected = asked(server)
    server.requests.clear()
    assert pip.dry_run(url, "--no-variants", "torch", status=status) == stock
    assert asked(server) == expected
    assert server.asked(".json") == []


@pytest.mark.parametrize(
    "command",
    [
        ("download", "--dest", "w"),
        ("wheel", "--wheel-dir", "w"),
        ("install", "--dry-run", LEGACY),
        ("install", "--dry-run", "--use-feature=fast-deps"),
        ("index", "versions"),
        ("lock", "--output", "w/lock.toml"),
    ],
    ids=["download", "wheel", "legacy", "fast-deps", "index", "lock"],
)
def test_no_variants_everywhere(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, command: tuple[str, ...]
) -> None:
    """Every command that looks for packages has the option."""
    write_index(tmp_path / "index", tag)
    (pip.folder / "w").mkdir()
    pip.run(*command, "--no-variants", "--index-url", f"{server.url}simple/", "torch")
    plain = f"/files/torch-2.8.0-{tag}.whl"
    assert set(server.asked()) <= {"/simple/torch/", plain}
    assert (plain in server.asked()) == (command[0] != "index")


def test_index_versions_without_variants(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A version that has variants only does not exist."""
    write_index(tmp_path / "index", tag)
    versions = ("index", "versions", "--index-url", f"{server.url}simple/", "torch")
    assert pip.run(*versions).out == "torch (2.8.0)\nAvailable versions: 2.8.0, 2.7.0\n"
    said = pip.run(*versions, "--no-variants")
    assert said.out == "torch (2.8.0)\nAvailable versions: 2.8.0\n"


@pytest.mark.parametrize("place", ["{files}/{name}", "w/{name}"], ids=["address", "file"])
def test_no_variants_and_a_variant_wheel(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, place: str
) -> None:
    """A variant wheel that is given is refused with the reason, and nothing is fetched."""
    write_index(tmp_path / "index", tag)
    torch_files(pip.folder / "w", tag, ["cu126"])
    wheel = place.format(files=f"{server.url}files", name=f"torch-2.8.0-{tag}-cu126.whl")
    said = pip.dry_run(f"{server.url}simple/", "--no-variants", wheel, status=1)
    problem = "is a variant wheel, and --no-variants is given"
    assert said.err == f"ERROR: torch-2.8.0-TAG-cu126.whl {problem}\n"
    assert asked(server) == []


# The environment variables, pip.conf, and whether there are variants then.
SWITCHES: Mapping[str, tuple[Variables, str, bool]] = {
    "1": ({"PIP_NO_VARIANTS": "1"}, "", False),
    "true": ({"PIP_NO_VARIANTS": "true"}, "", False),
    "0": ({"PIP_NO_VARIANTS": "0"}, "", True),
    "off": ({"PIP_NO_VARIANTS": "off"}, "", True),
    "empty": ({"PIP_NO_VARIANTS": ""}, "", True),
    "install": ({}, "[install]\nno-variants = true\n", False),
    "global": ({}, "[global]\nno-variants = yes\n", False),
    "global false": ({}, "[global]\nno-variants = false\n", True),
    "another command": ({}, "[download]\nno-variants = true\n", True),
    "install before global": ({}, "[global]\nno-variants = 1\n[install]\nno-variants = 0\n", True),
    "variable before file": (
        {"PIP_NO_VARIANTS": "0"},
        "[install]\nno-variants = true\n",
        True,
    ),
}


@pytest.mark.parametrize("case", SWITCHES)
def test_switch(pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str) -> None:
    """Variables and files switch variants off and on by pip's own rules of precedence."""
    variables, text, on = SWITCHES[case]
    write_index(tmp_path / "index", tag)
    variables = {**variables, "PIP_CONFIG_FILE": str(configured(pip, text))}
    said = pip.dry_run(f"{server.url}simple/", "torch", **variables)
    assert said.last == f"Would install torch-2.8.0{'-cu129' if on else ''}"
    assert bool(server.asked(".json")) == on


def configured(pip: Pip, text: str) -> Path:
    """Write pip.conf and return its path."""
    path = pip.folder / "pip.conf"
    path.write_text(text)
    return path


@pytest.mark.parametrize("off", ["0", "no"])
def test_option_before_variable(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, off: str
) -> None:
    """What is said on the command line counts."""
    write_index(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    said = pip.dry_run(url, "--no-variants", "torch", PIP_NO_VARIANTS=off)
    assert said.last == "Would install torch-2.8.0"


def test_bad_switch(pip: Pip, server: IndexServer) -> None:
    """A value that is neither yes nor no is a usage error."""
    said = pip.dry_run(server.url, "torch", status=2, PIP_NO_VARIANTS="maybe")
    problem = "maybe is not a valid value for --no-variants, please say yes or no"
    assert said.err.startswith("\nUsage:")
    assert said.err.splitlines()[-1] == problem
    assert asked(server) == []


@pytest.mark.parametrize("command", ["list", "freeze", "check", "cache"])
def test_commands_without_the_options(pip: Pip, command: str) -> None:
    """Commands that look for no package ignore variables that are not theirs."""
    args = ("cache", "dir") if command == "cache" else (command,)
    # In the venv of these tests, the dependency of this distribution is missing.
    status = int(command == "check")
    said = pip.run(*args, status=status, PIP_NO_VARIANTS="maybe", PIP_VARIANT="bad")
    assert said.err == ""


# ---- One variant ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wish:
    """How a user says which variant, and what is taken then on a machine that runs them all."""

    args: tuple[str, ...]
    taken: str = "torch-2.8.0-cu126"
    variables: Variables = field(default_factory=Variables)
    files: tuple[tuple[str, str], ...] = ()


WISHES = {
    "option": Wish(("--variant", "torch=cu126", "torch")),
    "option in one word": Wish(("--variant=torch=cu126", "torch")),
    "option behind": Wish(("torch", "--variant", "torch=cu126")),
    "option in capitals": Wish(("--variant", "TORCH=cu126", "torch")),
    "option twice": Wish(("--variant", "torch=cu126", "--variant", "torch=cu126", "torch")),
    "two in one option": Wish(
        ("--variant", "torch=cu126 scikit-learn=cu126", "torch", "scikit-learn"),
        "scikit-learn-1.0-cu126 torch-2.8.0-cu126",
    ),
    "two options": Wish(
        ("--variant", "torch=cu126", "--variant", "scikit_learn=cu126", "torch", "scikit.learn"),
        "scikit-learn-1.0-cu126 torch-2.8.0-cu126",
    ),
    "one of two": Wish(
        ("--variant", "Scikit-Learn=cu126", "torch", "scikit-learn"),
        "scikit-learn-1.0-cu126 torch-2.8.0-cu129",
    ),
    "option for a dependency": Wish(
        ("--variant", "torch=cu126", "app"), "app-1.0 torch-2.8.0-cu126"
    ),
    "null by its name": Wish(("--variant", "torch=null", "torch"), "torch-2.8.0-00000000"),
    "null by its label": Wish(("torch#00000000",), "torch-2.8.0-00000000"),
    "an older version": Wish(("torch<2.8#cu118",), "torch-2.7.0-cu118"),
    "requirement": Wish(("torch#cu126",)),
    "requirement in capitals": Wish(("Torch#cu126",)),
    "requirement, another spelling": Wish(("scikit_learn#cu126",), "scikit-learn-1.0-cu126"),
    "version": Wish(("torch==2.8.0#cu126",)),
    "versions and spaces": Wish(("torch >= 2, != 2.7.1 #cu126",)),
    "extra": Wish(("torch[gpu]>=2#cu126",)),
    "marker": Wish(('torch>=2#cu126 ; python_version > "3"',)),
    "marker, no spaces": Wish(('torch#cu126;python_version>"3"',)),
    "requirement and option": Wish(("torch#cu126", "--variant", "torch=cu126")),
    "requirement and dependency": Wish(("app", "torch#cu126"), "app-1.0 torch-2.8.0-cu126"),
    "dependency last": Wish(("torch#cu126", "app"), "app-1.0 torch-2.8.0-cu126"),
    "legacy resolver": Wish((LEGACY, "app", "torch#cu126"), "app-1.0 torch-2.8.0-cu126"),
    "requirements file": Wish(("-r", "r.txt"), files=(("r.txt", "torch>=2#cu126\n"),)),
    "requirements file, dependency": Wish(
        ("-r", "r.txt"),
        "app-1.0 torch-2.8.0-cu126",
        files=(("r.txt", "app\n\n# which torch\ntorch#cu126  # of the two\n"),),
    ),
    "requirements file, marker": Wish(
        ("-r", "r.txt"), files=(("r.txt", 'torch>=2#cu126 ; python_version > "3"\n'),)
    ),
    "requirements file, hash": Wish(
        ("--variant", "torch=cu126", "-r", "r.txt"), files=(("r.txt", "torch==2.8.0 {hashes}\n"),)
    ),
    "requirements file, label and hash": Wish(
        ("-r", "r.txt"), files=(("r.txt", "torch==2.8.0#cu126 {hashes}\n"),)
    ),
    "comment": Wish(("-r", "r.txt"), "torch-2.8.0-cu129", files=(("r.txt", "torch #cu126\n"),)),
    "constraints file": Wish(
        ("-c", "c.txt", "app"), "app-1.0 torch-2.8.0-cu126", files=(("c.txt", "torch#cu126\n"),)
    ),
    "variable": Wish(("torch",), variables={"PIP_VARIANT": "torch=cu126"}),
    "variable with several": Wish(
        ("torch", "scikit-learn"),
        "scikit-learn-1.0-cu126 torch-2.8.0-cu126",
        {"PIP_VARIANT": "torch=cu126 scikit-learn=cu126"},
    ),
    "empty variable": Wish(("torch",), "torch-2.8.0-cu129", {"PIP_VARIANT": ""}),
    "pip.conf": Wish(
        ("torch",),
        variables={"PIP_CONFIG_FILE": "pip.conf"},
        files=(("pip.conf", "[install]\nvariant = torch=cu126\n"),),
    ),
    "pip.conf with several": Wish(
        ("torch", "scikit-learn"),
        "scikit-learn-1.0-cu126 torch-2.8.0-cu126",
        {"PIP_CONFIG_FILE": "pip.conf"},
        (("pip.conf", "[global]\nvariant =\n    torch=cu126\n    scikit-learn=cu126\n"),),
    ),
    "the last in a variable": Wish(
        ("torch",), variables={"PIP_VARIANT": "torch=cu129 torch=cu126"}
    ),
    "option before variable": Wish(
        ("--variant", "torch=cu126", "torch"), variables={"PIP_VARIANT": "torch=cu128"}
    ),
    "requirement before variable": Wish(("torch#cu126",), variables={"PIP_VARIANT": "torch=cu128"}),
    "variable before pip.conf": Wish(
        ("torch",),
        variables={"PIP_VARIANT": "torch=cu126", "PIP_CONFIG_FILE": "pip.conf"},
        files=(("pip.conf", "[install]\nvariant = torch=cu128\n"),),
    ),
    "install before global": Wish(
        ("torch",),
        variables={"PIP_CONFIG_FILE": "pip.conf"},
        files=(
            ("pip.conf", "[install]\nvariant = torch=cu126\n[global]\nvariant = torch=cu128\n"),
        ),
    ),
    "requirements for two machines": Wish(
        ("-r", "r.txt"),
        files=(("r.txt", 'torch#cu128 ; os_name == "x"\ntorch#cu126 ; os_name != "x"\n'),),
    ),
    "variable and option": Wish(
        ("--variant", "torch=cu126", "torch", "scikit-learn"),
        "scikit-learn-1.0-cu126 torch-2.8.0-cu126",
        {"PIP_VARIANT": "scikit-learn=cu126"},
    ),
}


@pytest.mark.parametrize("case", WISHES)
def test_wish(pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str) -> None:
    """The variant that the user wants is taken, however it is said, though a better one fits."""
    wish = WISHES[case]
    write_index(tmp_path / "index", tag)
    folder = tmp_path / "index/files"
    wheels = [folder / f"torch-2.8.0-{tag}-{label}.whl" for label in CUDA]
    digests = (hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels)
    hashes = " ".join(f"--hash=sha256:{digest}" for digest in digests)
    for name, text in wish.files:
        (pip.folder / name).write_text(text.replace("{hashes}", hashes))
    said = pip.dry_run(f"{server.url}simple/", *wish.args, **wish.variables)
    assert said.last == f"Would install {wish.taken}"
    no_extra = "WARNING: torch 2.8.0 does not provide the extra 'gpu'\n"
    assert said.err in (("", no_extra) if case == "extra" else ("",)) or LEGACY in wish.args


@pytest.mark.parametrize(
    "command",
    [("download", "--dest", "w"), ("wheel", "--wheel-dir", "w")],
    ids=["download", "wheel"],
)
@pytest.mark.parametrize(
    "wish", [("torch#cu126",), ("--variant", "torch=cu126", "torch")], ids=["requirement", "option"]
)
def test_other_commands(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    command: tuple[str, ...],
    wish: tuple[str, ...],
) -> None:
    """`pip download` and `pip wheel` know both forms too."""
    write_index(tmp_path / "index", tag)
    pip.run(*command, "--index-url", f"{server.url}simple/", *wish)
    saved = [file.name for file in (pip.folder / "w").iterdir()]
    assert saved == [f"torch-2.8.0-{tag}-cu126.whl"]


def test_wish_for_real(own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """A wanted variant is really installed."""
    write_index(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    said = own_pip.run("install", "--index-url", url, "app", "torch#cu126")
    assert said.last == "Successfully installed app-1.0 torch-2.8.0-cu126"
    assert own_pip.start("-c", "import torch").out == "torch 2.8.0, build cu126\n"


# With cu126 installed: what is wanted, and whether it is installed in its place.
INSTALLED = {
    "nothing": (("torch",), None),
    "the same": (("torch#cu126",), None),
    "another": (("torch#cu129",), "cu129"),
    "another by option": (("--variant", "torch=cu129", "torch"), "cu129"),
    "another of a dependency": (("--variant", "torch=cu129", "app"), "cu129"),
    "null": (("torch#null",), "00000000"),
}


@pytest.mark.parametrize(
    "resolver",
    [
        (),
        pytest.param(
            (LEGACY,),
            marks=pytest.mark.xfail(
                strict=True, reason="same-version.patch serves the new resolver alone"
            ),
        ),
    ],
    ids=["new", "legacy"],
)
def test_wish_for_what_is_installed(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, resolver: tuple[str, ...]
) -> None:
    """An installed variant satisfies only who does not want another one."""
    write_index(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    own_pip.run("install", "--quiet", "--index-url", url, "app", "torch#cu126")
    for args, label in INSTALLED.values():
        server.requests.clear()
        said = own_pip.dry_run(url, *resolver, *args)
        would = [line for line in said.out.splitlines() if line.startswith("Would install ")]
        assert would == ([f"Would install torch-2.8.0-{label}"] if label else []), args
        # Who names what is installed hears of a better build.
        assert bool(server.asked("/simple/torch/")) == (bool(label) or args == ("torch",)), args


# ---- Wishes that cannot be fulfilled -------------------------------------------------------------

PREFERRED = "cu129, cu128, cu126 and 00000000"
NOT_FOUND = """\
ERROR: Could not find a version that satisfies the requirement {0} (from versions: {1})
ERROR: No matching distribution found for {0}: {2}
"""
# The machine, the requirement (which option and label make), what is known of it, and the reason.
UNFULFILLED = {
    "unknown label": (
        NEW,
        ("torch==2.8.0", "cu130"),
        "2.7.0, 2.8.0",
        f"No wheel of torch 2.8.0 has the variant label cu130; there is {PREFERRED}",
    ),
    "does not fit": (
        Machine("12.6", "9.0"),
        ("torch==2.8.0", "cu129"),
        "2.7.0, 2.8.0",
        f"Variant cu129 of torch 2.8.0 does not fit: {CU129_WHY}",
    ),
    "nothing fits": (
        OLD,
        ("torch==2.8.0", "cu126"),
        "2.7.0, 2.8.0",
        f"Variant cu126 of torch 2.8.0 does not fit: {OLD_WHY}",
    ),
    "no variants": (
        NEW,
        ("plain", "cu126"),
        "1.0",
        "No wheel of plain 1.0 has the variant label cu126; there is no variant",
    ),
    "null of a project without": (
        NEW,
        ("plain", "null"),
        "1.0",
        "No wheel of plain 1.0 has the variant label null; there is no variant",
    ),
    "no null variant": (
        NEW,
        ("scikit-learn", "null"),
        "1.0",
        "No wheel of scikit-learn 1.0 has the variant label null; there is cu129 and cu126",
    ),
}


@pytest.mark.parametrize("form", ["requirement", "option", "legacy"])
@pytest.mark.parametrize("case", UNFULFILLED)
def test_unfulfilled(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str, form: str
) -> None:
    """Nothing else is taken instead, neither plain wheel nor sdist, and one sentence says why."""
    machine, (requirement, label), versions, reason = UNFULFILLED[case]
    write_index(tmp_path / "index", tag, sdist=True)
    project = requirement.split("=")[0]
    args = (
        (f"{requirement}#{label}",)
        if form == "requirement"
        else ("--variant", f"{project}={label}", requirement)
    )
    options = (LEGACY,) if form == "legacy" else ()
    said = pip.dry_run(f"{server.url}simple/", *options, *args, machine=machine, status=1)
    assert said.err == NOT_FOUND.format(requirement, versions, reason)
    assert f"{reason}\n" in said.out
    assert [name for name in server.asked() if name.endswith((".whl", ".gz"))] == []


def test_unfulfilled_in_the_newest_version(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """An older version that has the label is taken, and one sentence says why."""
    write_index(tmp_path / "index", tag)
    said = pip.dry_run(f"{server.url}simple/", "torch#cu118")
    assert said.last == "Would install torch-2.7.0-cu118"
    reason = f"No wheel of torch 2.8.0 has the variant label cu118; there is {PREFERRED}\n"
    assert (reason in said.out, said.err) == (True, "")


def test_unfulfilled_for_a_dependency(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """The wish holds for what others depend on: then they cannot be installed either."""
    write_index(tmp_path / "index", tag, ALL)
    options = ("--variant", "torch=cu130")
    said = pip.dry_run(f"{server.url}simple/", *options, "app", status=1)
    reason = f"No wheel of torch 2.8.0 has the variant label cu130; there is {PREFERRED}"
    assert f"ERROR: No matching distribution found for torch: {reason}\n" in said.err


def test_unfulfilled_because_of_broken_metadata(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """What broken metadata costs a user who wants one variant: the reason, and an error."""
    write_index(tmp_path / "index", tag)
    server.replies["/files/torch-2.8.0-variants.json"] = Reply(404)
    said = pip.dry_run(f"{server.url}simple/", "torch==2.8.0#cu126", status=1)
    assert said.err.startswith(
        "WARNING: Ignoring the variant wheels of torch 2.8.0: torch-2.8.0-variants.json: the server"
        " answered with status 404\n"
    )
    reason = "No wheel of torch 2.8.0 has the variant label cu126; there is no variant"
    assert said.err.endswith(NOT_FOUND.format("torch==2.8.0", "2.7.0, 2.8.0", reason))


@pytest.mark.parametrize("label", CUDA)
def test_no_wish_makes_a_wheel_fit(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, label: str
) -> None:
    """On a machine that runs none of them, none of them can be wanted."""
    write_index(tmp_path / "index", tag)
    args = ("--variant", f"torch={label}", f"torch==2.8.0#{label}")
    said = pip.dry_run(f"{server.url}simple/", *args, machine=OLD, status=1)
    bound = f"12.{label[-1]}"
    assert said.err.splitlines()[-1] == (
        "ERROR: No matching distribution found for torch==2.8.0:"
        f" Variant {label} of torch 2.8.0 does not fit: {label} needs"
        f" nvidia :: cuda_version_lower_bound :: {bound}, this machine has up to 12.5"
    )


@pytest.mark.parametrize(
    "quiet",
    [
        "-q",
        pytest.param(
            "-qq",
        ),
    ],
)
def test_reason_is_not_silenced(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, quiet: str
) -> None:
    """However quiet pip is told to be, an error has its reason."""
    write_index(tmp_path / "index", tag)
    said = pip.dry_run(f"{server.url}simple/", quiet, "torch==2.8.0#cu126", machine=OLD, status=1)
    assert OLD_WHY in said.err


@pytest.mark.parametrize("place", ["{files}/{name}", "w/{name}"], ids=["address", "file"])
def test_wish_against_a_given_wheel(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, place: str
) -> None:
    """Of torch only cu129 may be taken: then a wheel with another label that is given is not."""
    write_index(tmp_path / "index", tag)
    torch_files(pip.folder / "w", tag, ["cu126"])
    wheel = place.format(files=f"{server.url}files", name=f"torch-2.8.0-{tag}-cu126.whl")
    said = pip.dry_run(f"{server.url}simple/", "--variant", "torch=cu129", wheel, status=1)
    problem = "is not the variant cu129 that is wanted of torch"
    assert said.err == f"ERROR: torch-2.8.0-TAG-cu126.whl {problem}\n"


@pytest.mark.parametrize(
    "other",
    [
        "missing",
        "plain==2.0",
    ],
)
def test_wish_beside_what_cannot_be_found(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, other: str
) -> None:
    """A project without any candidate ends in pip's own error, with a wish as without."""
    write_index(tmp_path / "index", tag)
    said = pip.dry_run(f"{server.url}simple/", "torch#cu126", other, status=1)
    assert said.err.endswith(f"ERROR: No matching distribution found for {other}\n")


def test_wish_without_variants(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """With `--no-variants` no wish for one can be fulfilled: an error, never a traceback."""
    write_index(tmp_path / "index", tag, ALL)
    said = pip.dry_run(f"{server.url}simple/", "--no-variants", "torch#cu126", status=1)
    assert said.err.splitlines()[-1].startswith("ERROR: No matching distribution found for torch")


def test_wish_without_variants_is_not_the_plain_wheel(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Nor is the plain wheel taken for the wanted variant."""
    write_index(tmp_path / "index", tag)
    said = pip.dry_run(f"{server.url}simple/", "--no-variants", "torch#cu126", status=1)
    reason = "No wheel of torch 2.8.0 has the variant label cu126; there is no variant"
    assert said.err == NOT_FOUND.format("torch", "2.8.0", reason)


@pytest.mark.parametrize(
    ("args", "missed"),
    [
        (("--variant", "troch=cu126", "torch"), "troch"),
        (("--variant", "Scikit.Learn=cu126", "--variant", "torch=cu126", "app"), "scikit-learn"),
        (("--variant", "troch=cu126", "torch", "missing"), None),
        (("--variant", "missing=cu126", "torch", "missing"), None),
        (("--variant", "torch=cu126", "app"), None),
        (("-c", "c.txt", "plain"), None),
    ],
    ids=["misspelt", "not needed", "error", "error about it", "of a dependency", "of a constraint"],
)
def test_wish_for_what_pip_did_not_look_for(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    args: tuple[str, ...],
    missed: str | None,
) -> None:
    """Whoever misspells a name hears of it, unless an error comes first.

    A variable or a constraint may be about anything.
    """
    write_index(tmp_path / "index", tag)
    (pip.folder / "c.txt").write_text("torch#cu126\n")
    status = 1 if "missing" in args else 0
    said = pip.dry_run(f"{server.url}simple/", *args, status=status, PIP_VARIANT="other=cu126")
    warning = f"WARNING: --variant {missed}=cu126 had no effect: pip did not look for {missed}"
    lines = said.err.splitlines()
    assert [line for line in lines if "had no effect" in line] == ([warning] if missed else [])


# What is asked for beside the versions of torch, 2.8.0 and 2.7.0, and what is printed.
VERSIONS = {
    "of one version": (("--variant", "torch=cu118"), "torch", "2.7.0"),
    "of the other": ((), "torch#cu126", "2.8.0"),
    "null by another name": (("--variant", "torch=null"), "torch", "2.8.0, 2.7.0"),
    "another project's": (("--variant", "plain=cu118"), "torch", "2.8.0, 2.7.0"),
}


@pytest.mark.parametrize("case", VERSIONS)
def test_index_versions(pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str) -> None:
    """Versions that have no wheel with the wanted label are not there; no JSON is needed."""
    write_index(tmp_path / "index", tag)
    options, name, versions = VERSIONS[case]
    command = ("index", "versions", "--index-url", f"{server.url}simple/", *options, name)
    said = pip.run(*command)
    newest = versions.partition(",")[0]
    assert said.out == f"torch ({newest})\nAvailable versions: {versions}\n"
    assert server.asked(".json") == []


def test_index_versions_of_an_unknown_label(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """The error says which labels there are."""
    write_index(tmp_path / "index", tag)
    command = ("index", "versions", "--index-url", f"{server.url}simple/", "torch#cu999")
    said = pip.run(*command, status=1)
    assert said.err.startswith(
        "ERROR: No matching distribution found for torch: No wheel has the variant label cu999;"
        " there is "
    )
    assert "cu118" in said.err


# ---- Bad forms -----------------------------------------------------------------------------------

BAD_OPTIONS = {
    "no label": ("torch", "'torch' is not of the form NAME=LABEL"),
    "no name": ("=cu126", "'=cu126' is not of the form NAME=LABEL"),
    "empty label": ("torch=", f"'' {LABEL}"),
    "two signs": ("torch==cu126", f"'=cu126' {LABEL}"),
    "capitals": ("torch=CU126", f"'CU126' {LABEL}"),
    "path": ("torch=../cu126", f"'../cu126' {LABEL}"),
    "the other form": ("torch#cu126", "'torch#cu126' is not of the form NAME=LABEL"),
    "control characters": ("torch=\x1b[2J", f"'\\x1b[2J' {LABEL}"),
    "one of two": ("torch=cu126 numpy", "'numpy' is not of the form NAME=LABEL"),
    "contradiction": (
        "torch=cu126 Torch=cu129",
        "two variants of torch are wanted: cu126 and cu129",
    ),
}


@pytest.mark.parametrize(("value", "problem"), BAD_OPTIONS.values(), ids=BAD_OPTIONS)
def test_bad_option(pip: Pip, server: IndexServer, value: str, problem: str) -> None:
    """An option of another form is a usage error with exit status 2, before any request."""
    said = pip.dry_run(server.url, "--variant", value, "torch", status=2)
    assert said.err.startswith("\nUsage:")
    assert said.err.splitlines()[-1] == f"option --variant: {problem}"
    assert (said.out, asked(server)) == ("", [])


@pytest.mark.parametrize("place", ["variable", "file"])
@pytest.mark.parametrize("case", ["no label", "capitals", "path", "one of two"])
def test_bad_option_elsewhere(pip: Pip, server: IndexServer, case: str, place: str) -> None:
    """The same in a variable or a file is a usage error too."""
    value, problem = BAD_OPTIONS[case]
    path = configured(pip, f"[install]\nvariant = {value}\n" if place == "file" else "")
    variables: Variables = {"PIP_CONFIG_FILE": str(path)}
    if place == "variable":
        variables["PIP_VARIANT"] = value
    said = pip.dry_run(server.url, "torch", status=2, **variables)
    assert said.err.splitlines()[-1] == f"option --variant: {problem}"
    assert asked(server) == []


def test_contradicting_options(pip: Pip, server: IndexServer) -> None:
    """Two options that contradict are a usage error."""
    wishes = ("--variant", "torch=cu126", "--variant", "torch=cu129")
    said = pip.dry_run(server.url, *wishes, "torch", status=2)
    problem = "option --variant: two variants of torch are wanted: cu126 and cu129"
    assert said.err.splitlines()[-1] == problem


BAD_REQUIREMENTS = {
    "capitals": (("torch#CU126",), f"Invalid requirement: 'torch#CU126': 'CU126' {LABEL}"),
    "empty": (("torch#",), f"Invalid requirement: 'torch#': '' {LABEL}"),
    "two": (("torch#a#b",), f"Invalid requirement: 'torch#a#b': 'a#b' {LABEL}"),
    "path": (("torch#../a",), f"Invalid requirement: 'torch#../a': '../a' {LABEL}"),
    "hash": (
        ("torch#sha256=00",),
        f"Invalid requirement: 'torch#sha256=00': 'sha256=00' {LABEL}",
    ),
    "contradiction": (
        ("torch#cu126", "Torch>=2#cu129"),
        "Invalid requirement: 'Torch>=2#cu129': two variants of torch are wanted: cu126 and cu129",
    ),
    "contradicting option": (
        ("--variant", "torch=cu126", "torch#cu129"),
        "Invalid requirement: 'torch#cu129': two variants of torch are wanted: cu126 and cu129",
    ),
}


@pytest.mark.parametrize(("args", "problem"), BAD_REQUIREMENTS.values(), ids=BAD_REQUIREMENTS)
def test_bad_requirement(
    pip: Pip, server: IndexServer, args: tuple[str, ...], problem: str
) -> None:
    """A requirement with a bad label is pip's error about requirements, before any request."""
    said = pip.dry_run(f"{server.url}simple/", *args, status=1)
    assert (said.err, asked(server)) == (f"ERROR: {problem}\n", [])


def test_bad_requirement_in_a_file(pip: Pip, server: IndexServer) -> None:
    """The error names file and line, as pip's own about requirements do."""
    (pip.folder / "r.txt").write_text("plain\ntorch#CU126\n")
    said = pip.dry_run(f"{server.url}simple/", "-r", "r.txt", status=1)
    assert said.err == (
        f"ERROR: Invalid requirement: 'torch#CU126': 'CU126' {LABEL} (from line 2 of r.txt)\n"
    )


# ---- Help, and what looks like a wish ------------------------------------------------------------

HELP = """\
Wheel Variant Options:
  --no-variants               Ignore variant wheels, as if they did not exist.
  --variant <name=label>      Of the project NAME take only the variant LABEL;
                              an error if no wheel with it fits this machine.
                              NAME#LABEL in a requirement does the same. Can
                              be used several times.
  --enable-variant-provider <ns>
                              Ask the provider of the namespace NS also where
                              it is optional. Can be used several times.
  --disable-variant-provider <ns>
                              Do not ask the provider of the namespace NS:
                              nothing in it is supported. Can be used several
                              times.
  --trust-variant-provider <package>
                              Let this provider package be installed in
                              isolation and run, also in place of a built-in
                              one. Can be used several times.
  --variant-platform <file>   Describe the target machine by a file, as `pip
                              variants platform` writes one, in place of
                              asking this machine.

"""


@pytest.mark.parametrize("variables", [{}, {"PIP_VARIANT": "torch=cu126"}], ids=["bare", "set"])
@pytest.mark.parametrize("command", ["install", "download", "wheel", "index", "lock", "variants"])
def test_help(pip: Pip, command: str, variables: Variables) -> None:
    """The options have a group of their own in the help of every command that has them."""
    said = pip.run(command, "--help", COLUMNS="80", **variables)
    assert said.out.count(HELP) == 1


@pytest.mark.parametrize("command", ["list", "uninstall", "freeze", "check", "cache", "config"])
def test_no_help(pip: Pip, command: str) -> None:
    """Commands that look for no package do not have them."""
    assert "variant" not in pip.run(command, "--help").out.lower()


_BACKEND = """\
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    import pathlib
    info = pathlib.Path(folder, "ext-1.0.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: ext\\nVersion: 1.0\\n")
    return info.name


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def build_editable(folder, config_settings=None, metadata_directory=None):
    raise NotImplementedError
"""


def write_project(folder: Path) -> None:
    """Write a project that needs nothing to be built."""
    folder.mkdir(parents=True)
    pyproject = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (folder / "pyproject.toml").write_text(pyproject)
    (folder / "backend.py").write_text(_BACKEND)


# What looks like NAME#LABEL and is none, and whether pip can install it.
UNTOUCHED = {
    "folder": (("./ext#cu126",), 0),
    "folder below": (("below/ext#cu126",), 0),
    "no folder": (("./missing#cu126",), 1),
    "editable": (("-e", "ext#egg=ext"), 1),
    "editable folder": (("-e", "./ext#cu126"), 0),
    "editable address": (("-e", "{here}/ext#egg=ext"), 0),
    "address": (("{files}/plain-1.0-py3-none-any.whl#sha256={digest}",), 0),
    "address of a name": (("plain @ {files}/plain-1.0-py3-none-any.whl#sha256={digest}",), 0),
    "another hash": (("plain @ {files}/plain-1.0-py3-none-any.whl#sha256=00",), 1),
    "address with a label": (("plain @ {files}/plain-1.0-py3-none-any.whl#cu126",), 0),
    "in a file": (("-r", "r.txt"), 0),
}


@pytest.mark.parametrize("case", UNTOUCHED)
def test_untouched(
    pip: Pip, stock_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str
) -> None:
    """Paths and addresses with a `#` mean to us what they mean to a stock pip."""
    args, status = UNTOUCHED[case]
    write_index(tmp_path / "index", tag)
    wheel = tmp_path / "index/files/plain-1.0-py3-none-any.whl"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    said = []
    for each in (stock_pip, pip):
        for name in ("ext", "ext#cu126", "below/ext#cu126"):
            write_project(each.folder / name)
        names = {"files": f"{server.url}files", "here": each.folder.as_uri(), "digest": digest}
        line = "plain @ {files}/plain-1.0-py3-none-any.whl#sha256={digest}\n./ext#cu126\n"
        (each.folder / "r.txt").write_text(line.format(**names))
        url = f"{server.url}simple/"
        said.append(each.dry_run(url, *(arg.format(**names) for arg in args), status=status))
    assert said[0] == said[1]
    assert "variant" not in said[1].out + said[1].err
