"""Real plugins of every era, and of every kind of misbehaviour, each in a real child process."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pip_variants.providers import plugin
from pip_variants.providers.plugin import Said, ask

CONFIG = """\
from collections import namedtuple
Config = namedtuple("Config", "name values")
Config3 = namedtuple("Config3", "name values multi_value")
"""
KNOWN = (("gpu", "arch", "b"), ("gpu", "arch", "a"), ("other", "x", "1"))
BOTH = (("arch", ("b", "a")), ("version", ("2", "1")))

# Source, endpoint, and the answer.
ERAS = [
    pytest.param(
        """
        class Plugin:
            namespace = "gpu"
            def __init__(self):
                self.found = [Config("arch", ["b", "a"]), Config("version", ["2", "1"])]
            def get_supported_configs(self):
                return self.found
            def get_all_configs(self):
                raise AssertionError("nobody asked for that")
        """,
        "gpu:Plugin",
        Said(BOTH, "gpu"),
        id="spring 2025: a class to be instantiated",
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
        Said((("arch", ("a", "b")),), "gpu", dynamic=True),
        id="summer 2025: dynamic",
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
        Said((("none", ("none",)),), "gpu"),
        id="summer 2025: not dynamic, so None is passed",
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
        Said((("number", ("3",)),), "gpu", dynamic=True),
        id="summer 2025: an object, dynamic by a property",
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
        Said(BOTH, "gpu"),
        id="0.0.2: a class method",
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
        Said(BOTH, "gpu"),
        id="0.0.3: a static method, a generator",
    ),
    pytest.param(
        """
        namespace = "gpu"
        def get_supported_configs():
            return [Config3("arch", ["b", "a"], True), Config3("version", ["2", "1"], False)]
        """,
        "gpu",
        Said(BOTH, "gpu"),
        id="0.0.2: a module",
    ),
    pytest.param(
        """
        def get_supported_configs():
            return [Config3("arch", ["b", "a"], True), Config3("version", ["2", "1"], False)]
        """,
        "gpu",
        Said(BOTH),
        id="0.2.0: no namespace",
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
        Said(BOTH),
        id="an attribute of an attribute; what is not required is not passed",
    ),
    pytest.param(
        """
        def get_supported_configs():
            return [Config("empty", []), Config("arch", ["b", "a", "b"]), Config("arch", ["c"])]
        """,
        "gpu",
        Said((("arch", ("b", "a", "c")),)),
        id="features without values are dropped, values that are repeated too",
    ),
    pytest.param(
        """
        def get_supported_configs():
            return []
        """,
        "gpu",
        Said(),
        id="nothing is an answer",
    ),
    pytest.param(
        """
        namespace = "Another Name!"
        def get_supported_configs():
            return [Config("arch", ["a"])]
        """,
        "gpu",
        Said((("arch", ("a",)),)),
        id="a namespace that is no name",
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
        Said((("version", ("1.0",)),)),
        id="it reads its own metadata, and strings of a class of its own",
    ),
]

# Source, and the problem.
MISBEHAVIOURS = [
    pytest.param("raise IndexError('no GPU')", "IndexError: no GPU", id="raises on import"),
    pytest.param("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    pytest.param("def f(:", "SyntaxError: invalid syntax (gpu.py, line 4)", id="no Python"),
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
        id="an error without a text",
    ),
    pytest.param(
        "def get_supported_configs(): raise ValueError('a\\x1b[31m\\nb\\u202e' + 'c' * 5000)",
        rf"'ValueError: a\x1b[31m b\u202e{'c' * 50}...'",
        id="an error with control characters",
    ),
    pytest.param("import sys; sys.exit(3)", "SystemExit: 3", id="SystemExit"),
    pytest.param("raise KeyboardInterrupt", "KeyboardInterrupt", id="KeyboardInterrupt"),
    pytest.param(
        "import os; os._exit(0)", "it ended without an answer (status 0)", id="os._exit(0)"
    ),
    pytest.param(
        "import os; os._exit(7)", "it ended without an answer (status 7)", id="os._exit(7)"
    ),
    pytest.param(
        "import os; os.abort()", "it ended without an answer (status -6)", id="it crashes"
    ),
    pytest.param(
        "x = 1",
        "AttributeError: module 'gpu' has no attribute 'get_supported_configs'",
        id="no function",
    ),
    pytest.param(
        "get_supported_configs = 5",
        "TypeError: 5 is not a callable object",
        id="no function at all",
    ),
    pytest.param(
        "def get_supported_configs(a, b): return []",
        "TypeError: get_supported_configs() missing 1 required positional argument: 'b'",
        id="two arguments",
    ),
]

# What get_supported_configs returns, and the problem.
RUBBISH = [
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
        "[Config('Arch', ['a'])]", "its answer is not usable: 'Arch' is not the name of a feature"
    ),
    pytest.param(
        "[Config('', ['a'])]", "its answer is not usable: '' is not the name of a feature"
    ),
    pytest.param("[Config('arch', ['a b'])]", "its answer is not usable: 'a b' is not a value"),
    pytest.param("[Config('arch', [''])]", "its answer is not usable: '' is not a value"),
    pytest.param(
        "[Config('arch', ['\\x1b]0;x\\x07'])]",
        r"its answer is not usable: '\x1b]0;x\x07' is not a value",
    ),
    pytest.param(
        "[Config('arch', ['\\ud800'])]", r"its answer is not usable: '\ud800' is not a value"
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
        "its answer is not usable: Unterminated string starting at: line 1 column 25 (char 24)",
        id="one value of three million characters",
    ),
]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a folder that holds the metadata of an installed plugin."""
    info = tmp_path / "site" / "gpu_provider-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gpu-provider\nVersion: 1.0\n")
    return tmp_path / "site"


@pytest.fixture
def say(site: Path) -> Callable[..., Said]:
    """Return a function that asks a plugin with this source."""

    def run(source: str, plugin_api: str = "gpu", **options: object) -> Said:
        lines = source.splitlines()
        indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        text = "\n".join(line[indent:] for line in lines).lstrip("\n")
        (site / "gpu.py").write_text(CONFIG + text, encoding="utf-8", errors="surrogatepass")
        return ask(site, plugin_api, **options)  # type: ignore[arg-type]

    return run


@pytest.mark.parametrize(("source", "plugin_api", "expected"), ERAS)
def test_every_era(say: Callable[..., Said], source: str, plugin_api: str, expected: Said) -> None:
    """One adapter serves all that plugins have looked like so far."""
    assert say(source, plugin_api, known=KNOWN) == expected


@pytest.mark.parametrize(("source", "problem"), MISBEHAVIOURS)
def test_a_failure_is_a_problem(say: Callable[..., Said], source: str, problem: str) -> None:
    """Whatever a plugin does, what comes back is one short sentence in printable ASCII."""
    assert say(source) == Said(problem=problem)


@pytest.mark.parametrize(("returned", "problem"), RUBBISH)
def test_rubbish_is_a_problem(say: Callable[..., Said], returned: str, problem: str) -> None:
    """An answer of another shape is not used, not even in part."""
    assert say(f"def get_supported_configs(): return {returned}") == Said(problem=problem)


@pytest.mark.parametrize(
    "plugin_api",
    ["", " gpu", "gpu:", ":Plugin", "gpu;x", "gpu:a()", "-c", "../gpu", "gpu\n", "a:b:c", "a..b"],
)
def test_an_endpoint_that_is_none(
    say: Callable[..., Said], tmp_path: Path, plugin_api: str
) -> None:
    """What is no endpoint reaches no interpreter."""
    marker = tmp_path / "ran"
    said = say(f"open({str(marker)!r}, 'w')", plugin_api)
    assert said == Said(problem=f"its plugin-api is no endpoint: {plugin_api!r}")
    assert not marker.exists()


def test_what_it_prints(say: Callable[..., Said]) -> None:
    """What it prints in any way, and however it leaves, is kept apart from the answer."""
    source = """
    import os, sys
    print("from print")
    sys.stderr.write("from stderr")
    os.system("echo from a child")
    def get_supported_configs():
        print("from the call", end="")
        return [Config("arch", ["a"])]
    """
    expected = "from print\nfrom stderrfrom a child\nfrom the call"
    assert say(source) == Said((("arch", ("a",)),), output=expected)
    died = say("import os; print('last words'); os._exit(1)")
    assert died == Said(problem="it ended without an answer (status 1)", output="last words\n")


def test_megabytes_of_output(say: Callable[..., Said]) -> None:
    """Of much output the end is kept."""
    source = """
    import sys
    sys.stdout.write("x" * 10_000_000 + "the end")
    def get_supported_configs():
        return [Config("arch", ["a"])]
    """
    said = say(source)
    assert said.features == (("arch", ("a",)),)
    assert said.output == "x" * (4000 - 7) + "the end"


def test_a_hanging_plugin(say: Callable[..., Said]) -> None:
    """After the time limit it is ended, and what it printed until then is there."""
    start = time.monotonic()
    said = say("import time; print('wait'); time.sleep(60)", time_limit=0.7)
    assert said == Said(problem="no answer within 0.7 s", output="wait\n")
    assert time.monotonic() - start < 5


def test_signals_do_not_keep_it(say: Callable[..., Said]) -> None:
    """A plugin that ignores every polite signal is ended too."""
    source = """
    import signal, time
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(60)
    """
    assert say(source, time_limit=0.7).problem == "no answer within 0.7 s"


FORKS = {
    "fork": "if not os.fork(): time.sleep(60)",
    "program": "import subprocess; subprocess.Popen(['sleep', '60'])",
    "group": "if not os.fork(): os.setpgid(0, 0); time.sleep(60)",
    "session": "import subprocess; subprocess.Popen(['sleep', '60'], start_new_session=True)",
    "daemon": "if not os.fork():\n    os.setsid()\n    if not os.fork(): time.sleep(60)\n"
    "    os._exit(0)",
}
ENDINGS = {
    "answers": "def get_supported_configs(): return [Config('arch', ['a'])]",
    "leaves": "os._exit(0)",
    "hangs": "time.sleep(60)",
}


def _marked(word: str) -> list[str]:
    """Return the processes that have a word in their environment and are no zombies."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return [command for command in found if command]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("fork", FORKS)
def test_children_that_stay(
    say: Callable[..., Said],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    fork: str,
    ending: str,
) -> None:
    """Nothing that a plugin started outlives it, in whatever group or session it is."""
    word = f"_TEST_OF_CHILDREN_{os.getpid()}_{tmp_path.name}"
    monkeypatch.setenv(word, "1")
    # The child first says that it is there; else it could be killed before it is counted.
    source = f"import os, time\n{FORKS[fork]}\ntime.sleep(0.1)\n{ENDINGS[ending]}"
    start = time.monotonic()
    said = say(source, time_limit=0.5)
    assert time.monotonic() - start < 5
    assert (said.problem is None) == (ending == "answers")
    deadline = time.monotonic() + 2
    while (left := _marked(word)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert left == []


# What a plugin does to its own process; the answer arrives nevertheless.
VANDALS = {
    "json": "import sys, types; sys.modules['json'] = types.ModuleType('json')",
    "json functions": "import json; json.dumps = json.loads = None",
    "folder": "import os; os.chdir('/')",
    "own folder": "import os, shutil; shutil.rmtree(os.getcwd())",
    "descriptors": "import os; os.closerange(0, 100)",
    "streams": "import sys; sys.stdout = sys.stderr = None",
    "arguments": "import sys; sys.argv.clear(); sys.path.clear()",
    "thread": "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()",
    "exit function": "import atexit, time; atexit.register(time.sleep, 60)",
    "environment": "import os; os.environ.clear()",
    "print": "import builtins; builtins.print = None",
}


@pytest.mark.parametrize("source", VANDALS.values(), ids=VANDALS)
def test_what_it_does_to_its_process(say: Callable[..., Said], source: str) -> None:
    """A plugin that breaks its own process still has its say, and only once."""
    start = time.monotonic()
    said = say(f"{source}\ndef get_supported_configs(): return [Config('arch', ['a'])]")
    assert said == Said((("arch", ("a",)),))
    assert time.monotonic() - start < 10


LOST = {
    "folder of the result": "import shutil; shutil.rmtree(os.path.dirname(sys.argv[2]))",
    "a folder in its place": "os.mkdir(sys.argv[2])",
}


@pytest.mark.parametrize("source", LOST.values(), ids=LOST)
def test_an_answer_that_cannot_be_written(say: Callable[..., Said], source: str) -> None:
    """Without a result there is a problem."""
    said = say(f"import os, sys\n{source}\ndef get_supported_configs(): return []")
    assert said.problem == "it ended without an answer (status 1)"


# What a plugin writes itself in place of the answer, and the problem.
FORGED = [
    pytest.param("", "Expecting value: line 1 column 1 (char 0)"),
    pytest.param("[]", "list indices must be integers or slices, not str"),
    pytest.param("{}", "'problem'"),
    pytest.param('{"problem": null}', "'features'"),
    pytest.param('{"problem": null, "features": 5}', "'int' object is not iterable"),
    pytest.param('{"problem": null, "features": {"ab": 1}}', "its values are no list"),
    pytest.param('{"problem": null, "features": [["a", "xy"]]}', "its values are no list"),
    pytest.param('{"problem": null, "features": [["a", [1]]]}', "1 is not a value"),
    pytest.param(
        '{"problem": null, "features": [["../x", ["1"]]]}', "'../x' is not the name of a feature"
    ),
    pytest.param('{"problem": null, "features": [["a", ["1"]]]}', "'namespace'"),
    pytest.param("[" * 100_000, None, id="nested deeply"),
    pytest.param("1" * 10_000, None, id="a long number"),
    pytest.param("\\xff\\xfe", None, id="no UTF-8"),
]


@pytest.mark.parametrize(("text", "problem"), FORGED)
def test_a_forged_answer(
    say: Callable[..., Said], tmp_path: Path, text: str, problem: str | None
) -> None:
    """A result that the plugin writes itself is believed as little as its answer."""
    (tmp_path / "forged").write_bytes(text.encode().decode("unicode_escape").encode("latin-1"))
    source = f"""
    import os, shutil, sys
    shutil.copyfile({str(tmp_path / "forged")!r}, sys.argv[2])
    os._exit(0)
    """
    said = say(source)
    assert said.problem is not None
    assert said.problem.startswith("its answer is not usable: ")
    if problem is not None:
        assert said.problem == f"its answer is not usable: {problem}"
    assert said.problem.isprintable()


@pytest.mark.skipif(sys.platform != "linux", reason="has no /etc/passwd or /dev/zero")
@pytest.mark.parametrize("target", ["/etc/passwd", "/dev/zero", "/nowhere"])
def test_a_result_that_is_a_link(say: Callable[..., Said], target: str) -> None:
    """A link in place of the result tells nothing of what it points to, and keeps nobody."""
    said = say(f"import os, sys; os.symlink({target!r}, sys.argv[2]); os._exit(0)")
    assert said.problem in {
        "it ended without an answer (status 0)",
        "its answer is not usable: Expecting value: line 1 column 1 (char 0)",
    }


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_huge_file(say: Callable[..., Said], tmp_path: Path) -> None:
    """No file that a plugin writes fills the disk."""
    source = f"""
    def get_supported_configs():
        with open({str(tmp_path / "huge")!r}, "wb", buffering=0) as file:
            file.seek(60 << 20)
            for _ in range(8):
                file.write(bytes(1 << 20))
        return []
    """
    assert say(source).problem == "OSError: [Errno 27] File too large"
    assert (tmp_path / "huge").stat().st_size == 1 << 26


def test_its_folder_alone_is_searched(say: Callable[..., Said], site: Path, tmp_path: Path) -> None:
    """Neither `.pth` files nor the packages of the interpreter nor the caller's variables count."""
    marker = tmp_path / "ran"
    (site / "evil.pth").write_text(f"import pathlib; pathlib.Path({str(marker)!r}).touch()\n")
    source = """
    import os, sys
    def get_supported_configs():
        names = [name for name in ("pip", "pytest", "pip_variants") if _imports(name)]
        return [Config("found", ["none", *names]), Config("flags", [str(sys.flags.isolated)])]
    def _imports(name):
        try:
            __import__(name)
        except ImportError:
            return False
        return True
    """
    assert say(source) == Said((("found", ("none",)), ("flags", ("1",))))
    assert not marker.exists()


def test_what_pip_was_told_is_not_its_business(
    say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables of pip, in which there may be passwords, are not handed on; others are."""
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:secret@x.test/simple/")
    monkeypatch.setenv("GPU_FORCED", "yes")
    source = """
    import os
    def get_supported_configs():
        print([name for name in os.environ if name.startswith("PIP")])
        return [Config("forced", [os.environ["GPU_FORCED"]])]
    """
    assert say(source) == Said((("forced", ("yes",)),), output="[]\n")


def test_nothing_is_left_behind(
    say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The plugin's folder for work and result is removed, whatever lies in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    source = "open('litter', 'w').close()\ndef get_supported_configs(): return []"
    assert say(source) == Said()
    assert say("import os; os._exit(1)").problem is not None
    assert [*folder.iterdir()] == []


def test_an_interpreter_that_cannot_be_started(
    say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where no child process can be started the plugin cannot be asked."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert say("") == Said(problem="it could not be started: No such file or directory")


def test_it_ticks(say: Callable[..., Said]) -> None:
    """Who waits is told now and then that it goes on."""
    ticks: list[str] = []
    said = say("import time; time.sleep(60)", tick=lambda: ticks.append("tick"), time_limit=0.5)
    assert said.problem == "no answer within 0.5 s"
    assert 2 <= len(ticks) <= 6


def test_the_time_limit_is_not_short() -> None:
    """Plugins that run a vendor's tool give it up to ten seconds, and some run two."""
    assert plugin.TIME_LIMIT >= 20
