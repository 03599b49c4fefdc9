"""What pip trusts: roots, the store of the system behind a proxy, and nothing just installed."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hatchling.metadata.core import load_toml

import hatch_build
from tests.e2e.indexes import ALL_LABELS, torch_files
from tests.e2e.pips import NEW_DRIVER, Pip
from tests.e2e.tls import AUTHORITY, proxy, tls_index
from tests.support.releases import SERIES
from tests.support.stand_in import IndexServer, write_simple_index, write_wheel
from tests.support.venvs import offline_env

pytestmark = pytest.mark.every_release

PLAIN = "plain-1.0-py3-none-any.whl"

# Modules that pip, or a library in it, imports if there are any.
OPTIONAL = ("_manylinux", "keyring", "brotli", "brotlicffi", "zstandard", "attr", "ipywidgets")


def install_with_self_check(pip: Pip, server: IndexServer, *options: str) -> str:
    """Install, with pip's self check switched on and importtime; return all output, in order."""
    env = offline_env(PIP_CACHE_DIR=str(pip.folder / "cache"), NO_PROXY="127.0.0.1")
    del env["PIP_NO_INDEX"], env["PIP_DISABLE_PIP_VERSION_CHECK"]
    command = ("-u", "-X", "importtime", "-m", "pip", "install", "--no-input")
    done = subprocess.run(
        [pip.python, *command, "--index-url", f"{server.url}simple/", *options],
        env=env,
        cwd=pip.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("project", ["evil", "torch"])
def test_nothing_of_the_environment_is_imported_after_an_installation(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, project: str
) -> None:
    """Neither the self check nor anything else imports a module that has just been installed."""
    folder = tmp_path / "index" / "files"
    log = tmp_path / "imported"
    source = f"open({str(log)!r}, 'a').write(__name__)\n".encode()
    evil = write_wheel(
        folder,
        "evil-1.0-py3-none-any.whl",
        files={f"{name}.py": source for name in OPTIONAL},
    )
    newer = write_wheel(folder, "pip-99.0-py3-none-any.whl")
    projects = {"evil": [evil], "pip": [newer], "torch": torch_files(folder, tag, ALL_LABELS)}
    write_simple_index(tmp_path / "index", projects)
    output = install_with_self_check(own_pip, server, "evil", project)
    before, found, after = output.partition("Successfully installed ")
    assert found, output
    assert "import time:" in before
    late = re.findall(r"^import time: .*\| +(\S+)$", after, re.MULTILINE)
    assert [name for name in late if not name.startswith(("pip.", "pip_variants."))] == []
    assert not log.exists()
    assert server.requested("/simple/pip/") == []


PRINT_CERTIFI = """\
import json
from pip._vendor import certifi
print(json.dumps([certifi.__version__, certifi.where(), certifi.contents()]))
"""


@pytest.mark.parametrize("upstream", ["25.1.1"], indirect=True)
def test_roots_are_those_of_the_newest_certifi_that_the_series_pins(
    pip: Pip, tmp_path: Path
) -> None:
    """The bundle is that of the pinned wheel, byte for byte, and pip reports its version."""
    config = load_toml(str(SERIES["pip-25.1.1"] / "series.toml"))
    (pin,) = (hatch_build.Pin(**item) for item in config["vendor"] if item["name"] == "certifi")
    vendor = tmp_path / "vendor"
    hatch_build.unpack(hatch_build.fetch(pin, tmp_path), pin, vendor)
    pinned = (vendor / "pip" / "_vendor" / "certifi" / "cacert.pem").read_text("ascii")
    version, where, contents = json.loads(pip.run_python("-c", PRINT_CERTIFI).stdout)
    assert version == pin.version
    assert where.endswith("/pip_variants/_vendor/pip/_vendor/certifi/cacert.pem")
    assert Path(where).read_text("ascii") == contents == pinned
    debug = pip.run("debug").stdout
    assert f"\n  certifi=={pin.version}\n" in debug


@pytest.fixture(scope="module")
def tls_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an index by TLS, whose authority only a test trusts."""
    root = tmp_path_factory.mktemp("index")
    write_simple_index(root, {"plain": [write_wheel(root / "files", PLAIN)]})
    with tls_index(root) as url:
        yield f"{url}simple/"


WOULD_INSTALL = "Would install plain-1.0"

# Variables of this machine that would count in place of what a test sets.
NO_BUNDLES = {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""}
TRUSTED = {
    "store of the system": ((), {**NO_BUNDLES, "SSL_CERT_FILE": str(AUTHORITY)}),
    "--cert": (("--cert", str(AUTHORITY)), NO_BUNDLES),
}


each_proxy = pytest.mark.parametrize(
    "by_tls", [None, False, True], ids=["no proxy", "http", "https"]
)


def assert_trusted(
    pip: Pip, url: str, *options: str, by_tls: bool | None, variables: dict[str, str]
) -> None:
    """Assert that pip trusts the index: without a proxy, or through one of this kind."""
    if by_tls is None:
        output = pip.dry_run(url, *options, "plain", machine=NEW_DRIVER, status=0, **variables)
        assert output.last_line == WOULD_INSTALL
        return
    with proxy(by_tls=by_tls) as running:
        arguments = (*options, "--proxy", running.url, "plain")
        output = pip.dry_run(url, *arguments, machine=NEW_DRIVER, status=0, **variables)
        assert output.last_line == WOULD_INSTALL
    assert set(running.tunnels) == {url.split("/")[2]}


@each_proxy
@pytest.mark.parametrize(("options", "variables"), TRUSTED.values(), ids=TRUSTED)
def test_authority_that_system_or_user_trust_counts_with_and_without_a_proxy(
    pip: Pip,
    tls_url: str,
    options: tuple[str, ...],
    variables: dict[str, str],
    *,
    by_tls: bool | None,
) -> None:
    """It counts for the index, and for an https proxy."""
    assert_trusted(pip, tls_url, *options, by_tls=by_tls, variables=variables)


@each_proxy
def test_authority_of_certifi_counts_with_and_without_a_proxy(
    own_pip: Pip, tls_url: str, tmp_path: Path, *, by_tls: bool | None
) -> None:
    """A system without any authority, as OpenSSL sees macOS, does not matter behind a proxy."""
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "file.pem").touch()
    _, where, _ = json.loads(own_pip.run_python("-c", PRINT_CERTIFI).stdout)
    bundle = Path(where.replace("HERE", str(own_pip.folder)))
    roots = bundle.read_text("ascii")
    bundle.unlink()  # shared with other tests
    bundle.write_text(roots + AUTHORITY.read_text("ascii"), "ascii")
    system = {"SSL_CERT_FILE": str(empty / "file.pem"), "SSL_CERT_DIR": str(empty)}
    assert_trusted(own_pip, tls_url, by_tls=by_tls, variables={**NO_BUNDLES, **system})


@pytest.mark.parametrize("upstream", ["25.1.1"], indirect=True)
@pytest.mark.parametrize("by_tls", [False, True], ids=["http", "https"])
def test_unknown_authority_is_refused_behind_a_proxy(
    pip: Pip, tls_url: str, *, by_tls: bool
) -> None:
    """Through a proxy, too, a certificate that nobody trusts is an error."""
    with proxy(by_tls=by_tls) as running:
        arguments = ("--proxy", running.url, "--retries=0", "plain")
        output = pip.dry_run(tls_url, *arguments, status=1)
    assert "CERTIFICATE_VERIFY_FAILED" in output.stdout + output.stderr
    assert "No matching distribution found for plain" in output.stderr
