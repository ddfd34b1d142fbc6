"""Fields that several classes have alike stand once, in a base class.

A class that could not inherit from another as a whole, because one of them requires what the other leaves open, has a
copy of the other's fields. What both have alike moves to a base of both; what differs stays with each:

    class AgentSettings(AgentSettingsBase):        class Agent(AgentSettingsBase):
        voice_id: str                                  voice_id: Required[str]

Plain functions over definitions; this module must not know schemas, tools or files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tool_generator.emit.python.python_types import Definition, Field

# Below this, a base class and its name cost a reader more than the repetition.
FEWEST = 4


def with_bases(definitions: Sequence[Definition], derive: Callable[[str], str]) -> list[Definition]:
    """Move the fields that classes copied from each other to bases. `derive` makes a free name of a wanted one."""
    copies: dict[str, list[str]] = {}
    for item in definitions:
        for source in item.copied:
            copies.setdefault(source, []).append(item.name)
    known = {item.name: item for item in definitions}
    for source, names in copies.items():
        if source in known:
            origin, family = known[source], [source, *names]
            common = _common([known[name] for name in family])
            if len(common) == len(origin.fields) and not origin.odd and not origin.bases:
                _inherit(known, names, source, common)
            elif len(common) >= FEWEST:
                base = derive(f"{source}Base")
                description = f"What `{source}` and its relatives have alike."
                known[base] = replace(
                    origin, name=base, description=description, fields=common,
                    bases=(), odd=(), odd_name="", copied=(),
                )  # fmt: skip
                _inherit(known, family, base, common)
    return list(known.values())


@dataclass(frozen=True, slots=True)
class Family:
    """Classes with the same bases, and the class to make of what they have alike."""

    base: str
    description: str
    members: tuple[str, ...]


def with_common_bases(definitions: Sequence[Definition], families: Iterable[Family]) -> list[Definition]:
    """Move what the classes of each family have alike to a new class, which takes over their bases."""
    known = {item.name: item for item in definitions}
    for family in families:
        first = known[family.members[0]]
        common = _common([known[name] for name in family.members])
        if len(common) >= FEWEST and len(family.members) > 1:
            known[family.base] = replace(
                first, name=family.base, description=family.description, fields=common, odd=(), odd_name=""
            )
            for name in family.members:
                known[name] = replace(known[name], bases=())
            _inherit(known, family.members, family.base, common)
    return list(known.values())


def _inherit(known: dict[str, Definition], names: Sequence[str], base: str, common: Sequence[Field]) -> None:
    moved = {field.key for field in common}
    for name in names:
        item = known[name]
        fields = tuple(field for field in item.fields if field.key not in moved)
        known[name] = replace(item, fields=fields, bases=(*item.bases, base))


def _common(family: Sequence[Definition]) -> tuple[Field, ...]:
    """Give the fields that all classes have alike, in the order of the first."""
    others: list[Mapping[str, Field]] = [{field.key: field for field in item.fields} for item in family[1:]]
    return tuple(field for field in family[0].fields if all(other.get(field.key) == field for other in others))
