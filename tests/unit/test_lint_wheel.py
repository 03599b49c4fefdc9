"""Lint of one wheel: its file name against its variant.json, its fields and its archive."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import pytest

from pip_variants.formats.wheel_content import Member, WheelContent
from pip_variants.lint.wheel import check_wheel

GOOD: dict[str, dict[str, object] | str] = {
    "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json",
    "default-priorities": {"namespace": ["gpu"]},
    "variants": {"a": {"gpu": {"arch": ["1"]}}},
}
FILE = "dist/x-1.0-py3-none-any-a.whl"
PLAIN = "dist/x-1.0-py3-none-any.whl"


INFO = "x-1.0.dist-info"
FIELDS = "Metadata-Version: 2.1\nName: x\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def _lines(file: str, variant_json: object, *fields: tuple[str, str], **files: str | None) -> str:
    """Return the findings about a wheel; ``files`` replace those of its dist-info or remove them.

    RECORD has a row for each file, and each file has the hash of its row.
    """
    metadata = FIELDS + "".join(f"{name}: {value}\n" for name, value in fields)
    build = "Build: 1\n" if "-1-" in file else ""
    texts: dict[str, str | None] = {"METADATA": metadata, "WHEEL": WHEEL + build}
    if variant_json is not None:
        texts["variant.json"] = json.dumps(variant_json)
    texts |= files
    members = [Member("x.py", 1, "sha256=x")]
    members += [Member(f"{INFO}/{name}", 1, "sha256=x") for name, text in texts.items() if text]
    if files.get("RECORD", "") is not None:
        members += [] if "RECORD" in files else [Member(f"{INFO}/RECORD", 1)]
        texts.setdefault("RECORD", _record(*members))
    found = check_wheel(file, _content(members, texts))
    return "".join(f"{item.line}\n" for item in found.findings)


def _record(*members: Member) -> str:
    rows = [f"{item.name},{item.hash or ''},{item.size}\n" for item in members]
    return "".join(rows)


def _content(members: Iterable[Member], texts: Mapping[str, str | None]) -> WheelContent:
    files = tuple((name, text.encode()) for name, text in texts.items() if text is not None)
    return WheelContent(tuple(members), files)


@pytest.mark.parametrize(
    "requirement",
    [
        "y; 'gpu' in variant_namespaces",
        'y>=1; "gpu::arch" not in variant_features and os_name == "posix"',
        "y; 'gpu :: arch :: 1' in variant_properties or variant_label == ''",
        "y; variant_label >= 'cuda12.6'",
        "y @ https://example.org/y.whl;x ; variant_label == '00000000'",
    ],
)
def test_valid_wheel_has_no_findings(requirement: str) -> None:
    """There is nothing to report if name, metadata and markers agree."""
    assert _lines(FILE, GOOD, ("Requires-Dist", requirement)) == ""
    assert _lines(PLAIN, None, ("Requires-Dist", requirement)) == ""


CASES: dict[str, tuple[str, object, str]] = {
    "no variant.json": (
        FILE,
        None,
        (
            "error: dist/x-1.0-py3-none-any-a.whl: the name has the label 'a', but there is no"
            " variant.json in the wheel\n"
        ),
    ),
    "a variant.json without a label": (
        PLAIN,
        GOOD,
        (
            "error: dist/x-1.0-py3-none-any.whl: variant.json: describes the label 'a', which the"
            " file name does not have\n"
        ),
    ),
    "a variant.json without a label that cannot be read": (
        PLAIN,
        {},
        (
            "error: dist/x-1.0-py3-none-any.whl: variant.json: a wheel without a label in its name"
            " must not have one\n"
        ),
    ),
    "another label": (
        "x-1.0-py3-none-any-b.whl",
        GOOD,
        (
            "error: x-1.0-py3-none-any-b.whl: variant.json:variants: expected just the label of the"
            " name, 'b', found 'a'\n"
        ),
    ),
    "two labels": (
        "x-1.0-1-py3-none-any-a.whl",
        {**GOOD, "variants": {"a": {"gpu": {"arch": ["1"]}}, "null": {}}},
        (
            "error: x-1.0-1-py3-none-any-a.whl: variant.json:variants: expected just the label of"
            " the name, 'a', found 'a', 'null'\n"
        ),
    ),
    "no label": (
        FILE,
        {**GOOD, "variants": {}},
        (
            "error: dist/x-1.0-py3-none-any-a.whl: variant.json:variants: expected just the label"
            " of the name, 'a', found none\n"
        ),
    ),
    "null with properties": (
        "x-1.0-py3-none-any-null.whl",
        {**GOOD, "variants": {"null": {"gpu": {"arch": ["1"]}}}},
        (
            "error: x-1.0-py3-none-any-null.whl: variant.json:variants['null']: the null variant"
            " has no properties\n"
        ),
    ),
    "broken": (
        FILE,
        [],
        ("error: dist/x-1.0-py3-none-any-a.whl: variant.json:: expected an object, found a list\n"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_variant_json_must_match_the_file_name(case: str) -> None:
    """The metadata in a wheel describes only the label of its name."""
    file, variant_json, text = CASES[case]
    assert _lines(file, variant_json) == text


MARKERS = {
    "y; variant_label": '"y; variant_label" is not a valid requirement',
    "y; variant_properties == 'a :: b :: c'": (
        "\"y; variant_properties == 'a :: b :: c'\" is not a valid requirement"
    ),
    "y; variant_label == python_version": (
        "'y; variant_label == python_version' is not a valid requirement"
    ),
    "y; 'gpu :: arch' in variant_namespaces": "'gpu :: arch' can never be in variant_namespaces",
    "y; 'gpu' in variant_features": "'gpu' can never be in variant_features",
    "y; 'gpu :: arch' in variant_properties": "'gpu :: arch' can never be in variant_properties",
    "y; 'gpu :: arch :: X' in variant_properties": (
        "'gpu :: arch :: X' can never be in variant_properties"
    ),
    "y; variant_label == 'CU\x1b[2J'": "'CU\\x1b[2J' can never be in variant_label",
}


@pytest.mark.parametrize("requirement", MARKERS)
def test_marker_about_variants_must_be_satisfiable(requirement: str) -> None:
    """A marker about variants is valid, and compares with what can exist."""
    lines = _lines(PLAIN, None, ("Requires-Dist", "z"), ("Requires-Dist", requirement))
    problem = MARKERS[requirement].replace('"y; variant_label"', "'y; variant_label'")
    assert lines == f"error: {PLAIN}: METADATA:Requires-Dist[1]: {problem}\n"


def test_only_requires_dist_may_have_variant_markers() -> None:
    """Other fields of metadata must not have them; a description may contain any text."""
    text = "y; 'gpu' in variant_namespaces"
    fields = (("Requires-External", text), ("Summary", text), ("Description", text))
    assert _lines(PLAIN, None, *fields) == (
        f"error: {PLAIN}: METADATA:Requires-External: markers about variants can only be in"
        f' Requires-Dist: "{text}"\n'
    )


FIELD_CASES: dict[str, tuple[dict[str, str | None], str]] = {
    "another project": (
        {"METADATA": FIELDS.replace("x", "y")},
        "error: METADATA:Name: 'y' is not that of the file name, 'x'\n",
    ),
    "another version": (
        {"METADATA": FIELDS.replace("1.0", "1.1")},
        "error: METADATA:Version: '1.1' is not that of the file name, '1.0'\n",
    ),
    "no version": (
        {"METADATA": FIELDS.replace("1.0", "one")},
        "error: METADATA:Version: 'one' is not that of the file name, '1.0'\n",
    ),
    "the same, not normalised": ({"METADATA": "Metadata-Version: 2\nname: X\nVersion: v1\n"}, ""),
    "nothing": (
        {"METADATA": "", "WHEEL": ""},
        (
            "error: METADATA:Metadata-Version: missing\n"
            "error: METADATA:Name: missing\n"
            "error: METADATA:Version: missing\n"
            "error: WHEEL:Wheel-Version: missing\n"
            "error: WHEEL:Root-Is-Purelib: missing\n"
            "error: WHEEL:Tag: missing\n"
        ),
    ),
    "two names": (
        {"METADATA": f"{FIELDS}Name: y\n"},
        "error: METADATA:Name: there is more than one\n",
    ),
    "dependencies": (
        {"METADATA": f"{FIELDS}Requires-Dist: y>=1; extra == 'z'\nRequires-Dist: y>>1\n"},
        "error: METADATA:Requires-Dist[1]: 'y>>1' is not a valid requirement\n",
    ),
    "versions of Python": (
        {"METADATA": f"{FIELDS}Requires-Python: >=3.x\n"},
        "warning: METADATA:Requires-Python: '>=3.x' is not a valid version specifier\n",
    ),
    "a later format": (
        {"WHEEL": WHEEL.replace("1.0", "2.0")},
        "error: WHEEL:Wheel-Version: no installer knows version '2.0' of the wheel format\n",
    ),
    "neither true nor false": (
        {"WHEEL": WHEEL.replace("true", "yes")},
        "error: WHEEL:Root-Is-Purelib: 'yes' is neither true nor false\n",
    ),
    "other tags": (
        {"WHEEL": f"{WHEEL}Tag: py2-none-any\n"},
        (
            "warning: WHEEL:Tag: 'py3-none-any' and 1 more is not that of the file name,"
            " 'py3-none-any'\n"
        ),
    ),
    "no tag": (
        {"WHEEL": WHEEL.replace("py3-none-any", "py3")},
        "warning: WHEEL:Tag: 'py3' is not that of the file name, 'py3-none-any'\n",
    ),
    "a tag with an empty part": (
        {"WHEEL": WHEEL.replace("py3-none-any", "-cp311-any")},
        "warning: WHEEL:Tag: '-cp311-any' is not that of the file name, 'py3-none-any'\n",
    ),
    "a build number": (
        {"WHEEL": f"{WHEEL}Build: 2\n"},
        "warning: WHEEL:Build: '2' is not in the file name\n",
    ),
    "scripts": (
        {
            "entry_points.txt": (
                "[console_scripts]\nA = x.b:c.d [e]\nb = x\n[gui_scripts]\nc=x:\n[other]\nd = x\n"
            )
        },
        (
            "error: entry_points.txt:console_scripts: 'b = x' names no function of a module\n"
            "error: entry_points.txt:gui_scripts: 'c = x:' names no function of a module\n"
        ),
    ),
    "entry points that are no table": (
        {"entry_points.txt": "a = x:y\n"},
        "error: entry_points.txt: cannot be read\n",
    ),
    "no RECORD": ({"RECORD": None}, "error: there is no RECORD in it\n"),
    "no WHEEL": ({"WHEEL": None}, "error: there is no WHEEL in it\n"),
    "no METADATA": ({"METADATA": None}, "error: there is no METADATA in it\n"),
    "a RECORD that is no table": (
        {"RECORD": "x.py\n"},
        "error: RECORD is not valid: row 1 does not have three columns\n",
    ),
}


@pytest.mark.parametrize("case", FIELD_CASES)
def test_files_of_the_dist_info_agree_with_the_file_name(case: str) -> None:
    """What an installer reads of METADATA and WHEEL is there, valid and that of the file name."""
    files, text = FIELD_CASES[case]
    assert _lines(PLAIN, None, **files).replace(f"{PLAIN}: ", "") == text


def test_build_number_of_wheel_file_is_that_of_the_file_name() -> None:
    """A build number is compared as it is written."""
    file = "x-1.0-2b-py3-none-any.whl"
    assert _lines(file, None, WHEEL=f"{WHEEL}Build: 2b\n") == ""
    assert _lines(file, None, WHEEL=f"{WHEEL}Build: 2\n") == (
        f"warning: {file}: WHEEL:Build: '2' is not that of the file name, '2b'\n"
    )


def test_standard_of_linux_may_be_in_the_file_name_alone() -> None:
    """Many wheels are renamed when they are checked against a standard (PEP 600)."""
    file = "x-1.0-py3-none-manylinux_2_28_x86_64.manylinux2014_x86_64.whl"
    assert _lines(file, None, WHEEL=WHEEL.replace("any", "linux_x86_64")) == ""
    assert _lines(file, None, WHEEL=WHEEL.replace("any", "linux_aarch64")) == (
        f"warning: {file}: WHEEL:Tag: 'py3-none-linux_aarch64' is not that of the file name,"
        " 'py3-none-manylinux2014_x86_64' and 1 more\n"
    )


def _archive_lines(*members: Member, record: str) -> str:
    texts = {"METADATA": FIELDS, "WHEEL": WHEEL, "RECORD": record}
    own = [Member(f"{INFO}/{name}", 1) for name in texts]
    found = check_wheel(FILE.replace("-a.whl", ".whl"), _content([*own, *members], texts)).findings
    return "".join(f"{item.line}\n".replace(f"{PLAIN}: ", "") for item in found)


OWN = f"{INFO}/METADATA,sha256=x,1\n{INFO}/WHEEL,sha256=x,1\n{INFO}/RECORD,,\n"
GOOD_MEMBER = Member("x.py", 3, "sha256=abc")
GOOD_ROW = "x.py,sha256=abc=,3\n"
RECORDS: dict[str, tuple[tuple[Member, ...], str, str]] = {
    "good": ((GOOD_MEMBER,), GOOD_ROW, ""),
    "a hash that was not computed": ((Member("x.py", 3),), GOOD_ROW, ""),
    "no size": ((GOOD_MEMBER,), "x.py,sha256=abc,\n", ""),
    "not listed": ((GOOD_MEMBER,), "", "error: 'x.py' is not in RECORD\n"),
    "several not listed": (
        (GOOD_MEMBER, Member("y.py", 1)),
        "",
        "error: 'x.py' and 1 more are not in RECORD\n",
    ),
    "the signature of RECORD": ((Member(f"{INFO}/RECORD.jws", 1),), "", ""),
    "not there": ((), GOOD_ROW, "error: RECORD lists 'x.py', which the wheel does not have\n"),
    "twice": ((GOOD_MEMBER,), GOOD_ROW * 2, "error: RECORD lists 'x.py', but more than once\n"),
    "another hash": (
        (Member("x.py", 4, "sha256=def"),),
        GOOD_ROW,
        "error: RECORD has a wrong hash of 'x.py'\n",
    ),
    "another size": (
        (Member("x.py", 4, "sha256=abc"),),
        GOOD_ROW,
        "error: RECORD has a wrong size of 'x.py'\n",
    ),
    "no hash": ((GOOD_MEMBER,), "x.py,,\n", "error: RECORD has no hash of 'x.py'\n"),
    "md5": ((GOOD_MEMBER,), "x.py,md5=abc,3\n", "error: RECORD has no secure hash of 'x.py'\n"),
    "two members": (
        (GOOD_MEMBER, GOOD_MEMBER),
        GOOD_ROW,
        "error: more than one member is named 'x.py'\n",
    ),
    "outside": (
        (Member("../x.py", 3, "sha256=abc"),),
        "../x.py,sha256=abc,3\n",
        "error: '../x.py' would be written outside the target\n",
    ),
    "data": (
        (Member("x-1.0.data/scripts/x", 3, "sha256=abc"),),
        "x-1.0.data/scripts/x,sha256=abc,3\n",
        "",
    ),
    "data of no scheme": (
        (Member("x-1.0.data/bin/x", 3, "sha256=abc"),),
        "x-1.0.data/bin/x,sha256=abc,3\n",
        ("error: 'x-1.0.data/bin/x' is in no folder of a *.data folder that installers know\n"),
    ),
    "two dist-info folders": (
        (Member("y-1.0.dist-info/METADATA", 1),),
        "",
        "error: there are 2 *.dist-info folders in it: 'x-1.0.dist-info' and 1 more\n",
    ),
}


@pytest.mark.parametrize("case", RECORDS)
def test_record_describes_every_member(case: str) -> None:
    """RECORD has path, hash and size of every file, and of nothing else."""
    members, rows, text = RECORDS[case]
    assert _archive_lines(*members, record=OWN + rows) == text


def test_variant_json_that_is_not_in_record_is_named() -> None:
    """Tools that add it to a finished wheel forget RECORD (B25)."""
    rows = [Member(f"{INFO}/{name}", 1, "sha256=x") for name in ("METADATA", "WHEEL")]
    record = _record(Member("x.py", 1, "sha256=x"), *rows)
    members = [Member("x.py", 1, "sha256=x"), *rows, Member(f"{INFO}/variant.json", 1)]
    texts = {"METADATA": FIELDS, "WHEEL": WHEEL, "RECORD": record, "variant.json": json.dumps(GOOD)}
    found = check_wheel(FILE, _content(members, texts)).findings
    assert [item.line for item in found] == [f"error: {FILE}: variant.json is not in RECORD"]


@pytest.mark.parametrize(
    ("stem", "right"), [("X-1", True), ("y-1.0", False), ("x-1.1", False), ("x", False)]
)
def test_dist_info_folder_is_named_for_project_and_version(stem: str, *, right: bool) -> None:
    """The name may be spelt otherwise, but not be another one."""
    folder = f"{stem}.dist-info"
    members = [Member(f"{folder}/{name}", 1) for name in ("METADATA", "WHEEL", "RECORD")]
    texts = {"METADATA": FIELDS, "WHEEL": WHEEL, "RECORD": OWN.replace(INFO, folder)}
    found = check_wheel(PLAIN, _content(members, texts)).findings
    message = f"the folder '{folder}' is not named for the project and version"
    assert [item.message for item in found] == ([] if right else [message])
