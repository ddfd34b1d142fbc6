"""What has to change in objects: properties, required properties, unknown keys.

An object of the spec may consist of parts that other objects share (`allOf`, a body type of several tools). A new
property goes to the part in which most of the objects that share the part need the property, and never to a part that
would give a tool an argument that the operation does not have. A property that upstream dropped is removed if nobody
wrote anything about the property; otherwise it is marked as deprecated. This module must not know how tools are
written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tool_generator.importing.admitted import is_bare, keyword, properties, required
from tool_generator.importing.rendering import Noted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tool_generator.importing.admitted import At, Node
    from tool_generator.importing.convert import Converter
    from tool_generator.importing.editor import Editor
    from tool_generator.importing.pairing import ObjectSlot, Pairing


@dataclass(slots=True)
class Anchor:
    """An object as a whole: a type, an inline schema, or the body of a tool (`tool`).

    `missing` are the upstream properties that the object lacks, each with its schema, role and operation. `theirs` are
    all upstream properties, `parts` the places of the object's own properties, `own` the properties that only the spec
    has.
    """

    at: At
    parts: list[Node]
    missing: dict[str, tuple[Node, str, str]] = field(default_factory=dict)
    theirs: set[str] = field(default_factory=set)
    own: frozenset[str] = frozenset()
    tool: str = ""


def update_properties(
    pairing: Pairing, tools: list[Anchor], editor: Editor, converter: Converter
) -> dict[str, set[str]]:
    """Bring objects up to date. Gives for every tool the body fields that the tool itself has to declare."""
    anchors = [*_anchors(pairing), *tools]
    holders: dict[At, list[Anchor]] = {}
    parts: dict[At, Node] = {}
    for anchor in anchors:
        for part in anchor.parts:
            if part.at is not None:
                parts[part.at] = part
                holders.setdefault(part.at, []).append(anchor)
    declared: dict[str, set[str]] = {}
    done: set[tuple[At, str]] = set()
    for anchor in anchors:
        for name, (node, role, operation) in anchor.missing.items():
            place = _place(name, anchor, holders)
            if place is None:
                declared.setdefault(anchor.tool, set()).add(name)
            elif (place, name) not in done:
                done.add((place, name))
                _add(place, parts[place].schema, name, converter.schema(node.schema, role), editor, operation)
    for place, part in parts.items():
        if isinstance(part.schema, dict):
            _gone(place, part.schema, holders[place], editor)
    for slot in pairing.objects.values():
        _required(slot.ours.parts, slot, holders, editor)
        _extra(slot, editor, converter)
    return declared


def _anchors(pairing: Pairing) -> list[Anchor]:
    found = []
    for at, slot in pairing.objects.items():
        anchor = Anchor(at, list(slot.ours.parts), own=slot.own)
        mine = properties(slot.ours)
        for item, role, operation in slot.theirs:
            # A required name is part of the object, even if no schema describes it.
            anchor.theirs |= set(required(item))
            for name, node in properties(item).items():
                anchor.theirs.add(name)
                if name not in mine:
                    anchor.missing.setdefault(name, (node, role, operation))
        found.append(anchor)
    return found


def _place(name: str, anchor: Anchor, holders: dict[At, list[Anchor]]) -> At | None:
    """Choose the part that gets a new property; None if a tool has to declare the property."""
    fitting = []
    for part in anchor.parts:
        if part.at is None:
            continue
        those = holders[part.at]
        lacking = [holder for holder in those if name in holder.missing]
        if all(name in holder.missing for holder in those if holder.tool) and 2 * len(lacking) >= len(those):
            fitting.append((len(those), part.at))
    if fitting:
        return max(fitting, key=lambda item: item[0])[1]
    if anchor.tool:
        return None
    alone = [part.at for part in anchor.parts if part.at is not None and holders[part.at] == [anchor]]
    return (
        alone[-1]
        if alone
        else min((part.at for part in anchor.parts if part.at), key=lambda at: len(holders[at]), default=anchor.at)
    )


def _add(place: At, schema: Any, name: str, value: Any, editor: Editor, operation: str) -> None:
    told = f"has {name!r} now"
    if isinstance(schema, dict) and schema.get("properties"):
        editor.set((place[0], (*place[1], "properties")), name, value, told, operation)
    else:
        editor.set(place, "properties", {name: value}, told, operation)


def _gone(place: At, schema: dict[str, Any], holders: list[Anchor], editor: Editor) -> None:
    for name, value in schema.get("properties", {}).items():
        if any(name in holder.theirs or name in holder.own for holder in holders):
            continue
        at = (place[0], (*place[1], "properties"))
        if is_bare(value):
            # An absent property cannot be required, so the property stays until nothing requires it.
            if not editor.kept(at, name) and all(
                _unrequire(part, inner, name, editor, "") for part, inner in _requiring(name, place, holders)
            ):
                editor.remove(at, name, f"no longer has {name!r}")
        elif not value.get("deprecated"):
            mark_gone((at[0], (*at[1], name)), name, editor)


def _requiring(name: str, place: At, holders: list[Anchor]) -> Iterator[tuple[At, dict[str, Any]]]:
    """Give the parts that require a property which only `place` declares."""
    found: dict[At, dict[str, Any]] = {}
    for holder in holders:
        schemas = {part.at: part.schema for part in holder.parts if part.at and isinstance(part.schema, dict)}
        if not any(at != place and name in schema.get("properties", ()) for at, schema in schemas.items()):
            found.update({at: schema for at, schema in schemas.items() if name in schema.get("required", ())})
    yield from found.items()


def mark_gone(at: At, name: str, editor: Editor) -> None:
    """Mark something that people wrote about as gone upstream."""
    editor.set(
        at,
        "deprecated",
        Noted(value=True, comment="review: gone upstream"),
        f"{name!r} is gone upstream; marked as deprecated",
    )


def _unrequire(place: At, schema: dict[str, Any], name: str, editor: Editor, told: str, *operations: str) -> bool:
    if len(schema["required"]) == 1:
        return editor.remove(place, "required", told, *operations)
    return editor.remove((place[0], (*place[1], "required")), schema["required"].index(name), told, *operations)


def _required(parts: tuple[Node, ...], slot: ObjectSlot, holders: dict[At, list[Anchor]], editor: Editor) -> None:
    mine = required(slot.ours)
    known = properties(slot.ours)
    needed = [set(required(item)) for item, _, _ in slot.theirs]
    wants = set.intersection(*needed) if needed else set()
    offered = {name for item, _, _ in slot.theirs for name in properties(item)}
    operations = [operation for _, _, operation in slot.theirs]
    for name in mine:
        if name in wants or name not in offered or name in slot.own:
            continue
        for part in parts:
            if part.at is not None and isinstance(part.schema, dict) and name in part.schema.get("required", ()):
                _unrequire(part.at, part.schema, name, editor, f"{name!r} is no longer required", *operations)
    added = [name for item, _, _ in slot.theirs[:1] for name in required(item) if name in wants and name not in mine]
    if not added:
        return
    alone = [part for part in parts if part.at is not None and len(holders.get(part.at, ())) <= 1]
    target = alone[-1] if alone else parts[-1]
    if target.at is None or not isinstance(target.schema, dict):
        return
    told = f"{', '.join(map(repr, added))} {'are' if len(added) > 1 else 'is'} required now"
    if "required" in target.schema:
        for name in added:
            if name in known:
                editor.append(
                    (target.at[0], (*target.at[1], "required")), name, f"{name!r} is required now", *operations
                )
    elif all(name in known for name in added):
        editor.set(target.at, "required", added, told, *operations)


def _extra(slot: ObjectSlot, editor: Editor, converter: Converter) -> None:
    mine = keyword(slot.ours, "additionalProperties")
    theirs = [(keyword(item, "additionalProperties"), role, operation) for item, role, operation in slot.theirs]
    operations = [operation for _, _, operation in theirs]
    part = slot.ours.parts[-1]
    if part.at is None:
        return
    if mine is False and any(value is not False for value, _, _ in theirs):
        editor.remove(part.at, "additionalProperties", "takes unknown keys now", *operations)
    elif mine is None and all(value is False for value, _, _ in theirs) and len(slot.ours.parts) == 1:
        editor.set(part.at, "additionalProperties", value=False, message="takes no unknown keys now")
    elif mine is None and all(isinstance(value, dict) for value, _, _ in theirs):
        value, role, _ = theirs[0]
        editor.set(
            part.at, "additionalProperties", converter.schema(value, role), "says what other keys hold", *operations
        )
