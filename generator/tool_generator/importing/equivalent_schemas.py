"""Schemas that are one type under two names, such as the request and the response form of the same thing.

Two named schemas are equivalent if two things hold. Their contents are alike at every depth; null and annotations do
not count. Their names are alike: they differ only in words such as Request or Params, or they end in the same word and
the schemas hold several fields. Schemas that serve as bodies only may require different fields: one type then serves
create and update. The search uses partition refinement, so recursive schemas are no obstacle. This module must not
know the spec.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator.importing.admitted import ANNOTATIONS
from tool_generator.importing.naming import core_name, last_word
from tool_generator.model.documents import ref_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


_SEVERAL = 2


def equivalence_classes(
    schemas: Mapping[str, Any], names: Iterable[str], bodies: Collection[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Give for every name the names of all equivalent schemas, the name itself included, in the given order.

    `bodies` are the schemas that serve as bodies only. Example: `PetRequest` and `Pet` with the same fields give
    `{"PetRequest": ("PetRequest", "Pet"), "Pet": ("PetRequest", "Pet")}`.
    """
    listed = [name for name in names if name in schemas]
    loose = {
        name: {key: value for key, value in schemas[name].items() if key != "required"}
        for name in bodies
        if isinstance(schemas.get(name), dict)
    }
    classes: dict[str, Any] = {name: name in loose for name in listed}
    count = len(set(classes.values()))
    while True:
        keys = {name: (classes[name], canonical(loose.get(name, schemas[name]), classes)) for name in listed}
        numbers: dict[Any, int] = {}
        classes = {name: numbers.setdefault(key, len(numbers)) for name, key in keys.items()}
        if len(numbers) == count:
            break
        count = len(numbers)
    groups: dict[Any, list[str]] = {}
    for name in listed:
        groups.setdefault((classes[name], _kind(name, schemas[name])), []).append(name)
    return {name: tuple(groups[classes[name], _kind(name, schemas[name])]) for name in listed}


def _kind(name: str, schema: Any) -> str:
    fields = len(schema.get("properties", ())) if isinstance(schema, dict) else 0
    return last_word(name) if fields >= _SEVERAL else core_name(name)


def canonical(schema: Any, classes: Mapping[str, Any]) -> str:
    """Give a text for comparison. Null, annotations, order, and references within one class make no difference.

    Example: `{"type": ["string", "null"], "title": "Name"}` and `{"type": "string"}` give the same text.
    """
    if not isinstance(schema, dict):
        return repr(schema)
    parts = []
    for key, value in schema.items():
        if key in ANNOTATIONS:
            continue
        if key == "$ref":
            name = ref_name(value)
            parts.append(f"$ref={classes.get(name, name)}")
        elif key in ("anyOf", "oneOf"):
            branches = sorted({canonical(item, classes) for item in value if item != {"type": "null"}})
            if len(branches) == 1 and len(schema.keys() - ANNOTATIONS) == 1:
                return branches[0]
            parts.append(f"anyOf=[{';'.join(branches)}]")
        elif key == "type":
            kinds = sorted(kind for kind in (value if isinstance(value, list) else [value]) if kind != "null")
            parts.append(f"type={kinds}")
        elif key == "enum":
            parts.append(f"enum={sorted(repr(item) for item in value if item is not None)}")
        elif key == "required":
            parts.append(f"required={sorted(value)}")
        elif key in ("properties", "patternProperties"):
            inner = sorted(f"{name!r}:{canonical(item, classes)}" for name, item in value.items())
            parts.append(f"{key}={{{','.join(inner)}}}")
        elif key in ("allOf", "prefixItems"):
            parts.append(f"{key}=[{';'.join(canonical(item, classes) for item in value)}]")
        elif key in ("items", "additionalProperties", "propertyNames", "not"):
            if not (key == "additionalProperties" and value is True):
                parts.append(f"{key}={canonical(value, classes)}")
        else:
            parts.append(f"{key}={value!r}")
    return "{" + "|".join(sorted(parts)) + "}"
