"""Edits of values, made from differences: kinds, null, allowed values, bounds, alternatives.

A place that serves several uses is made to admit what any of them admits. A null or an alternative that only some of
the references to a type need is written at these references, and the type stays as it is. An empty schema or a missing
bound is no statement of the document, so the word of the spec stays. object_edits.py handles objects. This module must
not know about tools.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tool_generator.compare import differ as kind
from tool_generator.importing.converter import WORDS, tidy, with_words
from tool_generator.model.documents import REF
from tool_generator.model.schemas import Branch

if TYPE_CHECKING:
    from tool_generator.compare.differ import Difference
    from tool_generator.importing.editor import FileAt
    from tool_generator.importing.workspace import Use, Workspace
    from tool_generator.model.schemas import At, View

_KEPT = (*WORDS, "default", "deprecated", "readOnly", "writeOnly")
_WIDER = {"minimum": min, "minLength": min, "minItems": min, "minProperties": min, "exclusiveMinimum": min} | {
    "maximum": max, "maxLength": max, "maxItems": max, "maxProperties": max, "exclusiveMaximum": max,
}  # fmt: skip
_REWRITTEN = {kind.STATED, kind.TYPE, kind.WIDENED, kind.NARROWED}
_SCALARS = {"string", "number", "integer", "boolean"}


def edit_values(work: Workspace) -> None:
    """Bring values up to date."""
    for use in work.strange:
        rewrite(work, use.reference, [use])
    for at, uses in list(work.uses.places.items()):
        if any(use.pair.found for use in uses):
            _edit(work, at, uses)
    _edit_enums(work)


def _edit(work: Workspace, at: At, uses: list[Use]) -> None:
    found = [item for use in uses for item in use.pair.found]
    values = {item.kind for item in found if item.path == "" and item.one is not None and not _is_object(item)}
    schema = work.value(at)
    if schema is None:
        return
    if values & _REWRITTEN:
        _retype(work, at, uses)
        return
    _nulls(work, at, uses)
    place = work.place(at)
    if place is None:
        return
    for bound in dict.fromkeys(item.name for item in found if item.path.startswith("#")):
        _bound(work, at, place, bound, uses)
    if any(item.name == "items" and item.kind == kind.STATED for item in found) and isinstance(schema, dict):
        converted = _items(work, uses)
        if converted is not None:
            work.editor.set(place, "items", converted, "says what its items are", *_operations(uses))
    _alternatives(work, at, uses)


def _is_object(item: Difference) -> bool:
    return item.name == "properties" or (hasattr(item.one, "parts") and not item.kind.startswith("alternative"))


def _operations(uses: list[Use]) -> list[str]:
    return list(dict.fromkeys(use.operation for use in uses))


def _retype(work: Workspace, at: At, uses: list[Use]) -> None:
    """Write anew what a value is, where its kinds are others than those of the document."""
    differing = [use for use in uses if any(item.kind in _REWRITTEN and item.path == "" for item in use.pair.found)]
    if len(differing) < len(uses) and any(use.reference != at for use in differing):
        # Some references to a type are right: the others get what the document has there.
        for use in differing:
            rewrite(work, use.reference, [use])
        return
    known = [use for use in uses if not work.result.differs[use.role].other.view(use.pair.other).is_any]
    place, schema = work.place(at), work.value(at)
    if place is None or not known:
        return
    wants = _kinds(work, known)
    mine = schema.get("type", []) if isinstance(schema, dict) else []
    mine = mine if isinstance(mine, list) else [mine]
    plain = [kind_ for kind_ in mine if kind_ != "null"]
    is_plain = isinstance(schema, dict) and not schema.keys() & {"anyOf", "oneOf", "allOf", "$ref", "enum"}
    if is_plain and plain and wants and {*plain, *wants} <= _SCALARS:
        nulls = ["null"] if "null" in mine else []
        kinds = [one for one in plain if one in wants] + [one for one in wants if one not in plain] + nulls
        told = f"is {' or '.join(wants)}, was {' or '.join(plain)}"
        work.editor.set(place, "type", kinds[0] if len(kinds) == 1 else kinds, told, *_operations(known))
        return
    rewrite(work, at, known)


def _kinds(work: Workspace, uses: list[Use]) -> list[str]:
    found: dict[str, None] = {}
    for use in uses:
        found |= dict.fromkeys(sorted(work.result.differs[use.role].other.view(use.pair.other).kinds))
    return [one for one in found if one != "integer" or "number" not in found]


def rewrite(work: Workspace, at: At, uses: list[Use]) -> bool:
    """Write a value anew, as the document has it; the words that people wrote about it stay."""
    place, schema = work.place(at), work.value(at)
    if place is None:
        return False
    branches: list[Any] = []
    for use in uses:
        other = use.pair.other
        is_named = len(other.at) == 2 and other.at[0] == "schemas"  # noqa: PLR2004 - the schema itself
        given = {"$ref": REF + str(other.at[1])} if is_named else other.schema
        converted = work.converter.at(at, given, use.role)
        if converted is not None and converted not in branches:
            branches.append(converted)
    if not branches:
        return False
    value = branches[0] if len(branches) == 1 else tidy({"anyOf": branches})
    old = schema if isinstance(schema, dict) else {}
    new = {**{key: old[key] for key in _KEPT if key in old}, **with_words(old, value)}
    if new == schema:
        return False
    told = f"is {shown(value)}, was {shown(schema)}"
    return work.editor.replace(place, new, told, *_operations(uses))


def _nulls(work: Workspace, at: At, uses: list[Use]) -> None:
    def has(use: Use, change: str) -> bool:
        return any(item.kind == change and item.path == "" for item in use.pair.found)

    lacking = [use for use in uses if has(use, kind.NULLABLE)]
    told = "may be null"
    if lacking and len(lacking) == len(uses):
        _add_null(work, at, told, lacking)
    elif lacking:
        for use in lacking:
            _add_null(work, use.reference, told, [use])
    surplus = [use for use in uses if has(use, kind.NOT_NULLABLE)]
    if surplus and len(surplus) == len(uses):
        _drop_null(work, at, surplus)


def _add_null(work: Workspace, at: At, told: str, uses: list[Use]) -> None:
    schema, place = work.value(at), work.place(at)
    if place is None or not isinstance(schema, dict):
        return
    editor, operations = work.editor, _operations(uses)
    if "type" in schema and not {"anyOf", "allOf", "$ref"} & schema.keys():
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if "null" in kinds and None not in schema.get("enum", (None,)):
            editor.append(_below(place, "enum"), None, told, *operations)
        elif editor.set(place, "type", [*kinds, "null"], told, *operations) and "enum" in schema:
            editor.append(_below(place, "enum"), None, "", *operations)
    elif "anyOf" in schema or "oneOf" in schema:
        key = "anyOf" if "anyOf" in schema else "oneOf"
        if {"type": "null"} not in schema[key]:
            editor.append(_below(place, key), {"type": "null"}, told, *operations)
    elif schema.keys() & {"$ref", "allOf"}:
        kept = {key: value for key, value in schema.items() if key in _KEPT}
        inner = {key: value for key, value in schema.items() if key not in _KEPT}
        editor.replace(place, {**kept, "anyOf": [inner, {"type": "null"}]}, told, *operations)


def _drop_null(work: Workspace, at: At, uses: list[Use]) -> None:
    schema, place = work.value(at), work.place(at)
    if place is None or not isinstance(schema, dict):
        return
    told, editor, operations = "is never null", work.editor, _operations(uses)
    kinds = schema.get("type")
    rest = [one for one in kinds if one != "null"] if isinstance(kinds, list) else []
    if rest and rest != kinds:
        if editor.set(place, "type", rest[0] if len(rest) == 1 else rest, told, *operations) and None in schema.get(
            "enum", ()
        ):
            editor.remove(_below(place, "enum"), schema["enum"].index(None), "", *operations)
        return
    for key in ("anyOf", "oneOf"):
        branches = schema.get(key, [])
        if {"type": "null"} in branches:
            rest = [item for item in branches if item != {"type": "null"}]
            if len(rest) == 1 and set(rest[0]) == {"$ref"}:
                editor.set(place, "$ref", rest[0]["$ref"], told, *operations, instead=key)
            else:
                editor.remove(_below(place, key), branches.index({"type": "null"}), told, *operations)
            return
    rewrite(work, at, uses)


def _below(place: FileAt, *steps: str | int) -> FileAt:
    return place[0], (*place[1], *steps)


def _leaf(work: Workspace, at: At, uses: list[Use], one: str) -> At:
    """Give the address of the schema that holds the values of a kind: the place itself, or an entry of its union."""
    view = work.result.differs[uses[0].role].one.view(uses[0].pair.one)
    found = [branch for branch in view.scalars if branch.types == frozenset([one]) and len(branch.parts) == 1]
    return found[0].parts[0] if len(found) == 1 else at


def _edit_enums(work: Workspace) -> None:
    """Bring allowed values up to date. A schema that several places share gets the values of all of them."""
    leaves: dict[tuple[At, str], None] = {}
    for at, uses in work.uses.places.items():
        for use in uses:
            for item in use.pair.found:
                if item.kind in (kind.ENUM_NARROWED, kind.ENUM_WIDENED):
                    leaves[_leaf(work, at, [use], item.name), item.name] = None
    if not leaves:
        return
    listed: dict[tuple[At, str], list[tuple[frozenset[str] | None, Use]]] = {}
    wanted = {one for _, one in leaves}
    for at, uses in work.uses.places.items():
        for use in uses:
            view = work.result.differs[use.role].other.view(use.pair.other)
            for one in wanted & view.values.keys():
                key = (_leaf(work, at, [use], one), one)
                if key in leaves:
                    listed.setdefault(key, []).append((view.values[one], use))
    for (leaf, _), found in listed.items():
        place, schema = work.place(leaf), work.value(leaf)
        if place is not None and isinstance(schema, dict):
            values = [(given, use.role) for given, use in found]
            _set_enum(work, place, schema, values, _operations([use for _, use in found]))


def _set_enum(
    work: Workspace,
    place: FileAt,
    schema: dict[str, Any],
    listed: list[tuple[frozenset[str] | None, str]],
    operations: list[str],
) -> None:
    known = [found for found, _ in listed if found is not None]
    is_open = not known or any(found is None for found, role in listed if role == "request")
    editor, key = work.editor, "enum" if "enum" in schema else "const"
    if is_open:
        if key in schema and not known:
            editor.remove(place, key, "is no longer limited to certain values", *operations)
        return
    wants = [json.loads(text) for text in dict.fromkeys(text for found in known for text in sorted(found))]
    if key not in schema:
        if len(known) == len(listed):
            nulls = [None] if isinstance(schema.get("type"), list) and "null" in schema["type"] else []
            editor.set(place, "enum", wants + nulls, "has fixed values now", *operations)
        return
    if key == "const":
        editor.set(place, "enum", wants, "has other values now", *operations, instead="const")
        return
    mine = [value for value in schema["enum"] if value is not None]
    texts = {json.dumps(value, sort_keys=True, ensure_ascii=False) for value in mine}
    new = [value for value in wants if json.dumps(value, sort_keys=True, ensure_ascii=False) not in texts]
    old = [value for value in mine if not any(_same(value, other) for other in wants)]
    told = "; ".join(
        f"{word} {', '.join(map(repr, found))}" for word, found in (("now also", new), ("no longer", old)) if found
    )
    inner = _below(place, "enum")
    done = [editor.append(inner, value, "", *operations) for value in new]
    done += [
        editor.remove(inner, index, "", *operations)
        for index, value in enumerate(schema["enum"])
        if any(_same(value, other) for other in old)
    ]
    if any(done):
        editor.tell("changed", place, told, *operations)


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _bound(work: Workspace, at: At, place: FileAt, bound: str, uses: list[Use]) -> None:
    found = []
    for use in uses:
        view: View = work.result.differs[use.role].other.view(use.pair.other)
        found.append(next((bounds[bound] for bounds in view.bounds.values() if bound in bounds), None))
    told = [value for value in found if value is not None]
    if not told or len(told) != len(found):
        return
    if bound in _WIDER:
        wanted = _WIDER[bound](told)
    elif all(_same(value, told[0]) for value in told):
        wanted = told[0]
    else:
        return
    schema = work.value(at)
    if not isinstance(schema, dict) or schema.keys() & {"anyOf", "oneOf", "$ref", "allOf"}:
        return
    if bound not in schema or not _same(schema[bound], wanted):
        work.editor.set(place, bound, wanted, f"{bound} is {wanted!r}", *_operations(uses))


def _items(work: Workspace, uses: list[Use]) -> Any:
    for use in uses:
        arrays = work.result.differs[use.role].other.view(use.pair.other).arrays
        if len(arrays) == 1 and arrays[0].items is not None:
            return work.converter.schema(arrays[0].items.schema, use.role)
    return None


def _alternatives(work: Workspace, at: At, uses: list[Use]) -> None:
    """Add the alternatives that the document has, and remove those that no use has any more."""
    by_reference: dict[At, list[tuple[Branch, Use]]] = {}
    schema = work.value(at)
    found = [(item, use) for use in uses for item in use.pair.found]
    lacking = [
        (item.other, use)
        for item, use in found
        if item.kind == kind.ALTERNATIVE_ADDED and isinstance(item.other, Branch)
    ]
    for branch, use in lacking:
        if isinstance(schema, dict) and "allOf" in schema and "anyOf" in str(schema["allOf"]) and use.reference == at:
            rewrite(work, at, [use])
            return
        is_union = isinstance(schema, dict) and bool(schema.keys() & {"anyOf", "oneOf"})
        is_shared = (is_union or use.reference == at) and all(_admits(work, other, branch) for other in uses)
        by_reference.setdefault(at if is_shared else use.reference, []).append((branch, use))
    for place_at, missing in by_reference.items():
        _add_alternatives(work, place_at, missing)
    gone = [
        (item.one, use) for item, use in found if item.kind == kind.ALTERNATIVE_REMOVED and isinstance(item.one, Branch)
    ]
    for branch, use in gone:
        option = branch.option
        met = any(set(branch.parts) <= set(mine.parts) for other in uses for mine, _ in other.pair.objects)
        if option is None or met or not isinstance(work.value(option[:-1]), list):
            continue
        place = work.place(option[:-1])
        if place is not None:
            work.editor.remove(place, option[-1], f"is never {shown(work.value(option))}", use.operation)


def _admits(work: Workspace, use: Use, branch: Branch) -> bool:
    view = work.result.differs[use.role].other.view(use.pair.other)
    return any(other.parts == branch.parts for other in view.objects)


def _add_alternatives(work: Workspace, at: At, missing: list[tuple[Branch, Use]]) -> None:
    schema, place = work.value(at), work.place(at)
    if place is None or not isinstance(schema, dict):
        return
    key = next((key for key in ("anyOf", "oneOf") if key in schema), "")
    known = schema[key] if key else []
    added: list[Any] = []
    for branch, use in missing:
        converted = _converted(work, at, branch, use)
        if converted is not None and converted not in known and converted not in added and converted != schema:
            added.append(converted)
    if not added:
        if missing and not key:
            rewrite(work, at, [missing[0][1]])
        return
    operations = _operations([use for _, use in missing])
    told = f"may also be {', '.join(map(shown, added))}"
    if key and "properties" not in schema:
        for value in added:
            work.editor.append(_below(place, key), value, f"may also be {shown(value)}", *operations)
        return
    kept = {name: value for name, value in schema.items() if name in _KEPT}
    own = {name: value for name, value in schema.items() if name not in _KEPT}
    work.editor.replace(place, {**kept, "anyOf": [own, *added]}, told, *operations)


def _converted(work: Workspace, at: At, branch: Branch, use: Use) -> Any:
    """Convert one alternative that the document has: the entry of its union, or the schema that it is."""
    entry = _schema_at(work, branch.option) if branch.option is not None else None
    if entry is None and len(branch.parts) == 1:
        entry = _schema_at(work, branch.parts[0])
    return None if entry is None else work.converter.at(at, entry, use.role)


def _schema_at(work: Workspace, at: At) -> Any:
    """Give the schema of the document at an address; None if it is not in a named schema."""
    if at[0] != "schemas":
        return None
    if len(at) == 2:  # noqa: PLR2004 - the schema itself
        return {"$ref": f"#/components/schemas/{at[1]}"}
    value = work.converter.schemas.get(str(at[1]))
    for step in at[2:]:
        try:
            value = value[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def shown(schema: Any) -> str:
    """Name a schema in a message: its type, or its kinds."""
    if not isinstance(schema, dict):
        return "another form"
    if "$ref" in schema:
        return str(schema["$ref"])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(map(shown, schema[key])))
    one = schema.get("type", "another form" if schema else "anything")
    return " or ".join(one) if isinstance(one, list) else str(one)
