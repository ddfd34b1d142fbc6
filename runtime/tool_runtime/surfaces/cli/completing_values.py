"""Values that a command line may hold: what the registry lists, accounts, entries of the ledger, and ids of records.

Ids are asked for with one read, of one page, within a second or two; the read goes where a call would go. Nothing is
ever written. This module must not know where on the command line a value stands.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import click

from tool_runtime.core.tools import SyncKind, Tool
from tool_runtime.surfaces.cli.session import Session
from tool_runtime.surfaces.cli.typed_text import Types

if TYPE_CHECKING:
    from tool_runtime.surfaces.common.client import Client

PATIENCE = 1.5
"""Seconds that a read of ids may take."""
_MOST_IDS = 50
_SHOWN_OF_AN_ENTRY = 12
# Commands of `mcp` whose NAME is that of a server.
_ABOUT_A_SERVER = frozenset({"remove", "enable", "disable", "trust"})


@dataclass(frozen=True, slots=True)
class Offer:
    """One completion: the word, and a line about the word. A `file` or `dir` is for the shell to look for."""

    word: str
    about: str = ""
    kind: Literal["plain", "file", "dir"] = "plain"


Find = Callable[[Session], Iterable[Offer]]


def tools(session: Session) -> Iterator[Offer]:
    """Return every name of every tool."""
    for name, tool in session.registry.tools.items():
        for spelling in (name, *tool.aliases):
            yield Offer(spelling, tool.summary)


def of_option(session: Session, option: click.Option) -> Iterable[Offer]:
    """Return the values of an option."""
    found = _of_type(option.type)
    if found is not None:
        return found
    known: Mapping[str, Find] = {
        "--account": _accounts,
        "--output": _forms,
        "--group": lambda here: map(Offer, here.registry.groups),
        "--class": lambda _: map(Offer, ("read", "write")),
        "--effect": lambda _: map(Offer, ("dial", "spend", "publish", "destroy")),
        "--wait": _waiters,
        "--tool": tools,
        "--event": _events,
        "--events": _events,
        "--client": _clients,
        "--set": _settings if option.metavar == "SETTING=VALUE" else _nothing,
        "--unset": _settings_alone,
    }
    return next((known[flag](session) for flag in option.opts if flag in known), ())


def of_word(session: Session, path: Sequence[str], command: click.Command, given: Sequence[str]) -> Iterable[Offer]:
    """Return what the next word behind a command may be: `("sync", "pull")` -> the kinds, then the ids of a kind."""
    expected = [one for one in command.params if isinstance(one, click.Argument)]
    at = min(len(given), len(expected) - 1)
    if not expected or (len(given) >= len(expected) and expected[-1].nargs != -1):
        return ()
    argument = expected[at]
    found = _of_type(argument.type)
    if found is not None:
        return found
    place = (path[0], str(argument.name))
    known: Mapping[tuple[str, str], Find] = {
        ("call", "tool"): tools,
        ("schema", "tool"): tools,
        ("examples", "tool"): tools,
        ("wait", "waiter"): _waiters,
        ("docs", "page"): _nothing if given else _pages,
        ("accounts", "name"): _accounts,
        ("accounts", "settings"): _settings if path[-1] == "set" else _settings_alone,
        ("audit", "entry_id"): _unknown_entries,
        ("sync", "kind"): _kinds,
        ("sync", "ids"): lambda here: map(Offer, _ids_of_kind(here, given[0])),
        ("webhooks", "event"): _events,
        ("webhooks", "body"): _files,
        ("sandbox", "resource"): lambda here: map(Offer, here.registry.resources),
        ("sandbox", "file"): _files,
        ("lua", "file"): _files,
        ("mcp", "file"): _files,
        ("mcp", "source"): _files,
        ("mcp", "server"): _servers,
        ("mcp", "name"): _servers if path[-1] in _ABOUT_A_SERVER else _nothing,
    }
    return known.get(place, _nothing)(session)


def of_schema(session: Session, tool: Tool, name: str, schema: Any, words: Sequence[str]) -> Sequence[str]:
    """Return the values of an argument of a tool: those of the type, or the ids of records where it is an id."""
    types = Types(session.registry.types)
    allowed = [str(value) for value in types.allowed(schema) if isinstance(value, (str, int))]
    if allowed:
        return allowed
    if "boolean" in types.kinds(schema):
        return ("true", "false")
    return _ids(session, tool, name, words)


def _of_type(kind: Any) -> Iterable[Offer] | None:
    if isinstance(kind, click.Choice):
        return [Offer(str(choice)) for choice in kind.choices]
    if isinstance(kind, click.Path):
        return [Offer("", kind="dir" if kind.dir_okay and not kind.file_okay else "file")]
    return None


def _nothing(_: Session) -> Iterable[Offer]:
    return ()


def _forms(_: Session) -> Iterable[Offer]:
    from tool_runtime.surfaces.cli.rendering import FORMS

    return map(Offer, FORMS)


def _files(_: Session) -> Iterable[Offer]:
    return [Offer("", kind="file")]


def _accounts(session: Session) -> Iterable[Offer]:
    from tool_runtime.surfaces.common.account_report import report_on

    return [Offer(str(entry["account"])) for entry in report_on(session.registry).accounts]


def _settings_alone(session: Session) -> Iterable[Offer]:
    from tool_runtime.surfaces.common.account_report import fields_of_account

    fields = fields_of_account(session.registry, None, "default")
    return [Offer(str(one["field"]).rpartition(".")[2], str(one["meaning"])) for one in fields if not one["secret"]]


def _settings(session: Session) -> Iterable[Offer]:
    return [Offer(f"{one.word}=", one.about) for one in _settings_alone(session)]


def _pages(session: Session) -> Iterable[Offer]:
    return [
        Offer("search", "Find pages by words."),
        *(Offer(page.name, page.summary) for page in session.package.pages),
    ]


def _waiters(session: Session) -> Iterable[Offer]:
    return [Offer(name, waiter.summary) for name, waiter in session.registry.waiters.items()]


def _kinds(session: Session) -> Iterable[Offer]:
    return [*(Offer(name, kind.summary) for name, kind in session.registry.sync.items()), Offer("all", "Every kind.")]


def _events(session: Session) -> Iterable[Offer]:
    return map(Offer, session.registry.webhooks.events) if session.registry.webhooks is not None else ()


def _clients(session: Session) -> Iterable[Offer]:
    from tool_runtime.surfaces.cli.mcp_session import load

    return map(Offer, load(session, "client_files:CLIENTS"))


def _servers(session: Session) -> Iterable[Offer]:
    from tool_runtime.surfaces.cli.mcp_session import load, places_of

    return [
        Offer(str(row["name"]), str(row["target"])) for row in load(session, "server_table:rows")(places_of(session))
    ]


def _unknown_entries(session: Session) -> Iterable[Offer]:
    from tool_runtime.surfaces.common.agent_client import agent_ledger

    ledger = agent_ledger(session.registry)
    try:
        path = getattr(ledger, "path", None)
        entries = ledger.find(outcome="unknown", limit=_MOST_IDS) if path is None or path.exists() else ()
        return [Offer(entry.intent.id[:_SHOWN_OF_AN_ENTRY], entry.intent.tool) for entry in entries]
    finally:
        ledger.close()


def _ids_of_kind(session: Session, name: str) -> list[str]:
    kind = session.registry.sync[name]
    return _listed(session, session.registry.tools[kind.list], kind.list_with, kind.id)


def _ids(session: Session, tool: Tool, name: str, words: Sequence[str]) -> list[str]:
    """Return ids that a read lists, for an argument that is the id of a record."""
    found = _listing(session, tool, name)
    if found is None:
        return []
    session.sandbox = session.sandbox or "--sandbox" in words
    if "--account" in words[:-1]:
        session.account = words[list(words).index("--account") + 1]
    return _listed(session, *found)


def _listed(session: Session, tool: Tool, arguments: Mapping[str, Any], field: str) -> list[str]:
    style = session.registry.page_style(tool)
    if style is not None and style.limit:
        arguments = {**arguments, style.limit: _MOST_IDS}
    client: Client = session.client()
    with client:
        options: Any = {"timeout": PATIENCE, "total": PATIENCE, "retries": 0}
        reply = client.call(tool.name, arguments, request_options=options)
    rows = reply.get(style.items) if style is not None and isinstance(reply, dict) else reply
    return [str(row[field]) for row in rows if isinstance(row, dict) and row.get(field)] if rows else []


def _listing(session: Session, called: Tool, name: str) -> tuple[Tool, Mapping[str, Any], str] | None:
    """Return the read that lists records by an id, with its arguments and the field of the id.

    An argument that ends in the name of an id is one: `inbound_agent_id` is an `agent_id`. Where records of two kinds
    have ids of one name, the kind that is read in the group of the tool that is called goes first.
    """
    registry = session.registry

    def is_of_another(kind: SyncKind) -> bool:
        return registry.tools[kind.get].group != called.group

    kinds = [one for one in registry.sync.values() if name == one.id or name.endswith(f"_{one.id}")]
    for kind in sorted(kinds, key=is_of_another):
        return registry.tools[kind.list], kind.list_with, kind.id
    for tool in registry.tools.values():
        used = registry.resources.get(tool.resource.name) if tool.resource else None
        if (
            used is None
            or used.id_field is None
            or tool.resource is None
            or tool.resource.action != "list"
            or not tool.is_read
        ):
            continue
        is_id = name == used.id_field or name.endswith(f"_{used.id_field}")
        if is_id and not any(parameter.required for parameter in tool.parameters.values()):
            return tool, {}, used.id_field
    return None
