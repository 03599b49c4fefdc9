"""The platform file: what is read, what is written, and every mistake with its line and key."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pip._vendor import tomli

from pip_variants import platforms, steering
from pip_variants.errors import RequestError
from pip_variants.platforms import Platform
from pip_variants.process import process
from pip_variants.supported import Support

NAME = "'p.toml'"

EXAMPLE = """\
version = 1
complete = false        # true: namespaces not listed support nothing
[properties.nvidia]
cuda_version_lower_bound = ["12.9", "12.8", "12.6"]
sm_arch = ["75_real", "75_virtual"]
"""


def _read(text: str) -> Platform:
    return platforms.read(tomli.loads(text), text, NAME)


def test_the_example_of_the_interface() -> None:
    """Features are in the order of the table, values best first."""
    features = (
        ("cuda_version_lower_bound", ("12.9", "12.8", "12.6")),
        ("sm_arch", ("75_real", "75_virtual")),
    )
    platform = _read(EXAMPLE)
    assert platform == Platform(NAME, (("nvidia", features),))
    assert platform.support("nvidia") == Support("nvidia", "user", features)
    assert platform.support("x86_64") is None


@pytest.mark.parametrize(
    "text",
    [
        'version = 1\nproperties.b.y = ["2", "1"]\nproperties.b.x = ["3"]\nproperties.a.z = []\n',
        'version = 1\nproperties = {b = {y = ["2", "1"], x = ["3"]}, a = {z = []}}\n',
        'version = 1\n[properties]\nb = {y = ["2", "1"], x = ["3"]}\na = {}\n',
        'version = 1\n["properties".b]\n"y" = ["2", # best\n "1"]\nx = ["3"]\n[properties.a]\n',
    ],
    ids=["dotted keys", "an inline table", "both", "quotes and comments"],
)
def test_the_order_is_that_of_the_file(text: str) -> None:
    """However it is written: nothing is sorted, and a feature without values is none."""
    features = (("y", ("2", "1")), ("x", ("3",)))
    assert _read(text) == Platform(NAME, (("b", features), ("a", ())))


def test_what_is_not_listed() -> None:
    """In a complete file it supports nothing; a namespace that is listed empty never does."""
    text = "version = 1\ncomplete = true\n[properties.amd]\n"
    assert _read(text).support("amd") == Support("amd", "user", (), "'p.toml' lists nothing for it")
    assert _read(text).support("intel") == Support("intel", "user", (), "'p.toml' does not list it")
    assert _read("version = 1\n").support("intel") is None
    assert _read("version = 1\ncomplete = true\n").support("x").reason is not None  # type: ignore[union-attr]


# A file, and the message.
MISTAKES = [
    pytest.param("", "version: missing; write version = 1", id="an empty file"),
    pytest.param("version = 2\n", "line 1: version: 2 is not a version that is known (1)"),
    pytest.param("version = '1'\n", "line 1: version: '1' is not a version that is known (1)"),
    pytest.param("version = true\n", "line 1: version: True is not a version that is known (1)"),
    pytest.param("version = 1.5\n", "line 1: version: 1.5 is not a version that is known (1)"),
    pytest.param(
        "\nversion = 1\ncomplet = true\n",
        "line 3: complet: unknown key, not one of version, complete, properties",
    ),
    pytest.param("version = 1\ncomplete = 'yes'\n", "line 2: complete: must be true or false"),
    pytest.param("version = 1\ncomplete = 1\n", "line 2: complete: must be true or false"),
    pytest.param("version = 1\nproperties = []\n", "line 2: properties: must be a table"),
    pytest.param(
        "version = 1\n[properties]\nnvidia = ['12.9']\n",
        "line 3: properties.nvidia: must be a table of features",
    ),
    pytest.param(
        "version = 1\n[properties.NVIDIA]\n",
        "line 2: properties.'NVIDIA': not a namespace (a-z, 0-9 and _)",
    ),
    pytest.param(
        "version = 1\n[properties.nvidia]\nsm-arch = ['75_real']\n",
        "line 3: properties.nvidia.'sm-arch': not the name of a feature (a-z, 0-9 and _)",
    ),
    pytest.param(
        "version = 1\n[properties.nvidia]\n\nsm_arch = '75_real'\n",
        "line 4: properties.nvidia.sm_arch: must be a list of strings, not '75_real'",
    ),
    pytest.param(
        "version = 1\n[properties.nvidia]\ncuda = ['12']\nsm_arch = [\n  '75_real',\n  80,\n]\n",
        "line 4: properties.nvidia.sm_arch: 80 must be a string, in quotes",
    ),
    pytest.param(
        "version = 1\n[properties.nvidia]\nsm_arch = [12.9]\n",
        "line 3: properties.nvidia.sm_arch: 12.9 must be a string, in quotes",
    ),
    pytest.param(
        "version = 1\n[properties.nvidia]\nsm_arch = ['75 real']\n",
        "line 3: properties.nvidia.sm_arch: '75 real' is not a value (a-z, 0-9, _ and .)",
    ),
    pytest.param(
        "version = 1\n[properties.nvidia]\nsm_arch = ['a', 'b', 'a']\n",
        "line 3: properties.nvidia.sm_arch: has a value twice",
    ),
    pytest.param(
        "version = 1\n[properties.nvidia.sm_arch]\nvalues = ['a']\n",
        "line 2: properties.nvidia.sm_arch: must be a list of strings, not {'values': ['a']}",
    ),
    pytest.param(
        "version = 1\nproperties = {nvidia = {sm_arch = 5}}\n",
        "line 2: properties.nvidia.sm_arch: must be a list of strings, not 5",
        id="in an inline table the line is that of the table",
    ),
    pytest.param(
        "version = 1\nproperties.nvidia.sm_arch = 5\n",
        "line 2: properties.nvidia.sm_arch: must be a list of strings, not 5",
        id="a dotted key",
    ),
    pytest.param(
        "version = 1\n[properties.a]\nx = ['1']\n[properties.b]\nx = ['1']\n"
        "[ properties . 'c' ] # the third\nx = 1\n",
        "line 7: properties.c.x: must be a list of strings, not 1",
        id="the same key in several tables",
    ),
    pytest.param(
        'version = 1\n[properties.a]\n"x\\u001b[31m" = ["1"]\n',
        r"line 2: properties.a.'x\x1b[31m': not the name of a feature (a-z, 0-9 and _)",
        id="control characters in a key",
    ),
    pytest.param(
        'version = 1\n[properties.a]\nx = ["\\u001b]0;\\u0007"]\n',
        r"line 3: properties.a.x: '\x1b]0;\x07' is not a value (a-z, 0-9, _ and .)",
        id="control characters in a value",
    ),
    pytest.param(
        f"version = 1\n[properties.a]\nx = ['{'!' * 10_000}']\n",
        f"line 3: properties.a.x: '{'!' * 79}...' is not a value (a-z, 0-9, _ and .)",
        id="a long value",
    ),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_mistake_has_its_line_and_key(text: str, message: str) -> None:
    """The first mistake is told with the line and the key, in printable ASCII."""
    with pytest.raises(RequestError) as caught:
        _read(text)
    assert str(caught.value) == f"'p.toml': {message}"


@pytest.fixture
def _described() -> object:
    """Undo what a test describes."""
    yield
    process.chain.platform = None


# What a file holds, and the message after its name.
UNREADABLE = [
    pytest.param(b"version = \n", r": 'Invalid value (at line 1, column 11)'", id="not TOML"),
    pytest.param(
        b"version = 1\nversion = 1\n",
        r": 'Cannot overwrite a value (at line 2, column 12)'",
        id="a key twice",
    ),
    pytest.param(
        b"\xff\xfev\x00",
        ": \"'utf-8' codec can't decode byte 0xff in position 0: invalid start byte\"",
        id="UTF-16",
    ),
    pytest.param(None, " cannot be read: No such file or directory", id="missing"),
]


@pytest.mark.parametrize(("content", "message"), UNREADABLE)
def test_a_file_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, message: str
) -> None:
    """What is no platform file at all is told with its name, and the line if there is one."""
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("p.toml").write_bytes(content)
    with pytest.raises(RequestError) as caught:
        steering.describe("p.toml")
    assert str(caught.value) == f"'p.toml'{message}"


@pytest.mark.parametrize("content", ["x = " + "[" * 100_000, "x = " + "1" * 10_000])
def test_a_hostile_file(tmp_path: Path, content: str) -> None:
    """What Python itself refuses to parse is an error like any other."""
    file = tmp_path / "p.toml"
    file.write_text(content)
    with pytest.raises(RequestError) as caught:
        steering.describe(str(file))
    assert str(caught.value).isprintable()


def test_a_folder_is_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The name is quoted, whatever is in it."""
    monkeypatch.chdir(tmp_path)
    Path("a\x1b[31mb").mkdir()
    with pytest.raises(RequestError) as caught:
        steering.describe("a\x1b[31mb")
    assert str(caught.value) == r"'a\x1b[31mb' cannot be read: Is a directory"


@pytest.mark.usefixtures("_described")
def test_a_byte_order_mark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Editors on Windows write one."""
    monkeypatch.chdir(tmp_path)
    Path("p.toml").write_bytes(b"\xef\xbb\xbfversion = 1\r\ncomplete = true\r\n")
    steering.describe("p.toml")
    assert process.chain.platform == Platform(NAME, (), complete=True)


def test_what_is_written() -> None:
    """Who said it stands above each namespace; who could not answer leaves it open."""
    supports = [
        Support("amd-provider", "failed", reason="its provider (amd-provider) failed: x"),
        Support("nvidia", "built-in", reason="no NVIDIA driver found"),
        Support("x86_64", "plugin", (("level", ("v2", "v1")), ("aes", ("on",)))),
        Support("y", "foreign", reason="the target is another machine"),
    ]
    assert platforms.write(supports, complete=False) == (
        "version = 1\n"
        "complete = false\n"
        "\n"
        "# amd-provider: failed: its provider (amd-provider) failed: x\n"
        "\n"
        "# built-in: no NVIDIA driver found\n"
        "[properties.nvidia]\n"
        "\n"
        "# plugin\n"
        "[properties.x86_64]\n"
        'level = ["v2", "v1"]\n'
        'aes = ["on"]\n'
        "\n"
        "# y: foreign: the target is another machine\n"
    )


names = st.text(string.ascii_lowercase + string.digits + "_", min_size=1, max_size=8)
values = st.text(string.ascii_lowercase + string.digits + "_.", min_size=1, max_size=8)
features = st.dictionaries(names, st.lists(values, min_size=1, max_size=4, unique=True), max_size=4)


@given(st.dictionaries(names, features, max_size=4), st.booleans())
def test_what_is_written_is_read_back(
    tables: dict[str, dict[str, list[str]]], complete: bool
) -> None:
    """Every platform survives being written and read, with all of its order."""
    platform = Platform(
        NAME,
        tuple(
            (namespace, tuple((feature, tuple(found)) for feature, found in table.items()))
            for namespace, table in tables.items()
        ),
        complete,
    )
    supports = [Support(namespace, "built-in", found) for namespace, found in platform.features]
    assert _read(platforms.write(supports, complete=complete)) == platform


@given(st.text(), st.sampled_from(["", "version = 1\n"]))
def test_no_file_is_a_crash(text: str, before: str) -> None:
    """Whatever TOML can say is a platform or an error of the user's."""
    try:
        document = tomli.loads(before + text)
    except ValueError:
        return
    said = ""
    try:
        platforms.read(document, before + text, NAME)
    except RequestError as error:
        said = str(error)
    assert said.isprintable()
