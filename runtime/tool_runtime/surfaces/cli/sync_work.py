"""Pull, compare and push: the work of `sync`, over a client and a folder.

A pull never overwrites what somebody changed here, and a push never overwrites what somebody changed there, unless that
is asked for: each record is read again right before the push, since a person may take long to say yes. A push binds
the arguments of every record before the first request, so wrong arguments stop the whole push. Each record that was
pushed is read again and written to its files at once: a push that breaks off in the middle has pushed and written the
records before. A record without an id is a new one, also a copy of a folder out of which somebody took the id.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tool_runtime.core.tools import SyncKind
from tool_runtime.errors import NotFound, Unprocessable, UsageError
from tool_runtime.surfaces.cli.sync_changes import (
    Comparison,
    changed_here,
    changes,
    compare,
    create_arguments,
    same,
    update_arguments,
    with_arrived,
)
from tool_runtime.surfaces.cli.sync_files import CREATE_KEY, Kept, Records
from tool_runtime.surfaces.common.client import Client
from tool_runtime.values.fields import Fields
from tool_runtime.values.suggestions import nearest

State = Literal["same", "changed_here", "changed_there", "conflict", "new_here", "new_there", "gone_there"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a record here stands to the record of the API. `name` is the id, or the folder's name before there is one."""

    name: str
    state: State
    kept: Kept | None = None
    current: Mapping[str, Any] | None = None
    comparison: Comparison | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the standing as JSON."""
        shown: dict[str, Any] = {"id": self.name, "state": self.state}
        if self.kept is not None:
            shown["folder"] = str(self.kept.folder)
        if self.comparison is not None:
            shown["changes_here"] = [change.to_dict() for change in self.comparison.here]
            shown["changes_there"] = [change.to_dict() for change in self.comparison.there]
            shown["conflicts"] = list(self.comparison.conflicts)
        return shown


@dataclass(frozen=True, slots=True)
class Push:
    """One record to push: the tool and its arguments."""

    standing: Standing
    tool: str
    arguments: Mapping[str, Any]


class Sync:
    """One kind of records: its files below a folder, and the API behind a client."""

    def __init__(self, client: Client, kind: SyncKind, root: Path) -> None:
        self._client = client
        self._registry = client.registry
        self.kind = kind
        self.records = Records(root, kind)

    def ids_there(self) -> Iterator[str]:
        """List the ids of the API's records, page by page."""
        tool = self._registry.resolve(self.kind.list)
        if tool.pagination:
            rows = (row for page in self._client.pages(tool.name, self.kind.list_with) for row in page)
        else:
            rows = iter(self._client.call(tool.name, self.kind.list_with))
        # A record may be listed once for each of its versions.
        return iter(dict.fromkeys(str(row[self.kind.id]) for row in rows))

    def get(self, name: str) -> Mapping[str, Any] | None:
        """Read one record of the API; None where there is none."""
        try:
            record: Mapping[str, Any] = self._client.call(self.kind.get, {self.kind.id: name})
        except (NotFound, Unprocessable):
            # Some APIs answer 422 to an id that nobody has.
            return None
        return record

    def pull(self, names: Sequence[str], *, overwrite: bool) -> Iterator[Standing]:
        """Read records of the API into files: the given ones, or all. Yields what became of each."""
        known = self.records.by_id()
        wanted = list(names) or [*self.ids_there()]
        if not names:
            # Files whose record is gone stay, and are named.
            wanted += [name for name in known if name not in wanted]
        for name in dict.fromkeys(wanted):
            kept, current = known.get(name), self.get(name)
            if current is None:
                if kept is None:
                    raise UsageError(f"{self.kind.name}: there is no {self.kind.id} {name!r:.80}")
                yield Standing(name, "gone_there", kept)
                continue
            standing = self._standing(name, kept, current)
            # Changes of both sides that do not touch the same field stay two changes: files keep the ones made here.
            if standing.state in ("same", "changed_there", "new_there") or overwrite:
                self.records.write(current, kept.folder if kept else None)
            yield standing

    def standings(self, names: Sequence[str], *, listed: bool) -> Iterator[Standing]:
        """Compare records here with the API: the given ones, or all. `listed`: look for records that only it has."""
        known = {**self.records.by_id(), **self._made_here()}
        _check_names(names, known, self.kind)
        for name in names or known:
            kept = known[name]
            if self.kind.id not in kept.record:
                yield Standing(name, "new_here", kept)
                continue
            current = self.get(name)
            yield Standing(name, "gone_there", kept) if current is None else self._standing(name, kept, current)
        if listed and not names:
            for name in self.ids_there():
                if name not in known:
                    yield Standing(name, "new_there")

    def _made_here(self) -> Mapping[str, Kept]:
        return {kept.folder.name: kept for kept in self.records if self.kind.id not in kept.record}

    def _standing(self, name: str, kept: Kept | None, current: Mapping[str, Any]) -> Standing:
        if kept is None:
            return Standing(name, "new_there", None, current)
        # A record with an id that was never pulled, such as one from another machine, differs by all that differs.
        pulled = with_arrived(kept.pulled, kept.pushed, current) if kept.pulled is not None else current
        found = compare(kept.record, pulled, current, self._registry.resolve(self.kind.update))
        state: State = "same"
        if found.conflicts:
            state = "conflict"
        elif found.here:
            state = "changed_here"
        elif any(changes(pulled, current)):
            state = "changed_there"
        return Standing(name, state, kept, current, found)

    def plan(self, names: Sequence[str], *, overwrite: bool) -> list[Push]:
        """Return what a push would do. Nothing is sent but reads.

        Raises `UsageError` for a conflict and for a record that is gone, `InvalidArguments` for values that do not fit.
        """
        pushes: list[Push] = []
        for standing in self.standings(names, listed=False):
            kept = standing.kept
            if kept is None or standing.state in ("same", "changed_there"):
                continue
            if standing.state == "gone_there":
                hint = f"Take {self.kind.id} out of the record to make a new one, or remove {kept.folder}."
                raise UsageError(f"{self.kind.name} {standing.name}: the API has no such record any more", hint=hint)
            if standing.state == "conflict" and not overwrite:
                fields = ", ".join(standing.comparison.conflicts) if standing.comparison else ""
                message = f"{self.kind.name} {standing.name}: changed here and in the API: {fields}"
                raise UsageError(
                    message, hint="Pull with --overwrite to take theirs, push with --overwrite to keep yours."
                )
            pushes.append(self._push(standing, kept))
        for push in pushes:
            self._client.preview(push.tool, push.arguments)
        return pushes

    def _push(self, standing: Standing, kept: Kept) -> Push:
        if standing.state != "new_here":
            tool = self._registry.resolve(self.kind.update)
            assert standing.comparison is not None  # noqa: S101 - a record that both sides have was compared
            return Push(standing, tool.name, update_arguments(self.kind, tool, kept.record, standing.comparison))
        if self.kind.create is None:
            message = f"{self.kind.name} {standing.name}: has no {self.kind.id}, and no tool makes such a record"
            raise UsageError(message, hint=f"Pull the record instead, or write its {self.kind.id} into the file.")
        tool = self._registry.resolve(self.kind.create)
        answers = self._registry.resolve(self.kind.get).returns.schema
        answered = {*Fields(self._registry.types).names(answers or {}), *(kept.pulled or {})}
        fitting = self._client.copy_of(tool.name, kept.record)
        return Push(standing, tool.name, create_arguments(self.kind, tool, kept.record, answered, fitting))

    def push(self, push: Push) -> Mapping[str, Any]:
        """Send one planned push, and return the record as the API has it afterwards."""
        kept = push.standing.kept
        folder = kept.folder if kept is not None else None
        options: dict[str, Any] = {}
        if push.standing.state == "new_here" and folder is not None:
            # Stored before the send: a second try of a creation whose answer was lost is the same creation.
            key = folder / CREATE_KEY
            if not key.is_file():
                key.write_text(secrets.token_hex(16), encoding="ascii")
            options["idempotency_key"] = key.read_text(encoding="ascii").strip()
        else:
            self._check_unchanged(push.standing)
            if kept is not None and push.standing.comparison is not None:
                self.records.begin_push(kept.folder, changed_here(kept.record, push.standing.comparison))
        answer = self._client.call(push.tool, push.arguments, request_options=options or None)  # type: ignore[arg-type]
        name = answer[self.kind.id] if push.standing.state == "new_here" else push.standing.name
        current = self.get(str(name)) or answer
        self.records.write(current, folder)
        return current

    def _check_unchanged(self, standing: Standing) -> None:
        """Raise `UsageError` where the API's record is no longer the one that the plan was made for."""
        before, now = standing.current or {}, self.get(standing.name)
        if now is not None and same(before, now):
            return
        fields = sorted({str(change.place[0]) for change in changes(before, now)}) if now is not None else ["gone"]
        message = f"{self.kind.name} {standing.name}: changed in the API since the plan was made: {', '.join(fields)}"
        raise UsageError(message, hint="Nothing was sent for this record. Look at sync diff, and push again.")


def find_kind(kinds: Mapping[str, SyncKind], name: str) -> SyncKind:
    """Return a kind by its name. Raises `UsageError` with the nearest kind."""
    folded = name.replace("-", "_")
    if folded in kinds:
        return kinds[folded]
    near = nearest(folded, kinds)
    hint = f"Did you mean {near}?" if near else f"Kinds: {', '.join(kinds) or 'none'}."
    raise UsageError(f"there is no kind of records named {name[:80]!r}", hint=hint)


def _check_names(names: Sequence[str], known: Mapping[str, Kept], kind: SyncKind) -> None:
    for name in names:
        if name not in known:
            near = nearest(name, known)
            hint = f"Did you mean {near}?" if near else f"Pull it first: sync pull {kind.name} {name}"
            raise UsageError(f"{kind.name}: no file here has the {kind.id} {name[:80]!r}", hint=hint)
