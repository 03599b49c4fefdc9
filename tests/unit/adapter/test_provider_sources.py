"""A provider comes from the index that lists the project, not from that of the highest version."""

from __future__ import annotations

from pathlib import Path

import pytest
from pip._internal.models.link import Link

from pip_variants.core.errors import ProviderError
from pip_variants.explain import messages
from pip_variants.pip_adapter.plugin_env import PluginInstaller
from pip_variants.pip_adapter.provider_sources import LOCAL_FOLDERS, Sources, sources_of
from tests.unit.adapter.fake_pip import FakePip, options

MAIN, EXTRA = "https://a.example/simple", "https://me:secret@b.example/simple/"
PAGE = "https://c.example/wheels.html"
SOURCES = Sources((MAIN, EXTRA), ("./found", PAGE))

# The page that lists a project, and the source that it belongs to.
PAGES = {
    "main index": ("https://a.example/simple/torch/", MAIN),
    "extra index, without its password": ("https://b.example/simple/torch/", EXTRA),
    "host in capitals": ("https://B.example/simple/torch/", EXTRA),
    "page of find-links": (PAGE, PAGE),
    "redirected": ("https://d.example/mirror/torch/", "https://d.example/mirror"),
    "index of a similar name": (
        "https://a.example/simple-evil/torch/",
        "https://a.example/simple-evil",
    ),
    "host of a similar name": (
        "https://a.example.evil/simple/torch/",
        "https://a.example.evil/simple",
    ),
    "host as a user": ("https://a.example@evil/simple/torch/", "https://evil/simple"),
    "no URL": ("https://[x/simple/torch/", "https://[x/simple"),
    "file on this machine": ("file:///elsewhere/torch/index.html", ""),
    "none": (None, ""),
}


@pytest.mark.parametrize(("page", "source"), PAGES.values(), ids=PAGES)
def test_source_is_the_index_whose_page_lists_a_file(page: str | None, source: str) -> None:
    """With the credentials that the user gave for it."""
    link = Link("https://files.example/torch-1.0-py3-none-any-a.whl", comes_from=page)
    assert SOURCES.listing(link) == source


def test_of_one_index_redirects_change_nothing() -> None:
    """There is no other that could have sent the page."""
    link = Link("https://files.example/x.whl", comes_from="https://d.example/mirror/torch/")
    assert Sources((MAIN,), ("./found",)).listing(link) == MAIN
    assert Sources(()).listing(link) == ""


def test_inner_index_has_its_own_pages() -> None:
    """An index may lie below another one."""
    inner = f"{MAIN}/nightly"
    link = Link("https://files.example/x.whl", comes_from=f"{inner}/torch/")
    assert Sources((MAIN, inner)).listing(link) == inner


def test_folders_on_this_machine_are_one_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder by its path or URL, an index on a disk, and a page there."""
    monkeypatch.chdir(tmp_path)
    for name in ("found", "my wheels", "other", "index/torch"):
        (tmp_path / name).mkdir(parents=True)
    index = (tmp_path / "index").as_uri()
    links = ("./found", (tmp_path / "my wheels").as_uri(), "./page.html")
    sources = Sources((MAIN, index), links)
    listed = {
        name: sources.listing(Link((tmp_path / name / "x.whl").as_uri()))
        for name in ("found", "my wheels", "other")
    }
    assert listed == {"found": LOCAL_FOLDERS, "my wheels": LOCAL_FOLDERS, "other": ""}
    page = (tmp_path / "page.html").as_uri()
    assert sources.listing(Link("https://x/x.whl", comes_from=page)) == LOCAL_FOLDERS
    for name in ("torch/", "torch/index.html"):
        link = Link("https://x/x.whl", comes_from=f"{index}/{name}")
        assert sources.listing(link) == index


# What lists the project, all that is configured, and where its providers come from.
ONLY = {
    "index": (EXTRA, SOURCES, Sources((EXTRA,))),
    "where the index redirects": ("https://d/m", SOURCES, Sources(("https://d/m",))),
    "page of find-links": (PAGE, SOURCES, Sources((), (PAGE,))),
    "folders": (LOCAL_FOLDERS, SOURCES, Sources((), ("./found",))),
    "unknown, one index": (
        "",
        Sources((MAIN,), ("./found", PAGE)),
        Sources((MAIN,), ("./found",)),
    ),
    "unknown, no index": ("", Sources((), ("./found", PAGE)), Sources((), ("./found", PAGE))),
    "nothing": ("", Sources(()), Sources(())),
}


@pytest.mark.parametrize(("source", "configured", "only"), ONLY.values(), ids=ONLY)
def test_provider_comes_from_where_the_project_is_listed(
    source: str, configured: Sources, only: Sources
) -> None:
    """No other index counts, whatever version it has."""
    assert configured.only(source) == only


@pytest.mark.parametrize("sources", [SOURCES, Sources((), (PAGE, "http://e/"))])
def test_among_several_indexes_none_is_guessed(sources: Sources) -> None:
    """For a file that the user gave, or an installed project."""
    with pytest.raises(ProviderError) as caught:
        sources.only("")
    assert str(caught.value) == messages.WHICH_INDEX


def test_index_on_this_machine_is_a_source_beside_the_only_server() -> None:
    """Who writes there is the user, as in the folders of find-links."""
    local = "file:///srv/index"
    assert Sources((MAIN, local), ("./found", PAGE)).only("") == Sources(
        (MAIN, local), ("./found",)
    )


def test_child_gets_one_index_and_its_error_names_it(pip: FakePip, tmp_path: Path) -> None:
    """Neither the other index nor find-links, and no password in the error."""
    found = options(
        tmp_path, index_url=MAIN, extra_index_urls=[EXTRA], find_links=["./found", "/my wheels"]
    )
    pip.status, pip.output = 1, "ERROR: No matching distribution found for gpu-provider\n"
    with pytest.raises(ProviderError) as caught:
        PluginInstaller(found, None, lambda: None, EXTRA).install(["gpu-provider"])
    assert str(caught.value) == (
        "pip could not install it: No matching distribution found for gpu-provider (it comes from"
        " https://me:****@b.example/simple/ alone, as the project, or from"
        " --variant-provider-index)"
    )
    environ = pip.environs[0]
    assert environ["PIP_INDEX_URL"] == EXTRA
    assert not {"PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"} & environ.keys()
    assert "/my wheels" not in pip.commands[0]


def test_child_gets_the_indexes_on_this_machine_as_well(pip: FakePip, tmp_path: Path) -> None:
    """One with a space is an option, because a variable is split there."""
    local, spaced = "file:///srv/index", "file:///srv/my index"
    found = options(tmp_path, index_url=MAIN, extra_index_urls=[local, spaced])
    pip.status, pip.output = 1, "ERROR: no\n"
    with pytest.raises(ProviderError):
        PluginInstaller(found, None, lambda: None, "").install(["gpu-provider"])
    assert pip.environs[0]["PIP_INDEX_URL"] == MAIN
    assert pip.environs[0]["PIP_EXTRA_INDEX_URL"] == local
    command = [*pip.commands[0]]
    assert command[command.index("--extra-index-url") + 1] == spaced


def test_without_a_finder_the_options_count(tmp_path: Path) -> None:
    """With --no-index no index does."""
    values = {"index_url": MAIN, "extra_index_urls": [EXTRA], "find_links": ["x"]}
    assert sources_of(options(tmp_path, **values), None) == Sources((MAIN, EXTRA), ("x",))
    assert sources_of(options(tmp_path, **values, no_index=True), None) == Sources((), ("x",))
