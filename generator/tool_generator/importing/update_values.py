"""What has to change in values: kinds, null, enums, bounds, unions.

This module compares each place of the spec with all upstream schemas that the place was paired with, and touches
nothing where both say the same. An empty schema or a missing bound is no statement of upstream, so the word of the
spec stays. update_properties.py handles objects. This module must not know about tools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator.importing.admitted import ANNOTATIONS, Alternative, alternatives, is_bare, values
from tool_generator.importing.definitions import Definitions
from tool_generator.importing.editor import label
from tool_generator.importing.equivalent_schemas import canonical
from tool_generator.importing.pairing import lone_reference
from tool_generator.load.grammar import same

if TYPE_CHECKING:
    from tool_generator.importing.admitted import At
    from tool_generator.importing.convert import Converter
    from tool_generator.importing.editor import Editor
    from tool_generator.importing.pairing import Pairing, Slot, UnionSlot, Use

_BOUNDS = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems",
    "maxItems", "minProperties", "maxProperties", "pattern", "format", "uniqueItems",
)  # fmt: skip
_WIDER = {"minimum": min, "minLength": min, "minItems": min, "minProperties": min, "exclusiveMinimum": min} | {
    "maximum": max, "maxLength": max, "maxItems": max, "maxProperties": max, "exclusiveMaximum": max,
}  # fmt: skip
_SCALARS = {"string", "number", "integer", "boolean", "null"}


def update_values(pairing: Pairing, editor: Editor, converter: Converter) -> None:
    """Bring kinds, null, enums, bounds and unions up to date."""
    definitions = Definitions(converter)
    for at, slot in pairing.values.items():
        _null(at, slot, pairing, editor, definitions)
    for at, slot in pairing.leaves.items():
        _leaf(at, slot, editor, definitions)
    for at, union in pairing.unions.items():
        _union(at, union, editor, definitions)
    for at, union in pairing.new_unions.items():
        _new_union(at, union, editor, definitions)
    for at, (node, its, role, operation) in pairing.combined_unions.items():
        _combined_union(at, node.schema, definitions.schema(at, its, role), editor, operation)
    for at, (node, item, role, operation) in pairing.mismatched_references.items():
        converted = definitions.alternative(at, item, role)
        if converted is None:
            continue
        told = f"is {_shown(converted)}, was {node.schema['$ref']}"
        if set(converted) == {"$ref"}:
            editor.set(at, "$ref", converted["$ref"], told, operation)
        else:
            annotations = {key: value for key, value in node.schema.items() if key in ANNOTATIONS}
            editor.replace(at, {**annotations, **converted}, told, operation)


def _null(at: At, slot: Slot, pairing: Pairing, editor: Editor, definitions: Definitions) -> None:
    mine = alternatives(slot.node, pairing.ours)
    uses = [use for use in slot.uses if any(item.kind != "any" for item in use.theirs)]
    if not uses:
        return
    if all(item.kind == "any" for item in mine):
        _define(at, slot, uses, editor, definitions)
        return
    if any(item.kind == "any" for item in mine) and not any(item.kind == "null" for item in mine):
        return
    has = any(item.kind == "null" for item in mine)
    wants = any(item.kind == "null" for use in uses for item in use.theirs)
    operations = [use.operation for use in uses]
    if wants and not has:
        _add_null(at, slot.node.schema, editor, operations)
    elif has and not wants:
        _drop_null(at, slot.node.schema, editor, operations)


def _define(at: At, slot: Slot, uses: list[Use], editor: Editor, definitions: Definitions) -> None:
    """Write what a value is, at a place that the spec left open."""
    schema = slot.node.schema
    if isinstance(schema, dict) and "$ref" in schema:
        return
    converted = _union_of(at, uses, definitions)
    if converted is None:
        return
    annotations = (
        {key: value for key, value in schema.items() if key in ANNOTATIONS} if isinstance(schema, dict) else {}
    )
    editor.replace(at, {**annotations, **converted}, "now says what it holds", *(use.operation for use in uses))


def _union_of(at: At, uses: list[Use], definitions: Definitions) -> dict[str, Any] | None:
    branches: list[Any] = []
    for use in uses:
        for item in use.theirs:
            converted = definitions.alternative(at, item, use.role)
            if converted is not None and converted not in branches:
                branches.append(converted)
    if len(branches) < 2:  # noqa: PLR2004 - a union has several
        only: dict[str, Any] | None = branches[0] if branches else None
        return only
    kinds = [item.get("type") for item in branches if isinstance(item, dict) and set(item) == {"type"}]
    return {"type": kinds} if len(kinds) == len(branches) else {"anyOf": branches}


def _add_null(at: At, schema: Any, editor: Editor, operations: list[str]) -> None:
    told = "may be null"
    if "type" in schema and not {"anyOf", "allOf", "$ref"} & schema.keys():
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if editor.set(at, "type", [*kinds, "null"], told, *operations) and "enum" in schema:
            editor.append((at[0], (*at[1], "enum")), None, "", *operations)
    elif "anyOf" in schema or "oneOf" in schema:
        key = "anyOf" if "anyOf" in schema else "oneOf"
        editor.append((at[0], (*at[1], key)), {"type": "null"}, told, *operations)
    elif "$ref" in schema:
        editor.set(at, "anyOf", [{"$ref": schema["$ref"]}, {"type": "null"}], told, *operations, instead="$ref")
    elif "allOf" in schema:
        editor.set(at, "anyOf", [{"allOf": schema["allOf"]}, {"type": "null"}], told, *operations, instead="allOf")


def _drop_null(at: At, schema: Any, editor: Editor, operations: list[str]) -> None:
    told = "is never null"
    kinds = schema.get("type")
    if isinstance(kinds, list) and "null" in kinds:
        rest = [kind for kind in kinds if kind != "null"]
        if editor.set(at, "type", rest[0] if len(rest) == 1 else rest, told, *operations) and None in schema.get(
            "enum", ()
        ):
            editor.remove((at[0], (*at[1], "enum")), schema["enum"].index(None), "", *operations)
        return
    for key in ("anyOf", "oneOf"):
        branches = schema.get(key, [])
        if {"type": "null"} in branches:
            rest = [item for item in branches if item != {"type": "null"}]
            reference = lone_reference(rest[0]) if len(rest) == 1 else None
            if reference is not None and set(rest[0]) == {"$ref"}:
                editor.set(at, "$ref", reference, told, *operations, instead=key)
            else:
                editor.remove((at[0], (*at[1], key)), branches.index({"type": "null"}), told, *operations)


def _leaf(at: At, slot: Slot, editor: Editor, definitions: Definitions) -> None:
    schema = slot.node.schema
    if "type" not in schema and "enum" not in schema:
        return
    uses = [use for use in slot.uses if any(item.kind not in ("any", "null") for item in use.theirs)]
    if not uses:
        return
    theirs = [(item, use) for use in uses for item in use.theirs if item.kind not in ("any", "null")]
    operations = [use.operation for use in uses]
    if "type" in schema:
        mine = _kinds(schema["type"] if isinstance(schema["type"], list) else [schema["type"]])
        wants = _kinds([item.kind for item, _ in theirs])
        if mine and set(mine) != set(wants):
            _retype(at, schema, (mine, wants), uses, editor, definitions)
            return
    _enum(at, schema, theirs, editor, operations)
    for bound in _BOUNDS:
        _bound(at, schema, bound, theirs, editor, operations)
    if "items" not in schema and "prefixItems" not in schema and schema.get("type") in ("array", ["array", "null"]):
        lists = [(item, use) for item, use in theirs if item.kind == "array" and "items" in (item.node.schema or {})]
        if lists:
            item, use = lists[0]
            editor.set(
                at,
                "items",
                definitions.converter.schema(item.node.schema["items"], use.role),
                "says what its items are",
                *operations,
            )


def _kinds(kinds: list[str]) -> list[str]:
    """Give the kinds without null and without repeats; an integer is a number too.

    Example: `["integer", "number", "null"]` -> `["number"]`.
    """
    unique = [kind for kind in dict.fromkeys(kinds) if kind != "null"]
    return [kind for kind in unique if kind != "integer" or "number" not in unique]


def _retype(
    at: At,
    schema: Any,
    kinds_of: tuple[list[str], list[str]],
    uses: list[Use],
    editor: Editor,
    definitions: Definitions,
) -> None:
    mine, wants = kinds_of
    operations = [use.operation for use in uses]
    told = f"is {' or '.join(wants)}, was {' or '.join(mine)}"
    nullable = ["null"] if "null" in (schema["type"] if isinstance(schema["type"], list) else ()) else []
    if set(mine) | set(wants) <= _SCALARS and not ("enum" in schema and set(wants) - set(mine)):
        kinds = [kind for kind in mine if kind in wants] + [kind for kind in wants if kind not in mine] + nullable
        editor.set(at, "type", kinds[0] if len(kinds) == 1 else kinds, told, *operations)
        return
    annotations = {key: value for key, value in schema.items() if key in ANNOTATIONS}
    if set(mine) <= set(wants):
        branches: list[Any] = [{key: value for key, value in schema.items() if key not in ANNOTATIONS}]
        if nullable:
            branches[0]["type"] = mine[0] if len(mine) == 1 else mine
    else:
        branches = []
    for use in uses:
        for item in use.theirs:
            if item.kind in ("any", "null") or (branches and item.kind in mine and set(mine) <= set(wants)):
                continue
            converted = definitions.alternative(at, item, use.role)
            if converted is not None and converted not in branches:
                branches.append(converted)
    if not branches:
        return
    if nullable:
        branches.append({"type": "null"})
    value = {**annotations, **(branches[0] if len(branches) == 1 else {"anyOf": branches})}
    editor.replace(at, value, told, *operations)


def _enum(at: At, schema: Any, theirs: list[tuple[Alternative, Use]], editor: Editor, operations: list[str]) -> None:
    listed = [(values(item), use.role) for item, use in theirs if item.kind not in ("object", "array")]
    if not listed:
        return
    mine = values(Alternative("string", (_node_of(schema),)))
    known = [found for found, _ in listed if found is not None]
    is_open = not known or any(found is None for found, role in listed if role == "request")
    if is_open:
        if mine is not None and not known:
            key = "enum" if "enum" in schema else "const"
            editor.remove(at, key, "is no longer limited to certain values", *operations)
        return
    wants: list[Any] = []
    for found in known:
        wants += [value for value in found if not any(same(value, other) for other in wants)]
    if mine is None:
        if len(known) == len(listed):
            nullable = [None] if isinstance(schema.get("type"), list) and "null" in schema["type"] else []
            editor.set(at, "enum", wants + nullable, "has fixed values now", *operations)
        return
    if "enum" not in schema:
        if len(wants) != 1 or not same(wants[0], schema["const"]):
            editor.set(at, "enum", wants, "has other values now", *operations, instead="const")
        return
    place = (at[0], (*at[1], "enum"))
    new = [value for value in wants if not any(same(value, other) for other in mine)]
    old = [value for value in mine if not any(same(value, other) for other in wants)]
    told = "; ".join(
        f"{word} {', '.join(map(repr, found))}" for word, found in (("now also", new), ("no longer", old)) if found
    )
    done = [editor.append(place, value, "", *operations) for value in new]
    done += [
        editor.remove(place, index, "", *operations)
        for index, value in enumerate(schema["enum"])
        if any(same(value, other) for other in old)
    ]
    if any(done):
        editor.tell("changed", at, told, *operations)


def _node_of(schema: Any) -> Any:
    from tool_generator.importing.admitted import Node

    return Node(schema)


def _bound(
    at: At, schema: Any, bound: str, theirs: list[tuple[Alternative, Use]], editor: Editor, operations: list[str]
) -> None:
    found = [part.schema.get(bound) for item, _ in theirs for part in item.parts[-1:] if isinstance(part.schema, dict)]
    told = [value for value in found if value is not None]
    if not told or len(told) != len(found):
        return
    if bound in _WIDER:
        wanted = _WIDER[bound](told)
    elif all(same(value, told[0]) for value in told):
        wanted = told[0]
    else:
        return
    if bound == "format" and wanted == "password":
        # People decide whether a value may be shown; a spec has `secret` for that.
        return
    if bound not in schema or not same(schema[bound], wanted):
        editor.set(at, bound, wanted, f"{bound} is {wanted!r}", *operations)


def _union(at: At, union: UnionSlot, editor: Editor, definitions: Definitions) -> None:
    key = "anyOf" if "anyOf" in union.node.schema else "oneOf"
    branches = union.node.schema[key]
    place = (at[0], (*at[1], key))
    added: list[Any] = []
    for item, role, operation in union.missing:
        if item.kind in ("any", "null"):
            continue
        converted = definitions.alternative(at, item, role)
        if converted is not None and converted not in branches and converted not in added:
            added.append(converted)
            editor.append(place, converted, f"may also be {_shown(converted)}", operation)
    if not union.met:
        return
    for index, branch in enumerate(branches):
        if (
            index in union.met
            or branch == {"type": "null"}
            or not isinstance(branch, dict)
            or not branch.keys() - ANNOTATIONS
        ):
            continue
        editor.remove(place, index, f"is never {_shown(branch)}")


def _combined_union(at: At, schema: Any, converted: Any, editor: Editor, operation: str) -> None:
    """Write an `allOf` of unions anew if upstream has another combination."""
    if converted is not None and canonical(schema, {}) == canonical(converted, {}):
        return
    if converted is not None and schema.keys() & ANNOTATIONS:
        converted = {**{key: value for key, value in schema.items() if key in ANNOTATIONS}, **converted}
    if converted is not None and is_bare(schema):
        editor.replace(at, converted, "is another combination of types now", operation)
    else:
        editor.report.add("note", label(at), "is another combination of types upstream: change it by hand", operation)


def _new_union(at: At, union: UnionSlot, editor: Editor, definitions: Definitions) -> None:
    """Make a union at a place that had one object and now has several."""
    schema = union.node.schema
    branches: list[Any] = []
    for item, role, _ in union.missing:
        converted = definitions.alternative(at, item, role)
        if converted is not None and converted not in branches and converted != {"$ref": schema.get("$ref")}:
            branches.append(converted)
    operations = [operation for _, _, operation in union.missing]
    if not branches:
        return
    told = f"may also be {', '.join(map(_shown, branches))}"
    if schema.keys() - ANNOTATIONS == {"$ref"}:
        editor.set(at, "anyOf", [{"$ref": schema["$ref"]}, *branches], told, *operations, instead="$ref")
        return
    annotations = {key: value for key, value in schema.items() if key in ANNOTATIONS}
    own = {key: value for key, value in schema.items() if key not in ANNOTATIONS}
    editor.replace(at, {**annotations, "anyOf": [own, *branches]}, told, *operations)


def _shown(schema: Any) -> str:
    reference = lone_reference(schema)
    if reference is not None:
        return reference
    kind = schema.get("type", "another form") if isinstance(schema, dict) else "another form"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)
