"""A call as the command line makes it: read the words, ask where the policy asks, call, wait, show, deliver.

The order is the point. Whatever can be wrong with the words (a query, fields, a form, a waiter) is found before
anything is sent. A result counts as delivered only after stdout took it; until then, the ledger answers an equal call.
After a write was done, no later failure ends in a code that invites a repeat: waiting that fails ends in the code of
waits, and a result that cannot be shown in the code of unwritten results, with the ids that were made.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tool_runtime.core.flow import Done
from tool_runtime.core.gate import all_effects
from tool_runtime.core.options import RequestOptions
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Tool
from tool_runtime.errors import ToolError, UsageError, WaitFailed
from tool_runtime.surfaces.cli import output, rendering
from tool_runtime.surfaces.cli.arguments import read_arguments
from tool_runtime.surfaces.cli.questions import confirmation
from tool_runtime.surfaces.cli.session import Session
from tool_runtime.surfaces.cli.traced_client import TracedClient
from tool_runtime.surfaces.cli.typed_text import Types
from tool_runtime.surfaces.cli.waits import Wait, plan_wait
from tool_runtime.surfaces.cli.words import Words
from tool_runtime.surfaces.common import selecting
from tool_runtime.surfaces.common.results import meta_of
from tool_runtime.values.suggestions import nearest


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of one call, as click read them. `wait` is None, a waiter, or empty for the one that fits."""

    prompt: bool = False
    dry_run: bool = False
    again: bool = False
    idempotency_key: str | None = None
    every: bool = False
    most: int | None = None
    wait: str | None = None
    fields: str | None = None
    query: str | None = None
    form: str | None = None


class View:
    """How the data of a run is shown. Everything that can be wrong with the options is found when this is made."""

    def __init__(self, session: Session, wishes: Wishes, rows: str | None) -> None:
        """Read `--fields`, `--query` and `--output`. Raises `UsageError`."""
        self._session, self._rows = session, rows
        self._fields = selecting.read_fields(wishes.fields)
        self._query = selecting.read_query(wishes.query)
        self._noted = False
        self.form = wishes.form or "json"
        if self.form not in rendering.FORMS:
            near = nearest(self.form, rendering.FORMS)
            hint = f"Did you mean {near}?" if near else f"Forms: {', '.join(rendering.FORMS)}."
            raise UsageError(f"--output knows no form {self.form[:40]!r}", hint=hint)
        if session.as_json and self.form != "json":
            message = f"--json writes one JSON document, and --output {self.form} another form"
            raise UsageError(message, hint="Give one of them.")

    @property
    def streams(self) -> bool:
        """Whether rows can be shown as they come."""
        return self.form == "ndjson" and self._query is None

    def select(self, data: Any) -> Any:
        """Return the wanted part of the data."""
        if self._query is not None:
            data = self._query(data)
        rows = self._rows if self._query is None else None
        unmatched = () if self._noted else selecting.unmatched(data, self._fields, rows)
        self._noted = self._noted or bool(unmatched)
        for field, near in unmatched:
            output.note(f"no field {field} in the result" + (f"; did you mean {near}?" if near else ""))
        return selecting.pick(data, self._fields, rows)

    def show(self, data: Any) -> None:
        """Give the answer of the run."""
        selected = self.select(data)
        self._session.give(selected, lambda: rendering.write_result(selected, self.form, self._rows))


def call(session: Session, words: Words, wishes: Wishes) -> None:
    """Call the tool that the words name."""
    registry = session.registry
    tool = registry.resolve(words.target)
    session.running, session.function = tool, tool.name
    session.meta = meta_of(tool, effects=all_effects(tool, registry), dry_run=wishes.dry_run)
    style = registry.page_style(tool)
    view = View(session, wishes, style.items if style is not None else None)
    wait = plan_wait(registry, tool, wishes.wait) if wishes.wait is not None else None
    is_list = wishes.every or wishes.most is not None
    if is_list and wait is not None:
        raise UsageError("--wait needs one result, and --all and --max make rows")
    arguments = read_arguments(registry, tool, words)
    if wishes.prompt:
        from tool_runtime.surfaces.cli import questions

        arguments = questions.ask_for_missing(session, tool, arguments)
    options = _request_options(wishes)
    with _warnings_noted(session), session.client(TracedClient, confirmation(session)) as client:
        client.trace(verbose=session.verbose, curl=session.curl and not wishes.dry_run)
        session.meta |= {
            "account": client.account_name,
            "sandbox": client.sandbox is not None,
            "forced": session.force and client.decision(tool) == "ask",
        }
        session.asked_nobody = client.verdict(tool) == "refuse"
        if wishes.dry_run:
            _show_preview(session, client, tool, arguments, options)
            return
        if is_list:
            pages = client.pages if style is not None or not _answers_a_list(registry, tool) else _whole(client)
            _show_pages(session, view, pages(tool.name, arguments, max_items=wishes.most, request_options=options))
            return
        done = client.invoke(tool.name, arguments, request_options=options)
        session.data, session.done = done.result, True
        session.meta["repeat"] = done.repeat_of or False
        _note_what_answered(session, done)
        _finish(session, view, client, done, wait, arguments)
    session.running = None


def _finish(
    session: Session, view: View, client: TracedClient, done: Done, wait: Wait | None, arguments: Mapping[str, Any]
) -> None:
    """Wait, show, and write that the result was delivered."""
    if wait is None:
        view.show(done.result)
        client.delivered(done)
        return
    try:
        state = wait.run(client, arguments, done.result)
    except BaseException as error:
        if not session.as_json:
            # The record is made; a script needs the id, whatever became of the wait.
            view.show(done.result)
            client.delivered(done)
        tool = session.running
        if tool is None or tool.is_read:
            raise
        raise _waited_in_vain(tool, wait, wait.arguments(arguments, done.result), error) from error
    view.show(state)
    client.delivered(done)


def _waited_in_vain(tool: Tool, wait: Wait, arguments: Mapping[str, Any], error: BaseException) -> WaitFailed:
    """Return the error of a wait that ended without the state, after a write that was done."""
    reason = error.message if isinstance(error, ToolError) else (str(error) or "interrupted")
    return WaitFailed(
        f"{tool.name} was done; the wait for {wait.waiter.name} ended without the state: {reason}",
        tool=tool.name,
        outcome="done",
        waiter=wait.waiter.name,
        arguments=dict(arguments),
        cause=error.code if isinstance(error, ToolError) else "interrupted",
        hint=f"Do not call {tool.name} again.",
    )


def _request_options(wishes: Wishes) -> RequestOptions:
    options: RequestOptions = {"again": True} if wishes.again else {}
    if wishes.idempotency_key is not None:
        options["idempotency_key"] = wishes.idempotency_key
    return options


def _answers_a_list(registry: Registry, tool: Tool) -> bool:
    """Say whether a tool answers with a whole list: `--all` then means the list, and `--max` its beginning."""
    return tool.is_read and Types(registry.types).kinds(tool.returns.schema or {}) == {"array"}


def _whole(client: TracedClient) -> Callable[..., Iterator[list[Any]]]:
    """Return what fetches a whole list as its only page."""

    def pages(tool: str, arguments: Any, max_items: int | None, request_options: Any) -> Iterator[list[Any]]:
        rows: list[Any] = client.call(tool, arguments, request_options=request_options)
        yield rows if max_items is None else rows[:max_items]

    return pages


def _show_pages(session: Session, view: View, pages: Iterator[list[Any]]) -> None:
    if view.streams and not session.as_json:
        session.given = True
        for rows in pages:
            rendering.write_result(view.select(rows), view.form)
            output.flush()
    else:
        session.data = []
        for rows in pages:
            session.data += rows
        session.done = True
        view.show(session.data)
    session.running = None


def _show_preview(
    session: Session, client: TracedClient, tool: Tool, arguments: Mapping[str, Any], options: RequestOptions
) -> None:
    """Show what would go out, and what the gate would decide here and now."""
    shown = client.preview(tool.name, arguments, request_options=options)
    gate = client.verdict(tool)
    shown = {"tool": shown.pop("tool"), "gate": gate, **shown}
    meaning = {
        "allow": "it would be sent",
        "ask": "you would be asked first",
        "refuse": "it would be refused: the policy asks, and nobody can be asked here (--force, or a terminal)",
        "deny": "it would be refused: the policy denies it",
    }[gate]
    if gate == "deny" and client.accounts_to_name:
        meaning = f"it would be refused: no account is named, and there are {', '.join(client.accounts_to_name)}"
    output.note(f"{session.program}: a dry run, nothing was sent; {meaning}.")
    if session.curl:
        lines = client.curl_of(shown)
        session.give({**shown, "curl": lines}, lambda: output.write(lines))
    else:
        session.give(shown)


def _note_what_answered(session: Session, done: Done) -> None:
    if done.repeat_of is not None:
        first = f"this repeats a call whose answer had not arrived ({done.repeat_of})"
        output.note(f"{session.program}: {first}; --again makes a second one.")
    if session.meta["sandbox"]:
        output.note(f"{session.program}: the sandbox answered; nothing was sent to {session.title}.")


@contextmanager
def _warnings_noted(session: Session) -> Iterator[None]:
    """Turn warnings, such as those of deprecated tools, into lines on stderr."""
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            for warning in raised:
                output.note(f"{session.program}: {warning.message}")
