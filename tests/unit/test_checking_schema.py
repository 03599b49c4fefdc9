"""Our table of the schemas beside the published ones, where those lie beside this checkout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pip_variants.checking.schema import SCHEMAS, Fields, Flag, Listed, Mapped, Shape, Text

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "schema"
FILES = {
    "0.0.2": "v0.0.2.json",
    "0.0.3": "v0.0.3.json",
    "0.1.0": "pep825-v0.1.0.json",
    "0.1.1": "pep825-v0.1.1.json",
}

needs_schemas = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the published schemas are not beside this checkout"
)

# What differs in words alone: a pattern that means ours, and a minimum that is the default.
_SAME_PATTERN = {
    "^([a-zA-Z0-9._]+ *: *[a-zA-Z0-9._]+)|([a-zA-Z0-9._]+)$": (
        "^[a-zA-Z0-9._]+( *: *[a-zA-Z0-9._]+)?$"
    )
}


def _published(schema: object) -> object:
    """Return a JSON schema without what does not constrain a JSON document."""
    if isinstance(schema, list):
        return [_published(item) for item in schema]
    if not isinstance(schema, dict):
        return _SAME_PATTERN.get(schema, schema) if isinstance(schema, str) else schema
    found = {key: _published(value) for key, value in schema.items()}
    # Objects are never compared with each other; some are called objects by their keys alone.
    if "patternProperties" in found:
        found["type"] = "object"
    if found.get("type") == "object":
        found.pop("uniqueItems", None)
    if found.get("minItems") == 0:
        del found["minItems"]
    for key in ("description", "title", "$id"):
        if isinstance(found.get(key), str):
            del found[key]
    if isinstance(found.get("$schema"), str):
        del found["$schema"]
    return found


def _ours(shape: Shape) -> dict[str, object]:
    """Return one of our shapes as a JSON schema."""
    if isinstance(shape, Text):
        found: dict[str, object] = {"type": "string"}
        if shape.pattern is not None:
            found["pattern"] = f"^{shape.pattern}$"
        if shape.least:
            found["minLength"] = shape.least
        if shape.choices:
            found["enum"] = list(shape.choices)
        return found
    if isinstance(shape, Flag):
        return {"type": "boolean"}
    if isinstance(shape, Listed):
        least = {"minItems": shape.least} if shape.least else {}
        return {"type": "array", "items": _ours(shape.item), "uniqueItems": True, **least}
    if isinstance(shape, Mapped):
        properties = {f"^{shape.key.pattern}$": _ours(shape.value)}
        return {"type": "object", "patternProperties": properties, "additionalProperties": False}
    return _our_fields(shape)


def _our_fields(shape: Fields) -> dict[str, object]:
    properties = {key: _ours(value) for key, value in shape.fields.items()}
    found: dict[str, object] = {"type": "object", "properties": properties}
    if not shape.extra:
        found["additionalProperties"] = False
    if shape.unless is not None:
        key, other, value = shape.unless
        found["if"] = {"properties": {other: {"const": value}}, "required": [other]}
        found["else"] = {"required": [key]}
    elif shape.required:
        found["required"] = list(shape.required)
    return found


@needs_schemas
@pytest.mark.parametrize("revision", FILES)
def test_the_table_is_the_published_schema(revision: str) -> None:
    """Translated back, each table is the schema that it stands for."""
    published = json.loads((FOLDER / FILES[revision]).read_text("utf-8"))
    assert _ours(SCHEMAS[revision]) == _published(published)


@needs_schemas
def test_every_published_schema_has_its_table() -> None:
    """No schema is left out, and only PEP 850 has a table without one."""
    assert {path.name for path in FOLDER.iterdir()} == {*FILES.values()}
    assert SCHEMAS.keys() - FILES.keys() == {"0.2.0"}
