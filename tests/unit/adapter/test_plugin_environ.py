"""What the pip that installs a provider receives of the user: options and environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pip_variants.pip_adapter.plugin_env import PluginInstaller
from pip_variants.pip_adapter.provider_sources import sources_of
from tests.unit.adapter.edge import FakeFinder, FakeServer
from tests.unit.adapter.fake_pip import (
    FakePip,
    installer,
    options,
    without_paths,
)


def test_environment_has_nothing_of_pip_but_all_urls(
    pip: FakePip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """URLs may have passwords, which a command line would show to other users."""
    for key in [key for key in os.environ if key.startswith("PIP_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("PIP_CONSTRAINT", "pins.txt")
    monkeypatch.setenv("PIP_INDEX_URL", "https://elsewhere/simple")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_TARGET", "x")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    installer(
        tmp_path,
        index_url="https://me:secret@a/simple",
        find_links=["https://d/", "./wheels"],
        proxy="http://user:secret@proxy",
    ).install(["gpu-provider"])
    for environ, command in zip(pip.environs, pip.commands, strict=True):
        found = {key: value for key, value in environ.items() if key.startswith("PIP_")}
        assert found == {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_ROOT_USER_ACTION": "ignore",
            "PIP_INDEX_URL": "https://me:secret@a/simple",
            "PIP_FIND_LINKS": "./wheels",
            "PIP_PROXY": "http://user:secret@proxy",
        }
        assert environ["HTTPS_PROXY"] == "http://proxy"
        assert environ["PATH"] == os.environ["PATH"]
        assert not [word for word in command if "secret" in word]


def test_temporary_files_of_the_child_are_in_the_folder_that_is_removed(
    pip: FakePip, tmp_path: Path
) -> None:
    """A child that is killed cannot remove its own."""
    installer(tmp_path).install(["gpu-provider"])
    for environ in pip.environs:
        (folder,) = {environ[name] for name in ("TMPDIR", "TEMP", "TMP")}
        assert Path(folder).parent == tmp_path / "variants" / "providers"
        assert not Path(folder).exists()


# Options of the user's command, and those of the child beside the usual.
HANDED_ON: dict[str, tuple[dict[str, object], list[str]]] = {
    "cert": ({"cert": "ca.pem"}, ["--cert", "ca.pem"]),
    "client cert": ({"client_cert": "me.pem"}, ["--client-cert", "me.pem"]),
    "keyring": ({"keyring_provider": "subprocess"}, ["--keyring-provider", "subprocess"]),
    "trusted hosts": (
        {"trusted_hosts": ["a", "b:8080"]},
        ["--trusted-host", "a", "--trusted-host", "b:8080"],
    ),
    "features": (
        {"features_enabled": ["fast-deps"], "deprecated_features_enabled": ["legacy-certs"]},
        ["--use-feature", "fast-deps", "--use-deprecated", "legacy-certs"],
    ),
    "links with a space": (
        {"find_links": ["./wheels", "/my wheels"]},
        ["--find-links", "/my wheels"],
    ),
    "no index": ({"no_index": True, "find_links": ["./wheels"]}, ["--no-index"]),
    "constraints stay out": ({"constraints": ["pins.txt"], "pre": True, "target_dir": "x"}, []),
}


@pytest.mark.parametrize(("values", "expected"), HANDED_ON.values(), ids=HANDED_ON)
def test_options_about_the_network_are_handed_on(
    pip: FakePip, tmp_path: Path, values: dict[str, object], expected: list[str]
) -> None:
    """What selects files for the user does not select the provider."""
    installer(tmp_path, **values).install(["gpu-provider"])
    for command in pip.commands:
        usual = ["--timeout", "15", "--retries", "5"]
        assert without_paths(command, tmp_path) == [*usual, *expected]


def test_urls_with_a_space_are_not_in_the_environment(pip: FakePip, tmp_path: Path) -> None:
    """A list in a variable is split at spaces."""
    installer(tmp_path, find_links=["/other wheels", "x"]).install(["gpu-provider"])
    assert pip.environs[0]["PIP_FIND_LINKS"] == "x"


def test_without_index_no_url_is_in_the_environment(pip: FakePip, tmp_path: Path) -> None:
    """With --no-index only the local folders count."""
    installer(tmp_path, no_index=True, find_links=["./wheels"]).install(["gpu-provider"])
    assert "PIP_INDEX_URL" not in pip.environs[0]
    assert "PIP_EXTRA_INDEX_URL" not in pip.environs[0]
    assert pip.environs[0]["PIP_FIND_LINKS"] == "./wheels"


class Finder(FakeFinder):
    """A finder with indexes of its own, as options in a requirements file change it."""

    index_urls = property(lambda _: ["https://x/simple", "https://y/simple"])
    find_links = property(lambda _: ["./found"])
    trusted_hosts = property(lambda _: ["x"])


def test_indexes_of_the_finder_count_more_than_the_options(pip: FakePip, tmp_path: Path) -> None:
    """A requirements file can name an index, which only the finder knows."""
    finder = Finder(FakeServer())
    source = sources_of(options(tmp_path), finder).indexes[1]
    PluginInstaller(options(tmp_path), finder, lambda: None, source).install(["gpu-provider"])
    assert pip.environs[0]["PIP_INDEX_URL"] == "https://y/simple"
    assert not {"PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"} & pip.environs[0].keys()
    assert without_paths(pip.commands[0], tmp_path)[4:] == ["--trusted-host", "x"]


def test_index_for_providers_is_the_only_source(pip: FakePip, tmp_path: Path) -> None:
    """Neither the indexes and find-links of the command nor a switch against indexes count."""
    own = "https://me:secret@p/simple"
    found = options(
        tmp_path,
        index_url="https://a/simple",
        extra_index_urls=["https://b/simple", "/my wheels"],
        find_links=["./wheels", "/my wheels"],
        no_index=True,
        variant_provider_index=own,
    )
    for finder in (None, Finder(FakeServer())):
        PluginInstaller(found, finder, lambda: None).install(["gpu-provider"])
        environ = pip.environs[-1]
        assert environ["PIP_INDEX_URL"] == own
        assert not {"PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"} & environ.keys()
        words = " ".join(pip.commands[-1])
        assert not [text for text in ("secret", "my wheels", "--no-index") if text in words]
