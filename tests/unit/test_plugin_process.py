"""The child process of a plugin: output, time limit, isolation, and results that it forges."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pip_variants.system import interpreter
from tests.support.waiting import becomes, within
from tests.unit.plugin_cases import RETURNS_ARCH, PluginFolder
from tests.unit.provider_cases import failure, result

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads files of Linux")

NO_RESULT = "it exited without a result (status {})"


@pytest.fixture
def folder(tmp_path: Path) -> PluginFolder:
    """Return a folder with an installed plugin."""
    return PluginFolder(tmp_path / "site")


def test_printed_output_is_not_the_result(folder: PluginFolder) -> None:
    """Whatever a plugin and its children print is separate from the result."""
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
    assert folder.query(source) == result(("arch", ("a",)), output=expected)


def test_output_of_a_failed_plugin_is_returned(folder: PluginFolder) -> None:
    """The output of a plugin is also returned if it exits without a result."""
    found = folder.query("import os; print('last words'); os._exit(1)")
    assert found == failure(NO_RESULT.format(1), output="last words\n")


def test_only_end_of_long_output_is_returned(folder: PluginFolder) -> None:
    """Of megabytes of output the last 4000 characters are returned."""
    source = """
    import sys
    sys.stdout.write("x" * 10_000_000 + "the end")
    def get_supported_configs():
        return [Config("arch", ["a"])]
    """
    expected = "x" * (4000 - 7) + "the end"
    assert folder.query(source) == result(("arch", ("a",)), output=expected)


def test_hanging_plugin_is_killed_after_the_time_limit(folder: PluginFolder) -> None:
    """A plugin without a result within the time limit is killed; its output is returned."""
    with within(20):
        found = folder.query("import time; print('wait'); time.sleep(60)", time_limit=0.7)
    assert found == failure("no result within 0.7 s", output="wait\n")


def test_plugin_that_ignores_signals_is_killed(folder: PluginFolder) -> None:
    """A plugin that ignores SIGTERM, SIGINT and SIGHUP is killed too."""
    source = """
    import signal, time
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(60)
    """
    assert folder.query(source, time_limit=0.7) == failure("no result within 0.7 s")


FORKS = {
    "fork": "if not os.fork(): time.sleep(60)",
    "program": "import subprocess; subprocess.Popen(['sleep', '60'])",
    "group": "if not os.fork(): os.setpgid(0, 0); time.sleep(60)",
    "session": "import subprocess; subprocess.Popen(['sleep', '60'], start_new_session=True)",
    "daemon": "if not os.fork():\n    os.setsid()\n    if not os.fork(): time.sleep(60)\n"
    "    os._exit(0)",
}
ENDINGS = {
    "returns": RETURNS_ARCH,
    "exits": "os._exit(0)",
    "hangs": "time.sleep(60)",
}


def _marked(word: str) -> list[str]:
    """Return the processes, except zombies, with a word in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return [command for command in found if command]


@on_linux
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("fork", FORKS)
def test_processes_of_a_plugin_are_killed_with_it(
    folder: PluginFolder,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    fork: str,
    ending: str,
) -> None:
    """No process that a plugin starts outlives it, in whatever process group or session."""
    word = f"_TEST_OF_CHILDREN_{os.getpid()}_{tmp_path.name}"
    monkeypatch.setenv(word, "1")
    # The plugin waits until its child runs; it could be killed before it is counted.
    source = f"import os, time\n{FORKS[fork]}\ntime.sleep(0.1)\n{ENDINGS[ending]}"
    with within(20):
        found = folder.query(source, time_limit=0.5 if ending == "hangs" else 20)
    assert found.failed == (ending != "returns")
    becomes(lambda: _marked(word), [])


# What a plugin does to its own process, without effect on the result.
VANDALISM = {
    "module json": "import sys, types; sys.modules['json'] = types.ModuleType('json')",
    "functions of json": "import json; json.dumps = json.loads = None",
    "current folder": "import os; os.chdir('/')",
    "removed folder": "import os, shutil; shutil.rmtree(os.getcwd())",
    "file descriptors": "import os; os.closerange(0, 100)",
    "standard streams": "import sys; sys.stdout = sys.stderr = None",
    "arguments": "import sys; sys.argv.clear(); sys.path.clear()",
    "thread": "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()",
    "exit function": "import atexit, time; atexit.register(time.sleep, 60)",
    "environment": "import os; os.environ.clear()",
    "builtin print": "import builtins; builtins.print = None",
}


@pytest.mark.parametrize("source", VANDALISM.values(), ids=VANDALISM)
def test_damage_to_its_own_process_keeps_the_result(
    folder: PluginFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """A plugin that damages its own process still gives its result, and in time."""
    monkeypatch.chdir(tmp_path)
    with within(20):
        assert folder.query(f"{source}\n{RETURNS_ARCH}") == result(("arch", ("a",)))


UNWRITABLE = {
    "removed folder": "import shutil; shutil.rmtree(os.path.dirname(sys.argv[2]))",
    "folder of its name": "os.mkdir(sys.argv[2])",
    "link of its name": "os.symlink('elsewhere', sys.argv[2])",
}


@pytest.mark.parametrize("source", UNWRITABLE.values(), ids=UNWRITABLE)
def test_unwritable_result_is_a_failure(folder: PluginFolder, source: str) -> None:
    """If the file of the result cannot be written, there is no result."""
    found = folder.query(f"import os, sys\n{source}\ndef get_supported_configs(): return []")
    assert (found.failed, found.reason) == (True, NO_RESULT.format(1))


# The result that a plugin writes by itself, and the reason, if it does not depend on Python.
FORGED = [
    pytest.param("", "Expecting value: line 1 column 1 (char 0)"),
    pytest.param("[]", "list indices must be integers or slices, not str"),
    pytest.param("{}", "'problem'"),
    pytest.param('{"problem": null}', "'features'"),
    pytest.param('{"problem": null, "features": 5}', "'int' object is not iterable"),
    pytest.param('{"problem": null, "features": {"ab": 1}}', "its values are not a list"),
    pytest.param('{"problem": null, "features": [["a", "xy"]]}', "its values are not a list"),
    pytest.param('{"problem": null, "features": [["a", [1]]]}', "1 is not a value"),
    pytest.param(
        '{"problem": null, "features": [["../x", ["1"]]]}', "'../x' is not a feature name"
    ),
    pytest.param('{"problem": null, "features": [["a", ["1"]]]}', "'namespace'"),
    pytest.param("[" * 100_000, None, id="deeply nested"),
    pytest.param("1" * 10_000, None, id="long number"),
    pytest.param("\\xff\\xfe", None, id="not UTF-8"),
]


@pytest.mark.parametrize(("text", "reason"), FORGED)
def test_forged_result_is_checked_like_any_other(
    folder: PluginFolder, tmp_path: Path, text: str, reason: str | None
) -> None:
    """A result that the plugin writes by itself is checked as well."""
    (tmp_path / "forged").write_bytes(text.encode().decode("unicode_escape").encode("latin-1"))
    source = f"""
    import os, shutil, sys
    shutil.copyfile({str(tmp_path / "forged")!r}, sys.argv[2])
    os._exit(0)
    """
    found = folder.query(source)
    assert found.failed
    assert found.reason is not None
    assert found.reason.startswith("its result is not usable: ")
    if reason is not None:
        assert found.reason == f"its result is not usable: {reason}"
    assert found.reason.isprintable()


@on_linux
def test_result_is_not_written_through_a_link(folder: PluginFolder, tmp_path: Path) -> None:
    """A plugin that links it to a file and returns does not have that file overwritten by us."""
    (tmp_path / "precious").write_text("kept")
    source = f"import os, sys\nos.symlink({str(tmp_path / 'precious')!r}, sys.argv[2])\n"
    assert folder.query(f"{source}{RETURNS_ARCH}").failed
    assert (tmp_path / "precious").read_text() == "kept"


@on_linux
@pytest.mark.parametrize("target", ["/proc/self/status", "/dev/zero", "/nowhere"])
def test_link_as_result_reveals_nothing(folder: PluginFolder, target: str) -> None:
    """A link in place of the result does not show its target, and does not block."""
    found = folder.query(f"import os, sys; os.symlink({target!r}, sys.argv[2]); os._exit(0)")
    assert (found.failed, found.reason) == (True, NO_RESULT.format(0))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_size_of_files_of_a_plugin_is_limited(folder: PluginFolder, tmp_path: Path) -> None:
    """No file that a plugin writes can fill the disk."""
    source = f"""
    def get_supported_configs():
        with open({str(tmp_path / "huge")!r}, "wb", buffering=0) as file:
            file.seek(60 << 20)
            for _ in range(8):
                file.write(bytes(1 << 20))
        return []
    """
    assert folder.query(source) == failure("OSError: [Errno 27] File too large")
    assert (tmp_path / "huge").stat().st_size == 1 << 26


def test_plugin_imports_only_from_its_folder(folder: PluginFolder, tmp_path: Path) -> None:
    """Neither ``.pth`` files nor packages of the interpreter are used."""
    marker = tmp_path / "ran"
    (folder.site / "evil.pth").write_text(
        f"import pathlib; pathlib.Path({str(marker)!r}).touch()\n"
    )
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
    assert folder.query(source) == result(("found", ("none",)), ("flags", ("1",)))
    assert not marker.exists()


def test_plugin_does_not_see_variables_of_pip(
    folder: PluginFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables of pip, which may contain passwords, are not handed on; others are."""
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:secret@x.test/simple/")
    monkeypatch.setenv("GPU_FORCED", "yes")
    source = """
    import os
    def get_supported_configs():
        print([name for name in os.environ if name.startswith("PIP")])
        return [Config("forced", [os.environ["GPU_FORCED"]])]
    """
    assert folder.query(source) == result(("forced", ("yes",)), output="[]\n")


def test_interpreter_that_cannot_start_is_a_failure(
    folder: PluginFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """If no child process can be started, the plugin fails."""
    missing = str(tmp_path / "python")
    monkeypatch.setattr(interpreter, "command", lambda *arguments: [missing, *arguments])
    assert folder.query("") == failure("it could not be started: No such file or directory")


@pytest.mark.skipif(os.name != "posix", reason="the interpreter is a script for a shell")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("exit 3", "the Python interpreter did not start (exit status 3)"),
        ("sleep 60", "the Python interpreter did not start within 0.5 s"),
    ],
)
def test_failing_interpreter_is_not_blamed_on_the_plugin(
    folder: PluginFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, reason: str
) -> None:
    """If the script never ran, the plugin is not what failed."""
    program = tmp_path / "python3"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    monkeypatch.setattr(interpreter, "command", lambda *arguments: [str(program), *arguments])
    assert folder.query("", time_limit=0.5) == failure(reason)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc says what runs this process")
def test_embedded_python_runs_no_plugin(
    folder: PluginFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An application that embeds Python is not started a second time."""
    for name in ("executable", "_base_executable"):
        monkeypatch.setattr(sys, name, "/opt/editor/editor", raising=False)
    monkeypatch.setattr(interpreter, "_running", lambda: "/opt/editor/editor")
    reason = "there is no Python interpreter to start: '/opt/editor/editor' is not this Python"
    assert folder.query("") == failure(f"it could not be started: {reason}")


def test_caller_is_called_while_a_plugin_runs(folder: PluginFolder) -> None:
    """The caller's function is called several times a second while the plugin runs."""
    ticks: list[str] = []
    found = folder.query(
        "import time; time.sleep(60)", tick=lambda: ticks.append("tick"), time_limit=1
    )
    assert found == failure("no result within 1 s")
    assert 2 <= len(ticks) <= 11
