"""The platform file: reading, writing, and each mistake with its line and key."""

from __future__ import annotations

import re
import string
import textwrap
from optparse import Values
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pip._vendor import tomli

from pip_variants.core.errors import RequestError
from pip_variants.core.properties import Namespace
from pip_variants.core.supported import SupportedProperties
from pip_variants.pip_adapter.options import provider_settings
from pip_variants.providers import platform_file
from pip_variants.providers.platform_file import Platform
from tests.unit.cases import supported
from tests.unit.provider_cases import platform

NAME = "'p.toml'"

EXAMPLE = """\
version = 1
complete = false        # true: namespaces not listed support nothing
[properties.nvidia]
cuda_version_lower_bound = ["12.9", "12.8", "12.6"]
sm_arch = ["75_real", "75_virtual"]
"""


def _read(text: str) -> Platform:
    return platform_file.read(tomli.loads(text), text, NAME)


def _read_option(file: str) -> Platform | None:
    """Return the platform of ``--variant-platform file``."""
    return provider_settings(Values({"variant_platform": file})).platform


def _supported(text: str, namespace: str) -> SupportedProperties | None:
    return _read(text).supported(Namespace(namespace))


def test_static_values_of_the_readme_are_a_platform_file() -> None:
    """The example for a choice of BLAS supports its two values, the first one best (trial 23)."""
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    (block,) = re.findall(r"\n\n((?:    .*\n|\n)+)\nThis prefers builds with OpenBLAS", readme)
    assert _read(textwrap.dedent(block)).supported(Namespace("blas_lapack")) == supported(
        "blas_lapack", "user", (("provider", ("openblas", "mkl")),)
    )


def test_documented_example_is_read() -> None:
    """Features are in the order of the table, values best first."""
    features = (
        ("cuda_version_lower_bound", ("12.9", "12.8", "12.6")),
        ("sm_arch", ("75_real", "75_virtual")),
    )
    assert _read(EXAMPLE) == platform({"nvidia": features})
    assert _supported(EXAMPLE, "nvidia") == supported("nvidia", "user", features)
    assert _supported(EXAMPLE, "x86_64") is None


@pytest.mark.parametrize(
    "text",
    [
        'version = 1\nproperties.b.y = ["2", "1"]\nproperties.b.x = ["3"]\nproperties.a.z = []\n',
        'version = 1\nproperties = {b = {y = ["2", "1"], x = ["3"]}, a = {z = []}}\n',
        'version = 1\n[properties]\nb = {y = ["2", "1"], x = ["3"]}\na = {}\n',
        'version = 1\n["properties".b]\n"y" = ["2", # best\n "1"]\nx = ["3"]\n[properties.a]\n',
    ],
    ids=["dotted keys", "inline table", "tables and inline tables", "quotes and comments"],
)
def test_order_is_that_of_the_file(text: str) -> None:
    """In any notation nothing is sorted, and a feature without values is left out."""
    features = (("y", ("2", "1")), ("x", ("3",)))
    assert _read(text) == platform({"b": features, "a": ()})


# A file, a namespace, and what is supported in it.
NOT_LISTED = [
    pytest.param(
        "version = 1\ncomplete = true\n[properties.amd]\n",
        "amd",
        supported("amd", "user", (), "'p.toml' lists nothing for it"),
        id="empty table",
    ),
    pytest.param(
        "version = 1\ncomplete = true\n[properties.amd]\n",
        "intel",
        supported("intel", "user", (), "'p.toml' does not list it"),
        id="no table in a complete file",
    ),
    pytest.param(
        "version = 1\ncomplete = true\n",
        "x",
        supported("x", "user", (), "'p.toml' does not list it"),
        id="no table at all in a complete file",
    ),
    pytest.param("version = 1\n", "intel", None, id="no table in an incomplete file"),
]


@pytest.mark.parametrize(("text", "namespace", "expected"), NOT_LISTED)
def test_unlisted_namespace_of_complete_file_supports_nothing(
    text: str, namespace: str, expected: SupportedProperties | None
) -> None:
    """Only a complete file decides about namespaces that it does not list."""
    assert _supported(text, namespace) == expected


# A file, and the message.
MISTAKES = [
    pytest.param("", "version: missing; write version = 1", id="empty file"),
    pytest.param("version = 2\n", "line 1: version: 2 is not a known version (1)"),
    pytest.param("version = '1'\n", "line 1: version: '1' is not a known version (1)"),
    pytest.param("version = true\n", "line 1: version: True is not a known version (1)"),
    pytest.param("version = 1.5\n", "line 1: version: 1.5 is not a known version (1)"),
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
        "line 3: properties.nvidia.'sm-arch': not a feature name (a-z, 0-9 and _)",
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
        id="inline table, whose line counts",
    ),
    pytest.param(
        "version = 1\nproperties.nvidia.sm_arch = 5\n",
        "line 2: properties.nvidia.sm_arch: must be a list of strings, not 5",
        id="dotted key",
    ),
    pytest.param(
        "version = 1\n[properties.a]\nx = ['1']\n[properties.b]\nx = ['1']\n"
        "[ properties . 'c' ] # the third\nx = 1\n",
        "line 7: properties.c.x: must be a list of strings, not 1",
        id="same key in several tables",
    ),
    pytest.param(
        'version = 1\n[properties.a]\n"x\\u001b[31m" = ["1"]\n',
        r"line 2: properties.a.'x\x1b[31m': not a feature name (a-z, 0-9 and _)",
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
        id="long value",
    ),
    pytest.param(
        f"version = 1\n[properties.a]\n{'x' * 10_000} = 1\n",
        f"line 3: properties.a.'{'x' * 79}...': must be a list of strings, not 1",
        id="long key",
    ),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_mistake_is_reported_with_line_and_key(text: str, message: str) -> None:
    """The error has the line and the key of the first mistake, in printable ASCII."""
    with pytest.raises(RequestError) as caught:
        _read(text)
    assert str(caught.value) == f"'p.toml': {message}"


# The content of a file, and the message after its name.
UNREADABLE = [
    pytest.param(b"version = \n", r": 'Invalid value (at line 1, column 11)'", id="not TOML"),
    pytest.param(
        b"version = 1\nversion = 1\n",
        r": 'Cannot overwrite a value (at line 2, column 12)'",
        id="duplicate key",
    ),
    pytest.param(
        b"\xff\xfev\x00",
        ": \"'utf-8' codec can't decode byte 0xff in position 0: invalid start byte\"",
        id="UTF-16",
    ),
    pytest.param(b" " * (16 * 1024 * 1024 + 1), " cannot be read: File too large", id="too large"),
    pytest.param(None, " cannot be read: No such file or directory", id="missing"),
]


@pytest.mark.parametrize(("content", "message"), UNREADABLE)
def test_unreadable_file_is_an_error_with_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, message: str
) -> None:
    """An unreadable file is an error with its name, and the line if it is not TOML."""
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("p.toml").write_bytes(content)
    with pytest.raises(RequestError) as caught:
        _read_option("p.toml")
    assert str(caught.value) == f"--variant-platform: 'p.toml'{message}"


@pytest.mark.parametrize(
    "content",
    ["x = " + "[" * 100_000, "x = " + "1" * 10_000],
    ids=["deeply nested", "long number"],
)
def test_file_beyond_the_limits_of_python_is_an_error(tmp_path: Path, content: str) -> None:
    """Nesting and numbers that Python refuses to parse are errors like any other."""
    file = tmp_path / "p.toml"
    file.write_text(content)
    with pytest.raises(RequestError) as caught:
        _read_option(str(file))
    assert str(caught.value).isprintable()


def test_folder_name_is_quoted_in_the_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A folder is not a file; its name is quoted, with control characters escaped."""
    monkeypatch.chdir(tmp_path)
    Path("a\x1b[31mb").mkdir()
    with pytest.raises(RequestError) as caught:
        _read_option("a\x1b[31mb")
    assert str(caught.value) == (r"--variant-platform: 'a\x1b[31mb' cannot be read: Is a directory")


def test_byte_order_mark_is_accepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A byte order mark, as editors on Windows write it, is ignored."""
    monkeypatch.chdir(tmp_path)
    Path("p.toml").write_bytes(b"\xef\xbb\xbfversion = 1\r\ncomplete = true\r\n")
    assert _read_option("p.toml") == platform({}, complete=True)


def test_written_file_names_the_origin_of_each_namespace() -> None:
    """Each table has its origin as a comment; what could not be queried has no table."""
    found = [
        supported("amd-provider", "failed", reason="its provider (amd-provider) failed: x"),
        supported("nvidia", "built-in", reason="no NVIDIA driver found"),
        supported("x86_64", "plugin", (("level", ("v2", "v1")), ("aes", ("on",)))),
        supported("y", "cross-target", reason="the target is a different machine"),
    ]
    assert platform_file.write(found, complete=False) == (
        "version = 1\n"
        "complete = false\n"
        "\n"
        "# built-in\n"
        "[properties.nvidia]\n"
        "\n"
        "# plugin\n"
        "[properties.x86_64]\n"
        'level = ["v2", "v1"]\n'
        'aes = ["on"]\n'
    )


names = st.text(string.ascii_lowercase + string.digits + "_", min_size=1, max_size=8)
values = st.text(string.ascii_lowercase + string.digits + "_.", min_size=1, max_size=8)
features = st.dictionaries(names, st.lists(values, min_size=1, max_size=4, unique=True), max_size=4)


@given(st.dictionaries(names, features, max_size=4), st.booleans())
def test_written_file_is_read_back_unchanged(
    tables: dict[str, dict[str, list[str]]], complete: bool
) -> None:
    """Every platform is the same, with its order, after it was written and read."""
    expected = platform(
        {name: [*table.items()] for name, table in tables.items()}, complete=complete
    )
    found = [SupportedProperties(name, "built-in", table) for name, table in expected.features]
    assert _read(platform_file.write(found, complete=complete)) == expected


@given(st.text(), st.sampled_from(["", "version = 1\n"]))
def test_any_toml_is_a_platform_or_an_error(text: str, before: str) -> None:
    """Any valid TOML is a platform or an error with a printable text."""
    try:
        document = tomli.loads(before + text)
    except ValueError:
        return
    message = ""
    try:
        platform_file.read(document, before + text, NAME)
    except RequestError as error:
        message = str(error)
    assert message.isprintable()
