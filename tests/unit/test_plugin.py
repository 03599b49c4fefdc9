"""The interface of provider plugins: every form of it, and each way to break it.

Each plugin runs in a real child process.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pip_variants.providers import plugin
from pip_variants.providers.result import ProviderResult
from tests.unit.plugin_cases import PluginFolder
from tests.unit.provider_cases import failure, properties, result

KNOWN = properties("gpu :: arch :: b", "gpu :: arch :: a", "other :: x :: 1")
BOTH = (("arch", ("b", "a")), ("version", ("2", "1")))

# Source, endpoint, and the result.
INTERFACES = [
    pytest.param(
        """
        class Plugin:
            namespace = "gpu"
            def __init__(self):
                self.found = [Config("arch", ["b", "a"]), Config("version", ["2", "1"])]
            def get_supported_configs(self):
                return self.found
            def get_all_configs(self):
                raise AssertionError("it was called")
        """,
        "gpu:Plugin",
        result(*BOTH, namespace="gpu"),
        id="spring 2025, class to instantiate",
    ),
    pytest.param(
        """
        class Plugin:
            namespace = "gpu"
            dynamic = True
            def get_supported_configs(self, known_properties):
                assert isinstance(known_properties, frozenset)
                mine = sorted(p.value for p in known_properties
                              if (p.namespace, p.feature) == ("gpu", "arch"))
                return [Config("arch", mine)]
        """,
        "gpu:Plugin",
        result(("arch", ("a", "b")), namespace="gpu", known=KNOWN),
        id="summer 2025, dynamic",
    ),
    pytest.param(
        """
        class Plugin:
            namespace = "gpu"
            dynamic = False
            def get_supported_configs(self, known_properties):
                return [Config("none", [str(known_properties).lower()])]
        """,
        "gpu:Plugin",
        result(("none", ("none",)), namespace="gpu"),
        id="summer 2025, not dynamic and None passed",
    ),
    pytest.param(
        """
        class _Plugin:
            namespace = "gpu"
            dynamic = property(lambda self: True)
            def get_supported_configs(self, known_properties):
                return [Config("number", [str(len(known_properties))])]
        plugin = _Plugin()
        """,
        "gpu:plugin",
        result(("number", ("3",)), namespace="gpu", known=KNOWN),
        id="summer 2025, object that is dynamic by a property",
    ),
    pytest.param(
        """
        class Plugin:
            namespace = "gpu"
            def __init__(self):
                raise AssertionError("it was instantiated")
            @classmethod
            def get_supported_configs(cls):
                return [Config3("arch", ["b", "a"], True), Config3("version", ["2", "1"], False)]
        """,
        "gpu:Plugin",
        result(*BOTH, namespace="gpu"),
        id="0.0.2, class method",
    ),
    pytest.param(
        """
        class Plugin:
            namespace = "gpu"
            def __init__(self):
                raise AssertionError("it was instantiated")
            @staticmethod
            def get_supported_configs():
                yield Config3("arch", ("b", "a"), True)
                yield Config3("version", ("2", "1"), False)
        """,
        "gpu:Plugin",
        result(*BOTH, namespace="gpu"),
        id="0.0.3, static method and generator",
    ),
    pytest.param(
        """
        namespace = "gpu"
        def get_supported_configs():
            return [Config3("arch", ["b", "a"], True), Config3("version", ["2", "1"], False)]
        """,
        "gpu",
        result(*BOTH, namespace="gpu"),
        id="0.0.2, module",
    ),
    pytest.param(
        """
        def get_supported_configs():
            return [Config3("arch", ["b", "a"], True), Config3("version", ["2", "1"], False)]
        """,
        "gpu",
        result(*BOTH),
        id="0.2.0, no namespace",
    ),
    pytest.param(
        """
        class inner:
            class Plugin:
                def get_supported_configs(self, known_properties=None, *rest, **more):
                    assert known_properties is None
                    return [Config("arch", ["b", "a"]), Config("version", ["2", "1"])]
        """,
        "gpu:inner.Plugin",
        result(*BOTH),
        id="nested attribute with optional parameters",
    ),
    pytest.param(
        """
        def get_supported_configs():
            return [Config("empty", []), Config("arch", ["b", "a", "b"]), Config("arch", ["c"])]
        """,
        "gpu",
        result(("arch", ("b", "a", "c"))),
        id="features without values and repeated values",
    ),
    pytest.param(
        """
        def get_supported_configs():
            return []
        """,
        "gpu",
        result(),
        id="no features",
    ),
    pytest.param(
        """
        namespace = "Another Name!"
        def get_supported_configs():
            return [Config("arch", ["a"])]
        """,
        "gpu",
        result(("arch", ("a",))),
        id="invalid namespace",
    ),
    pytest.param(
        """
        import importlib.metadata
        class Value(str):
            pass
        def get_supported_configs():
            version = importlib.metadata.version("gpu-provider")
            return [Config(Value("version"), [Value(version)])]
        """,
        "gpu",
        result(("version", ("1.0",))),
        id="own metadata and a subclass of str",
    ),
]

# Source, and the reason.
FAILURES = [
    pytest.param("raise IndexError('no GPU')", "IndexError: no GPU", id="raises on import"),
    pytest.param("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    pytest.param("def f(:", "SyntaxError: invalid syntax (gpu.py, line 4)", id="syntax error"),
    pytest.param(
        "def get_supported_configs(): assert False", "AssertionError", id="raises in the call"
    ),
    pytest.param(
        """
        class Rude(Exception):
            def __str__(self): raise ValueError
        def get_supported_configs(): raise Rude
        """,
        "Rude",
        id="exception without a text",
    ),
    pytest.param(
        "def get_supported_configs(): raise ValueError('a\\x1b[31m\\nb\\u202e' + 'c' * 5000)",
        rf"'ValueError: a\x1b[31m b\u202e{'c' * 50}...'",
        id="exception with control characters",
    ),
    pytest.param("import sys; sys.exit(3)", "SystemExit: 3", id="SystemExit"),
    pytest.param("raise KeyboardInterrupt", "KeyboardInterrupt", id="KeyboardInterrupt"),
    pytest.param(
        "import os; os._exit(0)", "it exited without a result (status 0)", id="os._exit(0)"
    ),
    pytest.param(
        "import os; os._exit(7)", "it exited without a result (status 7)", id="os._exit(7)"
    ),
    pytest.param("import os; os.abort()", "it exited without a result (status -6)", id="crash"),
    pytest.param(
        "x = 1",
        "AttributeError: module 'gpu' has no attribute 'get_supported_configs'",
        id="no function",
    ),
    pytest.param(
        "get_supported_configs = 5",
        "TypeError: 5 is not a callable object",
        id="function that is a number",
    ),
    pytest.param(
        "def get_supported_configs(a, b): return []",
        "TypeError: get_supported_configs() missing 1 required positional argument: 'b'",
        id="two arguments",
    ),
]

# What get_supported_configs returns, and the reason.
INVALID = [
    pytest.param("None", "TypeError: 'NoneType' object is not iterable"),
    pytest.param("7", "TypeError: 'int' object is not iterable"),
    pytest.param("'text'", "AttributeError: 'str' object has no attribute 'name'"),
    pytest.param("[None]", "AttributeError: 'NoneType' object has no attribute 'name'"),
    pytest.param("[Config(1, ['a'])]", "TypeError: a int where a string should be"),
    pytest.param("[Config('arch', [1])]", "TypeError: a int where a string should be"),
    pytest.param("[Config('arch', [['a']])]", "TypeError: a list where a string should be"),
    pytest.param("[Config('arch', [None])]", "TypeError: a NoneType where a string should be"),
    pytest.param("[Config('arch', 'abc')]", "TypeError: its values are a string, not a list"),
    pytest.param("[Config('arch', 5)]", "TypeError: 'int' object is not iterable"),
    pytest.param(
        "[Config('Arch', ['a'])]", "its result is not usable: 'Arch' is not a feature name"
    ),
    pytest.param("[Config('', ['a'])]", "its result is not usable: '' is not a feature name"),
    pytest.param("[Config('arch', ['a b'])]", "its result is not usable: 'a b' is not a value"),
    pytest.param("[Config('arch', [''])]", "its result is not usable: '' is not a value"),
    pytest.param(
        "[Config('arch', ['a' * 256])]",
        f"its result is not usable: '{'a' * 79}...' is not a value",
    ),
    pytest.param(
        "[Config('a' * 256, ['a'])]",
        f"its result is not usable: '{'a' * 79}...' is not a feature name",
    ),
    pytest.param(
        "[Config('arch', ['\\x1b]0;x\\x07'])]",
        r"its result is not usable: '\x1b]0;x\x07' is not a value",
    ),
    pytest.param(
        "[Config('arch', ['\\ud800'])]", r"its result is not usable: '\ud800' is not a value"
    ),
    pytest.param(
        "[Config('arch', map(str, range(10**6)))]",
        "ValueError: more than 10,000 features and values",
        id="a million values",
    ),
    pytest.param(
        "(Config(str(i), ()) for i in range(10**6))",
        "ValueError: more than 10,000 features and values",
        id="a million features",
    ),
    pytest.param(
        "[Config('arch', ['x' * 3_000_000])]",
        "its result is not usable: Unterminated string starting at: line 1 column 25 (char 24)",
        id="one value of three million characters",
    ),
]


@pytest.fixture
def folder(tmp_path: Path) -> PluginFolder:
    """Return a folder with an installed plugin."""
    return PluginFolder(tmp_path / "site")


@pytest.mark.parametrize(("source", "plugin_api", "expected"), INTERFACES)
def test_plugin_of_each_interface_is_supported(
    folder: PluginFolder, source: str, plugin_api: str, expected: ProviderResult
) -> None:
    """Plugins of every version of the interface give the same kind of result."""
    assert folder.query(source, plugin_api, KNOWN) == expected


def test_value_that_a_plugin_lists_twice_has_its_first_rank(folder: PluginFolder) -> None:
    """A second place would count for some variants and not for others."""
    found = folder.query("def get_supported_configs(): return [Config('arch', ['b', 'a', 'b'])]")
    assert found.features == (("arch", ("b", "a")),)


@pytest.mark.parametrize(("source", "reason"), FAILURES)
def test_failing_plugin_has_a_printable_reason(
    folder: PluginFolder, source: str, reason: str
) -> None:
    """Whatever a plugin does, the reason is one short sentence in printable ASCII."""
    assert folder.query(source) == failure(reason)


@pytest.mark.parametrize(("returned", "reason"), INVALID)
def test_invalid_return_value_is_a_failure(
    folder: PluginFolder, returned: str, reason: str
) -> None:
    """A return value of another shape is not used, not even in part."""
    assert folder.query(f"def get_supported_configs(): return {returned}") == failure(reason)


@pytest.mark.parametrize(
    "plugin_api",
    ["", " gpu", "gpu:", ":Plugin", "gpu;x", "gpu:a()", "-c", "../gpu", "gpu\n", "a:b:c", "a..b"],
)
def test_invalid_endpoint_is_never_imported(
    folder: PluginFolder, tmp_path: Path, plugin_api: str
) -> None:
    """An invalid endpoint is a failure, and the plugin does not run."""
    marker = tmp_path / "ran"
    found = folder.query(f"open({str(marker)!r}, 'w')", plugin_api)
    assert found == failure(f"its plugin-api is not a valid endpoint: {plugin_api!r}")
    assert not marker.exists()


def test_time_limit_is_at_least_twenty_seconds() -> None:
    """Plugins that run a vendor's tool allow it up to ten seconds, and some run two."""
    assert plugin.TIME_LIMIT >= 20
