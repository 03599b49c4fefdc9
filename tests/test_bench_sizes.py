"""The benchmark with real sizes: its wheels, its servers, what it measures, and its tables."""

from __future__ import annotations

import base64
import csv
import hashlib
import http.client
import io
import json
import os
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bench.sizes import nginx, tables
from bench.sizes.content import END, make_block, make_modules
from bench.sizes.file_server import FileServer
from bench.sizes.goals import outcomes
from bench.sizes.index import LABEL, LABELS, MB, PROJECTS, TORCH, SizedIndex, made_index
from bench.sizes.installed import File, differing
from bench.sizes.installers import Installer, copy_environment
from bench.sizes.rows import ROWS, Result, Workspace, _check_label, break_after
from bench.sizes.usage import Usage, run
from bench.sizes.wheel import write_variant
from bench.tools import BenchError

from tests.support.stand_in import dump, write_wheel
from tests.support.venvs import THIS_PYTHON, Venv

SIZE = 2
"""Megabytes of the wheels that are made here."""
BY_KEY = {row.key: row for row in ROWS}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> SizedIndex:
    """Return an index of small made wheels."""
    return made_index(tmp_path_factory.mktemp("sizes"), SIZE)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FileServer]:
    """Serve a file of ten bytes."""
    (tmp_path / "ten").write_bytes(b"0123456789")
    with FileServer(tmp_path) as server:
        yield server


def fetch(url: str, path: str, **headers: str) -> tuple[int, str, bytes]:
    """Return status, entity tag and body of a request."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request(
            "GET", path, headers={key.replace("_", "-"): headers[key] for key in headers}
        )
        with connection.getresponse() as response:
            try:
                body = response.read()
            except http.client.IncompleteRead as error:
                body = error.partial
            return response.status, response.headers["ETag"] or "", body
    finally:
        connection.close()


def test_blocks_in_any_order_are_one_stream_that_compresses_like_a_library() -> None:
    """Nothing behind a full flush refers to what is before it; the ratio is that of libraries."""
    one, two = make_block(1, 200_000), make_block(2, 200_000)
    stream = two.deflated + one.deflated + one.deflated + END
    assert zlib.decompress(stream, -zlib.MAX_WBITS) == two.data + one.data + one.data
    assert 0.55 < len(one.deflated) / len(one.data) < 0.65
    assert make_block(1, 200_000) == one


def test_modules_compile() -> None:
    """The modules are Python, and the same every time."""
    modules = make_modules(1, 3)
    assert len(modules) == 3
    for name, source in modules.items():
        compile(source, name, "exec")
    assert make_modules(1, 3) == modules


def recorded_wrongly(wheel: Path) -> set[str]:
    """Return the names of the files that are not in the wheel as its RECORD says."""
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        contents = {name: archive.read(name) for name in archive.namelist()}
    (record,) = (name for name in contents if name.endswith(".dist-info/RECORD"))
    rows = {tuple(row) for row in csv.reader(io.StringIO(contents.pop(record).decode()))}
    expected = {(record, "", "")}
    for name, data in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        expected.add((name, f"sha256={digest}", str(len(data))))
    return {str(row[0]) for row in rows ^ expected}


def test_made_wheels_are_valid_and_have_the_size_that_was_asked_for(index: SizedIndex) -> None:
    """Every wheel has the files of its RECORD; a second call finds the same index."""
    wheels = sorted((index.root / "files").glob("*.whl"))
    assert len(wheels) == len(PROJECTS) + len(LABELS)
    assert [recorded_wrongly(wheel) for wheel in wheels] == [set()] * len(wheels)
    assert index.total == pytest.approx(SIZE * MB, rel=0.3)
    times = [wheel.stat().st_mtime_ns for wheel in wheels]
    assert made_index(index.root.parent, SIZE) == index
    assert [wheel.stat().st_mtime_ns for wheel in wheels] == times


def test_plain_wheel_becomes_a_variant(tmp_path: Path) -> None:
    """The variant has the same entries, its metadata, and a RECORD of both."""
    files = {"x-1.dist-info/licenses/NOTICE": b"behind RECORD" * 99}
    plain = write_wheel(tmp_path, "x-1-py3-none-any.whl", files=files)
    variant = tmp_path / "x-1-py3-none-any-cu128.whl"
    write_variant(variant, plain, dump({"variants": {"cu128": {}}}))
    assert recorded_wrongly(variant) == set()
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(variant) as new:
        assert {*new.namelist()} - {*old.namelist()} == {"x-1.dist-info/variant.json"}
        assert len(new.namelist()) == len(old.namelist()) + 1


def test_server_sends_ranges_of_an_unchanged_file(server: FileServer, tmp_path: Path) -> None:
    """With If-Range a range is sent only while the entity tag is the same."""
    status, tag, body = fetch(server.url, "/ten")
    assert (status, tag[0], body) == (200, '"', b"0123456789")
    assert fetch(server.url, "/ten", Range="bytes=-3") == (206, tag, b"789")
    assert fetch(server.url, "/ten", Range="bytes=8-", If_Range=tag) == (206, tag, b"89")
    assert fetch(server.url, "/ten", Range="bytes=8-", If_Range='"x"') == (200, tag, body)
    assert fetch(server.url, "/ten", Range="bytes=10-")[0] == 416
    assert fetch(server.url, "/../ten.txt")[0] == 404
    (tmp_path / "ten").write_bytes(b"other")
    assert fetch(server.url, "/ten", Range="bytes=3-", If_Range=tag)[2] == b"other"
    seen = [(request.status, request.sent) for request in server.requests]
    assert seen == [(200, 10), (206, 3), (206, 2), (200, 10), (416, 0), (404, 0), (200, 5)]


def test_line_breaks_after_a_number_of_bytes_of_each_body(server: FileServer) -> None:
    """The rest comes with a request for it; the log has what was sent."""
    server.break_after = 4
    assert fetch(server.url, "/ten")[2] == b"0123"
    assert fetch(server.url, "/ten", Range="bytes=4-")[2] == b"4567"
    assert fetch(server.url, "/ten", Range="bytes=8-")[2] == b"89"
    assert [request.sent for request in server.requests] == [4, 4, 2]


def test_all_connections_share_the_rate_of_a_line(tmp_path: Path) -> None:
    """Two downloads side by side take as long as one after the other."""
    (tmp_path / "file").write_bytes(bytes(1_000_000))
    with FileServer(tmp_path, rate=10_000_000) as server:
        clients = [threading.Thread(target=fetch, args=(server.url, "/file")) for _ in range(2)]
        start = time.perf_counter()
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert 0.19 < time.perf_counter() - start < 10


@pytest.mark.skipif(nginx.PROGRAM is None, reason="there is no nginx")
def test_nginx_serves_and_logs(server: FileServer, tmp_path: Path) -> None:
    """Its answers are those of the project's own server, and its log is read."""
    with nginx.serving(server.root, tmp_path / "nginx") as found:
        status, tag, body = fetch(found.url, "/ten", Range="bytes=1-3")
        assert (status, tag[0], body) == (206, '"', b"123")
        (request,) = found.requests
    assert (request.method, request.path, request.status, request.sent) == ("GET", "/ten", 206, 3)


def test_usage_is_of_the_command_and_its_children_alone(tmp_path: Path) -> None:
    """The memory of this process does not count; a file in TMPDIR does while it is there."""
    ballast = bytearray(os.urandom(1000)) * 300_000
    code = (
        "import os, sys, subprocess, tempfile, time\n"
        "with tempfile.NamedTemporaryFile() as file:\n"
        "    file.write(bytes(3_000_000)); file.flush()\n"
        "    code = 'b = bytearray(60_000_000); [x * x for x in range(2_000_000)]'\n"
        "    subprocess.run([sys.executable, '-c', code])\n"
        "    time.sleep(0.3)\n"
        "print('done')\n"
    )
    usage = run([sys.executable, "-c", code], {**os.environ}, tmp_path)
    assert (usage.status, usage.output) == (0, "done\n")
    assert 60_000_000 < usage.largest < 200_000_000 < len(ballast)
    assert usage.temporary == pytest.approx(3_000_000, rel=0.01)
    assert 0.01 < usage.cpu < usage.seconds + 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["output.txt", "tmp", "usage.json"]


def test_pip_and_ours_install_the_same_files(
    index: SizedIndex,
    stock: Callable[[str], Venv],
    patched: Callable[[str], Venv],
    tmp_path: Path,
) -> None:
    """Contents, RECORD and modes are the same; every figure is there."""
    plain = Installer("pip", "plain", stock(THIS_PYTHON).root)
    ours = Installer("ours", "variants", patched(THIS_PYTHON).root)
    with FileServer(index.root) as server:
        workspace = Workspace(tmp_path, {"loopback": server})
        runs = [workspace.run(BY_KEY["install"], tool, compare=True) for tool in (plain, ours)]
        with pytest.raises(BenchError, match=f"(?s)pip fails in row install:.*{TORCH}"):
            workspace.run(BY_KEY["install"], Installer("pip", "variants", plain.template))
    reference, found = (result.files for result in runs)
    assert differing(reference, found, modes=True) == []
    assert len([name for name in found if name.endswith(".py")]) > len(PROJECTS)
    assert found["../../../bin/torch-run"].mode == 0o755
    for result in runs:
        usage = result.usage
        assert min(usage.seconds, usage.cpu, usage.largest, usage.temporary, result.cache) > 0
        # Ours reads the end of each wheel, up to 128 KiB, before it downloads the whole.
        ends = 0 if result is runs[0] else len(index.sizes) * 128 * 1024
        assert 0.98 * index.total <= result.sent <= 1.02 * index.total + ends
        assert result.requests >= 2 * len(PROJECTS)
    assert [*tmp_path.iterdir()] == []


def test_other_label_than_the_best_is_an_error(tmp_path: Path) -> None:
    """What is installed is checked by the label in its metadata."""
    ours = Installer("ours", "variants", tmp_path)
    metadata = tmp_path / f"{TORCH}-2.8.0.dist-info" / "variant.json"
    metadata.parent.mkdir()
    metadata.write_bytes(dump({"variants": {LABEL: {}}}))
    _check_label(ours, tmp_path)
    metadata.write_bytes(dump({"variants": {"cu126": {}}}))
    with pytest.raises(BenchError, match=f"ours does not install {TORCH}-{LABEL}"):
        _check_label(ours, tmp_path)


def test_copy_of_an_environment_shares_no_file_that_is_written_to(
    stock: Callable[[str], Venv], tmp_path: Path
) -> None:
    """Packages are hard links; scripts and the configuration are copies."""
    template = stock(THIS_PYTHON)
    copy_environment(template.root, tmp_path / "copy")
    copied = Venv(tmp_path / "copy")
    assert (copied.root / "pyvenv.cfg").stat().st_nlink == 1
    assert (copied.site / "pip" / "__init__.py").stat().st_nlink > 1
    assert copied.run("-c", "import sys; print(sys.prefix)").strip() == str(copied.root)


def result(seconds: float, *, status: int = 0, output: str = "", mode: int = 0o644) -> Result:
    """Return a run with made-up figures."""
    usage = Usage(status, seconds, 1.5, 50 * MB, 250 * MB, 30 * MB, output)
    return Result(usage, 40 * MB, 20, 10 * MB, {"a.py": File(("sha256=x", "1"), "y", mode)})


INDEX = SizedIndex(Path(), {"a": 10 * MB, "b": 20 * MB, "c": 5 * MB, "d": 5 * MB})


def test_targets_are_ratios_within_a_round_or_limits() -> None:
    """A row has the outcomes of ours; what was not measured has none, what failed is missed."""
    runs = {"pip 25.1.1": [result(10), result(20)], "ours 1.0.0": [result(4), result(8)]}
    found = [
        (item.goal.text, item.value, item.verdict) for item in outcomes("install", runs, INDEX)
    ]
    assert found == [
        ("of the time of stock", 0.4, "met"),
        ("peak of the memory, MB", 250.0, "missed"),
    ]
    (line,) = outcomes("line", runs, INDEX)
    assert line.value == pytest.approx(6 / 0.4)
    (kept,) = outcomes("no-cache", runs, INDEX)
    assert kept.value == pytest.approx(30 / 35)
    runs["ours 1.0.0"].append(result(1, status=1))
    assert [item.value for item in outcomes("broken", runs, INDEX)] == [None]


def test_table_has_every_figure_and_the_reason_of_a_failure() -> None:
    """Medians, peaks, whether the files are the same; a failure has its last line."""
    runs = {
        "pip": [result(2)],
        "ours": [result(3, mode=0o755)],
        "uv": [result(1, status=2, output="first\nno | line\n")],
    }
    lines = tables.row_table(BY_KEY["broken"], runs).splitlines()
    assert lines[0].startswith("| install, a line that breaks, rounds: 1 | wall, s | CPU, s | peak")
    assert lines[2:] == [
        "| pip | 2.00 | 1.50 | 50 | 250 | 30.0 | 10.0 | 40.0 | 20 | 1, same |",
        "| ours | 3.00 | 1.50 | 50 | 250 | 30.0 | 10.0 | 40.0 | 20 | 1, 1 modes differ |",
        "| uv | 1.00 |  |  |  |  |  | 40.0 | 20 | fails: no / line |",
    ]
    assert json.dumps(tables.as_json({BY_KEY["broken"]: runs}, INDEX))
    assert break_after(INDEX) == 4 * MB
