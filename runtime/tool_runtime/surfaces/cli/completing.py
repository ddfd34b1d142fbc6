"""What may come next on a command line: commands, tools, flags, accounts, values, and ids that a read can list.

Owns the choice. A shell calls the program for each press of the key, so the answer comes from the registry where it
can. Ids are asked for with one read, of one page, within a second or two; the read goes where a call would go. Nothing
is ever written, and whatever goes wrong means that there is nothing to offer: a message would land in the middle of
what somebody types.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from tool_runtime.core.tools import Parameter, Tool
from tool_runtime.surfaces.cli.commands import COMMANDS, command_of
from tool_runtime.surfaces.cli.common_options import common_options
from tool_runtime.surfaces.cli.session import Session
from tool_runtime.surfaces.cli.typed_text import Types

if TYPE_CHECKING:
    from tool_runtime.surfaces.common.client import Client

PATIENCE = 1.5
"""Seconds that a read of ids may take."""
_MOST_IDS = 50


@dataclass(frozen=True, slots=True)
class Offer:
    """One completion: the word, and a line about the word."""

    word: str
    about: str = ""


def offers(session: Session, words: Sequence[str], incomplete: str) -> list[Offer]:
    """Return what may stand in place of an unfinished word. `words` are those before, without the program's name."""
    words, incomplete = _joined(list(words), incomplete)
    with suppress(Exception):
        found = _offers(session, words, incomplete)
        return [offer for offer in found if offer.word.startswith(incomplete)]
    return []


def _joined(words: list[str], incomplete: str) -> tuple[list[str], str]:
    """Undo the parting of words at `=` that bash does: `["--a", "="], "b"` -> `["--a"], "b"`. The same for `a=b`."""
    if incomplete == "=":
        words, incomplete = [*words, "="], ""
    if len(words) > 1 and words[-1] == "=":
        name = words[-2]
        return [*words[:-2], name if name.startswith("-") else f"--{name}"], incomplete
    return words, incomplete


def _offers(session: Session, words: Sequence[str], incomplete: str) -> Iterable[Offer]:
    command = _command_in(words)
    if command is None:
        value = _value_of_option(session, common_options(), words)
        return _first_words(session, incomplete) if value is None else value
    is_tool = command not in COMMANDS
    name = "call" if is_tool else command
    behind = list(words[words.index(command) + 1 :])
    if is_tool:
        behind = [command, *behind]
    options = [one for one in command_of(name).params if isinstance(one, click.Option)]
    value = _value_of_option(session, options, words)
    if value is not None:
        return value
    target = next((word for word in behind if not word.startswith("-")), None)
    if name in {"call", "wait"} and target is not None:
        return _arguments(session, name, target, behind, incomplete, options)
    if incomplete.startswith("-"):
        return _flags(options)
    return _subjects(session, name, behind)


def _command_in(words: Sequence[str]) -> str | None:
    return next((word for word in words if not word.startswith("-")), None)


def _first_words(session: Session, incomplete: str) -> Iterator[Offer]:
    if incomplete.startswith("-"):
        yield from _flags(common_options())
        return
    yield from (Offer(name, about) for name, (_, about) in COMMANDS.items())
    if incomplete:
        yield from _tools(session)


def _tools(session: Session) -> Iterator[Offer]:
    for name, tool in session.registry.tools.items():
        for spelling in (name, *tool.aliases):
            yield Offer(spelling, tool.summary)


def _flags(options: Iterable[click.Option]) -> Iterator[Offer]:
    for option in options:
        yield from (Offer(name, option.help or "") for name in option.opts if name.startswith("--"))


def _value_of_option(session: Session, options: Iterable[click.Option], words: Sequence[str]) -> Iterable[Offer] | None:
    """Return the values of the option that the last word is; None where the last word is no such option."""
    last = words[-1] if words else ""
    option = next((one for one in options if last in one.opts and not one.is_flag), None)
    if option is None:
        return None
    if last == "--account":
        from tool_runtime.surfaces.common.account_report import report_on

        return [Offer(str(entry["account"])) for entry in report_on(session.registry).accounts]
    if isinstance(option.type, click.Choice):
        return map(Offer, option.type.choices)
    if last in {"-o", "--output"}:
        from tool_runtime.surfaces.cli.rendering import FORMS

        return map(Offer, FORMS)
    known: Mapping[str, Iterable[str]] = {
        "--group": session.registry.groups,
        "--class": ("read", "write"),
        "--effect": ("dial", "spend", "publish", "destroy"),
        "--wait": session.registry.waiters,
        "--tool": session.registry.tools,
    }
    return map(Offer, known.get(last, ()))


def _subjects(session: Session, command: str, behind: Sequence[str]) -> Iterable[Offer]:
    """Return what the words behind a command may be."""
    given = [word for word in behind if not word.startswith("-")]
    if command in {"call", "schema", "examples"} and not given:
        return _tools(session)
    if command == "wait" and not given:
        return [Offer(name, waiter.summary) for name, waiter in session.registry.waiters.items()]
    if command == "docs" and not given:
        return [Offer(page.name, page.summary) for page in session.package.pages]
    if command == "completion" and not given:
        return map(Offer, ("bash", "zsh", "fish"))
    found = command_of(command)
    if isinstance(found, click.Group) and not given:
        return [Offer(name, one.get_short_help_str()) for name, one in found.commands.items()]
    if command == "sync" and len(given) == 1:
        return [Offer(name, kind.summary) for name, kind in session.registry.sync.items()]
    return ()


def _arguments(
    session: Session,
    command: str,
    target: str,
    behind: Sequence[str],
    incomplete: str,
    options: Sequence[click.Option],
) -> Iterable[Offer]:
    registry = session.registry
    tool = registry.resolve(target if command == "call" else registry.waiter(target).tool)
    name, separator, _ = incomplete.partition("=")
    if separator and not incomplete.startswith("-"):
        parameter = _parameter(tool, name.removesuffix(":"))
        return () if parameter is None else (Offer(f"{name}={value}") for value in _values(session, parameter, behind))
    last = behind[-1] if behind else ""
    if last.startswith("--") and not incomplete.startswith("--"):
        parameter = _parameter(tool, last.removeprefix("--"))
        if parameter is not None:
            return map(Offer, _values(session, parameter, behind))
    if incomplete.startswith("-") or not incomplete:
        given = {word.removeprefix("--").partition("=")[0].replace("-", "_") for word in behind if word[:2] == "--"}
        flags = [
            Offer(f"--{parameter.name.replace('_', '-')}", parameter.description.split("\n")[0])
            for parameter in tool.parameters.values()
            if parameter.name not in given
        ]
        return [*flags, *(_flags(options) if incomplete.startswith("-") else ())]
    return (Offer(f"{parameter.name}=", parameter.description.split("\n")[0]) for parameter in tool.parameters.values())


def _parameter(tool: Tool, name: str) -> Parameter | None:
    return tool.names.get(name) or tool.names.get(name.replace("-", "_"))


def _values(session: Session, parameter: Parameter, words: Sequence[str]) -> Iterable[str]:
    types = Types(session.registry.types)
    allowed = [str(value) for value in types.allowed(parameter.accepted) if isinstance(value, (str, int))]
    if allowed:
        return allowed
    if "boolean" in types.kinds(parameter.accepted):
        return ("true", "false")
    return _ids(session, parameter.name, words)


def _ids(session: Session, name: str, words: Sequence[str]) -> list[str]:
    """Return ids that a read lists, for an argument that is the id of a record."""
    found = _listing(session, name)
    if found is None:
        return []
    tool, arguments, field = found
    session.sandbox = session.sandbox or "--sandbox" in words
    if "--account" in words[:-1]:
        session.account = words[list(words).index("--account") + 1]
    style = session.registry.page_style(tool)
    if style is not None and style.limit:
        arguments = {**arguments, style.limit: _MOST_IDS}
    client: Client = session.client()
    with client:
        options: Any = {"timeout": PATIENCE, "total": PATIENCE, "retries": 0}
        reply = client.call(tool.name, arguments, request_options=options)
    rows = reply.get(style.items) if style is not None and isinstance(reply, dict) else reply
    return [str(row[field]) for row in rows if isinstance(row, dict) and row.get(field)] if rows else []


def _listing(session: Session, name: str) -> tuple[Tool, Mapping[str, Any], str] | None:
    """Return the read that lists records by an id, with its arguments and the field of the id."""
    registry = session.registry
    for kind in registry.sync.values():
        if kind.id == name:
            return registry.tools[kind.list], kind.list_with, kind.id
    for tool in registry.tools.values():
        used = registry.resources.get(tool.resource.name) if tool.resource else None
        lists = used is not None and used.id_field == name and tool.resource is not None
        required = any(parameter.required for parameter in tool.parameters.values())
        if lists and tool.resource is not None and tool.resource.action == "list" and tool.is_read and not required:
            return tool, {}, name
    return None
