"""Edits of objects, made from differences: properties, required properties, unknown keys.

An object of the spec may consist of parts that other objects share (`allOf`, a body type of several tools). A new
property goes to the part in which most of the objects that share the part need the property, and never to a part that
would give a tool an argument that the operation does not have. A property that the document dropped is removed if
nobody wrote anything about the property; otherwise it is marked as deprecated. This module must not know how tools are
written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tool_generator.compare import differ as kind
from tool_generator.importing.converter import is_bare
from tool_generator.importing.editor import GONE
from tool_generator.importing.value_edits import rewrite
from tool_generator.importing.yaml_text import Noted
from tool_generator.model.schema_walk import object_parts
from tool_generator.model.schemas import Node

if TYPE_CHECKING:
    from tool_generator.importing.editor import Editor, FileAt
    from tool_generator.importing.workspace import Use, Workspace
    from tool_generator.model.schemas import At, Branch


@dataclass(slots=True)
class Anchor:
    """An object as a whole: a type, an inline schema, or the body of a tool (`tool`).

    `missing` are the properties of the document that the object lacks, each with its role and operation. `theirs` are
    all properties of the document, `parts` the addresses of the object's own, `own` the properties that only the spec
    has.
    """

    parts: tuple[At, ...]
    missing: dict[str, tuple[Node, str, str]] = field(default_factory=dict)
    theirs: set[str] = field(default_factory=set)
    own: frozenset[str] = frozenset()
    tool: str = ""


def edit_objects(work: Workspace, tools: list[Anchor]) -> dict[str, set[str]]:
    """Bring objects up to date. Gives for every tool the body fields that the tool itself has to declare."""
    anchors = [*_anchors(work), *tools]
    holders: dict[At, list[Anchor]] = {}
    for anchor in anchors:
        for part in anchor.parts:
            holders.setdefault(part, []).append(anchor)
    declared: dict[str, set[str]] = {}
    done: set[tuple[At, str]] = set()
    for anchor in anchors:
        for name, (node, role, operation) in anchor.missing.items():
            place = _place(work, name, anchor, holders)
            if place is None:
                declared.setdefault(anchor.tool, set()).add(name)
            elif (place, name) not in done:
                done.add((place, name))
                _add(work, place, name, node, role, operation)
    for part in holders:
        _gone(work, part, holders)
    for uses in work.uses.objects.values():
        if any(use.pair.found for _, _, use in uses):
            _required(work, uses, holders)
            _extra(work, uses)
            _free(work, uses)
    return declared


def _anchors(work: Workspace) -> list[Anchor]:
    own_replies = {
        exchange.reply.at: exchange.own_reply for exchange in work.result.ours.values() if exchange.reply is not None
    }
    found = []
    for parts, uses in work.uses.objects.items():
        anchor = Anchor(parts)
        for mine, theirs, use in uses:
            if mine.is_free or theirs.is_free:
                # An object that says nothing of its fields has none to take over and none to lose.
                anchor.theirs |= set(mine.properties)
            anchor.own |= own_replies.get(use.reference, frozenset())
            # A required name is part of the object, even if no schema describes it.
            anchor.theirs |= theirs.required
            if isinstance(theirs.extra, Node):
                anchor.theirs |= set(mine.properties)
            for name, node in theirs.properties.items():
                anchor.theirs.add(name)
                if name not in mine.properties and not mine.is_free:
                    anchor.missing.setdefault(name, (node, use.role, use.operation))
        found.append(anchor)
    return found


def _place(work: Workspace, name: str, anchor: Anchor, holders: dict[At, list[Anchor]]) -> At | None:
    """Choose the part that gets a new property; None if a tool has to declare the property."""
    fitting = []
    for part in anchor.parts:
        those = holders[part]
        lacking = [holder for holder in those if name in holder.missing]
        if all(name in holder.missing for holder in those if holder.tool) and 2 * len(lacking) >= len(those):
            has_some = "properties" in (work.value(part) or {})
            fitting.append(((len(those), has_some), part))
    if fitting:
        return max(fitting, key=lambda item: item[0])[1]
    if anchor.tool:
        return None
    alone = [part for part in anchor.parts if holders[part] == [anchor]]
    return alone[-1] if alone else min(anchor.parts, key=lambda at: len(holders[at]), default=None)


def _add(work: Workspace, at: At, name: str, node: Node, role: str, operation: str) -> None:
    place, schema = work.place(at), work.value(at)
    if place is None or not isinstance(schema, dict):
        return
    value = work.converter.schema(node.schema, role)
    told = f"has {name!r} now"
    if schema.get("properties"):
        work.editor.set((place[0], (*place[1], "properties")), name, value, told, operation)
    elif "$ref" in schema and not schema.keys() - {"$ref"}:
        work.editor.replace(place, {"allOf": [schema], "properties": {name: value}}, told, operation)
    else:
        work.editor.set(place, "properties", {name: value}, told, operation)


def _gone(work: Workspace, at: At, holders: dict[At, list[Anchor]]) -> None:
    place, schema = work.place(at), work.value(at)
    if place is None or not isinstance(schema, dict):
        return
    those = holders[at]
    for name, value in schema.get("properties", {}).items():
        below = (place[0], (*place[1], "properties"))
        if any(name in holder.theirs or name in holder.own for holder in those):
            if isinstance(value, dict) and value.get("deprecated") is True:
                lift_mark((below[0], (*below[1], name)), name, work.editor)
            continue
        if is_bare(value):
            # An absent property cannot be required, so the property stays until nothing requires it.
            if not work.editor.kept(below, name) and all(
                _unrequire(work, part, name, "") for part in _requiring(work, name, at, those)
            ):
                work.editor.remove(below, name, f"no longer has {name!r}")
        elif not value.get("deprecated"):
            mark_gone((below[0], (*below[1], name)), name, work.editor)


def _requiring(work: Workspace, name: str, at: At, holders: list[Anchor]) -> list[At]:
    """Give the parts that require a property which only the part `at` declares."""
    found: dict[At, None] = {}
    for holder in holders:
        schemas = {part: value for part in holder.parts if isinstance(value := work.value(part), dict)}
        if name in schemas.get(at, {}).get("required", ()):
            found[at] = None
        if not any(part != at and name in schema.get("properties", ()) for part, schema in schemas.items()):
            found |= dict.fromkeys(part for part, schema in schemas.items() if name in schema.get("required", ()))
    return list(found)


def mark_gone(place: FileAt, name: str, editor: Editor) -> None:
    """Mark something that people wrote about as gone from the document."""
    editor.set(
        place,
        "deprecated",
        Noted(value=True, comment=GONE),
        f"{name!r} is gone upstream; marked as deprecated",
    )


def lift_mark(place: FileAt, name: str, editor: Editor) -> None:
    """Remove the mark of what was gone from the document, and is back."""
    if editor.is_marked_gone(place):
        editor.remove(place, "deprecated", f"{name!r} is back")


def _unrequire(work: Workspace, at: At, name: str, told: str, *operations: str) -> bool:
    place, schema = work.place(at), work.value(at)
    if place is None:
        return False
    if len(schema["required"]) == 1:
        return work.editor.remove(place, "required", told, *operations)
    return work.editor.remove((place[0], (*place[1], "required")), schema["required"].index(name), told, *operations)


def _required(work: Workspace, uses: list[tuple[Branch, Branch, Use]], holders: dict[At, list[Anchor]]) -> None:
    mine = uses[0][0]
    known = set(mine.properties)
    typed = [theirs for _, theirs, _ in uses if not theirs.is_free or theirs.required]
    if not typed:
        return
    wants = frozenset.intersection(*(theirs.required for theirs in typed))
    offered = {name for theirs in typed for name in theirs.properties}
    operations = list(dict.fromkeys(use.operation for _, _, use in uses))
    for name in sorted(mine.required):
        if name in wants or name not in offered:
            continue
        for part in mine.parts:
            schema = work.value(part)
            if isinstance(schema, dict) and name in schema.get("required", ()):
                _unrequire(work, part, name, f"{name!r} is no longer required", *operations)
    added = [name for name in known if name in wants and name not in mine.required]
    if not added:
        return
    alone = [part for part in mine.parts if len(holders.get(part, ())) <= 1] or [mine.parts[-1]]
    # A schema may require only what the schema itself declares.
    types = work.spec.schemas()
    able = [part for part in alone if all(name in object_parts(work.value(part), types)[0] for name in added)]
    stated = [part for part in able if "required" in (work.value(part) or {})]
    at = next(iter([*stated, *able[::-1]]), alone[-1])
    place, schema = work.place(at), work.value(at)
    others = [theirs for parts, those in work.uses.objects.items() if at in parts for _, theirs, _ in those]
    added = [name for name in added if all(name in theirs.required for theirs in others)]
    if place is None or not isinstance(schema, dict) or not added:
        return
    if "required" in schema:
        for name in added:
            told = f"{name!r} is required now"
            work.editor.append((place[0], (*place[1], "required")), name, told, *operations)
    else:
        told = f"{', '.join(map(repr, added))} {'are' if len(added) > 1 else 'is'} required now"
        work.editor.set(place, "required", added, told, *operations)


def _extra(work: Workspace, uses: list[tuple[Branch, Branch, Use]]) -> None:
    mine = uses[0][0]
    extras = [theirs.extra for _, theirs, _ in uses if not theirs.is_free]
    operations = list(dict.fromkeys(use.operation for _, _, use in uses))
    at = next((part for part in mine.parts if "additionalProperties" in (work.value(part) or {})), mine.parts[-1])
    place = work.place(at)
    if place is None or not extras:
        return
    if mine.extra is False and any(extra is not False for extra in extras):
        work.editor.remove(place, "additionalProperties", "takes unknown keys now", *operations)
    elif mine.extra is None and all(extra is False for extra in extras) and len(mine.parts) == 1:
        work.editor.set(place, "additionalProperties", value=False, message="takes no unknown keys now")
    elif not isinstance(mine.extra, Node) and not mine.is_free and all(isinstance(extra, Node) for extra in extras):
        value = work.converter.schema(extras[0].schema, uses[0][2].role)  # type: ignore[union-attr]
        work.editor.set(place, "additionalProperties", value, "says what other keys hold", *operations)


def _free(work: Workspace, uses: list[tuple[Branch, Branch, Use]]) -> None:
    """Write what an object holds that said nothing of its fields."""
    mine = uses[0][0]
    if not mine.is_free or not any(
        item.kind == kind.STATED and item.name == "properties" for _, _, use in uses for item in use.pair.found
    ):
        return
    typed = [use for _, theirs, use in uses if not theirs.is_free]
    if len(mine.parts) == 1:
        rewrite(work, mine.parts[0], typed[:1])
