"""When an installed variant is replaced by another file of the same version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.indexes import ALL_LABELS, PURE_TAG, torch_files, torch_sdist, write_torch_projects
from tests.e2e.pips import (
    LEGACY_RESOLVER,
    MIDDLE_DRIVER,
    OLD_DRIVER,
    REAL_MACHINE,
    Pip,
    installed_label,
    needs_driver,
    request_lines,
    without_driver,
)
from tests.support.stand_in import (
    IndexServer,
    Reply,
    write_simple_index,
    write_torch_index,
    write_wheel,
)

PAGE = "GET /simple/torch/ 200"
MISFIT = (
    "The installed variant cu129 of torch 2.8.0 does not fit this machine:"
    f" {needs_driver('cu129', '12.9', '12.6')}"
)
UPGRADE_HINT = (
    "Keeping the installed variant cu126 of torch 2.8.0; cu129 fits this machine better:"
    " pip install --upgrade torch\n"
)
UNCONFIRMED = (
    "Keeping the installed variant cu126 of torch 2.8.0, although this machine shows nothing that"
    " supports it: nvidia: no NVIDIA driver found; to replace it: pip install --upgrade torch\n"
)


def test_unsupported_installed_variant_is_replaced(
    own_pip: Pip, server: IndexServer, cu126_index: str
) -> None:
    """An installed variant that no longer fits is replaced in the same version, with a warning."""
    own_pip.run("install", "--quiet", "--upgrade", "--index-url", cu126_index, "torch")
    assert installed_label(own_pip) == "cu129"
    server.requests.clear()
    output = own_pip.run("install", "--index-url", cu126_index, "torch", machine=MIDDLE_DRIVER)
    assert output.stderr == f"WARNING: {MISFIT}\n"
    assert output.last_line == "Successfully installed torch-2.8.0-cu126"
    assert installed_label(own_pip) == "cu126"


def test_unsupported_variant_without_replacement_stays_installed(
    own_pip: Pip, cu126_index: str
) -> None:
    """If nothing else fits, the command fails and the installed variant stays."""
    assert cu126_index
    args = ("install", "--no-index", "torch")
    output = own_pip.run(*args, machine=OLD_DRIVER, status=1)
    assert output.stderr.splitlines()[0].startswith(
        "WARNING: The installed variant cu126 of torch 2.8.0"
    )
    assert installed_label(own_pip) == "cu126"


def test_unsupported_variant_of_a_dependency_stays(
    own_pip: Pip, cu126_index: str, workdir: Path
) -> None:
    """An installed dependency that no longer fits is left as it is."""
    assert cu126_index
    wheel = write_wheel(workdir, f"app-1.0-{PURE_TAG}.whl", requires=["torch"])
    output = own_pip.run("install", "--no-index", wheel, machine=OLD_DRIVER)
    assert (output.last_line, output.stderr) == ("Successfully installed app-1.0", "")
    assert installed_label(own_pip) == "cu126"


# The words with which the installed variant is replaced even where nothing can be compared.
REPLACING = {
    "--upgrade": ("--upgrade", "torch"),
    "eager upgrade": ("--upgrade", "--upgrade-strategy=eager", "torch"),
    "--force-reinstall": ("--force-reinstall", "torch"),
    "--variant": ("--variant", "torch=null", "torch"),
    "#LABEL": ("torch#null",),
    "platform file": ("--variant-platform", "empty.toml", "torch"),
}


@without_driver
def test_variant_for_hardware_that_is_not_here_stays_unless_the_user_replaces_it(
    own_pip: Pip, server: IndexServer, cu126_index: str, workdir: Path
) -> None:
    """A login node shows no GPU: one line, no request, and the build for the other nodes stays."""
    (workdir / "requirements.txt").write_text("torch>=2\n")
    (workdir / "empty.toml").write_text("version = 1\ncomplete = true\n")
    for words in (("torch",), ("-r", "requirements.txt")):
        output = own_pip.run("install", "--index-url", cu126_index, *words, machine=REAL_MACHINE)
        assert output.stdout.count(UNCONFIRMED) == 1
        assert "Requirement already satisfied: torch" in output.stdout
        assert (output.stderr, request_lines(server)) == ("", [])
    for case, args in REPLACING.items():
        output = own_pip.dry_run(cu126_index, *args, machine=REAL_MACHINE)
        assert output.last_line == "Would install torch-2.8.0-00000000", case
        assert UNCONFIRMED not in output.stdout
    assert installed_label(own_pip) == "cu126"


def test_better_variant_is_hinted_at_without_upgrade(
    own_pip: Pip, server: IndexServer, cu126_index: str
) -> None:
    """Without --upgrade a variant that fits stays, and a line names the better one."""
    output = own_pip.run("install", "--index-url", cu126_index, "torch")
    assert UPGRADE_HINT in output.stdout
    assert "Requirement already satisfied: torch in " in output.stdout
    # The JSON is cached since the installation.
    assert (request_lines(server), output.stderr) == ([PAGE], "")
    assert installed_label(own_pip) == "cu126"


def test_best_installed_variant_prints_no_hint(
    own_pip: Pip, server: IndexServer, cu126_index: str
) -> None:
    """The best variant stays installed without any hint."""
    output = own_pip.run("install", "--index-url", cu126_index, "torch", machine=MIDDLE_DRIVER)
    assert "Keeping" not in output.stdout
    assert (request_lines(server), output.stderr) == ([PAGE], "")


def test_installed_dependency_causes_no_request_and_no_hint(
    own_pip: Pip, server: IndexServer, cu126_index: str, workdir: Path
) -> None:
    """An installed dependency causes neither a request nor a hint."""
    wheel = write_wheel(workdir, f"app-1.0-{PURE_TAG}.whl", requires=["torch"])
    output = own_pip.run("install", "--index-url", cu126_index, wheel)
    assert ("Keeping" in output.stdout, request_lines(server)) == (False, [])


def test_unreachable_index_prints_no_hint_or_error(own_pip: Pip, cu126_index: str) -> None:
    """An unreachable index causes no hint and no error for an installed variant."""
    assert cu126_index
    unreachable = "http://127.0.0.1:9/simple/"
    output = own_pip.run("install", "--index-url", unreachable, "torch")
    assert "Requirement already satisfied: torch in " in output.stdout
    assert (output.stderr, "Keeping" in output.stdout) == ("", False)


@pytest.mark.parametrize("strategy", ["only-if-needed", "eager"])
def test_upgrade_installs_the_better_variant_once(
    own_pip: Pip, server: IndexServer, cu126_index: str, strategy: str
) -> None:
    """An upgrade installs the best variant of the newest version, and the next one nothing."""
    args = (
        "install",
        "--upgrade",
        "--upgrade-strategy",
        strategy,
        "--index-url",
        cu126_index,
        "torch",
    )
    assert own_pip.run(*args).last_line == "Successfully installed torch-2.8.0-cu129"
    server.requests.clear()
    output = own_pip.run(*args)
    assert output.last_line.startswith("Requirement already satisfied: torch in ")
    assert request_lines(server) == [PAGE]


def test_upgrade_replaces_a_plain_wheel_of_the_same_version(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """An upgrade replaces a plain wheel by the best variant of the same version."""
    write_simple_index(
        tmp_path / "index",
        {"torch": torch_files(tmp_path / "index/files", tag, [None, *ALL_LABELS])},
    )
    url = f"{server.url}simple/"
    own_pip.run("install", "--quiet", "--no-variants", "--index-url", url, "torch")
    assert installed_label(own_pip) is None
    assert "already satisfied" in own_pip.run("install", "--index-url", url, "torch").stdout
    own_pip.run("install", "--quiet", "--upgrade", "--index-url", url, "torch")
    assert installed_label(own_pip) == "cu129"


# With cu126 installed: the arguments, and the label installed after that (None: a plain wheel).
REQUESTS = {
    "--variant": (("--variant", "torch=cu129", "torch"), "cu129"),
    "#LABEL": (("torch#cu128",), "cu128"),
    "the same label": (("torch#cu126",), "cu126"),
    "null": (("torch#null",), "00000000"),
    "--no-variants": (("--no-variants", "torch"), None),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_requesting_another_variant_replaces_the_installed_one(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str
) -> None:
    """Each way of requesting another variant replaces the installed one of the same version."""
    files = torch_files(tmp_path / "index/files", tag, [None, *ALL_LABELS])
    write_simple_index(tmp_path / "index", {"torch": files})
    url = f"{server.url}simple/"
    own_pip.run("install", "--quiet", "--index-url", url, "torch", machine=MIDDLE_DRIVER)
    args, label = REQUESTS[case]
    output = own_pip.run("install", "--index-url", url, *args)
    assert output.stderr == ""
    assert installed_label(own_pip) == label
    # The second run has nothing to do.
    again = own_pip.run("install", "--index-url", url, *args)
    assert ("already satisfied" in again.stdout, installed_label(own_pip)) == (True, label)


@pytest.mark.parametrize("address", [False, True], ids=["file", "address"])
@pytest.mark.parametrize("label", ["cu128", "cu126", None])
def test_explicit_wheel_of_another_variant_replaces_the_installed_one(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, label: str | None, address: bool
) -> None:
    """A wheel of another variant replaces the installed one; a wheel of the same does not."""
    root = tmp_path / "index"
    files = torch_files(root / "files", tag, [None, *ALL_LABELS])
    by_label = dict(zip([None, *ALL_LABELS], files, strict=False))
    own_pip.run("install", "--quiet", by_label["cu126"])
    wheel = by_label[label]
    where = f"{server.url}files/{wheel.name}" if address else str(wheel)
    output = own_pip.run("install", where)
    assert installed_label(own_pip) == label
    assert ("Successfully installed" in output.stdout) == (label != "cu126")


def test_upgrade_without_metadata_leaves_the_variant(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Without metadata an upgrade does not replace an installed variant."""
    files = torch_files(tmp_path / "index/files", tag, [None, *ALL_LABELS])
    write_simple_index(tmp_path / "index", {"torch": files})
    url = f"{server.url}simple/"
    own_pip.run("install", "--quiet", "--index-url", url, "torch")
    server.replies["/files/torch-2.8.0-variants.json"] = Reply(404)
    for options in ((), ("--upgrade",)):
        output = own_pip.run("install", *options, "--index-url", url, "torch")
        assert ("Keeping" in output.stdout, installed_label(own_pip)) == (False, "cu129")


def test_upgrade_leaves_a_variant_that_the_index_does_not_list(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """An upgrade does not replace a variant by a worse one because the index does not list it."""
    folder = tmp_path / "index/files"
    by_label = dict(zip(ALL_LABELS, torch_files(folder, tag, ALL_LABELS), strict=False))
    own_pip.run("install", "--quiet", by_label["cu129"])
    listed_files = [by_label["cu126"], folder / "torch-2.8.0-variants.json"]
    write_simple_index(tmp_path / "index", {"torch": listed_files})
    url = f"{server.url}simple/"
    for options in ((), ("--upgrade",)):
        output = own_pip.run("install", *options, "--index-url", url, "torch")
        assert ("Keeping" in output.stdout, installed_label(own_pip)) == (False, "cu129")


def test_upgrade_leaves_an_editable_install(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """An upgrade does not replace an editable install by a wheel of the same version."""
    write_torch_index(tmp_path / "index", tag)
    site = next(own_pip.python.parents[1].glob("lib/python*/site-packages"))
    info = site / "torch-2.8.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 2.8.0\n")
    (info / "RECORD").write_text("")
    direct = {"url": "file:///torch", "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(direct))
    output = own_pip.dry_run(f"{server.url}simple/", "--upgrade", "torch")
    assert "Would install" not in output.stdout


def test_sdist_of_the_same_version_replaces_a_variant(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """With --no-variants an sdist of the same version replaces an installed variant."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, ALL_LABELS)
    own_pip.run("install", "--quiet", files[-2])
    write_simple_index(tmp_path / "index", {"torch": [*files, torch_sdist(folder)]})
    output = own_pip.dry_run(f"{server.url}simple/", "--no-variants", "torch")
    assert output.last_line == "Would install torch-2.8.0"


# With cu126 installed: the arguments, and the label that replaces it (None: it stays).
REQUESTS_WITH_CU126 = {
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
            (LEGACY_RESOLVER,),
            marks=pytest.mark.xfail(
                strict=True, reason="same-version.patch serves the new resolver alone"
            ),
        ),
    ],
    ids=["new", "legacy"],
)
def test_installed_variant_satisfies_only_its_own_label(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, resolver: tuple[str, ...]
) -> None:
    """An installed variant satisfies a request for its own label and no other one."""
    write_torch_projects(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    own_pip.run("install", "--quiet", "--index-url", url, "app", "torch#cu126")
    for args, label in REQUESTS_WITH_CU126.values():
        server.requests.clear()
        output = own_pip.dry_run(url, *resolver, *args)
        summary = [line for line in output.stdout.splitlines() if line.startswith("Would install ")]
        assert summary == ([f"Would install torch-2.8.0-{label}"] if label else []), args
        # Only for a project that is named pip searches a better variant.
        assert bool(server.requested("/simple/torch/")) == (bool(label) or args == ("torch",)), args
