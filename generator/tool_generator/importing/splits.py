"""The last step of an import: types of their own for places that one type cannot serve.

Nothing else is left to edit when this step comes, and still something differs: create, update and reply of a document
want a type of the spec in different ways. This module must not know how a tool is brought up to date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tool_generator.compare import rules
from tool_generator.importing.value_edits import rewrite
from tool_generator.importing.workspace import Use
from tool_generator.model.schemas import Branch

if TYPE_CHECKING:
    from tool_generator.compare.differ import Difference
    from tool_generator.importing.workspace import Workspace
    from tool_generator.model.schemas import Node


def split_uses(work: Workspace, names: list[str], *, is_knot: bool) -> bool:
    """Give places a type of their own whose uses cannot be met by one type. Gives whether anything was edited.

    `names` are tools that still differ. The outermost reference to a type with several uses is rewritten, so that no
    other use of the type changes. A value without such a reference is rewritten as a whole. In a knot, a reference that
    several uses share counts as none: what is written there for one use is undone for another.
    """
    done, facts = False, work.result.facts
    for name in names:
        for role, one, other, path, own in work.result.roots(name):
            differ = work.result.differs[role]
            table = rules.REQUEST if role == "request" else rules.REPLY
            found = [item for item in differ.compare(one, other, path, own=own) if not _is_kept(work, item)]
            if not rules.judged(found, table, facts):
                continue
            use = _outermost(work, role, one, other, is_knot=is_knot)
            if use is not None:
                done = rewrite(work, use.reference, [use]) or done
            else:
                done = _rewrite_root(work, name, role, one, other) or done
    return done


def _is_kept(work: Workspace, item: Difference) -> bool:
    """Say whether the spec keeps the place of a difference on purpose."""
    at = item.one.parts[-1] if isinstance(item.one, Branch) else item.one.at if item.one is not None else ()
    place = work.place(at)
    below = ("properties", item.name) if isinstance(item.one, Branch) else ()
    return place is not None and work.editor.kept((place[0], (*place[1], *below)))


def _outermost(work: Workspace, role: str, one: Node, other: Node, *, is_knot: bool) -> Use | None:
    shared = work.shared_references() if is_knot else ()
    differ = work.result.differs[role]
    for visit in differ.visits(one, other, "", only_differing=True):
        uses = work.uses.places.get(visit.pair.one.at, [])
        several = len({id(use.pair) for use in uses}) > 1
        use = next((use for use in uses if use.pair is visit.pair and use.reference != visit.pair.one.at), None)
        if several and use is not None and use.reference not in shared and work.value(use.reference) is not None:
            return use
    return None


def _rewrite_root(work: Workspace, name: str, role: str, one: Node, other: Node) -> bool:
    entry = work.spec.tools[name]
    place = (entry.source.name, entry.path)
    if one.at[0] == "tools":
        pair = work.result.differs[role].pair(one, other)
        whole = Use(pair, role, one.at, work.result.operations[name].id)
        return rewrite(work, one.at, [whole])
    field = next((field for field in work.result.ours[name].fields.values() if field.schema is one), None)
    if field is None:
        return False
    # The schema comes from a body type that other tools use too: the tool declares the field itself.
    known = dict(entry.data.get("parameters", {}).get(field.argument, {"in": "body"}))
    known["schema"] = work.converter.schema(other.schema, role)
    told = f"{field.argument!r} is another one than its type says"
    if "parameters" in entry.data:
        return work.editor.set((place[0], (*place[1], "parameters")), field.argument, known, told)
    return work.editor.set(place, "parameters", {field.argument: known}, told)
