"""pip's other ways to a wheel: each takes the variant that `pip install` takes, or says why not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypedDict

import pytest
from stand_in import IndexServer, Listed, Reply, write_simple_index, write_torch_index, write_wheel
from stand_in_wheel import Json

from tests.e2e.indexes import ALL, CUDA, cuda, torch_files, torch_sdist, with_variants
from tests.e2e.pips import NEW, OLD, OLD_WHY, Machine, Pip, asked, banner
from tests.venvs import PYTHONS, THIS_PYTHON, Venv, interpreter, once

CUDA_126 = Machine("12.6", "9.0")
ANY = "py3-none-any"
LOOKING = "Looking in indexes: INDEX/simple/\n"
LEGACY = "--use-deprecated=legacy-resolver"
RESOLVERS: dict[str, tuple[str, ...]] = {"new": (), "legacy": (LEGACY,)}
both = pytest.mark.parametrize("resolver", RESOLVERS.values(), ids=RESOLVERS)
NOT_FOUND = """\
ERROR: Could not find a version that satisfies the requirement torch{wanted} (from versions: 2.8.0)
ERROR: No matching distribution found for torch{wanted}
"""
CU126_PROPERTIES = [
    "nvidia :: cuda_version_lower_bound :: 12.6",
    "nvidia :: sm_arch :: 50_real",
    "nvidia :: sm_arch :: 60_real",
    "nvidia :: sm_arch :: 70_real",
    "nvidia :: sm_arch :: 75_real",
    "nvidia :: sm_arch :: 80_real",
    "nvidia :: sm_arch :: 86_real",
    "nvidia :: sm_arch :: 90_real",
]

# Values that the metadata itself carries, best first: no machine has to be asked for them.
STATIC: Json = {
    "default-priorities": {"namespace": ["level"]},
    "providers": {"level": {"static-properties": {"order": ["high", "low"]}}},
    "variants": {
        "a_low": {"level": {"order": ["low"]}},
        "b_high": {"level": {"order": ["high"]}},
        "null": {},
    },
}


def write_index(
    root: Path, tag: str, labels: Sequence[str | None] = (None, *ALL), *, sdist: bool = False
) -> list[Path]:
    """Write an index of torch 2.8.0, perhaps with its sdist; return its files, JSON last."""
    files = torch_files(root / "files", tag, labels)
    if sdist:
        files.insert(0, torch_sdist(root / "files"))
    write_simple_index(root, {"torch": files})
    return files


def yank(root: Path, *names: str) -> None:
    """Mark files on torch's page as yanked."""
    page = root / "simple/torch/index.html"
    text = page.read_text()
    for name in names:
        assert f">{name}</a>" in text
        text = text.replace(f">{name}</a>", f' data-yanked="a bad build">{name}</a>')
    page.write_text(text)


def digest(file: Path) -> str:
    """Return the hash of a file as a requirement gives it."""
    return f"--hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"


@pytest.mark.parametrize(
    "command",
    [("download", "--dest", "wheels"), ("wheel", "--wheel-dir", "wheels")],
    ids=["download", "wheel"],
)
@pytest.mark.parametrize(
    ("machine", "label"), [(NEW, "cu129"), (CUDA_126, "cu126"), (OLD, "00000000")]
)
def test_wheel_in_a_folder(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    command: tuple[str, ...],
    machine: Machine,
    label: str,
) -> None:
    """`pip download` and `pip wheel` save the chosen build, alone and under its own name."""
    write_index(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    said = pip.run(*command, "--index-url", url, "torch", machine=machine)
    names = [file.name for file in (pip.folder / "wheels").iterdir()]
    assert (names, said.err) == ([f"torch-2.8.0-{tag}-{label}.whl"], "")


def test_saved_wheel_is_installed_again(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A folder that `pip download` filled serves machines like the one that filled it."""
    write_index(tmp_path / "index", tag, ALL)
    url = f"{server.url}simple/"
    pip.run("download", "--dest", "wheels", "--index-url", url, "torch", machine=CUDA_126)
    offline = ("install", "--dry-run", "--no-index", "--find-links", "wheels", "torch")
    assert pip.run(*offline, machine=NEW).last == "Would install torch-2.8.0-cu126"
    said = pip.run(*offline, machine=OLD, status=1)
    assert f"Passed over cu126 of torch 2.8.0: {OLD_WHY}\n" in said.out


def test_index_versions(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """`pip index versions` knows versions that have variants only, and reads the page alone."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, ALL)
    files += torch_files(folder, "cp39-cp39-win32", ["cu129"], version="2.9.0")
    files += torch_files(folder, tag, [None], version="2.7.0")
    write_simple_index(tmp_path / "index", {"torch": files})
    said = pip.run("index", "versions", "--index-url", f"{server.url}simple/", "torch")
    assert said.out == "torch (2.8.0)\nAvailable versions: 2.8.0, 2.7.0\n"
    assert asked(server) == ["GET /simple/torch/ 200"]


# Which files there are, the options, the machine, what is taken. The versions are 2.8.0 with its
# sdist and the plain wheel of 2.7.0.
FORMATS = {
    "no binary": (ALL, ("--no-binary", "torch"), NEW, "torch-2.8.0"),
    "no binary at all": (ALL, ("--no-binary", ":all:"), NEW, "torch-2.8.0"),
    "no binary of another": (ALL, ("--no-binary", "other"), NEW, "torch-2.8.0-cu129"),
    "only binary": (ALL, ("--only-binary", "torch"), NEW, "torch-2.8.0-cu129"),
    "only binary, null": (ALL, ("--only-binary", ":all:"), OLD, "torch-2.8.0-00000000"),
    "only binary, none fits": (CUDA, ("--only-binary", "torch"), OLD, "torch-2.7.0"),
    "both": (CUDA, (), OLD, "torch-2.8.0"),
    "prefer binary": (CUDA, ("--prefer-binary",), NEW, "torch-2.8.0-cu129"),
    "prefer binary, none fits": (CUDA, ("--prefer-binary",), OLD, "torch-2.7.0"),
}


@pytest.mark.parametrize(
    ("case", "resolver"),
    [
        pytest.param(
            case,
            resolver,
            id=f"{case}-{name}",
        )
        for case in FORMATS
        for name, resolver in RESOLVERS.items()
    ],
)
def test_formats(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str, resolver: tuple[str, ...]
) -> None:
    """The user's word on wheels and sdists comes before the choice among variants."""
    labels, options, machine, taken = FORMATS[case]
    folder = tmp_path / "index/files"
    files = [*torch_files(folder, tag, labels), torch_sdist(folder)]
    files += torch_files(folder, tag, [None], version="2.7.0")
    write_simple_index(tmp_path / "index", {"torch": files})
    said = pip.dry_run(f"{server.url}simple/", *options, *resolver, "torch", machine=machine)
    assert said.last == f"Would install {taken}"
    reads_json = "--no-binary" not in options or "other" in options
    assert bool(server.asked("torch-2.8.0-variants.json")) == reads_json


def test_no_binary_is_not_fulfilled(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Without an sdist `--no-binary` finds nothing, and no provider is asked for that."""
    write_index(tmp_path / "index", tag)
    said = pip.dry_run(f"{server.url}simple/", "--no-binary", "torch", "torch", status=1)
    assert said.out == LOOKING
    assert said.err == NOT_FOUND.format(wanted="").replace("2.8.0", "none")


# The pinned files, by label (None: the plain wheel, "sdist": the sdist), the machine, the choice.
HASHES = {
    "not the best": (("cu126",), NEW, "torch-2.8.0-cu126"),
    "the best of two": (("cu126", "cu128"), NEW, "torch-2.8.0-cu128"),
    "the one that fits": (("cu129", "cu126"), CUDA_126, "torch-2.8.0-cu126"),
    "null": (("00000000",), NEW, "torch-2.8.0-00000000"),
    "plain": ((None,), NEW, "torch-2.8.0"),
    "plain and one that does not fit": ((None, "cu129"), CUDA_126, "torch-2.8.0"),
    "sdist": (("sdist",), NEW, "torch-2.8.0"),
    "every file": ((None, *ALL, "sdist"), CUDA_126, "torch-2.8.0-cu126"),
}


def write_pinned(
    pip: Pip, root: Path, tag: str, pinned: Sequence[str | None], wanted: str = "torch==2.8.0"
) -> None:
    """Write an index and a requirements file that pins some of its files by their hashes."""
    sdist, *wheels, _ = write_index(root, tag, sdist=True)
    files = dict(zip((None, *ALL), wheels, strict=True))
    hashes = [digest(sdist if label == "sdist" else files[label]) for label in pinned]
    (pip.folder / "requirements.txt").write_text(" ".join([wanted, *hashes]) + "\n")


@both
@pytest.mark.parametrize("case", HASHES)
def test_hashes(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str, resolver: tuple[str, ...]
) -> None:
    """A hash pins a file, thereby its label: of what is pinned the best that fits is taken."""
    pinned, machine, taken = HASHES[case]
    write_pinned(pip, tmp_path / "index", tag, pinned)
    options = ("--require-hashes", *resolver, "-r", "requirements.txt")
    said = pip.dry_run(f"{server.url}simple/", *options, machine=machine)
    assert said.last == f"Would install {taken}"


@both
def test_hash_of_a_wheel_that_does_not_fit(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, resolver: tuple[str, ...]
) -> None:
    """A pinned build that does not fit is an error with the reason, nothing else is taken."""
    write_pinned(pip, tmp_path / "index", tag, ["cu129"])
    options = ("--require-hashes", *resolver, "-r", "requirements.txt")
    said = pip.dry_run(f"{server.url}simple/", *options, machine=CUDA_126, status=1)
    why = "cu129 needs nvidia :: cuda_version_lower_bound :: 12.9, this machine has up to 12.6"
    assert said.out.endswith(f"Passed over cu129 of torch 2.8.0: {why}\n")
    assert NOT_FOUND.format(wanted="==2.8.0").splitlines()[1] in said.err


def test_hash_of_no_file(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """A hash that no file has ends as with a stock pip: the best file is fetched and refused."""
    write_index(tmp_path / "index", tag)
    requirement = f"torch==2.8.0 --hash=sha256:{'0' * 64}\n"
    (pip.folder / "requirements.txt").write_text(requirement)
    said = pip.dry_run(f"{server.url}simple/", "-r", "requirements.txt", status=1)
    assert "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE." in said.err
    assert "torch-2.8.0-TAG-cu129.whl" in said.out


# What is yanked, the requirement, what is taken. "JSON" is the combined metadata.
YANKED = {
    "the best": (("cu129",), "torch", "torch-2.8.0-cu128"),
    "the best of a pinned version": (("cu129",), "torch==2.8.0", "torch-2.8.0-cu128"),
    "every variant": (ALL, "torch", "torch-2.8.0"),
    "the metadata": (("JSON",), "torch", "torch-2.8.0-cu129"),
    "all": ((None, *ALL, "JSON"), "torch", "torch-2.7.0"),
    "all of a pinned version": ((None, *ALL, "JSON"), "torch==2.8.0", "torch-2.8.0-cu129"),
}


def write_yanked(root: Path, tag: str, yanked: Sequence[str | None]) -> None:
    """Write an index with torch 2.8.0, files of which are yanked, and torch 2.7.0."""
    folder = root / "files"
    files = torch_files(folder, tag, (None, *ALL))
    names = {label: file.name for label, file in zip((None, *ALL, "JSON"), files, strict=True)}
    older = torch_files(folder, tag, [None], version="2.7.0")
    write_simple_index(root, {"torch": [*files, *older]})
    yank(root, *(names[label] for label in yanked))


@pytest.mark.parametrize("case", YANKED)
def test_yanked(pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str) -> None:
    """A yanked build is not taken unless its version is pinned; yanked metadata is read."""
    yanked, requirement, taken = YANKED[case]
    write_yanked(tmp_path / "index", tag, yanked)
    said = pip.dry_run(f"{server.url}simple/", requirement)
    assert said.last == f"Would install {taken}"
    assert ("Reason for being yanked: a bad build" in said.err) == (
        case.endswith("pinned version") and yanked[0] is None
    )


def test_yanked_and_pinned_by_hash(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """A yanked build that version and hash pin is taken."""
    write_pinned(pip, tmp_path / "index", tag, ["cu129"])
    yank(tmp_path / "index", f"torch-2.8.0-{tag}-cu129.whl")
    said = pip.dry_run(f"{server.url}simple/", "-r", "requirements.txt")
    assert said.last == "Would install torch-2.8.0-cu129"


@pytest.mark.parametrize("resolver", [(), (LEGACY,)], ids=RESOLVERS)
def test_yanked_is_no_way_out(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, resolver: tuple[str, ...]
) -> None:
    """If only a yanked build of the newest version fits, the older version is taken."""
    write_yanked(tmp_path / "index", tag, [None, "00000000"])
    said = pip.dry_run(f"{server.url}simple/", *resolver, "torch", machine=OLD)
    assert said.last == "Would install torch-2.7.0"


@pytest.mark.parametrize(
    ("options", "taken"),
    [((), "torch-2.8.0-cu129"), (("--pre",), "torch-2.9.0rc1-cu129")],
    ids=["final", "pre"],
)
def test_pre(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    options: tuple[str, ...],
    taken: str,
) -> None:
    """`--pre` admits the variants of a pre-release, whose JSON is else not even read."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, ALL) + torch_files(folder, tag, ALL, version="2.9.0rc1")
    write_simple_index(tmp_path / "index", {"torch": files})
    said = pip.dry_run(f"{server.url}simple/", *options, "torch")
    assert said.last == f"Would install {taken}"
    version = taken.split("-")[1]
    assert server.asked(".json") == [f"/files/torch-{version}-variants.json"]


def test_target(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """`--target` installs the chosen build into a folder."""
    write_index(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    said = pip.run("install", "--target", "lib", "--index-url", url, "torch", machine=CUDA_126)
    assert said.last == "Successfully installed torch-2.8.0-cu126"
    done = pip.start("-c", "import sys; sys.path.insert(0, 'lib'); import torch")
    assert done.out == "torch 2.8.0, build cu126\n"


@pytest.mark.parametrize(
    ("machine", "variant"),
    [
        (CUDA_126, {"label": "cu126", "properties": CU126_PROPERTIES}),
        (OLD, {"label": "00000000", "properties": []}),
    ],
    ids=["variant", "null"],
)
def test_report(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    machine: Machine,
    variant: dict[str, object],
) -> None:
    """`--report` has the variant of what is one; a plain wheel's item is as with a stock pip."""
    root = tmp_path / "index"
    app = write_wheel(root / "files", f"app-1.0-{ANY}.whl", requires=["torch"])
    write_simple_index(root, {"torch": torch_files(root / "files", tag, ALL), "app": [app]})
    said = pip.dry_run(f"{server.url}simple/", "--quiet", "--report", "-", "app", machine=machine)
    items = {item["metadata"]["name"]: item for item in json.loads(said.out)["install"]}
    assert items["torch"]["variant"] == variant
    assert items["torch"]["download_info"]["url"].endswith(f"-{variant['label']}.whl")
    assert set(items) == {"app", "torch"}
    assert "variant" not in items["app"]


def test_report_of_an_install(own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """A real install writes the same report into a file, also for a plain wheel of the version."""
    write_index(tmp_path / "index", tag, (None, *CUDA))
    install = ("install", "--quiet", "--index-url", f"{server.url}simple/", "--report", "r.json")
    own_pip.run(*install, "torch", machine=CUDA_126)
    (item,) = json.loads((own_pip.folder / "r.json").read_text())["install"]
    assert item["variant"] == {"label": "cu126", "properties": CU126_PROPERTIES}
    own_pip.run(*install, "--force-reinstall", "torch", machine=OLD)
    (item,) = json.loads((own_pip.folder / "r.json").read_text())["install"]
    assert item["download_info"]["url"].endswith(f"torch-2.8.0-{tag}.whl")
    assert "variant" not in item


# Which files of 2.8.0 there are beside the plain wheel of 2.7.0, the machine, what is taken.
RESOLVED = {
    "best": ((None, *ALL), NEW, "torch-2.8.0-cu129"),
    "second": ((None, *ALL), Machine("12.8", "9.0"), "torch-2.8.0-cu128"),
    "null": ((None, *ALL), OLD, "torch-2.8.0-00000000"),
    "plain": ((None, *CUDA), OLD, "torch-2.8.0"),
    "older": (CUDA, OLD, "torch-2.7.0"),
    "no variant": ((None,), NEW, "torch-2.8.0"),
    "sdist": (("sdist", *CUDA), OLD, "torch-2.8.0"),
}


@both
@pytest.mark.parametrize("case", RESOLVED)
def test_both_resolvers(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str, resolver: tuple[str, ...]
) -> None:
    """Both resolvers choose alike, for what is asked for and for what that depends on."""
    labels, machine, taken = RESOLVED[case]
    root = tmp_path / "index"
    files = torch_files(root / "files", tag, [label for label in labels if label != "sdist"])
    if "sdist" in labels:
        files.append(torch_sdist(root / "files"))
    files += torch_files(root / "files", tag, [None], version="2.7.0")
    app = write_wheel(root / "files", f"app-1.0-{ANY}.whl", requires=["torch"])
    write_simple_index(root, {"torch": files, "app": [app]})
    said = pip.dry_run(f"{server.url}simple/", *resolver, "app", machine=machine)
    assert said.last == f"Would install app-1.0 {taken}"
    assert said.out.count("variant_hash=") == taken.count("-") - 1


def test_text_of_the_legacy_resolver(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """With the legacy resolver everything that is said is the same."""
    write_index(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    assert pip.dry_run(url, LEGACY, "torch") == pip.dry_run(url, "--no-cache-dir", "torch")


FOREIGN = {
    "platform": ("--platform", "manylinux_2_28_x86_64"),
    "abi": ("--abi", "none"),
    "python": ("--python-version", "3.12"),
    "implementation": ("--implementation", "py"),
}
NOT_ASKED = "the target is another machine than this one, so this one is not asked"


def foreign(pip: Pip, server: IndexServer, options: tuple[str, ...]) -> Callable[[Machine], str]:
    """Return a function that downloads torch for a target, on a machine, and says what pip said."""
    command = ("download", "--no-deps", "--only-binary", ":all:", "--dest", "wheels", *options)

    def download(machine: Machine) -> str:
        url = f"{server.url}simple/"
        said = pip.run(*command, "--index-url", url, "torch", machine=machine)
        assert "Querying" not in said.out
        assert said.err == ""
        return said.out

    return download


@pytest.mark.parametrize("options", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("machine", [NEW, Machine("bad", "bad")], ids=["forced", "badly forced"])
def test_foreign_target_does_not_ask_this_machine(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    options: tuple[str, ...],
    machine: Machine,
) -> None:
    """For another target the null variant is taken, and the line says that nobody was asked."""
    write_index(tmp_path / "index", ANY)
    out = foreign(pip, server, options)(machine)
    passed_over = f"Passed over cu126, cu128 and cu129 of torch 2.8.0: nvidia: {NOT_ASKED}\n"
    assert out.startswith(LOOKING + passed_over + banner("00000000"))
    assert [file.name for file in (pip.folder / "wheels").iterdir()] == [
        f"torch-2.8.0-{ANY}-00000000.whl"
    ]


@pytest.mark.parametrize("options", FOREIGN.values(), ids=FOREIGN)
def test_static_values_hold_for_a_foreign_target(
    pip: Pip, server: IndexServer, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Values in the metadata are true of every machine: the best of them is taken."""
    labels = ("a_low", "b_high", "null")
    files = torch_files(tmp_path / "index/files", ANY, labels, metadata=STATIC)
    write_simple_index(tmp_path / "index", {"torch": files})
    out = foreign(pip, server, options)(NEW)
    assert out.startswith(LOOKING + banner("b_high", "level :: order :: high"))


def test_foreign_tags_come_first(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """For Windows only the wheels for Windows count, and their null variant is the one taken."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, ALL)[:-1]
    files += torch_files(folder, "cp312-cp312-win_amd64", ["00000000", "cu129"])
    write_simple_index(tmp_path / "index", {"torch": files})
    options = ("--platform", "win_amd64", "--python-version", "3.12")
    out = foreign(pip, server, options)(NEW)
    assert f"Passed over cu129 of torch 2.8.0: nvidia: {NOT_ASKED}\n" in out
    assert (pip.folder / "wheels" / "torch-2.8.0-cp312-cp312-win_amd64-00000000.whl").is_file()


def test_installing_for_a_foreign_target(pip: Pip, server: IndexServer, tmp_path: Path) -> None:
    """`pip install --target` for another target takes the same as `pip download`."""
    write_index(tmp_path / "index", ANY)
    options = ("--target", "lib", "--only-binary", ":all:", "--platform", "any")
    said = pip.run("install", *options, "--index-url", f"{server.url}simple/", "torch")
    assert "Querying" not in said.out
    assert said.last == "Successfully installed torch-2.8.0-00000000"


# A constraint on torch, of which 2.9.0 and 2.8.0 have variants, and what is taken.
CONSTRAINTS = {
    "below": ("torch<2.9", "torch-2.8.0-cu129"),
    "exactly": ("torch==2.8.0", "torch-2.8.0-cu129"),
    "another spelling": ("Torch<2.9", "torch-2.8.0-cu129"),
    "another project": ("other<1", "torch-2.9.0-cu129"),
    "address": ("torch @ {files}/torch-2.8.0-{tag}-cu126.whl", "torch-2.8.0-cu126"),
    "address of the plain wheel": ("torch @ {files}/torch-2.8.0-{tag}.whl", "torch-2.8.0"),
}


def write_constrained(pip: Pip, server: IndexServer, root: Path, tag: str, line: str) -> None:
    """Write an index of two versions of torch and of an app, and the constraints file."""
    files = torch_files(root / "files", tag, (None, *ALL))
    files += torch_files(root / "files", tag, (None, *ALL), version="2.9.0")
    app = write_wheel(root / "files", f"app-1.0-{ANY}.whl", requires=["torch"])
    write_simple_index(root, {"torch": files, "app": [app]})
    text = line.format(files=f"{server.url}files", tag=tag)
    (pip.folder / "constraints.txt").write_text(f"{text}\n")


@pytest.mark.parametrize("case", CONSTRAINTS)
def test_constraints(pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str) -> None:
    """A constraint narrows versions, or names the one file; variants are chosen within it."""
    line, taken = CONSTRAINTS[case]
    write_constrained(pip, server, tmp_path / "index", tag, line)
    said = pip.dry_run(f"{server.url}simple/", "-c", "constraints.txt", "app")
    assert (said.last, said.err) == (f"Would install app-1.0 {taken}", "")
    assert said.out.count("variant_hash=") == taken.count("-") - 1
    version = taken.split("-")[1]
    read = [] if "address" in case else [f"/files/torch-{version}-variants.json"]
    assert server.asked(".json") == read


def test_constraint_to_a_wheel_that_does_not_fit(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A constraint to the address of a build that does not fit is an error with the reason."""
    line = CONSTRAINTS["address"][0]
    write_constrained(pip, server, tmp_path / "index", tag, line)
    options = ("-c", "constraints.txt", "app")
    said = pip.dry_run(f"{server.url}simple/", *options, machine=OLD, status=1)
    name = "torch-2.8.0-TAG-cu126.whl"
    assert f"ERROR: {name} does not fit this machine: {OLD_WHY}\n" in said.err


@pytest.fixture
def installed(shared: Path, pip: Pip, patched: Callable[[str], Venv], tag: str) -> Pip:
    """Return a pip in whose venv torch 2.7.0 (a variant) and app 1.0 are; do not change it."""

    def make(root: Path) -> None:
        venv = patched(THIS_PYTHON).copy(root)
        metadata = with_variants({"cu118": cuda("11.8")})
        wheels = root.with_name("installed-wheels")
        torch_files(wheels, tag, ["cu118"], version="2.7.0", metadata=metadata)
        write_wheel(wheels, f"app-1.0-{ANY}.whl", requires=["torch"])
        local = ("install", "--quiet", "--no-index", "--find-links", wheels, "app")
        Pip(venv.python, pip.folder, tag).run(*local)

    venv = Venv(once(shared / "installed", make))
    return Pip(venv.python, pip.folder, tag)


# Options and requirements with torch 2.7.0 installed, and what is then installed.
UPGRADES = {
    "satisfied": (("torch",), None),
    "upgrade": (("--upgrade", "torch"), "torch-2.8.0-cu129"),
    "a newer one": (("torch>=2.8",), "torch-2.8.0-cu129"),
    "only if needed": (("--upgrade", "app"), "app-1.1"),
    "eager": (
        ("--upgrade", "--upgrade-strategy", "eager", "app"),
        "app-1.1 torch-2.8.0-cu129",
    ),
    "force": (("--force-reinstall", "torch"), "torch-2.8.0-cu129"),
    "force the same": (("--force-reinstall", "torch==2.7.0"), "torch-2.7.0-cu118"),
    "force a dependency": (("--force-reinstall", "app"), "app-1.1 torch-2.8.0-cu129"),
    "ignore": (("--ignore-installed", "app==1.0"), "app-1.0 torch-2.8.0-cu129"),
    "without dependencies": (("--upgrade", "--no-deps", "app"), "app-1.1"),
}


@both
@pytest.mark.parametrize("case", UPGRADES)
def test_upgrade_strategies(
    installed: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    case: str,
    resolver: tuple[str, ...],
) -> None:
    """What is upgraded is decided as ever; of the version that is wanted the best build comes."""
    args, taken = UPGRADES[case]
    root = tmp_path / "index"
    older = with_variants({"cu118": cuda("11.8")})
    files = torch_files(root / "files", tag, ["cu118"], version="2.7.0", metadata=older)
    files += torch_files(root / "files", tag, ALL)
    apps = [
        write_wheel(root / "files", f"app-{version}-{ANY}.whl", requires=["torch"])
        for version in ("1.0", "1.1")
    ]
    write_simple_index(root, {"torch": files, "app": apps})
    said = installed.dry_run(f"{server.url}simple/", *resolver, *args)
    assert said.err == ""
    would = [line for line in said.out.splitlines() if line.startswith("Would install")]
    assert would == ([f"Would install {taken}"] if taken else [])
    assert bool(server.asked(".json")) == bool(taken and "torch" in taken)


def test_upgrade_to_what_fits(
    installed: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """An installed version stays if nothing of the newer ones fits, and the line says why."""
    write_index(tmp_path / "index", tag, CUDA)
    said = installed.dry_run(f"{server.url}simple/", "--upgrade", "torch", machine=OLD)
    assert f"Passed over cu126, cu128 and cu129 of torch 2.8.0: {OLD_WHY}\n" in said.out
    assert "Would install" not in said.out


@both
def test_upgrading_for_real(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, resolver: tuple[str, ...]
) -> None:
    """The older build is uninstalled, the newer installed, and freeze agrees."""
    folder = tmp_path / "index/files"
    older = with_variants({"cu118": cuda("11.8")})
    files = torch_files(folder, tag, ["cu118"], version="2.7.0", metadata=older)
    files += torch_files(folder, tag, ALL)
    write_simple_index(tmp_path / "index", {"torch": files})
    install = ("install", *resolver, "--index-url", f"{server.url}simple/")
    own_pip.run(*install, "torch<2.8")
    said = own_pip.run(*install, "--upgrade", "torch")
    assert "Successfully uninstalled torch-2.7.0\n" in said.out
    assert said.last == "Successfully installed torch-2.8.0-cu129"
    assert own_pip.start("-c", "import torch").out == "torch 2.8.0, build cu129\n"
    assert own_pip.run("freeze", "--exclude", "pep-xxx-wheel-variants").out == "torch==2.8.0\n"


def test_backtracking(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """An app whose torch does not fit gives way to its older version, and the line says why."""
    root = tmp_path / "index"
    files = torch_files(root / "files", tag, CUDA)
    files += torch_files(root / "files", tag, [None], version="2.7.0")
    apps = [
        write_wheel(root / "files", f"app-2.0-{ANY}.whl", requires=["torch>=2.8"]),
        write_wheel(root / "files", f"app-1.0-{ANY}.whl", requires=["torch"]),
    ]
    write_simple_index(root, {"torch": files, "app": apps})
    said = pip.dry_run(f"{server.url}simple/", "app", machine=OLD)
    assert said.out.count(f"Passed over cu126, cu128 and cu129 of torch 2.8.0: {OLD_WHY}\n") == 1
    assert (said.last, said.err) == ("Would install app-1.0 torch-2.7.0", "")


def test_several_versions_do_not_fit(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Each version that is passed over has its line, in the order in which pip tries them."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, CUDA) + torch_files(folder, tag, ["cu129"], version="2.9.0")
    files += torch_files(folder, tag, [None], version="2.7.0")
    write_simple_index(tmp_path / "index", {"torch": files})
    said = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD)
    lines = [line for line in said.out.splitlines() if line.startswith("Passed over")]
    why = "cu129 needs nvidia :: cuda_version_lower_bound :: 12.9, this machine has up to 12.5"
    assert lines == [
        f"Passed over cu129 of torch 2.9.0: {why}",
        f"Passed over cu126, cu128 and cu129 of torch 2.8.0: {OLD_WHY}",
    ]
    assert said.last == "Would install torch-2.7.0"


@pytest.mark.parametrize("described", [True, False], ids=["PEP 658", "ranges"])
def test_fast_deps(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, *, described: bool
) -> None:
    """`--use-feature=fast-deps` reads a part of the chosen wheel, shows one banner, installs it."""
    root = tmp_path / "index"
    *wheels, combined = torch_files(root / "files", tag, ALL)
    listed = [Listed(wheel, core_metadata=described) for wheel in wheels]
    write_simple_index(root, {"torch": [*listed, Listed(combined)]})
    install = ("install", "--use-feature=fast-deps", "--index-url", f"{server.url}simple/")
    said = own_pip.run(*install, "torch", machine=CUDA_126)
    assert said.out.count("variant_hash=") == 1
    assert said.last == "Successfully installed torch-2.8.0-cu126"
    assert own_pip.start("-c", "import torch").out == "torch 2.8.0, build cu126\n"
    assert {path for path in server.asked() if "-TAG-".replace("TAG", tag) in path} <= {
        f"/files/torch-2.8.0-{tag}-cu126.whl",
        f"/files/torch-2.8.0-{tag}-cu126.whl.metadata",
    }


def test_warm_cache(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """With a warm HTTP cache the choice is the same, and the wheel is not fetched again."""
    write_torch_index(tmp_path / "index", tag)
    for suffix in ("whl", "json"):
        for file in (tmp_path / "index/simple/torch").glob(f"*.{suffix}"):
            path = f"/simple/torch/{file.name}"
            server.replies[path] = Reply(headers=(("Cache-Control", "max-age=9999"),))
    options = (f"{server.url}simple/", "--trusted-host", "127.0.0.1", "torch")
    first = pip.dry_run(*options)
    server.requests.clear()
    second = pip.dry_run(*options)
    fetched = "  Downloading INDEX/simple/torch/torch-2.8.0-TAG-cu129.whl (SIZE)\n"
    cached = "  Using cached INDEX/simple/torch/torch-2.8.0-TAG-cu129.whl (SIZE)\n"
    assert second.out == first.out.replace(fetched, cached)
    assert fetched in first.out
    assert server.asked(".whl") == []


def test_no_cache_dir(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """`--no-cache-dir` changes nothing of the choice and writes no cache."""
    write_torch_index(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    said = [pip.dry_run(url, "--no-cache-dir", "torch") for _ in range(2)]
    assert said[0] == said[1]
    assert said[0].last == "Would install torch-2.8.0-cu129"
    assert not (pip.folder / "cache").exists()


def test_cache_commands(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """`pip cache` knows nothing of variants and removes everything that they left."""
    write_torch_index(tmp_path / "index", tag)
    pip.dry_run(f"{server.url}simple/", "torch")
    assert pip.run("cache", "list").out == "No locally built wheels cached.\n"
    assert pip.run("cache", "purge").out.startswith("Files removed: ")
    assert [path for path in (pip.folder / "cache").rglob("*") if path.is_file()] == []
    assert pip.dry_run(f"{server.url}simple/", "torch").last == "Would install torch-2.8.0-cu129"


def test_freeze(
    own_pip: Pip, stock_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """`pip freeze` writes what a stock pip can install: the version, not the build."""
    write_index(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    own_pip.run("install", "--quiet", "--index-url", url, "torch")
    frozen = own_pip.run("freeze", "--exclude", "pep-xxx-wheel-variants").out
    assert frozen == "torch==2.8.0\n"
    (stock_pip.folder / "frozen.txt").write_text(frozen)
    assert stock_pip.dry_run(url, "-r", "frozen.txt").last == "Would install torch-2.8.0"


def test_uninstall(own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """After installing and uninstalling a variant not one file is left or changed."""
    write_index(tmp_path / "index", tag)
    venv = Venv(own_pip.python.parents[1])
    before = venv.files()
    own_pip.run("install", "--quiet", "--index-url", f"{server.url}simple/", "torch")
    assert venv.files() != before
    own_pip.run("uninstall", "-y", "torch")
    assert venv.files() == before


_BACKEND = """\
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    import pathlib
    import torch
    info = pathlib.Path(folder, "ext-1.0.dist-info")
    info.mkdir()
    version = "1.0+" + (torch.build_label or "plain")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\\nName: ext\\nVersion: {version}\\n")
    return info.name
"""


@pytest.fixture
def ext(pip: Pip) -> Path:
    """Return a project that needs torch to be built; its version says which build it found."""
    folder = pip.folder / "ext"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["torch"]\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (folder / "backend.py").write_text(_BACKEND)
    return folder


class Variables(TypedDict, total=False):
    """Environment variables by which a user steers pip."""

    PIP_CONFIG_FILE: str
    PIP_CONSTRAINT: str
    PIP_NO_VARIANTS: str
    PIP_VARIANT: str


# The machine, options, environment variables, and the build of torch in the isolated environment.
BUILDS: dict[str, tuple[Machine, tuple[str, ...], Variables, str]] = {
    "new machine": (NEW, (), {}, "cu129"),
    "old machine": (OLD, (), {}, "00000000"),
    "wish in a variable": (NEW, (), {"PIP_VARIANT": "torch=cu126"}, "cu126"),
    "without variants": (NEW, ("--no-variants",), {}, "plain"),
    "without, by a variable": (NEW, (), {"PIP_NO_VARIANTS": "1"}, "plain"),
    "constraint": (NEW, (), {"PIP_CONSTRAINT": "constraints.txt"}, "cu129"),
    "without, by a file": (NEW, (), {"PIP_CONFIG_FILE": "pip.conf"}, "plain"),
    "option before variable": (NEW, ("--no-variants",), {"PIP_NO_VARIANTS": "0"}, "plain"),
}


@pytest.mark.parametrize("case", BUILDS)
def test_build_requirement(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, ext: Path, case: str
) -> None:
    """An isolated build gets the build of its requirement that fits, as the user steers it."""
    machine, options, extra, label = BUILDS[case]
    root = tmp_path / "index"
    files = torch_files(root / "files", tag, (None, *ALL))
    if case == "constraint":
        files += torch_files(root / "files", tag, (None, *ALL), version="2.9.0")
        (pip.folder / "constraints.txt").write_text("torch<2.9\n")
    (pip.folder / "pip.conf").write_text("[install]\nno-variants = true\n")
    write_simple_index(root, {"torch": files})
    said = pip.dry_run(f"{server.url}simple/", *options, str(ext), machine=machine, **extra)
    assert said.last == f"Would install ext-1.0+{label}"
    fetched = [name for name in server.asked(".whl") if "torch-2.8.0-" in name]
    suffix = "" if label == "plain" else f"-{label}"
    assert fetched == [f"/files/torch-2.8.0-{tag}{suffix}.whl"]


def test_build_requirement_does_not_fit(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, ext: Path
) -> None:
    """A build whose requirement has no build for this machine fails, and pip shows why."""
    write_index(tmp_path / "index", tag, CUDA)
    said = pip.dry_run(f"{server.url}simple/", str(ext), machine=OLD, status=1)
    assert OLD_WHY in said.out + said.err


others = pytest.mark.parametrize(
    "version",
    [
        pytest.param(
            version,
            marks=pytest.mark.skipif(
                interpreter(version) is None, reason=f"no python{version} on PATH that starts"
            ),
        )
        for version in PYTHONS
        if version != THIS_PYTHON
    ],
)


@others
def test_other_python(
    pip: Pip,
    stock: Callable[[str], Venv],
    server: IndexServer,
    tmp_path: Path,
    version: str,
) -> None:
    """`--python OTHER` finds the engine and judges wheels by the tags of that interpreter."""
    digits = version.replace(".", "")
    folder = tmp_path / "index/files"
    files = torch_files(folder, f"cp{digits}-none-any", ALL)[:-1]
    mine = f"cp{THIS_PYTHON.replace('.', '')}-none-any"
    files += torch_files(folder, mine, ALL)
    write_simple_index(tmp_path / "index", {"torch": files})
    other = stock(version).copy(tmp_path / "other")
    command = ("--python", other.python, "install", "--index-url", f"{server.url}simple/", "torch")
    said = pip.run(*command, machine=CUDA_126)
    assert banner("cu126", *CU126_PROPERTIES) in said.out
    assert (said.last, said.err) == ("Successfully installed torch-2.8.0-cu126", "")
    assert f"/torch-2.8.0-cp{digits}-none-any-cu126.whl" in said.out
    assert other.run("-c", "import torch") == "torch 2.8.0, build cu126\n"
