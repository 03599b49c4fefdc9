"""The oracle of whole runs of pip can fail: each promise is broken once, and the oracle sees it."""

from __future__ import annotations

import os
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from attacks.family import case_rng
from attacks.runs import oracle
from attacks.runs.cases import Folders
from attacks.runs.damages import damage
from attacks.runs.hostile_options import random_options, random_platform, random_variables
from attacks.runs.hostile_text import mutated_html, mutated_json
from attacks.runs.pip_runs import Outcome, PipProcess, Run, environ_of
from attacks.runs.plugin_faults import random_plugin
from attacks.runs.server_faults import random_rules
from attacks.runs.universes import write_universe
from attacks.runs.wheel_faults import mutated_wheel

from pip_variants.providers import plugin

GOOD = Outcome(0, b"Would install proj0-1.0\n", b"", 0.1, 1 << 20)
TRACE = b'Traceback (most recent call last):\n  File "/x/site-packages/pip/a.py", line 3, in f\n'

ENDS = {
    "well": (GOOD, []),
    "with a warning and an error": (Outcome(1, b"", b"ERROR: no\n", 0, 0), []),
    "as pip ends for a wrong variable": (
        Outcome(3, b"An error occurred during configuration: x\n", b"", 0, 0),
        [],
    ),
    "not": (Outcome(None, b"", b"", 20, 0), ["it did not end in time"]),
    "by a signal": (Outcome(-11, b"", b"ERROR: x\n", 0, 0), ["its exit status was -11"]),
    "with another status": (Outcome(3, b"", b"ERROR: x\n", 0, 0), ["its exit status was 3"]),
    "with the answer that nothing fits": (
        Outcome(1, b"x from y\nSelected: nothing fits\n", b"", 0, 0),
        [],
    ),
    "with that answer in JSON": (Outcome(1, b'{\n  "selected": null\n}', b"", 0, 0), []),
    "without a word": (
        Outcome(1, b"Looking in indexes\n", b"", 0, 0),
        ["it failed without an error"],
    ),
    "with too much memory": (
        Outcome(0, b"", b"", 0, (300 << 20) + 1),
        ["more than 300 MiB of memory were taken"],
    ),
    "with a process left": (
        Outcome(0, b"", b"", 0, 0, ("sleep 60",)),
        ["a process was left running"],
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_how_a_run_ends(case: str) -> None:
    """Only with a known status, in time, with an error if it failed, and alone."""
    outcome, expected = ENDS[case]
    assert [*oracle.ended_badly(outcome)] == expected


PRINTED: dict[str, tuple[bytes, list[str]]] = {
    "text": ("Collecting é\n\r\tx\n".encode(), []),
    "traceback": (
        TRACE + b"ValueError: x\n",
        ["out has 'Traceback (most recent call last)' in pip/a.py:f, ValueError"],
    ),
    "traceback of a plugin": (b"  gpu-provider: 'Traceback (most recent call last):'\n", []),
    "logging": (b"--- Logging error ---\n", ["out has '--- Logging error ---'"]),
    "unraisable": (b"Exception ignored in: x\n", ["out has 'Exception ignored in'"]),
    "escape": (b"a \x1b[31m\n", ["out has raw '\\x1b'"]),
    "bell": (b"\x07", ["out has raw '\\x07'"]),
    "C1": ("\x9b2J".encode(), ["out has raw '\\x9b'"]),
    "bidi": ("\u202e".encode(), ["out has raw RIGHT-TO-LEFT OVERRIDE"]),
    "no UTF-8": (b"\xff", ["out is not UTF-8"]),
    "a long line": (b"x" * 10_001, ["out has a line of more than 10,000 characters"]),
    "very much": (b"x\n" * (1 << 20), ["out has more than 1 MiB"]),
    "traceback that -v shows": (
        b"ERROR: Could not install packages due to an OSError.\n" + TRACE,
        [],
    ),
    "traceback before it": (
        TRACE + b"ValueError: x\nERROR: Could not install packages due to an OSError.\n",
        ["out has 'Traceback (most recent call last)' in pip/a.py:f, ValueError"],
    ),
    "a file that grew": (b"OSError: File too large\n", ["out: a file grew beyond the limit"]),
    "a file that is not read": (b"ERROR: 'x' cannot be read: File too large\n", []),
    "a file that is ignored": (b"WARNING: Ignoring the x of y 1.0: File too large\n", []),
}


@pytest.mark.parametrize("case", PRINTED)
def test_what_a_run_prints(case: str) -> None:
    """Text that does nothing to a terminal, no traceback, and not too much of it."""
    output, expected = PRINTED[case]
    assert [*oracle.printed_badly(output, "out")] == expected


def _large(folders: Folders) -> None:
    with (folders.cache / "large").open("wb") as file:
        file.truncate(oracle.MOST_DISK + 1)


def _link(folders: Folders) -> None:
    (folders.root / "beside").unlink()
    (folders.root / "beside").symlink_to("home")


WRITES: dict[str, tuple[Callable[[Folders], object], list[str]]] = {
    "nothing": (lambda _: None, []),
    "its cache": (lambda at: (at.cache / "x").write_bytes(b"x"), []),
    "its output": (lambda at: (at.out / "x").write_bytes(b"x"), []),
    "beside it": (
        lambda at: (at.root / "new").write_bytes(b""),
        ["a path outside was written: new"],
    ),
    "where it runs": (
        lambda at: (at.work / "new").mkdir(),
        ["a path outside was written: work"],
    ),
    "another file": (
        lambda at: (at.root / "home/secret").write_bytes(b"y = 2\n"),
        ["a path outside was changed: home"],
    ),
    "another mode": (
        lambda at: (at.root / "beside").chmod(0o777),
        ["a path outside was changed: beside"],
    ),
    "a removal": (lambda at: (at.work / "mine.py").unlink(), ["a path outside was removed: work"]),
    "a link in place": (
        _link,
        ["a path outside was changed: beside"],
    ),
    "outside of all": (lambda _: oracle.OUTSIDE.touch(), [f"{oracle.OUTSIDE} was written"]),
    "much": (_large, ["more than 64 MiB were written"]),
    "temporary files": (
        lambda at: (at.temporary / "pip-x").mkdir(),
        ["something was left in the temporary folder"],
    ),
}


@pytest.mark.parametrize("case", WRITES)
def test_what_a_run_writes(tmp_path: Path, case: str) -> None:
    """Nothing outside of its cache and of what it is to write, and nothing temporary remains."""
    write, expected = WRITES[case]
    folders = Folders(tmp_path / "case")
    folders.make()
    (folders.temporary / "there before").touch()
    places = folders.places()
    before, temporary = oracle.listing(places), places.in_temporary()
    write(folders)
    sizes = (0, oracle.size_of([folders.root]))
    assert [*oracle.problems(GOOD, places, before, temporary, sizes)] == expected


def test_another_choice_needs_a_warning_that_was_not_there_before() -> None:
    """What is printed without the fault, too, explains nothing."""
    same, other = ("proj0-1.0",), ("proj0-2.0",)
    warned = Outcome(0, b"", b"WARNING: the metadata of proj0 is not valid\n", 0, 0)
    assert oracle.chosen_otherwise(GOOD, same, GOOD, same) is None
    assert oracle.chosen_otherwise(GOOD, other, GOOD, same) == "another choice without a word"
    assert oracle.chosen_otherwise(warned, other, GOOD, same) is None
    assert oracle.chosen_otherwise(warned, other, warned, same) == "another choice without a word"


FAKE_PIPS = {
    "prints and exits": ("import sys; print('x'); print('y', file=sys.stderr); sys.exit(2)", 2, 0),
    "raises": ("raise ValueError", 1, 0),
    "is killed": ("import os; os.kill(os.getpid(), 9)", -9, 0),
    "leaves a child": ("import subprocess; subprocess.Popen(['sleep', '50'])", 0, 1),
    "leaves one in another session": (
        "import subprocess; subprocess.Popen(['sleep', '50'], start_new_session=True, env={})",
        0,
        1,
    ),
    "waits for its child": ("import subprocess; subprocess.run(['true'])", 0, 0),
}


@pytest.fixture(scope="module")
def fake_pip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipProcess]:
    """Return a process whose pip runs the source that it is given as its argument."""
    root = tmp_path_factory.mktemp("fake-pip")
    venv.create(root / "venv")
    (site,) = (root / "venv").glob("lib/python*/site-packages")
    (site / "pip/_internal/cli").mkdir(parents=True)
    for name in ("pip", "pip/_internal", "pip/_internal/cli"):
        (site / name / "__init__.py").touch()
    (site / "pip/_internal/cli/main.py").touch()
    (site / "pip/__main__.py").write_text("import sys\nexec(sys.argv[1])\n", encoding="utf-8")
    process = PipProcess(root / "venv/bin/python", root / "output")
    yield process
    process.close()


@pytest.mark.parametrize("case", FAKE_PIPS)
def test_a_forked_run_is_observed(fake_pip: PipProcess, tmp_path: Path, case: str) -> None:
    """Its status, both its outputs, and what it leaves running in whatever session."""
    source, status, left = FAKE_PIPS[case]
    run = Run((source,), tmp_path, environ_of(tmp_path, tmp_path, tmp_path))
    outcome = fake_pip.run(run)
    assert (outcome.status, len(outcome.left)) == (status, left)
    if status == 2:
        assert (outcome.stdout, outcome.stderr) == (b"x\n", b"y\n")


def test_a_forked_run_has_its_limits(fake_pip: PipProcess, tmp_path: Path) -> None:
    """Its memory is measured, and no file grows without end."""
    environ = environ_of(tmp_path, tmp_path, tmp_path)
    memory = fake_pip.run(Run(("x = bytearray(b'x' * (301 << 20))",), tmp_path, environ)).memory
    assert memory > oracle.MOST_MEMORY
    file = "open('x', 'wb').write(b'x' * (33 << 20))"
    assert b"File too large" in fake_pip.run(Run((file,), tmp_path, environ)).stderr


def test_modes_hold_in_a_forked_run_of_root(fake_pip: PipProcess, tmp_path: Path) -> None:
    """A file that nobody may read cannot be read."""
    (tmp_path / "secret").touch(mode=0)
    run = Run(("open('secret')",), tmp_path, environ_of(tmp_path, tmp_path, tmp_path))
    assert b"PermissionError" in fake_pip.run(run).stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may write everywhere")
def test_files_of_the_machine_are_safe_from_a_forked_run_of_root(
    fake_pip: PipProcess, tmp_path: Path
) -> None:
    """It writes in its folder, but neither a file of the machine nor the mode of a device."""
    environ = environ_of(tmp_path, tmp_path, tmp_path)
    for act in ("open('/attacked', 'w')", "os.chmod('/dev/null', 0o666)"):
        source = f"import os; open('mine', 'w'); {act}"
        assert b"Read-only file system" in fake_pip.run(Run((source,), tmp_path, environ)).stderr
    assert (tmp_path / "mine").exists()


def test_damage_does_not_reach_what_a_link_leads_to(tmp_path: Path) -> None:
    """Not even if the folder itself became a link before."""
    (tmp_path / "others").mkdir()
    (tmp_path / "others/file").write_text("kept")
    (tmp_path / "folder").symlink_to("others")
    for case in range(30):
        damage(case_rng(18, "damage", case), [tmp_path / "folder"], tmp_path / "outside")
    assert [path.read_text() for path in (tmp_path / "others").iterdir()] == ["kept"]


def test_the_time_limit_of_plugins_can_be_another_one() -> None:
    """`pip_process.py` replaces this default, or each plugin that sleeps would take it all."""
    assert (plugin.query.__kwdefaults__ or {}).get("time_limit") == plugin.TIME_LIMIT


GENERATORS: dict[str, Callable[[Random], object]] = {
    "rules": lambda rng: [*map(str, random_rules(rng))],
    "options": random_options,
    "variables": random_variables,
    "platform files": random_platform,
    "plugins": random_plugin,
    "JSON": lambda rng: mutated_json(rng, b'{"files": [{"filename": "x"}], "a": {"b": [1]}}'),
    "pages": lambda rng: mutated_html(rng, b'<a href="x-1-py3-none-any.whl#sha256=0">x</a>\n' * 3),
}


@pytest.mark.parametrize("name", GENERATORS)
def test_a_case_can_be_repeated_and_cases_differ(name: str) -> None:
    """The same number draws the same case."""
    draw = GENERATORS[name]
    cases, again = ([draw(case_rng(1, name, number)) for number in range(50)] for _ in "ab")
    assert cases == again
    assert len({*map(repr, cases)}) > 15


def test_universes_and_wheels_can_be_repeated(tmp_path: Path) -> None:
    """The same number makes the same files."""
    files = [write_universe(tmp_path / name, 1).files() for name in ("one", "other")]
    assert files[0] == files[1]
    wheel = next(data for path, data in files[0].items() if path.endswith(".whl"))
    first, again = (
        [mutated_wheel(case_rng(1, "wheel", number), wheel) for number in range(40)] for _ in "ab"
    )
    assert first == again
    assert len({*first}) > 30
