"""What differs between a record here and the record of the API, and what a push would send.

Three versions of a record are compared: the one in the files, the one that was pulled, and the one that the API has
now. A change belongs to the side that departs from what was pulled. Where both sides changed one field in different
ways there is a conflict. Plain functions over JSON: this module reads no file and sends nothing.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tool_runtime.core.tools import SyncKind, Tool
from tool_runtime.errors import Fault, InvalidArguments

MISSING: Any = object()
"""The value of a field that a record does not have."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs: the keys that lead there, the value before and the value after."""

    place: tuple[str | int, ...]
    before: Any
    after: Any

    @property
    def path(self) -> str:
        """The place as text: `states[0].state_prompt`."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.place)
        return "".join(steps).removeprefix(".")

    @property
    def kind(self) -> Literal["added", "removed", "changed"]:
        """How the field differs."""
        if self.before is MISSING:
            return "added"
        return "removed" if self.after is MISSING else "changed"

    def to_dict(self) -> dict[str, Any]:
        """Return the change as JSON; a value that is not there is left out."""
        known: dict[str, Any] = {"path": self.path, "change": self.kind, "before": self.before, "after": self.after}
        return {name: value for name, value in known.items() if value is not MISSING}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The three versions of one record, compared.

    `here` and `there` are the changes of each side since the pull, without those that both sides made alike.
    """

    here: tuple[Change, ...]
    there: tuple[Change, ...]
    conflicts: tuple[str, ...]


def changes(before: Any, after: Any, place: tuple[str | int, ...] = ()) -> Iterator[Change]:
    """Yield the fields that differ.

    `{"a": 1, "b": {"c": 2}}` against `{"a": 1, "b": {"c": 3}}` gives `Change(("b", "c"), 2, 3)`. Lists of one length
    are compared item by item, other lists as a whole.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys((*before, *after)):
            yield from changes(before.get(name, MISSING), after.get(name, MISSING), (*place, str(name)))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for at, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from changes(old, new, (*place, at))
    elif not same(before, after):
        yield Change(place, before, after)


def same(left: Any, right: Any) -> bool:
    """Say whether two JSON values are the same value: `1` and `true` are not, `1` and `1.0` are."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left is right or bool(left == right)


def compare(record: Mapping[str, Any], pulled: Mapping[str, Any], current: Mapping[str, Any], tool: Tool) -> Comparison:
    """Compare the record of the files, the pulled record and the record of the API. `tool` is the one that updates.

    Fields that only the API sets, such as the time of the last change, are no changes of the other side. What both
    sides changed alike is settled: a run that was killed after a push and before the files were written leaves that.
    """
    settable = set(_arguments(tool))
    here = tuple(changes(pulled, record))
    there = tuple(change for change in changes(pulled, current) if change.place[0] in settable)
    ours, theirs = ({str(change.place[0]) for change in side} for side in (here, there))
    alike = {name for name in ours | theirs if same(record.get(name, MISSING), current.get(name, MISSING))}
    return Comparison(
        tuple(change for change in here if change.place[0] not in alike),
        tuple(change for change in there if change.place[0] not in alike),
        tuple(sorted((ours & theirs) - alike)),
    )


def changed_here(record: Mapping[str, Any], comparison: Comparison) -> dict[str, Any]:
    """Return the fields of a record that were changed here, as they are sent: a field that was removed is null."""
    return {name: record.get(name) for name in dict.fromkeys(str(change.place[0]) for change in comparison.here)}


def with_arrived(pulled: Mapping[str, Any], pushed: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """Return the pulled record with what a push that was cut off had brought to the API.

    A field that the API has as that push sent it was changed from here, and is no change of the other side. Example:
    pulled `{"a": 1, "b": 1}`, pushed `{"a": 2, "b": 2}`, and now `{"a": 2, "b": 3}` -> `{"a": 2, "b": 1}`.
    """
    arrived = {name for name, value in pushed.items() if same(current.get(name), value)}
    kept = {name: value for name, value in pulled.items() if name not in arrived}
    return kept | {name: current[name] for name in arrived if name in current}


def update_arguments(kind: SyncKind, tool: Tool, record: Mapping[str, Any], comparison: Comparison) -> dict[str, Any]:
    """Return the arguments that bring the API to what the files say: the id, and the fields that were changed here.

    A field that was removed here is sent as null. Raises `InvalidArguments` for fields that only the API sets.
    """
    names = _arguments(tool)
    changed = dict.fromkeys(str(change.place[0]) for change in comparison.here)
    faults = [
        Fault(name, "unknown", "is set by the API alone: take the change back", None)
        for name in changed
        if name not in names
    ]
    if faults:
        message = f"{kind.name}: {'; '.join(map(str, faults))}"
        raise InvalidArguments(message, tool=tool.name, faults=tuple(faults))
    sent = {names[name]: value for name, value in changed_here(record, comparison).items()}
    return {kind.id: record[kind.id], **sent} if sent else {}


def create_arguments(
    kind: SyncKind, tool: Tool, record: Mapping[str, Any], answered: Container[str], fitting: Container[str]
) -> dict[str, Any]:
    """Return the arguments that make a record, which may be a copy of one that was pulled.

    Left out is what only answers have (`answered` are the fields of answers), and a null that the tool does not take
    (`fitting` are the arguments whose value fits). Whatever else is wrong stays, so that somebody hears of it.
    Example: `{"agent_name": "a", "last_modified": 1, "nmae": "b"}` -> `{"agent_name": "a", "nmae": "b"}`.
    """
    names = {one.wire: one.name for one in tool.parameters.values() if one.place == "body"}
    known = {names.get(field, field): (field, value) for field, value in record.items() if field != kind.id}
    return {
        name: value
        for name, (field, value) in known.items()
        if (field in names and (value is not None or name in fitting)) or not (field in names or field in answered)
    }


def _arguments(tool: Tool) -> Mapping[str, str]:
    """Return the names of arguments by the field of a record that they set: `{"agent_name": "agent_name"}`."""
    return {
        parameter.wire: parameter.name
        for parameter in tool.parameters.values()
        if parameter.place == "body" and parameter.shape is None
    }
