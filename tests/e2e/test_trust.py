"""Provider packages that the user trusts: installed by pip itself, isolated, kept, and asked."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from stand_in import IndexServer, Listed, Reply, write_simple_index
from stand_in_wheel import Json

from tests.e2e.gpu import (
    GPU,
    INSTALLING,
    PLUGIN,
    TRUST,
    UNTRUSTED,
    ends_on_null,
    provided,
    provider_wheel,
    write_index,
)
from tests.e2e.indexes import torch_files, torch_sdist
from tests.e2e.pips import NEW, Pip, Said
from tests.venvs import make_venv

WHEEL = "/files/gpu_provider-1.0-py3-none-any.whl"
PAGE = "/simple/gpu-provider/"


@pytest.fixture
def url(tmp_path: Path, server: IndexServer, tag: str) -> str:
    """Return the address of an index with torch and its provider."""
    write_index(
        tmp_path / "index", tag, {"gpu-provider": [provider_wheel(tmp_path / "index/files")]}
    )
    return f"{server.url}simple/"


def _kept(pip: Pip) -> list[Path]:
    """Return the folders of providers that pip keeps, with whatever else lies beside them."""
    return sorted((pip.folder / "cache/variants/providers").iterdir())


def test_a_trusted_provider(pip: Pip, url: str, server: IndexServer, ran: Path) -> None:
    """It is installed and asked once, shown in one line, and its answer chooses the build."""
    said = pip.dry_run(url, *TRUST, "torch", "torch>=2", RAN_OF_THE_PLUGIN=str(ran))
    assert said.err == ""
    assert said.out == (
        "Looking in indexes: INDEX/simple/\n"
        + INSTALLING
        + "\n####################### torch==2.8.0; variant_hash=fast ########################\n"
        "Variant-property: gpu :: arch :: b\n" + "#" * 80 + "\n\n"
        "Collecting torch\n"
        "  Downloading INDEX/files/torch-2.8.0-TAG-fast.whl (SIZE)\n"
        "Would install torch-2.8.0-fast\n"
    )
    assert ran.read_text() == "ran\n"
    assert server.asked("/gpu-provider/") == [PAGE, PAGE]
    (site,) = _kept(pip)
    assert {path.name for path in site.iterdir()} == {
        "complete",
        "gpu_provider",
        "gpu_provider-1.0.dist-info",
    }


def test_warm(pip: Pip, url: str, server: IndexServer, ran: Path) -> None:
    """The second time the folder of the first is used: its versions are asked for and no more."""
    for _ in range(2):
        server.requests.clear()
        said = pip.dry_run(url, *TRUST, "torch", RAN_OF_THE_PLUGIN=str(ran))
        assert said.last == "Would install torch-2.8.0-fast"
    assert (server.asked("/gpu-provider/"), server.asked(WHEEL)) == ([PAGE], [WHEEL])
    assert ran.read_text() == "ran\n" * 2
    assert len(_kept(pip)) == 1


def test_a_newer_version_is_another_folder(pip: Pip, url: str, tmp_path: Path, tag: str) -> None:
    """What the indexes have is asked each time: a newer provider is taken, the older one kept."""
    pip.dry_run(url, *TRUST, "torch")
    newer = PLUGIN.replace('["b", "a"]', '["a"]')
    folder = tmp_path / "index/files"
    wheels = [
        folder / "gpu_provider-1.0-py3-none-any.whl",
        provider_wheel(folder, newer, name="gpu_provider-1.1-py3-none-any.whl"),
    ]
    write_index(tmp_path / "index", tag, {"gpu-provider": wheels})
    said = pip.dry_run(url, *TRUST, "torch")
    assert said.last == "Would install torch-2.8.0-null"
    assert "fast needs gpu :: arch :: b, this machine has a\n" in said.out
    assert len(_kept(pip)) == 2


def test_the_same_version_of_other_content(pip: Pip, url: str, tmp_path: Path, tag: str) -> None:
    """A folder belongs to files and not to version numbers."""
    pip.dry_run(url, *TRUST, "torch")
    wheel = provider_wheel(tmp_path / "index/files", PLUGIN.replace('["b", "a"]', '["a"]'))
    write_index(tmp_path / "index", tag, {"gpu-provider": [wheel]})
    assert pip.dry_run(url, *TRUST, "torch").last == "Would install torch-2.8.0-null"
    assert len(_kept(pip)) == 2


@pytest.mark.parametrize("way", ["variable", "configuration", "its section"])
def test_other_ways_to_say_it(pip: Pip, url: str, tmp_path: Path, way: str) -> None:
    """Environment and configuration say it too, in any spelling, several at once."""
    if way == "variable":
        extra = {"PIP_TRUST_VARIANT_PROVIDER": "other GPU_Provider"}
    else:
        section = "global" if way == "configuration" else "install"
        config = tmp_path / "pip.conf"
        config.write_text(f"[{section}]\ntrust-variant-provider =\n    other\n    gpu.provider\n")
        extra = {"PIP_CONFIG_FILE": str(config)}
    said = pip.dry_run(url, "torch", machine=NEW, status=0, **extra)
    assert (said.err, said.last) == ("", "Would install torch-2.8.0-fast")


def test_not_trusted(pip: Pip, url: str, server: IndexServer, ran: Path) -> None:
    """Nothing of it is asked for, nobody hears of a query, and one line says what to type."""
    said = pip.dry_run(
        url, "--trust-variant-provider", "gpu-providers", "torch", RAN_OF_THE_PLUGIN=str(ran)
    )
    assert (said.err, said.last) == ("", "Would install torch-2.8.0-null")
    assert said.out.count(UNTRUSTED) == 1
    assert "variant providers" not in said.out
    assert [path for path in server.asked() if "gpu" in path] == []
    assert ran.read_text() == ""
    typed = UNTRUSTED.split(" without ")[1].split()
    assert pip.dry_run(url, *typed, "torch").last == "Would install torch-2.8.0-fast"


def test_a_name_that_is_none(pip: Pip, url: str) -> None:
    """What cannot be a package is a usage error."""
    said = pip.dry_run(url, "--trust-variant-provider", "gpu-provider>=1", "torch", status=2)
    expected = "option --trust-variant-provider: 'gpu-provider>=1' is not the name of a package\n"
    assert said.err.endswith(expected)


def test_two_at_once(pip: Pip, url: str) -> None:
    """Two that install the same at the same time are both right, and one folder is left."""
    ready = threading.Barrier(2)

    def run(_: int) -> Said:
        ready.wait()
        return pip.dry_run(url, *TRUST, "torch")

    with ThreadPoolExecutor(2) as pool:
        said = [*pool.map(run, range(2))]
    assert [(item.err, item.last) for item in said] == [("", "Would install torch-2.8.0-fast")] * 2
    assert len(_kept(pip)) == 1


def test_a_folder_that_is_not_whole(pip: Pip, url: str) -> None:
    """What a killed pip or `pip cache purge` has left of a folder is replaced."""
    pip.dry_run(url, *TRUST, "torch")
    (site,) = _kept(pip)
    (site / "complete").unlink()
    (site / "gpu_provider" / "plugin.py").write_text("raise AssertionError")
    assert pip.dry_run(url, *TRUST, "torch").last == "Would install torch-2.8.0-fast"
    assert _kept(pip) == [site]


def test_purge(pip: Pip, url: str) -> None:
    """`pip cache purge` removes every file; the next time all is installed anew."""
    pip.dry_run(url, *TRUST, "torch")
    cache = pip.folder / "cache/variants"
    assert [path for path in cache.rglob("*") if path.is_file()]
    assert pip.run("cache", "purge").out.startswith("Files removed: ")
    assert [path for path in cache.rglob("*") if path.is_file()] == []
    said = pip.dry_run(url, *TRUST, "torch")
    assert (said.err, said.last) == ("", "Would install torch-2.8.0-fast")
    assert len(_kept(pip)) == 1


def test_no_cache(pip: Pip, url: str, tmp_path: Path) -> None:
    """With `--no-cache-dir` it is installed into a folder that is removed."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    options = ("--no-cache-dir", *TRUST, "torch")
    said = pip.dry_run(url, *options, TMPDIR=str(temporary))
    assert (said.err, said.last) == ("", "Would install torch-2.8.0-fast")
    assert [*temporary.iterdir()] == []
    assert not (pip.folder / "cache").exists()


def test_a_real_install(own_pip: Pip, url: str) -> None:
    """The provider is nowhere in the user's environment; the chosen build is."""
    said = own_pip.run("install", "--index-url", url, *TRUST, "torch")
    assert said.last == "Successfully installed torch-2.8.0-fast"
    listed = own_pip.run("list", "--format", "freeze").out
    assert "torch==2.8.0" in listed
    assert "gpu" not in listed


@pytest.mark.parametrize("command", ["download", "wheel", "lock"])
def test_other_commands(pip: Pip, url: str, command: str) -> None:
    """What else resolves trusts as well."""
    options = ("--output", "lock.toml") if command == "lock" else ()
    pip.run(command, *options, "--index-url", url, *TRUST, "torch")
    found = [path.name for path in pip.folder.iterdir() if "fast" in path.name]
    lock = pip.folder / "lock.toml"
    assert found or "-fast.whl" in lock.read_text()


def test_the_legacy_resolver(pip: Pip, url: str) -> None:
    """The resolver that the user asked for installs the provider too."""
    said = pip.dry_run(url, "--use-deprecated", "legacy-resolver", *TRUST, "torch")
    assert (said.err, said.last) == ("", "Would install torch-2.8.0-fast")


def test_a_dependency(pip: Pip, url: str, tmp_path: Path, tag: str) -> None:
    """What the provider needs is installed beside it."""
    source = PLUGIN.replace('["b", "a"]', "[chips.__version__]")
    folder = tmp_path / "index/files"
    wheel = provider_wheel(folder, f"import chips\n{source}", requires=["chips<3"])
    chips = provider_wheel(
        folder, name="chips-2.0-py3-none-any.whl", files={"chips/__init__.py": b"__version__ = 'b'"}
    )
    write_index(tmp_path / "index", tag, {"gpu-provider": [wheel], "chips": [chips]})
    assert pip.dry_run(url, *TRUST, "torch").last == "Would install torch-2.8.0-fast"


def test_a_provider_with_variants(pip: Pip, url: str, tmp_path: Path, tag: str) -> None:
    """For a provider variants do not exist: its plain wheel is taken, not the one with a label."""
    folder = tmp_path / "index/files"
    metadata: Json = {**provided(GPU), "variants": {"null": {}}}
    files = torch_files(folder, "py3-none-any", ["null"], name="gpu_provider", metadata=metadata)
    plain = provider_wheel(folder)
    write_index(tmp_path / "index", tag, {"gpu-provider": [*files, plain]})
    said = pip.dry_run(url, *TRUST, "torch")
    assert (said.err, said.last) == ("", "Would install torch-2.8.0-fast")


def test_an_sdist_alone(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """A provider without a wheel is not built: one warning, and the install goes on."""
    folder = tmp_path / "index/files"
    sdist = torch_sdist(folder).rename(folder / "gpu_provider-2.8.0.tar.gz")
    write_index(tmp_path / "index", tag, {"gpu-provider": [sdist]})
    problem = "pip could not install it: No matching distribution found for gpu-provider>=1"
    ends_on_null(pip, f"{server.url}simple/", problem=problem)
    assert server.asked(".tar.gz") == []


def test_a_wrong_hash(pip: Pip, url: str, server: IndexServer) -> None:
    """A provider that is not what its index announces is refused."""
    server.replies[WHEEL] = Reply(body=b"PK")
    ends_on_null(
        pip,
        url,
        problem="pip could not install it: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE"
        " REQUIREMENTS FILE. If you have updated the package versions, please update the hashes."
        " Otherwise, examine the package contents carefully; someone may ha...",
    )
    assert _kept(pip) == []


def test_a_page_without_hashes(pip: Pip, url: str, tmp_path: Path, tag: str) -> None:
    """An index need not announce hashes."""
    wheel = Listed(tmp_path / "index/files/gpu_provider-1.0-py3-none-any.whl", hashed=False)
    write_index(tmp_path / "index", tag, {"gpu-provider": [wheel]})
    said = pip.dry_run(url, *TRUST, "torch")
    assert (said.err, said.last) == ("", "Would install torch-2.8.0-fast")


def test_an_index_that_fails(pip: Pip, url: str, server: IndexServer) -> None:
    """An index without the provider costs the builds that need it, and no exit status."""
    server.replies[PAGE] = Reply(404)
    problem = "pip could not install it: No matching distribution found for gpu-provider>=1"
    ends_on_null(pip, url, problem=problem)


FAILURES = {
    "raises": ("raise IndexError('no GPU')", "IndexError: no GPU"),
    "leaves": ("import os; os._exit(3)", "it ended without an answer (status 3)"),
    "steers": (
        "raise ValueError('\\x1b[31m\\x07\\u202e\\n')",
        r"'ValueError: \x1b[31m\x07\u202e'",
    ),
    "rubbish": (
        PLUGIN.replace('["b", "a"]', '["\\x1b]0;x\\x07"]'),
        r"its answer is not usable: '\x1b]0;x\x07' is not a value",
    ),
}


@pytest.mark.parametrize(("source", "problem"), FAILURES.values(), ids=FAILURES)
def test_a_plugin_that_fails(
    pip: Pip, url: str, tmp_path: Path, tag: str, source: str, problem: str
) -> None:
    """One warning names plugin and reason, what it printed is shown quoted, and pip goes on."""
    noise = "print('\\x1b]0;owned\\x07 \\u202e')\n"
    wheel = provider_wheel(tmp_path / "index/files", noise + source)
    write_index(tmp_path / "index", tag, {"gpu-provider": [wheel]})
    said = ends_on_null(pip, url, problem=problem)
    assert "    gpu-provider: 'gpu-provider 1.0, plain build'\n" in said.out
    assert r"    gpu-provider: '\x1b]0;owned\x07 \u202e'" in said.out
    assert [char for char in said.out + said.err if not char.isprintable() and char != "\n"] == []


def test_what_it_prints_is_shown_on_demand(pip: Pip, url: str) -> None:
    """Without a failure it takes -v to see it."""
    line = "    gpu-provider: 'gpu-provider 1.0, plain build'\n"
    assert line not in pip.dry_run(url, *TRUST, "torch").out
    assert line in pip.dry_run(url, *TRUST, "-v", "torch").out


def test_the_cache_cannot_be_written_elsewhere(
    pip: Pip, url: str, tmp_path: Path, tag: str
) -> None:
    """A wheel with paths that lead out of its folder is refused as pip refuses it."""
    wheel = provider_wheel(tmp_path / "index/files", files={"../../../escaped": b"x"})
    write_index(tmp_path / "index", tag, {"gpu-provider": [wheel]})
    said = pip.dry_run(url, *TRUST, "torch")
    assert said.last == "Would install torch-2.8.0-null"
    assert said.err.startswith(
        "WARNING: gpu: its provider (gpu-provider) failed: pip could not install it: For req:"
        " gpu-provider==1.0. The wheel "
    )
    assert [*tmp_path.rglob("escaped")] == []


@contextmanager
def _watched(words: Sequence[str]) -> Iterator[list[str]]:
    """Collect, while the block runs, each command line on this machine that has all of the words.

    For a test about what others could see there.
    """
    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    line = file.read_text("utf-8", "replace")
                    seen.extend([line] if all(word in line for word in words) else [])

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.usefixtures("url")
def test_passwords_are_on_no_command_line(pip: Pip, server: IndexServer) -> None:
    """Passwords in addresses reach the pip that installs a provider, but no list of processes."""
    address = server.url.removeprefix("http://")
    server.replies[PAGE] = Reply(delay=0.3)
    with _watched([str(pip.folder), "--no-variants"]) as seen:
        said = pip.run(
            *("install", "--dry-run", *TRUST, "torch"),
            PIP_INDEX_URL=f"http://user:secret-of-index@{address}simple/",
            PIP_EXTRA_INDEX_URL=f"http://user:secret-of-extra@{address}simple/",
            PIP_FIND_LINKS=f"http://user:secret-of-links@{address}simple/gpu-provider/",
        )
    assert said.last == "Would install torch-2.8.0-fast"
    assert seen
    assert [line for line in seen if "secret" in line] == []
    asked = [request for request in server.requests if request.path == PAGE]
    assert [request for request in asked if "authorization" not in request.headers] == []
    assert "secret" not in said.out + said.err


def test_relative_and_spaced_links(pip: Pip, tag: str) -> None:
    """Folders of `--find-links`, relative or with spaces in their names, hold providers too."""
    torch_files(pip.folder / "my wheels", tag, ["fast", "null"], metadata=provided(GPU))
    provider_wheel(pip.folder / "links")
    options = ("--no-index", "--find-links", "links", "--find-links", "my wheels")
    said = pip.run("install", "--dry-run", *options, *TRUST, "torch")
    assert (said.err, said.last) == ("", "Would install torch-2.8.0-fast")
    provider_wheel(pip.folder / "more links", name="gpu_provider-1.5-py3-none-any.whl")
    options = ("--no-index", "--find-links", "my wheels", "--find-links", "more links")
    said = pip.run("install", "--dry-run", *options, *TRUST, "torch")
    assert (said.err, said.last) == ("", "Would install torch-2.8.0-fast")


def test_sources_of_a_requirements_file(pip: Pip, url: str) -> None:
    """An index that only a requirements file names is asked for the provider as well."""
    (pip.folder / "requirements.txt").write_text(f"--index-url {url}\ntorch\n")
    said = pip.run("install", "--dry-run", *TRUST, "-r", "requirements.txt")
    assert (said.err, said.last) == ("", "Would install torch-2.8.0-fast")


def test_what_pip_is_told_otherwise_is_not_for_providers(
    pip: Pip, url: str, tmp_path: Path
) -> None:
    """Settings for the user's own packages leave the provider alone."""
    config = tmp_path / "pip.conf"
    config.write_text(
        "[install]\ntarget = elsewhere\nno-binary = gpu-provider\nrequire-hashes = no\n"
    )
    (tmp_path / "constraints.txt").write_text("gpu-provider<1\n")
    said = pip.dry_run(
        url,
        *TRUST,
        "torch",
        PIP_CONFIG_FILE=str(config),
        PIP_CONSTRAINT=str(tmp_path / "constraints.txt"),
        PIP_REQUIRE_VIRTUALENV="1",
        PIP_PRE="1",
    )
    assert (said.err, said.last) == ("", "Would install torch-2.8.0-fast")


def test_another_interpreter(pip: Pip, url: str, tmp_path: Path, tag: str) -> None:
    """With `--python` the provider runs under the interpreter that is installed for."""
    python = make_venv(tmp_path / "other", pip.python.resolve(), "--without-pip").python
    source = PLUGIN.replace('["b", "a"]', "['b' if where == sys.executable else 'a']")
    wheel = provider_wheel(
        tmp_path / "index/files", f"import sys\nwhere = {str(python)!r}\n{source}"
    )
    write_index(tmp_path / "index", tag, {"gpu-provider": [wheel]})
    command = ("install", "--dry-run", "--index-url", url, *TRUST, "torch")
    assert pip.run(*command).last == "Would install torch-2.8.0-null"
    said = pip.run("--python", str(python), *command)
    assert said.last == "Would install torch-2.8.0-fast"


def test_an_optional_provider(pip: Pip, url: str, tmp_path: Path, tag: str, ran: Path) -> None:
    """What is optional is not touched until it is enabled, though it is trusted."""
    wheel = tmp_path / "index/files/gpu_provider-1.0-py3-none-any.whl"
    optional = {**GPU, "optional": True}
    write_index(tmp_path / "index", tag, {"gpu-provider": [wheel]}, optional)
    said = pip.dry_run(
        url, "torch", PIP_TRUST_VARIANT_PROVIDER="gpu-provider", RAN_OF_THE_PLUGIN=str(ran)
    )
    assert said.last == "Would install torch-2.8.0-null"
    assert "gpu: optional, and off without --enable-variant-provider gpu\n" in said.out
    assert ran.read_text() == ""
    enable = ("--enable-variant-provider", "gpu")
    assert (
        pip.dry_run(url, *enable, "torch", PIP_TRUST_VARIANT_PROVIDER="gpu-provider").last
        == "Would install torch-2.8.0-fast"
    )
    said = pip.dry_run(
        url, "torch", PIP_TRUST_VARIANT_PROVIDER="gpu-provider", PIP_ENABLE_VARIANT_PROVIDER="gpu"
    )
    assert said.last == "Would install torch-2.8.0-fast"


def test_disabled(pip: Pip, url: str, server: IndexServer, ran: Path) -> None:
    """What the user disables is not touched; what is typed counts more than a variable."""
    disable = ("--disable-variant-provider", "gpu")
    said = pip.dry_run(
        url,
        *disable,
        "torch",
        PIP_TRUST_VARIANT_PROVIDER="gpu-provider",
        RAN_OF_THE_PLUGIN=str(ran),
    )
    assert said.last == "Would install torch-2.8.0-null"
    assert "gpu: switched off by --disable-variant-provider gpu\n" in said.out
    assert [path for path in server.asked() if "gpu" in path] == []
    assert ran.read_text() == ""
    said = pip.dry_run(
        url,
        "--enable-variant-provider",
        "gpu",
        "torch",
        PIP_TRUST_VARIANT_PROVIDER="gpu-provider",
        PIP_DISABLE_VARIANT_PROVIDER="gpu",
    )
    assert said.last == "Would install torch-2.8.0-fast"
    both = (*disable, "--enable-variant-provider", "gpu")
    said = pip.dry_run(url, *both, "torch", status=2)
    assert said.err.endswith(
        "option --enable-variant-provider: the provider of gpu cannot be both enabled and"
        " disabled\n"
    )


def test_a_foreign_target(pip: Pip, url: str, server: IndexServer) -> None:
    """For another machine a trusted provider is not even installed."""
    options = ("--platform", pip.tag.rpartition("-")[2], "--only-binary", ":all:", "--target", "t")
    said = pip.dry_run(url, *TRUST, *options, "torch")
    assert said.last == "Would install torch-2.8.0-null"
    why = "the target is another machine than this one, so this one is not asked"
    assert f"Passed over fast of torch 2.8.0: gpu: {why}\n" in said.out
    assert [path for path in server.asked() if "gpu" in path] == []


def test_several_projects(pip: Pip, url: str, tmp_path: Path, tag: str, ran: Path) -> None:
    """Two projects that need the same provider ask it once."""
    folder = tmp_path / "index/files"
    torch = torch_files(folder, tag, ["fast", "null"], metadata=provided(GPU))
    vision = torch_files(folder, tag, ["fast", "null"], metadata=provided(GPU), name="vision")
    wheel = folder / "gpu_provider-1.0-py3-none-any.whl"
    write_simple_index(
        tmp_path / "index", {"torch": torch, "vision": vision, "gpu-provider": [wheel]}
    )
    said = pip.dry_run(url, *TRUST, "torch", "vision", RAN_OF_THE_PLUGIN=str(ran))
    assert said.last == "Would install torch-2.8.0-fast vision-2.8.0-fast"
    assert said.out.count(INSTALLING) == 1
    assert ran.read_text() == "ran\n"
