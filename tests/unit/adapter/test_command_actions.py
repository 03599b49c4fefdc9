"""`pip variants list`, `platform`, `check` and `index` at the edge of pip, each in short."""

from __future__ import annotations

import getpass
import io
import json
import platform
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pip import __version__
from pip._internal.exceptions import CommandError, InstallationError
from pip._internal.metadata import BaseDistribution
from pip._internal.utils.temp_dir import global_tempdir_manager

from pip_variants.core.properties import Namespace, Property, ordered_features
from pip_variants.pip_adapter import installed
from pip_variants.providers import nvidia, nvml
from pip_variants.providers.nvml import DriverFacts
from pip_variants.providers.result import ProviderResult
from pip_variants.providers.runner import Plugin, Progress
from tests.support.stand_in_wheel import write_wheel
from tests.unit.adapter.command import Command, printed
from tests.unit.adapter.edge import (
    GPU_JSON,
    JSON_URL,
    NEW_GPU,
    NEW_NEEDS,
    PAGE,
    FakeServer,
    Json,
    dump,
    logged,
    only,
    run_state,
    serving,
    torch_links,
    wheel_name,
    write_installed,
)
from tests.unit.provider_cases import BUILT_IN_NAMESPACES

BUILT_IN_NAMES = ", ".join(sorted(BUILT_IN_NAMESPACES))


class FakeEnvironment:
    """The environment of pip, with these distributions."""

    def __init__(self, dists: Iterable[BaseDistribution]) -> None:
        self._dists = list(dists)

    def iter_installed_distributions(self, *, local_only: bool) -> Iterator[BaseDistribution]:
        """Yield the distributions, also those that a virtual environment has of its base."""
        assert not local_only
        yield from self._dists


def with_installed(
    monkeypatch: pytest.MonkeyPatch, folder: Path, **variants: Json | None
) -> Command:
    """Return a command in an environment with these distributions."""
    dists = [write_installed(folder, document, name=name) for name, document in variants.items()]
    monkeypatch.setattr(installed, "environment_of", lambda _: FakeEnvironment(dists))
    return Command(run_state(machine=NEW_GPU))


def test_list_shows_installed_variants_and_whether_they_fit(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A table as those of pip, without spaces at the ends of lines."""
    command = with_installed(
        monkeypatch, tmp_path, torch=only("fast"), numpy=None, jax=only("new"), cupy=only("null")
    )
    assert command.execute("list") == 0
    assert printed(caplog) == [
        "Package Version Variant Fits",
        f"------- ------- ------- {'-' * len(NEW_NEEDS)}",
        "cupy    2.8.0   null    yes",
        f"jax     2.8.0   new     {NEW_NEEDS}",
        "torch   2.8.0   fast    yes",
    ]
    assert command.own_state.finder is command.own_finder


def test_list_without_variants_is_one_sentence(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An empty table would say less."""
    assert with_installed(monkeypatch, tmp_path, numpy=None).execute("list") == 0
    assert printed(caplog) == ["No variants are installed."]


def test_list_as_json_is_a_list_even_if_it_is_empty(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A program can read it in any case."""
    with_installed(monkeypatch, tmp_path / "1", numpy=None).execute("list", "--json")
    with_installed(monkeypatch, tmp_path / "2", torch=only("new")).execute("list", "--json")
    empty, one = map(json.loads, printed(caplog))
    assert empty == []
    assert one == [
        {
            "project": "torch",
            "version": "2.8.0",
            "label": "new",
            "properties": ["gpu :: arch :: 3"],
            "fits": False,
            "reason": NEW_NEEDS,
        }
    ]


HEADER = "Package Version Variant Better     Fits"
# The installed label, and what is printed but for the line of dashes.
OUTDATED = {
    "better build": ("slow", [HEADER, "torch   2.8.0   slow    2.8.0 fast yes"]),
    "misfit": ("new", [HEADER, f"torch   2.8.0   new     2.8.0 fast {NEW_NEEDS}"]),
    "best build": ("fast", ["No better variants are available."]),
}


@pytest.mark.parametrize(("label", "rows"), OUTDATED.values(), ids=OUTDATED)
def test_outdated_list_shows_only_what_an_upgrade_would_improve(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    label: str,
    rows: list[str],
) -> None:
    """The better build is named, and nothing but the list is printed."""
    command = with_installed(monkeypatch, tmp_path, torch=only(label), numpy=None)
    command.own_finder.links = torch_links("null", "slow", "fast")
    assert command.execute("list", "--outdated") == 0
    assert [line for line in printed(caplog) if not line.startswith("---")] == rows
    assert logged(caplog) == []


def test_outdated_list_as_json_has_what_is_better(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The entries are those of the list without the option, and one key more."""
    command = with_installed(monkeypatch, tmp_path, torch=only("slow"))
    command.own_finder.links = torch_links("fast")
    assert command.execute("list", "--json", "--outdated") == 0
    ((entry,),) = map(json.loads, printed(caplog))
    assert (entry["label"], entry["fits"]) == ("slow", True)
    assert entry["better"] == {"version": "2.8.0", "label": "fast"}


def test_list_of_a_path_reads_that_folder_alone(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """`--path` is that of `pip list`; other actions do not have it."""
    write_installed(tmp_path, only("fast"))
    state = run_state()
    state.options.path = [str(tmp_path)]
    assert Command(state).execute("list", "--path", str(tmp_path)) == 0
    assert printed(caplog)[2:] == ["torch   2.8.0   fast    yes"]
    with pytest.raises(CommandError, match="--path is not one of: pip variants platform"):
        Command(state).execute("platform", "--path", str(tmp_path))


PLATFORM_FILE = """
version = 1
complete = false

# user
[properties.gpu]
arch = ["2", "1"]"""


def test_platform_of_a_described_machine_is_what_the_file_says(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing is queried, and a single namespace is not a complete description."""
    command = Command()
    assert command.execute("platform", "gpu") == 0
    (text,) = printed(caplog)
    comments = text.partition("\nversion")[0].splitlines()
    assert text == "\n".join([*comments, PLATFORM_FILE])
    software, _, described, *variables = comments
    assert software.startswith(f"# pip {__version__}, {platform.python_implementation()} ")
    assert described == "# option: --variant-platform 'box.toml'"
    assert all(line.startswith("# variable: ") for line in variables)
    assert command.own_state.quiet is True


def test_platform_names_the_options_that_changed_it(caplog: pytest.LogCaptureFixture) -> None:
    """Wherever they came from."""
    state = run_state(machine=None, trusted=["fan-provider"])
    settings = replace(
        state.resolver.settings, switches={Namespace("nvidia"): False, Namespace("gpu"): True}
    )
    state.resolver = replace(state.resolver, settings=settings)
    assert Command(state).execute("platform", "nvidia") == 0
    (text,) = printed(caplog)
    assert [line for line in text.splitlines() if line.startswith(("# option", "# nvidia"))] == [
        "# option: --disable-variant-provider nvidia",
        "# option: --enable-variant-provider gpu",
        "# option: --trust-variant-provider fan-provider",
        "# nvidia: disabled by --disable-variant-provider nvidia",
    ]


def test_platform_shows_neither_user_nor_host(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the name of the user is known, and where there is none."""
    gpu = "GPU of /home/somebody/x, /scratch/somebody and /nodes/somewhere"
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setattr(platform, "node", lambda: "somewhere")
    monkeypatch.setattr(nvidia, "query", lambda *_: ProviderResult(hardware=(gpu,)))

    def nobody() -> str:
        raise OSError("No username set in the environment")

    for user in (lambda: "somebody", nobody):
        monkeypatch.setattr(getpass, "getuser", user)
        assert Command(run_state(machine=None)).execute("platform", "nvidia") == 0
    first, second = printed(caplog)
    assert "# nvidia: GPU of ~/x, /scratch/<user> and /nodes/<host>\n" in first
    assert "# nvidia: GPU of ~/x, /scratch/somebody and /nodes/<host>\n" in second


@pytest.mark.parametrize("json_option", [(), ("--json",)], ids=["page", "JSON"])
def test_platform_refresh_queries_anew_and_keeps_the_result(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    json_option: tuple[str, ...],
) -> None:
    """The next command has the new result, and -v shows how old it is."""
    drivers = iter([DriverFacts((12, 6), ((9, 0),)), DriverFacts((13, 0), ((9, 0),))])
    monkeypatch.setattr(nvml, "query", lambda: next(drivers))

    def newest(*options: str) -> str:
        state = run_state(machine=None)
        state.resolver.runner.cache = tmp_path
        assert Command(state).execute("platform", "nvidia", *options) == 0
        found = re.search(r"cuda_version_lower_bound[^0-9]+([0-9.]+)", printed(caplog)[-1])
        assert found is not None
        return found[1]

    assert [newest(), newest(), newest("--refresh", *json_option), newest("-v")] == [
        *("12.6", "12.6", "13.0", "13.0"),
    ]
    assert "# nvidia: read 0 seconds ago; --refresh reads it again\n" in printed(caplog)[-1]


# The result of a trusted package without built-in, and what `platform --json` prints of it.
def entry(namespace: str, state: str, reason: str | None, *values: str) -> Json:
    """Return the JSON of a namespace."""
    features = [{"name": "speed", "values": list(values)}] if values else []
    return {"namespace": namespace, "state": state, "reason": reason, "features": features}


FEATURES = ordered_features([("speed", ["9", "1"])])
PACKAGES: dict[str, tuple[ProviderResult, list[Json], list[tuple[str, str]]]] = {
    "declares its namespace": (
        ProviderResult(FEATURES, namespace=Namespace("fan")),
        [entry("fan", "plugin", None, "9", "1")],
        [],
    ),
    "failed": (
        ProviderResult(reason="broken", failed=True, warnings=("broken",)),
        [entry("fan-provider", "failed", "broken")],
        [("WARNING", "fan-provider: broken")],
    ),
}


@pytest.mark.parametrize(("result", "entries", "lines"), PACKAGES.values(), ids=PACKAGES)
def test_platform_queries_trusted_packages_that_have_no_built_in(
    caplog: pytest.LogCaptureFixture,
    result: ProviderResult,
    entries: list[Json],
    lines: list[tuple[str, str]],
) -> None:
    """The namespace is the one that the package declares, or else its name."""

    def run_plugin(plugin: Plugin, _: frozenset[Property], __: Progress) -> ProviderResult:
        assert plugin == Plugin(("fan-provider",), "", ("fan-provider",))
        return result

    state = run_state(machine=None, trusted=["fan-provider"], run_plugin=run_plugin)
    name = str(entries[0]["namespace"])
    assert Command(state).execute("platform", "--json", name) == 0
    (line,) = printed(caplog)
    assert json.loads(line) == {"namespaces": entries}
    assert logged(caplog) == lines


def test_platform_leaves_out_a_package_that_declares_no_namespace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its properties could not be used; the others are shown."""

    def run_plugin(*_: object) -> ProviderResult:
        return ProviderResult(FEATURES)

    state = run_state(machine=None, trusted=["fan-provider"], run_plugin=run_plugin)
    with pytest.raises(CommandError) as caught:
        Command(state).execute("platform", "fan")
    known = ", ".join(sorted(BUILT_IN_NAMESPACES))
    assert str(caught.value) == f"no provider for the namespace 'fan'; there are {known}"
    assert logged(caplog) == [("WARNING", "fan-provider does not declare its namespace: left out")]


def test_platform_with_an_invalid_variable_is_an_error_of_pip() -> None:
    """The user forced a result that makes no sense."""
    state = run_state(machine=None)
    state.resolver.runner.environ = {"NV_VARIANT_PROVIDER_FORCE_SM_ARCH": "x"}
    with pytest.raises((CommandError, InstallationError)) as caught:
        Command(state).execute("platform", "nvidia")
    assert str(caught.value) == (
        "NV_VARIANT_PROVIDER_FORCE_SM_ARCH: 'x' is not of the form major.minor"
    )


def checked(
    caplog: pytest.LogCaptureFixture, server: FakeServer, *args: str
) -> tuple[int, list[str]]:
    """Return the exit status of `pip variants check` and its lines."""
    status = Command(server=server).execute("check", *args)
    return status, printed(caplog)


def test_check_of_a_page_reads_its_documents_and_no_wheel(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Wheels can be large: only their names are compared with the metadata."""
    server = serving()
    names = [wheel_name(label) for label in ("fast", "odd")]
    anchors = "".join(f"<a href='/files/{name}'>x</a>" for name in names)
    page = f"<!DOCTYPE html>{anchors}<a href='{JSON_URL}'>x</a>"
    server.files[PAGE] = page.encode()
    server.headers["Content-Type"] = "text/html"
    status, lines = checked(caplog, server, PAGE)
    assert status == 1
    assert [line for line in lines if "odd" in line and "error" in line]
    assert server.requests == [f"GET {PAGE}", f"GET {JSON_URL}"]


def test_check_of_an_address_knows_the_name_that_it_encodes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The version in `torch-2.8.0%2Bcu129-….whl` is a local one."""
    url = "https://example.org/files/x-1.0%2Bl-py3-none-any.whl"
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("x-1.0+l.dist-info/METADATA", "Name: x\nVersion: 1.0+l\n")
    with global_tempdir_manager():
        _, lines = checked(caplog, FakeServer({url: wheel.getvalue()}), url)
    assert lines[:2] == [
        f"error: {url}: there is no WHEEL in it",
        f"error: {url}: there is no RECORD in it",
    ]


def test_machines_of_a_page_without_metadata_are_judged_by_one_wheel_a_label(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As an installation would: of every label one wheel is read."""
    server, page = serving(), f"{PAGE}without-metadata/"
    names = [wheel_name(label) for label in ("fast", "null")]
    server.files[page] = "".join(f"<a href='/files/{name}'>x</a>" for name in names).encode()
    server.headers["Content-Type"] = "text/html"
    checked(caplog, server, "--as", "x86-v3", "--as", "none", page)
    read = {item.rpartition("/")[2] for item in server.requests if item.startswith("GET")}
    assert {*names} <= read


MISTAKES = {
    "no such machine": (
        ["check", "--as", "x86-v5", __file__],
        r"--as: 'x86-v5' is neither a platform file nor .* \(all, .*\)\. Did you mean x86-v\d\?",
    ),
    "no platform file": (
        ["check", "--as", __file__, __file__],
        r"--as: '.*test_command_actions\.py': .*",
    ),
    "a page without machines": (
        ["check", "--html", "x.html", __file__],
        r"The option --html needs --as\.",
    ),
    "a page in no folder": (
        ["check", "--as", "none", "--html", "/no/x.html", __file__],
        r"--html: '/no/x\.html' cannot be written: No such file or directory",
    ),
    "another action": (
        ["list", "--as", "none"],
        r"The option --as is not one of: pip variants list",
    ),
}


@pytest.mark.parametrize(("args", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_about_machines_are_errors_of_pip(args: list[str], expected: str) -> None:
    """Each says what to write instead."""
    with pytest.raises(CommandError) as caught:
        Command(server=FakeServer()).execute(*args)
    assert re.fullmatch(expected, str(caught.value)), str(caught.value)


PROVIDER = {"requires": ["p"], "install-time": True}
NOTE = {"variants": {"00000000": {}}, "providers": {"gpu": PROVIDER}}
WARNING = {"variants": {}, "providers": {"gpu": {**PROVIDER, "x": 1}}}
ERROR = {"variants": {"A": {}}, "providers": {"gpu": PROVIDER}}
STRICT = [
    pytest.param(NOTE, ("1 note in 1 file.", 0, 0), id="a note"),
    pytest.param(WARNING, ("1 warning in 1 file.", 0, 1), id="a warning"),
    pytest.param(ERROR, ("1 error in 1 file.", 1, 1), id="an error"),
]


@pytest.mark.parametrize(("document", "expected"), STRICT)
def test_strict_check_fails_for_a_warning_but_not_for_a_note(
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    document: dict[str, object],
    expected: tuple[str, int, int],
) -> None:
    """The findings are the same with and without --strict."""
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"default-priorities": {"namespace": ["gpu"]}, **document}))
    usual, lines = checked(caplog, FakeServer(), str(path))
    caplog.clear()
    strict, others = checked(caplog, FakeServer(), "--strict", str(path))
    assert (lines[-1], usual, strict) == expected
    assert lines == others


# urllib3 2 continues with what it could not parse; a patched pip warns of it instead.
FAILED_TO_PARSE = re.compile(
    r"(Could not fetch URL https://me:\*{4}@example\.org:x/y: Failed to parse: .* - skipping\n)?"
    r"error: https://\*{4}@example\.org:x/y: (.Failed to parse: .*|the page could not be fetched)"
)

UNREADABLE: dict[str, tuple[str, str | re.Pattern[str]]] = {
    "missing page": (PAGE, f"error: {PAGE}: the page could not be fetched"),
    "missing path": ("/no/x.whl", "error: /no/x.whl: no such file or folder"),
    "other file": (__file__, f"error: {__file__}: it is not a wheel, a JSON file or a folder"),
    "password": (
        "https://me:secret@example.org:x/y",
        FAILED_TO_PARSE,
    ),
}


@pytest.mark.parametrize(("arg", "line"), UNREADABLE.values(), ids=UNREADABLE)
def test_check_reports_what_it_cannot_read_without_passwords(
    caplog: pytest.LogCaptureFixture, arg: str, line: str | re.Pattern[str]
) -> None:
    """It is a finding, after which the others are still checked."""
    status, lines = checked(caplog, FakeServer(), arg)
    assert status == 1
    *first, last = lines
    text = "\n".join(first)
    assert last == "1 error in 0 files."
    assert text == line if isinstance(line, str) else line.fullmatch(text)
    assert "secret" not in caplog.text


def test_check_as_json_prints_only_json(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """A file without findings is an empty list."""
    path = tmp_path / "torch-2.8.0-variants.json"
    schema = "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json"
    path.write_bytes(dump({"$schema": schema, **GPU_JSON}))
    status, lines = checked(caplog, FakeServer(), "--json", str(path))
    assert (status, len(lines)) == (0, 1)
    assert json.loads(lines[0]) == []


def test_index_of_a_folder_writes_the_document_once(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """The second run finds nothing to change, and --check writes nothing at all."""
    write_wheel(tmp_path, wheel_name("fast"), variant_json=GPU_JSON)
    path = tmp_path / "torch-2.8.0-variants.json"
    shown = path.as_posix()
    command = Command()
    assert command.execute("index", "--check", str(tmp_path)) == 1
    assert not path.exists()
    assert command.execute("index", str(tmp_path)) == 0
    assert path.exists()
    assert command.execute("index", "--check", str(tmp_path)) == 0
    verbs = [line.partition(f" {shown}")[0] for line in printed(caplog)]
    assert verbs == ["would write", "wrote", "unchanged"]


def test_index_of_a_folder_without_variants_is_one_sentence(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """A folder of plain wheels is no mistake."""
    write_wheel(tmp_path, wheel_name(None))
    assert Command().execute("index", str(tmp_path)) == 0
    assert printed(caplog) == [f"There are no variant wheels in {tmp_path}."]
