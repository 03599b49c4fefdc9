"""What a lock gets about its variants, and where the locks of several platform files go."""

from __future__ import annotations

import hashlib
import os
from optparse import Values
from pathlib import Path

import pytest
from pip._vendor import tomli, tomli_w

from pip_variants.core.errors import RequestError
from pip_variants.formats.variant_json import read_variant_json
from pip_variants.pip_adapter.links import Choice, VariantLink, variant_link
from pip_variants.pip_adapter.lock_file import outputs, with_variants
from pip_variants.pip_adapter.run_state import RunState
from tests.unit.adapter.edge import (
    GPU_JSON,
    OTHER_PAGE,
    Json,
    chosen,
    dump,
    link_to,
    logged,
    only,
    requirement,
    run_state,
    torch_links,
    wheel_name,
    wheel_of,
)

HASHES = {"sha256": "0" * 64}
SELECTED = {"name": "selected.whl", "url": "https://example.org/selected.whl", "hashes": HASHES}
PLAIN = {"name": "plain", "version": "1.0", "wheels": [{**SELECTED, "name": "plain.whl"}]}


def for_all() -> RunState:
    """Return the state of a run that locks every label."""
    state = run_state(machine=None)
    state.options.lock_variants = "all"
    return state


def locked(state: RunState, link: VariantLink, path: Path | None = None) -> Json:
    """Return the entry of torch in a lock with this file."""
    before = {
        "lock-version": "1.0",
        "created-by": "pip",
        "packages": [PLAIN, {"name": "torch", "version": "2.8.0", "wheels": [SELECTED]}],
    }
    req = requirement(link=link)
    req.local_file_path = str(path) if path is not None else None
    plain = requirement("plain", link_to(wheel_name(None, "1.0", "plain")))
    after = tomli.loads(with_variants(state, tomli_w.dumps(before), [plain, req]))
    torch: Json = after["packages"].pop()
    assert {**after, "packages": [*after["packages"], before["packages"][1]]} == before
    return torch


def test_lock_for_this_machine_has_the_document_of_the_chosen_label() -> None:
    """The wheel stays as pip has it; of the other labels nothing is there."""
    state = run_state()
    found = locked(state, chosen(state, torch_links("slow", "fast", "null", None)))
    assert found == {
        "name": "torch",
        "version": "2.8.0",
        "wheels": [SELECTED],
        "variants-json": only("fast"),
    }


def test_lock_without_a_variant_is_unchanged() -> None:
    """A plain wheel of a project with variants needs no document."""
    state = run_state(machine={})
    assert "variants-json" not in locked(state, chosen(state, torch_links("fast", None)))


def test_lock_of_every_label_has_their_wheels_with_hashes(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """One without a hash is left out, but one on a disk is hashed, and the sdist is no wheel.

    A wheel of another source is not in the lock: its label may mean something else.
    """
    caplog.set_level("INFO")
    arrived = tmp_path / "arrived.whl"
    arrived.write_bytes(b"wheel")
    links = [
        link_to(wheel_name("slow"), hashes={"sha256": "AB" * 32, "sha3": "00", "md5": "11" * 16}),
        link_to(wheel_name("new")),
        link_to(wheel_name("fast")),
        link_to(wheel_name("null")),
        link_to(wheel_name(None), hashes=HASHES),
        link_to("torch-2.8.0.tar.gz", hashes=HASHES),
        link_to(wheel_name("null"), hashes=HASHES, page=OTHER_PAGE, host="other.example.org"),
    ]
    state = for_all()
    state.wheels.arrived[f"https://example.org/files/{wheel_name('null')}"] = arrived
    found = locked(state, chosen(state, links))
    assert found["wheels"] == [
        {"name": wheel_name("slow"), "url": url(wheel_name("slow")), "hashes": HASHES},
        {
            "name": wheel_name("null"),
            "url": url(wheel_name("null")),
            "hashes": {"sha256": hashlib.sha256(b"wheel").hexdigest()},
        },
        {"name": wheel_name(None), "url": url(wheel_name(None)), "hashes": HASHES},
    ]
    variants = GPU_JSON["variants"]
    assert isinstance(variants, dict)
    kept = {label: variants[label] for label in ("null", "slow")}
    assert found["variants-json"] == {**GPU_JSON, "variants": kept}
    assert logged(caplog) == [
        (
            "WARNING",
            (
                "fast and new of torch 2.8.0 are not in the lock, which needs a hash of each file:"
                " their page states none, and they are not downloaded for it"
            ),
        ),
        ("INFO", "Locked slow, null and the plain wheel of torch 2.8.0"),
    ]


def url(filename: str) -> str:
    """Return the URL of a file."""
    return f"https://example.org/files/{filename}"


def test_all_hashes_of_a_page_that_are_usable_are_locked() -> None:
    """Others, such as of an unknown algorithm, are left out."""
    stated = {"sha256": "AB" * 32, "blake3": "00" * 32, "sha512": "CD" * 64}
    links = [link_to(wheel_name("slow")), link_to(wheel_name("new"), hashes=stated)]
    state = for_all()
    wheels = locked(state, chosen(state, links))["wheels"]
    assert isinstance(wheels, list)
    assert wheels[1]["hashes"] == {"sha256": "ab" * 32, "sha512": "cd" * 64}


def test_requested_and_excluded_labels_narrow_the_lock() -> None:
    """`--variant` means for a lock of all labels what it means elsewhere."""
    links = [link_to(wheel_name(label), hashes=HASHES) for label in ("slow", "fast", "null", None)]
    for request, expected in (("torch=fast", ["fast"]), ("torch=!fast", ["slow", "null", None])):
        state = run_state(machine=None, requested=[request])
        state.options.lock_variants = "all"
        wheels = locked(state, chosen(state, links))["wheels"]
        assert isinstance(wheels, list)
        assert [item["name"] for item in wheels] == [wheel_name(label) for label in expected]


def test_given_wheel_has_its_own_document(tmp_path: Path) -> None:
    """It is read in the wheel, if that had to be downloaded to read it."""
    given = variant_link(link_to(wheel_name("fast")))
    selected = read_variant_json(dump(only("fast")))
    link = VariantLink(given, given.label, Choice("torch", "2.8.0", selected))
    path = tmp_path / given.filename
    path.write_bytes(wheel_of(given))
    for state in (run_state(), for_all()):
        found = locked(state, link, path)
        assert (found["wheels"], found["variants-json"]) == ([SELECTED], only("fast"))


def test_variant_without_a_document_is_locked_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The reader of the lock has the wheel's own."""
    given = variant_link(link_to(wheel_name("fast")))
    selected = read_variant_json(dump(only("fast")))
    link = VariantLink(given, given.label, Choice("torch", "2.8.0", selected))
    assert "variants-json" not in locked(run_state(), link)
    text = (
        "The lock does not describe the variants of torch 2.8.0: variants: the label fast is not"
        " described"
    )
    assert logged(caplog) == [("WARNING", text)]


PLATFORM = "version = 1\ncomplete = true\n"

# --output, the platform files, and the locks or the error.
OUTPUTS: list[tuple[str, tuple[str, ...], list[str] | str]] = [
    ("pylock.toml", ("gpu.toml", "cpu"), ["pylock.gpu.toml", "pylock.cpu.toml"]),
    (".", ("gpu.toml", "a/cpu.toml"), ["pylock.gpu.toml", "pylock.cpu.toml"]),
    ("a", ("gpu.toml", "cpu"), ["a/pylock.gpu.toml", "a/pylock.cpu.toml"]),
    ("a/pylock.toml", ("gpu.toml", "cpu"), ["a/pylock.gpu.toml", "a/pylock.cpu.toml"]),
    ("-", ("gpu.toml", "cpu"), "'-' must be a folder, or pylock.toml in one"),
    ("b/pylock.toml", ("gpu.toml", "cpu"), "'b/pylock.toml' must be a folder"),
    ("pylock.x.toml", ("gpu.toml", "cpu"), "'pylock.x.toml' must be a folder"),
    ("pylock.toml", ("gpu.toml", "a/gpu.toml"), "would both be named 'pylock.gpu.toml'"),
    ("pylock.toml", ("gpu.toml", "GPU.toml"), "would both be named 'pylock.GPU.toml'"),
    ("pylock.toml", ("gpu.toml", "gpu.toml"), "would both be named 'pylock.gpu.toml'"),
    ("pylock.toml", ("gpu.toml", "a.b.toml"), "would be named 'pylock.a.b.toml'"),
    ("pylock.toml", ("gpu.toml", ".toml"), "would be named 'pylock..toml.toml'"),
    ("pylock.toml", ("gpu.toml", "none.toml"), "'none.toml' cannot be read: No such file"),
    ("pylock.toml", ("gpu.toml", ""), "'' cannot be read"),
]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names here")
@pytest.mark.parametrize("option", ["requirements", "constraints"])
def test_pipe_is_refused_because_each_lock_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    """The second lock would be empty."""
    monkeypatch.chdir(tmp_path)
    platform, regular, pipe = "gpu.toml", "r.txt", "pipe"
    Path(platform).write_text(PLATFORM, "utf-8")
    Path(regular).touch()
    os.mkfifo(pipe)
    values = {"output_file": str(tmp_path), "variant_platforms": [platform]}
    assert outputs(Values({**values, option: [regular, "https://example.org/r.txt"]}))
    with pytest.raises(RequestError, match=f"^--{option[:-1]}: 'pipe' is not a regular file"):
        outputs(Values({**values, option: [regular, pipe]}))


@pytest.mark.parametrize(("output", "platforms", "expected"), OUTPUTS)
def test_each_platform_file_has_a_lock_of_its_own(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    output: str,
    platforms: tuple[str, ...],
    expected: list[str] | str,
) -> None:
    """It has the name of the platform file (PEP 751, "File Name"), beside the others."""
    monkeypatch.chdir(tmp_path)
    Path("a").mkdir()
    for name in ("gpu.toml", "GPU.toml", "cpu", "a/gpu.toml", "a/cpu.toml", "a.b.toml", ".toml"):
        Path(name).write_text(PLATFORM, "utf-8")
    options = Values({"output_file": output, "variant_platforms": list(platforms)})
    if isinstance(expected, list):
        assert outputs(options) == [*zip(platforms, expected, strict=True)]
    else:
        with pytest.raises(RequestError) as caught:
            outputs(options)
        assert expected in str(caught.value)
