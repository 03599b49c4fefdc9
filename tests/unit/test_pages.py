"""The pages of an index as whole texts, with names and texts of others made safe."""

from __future__ import annotations

import json

from pip_variants.publish.pages import (
    PageFile,
    project_html,
    project_json,
    root_html,
    root_json,
)

HEAD = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="pypi:repository-version" content="1.1">
<meta name="generator" content="pip variants index">
<title>TITLE</title>
</head>
<body>
"""
END = "</body>\n</html>\n"

WHEEL = PageFile(
    "x-1.0+a-py3-none-any-b.whl",
    "x-1.0%2Ba-py3-none-any-b.whl",
    10,
    "1" * 64,
    "1.0+a",
    '>=3.9,<4"',
    "2" * 64,
)
SDIST = PageFile("x-1.0.tar.gz", "../x-1.0.tar.gz", 20, "3" * 64, "1.0", yanked="it's <bad>")
OLD = PageFile("x-0.9.tar.gz", "x-0.9.tar.gz", 5, "5" * 64, "0.9", yanked="")
DOCUMENT = PageFile("x-1.0-variants.json", "x-1.0-variants.json", 30, "4" * 64)
FILES = (WHEEL, SDIST, OLD, DOCUMENT)


def test_html_page_of_a_project_is_as_pep_503_has_it() -> None:
    """Every attribute is escaped."""
    text = project_html("x", FILES).decode()
    two = "2" * 64
    assert text == (
        HEAD.replace("TITLE", "Links for x")
        + f'<a href="x-1.0%2Ba-py3-none-any-b.whl#sha256={"1" * 64}"'
        f' data-requires-python="&gt;=3.9,&lt;4&quot;" data-core-metadata="sha256={two}"'
        f' data-dist-info-metadata="sha256={two}">x-1.0+a-py3-none-any-b.whl</a><br>\n'
        f'<a href="../x-1.0.tar.gz#sha256={"3" * 64}" data-yanked="it&#x27;s &lt;bad&gt;">'
        "x-1.0.tar.gz</a><br>\n"
        f'<a href="x-0.9.tar.gz#sha256={"5" * 64}" data-yanked="">x-0.9.tar.gz</a><br>\n'
        f'<a href="x-1.0-variants.json#sha256={"4" * 64}">x-1.0-variants.json</a><br>\n' + END
    )


def test_json_page_of_a_project_is_as_pep_691_has_it() -> None:
    """With versions and sizes, as version 1.1 has them (PEP 700)."""
    hashes = {"sha256": "2" * 64}
    assert json.loads(project_json("x", FILES)) == {
        "meta": {"api-version": "1.1"},
        "name": "x",
        "versions": ["1.0+a", "1.0", "0.9"],
        "files": [
            {
                "filename": WHEEL.name,
                "url": WHEEL.url,
                "hashes": {"sha256": "1" * 64},
                "size": 10,
                "requires-python": '>=3.9,<4"',
                "core-metadata": hashes,
                "dist-info-metadata": hashes,
            },
            {
                "filename": SDIST.name,
                "url": SDIST.url,
                "hashes": {"sha256": "3" * 64},
                "size": 20,
                "yanked": "it's <bad>",
            },
            {
                "filename": OLD.name,
                "url": OLD.url,
                "hashes": {"sha256": "5" * 64},
                "size": 5,
                "yanked": True,
            },
            {
                "filename": DOCUMENT.name,
                "url": DOCUMENT.url,
                "hashes": {"sha256": "4" * 64},
                "size": 30,
            },
        ],
    }


def test_root_pages_name_the_projects() -> None:
    """Files that lie beside the HTML page follow, for --find-links."""
    assert root_html(["a", "b"], [OLD]).decode() == (
        HEAD.replace("TITLE", "Simple index")
        + '<a href="a/">a</a><br>\n<a href="b/">b</a><br>\n'
        + f'<a href="x-0.9.tar.gz#sha256={"5" * 64}" data-yanked="">x-0.9.tar.gz</a><br>\n'
        + END
    )
    assert json.loads(root_json(["a"])) == {
        "meta": {"api-version": "1.1"},
        "projects": [{"name": "a"}],
    }
