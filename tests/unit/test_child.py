"""Child processes: exit status, output, time limit, and the end of all that they start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pip_variants.system import child
from tests.support.waiting import becomes, within

ROOT = Path(__file__).parents[2]
PYTHON = (sys.executable, "-I", "-S")

on_posix = pytest.mark.skipif(os.name != "posix", reason="only POSIX has process groups")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux hands over orphans")

Script = Callable[[str], tuple[str, ...]]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Return a function that writes a script and returns its path, as an argument."""

    def write(code: str) -> tuple[str, ...]:
        path = tmp_path / "script.py"
        path.write_text(code)
        return (str(path),)

    return write


@pytest.fixture
def word() -> str:
    """Return a file name of programs that no other test runs."""
    return f"sleep-{os.getpid()}-{time.monotonic_ns()}"


def running(word: str) -> list[str]:
    """Return the command lines with a word, of processes that are no zombies."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if word in command:
            found.append(command.replace("\0", " "))
    return found


@pytest.mark.parametrize(("code", "status"), [("pass", 0), ("raise SystemExit(7)", 7)])
def test_run_returns_the_exit_status(script: Script, code: str, status: int) -> None:
    """A process that ends within the time limit gives its exit status."""
    assert child.run(PYTHON, script(code), 30) == status


@on_posix
@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGTERM, signal.SIGKILL])
def test_status_names_the_signal_that_ended_the_script(
    script: Script, number: signal.Signals
) -> None:
    """As if nothing were between this process and the script."""
    code = f"import os; os.kill(os.getpid(), {number.value})"
    assert child.run(PYTHON, script(code), 30) == -number


def test_both_streams_go_to_the_output_file(script: Script, tmp_path: Path) -> None:
    """Stdout and stderr of the process are written to one file."""
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
    assert child.run(PYTHON, script(code), 30, output=tmp_path / "output") == 0
    assert (tmp_path / "output").read_text() == "out\nerr\n"


def test_result_is_standard_output_alone(script: Script, tmp_path: Path) -> None:
    """What goes to stderr is discarded."""
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
    with (tmp_path / "result").open("w+b") as file:
        assert child.run(PYTHON, script(code), 30, result=file) == 0
        file.seek(0)
        assert file.read() == b"out\n"


def test_standard_input_is_empty_for_the_child(script: Script) -> None:
    """The process cannot wait for input, because its standard input is empty."""
    assert child.run(PYTHON, script("import sys; sys.exit(len(sys.stdin.read()))"), 30) == 0


def test_folder_environment_and_mark_are_passed(script: Script, tmp_path: Path) -> None:
    """The process runs in the given folder, with the given variables and the mark."""
    code = (
        "import os, sys\n"
        "sys.exit(os.environ['A'] + os.environ['M'] + os.path.basename(os.getcwd()))\n"
    )
    output = tmp_path / "output"
    status = child.run(
        *(PYTHON, script(code), 30),
        output=output,
        folder=tmp_path,
        environ={"A": "1"},
        mark=("M", "2"),
    )
    assert status == 1
    assert output.read_text() == f"12{tmp_path.name}\n"


SEEN = {
    "arguments": ("sys.argv[1:]", "['a', '--b']"),
    "name": ("__name__, os.path.basename(__file__), __doc__", "__main__ script.py Text."),
    "module": ("sys.modules['__main__'].__file__ == __file__", "True"),
    "nothing of the guard": ("[name for name in globals() if name[0] != '_']", "['os', 'sys']"),
    "descriptors": ("sorted(map(int, os.listdir('/proc/self/fd')))[:4]", "[0, 1, 2, 3]"),
    "signals": ("__import__('signal').getsignal(17).name", "SIG_DFL"),
}


@on_linux
@pytest.mark.parametrize(("code", "expected"), SEEN.values(), ids=SEEN)
def test_script_sees_nothing_of_its_guard(
    script: Script, tmp_path: Path, code: str, expected: str
) -> None:
    """It is as if the interpreter ran it."""
    path = script(f'"""Text."""\nimport os, sys\nprint({code})\n')
    assert child.run(PYTHON, (*path, "a", "--b"), 30, output=tmp_path / "output") == 0
    assert (tmp_path / "output").read_text() == f"{expected}\n"


def test_folder_with_a_main_module_is_a_script_too(tmp_path: Path) -> None:
    """What pip calls its runnable path may be an archive."""
    (tmp_path / "__main__.py").write_text("import sys; sys.exit(int(sys.argv[1]))")
    assert child.run(PYTHON, (str(tmp_path), "9"), 30) == 9


# What a plugin does to live on; `{sleep}` is a program that sleeps.
ESCAPES = {
    "waits": "time.sleep(60)",
    "ignores signals": (
        "import signal\nfor n in (1, 2, 3, 15): signal.signal(n, signal.SIG_IGN)\ntime.sleep(60)"
    ),
    "closes everything": "os.closerange(0, 1000); time.sleep(60)",
    "program": "subprocess.Popen([{sleep!r}, '60']); time.sleep(60)",
    "session": "subprocess.Popen([{sleep!r}, '60'], start_new_session=True); time.sleep(60)",
    "orphan": "os.system('{sleep} 60 &'); time.sleep(60)",
    "daemon without environment": (
        "if not os.fork():\n"
        "    os.setsid()\n"
        "    if not os.fork(): os.execve({sleep!r}, [{sleep!r}, '60'], {{}})\n"
        "    os._exit(0)\n"
        "time.sleep(60)"
    ),
    "stops its guard": (
        "if not os.fork():\n"
        "    os.setsid()\n"
        "    os.execve({sleep!r}, [{sleep!r}, '60'], {{}})\n"
        "os.kill(os.getppid(), 19); time.sleep(60)"
    ),
    "family": (
        "for _ in range(3):\n"
        "    if not os.fork():\n"
        "        os.setsid()\n"
        "        subprocess.run([{sleep!r}, '60'])\n"
        "time.sleep(60)"
    ),
}


def escape(name: str, word: str, tmp_path: Path) -> str:
    """Return the code of a script that tries to live on; its processes have the word."""
    sleep = tmp_path / word
    if not sleep.exists():
        sleep.symlink_to("/bin/sleep")
    code = ESCAPES[name].format(sleep=str(sleep))
    return f"import os, subprocess, sys, time\n{code}\n"


@on_linux
@pytest.mark.parametrize("name", ESCAPES)
def test_time_limit_ends_all_that_a_script_started(
    script: Script, tmp_path: Path, word: str, name: str
) -> None:
    """In whatever process group or session, with whatever environment."""
    with within(20):
        assert child.run(PYTHON, (*script(escape(name, word, tmp_path)), word), 0.5) is None
    assert running(word) == []


@on_linux
@pytest.mark.parametrize("ending", ["os._exit(0)", "os.kill(os.getpid(), 9)", "os.abort()"])
def test_end_of_a_script_ends_all_that_it_started(
    script: Script, tmp_path: Path, word: str, ending: str
) -> None:
    """A daemon does not outlive its plugin."""
    code = escape("daemon without environment", word, tmp_path)
    code = code.replace("\ntime.sleep(60)", f"\ntime.sleep(0.2)\n{ending}")
    child.run(PYTHON, script(code), 30)
    assert running(word) == []


PARENT = """\
import os, sys, threading, time
sys.path.insert(0, {root!r})
from pip_variants.system import child
def start():
    child.run({python!r}, {script!r}, 300)
thread = threading.Thread(target=start)
thread.start()
{rest}
"""
# How the parent ends, after it has started the child in a thread.
DEATHS = {
    **{f"SIG{name}": f"os.kill(os.getpid(), signal.SIG{name})" for name in ("TERM", "KILL")},
    # What runs in the background of a shell ignores them.
    "SIGHUP": "signal.signal(1, signal.SIG_DFL); os.kill(os.getpid(), 1)",
    "SIGQUIT": (
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0));"
        " signal.signal(3, signal.SIG_DFL); os.kill(os.getpid(), 3)"
    ),
    "exit": "os._exit(1)",
    "other program": "os.execv('/bin/true', ['true'])",
    # Its fork has the lifeline, too.
    "fork lives on": "os.fork() or time.sleep(3); os.kill(os.getpid(), 9)",
}


@on_linux
@pytest.mark.parametrize(
    ("death", "name"),
    [
        *((death, "daemon without environment") for death in DEATHS),
        *(("SIGKILL", name) for name in ESCAPES),
    ],
)
def test_child_ends_with_its_parent(
    script: Script, tmp_path: Path, word: str, death: str, name: str
) -> None:
    """However the parent ends, within about a second, with all that the child started."""
    program = PARENT.format(
        root=str(ROOT),
        python=PYTHON,
        script=(*script(escape(name, word, tmp_path)), word),
        rest=(
            f"import resource, signal\nprint(flush=True); sys.stdin.readline()\n{DEATHS[death]}\n"
        ),
    )
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdin is not None
        parent.stdout.readline()
        sleeps = (3 if name == "family" else 1) if "{sleep" in ESCAPES[name] else 0
        # The words of the parent and of the guard are in their command lines, too.
        becomes(lambda: len(running(word)) > 2, True)
        becomes(lambda: len([w for w in running(word) if w.endswith(f"{word} 60 ")]), sleeps)
        parent.stdin.close()
        parent.wait(10)
        becomes(lambda: running(word), [])


@on_linux
@pytest.mark.parametrize(
    "guard", ["os.getppid()", "int(open(f'/proc/{os.getppid()}/stat').read().split()[-49])"]
)
def test_script_dies_with_a_guard_that_is_killed(
    script: Script, tmp_path: Path, word: str, guard: str
) -> None:
    """With all that it has started, whichever of the two guards it kills."""
    code = escape("daemon without environment", word, tmp_path)
    code = code.replace("time.sleep(60)", f"time.sleep(0.2); os.kill({guard}, 9); time.sleep(60)")
    with within(20):
        assert child.run(PYTHON, (*script(code), word), 30) == -signal.SIGKILL
    becomes(lambda: running(word), [])


@on_linux
@pytest.mark.parametrize("ending", ["time.sleep(60)", "sys.exit(5)"])
def test_elsewhere_an_interpreter_of_its_own_runs_the_script(
    script: Script, tmp_path: Path, word: str, ending: str
) -> None:
    """As on macOS: the process group is what ends with the parent."""
    guard = tmp_path / "guard.py"
    text = child._GUARD.read_text("utf-8")
    guard.write_text(text.replace("import os\n", "import os\nimport sys\nsys.platform = 'x'\n", 1))
    (tmp_path / word).symlink_to("/bin/sleep")
    code = f"import os, subprocess, sys, time\nsubprocess.Popen([{str(tmp_path / word)!r}, '60'])\n"
    path = script(f"{code}print(sys.argv[1:], os.getpgid(0) == os.getpid(), flush=True)\n{ending}")
    read, write = os.pipe()
    process = subprocess.Popen(
        [*PYTHON, guard, str(read), *path, word, "b"],
        pass_fds=(read,),
        stdout=subprocess.PIPE,
        text=True,
    )
    os.close(read)
    assert process.stdout is not None
    assert process.stdout.readline() == f"['{word}', 'b'] True\n"
    if "exit" not in ending:
        os.close(write)
    assert process.wait(10) == (5 if "exit" in ending else 1)
    if "exit" in ending:
        os.close(write)
    process.stdout.close()
    becomes(lambda: running(word), [])


@on_posix
def test_keyboard_interrupt_ends_the_child(script: Script, word: str) -> None:
    """An exception while the process runs, such as that of Ctrl-C, ends it."""

    def tick() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        child.run(PYTHON, (*script("import time; time.sleep(60)"), word), 30, tick=tick)
    assert running(word) == []


def test_what_a_script_prints_is_returned(script: Script) -> None:
    """Standard output alone, at once when the script ends."""
    code = "import sys; print('out'); print('err', file=sys.stderr)"
    assert child.printed(PYTHON, script(code), 30, os.environ) == b"out\n"


def test_script_that_prints_too_late_is_an_error(script: Script, word: str) -> None:
    """It is ended, too."""
    with pytest.raises(TimeoutError):
        child.printed(PYTHON, (*script("import time; time.sleep(60)"), word), 0.5, os.environ)
    assert running(word) == []


def test_missing_program_raises_os_error(tmp_path: Path) -> None:
    """A program that does not exist raises OSError, and nothing is left open."""
    open_files = Path("/proc/self/fd")
    before = len([*open_files.iterdir()]) if open_files.exists() else 0
    for _ in range(3):
        with pytest.raises(OSError, match="No such file"):
            child.run([str(tmp_path / "missing")], ["script.py"], 1)
    assert before in (0, len([*open_files.iterdir()]))


def test_fifo_in_place_of_a_script_is_an_error(tmp_path: Path) -> None:
    """An interpreter would wait for somebody to write to it."""
    os.mkfifo(tmp_path / "script.py")
    with pytest.raises(OSError, match="is no file"):
        child.run(PYTHON, [str(tmp_path / "script.py")], 30)


def test_guard_and_scripts_are_programs_on_their_own() -> None:
    """They are run by their paths, so they import nothing of the package."""
    for name in ("_guard.py", "_version.py", "_compile.py"):
        text = child._GUARD.with_name(name).read_text("utf-8")
        assert "pip_variants" not in text
        assert "from ." not in text
