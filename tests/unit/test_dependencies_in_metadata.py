"""Dependencies that are added to METADATA or replace others."""

from __future__ import annotations

import re

import pytest

from pip_variants.core.errors import RequestError
from pip_variants.publish.requirements import (
    check_requirement,
    variant_markers,
    with_requirements,
)

HEAD = "Metadata-Version: 2.1\nName: x\n"
BODY = "\nRequires-Dist: of the description\n"
NEW = "numpy>=2; variant_label == 'v3'"
GPU = "cublas==12; 'nvidia' in variant_namespaces"

# METADATA as it is, the dependencies, and METADATA as it becomes.
CASES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "first one": (HEAD + BODY, (NEW,), f"{HEAD}Requires-Dist: {NEW}\n{BODY}"),
    "after the others": (
        f"{HEAD}Requires-Dist: a\nRequires-Python: >=3\n{BODY}",
        (NEW, GPU),
        (
            f"{HEAD}Requires-Dist: a\nRequires-Dist: {NEW}\nRequires-Dist: {GPU}\n"
            f"Requires-Python: >=3\n{BODY}"
        ),
    ),
    "in place of all of the project": (
        (
            f"{HEAD}Requires-Dist: Num.Py[b]>1 ; os_name=='nt'\nrequires-dist: a\n"
            f"Requires-Dist: num_py\n{BODY}"
        ),
        ("num-py; variant_label == ''",),
        f"{HEAD}Requires-Dist: num-py; variant_label == ''\nrequires-dist: a\n{BODY}",
    ),
    "those of extras stay": (
        f'{HEAD}Requires-Dist: numpy; extra == "test"\n{BODY}',
        (NEW,),
        f'{HEAD}Requires-Dist: numpy; extra == "test"\nRequires-Dist: {NEW}\n{BODY}',
    ),
    "in place of that of an extra": (
        f"{HEAD}Requires-Dist: numpy\nRequires-Dist: numpy; extra == 'Test'\n",
        (f"{NEW} and extra == 'test'",),
        f"{HEAD}Requires-Dist: numpy\nRequires-Dist: {NEW} and extra == 'test'\n",
    ),
    "over several lines": (
        f"{HEAD}Requires-Dist: numpy;\n  os_name == 'nt'\n{BODY}",
        (NEW,),
        f"{HEAD}Requires-Dist: {NEW}\n{BODY}",
    ),
    "invalid ones stay": (
        f"{HEAD}Requires-Dist: !\n",
        (NEW,),
        f"{HEAD}Requires-Dist: !\nRequires-Dist: {NEW}\n",
    ),
    "without end of line": (HEAD.rstrip(), (NEW,), f"{HEAD}Requires-Dist: {NEW}\n"),
    "ends of lines of Windows": (
        "Name: x\r\n\r\nbody\n",
        (NEW,),
        f"Name: x\r\nRequires-Dist: {NEW}\r\n\r\nbody\n",
    ),
}


@pytest.mark.parametrize(("before", "requirements", "after"), CASES.values(), ids=CASES)
def test_dependencies_are_added_or_replace_others(
    before: str, requirements: tuple[str, ...], after: str
) -> None:
    """Only they change, and the same once more changes nothing."""
    found = with_requirements(before.encode(), requirements)
    assert found.decode() == after
    assert with_requirements(found, requirements) == found
    assert variant_markers(before.encode()) == ()
    assert {name for name, _ in variant_markers(found)} <= {"variant_label", "variant_namespaces"}
    assert len(variant_markers(found)) == len(requirements)


BAD = {
    "numpy>=": "'numpy>=' is not a valid requirement",
    "numpy; variant_label == 'a'\nName: y": (
        "\"numpy; variant_label == 'a'\\nName: y\" is not a valid requirement"
    ),
    "numpy; os_name == 'nt'": (
        "\"numpy; os_name == 'nt'\" has no marker about variants, such as variant_label == 'cu129'"
    ),
}


@pytest.mark.parametrize(("text", "problem"), BAD.items())
def test_other_texts_are_refused(text: str, problem: str) -> None:
    """Nothing but a dependency with a marker about variants is added."""
    with pytest.raises(RequestError, match=f"^{re.escape(problem)}$"):
        check_requirement(text)
    check_requirement(NEW)
